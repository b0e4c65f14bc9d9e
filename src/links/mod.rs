//! Links to other nodes: dialled and accepted, driven, and reported. What is said on them is
//! decided by [`polder_picture::link`]; here is what waits.

mod board;
mod dial;
mod door;
mod drive;
mod edges;
mod files;
mod holders;
mod limits;
mod offers;
mod plan;
mod store;
mod wires;

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use futures::{FutureExt as _, future::BoxFuture};
use jiff::Zoned;
use parking_lot::Mutex;
use polder_picture::{
    admit::NewScope,
    link::{Bookmark, Shared, tips},
    record::{Id, Signer},
};
use polder_wire::v1::{Lane, LinkFrame, TipStatement};
use tokio::{
    sync::{Notify, broadcast, mpsc, watch},
    task::JoinHandle,
    time::Instant,
};
use tonic::transport::{self, Channel, Endpoint};

pub use self::plan::{Accept, DialPlan, LinksConfig};
use self::{
    board::Board,
    files::Files,
    holders::Holders,
    limits::{Held, Meters},
    offers::Offers,
    wires::Wires,
};
use crate::{node::Node, store::directory::DirectoryError, tls::Tls};

/// How often this node says that it lives.
const TIP_EVERY: Duration = Duration::from_secs(15);

/// Makes a connection to an endpoint. Over TCP, but a test has networks of its own.
pub type Connect =
    Arc<dyn Fn(Endpoint) -> BoxFuture<'static, Result<Channel, transport::Error>> + Send + Sync>;

/// All links of a node.
pub struct Links {
    connect: Connect,
    tls: Option<Arc<Tls>>,
    node: Arc<Node>,
    signer: Signer,
    config: LinksConfig,
    shared: Mutex<Shared>,
    /// What can be told of each node.
    pub board: Board,
    /// Which nodes hold what.
    pub holders: Holders,
    files: Arc<Files>,
    offers: Arc<Offers>,
    tipped: broadcast::Sender<Id>,
    bookmarks: Mutex<HashMap<Id, Bookmark>>,
    open: Mutex<HashMap<Id, OpenSession>>,
    /// One for each plan to dial; false: cut off on purpose.
    enabled: Vec<watch::Sender<bool>>,
    heard: watch::Sender<Heard>,
    meters: Meters,
    next_link: AtomicU32,
    start: Instant,
    ending: watch::Receiver<bool>,
}

/// How often the bytes of links are written down, when there were any.
const METERS_EVERY: Duration = Duration::from_secs(10);

/// How long authors wait for neighbours after a start.
const HEAR_FIRST: Duration = Duration::from_secs(2);

/// What was heard of any neighbour since the start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Heard {
    Nothing,
    Greeted,
    Same,
}

/// The one session with a peer.
struct OpenSession {
    link: u32,
    dialler: Id,
    end: Arc<Notify>,
}

impl Links {
    /// Links of a node; nothing is dialled before [`run`](Self::run).
    pub fn new(
        node: Arc<Node>,
        config: LinksConfig,
        tls: Option<Arc<Tls>>,
        ending: watch::Receiver<bool>,
    ) -> Result<Arc<Self>, DirectoryError> {
        let over_tcp = |endpoint: Endpoint| async move { endpoint.connect().await }.boxed();
        Self::made(Arc::new(over_tcp), node, config, tls, ending)
    }

    /// The same, over any network, which is taken for a safe one.
    pub fn over(
        connect: Connect,
        node: Arc<Node>,
        config: LinksConfig,
        ending: watch::Receiver<bool>,
    ) -> Result<Arc<Self>, DirectoryError> {
        Self::made(connect, node, config, None, ending)
    }

    fn made(
        connect: Connect,
        node: Arc<Node>,
        config: LinksConfig,
        tls: Option<Arc<Tls>>,
        ending: watch::Receiver<bool>,
    ) -> Result<Arc<Self>, DirectoryError> {
        let signer = node.directory.read_key()?;
        let meters = node.directory.path().join("link-bytes.toml");
        let enabled = config.dial.iter().map(|_| watch::Sender::new(true)).collect();
        Ok(Arc::new(Self {
            connect,
            tls,
            node,
            signer,
            config,
            shared: Mutex::default(),
            board: Board::default(),
            holders: Holders::default(),
            files: Arc::default(),
            offers: Arc::default(),
            tipped: broadcast::Sender::new(256),
            bookmarks: Mutex::default(),
            open: Mutex::default(),
            enabled,
            heard: watch::Sender::new(Heard::Nothing),
            meters: Meters::open(meters),
            next_link: AtomicU32::new(1),
            start: Instant::now(),
            ending,
        }))
    }

    /// Lets authors wait until neighbours had a moment to say what they hold of this node's own
    /// records: numbers that were used before must not be used again.
    async fn hear_first(self: Arc<Self>) {
        let mut heard = self.heard.subscribe();
        let _ = tokio::time::timeout(HEAR_FIRST, async {
            let _ = heard.wait_for(|heard| *heard != Heard::Nothing).await;
            let compared = heard.wait_for(|heard| *heard == Heard::Same);
            let _ = tokio::time::timeout(HEAR_FIRST / 2, compared).await;
        })
        .await;
        self.node.let_authors_wait(false);
    }

    fn heard(&self, heard: Heard) {
        self.heard.send_if_modified(|before| {
            let news = heard > *before;
            *before = heard.max(*before);
            news
        });
    }

    /// Dials all plans and keeps them up, until the tasks are aborted.
    pub fn run(self: &Arc<Self>) -> Vec<JoinHandle<()>> {
        let look = Arc::clone(&self.files).look(Arc::clone(&self.node));
        let mut tasks = vec![tokio::spawn(Arc::clone(self).live()), tokio::spawn(look)];
        if !self.config.dial.is_empty() {
            self.node.let_authors_wait(true);
            tasks.push(tokio::spawn(Arc::clone(self).hear_first()));
            tasks.push(tokio::spawn(Arc::clone(self).keep_meters()));
        }
        for plan in 0..self.config.dial.len() {
            tasks.push(tokio::spawn(dial::keep(Arc::clone(self), plan)));
        }
        tasks
    }

    async fn keep_meters(self: Arc<Self>) {
        loop {
            tokio::time::sleep(METERS_EVERY).await;
            let links = Arc::clone(&self);
            let _ = tokio::task::spawn_blocking(move || links.meters.save()).await;
        }
    }

    /// Scopes whose current entries were found to cite an attachment; what came in the last two
    /// seconds may be missing.
    pub fn citing(&self, sha256: &[u8; 32]) -> Vec<NewScope> {
        self.files.cited_by(sha256)
    }

    /// Lanes that may travel over a dialled link now, and why others may not.
    fn lanes_now(&self, plan: &DialPlan) -> (Vec<Lane>, Option<Held>) {
        let now = Zoned::now();
        limits::lanes_at(plan, now.time(), self.meters.today(&plan.address, &now))
    }

    /// Cuts a dialled link, or lets it come back.
    pub fn enable(&self, plan: usize, enabled: bool) {
        if let Some(switch) = self.enabled.get(plan) {
            switch.send_replace(enabled);
        }
    }

    /// What is configured.
    pub fn config(&self) -> &LinksConfig {
        &self.config
    }

    /// Takes a session that another node dialled; returns what is sent to it. `proven`: the key
    /// that its connection proved.
    pub fn accept(
        self: &Arc<Self>,
        proven: Option<Id>,
        incoming: impl futures::Stream<Item = Result<LinkFrame, tonic::Status>> + Send + Unpin + 'static,
    ) -> mpsc::Receiver<LinkFrame> {
        let (outgoing, frames) = mpsc::channel(drive::OUTGOING_MAX);
        let links = Arc::clone(self);
        tokio::spawn(async move {
            let wires = Wires { incoming: Box::pin(incoming), outgoing, proven };
            links.drive(wires, None).await;
        });
        frames
    }

    /// Signs of life, for as long as the node lives.
    async fn live(self: Arc<Self>) {
        let mut number = 0;
        loop {
            let wall_ms = self.node.wall.now_ms();
            // A restart goes on above the old number as long as the clock is not set back far.
            number = (number + 1).max(wall_ms.max(0) as u64);
            let identity = self.node.identity();
            let statement = TipStatement {
                public_key: identity.public_key.clone(),
                time_ms: wall_ms,
                number,
                display_name: identity.display_name.clone(),
                party: identity.party.clone(),
            };
            let tip = tips::sign(&self.signer, &statement);
            let own = self.shared.lock().tips.note(&tip, None, wall_ms);
            if let Some(own) = own {
                let _ = self.tipped.send(own);
            }
            tokio::time::sleep(TIP_EVERY).await;
        }
    }

    fn now_us(&self) -> u64 {
        self.start.elapsed().as_micros() as u64
    }

    /// Makes a session the one with its peer. Of two, the one dialled by the lower key id stays:
    /// both sides come to the same result. False: this one must go.
    fn register(&self, peer: Id, session: OpenSession) -> bool {
        let mut open = self.open.lock();
        if let Some(other) = open.get(&peer) {
            if other.dialler < session.dialler {
                return false;
            }
            other.end.notify_one();
        }
        open.insert(peer, session);
        true
    }

    fn unregister(&self, peer: Id, link: u32) -> bool {
        let mut open = self.open.lock();
        let ours = open.get(&peer).is_some_and(|session| session.link == link);
        if ours {
            open.remove(&peer);
        }
        ours
    }

    fn next_link(&self) -> u32 {
        self.next_link.fetch_add(1, Ordering::Relaxed)
    }
}
