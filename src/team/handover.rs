//! Answers what the next shift must know, and what is missing from the picture.

use std::collections::BTreeSet;

use polder_picture::{
    attributes::{millis, timestamp},
    check::Checker,
    refusal::Refusal,
    team::{
        board::EntryRef,
        handover::{Line, gaps as find_gaps, handover as find},
        tally::Filled,
    },
};
use polder_wire::v1::{
    EntryView, GetHandoverRequest, GetHandoverResponse, HandoverCounts, HandoverLine,
    ListGapsRequest, ListGapsResponse, PartyState,
};

use super::{View, contradictions::tell, situation::section_state};
use crate::store::engine::EngineError;

const LINES_MAX: usize = 100;
/// All lists together.
const BYTES_MAX: usize = 2 << 20;
const PARTIES_MAX: usize = 1_000;
const SILENT_USUAL_MS: i64 = 6 * 3_600_000;
const SILENT_MAX_S: i64 = 30 * 86_400;

/// Reads since when a shift lasts.
pub(crate) fn check_since(request: &GetHandoverRequest) -> Result<i64, Refusal> {
    let mut check = Checker::new("");
    check.time("since", request.since.as_ref());
    if request.since.is_none() {
        check.wrong("since", "REQUIRED", "is required");
    }
    check.finish()?;
    Ok(request.since.as_ref().map_or(0, millis))
}

/// What the next shift must know.
pub(crate) fn handover(view: &View, since_ms: i64) -> Result<GetHandoverResponse, EngineError> {
    let (found, silent) = view.ask(|board| {
        let found = find(board, since_ms, view.now_ms, |scope| view.sees(scope));
        (found, find_gaps(board, view.now_ms, |scope| view.sees(scope)))
    })?;
    let mut answer = GetHandoverResponse::default();
    let mut left_out = HandoverCounts::default();
    let mut room = BYTES_MAX;
    for one in found.contradictions.iter().take(LINES_MAX) {
        if room == 0 {
            break;
        }
        let told = tell(view, one)?;
        room = room.saturating_sub(told.versions.iter().map(bytes::Bytes::len).sum());
        answer.contradictions.push(told);
    }
    left_out.contradictions = left(found.contradictions.len(), answer.contradictions.len());
    for (lines, told, left_out) in [
        (&found.overdue, &mut answer.overdue, &mut left_out.overdue),
        (&found.open, &mut answer.open, &mut left_out.open),
        (&found.decided, &mut answer.decided, &mut left_out.decided),
        (&found.expected, &mut answer.expected, &mut left_out.expected),
        (&found.changed, &mut answer.changed, &mut left_out.changed),
    ] {
        *told = tell_lines(view, lines, &mut room)?;
        *left_out = left(lines.len(), told.len());
    }
    let mut parties = party_states(view, &silent.parties, view.now_ms - since_ms)?;
    parties.retain(|party| party.silent);
    left_out.silent = left(parties.len(), parties.len().min(LINES_MAX));
    parties.truncate(LINES_MAX);
    answer.silent = parties;
    answer.left_out = Some(left_out);
    Ok(answer)
}

fn left(all: usize, told: usize) -> i32 {
    (all - told) as i32
}

fn tell_lines(
    view: &View,
    lines: &[Line],
    room: &mut usize,
) -> Result<Vec<HandoverLine>, EngineError> {
    let mut told = Vec::new();
    for line in lines.iter().take(LINES_MAX) {
        if *room == 0 {
            break;
        }
        let Some(entry) = last(view, line.at)? else { continue };
        *room = room.saturating_sub(entry.len());
        let (sort, time) = (line.sort.into(), line.time_ms.map(timestamp));
        told.push(HandoverLine { entry, sort, time });
    }
    Ok(told)
}

/// The version of an entry that was recorded last.
pub(super) fn last(view: &View, at: EntryRef) -> Result<Option<bytes::Bytes>, EngineError> {
    let read = view.entries(&[at], EntryView::Full)?;
    Ok(read.into_iter().flat_map(|(_, versions)| versions).last().map(|(_, bytes)| bytes))
}

/// Who is silent, and what nobody has filled.
pub(crate) fn gaps(
    view: &View,
    request: &ListGapsRequest,
) -> Result<ListGapsResponse, crate::subscribe::SubscribeError> {
    let silent_ms = match &request.silent_after {
        None => SILENT_USUAL_MS,
        Some(after) if (1..=SILENT_MAX_S).contains(&after.seconds) => after.seconds * 1000,
        Some(_) => {
            let sentence = "must be 1 second to 30 days";
            return Err(Refusal::field("silent_after", "OUT_OF_RANGE", sentence).into());
        }
    };
    let found = view.ask(|board| find_gaps(board, view.now_ms, |scope| view.sees(scope)))?;
    let data = view.data()?;
    let sections = found.sections.iter().map(|state| section_state(&data, state));
    let mut parties = party_states(view, &found.parties, silent_ms)?;
    let parties_left_out = left(parties.len(), parties.len().min(PARTIES_MAX));
    parties.truncate(PARTIES_MAX);
    Ok(ListGapsResponse { sections: sections.collect(), parties, parties_left_out })
}

/// Parties that spoke and those that should: those that never did first, then the longest silent.
fn party_states(
    view: &View,
    spoke: &std::collections::BTreeMap<String, Filled>,
    silent_ms: i64,
) -> Result<Vec<PartyState>, EngineError> {
    let all: BTreeSet<_> = spoke.keys().cloned().chain(view.expected_parties()?).collect();
    let state = |party: String| {
        let filled = spoke.get(&party).copied().unwrap_or_default();
        PartyState {
            silent: filled.last_ms.is_none_or(|last| view.now_ms - last >= silent_ms),
            party: format!("parties/{party}"),
            last_time: filled.last_ms.map(timestamp),
            entry_count: filled.entries as i32,
            stale_count: filled.stale as i32,
        }
    };
    let mut states: Vec<_> = all.into_iter().map(state).collect();
    // By the minute, as it is read: of those who spoke in one, the name decides.
    let minute = |state: &PartyState| state.last_time.as_ref().map(|at| millis(at) / 60_000);
    states.sort_by_key(|state| (minute(state), state.party.clone()));
    Ok(states)
}
