//! An incident that is opened under a charter, before the charter names its members.

use polder_wire::v1::{
    AddStatementsRequest, CreateIncidentRequest, EntryFilter, GetIncidentRequest,
    GetNodeStatusRequest, ListIncidentsRequest, Mode, NodeCertificate, Role, UpdateIncidentRequest,
    charter_change::Change, charter_service_client::CharterServiceClient,
};

use crate::{
    harness::*,
    made::{change, member, signed, withdraw},
    who::*,
};

async fn incidents(who: &Person) -> Vec<String> {
    let answer = who.incidents().list_incidents(ListIncidentsRequest::default()).await.unwrap();
    let mut names: Vec<_> = answer.into_inner().incidents.into_iter().map(|i| i.name).collect();
    names.sort();
    names
}

#[tokio::test]
async fn who_opens_an_incident_sees_it_with_their_party_and_nobody_else_until_the_charter_speaks() {
    let home = Home::new();
    let node = home.start().await;
    let [admin, paul, fien, mia] = under_a_charter(&node).await;
    let key = admin.node().get_node_status(GetNodeStatusRequest {}).await.unwrap();
    let (charter, request) = charter_of(region(&key.into_inner().public_key));
    let other_home = Home::new();
    let other = other_home.start().await;
    let certificate = NodeCertificate {
        public_key: other.status().await.public_key,
        parties: vec!["parties/police".into()],
        display_name: "node of the police".into(),
        incarnation: 1,
    };
    let changes =
        vec![role_of("petra", Role::Reader, "police", ""), change(Change::Node(certificate))];
    let staff = signed(Some(charter.id()), 3, changes, &[(1, 3)]);
    admin.say(vec![staff.clone()]).await;
    let statements = [request.statements, vec![staff]].concat();
    let mut client = CharterServiceClient::new(other.connect().await);
    client.add_statements(AddStatementsRequest { statements }).await.unwrap();
    admin.people().set_account(account("petra", Vec::new())).await.unwrap();
    let petra = sign_in(&node, "petra", PASSPHRASE).await.unwrap();

    let request_of = |id: &str| CreateIncidentRequest {
        incident: Some(incident(id, Mode::Actual)),
        ..Default::default()
    };
    let made = paul.incidents().create_incident(request_of("raid")).await.unwrap().into_inner();
    assert!(made.needs_members, "who opens it is told");
    let name = made.incident.unwrap().name;
    assert_eq!(name, "incidents/raid");
    for colleague in [&paul, &petra] {
        assert_eq!(incidents(colleague).await, ["incidents/flood", "incidents/raid"]);
    }
    let put = paul.put(&observation("raid", "door is locked"), "").await.unwrap();
    petra.get(&put.name).await.unwrap();
    let update = UpdateIncidentRequest {
        incident: Some(polder_wire::v1::Incident { name: name.clone(), ..Default::default() }),
        update_mask: Some(prost_types::FieldMask { paths: vec!["hazards".into()] }),
        ..Default::default()
    };
    paul.incidents().update_incident(update).await.unwrap();

    let closed = async |others: &[&Person]| {
        for other in others {
            assert_eq!(incidents(other).await, ["incidents/flood"]);
            let request = GetIncidentRequest { name: "incidents/raid".into() };
            let refused = other.incidents().get_incident(request).await.unwrap_err();
            assert_eq!(reason(&refused), "INCIDENT_NOT_FOUND");
            assert_eq!(reason(&other.get(&put.name).await.unwrap_err()), "INCIDENT_NOT_FOUND");
            assert_eq!(other.titles().await, [""; 0]);
        }
    };
    // The node speaks for them as well, but they did not open it.
    closed(&[&fien, &mia]).await;
    // Nor does what was opened here leave, also not towards another node of the same party.
    let (heads, bundle) = (home.beside("heads"), home.beside("bundle"));
    let (heads, bundle) = (heads.to_str().unwrap(), bundle.to_str().unwrap());
    must(&["heads", "--to", heads, "--node", &other.address()]);
    let address = node.address();
    let base = ["--node", &address, "--token", &admin.token];
    must(&[&["export", "--to", bundle, "--for", heads][..], &base[..]].concat());
    assert_eq!(other.status().await.incident_count, 0);
    must(&["import", bundle, "--node", &other.address()]);
    assert_eq!(other.status().await.incident_count, 1, "the one that the charter names");
    assert_eq!(other.list(EntryFilter::default()).await.len(), 0);

    // The charter speaks, of others: then it alone decides.
    let said = signed(Some(charter.id()), 4, vec![member("raid", "fire")], &[(1, 4)]);
    admin.say(vec![said.clone()]).await;
    closed(&[&paul, &petra, &mia]).await;
    assert_eq!(incidents(&fien).await, ["incidents/flood", "incidents/raid"]);
    fien.get(&put.name).await.unwrap();
    // Also when it takes that back.
    let back = signed(Some(charter.id()), 5, vec![withdraw(&said, 0)], &[(1, 5)]);
    admin.say(vec![back]).await;
    closed(&[&paul, &petra, &fien, &mia]).await;

    // What the charter opened before, it is told of no more.
    let made = signed(Some(charter.id()), 6, vec![member("quake", "-")], &[(1, 6)]);
    admin.say(vec![made]).await;
    let made = paul.incidents().create_incident(request_of("quake")).await.unwrap().into_inner();
    assert!(!made.needs_members);
    assert_eq!(incidents(&mia).await, ["incidents/flood", "incidents/quake"]);
}

#[tokio::test]
async fn the_command_line_says_which_membership_an_incident_needs() {
    let home = Home::new();
    let node = home.start().await;
    let [_, paul, ..] = under_a_charter(&node).await;
    let address = node.address();
    let create = ["incident", "create", "Raid", "--id", "raid", "--mode", "actual"];
    let base = ["--node", &address, "--token", &paul.token];
    let (code, told) = said(&run(&[&create[..], &base[..], &["--lang", "en"]].concat()));
    assert_eq!(code, 0, "{told}");
    assert!(told.contains("polder member raid PARTY"), "{told}");
    let shown = must(&[&["incident", "show", "raid"][..], &base[..]].concat());
    assert!(shown.contains("raid"), "{shown}");
}
