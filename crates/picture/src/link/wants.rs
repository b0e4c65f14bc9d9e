//! Which link each feed is wanted from. One at a time, so that nothing is sent twice; the cheapest
//! first; and moved when a link falls silent or sends everything but that feed.

use std::collections::{BTreeMap, HashMap};

use crate::record::Id;

/// A link that sends nothing at all for so long loses what is wanted from it.
const SILENT_MS: u64 = 10_000;
/// A feed that does not move for so long is tried elsewhere, however busy its link is.
const STUCK_MS: u64 = 120_000;
/// Nor may it trickle for ever: so long without a single record stored, and it is tried elsewhere.
/// The largest entry takes five minutes on the thinnest radio.
const BARREN_MS: u64 = 600_000;
/// Links that lost a feed already let the others try first.
const BACK_MS: u64 = 10_000;

/// The wants of one node, shared by all its links.
#[derive(Debug, Default)]
pub struct Wants {
    claims: HashMap<Id, Claim>,
    heard: BTreeMap<u32, u64>,
}

#[derive(Debug)]
struct Claim {
    link: u32,
    cost: u32,
    /// When it was claimed, or something came.
    since: u64,
    /// How much of it is held here, and since when.
    ours: u64,
    held_since: u64,
    /// Links that it was moved away from and that brought nothing.
    lost: Vec<u32>,
}

impl Wants {
    /// Asks to want a feed from a link. `ours`: how much of it is held here; what comes and is
    /// not stored in the end keeps no claim. True: it is wanted from there now.
    pub fn claim(&mut self, feed: Id, link: u32, cost: u32, ours: u64, now: u64) -> bool {
        let mut lost = Vec::new();
        if let Some(held) = self.claims.get_mut(&feed) {
            if ours > held.ours {
                (held.ours, held.held_since) = (ours, now);
                held.lost.clear();
            }
            if held.link == link {
                return true;
            }
            let pause = if held.lost.contains(&link) { BACK_MS } else { 0 };
            let heard = self.heard.get(&held.link).copied().unwrap_or_default().max(held.since);
            let silent = now.saturating_sub(heard) > SILENT_MS + pause;
            let stuck = now.saturating_sub(held.since) > STUCK_MS + pause;
            let barren = now.saturating_sub(held.held_since) > BARREN_MS + pause;
            let cheaper = cost < held.cost && pause == 0;
            if !silent && !stuck && !barren && !cheaper {
                return false;
            }
            lost = std::mem::take(&mut held.lost);
            if (silent || stuck || barren) && !lost.contains(&held.link) {
                lost.push(held.link);
            }
        }
        self.claims.insert(feed, Claim { link, cost, since: now, ours, held_since: now, lost });
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
        assert!(wants.claim(feed, 1, 10, 0, 0));
        assert!(!wants.claim(feed, 2, 10, 0, 100), "the same cost is no reason to move");
        assert!(wants.claim(feed, 3, 5, 0, 100), "a cheaper one is");
        wants.heard(3, 9_000);
        assert!(!wants.claim(feed, 2, 10, 0, 15_000), "it still sends");
        assert!(wants.claim(feed, 2, 10, 0, 20_000), "it fell silent");
        assert!(!wants.claim(feed, 3, 5, 0, 20_100), "and does not take it back for its price");
        wants.heard(2, 140_001);
        assert!(wants.claim(feed, 1, 10, 0, 140_001), "it sends all but this feed");
        wants.release_all(1);
        assert_eq!(wants.link(feed), None);
    }

    #[test]
    fn a_link_that_trickles_and_brings_no_record_loses_the_feed() {
        let (mut wants, feed) = (Wants::default(), Id([1; 16]));
        let mut moved = None;
        for now in (0..3_600_000).step_by(1_000) {
            let held = if now < 300_000 { 1 } else { 2 };
            if wants.link(feed).is_none_or(|link| link == 1) {
                assert!(wants.claim(feed, 1, 5, held, now));
                wants.heard(1, now);
                wants.came(feed, 1, now);
            } else {
                assert!(!wants.claim(feed, 1, 5, held, now));
                wants.heard(2, now);
                wants.came(feed, 2, now);
            }
            if moved.is_none() && wants.claim(feed, 2, 10, held, now) {
                moved = Some(now);
                break;
            }
        }
        assert_eq!(moved, Some(901_000), "ten minutes after the last record");
    }
}
