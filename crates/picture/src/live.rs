//! The register behind each entry: which of its records are live.
//!
//! A record is live until another record's `seen` covers it. Two live records are a
//! contradiction, which stays until a person publishes a record that saw both. Adding records is
//! commutative, associative and idempotent, so every order of arrival gives the same register.

use polder_wire::v1::Mode;
use smallvec::SmallVec;
use uuid::Uuid;

use crate::{attributes::Attributes, record::Id};

/// A record by its feed (index in this picture's table of feeds) and sequence number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RecordRef {
    /// Index of the feed.
    pub feed: u32,
    /// Sequence number in it.
    pub sequence: u64,
}

/// A live record and what filters need to know of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Live {
    /// Which record.
    pub record: RecordRef,
    /// Author's hybrid clock: orders rivals for showing, decides nothing.
    pub hlc: u64,
    /// For filters.
    pub attributes: Attributes,
}

/// An entry's register.
#[derive(Debug, Clone)]
pub struct Register {
    /// Entry id; all zeroes for the register of the incident's own data.
    pub entry: Uuid,
    /// Index of the scope.
    pub scope: u32,
    /// Mode of the incident, so that a filter for one mode needs no other table.
    pub mode: Mode,
    /// Position in this node's log of the last record for this entry.
    pub lsn: u64,
    /// Live records, in the order of their references.
    pub live: SmallVec<[Live; 1]>,
    /// Highest sequence number per feed that some record of this entry has seen.
    covered: SmallVec<[RecordRef; 1]>,
}

impl Register {
    /// An entry without records.
    pub fn new(scope: u32, mode: Mode, entry: Uuid) -> Self {
        Self { entry, scope, mode, lsn: 0, live: SmallVec::new(), covered: SmallVec::new() }
    }

    /// Adds a record that saw `seen`.
    pub fn add(&mut self, live: Live, seen: &[RecordRef]) {
        for seen in seen {
            self.cover(*seen);
        }
        let covered = &self.covered;
        self.live.retain(|live| !covers(covered, live.record));
        if covers(covered, live.record) {
            return;
        }
        if let Err(at) = self.live.binary_search_by_key(&live.record, |live| live.record) {
            self.live.insert(at, live);
        }
    }

    fn cover(&mut self, seen: RecordRef) {
        match self.covered.binary_search_by_key(&seen.feed, |covered| covered.feed) {
            Ok(at) => {
                let covered = &mut self.covered[at];
                covered.sequence = covered.sequence.max(seen.sequence);
            }
            Err(at) => self.covered.insert(at, seen),
        }
    }

    /// Highest sequence number per feed that some record of this entry has seen.
    pub fn covered(&self) -> &[RecordRef] {
        &self.covered
    }

    /// What an author who holds everything here has seen: the shortest vector that covers it.
    pub fn seen(&self) -> SmallVec<[RecordRef; 4]> {
        let mut seen: SmallVec<[RecordRef; 4]> = SmallVec::from_slice(&self.covered);
        for live in &self.live {
            match seen.iter_mut().find(|seen| seen.feed == live.record.feed) {
                Some(seen) => seen.sequence = seen.sequence.max(live.record.sequence),
                None => seen.push(live.record),
            }
        }
        seen.sort_unstable();
        seen
    }

    /// True when the vector covers the record.
    pub fn covers(seen: &[RecordRef], record: RecordRef) -> bool {
        covers(seen, record)
    }

    /// The version to show first: the one recorded last. Of two that were recorded at the same
    /// moment, the ids of their feeds decide, for those are the same on every node.
    pub fn display(&self, feed_id: impl Fn(u32) -> Id) -> Option<&Live> {
        self.live.iter().max_by_key(|live| recency(live, &feed_id))
    }

    /// True when every live record withdraws the entry (or there is none).
    pub fn is_retracted(&self) -> bool {
        self.live.iter().all(|live| live.attributes.retracted())
    }

    /// True when nobody has decided between live records, or one of them says that it contradicts
    /// another entry. Readings of one party overtake each other where their kind allows it; two
    /// parties that differ are a contradiction in every kind.
    pub fn is_contradictory(&self) -> bool {
        let party = self.live.first().map(|live| live.attributes.party);
        let settled = self
            .live
            .iter()
            .all(|live| live.attributes.settles_itself() && Some(live.attributes.party) == party);
        (self.live.len() > 1 && !settled)
            || self.live.iter().any(|live| live.attributes.contradicts())
    }

    /// True when it ever had more than one record.
    pub fn has_history(&self) -> bool {
        !self.covered.is_empty() || self.live.len() > 1
    }
}

/// Orders live records from the oldest to the newest, in the same way on every node.
pub(crate) fn recency(live: &Live, feed_id: impl Fn(u32) -> Id) -> (u64, Id, u64) {
    (live.hlc, feed_id(live.record.feed), live.record.sequence)
}

fn covers(seen: &[RecordRef], record: RecordRef) -> bool {
    seen.iter().any(|seen| seen.feed == record.feed && seen.sequence >= record.sequence)
}
