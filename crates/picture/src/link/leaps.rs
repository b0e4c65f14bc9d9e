//! Feeds by a checkpoint, for a peer that holds nothing of them. Whoever gives one has seen that
//! the checkpoint is fair; whoever takes one asks for it in its hello.

use std::{collections::BTreeSet, sync::Arc};

use bytes::Bytes;
use polder_wire::v1::{Envelope, Lane, LinkTransfer};

use super::{
    Fault, World,
    codec::{Packed, TRANSFER_BYTES_MAX, pack},
    send::Sending,
    session::{Session, lane_index},
};
use crate::{
    admit::NewScope,
    charter,
    checkpoint::HASHES_MAX,
    record::{Head, Id, decode},
    suffix::FeedName,
};

/// One transfer holds its lane up until its end, and what breaks off begins anew: so it is no
/// larger than what the link carries in so many seconds. A larger feed is given whole, in pieces.
const SECONDS_MAX: usize = 60;
/// The same before the link was measured, and on the thinnest.
const BYTES_MIN: usize = 64 * 1024;

/// How a feed is given to a peer that holds nothing of it.
#[derive(Debug, Clone)]
pub enum Offer {
    /// From its first record on.
    Whole,
    /// It is being looked up: to be asked again.
    Later,
    /// By a checkpoint.
    Leap(Arc<Offered>),
}

/// A feed by a checkpoint, as it travels.
#[derive(Debug, Clone)]
pub struct Offered {
    covered: Head,
    kept: u32,
    last: u64,
    packed: Packed,
}

impl Offered {
    /// Packs what a checkpoint that speaks up to `covered` keeps, and all records after that one.
    /// `None`: it is too large for a transfer, or there is nothing after it.
    pub fn new(covered: Head, kept: Vec<Envelope>, tail: Vec<Envelope>) -> Option<Self> {
        let last = decode(tail.last()?).ok()?.header.sequence;
        let count = u32::try_from(kept.len()).ok()?;
        let mut envelopes = kept;
        envelopes.extend(tail);
        let packed = pack(envelopes);
        let largest = packed.bytes.len().max(packed.unpacked_bytes as usize);
        let fits = largest <= TRANSFER_BYTES_MAX;
        fits.then_some(Self { covered, kept: count, last, packed })
    }

    /// Bytes in memory.
    pub fn bytes(&self) -> usize {
        self.packed.bytes.len()
    }

    fn records(&self) -> u64 {
        u64::from(self.kept) + self.last.saturating_sub(self.covered.sequence)
    }
}

/// What came by a checkpoint, before it was verified.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Leap {
    /// The last record that the checkpoint speaks of.
    pub covered: Head,
    /// So many of the records are those that it keeps.
    pub kept: usize,
}

/// A session's own notes.
#[derive(Debug, Default)]
pub(super) struct Leaps {
    /// The peer takes feeds by a checkpoint.
    pub(super) allowed: bool,
    /// Feeds that are being looked up.
    later: BTreeSet<Id>,
}

impl Leaps {
    pub(super) fn is_idle(&self) -> bool {
        self.later.is_empty()
    }

    pub(super) fn forget(&mut self, feeds: &BTreeSet<Id>) {
        self.later.retain(|feed| !feeds.contains(feed));
    }
}

impl Session {
    /// How a feed of which nothing went yet is given now.
    pub(super) fn offered(
        &mut self,
        feed: &FeedName,
        lane: usize,
        base: u64,
        world: &dyn World,
    ) -> Offer {
        if feed.branch.is_some() || self.charter_scopes.contains(&feed.scope) {
            return Offer::Whole;
        }
        let offer = world.offer(feed);
        match &offer {
            Offer::Later => {
                self.pending[lane].remove(&feed.id());
                self.leaps.later.insert(feed.id());
            }
            // What it leaves out follows in bulk, where that travels. Who has no other way to give it
            // gives it so, whatever it takes.
            Offer::Leap(offered)
                if base == 0
                    && (!self.lanes.contains(&Lane::Bulk)
                        || offered.bytes() > self.leap_bytes(lane)) =>
            {
                return Offer::Whole;
            }
            _ => {}
        }
        offer
    }

    /// Bytes that a feed by a checkpoint may take in this lane. An urgent record of another feed
    /// waits for its end, so there it is no more than any transfer.
    fn leap_bytes(&self, lane: usize) -> usize {
        if lane == 0 {
            return self.credit.transfer_bytes();
        }
        let rate = usize::try_from(self.credit.rate).unwrap_or(usize::MAX);
        rate.saturating_mul(SECONDS_MAX).clamp(BYTES_MIN, TRANSFER_BYTES_MAX)
    }

    /// Begins to send a feed by a checkpoint.
    pub(super) fn leap(
        &mut self,
        feed: Id,
        lane: usize,
        offered: &Offered,
        world: &dyn World,
    ) -> Option<Sending> {
        let state = self.feeds.get_mut(&feed)?;
        let (key, scope) =
            (world.origin_key(state.name.origin), self.scopes.get(&state.name.scope));
        let (Some(key), Some(scope)) = (key, scope) else {
            self.pending[lane].remove(&feed);
            return None;
        };
        state.sent = offered.last;
        self.packed[lane].0 += offered.bytes() as u64;
        self.packed[lane].1 += offered.records();
        let Packed { bytes, unpacked_bytes } = offered.packed.clone();
        let begin = LinkTransfer {
            incident: scope.name.incident.clone(),
            mode: scope.name.mode.into(),
            audience: scope.name.audience.clone(),
            origin_key: Bytes::copy_from_slice(&key),
            size_bytes: bytes.len() as u32,
            unpacked_bytes,
            last: offered.last,
            covered: offered.covered.sequence,
            covered_hash: Bytes::copy_from_slice(&offered.covered.hash),
            kept: offered.kept,
            ..LinkTransfer::default()
        };
        Some(Sending { feed, begin: Some(begin), data: bytes })
    }

    /// Feeds that were being looked up are asked for again.
    pub(super) fn ask_again(&mut self) {
        for feed in std::mem::take(&mut self.leaps.later) {
            let lane = self.feeds.get(&feed).and_then(|state| lane_index(state.name.lane));
            if let Some(lane) = lane {
                self.pending[lane].insert(feed);
            }
        }
    }
}

/// Reads whether a transfer is a feed by a checkpoint, and refuses what cannot be one or was not
/// asked for.
pub(super) fn leap_of(
    begin: &LinkTransfer,
    scope: &NewScope,
    allowed: bool,
) -> Result<Option<Leap>, Fault> {
    if begin.covered == 0 && begin.kept == 0 && begin.covered_hash.is_empty() {
        return Ok(None);
    }
    if !allowed {
        let sentence = "the peer sent a feed by a checkpoint, and this node takes whole ones only";
        return Err(Fault::new("CHECKPOINT_UNASKED", sentence));
    }
    let kept = begin.kept as usize;
    let hash = begin.covered_hash[..].try_into().ok();
    let sound = begin.after == 0
        && begin.branch.is_empty()
        && scope.incident != charter::INCIDENT
        && (1..begin.last).contains(&begin.covered)
        && kept <= HASHES_MAX
        && u64::from(begin.kept) <= begin.covered;
    let Some(hash) = hash.filter(|_| sound) else {
        let sentence = "a transfer cannot be a feed by a checkpoint";
        return Err(Fault::new("PART_MALFORMED", sentence));
    };
    let covered = Head { sequence: begin.covered, hash };
    Ok(Some(Leap { covered, kept }))
}
