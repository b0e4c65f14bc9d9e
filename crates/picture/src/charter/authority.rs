//! Which statements count.
//!
//! A statement counts when keys with the power for all of its changes signed it, at places in
//! their series that are not cut off. Cuts are statements themselves, so two may cut each other
//! off: those that nothing outside the circle decides all count. Deny wins.
//!
//! What counts is the alternating fixpoint of two questions: what would count if only the certain
//! cuts did (more than the truth), and what would count if all the possible cuts did (less). Both
//! depend on the set of statements alone.

use std::collections::{BTreeMap, BTreeSet};

use hashbrown::{HashMap, HashSet};
use polder_wire::v1::{CharterChange, charter_change::Change};

use super::{
    Statements,
    statement::{ANY_INCIDENT, Signature, id_of},
};
use crate::record::Id;

/// How much a cut takes from a key: what was signed by fewer takes less.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Tier {
    /// By a key with power over the charter: powers over parties and incidents.
    Charter,
    /// By one anchor: also power over the charter.
    Anchor,
    /// By as many anchors as are needed, or by the key itself: everything.
    Anchors,
}

/// Last number that stands, by key and tier.
type Cuts = BTreeMap<(Id, Tier), u64>;

/// What counts.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Settled {
    /// Statements of which everything counts.
    pub(super) counts: BTreeSet<[u8; 32]>,
    /// Statements of which what they deny counts.
    pub(super) denies: BTreeSet<[u8; 32]>,
    /// Keys of those anchors that count.
    pub(super) anchors: BTreeSet<Id>,
    /// Keys that signed two bodies under one number: the first such number.
    pub(super) twice: BTreeMap<Id, u64>,
    /// Keys that are cut off, and after which number.
    pub(super) cut: BTreeMap<Id, u64>,
}

/// Keys and what they may sign, as far as it is established.
#[derive(Default)]
struct Authority<'a> {
    anchors: BTreeSet<Id>,
    charter: HashSet<Id>,
    parties: HashSet<(Id, &'a str)>,
    incidents: HashSet<(Id, &'a str)>,
    nodes: HashMap<Id, Vec<&'a str>>,
}

/// What counts under some cuts, and the cuts among it.
struct Counting<'a> {
    counts: BTreeSet<[u8; 32]>,
    authority: Authority<'a>,
    cuts: Cuts,
}

/// The keys behind one statement that stand, for each tier that cuts them off.
#[derive(Default)]
struct Signers {
    anchors: BTreeSet<Id>,
    charter: BTreeSet<Id>,
    others: BTreeSet<Id>,
    all: BTreeSet<Id>,
}

pub(super) fn settle(statements: &Statements) -> Settled {
    let world = World::new(statements);
    let mut certain = Cuts::new();
    loop {
        let more = world.counting(&certain);
        let fewer = world.counting(&more.cuts);
        if fewer.cuts != certain {
            certain = fewer.cuts;
            continue;
        }
        let denies = more.counts.into_iter().filter(|hash| world.only_denies(hash)).collect();
        let mut cut = BTreeMap::new();
        for ((key, _), last) in more.cuts {
            cut.entry(key).and_modify(|known: &mut u64| *known = last.min(*known)).or_insert(last);
        }
        let (counts, anchors) = (fewer.counts, fewer.authority.anchors);
        return Settled { counts, denies, anchors, twice: world.twice, cut };
    }
}

/// Whether a change only takes away.
fn denies(change: &CharterChange) -> bool {
    use Change::{KeyCut, NodeCut, Withdrawal};
    let only = matches!(change.change, Some(Withdrawal(_) | KeyCut(_) | NodeCut(_)));
    only && change.replaces.is_empty()
}

struct World<'a> {
    statements: &'a Statements,
    twice: BTreeMap<Id, u64>,
    needed: usize,
}

impl<'a> World<'a> {
    fn new(statements: &'a Statements) -> Self {
        let mut signed: HashMap<Signature, [u8; 32]> = HashMap::new();
        let mut twice: BTreeMap<Id, u64> = BTreeMap::new();
        for (hash, statement) in &statements.by_hash {
            for signature in statement.signatures.keys() {
                if *signed.entry(*signature).or_insert(*hash) != *hash {
                    let first = twice.entry(signature.key).or_insert(signature.sequence);
                    *first = signature.sequence.min(*first);
                }
            }
        }
        let needed = statements.founding().anchors_needed as usize;
        Self { statements, twice, needed }
    }

    fn only_denies(&self, hash: &[u8; 32]) -> bool {
        self.statements.by_hash[hash].changes.iter().all(|(_, change)| denies(change))
    }

    /// The least set that counts under some cuts, built up from the founding anchors.
    fn counting(&self, cuts: &Cuts) -> Counting<'a> {
        let mut authority = Authority::default();
        let mut counts = BTreeSet::new();
        let mut open: Vec<_> = self.statements.by_hash.keys().collect();
        loop {
            let before = open.len();
            open.retain(|hash| {
                let statement = &self.statements.by_hash[*hash];
                let signers = self.signers(hash, cuts);
                let may =
                    |(_, change): &(Id, CharterChange)| self.may_say(&authority, &signers, change);
                if **hash != self.statements.founding && !statement.changes.iter().all(may) {
                    return true;
                }
                counts.insert(**hash);
                statement.changes.iter().for_each(|(_, change)| authority.learn(change));
                false
            });
            if open.len() == before {
                break;
            }
        }
        let cuts = self.cuts_among(&counts, &authority, cuts);
        Counting { counts, authority, cuts }
    }

    fn cuts_among(
        &self,
        counts: &BTreeSet<[u8; 32]>,
        authority: &Authority<'_>,
        cuts: &Cuts,
    ) -> Cuts {
        let mut among = Cuts::new();
        for hash in counts {
            for (_, change) in &self.statements.by_hash[hash].changes {
                let Some(Change::KeyCut(cut)) = &change.change else { continue };
                let Some(key) = Id::from_slice(&cut.key) else { continue };
                let signers = self.signers(hash, cuts);
                let tier = if signers.all.contains(&key) || self.are_enough(authority, &signers) {
                    Tier::Anchors
                } else if !signers.anchors.is_disjoint(&authority.anchors) {
                    Tier::Anchor
                } else {
                    Tier::Charter
                };
                let last = among.entry((key, tier)).or_insert(cut.last_sequence);
                *last = cut.last_sequence.min(*last);
            }
        }
        among
    }

    fn signers(&self, hash: &[u8; 32], cuts: &Cuts) -> Signers {
        let only_denies = self.only_denies(hash);
        let mut signers = Signers::default();
        for Signature { key, sequence } in self.statements.by_hash[hash].signatures.keys() {
            signers.all.insert(*key);
            if !only_denies && self.twice.get(key).is_some_and(|first| first <= sequence) {
                continue;
            }
            let stands = |tier| cuts.get(&(*key, tier)).is_none_or(|last| sequence <= last);
            let sets = [
                (Tier::Anchors, &mut signers.anchors),
                (Tier::Anchor, &mut signers.charter),
                (Tier::Charter, &mut signers.others),
            ];
            // What takes more away takes less away too.
            for (tier, set) in sets {
                if !stands(tier) {
                    break;
                }
                set.insert(*key);
            }
        }
        signers
    }

    fn are_enough(&self, authority: &Authority<'_>, signers: &Signers) -> bool {
        signers.anchors.intersection(&authority.anchors).count() >= self.needed
    }

    fn may_say(
        &self,
        authority: &Authority<'_>,
        signers: &Signers,
        change: &CharterChange,
    ) -> bool {
        let Some(what) = &change.change else { return false };
        let replaces = |item: &Id| self.may_withdraw(authority, signers, *item);
        self.may(authority, signers, what)
            && change
                .replaces
                .iter()
                .filter_map(|item| Id::from_slice(item))
                .all(|item| replaces(&item))
    }

    fn may(&self, authority: &Authority<'_>, signers: &Signers, what: &Change) -> bool {
        let anchor = || !signers.anchors.is_disjoint(&authority.anchors);
        let charter =
            || anchor() || signers.charter.iter().any(|key| authority.charter.contains(key));
        let party = |party: &str| {
            let holds = |key: &Id| authority.parties.contains(&(*key, party));
            charter() || signers.others.iter().any(holds)
        };
        match what {
            Change::Founding(_) => false,
            Change::Anchor(_) => self.are_enough(authority, signers),
            Change::Power(power) if power.charter => anchor(),
            // Whoever is brought into an incident sees what everybody said there, not the region's
            // own words only.
            Change::Power(_) | Change::Party(_) | Change::Audience(_) | Change::Plan(_) => {
                charter()
            }
            Change::KeyCut(cut) => {
                charter() || Id::from_slice(&cut.key).is_some_and(|key| signers.all.contains(&key))
            }
            Change::Node(node) => node.parties.iter().all(|name| party(name)),
            Change::NodeCut(cut) => {
                let node = Id::from_slice(&cut.node).unwrap_or_default();
                charter()
                    || authority.nodes.get(&node).is_some_and(|of| of.iter().any(|n| party(n)))
            }
            Change::Membership(membership) => {
                let holds = |key: &Id| {
                    [ANY_INCIDENT, &membership.incident]
                        .iter()
                        .any(|incident| authority.incidents.contains(&(*key, *incident)))
                };
                charter() || signers.others.iter().any(holds)
            }
            Change::Role(role) => party(&role.party),
            Change::Call(call) => {
                let node = Id::from_slice(&call.node).unwrap_or_default();
                let of = authority.nodes.get(&node);
                charter()
                    || (signers.others.contains(&node)
                        && of.is_some_and(|of| of.contains(&call.region.as_str())))
            }
            Change::Withdrawal(withdrawal) => Id::from_slice(&withdrawal.item)
                .is_some_and(|item| self.may_withdraw(authority, signers, item)),
        }
    }

    /// Whoever may grant a thing may withdraw it. What is not held yet, only those may withdraw
    /// who may grant everything of its sort.
    fn may_withdraw(&self, authority: &Authority<'_>, signers: &Signers, item: Id) -> bool {
        let held = self.statements.item(item).and_then(|change| change.change.as_ref());
        match held {
            Some(what) if is_withdrawable(what) => self.may(authority, signers, what),
            _ => {
                !signers.anchors.is_disjoint(&authority.anchors)
                    || signers.charter.iter().any(|key| authority.charter.contains(key))
            }
        }
    }
}

/// Keys are cut off, at a place; and what denies is never taken back.
pub(super) fn is_withdrawable(change: &Change) -> bool {
    matches!(
        change,
        Change::Party(_)
            | Change::Node(_)
            | Change::Audience(_)
            | Change::Membership(_)
            | Change::Role(_)
            | Change::Plan(_)
            | Change::Call(_)
    )
}

impl<'a> Authority<'a> {
    fn learn(&mut self, change: &'a CharterChange) {
        match &change.change {
            Some(Change::Founding(founding)) => {
                let keys = founding.anchors.iter().map(|anchor| id_of(&anchor.public_key));
                self.anchors.extend(keys);
            }
            Some(Change::Anchor(anchor)) => {
                self.anchors.insert(id_of(&anchor.public_key));
            }
            Some(Change::Power(power)) => {
                let key = id_of(&power.public_key);
                if power.charter {
                    self.charter.insert(key);
                }
                self.parties.extend(power.parties.iter().map(|party| (key, &party[..])));
                self.incidents.extend(power.incidents.iter().map(|name| (key, &name[..])));
            }
            Some(Change::Node(node)) => {
                let of = self.nodes.entry(id_of(&node.public_key)).or_default();
                of.extend(node.parties.iter().map(String::as_str));
            }
            _ => {}
        }
    }
}
