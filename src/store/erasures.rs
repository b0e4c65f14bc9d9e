//! Taking what records said out of a store: chunks and lines of arrival rows are written again
//! without it. Headers and signatures stay, so every chain still holds.
//!
//! An engine keeps what was overwritten until it tidies up. A row in meta says that there is such
//! a thing; rewriting the store into a new one ends it.

use std::{collections::BTreeMap, ops::ControlFlow};

use polder_picture::{attributes::Attributes, clock::Hlc, record::Id};
use polder_wire::v1::{Envelope, Lane};
use prost::Message as _;

use super::{
    engine::{Batch, EngineError, Tree},
    log::{Log, damaged},
    rows::{Arrival, record_key},
};

const PURGE: &[u8] = b"purge";

/// A record whose content is to go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Doomed {
    /// First position of its arrival row.
    pub row: u64,
    /// Place in that row.
    pub at: usize,
    /// Its feed.
    pub feed: Id,
    /// Its number there.
    pub sequence: u64,
}

/// As any node judges the record without its content.
fn emptied(attributes: &Attributes, hlc: u64) -> Attributes {
    let lane = Lane::try_from(i32::from(attributes.lane)).unwrap_or_default();
    Attributes::opaque(lane, attributes.retracted()).recorded_at(Hlc::millis(hlc))
}

impl Log {
    /// Takes out what records said, in one commit.
    pub fn erase(&self, doomed: &[Doomed]) -> Result<(), EngineError> {
        let mut writes = Vec::new();
        let mut rows: BTreeMap<u64, Vec<usize>> = BTreeMap::new();
        let mut chunks: BTreeMap<(Id, u64), Vec<usize>> = BTreeMap::new();
        let branches = self.branches()?;
        for Doomed { row, at, feed, sequence } in doomed {
            rows.entry(*row).or_default().push(*at);
            if let Some((first, _)) = self.chunk(*feed, *sequence)? {
                let key = (branches.lies_under(*feed), first);
                chunks.entry(key).or_default().push((*sequence - first) as usize);
            }
        }
        for (lsn, places) in rows {
            let mut found: Option<Arrival> = None;
            self.arrivals(lsn, &mut |first, arrival| {
                found = (first == lsn).then_some(arrival);
                ControlFlow::Break(())
            })?;
            let mut arrival = found.ok_or_else(|| damaged("an arrival row"))?;
            for at in places {
                let record =
                    arrival.records.get_mut(at).ok_or_else(|| damaged("an arrival row"))?;
                let Some(attributes) = Attributes::decode(&record.attributes) else { continue };
                let mut bytes = Vec::new();
                emptied(&attributes, record.hlc).encode(&mut bytes);
                record.attributes = bytes.into();
            }
            let key = lsn.to_be_bytes().to_vec();
            writes.push((Tree::Arrivals, key, Some(arrival.encode_to_vec())));
        }
        for ((feed, first), places) in chunks {
            let held = self.chunk(feed, first)?;
            let (_, mut chunk) = held.ok_or_else(|| damaged("a chunk of records"))?;
            for at in places {
                let place = chunk.envelopes.get_mut(at).ok_or_else(|| damaged("a chunk"))?;
                let envelope = Envelope::decode(place.clone()).map_err(|_| damaged("a record"))?;
                *place = Envelope { payload: None, ..envelope }.encode_to_vec().into();
            }
            let key = record_key(feed, first).to_vec();
            writes.push((Tree::Records, key, Some(chunk.encode_to_vec())));
        }
        writes.push((Tree::Meta, PURGE.to_vec(), Some(vec![1])));
        self.engine().commit(Batch { writes })
    }

    /// Whether the engine may still keep something that was erased.
    pub fn needs_purge(&self) -> Result<bool, EngineError> {
        Ok(self.engine().get(Tree::Meta, PURGE)?.is_some())
    }
}
