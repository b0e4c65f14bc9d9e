//! A decision, with what it rests on. What was decided stands in the texts.

use polder_wire::v1::{DecisionState, Entry, entry::Body};

use super::{Kind, bracketed, line};
use crate::{check::Checker, language::Language, names::VersionName};

pub(super) const KIND: Kind = Kind {
    field: 112,
    name: "decision",
    // Holds until another decision.
    useful_life: None,
    settles_itself: false,
    text_required: false,
    check,
    figures,
};

/// The form of a version's name, as sentences show it.
pub(super) const VERSION: &str = "incidents/{incident}/entries/{entry}/versions/{version}";

fn check(entry: &Entry, check: &mut Checker<'_>) {
    let Some(Body::Decision(body)) = &entry.body else {
        return;
    };
    check.text("decided_by", &body.decided_by, 1..=200);
    check.time("decided_time", body.decided_time.as_ref());
    check.enumeration::<DecisionState>("state", body.state, false);
    check.text("legal_ground", &body.legal_ground, 0..=200);
    check.text("rationale", &body.rationale, 0..=4_000);
    check.each("alternatives", &body.alternatives, 0..=16, |check, alternative| {
        check.text("", alternative, 1..=1_000);
    });
    check.each("basis", &body.basis, 0..=64, |check, version| {
        check.name("", version, true, VersionName::parse, VERSION);
    });
}

fn figures(entry: &Entry, language: Language) -> String {
    let Some(Body::Decision(body)) = &entry.body else {
        return String::new();
    };
    let by = bracketed(body.decided_by.clone(), &body.legal_ground);
    line([state_word(body.state(), language).to_owned(), by])
}

fn state_word(state: DecisionState, language: Language) -> &'static str {
    match state {
        DecisionState::Unspecified => "",
        DecisionState::Proposed => language.pick("proposed", "voorgesteld"),
        DecisionState::Taken => language.pick("taken", "genomen"),
        DecisionState::Withdrawn => language.pick("withdrawn", "ingetrokken"),
    }
}

#[cfg(test)]
mod tests {
    use polder_wire::v1::Decision;

    use super::*;
    use crate::kinds::testing::{Wrong, long, never, refuses, says};

    fn body(body: &mut Body) -> Option<&mut Decision> {
        match body {
            Body::Decision(body) => Some(body),
            _ => None,
        }
    }

    #[test]
    fn wrong_bodies_are_refused() {
        let rows: &[Wrong<Decision>] = &[
            (|b| b.decided_by.clear(), "decided_by", "REQUIRED"),
            (|b| b.decided_by = long(200), "decided_by", "TOO_LONG"),
            (|b| b.decided_time = never(), "decided_time", "TIME_OUT_OF_RANGE"),
            (|b| b.state = 4, "state", "UNKNOWN_VALUE"),
            (|b| b.legal_ground = long(200), "legal_ground", "TOO_LONG"),
            (|b| b.rationale = long(4_000), "rationale", "TOO_LONG"),
            (|b| b.alternatives = vec!["x".into(); 17], "alternatives", "TOO_MANY"),
            (|b| b.alternatives[0] = long(1_000), "alternatives[0]", "TOO_LONG"),
            (|b| b.alternatives[0].clear(), "alternatives[0]", "REQUIRED"),
            (|b| b.basis = vec![b.basis[0].clone(); 65], "basis", "TOO_MANY"),
            (|b| b.basis[0].push('x'), "basis[0]", "MALFORMED_NAME"),
            (|b| b.basis[0].clear(), "basis[0]", "REQUIRED"),
        ];
        refuses("decision", body, rows);
    }

    #[test]
    fn the_line_says_who_decided() {
        says(
            "decision",
            "taken, RBT Limburg-Noord (Wvr art. 39)",
            "genomen, RBT Limburg-Noord (Wvr art. 39)",
        );
    }
}
