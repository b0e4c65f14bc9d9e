//! A random world: who is who, who may see what, and what was said to whom.

use std::collections::BTreeSet;

use polder_picture::{charter::Charter, record::Id};
use polder_wire::v1::{
    CharterChange, CharterStatement, NodeCertificate, Role, RoleGrant, charter_change::Change,
};
use rand::{Rng as _, rngs::StdRng, seq::IndexedRandom as _};

use crate::made::{audience, change, founding, member, party, signed, withdraw};

pub const PARTIES: usize = 4;
pub const AUDIENCES: usize = 3;
pub const INCIDENTS: usize = 2;
pub const PEOPLE: usize = 4;

const ROLES: [Role; 7] = [
    Role::Reader,
    Role::Liaison,
    Role::ColumnHead,
    Role::InformationManager,
    Role::OperationalLeader,
    Role::Auditor,
    Role::Administrator,
];

/// What an audience of `all`, or one of the charter's.
pub type To = Option<usize>;

/// Who takes part in an incident.
#[derive(Debug, Clone)]
pub struct Members {
    everybody: bool,
    parties: BTreeSet<usize>,
}

#[derive(Debug, Clone)]
pub struct Somebody {
    pub role: Role,
    pub party: usize,
    pub incident: Option<usize>,
}

/// Who may see what; parties, audiences and incidents by number.
#[derive(Debug, Clone)]
pub struct World {
    pub audiences: Vec<BTreeSet<usize>>,
    pub members: Vec<Members>,
    pub nodes: Vec<BTreeSet<usize>>,
    pub people: Vec<Somebody>,
    /// Incidents of which members were ever named. Until then whoever opened one sees it, with the
    /// parties for which they did, at that node.
    pub spoken: Vec<bool>,
}

/// Something that was said, by what it is known.
#[derive(Debug, Clone)]
pub struct Said {
    pub incident: usize,
    pub to: To,
    pub name: String,
    pub secret: String,
}

pub fn party_id(number: usize) -> String {
    format!("party-{number}")
}

pub fn incident_id(number: usize) -> String {
    format!("incident-{number}")
}

pub fn audience_name(to: To) -> String {
    to.map_or_else(|| "audiences/all".into(), |number| format!("audiences/narrow-{number}"))
}

fn some(random: &mut StdRng, likely: f64) -> BTreeSet<usize> {
    (0..PARTIES).filter(|_| random.random_bool(likely)).collect()
}

fn members(random: &mut StdRng) -> Members {
    Members { everybody: random.random_bool(0.3), parties: some(random, 0.6) }
}

impl Members {
    fn are_named(&self) -> bool {
        self.everybody || !self.parties.is_empty()
    }
}

impl World {
    pub fn new(random: &mut StdRng) -> Self {
        let mut nodes = vec![some(random, 0.6), some(random, 0.4)];
        // The first node is where all is said.
        nodes[0].insert(random.random_range(0..PARTIES));
        let somebody = |random: &mut StdRng| Somebody {
            role: *ROLES.choose(random).unwrap(),
            party: random.random_range(0..PARTIES),
            incident: random.random_bool(0.3).then(|| random.random_range(0..INCIDENTS)),
        };
        let audiences = (0..AUDIENCES).map(|_| some(random, 0.5)).collect();
        let members: Vec<_> = (0..INCIDENTS).map(|_| members(random)).collect();
        let people = (0..PEOPLE).map(|_| somebody(random)).collect();
        let spoken = members.iter().map(Members::are_named).collect();
        Self { audiences, members, people, nodes, spoken }
    }

    /// The same people and nodes, with other audiences and members.
    pub fn changed(&self, random: &mut StdRng) -> Self {
        let audiences = (0..AUDIENCES).map(|_| some(random, 0.5)).collect();
        let members: Vec<_> = (0..INCIDENTS).map(|_| members(random)).collect();
        let spoken = self.spoken.iter().zip(&members);
        let spoken = spoken.map(|(before, members)| *before || members.are_named()).collect();
        Self { audiences, members, spoken, ..self.clone() }
    }

    fn includes(&self, party: usize, incident: usize, to: To) -> bool {
        let members = &self.members[incident];
        let takes_part = members.everybody || members.parties.contains(&party);
        takes_part && to.is_none_or(|to| self.audiences[to].contains(&party))
    }

    /// Whether somebody may read what is said there.
    pub fn sees(&self, person: usize, incident: usize, to: To) -> bool {
        let Somebody { role, party, incident: only } = &self.people[person];
        *role != Role::Administrator
            && only.is_none_or(|only| only == incident)
            && (self.includes(*party, incident, to) || self.opened(*party, incident, to))
    }

    /// Whether a party sees at the first node what was opened there for it.
    fn opened(&self, party: usize, incident: usize, to: To) -> bool {
        to.is_none() && !self.spoken[incident] && self.nodes[0].contains(&party)
    }

    /// Whether anything may be said there at the first node, for all of its parties.
    pub fn takes(&self, incident: usize, to: To) -> bool {
        let open = |to| {
            self.holds(0, incident, to)
                || self.nodes[0].iter().any(|party| self.opened(*party, incident, to))
        };
        open(to) && open(None)
    }

    /// Whether a node may hold it.
    pub fn holds(&self, node: usize, incident: usize, to: To) -> bool {
        self.nodes[node].iter().any(|party| self.includes(*party, incident, to))
    }

    /// Whether somebody may take along as a file what they see.
    pub fn carries(&self, person: usize) -> bool {
        matches!(self.people[person].role, Role::InformationManager | Role::Administrator)
    }
}

/// A charter that says a world, and what says it.
pub struct Foundation {
    id: Id,
    signatures: u64,
    audiences: CharterStatement,
    members: CharterStatement,
    member_count: usize,
    /// Places of the first audience and member in those statements.
    first_audience: usize,
    first_member: usize,
}

fn grants(person: &str, of: &Somebody) -> CharterChange {
    change(Change::Role(RoleGrant {
        person: person.to_owned(),
        party: format!("parties/{}", party_id(of.party)),
        role: of.role.into(),
        incident: of.incident.map(|n| format!("incidents/{}", incident_id(n))).unwrap_or_default(),
        expire_time: None,
    }))
}

fn audiences_of(world: &World) -> Vec<CharterChange> {
    let one = |(number, parties): (usize, &BTreeSet<usize>)| {
        let parties: Vec<_> = parties.iter().map(|party| party_id(*party)).collect();
        let parties: Vec<_> = parties.iter().map(String::as_str).collect();
        audience(&format!("narrow-{number}"), &parties)
    };
    world.audiences.iter().enumerate().map(one).collect()
}

fn members_of(world: &World) -> Vec<CharterChange> {
    let one = |(number, members): (usize, &Members)| {
        let incident = incident_id(number);
        let mut all: Vec<_> =
            members.parties.iter().map(|p| member(&incident, &party_id(*p))).collect();
        if members.everybody {
            all.push(member(&incident, "-"));
        }
        // A statement says something at least.
        all.push(member("nothing", &party_id(0)));
        all
    };
    world.members.iter().enumerate().flat_map(one).collect()
}

impl Foundation {
    /// Statements of a world, with the keys of its nodes. `root`: who may do all at the first node.
    pub fn new(world: &World, keys: &[bytes::Bytes], root: &str) -> (Self, Vec<CharterStatement>) {
        let founded = founding(&[1], 1);
        let id = Charter::found(&founded).unwrap().id();
        let mut basics: Vec<_> = (0..PARTIES).map(|number| party(&party_id(number))).collect();
        for (key, parties) in keys.iter().zip(&world.nodes) {
            let parties: Vec<_> =
                parties.iter().map(|p| format!("parties/{}", party_id(*p))).collect();
            if parties.is_empty() {
                continue;
            }
            basics.push(change(Change::Node(NodeCertificate {
                public_key: key.clone(),
                parties,
                display_name: "node".into(),
                incarnation: 1,
            })));
        }
        for (number, somebody) in world.people.iter().enumerate() {
            basics.push(grants(&format!("person-{number}"), somebody));
        }
        for party in &world.nodes[0] {
            let of = Somebody { role: Role::InformationManager, party: *party, incident: None };
            basics.push(grants(root, &of));
        }
        let basics = signed(Some(id), 2, basics, &[(1, 2)]);
        let audiences = signed(Some(id), 3, audiences_of(world), &[(1, 3)]);
        let members = members_of(world);
        let member_count = members.len();
        let members = signed(Some(id), 4, members, &[(1, 4)]);
        let all = vec![founded, basics, audiences.clone(), members.clone()];
        let (first_audience, first_member) = (0, 0);
        let said = Self {
            id,
            signatures: 4,
            audiences,
            members,
            member_count,
            first_audience,
            first_member,
        };
        (said, all)
    }

    /// What makes it say another world.
    pub fn change(&mut self, world: &World) -> Vec<CharterStatement> {
        let mut audiences: Vec<_> =
            (0..AUDIENCES).map(|n| withdraw(&self.audiences, self.first_audience + n)).collect();
        audiences.extend(audiences_of(world));
        let mut members: Vec<_> = (0..self.member_count)
            .map(|n| withdraw(&self.members, self.first_member + n))
            .collect();
        members.extend(members_of(world));
        let mut say = |changes| {
            self.signatures += 1;
            let (nonce, number) = (self.signatures as u8, self.signatures);
            signed(Some(self.id), nonce, changes, &[(1, number)])
        };
        let (audiences, members) = (say(audiences), say(members));
        // What is withdrawn next is what was said now, behind what it withdrew.
        (self.first_audience, self.first_member) = (AUDIENCES, self.member_count);
        self.member_count = members_of(world).len();
        (self.audiences, self.members) = (audiences.clone(), members.clone());
        vec![audiences, members]
    }
}
