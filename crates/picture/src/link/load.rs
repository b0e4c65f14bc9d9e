//! How much a session has in memory, so that it can be seen to stay within its bounds whatever
//! the peer does.

use std::collections::BTreeSet;

use polder_wire::v1::LinkFrame;

use super::session::Session;

/// So many small frames wait at most.
const CONTROL_MAX: usize = 1_000;

/// What a session holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Load {
    /// Small frames that wait to go.
    pub control: usize,
    /// Scopes that were named.
    pub scopes: usize,
    /// Feeds that were named.
    pub feeds: usize,
    /// Feeds that something is due for, each as often as something is.
    pub waiting: usize,
    /// Bytes that came and are not stored yet.
    pub bytes: usize,
}

impl Session {
    /// Says something small, before all records. To a peer that asks and asks and does not listen
    /// nothing more is said: such frames can be missed, those that matter are said again.
    pub(super) fn say(&mut self, frame: LinkFrame) {
        if self.control.len() < CONTROL_MAX {
            self.control.push_back(frame);
        }
    }

    /// What is in memory now.
    pub fn load(&self) -> Load {
        let coming = self.receiving.iter().flatten().map(|receiving| receiving.bytes());
        Load {
            control: self.control.len(),
            scopes: self.scopes.len(),
            feeds: self.feeds.len(),
            waiting: self.heads_due.len()
                + self.wants_due.len()
                + self.held_due.len()
                + self.lacking.len()
                + self.pending.iter().map(BTreeSet::len).sum::<usize>(),
            bytes: coming.sum::<usize>() + self.undelivered,
        }
    }
}
