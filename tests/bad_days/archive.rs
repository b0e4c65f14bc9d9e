//! A closed incident is archived to one file and dropped; what comes late is an addendum; a kill in
//! the middle, a rotten file or one that lacks a record costs nothing.

use std::{
    collections::BTreeSet,
    fs,
    os::unix::fs::MetadataExt as _,
    path::Path,
    time::{Duration, Instant},
};

use polder_wire::v1::*;
use serde_json::Value;

use crate::{harness::*, load::Random};

const PATIENCE: Duration = Duration::from_secs(60);

pub fn json(args: &[&str]) -> Value {
    serde_json::from_str(&must(&[args, &["--json"]].concat())).unwrap()
}

pub fn number(value: &Value) -> i64 {
    value.as_i64().or_else(|| value.as_str()?.parse().ok()).unwrap_or(0)
}

pub fn fails(args: &[&str], code: i32, words: &str) {
    let (found, told) = said(&run(args));
    assert!(found == code && told.contains(words), "{args:?}: {found} {told}");
}

pub async fn close(node: &Running, id: &str) -> Incident {
    let close = CloseIncidentRequest {
        name: format!("incidents/{id}"),
        reason: "it is over".into(),
        ..Default::default()
    };
    node.incidents().close_incident(close).await.unwrap().into_inner().incident.unwrap()
}

async fn incident_of(node: &Running, id: &str) -> Incident {
    let name = format!("incidents/{id}");
    let found = node.incidents().get_incident(GetIncidentRequest { name }).await.unwrap();
    found.into_inner().incident.unwrap()
}

/// Text that no engine can make smaller.
fn noise(random: &mut Random, bytes: usize) -> String {
    let mut text = String::new();
    while text.len() < bytes {
        text.push_str(&format!("{:08x}", random.below(1 << 32)));
    }
    text
}

/// Publishes so many entries with bodies of so many bytes.
async fn fill(node: &Running, id: &str, count: usize, bytes: usize, random: &mut Random) {
    for _ in 0..count.div_ceil(20) {
        let entries = (0..20.min(count)).map(|n| {
            let mut entry = observation(id, &format!("reading {n}"));
            entry.texts[0].body = noise(random, bytes);
            item(&entry)
        });
        let published = node.publish(entries.collect()).await.unwrap();
        assert!(outcomes(published).iter().all(Result::is_ok));
    }
}

pub async fn names(node: &Running, id: &str) -> BTreeSet<String> {
    node.list(of_incident(id)).await.into_iter().map(|entry| entry.name).collect()
}

pub async fn until(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let end = Instant::now() + PATIENCE;
    while !holds().await {
        assert!(Instant::now() < end, "{what}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

pub fn linked_to(node: &Running) -> String {
    format!("[[peers.dial]]\naddress = \"{}\"\n", node.listen)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_incident_is_archived_and_dropped_and_what_a_stranded_node_wrote_is_its_addendum() {
    let (a_home, b_home, c_home) = (Home::new(), Home::of("sled"), Home::new());
    let mut a = a_home.start().await;
    let mut b = b_home.start_with(&linked_to(&a)).await;
    let mut random = Random::new(7);
    a.open("flood").await;
    a.open("other").await;
    fill(&a, "flood", 60, 900, &mut random).await;
    fill(&a, "other", 20, 100, &mut random).await;
    let photo = a_home.beside("dyke.txt");
    fs::write(&photo, "the dyke is wet ".repeat(40_000)).unwrap();
    let photo = photo.to_str().unwrap();
    must(&["publish", "a wet dyke", "--attach", photo, "-i", "flood", "--node", &a.address()]);
    let whole = names(&a, "flood").await;
    until("b holds all", async || names(&b, "flood").await.len() == 61).await;
    until("b holds the photo", async || {
        b.status().await.store.unwrap().attachment_bytes == 640_000
    })
    .await;
    let others = names(&a, "other").await;

    // B is cut off, and writes what nobody else knows of, while the incident is closed.
    assert!(b.stop().success());
    b = b_home.start().await;
    let late = b.put(&observation("flood", "the pumps run again")).await;
    let (file, more) = (a_home.beside("flood.polder"), a_home.beside("late.polder"));
    let (file, more) = (file.to_str().unwrap(), more.to_str().unwrap());
    let at_a = a.address();
    fails(&["archive", "flood", "--out", file, "--node", &at_a], 3, "INCIDENT_NOT_CLOSED");
    let closed = close(&a, "flood").await;
    assert_eq!(closed.seal.unwrap().record_count, 63);
    let made = json(&["archive", "flood", "--out", file, "--node", &at_a]);
    assert_eq!((number(&made["recordCount"]), number(&made["attachmentCount"])), (63, 1));
    let told = must(&["verify", "--archive", file, "--lang", "nl"]);
    assert!(told.contains("63 records") && told.contains("niets kwam later"), "{told}");
    assert!(told.contains("Het archief klopt"), "{told}");

    let records = a.status().await.record_count;
    let told = must(&["archive", "flood", "--drop", "--file", file, "--node", &at_a]);
    assert!(told.contains("Dropped here") && told.contains("1 attachments erased"), "{told}");
    assert!(names(&a, "flood").await.is_empty());
    assert_eq!(names(&a, "other").await, others);
    let status = a.status().await;
    // The account says who dropped it.
    assert_eq!(status.record_count, records + 1, "positions of the log stay");
    assert_eq!(status.store.unwrap().attachment_bytes, 0);
    assert!(a.verdict().await.sound);
    let gone = a.get(whole.first().unwrap()).await.unwrap_err();
    assert_eq!(reason(&gone), "INCIDENT_ARCHIVED");
    let listed = must(&["incident", "list", "--all", "--node", &at_a, "--lang", "nl"]);
    assert!(listed.contains("gearchiveerd") && listed.contains("63 records"), "{listed}");
    fails(&["archive", "flood", "--out", more, "--node", &at_a], 3, "INCIDENT_ARCHIVED");

    // B comes back: its record is taken, after what is no longer held.
    assert!(b.stop().success());
    b = b_home.start_with(&linked_to(&a)).await;
    until("a holds the late record", async || names(&a, "flood").await.len() == 1).await;
    let seen = incident_of(&a, "flood").await;
    let archive = seen.archive.clone().unwrap();
    assert_eq!(seen.seal.unwrap().late_record_count, 1);
    assert_eq!((archive.record_count, archive.addendum_record_count), (63, 1));
    assert_eq!(a.get(&late.name).await.unwrap().0.name, late.name);
    let shown = must(&["incident", "show", "flood", "--node", &at_a]);
    assert!(shown.contains("1 late records") && shown.contains("1 records came since"), "{shown}");
    // What A dropped, B takes from the file: A says so and does not send it.
    until("b was told", async || {
        b.stderr.lock().unwrap().contains("the other side no longer has something")
    })
    .await;
    assert_eq!(incident_of(&b, "flood").await.state(), IncidentState::Open);
    must(&["import", file, "--node", &b.address()]);
    until("b knows that it is closed", async || {
        incident_of(&b, "flood").await.state() == IncidentState::Closed
    })
    .await;
    assert_eq!(incident_of(&b, "flood").await.seal.unwrap().late_record_count, 1);
    assert_eq!(names(&b, "flood").await.len(), 62);

    // The addendum becomes a file of its own.
    let made = json(&["archive", "flood", "--out", more, "--node", &at_a]);
    assert_eq!((number(&made["recordCount"]), number(&made["lateRecordCount"])), (1, 1));
    let told = must(&["verify", "--archive", more]);
    assert!(told.contains("addendum of") && told.contains("1 late records"), "{told}");
    fails(&["archive", "flood", "--drop", "--file", file, "--node", &at_a], 3, "ARCHIVE_DIFFERS");
    assert_eq!(names(&a, "flood").await.len(), 1);
    must(&["archive", "flood", "--drop", "--file", more, "--node", &at_a]);
    assert!(names(&a, "flood").await.is_empty());
    assert!(a.stop().success());
    must(&["verify", "--data", a_home.data().to_str().unwrap()]);
    let backup = a_home.beside("backup");
    let (backup, copy) = (backup.to_str().unwrap(), a_home.beside("copy"));
    must(&["backup", backup, "--data", a_home.data().to_str().unwrap()]);
    must(&["restore", backup, "--data", copy.to_str().unwrap()]);
    for data in [a_home.data(), &copy] {
        let again = Running::start(data, &[]).await;
        let archive = incident_of(&again, "flood").await.archive.unwrap();
        assert_eq!((archive.record_count, archive.addendum_record_count), (64, 0));
        assert_eq!(names(&again, "other").await, others);
        assert!(again.verdict().await.sound);
    }

    // A newcomer has all of it from the two files.
    let c = c_home.start().await;
    for (file, taken) in [(file, 63), (more, 1)] {
        let report = json(&["import", file, "--node", &c.address()]);
        let rows = report["lanes"].as_array().unwrap().iter();
        assert_eq!(rows.map(|row| number(&row["recordsTaken"])).sum::<i64>(), taken, "{report}");
    }
    assert_eq!(names(&c, "flood").await, names(&b, "flood").await);
    assert_eq!(c.status().await.store.unwrap().attachment_bytes, 640_000);
}

/// A closed incident beside another that lives on; the file of the closed one.
async fn closed_beside_open(home: &Home, entries: usize) -> (Running, String, BTreeSet<String>) {
    let node = home.start().await;
    let mut random = Random::new(11);
    node.open("flood").await;
    node.open("other").await;
    for _ in 0..4 {
        fill(&node, "flood", entries / 4, 3_000, &mut random).await;
        fill(&node, "other", 20, 100, &mut random).await;
    }
    close(&node, "flood").await;
    let others = names(&node, "other").await;
    let file = home.beside("flood.polder").to_str().unwrap().to_owned();
    must(&["archive", "flood", "--out", &file, "--node", &node.address()]);
    (node, file, others)
}

async fn killed_while_dropping(engine: &str) {
    let mut random = Random::new(u64::from(std::process::id()));
    let (mut whole, mut dropped, mut halfway) = (0, 0, 0);
    let mut usual = Duration::from_millis(1_000);
    for round in 0..rounds(10) as u64 {
        let home = Home::of(engine);
        let (mut node, file, others) = closed_beside_open(&home, 400).await;
        let records = node.status().await.record_count;
        let address = node.address();
        let begun = Instant::now();
        let mut dropping = polder()
            .args(["archive", "flood", "--drop", "--file", &file, "--node", &address])
            .stdout(std::process::Stdio::null())
            .stderr(std::process::Stdio::null())
            .spawn()
            .unwrap();
        // The first goes through and says how long that takes; it is killed right behind its end.
        // The others are killed between the first byte of the file and the last row.
        if round == 0 {
            dropping.wait().unwrap();
            usual = begun.elapsed();
        } else {
            // Most of the time goes into comparing; what follows is hit by every other one.
            let part = random.below(1_000) as f64 / 1_000.0;
            let part = if round % 2 == 1 { 0.7 + 0.3 * part } else { part };
            tokio::time::sleep(usual.mul_f64(part)).await;
        }
        node.kill();
        dropping.wait().unwrap();
        let verified = run(&["verify", "--lang", "en", "--data", home.data().to_str().unwrap()]);
        assert_eq!(said(&verified).0, 0, "{engine} round {round}: {}", said(&verified).1);
        let node = home.start().await;
        assert_eq!(names(&node, "other").await, others, "{engine} round {round}");
        // That it was asked for may be in the account already.
        let now = node.status().await.record_count;
        assert!((records..=records + 1).contains(&now), "{engine} round {round}: {now}");
        let held = names(&node, "flood").await.len();
        let incident = incident_of(&node, "flood").await;
        match &incident.archive {
            None => {
                assert_eq!(held, 400, "{engine} round {round}: neither whole nor dropped");
                whole += 1;
                must(&["archive", "flood", "--drop", "--file", &file, "--node", &node.address()]);
            }
            Some(archive) => {
                assert_eq!(held, 0, "{engine} round {round}");
                dropped += 1;
                halfway += i32::from(archive.clearing);
            }
        }
        until("what was begun is finished", async || {
            incident_of(&node, "flood").await.archive.is_some_and(|archive| !archive.clearing)
        })
        .await;
        assert!(node.verdict().await.sound);
        node.put(&observation("other", "life goes on")).await;
    }
    println!("{engine}: {whole} whole, {dropped} dropped, {halfway} of them to be finished");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kill_while_an_incident_is_dropped_leaves_it_whole_or_dropped_on_fjall() {
    killed_while_dropping("fjall").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kill_while_an_incident_is_dropped_leaves_it_whole_or_dropped_on_sled() {
    killed_while_dropping("sled").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rotten_or_short_archive_is_refused_with_the_place_and_nothing_is_dropped() {
    let home = Home::new();
    let (node, file, _) = closed_beside_open(&home, 40).await;
    let address = node.address();
    let sound = fs::read(&file).unwrap();
    let bad = home.beside("bad.polder");
    let name = bad.to_str().unwrap();
    let mut random = Random::new(3);
    for _ in 0..rounds(20) {
        let mut bytes = sound.clone();
        let at = 24 + random.below(bytes.len() as u64 - 24) as usize;
        bytes[at] ^= 1 << random.below(8);
        fs::write(&bad, bytes).unwrap();
        let (code, told) = said(&run(&["verify", "--archive", name, "--lang", "en"]));
        assert!(code == 5 && told.contains("damaged at byte"), "byte {at}: {code} {told}");
        fs::write(&bad, &sound[..at]).unwrap();
        let (code, told) = said(&run(&["verify", "--archive", name, "--lang", "nl"]));
        assert!(code == 5 && told.contains("beschadigd"), "cut at {at}: {code} {told}");
    }
    fails(&["archive", "flood", "--drop", "--file", name, "--node", &address], 3, "BUNDLE_DAMAGED");
    let bundle = home.beside("bundle.polder");
    let bundle = bundle.to_str().unwrap();
    must(&["export", "--to", bundle, "-i", "flood", "--node", &address]);
    fails(&["verify", "--archive", bundle], 3, "BUNDLE_UNKNOWN");
    fails(
        &["archive", "flood", "--drop", "--file", bundle, "--node", &address],
        3,
        "BUNDLE_UNKNOWN",
    );
    fails(&["archive", "other", "--drop", "--file", &file, "--node", &address], 3, "NOT_CLOSED");
    fails(&["archive", "flood", "--node", &address], 2, "--out");
    close(&node, "other").await;
    fails(
        &["archive", "other", "--drop", "--file", &file, "--node", &address],
        3,
        "ARCHIVE_DIFFERS",
    );
    assert_eq!(names(&node, "flood").await.len(), 40);
    assert!(incident_of(&node, "flood").await.archive.is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_lacks_a_record_drops_nothing() {
    let (home, other) = (Home::new(), Home::new());
    let (node, file, _) = closed_beside_open(&home, 40).await;
    let address = node.address();
    // Another node opened an incident of that name apart from this one: one more feed of it.
    let stranded = other.start().await;
    stranded.open("flood").await;
    let late = stranded.put(&observation("flood", "nobody knows of this")).await;
    let stick = home.beside("stick");
    let stick = stick.to_str().unwrap();
    must(&["export", "--to", stick, "--node", &stranded.address()]);
    must(&["import", stick, "--node", &address]);
    fails(
        &["archive", "flood", "--drop", "--file", &file, "--node", &address],
        3,
        "ARCHIVE_DIFFERS",
    );
    assert_eq!(names(&node, "flood").await.len(), 41);
    assert_eq!(node.get(&late.name).await.unwrap().0.name, late.name);
    let again = json(&["archive", "flood", "--out", &file, "--node", &address]);
    assert_eq!(number(&again["lateRecordCount"]), 2, "{again}");
    must(&["archive", "flood", "--drop", "--file", &file, "--node", &address]);
    assert!(names(&node, "flood").await.is_empty());
}

fn taken(below: &Path) -> u64 {
    let entries = fs::read_dir(below).unwrap().map(|entry| entry.unwrap());
    entries
        .map(|entry| {
            let found = entry.metadata().unwrap();
            if found.is_dir() { taken(&entry.path()) } else { found.blocks() * 512 }
        })
        .sum()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_room_of_a_dropped_incident_comes_back_on_both_engines() {
    for engine in ["fjall", "sled"] {
        let home = Home::of(engine);
        let (node, file, others) = closed_beside_open(&home, 1_200).await;
        must(&["compact", "--node", &node.address()]);
        let before = taken(home.data());
        must(&["archive", "flood", "--drop", "--file", &file, "--node", &node.address()]);
        must(&["compact", "--node", &node.address()]);
        let after = taken(home.data());
        let size = fs::metadata(&file).unwrap().len();
        println!("{engine}: {before} bytes before, {after} after, {size} in the file");
        assert!(after + 2_000_000 < before, "{engine}: {before} -> {after}");
        assert_eq!(names(&node, "other").await, others);
        assert!(node.verdict().await.sound);
    }
}
