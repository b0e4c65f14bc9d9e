//! `polder reports`: what citizens told, in groups, and what a person makes of them.

use anyhow::bail;
use polder_picture::attributes::millis;
use polder_wire::v1::{
    Assessment, Entry, Incident, ListReportGroupsRequest, ListReportGroupsResponse, PublishItem,
    Relation, RelationType, ReportGroup, Source, Statement, Text, Times, Verification,
    VerificationState, report_service_client::ReportServiceClient,
};
use prost::Message as _;
use serde_json::{Value, json};

use super::{Asked, asked, publish_item_to};
use crate::{
    cli::{
        Context,
        args::{AskArgs, PromoteArgs, ReportsAction, ReportsArgs},
        client, say, say_json,
        session::Connection,
        show::Lines,
        write,
    },
    json as convert,
};

/// An entry can have so many relations.
const CITED_MAX: usize = 64;

pub(in crate::cli) async fn reports(context: &Context, args: ReportsArgs) -> anyhow::Result<u8> {
    match args.action {
        None => list(context, &args.ask, args.waiting).await,
        Some(ReportsAction::Promote(args)) => promote(context, *args).await,
    }
}

pub(in crate::cli) fn service(channel: Connection) -> ReportServiceClient<Connection> {
    ReportServiceClient::new(channel).max_decoding_message_size(8 << 20)
}

async fn list(context: &Context, ask: &AskArgs, only_waiting: bool) -> anyhow::Result<u8> {
    let Asked { channel, incident, known_at, lines } = asked(context, ask).await?;
    let request = ListReportGroupsRequest { incident: incident.name, known_at, only_waiting };
    let answer = service(channel).list_report_groups(request).await?.into_inner();
    if context.common.json {
        say_json(&convert::from_message("ListReportGroupsResponse", &answer)?)?;
        return Ok(0);
    }
    if answer.groups.is_empty() && only_waiting {
        say(lines.words.no_reports_wait())?;
    } else {
        print_reports(&lines, &answer)?;
    }
    Ok(0)
}

/// Prints groups of reports.
pub(in crate::cli) fn print_reports(
    lines: &Lines,
    answer: &ListReportGroupsResponse,
) -> anyhow::Result<()> {
    let words = lines.words;
    if answer.groups.is_empty() {
        return say(words.no_reports());
    }
    for group in &answer.groups {
        print_group(lines, group)?;
    }
    for (count, what) in [
        (answer.groups_left_out, words.report_groups_more()),
        (answer.reports_left_out, words.reports_unlooked()),
    ] {
        if count > 0 {
            say(&lines.faint(&format!("({count} {what})")))?;
        }
    }
    Ok(())
}

fn print_group(lines: &Lines, group: &ReportGroup) -> anyhow::Result<()> {
    let words = lines.words;
    let waiting = group.waiting_count;
    let state = match waiting {
        0 => lines.faint(&format!("[{}]", words.reports_done())),
        _ => lines.warn(&format!("[{} {}]", words.0.whole(waiting), words.reports_wait())),
    };
    let count = group.report_count;
    let noun = if count == 1 { words.report_one() } else { words.reports_many() };
    let at = |time: &Option<prost_types::Timestamp>| time.as_ref().map_or(0, millis);
    let (first, last) = (at(&group.first_time), at(&group.last_time));
    let when = match lines.moment(first) == lines.moment(last) {
        true => lines.moment(first),
        false => format!("{} – {}", lines.moment(first), lines.moment(last)),
    };
    let what = words.report_category(group.category());
    let id = lines.faint(short(&group.name));
    say(&format!("{state} {what}: {} {noun} · {when} · {id}", words.0.whole(count)))?;
    print_entry(lines, "", &group.representative)?;
    for promoted in &group.promoted {
        print_entry(lines, &format!("{} ", words.promoted_to()), promoted)?;
    }
    Ok(())
}

fn print_entry(lines: &Lines, before: &str, entry: &[u8]) -> anyhow::Result<()> {
    let line = lines.entry(&Entry::decode(entry)?);
    say(&format!("    {before}{}", line.replace('\n', "\n    ")))
}

fn short(name: &str) -> &str {
    let id = name.rsplit('/').next().unwrap_or_default();
    id.split('-').next().unwrap_or_default()
}

async fn promote(context: &Context, args: PromoteArgs) -> anyhow::Result<u8> {
    let words = context.words;
    let channel = context.connect().await?;
    let incident =
        client::incident(&channel, args.speak.incident.as_deref(), context.words).await?;
    let request = ListReportGroupsRequest { incident: incident.name.clone(), ..Default::default() };
    let known = service(channel.clone()).list_report_groups(request).await?.into_inner();
    let group = named(context, &known, &args.group)?;
    if group.waiting_count == 0 {
        bail!("{}", words.nothing_waits());
    }
    let report = Entry::decode(group.representative.clone())?;
    // Those that wait come first.
    let waiting = group.waiting_entry_count.max(0) as usize;
    let cited = &group.reports[..waiting.min(CITED_MAX).min(group.reports.len())];
    let entry = promoted(&args, &incident, &report, group, cited)?;
    let item = PublishItem { entry: entry.into(), ..PublishItem::default() };
    // Who may read what was made of reports is who may read the reports.
    let name = publish_item_to(channel, item, &report.audience).await?;
    let left = waiting - cited.len();
    if context.common.json {
        say_json(&json!({ "name": name, "reports": cited, "reportsLeft": left }))?;
        return Ok(0);
    }
    say(&format!("{} {name}", words.promoted_as()))?;
    if left > 0 {
        say(&format!("({left} {})", words.reports_left()))?;
    }
    Ok(0)
}

/// The one group with a report whose name begins so.
fn named<'g>(
    context: &Context,
    known: &'g ListReportGroupsResponse,
    wanted: &str,
) -> anyhow::Result<&'g ReportGroup> {
    let words = context.words;
    let begins = wanted.rsplit('/').next().unwrap_or_default().to_lowercase();
    let is = |group: &&ReportGroup| {
        let mut names = group.reports.iter().chain([&group.name]);
        names.any(|name| name.rsplit('/').next().is_some_and(|id| id.starts_with(&begins)))
    };
    let mut found = known.groups.iter().filter(is);
    match (found.next().filter(|_| !begins.is_empty()), found.next()) {
        (Some(group), None) => Ok(group),
        (Some(_), Some(_)) => bail!("{} {wanted}", words.several_groups()),
        (None, _) => bail!("{} {wanted}", words.no_such_group()),
    }
}

/// The entry that a person makes of reports.
fn promoted(
    args: &PromoteArgs,
    incident: &Incident,
    report: &Entry,
    group: &ReportGroup,
    cited: &[String],
) -> anyhow::Result<Vec<u8>> {
    let relation = |name: &String| Relation {
        r#type: RelationType::BasedOn.into(),
        entry: name.clone(),
        ..Relation::default()
    };
    let texts = match &args.title {
        None => report.texts.clone(),
        Some(title) => {
            let (language, title) = (args.text_lang.clone(), title.clone());
            vec![Text { language, title, ..Text::default() }]
        }
    };
    let verification = args.verified_by.clone().map(|verified_by| Verification {
        state: VerificationState::Verified.into(),
        verified_by,
        ..Verification::default()
    });
    let urgency = report.assessment.as_ref().map_or(0, |assessment| assessment.urgency);
    let party = args.speak.party.as_deref().map(|id| id.trim_start_matches("parties/"));
    let source = Source {
        system: "Polder: citizen reports".into(),
        original_id: group.name.clone(),
        ..Source::default()
    };
    let entry = Entry {
        name: incident.name.clone(),
        statement: Statement::Fact.into(),
        party: party.map(|party| format!("parties/{party}")).unwrap_or_default(),
        discipline: report.discipline,
        hazards: report.hazards.clone(),
        texts,
        geometry: report.geometry.clone(),
        place: report.place.clone(),
        times: Some(Times { observed: group.first_time, ..Times::default() }),
        assessment: Some(Assessment { urgency, verification, ..Assessment::default() }),
        label: report.label.clone(),
        sources: vec![source],
        relations: cited.iter().map(relation).collect(),
        ..Entry::default()
    };
    let mut value = convert::from_message("Entry", &entry)?;
    if let Value::Object(fields) = &mut value {
        let (kind, body) = write::body_json(&args.kind, &args.fields)?;
        fields.insert(kind, Value::Object(body));
    }
    convert::to_bytes("Entry", &value)
}
