//! A store that is put back to an older copy of itself: the best known way to lose records that
//! were acknowledged, because the next ones take their numbers.

use std::{
    fs,
    path::Path,
    time::{Duration, Instant},
};

use polder::slow_line::State;
use polder_wire::v1::{FeedStatus, GetNodeStatusRequest, node_service_client::NodeServiceClient};

use crate::{
    harness::*,
    region::{FAST, Pair, become_one, dialling, held},
};

const PATIENCE: Duration = Duration::from_secs(90);

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        let to = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &to);
        } else {
            fs::copy(entry.path(), to).unwrap();
        }
    }
}

fn put_back(copied: &Path, data: &Path) {
    fs::remove_dir_all(data).unwrap();
    copy(copied, data);
}

async fn put_some(node: &Running, count: usize, title: &str) {
    for at in 0..count {
        let mut entry = observation("flood", &format!("{title} {at}"));
        if at % 2 == 0 {
            entry.assessment.get_or_insert_default().urgency =
                polder_wire::v1::Urgency::Immediate.into();
        }
        node.put(&entry).await;
    }
}

/// Waits until a node answers with another key than this one. It stops and starts meanwhile.
async fn has_a_new_key(node: &Running, old: &str) {
    let until = Instant::now() + PATIENCE;
    loop {
        let said = || node.stderr.lock().unwrap().clone();
        assert!(Instant::now() < until, "the key did not retire: {}", said());
        if let Ok(channel) = endpoint(node.listen).connect().await
            && let Ok(status) =
                NodeServiceClient::new(channel).get_node_status(GetNodeStatusRequest {}).await
            && status.get_ref().node != old
        {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Where the feeds end, whoever is asked.
async fn feeds(node: &Running) -> Vec<FeedStatus> {
    let mut feeds = node.status().await.feeds;
    feeds.sort_by(|a, b| a.feed.cmp(&b.feed));
    feeds
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_put_back_to_an_older_copy_takes_a_new_key_and_gets_everything_back() {
    for engine in ["fjall", "sled"] {
        let mut pair = Pair::start(engine, FAST).await;
        pair.b.open("flood").await;
        put_some(&pair.b, 5, "before the copy").await;
        become_one(&[&pair.a, &pair.b], 5, PATIENCE).await;
        let first = pair.b.status().await.node;
        pair.b.stop();
        let copied = pair.homes[1].beside("copied");
        copy(pair.homes[1].data(), &copied);
        pair.start_b().await;
        put_some(&pair.b, 5, "after the copy").await;
        become_one(&[&pair.a, &pair.b], 10, PATIENCE).await;
        pair.b.stop();
        put_back(&copied, pair.homes[1].data());

        pair.start_b().await;
        has_a_new_key(&pair.b, &first).await;
        become_one(&[&pair.a, &pair.b], 10, PATIENCE).await;
        put_some(&pair.b, 1, "with the new key").await;
        become_one(&[&pair.a, &pair.b], 11, PATIENCE).await;
        for node in [&pair.a, &pair.b] {
            assert!(feeds(node).await.iter().all(|feed| !feed.forked), "nothing was written twice");
            assert!(node.verdict().await.sound);
        }
        // It stays so.
        assert!(pair.b.stop().success());
        pair.start_b().await;
        become_one(&[&pair.a, &pair.b], 11, PATIENCE).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_that_wrote_while_cut_off_forks_and_both_branches_are_kept_everywhere() {
    for engine in ["fjall", "sled"] {
        let mut pair = Pair::start(engine, FAST).await;
        // One more, that reaches the first only and never hears of the copy by itself.
        let home = Home::new();
        let line = polder::slow_line::SlowLine::open(pair.a.listen, FAST).await.unwrap();
        let c = dialling(&home, &[&line]).await;
        pair.b.open("flood").await;
        let shared = pair.b.put(&observation("flood", "changed in both")).await;
        put_some(&pair.b, 4, "before the copy").await;
        become_one(&[&pair.a, &pair.b, &c], 5, PATIENCE).await;
        pair.b.stop();
        let copied = pair.homes[1].beside("copied");
        copy(pair.homes[1].data(), &copied);
        pair.start_b().await;
        let changed = |title: &str| {
            let mut entry = observation("flood", title);
            entry.name.clone_from(&shared.name);
            entry
        };
        pair.b.put(&changed("by the original")).await;
        put_some(&pair.b, 4, "by the original").await;
        become_one(&[&pair.a, &pair.b, &c], 9, PATIENCE).await;
        pair.b.stop();
        put_back(&copied, pair.homes[1].data());
        pair.line.set(State::Cut);
        pair.start_b().await;
        pair.b.put(&changed("by the copy")).await;
        put_some(&pair.b, 6, "by the copy").await;
        assert_eq!(held(&pair.b).await.len(), 11);

        let first = pair.b.status().await.node;
        pair.line.set(State::Open);
        has_a_new_key(&pair.b, &first).await;
        // Five before, of which one changed twice apart: its two versions stand side by side.
        become_one(&[&pair.a, &pair.b, &c], 4 + 4 + 6 + 2, PATIENCE).await;
        put_some(&pair.b, 1, "with the new key").await;
        put_some(&c, 1, "from the third").await;
        become_one(&[&pair.a, &pair.b, &c], 18, PATIENCE).await;
        let ends = feeds(&pair.a).await;
        assert!(ends.iter().any(|feed| feed.forked), "{ends:?}");
        assert!(ends.iter().filter(|feed| !feed.branch_of.is_empty()).count() >= 2);
        for node in [&pair.a, &pair.b, &c] {
            assert_eq!(feeds(node).await, ends);
            let (shown, rivals) = node.get(&shared.name).await.unwrap();
            let mut titles: Vec<_> =
                std::iter::once(&shown).chain(&rivals).map(|e| &*e.texts[0].title).collect();
            titles.sort_unstable();
            assert_eq!(titles, ["by the copy", "by the original"]);
            assert!(node.verdict().await.sound);
        }
        // A person decides, on any node, and that holds everywhere.
        let (shown, rivals) = c.get(&shared.name).await.unwrap();
        let named: Vec<_> = std::iter::once(&shown).chain(&rivals).map(|e| &*e.version).collect();
        c.try_put(replacing(&changed("decided"), &named)).await.unwrap();
        become_one(&[&pair.a, &pair.b, &c], 17, PATIENCE).await;
        for node in [&pair.a, &pair.b, &c] {
            let (shown, rivals) = node.get(&shared.name).await.unwrap();
            assert_eq!((&*shown.texts[0].title, rivals.len()), ("decided", 0));
        }
        // And all of it survives a start, and a compaction.
        pair.a.stop();
        pair.start_a().await;
        become_one(&[&pair.a, &pair.b, &c], 17, PATIENCE).await;
        assert_eq!(feeds(&pair.a).await, feeds(&c).await);
        must(&["compact", "--node", &c.address()]);
        assert!(c.verdict().await.sound);
        become_one(&[&pair.a, &pair.b, &c], 17, PATIENCE).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fence_tells_of_an_older_copy_before_anything_is_written() {
    let home = Home::new();
    let fence = home.beside("fence.toml");
    let args = ["--fence", fence.to_str().unwrap()];
    let mut node = Running::start(home.data(), &args).await;
    node.open("flood").await;
    let first = node.status().await.node;
    node.stop();
    let copied = home.beside("copied");
    copy(home.data(), &copied);
    let mut node = Running::start(home.data(), &args).await;
    assert_eq!(node.status().await.node, first, "an ordinary start keeps the key");
    put_some(&node, 3, "lost").await;
    let lsn = node.status().await.lsn;
    let told = || fs::read_to_string(&fence).unwrap().contains(&format!("lsn = {lsn}\n"));
    while !told() {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    node.stop();
    put_back(&copied, home.data());
    let mut node = Running::start(home.data(), &args).await;
    assert_ne!(node.status().await.node, first);
    put_some(&node, 1, "after").await;
    assert!(node.verdict().await.sound);
    let second = node.status().await.node;
    node.stop();
    let node = Running::start(home.data(), &args).await;
    assert_eq!(node.status().await.node, second);
}
