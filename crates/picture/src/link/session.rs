//! A session with one peer: its state, and what happens when time passes or a commit is made.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use polder_wire::v1::{
    Lane, LinkBye, LinkFrame, LinkPing, LinkPong, LinkRefused, link_frame::Kind,
};

use super::{
    Bookmark, Event, Fault, LANES, Peer, World,
    claims::Archived,
    files::Files,
    fills::Fills,
    flow::{Credit, Grants},
    id_of,
    leaps::Leaps,
    receive::Receiving,
    send::Sending,
    tips::Tips,
    wants::Wants,
};
use crate::{
    admit::NewScope,
    charter,
    record::{Head, Id, Signer},
    suffix::FeedName,
};

/// A peer that says nothing for so long is gone.
const SILENT_US: u64 = 60_000_000;
const PING_BUSY_US: u64 = 1_000_000;
const PING_IDLE_US: u64 = 15_000_000;
/// How often both sides compare their digests once all is quiet.
const CHECK_US: u64 = 30_000_000;
/// The same, when all that differs is in files.
const CHECK_APART_US: u64 = 600_000_000;
/// Tips wait so long at the start: others matter more then.
const TIPS_US: u64 = 5_000_000;
/// So many wants are tried at once when time passes.
const CLAIMS_MAX: usize = 1_000;

/// This side of a session.
#[derive(Debug, Clone)]
pub struct Local {
    /// The node's key.
    pub signer: Signer,
    /// Name that the operator gave.
    pub display_name: String,
    /// Party, without `parties/`.
    pub party: String,
    /// The node's store.
    pub store_id: [u8; 16],
    /// Number of the link among those of this node.
    pub link: u32,
    /// What using it costs: feeds are wanted from the cheapest.
    pub cost: u32,
    /// Lanes that may travel here.
    pub lanes: Vec<Lane>,
    /// The node that must answer; `None`: any.
    pub expected: Option<Id>,
    /// Incidents that may travel here; empty: all. The peer's list counts as well.
    pub incidents: Vec<String>,
    /// Feeds of which nothing is held may come by a checkpoint, if the rest follows.
    pub checkpoints: bool,
}

/// Shared by all sessions of a node.
#[derive(Debug, Default)]
pub struct Shared {
    /// Which link each feed is wanted from.
    pub wants: Wants,
    /// Last signs of life.
    pub tips: Tips,
}

/// How far greeting has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Phase {
    /// Waits for the hello.
    Hello,
    /// Waits for the proof.
    Proof { key: [u8; 32], peer: Peer },
    /// Records flow.
    Open,
}

#[derive(Debug)]
pub(super) struct ScopeState {
    pub(super) name: NewScope,
    /// Round of the peer's listing that named it last.
    pub(super) listed: u32,
}

#[derive(Debug)]
pub(super) struct FeedState {
    pub(super) name: FeedName,
    /// What the peer is known to hold.
    pub(super) theirs: Option<u64>,
    /// Sent or on its way, up to here.
    pub(super) sent: u64,
    /// Later records follow by themselves.
    pub(super) push: bool,
    pub(super) forked: bool,
    /// What either side archived of it.
    pub(super) archived: Archived,
    /// Of a branch: the last record before it.
    pub(super) after: u64,
    /// Round of the peer's heads that named it last.
    pub(super) listed: u32,
    /// Wanted from this peer.
    pub(super) wanted: bool,
    /// When it was asked for last, or came.
    pub(super) moved_us: u64,
}

/// A session. See the [module](super) for what it says and when.
#[derive(Debug)]
pub struct Session {
    pub(super) local: Local,
    pub(super) nonce: [u8; 16],
    pub(super) peer_nonce: [u8; 16],
    pub(super) phase: Phase,
    pub(super) peer: Option<Peer>,
    pub(super) lanes: Vec<Lane>,
    pub(super) bookmark: Bookmark,
    /// Small frames that go as they come.
    pub(super) control: VecDeque<LinkFrame>,
    pub(super) scopes: BTreeMap<Id, ScopeState>,
    pub(super) feeds: BTreeMap<Id, FeedState>,
    pub(super) round: u32,
    pub(super) scopes_due: BTreeSet<Id>,
    pub(super) scopes_end_due: bool,
    pub(super) heads_due: BTreeSet<(Id, Id)>,
    pub(super) heads_end_due: BTreeSet<Id>,
    pub(super) wants_due: BTreeMap<Id, bool>,
    pub(super) held_due: BTreeMap<Id, u64>,
    pub(super) tips_due: BTreeSet<Id>,
    /// Feeds of which the peer holds more.
    pub(super) lacking: BTreeSet<Id>,
    pub(super) pending: [BTreeSet<Id>; 3],
    pub(super) last_fed: [Id; 3],
    pub(super) sending: [Option<Sending>; 3],
    pub(super) receiving: [Option<Receiving>; 3],
    pub(super) files: Files,
    pub(super) fills: Fills,
    pub(super) leaps: Leaps,
    pub(super) undelivered: usize,
    /// Transfers that came of scopes that may not travel here.
    pub(super) strangers: u32,
    pub(super) grants: Grants,
    pub(super) credit: Credit,
    pub(super) heard_us: u64,
    opened_us: u64,
    pinged_us: u64,
    pub(super) checked_us: u64,
    pub(super) same: bool,
    /// The two sides differ for good in what either archived: there is no hurry to compare.
    pub(super) apart: bool,
    /// Scopes of charters.
    pub(super) charter_scopes: BTreeSet<Id>,
    /// Feeds of charters: they go before all others.
    pub(super) charter_feeds: BTreeSet<Id>,
    /// Nothing is wanted before: the store takes nothing.
    pub(super) later_us: u64,
    pub(super) refused: u32,
    /// Bytes that went and came.
    pub(super) bytes: (u64, u64),
    /// Bytes and records of transfers, by lane.
    pub(super) packed: [(u64, u64); 3],
}

pub(super) fn frame(kind: Kind) -> LinkFrame {
    LinkFrame { kind: Some(kind) }
}

pub(super) fn lane_index(lane: Lane) -> Option<usize> {
    LANES.iter().position(|known| *known == lane)
}

impl Session {
    /// Begins a session. The nonce is random; the bookmark is what was remembered of this peer.
    pub fn new(
        local: Local,
        nonce: [u8; 16],
        bookmark: Bookmark,
        now_us: u64,
        wall_ms: i64,
    ) -> Self {
        let mut session = Self {
            lanes: local.lanes.clone(),
            nonce,
            peer_nonce: [0; 16],
            phase: Phase::Hello,
            peer: None,
            bookmark,
            control: VecDeque::new(),
            scopes: BTreeMap::new(),
            feeds: BTreeMap::new(),
            round: 1,
            scopes_due: BTreeSet::new(),
            scopes_end_due: false,
            heads_due: BTreeSet::new(),
            heads_end_due: BTreeSet::new(),
            wants_due: BTreeMap::new(),
            held_due: BTreeMap::new(),
            tips_due: BTreeSet::new(),
            lacking: BTreeSet::new(),
            pending: Default::default(),
            last_fed: Default::default(),
            sending: Default::default(),
            receiving: Default::default(),
            files: Files::default(),
            fills: Fills::default(),
            leaps: Leaps::default(),
            undelivered: 0,
            strangers: 0,
            grants: Grants::default(),
            credit: Credit::new(0),
            heard_us: now_us,
            opened_us: now_us,
            pinged_us: 0,
            checked_us: now_us,
            same: false,
            apart: false,
            charter_scopes: BTreeSet::new(),
            charter_feeds: BTreeSet::new(),
            later_us: 0,
            refused: 0,
            bytes: (0, 0),
            packed: Default::default(),
            local,
        };
        session.greet(wall_ms);
        session
    }

    /// The other side, once it has proved itself.
    pub fn peer(&self) -> Option<&Peer> {
        self.peer.as_ref()
    }

    /// True when records may flow.
    pub fn is_open(&self) -> bool {
        self.phase == Phase::Open
    }

    /// True while both sides are known to hold the same.
    pub fn is_same(&self) -> bool {
        self.same && self.lacking.is_empty() && self.pending.iter().all(BTreeSet::is_empty)
    }

    /// Shortest round trip of this session, microseconds.
    pub fn round_trip_us(&self) -> Option<u64> {
        self.grants.round_trip_us()
    }

    /// Bytes a second that were seen to come; what the peer sees of ours.
    pub fn rates(&self) -> (u64, u64) {
        (self.grants.rate(), self.credit.rate)
    }

    /// Bytes of frames that went and came.
    pub fn bytes(&self) -> (u64, u64) {
        self.bytes
    }

    /// What to remember of the peer for the next session.
    pub fn bookmark(&self) -> Bookmark {
        let Some(peer) = &self.peer else { return self.bookmark.clone() };
        let urgent = self.feeds.iter().filter(|(_, state)| state.name.lane == Lane::Urgent);
        Bookmark {
            store_id: peer.store_id,
            urgent: urgent.filter_map(|(id, state)| Some((*id, state.theirs?))).collect(),
        }
    }

    /// Up to where the peer is known to hold a feed.
    pub fn holds(&self, feed: Id) -> Option<u64> {
        self.feeds.get(&feed)?.theirs
    }

    /// A commit moved a feed of this node's picture from `before` to `head`.
    pub fn committed(
        &mut self,
        feed: FeedName,
        scope: &NewScope,
        before: u64,
        head: Head,
        world: &dyn World,
    ) {
        let Some(lane) = lane_index(feed.lane) else { return };
        if !self.is_open() || !self.lanes.contains(&feed.lane) || !self.travels(world, scope) {
            return;
        }
        self.same = false;
        self.know_scope(scope);
        let id = feed.id();
        let urgent = feed.lane == Lane::Urgent;
        if head.sequence < before {
            // It was found to have forked and closes here. The peer hears of its branches.
            let state = self.feed(feed);
            (state.forked, state.sent) = (false, state.sent.min(head.sequence));
            self.lacking.remove(&id);
            self.tell_heads(feed.scope, world);
            return;
        }
        self.moved(id, head);
        self.fill_may_follow(id, head.sequence, world);
        let state = self.feed(feed);
        if state.forked {
            return;
        }
        if before == 0 && urgent && state.theirs.is_none() {
            state.theirs = Some(0);
        }
        match state.theirs {
            Some(theirs) if theirs >= head.sequence => {
                if theirs == head.sequence {
                    self.lacking.remove(&id);
                }
            }
            Some(_) if state.push || urgent => {
                self.pending[lane].insert(id);
            }
            _ => {
                self.heads_due.insert((feed.scope, id));
            }
        }
    }

    /// A newer tip of a node became known.
    pub fn tipped(&mut self, node: Id) {
        if self.is_open() {
            self.tips_due.insert(node);
        }
    }

    /// Lets time pass. To be called a few times a second.
    pub fn tick(
        &mut self,
        now_us: u64,
        world: &dyn World,
        shared: &mut Shared,
    ) -> Result<(), Fault> {
        if now_us.saturating_sub(self.heard_us) > SILENT_US {
            return Err(Fault::new("PEER_SILENT", "the peer has said nothing for a minute"));
        }
        if !self.is_open() {
            return Ok(());
        }
        let busy = self.receiving.iter().any(Option::is_some)
            || self.grants.round_trip_us().is_none()
            || !self.lacking.is_empty();
        let pause = if busy { PING_BUSY_US } else { PING_IDLE_US };
        if now_us.saturating_sub(self.pinged_us) >= pause {
            self.ping(now_us);
        }
        self.ask_again();
        self.ask_fill(now_us, world, shared);
        if now_us < self.later_us {
            return Ok(());
        }
        let lacking: Vec<_> = self.lacking.iter().copied().take(CLAIMS_MAX).collect();
        for feed in lacking {
            self.claim(feed, now_us, world, shared);
        }
        let pause = if self.apart { CHECK_APART_US } else { CHECK_US };
        if self.idle() && now_us.saturating_sub(self.checked_us) > pause && !self.same {
            self.checked_us = now_us;
            self.say(self.own_digest(world, true));
        }
        Ok(())
    }

    /// Says goodbye; nothing else follows.
    pub fn bye(reason: &str, sentence: &str, retry_after_ms: u32) -> LinkFrame {
        let (reason, sentence) = (reason.to_owned(), sentence.to_owned());
        frame(Kind::Bye(LinkBye { reason, sentence, retry_after_ms }))
    }

    pub(super) fn ping(&mut self, now_us: u64) {
        self.pinged_us = now_us;
        self.say(frame(Kind::Ping(LinkPing { time_ms: now_us as i64 })));
    }

    pub(super) fn pong(&mut self, ping: &LinkPing, wall_ms: i64) {
        self.say(frame(Kind::Pong(LinkPong { time_ms: ping.time_ms, wall_ms })));
    }

    pub(super) fn refuse(&mut self, reason: &str, sentence: &str, feed: Option<Id>, sequence: u64) {
        self.refused += 1;
        let feed = feed.map(|feed| feed.0.to_vec().into()).unwrap_or_default();
        let (reason, sentence) = (reason.to_owned(), sentence.to_owned());
        let refused = LinkRefused { reason, sentence, feed, sequence, fill: false };
        self.say(frame(Kind::Refused(refused)));
    }

    /// Nothing is under way or waiting.
    pub(super) fn idle(&self) -> bool {
        self.lacking.is_empty()
            && self.undelivered == 0
            && self.leaps.is_idle()
            && self.pending.iter().all(BTreeSet::is_empty)
            && self.sending.iter().all(Option::is_none)
            && self.receiving.iter().all(Option::is_none)
            && self.heads_due.is_empty()
            && self.scopes_due.is_empty()
    }

    pub(super) fn opened(&mut self, now_us: u64, world: &dyn World) -> Vec<Event> {
        self.phase = Phase::Open;
        self.opened_us = now_us;
        let peer = self.peer.clone().expect("a peer proved itself");
        if self.bookmark.store_id == peer.store_id {
            self.push_urgent(world);
        }
        self.say(self.own_digest(world, false));
        self.ping(now_us);
        vec![Event::Opened(peer)]
    }

    /// Urgent records that the peer is known to lack need no more talk.
    fn push_urgent(&mut self, world: &dyn World) {
        let bookmark = std::mem::take(&mut self.bookmark.urgent);
        for scope in self.scopes_shared(world) {
            for (feed, head) in world.feeds(id_of(&scope)) {
                let id = feed.id();
                let known = bookmark.get(&id).copied();
                if let Some(theirs) = known.filter(|theirs| *theirs < head.sequence) {
                    self.know_scope(&scope);
                    let state = self.feed(feed);
                    (state.theirs, state.sent) = (Some(theirs), theirs);
                    self.pending[0].insert(id);
                }
            }
        }
    }

    pub(super) fn tips_may_go(&self, now_us: u64) -> bool {
        now_us.saturating_sub(self.opened_us) >= TIPS_US
    }

    pub(super) fn know_scope(&mut self, scope: &NewScope) -> Id {
        let id = id_of(scope);
        if scope.incident == charter::INCIDENT {
            self.charter_scopes.insert(id);
        }
        let due = &mut self.scopes_due;
        self.scopes.entry(id).or_insert_with(|| {
            due.insert(id);
            ScopeState { name: scope.clone(), listed: 0 }
        });
        id
    }

    pub(super) fn feed(&mut self, name: FeedName) -> &mut FeedState {
        if self.charter_scopes.contains(&name.scope) {
            self.charter_feeds.insert(name.id());
        }
        self.feeds.entry(name.id()).or_insert(FeedState {
            name,
            theirs: None,
            sent: 0,
            push: false,
            forked: false,
            archived: Archived::default(),
            after: 0,
            listed: 0,
            wanted: false,
            moved_us: 0,
        })
    }
}
