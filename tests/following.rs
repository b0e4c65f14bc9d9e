//! Following: what a subscriber holds is what the node holds, whatever happens between them.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "following/copy.rs"]
mod copy;
mod harness;

use std::{
    sync::atomic::{AtomicBool, AtomicUsize, Ordering},
    time::{Duration, Instant},
};

use copy::{Copy, start, token};
use harness::*;
use polder_wire::v1::{subscribe_response::Event, *};
use tonic::Code;
use uuid::Uuid;

fn state(filter: EntryFilter) -> SubscribeRequest {
    SubscribeRequest { filter: Some(filter), ..Default::default() }
}

fn log(filter: EntryFilter) -> SubscribeRequest {
    SubscribeRequest { mode: SubscribeMode::Log.into(), ..state(filter) }
}

/// Writes new entries, new versions, rivals and retractions until it has done `count`.
async fn write(node: &Running, incident: &str, seed: u64, count: usize) {
    let mut random = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut next = move || {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        random >> 20
    };
    // Few, so that writers meet each other.
    let name =
        |at: u64| format!("incidents/{incident}/entries/{}", Uuid::from_u128(u128::from(at) + 1));
    for at in 0..count {
        let entry = Entry {
            name: name(next() % 24),
            place: format!("{seed} {at}"),
            discipline: (next() % 3) as i32,
            ..observation(incident, "x")
        };
        match next() % 8 {
            0 => drop(node.retract(&entry.name, "x").await),
            1 => drop(node.try_put(replacing(&entry, &[])).await.unwrap()),
            2 => {
                let items =
                    (0..5).map(|_| item(&Entry { name: name(next() % 24), ..entry.clone() }));
                drop(node.publish(items.collect()).await.unwrap());
            }
            _ => drop(node.put(&entry).await),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_snapshot_and_what_follows_add_up_to_the_picture_under_concurrent_writes() {
    for engine in ["fjall", "sled"] {
        let home = Home::of(engine);
        let node = home.start().await;
        node.open("flood").await;
        node.open("other").await;
        write(&node, "flood", 1, 60).await;
        let water = EntryFilter { disciplines: vec![2], ..Default::default() };
        let rivals = EntryFilter { only_contradictions: true, ..of_incident("flood") };
        let retracted = EntryFilter { include_retracted: true, ..of_incident("flood") };
        let words = EntryFilter { text: "2".into(), ..Default::default() };
        let filters =
            [EntryFilter::default(), of_incident("flood"), water, rivals, retracted, words];
        let writing = async {
            let writers = (2..6)
                .map(|seed| write(&node, if seed == 5 { "other" } else { "flood" }, seed, 60));
            futures::future::join_all(writers).await;
            node.put(&observation("flood", "the end")).await;
        };
        let following = filters.iter().map(async |filter| {
            // Some start before, some in the middle of it.
            let mut copy = Copy::open(&node, state(filter.clone())).await;
            copy.follow_until_quiet(&node).await;
            copy
        });
        let (_, copies) = tokio::join!(writing, futures::future::join_all(following));
        for (number, (mut copy, filter)) in copies.into_iter().zip(&filters).enumerate() {
            copy.follow_until_quiet(&node).await;
            assert_eq!(copy.versions(), Copy::listed(&node, filter).await, "{engine} {number}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_tells_every_record_once_in_order_and_adds_up_to_the_picture() {
    let home = Home::new();
    let node = home.start().await;
    node.open("flood").await;
    write(&node, "flood", 1, 40).await;
    let mut copy = Copy::open(&node, log(of_incident("flood"))).await;
    let writers = (2..5).map(|seed| write(&node, "flood", seed, 40));
    let writing = futures::future::join_all(writers);
    let _ = tokio::join!(writing, copy.follow_until_quiet(&node));
    copy.follow_until_quiet(&node).await;
    let records = node.status().await.record_count as usize;
    // The incident's own data is one record and no entry.
    assert_eq!(copy.records.len(), records - 1);
    let unique: std::collections::BTreeSet<_> = copy.records.iter().collect();
    assert_eq!(unique.len(), copy.records.len(), "a record came twice");
    let all = EntryFilter { include_retracted: true, ..of_incident("flood") };
    assert_eq!(copy.current_of_log(), Copy::listed(&node, &all).await);
    // Of each feed in the order of its numbers.
    for pair in copy.records.windows(2) {
        let (a, b) = (pair[0].split_once('-').unwrap(), pair[1].split_once('-').unwrap());
        assert!(a.0 != b.0 || a.1.parse::<u64>().unwrap() < b.1.parse().unwrap());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_resumes_without_a_gap_after_restart_and_after_kill_9() {
    for engine in ["fjall", "sled"] {
        let home = Home::of(engine);
        let mut node = home.start().await;
        node.open("flood").await;
        write(&node, "flood", 1, 20).await;
        let filter = of_incident("flood");
        let mut by_state = Copy::open(&node, state(filter.clone())).await;
        let mut by_log = Copy::open(&node, log(filter.clone())).await;
        for round in 0..2 {
            by_state.follow_until_quiet(&node).await;
            by_log.follow_until_quiet(&node).await;
            // More is written that neither has read when the node goes.
            write(&node, "flood", 10 + round, 20).await;
            if round % 2 == 0 {
                node.kill();
            } else {
                assert_eq!(node.stop().code(), Some(0));
            }
            node = home.start().await;
            write(&node, "flood", 20 + round, 5).await;
            for copy in [&mut by_state, &mut by_log] {
                copy.resume(&node).await.unwrap();
                copy.follow_until_quiet(&node).await;
                assert_eq!(copy.resets, 0, "{engine} {round}");
            }
        }
        assert_eq!(by_state.versions(), Copy::listed(&node, &filter).await, "{engine}");
        let all = EntryFilter { include_retracted: true, ..filter };
        assert_eq!(by_log.current_of_log(), Copy::listed(&node, &all).await, "{engine}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_of_a_publication_or_a_list_starts_right_after_it() {
    let home = Home::new();
    let node = home.start().await;
    node.open("flood").await;
    let before = node.publish(vec![item(&observation("flood", "before"))]).await.unwrap().token;
    let listed = node.picture().list_entries(ListEntriesRequest::default()).await.unwrap();
    let listed = listed.into_inner().token;
    let after = observation("flood", "after");
    node.put(&after).await;
    for token_given in [before, listed] {
        let request = SubscribeRequest {
            require_continuity: true,
            start: token(&token_given),
            ..log(of_incident("flood"))
        };
        let mut copy = Copy::open(&node, request).await;
        copy.follow_until_quiet(&node).await;
        assert_eq!(copy.records.len(), 1);
        assert_eq!(copy.names(), std::slice::from_ref(&after.name));
    }
    // A stream's own token is bound to its question.
    let copy = Copy::open(&node, state(of_incident("flood"))).await;
    let request = SubscribeRequest {
        require_continuity: true,
        start: token(&copy.token),
        ..log(of_incident("flood"))
    };
    let refused = node.picture().subscribe(request).await.unwrap_err();
    assert_eq!(
        (refused.code(), &*reason(&refused)),
        (Code::InvalidArgument, "TOKEN_OF_OTHER_FILTER")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_cannot_be_honoured_is_a_reset_or_an_error_never_a_gap() {
    let (home, other_home) = (Home::new(), Home::new());
    let (node, other) = (home.start().await, other_home.start().await);
    for node in [&node, &other] {
        node.open("flood").await;
        node.put(&observation("flood", "x")).await;
    }
    let foreign = Copy::open(&other, state(EntryFilter::default())).await.token;
    for (token_given, why, code) in [
        (foreign.as_str(), "STORE_CHANGED", Code::FailedPrecondition),
        ("nonsense", "TOKEN_MALFORMED", Code::FailedPrecondition),
        ("", "TOKEN_MALFORMED", Code::FailedPrecondition),
    ] {
        let request =
            SubscribeRequest { start: token(token_given), ..state(EntryFilter::default()) };
        let strict = SubscribeRequest { require_continuity: true, ..request.clone() };
        let refused = node.picture().subscribe(strict).await.unwrap_err();
        assert_eq!((refused.code(), &*reason(&refused)), (code, why));
        let mut stream = node.picture().subscribe(request.clone()).await.unwrap().into_inner();
        let first = stream.message().await.unwrap().unwrap();
        assert!(matches!(first.event, Some(Event::Reset(_))), "the reset comes first");
        let mut copy = Copy::open(&node, request).await;
        copy.follow_until_quiet(&node).await;
        assert_eq!((copy.resets, copy.snapshots), (1, 1));
        assert_eq!(copy.versions(), Copy::listed(&node, &EntryFilter::default()).await);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_entry_that_stops_matching_or_is_retracted_is_told_to_have_left() {
    let home = Home::new();
    let node = home.start().await;
    node.open("flood").await;
    let water = Entry { discipline: Discipline::Water.into(), ..observation("flood", "x") };
    let gone = Entry { name: new_name("flood"), ..water.clone() };
    node.put(&water).await;
    node.put(&gone).await;
    let filter =
        EntryFilter { disciplines: vec![Discipline::Water.into()], ..of_incident("flood") };
    let mut copy = Copy::open(&node, state(filter.clone())).await;
    copy.follow_until_quiet(&node).await;
    assert_eq!(copy.names().len(), 2);
    node.put(&Entry { discipline: Discipline::Fire.into(), ..water.clone() }).await;
    node.retract(&gone.name, "x").await.unwrap();
    node.put(&observation("flood", "never matched")).await;
    copy.follow_until_quiet(&node).await;
    assert!(copy.names().is_empty());
    let mut left = vec![water.name.clone(), gone.name];
    left.sort();
    copy.left.sort();
    assert_eq!(copy.left, left);
    node.put(&water).await;
    copy.follow_until_quiet(&node).await;
    assert_eq!(copy.names(), std::slice::from_ref(&water.name), "it may come back");
    // One of two rivals matches still: both versions are told.
    node.try_put(replacing(&Entry { discipline: Discipline::Fire.into(), ..water.clone() }, &[]))
        .await
        .unwrap();
    copy.follow_until_quiet(&node).await;
    assert_eq!(copy.versions()[&water.name].len(), 2);
    assert_eq!(copy.versions(), Copy::listed(&node, &filter).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_of_an_incident_are_told_and_come_first_in_a_snapshot() {
    let home = Home::new();
    let node = home.start().await;
    let made = node.open("flood").await;
    node.create(incident("drill", Mode::Exercise)).await.unwrap();
    node.put(&observation("flood", "x")).await;
    let mut stream =
        node.picture().subscribe(state(EntryFilter::default())).await.unwrap().into_inner();
    let mut next = async || stream.message().await.unwrap().unwrap().event.unwrap();
    let Event::Incident(first) = next().await else { panic!("the incident comes first") };
    assert_eq!(first.name, "incidents/flood");
    assert!(matches!(next().await, Event::Changes(_)));
    assert!(matches!(next().await, Event::SnapshotEnd(_)));
    let update = UpdateIncidentRequest {
        incident: Some(Incident { phase: Phase::Warm.into(), ..made }),
        update_mask: Some(prost_types::FieldMask { paths: vec!["phase".into()] }),
        ..Default::default()
    };
    node.incidents().update_incident(update).await.unwrap();
    let Event::Incident(changed) = next().await else { panic!("the change is told") };
    assert_eq!(changed.phase(), Phase::Warm);
    node.open("second").await;
    let Event::Incident(opened) = next().await else { panic!("the new one is told") };
    assert_eq!(opened.name, "incidents/second");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_idle_stream_gives_a_sign_of_life_within_ten_seconds() {
    let home = Home::new();
    let node = home.start().await;
    let now = SubscribeRequest {
        start: start(subscribe_start::At::Now(NowStart {})),
        ..Default::default()
    };
    let mut stream = node.picture().subscribe(now).await.unwrap().into_inner();
    let first = stream.message().await.unwrap().unwrap();
    assert!(matches!(first.event, Some(Event::Progress(_))), "at once, with a token");
    let started = Instant::now();
    let next = tokio::time::timeout(Duration::from_secs(10), stream.message()).await;
    let message = next.expect("no sign of life").unwrap().unwrap();
    let Some(Event::Progress(progress)) = message.event else { panic!("no progress") };
    assert!(!progress.ending && progress.node_time.is_some() && !message.token.is_empty());
    assert!(started.elapsed() > Duration::from_secs(5));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_subscriber_that_stops_reading_slows_nobody_costs_no_memory_and_converges() {
    let home = Home::new();
    let node = home.start().await;
    node.open("flood").await;
    let mut entries: Vec<_> = (0..200).map(|_| observation("flood", "x")).collect();
    entries.iter_mut().for_each(|entry| entry.texts[0].body = "y".repeat(2000));
    let publish = async |node: &Running| {
        let started = Instant::now();
        node.publish(entries.iter().map(item).collect()).await.unwrap();
        started.elapsed()
    };
    for _ in 0..5 {
        publish(&node).await;
    }
    let mut alone = Vec::new();
    for _ in 0..10 {
        alone.push(publish(&node).await);
    }
    // Connections of their own, opened and then never read.
    let mut stalled = Vec::new();
    for _ in 0..20 {
        let mut client = picture(node.connect().await);
        let stream = client.subscribe(state(of_incident("flood"))).await.unwrap().into_inner();
        stalled.push((client, stream));
    }
    let before = node.memory();
    let mut beside = Vec::new();
    for _ in 0..60 {
        beside.push(publish(&node).await);
    }
    let grown = node.memory().saturating_sub(before);
    // Sixty rounds of 400 kB to twenty streams would be 480 MB if it were kept for each.
    assert!(grown < 120 << 20, "grew by {} MB", grown >> 20);
    alone.sort();
    beside.sort();
    let (alone, beside) = (alone[alone.len() / 2], beside[beside.len() / 2]);
    assert!(beside < alone * 5 + Duration::from_millis(50), "{beside:?} instead of {alone:?}");
    let last = Copy::listed(&node, &of_incident("flood")).await;
    let (_client, stream) = stalled.pop().unwrap();
    let mut copy = Copy::of(stream, state(of_incident("flood")));
    copy.follow_until_quiet(&node).await;
    assert_eq!(copy.versions(), last);
    assert!(copy.told < 60 * 200, "it got fewer, newer changes: {}", copy.told);
}

#[tokio::test(flavor = "multi_thread")]
async fn sigterm_ends_every_stream_in_order_with_a_token_that_works_afterwards() {
    let home = Home::new();
    let mut node = home.start().await;
    node.open("flood").await;
    write(&node, "flood", 1, 10).await;
    let filter = of_incident("flood");
    let mut copies = Vec::new();
    for at in 0..10 {
        let request = if at % 2 == 0 { state(filter.clone()) } else { log(filter.clone()) };
        copies.push(Copy::open(&node, request).await);
    }
    let started = Instant::now();
    node.signal_term();
    let ends = futures::future::join_all(copies.iter_mut().map(Copy::follow_to_end)).await;
    for (copy, end) in copies.iter().zip(ends) {
        assert!(end.is_ok(), "{end:?}");
        assert!(copy.ending, "the last message says that the node ends the stream");
    }
    assert_eq!(node.wait().code(), Some(0));
    assert!(started.elapsed() < Duration::from_secs(8), "{:?}", started.elapsed());
    let node = home.start().await;
    write(&node, "flood", 2, 10).await;
    for copy in &mut copies {
        copy.resume(&node).await.unwrap();
        copy.follow_until_quiet(&node).await;
    }
    assert_eq!(copies[0].versions(), Copy::listed(&node, &filter).await);
    assert_eq!(copies[0].snapshots, 1, "no second snapshot was needed");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_hundred_subscribers_at_once_all_hold_the_same_picture() {
    let home = Home::new();
    let node = home.start().await;
    node.open("flood").await;
    write(&node, "flood", 1, 20).await;
    let filters = [
        of_incident("flood"),
        EntryFilter::default(),
        EntryFilter { disciplines: vec![2], ..of_incident("flood") },
    ];
    let mut copies = Vec::new();
    for at in 0..200 {
        copies.push(Copy::open(&node, state(filters[at % 3].clone())).await);
    }
    assert_eq!(node.status().await.subscriber_count, 200);
    let following = copies.iter_mut().map(|copy| copy.follow_until_quiet(&node));
    let _ = tokio::join!(write(&node, "flood", 2, 60), futures::future::join_all(following));
    let mut listed = Vec::new();
    for filter in &filters {
        listed.push(Copy::listed(&node, filter).await);
    }
    for (at, copy) in copies.iter_mut().enumerate() {
        copy.follow_until_quiet(&node).await;
        assert_eq!(copy.versions(), listed[at % 3], "subscriber {at}");
    }
    drop(copies);
    let until = Instant::now() + Duration::from_secs(10);
    while node.status().await.subscriber_count > 0 {
        assert!(Instant::now() < until, "subscribers that left are still counted");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn following_goes_on_while_the_store_is_rewritten_under_it() {
    let home = Home::new();
    let node = home.start().await;
    node.open("flood").await;
    write(&node, "flood", 1, 40).await;
    let done = AtomicBool::new(false);
    let written = AtomicUsize::new(0);
    let mut copy = Copy::open(&node, state(of_incident("flood"))).await;
    let writing = async {
        while !done.load(Ordering::Relaxed) {
            let seed = written.fetch_add(1, Ordering::Relaxed) as u64 + 2;
            write(&node, "flood", seed, 5).await;
        }
    };
    let rewriting = async {
        for engine in ["sled", "fjall"] {
            let request = CompactStoreRequest { engine: engine.into() };
            let mut stream = node.node().compact_store(request).await.unwrap().into_inner();
            let mut finished = false;
            while let Some(message) = stream.message().await.unwrap() {
                finished |= message.finished;
            }
            assert!(finished);
            assert_eq!(node.status().await.store.unwrap().engine, engine);
        }
        done.store(true, Ordering::Relaxed);
    };
    let _ = tokio::join!(writing, rewriting);
    copy.follow_until_quiet(&node).await;
    assert_eq!(copy.versions(), Copy::listed(&node, &of_incident("flood")).await);
    assert!(node.verdict().await.sound);
}
