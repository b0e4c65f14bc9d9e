//! Accounts of a node: who gets in, who does not, and what their role lets them do.

use polder_wire::v1::{
    self, CallerKind, CloseIncidentRequest, GetNodeStatusRequest, ListAccountsRequest, Role,
    SubscribeRequest, people_service_client::PeopleServiceClient, subscribe_response::Event,
};
use tonic::Code;

use crate::{harness::*, who::*};

#[tokio::test]
async fn who_is_not_signed_in_gets_nothing_once_a_node_has_accounts() {
    let home = Home::new();
    let node = home.start().await;
    node.open("flood").await;
    node.put(&observation("flood", "before anybody signed in")).await;

    // The first account must leave somebody who can make others.
    let mut open = PeopleServiceClient::new(node.connect().await);
    let first = account("ben", vec![grant(Role::Reader, "tester", "")]);
    let refused = open.set_account(first).await.unwrap_err();
    assert_eq!((refused.code(), reason(&refused)), {
        (Code::FailedPrecondition, "FIRST_ACCOUNT".into())
    });
    let caller = open.get_caller(v1::GetCallerRequest {}).await.unwrap().into_inner().caller;
    assert_eq!(caller.unwrap().kind(), CallerKind::Operator);

    let admin = administrator(&node).await;
    for refused in [
        node.get("incidents/flood/entries/00000000-0000-4000-8000-000000000000").await.err(),
        node.publish(vec![item(&observation("flood", "nobody"))]).await.err(),
        node.node().get_node_status(GetNodeStatusRequest {}).await.err(),
        open.list_accounts(ListAccountsRequest::default()).await.err(),
        open.get_caller(v1::GetCallerRequest {}).await.err(),
    ] {
        let refused = refused.unwrap();
        assert_eq!((refused.code(), reason(&refused)), {
            (Code::Unauthenticated, "SIGN_IN_NEEDED".into())
        });
    }

    // An administrator looks after the node and does not read along.
    assert!(admin.node().get_node_status(GetNodeStatusRequest {}).await.is_ok());
    let refused = admin.picture().list_entries(v1::ListEntriesRequest::default()).await;
    assert_eq!(reason(&refused.unwrap_err()), "RIGHT_MISSING");
    let anna = person(&node, &admin, "anna", Role::Reader, "tester", "").await;
    assert_eq!(anna.titles().await, ["before anybody signed in"]);

    // It is all there after a restart, sessions too.
    drop(node);
    let node = home.start().await;
    let again = Person::with(&node, &anna.token).await;
    assert_eq!(again.titles().await, ["before anybody signed in"]);
    assert_eq!(again.caller().await.unwrap().rights, ["look", "read"]);
}

#[tokio::test]
async fn each_role_may_do_what_the_table_says_and_nothing_else() {
    let home = Home::new();
    let node = home.start().await;
    node.open("flood").await;
    node.open("outage").await;
    let admin = administrator(&node).await;
    let reader = person(&node, &admin, "rik", Role::Reader, "tester", "").await;
    let liaison = person(&node, &admin, "lia", Role::Liaison, "fire", "flood").await;
    let manager = person(&node, &admin, "ivo", Role::InformationManager, "tester", "").await;

    let refused = reader.put(&observation("flood", "no"), "").await.unwrap_err();
    assert_eq!(
        (refused.code(), reason(&refused)),
        (Code::PermissionDenied, "RIGHT_MISSING".into())
    );

    // For their own party, in the incident that they are there for.
    let published = liaison.put(&observation("flood", "of the fire service"), "").await.unwrap();
    let entry = liaison.get(&published.name).await.unwrap();
    assert_eq!((&entry.party[..], &entry.author[..]), ("parties/fire", "lia"));
    let mut other = observation("flood", "of somebody else");
    other.party = "parties/police".into();
    let refused = liaison.put(&other, "").await.unwrap_err();
    assert_eq!(reason(&refused), "PARTY_NOT_YOURS");
    assert_eq!(wrong_fields(&refused), ["items[0].entry.party"]);
    let refused = liaison.put(&observation("outage", "elsewhere"), "").await.unwrap_err();
    assert_eq!((refused.code(), reason(&refused)), (Code::NotFound, "INCIDENT_NOT_FOUND".into()));

    let close = |name: &str| CloseIncidentRequest {
        name: format!("incidents/{name}"),
        reason: "over".into(),
        ..Default::default()
    };
    let refused = liaison.incidents().close_incident(close("flood")).await.unwrap_err();
    assert_eq!(reason(&refused), "RIGHT_MISSING");
    assert!(manager.incidents().close_incident(close("outage")).await.is_ok());
    let refused = manager.people().set_account(account("eve", Vec::new())).await.unwrap_err();
    assert_eq!(reason(&refused), "RIGHT_MISSING");
}

#[tokio::test]
async fn only_the_owner_changes_an_entry_and_others_speak_beside_it() {
    let home = Home::new();
    let node = home.start().await;
    node.open("flood").await;
    let admin = administrator(&node).await;
    let water = person(&node, &admin, "wim", Role::Liaison, "water", "").await;
    let fire = person(&node, &admin, "fien", Role::Liaison, "fire", "").await;
    let manager = person(&node, &admin, "ivo", Role::InformationManager, "region", "").await;
    let coordinator =
        person(&node, &admin, "ko", Role::InformationManager, "region", "flood").await;

    let name = water.put(&observation("flood", "83 m3/s"), "").await.unwrap().name;
    for stranger in [&fire, &manager] {
        let mut change = observation("flood", "96 m3/s");
        change.name.clone_from(&name);
        let refused = stranger.put(&change, "").await.unwrap_err();
        assert_eq!(reason(&refused), "NOT_OWNER");
        assert_eq!(wrong_fields(&refused), ["items[0].entry.name"]);
        let retract = v1::RetractEntryRequest {
            name: name.clone(),
            reason: "wrong".into(),
            ..Default::default()
        };
        let refused = stranger.picture().retract_entry(retract).await.unwrap_err();
        assert_eq!(reason(&refused), "NOT_OWNER");
    }
    let mut beside = observation("flood", "we measured 96 m3/s");
    beside.relations = vec![v1::Relation {
        r#type: v1::RelationType::Contradicts.into(),
        entry: name.clone(),
        ..<_>::default()
    }];
    fire.put(&beside, "").await.unwrap();
    assert_eq!(water.get(&name).await.unwrap().texts[0].title, "83 m3/s");

    // The information coordinator of this very incident may.
    let mut change = observation("flood", "90 m3/s, both gauges compared");
    change.name.clone_from(&name);
    coordinator.put(&change, "").await.unwrap();
    let entry = water.get(&name).await.unwrap();
    assert_eq!((&entry.party[..], &entry.author[..]), ("parties/region", "ko"));
}

#[tokio::test]
async fn a_wrong_passphrase_says_no_more_than_an_unknown_name_and_guessing_takes_ever_longer() {
    let home = Home::new();
    let node = home.start().await;
    administrator(&node).await;
    let wrong = sign_in(&node, "admin", "not the passphrase").await.err().unwrap();
    let unknown = sign_in(&node, "nobody", "not the passphrase").await.err().unwrap();
    assert_eq!((wrong.code(), reason(&wrong)), (Code::Unauthenticated, "SIGN_IN_WRONG".into()));
    assert_eq!((wrong.message(), reason(&wrong)), (unknown.message(), reason(&unknown)));
    let mut reasons = Vec::new();
    for _ in 0..7 {
        reasons.push(reason(&sign_in(&node, "admin", "a guess of twelve").await.err().unwrap()));
    }
    assert_eq!(reasons.last().unwrap(), "SIGN_IN_LOCKED", "{reasons:?}");
    // Also with the right one, until the wait is over.
    let locked = sign_in(&node, "admin", PASSPHRASE).await.err().unwrap();
    assert_eq!((locked.code(), reason(&locked)), {
        (Code::ResourceExhausted, "SIGN_IN_LOCKED".into())
    });
    // What was typed is in no log and no file.
    assert!(!node.stderr.lock().unwrap().contains("guess of twelve"));
    let kept = std::fs::read_to_string(home.data().join("people/accounts.json")).unwrap();
    assert!(kept.contains("$argon2id$") && !kept.contains(PASSPHRASE));
}

#[tokio::test]
async fn who_is_put_out_is_out_at_once_also_in_the_middle_of_a_stream() {
    let home = Home::new();
    let node = home.start().await;
    node.open("flood").await;
    let admin = administrator(&node).await;
    let anna = person(&node, &admin, "anna", Role::Reader, "tester", "").await;
    let mut stream = anna.picture().subscribe(SubscribeRequest::default()).await.unwrap();
    let stream = stream.get_mut();
    while !matches!(stream.message().await.unwrap().unwrap().event, Some(Event::SnapshotEnd(_))) {}

    let mut out = account("anna", vec![grant(Role::Reader, "tester", "")]);
    out.account.as_mut().unwrap().disabled = true;
    out.passphrase.clear();
    admin.people().set_account(out).await.unwrap();
    let ended = loop {
        match stream.message().await {
            Ok(message) => assert!(message.is_some(), "the stream must say why it ends"),
            Err(status) => break status,
        }
    };
    assert!(matches!(ended.code(), Code::PermissionDenied | Code::Unauthenticated), "{ended:?}");
    let refused = anna.caller().await.unwrap_err();
    assert_eq!(reason(&refused), "SESSION_ENDED");
    assert_eq!(reason(&sign_in(&node, "anna", PASSPHRASE).await.err().unwrap()), "SIGN_IN_WRONG");

    // Signing out ends the sessions of that person, and of nobody else.
    let ben = person(&node, &admin, "ben", Role::Reader, "tester", "").await;
    let elsewhere = sign_in(&node, "ben", PASSPHRASE).await.unwrap();
    ben.people().sign_out(v1::SignOutRequest {}).await.unwrap();
    assert_eq!(reason(&elsewhere.caller().await.unwrap_err()), "SESSION_ENDED");
    assert!(admin.caller().await.is_ok());
}

#[tokio::test]
async fn nothing_that_is_no_session_of_this_node_is_taken_for_one() {
    let homes = [Home::new(), Home::new()];
    let (node, other) = (homes[0].start().await, homes[1].start().await);
    let admin = administrator(&node).await;
    let stranger = administrator(&other).await;
    let half = &admin.token[..admin.token.len() - 4];
    for token in ["", "x", "polder-session.", "polder-session.AAAA", half, &stranger.token] {
        let refused = Person::with(&node, token).await.caller().await.unwrap_err();
        assert_eq!(refused.code(), Code::Unauthenticated, "{token:?}");
        assert_eq!(reason(&refused), "TOKEN_INVALID", "{token:?}");
    }
}

/// The first line of the answer to a GET by a browser.
async fn answer_to(node: &Running, path: &str, authorization: &str) -> String {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let mut socket = tokio::net::TcpStream::connect(node.listen).await.unwrap();
    let request = format!(
        "GET {path} HTTP/1.1\r\nHost: {}\r\n{authorization}Connection: close\r\n\r\n",
        node.listen
    );
    socket.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    socket.read_to_end(&mut answer).await.unwrap();
    String::from_utf8_lossy(&answer).lines().next().unwrap_or_default().to_owned()
}

#[tokio::test]
async fn layers_of_the_operator_are_for_who_may_look_on_and_the_page_is_for_all() {
    let home = Home::new();
    let node = home.start().await;
    assert_eq!(answer_to(&node, "/layers", "").await, "HTTP/1.1 200 OK");
    let admin = administrator(&node).await;
    for path in ["/layers", "/layers/dikes.geojson"] {
        assert_eq!(answer_to(&node, path, "").await, "HTTP/1.1 401 Unauthorized");
        let other = answer_to(&node, path, "Authorization: Bearer x\r\n").await;
        assert_eq!(other, "HTTP/1.1 401 Unauthorized");
    }
    let own = format!("Authorization: Bearer {}\r\n", admin.token);
    assert_eq!(answer_to(&node, "/layers", &own).await, "HTTP/1.1 200 OK");
    assert_eq!(answer_to(&node, "/", "").await, "HTTP/1.1 200 OK");
}
