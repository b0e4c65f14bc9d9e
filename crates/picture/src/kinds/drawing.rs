//! A mark on the map: the entry's geometry with a label.

use polder_wire::v1::{DrawingPhase, Entry, entry::Body};

use super::{Kind, bracketed, subject};
use crate::{check::Checker, language::Language};

pub(super) const KIND: Kind = Kind {
    field: 114,
    name: "drawing",
    // Stays on the map until somebody wipes it out.
    useful_life: None,
    settles_itself: false,
    text_required: false,
    check,
    figures,
};

fn check(entry: &Entry, check: &mut Checker<'_>) {
    let Some(Body::Drawing(body)) = &entry.body else {
        return;
    };
    check.text("label", &body.label, 1..=200);
    check.enumeration::<DrawingPhase>("phase", body.phase, false);
    if !body.colour.is_empty() && !is_colour(&body.colour) {
        check.wrong("colour", "MALFORMED_COLOUR", "is not of the form `#rrggbb`");
    }
    check.text("symbol", &body.symbol, 0..=63);
    if entry.geometry.is_none() {
        check.beside(|check| check.wrong("geometry", "REQUIRED", "is required for a drawing"));
    }
}

fn is_colour(text: &str) -> bool {
    let digits = text.strip_prefix('#').unwrap_or_default();
    digits.len() == 6 && digits.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn figures(entry: &Entry, language: Language) -> String {
    let Some(Body::Drawing(body)) = &entry.body else {
        return String::new();
    };
    let label = super::line([subject(entry, &body.label)]);
    bracketed(label, phase_word(body.phase(), language))
}

fn phase_word(phase: DrawingPhase, language: Language) -> &'static str {
    match phase {
        DrawingPhase::Unspecified => "",
        DrawingPhase::Ground => language.pick("ground map", "ondergrond"),
        DrawingPhase::Preparation => language.pick("preparation", "voorbereiding"),
        DrawingPhase::Response => language.pick("response", "inzet"),
    }
}

#[cfg(test)]
mod tests {
    use polder_wire::v1::Drawing;

    use super::*;
    use crate::kinds::testing::{Wrong, example, long, refuses, says, violations};

    fn body(body: &mut Body) -> Option<&mut Drawing> {
        match body {
            Body::Drawing(body) => Some(body),
            _ => None,
        }
    }

    #[test]
    fn wrong_bodies_are_refused() {
        let rows: &[Wrong<Drawing>] = &[
            (|b| b.label.clear(), "label", "REQUIRED"),
            (|b| b.label = long(200), "label", "TOO_LONG"),
            (|b| b.phase = 4, "phase", "UNKNOWN_VALUE"),
            (|b| b.colour = "red".into(), "colour", "MALFORMED_COLOUR"),
            (|b| b.colour = "#12345".into(), "colour", "MALFORMED_COLOUR"),
            (|b| b.colour = "#12345g".into(), "colour", "MALFORMED_COLOUR"),
            (|b| b.symbol = long(63), "symbol", "TOO_LONG"),
        ];
        refuses("drawing", body, rows);
    }

    #[test]
    fn a_drawing_stands_somewhere() {
        let nowhere = Entry { geometry: None, ..example("drawing") };
        assert_eq!(violations(&nowhere), [("geometry".to_owned(), "REQUIRED")]);
    }

    #[test]
    fn the_line_gives_the_label() {
        says("drawing", "Emergency dike Arcen (response)", "Emergency dike Arcen (inzet)");
    }
}
