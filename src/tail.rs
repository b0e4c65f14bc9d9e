//! The tail of the change index in batches that all subscribers share: an update is read and
//! encoded once, however many follow it.

use std::{collections::HashMap, sync::Arc};

use bytes::{BufMut as _, Bytes, BytesMut};
use parking_lot::Mutex;
use polder_picture::live::{Live, Register};
use polder_wire::v1::{EntryChange, EntryView};
use prost::{
    Message as _,
    encoding::{WireType, encode_key, encode_varint},
};

use crate::{
    node::Node,
    present::{self, Mark, Place},
    store::{engine::EngineError, log::Cursor},
};

/// A batch ends at so many entries or bytes.
const BATCH_ENTRIES: usize = 512;
const BATCH_BYTES: usize = 256 * 1024;
/// So many batches are kept for others who follow.
const BATCHES_MAX: usize = 32;

/// One changed entry.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    /// Its register at that moment.
    pub(crate) register: Register,
    /// Its scope.
    pub(crate) place: Place,
    /// Encoded [`EntryChange`], in full view.
    pub(crate) change: Bytes,
}

/// Changed entries after a position.
#[derive(Debug)]
pub(crate) struct Batch {
    /// Where it ends; the next begins there.
    pub(crate) until: u64,
    /// In log order.
    pub(crate) rows: Vec<Row>,
    /// All rows as an encoded `Changes`, for those who want everything.
    pub(crate) all: Bytes,
    /// Scopes whose incident data changed.
    pub(crate) incidents: Vec<u32>,
}

/// The newest batches.
#[derive(Debug, Default)]
pub(crate) struct TailCache {
    batches: Mutex<HashMap<u64, Arc<Batch>>>,
}

impl TailCache {
    /// Forgets all: the picture was built anew.
    pub(crate) fn clear(&self) {
        self.batches.lock().clear();
    }

    /// What changed after `lsn`; `None` when nothing did.
    pub(crate) fn after(&self, node: &Node, lsn: u64) -> Result<Option<Arc<Batch>>, EngineError> {
        if let Some(batch) = self.batches.lock().get(&lsn) {
            return Ok(Some(Arc::clone(batch)));
        }
        let Some(batch) = build(node, lsn)? else { return Ok(None) };
        let batch = Arc::new(batch);
        let mut batches = self.batches.lock();
        if batches.len() >= BATCHES_MAX {
            let oldest = batches.keys().min().copied();
            oldest.map(|oldest| batches.remove(&oldest));
        }
        // Another subscriber may have been quicker; all must go on from the same end.
        Ok(Some(Arc::clone(batches.entry(lsn).or_insert(batch))))
    }
}

fn build(node: &Node, lsn: u64) -> Result<Option<Batch>, EngineError> {
    let picture = node.picture.read();
    if picture.lsn() <= lsn {
        return Ok(None);
    }
    let mut registers = Vec::new();
    let mut until = picture.lsn();
    let mut records = 0;
    for (at, slot) in picture.changes().after(lsn) {
        let register = picture.entries().get(slot as usize).expect("slots are never removed");
        if register.lsn != at {
            continue;
        }
        if registers.len() >= BATCH_ENTRIES {
            until = at - 1;
            break;
        }
        records += register.live.len();
        registers.push((register.clone(), present::rivals(&picture, register)));
    }
    let incidents = picture.scopes().iter().enumerate().filter_map(|(index, scope)| {
        (scope.register.lsn > lsn && scope.register.lsn <= until).then_some(index as u32)
    });
    let incidents = incidents.collect();
    let places: HashMap<u32, Place> = registers
        .iter()
        .map(|(register, _)| register.scope)
        .map(|scope| (scope, Place::of(picture.scope(scope))))
        .collect();
    let mut references = Vec::with_capacity(records);
    for (register, _) in &registers {
        let of = |live: &Live| {
            (live.record, picture.feed(live.record.feed).id, Mark::from(&live.attributes))
        };
        references.extend(register.live.iter().map(of));
    }
    drop(picture);

    let log = node.log();
    let mut cursor = Cursor::new(&log);
    let mut references = references.into_iter();
    let mut rows = Vec::with_capacity(registers.len());
    let mut all = BytesMut::new();
    for (register, rivals) in registers {
        if all.len() > BATCH_BYTES && register.lsn <= until {
            until = register.lsn - 1;
            break;
        }
        let place = &places[&register.scope];
        let name = present::entry_name(&place.incident, register.entry);
        let mut change = EntryChange { name, ..Default::default() };
        for _ in 0..register.live.len() {
            let (record, feed, mark) = references.next().expect("one for each live record");
            let recent = node.recent.lock().get(record);
            let stored = match recent {
                Some(stored) => Some(stored),
                None => cursor.record(feed, record.sequence)?,
            };
            let stored = stored.ok_or_else(|| missing(&rivals))?;
            let full = EntryView::Full;
            change.versions.extend(present::encode(&stored, mark, place, &rivals, full));
        }
        let change = Bytes::from(change.encode_to_vec());
        push_field(&mut all, &change);
        rows.push(Row { register, place: place.clone(), change });
    }
    Ok(Some(Batch { until, rows, all: all.freeze(), incidents }))
}

/// Appends one item of `Changes.changes`.
pub(crate) fn push_field(changes: &mut BytesMut, change: &[u8]) {
    encode_key(1, WireType::LengthDelimited, changes);
    encode_varint(change.len() as u64, changes);
    changes.put_slice(change);
}

/// A record that the picture names and the log does not have.
pub(crate) fn missing(versions: &[String]) -> EngineError {
    EngineError::Damaged(format!("record {} cannot be read back", versions.join(" or ")))
}
