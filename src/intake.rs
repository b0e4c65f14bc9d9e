//! From what a client sends to drafts: decoding and checking, on the caller's own thread.

use std::time::Duration;

use bytes::Bytes;
use polder_picture::{
    admit::{Act, Draft, Supersedes},
    attributes::{Attributes, millis, timestamp},
    check::Checker,
    entry::check_entry,
    fields,
    judge::{ENTRY_BYTES_MAX, check_body},
    kinds,
    live::RecordRef,
    names::{EntryName, IncidentName, VersionId},
    picture::Picture,
    record::{Id, Sealed},
    refusal::Refusal,
    team::advice::Telling,
};
use polder_wire::v1::{Entry, Label, Lane, PublishItem, Urgency, VersionList};
use prost::Message as _;
use uuid::Uuid;

use crate::{erase::RETENTION_MAX, present};

/// An item that is sound by itself.
#[derive(Debug, Clone)]
pub struct Checked {
    /// Incident, without `incidents/`.
    pub incident: String,
    /// Chosen by the client, or just now.
    pub entry: Uuid,
    /// For which it speaks, by id.
    pub party: String,
    /// Whether it issues a sitrep.
    pub is_sitrep: bool,
    /// What it tells the public to do.
    pub telling: Option<Telling>,
    attributes: Attributes,
    lane: Lane,
    sealed: Sealed,
    supersedes: Option<Vec<VersionId>>,
    require_current: bool,
}

/// Start of the year 2200, seconds since 1970.
const MOMENT_MAX: i64 = 7_258_118_400;

/// What a node fills in where its callers say nothing, and what time it is.
#[derive(Debug, Clone, Copy)]
pub struct Usual<'a> {
    /// Its party, by id.
    pub party: &'a str,
    /// Now, milliseconds since 1970.
    pub now_ms: i64,
    /// How long personal data is kept.
    pub retention: Duration,
}

/// Checks one item. `path`: where it stands in the request.
pub fn check_item(item: &PublishItem, path: &str, usual: Usual<'_>) -> Result<Checked, Refusal> {
    let at = |field: &str| format!("{path}.{field}");
    if item.entry.is_empty() {
        return Err(Refusal::field(at("entry"), "REQUIRED", "is required"));
    }
    if item.entry.len() > ENTRY_BYTES_MAX {
        let sentence =
            format!("has {} bytes, at most {ENTRY_BYTES_MAX} are allowed", item.entry.len());
        return Err(Refusal::field(at("entry"), "TOO_LARGE", sentence));
    }
    let entry = Entry::decode(item.entry.clone()).map_err(|error| {
        Refusal::field(at("entry"), "UNDECODABLE", format!("is no entry: {error}"))
    })?;
    let (incident, id) = parse_name(&entry.name).ok_or_else(|| {
        let sentence = "must be incidents/{incident}/entries/{lower-case UUID}, or - for a new one";
        Refusal::field(at("entry.name"), "MALFORMED_NAME", sentence)
    })?;
    let root = at("entry");
    let field = check_body(&item.entry, &root)?;
    let mut check = Checker::new(&root);
    check_entry(&entry, kinds::by_field(field), &mut check);
    check_erase_time(&entry, usual.now_ms, &mut check);
    check.finish()?;

    let supersedes = item.supersedes.as_ref();
    let supersedes = supersedes.map(|list| parse_versions(list, &at("supersedes"))).transpose()?;
    if item.require_current && supersedes.is_none() {
        let sentence = "is required together with require_current";
        return Err(Refusal::field(at("supersedes"), "REQUIRED", sentence));
    }
    let urgency = entry.assessment.as_ref().map_or(Urgency::Unspecified, |a| a.urgency());
    let lane = if urgency == Urgency::Immediate { Lane::Urgent } else { Lane::Routine };
    let party = match entry.party.strip_prefix("parties/") {
        Some(party) => party,
        None => usual.party,
    };
    let attributes = Attributes::of_entry(&entry, party, field, lane);
    let holds = attributes.recorded_at(usual.now_ms);
    let telling = Telling::of(&entry, id, party, &holds);
    let label = kept_label(&entry, usual);
    let bytes = own_bytes(&item.entry, &entry, &incident, id, party, label);
    let sealed = Sealed::new(rand::random(), present::content_of_entry(bytes));
    Ok(Checked {
        entry: id,
        party: party.to_owned(),
        is_sitrep: entry.sitrep.is_some(),
        telling,
        attributes,
        lane,
        sealed,
        supersedes,
        require_current: item.require_current,
        incident,
    })
}

/// Personal data is to be kept for some time, and not for ever.
fn check_erase_time(entry: &Entry, now_ms: i64, check: &mut Checker<'_>) {
    let until = entry.label.as_ref().and_then(|label| label.erase_time.as_ref());
    // What is no time at all is told already.
    let until = until.filter(|until| (0..MOMENT_MAX).contains(&until.seconds));
    let Some(until_ms) = until.map(millis) else { return };
    if until_ms <= now_ms || until_ms > now_ms.saturating_add(RETENTION_MAX.as_millis() as i64) {
        let sentence = "must be later than now, and at most ten years";
        check.wrong("label.erase_time", "OUT_OF_RANGE", sentence);
    }
}

/// Until when personal data is kept, where its author does not say so. Joined to what the author
/// wrote, it is part of the same label.
fn kept_label(entry: &Entry, usual: Usual<'_>) -> Option<Label> {
    let label = entry.label.as_ref()?;
    if !label.personal_data || label.erase_time.is_some() {
        return None;
    }
    let until_ms = usual.now_ms.saturating_add(usual.retention.as_millis() as i64);
    Some(Label { erase_time: Some(timestamp(until_ms)), ..Default::default() })
}

fn parse_name(name: &str) -> Option<(String, Uuid)> {
    if let Some(name) = EntryName::parse(name) {
        return Some((name.incident.id().to_owned(), name.entry));
    }
    let incident = IncidentName::parse(name.strip_suffix("/entries/-").unwrap_or(name))?;
    Some((incident.id().to_owned(), Uuid::new_v4()))
}

fn parse_versions(list: &VersionList, path: &str) -> Result<Vec<VersionId>, Refusal> {
    let mut check = Checker::new(path);
    let mut versions = Vec::new();
    check.each("versions", &list.versions, 0..=64, |check, version| {
        match VersionId::parse(version) {
            Some(version) => versions.push(version),
            None => check.wrong("", "MALFORMED_NAME", "must be {feed}-{sequence}"),
        }
    });
    check.finish()?;
    Ok(versions)
}

/// The author's bytes, without what only a node may say, and with the name and party made
/// explicit. Of a field given twice the last counts, so both can be appended.
fn own_bytes(
    sent: &Bytes,
    entry: &Entry,
    incident: &str,
    id: Uuid,
    party: &str,
    label: Option<Label>,
) -> Bytes {
    let name = present::entry_name(incident, id);
    let mut foreign = false;
    let _ = fields::walk(sent, |field, _| foreign |= present::is_output_only(field));
    let named = entry.name == name && !entry.party.is_empty();
    if !foreign && named && label.is_none() {
        return sent.clone();
    }
    // The bytes were decoded before, so walking them again cannot fail.
    let own = fields::retain(sent, |field| !present::is_output_only(field));
    let mut own = own.unwrap_or_else(|_| sent.to_vec());
    let party = format!("parties/{party}");
    let added = Entry { name, party, label, ..Default::default() };
    added.encode(&mut own).expect("a Vec grows");
    own.into()
}

impl Checked {
    /// Lane of the record that it will be.
    pub fn lane(&self) -> Lane {
        self.lane
    }

    /// Bytes of content.
    pub fn weight(&self) -> usize {
        self.sealed.payload.bytes.len() + 256
    }

    /// The draft for a scope, once versions can be looked up.
    pub fn draft(
        self,
        picture: &Picture,
        scope: u32,
        author: &str,
        path: &str,
    ) -> Result<Draft, Refusal> {
        let supersedes = match self.supersedes {
            None => Supersedes::AllHeld,
            Some(versions) => {
                let mut named = Vec::with_capacity(versions.len());
                for version in versions {
                    let feed = picture.feed_index(Id(version.feed)).ok_or_else(|| {
                        let sentence = "names a version that this node does not hold";
                        let field = format!("{path}.supersedes");
                        Refusal::field(field, "VERSION_UNKNOWN", sentence)
                    })?;
                    let named_as = RecordRef { feed, sequence: version.sequence };
                    named.push(picture.place(named_as));
                }
                if self.require_current {
                    Supersedes::AllCurrent(named)
                } else {
                    Supersedes::Exactly(named)
                }
            }
        };
        Ok(Draft {
            scope,
            entry: self.entry,
            act: Act::Put(self.attributes),
            lane: self.lane,
            sealed: self.sealed,
            author: author.to_owned(),
            supersedes,
        })
    }
}
