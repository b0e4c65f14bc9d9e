//! A figure that raises an early signal when it is passed.

use polder_wire::v1::{Entry, Threshold, entry::Body};

use super::{Kind, bracketed, line, subject};
use crate::{
    check::{Checker, PARTY},
    language::Language,
    names::PartyName,
};

pub(super) const KIND: Kind = Kind {
    field: 123,
    name: "threshold",
    // It watches until somebody withdraws it, or the time is over that its author gave it.
    useful_life: None,
    settles_itself: false,
    // A signal that does not say what it means is noise.
    text_required: true,
    check,
    figures,
};

/// A figure that can be watched.
#[derive(Debug, Clone, Copy)]
pub struct Aspect {
    /// Field of the contract that holds it.
    pub name: &'static str,
    /// The same of a peak.
    pub peak: Option<&'static str>,
    english: &'static str,
    dutch: &'static str,
    unit: &'static str,
}

const fn aspect(
    name: &'static str,
    english: &'static str,
    dutch: &'static str,
    unit: &'static str,
) -> Aspect {
    Aspect { name, peak: None, english, dutch, unit }
}

const fn with_peak(peak: &'static str, aspect: Aspect) -> Aspect {
    Aspect { peak: Some(peak), ..aspect }
}

/// All figures that can be watched: numbers that `team::claims` finds in an entry.
pub const ASPECTS: &[Aspect] = &[
    with_peak(
        "water_level.peak_discharge_m3_s",
        aspect("water_level.discharge_m3_s", "discharge", "afvoer", "m3/s"),
    ),
    with_peak(
        "water_level.peak_level_m",
        aspect("water_level.level_m", "water level", "waterstand", "m"),
    ),
    with_peak(
        "water_level.peak_depth_m",
        aspect("water_level.depth_m", "depth", "waterdiepte", "m"),
    ),
    aspect("outage.customers", "customers without service", "getroffen aansluitingen", ""),
    aspect("casualties.figures", "casualties", "slachtoffers", ""),
    aspect("measurement.readings", "reading", "meetwaarde", ""),
    aspect("evacuation.people", "people to leave", "te evacueren mensen", ""),
    aspect("evacuation.homes", "homes to be cleared", "te ontruimen woningen", ""),
    aspect("care_capacity.patients", "patients", "patiënten", ""),
    aspect("care_capacity.beds.available", "free beds", "vrije bedden", ""),
    aspect("care_capacity.beds.total", "beds", "bedden", ""),
    aspect("resource.quantity", "number of units", "aantal eenheden", ""),
    aspect("staffing.available", "people available", "beschikbare mensen", ""),
    aspect("staffing.on_duty", "people on duty", "mensen in dienst", ""),
    aspect("weather.precipitation_mm", "rain", "neerslag", "mm"),
    aspect("weather.wind_speed_m_s", "wind", "wind", "m/s"),
    aspect("flood_defence.weak_spots", "weak spots", "zwakke plekken", ""),
    aspect("flood_defence.length_m", "length concerned", "betrokken lengte", "m"),
    aspect("flood_defence.raised_m", "raised by", "opgehoogd met", "m"),
    aspect("reception.capacity", "places", "plaatsen", ""),
    aspect("reception.present", "people present", "aanwezigen", ""),
];

/// Looks a figure up by the field of the contract that holds it.
pub fn aspect_of(name: &str) -> Option<&'static Aspect> {
    ASPECTS.iter().find(|aspect| aspect.name == name)
}

const VALUE_MAX: f64 = 1e12;

fn check(entry: &Entry, check: &mut Checker<'_>) {
    let Some(Body::Threshold(body)) = &entry.body else {
        return;
    };
    if body.aspect.is_empty() {
        check.wrong("aspect", "REQUIRED", "is required");
    } else if aspect_of(&body.aspect).is_none() {
        let known: Vec<_> = ASPECTS.iter().map(|aspect| aspect.name).collect();
        let sentence = format!("is no figure that can be watched: these are {}", known.join(", "));
        check.wrong("aspect", "UNKNOWN_VALUE", sentence);
    }
    check.text("detail", &body.detail, 0..=100);
    check.text("place", &body.place, 0..=200);
    check.name("region", &body.region, false, PartyName::parse, PARTY);
    if !body.region.is_empty() && body.place.trim().is_empty() && entry.geometry.is_none() {
        let sentence = "or a geometry of the entry is required of what a region watches";
        check.wrong("place", "REQUIRED", sentence);
    }
    check.optional_range("above", body.above, -VALUE_MAX..=VALUE_MAX);
    check.optional_range("below", body.below, -VALUE_MAX..=VALUE_MAX);
    match (body.above, body.below) {
        (None, None) => check.wrong("above", "REQUIRED", "or `below` is required"),
        (Some(above), Some(below)) if below >= above => {
            check.wrong("below", "NOT_IN_ORDER", "must be less than `above`");
        }
        _ => {}
    }
}

fn figures(entry: &Entry, language: Language) -> String {
    let Some(Body::Threshold(body)) = &entry.body else {
        return String::new();
    };
    let place = subject(entry, &body.place);
    line([place, bracketed(watched(body, language), &body.detail)])
}

/// What is watched, such as `discharge 2,500 m3/s or more`.
pub fn watched(body: &Threshold, language: Language) -> String {
    let aspect = aspect_of(&body.aspect);
    let name = aspect.map_or(&body.aspect[..], |one| language.pick(one.english, one.dutch));
    let unit = aspect.map_or("", |one| one.unit);
    let value = |value: f64| format!("{} {unit}", language.number(value)).trim_end().to_owned();
    let above =
        body.above.map(|above| format!("{} {}", value(above), language.pick("or more", "of meer")));
    let below = body
        .below
        .map(|below| format!("{} {}", value(below), language.pick("or less", "of minder")));
    let bounds: Vec<_> = above.into_iter().chain(below).collect();
    format!("{name} {}", bounds.join(language.pick(", or ", ", dan wel ")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kinds::testing::{Wrong, changed, long, refuses, says, says_of, violations};

    fn body(body: &mut Body) -> Option<&mut Threshold> {
        match body {
            Body::Threshold(body) => Some(body),
            _ => None,
        }
    }

    #[test]
    fn wrong_bodies_are_refused() {
        let rows: &[Wrong<Threshold>] = &[
            (|b| b.aspect.clear(), "aspect", "REQUIRED"),
            (|b| b.aspect = "closure.state".into(), "aspect", "UNKNOWN_VALUE"),
            (|b| b.detail = long(100), "detail", "TOO_LONG"),
            (|b| b.place = long(200), "place", "TOO_LONG"),
            (|b| b.region = "zuid".into(), "region", "MALFORMED_NAME"),
            (|b| b.above = Some(f64::NAN), "above", "OUT_OF_RANGE"),
            (|b| b.below = Some(-2e12), "below", "OUT_OF_RANGE"),
            (|b| (b.above, b.below) = (None, None), "above", "REQUIRED"),
            (|b| b.below = b.above, "below", "NOT_IN_ORDER"),
        ];
        refuses("threshold", body, rows);
    }

    #[test]
    fn a_region_watches_somewhere() {
        let mut entry = changed("threshold", body, |b| b.place.clear());
        assert!(violations(&entry).is_empty(), "the geometry says where");
        entry.geometry = None;
        assert_eq!(violations(&entry), [("threshold.place".to_owned(), "REQUIRED")]);
    }

    #[test]
    fn the_line_gives_what_is_watched() {
        says(
            "threshold",
            "Maas bij Sint Pieter, discharge 2,500 m3/s or more",
            "Maas bij Sint Pieter, afvoer 2.500 m3/s of meer",
        );
        let entry = changed("threshold", body, |b| {
            *b = Threshold {
                aspect: "care_capacity.beds.available".into(),
                detail: "intensive care".into(),
                above: Some(90.5),
                below: Some(5.0),
                ..<_>::default()
            };
        });
        says_of(
            &entry,
            "free beds 90.5 or more, or 5 or less (intensive care)",
            "vrije bedden 90,5 of meer, dan wel 5 of minder (intensive care)",
        );
    }

    #[test]
    fn every_figure_stands_once() {
        let mut names: Vec<_> = ASPECTS.iter().map(|aspect| aspect.name).collect();
        names.extend(ASPECTS.iter().filter_map(|aspect| aspect.peak));
        let count = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), count);
    }
}
