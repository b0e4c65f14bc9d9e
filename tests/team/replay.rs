//! What was seen at a moment is what is told of that moment afterwards.

use polder_picture::kinds::examples::examples;
use polder_wire::v1::{
    AcknowledgeRequest, Addressee, Attention, CompareScenariosRequest, Decision, DecisionState,
    DraftSitrepRequest, Entry, GetDigestRequest, GetHandoverRequest, GetImpactRequest,
    GetNationalPictureRequest, GetPictureAsOfRequest, GetReviewRequest, GetSituationRequest,
    Incident, IssueSitrepRequest, ListAssistanceRequest, ListAttentionRequest, ListCapacityRequest,
    ListContactsRequest, ListContradictionsRequest, ListForecastsRequest, ListGapsRequest,
    ListReportGroupsRequest, ListScalingRequest, ListSignalsRequest, ListSignalsResponse,
    ListSitrepsRequest, ListWarningsRequest, Scaling, Statement, Threshold, UpdateIncidentRequest,
    capacity_service_client::CapacityServiceClient, entry::Body,
    impact_service_client::ImpactServiceClient, report_service_client::ReportServiceClient,
    signal_service_client::SignalServiceClient, situation_service_client::SituationServiceClient,
    team_service_client::TeamServiceClient, warning_service_client::WarningServiceClient,
};
use prost_types::Timestamp;
use rand::{Rng as _, SeedableRng as _, rngs::StdRng};

use crate::harness::*;

const INCIDENT: &str = "incidents/flood";
const STEPS: usize = 24;

/// Every view of the team and the picture itself, as text: now, or as known at a moment.
async fn views(node: &Running, known_at: Option<Timestamp>) -> Vec<(&'static str, String)> {
    let incident = INCIDENT.to_owned();
    let mut team = TeamServiceClient::new(node.channel.clone());
    let mut told = Vec::new();
    macro_rules! ask {
        ($call:ident, $request:ident) => {{
            #[allow(clippy::needless_update, reason = "some requests have nothing else")]
            let request = $request { incident: incident.clone(), known_at, ..Default::default() };
            let answer = team.$call(request).await.unwrap().into_inner();
            (stringify!($call), answer)
        }};
    }
    let mut situations = SituationServiceClient::new(node.channel.clone());
    macro_rules! look {
        ($call:ident, $request:ident) => {{
            let request = $request { incident: incident.clone(), known_at, ..Default::default() };
            let answer = situations.$call(request).await.unwrap().into_inner();
            told.push((stringify!($call), format!("{answer:#?}")));
        }};
    }
    look!(get_situation, GetSituationRequest);
    let request = ListScalingRequest { incident: incident.clone(), known_at };
    let answer = situations.list_scaling(request).await.unwrap().into_inner();
    told.push(("list_scaling", format!("{answer:#?}")));
    look!(get_digest, GetDigestRequest);
    look!(get_national_picture, GetNationalPictureRequest);
    let request =
        ListCapacityRequest { incident: incident.clone(), known_at, ..Default::default() };
    let mut capacity = CapacityServiceClient::new(node.channel.clone());
    let answer = capacity.list_capacity(request).await.unwrap().into_inner();
    told.push(("list_capacity", format!("{answer:#?}")));
    let request =
        ListReportGroupsRequest { incident: incident.clone(), known_at, ..Default::default() };
    let mut reports = ReportServiceClient::new(node.channel.clone());
    let answer = reports.list_report_groups(request).await.unwrap().into_inner();
    told.push(("list_report_groups", format!("{answer:#?}")));
    let request = ListSignalsRequest { incident: incident.clone(), known_at, ..Default::default() };
    let mut signals = SignalServiceClient::new(node.channel.clone());
    let answer = signals.list_signals(request).await.unwrap().into_inner();
    assert!(answer.threshold_count > 0, "nothing is watched");
    told.push(("list_signals", format!("{:#?}", ListSignalsResponse { known_at: None, ..answer })));
    let mut public = WarningServiceClient::new(node.channel.clone());
    let request =
        ListWarningsRequest { incident: incident.clone(), known_at, ..Default::default() };
    let answer = public.list_warnings(request).await.unwrap().into_inner();
    told.push(("list_warnings", format!("{answer:#?}")));
    let request = ListContactsRequest { incident: incident.clone(), known_at };
    let answer = public.list_contacts(request).await.unwrap().into_inner();
    told.push(("list_contacts", format!("{answer:#?}")));
    let (name, answer) = ask!(list_contradictions, ListContradictionsRequest);
    told.push((name, format!("{answer:#?}")));
    let (name, answer) = ask!(list_forecasts, ListForecastsRequest);
    told.push((name, format!("{answer:#?}")));
    let (name, answer) = ask!(list_gaps, ListGapsRequest);
    told.push((name, format!("{answer:#?}")));
    let (name, mut answer) = ask!(list_attention, ListAttentionRequest);
    // Of the past it is not kept when other nodes had it.
    answer.entries.iter_mut().flat_map(|one| &mut one.addressees).for_each(|one| {
        one.delivered_time = None;
    });
    told.push((name, format!("{answer:#?}")));
    let mut impact = ImpactServiceClient::new(node.channel.clone());
    let request = GetImpactRequest { incident: incident.clone(), known_at, ..Default::default() };
    let answer = impact.get_impact(request).await.unwrap().into_inner();
    told.push(("get_impact", format!("{answer:#?}")));
    let request =
        CompareScenariosRequest { incident: incident.clone(), known_at, ..Default::default() };
    let answer = impact.compare_scenarios(request).await.unwrap().into_inner();
    told.push(("compare_scenarios", format!("{answer:#?}")));
    let since = Some(Timestamp { seconds: 1_000, nanos: 0 });
    let request = GetHandoverRequest { incident: incident.clone(), known_at, since };
    let answer = team.get_handover(request).await.unwrap().into_inner();
    told.push(("get_handover", format!("{answer:#?}")));
    let request = GetReviewRequest { incident: incident.clone(), known_at };
    let answer = team.get_review(request).await.unwrap().into_inner();
    told.push(("get_review", format!("{answer:#?}")));
    let (name, answer) = ask!(list_assistance, ListAssistanceRequest);
    told.push((name, format!("{answer:#?}")));
    let (name, answer) = ask!(list_sitreps, ListSitrepsRequest);
    told.push((name, format!("{answer:#?}")));
    let (name, mut answer) = ask!(draft_sitrep, DraftSitrepRequest);
    if let Some(sitrep) = &mut answer.sitrep {
        sitrep.known_at = None;
    }
    told.push((name, format!("{answer:#?}")));
    let request = GetPictureAsOfRequest {
        filter: Some(of_incident("flood")),
        known_at,
        ..Default::default()
    };
    let mut stream = node.picture().get_picture_as_of(request).await.unwrap().into_inner();
    let mut entries = Vec::new();
    while let Some(part) = stream.message().await.unwrap() {
        entries.extend(part.entries.iter().map(|entry| format!("{:#?}", decode(entry))));
        if let Some(summary) = part.summary {
            told.push(("incident", format!("{summary:#?}")));
        }
    }
    entries.sort();
    told.push(("picture", entries.join("\n")));
    told
}

/// Does one thing that people in a crisis do.
async fn step(node: &Running, random: &mut StdRng, names: &mut Vec<String>) {
    let known = |random: &mut StdRng, names: &[String]| {
        (!names.is_empty()).then(|| names[random.random_range(0..names.len())].clone())
    };
    let mut team = TeamServiceClient::new(node.channel.clone());
    match random.random_range(0..12) {
        0 => {
            let scaling = Scaling {
                region: format!("parties/vr-{}", ["noord", "zuid"][random.random_range(0..2)]),
                grip: random.random_range(1..5),
                ..Scaling::default()
            };
            let incident =
                Incident { name: INCIDENT.into(), scalings: vec![scaling], ..Default::default() };
            let update_mask = Some(prost_types::FieldMask { paths: vec!["scalings".into()] });
            let request = UpdateIncidentRequest {
                incident: Some(incident),
                update_mask,
                ..UpdateIncidentRequest::default()
            };
            node.incidents().update_incident(request).await.unwrap();
        }
        1 => {
            if let Some(name) = known(random, names) {
                // Or somebody did so before.
                let _ = node.retract(&name, "it was wrong").await;
            }
        }
        2 => {
            // Whoever must see it has, or it is nothing that anybody must see.
            let Some(name) = known(random, names) else { return };
            let party = "parties/tester".to_owned();
            let _ =
                team.acknowledge(AcknowledgeRequest { name, party, ..Default::default() }).await;
        }
        3 => {
            let Some(name) = known(random, names) else { return };
            let version = node.get(&name).await.unwrap().0.version;
            let basis = vec![format!("{name}/versions/{version}")];
            let state = DecisionState::Taken.into();
            let decided_by = "ROT".to_owned();
            let decision = Decision { state, decided_by, basis, ..Decision::default() };
            let entry = Entry {
                statement: Statement::Decision.into(),
                body: Some(Body::Decision(decision)),
                ..observation("flood", "we go on this")
            };
            names.push(node.put(&entry).await.name);
        }
        4 => {
            let request = DraftSitrepRequest { incident: INCIDENT.into(), ..Default::default() };
            let sitrep = team.draft_sitrep(request).await.unwrap().into_inner().sitrep;
            let sitrep = sitrep.map(|draft| polder_wire::v1::Sitrep {
                team: "ROT".into(),
                issued_by: "information manager".into(),
                ..draft
            });
            let incident = INCIDENT.to_owned();
            team.issue_sitrep(IssueSitrepRequest { incident, sitrep, ..Default::default() })
                .await
                .unwrap();
        }
        _ => {
            let examples = examples();
            let (_, example) = &examples[random.random_range(0..examples.len())];
            let again = known(random, names).filter(|_| random.random_bool(0.3));
            let name = again.unwrap_or_else(|| new_name("flood"));
            let asks = random.random_bool(0.3).then(|| Attention {
                addressees: vec![Addressee {
                    party: "parties/tester".into(),
                    role: "officer on duty".into(),
                    ..Addressee::default()
                }],
                within: Some(prost_types::Duration { seconds: 3_600, nanos: 0 }),
            });
            let entry = Entry {
                name,
                relations: Vec::new(),
                attachments: Vec::new(),
                attention: asks,
                ..example.clone()
            };
            // An example may cite what is not there, or stand for another kind.
            if let Ok(published) = node.try_put(item(&entry)).await {
                names.push(published.name);
            }
        }
    }
}

#[tokio::test]
async fn what_is_told_of_a_moment_afterwards_is_what_was_seen_then() {
    for seed in 0..rounds(3) as u64 {
        let home = Home::named("tester", "tester");
        let node = home.start().await;
        node.open("flood").await;
        let mut random = StdRng::seed_from_u64(seed);
        let (mut names, mut seen) = (Vec::new(), Vec::new());
        for aspect in ["outage.customers", "water_level.discharge_m3_s", "staffing.on_duty"] {
            let (aspect, above) = (aspect.to_owned(), Some(20.0));
            let body = Some(Body::Threshold(Threshold { aspect, above, ..Threshold::default() }));
            node.put(&Entry { body, ..observation("flood", "look up") }).await;
        }
        for _ in 0..STEPS {
            step(&node, &mut random, &mut names).await;
            // Nothing that is received later is counted to it.
            let at = node.status().await.node_time.unwrap();
            seen.push((at, views(&node, None).await));
        }
        assert!(names.len() > STEPS / 3, "seed {seed}: hardly anything was published");
        for (number, (at, then)) in seen.into_iter().enumerate() {
            for (was, is) in then.into_iter().zip(views(&node, Some(at)).await) {
                let (view, was, is) = (was.0, was.1, is.1);
                assert_eq!(is, was, "seed {seed}: {view} as known at step {number}");
            }
        }
    }
}
