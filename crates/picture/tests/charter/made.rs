//! Statements to test with. A key is known by a small number.

#![allow(dead_code, reason = "two test programs use it, each a part")]

use polder_picture::{
    charter::{ANY_PARTY, body_hash, endorse, item_id, write},
    record::{Id, Signer},
};
use polder_wire::v1::{
    Anchor, Audience, CharterChange, CharterParty, CharterStatement, Discipline, DisplayName,
    FeedEnd, Founding, GripLevel, KeyCut, Membership, NodeCertificate, NodeCut, PlanCall,
    PlanLevel, Power, ResponsePlan, Withdrawal, charter_change::Change,
};
use prost_types::Timestamp;

pub fn signer(number: u8) -> Signer {
    Signer::new(&[number; 32])
}

pub fn key(number: u8) -> bytes::Bytes {
    bytes::Bytes::copy_from_slice(signer(number).public().as_bytes())
}

pub fn change(change: Change) -> CharterChange {
    CharterChange { change: Some(change), replaces: Vec::new() }
}

pub fn founding(anchors: &[u8], needed: u32) -> CharterStatement {
    let anchor = |number: &u8| Anchor { public_key: key(*number), display_name: "A".into() };
    let founding = Founding {
        display_name: "Veiligheidsregio's".into(),
        anchors: anchors.iter().map(anchor).collect(),
        anchors_needed: needed,
    };
    let changes = vec![change(Change::Founding(founding))];
    signed(None, 1, changes, &[(anchors[0], 1)])
}

pub fn signed(
    charter: Option<Id>,
    nonce: u8,
    changes: Vec<CharterChange>,
    signatures: &[(u8, u64)],
) -> CharterStatement {
    let time = Timestamp { seconds: 1_700_000_000, nanos: 0 };
    let mut statement = write(charter, [nonce; 16], time, changes, "");
    for (number, sequence) in signatures {
        endorse(&mut statement, &signer(*number), *sequence);
    }
    statement
}

pub fn names() -> Vec<DisplayName> {
    vec![DisplayName { language: "nl".into(), text: "Naam".into() }]
}

pub fn party(name: &str) -> CharterChange {
    change(Change::Party(CharterParty {
        name: format!("parties/{name}"),
        display_names: names(),
        discipline: Discipline::Police.into(),
        country: "NL".into(),
        contact: String::new(),
    }))
}

pub fn audience(name: &str, parties: &[&str]) -> CharterChange {
    change(Change::Audience(Audience {
        name: format!("audiences/{name}"),
        display_names: names(),
        parties: parties.iter().map(|party| format!("parties/{party}")).collect(),
    }))
}

pub fn member(incident: &str, party: &str) -> CharterChange {
    change(Change::Membership(Membership {
        incident: format!("incidents/{incident}"),
        party: if party == "-" { ANY_PARTY.into() } else { format!("parties/{party}") },
    }))
}

pub fn node(number: u8, parties: &[&str]) -> CharterChange {
    change(Change::Node(NodeCertificate {
        public_key: key(number),
        parties: parties.iter().map(|party| format!("parties/{party}")).collect(),
        display_name: "node".into(),
        incarnation: 1,
    }))
}

pub fn plan(region: &str, levels: &[(GripLevel, &[&str])]) -> CharterChange {
    let level = |(grip, parties): &(GripLevel, &[&str])| PlanLevel {
        grip: (*grip).into(),
        parties: parties.iter().map(|party| format!("parties/{party}")).collect(),
        teams: Vec::new(),
    };
    change(Change::Plan(ResponsePlan {
        region: format!("parties/{region}"),
        levels: levels.iter().map(level).collect(),
    }))
}

pub fn call(incident: &str, region: &str, grip: GripLevel, node: u8) -> CharterChange {
    change(Change::Call(PlanCall {
        incident: format!("incidents/{incident}"),
        region: format!("parties/{region}"),
        grip: grip.into(),
        node: bytes::Bytes::copy_from_slice(&signer(node).id().0),
    }))
}

pub fn node_cut(number: u8, ends: &[(Id, u64)]) -> CharterChange {
    let end = |(feed, sequence): &(Id, u64)| FeedEnd {
        feed: bytes::Bytes::copy_from_slice(&feed.0),
        sequence: *sequence,
    };
    change(Change::NodeCut(NodeCut {
        node: bytes::Bytes::copy_from_slice(&signer(number).id().0),
        ends: ends.iter().map(end).collect(),
        reason: "stolen".into(),
    }))
}

pub fn key_cut(number: u8, last_sequence: u64) -> CharterChange {
    change(Change::KeyCut(KeyCut {
        key: bytes::Bytes::copy_from_slice(&signer(number).id().0),
        last_sequence,
        reason: "stolen".into(),
    }))
}

pub fn power(number: u8, charter: bool, parties: &[&str], incidents: &[&str]) -> CharterChange {
    change(Change::Power(Power {
        public_key: key(number),
        display_name: "administrator".into(),
        charter,
        parties: parties.iter().map(|party| format!("parties/{party}")).collect(),
        incidents: incidents.iter().map(|name| (*name).into()).collect(),
    }))
}

pub fn withdraw(statement: &CharterStatement, place: usize) -> CharterChange {
    let item = item_id(&body_hash(&statement.body), place);
    change(Change::Withdrawal(Withdrawal {
        item: bytes::Bytes::copy_from_slice(&item.0),
        reason: "no longer".into(),
    }))
}

pub fn replacing(
    mut change: CharterChange,
    statement: &CharterStatement,
    place: usize,
) -> CharterChange {
    let item = item_id(&body_hash(&statement.body), place);
    change.replaces.push(bytes::Bytes::copy_from_slice(&item.0));
    change
}
