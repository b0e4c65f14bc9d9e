//! The store as one peer's session may see it.

use std::sync::Arc;

use ed25519_dalek::VerifyingKey;
use polder_picture::{
    account,
    admit::NewScope,
    charter::{self, Charter},
    fill::Gap,
    forks::tree,
    link::{Fault, FilePiece, Given, Offer, World},
    picture::{Feed, Scope},
    record::{Head, Id, key_id},
    suffix::FeedName,
};
use polder_wire::v1::{Envelope, Lane};

use super::{Links, files::Files, offers::Offers};
use crate::{node::Node, store::engine::EngineError};

/// What travels on a link, and where it is read from.
pub(super) struct Door {
    pub(super) node: Arc<Node>,
    /// Incidents that travel, as either side says; empty: all.
    pub(super) lists: [Vec<String>; 2],
    /// Which incidents cite which attachments.
    pub(super) files: Arc<Files>,
    /// What is ready for newcomers.
    pub(super) offers: Arc<Offers>,
    /// The key that the connection proved, where it is encrypted.
    pub(super) proven: Option<Id>,
}

impl Links {
    /// The store as a session may see it; `incidents`: what this side lets travel.
    pub(super) fn door(&self, incidents: Vec<String>, proven: Option<Id>) -> Door {
        Door {
            node: Arc::clone(&self.node),
            lists: [incidents, Vec::new()],
            files: Arc::clone(&self.files),
            offers: Arc::clone(&self.offers),
            proven,
        }
    }
}

impl Door {
    /// Who speaks must be who encrypts, or somebody sits between the two.
    pub(super) fn same_key(&self, peer: Id) -> Result<(), Fault> {
        match self.proven.filter(|proven| *proven != peer) {
            None => Ok(()),
            Some(proven) => {
                let sentence = format!("node {peer} speaks on a connection of node {proven}");
                Err(Fault { reason: "KEY_DIFFERS", sentence })
            }
        }
    }

    pub(super) fn travels(&self, incident: &str) -> bool {
        if incident == charter::INCIDENT {
            return true;
        }
        if incident == account::INCIDENT {
            return false;
        }
        let on = |list: &Vec<String>| list.is_empty() || list.iter().any(|known| known == incident);
        self.lists.iter().all(on)
    }

    /// Under a charter a scope travels between those two only who may both hold it.
    fn entitled(
        &self,
        charter: Option<&Charter>,
        peer: Id,
        incident: &str,
        audience: &str,
    ) -> bool {
        charter.is_none_or(|charter| charter.shares(self.node.key_id(), peer, incident, audience))
    }

    /// Where what was archived of a feed ends, if anything was.
    pub(super) fn held_base(&self, feed: Id) -> Option<Head> {
        let picture = self.node.picture.read();
        let base = picture.feed_index(feed).map(|index| picture.feed(index).base);
        base.filter(|base| base.sequence > 0)
    }

    /// The last record of a feed before those that are held without gaps.
    fn begins_after(&self, feed: Id) -> u64 {
        let base = self.held_base(feed).unwrap_or_default().sequence;
        base.max(self.node.covered(feed).sequence)
    }

    /// A link must not die of a record that cannot be read; the operator hears of it here and
    /// from `polder verify`.
    fn read<T: Default>(&self, read: Result<T, EngineError>) -> T {
        read.unwrap_or_else(|error| {
            tracing::error!(%error, "a link could not read from the store");
            T::default()
        })
    }
}

impl World for Door {
    fn scopes(&self, peer: Id) -> Vec<NewScope> {
        let picture = self.node.picture.read();
        let charter = self.node.charter.read();
        let scopes = picture.scopes().iter().filter(|scope| {
            self.travels(&scope.incident)
                && self.entitled(charter.as_ref(), peer, &scope.incident, &scope.audience)
        });
        scopes.map(Scope::name).collect()
    }

    fn allows(&self, peer: Id, scope: &NewScope) -> bool {
        self.travels(&scope.incident)
            && self.entitled(
                self.node.charter.read().as_ref(),
                peer,
                &scope.incident,
                &scope.audience,
            )
    }

    fn feeds(&self, scope: Id) -> Vec<(FeedName, Head)> {
        self.node.heads(scope)
    }

    fn head(&self, feed: Id) -> Head {
        let picture = self.node.picture.read();
        picture.feed_index(feed).map_or_else(Head::default, |index| picture.feed(index).head)
    }

    fn hash_at(&self, feed: Id, sequence: u64) -> Option<[u8; 32]> {
        if let Some(base) = self.held_base(feed).filter(|base| sequence <= base.sequence) {
            return (sequence == base.sequence).then_some(base.hash);
        }
        self.read(self.node.log().hash_at(feed, sequence))
    }

    fn hashes_at(&self, feed: &FeedName, sequence: u64) -> Vec<[u8; 32]> {
        let held: Vec<_> = {
            let picture = self.node.picture.read();
            let start = |feed: &Feed| match &feed.branch {
                Some(branch) => picture.feed(branch.parent).head.sequence,
                None => 0,
            };
            let all = tree(&picture, feed).map(|(_, feed)| feed);
            let holds = |feed: &&Feed| start(feed) < sequence && sequence <= feed.head.sequence;
            all.filter(holds).map(|feed| feed.id).collect()
        };
        held.into_iter().filter_map(|feed| self.hash_at(feed, sequence)).collect()
    }

    fn ends(&self, feed: &FeedName) -> Vec<Head> {
        tree(&self.node.picture.read(), feed).map(|(_, feed)| feed.head).collect()
    }

    fn start(&self, feed: Id) -> u64 {
        let picture = self.node.picture.read();
        let branch = picture.feed_index(feed).and_then(|index| picture.feed(index).branch.clone());
        branch.map_or(0, |branch| picture.feed(branch.parent).head.sequence)
    }

    fn base(&self, feed: Id) -> u64 {
        self.begins_after(feed)
    }

    fn left_out(&self, feed: Id) -> bool {
        self.node.covered(feed).sequence > 0
    }

    fn offer(&self, feed: &FeedName) -> Offer {
        self.offers.offer(&self.node, feed)
    }

    fn gaps(&self) -> Vec<Gap> {
        if !self.node.disk.accepts(Lane::Bulk) {
            // What comes now could not be stored, and would be asked for again and again.
            return Vec::new();
        }
        self.node.picture.read().gaps().collect()
    }

    fn fill(&self, feed: &FeedName, end: Head, covered: bool, bytes_max: usize) -> Given {
        // The feed itself, or what it became when it forked.
        let held: Vec<(Id, Id, u64)> = {
            let picture = self.node.picture.read();
            let of = |(_, held): (u32, &Feed)| {
                let parent = held.branch.as_ref().map(|branch| picture.feed(branch.parent));
                let start = parent.map_or(0, |parent| parent.head.sequence);
                let fits = (start + 1..=held.head.sequence).contains(&end.sequence);
                fits.then_some((held.id, parent.map_or(held.id, |parent| parent.id), start))
            };
            tree(&picture, feed).filter_map(of).collect()
        };
        let is_it = |(id, ..): &&(Id, Id, u64)| self.hash_at(*id, end.sequence) == Some(end.hash);
        let Some((id, parent, start)) = held.iter().find(is_it).copied() else {
            let other = held.iter().any(|(id, ..)| self.hash_at(*id, end.sequence).is_some());
            return if other { Given::Parted } else { Given::Missing };
        };
        let base = self.base(id);
        if base >= end.sequence {
            let archived = self.held_base(id).is_some_and(|base| base.sequence >= end.sequence);
            return if archived { Given::Archived } else { Given::Missing };
        }
        let log = self.node.log();
        let after = base.max(start);
        let record = |feed: Id, sequence: u64| {
            self.read(log.record(feed, sequence)).map(|stored| stored.envelope)
        };
        let last = record(id, end.sequence);
        if !covered && last.is_none_or(|last| last.signature.is_empty()) {
            // Whoever brought it here took its signature off.
            return Given::Missing;
        }
        // A branch goes on where its feed closed; before a gap nothing is held.
        let before =
            (after, (after == start && start > 0).then(|| record(parent, start)).flatten());
        let envelopes = self.read(log.read_before(id, end.sequence, before, bytes_max));
        if envelopes.is_empty() { Given::Missing } else { Given::Records(envelopes) }
    }

    fn closed(&self, feed: Id) -> bool {
        let picture = self.node.picture.read();
        picture.feed_index(feed).is_some_and(|index| picture.feed(index).closed.is_some())
    }

    fn read(&self, feed: Id, after: u64, bytes_max: usize) -> Vec<Envelope> {
        // What is not shown yet is not durable for certain: never beyond the head.
        let end = self.head(feed).sequence;
        if after < self.base(feed) {
            return Vec::new();
        }
        let mut envelopes = self.read(self.node.log().read_suffix(feed, after, bytes_max));
        envelopes.truncate(end.saturating_sub(after) as usize);
        envelopes
    }

    fn file(
        &self,
        peer: Id,
        sha256: &[u8; 32],
        offset: u64,
        bytes_max: usize,
    ) -> Option<FilePiece> {
        let cited = self.files.cited_by(sha256);
        if !cited.iter().any(|scope| self.allows(peer, scope)) {
            return None;
        }
        let stored = self.node.attachments.get(sha256)?;
        let data = self.node.attachments.read(sha256, offset, bytes_max).unwrap_or_else(|error| {
            tracing::error!(%error, "a link could not read an attachment");
            Vec::new()
        });
        let (media_type, size_bytes) = (stored.media_type, stored.size_bytes);
        Some(FilePiece { media_type, size_bytes, data: data.into() })
    }

    fn origin_key(&self, origin: Id) -> Option<[u8; 32]> {
        // Our own, also those that we wrote with before a restore, stand in the identity.
        let identity = self.node.identity();
        let own = std::iter::once(&identity.public_key).chain(&identity.retired_keys);
        let own = own.filter_map(|key| VerifyingKey::from_bytes(key[..].try_into().ok()?).ok());
        let known = own.into_iter().find(|key| key_id(key) == origin);
        let known = known.or_else(|| self.read(self.node.log().origin_key(origin)));
        known.map(|key| *key.as_bytes())
    }
}
