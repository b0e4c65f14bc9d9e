//! After an incident was dropped: who follows, who asks of the past, and feeds that forked.

use std::time::Duration;

use polder_picture::record::Signer;
use polder_wire::v1::*;

use crate::{
    archive::{close, fails, json, linked_to, names, number, until},
    harness::*,
    sneakernet::{feed, open, receive},
};

/// All that a subscription says until it is quiet: events of kinds, and entries by name.
async fn told(node: &Running, request: SubscribeRequest) -> (Vec<String>, String) {
    let mut stream = node.picture().subscribe(request).await.unwrap().into_inner();
    let (mut names, mut token) = (Vec::new(), String::new());
    while let Ok(Ok(Some(message))) =
        tokio::time::timeout(Duration::from_millis(400), stream.message()).await
    {
        token = message.token;
        if let Some(subscribe_response::Event::Changes(changes)) = message.event {
            let changes = <Changes as prost::Message>::decode(changes).unwrap();
            names.extend(changes.changes.into_iter().map(|change| change.name));
        }
    }
    (names, token)
}

#[tokio::test(flavor = "multi_thread")]
async fn who_follows_or_asks_of_the_past_is_told_of_a_drop_and_of_nothing_that_is_gone() {
    let home = Home::new();
    let node = home.start().await;
    let address = node.address();
    node.open("flood").await;
    let other = node.open("other").await.name;
    let request_id = uuid::Uuid::new_v4().to_string();
    let first = observation("flood", "first");
    let publish = || PublishEntriesRequest {
        items: vec![item(&first)],
        request_id: request_id.clone(),
        ..Default::default()
    };
    let answer = node.picture().publish_entries(publish()).await.unwrap().into_inner();
    node.put(&observation("other", "lives on")).await;
    let log = SubscribeRequest { mode: SubscribeMode::Log.into(), ..Default::default() };
    let (all, _) = told(&node, log.clone()).await;
    assert_eq!(all.len(), 2);
    let mut live =
        node.picture().subscribe(SubscribeRequest::default()).await.unwrap().into_inner();
    close(&node, "flood").await;
    let file = home.beside("flood.polder");
    let file = file.to_str().unwrap();
    must(&["archive", "flood", "--out", file, "--node", &address]);
    must(&["archive", "flood", "--drop", "--file", file, "--node", &address]);
    // Who follows the state starts over, and is shown the archived incident.
    let (mut reset, mut archived) = (false, false);
    until("a reset and the incident", async || {
        match live.message().await.unwrap().and_then(|message| message.event) {
            Some(subscribe_response::Event::Reset(_)) => reset = true,
            Some(subscribe_response::Event::Incident(incident)) => {
                archived |= reset && incident.archive.is_some();
            }
            _ => {}
        }
        reset && archived
    })
    .await;
    // Who follows the log passes over what is gone, from the start or from a token.
    let (left, token) = told(&node, log.clone()).await;
    assert!(left.len() == 1 && left[0].starts_with(&other), "{left:?}");
    node.put(&observation("other", "later")).await;
    let start = Some(SubscribeStart { at: Some(subscribe_start::At::Token(token)) });
    assert_eq!(told(&node, SubscribeRequest { start, ..log }).await.0.len(), 1);
    let past = GetPictureAsOfRequest { filter: Some(of_incident("flood")), ..Default::default() };
    let mut past = node.picture().get_picture_as_of(past).await.unwrap().into_inner();
    while let Some(message) = past.message().await.unwrap() {
        assert!(message.entries.is_empty());
        if let Some(summary) = message.summary {
            assert_eq!(summary.entry_count, 0);
            assert!(summary.incident.unwrap().archive.is_some());
        }
    }
    let again = node.picture().publish_entries(publish()).await.unwrap().into_inner();
    assert_eq!(again.results, answer.results, "a request that comes twice");
    let versions = ListEntryVersionsRequest { name: first.name.clone(), ..Default::default() };
    let gone = node.picture().list_entry_versions(versions).await.unwrap_err();
    assert_eq!(reason(&gone), "INCIDENT_ARCHIVED");
    fails(&["export", "--to", file, "--node", &address], 3, "FEED_ARCHIVED");
    let (code, said) = said(&run(&["import", file, "--node", &address]));
    assert_eq!(code, 0, "what went is whole: {said}");
}

async fn link_bytes(node: &Running) -> i64 {
    let once = WatchLinksRequest { once: true };
    let mut links = node.node().watch_links(once).await.unwrap().into_inner();
    let links = links.message().await.unwrap().unwrap().links;
    links.iter().map(|link| link.bytes_sent + link.bytes_received).sum()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fork_before_what_was_archived_is_refused_and_then_it_is_quiet() {
    for (ours, theirs) in [(8, 20), (20, 8), (8, 8)] {
        let homes = [Home::new(), Home::new()];
        let signer = Signer::new(&[7; 32]);
        for (home, count, bytes) in [(&homes[0], ours, 60), (&homes[1], theirs, 120)] {
            let mut node = home.start().await;
            node.open("flood").await;
            assert!(node.stop().success());
            let (node, writer) = open(home.data());
            receive(&node, [feed(&signer, Lane::Routine, count, bytes)]).await;
            polder::node::close(node, writer);
        }
        let a = homes[0].start().await;
        close(&a, "flood").await;
        let file = homes[0].beside("file");
        let file = file.to_str().unwrap();
        must(&["archive", "flood", "--out", file, "--node", &a.address()]);
        must(&["archive", "flood", "--drop", "--file", file, "--node", &a.address()]);
        let b = homes[1].start_with(&linked_to(&a)).await;
        tokio::time::sleep(Duration::from_secs(3)).await;
        let before = link_bytes(&b).await;
        tokio::time::sleep(Duration::from_secs(3)).await;
        let quiet = link_bytes(&b).await - before;
        assert!(quiet < 1_000, "{ours} {theirs}: {quiet} bytes in three seconds");
        let stick = homes[1].beside("stick");
        let stick = stick.to_str().unwrap();
        must(&["export", "--to", stick, "--node", &b.address()]);
        run(&["import", stick, "--node", &a.address()]);
        assert!(a.verdict().await.sound && b.verdict().await.sound);
        assert_eq!(names(&b, "flood").await.len() as u64, theirs);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_incident_with_a_fork_is_archived_whole_and_stays() {
    let home = Home::new();
    {
        let mut node = home.start().await;
        node.open("flood").await;
        assert!(node.stop().success());
        let (node, writer) = open(home.data());
        let signer = Signer::new(&[7; 32]);
        receive(&node, [feed(&signer, Lane::Routine, 20, 60)]).await;
        receive(&node, [feed(&signer, Lane::Routine, 8, 120)]).await;
        polder::node::close(node, writer);
    }
    let node = home.start().await;
    close(&node, "flood").await;
    let file = home.beside("flood.polder");
    let file = file.to_str().unwrap();
    let made = json(&["archive", "flood", "--out", file, "--node", &node.address()]);
    assert_eq!(number(&made["recordCount"]), 2 + 20 + 8, "{made}");
    must(&["verify", "--archive", file]);
    let drop = ["archive", "flood", "--drop", "--file", file, "--node", &node.address()];
    fails(&drop, 3, "FEED_FORKED");
    let other = Home::new();
    let other = other.start().await;
    must(&["import", file, "--node", &other.address()]);
    assert_eq!(names(&other, "flood").await, names(&node, "flood").await);
}
