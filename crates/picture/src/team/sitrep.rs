//! Which entries a sitrep lists, and under which theme. Each entry stands under one theme, so that
//! nothing is counted twice: what contradicts first, then what is open, decided, and the rest by
//! section.

use std::{cmp::Reverse, collections::BTreeSet};

use polder_wire::v1::{Section, SitrepTheme};

use super::{
    board::{Board, EntryRef, Version},
    contradictions::contradictions,
    said::Said,
};
use crate::record::Id;

/// Entries of one theme.
const ENTRIES_MAX: usize = 35;
/// Decisions are listed for so long.
const DECIDED_MS: i64 = 24 * 3_600_000;

/// What a sitrep lists under one theme.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Theme {
    /// Which.
    pub theme: SitrepTheme,
    /// The heaviest first.
    pub entries: Vec<EntryRef>,
    /// Entries that are not listed because they are stale.
    pub stale_left_out: usize,
    /// Entries that are not listed for their number, or decisions for their age.
    pub left_out: usize,
}

/// Puts what is wanted of the picture under themes, in their order.
pub fn draft(
    board: &Board,
    now_ms: i64,
    wanted: impl Fn(&Said) -> bool,
    seen: impl Fn(Id) -> bool,
) -> Vec<Theme> {
    use SitrepTheme::{Contradictions, Decisions, Incident, Open, Outlook, Response};
    let order = [Incident, Response, Outlook, Decisions, Open, Contradictions];
    let mut themes =
        order.map(|theme| Theme { theme, entries: Vec::new(), stale_left_out: 0, left_out: 0 });
    let mut contradicting = BTreeSet::new();
    for one in contradictions(board, now_ms, &seen) {
        // What is stale altogether contradicts nothing that still counts.
        if one.decided_by.is_empty() && !one.stale {
            let wants = |at: &EntryRef| board.versions(*at).iter().any(|v| wanted(&v.said));
            if one.entries.iter().any(wants) {
                themes[5].entries.extend(&one.entries);
                contradicting.extend(one.entries);
            }
        }
    }
    let met = board.help(&seen).over(now_ms);
    let mut ranked: [Vec<(Rank, EntryRef)>; 5] = Default::default();
    for (at, versions) in board.entries().filter(|(at, _)| seen(at.scope)) {
        let Some(version) = versions.last() else { continue };
        if contradicting.contains(&at) || !lists(version) || !wanted(&version.said) {
            continue;
        }
        let said = &version.said;
        let closed = met.contains(&at.entry) || board.is_answered(at.entry, &seen);
        let open = said.matter.is_some() && !closed;
        let place = match (open, said.taken, said.section) {
            (true, ..) => 4,
            (_, true, _) => 3,
            (.., Section::Incident) => 0,
            (.., Section::Response) => 1,
            (.., Section::Outlook) => 2,
            (.., Section::Unspecified) => continue,
        };
        if said.taken && !open && now_ms - said.when_ms > DECIDED_MS {
            themes[3].left_out += 1;
        } else if said.is_stale(now_ms) && !open {
            themes[place].stale_left_out += 1;
        } else {
            ranked[place].push(((Reverse(said.weight), Reverse(said.when_ms)), at));
        }
    }
    for (theme, mut ranked) in themes.iter_mut().zip(ranked) {
        ranked.sort_unstable();
        theme.left_out += ranked.len().saturating_sub(ENTRIES_MAX);
        theme.entries = ranked.into_iter().take(ENTRIES_MAX).map(|(_, at)| at).collect();
    }
    themes[5].left_out = themes[5].entries.len().saturating_sub(ENTRIES_MAX);
    themes[5].entries.truncate(ENTRIES_MAX);
    themes.into()
}

type Rank = (Reverse<u8>, Reverse<i64>);

/// Sitreps and acknowledgements are no part of what a sitrep tells.
fn lists(version: &Version) -> bool {
    let said = &version.said;
    !said.retracted && said.acknowledges.is_empty() && said.sitrep.is_none()
}
