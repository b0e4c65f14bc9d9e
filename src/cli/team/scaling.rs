//! `polder incident history`.

use jiff::Zoned;
use polder_picture::{attributes::millis, team::scaling::team_name};
use polder_wire::v1::{
    IncidentState, ListScalingRequest, ListScalingResponse, RegionStep, ScalingStep, Team,
};

use super::situation::service;
use crate::{
    cli::{Context, args::IncidentHistoryArgs, client, say, say_json, show::Lines, words::grip},
    json,
};

pub(in crate::cli) async fn history(
    context: &Context,
    args: IncidentHistoryArgs,
) -> anyhow::Result<u8> {
    let channel = context.connect().await?;
    let incident = client::incident(&channel, args.id.as_deref(), context.words).await?;
    let near = Zoned::now();
    let known_at = args.known.as_deref().map(|at| client::moment(at, &near)).transpose()?;
    let request = ListScalingRequest { incident: incident.name, known_at };
    let lines = crate::cli::read::at_node_time(context, channel.clone()).await;
    let answer = service(channel).list_scaling(request).await?.into_inner();
    if context.common.json {
        say_json(&json::from_message("ListScalingResponse", &answer)?)?;
        return Ok(0);
    }
    print_scaling(&lines, &answer)?;
    Ok(0)
}

/// Prints how phase, GRIP and teams changed.
pub(in crate::cli) fn print_scaling(
    lines: &Lines,
    answer: &ListScalingResponse,
) -> anyhow::Result<()> {
    if answer.steps_left_out > 0 {
        say(&format!("({} {})", answer.steps_left_out, lines.words.earlier_left_out()))?;
    }
    answer.steps.iter().try_for_each(|step| print_step(lines, step))
}

fn print_step(lines: &Lines, step: &ScalingStep) -> anyhow::Result<()> {
    let words = lines.words;
    let mut parts = Vec::new();
    if step.state != step.state_before {
        parts.push(match step.state() {
            IncidentState::Closed => words.closed_state().to_owned(),
            _ => words.opened_state().to_owned(),
        });
    }
    if step.phase != step.phase_before {
        parts.push(format!("{} {}", words.phase(), words.phase_name(step.phase())));
    }
    if step.grip_rijk != step.grip_rijk_before {
        let word = if step.grip_rijk { words.in_force() } else { words.ended() };
        parts.push(format!("GRIP Rijk {word}"));
    }
    parts.extend(step.regions.iter().map(|region| region_step(lines, region)));
    let author = if step.author.is_empty() { String::new() } else { format!(" ({})", step.author) };
    let at = lines.moment(step.time.as_ref().map_or(0, millis));
    say(&format!("{at}  {}{}", parts.join(" · "), lines.faint(&author)))?;
    for region in step.regions.iter().filter(|region| !region.called.is_empty()) {
        let called: Vec<_> =
            region.called.iter().map(|party| party.trim_start_matches("parties/")).collect();
        say(&format!("    {} {}", words.called_in(), called.join(", ")))?;
    }
    Ok(())
}

fn region_step(lines: &Lines, step: &RegionStep) -> String {
    let words = lines.words;
    let region = step.region.trim_start_matches("parties/");
    let dutch = words.0.pick(false, true);
    let names = |teams: &mut dyn Iterator<Item = Team>| {
        teams.map(|team| team_name(team, dutch)).collect::<Vec<_>>().join(", ")
    };
    let mut text = region.to_owned();
    if step.before != step.grip {
        text.push_str(&format!(" {}", grip(step.grip())));
    }
    for (word, teams) in
        [(words.began(), names(&mut step.started())), (words.ended(), names(&mut step.ended()))]
    {
        if !teams.is_empty() {
            text.push_str(&format!(", {word} {teams}"));
        }
    }
    text
}
