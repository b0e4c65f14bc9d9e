//! What the rows of a store look like. Frozen: a change is a new `FORMAT`.
//!
//! Keys cost more than bytes, so a commit writes few and larger rows: the envelopes of each feed
//! in chunks, one arrival row that also holds what filters need (so that opening a store reads
//! no content), and the heads.

#![expect(missing_docs, reason = "field names say it; the derive leaves no room for more")]

use bytes::Bytes;
use polder_picture::{
    live::RecordRef,
    record::{Id, branch_id, feed_id},
};
use polder_wire::v1::{IncidentData, Lane};
use prost::Message;

/// Format of a store.
pub const FORMAT: u32 = 1;

/// A chunk grows to this size and then a new one begins. sled keeps larger values in files that
/// its barrier does not cover.
pub const CHUNK_BYTES: usize = 12 * 1024;

/// Number of [`Chunk::envelopes`].
pub const CHUNK_ENVELOPES: u32 = 2;

/// Envelopes of consecutive records of one feed; the key holds the first sequence number.
#[derive(Clone, PartialEq, Message)]
pub struct Chunk {
    /// When this node stored them.
    #[prost(int64, tag = "1")]
    pub received_ms: i64,
    /// Encoded envelopes.
    #[prost(bytes = "bytes", repeated, tag = "2")]
    pub envelopes: Vec<Bytes>,
}

/// What one commit brought, in arrival order; the key holds the first log position.
#[derive(Clone, PartialEq, Message)]
pub struct Arrival {
    /// When this node stored it; never goes back.
    #[prost(int64, tag = "1")]
    pub received_ms: i64,
    /// The node's hybrid clock after it.
    #[prost(fixed64, tag = "2")]
    pub hlc: u64,
    /// Feeds that `records` refers to by position.
    #[prost(message, repeated, tag = "3")]
    pub feeds: Vec<ArrivalFeed>,
    /// Scopes that became known with it.
    #[prost(message, repeated, tag = "4")]
    pub scopes: Vec<ArrivalScope>,
    /// One for each record.
    #[prost(message, repeated, tag = "5")]
    pub records: Vec<ArrivalRecord>,
    /// Requests that it answers, for idempotency.
    #[prost(message, repeated, tag = "6")]
    pub requests: Vec<ArrivalRequest>,
}

/// A feed.
#[derive(Clone, PartialEq, Message)]
pub struct ArrivalFeed {
    #[prost(bytes = "bytes", tag = "1")]
    pub origin: Bytes,
    #[prost(bytes = "bytes", tag = "2")]
    pub scope: Bytes,
    #[prost(int32, tag = "3")]
    pub lane: i32,
    /// Its id, 16 bytes, in place of origin and lane: a feed that some record has seen and of
    /// which none is held yet, so that no more is known of it.
    #[prost(bytes = "bytes", tag = "4")]
    pub id: Bytes,
    /// Of a feed that forked: hash of the first record of one of its branches, 32 bytes.
    #[prost(bytes = "bytes", tag = "5")]
    pub branch: Bytes,
}

impl ArrivalFeed {
    /// Id of the feed.
    pub fn id(&self) -> Option<Id> {
        if !self.id.is_empty() {
            return Id::from_slice(&self.id);
        }
        if !self.branch.is_empty() {
            return Some(branch_id(self.branch[..].try_into().ok()?));
        }
        let (origin, scope) = (Id::from_slice(&self.origin)?, Id::from_slice(&self.scope)?);
        Some(feed_id(origin, scope, Lane::try_from(self.lane).ok()?))
    }
}

/// A scope.
#[derive(Clone, PartialEq, Message)]
pub struct ArrivalScope {
    #[prost(string, tag = "1")]
    pub incident: String,
    #[prost(int32, tag = "2")]
    pub mode: i32,
    #[prost(string, tag = "3")]
    pub audience: String,
}

/// What the picture needs of a record without reading it. Of one that was archived and dropped,
/// feed and number stay, so that positions of the log do, and the entry where it answers a request.
#[derive(Clone, PartialEq, Message)]
pub struct ArrivalRecord {
    /// Position in `Arrival::feeds`.
    #[prost(uint32, tag = "1")]
    pub feed: u32,
    #[prost(uint64, tag = "2")]
    pub sequence: u64,
    #[prost(bytes = "bytes", tag = "3")]
    pub entry: Bytes,
    #[prost(fixed64, tag = "4")]
    pub hlc: u64,
    /// Encoded `Attributes`.
    #[prost(bytes = "bytes", tag = "5")]
    pub attributes: Bytes,
    #[prost(message, repeated, tag = "6")]
    pub seen: Vec<ArrivalSeen>,
}

impl ArrivalRecord {
    /// Whether it was archived and dropped.
    pub fn is_dropped(&self) -> bool {
        self.attributes.is_empty()
    }
}

/// A pair of `seen`.
#[derive(Clone, Copy, PartialEq, Message)]
pub struct ArrivalSeen {
    #[prost(uint32, tag = "1")]
    pub feed: u32,
    #[prost(uint64, tag = "2")]
    pub sequence: u64,
}

/// A request and what became of its items.
#[derive(Clone, PartialEq, Message)]
pub struct ArrivalRequest {
    /// UUID, 16 bytes.
    #[prost(bytes = "bytes", tag = "1")]
    pub id: Bytes,
    /// Hash of the request's content, 16 bytes.
    #[prost(bytes = "bytes", tag = "2")]
    pub digest: Bytes,
    /// Its first record, by position in `Arrival::records`.
    #[prost(uint32, tag = "3")]
    pub first: u32,
    /// Its records.
    #[prost(uint32, tag = "4")]
    pub count: u32,
    /// Items that were refused, with the encoded `google.rpc.Status`.
    #[prost(message, repeated, tag = "5")]
    pub refused: Vec<ArrivalRefused>,
}

/// A refused item.
#[derive(Clone, PartialEq, Message)]
pub struct ArrivalRefused {
    #[prost(uint32, tag = "1")]
    pub item: u32,
    #[prost(bytes = "bytes", tag = "2")]
    pub status: Bytes,
}

/// Where a feed ends.
#[derive(Clone, PartialEq, Message)]
pub struct HeadRow {
    #[prost(uint64, tag = "1")]
    pub sequence: u64,
    #[prost(bytes = "bytes", tag = "2")]
    pub hash: Bytes,
}

/// What stays of a scope whose records were archived and dropped. From the moment that it is
/// written they no longer count, whatever of them is still in the other trees.
#[derive(Clone, PartialEq, Message)]
pub struct ArchiveRow {
    #[prost(message, optional, tag = "1")]
    pub scope: Option<ArrivalScope>,
    #[prost(int64, tag = "2")]
    pub time_ms: i64,
    /// BLAKE3 of the last file.
    #[prost(bytes = "bytes", tag = "3")]
    pub hash: Bytes,
    /// Nothing of them is left in the other trees.
    #[prost(bool, tag = "4")]
    pub cleared: bool,
    #[prost(message, repeated, tag = "5")]
    pub bases: Vec<ArchiveBase>,
    /// The incident's own live records.
    #[prost(message, repeated, tag = "6")]
    pub live: Vec<ArchiveLive>,
    /// What the incident's own records had seen.
    #[prost(message, repeated, tag = "7")]
    pub covered: Vec<ArchiveSeen>,
}

/// Where what was dropped of a feed ends.
#[derive(Clone, PartialEq, Message)]
pub struct ArchiveBase {
    #[prost(bytes = "bytes", tag = "1")]
    pub origin: Bytes,
    #[prost(int32, tag = "2")]
    pub lane: i32,
    #[prost(uint64, tag = "3")]
    pub sequence: u64,
    #[prost(bytes = "bytes", tag = "4")]
    pub hash: Bytes,
}

/// A live record of an incident's own data.
#[derive(Clone, PartialEq, Message)]
pub struct ArchiveLive {
    /// Id of the feed.
    #[prost(bytes = "bytes", tag = "1")]
    pub feed: Bytes,
    #[prost(uint64, tag = "2")]
    pub sequence: u64,
    #[prost(fixed64, tag = "3")]
    pub hlc: u64,
    /// Encoded `Attributes`.
    #[prost(bytes = "bytes", tag = "4")]
    pub attributes: Bytes,
    /// Absent when it is not usable.
    #[prost(message, optional, tag = "5")]
    pub data: Option<IncidentData>,
}

/// A record that was seen, by the id of its feed.
#[derive(Clone, PartialEq, Message)]
pub struct ArchiveSeen {
    #[prost(bytes = "bytes", tag = "1")]
    pub feed: Bytes,
    #[prost(uint64, tag = "2")]
    pub sequence: u64,
}

/// Start of the keys, in the meta tree, of archived scopes; the scope's id follows.
pub const ARCHIVE: &[u8] = b"archive/";

/// Key of an archived scope.
pub fn archive_key(scope: Id) -> Vec<u8> {
    [ARCHIVE, &scope.0].concat()
}

/// Who the store belongs to.
#[derive(Clone, PartialEq, Message)]
pub struct Identity {
    #[prost(uint32, tag = "1")]
    pub format: u32,
    /// Random, 16 bytes.
    #[prost(bytes = "bytes", tag = "2")]
    pub store_id: Bytes,
    /// Public key of this node, 32 bytes.
    #[prost(bytes = "bytes", tag = "3")]
    pub public_key: Bytes,
    #[prost(string, tag = "4")]
    pub display_name: String,
    /// Without `parties/`.
    #[prost(string, tag = "5")]
    pub party: String,
    /// Keys that this node wrote with before it was restored.
    #[prost(bytes = "bytes", repeated, tag = "6")]
    pub retired_keys: Vec<Bytes>,
}

/// Key of the identity in the meta tree.
pub const IDENTITY: &[u8] = b"identity";

/// Start of the keys, in the meta tree, of other nodes' public keys; the key id follows.
pub const ORIGIN: &[u8] = b"origin/";

/// Key of an origin's public key.
pub fn origin_key(origin: Id) -> Vec<u8> {
    [ORIGIN, &origin.0].concat()
}

/// Key of a record's chunk, or of the place just after it.
pub fn record_key(feed: Id, sequence: u64) -> [u8; 24] {
    let mut key = [0; 24];
    key[..16].copy_from_slice(&feed.0);
    key[16..].copy_from_slice(&sequence.to_be_bytes());
    key
}

/// Reads a chunk's key.
pub fn parse_record_key(key: &[u8]) -> Option<(Id, u64)> {
    let (feed, sequence) = key.split_at_checked(16)?;
    Some((Id::from_slice(feed)?, u64::from_be_bytes(sequence.try_into().ok()?)))
}

impl From<RecordRef> for ArrivalSeen {
    fn from(seen: RecordRef) -> Self {
        Self { feed: seen.feed, sequence: seen.sequence }
    }
}
