//! Heads files: where every feed of a store ends, signed by its node. They tell another node what
//! a bundle must bring. An old one is never wrong, only larger than it had to be.
//!
//! ```text
//! "polder heads 1\n", then a signed statement
//! ```

use std::collections::HashMap;

use bytes::Bytes;
use ed25519_dalek::VerifyingKey;
use polder_picture::{
    record::{Head, Id, key_id, verify_bytes},
    refusal::Refusal,
    sight::Sight,
};
use prost::Message;

use crate::node::Node;

const MAGIC: &[u8] = b"polder heads 1\n";
const PURPOSE: &[u8] = b"polder heads v1\n";
/// Feeds that a file names: it must fit in one message.
const FEEDS_MAX: usize = 50_000;
/// Largest file that is read.
pub const BYTES_MAX: usize = 7 << 19;

#[derive(Clone, PartialEq, Message)]
struct Signed {
    #[prost(bytes = "bytes", tag = "1")]
    statement: Bytes,
    /// Ed25519 over "polder heads v1\n" and the statement.
    #[prost(bytes = "bytes", tag = "2")]
    signature: Bytes,
}

#[derive(Clone, PartialEq, Message)]
struct Statement {
    #[prost(bytes = "bytes", tag = "1")]
    public_key: Bytes,
    #[prost(int64, tag = "2")]
    time_ms: i64,
    #[prost(message, repeated, tag = "3")]
    feeds: Vec<Feed>,
}

#[derive(Clone, PartialEq, Message)]
struct Feed {
    #[prost(bytes = "bytes", tag = "1")]
    feed: Bytes,
    #[prost(uint64, tag = "2")]
    sequence: u64,
    #[prost(bytes = "bytes", tag = "3")]
    hash: Bytes,
}

/// A heads file as it is written.
#[derive(Debug, Clone)]
pub struct Written {
    /// Its bytes.
    pub data: Vec<u8>,
    /// Feeds that it names.
    pub feeds: usize,
    /// Feeds beyond the bound.
    pub left_out: usize,
}

/// Says where the feeds of a node end, as far as who asks may see them.
pub fn write(node: &Node, sight: &Sight) -> Written {
    let mut feeds: Vec<_> = {
        let picture = node.picture.read();
        let seen = |feed: &&polder_picture::picture::Feed| sight.covers(feed.scope);
        let held = picture.held_feeds().filter(seen).filter(|feed| feed.head.sequence > 0);
        held.map(|feed| (feed.id, feed.head)).collect()
    };
    let left_out = feeds.len().saturating_sub(FEEDS_MAX);
    // The longest are the last that one wants to carry twice.
    feeds.sort_unstable_by_key(|(id, head)| (std::cmp::Reverse(head.sequence), *id));
    feeds.truncate(FEEDS_MAX);
    let row = |(id, head): &(Id, Head)| Feed {
        feed: Bytes::copy_from_slice(&id.0),
        sequence: head.sequence,
        hash: Bytes::copy_from_slice(&head.hash),
    };
    let statement = Statement {
        public_key: node.identity().public_key.clone(),
        time_ms: node.wall.now_ms(),
        feeds: feeds.iter().map(row).collect(),
    };
    let statement = statement.encode_to_vec();
    let signature = node.pen().lock().signer.sign_bytes(PURPOSE, &statement);
    let signed = Signed { statement: statement.into(), signature: signature.to_vec().into() };
    let data = [MAGIC, &signed.encode_to_vec()].concat();
    Written { data, feeds: feeds.len(), left_out }
}

/// What a node held when it wrote its file.
#[derive(Debug, Clone)]
pub struct Heads {
    /// Which node.
    pub node: Id,
    /// Where its feeds end.
    pub feeds: HashMap<Id, Head>,
}

/// Reads and checks a heads file.
pub fn read(data: &[u8]) -> Result<Heads, Refusal> {
    let wrong = |sentence| Refusal::field("heads", "HEADS_MALFORMED", sentence);
    if data.len() > BYTES_MAX {
        return Err(wrong("is larger than a heads file can be"));
    }
    let rest = data.strip_prefix(MAGIC).ok_or_else(|| wrong("is no heads file"))?;
    let damaged = || wrong("is damaged: its signature does not hold");
    let signed = Signed::decode(rest).map_err(|_| damaged())?;
    let statement = Statement::decode(signed.statement.clone()).map_err(|_| damaged())?;
    let key = statement.public_key[..].try_into().ok();
    let key = key.and_then(|key| VerifyingKey::from_bytes(key).ok()).ok_or_else(damaged)?;
    if !verify_bytes(&key, PURPOSE, &signed.statement, &signed.signature) {
        return Err(damaged());
    }
    let feed = |feed: &Feed| {
        let hash = feed.hash[..].try_into().ok()?;
        Some((Id::from_slice(&feed.feed)?, Head { sequence: feed.sequence, hash }))
    };
    let feeds: Option<_> = statement.feeds.iter().map(feed).collect();
    Ok(Heads { node: key_id(&key), feeds: feeds.ok_or_else(damaged)? })
}
