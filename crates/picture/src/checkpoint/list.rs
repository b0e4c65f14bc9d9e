//! What a checkpoint says: up to which record it speaks, and which of those stay.

use std::collections::BTreeMap;

use bytes::Bytes;
use polder_wire::v1::{Checkpoint, Content, Lane, Payload, RecordKind, content::Content as Sort};
use prost::Message as _;

use crate::{
    check::Checker,
    record::{Decoded, Head, Sealed},
    refusal::Refusal,
};

/// Largest checkpoint, encoded: with its header it fits in one transfer.
pub const LIST_BYTES_MAX: usize = 12 << 20;

/// Records that a checkpoint names at most: with 32 bytes of hash and at most 5 of distance each,
/// for feeds of up to 34 thousand million records, that many fit.
pub const HASHES_MAX: usize = 300_000;

/// A feed is worth another checkpoint when it grew by so many records since the last.
pub const RECORDS_MIN: u64 = 4_096;

/// And when at most one in so many of all its records would stay.
pub const SHARE: u64 = 4;

/// What a checkpoint says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct List {
    base: Head,
    kept: BTreeMap<u64, [u8; 32]>,
}

impl List {
    /// Of a feed that stood at `base`, and of which `kept` must stay, see
    /// [`Keeping`](super::Keeping).
    pub fn new(base: Head, kept: BTreeMap<u64, [u8; 32]>) -> Self {
        Self { base, kept }
    }

    /// The last record that it covers.
    pub fn base(&self) -> Head {
        self.base
    }

    /// Records that stay, by number, and their hashes.
    pub fn kept(&self) -> &BTreeMap<u64, [u8; 32]> {
        &self.kept
    }

    /// True when a feed that grew by this many records since its last checkpoint may be worth
    /// another: only then is it worth the trouble to look for what would stay.
    pub fn may_pay(since: u64) -> bool {
        since >= RECORDS_MIN
    }

    /// True when so few records stay that whoever takes them gains by it, and they can be named.
    pub fn pays(&self) -> bool {
        let kept = self.kept.len() as u64;
        self.kept.len() <= HASHES_MAX && kept.saturating_mul(SHARE) <= self.base.sequence
    }

    /// As it is written.
    pub fn message(&self) -> Checkpoint {
        let before = std::iter::once(&0).chain(self.kept.keys());
        let steps = self.kept.keys().zip(before).map(|(number, before)| number - before);
        Checkpoint {
            sequence: self.base.sequence,
            hash: Bytes::copy_from_slice(&self.base.hash),
            steps: steps.collect(),
            hashes: self.kept.values().flatten().copied().collect(),
        }
    }

    /// The content of a record that says it.
    pub fn sealed(&self, salt: [u8; 16]) -> Sealed {
        let content = Content { content: Some(Sort::Checkpoint(self.message())) };
        Sealed::new(salt, content.encode_to_vec().into())
    }

    /// Reads what record `number` of a feed says. Refused is what cannot be so, whoever says it.
    pub fn read(message: &Checkpoint, number: u64) -> Result<Self, Refusal> {
        let mut check = Checker::new("checkpoint");
        let base = message.sequence;
        if base == 0 || base >= number {
            let sentence = format!("is {base}, must be 1 to {}", number.saturating_sub(1));
            check.wrong("sequence", "CHECKPOINT_SEQUENCE", sentence);
        }
        let hash: [u8; 32] = message.hash[..].try_into().unwrap_or_else(|_| {
            let sentence = format!("has {} bytes, must be 32", message.hash.len());
            check.wrong("hash", "CHECKPOINT_HASH", sentence);
            [0; 32]
        });
        let (hashes, odd) = message.hashes.as_chunks::<32>();
        if hashes.len() != message.steps.len() || !odd.is_empty() {
            let (bytes, due) = (message.hashes.len(), message.steps.len().saturating_mul(32));
            let sentence = format!("has {bytes} bytes, must be 32 for each step: {due}");
            check.wrong("hashes", "CHECKPOINT_HASH", sentence);
        }
        if hashes.len() > HASHES_MAX {
            let sentence = format!("has {} items, at most 300000 are allowed", hashes.len());
            check.wrong("steps", "CHECKPOINT_TOO_LONG", sentence);
        }
        let mut kept = BTreeMap::new();
        let mut at = 0_u64;
        for (step, hash) in message.steps.iter().zip(hashes) {
            match at.checked_add(*step).filter(|next| *step > 0 && *next <= base) {
                Some(next) => at = next,
                None => {
                    let sentence = format!("must ascend from 1 to at most {base}");
                    check.wrong("steps", "CHECKPOINT_STEPS", sentence);
                    break;
                }
            }
            kept.insert(at, *hash);
        }
        if kept.get(&base).is_some_and(|last| *last != hash) {
            check.wrong("hash", "CHECKPOINT_HASH", "must be the one in `hashes` of that record");
        }
        check.finish().map(|()| Self { base: Head { sequence: base, hash }, kept })
    }

    /// What a record says; `None` when it is no checkpoint, or one without its content.
    pub fn of(record: &Decoded, payload: Option<&Payload>) -> Option<Result<Self, Refusal>> {
        let header = &record.header;
        if header.kind() != RecordKind::Checkpoint || header.lane() == Lane::Unspecified {
            return None;
        }
        let bytes = payload.map(|payload| &payload.bytes)?;
        if bytes.len() > LIST_BYTES_MAX {
            let sentence = format!("has {} bytes, at most 12 MiB are allowed", bytes.len());
            return Some(Err(Refusal::field("checkpoint", "CHECKPOINT_TOO_LONG", sentence)));
        }
        match Content::decode(bytes.clone()).ok()?.content? {
            Sort::Checkpoint(message) => Some(Self::read(&message, header.sequence)),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::{collection::btree_map, prelude::*};

    use super::*;

    fn list() -> impl Strategy<Value = List> {
        let kept = btree_map(1..500_u64, any::<[u8; 32]>(), 0..40);
        (500..600_u64, any::<[u8; 32]>(), kept)
            .prop_map(|(sequence, hash, kept)| List::new(Head { sequence, hash }, kept))
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_again(list in list(), later in 1..9_u64) {
            let read = List::read(&list.message(), list.base().sequence + later);
            prop_assert_eq!(read, Ok(list));
        }

        #[test]
        fn no_bytes_make_it_panic_or_break_its_own_bounds(
            sequence in any::<u64>(),
            hash in proptest::collection::vec(any::<u8>(), 30..34),
            steps in proptest::collection::vec(any::<u64>(), 0..4),
            hashes in proptest::collection::vec(any::<u8>(), 0..129),
            number in any::<u64>(),
        ) {
            let message = Checkpoint { sequence, hash: hash.into(), steps, hashes: hashes.into() };
            if let Ok(list) = List::read(&message, number) {
                prop_assert!(list.base().sequence < number);
                prop_assert!(list.kept().keys().all(|kept| (1..=sequence).contains(kept)));
                prop_assert_eq!(list.message(), message);
            }
        }
    }

    #[test]
    fn each_wrong_field_is_named_with_its_reason() {
        let good = Checkpoint {
            sequence: 9,
            hash: vec![1; 32].into(),
            steps: vec![2, 7],
            hashes: [[2; 32], [1; 32]].concat().into(),
        };
        assert!(List::read(&good, 10).is_ok());
        let refused = |change: fn(&mut Checkpoint), number| {
            let mut message = good.clone();
            change(&mut message);
            let refusal = List::read(&message, number).unwrap_err();
            let fields = refusal.fields.into_iter();
            fields.map(|wrong| (wrong.field, wrong.reason)).collect::<Vec<_>>()
        };
        let one = |field: &str, reason| vec![(format!("checkpoint.{field}"), reason)];
        assert_eq!(refused(|_| {}, 9), one("sequence", "CHECKPOINT_SEQUENCE"));
        assert_eq!(refused(|m| m.hash = vec![1; 31].into(), 10)[0].1, "CHECKPOINT_HASH");
        assert_eq!(refused(|m| m.hash = vec![3; 32].into(), 10), one("hash", "CHECKPOINT_HASH"));
        assert_eq!(refused(|m| m.steps.truncate(1), 10), one("hashes", "CHECKPOINT_HASH"));
        assert_eq!(refused(|m| m.steps[1] = 0, 10), one("steps", "CHECKPOINT_STEPS"));
        assert_eq!(refused(|m| m.steps[1] = 8, 10), one("steps", "CHECKPOINT_STEPS"));
        assert_eq!(refused(|m| m.steps[1] = u64::MAX, 10), one("steps", "CHECKPOINT_STEPS"));
        let many = |m: &mut Checkpoint| {
            m.sequence = HASHES_MAX as u64 + 1;
            m.steps = vec![1; HASHES_MAX + 1];
            m.hashes = vec![1; 32 * (HASHES_MAX + 1)].into();
        };
        let number = HASHES_MAX as u64 + 2;
        assert_eq!(refused(many, number), one("steps", "CHECKPOINT_TOO_LONG"));
    }

    #[test]
    fn the_longest_list_of_a_very_long_feed_fits() {
        let step = (1_u64 << 35) / HASHES_MAX as u64;
        let kept = (1..=HASHES_MAX as u64).map(|at| (at * step, [7; 32])).collect();
        let list = List::new(Head { sequence: 1 << 35, hash: [7; 32] }, kept);
        assert!(list.pays());
        assert!(list.sealed([0; 16]).payload.bytes.len() < LIST_BYTES_MAX);
    }

    #[test]
    fn a_checkpoint_pays_when_most_is_left_out() {
        let of = |kept: u64| {
            let kept = (1..=kept).map(|number| (number, [0; 32])).collect();
            List::new(Head { sequence: 4_096, hash: [1; 32] }, kept)
        };
        assert!(of(1_024).pays() && !of(1_025).pays());
        assert!(List::may_pay(4_096) && !List::may_pay(4_095));
    }
}
