//! Tables of what counts, made for decisions.

use std::collections::BTreeMap;

use hashbrown::{HashMap, HashSet};
use polder_wire::v1::{
    CharterChange, CharterParty, NodeCertificate, Role, RoleGrant, charter_change::Change,
};

use super::{
    Statements,
    authority::{Settled, is_withdrawable},
    plans::Plans,
    statement::{ANY_PARTY, EVERYBODY, id_of},
};
use crate::{attributes::party_hash, record::Id, standing::RecordStanding};

/// An organisation.
#[derive(Debug, Clone, PartialEq)]
pub struct PartyRow {
    /// What was said of it last: the one with the highest item id, where two were said apart.
    pub party: CharterParty,
    /// Two statements describe it, and neither replaces the other.
    pub disputed: bool,
}

/// A node.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct NodeRow {
    /// Parties that it speaks for, by id, in order. Of two certificates, those in both.
    pub parties: Vec<String>,
    /// Name that its certificate gives.
    pub display_name: String,
    /// How many keys it has had.
    pub incarnation: u32,
    /// It is cut off: the last record of each feed that stands.
    pub cut: Option<BTreeMap<Id, u64>>,
}

/// What a person may do for a party.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct RoleRow {
    /// By id.
    pub party: String,
    /// As what.
    pub role: i32,
    /// In which incident, by id; empty: all.
    pub incident: String,
    /// Until when, milliseconds since 1970; `None`: no end.
    pub expire_ms: Option<i64>,
}

#[derive(Debug, Default)]
struct Members {
    everybody: bool,
    parties: HashSet<u32>,
}

#[derive(Debug, Default)]
pub(super) struct Policy {
    index: HashMap<Box<str>, u32>,
    rows: Vec<(Box<str>, PartyRow)>,
    audiences: HashMap<Box<str>, HashSet<u32>>,
    members: HashMap<Box<str>, Members>,
    /// Incidents of which members were named, also if that was withdrawn.
    spoken: HashSet<Box<str>>,
    nodes: HashMap<Id, (NodeRow, Vec<u32>)>,
    roles: HashMap<Box<str>, Vec<RoleRow>>,
    pub(super) plans: Plans,
    withdrawn: HashSet<Id>,
}

/// A name without the collection before its id.
pub(super) fn id(name: &str) -> &str {
    name.split_once('/').map_or(name, |(_, id)| id)
}

impl Policy {
    pub(super) fn new(statements: &Statements, settled: &Settled) -> Self {
        let withdrawn = withdrawn(statements, settled);
        let mut standing: Vec<(Id, &CharterChange)> = Vec::new();
        let mut cuts = Vec::new();
        let mut plans = Plans::default();
        let mut calls = Vec::new();
        let mut spoken: HashSet<Box<str>> = HashSet::new();
        for hash in settled.counts.union(&settled.denies) {
            let grants = settled.counts.contains(hash);
            for (item, change) in &statements.by_hash[hash].changes {
                if let Some(Change::Membership(membership)) = &change.change
                    && grants
                {
                    spoken.insert(id(&membership.incident).into());
                }
                match &change.change {
                    Some(Change::NodeCut(cut)) => cuts.push(cut),
                    Some(Change::Call(call)) if grants => {
                        calls.push((call, !withdrawn.contains(item)));
                    }
                    Some(_) if grants && !withdrawn.contains(item) => {
                        standing.push((*item, change))
                    }
                    _ => {}
                }
            }
        }
        standing.sort_unstable_by_key(|(item, _)| *item);

        let mut policy = Self { spoken, ..Self::default() };
        let mut parties: BTreeMap<&str, (&CharterParty, bool)> = BTreeMap::new();
        for (_, change) in &standing {
            if let Some(Change::Party(party)) = &change.change {
                let row = parties.entry(id(&party.name));
                row.and_modify(|row| *row = (party, true)).or_insert((party, false));
            }
        }
        for (name, (party, disputed)) in parties {
            policy.index.insert(name.into(), policy.rows.len() as u32);
            policy.rows.push((name.into(), PartyRow { party: party.clone(), disputed }));
        }
        for (_, change) in standing {
            match &change.change {
                Some(Change::Plan(plan)) => plans.take(plan),
                _ => policy.take(change),
            }
        }
        for cut in cuts {
            let Some(node) = Id::from_slice(&cut.node) else { continue };
            let ends =
                cut.ends.iter().filter_map(|end| Some((Id::from_slice(&end.feed)?, end.sequence)));
            let (row, _) = policy.nodes.entry(node).or_default();
            row.cut = Some(match row.cut.take() {
                // Of two cuts, what stands after both.
                Some(known) => ends
                    .filter_map(|(feed, end)| Some((feed, end.min(*known.get(&feed)?))))
                    .collect(),
                None => ends.collect(),
            });
        }
        for (call, stands) in calls {
            let node = Id::from_slice(&call.node).unwrap_or_default();
            if policy.speaks_for(node, id(&call.region)) {
                plans.call(call, stands);
            }
        }
        policy.bring_in(plans);
        policy.withdrawn = withdrawn;
        policy
    }

    /// Lets parties, by id, take part in an incident.
    pub(super) fn let_in(&mut self, incident: &str, parties: &[String]) {
        let parties = self.known(parties);
        self.members.entry_ref(incident).or_default().parties.extend(parties);
    }

    pub(super) fn is_withdrawn(&self, item: Id) -> bool {
        self.withdrawn.contains(&item)
    }

    fn known(&self, names: &[String]) -> Vec<u32> {
        let known = names.iter().filter_map(|name| self.index.get(id(name)).copied());
        let mut known: Vec<_> = known.collect();
        known.sort_unstable();
        known.dedup();
        known
    }

    fn take(&mut self, change: &CharterChange) {
        match &change.change {
            Some(Change::Audience(audience)) => {
                let parties: HashSet<_> = self.known(&audience.parties).into_iter().collect();
                let name = id(&audience.name);
                match self.audiences.get_mut(name) {
                    Some(known) => known.retain(|party| parties.contains(party)),
                    None => drop(self.audiences.insert(name.into(), parties)),
                }
            }
            Some(Change::Membership(membership)) => {
                let party = self.index.get(id(&membership.party)).copied();
                let members = self.members.entry_ref(id(&membership.incident)).or_default();
                members.everybody |= membership.party == ANY_PARTY;
                members.parties.extend(party);
            }
            Some(Change::Node(node)) => self.take_node(node),
            Some(Change::Role(role)) => self.take_role(role),
            _ => {}
        }
    }

    fn take_node(&mut self, node: &NodeCertificate) {
        let parties = self.known(&node.parties);
        let key = id_of(&node.public_key);
        let indices = match self.nodes.get(&key) {
            Some((_, known)) => {
                known.iter().copied().filter(|party| parties.contains(party)).collect()
            }
            None => parties,
        };
        let name = |index: &u32| String::from(&*self.rows[*index as usize].0);
        let row = NodeRow {
            parties: indices.iter().map(name).collect(),
            display_name: node.display_name.clone(),
            incarnation: node.incarnation,
            cut: None,
        };
        self.nodes.insert(key, (row, indices));
    }

    fn take_role(&mut self, role: &RoleGrant) {
        let party = id(&role.party);
        if !self.index.contains_key(party) {
            return;
        }
        let expire_ms = role
            .expire_time
            .as_ref()
            .map(|time| time.seconds.saturating_mul(1_000) + i64::from(time.nanos) / 1_000_000);
        let row = RoleRow {
            party: party.to_owned(),
            role: role.role,
            incident: id(&role.incident).to_owned(),
            expire_ms,
        };
        self.roles.entry_ref(&role.person[..]).or_default().push(row);
    }

    pub(super) fn parties(&self) -> impl Iterator<Item = (&str, &PartyRow)> {
        self.rows.iter().map(|(name, row)| (&**name, row))
    }

    pub(super) fn node(&self, node: Id) -> Option<&NodeRow> {
        self.nodes.get(&node).map(|(row, _)| row)
    }

    pub(super) fn may_see(&self, party: &str, incident: &str, audience: &str) -> bool {
        let Some(party) = self.index.get(party) else { return false };
        self.includes(&[*party], incident, audience)
    }

    fn includes(&self, parties: &[u32], incident: &str, audience: &str) -> bool {
        let Some(members) = self.members.get(incident) else { return false };
        let addressed = (audience != EVERYBODY).then(|| self.audiences.get(audience));
        parties.iter().any(|party| {
            (members.everybody || members.parties.contains(party))
                && addressed.is_none_or(|set| set.is_some_and(|set| set.contains(party)))
        })
    }

    pub(super) fn speaks_of(&self, incident: &str) -> bool {
        self.spoken.contains(incident)
    }

    pub(super) fn has_members(&self, incident: &str) -> bool {
        let members = self.members.get(incident);
        members.is_some_and(|members| members.everybody || !members.parties.is_empty())
    }

    pub(super) fn may_hold(&self, node: Id, incident: &str, audience: &str) -> bool {
        let Some((row, parties)) = self.nodes.get(&node) else { return false };
        row.cut.is_none() && self.includes(parties, incident, audience)
    }

    pub(super) fn speaks_for(&self, node: Id, party: &str) -> bool {
        let Some((row, parties)) = self.nodes.get(&node) else { return false };
        row.cut.is_none() && self.index.get(party).is_some_and(|party| parties.contains(party))
    }

    /// Records tell their party by a hash. Two parties with one hash speak for nobody: nobody can
    /// tell which of them said it.
    pub(super) fn record_standing(&self) -> RecordStanding {
        let mut hashes: Vec<_> = self.rows.iter().map(|(name, _)| party_hash(name)).collect();
        hashes.sort_unstable();
        let same = hashes.windows(2).filter(|pair| pair[0] == pair[1]);
        let doubled: HashSet<_> = same.map(|pair| pair[0]).collect();
        let rows = self.nodes.iter().map(|(node, (row, _))| {
            let parties = row.parties.iter().map(|party| party_hash(party));
            let parties = parties.filter(|hash| !doubled.contains(hash)).collect();
            (*node, parties, row.cut.as_ref())
        });
        let coordinates = |row: &&RoleRow| {
            row.role == i32::from(Role::InformationManager) && !row.incident.is_empty()
        };
        let leads = self.roles.values().flatten().filter(coordinates);
        let leads = leads.map(|row| (&row.incident[..], party_hash(&row.party)));
        RecordStanding::new(rows).with_leads(leads)
    }

    pub(super) fn roles(&self, person: &str, now_ms: i64) -> impl Iterator<Item = &RoleRow> {
        let rows = self.roles.get(person).into_iter().flatten();
        rows.filter(move |row| row.expire_ms.is_none_or(|end| now_ms < end))
    }

    pub(super) fn lines(&self, settled: &Settled) -> Vec<String> {
        let mut lines = Vec::new();
        lines.extend(settled.anchors.iter().map(|key| format!("anchor {key}")));
        lines.extend(settled.cut.iter().map(|(key, last)| format!("key {key} ends at {last}")));
        let name = |party: &u32| &*self.rows[*party as usize].0;
        for (party, row) in &self.rows {
            lines.push(format!("party {party} {:?}", row.party));
        }
        for (audience, parties) in &self.audiences {
            lines
                .extend(parties.iter().map(|party| format!("audience {audience} {}", name(party))));
        }
        for (incident, members) in &self.members {
            lines.push(format!("incident {incident} for everybody: {}", members.everybody));
            let parties = members.parties.iter();
            lines.extend(parties.map(|party| format!("incident {incident} {}", name(party))));
        }
        lines.extend(self.nodes.iter().map(|(node, (row, _))| format!("node {node} {row:?}")));
        lines.extend(self.plans.rows().map(|(region, row)| format!("plan {region} {row:?}")));
        for (person, roles) in &self.roles {
            let role = |row: &RoleRow| Role::try_from(row.role).unwrap_or_default();
            lines
                .extend(roles.iter().map(|row| format!("person {person} {:?} {row:?}", role(row))));
        }
        lines.sort_unstable();
        lines
    }
}

/// Items that count no more: withdrawn, or replaced by one of the same subject.
fn withdrawn(statements: &Statements, settled: &Settled) -> HashSet<Id> {
    let mut withdrawn = HashSet::new();
    let withdrawable = |item: Id| {
        let what = statements.item(item)?.change.as_ref()?;
        is_withdrawable(what).then_some(what)
    };
    for hash in settled.counts.union(&settled.denies) {
        for (_, change) in &statements.by_hash[hash].changes {
            let Some(what) = &change.change else { continue };
            if let Change::Withdrawal(withdrawal) = what {
                let item = Id::from_slice(&withdrawal.item);
                withdrawn.extend(item.filter(|item| withdrawable(*item).is_some()));
            }
            for item in change.replaces.iter().filter_map(|item| Id::from_slice(item)) {
                let same = |old: &Change| subject(old).is_some_and(|of| Some(of) == subject(what));
                if withdrawable(item).is_some_and(same) {
                    withdrawn.insert(item);
                }
            }
        }
    }
    withdrawn
}

/// Which thing a change is about; two of one subject may replace each other.
fn subject(change: &Change) -> Option<(u8, &[u8])> {
    match change {
        Change::Party(party) => Some((1, party.name.as_bytes())),
        Change::Node(node) => Some((2, &node.public_key)),
        Change::Audience(audience) => Some((3, audience.name.as_bytes())),
        Change::Membership(membership) => Some((4, membership.incident.as_bytes())),
        Change::Role(role) => Some((5, role.person.as_bytes())),
        Change::Plan(plan) => Some((6, plan.region.as_bytes())),
        _ => None,
    }
}
