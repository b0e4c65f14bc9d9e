//! Subscriptions: a snapshot pinned at one log position, then the tail from the next. Every
//! subscriber pulls; there is no queue per subscriber, so a slow one holds up nobody and simply
//! gets fewer, newer changes.

mod asked;
mod entry;
mod record;

use std::{collections::VecDeque, ops::ControlFlow, sync::Arc, time::Duration};

use bytes::{Bytes, BytesMut};
use futures::Stream;
use polder_picture::{
    filter::Filter,
    live::Register,
    picture::Snapshot,
    refusal::{Class, Refusal},
};
use polder_wire::v1::{
    EntryChange, EntryView, Incident, Progress, Reset, SnapshotEnd, SubscribeMode,
    SubscribeRequest, SubscribeResponse, subscribe_response::Event, subscribe_start::At,
};
use prost::Message as _;
use sha2::{Digest as _, Sha256};
use tokio::{sync::watch, time::Instant};

use self::asked::{Asked, View};
pub use self::entry::{ReadEntry, read};
use crate::{
    incident,
    node::Node,
    people::Caller,
    present,
    store::{engine::EngineError, log::Cursor},
    tail::{self, Batch},
    token::{Position, Purpose, Unusable},
};

/// A message ends at so many bytes.
const MESSAGE_BYTES: usize = 192 * 1024;
/// What a caller may see is looked at this often, for rights that end at a time.
const LOOK_EVERY: Duration = Duration::from_secs(1);
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
    caller: Caller,
    ending: watch::Receiver<bool>,
) -> Result<impl Stream<Item = Item> + Send + 'static, Refusal> {
    let mut check = polder_picture::check::Checker::new("");
    check.enumeration::<SubscribeMode>("mode", request.mode, false);
    check.enumeration::<EntryView>("view", request.view, false);
    check.text("client_id", &request.client_id, 0..=63);
    check.finish()?;
    let question = request.filter.clone().unwrap_or_default();
    let view = View::of(&node, &caller, &question)?;
    let mode = match request.mode() {
        SubscribeMode::Log => SubscribeMode::Log,
        _ => SubscribeMode::State,
    };
    let mut reader = Reader {
        everything: view.filter.is_scope_only() && request.view() != EntryView::Basic,
        view: request.view(),
        changed: node.changed.subscribe(),
        phase: Phase::Tail,
        lsn: 0,
        epoch: node.epoch(),
        out: VecDeque::new(),
        filter: view.filter,
        asked: Asked { question, caller, version: view.version, scopes: view.scopes },
        looked: Instant::now(),
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
    asked: Asked,
    looked: Instant,
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
            let sentence = "a feed was found to have forked since, an incident was archived or \
                            the charter changed: start with a snapshot";
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
            if let Err(refusal) = self.look() {
                self.phase = Phase::Ended;
                return Some(Err(refusal.into()));
            }
            if self.epoch != self.node.epoch() && self.mode == SubscribeMode::State {
                self.start_over(
                    "a feed was found to have forked, an incident was archived or the charter \
                     changed, so entries changed that no record touched",
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

    /// Looks again at what the caller may see. Whoever may see less, or more of what was there
    /// before, starts over; whoever may see nothing of it any more is told so.
    fn look(&mut self) -> Result<(), Refusal> {
        let scopes = self.node.picture.read().scopes().len();
        let due = self.looked.elapsed() >= LOOK_EVERY && !self.asked.caller.is_operator();
        if !due
            && scopes == self.asked.scopes
            && !self.asked.caller.changed_since(self.asked.version)
        {
            return Ok(());
        }
        self.looked = Instant::now();
        let view = View::of(&self.node, &self.asked.caller, &self.asked.question)?;
        let other = {
            let picture = self.node.picture.read();
            (0..self.asked.scopes as u32).any(|scope| {
                let mode = picture.scope(scope).mode;
                view.filter.covers_scope(scope, mode) != self.filter.covers_scope(scope, mode)
            })
        };
        self.filter = view.filter;
        (self.asked.version, self.asked.scopes) = (view.version, view.scopes);
        if other && self.mode == SubscribeMode::State {
            self.start_over("what you may see has changed");
        }
        Ok(())
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
            () = self.asked.caller.changed(self.asked.version) => {}
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
                let name = present::entry_name(&row.place.incident, register.entry);
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

    fn say_incidents(&mut self, scopes: impl Iterator<Item = u32>) {
        let incidents: Vec<Incident> = {
            let picture = self.node.picture.read();
            let ours =
                scopes.filter(|scope| self.filter.covers_scope(*scope, picture.scope(*scope).mode));
            ours.filter_map(|scope| incident::view(&picture, scope, self.filter.sight())).collect()
        };
        for incident in incidents {
            self.say(Event::Incident(incident));
        }
    }
}
