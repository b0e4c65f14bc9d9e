//! Plans of regions, and whom they bring into incidents.
//!
//! A region that scales up brings in those whom its plan names, on its own node and without anybody
//! who holds a key of the charter. So a call counts only where somebody with such a key let the
//! region take part, or a region that already takes part called on it.

use std::collections::BTreeMap;

use hashbrown::HashMap;
use polder_wire::v1::{PlanCall, PlanLevel, PlannedTeam, ResponsePlan};

use super::policy::{Policy, id};

/// Whom a region brings in.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct PlanRow {
    /// By level; each adds to those below.
    pub levels: BTreeMap<i32, LevelRow>,
}

/// What one level brings in.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct LevelRow {
    /// By id, in order.
    pub parties: Vec<String>,
    /// Each once.
    pub teams: Vec<PlannedTeam>,
}

impl PlanRow {
    fn of(plan: &ResponsePlan) -> Self {
        let row = |level: &PlanLevel| {
            let mut parties: Vec<_> =
                level.parties.iter().map(|party| id(party).to_owned()).collect();
            parties.sort_unstable();
            (level.grip, LevelRow { parties, teams: level.teams.clone() })
        };
        Self { levels: plan.levels.iter().map(row).collect() }
    }

    /// What two plans have in common that were made apart.
    fn narrow(&mut self, other: &Self) {
        self.levels.retain(|grip, level| {
            let Some(theirs) = other.levels.get(grip) else { return false };
            level.parties.retain(|party| theirs.parties.contains(party));
            level.teams.retain(|team| theirs.teams.contains(team));
            true
        });
    }

    /// Parties that count up to a level, the lowest level first.
    pub fn parties(&self, grip: i32) -> impl Iterator<Item = &str> {
        let levels = self.levels.range(..=grip);
        levels.flat_map(|(_, level)| &level.parties).map(String::as_str)
    }

    /// Teams that a level calls up, and those below it, with the level of each.
    pub fn teams(&self, grip: i32) -> impl Iterator<Item = (i32, &PlannedTeam)> {
        let levels = self.levels.range(..=grip);
        levels.flat_map(|(at, level)| level.teams.iter().map(|team| (*at, team)))
    }
}

/// Plans, and calls on them.
#[derive(Debug, Default)]
pub(super) struct Plans {
    rows: HashMap<Box<str>, PlanRow>,
    calls: Vec<PlanCall>,
    /// The highest level that was ever called on, by incident and region, of nodes that still count.
    said: HashMap<(Box<str>, Box<str>), i32>,
}

impl Plans {
    pub(super) fn take(&mut self, plan: &ResponsePlan) {
        let row = PlanRow::of(plan);
        match self.rows.get_mut(id(&plan.region)) {
            Some(known) => known.narrow(&row),
            None => drop(self.rows.insert(id(&plan.region).into(), row)),
        }
    }

    /// Notes a call of a node that speaks for the region. `stands`: nobody took it back.
    pub(super) fn call(&mut self, call: &PlanCall, stands: bool) {
        let key = (id(&call.incident).into(), id(&call.region).into());
        let said = self.said.entry(key).or_default();
        *said = call.grip.max(*said);
        if stands {
            self.calls.push(call.clone());
        }
    }

    pub(super) fn row(&self, region: &str) -> Option<&PlanRow> {
        self.rows.get(region)
    }

    pub(super) fn rows(&self) -> impl Iterator<Item = (&str, &PlanRow)> {
        self.rows.iter().map(|(region, row)| (&**region, row))
    }

    pub(super) fn said(&self, incident: &str, region: &str) -> i32 {
        self.said.get(&(incident.into(), region.into())).copied().unwrap_or_default()
    }
}

impl Policy {
    /// Brings in whom the calls name. A region that was brought in may call on its own plan in
    /// turn: what comes of it does not depend on the order.
    pub(super) fn bring_in(&mut self, plans: Plans) {
        let mut open: Vec<_> = plans.calls.iter().collect();
        loop {
            let before = open.len();
            open.retain(|call| {
                let (incident, region) = (id(&call.incident), id(&call.region));
                if !self.may_see(region, incident, super::EVERYBODY) {
                    return true;
                }
                if let Some(plan) = plans.row(region) {
                    let parties: Vec<_> = plan.parties(call.grip).map(str::to_owned).collect();
                    self.let_in(incident, &parties);
                }
                false
            });
            if open.len() == before {
                break;
            }
        }
        self.plans = plans;
    }
}
