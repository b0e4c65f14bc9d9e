//! `audit`: who has seen this, and what has this person done.

use jiff::{Timestamp, Zoned};
use polder_picture::attributes::millis;
use polder_wire::v1::{
    Act, ActKind, CallerKind, Holder, ListActsRequest, ListHoldersRequest,
    audit_service_client::AuditServiceClient, node_service_client::NodeServiceClient,
};

use super::{Context, args::AuditArgs, client, links, say, say_json, session::Connection};
use crate::json;

/// Acts that are asked for at a time.
const PAGE: i32 = 1_000;

/// `audit`.
pub(super) async fn run(context: &Context, args: AuditArgs) -> anyhow::Result<u8> {
    let now = Zoned::now();
    let time =
        |text: &Option<String>| text.as_deref().map(|text| client::moment(text, &now)).transpose();
    let incident = args.incident.as_ref().map(|id| id.trim_start_matches("incidents/"));
    let mut request = ListActsRequest {
        entry: args.entry.clone().unwrap_or_default(),
        person: args.person.clone().unwrap_or_default(),
        incident: incident.map(|id| format!("incidents/{id}")).unwrap_or_default(),
        from_time: time(&args.since)?,
        until_time: time(&args.until)?,
        page_size: PAGE,
        page_token: String::new(),
    };
    let channel = context.connect().await?;
    let mut client = AuditServiceClient::new(channel.clone());
    let mut table = args.csv.then(|| csv::Writer::from_writer(std::io::stdout()));
    if let Some(table) = &mut table {
        table.write_record(COLUMNS)?;
    }
    let mut none = true;
    loop {
        let page = client.list_acts(request.clone()).await?.into_inner();
        for act in &page.acts {
            none = false;
            match &mut table {
                Some(table) => table.write_record(row(act))?,
                None if context.common.json => say_json(&json::from_message("Act", act)?)?,
                None => say(&line(context, act))?,
            }
        }
        request.page_token = page.next_page_token;
        if request.page_token.is_empty() {
            break;
        }
    }
    let holders = match &args.entry {
        Some(entry) if args.person.is_none() => holders(channel.clone(), entry).await?,
        _ => None,
    };
    let told = |holder: &Holder| holder.time.as_ref().map(stamp).unwrap_or_default();
    if let Some(mut table) = table {
        for holder in holders.iter().flatten() {
            let entry = args.entry.clone().unwrap_or_default();
            let mut row = [const { String::new() }; COLUMNS.len()];
            (row[0], row[1], row[5]) = (told(holder), "received".to_owned(), entry);
            (row[6], row[11]) = (holder.version.clone(), holder.node.clone());
            table.write_record(row)?;
        }
        table.flush()?;
    } else if context.common.json {
        for holder in holders.iter().flatten() {
            say_json(&serde_json::json!({ "holder": json::from_message("Holder", holder)? }))?;
        }
    } else {
        if none {
            say(&format!("({})", context.words.nothing()))?;
        }
        if let Some(holders) = holders {
            tell_holders(context, &channel, &holders).await?;
        }
    }
    Ok(0)
}

/// Nodes that are known to hold the current versions of an entry.
async fn holders(channel: Connection, entry: &str) -> anyhow::Result<Option<Vec<Holder>>> {
    let request = ListHoldersRequest { name: entry.to_owned() };
    let answer = NodeServiceClient::new(channel).list_holders(request).await?;
    Ok(Some(answer.into_inner().holders))
}

async fn tell_holders(
    context: &Context,
    channel: &Connection,
    holders: &[Holder],
) -> anyhow::Result<()> {
    let (words, lines) = (context.words, &context.lines);
    say(words.held_by_this_node())?;
    if holders.is_empty() {
        return say(&lines.faint(words.no_other_holder()));
    }
    let known = links::report(channel).await?;
    for holder in holders {
        let at = holder.time.as_ref().map(|at| lines.moment(millis(at))).unwrap_or_default();
        let node = links::name_of(&known, &holder.node);
        say(&format!("{} {node}, {} {at}", words.held_at(), words.known_since()))?;
    }
    Ok(())
}

const COLUMNS: [&str; 12] = [
    "time",
    "kind",
    "person",
    "caller",
    "incident",
    "entry",
    "version",
    "subject",
    "audiences",
    "count",
    "detail",
    "node",
];

fn stamp(time: &prost_types::Timestamp) -> String {
    let at = Timestamp::from_millisecond(millis(time));
    at.map(|at| at.to_string()).unwrap_or_default()
}

/// A kind, or how somebody was known, as one word of the contract.
fn word(name: &str, prefix: &str) -> String {
    name.trim_start_matches(prefix).to_lowercase()
}

fn row(act: &Act) -> [String; COLUMNS.len()] {
    let kind = word(act.kind().as_str_name(), "ACT_KIND_");
    let kind = if act.perhaps { format!("{kind} (perhaps)") } else { kind };
    let caller = match act.caller() {
        CallerKind::Unspecified => String::new(),
        caller => word(caller.as_str_name(), "CALLER_KIND_"),
    };
    [
        act.time.as_ref().map(stamp).unwrap_or_default(),
        kind,
        act.person.clone(),
        caller,
        act.incident.clone(),
        act.entry.clone(),
        act.version.clone(),
        act.subject.clone(),
        act.audiences.join(" "),
        act.count.max(1).to_string(),
        act.detail.clone(),
        act.node.clone(),
    ]
}

fn line(context: &Context, act: &Act) -> String {
    let (words, lines) = (context.words, &context.lines);
    let at = act.time.as_ref().map(|at| lines.moment(millis(at))).unwrap_or_default();
    let who = match (&act.person[..], act.caller(), act.kind()) {
        ("", CallerKind::Operator, _) => words.the_operator().to_owned(),
        ("", _, ActKind::ActsLost) => String::new(),
        ("", ..) => words.somebody().to_owned(),
        (person, ..) => person.to_owned(),
    };
    let mut line = format!("{at}  {who} {}", words.act(act.kind()));
    if act.perhaps {
        line.push_str(&format!(" ({})", words.perhaps_seen()));
    }
    let place = if act.entry.is_empty() { &act.incident } else { &act.entry };
    for part in [place, &act.subject, &act.detail].into_iter().filter(|part| !part.is_empty()) {
        line.push_str(&format!(" · {part}"));
    }
    if matches!(act.kind(), ActKind::Exported | ActKind::Archived) {
        line.push_str(&format!(" · {} {}", act.count, words.records()));
    } else if act.count > 1 {
        line.push_str(&format!(" · {}×", act.count));
    }
    line
}
