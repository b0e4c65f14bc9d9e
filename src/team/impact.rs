//! Answers what fails next, what comes back and whom that hits, and puts scenarios side by side.

use std::collections::{BTreeSet, HashMap};

use bytes::Bytes;
use polder_picture::{
    attributes::{millis, timestamp},
    check::Checker,
    entry::{check_geometry, is_surface},
    impact::{
        Ask, Danger as FoundDanger, Effect as FoundEffect, Exposure as FoundExposure, Impact,
        RepairIf as AskedRepair, Return as FoundReturn, Step, Supposed, WhatIf as AskedWhatIf,
        impact as find,
        said::Ground,
        scenarios::{Column, Comparison, compare},
    },
    names::EntryName,
    refusal::{Class, Refusal},
    team::subject::{places, plain},
};
use polder_wire::v1::{
    CompareScenariosRequest, CompareScenariosResponse, ComparedCriterion, ComparedScenario, Danger,
    Effect, EntryView, Exposure, GetImpactRequest, GetImpactResponse, ImpactStep, ImpactTotals,
    Return, ScenarioComparison, VitalService, WhatIf,
};
use uuid::Uuid;

use super::View;
use crate::{present, store::engine::EngineError, subscribe::SubscribeError};

/// Effects, and exposures.
const LISTED_MAX: usize = 500;
const DANGERS_MAX: usize = 16;
const WAITS_MAX: usize = 16;
/// Lines of which the entries are read together.
const READ_MAX: usize = 64;
const COMPARISONS_MAX: usize = 50;
const COLUMNS_MAX: usize = 24;
const BYTES_MAX: usize = 2 << 20;
const ENTRY: &str = "incidents/{incident}/entries/{entry}";

/// Reads what is asked, apart from the incident. A supposition begins at `now_ms` unless it says when.
fn read(request: &GetImpactRequest, now_ms: i64) -> Result<Ask, Refusal> {
    let mut check = Checker::new("");
    check.name("outage", &request.outage, false, EntryName::parse, ENTRY);
    if !request.outage.is_empty() && request.what_if.is_some() {
        check.wrong("what_if", "NOT_ALLOWED", "must be empty with `outage`");
    }
    if let Some(what_if) = &request.what_if {
        check.within("what_if", |check| check_what_if(what_if, now_ms, check));
    }
    if let Some(repair) = &request.repair_if {
        if request.what_if.is_some() {
            check.wrong("repair_if", "NOT_ALLOWED", "must be empty with `what_if`");
        }
        check.within("repair_if", |check| {
            check.name("entry", &repair.entry, true, EntryName::parse, ENTRY);
            check.time("time", repair.time.as_ref());
        });
    }
    check.finish()?;
    let entry = |name: &str| EntryName::parse(name).map(|name| name.entry);
    let what_if = request.what_if.as_ref().map(|what_if| AskedWhatIf {
        what: match entry(&what_if.facility) {
            Some(facility) => Supposed::Facility(facility),
            None => {
                let named = places(&what_if.place);
                let places = named.iter().map(|place| plain(place)).collect();
                let ground = Ground { shape: what_if.area.clone(), places };
                Supposed::Service(what_if.service(), ground)
            }
        },
        start_ms: what_if.start_time.as_ref().map_or(now_ms, millis),
        repair_ms: what_if.repair_time.as_ref().map(millis),
    });
    let repair_if = request.repair_if.as_ref().and_then(|repair| {
        let ms = repair.time.as_ref().map_or(now_ms, millis);
        Some(AskedRepair { entry: entry(&repair.entry)?, ms })
    });
    Ok(Ask { only: entry(&request.outage), what_if, repair_if, most: LISTED_MAX })
}

fn check_what_if(what_if: &WhatIf, now_ms: i64, check: &mut Checker<'_>) {
    check.name("facility", &what_if.facility, false, EntryName::parse, ENTRY);
    let of_service = what_if.facility.is_empty();
    check.enumeration::<VitalService>("service", what_if.service, of_service);
    if !of_service && what_if.service != 0 {
        check.wrong("service", "NOT_ALLOWED", "must be empty with `facility`");
    }
    check.line("place", &what_if.place, 0..=200);
    match &what_if.area {
        Some(area) => {
            check.within("area", |check| check_geometry(area, check));
            if area.shape.is_some() && !is_surface(area) {
                check.wrong("area", "NOT_A_SURFACE", "must be a polygon or circle");
            }
        }
        None if of_service && what_if.place.is_empty() => {
            check.wrong("area", "REQUIRED", "is required unless a place is named");
        }
        None => {}
    }
    check.time("start_time", what_if.start_time.as_ref());
    check.time("repair_time", what_if.repair_time.as_ref());
    let start = what_if.start_time.unwrap_or_else(|| timestamp(now_ms));
    check.order(("start_time", Some(&start)), ("repair_time", what_if.repair_time.as_ref()), false);
}

/// What fails next, what comes back, and whom it hits.
pub(crate) fn impact(
    view: &View,
    request: &GetImpactRequest,
) -> Result<GetImpactResponse, SubscribeError> {
    let ask = read(request, view.now_ms)?;
    let facility = request.what_if.as_ref().map_or("", |what_if| &what_if.facility);
    let repaired = request.repair_if.as_ref().map_or("", |repair| &repair.entry);
    for (field, name) in [
        ("outage", request.outage.as_str()),
        ("what_if.facility", facility),
        ("repair_if.entry", repaired),
    ] {
        check_known(view, field, name)?;
    }
    let found = view.ask(|board| find(board, &ask, view.now_ms, |scope| view.sees(scope)))?;
    let mut answer = Answer::new(view, &found);
    let of_steps = |steps: &[Step]| -> BTreeSet<Uuid> {
        steps.iter().flat_map(|step| [step.facility, step.entry]).flatten().collect()
    };
    let named = |effect: &FoundEffect| {
        let mut named = of_steps(&effect.steps);
        named.insert(effect.facility);
        named
    };
    answer.list(&found.effects, named, |told, one| told.effects.push(tell(view, one)))?;
    let named = |one: &FoundReturn| {
        let mut named = of_steps(&one.steps);
        named.insert(one.facility);
        named.extend(one.waits_for.iter().take(WAITS_MAX));
        named
    };
    answer.list(&found.returns, named, |told, one| told.returns.push(tell_return(view, one)))?;
    let looked = |one: &FoundExposure| one.dangers.len().min(DANGERS_MAX);
    let named = |one: &FoundExposure| {
        let dangers = one.dangers[..looked(one)].iter().filter_map(|danger| danger.entry);
        dangers.chain([one.facility]).collect()
    };
    answer.list(&found.exposures, named, |told, one| {
        let dangers = &one.dangers[..looked(one)];
        told.exposures.push(Exposure {
            facility: present::entry_name(&view.incident, one.facility),
            dangers: dangers.iter().map(|danger| tell_danger(view, danger)).collect(),
            dangers_left_out: (one.dangers.len() - dangers.len()) as i32,
        });
    })?;
    Ok(answer.finish())
}

/// Refuses an entry of another incident, or one that is not seen.
fn check_known(view: &View, field: &str, name: &str) -> Result<(), SubscribeError> {
    let Some(name) = EntryName::parse(name) else { return Ok(()) };
    let of_ours = name.incident.id() == view.incident;
    let seen = |entry: Uuid| view.ask(|board| board.of_id(entry).any(|at| view.sees(at.scope)));
    if of_ours && seen(name.entry)? {
        return Ok(());
    }
    let sentence = format!("{field} is not known in this incident");
    Err(Refusal::new(Class::NotFound, "ENTRY_NOT_FOUND", sentence).into())
}

/// An answer that grows until it is full.
struct Answer<'v> {
    view: &'v View,
    found: &'v Impact,
    given: BTreeSet<Uuid>,
    room: usize,
    told: GetImpactResponse,
}

impl<'v> Answer<'v> {
    fn new(view: &'v View, found: &'v Impact) -> Self {
        let totals = &found.totals;
        let totals = ImpactTotals {
            down_count: totals.down as i32,
            will_fail_count: totals.will_fail as i32,
            may_fail_count: totals.may_fail as i32,
            people: totals.people,
            exposed_count: totals.exposed as i32,
            exposed_people: totals.exposed_people,
            exposed_less_self_reliant: totals.exposed_less_self_reliant,
            uncounted: totals.uncounted as i32,
        };
        let told = GetImpactResponse {
            totals: Some(totals),
            unseen_supplier_count: found.unseen as i32,
            ..GetImpactResponse::default()
        };
        Self { view, found, given: BTreeSet::new(), room: BYTES_MAX, told }
    }

    /// Adds lines and the entries that they name, as far as there is room. Entries of many lines are
    /// read together: what was published together lies together.
    fn list<T>(
        &mut self,
        lines: &[T],
        named: impl Fn(&T) -> BTreeSet<Uuid>,
        mut put: impl FnMut(&mut GetImpactResponse, &T),
    ) -> Result<(), EngineError> {
        for lines in lines.chunks(READ_MAX) {
            if self.room == 0 {
                break;
            }
            let all: BTreeSet<Uuid> = lines.iter().flat_map(&named).collect();
            let missing = all.iter().filter(|entry| !self.given.contains(*entry));
            let at: Vec<_> =
                missing.filter_map(|entry| self.found.at.get(entry).copied()).collect();
            let read = self.view.entries(&at, EntryView::Full)?.into_iter();
            let mut read: HashMap<Uuid, Bytes> = read
                .filter_map(|(at, versions)| Some((at.entry, versions.into_iter().last()?.1)))
                .collect();
            for line in lines {
                if self.room == 0 {
                    break;
                }
                for entry in named(line) {
                    if self.given.insert(entry)
                        && let Some(bytes) = read.remove(&entry)
                    {
                        self.room = self.room.saturating_sub(bytes.len());
                        self.told.entries.push(bytes);
                    }
                }
                // A line of its own weighs, too.
                self.room = self.room.saturating_sub(256);
                put(&mut self.told, line);
            }
        }
        Ok(())
    }

    fn finish(mut self) -> GetImpactResponse {
        let left = |all: usize, told: usize| (all - told) as i32;
        self.told.effects_left_out = left(self.found.effect_count, self.told.effects.len());
        let exposed = self.found.totals.exposed;
        self.told.exposures_left_out = left(exposed, self.told.exposures.len());
        self.told.returns_left_out = left(self.found.return_count, self.told.returns.len());
        self.told
    }
}

fn tell(view: &View, effect: &FoundEffect) -> Effect {
    Effect {
        facility: present::entry_name(&view.incident, effect.facility),
        state: effect.state.into(),
        down_time: Some(timestamp(effect.down_ms)),
        possible_time: effect.possible_ms.map(timestamp),
        otherwise_time: effect.otherwise_ms.map(timestamp),
        by_what_if: effect.by_what_if,
        steps: effect.steps.iter().map(|step| tell_step(view, step)).collect(),
        steps_left_out: effect.steps_left_out as i32,
        services: effect.services.iter().map(|service| (*service).into()).collect(),
        disputed: effect.disputed,
    }
}

fn tell_return(view: &View, one: &FoundReturn) -> Return {
    let waits = &one.waits_for[..one.waits_for.len().min(WAITS_MAX)];
    Return {
        facility: present::entry_name(&view.incident, one.facility),
        state: one.state.into(),
        down_time: Some(timestamp(one.down_ms)),
        back_time: one.back_ms.map(timestamp),
        again_time: one.again_ms.map(timestamp),
        steps: one.steps.iter().map(|step| tell_step(view, step)).collect(),
        steps_left_out: one.steps_left_out as i32,
        waits_for: waits.iter().map(|one| present::entry_name(&view.incident, *one)).collect(),
        waits_for_left_out: (one.waits_for.len() - waits.len()) as i32,
        by_repair_if: one.by_repair_if,
        otherwise_time: one.otherwise_ms.map(timestamp),
    }
}

fn tell_step(view: &View, step: &Step) -> ImpactStep {
    let name = |entry: Option<Uuid>| {
        entry.map(|entry| present::entry_name(&view.incident, entry)).unwrap_or_default()
    };
    let duration = |ms: i64| prost_types::Duration {
        seconds: ms / 1_000,
        nanos: (ms % 1_000 * 1_000_000) as i32,
    };
    ImpactStep {
        facility: name(step.facility),
        entry: name(step.entry),
        service: step.service.into(),
        time: Some(timestamp(step.ms)),
        holds_out: step.holds_out_ms.map(duration),
        holds_out_unknown: step.holds_out_unknown,
        r#match: step.found.into(),
        repair_time: step.repair_ms.map(timestamp),
        stale: step.stale,
        disputed: step.disputed,
    }
}

fn tell_danger(view: &View, danger: &FoundDanger) -> Danger {
    let entry = danger.entry.map(|entry| present::entry_name(&view.incident, entry));
    Danger {
        entry: entry.unwrap_or_default(),
        r#match: danger.found.into(),
        stale: danger.stale,
        expected: danger.expected,
    }
}

/// Scenarios by subject, side by side.
pub(crate) fn scenarios(
    view: &View,
    request: &CompareScenariosRequest,
) -> Result<CompareScenariosResponse, SubscribeError> {
    let mut check = Checker::new("");
    check.text("subject", &request.subject, 0..=200);
    check.finish()?;
    let seen = |scope| view.sees(scope);
    let found = view.ask(|board| compare(board, &request.subject, view.now_ms, seen))?;
    let mut answer = CompareScenariosResponse::default();
    let mut room = BYTES_MAX;
    for one in found.iter().take(COMPARISONS_MAX) {
        if room == 0 {
            break;
        }
        answer.comparisons.push(tell_comparison(view, one, &mut room)?);
    }
    answer.comparisons_left_out = (found.len() - answer.comparisons.len()) as i32;
    Ok(answer)
}

fn tell_comparison(
    view: &View,
    found: &Comparison,
    room: &mut usize,
) -> Result<ScenarioComparison, EngineError> {
    let mut scenarios = Vec::new();
    for column in found.columns.iter().take(COLUMNS_MAX) {
        if *room == 0 {
            break;
        }
        let entry = version(view, column)?;
        *room = room.saturating_sub(entry.len());
        scenarios.push(ComparedScenario {
            entry,
            assumptions: column.assumptions.iter().map(|state| (*state).into()).collect(),
            highest: column.highest.into(),
            disputed: column.disputed,
        });
    }
    let told = scenarios.len();
    let criteria = found.rows.iter().map(|row| ComparedCriterion {
        criterion: row.criterion.into(),
        levels: row.levels.iter().take(told).map(|level| (*level).into()).collect(),
        highest: row.highest.into(),
        differs: row.differs,
    });
    Ok(ScenarioComparison {
        subject: found.subject.clone(),
        criteria: criteria.collect(),
        likelihood_differs: found.likelihood_differs,
        scenarios_left_out: (found.columns.len() - told) as i32,
        scenarios,
    })
}

/// A version as it is shown; empty when it was replaced meanwhile.
fn version(view: &View, column: &Column) -> Result<Bytes, EngineError> {
    let read = view.entries(&[column.at], EntryView::Full)?;
    let mut versions = read.into_iter().flat_map(|(_, versions)| versions);
    let found = versions.find(|(id, _)| *id == column.version);
    Ok(found.map(|(_, bytes)| bytes).unwrap_or_default())
}
