//! The register behind each entry: which of its records are live.
//!
//! A record is live until the `seen` of another covers it, whose node may replace it. Two live
//! records are a contradiction, which stays until a person publishes a record that saw both. A
//! withdrawal that would hide what its node may not stands apart for as long as that is live.
//! Adding records is commutative, associative and idempotent, so every order of arrival gives the
//! same register.

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
    /// Highest sequence number per feed that records of this entry have seen, for each feed that
    /// they are in.
    covered: SmallVec<[Covered; 1]>,
    /// Withdrawals that saw something live which their node may not withdraw.
    #[expect(clippy::box_collection, reason = "one word in each register, and hardly ever there")]
    apart: Option<Box<Vec<Live>>>,
}

/// Up to which number records of one feed have seen another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Covered {
    /// Index of the feed whose records saw it.
    by: u32,
    feed: u32,
    sequence: u64,
}

impl Covered {
    fn covers(&self, record: RecordRef) -> bool {
        self.feed == record.feed && self.sequence >= record.sequence
    }
}

impl Register {
    /// An entry without records.
    pub fn new(scope: u32, mode: Mode, entry: Uuid) -> Self {
        let (live, covered) = Default::default();
        Self { entry, scope, mode, lsn: 0, live, covered, apart: None }
    }

    /// Adds a record that saw `seen`. `may`: whether records of a feed, by its index, may replace
    /// one of another feed.
    pub fn add(&mut self, live: Live, seen: &[RecordRef], may: impl Fn(u32, &Live) -> bool) {
        for seen in seen {
            self.cover(live.record.feed, *seen);
        }
        let apart = self.apart.take().map_or_else(Vec::new, |apart| *apart);
        for live in apart.into_iter().chain([live]) {
            if let Err(at) = self.live.binary_search_by_key(&live.record, |live| live.record) {
                self.live.insert(at, live);
            }
        }
        let covered = &self.covered;
        self.live.retain(|live| {
            let hides = |covered: &Covered| {
                let own = covered.by == live.record.feed;
                covered.covers(live.record) && (own || may(covered.by, live))
            };
            !covered.iter().any(hides)
        });
        self.set_apart();
    }

    /// What is live and covered all the same is of those who may not replace it.
    fn set_apart(&mut self) {
        let said = self.live.iter().filter(|live| !live.attributes.retracted());
        let said: SmallVec<[RecordRef; 4]> = said.map(|live| live.record).collect();
        let covered = &self.covered;
        let mut apart = Vec::new();
        self.live.retain(|live| {
            let hides = |covered: &Covered| {
                covered.by == live.record.feed && said.iter().any(|said| covered.covers(*said))
            };
            let stays = !live.attributes.retracted() || !covered.iter().any(hides);
            if !stays {
                apart.push(live.clone());
            }
            stays
        });
        self.apart = (!apart.is_empty()).then(|| Box::new(apart));
    }

    fn cover(&mut self, by: u32, seen: RecordRef) {
        // Before its first record there is nothing to have seen of a feed.
        if seen.sequence == 0 {
            return;
        }
        let key = |covered: &Covered| (covered.feed, covered.by);
        match self.covered.binary_search_by_key(&(seen.feed, by), key) {
            Ok(at) => {
                let covered = &mut self.covered[at];
                covered.sequence = covered.sequence.max(seen.sequence);
            }
            Err(at) => {
                let RecordRef { feed, sequence } = seen;
                self.covered.insert(at, Covered { by, feed, sequence });
            }
        }
    }

    /// Highest sequence number per feed that some record of this entry has seen.
    pub fn covered(&self) -> SmallVec<[RecordRef; 4]> {
        let mut all: SmallVec<[RecordRef; 4]> = SmallVec::new();
        for Covered { feed, sequence, .. } in &self.covered {
            match all.last_mut().filter(|last| last.feed == *feed) {
                Some(last) => last.sequence = last.sequence.max(*sequence),
                None => all.push(RecordRef { feed: *feed, sequence: *sequence }),
            }
        }
        all
    }

    /// Withdrawals that are not current, because something is which they saw and their node may
    /// not withdraw.
    pub fn apart(&self) -> &[Live] {
        self.apart.as_ref().map_or(&[], |apart| apart)
    }

    /// How many of them say nothing for a party themselves: those do not count.
    pub fn apart_count(&self) -> u64 {
        self.apart().iter().filter(|live| live.attributes.only_withdraws()).count() as u64
    }

    /// What an author who holds everything here has seen: the shortest vector that covers it.
    pub fn seen(&self) -> SmallVec<[RecordRef; 4]> {
        let mut seen = self.covered();
        for live in self.live.iter().chain(self.apart()) {
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
        seen.iter().any(|seen| seen.feed == record.feed && seen.sequence >= record.sequence)
    }

    /// The version to show first: the one recorded last. Of two that were recorded at the same
    /// moment, the ids of their feeds decide, for those are the same on every node.
    pub fn display(&self, feed_id: impl Fn(u32) -> Id) -> Option<&Live> {
        self.live.iter().max_by_key(|live| recency(live, &feed_id))
    }

    /// True when the other has the same records live, and has seen the same.
    pub(crate) fn says_the_same(&self, other: &Self) -> bool {
        let same = |one: &[Live], other: &[Live]| {
            one.iter().map(|live| live.record).eq(other.iter().map(|live| live.record))
        };
        same(&self.live, &other.live)
            && same(self.apart(), other.apart())
            && self.covered == other.covered
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
