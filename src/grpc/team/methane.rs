//! The first report of whoever is there first, by letter: each thing that is known becomes an entry of
//! its own.

use polder_picture::{
    check::Checker,
    language::Language,
    names::{IncidentName, PartyName},
    refusal::Refusal,
};
use polder_wire::v1::{
    Assessment, AssistanceRequest, Casualties, CasualtyCategory, CasualtyFigure, Count,
    CountQualifier, Discipline, Entry, Geometry, Observation, PublishEntriesRequest, PublishItem,
    Relation, RelationType, ReportMethaneRequest, ReportMethaneResponse, RequestState, Statement,
    Text, Theme, Times, Urgency, entry::Body, geometry::Shape, publish_result::Outcome,
};
use prost::Message as _;
use tonic::Status;
use uuid::Uuid;

use crate::{
    grpc::{Services, incident::as_status, picture::publish, status::Refused},
    people::Caller,
};

/// A heading is put before what is said, in a title of 200 characters.
const SAID_MAX: usize = 150;
const CASUALTIES_MAX: i64 = 1_000_000;

/// Publishes a report.
pub(super) async fn report(
    services: &Services,
    request: ReportMethaneRequest,
    caller: &Caller,
) -> Result<ReportMethaneResponse, Status> {
    let language = check(&request).map_err(Refused::from)?;
    let items = entries(&request, language)
        .into_iter()
        .map(|entry| PublishItem { entry: entry.encode_to_vec().into(), ..PublishItem::default() });
    let published = PublishEntriesRequest {
        request_id: request.request_id.clone(),
        items: items.collect(),
        audience: request.audience.clone(),
        ..PublishEntriesRequest::default()
    };
    let answer = publish(services, published, caller).await?;
    let mut entries = Vec::new();
    for result in answer.results {
        match result.outcome {
            Some(Outcome::Published(published)) => entries.push(published),
            Some(Outcome::Refused(status)) => return Err(as_status(&status)),
            None => return Err(Status::internal("the writer gave no answer")),
        }
    }
    Ok(ReportMethaneResponse { entries })
}

fn check(request: &ReportMethaneRequest) -> Result<Language, Refusal> {
    let mut check = Checker::new("");
    check.name("incident", &request.incident, true, IncidentName::parse, "incidents/{incident}");
    check.name("party", &request.party, false, PartyName::parse, "parties/{party}");
    check.enumeration::<Discipline>("discipline", request.discipline, false);
    check.time("observed", request.observed.as_ref());
    check.line("exact", &request.exact, 0..=200);
    check.line("type", &request.r#type, 1..=SAID_MAX);
    check.line("hazards", &request.hazards, 0..=SAID_MAX);
    check.line("access", &request.access, 0..=SAID_MAX);
    check.line("services", &request.services, 0..=SAID_MAX);
    for (field, count) in
        [("t1", request.t1), ("t2", request.t2), ("t3", request.t3), ("dead", request.dead)]
    {
        check.integer(field, count.unwrap_or_default().into(), 0..=CASUALTIES_MAX);
    }
    if let Some(position) = &request.position {
        check.range("position.latitude", position.latitude, -90.0..=90.0);
        check.range("position.longitude", position.longitude, -180.0..=180.0);
    }
    let language = match &request.language[..] {
        "nl" => Language::Dutch,
        "en" => Language::English,
        _ => {
            check.wrong("language", "UNKNOWN_VALUE", "must be nl or en");
            Language::Dutch
        }
    };
    check.finish()?;
    Ok(language)
}

fn entries(request: &ReportMethaneRequest, language: Language) -> Vec<Entry> {
    let incident = &request.incident;
    // The same request makes the same entries.
    let seed = match &request.request_id[..] {
        "" => Uuid::new_v4(),
        id => Uuid::new_v5(&Uuid::NAMESPACE_OID, format!("{incident} {id}").as_bytes()),
    };
    let name =
        |letter: &str| format!("{incident}/entries/{}", Uuid::new_v5(&seed, letter.as_bytes()));
    let main = name("T");
    let urgency = Urgency::Immediate.into();
    let assessment = request.major.then(|| Assessment { urgency, ..Assessment::default() });
    let position = request.position.map(Shape::Point);
    let geometry = position.map(|shape| Geometry { shape: Some(shape), ..Geometry::default() });
    let part_of = RelationType::PartOf.into();
    let part = Relation { r#type: part_of, entry: main.clone(), ..Relation::default() };
    let entry = |letter: &str, title: String, body: Body| Entry {
        name: name(letter),
        statement: Statement::Fact.into(),
        discipline: request.discipline,
        party: request.party.clone(),
        texts: vec![Text {
            language: request.language.clone(),
            title: title.trim().chars().take(200).collect(),
            ..Text::default()
        }],
        geometry: geometry.clone(),
        times: request.observed.map(|at| Times { observed: Some(at), ..Times::default() }),
        assessment: assessment.clone(),
        relations: if letter == "T" { Vec::new() } else { vec![part.clone()] },
        place: request.exact.trim().to_owned(),
        body: Some(body),
        ..Entry::default()
    };
    let observation = |theme: Theme| Body::Observation(Observation { theme: theme.into() });
    let kind = request.r#type.trim();
    let title = match request.exact.trim() {
        "" => kind.to_owned(),
        exact => format!("{kind}, {exact}"),
    };
    let mut entries = vec![entry("T", title, observation(Theme::Incident))];
    let hazards = language.pick("Hazards", "Gevaren");
    let access = language.pick("Access", "Bereikbaarheid");
    for (letter, said, heading, theme) in [
        ("H", &request.hazards, hazards, Theme::Environment),
        ("A", &request.access, access, Theme::Response),
    ] {
        if !said.trim().is_empty() {
            entries.push(entry(letter, format!("{heading}: {said}"), observation(theme)));
        }
    }
    let figures = figures(request);
    if !figures.is_empty() {
        let body = Body::Casualties(Casualties { figures, ..Casualties::default() });
        entries.push(entry("N", language.pick("Casualties", "Slachtoffers").to_owned(), body));
    }
    let need = request.services.trim().to_owned();
    if !need.is_empty() {
        let title = format!("{}: {need}", language.pick("Needed", "Nodig"));
        let state = RequestState::Asked.into();
        let body = AssistanceRequest { need, state, ..AssistanceRequest::default() };
        entries.push(entry("E", title, Body::AssistanceRequest(body)));
    }
    entries
}

fn figures(request: &ReportMethaneRequest) -> Vec<CasualtyFigure> {
    let numbers = [
        (CasualtyCategory::TriageT1, request.t1),
        (CasualtyCategory::TriageT2, request.t2),
        (CasualtyCategory::TriageT3, request.t3),
        (CasualtyCategory::Dead, request.dead),
    ];
    let known = numbers.into_iter().filter_map(|(category, value)| {
        // Whoever is there first counts in passing.
        let qualifier = CountQualifier::About.into();
        let count = Count { value: value?.into(), qualifier, ..Count::default() };
        let (category, count) = (category.into(), Some(count));
        Some(CasualtyFigure { category, count, ..CasualtyFigure::default() })
    });
    known.collect()
}
