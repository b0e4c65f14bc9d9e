//! State of a dike, dam, weir or retention basin.

use polder_wire::v1::{Entry, FloodDefence, FloodDefenceState, entry::Body};

use super::{Kind, bracketed, figure, hours, line, subject};
use crate::{check::Checker, language::Language};

pub(super) const KIND: Kind = Kind {
    field: 116,
    name: "flood_defence",
    // At high water dike guards walk their stretch several times a day; six hours is two rounds.
    useful_life: hours(6),
    settles_itself: false,
    text_required: false,
    check,
    figures,
};

fn check(entry: &Entry, check: &mut Checker<'_>) {
    let Some(Body::FloodDefence(body)) = &entry.body else {
        return;
    };
    check.text("structure", &body.structure, 1..=200);
    check.enumeration::<FloodDefenceState>("state", body.state, true);
    check.text("failure_mode", &body.failure_mode, 0..=200);
    check.optional_range("length_m", body.length_m, 0.0..=1_000_000.0);
    check.optional_range("raised_m", body.raised_m, 0.0..=100.0);
    if let Some(spots) = body.weak_spots {
        check.integer("weak_spots", spots.into(), 0..=100_000);
    }
}

fn figures(entry: &Entry, language: Language) -> String {
    let Some(Body::FloodDefence(body)) = &entry.body else {
        return String::new();
    };
    let number = |value| language.number(value);
    let state = state_word(body.state(), language).to_owned();
    line([
        subject(entry, &body.structure),
        bracketed(state, &body.failure_mode),
        figure(body.length_m, None, language.pick("m long", "m lang"), number),
        figure(body.raised_m, None, language.pick("m raised", "m verhoogd"), number),
        spots_words(body, language),
    ])
}

fn spots_words(body: &FloodDefence, language: Language) -> String {
    let Some(spots) = body.weak_spots else {
        return String::new();
    };
    let [one, many] = language.pick(["weak spot", "weak spots"], ["zwakke plek", "zwakke plekken"]);
    let noun = if spots == 1 { one } else { many };
    format!("{} {noun}", language.whole(spots.into()))
}

fn state_word(state: FloodDefenceState, language: Language) -> &'static str {
    match state {
        FloodDefenceState::Unspecified => "",
        FloodDefenceState::Sound => language.pick("sound", "in orde"),
        FloodDefenceState::Threatened => language.pick("threatened", "bedreigd"),
        FloodDefenceState::Reinforced => language.pick("reinforced", "versterkt"),
        FloodDefenceState::Overtopped => language.pick("overtopped", "overstroomd"),
        FloodDefenceState::Leaking => language.pick("leaking", "lekt"),
        FloodDefenceState::Breached => language.pick("breached", "doorgebroken"),
        FloodDefenceState::ClosedAgain => language.pick("closed again", "weer gesloten"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kinds::testing::{Wrong, changed, long, refuses, says, says_of};

    fn body(body: &mut Body) -> Option<&mut FloodDefence> {
        match body {
            Body::FloodDefence(body) => Some(body),
            _ => None,
        }
    }

    #[test]
    fn wrong_bodies_are_refused() {
        let rows: &[Wrong<FloodDefence>] = &[
            (|b| b.structure.clear(), "structure", "REQUIRED"),
            (|b| b.structure = long(200), "structure", "TOO_LONG"),
            (|b| b.state = 0, "state", "REQUIRED"),
            (|b| b.state = 8, "state", "UNKNOWN_VALUE"),
            (|b| b.failure_mode = long(200), "failure_mode", "TOO_LONG"),
            (|b| b.length_m = Some(1_000_001.0), "length_m", "OUT_OF_RANGE"),
            (|b| b.raised_m = Some(f64::INFINITY), "raised_m", "OUT_OF_RANGE"),
            (|b| b.weak_spots = Some(-1), "weak_spots", "OUT_OF_RANGE"),
            (|b| b.weak_spots = Some(100_001), "weak_spots", "OUT_OF_RANGE"),
        ];
        refuses("flood_defence", body, rows);
    }

    #[test]
    fn the_line_says_what_is_wrong_with_it() {
        says(
            "flood_defence",
            "Juliana Canal dike Meers, leaking (sand boil), 150 m long, 0.4 m raised, 3 weak spots",
            "Juliana Canal dike Meers, lekt (sand boil), 150 m lang, 0,4 m verhoogd, \
             3 zwakke plekken",
        );
        let one = changed("flood_defence", body, |b| {
            *b = FloodDefence { weak_spots: Some(1), ..FloodDefence::default() };
        });
        says_of(&one, "1 weak spot", "1 zwakke plek");
    }
}
