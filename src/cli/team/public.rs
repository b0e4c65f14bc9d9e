//! `polder warnings` and `polder contacts`: what the public was told and when, and the book of
//! numbers and addresses behind it.

use anyhow::{Context as _, bail};
use jiff::Zoned;
use polder_picture::attributes::millis;
use polder_wire::v1::{
    BookContact, Contact, ContactPurpose, ContactTrouble, Entry, GetEntryRequest,
    ListContactsRequest, ListContactsResponse, ListWarningsRequest, ListWarningsResponse,
    PublishItem, Statement, TimedWarning, Times, VersionList, WarningStage, WarningState,
    entry::Body, warning_service_client::WarningServiceClient,
};
use prost::Message as _;
use serde_json::json;

use super::{Asked, asked, publish_item_to};
use crate::{
    cli::{
        Context,
        args::{ContactAddArgs, ContactCheckArgs, ContactsAction, ContactsArgs, WarningsArgs},
        client, say, say_json,
        session::Connection,
        show::Lines,
    },
    json,
};

pub(in crate::cli) fn service(channel: Connection) -> WarningServiceClient<Connection> {
    WarningServiceClient::new(channel).max_decoding_message_size(8 << 20)
}

pub(in crate::cli) async fn warnings(context: &Context, args: WarningsArgs) -> anyhow::Result<u8> {
    let Asked { channel, incident, known_at, lines } = asked(context, &args.ask).await?;
    let request =
        ListWarningsRequest { incident: incident.name, known_at, only_standing: args.standing };
    let answer = service(channel).list_warnings(request).await?.into_inner();
    if context.common.json {
        say_json(&json::from_message("ListWarningsResponse", &answer)?)?;
        return Ok(0);
    }
    print_warnings(&lines, &answer)?;
    Ok(0)
}

/// Prints warnings, stage by stage.
pub(in crate::cli) fn print_warnings(
    lines: &Lines,
    answer: &ListWarningsResponse,
) -> anyhow::Result<()> {
    let words = lines.words;
    if answer.warnings.is_empty() {
        return say(words.no_warnings());
    }
    for warning in &answer.warnings {
        say(&warning_line(lines, warning)?)?;
        for stage in &warning.stages {
            say(&format!("    {}", stage_line(lines, stage)))?;
        }
        for cited in &warning.contacts {
            let what = match cited.entry.is_empty() {
                true => words.contact_unseen().to_owned(),
                false => contact_line(lines, &Entry::decode(cited.entry.clone())?),
            };
            let mark = trouble_mark(lines, cited.trouble());
            say(&format!("    {} {what} {mark}", words.contact_cited()))?;
        }
    }
    match answer.warnings_left_out {
        0 => Ok(()),
        more => say(&lines.faint(&format!("({more} {})", words.warnings_more()))),
    }
}

fn warning_line(lines: &Lines, warning: &TimedWarning) -> anyhow::Result<String> {
    let words = lines.words;
    let entry = Entry::decode(warning.entry.clone())?;
    let last = warning.stages.last().map(WarningStage::state).unwrap_or_default();
    let mark = match (warning.standing, last) {
        (true, _) => lines.alarm(&format!("[{}]", words.warning_stands())),
        (false, WarningState::Issued | WarningState::Corrected) => {
            lines.faint(&format!("[{}]", words.warning_over()))
        }
        (false, state) => lines.faint(&format!("[{}]", words.warning_state(state))),
    };
    Ok(format!("{mark} {}", lines.entry(&entry).replace('\n', "\n    ")))
}

/// One stage in words: what, when, by whom, how long after the one before.
pub(super) fn stage_line(lines: &Lines, stage: &WarningStage) -> String {
    let words = lines.words;
    let at = stage.recorded_time.as_ref().map_or(0, millis);
    let party = stage.party.trim_start_matches("parties/");
    let by = [party, &stage.author[..]].into_iter().filter(|by| !by.is_empty());
    let by: Vec<_> = by.collect();
    let mut text =
        format!("{} {} {}", words.warning_state(stage.state()), lines.moment(at), by.join(" · "));
    if let Some(after) = &stage.after {
        let ms = after.seconds * 1_000 + i64::from(after.nanos) / 1_000_000;
        // To the nearest minute: clocks of nodes differ by less.
        let took = words.age(ms + 30_000);
        text.push_str(&format!(" · {took} {}", words.warning_later()));
    }
    if !stage.drafted_by.is_empty() {
        text.push_str(&format!(" · {} {}", words.warning_drafted_by(), stage.drafted_by));
    }
    if !stage.unchecked_reason.is_empty() {
        text.push_str(&format!(" · {} {}", words.warning_unchecked(), stage.unchecked_reason));
    }
    text
}

fn trouble_mark(lines: &Lines, trouble: ContactTrouble) -> String {
    let mark = format!("[{}]", lines.words.contact_trouble(trouble));
    match trouble {
        ContactTrouble::Unspecified => lines.faint(&mark),
        _ => lines.warn(&mark),
    }
}

/// A line as it is read out.
fn contact_line(lines: &Lines, entry: &Entry) -> String {
    let Some(Body::Contact(body)) = &entry.body else { return lines.entry(entry) };
    let told = [&body.name, &body.telephone, &body.web, &body.mail, &body.address];
    let told: Vec<_> = told.into_iter().filter(|told| !told.is_empty()).cloned().collect();
    told.join(" · ")
}

pub(in crate::cli) async fn contacts(context: &Context, args: ContactsArgs) -> anyhow::Result<u8> {
    match args.action {
        Some(ContactsAction::Add(args)) => return add(context, *args).await,
        Some(ContactsAction::Check(args)) => return check(context, args).await,
        None => {}
    }
    let Asked { channel, incident, known_at, lines } = asked(context, &args.ask).await?;
    let request = ListContactsRequest { incident: incident.name, known_at };
    let answer = service(channel).list_contacts(request).await?.into_inner();
    if context.common.json {
        say_json(&json::from_message("ListContactsResponse", &answer)?)?;
        return Ok(0);
    }
    print_contacts(&lines, &answer)?;
    Ok(0)
}

/// Prints the book.
pub(in crate::cli) fn print_contacts(
    lines: &Lines,
    answer: &ListContactsResponse,
) -> anyhow::Result<()> {
    let words = lines.words;
    if answer.contacts.is_empty() {
        return say(words.no_contacts());
    }
    for line in &answer.contacts {
        let entry = Entry::decode(line.entry.clone())?;
        let mark = trouble_mark(lines, line.trouble());
        let id = lines.faint(short(&entry.name));
        say(&format!("{mark} {} · {id}", contact_line(lines, &entry)))?;
        for (names, what) in [
            (&line.warnings, words.contact_rests()),
            (&line.outdated_warnings, words.contact_outdated()),
        ] {
            if !names.is_empty() {
                let names: Vec<_> = names.iter().map(|name| short(name)).collect();
                say(&format!("    {what} {}", names.join(", ")))?;
            }
        }
    }
    match answer.contacts_left_out {
        0 => Ok(()),
        more => say(&lines.faint(&format!("({more} {})", words.contacts_more()))),
    }
}

fn short(name: &str) -> &str {
    let id = name.rsplit('/').next().unwrap_or_default();
    id.split('-').next().unwrap_or_default()
}

async fn add(context: &Context, args: ContactAddArgs) -> anyhow::Result<u8> {
    let channel = context.connect().await?;
    let incident =
        client::incident(&channel, args.speak.incident.as_deref(), context.words).await?;
    let purpose =
        client::enumeration("CONTACT_PURPOSE", &args.purpose, ContactPurpose::from_str_name)?;
    let near = Zoned::now();
    let until = args.until.as_deref().map(|text| client::moment(text, &near)).transpose()?;
    let party = args.speak.party.as_deref().map(|id| id.trim_start_matches("parties/"));
    let name = match &args.entry {
        None => incident.name.clone(),
        Some(name) if name.contains('/') => name.clone(),
        Some(id) => format!("{}/entries/{id}", incident.name),
    };
    let entry = Entry {
        name,
        statement: Statement::Fact.into(),
        party: party.map(|party| format!("parties/{party}")).unwrap_or_default(),
        times: until.map(|until| Times { valid_until: Some(until), ..Times::default() }),
        body: Some(Body::Contact(Contact {
            name: args.name,
            purpose: purpose.into(),
            telephone: args.telephone.unwrap_or_default(),
            web: args.web.unwrap_or_default(),
            mail: args.mail.unwrap_or_default(),
            address: args.address.unwrap_or_default(),
            checked: false,
        })),
        ..Entry::default()
    };
    let item = PublishItem { entry: entry.encode_to_vec().into(), ..PublishItem::default() };
    let name = publish_item_to(channel, item, "").await?;
    if context.common.json {
        say_json(&json!({ "name": name }))?;
        return Ok(0);
    }
    say(&format!("{} {}", context.words.contact_added(), short(&name)))?;
    Ok(0)
}

async fn check(context: &Context, args: ContactCheckArgs) -> anyhow::Result<u8> {
    let words = context.words;
    let channel = context.connect().await?;
    let incident = client::incident(&channel, args.incident.as_deref(), words).await?;
    let request = ListContactsRequest { incident: incident.name, known_at: None };
    let book = service(channel.clone()).list_contacts(request).await?.into_inner();
    let mut entry = Entry::decode(named(context, &book, &args.line)?.entry.clone())?;
    let mut versions = vec![entry.version.clone()];
    versions.extend(entry.rivals.iter().cloned());
    let audience = entry.audience.clone();
    let Some(Body::Contact(body)) = &mut entry.body else { bail!("{}", words.no_contacts()) };
    body.checked = true;
    let item = PublishItem {
        entry: entry.encode_to_vec().into(),
        supersedes: Some(VersionList { versions }),
        require_current: true,
    };
    let name = publish_item_to(channel, item, &audience).await?;
    if context.common.json {
        say_json(&json!({ "name": name }))?;
        return Ok(0);
    }
    say(&format!("{} {name}", words.contact_is_checked()))?;
    Ok(0)
}

/// The one line whose name begins so.
fn named<'b>(
    context: &Context,
    book: &'b ListContactsResponse,
    wanted: &str,
) -> anyhow::Result<&'b BookContact> {
    let words = context.words;
    let begins = wanted.rsplit('/').next().unwrap_or_default().to_lowercase();
    let is = |line: &&BookContact| {
        let entry = Entry::decode(line.entry.clone()).unwrap_or_default();
        entry.name.rsplit('/').next().is_some_and(|id| id.starts_with(&begins))
    };
    let mut found = book.contacts.iter().filter(is);
    match (found.next().filter(|_| !begins.is_empty()), found.next()) {
        (Some(line), None) => Ok(line),
        (Some(_), Some(_)) => bail!("{} {wanted}", words.several_contacts()),
        (None, _) => bail!("{} {wanted}", words.no_such_contact()),
    }
}

/// Lines of the book as a warning cites them: where a name lacks a version, that which is current.
pub(in crate::cli) async fn cite(
    channel: &Connection,
    incident: &str,
    names: &[String],
) -> anyhow::Result<Vec<String>> {
    let mut cited = Vec::with_capacity(names.len());
    for name in names {
        if name.contains("/versions/") {
            cited.push(name.clone());
            continue;
        }
        let name = match name.contains('/') {
            true => name.clone(),
            false => format!("{incident}/entries/{name}"),
        };
        let request = GetEntryRequest { name: name.clone() };
        let answer = client::picture(channel.clone()).get_entry(request).await?.into_inner();
        let version = Entry::decode(answer.entry).context("a line of the book")?.version;
        cited.push(format!("{name}/versions/{version}"));
    }
    Ok(cited)
}
