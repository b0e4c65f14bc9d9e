//! Units, people or goods: where they are and what they do. Positions overtake each other.

use polder_wire::v1::{Entry, ResourceState, entry::Body};

use super::{
    Kind,
    counts::{amount, count, counted},
    line, minutes, subject,
};
use crate::{check::Checker, language::Language};

pub(super) const KIND: Kind = Kind {
    field: 108,
    name: "resource",
    // A unit that has not reported for half an hour may be anywhere by now. Goods that stay where
    // they are have an author who can say so with `valid_until`.
    useful_life: minutes(30),
    settles_itself: true,
    text_required: false,
    check,
    figures,
};

fn check(entry: &Entry, check: &mut Checker<'_>) {
    let Some(Body::Resource(body)) = &entry.body else {
        return;
    };
    check.text("type", &body.r#type, 1..=200);
    check.text("call_sign", &body.call_sign, 0..=63);
    check.enumeration::<ResourceState>("state", body.state, false);
    count(check, "quantity", body.quantity.as_ref());
    count(check, "personnel", body.personnel.as_ref());
    check.text("destination", &body.destination, 0..=200);
    check.time("expected_arrival_time", body.expected_arrival_time.as_ref());
    check.time("available_until", body.available_until.as_ref());
    check.direction("course_deg", body.course_deg);
    check.optional_range("speed_m_s", body.speed_m_s, 0.0..=1_000.0);
}

fn figures(entry: &Entry, language: Language) -> String {
    let Some(Body::Resource(body)) = &entry.body else {
        return String::new();
    };
    let what = format!("{} {}", amount(body.quantity.as_ref(), language), body.r#type);
    let personnel = body.personnel.as_ref();
    let state = state_word(body.state(), language);
    line([
        subject(entry, &body.call_sign),
        what.trim().to_owned(),
        counted(personnel, language, ["person", "people"], ["persoon", "personen"]),
        going(state, &body.destination, language),
    ])
}

fn going(state: &str, destination: &str, language: Language) -> String {
    if destination.is_empty() {
        return state.to_owned();
    }
    format!("{state} {} {destination}", language.pick("to", "naar")).trim_start().to_owned()
}

fn state_word(state: ResourceState, language: Language) -> &'static str {
    match state {
        ResourceState::Unspecified => "",
        ResourceState::Available => language.pick("available", "beschikbaar"),
        ResourceState::Alerted => language.pick("alerted", "gealarmeerd"),
        ResourceState::EnRoute => language.pick("en route", "onderweg"),
        ResourceState::Deployed => language.pick("deployed", "ingezet"),
        ResourceState::Exhausted => language.pick("exhausted", "uitgeput"),
        ResourceState::Released => language.pick("released", "vrijgegeven"),
        ResourceState::OutOfOrder => language.pick("out of order", "buiten dienst"),
    }
}

#[cfg(test)]
mod tests {
    use polder_wire::v1::Resource;

    use super::*;
    use crate::kinds::testing::{Wrong, changed, long, never, refuses, says, says_of};

    fn body(body: &mut Body) -> Option<&mut Resource> {
        match body {
            Body::Resource(body) => Some(body),
            _ => None,
        }
    }

    #[test]
    fn wrong_bodies_are_refused() {
        let rows: &[Wrong<Resource>] = &[
            (|b| b.r#type.clear(), "type", "REQUIRED"),
            (|b| b.r#type = long(200), "type", "TOO_LONG"),
            (|b| b.call_sign = long(63), "call_sign", "TOO_LONG"),
            (|b| b.state = 8, "state", "UNKNOWN_VALUE"),
            (|b| b.quantity.as_mut().unwrap().value = -1, "quantity.value", "OUT_OF_RANGE"),
            (|b| b.personnel.as_mut().unwrap().value = -1, "personnel.value", "OUT_OF_RANGE"),
            (|b| b.destination = long(200), "destination", "TOO_LONG"),
            (|b| b.expected_arrival_time = never(), "expected_arrival_time", "TIME_OUT_OF_RANGE"),
            (|b| b.available_until = never(), "available_until", "TIME_OUT_OF_RANGE"),
            (|b| b.course_deg = Some(360.0), "course_deg", "OUT_OF_RANGE"),
            (|b| b.course_deg = Some(-1.0), "course_deg", "OUT_OF_RANGE"),
            (|b| b.course_deg = Some(f64::NAN), "course_deg", "OUT_OF_RANGE"),
            (|b| b.speed_m_s = Some(1_000.5), "speed_m_s", "OUT_OF_RANGE"),
        ];
        refuses("resource", body, rows);
    }

    #[test]
    fn the_line_gives_what_it_is_and_does() {
        says(
            "resource",
            "23-8091, 2 rescue boat, 8 people, en route to Arcen",
            "23-8091, 2 rescue boat, 8 personen, onderweg naar Arcen",
        );
        let entry = changed("resource", body, |b| {
            *b = Resource {
                r#type: "sandbags".into(),
                destination: "Well".into(),
                ..<_>::default()
            };
        });
        says_of(&entry, "sandbags, to Well", "sandbags, naar Well");
    }
}
