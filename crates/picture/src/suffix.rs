//! The end of another node's feed, as a link brings it: records that follow one another, that
//! belong to the feed and that its own key vouches for. Nothing else enters by the door.

use ed25519_dalek::VerifyingKey;
use polder_wire::v1::{Envelope, Lane};

use crate::{
    admit::SEEN_MAX,
    record::{Damage, Decoded, Head, Id, branch_id, decode, feed_id, key_id, verify_signature},
};

/// What a feed is the log of: its id is a hash of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FeedName {
    /// Key id of the author's node.
    pub origin: Id,
    /// Scope.
    pub scope: Id,
    /// Lane.
    pub lane: Lane,
    /// Of a feed that forked: hash of the first record of one of its branches, which is a feed of
    /// its own that begins where the forked one closes. See [`forks`](crate::forks).
    pub branch: Option<[u8; 32]>,
}

impl FeedName {
    /// A feed from its first record on.
    pub fn new(origin: Id, scope: Id, lane: Lane) -> Self {
        Self { origin, scope, lane, branch: None }
    }

    /// Id of the feed.
    pub fn id(&self) -> Id {
        match &self.branch {
            Some(first) => branch_id(first),
            None => feed_id(self.origin, self.scope, self.lane),
        }
    }

    /// The feed that its origin wrote, whatever became of it.
    pub fn root(&self) -> Self {
        Self { branch: None, ..*self }
    }
}

/// Consecutive records of one feed that were verified. There is no other way to make one.
#[derive(Debug, Clone)]
pub struct Suffix {
    key: VerifyingKey,
    feed: FeedName,
    after: Head,
    head: Head,
    records: Vec<(Envelope, Decoded)>,
}

impl Suffix {
    /// Verifies records that follow `after`. The chain vouches for all before the last, so only
    /// the last must be signed; but a signature that is there must hold, for it is stored and
    /// passed on, and whoever verifies the store or takes a shorter suffix will look at it. Fails
    /// with the number of a record that does not hold.
    pub fn verify(
        key: &VerifyingKey,
        feed: FeedName,
        after: Head,
        envelopes: Vec<Envelope>,
    ) -> Result<Self, (u64, Damage)> {
        let first = after.sequence.saturating_add(1);
        if key_id(key) != feed.origin {
            return Err((first, Damage::UnknownOrigin));
        }
        if feed.lane == Lane::Unspecified {
            return Err((first, Damage::Lane));
        }
        if after.sequence == 0 && after.hash != [0; 32] {
            return Err((first, Damage::Previous));
        }
        let mut head = after;
        let mut records = Vec::with_capacity(envelopes.len());
        for envelope in envelopes {
            let sequence = head.sequence.checked_add(1).ok_or((u64::MAX, Damage::Sequence))?;
            let record = decode(&envelope).map_err(|damage| (sequence, damage))?;
            check(&record, &feed, &head, sequence).map_err(|damage| (sequence, damage))?;
            head = Head { sequence, hash: record.hash };
            records.push((envelope, record));
        }
        let Some((last, _)) = records.last() else { return Err((first, Damage::Unsigned)) };
        if last.signature.is_empty() {
            return Err((head.sequence, Damage::Unsigned));
        }
        // The last first: it decides whether the origin wrote any of this.
        for (envelope, record) in records.iter().rev() {
            if !envelope.signature.is_empty()
                && !verify_signature(key, &envelope.header, &envelope.signature)
            {
                return Err((record.header.sequence, Damage::Signature));
            }
        }
        Ok(Self { key: *key, feed, after, head, records })
    }

    /// Whose records these are.
    pub fn feed(&self) -> &FeedName {
        &self.feed
    }

    /// Where the feed stood before the first of them.
    pub fn after(&self) -> Head {
        self.after
    }

    /// Where it stands after the last.
    pub fn head(&self) -> Head {
        self.head
    }

    /// Number of records; never 0.
    pub fn len(&self) -> usize {
        self.records.len()
    }

    /// False: a suffix of nothing cannot be verified.
    pub fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    /// Key of the origin.
    pub fn key(&self) -> &VerifyingKey {
        &self.key
    }

    /// Bytes of headers and payloads.
    pub fn bytes(&self) -> usize {
        let of = |envelope: &Envelope| {
            envelope.header.len() + envelope.payload.as_ref().map_or(0, |p| p.bytes.len())
        };
        self.records.iter().map(|(envelope, _)| of(envelope)).sum()
    }

    /// Hash of the record with a number, if it is one of these.
    pub fn hash(&self, sequence: u64) -> Option<[u8; 32]> {
        if sequence == self.after.sequence {
            return Some(self.after.hash);
        }
        let at = sequence.checked_sub(self.after.sequence)?.checked_sub(1)?;
        self.records.get(usize::try_from(at).ok()?).map(|(_, record)| record.hash)
    }

    /// Numbers and headers of the records after a number.
    pub(crate) fn records(&self, sequence: u64) -> impl Iterator<Item = (u64, &Decoded)> {
        let held = sequence.saturating_sub(self.after.sequence);
        let records = self.records.iter().skip(usize::try_from(held).unwrap_or(usize::MAX));
        records.map(|(_, record)| (record.header.sequence, record))
    }

    /// The records as they came, in order.
    pub fn envelopes(&self) -> impl Iterator<Item = (&Envelope, &Decoded)> {
        self.records.iter().map(|(envelope, record)| (envelope, record))
    }

    /// The records after a number, as those of a branch of the feed or of the feed itself.
    pub(crate) fn cut(mut self, feed: FeedName, after: Head) -> Self {
        let held = after.sequence.saturating_sub(self.after.sequence);
        self.records.drain(..usize::try_from(held).unwrap_or(usize::MAX).min(self.records.len()));
        Self { feed, after, ..self }
    }

    /// The records after a number.
    pub(crate) fn after_sequence(self, sequence: u64) -> impl Iterator<Item = (Envelope, Decoded)> {
        let held = sequence.saturating_sub(self.after.sequence);
        self.records.into_iter().skip(usize::try_from(held).unwrap_or(usize::MAX))
    }
}

/// Whether a record of a feed follows on another.
pub(crate) fn check(
    record: &Decoded,
    feed: &FeedName,
    head: &Head,
    sequence: u64,
) -> Result<(), Damage> {
    let header = &record.header;
    if header.lane != feed.lane as i32 {
        return Err(Damage::Lane);
    }
    if record.origin != feed.origin || record.scope != feed.scope {
        return Err(Damage::Feed);
    }
    if header.sequence != sequence {
        return Err(Damage::Sequence);
    }
    if header.previous[..] != head.hash {
        return Err(Damage::Previous);
    }
    if header.seen.len() > SEEN_MAX {
        return Err(Damage::Seen);
    }
    Ok(())
}
