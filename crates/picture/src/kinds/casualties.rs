//! Numbers of people or homes hit. Figures of different categories are never added up.

use polder_wire::v1::{
    Casualties, CasualtyCategory, CasualtyFigure, CasualtyPopulation, CountPeriod, Entry,
    entry::Body,
};

use super::{
    Kind,
    counts::{amount, count},
    hours,
};
use crate::{check::Checker, language::Language};

pub(super) const KIND: Kind = Kind {
    field: 101,
    name: "casualties",
    // Counted anew for each situation report, of which there are two a day or more.
    useful_life: hours(12),
    settles_itself: false,
    text_required: false,
    check,
    figures,
};

fn check(entry: &Entry, check: &mut Checker<'_>) {
    let Some(Body::Casualties(body)) = &entry.body else {
        return;
    };
    let mut index = 0;
    check.each("figures", &body.figures, 1..=32, |check, figure| {
        check_figure(figure, &body.figures[..index], check);
        index += 1;
    });
    check_period(body, check);
}

fn check_figure(figure: &CasualtyFigure, earlier: &[CasualtyFigure], check: &mut Checker<'_>) {
    check.enumeration::<CasualtyCategory>("category", figure.category, true);
    check.enumeration::<CasualtyPopulation>("population", figure.population, false);
    if figure.count.is_none() {
        check.wrong("count", "REQUIRED", "is required");
    }
    count(check, "count", figure.count.as_ref());
    let pair = (figure.category, figure.population);
    if earlier.iter().any(|other| (other.category, other.population) == pair) {
        check.wrong("", "DUPLICATE", "has a category and population that were given before");
    }
}

fn check_period(body: &Casualties, check: &mut Checker<'_>) {
    check.enumeration::<CountPeriod>("period", body.period, false);
    let (start, end) = (body.period_start.as_ref(), body.period_end.as_ref());
    check.time("period_start", start);
    check.time("period_end", end);
    check.order(("period_start", start), ("period_end", end), false);
    let interval = body.period() == CountPeriod::Interval;
    for (field, time) in [("period_start", start), ("period_end", end)] {
        if interval && time.is_none() {
            check.wrong(field, "REQUIRED", "is required for an interval");
        } else if !interval && time.is_some() {
            check.wrong(field, "NOT_ALLOWED", "is allowed for an interval only");
        }
    }
}

fn figures(entry: &Entry, language: Language) -> String {
    let Some(Body::Casualties(body)) = &entry.body else {
        return String::new();
    };
    let said: Vec<_> = body.figures.iter().map(|figure| figure_words(figure, language)).collect();
    let line = said.join(", ");
    match body.period() {
        CountPeriod::Interval => {
            language.pick(format!("in an interval: {line}"), format!("in een periode: {line}"))
        }
        _ => line,
    }
}

fn figure_words(figure: &CasualtyFigure, language: Language) -> String {
    let number = amount(figure.count.as_ref(), language);
    let category = category_word(figure.category(), language);
    let responders = match figure.population() {
        CasualtyPopulation::Responders => language.pick(" (responders)", " (hulpverleners)"),
        _ => "",
    };
    format!("{number} {category}{responders}")
}

fn category_word(category: CasualtyCategory, language: Language) -> &'static str {
    match category {
        CasualtyCategory::Unspecified => language.pick("hit", "getroffen"),
        CasualtyCategory::Dead => language.pick("dead", "overleden"),
        CasualtyCategory::Missing => language.pick("missing", "vermist"),
        CasualtyCategory::Trapped => language.pick("trapped", "ingesloten"),
        CasualtyCategory::Rescued => language.pick("rescued", "gered"),
        CasualtyCategory::Injured => language.pick("injured", "gewond"),
        CasualtyCategory::TriageT1 => "T1",
        CasualtyCategory::TriageT2 => "T2",
        CasualtyCategory::TriageT3 => "T3",
        CasualtyCategory::Hospitalised => language.pick("in hospital", "in ziekenhuis"),
        CasualtyCategory::Affected => language.pick("affected", "getroffen"),
        CasualtyCategory::HomesAffected => language.pick("homes affected", "woningen getroffen"),
        CasualtyCategory::Displaced => language.pick("displaced", "ontheemd"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kinds::testing::{Wrong, at, changed, never, refuses, says, says_of, violations};

    fn body(body: &mut Body) -> Option<&mut Casualties> {
        match body {
            Body::Casualties(body) => Some(body),
            _ => None,
        }
    }

    fn interval(body: &mut Casualties, start: i64, end: i64) {
        body.period = CountPeriod::Interval.into();
        (body.period_start, body.period_end) = (at(start), at(end));
    }

    #[test]
    fn wrong_bodies_are_refused() {
        let rows: &[Wrong<Casualties>] = &[
            (|b| b.figures.clear(), "figures", "TOO_FEW"),
            (|b| b.figures = vec![b.figures[0]; 33], "figures", "TOO_MANY"),
            (|b| b.figures[0].category = 0, "figures[0].category", "REQUIRED"),
            (|b| b.figures[0].category = 13, "figures[0].category", "UNKNOWN_VALUE"),
            (|b| b.figures[0].population = 3, "figures[0].population", "UNKNOWN_VALUE"),
            (|b| b.figures[0].count = None, "figures[0].count", "REQUIRED"),
            (
                |b| b.figures[0].count.as_mut().unwrap().value = -1,
                "figures[0].count.value",
                "OUT_OF_RANGE",
            ),
            (|b| b.figures[2] = b.figures[0], "figures[2]", "DUPLICATE"),
            (|b| b.period = 3, "period", "UNKNOWN_VALUE"),
            (|b| b.period_start = at(1), "period_start", "NOT_ALLOWED"),
            (|b| b.period_end = at(1), "period_end", "NOT_ALLOWED"),
            (|b| interval(b, 5, 5), "period_end", "NOT_IN_ORDER"),
            (
                |b| {
                    interval(b, 5, 6);
                    b.period_start = never();
                },
                "period_start",
                "TIME_OUT_OF_RANGE",
            ),
            (
                |b| {
                    interval(b, 5, 6);
                    b.period_end = None;
                },
                "period_end",
                "REQUIRED",
            ),
        ];
        refuses("casualties", body, rows);
    }

    #[test]
    fn the_line_keeps_categories_apart() {
        says(
            "casualties",
            "0 dead, 3 missing, at least 12 injured, 2 injured (responders), \
             estimated 2,300 homes affected",
            "0 overleden, 3 vermist, minstens 12 gewond, 2 gewond (hulpverleners), \
             naar schatting 2.300 woningen getroffen",
        );
    }

    #[test]
    fn an_interval_is_not_taken_for_the_whole() {
        let entry = changed("casualties", body, |b| {
            interval(b, 5, 6);
            b.figures.truncate(1);
        });
        assert_eq!(violations(&entry), []);
        says_of(&entry, "in an interval: 0 dead", "in een periode: 0 overleden");
    }
}
