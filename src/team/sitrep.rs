//! Compiles sitreps, checks what they cite, and lists them.

use std::collections::{BTreeSet, HashSet};

use polder_picture::{
    attributes::timestamp,
    entry::summary_line,
    names::{PartyName, VersionName},
    record::Id,
    refusal::Refusal,
    team::{board::EntryRef, said::Said, sitrep::draft as find},
};
use polder_wire::v1::{
    DraftSitrepRequest, Entry, EntryView, ListSitrepsRequest, ListSitrepsResponse, Sitrep,
    SitrepLine, SitrepSection, VerificationState,
};
use prost::Message as _;

use super::{View, handover::last};
use crate::{store::engine::EngineError, subscribe::SubscribeError};

/// Lines of a whole draft: with their texts they fit in an entry.
const LINES_MAX: usize = 200;
const SITREPS_MAX: usize = 50;
const BYTES_MAX: usize = 2 << 20;
/// Characters of a line.
const LINE_MAX: usize = 500;

/// Compiles a sitrep from what an audience may see.
pub(crate) fn draft(view: &View, request: &DraftSitrepRequest) -> Result<Sitrep, SubscribeError> {
    let scopes = view.readable(&request.audience)?;
    let mut parties = BTreeSet::new();
    for (at, name) in request.parties.iter().enumerate().take(64) {
        let field = || format!("parties[{at}]");
        let parsed = PartyName::parse(name);
        let wrong = || Refusal::field(field(), "MALFORMED_NAME", "must be parties/{party}");
        parties.insert(parsed.ok_or_else(wrong)?.id().to_owned());
    }
    if request.parties.len() > 64 {
        return Err(Refusal::field("parties", "TOO_MANY", "at most 64 are allowed").into());
    }
    let wanted = |said: &Said| {
        (parties.is_empty() || parties.contains(&said.party))
            && (request.disciplines.is_empty() || request.disciplines.contains(&said.discipline))
    };
    let themes =
        view.ask(|board| find(board, view.now_ms, wanted, |scope| scopes.contains(&scope)))?;
    let mut sections = Vec::new();
    let mut room = LINES_MAX;
    for theme in themes {
        let mut section = SitrepSection {
            theme: theme.theme.into(),
            stale_left_out: theme.stale_left_out as i32,
            left_out: theme.left_out as i32,
            ..SitrepSection::default()
        };
        for (listed, at) in theme.entries.iter().enumerate() {
            let lines = lines(view, *at)?;
            if section.lines.len() + lines.len() > 100 || lines.len() > room {
                section.left_out += (theme.entries.len() - listed) as i32;
                break;
            }
            room -= lines.len();
            section.lines.extend(lines);
        }
        sections.push(section);
    }
    let known_at = Some(timestamp(view.now_ms));
    Ok(Sitrep { known_at, scalings: view.scalings()?, sections, ..Sitrep::default() })
}

/// A line for each current version of an entry.
fn lines(view: &View, at: EntryRef) -> Result<Vec<SitrepLine>, EngineError> {
    let mut lines = Vec::new();
    for (_, versions) in view.entries(&[at], EntryView::Full)? {
        for (_, bytes) in versions {
            let Ok(entry) = Entry::decode(bytes) else { continue };
            if !entry.retracted && !entry.party.is_empty() {
                lines.push(line(view, &entry));
            }
        }
    }
    Ok(lines)
}

fn line(view: &View, entry: &Entry) -> SitrepLine {
    let text = |language: &str| {
        let said = summary_line(entry, language);
        let place = if entry.place.is_empty() || said.contains(&entry.place) {
            String::new()
        } else {
            format!("{}: ", entry.place)
        };
        format!("{place}{said}").chars().take(LINE_MAX).collect()
    };
    let times = entry.times.as_ref().and_then(|times| times.observed);
    let state = entry.assessment.as_ref().and_then(|a| a.verification.as_ref());
    let state = state.map(|verification| verification.state()).unwrap_or_default();
    let expire = entry.expire_time.as_ref().map(polder_picture::attributes::millis);
    SitrepLine {
        version: format!("{}/versions/{}", entry.name, entry.version),
        dutch: text("nl"),
        english: text("en"),
        party: entry.party.clone(),
        observed: times.or(entry.recorded_time),
        unverified: state != VerificationState::Verified,
        stale: expire.is_some_and(|expire| expire <= view.now_ms),
    }
}

/// Checks that a sitrep cites nothing but what is held here and may be read by its audience.
pub(crate) fn check_cited(
    view: &View,
    sitrep: &Sitrep,
    audience: &str,
) -> Result<(), SubscribeError> {
    let scopes: HashSet<Id> = view.readable(audience)?;
    for (s, section) in sitrep.sections.iter().enumerate() {
        for (l, line) in section.lines.iter().enumerate() {
            let known = VersionName::parse(&line.version).filter(|name| {
                name.entry.incident.id() == view.incident
                    && view.holds(name.entry.entry, name.version, &scopes)
            });
            if known.is_none() {
                let field = format!("sitrep.sections[{s}].lines[{l}].version");
                let sentence =
                    "names a version that this node does not hold, or the audience may not see";
                return Err(Refusal::field(field, "VERSION_UNKNOWN", sentence).into());
            }
        }
    }
    Ok(())
}

/// The next number of a team, and version 1.
pub(crate) fn next_number(view: &View, team: &str) -> Result<i32, EngineError> {
    view.ask(|board| {
        let versions = board.sitreps().flat_map(|at| board.versions(at));
        let of_team = versions.filter_map(|version| version.said.sitrep.as_ref());
        let last = of_team.filter(|(of, ..)| of == team).map(|(_, number, _)| *number).max();
        last.unwrap_or(0) + 1
    })
}

/// Sitreps that were not recalled, the last one issued first.
pub(crate) fn sitreps(
    view: &View,
    request: &ListSitrepsRequest,
) -> Result<ListSitrepsResponse, EngineError> {
    let found = view.ask(|board| {
        let mut found = Vec::new();
        for at in board.sitreps().filter(|at| view.sees(at.scope)) {
            let last = board.versions(at).last();
            let Some((team, number, _)) = last.and_then(|one| one.said.sitrep.as_ref()) else {
                continue;
            };
            let recorded_ms = last.map_or(0, |one| one.said.recorded_ms);
            if request.team.is_empty() || *team == request.team {
                found.push((std::cmp::Reverse(recorded_ms), std::cmp::Reverse(*number), at));
            }
        }
        found.sort_unstable();
        found
    })?;
    let mut answer = ListSitrepsResponse::default();
    let mut bytes = 0;
    for (.., at) in &found {
        if answer.sitreps.len() == SITREPS_MAX || bytes > BYTES_MAX {
            break;
        }
        let Some(entry) = last(view, *at)? else { continue };
        bytes += entry.len();
        answer.sitreps.push(entry);
    }
    answer.sitreps_left_out = (found.len() - answer.sitreps.len()) as i32;
    Ok(answer)
}
