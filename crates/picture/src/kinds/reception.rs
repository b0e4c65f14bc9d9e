//! A place where people are received.

use polder_wire::v1::{Entry, Reception, ReceptionState, entry::Body};

use super::{
    Kind,
    counts::{amount, count},
    hours, line, subject,
};
use crate::{check::Checker, language::Language};

pub(super) const KIND: Kind = Kind {
    field: 117,
    name: "reception",
    // Fills within hours, like the care that it resembles.
    useful_life: hours(4),
    settles_itself: false,
    text_required: false,
    check,
    figures,
};

fn check(entry: &Entry, check: &mut Checker<'_>) {
    let Some(Body::Reception(body)) = &entry.body else {
        return;
    };
    check.text("location", &body.location, 1..=200);
    check.enumeration::<ReceptionState>("state", body.state, true);
    count(check, "capacity", body.capacity.as_ref());
    count(check, "present", body.present.as_ref());
    check.text("intended_for", &body.intended_for, 0..=200);
}

fn figures(entry: &Entry, language: Language) -> String {
    let Some(Body::Reception(body)) = &entry.body else {
        return String::new();
    };
    line([
        subject(entry, &body.location),
        state_word(body.state(), language).to_owned(),
        occupancy(body, language),
        body.intended_for.clone(),
    ])
}

/// `180 of 500 places taken`, as far as known.
fn occupancy(body: &Reception, language: Language) -> String {
    let present = amount(body.present.as_ref(), language);
    let capacity = amount(body.capacity.as_ref(), language);
    match (present.is_empty(), capacity.is_empty()) {
        (true, true) => String::new(),
        (true, false) => {
            language.pick(format!("{capacity} places"), format!("{capacity} plaatsen"))
        }
        (false, true) => language.pick(format!("{present} present"), format!("{present} aanwezig")),
        (false, false) => language.pick(
            format!("{present} of {capacity} places taken"),
            format!("{present} van {capacity} plaatsen bezet"),
        ),
    }
}

fn state_word(state: ReceptionState, language: Language) -> &'static str {
    match state {
        ReceptionState::Unspecified => "",
        ReceptionState::Prepared => language.pick("prepared", "voorbereid"),
        ReceptionState::Open => "open",
        ReceptionState::Full => language.pick("full", "vol"),
        ReceptionState::Closed => language.pick("closed", "gesloten"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kinds::testing::{Wrong, changed, long, refuses, says, says_of};

    fn body(body: &mut Body) -> Option<&mut Reception> {
        match body {
            Body::Reception(body) => Some(body),
            _ => None,
        }
    }

    #[test]
    fn wrong_bodies_are_refused() {
        let rows: &[Wrong<Reception>] = &[
            (|b| b.location.clear(), "location", "REQUIRED"),
            (|b| b.location = long(200), "location", "TOO_LONG"),
            (|b| b.state = 0, "state", "REQUIRED"),
            (|b| b.state = 5, "state", "UNKNOWN_VALUE"),
            (|b| b.capacity.as_mut().unwrap().value = -1, "capacity.value", "OUT_OF_RANGE"),
            (|b| b.present.as_mut().unwrap().basis = 4, "present.basis", "UNKNOWN_VALUE"),
            (|b| b.intended_for = long(200), "intended_for", "TOO_LONG"),
        ];
        refuses("reception", body, rows);
    }

    #[test]
    fn the_line_says_how_full_it_is() {
        says(
            "reception",
            "Evenementenhal Venray, open, 180 of 500 places taken, people from Arcen and Lomm",
            "Evenementenhal Venray, open, 180 van 500 plaatsen bezet, people from Arcen and Lomm",
        );
        let room =
            changed("reception", body, |b| (b.present, b.intended_for) = (None, String::new()));
        let here =
            changed("reception", body, |b| (b.capacity, b.intended_for) = (None, String::new()));
        says_of(
            &room,
            "Evenementenhal Venray, open, 500 places",
            "Evenementenhal Venray, open, 500 plaatsen",
        );
        says_of(
            &here,
            "Evenementenhal Venray, open, 180 present",
            "Evenementenhal Venray, open, 180 aanwezig",
        );
    }
}
