//! Requests of the recent past, so that a repeated one gives its first answer.

use std::collections::{HashMap, VecDeque};

/// So many requests are remembered.
pub const REQUESTS_MAX: usize = 100_000;

/// Where a request's answer stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stored {
    /// Hash of the request's content.
    pub digest: [u8; 16],
    /// Key of the arrival row.
    pub lsn: u64,
    /// Position in its `requests`.
    pub position: u32,
}

/// The last [`REQUESTS_MAX`] requests.
#[derive(Debug, Default)]
pub struct Requests {
    by_id: HashMap<[u8; 16], Stored>,
    order: VecDeque<[u8; 16]>,
}

impl Requests {
    /// Looks a request up.
    pub fn get(&self, id: &[u8; 16]) -> Option<Stored> {
        self.by_id.get(id).copied()
    }

    /// Remembers a request and forgets the oldest when there are too many.
    pub fn insert(&mut self, id: [u8; 16], stored: Stored) {
        if self.by_id.insert(id, stored).is_none() {
            self.order.push_back(id);
        }
        if self.order.len() > REQUESTS_MAX
            && let Some(oldest) = self.order.pop_front()
        {
            self.by_id.remove(&oldest);
        }
    }
}
