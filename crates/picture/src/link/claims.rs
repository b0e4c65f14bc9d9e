//! Which feeds are wanted from a peer, and which it no longer has because they were archived there.

use polder_wire::v1::{LinkRefused, link_frame::Kind};

use super::{
    World,
    session::{Session, Shared, frame},
};
use crate::record::{Head, Id};

/// A feed that was wanted and does not come is asked for again.
const STUCK_US: u64 = 60_000_000;

/// The stable reason of a refusal: records before the end of what was archived are only in a file.
pub(super) const FEED_ARCHIVED: &str = "FEED_ARCHIVED";

/// The same, for records that a checkpoint left out.
pub(super) const FEED_COVERED: &str = "FEED_COVERED";

/// What either side archived of a feed.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Archived {
    /// The peer has nothing up to here.
    pub(super) there: u64,
    /// It was told up to where we have nothing.
    pub(super) told: u64,
    /// The peer's records are others than those that were archived here.
    pub(super) parted: bool,
}

impl Session {
    /// Wants a feed from this peer, unless it comes from elsewhere.
    pub(super) fn claim(&mut self, feed: Id, now_us: u64, world: &dyn World, shared: &mut Shared) {
        let Some(state) = self.feeds.get_mut(&feed) else { return };
        if state.archived.parted || world.head(feed).sequence < state.archived.there {
            // It is only in a file, there or here.
            self.lacking.remove(&feed);
            return;
        }
        let branch = state.name.branch.is_some() && state.after > 0;
        if branch && world.hashes_at(&state.name, state.after).is_empty() {
            // What comes before the branch comes first.
            return;
        }
        let (link, cost) = (self.local.link, self.local.cost);
        let ours = world.head(feed).sequence;
        let wanted = !state.forked && shared.wants.claim(feed, link, cost, ours, now_us / 1_000);
        let stuck = now_us.saturating_sub(state.moved_us) > STUCK_US;
        if wanted && (!state.wanted || stuck) {
            (state.wanted, state.moved_us) = (true, now_us);
            self.wants_due.insert(feed, false);
        } else if !wanted && state.wanted {
            state.wanted = false;
            self.wants_due.insert(feed, true);
        }
    }

    /// Says once that what a peer lacks of a feed is not here any more.
    pub(super) fn tell_archived(&mut self, feed: Id, base: u64, left_out: bool) {
        let parted = self.lacking.contains(&feed) && !left_out;
        let Some(state) = self.feeds.get_mut(&feed) else { return };
        // Who has more of it than we and lacks what we archived has other records.
        state.archived.parted |= parted;
        if state.archived.told >= base {
            // It knows, but not how far the feed goes on since.
            self.heads_due.insert((state.name.scope, feed));
            return;
        }
        state.archived.told = base;
        self.apart = true;
        let (reason, sentence) = if left_out {
            let sentence = "the feed came here by a checkpoint, so earlier records are not here \
                            yet: a node that holds all of it has them";
            (FEED_COVERED, sentence)
        } else {
            let sentence = "the incident was archived here: these records are only in its file";
            (FEED_ARCHIVED, sentence)
        };
        self.control.push_back(frame(Kind::Refused(LinkRefused {
            reason: reason.to_owned(),
            sentence: sentence.to_owned(),
            feed: feed.0.to_vec().into(),
            sequence: base,
            fill: false,
        })));
        if parted {
            self.want_no_more(feed);
        }
    }

    /// The peer says so. Another link may have them.
    pub(super) fn on_archived(&mut self, refused: &LinkRefused, shared: &mut Shared) {
        let Some(feed) = Id::from_slice(&refused.feed) else { return };
        let Some(state) = self.feeds.get_mut(&feed) else { return };
        state.archived.there = refused.sequence;
        state.wanted = false;
        self.apart = true;
        self.lacking.remove(&feed);
        self.wants_due.remove(&feed);
        shared.wants.release(feed, self.local.link);
    }

    /// What the peer has of a feed cannot be taken here.
    pub(super) fn want_no_more(&mut self, feed: Id) {
        self.apart = true;
        self.lacking.remove(&feed);
        self.wants_due.insert(feed, true);
    }

    /// A feed moved here: what the peer has beyond its file may come now.
    pub(super) fn moved(&mut self, feed: Id, head: Head) {
        let Some(state) = self.feeds.get(&feed).filter(|state| state.archived.there > 0) else {
            return;
        };
        if head.sequence < state.archived.there {
            return;
        }
        self.apart = false;
        if state.theirs.is_some_and(|theirs| theirs > head.sequence) {
            self.lacking.insert(feed);
        }
    }
}
