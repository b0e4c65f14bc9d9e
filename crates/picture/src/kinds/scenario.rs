//! A way in which things may go. What is expected stands in the texts.

use polder_wire::v1::{
    Entry, ImpactCriterion, ImpactLevel, ImpactScore, ScenarioAssumption, ScenarioLikelihood,
    ScenarioType, entry::Body,
};
use uuid::Uuid;

use super::{Kind, counts::count, decision::VERSION, hours, line};
use crate::{
    check::Checker,
    language::Language,
    names::{EntryName, VersionId, VersionName},
};

pub(super) const KIND: Kind = Kind {
    field: 119,
    name: "scenario",
    // What it takes for granted is looked at anew every day.
    useful_life: hours(24),
    settles_itself: false,
    text_required: false,
    check,
    figures,
};

fn check(entry: &Entry, check: &mut Checker<'_>) {
    let Some(Body::Scenario(body)) = &entry.body else {
        return;
    };
    check.text("subject", &body.subject, 1..=200);
    check.enumeration::<ScenarioType>("type", body.r#type, true);
    check.each("assumptions", &body.assumptions, 0..=32, check_assumption);
    check.time("horizon_start", body.horizon_start.as_ref());
    check.time("horizon_end", body.horizon_end.as_ref());
    let start = ("horizon_start", body.horizon_start.as_ref());
    check.order(start, ("horizon_end", body.horizon_end.as_ref()), true);
    check.enumeration::<ScenarioLikelihood>("likelihood", body.likelihood, false);
    check.each("figures", &body.figures, 0..=16, |check, figure| {
        check.line("label", &figure.label, 1..=200);
        match &figure.count {
            Some(_) => count(check, "count", figure.count.as_ref()),
            None => check.wrong("count", "REQUIRED", "is required"),
        }
    });
    let mut scored = Vec::new();
    check.each("scores", &body.scores, 0..=32, |check, score| {
        check_score(check, score);
        if scored.contains(&score.criterion) {
            check.wrong("criterion", "DUPLICATE", "is given twice");
        }
        scored.push(score.criterion);
    });
    check.text("drawn_up_by", &body.drawn_up_by, 0..=200);
}

fn check_assumption(check: &mut Checker<'_>, assumption: &ScenarioAssumption) {
    // What it cites says enough.
    let least = usize::from(assumption.basis.is_empty());
    check.text("text", &assumption.text, least..=1_000);
    check_basis(check, &assumption.basis);
}

fn check_score(check: &mut Checker<'_>, score: &ImpactScore) {
    check.enumeration::<ImpactCriterion>("criterion", score.criterion, true);
    check.enumeration::<ImpactLevel>("level", score.level, true);
    check.text("reason", &score.reason, 0..=1_000);
    check_basis(check, &score.basis);
}

/// A version, or an entry as it was when the scenario was recorded.
pub(crate) fn cited(name: &str) -> Option<(Uuid, Option<VersionId>)> {
    match VersionName::parse(name) {
        Some(name) => Some((name.entry.entry, Some(name.version))),
        None => EntryName::parse(name).map(|name| (name.entry, None)),
    }
}

fn check_basis(check: &mut Checker<'_>, basis: &[String]) {
    check.each("basis", basis, 0..=16, |check, version| {
        check.name("", version, true, cited, VERSION);
    });
}

fn figures(entry: &Entry, language: Language) -> String {
    let Some(Body::Scenario(body)) = &entry.body else {
        return String::new();
    };
    let worst = body.scores.iter().map(ImpactScore::level).max().unwrap_or_default();
    let worst = match level_sign(worst) {
        "" => String::new(),
        sign => format!("{} {sign}", language.pick("at worst", "ergst")),
    };
    line([
        format!("{}: {}", type_word(body.r#type(), language), body.subject),
        likelihood_word(body.likelihood(), language).to_owned(),
        worst,
    ])
}

/// Names a sort of scenario.
pub fn type_word(of: ScenarioType, language: Language) -> &'static str {
    match of {
        ScenarioType::Unspecified => "",
        ScenarioType::MostLikely => language.pick("most likely", "meest waarschijnlijk"),
        ScenarioType::WorstCase => language.pick("worst case", "ergste geval"),
        ScenarioType::BestCase => language.pick("best case", "gunstigste geval"),
        ScenarioType::Other => language.pick("other scenario", "ander scenario"),
    }
}

/// How likely, in words.
pub fn likelihood_word(likelihood: ScenarioLikelihood, language: Language) -> &'static str {
    match likelihood {
        ScenarioLikelihood::Unspecified => "",
        ScenarioLikelihood::VeryUnlikely => language.pick("very unlikely", "zeer onwaarschijnlijk"),
        ScenarioLikelihood::Unlikely => language.pick("unlikely", "onwaarschijnlijk"),
        ScenarioLikelihood::SomewhatLikely => {
            language.pick("somewhat likely", "enigszins waarschijnlijk")
        }
        ScenarioLikelihood::Likely => language.pick("likely", "waarschijnlijk"),
        ScenarioLikelihood::VeryLikely => language.pick("very likely", "zeer waarschijnlijk"),
    }
}

/// The letter of a level; `0` where there is no harm, empty where nothing is said.
pub fn level_sign(level: ImpactLevel) -> &'static str {
    match level {
        ImpactLevel::Unspecified => "",
        ImpactLevel::None => "0",
        ImpactLevel::Limited => "A",
        ImpactLevel::Substantial => "B",
        ImpactLevel::Serious => "C",
        ImpactLevel::VerySerious => "D",
        ImpactLevel::Catastrophic => "E",
    }
}

#[cfg(test)]
mod tests {
    use polder_wire::v1::Scenario;

    use super::*;
    use crate::kinds::testing::{Wrong, at, long, never, refuses, says};

    fn body(body: &mut Body) -> Option<&mut Scenario> {
        match body {
            Body::Scenario(body) => Some(body),
            _ => None,
        }
    }

    #[test]
    fn wrong_bodies_are_refused() {
        let rows: &[Wrong<Scenario>] = &[
            (|b| b.subject.clear(), "subject", "REQUIRED"),
            (|b| b.subject = long(200), "subject", "TOO_LONG"),
            (|b| b.r#type = 0, "type", "REQUIRED"),
            (|b| b.r#type = 5, "type", "UNKNOWN_VALUE"),
            (|b| b.assumptions = vec![b.assumptions[0].clone(); 33], "assumptions", "TOO_MANY"),
            (
                |b| (b.assumptions[0].text, b.assumptions[0].basis) = Default::default(),
                "assumptions[0].text",
                "REQUIRED",
            ),
            (|b| b.assumptions[0].text = long(1_000), "assumptions[0].text", "TOO_LONG"),
            (|b| b.assumptions[1].basis[0].push('x'), "assumptions[1].basis[0]", "MALFORMED_NAME"),
            (|b| b.horizon_start = never(), "horizon_start", "TIME_OUT_OF_RANGE"),
            (|b| b.horizon_end = at(1), "horizon_end", "NOT_IN_ORDER"),
            (|b| b.likelihood = 6, "likelihood", "UNKNOWN_VALUE"),
            (|b| b.figures[0].label.clear(), "figures[0].label", "REQUIRED"),
            (|b| b.figures[0].count = None, "figures[0].count", "REQUIRED"),
            (
                |b| b.figures[0].count.as_mut().unwrap().value = -1,
                "figures[0].count.value",
                "OUT_OF_RANGE",
            ),
            (|b| b.scores[0].criterion = 0, "scores[0].criterion", "REQUIRED"),
            (|b| b.scores[0].criterion = 19, "scores[0].criterion", "UNKNOWN_VALUE"),
            (|b| b.scores[1].criterion = b.scores[0].criterion, "scores[1].criterion", "DUPLICATE"),
            (|b| b.scores[0].level = 0, "scores[0].level", "REQUIRED"),
            (|b| b.scores[0].level = 7, "scores[0].level", "UNKNOWN_VALUE"),
            (|b| b.scores[0].reason = long(1_000), "scores[0].reason", "TOO_LONG"),
            (|b| b.scores[0].basis = vec!["it".into()], "scores[0].basis[0]", "MALFORMED_NAME"),
            (|b| b.drawn_up_by = long(200), "drawn_up_by", "TOO_LONG"),
        ];
        refuses("scenario", body, rows);
    }

    #[test]
    fn the_line_says_how_likely_and_how_bad() {
        says(
            "scenario",
            "worst case: Maas, Roermond to Mook, unlikely, at worst D",
            "ergste geval: Maas, Roermond to Mook, onwaarschijnlijk, ergst D",
        );
    }
}
