//! The situation picture: which entries stand in each section, the heaviest first.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
};

use polder_wire::v1::MatterSort;

use super::{
    board::{Board, EntryRef, Version},
    contradictions::contradictions,
    said::Said,
    tally::SECTIONS,
};
use crate::record::Id;

/// What stands in one section.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Listed {
    /// As many as were asked for: contradicting and urgent ones first, then the newest.
    pub entries: Vec<Line>,
    /// Entries that are not stale, or are listed all the same.
    pub count: usize,
    /// Entries that are not listed because they are stale.
    pub stale_left_out: usize,
}

/// One line of a section.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Line {
    /// Which entry.
    pub at: EntryRef,
    /// It contradicts another, and nobody has decided.
    pub contradicts: bool,
    rank: Rank,
}

type Rank = (Reverse<bool>, Reverse<u8>, Reverse<i64>);

impl Line {
    fn of(at: EntryRef, contradicts: bool, said: &Said) -> Self {
        let rank = (Reverse(contradicts), Reverse(said.weight), Reverse(said.when_ms));
        Self { at, contradicts, rank }
    }

    /// Its place among the lines of several incidents.
    pub fn order(&self) -> impl Ord + use<> {
        (self.rank, self.at)
    }
}

/// Entries that take part in a contradiction on which nobody has decided.
pub fn open_contradictions(
    board: &Board,
    now_ms: i64,
    seen: impl Fn(Id) -> bool,
) -> (usize, BTreeSet<EntryRef>) {
    let open = contradictions(board, now_ms, &seen);
    let open: Vec<_> = open.into_iter().filter(|one| one.decided_by.is_empty()).collect();
    (open.len(), open.into_iter().flat_map(|one| one.entries).collect())
}

/// Whether a version is a line of the picture: not what was withdrawn, nor that somebody read
/// something, nor a sitrep, which sums up what stands here.
fn lists(version: &Version) -> bool {
    let said = &version.said;
    !said.retracted && said.acknowledges.is_empty() && said.sitrep.is_none()
}

/// The three sections. `contradicting`: entries that contradict others. `lines`: of each section.
pub fn situation(
    board: &Board,
    now_ms: i64,
    contradicting: &BTreeSet<EntryRef>,
    lines: usize,
    wanted: impl Fn(&Said) -> bool,
    seen: impl Fn(Id) -> bool,
) -> [Listed; SECTIONS.len()] {
    let mut sections: [Listed; SECTIONS.len()] = Default::default();
    let met = board.help(&seen).over(now_ms);
    for (at, versions) in board.entries().filter(|(at, _)| seen(at.scope)) {
        let Some(version) = versions.last().filter(|version| lists(version)) else { continue };
        let said = &version.said;
        let section = SECTIONS.iter().position(|section| *section == said.section);
        let Some(section) = section.filter(|_| wanted(said)) else { continue };
        let contradicts = contradicting.contains(&at);
        let closed = met.contains(&at.entry) || board.is_answered(at.entry, &seen);
        let open = said.matter.is_some() && !closed;
        if said.is_stale(now_ms) && !contradicts && !open {
            sections[section].stale_left_out += 1;
        } else {
            sections[section].entries.push(Line::of(at, contradicts, said));
        }
    }
    for section in &mut sections {
        section.count = section.entries.len();
        first(&mut section.entries, lines, Line::order);
        section.entries.truncate(lines);
    }
    sections
}

/// Puts the first so many in order; the others follow in any.
pub(super) fn first<T, K: Ord>(all: &mut [T], wanted: usize, key: impl Fn(&T) -> K) {
    let ordered = if wanted < all.len() {
        all.select_nth_unstable_by_key(wanted, &key);
        &mut all[..wanted]
    } else {
        all
    };
    ordered.sort_unstable_by_key(key);
}

/// What came from one region.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Regional {
    /// Entries, how many of these are stale, and when the last was recorded.
    pub filled: super::tally::Filled,
    /// Entries that contradict others.
    pub contradicting: usize,
    /// Requests for help that are open, by when they are needed.
    pub requests: Vec<(Option<i64>, EntryRef)>,
}

/// What came from each region. `region`: at whose node a version was written, or else who says it.
pub fn regional<R: Ord>(
    board: &Board,
    now_ms: i64,
    contradicting: &BTreeSet<EntryRef>,
    region: impl Fn(&Version) -> R,
    seen: impl Fn(Id) -> bool,
) -> BTreeMap<R, Regional> {
    let mut found: BTreeMap<R, Regional> = BTreeMap::new();
    let met = board.help(&seen).over(now_ms);
    for (at, versions) in board.entries().filter(|(at, _)| seen(at.scope)) {
        let Some(version) = versions.last().filter(|version| lists(version)) else { continue };
        let said = &version.said;
        let of = found.entry(region(version)).or_default();
        of.filled.entries += 1;
        of.filled.stale += usize::from(said.is_stale(now_ms));
        of.filled.last_ms = of.filled.last_ms.max(Some(said.recorded_ms));
        of.contradicting += usize::from(contradicting.contains(&at));
        let asks = said.matter.filter(|matter| matter.sort == MatterSort::Request);
        let closed = || met.contains(&at.entry) || board.is_answered(at.entry, &seen);
        if let Some(matter) = asks.filter(|_| !closed()) {
            of.requests.push((matter.due_ms, at));
        }
    }
    for of in found.values_mut() {
        of.requests.sort_unstable_by_key(|(due, at)| (due.is_none(), *due, *at));
    }
    found
}
