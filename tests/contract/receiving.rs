//! Records of another node, through the door of a real one: what enters is shown, kept, verified,
//! copied and passed on like its own.

use std::{collections::BTreeSet, path::Path, sync::Arc, time::Duration};

use ed25519_dalek::VerifyingKey;
use futures::{Stream, StreamExt as _};
use polder::{
    node::{self, Node, NodeOptions, Writer},
    people::{People, PeopleConfig},
    subscribe::subscribe,
    wall::Wall,
};
use polder_picture::{
    admit::{NewScope, ReceiveError},
    judge::entry_name,
    record::{Head, Id, NewHeader, Sealed, Signer, scope_id},
    suffix::{FeedName, Suffix},
};
use polder_wire::v1::*;
use prost::Message as _;
use uuid::Uuid;

use crate::harness::*;

pub fn open(path: &Path) -> (Arc<Node>, Writer) {
    patiently(|| Node::open(path, Wall::System, &NodeOptions::default()).ok())
}

/// Opens what was just closed: a process that another test starts at this moment has a copy of the
/// lock until it is what it will be.
pub fn patiently<T>(open: impl Fn() -> Option<T>) -> T {
    for _ in 0..100 {
        if let Some(opened) = open() {
            return opened;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    panic!("it does not open")
}

fn scopes(node: &Node) -> Vec<(Id, NewScope)> {
    let picture = node.picture.read();
    let new = |scope: &polder_picture::picture::Scope| {
        let (incident, audience) = (scope.incident.clone(), scope.audience.clone());
        (scope.id, NewScope { incident, mode: scope.mode, audience })
    };
    picture.scopes().iter().map(new).collect()
}

/// Brings what `to` lacks of what `from` holds, in pieces of about so many bytes.
pub async fn bring(from: &Node, to: &Arc<Node>, bytes: usize) -> usize {
    let mut pieces = 0;
    for (id, scope) in scopes(from) {
        for (feed, head) in from.heads(id) {
            let held = to.heads(id).into_iter().find(|(other, _)| *other == feed);
            let mut ours = held.map(|(_, head)| head).unwrap_or_default();
            let key = from.log().origin_key(feed.origin).unwrap().unwrap_or_else(|| {
                let own = from.identity().public_key[..].try_into().unwrap();
                VerifyingKey::from_bytes(own).unwrap()
            });
            while ours.sequence < head.sequence {
                let envelopes = from.log().read_suffix(feed.id(), ours.sequence, bytes).unwrap();
                let suffix = Suffix::verify(&key, feed, ours, envelopes).unwrap();
                let end = suffix.head();
                // Twice in one commit: the second finds the first's records there.
                let twice = vec![(suffix.clone(), scope.clone()), (suffix, scope.clone())];
                for result in to.receive(twice).await.unwrap() {
                    assert_eq!(result.unwrap(), end);
                }
                ours = end;
                pieces += 1;
            }
            assert_eq!(ours, head);
        }
    }
    pieces
}

/// What a node lists, without what is its own: the order and time of arrival.
pub async fn listed(node: &Running) -> Vec<Entry> {
    let filter = EntryFilter { include_retracted: true, ..of_incident("flood") };
    let mut entries = node.list(filter).await;
    for entry in &mut entries {
        entry.received_time = None;
        entry.rivals.sort();
    }
    entries.sort_by(|a, b| (&a.name, &a.version).cmp(&(&b.name, &b.version)));
    entries
}

/// Versions that a subscription tells of, until it has told of so many.
async fn told(
    mut stream: impl Stream<Item = polder::subscribe::Item> + Unpin,
    count: usize,
) -> BTreeSet<String> {
    let mut versions = BTreeSet::new();
    while versions.len() < count {
        let next = tokio::time::timeout(Duration::from_secs(20), stream.next());
        let message = next.await.expect("more is told").unwrap().unwrap();
        if let Some(subscribe_response::Event::Changes(changes)) = message.event {
            let changes = Changes::decode(changes).unwrap().changes;
            let all = changes.iter().flat_map(|change| &change.versions);
            versions.extend(all.map(|version| decode(version).version));
        }
    }
    versions
}

async fn write(node: &Running) {
    let first = observation("flood", "first");
    node.put(&first).await;
    node.put(&Entry { place: "Borgharen".into(), ..first.clone() }).await;
    node.try_put(replacing(&first, &[])).await.unwrap();
    let many = (0..40).map(|n| item(&observation("flood", &format!("one of many {n}"))));
    node.publish(many.collect()).await.unwrap();
    let water = Discipline::Water.into();
    let gone = Entry { discipline: water, ..observation("flood", "gone") };
    node.put(&gone).await;
    node.retract(&gone.name, "a mistake").await.unwrap();
}

pub fn scope() -> NewScope {
    NewScope { incident: "flood".into(), mode: Mode::Actual, audience: "all".into() }
}

fn name_of(signer: &Signer) -> FeedName {
    let scope = scope_id("flood", Mode::Actual, "all");
    FeedName::new(signer.id(), scope, Lane::Routine)
}

/// A feed that says what it likes: sort of record, entry, and the feed that it has seen.
fn written(signer: &Signer, said: &[(RecordKind, Uuid, Id)]) -> Vec<Envelope> {
    let name = name_of(signer);
    let (mut envelopes, mut previous) = (Vec::new(), [0; 32]);
    for (number, (kind, entry, seen)) in said.iter().enumerate() {
        let sealed = Sealed::new([1; 16], b"a secret that is no content"[..].into());
        let header = NewHeader {
            origin: &name.origin,
            scope: &name.scope,
            lane: name.lane,
            sequence: number as u64 + 1,
            previous: &previous,
            hlc: 1 << 16,
            clock_unsynchronised: false,
            kind: *kind,
            entry: entry.as_bytes(),
            seen: &[(*seen, 5)],
            payload_hash: &sealed.hash,
            payload_length: sealed.payload.bytes.len() as u32,
            author: "",
        };
        let header = header.encode();
        previous = polder_picture::record::record_hash(&header);
        let signature = signer.sign(&header).to_vec().into();
        envelopes.push(Envelope { header, payload: Some(sealed.payload), signature });
    }
    envelopes
}

#[tokio::test(flavor = "multi_thread")]
async fn what_another_node_wrote_is_shown_kept_verified_and_passed_on() {
    let (first, second, third) = (Home::new(), Home::new(), Home::of("sled"));
    let mut node = first.start().await;
    node.open("flood").await;
    write(&node).await;
    let written = listed(&node).await;
    assert!(node.stop().success());

    let (from, from_writer) = open(first.data());
    let (to, to_writer) = open(second.data());
    let (_running, ending) = tokio::sync::watch::channel(false);
    let state = SubscribeRequest::default();
    let log = SubscribeRequest { mode: SubscribeMode::Log.into(), ..Default::default() };
    let by = People::open(Arc::clone(&to), PeopleConfig::default()).unwrap().operator();
    let by_state =
        Box::pin(subscribe(Arc::clone(&to), &state, by.clone(), ending.clone()).unwrap());
    let by_log = Box::pin(subscribe(Arc::clone(&to), &log, by, ending).unwrap());
    assert_eq!(bring(&from, &to, 1).await, 7, "a piece is at least what one commit signed");
    let records = from.picture.read().lsn() as usize;
    assert_eq!(to.picture.read().lsn() as usize, records);
    // The incident's own data is one record and no entry.
    assert_eq!(told(by_log, records - 1).await.len(), records - 1, "the log tells each record");
    let current = written.iter().filter(|entry| !entry.retracted);
    let current: BTreeSet<_> = current.map(|entry| entry.version.clone()).collect();
    assert_eq!(told(by_state, current.len()).await, current);
    node::close(from, from_writer);
    // From the second to a third that never met the first.
    let (last, last_writer) = open(third.data());
    bring(&to, &last, usize::MAX).await;
    node::close(to, to_writer);
    node::close(last, last_writer);

    for home in [&second, &third] {
        let mut node = home.start().await;
        assert_eq!(listed(&node).await, written);
        assert!(node.verdict().await.sound);
        let water = EntryFilter {
            disciplines: vec![Discipline::Water.into()],
            include_retracted: true,
            ..of_incident("flood")
        };
        let retracted = node.list(water).await;
        assert_eq!(retracted.len(), 1, "a retraction tells what it withdraws");
        assert!(retracted[0].retracted);
        // It writes on top of what the other wrote.
        let top = Entry { place: "Eijsden".into(), ..observation("flood", "first") };
        let name = written.iter().find(|entry| !entry.rivals.is_empty()).unwrap().name.clone();
        let put = node.put(&Entry { name: name.clone(), ..top }).await;
        assert!(node.stop().success());
        must(&["verify", "--data", home.data().to_str().unwrap()]);
        let node = home.start().await;
        let (entry, rivals) = node.get(&name).await.unwrap();
        assert_eq!((entry.version, rivals.len()), (put.version, 0));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_compaction_and_a_backup_carry_the_keys_of_other_nodes() {
    let (first, second) = (Home::new(), Home::new());
    let mut node = first.start().await;
    node.open("flood").await;
    write(&node).await;
    let written = listed(&node).await;
    assert!(node.stop().success());
    let (from, from_writer) = open(first.data());
    let (to, to_writer) = open(second.data());
    bring(&from, &to, 10_000).await;
    node::close(from, from_writer);
    node::close(to, to_writer);

    let mut node = second.start().await;
    let address = node.address();
    must(&["compact", "--engine", "sled", "--node", &address]);
    assert!(node.verdict().await.sound);
    assert!(node.stop().success());
    let data = second.data().to_str().unwrap();
    must(&["verify", "--data", data]);
    let (backup, restored) = (second.beside("backup"), second.beside("restored"));
    must(&["backup", backup.to_str().unwrap(), "--data", data]);
    let to = restored.to_str().unwrap();
    must(&["restore", backup.to_str().unwrap(), "--data", to]);
    must(&["verify", "--data", to]);
    let node = Running::start(&restored, &[]).await;
    assert_eq!(listed(&node).await, written);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_sound_is_shown_without_its_content_and_breaks_nothing() {
    let home = Home::new();
    let mut node = home.start().await;
    node.open("flood").await;
    assert!(node.stop().success());
    let signer = Signer::new(&[9; 32]);
    let (name, scope, unheld) = (name_of(&signer), scope(), Id([3; 16]));
    let said = [
        (RecordKind::Put, Uuid::from_u128(77), unheld),
        (RecordKind::Control, Uuid::from_u128(77), name.id()),
        (RecordKind::Put, Uuid::nil(), unheld),
    ];
    let envelopes = written(&signer, &said);
    let verify = |after, envelopes: &[Envelope]| {
        Suffix::verify(&signer.public(), name, after, envelopes.to_vec()).unwrap()
    };
    let all = verify(Head::default(), &envelopes);
    {
        let (node, writer) = open(home.data());
        let head = Head { sequence: 1, hash: all.hash(1).unwrap() };
        let late = vec![(verify(head, &envelopes[1..]), scope.clone())];
        let gap = node.receive(late).await.unwrap().remove(0);
        assert!(matches!(gap, Err(ReceiveError::Gap { .. })));
        let took = node.receive(vec![(all.clone(), scope.clone())]).await.unwrap().remove(0);
        assert_eq!(took.unwrap(), all.head());
        let read = node.log().read_suffix(name.id(), 0, usize::MAX).unwrap();
        assert_eq!(read, envelopes, "byte for byte");
        assert_eq!(node.log().read_suffix(name.id(), 1, 1).unwrap().len(), 1);
        node::close(node, writer);
    }
    for _ in 0..2 {
        let mut node = home.start().await;
        let entry = entry_name("flood", Uuid::from_u128(77));
        let (shown, rivals) = node.get(&entry).await.unwrap();
        assert_eq!((&*shown.kind, rivals.len()), ("opaque/0", 0));
        assert_eq!((&*shown.name, shown.texts.len()), (&*entry, 0));
        assert_eq!(node.versions(&entry).await.len(), 1, "a control record is no version");
        let request = GetIncidentRequest { name: "incidents/flood".into() };
        let incident = node.incidents().get_incident(request).await.unwrap().into_inner();
        assert_eq!(incident.incident.unwrap().titles.len(), 1, "it is shown as it was");
        let status = node.status().await;
        // The incident's own, and the stranger's; not the one that is only named.
        assert_eq!((status.feeds.len(), status.record_count), (2, 4));
        assert!(node.verdict().await.sound);
        assert!(node.stop().success());
        must(&["verify", "--data", home.data().to_str().unwrap()]);
    }
    let (node, writer) = open(home.data());
    // An older record with another content than the one that is held.
    let mut other = envelopes[..1].to_vec();
    let mut header = Header::decode(other[0].header.clone()).unwrap();
    header.author = "another".into();
    other[0].header = header.encode_to_vec().into();
    other[0].signature = signer.sign(&other[0].header).to_vec().into();
    let fork = node.receive(vec![(verify(Head::default(), &other), scope.clone())]).await.unwrap();
    assert_eq!(fork[0].as_ref().unwrap().sequence, 1, "both are kept");
    let branches = |node: &Node| {
        let picture = node.picture.read();
        let closed = picture.feeds().iter().filter_map(|feed| feed.closed).count();
        (closed, picture.held_feeds().filter(|feed| feed.branch.is_some()).count())
    };
    assert_eq!(branches(&node), (1, 2));
    let again = node.receive(vec![(verify(Head::default(), &other), scope)]).await.unwrap();
    assert_eq!(again[0].as_ref().unwrap().sequence, 1);
    assert_eq!(branches(&node), (1, 2), "a fork is found once");
    node::close(node, writer);
    let (node, writer) = open(home.data());
    assert_eq!(branches(&node), (1, 2));
    node::close(node, writer);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_feed_that_was_seen_before_it_came_is_covered_when_it_comes() {
    let home = Home::new();
    let (early, late) = (Signer::new(&[9; 32]), Signer::new(&[8; 32]));
    let put = |seen: Id| [(RecordKind::Put, Uuid::from_u128(77), seen)];
    for (signer, seen) in [(&early, name_of(&late).id()), (&late, Id([3; 16]))] {
        let (node, writer) = open(home.data());
        let name = name_of(signer);
        let envelopes = written(signer, &put(seen));
        let suffix = Suffix::verify(&signer.public(), name, Head::default(), envelopes).unwrap();
        node.receive(vec![(suffix, scope())]).await.unwrap().remove(0).unwrap();
        node::close(node, writer);
        must(&["verify", "--data", home.data().to_str().unwrap()]);
    }
    let (node, writer) = open(home.data());
    {
        let picture = node.picture.read();
        assert_eq!((picture.feeds().len(), picture.held_feeds().count()), (3, 2));
        let live = &picture.entries().get(0).unwrap().live;
        assert_eq!(live.len(), 1);
        assert_eq!(picture.feed(live[0].record.feed).origin, Some(early.id()));
    }
    node::close(node, writer);
}
