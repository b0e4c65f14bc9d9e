//! Entries as clients see them: the author's bytes, followed by what the node adds.
//!
//! Encoded messages can be joined end to end, so nothing of the author's is decoded or written
//! again, and fields of newer programs pass through.

use std::sync::Arc;

use bytes::{BufMut as _, Bytes, BytesMut};
use polder_picture::{
    attributes::{Attributes, NEVER, millis, timestamp},
    charter::EVERYBODY,
    clock::Hlc,
    entry::extent,
    fields, kinds,
    live::{RecordRef, Register},
    picture::{Picture, Scope},
    record::Id,
    standing::SetAside,
};
use polder_wire::v1::{
    Content, Entry, EntryView, Geometry, Header, Lane, Position, RecordKind, content, geometry,
};
use prost::Message as _;
use uuid::Uuid;

use crate::store::log::StoredRecord;

pub use polder_picture::judge::{body_field, entry_name, is_output_only};

/// Id of a version.
pub fn version(feed: Id, sequence: u64) -> String {
    format!("{feed}-{sequence}")
}

/// Versions of the other live records of a register.
pub fn rivals(picture: &Picture, register: &Register) -> Vec<String> {
    let all = register.live.iter();
    all.map(|live| version(picture.feed(live.record.feed).id, live.record.sequence)).collect()
}

/// The scope that an entry is of, as far as it shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Incident, without `incidents/`.
    pub incident: Arc<str>,
    /// Audience, without `audiences/`; empty for everybody.
    pub audience: Arc<str>,
}

impl Place {
    /// Of a scope.
    pub fn of(scope: &Scope) -> Self {
        let narrow = scope.audience != EVERYBODY;
        let audience = if narrow { &scope.audience[..] } else { "" };
        Self { incident: scope.incident.as_str().into(), audience: audience.into() }
    }

    /// `audiences/{audience}`, or nothing for everybody.
    fn audience_name(&self) -> String {
        if self.audience.is_empty() {
            String::new()
        } else {
            format!("audiences/{}", self.audience)
        }
    }
}

/// What is known of a record from outside of it.
#[derive(Debug, Clone, Copy, Default)]
pub struct Mark {
    /// The door found that its content is not sound.
    opaque: bool,
    /// Why it does not count.
    aside: Option<SetAside>,
    /// What it says is to be erased.
    erased: bool,
}

impl From<&Attributes> for Mark {
    /// Of a record that is current, and so counts.
    fn from(attributes: &Attributes) -> Self {
        Self { opaque: attributes.is_opaque(), ..Self::default() }
    }
}

impl Mark {
    /// Whether what it says is not to be told.
    pub fn hides(&self) -> bool {
        self.opaque || self.erased
    }

    /// Whether it does not count.
    pub fn is_aside(&self) -> bool {
        self.aside.is_some()
    }

    /// Of any record of an entry.
    pub fn of(
        picture: &Picture,
        (scope, entry): (u32, Uuid),
        (feed, sequence): (Id, u64),
        attributes: &Attributes,
    ) -> Self {
        let plain = Self::from(attributes);
        let Some(feed) = picture.feed_index(feed) else { return plain };
        let record = RecordRef { feed, sequence };
        let aside = picture.set_aside_of((scope, entry), record, attributes);
        let erased = picture.is_erased(scope, entry, record, attributes);
        Self { aside, erased, ..plain }
    }
}

/// Encodes one record as an [`Entry`].
/// `live`: ids of all current versions of the entry; empty when this record is not current.
pub fn encode(
    record: &StoredRecord,
    mark: Mark,
    place: &Place,
    live: &[String],
    view: EntryView,
) -> Option<Bytes> {
    let header = Header::decode(record.envelope.header.clone()).ok()?;
    let own = version(record.feed, header.sequence);
    let recorded_ms = Hlc::millis(header.hlc);
    let mut added = Entry {
        lane: header.lane,
        received_time: Some(timestamp(record.received_ms)),
        recorded_time: Some(timestamp(recorded_ms)),
        clock_unsynchronised: header.clock_unsynchronised,
        rivals: live.iter().filter(|version| **version != own).cloned().collect(),
        superseded: !live.contains(&own),
        supersedes: header
            .seen
            .iter()
            .filter_map(|seen| Some(version(Id::from_slice(&seen.feed)?, seen.sequence)))
            .collect(),
        node: format!("nodes/{}", Id::from_slice(&header.origin)?),
        version: own,
        audience: place.audience_name(),
        author: header.author.clone(),
        set_aside_reason: mark.aside.map_or("", SetAside::reason).to_owned(),
        erased: mark.erased || record.envelope.payload.is_none(),
        ..Default::default()
    };
    let content = if mark.hides() { None } else { record.content() };
    let written = match content {
        Some(content::Content::Entry(bytes)) => {
            describe(&bytes, header.lane(), recorded_ms, &mut added);
            bytes
        }
        Some(content::Content::Retraction(retraction)) => {
            added.kind = "retraction".into();
            added.retracted = true;
            added.name = retraction.name;
            added.retraction_reason = retraction.reason;
            Bytes::new()
        }
        // Erased, not sound or of a newer program: all that is known of it stands in the header.
        _ => {
            added.kind = "opaque/0".into();
            added.retracted = header.kind() == RecordKind::Retract;
            added.name = entry_name(&place.incident, Uuid::from_slice(&header.entry).ok()?);
            Bytes::new()
        }
    };
    let written = if view == EntryView::Basic { basic(&written)? } else { written };
    let mut encoded = BytesMut::with_capacity(written.len() + added.encoded_len());
    encoded.put(written);
    added.encode(&mut encoded).expect("a BytesMut grows");
    Some(encoded.freeze())
}

/// Kind and expiry, as far as they follow from what the author wrote.
fn describe(bytes: &[u8], lane: Lane, recorded_ms: i64, added: &mut Entry) {
    let field = body_field(bytes);
    added.kind = kind_name(field);
    let Ok(entry) = Entry::decode(bytes) else { return };
    let attributes = Attributes::of_entry(&entry, "", field, lane).recorded_at(recorded_ms);
    if attributes.expire_ms != NEVER {
        added.expire_time = Some(timestamp(attributes.expire_ms));
    }
}

/// Name of the kind with its body in a field.
pub fn kind_name(field: u32) -> String {
    kinds::by_field(field).map_or_else(|| format!("opaque/{field}"), |kind| kind.name.to_owned())
}

const TEXTS: u32 = 6;
const GEOMETRY: u32 = 7;
const SOURCES: u32 = 11;
const ATTACHMENTS: u32 = 13;

/// The author's bytes without long texts, shapes, sources and attachments.
fn basic(bytes: &[u8]) -> Option<Bytes> {
    let entry = Entry::decode(bytes).ok()?;
    let dropped = [TEXTS, GEOMETRY, SOURCES, ATTACHMENTS];
    let mut kept = fields::retain(bytes, |field| !dropped.contains(&field)).ok()?;
    let mut short = Entry { texts: entry.texts, ..Default::default() };
    short.texts.iter_mut().for_each(|text| text.body.clear());
    short.geometry = entry.geometry.as_ref().and_then(middle);
    short.encode(&mut kept).expect("a Vec grows");
    Some(kept.into())
}

/// A shape of at most so many bytes is kept whole in a retraction.
const WITHDRAWN_SHAPE_BYTES: usize = 4 * 1024;

/// What a retraction says of the version that it withdraws: the author's bytes without bodies of
/// texts, sources, attachments and large shapes.
pub fn withdrawn(bytes: &[u8]) -> Option<Bytes> {
    let entry = Entry::decode(bytes).ok()?;
    let whole = entry.geometry.as_ref().is_none_or(|g| g.encoded_len() <= WITHDRAWN_SHAPE_BYTES);
    let dropped = [TEXTS, GEOMETRY, SOURCES, ATTACHMENTS];
    let dropped = |field: u32| dropped.contains(&field) && !(whole && field == GEOMETRY);
    let mut kept = fields::retain(bytes, |field| !dropped(field)).ok()?;
    let mut short = Entry { texts: entry.texts, ..Default::default() };
    short.texts.iter_mut().for_each(|text| text.body.clear());
    if !whole {
        short.geometry = entry.geometry.as_ref().and_then(middle);
    }
    short.encode(&mut kept).expect("a Vec grows");
    Some(kept.into())
}

/// A point for a shape.
fn middle(shape: &Geometry) -> Option<Geometry> {
    let extent = extent(shape)?;
    let east = if extent.east < extent.west { extent.east + 360.0 } else { extent.east };
    let longitude = (extent.west + east) / 2.0;
    let position = Position {
        latitude: (extent.south + extent.north) / 2.0,
        longitude: if longitude > 180.0 { longitude - 360.0 } else { longitude },
    };
    let shape = Some(geometry::Shape::Point(position));
    Some(Geometry { shape, accuracy_m: 0.0 })
}

/// The party that an entry says it is of, by id.
pub fn party_of(bytes: &[u8]) -> Option<String> {
    let entry = Entry::decode(bytes).ok()?;
    entry.party.strip_prefix("parties/").map(str::to_owned)
}

/// Wraps an entry's bytes as the content of a record.
pub fn content_of_entry(entry: Bytes) -> Bytes {
    Content { content: Some(content::Content::Entry(entry)) }.encode_to_vec().into()
}

/// When an entry was received, for sorting what was decoded.
pub fn received_ms(entry: &Entry) -> i64 {
    entry.received_time.as_ref().map_or(0, millis)
}
