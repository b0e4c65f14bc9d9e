//! Who must see what, and who has said so. Nothing is sent or stored when time runs out: that an
//! acknowledgement is late follows from the entry and the clock, so the one who is asked second
//! sees it wherever the entry is, also behind a link that is cut.

use polder_wire::v1::{Entry, RelationType};
use uuid::Uuid;

use super::board::{Board, EntryRef, Version};
use crate::{
    names::{EntryName, VersionId},
    record::Id,
};

/// Who must see an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attention {
    /// Each with who is asked second.
    pub addressees: Vec<Addressee>,
    /// How long they have from the recording on.
    pub within_ms: i64,
}

/// Somebody who must see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Addressee {
    /// Without `parties/`.
    pub party: String,
    /// Who of them, in words.
    pub role: String,
    /// Who is asked when they are late.
    pub second: Option<String>,
}

/// Reads who must see an entry.
pub fn attention(entry: &Entry) -> Option<Attention> {
    let attention = entry.attention.as_ref()?;
    let bare = |name: &String| name.trim_start_matches("parties/").to_owned();
    let addressees = attention.addressees.iter().map(|addressee| Addressee {
        party: bare(&addressee.party),
        role: addressee.role.clone(),
        second: Some(bare(&addressee.second)).filter(|second| !second.is_empty()),
    });
    let within_ms = attention.within.as_ref().map_or(0, |within| within.seconds * 1000);
    Some(Attention { addressees: addressees.collect(), within_ms })
}

/// Reads which versions of which entries an entry acknowledges.
pub fn acknowledged(entry: &Entry) -> Vec<(Uuid, VersionId)> {
    let of = entry.relations.iter().filter(|r| r.r#type() == RelationType::Acknowledges);
    let named =
        of.filter_map(|r| Some((EntryName::parse(&r.entry)?.entry, VersionId::parse(&r.version)?)));
    named.collect()
}

/// An entry that somebody must see.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attended {
    /// Which.
    pub at: EntryRef,
    /// Until when.
    pub due_ms: i64,
    /// How far each is, in the order of the entry.
    pub asked: Vec<Asked>,
}

/// How far somebody is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// Who.
    pub addressee: Addressee,
    /// Who of them acknowledged the current version, and when; or of the second once that was asked.
    pub read: Option<Read>,
    /// They acknowledged an earlier version only.
    pub read_earlier: bool,
    /// The time is over, and nobody acknowledged.
    pub overdue: bool,
    /// The second is asked now.
    pub escalated: bool,
}

/// That somebody acknowledged.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Read {
    /// When, by the clock of their node.
    pub when_ms: i64,
    /// For which party.
    pub party: String,
    /// By the name with which they signed in.
    pub reader: String,
}

impl Attended {
    /// Whether somebody is late.
    pub fn is_overdue(&self) -> bool {
        self.asked.iter().any(|asked| asked.overdue)
    }

    /// Whether somebody has yet to acknowledge.
    pub fn waits(&self) -> bool {
        self.asked.iter().any(|asked| asked.read.is_none())
    }

    /// Whether a party is asked, first or by now second.
    pub fn asks(&self, party: &str) -> bool {
        self.asked.iter().any(|asked| {
            let second = asked.addressee.second.as_deref().filter(|_| asked.escalated);
            asked.addressee.party == party || second == Some(party)
        })
    }
}

/// Entries that somebody must see: overdue ones first, then those that wait, each by when they are
/// due.
pub fn attended(board: &Board, now_ms: i64, seen: impl Fn(Id) -> bool) -> Vec<Attended> {
    let all = board.attending().filter(|at| seen(at.scope));
    let mut found: Vec<_> = all.filter_map(|at| of_entry(board, at, now_ms, &seen)).collect();
    found.sort_by_key(|one| (!one.is_overdue(), !one.waits(), one.due_ms, one.at));
    found
}

/// How far those are who must see an entry; `None` when nobody must.
pub fn of_entry(
    board: &Board,
    at: EntryRef,
    now_ms: i64,
    seen: &impl Fn(Id) -> bool,
) -> Option<Attended> {
    let versions = board.versions(at);
    // Of rivals the one recorded last says who is asked; what is withdrawn asks nobody.
    let asking = versions.iter().rev().find(|version| !version.said.retracted)?;
    let attention = asking.said.attention.as_ref()?;
    let due_ms = asking.said.recorded_ms.saturating_add(attention.within_ms);
    let answers: Vec<&Version> = board
        .acknowledging(at.entry)
        .filter(|by| seen(by.scope))
        .flat_map(|by| board.versions(by))
        .filter(|version| !version.said.retracted)
        .collect();
    let asked = attention.addressees.iter().map(|addressee| {
        let of = |party: &str| read(&answers, at, versions, party);
        let (first, earlier) = of(&addressee.party);
        let late = first.is_none() && due_ms <= now_ms;
        let second = addressee.second.as_deref().filter(|_| late).map(of);
        let escalated = second.is_some();
        let read = first.or(second.and_then(|(read, _)| read));
        let overdue = late && read.is_none();
        let read_earlier = earlier && read.is_none();
        Asked { addressee: addressee.clone(), read, read_earlier, overdue, escalated }
    });
    let asked = asked.collect();
    Some(Attended { at, due_ms, asked })
}

/// The first acknowledgement of every current version by a party; else whether there is one of an
/// earlier version.
fn read(
    answers: &[&Version],
    at: EntryRef,
    versions: &[Version],
    party: &str,
) -> (Option<Read>, bool) {
    let theirs = || answers.iter().filter(|answer| answer.said.party == party);
    let cites = |answer: &Version, version: VersionId| {
        answer.said.acknowledges.contains(&(at.entry, version))
    };
    let mut last: Option<Read> = None;
    for version in versions {
        let first = theirs().filter(|answer| cites(answer, version.id)).map(|answer| Read {
            when_ms: answer.said.recorded_ms,
            party: party.to_owned(),
            reader: answer.author.clone(),
        });
        match first.min() {
            Some(read) => last = last.max(Some(read)),
            None => {
                let any = |answer: &&Version| {
                    answer.said.acknowledges.iter().any(|(entry, _)| *entry == at.entry)
                };
                let earlier = theirs().any(any);
                return (None, earlier);
            }
        }
    }
    (last, false)
}
