//! What is erased is gone: from every node that holds it or hears of it later, from the disk, and
//! from what is written afterwards; and every chain still holds.

use std::{
    path::Path,
    time::{Duration, Instant},
};

use polder_picture::attributes::timestamp;
use polder_wire::v1::{
    Attachment, AttachmentReference, Entry, EntryFilter, EraseEntryRequest, EraseEntryResponse,
    Label, StartUploadRequest, UploadChunkRequest,
};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use crate::harness::*;

const AT_ONCE: &str = "[erasure]\npurge_after = \"0s\"\nlook_every = \"200ms\"\n";

/// Whether some file under a directory holds these bytes.
pub fn lies_in(dir: &Path, secret: &str) -> bool {
    !files_with(&[dir], secret).is_empty()
}

fn files_with(dirs: &[&Path], secret: &str) -> Vec<std::path::PathBuf> {
    let mut found = Vec::new();
    let mut open: Vec<_> = dirs.iter().map(|dir| dir.to_path_buf()).collect();
    while let Some(dir) = open.pop() {
        for file in std::fs::read_dir(&dir).into_iter().flatten().flatten() {
            if file.path().is_dir() {
                open.push(file.path());
            } else if std::fs::read(file.path()).is_ok_and(|all| holds(&all, secret)) {
                found.push(file.path());
            }
        }
    }
    found
}

fn holds(all: &[u8], secret: &str) -> bool {
    all.windows(secret.len()).any(|part| part == secret.as_bytes())
}

/// Waits until no file holds these bytes.
pub async fn gone_from(dirs: &[&Path], secret: &str) {
    let until = Instant::now() + Duration::from_secs(30);
    while !files_with(dirs, secret).is_empty() {
        let (all, late) = (files_with(dirs, secret), Instant::now() > until);
        assert!(!late, "it is never gone from the disk: {all:?}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// Personal data of a secret that no compression shortens.
fn personal(secret: &str) -> Entry {
    Entry {
        label: Some(Label { personal_data: true, ..Default::default() }),
        ..observation("flood", secret)
    }
}

fn secret() -> String {
    format!("patient {}", Uuid::new_v4())
}

pub fn erase_request(name: &str) -> EraseEntryRequest {
    EraseEntryRequest { name: name.into(), reason: "asked for".into(), ..Default::default() }
}

async fn erase(node: &Running, name: &str) -> EraseEntryResponse {
    node.picture().erase_entry(erase_request(name)).await.unwrap().into_inner()
}

async fn upload(node: &Running, data: &[u8]) -> String {
    let name = format!("attachments/{}", hex::encode(Sha256::digest(data)));
    let attachment = Attachment {
        name: name.clone(),
        media_type: "image/jpeg".into(),
        size_bytes: data.len() as i64,
        ..Default::default()
    };
    let request = StartUploadRequest { attachment: Some(attachment) };
    node.attachments().start_upload(request).await.unwrap();
    let request = UploadChunkRequest { name: name.clone(), offset: 0, data: data.to_vec().into() };
    node.attachments().upload_chunk(request).await.unwrap();
    name
}

async fn titles(node: &Running) -> Vec<String> {
    let filter = EntryFilter { include_retracted: true, ..Default::default() };
    let entries = node.list(filter).await.into_iter().flat_map(|entry| entry.texts);
    let mut titles: Vec<_> = entries.map(|text| text.title).collect();
    titles.sort();
    titles
}

pub async fn until(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let end = Instant::now() + Duration::from_secs(120);
    while !holds().await {
        assert!(Instant::now() < end, "never: {what}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

pub async fn started(home: &Home, more: &[&str]) -> Running {
    let file = home.beside("polder.toml");
    std::fs::write(&file, AT_ONCE).unwrap();
    let args = [&["--config", file.to_str().unwrap()], more].concat();
    Running::start(home.data(), &args).await
}

async fn erased_everywhere(engine: &str) {
    let homes = [Home::of(engine), Home::of(engine), Home::of(engine)];
    let a = started(&homes[0], &[]).await;
    let b = started(&homes[1], &["--link", &a.address()]).await;
    a.open("flood").await;
    let secret = secret();
    let photo = format!("photo of {secret}");
    let mut entry = personal(&secret);
    let attachment = upload(&a, photo.as_bytes()).await;
    entry.attachments = vec![AttachmentReference { attachment, ..Default::default() }];
    let name = a.put(&entry).await.name;
    // An earlier version that says it, and a withdrawal that repeats it.
    entry.place = "at home".into();
    a.put(&entry).await;
    a.retract(&name, "moved").await.unwrap();
    entry.place = "at hers".into();
    a.put(&entry).await;
    a.put(&observation("flood", "stays")).await;
    let both = ["stays".to_owned()];
    until("both hold it", async || titles(&b).await.len() == 2).await;
    until("the photo is there", async || lies_in(&homes[1].data().join("attachments"), &photo))
        .await;
    for home in &homes[..2] {
        assert!(lies_in(home.data(), &secret), "or nothing could be shown");
    }
    // A stick of before, for one who was away.
    let old = homes[0].beside("old");
    must(&["export", "--to", old.to_str().unwrap(), "--attachments", "--node", &a.address()]);
    assert!(b.versions(&name).await.len() == 4);

    let answer = erase(&a, &name).await;
    assert_eq!(answer.kept_parties, [""; 0]);
    assert!(decode(&answer.erasure).retracted);
    assert_eq!(titles(&a).await, both, "at once");
    until("the other has it no longer", async || titles(&b).await == both).await;
    gone_from(&[homes[0].data(), homes[1].data()], &secret).await;
    for node in [&a, &b] {
        assert!(node.verdict().await.sound);
        let versions = node.versions(&name).await;
        assert_eq!(versions.len(), 5);
        assert!(versions[..4].iter().all(|version| version.erased && version.texts.is_empty()));
        assert_eq!(versions[4].retraction_reason, "asked for");
    }

    // What is written from now on has nothing of it, and holds.
    let (backup, bundle) = (homes[0].beside("backup"), homes[0].beside("bundle"));
    let (backup, bundle) = (backup.to_str().unwrap(), bundle.to_str().unwrap());
    must(&["backup", backup, "--node", &a.address()]);
    must(&["export", "--to", bundle, "--attachments", "--node", &a.address()]);
    for file in [backup, bundle] {
        assert!(!holds(&std::fs::read(file).unwrap(), &secret), "{file}");
    }
    let restored = homes[0].beside("restored");
    must(&["restore", backup, "--data", restored.to_str().unwrap()]);
    assert!(!lies_in(&restored, &secret));
    must(&["verify", "--data", restored.to_str().unwrap()]);

    // Who was away gets the old stick, hears later, and drops it.
    let c = started(&homes[2], &[]).await;
    must(&["import", old.to_str().unwrap(), "--node", &c.address()]);
    assert!(lies_in(homes[2].data(), &secret));
    assert_eq!(titles(&c).await.len(), 2);
    must(&["import", bundle, "--node", &c.address()]);
    assert_eq!(titles(&c).await, both);
    gone_from(&[homes[2].data()], &secret).await;
    assert!(c.verdict().await.sound);
    // The old stick again brings nothing back; nor does a start.
    must(&["import", old.to_str().unwrap(), "--node", &c.address()]);
    drop(c);
    let c = started(&homes[2], &[]).await;
    assert_eq!(titles(&c).await, both);
    gone_from(&[homes[2].data()], &secret).await;
}

#[tokio::test]
async fn what_is_erased_is_gone_from_every_disk_and_the_chains_hold_fjall() {
    erased_everywhere("fjall").await;
}

#[tokio::test]
async fn what_is_erased_is_gone_from_every_disk_and_the_chains_hold_sled() {
    erased_everywhere("sled").await;
}

#[tokio::test]
async fn who_heard_of_the_erasing_first_never_stores_what_was_erased() {
    let homes = [Home::new(), Home::new()];
    let a = started(&homes[0], &[]).await;
    a.open("flood").await;
    let secret = secret();
    let name = a.put(&personal(&secret)).await.name;
    let old = homes[0].beside("old");
    must(&["export", "--to", old.to_str().unwrap(), "--node", &a.address()]);
    erase(&a, &name).await;
    let bundle = homes[0].beside("bundle");
    must(&["export", "--to", bundle.to_str().unwrap(), "--node", &a.address()]);
    // Urgent feeds come first: cut off behind the first, it has the erasing and nothing else.
    let all = std::fs::read(&bundle).unwrap();
    let mark = b"\xd7polder\n";
    let marks = (0..all.len() - mark.len()).filter(|at| &all[*at..*at + mark.len()] == mark);
    let third = marks.clone().nth(2).unwrap();
    assert!(marks.count() > 3);
    let short = homes[0].beside("short");
    std::fs::write(&short, &all[..third]).unwrap();
    let b = started(&homes[1], &[]).await;
    let (code, told) = said(&run(&["import", short.to_str().unwrap(), "--node", &b.address()]));
    assert_eq!(code, 3, "{told}");
    assert_eq!(b.status().await.lsn, 2, "the incident and the erasing: {told}");
    must(&["import", old.to_str().unwrap(), "--node", &b.address()]);
    assert!(!lies_in(homes[1].data(), &secret), "not for a moment");
    let versions = b.versions(&name).await;
    assert_eq!(versions.len(), 2);
    assert!(versions.iter().all(|version| version.texts.is_empty()));
    assert!(b.verdict().await.sound);
}

#[tokio::test]
async fn personal_data_goes_when_its_time_is_over_also_when_its_author_is_gone() {
    let homes = [Home::new(), Home::new(), Home::new()];
    let a = started(&homes[0], &[]).await;
    let b = started(&homes[1], &["--link", &a.address()]).await;
    let c = started(&homes[2], &["--link", &b.address()]).await;
    a.open("flood").await;
    let secret = secret();
    let kept = a.put(&personal("kept for thirty days")).await.name;
    let days = a.get(&kept).await.unwrap().0.label.unwrap().erase_time.unwrap();
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    let days = (days.seconds - now.as_secs() as i64) / 86_400;
    assert!((29..=30).contains(&days), "{days}");

    let until_ms = now.as_millis() as i64 + 6_000;
    let mut entry = personal(&secret);
    entry.label.as_mut().unwrap().erase_time = Some(timestamp(until_ms));
    let name = a.put(&entry).await.name;
    until("all hold it", async || titles(&c).await.len() == 2).await;
    // Its author is cut off from the last, and gone for the second.
    drop(b);
    let b = started(&homes[1], &[]).await;
    drop(c);
    let c = started(&homes[2], &[]).await;
    gone_from(&[homes[0].data(), homes[1].data(), homes[2].data()], &secret).await;
    for node in [&a, &b, &c] {
        until("it shows no longer", async || titles(node).await == ["kept for thirty days"]).await;
        assert!(node.verdict().await.sound);
        let versions = node.versions(&name).await;
        assert!(versions[0].erased && versions[0].texts.is_empty());
    }
    let last = a.versions(&name).await.pop().unwrap();
    assert!(last.retracted && last.retraction_reason.contains("is over"), "{last:?}");
}

#[tokio::test]
async fn personal_data_is_kept_for_a_time_that_can_be_and_is_told_what_cannot() {
    let home = Home::new();
    let node = home.start().await;
    node.open("flood").await;
    let mut entry = personal("x");
    let soon = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    let soon = soon.as_secs() as i64 + 1_000;
    for (seconds, personal) in [(1_000, true), (7_200_000_000, true), (soon, false)] {
        let erase_time = Some(timestamp(seconds * 1_000));
        entry.label = Some(Label { personal_data: personal, erase_time, ..Default::default() });
        let refused = node.try_put(item(&entry)).await.unwrap_err();
        assert_eq!(wrong_fields(&refused), ["items[0].entry.label.erase_time"]);
    }
    assert_eq!(node.status().await.entry_count, 0);
}

#[tokio::test]
async fn an_entry_of_an_incident_that_is_closed_is_erased_too() {
    let home = Home::new();
    let node = started(&home, &[]).await;
    node.open("flood").await;
    let secret = secret();
    let name = node.put(&personal(&secret)).await.name;
    must(&["incident", "close", "flood", "--reason", "over", "--node", &node.address()]);
    let told = must(&["erase", &name, "--reason", "asked for", "--node", &node.address()]);
    assert_eq!(told.trim(), format!("Erased: {name}"));
    gone_from(&[home.data()], &secret).await;
    assert!(node.verdict().await.sound);
    // And by a kill in between it is gone all the same.
    let mut node = node;
    node.kill();
    let node = started(&home, &[]).await;
    assert_eq!(titles(&node).await, [""; 0]);
}
