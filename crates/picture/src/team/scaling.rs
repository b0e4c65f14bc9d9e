//! How phase, GRIP and teams changed, and the time that the law gives: pure functions of the
//! versions of an incident's data and of the plans of its regions.

use std::collections::BTreeMap;

use polder_wire::v1::{
    GripLevel, Incident, IncidentState, Phase, PlannedTeam, Scaling, Section, Team,
};

use super::{board::Board, tally::SECTIONS};
use crate::{charter::PlanRow, names::VersionId, record::Id};

/// A first description of what happened.
const DESCRIBED_MS: i64 = 5 * 60_000;
/// What is said is verified and placed.
const PROCESSED_MS: i64 = 10 * 60_000;

/// Seconds within which a team is at work: as its plan says, or by law ("Besluit veiligheidsregio's")
/// for those teams that it speaks of.
pub fn start_within(planned: &PlannedTeam) -> Option<i64> {
    match &planned.start_within {
        Some(within) => Some(within.seconds),
        None => lawful(planned.team()),
    }
}

/// Seconds that the law gives a team.
pub fn lawful(team: Team) -> Option<i64> {
    let minutes = match team {
        Team::Copi => 30,
        Team::Rot => 45,
        Team::Gbt | Team::Rbt => 60,
        _ => return None,
    };
    Some(minutes * 60)
}

/// What a team is called.
pub fn team_name(team: Team, dutch: bool) -> &'static str {
    match team {
        Team::Unspecified => "?",
        Team::Copi => "CoPI",
        Team::Rot => "ROT",
        Team::Gbt => "GBT",
        Team::Rbt => "RBT",
        Team::ActionCentre if dutch => "actiecentra",
        Team::ActionCentre => "action centres",
        Team::Iccb => "ICCb",
        Team::Mccb => "MCCb",
        Team::WaterBoard if dutch => "waterschapsteam",
        Team::WaterBoard => "water board team",
    }
}

/// Teams that a level has where no plan says it: GRIP 4 has a regional team in place of the
/// municipal one.
fn usual_teams(grip: GripLevel) -> &'static [Team] {
    match grip {
        GripLevel::Unspecified | GripLevel::GripLevel0 => &[],
        GripLevel::GripLevel1 => &[Team::Copi],
        GripLevel::GripLevel2 => &[Team::Copi, Team::Rot],
        GripLevel::GripLevel3 => &[Team::Copi, Team::Rot, Team::Gbt],
        GripLevel::GripLevel4 | GripLevel::GripLevel5 => &[Team::Copi, Team::Rot, Team::Rbt],
    }
}

/// A version of an incident's data.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// Hybrid clock of the record, and the version: the order of steps.
    pub at: (u64, VersionId),
    /// Recorded by the author's node, by its clock.
    pub recorded_ms: i64,
    /// The node that wrote it.
    pub node: Option<Id>,
    /// Who wrote it, by the name with which they signed in.
    pub author: String,
    /// What it says.
    pub incident: Incident,
    /// Open or closed.
    pub state: IncidentState,
}

/// What changed from one version to the next.
#[derive(Debug, Clone, PartialEq)]
pub struct Change<'a> {
    /// The version that says so.
    pub step: &'a Step,
    /// What was before it.
    pub phase_before: Phase,
    /// What was before it.
    pub grip_rijk_before: bool,
    /// What was before it.
    pub state_before: IncidentState,
    /// Regions whose scaling changed.
    pub regions: Vec<Scaled>,
}

/// How one region's scaling changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scaled {
    /// `parties/{party}`.
    pub region: String,
    /// Level before and after.
    pub grip: [GripLevel; 2],
    /// Teams that began.
    pub started: Vec<Team>,
    /// Teams that ended.
    pub ended: Vec<Team>,
}

/// Puts versions in their order, and leaves out what changed nothing of the crisis organisation.
pub fn changes(steps: &mut [Step]) -> Vec<Change<'_>> {
    steps.sort_by_key(|step| step.at);
    let nothing = Incident::default();
    let mut before = (&nothing, IncidentState::Unspecified);
    let mut found = Vec::new();
    for step in steps.iter() {
        let (incident, state) = before;
        let regions = scaled(incident, &step.incident);
        let differs = incident.phase != step.incident.phase
            || incident.grip_rijk != step.incident.grip_rijk
            || state != step.state
            || !regions.is_empty();
        if differs {
            let (phase_before, grip_rijk_before) = (incident.phase(), incident.grip_rijk);
            let state_before = state;
            found.push(Change { step, phase_before, grip_rijk_before, state_before, regions });
        }
        before = (&step.incident, step.state);
    }
    found
}

fn scaled(before: &Incident, after: &Incident) -> Vec<Scaled> {
    let of = |incident: &Incident| -> BTreeMap<String, Scaling> {
        incident.scalings.iter().map(|one| (one.region.clone(), one.clone())).collect()
    };
    let (before, after) = (of(before), of(after));
    let mut regions: Vec<_> = before.keys().chain(after.keys()).collect();
    regions.sort_unstable();
    regions.dedup();
    let nothing = Scaling::default();
    let mut found = Vec::new();
    for region in regions {
        let old = before.get(region).unwrap_or(&nothing);
        let new = after.get(region).unwrap_or(&nothing);
        let beside = |one: &Scaling, other: &Scaling| -> Vec<Team> {
            one.teams().filter(|team| !other.teams.contains(&(*team).into())).collect()
        };
        let (started, ended) = (beside(new, old), beside(old, new));
        if old.grip != new.grip || !started.is_empty() || !ended.is_empty() {
            let grip = [old.grip(), new.grip()];
            found.push(Scaled { region: region.clone(), grip, started, ended });
        }
    }
    found
}

/// What time is given for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ClockOf {
    /// A first description of the incident.
    Description,
    /// What is said in a section, by its number, is verified and placed; so many things are late.
    Processing(i32, usize),
    /// A team, by its number, is at work.
    Team(i32),
}

/// Something for which time is given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Clock {
    /// For what.
    pub of: ClockOf,
    /// `parties/{party}` that called a team up; empty otherwise.
    pub region: String,
    /// From when on.
    pub start_ms: i64,
    /// Until when.
    pub due_ms: i64,
    /// When it was met.
    pub met_ms: Option<i64>,
}

impl Clock {
    /// Whether it was met too late, or is not met and due.
    pub fn is_late(&self, now_ms: i64) -> bool {
        self.met_ms.unwrap_or(now_ms) > self.due_ms
    }
}

/// Clocks of the teams of regions that are scaled up: from when a level called a team up until it is
/// among those at work. Of a region that scaled down below the level of a team, its clock ends.
pub fn team_clocks<'p>(steps: &[Step], plan: impl Fn(&str) -> Option<&'p PlanRow>) -> Vec<Clock> {
    let mut running: BTreeMap<(String, i32), Clock> = BTreeMap::new();
    for step in steps {
        for scaling in &step.incident.scalings {
            let called = called_up(scaling, plan(scaling.region.trim_start_matches("parties/")));
            running
                .retain(|(region, team), _| *region != scaling.region || called.contains_key(team));
            for (team, within_s) in called {
                let key = (scaling.region.clone(), team);
                let clock = running.entry(key).or_insert_with(|| Clock {
                    of: ClockOf::Team(team),
                    region: scaling.region.clone(),
                    start_ms: step.recorded_ms,
                    due_ms: step.recorded_ms + within_s * 1_000,
                    met_ms: None,
                });
                if scaling.teams.contains(&team) {
                    clock.met_ms.get_or_insert(step.recorded_ms);
                }
            }
        }
    }
    running.into_values().collect()
}

/// Teams that are called up at the level of a scaling, with the seconds that they have.
fn called_up(scaling: &Scaling, plan: Option<&PlanRow>) -> BTreeMap<i32, i64> {
    if let Some(plan) = plan {
        let teams = plan.teams(scaling.grip);
        return teams.filter_map(|(_, team)| Some((team.team, start_within(team)?))).collect();
    }
    let usual = usual_teams(scaling.grip()).iter();
    usual.filter_map(|team| Some(((*team).into(), lawful(*team)?))).collect()
}

/// Clocks of the sections: none before a region scaled up to GRIP 1.
pub fn section_clocks(
    board: &Board,
    steps: &[Step],
    now_ms: i64,
    seen: impl Fn(Id) -> bool,
) -> Vec<Clock> {
    let scales = |step: &&Step| {
        step.incident.scalings.iter().any(|one| one.grip > GripLevel::GripLevel0.into())
    };
    let Some(start_ms) = steps.iter().find(scales).map(|step| step.recorded_ms) else {
        return Vec::new();
    };
    let first = board.first_in(Section::Incident, &seen);
    let mut clocks = vec![Clock {
        of: ClockOf::Description,
        region: String::new(),
        start_ms,
        due_ms: start_ms + DESCRIBED_MS,
        met_ms: first.map(|first_ms| first_ms.max(start_ms)),
    }];
    // What was recorded before is counted from the moment that the region scaled up.
    let until_ms = now_ms - PROCESSED_MS;
    let until_ms = if until_ms < start_ms { i64::MIN } else { until_ms };
    let waiting = board.tally().unprocessed(until_ms, &seen);
    for (section, waiting) in SECTIONS.iter().zip(waiting) {
        let Some(first_ms) = waiting.first_ms else { continue };
        let start_ms = first_ms.max(start_ms);
        clocks.push(Clock {
            of: ClockOf::Processing((*section).into(), waiting.late),
            region: String::new(),
            start_ms,
            due_ms: start_ms + PROCESSED_MS,
            met_ms: None,
        });
    }
    clocks
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(minute: i64, scalings: &[(&str, GripLevel, &[Team])]) -> Step {
        let scaling = |(region, grip, teams): &(&str, GripLevel, &[Team])| Scaling {
            region: format!("parties/{region}"),
            grip: (*grip).into(),
            teams: teams.iter().map(|team| (*team).into()).collect(),
        };
        Step {
            at: (minute as u64, VersionId { feed: [0; 16], sequence: minute as u64 + 1 }),
            recorded_ms: minute * 60_000,
            node: None,
            author: String::new(),
            incident: Incident {
                scalings: scalings.iter().map(scaling).collect(),
                ..Incident::default()
            },
            state: IncidentState::Open,
        }
    }

    #[test]
    fn a_team_has_the_time_of_the_law_and_its_clock_ends_when_the_region_scales_down() {
        use GripLevel::{GripLevel1, GripLevel2, GripLevel4};
        let mut steps = vec![
            step(0, &[("south", GripLevel2, &[Team::Copi])]),
            step(50, &[("south", GripLevel2, &[Team::Copi, Team::Rot])]),
            step(60, &[("south", GripLevel4, &[Team::Copi, Team::Rot])]),
        ];
        let clocks = team_clocks(&steps, |_| None);
        let told: Vec<_> = clocks
            .iter()
            .map(|clock| {
                let ClockOf::Team(team) = clock.of else { panic!("it is a team's") };
                let met = clock.met_ms.map(|ms| ms / 60_000);
                (Team::try_from(team).unwrap(), clock.due_ms / 60_000, met)
            })
            .collect();
        let expected =
            [(Team::Copi, 30, Some(0)), (Team::Rot, 45, Some(50)), (Team::Rbt, 120, None)];
        assert_eq!(told, expected);
        let late: Vec<_> = clocks.iter().map(|clock| clock.is_late(121 * 60_000)).collect();
        assert_eq!(late, [false, true, true]);
        steps.push(step(130, &[("south", GripLevel1, &[Team::Copi])]));
        assert_eq!(team_clocks(&steps, |_| None).len(), 1);
    }

    #[test]
    fn only_what_changed_is_told_and_the_order_of_arrival_does_not_matter() {
        use GripLevel::{GripLevel2, GripLevel4};
        let mut steps = vec![
            step(0, &[("south", GripLevel2, &[Team::Copi])]),
            step(5, &[("south", GripLevel2, &[Team::Copi])]),
            step(9, &[("south", GripLevel4, &[Team::Rot]), ("north", GripLevel2, &[])]),
        ];
        let mut other: Vec<_> = steps.iter().rev().cloned().collect();
        let told = changes(&mut steps);
        assert_eq!(told, changes(&mut other));
        assert_eq!(told.len(), 2);
        assert_eq!(told[1].regions.len(), 2);
        let south = told[1].regions.iter().find(|one| one.region == "parties/south").unwrap();
        assert_eq!((&south.started[..], &south.ended[..]), (&[Team::Rot][..], &[Team::Copi][..]));
    }
}
