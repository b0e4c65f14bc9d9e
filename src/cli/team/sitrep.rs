//! `polder sitrep …`.

use std::{collections::BTreeMap, io::Write as _, path::Path};

use anyhow::{Context as _, bail};
use bytes::Bytes;
use polder_wire::v1::{
    DraftSitrepRequest, Entry, IssueSitrepRequest, ListEntryVersionsRequest, ListSitrepsRequest,
    Sitrep, SitrepLine,
};
use prost::Message as _;

use super::{
    Asked, asked,
    page::{Page, page},
    pdf::pdf,
    service,
};
use crate::{
    cli::{
        Context, Misuse,
        args::{
            AskArgs, DiffSitrepArgs, DraftSitrepArgs, IssueSitrepArgs, ShowSitrepArgs,
            SitrepCommand,
        },
        client, say, say_json,
        session::Connection,
        show::Lines,
    },
    json,
};

pub(in crate::cli) async fn sitrep(
    context: &Context,
    command: SitrepCommand,
) -> anyhow::Result<u8> {
    match command {
        SitrepCommand::Draft(args) => draft(context, args).await,
        SitrepCommand::Issue(args) => issue(context, *args).await,
        SitrepCommand::Show(args) => show(context, args).await,
        SitrepCommand::Diff(args) => diff(context, args).await,
    }
}

async fn compile(
    channel: Connection,
    incident: &str,
    known_at: Option<prost_types::Timestamp>,
    args: &DraftSitrepArgs,
) -> anyhow::Result<Sitrep> {
    let request = DraftSitrepRequest {
        incident: incident.to_owned(),
        known_at,
        audience: args.audience.as_deref().map(client::audience_name).unwrap_or_default(),
        parties: args.party.iter().map(|party| full(party)).collect(),
        disciplines: Vec::new(),
    };
    let answer = service(channel).draft_sitrep(request).await?.into_inner();
    answer.sitrep.context("the node drafted nothing")
}

fn full(party: &str) -> String {
    format!("parties/{}", party.trim_start_matches("parties/"))
}

async fn draft(context: &Context, args: DraftSitrepArgs) -> anyhow::Result<u8> {
    let Asked { channel, incident, known_at, lines } = asked(context, &args.ask).await?;
    let mut sitrep = compile(channel, &incident.name, known_at, &args).await?;
    sitrep.team = args.team.unwrap_or_default();
    if context.common.json {
        say_json(&json::from_message("Sitrep", &sitrep)?)?;
    } else {
        print(&page(&lines, &sitrep, None).text(lines.width))?;
    }
    Ok(0)
}

async fn issue(context: &Context, args: IssueSitrepArgs) -> anyhow::Result<u8> {
    let Asked { channel, incident, known_at, .. } = asked(context, &args.draft.ask).await?;
    let mut sitrep = match &args.file {
        Some(file) => read(file)?,
        None => compile(channel.clone(), &incident.name, known_at, &args.draft).await?,
    };
    if let Some(team) = &args.draft.team {
        sitrep.team.clone_from(team);
    }
    sitrep.issued_by = args.by;
    let request = IssueSitrepRequest {
        request_id: uuid::Uuid::new_v4().to_string(),
        incident: incident.name,
        sitrep: Some(sitrep),
        replaces: args.replaces.unwrap_or_default(),
        audience: args.draft.audience.as_deref().map(client::audience_name).unwrap_or_default(),
    };
    let answer = service(channel).issue_sitrep(request).await?.into_inner();
    if context.common.json {
        say_json(&json::from_message("IssueSitrepResponse", &answer)?)?;
        return Ok(0);
    }
    let sitrep = answer.sitrep.unwrap_or_default();
    let words = context.words;
    let number = format!("{} {}.{}", words.sitrep(), sitrep.number, sitrep.version);
    say(&format!("{}: {number} {}", words.issued(), sitrep.team))?;
    say(&answer.name)?;
    Ok(0)
}

/// Compiles a sitrep of all that everybody may see, and issues it.
pub(in crate::cli) async fn issue_sitrep(
    channel: Connection,
    incident: &str,
    team: &str,
    issued_by: &str,
) -> anyhow::Result<()> {
    let incident = incident.to_owned();
    let request =
        DraftSitrepRequest { incident: incident.clone(), ..DraftSitrepRequest::default() };
    let mut service = service(channel);
    let drafted = service.draft_sitrep(request).await?.into_inner().sitrep;
    let mut sitrep = drafted.context("the node drafted nothing")?;
    (sitrep.team, sitrep.issued_by) = (team.to_owned(), issued_by.to_owned());
    let sitrep = Some(sitrep);
    let request = IssueSitrepRequest { incident, sitrep, ..IssueSitrepRequest::default() };
    service.issue_sitrep(request).await?;
    Ok(())
}

/// Prints all sitreps of an incident.
pub(in crate::cli) async fn print_sitreps(
    channel: Connection,
    incident: &str,
    lines: &Lines,
) -> anyhow::Result<()> {
    let request =
        ListSitrepsRequest { incident: incident.to_owned(), ..ListSitrepsRequest::default() };
    let answer = service(channel).list_sitreps(request).await?.into_inner();
    for bytes in answer.sitreps {
        if let Some(sitrep) = Entry::decode(bytes)?.sitrep {
            print(&page(lines, &sitrep, None).text(lines.width))?;
        }
    }
    Ok(())
}

/// A draft as JSON, as `polder sitrep draft --json` wrote it.
fn read(file: &Path) -> anyhow::Result<Sitrep> {
    let text =
        std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    let value = serde_json::from_str(&text).with_context(|| file.display().to_string());
    json::to_message("Sitrep", &value.context(Misuse)?).context(Misuse)
}

/// A sitrep and the entry that it stands in.
struct Found {
    entry: Entry,
    sitrep: Sitrep,
    recalled: Option<String>,
}

async fn list(channel: &Connection, ask: &Asked, team: Option<&str>) -> anyhow::Result<Vec<Entry>> {
    let request = ListSitrepsRequest {
        incident: ask.incident.name.clone(),
        known_at: ask.known_at,
        team: team.unwrap_or_default().to_owned(),
    };
    let answer = service(channel.clone()).list_sitreps(request).await?.into_inner();
    let decode = |bytes: Bytes| Entry::decode(bytes).map_err(Into::into);
    answer.sitreps.into_iter().map(decode).collect()
}

/// A sitrep by `NUMBER`, `NUMBER.VERSION`, or the full name of its entry.
async fn find(
    ask: &Asked,
    named: &str,
    team: Option<&str>,
    lines: &Lines,
) -> anyhow::Result<Found> {
    let missing = || anyhow::anyhow!("{}: {named}", lines.words.no_such_sitrep());
    let (number, version) = match named.split_once('.') {
        Some((number, version)) => (number, Some(version.parse::<i32>().context(Misuse)?)),
        None => (named, None),
    };
    let name = if named.starts_with("incidents/") {
        named.to_owned()
    } else {
        let number: i32 = number.parse().context(Misuse)?;
        let listed = list(&ask.channel, ask, team).await?;
        let fits = |entry: &&Entry| entry.sitrep.as_ref().is_some_and(|one| one.number == number);
        let mut found = listed.iter().filter(fits);
        let first = found.next().ok_or_else(missing)?.name.clone();
        if found.next().is_some() {
            bail!("{}: {named}", lines.words.several_sitreps());
        }
        first
    };
    let request =
        ListEntryVersionsRequest { name, page_size: 1_000, ..ListEntryVersionsRequest::default() };
    let mut client = client::picture(ask.channel.clone());
    let versions = client.list_entry_versions(request).await?.into_inner().versions;
    let mut found: Option<Found> = None;
    let mut recalled = None;
    for bytes in versions {
        let entry = Entry::decode(bytes)?;
        if entry.retracted {
            recalled = Some(entry.retraction_reason.clone());
        }
        let Some(sitrep) = entry.sitrep.clone() else { continue };
        if version.is_none_or(|version| version == sitrep.version) {
            found = Some(Found { entry, sitrep, recalled: None });
        }
    }
    let found = found.ok_or_else(missing)?;
    Ok(Found { recalled, ..found })
}

async fn show(context: &Context, args: ShowSitrepArgs) -> anyhow::Result<u8> {
    let ask = asked(context, &args.ask).await?;
    let words = context.words;
    let Some(named) = &args.sitrep else {
        let listed = list(&ask.channel, &ask, args.team.as_deref()).await?;
        if listed.is_empty() {
            say(words.no_sitreps())?;
        }
        for entry in listed {
            let Some(sitrep) = &entry.sitrep else { continue };
            let (number, team) = (format!("{}.{}", sitrep.number, sitrep.version), &sitrep.team);
            let at = sitrep.issued_time.as_ref().map_or(0, polder_picture::attributes::millis);
            let at = ask.lines.moment(at);
            say(&format!("{at}  {number} {team} · {}", sitrep.issued_by))?;
            say(&ask.lines.faint(&format!("    {}", entry.name)))?;
        }
        return Ok(0);
    };
    let lines = ask.lines.clone();
    let found = find(&ask, named, args.team.as_deref(), &lines).await?;
    if context.common.json {
        let entry = found.entry.encode_to_vec();
        say_json(&json::from_bytes("Entry", &entry)?)?;
        return Ok(0);
    }
    let page = page(&lines, &found.sitrep, found.recalled.as_deref());
    write(&page, &args.format, args.out.as_deref(), lines.width)?;
    Ok(0)
}

/// Writes a page to a file, or else to standard output.
pub(super) fn write(
    page: &Page,
    format: &str,
    out: Option<&Path>,
    width: usize,
) -> anyhow::Result<()> {
    let bytes = rendered(page, format, width);
    match out {
        Some(out) => {
            std::fs::write(out, bytes).with_context(|| format!("cannot write {}", out.display()))?
        }
        None => std::io::stdout().lock().write_all(&bytes)?,
    }
    Ok(())
}

fn rendered(page: &Page, format: &str, width: usize) -> Vec<u8> {
    match format {
        "markdown" => page.markdown().into_bytes(),
        "html" => page.html().into_bytes(),
        "pdf" => pdf(page),
        _ => page.text(width).into_bytes(),
    }
}

fn print(text: &str) -> anyhow::Result<()> {
    say(text.trim_end())
}

async fn diff(context: &Context, args: DiffSitrepArgs) -> anyhow::Result<u8> {
    let ask = asked(context, &AskArgs { incident: args.incident, known: None }).await?;
    let lines = ask.lines.clone();
    let team = args.team.as_deref();
    let first = find(&ask, &args.first, team, &lines).await?;
    let second = find(&ask, &args.second, team, &lines).await?;
    let words = context.words;
    let changes = differences(&first.sitrep, &second.sitrep);
    if changes.is_empty() {
        say(words.no_difference())?;
    }
    for (mark, line) in changes {
        let said = words.0.pick(&line.english, &line.dutch);
        let party = line.party.trim_start_matches("parties/");
        say(&format!("{mark} {said} ({party})"))?;
    }
    Ok(0)
}

/// Lines that one sitrep lacks (`+`), the other lacks (`-`), or both have otherwise (`~`, as the
/// second has it): by the entries that they rest on, in the order of the second.
fn differences<'s>(first: &'s Sitrep, second: &'s Sitrep) -> Vec<(char, &'s SitrepLine)> {
    let lines = |sitrep: &'s Sitrep| sitrep.sections.iter().flat_map(|section| &section.lines);
    let entry = |line: &SitrepLine| line.version.split("/versions/").next().map(str::to_owned);
    let mut before: BTreeMap<_, Vec<&SitrepLine>> = BTreeMap::new();
    for line in lines(first) {
        before.entry(entry(line)).or_default().push(line);
    }
    let mut after = std::collections::BTreeSet::new();
    let mut changes = Vec::new();
    for line in lines(second) {
        after.insert(entry(line));
        match before.get(&entry(line)) {
            None => changes.push(('+', line)),
            Some(held) if held.iter().any(|held| held.version == line.version) => {}
            Some(_) => changes.push(('~', line)),
        }
    }
    changes.extend(lines(first).filter(|line| !after.contains(&entry(line))).map(|l| ('-', l)));
    changes
}

#[cfg(test)]
mod tests {
    use polder_wire::v1::SitrepSection;

    use super::*;

    #[test]
    fn differences_are_told_by_the_entries_that_lines_rest_on() {
        let line = |entry: u32, version: u32| SitrepLine {
            version: format!("incidents/x/entries/{entry}/versions/{version}"),
            ..SitrepLine::default()
        };
        let sitrep = |lines: Vec<SitrepLine>| Sitrep {
            sections: vec![SitrepSection { lines, ..SitrepSection::default() }],
            ..Sitrep::default()
        };
        let first = sitrep(vec![line(1, 1), line(2, 1), line(3, 1)]);
        let second = sitrep(vec![line(4, 1), line(2, 2), line(3, 1)]);
        let told = differences(&first, &second);
        let marks: Vec<_> =
            told.iter().map(|(mark, line)| (*mark, &line.version[20..21])).collect();
        assert_eq!(marks, [('+', "4"), ('~', "2"), ('-', "1")]);
        assert!(differences(&first, &first).is_empty());
    }
}
