//! Who watches and who rules is told of too: questions to the account, signing out, and statements
//! of the charter.

use polder_wire::v1::{self, Act, ActKind, AddStatementsRequest, ListActsRequest, Role};

use crate::{
    account::{acts, by, everything, with_auditors},
    harness::*,
    made::signed,
    who::*,
};

fn of_kind(acts: &[Act], kind: ActKind) -> Vec<&Act> {
    acts.iter().filter(|act| act.kind() == kind).collect()
}

#[tokio::test]
async fn who_asked_the_account_what_is_told_once_for_a_question_and_to_who_may_know() {
    let home = Home::new();
    let node = home.start().await;
    let ([_, paul, ..], ada, finn) = with_auditors(&node).await;
    let secret = paul.put(&observation("flood", "x"), "audiences/investigation").await.unwrap();
    let shared = paul.put(&observation("flood", "y"), "").await.unwrap();
    for name in [&secret.name, &shared.name] {
        let request = ListActsRequest { entry: name.clone(), ..Default::default() };
        acts(&ada, request).await.unwrap();
    }
    // Of several pages, and of what is refused.
    by(&ada, "admin").await;
    let refused = ListActsRequest { entry: secret.name.clone(), ..Default::default() };
    assert_eq!(reason(&acts(&finn, refused).await.unwrap_err()), "ENTRY_NOT_FOUND");
    let request = ListActsRequest { incident: "incidents/flood".into(), ..Default::default() };
    let seen = acts(&finn, request).await.unwrap();
    let asked = of_kind(&seen, ActKind::AccountRead);
    assert_eq!(asked.len(), 1, "not that of an audience that is not his: {asked:?}");
    assert_eq!((&asked[0].person[..], &asked[0].caller()), ("ada", &v1::CallerKind::Account));
    assert_eq!(asked[0].detail, format!("entry {}", shared.name));

    let all = everything(&ada).await;
    let asked = of_kind(&all, ActKind::AccountRead);
    let details: Vec<_> = asked.iter().map(|act| (&act.person[..], &act.detail[..])).collect();
    let (of_secret, of_shared) =
        (format!("entry {}", secret.name), format!("entry {}", shared.name));
    let expected =
        [("ada", &of_secret[..]), ("ada", &of_shared[..]), ("ada", "person admin"), ("finn", "")];
    assert_eq!(details, expected);
    assert_eq!(asked[3].incident, "incidents/flood");
    // It does not say that somebody saw the entry.
    let request = ListActsRequest { entry: shared.name.clone(), ..Default::default() };
    assert_eq!(of_kind(&acts(&ada, request).await.unwrap(), ActKind::AccountRead).len(), 0);
    drop(node);
    must(&["verify", "--data", home.data().to_str().unwrap()]);
}

#[tokio::test]
async fn who_signed_out_and_who_added_statements_to_the_charter_is_told_in_both_languages() {
    let home = Home::new();
    let node = home.start().await;
    let ([admin, paul, ..], ada, _) = with_auditors(&node).await;
    paul.people().sign_out(v1::SignOutRequest {}).await.unwrap();
    // One who is out already does nothing by it.
    paul.people().sign_out(v1::SignOutRequest {}).await.unwrap_err();
    let status = admin.node().get_node_status(v1::GetNodeStatusRequest {}).await.unwrap();
    let (charter, first) = charter_of(region(&status.into_inner().public_key));
    let said =
        signed(Some(charter.id()), 4, vec![role_of("guus", Role::Reader, "police", "")], &[(1, 4)]);
    // The others are known already.
    admin.say([first.statements, vec![said.clone()]].concat()).await;
    let mut broken = said;
    broken.body = vec![1, 2, 3].into();
    let mut client = admin.charter();
    let request = AddStatementsRequest { statements: vec![broken] };
    client.add_statements(request).await.unwrap_err();

    let all = everything(&ada).await;
    let out = of_kind(&all, ActKind::SignedOut);
    assert_eq!(out.iter().map(|act| &act.person[..]).collect::<Vec<_>>(), ["paul"]);
    let added = of_kind(&all, ActKind::StatementsAdded);
    let added: Vec<_> = added.iter().map(|act| (&act.person[..], act.count)).collect();
    // The operator founded it, and the administrator made auditors.
    assert_eq!(added, [("", 2), ("admin", 1), ("admin", 1)]);
    let subject = format!("charters/{}", charter.id());
    assert!(of_kind(&all, ActKind::StatementsAdded).iter().all(|act| act.subject == subject));

    let address = node.address();
    let base = ["audit", "--node", &address, "--token", &ada.token];
    let told = must(&[&base[..], &["--lang", "en"]].concat());
    let dutch = must(&[&base[..], &["--lang", "nl"]].concat());
    for words in ["signed out", "added statements to the charter", "asked who did what"] {
        assert!(told.contains(words), "{told}");
    }
    for words in
        ["meldde zich af", "voegde verklaringen toe aan het handvest", "vroeg wie wat deed"]
    {
        assert!(dutch.contains(words), "{dutch}");
    }
    let json = must(&[&base[..], &["--json"]].concat());
    let csv = must(&[&base[..], &["--csv"]].concat());
    for kind in ["signed_out", "statements_added", "account_read"] {
        assert!(json.contains(&format!("ACT_KIND_{}", kind.to_uppercase())), "{json}");
        assert!(csv.lines().any(|line| line.replace('-', "_").contains(kind)), "{csv}");
    }
}
