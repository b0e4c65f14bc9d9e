//! The picture as it was: what was known is one question, what held is another.

use std::time::Duration;

use polder_wire::v1::*;
use prost_types::Timestamp;

use crate::harness::*;

async fn as_of(
    node: &Running,
    known_at: Option<Timestamp>,
    valid_at: Option<Timestamp>,
) -> (Vec<String>, AsOfSummary) {
    let filter = Some(of_incident("flood"));
    let request = GetPictureAsOfRequest { filter, known_at, valid_at, ..Default::default() };
    let mut stream = node.picture().get_picture_as_of(request).await.unwrap().into_inner();
    let (mut titles, mut summary) = (Vec::new(), None);
    while let Some(message) = stream.message().await.unwrap() {
        assert!(summary.is_none(), "the summary is in the last message only");
        titles.extend(message.entries.iter().map(|bytes| decode(bytes).texts[0].title.clone()));
        summary = message.summary;
    }
    titles.sort();
    (titles, summary.unwrap())
}

fn at(seconds: i64) -> Option<Timestamp> {
    Some(Timestamp { seconds, nanos: 0 })
}

fn valid(from: i64, until: Option<i64>) -> Option<Times> {
    let valid_until = until.and_then(at);
    Some(Times { valid_from: at(from), valid_until, ..Default::default() })
}

const HOUR: i64 = 3600;

#[tokio::test(flavor = "multi_thread")]
async fn what_was_known_then_and_what_held_then_are_different_questions() {
    let home = Home::new();
    let mut node = home.start().await;
    node.open("flood").await;
    let day = 1_626_300_000;
    let drawing = |title: &str, times| Entry {
        times,
        body: Some(entry::Body::Decision(Decision {
            state: DecisionState::Taken.into(),
            ..decision()
        })),
        ..observation("flood", title)
    };
    let early = drawing("early, wrong", valid(day, Some(day + 10 * HOUR)));
    let first = node.put(&early).await;
    tokio::time::sleep(Duration::from_millis(30)).await;
    let corrected = Entry {
        texts: vec![text("nl", "late, right")],
        times: valid(day + 4 * HOUR, Some(day + 6 * HOUR)),
        ..early
    };
    let second = node.put(&corrected).await;
    tokio::time::sleep(Duration::from_millis(30)).await;
    node.put(&drawing("evening", valid(day + 8 * HOUR, None))).await;
    let (t1, t2) = (first.received_time, second.received_time);
    for _ in 0..2 {
        // Known then: nothing of what came later.
        assert_eq!(as_of(&node, t1, None).await.0, ["early, wrong"]);
        assert_eq!(as_of(&node, t2, None).await.0, ["late, right"]);
        assert_eq!(as_of(&node, None, None).await.0, ["evening", "late, right"]);
        // Held then, by what is known now.
        let none: [&str; 0] = [];
        assert_eq!(as_of(&node, None, at(day + HOUR)).await.0, none);
        assert_eq!(as_of(&node, None, at(day + 4 * HOUR)).await.0, ["late, right"]);
        assert_eq!(as_of(&node, None, at(day + 6 * HOUR)).await.0, none, "the end is exclusive");
        assert_eq!(as_of(&node, None, at(day + 9 * HOUR)).await.0, ["evening"]);
        // Held then, by what was known at another moment.
        assert_eq!(as_of(&node, t1, at(day + HOUR)).await.0, ["early, wrong"]);
        assert_eq!(as_of(&node, t2, at(day + HOUR)).await.0, none);
        assert_eq!(as_of(&node, t1, at(day + 9 * HOUR)).await.0, ["early, wrong"]);
        // Before anything was known, not even the incident.
        let (titles, summary) = as_of(&node, at(day), None).await;
        assert!(titles.is_empty() && summary.incident.is_none() && summary.entry_count == 0);
        node.kill();
        node = home.start().await;
    }
}

fn decision() -> Decision {
    let examples = polder_picture::kinds::examples::examples();
    let (_, entry) = examples.into_iter().find(|(kind, _)| *kind == "decision").unwrap();
    let Some(entry::Body::Decision(decision)) = entry.body else { panic!("no decision") };
    decision
}

/// A millisecond is long: a status and the next publication often share one.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_known_at_a_time_that_the_node_named_never_changes() {
    let home = Home::new();
    let node = home.start().await;
    node.open("flood").await;
    for round in 0..200 {
        let status = node.node().get_node_status(GetNodeStatusRequest {}).await.unwrap();
        let then = status.into_inner().node_time;
        node.put(&observation("flood", &format!("{round}"))).await;
        assert_eq!(as_of(&node, then, None).await.1.entry_count, round);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_contradiction_and_a_phase_are_told_as_they_were_known_then() {
    let home = Home::new();
    let node = home.start().await;
    let made = node.open("flood").await;
    let entry = observation("flood", "one");
    let before = node.put(&entry).await.received_time;
    tokio::time::sleep(Duration::from_millis(30)).await;
    let update = UpdateIncidentRequest {
        incident: Some(Incident { phase: Phase::Warm.into(), ..made }),
        update_mask: Some(prost_types::FieldMask { paths: vec!["phase".into()] }),
        ..Default::default()
    };
    node.incidents().update_incident(update).await.unwrap();
    let during = node.try_put(replacing(&entry, &[])).await.unwrap().received_time;
    tokio::time::sleep(Duration::from_millis(30)).await;
    node.put(&entry).await;
    node.retract(&node.put(&observation("flood", "gone")).await.name, "x").await.unwrap();
    let told = async |known| {
        let (titles, summary) = as_of(&node, known, None).await;
        let phase = summary.incident.unwrap().phase();
        (titles.len(), summary.entry_count, summary.contradiction_count, phase)
    };
    assert_eq!(told(before).await, (1, 1, 0, Phase::Unspecified));
    assert_eq!(told(during).await, (2, 1, 1, Phase::Warm));
    assert_eq!(told(None).await, (1, 1, 0, Phase::Warm));
    // The position that it came down to can be followed from.
    let (_, summary) = as_of(&node, before, None).await;
    let start = Some(SubscribeStart { at: Some(subscribe_start::At::Token(summary.token)) });
    let request = SubscribeRequest { start, require_continuity: true, ..Default::default() };
    let mut stream = node.picture().subscribe(request).await.unwrap().into_inner();
    assert!(stream.message().await.unwrap().is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_picture_as_of_needs_one_incident_and_possible_times() {
    let home = Home::new();
    let node = home.start().await;
    node.open("flood").await;
    node.open("other").await;
    let ask = async |request: GetPictureAsOfRequest| {
        wrong_fields(&node.picture().get_picture_as_of(request).await.unwrap_err())
    };
    let filter = Some(of_incident("flood"));
    let both = vec!["incidents/flood".to_owned(), "incidents/other".to_owned()];
    let two = Some(EntryFilter { incidents: both, ..Default::default() });
    let request = GetPictureAsOfRequest { filter: two, ..Default::default() };
    assert_eq!(ask(request).await, ["filter.incidents"]);
    let request =
        GetPictureAsOfRequest { filter: filter.clone(), known_at: at(-1), ..Default::default() };
    assert_eq!(ask(request).await, ["known_at"]);
    let request = GetPictureAsOfRequest { filter, valid_at: at(i64::MAX), ..Default::default() };
    assert_eq!(ask(request).await, ["valid_at"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_second_of_two_incidents_has_a_history_of_its_own() {
    let home = Home::new();
    let node = home.start().await;
    node.open("other").await;
    node.put(&observation("other", "of another")).await;
    node.open("flood").await;
    node.put(&observation("flood", "one")).await;
    node.put(&observation("other", "of another")).await;
    let (titles, summary) = as_of(&node, None, None).await;
    assert_eq!((titles, summary.entry_count), (vec!["one".to_owned()], 1));
    assert_eq!(summary.incident.unwrap().name, "incidents/flood");
}
