//! The charter: who is who, and who may see what. A pure function of a set of signed statements,
//! so that every node that holds the same ones decides the same, in whatever order they came; and
//! closed wherever nothing is said.
//!
//! ```text
//! Charter::found(statement)      who the anchors are
//! Charter::add(statements)       form and signatures (statement.rs)
//!      -> which of them count    (authority.rs)
//!      -> tables                 (policy.rs)
//! Charter::may_hold, may_see     a decision: three lookups
//! ```

use std::collections::BTreeMap;

use bytes::Bytes;
use polder_wire::v1::{
    CharterBody, CharterChange, CharterStatement, Endorsement, Founding, Mode,
    charter_change::Change,
};
use prost::Message as _;

use self::{
    authority::Settled,
    policy::Policy,
    statement::{Checked, Signature, check},
};
use crate::{
    admit::NewScope,
    record::Id,
    refusal::{Class, Refusal},
    standing::RecordStanding,
};

mod authority;
mod plans;
mod policy;
mod statement;

pub use plans::{LevelRow, PlanRow};
pub use policy::{NodeRow, PartyRow, RoleRow};
pub use statement::{
    ANY_INCIDENT, ANY_PARTY, BODY_BYTES_MAX, ENDORSEMENTS_MAX, EVERYBODY, body_hash, charter_id,
    endorse, item_id, write,
};

/// The id that the scopes of charters bear in place of an incident's; no incident has it.
pub const INCIDENT: &str = "charter";

/// The scope in which the statements of a charter travel.
pub fn scope(charter: Id) -> NewScope {
    NewScope { incident: INCIDENT.into(), mode: Mode::Actual, audience: format!("c{charter}") }
}

/// Signatures under all the statements of a charter.
pub const SIGNATURES_MAX: usize = 400_000;

/// All statements that are held, whether they count or not.
#[derive(Debug)]
struct Statements {
    founding: [u8; 32],
    by_hash: BTreeMap<[u8; 32], Statement>,
    /// Hashes in the order in which they came.
    order: Vec<[u8; 32]>,
    /// Where each change stands: statement in `order`, and place in it. In order of their ids once
    /// settled. A large charter has more of these than of anything else.
    items: Vec<(Id, u32, u32)>,
    signatures: usize,
}

#[derive(Debug)]
struct Statement {
    body: Bytes,
    changes: Vec<(Id, CharterChange)>,
    signatures: BTreeMap<Signature, Endorsement>,
}

impl Statements {
    fn founding(&self) -> &Founding {
        let changes = &self.by_hash[&self.founding].changes;
        match changes.first().and_then(|(_, change)| change.change.as_ref()) {
            Some(Change::Founding(founding)) => founding,
            _ => unreachable!("checked when the charter was founded"),
        }
    }

    fn item(&self, item: Id) -> Option<&CharterChange> {
        let at = self.items.binary_search_by_key(&item, |(id, ..)| *id).ok()?;
        let (_, statement, place) = self.items[at];
        let hash = self.order.get(statement as usize)?;
        self.by_hash.get(hash)?.changes.get(place as usize).map(|(_, change)| change)
    }

    /// Returns whether it says anything new: a statement, or another signature under one.
    fn add(&mut self, checked: Checked) -> bool {
        let Checked { hash, bytes, body, signatures } = checked;
        let (items, order) = (&mut self.items, &mut self.order);
        let statement = self.by_hash.entry(hash).or_insert_with(|| {
            let changes = body.changes.into_iter().enumerate();
            let changes = changes.map(|(place, change)| {
                let item = item_id(&hash, place);
                items.push((item, order.len() as u32, place as u32));
                (item, change)
            });
            let changes = changes.collect();
            order.push(hash);
            Statement { body: bytes, changes, signatures: BTreeMap::new() }
        });
        let before = statement.signatures.len();
        statement.signatures.extend(signatures);
        let new = statement.signatures.len() - before;
        self.signatures += new;
        new > 0
    }
}

fn belongs(body: &CharterBody, hash: &[u8; 32]) -> (Id, bool) {
    match Id::from_slice(&body.charter) {
        Some(charter) => (charter, false),
        None => (Id::from_slice(&hash[..16]).expect("it is 16 bytes"), true),
    }
}

/// What the statements add up to.
#[derive(Debug)]
pub struct Charter {
    id: Id,
    statements: Statements,
    settled: Settled,
    policy: Policy,
}

/// Whether a statement counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// All of it does.
    Counts,
    /// It is part of a circle of cuts: what it denies counts.
    Disputed,
    /// No key with the power for it signed it, or those keys are cut off. More signatures may come.
    CountsForNothing,
}

/// One thing that was said.
#[derive(Debug, Clone, Copy)]
pub struct Item<'a> {
    /// By which it is withdrawn or replaced.
    pub id: Id,
    /// Hash of the body that says it.
    pub statement: [u8; 32],
    /// What it says.
    pub change: &'a CharterChange,
    /// Its statement counts, and nothing withdrew or replaced it. Of keys: they may be cut off
    /// all the same.
    pub counts: bool,
}

impl Charter {
    /// From the statement that founds it.
    pub fn found(statement: &CharterStatement) -> Result<Self, Refusal> {
        let checked = check(statement)?;
        if !checked.body.charter.is_empty() {
            let sentence = "founds no charter";
            return Err(Refusal::field("body.changes", "CHARTER_MALFORMED", sentence));
        }
        let founding = checked.hash;
        let id = charter_id(&statement.body);
        let (by_hash, order, items) = Default::default();
        let mut statements = Statements { founding, by_hash, order, items, signatures: 0 };
        statements.add(checked);
        let mut charter =
            Self { id, statements, settled: Settled::default(), policy: Policy::default() };
        charter.settle();
        Ok(charter)
    }

    /// Adds statements, in any order, any number of times. Says of each whether it was new.
    pub fn add<'a>(
        &mut self,
        statements: impl IntoIterator<Item = &'a CharterStatement>,
    ) -> Vec<Result<bool, Refusal>> {
        let added: Vec<_> = statements.into_iter().map(|one| self.take(one)).collect();
        if added.iter().any(|added| matches!(added, Ok(true))) {
            self.settle();
        }
        added
    }

    fn take(&mut self, statement: &CharterStatement) -> Result<bool, Refusal> {
        let checked = check(statement)?;
        let own = checked.hash == self.statements.founding || checked.body.charter[..] == self.id.0;
        if !own {
            let sentence = "belongs to another charter";
            return Err(Refusal::field("body.charter", "CHARTER_DIFFERS", sentence));
        }
        if self.statements.signatures >= SIGNATURES_MAX {
            let sentence = format!("the charter holds {SIGNATURES_MAX} signatures already");
            return Err(Refusal::new(Class::ResourceExhausted, "CHARTER_FULL", sentence));
        }
        Ok(self.statements.add(checked))
    }

    /// Which charter a sound statement belongs to, and whether it founds that.
    pub fn of(statement: &CharterStatement) -> Result<(Id, bool), Refusal> {
        let checked = check(statement)?;
        Ok(belongs(&checked.body, &checked.hash))
    }

    /// The same without a look at its signatures, for what was checked before.
    pub fn of_unchecked(statement: &CharterStatement) -> Option<(Id, bool)> {
        let body = CharterBody::decode(statement.body.clone()).ok()?;
        Some(belongs(&body, &body_hash(&statement.body)))
    }

    /// All signatures of this statement are held.
    pub fn holds(&self, statement: &CharterStatement) -> bool {
        let held = self.statements.by_hash.get(&body_hash(&statement.body));
        held.is_some_and(|held| {
            statement.endorsements.iter().all(|one| {
                let key = statement::id_of(&one.public_key);
                held.signatures.contains_key(&Signature { key, sequence: one.sequence })
            })
        })
    }

    fn settle(&mut self) {
        self.statements.items.sort_unstable();
        self.statements.items.shrink_to_fit();
        self.settled = authority::settle(&self.statements);
        self.policy = Policy::new(&self.statements, &self.settled);
    }

    /// Its id.
    pub fn id(&self) -> Id {
        self.id
    }

    /// Whether a statement counts; `None` for one that is not held.
    pub fn standing(&self, statement: &[u8; 32]) -> Option<Standing> {
        if self.settled.counts.contains(statement) {
            return Some(Standing::Counts);
        }
        if self.settled.denies.contains(statement) {
            return Some(Standing::Disputed);
        }
        self.statements.by_hash.contains_key(statement).then_some(Standing::CountsForNothing)
    }

    /// Every change that was ever said, in a fixed order.
    pub fn items(&self) -> impl Iterator<Item = Item<'_>> {
        self.statements.by_hash.iter().flat_map(move |(hash, held)| {
            let grants = self.settled.counts.contains(hash);
            let counts = grants || self.settled.denies.contains(hash);
            held.changes.iter().map(move |(id, change)| Item {
                id: *id,
                statement: *hash,
                change,
                counts: counts && !self.policy.is_withdrawn(*id),
            })
        })
    }

    /// The number for the next signature of a key.
    pub fn next_sequence(&self, key: Id) -> u64 {
        let signatures = self.statements.by_hash.values().flat_map(|one| one.signatures.keys());
        let own = signatures.filter(|signature| signature.key == key);
        own.map(|signature| signature.sequence).max().unwrap_or_default() + 1
    }

    /// Whether a key is an anchor.
    pub fn is_anchor(&self, key: Id) -> bool {
        self.settled.anchors.contains(&key)
    }

    /// What was said when it was founded.
    pub fn founding(&self) -> &Founding {
        self.statements.founding()
    }

    /// Keys that signed two bodies under one number, and the first such number.
    pub fn keys_used_twice(&self) -> &BTreeMap<Id, u64> {
        &self.settled.twice
    }

    /// Keys that are cut off, and the last number of each that stands.
    pub fn keys_cut(&self) -> &BTreeMap<Id, u64> {
        &self.settled.cut
    }

    /// Organisations, by id without `parties/`.
    pub fn parties(&self) -> impl Iterator<Item = (&str, &PartyRow)> {
        self.policy.parties()
    }

    /// A node that has a certificate, or had one; also when it is cut off.
    pub fn node(&self, node: Id) -> Option<&NodeRow> {
        self.policy.node(node)
    }

    /// Whether a party may see what is said in an incident to an audience. All by id, without
    /// `parties/`, `incidents/`, `audiences/`.
    pub fn may_see(&self, party: &str, incident: &str, audience: &str) -> bool {
        self.policy.may_see(party, incident, audience)
    }

    /// Whether members of an incident, by id, were ever named.
    pub fn speaks_of(&self, incident: &str) -> bool {
        self.policy.speaks_of(incident)
    }

    /// Whether an incident, by id, has members now.
    pub fn has_members(&self, incident: &str) -> bool {
        self.policy.has_members(incident)
    }

    /// Whom a region, by id, brings in when it scales up.
    pub fn plan(&self, region: &str) -> Option<&PlanRow> {
        self.policy.plans.row(region)
    }

    /// The highest level on which a region called on its plan for an incident, also if that was
    /// taken back; 0: it never did. All by id.
    pub fn called(&self, incident: &str, region: &str) -> i32 {
        self.policy.plans.said(incident, region)
    }

    /// Whether a node may hold a scope: it is not cut off, and one of its parties may see it.
    pub fn may_hold(&self, node: Id, incident: &str, audience: &str) -> bool {
        self.policy.may_hold(node, incident, audience)
    }

    /// Whether a node has a certificate and is not cut off.
    pub fn is_certified(&self, node: Id) -> bool {
        self.policy.node(node).is_some_and(|row| row.cut.is_none() && !row.parties.is_empty())
    }

    /// Whether a scope may travel between two nodes: both may hold it. The charter itself goes to
    /// every node that has a certificate.
    pub fn shares(&self, own: Id, peer: Id, incident: &str, audience: &str) -> bool {
        if incident == INCIDENT {
            return audience == scope(self.id).audience && self.is_certified(peer);
        }
        [own, peer].into_iter().all(|node| self.may_hold(node, incident, audience))
    }

    /// All statements, each with its signatures, in a fixed order.
    pub fn statements(&self) -> impl Iterator<Item = CharterStatement> + '_ {
        self.statements.by_hash.values().map(|held| CharterStatement {
            body: held.body.clone(),
            endorsements: held.signatures.values().cloned().collect(),
        })
    }

    /// Whether a statement counts; `None` for one that is not held.
    pub fn standing_of(&self, statement: &CharterStatement) -> Option<Standing> {
        self.standing(&body_hash(&statement.body))
    }

    /// Whether a node may publish in the name of a party.
    pub fn speaks_for(&self, node: Id, party: &str) -> bool {
        self.policy.speaks_for(node, party)
    }

    /// Which records count.
    pub fn record_standing(&self) -> RecordStanding {
        self.policy.record_standing()
    }

    /// What a person may do at a time, in milliseconds since 1970.
    pub fn roles<'a>(&'a self, person: &'a str, now_ms: i64) -> impl Iterator<Item = &'a RoleRow> {
        self.policy.roles(person, now_ms)
    }

    /// What the charter decides, as text of which every line is a fact, in order: two charters
    /// that decide the same print the same.
    pub fn decisions(&self) -> Vec<String> {
        self.policy.lines(&self.settled)
    }
}
