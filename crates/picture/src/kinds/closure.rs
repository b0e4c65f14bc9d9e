//! A road, railway, waterway, bridge or area closed, or open again.

use polder_wire::v1::{ClosureObject, ClosureState, Entry, entry::Body};

use super::{Kind, figure, hours, line, subject};
use crate::{check::Checker, language::Language};

pub(super) const KIND: Kind = Kind {
    field: 105,
    name: "closure",
    // Who closed it goes past at least once a shift; a barrier nobody looked at may be gone.
    useful_life: hours(12),
    settles_itself: false,
    text_required: false,
    check,
    figures,
};

fn check(entry: &Entry, check: &mut Checker<'_>) {
    let Some(Body::Closure(body)) = &entry.body else {
        return;
    };
    check.enumeration::<ClosureObject>("object", body.object, true);
    check.enumeration::<ClosureState>("state", body.state, true);
    check.text("designation", &body.designation, 0..=200);
    check.text("reason", &body.reason, 0..=1_000);
    check.text("detour", &body.detour, 0..=1_000);
    check.time("expected_reopening_time", body.expected_reopening_time.as_ref());
    check.optional_range("length_km", body.length_km, 0.0..=1_000.0);
}

fn figures(entry: &Entry, language: Language) -> String {
    let Some(Body::Closure(body)) = &entry.body else {
        return String::new();
    };
    let object = object_word(body.object(), language);
    let state = state_word(body.state(), language);
    line([
        subject(entry, &body.designation),
        format!("{object} {state}").trim().to_owned(),
        figure(body.length_km, None, "km", |value| language.number(value)),
    ])
}

fn object_word(object: ClosureObject, language: Language) -> &'static str {
    match object {
        ClosureObject::Unspecified => "",
        ClosureObject::Road => language.pick("road", "weg"),
        ClosureObject::Bridge => language.pick("bridge", "brug"),
        ClosureObject::Tunnel => "tunnel",
        ClosureObject::Railway => language.pick("railway", "spoor"),
        ClosureObject::Waterway => language.pick("waterway", "vaarweg"),
        ClosureObject::Area => language.pick("area", "gebied"),
        ClosureObject::Airspace => language.pick("airspace", "luchtruim"),
        ClosureObject::Building => language.pick("building", "gebouw"),
    }
}

fn state_word(state: ClosureState, language: Language) -> &'static str {
    match state {
        ClosureState::Unspecified => "",
        ClosureState::Closed => language.pick("closed", "afgesloten"),
        ClosureState::Restricted => language.pick("restricted", "beperkt open"),
        ClosureState::Open => "open",
    }
}

#[cfg(test)]
mod tests {
    use polder_wire::v1::Closure;

    use super::*;
    use crate::kinds::testing::{Wrong, long, never, refuses, says};

    fn body(body: &mut Body) -> Option<&mut Closure> {
        match body {
            Body::Closure(body) => Some(body),
            _ => None,
        }
    }

    #[test]
    fn wrong_bodies_are_refused() {
        let rows: &[Wrong<Closure>] = &[
            (|b| b.object = 0, "object", "REQUIRED"),
            (|b| b.object = 9, "object", "UNKNOWN_VALUE"),
            (|b| b.state = 0, "state", "REQUIRED"),
            (|b| b.state = 4, "state", "UNKNOWN_VALUE"),
            (|b| b.designation = long(200), "designation", "TOO_LONG"),
            (|b| b.reason = long(1_000), "reason", "TOO_LONG"),
            (|b| b.detour = long(1_000), "detour", "TOO_LONG"),
            (
                |b| b.expected_reopening_time = never(),
                "expected_reopening_time",
                "TIME_OUT_OF_RANGE",
            ),
            (|b| b.length_km = Some(1_000.1), "length_km", "OUT_OF_RANGE"),
            (|b| b.length_km = Some(-0.1), "length_km", "OUT_OF_RANGE"),
        ];
        refuses("closure", body, rows);
    }

    #[test]
    fn the_line_names_the_object() {
        says(
            "closure",
            "N271 Gennep-Nieuw Bergen, road closed, 12.5 km",
            "N271 Gennep-Nieuw Bergen, weg afgesloten, 12,5 km",
        );
    }
}
