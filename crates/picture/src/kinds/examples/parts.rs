//! What the examples share: the general fields of an entry, places, hours and counts; and the two
//! kinds with the most in them.

use polder_wire::v1::{
    Assessment, AttachmentReference, Certainty, Circle, Count, CountBasis, CountQualifier,
    Credibility, Dependency, Discipline, Entry, Facility, FacilityState, FacilityType, Geometry,
    Hazard, ImpactCriterion, ImpactLevel, ImpactScore, Label, Polygon, Position, Relation,
    RelationType, Reliability, Ring, Scenario, ScenarioAssumption, ScenarioFigure,
    ScenarioLikelihood, ScenarioType, Severity, Source, Statement, Text, Times, Tlp, Urgency,
    Verification, VerificationState, VitalService, entry::Body, geometry::Shape,
};
use prost_types::{Duration, Timestamp};

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

pub(super) fn facility() -> Entry {
    let center = Some(at(51.352, 6.160));
    let area = Shape::Circle(Circle { center, radius_m: 12_000.0 });
    let body = Facility {
        designation: "VieCuri Venlo".into(),
        r#type: FacilityType::Hospital.into(),
        state: FacilityState::InUse.into(),
        state_time: hour(0),
        provides: vec![VitalService::HealthCare.into()],
        service_area: Some(Geometry { shape: Some(area), accuracy_m: 0.0 }),
        dependencies: vec![
            Dependency {
                service: VitalService::Power.into(),
                suppliers: vec![name(103)],
                holds_out: Some(Duration { seconds: 72 * 3_600, nanos: 0 }),
                backup: "diesel generators".into(),
            },
            Dependency { service: VitalService::DrinkingWater.into(), ..Dependency::default() },
        ],
        people: about(400),
        less_self_reliant: about(240),
        customers: count(250_000, CountBasis::Registered, CountQualifier::About),
        operator: "VieCuri".into(),
        ..Facility::default()
    };
    let texts = ["Noodstroom voor drie dagen", "Emergency power for three days"];
    entry(
        118,
        Statement::Fact,
        Discipline::Medical,
        "ghor-limburg-noord",
        texts,
        Body::Facility(body),
    )
}

pub(super) fn scenario() -> Entry {
    let version = |field| format!("{}/versions/{}-7", name(field), "ab".repeat(16));
    let score = |criterion: ImpactCriterion, level: ImpactLevel, reason: &str, basis| ImpactScore {
        criterion: criterion.into(),
        level: level.into(),
        reason: reason.into(),
        basis,
    };
    let body = Scenario {
        subject: "Maas, Roermond to Mook".into(),
        r#type: ScenarioType::WorstCase.into(),
        assumptions: vec![
            ScenarioAssumption { text: "Two dikes give way".into(), basis: Vec::new() },
            ScenarioAssumption {
                text: "The peak comes as forecast".into(),
                basis: vec![version(102)],
            },
        ],
        horizon_start: hour(0),
        horizon_end: hour(72),
        likelihood: ScenarioLikelihood::Unlikely.into(),
        figures: vec![ScenarioFigure { label: "people to leave".into(), count: about(50_000) }],
        scores: vec![
            score(ImpactCriterion::Deaths, ImpactLevel::Serious, "villages at night", Vec::new()),
            score(ImpactCriterion::Costs, ImpactLevel::VerySerious, "", vec![version(107)]),
            score(ImpactCriterion::Territory, ImpactLevel::None, "", Vec::new()),
        ],
        drawn_up_by: "ROT Limburg-Noord".into(),
    };
    let texts = ["Dijken breken bij de piek", "Dikes give way at the peak"];
    entry(119, Statement::Forecast, Discipline::Water, "vrln", texts, Body::Scenario(body))
}
