//! Feeds of a group: those that the picture knows, and those that the group makes known.

use std::collections::BTreeMap;

use smallvec::SmallVec;

use super::Group;
use crate::{
    attributes::Attributes,
    forks::{Branch, effective},
    live::{Live, RecordRef},
    picture::{Change, Feed, Picture},
    record::{Head, Id},
    standing::may_replace,
    suffix::FeedName,
};

impl Group<'_> {
    /// The scope of the node's account, known or new.
    pub fn account_scope(&mut self) -> u32 {
        self.known_scope(&crate::account::scope())
    }

    /// A feed that records of this group are in.
    pub(super) fn feed(&mut self, scope: u32, name: FeedName, branch: Option<Box<Branch>>) -> u32 {
        let id = name.id();
        let index = self.named_feed(id, scope);
        if self.feed_entry(index).is_none_or(|feed| feed.origin.is_none()) {
            let FeedName { origin, lane, .. } = name;
            let feed = Feed { origin: Some(origin), lane, branch, ..Feed::named(id, scope) };
            match (index as usize).checked_sub(self.picture.feeds().len()) {
                Some(new) => self.feeds[new] = feed,
                None => drop(self.learned.insert(index, feed)),
            }
        }
        index
    }

    /// A feed by its id, of which nothing else may be known.
    pub(super) fn named_feed(&mut self, id: Id, scope: u32) -> u32 {
        self.feed_index(id).unwrap_or_else(|| {
            let index = (self.picture.feeds().len() + self.feeds.len()) as u32;
            self.feeds.push(Feed::named(id, scope));
            self.new_feeds.insert(id, index);
            index
        })
    }

    pub(super) fn feed_index(&self, id: Id) -> Option<u32> {
        self.picture.feed_index(id).or_else(|| self.new_feeds.get(&id).copied())
    }

    pub(super) fn feed_entry(&self, index: u32) -> Option<&Feed> {
        feed_in(self.picture, &self.learned, &self.feeds, index)
    }

    /// Whether a record of a feed does not count under the charter.
    pub(super) fn is_set_aside(&self, feed: u32, sequence: u64, attributes: &Attributes) -> bool {
        let Some(row) = self.feed_entry(feed) else { return false };
        let (scope, _) = self.scope(row.scope);
        let Some(name) = row.name(scope) else { return false };
        let standing = self.picture.standing().filter(|_| !attributes.is_apart());
        let (incident, by) = (self.incident(row.scope), (name.origin, name.root().id()));
        standing.is_some_and(|s| s.judge(incident, by, sequence, attributes).is_some())
    }

    /// Whether records of a feed may replace a record of another in a scope.
    pub(super) fn may_replace(&self, scope: u32, by: u32, replaced: &Live) -> bool {
        let origin = |feed| self.feed_entry(feed).and_then(|feed| feed.origin);
        let origins = (origin(by), origin(replaced.record.feed));
        may_replace(self.picture.standing(), self.incident(scope), origins, replaced)
    }

    /// What a record hides, forks taken into account.
    pub(super) fn effective(&self, change: &Change) -> SmallVec<[RecordRef; 4]> {
        effective(|feed| self.feed_entry(feed), self.picture.forks(), change)
    }

    pub(super) fn head(&self, feed: u32) -> Head {
        let stored = || self.feed_entry(feed).map(|feed| feed.head);
        self.heads.get(&feed).copied().or_else(stored).unwrap_or_default()
    }

    pub(super) fn wire_seen(&self, seen: RecordRef) -> (Id, u64) {
        let feed = self.feed_entry(seen.feed).expect("only known feeds are seen");
        (feed.id, seen.sequence)
    }
}

/// A feed as it is once a group is installed.
pub(super) fn feed_in<'f>(
    picture: &'f Picture,
    learned: &'f BTreeMap<u32, Feed>,
    new: &'f [Feed],
    index: u32,
) -> Option<&'f Feed> {
    let known = picture.feeds();
    learned
        .get(&index)
        .or_else(|| known.get(index as usize))
        .or_else(|| new.get((index as usize).checked_sub(known.len())?))
}
