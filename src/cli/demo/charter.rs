//! Who is who in the demo: every organisation of the scenario is a party, each of the three nodes
//! has a certificate for those that post there, and four audiences: everybody who takes part, and
//! three that are named here.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
};

use anyhow::Context as _;
use bytes::Bytes;
use polder_picture::{
    attributes::timestamp,
    charter::{self, Charter},
    record::{Id, Signer},
};
use polder_wire::v1::{
    Anchor, Audience, CharterChange, CharterParty, CharterStatement, Discipline, DisplayName,
    Entry, Founding, GripLevel, Membership, NodeCertificate, PlanLevel, PlannedTeam, ResponsePlan,
    Role, RoleGrant, SetAccountRequest, Team, charter_change::Change, entry::Body,
    people_service_client::PeopleServiceClient,
};
use prost::Message as _;

use super::{
    super::{
        scenario::{Act, Step},
        session::Connection,
    },
    nation::{NATION, NORTH, PLACES, SOUTH, place_of},
};
use crate::node::Node;

/// Passphrase of everybody in the demo, which nobody off this machine reaches.
pub(super) const PASSPHRASE: &str = "hoogwater 2021";

const INCIDENT: &str = "incidents/limburg-2021";

/// Audiences beside everybody who takes part: id, Dutch and English name, parties.
const AUDIENCES: [(&str, &str, &str, &[&str]); 3] = [
    (
        RESPONDERS,
        "Hulpdiensten",
        "Responders",
        &[
            "brandweer-zuid-limburg",
            "defensie",
            "ghor-limburg-noord",
            "ghor-nederland",
            "ghor-zuid-limburg",
            "landelijk-actiecentrum-brandweer",
            "limburg-noord",
            "meldkamer-limburg",
            "politie",
            "politie-limburg",
            "zuid-limburg",
        ],
    ),
    (POLICE, "Politie", "Police", &["politie", "politie-limburg"]),
    (
        MEDICAL,
        "Geneeskundig",
        "Medical",
        &[
            "ghor-limburg-noord",
            "ghor-nederland",
            "ghor-zuid-limburg",
            "mumc",
            "rode-kruis",
            "viecuri",
            "zorginstellingen-valkenburg",
        ],
    ),
];

const RESPONDERS: &str = "hulpdiensten";
const POLICE: &str = "politie";
const MEDICAL: &str = "geneeskundig";

/// Parties that a node speaks for beside those that post there: so that each of the three holds
/// what is said to any audience.
const BESIDE: [(usize, &[(&str, Discipline)]); 3] = [
    (NATION, &[("ghor-nederland", Discipline::Medical), ("politie", Discipline::Police)]),
    (SOUTH, &[("politie-limburg", Discipline::Police)]),
    (NORTH, &[("politie-limburg", Discipline::Police)]),
];

/// Whom a level of scaling up brings in, and which teams it calls up.
type Level = (GripLevel, &'static [&'static str], &'static [Team]);

/// Plans of the two regions: ours, after what regions usually agree on.
const PLANS: [(&str, &[Level]); 2] = [
    (
        "zuid-limburg",
        &[
            (GripLevel::GripLevel1, &[], &[Team::Copi]),
            (
                GripLevel::GripLevel2,
                &["gemeente-valkenburg", "ghor-zuid-limburg", "politie-limburg"],
                &[Team::Rot],
            ),
            (
                GripLevel::GripLevel4,
                &[
                    "defensie",
                    "enexis",
                    "gemeente-maastricht",
                    "gemeente-meerssen",
                    "gemeente-stein",
                    "mumc",
                    "provincie-limburg",
                    "rode-kruis",
                    "wml",
                    "zorginstellingen-valkenburg",
                ],
                &[Team::Rbt],
            ),
        ],
    ),
    (
        "limburg-noord",
        &[
            (GripLevel::GripLevel1, &[], &[Team::Copi]),
            (GripLevel::GripLevel2, &["ghor-limburg-noord", "politie-limburg"], &[Team::Rot]),
            (
                GripLevel::GripLevel4,
                &[
                    "defensie",
                    "gemeente-beesel",
                    "gemeente-bergen",
                    "gemeente-echt-susteren",
                    "gemeente-gennep",
                    "gemeente-leudal",
                    "gemeente-peel-en-maas",
                    "gemeente-roerdalen",
                    "gemeente-roermond",
                    "gemeente-venlo",
                    "provincie-limburg",
                    "rode-kruis",
                    "viecuri",
                ],
                &[Team::Rbt],
            ),
        ],
    ),
];

/// Who can sign in at the national centre: name, role, party.
pub(super) const PEOPLE: [(&str, Role, &str); 5] = [
    ("informatie", Role::InformationManager, "nrv"),
    ("brandweer", Role::ColumnHead, "landelijk-actiecentrum-brandweer"),
    ("politie", Role::ColumnHead, "politie"),
    ("ghor", Role::ColumnHead, "ghor-nederland"),
    ("rijkswaterstaat", Role::Liaison, "rijkswaterstaat"),
];

/// Who leads the information of the regions, at their own nodes: as in 2021 they put new versions
/// over what others said.
const COORDINATORS: [(&str, Role, &str); 2] = [
    ("informatie-zuid", Role::InformationManager, "zuid-limburg"),
    ("informatie-noord", Role::InformationManager, "limburg-noord"),
];

/// To whom each entry of the scenario is said. A new version goes to those who have the entry.
#[derive(Debug, Default)]
pub(super) struct Addressed {
    audiences: HashMap<String, &'static str>,
}

impl Addressed {
    /// `audiences/{audience}` for an entry; empty for everybody who takes part.
    pub(super) fn to(&mut self, entry: &Entry) -> String {
        let known = self.audiences.get(&entry.name).copied();
        let audience = known.unwrap_or_else(|| audience_of(entry));
        self.audiences.insert(entry.name.clone(), audience);
        if audience.is_empty() { String::new() } else { format!("audiences/{audience}") }
    }
}

/// What the police say is for the police; beds and casualties are for who cares for them; what
/// responders ask of each other, send and hear from inhabitants is for responders.
fn audience_of(entry: &Entry) -> &'static str {
    let party = entry.party.trim_start_matches("parties/");
    let belongs = |audience: &str| {
        let row = AUDIENCES.iter().find(|(id, ..)| *id == audience);
        row.is_some_and(|(.., parties)| parties.contains(&party))
    };
    let between = matches!(
        entry.body,
        Some(
            Body::Resource(_)
                | Body::Staffing(_)
                | Body::CitizenReport(_)
                | Body::AssistanceRequest(_)
        )
    );
    let care = matches!(entry.body, Some(Body::CareCapacity(_) | Body::Casualties(_)));
    match entry.discipline() {
        Discipline::Police if belongs(POLICE) => POLICE,
        Discipline::Medical if care && belongs(MEDICAL) => MEDICAL,
        _ if between && belongs(RESPONDERS) => RESPONDERS,
        _ => "",
    }
}

fn change(change: Change) -> CharterChange {
    CharterChange { change: Some(change), replaces: Vec::new() }
}

fn called(dutch: &str, english: &str) -> Vec<DisplayName> {
    let name = |language: &str, text: &str| DisplayName {
        language: language.to_owned(),
        text: text.to_owned(),
    };
    vec![name("nl", dutch), name("en", english)]
}

/// The discipline of each party.
type Disciplines = BTreeMap<String, Discipline>;
/// Parties of each node.
type Posting = [BTreeSet<String>; 3];

fn parties(steps: &[Step]) -> anyhow::Result<(Disciplines, Posting)> {
    let mut disciplines = BTreeMap::new();
    let mut of_node = Posting::default();
    for (at, (_, party)) in PLACES.iter().enumerate() {
        disciplines.insert((*party).to_owned(), Discipline::Government);
        of_node[at].insert((*party).to_owned());
    }
    for (at, beside) in BESIDE {
        for (party, discipline) in beside {
            disciplines.insert((*party).to_owned(), *discipline);
            of_node[at].insert((*party).to_owned());
        }
    }
    for step in steps {
        let Act::Publish(item) = &step.act else { continue };
        let entry = Entry::decode(item.entry.clone()).context("an entry")?;
        let party = entry.party.trim_start_matches("parties/").to_owned();
        of_node[place_of(step)?].insert(party.clone());
        disciplines.entry(party).or_insert(entry.discipline());
    }
    Ok((disciplines, of_node))
}

/// What the charter says, signed by an anchor that is thrown away.
fn statements(
    steps: &[Step],
    keys: &[Bytes],
    start_ms: i64,
) -> anyhow::Result<Vec<CharterStatement>> {
    let anchor = Signer::new(&rand::random());
    let time = timestamp(start_ms);
    let mut number = 0;
    let mut say = |charter: Option<Id>, changes: Vec<CharterChange>| {
        number += 1;
        let mut statement = charter::write(charter, rand::random(), time, changes, "");
        charter::endorse(&mut statement, &anchor, number);
        statement
    };
    let founding = Founding {
        display_name: "Limburg, juli 2021".into(),
        anchors: vec![Anchor {
            public_key: Bytes::copy_from_slice(anchor.public().as_bytes()),
            display_name: "Demo".into(),
        }],
        anchors_needed: 1,
    };
    let founded = say(None, vec![change(Change::Founding(founding))]);
    let id = Charter::found(&founded)?.id();
    let (disciplines, of_node) = parties(steps)?;
    let mut changes: Vec<_> = disciplines
        .iter()
        .map(|(party, discipline)| {
            change(Change::Party(CharterParty {
                name: format!("parties/{party}"),
                display_names: called(party, party),
                discipline: (*discipline).into(),
                country: "NL".into(),
                contact: String::new(),
            }))
        })
        .collect();
    for ((key, parties), (name, _)) in keys.iter().zip(&of_node).zip(PLACES) {
        changes.push(change(Change::Node(NodeCertificate {
            public_key: key.clone(),
            parties: parties.iter().map(|party| format!("parties/{party}")).collect(),
            display_name: name.into(),
            incarnation: 1,
        })));
    }
    for (audience, dutch, english, parties) in AUDIENCES {
        changes.push(change(Change::Audience(Audience {
            name: format!("audiences/{audience}"),
            display_names: called(dutch, english),
            parties: parties.iter().map(|party| format!("parties/{party}")).collect(),
        })));
    }
    changes.extend(plans());
    // Whom a plan names comes in when the region scales up; the others take part from the first day.
    let planned: BTreeSet<_> = PLANS.iter().flat_map(|(_, levels)| *levels).collect();
    let planned: BTreeSet<_> = planned.iter().flat_map(|(_, parties, _)| *parties).collect();
    let first = disciplines.keys().filter(|party| !planned.contains(&party.as_str()));
    changes.extend(first.map(|party| {
        let party = format!("parties/{party}");
        change(Change::Membership(Membership { incident: INCIDENT.into(), party }))
    }));
    changes.extend(PEOPLE.iter().chain(&COORDINATORS).map(|(person, role, party)| {
        change(Change::Role(RoleGrant {
            person: (*person).into(),
            party: format!("parties/{party}"),
            role: (*role).into(),
            incident: INCIDENT.into(),
            expire_time: None,
        }))
    }));
    Ok(vec![founded, say(Some(id), changes)])
}

fn plans() -> impl Iterator<Item = CharterChange> {
    let level = |(grip, parties, teams): &Level| PlanLevel {
        grip: (*grip).into(),
        parties: parties.iter().map(|party| format!("parties/{party}")).collect(),
        teams: teams
            .iter()
            .map(|team| PlannedTeam { team: (*team).into(), start_within: None })
            .collect(),
    };
    PLANS.iter().map(move |(region, levels)| {
        change(Change::Plan(ResponsePlan {
            region: format!("parties/{region}"),
            levels: levels.iter().map(level).collect(),
        }))
    })
}

/// Puts all nodes under one charter.
pub(super) async fn found(
    nodes: &[Arc<Node>],
    steps: &[Step],
    start_ms: i64,
) -> anyhow::Result<()> {
    let keys: Vec<_> = nodes.iter().map(|node| node.identity().public_key.clone()).collect();
    let statements = statements(steps, &keys, start_ms)?;
    for node in nodes {
        node.add_statements(statements.clone(), None).await?;
    }
    Ok(())
}

/// Lets people sign in at a node.
pub(super) async fn let_in(channel: Connection) -> anyhow::Result<()> {
    let mut client = PeopleServiceClient::new(channel);
    for (name, ..) in PEOPLE {
        let account =
            polder_wire::v1::Account { name: format!("accounts/{name}"), ..Default::default() };
        let request =
            SetAccountRequest { account: Some(account), passphrase: PASSPHRASE.to_owned() };
        client.set_account(request).await?;
    }
    Ok(())
}
