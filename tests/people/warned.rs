//! What the public is told was seen by two people, or it says why not.

use polder_wire::v1::{
    Contact, ContactPurpose, ContactTrouble, Entry, GetNodeStatusRequest, ListContactsRequest,
    ListWarningsRequest, ResponseType, Role, Warning, WarningState, entry::Body,
    warning_service_client::WarningServiceClient,
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
    let draft = warning(WarningState::Draft, "Leave over the dike");
    let drafted = paul.put(&draft, "").await.unwrap();
    let at = node.address();
    let by = |who: &Person, args: &[&str]| {
        said(&run(&[args, &["--node", &at, "--token", &who.token, "--lang", "en"]].concat()))
    };
    let (code, told) = by(&paul, &["issue", &drafted.name]);
    assert!(code == 3 && told.contains("SECOND_PERSON_NEEDED"), "{code} {told}");
    let (code, told) = by(&petra, &["issue", &drafted.name]);
    assert_eq!(code, 0, "{told}");

    let draft = warning(WarningState::Draft, "Leave along the canal");
    let corrected = petra.put(&draft, "").await.unwrap();
    let (code, told) = by(&petra, &["issue", &corrected.name, "--corrects", &drafted.name]);
    assert!(code == 3 && told.contains("SECOND_PERSON_NEEDED"), "{code} {told}");
    let (code, told) = by(&paul, &["issue", &corrected.name, "--corrects", &drafted.name]);
    assert_eq!(code, 0, "{told}");
    let told = petra.get(&drafted.name).await.unwrap();
    assert_eq!(told.texts[0].title, "Leave along the canal");
    let Some(Body::Warning(body)) = told.body else { panic!("{told:?}") };
    assert_eq!(body.state(), WarningState::Corrected);
    let (code, told) =
        by(&paul, &["issue", &paul.put(&observation("flood", "rain"), "").await.unwrap().name]);
    assert!(code == 2 && told.contains("no warning"), "{code} {told}");
}

fn contact(telephone: &str, checked: bool) -> Entry {
    Entry {
        party: "parties/police".into(),
        texts: Vec::new(),
        body: Some(Body::Contact(Contact {
            name: "Information line".into(),
            purpose: ContactPurpose::PublicInformation.into(),
            telephone: telephone.into(),
            checked,
            ..Contact::default()
        })),
        ..observation("flood", "")
    }
}

fn citing(warning: &Entry, contacts: &[String]) -> Entry {
    let mut warning = warning.clone();
    let Some(Body::Warning(body)) = &mut warning.body else { panic!("{warning:?}") };
    body.contacts = contacts.to_vec();
    warning
}

#[tokio::test]
async fn a_number_is_told_to_the_public_only_as_a_checked_line_of_the_book_has_it() {
    let home = Home::new();
    let node = home.start().await;
    let [admin, paul, _, _] = under_a_charter(&node).await;
    let petra = second(&node, &admin).await;
    let at = node.address();
    let by = |who: &Person, args: &[&str]| {
        said(&run(&[args, &["--node", &at, "--token", &who.token, "--lang", "en"]].concat()))
    };
    // A line is checked by another person than wrote it.
    assert_eq!(
        reason_of(paul.put(&contact("043-0001234", true), "").await),
        "SECOND_PERSON_NEEDED"
    );
    let add = ["contacts", "add", "Information line", "--telephone", "043-0001234", "-i", "flood"];
    let (code, told) = by(&paul, &add);
    assert_eq!(code, 0, "{told}");
    let id = told.split_whitespace().last().unwrap().to_owned();
    let (code, told) = by(&paul, &["contacts", "check", &id, "-i", "flood"]);
    assert!(code == 3 && told.contains("SECOND_PERSON_NEEDED"), "{code} {told}");

    // A draft keeps what somebody typed; it does not go out.
    let mut draft = warning(WarningState::Draft, "Leave Meers now, call 043 000 12 34");
    draft.texts[0].body = "Or look at www.example.org.".into();
    let drafted = paul.put(&draft, "").await.unwrap();
    let issued = Entry { name: drafted.name.clone(), ..warned(&draft, WarningState::Issued) };
    let refused = petra.put(&issued, "").await.unwrap_err();
    assert_eq!(reason(&refused), "NOT_IN_BOOK");
    let fields = ["items[0].entry.texts[0].title", "items[0].entry.texts[0].body"];
    assert_eq!(wrong_fields(&refused), fields);

    // Nor with a line that nobody checked, or at another version than that which was checked.
    let book = lines(&petra).await;
    let line = Entry::clone(&book[0].0);
    let unchecked = format!("{}/versions/{}", line.name, line.version);
    let refused =
        petra.put(&citing(&issued, std::slice::from_ref(&unchecked)), "").await.unwrap_err();
    assert_eq!(reason(&refused), "NOT_IN_BOOK");
    assert_eq!(wrong_fields(&refused)[0], "items[0].entry.warning.contacts[0]");
    let (code, told) = by(&petra, &["contacts", "check", &id, "-i", "flood"]);
    assert_eq!(code, 0, "{told}");
    let refused = petra.put(&citing(&issued, &[unchecked]), "").await.unwrap_err();
    assert_eq!(reason(&refused), "NOT_IN_BOOK");

    // Whoever issues it cites the line; the web address that is in no line still stops it.
    let issue = ["issue", &drafted.name, "--contact", &line.name];
    let (code, told) = by(&petra, &issue);
    assert!(code == 3 && told.contains("NOT_IN_BOOK") && told.contains("example.org"), "{told}");
    let add = [&add[..5], &["--web", "example.org", "--entry", &line.name, "-i", "flood"]].concat();
    assert_eq!(by(&petra, &add).0, 0);
    assert_eq!(by(&paul, &["contacts", "check", &id, "-i", "flood"]).0, 0);
    let (code, told) = by(&petra, &issue);
    assert_eq!(code, 0, "{told}");

    // The number changes: the book says which warning that stands tells the old one.
    let add = ["contacts", "add", "Information line", "--telephone", "043-0004321"];
    let add = [&add[..], &["--entry", &line.name, "-i", "flood"]].concat();
    assert_eq!(by(&petra, &add).0, 0);
    let book = lines(&petra).await;
    assert_eq!(book[0].1, ContactTrouble::Unchecked);
    assert_eq!(
        (&book[0].2, &book[0].3),
        (&vec![drafted.name.clone()], &vec![drafted.name.clone()])
    );
    let (_, told) = by(&petra, &["warnings", "-i", "flood", "--standing"]);
    assert!(told.contains("[changed since]") && told.contains("drafted by paul"), "{told}");
    let (_, told) = by(&petra, &["contacts", "-i", "flood"]);
    assert!(told.contains("[not checked]") && told.contains("told otherwise"), "{told}");
}

#[tokio::test]
async fn who_is_alone_tells_an_unchecked_line_with_a_reason_and_never_a_typed_number() {
    let home = Home::new();
    let node = home.start().await;
    let [_, paul, _, _] = under_a_charter(&node).await;
    let mut alone = warning(WarningState::Issued, "Leave Meers now, call 043-0001234");
    let Some(Body::Warning(body)) = &mut alone.body else { panic!() };
    body.unchecked_reason = "alone at the post, water at the door".into();
    assert_eq!(reason_of(paul.put(&alone, "").await), "NOT_IN_BOOK");
    let line = paul.put(&contact("+31 43 000 12 34", false), "").await.unwrap();
    let cited = format!("{}/versions/{}", line.name, line.version);
    paul.put(&citing(&alone, &[cited]), "").await.unwrap();
    // Nobody need look up the one number that is fixed by law.
    let mut emergency = warning(WarningState::Issued, "Call 112 when life is in danger");
    let Some(Body::Warning(body)) = &mut emergency.body else { panic!() };
    body.unchecked_reason = "alone at the post, water at the door".into();
    paul.put(&emergency, "").await.unwrap();
}

#[tokio::test]
async fn every_stage_of_a_warning_is_told_with_who_and_how_long_it_took_now_and_afterwards() {
    let home = Home::new();
    let node = home.start().await;
    let [admin, paul, _, _] = under_a_charter(&node).await;
    let petra = second(&node, &admin).await;
    let drafted = paul.put(&warning(WarningState::Draft, "Leave Meers now"), "").await.unwrap();
    let issued =
        Entry { name: drafted.name.clone(), ..warning(WarningState::Issued, "Leave Meers now") };
    let out = petra.put(&issued, "").await.unwrap();
    let withdrawn =
        Entry { name: drafted.name.clone(), ..warned(&issued, WarningState::Withdrawn) };
    petra.put(&withdrawn, "").await.unwrap();
    let stages = async |known_at, only_standing| {
        let mut client = WarningServiceClient::new(petra.service.clone());
        let incident = "incidents/flood".to_owned();
        let request = ListWarningsRequest { incident, known_at, only_standing };
        let answer = client.list_warnings(request).await.unwrap().into_inner();
        let stages = answer.warnings.into_iter().flat_map(|one| one.stages);
        stages
            .map(|one| (one.state(), one.author, one.drafted_by, one.after.is_some()))
            .collect::<Vec<_>>()
    };
    let by = |name: &str| name.to_owned();
    let all = [
        (WarningState::Draft, by("paul"), by(""), false),
        (WarningState::Issued, by("petra"), by("paul"), true),
        (WarningState::Withdrawn, by("petra"), by(""), true),
    ];
    assert_eq!(stages(None, false).await, all);
    assert!(stages(None, true).await.is_empty(), "it stands no longer");
    assert_eq!(stages(out.received_time, true).await, all[..2]);
    let at = node.address();
    let review = ["review", "-i", "flood", "--node", &at, "--token", &petra.token, "--lang", "en"];
    let (_, told) = said(&run(&review));
    assert!(
        told.contains("WHAT THE PUBLIC WAS TOLD") && told.contains("drafted by paul"),
        "{told}"
    );
}

fn warned(entry: &Entry, state: WarningState) -> Entry {
    let mut entry = entry.clone();
    let Some(Body::Warning(body)) = &mut entry.body else { panic!("{entry:?}") };
    body.state = state.into();
    entry
}

/// The book: line, trouble, warnings that cite it, and those of them that tell something else.
async fn lines(person: &Person) -> Vec<(Entry, ContactTrouble, Vec<String>, Vec<String>)> {
    let mut client = WarningServiceClient::new(person.service.clone());
    let request = ListContactsRequest { incident: "incidents/flood".into(), known_at: None };
    let answer = client.list_contacts(request).await.unwrap().into_inner();
    let one = |line: polder_wire::v1::BookContact| {
        let trouble = line.trouble();
        (decode(&line.entry), trouble, line.warnings, line.outdated_warnings)
    };
    answer.contacts.into_iter().map(one).collect()
}
