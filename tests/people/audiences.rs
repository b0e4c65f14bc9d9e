//! Audiences: what is said to some is not there for others, whichever way they ask.

use std::collections::BTreeSet;

use polder_wire::v1::{
    self, AddStatementsRequest, EntryFilter, GetHeadsRequest, GetNodeStatusRequest,
    GetPictureAsOfRequest, ListEntryVersionsRequest, ListHoldersRequest, ReleaseEntryRequest,
    RetractEntryRequest, SubscribeMode, SubscribeRequest, SubscribeResponse,
    charter_service_client::CharterServiceClient, subscribe_response::Event,
};
use tonic::{Code, Streaming};

use crate::{
    harness::*,
    made::{audience, signed, withdraw},
    who::*,
};

const INVESTIGATION: &str = "audiences/investigation";

/// Titles that a stream brings, until something says that it is up to date.
async fn followed(stream: &mut Streaming<SubscribeResponse>, until: &str) -> BTreeSet<String> {
    let mut titles = BTreeSet::new();
    while !titles.contains(until) {
        let message = stream.message().await.unwrap().expect("the stream goes on");
        if let Some(Event::Changes(changes)) = message.event {
            let changes = <v1::Changes as prost::Message>::decode(changes).unwrap();
            let versions = changes.changes.iter().flat_map(|change| &change.versions);
            titles.extend(versions.map(decode).map(|entry| entry.texts[0].title.clone()));
        }
    }
    titles
}

#[tokio::test]
async fn what_one_may_not_see_answers_as_if_it_did_not_exist() {
    let home = Home::new();
    let node = home.start().await;
    let [admin, paul, fien, mia] = under_a_charter(&node).await;
    let secret = paul.put(&observation("flood", "sabotage?"), INVESTIGATION).await.unwrap().name;
    let shared = paul.put(&observation("flood", "road closed"), "").await.unwrap().name;
    assert_eq!(paul.get(&secret).await.unwrap().audience, INVESTIGATION);
    assert_eq!(paul.get(&shared).await.unwrap().audience, "");
    assert_eq!(paul.titles().await, ["road closed", "sabotage?"]);
    let never = new_name("flood");

    for other in [&fien, &mia] {
        assert_eq!(other.titles().await, ["road closed"]);
        // The very words of what does not exist.
        let said = other.get(&secret).await.unwrap_err();
        let unknown = other.get(&never).await.unwrap_err();
        assert_eq!((said.code(), reason(&said)), (unknown.code(), reason(&unknown)));
        assert_eq!(said.message().replace(&secret, ""), unknown.message().replace(&never, ""));
        let request = ListEntryVersionsRequest { name: secret.clone(), ..Default::default() };
        let refused = other.picture().list_entry_versions(request).await.unwrap_err();
        assert_eq!(reason(&refused), "ENTRY_NOT_FOUND");
        let request = ListHoldersRequest { name: secret.clone() };
        let refused = other.node().list_holders(request).await.unwrap_err();
        assert_eq!(reason(&refused), "ENTRY_NOT_FOUND");
        let request =
            RetractEntryRequest { name: secret.clone(), reason: "x".into(), ..Default::default() };
        let refused = other.picture().retract_entry(request).await.unwrap_err();
        assert_eq!(reason(&refused), "ENTRY_NOT_FOUND");
        let request = ReleaseEntryRequest {
            name: secret.clone(),
            audience: "audiences/all".into(),
            ..Default::default()
        };
        let refused = other.picture().release_entry(request).await.unwrap_err();
        assert_eq!(reason(&refused), "ENTRY_NOT_FOUND");
        let refused = other.put(&observation("flood", "me too"), INVESTIGATION).await;
        assert_eq!(reason(&refused.unwrap_err()), "AUDIENCE_NOT_FOUND");
        let incident = other
            .incidents()
            .get_incident(v1::GetIncidentRequest { name: "incidents/flood".into() })
            .await;
        assert_eq!(incident.unwrap().into_inner().incident.unwrap().entry_count, 1);
        let feeds = other.node().get_node_status(GetNodeStatusRequest {}).await.unwrap();
        assert_eq!(feeds.into_inner().feeds.len(), 2, "incident and entries, for everybody");
        let as_of =
            GetPictureAsOfRequest { filter: Some(of_incident("flood")), ..Default::default() };
        let mut stream = other.picture().get_picture_as_of(as_of).await.unwrap().into_inner();
        let mut titles = Vec::new();
        while let Some(message) = stream.message().await.unwrap() {
            titles.extend(message.entries.iter().map(decode).map(|e| e.texts[0].title.clone()));
        }
        assert_eq!(titles, ["road closed"]);
    }
    let refused = fien.node().get_heads(GetHeadsRequest {}).await.unwrap_err();
    assert_eq!(reason(&refused), "RIGHT_MISSING");
    let refused = admin.get(&secret).await.unwrap_err();
    assert_eq!(refused.code(), Code::PermissionDenied);
    // Metrics and the log of the program name no one's words.
    let metrics = metrics_of(&node).await;
    assert!(!metrics.contains("sabotage") && !metrics.contains("investigation"));
    assert!(!node.stderr.lock().unwrap().contains("sabotage"));
}

/// `/metrics` as text, by hand.
async fn metrics_of(node: &Running) -> String {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let mut socket = tokio::net::TcpStream::connect(node.admin).await.unwrap();
    let request = b"GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    socket.write_all(request).await.unwrap();
    let mut text = String::new();
    socket.read_to_string(&mut text).await.unwrap();
    text
}

#[tokio::test]
async fn a_subscriber_gets_what_it_may_see_and_is_told_when_that_changes() {
    let home = Home::new();
    let node = home.start().await;
    let [admin, paul, fien, _] = under_a_charter(&node).await;
    let filter = Some(of_incident("flood"));
    let state = SubscribeRequest { filter: filter.clone(), ..Default::default() };
    let log = SubscribeRequest { filter, mode: SubscribeMode::Log.into(), ..Default::default() };
    let mut streams = Vec::new();
    for request in [state, log] {
        let own = paul.picture().subscribe(request.clone()).await.unwrap().into_inner();
        let other = fien.picture().subscribe(request).await.unwrap().into_inner();
        streams.push((own, other));
    }
    // The audience's first entry opens its scope while all of them follow.
    paul.put(&observation("flood", "secret"), INVESTIGATION).await.unwrap();
    paul.put(&observation("flood", "of responders"), "audiences/responders").await.unwrap();
    paul.put(&observation("flood", "end"), "").await.unwrap();
    for (own, other) in &mut streams {
        let all = ["end", "of responders", "secret"].map(str::to_owned);
        assert_eq!(followed(own, "end").await, BTreeSet::from(all));
        let part = ["end", "of responders"].map(str::to_owned);
        assert_eq!(followed(other, "end").await, BTreeSet::from(part));
    }

    // The fire service leaves the responders: what it had is taken back, by a new beginning.
    let key = admin.node().get_node_status(GetNodeStatusRequest {}).await.unwrap();
    let (charter, said) = charter_of(region(&key.into_inner().public_key));
    let narrower = vec![
        audience("responders", &["police"]),
        // The statement of before is withdrawn, so that the newer one is all that is said.
        withdraw(&said.statements[1], 4),
    ];
    let narrower = signed(Some(charter.id()), 3, narrower, &[(1, 3)]);
    let request = AddStatementsRequest { statements: vec![narrower] };
    let mut client = CharterServiceClient::new(node.connect().await);
    let mut request = tonic::Request::new(request);
    request
        .metadata_mut()
        .insert("authorization", format!("Bearer {}", admin.token).parse().unwrap());
    client.add_statements(request).await.unwrap();
    let (_, other) = &mut streams[0];
    let mut titles = None;
    loop {
        let message = other.message().await.unwrap().expect("the stream goes on");
        match (message.event.unwrap(), &mut titles) {
            (Event::Reset(_), titles) => *titles = Some(BTreeSet::new()),
            (Event::Changes(changes), Some(titles)) => {
                let changes = <v1::Changes as prost::Message>::decode(changes).unwrap();
                let versions = changes.changes.iter().flat_map(|change| &change.versions);
                titles.extend(versions.map(decode).map(|entry| entry.texts[0].title.clone()));
            }
            (Event::SnapshotEnd(_), Some(_)) => break,
            _ => {}
        }
    }
    assert_eq!(titles.unwrap(), BTreeSet::from(["end".to_owned()]));
    assert_eq!(fien.titles().await, ["end"]);
}

#[tokio::test]
async fn releasing_makes_a_new_entry_that_says_where_it_comes_from() {
    let home = Home::new();
    let node = home.start().await;
    let [_, paul, fien, mia] = under_a_charter(&node).await;
    let mut entry = observation("flood", "the pump was cut by hand, suspect seen");
    entry.sources = vec![v1::Source { system: "informant 7".into(), ..Default::default() }];
    let name = paul.put(&entry, INVESTIGATION).await.unwrap().name;
    let request = ReleaseEntryRequest {
        name: name.clone(),
        audience: "audiences/responders".into(),
        texts: vec![text("nl", "the pump is out of order")],
        without_sources: true,
        ..Default::default()
    };
    let released = paul.picture().release_entry(request.clone()).await.unwrap().into_inner();
    let released = decode(&released.entry);
    assert_ne!(released.name, name);
    assert_eq!((&released.audience[..], &released.author[..]), ("audiences/responders", "paul"));
    assert_eq!(released.relations[0].r#type(), v1::RelationType::ReleasedFrom);
    assert_eq!(released.relations[0].entry, name);
    assert!(released.sources.is_empty());
    assert_eq!(fien.titles().await, ["the pump is out of order"]);
    assert_eq!(mia.titles().await, [""; 0]);
    assert_eq!(paul.get(&name).await.unwrap().texts, entry.texts, "the first one is as it was");

    // Who is told of it does not decide who else is.
    let further = ReleaseEntryRequest {
        name: released.name,
        audience: "audiences/all".into(),
        ..Default::default()
    };
    let refused = fien.picture().release_entry(further.clone()).await.unwrap_err();
    assert_eq!(reason(&refused), "NOT_OWNER");
    paul.picture().release_entry(further).await.unwrap();
    assert_eq!(mia.titles().await, ["the pump is out of order"]);
    let same = ReleaseEntryRequest { audience: INVESTIGATION.into(), ..request };
    assert_eq!(reason(&paul.picture().release_entry(same).await.unwrap_err()), "DUPLICATE");
}

#[tokio::test]
async fn audiences_need_a_charter_and_survive_a_restart() {
    let home = Home::new();
    let node = home.start().await;
    node.open("flood").await;
    let request = v1::PublishEntriesRequest {
        items: vec![item(&observation("flood", "to whom?"))],
        audience: INVESTIGATION.into(),
        ..Default::default()
    };
    let refused = node.picture().publish_entries(request).await.unwrap_err();
    assert_eq!(reason(&refused), "AUDIENCE_NOT_FOUND");
    drop(node);

    let home = Home::new();
    let node = home.start().await;
    let [_, paul, fien, _] = under_a_charter(&node).await;
    paul.put(&observation("flood", "narrow"), INVESTIGATION).await.unwrap();
    paul.put(&observation("flood", "wide"), "").await.unwrap();
    drop(node);
    let node = home.start().await;
    let paul = Person::with(&node, &paul.token).await;
    let fien = Person::with(&node, &fien.token).await;
    assert_eq!(paul.titles().await, ["narrow", "wide"]);
    assert_eq!(fien.titles().await, ["wide"]);
    // One audience alone.
    let filter = EntryFilter { audiences: vec![INVESTIGATION.into()], ..Default::default() };
    let request = v1::ListEntriesRequest { filter: Some(filter), ..Default::default() };
    for (who, count) in [(&paul, 1), (&fien, 0)] {
        let answer = who.picture().list_entries(request.clone()).await.unwrap().into_inner();
        assert_eq!(answer.entries.len(), count);
    }
    // Closing the incident closes its audiences.
    let close = v1::CloseIncidentRequest {
        name: "incidents/flood".into(),
        reason: "over".into(),
        ..Default::default()
    };
    paul.incidents().close_incident(close).await.unwrap();
    let refused = paul.put(&observation("flood", "too late"), INVESTIGATION).await.unwrap_err();
    assert_eq!(reason(&refused), "INCIDENT_CLOSED");
}
