//! Feeds that forked: one key wrote two different records with one number. That happens when a
//! node is put back to an older copy of itself and goes on writing with its old key, or when
//! somebody lies. Whoever holds both records has the proof, signed by that key.
//!
//! The feed then closes before the fork, for everyone who has the proof. What comes after it is
//! kept as branches: feeds of their own, named by the hash of their first record, so that every
//! node gives them the same name whichever branch it met first. A branch may fork again.
//!
//! ```text
//!   1 - 2 - 3           the feed, closed at 3
//!            \- 4 - 5   branch of the one record 4
//!            \- 4'      branch of the other
//! ```
//!
//! What others claim to have seen of the feed beyond the fork could mean either branch, so it
//! hides nothing any more: rather two versions side by side than one that silently vanished.

use smallvec::SmallVec;

use crate::{
    live::RecordRef,
    picture::{Change, Feed, Picture},
    record::{Head, Id},
    suffix::{FeedName, Suffix},
};

/// What makes a feed the branch of another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Branch {
    /// Hash of its first record.
    pub first: [u8; 32],
    /// Index of the feed that closes where this one begins.
    pub parent: u32,
}

/// The end of a feed that forked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Closed {
    /// Its last record, the same in all branches; 0: they have none in common.
    pub sequence: u64,
    /// Index of the branch that this node held as the feed itself.
    pub own: u32,
}

/// What a record hides once forks are taken into account.
pub(crate) fn effective<'f>(
    feed: impl Fn(u32) -> Option<&'f Feed>,
    forks: u32,
    change: &Change,
) -> SmallVec<[RecordRef; 4]> {
    let mut seen = SmallVec::with_capacity(change.seen.len());
    if forks == 0 {
        seen.extend_from_slice(&change.seen);
        return seen;
    }
    for pair in &change.seen {
        let closed = feed(pair.feed).and_then(|feed| feed.closed);
        let Some(closed) = closed.filter(|closed| pair.sequence > closed.sequence) else {
            seen.push(*pair);
            continue;
        };
        // What a branch says of its own feed is what went before it in that branch.
        let mut path: SmallVec<[u32; 4]> = SmallVec::new();
        let mut at = change.live.record.feed;
        while at != pair.feed
            && let Some(branch) = feed(at).and_then(|feed| feed.branch.as_ref())
        {
            path.push(at);
            at = branch.parent;
        }
        if at == pair.feed {
            for segment in path {
                let end = feed(segment).and_then(|feed| feed.closed).map(|closed| closed.sequence);
                let sequence = pair.sequence.min(end.unwrap_or(u64::MAX));
                seen.push(RecordRef { feed: segment, sequence });
            }
        }
        if closed.sequence > 0 {
            seen.push(RecordRef { feed: pair.feed, sequence: closed.sequence });
        }
    }
    seen
}

/// Where records of another node belong among what is held of their feed.
#[derive(Debug)]
pub enum Place {
    /// They go on where a feed or a branch ends here, or begin a branch of a closed feed.
    Next(Suffix),
    /// All of them are held, in the feed or branch that ends here.
    Held(FeedName, Head),
    /// They prove a fork: this feed must be split first.
    Fork(Fork, Suffix),
    /// What comes before them is not held, or not with this content.
    Gap(Head),
}

/// A fork that was found.
#[derive(Debug, Clone, Copy)]
pub struct Fork {
    /// The feed or branch that forks.
    pub feed: Id,
    /// The last record that both branches share.
    pub last: Head,
    /// Hash of the record after it that is held here.
    pub first: [u8; 32],
}

/// Feeds that one origin wrote in a scope and lane: the feed itself, and what it fell apart into.
pub fn tree<'p>(picture: &'p Picture, name: &FeedName) -> impl Iterator<Item = (u32, &'p Feed)> {
    let scope = picture.scope_index(name.scope);
    let of = scope.into_iter().flat_map(|scope| picture.feed_indices_of(scope));
    let (origin, lane) = (name.origin, name.lane);
    of.filter(move |(_, feed)| feed.origin == Some(origin) && feed.lane == lane)
}

/// Finds where records belong. `hash_at` reads the hash of a record that is held.
pub fn locate(
    picture: &Picture,
    suffix: Suffix,
    hash_at: impl Fn(Id, u64) -> Option<[u8; 32]>,
) -> Place {
    let name = *suffix.feed();
    let after = suffix.after();
    let start = |feed: &Feed| {
        let parent = feed.branch.as_ref().map(|branch| picture.feed(branch.parent).head.sequence);
        parent.unwrap_or_default()
    };
    let hash = |feed: &Feed, sequence: u64| {
        if sequence == feed.head.sequence {
            return Some(feed.head.hash);
        }
        hash_at(feed.id, sequence)
    };
    let root = picture.feed_index(name.root().id()).filter(|i| picture.feed(*i).origin.is_some());
    let Some(root) = root else {
        let begins = after.sequence == 0;
        return if begins { Place::Next(suffix) } else { Place::Gap(Head::default()) };
    };
    let holds = |(_, feed): &(u32, &Feed)| {
        after.sequence > start(feed)
            && after.sequence <= feed.head.sequence
            && hash(feed, after.sequence) == Some(after.hash)
    };
    let mut at = match after.sequence {
        0 => root,
        _ => match tree(picture, &name).find(holds) {
            Some((index, _)) => index,
            None => return Place::Gap(picture.feed(root).head),
        },
    };
    let mut common = after.sequence;
    loop {
        let feed = picture.feed(at);
        if feed.covered.sequence > common
            && suffix.hash(feed.covered.sequence) == Some(feed.covered.hash)
        {
            // Most of what is before is not held, but its last hash is known.
            common = feed.covered.sequence;
        }
        let end = feed.head.sequence.min(suffix.head().sequence);
        if end > common {
            if hash(feed, end) == suffix.hash(end) {
                common = end;
            } else {
                // The chain makes all before a common record common: the first that is not is
                // between two numbers that only come closer.
                let (mut same, mut other) = (common, end);
                while other - same > 1 {
                    let middle = same + (other - same) / 2;
                    if hash(feed, middle) == suffix.hash(middle) {
                        same = middle;
                    } else {
                        other = middle;
                    }
                }
                let (Some(last), Some(first)) = (suffix.hash(same), hash(feed, other)) else {
                    return Place::Gap(feed.head);
                };
                let last = Head { sequence: same, hash: last };
                return Place::Fork(Fork { feed: feed.id, last, first }, suffix);
            }
        }
        if common == suffix.head().sequence {
            let name = feed.name(name.scope).unwrap_or(name);
            return Place::Held(name, feed.head);
        }
        let head = Head { sequence: common, hash: suffix.hash(common).unwrap_or_default() };
        if feed.closed.is_none() {
            let name = feed.name(name.scope).unwrap_or(name);
            return Place::Next(suffix.cut(name, head));
        }
        let Some(first) = suffix.hash(common + 1) else { return Place::Gap(feed.head) };
        let child = tree(picture, &name).find(|(_, child)| {
            child.branch.as_ref().is_some_and(|branch| branch.parent == at && branch.first == first)
        });
        match child {
            Some((child, _)) => at = child,
            None => {
                let branch = FeedName { branch: Some(first), ..name };
                return Place::Next(suffix.cut(branch, head));
            }
        }
    }
}
