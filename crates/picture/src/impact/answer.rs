//! What can be asked of what fails next, and what is answered.

use std::collections::BTreeMap;

use polder_wire::v1::{EffectState, ImpactMatch, ReturnState, VitalService};
use uuid::Uuid;

use super::{
    cascade::Root,
    said::{FacilitySaid, Ground},
};
use crate::team::board::EntryRef;

/// What is asked.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Ask {
    /// Only what this outage, or facility that is down, does.
    pub only: Option<Uuid>,
    /// Counts as if this failed, too.
    pub what_if: Option<WhatIf>,
    /// Counts as if this worked again.
    pub repair_if: Option<RepairIf>,
    /// So many effects and exposures are told at most.
    pub most: usize,
}

/// Something that is supposed to work again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RepairIf {
    /// An outage, or a facility.
    pub entry: Uuid,
    /// When, milliseconds since 1970.
    pub ms: i64,
}

/// Something that is supposed to fail.
#[derive(Debug, Clone, PartialEq)]
pub struct WhatIf {
    /// What.
    pub what: Supposed,
    /// When, milliseconds since 1970.
    pub start_ms: i64,
    /// When it works again.
    pub repair_ms: Option<i64>,
}

/// A service somewhere, or a facility.
#[derive(Debug, Clone, PartialEq)]
pub enum Supposed {
    /// A service, where.
    Service(VitalService, Ground),
    /// A facility, by its entry.
    Facility(Uuid),
}

/// What is answered.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Impact {
    /// What goes down, those that a supposition changes first, then those that are certain, by when.
    pub effects: Vec<Effect>,
    /// How many there are.
    pub effect_count: usize,
    /// What comes back, those that a supposition changes first, then by when; what stays down at the
    /// end.
    pub returns: Vec<Return>,
    /// How many there are.
    pub return_count: usize,
    /// Vulnerable facilities where there is danger, those with the most people first.
    pub exposures: Vec<Exposure>,
    /// Sums of all.
    pub totals: Totals,
    /// Suppliers that are named and not seen.
    pub unseen: usize,
    /// Where each entry is that is named.
    pub at: BTreeMap<Uuid, EntryRef>,
}

/// A facility that is down or may go down.
#[derive(Debug, Clone, PartialEq)]
pub struct Effect {
    /// Its entry.
    pub facility: Uuid,
    /// How sure that is.
    pub state: EffectState,
    /// When.
    pub down_ms: i64,
    /// When it may be already.
    pub possible_ms: Option<i64>,
    /// What is supposed takes it down, or does so earlier.
    pub by_what_if: bool,
    /// When it would go down without that.
    pub otherwise_ms: Option<i64>,
    /// The first cause first.
    pub steps: Vec<Step>,
    /// Steps between that were left out.
    pub steps_left_out: usize,
    /// Services that go down with it.
    pub services: Vec<VitalService>,
    /// Versions of it differ.
    pub disputed: bool,
}

/// A facility that waits for something which is repaired.
#[derive(Debug, Clone, PartialEq)]
pub struct Return {
    /// Its entry.
    pub facility: Uuid,
    /// What becomes of it.
    pub state: ReturnState,
    /// When it goes down, or would.
    pub down_ms: i64,
    /// When it works again.
    pub back_ms: Option<i64>,
    /// When it goes down once more.
    pub again_ms: Option<i64>,
    /// What is repaired first, itself last.
    pub steps: Vec<Step>,
    /// Steps between that were left out.
    pub steps_left_out: usize,
    /// What it goes on waiting for.
    pub waits_for: Vec<Uuid>,
    /// What is supposed changes it.
    pub by_repair_if: bool,
    /// When it would work again without that.
    pub otherwise_ms: Option<i64>,
}

/// One link of a chain.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// The facility of this step; `None` where a service fails.
    pub facility: Option<Uuid>,
    /// The entry that it stands on; `None`: it is supposed.
    pub entry: Option<Uuid>,
    /// What failed.
    pub service: VitalService,
    /// When.
    pub ms: i64,
    /// How long it went on without; `None`: not known, or nothing to go on without.
    pub holds_out_ms: Option<i64>,
    /// Nobody said how long it goes on.
    pub holds_out_unknown: bool,
    /// How it hangs on the step before.
    pub found: ImpactMatch,
    /// When it is expected to be repaired.
    pub repair_ms: Option<i64>,
    /// What it stands on is stale.
    pub stale: bool,
    /// Versions of what it stands on differ.
    pub disputed: bool,
}

/// A vulnerable facility, and what endangers it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exposure {
    /// Its entry.
    pub facility: Uuid,
    /// What endangers it, by entry; what is supposed first.
    pub dangers: Vec<Danger>,
}

/// What endangers a facility.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Danger {
    /// Its entry; `None`: it is supposed.
    pub entry: Option<Uuid>,
    /// How the facility is known to be there.
    pub found: ImpactMatch,
    /// It is stale.
    pub stale: bool,
    /// Threatened, forecast or assumed.
    pub expected: bool,
}

/// Sums in which each facility counts once.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Totals {
    /// Facilities by how sure it is.
    pub down: usize,
    /// The same.
    pub will_fail: usize,
    /// The same.
    pub may_fail: usize,
    /// People in facilities that are down or will fail.
    pub people: i64,
    /// Vulnerable facilities where there is danger.
    pub exposed: usize,
    /// People in these.
    pub exposed_people: i64,
    /// Of them, those who are less self-reliant.
    pub exposed_less_self_reliant: i64,
    /// Of these facilities, how many do not say how many those are.
    pub uncounted: usize,
}

impl Step {
    /// That a service fails, or works again, by what a root says.
    pub(super) fn of_root(root: &Root, ms: i64) -> Self {
        Self {
            facility: None,
            entry: root.entry,
            service: root.service.unwrap_or_default(),
            ms,
            holds_out_ms: None,
            holds_out_unknown: false,
            found: ImpactMatch::Unspecified,
            repair_ms: root.repair_ms,
            stale: root.stale,
            disputed: root.disputed,
        }
    }
}

impl Totals {
    pub(super) fn effect(&mut self, state: EffectState, said: &FacilitySaid) {
        match state {
            EffectState::Down => self.down += 1,
            EffectState::WillFail => self.will_fail += 1,
            _ => self.may_fail += 1,
        }
        if state != EffectState::MayFail && !said.cleared {
            self.people = self.people.saturating_add(said.people.unwrap_or_default());
        }
    }

    pub(super) fn exposure(&mut self, said: &FacilitySaid) {
        let add = |sum: &mut i64, some: Option<i64>| {
            *sum = sum.saturating_add(some.unwrap_or_default());
        };
        self.exposed += 1;
        add(&mut self.exposed_people, said.people);
        add(&mut self.exposed_less_self_reliant, said.less_self_reliant);
        self.uncounted += usize::from(said.less_self_reliant.is_none());
    }
}
