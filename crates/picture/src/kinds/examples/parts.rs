//! What the examples share: the general fields of an entry, places, hours and counts.

use polder_wire::v1::{
    Assessment, AttachmentReference, Certainty, Count, CountBasis, CountQualifier, Credibility,
    Discipline, Entry, Geometry, Hazard, Label, Polygon, Position, Relation, RelationType,
    Reliability, Ring, Severity, Source, Statement, Text, Times, Tlp, Urgency, Verification,
    VerificationState, entry::Body, geometry::Shape,
};
use prost_types::Timestamp;

/// 2021-07-15 06:00 UTC, when the Maas was rising fastest.
const NOW: i64 = 1_626_328_800;

/// An entry with everything that any kind may say.
pub(super) fn entry(
    field: u32,
    statement: Statement,
    discipline: Discipline,
    party: &str,
    [dutch, english]: [&str; 2],
    body: Body,
) -> Entry {
    let entry = Entry {
        name: name(field),
        statement: statement.into(),
        discipline: discipline.into(),
        party: format!("parties/{party}"),
        hazards: vec![Hazard::Met.into(), Hazard::Infra.into()],
        texts: vec![text("nl", dutch, false), text("en", english, true)],
        times: Some(Times {
            observed: hour(-1),
            reported: hour(0),
            valid_from: hour(-1),
            valid_until: hour(24),
        }),
        assessment: Some(assessment()),
        label: Some(Label {
            tlp: Tlp::Amber.into(),
            classification: "Dep. Vertrouwelijk".into(),
            personal_data: false,
            erase_time: None,
        }),
        sources: vec![source(field)],
        relations: vec![Relation {
            r#type: RelationType::PartOf.into(),
            entry: name(100),
            ..Relation::default()
        }],
        attachments: vec![AttachmentReference {
            attachment: format!("attachments/{}", "5e".repeat(32)),
            caption: "Luchtfoto".into(),
        }],
        place: "Maasdal tussen Borgharen en Gennep".into(),
        body: Some(body),
        ..Entry::default()
    };
    placed(entry, Shape::Point(at(51.4757, 6.1802)))
}

pub(super) fn name(field: u32) -> String {
    format!("incidents/limburg-2021/entries/0b8f6a2e-93c1-4f0a-8a55-6d3f2e1c{field:04x}")
}

fn text(language: &str, title: &str, machine_translated: bool) -> Text {
    let body = match language {
        "nl" => format!("{title}. Nader bericht volgt."),
        _ => format!("{title}. More follows."),
    };
    Text { language: language.into(), title: title.into(), body, machine_translated }
}

fn assessment() -> Assessment {
    Assessment {
        urgency: Urgency::Immediate.into(),
        severity: Severity::Severe.into(),
        certainty: Certainty::Likely.into(),
        reliability: Reliability::B.into(),
        credibility: Credibility::Credibility2.into(),
        verification: Some(Verification {
            state: VerificationState::Verified.into(),
            verified_by: "parties/waterschap-limburg".into(),
            verified_time: hour(0),
            note: "Nagebeld met de dijkwacht".into(),
        }),
    }
}

fn source(field: u32) -> Source {
    Source {
        system: "LCMS".into(),
        original_id: format!("2021-0715-{field}"),
        digest: vec![0xa5; 32].into(),
        method: "telephone".into(),
    }
}

pub(super) fn placed(entry: Entry, shape: Shape) -> Entry {
    Entry { geometry: Some(Geometry { shape: Some(shape), accuracy_m: 25.0 }), ..entry }
}

pub(super) fn arcen() -> Polygon {
    let corners =
        [(51.466, 6.172), (51.466, 6.192), (51.484, 6.188), (51.484, 6.170), (51.466, 6.172)];
    let points = corners.iter().map(|(latitude, longitude)| at(*latitude, *longitude)).collect();
    Polygon { rings: vec![Ring { points }] }
}

pub(super) fn at(latitude: f64, longitude: f64) -> Position {
    Position { latitude, longitude }
}

pub(super) fn hour(hours: i64) -> Option<Timestamp> {
    Some(Timestamp { seconds: NOW + hours * 3_600, nanos: 0 })
}

pub(super) fn counted(value: i64) -> Option<Count> {
    count(value, CountBasis::Counted, CountQualifier::Exact)
}

pub(super) fn about(value: i64) -> Option<Count> {
    count(value, CountBasis::Estimated, CountQualifier::About)
}

pub(super) fn count(value: i64, basis: CountBasis, qualifier: CountQualifier) -> Option<Count> {
    Some(Count { value, basis: basis.into(), qualifier: qualifier.into() })
}
