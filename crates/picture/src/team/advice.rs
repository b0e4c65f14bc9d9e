//! What the public is told to do, and what of it another advice would contradict.
//!
//! People who are told to go upstairs and to leave do neither in time. So whoever tells the public
//! something that excludes what still stands for the same place and people must know it, and say so:
//! by citing what stands. An advice stands until it is withdrawn, replaced or over. This is asked
//! where somebody publishes; what comes from other nodes is kept, and shows as a contradiction.

use polder_wire::v1::{Entry, RelationType};
use uuid::Uuid;

use super::{
    board::{Board, EntryRef},
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
    claims: Vec<Claim>,
    /// Entries that it says it withdraws or contradicts, and which versions of them.
    cited: Vec<(Uuid, Option<VersionId>)>,
}

impl Telling {
    /// Of a sound entry, whose attributes tell when it holds. `None`: it tells the public nothing.
    pub fn of(entry: &Entry, id: Uuid, party: &str, attributes: &Attributes) -> Option<Self> {
        let mut claims = claims(entry, attributes);
        claims.retain(|claim| claim.subject.aspect == ADVICE);
        if claims.is_empty() {
            return None;
        }
        let cites = entry.relations.iter().filter(|relation| {
            matches!(relation.r#type(), RelationType::Contradicts | RelationType::Withdraws)
        });
        let cited = cites.filter_map(|relation| {
            let named = EntryName::parse(&relation.entry)?.entry;
            Some((named, VersionId::parse(&relation.version)))
        });
        let cited = cited.collect();
        Some(Self { entry: id, party: party.to_owned(), claims, cited })
    }

    /// Whether it says that it knows of a version. Without one, whichever stands is meant.
    fn cites(&self, entry: Uuid, version: Option<VersionId>) -> bool {
        self.cited.iter().any(|(named, of)| *named == entry && (of.is_none() || *of == version))
    }

    /// What it contradicts of something that is told with it, and does not cite.
    pub fn excludes(&self, earlier: &Self, now_ms: i64) -> Option<Excluded> {
        if self.cites(earlier.entry, None) {
            return None;
        }
        excluded(&self.claims, &earlier.claims, now_ms)
    }
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
