//! Subscriptions: a snapshot pinned at one log position, then the tail from the next. Every
//! subscriber pulls; there is no queue per subscriber, so a slow one holds up nobody and simply
//! gets fewer, newer changes.

use std::{collections::VecDeque, ops::ControlFlow, sync::Arc, time::Duration};

use bytes::{Bytes, BytesMut};
use futures::Stream;
use polder_picture::{
    filter::Filter,
    live::{Live, Register},
    picture::Snapshot,
    record::Id,
    refusal::{Class, Refusal},
};
use polder_wire::v1::{
    EntryChange, EntryView, Incident, Progress, Reset, SnapshotEnd, SubscribeMode,
    SubscribeRequest, SubscribeResponse, subscribe_response::Event, subscribe_start::At,
};
use prost::Message as _;
use sha2::{Digest as _, Sha256};
use tokio::sync::watch;

use crate::{
    incident,
    node::Node,
    present,
    store::{engine::EngineError, log::Cursor},
    tail::{self, Batch},
    token::{Position, Purpose, Unusable},
};

/// A message ends at so many bytes.
const MESSAGE_BYTES: usize = 192 * 1024;
/// Signs of life when nothing happens.
const PROGRESS_EVERY: Duration = Duration::from_secs(8);

/// Why a stream ends early.
#[derive(Debug, thiserror::Error)]
pub enum SubscribeError {
    /// The client's fault, or its token's.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The store cannot be read.
    #[error(transparent)]
    Store(#[from] EngineError),
}

/// A message of a stream, or why it ends.
pub type Item = Result<SubscribeResponse, SubscribeError>;

/// Opens a subscription. The stream ends when `ending` turns true, after a last token.
pub fn subscribe(
    node: Arc<Node>,
    request: &SubscribeRequest,
    ending: watch::Receiver<bool>,
) -> Result<impl Stream<Item = Item> + Send + 'static, Refusal> {
    let mut check = polder_picture::check::Checker::new("");
    check.enumeration::<SubscribeMode>("mode", request.mode, false);
    check.enumeration::<EntryView>("view", request.view, false);
    check.text("client_id", &request.client_id, 0..=63);
    check.finish()?;
    let filter = request.filter.clone().unwrap_or_default();
    let filter = Filter::compile(&filter, "filter", &node.picture.read())?;
    let mode = match request.mode() {
        SubscribeMode::Log => SubscribeMode::Log,
        _ => SubscribeMode::State,
    };
    let mut reader = Reader {
        everything: filter.is_scope_only() && request.view() != EntryView::Basic,
        view: request.view(),
        changed: node.changed.subscribe(),
        phase: Phase::Tail,
        lsn: 0,
        epoch: node.epoch(),
        out: VecDeque::new(),
        filter,
        mode,
        node,
        ending,
    };
    reader.start(request)?;
    reader.node.metrics.subscribers.inc();
    Ok(futures::stream::unfold(Some(reader), |reader| async {
        let mut reader = reader?;
        match reader.next().await {
            Some(Ok(message)) => Some((Ok(message), Some(reader))),
            Some(Err(error)) => Some((Err(error), None)),
            None => None,
        }
    }))
}

enum Phase {
    /// Sending entries of a snapshot, from this slot on.
    Snapshot { pinned: Snapshot, next: usize, count: i64, digest: Sha256 },
    /// Following.
    Tail,
    /// The last message is out.
    Ended,
}

struct Reader {
    node: Arc<Node>,
    filter: Filter,
    view: EntryView,
    mode: SubscribeMode,
    /// Batches can be passed on as they are.
    everything: bool,
    lsn: u64,
    epoch: u64,
    phase: Phase,
    out: VecDeque<SubscribeResponse>,
    changed: watch::Receiver<u64>,
    ending: watch::Receiver<bool>,
}

impl Drop for Reader {
    fn drop(&mut self) {
        self.node.metrics.subscribers.dec();
    }
}

impl Reader {
    fn start(&mut self, request: &SubscribeRequest) -> Result<(), Refusal> {
        let at = request.start.clone().and_then(|start| start.at);
        match at {
            Some(At::Token(token)) => match self.resume(&token) {
                Ok(lsn) => self.lsn = lsn,
                Err(refusal) if request.require_continuity => return Err(refusal),
                Err(refusal) => {
                    self.start_over(&refusal.sentence);
                }
            },
            Some(At::Now(_)) => {
                self.lsn = self.node.picture.read().lsn();
                self.say(Event::Progress(self.progress(false)));
            }
            Some(At::Snapshot(_)) | None if self.mode == SubscribeMode::Log => self.lsn = 0,
            Some(At::Snapshot(_)) | None => self.snapshot(),
        }
        Ok(())
    }

    /// A new snapshot; resuming from the reset starts over as well.
    fn start_over(&mut self, reason: &str) {
        let reset = Event::Reset(Reset { reason: reason.to_owned() });
        let reset = SubscribeResponse { token: self.token(0), event: Some(reset) };
        self.out.push_back(reset);
        self.snapshot();
    }

    fn resume(&self, token: &str) -> Result<u64, Refusal> {
        let position = self.node.tokens.read(Purpose::Resume, token).map_err(|unusable| {
            let (reason, sentence) = match unusable {
                Unusable::Malformed => ("TOKEN_MALFORMED", "the token is not one of this node"),
                Unusable::OtherStore => {
                    ("STORE_CHANGED", "the token belongs to another store: start with a snapshot")
                }
            };
            Refusal::new(Class::FailedPrecondition, reason, sentence)
        })?;
        let held = self.node.picture.read().lsn();
        if position.lsn > held {
            let sentence = "the token points past the end of this log: start with a snapshot";
            return Err(Refusal::new(Class::OutOfRange, "TOKEN_AHEAD", sentence));
        }
        // A token from a publication or a list is bound to no question.
        if position.question != 0 && position.question != self.question() {
            let sentence = "the token belongs to another filter: start with a snapshot";
            return Err(Refusal::new(Class::InvalidArgument, "TOKEN_OF_OTHER_FILTER", sentence));
        }
        if position.lsn == 0 && self.mode == SubscribeMode::State {
            let sentence = "nothing was received before: start with a snapshot";
            return Err(Refusal::new(Class::OutOfRange, "TOKEN_AT_START", sentence));
        }
        if position.lsn <= self.node.rebuilt_lsn() && self.mode == SubscribeMode::State {
            let sentence = "a feed was found to have forked since, or an incident was archived: \
                            start with a snapshot";
            return Err(Refusal::new(Class::OutOfRange, "TOKEN_TOO_OLD", sentence));
        }
        Ok(position.lsn)
    }

    fn snapshot(&mut self) {
        // Read before the picture: one that is built meanwhile is announced once more.
        self.epoch = self.node.epoch();
        let pinned = self.node.picture.read().snapshot();
        self.lsn = pinned.lsn;
        self.phase = Phase::Snapshot { pinned, next: 0, count: 0, digest: Sha256::new() };
        let scopes = self.node.picture.read().scopes().len() as u32;
        self.say_incidents(0..scopes);
    }

    fn question(&self) -> u64 {
        (self.filter.hash() ^ (self.mode as u64) << 1 ^ (self.view as u64) << 3).max(1)
    }

    fn token(&self, lsn: u64) -> String {
        let position = Position { lsn, question: self.question(), offset: 0 };
        self.node.tokens.write(Purpose::Resume, position)
    }

    fn say(&mut self, event: Event) {
        // Before a snapshot is complete there is nothing to resume from but the start.
        let lsn = if matches!(self.phase, Phase::Snapshot { .. }) { 0 } else { self.lsn };
        let token = self.token(lsn);
        self.out.push_back(SubscribeResponse { token, event: Some(event) });
    }

    fn progress(&self, ending: bool) -> Progress {
        let node_time = Some(polder_picture::attributes::timestamp(self.node.tell_ms()));
        Progress { node_time, ending }
    }

    async fn next(&mut self) -> Option<Item> {
        loop {
            if let Some(message) = self.out.pop_front() {
                return Some(Ok(message));
            }
            if self.epoch != self.node.epoch() && self.mode == SubscribeMode::State {
                self.start_over(
                    "a feed was found to have forked or an incident was archived, so entries \
                     changed that no record touched",
                );
                continue;
            }
            let step = match &self.phase {
                Phase::Ended => return None,
                // Reading from disk may take a moment: other tasks go on elsewhere meanwhile.
                Phase::Snapshot { .. } => tokio::task::block_in_place(|| self.snapshot_step()),
                Phase::Tail if *self.ending.borrow() => {
                    self.say(Event::Progress(self.progress(true)));
                    self.phase = Phase::Ended;
                    continue;
                }
                Phase::Tail if self.mode == SubscribeMode::Log => {
                    tokio::task::block_in_place(|| self.log_step())
                }
                Phase::Tail => self.tail_step(),
            };
            match step {
                // What it read was taken away under it: there is a new picture.
                Err(_) if self.epoch != self.node.epoch() && self.mode == SubscribeMode::State => {}
                Err(error) => return Some(Err(error.into())),
                Ok(true) => {}
                Ok(false) => self.wait().await,
            }
        }
    }

    async fn wait(&mut self) {
        // Marks the value as seen before looking again, so that no wake-up is lost.
        let seen = *self.changed.borrow_and_update();
        if seen > self.lsn || *self.ending.borrow() {
            return;
        }
        tokio::select! {
            _ = self.changed.changed() => {}
            _ = self.ending.changed() => {}
            () = tokio::time::sleep(PROGRESS_EVERY) => {
                let progress = self.progress(false);
                self.say(Event::Progress(progress));
            }
        }
    }

    /// Sends one message's worth of the snapshot.
    fn snapshot_step(&mut self) -> Result<bool, EngineError> {
        let Phase::Snapshot { pinned, next, count, digest } = &mut self.phase else {
            return Ok(true);
        };
        let now_ms = self.node.wall.now_ms();
        let log = self.node.log();
        let mut cursor = Cursor::new(&log);
        let mut changes = BytesMut::new();
        while changes.len() < MESSAGE_BYTES
            && let Some(register) = pinned.entries.get(*next)
        {
            *next += 1;
            if !self.filter.matches(register, now_ms) {
                continue;
            }
            let read = read(&self.node, &mut cursor, register, self.view)?;
            if !read.matches_text(&self.filter) {
                continue;
            }
            *count += 1;
            for version in &read.versions {
                digest.update(version.as_bytes());
                digest.update(b"\n");
            }
            tail::push_field(&mut changes, &read.change.encode_to_vec());
        }
        let done = *next >= pinned.entries.len();
        let end = SnapshotEnd { count: *count, digest: digest.clone().finalize().to_vec().into() };
        if !changes.is_empty() {
            self.say(Event::Changes(changes.freeze()));
        }
        if done {
            self.phase = Phase::Tail;
            self.say(Event::SnapshotEnd(end));
        }
        Ok(true)
    }

    /// Sends what changed since; false when nothing did.
    fn tail_step(&mut self) -> Result<bool, EngineError> {
        let Some(batch) = self.node.tails.after(&self.node, self.lsn)? else { return Ok(false) };
        let changes = self.choose(&batch)?;
        self.lsn = batch.until;
        self.say_incidents(batch.incidents.iter().copied());
        if !changes.is_empty() {
            self.say(Event::Changes(changes));
        }
        Ok(true)
    }

    fn choose(&self, batch: &Batch) -> Result<Bytes, EngineError> {
        let now_ms = self.node.wall.now_ms();
        let ours = |register: &Register| self.filter.matches(register, now_ms);
        if self.everything && batch.rows.iter().all(|row| ours(&row.register)) {
            self.node.metrics.delivered(batch.rows.len());
            return Ok(batch.all.clone());
        }
        let log = self.node.log();
        let mut cursor = Cursor::new(&log);
        let mut changes = BytesMut::new();
        for row in &batch.rows {
            let register = &row.register;
            if !self.filter.covers_scope(register.scope, register.mode) {
                continue;
            }
            let plain = !self.filter.needs_text() && self.view != EntryView::Basic;
            if ours(register) && plain {
                tail::push_field(&mut changes, &row.change);
                continue;
            }
            if ours(register) {
                let read = read(&self.node, &mut cursor, register, self.view)?;
                if read.matches_text(&self.filter) {
                    tail::push_field(&mut changes, &read.change.encode_to_vec());
                    continue;
                }
            }
            // It may have matched before. A first version that does not match never did.
            if register.has_history() {
                let name = present::entry_name(&row.name, register.entry);
                let left = EntryChange { name, left: true, ..Default::default() };
                tail::push_field(&mut changes, &left.encode_to_vec());
            }
        }
        self.node.metrics.delivered(batch.rows.len());
        Ok(changes.freeze())
    }

    /// LOG mode: every record in arrival order.
    fn log_step(&mut self) -> Result<bool, EngineError> {
        let held = self.node.picture.read().lsn();
        if held <= self.lsn {
            return Ok(false);
        }
        let log = self.node.log();
        let mut cursor = Cursor::new(&log);
        let mut changes = BytesMut::new();
        let mut last = self.lsn;
        let mut failed = None;
        log.arrivals(self.lsn + 1, &mut |first, arrival| {
            for (at, record) in arrival.records.iter().enumerate() {
                let lsn = first + at as u64;
                if lsn <= self.lsn {
                    continue;
                }
                if lsn > held || changes.len() >= MESSAGE_BYTES {
                    return ControlFlow::Break(());
                }
                match self.log_record(&mut cursor, &arrival, record) {
                    Ok(Some(change)) => tail::push_field(&mut changes, &change.encode_to_vec()),
                    Ok(None) => {}
                    Err(error) => {
                        failed = Some(error);
                        return ControlFlow::Break(());
                    }
                }
                last = lsn;
            }
            ControlFlow::Continue(())
        })?;
        if let Some(error) = failed {
            return Err(error);
        }
        self.lsn = last;
        if !changes.is_empty() {
            self.say(Event::Changes(changes.freeze()));
        }
        Ok(true)
    }

    fn log_record(
        &self,
        cursor: &mut Cursor<'_>,
        arrival: &crate::store::rows::Arrival,
        record: &crate::store::rows::ArrivalRecord,
    ) -> Result<Option<EntryChange>, EngineError> {
        if record.is_dropped() {
            return Ok(None);
        }
        let damaged = || EngineError::Damaged("an arrival row does not hold".into());
        let feed = arrival.feeds.get(record.feed as usize).ok_or_else(damaged)?;
        let scope = Id::from_slice(&feed.scope).ok_or_else(damaged)?;
        let entry = uuid::Uuid::from_slice(&record.entry).map_err(|_| damaged())?;
        let attributes = polder_picture::attributes::Attributes::decode(&record.attributes);
        let attributes = attributes.ok_or_else(damaged)?;
        let (incident, mode, scope_index, live) = {
            let picture = self.node.picture.read();
            let index = picture.scope_index(scope).ok_or_else(damaged)?;
            let register = picture.entry(index, entry);
            let live = register.map(|register| present::rivals(&picture, register));
            let scope = picture.scope(index);
            (scope.incident.clone(), scope.mode, index, live.unwrap_or_default())
        };
        let now_ms = self.node.wall.now_ms();
        if entry.is_nil()
            || attributes.is_apart()
            || !self.filter.covers_scope(scope_index, mode)
            || !self.filter.matches_record(&attributes, now_ms)
        {
            return Ok(None);
        }
        let feed = feed.id().ok_or_else(damaged)?;
        let Some(stored) = cursor.record(feed, record.sequence)? else {
            let gone = self.node.is_archived(feed, record.sequence);
            let missing = || tail::missing(&[present::version(feed, record.sequence)]);
            return if gone { Ok(None) } else { Err(missing()) };
        };
        let name = present::entry_name(&incident, entry);
        let opaque = attributes.is_opaque();
        let version = present::encode(&stored, opaque, &incident, &live, self.view);
        let version = version.filter(|bytes| self.filter.matches_text(bytes));
        Ok(version.map(|version| EntryChange { name, versions: vec![version], left: false }))
    }

    fn say_incidents(&mut self, scopes: impl Iterator<Item = u32>) {
        let incidents: Vec<Incident> = {
            let picture = self.node.picture.read();
            let ours =
                scopes.filter(|scope| self.filter.covers_scope(*scope, picture.scope(*scope).mode));
            ours.filter_map(|scope| incident::view(&picture, scope)).collect()
        };
        for incident in incidents {
            self.say(Event::Incident(incident));
        }
    }
}

/// An entry with the contents of its live records.
pub struct ReadEntry {
    /// As it is sent.
    pub change: EntryChange,
    /// Ids of its versions, in the order sent.
    pub versions: Vec<String>,
}

impl ReadEntry {
    /// True when some version holds every word of the filter.
    pub fn matches_text(&self, filter: &Filter) -> bool {
        !filter.needs_text() || self.change.versions.iter().any(|bytes| filter.matches_text(bytes))
    }
}

/// Reads all live records of an entry.
pub fn read(
    node: &Node,
    cursor: &mut Cursor<'_>,
    register: &Register,
    view: EntryView,
) -> Result<ReadEntry, EngineError> {
    let (incident, versions, feeds) = {
        let picture = node.picture.read();
        let of = |live: &Live| {
            (live.record, picture.feed(live.record.feed).id, live.attributes.is_opaque())
        };
        let feeds: Vec<_> = register.live.iter().map(of).collect();
        let versions = present::rivals(&picture, register);
        (picture.scope(register.scope).incident.clone(), versions, feeds)
    };
    let name = present::entry_name(&incident, register.entry);
    let mut change = EntryChange { name, ..Default::default() };
    for (record, feed, opaque) in feeds {
        let stored = cursor.record(feed, record.sequence)?;
        let stored = stored.ok_or_else(|| tail::missing(&versions))?;
        let encoded = present::encode(&stored, opaque, &incident, &versions, view);
        change.versions.push(encoded.ok_or_else(|| tail::missing(&versions))?);
    }
    Ok(ReadEntry { change, versions })
}
