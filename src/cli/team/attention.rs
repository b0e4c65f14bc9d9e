//! `polder acknowledge`, what waits to be seen in lists, and who must see what is published.

use std::collections::HashMap;

use polder_picture::attributes::millis;
use polder_wire::v1::{
    AcknowledgeRequest, AddresseeState, Entry, ListAttentionRequest, ListAttentionResponse,
};
use prost::Message as _;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{Asked, asked, service};
use crate::{
    cli::{
        Context, args::AcknowledgeArgs, args::PublishArgs, say, say_json, session::Connection,
        show::Lines,
    },
    json as convert,
};

fn full(party: &str) -> String {
    format!("parties/{}", party.trim_start_matches("parties/"))
}

pub(in crate::cli) async fn acknowledge(
    context: &Context,
    args: AcknowledgeArgs,
) -> anyhow::Result<u8> {
    let party = args.party.as_deref().map(full).unwrap_or_default();
    if let Some(name) = args.name {
        let channel = context.connect().await?;
        let request_id = Uuid::new_v4().to_string();
        let request = AcknowledgeRequest { request_id, name, party };
        let answer = service(channel).acknowledge(request).await?.into_inner();
        if context.common.json {
            say_json(&convert::from_message("AcknowledgeResponse", &answer)?)?;
        } else {
            say(context.words.seen())?;
        }
        return Ok(0);
    }
    let Asked { channel, incident, known_at, lines } = asked(context, &args.ask).await?;
    let only_waiting = !args.all;
    let request = ListAttentionRequest { incident: incident.name, known_at, party, only_waiting };
    let answer = service(channel).list_attention(request).await?.into_inner();
    if context.common.json {
        say_json(&convert::from_message("ListAttentionResponse", &answer)?)?;
        return Ok(0);
    }
    print_attention(&lines, &answer)?;
    Ok(0)
}

fn print_attention(lines: &Lines, answer: &ListAttentionResponse) -> anyhow::Result<()> {
    let words = lines.words;
    if answer.entries.is_empty() {
        return say(words.nobody_must_see());
    }
    for one in &answer.entries {
        let entry = Entry::decode(one.entry.clone())?;
        say(&lines.entry(&entry))?;
        let due = one.due_time.as_ref().map_or(0, millis);
        let told =
            format!("    {} · {} {}", entry.name, words.must_see_before(), lines.moment(due));
        say(&lines.faint(&told))?;
        for addressee in &one.addressees {
            say(&format!("    {}", state(lines, addressee)))?;
        }
    }
    if answer.entries_left_out > 0 {
        say(&lines.faint(&format!("({} {})", answer.entries_left_out, words.more_lines())))?;
    }
    Ok(())
}

/// How far an addressee is: delivered and read are two things.
fn state(lines: &Lines, addressee: &AddresseeState) -> String {
    let words = lines.words;
    let bare = |name: &str| name.trim_start_matches("parties/").to_owned();
    let mut line = bare(&addressee.party);
    if !addressee.role.is_empty() {
        line.push_str(&format!(" ({})", addressee.role));
    }
    let delivered = match &addressee.delivered_time {
        Some(at) => format!("{} {}", words.delivered(), lines.moment(millis(at))),
        None => words.not_delivered().to_owned(),
    };
    let read = match (&addressee.read_time, addressee.read_earlier) {
        (Some(at), _) if addressee.reader.is_empty() => {
            format!("{} {}", words.read_by(), lines.moment(millis(at)))
        }
        (Some(at), _) => {
            format!("{} {} ({})", words.read_by(), lines.moment(millis(at)), addressee.reader)
        }
        (None, true) => words.read_earlier().to_owned(),
        (None, false) => words.not_read().to_owned(),
    };
    line.push_str(&format!(": {delivered} · {read}"));
    if addressee.overdue {
        line.push_str(&format!(" {}", lines.alarm(&format!("[{}]", words.too_late()))));
    }
    if !addressee.escalated_to.is_empty() {
        line.push_str(&format!(" · {} {}", words.now_asked(), bare(&addressee.escalated_to)));
    }
    line
}

/// For lists: by name of entry, a mark that says who has yet to see it.
pub(in crate::cli) async fn waiting(
    lines: &Lines,
    channel: Connection,
    incident: &str,
) -> anyhow::Result<HashMap<String, String>> {
    let request = ListAttentionRequest {
        incident: incident.to_owned(),
        only_waiting: true,
        ..ListAttentionRequest::default()
    };
    let answer = service(channel).list_attention(request).await?.into_inner();
    let words = lines.words;
    let mut marks = HashMap::new();
    for one in answer.entries {
        let name = Entry::decode(one.entry)?.name;
        let unread = one.addressees.iter().filter(|addressee| addressee.read_time.is_none());
        let unread: Vec<_> = unread.collect();
        let late = unread.iter().any(|addressee| addressee.overdue);
        let names = unread.iter().map(|one| one.party.trim_start_matches("parties/"));
        let names = names.collect::<Vec<_>>().join(", ");
        let mark = format!("[{} {names}]", words.waits_for());
        let mark = if late { lines.alarm(&mark) } else { lines.warn(&mark) };
        marks.insert(name, mark);
    }
    Ok(marks)
}

/// Who must see what is published, as the contract has it; `None` when nobody must.
pub(in crate::cli) fn attention_json(args: &PublishArgs) -> Option<Value> {
    let one = |named: &String| {
        let (party, second) = named.split_once('=').unwrap_or((named, ""));
        let second = if second.is_empty() { String::new() } else { full(second) };
        json!({ "party": full(party), "second": second })
    };
    let addressees: Vec<_> = args.must_see.iter().map(one).collect();
    let within = format!("{}s", args.within.as_secs());
    (!addressees.is_empty()).then(|| json!({ "addressees": addressees, "within": within }))
}
