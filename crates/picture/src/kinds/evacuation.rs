//! People leaving a place, ordered or advised.

use polder_wire::v1::{Entry, EvacuationBasis, EvacuationState, entry::Body};

use super::{
    Kind, bracketed,
    counts::{count, counted},
    hours, line,
};
use crate::{check::Checker, language::Language};

pub(super) const KIND: Kind = Kind {
    field: 106,
    name: "evacuation",
    // Teams report at least once a shift how far they are.
    useful_life: hours(12),
    settles_itself: false,
    text_required: false,
    check,
    figures,
};

fn check(entry: &Entry, check: &mut Checker<'_>) {
    let Some(Body::Evacuation(body)) = &entry.body else {
        return;
    };
    check.enumeration::<EvacuationState>("state", body.state, true);
    check.enumeration::<EvacuationBasis>("basis", body.basis, false);
    count(check, "people", body.people.as_ref());
    count(check, "homes", body.homes.as_ref());
    check.time("deadline", body.deadline.as_ref());
    check.text("destination", &body.destination, 0..=200);
    check.text("special_groups", &body.special_groups, 0..=1_000);
}

fn figures(entry: &Entry, language: Language) -> String {
    let Some(Body::Evacuation(body)) = &entry.body else {
        return String::new();
    };
    let people =
        counted(body.people.as_ref(), language, ["person", "people"], ["persoon", "mensen"]);
    line([
        bracketed(people, basis_word(body.basis(), language)),
        counted(body.homes.as_ref(), language, ["home", "homes"], ["woning", "woningen"]),
        state_word(body.state(), language).to_owned(),
    ])
}

fn basis_word(basis: EvacuationBasis, language: Language) -> &'static str {
    match basis {
        EvacuationBasis::Unspecified => "",
        EvacuationBasis::Advised => language.pick("advised", "geadviseerd"),
        EvacuationBasis::Ordered => language.pick("ordered", "verplicht"),
        EvacuationBasis::Voluntary => language.pick("voluntary", "vrijwillig"),
        EvacuationBasis::Forced => language.pick("forced", "gedwongen"),
    }
}

fn state_word(state: EvacuationState, language: Language) -> &'static str {
    match state {
        EvacuationState::Unspecified => "",
        EvacuationState::Prepared => language.pick("prepared", "voorbereid"),
        EvacuationState::UnderWay => language.pick("under way", "gaande"),
        EvacuationState::Completed => language.pick("completed", "voltooid"),
        EvacuationState::Returned => language.pick("may return", "mogen terug"),
        EvacuationState::CalledOff => language.pick("called off", "afgeblazen"),
    }
}

#[cfg(test)]
mod tests {
    use polder_wire::v1::Evacuation;

    use super::*;
    use crate::kinds::testing::{Wrong, changed, long, never, refuses, says, says_of};

    fn body(body: &mut Body) -> Option<&mut Evacuation> {
        match body {
            Body::Evacuation(body) => Some(body),
            _ => None,
        }
    }

    #[test]
    fn wrong_bodies_are_refused() {
        let rows: &[Wrong<Evacuation>] = &[
            (|b| b.state = 0, "state", "REQUIRED"),
            (|b| b.state = 6, "state", "UNKNOWN_VALUE"),
            (|b| b.basis = 5, "basis", "UNKNOWN_VALUE"),
            (|b| b.people.as_mut().unwrap().basis = 9, "people.basis", "UNKNOWN_VALUE"),
            (|b| b.homes.as_mut().unwrap().value = -1, "homes.value", "OUT_OF_RANGE"),
            (|b| b.deadline = never(), "deadline", "TIME_OUT_OF_RANGE"),
            (|b| b.destination = long(200), "destination", "TOO_LONG"),
            (|b| b.special_groups = long(1_000), "special_groups", "TOO_LONG"),
        ];
        refuses("evacuation", body, rows);
    }

    #[test]
    fn the_line_gives_people_and_how_far_it_is() {
        says(
            "evacuation",
            "6,500 people (ordered), about 2,700 homes, under way",
            "6.500 mensen (verplicht), ongeveer 2.700 woningen, gaande",
        );
        let entry = changed("evacuation", body, |b| (b.people, b.homes) = (None, None));
        says_of(&entry, "ordered, under way", "verplicht, gaande");
    }
}
