//! Answers which figures passed a threshold, over all open incidents of one mode.

use std::{
    collections::{BTreeSet, HashSet},
    sync::Arc,
};

use bytes::Bytes;
use polder_picture::{
    attributes::timestamp,
    check::Checker,
    names::{PartyName, VersionId},
    refusal::Refusal,
    team::{
        board::EntryRef,
        signals::{
            Signal as Found, State, Told, Watch, add_told, signals as find, told, unheard, watches,
        },
        subject::Stance,
    },
};
use polder_wire::v1::{
    DisputedSubject, IncidentState, ListSignalsRequest, ListSignalsResponse, Mode, Signal,
    SignalState,
};

use super::{View, history::history};
use crate::{
    node::Node,
    people::{Caller, rights::Right},
    store::engine::EngineError,
    subscribe::SubscribeError,
};

const INCIDENTS_MAX: usize = 100;
const SIGNALS_MAX: usize = 200;
const UNHEARD_MAX: usize = 50;
const BYTES_MAX: usize = 1 << 20;

/// Signals as far as a caller sees them, and the incidents that were looked at.
pub(crate) fn signals(
    node: &Arc<Node>,
    caller: &Caller,
    request: &ListSignalsRequest,
) -> Result<(ListSignalsResponse, Vec<String>), SubscribeError> {
    let mut check = Checker::new("");
    check.enumeration::<Mode>("mode", request.mode, false);
    check.name("region", &request.region, false, PartyName::parse, "parties/{party}");
    check.finish()?;
    let open = |name: &str| View::open(node, caller, name, request.known_at.as_ref());
    let only = match &request.incident[..] {
        "" => None,
        name => Some(open(name)?),
    };
    let mode = match (only.as_ref().map(|view| view.mode), request.mode()) {
        (None, Mode::Unspecified) => Mode::Actual,
        (None, mode) => mode,
        (Some(own), asked) if asked == Mode::Unspecified || asked == own => own,
        (Some(_), _) => {
            let sentence = "is not the mode of the incident";
            return Err(Refusal::field("mode", "MODE_DIFFERS", sentence).into());
        }
    };
    let names = incidents(node, caller, mode);
    let left_out = names.len().saturating_sub(INCIDENTS_MAX);
    let only_name = only.as_ref().map(|view| view.incident.clone());
    let mut views: Vec<View> = only.into_iter().collect();
    for name in names.iter().take(INCIDENTS_MAX) {
        if Some(name) != only_name.as_ref() {
            views.push(open(&format!("incidents/{name}"))?);
        }
    }
    // An incident may have got another mode's name meanwhile.
    views.retain(|view| view.mode == mode);
    let looked = views.iter().map(|view| format!("incidents/{}", view.incident)).collect();
    let all = All { views, mode, only: only_name };
    Ok((
        ListSignalsResponse { incidents_left_out: left_out as i32, ..all.answer(request)? },
        looked,
    ))
}

/// Open incidents of a mode that a caller may read, by id.
fn incidents(node: &Node, caller: &Caller, mode: Mode) -> BTreeSet<String> {
    let picture = node.picture.read();
    let names: HashSet<&str> = picture.scopes().iter().map(|one| &one.incident[..]).collect();
    let reads = |name: &&str| {
        let Some(scope) = picture.incident(name).map(|scope| picture.root(scope)) else {
            return false;
        };
        let of = picture.scope(scope);
        let open = of.state() != Some(IncidentState::Closed) && of.archived.is_none();
        of.mode == mode && open && caller.require_in(Right::Read, &picture, scope).is_ok()
    };
    names.into_iter().filter(reads).map(str::to_owned).collect()
}

/// The incidents that are looked at.
struct All {
    views: Vec<View>,
    mode: Mode,
    /// Only figures of this one count.
    only: Option<String>,
}

impl All {
    fn answer(&self, request: &ListSignalsRequest) -> Result<ListSignalsResponse, EngineError> {
        let now_ms = self.views.iter().map(|view| view.now_ms).max().unwrap_or_default();
        let region = request.region.trim_start_matches("parties/");
        let mut watching = Vec::new();
        for view in &self.views {
            let of = view.ask(|board| watches(board, self.mode, now_ms, |id| view.sees(id)))?;
            watching.extend(
                of.into_iter().filter(|one| region.is_empty() || one.limit.region == region),
            );
        }
        let told = self.told(&watching)?;
        let mut found = find(&watching, &told, now_ms);
        if request.only_raised {
            found.retain(|one| one.state != State::Over);
        }
        let mut answer = ListSignalsResponse {
            threshold_count: watching.len() as i32,
            known_at: Some(timestamp(now_ms)),
            ..ListSignalsResponse::default()
        };
        let mut bytes = 0;
        for one in &found {
            if answer.signals.len() == SIGNALS_MAX || bytes > BYTES_MAX {
                break;
            }
            let Some(signal) = self.tell(&watching[one.watch], one)? else { continue };
            bytes += signal.threshold.len() + signal.entry.len();
            answer.signals.push(signal);
        }
        answer.signals_left_out = (found.len() - answer.signals.len()) as i32;
        let silent = unheard(&watching, &told);
        for index in silent.iter().take(UNHEARD_MAX) {
            let watch = &watching[*index];
            answer.unheard.extend(self.shown(watch.at, watch.version)?);
        }
        answer.unheard_left_out = (silent.len() - answer.unheard.len()) as i32;
        Ok(answer)
    }

    /// Every figure that is watched, with those that it replaced.
    fn told(&self, watching: &[Watch]) -> Result<Vec<Told>, EngineError> {
        let mut all = Vec::new();
        if watching.is_empty() {
            return Ok(all);
        }
        let counts = |view: &&View| self.only.as_ref().is_none_or(|only| *only == view.incident);
        for view in self.views.iter().filter(counts) {
            let now = view.ask(|board| told(board, self.mode, watching, |id| view.sees(id)))?;
            if now.is_empty() {
                continue;
            }
            let current: HashSet<_> = now.iter().map(|one| (one.at, one.version)).collect();
            let entries = now.iter().map(|one| (one.at.scope, one.at.entry)).collect();
            all.extend(now);
            for one in history(view, &entries, false)? {
                let (at, version) = (EntryRef { entry: one.entry, scope: one.scope }, one.version);
                if !current.contains(&(at, version)) {
                    add_told(&mut all, self.mode, (at, version, false), &one.said, watching);
                }
            }
        }
        Ok(all)
    }

    fn tell(&self, watch: &Watch, found: &Found) -> Result<Option<Signal>, EngineError> {
        let threshold = self.shown(watch.at, watch.version)?;
        let entry = self.shown(found.told.at, found.told.version)?;
        let Some((threshold, entry)) = threshold.zip(entry) else { return Ok(None) };
        let subject = &found.told.claim.subject;
        let state = match found.state {
            State::Passed => SignalState::Passed,
            State::Expected => SignalState::Expected,
            State::Over => SignalState::Over,
        };
        Ok(Some(Signal {
            threshold,
            entry,
            subject: Some(DisputedSubject {
                aspect: subject.aspect.to_owned(),
                detail: subject.detail.clone(),
                place: found.told.claim.named.clone(),
                expected: subject.stance == Stance::Expected,
            }),
            state: state.into(),
            value: found.value,
            beyond: found.beyond,
            since_time: Some(timestamp(found.since_ms)),
            over_time: found.over_ms.map(timestamp),
            expected_time: found.expected_ms.map(timestamp),
            stale: found.stale,
            disputed: found.disputed,
        }))
    }

    /// A version that is current, as it is shown.
    fn shown(&self, at: EntryRef, version: VersionId) -> Result<Option<Bytes>, EngineError> {
        let Some(view) = self.views.iter().find(|view| view.sees(at.scope)) else {
            return Ok(None);
        };
        view.version(at, version)
    }
}
