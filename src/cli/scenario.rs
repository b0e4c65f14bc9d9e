//! Scenario files: timed steps as JSON lines, played through the same calls as everything else.

use std::path::Path;

use anyhow::{Context as _, bail};
use polder_wire::v1::{
    CreateIncidentRequest, PublishEntriesRequest, PublishItem, RetractEntryRequest,
    UpdateIncidentRequest, incident_service_client::IncidentServiceClient,
    picture_service_client::PictureServiceClient, publish_result::Outcome,
};
use serde::Deserialize;
use serde_json::Value;
use uuid::Uuid;

use super::{
    Context, args::ImportArgs, client, say, say_json, session::Connection, store::bar, team,
};
use crate::json;

/// One line of a scenario.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Line {
    at: jiff::Timestamp,
    /// The fact that the line was made from.
    #[serde(default)]
    row: Option<u32>,
    create_incident: Option<Value>,
    update_incident: Option<Value>,
    publish: Option<Value>,
    retract: Option<Value>,
}

/// What a line does.
#[derive(Debug, Clone)]
pub(super) enum Act {
    Create(CreateIncidentRequest),
    Update(UpdateIncidentRequest),
    Publish(PublishItem),
    Retract(RetractEntryRequest),
}

/// A step and when it happened.
#[derive(Debug, Clone)]
pub(super) struct Step {
    pub(super) at_ms: i64,
    /// Number of the fact.
    pub(super) row: Option<u32>,
    pub(super) act: Act,
}

/// Reads a whole scenario; the first wrong line is named.
pub(super) fn parse(text: &str) -> anyhow::Result<Vec<Step>> {
    let mut steps = Vec::new();
    for (number, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let step = parse_line(line, number).with_context(|| format!("line {}", number + 1))?;
        steps.push(step);
    }
    if steps.is_empty() {
        bail!("the scenario has no steps");
    }
    Ok(steps)
}

fn parse_line(text: &str, number: usize) -> anyhow::Result<Step> {
    let line: Line = serde_json::from_str(text)?;
    // The same line gives the same id, so that importing a file twice changes nothing.
    let request_id = Uuid::new_v5(&Uuid::NAMESPACE_OID, format!("{number} {text}").as_bytes());
    let request_id = request_id.to_string();
    let act = match (line.create_incident, line.update_incident, line.publish, line.retract) {
        (Some(json), None, None, None) => {
            let request = json::to_message("CreateIncidentRequest", &json)?;
            Act::Create(CreateIncidentRequest { request_id, ..request })
        }
        (None, Some(json), None, None) => {
            let request = json::to_message("UpdateIncidentRequest", &json)?;
            Act::Update(UpdateIncidentRequest { request_id, ..request })
        }
        (None, None, Some(json), None) => Act::Publish(json::to_message("PublishItem", &json)?),
        (None, None, None, Some(json)) => {
            let request = json::to_message("RetractEntryRequest", &json)?;
            Act::Retract(RetractEntryRequest { request_id, ..request })
        }
        _ => bail!("needs exactly one of createIncident, updateIncident, publish and retract"),
    };
    Ok(Step { at_ms: line.at.as_millisecond(), row: line.row, act })
}

/// Plays steps into a node.
pub(super) struct Player {
    incidents: IncidentServiceClient<Connection>,
    picture: PictureServiceClient<Connection>,
    channel: Connection,
}

impl Player {
    pub(super) fn new(channel: Connection) -> Self {
        let incidents = IncidentServiceClient::new(channel.clone());
        Self { incidents, picture: client::picture(channel.clone()), channel }
    }

    pub(super) async fn play(&mut self, step: Step) -> anyhow::Result<()> {
        self.play_to(step, String::new()).await
    }

    /// The same, said to an audience.
    pub(super) async fn play_to(&mut self, step: Step, audience: String) -> anyhow::Result<()> {
        match step.act {
            Act::Create(request) => self.incidents.create_incident(request).await.map(|_| ())?,
            Act::Update(request) => self.incidents.update_incident(request).await.map(|_| ())?,
            Act::Retract(request) => self.picture.retract_entry(request).await.map(|_| ())?,
            Act::Publish(item) => self.publish(item, audience).await?,
        }
        Ok(())
    }

    /// With the lines of the book that a warning names at the version that this node holds: a
    /// scenario cannot know it.
    async fn cited(&self, item: PublishItem) -> anyhow::Result<PublishItem> {
        use polder_wire::v1::{Entry, entry::Body};
        use prost::Message as _;
        let mut entry = Entry::decode(item.entry.clone())?;
        let Some(Body::Warning(warning)) = &mut entry.body else { return Ok(item) };
        if warning.contacts.is_empty() {
            return Ok(item);
        }
        warning.contacts = team::cite(&self.channel, "", &warning.contacts).await?;
        Ok(PublishItem { entry: entry.encode_to_vec().into(), ..item })
    }

    async fn publish(&mut self, item: PublishItem, audience: String) -> anyhow::Result<()> {
        use prost::Message as _;
        let item = self.cited(item).await?;
        let content = item.encode_to_vec();
        let request_id = Uuid::new_v5(&Uuid::NAMESPACE_OID, &content).to_string();
        let items = vec![item];
        let request = PublishEntriesRequest { request_id, items, audience, ..Default::default() };
        let response = self.picture.publish_entries(request).await?.into_inner();
        match response.results.into_iter().next().and_then(|result| result.outcome) {
            Some(Outcome::Published(_)) => Ok(()),
            Some(Outcome::Refused(status)) => {
                let details = status.encode_to_vec().into();
                Err(tonic::Status::with_details(status.code.into(), status.message, details).into())
            }
            None => bail!("the node said nothing about an item"),
        }
    }
}

pub(super) async fn import(context: &Context, args: ImportArgs) -> anyhow::Result<u8> {
    let steps = read(&args.file)?;
    let mut player = Player::new(context.connect().await?);
    let count = steps.len();
    let bar = bar(count as u64, "steps");
    for (number, step) in steps.into_iter().enumerate() {
        let played = player.play(step).await;
        played.with_context(|| format!("{}, step {}", args.file.display(), number + 1))?;
        bar.inc(1);
    }
    bar.finish_and_clear();
    if context.common.json {
        say_json(&serde_json::json!({"steps": count}))?;
    } else {
        say(&format!("{count} {}", context.words.imported()))?;
    }
    Ok(0)
}

fn read(file: &Path) -> anyhow::Result<Vec<Step>> {
    let text =
        std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    parse(&text).with_context(|| format!("{}", file.display()))
}
