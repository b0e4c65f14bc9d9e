//! The door for records of other nodes. They were verified as a [`Suffix`], so nothing is left to
//! doubt but where they belong: what this node does not hold yet of their feed is admitted, byte
//! for byte, whatever it says.

use polder_wire::v1::{Envelope, Mode};
use uuid::Uuid;

use super::{Admitted, Group, NewScope, bounds::Bounds};
use crate::{
    forks::{Branch, tree},
    judge::{Judged, judge},
    live::{Live, RecordRef},
    names::IncidentName,
    picture::{Change, Feed, keep_live},
    record::{Decoded, Head, scope_id},
    refusal::Refusal,
    suffix::{FeedName, Suffix},
};

/// Longest name of an audience.
const AUDIENCE_MAX: usize = 63;

/// Why records of another node are not taken.
#[derive(Debug, thiserror::Error)]
pub enum ReceiveError {
    /// They follow records that this node does not hold.
    #[error("the feed is held up to record {} here, these do not follow on it", .ours.sequence)]
    Gap {
        /// Where the feed ends here.
        ours: Head,
    },
    /// The origin wrote two different records with one number.
    #[error("record {sequence} is held here with another content: the feed has forked")]
    Fork {
        /// The number that is known to differ; the fork may lie before it.
        sequence: u64,
        /// They may belong to a branch, see [`locate`](crate::forks::locate).
        parted: Box<(Suffix, NewScope)>,
    },
    /// Only this node itself writes its feeds.
    #[error("the feed is this node's own")]
    Own,
    /// The incident, mode and audience are not what the scope is the hash of.
    #[error("the scope is not the one that the records name")]
    Scope,
    /// The node cannot take them now.
    #[error(transparent)]
    Refused(#[from] Refusal),
}

impl NewScope {
    /// Id of the scope.
    pub fn id(&self) -> crate::record::Id {
        scope_id(&self.incident, self.mode, &self.audience)
    }
}

fn parted(sequence: u64, suffix: Suffix, scope: &NewScope) -> ReceiveError {
    ReceiveError::Fork { sequence, parted: Box::new((suffix, scope.clone())) }
}

impl Group<'_> {
    /// Where a feed ends, records of this group included; zero for one that is not held.
    pub fn head_of(&self, feed: crate::record::Id) -> Head {
        self.feed_index(feed).map_or_else(Head::default, |feed| self.head(feed))
    }

    /// Admits the records that are not held yet, and says how many. Also entries of a closed
    /// incident are taken: their authors may not have known.
    pub fn receive(
        &mut self,
        suffix: Suffix,
        scope: &NewScope,
        wall_ms: i64,
    ) -> Result<usize, ReceiveError> {
        let name = *suffix.feed();
        self.check_place(&name, scope)?;
        let known = self.feed_index(name.id()).and_then(|index| self.feed_entry(index));
        let (held, closed) = match known.filter(|feed| feed.origin.is_some()) {
            Some(feed) => (true, feed.closed),
            None => (false, None),
        };
        let branch = match name.branch {
            Some(first) if !held => match self.parent_of(&suffix) {
                Some(parent) => Some(Box::new(Branch { first, parent })),
                // Only a fork that is known here has branches.
                None => return Err(parted(suffix.after().sequence + 1, suffix, scope)),
            },
            _ => None,
        };
        if closed.is_some_and(|closed| suffix.head().sequence > closed.sequence) {
            return Err(parted(suffix.after().sequence + 1, suffix, scope));
        }
        let ours = if branch.is_some() { suffix.after() } else { self.head_of(name.id()) };
        if ours.sequence < suffix.after().sequence {
            return Err(ReceiveError::Gap { ours });
        }
        if suffix.hash(ours.sequence).is_some_and(|hash| hash != ours.hash) {
            return Err(parted(ours.sequence, suffix, scope));
        }
        let edge = self.edge_of(name.id());
        if edge.sequence > 0 && suffix.hash(edge.sequence).is_some_and(|hash| hash != edge.hash) {
            return Err(parted(edge.sequence, suffix, scope));
        }
        if ours.sequence >= suffix.head().sequence {
            return Ok(0);
        }
        self.check_bounds(&suffix, ours.sequence)?;
        let index = self.known_scope(scope);
        let feed = self.feed(index, name, branch);
        self.origins.insert(name.origin, *suffix.key().as_bytes());
        self.heads.insert(feed, suffix.head());
        let before = self.admitted.len();
        for (envelope, record) in suffix.after_sequence(ours.sequence) {
            self.clock.observe(record.header.hlc, wall_ms);
            self.take(index, feed, scope, envelope, &record);
        }
        Ok(self.admitted.len() - before)
    }

    /// Refuses a feed of this node itself, and one of another scope than is said.
    pub(super) fn check_place(
        &self,
        name: &FeedName,
        scope: &NewScope,
    ) -> Result<(), ReceiveError> {
        if name.origin == self.signer.id() {
            return Err(ReceiveError::Own);
        }
        let proper = IncidentName::parse(&format!("incidents/{}", scope.incident)).is_some()
            && scope.mode != Mode::Unspecified
            && (1..=AUDIENCE_MAX).contains(&scope.audience.len());
        if !proper || scope_id(&scope.incident, scope.mode, &scope.audience) != name.scope {
            return Err(ReceiveError::Scope);
        }
        Ok(())
    }

    /// Refuses what would cost memory without end. The feed waits where it is; nothing of it is
    /// taken, so that it still ends on a signed record.
    fn check_bounds(&self, suffix: &Suffix, after: u64) -> Result<(), Refusal> {
        let mut bounds = Bounds::of(suffix.feed());
        for (_, record) in suffix.records(after) {
            bounds.add(self, record)?;
        }
        bounds.finish(self)
    }

    /// The closed feed that a branch goes on from.
    fn parent_of(&self, suffix: &Suffix) -> Option<u32> {
        let after = suffix.after();
        let closed = |(_, feed): &(u32, &Feed)| feed.closed.is_some() && feed.head == after;
        tree(self.picture, suffix.feed()).find(closed).map(|(index, _)| index)
    }

    /// Feeds of a scope and where they end, records of this group included.
    pub fn heads_of(&self, scope: u32) -> Vec<(FeedName, Head)> {
        let Some(id) = self.picture.scopes().get(scope as usize).map(|scope| scope.id) else {
            return Vec::new();
        };
        let known = 0..(self.picture.feeds().len() + self.feeds.len()) as u32;
        let ends = known.filter_map(|index| {
            let feed = self.feed_entry(index).filter(|feed| feed.scope == scope)?;
            Some((feed.name(id)?, self.head(index))).filter(|(_, head)| head.sequence > 0)
        });
        ends.collect()
    }

    pub(super) fn known_scope(&mut self, scope: &NewScope) -> u32 {
        let id = scope_id(&scope.incident, scope.mode, &scope.audience);
        let known = self.picture.scopes().len();
        self.picture.scope_index(id).unwrap_or_else(|| {
            let same = |new: &NewScope| scope_id(&new.incident, new.mode, &new.audience) == id;
            let at = self.scopes.iter().position(same).unwrap_or_else(|| {
                self.scopes.push(scope.clone());
                self.scopes.len() - 1
            });
            (known + at) as u32
        })
    }

    pub(super) fn take(
        &mut self,
        index: u32,
        feed: u32,
        scope: &NewScope,
        envelope: Envelope,
        record: &Decoded,
    ) {
        let header = &record.header;
        let mut envelope = envelope;
        let Judged { mut attributes, data } = judge(record, envelope.payload.as_ref(), scope);
        let entry = Uuid::from_slice(&header.entry).unwrap_or_default();
        let reference = RecordRef { feed, sequence: header.sequence };
        if (feed as usize) < self.picture.feeds().len()
            && self.picture.is_erased(index, entry, reference, &attributes)
        {
            // What was erased does not come back by who has not heard of it.
            envelope.payload = None;
            attributes = judge(record, None, scope).attributes;
        }
        let seen = header.seen.iter().filter_map(|seen| {
            let feed = crate::record::Id::from_slice(&seen.feed)?;
            Some(RecordRef { feed: self.named_feed(feed, index), sequence: seen.sequence })
        });
        let seen: Vec<_> = seen.collect();
        let live = Live { record: reference, hlc: header.hlc, attributes };
        if !attributes.is_apart() {
            let mut register = self.register(index, entry);
            let change = Change { scope: index, entry, live: live.clone(), seen: seen.clone() };
            if !self.is_set_aside(feed, header.sequence, &attributes) {
                let may = |by, replaced: &Live| self.may_replace(index, by, replaced);
                register.add(live.clone(), &self.effective(&change), may);
            }
            if entry.is_nil() {
                let held = self.data_of(index).to_vec();
                let content = data.as_deref().cloned();
                self.data.insert(index, keep_live(&register, held, reference, content));
            }
            self.registers.insert((index, entry), register);
        }
        let kind = header.kind();
        let change = Change { scope: index, entry, live, seen };
        self.admitted.push(Admitted { envelope, change, kind, data });
    }
}
