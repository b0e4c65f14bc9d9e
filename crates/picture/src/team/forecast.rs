//! How forecasts of water moved, and how far they were from what came true: a pure function of the
//! versions of entries.
//!
//! A track is a gauge and one quantity of it. What comes true is the highest point: forecasts of a
//! moment are compared with highest points about that moment, others with those of the two days
//! after them. Reports that contradict each other are all told, since nobody decided.

use std::collections::{BTreeMap, BTreeSet};

use polder_wire::v1::{Entry, Statement, WaterLevel, WaterTrend, entry::Body};

use super::{claims::WAVE_MS, subject::plain};
use crate::attributes::millis;

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
    fn new(low: f64, high: Option<f64>) -> Self {
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

/// All forecasts of one quantity at one gauge.
#[derive(Debug, Clone, PartialEq)]
pub struct Track<'e> {
    /// The gauge, as the first of them calls it.
    pub gauge: &'e str,
    /// What is forecast.
    pub quantity: Quantity,
    /// In the order in which they were recorded.
    pub forecasts: Vec<Forecast<'e>>,
}

/// A report of a highest point: who says so, what it was, and when.
type Top<'e> = (&'e Entry, Span, (i64, i64));

/// When the highest point of an entry is or was, if it speaks of one.
fn top_ms(entry: &Entry, body: &WaterLevel) -> Option<(i64, i64)> {
    let from = body.peak_time.as_ref().map(millis);
    let of_now = || (body.trend() == WaterTrend::Peak).then(|| when_ms(entry));
    let from = from.or_else(of_now)?;
    let until = body.peak_end_time.as_ref().map_or(from, millis);
    Some((from, until.max(from)))
}

fn when_ms(entry: &Entry) -> i64 {
    let observed = entry.times.as_ref().and_then(|times| times.observed.as_ref());
    observed.or(entry.recorded_time.as_ref()).map_or(0, millis)
}

fn recorded_ms(entry: &Entry) -> i64 {
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

/// All tracks, by gauge and quantity. `versions`: every version of entries of one incident, of which
/// one knew.
pub fn forecasts(versions: &[Entry]) -> Vec<Track<'_>> {
    let replaced: BTreeSet<_> = versions
        .iter()
        .flat_map(|later| later.supersedes.iter().map(|id| (&later.name[..], &id[..])))
        .collect();
    let is_replaced = |entry: &Entry| replaced.contains(&(&entry.name[..], &entry.version[..]));
    let mut tracks: BTreeMap<(String, Quantity), Track<'_>> = BTreeMap::new();
    let mut tops: BTreeMap<(String, Quantity), Vec<Top<'_>>> = BTreeMap::new();
    for version in versions.iter().filter(|version| !version.retracted) {
        let Some(Body::WaterLevel(body)) = &version.body else { continue };
        for (quantity, span) in stated(version, body) {
            let key = (plain(&body.gauge), quantity);
            match version.statement() {
                Statement::Question => {}
                Statement::Forecast => {
                    let (gauge, quantity) = (&body.gauge[..], key.1.clone());
                    let track = tracks.entry(key).or_insert_with(|| Track {
                        gauge,
                        quantity,
                        forecasts: Vec::new(),
                    });
                    track.forecasts.push(Forecast {
                        version,
                        span,
                        at_ms: top_ms(version, body),
                        moved: None,
                        replaced: is_replaced(version),
                        outcomes: Vec::new(),
                    });
                }
                // What was corrected did not come true.
                _ if is_replaced(version) => {}
                _ => {
                    if let Some(top) = top_ms(version, body) {
                        tops.entry(key).or_default().push((version, span, top));
                    }
                }
            }
        }
    }
    for (key, track) in &mut tracks {
        let order = |version: &Entry| (recorded_ms(version), version.version.clone());
        track.forecasts.sort_by_cached_key(|forecast| order(forecast.version));
        if let Some(Body::WaterLevel(first)) =
            track.forecasts.first().and_then(|f| f.version.body.as_ref())
        {
            track.gauge = &first.gauge;
        }
        let mut came = tops.remove(key).unwrap_or_default();
        came.sort_by_cached_key(|(version, _, top)| (*top, order(version)));
        let mut before: Option<f64> = None;
        for forecast in &mut track.forecasts {
            let middle = forecast.span.middle();
            forecast.moved = before.map(|before| middle - before);
            before = Some(middle);
            let made = recorded_ms(forecast.version);
            let (from, until) = match forecast.at_ms {
                Some((from, until)) => {
                    (from.saturating_sub(WAVE_MS), until.saturating_add(WAVE_MS))
                }
                None => (made, made.saturating_add(AHEAD_MS)),
            };
            let fits = |top: (i64, i64)| top.0 <= until && from <= top.1;
            let outcomes = came.iter().filter(|(_, _, top)| fits(*top));
            forecast.outcomes = outcomes
                .map(|(version, span, _)| Outcome {
                    version,
                    span: *span,
                    error: forecast.span.above(*span),
                })
                .collect();
        }
    }
    tracks.into_values().collect()
}

#[cfg(test)]
mod tests {
    use polder_wire::v1::Times;
    use proptest::prelude::*;
    use prost_types::Timestamp;

    use super::*;

    fn at(hours: i64) -> Option<Timestamp> {
        Some(Timestamp { seconds: 1_626_000_000 + hours * 3_600, nanos: 0 })
    }

    /// A version of an entry, some hours after the first.
    fn version(number: u8, hours: i64, statement: Statement, body: WaterLevel) -> Entry {
        Entry {
            name: format!("entries/{}", number % 4),
            version: number.to_string(),
            statement: statement.into(),
            party: "parties/water".into(),
            times: Some(Times { observed: at(hours), ..Times::default() }),
            recorded_time: at(hours),
            body: Some(Body::WaterLevel(body)),
            ..Entry::default()
        }
    }

    fn level(value: f64, peak: Option<i64>) -> WaterLevel {
        WaterLevel {
            gauge: "Maas, Venlo".into(),
            discharge_m3_s: Some(value),
            peak_time: peak.and_then(at),
            ..WaterLevel::default()
        }
    }

    #[test]
    fn a_forecast_is_compared_with_highest_points_about_its_moment_and_moves_from_the_one_before() {
        let first = version(1, 0, Statement::Forecast, level(1_000.0, Some(10)));
        let mut second = version(5, 4, Statement::Forecast, level(1_400.0, Some(12)));
        second.supersedes = vec!["1".into()];
        let early = version(2, -20, Statement::Fact, level(2_000.0, Some(-20)));
        let reading = version(3, 9, Statement::Fact, level(900.0, None));
        let top = version(6, 13, Statement::Fact, level(1_200.0, Some(13)));
        let all = [first, second, early, reading, top];
        let tracks = forecasts(&all);
        assert_eq!(tracks.len(), 2, "discharge, and when");
        let told = &tracks[0].forecasts;
        assert_eq!((told[0].moved, told[1].moved), (None, Some(400.0)));
        assert_eq!((told[0].replaced, told[1].replaced), (true, false));
        let errors = |one: &Forecast<'_>| one.outcomes.iter().map(|o| o.error).collect::<Vec<_>>();
        assert_eq!((errors(&told[0]), errors(&told[1])), (vec![-200.0], vec![200.0]));
        assert_eq!(errors(&tracks[1].forecasts[0]), [-3.0 * 3_600_000.0]);
    }

    #[test]
    fn what_was_corrected_or_withdrawn_did_not_come_true() {
        let forecast = version(0, 0, Statement::Forecast, level(1_000.0, Some(10)));
        let wrong = version(1, 10, Statement::Fact, level(5_000.0, Some(10)));
        let mut right = version(5, 11, Statement::Fact, level(1_000.0, Some(10)));
        right.supersedes = vec!["1".into()];
        let all = [forecast.clone(), wrong.clone(), right];
        let outcomes = &forecasts(&all)[0].forecasts[0].outcomes;
        assert_eq!(outcomes.len(), 1);
        assert_eq!(outcomes[0].error, 0.0);
        let gone = Entry {
            retracted: true,
            version: "9".into(),
            supersedes: vec!["1".into()],
            body: None,
            ..wrong.clone()
        };
        assert!(forecasts(&[forecast, wrong, gone])[0].forecasts[0].outcomes.is_empty());
    }

    proptest! {
        #[test]
        fn no_track_depends_on_the_order_of_arrival(
            drawn in prop::collection::vec((-9..9_i64, 0..3_u8, 0..4_i64, prop::option::of(0..20_i64)), 0..12),
            seed in any::<u64>(),
        ) {
            let one = |(number, (hours, sort, value, peak)): (usize, (i64, u8, i64, Option<i64>))| {
                let statement = if sort == 0 { Statement::Fact } else { Statement::Forecast };
                let mut made = version(number as u8, hours, statement, level(value as f64, peak));
                if sort == 2 {
                    made.supersedes = vec![(number % 4).to_string()];
                }
                made
            };
            let all: Vec<_> = drawn.into_iter().enumerate().map(one).collect();
            let mut other = all.clone();
            other.sort_by_key(|entry| {
                let number: u64 = entry.version.parse().expect("a number");
                (seed ^ number).wrapping_mul(0x9E37_79B9_7F4A_7C15)
            });
            prop_assert_eq!(format!("{:?}", forecasts(&all)), format!("{:?}", forecasts(&other)));
        }
    }
}
