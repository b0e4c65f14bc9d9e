//! What the public is told was seen by two people, or it says why not.

use polder_wire::v1::{
    Entry, GetNodeStatusRequest, ResponseType, Role, Warning, WarningState, entry::Body,
};

use crate::{harness::*, made::signed, who::*};

fn warning(state: WarningState, title: &str) -> Entry {
    Entry {
        party: "parties/police".into(),
        place: "Meers".into(),
        body: Some(Body::Warning(Warning {
            state: state.into(),
            responses: vec![ResponseType::Evacuate.into()],
            ..Warning::default()
        })),
        ..observation("flood", title)
    }
}

/// A second information manager of the police.
async fn second(node: &Running, admin: &Person) -> Person {
    let key = admin.node().get_node_status(GetNodeStatusRequest {}).await.unwrap();
    let (charter, _) = charter_of(region(&key.into_inner().public_key));
    let role = role_of("petra", Role::InformationManager, "police", "");
    admin.say(vec![signed(Some(charter.id()), 3, vec![role], &[(1, 3)])]).await;
    admin.people().set_account(account("petra", Vec::new())).await.unwrap();
    sign_in(node, "petra", PASSPHRASE).await.unwrap()
}

fn reason_of(told: Result<polder_wire::v1::Published, tonic::Status>) -> String {
    told.map_or_else(|status| reason(&status), |_| "published".into())
}

#[tokio::test]
async fn what_the_public_is_told_was_drafted_by_one_and_issued_by_another_or_says_why_not() {
    let home = Home::new();
    let node = home.start().await;
    let [admin, paul, _, _] = under_a_charter(&node).await;
    let petra = second(&node, &admin).await;

    // Alone, nobody tells the public anything.
    let issued = warning(WarningState::Issued, "Leave Meers now");
    assert_eq!(reason_of(paul.put(&issued, "").await), "SECOND_PERSON_NEEDED");
    let draft = warning(WarningState::Draft, "Leave Meers now");
    let drafted = paul.put(&draft, "").await.unwrap();
    assert_eq!(reason_of(paul.put(&issued, "").await), "SECOND_PERSON_NEEDED");
    // Nor in other words than were drafted.
    let other = warning(WarningState::Issued, "Leave Meers and Stein now");
    assert_eq!(reason_of(petra.put(&other, "").await), "SECOND_PERSON_NEEDED");
    let same = Entry { name: drafted.name.clone(), ..issued.clone() };
    let published = petra.put(&same, "").await.unwrap();
    let told = paul.get(&published.name).await.unwrap();
    assert_eq!(told.author, "petra", "the first person stands in the version before");

    // Who is alone says why, and that stands on record.
    let mut alone = warning(WarningState::Issued, "Leave Stein now");
    alone.place = "Stein".into();
    if let Some(Body::Warning(body)) = &mut alone.body {
        body.unchecked_reason = "alone at the post, water at the door".into();
    }
    let published = paul.put(&alone, "").await.unwrap();
    let told = petra.get(&published.name).await.unwrap();
    let Some(Body::Warning(body)) = told.body else { panic!("{told:?}") };
    assert_eq!(body.unchecked_reason, "alone at the post, water at the door");
}

#[tokio::test]
async fn a_correction_is_drafted_beside_what_stands_and_issued_over_it() {
    let home = Home::new();
    let node = home.start().await;
    let [admin, paul, _, _] = under_a_charter(&node).await;
    let petra = second(&node, &admin).await;
    let draft = warning(WarningState::Draft, "Call 0900 1234");
    let drafted = paul.put(&draft, "").await.unwrap();
    let at = node.address();
    let by = |who: &Person, args: &[&str]| {
        said(&run(&[args, &["--node", &at, "--token", &who.token, "--lang", "en"]].concat()))
    };
    let (code, told) = by(&paul, &["issue", &drafted.name]);
    assert!(code == 3 && told.contains("SECOND_PERSON_NEEDED"), "{code} {told}");
    let (code, told) = by(&petra, &["issue", &drafted.name]);
    assert_eq!(code, 0, "{told}");

    let draft = warning(WarningState::Draft, "Call 0900 4321");
    let corrected = petra.put(&draft, "").await.unwrap();
    let (code, told) = by(&petra, &["issue", &corrected.name, "--corrects", &drafted.name]);
    assert!(code == 3 && told.contains("SECOND_PERSON_NEEDED"), "{code} {told}");
    let (code, told) = by(&paul, &["issue", &corrected.name, "--corrects", &drafted.name]);
    assert_eq!(code, 0, "{told}");
    let told = petra.get(&drafted.name).await.unwrap();
    assert_eq!(told.texts[0].title, "Call 0900 4321");
    let Some(Body::Warning(body)) = told.body else { panic!("{told:?}") };
    assert_eq!(body.state(), WarningState::Corrected);
    let (code, told) =
        by(&paul, &["issue", &paul.put(&observation("flood", "rain"), "").await.unwrap().name]);
    assert!(code == 2 && told.contains("no warning"), "{code} {told}");
}
