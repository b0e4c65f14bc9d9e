//! Which link each feed is wanted from. One at a time, so that nothing is sent twice; the cheapest
//! first; and moved when a link falls silent or sends everything but that feed.

use std::collections::{BTreeMap, HashMap};

use crate::record::Id;

/// A link that sends nothing at all for so long loses what is wanted from it.
const SILENT_MS: u64 = 10_000;
/// A feed that does not move for so long is tried elsewhere, however busy its link is.
const STUCK_MS: u64 = 120_000;

/// The wants of one node, shared by all its links.
#[derive(Debug, Default)]
pub struct Wants {
    claims: HashMap<Id, Claim>,
    heard: BTreeMap<u32, u64>,
}

#[derive(Debug, Clone, Copy)]
struct Claim {
    link: u32,
    cost: u32,
    since: u64,
}

impl Wants {
    /// Asks to want a feed from a link. True: it is wanted from there now.
    pub fn claim(&mut self, feed: Id, link: u32, cost: u32, now: u64) -> bool {
        if let Some(held) = self.claims.get(&feed) {
            if held.link == link {
                return true;
            }
            let heard = self.heard.get(&held.link).copied().unwrap_or_default().max(held.since);
            let silent = now.saturating_sub(heard) > SILENT_MS;
            let stuck = now.saturating_sub(held.since) > STUCK_MS;
            if !silent && !stuck && cost >= held.cost {
                return false;
            }
        }
        self.claims.insert(feed, Claim { link, cost, since: now });
        true
    }

    /// The link that a feed is wanted from.
    pub fn link(&self, feed: Id) -> Option<u32> {
        self.claims.get(&feed).map(|claim| claim.link)
    }

    /// Records of a feed came over a link.
    pub fn came(&mut self, feed: Id, link: u32, now: u64) {
        if let Some(claim) = self.claims.get_mut(&feed)
            && claim.link == link
        {
            claim.since = now;
        }
    }

    /// Anything came over a link.
    pub fn heard(&mut self, link: u32, now: u64) {
        self.heard.insert(link, now);
    }

    /// A feed is no longer wanted from a link.
    pub fn release(&mut self, feed: Id, link: u32) {
        if self.link(feed) == Some(link) {
            self.claims.remove(&feed);
        }
    }

    /// A link is gone.
    pub fn release_all(&mut self, link: u32) {
        self.claims.retain(|_, claim| claim.link != link);
        self.heard.remove(&link);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_feed_is_wanted_from_one_link_the_cheapest_that_answers() {
        let (mut wants, feed) = (Wants::default(), Id([1; 16]));
        assert!(wants.claim(feed, 1, 10, 0));
        assert!(!wants.claim(feed, 2, 10, 100), "the same cost is no reason to move");
        assert!(wants.claim(feed, 3, 5, 100), "a cheaper one is");
        wants.heard(3, 9_000);
        assert!(!wants.claim(feed, 2, 10, 15_000), "it still sends");
        assert!(wants.claim(feed, 2, 10, 20_000), "it fell silent");
        wants.heard(2, 140_001);
        assert!(wants.claim(feed, 1, 10, 140_001), "it sends all but this feed");
        wants.release_all(1);
        assert_eq!(wants.link(feed), None);
    }
}
