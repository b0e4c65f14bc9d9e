//! Writes a bundle: what another node lacks, urgent before routine before bulk.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::ControlFlow,
};

use anyhow::{Context as _, bail};
use bytes::Bytes;
use polder_picture::{
    admit::NewScope,
    charter::Charter,
    link::{LANES, codec},
    names::{AttachmentName, IncidentName},
    picture::Picture,
    record::{Head, Id, record_hash},
    refusal::{Class, Refusal},
    sight::Sight,
    suffix::FeedName,
};
use polder_wire::v1::{
    BundleLane, BundleRefusal, BundleSummary, Content, Entry, Envelope, content,
};
use prost::Message as _;

use super::{
    End, Frame, Header, MAGIC, Manifest, Packet, frames,
    heads::{self, Heads},
    lanes, parts, place,
};
use crate::{
    maintain,
    node::Node,
    store::{engine::EngineError, log::Log},
};

/// Bytes of records in one frame, about: what damage to one byte costs.
const FRAME_BYTES: usize = 512 << 10;
/// Incidents that may be named.
const INCIDENTS_MAX: usize = 100;
/// Feeds of which nothing goes that are listed.
const LEFT_OUT_MAX: usize = 1_000;
/// What is asked of a bundle.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    /// Heads file of the node that it is for; empty: everything goes.
    pub heads: Bytes,
    /// `incidents/{incident}`; none: all.
    pub incidents: Vec<String>,
    /// Attachments that its records cite too.
    pub attachments: bool,
}

/// Why there is no bundle.
#[derive(Debug, thiserror::Error)]
pub enum PlanError {
    /// What is asked cannot be had.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] EngineError),
}

/// Why such a feed is left out.
const COVERED: &str = "the feed came here by a checkpoint of its origin: its earlier records are \
                       still to come";

/// A part of one feed that goes.
#[derive(Debug, Clone)]
pub(super) struct Piece {
    pub(super) feed: FeedName,
    pub(super) scope: NewScope,
    pub(super) after: Head,
    pub(super) until: Head,
    /// Records up to here were archived, or are covered by a checkpoint: they are not here.
    base: Head,
    /// The latter.
    covered: bool,
}

/// What goes into a bundle, fixed before its first byte is written.
#[derive(Debug, Clone)]
pub struct Plan {
    pub(super) pieces: Vec<Piece>,
    pub(super) attachments: bool,
    pub(super) left_out: Vec<BundleRefusal>,
    pub(super) manifest: Option<Manifest>,
    /// The node that it is made for, if it is made for one.
    pub reader: Option<Id>,
}

impl Plan {
    /// Finds what goes: of the feeds that are held now and that who asks may see, what the heads do
    /// not name.
    pub fn of(node: &Node, wanted: &Wanted, sight: &Sight) -> Result<Self, PlanError> {
        let heads = if wanted.heads.is_empty() { None } else { Some(heads::read(&wanted.heads)?) };
        let mut held = held(node, &wanted.incidents, sight)?;
        if let Some(charter) = &*node.charter.read() {
            let peer = reader(charter, heads.as_ref())?;
            held.retain(|piece| {
                let NewScope { incident, audience, .. } = &piece.scope;
                charter.shares(node.key_id(), peer, incident, audience)
            });
        }
        let log = node.log();
        let mut plan = Self {
            pieces: Vec::new(),
            attachments: wanted.attachments,
            left_out: Vec::new(),
            manifest: None,
            reader: heads.as_ref().map(|heads| heads.node),
        };
        for mut piece in held {
            let theirs = heads.as_ref().and_then(|heads| lacking(heads, piece.feed.id()));
            if theirs.unwrap_or_default().sequence < piece.base.sequence {
                plan.leave_out(&piece);
                continue;
            }
            let Some(theirs) = theirs else {
                plan.pieces.push(piece);
                continue;
            };
            if theirs.sequence > piece.until.sequence {
                // They hold more than we do. If it is another branch, our other branches tell.
                continue;
            }
            let ours = if theirs.sequence == piece.base.sequence {
                Some(piece.base.hash)
            } else {
                let ours = log.record(piece.feed.id(), theirs.sequence)?;
                ours.map(|stored| record_hash(&stored.envelope.header))
            };
            if ours != Some(theirs.hash) {
                // The feed has forked: all of it goes, so that they find where.
                plan.pieces.push(piece);
            } else if theirs.sequence < piece.until.sequence {
                piece.after = theirs;
                plan.pieces.push(piece);
            }
        }
        plan.pieces.sort_by_key(|piece| place(piece.feed.lane));
        Ok(plan)
    }

    /// Records of all lanes together.
    pub fn records(&self) -> u64 {
        self.pieces.iter().map(Piece::records).sum()
    }

    /// What goes of each incident: its audiences, by id, and how many records.
    pub fn incidents(&self) -> BTreeMap<String, (BTreeSet<String>, u64)> {
        let mut incidents: BTreeMap<String, (BTreeSet<String>, u64)> = BTreeMap::new();
        for piece in &self.pieces {
            let row = incidents.entry(piece.scope.incident.clone()).or_default();
            row.0.insert(piece.scope.audience.clone());
            row.1 += piece.records();
        }
        incidents
    }

    fn leave_out(&mut self, piece: &Piece) {
        if self.left_out.len() == LEFT_OUT_MAX {
            return;
        }
        let (reason, sentence) = if piece.covered {
            ("FEED_COVERED", COVERED)
        } else {
            ("FEED_ARCHIVED", "the incident was archived here: these records are only in its file")
        };
        self.left_out.push(BundleRefusal {
            reason: reason.into(),
            sentence: sentence.into(),
            lane: piece.feed.lane.into(),
            incident: format!("incidents/{}", piece.scope.incident),
            node: format!("nodes/{}", piece.feed.origin),
            feed: piece.feed.id().to_string(),
            first_sequence: 1,
            last_sequence: piece.until.sequence as i64,
            ..Default::default()
        });
    }

    fn lane_counts(&self) -> Vec<u64> {
        let of = |lane| self.pieces.iter().filter(move |piece| piece.feed.lane == lane);
        LANES.iter().map(|lane| of(*lane).map(Piece::records).sum()).collect()
    }
}

impl Piece {
    fn records(&self) -> u64 {
        self.until.sequence - self.after.sequence
    }
}

/// Under a charter a bundle is made for one node, and holds what that one may hold.
fn reader(charter: &Charter, heads: Option<&Heads>) -> Result<Id, Refusal> {
    let Some(heads) = heads else {
        let sentence = "under a charter a bundle is made for one node: give its heads file";
        return Err(Refusal::field("heads", "REQUIRED", sentence));
    };
    if charter.is_certified(heads.node) {
        return Ok(heads.node);
    }
    let sentence = format!("the charter gives node {} no certificate, or cut it off", heads.node);
    Err(Refusal::new(Class::FailedPrecondition, "NODE_NOT_CERTIFIED", sentence))
}

fn lacking(heads: &Heads, feed: Id) -> Option<Head> {
    heads.feeds.get(&feed).copied().filter(|head| head.sequence > 0)
}

fn held(node: &Node, incidents: &[String], sight: &Sight) -> Result<Vec<Piece>, Refusal> {
    if incidents.len() > INCIDENTS_MAX {
        let sentence = format!("names {}, at most {INCIDENTS_MAX} are allowed", incidents.len());
        return Err(Refusal::field("incidents", "TOO_MANY", sentence));
    }
    let picture = node.picture.read();
    for (at, name) in incidents.iter().enumerate() {
        let parsed = IncidentName::parse(name).ok_or_else(|| {
            let sentence = "must be incidents/{incident}";
            Refusal::field(format!("incidents[{at}]"), "MALFORMED_NAME", sentence)
        })?;
        let mut scopes = picture.scopes().iter().zip(0..);
        if !scopes.any(|(scope, index)| scope.incident == parsed.id() && sight.covers(index)) {
            let sentence = format!("{name} is not held here");
            return Err(Refusal::new(Class::NotFound, "INCIDENT_NOT_FOUND", sentence));
        }
    }
    let mut pieces = Vec::new();
    for (index, scope) in picture.scopes().iter().enumerate() {
        let goes = |name: &String| name.strip_prefix("incidents/") == Some(&scope.incident);
        let asked = incidents.is_empty() || incidents.iter().any(goes);
        if !asked || !sight.covers(index as u32) {
            continue;
        }
        let (incident, audience) = (scope.incident.clone(), scope.audience.clone());
        let name = NewScope { incident, mode: scope.mode, audience };
        pieces.extend(of_scope(&picture, index as u32, &name));
    }
    Ok(pieces)
}

/// All that is held of a scope.
pub(super) fn of_scope<'p>(
    picture: &'p Picture,
    index: u32,
    name: &'p NewScope,
) -> impl Iterator<Item = Piece> + use<'p> {
    let scope = picture.scope(index).id;
    let held = picture.feeds_of(index).filter(|feed| feed.head.sequence > 0);
    held.filter_map(move |feed| {
        let covered = feed.covered.sequence > 0;
        let parent = feed.branch.as_ref().map(|branch| picture.feed(branch.parent).head);
        Some(Piece {
            feed: feed.name(scope)?,
            scope: name.clone(),
            after: parent.unwrap_or(feed.base),
            until: feed.head,
            base: if covered { feed.covered } else { feed.base },
            covered,
        })
    })
}

/// Takes the next bytes of a bundle and the number of records done; `Break` when nobody wants them
/// any more.
pub type Sink<'a> = dyn FnMut(Bytes, u64) -> ControlFlow<()> + 'a;

pub(super) struct Writer<'a> {
    sink: &'a mut Sink<'a>,
    hasher: blake3::Hasher,
    done: u64,
}

impl Writer<'_> {
    fn bytes(&mut self, bytes: Vec<u8>) -> anyhow::Result<()> {
        self.hasher.update(&bytes);
        match (self.sink)(bytes.into(), self.done) {
            ControlFlow::Continue(()) => Ok(()),
            ControlFlow::Break(()) => bail!("the caller went away"),
        }
    }

    pub(super) fn frame(&mut self, frame: &Frame) -> anyhow::Result<()> {
        self.bytes(frames::write(frame))
    }
}

/// Writes a bundle.
pub fn write<'a>(node: &Node, plan: Plan, sink: &'a mut Sink<'a>) -> anyhow::Result<BundleSummary> {
    write_whole(node, plan, sink).map(|written| written.summary)
}

/// A bundle that was written.
pub(super) struct Written {
    pub(super) summary: BundleSummary,
    /// BLAKE3 of all its bytes.
    pub(super) hash: [u8; 32],
    /// Attachments that its records cite.
    pub(super) cited: i64,
}

pub(super) fn write_whole<'a>(
    node: &Node,
    plan: Plan,
    sink: &'a mut Sink<'a>,
) -> anyhow::Result<Written> {
    let log = node.log();
    let keys = maintain::keys(&log, node.identity())?;
    let mut writer = Writer { sink, hasher: blake3::Hasher::new(), done: 0 };
    writer.bytes(MAGIC.to_vec())?;
    let records = plan.lane_counts();
    let header = Header {
        public_key: node.identity().public_key.clone(),
        create_ms: node.wall.now_ms(),
        records: records.clone(),
    };
    writer.frame(&Frame { header: Some(header), ..Default::default() })?;
    if let Some(manifest) = plan.manifest {
        writer.frame(&Frame { manifest: Some(manifest), ..Default::default() })?;
    }
    let mut cited = BTreeSet::new();
    for piece in &plan.pieces {
        let key = keys.get(&piece.feed.origin);
        let key = key.with_context(|| format!("the key of nodes/{} is lost", piece.feed.origin))?;
        let mut after = piece.after;
        while after.sequence < piece.until.sequence {
            let (envelopes, head) = read(&log, piece, after)?;
            if plan.attachments {
                envelopes.iter().for_each(|envelope| cite(envelope, &mut cited));
            }
            let packet = packet(piece, key.as_bytes(), after, head, envelopes)?;
            writer.done += head.sequence - after.sequence;
            writer.frame(&Frame { suffix: Some(packet), ..Default::default() })?;
            after = head;
        }
    }
    let attachment_count = parts::write(&node.attachments, &cited, &mut writer)?;
    let hash = writer.hasher.finalize().as_bytes().to_vec().into();
    let end = End { hash, records: records.clone() };
    writer.frame(&Frame { end: Some(end), ..Default::default() })?;
    let row =
        |(row, records): (BundleLane, u64)| BundleLane { records_taken: records as i64, ..row };
    let summary = BundleSummary {
        lanes: lanes().into_iter().zip(records).map(row).collect(),
        attachment_count,
        left_out: plan.left_out,
    };
    let hash = *writer.hasher.finalize().as_bytes();
    Ok(Written { summary, hash, cited: cited.len() as i64 })
}

/// The next records of a piece, up to one that is signed and never past its end.
fn read(log: &Log, piece: &Piece, after: Head) -> anyhow::Result<(Vec<Envelope>, Head)> {
    let feed = piece.feed.id();
    let mut envelopes = log.read_suffix(feed, after.sequence, FRAME_BYTES)?;
    envelopes.truncate((piece.until.sequence - after.sequence) as usize);
    let Some(last) = envelopes.last() else {
        let next = after.sequence + 1;
        return Err(EngineError::Damaged(format!("record {next} of feed {feed} is missing")).into());
    };
    let sequence = after.sequence + envelopes.len() as u64;
    let hash = record_hash(&last.header);
    Ok((envelopes, Head { sequence, hash }))
}

fn packet(
    piece: &Piece,
    key: &[u8; 32],
    after: Head,
    head: Head,
    envelopes: Vec<Envelope>,
) -> anyhow::Result<Packet> {
    let packed = codec::pack(envelopes);
    if packed.bytes.len() > codec::TRANSFER_BYTES_MAX {
        bail!("records {} to {} do not fit in a frame", after.sequence + 1, head.sequence);
    }
    Ok(Packet {
        incident: piece.scope.incident.clone(),
        mode: piece.scope.mode.into(),
        audience: piece.scope.audience.clone(),
        origin_key: Bytes::copy_from_slice(key),
        lane: piece.feed.lane.into(),
        after: after.sequence,
        after_hash: Bytes::copy_from_slice(&after.hash),
        last: head.sequence,
        packed: packed.bytes,
        unpacked_bytes: packed.unpacked_bytes,
    })
}

pub(super) fn cite(envelope: &Envelope, cited: &mut BTreeSet<[u8; 32]>) {
    let Some(payload) = &envelope.payload else { return };
    let Ok(Content { content: Some(content::Content::Entry(entry)), .. }) =
        Content::decode(payload.bytes.clone())
    else {
        return;
    };
    let Ok(entry) = Entry::decode(entry) else { return };
    let names = entry.attachments.iter().filter_map(|a| AttachmentName::parse(&a.attachment));
    cited.extend(names.map(|name| name.sha256));
}
