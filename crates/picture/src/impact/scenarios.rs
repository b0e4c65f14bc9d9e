//! Puts scenarios of one subject side by side, by criterion: what differs stays visible, and nothing
//! is averaged.

use std::collections::{BTreeMap, BTreeSet};

use polder_wire::v1::{
    AssumptionState, ImpactCriterion, ImpactLevel, ScenarioType, VerificationState,
};
use uuid::Uuid;

use super::said::{ImpactSaid, ScenarioSaid};
use crate::{
    names::VersionId,
    record::Id,
    team::{
        board::{Board, EntryRef, Version},
        subject::plain,
    },
};

/// The scenarios of one subject.
#[derive(Debug, Clone, PartialEq)]
pub struct Comparison {
    /// As the first of them writes it.
    pub subject: String,
    /// Most likely, worst case, best case, others; then by party.
    pub columns: Vec<Column>,
    /// By criterion, those that somebody scored.
    pub rows: Vec<Row>,
    /// Scenarios of one type differ in likelihood.
    pub likelihood_differs: bool,
}

/// One version of a scenario.
#[derive(Debug, Clone, PartialEq)]
pub struct Column {
    /// Its entry.
    pub at: EntryRef,
    /// The version.
    pub version: VersionId,
    /// What became of what it takes for granted.
    pub assumptions: Vec<AssumptionState>,
    /// The worst score.
    pub highest: ImpactLevel,
    /// Another version of the same entry is current too.
    pub disputed: bool,
}

/// How the scenarios score by one criterion.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Which.
    pub criterion: ImpactCriterion,
    /// In the order of the columns; unspecified where one does not score it.
    pub levels: Vec<ImpactLevel>,
    /// The worst.
    pub highest: ImpactLevel,
    /// Scenarios of one type score it differently.
    pub differs: bool,
}

/// Scenarios that somebody sees, by subject.
pub fn compare(
    board: &Board,
    subject: &str,
    now_ms: i64,
    sees: impl Fn(Id) -> bool,
) -> Vec<Comparison> {
    let wanted = plain(subject);
    let mut sets: BTreeMap<String, Vec<(EntryRef, &Version, &ScenarioSaid)>> = BTreeMap::new();
    for at in board.scenarios().filter(|at| sees(at.scope)) {
        for version in board.versions(at) {
            let Some(ImpactSaid::Scenario(said)) = version.said.impact.as_deref() else { continue };
            let key = plain(&said.subject);
            if wanted.is_empty() || key == wanted {
                sets.entry(key).or_default().push((at, version, said));
            }
        }
    }
    let state = |cited: &Cited, said_ms: i64| stands(board, cited, said_ms, now_ms, &sees);
    sets.into_values().map(|set| compared(board, set, &state)).collect()
}

fn compared(
    board: &Board,
    mut set: Vec<(EntryRef, &Version, &ScenarioSaid)>,
    state: &impl Fn(&Cited, i64) -> AssumptionState,
) -> Comparison {
    set.sort_by_key(|(at, version, said)| {
        let party = version.said.party.as_str();
        (said.sort as i32, party, *at, version.said.recorded_ms, version.id)
    });
    let assumption = |cited: &Vec<Cited>, said_ms: i64| {
        let states = cited.iter().map(|one| state(one, said_ms));
        states.max().unwrap_or(AssumptionState::TextOnly)
    };
    let columns = set.iter().map(|(at, version, said)| Column {
        at: *at,
        version: version.id,
        assumptions: said
            .assumptions
            .iter()
            .map(|cited| assumption(cited, version.said.recorded_ms))
            .collect(),
        highest: said.scores.iter().map(|(_, level)| *level).max().unwrap_or_default(),
        disputed: board.has_rivals(*at),
    });
    let scored = set.iter().flat_map(|(_, _, said)| &said.scores);
    let criteria: BTreeSet<ImpactCriterion> = scored.map(|(criterion, _)| *criterion).collect();
    let row = |criterion: ImpactCriterion| {
        let of = |said: &ScenarioSaid| {
            let mut scores = said.scores.iter();
            scores.find(|(of, _)| *of == criterion).map(|(_, level)| *level).unwrap_or_default()
        };
        let levels: Vec<_> = set.iter().map(|(_, _, said)| of(said)).collect();
        let highest = levels.iter().copied().max().unwrap_or_default();
        let differs = differ(set.iter().map(|(_, _, said)| (said.sort, of(said) as i32)));
        Row { criterion, levels, highest, differs }
    };
    Comparison {
        subject: set.first().map(|(_, _, said)| said.subject.clone()).unwrap_or_default(),
        columns: columns.collect(),
        rows: criteria.into_iter().map(row).collect(),
        likelihood_differs: differ(set.iter().map(|(_, _, s)| (s.sort, s.likelihood as i32))),
    }
}

/// Whether two of one type say something, and not the same.
fn differ(said: impl Iterator<Item = (ScenarioType, i32)>) -> bool {
    let mut first = BTreeMap::new();
    said.filter(|(sort, value)| *value != 0 && *sort != ScenarioType::Other)
        .any(|(sort, value)| *first.entry(sort as i32).or_insert(value) != value)
}

/// A version, or an entry as it was when the scenario was recorded.
type Cited = (Uuid, Option<VersionId>);

/// What became of a version that is cited by a scenario of some moment.
fn stands(
    board: &Board,
    (entry, cited): &Cited,
    said_ms: i64,
    now_ms: i64,
    sees: &impl Fn(Id) -> bool,
) -> AssumptionState {
    let known = board.of_id(*entry).find(|at| sees(at.scope));
    let Some(at) = known else { return AssumptionState::Unseen };
    let versions = board.versions(at);
    let any = |is: fn(&Version) -> bool| versions.iter().any(is);
    let refuted = |version: &Version| version.said.verification == VerificationState::Refuted;
    let meant = |version: &&Version| match cited {
        Some(cited) => version.id == *cited,
        None => version.said.recorded_ms <= said_ms,
    };
    match versions.iter().find(meant) {
        _ if any(refuted) => AssumptionState::Refuted,
        _ if any(|version| version.said.retracted) => AssumptionState::Withdrawn,
        None => AssumptionState::Superseded,
        Some(version) if version.said.verification == VerificationState::Superseded => {
            AssumptionState::Superseded
        }
        Some(_) if versions.len() > 1 => AssumptionState::Disputed,
        Some(version) if version.said.is_stale(now_ms) => AssumptionState::Stale,
        Some(_) => AssumptionState::Stands,
    }
}
