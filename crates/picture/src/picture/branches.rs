//! Feeds that forked: each closes where its branches part, and each branch is a feed.

use super::{Feed, Picture};
use crate::{
    forks::{Branch, Closed},
    live::RecordRef,
    record::{Head, branch_id},
};

impl Picture {
    /// Makes a branch of a feed that forked known; the same branch twice is one.
    pub fn add_branch(&mut self, parent: u32, first: [u8; 32]) -> u32 {
        let Feed { origin, scope, lane, .. } = *self.feed(parent);
        let index = self.name_feed(branch_id(&first), scope);
        let feed = &mut self.feeds[index as usize];
        if feed.origin.is_none() {
            if feed.scope != scope {
                self.scopes[scope as usize].feeds.push(index);
            }
            (feed.origin, feed.scope, feed.lane) = (origin, scope, lane);
            self.named -= 1;
            feed.branch = Some(Box::new(Branch { first, parent }));
        }
        index
    }

    /// Closes a feed that was found to have forked after `last`; what is held of it beyond becomes
    /// a branch, which begins with the record `first`. Registers are not touched: the picture is
    /// to be built anew, see [`Picture::emptied`].
    pub fn split(&mut self, feed: u32, last: Head, first: [u8; 32]) -> u32 {
        let own = self.add_branch(feed, first);
        let held = std::mem::replace(&mut self.feeds[feed as usize].head, last);
        self.feeds[own as usize].head = held;
        let closed = Closed { sequence: last.sequence, own };
        let before = self.feeds[feed as usize].closed.replace(closed);
        if before.is_some() {
            // It forked further on as well: those branches go on from the new one.
            self.feeds[own as usize].closed = before;
            let others = self.feeds.iter_mut().zip(0..).filter(|(_, index)| *index != own);
            for branch in others.filter_map(|(other, _)| other.branch.as_mut()) {
                if branch.parent == feed {
                    branch.parent = own;
                }
            }
        }
        self.forks += 1;
        own
    }

    /// Feeds that forked.
    pub fn forks(&self) -> u32 {
        self.forks
    }

    /// Feeds that are known by their id only, because a record claims to have seen them.
    pub fn named_feeds(&self) -> u32 {
        self.named
    }

    /// Where a record of a feed belongs: it may have become one of a branch.
    pub fn place(&self, mut record: RecordRef) -> RecordRef {
        if self.forks > 0 {
            while let Some(closed) = self.feed(record.feed).closed
                && record.sequence > closed.sequence
            {
                record.feed = closed.own;
            }
        }
        record
    }
}
