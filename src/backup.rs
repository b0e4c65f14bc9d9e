//! Backup files: a consistent copy of a store at one log position, verbatim and checkable.
//!
//! ```text
//! "polder backup 1\n", then frames, each with its length before it:
//! header, rows..., attachment parts..., end (BLAKE3 of all bytes before the end frame)
//! ```
//!
//! The node's key is not in it. A restored node gets a new key: going on with the old one would
//! reuse sequence numbers and silently hide records.

use std::{
    collections::BTreeMap,
    io::{self, Read},
    ops::ControlFlow,
    path::Path,
};

use anyhow::{Context as _, bail};
use bytes::Bytes;
use ed25519_dalek::VerifyingKey;
use polder_picture::{
    picture::Archived,
    record::{Head, Id},
};
use prost::Message;
use sha2::{Digest as _, Sha256};

use crate::{
    attachments::{Attachments, Stored},
    maintain::{self, Filler, head_rows},
    node::{self, Node, NodeOptions},
    store::{
        archives,
        branches::BranchRow,
        covered::CoveredRow,
        directory::Directory,
        engine::{EngineError, Tree},
        log::Log,
        replay::replay_into,
        rows::{ArchiveRow, Identity},
    },
};

const MAGIC: &[u8] = b"polder backup 1\n";
/// A frame that claims more is damaged.
const FRAME_BYTES_MAX: usize = 64 << 20;
const PART_BYTES: usize = 256 * 1024;

#[derive(Clone, PartialEq, Message)]
struct Frame {
    #[prost(message, optional, tag = "1")]
    header: Option<Header>,
    #[prost(message, repeated, tag = "2")]
    rows: Vec<Row>,
    #[prost(message, optional, tag = "3")]
    part: Option<Part>,
    #[prost(message, optional, tag = "4")]
    end: Option<End>,
    /// Scopes that were archived and dropped; behind all rows, for a drop may begin meanwhile.
    #[prost(message, repeated, tag = "5")]
    archives: Vec<ArchiveRow>,
    /// Feeds that came by a checkpoint; behind all rows.
    #[prost(message, repeated, tag = "6")]
    covered: Vec<HeldCovered>,
}

#[derive(Clone, PartialEq, Message)]
struct Header {
    #[prost(message, optional, tag = "1")]
    identity: Option<Identity>,
    #[prost(uint64, tag = "2")]
    lsn: u64,
    /// Public keys of other nodes whose records are in it.
    #[prost(bytes = "bytes", repeated, tag = "3")]
    origins: Vec<Bytes>,
    /// Feeds that forked.
    #[prost(message, repeated, tag = "4")]
    branches: Vec<HeldBranch>,
}

#[derive(Clone, PartialEq, Message)]
struct HeldBranch {
    #[prost(bytes = "bytes", tag = "1")]
    id: Bytes,
    #[prost(message, optional, tag = "2")]
    row: Option<BranchRow>,
}

#[derive(Clone, PartialEq, Message)]
struct HeldCovered {
    #[prost(bytes = "bytes", tag = "1")]
    id: Bytes,
    #[prost(message, optional, tag = "2")]
    row: Option<CoveredRow>,
}

#[derive(Clone, PartialEq, Message)]
struct Row {
    #[prost(bool, tag = "1")]
    arrival: bool,
    #[prost(bytes = "vec", tag = "2")]
    key: Vec<u8>,
    #[prost(bytes = "vec", tag = "3")]
    value: Vec<u8>,
}

#[derive(Clone, PartialEq, Message)]
struct Part {
    #[prost(bytes = "vec", tag = "1")]
    sha256: Vec<u8>,
    #[prost(string, tag = "2")]
    media_type: String,
    #[prost(uint64, tag = "3")]
    size_bytes: u64,
    #[prost(int64, tag = "4")]
    create_ms: i64,
    #[prost(uint64, tag = "5")]
    offset: u64,
    #[prost(bytes = "vec", tag = "6")]
    data: Vec<u8>,
}

#[derive(Clone, PartialEq, Message)]
struct End {
    #[prost(bytes = "vec", tag = "1")]
    hash: Vec<u8>,
}

/// Takes the next bytes of a backup; `Break` when nobody wants them any more.
pub type Sink<'a> = dyn FnMut(Bytes, u64) -> ControlFlow<()> + 'a;

struct Writer<'a> {
    sink: &'a mut Sink<'a>,
    hasher: blake3::Hasher,
    done: u64,
}

impl Writer<'_> {
    fn bytes(&mut self, bytes: Vec<u8>) -> Result<(), EngineError> {
        self.hasher.update(&bytes);
        match (self.sink)(bytes.into(), self.done) {
            ControlFlow::Continue(()) => Ok(()),
            ControlFlow::Break(()) => Err(EngineError::Failed("the caller went away".into())),
        }
    }

    fn frame(&mut self, frame: &Frame) -> Result<(), EngineError> {
        self.bytes(frame.encode_length_delimited_to_vec())
    }
}

/// A moment that a backup is taken of.
#[derive(Debug, Clone, Default)]
pub struct Pinned {
    /// Position of the last record.
    pub lsn: u64,
    /// Feeds that had come by a checkpoint and were not whole. These rows change, so they are read
    /// while nobody writes.
    pub covered: BTreeMap<Id, CoveredRow>,
}

impl Pinned {
    /// The present of a running node.
    pub fn of(node: &Node) -> Result<Self, EngineError> {
        let _nobody_writes = node.pen().lock();
        let lsn = node.picture.read().lsn();
        Ok(Self { lsn, covered: node.log().covered()? })
    }
}

/// Writes a backup of everything up to a moment.
pub fn write<'a>(
    log: &Log,
    identity: &Identity,
    pinned: Pinned,
    attachments: Option<&Attachments>,
    sink: &'a mut Sink<'a>,
) -> anyhow::Result<()> {
    let Pinned { lsn, covered } = pinned;
    let mut writer = Writer { sink, hasher: blake3::Hasher::new(), done: 0 };
    writer.bytes(MAGIC.to_vec())?;
    let origins = log.origins()?.iter().map(|(_, key)| key.as_bytes().to_vec().into()).collect();
    let branches = log.branches()?;
    let branches = branches
        .rows()
        .map(|(id, row)| HeldBranch { id: Bytes::copy_from_slice(&id.0), row: Some(row.clone()) });
    let branches = branches.collect();
    let header = Header { identity: Some(identity.clone()), lsn, origins, branches };
    writer.frame(&Frame { header: Some(header), ..Default::default() })?;
    let mut waiting = Frame::default();
    let mut size = 0;
    maintain::copy(log, 0, lsn, &mut |done, rows| {
        for (tree, key, value) in rows {
            size += value.len();
            waiting.rows.push(Row { arrival: tree == Tree::Arrivals, key, value });
        }
        if size < PART_BYTES {
            return Ok(());
        }
        size = 0;
        writer.done = done;
        writer.frame(&std::mem::take(&mut waiting))
    })?;
    writer.done = lsn;
    writer.frame(&waiting)?;
    for archived in log.archived()? {
        writer.frame(&Frame { archives: vec![archives::row(&archived)], ..Default::default() })?;
    }
    for (id, row) in covered {
        let held = HeldCovered { id: Bytes::copy_from_slice(&id.0), row: Some(row) };
        writer.frame(&Frame { covered: vec![held], ..Default::default() })?;
    }
    if let Some(attachments) = attachments {
        write_attachments(attachments, &mut writer)?;
    }
    let hash = writer.hasher.finalize().as_bytes().to_vec();
    writer.frame(&Frame { end: Some(End { hash }), ..Default::default() })?;
    Ok(())
}

fn write_attachments(attachments: &Attachments, writer: &mut Writer<'_>) -> anyhow::Result<()> {
    for stored in attachments.all() {
        let mut offset = 0;
        let mut hasher = Sha256::new();
        while offset < stored.size_bytes {
            let data = attachments.read(&stored.sha256, offset, PART_BYTES)?;
            if data.is_empty() {
                bail!("attachment {} is shorter than it was", hex::encode(stored.sha256));
            }
            hasher.update(&data);
            let part = Part {
                sha256: stored.sha256.to_vec(),
                media_type: stored.media_type.clone(),
                size_bytes: stored.size_bytes,
                create_ms: stored.create_ms,
                offset,
                data,
            };
            offset += part.data.len() as u64;
            writer.frame(&Frame { part: Some(part), ..Default::default() })?;
        }
        if hasher.finalize()[..] != stored.sha256 {
            // A restore would refuse it, and the whole backup with it.
            bail!(
                "attachment {} is damaged: its bytes do not have their hash; put it right, remove \
                 it or back up with --no-attachments",
                hex::encode(stored.sha256)
            );
        }
    }
    Ok(())
}

/// Reads frames and hashes what it reads.
struct Reader<R> {
    input: R,
    hasher: blake3::Hasher,
}

impl<R: Read> Reader<R> {
    fn frame(&mut self) -> anyhow::Result<(Frame, blake3::Hash)> {
        let before = self.hasher.finalize();
        let mut length = Vec::new();
        loop {
            let mut byte = [0];
            self.input.read_exact(&mut byte).context("the backup ends too early")?;
            length.push(byte[0]);
            if byte[0] < 0x80 {
                break;
            }
            if length.len() > 5 {
                bail!("the backup is damaged: a frame has no sensible length");
            }
        }
        let size = prost::decode_length_delimiter(&length[..])?;
        if size > FRAME_BYTES_MAX {
            bail!("the backup is damaged: a frame claims {size} bytes");
        }
        let mut bytes = vec![0; size];
        self.input.read_exact(&mut bytes).context("the backup ends too early")?;
        self.hasher.update(&length);
        self.hasher.update(&bytes);
        Ok((Frame::decode(&bytes[..]).context("the backup is damaged")?, before))
    }
}

/// What a restore brought back.
#[derive(Debug)]
pub struct Restored {
    /// The new identity, with a new key.
    pub identity: Identity,
    /// Records.
    pub records: u64,
    /// Attachments.
    pub attachments: usize,
}

/// Makes a new store from a backup, with a new key. Everything is verified before it is usable;
/// a damaged backup leaves no store behind.
pub fn restore(
    input: impl Read,
    path: &Path,
    engine: &str,
    progress: &mut dyn FnMut(u64, u64),
) -> anyhow::Result<Restored> {
    let directory = Directory::create(path)?;
    let mut reader = Reader { input, hasher: blake3::Hasher::new() };
    let mut magic = [0; MAGIC.len()];
    reader.input.read_exact(&mut magic).context("this is no backup")?;
    if magic != MAGIC {
        bail!("this is no backup of a polder store");
    }
    reader.hasher.update(&magic);
    let (first, _) = reader.frame()?;
    let header = first.header.context("the backup has no header")?;
    let old = header.identity.context("the backup does not say whose it is")?;
    let log = Log::new(directory.new_engine(1, engine)?);
    let attachments = Attachments::open(&directory.attachments(), &NodeOptions::default())?;
    let attachments_restored = fill(&mut reader, &log, &attachments, header.lsn, progress)?;
    let origins = header.origins.iter().map(|key| {
        let key = key[..].try_into().ok().and_then(|key| VerifyingKey::from_bytes(key).ok());
        key.context("the backup is damaged: a public key does not hold")
    });
    log.set_origins(origins.collect::<anyhow::Result<Vec<_>>>()?.iter())?;
    let branches = header.branches.iter().map(|branch| {
        let row = branch.row.as_ref().context("the backup is damaged: a branch has no row")?;
        let id = Id::from_slice(&branch.id).context("the backup is damaged: a branch's id")?;
        Ok((id, row))
    });
    let branches = branches.collect::<anyhow::Result<Vec<_>>>()?;
    log.set_branches(branches.iter().map(|(id, row)| (id, *row)))?;

    let (records, heads) = rebuild_heads(&log)?;
    let verdict = maintain::verify(&log, &heads, &old, &mut |_| ControlFlow::Continue(()))?;
    if let Some(bad) = verdict.bad_record {
        bail!("record {} of feed {}: {}", bad.sequence, bad.feed, bad.problem);
    }
    // A key is what makes a directory a store's: none before all is known to be sound.
    let signer = directory.create_key()?;
    let mut retired = old.retired_keys.clone();
    retired.push(old.public_key.clone());
    let identity = node::new_identity(&signer, &old.display_name, &old.party, retired);
    log.set_identity(&identity)?;
    log.close()?;
    // Only now the directory holds a store.
    directory.switch(1, engine)?;
    Ok(Restored { identity, records, attachments: attachments_restored })
}

fn fill(
    reader: &mut Reader<impl Read>,
    log: &Log,
    attachments: &Attachments,
    lsn: u64,
    progress: &mut dyn FnMut(u64, u64),
) -> anyhow::Result<usize> {
    let mut filler = Filler::new(log.engine());
    let mut open: Option<(Stored, Vec<u8>)> = None;
    let mut restored = 0;
    loop {
        let (frame, before) = reader.frame()?;
        if let Some(end) = frame.end {
            if end.hash[..] != before.as_bytes()[..] {
                bail!("the backup is damaged: its checksum does not hold");
            }
            filler.flush()?;
            return Ok(restored);
        }
        let mut rows = Vec::with_capacity(frame.rows.len());
        for row in frame.rows {
            let tree = if row.arrival { Tree::Arrivals } else { Tree::Records };
            if row.arrival
                && let Ok(at) = row.key.as_slice().try_into().map(u64::from_be_bytes)
            {
                progress(at, lsn);
            }
            rows.push((tree, row.key, row.value));
        }
        filler.push(rows)?;
        for row in &frame.archives {
            let archived = archives::parse(row).context("the backup is damaged: an archive")?;
            // Rows that were copied before the drop may be left.
            log.set_archived(&Archived { cleared: false, ..archived })?;
        }
        for held in &frame.covered {
            let (id, row) = (Id::from_slice(&held.id), held.row.as_ref());
            let row = id.zip(row).context("the backup is damaged: a covered feed")?;
            log.set_covered(std::iter::once((&row.0, row.1)))?;
        }
        if let Some(part) = frame.part {
            let (stored, mut data) = open.take().unwrap_or_else(|| (stored_of(&part), Vec::new()));
            data.extend_from_slice(&part.data);
            if (data.len() as u64) < stored.size_bytes {
                open = Some((stored, data));
            } else {
                attachments.restore(&stored, &data).map_err(io::Error::other)?;
                restored += 1;
            }
        }
    }
}

fn stored_of(part: &Part) -> Stored {
    let mut sha256 = [0; 32];
    sha256.iter_mut().zip(&part.sha256).for_each(|(to, from)| *to = *from);
    Stored {
        sha256,
        media_type: part.media_type.clone(),
        size_bytes: part.size_bytes,
        create_ms: part.create_ms,
    }
}

/// Heads follow from the records: they are computed again rather than believed.
fn rebuild_heads(log: &Log) -> anyhow::Result<(u64, Vec<(Id, Head)>)> {
    let mut picture = polder_picture::picture::Picture::default();
    let mut bad = None;
    let branches = log.branches()?;
    let archived = log.archived()?;
    picture.expect_archived(&archived);
    log.arrivals(1, &mut |_, arrival| {
        let replayed = replay_into(&mut picture, &branches, &arrival, |_, _| true);
        bad = replayed.err();
        if bad.is_some() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    })?;
    if let Some(problem) = bad {
        bail!("the backup is damaged: {problem} does not hold");
    }
    picture.install_archived(&archived);
    log.install_covered(&mut picture)?;
    let mut heads = Vec::new();
    for feed in picture.all_held_feeds().filter(|feed| feed.head.sequence > 0) {
        let known = [feed.base, feed.covered];
        if let Some(known) = known.iter().find(|known| known.sequence == feed.head.sequence) {
            heads.push((feed.id, *known));
            continue;
        }
        let last = log.record(feed.id, feed.head.sequence)?;
        let last = last.with_context(|| format!("feed {}: its last record is missing", feed.id))?;
        let hash = polder_picture::record::record_hash(&last.envelope.header);
        heads.push((feed.id, Head { hash, ..feed.head }));
    }
    log.engine().commit(head_rows(heads.iter().copied()))?;
    Ok((picture.lsn(), heads))
}
