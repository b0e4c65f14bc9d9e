//! How forecasts moved, and how far they were from what came true: a pure function of the versions of
//! entries.
//!
//! A track is a place or thing and one quantity of it. Of water what comes true is the highest point:
//! forecasts of a moment are compared with highest points about that moment, others with those of
//! the two days after them. Any other figure is compared with what was said afterwards of the same
//! subject for the time that it is forecast for, by the rule of contradictions; when an outage is to
//! end, with when it ended. Reports that contradict each other are all told, since nobody decided.

use std::collections::BTreeMap;

use polder_wire::v1::{Entry, Statement, WaterLevel, WaterTrend, entry::Body};

use super::{claims::WAVE_MS, subject::plain};
use crate::attributes::millis;

mod others;

/// A forecast without a moment is compared with what came so long after it.
const AHEAD_MS: i64 = 2 * 86_400_000;

/// What a forecast is of.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Quantity {
    /// Cubic metres per second.
    Discharge,
    /// Metres above a datum.
    Level(String),
    /// Metres of water above the ground.
    Depth,
    /// When the highest point comes, milliseconds since 1970.
    PeakTime,
    /// A number of another kind: the field of the contract that holds it, and what else tells it
    /// apart.
    Of(&'static str, String),
    /// When something ends, milliseconds since 1970: the field that expects it, and what it is of.
    When(&'static str, String),
}

impl Quantity {
    /// Whether it is a moment.
    pub fn is_time(&self) -> bool {
        matches!(self, Self::PeakTime | Self::When(..))
    }

    /// The field of the contract that holds it, and what else tells it apart.
    pub fn named(&self) -> (&'static str, &str) {
        match self {
            Self::Discharge => ("water_level.discharge_m3_s", ""),
            Self::Level(datum) => ("water_level.level_m", datum),
            Self::Depth => ("water_level.depth_m", ""),
            Self::PeakTime => ("water_level.peak_time", ""),
            Self::Of(aspect, detail) | Self::When(aspect, detail) => (aspect, detail),
        }
    }
}

/// Between two ends, in the unit of the quantity.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Span {
    /// The lower one.
    pub low: f64,
    /// The upper one; the same for a single figure.
    pub high: f64,
}

impl Span {
    pub(super) fn new(low: f64, high: Option<f64>) -> Self {
        Self { low, high: high.unwrap_or(low).max(low) }
    }

    fn middle(self) -> f64 {
        self.low + (self.high - self.low) / 2.0
    }

    /// How far this one is above the other; below zero: below it. Zero where they touch.
    pub fn above(self, other: Self) -> f64 {
        if self.low > other.high {
            self.low - other.high
        } else if self.high < other.low {
            self.high - other.low
        } else {
            0.0
        }
    }
}

/// One forecast of a track.
#[derive(Debug, Clone, PartialEq)]
pub struct Forecast<'e> {
    /// The version that says so.
    pub version: &'e Entry,
    /// What it says.
    pub span: Span,
    /// When that is to be, milliseconds since 1970, if it says so.
    pub at_ms: Option<(i64, i64)>,
    /// How far its middle is from that of the forecast before it.
    pub moved: Option<f64>,
    /// A later version of the same entry takes its place, or withdraws it.
    pub replaced: bool,
    /// What came true, by everybody who reported it, and how far above that the forecast was.
    pub outcomes: Vec<Outcome<'e>>,
}

/// A report of what came true.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Outcome<'e> {
    /// The version that says so.
    pub version: &'e Entry,
    /// What it says.
    pub span: Span,
    /// How far the forecast was above it.
    pub error: f64,
}

/// All forecasts of one quantity of one place or thing.
#[derive(Debug, Clone, PartialEq)]
pub struct Track<'e> {
    /// The place or thing, such as a gauge, as the first of them calls it.
    pub place: String,
    /// What is forecast.
    pub quantity: Quantity,
    /// In the order in which they were recorded.
    pub forecasts: Vec<Forecast<'e>>,
}

/// When the highest point of an entry is or was, if it speaks of one.
fn top_ms(entry: &Entry, body: &WaterLevel) -> Option<(i64, i64)> {
    let from = body.peak_time.as_ref().map(millis);
    let of_now = || (body.trend() == WaterTrend::Peak).then(|| when_ms(entry));
    let from = from.or_else(of_now)?;
    let until = body.peak_end_time.as_ref().map_or(from, millis);
    Some((from, until.max(from)))
}

pub(super) fn when_ms(entry: &Entry) -> i64 {
    let observed = entry.times.as_ref().and_then(|times| times.observed.as_ref());
    observed.or(entry.recorded_time.as_ref()).map_or(0, millis)
}

pub(super) fn made_ms(entry: &Entry) -> i64 {
    entry.recorded_time.as_ref().map_or(0, millis)
}

/// The quantities that an entry states.
fn stated(entry: &Entry, body: &WaterLevel) -> Vec<(Quantity, Span)> {
    let mut stated = Vec::new();
    let mut add = |quantity: Quantity, low: Option<f64>, high: Option<f64>| {
        stated.extend(low.map(|low| (quantity, Span::new(low, high))));
    };
    add(Quantity::Discharge, body.discharge_m3_s, body.discharge_high_m3_s);
    add(Quantity::Level(body.datum.clone()), body.level_m, body.level_high_m);
    add(Quantity::Depth, body.depth_m, body.depth_high_m);
    // A moment in milliseconds is exact in 53 bits.
    if let Some((from, until)) = top_ms(entry, body) {
        add(Quantity::PeakTime, Some(from as f64), Some(until as f64));
    }
    stated
}

/// What somebody says came true: the version, what it was, and when.
#[derive(Debug, Clone, Copy)]
struct Came<'e> {
    version: &'e Entry,
    span: Span,
    at_ms: (i64, i64),
}

type Key = (String, Quantity);

/// What is known of one quantity of one thing.
#[derive(Default)]
struct Known<'e> {
    named: Option<(i64, &'e str, String)>,
    forecasts: Vec<Forecast<'e>>,
    came: Vec<Came<'e>>,
}

impl<'e> Known<'e> {
    fn forecast(
        &mut self,
        version: &'e Entry,
        named: &str,
        span: Span,
        at_ms: Option<(i64, i64)>,
        replaced: bool,
    ) {
        let first = (made_ms(version), &version.version[..], named.to_owned());
        if self.named.as_ref().is_none_or(|held| first < *held) {
            self.named = Some(first);
        }
        let (moved, outcomes) = (None, Vec::new());
        self.forecasts.push(Forecast { version, span, at_ms, moved, replaced, outcomes });
    }
}

/// All tracks, by place and quantity. `versions`: every version of entries of one incident, of which
/// one knew.
pub fn forecasts(versions: &[Entry]) -> Vec<Track<'_>> {
    // Of what each version takes the place, and when that was seen.
    let mut replaced: BTreeMap<(&str, &str), i64> = BTreeMap::new();
    for later in versions {
        for id in &later.supersedes {
            let seen_ms = if later.retracted { i64::MIN } else { when_ms(later) };
            let held = replaced.entry((&later.name[..], &id[..])).or_insert(seen_ms);
            *held = seen_ms.min(*held);
        }
    }
    let replaced_ms = |entry: &Entry| replaced.get(&(&entry.name[..], &entry.version[..])).copied();
    let mut known: BTreeMap<Key, Known<'_>> = BTreeMap::new();
    for version in versions.iter().filter(|version| !version.retracted) {
        match &version.body {
            Some(Body::WaterLevel(body)) => water(version, body, replaced_ms(version), &mut known),
            _ => other(version, replaced_ms(version), &mut known),
        }
    }
    let tracks = known.into_iter().filter(|(_, known)| !known.forecasts.is_empty());
    tracks.map(|((_, quantity), known)| track(quantity, known)).collect()
}

fn water<'e>(
    version: &'e Entry,
    body: &'e WaterLevel,
    replaced_ms: Option<i64>,
    known: &mut BTreeMap<Key, Known<'e>>,
) {
    for (quantity, span) in stated(version, body) {
        let of = || (plain(&body.gauge), quantity.clone());
        match version.statement() {
            Statement::Question => {}
            Statement::Forecast => {
                let (at_ms, replaced) = (top_ms(version, body), replaced_ms.is_some());
                let held = known.entry(of()).or_default();
                held.forecast(version, &body.gauge, span, at_ms, replaced);
            }
            // What was corrected did not come true.
            _ if replaced_ms.is_some() => {}
            _ => {
                if let Some(at_ms) = top_ms(version, body) {
                    known.entry(of()).or_default().came.push(Came { version, span, at_ms });
                }
            }
        }
    }
}

fn other<'e>(version: &'e Entry, replaced_ms: Option<i64>, known: &mut BTreeMap<Key, Known<'e>>) {
    for one in others::stated(version) {
        let held = known.entry((one.place, one.quantity)).or_default();
        if one.ahead {
            held.forecast(version, &one.named, one.span, Some(one.period), replaced_ms.is_some());
        } else if replaced_ms.is_none_or(|seen_ms| seen_ms > when_ms(version)) {
            // Who corrects says it of the same moment; who goes on counting, of a later one.
            held.came.push(Came { version, span: one.span, at_ms: one.period });
        }
    }
}

fn track<'e>(quantity: Quantity, known: Known<'e>) -> Track<'e> {
    let Known { named, mut forecasts, mut came } = known;
    let order = |version: &Entry| (made_ms(version), version.version.clone());
    forecasts.sort_by_cached_key(|forecast| order(forecast.version));
    came.sort_by_cached_key(|one| (one.at_ms, order(one.version)));
    let of_water = !matches!(quantity, Quantity::Of(..) | Quantity::When(..));
    let mut before: Option<f64> = None;
    for forecast in &mut forecasts {
        let middle = forecast.span.middle();
        forecast.moved = before.map(|before| middle - before);
        before = Some(middle);
        let made = made_ms(forecast.version);
        let (from, until) = match forecast.at_ms {
            Some((from, until)) if of_water => {
                (from.saturating_sub(WAVE_MS), until.saturating_add(WAVE_MS))
            }
            Some(period) => period,
            None => (made, made.saturating_add(AHEAD_MS)),
        };
        let fits = |one: &&Came<'e>| {
            let later = of_water || made_ms(one.version) > made;
            later && one.at_ms.0 <= until && from <= one.at_ms.1
        };
        let outcome = |one: &Came<'e>| Outcome {
            version: one.version,
            span: one.span,
            error: forecast.span.above(one.span),
        };
        forecast.outcomes = came.iter().filter(fits).map(outcome).collect();
        // Until when one looks for a repair says nothing of when it is to be.
        if matches!(quantity, Quantity::When(..)) {
            forecast.at_ms = None;
        }
    }
    let place = named.map(|(_, _, named)| named).unwrap_or_default();
    Track { place, quantity, forecasts }
}

#[cfg(test)]
mod tests;
