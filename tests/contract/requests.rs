//! Request ids: a repeated request changes nothing and gets the first answer.

use polder_wire::v1::*;
use tonic::Code;
use uuid::Uuid;

use crate::harness::*;

fn id() -> String {
    Uuid::new_v4().to_string()
}

async fn publish(
    node: &Running,
    request: &PublishEntriesRequest,
) -> Result<PublishEntriesResponse, tonic::Status> {
    Ok(node.picture().publish_entries(request.clone()).await?.into_inner())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repeated_publication_gets_the_first_answer_also_after_restart_and_kill() {
    for engine in ["fjall", "sled"] {
        let home = Home::of(engine);
        let mut node = home.start().await;
        node.open("flood").await;
        // The node chooses names, and one item is refused: all of that comes again.
        let mut chosen = observation("flood", "named by the node");
        chosen.name = "incidents/flood".into();
        let mut bad = observation("flood", "bad");
        bad.statement = 0;
        let items = vec![item(&chosen), item(&bad), item(&observation("flood", "third"))];
        let request = PublishEntriesRequest { request_id: id(), items, ..Default::default() };
        let first = publish(&node, &request).await.unwrap();
        assert_eq!(publish(&node, &request).await.unwrap(), first, "{engine}");
        assert_eq!(node.stop().code(), Some(0));
        let mut node = home.start().await;
        assert_eq!(publish(&node, &request).await.unwrap(), first, "{engine} after restart");
        node.put(&observation("flood", "something else")).await;
        node.kill();
        let node = home.start().await;
        assert_eq!(publish(&node, &request).await.unwrap(), first, "{engine} after kill -9");
        assert_eq!(node.list(of_incident("flood")).await.len(), 3, "{engine}");
        assert_eq!(node.status().await.record_count, 4, "{engine}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_id_with_another_content_is_refused() {
    let home = Home::new();
    let mut node = home.start().await;
    node.open("flood").await;
    let items = vec![item(&observation("flood", "one"))];
    let request = PublishEntriesRequest { request_id: id(), items, ..Default::default() };
    publish(&node, &request).await.unwrap();
    let other = PublishEntriesRequest {
        items: vec![item(&observation("flood", "two"))],
        ..request.clone()
    };
    let refused = publish(&node, &other).await.unwrap_err();
    assert_eq!((refused.code(), &*reason(&refused)), (Code::InvalidArgument, "REQUEST_ID_REUSED"));
    assert_eq!(wrong_fields(&refused), ["request_id"]);
    // The same id in another method is another content too, also after kill -9.
    node.kill();
    let node = home.start().await;
    let retraction = RetractEntryRequest {
        request_id: request.request_id.clone(),
        name: node.list(of_incident("flood")).await[0].name.clone(),
        reason: "x".into(),
    };
    let refused = node.picture().retract_entry(retraction).await.unwrap_err();
    assert_eq!(reason(&refused), "REQUEST_ID_REUSED");
    let malformed = PublishEntriesRequest { request_id: "seven".into(), ..request };
    let refused = publish(&node, &malformed).await.unwrap_err();
    assert_eq!(wrong_fields(&refused), ["request_id"]);
    assert_eq!(node.list(of_incident("flood")).await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_stored_nothing_may_be_tried_again_with_the_same_id() {
    let home = Home::new();
    let node = home.start().await;
    node.open("flood").await;
    let mut bad = observation("flood", "x");
    bad.statement = 0;
    let request =
        PublishEntriesRequest { request_id: id(), items: vec![item(&bad)], ..Default::default() };
    assert!(outcomes(publish(&node, &request).await.unwrap())[0].is_err());
    bad.statement = 1;
    let better = PublishEntriesRequest { items: vec![item(&bad)], ..request };
    assert!(outcomes(publish(&node, &better).await.unwrap())[0].is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_request_many_times_at_once_is_stored_once() {
    let home = Home::new();
    let node = home.start().await;
    node.open("flood").await;
    let mut entry = observation("flood", "once");
    entry.name = "incidents/flood/entries/-".into();
    let request =
        PublishEntriesRequest { request_id: id(), items: vec![item(&entry)], ..Default::default() };
    let calls = (0..40).map(|_| publish(&node, &request));
    let answers = futures::future::join_all(calls).await;
    let first = answers[0].as_ref().unwrap();
    assert!(answers.iter().all(|answer| answer.as_ref().unwrap() == first));
    assert_eq!(node.list(of_incident("flood")).await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_writing_method_takes_the_same_request_twice_and_does_it_once() {
    let home = Home::new();
    let mut node = home.start().await;
    let create = CreateIncidentRequest {
        request_id: id(),
        incident: Some(Incident { name: String::new(), ..incident("x", Mode::Actual) }),
    };
    let made = node.incidents().create_incident(create.clone()).await.unwrap().into_inner();
    let incident = made.incident.clone().unwrap();
    let slug = incident.name.trim_start_matches("incidents/").to_owned();
    let name = node.put(&observation(&slug, "rumour")).await.name;
    let update = UpdateIncidentRequest {
        request_id: id(),
        incident: Some(Incident { phase: Phase::Warm.into(), ..incident.clone() }),
        update_mask: Some(prost_types::FieldMask { paths: vec!["phase".into()] }),
        expected_version: incident.version.clone(),
    };
    node.incidents().update_incident(update.clone()).await.unwrap();
    let retract = RetractEntryRequest { request_id: id(), name: name.clone(), reason: "r".into() };
    let first = node.picture().retract_entry(retract.clone()).await.unwrap().into_inner();
    let close = CloseIncidentRequest {
        request_id: id(),
        name: incident.name.clone(),
        reason: "over".into(),
    };
    node.incidents().close_incident(close.clone()).await.unwrap();
    let records = node.status().await.record_count;
    node.kill();
    let node = home.start().await;
    let again = node.incidents().create_incident(create).await.unwrap().into_inner();
    assert_eq!(again.incident.unwrap().name, incident.name);
    // The version that the first one was to replace is gone; it still is the first answer.
    node.incidents().update_incident(update).await.unwrap();
    let again = node.picture().retract_entry(retract).await.unwrap().into_inner();
    assert_eq!(decode(&again.entry), decode(&first.entry));
    node.incidents().close_incident(close).await.unwrap();
    assert_eq!(node.status().await.record_count, records);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repeated_retraction_answers_with_the_retraction_even_when_the_entry_came_back() {
    let home = Home::new();
    let node = home.start().await;
    node.open("flood").await;
    let entry = observation("flood", "rumour");
    node.put(&entry).await;
    let request =
        RetractEntryRequest { request_id: id(), name: entry.name.clone(), reason: "r".into() };
    let first = node.picture().retract_entry(request.clone()).await.unwrap().into_inner();
    node.put(&entry).await;
    let again = node.picture().retract_entry(request).await.unwrap().into_inner();
    let (first, again) = (decode(&first.entry), decode(&again.entry));
    assert_eq!((again.retracted, again.version), (true, first.version));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_that_goes_away_leaves_the_node_sound() {
    let home = Home::new();
    let node = home.start().await;
    node.open("flood").await;
    for round in 0..40_u64 {
        let items: Vec<_> =
            (0..50).map(|at| item(&observation("flood", &format!("{round} {at}")))).collect();
        let channel = node.connect().await;
        let call = tokio::spawn(async move {
            let request = PublishEntriesRequest { items, ..Default::default() };
            picture(channel).publish_entries(request).await
        });
        tokio::time::sleep(std::time::Duration::from_micros(round * 250)).await;
        call.abort();
        let _ = call.await;
    }
    // Streams that nobody reads to the end.
    for _ in 0..10 {
        let mut stream =
            node.picture().subscribe(SubscribeRequest::default()).await.unwrap().into_inner();
        let _ = stream.message().await.unwrap();
        drop(node.node().stream_backup(StreamBackupRequest::default()).await.unwrap());
        drop(node.node().verify_log(VerifyLogRequest::default()).await.unwrap());
    }
    node.put(&observation("flood", "after")).await;
    assert!(node.verdict().await.sound);
    let entries = node.list(of_incident("flood")).await.len();
    assert_eq!(entries % 50, 1, "a batch was stored in part");
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    assert_eq!(node.status().await.subscriber_count, 0);
}
