//! Commands that read: `list`, `watch`, `as-of`, `status`.

use std::{collections::HashMap, time::Duration};

use bytes::Bytes;
use jiff::Zoned;
use polder_picture::attributes::millis;
use polder_wire::v1::{
    Changes, Entry, EntryView, GetNodeStatusRequest, GetPictureAsOfRequest, Health, Incident, Lane,
    ListEntriesRequest, NowStart, Relation, RelationType, SubscribeMode, SubscribeRequest,
    SubscribeResponse, SubscribeStart, node_service_client::NodeServiceClient,
    subscribe_response::Event, subscribe_start::At,
};
use prost::Message as _;

use super::{
    Context,
    args::{AsOfArgs, ListArgs, WatchArgs},
    client, say, say_json,
    session::Connection,
    show::{Lines, bytes},
    team,
};
use crate::json;

/// Prints entries, as JSON or as lines, each with the mark of who has yet to see it.
fn print(
    context: &Context,
    lines: &Lines,
    entries: &[Bytes],
    waiting: &HashMap<String, String>,
) -> anyhow::Result<()> {
    for entry in entries {
        if context.common.json {
            say_json(&json::from_bytes("Entry", entry)?)?;
        } else {
            let entry = Entry::decode(entry.clone())?;
            if acknowledges(&entry) {
                // Told where it was to be read: `polder acknowledge`.
                continue;
            }
            match waiting.get(&entry.name) {
                Some(mark) => say(&format!("{} {mark}", lines.entry(&entry)))?,
                None => say(&lines.entry(&entry))?,
            }
        }
    }
    Ok(())
}

/// Whether an entry says nothing but that somebody has read another.
fn acknowledges(entry: &Entry) -> bool {
    let says = |relation: &Relation| relation.r#type() == RelationType::Acknowledges;
    entry.relations.iter().any(says)
}

fn banner(context: &Context, incident: &Incident) -> anyhow::Result<()> {
    if context.common.json {
        return Ok(());
    }
    say(&context.lines.incident(incident))
}

pub(super) async fn list(context: &Context, args: ListArgs) -> anyhow::Result<u8> {
    let channel = context.connect().await?;
    let incident =
        client::incident(&channel, args.filter.incident.as_deref(), context.words).await?;
    let filter = client::filter(&args.filter, &incident, &Zoned::now())?;
    let mut client = client::picture(channel.clone());
    let request = ListEntriesRequest {
        filter: Some(filter),
        page_size: args.limit,
        page_token: args.page.unwrap_or_default(),
        ..Default::default()
    };
    let response = client.list_entries(request).await?.into_inner();
    banner(context, &incident)?;
    let lines = at_node_time(context, channel.clone()).await;
    let waiting = match context.common.json {
        true => HashMap::new(),
        false => team::waiting(&lines, channel, &incident.name).await?,
    };
    for entry in &response.entries {
        print(context, &lines, std::slice::from_ref(entry), &waiting)?;
    }
    if context.common.json {
        let token = response.next_page_token;
        if !token.is_empty() {
            say_json(&serde_json::json!({"nextPageToken": token}))?;
        }
    } else if response.entries.is_empty() {
        say(&format!("({})", context.words.nothing()))?;
    } else if !response.next_page_token.is_empty() {
        let more = format!("({} {})", context.words.more(), response.next_page_token);
        say(&context.lines.faint(&more))?;
    }
    Ok(0)
}

/// Lines that judge what is stale by the node's clock: a replayed scenario has one of its own.
pub(super) async fn at_node_time(context: &Context, channel: Connection) -> Lines {
    let mut client = NodeServiceClient::new(channel);
    let status = client.get_node_status(GetNodeStatusRequest {}).await;
    let time = status.ok().and_then(|status| status.into_inner().node_time);
    Lines { now_ms: time.as_ref().map(millis), ..context.lines.clone() }
}

/// Waits between attempts to connect again.
pub(super) const RETRY: Duration = Duration::from_secs(1);

pub(super) async fn watch(context: &Context, args: WatchArgs) -> anyhow::Result<u8> {
    let words = context.words;
    let channel = context.connect().await?;
    let incident = client::incident(&channel, args.filter.incident.as_deref(), words).await?;
    let filter = client::filter(&args.filter, &incident, &Zoned::now())?;
    let mode = if args.every_record { SubscribeMode::Log } else { SubscribeMode::State };
    let mut lines = at_node_time(context, channel.clone()).await;
    let mut client = client::picture(channel);
    let mut start = args.now.then_some(At::Now(NowStart {}));
    loop {
        let request = SubscribeRequest {
            filter: Some(filter.clone()),
            start: Some(SubscribeStart { at: start.clone() }),
            mode: mode.into(),
            client_id: "polder watch".into(),
            ..Default::default()
        };
        let ended = match client.subscribe(request).await {
            Ok(stream) => {
                let mut stream = stream.into_inner();
                loop {
                    let message = match stream.message().await {
                        Ok(Some(message)) => message,
                        Ok(None) => break None,
                        Err(status) => break Some(status),
                    };
                    start = Some(At::Token(message.token.clone()));
                    if shown(context, &mut lines, message)? && args.once {
                        return Ok(0);
                    }
                }
            }
            Err(status) => Some(status),
        };
        if let Some(status) = ended
            && !matches!(status.code(), tonic::Code::Unavailable | tonic::Code::Unknown)
        {
            return Err(status.into());
        }
        eprintln!("{}", words.reconnecting());
        tokio::time::sleep(RETRY).await;
    }
}

/// Shows one message; true when the picture so far is complete.
fn shown(context: &Context, lines: &mut Lines, message: SubscribeResponse) -> anyhow::Result<bool> {
    let words = context.words;
    let Some(event) = message.event else { return Ok(false) };
    if context.common.json {
        let complete = matches!(event, Event::SnapshotEnd(_));
        let message = SubscribeResponse { token: message.token, event: Some(event) };
        say_json(&json::from_bytes("SubscribeResponse", &message.encode_to_vec())?)?;
        return Ok(complete);
    }
    match event {
        Event::Changes(changes) => {
            for change in Changes::decode(changes)?.changes {
                if change.left {
                    say(&lines.faint(&format!("{}: {}", words.left(), change.name)))?;
                }
                for version in change.versions {
                    say(&lines.entry(&Entry::decode(version)?))?;
                }
            }
        }
        Event::SnapshotEnd(end) => {
            let text = format!("— {} {}. {}", end.count, words.entries(), words.snapshot_done());
            say(&lines.faint(&text))?;
            return Ok(true);
        }
        Event::Progress(progress) => lines.now_ms = progress.node_time.as_ref().map(millis),
        Event::Reset(reset) => say(&lines.alarm(&format!("{} ({})", words.reset(), reset.reason)))?,
        Event::Incident(incident) => say(&lines.incident(&incident))?,
    }
    Ok(false)
}

pub(super) async fn as_of(context: &Context, args: AsOfArgs) -> anyhow::Result<u8> {
    let channel = context.connect().await?;
    let words = context.words;
    let incident = client::incident(&channel, args.filter.incident.as_deref(), words).await?;
    let near = Zoned::now();
    let moment =
        |text: &Option<String>| text.as_deref().map(|text| client::moment(text, &near)).transpose();
    let request = GetPictureAsOfRequest {
        filter: Some(client::filter(&args.filter, &incident, &near)?),
        known_at: moment(&args.known)?,
        valid_at: moment(&args.valid)?,
        view: EntryView::Full.into(),
    };
    let node = at_node_time(context, channel.clone()).await;
    let known_ms = request.known_at.as_ref().map(millis);
    // What is stale at a moment to come is not known yet.
    let now_ms = node.now_ms.into_iter().chain(known_ms).min();
    let lines = Lines { now_ms, ..node };
    let valid_ms = request.valid_at.as_ref().map(millis);
    let mut stream = client::picture(channel).get_picture_as_of(request).await?.into_inner();
    let mut summary = None;
    while let Some(message) = stream.message().await? {
        print(context, &lines, &message.entries, &HashMap::new())?;
        summary = message.summary.or(summary);
    }
    let summary = summary.unwrap_or_default();
    if context.common.json {
        say_json(&json::from_message("AsOfSummary", &summary)?)?;
        return Ok(0);
    }
    let mut text = format!(
        "— {} {}, {} {}",
        summary.entry_count,
        words.entries(),
        summary.contradiction_count,
        words.contradictions()
    );
    if let Some(ms) = known_ms {
        text.push_str(&format!(", {} {}", words.known_at(), lines.moment(ms)));
    }
    if let Some(ms) = valid_ms {
        text.push_str(&format!(", {} {}", words.valid_at(), lines.moment(ms)));
    }
    say(&lines.faint(&text))?;
    Ok(0)
}

pub(super) async fn status(context: &Context) -> anyhow::Result<u8> {
    let mut client = NodeServiceClient::new(context.connect().await?);
    let status = client.get_node_status(GetNodeStatusRequest {}).await?.into_inner();
    let failed = status.health() == Health::Failed;
    if context.common.json {
        say_json(&json::from_message("GetNodeStatusResponse", &status)?)?;
        return Ok(if failed { 5 } else { 0 });
    }
    let words = context.words;
    let lines = &context.lines;
    let health = match status.health() {
        Health::Failed => lines.alarm(words.failed()),
        Health::Degraded => lines.alarm(words.degraded()),
        Health::Ok | Health::Unspecified => words.healthy().to_owned(),
    };
    let uptime = status.uptime.unwrap_or_default().seconds.max(0) as u64;
    let uptime = humantime::format_duration(Duration::from_secs(uptime));
    say(&format!("{}: {} ({})", words.node(), lines.heading(&status.display_name), status.node))?;
    say(&format!("{}: {}", words.party(), status.party.trim_start_matches("parties/")))?;
    say(&format!("{}: {}", words.public_key(), hex::encode(&status.public_key)))?;
    say(&format!("{}: {health}, {} {uptime}", words.health(), words.uptime()))?;
    for problem in &status.problems {
        say(&format!("  {}", lines.alarm(problem)))?;
    }
    say(&format!(
        "{}: {} · {} {} · {} {} · {} {}",
        words.log_position(),
        status.lsn,
        status.entry_count,
        words.entries(),
        status.incident_count,
        words.incidents(),
        status.subscriber_count,
        words.subscribers()
    ))?;
    if status.covered_record_count > 0 {
        say(&format!("{}: {}", words.left_out(), status.covered_record_count))?;
    }
    if status.set_aside_record_count > 0 {
        say(&format!("{}: {}", words.set_aside(), status.set_aside_record_count))?;
    }
    let store = status.store.clone().unwrap_or_default();
    say(&format!(
        "{}: {} {} · {} {} · {} {}",
        words.store(),
        store.engine,
        bytes(store.size_bytes),
        bytes(store.attachment_bytes),
        words.attachments(),
        bytes(store.disk_free_bytes),
        words.disk_free()
    ))?;
    say(&format!("{}:", words.feeds()))?;
    for feed in &status.feeds {
        let lane = match feed.lane() {
            Lane::Urgent => "urgent",
            Lane::Bulk => "bulk",
            Lane::Routine | Lane::Unspecified => "routine",
        };
        let incident = feed.incident.trim_start_matches("incidents/");
        let mut line = format!("  {incident} {lane} {} {}", feed.sequence, lines.faint(&feed.feed));
        if feed.forked {
            line.push_str(&format!(" {}", lines.alarm(words.forked())));
        }
        if feed.covered_sequence > 0 {
            line.push_str(&format!(" {} {}", words.covered_to(), feed.covered_sequence));
        }
        if !feed.branch_of.is_empty() {
            line.push_str(&format!(" {} {}", words.branch_of(), lines.faint(&feed.branch_of)));
        }
        say(&line)?;
    }
    Ok(if failed { 5 } else { 0 })
}
