//! Answers what can be sent and for how long.

use std::collections::BTreeMap;

use polder_picture::{
    attributes::timestamp,
    check::Checker,
    names::PartyName,
    refusal::Refusal,
    team::{
        board::EntryRef,
        capacity::{StaffRow, UnitRow, capacity as find},
    },
};
use polder_wire::v1::{
    CapacityEnd, DisputedUnit, ListCapacityRequest, ListCapacityResponse, ResourceCapacity,
    ResourceState, RestBreach, StaffCapacity,
};
use prost_types::Duration;

use super::{View, handover::last};
use crate::subscribe::SubscribeError;

const ROWS_MAX: usize = 500;
const LINES_MAX: usize = 100;
const VERSIONS_MAX: usize = 16;
/// All lists together.
const BYTES_MAX: usize = 2 << 20;
const DUTY_USUAL_S: i64 = 12 * 3_600;
const DUTY_S: std::ops::RangeInclusive<i64> = 3_600..=7 * 86_400;

/// Units and people, as far as a caller sees them.
pub(crate) fn capacity(
    view: &View,
    request: &ListCapacityRequest,
) -> Result<ListCapacityResponse, SubscribeError> {
    let mut check = Checker::new("");
    check.name("party", &request.party, false, PartyName::parse, "parties/{party}");
    check.finish()?;
    let duty_ms = 1_000
        * match &request.duty_max {
            None => DUTY_USUAL_S,
            Some(duty) if DUTY_S.contains(&duty.seconds) && duty.nanos == 0 => duty.seconds,
            Some(_) => {
                let sentence = "must be 1 hour to 7 days, in whole seconds";
                return Err(Refusal::field("duty_max", "OUT_OF_RANGE", sentence).into());
            }
        };
    let party = PartyName::parse(&request.party).map(|party| party.id());
    let found =
        view.ask(|board| find(board, view.now_ms, duty_ms, party, |scope| view.sees(scope)))?;
    let mut answer = ListCapacityResponse {
        resources: found.units.iter().take(ROWS_MAX).map(units).collect(),
        staff: found.staff.iter().take(ROWS_MAX).map(staff).collect(),
        ..ListCapacityResponse::default()
    };
    let mut room = Room { view, left: BYTES_MAX };
    for end in found.ends.iter().take(LINES_MAX) {
        let Some(entry) = room.shown(end.at)? else { break };
        let (time, past) = (Some(timestamp(end.time_ms)), end.time_ms <= view.now_ms);
        answer.ends.push(CapacityEnd { entry, time, count: end.count, past });
    }
    for (at, duty_ms) in found.breaches.iter().take(LINES_MAX) {
        let Some(entry) = room.shown(*at)? else { break };
        let duty = Some(Duration { seconds: duty_ms / 1_000, nanos: 0 });
        answer.rest_breaches.push(RestBreach { entry, duty });
    }
    for one in found.disputed.iter().take(LINES_MAX) {
        let mut versions = Vec::new();
        // The one that counts is the last.
        for (at, version) in one.versions.iter().rev().take(VERSIONS_MAX) {
            versions.extend(view.version(*at, *version)?);
        }
        versions.reverse();
        room.left = room.left.saturating_sub(versions.iter().map(bytes::Bytes::len).sum());
        if room.left == 0 {
            break;
        }
        answer.disputed.push(DisputedUnit { unit: one.unit.clone(), versions });
    }
    let left = |all: usize, told: usize| (all - told) as i32;
    answer.resources_left_out = left(found.units.len(), answer.resources.len());
    answer.staff_left_out = left(found.staff.len(), answer.staff.len());
    answer.ends_left_out = left(found.ends.len(), answer.ends.len());
    answer.rest_breaches_left_out = left(found.breaches.len(), answer.rest_breaches.len());
    answer.disputed_left_out = left(found.disputed.len(), answer.disputed.len());
    Ok(answer)
}

/// What may still be told.
struct Room<'v> {
    view: &'v View,
    left: usize,
}

impl Room<'_> {
    /// An entry as it is shown; `None` when there is no room left.
    fn shown(&mut self, at: EntryRef) -> Result<Option<bytes::Bytes>, SubscribeError> {
        let entry = last(self.view, at)?.unwrap_or_default();
        self.left = self.left.saturating_sub(entry.len());
        Ok((self.left > 0).then_some(entry))
    }
}

fn units(row: &UnitRow) -> ResourceCapacity {
    let states: &BTreeMap<i32, i64> = &row.states;
    let of = |state: ResourceState| states.get(&state.into()).copied().unwrap_or_default();
    ResourceCapacity {
        party: format!("parties/{}", row.party),
        r#type: row.sort.clone(),
        available: of(ResourceState::Available),
        alerted: of(ResourceState::Alerted),
        en_route: of(ResourceState::EnRoute),
        deployed: of(ResourceState::Deployed),
        exhausted: of(ResourceState::Exhausted),
        out_of_order: of(ResourceState::OutOfOrder),
        unstated: of(ResourceState::Unspecified),
        personnel: row.personnel,
        stale: row.stale,
    }
}

fn staff(row: &StaffRow) -> StaffCapacity {
    StaffCapacity {
        party: format!("parties/{}", row.party),
        sort: row.sort.into(),
        function: row.function.clone(),
        units: row.units,
        present: row.heads.present,
        available: row.heads.available,
        on_duty: row.heads.on_duty,
        resting: row.heads.resting,
        stale_units: row.stale_units,
    }
}
