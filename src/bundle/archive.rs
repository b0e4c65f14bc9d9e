//! Archives: a closed incident, all of it, as a bundle that can be verified by itself.

use bytes::Bytes;
use ed25519_dalek::VerifyingKey;
use polder_picture::{
    admit::NewScope,
    attributes::timestamp,
    names::AudienceName,
    picture::{Picture, Scope},
    record::{Head, Id, key_id, scope_id},
    refusal::{Class, Refusal},
    seal::{Closing, Seals},
    suffix::FeedName,
};
use polder_wire::v1::{ArchiveSummary, IncidentData, IncidentState, Lane, LateRecords, Mode};

use super::{
    Listed, ListedClosing, Manifest,
    export::{Piece, Plan, PlanError, Sink, of_scope, write_whole},
};
use crate::{incident, maintain, node::Node};

/// Feeds of an archive: with more its list would not fit in a frame.
const FEEDS_MAX: usize = 50_000;
/// Rows of late records in a summary.
const LATE_MAX: usize = 1_000;

fn not_closed(incident: &str) -> Refusal {
    let sentence = format!("incidents/{incident} is open: close it first");
    Refusal::new(Class::FailedPrecondition, "INCIDENT_NOT_CLOSED", sentence)
}

/// An incident, or one audience of it, by the names that a caller gives.
#[derive(Debug, Clone)]
pub struct Which {
    /// `incidents/{incident}`.
    pub incident: String,
    /// `audiences/{audience}`. Empty: what was said to everybody who takes part.
    pub audience: String,
}

impl Which {
    /// Its scope, when it may be archived.
    pub fn find(&self, picture: &Picture) -> Result<u32, Refusal> {
        let index = incident::find(picture, &self.incident, "incident")?;
        let scope = picture.scope(index);
        if scope.state() != Some(IncidentState::Closed) {
            return Err(not_closed(&scope.incident));
        }
        let audience = match &self.audience[..] {
            "" => return Ok(index),
            name => AudienceName::parse(name).ok_or_else(|| {
                Refusal::field("audience", "MALFORMED_NAME", "must be audiences/{audience}")
            })?,
        };
        let id = scope_id(&scope.incident, scope.mode, audience.id());
        picture.scope_index(id).ok_or_else(|| {
            let sentence = format!("nothing of {self} is held here");
            Refusal::field("audience", "AUDIENCE_NOT_FOUND", sentence)
        })
    }
}

impl std::fmt::Display for Which {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.audience[..] {
            "" => f.write_str(&self.incident),
            audience => write!(f, "{audience} of {}", self.incident),
        }
    }
}

/// What goes into the archive of an incident, or of one audience of it: all that is held of it.
pub fn plan(node: &Node, name: &Which) -> Result<Plan, PlanError> {
    let log = node.log();
    let keys = maintain::keys(&log, node.identity())?;
    let picture = node.picture.read();
    let index = name.find(&picture)?;
    let scope = picture.scope(index);
    let named = NewScope {
        incident: scope.incident.clone(),
        mode: scope.mode,
        audience: scope.audience.clone(),
    };
    if let Some(feed) = picture.feeds_of(index).find(|feed| feed.covered.sequence > 0) {
        let sentence = format!(
            "feed {} of {name} came here by a checkpoint, its earlier records are still to come: \
             archive the incident when they have, or on a node that holds all of them",
            feed.id
        );
        return Err(Refusal::new(Class::FailedPrecondition, "FEED_COVERED", sentence).into());
    }
    let pieces = of_scope(&picture, index, &named).filter(|piece| piece.until != piece.after);
    let pieces: Vec<_> = pieces.collect();
    if pieces.is_empty() {
        let sentence = format!("{name} was archived, and nothing of it came here since");
        return Err(Refusal::new(Class::FailedPrecondition, "INCIDENT_ARCHIVED", sentence).into());
    }
    if pieces.len() > FEEDS_MAX {
        let sentence = format!("{name} has {} feeds, an archive at most 50,000", pieces.len());
        return Err(Refusal::new(Class::ResourceExhausted, "TOO_MANY", sentence).into());
    }
    let listed = |piece: &Piece| {
        let key = keys.get(&piece.feed.origin).map(|key| key.as_bytes().to_vec());
        Listed {
            origin_key: key.unwrap_or_default().into(),
            lane: piece.feed.lane.into(),
            after: piece.after.sequence,
            after_hash: copy(&piece.after.hash),
            last: piece.until.sequence,
            last_hash: copy(&piece.until.hash),
            branch: piece.feed.branch.map(|first| copy(&first)).unwrap_or_default(),
        }
    };
    let mut pieces = pieces;
    pieces.sort_by_key(|piece| super::place(piece.feed.lane));
    let manifest = Manifest {
        incident: named.incident,
        mode: named.mode.into(),
        audience: named.audience,
        feeds: pieces.iter().map(listed).collect(),
        closings: closings(&picture, scope),
        follows: scope.archived.as_ref().map(|held| copy(&held.hash)).unwrap_or_default(),
    };
    let manifest = Some(manifest);
    Ok(Plan { pieces, attachments: true, left_out: Vec::new(), manifest, reader: None })
}

fn closings(picture: &Picture, scope: &Scope) -> Vec<ListedClosing> {
    let closed = scope.data.iter().filter(|(_, data)| data.state() == IncidentState::Closed);
    let row = closed.map(|(live, data)| ListedClosing {
        feed: copy(&picture.feed(live.record.feed).id.0),
        sequence: live.record.sequence,
        data: Some(data.clone()),
    });
    row.collect()
}

fn copy(bytes: &[u8]) -> Bytes {
    Bytes::copy_from_slice(bytes)
}

/// Writes an archive that was planned.
pub fn write<'a>(
    node: &Node,
    plan: Plan,
    sink: &'a mut Sink<'a>,
) -> anyhow::Result<ArchiveSummary> {
    let contents = plan.manifest.as_ref().and_then(Contents::of);
    let contents = contents.ok_or_else(|| anyhow::anyhow!("the key of an origin is lost"))?;
    let written = write_whole(node, plan, sink)?;
    Ok(ArchiveSummary {
        audiences_left: audiences_left(&node.picture.read(), contents.id),
        node: format!("nodes/{}", node.key_id()),
        create_time: Some(timestamp(node.wall.now_ms())),
        hash: copy(&written.hash),
        attachment_count: written.summary.attachment_count,
        attachments_missing: written.cited - written.summary.attachment_count,
        ..contents.summary()
    })
}

/// Names of the other audiences of an incident of which records are held here.
fn audiences_left(picture: &Picture, of: Id) -> Vec<String> {
    let Some(index) = picture.scope_index(of) else { return Vec::new() };
    let root = picture.root(index);
    let held = |index: &u32| picture.feeds_of(*index).any(|feed| feed.head != feed.base);
    let others = picture.audiences(&picture.scope(index).incident);
    let others = others.filter(|other| *other != index && picture.root(*other) == root);
    let name = |other| format!("audiences/{}", picture.scope(other).audience);
    others.filter(held).map(name).collect()
}

/// What an archive says that it holds.
#[derive(Debug)]
pub(super) struct Contents {
    pub(super) scope: NewScope,
    pub(super) id: Id,
    pub(super) feeds: Vec<Row>,
    pub(super) closings: Vec<(Id, u64, IncidentData)>,
    pub(super) seals: Option<Seals>,
    follows: Bytes,
}

/// A feed in an archive.
#[derive(Debug, Clone, Copy)]
pub(super) struct Row {
    pub(super) name: FeedName,
    pub(super) after: Head,
    pub(super) last: Head,
}

impl Contents {
    /// `None` when it cannot be one.
    pub(super) fn of(manifest: &Manifest) -> Option<Self> {
        let scope = NewScope {
            incident: manifest.incident.clone(),
            mode: Mode::try_from(manifest.mode).ok()?,
            audience: manifest.audience.clone(),
        };
        let id = scope_id(&scope.incident, scope.mode, &scope.audience);
        let row = |listed: &Listed| {
            let key = VerifyingKey::from_bytes(listed.origin_key[..].try_into().ok()?).ok()?;
            let lane = Lane::try_from(listed.lane).ok()?;
            let branch = match listed.branch.len() {
                0 => None,
                _ => Some(listed.branch[..].try_into().ok()?),
            };
            let head = |sequence, hash: &[u8]| Some(Head { sequence, hash: hash.try_into().ok()? });
            Some(Row {
                name: FeedName { branch, ..FeedName::new(key_id(&key), id, lane) },
                after: head(listed.after, &listed.after_hash)?,
                last: head(listed.last, &listed.last_hash)?,
            })
        };
        let closing = |listed: &ListedClosing| {
            Some((Id::from_slice(&listed.feed)?, listed.sequence, listed.data.clone()?))
        };
        let closings: Vec<_> = manifest.closings.iter().map(closing).collect::<Option<_>>()?;
        let closed = closings.iter().map(|(feed, sequence, data)| Closing {
            feed: *feed,
            sequence: *sequence,
            data,
        });
        Some(Self {
            seals: Seals::of(id, closed),
            feeds: manifest.feeds.iter().map(row).collect::<Option<_>>()?,
            scope,
            id,
            closings,
            follows: manifest.follows.clone(),
        })
    }

    /// What can be said of the archive from its list.
    pub(super) fn summary(&self) -> ArchiveSummary {
        let rows = self.feeds.iter();
        let records = rows.clone().map(|row| row.last.sequence.saturating_sub(row.after.sequence));
        let mut late: Vec<_> = rows.filter_map(|row| self.late(row)).collect();
        let count = |late: &LateRecords| late.last_sequence - late.first_sequence + 1;
        let late_record_count = late.iter().map(count).sum();
        late.sort_by_key(|row| (std::cmp::Reverse(count(row)), row.node.clone(), row.lane));
        late.truncate(LATE_MAX);
        let title = self.closings.last().and_then(|(_, _, data)| data.incident.as_ref());
        let title = title.and_then(|incident| incident.titles.first());
        ArchiveSummary {
            incident: format!("incidents/{}", self.scope.incident),
            audience: format!("audiences/{}", self.scope.audience),
            title: title.map(|text| text.title.clone()).unwrap_or_default(),
            follows: self.follows.clone(),
            feed_count: self.feeds.len() as i64,
            record_count: records.sum::<u64>() as i64,
            late_record_count,
            sealed: self.seals.is_some(),
            late,
            ..Default::default()
        }
    }

    fn late(&self, row: &Row) -> Option<LateRecords> {
        let end = self.seals.as_ref()?.end(row.name.id())?.max(row.after.sequence);
        (row.last.sequence > end).then(|| LateRecords {
            node: format!("nodes/{}", row.name.origin),
            lane: row.name.lane.into(),
            first_sequence: (end + 1) as i64,
            last_sequence: row.last.sequence as i64,
        })
    }
}
