//! One node: everything that its services share.

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicI64, AtomicU64, AtomicUsize, Ordering},
    },
    thread::JoinHandle,
};

use parking_lot::{Mutex, RwLock};
use polder_picture::{
    admit::NewScope,
    admit::ReceiveError,
    charter::Charter,
    clock::Clock,
    picture::{Feed, Picture},
    record::{Head, Id, Signer},
    suffix::{FeedName, Suffix},
};
use polder_wire::v1::Lane;
use tokio::sync::{Notify, Semaphore, mpsc, oneshot, watch};

use crate::{
    attachments::Attachments,
    audit::Pending,
    charter,
    checkpoints::Checkpoints,
    disk::{Disk, Reserve},
    erase::ErasureConfig,
    metrics::Metrics,
    people::Sessions,
    publish::{self, Job, Pen, PublishError, Receipt, Received, Reply, RequestKey, Task, Work},
    recent::Recent,
    retire,
    scaling::Calling,
    store::{
        directory::{Directory, DirectoryError},
        engine::EngineError,
        log::Log,
        requests::Requests,
        rows::{FORMAT, Identity},
    },
    tail::TailCache,
    team::{Boards, Histories},
    token::Tokens,
    wall::Wall,
};

/// Work that waits for the writer, in KiB; urgent work has room of its own.
const QUEUE_KIB: usize = 64 * 1024;
const URGENT_QUEUE_KIB: usize = 16 * 1024;
/// Jobs that wait for the writer.
const QUEUE_JOBS: usize = 16 * 1024;

/// What an operator can set of a node.
#[derive(Debug, Clone)]
pub struct NodeOptions {
    /// Free space kept for the more urgent lanes.
    pub reserve: Reserve,
    /// Largest attachment.
    pub attachment_bytes_max: u64,
    /// How long an attachment that nothing cites is kept.
    pub attachment_grace: std::time::Duration,
    /// Checkpoints of feeds.
    pub checkpoints: Checkpoints,
    /// How long personal data is kept, and how soon what was erased is gone from the disk.
    pub erasure: ErasureConfig,
    /// File outside the store's volume that says how far the log had come.
    pub fence: Option<std::path::PathBuf>,
}

impl Default for NodeOptions {
    fn default() -> Self {
        Self {
            reserve: Reserve::default(),
            attachment_bytes_max: 64 << 20,
            attachment_grace: std::time::Duration::from_secs(24 * 3600),
            checkpoints: Checkpoints::default(),
            erasure: ErasureConfig::default(),
            fence: None,
        }
    }
}

/// A running node.
pub struct Node {
    /// The picture as of the last durable commit.
    pub picture: RwLock<Picture>,
    /// Announces each new log position.
    pub changed: watch::Sender<u64>,
    /// Wall clock.
    pub wall: Wall,
    /// Room on the disk.
    pub disk: Disk,
    /// Counters.
    pub metrics: Metrics,
    /// Photos and documents.
    pub attachments: Attachments,
    /// Resume and page tokens.
    pub tokens: Tokens,
    /// What people did and is to be written down.
    pub(crate) acts: Pending,
    /// Sessions of people.
    pub(crate) sessions: Sessions,
    /// File outside the store's volume that says how far the log has come.
    pub fence: Option<std::path::PathBuf>,
    /// Checkpoints of feeds, as they are set.
    pub checkpoints: Checkpoints,
    /// Erasing, as it is set.
    pub erasure: ErasureConfig,
    /// Wakes whoever erases.
    pub(crate) erasing: Notify,
    /// Who may see what; `None` on a node that has no charter.
    pub charter: RwLock<Option<Charter>>,
    /// Counts the changes of the charter.
    pub charter_changed: watch::Sender<u64>,
    pub(crate) requests: Mutex<Requests>,
    pub(crate) recent: Mutex<Recent>,
    pub(crate) tails: TailCache,
    /// What crisis teams work with, kept up from the first question on.
    pub(crate) boards: Boards,
    /// How incidents' phase, GRIP and teams changed, likewise.
    pub(crate) histories: Histories,
    /// Held by whoever tells the public what to do, until that is stored: of two at a time the second
    /// sees the first.
    pub(crate) telling: tokio::sync::Mutex<()>,
    /// Plans that this node called on and the charter has not taken in yet.
    pub(crate) calling: Calling,
    pub(crate) directory: Directory,
    pub(crate) maintenance: Mutex<()>,
    pen: Mutex<Pen>,
    /// Jobs in the last commit: many callers come back together, and must not be split.
    pub(crate) last_jobs: AtomicUsize,
    log: RwLock<Arc<Log>>,
    identity: Identity,
    key_id: Id,
    received_ms: AtomicI64,
    start_ms: i64,
    jobs: Mutex<Option<mpsc::Sender<Job>>>,
    room: Arc<Semaphore>,
    urgent_room: Arc<Semaphore>,
    failure: watch::Sender<Option<String>>,
    authors_wait: watch::Sender<bool>,
    epoch: AtomicU64,
    rebuilt_lsn: AtomicU64,
}

/// The thread that writes; joined at the end so that the last commit is whole.
pub type Writer = JoinHandle<()>;

/// Makes a new store with a new key.
pub fn init(
    path: &Path,
    engine: &str,
    display_name: &str,
    party: &str,
) -> Result<Identity, DirectoryError> {
    let directory = Directory::create(path)?;
    let signer = directory.create_key()?;
    let identity = new_identity(&signer, display_name, party, Vec::new());
    let log = Log::new(directory.new_engine(1, engine)?);
    log.set_identity(&identity)?;
    log.close()?;
    directory.switch(1, engine)?;
    Ok(identity)
}

/// An identity with a fresh store id.
pub fn new_identity(
    signer: &Signer,
    display_name: &str,
    party: &str,
    retired_keys: Vec<bytes::Bytes>,
) -> Identity {
    Identity {
        format: FORMAT,
        store_id: uuid::Uuid::new_v4().as_bytes().to_vec().into(),
        public_key: signer.public().as_bytes().to_vec().into(),
        display_name: display_name.to_owned(),
        party: party.to_owned(),
        retired_keys,
    }
}

impl Node {
    /// Opens a data directory and starts the writer.
    pub fn open(
        path: &Path,
        wall: Wall,
        options: &NodeOptions,
    ) -> Result<(Arc<Self>, Writer), DirectoryError> {
        let directory = Directory::open(path)?;
        let mut signer = directory.read_key()?;
        let log = Log::new(directory.open_engine()?);
        let missing = || DirectoryError::Missing(path.to_owned());
        let mut identity = log.identity()?.ok_or_else(missing)?;
        if let Some(next) = directory.read_next_key()?
            && identity.public_key[..] == next.public().as_bytes()[..]
        {
            directory.take_next_key()?;
            signer = next;
        }
        if identity.public_key[..] != signer.public().as_bytes()[..] {
            let path = path.join("identity/node.key");
            let problem = "is not the key of this store; a copied store needs `polder restore`";
            return Err(DirectoryError::Malformed { path, problem });
        }
        let mut opened = log.open()?;
        let behind = match &options.fence {
            Some(fence) => retire::behind_fence(fence, &identity, opened.picture.lsn())?,
            None => None,
        };
        if let Some(problem) = &behind {
            tracing::error!("this store was put back to an older copy: {problem}");
        }
        if behind.is_some() || directory.key_is_retired() {
            identity = retire::renew_key(&directory, &log, &identity)?;
            signer = directory.read_key()?;
        }
        let charter = charter::load(&log, &opened.picture, &identity)?;
        charter::judge(&log, &mut opened, charter.as_ref())?;
        let io = |error| DirectoryError::Io { path: path.to_owned(), error };
        let disk = Disk::new(path, options.reserve).map_err(io)?;
        let attachments = Attachments::open(&directory.attachments(), options).map_err(io)?;
        let (sender, jobs) = mpsc::channel(QUEUE_JOBS);
        let key_id = signer.id();
        let node = Arc::new(Self {
            changed: watch::Sender::new(opened.picture.lsn()),
            picture: RwLock::new(opened.picture),
            start_ms: wall.now_ms(),
            wall,
            disk,
            metrics: Metrics::default(),
            attachments,
            fence: options.fence.clone(),
            checkpoints: options.checkpoints,
            erasure: options.erasure,
            erasing: Notify::new(),
            acts: Pending::default(),
            sessions: Sessions::new(&identity.store_id, &signer),
            tokens: Tokens::new(&identity.store_id, &signer),
            charter: RwLock::new(charter),
            charter_changed: watch::Sender::new(0),
            requests: Mutex::new(opened.requests),
            recent: Mutex::default(),
            tails: TailCache::default(),
            boards: Boards::default(),
            histories: Histories::default(),
            telling: tokio::sync::Mutex::default(),
            calling: Calling::default(),
            directory,
            maintenance: Mutex::default(),
            last_jobs: AtomicUsize::new(1),
            pen: Mutex::new(Pen { signer, clock: Clock::after(opened.hlc) }),
            log: RwLock::new(Arc::new(log)),
            identity,
            key_id,
            received_ms: AtomicI64::new(opened.received_ms),
            jobs: Mutex::new(Some(sender)),
            room: Arc::new(Semaphore::new(QUEUE_KIB)),
            urgent_room: Arc::new(Semaphore::new(URGENT_QUEUE_KIB)),
            failure: watch::Sender::new(None),
            authors_wait: watch::Sender::new(false),
            epoch: AtomicU64::new(0),
            rebuilt_lsn: AtomicU64::new(opened.rebuilt_lsn),
        });
        let writer = {
            let node = Arc::clone(&node);
            let name = "polder-writer".to_owned();
            let run = move || publish::run(&node, jobs);
            std::thread::Builder::new().name(name).spawn(run).map_err(io)?
        };
        Ok((node, writer))
    }

    /// Has work done by the writer and waits until it is durable.
    pub async fn submit(
        self: &Arc<Self>,
        lane: Lane,
        request: Option<RequestKey>,
        weight: usize,
        task: Task,
    ) -> Result<Receipt, PublishError> {
        if *self.authors_wait.borrow() {
            let _ = self.authors_wait.subscribe().wait_for(|wait| !wait).await;
        }
        self.have_done(lane, weight, |reply| Work::Author { request, task, reply }).await
    }

    /// Has records of other nodes taken by the writer and waits until they are durable.
    pub async fn receive(
        self: &Arc<Self>,
        suffixes: Vec<(Suffix, NewScope)>,
    ) -> Result<Received, PublishError> {
        let mut received = self.receive_once(suffixes).await?;
        for received in &mut received {
            let settled = std::mem::replace(received, Ok(Head::default()));
            *received = self.settle(settled).await?;
        }
        Ok(received)
    }

    /// Records that are not those held under their numbers may be a branch's.
    pub(crate) async fn settle(
        self: &Arc<Self>,
        received: Result<Head, ReceiveError>,
    ) -> Result<Result<Head, ReceiveError>, PublishError> {
        match received {
            Err(ReceiveError::Fork { sequence, parted }) => {
                self.receive_branch(sequence, *parted).await
            }
            received => Ok(received),
        }
    }

    pub(crate) async fn receive_once(
        self: &Arc<Self>,
        suffixes: Vec<(Suffix, NewScope)>,
    ) -> Result<Received, PublishError> {
        let urgent = suffixes.iter().any(|(suffix, _)| suffix.feed().lane == Lane::Urgent);
        let lane = if urgent { Lane::Urgent } else { Lane::Bulk };
        let weight = suffixes.iter().map(|(suffix, _)| suffix.bytes() + 64 * suffix.len()).sum();
        self.have_done(lane, weight, |reply| Work::Receive { suffixes, reply }).await
    }

    /// Feeds of a scope that are held here, and where they end.
    pub fn heads(&self, scope: Id) -> Vec<(FeedName, Head)> {
        let picture = self.picture.read();
        let Some(index) = picture.scope_index(scope) else { return Vec::new() };
        let name = |feed: &Feed| Some((feed.name(scope)?, feed.head));
        picture.feeds_of(index).filter_map(name).collect()
    }

    pub(crate) async fn have_done<T>(
        self: &Arc<Self>,
        lane: Lane,
        weight: usize,
        work: impl FnOnce(Reply<T>) -> Work,
    ) -> Result<T, PublishError> {
        let jobs = self.jobs.lock().clone().ok_or(PublishError::Stopping)?;
        let semaphore = if lane == Lane::Urgent { &self.urgent_room } else { &self.room };
        let alone = self.last_jobs.load(Ordering::Relaxed) <= 1
            && self.room.available_permits() == QUEUE_KIB
            && self.urgent_room.available_permits() == URGENT_QUEUE_KIB;
        let kib = (weight / 1024 + 1).min(URGENT_QUEUE_KIB) as u32;
        let room = Arc::clone(semaphore).acquire_many_owned(kib).await;
        let room = room.map_err(|_| PublishError::Stopping)?;
        let (reply, mut answer) = oneshot::channel();
        let job = Job { work: work(reply), weight, room };
        let failed = || match self.failure() {
            Some(problem) => PublishError::Failed(problem),
            None => PublishError::Stopping,
        };
        // Two threads that wake each other cost as much as the disk; a caller who is alone
        // writes for itself.
        if alone && let Some(mut pen) = self.pen.try_lock() {
            let left = publish::commit(self, &mut pen, vec![job]);
            debug_assert!(left.is_empty(), "a single job repeats nothing");
            drop(pen);
            return answer.try_recv().map_err(|_| failed())?;
        }
        jobs.send(job).await.map_err(|_| failed())?;
        answer.await.map_err(|_| failed())?
    }

    /// The store's log. A compaction may put another in its place; the old one stays readable for
    /// as long as somebody holds it.
    pub fn log(&self) -> Arc<Log> {
        Arc::clone(&self.log.read())
    }

    /// Held during each commit; whoever holds it makes writers wait.
    pub(crate) fn pen(&self) -> &Mutex<Pen> {
        &self.pen
    }

    /// Puts another log in place; returns the old one.
    pub(crate) fn replace_log(&self, log: Log) -> Arc<Log> {
        std::mem::replace(&mut *self.log.write(), Arc::new(log))
    }

    /// Who this node is.
    pub fn identity(&self) -> &Identity {
        &self.identity
    }

    /// Key id: the origin of this node's records.
    pub fn key_id(&self) -> Id {
        self.key_id
    }

    /// When it was opened, milliseconds since 1970.
    pub fn start_ms(&self) -> i64 {
        self.start_ms
    }

    /// The present, told to someone who may ask later what was known by then: what is committed
    /// from here on carries a later time of receipt, so that the answer stays the same.
    pub fn tell_ms(&self) -> i64 {
        let now_ms = self.wall.now_ms();
        self.received_ms.fetch_max(now_ms + 1, Ordering::Relaxed);
        now_ms
    }

    /// Time of receipt for the next commit: the wall's, but never going back.
    pub(crate) fn next_received_ms(&self, wall_ms: i64) -> i64 {
        self.received_ms.fetch_max(wall_ms, Ordering::Relaxed).max(wall_ms)
    }

    /// Why the store failed, if it did.
    pub fn failure(&self) -> Option<String> {
        self.failure.borrow().clone()
    }

    /// Resolves when the store fails.
    pub async fn failed(&self) -> String {
        let mut failure = self.failure.subscribe();
        loop {
            if let Some(problem) = failure.borrow_and_update().clone() {
                return problem;
            }
            if failure.changed().await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    }

    /// How often the picture was built anew, see `rebuild.rs`.
    pub fn epoch(&self) -> u64 {
        self.epoch.load(Ordering::Acquire)
    }

    /// Until which position answers of the past do not fit the picture any more.
    pub fn rebuilt_lsn(&self) -> u64 {
        self.rebuilt_lsn.load(Ordering::Acquire)
    }

    pub(crate) fn note_rebuilt(&self, lsn: u64) {
        self.rebuilt_lsn.store(lsn, Ordering::Release);
        self.epoch.fetch_add(1, Ordering::AcqRel);
    }

    /// Notes that the store failed: from here on nothing is accepted.
    pub(crate) fn fail(&self, error: &EngineError) {
        tracing::error!(%error, "the store failed; nothing more is accepted");
        self.fail_because(error.to_string());
    }

    pub(crate) fn fail_because(&self, problem: String) {
        self.failure.send_replace(Some(problem));
    }

    /// Makes authors wait, or lets them go on. While a node has not heard its neighbours after a
    /// start it cannot know whether they hold records of its own that it lost.
    pub fn let_authors_wait(&self, wait: bool) {
        self.authors_wait.send_replace(wait);
    }

    /// Whether it stops, or its store failed.
    pub(crate) fn is_ending(&self) -> bool {
        self.jobs.lock().is_none() || self.failure.borrow().is_some()
    }

    /// Takes no more work. The writer ends when the last job is done.
    pub fn stop(&self) {
        self.jobs.lock().take();
    }
}

/// Waits for the writer and closes the store in good order.
pub fn close(node: Arc<Node>, writer: Writer) {
    node.stop();
    if writer.join().is_err() {
        tracing::error!("the writer panicked");
    }
    // Readers may still hold the log; the engines recover from that as from a crash.
    if let Some(node) = Arc::into_inner(node)
        && let Some(log) = Arc::into_inner(node.log.into_inner())
        && let Err(error) = log.close()
    {
        tracing::error!(%error, "the store did not close in good order");
    }
}
