//! Newcomers: nodes that hold nothing yet get checkpoints, what these keep, and what follows; and
//! after everything else what they left out.

use std::time::{Duration, Instant};

use polder::slow_line::{Quality, SlowLine, State};
use polder_wire::v1::{
    CloseIncidentRequest, Entry, EntryFilter, ListEntryVersionsRequest, WatchLinksRequest,
};

use crate::harness::*;

const VERSIONS: usize = 120;
const WHOLE: &str = "[checkpoints]\ntake = false\n";
const USUAL: &str = "";
/// What comes later takes many seconds of it.
const THIN: Quality = Quality { bytes_per_second: Some(12_000), delay: Duration::from_millis(5) };

/// Starts a node that dials others, with more in its configuration.
async fn joining(home: &Home, to: &[std::net::SocketAddr], config: &str) -> Running {
    let dial = to.iter().map(|node| format!("[[peers.dial]]\naddress = \"{node}\"\n"));
    home.start_with(&format!("{config}{}", dial.collect::<String>())).await
}

/// Waits until something is so of a node.
async fn wait(node: &Running, what: &str, is_so: impl AsyncFn() -> bool) {
    let until = Instant::now() + Duration::from_secs(120);
    while !is_so().await {
        let said = || node.stderr.lock().unwrap().clone();
        assert!(Instant::now() < until, "never {what}:\n{}", said());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// All entries as a node shows them, with how they contradict one another.
async fn shown(node: &Running) -> Vec<Entry> {
    let filter = EntryFilter { include_retracted: true, ..Default::default() };
    let mut entries = node.list(filter).await;
    for entry in &mut entries {
        // When this very node stored it.
        entry.received_time = None;
        entry.rivals.sort();
    }
    entries.sort_by(|a, b| (&a.name, &a.version).cmp(&(&b.name, &b.version)));
    entries
}

async fn same(node: &Running, as_node: &Running) {
    wait(node, "the same picture", async || shown(node).await == shown(as_node).await).await;
}

async fn left_out(node: &Running) -> i64 {
    node.status().await.covered_record_count
}

async fn whole(node: &Running) {
    wait(node, "whole", async || left_out(node).await == 0).await;
}

/// Versions of an entry that a node holds, the oldest first, and whether it says that some are
/// missing.
async fn versions(node: &Running, name: &str) -> (Vec<String>, bool) {
    let request =
        ListEntryVersionsRequest { name: name.to_owned(), page_size: 1_000, ..Default::default() };
    let answer = node.picture().list_entry_versions(request).await.unwrap().into_inner();
    let names = answer.versions.iter().map(|version| decode(version).version);
    (names.collect(), answer.earlier_versions_left_out)
}

/// A node that wrote many versions of three entries and then, by itself, a checkpoint.
async fn author(home: &Home) -> Running {
    let node = home.start_with("[checkpoints]\nrecords_min = 60\n").await;
    node.open("flood").await;
    let entries: Vec<_> = (0..3).map(|n| observation("flood", &format!("entry {n}"))).collect();
    let before = node.status().await.record_count;
    let mut noise = 1_u64;
    for _ in 0..VERSIONS {
        let mut next = |entry: &Entry| {
            // Text that does not pack.
            let words = (0..8).map(|_| {
                noise = noise.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(99);
                format!("{noise:x} ")
            });
            item(&Entry { place: words.collect::<String>().trim().to_owned(), ..entry.clone() })
        };
        node.publish(entries.iter().map(&mut next).collect()).await.unwrap();
    }
    let due = before + 3 * VERSIONS as i64;
    // Some checkpoints, the last of them of nearly all.
    wait(&node, "a checkpoint", async || node.status().await.record_count > due).await;
    tokio::time::sleep(Duration::from_millis(2_500)).await;
    // And a tail, with versions that nothing overtakes yet.
    node.put(&observation("flood", "later")).await;
    node.put(&Entry { place: "last".into(), ..entries[0].clone() }).await;
    node
}

#[tokio::test(flavor = "multi_thread")]
async fn a_newcomer_shows_the_picture_by_checkpoint_and_later_holds_and_gives_everything() {
    let homes: Vec<_> = (0..5).map(|_| Home::new()).collect();
    let mut first = author(&homes[0]).await;
    let line = SlowLine::open(first.listen, THIN).await.unwrap();
    let mut relay = joining(&homes[1], &[line.address], USUAL).await;
    same(&relay, &first).await;
    let missing = left_out(&relay).await;
    assert!(missing > 100, "{missing} records are still to come");
    assert!(relay.verdict().await.sound);
    let last = shown(&relay).await.into_iter().find(|entry| entry.place == "last").unwrap();
    assert!(versions(&relay, &last.name).await.1, "what is not here is said");
    let request = WatchLinksRequest { once: true };
    let mut report = relay.node().watch_links(request).await.unwrap().into_inner();
    let report = report.message().await.unwrap().unwrap();
    assert!(report.earlier_record_count > 0);
    let told = must(&["links", "--once", "--node", &relay.address()]);
    assert!(told.contains("earlier records still to come"), "{told}");

    // The line goes, and the node dies in the middle of it: what came stays.
    line.set(State::Cut);
    let missing = left_out(&relay).await;
    relay.kill();
    let relay = joining(&homes[1], &[line.address], USUAL).await;
    let left = left_out(&relay).await;
    assert!(left > 0 && left <= missing, "{left} of {missing} are still to come");
    assert!(relay.verdict().await.sound);
    // Who hangs on it only is shown the same, and gets as much of the rest as there is.
    let behind = joining(&homes[2], &[relay.listen], USUAL).await;
    same(&behind, &first).await;
    wait(&behind, "as far", async || left_out(&behind).await == left).await;
    // Who takes whole feeds hears that this one is not there yet.
    let late = joining(&homes[3], &[relay.listen], WHOLE).await;
    wait(&late, "the reason", async || {
        late.stderr.lock().unwrap().contains("came here by a checkpoint")
    })
    .await;
    assert!(shown(&late).await.iter().all(|entry| entry.name != last.name));

    // The line is there again: all become whole, without anybody's doing.
    line.set(State::Open);
    for node in [&relay, &behind] {
        whole(node).await;
        same(node, &first).await;
    }
    same(&late, &first).await;
    let all = versions(&first, &last.name).await;
    assert_eq!((all.0.len(), all.1), (VERSIONS + 1, false));
    for node in [&relay, &behind, &late] {
        assert_eq!(versions(node, &last.name).await, all);
        assert!(node.verdict().await.sound);
    }
    let told = must(&["links", "--once", "--node", &relay.address()]);
    assert!(!told.contains("still to come"), "{told}");

    // The origin is gone for good. Who came by its checkpoint gives all of it, on a link and in
    // files.
    first.kill();
    drop(first);
    let third = joining(&homes[4], &[behind.listen], WHOLE).await;
    same(&third, &relay).await;
    assert_eq!(versions(&third, &last.name).await, all);
    let close = CloseIncidentRequest {
        name: "incidents/flood".into(),
        reason: "it is over".into(),
        ..Default::default()
    };
    relay.incidents().close_incident(close).await.unwrap();
    let (bundle, archive) = (homes[1].beside("bundle"), homes[1].beside("archive"));
    let (bundle, archive) = (bundle.to_str().unwrap(), archive.to_str().unwrap());
    must(&["export", "--to", bundle, "--node", &relay.address()]);
    must(&["archive", "flood", "--out", archive, "--node", &relay.address()]);
    must(&["verify", "--archive", archive]);
    let empty = Home::new();
    let stick = empty.start().await;
    must(&["import", bundle, "--node", &stick.address()]);
    assert_eq!(versions(&stick, &last.name).await, all);
}
