//! Records of the last commits, so that subscribers who keep up read nothing from disk.

use std::collections::{HashMap, VecDeque};

use polder_picture::{admit::SealedGroup, live::RecordRef, picture::Picture};

use crate::store::log::StoredRecord;

/// So many bytes of content are held.
const BYTES_MAX: usize = 8 << 20;

/// The newest records, up to [`BYTES_MAX`].
#[derive(Debug, Default)]
pub(crate) struct Recent {
    records: HashMap<RecordRef, StoredRecord>,
    order: VecDeque<(RecordRef, usize)>,
    bytes: usize,
}

impl Recent {
    /// Adds what a commit brought and forgets the oldest.
    pub(crate) fn push(&mut self, picture: &Picture, group: &SealedGroup, received_ms: i64) {
        for admitted in &group.admitted {
            let feed = group.feed(picture, admitted.record().feed).id;
            let envelope = admitted.envelope().clone();
            let payload = envelope.payload.as_ref().map_or(0, |payload| payload.bytes.len());
            let bytes = envelope.header.len() + payload + 256;
            self.records.insert(admitted.record(), StoredRecord { feed, envelope, received_ms });
            self.order.push_back((admitted.record(), bytes));
            self.bytes += bytes;
        }
        while self.bytes > BYTES_MAX
            && let Some((record, bytes)) = self.order.pop_front()
        {
            self.records.remove(&record);
            self.bytes -= bytes;
        }
    }

    /// Forgets all: records may go by another name now.
    pub(crate) fn clear(&mut self) {
        *self = Self::default();
    }

    /// A record, if it is new enough.
    pub(crate) fn get(&self, record: RecordRef) -> Option<StoredRecord> {
        self.records.get(&record).cloned()
    }
}
