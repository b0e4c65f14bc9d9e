//! Answers the situation picture of a team, and what one reader should see first.

use std::collections::{BTreeMap, BTreeSet};

use polder_picture::{
    attributes::timestamp,
    check::Checker,
    names::PartyName,
    record::Id,
    refusal::Refusal,
    team::{
        digest::{Reader, digest as find_digest},
        handover::{gaps as find_gaps, overdue},
        said::Said,
        situation::{Line, open_contradictions, situation as find},
        tally::{Filled, SECTIONS},
    },
};
use polder_wire::v1::{
    DigestLine, Discipline, GetDigestRequest, GetDigestResponse, GetSituationRequest,
    GetSituationResponse, HeldBack, Incident, Section, SectionPicture, SectionState,
    SituationCounts, SituationLine,
};

use super::{View, handover::last, nation::Regions};
use crate::{store::engine::EngineError, subscribe::SubscribeError};

/// All lines together.
const BYTES_MAX: usize = 2 << 20;

/// How many lines somebody wants.
pub(super) fn lines_wanted(lines: i32, usual: usize, max: usize) -> Result<usize, Refusal> {
    match lines {
        ..0 => Err(Refusal::field("lines", "OUT_OF_RANGE", "must not be negative")),
        0 => Ok(usual),
        _ => Ok((lines as usize).min(max)),
    }
}

/// A section, with whose it is.
pub(super) fn section_state(
    incident: &Incident,
    (section, filled): &(Section, Filled),
) -> SectionState {
    let owner = incident.owners.iter().find(|owner| owner.section() == *section);
    SectionState {
        section: (*section).into(),
        entry_count: filled.entries as i32,
        stale_count: filled.stale as i32,
        last_time: filled.last_ms.map(timestamp),
        owner: owner.cloned(),
    }
}

/// The situation picture of an incident.
pub(crate) fn situation(
    view: &View,
    request: &GetSituationRequest,
    regions: &Regions,
) -> Result<GetSituationResponse, SubscribeError> {
    let wanted_lines = lines_wanted(request.lines, 12, 100)?;
    let mut check = Checker::new("");
    let mut parties = BTreeSet::new();
    check.each("parties", &request.parties, 0..=64, |check, name| match PartyName::parse(name) {
        Some(party) => drop(parties.insert(party.id().to_owned())),
        None => check.wrong("", "MALFORMED_NAME", "must be parties/{party}"),
    });
    check.enumerations::<Discipline>("disciplines", &request.disciplines, 64);
    check.finish()?;
    let wanted = |said: &Said| {
        (parties.is_empty() || parties.contains(&said.party))
            && (request.disciplines.is_empty() || request.disciplines.contains(&said.discipline))
    };
    let seen = |scope: Id| view.sees(scope);
    let (open, found, gaps, late) = view.ask(|board| {
        let (open, contradicting) = open_contradictions(board, view.now_ms, seen);
        let found = find(board, view.now_ms, &contradicting, wanted_lines, wanted, seen);
        let late = overdue(board, view.now_ms, seen);
        (open, found, find_gaps(board, view.now_ms, seen), late)
    })?;
    let data = view.data()?;
    let steps = view.steps()?;
    let mut answer = GetSituationResponse {
        phase: data.phase,
        scalings: data.scalings.clone(),
        grip_rijk: data.grip_rijk,
        clocks: view.clocks(&steps)?,
        ..GetSituationResponse::default()
    };
    let mut room = BYTES_MAX;
    for ((listed, section), state) in found.iter().zip(SECTIONS).zip(&gaps.sections) {
        debug_assert_eq!(section, state.0);
        let lines = tell_lines(view, &listed.entries, wanted_lines, regions, &mut room)?;
        answer.sections.push(SectionPicture {
            state: Some(section_state(&data, state)),
            left_out: (listed.count - lines.len()) as i32,
            stale_left_out: listed.stale_left_out as i32,
            lines,
        });
    }
    let spoke = |party: &&String| !gaps.parties.contains_key(*party);
    let silent: BTreeSet<String> = view.expected_parties()?.into_iter().collect();
    answer.counts = Some(SituationCounts {
        open_contradictions: open as i32,
        overdue: late as i32,
        parties_without_word: silent.iter().filter(spoke).count() as i32,
    });
    Ok(answer)
}

/// Lines as they are told, while there is room.
pub(super) fn tell_lines(
    view: &View,
    lines: &[Line],
    wanted: usize,
    regions: &Regions,
    room: &mut usize,
) -> Result<Vec<SituationLine>, EngineError> {
    let mut told = Vec::new();
    for line in lines.iter().take(wanted) {
        if *room == 0 {
            break;
        }
        let Some(entry) = last(view, line.at)? else { continue };
        *room = room.saturating_sub(entry.len());
        let region = view.ask(|board| {
            board.versions(line.at).last().map(|version| regions.of(view.node(), version))
        })?;
        told.push(SituationLine {
            entry,
            contradicts: line.contradicts,
            region: region.map(|region| format!("parties/{region}")).unwrap_or_default(),
            incident: format!("incidents/{}", view.incident),
        });
    }
    Ok(told)
}

/// What one reader should see first.
pub(crate) fn digest(
    view: &View,
    request: &GetDigestRequest,
) -> Result<GetDigestResponse, SubscribeError> {
    let wanted = lines_wanted(request.lines, 20, 200)?;
    let mut check = Checker::new("");
    check.name("party", &request.party, false, PartyName::parse, "parties/{party}");
    check.enumeration::<Discipline>("discipline", request.discipline, false);
    check.time("since", request.since.as_ref());
    check.finish()?;
    let reader = Reader {
        party: request.party.trim_start_matches("parties/").to_owned(),
        discipline: request.discipline,
        since_ms: request.since.as_ref().map_or(0, polder_picture::attributes::millis),
    };
    let found =
        view.ask(|board| find_digest(board, &reader, view.now_ms, wanted, |at| view.sees(at)))?;
    let mut answer = GetDigestResponse::default();
    let mut room = BYTES_MAX;
    let mut held: BTreeMap<(i32, i32), i32> = BTreeMap::new();
    for line in found {
        if answer.lines.len() < wanted && room > 0 {
            let Some(entry) = last(view, line.at)? else { continue };
            room = room.saturating_sub(entry.len());
            let (reason, due_time) = (line.reason.into(), line.due_ms.map(timestamp));
            answer.lines.push(DigestLine { reason, entry, due_time });
        } else {
            *held.entry((line.reason.into(), line.discipline)).or_default() += 1;
        }
    }
    let held = held.into_iter();
    answer.held_back =
        held.map(|((reason, discipline), count)| HeldBack { reason, discipline, count }).collect();
    Ok(answer)
}
