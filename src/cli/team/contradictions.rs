//! `polder contradictions` and `polder decide`.

use anyhow::bail;
use bytes::Bytes;
use polder_wire::v1::{
    Contradiction, Decision, DecisionState, Entry, ListContradictionsRequest,
    ListContradictionsResponse, PublishItem, Statement, Text, entry::Body,
};
use prost::Message as _;

use super::{Asked, asked, grounds, publish_item, service};
use crate::{
    cli::{
        Context,
        args::{AskArgs, ContradictionsArgs, DecideArgs},
        say, say_json,
        show::Lines,
    },
    json,
};

/// Versions on which a decision may rest.
const BASIS_MAX: usize = 64;

pub(in crate::cli) async fn contradictions(
    context: &Context,
    args: ContradictionsArgs,
) -> anyhow::Result<u8> {
    let Asked { channel, incident, known_at, lines } = asked(context, &args.ask).await?;
    let request = ListContradictionsRequest {
        incident: incident.name.clone(),
        known_at,
        only_open: args.open,
    };
    let answer = service(channel).list_contradictions(request).await?.into_inner();
    if context.common.json {
        say_json(&json::from_message("ListContradictionsResponse", &answer)?)?;
        return Ok(0);
    }
    print_contradictions(&lines, &answer)?;
    Ok(0)
}

/// Prints contradictions side by side.
pub(in crate::cli) fn print_contradictions(
    lines: &Lines,
    answer: &ListContradictionsResponse,
) -> anyhow::Result<()> {
    let words = lines.words;
    if answer.contradictions.is_empty() {
        return say(words.no_contradictions());
    }
    let open = answer.contradictions.iter().filter(|one| one.decisions.is_empty()).count();
    let all = answer.contradictions.len();
    let counts = format!("{all} {}, {} {open}", words.contradictions(), words.of_which_open());
    say(&lines.heading(&counts))?;
    for one in &answer.contradictions {
        say("")?;
        print_one(lines, one)?;
    }
    if answer.contradictions_left_out > 0 {
        let more = answer.contradictions_left_out;
        say(&lines.faint(&format!("({more} {})", words.contradictions_more())))?;
    }
    Ok(())
}

pub(super) fn print_one(lines: &Lines, one: &Contradiction) -> anyhow::Result<()> {
    let words = lines.words;
    let id = one.name.rsplit('/').next().unwrap_or_default();
    let state = if one.decisions.is_empty() {
        lines.alarm(&format!("[{}]", words.open()))
    } else {
        lines.faint(&format!("[{}]", words.decided()))
    };
    let short = id.split('-').next().unwrap_or_default();
    say(&format!("{state} {} {}", lines.heading(&title(lines, one)), lines.faint(short)))?;
    for version in &one.versions {
        print_version(lines, version)?;
    }
    if one.versions_left_out > 0 {
        say(&lines.faint(&format!("({} {})", one.versions_left_out, words.versions_more())))?;
    }
    for (heading, versions) in [(words.agrees(), &one.agreeing), (words.decided(), &one.decisions)]
    {
        if !versions.is_empty() {
            say(&lines.faint(&format!("  {heading}:")))?;
        }
        for version in versions {
            print_version(lines, version)?;
        }
    }
    Ok(())
}

/// What they differ about.
fn title(lines: &Lines, one: &Contradiction) -> String {
    let words = lines.words;
    if one.subjects.is_empty() {
        let versions = one.versions.iter().filter_map(|one| Entry::decode(one.clone()).ok());
        let versions: Vec<_> = versions.collect();
        let several = versions.iter().any(|version| version.name != versions[0].name);
        let place = versions.iter().map(|version| &version.place).find(|place| !place.is_empty());
        let what = if several { words.says_so() } else { words.differ() };
        return place.map_or_else(|| what.to_owned(), |place| format!("{place}: {what}"));
    }
    let mut parts: Vec<(String, String)> = Vec::new();
    for subject in &one.subjects {
        let mut aspect = words.aspect(&subject.aspect);
        if subject.expected {
            aspect.push_str(&format!(" ({})", words.expected()));
        }
        match parts.iter_mut().find(|(known, _)| *known == aspect) {
            Some((_, places)) if !places.contains(&subject.place) => {
                places.push_str(&format!(", {}", subject.place));
            }
            Some(_) => {}
            None => parts.push((aspect, subject.place.clone())),
        }
    }
    let parts: Vec<_> = parts.into_iter().map(|(what, place)| format!("{place}: {what}")).collect();
    parts.join(" · ")
}

fn print_version(lines: &Lines, version: &Bytes) -> anyhow::Result<()> {
    let entry = Entry::decode(version.clone())?;
    say(&lines.entry(&entry))?;
    say(&lines.faint(&format!("    {}", grounds(lines, &entry))))
}

pub(in crate::cli) async fn decide(context: &Context, args: DecideArgs) -> anyhow::Result<u8> {
    let words = context.words;
    let ask = AskArgs { incident: args.incident.clone(), known: None };
    let Asked { channel, incident, .. } = asked(context, &ask).await?;
    let request = ListContradictionsRequest {
        incident: incident.name.clone(),
        known_at: None,
        only_open: true,
    };
    let answer = service(channel.clone()).list_contradictions(request).await?.into_inner();
    let begins = |one: &&Contradiction| {
        let id = one.name.rsplit('/').next().unwrap_or_default();
        id.starts_with(args.contradiction.rsplit('/').next().unwrap_or_default())
    };
    let mut found = answer.contradictions.iter().filter(begins);
    let Some(one) = found.next() else {
        bail!("{} {}", words.no_such_contradiction(), args.contradiction);
    };
    if found.next().is_some() {
        bail!("{} {}", words.several_contradictions(), args.contradiction);
    }
    let mut basis = Vec::new();
    for version in &one.versions {
        let entry = Entry::decode(version.clone())?;
        basis.push(format!("{}/versions/{}", entry.name, entry.version));
    }
    if one.versions_left_out > 0 || basis.len() > BASIS_MAX {
        bail!("{}", words.too_many_versions());
    }
    let decision = Decision {
        decided_by: args.by,
        state: DecisionState::Taken.into(),
        rationale: args.because,
        basis,
        ..Decision::default()
    };
    let entry = Entry {
        name: incident.name,
        statement: Statement::Decision.into(),
        texts: vec![Text { language: args.text_lang, title: args.title, ..Text::default() }],
        body: Some(Body::Decision(decision)),
        ..Entry::default()
    };
    let item = PublishItem { entry: entry.encode_to_vec().into(), ..PublishItem::default() };
    let name = publish_item(channel, item).await?;
    if context.common.json {
        say_json(&serde_json::json!({ "name": name }))?;
    } else {
        say(&format!("{} {name}", words.decision_recorded()))?;
    }
    Ok(0)
}
