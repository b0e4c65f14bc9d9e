//! Which records count under a charter, as the charter says now: of a node that has a certificate,
//! up to where it was cut off, and for a party that is the node's. What does not count is kept and
//! passed on like any record, but set aside: it is not shown as current and covers nothing. A
//! function of the record and the charter, so that every node which holds the same decides the
//! same, whatever came first.
//!
//! A record that counts replaces, or withdraws, what its node may: what is of a party for which the
//! node speaks, and of any party in an incident of which the node's party has the information
//! coordinator. Whose the replaced record is stands in that record, so it may come later.

use std::{cell::RefCell, collections::BTreeMap};

use hashbrown::HashMap;
use uuid::Uuid;

use crate::{
    attributes::Attributes,
    charter,
    live::{Live, RecordRef, Register},
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
    /// It withdraws what the charter does not let its node withdraw.
    NotOwner,
}

impl SetAside {
    /// In the words of the contract.
    pub fn reason(self) -> &'static str {
        match self {
            Self::NotCertified => "NODE_NOT_CERTIFIED",
            Self::CutOff => "NODE_CUT_OFF",
            Self::PartyNotOfNode => "PARTY_NOT_OF_NODE",
            Self::NotOwner => "NOT_OWNER",
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
    /// Hashes of the parties that have the information coordinator of an incident.
    leads: BTreeMap<Box<str>, Vec<u64>>,
}

impl RecordStanding {
    /// `nodes`: hashes of their parties, and where they were cut off.
    pub fn new<'a>(
        nodes: impl Iterator<Item = (Id, Vec<u64>, Option<&'a BTreeMap<Id, u64>>)>,
    ) -> Self {
        let one = |(node, parties, cut): (Id, Vec<u64>, Option<&'a BTreeMap<Id, u64>>)| {
            (node, Certified { parties, cut: cut.cloned() })
        };
        Self { nodes: nodes.map(one).collect(), leads: BTreeMap::new() }
    }

    /// Names parties, by their hashes, that have the information coordinator of an incident, by
    /// id: what others said in it, their nodes may replace and withdraw.
    #[must_use]
    pub fn with_leads<'a>(mut self, leads: impl Iterator<Item = (&'a str, u64)>) -> Self {
        for (incident, party) in leads {
            self.leads.entry(incident.into()).or_default().push(party);
        }
        for parties in self.leads.values_mut() {
            parties.sort_unstable();
            parties.dedup();
        }
        self
    }

    /// Whether a record of an incident, by id, is set aside. `root`: the feed that its header
    /// names. A feed that forked is cut off at one number on all its branches: which of them was
    /// meant, nobody can tell.
    pub fn judge(
        &self,
        incident: &str,
        (origin, root): (Id, Id),
        sequence: u64,
        attributes: &Attributes,
    ) -> Option<SetAside> {
        let Some(node) = self.nodes.get(&origin) else { return Some(SetAside::NotCertified) };
        if let Some(cut) = &node.cut
            && cut.get(&root).is_none_or(|end| sequence > *end)
        {
            return Some(SetAside::CutOff);
        }
        let party = attributes.owner()?;
        match attributes.only_withdraws() {
            _ if node.parties.contains(&party) => None,
            true => (!self.leads(incident, origin)).then_some(SetAside::NotOwner),
            false => Some(SetAside::PartyNotOfNode),
        }
    }

    /// Whether what a node says in an incident may replace, or withdraw, what is a party's.
    pub fn may_replace(&self, incident: &str, origin: Id, party: u64) -> bool {
        self.speaks(origin, party) || self.leads(incident, origin)
    }

    /// Whether a node speaks for a party that has the information coordinator of an incident. Also
    /// when the role has ended: nodes have no time in common. To end it, withdraw the role.
    fn leads(&self, incident: &str, origin: Id) -> bool {
        let Some(leads) = self.leads.get(incident) else { return false };
        self.nodes
            .get(&origin)
            .is_some_and(|node| node.parties.iter().any(|party| leads.contains(party)))
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
        for (incident, parties) in &self.leads {
            hasher.update(b"leads");
            hasher.update(blake3::hash(incident.as_bytes()).as_bytes());
            hasher.update(&(parties.len() as u64).to_le_bytes());
            for party in parties {
                hasher.update(&party.to_le_bytes());
            }
        }
        *hasher.finalize().as_bytes()
    }
}

/// Whether a record by one origin may replace a record of another. What is nobody's, everybody may.
pub(crate) fn may_replace(
    standing: Option<&RecordStanding>,
    incident: &str,
    (by, of): (Option<Id>, Option<Id>),
    replaced: &Live,
) -> bool {
    let (Some(standing), Some(party)) = (standing, replaced.attributes.owner()) else {
        return true;
    };
    by == of || by.is_some_and(|by| standing.may_replace(incident, by, party))
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
        // Without a charter nobody was asked who leads.
        let leads = |(origin, scope): &(Id, u32)| {
            let incident = &self.scope(*scope).incident;
            let [ours, other] = [ours?, other?].map(|of| of.leads(incident, *origin));
            Some(ours != other)
        };
        moved
            || self.said.iter().any(|pair| speaks(ours, pair) != speaks(other, pair))
            || self.led.iter().any(|pair| leads(pair) == Some(true))
    }

    /// Records that are set aside, and withdrawals that stand apart from what they would hide.
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
        let incident = &self.scope(feed.scope).incident;
        standing.judge(incident, (feed.origin?, self.root_of(feed)), sequence, attributes)
    }

    /// The same of any record of an entry: a withdrawal does not count either while something
    /// shows that it saw and its node may not withdraw.
    pub fn set_aside_of(
        &self,
        (scope, entry): (u32, Uuid),
        record: RecordRef,
        attributes: &Attributes,
    ) -> Option<SetAside> {
        let feed = self.feed(record.feed);
        let apart = || {
            let mut apart = self.entry(scope, entry)?.apart().iter();
            let stands = attributes.only_withdraws() && apart.any(|live| live.record == record);
            stands.then_some(SetAside::NotOwner)
        };
        self.set_aside(feed, record.sequence, attributes).or_else(apart)
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
        if let (Some(origin), Some(party)) = (origin, attributes.owner()) {
            self.said.insert((origin, party));
            if attributes.only_withdraws() {
                self.led.insert((origin, self.feed(feed).scope));
            }
        }
    }

    /// Adds a record to the register of its entry, and takes note of what the charter was asked.
    pub(crate) fn add_to(&mut self, register: &mut Register, live: Live, seen: &[RecordRef]) {
        let asked = RefCell::new(Vec::new());
        let scope = register.scope;
        register.add(live, seen, |by, replaced| {
            let [by, of] = [by, replaced.record.feed].map(|feed| self.feed(feed).origin);
            if let (Some(origin), Some(party)) = (by, replaced.attributes.owner())
                && by != of
            {
                asked.borrow_mut().push((origin, party));
            }
            let incident = &self.scope(scope).incident;
            may_replace(self.standing(), incident, (by, of), replaced)
        });
        for (origin, party) in asked.into_inner() {
            self.said.insert((origin, party));
            self.led.insert((origin, scope));
        }
    }
}
