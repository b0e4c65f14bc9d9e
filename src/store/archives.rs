//! Scopes that were archived and dropped: their rows, and how their room is given back. The row
//! decides; what is cleared afterwards, in small commits, is only room, so that it may be cut off
//! and done again at any moment.

use std::{collections::HashMap, ops::ControlFlow};

use bytes::Bytes;
use polder_picture::{
    admit::NewScope,
    attributes::Attributes,
    picture::{Archived, KeptLive},
    record::{Head, Id},
    suffix::FeedName,
};
use polder_wire::v1::{Lane, Mode};
use prost::Message as _;

use super::{
    branches::{Write, rebuilt},
    engine::{Batch, EngineError, Range, Tree},
    log::{Log, damaged},
    rows::{
        ARCHIVE, ArchiveBase, ArchiveLive, ArchiveRow, ArchiveSeen, Arrival, ArrivalRecord,
        ArrivalScope, archive_key, record_key,
    },
};

/// One step looks at so many rows, or so many bytes of them.
const STEP_ROWS: usize = 512;
const STEP_BYTES: usize = 1 << 20;

impl Log {
    /// All that was archived and dropped.
    pub fn archived(&self) -> Result<Vec<Archived>, EngineError> {
        let until = [&ARCHIVE[..ARCHIVE.len() - 1], &[ARCHIVE[ARCHIVE.len() - 1] + 1]].concat();
        let range = Range { from: ARCHIVE, until: Some(&until), backwards: false };
        let mut found = Vec::new();
        self.engine().scan(Tree::Meta, range, &mut |key, value| {
            let row = ArchiveRow::decode(Bytes::copy_from_slice(value)).ok();
            let archived = row.and_then(|row| parse(&row));
            let of_key = |archived: &Archived| archive_key(archived.scope.id()) == key;
            found.push(archived.filter(of_key).ok_or_else(|| damaged("the row of an archive")));
            ControlFlow::Continue(())
        })?;
        found.into_iter().collect()
    }

    /// Where what was dropped of each feed ends.
    pub fn bases(&self) -> Result<HashMap<Id, Head>, EngineError> {
        let bases = self.archived()?.into_iter().flat_map(|archived| archived.bases);
        Ok(bases.map(|(name, base)| (name.id(), base)).collect())
    }

    /// Writes what stays of a scope. From here on its records no longer count. `lsn`: what the
    /// picture was up to there, it is not any more.
    pub fn drop_archived(&self, archived: &Archived, lsn: u64) -> Result<(), EngineError> {
        self.engine().commit(Batch { writes: vec![write(archived), rebuilt(lsn)] })
    }

    /// Writes what stays of a scope, of a picture that knows it already.
    pub fn set_archived(&self, archived: &Archived) -> Result<(), EngineError> {
        self.engine().commit(Batch { writes: vec![write(archived)] })
    }

    /// Removes the next chunks of a feed up to its base. True: more are left.
    pub fn clear_records(&self, feed: Id, base: u64) -> Result<bool, EngineError> {
        let (from, until) = (record_key(feed, 0), record_key(feed, base.saturating_add(1)));
        let range = Range { from: &from, until: Some(&until), backwards: false };
        let (mut writes, mut bytes) = (Vec::new(), 0);
        // A chunk holds records of one commit, and a base is where a commit ended: none straddles.
        self.engine().scan(Tree::Records, range, &mut |key, value| {
            bytes += value.len();
            writes.push((Tree::Records, key.to_vec(), None));
            if writes.len() < STEP_ROWS && bytes < STEP_BYTES {
                ControlFlow::Continue(())
            } else {
                ControlFlow::Break(())
            }
        })?;
        let more = writes.len() >= STEP_ROWS || bytes >= STEP_BYTES;
        if !writes.is_empty() {
            self.engine().commit(Batch { writes })?;
        }
        Ok(more)
    }

    /// Empties what the next arrival rows hold of dropped records; the positions stay. Returns
    /// where to go on, if anywhere.
    pub fn clear_arrivals(
        &self,
        from: u64,
        is_dropped: &dyn Fn(Id, u64) -> bool,
    ) -> Result<Option<u64>, EngineError> {
        let (mut writes, mut bytes, mut rows, mut next) = (Vec::new(), 0, 0, None);
        self.arrivals(from, &mut |lsn, mut arrival| {
            let after = lsn + arrival.records.len().max(1) as u64;
            if after <= from {
                // The last row, which was looked at in the step before.
                return ControlFlow::Continue(());
            }
            next = Some(after);
            bytes += arrival.encoded_len();
            rows += 1;
            if empty(&mut arrival, is_dropped) {
                let key = lsn.to_be_bytes().to_vec();
                writes.push((Tree::Arrivals, key, Some(arrival.encode_to_vec())));
            }
            if rows < STEP_ROWS && bytes < STEP_BYTES {
                next = None;
                return ControlFlow::Continue(());
            }
            ControlFlow::Break(())
        })?;
        if !writes.is_empty() {
            self.engine().commit(Batch { writes })?;
        }
        Ok(next)
    }
}

/// Empties dropped records of a row; false when it has none.
fn empty(arrival: &mut Arrival, is_dropped: &dyn Fn(Id, u64) -> bool) -> bool {
    let feeds: Vec<_> = arrival.feeds.iter().map(|feed| feed.id()).collect();
    let mut answers = vec![false; arrival.records.len()];
    for request in &arrival.requests {
        let last = request.first as usize + request.count as usize;
        if let Some(answers) = answers.get_mut(request.first as usize..last) {
            answers.fill(true);
        }
    }
    let mut any = false;
    for (at, record) in arrival.records.iter_mut().enumerate() {
        let feed = feeds.get(record.feed as usize).copied().flatten();
        if record.is_dropped() || !feed.is_some_and(|feed| is_dropped(feed, record.sequence)) {
            continue;
        }
        let (feed, sequence) = (record.feed, record.sequence);
        // A request that comes twice is answered as it was.
        let entry = if answers[at] { std::mem::take(&mut record.entry) } else { Bytes::new() };
        *record = ArrivalRecord { feed, sequence, entry, ..Default::default() };
        any = true;
    }
    any
}

fn write(archived: &Archived) -> Write {
    let row = row(archived).encode_to_vec();
    (Tree::Meta, archive_key(archived.scope.id()), Some(row))
}

fn copy(bytes: &[u8]) -> Bytes {
    Bytes::copy_from_slice(bytes)
}

/// As it is stored.
pub fn row(archived: &Archived) -> ArchiveRow {
    let base = |(name, head): &(FeedName, Head)| ArchiveBase {
        origin: copy(&name.origin.0),
        lane: name.lane.into(),
        sequence: head.sequence,
        hash: copy(&head.hash),
    };
    let live = |kept: &KeptLive| {
        let mut attributes = Vec::new();
        kept.attributes.encode(&mut attributes);
        ArchiveLive {
            feed: copy(&kept.feed.0),
            sequence: kept.sequence,
            hlc: kept.hlc,
            attributes: attributes.into(),
            data: kept.data.clone(),
        }
    };
    let seen =
        |(feed, sequence): &(Id, u64)| ArchiveSeen { feed: copy(&feed.0), sequence: *sequence };
    ArchiveRow {
        scope: Some(ArrivalScope {
            incident: archived.scope.incident.clone(),
            mode: archived.scope.mode.into(),
            audience: archived.scope.audience.clone(),
        }),
        time_ms: archived.time_ms,
        hash: copy(&archived.hash),
        cleared: archived.cleared,
        bases: archived.bases.iter().map(base).collect(),
        live: archived.live.iter().map(live).collect(),
        covered: archived.covered.iter().map(seen).collect(),
    }
}

/// What a row says; `None` when it does not hold.
pub fn parse(row: &ArchiveRow) -> Option<Archived> {
    let ArrivalScope { incident, mode, audience } = row.scope.clone()?;
    let scope = NewScope { incident, mode: Mode::try_from(mode).ok()?, audience };
    let scope_id = scope.id();
    let base = |base: &ArchiveBase| {
        let (origin, lane) = (Id::from_slice(&base.origin)?, Lane::try_from(base.lane).ok()?);
        let head = Head { sequence: base.sequence, hash: base.hash[..].try_into().ok()? };
        Some((FeedName::new(origin, scope_id, lane), head))
    };
    let live = |live: &ArchiveLive| {
        Some(KeptLive {
            feed: Id::from_slice(&live.feed)?,
            sequence: live.sequence,
            hlc: live.hlc,
            attributes: Attributes::decode(&live.attributes)?,
            data: live.data.clone(),
        })
    };
    let seen = |seen: &ArchiveSeen| Some((Id::from_slice(&seen.feed)?, seen.sequence));
    Some(Archived {
        time_ms: row.time_ms,
        hash: row.hash[..].try_into().ok()?,
        cleared: row.cleared,
        bases: row.bases.iter().map(base).collect::<Option<_>>()?,
        live: row.live.iter().map(live).collect::<Option<_>>()?,
        covered: row.covered.iter().map(seen).collect::<Option<_>>()?,
        scope,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::memory::Disk;

    fn archived() -> Archived {
        let scope =
            NewScope { incident: "flood".into(), mode: Mode::Actual, audience: "all".into() };
        let name = FeedName::new(Id([1; 16]), scope.id(), Lane::Urgent);
        let live = KeptLive {
            feed: name.id(),
            sequence: 4,
            hlc: 7 << 16,
            attributes: Attributes::bare(Lane::Urgent),
            data: Some(Default::default()),
        };
        Archived {
            scope,
            time_ms: 1_700_000_000_000,
            hash: [3; 32],
            cleared: true,
            bases: vec![(name, Head { sequence: 4, hash: [2; 32] })],
            live: vec![live],
            covered: vec![(name.id(), 3)],
        }
    }

    #[test]
    fn what_stays_of_a_scope_comes_back_as_it_was() {
        let log = Log::new(Disk::default().open().unwrap());
        assert!(log.archived().unwrap().is_empty());
        log.set_archived(&archived()).unwrap();
        assert_eq!(log.archived().unwrap(), [archived()]);
    }

    #[test]
    fn clearing_in_steps_leaves_positions_and_everything_else() {
        let log = Log::new(Disk::default().open().unwrap());
        let (dropped, other) = (Id([1; 16]), Id([2; 16]));
        let mut writes = Vec::new();
        for n in 1..=1_500_u64 {
            for feed in [dropped, other] {
                let key = record_key(feed, n).to_vec();
                writes.push((Tree::Records, key, Some(vec![7; 10])));
            }
            let feed =
                |id: Id| super::super::rows::ArrivalFeed { id: copy(&id.0), ..Default::default() };
            let record = |feed| ArrivalRecord {
                feed,
                sequence: n,
                entry: copy(&[9; 16]),
                attributes: copy(&[1; 56]),
                ..Default::default()
            };
            let arrival = Arrival {
                feeds: vec![feed(dropped), feed(other)],
                records: vec![record(0), record(1)],
                ..Default::default()
            };
            let key = (2 * n - 1).to_be_bytes().to_vec();
            writes.push((Tree::Arrivals, key, Some(arrival.encode_to_vec())));
        }
        log.engine().commit(Batch { writes }).unwrap();
        let mut steps = 0;
        while log.clear_records(dropped, 1_400).unwrap() {
            steps += 1;
        }
        assert!(steps >= 2);
        let left = |feed| {
            let (from, until) = (record_key(feed, 0), record_key(feed, u64::MAX));
            let range = Range { from: &from, until: Some(&until), backwards: false };
            let mut left = 0;
            let count = &mut |_: &[u8], _: &[u8]| {
                left += 1;
                ControlFlow::Continue(())
            };
            log.engine().scan(Tree::Records, range, count).unwrap();
            left
        };
        assert_eq!((left(dropped), left(other)), (100, 1_500));
        let is_dropped = |feed: Id, sequence: u64| feed == dropped && sequence <= 1_400;
        let mut from = Some(1);
        while let Some(next) = from {
            from = log.clear_arrivals(next, &is_dropped).unwrap();
        }
        let (mut next, mut emptied) = (1, 0);
        log.arrivals(1, &mut |lsn, arrival| {
            assert_eq!((lsn, arrival.records.len()), (next, 2));
            next += 2;
            emptied += arrival.records.iter().filter(|record| record.is_dropped()).count();
            assert!(!arrival.records[1].is_dropped());
            ControlFlow::Continue(())
        })
        .unwrap();
        assert_eq!((next, emptied), (3_001, 1_400));
    }
}
