//! What was archived of a scope and dropped here. Its feeds still end where they ended, so that
//! links find both sides equal; the records up to there count as positions of the log and as
//! nothing else.

use polder_wire::v1::IncidentData;

use super::{Live, Picture, keep_live};
use crate::{
    admit::NewScope,
    attributes::Attributes,
    live::RecordRef,
    record::{Head, Id},
    suffix::FeedName,
};

/// One of the incident's own records that was live when it was dropped.
#[derive(Debug, Clone, PartialEq)]
pub struct KeptLive {
    /// Its feed.
    pub feed: Id,
    /// Its number there.
    pub sequence: u64,
    /// Author's hybrid clock.
    pub hlc: u64,
    /// As of any record.
    pub attributes: Attributes,
    /// What it says, if that is usable here.
    pub data: Option<IncidentData>,
}

/// What stays of a scope whose records were dropped.
#[derive(Debug, Clone, PartialEq)]
pub struct Archived {
    /// Which scope.
    pub scope: NewScope,
    /// When, by this node's clock, milliseconds since 1970.
    pub time_ms: i64,
    /// BLAKE3 of the file that holds them.
    pub hash: [u8; 32],
    /// Their room on the disk was given back.
    pub cleared: bool,
    /// Where what was dropped of each feed ends.
    pub bases: Vec<(FeedName, Head)>,
    /// The incident's own live records.
    pub live: Vec<KeptLive>,
    /// What the incident's own records had seen, by feed.
    pub covered: Vec<(Id, u64)>,
}

impl Archived {
    /// Records that were dropped.
    pub fn records(&self) -> u64 {
        self.bases.iter().map(|(_, base)| base.sequence).sum()
    }
}

impl Picture {
    /// Makes known what will be passed over, before anything is applied.
    pub fn expect_archived(&mut self, archived: &[Archived]) {
        for (name, base) in archived.iter().flat_map(|archived| &archived.bases) {
            self.bases.insert(name.id(), *base);
            if let Some(index) = self.feed_index(name.id()) {
                self.feeds[index as usize].base = *base;
            }
        }
    }

    /// Shows what stays of archived scopes, once everything else was applied.
    pub fn install_archived(&mut self, archived: &[Archived]) {
        for archived in archived {
            let NewScope { incident, mode, audience } = &archived.scope;
            let index = self.add_scope(incident, *mode, audience);
            for (name, base) in &archived.bases {
                let feed = self.add_feed(name.origin, index, name.lane);
                let feed = &mut self.feeds[feed as usize];
                if feed.head.sequence < base.sequence {
                    feed.head = *base;
                }
            }
            let reference = |feed, sequence| RecordRef { feed, sequence };
            let covered: Vec<_> = archived
                .covered
                .iter()
                .map(|(feed, sequence)| reference(self.name_feed(*feed, index), *sequence))
                .collect();
            for kept in &archived.live {
                let record = reference(self.name_feed(kept.feed, index), kept.sequence);
                let live = Live { record, hlc: kept.hlc, attributes: kept.attributes };
                let scope = &mut self.scopes[index as usize];
                scope.register.add(live, &covered);
                let held = std::mem::take(&mut scope.data);
                scope.data = keep_live(&scope.register, held, record, kept.data.clone());
            }
            self.scopes[index as usize].archived = Some(Box::new(archived.clone()));
        }
    }

    /// What is to stay of a scope that is dropped now: all that is held of it.
    pub fn to_archive(&self, scope: u32, time_ms: i64, hash: [u8; 32]) -> Archived {
        let held = self.scope(scope);
        let bases = self.feeds_of(scope).filter_map(|feed| {
            Some((feed.name(held.id)?, feed.head)).filter(|(_, head)| head.sequence > 0)
        });
        let live = held.register.live.iter().map(|live| KeptLive {
            feed: self.feed(live.record.feed).id,
            sequence: live.record.sequence,
            hlc: live.hlc,
            attributes: live.attributes,
            data: held.data.iter().find(|(of, _)| of.record == live.record).map(|(_, d)| d.clone()),
        });
        let covered = held.register.covered();
        let covered = covered.iter().map(|seen| (self.feed(seen.feed).id, seen.sequence));
        Archived {
            scope: NewScope {
                incident: held.incident.clone(),
                mode: held.mode,
                audience: held.audience.clone(),
            },
            time_ms,
            hash,
            cleared: false,
            bases: bases.collect(),
            live: live.collect(),
            covered: covered.collect(),
        }
    }

    /// Notes that the room of a dropped scope was given back.
    pub fn set_cleared(&mut self, scope: Id) {
        if let Some(index) = self.scope_index(scope)
            && let Some(archived) = &mut self.scopes[index as usize].archived
        {
            archived.cleared = true;
        }
    }

    /// All that was archived.
    pub fn archived(&self) -> Vec<Archived> {
        let archived = self.scopes.iter().filter_map(|scope| scope.archived.as_deref());
        archived.cloned().collect()
    }

    /// Whether a record is no longer here because it was archived.
    pub fn is_archived(&self, record: RecordRef) -> bool {
        record.sequence <= self.feed(record.feed).base.sequence
    }

    /// Counts a record that was dropped.
    pub fn pass(&mut self) {
        self.lsn += 1;
    }
}
