//! Which entries changed since a position in the log: one row per entry, the newest.

use std::collections::VecDeque;

/// Entries in the order of their last change. A slow reader sees each entry once however often it
/// changed, so no queue per reader is needed.
#[derive(Debug, Default)]
pub struct ChangeIndex {
    lsns: VecDeque<u64>,
    slots: VecDeque<u32>,
}

impl ChangeIndex {
    /// Notes that the entry in a slot changed. Positions never go back.
    pub fn push(&mut self, lsn: u64, slot: u32) {
        debug_assert!(self.lsns.back().is_none_or(|last| *last <= lsn));
        self.lsns.push_back(lsn);
        self.slots.push_back(slot);
    }

    /// Walks rows after a position. Some are outdated: the caller compares with the entry's own lsn.
    pub fn after(&self, lsn: u64) -> impl Iterator<Item = (u64, u32)> + '_ {
        let from = self.lsns.partition_point(|row| *row <= lsn);
        self.lsns.range(from..).copied().zip(self.slots.range(from..).copied())
    }

    /// All rows, newest first; some are outdated.
    pub fn newest_first(&self, before: u64) -> impl Iterator<Item = (u64, u32)> + '_ {
        let until = self.lsns.partition_point(|row| *row < before);
        self.lsns.range(..until).copied().zip(self.slots.range(..until).copied()).rev()
    }

    /// Rows held, outdated ones included.
    pub fn len(&self) -> usize {
        self.lsns.len()
    }

    /// True when nothing ever changed.
    pub fn is_empty(&self) -> bool {
        self.lsns.is_empty()
    }

    /// Drops outdated rows.
    pub fn compact(&mut self, is_current: impl Fn(u64, u32) -> bool) {
        let rows = std::mem::take(&mut self.lsns).into_iter().zip(std::mem::take(&mut self.slots));
        for (lsn, slot) in rows.filter(|(lsn, slot)| is_current(*lsn, *slot)) {
            self.push(lsn, slot);
        }
    }
}
