//! Which records count under a charter, as the charter says now: of a node that has a certificate,
//! up to where it was cut off, and for a party that is the node's. What does not count is kept and
//! passed on like any record, but set aside: it is not shown as current and covers nothing. A
//! function of the record and the charter, so that every node which holds the same decides the
//! same, whatever came first.

use std::collections::BTreeMap;

use hashbrown::HashMap;

use crate::{
    attributes::Attributes,
    charter,
    picture::{Feed, Picture},
    record::{Id, feed_id},
};

/// Why a record is set aside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SetAside {
    /// The charter gives its node no certificate.
    NotCertified,
    /// It lies beyond the place where its node was cut off.
    CutOff,
    /// The charter does not let its node speak for the party that it names.
    PartyNotOfNode,
}

impl SetAside {
    /// In the words of the contract.
    pub fn reason(self) -> &'static str {
        match self {
            Self::NotCertified => "NODE_NOT_CERTIFIED",
            Self::CutOff => "NODE_CUT_OFF",
            Self::PartyNotOfNode => "PARTY_NOT_OF_NODE",
        }
    }
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Certified {
    /// Hashes of the parties that it speaks for, or spoke for before it was cut off.
    parties: Vec<u64>,
    /// The last record of each feed that stands, when it is cut off.
    cut: Option<BTreeMap<Id, u64>>,
}

/// What a charter says of nodes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RecordStanding {
    nodes: HashMap<Id, Certified>,
}

impl RecordStanding {
    /// `nodes`: hashes of their parties, and where they were cut off.
    pub fn new<'a>(
        nodes: impl Iterator<Item = (Id, Vec<u64>, Option<&'a BTreeMap<Id, u64>>)>,
    ) -> Self {
        let one = |(node, parties, cut): (Id, Vec<u64>, Option<&'a BTreeMap<Id, u64>>)| {
            (node, Certified { parties, cut: cut.cloned() })
        };
        Self { nodes: nodes.map(one).collect() }
    }

    /// Whether a record is set aside. `root`: the feed that its header names. A feed that forked
    /// is cut off at one number on all its branches: which of them was meant, nobody can tell.
    pub fn judge(
        &self,
        origin: Id,
        root: Id,
        sequence: u64,
        attributes: &Attributes,
    ) -> Option<SetAside> {
        let Some(node) = self.nodes.get(&origin) else { return Some(SetAside::NotCertified) };
        if let Some(cut) = &node.cut
            && cut.get(&root).is_none_or(|end| sequence > *end)
        {
            return Some(SetAside::CutOff);
        }
        let party = attributes.speaks_for();
        party.filter(|party| !node.parties.contains(party)).map(|_| SetAside::PartyNotOfNode)
    }

    /// Up to where the records of a node's feed stand.
    fn end(&self, origin: Id, root: Id) -> u64 {
        match self.nodes.get(&origin).map(|node| &node.cut) {
            None => 0,
            Some(None) => u64::MAX,
            Some(Some(cut)) => cut.get(&root).copied().unwrap_or_default(),
        }
    }

    fn speaks(&self, origin: Id, party: u64) -> bool {
        self.nodes.get(&origin).is_some_and(|node| node.parties.contains(&party))
    }

    /// Tells two of them apart, for as long as a store keeps it.
    pub fn hash(&self) -> [u8; 32] {
        let mut nodes: Vec<_> = self.nodes.iter().collect();
        nodes.sort_unstable_by_key(|(node, _)| **node);
        let mut hasher = blake3::Hasher::new();
        for (node, Certified { parties, cut }) in nodes {
            hasher.update(&node.0);
            hasher.update(&(parties.len() as u64).to_le_bytes());
            for party in parties {
                hasher.update(&party.to_le_bytes());
            }
            let ends = cut.as_ref().map_or(u64::MAX, |cut| cut.len() as u64);
            hasher.update(&ends.to_le_bytes());
            for (feed, end) in cut.iter().flatten() {
                hasher.update(&feed.0);
                hasher.update(&end.to_le_bytes());
            }
        }
        *hasher.finalize().as_bytes()
    }
}

impl Picture {
    /// What decides which records count; `None` where no charter does.
    pub fn standing(&self) -> Option<&RecordStanding> {
        self.standing.as_deref()
    }

    /// Puts another in its place. What was applied before stays as it was: build the picture anew
    /// where [`would_differ`](Self::would_differ) says so.
    pub fn set_standing(&mut self, standing: Option<RecordStanding>) {
        self.standing = standing.map(Into::into);
    }

    /// Whether some record that is held counts otherwise under another standing.
    pub fn would_differ(&self, other: Option<&RecordStanding>) -> bool {
        let ours = self.standing();
        let end = |of: Option<&RecordStanding>, origin, root| {
            of.map_or(u64::MAX, |s| s.end(origin, root))
        };
        let judged = |feed: &&Feed| self.scope(feed.scope).incident != charter::INCIDENT;
        let moved = self.held_feeds().filter(judged).any(|feed| {
            let (Some(origin), root) = (feed.origin, self.root_of(feed)) else { return false };
            let ends = [end(ours, origin, root), end(other, origin, root)];
            ends[0] != ends[1] && feed.head.sequence > ends[0].min(ends[1])
        });
        let speaks = |of: Option<&RecordStanding>, (origin, party): &(Id, u64)| {
            of.is_none_or(|standing| standing.speaks(*origin, *party))
        };
        moved || self.said.iter().any(|pair| speaks(ours, pair) != speaks(other, pair))
    }

    /// Records that are set aside.
    pub fn set_aside_count(&self) -> u64 {
        self.set_aside
    }

    /// Whether a record of a feed is set aside, and why. Statements of a charter never are: they
    /// are judged by their own signatures.
    pub fn set_aside(
        &self,
        feed: &Feed,
        sequence: u64,
        attributes: &Attributes,
    ) -> Option<SetAside> {
        let standing = self.standing()?;
        if attributes.is_apart() {
            return None;
        }
        standing.judge(feed.origin?, self.root_of(feed), sequence, attributes)
    }

    /// The feed that the records of a feed name in their headers.
    fn root_of(&self, feed: &Feed) -> Id {
        match (feed.origin, &feed.branch) {
            (Some(origin), Some(_)) => feed_id(origin, self.scope(feed.scope).id, feed.lane),
            _ => feed.id,
        }
    }

    /// Takes note of who said something for whom.
    pub(crate) fn note_said(&mut self, feed: u32, attributes: &Attributes) {
        let origin = self.feed(feed).origin;
        if let (Some(origin), Some(party)) = (origin, attributes.speaks_for()) {
            self.said.insert((origin, party));
        }
    }
}
