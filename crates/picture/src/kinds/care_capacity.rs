//! What a hospital or care institution can still do.

use polder_wire::v1::{BedCount, BedType, CareState, Entry, entry::Body};

use super::{
    Kind,
    counts::{amount, count, counted},
    hours, line, subject,
};
use crate::{check::Checker, language::Language};

pub(super) const KIND: Kind = Kind {
    field: 107,
    name: "care_capacity",
    // Beds fill and empty all day; hospitals report a few times a shift when asked.
    useful_life: hours(4),
    settles_itself: false,
    text_required: false,
    check,
    figures,
};

fn check(entry: &Entry, check: &mut Checker<'_>) {
    let Some(Body::CareCapacity(body)) = &entry.body else {
        return;
    };
    check.text("institution", &body.institution, 1..=200);
    check.enumeration::<CareState>("state", body.state, false);
    let mut index = 0;
    check.each("beds", &body.beds, 0..=16, |check, beds| {
        check_beds(beds, &body.beds[..index], check);
        index += 1;
    });
    count(check, "patients", body.patients.as_ref());
}

fn check_beds(beds: &BedCount, earlier: &[BedCount], check: &mut Checker<'_>) {
    check.enumeration::<BedType>("type", beds.r#type, true);
    if earlier.iter().any(|other| other.r#type == beds.r#type) {
        check.wrong("type", "DUPLICATE", "is given twice");
    }
    count(check, "available", beds.available.as_ref());
    count(check, "total", beds.total.as_ref());
}

fn figures(entry: &Entry, language: Language) -> String {
    let Some(Body::CareCapacity(body)) = &entry.body else {
        return String::new();
    };
    let stop = language.pick("admission stop", "opnamestop");
    let patients = body.patients.as_ref();
    let beds: Vec<_> = body.beds.iter().map(|beds| beds_words(beds, language)).collect();
    line([
        subject(entry, &body.institution),
        state_word(body.state(), language).to_owned(),
        if body.admission_stop { stop.to_owned() } else { String::new() },
        beds.join(", "),
        counted(patients, language, ["patient", "patients"], ["patiënt", "patiënten"]),
    ])
}

/// `3/24 intensive care beds`: free and in all, each as far as known.
fn beds_words(beds: &BedCount, language: Language) -> String {
    let known = |number: String| {
        if number.is_empty() { "?".to_owned() } else { number }
    };
    let free = known(amount(beds.available.as_ref(), language));
    let total = known(amount(beds.total.as_ref(), language));
    let name = type_words(beds.r#type(), language);
    language
        .pick(format!("{free} of {total} {name} free"), format!("{free} van {total} {name} vrij"))
}

fn type_words(bed: BedType, language: Language) -> &'static str {
    match bed {
        BedType::Unspecified => language.pick("beds", "bedden"),
        BedType::General => language.pick("general beds", "algemene bedden"),
        BedType::IntensiveCare => language.pick("intensive care beds", "IC-bedden"),
        BedType::Emergency => language.pick("emergency beds", "SEH-bedden"),
        BedType::Burns => language.pick("burns beds", "brandwondenbedden"),
        BedType::Paediatric => language.pick("children's beds", "kinderbedden"),
        BedType::Nursing => language.pick("nursing beds", "verpleegbedden"),
        BedType::Psychiatric => language.pick("psychiatric beds", "psychiatrische bedden"),
    }
}

fn state_word(state: CareState, language: Language) -> &'static str {
    match state {
        CareState::Unspecified => "",
        CareState::Normal => language.pick("normal", "normaal"),
        CareState::Reduced => language.pick("reduced", "beperkt"),
        CareState::Evacuating => language.pick("evacuating", "evacueert"),
        CareState::Closed => language.pick("closed", "gesloten"),
    }
}

#[cfg(test)]
mod tests {
    use polder_wire::v1::CareCapacity;

    use super::*;
    use crate::kinds::testing::{Wrong, long, refuses, says};

    fn body(body: &mut Body) -> Option<&mut CareCapacity> {
        match body {
            Body::CareCapacity(body) => Some(body),
            _ => None,
        }
    }

    #[test]
    fn wrong_bodies_are_refused() {
        let rows: &[Wrong<CareCapacity>] = &[
            (|b| b.institution.clear(), "institution", "REQUIRED"),
            (|b| b.institution = long(200), "institution", "TOO_LONG"),
            (|b| b.state = 5, "state", "UNKNOWN_VALUE"),
            (|b| b.beds = vec![BedCount::default(); 17], "beds", "TOO_MANY"),
            (|b| b.beds[0].r#type = 0, "beds[0].type", "REQUIRED"),
            (|b| b.beds[0].r#type = 8, "beds[0].type", "UNKNOWN_VALUE"),
            (|b| b.beds[1].r#type = b.beds[0].r#type, "beds[1].type", "DUPLICATE"),
            (
                |b| b.beds[0].available.as_mut().unwrap().value = -1,
                "beds[0].available.value",
                "OUT_OF_RANGE",
            ),
            (
                |b| b.beds[0].total.as_mut().unwrap().value = -1,
                "beds[0].total.value",
                "OUT_OF_RANGE",
            ),
            (|b| b.patients.as_mut().unwrap().qualifier = 5, "patients.qualifier", "UNKNOWN_VALUE"),
        ];
        refuses("care_capacity", body, rows);
    }

    #[test]
    fn the_line_gives_free_beds() {
        says(
            "care_capacity",
            "VieCuri Venlo, evacuating, admission stop, 0 of 18 intensive care beds free, \
             about 40 of ? general beds free, 200 patients",
            "VieCuri Venlo, evacueert, opnamestop, 0 van 18 IC-bedden vrij, \
             ongeveer 40 van ? algemene bedden vrij, 200 patiënten",
        );
    }
}
