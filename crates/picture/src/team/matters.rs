//! What has to be brought to an end, what is expected, and which section of the picture an entry
//! belongs to: pure functions of one entry.

use polder_wire::v1::{
    ActionState, DecisionState, Entry, FacilityState, MatterSort, RequestState, Section, Statement,
    Theme, entry::Body,
};

use crate::attributes::millis;

/// Something that has to be brought to an end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Matter {
    /// What sort of thing.
    pub sort: MatterSort,
    /// When it is due, milliseconds since 1970.
    pub due_ms: Option<i64>,
}

/// What is open in an entry by its own words; an answer of somebody else may still close it.
pub fn matter(entry: &Entry) -> Option<Matter> {
    let open =
        |sort, due: Option<&prost_types::Timestamp>| Some(Matter { sort, due_ms: due.map(millis) });
    match &entry.body {
        Some(Body::Action(action)) => match action.state() {
            ActionState::Done | ActionState::Cancelled => None,
            _ => open(MatterSort::Action, action.due_time.as_ref()),
        },
        Some(Body::AssistanceRequest(request)) => match request.state() {
            RequestState::Met | RequestState::Refused | RequestState::Withdrawn => None,
            _ => open(MatterSort::Request, request.needed_by.as_ref()),
        },
        Some(Body::Decision(decision)) if decision.state() == DecisionState::Proposed => {
            open(MatterSort::Decision, decision.decided_time.as_ref())
        }
        _ => match entry.statement() {
            Statement::Bottleneck => open(MatterSort::Bottleneck, None),
            Statement::Question => open(MatterSort::Question, None),
            _ => None,
        },
    }
}

/// Moments at which something is expected, by what the entry says.
pub fn expected(entry: &Entry) -> Vec<i64> {
    let times = match &entry.body {
        Some(Body::WaterLevel(body)) => [body.peak_time.as_ref(), None],
        Some(Body::Outage(body)) => [body.expected_repair_time.as_ref(), None],
        Some(Body::Closure(body)) => [body.expected_reopening_time.as_ref(), None],
        Some(Body::Evacuation(body)) => [body.deadline.as_ref(), None],
        Some(Body::Resource(body)) => {
            [body.expected_arrival_time.as_ref(), body.available_until.as_ref()]
        }
        Some(Body::AssistanceRequest(body)) => [body.needed_by.as_ref(), None],
        Some(Body::AssistanceOffer(body)) => {
            [body.expected_arrival_time.as_ref(), body.available_until.as_ref()]
        }
        Some(Body::Warning(body)) => [body.expires.as_ref(), None],
        Some(Body::Staffing(body)) => [body.relief_expected.as_ref(), body.shift_end.as_ref()],
        Some(Body::Weather(body)) => [body.interval_start.as_ref(), None],
        _ => [None, None],
    };
    // What begins to hold later than it was seen is expected, too.
    let from = entry.times.as_ref().and_then(|times| times.valid_from.as_ref());
    let mut moments: Vec<_> = times.into_iter().flatten().chain(from).map(millis).collect();
    moments.sort_unstable();
    moments.dedup();
    moments
}

/// The section of the situation picture, after the legal "totaalbeeld".
pub fn section(entry: &Entry) -> Section {
    match (&entry.body, entry.statement()) {
        (_, Statement::Forecast) => Section::Outlook,
        (Some(Body::Observation(body)), _) => match body.theme() {
            Theme::Unspecified | Theme::Incident => Section::Incident,
            Theme::Response => Section::Response,
            _ => Section::Outlook,
        },
        (Some(Body::Decision(_) | Body::Scenario(_) | Body::Weather(_)), _) => Section::Outlook,
        (
            Some(
                Body::Action(_)
                | Body::AssistanceOffer(_)
                | Body::AssistanceRequest(_)
                | Body::CareCapacity(_)
                | Body::Closure(_)
                | Body::Evacuation(_)
                | Body::Reception(_)
                | Body::Resource(_)
                | Body::Staffing(_)
                | Body::Warning(_),
            ),
            _,
        ) => Section::Response,
        (
            Some(
                Body::Casualties(_)
                | Body::FloodDefence(_)
                | Body::Measurement(_)
                | Body::Outage(_)
                | Body::WaterLevel(_),
            ),
            _,
        ) => Section::Incident,
        // What stands there and works is no news.
        (Some(Body::Facility(body)), _) => match body.state() {
            FacilityState::Unspecified | FacilityState::InUse => Section::Unspecified,
            _ => Section::Incident,
        },
        // What people draw, say to each other, watch for and look up fills no section, nor does what
        // inhabitants tell before somebody looked at it.
        (
            Some(
                Body::CitizenReport(_)
                | Body::Contact(_)
                | Body::Drawing(_)
                | Body::Message(_)
                | Body::Threshold(_),
            )
            | None,
            _,
        ) => Section::Unspecified,
    }
}

#[cfg(test)]
mod tests {
    use polder_wire::v1::{Action, Observation, WaterLevel};

    use super::*;

    #[test]
    fn what_is_done_is_not_open() {
        let action = |state: ActionState| Entry {
            statement: Statement::Action.into(),
            body: Some(Body::Action(Action { state: state.into(), ..Action::default() })),
            ..Entry::default()
        };
        assert_eq!(matter(&action(ActionState::Blocked)).unwrap().sort, MatterSort::Action);
        assert_eq!(matter(&action(ActionState::Done)), None);
        let observed = |statement: Statement| Entry {
            statement: statement.into(),
            body: Some(Body::Observation(Observation::default())),
            ..Entry::default()
        };
        assert_eq!(matter(&observed(Statement::Question)).unwrap().sort, MatterSort::Question);
        assert_eq!(matter(&observed(Statement::Fact)), None);
    }

    #[test]
    fn a_forecast_is_of_the_outlook_and_a_level_of_the_incident() {
        let level = |statement: Statement| Entry {
            statement: statement.into(),
            body: Some(Body::WaterLevel(WaterLevel::default())),
            ..Entry::default()
        };
        assert_eq!(section(&level(Statement::Forecast)), Section::Outlook);
        assert_eq!(section(&level(Statement::Fact)), Section::Incident);
        assert_eq!(section(&Entry::default()), Section::Unspecified);
    }
}
