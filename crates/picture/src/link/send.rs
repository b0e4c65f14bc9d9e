//! What goes out: always the most urgent that may go now.

use std::ops::Bound;

use bytes::{Buf as _, Bytes};
use polder_wire::v1::{
    LinkCredit, LinkFrame, LinkHead, LinkHeads, LinkHeld, LinkHeldFeed, LinkPart, LinkPoint,
    LinkScope, LinkScopes, LinkTips, LinkTransfer, LinkWant, LinkWants, link_frame::Kind,
};
use prost::Message as _;

use super::{
    BULK, LANES, Offer, World,
    codec::{Packed, pack},
    points,
    receive::id_bytes,
    scope_digest,
    session::{Session, Shared, frame},
};
use crate::{
    record::{Head, Id},
    suffix::FeedName,
};

/// A transfer that is going out.
#[derive(Debug)]
pub(super) struct Sending {
    pub(super) feed: Id,
    pub(super) begin: Option<LinkTransfer>,
    pub(super) data: Bytes,
}

/// Frames that use up credit: those whose number follows what is held, not what is going on.
pub(super) fn costs(kind: &Kind) -> bool {
    use Kind::{FilePart, Heads, Part, Scopes, Tips};
    matches!(kind, Part(_) | Heads(_) | Scopes(_) | Tips(_) | FilePart(_))
}

impl Session {
    /// The next frame to send, if any may go now. To be called whenever the transport has room,
    /// until it gives nothing: what is urgent is decided as late as that.
    pub fn next(
        &mut self,
        now_us: u64,
        world: &dyn World,
        shared: &mut Shared,
    ) -> Option<LinkFrame> {
        let frame = self.choose(now_us, world, shared)?;
        let size = frame.encoded_len();
        self.bytes.0 += size as u64;
        if frame.kind.as_ref().is_some_and(costs) {
            self.credit.used(size);
        }
        Some(frame)
    }

    fn choose(&mut self, now_us: u64, world: &dyn World, shared: &mut Shared) -> Option<LinkFrame> {
        if let Some(frame) = self.control.pop_front() {
            return Some(frame);
        }
        if !self.is_open() {
            return None;
        }
        if self.may_grant() {
            let bytes = self.grants.grant(now_us);
            if bytes > 0 {
                let rate = u32::try_from(self.grants.rate()).unwrap_or(u32::MAX);
                return Some(frame(Kind::Credit(LinkCredit { bytes, bytes_per_second: rate })));
            }
        }
        if let Some(part) = self.part(0, world) {
            return Some(part);
        }
        if let Some(held) = self.held() {
            return Some(held);
        }
        if let Some(wants) = self.wants(world) {
            return Some(wants);
        }
        if let Some(ready) = self.fill_ready() {
            return Some(ready);
        }
        let room = self.credit.room(false)?;
        if let Some(scopes) = self.scopes(room, world) {
            return Some(scopes);
        }
        if let Some(heads) = self.heads(room, world) {
            return Some(heads);
        }
        if let Some(tips) = self.tips(now_us, shared) {
            return Some(tips);
        }
        let part = (1..LANES.len()).find_map(|lane| self.part(lane, world));
        if let Some(frame) = part.or_else(|| self.file_piece(room, world)) {
            return Some(frame);
        }
        let begins = self.sending[BULK].is_none() && self.fill(world);
        let refused = begins.then(|| self.control.pop_front()).flatten();
        refused.or_else(|| self.part(BULK, world))
    }

    /// The next piece of what goes in a lane.
    fn part(&mut self, lane: usize, world: &dyn World) -> Option<LinkFrame> {
        let bytes = self.credit.room(lane == 0)?;
        if self.sending[lane].is_none() {
            self.sending[lane] = self.transfer(lane, world);
        }
        let sending = self.sending[lane].as_mut()?;
        let begin = sending.begin.take();
        let data = sending.data.split_to(bytes.min(sending.data.len()));
        let end = !sending.data.has_remaining();
        if end {
            self.last_fed[lane] = sending.feed;
            self.sending[lane] = None;
        }
        let lane = LANES[lane].into();
        Some(frame(Kind::Part(LinkPart { lane, begin, data, end })))
    }

    /// Begins the next transfer of a lane. Feeds take turns.
    fn transfer(&mut self, lane: usize, world: &dyn World) -> Option<Sending> {
        loop {
            let after = (Bound::Excluded(self.last_fed[lane]), Bound::Unbounded);
            let pending = &self.pending[lane];
            let of_charter = self.charter_feeds.iter().find(|feed| pending.contains(feed));
            let others = || pending.range(after).next().or_else(|| pending.first());
            let feed = *of_charter.or_else(others)?;
            self.last_fed[lane] = feed;
            let ours = world.head(feed).sequence;
            // Rights may have ended since the peer asked: this is the last moment to see it.
            let scope = self.feeds.get(&feed).and_then(|state| self.scopes.get(&state.name.scope));
            if !scope.is_some_and(|scope| self.travels(world, &scope.name)) {
                self.pending[lane].remove(&feed);
                continue;
            }
            let state = self.feeds.get_mut(&feed)?;
            state.sent = state.sent.max(state.theirs.unwrap_or_default()).max(world.start(feed));
            // A node is never sent its own records: what it lost it must not write again.
            let its_own = self.peer.as_ref().is_some_and(|peer| peer.node == state.name.origin);
            if state.sent >= ours || state.forked || its_own {
                self.pending[lane].remove(&feed);
                continue;
            }
            let (base, name) = (world.base(feed), state.name);
            if state.sent == 0 && self.leaps.allowed {
                match self.offered(&name, lane, base, world) {
                    Offer::Whole => {}
                    Offer::Later => continue,
                    Offer::Leap(offered) => return self.leap(feed, lane, &offered, world),
                }
            }
            let state = self.feeds.get_mut(&feed)?;
            if state.sent < base {
                self.pending[lane].remove(&feed);
                self.tell_archived(feed, base, world.left_out(feed));
                continue;
            }
            let envelopes = world.read(feed, state.sent, self.credit.transfer_bytes());
            let key = world.origin_key(state.name.origin);
            let scope = self.scopes.get(&state.name.scope);
            let (Some(key), Some(scope), false) = (key, scope, envelopes.is_empty()) else {
                self.pending[lane].remove(&feed);
                continue;
            };
            let after = state.sent;
            state.sent += envelopes.len() as u64;
            let last = state.sent;
            let count = envelopes.len() as u64;
            let Packed { bytes, unpacked_bytes } = pack(envelopes);
            self.packed[lane].0 += bytes.len() as u64;
            self.packed[lane].1 += count;
            let begin = LinkTransfer {
                incident: scope.name.incident.clone(),
                mode: scope.name.mode.into(),
                audience: scope.name.audience.clone(),
                origin_key: Bytes::copy_from_slice(&key),
                after,
                size_bytes: bytes.len() as u32,
                unpacked_bytes,
                last,
                branch: branch_bytes(&state.name),
                ..LinkTransfer::default()
            };
            return Some(Sending { feed, begin: Some(begin), data: bytes });
        }
    }

    fn held(&mut self) -> Option<LinkFrame> {
        if self.held_due.is_empty() {
            return None;
        }
        let mut feeds = Vec::new();
        while feeds.len() < 64
            && let Some((feed, sequence)) = self.held_due.pop_first()
        {
            feeds.push(LinkHeldFeed { feed: id_bytes(feed), sequence });
        }
        Some(frame(Kind::Held(LinkHeld { feeds })))
    }

    fn wants(&mut self, world: &dyn World) -> Option<LinkFrame> {
        let mut wants = Vec::new();
        while wants.len() < 32
            && let Some((feed, end)) = self.wants_due.pop_first()
        {
            let Some(state) = self.feeds.get(&feed) else { continue };
            let ours = world.head(feed);
            let search = (state.forked || world.closed(feed)) && !end;
            let points = if search { points(world, &state.name) } else { Vec::new() };
            let point = |head: &Head| LinkPoint {
                sequence: head.sequence,
                hash: Bytes::copy_from_slice(&head.hash),
            };
            wants.push(LinkWant {
                scope: id_bytes(state.name.scope),
                origin: id_bytes(state.name.origin),
                lane: state.name.lane.into(),
                after: ours.sequence,
                after_hash: Bytes::copy_from_slice(&ours.hash),
                end,
                branch: branch_bytes(&state.name),
                points: points.iter().map(point).collect(),
            });
        }
        (!wants.is_empty()).then(|| frame(Kind::Wants(LinkWants { wants })))
    }

    fn scopes(&mut self, room: usize, world: &dyn World) -> Option<LinkFrame> {
        if self.scopes_due.is_empty() && !self.scopes_end_due {
            return None;
        }
        let mut scopes = Vec::new();
        let mut bytes = 0;
        while bytes < room
            && let Some(id) = self.scopes_due.pop_first()
        {
            let Some(state) = self.scopes.get(&id) else { continue };
            if !self.travels(world, &state.name) {
                continue;
            }
            let scope = LinkScope {
                incident: state.name.incident.clone(),
                mode: state.name.mode.into(),
                audience: state.name.audience.clone(),
                digest: Bytes::copy_from_slice(&scope_digest(&world.feeds(id), &self.lanes)),
            };
            bytes += scope.encoded_len();
            scopes.push(scope);
        }
        let complete = self.scopes_due.is_empty() && self.scopes_end_due;
        if complete {
            self.scopes_end_due = false;
        }
        Some(frame(Kind::Scopes(LinkScopes { scopes, complete })))
    }

    fn heads(&mut self, room: usize, world: &dyn World) -> Option<LinkFrame> {
        let first = self.heads_due.first().map(|(scope, _)| *scope);
        let scope = first.or_else(|| self.heads_end_due.first().copied())?;
        let mut heads = Vec::new();
        let mut bytes = 0;
        while bytes < room
            && let Some((of, feed)) = self.heads_due.first().copied()
            && of == scope
        {
            self.heads_due.pop_first();
            let Some(state) = self.feeds.get(&feed) else { continue };
            let head = world.head(feed);
            let head = LinkHead {
                origin: id_bytes(state.name.origin),
                lane: state.name.lane.into(),
                sequence: head.sequence,
                hash: Bytes::copy_from_slice(&head.hash),
                branch: branch_bytes(&state.name),
                branch_after: world.start(feed),
            };
            bytes += head.encoded_len();
            heads.push(head);
        }
        let more = self.heads_due.first().is_some_and(|(of, _)| *of == scope);
        let complete = !more && self.heads_end_due.remove(&scope);
        if heads.is_empty() && !complete {
            return None;
        }
        Some(frame(Kind::Heads(LinkHeads { scope: id_bytes(scope), heads, complete })))
    }

    fn tips(&mut self, now_us: u64, shared: &Shared) -> Option<LinkFrame> {
        if self.tips_due.is_empty() || !self.tips_may_go(now_us) {
            return None;
        }
        let peer = self.peer().map(|peer| peer.node);
        let mut tips = Vec::new();
        while tips.len() < 4
            && let Some(node) = self.tips_due.pop_first()
        {
            let heard = shared.tips.nodes().get(&node);
            let back = heard.is_some_and(|heard| heard.through == peer) || Some(node) == peer;
            // Its own tip, or one that came from there, is no news to the peer.
            if let Some(heard) = heard.filter(|_| !back) {
                tips.push(heard.tip.clone());
            }
        }
        (!tips.is_empty()).then(|| frame(Kind::Tips(LinkTips { tips })))
    }
}

fn branch_bytes(feed: &FeedName) -> Bytes {
    feed.branch.map_or_else(Bytes::new, |first| Bytes::copy_from_slice(&first))
}
