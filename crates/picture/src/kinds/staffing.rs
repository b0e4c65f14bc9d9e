//! A team, unit or group of people: how many there are, on duty and at rest, and until when.

use polder_wire::v1::{Entry, StaffSort, Staffing, entry::Body};

use super::{
    Kind, bracketed,
    counts::{amount, count},
    hours, line, subject,
};
use crate::{check::Checker, language::Language};

pub(super) const KIND: Kind = Kind {
    field: 121,
    name: "staffing",
    // A shift: then others are there, or the same people in another state.
    useful_life: hours(12),
    settles_itself: false,
    text_required: false,
    check,
    figures,
};

const DUTY_MAX_S: i64 = 7 * 86_400;

fn check(entry: &Entry, check: &mut Checker<'_>) {
    let Some(Body::Staffing(body)) = &entry.body else {
        return;
    };
    check.text("unit", &body.unit, 1..=200);
    check.enumeration::<StaffSort>("sort", body.sort, true);
    check.text("function", &body.function, 0..=200);
    let numbers = [
        ("present", &body.present),
        ("available", &body.available),
        ("on_duty", &body.on_duty),
        ("resting", &body.resting),
    ];
    for (field, number) in numbers {
        count(check, field, number.as_ref());
    }
    check.time("shift_begin", body.shift_begin.as_ref());
    check.time("shift_end", body.shift_end.as_ref());
    let begin = ("shift_begin", body.shift_begin.as_ref());
    check.order(begin, ("shift_end", body.shift_end.as_ref()), false);
    check.time("relief_expected", body.relief_expected.as_ref());
    if let Some(duty) = &body.longest_duty
        && (!(0..=DUTY_MAX_S).contains(&duty.seconds) || duty.nanos != 0)
    {
        check.wrong("longest_duty", "OUT_OF_RANGE", "must be whole seconds, 0 to 604,800");
    }
    let counted = numbers.iter().any(|(_, number)| number.is_some());
    if !counted && body.shift_begin.is_none() && body.shift_end.is_none() {
        check.wrong("present", "REQUIRED", "or another number, or a time of the shift is required");
    }
}

fn figures(entry: &Entry, language: Language) -> String {
    let Some(Body::Staffing(body)) = &entry.body else {
        return String::new();
    };
    let numbers = [
        (&body.present, language.pick("present", "aanwezig")),
        (&body.available, language.pick("available", "beschikbaar")),
        (&body.on_duty, language.pick("on duty", "in dienst")),
        (&body.resting, language.pick("resting", "rusten")),
    ];
    let [present, available, on_duty, resting] = numbers.map(|(number, word)| match number {
        Some(_) => format!("{} {word}", amount(number.as_ref(), language)),
        None => String::new(),
    });
    let who = bracketed(subject(entry, &body.unit), &body.function);
    line([who, sort(body, language), present, available, on_duty, resting, longest(body, language)])
}

/// Own people are what one expects.
fn sort(body: &Staffing, language: Language) -> String {
    match body.sort() {
        StaffSort::Unspecified | StaffSort::Own => "",
        StaffSort::Volunteers => language.pick("volunteers", "vrijwilligers"),
        StaffSort::Spontaneous => language.pick("spontaneous help", "spontane hulp"),
    }
    .to_owned()
}

fn longest(body: &Staffing, language: Language) -> String {
    let Some(duty) = body.longest_duty.filter(|duty| duty.seconds > 0) else {
        return String::new();
    };
    let hours = language.number((duty.seconds as f64 / 360.0).round() / 10.0);
    format!("{} {hours} {}", language.pick("longest", "langste"), language.pick("h", "u"))
}

#[cfg(test)]
mod tests {
    use prost_types::Duration;

    use super::*;
    use crate::kinds::testing::{Wrong, at, changed, long, never, refuses, says, says_of};

    fn body(body: &mut Body) -> Option<&mut Staffing> {
        match body {
            Body::Staffing(body) => Some(body),
            _ => None,
        }
    }

    fn lasting(seconds: i64, nanos: i32) -> Option<Duration> {
        Some(Duration { seconds, nanos })
    }

    #[test]
    fn wrong_bodies_are_refused() {
        let rows: &[Wrong<Staffing>] = &[
            (|b| b.unit.clear(), "unit", "REQUIRED"),
            (|b| b.unit = long(200), "unit", "TOO_LONG"),
            (|b| b.sort = 0, "sort", "REQUIRED"),
            (|b| b.sort = 4, "sort", "UNKNOWN_VALUE"),
            (|b| b.function = long(200), "function", "TOO_LONG"),
            (|b| b.present.as_mut().unwrap().value = -1, "present.value", "OUT_OF_RANGE"),
            (|b| b.resting.as_mut().unwrap().basis = 9, "resting.basis", "UNKNOWN_VALUE"),
            (|b| b.shift_begin = never(), "shift_begin", "TIME_OUT_OF_RANGE"),
            (|b| b.shift_end = at(1), "shift_end", "NOT_IN_ORDER"),
            (|b| b.relief_expected = never(), "relief_expected", "TIME_OUT_OF_RANGE"),
            (|b| b.longest_duty = lasting(-1, 0), "longest_duty", "OUT_OF_RANGE"),
            (|b| b.longest_duty = lasting(604_801, 0), "longest_duty", "OUT_OF_RANGE"),
            (|b| b.longest_duty = lasting(1, 1), "longest_duty", "OUT_OF_RANGE"),
            (
                |b| *b = Staffing { unit: "Dike watch".into(), sort: 1, ..<_>::default() },
                "present",
                "REQUIRED",
            ),
        ];
        refuses("staffing", body, rows);
    }

    #[test]
    fn the_line_gives_who_they_are_and_how_many() {
        says(
            "staffing",
            "Dijkleger Arcen (dike watch), volunteers, 60 present, 12 available, 30 on duty, \
             18 resting, longest 10.5 h",
            "Dijkleger Arcen (dike watch), vrijwilligers, 60 aanwezig, 12 beschikbaar, \
             30 in dienst, 18 rusten, langste 10,5 u",
        );
        let entry = changed("staffing", body, |b| {
            let (unit, shift_end) = ("Peloton".into(), at(1_626_328_800));
            *b = Staffing { unit, sort: 3, shift_end, ..<_>::default() };
        });
        says_of(&entry, "Peloton, spontaneous help", "Peloton, spontane hulp");
    }
}
