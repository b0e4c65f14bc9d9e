//! `polder play`: an incident of then, or an archive of one, said again at any speed into an exercise
//! of its own.

mod rewrite;
mod source;
mod words;

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet},
    time::Duration,
};

use anyhow::bail;
use jiff::Zoned;
use polder_picture::attributes::millis;
use polder_wire::v1::{
    CreateIncidentRequest, CreateIncidentResponse, Entry, Incident, Mode, PublishEntriesRequest,
    PublishItem, RetractEntryRequest, Source as SaidBy, Text, VersionList,
    incident_service_client::IncidentServiceClient, publish_result::Outcome,
};
use prost::Message as _;
use tonic_types::StatusExt as _;
use uuid::Uuid;

use self::{
    rewrite::{Change, Clock, rewritten},
    source::{Source, read},
};
use super::{
    Context, Misuse, args::PlayArgs, client, say, say_json, session::Connection, store::bar,
};

/// Slower and faster than this nothing is played.
const SPEEDS: std::ops::RangeInclusive<f64> = 0.01..=10_000.0;
const TITLE_MAX: usize = 200;
const SOURCES_MAX: usize = 16;
/// Refusals after which an entry is said by the exercise's own party, naming who said it.
const NOT_OURS: [&str; 3] = ["PARTY_NOT_OF_NODE", "PARTY_NOT_YOURS", "NOT_OWNER"];
/// One node wrote what several had: it cannot replace one version without an older one.
const BESIDE: &str = "RIVAL_NOT_NAMED";

pub(super) async fn play(context: &Context, args: PlayArgs) -> anyhow::Result<u8> {
    if !SPEEDS.contains(&args.speed) {
        return Err(anyhow::anyhow!(context.words.play_speeds()).context(Misuse));
    }
    let channel = context.connect().await?;
    let source = read(context, &channel, &args.source).await?;
    let (Some(first), Some(last)) = (source.versions.first(), source.versions.last()) else {
        bail!("{}", context.words.play_nothing());
    };
    let begin_ms = match &args.from {
        Some(text) => millis(&client::moment(text, &Zoned::now())?),
        None => recorded(first),
    };
    let now_ms = crate::wall::system_ms();
    let clock = match args.at_once {
        // What was said last is of now.
        true => Clock { from_ms: recorded(last), to_ms: now_ms, speed: 1.0 },
        false => Clock { from_ms: begin_ms, to_ms: now_ms, speed: args.speed },
    };
    let made = open(&channel, &source, args.into.as_deref()).await?;
    let incident = made.incident.unwrap_or_default();
    let name = incident.name.clone();
    if !context.common.json {
        say(&format!("{}: {}", context.words.play_into(), context.lines.incident(&incident)))?;
    }
    if made.needs_members {
        let id = name.trim_start_matches("incidents/");
        eprintln!("{}", context.words.needs_members().replace("{id}", id));
    }
    let mut player = Player {
        channel,
        from: source.incident.clone(),
        name,
        clock,
        versions: HashMap::new(),
        played: HashSet::new(),
        told: Told::default(),
    };
    let bar = bar(source.versions.len() as u64, context.words.play_unit());
    for version in &source.versions {
        if !args.at_once {
            let due_ms = player.clock.ms(recorded(version));
            let left_ms = due_ms.saturating_sub(crate::wall::system_ms()).max(0);
            tokio::time::sleep(Duration::from_millis(left_ms as u64)).await;
        }
        player.step(version).await?;
        bar.inc(1);
    }
    bar.finish_and_clear();
    player.told.say(context, &player.name, source.left_out)
}

fn recorded(version: &Entry) -> i64 {
    version.recorded_time.as_ref().map_or(0, millis)
}

/// Opens the exercise.
async fn open(
    channel: &Connection,
    source: &Source,
    into: Option<&str>,
) -> anyhow::Result<CreateIncidentResponse> {
    let title = |text: &Text| {
        let dutch = text.language.starts_with("nl");
        let before = if dutch { "Nagespeeld: " } else { "Played back: " };
        let title = format!("{before}{}", text.title);
        Text { title: title.chars().take(TITLE_MAX).collect(), ..text.clone() }
    };
    let incident = Incident {
        name: into.map(|id| format!("incidents/{}", bare(id))).unwrap_or_default(),
        mode: Mode::Exercise.into(),
        titles: source.titles.iter().map(title).collect(),
        hazards: source.hazards.clone(),
        area: source.area.clone(),
        ..Incident::default()
    };
    let request_id = Uuid::new_v4().to_string();
    let request = CreateIncidentRequest { request_id, incident: Some(incident) };
    let mut client = IncidentServiceClient::new(channel.clone());
    Ok(client.create_incident(request).await?.into_inner())
}

fn bare(id: &str) -> &str {
    id.trim_start_matches("incidents/")
}

/// Says one version after the other.
struct Player {
    channel: Connection,
    /// `incidents/{incident}` that is played.
    from: String,
    /// The exercise.
    name: String,
    clock: Clock,
    /// Versions of then, and what they are in the exercise.
    versions: HashMap<String, String>,
    /// Entries of then that are there.
    played: HashSet<String>,
    told: Told,
}

/// What became of it.
#[derive(Debug, Default)]
struct Told {
    played: usize,
    entries: usize,
    personal: usize,
    unreadable: usize,
    aside: usize,
    beside: usize,
    /// Parties for which this node may not speak: named as source only.
    parties: BTreeSet<String>,
    /// How many by reason, and what the node said of the first.
    refused: BTreeMap<String, (usize, String)>,
}

/// What came of one item: the version, or why it was refused.
type Answer = Result<String, (String, tonic::Status)>;

impl Player {
    async fn step(&mut self, version: &Entry) -> anyhow::Result<()> {
        if !version.set_aside_reason.is_empty() {
            self.told.aside += 1;
        } else if version.erased || version.kind.starts_with("opaque/") {
            self.told.unreadable += 1;
        } else if version.label.as_ref().is_some_and(|label| label.personal_data) {
            self.told.personal += 1;
        } else if version.retracted {
            // What was not played need not be withdrawn.
            if self.played.contains(&version.name) {
                self.withdraw(version).await?;
            }
        } else {
            self.publish(version).await?;
        }
        Ok(())
    }

    fn change(&self) -> Change<'_> {
        Change { from: &self.from, into: &self.name, versions: &self.versions, clock: self.clock }
    }

    async fn publish(&mut self, version: &Entry) -> anyhow::Result<()> {
        let mut entry = rewritten(version, &self.change())?;
        let replaced = version.supersedes.iter().filter_map(|one| self.versions.get(one).cloned());
        let mut replaced: Vec<_> = replaced.collect();
        let mut answer = self.put(&entry, &replaced, &version.audience).await?;
        if matches!(&answer, Err((reason, _)) if NOT_OURS.contains(&&reason[..])) {
            self.told.parties.insert(bare_party(&version.party).to_owned());
            name_source(&mut entry);
            answer = self.put(&entry, &replaced, &version.audience).await?;
        }
        if matches!(&answer, Err((reason, _)) if reason == BESIDE) {
            self.told.beside += 1;
            replaced.clear();
            answer = self.put(&entry, &replaced, &version.audience).await?;
        }
        match answer {
            Ok(made) => {
                self.versions.insert(version.version.clone(), made);
                self.told.entries += usize::from(self.played.insert(version.name.clone()));
                self.told.played += 1;
            }
            Err(refused) => self.told.refuse(refused)?,
        }
        Ok(())
    }

    async fn put(
        &self,
        entry: &Entry,
        replaced: &[String],
        audience: &str,
    ) -> anyhow::Result<Answer> {
        let item = PublishItem {
            entry: entry.encode_to_vec().into(),
            // Exactly what it replaced then: so what contradicted then does so again.
            supersedes: Some(VersionList { versions: replaced.to_vec() }),
            ..PublishItem::default()
        };
        let request = PublishEntriesRequest {
            request_id: Uuid::new_v4().to_string(),
            items: vec![item],
            audience: audience.to_owned(),
            ..PublishEntriesRequest::default()
        };
        let mut picture = client::picture(self.channel.clone());
        let answer = match picture.publish_entries(request).await {
            Ok(answer) => answer.into_inner(),
            Err(status) => return Ok(Err(refusal(status)?)),
        };
        match answer.results.into_iter().next().and_then(|result| result.outcome) {
            Some(Outcome::Published(published)) => Ok(Ok(published.version)),
            Some(Outcome::Refused(status)) => {
                let details = status.encode_to_vec().into();
                let code = status.code.into();
                let status = tonic::Status::with_details(code, status.message, details);
                Ok(Err(refusal(status)?))
            }
            None => bail!("the node said nothing about an item"),
        }
    }

    async fn withdraw(&mut self, version: &Entry) -> anyhow::Result<()> {
        let name = self.change().name(&version.name).unwrap_or_default();
        let request_id = Uuid::new_v4().to_string();
        let reason = version.retraction_reason.clone();
        let request = RetractEntryRequest { request_id, name, reason };
        let mut picture = client::picture(self.channel.clone());
        match picture.retract_entry(request).await {
            Ok(answer) => {
                let made = Entry::decode(answer.into_inner().entry)?;
                self.versions.insert(version.version.clone(), made.version);
                self.told.played += 1;
            }
            Err(status) => self.told.refuse(refusal(status)?)?,
        }
        Ok(())
    }
}

fn bare_party(party: &str) -> &str {
    party.trim_start_matches("parties/")
}

/// Leaves it to the node's own party, and names who said it.
fn name_source(entry: &mut Entry) {
    let party = std::mem::take(&mut entry.party);
    let said = SaidBy { system: party, method: "played back".into(), ..SaidBy::default() };
    entry.sources.insert(0, said);
    entry.sources.truncate(SOURCES_MAX);
}

/// The reason of a refusal; what is none of one entry ends the play.
fn refusal(status: tonic::Status) -> anyhow::Result<(String, tonic::Status)> {
    let details = status.get_error_details();
    match details.error_info() {
        Some(info) if status.code() != tonic::Code::Unavailable => {
            let reason = info.reason.clone();
            Ok((reason, status))
        }
        _ => Err(status.into()),
    }
}

impl Told {
    /// Counts what was refused. Who may say nothing at all hears it at once.
    fn refuse(&mut self, (reason, status): (String, tonic::Status)) -> anyhow::Result<()> {
        if self.played == 0 && status.code() == tonic::Code::PermissionDenied {
            return Err(status.into());
        }
        let said = status.message().to_owned();
        self.refused.entry(reason).or_insert((0, said)).0 += 1;
        Ok(())
    }

    fn say(&self, context: &Context, name: &str, left_out: bool) -> anyhow::Result<u8> {
        let words = context.words;
        let code = if self.refused.is_empty() { 0 } else { 3 };
        if context.common.json {
            let refused = self.refused.iter().map(|(reason, (count, _))| (reason, count));
            let refused: BTreeMap<_, _> = refused.collect();
            say_json(&serde_json::json!({
                "incident": name, "versions": self.played, "entries": self.entries,
                "personal": self.personal, "unreadable": self.unreadable, "aside": self.aside,
                "beside": self.beside, "parties": self.parties, "refused": refused,
                "leftOut": left_out,
            }))?;
            return Ok(code);
        }
        let (count, of) = (self.played, self.entries);
        say(&format!("{count} {} {of} {}", words.play_versions_of(), words.play_entries()))?;
        for (count, what) in [
            (self.personal, words.play_personal()),
            (self.unreadable, words.play_unreadable()),
            (self.aside, words.play_aside()),
            (self.beside, words.play_beside()),
        ] {
            if count > 0 {
                say(&format!("  {count} {what}"))?;
            }
        }
        if !self.parties.is_empty() {
            let parties: Vec<_> = self.parties.iter().map(String::as_str).collect();
            say(&format!("  {}: {}", words.play_parties(), parties.join(", ")))?;
        }
        for (reason, (count, said)) in &self.refused {
            let why = super::dutch::reason(words, reason).unwrap_or(said);
            say(&context.lines.warn(&format!("  {count} {}: {why} [{reason}]", words.refused())))?;
        }
        if left_out {
            say(&format!("  {}", words.play_left_out()))?;
        }
        Ok(code)
    }
}
