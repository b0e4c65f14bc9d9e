//! The whole of another node's feed without most of its records: those that a checkpoint of its
//! origin keeps, and all after the record up to which that checkpoint speaks.
//!
//! Records that are kept do not follow one another, so no chain vouches for them. Their hashes
//! stand in the checkpoint; the checkpoint stands in the chain of what follows; and the last
//! record of that is signed by the origin. That nothing was left out that must stay, a newcomer
//! takes the origin's word for: whoever holds all records can check it, see [`Jump::is_fair`].

use std::collections::BTreeMap;

use ed25519_dalek::VerifyingKey;
use polder_wire::v1::Envelope;

use crate::{
    admit::SEEN_MAX,
    checkpoint::{Keeping, List},
    record::{Damage, Decoded, Head, decode, verify_signature},
    refusal::Refusal,
    suffix::{FeedName, Suffix},
};

/// Why records are no jump.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unsound {
    /// A branch of a feed that forked begins where that feed closes, not at a checkpoint.
    #[error("a branch of a feed that forked has no checkpoints")]
    Branch,
    /// The records after those that are kept do not hold.
    #[error("record {0} after the checkpoint's last does not hold: {1}")]
    Tail(u64, Damage),
    /// None of them is a checkpoint that speaks up to the record before the first of them.
    #[error("no checkpoint speaks up to record {0}")]
    NoCheckpoint(u64),
    /// None speaks up to there, and one of them does not hold.
    #[error("the checkpoint in record {0} does not hold: {1}")]
    List(u64, Refusal),
    /// Not as many records as the checkpoint keeps.
    #[error("the checkpoint keeps {due} records, {given} came")]
    Count {
        /// By the checkpoint.
        due: usize,
        /// That came.
        given: usize,
    },
    /// A record that the checkpoint keeps does not hold, or is another.
    #[error("record {0} is not the one that the checkpoint keeps: {1}")]
    Kept(u64, Damage),
    /// The checkpoint keeps other records of those that it names than are needed.
    #[error("the checkpoint does not keep what is needed")]
    Choice,
}

/// A feed from its start, most of it left out, that was verified. There is no other way to make
/// one.
#[derive(Debug, Clone)]
pub struct Jump {
    list: List,
    kept: Vec<(Envelope, Decoded)>,
    tail: Suffix,
}

impl Jump {
    /// Verifies what a checkpoint keeps of a feed, in ascending order, and all records after
    /// `covered`, the last one that it speaks of. Among the latter the first checkpoint that speaks
    /// up to there counts.
    pub fn verify(
        key: &VerifyingKey,
        feed: FeedName,
        covered: Head,
        kept: Vec<Envelope>,
        tail: Vec<Envelope>,
    ) -> Result<Self, Unsound> {
        if feed.branch.is_some() {
            return Err(Unsound::Branch);
        }
        let tail = Suffix::verify(key, feed, covered, tail)
            .map_err(|(number, damage)| Unsound::Tail(number, damage))?;
        let list = checkpoint(&tail, covered)?;
        if list.kept().len() != kept.len() {
            return Err(Unsound::Count { due: list.kept().len(), given: kept.len() });
        }
        let mut records = Vec::with_capacity(kept.len());
        let mut keeping = Keeping::default();
        for (envelope, (number, hash)) in kept.into_iter().zip(list.kept()) {
            let record = one(key, &feed, &envelope, *number, hash)
                .map_err(|damage| Unsound::Kept(*number, damage))?;
            keeping.add(&record);
            records.push((envelope, record));
        }
        // Of what must stay, all must stay: what is left over was named for nothing, and no node
        // that follows the rules would have named it.
        if keeping.kept(feed.id()) != *list.kept() {
            return Err(Unsound::Choice);
        }
        Ok(Self { list, kept: records, tail })
    }

    /// Whose records these are.
    pub fn feed(&self) -> &FeedName {
        self.tail.feed()
    }

    /// Key of the origin.
    pub fn key(&self) -> &VerifyingKey {
        self.tail.key()
    }

    /// What the checkpoint says.
    pub fn list(&self) -> &List {
        &self.list
    }

    /// The last record that the checkpoint speaks of.
    pub fn covered(&self) -> Head {
        self.tail.after()
    }

    /// Where the feed stands after the last record.
    pub fn head(&self) -> Head {
        self.tail.head()
    }

    /// Number of records that came.
    pub fn len(&self) -> usize {
        self.kept.len() + self.tail.len()
    }

    /// False: what is verified ends on a signed record.
    pub fn is_empty(&self) -> bool {
        false
    }

    /// Bytes of headers and payloads.
    pub fn bytes(&self) -> usize {
        let of = |envelope: &Envelope| {
            envelope.header.len() + envelope.payload.as_ref().map_or(0, |p| p.bytes.len())
        };
        self.kept.iter().map(|(envelope, _)| of(envelope)).sum::<usize>() + self.tail.bytes()
    }

    /// Whether the checkpoint keeps what is needed of all records up to the last that it speaks
    /// of. For whoever holds them; a node passes on no other checkpoint.
    pub fn is_fair<'r>(
        list: &List,
        feed: &FeedName,
        all: impl Iterator<Item = &'r Decoded>,
    ) -> bool {
        let mut keeping = Keeping::default();
        let mut last = Head::default();
        for record in all {
            let sequence = record.header.sequence;
            if sequence != last.sequence + 1 || record.header.previous[..] != last.hash {
                return false;
            }
            last = Head { sequence, hash: record.hash };
            keeping.add(record);
        }
        last == list.base() && keeping.kept(feed.id()) == *list.kept()
    }

    /// Numbers and hashes that the feed is known to have: a record with one of these numbers and
    /// another hash proves that it forked.
    pub fn known(&self) -> BTreeMap<u64, [u8; 32]> {
        let mut known = self.list.kept().clone();
        let (covered, tail) = (self.covered(), self.tail.envelopes());
        known.insert(covered.sequence, covered.hash);
        known.extend(tail.map(|(_, record)| (record.header.sequence, record.hash)));
        known
    }

    /// All records after the last that the checkpoint speaks of, without those that it keeps.
    pub fn into_tail(self) -> Suffix {
        self.tail
    }

    /// The kept records, and those that follow.
    pub(crate) fn apart(self) -> (Vec<(Envelope, Decoded)>, Suffix) {
        (self.kept, self.tail)
    }
}

/// The first checkpoint that speaks up to `covered`.
fn checkpoint(tail: &Suffix, covered: Head) -> Result<List, Unsound> {
    let mut wrong = None;
    for (envelope, record) in tail.envelopes() {
        match List::of(record, envelope.payload.as_ref()) {
            Some(Ok(list)) if list.base() == covered => return Ok(list),
            Some(Err(refusal)) if wrong.is_none() => {
                wrong = Some(Unsound::List(record.header.sequence, refusal));
            }
            _ => {}
        }
    }
    Err(wrong.unwrap_or(Unsound::NoCheckpoint(covered.sequence)))
}

/// Reads a record that is kept.
fn one(
    key: &VerifyingKey,
    feed: &FeedName,
    envelope: &Envelope,
    number: u64,
    hash: &[u8; 32],
) -> Result<Decoded, Damage> {
    let record = decode(envelope)?;
    if record.origin != feed.origin || record.scope != feed.scope {
        return Err(Damage::Feed);
    }
    if record.header.lane != feed.lane as i32 {
        return Err(Damage::Lane);
    }
    if record.header.sequence != number {
        return Err(Damage::Sequence);
    }
    if record.hash != *hash {
        return Err(Damage::Previous);
    }
    if record.header.seen.len() > SEEN_MAX {
        return Err(Damage::Seen);
    }
    // The list vouches for the header; but a signature that is there is stored and passed on.
    if !envelope.signature.is_empty()
        && !verify_signature(key, &envelope.header, &envelope.signature)
    {
        return Err(Damage::Signature);
    }
    Ok(record)
}
