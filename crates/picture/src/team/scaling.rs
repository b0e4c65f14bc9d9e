//! Within which time teams are at work.

use polder_wire::v1::{PlannedTeam, Team};

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
