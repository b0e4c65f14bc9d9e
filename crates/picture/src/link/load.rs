//! How much a session has in memory, so that it can be seen to stay within its bounds whatever
//! the peer does; and how much it has before it.

use std::collections::BTreeSet;

use polder_wire::v1::LinkFrame;

use super::{
    World,
    session::{Session, lane_index},
};

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

/// How far the two sides are apart in one lane.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Behind {
    /// Records that we lack of what the peer is known to hold.
    pub ours: u64,
    /// Records that the peer is not known to hold.
    pub theirs: u64,
    /// Bytes that a record took on this link, as it was packed; 0: none went yet.
    pub mean_bytes: u64,
}

impl Session {
    /// How far the two sides are apart, by lane.
    pub fn behind(&self, world: &dyn World) -> [Behind; 3] {
        let mut behind = self.packed.map(|(bytes, records)| Behind {
            mean_bytes: bytes.checked_div(records).unwrap_or_default(),
            ..Behind::default()
        });
        for (id, state) in &self.feeds {
            let (Some(lane), Some(theirs)) = (lane_index(state.name.lane), state.theirs) else {
                continue;
            };
            let ours = world.head(*id).sequence.max(state.after);
            let Behind { ours: lacking, theirs: ahead, .. } = &mut behind[lane];
            *lacking = lacking.saturating_add(theirs.saturating_sub(ours));
            *ahead = ahead.saturating_add(ours.saturating_sub(theirs));
        }
        behind
    }

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
                + self.pending.iter().map(BTreeSet::len).sum::<usize>()
                + self.fills_waiting(),
            bytes: coming.sum::<usize>() + self.undelivered,
        }
    }
}
