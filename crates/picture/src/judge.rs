//! What a record of another node says, as far as it is sound. A function of the record alone, so
//! that every node that holds it judges the same. Nothing is refused here: what is not sound is
//! kept and passed on like any record, but shown as opaque.

use bytes::Bytes;
use polder_wire::v1::{
    Content, Entry, IncidentData, Lane, Payload, RecordKind, Retraction, content::Content as Sort,
};
use prost::Message as _;
use uuid::Uuid;

use crate::{
    admit::NewScope,
    attributes::Attributes,
    check::Checker,
    clock::Hlc,
    entry::{check_entry, check_geometry},
    fields, kinds,
    names::IncidentName,
    record::{Decoded, Id, scope_id},
    refusal::Refusal,
};

/// Largest entry, encoded.
pub const ENTRY_BYTES_MAX: usize = 256 * 1024;

/// What the author's node may have added to an entry of that size: its name and party.
const ADDED_BYTES_MAX: usize = 512;

/// What a record says.
#[derive(Debug, Clone)]
pub(crate) struct Judged {
    /// For filters.
    pub(crate) attributes: Attributes,
    /// The incident's own data, when it is a sound record of that.
    pub(crate) data: Option<Box<IncidentData>>,
}

/// Judges a record that belongs to `scope`.
pub(crate) fn judge(record: &Decoded, payload: Option<&Payload>, scope: &NewScope) -> Judged {
    let header = &record.header;
    let (lane, recorded_ms) = (header.lane(), Hlc::millis(header.hlc));
    let kind = header.kind();
    if !matches!(kind, RecordKind::Put | RecordKind::Retract) {
        let attributes = Attributes::apart(lane).recorded_at(recorded_ms);
        return Judged { attributes, data: None };
    }
    let retracts = kind == RecordKind::Retract;
    let entry = Uuid::from_slice(&header.entry).unwrap_or_default();
    let content = payload.and_then(|payload| Content::decode(payload.bytes.clone()).ok());
    let mut data = None;
    let sound = match content.and_then(|content| content.content) {
        Some(Sort::Entry(bytes)) if !retracts && !entry.is_nil() => {
            of_entry(&bytes, &entry_name(&scope.incident, entry), lane)
        }
        Some(Sort::Retraction(retraction)) if retracts && !entry.is_nil() => {
            let named = retraction.name == entry_name(&scope.incident, entry);
            of_retraction(&retraction, lane).filter(|_| named)
        }
        Some(Sort::Incident(incident)) if !retracts && entry.is_nil() => {
            is_of(&incident, record.scope).then(|| {
                data = Some(Box::new(incident));
                Attributes::bare(lane)
            })
        }
        _ => None,
    };
    let attributes = sound.unwrap_or_else(|| Attributes::opaque(lane, retracts));
    Judged { attributes: attributes.recorded_at(recorded_ms), data }
}

fn of_entry(bytes: &Bytes, name: &str, lane: Lane) -> Option<Attributes> {
    if bytes.len() > ENTRY_BYTES_MAX + ADDED_BYTES_MAX {
        return None;
    }
    let entry = Entry::decode(bytes.clone()).ok()?;
    let mut own = true;
    fields::walk(bytes, |field, _| own &= !is_output_only(field)).ok()?;
    if entry.name != name || !own {
        return None;
    }
    let field = check_body(bytes, "").ok()?;
    let mut check = Checker::new("");
    check_entry(&entry, kinds::by_field(field), &mut check);
    check.finish().ok()?;
    Some(Attributes::of_entry(&entry, party(&entry), field, lane))
}

fn party(entry: &Entry) -> &str {
    entry.party.strip_prefix("parties/").unwrap_or_default()
}

/// Attributes of a retraction, from what it says of the version that it withdraws; `None` when
/// that is not sound.
fn of_retraction(retraction: &Retraction, lane: Lane) -> Option<Attributes> {
    if !retraction.erased_party.is_empty() {
        return Some(Attributes::of_erasure(&retraction.erased_party, lane));
    }
    if retraction.withdrawn.is_empty() {
        return Some(Attributes::of_retraction(None, lane));
    }
    let entry = Entry::decode(retraction.withdrawn.clone()).ok()?;
    if let Some(geometry) = &entry.geometry {
        let mut check = Checker::new("");
        check_geometry(geometry, &mut check);
        check.finish().ok()?;
    }
    let field = body_field(&retraction.withdrawn);
    u16::try_from(field).ok()?;
    let withdrawn = Attributes::of_entry(&entry, party(&entry), field, lane);
    Some(Attributes::of_retraction(Some(&withdrawn), lane))
}

/// Attributes of a retraction that this node writes, from its content as every node will.
pub(crate) fn of_own_retraction(content: &Bytes, lane: Lane) -> Attributes {
    let content = Content::decode(content.clone()).ok().and_then(|content| content.content);
    let sound = match content {
        Some(Sort::Retraction(retraction)) => of_retraction(&retraction, lane),
        _ => None,
    };
    sound.unwrap_or_else(|| Attributes::of_retraction(None, lane))
}

/// An incident's data must say whose it is.
fn is_of(data: &IncidentData, scope: Id) -> bool {
    let Some(incident) = &data.incident else { return false };
    IncidentName::parse(&incident.name).is_some_and(|name| {
        data.encoded_len() <= ENTRY_BYTES_MAX
            && scope_id(name.id(), incident.mode(), &data.audience) == scope
    })
}

/// Full name of an entry.
pub fn entry_name(incident: &str, entry: Uuid) -> String {
    format!("incidents/{incident}/entries/{entry}")
}

/// Fields 60 to 99 of an entry are the node's.
pub fn is_output_only(field: u32) -> bool {
    (60..100).contains(&field)
}

/// Number of the body's field; 0 when there is none.
pub fn body_field(entry: &[u8]) -> u32 {
    let mut field = 0;
    let _ = fields::walk(entry, |number, _| {
        if number >= 100 {
            field = number;
        }
    });
    field
}

/// How many different bodies an entry has; one, if it is sound.
pub fn body_count(entry: &[u8]) -> usize {
    let mut bodies = Vec::new();
    let _ = fields::walk(entry, |number, _| {
        if number >= 100 && !bodies.contains(&number) && bodies.len() < 2 {
            bodies.push(number);
        }
    });
    bodies.len()
}

/// Checks that an entry has exactly one body, and returns the number of its field. `path`: where
/// the entry stands.
pub fn check_body(entry: &[u8], path: &str) -> Result<u32, Refusal> {
    let at = || format!("{path}.body");
    let field = body_field(entry);
    if field == 0 {
        let sentence = "needs a body that says what it is about, such as observation";
        return Err(Refusal::field(at(), "KIND_MISSING", sentence));
    }
    if u16::try_from(field).is_err() {
        let sentence = format!("is in field {field}, bodies are in fields 100 to 65535");
        return Err(Refusal::field(at(), "KIND_OUT_OF_RANGE", sentence));
    }
    if body_count(entry) > 1 {
        // Only one of them would be checked, and readers would differ on which one counts.
        let sentence = "is given twice: an entry is about exactly one thing";
        return Err(Refusal::field(at(), "BODY_TWICE", sentence));
    }
    Ok(field)
}
