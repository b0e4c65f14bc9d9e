//! What a checkpoint left out of a feed, when it comes later: records that follow one another, up
//! to one whose hash is known.
//!
//! A checkpoint says which hash the last record has that it speaks of. Each record names the hash
//! of the one before, so whatever ends on a known hash is the origin's, down to its first record. So
//! a feed is filled from there down, in pieces. A piece comes with the record before it, which is
//! signed: the next piece ends there, and whoever holds it can give it. Before the first record of
//! a feed stands nothing, and then it is whole.

use ed25519_dalek::VerifyingKey;
use polder_wire::v1::Envelope;

use crate::{
    record::{Damage, Decoded, Head, decode, key_id, verify_signature},
    suffix::{self, FeedName},
};

/// Up to where records of a feed are not all held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gap {
    /// Which feed. None has a branch: those begin where a feed closes.
    pub feed: FeedName,
    /// All records after this one are held, and its hash is known.
    pub edge: Head,
    /// It is the last record that the checkpoint speaks of: nothing was filled yet.
    pub is_covered: bool,
}

/// Why records do not fill a gap.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("record {sequence}, which a checkpoint left out: {damage}")]
pub struct Unsound {
    /// Which one.
    pub sequence: u64,
    /// What is wrong.
    pub damage: Damage,
}

/// Consecutive records up to the edge of a gap that were verified. There is no other way to make
/// one.
#[derive(Debug, Clone)]
pub struct Fill {
    gap: Gap,
    after: Head,
    records: Vec<(Envelope, Decoded)>,
}

impl Fill {
    /// Verifies records that end on the edge of a gap, and before them the one that is the next
    /// edge, unless they begin with the feed. The chain vouches for all; but both edges must be
    /// signed, as in all that travels: at another record no honest node would go on, and a feed
    /// could be stripped of the places at which whoever takes it from here can pause. Only the
    /// record that the checkpoint speaks of may be unsigned.
    pub fn verify(key: &VerifyingKey, gap: Gap, envelopes: Vec<Envelope>) -> Result<Self, Unsound> {
        let Gap { feed, edge, is_covered } = gap;
        let bad = |sequence, damage| Unsound { sequence, damage };
        let count = envelopes.len() as u64;
        let enough = |before: &u64| count > u64::from(*before > 0);
        let Some(before) = edge.sequence.checked_sub(count).filter(enough) else {
            return Err(bad(edge.sequence, Damage::Sequence));
        };
        if key_id(key) != feed.origin || feed.branch.is_some() {
            return Err(bad(edge.sequence, Damage::UnknownOrigin));
        }
        let mut records: Vec<(Envelope, Decoded)> = Vec::with_capacity(envelopes.len());
        let mut head = Head { sequence: before, hash: [0; 32] };
        for (envelope, sequence) in envelopes.into_iter().zip(before + 1..) {
            let record = decode(&envelope).map_err(|damage| bad(sequence, damage))?;
            if records.is_empty() {
                // What stood before the first record of a feed is known: nothing.
                let previous = record.header.previous[..].try_into();
                head.hash = previous.map_err(|_| bad(sequence, Damage::Previous))?;
                if before == 0 && head.hash != [0; 32] {
                    return Err(bad(sequence, Damage::Previous));
                }
            }
            suffix::check(&record, &feed, &head, sequence)
                .map_err(|damage| bad(sequence, damage))?;
            head = Head { sequence, hash: record.hash };
            records.push((envelope, record));
        }
        if head != edge {
            return Err(bad(edge.sequence, Damage::Previous));
        }
        let unsigned = records.last().is_none_or(|(envelope, _)| envelope.signature.is_empty());
        if unsigned && !is_covered {
            return Err(bad(edge.sequence, Damage::Unsigned));
        }
        for (envelope, record) in &records {
            let signature = &envelope.signature;
            if !signature.is_empty() && !verify_signature(key, &envelope.header, signature) {
                return Err(bad(record.header.sequence, Damage::Signature));
            }
        }
        let mut after = Head::default();
        if before > 0 {
            let (envelope, record) = records.remove(0);
            after = Head { sequence: record.header.sequence, hash: record.hash };
            if envelope.signature.is_empty() {
                return Err(bad(after.sequence, Damage::Unsigned));
            }
        }
        Ok(Self { gap, after, records })
    }

    /// Whose records these are.
    pub fn feed(&self) -> &FeedName {
        &self.gap.feed
    }

    /// The last of them.
    pub fn edge(&self) -> Head {
        self.gap.edge
    }

    /// The record before the first of them: the next edge. 0: none is missing any more.
    pub fn after(&self) -> Head {
        self.after
    }

    /// Number of records; never 0.
    pub fn len(&self) -> usize {
        self.records.len()
    }

    /// False: nothing fills no gap.
    pub fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    /// Bytes of headers and payloads.
    pub fn bytes(&self) -> usize {
        let of = |envelope: &Envelope| {
            envelope.header.len() + envelope.payload.as_ref().map_or(0, |p| p.bytes.len())
        };
        self.records.iter().map(|(envelope, _)| of(envelope)).sum()
    }

    /// The records as they came, in order.
    pub fn envelopes(&self) -> impl Iterator<Item = (&Envelope, &Decoded)> {
        self.records.iter().map(|(envelope, record)| (envelope, record))
    }

    pub(crate) fn into_records(self) -> Vec<(Envelope, Decoded)> {
        self.records
    }
}

/// How many of consecutive records at the end of a feed, given from the last one down, make a
/// piece of about so many bytes with the record before it: that one is signed, or the piece begins
/// with the feed. 0: none does. `whole`: the records given go down to the first of the feed.
pub fn piece<'r>(
    down: impl Iterator<Item = (usize, &'r Envelope)>,
    whole: bool,
    bytes_max: usize,
) -> usize {
    let (mut count, mut bytes, mut piece) = (0, 0, 0);
    for (size, envelope) in down {
        count += 1;
        if count > 1 && !envelope.signature.is_empty() {
            piece = count;
        }
        if bytes >= bytes_max && piece > 0 {
            return piece;
        }
        bytes += size;
    }
    if whole { count } else { piece }
}
