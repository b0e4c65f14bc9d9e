//! Where a closed incident ends: the heads that the record which closed it names, and how many
//! records lie beyond.

use std::collections::BTreeMap;

use bytes::Bytes;
use polder_wire::v1::{IncidentData, IncidentState, Seal, SealedHead};

use crate::{
    record::{Head, Id},
    suffix::FeedName,
};

/// Heads that a seal names: with more, the record that holds them would be larger than an entry.
pub const HEADS_MAX: usize = 1_000;

/// Names where feeds end. Of too many the longest are named.
pub fn seal(mut heads: Vec<(FeedName, Head)>) -> Seal {
    heads.sort_unstable_by_key(|(name, head)| (std::cmp::Reverse(head.sequence), *name));
    let left_out = heads.len().saturating_sub(HEADS_MAX);
    heads.truncate(HEADS_MAX);
    let row = |(name, head): &(FeedName, Head)| SealedHead {
        origin: Bytes::copy_from_slice(&name.origin.0),
        lane: name.lane.into(),
        sequence: head.sequence,
        hash: Bytes::copy_from_slice(&head.hash),
        branch: name.branch.map(|first| Bytes::copy_from_slice(&first)).unwrap_or_default(),
    };
    Seal { heads: heads.iter().map(row).collect(), heads_left_out: left_out as i64 }
}

/// A closing record: its feed and its number there, and what it says.
#[derive(Debug, Clone, Copy)]
pub struct Closing<'a> {
    /// Its feed.
    pub feed: Id,
    /// Its number.
    pub sequence: u64,
    /// What it says.
    pub data: &'a IncidentData,
}

/// All seals of an incident as one. Two nodes that close it apart from each other have sealed what
/// either held.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Seals {
    /// Where each feed ends.
    pub heads: BTreeMap<Id, Head>,
    /// Closing records, by feed.
    closed: BTreeMap<Id, u64>,
    /// Feeds that are not named.
    pub left_out: u64,
}

impl Seals {
    /// Of an incident's own records; `None` when none of them seals it. Their order changes
    /// nothing.
    pub fn of<'a>(scope: Id, records: impl Iterator<Item = Closing<'a>>) -> Option<Self> {
        let mut sealed = None;
        for record in records {
            let Some(seal) = &record.data.seal else { continue };
            if record.data.state() != IncidentState::Closed {
                continue;
            }
            sealed.get_or_insert_with(Self::default).add(scope, record, seal);
        }
        sealed
    }

    fn add(&mut self, scope: Id, record: Closing<'_>, seal: &Seal) {
        for row in seal.heads.iter().take(HEADS_MAX) {
            let hash = row.hash[..].try_into().ok();
            let (Some(origin), Some(hash)) = (Id::from_slice(&row.origin), hash) else { continue };
            let branch = row.branch[..].try_into().ok();
            let name = FeedName { origin, scope, lane: row.lane(), branch };
            let head = self.heads.entry(name.id()).or_default();
            // Of two branches of one feed any will do, as long as it is the same everywhere.
            if (row.sequence, hash) > (head.sequence, head.hash) {
                *head = Head { sequence: row.sequence, hash };
            }
        }
        let closed = self.closed.entry(record.feed).or_default();
        *closed = record.sequence.max(*closed);
        self.left_out = self.left_out.max(u64::try_from(seal.heads_left_out).unwrap_or_default());
    }

    /// Number of the last record of a feed that is not late; `None` when it is not known.
    pub fn end(&self, feed: Id) -> Option<u64> {
        let named = self.heads.get(&feed).map(|head| head.sequence);
        let closed = self.closed.get(&feed).copied();
        let unnamed = (self.left_out == 0).then_some(0);
        // A feed that only the closing record is named of was empty before it, or left out.
        named.max(closed).or(unnamed)
    }

    /// Records of a feed up to the seal, and beyond. `start`: the last one before it, for a branch;
    /// `length`: its last one.
    pub fn count(&self, feed: Id, start: u64, length: u64) -> (u64, u64) {
        let Some(end) = self.end(feed) else { return (0, 0) };
        let end = end.clamp(start, length.max(start));
        (end - start, length.saturating_sub(end))
    }
}

#[cfg(test)]
mod tests {
    use polder_wire::v1::Lane;
    use proptest::prelude::*;

    use super::*;

    const SCOPE: Id = Id([9; 16]);

    fn name(origin: u8) -> FeedName {
        FeedName::new(Id([origin; 16]), SCOPE, Lane::Routine)
    }

    fn closing(origin: u8, held: &[(u8, u64)]) -> (Id, u64, IncidentData) {
        let head = |sequence| Head { sequence, hash: [sequence as u8; 32] };
        let heads = held.iter().map(|(origin, sequence)| (name(*origin), head(*sequence)));
        let data = IncidentData {
            state: IncidentState::Closed.into(),
            seal: Some(seal(heads.collect())),
            ..Default::default()
        };
        let own = held.iter().find(|(of, _)| *of == origin).map_or(0, |(_, sequence)| *sequence);
        (name(origin).id(), own + 1, data)
    }

    fn sealed(records: &[(Id, u64, IncidentData)]) -> Option<Seals> {
        let all = records.iter();
        let closing =
            all.map(|(feed, sequence, data)| Closing { feed: *feed, sequence: *sequence, data });
        Seals::of(SCOPE, closing)
    }

    proptest! {
        #[test]
        fn every_record_is_sealed_or_late_and_the_order_of_closings_changes_nothing(
            closings in proptest::collection::vec(
                (0..4_u8, proptest::collection::btree_map(0..4_u8, 1..50_u64, 0..4)),
                1..4,
            ),
            lengths in [0..60_u64, 0..60, 0..60, 0..60],
        ) {
            let records: Vec<_> = closings
                .iter()
                .map(|(origin, held)| closing(*origin, &held.iter().map(|(o, s)| (*o, *s)).collect::<Vec<_>>()))
                .collect();
            let forwards = sealed(&records).unwrap();
            let backwards: Vec<_> = records.iter().rev().cloned().collect();
            let backwards = sealed(&backwards).unwrap();
            prop_assert_eq!(&forwards, &backwards);
            for (origin, length) in lengths.into_iter().enumerate() {
                let feed = name(origin as u8).id();
                let (before, late) = forwards.count(feed, 0, length);
                prop_assert_eq!(before + late, length);
                // What any of those who closed it held, and its closing record, is not late.
                for (closer, held) in &closings {
                    let own = u64::from(*closer == origin as u8);
                    let held = held.get(&(origin as u8)).copied().unwrap_or_default() + own;
                    prop_assert!(before >= held.min(length));
                }
            }
        }
    }

    #[test]
    fn a_seal_names_the_longest_feeds_and_says_how_many_it_leaves_out() {
        let heads = (1..=HEADS_MAX as u64 + 7).map(|sequence| {
            let mut origin = [0; 16];
            origin[..8].copy_from_slice(&sequence.to_le_bytes());
            let feed = FeedName::new(Id(origin), SCOPE, Lane::Bulk);
            (feed, Head { sequence, hash: [1; 32] })
        });
        let heads: Vec<_> = heads.collect();
        let named = seal(heads.clone());
        assert_eq!((named.heads.len(), named.heads_left_out), (HEADS_MAX, 7));
        assert!(named.heads.iter().all(|head| head.sequence > 7));
        let data = IncidentData {
            state: IncidentState::Closed.into(),
            seal: Some(named),
            ..Default::default()
        };
        let closing = Closing { feed: name(1).id(), sequence: 3, data: &data };
        let sealed = Seals::of(SCOPE, [closing].into_iter()).unwrap();
        assert_eq!(sealed.count(heads[0].0.id(), 0, 50), (0, 0), "nobody knows");
        assert_eq!(sealed.count(heads[7].0.id(), 0, 50), (8, 42));
    }

    #[test]
    fn an_open_incident_or_one_closed_without_a_seal_is_not_sealed() {
        let (feed, sequence, closed) = closing(1, &[(1, 4)]);
        let open = IncidentData { state: IncidentState::Open.into(), ..closed.clone() };
        let unsealed = IncidentData { seal: None, ..closed };
        assert_eq!(sealed(&[(feed, sequence, open), (feed, sequence, unsealed)]), None);
    }
}
