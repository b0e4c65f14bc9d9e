//! The log on disk: appends sealed groups, reads records, and rebuilds the picture at open.

use std::{collections::HashMap, ops::ControlFlow, sync::Arc};

use bytes::Bytes;
use parking_lot::Mutex;
use polder_picture::{
    admit::SealedGroup,
    attributes::ENCODED_BYTES,
    live::{Live, RecordRef},
    picture::Picture,
    record::{Head, Id, record_hash},
    standing::RecordStanding,
};
use polder_wire::v1::{Content, Envelope, IncidentData, content};
use prost::{
    Message as _,
    encoding::{WireType, encode_key},
};

use super::{
    branches::{self, Branches},
    covered,
    engine::{Batch, Engine, EngineError, Range, Tree},
    replay::replay,
    requests::Requests,
    rows::{
        Arrival, ArrivalFeed, ArrivalRecord, ArrivalRequest, ArrivalScope, ArrivalSeen,
        CHUNK_BYTES, CHUNK_ENVELOPES, Chunk, FORMAT, HeadRow, IDENTITY, Identity, origin_key,
        parse_record_key, record_key,
    },
};

/// A record as read from disk.
#[derive(Debug, Clone)]
pub struct StoredRecord {
    /// The feed, or the branch of one, that it was read from.
    pub feed: Id,
    /// Header, payload, signature.
    pub envelope: Envelope,
    /// When this node stored it.
    pub received_ms: i64,
}

impl StoredRecord {
    /// Decodes the content; `None` when it was erased or is of a newer program.
    pub fn content(&self) -> Option<content::Content> {
        let payload = self.envelope.payload.as_ref()?;
        Content::decode(payload.bytes.clone()).ok()?.content
    }
}

/// What a store says when it is opened.
pub struct Opened {
    /// What the records add up to.
    pub picture: Picture,
    /// Requests of the recent past.
    pub requests: Requests,
    /// Last reading of the hybrid clock.
    pub hlc: u64,
    /// Last time of receipt.
    pub received_ms: i64,
    /// Until which position the picture was built anew.
    pub rebuilt_lsn: u64,
}

/// An open log.
pub struct Log {
    engine: Box<dyn Engine>,
    /// Read when it is first asked for.
    pub(super) branches: Mutex<Option<Arc<Branches>>>,
}

impl Log {
    /// Wraps an engine.
    pub fn new(engine: Box<dyn Engine>) -> Self {
        Self { engine, branches: Mutex::default() }
    }

    /// The engine below.
    pub fn engine(&self) -> &dyn Engine {
        &*self.engine
    }

    /// Closes the engine.
    pub fn close(self) -> Result<(), EngineError> {
        self.engine.close()
    }

    /// Reads who the store belongs to; `None` for an empty store.
    pub fn identity(&self) -> Result<Option<Identity>, EngineError> {
        let Some(row) = self.engine.get(Tree::Meta, IDENTITY)? else { return Ok(None) };
        let identity = Identity::decode(row).map_err(|_| damaged("the identity row"))?;
        if identity.format != FORMAT {
            let found = identity.format;
            return Err(EngineError::Damaged(format!(
                "the store has format {found}, this program reads format {FORMAT}"
            )));
        }
        Ok(Some(identity))
    }

    /// Writes who the store belongs to.
    pub fn set_identity(&self, identity: &Identity) -> Result<(), EngineError> {
        let write = (Tree::Meta, IDENTITY.to_vec(), Some(identity.encode_to_vec()));
        self.engine.commit(Batch { writes: vec![write] })
    }

    /// Makes a group durable. `first_lsn` is the position of its first record.
    pub fn append(
        &self,
        picture: &Picture,
        group: &SealedGroup,
        first_lsn: u64,
        received_ms: i64,
        requests: Vec<ArrivalRequest>,
    ) -> Result<(), EngineError> {
        let mut writes = Vec::with_capacity(4 + group.admitted.len() / 16);
        push_chunks(&mut writes, &*self.branches()?, picture, group, received_ms);
        // What fills a feed may all be held: then nothing arrived, and no position is taken.
        if !group.admitted.is_empty() {
            let arrival = arrival(picture, group, received_ms, requests);
            let key = first_lsn.to_be_bytes().to_vec();
            writes.push((Tree::Arrivals, key, Some(arrival.encode_to_vec())));
        }
        for (origin, key) in &group.origins {
            if !picture.all_held_feeds().any(|feed| feed.origin == Some(*origin)) {
                writes.push((Tree::Meta, origin_key(*origin), Some(key.to_vec())));
            }
        }
        writes.extend(covered::rows_of(picture, group, first_lsn)?);
        writes.extend(self.filled_rows(picture, group)?);
        let mut branched = false;
        for feed in group.feeds.iter().chain(group.learned.values()) {
            let parent = feed.branch.as_ref().map(|branch| picture.feed(branch.parent));
            if let Some((.., write)) = parent.and_then(|parent| branches::row_of(feed, parent)) {
                writes.push(write);
                branched = true;
            }
        }
        for (feed, head) in &group.heads {
            let row = HeadRow { sequence: head.sequence, hash: Bytes::copy_from_slice(&head.hash) };
            let key = group.feed(picture, *feed).id.0.to_vec();
            writes.push((Tree::Heads, key, Some(row.encode_to_vec())));
        }
        self.engine.commit(Batch { writes })?;
        if branched {
            self.forget_branches();
        }
        Ok(())
    }

    /// Reads the chunk that holds a record, with its first sequence number.
    pub fn chunk(&self, feed: Id, sequence: u64) -> Result<Option<(u64, Chunk)>, EngineError> {
        let feed = self.branches()?.lies_under(feed);
        let until = record_key(feed, sequence.saturating_add(1));
        let from = record_key(feed, 0);
        let range = Range { from: &from, until: Some(&until), backwards: true };
        let mut found = None;
        self.engine.scan(Tree::Records, range, &mut |key, value| {
            found = Some((key.to_vec(), Bytes::copy_from_slice(value)));
            ControlFlow::Break(())
        })?;
        let Some((key, value)) = found else { return Ok(None) };
        let chunk = Chunk::decode(value).map_err(|_| damaged("a chunk of records"))?;
        let (_, first) = parse_record_key(&key).ok_or_else(|| damaged("a key of records"))?;
        let holds = sequence >= first && sequence - first < chunk.envelopes.len() as u64;
        Ok(holds.then_some((first, chunk)))
    }

    /// Reads one record.
    pub fn record(&self, feed: Id, sequence: u64) -> Result<Option<StoredRecord>, EngineError> {
        Cursor::new(self).record(feed, sequence)
    }

    /// Walks arrival rows from the one that holds `lsn` on.
    pub fn arrivals(
        &self,
        lsn: u64,
        visit: &mut dyn FnMut(u64, Arrival) -> ControlFlow<()>,
    ) -> Result<(), EngineError> {
        let from = self.arrival_start(lsn)?.to_be_bytes();
        let mut bad = None;
        let range = Range { from: &from, until: None, backwards: false };
        self.engine.scan(Tree::Arrivals, range, &mut |key, value| {
            let parsed = key.try_into().ok().map(u64::from_be_bytes);
            match (parsed, Arrival::decode(Bytes::copy_from_slice(value))) {
                (Some(lsn), Ok(arrival)) => visit(lsn, arrival),
                _ => {
                    bad = Some(damaged(&format!("the arrival row {}", hex::encode(key))));
                    ControlFlow::Break(())
                }
            }
        })?;
        bad.map_or(Ok(()), Err)
    }

    /// First position of the arrival row that holds `lsn`.
    fn arrival_start(&self, lsn: u64) -> Result<u64, EngineError> {
        let until = lsn.saturating_add(1).to_be_bytes();
        let mut start = 0;
        let range = Range { from: &[], until: Some(&until), backwards: true };
        self.engine.scan(Tree::Arrivals, range, &mut |key, _| {
            start = key.try_into().ok().map_or(0, u64::from_be_bytes);
            ControlFlow::Break(())
        })?;
        Ok(start)
    }

    /// Rebuilds the picture, and checks each feed's head against its last record.
    pub fn open(&self) -> Result<Opened, EngineError> {
        self.open_under(None)
    }

    /// The same, where a charter decides which records count.
    pub fn open_under(&self, standing: Option<RecordStanding>) -> Result<Opened, EngineError> {
        let mut opened = Opened {
            picture: Picture::default(),
            requests: Requests::default(),
            hlc: 0,
            received_ms: 0,
            rebuilt_lsn: self.rebuilt_lsn()?,
        };
        let archived = self.archived()?;
        opened.picture.set_standing(standing);
        opened.picture.expect_archived(&archived);
        let mut bad = None;
        let branches = self.branches()?;
        self.arrivals(0, &mut |lsn, arrival| {
            if let Err(problem) = replay(&mut opened, &branches, lsn, &arrival) {
                bad = Some(damaged(&problem));
                return ControlFlow::Break(());
            }
            ControlFlow::Continue(())
        })?;
        if let Some(bad) = bad {
            return Err(bad);
        }
        opened.picture.install_archived(&archived);
        self.install_covered(&mut opened.picture)?;
        self.check_heads(&mut opened.picture)?;
        self.load_incidents(&mut opened.picture)?;
        Ok(opened)
    }

    fn check_heads(&self, picture: &mut Picture) -> Result<(), EngineError> {
        for index in 0..picture.feeds().len() as u32 {
            let feed = picture.feed(index).clone();
            if feed.origin.is_none() {
                continue;
            }
            if feed.head.sequence == 0 && (feed.closed.is_some() || feed.branch.is_some()) {
                // It forked before the first record that is held.
                continue;
            }
            let row = self.engine.get(Tree::Heads, &feed.id.0)?;
            let row = row.and_then(|row| HeadRow::decode(row).ok());
            let row = row.ok_or_else(|| damaged(&format!("the head of feed {}", feed.id)))?;
            let hash = match self.record(feed.id, row.sequence)? {
                Some(last) => Some(record_hash(&last.envelope.header)),
                // Archived and dropped, or covered by a checkpoint.
                None => {
                    let known = [feed.base, feed.covered];
                    known.iter().find(|at| at.sequence == row.sequence).map(|at| at.hash)
                }
            };
            if row.sequence != feed.head.sequence || hash.is_none_or(|hash| hash != row.hash[..]) {
                return Err(damaged(&format!(
                    "feed {}: its head names record {}, which the log does not end on",
                    feed.id, row.sequence
                )));
            }
            let hash = hash.unwrap_or_default();
            picture.set_head(index, Head { sequence: row.sequence, hash });
        }
        Ok(())
    }

    pub(crate) fn load_incidents(&self, picture: &mut Picture) -> Result<(), EngineError> {
        for scope in 0..picture.scopes().len() as u32 {
            let live: Vec<_> = picture.scope(scope).register.live.iter().cloned().collect();
            for live in live {
                if picture.is_archived(live.record) {
                    continue;
                }
                let data = self.incident_data(picture, &live)?;
                picture.set_incident_data(scope, live.record, data);
            }
        }
        Ok(())
    }

    /// Reads an incident's own data; `None` when the record holds none that is usable.
    pub fn incident_data(
        &self,
        picture: &Picture,
        live: &Live,
    ) -> Result<Option<IncidentData>, EngineError> {
        if live.attributes.is_opaque() {
            return Ok(None);
        }
        let record = live.record;
        let feed = picture.feed(record.feed).id;
        let stored = self.record(feed, record.sequence)?;
        match stored.and_then(|stored| stored.content()) {
            Some(content::Content::Incident(data)) => Ok(Some(data)),
            _ => Err(damaged(&format!("record {} of feed {feed}", record.sequence))),
        }
    }
}

/// Reads records and remembers the last chunk, so that neighbours cost one read together.
pub struct Cursor<'a> {
    log: &'a Log,
    held: Option<(Id, u64, Chunk)>,
}

impl<'a> Cursor<'a> {
    /// A cursor that holds nothing yet.
    pub fn new(log: &'a Log) -> Self {
        Self { log, held: None }
    }

    /// Reads one record.
    pub fn record(&mut self, feed: Id, sequence: u64) -> Result<Option<StoredRecord>, EngineError> {
        let held = self.held.as_ref().is_some_and(|(held, first, chunk)| {
            *held == feed && sequence >= *first && sequence - first < chunk.envelopes.len() as u64
        });
        if !held {
            let Some((first, chunk)) = self.log.chunk(feed, sequence)? else { return Ok(None) };
            self.held = Some((feed, first, chunk));
        }
        let (_, first, chunk) = self.held.as_ref().expect("a chunk is held");
        let encoded = chunk.envelopes[(sequence - first) as usize].clone();
        let envelope = Envelope::decode(encoded)
            .map_err(|_| damaged(&format!("record {sequence} of feed {feed}")))?;
        Ok(Some(StoredRecord { feed, envelope, received_ms: chunk.received_ms }))
    }
}

pub(crate) fn damaged(what: &str) -> EngineError {
    EngineError::Damaged(format!("{what} does not hold; run `polder verify`"))
}

type Write = (Tree, Vec<u8>, Option<Vec<u8>>);

/// A chunk while it grows: its encoded bytes, so that each envelope is encoded into place.
struct OpenChunk {
    first: u64,
    next: u64,
    bytes: Vec<u8>,
}

fn push_chunks(
    writes: &mut Vec<Write>,
    branches: &Branches,
    picture: &Picture,
    group: &SealedGroup,
    received_ms: i64,
) {
    let finish = |feed: u32, open: OpenChunk| {
        let feed = branches.lies_under(group.feed(picture, feed).id);
        let key = record_key(feed, open.first).to_vec();
        (Tree::Records, key, Some(open.bytes))
    };
    let mut open: Vec<(u32, OpenChunk)> = Vec::new();
    for admitted in &group.admitted {
        let RecordRef { feed, sequence } = admitted.record();
        let length = admitted.envelope().encoded_len();
        let mut at = open.iter().position(|(other, _)| *other == feed);
        let ends = |at: &usize| {
            let open = &open[*at].1;
            open.next != sequence || open.bytes.len() + length > CHUNK_BYTES
        };
        if let Some(full) = at.filter(ends) {
            let (feed, full) = open.swap_remove(full);
            writes.push(finish(feed, full));
            at = None;
        }
        let at = at.unwrap_or_else(|| {
            let mut bytes = Vec::with_capacity(CHUNK_BYTES.min(length * group.admitted.len() + 64));
            Chunk { received_ms, envelopes: Vec::new() }.encode(&mut bytes).expect("a Vec grows");
            open.push((feed, OpenChunk { first: sequence, next: sequence, bytes }));
            open.len() - 1
        });
        let OpenChunk { next, bytes, .. } = &mut open[at].1;
        *next = sequence + 1;
        encode_key(CHUNK_ENVELOPES, WireType::LengthDelimited, bytes);
        admitted.envelope().encode_length_delimited(bytes).expect("a Vec grows");
    }
    writes.extend(open.into_iter().map(|(feed, open)| finish(feed, open)));
}

fn arrival(
    picture: &Picture,
    group: &SealedGroup,
    received_ms: i64,
    requests: Vec<ArrivalRequest>,
) -> Arrival {
    let mut feeds = Vec::new();
    let mut position = HashMap::new();
    let mut place = |feed: u32| {
        *position.entry(feed).or_insert_with(|| {
            let row = group.feed(picture, feed);
            let scopes = picture.scopes();
            let scope = scopes.get(row.scope as usize).map_or_else(
                || {
                    let new = &group.scopes[row.scope as usize - scopes.len()];
                    polder_picture::record::scope_id(&new.incident, new.mode, &new.audience)
                },
                |scope| scope.id,
            );
            let copy = |id: Id| Bytes::copy_from_slice(&id.0);
            let (origin, id) = match row.origin {
                Some(origin) => (copy(origin), Bytes::new()),
                None => (Bytes::new(), copy(row.id)),
            };
            let branch = row.branch.as_ref().map(|branch| Bytes::copy_from_slice(&branch.first));
            let (lane, branch) = (row.lane.into(), branch.unwrap_or_default());
            feeds.push(ArrivalFeed { origin, scope: copy(scope), lane, id, branch });
            (feeds.len() - 1) as u32
        })
    };
    // One buffer that all records share: attributes, then the entry's id.
    const SHARE: usize = ENCODED_BYTES + 16;
    let mut encoded = Vec::with_capacity(SHARE * group.admitted.len());
    for admitted in &group.admitted {
        admitted.change().live.attributes.encode(&mut encoded);
        encoded.extend_from_slice(admitted.change().entry.as_bytes());
    }
    let encoded = Bytes::from(encoded);
    let records = group.admitted.iter().enumerate().map(|(at, admitted)| {
        let change = admitted.change();
        let record = change.live.record;
        ArrivalRecord {
            feed: place(record.feed),
            sequence: record.sequence,
            entry: encoded.slice(at * SHARE + ENCODED_BYTES..(at + 1) * SHARE),
            hlc: change.live.hlc,
            attributes: encoded.slice(at * SHARE..at * SHARE + ENCODED_BYTES),
            seen: change
                .seen
                .iter()
                .map(|seen| ArrivalSeen { feed: place(seen.feed), sequence: seen.sequence })
                .collect(),
        }
    });
    let records = records.collect();
    let scopes = group.scopes.iter().map(|scope| ArrivalScope {
        incident: scope.incident.clone(),
        mode: scope.mode.into(),
        audience: scope.audience.clone(),
    });
    Arrival { received_ms, hlc: group.hlc, feeds, scopes: scopes.collect(), records, requests }
}
