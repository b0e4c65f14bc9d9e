//! What a newer program or a careless client sends.

use polder_wire::v1::{subscribe_response::Event, *};
use prost::{
    Message as _,
    encoding::{WireType, encode_key, encode_varint},
};

use crate::harness::*;

/// Appends a length-delimited field.
fn push(message: &mut Vec<u8>, field: u32, content: &[u8]) {
    encode_key(field, WireType::LengthDelimited, message);
    encode_varint(content.len() as u64, message);
    message.extend_from_slice(content);
}

fn of_bytes(entry: Vec<u8>) -> PublishItem {
    PublishItem { entry: entry.into(), ..Default::default() }
}

/// An entry with a body that this program does not know.
fn with_body(field: u32) -> (Vec<u8>, String) {
    let entry = Entry {
        body: None,
        party: "parties/tester".into(),
        ..observation("flood", "from the future")
    };
    let mut bytes = entry.encode_to_vec();
    push(&mut bytes, field, b"\x08\x2a\x12\x05hello\xfa\x3e\x03\x00\xff\x01");
    (bytes, entry.name)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_in_an_unknown_field_is_kept_and_relayed_byte_for_byte() {
    let home = Home::new();
    let mut node = home.start().await;
    node.open("flood").await;
    let (sent, name) = with_body(900);
    let filter = Some(of_incident("flood"));
    let request = SubscribeRequest { filter: filter.clone(), ..Default::default() };
    let mut stream = node.picture().subscribe(request).await.unwrap().into_inner();
    node.try_put(of_bytes(sent.clone())).await.unwrap();
    let relayed = loop {
        let message = stream.message().await.unwrap().unwrap();
        if let Some(Event::Changes(changes)) = message.event {
            break Changes::decode(changes).unwrap().changes.remove(0).versions.remove(0);
        }
    };
    let get = async |node: &Running| {
        let request = GetEntryRequest { name: name.clone() };
        node.picture().get_entry(request).await.unwrap().into_inner().entry
    };
    let list = async |node: &Running| {
        let request = ListEntriesRequest { filter: filter.clone(), ..Default::default() };
        node.picture().list_entries(request).await.unwrap().into_inner().entries.remove(0)
    };
    let mut answers = vec![relayed, get(&node).await, list(&node).await];
    node.kill();
    let node = home.start().await;
    answers.extend([get(&node).await, list(&node).await]);
    for answer in answers {
        assert!(answer.starts_with(&sent), "the author's bytes come first, unchanged");
        let entry = decode(&answer);
        assert_eq!((entry.kind.as_str(), &entry.name), ("opaque/900", &name));
    }
    let kinds = vec!["opaque/900".to_owned()];
    assert_eq!(node.list(EntryFilter { kinds, ..of_incident("flood") }).await.len(), 1);
    let kinds = vec!["opaque/901".to_owned(), "observation".to_owned()];
    assert!(node.list(EntryFilter { kinds, ..of_incident("flood") }).await.is_empty());
    // Its words are found although nobody here knows the field.
    let words = EntryFilter { text: "HELLO future".into(), ..of_incident("flood") };
    assert_eq!(node.list(words).await.len(), 1);
    assert!(node.verdict().await.sound);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_in_a_field_above_65535_is_not_taken_for_a_known_kind() {
    let home = Home::new();
    let node = home.start().await;
    node.open("flood").await;
    // 65636 is 65536 + 100, and 100 is an observation.
    let (bytes, name) = with_body(65_636);
    match node.try_put(of_bytes(bytes)).await {
        Err(refused) => assert_eq!(refused.code(), tonic::Code::InvalidArgument),
        Ok(_) => {
            assert_eq!(node.get(&name).await.unwrap().0.kind, "opaque/65636");
            let kinds = vec!["observation".to_owned()];
            let found = node.list(EntryFilter { kinds, ..of_incident("flood") }).await;
            assert!(found.is_empty(), "listed as an observation");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_field_inside_a_known_body_survives() {
    let home = Home::new();
    let node = home.start().await;
    node.open("flood").await;
    let entry =
        Entry { party: "parties/tester".into(), ..observation("flood", "more than we know") };
    let mut bytes = Entry { body: None, ..entry.clone() }.encode_to_vec();
    let mut body = Observation { theme: 1 }.encode_to_vec();
    push(&mut body, 77, b"new");
    push(&mut bytes, 100, &body);
    push(&mut bytes, 58, b"an author's field of tomorrow");
    node.try_put(of_bytes(bytes.clone())).await.unwrap();
    let request = GetEntryRequest { name: entry.name.clone() };
    let answer = node.picture().get_entry(request).await.unwrap().into_inner().entry;
    assert!(answer.starts_with(&bytes));
    assert_eq!(decode(&answer).kind, "observation");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_only_a_node_may_say_is_dropped_from_what_a_client_sends() {
    let home = Home::new();
    let node = home.start().await;
    node.open("flood").await;
    let entry = Entry {
        version: "f".repeat(32) + "-99",
        kind: "water_level".into(),
        lane: Lane::Urgent.into(),
        retracted: true,
        retraction_reason: "forged".into(),
        received_time: Some(Default::default()),
        recorded_time: Some(Default::default()),
        clock_unsynchronised: true,
        rivals: vec!["forged".into()],
        expire_time: Some(Default::default()),
        supersedes: vec!["forged".into()],
        node: "nodes/forged".into(),
        superseded: true,
        ..observation("flood", "honest")
    };
    let mut bytes = entry.encode_to_vec();
    push(&mut bytes, 99, b"a node's field of tomorrow");
    let published = node.try_put(of_bytes(bytes)).await.unwrap();
    let request = GetEntryRequest { name: entry.name.clone() };
    let answer = node.picture().get_entry(request).await.unwrap().into_inner().entry;
    assert!(!answer.windows(6).any(|window| window == b"forged" || window == b"tomorr"));
    let shown = decode(&answer);
    assert_eq!(shown.version, published.version);
    assert_eq!((shown.kind.as_str(), shown.lane()), ("observation", Lane::Routine));
    assert!(!shown.retracted && !shown.clock_unsynchronised && !shown.superseded);
    assert!(shown.rivals.is_empty() && shown.supersedes.is_empty());
    assert_eq!(shown.node, node.status().await.node);
    assert_eq!(shown.party, "parties/tester", "the node's own party, made explicit");
    assert!(shown.received_time.unwrap().seconds > 1_600_000_000);

    let forged = Incident {
        state: IncidentState::Closed.into(),
        version: "forged".into(),
        grip: GripLevel::GripLevel5.into(),
        rivals: vec!["forged".into()],
        entry_count: 99,
        ..incident("second", Mode::Actual)
    };
    let made = node.create(forged).await.unwrap();
    assert_eq!(
        (made.state(), made.grip(), made.entry_count),
        (IncidentState::Open, GripLevel::Unspecified, 0)
    );
    assert!(made.rivals.is_empty() && made.version != "forged");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_entry_of_every_kind_is_shown_as_it_was_written() {
    let home = Home::new();
    let mut node = home.start().await;
    node.open("flood").await;
    let mut sent = Vec::new();
    for (kind, entry) in polder_picture::kinds::examples::examples() {
        let entry = Entry { name: new_name("flood"), ..entry };
        node.put(&entry).await;
        sent.push((kind, entry));
    }
    assert_eq!(sent.len(), 22);
    node.kill();
    let node = home.start().await;
    for (kind, entry) in sent {
        let request = GetEntryRequest { name: entry.name.clone() };
        let answer = node.picture().get_entry(request).await.unwrap().into_inner().entry;
        assert!(answer.starts_with(&entry.encode_to_vec()), "{kind}");
        assert_eq!(decode(&answer).kind, kind);
        let kinds = vec![kind.to_owned()];
        assert_eq!(
            node.list(EntryFilter { kinds, ..of_incident("flood") }).await.len(),
            1,
            "{kind}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_known_body_beside_an_unknown_one_is_refused_and_nothing_of_it_is_kept() {
    let home = Home::new();
    let node = home.start().await;
    node.open("flood").await;
    // Alone it would be refused for its level; the second body must not let it through.
    let wrong = WaterLevel { level_m: Some(9e9), ..Default::default() };
    let entry = Entry {
        body: Some(entry::Body::WaterLevel(wrong)),
        ..observation("flood", "nine million kilometres")
    };
    let mut bytes = entry.encode_to_vec();
    push(&mut bytes, 1000, b"hi");
    let refused = node.try_put(of_bytes(bytes)).await.unwrap_err();
    assert_eq!(reason(&refused), "BODY_TWICE");
    let request = GetEntryRequest { name: entry.name };
    assert_eq!(reason(&node.picture().get_entry(request).await.unwrap_err()), "ENTRY_NOT_FOUND");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_item_of_an_unknown_incident_is_refused_alone_wherever_it_stands() {
    let home = Home::new();
    let node = home.start().await;
    node.open("flood").await;
    for at in 0..3 {
        let mut items: Vec<_> = (0..3).map(|_| item(&observation("flood", "x"))).collect();
        items[at] = item(&observation("nowhere", "x"));
        let outcomes = outcomes(node.publish(items).await.unwrap());
        let refused: Vec<_> = (0..3).filter(|n| outcomes[*n].is_err()).collect();
        assert_eq!(refused, [at]);
    }
}
