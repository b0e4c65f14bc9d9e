//! Readings at a place, or the area in which people feel the effect.

use polder_wire::v1::{Entry, Geometry, Reading, entry::Body};

use super::{Kind, hours, line};
use crate::{check::Checker, entry::is_surface, language::Language};

pub(super) const KIND: Kind = Kind {
    field: 104,
    name: "measurement",
    // Smoke and gas go where the wind goes: an older reading says little about the air now.
    useful_life: hours(2),
    settles_itself: false,
    text_required: false,
    check,
    figures,
};

/// More readings than this are not said in one line.
const SAID_MAX: usize = 4;

fn check(entry: &Entry, check: &mut Checker<'_>) {
    let Some(Body::Measurement(body)) = &entry.body else {
        return;
    };
    let least = usize::from(!body.effect_area);
    check.each("readings", &body.readings, least..=32, check_reading);
    check.text("effect", &body.effect, 0..=200);
    if body.effect_area {
        check.beside(|check| check_area(entry.geometry.as_ref(), check));
    }
}

fn check_reading(check: &mut Checker<'_>, reading: &Reading) {
    check.text("quantity", &reading.quantity, 1..=200);
    check.finite("value", reading.value);
    check.text("unit", &reading.unit, 1..=20);
    // UCUM has codes of visible ASCII only; `µg` is `ug` there.
    if !reading.unit.trim().is_empty() && !reading.unit.bytes().all(|byte| byte.is_ascii_graphic())
    {
        check.wrong("unit", "MALFORMED_UNIT", "must be a UCUM unit such as `mg/m3` or `uSv/h`");
    }
    if !reading.cas_number.is_empty() && !is_cas_number(&reading.cas_number) {
        check.wrong("cas_number", "MALFORMED_CAS_NUMBER", "is not one such as `7664-41-7`");
    }
}

fn check_area(geometry: Option<&Geometry>, check: &mut Checker<'_>) {
    match geometry {
        None => check.wrong("geometry", "REQUIRED", "is required for an effect area"),
        Some(geometry) if !is_surface(geometry) => {
            let sentence = "must be a polygon, a circle or several of them for an effect area";
            check.wrong("geometry", "NOT_A_SURFACE", sentence);
        }
        Some(_) => {}
    }
}

/// 2 to 7 digits, 2 digits and a check digit: the sum of the digits before, each times its place
/// from the right, modulo 10.
fn is_cas_number(text: &str) -> bool {
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    let mut parts = text.splitn(3, '-');
    let (Some(first), Some(second), Some(last)) = (parts.next(), parts.next(), parts.next()) else {
        return false;
    };
    if !(2..=7).contains(&first.len()) || second.len() != 2 || last.len() != 1 {
        return false;
    }
    if first.starts_with('0') || ![first, second, last].into_iter().all(digits) {
        return false;
    }
    let places = first.bytes().chain(second.bytes()).rev().zip(1_u32..);
    let sum: u32 = places.map(|(digit, place)| u32::from(digit - b'0') * place).sum();
    last.bytes().all(|digit| u32::from(digit - b'0') == sum % 10)
}

fn figures(entry: &Entry, language: Language) -> String {
    let Some(Body::Measurement(body)) = &entry.body else {
        return String::new();
    };
    let said = body.readings.iter().take(SAID_MAX).map(|reading| reading_words(reading, language));
    let said: Vec<_> = said.collect();
    let more = match body.readings.len().saturating_sub(SAID_MAX) {
        0 => String::new(),
        more => format!("+{more}"),
    };
    let area = if body.effect_area { language.pick("effect area", "effectgebied") } else { "" };
    line([area.to_owned(), body.effect.clone(), said.join(", "), more])
}

fn reading_words(reading: &Reading, language: Language) -> String {
    let below = if reading.below_limit { "< " } else { "" };
    // `Cel` is how UCUM writes it, not how anybody reads it.
    let unit = if reading.unit == "Cel" { "°C" } else { &reading.unit };
    format!("{} {below}{} {unit}", reading.quantity, language.number(reading.value))
}

#[cfg(test)]
mod tests {
    use polder_wire::v1::{Line, Measurement, MultiGeometry, Position, geometry::Shape};

    use super::*;
    use crate::kinds::testing::{Wrong, changed, long, refuses, says, violations};

    fn body(body: &mut Body) -> Option<&mut Measurement> {
        match body {
            Body::Measurement(body) => Some(body),
            _ => None,
        }
    }

    #[test]
    fn wrong_bodies_are_refused() {
        let rows: &[Wrong<Measurement>] = &[
            (|b| b.readings = vec![b.readings[0].clone(); 33], "readings", "TOO_MANY"),
            (|b| (b.readings, b.effect_area) = (Vec::new(), false), "readings", "TOO_FEW"),
            (|b| b.readings[0].quantity.clear(), "readings[0].quantity", "REQUIRED"),
            (|b| b.readings[0].quantity = long(200), "readings[0].quantity", "TOO_LONG"),
            (|b| b.readings[0].value = f64::NAN, "readings[0].value", "NOT_FINITE"),
            (|b| b.readings[0].value = f64::INFINITY, "readings[0].value", "NOT_FINITE"),
            (|b| b.readings[0].unit.clear(), "readings[0].unit", "REQUIRED"),
            (|b| b.readings[0].unit = long(20), "readings[0].unit", "TOO_LONG"),
            (|b| b.readings[0].unit = "µg/m3".into(), "readings[0].unit", "MALFORMED_UNIT"),
            (|b| b.readings[0].unit = "mg m3".into(), "readings[0].unit", "MALFORMED_UNIT"),
            (
                |b| b.readings[0].cas_number = "7664-41-8".into(),
                "readings[0].cas_number",
                "MALFORMED_CAS_NUMBER",
            ),
            (|b| b.effect = long(200), "effect", "TOO_LONG"),
        ];
        refuses("measurement", body, rows);
    }

    #[test]
    fn an_effect_area_is_a_surface() {
        let mut entry = changed("measurement", body, |b| b.readings.clear());
        assert_eq!(violations(&entry), []);
        let surface = entry.geometry.take().unwrap();
        assert_eq!(violations(&entry), [("geometry".to_owned(), "REQUIRED")]);
        let points = vec![Position { latitude: 51.0, longitude: 5.0 }; 2];
        let line = Geometry { shape: Some(Shape::Line(Line { points })), accuracy_m: 0.0 };
        entry.geometry = Some(line.clone());
        assert_eq!(violations(&entry), [("geometry".to_owned(), "NOT_A_SURFACE")]);
        for (parts, expected) in [
            (vec![surface.clone(), surface.clone()], vec![]),
            (vec![surface, line], vec![("geometry".to_owned(), "NOT_A_SURFACE")]),
        ] {
            let shape = Some(Shape::Multi(MultiGeometry { geometries: parts }));
            entry.geometry = Some(Geometry { shape, accuracy_m: 0.0 });
            assert_eq!(violations(&entry), expected);
        }
    }

    #[test]
    fn cas_numbers_have_a_check_digit() {
        for right in ["7664-41-7", "7732-18-5", "50-00-0", "630-08-0", "1234567-89-5"] {
            assert!(is_cas_number(right), "{right}");
        }
        for wrong in ["", "7664-41", "7664-41-", "7664-41-77", "7-41-7", "é664-41-7", "07664-41-7"]
        {
            assert!(!is_cas_number(wrong), "{wrong}");
        }
    }

    #[test]
    fn the_line_gives_the_readings() {
        says(
            "measurement",
            "effect area, smell of fuel oil, benzene 1.25 mg/m3, ammonia < 5 ppm, air 21.5 °C",
            "effect area, smell of fuel oil, benzene 1,25 mg/m3, ammonia < 5 ppm, air 21,5 °C"
                .replace("effect area", "effectgebied")
                .as_str(),
        );
    }
}
