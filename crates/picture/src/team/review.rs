//! Measures of an incident for whoever evaluates it: pure functions of what was said and of what is
//! current, whatever the order in which it came.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet, HashSet},
};

use polder_wire::v1::MatterSort;
use uuid::Uuid;

use super::{
    attention::attended,
    board::{Board, EntryRef, Version},
    contradictions::contradictions,
    handover::{gaps, handover},
};
use crate::record::Id;

const HOUR_MS: i64 = 3_600_000;

/// One version, as far as it is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Word<'a> {
    /// Of which entry.
    pub entry: Uuid,
    /// Whose, without `parties/`; empty: it cannot be told.
    pub party: &'a str,
    /// By whom, when they had signed in; else empty.
    pub author: &'a str,
    /// When it came here, milliseconds since 1970.
    pub received_ms: i64,
    /// When it was recorded, by the clock of whoever did.
    pub recorded_ms: i64,
    /// When what it says was seen, where it says so.
    pub observed_ms: Option<i64>,
    /// It describes the incident itself.
    pub describes: bool,
}

/// What all versions add up to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Words {
    versions: usize,
    entries: HashSet<Uuid>,
    first_ms: Option<i64>,
    described_ms: Option<i64>,
    hours: BTreeMap<i64, usize>,
    parties: BTreeMap<String, usize>,
    people: BTreeMap<String, BTreeSet<i64>>,
    by_people: usize,
    written_ms: Vec<i64>,
    arrived_ms: Vec<i64>,
}

/// How long some things took.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Spread {
    /// How many.
    pub count: usize,
    /// Half of them took no longer, milliseconds.
    pub half_ms: i64,
    /// One in ten took at least so long.
    pub tenth_ms: i64,
}

/// What was said, in numbers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Spoken {
    /// Versions.
    pub versions: usize,
    /// Of how many entries.
    pub entries: usize,
    /// When the first came here.
    pub first_ms: Option<i64>,
    /// When the incident itself was first described.
    pub described_ms: Option<i64>,
    /// The hour in which the most came, and how many did.
    pub busiest: Option<(i64, usize)>,
    /// Who said how much, the most first.
    pub parties: Vec<(String, usize)>,
    /// From seen to recorded.
    pub written: Option<Spread>,
    /// From recorded to here.
    pub arrived: Option<Spread>,
    /// People who had signed in.
    pub people: usize,
    /// Hours in which each of them said something, all together.
    pub people_hours: usize,
    /// Versions that are theirs.
    pub by_people: usize,
}

/// What became of things that had to be seen, decided and answered.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Handled {
    /// Parties that were asked to see an entry.
    pub asked: usize,
    /// Of them, who did.
    pub read: usize,
    /// Of them, who is late.
    pub overdue: usize,
    /// How soon those did.
    pub read_after: Option<Spread>,
    /// Contradictions.
    pub contradictions: usize,
    /// On how many of them somebody has decided.
    pub decided: usize,
    /// How soon.
    pub decided_after: Option<Spread>,
    /// Since when the oldest that is open has been.
    pub oldest_open_ms: Option<i64>,
    /// The same of the one in the middle.
    pub middle_open_ms: Option<i64>,
    /// Questions without an answer.
    pub unanswered: usize,
    /// Entries of the three sections.
    pub figures: usize,
    /// How many of them are stale.
    pub stale: usize,
}

impl Words {
    /// Counts a version.
    pub fn add(&mut self, word: &Word<'_>) {
        self.versions += 1;
        self.entries.insert(word.entry);
        let earlier = |held: Option<i64>, ms: i64| Some(held.map_or(ms, |held| held.min(ms)));
        self.first_ms = earlier(self.first_ms, word.received_ms);
        if word.describes {
            self.described_ms = earlier(self.described_ms, word.recorded_ms);
        }
        *self.hours.entry(word.received_ms.div_euclid(HOUR_MS)).or_default() += 1;
        *self.parties.entry(word.party.to_owned()).or_default() += 1;
        if !word.author.is_empty() {
            self.by_people += 1;
            let hours = self.people.entry(word.author.to_owned()).or_default();
            hours.insert(word.recorded_ms.div_euclid(HOUR_MS));
        }
        // Of two clocks one may be behind: nothing was recorded before it was seen.
        if let Some(observed_ms) = word.observed_ms {
            self.written_ms.push(word.recorded_ms.saturating_sub(observed_ms).max(0));
        }
        self.arrived_ms.push(word.received_ms.saturating_sub(word.recorded_ms).max(0));
    }

    /// What they add up to.
    pub fn tell(self) -> Spoken {
        // Of two busy hours the earlier.
        let busiest = self.hours.iter().max_by_key(|(hour, count)| (**count, Reverse(**hour)));
        let mut parties: Vec<_> = self.parties.into_iter().collect();
        parties.sort_by(|one, other| (other.1, &one.0).cmp(&(one.1, &other.0)));
        Spoken {
            versions: self.versions,
            entries: self.entries.len(),
            first_ms: self.first_ms,
            described_ms: self.described_ms,
            busiest: busiest.map(|(hour, count)| (hour * HOUR_MS, *count)),
            parties,
            written: Spread::of(self.written_ms),
            arrived: Spread::of(self.arrived_ms),
            people: self.people.len(),
            people_hours: self.people.values().map(BTreeSet::len).sum(),
            by_people: self.by_people,
        }
    }
}

impl Spread {
    /// Of some times; `None` when there is none.
    pub fn of(mut times_ms: Vec<i64>) -> Option<Self> {
        times_ms.sort_unstable();
        let last = times_ms.len().checked_sub(1)?;
        let at = |percent: usize| times_ms[(times_ms.len() * percent / 100).min(last)];
        Some(Self { count: times_ms.len(), half_ms: at(50), tenth_ms: at(90) })
    }
}

/// What became of what had to be seen, decided and answered, by what somebody sees.
pub fn handled(board: &Board, now_ms: i64, seen: impl Fn(Id) -> bool) -> Handled {
    let mut told = Handled::default();
    let mut read_ms = Vec::new();
    for one in attended(board, now_ms, &seen) {
        let recorded_ms = board.versions(one.at).last().map_or(0, |last| last.said.recorded_ms);
        told.asked += one.asked.len();
        told.overdue += one.asked.iter().filter(|asked| asked.overdue).count();
        let read = one.asked.iter().filter_map(|asked| asked.read.as_ref());
        read_ms.extend(read.map(|read| read.when_ms.saturating_sub(recorded_ms).max(0)));
    }
    told.read = read_ms.len();
    told.read_after = Spread::of(read_ms);
    let (mut decided_ms, mut open_ms) = (Vec::new(), Vec::new());
    for one in contradictions(board, now_ms, &seen) {
        told.contradictions += 1;
        let came = came(board, &one.entries);
        if one.decided_by.is_empty() {
            // It takes two to contradict.
            open_ms.extend(came.get(1).or(came.last()));
            continue;
        }
        told.decided += 1;
        let first = self::came(board, &one.decided_by).first().copied();
        let after = came.last().zip(first);
        decided_ms.extend(after.map(|(last, first)| first.saturating_sub(*last).max(0)));
    }
    told.decided_after = Spread::of(decided_ms);
    open_ms.sort_unstable();
    told.oldest_open_ms = open_ms.first().copied();
    told.middle_open_ms = open_ms.get(open_ms.len() / 2).copied();
    let left = handover(board, now_ms, now_ms, &seen);
    let left = left.overdue.iter().chain(&left.open);
    told.unanswered = left.filter(|line| line.sort == MatterSort::Question).count();
    for (_, filled) in gaps(board, now_ms, &seen).sections {
        told.figures += filled.entries;
        told.stale += filled.stale;
    }
    told
}

/// When the current versions of some entries came here, the first at the start.
fn came(board: &Board, entries: &[EntryRef]) -> Vec<i64> {
    let versions = entries.iter().flat_map(|at| board.versions(*at));
    let mut came: Vec<_> = versions.map(|version: &Version| version.received_ms).collect();
    came.sort_unstable();
    came
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const DAY_MS: i64 = 24 * HOUR_MS;

    /// Entry, party, author; received, recorded and observed.
    type Said = (u8, u8, u8, i64, i64, Option<i64>);

    fn words(said: &[Said]) -> Words {
        const NAMES: [&str; 4] = ["", "anna", "bram", "carla"];
        let mut words = Words::default();
        for (entry, party, author, received_ms, recorded_ms, observed_ms) in said {
            words.add(&Word {
                entry: Uuid::from_u128((*entry).into()),
                party: ["police", "fire", "water"][usize::from(*party)],
                author: NAMES[usize::from(*author)],
                received_ms: *received_ms,
                recorded_ms: *recorded_ms,
                observed_ms: *observed_ms,
                describes: *entry == 3,
            });
        }
        words
    }

    #[test]
    fn each_measure_is_what_its_name_says() {
        let hour = |hours: i64| hours * HOUR_MS;
        let told = words(&[
            (1, 0, 1, hour(10), hour(9), Some(hour(8))),
            (1, 0, 1, hour(10) + 1, hour(9) + 5, None),
            (2, 1, 2, hour(12), hour(12), Some(hour(13))),
            (3, 1, 0, hour(12) + 2, hour(7), Some(hour(3))),
            (2, 1, 1, hour(15), hour(15), None),
        ])
        .tell();
        assert_eq!((told.versions, told.entries), (5, 3));
        assert_eq!((told.first_ms, told.described_ms), (Some(hour(10)), Some(hour(7))));
        assert_eq!(told.busiest, Some((hour(10), 2)), "of two the earlier");
        assert_eq!(told.parties, [("fire".to_owned(), 3), ("police".to_owned(), 2)]);
        // An hour, none by a clock that is behind, and four.
        let written = Spread { count: 3, half_ms: hour(1), tenth_ms: hour(4) };
        assert_eq!(told.written, Some(written));
        assert_eq!((told.people, told.people_hours, told.by_people), (2, 3, 4));
        assert_eq!(Words::default().tell(), Spoken::default());
    }

    proptest! {
        #[test]
        fn measures_do_not_depend_on_the_order_in_which_things_were_said(
            said in prop::collection::vec(
                (0..6_u8, 0..3_u8, 0..4_u8, 0..DAY_MS, 0..DAY_MS, prop::option::of(0..DAY_MS)),
                0..40,
            ),
            turn in 0..40_usize,
        ) {
            let mut turned = said.clone();
            turned.rotate_left(turn.min(said.len()));
            turned.reverse();
            let told = words(&said).tell();
            prop_assert_eq!(&told, &words(&turned).tell());
            prop_assert_eq!(told.parties.iter().map(|(_, said)| said).sum::<usize>(), said.len());
            prop_assert!(told.by_people <= told.versions && told.people <= told.people_hours);
            if let Some(Spread { count, half_ms, tenth_ms }) = told.arrived {
                prop_assert!(count == said.len() && 0 <= half_ms && half_ms <= tenth_ms);
            }
        }
    }
}
