//! A node's disk, and what a session may see of it.

use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use polder_picture::{
    admit::NewScope,
    checkpoint::List,
    fill::{self, Gap},
    jump::Jump,
    link::{FilePiece, Given, Offer, Offered, World, id_of},
    record::{Head, Id, decode},
    suffix::FeedName,
};
use polder_wire::v1::{Envelope, RecordKind};
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
    /// Feeds that came by a checkpoint: the last record that this speaks of. What it left out
    /// stands in `feeds` as nothing.
    pub leapt: BTreeMap<Id, Head>,
    /// Of these: all records after this one are held, once some of the others came.
    pub edges: BTreeMap<Id, Head>,
    /// All feeds that ever came by a checkpoint, also when they are whole since.
    pub came: BTreeMap<Id, Head>,
    /// What a checkpoint left out is given in small pieces, so that many make one feed.
    pub small_pieces: bool,
    /// Feeds that were looked up for a newcomer.
    pub looked: RefCell<BTreeSet<Id>>,
    /// Scopes that the node is entitled to, for the world.
    pub entitled: BTreeSet<Id>,
}

/// What a checkpoint left out.
pub const LEFT_OUT: [u8; 32] = [0; 32];

/// A feed by the checkpoint that it came by, or by its newest if that is fair: the last record
/// that this speaks of, what it keeps, and what follows up to the first signed record.
pub fn by_checkpoint(
    name: &FeedName,
    records: &[Record],
    leapt: Option<Head>,
) -> Option<(Head, Vec<Envelope>, Vec<Envelope>)> {
    let decoded = |envelope: &Envelope| decode(envelope).ok();
    let list = |at: usize| {
        let (envelope, _) = &records[at];
        List::of(&decoded(envelope)?, envelope.payload.as_ref())?.ok()
    };
    let (said, list) = match leapt {
        Some(covered) => {
            let mut after =
                (covered.sequence as usize..records.len()).filter_map(|at| Some((at, list(at)?)));
            after.find(|(_, list)| list.base() == covered)?
        }
        None => {
            let kind = |(envelope, _): &Record| decoded(envelope).map(|r| r.header.kind());
            let newest = records.iter().rposition(|r| kind(r) == Some(RecordKind::Checkpoint))?;
            let base = list(newest)?.base();
            // Of several that speak up to the same record whoever takes it goes by the first.
            let mut all = (base.sequence as usize..=newest).filter_map(|at| Some((at, list(at)?)));
            let (said, list) = all.find(|(_, list)| list.base() == base)?;
            let all: Option<Vec<_>> =
                records[..list.base().sequence as usize].iter().map(|(e, _)| decoded(e)).collect();
            Some((said, list))
                .filter(|(_, list)| Jump::is_fair(list, name, all.iter().flatten()))?
        }
    };
    let kept = list.kept().keys().map(|at| records[*at as usize - 1].0.clone()).collect();
    let end = said + records[said..].iter().position(|(e, _)| !e.signature.is_empty())?;
    let tail = records[list.base().sequence as usize..=end].iter().map(|(e, _)| e.clone());
    Some((list.base(), kept, tail.collect()))
}

impl Disk {
    /// The last record of a feed before those that are held one after the other.
    pub fn edge(&self, feed: Id) -> Head {
        let covered = || self.leapt.get(&feed);
        self.edges.get(&feed).or_else(covered).copied().unwrap_or_default()
    }

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
        let base = self.disk.bases.get(&feed).copied().unwrap_or_default();
        base.max(self.disk.edge(feed).sequence)
    }

    fn left_out(&self, feed: Id) -> bool {
        self.disk.leapt.contains_key(&feed)
    }

    fn offer(&self, feed: &FeedName) -> Offer {
        let id = feed.id();
        if self.disk.bases.contains_key(&id) {
            return Offer::Whole;
        }
        if self.disk.looked.borrow_mut().insert(id) {
            return Offer::Later;
        }
        let (_, records) = &self.disk.feeds[&id];
        let found = by_checkpoint(feed, records, self.disk.leapt.get(&id).copied());
        let offered = found.and_then(|(covered, kept, tail)| Offered::new(covered, kept, tail));
        offered.map_or(Offer::Whole, |offered| Offer::Leap(Arc::new(offered)))
    }

    fn gaps(&self) -> Vec<Gap> {
        let gap = |id: &Id| {
            let (edge, covered) = (self.disk.edge(*id), self.disk.leapt[id]);
            Gap { feed: self.disk.feeds[id].0, edge, is_covered: edge == covered }
        };
        self.disk.leapt.keys().map(gap).collect()
    }

    fn fill(&self, feed: &FeedName, end: Head, covered: bool, bytes_max: usize) -> Given {
        let (id, last) = (feed.id(), end.sequence as usize);
        let Some((_, records)) = self.disk.feeds.get(&id) else { return Given::Missing };
        if self.disk.bases.get(&id).is_some_and(|base| *base >= end.sequence) {
            return Given::Archived;
        }
        let edge = self.disk.edge(id).sequence as usize;
        if last <= edge || last > records.len() {
            return Given::Missing;
        }
        let signed = |number: usize| !records[number - 1].0.signature.is_empty();
        if records[last - 1].1 != end.hash {
            return Given::Parted;
        }
        if !covered && !signed(last) {
            return Given::Missing;
        }
        let bytes_max = if self.disk.small_pieces { bytes_max.min(400) } else { bytes_max };
        let down = records[edge..last].iter().rev();
        let down = down.map(|(envelope, _)| (envelope.encoded_len(), envelope));
        let count = fill::piece(down, edge == 0, bytes_max);
        if count == 0 {
            return Given::Missing;
        }
        Given::Records(records[last - count..last].iter().map(|(e, _)| e.clone()).collect())
    }

    fn hash_at(&self, feed: Id, sequence: u64) -> Option<[u8; 32]> {
        if sequence < self.base(feed) {
            return None;
        }
        let (_, records) = self.disk.feeds.get(&feed)?;
        let hash = records.get(sequence.checked_sub(1)? as usize).map(|(_, hash)| *hash);
        hash.filter(|hash| *hash != LEFT_OUT)
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
