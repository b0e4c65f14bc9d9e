//! The account: who was let in, who read what where that is required, who took what along. Told to
//! auditors only, of what they may see, and to no other node.

use std::time::{Duration, SystemTime};

use polder_wire::v1::{
    self, Act, ActKind, DeleteAccountRequest, ExportBundleRequest, Incident, InviteGuestRequest,
    ListActsRequest, ListEntryVersionsRequest, ReleaseEntryRequest, RetractEntryRequest, Role,
    StreamBackupRequest, SubscribeRequest, UpdateIncidentRequest,
    audit_service_client::AuditServiceClient,
};
use tonic::Status;

use crate::{harness::*, made::signed, who::*};

/// All acts that answer a question, page by page.
pub async fn acts(who: &Person, request: ListActsRequest) -> Result<Vec<Act>, Status> {
    let mut request = ListActsRequest { page_size: 3, ..request };
    let mut all = Vec::new();
    loop {
        let page = who.audit().list_acts(request.clone()).await?.into_inner();
        assert!(page.acts.len() <= 3);
        all.extend(page.acts);
        request.page_token = page.next_page_token;
        if request.page_token.is_empty() {
            return Ok(all);
        }
    }
}

pub async fn everything(who: &Person) -> Vec<Act> {
    acts(who, ListActsRequest::default()).await.unwrap()
}

async fn about(who: &Person, entry: &str) -> Vec<Act> {
    let request = ListActsRequest { entry: entry.to_owned(), ..Default::default() };
    acts(who, request).await.unwrap()
}

pub async fn by(who: &Person, person: &str) -> Vec<Act> {
    let request = ListActsRequest { person: person.to_owned(), ..Default::default() };
    acts(who, request).await.unwrap()
}

fn told(acts: &[Act]) -> Vec<(ActKind, &str)> {
    acts.iter().map(|act| (act.kind(), &act.person[..])).collect()
}

fn kinds(acts: &[Act]) -> Vec<ActKind> {
    acts.iter().map(Act::kind).collect()
}

async fn log_reading(who: &Person, log_reading: bool) {
    let incident = Incident { name: "incidents/flood".into(), log_reading, ..Default::default() };
    let request = UpdateIncidentRequest {
        incident: Some(incident),
        update_mask: Some(prost_types::FieldMask { paths: vec!["log_reading".into()] }),
        ..Default::default()
    };
    who.incidents().update_incident(request).await.unwrap();
}

/// The people of `under_a_charter`, and two auditors: of the police in all incidents, and of the
/// fire service in `flood` only.
pub async fn with_auditors(node: &Running) -> ([Person; 4], Person, Person) {
    let people = under_a_charter(node).await;
    let status = people[0].node().get_node_status(v1::GetNodeStatusRequest {}).await.unwrap();
    let key = status.into_inner().public_key;
    let (charter, _) = charter_of(region(&key));
    let roles = vec![
        role_of("ada", Role::Auditor, "police", ""),
        role_of("finn", Role::Auditor, "fire", "flood"),
    ];
    let said = signed(Some(charter.id()), 3, roles, &[(1, 3)]);
    people[0].say(vec![said]).await;
    for name in ["ada", "finn"] {
        people[0].people().set_account(account(name, Vec::new())).await.unwrap();
    }
    let ada = sign_in(node, "ada", PASSPHRASE).await.unwrap();
    let finn = sign_in(node, "finn", PASSPHRASE).await.unwrap();
    (people, ada, finn)
}

#[tokio::test]
async fn who_wrote_is_told_from_the_records_and_never_what_they_wrote() {
    let home = Home::new();
    let node = home.start().await;
    let ([_, paul, fien, _], ada, _) = with_auditors(&node).await;
    let entry = observation("flood", "dike is weak");
    let name = paul.put(&entry, "audiences/investigation").await.unwrap().name;
    paul.put(&entry, "audiences/investigation").await.unwrap();
    let release = ReleaseEntryRequest {
        name: name.clone(),
        audience: "audiences/all".into(),
        ..Default::default()
    };
    paul.picture().release_entry(release).await.unwrap();
    let retract =
        RetractEntryRequest { name: name.clone(), reason: "x".into(), ..Default::default() };
    paul.picture().retract_entry(retract).await.unwrap();
    fien.put(&observation("flood", "another"), "").await.unwrap();
    // What is done at once after signing in is told after it.
    let again = sign_in(&node, "fien", PASSPHRASE).await.unwrap();
    again.put(&observation("flood", "and another"), "").await.unwrap();

    let of_entry = about(&ada, &name).await;
    let expected = [ActKind::Published, ActKind::Changed, ActKind::Released, ActKind::Retracted];
    assert_eq!(told(&of_entry), expected.map(|kind| (kind, "paul")));
    assert_eq!(of_entry[2].subject, name);
    assert_eq!(of_entry[0].audiences, ["audiences/investigation"]);
    let of_fien = [ActKind::LetIn, ActKind::Published].repeat(2);
    assert_eq!(kinds(&by(&ada, "fien").await), of_fien);
    let opened = everything(&ada).await;
    assert!(kinds(&opened).contains(&ActKind::IncidentOpened));
    let all = format!("{opened:?}");
    assert!(!all.contains("dike") && !all.contains("another"), "{all}");
}

#[tokio::test]
async fn reading_is_written_down_where_the_incident_requires_it_and_nowhere_else() {
    let home = Home::new();
    let node = home.start().await;
    let ([_, paul, fien, mia], ada, _) = with_auditors(&node).await;
    let name = paul.put(&observation("flood", "wide"), "").await.unwrap().name;
    let narrow = observation("flood", "narrow");
    let narrow = paul.put(&narrow, "audiences/responders").await.unwrap().name;
    fien.get(&name).await.unwrap();
    fien.titles().await;
    assert_eq!(kinds(&about(&ada, &name).await), [ActKind::Published]);
    let refused = log_reading_by(&mia).await;
    assert_eq!(reason(&refused.unwrap_err()), "RIGHT_MISSING");

    log_reading(&paul, true).await;
    fien.get(&name).await.unwrap();
    fien.get(&name).await.unwrap();
    mia.titles().await;
    fien.get(&narrow).await.unwrap();
    let versions = ListEntryVersionsRequest { name: name.clone(), ..Default::default() };
    fien.picture().list_entry_versions(versions).await.unwrap();
    let request = SubscribeRequest { filter: Some(of_incident("flood")), ..Default::default() };
    let stream = fien.picture().subscribe(request).await.unwrap();
    drop(stream);
    // What is refused was not read.
    mia.get(&narrow).await.unwrap_err();

    let of_entry = about(&ada, &name).await;
    let read: Vec<_> = of_entry.iter().filter(|act| act.kind() == ActKind::EntryRead).collect();
    assert!(read.iter().all(|act| act.person == "fien" && !act.perhaps), "{read:?}");
    assert_eq!(read.iter().map(|act| act.count.max(1)).sum::<i64>(), 2, "{read:?}");
    let has = |acts: &[Act], kind, person: &str| {
        acts.iter().any(|act| act.kind() == kind && act.person == person)
    };
    assert!(has(&of_entry, ActKind::VersionsRead, "fien"));
    assert!(has(&of_entry, ActKind::Followed, "fien"));
    assert!(has(&of_entry, ActKind::ListRead, "mia"));
    let of_narrow = about(&ada, &narrow).await;
    assert!(has(&of_narrow, ActKind::EntryRead, "fien"), "{of_narrow:?}");
    assert!(of_narrow.iter().all(|act| act.person != "mia"), "her list did not have it");
    let list = of_entry.iter().find(|act| act.kind() == ActKind::ListRead).unwrap();
    assert!(list.perhaps);

    log_reading(&paul, false).await;
    let before = everything(&ada).await.len();
    mia.get(&name).await.unwrap();
    assert_eq!(everything(&ada).await.len(), before + 1, "the question before, and no reading");
}

async fn log_reading_by(who: &Person) -> Result<(), Status> {
    let incident =
        Incident { name: "incidents/flood".into(), log_reading: true, ..Default::default() };
    let request = UpdateIncidentRequest {
        incident: Some(incident),
        update_mask: Some(prost_types::FieldMask { paths: vec!["log_reading".into()] }),
        ..Default::default()
    };
    who.incidents().update_incident(request).await.map(|_| ())
}

#[tokio::test]
async fn who_is_let_in_or_kept_out_is_told_and_failures_are_counted() {
    let home = Home::new();
    let node = home.start().await;
    let ([_, _, fien, _], ada, _) = with_auditors(&node).await;
    for _ in 0..3 {
        sign_in(&node, "fien", "not the passphrase").await.err().unwrap();
    }
    // What is typed in place of a name may be a secret.
    sign_in(&node, "my secret passphrase", "fien").await.err().unwrap();
    let invite = InviteGuestRequest {
        display_name: "Red Cross".into(),
        incident: "incidents/flood".into(),
        audiences: vec!["audiences/all".into()],
        expire_time: Some((SystemTime::now() + Duration::from_secs(3_600)).into()),
        ..Default::default()
    };
    let guest = fien.people().invite_guest(invite).await.unwrap().into_inner().account.unwrap();
    let end = DeleteAccountRequest { name: guest.name.clone() };
    fien.people().delete_account(end).await.unwrap();

    let all = everything(&ada).await;
    let kept_out: Vec<_> = all.iter().filter(|act| act.kind() == ActKind::KeptOut).collect();
    let of = |person: &str| {
        kept_out.iter().filter(|act| act.person == person).map(|act| act.count).sum::<i64>()
    };
    assert_eq!((of("fien"), of("")), (3, 1), "{kept_out:?}");
    assert!(!format!("{all:?}").contains("my secret"));
    let of_guest: Vec<_> = all.iter().filter(|act| act.subject == guest.name).cloned().collect();
    let expected = [(ActKind::GuestInvited, "fien"), (ActKind::AccountRemoved, "fien")];
    assert_eq!(told(&of_guest), expected);
    let set: Vec<_> = all.iter().filter(|act| act.kind() == ActKind::AccountSet).collect();
    assert_eq!(set.len(), 6, "{set:?}");
    assert!(set.iter().skip(1).all(|act| act.person == "admin"));
}

#[tokio::test]
async fn an_auditor_is_told_of_what_they_may_see_and_nobody_else_is_told_at_all() {
    let home = Home::new();
    let node = home.start().await;
    let ([admin, paul, ..], ada, finn) = with_auditors(&node).await;
    log_reading(&paul, true).await;
    let secret = paul.put(&observation("flood", "x"), "audiences/investigation").await.unwrap();
    let shared = paul.put(&observation("flood", "y"), "").await.unwrap();
    paul.get(&secret.name).await.unwrap();
    for who in [&admin, &paul] {
        let refused = acts(who, ListActsRequest::default()).await.unwrap_err();
        assert_eq!(reason(&refused), "RIGHT_MISSING");
    }
    let asked = ListActsRequest { entry: secret.name.clone(), ..Default::default() };
    let refused = acts(&finn, asked).await.unwrap_err();
    assert_eq!(reason(&refused), "ENTRY_NOT_FOUND");
    let seen = everything(&finn).await;
    assert!(seen.iter().any(|act| act.entry == shared.name), "{seen:?}");
    assert!(seen.iter().all(|act| act.entry != secret.name), "{seen:?}");
    assert!(seen.iter().all(|act| act.incident == "incidents/flood"), "{seen:?}");
    let all = everything(&ada).await;
    assert!(all.iter().any(|act| act.entry == secret.name && act.kind() == ActKind::EntryRead));
    let asked = ListActsRequest { incident: "incidents/other".into(), ..Default::default() };
    let refused = acts(&finn, asked).await.unwrap_err();
    assert_eq!(reason(&refused), "INCIDENT_NOT_FOUND");
}

#[tokio::test]
async fn what_is_taken_along_is_on_record_before_it_leaves_and_the_account_is_not_in_it() {
    let home = Home::new();
    let node = home.start().await;
    node.open("flood").await;
    let entry = node.put(&observation("flood", "carried")).await.name;
    let operator = Operator(AuditServiceClient::new(node.connect().await));
    let request = ExportBundleRequest::default();
    let mut stream = node.node().export_bundle(request).await.unwrap().into_inner();
    // The first bytes are enough for whoever breaks off then.
    let first = stream.message().await.unwrap().unwrap();
    assert!(!first.data.is_empty());
    let of_entry = operator.about(&entry).await;
    assert_eq!(kinds(&of_entry), [ActKind::Published, ActKind::Exported]);
    assert!(of_entry[1].perhaps);
    let mut bundle = first.data.to_vec();
    while let Some(part) = stream.message().await.unwrap() {
        bundle.extend_from_slice(&part.data);
    }
    assert!(holds(&bundle, b"carried") && !holds(&bundle, b"@account"));
    let id = polder_picture::account::id().0;
    assert!(!holds(&bundle, &id), "no record of the account's scope is in it");
    let status = node.status().await;
    assert!(status.feeds.iter().all(|feed| !feed.incident.contains("account")));
    let heads = node.node().get_heads(v1::GetHeadsRequest {}).await.unwrap().into_inner();
    assert_eq!(heads.feed_count, 2, "the incident and its entries");

    // A backup has it, and so has the node that is restored from it.
    let request = StreamBackupRequest { include_attachments: false };
    let mut stream = node.node().stream_backup(request).await.unwrap().into_inner();
    let mut backup = Vec::new();
    while let Some(part) = stream.message().await.unwrap() {
        backup.extend_from_slice(&part.data);
    }
    assert!(holds(&backup, &id));
    let file = home.beside("backup");
    std::fs::write(&file, backup).unwrap();
    let restored = home.beside("restored");
    let (file, data) = (file.to_str().unwrap(), restored.to_str().unwrap());
    must(&["restore", file, "--data", data]);
    let again = Running::start(&restored, &[]).await;
    assert!(again.verdict().await.sound);
    let operator = Operator(AuditServiceClient::new(again.connect().await));
    let acts = operator.about(&entry).await;
    let expected = [ActKind::Published, ActKind::Exported, ActKind::BackedUp];
    assert_eq!(kinds(&acts), expected);
}

#[tokio::test]
async fn the_account_survives_a_restart_is_verified_and_crosses_no_link() {
    let home = Home::new();
    let node = home.start().await;
    let other_home = Home::new();
    let other = Running::start(other_home.data(), &["--link", &node.address()]).await;
    node.open("flood").await;
    let entry = node.put(&observation("flood", "linked")).await.name;
    for _ in 0..5 {
        let request = ExportBundleRequest::default();
        node.node().export_bundle(request).await.unwrap();
    }
    // What comes later has arrived, and so would the account have.
    let last = node.put(&observation("flood", "last")).await.name;
    for name in [&entry, &last] {
        for _ in 0..600 {
            if other.get(name).await.is_ok() {
                break;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        other.get(name).await.unwrap();
    }
    let operator = Operator(AuditServiceClient::new(other.connect().await));
    let there = operator.about(&entry).await;
    assert_eq!(kinds(&there), [ActKind::Published], "it did not come along");
    assert_eq!(other.status().await.record_count, 4, "that it was asked about stands there");
    assert_eq!(node.status().await.record_count, 8);
    drop(other);
    drop(node);
    let node = home.start().await;
    assert!(node.verdict().await.sound);
    let operator = Operator(AuditServiceClient::new(node.connect().await));
    let here = operator.about(&entry).await;
    assert_eq!(kinds(&here)[1..], [ActKind::Exported; 5]);
    drop(node);
    must(&["verify", "--data", home.data().to_str().unwrap()]);
}

/// Whoever is on the machine of a node without accounts.
struct Operator(AuditServiceClient<tonic::transport::Channel>);

impl Operator {
    async fn about(&self, entry: &str) -> Vec<Act> {
        let request = ListActsRequest { entry: entry.to_owned(), ..Default::default() };
        self.0.clone().list_acts(request).await.unwrap().into_inner().acts
    }
}

fn holds(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

#[tokio::test]
async fn polder_audit_says_who_has_seen_this_and_what_a_person_did() {
    let home = Home::new();
    let node = home.start().await;
    let ([_, paul, fien, _], ada, _) = with_auditors(&node).await;
    log_reading(&paul, true).await;
    let name = paul.put(&observation("flood", "secret title"), "").await.unwrap().name;
    fien.get(&name).await.unwrap();
    let address = node.address();
    let base = ["audit", "--node", &address, "--token", &ada.token];
    let said = must(&[&base[..], &[&name]].concat());
    assert!(said.contains("fien") && said.contains("opened the entry"), "{said}");
    assert!(said.contains("Held by this node"), "{said}");
    let dutch = must(&[&base[..], &["--lang", "nl", &name]].concat());
    assert!(dutch.contains("opende het item"), "{dutch}");
    let rows = must(&[&base[..], &["--csv", "--person", "paul"]].concat());
    let mut lines = rows.lines();
    assert!(lines.next().unwrap().starts_with("time,kind,person"), "{rows}");
    assert!(lines.any(|line| line.contains("published,paul") && line.contains(&name)), "{rows}");
    let json = must(&[&base[..], &["--json", "--person", "fien"]].concat());
    for line in json.lines() {
        let row: serde_json::Value = serde_json::from_str(line).unwrap();
        assert_eq!(row["person"], "fien");
    }
    assert!(json.contains("ACT_KIND_ENTRY_READ"), "{json}");
    assert!(![said, dutch, rows, json].concat().contains("secret title"));
    let refused = run(&["audit", "--node", &address, "--token", &paul.token]);
    assert_eq!(refused.status.code(), Some(3));
}
