//! The one writer. Whatever waits is admitted, made durable in one commit, shown, announced and
//! only then answered. Publishing waits for the disk; nothing else does.

use std::{
    collections::{BTreeMap, HashSet},
    sync::{Arc, atomic::Ordering},
};

use bytes::Bytes;
use parking_lot::RwLockReadGuard;
use polder_picture::{
    admit::{Admitted, Group, NewScope, ReceiveError, SealedGroup},
    clock::Clock,
    fill::Fill,
    jump::Jump,
    picture::Picture,
    record::{Head, Id, Signer},
    refusal::Refusal,
    suffix::Suffix,
};
use polder_wire::google::rpc;
use prost::Message as _;
use tokio::sync::{OwnedSemaphorePermit, mpsc, oneshot};
use uuid::Uuid;

use crate::{
    grpc::status::rpc_status,
    node::Node,
    store::{
        engine::EngineError,
        requests::Stored,
        rows::{Arrival, ArrivalRefused, ArrivalRequest},
    },
};

mod desk;

pub use desk::Desk;

/// One commit takes at most so many bytes of content; more waits for the next.
const COMMIT_BYTES_MAX: usize = 4 << 20;

/// Why a publication was not answered with results.
#[derive(Debug, thiserror::Error)]
pub enum PublishError {
    /// The request itself is at fault.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The store failed; nothing of this commit was acknowledged.
    #[error("{0}")]
    Failed(String),
    /// The node is stopping.
    #[error("the node is shutting down")]
    Stopping,
}

/// What became of a request.
#[derive(Debug, Clone)]
pub struct Receipt {
    /// One for each item, in order.
    pub results: Vec<Result<Accepted, rpc::Status>>,
    /// Position of the request's last record.
    pub lsn: u64,
    /// When it was stored.
    pub received_ms: i64,
}

/// A record that is durable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Accepted {
    /// Its feed.
    pub feed: Id,
    /// Its number there.
    pub sequence: u64,
    /// The entry that it changes; nil for an incident's own data.
    pub entry: Uuid,
}

/// Id and content hash of an idempotent request.
#[derive(Debug, Clone, Copy)]
pub struct RequestKey {
    /// UUID.
    pub id: [u8; 16],
    /// Start of the hash of its content.
    pub digest: [u8; 16],
}

/// Admits a request's items one after the other; each success admits exactly one record.
pub type Task = Box<dyn FnOnce(&mut Desk<'_, '_>) -> Vec<Result<(), Refusal>> + Send>;

/// Where an answer goes. A caller that went away does not undo the work.
pub type Reply<T> = oneshot::Sender<Result<T, PublishError>>;

/// What became of each suffix that was brought: where its feed ends here now, durably.
pub type Received = Vec<Result<Head, ReceiveError>>;

/// What the writer is asked to do.
pub enum Work {
    /// To put a client's items on record.
    Author {
        /// For idempotency.
        request: Option<RequestKey>,
        /// What to do.
        task: Task,
        /// For the answer.
        reply: Reply<Receipt>,
    },
    /// To take records of other nodes.
    Receive {
        /// Each with the scope that it belongs to.
        suffixes: Vec<(Suffix, NewScope)>,
        /// For the answer.
        reply: Reply<Received>,
    },
    /// To take a feed of another node by a checkpoint.
    Leap {
        /// Verified.
        jump: Box<Jump>,
        /// The scope that it belongs to.
        scope: NewScope,
        /// For the answer.
        reply: Reply<Received>,
    },
    /// To take records that a checkpoint left out.
    Fill {
        /// Verified.
        fill: Box<Fill>,
        /// Those in between that are held.
        held: BTreeMap<u64, [u8; 32]>,
        /// The scope that they belong to.
        scope: NewScope,
        /// For the answer: all records after this one are held.
        reply: Reply<Received>,
    },
}

/// Work for the writer.
pub struct Job {
    /// What it is.
    pub work: Work,
    /// Bytes of content.
    pub weight: usize,
    /// Room in the queue, given back when the job is done.
    pub room: OwnedSemaphorePermit,
}

/// Signs and orders records. Whoever holds it is the writer: as a rule the thread that runs
/// [`run`], a lone caller when nobody else waits, or a compaction that makes both wait.
#[derive(Debug)]
pub struct Pen {
    /// The node's key.
    pub signer: Signer,
    /// The node's hybrid clock.
    pub clock: Clock,
}

/// Runs until all senders are gone.
pub fn run(node: &Arc<Node>, mut jobs: mpsc::Receiver<Job>) {
    let mut waiting: Vec<Job> = Vec::new();
    loop {
        if waiting.is_empty() {
            match jobs.blocking_recv() {
                Some(job) => waiting.push(job),
                None => return,
            }
        }
        let mut pen = node.pen().lock();
        let mut weight: usize = waiting.iter().map(|job| job.weight).sum();
        while weight < COMMIT_BYTES_MAX
            && let Ok(job) = jobs.try_recv()
        {
            weight += job.weight;
            waiting.push(job);
        }
        waiting = commit(node, &mut pen, waiting);
    }
}

/// Commits jobs together; returns those that must wait for the next commit. A failure of the store
/// is final: these jobs and all later ones are told of it.
pub fn commit(node: &Arc<Node>, pen: &mut Pen, jobs: Vec<Job>) -> Vec<Job> {
    if let Some(problem) = node.failure() {
        for job in jobs {
            refuse(job.work, &problem);
        }
        return Vec::new();
    }
    node.last_jobs.store(jobs.len(), Ordering::Relaxed);
    let mut writer = Writer { node, pen };
    writer.commit(jobs).unwrap_or_else(|error| {
        node.fail(&error);
        Vec::new()
    })
}

fn refuse(work: Work, problem: &str) {
    let problem = PublishError::Failed(problem.to_owned());
    match work {
        Work::Author { reply, .. } => drop(reply.send(Err(problem))),
        Work::Receive { reply, .. } | Work::Leap { reply, .. } | Work::Fill { reply, .. } => {
            drop(reply.send(Err(problem)));
        }
    }
}

struct Writer<'n> {
    node: &'n Arc<Node>,
    pen: &'n mut Pen,
}

/// A job whose items were admitted.
struct Done {
    request: Option<RequestKey>,
    first: usize,
    results: Vec<Result<(), rpc::Status>>,
    reply: Reply<Receipt>,
    _room: OwnedSemaphorePermit,
}

/// Suffixes that were admitted, or refused.
struct Taken {
    results: Received,
    reply: Reply<Received>,
    _room: OwnedSemaphorePermit,
}

impl Taken {
    fn answer(self) {
        let _ = self.reply.send(Ok(self.results));
    }
}

impl Writer<'_> {
    fn commit(&mut self, jobs: Vec<Job>) -> Result<Vec<Job>, EngineError> {
        let node = Arc::clone(self.node);
        let picture = node.picture.read();
        let wall_ms = node.wall.now_ms();
        let mut group = Group::new(&picture, &self.pen.signer, &mut self.pen.clock);
        let mut later = Vec::new();
        let mut done = Vec::with_capacity(jobs.len());
        let mut taken = Vec::new();
        let mut requests = HashSet::new();
        for job in jobs {
            if let Work::Author { request: Some(request), .. } = &job.work
                && !requests.insert(request.id)
            {
                // The same request twice in one commit: the second finds the first's answer.
                later.push(job);
                continue;
            }
            let first = group.len();
            let mut desk = Desk { group: &mut group, node: &node, wall_ms };
            let Job { work, room, .. } = job;
            let (request, task, reply) = match work {
                Work::Author { request, task, reply } => (request, task, reply),
                of_others => {
                    let brought = bring(&mut desk, of_others);
                    taken.extend(brought.map(|(results, reply)| Taken {
                        results,
                        reply,
                        _room: room,
                    }));
                    continue;
                }
            };
            if let Some(request) = request
                && let Some(stored) = node.requests.lock().get(&request.id)
            {
                let _ = reply.send(repeat(&node, &picture, request, stored));
                continue;
            }
            let results = task(&mut desk);
            let results = results.into_iter().map(|result| {
                result.map_err(|refusal| {
                    node.metrics.refusal(refusal.reason);
                    rpc_status(&refusal)
                })
            });
            let results: Vec<_> = results.collect();
            debug_assert_eq!(
                group.len() - first,
                results.iter().filter(|result| result.is_ok()).count()
            );
            done.push(Done { request, first, results, reply, _room: room });
        }
        let first_lsn = picture.lsn() + 1;
        if group.is_idle() {
            let received_ms = node.next_received_ms(wall_ms);
            answer(done, &[], first_lsn, received_ms);
            taken.into_iter().for_each(Taken::answer);
            return Ok(later);
        }
        let sealed = group.seal();
        let received_ms = node.next_received_ms(wall_ms);
        let rows = done.iter().filter_map(request_row).collect::<Vec<_>>();
        let remembered: Vec<_> = done.iter().filter(|d| request_row(d).is_some()).collect();
        let stored = remembered.iter().enumerate().filter_map(|(position, done)| {
            let RequestKey { id, digest } = done.request?;
            Some((id, Stored { digest, lsn: first_lsn, position: position as u32 }))
        });
        let stored: Vec<_> = stored.collect();
        let appended = node.log().append(&picture, &sealed, first_lsn, received_ms, rows);
        if let Err(error) = appended {
            for done in done {
                let _ = done.reply.send(Err(PublishError::Failed(error.to_string())));
            }
            for taken in taken {
                let _ = taken.reply.send(Err(PublishError::Failed(error.to_string())));
            }
            return Err(error);
        }
        let accepted = accepted(&picture, &sealed);
        // Without subscribers nobody would ask for them.
        if node.metrics.subscribers.get() > 0 {
            node.recent.lock().push(&picture, &sealed, received_ms);
        }
        RwLockReadGuard::unlock_fair(picture);
        self.show(&sealed, first_lsn);
        let mut remember = node.requests.lock();
        stored.into_iter().for_each(|(id, stored)| remember.insert(id, stored));
        drop(remember);
        answer(done, &accepted, first_lsn, received_ms);
        taken.into_iter().for_each(Taken::answer);
        Ok(later)
    }

    /// Shows and announces what is durable now.
    fn show(&self, sealed: &SealedGroup, first_lsn: u64) {
        self.node.picture.write().install(sealed);
        self.node.hear_statements(self.pen, sealed);
        self.node.hear_erasures(sealed);
        let last = first_lsn + sealed.admitted.len() as u64 - 1;
        self.node.metrics.records(&sealed.admitted);
        self.node.changed.send_replace(last);
    }
}

fn accepted(picture: &Picture, sealed: &SealedGroup) -> Vec<Accepted> {
    let one = |admitted: &Admitted| {
        let record = admitted.record();
        let entry = admitted.change().entry;
        Accepted { feed: sealed.feed(picture, record.feed).id, sequence: record.sequence, entry }
    };
    sealed.admitted.iter().map(one).collect()
}

/// Takes records of other nodes; `None` when none were brought.
fn bring(desk: &mut Desk<'_, '_>, work: Work) -> Option<(Received, Reply<Received>)> {
    match work {
        Work::Author { .. } => None,
        Work::Receive { suffixes, reply } => Some((take(desk, suffixes), reply)),
        Work::Leap { jump, scope, reply } => {
            let (feed, taking) = (jump.feed().id(), desk.leap(*jump, &scope));
            Some((vec![settle(desk, feed, taking)], reply))
        }
        Work::Fill { fill, held, scope, reply } => {
            Some((vec![desk.fill(*fill, &held, &scope)], reply))
        }
    }
}

fn take(desk: &mut Desk<'_, '_>, suffixes: Vec<(Suffix, NewScope)>) -> Received {
    let one = |(suffix, scope): (Suffix, NewScope)| {
        let (feed, taken) = (suffix.feed().id(), desk.receive(suffix, &scope));
        settle(desk, feed, taken)
    };
    suffixes.into_iter().map(one).collect()
}

/// Where the feed ends now, if its records were taken.
fn settle(
    desk: &Desk<'_, '_>,
    feed: Id,
    taken: Result<usize, ReceiveError>,
) -> Result<Head, ReceiveError> {
    if let Err(ReceiveError::Refused(refusal)) = &taken {
        desk.node.metrics.refusal(refusal.reason);
    }
    taken.map(|_| desk.group.head_of(feed))
}

fn answer(done: Vec<Done>, accepted: &[Accepted], first_lsn: u64, received_ms: i64) {
    for done in done {
        let mut next = done.first;
        let results = done.results.into_iter().map(|result| {
            result.map(|()| {
                next += 1;
                accepted[next - 1]
            })
        });
        let results = results.collect();
        let lsn = (first_lsn + next as u64).saturating_sub(1);
        // A caller that went away misses its answer, not its records.
        let _ = done.reply.send(Ok(Receipt { results, lsn, received_ms }));
    }
}

/// What is kept of a request. One that stored nothing is simply tried again.
fn request_row(done: &Done) -> Option<ArrivalRequest> {
    let request = done.request?;
    let count = done.results.iter().filter(|result| result.is_ok()).count();
    if count == 0 {
        return None;
    }
    let refused = done.results.iter().enumerate().filter_map(|(item, result)| {
        let status = result.as_ref().err()?.encode_to_vec().into();
        Some(ArrivalRefused { item: item as u32, status })
    });
    Some(ArrivalRequest {
        id: Bytes::copy_from_slice(&request.id),
        digest: Bytes::copy_from_slice(&request.digest),
        first: done.first as u32,
        count: count as u32,
        refused: refused.collect(),
    })
}

/// Answers a repeated request from the log.
fn repeat(
    node: &Node,
    picture: &Picture,
    request: RequestKey,
    stored: Stored,
) -> Result<Receipt, PublishError> {
    if request.digest != stored.digest {
        let sentence = "was used before with another content: choose a new one";
        return Err(Refusal::field("request_id", "REQUEST_ID_REUSED", sentence).into());
    }
    let mut row = None;
    let read = node.log().arrivals(stored.lsn, &mut |lsn, arrival| {
        row = (lsn == stored.lsn).then_some(arrival);
        std::ops::ControlFlow::Break(())
    });
    read.map_err(|error| PublishError::Failed(error.to_string()))?;
    row.and_then(|row| receipt(picture, &row, stored))
        .ok_or_else(|| PublishError::Failed("the first answer cannot be read back".into()))
}

impl Node {
    /// What was answered to a request, if it came before.
    pub(crate) fn answered(
        &self,
        request: Option<&RequestKey>,
    ) -> Option<Result<Receipt, PublishError>> {
        let request = *request?;
        let stored = self.requests.lock().get(&request.id)?;
        Some(repeat(self, &self.picture.read(), request, stored))
    }
}

fn receipt(picture: &Picture, row: &Arrival, stored: Stored) -> Option<Receipt> {
    let request = row.requests.get(stored.position as usize)?;
    let mut refused = request.refused.iter().peekable();
    let records = row.records.get(request.first as usize..)?.get(..request.count as usize)?;
    let mut records = records.iter();
    let mut results = Vec::new();
    for item in 0..request.count as usize + request.refused.len() {
        if let Some(status) = refused.next_if(|refused| refused.item as usize == item) {
            results.push(Err(rpc::Status::decode(status.status.clone()).ok()?));
            continue;
        }
        let record = records.next()?;
        let feed = row.feeds.get(record.feed as usize)?.id()?;
        picture.feed_index(feed)?;
        let entry = Uuid::from_slice(&record.entry).ok()?;
        results.push(Ok(Accepted { feed, sequence: record.sequence, entry }));
    }
    let lsn = stored.lsn + u64::from(request.first) + u64::from(request.count) - 1;
    Some(Receipt { results, lsn, received_ms: row.received_ms })
}
