//! What contradicts what: versions of one entry between which nobody has decided, entries whose
//! figures for one subject exclude each other, and entries which say that they contradict.
//!
//! Nothing here chooses. A contradiction counts as decided when a decision that was taken rests on
//! every version which takes part in it, as it stands now; with the next one it is open again.

use std::collections::{BTreeMap, BTreeSet};

use uuid::Uuid;

use super::{
    board::{Board, EntryRef},
    subject::{Claim, Subject},
};
use crate::record::Id;

/// Entries that cannot all be right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contradiction {
    /// The lowest of the entries that take part: names it for as long as that one does.
    pub id: Uuid,
    /// What they differ about, with the name as it was written; empty when only versions or a
    /// relation say that they differ.
    pub subjects: BTreeMap<Subject, String>,
    /// Entries that cannot all be right, by who spoke first.
    pub entries: Vec<EntryRef>,
    /// Entries that speak of the same subjects and exclude none of them.
    pub agreeing: Vec<EntryRef>,
    /// Decisions that rest on every version of `entries`.
    pub decided_by: Vec<EntryRef>,
    /// When the last of the entries was observed.
    pub when_ms: i64,
    /// Whether all of it is stale.
    pub stale: bool,
}

/// All contradictions among what may be seen: open ones first, then those that are not stale, then
/// the newest.
pub fn contradictions(board: &Board, now_ms: i64, seen: impl Fn(Id) -> bool) -> Vec<Contradiction> {
    let disputed = board.disputed();
    let disputed: BTreeSet<_> = disputed.into_iter().filter(|at| seen(at.scope)).collect();
    let mut left = disputed.clone();
    // Whom an entry opposes stands in no table of its own, so the relation is followed both ways.
    let mut opposed: BTreeMap<EntryRef, BTreeSet<EntryRef>> = BTreeMap::new();
    for at in &disputed {
        let named = board.versions(*at).iter().flat_map(|version| &version.said.contradicts);
        for other in named.flat_map(|entry| board.of_id(*entry)) {
            let gone = board.versions(other).iter().all(|version| version.said.retracted);
            if seen(other.scope) && other != *at && !gone {
                opposed.entry(*at).or_default().insert(other);
                opposed.entry(other).or_default().insert(*at);
            }
        }
    }
    let mut found = Vec::new();
    while let Some(start) = left.pop_first() {
        let mut members = BTreeSet::new();
        let mut next = vec![start];
        while let Some(at) = next.pop() {
            if !members.insert(at) {
                continue;
            }
            left.remove(&at);
            next.extend(board.conflicts(at).filter(|other| seen(other.scope)));
            next.extend(opposed.get(&at).into_iter().flatten());
        }
        if members.len() > 1 || board.has_rivals(start) {
            found.push(describe(board, members, now_ms, &seen));
        }
    }
    found.sort_by_key(|one| {
        (!one.decided_by.is_empty(), one.stale, std::cmp::Reverse(one.when_ms), one.id)
    });
    found
}

fn describe(
    board: &Board,
    members: BTreeSet<EntryRef>,
    now_ms: i64,
    seen: &impl Fn(Id) -> bool,
) -> Contradiction {
    let versions = || members.iter().flat_map(|at| board.versions(*at));
    let subjects = disputed_subjects(versions().flat_map(|version| &version.said.claims));
    let mut agreeing = BTreeSet::new();
    for subject in subjects.keys() {
        let others = board.claiming(subject).filter(|at| seen(at.scope) && !members.contains(at));
        agreeing.extend(others.filter(|other| {
            let theirs = board.versions(*other).iter().flat_map(|version| &version.said.claims);
            let ours = || versions().flat_map(|version| &version.said.claims);
            theirs.clone().any(|theirs| ours().any(|ours| ours.is_of_same(theirs)))
        }));
    }
    let mut decided: Option<BTreeSet<EntryRef>> = None;
    for version in versions() {
        let by: BTreeSet<_> = board.deciding(&version.id).filter(|at| seen(at.scope)).collect();
        decided = Some(match decided {
            None => by,
            Some(before) => before.intersection(&by).copied().collect(),
        });
    }
    let when_ms = versions().map(|version| version.said.when_ms).max().unwrap_or_default();
    let stale = versions().all(|version| version.said.retracted || version.said.is_stale(now_ms));
    let id = members.first().map_or(Uuid::nil(), |at| at.entry);
    let first_said =
        |at: &EntryRef| (board.versions(*at).iter().map(|version| version.said.when_ms).min(), *at);
    let mut entries: Vec<_> = members.iter().copied().collect();
    entries.sort_by_key(first_said);
    let mut agreeing: Vec<_> = agreeing.into_iter().collect();
    agreeing.sort_by_key(first_said);
    let decided_by = decided.unwrap_or_default().into_iter().collect();
    Contradiction { id, subjects, entries, agreeing, decided_by, when_ms, stale }
}

/// Subjects of which two of the claims exclude each other.
fn disputed_subjects<'c>(claims: impl Iterator<Item = &'c Claim>) -> BTreeMap<Subject, String> {
    let mut by_subject: BTreeMap<&Subject, Vec<&Claim>> = BTreeMap::new();
    for claim in claims {
        by_subject.entry(&claim.subject).or_default().push(claim);
    }
    let differ = |claims: &Vec<&Claim>| {
        claims
            .iter()
            .enumerate()
            .any(|(at, one)| claims[at + 1..].iter().any(|other| one.contradicts(other)))
    };
    let named =
        |claims: &[&Claim]| claims.iter().map(|c| c.named.clone()).min().unwrap_or_default();
    let disputed = by_subject.into_iter().filter(|(_, claims)| differ(claims));
    disputed.map(|(subject, claims)| (subject.clone(), named(&claims))).collect()
}
