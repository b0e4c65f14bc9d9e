//! How warnings came about: drafted, issued, corrected and withdrawn, by whom, and how long each
//! took. A pure function of their versions.

use std::{
    cmp::Ordering,
    collections::{BTreeMap, BTreeSet},
};

use polder_wire::v1::{Entry, WarningState, entry::Body};

use super::{
    advice::Told,
    board::{EntryRef, Version},
    book::{Cited, cited},
};
use crate::{attributes::millis, names::VersionId};

/// What a version of a warning says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WarningSaid {
    /// How far it is.
    pub state: WarningState,
    /// What people would read and hear; `None`: it was withdrawn as an entry.
    pub told: Option<Told>,
    /// Why nobody else checked it.
    pub unchecked_reason: String,
    /// Lines of the book that it cites.
    pub contacts: Vec<Cited>,
    /// When it ends, milliseconds since 1970.
    pub expires_ms: Option<i64>,
}

impl WarningSaid {
    /// Of a sound entry, if it is a warning.
    pub fn of(entry: &Entry) -> Option<Self> {
        let Some(Body::Warning(body)) = &entry.body else { return None };
        Some(Self {
            state: body.state(),
            told: Some(Told::of(entry)),
            unchecked_reason: body.unchecked_reason.clone(),
            contacts: cited(entry),
            expires_ms: body.expires.as_ref().map(millis),
        })
    }

    /// Of a retraction.
    pub fn withdrawn() -> Self {
        Self {
            state: WarningState::Withdrawn,
            told: None,
            unchecked_reason: String::new(),
            contacts: Vec::new(),
            expires_ms: None,
        }
    }

    fn is_out(&self) -> bool {
        matches!(self.state, WarningState::Issued | WarningState::Corrected)
    }
}

/// The version of a warning that was recorded last, when it stands: it went out, and is neither
/// withdrawn nor over.
pub fn standing(versions: &[Version], now_ms: i64) -> Option<(&Version, &WarningSaid)> {
    let last = versions.last()?;
    let warning = last.said.warning.as_deref()?;
    let over = warning.expires_ms.is_some_and(|end| end < now_ms) || last.said.is_stale(now_ms);
    (warning.is_out() && !over).then_some((last, warning))
}

/// One version of a warning.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// Of which entry.
    pub at: EntryRef,
    /// Which.
    pub version: VersionId,
    /// Who speaks, without `parties/`.
    pub party: String,
    /// Who wrote it; empty: nobody signed in.
    pub author: String,
    /// When, milliseconds since 1970.
    pub recorded_ms: i64,
    /// What it says.
    pub said: WarningSaid,
}

/// One stage of a warning.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stage {
    /// The version.
    pub step: Step,
    /// How long after the stage before, in milliseconds.
    pub after_ms: Option<i64>,
    /// Another person who drafted the same words.
    pub drafted_by: String,
}

/// As recorded; of one moment by who speaks, which means something to readers, where a version says
/// only which node wrote it.
fn order(one: &Step, other: &Step) -> Ordering {
    let key = |step: &Step| (step.recorded_ms, step.at);
    let last = || one.party.cmp(&other.party).then_with(|| one.version.cmp(&other.version));
    key(one).cmp(&key(other)).then_with(last)
}

/// Puts stages of one sort that followed each other within a second in the order of their parties:
/// the clocks of two nodes do not tell which of them was first.
fn by_party_within_a_second(of: &mut [Stage]) {
    let same = |one: &Stage, other: &Stage| {
        one.step.said.state == other.step.said.state
            && other.step.recorded_ms - one.step.recorded_ms < 1_000
    };
    for run in of.chunk_by_mut(same) {
        run.sort_by(|one, other| one.step.party.cmp(&other.step.party));
    }
}

/// The stages of each warning, in the order in which they were recorded. A draft that was issued
/// over another warning is a stage of that one, and no warning of its own.
pub fn stages(mut steps: Vec<Step>) -> BTreeMap<EntryRef, Vec<Stage>> {
    steps.sort_by(order);
    steps.dedup();
    let mut moved: BTreeSet<EntryRef> = BTreeSet::new();
    let mut found: BTreeMap<EntryRef, Vec<Stage>> = BTreeMap::new();
    for (index, step) in steps.iter().enumerate() {
        let drafts = steps[..index].iter().filter(|one| {
            step.said.is_out()
                && one.said.state == WarningState::Draft
                && one.said.told == step.said.told
        });
        let drafts: Vec<&Step> = drafts.collect();
        let other = |one: &&&Step| !one.author.is_empty() && one.author != step.author;
        let by_other = drafts.iter().find(other);
        let drafted_by = by_other.map(|one| one.author.clone()).unwrap_or_default();
        // Whose draft it was: of another entry only when it has none of its own.
        let own = drafts.iter().any(|one| one.at == step.at);
        let beside = by_other.or(drafts.first()).filter(|_| !own).map(|one| one.at);
        let of = found.entry(step.at).or_default();
        if let Some(beside) = beside {
            moved.insert(beside);
            let theirs = steps[..index].iter().filter(|one| one.at == beside);
            let drafted = theirs.filter(|one| one.said.state == WarningState::Draft);
            let stage =
                |one: &Step| Stage { step: one.clone(), after_ms: None, drafted_by: String::new() };
            of.extend(drafted.map(stage));
        }
        of.push(Stage { step: step.clone(), after_ms: None, drafted_by });
    }
    let only_drafts =
        |of: &[Stage]| of.iter().all(|stage| stage.step.said.state == WarningState::Draft);
    found.retain(|at, of| !(moved.contains(at) && only_drafts(of)));
    for of in found.values_mut() {
        of.sort_by(|one, other| order(&one.step, &other.step));
        of.dedup_by_key(|stage| (stage.step.at, stage.step.version));
        by_party_within_a_second(of);
        let mut before: Option<i64> = None;
        for stage in of {
            stage.after_ms = before.map(|before| (stage.step.recorded_ms - before).max(0));
            before = Some(stage.step.recorded_ms);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use polder_wire::v1::{Text, Warning};
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::*;
    use crate::record::Id;

    fn step(
        entry: u8,
        sequence: u64,
        minute: i64,
        state: WarningState,
        words: &str,
        author: &str,
    ) -> Step {
        let body = Warning { state: state.into(), ..Warning::default() };
        let text = Text { language: "nl".into(), title: words.into(), ..Text::default() };
        let made = Entry { texts: vec![text], body: Some(Body::Warning(body)), ..Entry::default() };
        Step {
            at: EntryRef { entry: Uuid::from_bytes([entry; 16]), scope: Id::default() },
            version: VersionId { feed: [7; 16], sequence },
            party: "politie".into(),
            author: author.into(),
            recorded_ms: minute * 60_000,
            said: WarningSaid::of(&made).unwrap(),
        }
    }

    fn flood() -> Vec<Step> {
        use WarningState::{Corrected, Draft, Issued, Withdrawn};
        vec![
            step(1, 1, 0, Draft, "Bel 043-3505000", "anna"),
            step(1, 2, 4, Issued, "Bel 043-3505000", "bert"),
            step(2, 3, 50, Draft, "Bel 043-3505001", "bert"),
            step(1, 4, 62, Corrected, "Bel 043-3505001", "anna"),
            step(1, 5, 300, Withdrawn, "Bel 043-3505001", "anna"),
            step(3, 6, 70, Issued, "Ga naar boven", "anna"),
            step(4, 7, 80, Draft, "Ga naar huis", "anna"),
        ]
    }

    #[test]
    fn every_stage_says_who_how_long_and_who_checked_it() {
        let found = stages(flood());
        let ids: Vec<_> = found.keys().map(|at| at.entry.as_bytes()[0]).collect();
        assert_eq!(ids, [1, 3, 4], "the draft of the correction is a stage of what it corrects");
        let told = |stage: &Stage| {
            let minutes = stage.after_ms.map(|ms| ms / 60_000);
            (stage.step.said.state, stage.step.author.clone(), minutes, stage.drafted_by.clone())
        };
        use WarningState::{Corrected, Draft, Issued, Withdrawn};
        let first: Vec<_> = found.values().next().unwrap().iter().map(told).collect();
        assert_eq!(
            first,
            [
                (Draft, "anna".into(), None, String::new()),
                (Issued, "bert".into(), Some(4), "anna".into()),
                (Draft, "bert".into(), Some(46), String::new()),
                (Corrected, "anna".into(), Some(12), "bert".into()),
                (Withdrawn, "anna".into(), Some(238), String::new()),
            ]
        );
        let alone: Vec<_> = found.values().nth(1).unwrap().iter().map(told).collect();
        assert_eq!(alone, [(Issued, "anna".into(), None, String::new())]);
    }

    #[test]
    fn of_two_who_issue_at_one_moment_no_clock_says_who_was_first() {
        for (north_ms, south_ms) in [(0, 3), (3, 0), (0, 0)] {
            let issued = |version, party: &str, ms: i64| {
                let said = step(1, version, 10, WarningState::Issued, "Code rood", "");
                Step { party: party.into(), recorded_ms: said.recorded_ms + ms, ..said }
            };
            let found = stages(vec![issued(1, "noord", north_ms), issued(2, "zuid", south_ms)]);
            let told = found.values().next().unwrap().iter();
            let told: Vec<_> = told
                .map(|stage| (&stage.step.party[..], stage.after_ms.is_some_and(|ms| ms < 0)))
                .collect();
            assert_eq!(told, [("noord", false), ("zuid", false)]);
        }
    }

    proptest! {
        #[test]
        fn stages_do_not_depend_on_the_order(steps in Just(flood()).prop_shuffle()) {
            prop_assert_eq!(stages(steps), stages(flood()));
        }
    }
}
