//! Views of crisis teams: what one may not see takes no part in them.

use polder_wire::v1::{
    AcknowledgeRequest, AssistanceRequest, CompareScenariosRequest, Count, Dependency,
    DraftSitrepRequest, Entry, Facility, FacilityType, GetDigestRequest, GetHandoverRequest,
    GetImpactRequest, GetNationalPictureRequest, GetReviewRequest, GetSituationRequest,
    ImpactCriterion, ImpactLevel, ImpactScore, IssueSitrepRequest, ListAssistanceRequest,
    ListContradictionsRequest, ListGapsRequest, Message, Outage, Scenario, ScenarioType, Sitrep,
    VitalService, entry::Body, impact_service_client::ImpactServiceClient,
    situation_service_client::SituationServiceClient, team_service_client::TeamServiceClient,
};

use crate::{harness::*, who::*};

fn without_power(party: &str, value: i64) -> Entry {
    let customers = Some(Count { value, ..Count::default() });
    let service = VitalService::Power.into();
    Entry {
        party: format!("parties/{party}"),
        place: "Valkenburg".into(),
        body: Some(Body::Outage(Outage { service, customers, ..Outage::default() })),
        ..observation("flood", "power out")
    }
}

#[tokio::test]
async fn a_contradiction_with_what_one_may_not_see_is_not_told() {
    let home = Home::new();
    let node = home.start().await;
    let [admin, paul, fien, _] = under_a_charter(&node).await;
    paul.put(&without_power("police", 370), "audiences/investigation").await.unwrap();
    paul.put(&without_power("police", 400), "").await.unwrap();
    let request = ListContradictionsRequest {
        incident: "incidents/flood".into(),
        ..ListContradictionsRequest::default()
    };
    let told = paul.team().list_contradictions(request.clone()).await.unwrap().into_inner();
    assert_eq!(told.contradictions.len(), 1);
    assert_eq!(told.contradictions[0].versions.len(), 2);
    let told = fien.team().list_contradictions(request.clone()).await.unwrap().into_inner();
    assert!(told.contradictions.is_empty());
    let known_at = Some(prost_types::Timestamp { seconds: 4_000_000_000, nanos: 0 });
    let then = ListContradictionsRequest { known_at, ..request.clone() };
    let told = fien.team().list_contradictions(then).await.unwrap().into_inner();
    assert!(told.contradictions.is_empty(), "nor in the past");
    let refused = admin.team().list_contradictions(request.clone()).await.unwrap_err();
    assert_eq!(reason(&refused), "RIGHT_MISSING");
    let mut nobody = TeamServiceClient::new(node.channel.clone());
    let refused = nobody.list_contradictions(request).await.unwrap_err();
    assert_eq!(reason(&refused), "SIGN_IN_NEEDED");
}

#[tokio::test]
async fn what_one_may_not_see_is_in_no_measure_of_a_review() {
    let home = Home::new();
    let node = home.start().await;
    let [admin, paul, fien, _] = under_a_charter(&node).await;
    paul.put(&without_power("police", 370), "audiences/investigation").await.unwrap();
    paul.put(&without_power("police", 400), "").await.unwrap();
    let ask = GetReviewRequest { incident: "incidents/flood".into(), known_at: None };
    for (who, versions, contradictions) in [(&paul, 2, 1), (&fien, 1, 0)] {
        let told = who.team().get_review(ask.clone()).await.unwrap().into_inner();
        assert_eq!((told.version_count, told.contradiction_count), (versions, contradictions));
        let shares: Vec<_> = told.parties.iter().map(|one| one.version_count).collect();
        assert_eq!((shares, told.figure_count), (vec![versions], versions));
        let people = (told.people_count, told.people_hours >= 1, told.people_version_count);
        assert_eq!(people, (1, true, versions), "paul had signed in");
    }
    let refused = admin.team().get_review(ask).await.unwrap_err();
    assert_eq!(reason(&refused), "RIGHT_MISSING");
}

#[tokio::test]
async fn what_one_may_not_see_is_in_no_situation_digest_or_national_picture_and_not_counted() {
    let home = Home::new();
    let node = home.start().await;
    let [admin, paul, fien, _] = under_a_charter(&node).await;
    paul.put(&without_power("police", 370), "audiences/investigation").await.unwrap();
    paul.put(&without_power("police", 400), "").await.unwrap();
    let incident = "incidents/flood".to_owned();
    let situation = GetSituationRequest { incident: incident.clone(), ..Default::default() };
    let digest = GetDigestRequest { incident: incident.clone(), ..Default::default() };
    let nation = GetNationalPictureRequest::default();
    for (who, entries, open) in [(&paul, 2, 1), (&fien, 1, 0)] {
        let mut client = who.situations();
        let told = client.get_situation(situation.clone()).await.unwrap().into_inner();
        let lines: usize = told.sections.iter().map(|section| section.lines.len()).sum();
        let counted = told.sections.iter().flat_map(|one| &one.state).map(|s| s.entry_count);
        assert_eq!((lines as i32, counted.sum::<i32>()), (entries, entries));
        assert_eq!(told.counts.unwrap().open_contradictions, open);
        let told = client.get_digest(digest.clone()).await.unwrap().into_inner();
        assert_eq!((told.lines.len() as i32, told.held_back.len()), (entries, 0));
        let told = client.get_national_picture(nation.clone()).await.unwrap().into_inner();
        let counted: i32 = told.regions.iter().map(|region| region.entry_count).sum();
        assert_eq!((counted, told.open_contradictions), (entries, open));
        let lines: usize = told.sections.iter().map(|section| section.lines.len()).sum();
        assert_eq!(lines as i32, entries);
    }
    let refused = admin.situations().get_situation(situation.clone()).await.unwrap_err();
    assert_eq!(reason(&refused), "RIGHT_MISSING");
    let told = admin.situations().get_national_picture(nation.clone()).await;
    assert!(told.is_err() || told.unwrap().into_inner().incidents.is_empty());
    let mut nobody = SituationServiceClient::new(node.channel.clone());
    let refused = nobody.get_situation(situation).await.unwrap_err();
    assert_eq!(reason(&refused), "SIGN_IN_NEEDED");
    let refused = nobody.get_national_picture(nation).await.unwrap_err();
    assert_eq!(reason(&refused), "SIGN_IN_NEEDED");
}

#[tokio::test]
async fn help_that_one_may_not_see_is_neither_told_nor_counted() {
    let home = Home::new();
    let node = home.start().await;
    let [admin, paul, fien, _] = under_a_charter(&node).await;
    let asks = |need: &str| Entry {
        party: "parties/police".into(),
        body: Some(Body::AssistanceRequest(AssistanceRequest {
            need: need.into(),
            quantity: Some(Count { value: 5, ..Count::default() }),
            ..AssistanceRequest::default()
        })),
        ..observation("flood", need)
    };
    paul.put(&asks("observers"), "audiences/investigation").await.unwrap();
    paul.put(&asks("boats"), "").await.unwrap();
    let request = ListAssistanceRequest {
        incident: "incidents/flood".into(),
        ..ListAssistanceRequest::default()
    };
    let told = paul.team().list_assistance(request.clone()).await.unwrap().into_inner();
    assert_eq!(told.requests.len(), 2);
    let told = fien.team().list_assistance(request.clone()).await.unwrap().into_inner();
    assert_eq!(told.requests.len(), 1);
    assert!(!format!("{told:?}").contains("observers"));
    let refused = admin.team().list_assistance(request.clone()).await.unwrap_err();
    assert_eq!(reason(&refused), "RIGHT_MISSING");
    let mut nobody = TeamServiceClient::new(node.channel.clone());
    let refused = nobody.list_assistance(request).await.unwrap_err();
    assert_eq!(reason(&refused), "SIGN_IN_NEEDED");
}

async fn drafted(person: &Person, audience: &str) -> Result<Sitrep, tonic::Status> {
    let request = DraftSitrepRequest {
        incident: "incidents/flood".into(),
        audience: audience.into(),
        ..DraftSitrepRequest::default()
    };
    let mut sitrep = person.team().draft_sitrep(request).await?.into_inner().sitrep.unwrap();
    (sitrep.team, sitrep.issued_by) = ("ROT".into(), "information manager".into());
    Ok(sitrep)
}

async fn issue(person: &Person, sitrep: Sitrep, audience: &str) -> Result<String, tonic::Status> {
    let request = IssueSitrepRequest {
        incident: "incidents/flood".into(),
        sitrep: Some(sitrep),
        audience: audience.into(),
        ..IssueSitrepRequest::default()
    };
    Ok(person.team().issue_sitrep(request).await?.into_inner().name)
}

#[tokio::test]
async fn a_sitrep_tells_its_readers_nothing_that_they_may_not_see_and_leaders_issue_it() {
    const INVESTIGATION: &str = "audiences/investigation";
    let home = Home::new();
    let node = home.start().await;
    let [_, paul, fien, _] = under_a_charter(&node).await;
    paul.put(&observation("flood", "sabotage?"), INVESTIGATION).await.unwrap();
    paul.put(&observation("flood", "road closed"), "").await.unwrap();
    let said = |sitrep: &Sitrep| {
        let lines = sitrep.sections.iter().flat_map(|section| &section.lines);
        lines.map(|line| line.english.clone()).collect::<Vec<_>>()
    };
    let all = drafted(&paul, "").await.unwrap();
    assert_eq!(said(&all), ["road closed"], "for everybody, though paul sees more");
    let narrow = drafted(&paul, INVESTIGATION).await.unwrap();
    assert_eq!(said(&narrow).len(), 2);
    let refused = issue(&paul, narrow.clone(), "").await.unwrap_err();
    assert_eq!(reason(&refused), "VERSION_UNKNOWN", "it would tell everybody");
    assert_eq!(reason(&drafted(&fien, INVESTIGATION).await.unwrap_err()), "AUDIENCE_NOT_FOUND");

    // A column head reads them and issues none, by whichever call.
    let refused = issue(&fien, drafted(&fien, "").await.unwrap(), "").await.unwrap_err();
    assert_eq!(reason(&refused), "RIGHT_MISSING");
    let mut made = all.clone();
    (made.number, made.version, made.issued_time) = (7, 1, made.known_at);
    let entry = Entry {
        sitrep: Some(made),
        party: "parties/fire".into(),
        body: Some(Body::Message(Message::default())),
        ..observation("flood", "Sitrep 7")
    };
    assert_eq!(reason(&fien.put(&entry, "").await.unwrap_err()), "RIGHT_MISSING");

    let secret = issue(&paul, narrow, INVESTIGATION).await.unwrap();
    let open = issue(&paul, all, "").await.unwrap();
    assert_eq!(reason(&fien.get(&secret).await.unwrap_err()), "ENTRY_NOT_FOUND");
    assert_eq!(fien.get(&open).await.unwrap().author, "paul");
}

#[tokio::test]
async fn hand_over_gaps_and_acknowledgements_leave_out_what_one_may_not_see() {
    let home = Home::new();
    let node = home.start().await;
    let [_, paul, fien, mia] = under_a_charter(&node).await;
    let secret = observation("flood", "sabotage?");
    let secret = paul.put(&secret, "audiences/investigation").await.unwrap().name;
    let shared = paul.put(&observation("flood", "road closed"), "").await.unwrap().name;
    let since = Some(prost_types::Timestamp { seconds: 1, nanos: 0 });
    let request = GetHandoverRequest {
        incident: "incidents/flood".into(),
        since,
        ..GetHandoverRequest::default()
    };
    let told = paul.team().get_handover(request.clone()).await.unwrap().into_inner();
    assert_eq!(told.changed.len(), 2);
    let told = fien.team().get_handover(request).await.unwrap().into_inner();
    assert_eq!(told.changed.len(), 1);
    let request =
        ListGapsRequest { incident: "incidents/flood".into(), ..ListGapsRequest::default() };
    let told = fien.team().list_gaps(request).await.unwrap().into_inner();
    assert_eq!(told.sections[0].entry_count, 1);
    let parties: Vec<_> = told.parties.iter().map(|party| &party.party[..]).collect();
    assert_eq!(parties, ["parties/fire", "parties/medical", "parties/police"]);
    let acknowledge = |name: &str, party: &str| AcknowledgeRequest {
        name: name.into(),
        party: party.into(),
        ..AcknowledgeRequest::default()
    };
    let refused = fien.team().acknowledge(acknowledge(&secret, "")).await.unwrap_err();
    assert_eq!(reason(&refused), "ENTRY_NOT_FOUND");
    let refused = fien.team().acknowledge(acknowledge(&shared, "parties/police")).await;
    assert_eq!(reason(&refused.unwrap_err()), "PARTY_NOT_YOURS");
    let seen = mia.team().acknowledge(acknowledge(&shared, "")).await.unwrap().into_inner();
    let entry = paul.get(&seen.name).await.unwrap();
    assert_eq!((&entry.party[..], &entry.author[..]), ("parties/medical", "mia"));
}

#[tokio::test]
async fn what_one_may_not_see_takes_nothing_down_and_is_compared_with_nothing() {
    let home = Home::new();
    let node = home.start().await;
    let [_, paul, fien, _] = under_a_charter(&node).await;
    let body = Facility {
        designation: "Nursing home".into(),
        r#type: FacilityType::NursingHome.into(),
        dependencies: vec![Dependency {
            service: VitalService::Power.into(),
            ..Dependency::default()
        }],
        ..Facility::default()
    };
    let facility = Entry {
        place: "Valkenburg".into(),
        body: Some(Body::Facility(body)),
        ..without_power("police", 0)
    };
    paul.put(&facility, "").await.unwrap();
    paul.put(&without_power("police", 370), "audiences/investigation").await.unwrap();
    let scenario = |level: ImpactLevel| {
        let criterion = ImpactCriterion::Deaths.into();
        let score = ImpactScore { criterion, level: level.into(), ..ImpactScore::default() };
        let body = Scenario {
            subject: "Geul".into(),
            r#type: ScenarioType::WorstCase.into(),
            scores: vec![score],
            ..Scenario::default()
        };
        Entry { body: Some(Body::Scenario(body)), ..without_power("police", 0) }
    };
    paul.put(&scenario(ImpactLevel::Serious), "").await.unwrap();
    paul.put(&scenario(ImpactLevel::Catastrophic), "audiences/investigation").await.unwrap();
    let ask = GetImpactRequest { incident: "incidents/flood".into(), ..Default::default() };
    let side = CompareScenariosRequest { incident: ask.incident.clone(), ..Default::default() };
    for (reader, effects, columns) in [(&paul, 1, 2), (&fien, 0, 1)] {
        let told = reader.impact().get_impact(ask.clone()).await.unwrap().into_inner();
        assert_eq!((told.effects.len(), told.exposures.len()), (effects, effects));
        let told = reader.impact().compare_scenarios(side.clone()).await.unwrap().into_inner();
        let one = &told.comparisons[0];
        assert_eq!((one.scenarios.len(), one.criteria[0].differs), (columns, columns > 1));
    }
    let mut nobody = ImpactServiceClient::new(node.channel.clone());
    let refused = nobody.get_impact(ask).await.unwrap_err();
    assert_eq!(reason(&refused), "SIGN_IN_NEEDED");
}
