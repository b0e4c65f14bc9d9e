//! The door for what a checkpoint left out, when it comes later. It is of a feed that is held, and
//! stands before records that are held.

use std::collections::BTreeMap;

use super::{Group, NewScope, ReceiveError, bounds::Bounds};
use crate::{
    fill::Fill,
    record::{Head, Id},
    refusal::{Class, Refusal},
};

/// How far a feed was filled by a group.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Filled {
    /// All records after this one are held from now on; 0: the feed is whole.
    pub edge: Head,
    /// So many of those in between were held already, for the checkpoint keeps them.
    pub kept: u64,
}

impl Group<'_> {
    /// All records of a feed after this one are held, this group included; zero for a feed that is
    /// whole, or of which nothing is held.
    pub fn edge_of(&self, feed: Id) -> Head {
        self.feed_index(feed).map_or_else(Head::default, |feed| self.edge(feed))
    }

    /// The same by the feed's index.
    pub(super) fn edge(&self, feed: u32) -> Head {
        if let Some(filled) = self.fills.get(&feed) {
            return filled.edge;
        }
        let stored = || self.feed_entry(feed).map(|feed| feed.covered);
        self.jumps.get(&feed).copied().or_else(stored).unwrap_or_default()
    }

    /// Admits records that a checkpoint left out, and says how many. `held`: numbers and hashes of
    /// those in between that are held, as the checkpoint keeps them. What does not end on the edge
    /// came late, and changes nothing.
    pub fn fill(
        &mut self,
        fill: Fill,
        held: &BTreeMap<u64, [u8; 32]>,
        scope: &NewScope,
        wall_ms: i64,
    ) -> Result<usize, ReceiveError> {
        let name = *fill.feed();
        self.check_place(&name, scope)?;
        let known =
            self.picture.feed_index(name.id()).filter(|feed| !self.jumps.contains_key(feed));
        let Some(feed) = known.filter(|feed| self.edge(*feed) == fill.edge()) else { return Ok(0) };
        let other = |(_, record): &(&_, &crate::record::Decoded)| {
            held.get(&record.header.sequence).is_some_and(|hash| *hash != record.hash)
        };
        if let Some((_, record)) = fill.envelopes().find(other) {
            // The origin signed both: this one by its chain, the other by its checkpoint.
            let sentence = format!(
                "record {} of feed {} is another than the one that a checkpoint of its origin \
                 keeps: nothing before it can be taken",
                record.header.sequence,
                name.id()
            );
            let refusal = Refusal::new(Class::FailedPrecondition, "FILL_DIFFERS", sentence);
            return Err(refusal.into());
        }
        let missing = |record: &crate::record::Decoded| !held.contains_key(&record.header.sequence);
        let mut bounds = Bounds::of(&name);
        let records = fill.envelopes().map(|(_, record)| record);
        bounds.fill(self, records.filter(|record| missing(record)))?;
        bounds.finish(self)?;
        let kept = fill.envelopes().filter(|(_, record)| !missing(record)).count() as u64;
        let before = self.fills.get(&feed).map_or(0, |filled| filled.kept);
        self.fills.insert(feed, Filled { edge: fill.after(), kept: before + kept });
        let index = self.known_scope(scope);
        let admitted = self.admitted.len();
        for (envelope, record) in fill.into_records() {
            if missing(&record) {
                self.clock.observe(record.header.hlc, wall_ms);
                self.take(index, feed, scope, envelope, &record);
            }
        }
        Ok(self.admitted.len() - admitted)
    }
}
