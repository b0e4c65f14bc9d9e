//! Incidents: reality and exercise apart, changes that do not overwrite, a closed one that stays.

use polder_wire::v1::*;
use prost_types::FieldMask;
use tonic::{Code, Status};

use crate::harness::*;

async fn update(
    node: &Running,
    incident: Incident,
    paths: &[&str],
    expected: &str,
) -> Result<Incident, Status> {
    let request = UpdateIncidentRequest {
        incident: Some(incident),
        update_mask: Some(FieldMask { paths: paths.iter().map(|p| (*p).to_owned()).collect() }),
        expected_version: expected.to_owned(),
        ..Default::default()
    };
    Ok(node.incidents().update_incident(request).await?.into_inner().incident.unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn exercise_and_reality_never_mix() {
    let home = Home::new();
    let node = home.start().await;
    node.open("flood").await;
    node.create(incident("drill", Mode::Exercise)).await.unwrap();
    node.create(incident("trial", Mode::Test)).await.unwrap();
    for slug in ["flood", "drill", "trial"] {
        node.put(&observation(slug, slug)).await;
    }
    let titles = async |filter: EntryFilter| -> Vec<String> {
        node.list(filter).await.into_iter().map(|e| e.texts[0].title.clone()).collect()
    };
    assert_eq!(titles(EntryFilter::default()).await, ["flood"]);
    for (mode, slug) in [(Mode::Exercise, "drill"), (Mode::Test, "trial"), (Mode::Actual, "flood")]
    {
        assert_eq!(titles(EntryFilter { mode: mode.into(), ..Default::default() }).await, [slug]);
        let request = PublishEntriesRequest {
            items: vec![item(&observation(slug, "right"))],
            expected_mode: mode.into(),
            ..Default::default()
        };
        let stored = node.picture().publish_entries(request.clone()).await.unwrap().into_inner();
        assert!(outcomes(stored)[0].is_ok());
        let other = if mode == Mode::Actual { Mode::Exercise } else { Mode::Actual };
        let wrong = PublishEntriesRequest { expected_mode: other.into(), ..request };
        let refused = node.picture().publish_entries(wrong).await.unwrap_err();
        assert_eq!(
            (refused.code(), &*reason(&refused)),
            (Code::FailedPrecondition, "MODE_DIFFERS")
        );
        // A taken slug stays taken, whatever the mode.
        let refused = node.create(incident(slug, other)).await.unwrap_err();
        assert_eq!((refused.code(), &*reason(&refused)), (Code::AlreadyExists, "INCIDENT_EXISTS"));
    }
    // The mode of an incident cannot be changed.
    let changed = incident("drill", Mode::Actual);
    let refused = update(&node, changed.clone(), &["mode"], "").await.unwrap_err();
    assert_eq!(reason(&refused), "FIELD_NOT_UPDATABLE");
    let shown = update(&node, changed, &["titles"], "").await.unwrap();
    assert_eq!(shown.mode(), Mode::Exercise);
    // Nor does a batch reach over.
    let items = vec![item(&observation("flood", "x")), item(&observation("drill", "x"))];
    let outcomes = outcomes(node.publish(items).await.unwrap());
    assert!(outcomes[0].is_ok() && outcomes[1].is_err());
    let request = ListIncidentsRequest { mode: Mode::Exercise.into(), ..Default::default() };
    let listed = node.incidents().list_incidents(request).await.unwrap().into_inner().incidents;
    assert!(listed.len() == 1 && listed[0].name == "incidents/drill");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_closed_incident_can_be_read_and_no_longer_written() {
    let home = Home::new();
    let mut node = home.start().await;
    node.open("flood").await;
    let entry = observation("flood", "last word");
    node.put(&entry).await;
    let close = CloseIncidentRequest {
        name: "incidents/flood".into(),
        reason: "water is gone".into(),
        ..Default::default()
    };
    let closed = node.incidents().close_incident(close.clone()).await.unwrap().into_inner();
    assert_eq!(closed.incident.unwrap().state(), IncidentState::Closed);
    for _ in 0..2 {
        let refusals = [
            node.try_put(item(&observation("flood", "too late"))).await.unwrap_err(),
            node.retract(&entry.name, "too late").await.unwrap_err(),
            update(&node, incident("flood", Mode::Actual), &["titles"], "").await.unwrap_err(),
            node.incidents().close_incident(close.clone()).await.unwrap_err(),
        ];
        for refused in refusals {
            let told = (refused.code(), reason(&refused));
            assert_eq!(told, (Code::FailedPrecondition, "INCIDENT_CLOSED".into()));
        }
        assert_eq!(node.get(&entry.name).await.unwrap().0.texts, entry.texts);
        assert_eq!(node.list(of_incident("flood")).await.len(), 1);
        let list = async |include_closed| {
            let request = ListIncidentsRequest { include_closed, ..Default::default() };
            node.incidents().list_incidents(request).await.unwrap().into_inner().incidents.len()
        };
        assert_eq!((list(false).await, list(true).await), (0, 1));
        node.kill();
        node = home.start().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_update_changes_what_its_mask_names_and_nothing_else() {
    let home = Home::new();
    let node = home.start().await;
    let made = node.open("flood").await;
    let region = |name: &str, grip: GripLevel| Scaling {
        region: format!("parties/{name}"),
        grip: grip.into(),
        ..Default::default()
    };
    let change = Incident {
        phase: Phase::Warm.into(),
        scalings: vec![region("north", GripLevel::GripLevel2)],
        titles: vec![text("nl", "not in the mask")],
        ..made.clone()
    };
    let shown = update(&node, change, &["phase", "scalings"], &made.version).await.unwrap();
    assert_eq!((shown.phase(), &shown.titles), (Phase::Warm, &made.titles));
    // Regions that are not given stay as they are, and the highest level counts.
    let south = vec![region("south", GripLevel::GripLevel4)];
    let change = Incident { scalings: south, ..made.clone() };
    let shown = update(&node, change, &["scalings"], &shown.version).await.unwrap();
    assert_eq!((shown.scalings.len(), shown.grip()), (2, GripLevel::GripLevel4));
    assert!(shown.update_time.is_some() && shown.create_time == made.create_time);
    let refused = update(&node, made.clone(), &["phase"], &made.version).await.unwrap_err();
    assert_eq!((refused.code(), &*reason(&refused)), (Code::Aborted, "INCIDENT_CHANGED"));
    let refused = update(&node, made.clone(), &["state"], "").await.unwrap_err();
    assert_eq!(wrong_fields(&refused), ["update_mask.paths[0]"]);
    let refused = update(&node, incident("other", Mode::Actual), &["phase"], "").await.unwrap_err();
    assert_eq!((refused.code(), &*reason(&refused)), (Code::NotFound, "INCIDENT_NOT_FOUND"));
    let twice = vec![region("north", GripLevel::GripLevel0); 2];
    let change = Incident { scalings: twice, ..made };
    let refused = update(&node, change, &["scalings"], "").await.unwrap_err();
    assert_eq!(
        (&*reason(&refused), &*wrong_fields(&refused)[0]),
        ("DUPLICATE", "incident.scalings[1].region")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_updates_with_the_same_expected_version_one_is_first() {
    let home = Home::new();
    let node = home.start().await;
    let mut current = node.open("flood").await;
    let batch: Vec<_> = (0..100).map(|_| item(&observation("flood", "x"))).collect();
    for round in 0..10 {
        let calls = (0..16).map(|_| update(&node, current.clone(), &["phase"], &current.version));
        // The writer is busy meanwhile, so that many of them go into one commit.
        let busy = futures::future::join_all((0..3).map(|_| node.publish(batch.clone())));
        let (answers, _) = tokio::join!(futures::future::join_all(calls), busy);
        let stored: Vec<_> = answers.iter().filter_map(|answer| answer.as_ref().ok()).collect();
        assert_eq!(stored.len(), 1, "round {round}: an update was overwritten unseen");
        current = stored[0].clone();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_creations_with_the_same_id_one_is_first() {
    let home = Home::new();
    let node = home.start().await;
    let modes = [Mode::Actual, Mode::Exercise, Mode::Test];
    let calls = (0..24).map(|at| node.create(incident("flood", modes[at % 3])));
    let answers = futures::future::join_all(calls).await;
    assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 1);
    for refused in answers.into_iter().filter_map(Result::err) {
        assert_eq!(refused.code(), Code::AlreadyExists);
    }
    // Without a name, the same title twice makes two incidents.
    let unnamed = || Incident { name: String::new(), ..incident("Hoogwater Maas!", Mode::Actual) };
    let one = node.create(unnamed()).await.unwrap().name;
    let two = node.create(unnamed()).await.unwrap().name;
    assert!(one != two && one.starts_with("incidents/hoogwater-maas-"), "{one} {two}");
}

#[tokio::test(flavor = "multi_thread")]
async fn ids_and_titles_that_are_none_are_refused() {
    let home = Home::new();
    let node = home.start().await;
    let names = ["flood", "incidents/", "incidents/Flood", "incidents/1flood", "incidents/a/b"];
    for name in
        names.map(str::to_owned).into_iter().chain([format!("incidents/{}", "a".repeat(64))])
    {
        let incident = Incident { name: name.clone(), ..incident("x", Mode::Actual) };
        let refused = node.create(incident).await.unwrap_err();
        assert_eq!(wrong_fields(&refused), ["incident.name"], "{name}");
    }
    let longest = format!("a{}", "b".repeat(62));
    node.create(incident(&longest, Mode::Actual)).await.unwrap();
    for (titles, field) in [
        (vec![text("nl", ""), text("en", "x")], "incident.titles[0].title"),
        (vec![text("nl", &"x".repeat(201))], "incident.titles[0].title"),
        (vec![text("", "x")], "incident.titles[0].language"),
    ] {
        let incident = Incident { titles, ..incident("x", Mode::Actual) };
        let refused = node.create(incident).await.unwrap_err();
        assert_eq!(wrong_fields(&refused)[0], field);
    }
    for title in ["", "!!!", "007", "-", "Überflutung", &"é".repeat(200)] {
        let unnamed = Incident {
            name: String::new(),
            titles: vec![text("de", title)],
            ..incident("x", Mode::Test)
        };
        match node.create(unnamed).await {
            Ok(made) => {
                let request = GetIncidentRequest { name: made.name.clone() };
                node.incidents().get_incident(request).await.expect(&made.name);
            }
            Err(refused) => assert!(title.is_empty(), "{title}: {refused:?}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_closes_an_incident_seals_what_is_held_of_it_then() {
    let home = Home::new();
    let node = home.start().await;
    let opened = node.open("flood").await;
    node.open("other").await;
    node.put(&observation("other", "of another incident")).await;
    for n in 0..3 {
        node.put(&observation("flood", &format!("reading {n}"))).await;
    }
    let close = CloseIncidentRequest {
        name: opened.name,
        reason: "the water is back in its bed".into(),
        ..Default::default()
    };
    let closed = node.incidents().close_incident(close).await.unwrap().into_inner();
    let closed = closed.incident.unwrap();
    let seal = closed.seal.unwrap();
    // Its opening, three readings, and the closing record itself.
    assert_eq!((seal.record_count, seal.late_record_count, seal.feeds_left_out), (5, 0, 0));
    assert_eq!(seal.time, closed.update_time);
    assert!(opened.seal.is_none() && closed.archive.is_none());
    let shown = must(&["incident", "show", "flood", "--node", &node.address(), "--lang", "nl"]);
    assert!(shown.contains("verzegeld") && shown.contains(": 5 records"), "{shown}");
}
