//! What records of another node would cost in memory, before any of them is taken.

use hashbrown::{HashMap, HashSet};
use polder_wire::v1::{Header, RecordKind};
use uuid::Uuid;

use super::Group;
use crate::{
    record::{Decoded, Id},
    refusal::{Class, Refusal},
    suffix::FeedName,
};

/// Feeds that are known only because some record claims to have seen them. Each costs memory, and
/// whoever may write can invent them.
pub const NAMED_FEEDS_MAX: u32 = 100_000;

/// One feed leaves at most so many versions of an entry undecided. An honest node's authors stay
/// far below; without a bound one key could make an entry so large that nobody can show it.
pub const RIVALS_OF_FEED_MAX: usize = 256;

/// What some records of a feed leave behind.
pub(super) struct Bounds {
    scope: Id,
    /// Of a branch its author knew the feed only.
    own: Id,
    root: Id,
    /// Numbers of those that are live, by entry.
    live: HashMap<[u8; 16], Vec<u64>>,
    /// Feeds that nothing is known of yet.
    named: HashSet<Id>,
}

impl Bounds {
    pub(super) fn of(feed: &FeedName) -> Self {
        let (live, named) = Default::default();
        Self { scope: feed.scope, own: feed.id(), root: feed.root().id(), live, named }
    }

    /// Counts what a checkpoint keeps of a feed that nothing is held of: together these leave
    /// behind what all did, but not one by one.
    pub(super) fn keep<'r>(
        &mut self,
        group: &Group<'_>,
        kept: impl Iterator<Item = &'r Decoded> + Clone,
    ) -> Result<(), Refusal> {
        let mut end: HashMap<&[u8], u64> = HashMap::new();
        for record in kept.clone() {
            for seen in &record.header.seen {
                let Some(feed) = Id::from_slice(&seen.feed) else { continue };
                if feed == self.own {
                    let end = end.entry(&record.header.entry[..]).or_default();
                    *end = seen.sequence.max(*end);
                } else if group.feed_index(feed).is_none() {
                    self.named.insert(feed);
                }
            }
        }
        for record in kept {
            let header = &record.header;
            let Ok(entry) = <[u8; 16]>::try_from(&header.entry[..]) else { continue };
            if end.get(&header.entry[..]).is_none_or(|end| header.sequence > *end) {
                self.push(entry, header.sequence)?;
            }
        }
        Ok(())
    }

    /// Counts the next record.
    pub(super) fn add(&mut self, group: &Group<'_>, record: &Decoded) -> Result<(), Refusal> {
        let header = &record.header;
        let Ok(entry) = <[u8; 16]>::try_from(&header.entry[..]) else { return Ok(()) };
        let (scope, own) = (self.scope, self.own);
        self.live.entry(entry).or_insert_with(|| {
            let own = group.feed_index(own);
            let scope = group.picture.scope_index(scope);
            let register = scope.map(|scope| group.register(scope, Uuid::from_bytes(entry)));
            let live = register.iter().flat_map(|register| &register.live);
            let ours = live.filter(|live| Some(live.record.feed) == own);
            ours.map(|live| live.record.sequence).collect()
        });
        self.saw(group, entry, header);
        self.push(entry, header.sequence)
    }

    /// What a record has seen is decided by it.
    fn saw(&mut self, group: &Group<'_>, entry: [u8; 16], header: &Header) {
        let of_entry = self.live.entry(entry).or_default();
        for seen in &header.seen {
            match Id::from_slice(&seen.feed) {
                Some(feed) if feed == self.own || feed == self.root => {
                    of_entry.retain(|held| *held > seen.sequence)
                }
                Some(feed) if group.feed_index(feed).is_none() => {
                    self.named.insert(feed);
                }
                _ => {}
            }
        }
    }

    /// Counts records that a checkpoint left out of the feed: as a rule what it keeps has seen all
    /// of them. Of a feed that is set aside no register tells what was seen, only the records.
    pub(super) fn fill<'r>(
        &mut self,
        group: &Group<'_>,
        records: impl Iterator<Item = &'r Decoded>,
    ) -> Result<(), Refusal> {
        let own = group.feed_index(self.own);
        let scope = group.picture.scope_index(self.scope);
        let mut seen_to: HashMap<[u8; 16], u64> = HashMap::new();
        for record in records {
            let header = &record.header;
            let Ok(entry) = <[u8; 16]>::try_from(&header.entry[..]) else { continue };
            if !matches!(header.kind(), RecordKind::Put | RecordKind::Retract) {
                continue;
            }
            let seen_to = seen_to.entry(entry).or_insert_with(|| {
                let register = scope.map(|scope| group.register(scope, Uuid::from_bytes(entry)));
                let Some(register) = register else { return 0 };
                let live = register.live.iter().filter(|live| Some(live.record.feed) == own);
                self.live.insert(entry, live.map(|live| live.record.sequence).collect());
                let covered = register.covered();
                let own = covered.iter().find(|seen| Some(seen.feed) == own);
                own.map_or(0, |seen| seen.sequence)
            });
            let counts = header.sequence > *seen_to;
            self.saw(group, entry, header);
            if counts {
                self.push(entry, header.sequence)?;
            }
        }
        Ok(())
    }

    fn push(&mut self, entry: [u8; 16], sequence: u64) -> Result<(), Refusal> {
        let of_entry = self.live.entry(entry).or_default();
        of_entry.push(sequence);
        if of_entry.len() > RIVALS_OF_FEED_MAX {
            let sentence = "the feed leaves more than 256 versions of one entry undecided";
            let class = Class::ResourceExhausted;
            return Err(Refusal::new(class, "RIVALS_OF_FEED_TOO_MANY", sentence));
        }
        Ok(())
    }

    /// Refuses what all of them together cost.
    pub(super) fn finish(self, group: &Group<'_>) -> Result<(), Refusal> {
        let held = group.picture.named_feeds() as usize + group.new_feeds.len();
        if !self.named.is_empty() && held + self.named.len() > NAMED_FEEDS_MAX as usize {
            let sentence = "100,000 feeds are known only by name: no more are taken note of";
            return Err(Refusal::new(Class::ResourceExhausted, "NAMED_FEEDS_TOO_MANY", sentence));
        }
        Ok(())
    }
}
