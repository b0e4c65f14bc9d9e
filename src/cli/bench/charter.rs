//! `polder bench charter`: what a large charter costs in memory, and a decision in time.

use std::{hint::black_box, time::Instant};

use anyhow::Context as _;
use bytes::Bytes;
use polder_picture::{
    attributes::timestamp,
    charter::{self, Charter},
    record::{Id, Signer},
};
use polder_wire::v1::{
    Anchor, Audience, CharterChange, CharterParty, CharterStatement, Discipline, DisplayName,
    Founding, Membership, NodeCertificate, charter_change::Change,
};

use super::Bench;

/// Organisations, each with a node of its own.
const PARTIES: usize = 10_000;
/// Incidents, and organisations that take part in each: 100,000 memberships.
const INCIDENTS: usize = 1_000;
const MEMBERS: usize = 100;
/// Sets of organisations, and how many are in each.
const AUDIENCES: usize = 100;
const ADDRESSED: usize = 500;
/// Changes of one statement.
const STATEMENT_CHANGES: usize = 1_000;
/// Decisions that are timed together.
const DECISIONS: usize = 1_000_000;

fn resident_bytes() -> anyhow::Result<f64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|line| line.trim().split(' ').next()?.parse::<f64>().ok());
    Ok(kib.context("no VmRSS")? * 1024.0)
}

fn change(change: Change) -> CharterChange {
    CharterChange { change: Some(change), replaces: Vec::new() }
}

fn names(text: &str) -> Vec<DisplayName> {
    vec![DisplayName { language: "nl".into(), text: text.into() }]
}

/// A number that looks like chance and is the same each time.
fn mixed(number: usize) -> usize {
    let mixed = (number as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    (mixed >> 20) as usize
}

fn node(number: usize) -> Signer {
    let mut secret = [0; 32];
    secret[..8].copy_from_slice(&(number as u64 + 1).to_le_bytes());
    Signer::new(&secret)
}

fn party(number: usize) -> String {
    format!("parties/gemeente-{number}")
}

fn incident(number: usize) -> String {
    format!("incident-{number}")
}

/// All that the charter says, one change for each.
fn changes() -> impl Iterator<Item = CharterChange> {
    let parties = (0..PARTIES).map(|number| {
        change(Change::Party(CharterParty {
            name: party(number),
            display_names: names(&format!("Gemeente {number}")),
            discipline: Discipline::PopulationCare.into(),
            country: "NL".into(),
            contact: "meldkamer@example.nl".into(),
        }))
    });
    let nodes = (0..PARTIES).map(|number| {
        change(Change::Node(NodeCertificate {
            public_key: Bytes::copy_from_slice(node(number).public().as_bytes()),
            parties: vec![party(number)],
            display_name: format!("Knooppunt {number}"),
            incarnation: 1,
        }))
    });
    let audiences = (0..AUDIENCES).map(|number| {
        let parties = (0..ADDRESSED).map(|at| party(mixed(number * ADDRESSED + at) % PARTIES));
        let mut parties: Vec<_> = parties.collect();
        parties.sort_unstable();
        parties.dedup();
        change(Change::Audience(Audience {
            name: format!("audiences/doelgroep-{number}"),
            display_names: names("Doelgroep"),
            parties,
        }))
    });
    let members = (0..INCIDENTS * MEMBERS).map(|number| {
        change(Change::Membership(Membership {
            incident: format!("incidents/{}", incident(number / MEMBERS)),
            party: party(mixed(number) % PARTIES),
        }))
    });
    parties.chain(nodes).chain(audiences).chain(members)
}

fn statements() -> anyhow::Result<(CharterStatement, Vec<CharterStatement>)> {
    let anchor = node(usize::MAX - 1);
    let mut number = 0_u64;
    let mut say = |of: Option<Id>, changes: Vec<CharterChange>| {
        number += 1;
        let mut nonce = [0; 16];
        nonce[..8].copy_from_slice(&number.to_le_bytes());
        let mut statement = charter::write(of, nonce, timestamp(1_700_000_000_000), changes, "");
        charter::endorse(&mut statement, &anchor, number);
        statement
    };
    let founding = Founding {
        display_name: "Nederland".into(),
        anchors: vec![Anchor {
            public_key: Bytes::copy_from_slice(anchor.public().as_bytes()),
            display_name: "Anker".into(),
        }],
        anchors_needed: 1,
    };
    let founded = say(None, vec![change(Change::Founding(founding))]);
    let id = Charter::found(&founded)?.id();
    let (mut all, mut waiting, mut bytes) = (Vec::new(), Vec::new(), 0);
    for one in changes() {
        bytes += prost::Message::encoded_len(&one) + 8;
        waiting.push(one);
        if waiting.len() >= STATEMENT_CHANGES || bytes > charter::BODY_BYTES_MAX / 2 {
            all.push(say(Some(id), std::mem::take(&mut waiting)));
            bytes = 0;
        }
    }
    all.push(say(Some(id), waiting));
    Ok((founded, all))
}

impl Bench<'_> {
    /// A charter of 10,000 parties and 100,000 memberships.
    pub(super) fn charter(&mut self) -> anyhow::Result<()> {
        self.engine = "-".to_owned();
        let (founded, all) = statements()?;
        let (mut bytes, mut held, mut settle) = (Vec::new(), Vec::new(), Vec::new());
        let (mut hold, mut see, mut speak) = (Vec::new(), Vec::new(), Vec::new());
        let mut kept = Vec::new();
        for _ in 0..self.args.repeats.max(1) {
            let before = resident_bytes()?;
            let start = Instant::now();
            let mut charter = Charter::found(&founded)?;
            for added in charter.add(&all) {
                added?;
            }
            settle.push(start.elapsed().as_secs_f64() * 1e3);
            bytes.push((resident_bytes()? - before) / 1e6);
            held.push(charter.statements().count() as f64);
            let nodes: Vec<_> = (0..PARTIES).map(|number| node(number).id()).collect();
            let parties: Vec<_> = (0..PARTIES).map(|number| format!("gemeente-{number}")).collect();
            let incidents: Vec<_> = (0..INCIDENTS).map(incident).collect();
            let audiences: Vec<_> = (0..AUDIENCES).map(|n| format!("doelgroep-{n}")).collect();
            let each = |decide: &dyn Fn(usize) -> bool| {
                let start = Instant::now();
                let yes = (0..DECISIONS).filter(|at| black_box(decide(mixed(*at)))).count();
                black_box(yes);
                start.elapsed().as_secs_f64() * 1e9 / DECISIONS as f64
            };
            hold.push(each(&|at| {
                let audience = &audiences[at % AUDIENCES];
                charter.may_hold(nodes[at % PARTIES], &incidents[at % INCIDENTS], audience)
            }));
            see.push(each(&|at| {
                charter.may_see(&parties[at % PARTIES], &incidents[at % INCIDENTS], "all")
            }));
            speak.push(each(&|at| {
                charter.speaks_for(nodes[at % PARTIES], &parties[(at + 1) % PARTIES])
            }));
            // Freed memory would be used for the next, and not be counted.
            kept.push(charter);
        }
        self.note("memory of a large charter", "MB", bytes);
        self.note("statements in it", "", held);
        self.note("reading it", "ms", settle);
        self.note("may a node hold a scope", "ns", hold);
        self.note("may a party see a scope", "ns", see);
        self.note("does a node speak for a party", "ns", speak);
        Ok(())
    }
}
