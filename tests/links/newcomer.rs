//! Newcomers: nodes that hold nothing yet get checkpoints, what these keep, and what follows.

use std::time::{Duration, Instant};

use polder_wire::v1::{Entry, EntryFilter, ListEntryVersionsRequest};

use crate::harness::*;

const VERSIONS: usize = 40;
const WHOLE: &str = "";
const SHORT: &str = "[checkpoints]\ntake = true\n";

/// Starts a node that dials others, with more in its configuration.
async fn joining(home: &Home, to: &[&Running], config: &str) -> Running {
    let dial = to.iter().map(|node| format!("[[peers.dial]]\naddress = \"{}\"\n", node.listen));
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

/// A node that wrote many versions of three entries and then, by itself, a checkpoint.
async fn author(home: &Home) -> Running {
    let node = home.start_with("[checkpoints]\nrecords_min = 60\n").await;
    node.open("flood").await;
    let entries: Vec<_> = (0..3).map(|n| observation("flood", &format!("entry {n}"))).collect();
    let before = node.status().await.record_count;
    for round in 0..VERSIONS {
        let next = |entry: &Entry| item(&Entry { place: format!("{round}"), ..entry.clone() });
        node.publish(entries.iter().map(next).collect()).await.unwrap();
    }
    let due = before + 3 * VERSIONS as i64;
    wait(&node, "a checkpoint", async || node.status().await.record_count > due).await;
    // And a tail, with versions that nothing overtakes yet.
    node.put(&observation("flood", "later")).await;
    node.put(&Entry { place: "last".into(), ..entries[0].clone() }).await;
    node
}

#[tokio::test(flavor = "multi_thread")]
async fn a_newcomer_by_checkpoint_shows_what_one_with_the_whole_history_shows() {
    let homes: Vec<_> = (0..5).map(|_| Home::new()).collect();
    let first = author(&homes[0]).await;
    let relay = joining(&homes[1], &[&first], SHORT).await;
    same(&relay, &first).await;
    let saved = left_out(&relay).await;
    assert!(saved > 60, "{saved} records were left out");
    assert!(relay.verdict().await.sound);
    let entry = shown(&relay).await.into_iter().find(|entry| entry.place == "last").unwrap();
    let versions = ListEntryVersionsRequest { name: entry.name, ..Default::default() };
    let versions = relay.picture().list_entry_versions(versions).await.unwrap().into_inner();
    assert!(versions.earlier_versions_left_out, "what is not here is said");

    // Who hangs on the relay only, and who takes the whole history.
    let mut behind = joining(&homes[2], &[&relay], SHORT).await;
    same(&behind, &first).await;
    assert_eq!(left_out(&behind).await, saved, "by the very checkpoint that the relay came by");
    let auditor = joining(&homes[3], &[&first], WHOLE).await;
    same(&auditor, &first).await;
    assert_eq!(left_out(&auditor).await, 0);
    assert_eq!(auditor.status().await.record_count, first.status().await.record_count);

    // What is written from now on reaches all, and a node that was away meanwhile.
    assert!(behind.stop().success());
    first.put(&observation("flood", "much later")).await;
    relay.put(&observation("flood", "from the relay")).await;
    same(&relay, &first).await;
    let behind = joining(&homes[2], &[&relay], SHORT).await;
    for node in [&behind, &auditor] {
        same(node, &first).await;
    }

    // Who takes whole feeds gets none of this one from the relay, hears why, and the whole of it
    // from another neighbour.
    let mut late = joining(&homes[4], &[&relay], WHOLE).await;
    wait(&late, "the reason", async || {
        late.stderr.lock().unwrap().contains("came here by a checkpoint")
    })
    .await;
    assert!(late.stop().success());
    let late = joining(&homes[4], &[&relay, &first], WHOLE).await;
    same(&late, &first).await;
    assert_eq!(left_out(&late).await, 0);
}
