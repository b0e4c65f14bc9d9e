//! Answers what the public was told and when, and what the book of numbers and addresses holds.

use std::{collections::BTreeMap, sync::Arc};

use polder_picture::{
    attributes::timestamp,
    record::Id,
    team::{
        board::EntryRef,
        book::{Cited, ContactSaid, trouble},
        stages::{Stage, Step, stages, standing},
    },
};
use polder_wire::v1::{
    BookContact, CitedContact, ContactTrouble, ListContactsResponse, ListWarningsRequest,
    ListWarningsResponse, Mode, TimedWarning, WarningStage,
};
use prost_types::{Duration, Timestamp};

use super::{
    View,
    handover::last,
    history::{Earlier, history},
};
use crate::{
    node::Node, people::Caller, present, store::engine::EngineError, subscribe::SubscribeError,
};

const WARNINGS_MAX: usize = 200;
const STAGES_MAX: usize = 50;
const CONTACTS_MAX: usize = 500;
const RESTING_MAX: usize = 50;
const BYTES_MAX: usize = 1 << 20;

/// A line of the book: where it stands, and what it says now.
type Line = (EntryRef, Option<ContactSaid>);

/// Incidents whose lines are looked up, opened once for one reader.
pub(crate) struct Shelf<'a> {
    node: &'a Arc<Node>,
    caller: &'a Caller,
    known_at: Option<Timestamp>,
    mode: Mode,
    views: BTreeMap<String, Option<View>>,
}

impl<'a> Shelf<'a> {
    /// Of lines that warnings of one mode cite.
    pub(crate) fn new(
        node: &'a Arc<Node>,
        caller: &'a Caller,
        known_at: Option<Timestamp>,
        mode: Mode,
    ) -> Self {
        Self { node, caller, known_at, mode, views: BTreeMap::new() }
    }

    fn view(&mut self, incident: &str) -> Result<Option<&View>, EngineError> {
        if !self.views.contains_key(incident) {
            let name = format!("incidents/{incident}");
            let view = match View::open(self.node, self.caller, &name, self.known_at.as_ref()) {
                // What is practised with is never told in earnest.
                Ok(view) => Some(view).filter(|view| view.mode == self.mode),
                Err(SubscribeError::Refused(_)) => None,
                Err(SubscribeError::Store(error)) => return Err(error),
            };
            self.views.insert(incident.to_owned(), view);
        }
        Ok(self.views.get(incident).and_then(Option::as_ref))
    }

    /// A cited line as it is now, as far as the reader sees it: where, and what is wrong with it.
    pub(crate) fn look(
        &mut self,
        cited: &Cited,
    ) -> Result<(ContactTrouble, Option<Line>), EngineError> {
        let unknown = (ContactTrouble::Unknown, None);
        let Some(view) = self.view(&cited.incident)? else { return Ok(unknown) };
        view.ask(|board| {
            let Some(at) = board.of_id(cited.entry).find(|at| view.sees(at.scope)) else {
                return unknown;
            };
            let trouble = trouble(board, at, Some(cited.version), view.now_ms);
            let said = board.versions(at).last().and_then(|last| last.said.contact.as_deref());
            (trouble, Some((at, said.cloned())))
        })
    }

    fn shown(&mut self, incident: &str, at: EntryRef) -> Result<bytes::Bytes, EngineError> {
        let Some(view) = self.view(incident)? else { return Ok(bytes::Bytes::new()) };
        Ok(last(view, at)?.unwrap_or_default())
    }
}

/// Warnings with their stages, as far as a caller sees them.
pub(crate) fn warnings(
    view: &View,
    mut shelf: Shelf<'_>,
    request: &ListWarningsRequest,
) -> Result<ListWarningsResponse, EngineError> {
    let now_ms = view.now_ms;
    let current = view.ask(|board| {
        let seen = board.warnings().filter(|at| view.sees(at.scope));
        let one = |at: EntryRef| {
            let stands = standing(board.versions(at), now_ms).map(|(_, said)| said.clone());
            let said = board.versions(at).last().and_then(|last| last.said.warning.as_deref());
            (at, (stands.is_some(), said.map(|said| said.contacts.clone()).unwrap_or_default()))
        };
        seen.map(one).collect::<BTreeMap<_, _>>()
    })?;
    let entries = current.keys().map(|at| (at.scope, at.entry)).collect();
    let steps = history(view, &entries, true)?.into_iter().filter_map(step).collect();
    let mut found: Vec<(EntryRef, Vec<Stage>)> = stages(steps).into_iter().collect();
    let stands = |at: &EntryRef| current.get(at).is_some_and(|(stands, _)| *stands);
    found.retain(|(at, _)| !request.only_standing || stands(at));
    found.sort_by_key(|(at, of)| {
        let newest = of.last().map_or(0, |stage| stage.step.recorded_ms);
        (!stands(at), std::cmp::Reverse(newest), *at)
    });
    let mut answer = ListWarningsResponse::default();
    let mut bytes = 0;
    for (at, of) in &found {
        if answer.warnings.len() == WARNINGS_MAX || bytes > BYTES_MAX {
            break;
        }
        let entry = last(view, *at)?.unwrap_or_default();
        let cited = current.get(at).map(|(_, cited)| &cited[..]).unwrap_or_default();
        let mut contacts = Vec::new();
        for line in cited {
            contacts.push(tell_cited(&mut shelf, line)?);
        }
        bytes += entry.len() + contacts.iter().map(|one| one.entry.len()).sum::<usize>();
        bytes += 256 * of.len().min(STAGES_MAX);
        let late = of.len().saturating_sub(STAGES_MAX);
        let stages = of[late..].iter().map(|stage| tell_stage(view, stage)).collect();
        answer.warnings.push(TimedWarning { entry, standing: stands(at), stages, contacts });
    }
    answer.warnings_left_out = (found.len() - answer.warnings.len()) as i32;
    Ok(answer)
}

fn step(one: Earlier) -> Option<Step> {
    let said = *one.said.warning?;
    Some(Step {
        at: EntryRef { entry: one.entry, scope: one.scope },
        version: one.version,
        party: one.said.party,
        author: one.author,
        recorded_ms: one.said.recorded_ms,
        said,
    })
}

fn tell_stage(view: &View, stage: &Stage) -> WarningStage {
    let step = &stage.step;
    let after = stage.after_ms.map(|ms| Duration {
        seconds: ms.div_euclid(1_000),
        nanos: ms.rem_euclid(1_000) as i32 * 1_000_000,
    });
    WarningStage {
        state: step.said.state.into(),
        version: present::version(Id(step.version.feed), step.version.sequence),
        entry: present::entry_name(&view.incident, step.at.entry),
        party: format!("parties/{}", step.party),
        author: step.author.clone(),
        recorded_time: Some(timestamp(step.recorded_ms)),
        after,
        drafted_by: stage.drafted_by.clone(),
        unchecked_reason: step.said.unchecked_reason.clone(),
    }
}

fn tell_cited(shelf: &mut Shelf<'_>, cited: &Cited) -> Result<CitedContact, EngineError> {
    let (trouble, found) = shelf.look(cited)?;
    let entry = match found {
        Some((at, _)) => shelf.shown(&cited.incident, at)?,
        None => bytes::Bytes::new(),
    };
    Ok(CitedContact { contact: cited_name(cited), trouble: trouble.into(), entry })
}

/// The name by which a warning cites a line.
pub(crate) fn cited_name(cited: &Cited) -> String {
    let entry = present::entry_name(&cited.incident, cited.entry);
    format!("{entry}/versions/{}", cited.version)
}

/// The book of one incident, as far as a caller sees it.
pub(crate) fn contacts(view: &View) -> Result<ListContactsResponse, EngineError> {
    let now_ms = view.now_ms;
    let found = view.ask(|board| {
        // Warnings that stand, by the lines that they cite.
        let mut resting: BTreeMap<_, Vec<(EntryRef, bool)>> = BTreeMap::new();
        for at in board.warnings().filter(|at| view.sees(at.scope)) {
            let Some((_, said)) = standing(board.versions(at), now_ms) else { continue };
            for cited in said.contacts.iter().filter(|cited| cited.incident == view.incident) {
                let held = board.of_id(cited.entry).find(|at| view.sees(at.scope));
                let newest = held.and_then(|at| board.versions(at).last()).map(|last| last.id);
                let outdated = newest != Some(cited.version);
                resting.entry(cited.entry).or_default().push((at, outdated));
            }
        }
        let mut lines = Vec::new();
        for at in board.book().filter(|at| view.sees(at.scope)) {
            let trouble = trouble(board, at, None, now_ms);
            let resting = resting.get(&at.entry).cloned().unwrap_or_default();
            if trouble == ContactTrouble::Withdrawn && resting.is_empty() {
                continue;
            }
            let said = board.versions(at).last().and_then(|last| last.said.contact.as_deref());
            let name = said.map(|said| said.name.to_lowercase()).unwrap_or_default();
            lines.push((name, at, trouble, resting));
        }
        lines
    })?;
    let mut found = found;
    found.sort_by(|(one, at, ..), (other, other_at, ..)| (one, at).cmp(&(other, other_at)));
    let mut answer = ListContactsResponse::default();
    let mut bytes = 0;
    for (_, at, trouble, resting) in &found {
        if answer.contacts.len() == CONTACTS_MAX || bytes > BYTES_MAX {
            break;
        }
        let entry = last(view, *at)?.unwrap_or_default();
        let named = |only_outdated: bool| {
            let of = resting.iter().filter(move |(_, outdated)| *outdated || !only_outdated);
            let of = of.map(|(at, _)| present::entry_name(&view.incident, at.entry));
            of.take(RESTING_MAX).collect::<Vec<_>>()
        };
        let (warnings, outdated_warnings) = (named(false), named(true));
        bytes += entry.len() + 100 * warnings.len();
        let trouble = (*trouble).into();
        answer.contacts.push(BookContact { entry, trouble, warnings, outdated_warnings });
    }
    answer.contacts_left_out = (found.len() - answer.contacts.len()) as i32;
    Ok(answer)
}
