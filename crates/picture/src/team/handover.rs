//! What the next shift must know, and what is missing from the picture.

use std::cmp::Reverse;

use polder_wire::v1::{MatterSort, Statement};

use super::{
    attention::attended,
    board::{Board, EntryRef, Version},
    contradictions::{Contradiction, contradictions},
    tally::Gaps,
};
use crate::record::Id;

/// One line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Line {
    /// Which entry.
    pub at: EntryRef,
    /// What has to be brought to an end, if anything.
    pub sort: MatterSort,
    /// When it is due, expected, decided or came here.
    pub time_ms: Option<i64>,
}

/// What the next shift must know.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Handover {
    /// Open contradictions.
    pub contradictions: Vec<Contradiction>,
    /// What must be done or seen and is late, the longest first.
    pub overdue: Vec<Line>,
    /// What is open and not late, by when it is due, then by age.
    pub open: Vec<Line>,
    /// Decisions that were taken since, the oldest first.
    pub decided: Vec<Line>,
    /// What came here since, urgent and severe things first, then the newest.
    pub changed: Vec<Line>,
    /// What is expected, by when.
    pub expected: Vec<Line>,
}

/// What the next shift must know of what changed since a moment.
pub fn handover(board: &Board, since_ms: i64, now_ms: i64, seen: impl Fn(Id) -> bool) -> Handover {
    let mut contradicting = contradictions(board, now_ms, &seen);
    contradicting.retain(|one| one.decided_by.is_empty());
    let mut handover = Handover { contradictions: contradicting, ..Handover::default() };
    open(board, now_ms, &seen, &mut handover);
    for one in attended(board, now_ms, &seen).into_iter().filter(|one| one.is_overdue()) {
        let (at, sort) = (one.at, MatterSort::Attention);
        handover.overdue.push(Line { at, sort, time_ms: Some(one.due_ms) });
    }
    handover.overdue.sort_by_key(|line| (line.time_ms, line.at));
    changed(board, since_ms, now_ms, &seen, &mut handover);
    let ahead = board.expecting(now_ms).filter(|(_, at)| seen(at.scope));
    let one = |(ms, at): (i64, EntryRef)| {
        let sort = MatterSort::Unspecified;
        Line { at, sort, time_ms: Some(ms) }
    };
    let mut named = std::collections::BTreeSet::new();
    // Of what expects several things the first to come is told.
    handover.expected = ahead.filter(|(_, at)| named.insert(*at)).map(one).collect();
    handover
}

/// How much must be done or seen and is late.
pub fn overdue(board: &Board, now_ms: i64, seen: impl Fn(Id) -> bool) -> usize {
    let mut found = Handover::default();
    open(board, now_ms, &seen, &mut found);
    let unseen = attended(board, now_ms, &seen).into_iter().filter(|one| one.is_overdue());
    found.overdue.len() + unseen.count()
}

fn open(board: &Board, now_ms: i64, seen: &impl Fn(Id) -> bool, handover: &mut Handover) {
    let met = board.help(seen).over(now_ms);
    for at in board.open().filter(|at| seen(at.scope)) {
        let Some(version) = last(board, at) else { continue };
        let Some(matter) = version.said.matter else { continue };
        if board.is_answered(at.entry, seen) || met.contains(&at.entry) {
            continue;
        }
        let line = Line { at, sort: matter.sort, time_ms: matter.due_ms };
        let late = matter.due_ms.is_some_and(|due| due <= now_ms);
        if late { &mut handover.overdue } else { &mut handover.open }.push(line);
    }
    let when = |at: EntryRef| last(board, at).map(|version| version.said.when_ms);
    handover
        .open
        .sort_by_key(|line| (line.time_ms.is_none(), line.time_ms, when(line.at), line.at));
}

fn changed(
    board: &Board,
    since_ms: i64,
    now_ms: i64,
    seen: &impl Fn(Id) -> bool,
    handover: &mut Handover,
) {
    let mut ranked = Vec::new();
    for ((received_ms, at), arrived) in
        board.received(since_ms, now_ms).filter(|((_, at), _)| seen(at.scope))
    {
        // That somebody has read something is told where it was to be read.
        if arrived.acknowledges {
            continue;
        }
        if arrived.taken {
            let (sort, time_ms) = (MatterSort::Decision, Some(arrived.when_ms));
            handover.decided.push(Line { at, sort, time_ms });
        }
        let (sort, time_ms) = (MatterSort::Unspecified, Some(received_ms));
        let rank = (Reverse(arrived.weight), Reverse(arrived.when_ms), at);
        ranked.push((rank, Line { at, sort, time_ms }));
    }
    handover.decided.sort_by_key(|line| (line.time_ms, line.at));
    ranked.sort_unstable_by_key(|(rank, _)| *rank);
    handover.changed = ranked.into_iter().map(|(_, line)| line).collect();
}

/// The version that was recorded last.
fn last(board: &Board, at: EntryRef) -> Option<&Version> {
    board.versions(at).last()
}

/// What is there and how old it is, by section and by party.
pub fn gaps(board: &Board, now_ms: i64, seen: impl Fn(Id) -> bool) -> Gaps {
    board.tally().tell(now_ms, seen)
}

/// How much something weighs for a reader: urgent things first, then severe ones.
pub(super) fn weight(statement: Statement, urgency: i32, severity: i32) -> u8 {
    let decides = matches!(statement, Statement::Decision | Statement::Bottleneck);
    // The highest urgency is "immediate"; of "past" and "future" none weighs more.
    let urgency = if urgency == 4 { 2 } else { u8::from(urgency == 3) };
    urgency * 16 + (severity.clamp(0, 4) as u8) * 2 + u8::from(decides)
}
