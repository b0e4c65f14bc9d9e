//! Under a charter: who may hold what, and who is linked at all, on whole nodes.

use std::time::Duration;

use polder_picture::{
    charter::Charter,
    record::{Id, key_id},
};
use polder_wire::v1::{
    AddStatementsRequest, CharterChange, CharterStatement, EntryFilter, GetIncidentRequest,
    LinkState, ListStatementsRequest, Mode, NodeCertificate, NodeCut, Standing,
    charter_change::Change, charter_service_client::CharterServiceClient,
};
use tonic::Code;

use crate::{
    harness::{said as said_of, *},
    made::{change, founding, member, party, signed, withdraw},
    region::*,
};

pub async fn say(
    node: &Running,
    statements: &[CharterStatement],
) -> Result<Vec<Standing>, tonic::Status> {
    let mut client = CharterServiceClient::new(node.connect().await);
    let request = AddStatementsRequest { statements: statements.to_vec() };
    let answer = client.add_statements(request).await?.into_inner();
    Ok(answer.statements.iter().map(|row| row.standing()).collect())
}

async fn said_at(node: &Running) -> Vec<(Vec<u8>, Standing)> {
    let mut client = CharterServiceClient::new(node.connect().await);
    let (mut all, mut page_token) = (Vec::new(), String::new());
    loop {
        // Small pages, so that there are several.
        let request = ListStatementsRequest { page_size: 2, page_token };
        let Ok(answer) = client.list_statements(request).await else { return all };
        let answer = answer.into_inner();
        let row = |row: &polder_wire::v1::StatementRow| {
            (row.statement.as_ref().unwrap().body.to_vec(), row.standing())
        };
        all.extend(answer.statements.iter().map(row));
        page_token = answer.next_page_token;
        if page_token.is_empty() {
            return all;
        }
    }
}

pub async fn key_of(node: &Running) -> bytes::Bytes {
    node.status().await.public_key
}

pub fn id_of(public_key: &[u8]) -> Id {
    let key = ed25519_dalek::VerifyingKey::from_bytes(public_key.try_into().unwrap()).unwrap();
    key_id(&key)
}

pub fn certificate(public_key: &bytes::Bytes, of: &str) -> CharterChange {
    change(Change::Node(NodeCertificate {
        public_key: public_key.clone(),
        parties: vec![format!("parties/{of}")],
        display_name: format!("node of {of}"),
        incarnation: 1,
    }))
}

fn cut(public_key: &[u8]) -> CharterChange {
    change(Change::NodeCut(NodeCut {
        node: bytes::Bytes::copy_from_slice(&id_of(public_key).0),
        ends: Vec::new(),
        reason: "stolen".into(),
    }))
}

/// Police and water board, each with a node; the incident `flood` is the police's alone, `outage`
/// is for both.
async fn region(pair: &Pair) -> (Id, Vec<CharterStatement>) {
    let founded = founding(&[1], 1);
    let charter = Charter::found(&founded).unwrap().id();
    let changes = vec![
        party("police"),
        party("water"),
        certificate(&key_of(&pair.a).await, "police"),
        certificate(&key_of(&pair.b).await, "water"),
        member("flood", "police"),
        member("outage", "-"),
    ];
    (charter, vec![founded, signed(Some(charter), 2, changes, &[(1, 2)])])
}

pub async fn titles(node: &Running) -> Vec<String> {
    let entries = node.list(EntryFilter::default()).await;
    let mut titles: Vec<_> = entries.iter().map(|entry| entry.texts[0].title.clone()).collect();
    titles.sort();
    titles
}

pub async fn shows(node: &Running, expected: &[&str]) {
    for _ in 0..200 {
        if titles(node).await == expected {
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let (shown, links) = (titles(node).await, links(node).await);
    let said = node.stderr.lock().unwrap();
    panic!("shows {shown:?}, expected {expected:?}\n{links:?}\n{said}");
}

#[tokio::test]
async fn no_record_leaves_towards_a_node_that_the_charter_does_not_let_hold_it() {
    let mut pair = Pair::start("fjall", FAST).await;
    let (charter, statements) = region(&pair).await;
    for node in [&pair.a, &pair.b] {
        assert_eq!(say(node, &statements).await.unwrap(), [Standing::Counts; 2]);
    }
    for (incident, title) in [("flood", "only police"), ("outage", "everybody")] {
        pair.a.create(incident_of(incident)).await.unwrap();
        pair.a.put(&observation(incident, title)).await;
    }
    shows(&pair.b, &["everybody"]).await;
    let request = GetIncidentRequest { name: "incidents/flood".into() };
    let refused = pair.b.incidents().get_incident(request).await.unwrap_err();
    assert_eq!(reason(&refused), "INCIDENT_NOT_FOUND");
    assert_eq!(pair.b.status().await.incident_count, 1);

    // Let in, at the other end of the link.
    let grant = signed(Some(charter), 3, vec![member("flood", "water")], &[(1, 3)]);
    assert_eq!(say(&pair.a, std::slice::from_ref(&grant)).await.unwrap(), [Standing::Counts]);
    shows(&pair.b, &["everybody", "only police"]).await;
    assert_eq!(said_at(&pair.b).await, said_at(&pair.a).await);

    // And out at once: what comes later does not travel any more.
    let out = signed(Some(charter), 4, vec![withdraw(&grant, 0)], &[(1, 4)]);
    assert_eq!(say(&pair.a, &[out]).await.unwrap(), [Standing::Counts]);
    pair.a.put(&observation("flood", "police again")).await;
    pair.a.put(&observation("outage", "everybody again")).await;
    shows(&pair.b, &["everybody", "everybody again", "only police"]).await;
    shows(&pair.a, &["everybody", "everybody again", "only police", "police again"]).await;

    // It is all there after a kill.
    let before = said_at(&pair.b).await;
    pair.b.kill();
    pair.start_b().await;
    assert_eq!(said_at(&pair.b).await, before);
    assert_eq!(before.len(), 4);
    pair.a.put(&observation("flood", "police at last")).await;
    pair.a.put(&observation("outage", "at last")).await;
    shows(&pair.b, &["at last", "everybody", "everybody again", "only police"]).await;
}

#[tokio::test]
async fn a_node_that_is_cut_off_is_disconnected_at_once_and_stays_out() {
    let mut pair = Pair::start("fjall", FAST).await;
    let (charter, statements) = region(&pair).await;
    for node in [&pair.a, &pair.b] {
        say(node, &statements).await.unwrap();
    }
    pair.a.create(incident_of("outage")).await.unwrap();
    pair.a.put(&observation("outage", "before")).await;
    shows(&pair.b, &["before"]).await;
    let stolen = key_of(&pair.b).await;
    say(&pair.a, &[signed(Some(charter), 3, vec![cut(&stolen)], &[(1, 3)])]).await.unwrap();
    let told = |links: &[polder_wire::v1::Link]| {
        links
            .iter()
            .any(|link| link.problem.contains("gives node") && link.state() != LinkState::Connected)
    };
    links_say(&pair.a, "that the node is cut off", told).await;
    links_say(&pair.b, "that it is cut off", told).await;
    pair.a.put(&observation("outage", "after")).await;
    pair.b.put(&observation("outage", "from the stolen node")).await;
    pair.b.kill();
    pair.start_b().await;
    links_say(&pair.b, "that it stays out", told).await;
    shows(&pair.a, &["after", "before"]).await;
    shows(&pair.b, &["before", "from the stolen node"]).await;
}

#[tokio::test]
async fn a_node_without_a_certificate_gets_nothing() {
    let pair = Pair::start("fjall", FAST).await;
    let founded = founding(&[1], 1);
    let charter = Charter::found(&founded).unwrap().id();
    let changes =
        vec![party("police"), certificate(&key_of(&pair.a).await, "police"), member("outage", "-")];
    say(&pair.a, &[founded, signed(Some(charter), 2, changes, &[(1, 2)])]).await.unwrap();
    pair.a.create(incident_of("outage")).await.unwrap();
    pair.a.put(&observation("outage", "something")).await;
    let told = |links: &[polder_wire::v1::Link]| {
        links.iter().any(|link| link.problem.contains("gives node"))
    };
    links_say(&pair.b, "why it is refused", told).await;
    assert_eq!(titles(&pair.b).await, Vec::<String>::new());
    assert_eq!(said_at(&pair.b).await, []);
}

#[tokio::test]
async fn statements_that_are_wrong_are_refused_with_the_path_and_nothing_is_kept() {
    let home = Home::new();
    let node = home.start().await;
    let founded = founding(&[1], 1);
    let charter = Charter::found(&founded).unwrap().id();
    let good = signed(Some(charter), 2, vec![party("police")], &[(1, 2)]);

    let refused = say(&node, std::slice::from_ref(&good)).await.unwrap_err();
    assert_eq!(
        (refused.code(), reason(&refused)),
        (Code::FailedPrecondition, "CHARTER_NOT_FOUND".into())
    );
    let refused = say(&node, &[]).await.unwrap_err();
    assert_eq!(wrong_fields(&refused), ["statements"]);

    let mut forged = good.clone();
    forged.endorsements[0].sequence = 9;
    let refused = say(&node, &[founded.clone(), good.clone(), forged]).await.unwrap_err();
    assert_eq!(wrong_fields(&refused), ["statements[2].endorsements[0]"]);
    assert_eq!(node.status().await.lsn, 0);
    assert_eq!(said_at(&node).await, []);

    say(&node, &[founded.clone(), good.clone()]).await.unwrap();
    let lsn = node.status().await.lsn;
    say(&node, &[good, founded]).await.unwrap();
    assert_eq!(node.status().await.lsn, lsn, "said again, nothing is stored");
    let refused = say(&node, &[founding(&[2], 1)]).await.unwrap_err();
    assert_eq!(reason(&refused), "CHARTER_DIFFERS");
    let refused = node.create(incident("charter", Mode::Actual)).await.unwrap_err();
    assert_eq!(wrong_fields(&refused), ["incident.name"]);
}

pub fn incident_of(id: &str) -> polder_wire::v1::Incident {
    incident(id, Mode::Actual)
}

#[tokio::test]
async fn a_bundle_holds_what_its_reader_may_hold_and_an_import_takes_no_more() {
    let homes = [Home::new(), Home::new()];
    let police = homes[0].start().await;
    let water = homes[1].start().await;
    let founded = founding(&[1], 1);
    let charter = Charter::found(&founded).unwrap().id();
    let changes = vec![
        party("police"),
        party("water"),
        certificate(&key_of(&police).await, "police"),
        member("flood", "police"),
        member("outage", "-"),
    ];
    let statements = [founded, signed(Some(charter), 2, changes, &[(1, 2)])];
    say(&police, &statements).await.unwrap();
    for (incident, title) in [("flood", "only police"), ("outage", "everybody")] {
        police.create(incident_of(incident)).await.unwrap();
        police.put(&observation(incident, title)).await;
    }
    let (heads, file) = (homes[1].beside("heads"), homes[0].beside("bundle"));
    let (heads, file) = (heads.to_str().unwrap(), file.to_str().unwrap());
    must(&["heads", "--to", heads, "--node", &water.address()]);

    let export = |args: &[&str]| {
        let at = police.address();
        said_of(&run(&[&["export", "--to", file, "--node", &at], args].concat()))
    };
    let (code, said) = export(&[]);
    assert_ne!(code, 0);
    assert!(said.contains("give its heads file"), "{said}");
    let (code, said) = export(&["--for", heads]);
    assert_ne!(code, 0);
    assert!(said.contains("no certificate"), "{said}");

    let grant = vec![certificate(&key_of(&water).await, "water")];
    let grant = signed(Some(charter), 3, grant, &[(1, 3)]);
    say(&police, std::slice::from_ref(&grant)).await.unwrap();
    let (code, said) = export(&["--for", heads]);
    assert_eq!(code, 0, "{said}");
    must(&["import", "--node", &water.address(), file]);
    shows(&water, &["everybody"]).await;

    // A stick of somebody who keeps to no charter brings nothing that this node may not hold.
    say(&water, &[&statements[..], &[grant]].concat()).await.unwrap();
    let home = Home::new();
    let other = home.start().await;
    for incident in ["flood", "outage"] {
        other.create(incident_of(incident)).await.unwrap();
        other.put(&observation(incident, "smuggled")).await;
    }
    must(&["export", "--to", file, "--node", &other.address()]);
    let (_, said) = said_of(&run(&["import", file, "--node", &water.address(), "--json"]));
    assert!(said.contains("SCOPE_NOT_ALLOWED"), "{said}");
    let request = GetIncidentRequest { name: "incidents/flood".into() };
    let refused = water.incidents().get_incident(request).await.unwrap_err();
    assert_eq!(reason(&refused), "INCIDENT_NOT_FOUND");
}

#[tokio::test]
async fn a_restored_node_keeps_its_charter_and_has_to_be_certified_anew() {
    let mut pair = Pair::start("fjall", FAST).await;
    let (_, statements) = region(&pair).await;
    for node in [&pair.a, &pair.b] {
        say(node, &statements).await.unwrap();
    }
    let file = pair.homes[1].beside("backup");
    let file = file.to_str().unwrap();
    must(&["backup", file, "--node", &pair.b.address()]);
    let before = said_at(&pair.b).await;
    assert_eq!(before.len(), 2);
    pair.b.kill();

    let restored = pair.homes[1].beside("restored");
    must(&["restore", file, "--data", restored.to_str().unwrap()]);
    let node = Running::start(&restored, &["--link", &pair.line.address.to_string()]).await;
    assert_eq!(said_at(&node).await, before);
    let told = |links: &[polder_wire::v1::Link]| {
        links.iter().any(|link| link.problem.contains("gives node"))
    };
    links_say(&node, "that its new key has no certificate", told).await;
}
