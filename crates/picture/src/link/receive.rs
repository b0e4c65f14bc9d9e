//! What comes in. Cheapest checks first: size and credit, entitlement, expected sequence; hashes
//! and signatures follow in [`Delivery::verify`], on whatever thread the driver likes.

use bytes::{Bytes, BytesMut};
use ed25519_dalek::VerifyingKey;
use polder_wire::v1::{Lane, LinkFrame, LinkHeld, LinkPart, LinkTransfer, Mode, link_frame::Kind};
use prost::Message as _;

use super::{
    Event, Fault, World,
    claims::{FEED_ARCHIVED, FEED_COVERED},
    codec::{Packed, TRANSFER_BYTES_MAX, unpack},
    id_of,
    leaps::{Leap, leap_of},
    session::{Phase, Session, Shared, lane_index},
};
use crate::{
    admit::NewScope,
    fill::{self, Fill, Gap},
    jump::{self, Jump},
    names::IncidentName,
    record::{Damage, Head, Id, decode, key_id},
    suffix::{FeedName, Suffix},
};

/// Parts hold no more than this.
pub(super) const PART_BYTES_MAX: usize = 128 * 1024;
/// More that was received and not stored yet holds up further credit.
const UNDELIVERED_MAX: usize = 4 << 20;
/// What could not be stored is wanted again after so long.
const LATER_US: u64 = 5_000_000;
/// A peer that had so many things refused in one session is not worth more.
const REFUSED_MAX: u32 = 1_000;

/// Transfers of scopes that may not travel here which a session survives, until the charter changes.
const STRANGERS_MAX: u32 = 3;

/// A transfer that is coming in.
#[derive(Debug)]
pub(super) struct Receiving {
    begin: LinkTransfer,
    scope: NewScope,
    feed: FeedName,
    leap: Option<Leap>,
    fill: Option<Gap>,
    data: BytesMut,
    /// Of a scope that may not travel here, as far as this node knows: nothing of it is kept, and
    /// this is how much came.
    dropped: Option<usize>,
}

impl Receiving {
    /// Bytes that are kept so far.
    pub(super) fn bytes(&self) -> usize {
        self.data.len()
    }

    pub(super) fn feed(&self) -> Id {
        self.feed.id()
    }

    fn records(&self) -> u64 {
        let kept = u64::from(self.begin.kept);
        let follow = self.begin.last.saturating_sub(self.begin.after.max(self.begin.covered));
        follow.saturating_add(kept).max(1)
    }
}

/// Records that came whole, not verified yet.
#[derive(Debug, Clone)]
pub struct Delivery {
    /// Which feed.
    pub feed: FeedName,
    /// Its scope in words.
    pub scope: NewScope,
    /// Public key of its origin.
    pub origin_key: [u8; 32],
    /// The record before the first one.
    pub after: u64,
    /// Set when they are a feed by a checkpoint.
    pub leap: Option<Leap>,
    /// Set when they are what a checkpoint left out, as it was asked for.
    pub fill: Option<Gap>,
    /// As they travelled.
    pub packed: Packed,
}

impl Delivery {
    /// Bytes that it took to send, for [`Session::stored`].
    pub fn bytes(&self) -> usize {
        self.packed.bytes.len()
    }

    /// Unpacks and verifies. `previous`: hashes of the record before the first that are held here,
    /// one in each branch of the feed; with none of them the records are not ours to judge, which
    /// is answered with a gap.
    pub fn verify(&self, previous: &[[u8; 32]]) -> Result<Sound, Unsound> {
        let mut envelopes = unpack(&self.packed).map_err(|_| Unsound::Unreadable)?;
        let key = VerifyingKey::from_bytes(&self.origin_key).map_err(|_| Unsound::Unreadable)?;
        if let Some(gap) = self.fill {
            let fill = Fill::verify(&key, gap, envelopes);
            return Ok(Sound::Fill(Box::new(fill?)));
        }
        if let Some(Leap { covered, kept }) = self.leap {
            if kept > envelopes.len() {
                return Err(Unsound::Unreadable);
            }
            let tail = envelopes.split_off(kept);
            let jump = Jump::verify(&key, self.feed, covered, envelopes, tail);
            return Ok(Sound::Jump(Box::new(jump?)));
        }
        let claimed = || {
            let first = decode(envelopes.first()?).ok()?;
            previous.iter().find(|hash| hash[..] == first.header.previous[..])
        };
        let hash = match (self.after, previous) {
            (0, _) => [0; 32],
            (_, []) => return Err(Unsound::Gap),
            (_, [hash]) => *hash,
            (_, several) => *claimed().unwrap_or(&several[0]),
        };
        let after = Head { sequence: self.after, hash };
        let suffix = Suffix::verify(&key, self.feed, after, envelopes);
        suffix
            .map(|suffix| Sound::Suffix(Box::new(suffix)))
            .map_err(|(sequence, damage)| Unsound::Record { sequence, damage })
    }
}

/// A delivery that was verified.
#[derive(Debug, Clone)]
pub enum Sound {
    /// Records that follow one another.
    Suffix(Box<Suffix>),
    /// A feed by a checkpoint.
    Jump(Box<Jump>),
    /// What a checkpoint left out.
    Fill(Box<Fill>),
}

/// Why a delivery is not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unsound {
    /// Not what it says.
    #[error("the transfer cannot be unpacked")]
    Unreadable,
    /// What comes before it is not held.
    #[error("records before these are missing")]
    Gap,
    /// A record does not hold.
    #[error("record {sequence}: {damage}")]
    Record {
        /// Which one.
        sequence: u64,
        /// What is wrong.
        damage: Damage,
    },
    /// It is no feed by a checkpoint.
    #[error(transparent)]
    Jump(#[from] jump::Unsound),
    /// It is not what a checkpoint left out.
    #[error(transparent)]
    Fill(#[from] fill::Unsound),
}

/// What became of a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stored {
    /// Durable, up to here.
    Held(Head),
    /// What comes before it is missing: this node holds the feed up to here.
    Gap(Head),
    /// It is another branch than the one held here.
    Fork(u64),
    /// It parts from this node's records where those were archived, so nobody can tell where.
    Archived,
    /// Not now: the disk is full or the node is stopping.
    Later,
}

impl Session {
    /// Takes a frame. `wall_ms`: this node's wall clock.
    pub fn receive(
        &mut self,
        frame: LinkFrame,
        now_us: u64,
        wall_ms: i64,
        world: &dyn World,
        shared: &mut Shared,
    ) -> Result<Vec<Event>, Fault> {
        let size = frame.encoded_len();
        self.heard_us = now_us;
        self.bytes.1 += size as u64;
        let Some(kind) = frame.kind else { return Ok(Vec::new()) };
        match kind {
            Kind::Hello(hello) => return self.on_hello(hello, wall_ms).map(|()| Vec::new()),
            Kind::Proof(proof) => return self.on_proof(&proof, now_us, world),
            Kind::Bye(bye) => return Ok(vec![Event::Bye(bye)]),
            _ if self.phase != Phase::Open => {
                let sentence = "the peer sent records before it proved who it is";
                return Err(Fault::new("PROOF_MISSING", sentence));
            }
            _ => {}
        }
        if super::send::costs(&kind) && !self.grants.received(size as u64, now_us) {
            return Err(Fault::new("CREDIT_EXCEEDED", "the peer sent more than it was granted"));
        }
        if self.refused > REFUSED_MAX {
            return Err(Fault::new("REFUSED_OFTEN", "too much of what the peer sent was refused"));
        }
        match kind {
            Kind::Digest(digest) => Ok(self.on_digest(&digest, world)),
            Kind::Scopes(scopes) => self.on_scopes(scopes, world),
            Kind::Heads(heads) => self.on_heads(heads, now_us, world, shared),
            Kind::Wants(wants) => Ok(self.on_wants(wants, world)),
            Kind::Part(part) => self.on_part(part, now_us, world, shared),
            Kind::Held(held) => Ok(self.on_held(held)),
            Kind::Credit(credit) => {
                self.credit.granted(credit.bytes, credit.bytes_per_second);
                Ok(Vec::new())
            }
            Kind::Ping(ping) => {
                self.pong(&ping, wall_ms);
                Ok(Vec::new())
            }
            Kind::Pong(pong) => {
                let sent_us = u64::try_from(pong.time_ms).unwrap_or(u64::MAX);
                if let Some(round_trip) = now_us.checked_sub(sent_us) {
                    self.grants.round_trip(round_trip);
                    if let Some(peer) = &mut self.peer {
                        let half_ms = (round_trip / 2_000) as i64;
                        peer.clock_offset_ms =
                            pong.wall_ms.saturating_add(half_ms).saturating_sub(wall_ms);
                    }
                }
                Ok(Vec::new())
            }
            Kind::FileWant(want) => {
                self.on_file_want(&want);
                Ok(Vec::new())
            }
            Kind::FilePart(part) => self.on_file_part(part, now_us, shared),
            Kind::FillWant(want) => {
                self.on_fill_want(&want);
                Ok(Vec::new())
            }
            Kind::FillReady(ready) => {
                self.on_fill_ready(&ready, world);
                Ok(Vec::new())
            }
            Kind::Tips(tips) => Ok(self.on_tips(&tips.tips, wall_ms, shared)),
            Kind::Refused(refused) => {
                if refused.fill {
                    self.on_fill_refused(&refused, now_us, shared);
                } else if [FEED_ARCHIVED, FEED_COVERED].contains(&&*refused.reason) {
                    self.on_archived(&refused, shared);
                }
                let (reason, sentence) = (refused.reason, refused.sentence);
                Ok(vec![Event::Refused { reason, sentence }])
            }
            Kind::Hello(_) | Kind::Proof(_) | Kind::Bye(_) => Ok(Vec::new()),
        }
    }

    fn on_held(&mut self, held: LinkHeld) -> Vec<Event> {
        let mut events = Vec::new();
        for held in held.feeds {
            let Some(feed) = Id::from_slice(&held.feed) else { continue };
            let Some(state) = self.feeds.get_mut(&feed) else { continue };
            if state.theirs.is_none_or(|theirs| theirs < held.sequence) {
                state.theirs = Some(held.sequence);
                events.push(Event::Held { feed, sequence: held.sequence });
            }
        }
        events
    }

    fn on_part(
        &mut self,
        part: LinkPart,
        now_us: u64,
        world: &dyn World,
        shared: &mut Shared,
    ) -> Result<Vec<Event>, Fault> {
        shared.wants.heard(self.local.link, now_us / 1_000);
        let malformed = |what: &str| Fault::new("PART_MALFORMED", format!("a part {what}"));
        let lane = part.lane();
        let at = lane_index(lane).filter(|_| self.lanes.contains(&lane));
        let at = at.ok_or_else(|| malformed("is in a lane that does not travel here"))?;
        if part.data.len() > PART_BYTES_MAX {
            return Err(malformed("is larger than 128 KiB"));
        }
        if let Some(begin) = part.begin {
            if self.receiving[at].is_some() {
                return Err(malformed("begins a transfer before the end of another"));
            }
            self.receiving[at] = Some(self.begin(begin, lane, world)?);
        }
        let Some(receiving) = &mut self.receiving[at] else {
            return Err(malformed("belongs to no transfer"));
        };
        let size = receiving.begin.size_bytes as usize;
        let came = receiving.dropped.unwrap_or(receiving.data.len()) + part.data.len();
        if came > size {
            return Err(malformed("goes beyond the end of its transfer"));
        }
        if part.end && came != size {
            return Err(malformed("ends its transfer too early"));
        }
        if let Some(dropped) = &mut receiving.dropped {
            *dropped = came;
            if part.end {
                self.receiving[at] = None;
            }
            return Ok(Vec::new());
        }
        receiving.data.extend_from_slice(&part.data);
        let id = receiving.feed.id();
        let is_fill = receiving.fill.is_some();
        if is_fill {
            // That says nothing of the feed's newer records, which another may have.
            self.fill_came(id, now_us, shared);
        } else {
            if let Some(state) = self.feeds.get_mut(&id) {
                state.moved_us = now_us;
            }
            shared.wants.came(id, self.local.link, now_us / 1_000);
        }
        if !is_fill && part.end && lane != Lane::Urgent {
            let elsewhere = shared.wants.link(id).is_some_and(|link| link != self.local.link);
            if elsewhere && let Some(state) = self.feeds.get_mut(&id) {
                state.wanted = false;
                self.wants_due.insert(id, true);
            }
        }
        if !part.end {
            return Ok(Vec::new());
        }
        let Some(receiving) = self.receiving[at].take() else { return Ok(Vec::new()) };
        self.packed[at].1 += receiving.records();
        let Receiving { begin, scope, feed, leap, fill, data, .. } = receiving;
        self.undelivered += data.len();
        self.packed[at].0 += data.len() as u64;
        let packed = Packed { bytes: data.freeze(), unpacked_bytes: begin.unpacked_bytes };
        let origin_key = begin.origin_key[..].try_into().map_err(|_| malformed("has no key"))?;
        let after = begin.after;
        let delivery = Delivery { feed, scope, origin_key, after, leap, fill, packed };
        Ok(vec![Event::Delivery(Box::new(delivery))])
    }

    fn begin(
        &mut self,
        begin: LinkTransfer,
        lane: Lane,
        world: &dyn World,
    ) -> Result<Receiving, Fault> {
        let malformed = |what: &str| Fault::new("PART_MALFORMED", format!("a transfer {what}"));
        if begin.size_bytes as usize > TRANSFER_BYTES_MAX
            || begin.unpacked_bytes as usize > TRANSFER_BYTES_MAX
        {
            return Err(malformed("is larger than 16 MiB"));
        }
        let key: [u8; 32] =
            begin.origin_key[..].try_into().map_err(|_| malformed("has no key of 32 bytes"))?;
        let key = VerifyingKey::from_bytes(&key).map_err(|_| malformed("has no valid key"))?;
        let scope = scope_named(&begin.incident, begin.mode(), &begin.audience)
            .ok_or_else(|| malformed("names no scope"))?;
        let scope_id = id_of(&scope);
        let branch = branch_named(&begin.branch).ok_or_else(|| malformed("names no branch"))?;
        let lane = match begin.fill_lane {
            0 => lane,
            _ if lane == Lane::Bulk => begin.fill_lane(),
            _ => return Err(malformed("of earlier records is not in bulk")),
        };
        let feed = FeedName { branch, ..FeedName::new(key_id(&key), scope_id, lane) };
        if !self.travels(world, &scope) {
            // The peer may have heard of the right earlier: both compare anew once it is here.
            let sentence = "the peer sent records of a scope that does not travel here";
            self.strangers += 1;
            if self.strangers > STRANGERS_MAX {
                return Err(Fault::new("SCOPE_NOT_ALLOWED", sentence));
            }
            self.refuse("SCOPE_NOT_ALLOWED", sentence, None, 0);
            let (leap, fill, data, dropped) = (None, None, BytesMut::new(), Some(0));
            return Ok(Receiving { begin, scope, feed, leap, fill, data, dropped });
        }
        if feed.origin == self.local.signer.id() {
            return Err(Fault::new("OWN_FEED", "the peer sent records of this very node"));
        }
        let fill = self.fill_of(&begin, &feed)?;
        let leap = leap_of(&begin, &scope, self.local.checkpoints)?;
        self.know_scope(&scope);
        self.feed_checked(feed)?;
        if fill.is_none() {
            let state = self.feed(feed);
            state.theirs = Some(state.theirs.unwrap_or_default().max(begin.last));
        }
        Ok(Receiving { begin, scope, feed, leap, fill, data: BytesMut::new(), dropped: None })
    }

    /// Says what became of a delivery of so many bytes.
    pub fn stored(
        &mut self,
        feed: FeedName,
        bytes: usize,
        stored: Stored,
        now_us: u64,
    ) -> Vec<Event> {
        self.undelivered = self.undelivered.saturating_sub(bytes);
        let id = feed.id();
        let Some(state) = self.feeds.get_mut(&id) else { return Vec::new() };
        match stored {
            Stored::Held(head) => {
                self.held_due.insert(id, head.sequence);
                if state.theirs.is_none_or(|theirs| theirs <= head.sequence) {
                    state.theirs = Some(state.theirs.unwrap_or_default().max(head.sequence));
                    self.lacking.remove(&id);
                }
                Vec::new()
            }
            Stored::Gap(_) => {
                self.refused += 1;
                state.wanted = true;
                self.wants_due.insert(id, false);
                Vec::new()
            }
            Stored::Fork(sequence) => self.forked(feed, sequence),
            Stored::Archived => {
                state.archived.parted = true;
                self.want_no_more(id);
                Vec::new()
            }
            Stored::Later => {
                // Wanted again when time has passed.
                state.wanted = false;
                self.lacking.insert(id);
                self.later_us = now_us + LATER_US;
                Vec::new()
            }
        }
    }

    pub(super) fn forked(&mut self, feed: FeedName, sequence: u64) -> Vec<Event> {
        let id = feed.id();
        let state = self.feed(feed);
        if state.forked || state.archived.parted {
            return Vec::new();
        }
        state.forked = true;
        self.lacking.remove(&id);
        self.wants_due.remove(&id);
        for pending in &mut self.pending {
            pending.remove(&id);
        }
        if feed.origin != self.local.signer.id() {
            // Both branches are to be had by both sides.
            self.wants_due.insert(id, false);
        }
        let sentence = "this feed has another branch here: the same key wrote two different \
                        records with one number";
        self.refuse("FEED_FORKED", sentence, Some(id), sequence);
        vec![Event::Fork { feed, sequence }]
    }

    /// Credit is held back while the store does not keep up.
    pub(super) fn may_grant(&self) -> bool {
        self.undelivered < UNDELIVERED_MAX
    }
}

/// A scope by its parts, if they can be one.
pub(super) fn scope_named(incident: &str, mode: Mode, audience: &str) -> Option<NewScope> {
    let slug = |text: &str| IncidentName::parse(&format!("incidents/{text}")).is_some();
    let sound = slug(incident) && slug(audience) && mode != Mode::Unspecified;
    sound.then(|| NewScope { incident: incident.into(), mode, audience: audience.into() })
}

/// The branch that a frame names; the outer `None` when it cannot be one.
pub(super) fn branch_named(bytes: &[u8]) -> Option<Option<[u8; 32]>> {
    if bytes.is_empty() {
        return Some(None);
    }
    bytes.try_into().ok().map(Some)
}

/// For logs: where a transfer stands.
impl std::fmt::Display for Delivery {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "feed {} after {}: {} bytes", self.feed.id(), self.after, self.bytes())
    }
}

/// Bytes of an id.
pub(super) fn id_bytes(id: Id) -> Bytes {
    Bytes::copy_from_slice(&id.0)
}
