//! Level or discharge at a gauge. Readings overtake each other: the newest is shown.

use polder_wire::v1::{Entry, WaterLevel, WaterTrend, entry::Body};

use super::{Kind, figure, hours, line, subject};
use crate::{check::Checker, language::Language};

pub(super) const KIND: Kind = Kind {
    field: 102,
    name: "water_level",
    // Gauges report every ten minutes, people who read a staff every hour or two.
    useful_life: hours(3),
    settles_itself: true,
    text_required: false,
    check,
    figures,
};

fn check(entry: &Entry, check: &mut Checker<'_>) {
    let Some(Body::WaterLevel(body)) = &entry.body else {
        return;
    };
    check.text("gauge", &body.gauge, 1..=200);
    check.optional_range("level_m", body.level_m, -20.0..=1_000.0);
    check.optional_range("level_high_m", body.level_high_m, -20.0..=1_000.0);
    check.optional_range("discharge_m3_s", body.discharge_m3_s, 0.0..=100_000.0);
    check.optional_range("discharge_high_m3_s", body.discharge_high_m3_s, 0.0..=100_000.0);
    check.optional_range("depth_m", body.depth_m, 0.0..=100.0);
    check.optional_range("depth_high_m", body.depth_high_m, 0.0..=100.0);
    check.upper("level_high_m", body.level_m, body.level_high_m);
    check.upper("discharge_high_m3_s", body.discharge_m3_s, body.discharge_high_m3_s);
    check.upper("depth_high_m", body.depth_m, body.depth_high_m);
    check.text("datum", &body.datum, usize::from(body.level_m.is_some())..=20);
    check.enumeration::<WaterTrend>("trend", body.trend, false);
    check.time("peak_time", body.peak_time.as_ref());
    check.time("peak_end_time", body.peak_end_time.as_ref());
    let (peak, end) = (body.peak_time.as_ref(), body.peak_end_time.as_ref());
    check.order(("peak_time", peak), ("peak_end_time", end), true);
    if body.level_m.is_none()
        && body.discharge_m3_s.is_none()
        && body.depth_m.is_none()
        && peak.is_none()
    {
        check.wrong("level_m", "REQUIRED", "or a discharge, a depth or a peak time is required");
    }
}

fn figures(entry: &Entry, language: Language) -> String {
    let Some(Body::WaterLevel(body)) = &entry.body else {
        return String::new();
    };
    let number = |value| language.number(value);
    line([
        subject(entry, &body.gauge),
        level(body, language),
        figure(body.discharge_m3_s, body.discharge_high_m3_s, "m3/s", number),
        figure(body.depth_m, body.depth_high_m, language.pick("m deep", "m diep"), number),
        trend_word(body.trend(), language).to_owned(),
    ])
}

/// Levels are read off to the centimetre, so the zeroes stay.
fn level(body: &WaterLevel, language: Language) -> String {
    let unit = format!("m {}", body.datum);
    figure(body.level_m, body.level_high_m, unit.trim_end(), |value| language.decimal(value, 2))
}

fn trend_word(trend: WaterTrend, language: Language) -> &'static str {
    match trend {
        WaterTrend::Unspecified => "",
        WaterTrend::Rising => language.pick("rising", "stijgend"),
        WaterTrend::Steady => language.pick("steady", "stabiel"),
        WaterTrend::Falling => language.pick("falling", "dalend"),
        WaterTrend::Peak => language.pick("peak", "piek"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kinds::testing::{
        Wrong, at, changed, long, never, refuses, says, says_of, violations,
    };

    fn body(body: &mut Body) -> Option<&mut WaterLevel> {
        match body {
            Body::WaterLevel(body) => Some(body),
            _ => None,
        }
    }

    #[test]
    fn wrong_bodies_are_refused() {
        let rows: &[Wrong<WaterLevel>] = &[
            (|b| b.gauge.clear(), "gauge", "REQUIRED"),
            (|b| b.gauge = " ".into(), "gauge", "REQUIRED"),
            (|b| b.gauge = long(200), "gauge", "TOO_LONG"),
            (|b| b.level_m = Some(-20.5), "level_m", "OUT_OF_RANGE"),
            (|b| b.level_high_m = Some(1_000.5), "level_high_m", "OUT_OF_RANGE"),
            (|b| b.level_high_m = Some(1.0), "level_high_m", "NOT_IN_ORDER"),
            (|b| b.discharge_m3_s = Some(f64::NAN), "discharge_m3_s", "OUT_OF_RANGE"),
            (|b| b.discharge_high_m3_s = Some(100_001.0), "discharge_high_m3_s", "OUT_OF_RANGE"),
            (|b| b.discharge_m3_s = None, "discharge_high_m3_s", "LOWER_MISSING"),
            (|b| b.depth_m = Some(-0.1), "depth_m", "OUT_OF_RANGE"),
            (|b| b.depth_high_m = Some(101.0), "depth_high_m", "OUT_OF_RANGE"),
            (|b| b.depth_high_m = Some(0.1), "depth_high_m", "NOT_IN_ORDER"),
            (|b| b.datum.clear(), "datum", "REQUIRED"),
            (|b| b.datum = long(20), "datum", "TOO_LONG"),
            (|b| b.trend = 5, "trend", "UNKNOWN_VALUE"),
            (
                |b| (b.peak_time, b.peak_end_time) = (at(7_258_118_401), None),
                "peak_time",
                "TIME_OUT_OF_RANGE",
            ),
            (
                |b| (b.peak_time, b.peak_end_time) = (None, never()),
                "peak_end_time",
                "TIME_OUT_OF_RANGE",
            ),
            (|b| b.peak_end_time = at(1), "peak_end_time", "NOT_IN_ORDER"),
            (
                |b| *b = WaterLevel { gauge: "Maas".into(), ..WaterLevel::default() },
                "level_m",
                "REQUIRED",
            ),
        ];
        refuses("water_level", body, rows);
    }

    #[test]
    fn a_peak_time_is_enough() {
        let entry = changed("water_level", body, |b| {
            *b = WaterLevel { gauge: "Roer".into(), peak_time: at(1), ..WaterLevel::default() };
            b.peak_end_time = b.peak_time;
        });
        assert_eq!(violations(&entry), []);
    }

    #[test]
    fn the_line_gives_level_flow_and_trend() {
        says(
            "water_level",
            "Borgharen-Dorp, 45.50-45.75 m NAP, 3,260-3,310 m3/s, 1.5-2 m deep, rising",
            "Borgharen-Dorp, 45,50-45,75 m NAP, 3.260-3.310 m3/s, 1,5-2 m diep, stijgend",
        );
        let entry = changed("water_level", body, |b| {
            *b = WaterLevel { gauge: "Lobith".into(), ..WaterLevel::default() };
            (b.discharge_m3_s, b.trend) = (Some(3260.0), WaterTrend::Peak.into());
        });
        says_of(&entry, "Lobith, 3,260 m3/s, peak", "Lobith, 3.260 m3/s, piek");
    }
}
