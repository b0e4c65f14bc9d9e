//! Which records count under a charter, on whole nodes: what the charter does not let a node say,
//! or what it said after it was cut off, is kept and marked, not shown, and shown once it counts.

use polder_picture::charter::Charter;
use polder_wire::v1::{
    CharterStatement, Entry, FeedEnd, IncidentState, NodeCut, Standing, SubscribeRequest,
    charter_change::Change, subscribe_response::Event,
};

use crate::{
    charter::{certificate, id_of, incident_of, key_of, say, shows, titles},
    harness::*,
    made::{change, founding, member, party, signed, withdraw},
};

/// Statements of a region in which everybody takes part in `outage`.
struct Region {
    charter: Charter,
    founded: CharterStatement,
    signatures: u64,
}

impl Region {
    fn new() -> Self {
        let founded = founding(&[1], 1);
        Self { charter: Charter::found(&founded).unwrap(), founded, signatures: 1 }
    }

    fn says(&mut self, changes: Vec<polder_wire::v1::CharterChange>) -> CharterStatement {
        self.signatures += 1;
        let (nonce, number) = (self.signatures as u8, self.signatures);
        signed(Some(self.charter.id()), nonce, changes, &[(1, number)])
    }
}

/// An entry that names its party.
fn of(party: &str, title: &str) -> Entry {
    Entry { party: format!("parties/{party}"), ..observation("outage", title) }
}

/// A node that keeps to no charter, with the incident `outage`.
async fn stranger(home: &Home) -> Running {
    let node = home.start().await;
    node.create(incident_of("outage")).await.unwrap();
    node
}

async fn carried(from: &Running, to: &Running, file: &std::path::Path) {
    let file = file.to_str().unwrap();
    must(&["export", "--to", file, "--node", &from.address()]);
    must(&["import", file, "--node", &to.address()]);
}

/// The same from a node that keeps to a charter, which makes a bundle for one node only.
async fn handed(from: &Running, to: &Running, home: &Home) {
    let (heads, file) = (home.beside("heads"), home.beside("bundle"));
    let (heads, file) = (heads.to_str().unwrap(), file.to_str().unwrap());
    let _ = std::fs::remove_file(heads);
    must(&["heads", "--to", heads, "--node", &to.address()]);
    must(&["export", "--to", file, "--for", heads, "--node", &from.address()]);
    must(&["import", file, "--node", &to.address()]);
}

/// Each version of an entry, and why it does not count.
async fn marks(node: &Running, name: &str) -> Vec<(String, String, bool)> {
    let versions = node.versions(name).await;
    let mark = |entry: Entry| {
        let title = entry.texts.first().map(|text| text.title.clone()).unwrap_or_default();
        (title, entry.set_aside_reason, entry.superseded)
    };
    versions.into_iter().map(mark).collect()
}

#[tokio::test]
async fn what_a_node_says_for_a_party_that_is_not_its_own_is_kept_and_marked_and_shown_once_it_may()
{
    let homes = [Home::new(), Home::new()];
    let node = homes[0].start().await;
    let other = stranger(&homes[1]).await;
    let forged = other.put(&of("police", "said as police")).await.name;
    other.put(&of("water", "said as water")).await;

    let mut region = Region::new();
    let changes = vec![
        party("police"),
        party("water"),
        member("outage", "-"),
        certificate(&key_of(&node).await, "police"),
        certificate(&key_of(&other).await, "water"),
    ];
    let statements = [region.founded.clone(), region.says(changes)];
    assert_eq!(say(&node, &statements).await.unwrap(), [Standing::Counts; 2]);
    carried(&other, &node, &homes[1].beside("bundle")).await;
    shows(&node, &["said as water"]).await;
    let marked = [("said as police".to_owned(), "PARTY_NOT_OF_NODE".to_owned(), true)];
    assert_eq!(marks(&node, &forged).await, marked);
    assert_eq!(reason(&node.get(&forged).await.unwrap_err()), "ENTRY_NOT_FOUND");
    assert_eq!(node.status().await.set_aside_record_count, 1);
    assert!(node.verdict().await.sound);
    let told = must(&["status", "--node", &node.address()]);
    assert!(told.contains("do not count under the charter: 1"), "{told}");

    // The same after a start, which builds the picture from nothing.
    drop(node);
    let node = homes[0].start().await;
    shows(&node, &["said as water"]).await;
    assert_eq!(marks(&node, &forged).await, marked);

    // Certified for both parties, by a certificate in place of the one of before.
    let both = polder_wire::v1::NodeCertificate {
        public_key: key_of(&other).await,
        parties: vec!["parties/police".into(), "parties/water".into()],
        display_name: "node of both".into(),
        incarnation: 1,
    };
    let both = vec![withdraw(&statements[1], 4), change(Change::Node(both))];
    let granted = region.says(both);
    say(&node, std::slice::from_ref(&granted)).await.unwrap();
    shows(&node, &["said as police", "said as water"]).await;
    assert_eq!(marks(&node, &forged).await, [("said as police".into(), String::new(), false)]);
    assert_eq!(node.status().await.set_aside_record_count, 0);

    // Without any certificate nothing of it counts, the incident that it opened neither.
    say(&node, &[region.says(vec![withdraw(&granted, 1)])]).await.unwrap();
    shows(&node, &[]).await;
    let marked = [("said as police".to_owned(), "NODE_NOT_CERTIFIED".to_owned(), true)];
    assert_eq!(node.status().await.set_aside_record_count, 3, "two entries and the incident");
    assert_eq!(marks(&node, &forged).await, marked);
}

#[tokio::test]
async fn the_same_records_and_statements_show_the_same_whatever_came_first() {
    let home = Home::new();
    let other = stranger(&home).await;
    let first = other.put(&of("water", "right")).await;
    let mut wrong = of("police", "wrong, in place of what was right");
    wrong.name.clone_from(&first.name);
    other.put(&wrong).await;
    other.put(&of("water", "another")).await;
    let file = home.beside("bundle");
    let file = file.to_str().unwrap();
    must(&["export", "--to", file, "--node", &other.address()]);
    let mut region = Region::new();
    let founded = region.founded.clone();
    let parties = region.says(vec![party("police"), party("water"), member("outage", "-")]);
    let key = key_of(&other).await;
    let certified = region.says(vec![certificate(&key, "water")]);
    let statements = [founded, parties, certified];

    let mut seen = Vec::new();
    for order in 0..4 {
        let home = Home::of(if order % 2 == 0 { "fjall" } else { "sled" });
        let node = home.start().await;
        let own = region.says(vec![certificate(&key_of(&node).await, "police")]);
        let import = || must(&["import", file, "--node", &node.address()]);
        let node = match order {
            0 => {
                import();
                say(&node, &[&statements[..], &[own]].concat()).await.unwrap();
                node
            }
            1 => {
                say(&node, &[&statements[..], &[own]].concat()).await.unwrap();
                import();
                node
            }
            2 => {
                say(&node, &[&statements[..2], &[own]].concat()).await.unwrap();
                import();
                assert_eq!(titles(&node).await, [""; 0], "it has no certificate yet");
                say(&node, &statements[2..]).await.unwrap();
                node
            }
            _ => {
                import();
                say(&node, &[&statements[..2], &[own]].concat()).await.unwrap();
                drop(node);
                let node = home.start().await;
                say(&node, &statements[2..]).await.unwrap();
                drop(node);
                home.start().await
            }
        };
        shows(&node, &["another", "right"]).await;
        assert_eq!(node.get(&first.name).await.unwrap().0.version, first.version);
        seen.push((marks(&node, &first.name).await, node.status().await.set_aside_record_count));
    }
    assert!(seen.iter().all(|one| *one == seen[0]), "{seen:?}");
    assert_eq!(seen[0].1, 1);
    assert_eq!(seen[0].0[1].1, "PARTY_NOT_OF_NODE");
}

#[tokio::test]
async fn what_a_stolen_key_says_after_it_was_cut_off_is_kept_and_hides_nothing() {
    let homes = [Home::new(), Home::new()];
    let node = homes[0].start().await;
    let thief = stranger(&homes[1]).await;
    let mut region = Region::new();
    let changes = vec![
        party("police"),
        party("water"),
        member("outage", "-"),
        certificate(&key_of(&node).await, "police"),
        certificate(&key_of(&thief).await, "water"),
    ];
    let statements = [region.founded.clone(), region.says(changes)];
    say(&node, &statements).await.unwrap();
    let before = thief.put(&of("water", "before")).await;
    carried(&thief, &node, &homes[1].beside("first")).await;
    shows(&node, &["before"]).await;
    let request = SubscribeRequest { filter: Some(of_incident("outage")), ..Default::default() };
    let mut stream = node.picture().subscribe(request).await.unwrap().into_inner();

    // Cut off where its feeds end here.
    let key = key_of(&thief).await;
    let own = format!("nodes/{}", id_of(&key));
    let feeds = node.status().await.feeds;
    let ends = feeds.iter().filter(|feed| feed.node == own).map(|feed| FeedEnd {
        feed: hex::decode(&feed.feed).unwrap().into(),
        sequence: feed.sequence as u64,
    });
    let cut = NodeCut {
        node: bytes::Bytes::copy_from_slice(&id_of(&key).0),
        ends: ends.collect(),
        reason: "stolen".into(),
    };
    let cut = region.says(vec![change(Change::NodeCut(cut))]);
    say(&node, std::slice::from_ref(&cut)).await.unwrap();
    shows(&node, &["before"]).await;

    // It has not heard, or does not care: it goes on, over what it said before too, and closes.
    let mut later = of("water", "stolen");
    later.name.clone_from(&before.name);
    thief.put(&later).await;
    let new = thief.put(&of("water", "stolen too")).await;
    thief.retract(&new.name, "never mind").await.unwrap();
    let close = polder_wire::v1::CloseIncidentRequest {
        name: "incidents/outage".into(),
        reason: "over".into(),
        ..Default::default()
    };
    thief.incidents().close_incident(close).await.unwrap();
    carried(&thief, &node, &homes[1].beside("second")).await;
    let check = |node: Running| async {
        shows(&node, &["before"]).await;
        assert_eq!(node.get(&before.name).await.unwrap().0.version, before.version);
        let marked = marks(&node, &before.name).await;
        assert_eq!(marked[0], ("before".into(), String::new(), false));
        assert_eq!(marked[1], ("stolen".into(), "NODE_CUT_OFF".into(), true));
        assert_eq!(marks(&node, &new.name).await.len(), 2, "nothing is lost");
        let request = polder_wire::v1::GetIncidentRequest { name: "incidents/outage".into() };
        let incident = node.incidents().get_incident(request).await.unwrap().into_inner();
        let incident = incident.incident.unwrap();
        assert_eq!((incident.state(), incident.entry_count), (IncidentState::Open, 1));
        assert_eq!(node.status().await.set_aside_record_count, 4);
        assert!(node.verdict().await.sound);
        node
    };
    let node = check(node).await;
    // Whoever follows is told that an entry is not current, and never of a stolen one.
    node.put(&of("police", "end")).await;
    let mut told = Vec::new();
    while !told.contains(&"end".to_owned()) {
        let message = stream.message().await.unwrap().unwrap();
        if let Some(Event::Changes(changes)) = message.event {
            let changes = <polder_wire::v1::Changes as prost::Message>::decode(changes).unwrap();
            let versions = changes.changes.iter().flat_map(|change| &change.versions);
            told.extend(versions.map(decode).map(|entry| entry.texts[0].title.clone()));
        }
    }
    assert!(told.iter().all(|title| !title.contains("stolen")), "{told:?}");
    node.retract(&node.list(of_incident("outage")).await[0].name, "only said to end")
        .await
        .unwrap();

    // As it is in a backup.
    let file = homes[0].beside("backup");
    must(&["backup", file.to_str().unwrap(), "--node", &node.address()]);
    drop(node);
    let node = check(homes[0].start().await).await;
    drop(node);
    let restored = homes[0].beside("restored");
    must(&["restore", file.to_str().unwrap(), "--data", restored.to_str().unwrap()]);
    check(Running::start(&restored, &[]).await).await;
}

#[tokio::test]
async fn a_node_does_not_write_what_would_not_count() {
    let home = Home::new();
    let node = home.start().await;
    let mut region = Region::new();
    let changes = vec![party("police"), member("outage", "-")];
    say(&node, &[region.founded.clone(), region.says(changes)]).await.unwrap();
    let refused = node.create(incident_of("outage")).await.unwrap_err();
    assert_eq!(reason(&refused), "NODE_NOT_CERTIFIED");
    assert_eq!(node.status().await.incident_count, 0, "nothing of it is kept");
    let certified = region.says(vec![certificate(&key_of(&node).await, "police")]);
    say(&node, &[certified]).await.unwrap();
    node.create(incident_of("outage")).await.unwrap();
    let refused = node.try_put(item(&of("water", "not ours"))).await.unwrap_err();
    assert_eq!(reason(&refused), "PARTY_NOT_OF_NODE");
}

fn coordinator(party: &str) -> polder_wire::v1::CharterChange {
    change(Change::Role(polder_wire::v1::RoleGrant {
        person: "wim".into(),
        party: format!("parties/{party}"),
        role: polder_wire::v1::Role::InformationManager.into(),
        incident: "incidents/outage".into(),
        expire_time: None,
    }))
}

#[tokio::test]
async fn a_withdrawal_counts_only_when_its_node_may_speak_for_what_it_withdraws() {
    let homes = [Home::new(), Home::of("sled"), Home::new()];
    let node = homes[0].start().await;
    let other = stranger(&homes[1]).await;
    let file = homes[1].beside("bundle");
    let mut region = Region::new();
    let changes = vec![
        party("police"),
        party("water"),
        member("outage", "-"),
        certificate(&key_of(&node).await, "police"),
        certificate(&key_of(&other).await, "water"),
    ];
    let statements = [region.founded.clone(), region.says(changes)];
    say(&node, &statements).await.unwrap();
    carried(&other, &node, &file).await;
    let of_police = [
        node.put(&of("police", "withdrawn by others")).await,
        node.put(&of("police", "replaced by others")).await,
        node.put(&of("police", "erased by others")).await,
    ];
    let own = node.put(&of("police", "withdrawn by its own")).await;
    handed(&node, &other, &homes[0]).await;

    // The other keeps to no charter, so nothing stops it from writing.
    other.retract(&of_police[0].name, "not ours to say").await.unwrap();
    let mut over = of("water", "in its place");
    over.name.clone_from(&of_police[1].name);
    other.put(&over).await;
    over.name.clone_from(&of_police[2].name);
    over.texts[0].title = "to erase with".into();
    other.put(&over).await;
    let erase = polder_wire::v1::EraseEntryRequest {
        name: of_police[2].name.clone(),
        reason: "gone".into(),
        ..Default::default()
    };
    other.picture().erase_entry(erase).await.unwrap();
    let of_water = other.put(&of("water", "of water")).await.name;
    other.retract(&of_water, "our own").await.unwrap();
    node.retract(&own.name, "our own").await.unwrap();
    carried(&other, &node, &file).await;

    let stands = async |node: &Running| {
        shows(
            node,
            &["erased by others", "in its place", "replaced by others", "withdrawn by others"],
        )
        .await;
        for put in [&of_police[0], &of_police[2]] {
            let (shown, rivals) = node.get(&put.name).await.unwrap();
            assert_eq!((shown.version, rivals.len()), (put.version.clone(), 0));
            assert!(!shown.erased);
        }
        // What others put over it stands beside it.
        assert_eq!(node.get(&of_police[1].name).await.unwrap().1.len(), 1);
        let marked = marks(node, &of_police[0].name).await;
        assert_eq!(marked[0], ("withdrawn by others".into(), String::new(), false));
        assert_eq!(marked[1], (String::new(), "NOT_OWNER".into(), true));
        let marked = marks(node, &of_police[2].name).await;
        let reasons: Vec<_> = marked.iter().map(|(_, reason, _)| &reason[..]).collect();
        assert!(reasons.contains(&"PARTY_NOT_OF_NODE"), "{marked:?}");
        assert!(node.get(&of_water).await.unwrap().0.retracted, "its own it may withdraw");
        assert!(node.get(&own.name).await.unwrap().0.retracted);
        assert_eq!(node.status().await.set_aside_record_count, 2);
        assert!(node.verdict().await.sound);
    };
    stands(&node).await;
    drop(node);
    let node = homes[0].start().await;
    stands(&node).await;

    // Its party gets the information coordinator of the incident: then it may, and did.
    let leads = region.says(vec![coordinator("water")]);
    say(&node, std::slice::from_ref(&leads)).await.unwrap();
    shows(&node, &["in its place"]).await;
    for put in [&of_police[0], &of_police[2]] {
        assert!(node.get(&put.name).await.unwrap().0.retracted);
    }
    assert_eq!(marks(&node, &of_police[0].name).await[1].1, "");
    assert_eq!(marks(&node, &of_police[2].name).await[0].0, "erased by others", "it is kept");
    assert_eq!(node.get(&of_police[1].name).await.unwrap().1.len(), 0, "it was replaced");
    assert_eq!(node.status().await.set_aside_record_count, 1, "erasing is for its party alone");
    // And no longer, when the role is withdrawn.
    say(&node, &[region.says(vec![withdraw(&leads, 0)])]).await.unwrap();
    stands(&node).await;

    // A node under the charter does not write it in the first place.
    let third = homes[2].start().await;
    let key = key_of(&third).await;
    say(&node, &[region.says(vec![certificate(&key, "water")])]).await.unwrap();
    let mut client =
        polder_wire::v1::charter_service_client::CharterServiceClient::new(node.connect().await);
    let all = client.list_statements(polder_wire::v1::ListStatementsRequest::default()).await;
    let all = all.unwrap().into_inner().statements.into_iter();
    let mut all: Vec<_> = all.filter_map(|row| row.statement).collect();
    all.sort_by_key(|one| *one != region.founded);
    say(&third, &all).await.unwrap();
    handed(&node, &third, &homes[0]).await;
    stands(&third).await;
    let name = &of_police[0].name;
    assert_eq!(reason(&third.retract(name, "x").await.unwrap_err()), "NOT_OWNER");
    over.name.clone_from(name);
    assert_eq!(reason(&third.try_put(item(&over)).await.unwrap_err()), "NOT_OWNER");
}
