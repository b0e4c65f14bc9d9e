//! What a newcomer needs of the records of a feed up to some number, when it does not take them
//! all: a part that leaves the same mark on every register as the whole.
//!
//! A record leaves two marks: it is live or not, and its `seen` covers others. So what may be left
//! out is a record that another of the same feed has seen, and whose own `seen` adds nothing to
//! that of the records that stay. Only the feed itself is looked at, never the picture of whoever
//! chooses: the choice is the same on every node that holds the feed, can be checked by each of
//! them, and stays right for a newcomer that has no other feed yet, or never gets one.

use std::collections::{BTreeMap, HashMap};

use polder_wire::v1::RecordKind;

use crate::record::{Decoded, Id};

mod list;

pub use list::{HASHES_MAX, LIST_BYTES_MAX, List, RECORDS_MIN, SHARE};

/// A record as far as it matters here.
#[derive(Debug)]
struct Mark {
    sequence: u64,
    hash: [u8; 32],
    seen: Vec<(Id, u64)>,
}

/// Highest number per feed that some records have seen.
type Covered = HashMap<Id, u64>;

/// The records of one feed, each given once, in any order.
#[derive(Debug, Default)]
pub struct Keeping {
    entries: HashMap<[u8; 16], Vec<Mark>>,
}

impl Keeping {
    /// Takes note of a record. Sorts that change no register leave no mark.
    pub fn add(&mut self, record: &Decoded) {
        let header = &record.header;
        if !matches!(header.kind(), RecordKind::Put | RecordKind::Retract) {
            return;
        }
        let Ok(entry) = header.entry[..].try_into() else { return };
        let seen = header.seen.iter();
        let seen = seen.filter_map(|seen| Some((Id::from_slice(&seen.feed)?, seen.sequence)));
        let (sequence, hash) = (header.sequence, record.hash);
        let mark = Mark { sequence, hash, seen: seen.collect() };
        self.entries.entry(entry).or_default().push(mark);
    }

    /// Numbers and hashes of the records that must stay. `feed`: the one whose records these are.
    pub fn kept(self, feed: Id) -> BTreeMap<u64, [u8; 32]> {
        let mut kept = BTreeMap::new();
        for marks in self.entries.into_values() {
            keep(feed, marks, &mut kept);
        }
        kept
    }
}

/// The records of one entry that must stay.
fn keep(feed: Id, mut marks: Vec<Mark>, kept: &mut BTreeMap<u64, [u8; 32]>) {
    let mut all = Covered::new();
    for mark in &marks {
        cover(&mut all, mark);
    }
    let end = all.get(&feed).copied();
    // The newest first: by default it has seen what all before it saw, and nothing else stays.
    marks.sort_unstable_by_key(|mark| std::cmp::Reverse(mark.sequence));
    let is_live = |mark: &Mark| end.is_none_or(|end| mark.sequence > end);
    let (live, others): (Vec<_>, Vec<_>) = marks.into_iter().partition(is_live);
    let mut covered = Covered::new();
    for mark in &live {
        cover(&mut covered, mark);
        kept.insert(mark.sequence, mark.hash);
    }
    for mark in &others {
        if cover(&mut covered, mark) {
            kept.insert(mark.sequence, mark.hash);
        }
    }
}

/// True when the record has seen anything that those before it had not.
fn cover(covered: &mut Covered, mark: &Mark) -> bool {
    let mut adds = false;
    for (feed, sequence) in &mark.seen {
        // Having seen nothing of a feed is a mark as well: the register names the feed.
        let known = covered.get(feed).copied();
        if known.is_none_or(|known| *sequence > known) {
            covered.insert(*feed, *sequence);
            adds = true;
        }
    }
    adds
}
