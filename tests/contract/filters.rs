//! Every field of a filter, for lists, streams and the picture as it was alike.

use polder_wire::v1::{geometry::Shape, subscribe_response::Event, *};
use prost::Message as _;
use prost_types::Timestamp;
use tonic::Code;

use crate::harness::*;

fn at(latitude: f64, longitude: f64) -> Option<Geometry> {
    let shape = Some(Shape::Point(Position { latitude, longitude }));
    Some(Geometry { shape, accuracy_m: 0.0 })
}

fn observed(seconds: i64) -> Option<Times> {
    Some(Times { observed: Some(Timestamp { seconds, nanos: 0 }), ..Default::default() })
}

fn moment(seconds: i64) -> Option<Timestamp> {
    Some(Timestamp { seconds, nanos: 0 })
}

fn bounds(south: f64, west: f64, north: f64, east: f64) -> Option<BoundingBox> {
    Some(BoundingBox { south, west, north, east })
}

/// A picture of entries that each differ in one thing, by title.
async fn fill(node: &Running) {
    node.open("flood").await;
    let plain = |title: &str| observation("flood", title);
    let verification = |state: VerificationState| {
        let verification =
            Verification { state: state.into(), verified_by: "ROT".into(), ..Default::default() };
        Some(Assessment { verification: Some(verification), ..Default::default() })
    };
    let urgent =
        |urgency: Urgency| Some(Assessment { urgency: urgency.into(), ..Default::default() });
    let level = WaterLevel {
        gauge: "Borgharen".into(),
        discharge_m3_s: Some(3100.0),
        ..Default::default()
    };
    let mut entries = vec![
        plain("plain"),
        Entry { statement: Statement::Forecast.into(), ..plain("forecast") },
        Entry { discipline: Discipline::Water.into(), ..plain("water") },
        Entry { party: "parties/waterschap".into(), ..plain("party") },
        Entry { geometry: at(51.0, 6.0), ..plain("here") },
        Entry { geometry: at(-17.0, 179.9), ..plain("fiji") },
        Entry { assessment: urgent(Urgency::Immediate), ..plain("now") },
        Entry { assessment: urgent(Urgency::Future), ..plain("later") },
        Entry { times: observed(1_000_000), ..plain("old") },
        Entry { assessment: verification(VerificationState::Verified), ..plain("checked") },
        Entry { assessment: verification(VerificationState::Refuted), ..plain("refuted") },
        Entry { place: "Sint Pieter".into(), ..plain("Über die Maas") },
        Entry { body: Some(entry::Body::WaterLevel(level)), ..plain("level") },
    ];
    let opposes = Relation {
        r#type: RelationType::Contradicts.into(),
        entry: entries[0].name.clone(),
        ..<_>::default()
    };
    entries.push(Entry { relations: vec![opposes], ..plain("opposes") });
    let outcomes = outcomes(node.publish(entries.iter().map(item).collect()).await.unwrap());
    outcomes.into_iter().for_each(|outcome| drop(outcome.unwrap()));
    let rival = plain("rival");
    node.put(&rival).await;
    node.try_put(replacing(&rival, &[])).await.unwrap();
    let gone = node.put(&plain("gone")).await.name;
    node.retract(&gone, "not so").await.unwrap();
}

/// Titles that match, each once, sorted.
fn titles(versions: impl IntoIterator<Item = Entry>) -> Vec<String> {
    let title = |entry: Entry| entry.texts.first().map_or("gone".into(), |text| text.title.clone());
    let mut titles: Vec<_> = versions.into_iter().map(title).collect();
    titles.sort();
    titles.dedup();
    titles
}

async fn snapshot(node: &Running, filter: &EntryFilter) -> Vec<Entry> {
    let request = SubscribeRequest { filter: Some(filter.clone()), ..Default::default() };
    let mut stream = node.picture().subscribe(request).await.unwrap().into_inner();
    let mut entries = Vec::new();
    loop {
        match stream.message().await.unwrap().unwrap().event.unwrap() {
            Event::Changes(changes) => {
                let changes = Changes::decode(changes).unwrap().changes;
                entries.extend(changes.iter().flat_map(|change| &change.versions).map(decode));
            }
            Event::SnapshotEnd(_) => return entries,
            _ => {}
        }
    }
}

async fn as_of_now(node: &Running, filter: &EntryFilter) -> Vec<Entry> {
    let filter = Some(EntryFilter { incidents: vec!["incidents/flood".into()], ..filter.clone() });
    let request = GetPictureAsOfRequest { filter, ..Default::default() };
    let mut stream = node.picture().get_picture_as_of(request).await.unwrap().into_inner();
    let mut entries = Vec::new();
    while let Some(message) = stream.message().await.unwrap() {
        entries.extend(message.entries.iter().map(decode));
    }
    entries
}

#[tokio::test(flavor = "multi_thread")]
async fn every_condition_of_a_filter_holds_in_lists_streams_and_the_picture_as_of_now() {
    let home = Home::new();
    let mut node = home.start().await;
    fill(&node).await;
    let f = EntryFilter::default;
    let kinds = |kinds: &[&str]| kinds.iter().map(|kind| (*kind).to_owned()).collect();
    let all = [
        "checked",
        "fiji",
        "forecast",
        "here",
        "later",
        "level",
        "now",
        "old",
        "opposes",
        "party",
        "plain",
        "refuted",
        "rival",
        "water",
        "Über die Maas",
    ];
    let except = |left_out: &[&str]| -> Vec<&str> {
        all.into_iter().filter(|title| !left_out.contains(title)).collect()
    };
    let rows: Vec<(EntryFilter, Vec<&str>)> = vec![
        (f(), except(&[])),
        (of_incident("flood"), except(&[])),
        (EntryFilter { mode: Mode::Actual.into(), ..f() }, except(&[])),
        (EntryFilter { kinds: kinds(&["water_level"]), ..f() }, vec!["level"]),
        (EntryFilter { kinds: kinds(&["outage"]), ..f() }, vec![]),
        (EntryFilter { kinds: kinds(&["observation", "water_level"]), ..f() }, except(&[])),
        (EntryFilter { statements: vec![Statement::Forecast.into()], ..f() }, vec!["forecast"]),
        (EntryFilter { disciplines: vec![Discipline::Water.into()], ..f() }, vec!["water"]),
        (EntryFilter { parties: kinds(&["parties/waterschap"]), ..f() }, vec!["party"]),
        (EntryFilter { parties: kinds(&["parties/tester"]), ..f() }, except(&["party"])),
        (EntryFilter { bounding_box: bounds(50.0, 5.0, 52.0, 7.0), ..f() }, vec!["here"]),
        (EntryFilter { bounding_box: bounds(51.0, 6.0, 51.0, 6.0), ..f() }, vec!["here"]),
        (EntryFilter { bounding_box: bounds(-20.0, 179.0, -10.0, -179.0), ..f() }, vec!["fiji"]),
        (EntryFilter { bounding_box: bounds(-20.0, -179.0, -10.0, 179.0), ..f() }, vec![]),
        (
            EntryFilter { bounding_box: bounds(-90.0, -180.0, 90.0, 180.0), ..f() },
            vec!["fiji", "here"],
        ),
        (EntryFilter { urgency_floor: Urgency::Immediate.into(), ..f() }, vec!["now"]),
        (EntryFilter { urgency_floor: Urgency::Future.into(), ..f() }, vec!["later", "now"]),
        (EntryFilter { observed_until: moment(1_000_001), ..f() }, vec!["old"]),
        (EntryFilter { observed_until: moment(1_000_000), ..f() }, vec![]),
        (EntryFilter { observed_from: moment(1_000_001), ..f() }, except(&["old"])),
        (EntryFilter { observed_from: moment(1_000_000), ..f() }, except(&[])),
        (EntryFilter { text: "über MAAS".into(), ..f() }, vec!["Über die Maas"]),
        (EntryFilter { text: "pieter sint".into(), ..f() }, vec!["Über die Maas"]),
        (EntryFilter { text: "borgharen".into(), ..f() }, vec!["level"]),
        (EntryFilter { text: "über borgharen".into(), ..f() }, vec![]),
        (
            EntryFilter { verifications: vec![VerificationState::Verified.into()], ..f() },
            vec!["checked"],
        ),
        (
            EntryFilter { verifications: vec![VerificationState::Refuted.into()], ..f() },
            vec!["refuted"],
        ),
        (
            EntryFilter { verifications: vec![VerificationState::Unverified.into()], ..f() },
            except(&["checked", "refuted"]),
        ),
        (EntryFilter { only_contradictions: true, ..f() }, vec!["opposes", "rival"]),
        (EntryFilter { only_stale: true, ..f() }, vec!["old"]),
        (EntryFilter { only_stale: true, text: "plain".into(), ..f() }, vec![]),
    ];
    for round in 0..2 {
        for (number, (filter, expected)) in rows.iter().enumerate() {
            let listed = titles(node.list(filter.clone()).await);
            assert_eq!(listed, *expected, "list, row {number}, round {round}");
            assert_eq!(titles(snapshot(&node, filter).await), *expected, "snapshot, row {number}");
            assert_eq!(titles(as_of_now(&node, filter).await), *expected, "as of, row {number}");
        }
        let retracted = EntryFilter { include_retracted: true, ..f() };
        assert_eq!(titles(node.list(retracted).await).len(), all.len() + 1);
        // What filters need to know survives on disk.
        node.kill();
        node = home.start().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_filter_that_asks_for_the_impossible_is_refused() {
    let home = Home::new();
    let node = home.start().await;
    node.open("flood").await;
    let f = EntryFilter::default;
    let names = |name: &str, count| vec![name.to_owned(); count];
    let rows: Vec<(&str, EntryFilter)> = vec![
        ("filter.incidents[0]", EntryFilter { incidents: names("flood", 1), ..f() }),
        ("filter.incidents", EntryFilter { incidents: names("incidents/flood", 101), ..f() }),
        ("filter.parties[0]", EntryFilter { parties: names("waterschap", 1), ..f() }),
        ("filter.kinds[0]", EntryFilter { kinds: names("opaque/x", 1), ..f() }),
        (
            "filter.bounding_box.south",
            EntryFilter { bounding_box: bounds(f64::NAN, 0., 1., 1.), ..f() },
        ),
        ("filter.bounding_box.east", EntryFilter { bounding_box: bounds(0., 0., 1., 181.), ..f() }),
        ("filter.bounding_box.north", EntryFilter { bounding_box: bounds(1., 0., 0., 1.), ..f() }),
        ("filter.observed_from", EntryFilter { observed_from: moment(-1), ..f() }),
        ("filter.observed_until", EntryFilter { observed_until: moment(i64::MAX), ..f() }),
        (
            "filter.observed_until",
            EntryFilter { observed_from: moment(5), observed_until: moment(4), ..f() },
        ),
        ("filter.text", EntryFilter { text: "x".repeat(201), ..f() }),
        ("filter.text", EntryFilter { text: "\u{7}".into(), ..f() }),
        ("filter.statements[0]", EntryFilter { statements: vec![0], ..f() }),
    ];
    for (number, (field, filter)) in rows.into_iter().enumerate() {
        let request = ListEntriesRequest { filter: Some(filter), ..Default::default() };
        let refused = node.picture().list_entries(request).await.unwrap_err();
        assert_eq!(refused.code(), Code::InvalidArgument, "row {number}");
        assert_eq!(wrong_fields(&refused), [field], "row {number}");
    }
    let request =
        ListEntriesRequest { filter: Some(of_incident("elsewhere")), ..Default::default() };
    let refused = node.picture().list_entries(request).await.unwrap_err();
    assert_eq!((refused.code(), &*reason(&refused)), (Code::NotFound, "INCIDENT_NOT_FOUND"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_basic_view_leaves_out_what_is_long_and_nothing_else() {
    let home = Home::new();
    let node = home.start().await;
    node.open("flood").await;
    let circle =
        Circle { center: Some(Position { latitude: 51.0, longitude: 6.0 }), radius_m: 500.0 };
    let entry = Entry {
        texts: vec![Text { body: "long".repeat(1000), ..text("nl", "kort") }],
        geometry: Some(Geometry { shape: Some(Shape::Circle(circle)), accuracy_m: 5.0 }),
        sources: vec![Source { system: "LCMS".into(), ..Default::default() }],
        attachments: vec![AttachmentReference {
            attachment: format!("attachments/{}", "ab".repeat(32)),
            ..Default::default()
        }],
        place: "Venlo".into(),
        ..observation("flood", "")
    };
    node.put(&entry).await;
    let request = ListEntriesRequest { view: EntryView::Basic.into(), ..Default::default() };
    let listed = node.picture().list_entries(request).await.unwrap().into_inner();
    assert!(listed.entries[0].len() < 600, "{}", listed.entries[0].len());
    let basic = decode(&listed.entries[0]);
    let full = node.get(&entry.name).await.unwrap().0;
    let Some(Shape::Point(middle)) = basic.geometry.as_ref().unwrap().shape.clone() else {
        panic!("no point for a circle");
    };
    assert!((middle.latitude - 51.0).abs() < 0.01 && (middle.longitude - 6.0).abs() < 0.01);
    let expected = Entry {
        texts: vec![text("nl", "kort")],
        geometry: basic.geometry.clone(),
        sources: vec![],
        attachments: vec![],
        ..full
    };
    assert_eq!(basic, expected);
    let request = SubscribeRequest { view: EntryView::Basic.into(), ..Default::default() };
    let mut stream = node.picture().subscribe(request).await.unwrap().into_inner();
    let mut followed = Vec::new();
    node.put(&Entry { place: "Arcen".into(), ..entry }).await;
    while followed.len() < 2 {
        if let Some(Event::Changes(changes)) = stream.message().await.unwrap().unwrap().event {
            let changes = Changes::decode(changes).unwrap().changes;
            followed.extend(changes.iter().flat_map(|change| &change.versions).map(decode));
        }
        if followed.last().is_some_and(|entry: &Entry| entry.place == "Arcen") {
            break;
        }
    }
    assert!(
        followed.iter().all(|entry| entry.sources.is_empty() && entry.texts[0].body.is_empty())
    );
}
