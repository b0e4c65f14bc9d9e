//! Feeds that came by a checkpoint of their origin, as the store remembers them: a row for each.
//! Records up to its edge are those that the checkpoint keeps; that the others are not here is no
//! damage. The edge goes down in the very commits that bring the others; with the first record of
//! the feed the row goes away.

use std::{collections::BTreeMap, ops::ControlFlow};

use bytes::Bytes;
use polder_picture::{
    admit::{Admitted, Filled, SealedGroup},
    checkpoint::List,
    picture::Picture,
    record::{Head, Id, decode, record_hash},
};
use prost::Message;

use super::{
    branches::Write,
    engine::{Batch, EngineError, Range, Tree},
    log::{Log, damaged},
};

/// Start of the keys of these rows in the meta tree; the feed's id follows.
const COVERED: &[u8] = b"covered/";

/// How a feed came by a checkpoint.
#[derive(Clone, PartialEq, Message)]
pub struct CoveredRow {
    /// The last record that the checkpoint speaks of.
    #[prost(uint64, tag = "1")]
    pub sequence: u64,
    /// Hash of that record.
    #[prost(bytes = "bytes", tag = "2")]
    pub hash: Bytes,
    /// Number of records up to the edge that are held.
    #[prost(uint64, tag = "3")]
    pub kept: u64,
    /// Number of the checkpoint.
    #[prost(uint64, tag = "4")]
    pub said: u64,
    /// Position in the log of the first record of the commit that brought it.
    #[prost(uint64, tag = "5")]
    pub lsn: u64,
    /// All records after this one are held. 0: nothing came yet of what was left out, and it is
    /// the one that the checkpoint speaks of.
    #[prost(uint64, tag = "6")]
    pub edge: u64,
    /// Hash of that record.
    #[prost(bytes = "bytes", tag = "7")]
    pub edge_hash: Bytes,
}

impl CoveredRow {
    /// The last record that the checkpoint speaks of.
    pub fn head(&self) -> Option<Head> {
        Some(Head { sequence: self.sequence, hash: self.hash[..].try_into().ok()? })
    }

    /// All records after this one are held.
    pub fn edge(&self) -> Option<Head> {
        if self.edge == 0 {
            return self.head();
        }
        Some(Head { sequence: self.edge, hash: self.edge_hash[..].try_into().ok()? })
    }

    /// Records that are not held.
    pub fn left_out(&self) -> u64 {
        self.edge().unwrap_or_default().sequence.saturating_sub(self.kept)
    }

    fn is_sound(&self) -> bool {
        let edge = self.edge().filter(|_| self.head().is_some());
        let fits =
            |edge: Head| (self.kept..=self.sequence).contains(&edge.sequence) && edge.sequence > 0;
        self.said > self.sequence && edge.is_some_and(fits)
    }

    /// The row once more was filled; `None`: the feed is whole.
    fn filled(self, filled: &Filled) -> Option<Self> {
        let Filled { edge, kept } = filled;
        let row = Self {
            kept: self.kept.saturating_sub(*kept),
            edge: edge.sequence,
            edge_hash: Bytes::copy_from_slice(&edge.hash),
            ..self
        };
        (edge.sequence > 0).then_some(row)
    }
}

fn key(feed: Id) -> Vec<u8> {
    [COVERED, &feed.0].concat()
}

/// The rows that a group brings. `first_lsn` is the position of its first record.
pub(super) fn rows_of(
    picture: &Picture,
    group: &SealedGroup,
    first_lsn: u64,
) -> Result<Vec<Write>, EngineError> {
    let row = |(feed, covered): (&u32, &Head)| {
        let of_feed = group.admitted.iter().filter(|admitted| admitted.record().feed == *feed);
        let of = |admitted: &&Admitted| {
            let record = decode(admitted.envelope()).ok();
            let payload = admitted.envelope().payload.as_ref();
            let list = record.and_then(|record| List::of(&record, payload));
            list.and_then(Result::ok).is_some_and(|list| list.base() == *covered)
        };
        let after = |admitted: &&Admitted| admitted.record().sequence > covered.sequence;
        let said = of_feed.clone().filter(after).find(of).map(|said| said.record().sequence);
        let id = group.feed(picture, *feed).id;
        let said = said.ok_or_else(|| {
            EngineError::Failed(format!("feed {id} came by a checkpoint that is not there"))
        })?;
        let kept = of_feed.filter(|admitted| !after(admitted)).count() as u64;
        let hash = Bytes::copy_from_slice(&covered.hash);
        let sequence = covered.sequence;
        let row = CoveredRow { sequence, hash, kept, said, lsn: first_lsn, ..Default::default() };
        Ok((Tree::Meta, key(id), Some(row.encode_to_vec())))
    };
    group.jumps.iter().map(row).collect()
}

impl Log {
    /// How a feed came, if that was by a checkpoint. A branch of one that forked has no row.
    pub fn covered_of(&self, feed: Id) -> Result<Option<CoveredRow>, EngineError> {
        let row = self.engine().get(Tree::Meta, &key(feed))?;
        let row = row.map(|row| CoveredRow::decode(row).ok().filter(CoveredRow::is_sound));
        row.map(|row| row.ok_or_else(|| damaged("the row of a covered feed"))).transpose()
    }

    /// All feeds that came by a checkpoint.
    pub fn covered(&self) -> Result<BTreeMap<Id, CoveredRow>, EngineError> {
        let until = [&COVERED[..COVERED.len() - 1], &[COVERED[COVERED.len() - 1] + 1]].concat();
        let range = Range { from: COVERED, until: Some(&until), backwards: false };
        let (mut rows, mut sound) = (BTreeMap::new(), true);
        self.engine().scan(Tree::Meta, range, &mut |key, value| {
            let row = CoveredRow::decode(Bytes::copy_from_slice(value)).ok();
            match (Id::from_slice(&key[COVERED.len()..]), row.filter(CoveredRow::is_sound)) {
                (Some(feed), Some(row)) => drop(rows.insert(feed, row)),
                _ => sound = false,
            }
            ControlFlow::Continue(())
        })?;
        if sound { Ok(rows) } else { Err(damaged("the row of a covered feed")) }
    }

    /// The rows of feeds that a group fills.
    pub(super) fn filled_rows(
        &self,
        picture: &Picture,
        group: &SealedGroup,
    ) -> Result<Vec<Write>, EngineError> {
        let row = |(feed, filled): (&u32, &Filled)| {
            let id = group.feed(picture, *feed).id;
            let row = self.covered_of(id)?;
            let row = row.ok_or_else(|| damaged(&format!("the row of covered feed {id}")))?;
            let row = row.filled(filled).map(|row| row.encode_to_vec());
            Ok((Tree::Meta, key(id), row))
        };
        group.fills.iter().map(row).collect()
    }

    /// Writes such rows into a store that is filled from another.
    pub fn set_covered<'r>(
        &self,
        rows: impl Iterator<Item = (&'r Id, &'r CoveredRow)>,
    ) -> Result<(), EngineError> {
        let row =
            |(feed, row): (&Id, &CoveredRow)| (Tree::Meta, key(*feed), Some(row.encode_to_vec()));
        let writes: Vec<_> = rows.map(row).collect();
        if writes.is_empty() { Ok(()) } else { self.engine().commit(Batch { writes }) }
    }

    /// Tells a picture, which knows the records already, which feeds came by a checkpoint.
    pub fn install_covered(&self, picture: &mut Picture) -> Result<(), EngineError> {
        for (id, row) in self.covered()? {
            let index = picture.feed_index(id).filter(|at| picture.feed(*at).origin.is_some());
            let (Some(index), Some(edge)) = (index, row.edge()) else {
                return Err(damaged(&format!("the row of covered feed {id}")));
            };
            picture.set_covered(index, edge, row.edge == 0);
            if picture.feed(index).head.sequence < edge.sequence {
                // It forked just there: what follows is a branch's.
                picture.set_head(index, edge);
            }
        }
        Ok(())
    }

    /// Hash of a record, if that is known: also of the last one before those that are held.
    pub fn hash_at(&self, feed: Id, sequence: u64) -> Result<Option<[u8; 32]>, EngineError> {
        if let Some(stored) = self.record(feed, sequence)? {
            return Ok(Some(record_hash(&stored.envelope.header)));
        }
        let edge = self.covered_of(feed)?.and_then(|row| row.edge());
        Ok(edge.filter(|edge| edge.sequence == sequence).map(|edge| edge.hash))
    }
}
