//! Who lacks what: digests, scopes, heads and wants.

use polder_wire::v1::{
    LinkDigest, LinkFrame, LinkHeads, LinkPoint, LinkScopes, LinkWant, LinkWants, link_frame::Kind,
};

use super::{
    Event, Fault, POINTS_MAX, World, id_of,
    receive::{branch_named, scope_named},
    scope_digest,
    session::{Session, Shared, frame, lane_index},
};
use crate::{
    admit::NewScope,
    record::{Head, Id},
    suffix::FeedName,
};

/// A session knows at most so many of either.
const SCOPES_MAX: usize = 50_000;
const FEEDS_MAX: usize = 200_000;

impl Session {
    pub(super) fn own_digest(&self, world: &dyn World, answer: bool) -> LinkFrame {
        let digest = self.digest(world).to_vec().into();
        frame(Kind::Digest(LinkDigest { digest, answer }))
    }

    pub(super) fn digest(&self, world: &dyn World) -> [u8; 32] {
        let mut hasher = blake3::Hasher::new_derive_key("polder 2026 link digest");
        let mut scopes: Vec<_> = self.scopes_shared(world).iter().map(id_of).collect();
        scopes.sort_unstable();
        for scope in scopes {
            let feeds = world.feeds(scope);
            if feeds.iter().any(|(feed, head)| self.lanes.contains(&feed.lane) && head.sequence > 0)
            {
                hasher.update(&scope.0);
                hasher.update(&scope_digest(&feeds, &self.lanes));
            }
        }
        *hasher.finalize().as_bytes()
    }

    pub(super) fn on_digest(&mut self, digest: &LinkDigest, world: &dyn World) -> Vec<Event> {
        if digest.answer {
            let answer = self.own_digest(world, false);
            self.say(answer);
        }
        if digest.digest[..] == self.digest(world) {
            for scope in self.scopes_shared(world) {
                self.equal(&scope, world);
            }
            self.same = true;
            return vec![Event::Same];
        }
        // What was found to have forked may have come together since.
        self.feeds.values_mut().for_each(|state| state.forked = false);
        for scope in self.scopes_shared(world) {
            let id = self.know_scope(&scope);
            self.scopes_due.insert(id);
        }
        self.scopes_end_due = true;
        Vec::new()
    }

    /// The peer holds the same of this scope.
    fn equal(&mut self, scope: &NewScope, world: &dyn World) {
        let id = self.know_scope(scope);
        self.scopes_due.remove(&id);
        for (name, head) in world.feeds(id) {
            if self.lanes.contains(&name.lane) {
                let state = self.feed(name);
                state.theirs = Some(head.sequence);
                let feed = name.id();
                self.lacking.remove(&feed);
                self.heads_due.remove(&(id, feed));
            }
        }
    }

    pub(super) fn on_scopes(
        &mut self,
        scopes: LinkScopes,
        world: &dyn World,
    ) -> Result<Vec<Event>, Fault> {
        for scope in scopes.scopes {
            let Some(name) = scope_named(&scope.incident, scope.mode(), &scope.audience) else {
                return Err(Fault::new("SCOPE_MALFORMED", "the peer named no scope"));
            };
            if !self.travels(world, &name) {
                self.refuse("SCOPE_NOT_ALLOWED", "this scope does not travel here", None, 0);
                continue;
            }
            if self.scopes.len() >= SCOPES_MAX {
                return Err(Fault::new(
                    "SCOPES_TOO_MANY",
                    "the peer named more than 50,000 scopes",
                ));
            }
            let round = self.round;
            let id = id_of(&name);
            let told = self.scopes.contains_key(&id);
            self.know_scope(&name);
            if !told {
                // The peer knows its name already.
                self.scopes_due.remove(&id);
            }
            if let Some(state) = self.scopes.get_mut(&id) {
                state.listed = round;
            }
            if scope_digest(&world.feeds(id), &self.lanes)[..] == scope.digest[..] {
                self.equal(&name, world);
            } else {
                self.tell_heads(id, world);
            }
        }
        if scopes.complete {
            let round = self.round;
            self.round += 1;
            for scope in self.scopes_shared(world) {
                let id = self.know_scope(&scope);
                if self.scopes.get(&id).is_some_and(|state| state.listed == round) {
                    continue;
                }
                // The peer holds nothing of it.
                for (name, head) in world.feeds(id) {
                    self.their_end(name, 0, head);
                }
                self.tell_heads(id, world);
            }
        }
        Ok(Vec::new())
    }

    pub(super) fn tell_heads(&mut self, scope: Id, world: &dyn World) {
        for (name, head) in world.feeds(scope) {
            if self.lanes.contains(&name.lane) && head.sequence > 0 {
                self.heads_due.insert((scope, name.id()));
                self.feed(name);
            }
        }
        self.heads_end_due.insert(scope);
    }

    pub(super) fn on_heads(
        &mut self,
        heads: LinkHeads,
        now_us: u64,
        world: &dyn World,
        shared: &mut Shared,
    ) -> Result<Vec<Event>, Fault> {
        let malformed = || Fault::new("HEADS_MALFORMED", "the peer sent a malformed head");
        let scope = Id::from_slice(&heads.scope).ok_or_else(malformed)?;
        if !self.scopes.contains_key(&scope) {
            // Refused before, or never named.
            self.refuse("SCOPE_NOT_ALLOWED", "this scope does not travel here", None, 0);
            return Ok(Vec::new());
        }
        let mut events = Vec::new();
        let round = self.round;
        for head in heads.heads {
            let origin = Id::from_slice(&head.origin).ok_or_else(malformed)?;
            let hash: [u8; 32] = head.hash[..].try_into().map_err(|_| malformed())?;
            let lane = head.lane();
            if !self.lanes.contains(&lane) {
                continue;
            }
            let branch = branch_named(&head.branch).ok_or_else(malformed)?;
            let feed = FeedName { origin, scope, lane, branch };
            self.feed_checked(feed)?;
            if let Some(state) = self.feeds.get_mut(&feed.id()) {
                state.listed = round;
                state.after = head.branch_after;
            }
            let theirs = Head { sequence: head.sequence, hash };
            events.extend(self.their_head(feed, theirs, now_us, world, shared));
        }
        if heads.complete {
            for (name, head) in world.feeds(scope) {
                let listed = self.feeds.get(&name.id()).is_some_and(|s| s.listed == round);
                if !listed && self.lanes.contains(&name.lane) {
                    self.their_end(name, 0, head);
                }
            }
            self.round += 1;
        }
        Ok(events)
    }

    /// The peer says where a feed ends on its side.
    fn their_head(
        &mut self,
        feed: FeedName,
        theirs: Head,
        now_us: u64,
        world: &dyn World,
        shared: &mut Shared,
    ) -> Vec<Event> {
        let id = feed.id();
        let ours = world.head(id);
        if let Some(first) = feed.branch.filter(|_| ours.sequence == 0) {
            let after = self.feed(feed).after;
            if world.hashes_at(&feed, after.saturating_add(1)).contains(&first) {
                // Held as the feed itself: what proves the fork here is its other branch.
                return Vec::new();
            }
        }
        if theirs.sequence > 0 && theirs.sequence <= ours.sequence {
            let held = if theirs.sequence == ours.sequence {
                Some(ours.hash)
            } else {
                world.hash_at(id, theirs.sequence)
            };
            if held.is_some_and(|held| held != theirs.hash) {
                return self.forked(feed, theirs.sequence);
            }
        }
        self.their_end(feed, theirs.sequence, ours);
        let sequence = theirs.sequence.min(ours.sequence);
        let held = (sequence > 0).then_some(Event::Held { feed: id, sequence });
        let events = held.into_iter().collect();
        if theirs.sequence <= ours.sequence {
            return events;
        }
        if world.closed(id) {
            // The peer does not know of the fork yet. It may hold more of a branch, or another.
            if !world.hashes_at(&feed, theirs.sequence).contains(&theirs.hash) {
                self.wants_due.insert(id, false);
            }
            return events;
        }
        if feed.origin == self.local.signer.id() {
            // Somebody holds more of our own than we do: our disk was put back in time.
            return self.forked(feed, ours.sequence + 1);
        }
        if !self.feed(feed).forked {
            self.lacking.insert(id);
            self.claim(id, now_us, world, shared);
        }
        events
    }

    /// The peer holds a feed up to here.
    fn their_end(&mut self, feed: FeedName, theirs: u64, ours: Head) {
        let id = feed.id();
        let Some(lane) = lane_index(feed.lane) else { return };
        let urgent = lane == 0;
        let state = self.feed(feed);
        if state.forked {
            return;
        }
        state.theirs = Some(theirs);
        if theirs >= ours.sequence {
            self.pending[lane].remove(&id);
        } else if urgent || state.push {
            state.sent = if state.push { state.sent.max(theirs) } else { theirs };
            self.pending[lane].insert(id);
        }
        if theirs <= ours.sequence {
            self.lacking.remove(&id);
        }
    }

    pub(super) fn on_wants(&mut self, wants: LinkWants, world: &dyn World) -> Vec<Event> {
        let mut events = Vec::new();
        for want in wants.wants {
            let (Some(scope), Some(origin)) =
                (Id::from_slice(&want.scope), Id::from_slice(&want.origin))
            else {
                self.refuse("WANT_MALFORMED", "a want is malformed", None, 0);
                continue;
            };
            let Some(branch) = branch_named(&want.branch) else {
                self.refuse("WANT_MALFORMED", "a want is malformed", None, 0);
                continue;
            };
            let feed = FeedName { origin, scope, lane: want.lane(), branch };
            let id = feed.id();
            let Some(lane) = lane_index(feed.lane).filter(|_| self.lanes.contains(&feed.lane))
            else {
                continue;
            };
            let ours = world.head(id);
            // A scope that was never named here is one that the peer may not have.
            if ours.sequence == 0 || !self.scopes.contains_key(&scope) {
                self.refuse("FEED_UNKNOWN", "this feed is not held here", Some(id), 0);
                continue;
            }
            if want.end {
                self.feed(feed).push = false;
                self.pending[lane].remove(&id);
                continue;
            }
            if !want.points.is_empty() {
                self.search(feed, lane, &want, world);
                continue;
            }
            if want.after > 0 && want.after <= ours.sequence {
                let held = world.hash_at(id, want.after);
                if held.is_some_and(|held| held[..] != want.after_hash[..]) {
                    events.extend(self.forked(feed, want.after));
                    continue;
                }
            }
            let state = self.feed(feed);
            if state.forked {
                continue;
            }
            (state.push, state.theirs, state.sent) = (true, Some(want.after), want.after);
            if ours.sequence > want.after {
                self.pending[lane].insert(id);
            }
        }
        events
    }

    /// Sends what follows the last record that both sides hold of a feed that forked.
    fn search(&mut self, feed: FeedName, lane: usize, want: &LinkWant, world: &dyn World) {
        let id = feed.id();
        let ours = world.head(id).sequence;
        let mut points: Vec<_> = want.points.iter().take(POINTS_MAX).collect();
        points.sort_unstable_by_key(|point| std::cmp::Reverse(point.sequence));
        let held = |point: &&&LinkPoint| {
            let hash = || world.hash_at(id, point.sequence);
            point.sequence <= ours && hash().is_some_and(|hash| hash[..] == point.hash[..])
        };
        let shared = points.iter().find(held).map_or(0, |point| point.sequence);
        let state = self.feed(feed);
        (state.push, state.theirs, state.sent) = (true, Some(shared), shared);
        state.forked = false;
        if ours > shared {
            self.pending[lane].insert(id);
        }
    }

    pub(super) fn feed_checked(&mut self, feed: FeedName) -> Result<(), Fault> {
        if self.feeds.len() >= FEEDS_MAX && !self.feeds.contains_key(&feed.id()) {
            return Err(Fault::new("FEEDS_TOO_MANY", "the peer named more than 200,000 feeds"));
        }
        self.feed(feed);
        Ok(())
    }
}
