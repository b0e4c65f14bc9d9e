//! Rotten bytes, wrong keys, two processes: found, named, and never served as content.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use polder_wire::v1::*;
use sha2::{Digest as _, Sha256};

use crate::{harness::*, load::Random};

fn copy_dir(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let (path, name) = {
            let entry = entry.unwrap();
            (entry.path(), entry.file_name())
        };
        if path.is_dir() {
            copy_dir(&path, &to.join(name));
        } else {
            fs::copy(&path, to.join(name)).unwrap();
        }
    }
}

fn files_below(dir: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(files_below(&path));
        } else if fs::metadata(&path).unwrap().len() > 0 {
            files.push(path);
        }
    }
    files.sort();
    files
}

fn verify(data: &Path) -> (i32, String) {
    said(&run(&["verify", "--lang", "en", "--data", data.to_str().unwrap()]))
}

/// What clients can read: every version's own fields.
async fn content(data: &Path) -> Option<BTreeMap<String, (String, String)>> {
    let node = Running::try_start(data, &[]).await.ok()?;
    let mut content = BTreeMap::new();
    for entry in node.list(EntryFilter::default()).await {
        content.insert(entry.version, (entry.name, entry.texts[0].body.clone()));
    }
    Some(content)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flipped_byte_in_the_store_is_found_and_never_served() {
    for engine in ["fjall", "sled"] {
        let home = Home::of(engine);
        let mut node = home.start().await;
        node.open("flood").await;
        for batch in 0..8 {
            let entries = (0..60).map(|at| {
                let mut entry = observation("flood", "x");
                entry.texts[0].body = format!("{batch} {at} ").repeat(40);
                item(&entry)
            });
            node.publish(entries.collect()).await.unwrap();
        }
        assert_eq!(node.stop().code(), Some(0));
        let right = content(home.data()).await.unwrap();
        assert_eq!(right.len(), 480);
        let store = fs::read_dir(home.data()).unwrap().map(|entry| entry.unwrap().path());
        let store = store
            .into_iter()
            .find(|path| path.is_dir() && path.to_str().unwrap().contains("store-"))
            .unwrap();
        let files = files_below(&store);
        let mut random = Random::new(5);
        let (mut found, mut harmless) = (0, 0);
        for file in &files {
            let size = fs::metadata(file).unwrap().len();
            let spots = if size > 20_000 { 4 } else { 1 };
            for _ in 0..spots {
                let copy = home.beside("copy");
                let _ = fs::remove_dir_all(&copy);
                copy_dir(home.data(), &copy);
                let spoilt = copy.join(file.strip_prefix(home.data()).unwrap());
                let mut bytes = fs::read(&spoilt).unwrap();
                // Not among zeroes, which are room that nothing uses.
                let used: Vec<_> = (0..bytes.len()).filter(|at| bytes[*at] != 0).collect();
                if used.is_empty() {
                    continue;
                }
                let at = used[random.below(used.len() as u64) as usize];
                bytes[at] ^= 1 << random.below(8);
                fs::write(&spoilt, &bytes).unwrap();
                let place = format!("{engine} {} byte {at} of {size}", spoilt.display());
                let (code, said) = verify(&copy);
                if code != 0 {
                    assert_eq!(code, 5, "{place}: {said}");
                    assert!(!said.contains("panicked"), "{place}: {said}");
                    found += 1;
                    continue;
                }
                harmless += 1;
                if let Some(content) = content(&copy).await {
                    for (version, said) in &content {
                        assert_eq!(right.get(version), Some(said), "wrong content: {place}");
                    }
                    assert_eq!(content.len(), right.len(), "content is missing unnoticed: {place}");
                }
            }
        }
        println!("{engine}: {} files, {found} flips found, {harmless} harmless", files.len());
        assert!(found > 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rotten_attachment_is_found_and_no_backup_that_cannot_be_restored_is_called_one() {
    let home = Home::new();
    let mut node = home.start().await;
    let data = vec![7_u8; 5000];
    let sha256 = hex::encode(Sha256::digest(&data));
    let attachment = Attachment {
        name: format!("attachments/{sha256}"),
        media_type: "image/png".into(),
        size_bytes: 5000,
        ..Default::default()
    };
    let name = attachment.name.clone();
    let request = StartUploadRequest { attachment: Some(attachment) };
    node.attachments().start_upload(request).await.unwrap();
    let request = UploadChunkRequest { name, offset: 0, data: data.into() };
    node.attachments().upload_chunk(request).await.unwrap();
    node.stop();
    let file = home.data().join("attachments").join(format!("{sha256}.bytes"));
    let mut bytes = fs::read(&file).unwrap();
    bytes[2500] ^= 4;
    fs::write(&file, bytes).unwrap();
    let backup = home.beside("backup");
    let args = ["backup", backup.to_str().unwrap(), "--data", home.data().to_str().unwrap()];
    let (code, said_of_backup) = said(&run(&args));
    if code == 0 {
        let to = home.beside("restored");
        let args = ["restore", backup.to_str().unwrap(), "--data", to.to_str().unwrap()];
        let (code, said) = said(&run(&args));
        assert_eq!(code, 0, "the backup was called good ({said_of_backup}) and is not: {said}");
    } else {
        assert!(said_of_backup.contains(&sha256), "the file is not named: {said_of_backup}");
        assert!(!backup.exists());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_process_on_the_same_data_is_refused() {
    let home = Home::new();
    let node = home.start().await;
    node.open("flood").await;
    let data = home.data().to_str().unwrap();
    let backup = home.beside("backup");
    let backup = backup.to_str().unwrap();
    let (code, told) = Running::try_start(home.data(), &[]).await.err().expect("it started");
    assert!(code == 1 && told.contains("in use by another polder process"), "{code} {told}");
    for args in [
        vec!["verify", "--data", data],
        vec!["backup", backup, "--data", data],
        vec!["init", "--data", data, "--party", "other"],
    ] {
        let (code, told) = said(&run(&args));
        assert!(code == 1 && told.contains("in use"), "{args:?} {code} {told}");
    }
    node.put(&observation("flood", "undisturbed")).await;
    assert!(node.verdict().await.sound);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_does_not_belong_to_the_store_is_refused() {
    let (home, other) = (Home::new(), Home::new());
    let key = |home: &Home| home.data().join("identity/node.key");
    let own = fs::read(key(&home)).unwrap();
    fs::copy(key(&other), key(&home)).unwrap();
    let (code, said) = Running::try_start(home.data(), &[]).await.err().expect("it started");
    assert!(code == 1 || code == 5, "{code}");
    assert!(said.contains("is not the key of this store"), "{said}");
    for wrong in [&b"no key"[..], b"", &own[..20]] {
        fs::write(key(&home), wrong).unwrap();
        let (code, said) = Running::try_start(home.data(), &[]).await.err().expect("it started");
        assert!((code == 1 || code == 5) && said.contains("node.key"), "{code} {said}");
    }
    fs::remove_file(key(&home)).unwrap();
    let (_, said) = Running::try_start(home.data(), &[]).await.err().expect("it started");
    assert!(said.contains("node.key"), "{said}");
    fs::write(key(&home), own).unwrap();
    home.start().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_whose_pointer_was_lost_is_not_made_anew_over_it() {
    let home = Home::new();
    let mut node = home.start().await;
    node.open("flood").await;
    let entry = observation("flood", "precious");
    node.put(&entry).await;
    node.stop();
    let current = home.data().join("current");
    let pointer = fs::read(&current).unwrap();
    fs::remove_file(&current).unwrap();
    // The message that says that there is no store must not lead to its end.
    assert!(Running::try_start(home.data(), &[]).await.is_err());
    let args = ["init", "--data", home.data().to_str().unwrap(), "--party", "tester"];
    let (code, told) = said(&run(&args));
    assert_ne!(code, 0, "a new store was made over the old one: {told}");
    fs::write(&current, pointer).unwrap();
    let node = home.start().await;
    assert_eq!(node.get(&entry.name).await.unwrap().0.texts, entry.texts);
}
