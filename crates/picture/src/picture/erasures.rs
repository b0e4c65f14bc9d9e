//! What was erased: by a record that withdraws an entry for good, of what its party said up to
//! there. Such records stay in their chains, without what they said.

use smallvec::SmallVec;
use uuid::Uuid;

use super::{Change, Picture};
use crate::{
    attributes::Attributes,
    live::{RecordRef, Register},
};

/// What one record erases of its entry.
#[derive(Debug, Clone)]
pub(super) struct Erasure {
    party: u64,
    seen: SmallVec<[RecordRef; 4]>,
}

impl Picture {
    /// Takes note of a record that counts and erases.
    pub(super) fn note_erasure(&mut self, change: &Change, seen: &[RecordRef]) {
        let attributes = &change.live.attributes;
        if attributes.erases() {
            let of_entry = self.erasures.entry((change.scope, change.entry)).or_default();
            let seen = SmallVec::from_slice(seen);
            of_entry.push(Erasure { party: attributes.party, seen });
        }
    }

    /// Whether nothing of what a record says is to be kept. One that does not count stays as it
    /// is: whoever wrote it may not even have been who it says.
    pub fn is_erased(
        &self,
        scope: u32,
        entry: Uuid,
        record: RecordRef,
        attributes: &Attributes,
    ) -> bool {
        let Some(of_entry) = self.erasures.get(&(scope, entry)) else { return false };
        if attributes.is_opaque() || attributes.is_apart() || attributes.erases() {
            return false;
        }
        let covers = |erasure: &Erasure| {
            erasure.party == attributes.party && Register::covers(&erasure.seen, record)
        };
        of_entry.iter().any(covers)
            && self.set_aside(self.feed(record.feed), record.sequence, attributes).is_none()
    }

    /// Whether some record holds, or held, personal data.
    pub fn has_personal_data(&self) -> bool {
        self.personal
    }

    /// Whether anything was erased.
    pub fn has_erasures(&self) -> bool {
        !self.erasures.is_empty()
    }
}
