//! Commands that write: `publish` and `retract`.

use std::{io::BufRead as _, path::Path};

use anyhow::{Context as _, bail};
use bytes::Bytes;
use jiff::Zoned;
use polder_picture::names::AttachmentName;
use polder_wire::v1::{
    Attachment, PublishEntriesRequest, PublishItem, RetractEntryRequest, StartUploadRequest,
    UploadChunkRequest, attachment_service_client::AttachmentServiceClient,
    publish_result::Outcome,
};
use prost::Message as _;
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use super::{
    Context,
    args::{PublishArgs, RetractArgs},
    client, say, say_json,
    session::Connection,
    store::bar,
    team,
    wait::Wait,
};
use crate::json as convert;

/// Entries of one call when many are read.
const BATCH: usize = 100;

pub(super) async fn publish(context: &Context, args: PublishArgs) -> anyhow::Result<u8> {
    let channel = context.connect().await?;
    if args.title.as_deref() == Some("-") {
        let wait = Wait::of(&channel, &args.wait).await?;
        let sender = Sender::new(context, channel, args.audience.as_deref(), wait);
        return publish_lines(sender, args.incident.as_deref()).await;
    }
    let incident = client::incident(&channel, args.incident.as_deref(), context.words).await?;
    let mut entry = entry_json(&args, &incident.name)?;
    for file in &args.attach {
        let name = upload(&channel, file).await?;
        let reference =
            json!({"attachment": name, "caption": file.file_name().map(|n| n.to_string_lossy())});
        let attachments = entry.entry("attachments").or_insert_with(|| json!([]));
        attachments.as_array_mut().expect("it was made an array").push(reference);
    }
    if !args.contact.is_empty() {
        let cited = team::cite(&channel, &incident.name, &args.contact).await?;
        let body = entry.get_mut(&args.kind.replace('-', "_")).and_then(Value::as_object_mut);
        body.context("--contact")?.insert("contacts".into(), json!(cited));
    }
    if let Some(attention) = team::attention_json(&args) {
        entry.insert("attention".into(), attention);
    }
    let bytes = convert::to_bytes("Entry", &Value::Object(entry))?;
    let item = PublishItem { entry: bytes.into(), ..Default::default() };
    let wait = Wait::of(&channel, &args.wait).await?;
    let mut sender = Sender::new(context, channel, args.audience.as_deref(), wait);
    sender.push(item, None).await?;
    sender.end().await
}

async fn publish_lines(mut sender: Sender<'_>, incident: Option<&str>) -> anyhow::Result<u8> {
    for (number, line) in std::io::stdin().lock().lines().enumerate() {
        let line = line?;
        if line.trim().is_empty() {
            continue;
        }
        match item_of_line(&line, incident) {
            Ok(item) => sender.push(item, Some(number + 1)).await?,
            // One bad line among others, like one that the node refuses.
            Err(error) => {
                eprintln!("{} {}: {error:#}", sender.context.words.line(), number + 1);
                sender.refused += 1;
            }
        }
    }
    sender.end().await
}

/// A line is an `Entry`, or a `PublishItem` when it has a field `entry`.
fn item_of_line(line: &str, incident: Option<&str>) -> anyhow::Result<PublishItem> {
    let mut value: Value = serde_json::from_str(line)?;
    let entry = match value.get_mut("entry") {
        Some(entry) => entry,
        None => &mut value,
    };
    if let (Some(incident), Some(entry)) = (incident, entry.as_object_mut()) {
        let name = format!("incidents/{}", incident.trim_start_matches("incidents/"));
        entry.entry("name").or_insert(Value::String(name));
    }
    if value.get("entry").is_some() {
        return convert::to_message("PublishItem", &value);
    }
    let entry = convert::to_bytes("Entry", &value)?;
    Ok(PublishItem { entry: entry.into(), ..Default::default() })
}

/// Sends items in batches and says what became of each.
pub(super) struct Sender<'c> {
    context: &'c Context,
    channel: Connection,
    audience: String,
    waiting: Vec<(PublishItem, Option<usize>)>,
    wait: Option<Wait>,
    published: usize,
    refused: usize,
}

impl<'c> Sender<'c> {
    pub(super) fn new(
        context: &'c Context,
        channel: Connection,
        audience: Option<&str>,
        wait: Option<Wait>,
    ) -> Self {
        let audience = audience.map(client::audience_name).unwrap_or_default();
        Self { context, channel, audience, waiting: Vec::new(), wait, published: 0, refused: 0 }
    }

    pub(super) async fn push(
        &mut self,
        item: PublishItem,
        line: Option<usize>,
    ) -> anyhow::Result<()> {
        self.waiting.push((item, line));
        if self.waiting.len() >= BATCH { self.flush().await } else { Ok(()) }
    }

    async fn flush(&mut self) -> anyhow::Result<()> {
        if self.waiting.is_empty() {
            return Ok(());
        }
        let (items, lines): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.waiting).into_iter().unzip();
        let request_id = Uuid::new_v4().to_string();
        let request = PublishEntriesRequest {
            request_id,
            items,
            audience: self.audience.clone(),
            ..Default::default()
        };
        let mut client = client::picture(self.channel.clone());
        let asked = self.wait.is_some().then(|| request.clone());
        let response = client.publish_entries(request).await?.into_inner();
        if let (Some(wait), Some(asked)) = (&mut self.wait, asked) {
            wait.note(asked, &response);
        }
        for (result, line) in response.results.into_iter().zip(lines) {
            self.report(result, line)?;
        }
        Ok(())
    }

    fn report(
        &mut self,
        result: polder_wire::v1::PublishResult,
        line: Option<usize>,
    ) -> anyhow::Result<()> {
        let words = self.context.words;
        if self.context.common.json {
            say_json(&convert::from_message("PublishResult", &result)?)?;
        }
        match result.outcome {
            Some(Outcome::Published(published)) => {
                self.published += 1;
                if line.is_none() && !self.context.common.json {
                    say(&format!("{}: {}", words.published(), published.name))?;
                }
            }
            Some(Outcome::Refused(status)) => {
                self.refused += 1;
                let details = status.encode_to_vec().into();
                let status =
                    tonic::Status::with_details(status.code.into(), status.message, details);
                let (_, text) = super::explain_status(&status, words);
                let place = line.map(|n| format!("{} {n}: ", words.line())).unwrap_or_default();
                eprintln!("{place}{text}");
            }
            None => bail!("the node said nothing about an item"),
        }
        Ok(())
    }

    pub(super) async fn end(mut self) -> anyhow::Result<u8> {
        self.flush().await?;
        let words = self.context.words;
        if self.published + self.refused > 1 && !self.context.common.json {
            let (published, refused) = (self.published, self.refused);
            say(&format!("{published} {}, {refused} {}", words.published(), words.refused()))?;
        }
        let held = match self.wait {
            Some(wait) => wait.end(self.context, &self.channel).await?,
            None => 0,
        };
        Ok(if self.refused > 0 { 3 } else { held })
    }
}

/// The entry that flags describe, as JSON: the contract's own reader checks it.
fn entry_json(args: &PublishArgs, incident: &str) -> anyhow::Result<Map<String, Value>> {
    let near = Zoned::now();
    let mut entry = Map::new();
    let name = match &args.entry {
        Some(entry) => format!("{incident}/entries/{entry}"),
        None => incident.to_owned(),
    };
    entry.insert("name".into(), json!(name));
    entry.insert("statement".into(), json!(value("STATEMENT", &args.statement)));
    if let Some(discipline) = &args.discipline {
        entry.insert("discipline".into(), json!(value("DISCIPLINE", discipline)));
    }
    if let Some(party) = &args.party {
        let party = format!("parties/{}", party.trim_start_matches("parties/"));
        entry.insert("party".into(), json!(party));
    }
    if args.title.is_some() || args.body.is_some() {
        let text = json!({
            "language": args.text_lang,
            "title": args.title.clone().unwrap_or_default(),
            "body": args.body.clone().unwrap_or_default(),
        });
        entry.insert("texts".into(), json!([text]));
    }
    if let Some(place) = &args.place {
        entry.insert("place".into(), json!(place));
    }
    if let Some(at) = &args.at {
        let [latitude, longitude] = client::numbers(at)?;
        let point = json!({"point": {"latitude": latitude, "longitude": longitude}});
        entry.insert("geometry".into(), point);
    }
    let mut times = Map::new();
    for (field, text) in [("observed", &args.observed), ("validUntil", &args.until)] {
        if let Some(text) = text {
            let at = client::moment(text, &near)?;
            times.insert(field.into(), json!(rfc3339(&at)));
        }
    }
    if !times.is_empty() {
        entry.insert("times".into(), Value::Object(times));
    }
    if args.personal || args.keep_until.is_some() {
        let mut label = json!({"personalData": true});
        if let Some(until) = &args.keep_until {
            label["eraseTime"] = json!(rfc3339(&client::moment(until, &near)?));
        }
        entry.insert("label".into(), label);
    }
    let relations = relations(args, incident);
    if !relations.is_empty() {
        entry.insert("relations".into(), Value::Array(relations));
    }
    if let Some(assessment) = assessment(args) {
        entry.insert("assessment".into(), assessment);
    }
    let (kind, body) = body_json(&args.kind, &args.fields)?;
    entry.insert(kind, Value::Object(body));
    Ok(entry)
}

/// The body of a kind, from fields as people type them.
pub(super) fn body_json(
    kind: &str,
    fields: &[String],
) -> anyhow::Result<(String, Map<String, Value>)> {
    let mut body = Map::new();
    for field in fields {
        let (name, value) =
            field.split_once('=').with_context(|| format!("--set {field}: write FIELD=VALUE"))?;
        let value = serde_json::from_str(value).unwrap_or_else(|_| json!(value));
        body.insert(name.to_owned(), value);
    }
    Ok((kind.replace('-', "_"), body))
}

/// What it withdraws and contradicts: entries by id or name, with `/versions/…` one version only.
fn relations(args: &PublishArgs, incident: &str) -> Vec<Value> {
    let sorts = [
        ("RELATION_TYPE_WITHDRAWS", &args.withdraws),
        ("RELATION_TYPE_CONTRADICTS", &args.contradicts),
    ];
    let named = sorts.into_iter().flat_map(|(sort, all)| all.iter().map(move |one| (sort, one)));
    let relation = |(sort, named): (&str, &String)| {
        let (entry, version) = named.split_once("/versions/").unwrap_or((named, ""));
        let entry = match entry.contains('/') {
            true => entry.to_owned(),
            false => format!("{incident}/entries/{entry}"),
        };
        json!({ "type": sort, "entry": entry, "version": version })
    };
    named.map(relation).collect()
}

fn value(prefix: &str, word: &str) -> String {
    format!("{prefix}_{}", word.to_uppercase().replace(['-', ' '], "_"))
}

fn assessment(args: &PublishArgs) -> Option<Value> {
    let mut assessment = Map::new();
    let words = [
        ("urgency", "URGENCY", &args.urgency),
        ("severity", "SEVERITY", &args.severity),
        ("certainty", "CERTAINTY", &args.certainty),
    ];
    for (field, prefix, word) in words {
        if let Some(word) = word {
            assessment.insert(field.into(), json!(value(prefix, word)));
        }
    }
    if let Some(who) = &args.verified_by {
        let verification = json!({"state": "VERIFICATION_STATE_VERIFIED", "verifiedBy": who});
        assessment.insert("verification".into(), verification);
    }
    (!assessment.is_empty()).then_some(Value::Object(assessment))
}

fn rfc3339(at: &prost_types::Timestamp) -> String {
    jiff::Timestamp::new(at.seconds, at.nanos).map(|at| at.to_string()).unwrap_or_default()
}

/// Bytes of one chunk of an upload.
const CHUNK_BYTES: usize = 256 * 1024;

/// Uploads a file, from where an earlier attempt ended.
async fn upload(channel: &Connection, file: &Path) -> anyhow::Result<String> {
    let data = std::fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
    let data = Bytes::from(data);
    let name = AttachmentName { sha256: Sha256::digest(&data).into() }.to_string();
    let mut client = AttachmentServiceClient::new(channel.clone());
    let attachment = Attachment {
        name: name.clone(),
        media_type: media_type(file).to_owned(),
        size_bytes: data.len() as i64,
        ..Default::default()
    };
    let request = StartUploadRequest { attachment: Some(attachment) };
    let mut offset = client.start_upload(request).await?.into_inner().offset as usize;
    let bar = bar(data.len() as u64, "bytes");
    while offset < data.len() {
        bar.set_position(offset as u64);
        let end = data.len().min(offset + CHUNK_BYTES);
        let request = UploadChunkRequest {
            name: name.clone(),
            offset: offset as i64,
            data: data.slice(offset..end),
        };
        offset = client.upload_chunk(request).await?.into_inner().offset as usize;
    }
    bar.finish_and_clear();
    Ok(name)
}

fn media_type(file: &Path) -> &'static str {
    let extension = file.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
    match extension.to_lowercase().as_str() {
        "jpg" | "jpeg" => "image/jpeg",
        "png" => "image/png",
        "webp" => "image/webp",
        "gif" => "image/gif",
        "svg" => "image/svg+xml",
        "pdf" => "application/pdf",
        "csv" => "text/csv",
        "geojson" => "application/geo+json",
        "json" => "application/json",
        "mp4" => "video/mp4",
        "mp3" => "audio/mpeg",
        _ => "text/plain",
    }
}

pub(super) async fn retract(context: &Context, args: RetractArgs) -> anyhow::Result<u8> {
    let mut client = client::picture(context.connect().await?);
    let request = RetractEntryRequest {
        request_id: Uuid::new_v4().to_string(),
        name: args.name.clone(),
        reason: args.reason,
    };
    let response = client.retract_entry(request).await?.into_inner();
    if context.common.json {
        say_json(&convert::from_bytes("Entry", &response.entry)?)?;
    } else {
        say(&format!("{}: {}", context.words.retracted(), args.name))?;
    }
    Ok(0)
}
