//! Checks an entry against the rules in the comments of `entry.proto` and `geometry.proto`.
//!
//! What only one kind asks for stands with that kind, in [`crate::kinds`]. The entry's own name is
//! not looked at here: whether it may be left open depends on the call.

use oxilangtag::LanguageTag;
use polder_wire::v1::{
    Assessment, AttachmentReference, Certainty, Credibility, Discipline, Entry, Hazard, Label,
    Relation, RelationType, Reliability, Severity, Source, Statement, Text, Times, Tlp, Urgency,
    Verification, VerificationState,
};

use crate::{
    check::{Checker, ENTRY, PARTY},
    kinds::Kind,
    names::{AttachmentName, EntryName, PartyName},
};

mod attention;
mod extent;
mod geometry;
mod meets;
mod sitrep;
mod summary;

use attention::{check_attention, check_version};
pub use extent::{Extent, extent};
pub use geometry::check_geometry;
pub use meets::{is_surface, meets};
use sitrep::check_sitrep;
pub use summary::summary_line;

const TEXTS_MAX: usize = 8;
const HAZARDS_MAX: usize = 15;

/// RFC 5646 asks for room for 35 characters; no language in use needs more.
const LANGUAGE_MAX: usize = 35;

/// Checks everything an author may write in an entry but its name. `kind`: that of its body; `None`
/// for a body from a newer program, which only its texts can explain here.
pub fn check_entry(entry: &Entry, kind: Option<&Kind>, check: &mut Checker<'_>) {
    check.enumeration::<Statement>("statement", entry.statement, true);
    check.enumeration::<Discipline>("discipline", entry.discipline, false);
    check.name("party", &entry.party, false, PartyName::parse, PARTY);
    check.enumerations::<Hazard>("hazards", &entry.hazards, HAZARDS_MAX);
    let text_required = kind.is_none_or(|kind| kind.text_required);
    check_texts("texts", &entry.texts, text_required, check);
    if let Some(geometry) = &entry.geometry {
        check.within("geometry", |check| check_geometry(geometry, check));
    }
    if let Some(times) = &entry.times {
        check.within("times", |check| check_times(times, check));
    }
    if let Some(assessment) = &entry.assessment {
        check.within("assessment", |check| check_assessment(assessment, check));
    }
    if let Some(label) = &entry.label {
        check.within("label", |check| check_label(label, check));
    }
    check.each("sources", &entry.sources, 0..=16, check_source);
    check.each("relations", &entry.relations, 0..=64, check_relation);
    check.each("attachments", &entry.attachments, 0..=16, check_attachment);
    check.text("place", &entry.place, 0..=200);
    if let Some(attention) = &entry.attention {
        check.within("attention", |check| check_attention(attention, check));
    }
    if let Some(sitrep) = &entry.sitrep {
        check.within("sitrep", |check| check_sitrep(sitrep, entry, check));
    }
    if let Some(kind) = kind {
        check.within(kind.name, |check| (kind.check)(entry, check));
    }
}

/// Checks texts in several languages: the original first, each language once, at most eight.
pub fn check_texts(field: &'static str, texts: &[Text], required: bool, check: &mut Checker<'_>) {
    let mut index = 0;
    check.each(field, texts, usize::from(required)..=TEXTS_MAX, |check, text| {
        check_text(text, check);
        let again = |earlier: &Text| earlier.language.eq_ignore_ascii_case(&text.language);
        if texts[..index].iter().any(again) {
            check.wrong("language", "DUPLICATE", "is given twice");
        }
        if index == 0 && text.machine_translated {
            let sentence = "must be false here: the original stands first";
            check.wrong("machine_translated", "ORIGINAL_FIRST", sentence);
        }
        index += 1;
    });
}

fn check_text(text: &Text, check: &mut Checker<'_>) {
    check.text("language", &text.language, 1..=LANGUAGE_MAX);
    if !text.language.is_empty()
        && text.language.len() <= LANGUAGE_MAX
        && LanguageTag::parse(text.language.as_str()).is_err()
    {
        check.wrong("language", "MALFORMED_LANGUAGE", "is not a BCP 47 tag such as `nl`");
    }
    check.line("title", &text.title, 0..=200);
    check.text("body", &text.body, 0..=20_000);
    if text.title.trim().is_empty() && text.body.trim().is_empty() {
        check.wrong("title", "REQUIRED", "or a body is required");
    }
}

fn check_times(times: &Times, check: &mut Checker<'_>) {
    check.time("observed", times.observed.as_ref());
    check.time("reported", times.reported.as_ref());
    check.time("valid_from", times.valid_from.as_ref());
    check.time("valid_until", times.valid_until.as_ref());
    // What has no `valid_from` holds from when it was observed.
    let from = times.valid_from.as_ref().or(times.observed.as_ref());
    check.order(("valid_from", from), ("valid_until", times.valid_until.as_ref()), false);
}

fn check_assessment(assessment: &Assessment, check: &mut Checker<'_>) {
    check.enumeration::<Urgency>("urgency", assessment.urgency, false);
    check.enumeration::<Severity>("severity", assessment.severity, false);
    check.enumeration::<Certainty>("certainty", assessment.certainty, false);
    check.enumeration::<Reliability>("reliability", assessment.reliability, false);
    check.enumeration::<Credibility>("credibility", assessment.credibility, false);
    if let Some(verification) = &assessment.verification {
        check.within("verification", |check| check_verification(verification, check));
    }
}

fn check_verification(verification: &Verification, check: &mut Checker<'_>) {
    check.enumeration::<VerificationState>("state", verification.state, false);
    let judged = !matches!(
        VerificationState::try_from(verification.state),
        Ok(VerificationState::Unspecified | VerificationState::Unverified)
    );
    check.party_or_role("verified_by", &verification.verified_by, usize::from(judged)..=200);
    check.time("verified_time", verification.verified_time.as_ref());
    check.text("note", &verification.note, 0..=1_000);
}

fn check_label(label: &Label, check: &mut Checker<'_>) {
    check.enumeration::<Tlp>("tlp", label.tlp, false);
    check.time("erase_time", label.erase_time.as_ref());
    if label.erase_time.is_some() && !label.personal_data {
        check.wrong("erase_time", "NOT_ALLOWED", "is for entries with personal_data only");
    }
    check.text("classification", &label.classification, 0..=100);
}

fn check_source(check: &mut Checker<'_>, source: &Source) {
    check.text("system", &source.system, 1..=200);
    check.text("original_id", &source.original_id, 0..=200);
    if !matches!(source.digest.len(), 0 | 32) {
        let sentence = format!("has {} bytes, a SHA-256 has 32", source.digest.len());
        check.wrong("digest", "WRONG_LENGTH", sentence);
    }
    check.text("method", &source.method, 0..=200);
}

fn check_relation(check: &mut Checker<'_>, relation: &Relation) {
    check.enumeration::<RelationType>("type", relation.r#type, false);
    check.name("entry", &relation.entry, true, EntryName::parse, ENTRY);
    check_version(relation, check);
}

fn check_attachment(check: &mut Checker<'_>, reference: &AttachmentReference) {
    const FORM: &str = "attachments/{sha256 in lower-case hex}";
    check.name("attachment", &reference.attachment, true, AttachmentName::parse, FORM);
    check.text("caption", &reference.caption, 0..=200);
}

#[cfg(test)]
mod tests {
    use prost_types::Timestamp;

    use super::*;
    use crate::kinds::{by_name, examples::examples};

    fn example() -> Entry {
        let (_, entry) = examples().into_iter().find(|(kind, _)| *kind == "outage").unwrap();
        entry
    }

    fn violations(entry: &Entry, kind: Option<&Kind>) -> Vec<(String, &'static str)> {
        let mut check = Checker::new("entry");
        check_entry(entry, kind, &mut check);
        let Err(refusal) = check.finish() else {
            return Vec::new();
        };
        refusal.fields.into_iter().map(|wrong| (wrong.field, wrong.reason)).collect()
    }

    #[test]
    fn each_wrong_field_is_named() {
        type Row = (fn(&mut Entry), &'static str, &'static str);
        let rows: &[Row] = &[
            (|e| e.statement = 0, "statement", "REQUIRED"),
            (|e| e.statement = 8, "statement", "UNKNOWN_VALUE"),
            (|e| e.discipline = -1, "discipline", "UNKNOWN_VALUE"),
            (|e| e.party = "enexis".into(), "party", "MALFORMED_NAME"),
            (|e| e.hazards = vec![2, 10, 2], "hazards[2]", "DUPLICATE"),
            (|e| e.hazards = vec![0], "hazards[0]", "REQUIRED"),
            (|e| e.hazards = vec![1; 16], "hazards", "TOO_MANY"),
            (|e| e.texts[0].language.clear(), "texts[0].language", "REQUIRED"),
            (|e| e.texts[0].language = "n l".into(), "texts[0].language", "MALFORMED_LANGUAGE"),
            (|e| e.texts[0].language = "nl-".repeat(20), "texts[0].language", "TOO_LONG"),
            (|e| e.texts[1].language = "NL".into(), "texts[1].language", "DUPLICATE"),
            (|e| e.texts[0].title = "a\nb".into(), "texts[0].title", "LINE_BREAK"),
            (|e| e.texts[0].title = "é".repeat(201), "texts[0].title", "TOO_LONG"),
            (|e| e.texts[0].body = "x".repeat(20_001), "texts[0].body", "TOO_LONG"),
            (|e| e.texts[0].body = "\u{7}".into(), "texts[0].body", "CONTROL_CHARACTER"),
            (|e| e.texts = vec![e.texts[0].clone(); 9], "texts", "TOO_MANY"),
            (
                |e| e.texts[0].machine_translated = true,
                "texts[0].machine_translated",
                "ORIGINAL_FIRST",
            ),
            (
                |e| {
                    e.texts[0] = Text { language: "nl".into(), title: " ".into(), ..<_>::default() }
                },
                "texts[0].title",
                "REQUIRED",
            ),
            (|e| times(e).observed = moment(-1), "times.observed", "TIME_OUT_OF_RANGE"),
            (|e| times(e).reported = moment(i64::MAX), "times.reported", "TIME_OUT_OF_RANGE"),
            (|e| times(e).valid_until = times(e).valid_from, "times.valid_until", "NOT_IN_ORDER"),
            (
                |e| {
                    *times(e) =
                        Times { observed: moment(9), valid_until: moment(8), ..<_>::default() }
                },
                "times.valid_until",
                "NOT_IN_ORDER",
            ),
            (|e| assessment(e).urgency = 5, "assessment.urgency", "UNKNOWN_VALUE"),
            (|e| assessment(e).severity = 5, "assessment.severity", "UNKNOWN_VALUE"),
            (|e| assessment(e).certainty = 5, "assessment.certainty", "UNKNOWN_VALUE"),
            (|e| assessment(e).reliability = 7, "assessment.reliability", "UNKNOWN_VALUE"),
            (|e| assessment(e).credibility = 7, "assessment.credibility", "UNKNOWN_VALUE"),
            (|e| verification(e).state = 5, "assessment.verification.state", "UNKNOWN_VALUE"),
            (
                |e| verification(e).verified_by.clear(),
                "assessment.verification.verified_by",
                "REQUIRED",
            ),
            (
                |e| verification(e).verified_by = "parties/A".into(),
                "assessment.verification.verified_by",
                "MALFORMED_NAME",
            ),
            (
                |e| verification(e).verified_time = moment(-1),
                "assessment.verification.verified_time",
                "TIME_OUT_OF_RANGE",
            ),
            (
                |e| verification(e).note = "x".repeat(1_001),
                "assessment.verification.note",
                "TOO_LONG",
            ),
            (|e| e.label.as_mut().unwrap().tlp = 6, "label.tlp", "UNKNOWN_VALUE"),
            (
                |e| e.label.as_mut().unwrap().classification = "x".repeat(101),
                "label.classification",
                "TOO_LONG",
            ),
            (|e| e.sources = vec![e.sources[0].clone(); 17], "sources", "TOO_MANY"),
            (|e| e.sources[0].system.clear(), "sources[0].system", "REQUIRED"),
            (|e| e.sources[0].original_id = "x".repeat(201), "sources[0].original_id", "TOO_LONG"),
            (|e| e.sources[0].digest = vec![0; 31].into(), "sources[0].digest", "WRONG_LENGTH"),
            (|e| e.sources[0].method = "x".repeat(201), "sources[0].method", "TOO_LONG"),
            (|e| e.relations = vec![e.relations[0].clone(); 65], "relations", "TOO_MANY"),
            (|e| e.relations[0].r#type = 99, "relations[0].type", "UNKNOWN_VALUE"),
            (|e| e.relations[0].entry.clear(), "relations[0].entry", "REQUIRED"),
            (
                |e| e.relations[0].entry = "incidents/x".into(),
                "relations[0].entry",
                "MALFORMED_NAME",
            ),
            (|e| e.attachments = vec![e.attachments[0].clone(); 17], "attachments", "TOO_MANY"),
            (
                |e| e.attachments[0].attachment = "attachments/1".into(),
                "attachments[0].attachment",
                "MALFORMED_NAME",
            ),
            (|e| e.attachments[0].caption = "x".repeat(201), "attachments[0].caption", "TOO_LONG"),
            (|e| e.place = "x".repeat(201), "place", "TOO_LONG"),
        ];
        assert_eq!(violations(&example(), by_name("outage")), []);
        for (change, field, reason) in rows {
            let mut entry = example();
            change(&mut entry);
            let expected = vec![(format!("entry.{field}"), *reason)];
            assert_eq!(violations(&entry, by_name("outage")), expected);
        }
    }

    #[test]
    fn a_text_is_required_where_nothing_else_explains_the_entry() {
        let bare = Entry { texts: Vec::new(), ..example() };
        let missing = [("entry.texts".to_owned(), "TOO_FEW")];
        assert_eq!(violations(&bare, by_name("outage")), []);
        assert_eq!(violations(&Entry { body: None, ..bare.clone() }, None), missing);
        assert_eq!(violations(&bare, by_name("observation")), missing);
        assert_eq!(violations(&bare, by_name("message")), missing);
        assert_eq!(violations(&Entry { body: None, ..example() }, None), []);
    }

    #[test]
    fn unverified_needs_nobody() {
        let mut entry = example();
        *verification(&mut entry) = Verification { state: 1, ..Verification::default() };
        assert_eq!(violations(&entry, by_name("outage")), []);
    }

    fn moment(seconds: i64) -> Option<Timestamp> {
        Some(Timestamp { seconds, nanos: 0 })
    }

    fn times(entry: &mut Entry) -> &mut Times {
        entry.times.as_mut().unwrap()
    }

    fn assessment(entry: &mut Entry) -> &mut Assessment {
        entry.assessment.as_mut().unwrap()
    }

    fn verification(entry: &mut Entry) -> &mut Verification {
        assessment(entry).verification.as_mut().unwrap()
    }
}
