//! What is known of all entries of one incident, kept up as entries change: an update costs as
//! much as there are entries on the same subject, not as there are entries.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use polder_wire::v1::Section;
use uuid::Uuid;

use super::{assistance::Help, said::Said, subject::Subject, tally::Tally};
use crate::{
    impact::{Kept, said::ImpactSaid},
    names::VersionId,
    record::Id,
};

/// An entry of one audience. The id first: order does not depend on the node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EntryRef {
    /// The entry.
    pub entry: Uuid,
    /// Its scope.
    pub scope: Id,
}

/// A current version of an entry.
#[derive(Debug, Clone, PartialEq)]
pub struct Version {
    /// Which.
    pub id: VersionId,
    /// What it says.
    pub said: Said,
    /// Who wrote it, by the name with which they signed in.
    pub author: String,
    /// When this node stored it: the one thing that differs between nodes.
    pub received_ms: i64,
}

/// All entries of one incident.
#[derive(Debug, Default, Clone, PartialEq)]
pub struct Board {
    entries: BTreeMap<EntryRef, Vec<Version>>,
    /// Entries with a claim of each subject.
    claiming: HashMap<Subject, BTreeSet<EntryRef>>,
    /// Entries whose claims exclude each other, from either side.
    conflicts: BTreeMap<EntryRef, BTreeSet<EntryRef>>,
    /// Entries with several versions between which nobody has decided.
    rivals: BTreeSet<EntryRef>,
    /// Entries which say that they contradict others.
    opposing: BTreeSet<EntryRef>,
    /// Requests for help, and offers.
    helping: BTreeSet<EntryRef>,
    /// Thresholds.
    watching: BTreeSet<EntryRef>,
    /// Entries that tell of units or people.
    manning: BTreeSet<EntryRef>,
    /// What citizens told.
    reports: BTreeSet<EntryRef>,
    /// Entries that exist because of others, by those.
    resting: HashMap<Uuid, BTreeSet<EntryRef>>,
    /// Decisions that were taken, by the versions on which they rest.
    deciding: HashMap<VersionId, BTreeSet<EntryRef>>,
    /// Entries in which something is open.
    open: BTreeSet<EntryRef>,
    /// Entries that answer or withdraw others, by those.
    answering: HashMap<Uuid, BTreeSet<EntryRef>>,
    /// Entries that somebody must see.
    attending: BTreeSet<EntryRef>,
    /// Warnings that are drafts, and lines of the book that nobody checked.
    drafts: BTreeSet<EntryRef>,
    /// Warnings, in whatever state.
    warnings: BTreeSet<EntryRef>,
    /// Lines of the book of numbers and addresses.
    book: BTreeSet<EntryRef>,
    /// Entries that say that others were read, by those.
    acknowledging: HashMap<Uuid, BTreeSet<EntryRef>>,
    /// Entries that issue a sitrep and were not withdrawn.
    sitreps: BTreeSet<EntryRef>,
    /// Where facilities are and what endangers them.
    grounds: Kept,
    /// Scenarios.
    scenarios: BTreeSet<EntryRef>,
    /// Entries by the moments at which they expect something.
    expecting: BTreeSet<(i64, EntryRef)>,
    /// Entries by when their last record came here.
    received: BTreeMap<(i64, EntryRef), Arrived>,
    /// What is there by section and party.
    tally: Tally,
}

/// What ranks an entry among those that came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Arrived {
    pub(super) weight: u8,
    pub(super) when_ms: i64,
    /// A decision that was taken.
    pub(super) taken: bool,
    /// Only says that something was read.
    pub(super) acknowledges: bool,
}

impl Board {
    /// Puts the current versions of an entry in place of those before; in any order.
    pub fn update(&mut self, at: EntryRef, mut versions: Vec<Version>) {
        self.remove(at);
        if versions.is_empty() {
            return;
        }
        versions.sort_by_key(|version| (version.said.recorded_ms, version.id));
        if settled(&versions) {
            // The newest reading counts; the others are history.
            versions.drain(..versions.len() - 1);
        }
        let claims = || versions.iter().flat_map(|version| &version.said.claims);
        let subjects: BTreeSet<_> = claims().map(|claim| &claim.subject).collect();
        for subject in subjects {
            let others = self.claiming.entry(subject.clone()).or_default();
            for other in others.iter() {
                let held = self.entries.get(other).into_iter().flatten();
                let mut held = held.flat_map(|version| &version.said.claims);
                if held.any(|theirs| claims().any(|ours| ours.contradicts(theirs))) {
                    self.conflicts.entry(at).or_default().insert(*other);
                    self.conflicts.entry(*other).or_default().insert(at);
                }
            }
            others.insert(at);
        }
        // Several that all withdraw it agree.
        if versions.len() > 1 && versions.iter().any(|version| !version.said.retracted) {
            self.rivals.insert(at);
        }
        if versions.iter().any(|version| !version.said.contradicts.is_empty()) {
            self.opposing.insert(at);
        }
        if versions.last().is_some_and(|version| version.said.help.is_some()) {
            self.helping.insert(at);
        }
        for (_, version) in versions.iter().flat_map(|version| &version.said.decides) {
            self.deciding.entry(*version).or_default().insert(at);
        }
        self.index(at, &versions);
        self.entries.insert(at, versions);
        self.grounds.put(at, &self.entries);
    }

    /// Notes an entry where hand-overs and acknowledgements look for it.
    fn index(&mut self, at: EntryRef, versions: &[Version]) {
        let Some(last) = versions.last() else { return };
        if last.said.matter.is_some() {
            self.open.insert(at);
        }
        let Said { weight, when_ms, taken, ref acknowledges, .. } = last.said;
        let acknowledges = !acknowledges.is_empty();
        let arrived = Arrived { weight, when_ms, taken, acknowledges };
        self.received.insert((received(versions), at), arrived);
        self.tally.add(at.scope, versions);
        self.expecting.extend(last.said.expects.iter().map(|ms| (*ms, at)));
        for version in versions {
            if let Some(ImpactSaid::Scenario(_)) = version.said.impact.as_deref() {
                self.scenarios.insert(at);
            }
            let said = &version.said;
            for (told, index) in [
                (said.limit.is_some(), &mut self.watching),
                (said.strength.is_some(), &mut self.manning),
                (said.report.is_some(), &mut self.reports),
                (said.warning.is_some(), &mut self.warnings),
                (said.contact.is_some(), &mut self.book),
            ] {
                if told {
                    index.insert(at);
                }
            }
            for entry in &said.based_on {
                self.resting.entry(*entry).or_default().insert(at);
            }
            if version.said.sitrep.is_some() {
                self.sitreps.insert(at);
            }
            if version.said.attention.is_some() {
                self.attending.insert(at);
            }
            if version.said.drafted.is_some() {
                self.drafts.insert(at);
            }
            for entry in &version.said.answers {
                self.answering.entry(*entry).or_default().insert(at);
            }
            for (entry, _) in &version.said.acknowledges {
                self.acknowledging.entry(*entry).or_default().insert(at);
            }
        }
    }

    fn forget(&mut self, at: EntryRef, versions: &[Version]) {
        let Some(last) = versions.last() else { return };
        self.open.remove(&at);
        self.attending.remove(&at);
        self.drafts.remove(&at);
        self.sitreps.remove(&at);
        self.scenarios.remove(&at);
        let (watching, manning) = (&mut self.watching, &mut self.manning);
        for index in [watching, manning, &mut self.reports, &mut self.warnings, &mut self.book] {
            index.remove(&at);
        }
        self.received.remove(&(received(versions), at));
        self.tally.remove(at.scope, versions);
        for ms in &last.said.expects {
            self.expecting.remove(&(*ms, at));
        }
        for version in versions {
            for entry in &version.said.based_on {
                drop_from(&mut self.resting, entry, at);
            }
            for entry in &version.said.answers {
                drop_from(&mut self.answering, entry, at);
            }
            for (entry, _) in &version.said.acknowledges {
                drop_from(&mut self.acknowledging, entry, at);
            }
        }
    }

    fn remove(&mut self, at: EntryRef) {
        let Some(versions) = self.entries.remove(&at) else { return };
        self.grounds.remove(at, &versions);
        for claim in versions.iter().flat_map(|version| &version.said.claims) {
            drop_from(&mut self.claiming, &claim.subject, at);
        }
        for other in self.conflicts.remove(&at).unwrap_or_default() {
            if let Some(theirs) = self.conflicts.get_mut(&other) {
                theirs.remove(&at);
                if theirs.is_empty() {
                    self.conflicts.remove(&other);
                }
            }
        }
        self.rivals.remove(&at);
        self.opposing.remove(&at);
        self.helping.remove(&at);
        for (_, version) in versions.iter().flat_map(|version| &version.said.decides) {
            drop_from(&mut self.deciding, version, at);
        }
        self.forget(at, &versions);
    }

    /// Number of entries.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// True when there are none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Current versions of an entry, the one recorded last at the end; none when it is not known.
    pub fn versions(&self, at: EntryRef) -> &[Version] {
        self.entries.get(&at).map(Vec::as_slice).unwrap_or_default()
    }

    /// All entries, in the order of their ids.
    pub fn entries(&self) -> impl Iterator<Item = (EntryRef, &[Version])> {
        self.entries.iter().map(|(at, versions)| (*at, versions.as_slice()))
    }

    /// Entries of one id, in each audience where it is known.
    pub fn of_id(&self, entry: Uuid) -> impl Iterator<Item = EntryRef> + '_ {
        let first = EntryRef { entry, scope: Id::default() };
        self.entries.range(first..).map(|(at, _)| *at).take_while(move |at| at.entry == entry)
    }

    /// Entries with a claim of a subject.
    pub(super) fn claiming(&self, subject: &Subject) -> impl Iterator<Item = EntryRef> + '_ {
        self.claiming.get(subject).into_iter().flatten().copied()
    }

    /// Entries that speak of what a subject is of, whether it is so or expected.
    pub fn of_subject(&self, subject: &Subject) -> impl Iterator<Item = EntryRef> + '_ {
        use super::subject::Stance::{Expected, IsSo};
        let both = [IsSo, Expected].map(|stance| Subject { stance, ..subject.clone() });
        both.into_iter()
            .flat_map(|subject| self.claiming.get(&subject).into_iter().flatten().copied())
    }

    /// Entries whose claims exclude those of this one.
    pub(super) fn conflicts(&self, at: EntryRef) -> impl Iterator<Item = EntryRef> + '_ {
        self.conflicts.get(&at).into_iter().flatten().copied()
    }

    /// Entries that may be part of a contradiction.
    pub(super) fn disputed(&self) -> BTreeSet<EntryRef> {
        let conflicting = self.conflicts.keys().copied();
        conflicting
            .chain(self.rivals.iter().copied())
            .chain(self.opposing.iter().copied())
            .collect()
    }

    /// Whether nobody has decided between versions of an entry.
    pub(crate) fn has_rivals(&self, at: EntryRef) -> bool {
        self.rivals.contains(&at)
    }

    /// Requests for help and offers as they are shown, of scopes that somebody sees.
    pub fn help(&self, sees: impl Fn(Id) -> bool) -> Help {
        let seen = self.helping.iter().filter(|at| sees(at.scope));
        let shown = seen.filter_map(|at| {
            let versions = self.versions(*at);
            let said = versions.last()?.said.help.as_deref()?;
            Some((*at, said, versions.len() > 1))
        });
        Help::of(shown)
    }

    /// Entries in which something is open by their own words.
    pub(super) fn open(&self) -> impl Iterator<Item = EntryRef> + '_ {
        self.open.iter().copied()
    }

    /// Whether somebody whom one sees answered or withdrew an entry.
    pub(super) fn is_answered(&self, entry: Uuid, seen: &impl Fn(Id) -> bool) -> bool {
        let by = self.answering.get(&entry).into_iter().flatten();
        let stands = |at: &EntryRef| self.versions(*at).iter().any(|one| !one.said.retracted);
        by.filter(|at| seen(at.scope)).any(stands)
    }

    /// Where facilities are and what endangers them.
    pub(crate) fn grounds(&self) -> &Kept {
        &self.grounds
    }

    /// Scenarios.
    pub(crate) fn scenarios(&self) -> impl Iterator<Item = EntryRef> + '_ {
        self.scenarios.iter().copied()
    }

    /// Thresholds.
    pub(super) fn watching(&self) -> impl Iterator<Item = EntryRef> + '_ {
        self.watching.iter().copied()
    }

    /// Entries that tell of units or people.
    pub(super) fn manning(&self) -> impl Iterator<Item = EntryRef> + '_ {
        self.manning.iter().copied()
    }

    /// What citizens told.
    pub(super) fn reports(&self) -> impl Iterator<Item = EntryRef> + '_ {
        self.reports.iter().copied()
    }

    /// Entries that exist because of one.
    pub(super) fn resting_on(&self, entry: Uuid) -> impl Iterator<Item = EntryRef> + '_ {
        self.resting.get(&entry).into_iter().flatten().copied()
    }

    /// Sitreps that were not recalled.
    pub fn sitreps(&self) -> impl Iterator<Item = EntryRef> + '_ {
        self.sitreps.iter().copied()
    }

    /// Warnings, in whatever state.
    pub fn warnings(&self) -> impl Iterator<Item = EntryRef> + '_ {
        self.warnings.iter().copied()
    }

    /// Lines of the book of numbers and addresses.
    pub fn book(&self) -> impl Iterator<Item = EntryRef> + '_ {
        self.book.iter().copied()
    }

    /// Warnings that are drafts, and lines of the book that nobody checked.
    pub(super) fn drafts(&self) -> impl Iterator<Item = EntryRef> + '_ {
        self.drafts.iter().copied()
    }

    /// Entries that somebody must see.
    pub(super) fn attending(&self) -> impl Iterator<Item = EntryRef> + '_ {
        self.attending.iter().copied()
    }

    /// Entries that say that one was read.
    pub(super) fn acknowledging(&self, entry: Uuid) -> impl Iterator<Item = EntryRef> + '_ {
        self.acknowledging.get(&entry).into_iter().flatten().copied()
    }

    /// What is expected after a moment, the first to come first.
    pub(super) fn expecting(&self, now_ms: i64) -> impl Iterator<Item = (i64, EntryRef)> + '_ {
        let first = EntryRef { entry: Uuid::nil(), scope: Id::default() };
        self.expecting.range((now_ms.saturating_add(1), first)..).copied()
    }

    /// What came here after one moment and up to another.
    pub(super) fn received(
        &self,
        since_ms: i64,
        until_ms: i64,
    ) -> impl Iterator<Item = ((i64, EntryRef), Arrived)> + '_ {
        let first = EntryRef { entry: Uuid::nil(), scope: Id::default() };
        let from = (since_ms.saturating_add(1), first);
        let after = self.received.range(from..).map(|(key, arrived)| (*key, *arrived));
        after.take_while(move |((ms, _), _)| *ms <= until_ms)
    }

    /// What is there by section and party.
    pub(super) fn tally(&self) -> &Tally {
        &self.tally
    }

    /// When the first entry of a section was recorded, of those that stand.
    pub(super) fn first_in(&self, section: Section, seen: &impl Fn(Id) -> bool) -> Option<i64> {
        self.tally.first_in(section, seen)
    }

    /// Decisions that rest on a version.
    pub(super) fn deciding(&self, version: &VersionId) -> impl Iterator<Item = EntryRef> + '_ {
        self.deciding.get(version).into_iter().flatten().copied()
    }
}

/// Readings of one party overtake each other where their kind allows it.
fn settled(versions: &[Version]) -> bool {
    let party = versions.first().map(|version| &version.said.party);
    let settles =
        |version: &Version| version.said.settles_itself && Some(&version.said.party) == party;
    versions.iter().all(settles)
}

fn received(versions: &[Version]) -> i64 {
    versions.iter().map(|version| version.received_ms).max().unwrap_or_default()
}

fn drop_from<K: Eq + std::hash::Hash>(
    sets: &mut HashMap<K, BTreeSet<EntryRef>>,
    key: &K,
    at: EntryRef,
) {
    if let Some(set) = sets.get_mut(key) {
        set.remove(&at);
        if set.is_empty() {
            sets.remove(key);
        }
    }
}
