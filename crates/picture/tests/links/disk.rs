//! A node's disk, and what a session may see of it.

use std::collections::{BTreeMap, BTreeSet};

use polder_picture::{
    admit::NewScope,
    link::{FilePiece, World, id_of},
    record::{Head, Id},
    suffix::FeedName,
};
use polder_wire::v1::Envelope;
use prost::Message as _;

/// An envelope and its hash.
pub type Record = (Envelope, [u8; 32]);

/// A node's disk: what survives a crash.
#[derive(Clone, Default)]
pub struct Disk {
    pub scopes: BTreeMap<Id, NewScope>,
    pub feeds: BTreeMap<Id, (FeedName, Vec<Record>)>,
    pub keys: BTreeMap<Id, [u8; 32]>,
    /// Records up to here were archived: they stand in `feeds` and are not given.
    pub bases: BTreeMap<Id, u64>,
    /// Scopes that the node is entitled to, for the world.
    pub entitled: BTreeSet<Id>,
}

impl Disk {
    pub fn end(&self, feed: Id) -> Head {
        let last =
            self.feeds.get(&feed).and_then(|(_, records)| Some((records.len(), records.last()?)));
        last.map_or_else(Head::default, |(length, (_, hash))| Head {
            sequence: length as u64,
            hash: *hash,
        })
    }
}

/// The node's disk as one peer's session may see it.
pub struct Door<'a> {
    pub disk: &'a Disk,
    pub peer_entitled: &'a BTreeSet<Id>,
}

impl World for Door<'_> {
    fn scopes(&self, _: Id) -> Vec<NewScope> {
        let held = self.disk.scopes.iter().filter(|(id, _)| self.peer_entitled.contains(id));
        held.map(|(_, scope)| scope.clone()).collect()
    }

    fn allows(&self, _: Id, scope: &NewScope) -> bool {
        let id = id_of(scope);
        self.peer_entitled.contains(&id) && self.disk.entitled.contains(&id)
    }

    fn feeds(&self, scope: Id) -> Vec<(FeedName, Head)> {
        let feeds = self.disk.feeds.iter().filter(|(_, (name, _))| name.scope == scope);
        feeds.map(|(id, (name, _))| (*name, self.disk.end(*id))).collect()
    }

    fn head(&self, feed: Id) -> Head {
        self.disk.end(feed)
    }

    fn base(&self, feed: Id) -> u64 {
        self.disk.bases.get(&feed).copied().unwrap_or_default()
    }

    fn hash_at(&self, feed: Id, sequence: u64) -> Option<[u8; 32]> {
        if sequence < self.base(feed) {
            return None;
        }
        let (_, records) = self.disk.feeds.get(&feed)?;
        records.get(sequence.checked_sub(1)? as usize).map(|(_, hash)| *hash)
    }

    fn read(&self, feed: Id, after: u64, bytes_max: usize) -> Vec<Envelope> {
        assert!(after >= self.base(feed), "what was archived is asked for no more");
        let Some((_, records)) = self.disk.feeds.get(&feed) else { return Vec::new() };
        let (mut bytes, mut read) = (0, Vec::new());
        for (envelope, _) in records.iter().skip(after as usize) {
            bytes += envelope.encoded_len();
            let signed = !envelope.signature.is_empty();
            read.push(envelope.clone());
            if bytes >= bytes_max && signed {
                break;
            }
        }
        read
    }

    fn file(&self, _: Id, _: &[u8; 32], _: u64, _: usize) -> Option<FilePiece> {
        None
    }

    fn origin_key(&self, origin: Id) -> Option<[u8; 32]> {
        self.disk.keys.get(&origin).copied()
    }
}
