//! The book of numbers and addresses: what a line of it says, whether it may be told to the public,
//! and what in a text looks like a number or address that no cited line holds.
//!
//! A wrong digit sends a frightened caller to somebody else. So what looks like a number counts as
//! one: a number with a digit too few must be caught above all. Times, dates and amounts are not
//! taken for numbers.

use polder_wire::v1::{ContactTrouble, Entry, entry::Body};
use uuid::Uuid;

use super::board::{Board, EntryRef};
use crate::names::{VersionId, VersionName};

mod addresses;
mod numbers;
#[cfg(test)]
mod tests;

pub use self::{
    addresses::{mail, web},
    numbers::telephone,
};

/// So many things that are not in the book are told of one warning.
const SPOTS_MAX: usize = 8;

/// What sort of thing the public is told to turn to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sort {
    /// A telephone number.
    Telephone,
    /// A web address.
    Web,
    /// A mail address.
    Mail,
    /// Street and number, or a postal code.
    Address,
}

/// What a text holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spot {
    /// What it looks like.
    pub sort: Sort,
    /// As it is written there.
    pub written: String,
}

/// Numbers and addresses that may be told, in the form in which they are compared.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Known {
    telephones: Vec<String>,
    webs: Vec<String>,
    mails: Vec<String>,
    addresses: Vec<String>,
}

impl Known {
    /// Adds those of one line.
    pub fn add(&mut self, line: &ContactSaid) {
        self.telephones.extend(line.telephone.clone());
        self.webs.extend(line.web.clone());
        self.mails.extend(line.mail.clone());
        self.addresses.extend(line.address.clone());
    }
}

/// What of a text looks like a number or address and is none of those that are known. `place`: where
/// the warning is for, which it may name.
pub fn unknown(text: &str, place: &str, known: &Known) -> Vec<Spot> {
    let mut spots = numbers::unknown(text, &known.telephones);
    spots.extend(addresses::unknown(text, place, known));
    spots.truncate(SPOTS_MAX);
    spots
}

/// What a line of the book says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ContactSaid {
    /// As the public knows it.
    pub name: String,
    /// A second person vouches for it.
    pub checked: bool,
    telephone: Option<String>,
    web: Option<String>,
    mail: Option<String>,
    address: Option<String>,
}

impl ContactSaid {
    /// Of a sound entry, if it is a line.
    pub fn of(entry: &Entry) -> Option<Self> {
        let Some(Body::Contact(body)) = &entry.body else { return None };
        let address = addresses::street(&body.address);
        Some(Self {
            name: body.name.clone(),
            checked: body.checked,
            telephone: telephone(&body.telephone),
            web: web(&body.web),
            mail: mail(&body.mail),
            address: Some(address).filter(|address| !address.is_empty()),
        })
    }
}

/// A line that a warning cites.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cited {
    /// Incident, without `incidents/`.
    pub incident: String,
    /// Which line.
    pub entry: Uuid,
    /// Which version of it.
    pub version: VersionId,
}

/// The lines that a warning cites.
pub fn cited(entry: &Entry) -> Vec<Cited> {
    let Some(Body::Warning(body)) = &entry.body else { return Vec::new() };
    let parsed = body.contacts.iter().filter_map(|name| VersionName::parse(name));
    let one = |name: VersionName<'_>| Cited {
        incident: name.entry.incident.id().to_owned(),
        entry: name.entry.entry,
        version: name.version,
    };
    parsed.map(one).collect()
}

/// A line as it is now: where, and what is wrong with telling it to the public at a version.
pub fn trouble(
    board: &Board,
    at: EntryRef,
    cited: Option<VersionId>,
    now_ms: i64,
) -> ContactTrouble {
    let versions = board.versions(at);
    let Some(last) = versions.last() else { return ContactTrouble::Unknown };
    if versions.iter().all(|version| version.said.retracted) {
        return ContactTrouble::Withdrawn;
    }
    if versions.len() > 1 {
        return ContactTrouble::Disputed;
    }
    let Some(line) = last.said.contact.as_deref() else { return ContactTrouble::Unknown };
    if cited.is_some_and(|cited| cited != last.id) {
        ContactTrouble::Changed
    } else if last.said.is_stale(now_ms) {
        ContactTrouble::Expired
    } else if line.checked {
        ContactTrouble::Unspecified
    } else {
        ContactTrouble::Unchecked
    }
}

/// Whether a warning may go out that cites a line with this trouble. `unchecked`: it says why nobody
/// else could check it.
pub fn may_be_told(trouble: ContactTrouble, unchecked: bool) -> bool {
    match trouble {
        ContactTrouble::Unspecified => true,
        ContactTrouble::Unchecked => unchecked,
        _ => false,
    }
}
