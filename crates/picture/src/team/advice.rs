//! What the public is told to do, and what of it another advice would contradict.
//!
//! People who are told to go upstairs and to leave do neither in time. So whoever tells the public
//! something that excludes what still stands for the same place and people must know it, and say so:
//! by citing what stands. An advice stands until it is withdrawn, replaced or over. This is asked
//! where somebody publishes; what comes from other nodes is kept, and shows as a contradiction.

use polder_wire::v1::{Contact, Entry, RelationType, Warning, WarningState, entry::Body};
use prost::Message as _;
use uuid::Uuid;

use super::{
    board::{Board, EntryRef},
    book::{Cited, Known, Spot, cited, unknown},
    claims::{ADVICE, claims},
    subject::{Advice, Claim, Figure},
};
use crate::{
    attributes::Attributes,
    names::{EntryName, VersionId},
    record::Id,
};

/// What an entry that is about to be published tells the public to do.
#[derive(Debug, Clone, PartialEq)]
pub struct Telling {
    /// The entry.
    pub entry: Uuid,
    /// For which party, without `parties/`.
    pub party: String,
    /// What people read and hear.
    pub told: Told,
    /// Its author says why nobody else checked it.
    pub unchecked: bool,
    /// It is a line of the book that its author vouches for.
    pub is_contact: bool,
    /// Lines of the book that it cites.
    pub contacts: Vec<Cited>,
    /// Texts that hold what looks like a number or address, by their paths in the entry, and the
    /// place that they are for.
    texts: Vec<(String, String)>,
    place: String,
    claims: Vec<Claim>,
    /// Entries that it says it withdraws or contradicts, and which versions of them.
    cited: Vec<(Uuid, Option<VersionId>)>,
}

/// Whether a warning goes out to the public, whatever it tells them.
fn goes_out(entry: &Entry) -> bool {
    let Some(Body::Warning(body)) = &entry.body else { return false };
    let out = matches!(body.state(), WarningState::Issued | WarningState::Corrected);
    out && !(body.responses.is_empty() && body.channels.is_empty() && body.contacts.is_empty())
}

/// Whether somebody vouches for a line of the book.
fn vouches(entry: &Entry) -> bool {
    matches!(&entry.body, Some(Body::Contact(body)) if body.checked)
}

/// Texts of a warning that was issued in which something looks like a number or address.
fn numbered(entry: &Entry) -> Vec<(String, String)> {
    let Some(Body::Warning(body)) = &entry.body else { return Vec::new() };
    if !matches!(body.state(), WarningState::Issued | WarningState::Corrected) {
        return Vec::new();
    }
    let texts = entry.texts.iter().enumerate().flat_map(|(at, text)| {
        let at = |field: &str| format!("texts[{at}].{field}");
        [(at("title"), text.title.clone()), (at("body"), text.body.clone())]
    });
    let known = Known::default();
    texts.filter(|(_, text)| !unknown(text, &entry.place, &known).is_empty()).collect()
}

impl Telling {
    /// Of a sound entry, whose attributes tell when it holds. `None`: it tells the public nothing.
    pub fn of(entry: &Entry, id: Uuid, party: &str, attributes: &Attributes) -> Option<Self> {
        let mut claims = claims(entry, attributes);
        claims.retain(|claim| claim.subject.aspect == ADVICE);
        let texts = numbered(entry);
        let is_contact = vouches(entry);
        if claims.is_empty() && texts.is_empty() && !goes_out(entry) && !is_contact {
            return None;
        }
        let relations = entry.relations.iter().filter(|relation| {
            matches!(relation.r#type(), RelationType::Contradicts | RelationType::Withdraws)
        });
        let opposed = relations.filter_map(|relation| {
            let named = EntryName::parse(&relation.entry)?.entry;
            Some((named, VersionId::parse(&relation.version)))
        });
        let unchecked =
            matches!(&entry.body, Some(Body::Warning(body)) if !body.unchecked_reason.is_empty());
        Some(Self {
            entry: id,
            party: party.to_owned(),
            told: Told::of(entry),
            unchecked,
            is_contact,
            contacts: cited(entry),
            texts,
            place: entry.place.clone(),
            claims,
            cited: opposed.collect(),
        })
    }

    /// Whether it says that it knows of a version. Without one, whichever stands is meant.
    fn cites(&self, entry: Uuid, version: Option<VersionId>) -> bool {
        self.cited.iter().any(|(named, of)| *named == entry && (of.is_none() || *of == version))
    }

    /// What of its texts looks like a number or address that is not known, by path.
    pub fn unknown(&self, known: &Known) -> Vec<(&str, Spot)> {
        let texts = self.texts.iter();
        let spots = texts.flat_map(|(path, text)| {
            unknown(text, &self.place, known).into_iter().map(move |spot| (&path[..], spot))
        });
        spots.collect()
    }

    /// What it contradicts of something that is told with it, and does not cite.
    pub fn excludes(&self, earlier: &Self, now_ms: i64) -> Option<Excluded> {
        if self.cites(earlier.entry, None) {
            return None;
        }
        excluded(&self.claims, &earlier.claims, now_ms)
    }
}

/// A digest of what people read and hear: two that are equal tell them the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Told([u8; 16]);

impl Told {
    pub(super) fn of(entry: &Entry) -> Self {
        let body = match &entry.body {
            Some(Body::Contact(body)) => Body::Contact(Contact { checked: false, ..body.clone() }),
            Some(Body::Warning(body)) => Body::Warning(Warning {
                responses: body.responses.clone(),
                channels: body.channels.clone(),
                audience: body.audience.clone(),
                expires: body.expires,
                ..Warning::default()
            }),
            _ => Body::Warning(Warning::default()),
        };
        let told = Entry {
            texts: entry.texts.clone(),
            place: entry.place.clone(),
            geometry: entry.geometry.clone(),
            body: Some(body),
            ..Entry::default()
        };
        let hash = blake3::hash(&told.encode_to_vec());
        Self(*hash.as_bytes().first_chunk().expect("a hash has 32 bytes"))
    }

    /// Of a warning that is a draft, or a line of the book that nobody checked.
    pub fn drafted(entry: &Entry) -> Option<Self> {
        let draft = match &entry.body {
            Some(Body::Warning(body)) => body.state() == WarningState::Draft,
            Some(Body::Contact(body)) => !body.checked,
            _ => false,
        };
        draft.then(|| Self::of(entry))
    }
}

/// Whether somebody else drafted what a person tells the public, word for word.
pub fn is_checked(
    board: &Board,
    telling: &Telling,
    author: &str,
    seen: impl Fn(Id) -> bool,
) -> bool {
    let drafts = board.drafts().filter(|at| seen(at.scope)).flat_map(|at| board.versions(at));
    let mut same = drafts.filter(|version| version.said.drafted == Some(telling.told));
    same.any(|version| !version.author.is_empty() && version.author != author)
}

/// Two pieces of advice for one place that nobody can follow both.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Excluded {
    /// Where, as it was written.
    pub place: String,
    /// What would be told.
    pub told: Advice,
    /// What is told already.
    pub stands: Advice,
}

/// An advice that still stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// Which entry.
    pub at: EntryRef,
    /// Which version of it.
    pub version: VersionId,
    /// Who gave it, without `parties/`.
    pub party: String,
    /// What of it is excluded.
    pub excluded: Excluded,
}

/// Advice that stands, among what may be seen, and that what is about to be told contradicts
/// without citing it; those that were given first come first. An earlier version of the same entry
/// counts: people were told.
pub fn standing(
    board: &Board,
    telling: &Telling,
    now_ms: i64,
    seen: impl Fn(Id) -> bool,
) -> Vec<Standing> {
    let subjects = telling.claims.iter().map(|claim| &claim.subject);
    let others: std::collections::BTreeSet<EntryRef> =
        subjects.flat_map(|subject| board.claiming(subject)).filter(|at| seen(at.scope)).collect();
    let mut found = Vec::new();
    for at in others {
        for version in board.versions(at) {
            let theirs = &version.said.claims;
            let excluded = excluded(&telling.claims, theirs, now_ms);
            let Some(excluded) = excluded else { continue };
            if !telling.cites(at.entry, Some(version.id)) {
                let party = version.said.party.clone();
                let one = Standing { at, version: version.id, party, excluded };
                found.push((version.said.recorded_ms, one));
            }
        }
    }
    found.sort_by_key(|(recorded_ms, one)| (*recorded_ms, one.at, one.version));
    found.into_iter().map(|(_, one)| one).collect()
}

/// The first two claims that exclude each other, of which neither is over.
fn excluded(ours: &[Claim], theirs: &[Claim], now_ms: i64) -> Option<Excluded> {
    let lasts = |claim: &&Claim| claim.until_ms >= now_ms;
    for our in ours.iter().filter(lasts) {
        for their in theirs.iter().filter(lasts) {
            let (Figure::Advice(told, _), Figure::Advice(stands, _)) = (&our.figure, &their.figure)
            else {
                continue;
            };
            if our.contradicts(their) {
                let place = our.named.clone();
                return Some(Excluded { place, told: *told, stands: *stands });
            }
        }
    }
    None
}
