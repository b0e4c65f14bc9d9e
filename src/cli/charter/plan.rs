//! `plan`: whom a region brings in when it scales up.

use std::collections::BTreeMap;

use anyhow::{Context as _, anyhow};
use polder_picture::team::scaling::{start_within, team_name};
use polder_wire::v1::{
    GripLevel, PlanLevel, PlannedTeam, ResponsePlan, Team, charter_change::Change,
};
use prost_types::Duration;

use super::{
    super::{
        Context, Misuse,
        args::{PlanArgs, SignArgs},
        client::enumeration,
        say,
    },
    Desk, named, replacing,
    show::id,
};

/// `plan`.
pub(in super::super) async fn plan(context: &Context, args: PlanArgs) -> anyhow::Result<u8> {
    let desk = Desk::open(context).await?;
    let region = named("parties", &args.region);
    let ours = |change: &Change| matches!(change, Change::Plan(one) if one.region == region);
    if let Some(reason) = &args.end {
        if !args.bring.is_empty() || !args.team.is_empty() {
            return Err(anyhow!("{}", context.words.plan_end_alone()).context(Misuse));
        }
        return desk.end(&signer(context, &args)?, ours, reason).await;
    }
    let known: Vec<_> = desk.known()?.parties().map(|(id, _)| id.to_owned()).collect();
    if args.bring.is_empty() && args.team.is_empty() {
        return show(context, &desk, &args.region);
    }
    let levels = levels(&args)?;
    let mut said = levels.iter().flat_map(|level| level.parties.clone()).chain([region.clone()]);
    let stranger = said.find(|name| !known.iter().any(|known| known == id(name)));
    drop(said);
    if let Some(stranger) = stranger {
        return Err(anyhow!("{:?}: {}", id(&stranger), context.words.no_party()).context(Misuse));
    }
    let replaced = desk.replaced(ours)?;
    let plan = ResponsePlan { region: region.clone(), levels };
    desk.say(&signer(context, &args)?, vec![replacing(Change::Plan(plan), replaced)]).await
}

fn signer(context: &Context, args: &PlanArgs) -> anyhow::Result<SignArgs> {
    let missing = || anyhow!("{}", context.words.plan_needs_key()).context(Misuse);
    Ok(SignArgs {
        key: args.key.clone().ok_or_else(missing)?,
        passphrase_file: args.passphrase_file.clone(),
        note: args.note.clone(),
    })
}

/// A level and what belongs to it, from `4=one,other`.
fn parted(given: &str) -> anyhow::Result<(i32, &str)> {
    let wrong =
        || anyhow!("{given:?} is not of the form LEVEL=..., such as 4=defensie").context(Misuse);
    let (level, rest) = given.split_once('=').ok_or_else(wrong)?;
    let level = level.trim().parse::<i32>().ok().filter(|level| (1..=5).contains(level));
    let level = level.ok_or_else(|| anyhow!("{given:?}: GRIP 1 to 5").context(Misuse))?;
    Ok((level + i32::from(GripLevel::GripLevel0), rest))
}

fn levels(args: &PlanArgs) -> anyhow::Result<Vec<PlanLevel>> {
    let mut levels: BTreeMap<i32, PlanLevel> = BTreeMap::new();
    for given in &args.bring {
        let (grip, parties) = parted(given)?;
        let level = levels.entry(grip).or_default();
        for party in parties.split(',').map(str::trim).filter(|party| !party.is_empty()) {
            let party = named("parties", party);
            if !level.parties.contains(&party) {
                level.parties.push(party);
            }
        }
    }
    for given in &args.team {
        let (grip, team) = parted(given)?;
        let (word, minutes) = match team.split_once(':') {
            Some((word, minutes)) => {
                let minutes = minutes.trim().parse::<u32>();
                let minutes = minutes.with_context(|| format!("{given:?}")).context(Misuse)?;
                (word, Some(Duration { seconds: i64::from(minutes) * 60, nanos: 0 }))
            }
            None => (team, None),
        };
        let team = enumeration("TEAM", word.trim(), Team::from_str_name)?.into();
        levels.entry(grip).or_default().teams.push(PlannedTeam { team, start_within: minutes });
    }
    Ok(levels.into_iter().map(|(grip, level)| PlanLevel { grip, ..level }).collect())
}

fn show(context: &Context, desk: &Desk<'_>, region: &str) -> anyhow::Result<u8> {
    let row = desk.known()?.plan(id(region));
    let Some(row) = row else { return Err(anyhow!("{region}: {}", context.words.no_plan())) };
    let mut text = String::new();
    for (grip, level) in &row.levels {
        let dutch = context.words.0.pick(false, true);
        text += &level_line(*grip, &level.parties, &level.teams, dutch);
        text.push('\n');
    }
    say(text.trim_end())?;
    Ok(0)
}

/// What one level brings in, in a line.
pub(super) fn level_line(
    grip: i32,
    parties: &[String],
    teams: &[PlannedTeam],
    dutch: bool,
) -> String {
    let team = |team: &PlannedTeam| {
        let name = team_name(team.team(), dutch);
        start_within(team).map_or_else(|| name.to_owned(), |s| format!("{name} ({} min)", s / 60))
    };
    let teams = teams.iter().map(team).collect::<Vec<_>>().join(", ");
    let parties = parties.join(", ");
    let between = if parties.is_empty() || teams.is_empty() { "" } else { " · " };
    format!("GRIP {}: {parties}{between}{teams}", grip - i32::from(GripLevel::GripLevel0))
}
