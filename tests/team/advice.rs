//! One advice to the public for one place and the same people.

use polder_wire::v1::{
    Entry, PublishEntriesRequest, Relation, RelationType, ResponseType, Times, Warning,
    WarningState, entry::Body,
};
use tonic::Code;
use uuid::Uuid;

use super::limburg::{golden, played_says};
use crate::harness::*;

fn told(party: &str, response: ResponseType) -> Entry {
    let warning = Warning {
        state: WarningState::Issued.into(),
        responses: vec![response.into()],
        audience: "Residents".into(),
        ..Warning::default()
    };
    Entry {
        party: format!("parties/{party}"),
        place: "Bunde en Geulle".into(),
        body: Some(Body::Warning(warning)),
        ..observation("flood", "NL-Alert")
    }
}

fn citing(entry: &Entry, sort: RelationType, name: &str, version: &str) -> Entry {
    let (entry_name, version) = (name.to_owned(), version.to_owned());
    let relation = Relation { r#type: sort.into(), entry: entry_name, version };
    let mut entry = entry.clone();
    entry.relations.push(relation);
    entry
}

fn state(entry: &Entry, state: WarningState) -> Entry {
    let mut entry = entry.clone();
    let Some(Body::Warning(warning)) = entry.body.as_mut() else { panic!("{entry:?}") };
    warning.state = state.into();
    entry
}

#[tokio::test]
async fn advice_that_contradicts_one_that_stands_is_refused_until_it_cites_that() {
    let home = Home::new();
    let node = home.start().await;
    node.open("flood").await;
    let stay = told("region", ResponseType::Shelter);
    let first = node.put(&stay).await;

    // Another party, and whoever gave the advice, are both asked.
    let leave = told("municipality", ResponseType::Evacuate);
    let changed = Entry { name: stay.name.clone(), ..told("region", ResponseType::Evacuate) };
    for entry in [&leave, &changed] {
        let refused = node.try_put(item(entry)).await.unwrap_err();
        assert_eq!(
            (refused.code(), reason(&refused)),
            (Code::FailedPrecondition, "ADVICE_STANDS".into())
        );
        assert_eq!(wrong_fields(&refused), ["items[0].entry.warning.responses"]);
        let named = format!("{}/versions/{} of parties/region", first.name, first.version);
        assert!(refused.message().contains(&named), "{}", refused.message());
        assert!(
            refused.message().contains("tells people in Bunde to leave"),
            "{}",
            refused.message()
        );
    }
    assert_eq!(node.versions(&stay.name).await.len(), 1, "nothing of it was stored");
    assert!(node.get(&leave.name).await.is_err());

    // What is no advice, is for others, elsewhere, or excludes nothing, is not asked.
    node.put(&state(&leave, WarningState::Draft)).await;
    let mut others = told("municipality", ResponseType::Evacuate);
    let Some(Body::Warning(warning)) = others.body.as_mut() else { panic!() };
    warning.audience = "Patients".into();
    node.put(&others).await;
    node.put(&Entry { place: "Meerssen".into(), ..told("region", ResponseType::Evacuate) }).await;
    node.put(&told("municipality", ResponseType::Avoid)).await;

    // Who cites another version has not seen what stands.
    let again = node.put(&stay).await;
    let cites = |version: &str| citing(&leave, RelationType::Contradicts, &stay.name, version);
    let refused = node.try_put(item(&cites(&first.version))).await.unwrap_err();
    assert_eq!(reason(&refused), "ADVICE_STANDS");
    node.put(&cites(&again.version)).await;

    // Both stand now, and whoever speaks next must cite what they exclude.
    let refused = node.try_put(item(&told("police", ResponseType::Evacuate))).await.unwrap_err();
    assert_eq!(reason(&refused), "ADVICE_STANDS");
    let withdraws = citing(&changed, RelationType::Withdraws, &stay.name, "");
    node.put(&withdraws).await;
    node.put(&told("police", ResponseType::Evacuate)).await;
}

#[tokio::test]
async fn what_was_withdrawn_or_is_over_stands_no_longer() {
    let home = Home::new();
    let mut node = home.start().await;
    node.open("flood").await;
    let leave = told("municipality", ResponseType::Evacuate);
    let refused = async |node: &Running, entry: &Entry| {
        let refused = node.try_put(item(entry)).await.unwrap_err();
        assert_eq!(reason(&refused), "ADVICE_STANDS");
    };
    let retracted = told("region", ResponseType::Shelter);
    node.put(&retracted).await;
    refused(&node, &leave).await;
    node.retract(&retracted.name, "too early").await.unwrap();
    node.put(&leave).await;

    // Its next version withdraws it; a rival beside it does not.
    let safe = told("region", ResponseType::AllClear);
    refused(&node, &safe).await;
    let beside = replacing(&state(&leave, WarningState::Withdrawn), &[]);
    node.try_put(beside).await.unwrap();
    node.kill();
    let node = home.start().await;
    refused(&node, &safe).await;
    node.put(&state(&leave, WarningState::Withdrawn)).await;
    node.put(&safe).await;

    // What expired before now is history, and so is an advice that was over before it came.
    let mut over = Entry { place: "Meerssen".into(), ..told("region", ResponseType::Shelter) };
    let Some(Body::Warning(warning)) = over.body.as_mut() else { panic!() };
    let moment = |seconds: i64| Some(prost_types::Timestamp { seconds, nanos: 0 });
    warning.expires = moment(1_600_000_000);
    over.times = Some(Times { observed: moment(1_599_990_000), ..Times::default() });
    node.put(&over).await;
    node.put(&Entry { place: "Meerssen".into(), ..told("police", ResponseType::Evacuate) }).await;
    node.put(&Entry { name: new_name("flood"), ..over }).await;
}

#[tokio::test]
async fn of_two_pieces_of_advice_at_a_time_the_second_is_asked() {
    let home = Home::new();
    let node = home.start().await;
    node.open("flood").await;
    let (stay, leave) =
        (told("region", ResponseType::Shelter), told("region", ResponseType::Evacuate));
    // In one request, the other items are stored.
    let outside = observation("flood", "Water in the street");
    let items = [&stay, &outside, &leave].map(item).to_vec();
    let results = outcomes(node.publish(items).await.unwrap());
    assert!(results[0].is_ok() && results[1].is_ok());
    let refused = results[2].as_ref().unwrap_err();
    assert_eq!(reason(refused), "ADVICE_STANDS");
    assert!(refused.message().contains("items[0] of the same request"), "{}", refused.message());

    // In requests at the same time, of which one is stored.
    let mut calls = tokio::task::JoinSet::new();
    for turn in 0..16 {
        let response = if turn % 2 == 0 { ResponseType::Shelter } else { ResponseType::Evacuate };
        let entry = Entry { place: "Meerssen".into(), ..told("region", response) };
        let mut client = picture(node.connect().await);
        calls.spawn(async move {
            let request = PublishEntriesRequest { items: vec![item(&entry)], ..Default::default() };
            let answer = client.publish_entries(request).await.unwrap().into_inner();
            (turn % 2, outcomes(answer).remove(0).is_ok())
        });
    }
    let told = calls.join_all().await;
    let stored = |sort: i32| told.iter().filter(|(of, stored)| *of == sort && *stored).count();
    assert!([(8, 0), (0, 8)].contains(&(stored(0), stored(1))), "{told:?}");
}

#[tokio::test]
async fn a_repeated_request_is_answered_as_before_whatever_was_told_since() {
    let home = Home::new();
    let node = home.start().await;
    node.open("flood").await;
    let stay = told("region", ResponseType::Shelter);
    let request_id = Uuid::new_v4().to_string();
    let request =
        PublishEntriesRequest { request_id, items: vec![item(&stay)], ..Default::default() };
    let publish = async || {
        let answer = node.picture().publish_entries(request.clone()).await.unwrap();
        outcomes(answer.into_inner()).remove(0).unwrap()
    };
    let first = publish().await;
    let leave = Entry { name: stay.name.clone(), ..told("region", ResponseType::Evacuate) };
    node.put(&citing(&leave, RelationType::Withdraws, &stay.name, &first.version)).await;
    assert_eq!(publish().await.version, first.version);
}

#[tokio::test]
async fn the_command_line_says_what_stands_and_cites_it() {
    let home = Home::new();
    let node = home.start().await;
    node.open("flood").await;
    let advise = |response: &str, more: &[&str]| {
        let (response, address) = (format!("responses=[\"{response}\"]"), node.address());
        let args = [
            "--node",
            &address,
            "--lang",
            "nl",
            "publish",
            "Advies",
            "-k",
            "warning",
            "--place",
            "Bunde",
            "--set",
            "state=WARNING_STATE_ISSUED",
            "--set",
            &response,
        ];
        let all: Vec<_> = args.into_iter().chain(more.iter().copied()).collect();
        said(&run(&all))
    };
    let (code, told) = advise("RESPONSE_TYPE_SHELTER", &[]);
    assert_eq!(code, 0, "{told}");
    let name = told.split_whitespace().last().unwrap().to_owned();
    let (code, told) = advise("RESPONSE_TYPE_EVACUATE", &[]);
    assert_eq!(code, 3);
    assert!(told.contains("geweigerd: de bevolking is daar iets anders geadviseerd"), "{told}");
    assert!(told.contains(&name) && told.contains("[ADVICE_STANDS]"), "{told}");
    let version = node.get(&name).await.unwrap().0.version;
    let cited = format!("{name}/versions/{version}");
    let (code, told) = advise("RESPONSE_TYPE_EVACUATE", &["--withdraws", &cited]);
    assert_eq!(code, 0, "{told}");
    let entry = node.get(told.split_whitespace().last().unwrap()).await.unwrap().0;
    assert_eq!(entry.relations[0].r#type(), RelationType::Withdraws);
    assert_eq!((&entry.relations[0].entry, &entry.relations[0].version), (&name, &version));
}

/// The part of a text from a line that begins so up to the next blank line, without what differs
/// from one play to the next.
fn part(text: &str, begins: &str) -> String {
    let lines = text.lines().skip_while(|line| !line.contains(begins));
    let mut part = String::new();
    for line in lines.take_while(|line| !line.trim().is_empty()) {
        let mut words = line.split(' ').map(|word| match word.split_once("/versions/") {
            Some((entry, _)) => format!("{entry}/versions/…"),
            None => word.to_owned(),
        });
        part.push_str(&words.by_ref().collect::<Vec<_>>().join(" "));
        part.push('\n');
    }
    part
}

#[tokio::test(flavor = "multi_thread")]
async fn the_advice_of_16_july_to_leave_is_refused_until_it_withdraws_that_to_go_upstairs() {
    let said = played_says();
    golden("advice-16-july-13h45.txt", &part(said, "Contradicts advice that still stands"));
}
