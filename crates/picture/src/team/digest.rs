//! What one reader should see first: each entry once, under the first reason that holds, and what is
//! held back is counted.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet, HashSet},
};

use polder_wire::v1::DigestReason;

use super::{
    attention::attended,
    board::{Board, EntryRef},
    said::Said,
    situation::{first, open_contradictions},
};
use crate::record::Id;

/// Something is due soon for so long before.
const SOON_MS: i64 = 3_600_000;
/// The least weight of what is of immediate or expected urgency.
const URGENT: u8 = 16;
/// Severity that is severe, and more.
const SEVERE: u8 = 3;

/// Who reads.
#[derive(Debug, Clone, Default)]
pub struct Reader {
    /// Party, by id; empty: nobody in particular.
    pub party: String,
    /// Column, by its number; 0: none in particular.
    pub discipline: i32,
    /// What came here since is new.
    pub since_ms: i64,
}

/// One line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Line {
    /// Which entry.
    pub at: EntryRef,
    /// Why.
    pub reason: DigestReason,
    /// When it must be seen or is due.
    pub due_ms: Option<i64>,
    /// The column that speaks.
    pub discipline: i32,
}

/// All that concerns a reader: so many lines as they are to be read, the others in any order.
pub fn digest(
    board: &Board,
    reader: &Reader,
    now_ms: i64,
    wanted: usize,
    seen: impl Fn(Id) -> bool,
) -> Vec<Line> {
    let mut taken: HashSet<EntryRef> = HashSet::new();
    let mut lines = Vec::new();
    // Lines that are sorted by when they are due, and lines that are sorted by weight.
    let mut waiting: Vec<(DigestReason, i64, EntryRef)> = Vec::new();
    for one in attended(board, now_ms, &seen).into_iter().filter(|one| one.waits()) {
        let theirs = one.asked.iter().any(|asked| {
            let second = asked.addressee.second.as_deref().filter(|_| asked.escalated);
            let asks = asked.addressee.party == reader.party || second == Some(&*reader.party);
            asks && asked.read.is_none()
        });
        if theirs && taken.insert(one.at) {
            waiting.push((DigestReason::MustSee, one.due_ms, one.at));
        }
    }
    let met = board.help(&seen).over(now_ms);
    for at in board.open().filter(|at| seen(at.scope)) {
        let Some(version) = board.versions(at).last() else { continue };
        let Some(due_ms) = version.said.matter.and_then(|matter| matter.due_ms) else { continue };
        if due_ms > now_ms + SOON_MS
            || !(says(reader, &version.said) || concerns(reader, &version.said))
            || board.is_answered(at.entry, &seen)
            || met.contains(&at.entry)
            || !taken.insert(at)
        {
            continue;
        }
        let late = due_ms <= now_ms;
        let reason = if late { DigestReason::Overdue } else { DigestReason::DueSoon };
        waiting.push((reason, due_ms, at));
    }
    waiting.sort_unstable_by_key(|(reason, due_ms, at)| (*reason as i32, *due_ms, *at));
    for (reason, due_ms, at) in waiting {
        let discipline = board.versions(at).last().map_or(0, |version| version.said.discipline);
        lines.push(Line { at, reason, due_ms: Some(due_ms), discipline });
    }
    let theirs = theirs_contradicted(board, reader, now_ms, &seen);
    let mut ranked = Vec::new();
    let new: BTreeMap<EntryRef, i64> =
        board.received(reader.since_ms, now_ms).map(|((ms, at), _)| (at, ms)).collect();
    for at in theirs.iter().chain(new.keys()).filter(|at| seen(at.scope)) {
        let Some(version) = board.versions(*at).last() else { continue };
        let said = &version.said;
        if said.retracted || !said.acknowledges.is_empty() || taken.contains(at) {
            continue;
        }
        let reason = if theirs.contains(at) {
            DigestReason::Contradicts
        } else if says(reader, said) {
            // What they wrote themselves is no news to them.
            continue;
        } else if concerns(reader, said) {
            DigestReason::Asked
        } else if said.weight >= URGENT || (said.weight % URGENT) / 2 >= SEVERE {
            DigestReason::Urgent
        } else if said.taken {
            DigestReason::Decided
        } else if reader.discipline != 0 && said.discipline == reader.discipline {
            DigestReason::Column
        } else {
            DigestReason::Other
        };
        taken.insert(*at);
        let rank = (reason as i32, Reverse(said.weight), Reverse(said.when_ms), *at);
        ranked.push((rank, Line { at: *at, reason, due_ms: None, discipline: said.discipline }));
    }
    first(&mut ranked, wanted.saturating_sub(lines.len()), |(rank, _)| *rank);
    lines.extend(ranked.into_iter().map(|(_, line)| line));
    lines
}

fn says(reader: &Reader, said: &Said) -> bool {
    !reader.party.is_empty() && said.party == reader.party
}

fn concerns(reader: &Reader, said: &Said) -> bool {
    !reader.party.is_empty() && said.concerns.contains(&reader.party)
}

/// Entries of others that contradict what the reader's party said.
fn theirs_contradicted(
    board: &Board,
    reader: &Reader,
    now_ms: i64,
    seen: &impl Fn(Id) -> bool,
) -> BTreeSet<EntryRef> {
    if reader.party.is_empty() {
        return open_contradictions(board, now_ms, seen).1;
    }
    let open = super::contradictions::contradictions(board, now_ms, seen);
    let mut found = BTreeSet::new();
    for one in open.into_iter().filter(|one| one.decided_by.is_empty() && !one.stale) {
        let of = |at: &EntryRef| {
            board.versions(*at).iter().any(|version| version.said.party == reader.party)
        };
        if one.entries.iter().any(of) {
            found.extend(one.entries.into_iter().filter(|at| !of(at)));
        }
    }
    found
}
