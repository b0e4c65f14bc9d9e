//! What is refused, and how it is said.

use polder_wire::v1::{self, *};
use tonic::{Code, Status};

use crate::harness::*;

/// Reason and paths, for a table.
fn told(status: Status) -> (Code, String, Vec<String>) {
    (status.code(), reason(&status), wrong_fields(&status))
}

#[tokio::test(flavor = "multi_thread")]
async fn every_method_names_what_is_missing() {
    let home = Home::new();
    let node = home.start().await;
    let mut told_of = Vec::new();
    macro_rules! empty {
        ($($client:ident $method:ident $request:ident)*) => {$(
            let refused = node.$client().$method($request::default()).await;
            told_of.push((stringify!($method), told(refused.err().expect(stringify!($method)))));
        )*};
    }
    empty! {
        picture publish_entries PublishEntriesRequest
        picture retract_entry RetractEntryRequest
        picture get_entry GetEntryRequest
        picture list_entry_versions ListEntryVersionsRequest
        picture get_picture_as_of GetPictureAsOfRequest
        incidents create_incident CreateIncidentRequest
        incidents get_incident GetIncidentRequest
        incidents update_incident UpdateIncidentRequest
        incidents close_incident CloseIncidentRequest
        attachments start_upload StartUploadRequest
        attachments upload_chunk UploadChunkRequest
        attachments download DownloadRequest
        attachments get_attachment GetAttachmentRequest
    }
    let expected: [(&str, &str, &[&str]); 13] = [
        ("publish_entries", "TOO_FEW", &["items"]),
        ("retract_entry", "REQUIRED", &["reason"]),
        ("get_entry", "MALFORMED_NAME", &["name"]),
        ("list_entry_versions", "MALFORMED_NAME", &["name"]),
        ("get_picture_as_of", "REQUIRED", &["filter.incidents"]),
        ("create_incident", "REQUIRED", &["incident.mode", "incident.titles"]),
        ("get_incident", "MALFORMED_NAME", &["name"]),
        ("update_incident", "TOO_FEW", &["update_mask.paths", "incident.name"]),
        ("close_incident", "REQUIRED", &["reason"]),
        ("start_upload", "MALFORMED_NAME", &["attachment.name"]),
        ("upload_chunk", "MALFORMED_NAME", &["name"]),
        ("download", "MALFORMED_NAME", &["name"]),
        ("get_attachment", "MALFORMED_NAME", &["name"]),
    ];
    for ((method, (code, reason, fields)), (_, why, paths)) in told_of.into_iter().zip(expected) {
        assert_eq!(code, Code::InvalidArgument, "{method}");
        assert_eq!((reason.as_str(), &fields[..]), (why, &paths.map_strings()[..]), "{method}");
    }
    // What may be left out, may be.
    node.picture().list_entries(ListEntriesRequest::default()).await.unwrap();
    node.picture().subscribe(SubscribeRequest::default()).await.unwrap();
    node.incidents().list_incidents(ListIncidentsRequest::default()).await.unwrap();
    node.node().get_node_status(GetNodeStatusRequest::default()).await.unwrap();
    node.node().verify_log(VerifyLogRequest::default()).await.unwrap();
    node.node().stream_backup(StreamBackupRequest::default()).await.unwrap();
}

trait MapStrings {
    fn map_strings(&self) -> Vec<String>;
}

impl MapStrings for &[&str] {
    fn map_strings(&self) -> Vec<String> {
        self.iter().map(|text| (*text).to_owned()).collect()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_method_refuses_an_unknown_enum_number_and_names_it() {
    let home = Home::new();
    let node = home.start().await;
    node.open("flood").await;
    let picture = || node.picture();
    let named = Some(of_incident("flood"));
    let mut rows: Vec<(&str, Status)> = Vec::new();
    let request = PublishEntriesRequest {
        items: vec![item(&observation("flood", "x"))],
        expected_mode: 9,
        ..Default::default()
    };
    rows.push(("expected_mode", picture().publish_entries(request).await.unwrap_err()));
    let list = |filter| ListEntriesRequest { filter: Some(filter), ..Default::default() };
    let request = ListEntriesRequest { view: 9, ..Default::default() };
    rows.push(("view", picture().list_entries(request).await.unwrap_err()));
    let filters = [
        ("filter.mode", EntryFilter { mode: 9, ..Default::default() }),
        ("filter.statements[1]", EntryFilter { statements: vec![1, 99], ..Default::default() }),
        ("filter.disciplines[0]", EntryFilter { disciplines: vec![-4], ..Default::default() }),
        ("filter.verifications[0]", EntryFilter { verifications: vec![77], ..Default::default() }),
        ("filter.urgency_floor", EntryFilter { urgency_floor: 9, ..Default::default() }),
        ("filter.kinds[0]", EntryFilter { kinds: vec!["hail".into()], ..Default::default() }),
    ];
    for (field, filter) in filters {
        let refused = picture().list_entries(list(filter.clone())).await.unwrap_err();
        rows.push((field, refused));
        let request = SubscribeRequest { filter: Some(filter), ..Default::default() };
        rows.push((field, picture().subscribe(request).await.unwrap_err()));
    }
    let request = SubscribeRequest { mode: 9, ..Default::default() };
    rows.push(("mode", picture().subscribe(request).await.unwrap_err()));
    let request = SubscribeRequest { view: -1, ..Default::default() };
    rows.push(("view", picture().subscribe(request).await.unwrap_err()));
    let request = GetPictureAsOfRequest { filter: named, view: 9, ..Default::default() };
    rows.push(("view", picture().get_picture_as_of(request).await.unwrap_err()));
    let request = ListIncidentsRequest { mode: 9, ..Default::default() };
    rows.push(("mode", node.incidents().list_incidents(request).await.unwrap_err()));
    type Spoil = fn(&mut Incident);
    let wrong: [(&str, Spoil); 5] = [
        ("incident.mode", |i| i.mode = 9),
        ("incident.phase", |i| i.phase = 9),
        ("incident.hazards[0]", |i| i.hazards = vec![99]),
        ("incident.scalings[0].grip", |i| i.scalings[0].grip = 9),
        ("incident.scalings[0].teams[0]", |i| i.scalings[0].teams = vec![99]),
    ];
    for (field, change) in wrong {
        let region = "parties/vr-limburg-noord".to_owned();
        let scalings = vec![Scaling { region, ..Default::default() }];
        let mut incident = Incident { scalings, ..incident("other", Mode::Actual) };
        change(&mut incident);
        rows.push((field, node.create(incident).await.unwrap_err()));
    }
    for (field, status) in rows {
        assert_eq!(status.code(), Code::InvalidArgument, "{field}: {status:?}");
        assert_eq!(wrong_fields(&status), [field]);
        assert_eq!(reason(&status), "UNKNOWN_VALUE", "{field}");
    }
    let request = CompactStoreRequest { engine: "paper".into() };
    let refused = node.node().compact_store(request).await.unwrap_err();
    assert_eq!(
        (reason(&refused).as_str(), refused.code()),
        ("UNKNOWN_ENGINE", Code::InvalidArgument)
    );
}

fn at(latitude: f64, longitude: f64) -> Position {
    Position { latitude, longitude }
}

fn shape(shape: geometry::Shape) -> Option<Geometry> {
    Some(Geometry { shape: Some(shape), accuracy_m: 0.0 })
}

fn ring(points: Vec<Position>) -> Option<Geometry> {
    shape(geometry::Shape::Polygon(Polygon { rings: vec![Ring { points }] }))
}

fn moment(seconds: i64) -> Option<prost_types::Timestamp> {
    Some(prost_types::Timestamp { seconds, nanos: 0 })
}

const AFTER_2200: i64 = 7_258_118_401;

#[tokio::test(flavor = "multi_thread")]
async fn an_impossible_entry_is_refused_by_the_path_of_its_wrong_field() {
    use geometry::Shape;
    let home = Home::new();
    let node = home.start().await;
    node.open("flood").await;
    type Row = (&'static str, fn(&mut Entry));
    let rows: &[Row] = &[
        ("name", |e| e.name.clear()),
        ("name", |e| e.name = "incidents/flood/entries/1".into()),
        ("name", |e| e.name = e.name.to_uppercase()),
        ("name", |e| {
            e.name = "incidents/flood/entries/00000000-0000-0000-0000-000000000000".into();
        }),
        ("body", |e| e.body = None),
        ("statement", |e| e.statement = 0),
        ("statement", |e| e.statement = 99),
        ("party", |e| e.party = "parties/Upper".into()),
        ("texts", |e| e.texts.clear()),
        ("texts[0].title", |e| e.texts[0].title = "x".repeat(201)),
        ("texts[0].body", |e| e.texts[0].body = "x".repeat(20_001)),
        ("place", |e| e.place = "x".repeat(201)),
        ("geometry.point.latitude", |e| e.geometry = shape(Shape::Point(at(f64::NAN, 5.0)))),
        ("geometry.point.latitude", |e| e.geometry = shape(Shape::Point(at(90.1, 5.0)))),
        ("geometry.point.longitude", |e| e.geometry = shape(Shape::Point(at(0.0, -180.1)))),
        ("geometry.point.longitude", |e| {
            e.geometry = shape(Shape::Point(at(0.0, f64::INFINITY)));
        }),
        ("geometry.polygon.rings[0].points", |e| {
            e.geometry = ring(vec![at(0.0, 0.0), at(0.0, 1.0), at(1.0, 1.0), at(1.0, 0.0)]);
        }),
        ("geometry.circle.radius_m", |e| {
            e.geometry =
                shape(Shape::Circle(Circle { center: Some(at(0.0, 0.0)), radius_m: f64::NAN }));
        }),
        ("times.observed", |e| {
            e.times = Some(Times { observed: moment(-1), ..Default::default() });
        }),
        ("times.observed", |e| {
            e.times = Some(Times { observed: moment(AFTER_2200), ..Default::default() });
        }),
        ("times.valid_until", |e| {
            let (valid_from, valid_until) = (moment(9), moment(8));
            e.times = Some(Times { valid_from, valid_until, ..Default::default() });
        }),
        ("assessment.urgency", |e| {
            e.assessment = Some(Assessment { urgency: 9, ..Default::default() });
        }),
        ("sources[0].digest", |e| {
            let (system, digest) = ("x".into(), vec![1; 31].into());
            e.sources = vec![Source { system, digest, ..Default::default() }];
        }),
        ("relations[0].entry", |e| {
            e.relations = vec![Relation { r#type: 1, entry: "somewhere".into(), ..<_>::default() }];
        }),
        ("attachments[0].attachment", |e| {
            e.attachments = vec![AttachmentReference::default()];
        }),
    ];
    for (number, (field, change)) in rows.iter().enumerate() {
        let mut entry = observation("flood", "x");
        change(&mut entry);
        let refused = node.try_put(item(&entry)).await.unwrap_err();
        assert_eq!(refused.code(), Code::InvalidArgument, "row {number}");
        assert_eq!(wrong_fields(&refused), [format!("items[0].entry.{field}")], "row {number}");
    }
    assert!(node.list(of_incident("flood")).await.is_empty(), "a refused entry was stored");
    assert_eq!(node.status().await.lsn, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn sixteen_wrong_fields_at_most_are_told_in_one_answer() {
    let home = Home::new();
    let node = home.start().await;
    node.open("flood").await;
    let source = Source { digest: vec![1].into(), ..Default::default() };
    let entry = Entry { sources: vec![source; 16], ..observation("flood", "x") };
    let refused = node.try_put(item(&entry)).await.unwrap_err();
    assert_eq!(wrong_fields(&refused).len(), 16);
    // A thousand such items still fit in one answer.
    let items = vec![item(&entry); 1000];
    let response = node.publish(items).await.unwrap();
    assert_eq!(outcomes(response).iter().filter(|outcome| outcome.is_err()).count(), 1000);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_polygon_of_ten_thousand_points_is_kept_and_one_of_a_million_refused() {
    let home = Home::new();
    let node = home.start().await;
    node.open("flood").await;
    let polygon = |count: usize| {
        let angle = |at: usize| at as f64 / count as f64 * std::f64::consts::TAU;
        let mut points: Vec<_> =
            (0..count - 1).map(|i| at(51.0 + angle(i).sin() / 2.0, 6.0 + angle(i).cos())).collect();
        points.push(points[0]);
        ring(points)
    };
    let entry = Entry { geometry: polygon(10_000), ..observation("flood", "area") };
    let name = node.put(&entry).await.name;
    assert_eq!(node.get(&name).await.unwrap().0.geometry, entry.geometry);
    let huge = Entry { geometry: polygon(1_000_000), ..observation("flood", "area") };
    let refused = node.publish(vec![item(&huge)]).await.unwrap_err();
    assert_eq!(refused.code(), Code::OutOfRange, "{refused:?}");
    // Within one message, but too large for an entry.
    let large = Entry { geometry: polygon(100_000), ..observation("flood", "area") };
    let refused = node.try_put(item(&large)).await.unwrap_err();
    assert_eq!(
        (reason(&refused).as_str(), wrong_fields(&refused)),
        ("TOO_LARGE", vec!["items[0].entry".into()])
    );
    // Small enough in bytes, but too many points for a line of the contract.
    let points = vec![Position::default(); 20_001];
    let line = shape(geometry::Shape::Line(Line { points }));
    let refused = node.try_put(item(&Entry { geometry: line, ..observation("flood", "x") })).await;
    assert_eq!(wrong_fields(&refused.unwrap_err()), ["items[0].entry.geometry.line.points"]);
    assert_eq!(node.list(of_incident("flood")).await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_above_four_megabytes_is_refused_and_the_connection_goes_on() {
    let home = Home::new();
    let node = home.start().await;
    node.open("flood").await;
    let body = "x".repeat(20_000);
    let mut entry = observation("flood", "x");
    entry.texts[0].body = body;
    let refused = node.publish(vec![item(&entry); 230]).await.unwrap_err();
    assert_eq!(refused.code(), Code::OutOfRange, "{refused:?}");
    let items: Vec<_> =
        (0..190).map(|_| item(&Entry { name: new_name("flood"), ..entry.clone() })).collect();
    let stored = outcomes(node.publish(items).await.unwrap());
    assert!(stored.len() == 190 && stored.iter().all(Result::is_ok));
    // And can be read back, page by page, each below the limit of a message.
    assert_eq!(node.list(of_incident("flood")).await.len(), 190);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_bad_item_of_a_batch_is_named_and_the_others_are_stored() {
    let home = Home::new();
    let node = home.start().await;
    node.open("flood").await;
    node.open("other").await;
    let mut items: Vec<_> =
        (0..6).map(|at| item(&observation("flood", &format!("number {at}")))).collect();
    let mut bad = observation("flood", "bad");
    bad.geometry = shape(geometry::Shape::Point(at(91.0, 0.0)));
    items[3] = item(&bad);
    items[4] = item(&observation("other", "of another incident"));
    items[5] = PublishItem { require_current: true, ..items[5].clone() };
    let outcomes = outcomes(node.publish(items).await.unwrap());
    for at in [0, 1, 2] {
        let name = &outcomes[at].as_ref().unwrap().name;
        assert_eq!(node.get(name).await.unwrap().0.texts[0].title, format!("number {at}"));
    }
    let told = |at: usize| {
        let status = outcomes[at].as_ref().unwrap_err();
        (reason(status), wrong_fields(status).remove(0))
    };
    assert_eq!(told(3), ("OUT_OF_RANGE".into(), "items[3].entry.geometry.point.latitude".into()));
    assert_eq!(told(4), ("INCIDENTS_DIFFER".into(), "items[4].entry.name".into()));
    assert_eq!(told(5), ("REQUIRED".into(), "items[5].supersedes".into()));
    assert_eq!(node.list(of_incident("flood")).await.len(), 3);
    assert!(node.list(of_incident("other")).await.is_empty());
    let too_many = vec![item(&observation("flood", "x")); 1001];
    let refused = node.publish(too_many).await.unwrap_err();
    assert_eq!(
        (reason(&refused).as_str(), wrong_fields(&refused)),
        ("TOO_MANY", vec!["items".into()])
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_retraction_needs_a_reason_and_an_entry_that_stands() {
    let home = Home::new();
    let node = home.start().await;
    node.open("flood").await;
    let name = node.put(&observation("flood", "rumour")).await.name;
    for (reason_given, why) in
        [("", "REQUIRED"), ("  ", "REQUIRED"), (&*"x".repeat(1001), "TOO_LONG")]
    {
        let refused = node.retract(&name, reason_given).await.unwrap_err();
        assert_eq!(
            (reason(&refused).as_str(), wrong_fields(&refused)),
            (why, vec!["reason".into()])
        );
    }
    let retraction = node.retract(&name, "was a rumour").await.unwrap();
    assert!(retraction.retracted && retraction.kind == "retraction");
    assert_eq!(retraction.retraction_reason, "was a rumour");
    assert_eq!(retraction.name, name);
    let refused = node.retract(&name, "again").await.unwrap_err();
    assert_eq!((refused.code(), &*reason(&refused)), (Code::FailedPrecondition, "ENTRY_RETRACTED"));
    let refused = node.retract(&new_name("flood"), "never was").await.unwrap_err();
    assert_eq!((refused.code(), &*reason(&refused)), (Code::NotFound, "ENTRY_NOT_FOUND"));
    let versions = node.versions(&name).await;
    assert_eq!(versions.len(), 2);
    assert_eq!((versions[0].texts[0].title.as_str(), versions[0].superseded), ("rumour", true));
    assert!(versions[1].retracted && !versions[1].superseded);
    // A new version brings it back.
    node.put(&Entry { name: name.clone(), ..observation("flood", "no rumour") }).await;
    assert_eq!(node.get(&name).await.unwrap().0.texts[0].title, "no rumour");
    assert_eq!(
        node.incidents()
            .get_incident(v1::GetIncidentRequest { name: "incidents/flood".into() })
            .await
            .unwrap()
            .into_inner()
            .incident
            .unwrap()
            .entry_count,
        1
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn no_retraction_can_reach_the_incidents_own_data() {
    let home = Home::new();
    let mut node = home.start().await;
    node.open("flood").await;
    let nil = "incidents/flood/entries/00000000-0000-0000-0000-000000000000";
    let refused = node.retract(nil, "gone").await.unwrap_err();
    assert!(matches!(refused.code(), Code::InvalidArgument | Code::NotFound), "{refused:?}");
    let records = node.status().await.record_count;
    node.kill();
    let node = home.start().await;
    assert_eq!(node.status().await.record_count, records);
    assert_eq!(records, 1, "the retraction was stored");
    node.put(&observation("flood", "goes on")).await;
}
