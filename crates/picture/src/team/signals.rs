//! Early signals: figures that passed a threshold.
//!
//! Of each subject (figure, place, what tells it apart) the newest figure of each party counts, and
//! any of them that passes raises the signal: who says otherwise makes it disputed, and does not
//! hide it. A signal lasts from the first figure that passed to the first moment at which nobody's
//! newest did. What was past its time when somebody else spoke counts no longer. Forecasts are signals of their own, each entry by itself, until what they forecast is
//! past. A figure never meets a threshold of another mode.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
};

use polder_wire::v1::{Entry, Mode, entry::Body};
use uuid::Uuid;

use super::{
    board::{Board, EntryRef},
    claims::WAVE_MS,
    said::Said,
    subject::{Claim, Figure, Range, Stance, plain},
};
use crate::{
    attributes::Attributes,
    entry::Extent,
    kinds::threshold::{Aspect, aspect_of},
    names::{PartyName, VersionId},
    record::Id,
};

/// A signal that is over is told for so long.
const OVER_MS: i64 = 24 * 3_600_000;

/// What one version of a threshold watches.
#[derive(Debug, Clone, PartialEq)]
pub struct Limit {
    aspect: &'static str,
    peak: Option<&'static str>,
    /// Words that must occur in a figure's detail.
    detail: BTreeSet<String>,
    /// In lower case without signs; empty: any.
    place: String,
    /// Where entries must be, when no place is named.
    area: Option<Extent>,
    above: Option<f64>,
    below: Option<f64>,
    /// The region that watches, without `parties/`; empty: national.
    pub region: String,
    /// Urgency of the entry, by its number in the contract.
    pub urgency: i32,
}

impl Limit {
    /// Of a sound entry, when it is a threshold.
    pub fn of(entry: &Entry, attributes: &Attributes) -> Option<Self> {
        let Some(Body::Threshold(body)) = &entry.body else { return None };
        let Aspect { name, peak, .. } = aspect_of(&body.aspect)?;
        let place = plain(&body.place);
        Some(Self {
            aspect: name,
            peak: *peak,
            detail: words(&body.detail),
            area: attributes.extent().filter(|_| place.is_empty()),
            place,
            above: body.above,
            below: body.below,
            region: PartyName::parse(&body.region).map_or("", |party| party.id()).to_owned(),
            urgency: entry.assessment.as_ref().map_or(0, |one| one.urgency),
        })
    }

    /// Whether a claim is of what it watches; `extent`: where the claim's entry is.
    pub fn watches(&self, claim: &Claim, extent: Option<&Extent>) -> bool {
        let subject = &claim.subject;
        let aspect = subject.aspect == self.aspect || Some(subject.aspect) == self.peak;
        aspect
            && (self.place.is_empty() || self.place == subject.place)
            && self.area.is_none_or(|area| extent.is_some_and(|extent| area.meets(extent)))
            && (self.detail.is_empty() || self.detail.is_subset(&words(&subject.detail)))
    }

    /// The figure that was told, and how far it is beyond: 0 and more passes.
    fn beyond(&self, range: &Range) -> (f64, f64) {
        let (low, high) = range.told;
        let above = self.above.map(|above| (high, high - above));
        let below = self.below.map(|below| (low, below - low));
        let furthest = above.into_iter().chain(below).max_by(|a, b| a.1.total_cmp(&b.1));
        furthest.unwrap_or((high, f64::NEG_INFINITY))
    }
}

fn words(text: &str) -> BTreeSet<String> {
    plain(text).split(' ').filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

/// A version of a threshold that watches.
#[derive(Debug, Clone, PartialEq)]
pub struct Watch {
    /// Mode of its incident.
    pub mode: Mode,
    /// Its entry.
    pub at: EntryRef,
    /// Which version.
    pub version: VersionId,
    /// What it watches.
    pub limit: Limit,
}

/// A figure that a version of an entry tells.
#[derive(Debug, Clone, PartialEq)]
pub struct Told {
    /// Mode of its incident.
    pub mode: Mode,
    /// Its entry.
    pub at: EntryRef,
    /// Which version.
    pub version: VersionId,
    /// Whether that version is current.
    pub current: bool,
    /// Who says so, without `parties/`.
    pub party: String,
    /// When that was observed, or else recorded.
    pub when_ms: i64,
    /// Recorded by the author's node.
    pub recorded_ms: i64,
    /// Stale from; `None`: never.
    pub expire_ms: Option<i64>,
    /// Where the entry is.
    pub extent: Option<Extent>,
    /// What it claims.
    pub claim: Claim,
}

impl Told {
    /// The moment that the figure is of.
    fn moment_ms(&self) -> i64 {
        let expected = self.claim.subject.stance == Stance::Expected;
        match (self.is_peak(), expected) {
            (true, _) => self.claim.from_ms.saturating_add(WAVE_MS),
            (false, true) => self.claim.from_ms,
            (false, false) => self.when_ms,
        }
    }

    fn is_peak(&self) -> bool {
        self.claim.subject.aspect.contains(".peak_")
    }

    /// When what it forecasts is past.
    fn ends_ms(&self) -> i64 {
        let wave = if self.is_peak() { WAVE_MS } else { 0 };
        self.claim.until_ms.saturating_sub(wave)
    }

    fn is_stale(&self, now_ms: i64) -> bool {
        self.expire_ms.is_some_and(|expire| expire <= now_ms)
    }
}

/// Versions of thresholds that watch on a board, of scopes that somebody sees.
pub fn watches(board: &Board, mode: Mode, now_ms: i64, seen: impl Fn(Id) -> bool) -> Vec<Watch> {
    let of = |at: EntryRef| {
        let versions = board.versions(at).iter();
        versions.filter(|one| !one.said.is_stale(now_ms)).filter_map(move |one| {
            let limit = one.said.limit.as_deref()?.clone();
            Some(Watch { mode, at, version: one.id, limit })
        })
    };
    board.watching().filter(|at| seen(at.scope)).flat_map(of).collect()
}

/// Figures on a board that one of some thresholds watches, of scopes that somebody sees.
pub fn told(board: &Board, mode: Mode, watches: &[Watch], seen: impl Fn(Id) -> bool) -> Vec<Told> {
    let mut found = Vec::new();
    for (at, versions) in board.entries().filter(|(at, _)| seen(at.scope)) {
        for version in versions {
            add_told(&mut found, mode, (at, version.id, true), &version.said, watches);
        }
    }
    found
}

/// Adds the figures of one version that are watched.
pub fn add_told(
    found: &mut Vec<Told>,
    mode: Mode,
    (at, version, current): (EntryRef, VersionId, bool),
    said: &Said,
    watches: &[Watch],
) {
    for claim in &said.claims {
        let is_watched =
            |watch: &Watch| watch.mode == mode && watch.limit.watches(claim, said.extent.as_ref());
        if watches.iter().any(is_watched) {
            found.push(Told {
                mode,
                at,
                version,
                current,
                party: said.party.clone(),
                when_ms: said.when_ms,
                recorded_ms: said.recorded_ms,
                expire_ms: said.expire_ms,
                extent: said.extent,
                claim: claim.clone(),
            });
        }
    }
}

/// What a signal is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum State {
    /// It is passed.
    Passed,
    /// A forecast passes it.
    Expected,
    /// It was passed, and is no longer.
    Over,
}

/// A threshold and one subject that passed it.
#[derive(Debug, Clone, PartialEq)]
pub struct Signal {
    /// Of the threshold.
    pub watch: usize,
    /// The figure that decides: which goes furthest; when it is over the newest.
    pub told: Told,
    /// Whether it is passed.
    pub state: State,
    /// The figure that was told.
    pub value: f64,
    /// How far beyond the threshold.
    pub beyond: f64,
    /// From when.
    pub since_ms: i64,
    /// Until when, if it is over.
    pub over_ms: Option<i64>,
    /// By when a forecast expects it.
    pub expected_ms: Option<i64>,
    /// All figures that pass are past their time.
    pub stale: bool,
    /// The newest figure of somebody else does not pass.
    pub disputed: bool,
}

/// What is one line of figures: what is so by subject, what is expected by entry.
type Line<'t> = (&'t str, &'t str, Stance, Option<Uuid>);

/// All signals of some thresholds, by their place in `watches`. `told` may hold the same version
/// twice, in any order.
pub fn signals(watches: &[Watch], told: &[Told], now_ms: i64) -> Vec<Signal> {
    let mut found = Vec::new();
    for (index, watch) in watches.iter().enumerate() {
        let mut lines: BTreeMap<Line<'_>, Vec<&Told>> = BTreeMap::new();
        for one in told.iter().filter(|one| heard(watch, one)) {
            let subject = &one.claim.subject;
            let entry = (subject.stance == Stance::Expected).then_some(one.at.entry);
            let line = (&subject.detail[..], &subject.place[..], subject.stance, entry);
            lines.entry(line).or_default().push(one);
        }
        for ((_, _, stance, _), line) in lines {
            let line = ordered(line);
            let signal = match stance {
                Stance::IsSo => raised(&watch.limit, &line, now_ms),
                Stance::Expected => expected(&watch.limit, &line, now_ms),
            };
            found.extend(signal.map(|signal| Signal { watch: index, ..signal }));
        }
    }
    let order = |one: &Signal| {
        let moment = match one.state {
            State::Passed => Reverse(one.since_ms),
            State::Expected => Reverse(one.expected_ms.map_or(i64::MAX, |ms| -ms)),
            State::Over => Reverse(one.over_ms.unwrap_or_default()),
        };
        let watch = &watches[one.watch];
        let threshold = (watch.at, watch.version);
        let told = (one.told.claim.subject.clone(), one.told.at, one.told.version);
        (one.state, Reverse(watch.limit.urgency), moment, threshold, told)
    };
    found.sort_by_cached_key(order);
    found
}

/// Thresholds of which no figure is known, by their place in `watches`.
pub fn unheard(watches: &[Watch], told: &[Told]) -> Vec<usize> {
    let is_unheard = |(_, watch): &(usize, &Watch)| !told.iter().any(|one| heard(watch, one));
    watches.iter().enumerate().filter(is_unheard).map(|(index, _)| index).collect()
}

fn heard(watch: &Watch, one: &Told) -> bool {
    watch.mode == one.mode && watch.limit.watches(&one.claim, one.extent.as_ref())
}

/// In the order of the moments that they are of. Of one entry what was corrected since is left out.
fn ordered(mut line: Vec<&Told>) -> Vec<&Told> {
    // To the last detail, so that what was heard twice stands side by side.
    line.sort_by_cached_key(|one| {
        let told = range(one).map_or((0, 0), |range| (order(range.told.0), order(range.told.1)));
        let of = (one.moment_ms(), one.recorded_ms, one.version, !one.is_peak());
        (of, told, one.at, one.party.clone(), one.current)
    });
    line.dedup();
    let corrected = |at: usize| {
        let one = line[at];
        let of_then = |other: &&&Told| other.moment_ms() == one.moment_ms();
        let mut later = line[at + 1..].iter().take_while(of_then);
        !one.current && later.any(|other| other.at == one.at && other.version != one.version)
    };
    let corrected: Vec<bool> = (0..line.len()).map(corrected).collect();
    let kept = line.into_iter().zip(corrected).filter(|(_, corrected)| !corrected);
    kept.map(|(one, _)| one).collect()
}

/// Numbers as whole ones in the same order.
fn order(number: f64) -> i64 {
    let bits = number.to_bits() as i64;
    bits ^ (((bits >> 63) as u64) >> 1) as i64
}

fn range(one: &Told) -> Option<&Range> {
    match &one.claim.figure {
        Figure::Range(range) => Some(range),
        _ => None,
    }
}

/// What is so: the newest figure of each party counts, from moment to moment.
fn raised(limit: &Limit, line: &[&Told], now_ms: i64) -> Option<Signal> {
    let mut newest: BTreeMap<&str, (&Told, f64, f64)> = BTreeMap::new();
    let passes = |newest: &BTreeMap<&str, (&Told, f64, f64)>| {
        newest.values().any(|(_, _, beyond)| *beyond >= 0.0)
    };
    let (mut since_ms, mut over_ms) = (None, None);
    for one in line {
        let Some((value, beyond)) = range(one).map(|range| limit.beyond(range)) else { continue };
        // What this version replaced of somebody else is not said any more, and what was past its
        // time gives way to who speaks now.
        newest.retain(|party, (other, ..)| {
            let replaced = !other.current && other.at == one.at;
            *party == one.party || !(replaced || other.is_stale(one.moment_ms()))
        });
        // Of several figures in one version that which goes furthest counts.
        let held = newest.get(&one.party[..]).filter(|(other, ..)| other.version == one.version);
        if held.is_none_or(|(_, _, furthest)| *furthest <= beyond) {
            newest.insert(&one.party, (one, value, beyond));
        }
        match (passes(&newest), since_ms.is_some() && over_ms.is_none()) {
            (true, false) => (since_ms, over_ms) = (Some(one.moment_ms()), None),
            (false, true) => over_ms = Some(one.moment_ms()),
            _ => {}
        }
    }
    newest.retain(|_, (one, ..)| one.current);
    let since_ms = since_ms?;
    let furthest = |a: &&(&Told, f64, f64), b: &&(&Told, f64, f64)| {
        let rank = |one: &Told| (one.moment_ms(), one.recorded_ms, one.version);
        a.2.total_cmp(&b.2).then_with(|| rank(a.0).cmp(&rank(b.0)))
    };
    if passes(&newest) {
        let passing = || newest.values().filter(|(_, _, beyond)| *beyond >= 0.0);
        let (told, value, beyond) = passing().max_by(furthest)?;
        let denies = |(one, _, beyond): &(&Told, f64, f64)| *beyond < 0.0 && !one.is_stale(now_ms);
        return Some(Signal {
            stale: passing().all(|(one, ..)| one.is_stale(now_ms)),
            disputed: newest.values().any(denies),
            ..signal(told, State::Passed, (*value, *beyond), since_ms)
        });
    }
    let over_ms = over_ms.filter(|over| now_ms.saturating_sub(*over) <= OVER_MS)?;
    let (told, value, beyond) =
        newest.values().max_by_key(|(one, ..)| (one.moment_ms(), one.recorded_ms, one.version))?;
    let signal = signal(told, State::Over, (*value, *beyond), since_ms);
    Some(Signal { over_ms: Some(over_ms), stale: told.is_stale(now_ms), ..signal })
}

/// What an entry forecasts: its current versions, until that is past.
fn expected(limit: &Limit, line: &[&Told], now_ms: i64) -> Option<Signal> {
    let beyond = |one: &Told| range(one).map(|range| limit.beyond(range));
    let counts = |one: &&&Told| one.current && one.ends_ms() >= now_ms;
    let current = line.iter().filter(counts);
    let passing = current.filter_map(|one| beyond(one).map(|(value, by)| (*one, value, by)));
    let passing: Vec<_> = passing.filter(|(_, _, by)| *by >= 0.0).collect();
    let rank = |one: &Told| (Reverse(one.moment_ms()), one.recorded_ms, one.version);
    let (told, value, by) = passing
        .iter()
        .max_by(|a, b| a.2.total_cmp(&b.2).then_with(|| rank(a.0).cmp(&rank(b.0))))?;
    // Since which of its versions, one after the other, it is forecast.
    let mut said: Vec<_> = line.iter().filter_map(|one| Some((*one, beyond(one)?.1))).collect();
    said.sort_by_key(|(one, _)| (one.recorded_ms, one.version));
    let run = said.iter().rev().take_while(|(_, by)| *by >= 0.0);
    let since_ms = run.map(|(one, _)| one.recorded_ms).min().unwrap_or(told.recorded_ms);
    let denies = |one: &&Told| one.current && beyond(one).is_some_and(|(_, by)| by < 0.0);
    Some(Signal {
        // What holds from the moment at which it was told says nothing of when.
        expected_ms: Some(told.moment_ms())
            .filter(|_| told.is_peak() || told.moment_ms() > told.when_ms),
        stale: passing.iter().all(|(one, ..)| one.is_stale(now_ms)),
        disputed: line.iter().any(denies),
        ..signal(told, State::Expected, (*value, *by), since_ms)
    })
}

fn signal(told: &Told, state: State, (value, beyond): (f64, f64), since_ms: i64) -> Signal {
    Signal {
        watch: 0,
        told: told.clone(),
        state,
        value,
        beyond,
        since_ms,
        over_ms: None,
        expected_ms: None,
        stale: false,
        disputed: false,
    }
}

#[cfg(test)]
mod tests;
