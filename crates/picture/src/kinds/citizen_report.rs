//! What inhabitants tell. It stays unverified: whoever checked it makes an entry of their own.

use polder_wire::v1::{
    CitizenReport, Entry, ReportCategory, ReportChannel, VerificationState, entry::Body,
};

use super::{
    Kind,
    counts::{count, counted},
    hours, line,
};
use crate::{check::Checker, language::Language};

pub(super) const KIND: Kind = Kind {
    field: 122,
    name: "citizen_report",
    // What somebody saw and nobody looked at since.
    useful_life: hours(6),
    settles_itself: false,
    text_required: true,
    check,
    figures,
};

fn check(entry: &Entry, check: &mut Checker<'_>) {
    let Some(Body::CitizenReport(body)) = &entry.body else {
        return;
    };
    check.enumeration::<ReportCategory>("category", body.category, true);
    check.enumeration::<ReportChannel>("channel", body.channel, false);
    count(check, "reports", body.reports.as_ref());
    if body.reports.as_ref().is_some_and(|reports| reports.value == 0) {
        check.within("reports", |check| check.integer("value", 0, 1..=1_000_000_000));
    }
    let verification = entry.assessment.as_ref().and_then(|one| one.verification.as_ref());
    if verification.is_some_and(|one| one.state() == VerificationState::Verified) {
        let sentence =
            "stays unverified: make an entry with the relation BASED_ON of what you checked";
        check.beside(|check| {
            check.within("assessment", |check| {
                check.within("verification", |check| {
                    check.wrong("state", "REPORT_UNVERIFIED", sentence);
                });
            });
        });
    }
}

fn figures(entry: &Entry, language: Language) -> String {
    let Some(Body::CitizenReport(body)) = &entry.body else {
        return String::new();
    };
    let reports = body.reports.as_ref().filter(|reports| reports.value > 1);
    line([
        category_word(body, language).to_owned(),
        counted(reports, language, ["report", "reports"], ["melding", "meldingen"]),
        channel_word(body, language).to_owned(),
    ])
}

fn category_word(body: &CitizenReport, language: Language) -> &'static str {
    match body.category() {
        ReportCategory::Unspecified => "",
        ReportCategory::PersonInDanger => language.pick("people in danger", "mensen in gevaar"),
        ReportCategory::Flooding => language.pick("flooding", "wateroverlast"),
        ReportCategory::Damage => language.pick("damage", "schade"),
        ReportCategory::Outage => language.pick("outage", "uitval"),
        ReportCategory::Obstruction => language.pick("obstruction", "versperring"),
        ReportCategory::FireOrSmoke => language.pick("fire or smoke", "brand of rook"),
        ReportCategory::Substance => {
            language.pick("smell, leak or substance", "lucht, lek of gevaarlijke stof")
        }
        ReportCategory::Disorder => language.pick("disorder", "ordeverstoring"),
        ReportCategory::NeedOfHelp => language.pick("help needed", "hulp nodig"),
        ReportCategory::OfferOfHelp => language.pick("help offered", "hulp aangeboden"),
        ReportCategory::Question => language.pick("question", "vraag"),
        ReportCategory::Rumour => language.pick("rumour", "gerucht"),
        ReportCategory::Other => language.pick("other", "overig"),
    }
}

fn channel_word(body: &CitizenReport, language: Language) -> &'static str {
    match body.channel() {
        ReportChannel::Unspecified => "",
        ReportChannel::EmergencyNumber => "112",
        ReportChannel::ServiceNumber => language.pick("service number", "servicenummer"),
        ReportChannel::MunicipalLine => language.pick("municipal line", "gemeentelijk nummer"),
        ReportChannel::SocialMedia => language.pick("social media", "sociale media"),
        ReportChannel::Website => "website",
        ReportChannel::InPerson => language.pick("in person", "aan de balie of op straat"),
    }
}

#[cfg(test)]
mod tests {
    use polder_wire::v1::{Assessment, Verification};

    use super::*;
    use crate::kinds::testing::{Wrong, changed, example, refuses, says, says_of, violations};

    fn body(body: &mut Body) -> Option<&mut CitizenReport> {
        match body {
            Body::CitizenReport(body) => Some(body),
            _ => None,
        }
    }

    #[test]
    fn wrong_bodies_are_refused() {
        let rows: &[Wrong<CitizenReport>] = &[
            (|b| b.category = 0, "category", "REQUIRED"),
            (|b| b.category = 14, "category", "UNKNOWN_VALUE"),
            (|b| b.channel = 7, "channel", "UNKNOWN_VALUE"),
            (|b| b.reports.as_mut().unwrap().value = 0, "reports.value", "OUT_OF_RANGE"),
            (|b| b.reports.as_mut().unwrap().value = -1, "reports.value", "OUT_OF_RANGE"),
        ];
        refuses("citizen_report", body, rows);
    }

    #[test]
    fn a_report_cannot_be_confirmed_only_refuted() {
        let mut entry = example("citizen_report");
        let states = [
            (VerificationState::Unverified, false),
            (VerificationState::Refuted, false),
            (VerificationState::Verified, true),
        ];
        for (state, refused) in states {
            entry.assessment = Some(Assessment {
                verification: Some(Verification {
                    state: state.into(),
                    verified_by: "parties/politie".into(),
                    ..Verification::default()
                }),
                ..Assessment::default()
            });
            let wrong = ("assessment.verification.state".to_owned(), "REPORT_UNVERIFIED");
            let expected = if refused { vec![wrong] } else { Vec::new() };
            assert_eq!(violations(&entry), expected, "{state:?}");
        }
    }

    #[test]
    fn the_line_gives_what_was_told_how_often_and_through_what() {
        says(
            "citizen_report",
            "people in danger, 4 reports, 112",
            "mensen in gevaar, 4 meldingen, 112",
        );
        let entry = changed("citizen_report", body, |b| {
            *b = CitizenReport { category: 12, channel: 4, reports: None };
        });
        says_of(&entry, "rumour, social media", "gerucht, sociale media");
    }
}
