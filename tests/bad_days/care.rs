//! Backup, restore and compaction, while the node works.

use std::{
    fs,
    path::{Path, PathBuf},
};

use polder_wire::v1::*;

use crate::{
    harness::*,
    load::{Load, Random, check_held, held},
};

fn stores(data: &Path) -> Vec<PathBuf> {
    let paths = fs::read_dir(data).unwrap().map(|entry| entry.unwrap().path());
    let is_store =
        |path: &PathBuf| path.file_name().unwrap().to_str().unwrap().starts_with("store-");
    let mut stores: Vec<_> = paths.filter(is_store).collect();
    stores.sort();
    stores
}

/// A command beside the running node; the runtime of the test goes on meanwhile.
async fn beside(args: Vec<String>) -> (i32, String) {
    let run = move || said(&run(&args.iter().map(String::as_str).collect::<Vec<_>>()));
    tokio::task::spawn_blocking(run).await.unwrap()
}

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_of_a_node_at_work_is_restored_into_the_other_engine_under_a_new_key() {
    for (from, to) in [("fjall", "sled"), ("sled", "fjall")] {
        let home = Home::of(from);
        let mut node = home.start().await;
        node.open("flood").await;
        let load = Load::start(&node, "flood", 4, 11).await;
        load.until(400).await;
        let before = load.so_far();
        let file = home.beside("backup");
        let args = words(&["backup", file.to_str().unwrap(), "--node", &node.address()]);
        let (code, said_of_backup) = beside(args).await;
        assert_eq!(code, 0, "{said_of_backup}");
        // The old node goes on, and writes numbers that the new one must not use again.
        load.until(before.len() + 100).await;
        let old_status = node.status().await;
        let old = load.abort();
        let target = home.beside("restored");
        let args = words(&[
            "restore",
            file.to_str().unwrap(),
            "--data",
            target.to_str().unwrap(),
            "--engine",
            to,
        ]);
        let (code, said) = beside(args).await;
        assert_eq!(code, 0, "{said}");
        let mut restored = Running::start(&target, &[]).await;
        let status = restored.status().await;
        assert_ne!((&status.node, &status.store_id), (&old_status.node, &old_status.store_id));
        assert_ne!(status.public_key, old_status.public_key);
        assert_eq!(status.store.unwrap().engine, to);
        assert_eq!(status.party, old_status.party);
        let held_there = held(&restored).await;
        check_held(&before, &held_there, "after restore");
        assert!(restored.verdict().await.sound);
        // It goes on under its own key.
        let load = Load::start(&restored, "flood", 4, 12).await;
        load.until(200).await;
        restored.kill();
        let new = load.end().await;
        assert!(new.keys().all(|version| !old.contains_key(version)), "a number was used again");
        let restored = Running::start(&target, &[]).await;
        let all = held(&restored).await;
        check_held(&before, &all, "after more was written");
        check_held(&new, &all, "under the new key");
        assert!(restored.verdict().await.sound);
        // A new version of an old entry replaces what the old key wrote.
        let (_, (name, _)) = before.iter().next().unwrap();
        restored.put(&Entry { name: name.clone(), ..observation("flood", "by the new key") }).await;
        let (shown, rivals) = restored.get(name).await.unwrap();
        assert_eq!((shown.texts[0].title.as_str(), rivals.len()), ("by the new key", 0));
        // The old node is still itself.
        let stopped = node.stop();
        assert_eq!(stopped.code(), Some(0));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_that_is_cut_short_or_changed_leaves_no_store_behind() {
    let home = Home::new();
    let mut node = home.start().await;
    node.open("flood").await;
    for _ in 0..20 {
        let items = (0..50).map(|_| item(&observation("flood", &"x".repeat(200))));
        node.publish(items.collect()).await.unwrap();
    }
    node.stop();
    let file = home.beside("backup");
    let (data, good) = (home.data().to_str().unwrap(), file.to_str().unwrap());
    must(&["backup", good, "--data", data]);
    let bytes = fs::read(&file).unwrap();
    let mut spoilt: Vec<(String, Vec<u8>)> = Vec::new();
    for cut in [0, 5, 100, bytes.len() / 2, bytes.len() - 1] {
        spoilt.push((format!("cut at {cut}"), bytes[..cut].to_vec()));
    }
    let mut random = Random::new(9);
    for _ in 0..12 {
        let at = random.below(bytes.len() as u64) as usize;
        let mut flipped = bytes.clone();
        flipped[at] ^= 1 << random.below(8);
        spoilt.push((format!("flipped at {at}"), flipped));
    }
    let bad = home.beside("bad");
    let target = home.beside("target");
    let restore = |file: &Path| {
        said(&run(&["restore", file.to_str().unwrap(), "--data", target.to_str().unwrap()]))
    };
    for (what, bytes) in spoilt {
        fs::write(&bad, bytes).unwrap();
        let (code, told) = restore(&bad);
        assert!(code != 0 && !told.contains("panicked"), "{what}: {code} {told}");
        let (code, told) = Running::try_start(&target, &[]).await.err().expect(&what);
        assert!(code == 1 && told.contains("holds no store"), "{what}: {code} {told}");
    }
    // The directory is good for another try, and then holds a store that is not written over.
    let (code, told) = restore(&file);
    assert_eq!(code, 0, "{told}");
    let (code, told) = restore(&file);
    assert!(code == 1 && told.contains("holds a store already"), "{code} {told}");
    let node = Running::start(&target, &[]).await;
    assert_eq!(node.list(of_incident("flood")).await.len(), 1000);
}

#[tokio::test(flavor = "multi_thread")]
async fn rewriting_the_store_under_load_loses_nothing_and_the_old_one_goes() {
    let home = Home::of("fjall");
    let mut node = home.start().await;
    node.open("flood").await;
    let load = Load::start(&node, "flood", 5, 21).await;
    load.until(500).await;
    for engine in ["sled", "fjall", "fjall"] {
        let before = load.so_far().len();
        let (code, told) =
            beside(words(&["compact", "--engine", engine, "--node", &node.address()])).await;
        assert_eq!(code, 0, "{told}");
        assert_eq!(node.status().await.store.unwrap().engine, engine);
        load.until(before + 50).await;
    }
    node.kill();
    let acknowledged = load.end().await;
    let mut node = home.start().await;
    assert_eq!(stores(home.data()).len(), 1, "an old store stays on the disk");
    check_held(&acknowledged, &held(&node).await, "after three rewritings");
    assert!(node.verdict().await.sound);
    // Without readers the old store goes at once.
    let (code, told) = beside(words(&["compact", "--node", &node.address()])).await;
    assert_eq!(code, 0, "{told}");
    assert_eq!(stores(home.data()).len(), 1, "an old store stays on the disk");
    node.stop();
    let (code, told) = said(&run(&["verify", "--data", home.data().to_str().unwrap()]));
    assert_eq!(code, 0, "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rewriting_that_nobody_waits_for_or_that_is_killed_leaves_the_old_store_in_use() {
    let home = Home::of("fjall");
    let mut node = home.start().await;
    node.open("flood").await;
    let mut names = Vec::new();
    for _ in 0..20 {
        let items = (0..500).map(|_| item(&observation("flood", "x"))).collect();
        names.extend(
            outcomes(node.publish(items).await.unwrap()).into_iter().map(|o| o.unwrap().name),
        );
    }
    let request = CompactStoreRequest { engine: "sled".into() };
    let mut stream = node.node().compact_store(request.clone()).await.unwrap().into_inner();
    assert!(!stream.message().await.unwrap().unwrap().finished);
    drop(stream);
    // It ends, whatever the outcome, and another may begin.
    let until = std::time::Instant::now() + std::time::Duration::from_secs(30);
    while stores(home.data()).len() > 1 {
        assert!(std::time::Instant::now() < until, "half a store stays on the disk");
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    node.put(&observation("flood", "goes on")).await;
    let mut stream = node.node().compact_store(request).await.unwrap().into_inner();
    let _ = stream.message().await.unwrap().unwrap();
    node.kill();
    let node = home.start().await;
    assert_eq!(stores(home.data()).len(), 1);
    assert_eq!(node.list(of_incident("flood")).await.len(), names.len() + 1);
    assert!(node.verdict().await.sound);
}
