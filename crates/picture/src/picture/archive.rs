//! What was archived of a scope and dropped here. Its feeds still end where they ended, so that
//! links find both sides equal; the records up to there count as positions of the log and as
//! nothing else.

use polder_wire::v1::IncidentData;

use super::{Change, Live, Picture, keep_live};
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

    /// Takes note of a record that leaves no mark: it may be a checkpoint.
    pub(super) fn note_apart(&mut self, change: &Change) {
        if change.live.attributes.is_apart() {
            let feed = &mut self.feeds[change.live.record.feed as usize];
            feed.apart = feed.apart.max(change.live.record.sequence);
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
                scope.register.add(live, &covered, |_, _| true);
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

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use polder_wire::v1::{IncidentState, Lane, Mode};
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::*;
    use crate::{
        admit::{Act, Draft, Group, SealedGroup, Supersedes},
        clock::Clock,
        picture::Change,
        record::{Sealed, Signer},
    };

    /// What was written: groups on top of one picture, and their changes in order.
    #[derive(Default)]
    struct History {
        picture: Picture,
        clock: Clock,
        changes: Vec<Change>,
    }

    fn scope(number: u32) -> NewScope {
        let incident = format!("flood-{number}");
        NewScope { incident, mode: Mode::Exercise, audience: "all".into() }
    }

    fn draft(scope: u32, entry: u128, act: Act) -> Draft {
        let sealed = Sealed::new([0; 16], Bytes::from_static(b"content"));
        let (entry, lane) = (Uuid::from_u128(entry), Lane::Routine);
        let (author, supersedes) = (String::new(), Supersedes::AllHeld);
        Draft { scope, entry, act, lane, sealed, author, supersedes }
    }

    fn data(state: IncidentState) -> Act {
        Act::Incident(Box::new(IncidentData { state: state.into(), ..Default::default() }))
    }

    impl History {
        fn write(&mut self, of: impl FnOnce(&mut Group<'_>)) {
            let signer = Signer::new(&[7; 32]);
            let mut group = Group::new(&self.picture, &signer, &mut self.clock);
            of(&mut group);
            let sealed: SealedGroup = group.seal();
            self.changes.extend(sealed.admitted.iter().map(|admitted| admitted.change().clone()));
            self.picture.install(&sealed);
        }

        /// The picture as a store would replay it that archived this.
        fn replayed(&self, archived: &[Archived], emptied: bool) -> Picture {
            let mut picture = if emptied { self.picture.emptied() } else { Picture::default() };
            picture.expect_archived(archived);
            for number in 0..2 {
                let NewScope { incident, mode, audience } = scope(number);
                picture.add_scope(&incident, mode, &audience);
            }
            for feed in self.picture.feeds() {
                picture.add_feed(feed.origin.unwrap(), feed.scope, feed.lane);
            }
            for change in &self.changes {
                let record = change.live.record;
                // A store may have emptied the row already, or not yet.
                if picture.is_archived(record) && record.sequence % 2 == 0 {
                    picture.pass();
                    continue;
                }
                picture.apply(change);
                if !picture.is_archived(record) {
                    let head = self.picture.feed(record.feed).head;
                    picture.set_head(record.feed, Head { sequence: record.sequence, ..head });
                }
            }
            picture.install_archived(archived);
            picture
        }
    }

    proptest! {
        #[test]
        fn an_archived_scope_keeps_its_ends_and_its_data_and_the_other_everything(
            entries in proptest::collection::vec((0..2_u32, 1..6_u128), 0..30),
            late in 0..4_usize,
        ) {
            let mut history = History::default();
            history.write(|group| {
                for number in 0..2 {
                    let index = group.open_scope(scope(number)).unwrap();
                    group.author(draft(index, 0, data(IncidentState::Open)), 1_000).unwrap();
                }
            });
            let put = |scope, entry| draft(scope, entry, Act::Put(Attributes::bare(Lane::Routine)));
            for (scope, entry) in entries {
                history.write(|group| drop(group.author(put(scope, entry), 2_000).unwrap().clone()));
            }
            let archived = history.picture.to_archive(0, 5, [9; 32]);
            let dropped = archived.records();
            for number in 0..late {
                let entry = 100 + number as u128;
                history.write(|group| drop(group.author(put(0, entry), 3_000).unwrap().clone()));
            }
            for emptied in [false, true] {
                let picture = history.replayed(std::slice::from_ref(&archived), emptied);
                prop_assert_eq!(picture.lsn(), history.picture.lsn());
                prop_assert_eq!(picture.feeds().len(), history.picture.feeds().len());
                for (feed, whole) in picture.feeds().iter().zip(history.picture.feeds()) {
                    prop_assert_eq!((feed.id, feed.head), (whole.id, whole.head));
                }
                let shown = |picture: &Picture, scope: u32| {
                    let of = picture.entries().iter().filter(|register| register.scope == scope);
                    let of = of.map(|register| (register.entry, register.lsn, register.live.len()));
                    let mut of: Vec<_> = of.collect();
                    of.sort_unstable();
                    of
                };
                prop_assert_eq!(shown(&picture, 1), shown(&history.picture, 1));
                prop_assert_eq!(shown(&picture, 0).len(), late, "only what came later");
                prop_assert_eq!(picture.scope(0).entry_count, late as u64);
                prop_assert_eq!(&picture.scope(0).data, &history.picture.scope(0).data);
                prop_assert_eq!(picture.archived(), vec![archived.clone()]);
                // What is archived next begins where this ended, and brings the data along.
                let again = picture.to_archive(0, 6, [8; 32]);
                prop_assert_eq!(again.records(), dropped + late as u64);
                prop_assert_eq!(again.live, archived.live.clone());
            }
        }
    }
}
