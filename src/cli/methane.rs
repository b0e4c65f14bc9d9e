//! `polder methane`: the first report of whoever is there first, by letter. What is not given is asked
//! when somebody sits at a terminal; each thing that is known becomes an entry of its own.

use std::io::{BufRead as _, IsTerminal as _, Write as _};

use anyhow::anyhow;
use polder_wire::v1::{Discipline, Position, ReportMethaneRequest};
use uuid::Uuid;

use super::{
    Context, Misuse,
    args::MethaneArgs,
    client::{self, enumeration},
    read::at_node_time,
    say, say_json, team,
};
use crate::json;

pub(super) async fn methane(context: &Context, mut args: MethaneArgs) -> anyhow::Result<u8> {
    let words = context.words;
    if args.kind.is_none() && std::io::stdin().is_terminal() {
        ask(context, &mut args)?;
    }
    if args.kind.as_deref().is_none_or(|kind| kind.trim().is_empty()) {
        return Err(anyhow!("{}", words.methane_needs_type()).context(Misuse));
    }
    let channel = context.connect().await?;
    let incident = client::incident(&channel, args.incident.as_deref(), words).await?;
    let lines = at_node_time(context, channel.clone()).await;
    let request = report(context, &args, &incident.name, lines.now())?;
    let answer = team::service(channel).report_methane(request).await?.into_inner();
    if context.common.json {
        say_json(&json::from_message("ReportMethaneResponse", &answer)?)?;
        return Ok(0);
    }
    for published in &answer.entries {
        say(&format!("{}: {}", words.published(), published.name))?;
    }
    Ok(0)
}

/// Asks letter by letter; an empty line leaves it open.
fn ask(context: &Context, args: &mut MethaneArgs) -> anyhow::Result<()> {
    let words = context.words;
    let mut lines = std::io::stdin().lock().lines();
    let mut next = |question: &str| -> anyhow::Result<Option<String>> {
        eprint!("{question}: ");
        std::io::stderr().flush()?;
        let line = lines.next().transpose()?.unwrap_or_default();
        Ok(Some(line.trim().to_owned()).filter(|line| !line.is_empty()))
    };
    let yes = |answer: &Option<String>| {
        answer.as_ref().is_some_and(|answer| {
            ["y", "j"].iter().any(|letter| answer.to_lowercase().starts_with(letter))
        })
    };
    let question = |letter: char, words: &str| format!("{letter} {words}");
    if !args.major {
        args.major = yes(&next(&question('M', words.methane_major()))?);
    }
    let fill = |held: &mut Option<String>, answer: Option<String>| {
        if held.is_none() {
            *held = answer;
        }
    };
    fill(&mut args.exact, next(&question('E', words.methane_exact()))?);
    fill(&mut args.kind, next(&question('T', words.methane_type()))?);
    fill(&mut args.hazards, next(&question('H', words.methane_hazards()))?);
    fill(&mut args.access, next(&question('A', words.methane_access()))?);
    for (held, name) in [
        (&mut args.t1, "T1"),
        (&mut args.t2, "T2"),
        (&mut args.t3, "T3"),
        (&mut args.dead, words.methane_dead()),
    ] {
        if held.is_none()
            && let Some(answer) = next(&format!("N {} {name}", words.methane_number()))?
        {
            let wrong = || anyhow!("{answer:?}: {}", words.methane_no_number()).context(Misuse);
            *held = Some(answer.parse().map_err(|_| wrong())?);
        }
    }
    fill(&mut args.services, next(&question('E', words.methane_services()))?);
    Ok(())
}

fn report(
    context: &Context,
    args: &MethaneArgs,
    incident: &str,
    now_ms: i64,
) -> anyhow::Result<ReportMethaneRequest> {
    let discipline = match &args.discipline {
        Some(word) => enumeration("DISCIPLINE", word, Discipline::from_str_name)?.into(),
        None => 0,
    };
    let position = match &args.at {
        Some(at) => {
            let [latitude, longitude] = client::numbers(at)?;
            Some(Position { latitude, longitude })
        }
        None => None,
    };
    let said = |text: &Option<String>| text.as_deref().unwrap_or_default().trim().to_owned();
    let number = |number: Option<u32>| number.map(|number| number.min(i32::MAX as u32) as i32);
    Ok(ReportMethaneRequest {
        request_id: Uuid::new_v4().to_string(),
        incident: incident.to_owned(),
        party: args.party.as_deref().map(full).unwrap_or_default(),
        discipline,
        audience: args.audience.as_deref().map(client::audience_name).unwrap_or_default(),
        language: context.words.0.pick("en", "nl").to_owned(),
        observed: Some(polder_picture::attributes::timestamp(now_ms)),
        major: args.major,
        exact: said(&args.exact),
        position,
        r#type: said(&args.kind),
        hazards: said(&args.hazards),
        access: said(&args.access),
        t1: number(args.t1),
        t2: number(args.t2),
        t3: number(args.t3),
        dead: number(args.dead),
        services: said(&args.services),
    })
}

fn full(party: &str) -> String {
    format!("parties/{}", party.trim_start_matches("parties/"))
}
