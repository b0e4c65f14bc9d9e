//! The link protocol: how two nodes become one picture. A state machine that is given frames and
//! the time, and gives frames and deliveries back; whoever drives it does the waiting.
//!
//! ```text
//!  hello, proof          who are you
//!  digest                equal: nothing to do
//!  scopes, heads         else: where does each feed end on your side
//!  wants                 what I lack, from one neighbour at a time
//!  parts                 urgent before routine before bulk, within what the receiver granted
//!  held                  it is on my disk
//!  fill want             at last: what a checkpoint left out
//! ```
//!
//! The heads are the only resume state: a session that breaks begins anew and loses nothing.
//! What a peer sends is believed of nothing but its own holdings; records are verified by
//! [`Delivery::verify`] before they come near the store.

mod claims;
pub mod codec;
mod files;
mod fills;
pub mod flow;
mod greet;
mod leaps;
mod load;
mod receive;
mod reconcile;
mod send;
mod session;
pub mod tips;
mod travels;
pub mod wants;

use std::collections::BTreeMap;

use polder_wire::v1::{Envelope, Lane, LinkBye, LinkFilePart};

pub use self::{
    files::FilePiece,
    fills::{Given, Refused as FillRefused},
    leaps::{Leap, Offer, Offered},
    load::{Behind, Load},
    receive::{Delivery, Sound, Stored, Unsound},
    session::{Local, Session, Shared},
};
use crate::{
    admit::NewScope,
    fill::Gap,
    record::{Head, Id, scope_id},
    suffix::FeedName,
};

/// Version of this protocol.
pub const VERSION: u32 = 1;

/// A want names at most so many points.
pub(crate) const POINTS_MAX: usize = 64;

/// Lanes, the most urgent first.
pub const LANES: [Lane; 3] = [Lane::Urgent, Lane::Routine, Lane::Bulk];
/// Place of the bulk lane among them.
const BULK: usize = LANES.len() - 1;

/// What a session asks of its node. Answers may be older than the last commit, never newer than
/// what is durable: nothing leaves before it is on disk.
pub trait World {
    /// Scopes that are held here and that this peer is entitled to.
    fn scopes(&self, peer: Id) -> Vec<NewScope>;
    /// Whether this scope may travel between us and the peer, in both directions.
    fn allows(&self, peer: Id, scope: &NewScope) -> bool;
    /// Feeds of a scope and where they end here; none for a scope that is not held.
    fn feeds(&self, scope: Id) -> Vec<(FeedName, Head)>;
    /// Where a feed ends here; the default head for one that is not held.
    fn head(&self, feed: Id) -> Head;
    /// Hash of a record that is held.
    fn hash_at(&self, feed: Id, sequence: u64) -> Option<[u8; 32]>;
    /// Hashes of the records with a number that are held in a feed and, if it forked, in all of
    /// its branches; whichever of them `feed` names.
    fn hashes_at(&self, feed: &FeedName, sequence: u64) -> Vec<[u8; 32]> {
        self.hash_at(feed.root().id(), sequence).into_iter().collect()
    }
    /// Where a feed ends here, and all of its branches.
    fn ends(&self, feed: &FeedName) -> Vec<Head> {
        vec![self.head(feed.root().id())]
    }
    /// The last record before a branch; 0 for a feed that begins with its first record.
    fn start(&self, _feed: Id) -> u64 {
        0
    }
    /// Records of a feed up to here were archived and are no longer held; 0: all are.
    fn base(&self, _feed: Id) -> u64 {
        0
    }
    /// Whether it is a checkpoint that left records before `base` out, and no archive.
    fn left_out(&self, _feed: Id) -> bool {
        false
    }
    /// Whether the feed is known to have forked here.
    fn closed(&self, _feed: Id) -> bool {
        false
    }
    /// Records after a sequence number, about so many bytes of them, up to a signed one.
    fn read(&self, feed: Id, after: u64, bytes_max: usize) -> Vec<Envelope>;
    /// A feed for a peer that holds nothing of it. Asked for often, so it must not take long.
    fn offer(&self, _feed: &FeedName) -> Offer {
        Offer::Whole
    }
    /// Feeds that came by a checkpoint, and up to where what it left out is missing here.
    fn gaps(&self) -> Vec<Gap> {
        Vec::new()
    }
    /// Records of a feed up to `end`, about so many bytes of them, for a peer that lacks what a
    /// checkpoint left out. `covered`: the end need not be signed.
    fn fill(&self, _feed: &FeedName, _end: Head, _covered: bool, _bytes_max: usize) -> Given {
        Given::Missing
    }
    /// Public key of an origin whose records are held.
    fn origin_key(&self, origin: Id) -> Option<[u8; 32]>;
    /// A piece of an attachment that the peer is entitled to: entries of a scope of its cite it.
    fn file(&self, peer: Id, sha256: &[u8; 32], offset: u64, bytes_max: usize)
    -> Option<FilePiece>;
}

/// What a session tells its driver.
#[derive(Debug, Clone)]
pub enum Event {
    /// The peer proved who it is.
    Opened(Peer),
    /// Records to verify and to store; the outcome goes back by [`Session::stored`].
    Delivery(Box<Delivery>),
    /// Both sides hold the same.
    Same,
    /// The peer's branch of a feed is not ours.
    Fork {
        /// Which feed.
        feed: FeedName,
        /// The last record that both may share is before this one.
        sequence: u64,
    },
    /// The peer refused something of ours.
    Refused {
        /// Stable.
        reason: String,
        /// In words.
        sentence: String,
    },
    /// The peer holds records now that it did not.
    Held {
        /// Which feed.
        feed: Id,
        /// Up to here.
        sequence: u64,
    },
    /// A piece of a file that was wanted. Empty data before its end: the peer does not have it.
    File {
        /// Which file.
        sha256: [u8; 32],
        /// The piece.
        part: LinkFilePart,
    },
    /// A node gave a newer sign of life.
    Tip(Id),
    /// The peer ends the session.
    Bye(LinkBye),
}

/// The other side of a session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Peer {
    /// Key id.
    pub node: Id,
    /// Name that its operator gave.
    pub display_name: String,
    /// Party, without `parties/`.
    pub party: String,
    /// Incidents that it lets travel here; empty: all.
    pub incidents: Vec<String>,
    /// Its store.
    pub store_id: [u8; 16],
    /// Its clock minus ours, in milliseconds.
    pub clock_offset_ms: i64,
}

/// Why a session cannot go on. The driver says goodbye with it, and dials again later.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{sentence}")]
pub struct Fault {
    /// Stable, `UPPER_SNAKE`.
    pub reason: &'static str,
    /// In words.
    pub sentence: String,
}

impl Fault {
    pub(crate) fn new(reason: &'static str, sentence: impl Into<String>) -> Self {
        Self { reason, sentence: sentence.into() }
    }
}

/// What is remembered of a peer's store between two sessions: a shortcut that is always checked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Bookmark {
    /// Which store it holds for.
    pub store_id: [u8; 16],
    /// Urgent feeds, and what it was known to hold of them.
    pub urgent: BTreeMap<Id, u64>,
}

/// Id of a scope.
pub fn id_of(scope: &NewScope) -> Id {
    scope_id(&scope.incident, scope.mode, &scope.audience)
}

/// Points by which a peer finds the last record that it shares of a feed that forked: the ends
/// here, and from the last one back in steps that double.
pub(crate) fn points(world: &dyn World, feed: &FeedName) -> Vec<Head> {
    let mut points = world.ends(feed);
    points.truncate(POINTS_MAX / 2);
    let top = points.iter().map(|head| head.sequence).max().unwrap_or_default();
    let mut step = 1;
    while points.len() < POINTS_MAX
        && let Some(sequence) = top.checked_sub(step).filter(|sequence| *sequence > 0)
    {
        let held = world.hashes_at(feed, sequence).into_iter();
        points.extend(held.map(|hash| Head { sequence, hash }));
        step *= 2;
    }
    points.retain(|point| point.sequence > 0);
    points.truncate(POINTS_MAX);
    points
}

/// Hash over the heads of a scope's feeds, those of the lanes that travel.
pub fn scope_digest(feeds: &[(FeedName, Head)], lanes: &[Lane]) -> [u8; 32] {
    let mut heads: Vec<_> = feeds
        .iter()
        .filter(|(feed, head)| lanes.contains(&feed.lane) && head.sequence > 0)
        .map(|(feed, head)| (feed.origin, feed.lane as i32, feed.branch, head))
        .collect();
    heads.sort_unstable_by_key(|(origin, lane, branch, _)| (*origin, *lane, *branch));
    let mut hasher = blake3::Hasher::new_derive_key("polder 2026 scope digest");
    for (origin, lane, branch, head) in heads {
        hasher.update(&origin.0);
        hasher.update(&branch.unwrap_or_default());
        hasher.update(&lane.to_le_bytes());
        hasher.update(&head.sequence.to_le_bytes());
        hasher.update(&head.hash);
    }
    *hasher.finalize().as_bytes()
}
