//! What a checkpoint left out, when it comes later to the store of a real node: whole in the end,
//! right at every step of the way, and nothing that forked is merged meanwhile.

use std::{collections::BTreeSet, fs, ops::ControlFlow, path::Path, sync::Arc};

use polder::{
    backup::{self, Pinned},
    maintain,
    node::{self, Node},
    store::{
        engine::{Batch, EngineError, Tree},
        log::Log,
        memory::Disk,
        rows::record_key,
    },
};
use polder_picture::{
    admit::{Group, ReceiveError},
    clock::Clock,
    fill::{Fill, Gap},
    picture::Picture,
    record::{Head, Signer},
    suffix::Suffix,
};
use polder_wire::v1::*;

use crate::{
    harness::*,
    jumped_stores::problem,
    jumps::{Written, author, author_of, bring_rest, dump, leap, write},
    receiving::{bring, listed, open, patiently, scope},
};

fn gap(picture: &Picture) -> Option<Gap> {
    picture.gaps().next()
}

/// The next piece of a feed, as a node that holds all of it gives it for so many bytes.
fn piece(from: &Log, written: &Written, gap: Gap, bytes_max: usize) -> Fill {
    let (feed, last) = (written.name.id(), gap.edge.sequence);
    let envelopes = from.read_before(feed, last, (0, None), bytes_max).unwrap();
    Fill::verify(&written.key, gap, envelopes).unwrap()
}

/// Brings the next piece, if anything is missing.
async fn fill(from: &Node, written: &Written, to: &Arc<Node>, bytes_max: usize) -> Option<Head> {
    let gap = gap(&to.picture.read())?;
    let piece = piece(&from.log(), written, gap, bytes_max);
    let after = piece.after();
    assert_eq!(to.fill(piece.clone(), scope()).await.unwrap().unwrap(), after);
    // Again, from a neighbour that was slower: nothing is written twice.
    let lsn = to.picture.read().lsn();
    to.fill(piece, scope()).await.unwrap().unwrap();
    assert_eq!(to.picture.read().lsn(), lsn);
    Some(after)
}

async fn versions(node: &Running, entry: &Entry) -> (Vec<String>, bool) {
    let mut names = Vec::new();
    let mut request =
        ListEntryVersionsRequest { name: entry.name.clone(), page_size: 7, ..Default::default() };
    loop {
        let answer = node.picture().list_entry_versions(request.clone()).await.unwrap();
        let answer = answer.into_inner();
        names.extend(answer.versions.iter().map(|version| decode(version).version));
        if answer.next_page_token.is_empty() {
            return (names, answer.earlier_versions_left_out);
        }
        request.page_token = answer.next_page_token;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_left_out_comes_later_and_the_store_is_right_at_every_step() {
    let (home, entries) = author().await;
    let (from, from_writer) = open(home.data());
    let written = Written::of(&from);
    let all = Home::new();
    let (whole, whole_writer) = open(all.data());
    bring(&from, &whole, 10_000).await;
    let expected = dump(&whole.picture.read());
    let records = whole.picture.read().lsn();
    node::close(whole, whole_writer);
    for (engine, other) in [("fjall", "sled"), ("sled", "fjall")] {
        let there = Home::of(engine);
        let (mut node, mut writer) = open(there.data());
        leap(&written, &node).await;
        bring_rest(&from, &node).await;
        let mut steps = 0;
        let mut edges = BTreeSet::new();
        while let Some(edge) = fill(&from, &written, &node, 5_000).await {
            steps += 1;
            assert!(edges.insert(edge.sequence) && dump(&node.picture.read()) == expected);
            let rows = node.log().covered().unwrap();
            let missing = rows.get(&written.name.id()).map_or(0, |row| row.left_out());
            assert_eq!(node.picture.read().lsn() + missing, records);
            // What is held without gaps is given on, and nothing before.
            let feed = written.name.id();
            let given = node.log().read_suffix(feed, edge.sequence, usize::MAX).unwrap();
            assert_eq!(given, written.envelopes[edge.sequence as usize..]);
            if edge.sequence > 0 {
                let before = node.log().read_suffix(feed, edge.sequence - 1, usize::MAX).unwrap();
                assert!(before.is_empty());
            }
            if steps % 4 == 1 {
                node::close(node, writer);
                assert_eq!(problem(there.data()), "");
                let backup = there.beside(&format!("backup {steps}"));
                let restored = there.beside(&format!("restored {steps}"));
                must(&["backup", text_of(&backup), "--data", text_of(there.data())]);
                must(&["restore", text_of(&backup), "--data", text_of(&restored)]);
                assert_eq!(problem(&restored), "");
                (node, writer) = open(&restored);
                assert_eq!(dump(&node.picture.read()), expected);
                let gap = gap(&node.picture.read()).map_or(0, |gap| gap.edge.sequence);
                assert_eq!(gap, edge.sequence, "a restored node goes on where it was");
                node::close(node, writer);
                (node, writer) = open(there.data());
                assert_eq!(dump(&node.picture.read()), expected);
            }
            if steps == 2 {
                maintain::compact(&node, other, &mut |_| ControlFlow::Continue(())).unwrap();
                assert_eq!(dump(&node.picture.read()), expected);
            }
        }
        assert!(steps > 5, "{steps} steps");
        assert!(node.log().covered().unwrap().is_empty());
        assert_eq!(node.picture.read().lsn(), records);
        node::close(node, writer);
        assert_eq!(problem(there.data()), "");
        as_whole(&all, &there, &entries[1]).await;
    }
    node::close(from, from_writer);
}

fn text_of(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// All that a node holds, as it goes on a stick.
async fn bundle_of(home: &Home) -> Vec<u8> {
    let mut running = home.start().await;
    let bundle = home.beside("bundle");
    must(&["export", "--to", text_of(&bundle), "--node", &running.address()]);
    assert!(running.stop().success());
    fs::read(bundle).unwrap()
}

/// Two nodes show and give the same.
async fn as_whole(all: &Home, filled: &Home, entry: &Entry) {
    let (mut whole, mut node) = (all.start().await, filled.start().await);
    assert_eq!(listed(&node).await, listed(&whole).await);
    let (names, left_out) = versions(&node, entry).await;
    assert_eq!((names.len(), left_out), (40, false));
    assert_eq!(names, versions(&whole, entry).await.0, "the oldest first, though it came last");
    let status = node.status().await;
    assert_eq!(status.covered_record_count, 0);
    assert!(status.feeds.iter().all(|feed| feed.covered_sequence == 0));
    assert!(node.verdict().await.sound);
    let address = node.address();
    let bundle = filled.beside("whole bundle");
    let told = must(&["export", "--to", text_of(&bundle), "--node", &address]);
    assert!(!told.contains("FEED_COVERED"), "{told}");
    let close = CloseIncidentRequest {
        name: "incidents/flood".into(),
        reason: "it is over".into(),
        ..Default::default()
    };
    node.incidents().close_incident(close).await.unwrap();
    let archive = filled.beside("whole archive");
    must(&["archive", "flood", "--out", text_of(&archive), "--node", &address]);
    must(&["verify", "--archive", text_of(&archive)]);
    assert!(node.stop().success() && whole.stop().success());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_holds_what_was_there_when_it_began_whatever_comes_meanwhile() {
    let (home, _) = author().await;
    let (from, from_writer) = open(home.data());
    let written = Written::of(&from);
    for before in [0, 2] {
        let there = Home::new();
        let (node, writer) = open(there.data());
        leap(&written, &node).await;
        bring_rest(&from, &node).await;
        for _ in 0..before {
            fill(&from, &written, &node, 2_000).await.unwrap();
        }
        let (pinned, shown) = (Pinned::of(&node).unwrap(), dump(&node.picture.read()));
        let edge = gap(&node.picture.read()).unwrap().edge;
        while fill(&from, &written, &node, 2_000).await.is_some() {}
        let mut file = Vec::new();
        backup::write(&node.log(), node.identity(), pinned, None, &mut |bytes, _| {
            file.extend_from_slice(&bytes);
            ControlFlow::Continue(())
        })
        .unwrap();
        node::close(node, writer);
        let path = there.beside("restored");
        backup::restore(&file[..], &path, "fjall", &mut |_, _| ()).unwrap();
        assert_eq!(problem(&path), "");
        let (node, writer) = open(&path);
        assert_eq!(dump(&node.picture.read()), shown);
        assert_eq!(gap(&node.picture.read()).unwrap().edge, edge);
        while fill(&from, &written, &node, 2_000).await.is_some() {}
        node::close(node, writer);
        assert_eq!(problem(&path), "");
    }
    node::close(from, from_writer);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fork_before_the_checkpoint_is_refused_until_the_records_before_it_have_come() {
    let (home, entries) = author().await;
    // The same key goes on apart, from before the checkpoint.
    let early = home.beside("early");
    let mut running = Running::start(&early, &[]).await;
    write(&running, &entries[1..2], 150).await;
    assert!(running.stop().success());
    let (from, from_writer) = open(home.data());
    let (early, early_writer) = open(&early);
    let (written, other) = (Written::of(&from), Written::of(&early));
    let mut shown = Vec::new();
    for jumps in [false, true] {
        let there = Home::new();
        let (node, writer) = open(there.data());
        if jumps {
            leap(&written, &node).await;
            loop {
                let taken = node.receive(vec![(other.suffix(0), scope())]).await.unwrap();
                let Err(ReceiveError::Refused(refusal)) = &taken[0] else { break };
                assert_eq!(refusal.reason, "FEED_COVERED");
                let before = dump(&node.picture.read());
                fill(&from, &written, &node, 2_000).await.expect("it waits for something");
                assert_eq!(dump(&node.picture.read()), before, "nothing is merged meanwhile");
            }
        } else {
            bring(&from, &node, 10_000).await;
            node.receive(vec![(other.suffix(0), scope())]).await.unwrap().pop().unwrap().unwrap();
        }
        bring_rest(&from, &node).await;
        assert_eq!(node.picture.read().forks(), 1);
        // What is still missing before the fork comes all the same.
        while fill(&from, &written, &node, 2_000).await.is_some() {}
        let built = dump(&node.picture.read());
        node::close(node, writer);
        assert_eq!(problem(there.data()), "");
        let (node, writer) = open(there.data());
        assert_eq!(dump(&node.picture.read()), built, "opened as it was rebuilt");
        node::close(node, writer);
        shown.push(built);
    }
    assert_eq!(shown[0], shown[1], "both branches are shown, as to whoever held all of it");
    node::close(from, from_writer);
    node::close(early, early_writer);
}

#[tokio::test(flavor = "multi_thread")]
async fn records_that_came_later_and_are_gone_or_too_many_are_found() {
    let (home, _) = author().await;
    let (from, from_writer) = open(home.data());
    let written = Written::of(&from);
    for engine in ["fjall", "sled"] {
        for gone in [true, false] {
            let there = Home::of(engine);
            let (node, writer) = open(there.data());
            leap(&written, &node).await;
            let edge = fill(&from, &written, &node, 2_000).await.unwrap().sequence;
            let feed = written.name.id();
            let (at, value) = if gone {
                let (first, _) = node.log().chunk(feed, edge + 1).unwrap().unwrap();
                (first, None)
            } else {
                let (_, chunk) = from.log().chunk(feed, edge).unwrap().unwrap();
                (edge, Some(prost::Message::encode_to_vec(&chunk)))
            };
            node::close(node, writer);
            let (directory, log, _) = patiently(|| maintain::open_offline(there.data()).ok());
            let damage = (Tree::Records, record_key(feed, at).to_vec(), value);
            log.engine().commit(Batch { writes: vec![damage] }).unwrap();
            log.close().unwrap();
            drop(directory);
            let found = problem(there.data());
            assert!(found.starts_with(&format!("{at} ")), "{engine}, gone {gone}: {found:?}, {at}");
        }
    }
    node::close(from, from_writer);
}

#[tokio::test(flavor = "multi_thread")]
async fn cut_off_at_any_commit_a_piece_is_there_whole_or_not_at_all() {
    let (home, _) = author().await;
    let (from, from_writer) = open(home.data());
    let written = Written::of(&from);
    let signer = Signer::new(&[9; 32]);
    let commit = |log: &Log, picture: &mut Picture, bytes_max: usize| {
        let mut clock = Clock::default();
        let mut group = Group::new(picture, &signer, &mut clock);
        match gap(picture) {
            None => drop(group.leap(written.jump(), &scope(), 1).unwrap()),
            Some(gap) => {
                let piece = piece(&from.log(), &written, gap, bytes_max);
                let (first, last) = (piece.after().sequence + 1, piece.edge().sequence);
                let held = log.held_between(written.name.id(), first, last).unwrap();
                group.fill(piece, &held, &scope(), 1).unwrap();
            }
        }
        let sealed = group.seal();
        log.append(picture, &sealed, picture.lsn() + 1, 1, Vec::new())?;
        picture.install(&sealed);
        Ok::<(), EngineError>(())
    };
    let mut ends = Vec::new();
    for cut_at in 0..4 {
        let disk = Disk::default();
        let mut log = Log::new(disk.open().unwrap());
        let mut picture = Picture::default();
        for at in 0.. {
            if at == cut_at {
                disk.fail_next(EngineError::NoSpace("told to".to_owned()));
                assert!(commit(&log, &mut picture, 4_000).is_err());
                drop(log);
                log = Log::new(disk.open().unwrap());
                let opened = log.open().unwrap().picture;
                assert_eq!(dump(&opened), dump(&picture));
                assert_eq!(gap(&opened), gap(&picture));
                picture = opened;
            }
            commit(&log, &mut picture, 4_000).unwrap();
            if gap(&picture).is_none() {
                assert!(at >= 4, "cut in the middle");
                break;
            }
        }
        drop(log);
        let log = Log::new(disk.open().unwrap());
        let opened = log.open().unwrap().picture;
        assert_eq!(dump(&opened), dump(&picture));
        assert!(gap(&opened).is_none() && log.covered().unwrap().is_empty());
        ends.push(dump(&opened));
    }
    assert!(ends.iter().all(|end| *end == ends[0]));
    node::close(from, from_writer);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_without_its_content_comes_without_it_and_the_feed_becomes_whole() {
    let (home, entries) = author().await;
    let (from, from_writer) = open(home.data());
    let written = Written::of(&from);
    let there = Home::new();
    let (node, writer) = open(there.data());
    leap(&written, &node).await;
    bring_rest(&from, &node).await;
    let shown = dump(&node.picture.read());
    let edge = gap(&node.picture.read()).unwrap();
    let mut envelopes = written.envelopes[..edge.edge.sequence as usize].to_vec();
    // Somebody erased what some of them said.
    envelopes.iter_mut().step_by(5).for_each(|envelope| envelope.payload = None);
    let piece = Fill::verify(&written.key, edge, envelopes).unwrap();
    assert_eq!(node.fill(piece, scope()).await.unwrap().unwrap(), Head::default());
    assert_eq!(dump(&node.picture.read()), shown);
    node::close(node, writer);
    assert_eq!(problem(there.data()), "");
    let node = there.start().await;
    assert_eq!(versions(&node, &entries[1]).await.0.len(), 40);
    assert_eq!(node.status().await.covered_record_count, 0);
    node::close(from, from_writer);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stick_that_brings_the_whole_feed_fills_it_and_one_that_ends_too_early_says_what_is_missing()
 {
    let (home, _) = author().await;
    let bundle = bundle_of(&home).await;
    let (from, from_writer) = open(home.data());
    let written = Written::of(&from);
    let there = Home::new();
    let (node, writer) = open(there.data());
    leap(&written, &node).await;
    bring_rest(&from, &node).await;
    fill(&from, &written, &node, 2_000).await.unwrap();
    let (before, edge) = (dump(&node.picture.read()), gap(&node.picture.read()).unwrap());
    let row = |node: &Node| node.log().covered_of(written.name.id()).unwrap();
    let missing = row(&node).unwrap().left_out();
    // Somebody who holds no more than the first forty wrote a bundle too.
    let signed = written.envelopes[39..].iter().position(|one| !one.signature.is_empty());
    let first = written.envelopes[..40 + signed.unwrap()].to_vec();
    let brought = first.len() as i64;
    assert!((brought as u64) < edge.edge.sequence);
    let first = Suffix::verify(&written.key, written.name, Head::default(), first).unwrap();
    let early = Home::new();
    let (some, some_writer) = open(early.data());
    some.receive(vec![(first, scope())]).await.unwrap().pop().unwrap().unwrap();
    node::close(some, some_writer);
    let too_short = bundle_of(&early).await;
    let import = async |bytes: &[u8]| {
        let mut importer = polder::bundle::import::Importer::new(Arc::clone(&node));
        importer.push(bytes).await.unwrap();
        importer.finish().await.unwrap()
    };
    // It ends before the first record that is held: nothing joins on to that.
    let report = import(&too_short).await;
    let told = report.refusals.iter().find(|refusal| refusal.reason == "FEED_COVERED");
    let told = told.unwrap_or_else(|| panic!("{report:?}"));
    assert_eq!((told.first_sequence, told.last_sequence), (1, brought));
    let refused: i64 = report.lanes.iter().map(|lane| lane.records_refused).sum();
    assert_eq!(refused, brought);
    assert_eq!(gap(&node.picture.read()), Some(edge));
    let report = import(&bundle).await;
    assert!(report.complete && report.refusals.is_empty(), "{report:?}");
    let taken: i64 = report.lanes.iter().map(|lane| lane.records_taken).sum();
    assert_eq!(taken, missing as i64);
    assert_eq!((dump(&node.picture.read()), gap(&node.picture.read())), (before, None));
    assert!(row(&node).is_none());
    let (report, held) = (import(&bundle).await, written.envelopes.len() as i64);
    assert!(report.lanes.iter().all(|lane| lane.records_taken == 0), "{report:?}");
    assert!(report.lanes.iter().any(|lane| lane.records_held >= held), "{report:?}");
    node::close(node, writer);
    node::close(from, from_writer);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stick_with_more_than_may_wait_fills_from_the_end_and_again_until_all_is_there() {
    let long = |n: u32| {
        let mut entry = observation("flood", &format!("entry {n}"));
        entry.texts[0].body = "the water rises ".repeat(1_200);
        entry
    };
    let (home, _) = author_of((0..3).map(long).collect()).await;
    let bundle = bundle_of(&home).await;
    let (from, from_writer) = open(home.data());
    let written = Written::of(&from);
    let there = Home::new();
    let (node, writer) = open(there.data());
    leap(&written, &node).await;
    bring_rest(&from, &node).await;
    let shown = dump(&node.picture.read());
    let missing = async |waiting_bytes_max: usize| {
        let mut importer =
            polder::bundle::import::Importer::within(Arc::clone(&node), waiting_bytes_max);
        importer.push(&bundle).await.unwrap();
        let report = importer.finish().await.unwrap();
        assert_eq!(dump(&node.picture.read()), shown);
        let told = report.refusals.into_iter().find(|refusal| refusal.reason == "FEED_COVERED");
        let edge = gap(&node.picture.read()).map(|gap| gap.edge.sequence);
        (edge, told.map(|told| (told.last_sequence as u64, told.sentence)))
    };
    let first = gap(&node.picture.read()).unwrap().edge.sequence;
    // Not one record of it fits: nothing comes, and that is said.
    let (edge, told) = missing(10_000).await;
    assert_eq!(edge, Some(first));
    assert!(told.unwrap().1.contains("import the bundle again"));
    let (mut last, mut times) = (first, 0);
    loop {
        let (edge, told) = missing(600_000).await;
        times += 1;
        let Some(edge) = edge else {
            assert_eq!(told, None);
            break;
        };
        assert!(edge < last, "the edge stays at {edge}");
        let (up_to, sentence) = told.unwrap();
        assert!(
            up_to == edge && sentence.contains("import the bundle again"),
            "{up_to} {sentence}"
        );
        last = edge;
    }
    assert!(times > 1, "all of it fitted at once");
    node::close(node, writer);
    assert_eq!(problem(there.data()), "");
    node::close(from, from_writer);
}
