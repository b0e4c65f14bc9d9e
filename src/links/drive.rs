//! Drives one session: frames in, frames out, commits, time.

use std::{collections::HashMap, sync::Arc, time::Duration};

use futures::StreamExt as _;
use jiff::Zoned;
use polder_picture::{
    charter,
    link::{Event, Fault, LANES, Local, Peer, Session, World as _},
    record::{Head, Id},
    suffix::FeedName,
};
use polder_wire::v1::{Lane, LinkFilePart, LinkFrame};
use tokio::{
    sync::{Notify, broadcast, mpsc, watch},
    time::MissedTickBehavior,
};

use super::{
    Heard, Links, OpenSession,
    board::Figures,
    door::Door,
    edges::Edges,
    files::{Written, WrittenPiece, write_all},
    store::{self, Inlet, Outcome},
    wires::{Ending, Wires},
};
use crate::node::Node;

/// Frames between the session and the transport: few, so that what is urgent is chosen late.
pub(super) const OUTGOING_MAX: usize = 2;
const TICK: Duration = Duration::from_millis(250);
/// Ticks between two looks at how far behind each side is.
const FIGURES_EVERY: u32 = 4;

/// A file that the peer did not have is asked for again after so long.
const ASK_AGAIN_US: u64 = 20_000_000;

struct Driver<'a> {
    links: &'a Arc<Links>,
    session: Session,
    door: Door,
    inlet: Inlet,
    /// Last known end of each feed, by its index in the picture.
    ends: Vec<u64>,
    /// The same of the records that a checkpoint left out and that are missing.
    edges: Edges,
    plan: Option<usize>,
    link: u32,
    end: Arc<Notify>,
    heard_ms: i64,
    ticks: u32,
    /// Bytes of this session that were counted.
    counted: u64,
    pieces: mpsc::UnboundedSender<([u8; 32], LinkFilePart)>,
    /// Files that the peer did not have, and when to ask again.
    not_here: HashMap<[u8; 32], u64>,
}

/// Gives back what a session holds, also when its task is dropped in the middle.
struct Closing<'a> {
    links: &'a Arc<Links>,
    link: u32,
    peer: Option<Peer>,
    problem: String,
}

impl Drop for Closing<'_> {
    fn drop(&mut self) {
        self.links.shared.lock().wants.release_all(self.link);
        if let Some(peer) = &self.peer
            && self.links.unregister(peer.node, self.link)
        {
            let now_ms = self.links.node.wall.now_ms();
            self.links.board.cut_off(peer.node, &self.problem, now_ms);
        }
    }
}

impl Drop for Driver<'_> {
    fn drop(&mut self) {
        self.count();
    }
}

impl Links {
    /// Drives a session to its end. `dialled`: which plan, and the lanes that may travel now.
    pub(super) async fn drive(
        self: &Arc<Self>,
        wires: Wires,
        dialled: Option<(usize, Vec<Lane>)>,
    ) -> Ending {
        let link = self.next_link();
        let plan = dialled.as_ref().map(|(plan, _)| *plan);
        let lanes = dialled.map_or_else(|| LANES.to_vec(), |(_, lanes)| lanes);
        let dialled = plan.map(|plan| &self.config.dial[plan]);
        let identity = self.node.identity();
        let store_id: [u8; 16] = identity.store_id[..].try_into().unwrap_or_default();
        let local = Local {
            signer: self.signer.clone(),
            display_name: identity.display_name.clone(),
            party: identity.party.clone(),
            store_id,
            link,
            cost: dialled.map_or(10, |plan| plan.cost),
            lanes,
            expected: dialled.and_then(|plan| plan.node),
            incidents: dialled.map(|plan| plan.incidents.clone()).unwrap_or_default(),
            checkpoints: self.node.checkpoints.take,
        };
        let incidents = local.incidents.clone();
        let bookmark = dialled.and_then(|plan| plan.node);
        let bookmark = bookmark.and_then(|node| self.bookmarks.lock().get(&node).cloned());
        let now_us = self.now_us();
        let wall_ms = self.node.wall.now_ms();
        let session =
            Session::new(local, rand::random(), bookmark.unwrap_or_default(), now_us, wall_ms);
        let (inlet, outcomes) = store::start(Arc::clone(&self.node));
        let (pieces, written) = write_all(Arc::clone(&self.node));
        let mut driver = Driver {
            links: self,
            session,
            door: self.door(incidents, wires.proven),
            inlet,
            ends: ends(&self.node),
            edges: Edges::of(&self.node),
            plan,
            link,
            end: Arc::new(Notify::new()),
            heard_ms: wall_ms,
            ticks: 0,
            pieces,
            counted: 0,
            not_here: HashMap::new(),
        };
        let mut closing =
            Closing { links: self, link, peer: None, problem: "the connection broke".into() };
        let ending = driver.run(wires, outcomes, written, &mut closing.peer).await;
        if let Some(peer) = driver.session.peer() {
            self.bookmarks.lock().insert(peer.node, driver.session.bookmark());
        }
        closing.problem.clone_from(&ending.problem);
        ending
    }
}

fn ends(node: &Node) -> Vec<u64> {
    node.picture.read().feeds().iter().map(|feed| feed.head.sequence).collect()
}

impl Driver<'_> {
    async fn run(
        &mut self,
        mut wires: Wires,
        mut outcomes: mpsc::UnboundedReceiver<Outcome>,
        mut written: mpsc::UnboundedReceiver<WrittenPiece>,
        peer: &mut Option<Peer>,
    ) -> Ending {
        let node = Arc::clone(&self.links.node);
        let mut changed = node.changed.subscribe();
        let mut ruled = node.charter_changed.subscribe();
        let mut tipped = self.links.tipped.subscribe();
        let mut ending: watch::Receiver<bool> = self.links.ending.clone();
        let mut tick = tokio::time::interval(TICK);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let end = Arc::clone(&self.end);
        let mut full = true;
        let fault = loop {
            let stepped = tokio::select! {
                permit = wires.outgoing.reserve(), if full => match permit {
                    Err(_) => return Ending::because("the connection broke"),
                    Ok(permit) => {
                        let now_us = self.links.now_us();
                        let mut shared = self.links.shared.lock();
                        match self.session.next(now_us, &self.door, &mut shared) {
                            Some(frame) => permit.send(frame),
                            None => full = false,
                        }
                        continue;
                    }
                },
                frame = wires.incoming.next() => match frame {
                    None => return Ending::because("the other side ended the session"),
                    Some(Err(status)) => return Ending::because(status.message()),
                    Some(Ok(frame)) => match self.frame(frame, peer) {
                        Ok(Some(ending)) => return ending,
                        Ok(None) => Ok(()),
                        Err(fault) => Err(fault),
                    },
                },
                Some(outcome) = outcomes.recv() => self.outcome(outcome),
                Some((sha256, bytes, written)) = written.recv() => {
                    self.written(sha256, bytes, written);
                    Ok(())
                }
                _ = changed.changed() => {
                    self.moved();
                    Ok(())
                }
                _ = ruled.changed() => self.ruled(),
                tip = tipped.recv() => {
                    match tip {
                        Ok(tip) => self.session.tipped(tip),
                        Err(broadcast::error::RecvError::Lagged(_)) => self.tell_all_tips(),
                        Err(broadcast::error::RecvError::Closed) => {}
                    }
                    Ok(())
                }
                _ = tick.tick() => self.tick(),
                () = end.notified() => {
                    let sentence = "there is another session with this node";
                    break Fault { reason: "SESSION_TWICE", sentence: sentence.into() };
                }
                _ = ending.wait_for(|ending| *ending) => {
                    let sentence = "the node is shutting down";
                    break Fault { reason: "SHUTTING_DOWN", sentence: sentence.into() };
                }
            };
            if let Err(fault) = stepped {
                break fault;
            }
            full = true;
        };
        let known = self.session.peer().map(|peer| peer.node.to_string()).unwrap_or_default();
        if !["SHUTTING_DOWN", "SESSION_TWICE"].contains(&fault.reason) {
            tracing::warn!(peer = known, reason = fault.reason, "a link ends: {}", fault.sentence);
        }
        let bye = Session::bye(fault.reason, &fault.sentence, 5_000);
        let _ = tokio::time::timeout(Duration::from_secs(1), wires.outgoing.send(bye)).await;
        Ending { problem: fault.sentence, retry_after: Some(Duration::from_secs(1)) }
    }

    fn frame(
        &mut self,
        frame: LinkFrame,
        peer: &mut Option<Peer>,
    ) -> Result<Option<Ending>, Fault> {
        let now_us = self.links.now_us();
        let wall_ms = self.links.node.wall.now_ms();
        self.heard_ms = wall_ms;
        let events = {
            let mut shared = self.links.shared.lock();
            self.session.receive(frame, now_us, wall_ms, &self.door, &mut shared)?
        };
        for event in events {
            match event {
                Event::Opened(opened) => {
                    self.door.lists[1].clone_from(&opened.incidents);
                    self.opened(&opened, wall_ms)?;
                    *peer = Some(opened);
                }
                Event::Delivery(delivery) => self.inlet.push(*delivery),
                // Bounded by the credit that the session grants, as deliveries are.
                Event::File { sha256, part } => {
                    let _ = self.pieces.send((sha256, part));
                }
                Event::Bye(bye) => {
                    let retry_after =
                        Duration::from_millis(u64::from(bye.retry_after_ms.min(600_000)));
                    let problem = format!("the other side ended it: {}", bye.sentence);
                    return Ok(Some(Ending { problem, retry_after: Some(retry_after) }));
                }
                Event::Held { feed, sequence } => {
                    if let Some(peer) = self.session.peer() {
                        self.links.holders.note(peer.node, feed, sequence, wall_ms);
                    }
                }
                Event::Same => {
                    self.links.heard(Heard::Same);
                    self.all_held(wall_ms);
                }
                Event::Tip(node) => {
                    let _ = self.links.tipped.send(node);
                }
                other => self.told(other),
            }
        }
        Ok(None)
    }

    fn told(&self, event: Event) {
        let peer = self.session.peer().map(|peer| peer.node.to_string()).unwrap_or_default();
        match event {
            Event::Fork { feed, .. } if feed.origin == self.links.node.key_id() => {
                let problem = format!(
                    "node {peer} holds records of it that this node does not: the store was put \
                     back to an older copy, or the key is used twice"
                );
                self.links.node.retire_key(&problem);
            }
            Event::Fork { feed, sequence } => tracing::error!(
                peer, feed = %feed.id(), origin = %feed.origin, sequence,
                "a feed has forked: one key wrote two different records with one number"
            ),
            Event::Refused { reason, sentence }
                if ["FEED_ARCHIVED", "FEED_COVERED"].contains(&&*reason) =>
            {
                tracing::info!(peer, "the other side no longer has something: {sentence}");
            }
            Event::Refused { reason, sentence } => {
                tracing::warn!(peer, reason, "the other side refused something: {sentence}");
            }
            _ => {}
        }
    }

    fn opened(&mut self, peer: &Peer, wall_ms: i64) -> Result<(), Fault> {
        let config = self.links.config();
        self.door.same_key(peer.node)?;
        if self.plan.is_none() && !config.accepts(peer.node) {
            let sentence = format!("this node does not accept links from node {}", peer.node);
            return Err(Fault { reason: "NODE_NOT_ACCEPTED", sentence });
        }
        self.certified(peer.node)?;
        let own = self.links.node.key_id();
        let dialler = if self.plan.is_some() { own } else { peer.node };
        let session = OpenSession { link: self.link, dialler, end: Arc::clone(&self.end) };
        if !self.links.register(peer.node, session) {
            let sentence = "there is another session with this node";
            return Err(Fault { reason: "SESSION_TWICE", sentence: sentence.into() });
        }
        let dialled = self.plan.map(|plan| (plan, config.dial[plan].address.as_str()));
        self.links.board.connected(peer, dialled, wall_ms);
        self.links.heard(Heard::Greeted);
        tracing::info!(peer = %peer.node, name = peer.display_name, "linked");
        self.tell_all_tips();
        Ok(())
    }

    fn ruled(&mut self) -> Result<(), Fault> {
        let Some(peer) = self.session.peer().map(|peer| peer.node) else { return Ok(()) };
        self.certified(peer)?;
        let now_us = self.links.now_us();
        self.session.ruled(now_us, &self.door, &mut self.links.shared.lock())
    }

    /// Under a charter a node links with those only that it names.
    fn certified(&self, peer: Id) -> Result<(), Fault> {
        let charter = self.links.node.charter.read();
        if charter.as_ref().is_none_or(|charter| charter.is_certified(peer)) {
            return Ok(());
        }
        let sentence =
            format!("the charter of this node gives node {peer} no certificate, or cut it off");
        Err(Fault { reason: "NODE_NOT_CERTIFIED", sentence })
    }

    fn tell_all_tips(&mut self) {
        let nodes: Vec<_> = self.links.shared.lock().tips.nodes().keys().copied().collect();
        nodes.into_iter().for_each(|node| self.session.tipped(node));
    }

    /// Both sides hold the same: the peer holds all that is held here.
    fn all_held(&self, wall_ms: i64) {
        let Some(peer) = self.session.peer() else { return };
        let picture = self.links.node.picture.read();
        let feeds: Vec<_> = picture.held_feeds().map(|feed| feed.id).collect();
        drop(picture);
        for feed in feeds {
            if let Some(sequence) = self.session.holds(feed) {
                self.links.holders.note(peer.node, feed, sequence, wall_ms);
            }
        }
    }

    fn outcome(&mut self, outcome: Outcome) -> Result<(), Fault> {
        let Outcome { feed, bytes, stored, filled } = outcome;
        let (now_us, stored) = (self.links.now_us(), stored?);
        // The commit moved heads that the session should know before it tells of them.
        self.moved();
        if let Some(filled) = filled {
            let mut shared = self.links.shared.lock();
            self.session.fill_stored(feed.id(), bytes, filled, now_us, &mut shared);
            self.session.ask_fill(now_us, &self.door, &mut shared);
            return Ok(());
        }
        let events = self.session.stored(feed, bytes, stored, now_us);
        events.into_iter().for_each(|event| self.told(event));
        Ok(())
    }

    fn written(&mut self, sha256: [u8; 32], bytes: usize, written: Written) {
        self.session.file_written(bytes);
        if written == Written::Some {
            return;
        }
        if written == Written::Not {
            self.not_here.insert(sha256, self.links.now_us() + ASK_AGAIN_US);
        }
        self.session.file_ended(sha256, &mut self.links.shared.lock());
        self.want_files();
    }

    /// Wants the next file that is cited and not here, if none is under way.
    fn want_files(&mut self) {
        let node = &self.links.node;
        let now_us = self.links.now_us();
        self.not_here.retain(|_, until| *until > now_us);
        for sha256 in self.links.files.missing(node) {
            let scopes = self.links.files.cited_by(&sha256);
            let peer = self.session.peer().map(|peer| peer.node).unwrap_or_default();
            let travels = scopes.iter().any(|scope| self.door.allows(peer, scope));
            if travels && !self.not_here.contains_key(&sha256) {
                let offset = node.attachments.begun(&sha256);
                let mut shared = self.links.shared.lock();
                if self.session.want_file(sha256, offset, now_us, &mut shared) {
                    return;
                }
            }
        }
    }

    /// Tells the session which feeds moved since the last time.
    fn moved(&mut self) {
        let mut moved: Vec<(FeedName, _, u64, Head)> = Vec::new();
        {
            let picture = self.links.node.picture.read();
            self.ends.resize(picture.feeds().len(), 0);
            for (feed, end) in picture.feeds().iter().zip(&mut self.ends) {
                if feed.head.sequence == *end {
                    continue;
                }
                let before = std::mem::replace(end, feed.head.sequence);
                let scope = picture.scope(feed.scope);
                if let Some(name) = feed.name(scope.id) {
                    moved.push((name, scope.name(), before, feed.head));
                }
            }
        }
        // Who may see what goes before what they may see.
        moved.sort_by_key(|(_, scope, ..)| scope.incident != charter::INCIDENT);
        for (feed, scope, before, head) in moved {
            self.session.committed(feed, &scope, before, head, &self.door);
        }
        for (feed, edge) in self.edges.moved(&self.links.node) {
            self.session.filled(feed, edge, &self.door);
        }
    }

    /// Counts the bytes that went since the last time.
    fn count(&mut self) {
        if let Some(plan) = self.plan {
            let (sent, received) = self.session.bytes();
            let fresh = (sent + received).saturating_sub(self.counted);
            self.counted += fresh;
            let address = &self.links.config().dial[plan].address;
            self.links.meters.add(address, fresh, &Zoned::now());
        }
    }

    fn tick(&mut self) -> Result<(), Fault> {
        self.count();
        let now_us = self.links.now_us();
        {
            let mut shared = self.links.shared.lock();
            self.session.tick(now_us, &self.door, &mut shared)?;
        }
        self.ticks += 1;
        if self.ticks.is_multiple_of(FIGURES_EVERY) && self.session.is_open() {
            self.want_files();
        }
        if let Some(peer) = self.session.peer().filter(|_| self.ticks.is_multiple_of(FIGURES_EVERY))
        {
            let figures = Figures {
                behind: self.session.behind(&self.door),
                round_trip_us: self.session.round_trip_us(),
                bytes: self.session.bytes(),
                rates: self.session.rates(),
                clock_offset_ms: peer.clock_offset_ms,
            };
            self.links.board.figures(peer.node, figures, self.heard_ms);
        }
        Ok(())
    }
}
