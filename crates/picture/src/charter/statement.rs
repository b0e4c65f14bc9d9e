//! Statements: written, signed, checked. What does not pass here is no statement; what passes may
//! still count for nothing, see `authority.rs`.

use std::collections::BTreeSet;

use bytes::Bytes;
use ed25519_dalek::VerifyingKey;
use polder_wire::v1::{
    CharterBody, CharterChange, CharterStatement, Discipline, DisplayName, Endorsement, GripLevel,
    ResponsePlan, Role, Team, charter_change::Change,
};
use prost::Message as _;
use prost_types::Timestamp;

use crate::{
    check::Checker,
    names::{IncidentName, PartyName},
    record::{Id, Signer, key_id, verify_bytes},
    refusal::Refusal,
};

const SIGNED: &[u8] = b"polder charter v1\n";

/// Largest body: it travels as the payload of one record.
pub const BODY_BYTES_MAX: usize = 256 * 1024;
/// Signatures of a statement.
pub const ENDORSEMENTS_MAX: usize = 16;
/// Every incident, in a power.
pub const ANY_INCIDENT: &str = "incidents/-";
/// Every party, in a membership.
pub const ANY_PARTY: &str = "parties/-";
/// The audience of every party.
pub const EVERYBODY: &str = "all";

/// Hash of a body, which names the statement.
pub fn body_hash(body: &[u8]) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new_derive_key("polder 2026 charter body");
    hasher.update(body);
    *hasher.finalize().as_bytes()
}

/// Id of the charter that a founding statement makes.
pub fn charter_id(body: &[u8]) -> Id {
    Id::from_slice(&body_hash(body)[..16]).expect("it is 16 bytes")
}

/// Id of a change, by its place in the body.
pub fn item_id(statement: &[u8; 32], place: usize) -> Id {
    let mut hasher = blake3::Hasher::new_derive_key("polder 2026 charter item");
    hasher.update(statement);
    hasher.update(&(place as u64).to_le_bytes());
    Id::from_slice(&hasher.finalize().as_bytes()[..16]).expect("it is 16 bytes")
}

/// Writes a statement that nobody has signed yet.
pub fn write(
    charter: Option<Id>,
    nonce: [u8; 16],
    time: Timestamp,
    changes: Vec<CharterChange>,
    note: &str,
) -> CharterStatement {
    let body = CharterBody {
        charter: charter.map(|id| Bytes::copy_from_slice(&id.0)).unwrap_or_default(),
        nonce: Bytes::copy_from_slice(&nonce),
        time: Some(time),
        changes,
        note: note.to_owned(),
    };
    CharterStatement { body: body.encode_to_vec().into(), endorsements: Vec::new() }
}

/// Adds a signature. `sequence`: one more than the last that this key gave.
pub fn endorse(statement: &mut CharterStatement, signer: &Signer, sequence: u64) {
    let signed = signed(&body_hash(&statement.body), sequence);
    statement.endorsements.push(Endorsement {
        public_key: Bytes::copy_from_slice(signer.public().as_bytes()),
        sequence,
        signature: Bytes::copy_from_slice(&signer.sign_bytes(SIGNED, &signed)),
    });
}

fn signed(body: &[u8; 32], sequence: u64) -> Vec<u8> {
    [&body[..], &sequence.to_le_bytes()].concat()
}

/// A signature that holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Signature {
    pub(super) key: Id,
    pub(super) sequence: u64,
}

/// A statement that is well formed and whose signatures hold.
#[derive(Debug, Clone)]
pub(super) struct Checked {
    pub(super) hash: [u8; 32],
    pub(super) bytes: Bytes,
    pub(super) body: CharterBody,
    pub(super) signatures: Vec<(Signature, Endorsement)>,
}

/// Checks form and signatures.
pub(super) fn check(statement: &CharterStatement) -> Result<Checked, Refusal> {
    let wrong = |field: &str, reason, sentence: &str| Err(Refusal::field(field, reason, sentence));
    if statement.body.len() > BODY_BYTES_MAX {
        return wrong("body", "TOO_LARGE", "is larger than 256 kB");
    }
    let Ok(body) = CharterBody::decode(statement.body.clone()) else {
        return wrong("body", "UNDECODABLE", "is no body of a statement");
    };
    if !(1..=ENDORSEMENTS_MAX).contains(&statement.endorsements.len()) {
        return wrong("endorsements", "TOO_FEW", "needs 1 to 16 signatures");
    }
    check_body(&body)?;
    let hash = body_hash(&statement.body);
    let mut signatures = Vec::with_capacity(statement.endorsements.len());
    for (index, endorsement) in statement.endorsements.iter().enumerate() {
        let signed = signed(&hash, endorsement.sequence);
        let key = key_of(&endorsement.public_key)
            .filter(|key| verify_bytes(key, SIGNED, &signed, &endorsement.signature))
            .filter(|_| endorsement.sequence > 0);
        let Some(key) = key else {
            let field = format!("endorsements[{index}]");
            return Err(Refusal::field(field, "SIGNATURE_WRONG", "is not a signature of its key"));
        };
        let signature = Signature { key: key_id(&key), sequence: endorsement.sequence };
        signatures.push((signature, endorsement.clone()));
    }
    Ok(Checked { hash, bytes: statement.body.clone(), body, signatures })
}

pub(super) fn key_of(bytes: &[u8]) -> Option<VerifyingKey> {
    VerifyingKey::from_bytes(bytes.try_into().ok()?).ok()
}

/// Key id of a public key that was checked.
pub(super) fn id_of(public_key: &[u8]) -> Id {
    key_of(public_key).map(|key| key_id(&key)).unwrap_or_default()
}

fn check_body(body: &CharterBody) -> Result<(), Refusal> {
    let mut check = Checker::new("body");
    let founds = body.charter.is_empty();
    if !founds {
        length(&mut check, "charter", &body.charter, 16);
    }
    length(&mut check, "nonce", &body.nonce, 16);
    check.line("note", &body.note, 0..=500);
    check.each("changes", &body.changes, 1..=1_000, |check, change| {
        if change.replaces.len() > 1_000 {
            check.wrong("replaces", "TOO_MANY", "names more than 1,000 items");
        }
        for item in &change.replaces {
            length(check, "replaces", item, 16);
        }
        match &change.change {
            Some(what) => check_change(check, what),
            None => check.wrong("change", "REQUIRED", "says nothing that this program knows"),
        }
    });
    let founding = |change: &CharterChange| matches!(change.change, Some(Change::Founding(_)));
    let places: Vec<_> = body.changes.iter().map(founding).collect();
    if founds != places.first().is_some_and(|first| *first) || places.iter().skip(1).any(|p| *p) {
        let sentence = "found a charter exactly when the first change does, and no other";
        check.wrong("changes", "NOT_ALLOWED", sentence);
    }
    check.finish()
}

fn check_change(check: &mut Checker<'_>, change: &Change) {
    match change {
        Change::Founding(founding) => check.within("founding", |check| {
            check.line("display_name", &founding.display_name, 1..=200);
            check.each("anchors", &founding.anchors, 1..=16, |check, anchor| {
                key(check, &anchor.public_key);
                check.line("display_name", &anchor.display_name, 1..=200);
            });
            if founding.anchors_needed == 0
                || founding.anchors_needed as usize > founding.anchors.len()
            {
                let sentence = "must be 1 to the number of anchors";
                check.wrong("anchors_needed", "OUT_OF_RANGE", sentence);
            }
        }),
        Change::Anchor(anchor) => check.within("anchor", |check| {
            key(check, &anchor.public_key);
            check.line("display_name", &anchor.display_name, 1..=200);
        }),
        Change::Power(power) => check.within("power", |check| {
            key(check, &power.public_key);
            check.line("display_name", &power.display_name, 1..=200);
            check.each("parties", &power.parties, 0..=100, |check, name| party(check, "", name));
            check.each("incidents", &power.incidents, 0..=100, |check, name| {
                if name != ANY_INCIDENT {
                    incident(check, "", name);
                }
            });
        }),
        Change::KeyCut(cut) => check.within("key_cut", |check| {
            length(check, "key", &cut.key, 16);
            check.line("reason", &cut.reason, 1..=500);
        }),
        Change::Party(of) => check.within("party", |check| {
            party(check, "name", &of.name);
            names(check, &of.display_names);
            check.enumeration::<Discipline>("discipline", of.discipline, true);
            if of.country.len() != 2 || !of.country.bytes().all(|b| b.is_ascii_uppercase()) {
                check.wrong("country", "MALFORMED_NAME", "must be two capitals, such as NL");
            }
            check.text("contact", &of.contact, 0..=500);
        }),
        Change::Node(node) => check.within("node", |check| {
            key(check, &node.public_key);
            check.line("display_name", &node.display_name, 1..=200);
            check.each("parties", &node.parties, 1..=100, |check, name| party(check, "", name));
        }),
        Change::NodeCut(cut) => check.within("node_cut", |check| {
            length(check, "node", &cut.node, 16);
            check.each("ends", &cut.ends, 0..=10_000, |check, end| {
                length(check, "feed", &end.feed, 16);
            });
            check.line("reason", &cut.reason, 1..=500);
        }),
        Change::Audience(audience) => check.within("audience", |check| {
            let name = audience.name.strip_prefix("audiences/");
            if !name.is_some_and(|name| name != EVERYBODY && PartyName::from_id(name).is_some()) {
                let sentence = "must be of the form audiences/{audience}, and not audiences/all";
                check.wrong("name", "MALFORMED_NAME", sentence);
            }
            names(check, &audience.display_names);
            check.each("parties", &audience.parties, 0..=10_000, |check, name| {
                party(check, "", name);
            });
        }),
        Change::Membership(membership) => check.within("membership", |check| {
            incident(check, "incident", &membership.incident);
            if membership.party != ANY_PARTY {
                party(check, "party", &membership.party);
            }
        }),
        Change::Role(role) => check.within("role", |check| {
            check.line("person", &role.person, 1..=200);
            party(check, "party", &role.party);
            check.enumeration::<Role>("role", role.role, true);
            if !role.incident.is_empty() {
                incident(check, "incident", &role.incident);
            }
        }),
        Change::Withdrawal(withdrawal) => check.within("withdrawal", |check| {
            length(check, "item", &withdrawal.item, 16);
            check.line("reason", &withdrawal.reason, 1..=500);
        }),
        Change::Plan(of) => check.within("plan", |check| plan(check, of)),
        Change::Call(call) => check.within("call", |check| {
            incident(check, "incident", &call.incident);
            party(check, "region", &call.region);
            level(check, call.grip);
            length(check, "node", &call.node, 16);
        }),
    }
}

fn plan(check: &mut Checker<'_>, plan: &ResponsePlan) {
    party(check, "region", &plan.region);
    let mut levels = BTreeSet::new();
    check.each("levels", &plan.levels, 1..=6, |check, of| {
        level(check, of.grip);
        if !levels.insert(of.grip) {
            check.wrong("grip", "DUPLICATE", "is given twice");
        }
        let mut parties = BTreeSet::new();
        check.each("parties", &of.parties, 0..=1_000, |check, name| {
            party(check, "", name);
            if !parties.insert(name.clone()) {
                check.wrong("", "DUPLICATE", "is given twice");
            }
        });
        let mut teams = BTreeSet::new();
        check.each("teams", &of.teams, 0..=16, |check, planned| {
            check.enumeration::<Team>("team", planned.team, true);
            if !teams.insert(planned.team) {
                check.wrong("team", "DUPLICATE", "is given twice");
            }
            let within = planned.start_within.as_ref().map_or(60, |within| within.seconds);
            if !(60..=86_400).contains(&within) {
                check.wrong("start_within", "OUT_OF_RANGE", "must be 1 minute to 1 day");
            }
        });
    });
}

fn level(check: &mut Checker<'_>, grip: i32) {
    check.enumeration::<GripLevel>("grip", grip, true);
    if grip == i32::from(GripLevel::GripLevel0) {
        check.wrong("grip", "OUT_OF_RANGE", "must be GRIP 1 or higher");
    }
}

fn key(check: &mut Checker<'_>, public_key: &[u8]) {
    if key_of(public_key).is_none() {
        check.wrong("public_key", "WRONG_LENGTH", "must be an Ed25519 public key of 32 bytes");
    }
}

fn length(check: &mut Checker<'_>, field: &'static str, bytes: &[u8], expected: usize) {
    if bytes.len() != expected {
        let sentence = format!("must have {expected} bytes, has {}", bytes.len());
        check.wrong(field, "WRONG_LENGTH", sentence);
    }
}

fn party(check: &mut Checker<'_>, field: &'static str, name: &str) {
    if PartyName::parse(name).is_none() {
        check.wrong(field, "MALFORMED_NAME", "must be of the form parties/{party}");
    }
}

fn incident(check: &mut Checker<'_>, field: &'static str, name: &str) {
    if IncidentName::parse(name).is_none() {
        check.wrong(field, "MALFORMED_NAME", "must be of the form incidents/{incident}");
    }
}

fn names(check: &mut Checker<'_>, names: &[DisplayName]) {
    check.each("display_names", names, 1..=10, |check, text| {
        check.line("text", &text.text, 1..=200);
        check.line("language", &text.language, 1..=35);
    });
}
