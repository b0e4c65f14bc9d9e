//! What citizens told, in groups that are likely of one thing: of one category, near each other in
//! place and time, and alike in words or at the same spot. Who is like somebody who is like a third
//! is in one group with both. Nothing here checks anything: a person promotes a report by an entry
//! that is based on it, or refutes it.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet, HashMap},
};

use polder_wire::v1::{Entry, ReportCategory, VerificationState, entry::Body};
use uuid::Uuid;

use super::{
    assistance::released_from,
    board::{Board, EntryRef},
    subject::plain,
};
use crate::{entry::extent, record::Id};

/// Reports that are looked at; of more the oldest are left out.
pub const REPORTS_MAX: usize = 5_000;
/// Later than that it is told of something else.
const APART_MS: i64 = 3 * 3_600_000;
/// So near is the same street.
const NEAR_M: f64 = 300.0;
/// So near is the same spot: then words need not be alike.
const SPOT_M: f64 = 50.0;
/// Of the words of the shorter one, so many of a hundred occur in the other.
const ALIKE_PERCENT: usize = 34;
/// Shorter words join others and say nothing, as these do.
const LETTERS_MIN: usize = 3;
const JOINING: [&str; 27] = [
    "aan", "and", "are", "bij", "das", "dat", "den", "der", "die", "door", "een", "for", "from",
    "het", "met", "naar", "niet", "not", "op", "the", "tot", "uit", "van", "voor", "with", "und",
    "zijn",
];
const WORDS_MAX: usize = 64;

/// What a version of an entry passes on of what a citizen told.
#[derive(Debug, Clone, PartialEq)]
pub struct ReportSaid {
    /// What sort of thing.
    pub category: ReportCategory,
    /// Calls and messages that it stands for.
    pub count: i64,
    /// Latitude and longitude.
    pub spot: Option<(f64, f64)>,
    /// Place in lower case without signs; empty: not said.
    pub place: String,
    /// Its words of some length, by the start of their hash, in order: to compare, not to read.
    pub words: Vec<u32>,
    /// Somebody looked, and it is not so.
    pub refuted: bool,
    /// The entry that it makes known to another audience.
    pub released_from: Option<Uuid>,
}

impl ReportSaid {
    /// Of a sound entry, if it is a report.
    pub fn of(entry: &Entry) -> Option<Self> {
        let Some(Body::CitizenReport(body)) = &entry.body else { return None };
        let told = entry.texts.first().map(|text| format!("{} {}", text.title, text.body));
        let verification = entry.assessment.as_ref().and_then(|one| one.verification.as_ref());
        Some(Self {
            category: body.category(),
            count: body.reports.as_ref().map_or(1, |count| count.value),
            spot: entry.geometry.as_ref().and_then(extent).map(|extent| extent.centre()),
            place: plain(&entry.place),
            words: words(&told.unwrap_or_default()),
            refuted: verification.is_some_and(|one| one.state() == VerificationState::Refuted),
            released_from: released_from(entry),
        })
    }

    /// Whether both are likely of one thing; `apart_ms`: how long after each other they were told.
    pub fn is_like(&self, other: &Self, apart_ms: i64) -> bool {
        if self.category != other.category || apart_ms.abs() > APART_MS {
            return false;
        }
        let apart_m = self.spot.zip(other.spot).map(|(one, other)| metres(one, other));
        match apart_m {
            Some(apart_m) if apart_m <= SPOT_M => true,
            Some(apart_m) => apart_m <= NEAR_M && self.sounds_like(other),
            None => !self.place.is_empty() && self.place == other.place && self.sounds_like(other),
        }
    }

    fn sounds_like(&self, other: &Self) -> bool {
        let shared = self.words.iter().filter(|word| other.words.binary_search(word).is_ok());
        let shorter = self.words.len().min(other.words.len());
        let shared = shared.count();
        shared > 0 && shared * 100 >= shorter * ALIKE_PERCENT
    }
}

fn words(text: &str) -> Vec<u32> {
    let text = plain(text);
    let long = text.split(' ').filter(|word| {
        let number = word.chars().any(|sign| sign.is_ascii_digit());
        number || (word.chars().count() >= LETTERS_MIN && !JOINING.contains(word))
    });
    let hash = |word: &str| {
        let hash = blake3::hash(word.as_bytes());
        u32::from_le_bytes(*hash.as_bytes().first_chunk().expect("a hash has 32 bytes"))
    };
    let words: BTreeSet<u32> = long.take(WORDS_MAX).map(hash).collect();
    words.into_iter().collect()
}

/// Between two places that lie near each other.
fn metres(one: (f64, f64), other: (f64, f64)) -> f64 {
    let degrees = (one.1 - other.1).abs();
    let east = degrees.min(360.0 - degrees) * one.0.midpoint(other.0).to_radians().cos();
    (one.0 - other.0).hypot(east) * 111_195.0
}

/// Reports that are likely of one thing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// The lowest of the entries in it.
    pub id: Uuid,
    /// What sort of thing.
    pub category: ReportCategory,
    /// Calls and messages that they stand for.
    pub count: i64,
    /// Of these, those that nobody promoted or refuted.
    pub waiting: i64,
    /// Entries that wait: the first of `reports`.
    pub waiting_entries: usize,
    /// When the first was told, and the last.
    pub told_ms: (i64, i64),
    /// The one that most others are like, of these the oldest.
    pub representative: EntryRef,
    /// Those that wait first, each the oldest first.
    pub reports: Vec<EntryRef>,
    /// Entries that are based on some of them.
    pub promoted: Vec<EntryRef>,
}

/// One report, as it is shown.
struct Report<'b> {
    at: EntryRef,
    when_ms: i64,
    said: &'b ReportSaid,
    promoted: Vec<EntryRef>,
}

impl Report<'_> {
    fn waits(&self) -> bool {
        self.promoted.is_empty() && !self.said.refuted
    }
}

/// Groups of what citizens told, and how many of the oldest reports were not looked at. Those that
/// wait first, people in danger before everything else, then those that most reports are of.
pub fn groups(board: &Board, seen: impl Fn(Id) -> bool) -> (Vec<Group>, usize) {
    let told: BTreeSet<EntryRef> = board.reports().filter(|at| seen(at.scope)).collect();
    let entries: BTreeSet<Uuid> = told.iter().map(|at| at.entry).collect();
    let shown = told.into_iter().filter_map(|at| {
        let version = board.versions(at).last()?;
        let said = version.said.report.as_deref()?;
        // A copy of what is seen as well.
        let copied =
            said.released_from.is_some_and(|from| from != at.entry && entries.contains(&from));
        let promoted = || board.resting_on(at.entry).filter(|by| seen(by.scope));
        let promoted = promoted().filter(|by| is_promotion(board, *by)).collect();
        (!copied).then_some(Report { at, when_ms: version.said.when_ms, said, promoted })
    });
    let mut reports: Vec<_> = shown.collect();
    reports.sort_by_key(|report| (report.when_ms, report.at));
    let left_out = reports.len().saturating_sub(REPORTS_MAX);
    reports.drain(..left_out);
    let mut groups: Vec<_> = together(&reports).into_iter().map(|group| describe(&group)).collect();
    groups.sort_by_key(|group| {
        let danger = group.category == ReportCategory::PersonInDanger;
        (group.waiting == 0, !danger, Reverse(group.count), Reverse(group.told_ms.1), group.id)
    });
    (groups, left_out)
}

/// An entry that stands, and is no report itself.
fn is_promotion(board: &Board, by: EntryRef) -> bool {
    let last = board.versions(by).last();
    last.is_some_and(|version| !version.said.retracted && version.said.report.is_none())
}

/// Reports of one group, each with how many others it is like.
type Together<'r, 'b> = Vec<(&'r Report<'b>, usize)>;

/// `reports` by when they were told.
fn together<'r, 'b>(reports: &'r [Report<'b>]) -> Vec<Together<'r, 'b>> {
    let mut of: Vec<usize> = (0..reports.len()).collect();
    let mut alike = vec![0_usize; reports.len()];
    // What is like one thing shares a category and a piece of the time: the rest is not compared.
    let mut open: HashMap<ReportCategory, Vec<usize>> = HashMap::new();
    for (index, report) in reports.iter().enumerate() {
        let earlier = open.entry(report.said.category).or_default();
        earlier.retain(|other| report.when_ms - reports[*other].when_ms <= APART_MS);
        for other in earlier.iter().copied() {
            if report.said.is_like(reports[other].said, report.when_ms - reports[other].when_ms) {
                alike[index] += 1;
                alike[other] += 1;
                let (one, two) = (root(&mut of, index), root(&mut of, other));
                of[one.max(two)] = one.min(two);
            }
        }
        earlier.push(index);
    }
    let mut groups: BTreeMap<usize, Together<'_, '_>> = BTreeMap::new();
    for index in 0..reports.len() {
        let root = root(&mut of, index);
        groups.entry(root).or_default().push((&reports[index], alike[index]));
    }
    groups.into_values().collect()
}

fn root(of: &mut [usize], mut index: usize) -> usize {
    while of[index] != index {
        of[index] = of[of[index]];
        index = of[index];
    }
    index
}

/// `group`: the oldest first, at least one.
fn describe(group: &Together<'_, '_>) -> Group {
    let sum = |waiting: bool| {
        let counted = group.iter().filter(|(report, _)| !waiting || report.waits());
        counted.map(|(report, _)| report.said.count).fold(0, i64::saturating_add)
    };
    let most = group.iter().max_by_key(|(report, alike)| {
        (report.waits(), *alike, Reverse((report.when_ms, report.at)))
    });
    let of = |waits: bool| {
        let found = group.iter().filter(move |(report, _)| report.waits() == waits);
        found.map(|(report, _)| report.at)
    };
    let promoted: BTreeSet<_> = group.iter().flat_map(|(report, _)| &report.promoted).collect();
    Group {
        id: group.iter().map(|(report, _)| report.at.entry).min().unwrap_or_default(),
        category: group[0].0.said.category,
        count: sum(false),
        waiting: sum(true),
        waiting_entries: of(true).count(),
        told_ms: (group[0].0.when_ms, group[group.len() - 1].0.when_ms),
        representative: most.map_or(group[0].0.at, |(report, _)| report.at),
        reports: of(true).chain(of(false)).collect(),
        promoted: promoted.into_iter().copied().collect(),
    }
}

#[cfg(test)]
mod tests;
