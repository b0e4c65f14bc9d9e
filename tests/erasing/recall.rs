//! Recall: what was said to too many goes back to fewer.

use polder_wire::v1::{
    self, EraseEntryRequest, GetPictureAsOfRequest, ListEntryVersionsRequest, RecallEntryRequest,
    RecallEntryResponse, RelationType, SubscribeMode, SubscribeRequest, subscribe_response::Event,
};
use prost::Message as _;
use tonic::{Code, Status};

use crate::{disk::lies_in, harness::*, who::*};

const RESPONDERS: &str = "audiences/responders";
const INVESTIGATION: &str = "audiences/investigation";

async fn recall(
    person: &Person,
    name: &str,
    audience: &str,
    request_id: &str,
) -> Result<RecallEntryResponse, Status> {
    let request = RecallEntryRequest {
        request_id: request_id.into(),
        name: name.into(),
        audience: audience.into(),
        reason: "said to too many".into(),
    };
    Ok(person.picture().recall_entry(request).await?.into_inner())
}

async fn versions(person: &Person, name: &str) -> Result<Vec<v1::Entry>, Status> {
    let request = ListEntryVersionsRequest { name: name.into(), ..Default::default() };
    let answer = person.picture().list_entry_versions(request).await?.into_inner();
    Ok(answer.versions.iter().map(decode).collect())
}

/// Everything that the picture of an incident held at a moment, as bytes.
async fn as_of(person: &Person, known_at: Option<prost_types::Timestamp>) -> Vec<u8> {
    let filter = v1::EntryFilter { include_retracted: true, ..of_incident("flood") };
    let request = GetPictureAsOfRequest { filter: Some(filter), known_at, ..Default::default() };
    let mut stream = person.picture().get_picture_as_of(request).await.unwrap().into_inner();
    let mut all = Vec::new();
    while let Some(message) = stream.message().await.unwrap() {
        message.entries.iter().for_each(|entry| all.extend_from_slice(entry));
    }
    all
}

fn holds(all: &[u8], secret: &str) -> bool {
    all.windows(secret.len()).any(|part| part == secret.as_bytes())
}

#[tokio::test]
async fn those_who_may_no_longer_see_it_are_told_that_it_left_and_nothing_of_it_is_told_again() {
    let home = Home::new();
    let node = home.start_with("[erasure]\npurge_after = \"0s\"\n").await;
    let [_, paul, fien, mia] = under_a_charter(&node).await;
    let secret = format!("suspect {}", uuid::Uuid::new_v4());
    let mut entry = observation("flood", &secret);
    let name = paul.put(&entry, RESPONDERS).await.unwrap().name;
    entry.name.clone_from(&name);
    entry.place = "by the pump".into();
    let second = paul.put(&entry, RESPONDERS).await.unwrap();
    assert_eq!(fien.titles().await, std::slice::from_ref(&secret));
    let request = SubscribeRequest { filter: Some(of_incident("flood")), ..Default::default() };
    let mut stream = fien.picture().subscribe(request.clone()).await.unwrap().into_inner();
    loop {
        let event = stream.message().await.unwrap().unwrap().event;
        if matches!(event, Some(Event::SnapshotEnd(_))) {
            break;
        }
    }
    let before = second.received_time;
    assert!(holds(&as_of(&fien, before).await, &secret));

    // Not by who does not speak for its party, nor by who may not even know of it.
    let refused = recall(&fien, &name, "", "").await.unwrap_err();
    assert_eq!(reason(&refused), "NOT_OWNER");
    let refused = recall(&mia, &name, "", "").await.unwrap_err();
    assert_eq!((refused.code(), reason(&refused)), (Code::NotFound, "ENTRY_NOT_FOUND".into()));
    let refused = recall(&paul, &name, RESPONDERS, "").await.unwrap_err();
    assert_eq!(reason(&refused), "DUPLICATE");

    let id = uuid::Uuid::new_v4().to_string();
    let answer = recall(&paul, &name, INVESTIGATION, &id).await.unwrap();
    let again = decode(&answer.entry);
    assert_eq!((&again.audience[..], &again.texts[0].title), (INVESTIGATION, &secret));
    assert_eq!(again.relations[0].r#type(), RelationType::ReleasedFrom);
    assert_eq!(again.relations[0].entry, name);
    let stands = decode(&answer.recall);
    assert!(stands.retracted && stands.retraction_reason == "said to too many");
    assert_eq!(recall(&paul, &name, INVESTIGATION, &id).await.unwrap(), answer, "asked twice");

    let left = loop {
        let event = stream.message().await.unwrap().unwrap().event;
        if let Some(Event::Changes(changes)) = event {
            assert!(!holds(&changes, &secret));
            break v1::Changes::decode(changes).unwrap();
        }
    };
    assert!(left.changes[0].left && left.changes[0].name == name);
    assert_eq!(fien.titles().await, [""; 0]);
    assert_eq!(paul.titles().await, std::slice::from_ref(&secret));
    for person in [&fien, &paul] {
        let told = versions(person, &name).await.unwrap();
        assert_eq!(told.len(), 3, "that it was there is no secret");
        assert!(told[..2].iter().all(|version| version.erased && version.texts.is_empty()));
        assert!(told.iter().all(|version| !holds(&version.encode_to_vec(), &secret)));
    }
    assert!(!holds(&as_of(&fien, before).await, &secret), "not even in the past");
    let log = SubscribeRequest { mode: SubscribeMode::Log.into(), ..request };
    let mut stream = fien.picture().subscribe(log).await.unwrap().into_inner();
    let mut told = 0;
    while told < 3 {
        if let Some(Event::Changes(changes)) = stream.message().await.unwrap().unwrap().event {
            assert!(!holds(&changes, &secret));
            told += v1::Changes::decode(changes).unwrap().changes.len();
        }
    }
    // Not over again, and not by a new version either that says it is in place of it.
    let refused = recall(&paul, &name, INVESTIGATION, "").await.unwrap_err();
    assert_eq!(reason(&refused), "ENTRY_RETRACTED");
    drop(node);
    must(&["verify", "--data", home.data().to_str().unwrap()]);
}

#[tokio::test]
async fn what_is_recalled_for_nobody_is_gone_from_the_disk_as_well() {
    let home = Home::new();
    let node = home.start_with("[erasure]\npurge_after = \"0s\"\n").await;
    let [_, paul, _, _] = under_a_charter(&node).await;
    let secret = format!("suspect {}", uuid::Uuid::new_v4());
    let name = paul.put(&observation("flood", &secret), RESPONDERS).await.unwrap().name;
    assert!(lies_in(home.data(), &secret));
    let answer = recall(&paul, &name, "", "").await.unwrap();
    assert!(answer.entry.is_empty());
    crate::disk::gone_from(&[home.data()], &secret).await;
    assert!(paul.get(&name).await.unwrap().retracted, "what stands in its place says so");
    drop(node);
    must(&["verify", "--data", home.data().to_str().unwrap()]);
}

#[tokio::test]
async fn erasing_needs_a_reason_and_the_right_and_names_what_stays() {
    let home = Home::new();
    let node = home.start().await;
    let [admin, paul, fien, mia] = under_a_charter(&node).await;
    let name = paul.put(&observation("flood", "of the police"), "").await.unwrap().name;
    let erase = |person: &Person, reason: &str| {
        let request =
            EraseEntryRequest { name: name.clone(), reason: reason.into(), ..Default::default() };
        let mut client = person.picture();
        async move { client.erase_entry(request).await.map(tonic::Response::into_inner) }
    };
    assert_eq!(wrong_fields(&erase(&paul, "").await.unwrap_err()), ["reason"]);
    assert_eq!(reason(&erase(&mia, "x").await.unwrap_err()), "NOT_OWNER");
    assert_eq!(reason(&erase(&fien, "x").await.unwrap_err()), "NOT_OWNER");
    assert_eq!(reason(&erase(&admin, "x").await.unwrap_err()), "RIGHT_MISSING");
    let answer = erase(&paul, "asked for").await.unwrap();
    assert_eq!(answer.kept_parties, [""; 0]);
    let erasure = decode(&answer.erasure);
    assert!(erasure.retracted && erasure.author == "paul");
    assert_eq!(mia.titles().await, [""; 0]);
}

#[tokio::test]
async fn what_was_erased_takes_no_part_in_what_teams_see_also_of_the_past() {
    let home = Home::new();
    let node = home.start().await;
    let [_, paul, ..] = under_a_charter(&node).await;
    let without_power = |value| v1::Entry {
        party: "parties/police".into(),
        place: "Valkenburg".into(),
        body: Some(v1::entry::Body::Outage(v1::Outage {
            service: v1::VitalService::Power.into(),
            customers: Some(v1::Count { value, ..Default::default() }),
            ..Default::default()
        })),
        ..observation("flood", &format!("SECRET-{value}"))
    };
    let name = paul.put(&without_power(370), "").await.unwrap().name;
    paul.put(&without_power(400), "").await.unwrap();
    let ask = |known_at| v1::ListContradictionsRequest {
        incident: "incidents/flood".into(),
        known_at,
        only_open: false,
    };
    let told = paul.team().list_contradictions(ask(None)).await.unwrap().into_inner();
    assert_eq!(told.contradictions.len(), 1);
    let status = paul.node().get_node_status(v1::GetNodeStatusRequest {}).await.unwrap();
    let before = status.into_inner().node_time;
    let request = v1::EraseEntryRequest { name, reason: "personal".into(), ..Default::default() };
    paul.picture().erase_entry(request).await.unwrap();
    for known_at in [None, before] {
        let told = paul.team().list_contradictions(ask(known_at)).await.unwrap().into_inner();
        assert!(told.contradictions.is_empty(), "{known_at:?}");
        let request = v1::GetHandoverRequest {
            incident: "incidents/flood".into(),
            known_at,
            since: Some(prost_types::Timestamp { seconds: 1, nanos: 0 }),
        };
        let told = paul.team().get_handover(request).await.unwrap().into_inner();
        assert!(!format!("{told:?}").contains("SECRET-370"), "{told:?}");
    }
}
