//! Weather measured or expected (the entry's statement tells which).

use polder_wire::v1::{Entry, Weather, entry::Body};

use super::{Kind, figure, hours, line};
use crate::{check::Checker, language::Language};

pub(super) const KIND: Kind = Kind {
    field: 111,
    name: "weather",
    // Forecasts are made anew every six hours.
    useful_life: hours(6),
    settles_itself: false,
    text_required: false,
    check,
    figures,
};

fn check(entry: &Entry, check: &mut Checker<'_>) {
    let Some(Body::Weather(body)) = &entry.body else {
        return;
    };
    let (rain, rain_high) = (body.precipitation_mm, body.precipitation_high_mm);
    check.optional_range("precipitation_mm", rain, 0.0..=2_000.0);
    check.optional_range("precipitation_high_mm", rain_high, 0.0..=2_000.0);
    check.upper("precipitation_high_mm", rain, rain_high);
    let (start, end) = (body.interval_start.as_ref(), body.interval_end.as_ref());
    check.time("interval_start", start);
    check.time("interval_end", end);
    check.order(("interval_start", start), ("interval_end", end), false);
    check.direction("wind_from_deg", body.wind_from_deg);
    check.optional_range("wind_speed_m_s", body.wind_speed_m_s, 0.0..=150.0);
    check.optional_range("gust_m_s", body.gust_m_s, 0.0..=200.0);
    // A gust may be all that is known of the wind.
    if let (Some(_), Some(_)) = (body.wind_speed_m_s, body.gust_m_s) {
        check.upper("gust_m_s", body.wind_speed_m_s, body.gust_m_s);
    }
    check.optional_range("temperature_c", body.temperature_c, -90.0..=65.0);
    check.optional_range("visibility_m", body.visibility_m, 0.0..=100_000.0);
    check.optional_range("probability_percent", body.probability_percent, 0.0..=100.0);
    if !has_figure(body) {
        check.wrong("precipitation_mm", "REQUIRED", "or another figure is required");
    }
}

/// A chance alone is not one: it must be the chance of something. An upper end alone is refused
/// for want of its lower end already.
fn has_figure(body: &Weather) -> bool {
    [
        body.precipitation_mm.or(body.precipitation_high_mm),
        body.wind_from_deg,
        body.wind_speed_m_s,
        body.gust_m_s,
        body.temperature_c,
        body.visibility_m,
    ]
    .into_iter()
    .any(|figure| figure.is_some())
}

fn figures(entry: &Entry, language: Language) -> String {
    let Some(Body::Weather(body)) = &entry.body else {
        return String::new();
    };
    let number = |value| language.number(value);
    let gusts = figure(body.gust_m_s, None, "m/s", number);
    let sight = figure(body.visibility_m, None, "m", number);
    let chance = figure(body.probability_percent, None, "%", number);
    let after = |words: &str, figure: String| match figure.as_str() {
        "" => figure,
        _ => format!("{words} {figure}"),
    };
    line([
        figure(
            body.precipitation_mm,
            body.precipitation_high_mm,
            language.pick("mm rain", "mm regen"),
            number,
        ),
        wind(body, language),
        after(language.pick("gusts", "windstoten"), gusts),
        figure(body.temperature_c, None, "°C", number),
        after(language.pick("visibility", "zicht"), sight),
        after(language.pick("chance", "kans"), chance),
    ])
}

fn wind(body: &Weather, language: Language) -> String {
    if body.wind_from_deg.is_none() && body.wind_speed_m_s.is_none() {
        return String::new();
    }
    let from = body.wind_from_deg.map_or("", |degrees| compass(degrees, language));
    let speed = figure(body.wind_speed_m_s, None, "m/s", |value| language.number(value));
    [language.pick("wind", "wind"), from, &speed]
        .into_iter()
        .filter(|word| !word.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}

/// The nearest of eight directions, as forecasts name them.
fn compass(degrees: f64, language: Language) -> &'static str {
    const ENGLISH: [&str; 8] = ["N", "NE", "E", "SE", "S", "SW", "W", "NW"];
    const DUTCH: [&str; 8] = ["N", "NO", "O", "ZO", "Z", "ZW", "W", "NW"];
    let nearest = (degrees / 45.0).round().rem_euclid(8.0);
    language.pick(ENGLISH, DUTCH).get(nearest as usize).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kinds::testing::{Wrong, at, changed, never, refuses, says, says_of, violations};

    fn body(body: &mut Body) -> Option<&mut Weather> {
        match body {
            Body::Weather(body) => Some(body),
            _ => None,
        }
    }

    #[test]
    fn wrong_bodies_are_refused() {
        let rows: &[Wrong<Weather>] = &[
            (|b| b.precipitation_mm = Some(-1.0), "precipitation_mm", "OUT_OF_RANGE"),
            (|b| b.precipitation_high_mm = Some(2_001.0), "precipitation_high_mm", "OUT_OF_RANGE"),
            (|b| b.precipitation_high_mm = Some(1.0), "precipitation_high_mm", "NOT_IN_ORDER"),
            (|b| b.precipitation_mm = None, "precipitation_high_mm", "LOWER_MISSING"),
            (|b| b.interval_start = never(), "interval_start", "TIME_OUT_OF_RANGE"),
            (
                |b| (b.interval_start, b.interval_end) = (None, never()),
                "interval_end",
                "TIME_OUT_OF_RANGE",
            ),
            (
                |b| (b.interval_start, b.interval_end) = (at(5), at(5)),
                "interval_end",
                "NOT_IN_ORDER",
            ),
            (|b| b.wind_from_deg = Some(360.0), "wind_from_deg", "OUT_OF_RANGE"),
            (
                |b| (b.wind_speed_m_s, b.gust_m_s) = (Some(150.5), Some(160.0)),
                "wind_speed_m_s",
                "OUT_OF_RANGE",
            ),
            (|b| b.gust_m_s = Some(200.5), "gust_m_s", "OUT_OF_RANGE"),
            (|b| b.gust_m_s = Some(1.0), "gust_m_s", "NOT_IN_ORDER"),
            (|b| b.temperature_c = Some(f64::NAN), "temperature_c", "OUT_OF_RANGE"),
            (|b| b.visibility_m = Some(100_001.0), "visibility_m", "OUT_OF_RANGE"),
            (|b| b.probability_percent = Some(100.5), "probability_percent", "OUT_OF_RANGE"),
            (
                |b| *b = Weather { probability_percent: Some(5.0), ..Weather::default() },
                "precipitation_mm",
                "REQUIRED",
            ),
        ];
        refuses("weather", body, rows);
    }

    #[test]
    fn a_gust_alone_is_enough() {
        let entry = changed("weather", body, |b| {
            *b = Weather { gust_m_s: Some(30.0), ..Weather::default() };
        });
        assert_eq!(violations(&entry), []);
        says_of(&entry, "gusts 30 m/s", "windstoten 30 m/s");
    }

    #[test]
    fn the_line_gives_the_figures() {
        says(
            "weather",
            "80-150 mm rain, wind SW 8.5 m/s, gusts 17 m/s, 16 °C, visibility 1,500 m, chance 90 %",
            "80-150 mm regen, wind ZW 8,5 m/s, windstoten 17 m/s, 16 °C, zicht 1.500 m, kans 90 %",
        );
        let (en, nl) = (Language::English, Language::Dutch);
        assert_eq!((compass(0.0, en), compass(359.9, nl), compass(90.0, nl)), ("N", "N", "O"));
        assert_eq!(compass(f64::NAN, en), "N");
    }
}
