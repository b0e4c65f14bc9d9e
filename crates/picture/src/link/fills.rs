//! What a checkpoint left out, asked for and given after everything else: one transfer at a time,
//! in bulk, from the records that are held down to the first of the feed.
//!
//! Who asks has nothing else to want of the peer, and asks one peer for a feed at a time. Who
//! cannot give says so once; when it can later, it says that too.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use bytes::Bytes;
use polder_wire::v1::{
    Envelope, Lane, LinkFillFeed, LinkFillReady, LinkFillWant, LinkFrame, LinkRefused,
    LinkTransfer, link_frame::Kind,
};

use super::{
    BULK, Fault, World,
    claims::{FEED_ARCHIVED, FEED_COVERED},
    codec::{Packed, TRANSFER_BYTES_MAX, pack},
    receive::id_bytes,
    send::Sending,
    session::{Session, Shared, frame, lane_index},
};
use crate::{
    fill::Gap,
    record::{Head, Id},
    suffix::FeedName,
};

/// Wants of the peer that wait; an honest one has one.
const SERVING_MAX: usize = 4;
/// What could not be stored is asked for again after so long.
const LATER_US: u64 = 5_000_000;
/// A peer that could not give is asked again after so long, if it did not say that it can before.
const AGAIN_US: u64 = 600_000_000;
/// The same of a peer that does not know the scope yet.
const SOON_US: u64 = 10_000_000;
/// Feeds that a peer asked for and could not get are remembered, to tell it when it can.
const OWED_MAX: usize = 10_000;
/// Feeds in one frame.
const READY_MAX: usize = 64;

/// Why such records were not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    /// Not now: the disk is full.
    Later,
    /// Not this feed, for a while.
    Feed,
    /// They contradict what the checkpoint keeps.
    ForGood,
}

/// The stable reason of a refusal: nothing is held of the feed, or it may not travel.
const FEED_UNKNOWN: &str = "FEED_UNKNOWN";

/// What a node has to give of what a checkpoint left out elsewhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Given {
    /// Records up to the one that was asked for; the first is signed and goes before the piece, or
    /// it is the first of the feed.
    Records(Vec<Envelope>),
    /// These records are not here, or not yet.
    Missing,
    /// They were archived here.
    Archived,
    /// The record with that number is another here.
    Parted,
}

/// A session's own notes.
#[derive(Debug, Default)]
pub(super) struct Fills {
    /// The peer gives such records.
    pub(super) given: bool,
    /// What was asked for and was not answered yet.
    asked: Option<Gap>,
    /// Feeds that the peer could not give, and when to ask again.
    refused: BTreeMap<Id, u64>,
    /// Nothing is asked before.
    later_us: u64,
    /// What the peer asked for.
    serving: VecDeque<Asked>,
    /// Feeds that the peer asked for and that were not here.
    owed: BTreeMap<Id, u64>,
    /// What is here since; the peer is to be told.
    ready: BTreeMap<Id, u64>,
}

#[derive(Debug, Clone, Copy)]
struct Asked {
    feed: FeedName,
    end: Head,
    /// The end need not be signed.
    covered: bool,
}

/// Claims of such records stand beside those of feeds.
fn claim_of(feed: Id) -> Id {
    Id(feed.0.map(|byte| !byte))
}

impl Session {
    /// Asks for records that a checkpoint left out, if nothing else is wanted of this peer. To be
    /// called when time passes, and when some of them were stored.
    pub fn ask_fill(&mut self, now_us: u64, world: &dyn World, shared: &mut Shared) {
        let may = self.is_open()
            && self.fills.given
            && self.fills.asked.is_none()
            && now_us >= self.fills.later_us
            && self.lanes.contains(&Lane::Bulk);
        if !may || self.is_fetching() {
            return;
        }
        let mut gaps = world.gaps();
        if gaps.is_empty() {
            return;
        }
        gaps.sort_by_key(|gap| (lane_index(gap.feed.lane), gap.feed.id()));
        self.fills.refused.retain(|_, until| now_us < *until);
        for gap in gaps {
            let id = gap.feed.id();
            let travels =
                self.lanes.contains(&gap.feed.lane) && self.still_travels(world, gap.feed.scope);
            if !travels || self.fills.refused.contains_key(&id) {
                continue;
            }
            let (link, cost) = (self.local.link, self.local.cost);
            let done = u64::MAX - gap.edge.sequence;
            if !shared.wants.claim(claim_of(id), link, cost, done, now_us / 1_000) {
                continue;
            }
            self.fills.asked = Some(gap);
            // There is never more than one of these.
            self.control.push_back(frame(Kind::FillWant(LinkFillWant {
                scope: id_bytes(gap.feed.scope),
                origin: id_bytes(gap.feed.origin),
                lane: gap.feed.lane.into(),
                sequence: gap.edge.sequence,
                hash: Bytes::copy_from_slice(&gap.edge.hash),
                covered: gap.is_covered,
            })));
            return;
        }
    }

    /// Whether something else is on its way here, or was asked for.
    fn is_fetching(&self) -> bool {
        let wanted = |feed: &Id| self.feeds.get(feed).is_some_and(|state| state.wanted);
        self.receiving.iter().any(Option::is_some)
            || self.undelivered > 0
            || self.lacking.iter().any(wanted)
    }

    /// Reads whether a transfer is what was asked for, and refuses what was not.
    pub(super) fn fill_of(
        &self,
        begin: &LinkTransfer,
        feed: &FeedName,
    ) -> Result<Option<Gap>, Fault> {
        if begin.fill_lane == 0 {
            return Ok(None);
        }
        let asked = self.fills.asked.filter(|asked| {
            asked.feed == *feed && asked.edge.sequence == begin.last && begin.after < begin.last
        });
        let plain = begin.covered == 0 && begin.kept == 0 && begin.covered_hash.is_empty();
        match asked.filter(|_| plain) {
            Some(asked) => Ok(Some(asked)),
            None => {
                let sentence = "the peer sent earlier records of a feed that nobody asked it for";
                Err(Fault::new("FILL_UNASKED", sentence))
            }
        }
    }

    /// Such records are coming in.
    pub(super) fn fill_came(&self, feed: Id, now_us: u64, shared: &mut Shared) {
        shared.wants.came(claim_of(feed), self.local.link, now_us / 1_000);
    }

    /// Says what became of such records that took so many bytes. `Err`: they are to be asked for
    /// again, or, when that is for good, not of this peer.
    pub fn fill_stored(
        &mut self,
        feed: Id,
        bytes: usize,
        taken: Result<(), Refused>,
        now_us: u64,
        shared: &mut Shared,
    ) {
        self.undelivered = self.undelivered.saturating_sub(bytes);
        if self.fills.asked.is_some_and(|asked| asked.feed.id() == feed) {
            self.fills.asked = None;
        }
        let until = match taken {
            Ok(()) => return,
            Err(Refused::Later) => {
                self.fills.later_us = now_us + LATER_US;
                return;
            }
            Err(Refused::Feed) => now_us + AGAIN_US,
            Err(Refused::ForGood) => u64::MAX,
        };
        // Others are not held up by it.
        self.fills.refused.insert(feed, until);
        shared.wants.release(claim_of(feed), self.local.link);
    }

    /// The peer cannot give what was asked for. Another may.
    pub(super) fn on_fill_refused(
        &mut self,
        refused: &LinkRefused,
        now_us: u64,
        shared: &mut Shared,
    ) {
        let feed = Id::from_slice(&refused.feed);
        let Some(asked) = self.fills.asked.filter(|asked| Some(asked.feed.id()) == feed) else {
            return;
        };
        self.fills.asked = None;
        let id = asked.feed.id();
        let soon = refused.reason == FEED_UNKNOWN;
        self.fills.refused.insert(id, now_us + if soon { SOON_US } else { AGAIN_US });
        shared.wants.release(claim_of(id), self.local.link);
    }

    pub(super) fn on_fill_want(&mut self, want: &LinkFillWant) {
        let (scope, origin) = (Id::from_slice(&want.scope), Id::from_slice(&want.origin));
        let hash: Option<[u8; 32]> = want.hash[..].try_into().ok();
        let (Some(scope), Some(origin), Some(hash)) = (scope, origin, hash) else {
            return self.refuse(
                "WANT_MALFORMED",
                "a want of earlier records is malformed",
                None,
                0,
            );
        };
        let feed = FeedName::new(origin, scope, want.lane());
        let end = Head { sequence: want.sequence, hash };
        let asked = Asked { feed, end, covered: want.covered };
        let travels = self.lanes.contains(&Lane::Bulk) && self.lanes.contains(&feed.lane);
        // A scope that was never named here is one that the peer may not have.
        if !travels || !self.scopes.contains_key(&scope) {
            let sentence = "this feed is not held here";
            return self.refuse_fill(&asked, FEED_UNKNOWN, sentence);
        }
        if self.fills.serving.len() >= SERVING_MAX {
            self.refused += 1;
            let sentence = "too many earlier records are asked for at once";
            return self.refuse_fill(&asked, FEED_COVERED, sentence);
        }
        self.fills.serving.push_back(asked);
    }

    fn refuse_fill(&mut self, asked: &Asked, reason: &str, sentence: &str) {
        self.say(frame(Kind::Refused(LinkRefused {
            reason: reason.to_owned(),
            sentence: sentence.to_owned(),
            feed: id_bytes(asked.feed.id()),
            sequence: asked.end.sequence,
            fill: true,
        })));
    }

    /// Begins to send what the peer asked for, or says why not; true: something is to be sent.
    pub(super) fn fill(&mut self, world: &dyn World) -> bool {
        let Some(asked) = self.fills.serving.pop_front() else { return false };
        let Asked { feed, end, covered } = asked;
        let id = feed.id();
        let scope = self.scopes.get(&feed.scope).map(|scope| scope.name.clone());
        let scope = scope.filter(|scope| self.travels(world, scope));
        let Some(scope) = scope else {
            self.refuse_fill(&asked, FEED_UNKNOWN, "this feed is not held here");
            return true;
        };
        let (key, bytes_max) = (world.origin_key(feed.origin), self.credit.transfer_bytes());
        let given = key.map(|_| world.fill(&feed, end, covered, bytes_max));
        let missing = "these records are not here either: they came by a checkpoint, or not at all";
        let envelopes = match given.unwrap_or(Given::Missing) {
            Given::Records(envelopes) => envelopes,
            Given::Missing => {
                if self.fills.owed.len() < OWED_MAX {
                    self.feed(feed);
                    self.fills.owed.insert(id, end.sequence);
                }
                self.refuse_fill(&asked, FEED_COVERED, missing);
                return true;
            }
            Given::Archived => {
                let sentence = "the incident was archived here: these records are only in its file";
                self.refuse_fill(&asked, FEED_ARCHIVED, sentence);
                return true;
            }
            Given::Parted => {
                let sentence = "this feed has another branch here: the same key wrote two \
                                different records with one number";
                self.refuse_fill(&asked, "FEED_FORKED", sentence);
                return true;
            }
        };
        let count = envelopes.len() as u64;
        let Packed { bytes, unpacked_bytes } = pack(envelopes);
        if count == 0 || bytes.len().max(unpacked_bytes as usize) > TRANSFER_BYTES_MAX {
            self.refuse_fill(&asked, FEED_COVERED, missing);
            return true;
        }
        // Noted, so that it is stopped when the right to it ends.
        self.feed(feed);
        let (packed, records) = &mut self.packed[BULK];
        (*packed, *records) = (*packed + bytes.len() as u64, *records + count);
        let begin = LinkTransfer {
            incident: scope.incident,
            mode: scope.mode.into(),
            audience: scope.audience,
            origin_key: Bytes::copy_from_slice(&key.unwrap_or_default()),
            after: end.sequence - count,
            size_bytes: bytes.len() as u32,
            unpacked_bytes,
            last: end.sequence,
            fill_lane: feed.lane.into(),
            ..LinkTransfer::default()
        };
        self.sending[BULK] = Some(Sending { feed: id, begin: Some(begin), data: bytes });
        true
    }

    /// A commit moved the edge of a feed that came by a checkpoint: whoever lacks those records may
    /// ask for them now.
    pub fn filled(&mut self, feed: FeedName, edge: u64, world: &dyn World) {
        if !self.is_open() {
            return;
        }
        let id = feed.id();
        if !self.still_travels(world, feed.scope) {
            return;
        }
        if self.fills.owed.get(&id).is_some_and(|end| edge < *end) {
            self.fills.owed.remove(&id);
            self.fills.ready.insert(id, edge);
        }
        let Some(state) = self.feeds.get_mut(&id) else { return };
        if state.archived.told > edge && state.theirs.unwrap_or_default() >= edge {
            // It was told that what it lacks is not here.
            state.archived.told = 0;
            self.fills.ready.insert(id, edge);
            self.apart = false;
        }
        let parted = state.forked || self.lacking.contains(&id);
        if edge == 0 && parted {
            // Records of another branch can be placed now.
            self.same = false;
            self.say(self.own_digest(world, true));
        }
    }

    /// A feed grew here: that may be what the peer asked for and could not get.
    pub(super) fn fill_may_follow(&mut self, feed: Id, head: u64, world: &dyn World) {
        let Some(end) = self.fills.owed.get(&feed).copied() else { return };
        let name = self.feeds.get(&feed).map(|state| state.name);
        if name.is_none_or(|name| !self.still_travels(world, name.scope)) {
            return;
        }
        let base = world.base(feed);
        if end <= head && base < end {
            self.fills.owed.remove(&feed);
            self.fills.ready.insert(feed, base);
        }
    }

    /// Tells the peer what is here now.
    pub(super) fn fill_ready(&mut self) -> Option<LinkFrame> {
        if self.fills.ready.is_empty() {
            return None;
        }
        let mut feeds = Vec::new();
        while feeds.len() < READY_MAX
            && let Some((feed, sequence)) = self.fills.ready.pop_first()
        {
            feeds.push(LinkFillFeed { feed: id_bytes(feed), sequence });
        }
        Some(frame(Kind::FillReady(LinkFillReady { feeds })))
    }

    /// The peer holds more than it said before.
    pub(super) fn on_fill_ready(&mut self, ready: &LinkFillReady, world: &dyn World) {
        for LinkFillFeed { feed, sequence } in &ready.feeds {
            let Some(id) = Id::from_slice(feed) else { continue };
            self.fills.refused.remove(&id);
            let Some(state) = self.feeds.get_mut(&id) else { continue };
            if state.archived.parted || *sequence >= state.archived.there {
                continue;
            }
            state.archived.there = *sequence;
            let ours = world.head(id).sequence;
            let more = state.theirs.is_some_and(|theirs| theirs > ours);
            if more && ours >= *sequence && !state.forked {
                self.apart = false;
                self.lacking.insert(id);
            }
        }
    }

    /// Forgets feeds that may travel no longer.
    pub(super) fn forget_fills(&mut self, feeds: &BTreeSet<Id>) {
        let gone = |feed: &FeedName| feeds.contains(&feed.id());
        self.fills.asked = self.fills.asked.filter(|asked| !gone(&asked.feed));
        for asked in std::mem::take(&mut self.fills.serving) {
            if gone(&asked.feed) {
                // Whoever asked asks nothing else before it has an answer.
                self.refuse_fill(&asked, FEED_UNKNOWN, "this feed is not held here");
            } else {
                self.fills.serving.push_back(asked);
            }
        }
        self.fills.refused.retain(|feed, _| !feeds.contains(feed));
        self.fills.owed.retain(|feed, _| !feeds.contains(feed));
        self.fills.ready.retain(|feed, _| !feeds.contains(feed));
    }

    /// Feeds of which something is noted, for [`load`](Self::load).
    pub(super) fn fills_waiting(&self) -> usize {
        let Fills { serving, owed, ready, refused, .. } = &self.fills;
        serving.len() + owed.len() + ready.len() + refused.len()
    }
}
