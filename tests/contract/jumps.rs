//! Feeds that came by a checkpoint of their origin, in the store of a real node: opened again,
//! verified, copied, rebuilt and cut off they show what a node shows that took all records.

use std::{fs, path::Path, sync::Arc, time::Instant};

use ed25519_dalek::VerifyingKey;
use polder::node::{self, Node};
use polder_picture::{
    admit::{Act, Draft, ReceiveError, Supersedes},
    checkpoint::{Keeping, List},
    jump::Jump,
    link::codec::pack,
    picture::Picture,
    record::{Decoded, Head, Id, decode as decode_record, record_hash},
    suffix::{FeedName, Suffix},
};
use polder_wire::v1::*;
use uuid::Uuid;

use crate::{
    harness::*,
    receiving::{bring, listed, open, scope},
};

/// A feed that a node wrote, all of it.
pub struct Written {
    pub name: FeedName,
    pub key: VerifyingKey,
    pub envelopes: Vec<Envelope>,
}

impl Written {
    /// The node's own feed with the most records.
    pub fn of(node: &Node) -> Self {
        let heads = node.heads(scope().id()).into_iter();
        let own = heads.filter(|(name, _)| name.origin == node.key_id());
        let (name, _) = own.max_by_key(|(_, head)| head.sequence).unwrap();
        let key = VerifyingKey::from_bytes(node.identity().public_key[..].try_into().unwrap());
        let envelopes = node.log().read_suffix(name.id(), 0, usize::MAX).unwrap();
        Self { name, key: key.unwrap(), envelopes }
    }

    fn records(&self) -> Vec<Decoded> {
        self.envelopes.iter().map(|envelope| decode_record(envelope).unwrap()).collect()
    }

    fn head(&self, sequence: u64) -> Head {
        let Some(last) = sequence.checked_sub(1) else { return Head::default() };
        Head { sequence, hash: record_hash(&self.envelopes[last as usize].header) }
    }

    /// What a checkpoint of all its records says.
    fn list(&self) -> List {
        let mut keeping = Keeping::default();
        self.records().iter().for_each(|record| keeping.add(record));
        List::new(self.head(self.envelopes.len() as u64), keeping.kept(self.name.id()))
    }

    pub fn suffix(&self, after: u64) -> Suffix {
        let envelopes = self.envelopes[after as usize..].to_vec();
        Suffix::verify(&self.key, self.name, self.head(after), envelopes).unwrap()
    }

    /// By the last of its checkpoints.
    pub fn jump(&self) -> Jump {
        let said = self.envelopes.iter().filter_map(|envelope| {
            List::of(&decode_record(envelope).unwrap(), envelope.payload.as_ref())?.ok()
        });
        let list = said.last().unwrap();
        let kept = list.kept().keys().map(|at| self.envelopes[*at as usize - 1].clone());
        let tail = self.envelopes[list.base().sequence as usize..].to_vec();
        Jump::verify(&self.key, self.name, list.base(), kept.collect(), tail).unwrap()
    }
}

/// A node writes a checkpoint of all that it wrote.
async fn mark(node: &Arc<Node>) {
    let list = Written::of(node).list();
    assert!(list.kept().len() as u64 * 4 < list.base().sequence, "most is left out");
    say(node, list).await;
}

async fn say(node: &Arc<Node>, list: List) {
    let written = Written::of(node);
    let draft = Draft {
        scope: node.picture.read().scope_index(written.name.scope).unwrap(),
        entry: Uuid::nil(),
        sealed: list.sealed([8; 16]),
        act: Act::Checkpoint(list),
        lane: written.name.lane,
        author: String::new(),
        supersedes: Supersedes::AllHeld,
    };
    let task = Box::new(move |desk: &mut polder::publish::Desk<'_, '_>| vec![desk.author(draft)]);
    let receipt = node.submit(written.name.lane, None, 1_000, task).await.unwrap();
    assert!(receipt.results[0].is_ok());
}

/// Versions of three entries, in turn.
pub async fn write(node: &Running, entries: &[Entry], versions: usize) {
    for round in 0..versions {
        let next = |entry: &Entry| item(&Entry { place: format!("{round}"), ..entry.clone() });
        node.publish(entries.iter().map(next).collect()).await.unwrap();
    }
}

/// A node that wrote forty versions of each of three entries, a checkpoint, and one more.
pub async fn author() -> (Home, Vec<Entry>) {
    author_of((0..3).map(|n| observation("flood", &format!("entry {n}"))).collect()).await
}

pub async fn author_of(entries: Vec<Entry>) -> (Home, Vec<Entry>) {
    let home = Home::new();
    let mut running = home.start().await;
    running.open("flood").await;
    assert!(running.stop().success());
    copy(home.data(), &home.beside("early"));
    let mut running = home.start().await;
    running.put(&observation("flood", "said once")).await;
    write(&running, &entries, 40).await;
    assert!(running.stop().success());
    let (node, writer) = open(home.data());
    mark(&node).await;
    node::close(node, writer);
    let mut running = home.start().await;
    write(&running, &entries[..1], 1).await;
    assert!(running.stop().success());
    (home, entries)
}

/// What is held and shown, without where in the log it stands.
pub fn dump(picture: &Picture) -> Vec<String> {
    let feed = |index: u32| picture.feed(index).id;
    let mut rows: Vec<_> = picture
        .entries()
        .iter()
        .map(|register| {
            let mut live: Vec<_> = register
                .live
                .iter()
                .map(|live| (feed(live.record.feed), live.record.sequence))
                .collect();
            let mut seen: Vec<_> =
                register.seen().iter().map(|seen| (feed(seen.feed), seen.sequence)).collect();
            live.sort_unstable();
            seen.sort_unstable();
            format!("{} {live:?} {seen:?}", register.entry)
        })
        .collect();
    rows.extend(
        picture
            .held_feeds()
            .map(|feed| format!("{} {:?} {:?}", feed.id, feed.head, feed.closed.is_some())),
    );
    rows.extend(
        picture.scopes().iter().map(|scope| {
            format!("{:?}", scope.data.iter().map(|(_, data)| data).collect::<Vec<_>>())
        }),
    );
    rows.sort();
    rows
}

/// Has one node take a feed by its checkpoint, twice.
pub async fn leap(from: &Written, to: &Arc<Node>) {
    for _ in 0..2 {
        assert_eq!(to.leap(from.jump(), scope()).await.unwrap().unwrap(), from.suffix(0).head());
    }
}

fn covered(node: &Node) -> Vec<(Id, u64, u64)> {
    let rows = node.log().covered().unwrap();
    rows.into_iter().map(|(feed, row)| (feed, row.sequence, row.left_out())).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_jumped_shows_the_same_after_every_handling_of_its_store() {
    let (home, entries) = author().await;
    let (from, from_writer) = open(home.data());
    let written = Written::of(&from);
    for (engine, other) in [("fjall", "sled"), ("sled", "fjall")] {
        let (whole, jumped) = (Home::new(), Home::of(engine));
        let (all, all_writer) = open(whole.data());
        bring(&from, &all, 10_000).await;
        let (node, writer) = open(jumped.data());
        leap(&written, &node).await;
        bring_rest(&from, &node).await;
        assert_eq!(dump(&node.picture.read()), dump(&all.picture.read()));
        let [(feed, last, left_out)] = covered(&node)[..] else { panic!("one feed is covered") };
        assert_eq!((feed, last), (written.name.id(), written.jump().covered().sequence));
        assert_eq!(left_out, last - written.jump().list().kept().len() as u64);
        assert_eq!(node.picture.read().lsn() + left_out, all.picture.read().lsn());
        assert!(node.log().read_suffix(feed, 0, usize::MAX).unwrap().is_empty());
        assert!(!node.log().read_suffix(feed, last, usize::MAX).unwrap().is_empty());
        node::close(node, writer);
        node::close(all, all_writer);

        let all = whole.start().await;
        let shown = listed(&all).await;
        assert_eq!(shown.len(), 4);
        let mut node = jumped.start().await;
        check(&node, &shown, left_out, &entries[1]).await;
        let versions =
            ListEntryVersionsRequest { name: entries[1].name.clone(), ..Default::default() };
        let versions = all.picture().list_entry_versions(versions).await.unwrap().into_inner();
        assert_eq!((versions.versions.len(), versions.earlier_versions_left_out), (40, false));
        let address = node.address();
        let said = must(&["status", "--node", &address]);
        assert!(said.contains(&format!("left out by a checkpoint: {left_out}")), "{said}");
        must(&["compact", "--engine", other, "--node", &address]);
        check(&node, &shown, left_out, &entries[1]).await;
        assert!(node.stop().success());
        let mut node = jumped.start().await;
        check(&node, &shown, left_out, &entries[1]).await;
        assert!(node.stop().success());

        let data = jumped.data().to_str().unwrap();
        must(&["verify", "--data", data]);
        let (backup, restored) = (jumped.beside("backup"), jumped.beside("restored"));
        must(&["backup", backup.to_str().unwrap(), "--data", data]);
        let to = restored.to_str().unwrap();
        must(&["restore", backup.to_str().unwrap(), "--data", to]);
        must(&["verify", "--data", to]);
        check(&Running::start(&restored, &[]).await, &shown, left_out, &entries[1]).await;
    }
    node::close(from, from_writer);
}

/// Brings the feeds of which nothing is held yet.
pub async fn bring_rest(from: &Node, to: &Arc<Node>) {
    let held = to.heads(scope().id());
    for (name, _) in from.heads(scope().id()) {
        if held.iter().all(|(other, _)| *other != name) {
            let key = VerifyingKey::from_bytes(from.identity().public_key[..].try_into().unwrap());
            let envelopes = from.log().read_suffix(name.id(), 0, usize::MAX).unwrap();
            let suffix = Suffix::verify(&key.unwrap(), name, Head::default(), envelopes).unwrap();
            to.receive(vec![(suffix, scope())]).await.unwrap().pop().unwrap().unwrap();
        }
    }
}

async fn check(node: &Running, shown: &[Entry], left_out: u64, entry: &Entry) {
    assert_eq!(listed(node).await, shown);
    assert!(node.verdict().await.sound);
    let status = node.status().await;
    assert_eq!(status.covered_record_count, left_out as i64);
    assert!(status.feeds.iter().any(|feed| feed.covered_sequence > 0));
    let versions = ListEntryVersionsRequest { name: entry.name.clone(), ..Default::default() };
    let versions = node.picture().list_entry_versions(versions).await.unwrap().into_inner();
    assert_eq!((versions.versions.len(), versions.earlier_versions_left_out), (1, true));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_needs_the_records_that_are_left_out_is_refused_with_that_reason() {
    let (home, _) = author().await;
    let mut running = home.start().await;
    let (bundle, archive) = (home.beside("bundle"), home.beside("archive"));
    let (bundle, archive) = (bundle.to_str().unwrap(), archive.to_str().unwrap());
    must(&["export", "--to", bundle, "--node", &running.address()]);
    assert!(running.stop().success());
    let jumped = Home::new();
    let (from, from_writer) = open(home.data());
    let (node, writer) = open(jumped.data());
    leap(&Written::of(&from), &node).await;
    bring_rest(&from, &node).await;
    node::close(node, writer);
    node::close(from, from_writer);

    let node = jumped.start().await;
    let address = node.address();
    let stick = jumped.beside("stick");
    let stick = stick.to_str().unwrap();
    let (_, said) = said(&run(&["export", "--to", stick, "--node", &address]));
    assert!(said.contains("FEED_COVERED"), "{said}");
    let close = CloseIncidentRequest {
        name: "incidents/flood".into(),
        reason: "it is over".into(),
        ..Default::default()
    };
    node.incidents().close_incident(close).await.unwrap();
    let output = run(&["archive", "flood", "--out", archive, "--node", &address]);
    let (code, said) = crate::harness::said(&output);
    assert!(code == 3 && said.contains("FEED_COVERED"), "{code} {said}");
    // Whoever has no link to those that hold them brings them on a stick.
    must(&["import", bundle, "--node", &address]);
    must(&["archive", "flood", "--out", archive, "--node", &address]);
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &to);
        } else {
            fs::copy(entry.path(), to).unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fork_after_the_checkpoint_is_one_and_before_it_is_said_out_loud() {
    let (home, entries) = author().await;
    // The same key goes on apart: from the end, and from before the checkpoint.
    let (late, early) = (home.beside("late"), home.beside("early"));
    copy(home.data(), &late);
    for (twin, versions) in [(&late, 3), (&early, 150)] {
        let mut running = Running::start(twin, &[]).await;
        write(&running, &entries[1..2], versions).await;
        assert!(running.stop().success());
    }
    let mut running = home.start().await;
    write(&running, &entries[2..], 2).await;
    assert!(running.stop().success());
    let (from, from_writer) = open(home.data());
    let (twin, twin_writer) = open(&late);
    let (written, parted) = (Written::of(&from), Written::of(&twin));
    let mut shown = Vec::new();
    for jumps in [false, true] {
        let there = Home::new();
        let (node, writer) = open(there.data());
        if jumps {
            leap(&written, &node).await
        } else {
            bring(&from, &node, 10_000).await;
        }
        bring_rest(&from, &node).await;
        let after = written.jump().covered().sequence;
        let taken = node.receive(vec![(parted.suffix(after), scope())]).await.unwrap();
        assert!(taken[0].is_ok(), "{taken:?}");
        let built = dump(&node.picture.read());
        assert_eq!(node.picture.read().forks(), 1);
        node::close(node, writer);
        let (node, writer) = open(there.data());
        assert_eq!(dump(&node.picture.read()), built, "opened as it was rebuilt");
        node::close(node, writer);
        must(&["verify", "--data", there.data().to_str().unwrap()]);
        shown.push(built);
    }
    assert_eq!(shown[0], shown[1]);

    // Another history under this key, from before the checkpoint on.
    let (early, early_writer) = open(&early);
    let there = Home::new();
    let (node, writer) = open(there.data());
    leap(&written, &node).await;
    let before = dump(&node.picture.read());
    let other = Written::of(&early).suffix(0);
    let taken = node.receive(vec![(other, scope())]).await.unwrap().pop().unwrap();
    let Err(ReceiveError::Refused(refusal)) = taken else { panic!("{taken:?}") };
    assert_eq!(refusal.reason, "FEED_COVERED");
    assert_eq!(dump(&node.picture.read()), before);
    node::close(node, writer);
    must(&["verify", "--data", there.data().to_str().unwrap()]);
    node::close(from, from_writer);
    node::close(twin, twin_writer);
    node::close(early, early_writer);
}

/// `POLDER_SOAK_ROUNDS=50 cargo test --release --test contract what_a_jump_saves -- --nocapture`
/// prints the figures of BENCHMARKS.md.
#[tokio::test(flavor = "multi_thread")]
async fn what_a_jump_saves_a_newcomer_with_a_store() {
    let home = Home::new();
    let entries: Vec<_> = (0..20).map(|n| observation("flood", &format!("entry {n}"))).collect();
    let mut running = home.start().await;
    running.open("flood").await;
    for round in 0..rounds(5) {
        let versions = (0..20).flat_map(|version| {
            let place = format!("{round} {version}");
            entries.iter().map(move |entry| Entry { place: place.clone(), ..entry.clone() })
        });
        running.publish(versions.map(|entry| item(&entry)).collect()).await.unwrap();
    }
    assert!(running.stop().success());
    let (from, from_writer) = open(home.data());
    mark(&from).await;
    let written = Written::of(&from);
    let packed = |envelopes: Vec<Envelope>| pack(envelopes).bytes.len();
    let (mut whole_bytes, mut after) = (0, 0);
    while after < written.envelopes.len() as u64 {
        let envelopes = from.log().read_suffix(written.name.id(), after, 512 * 1024).unwrap();
        after += envelopes.len() as u64;
        whole_bytes += packed(envelopes);
    }
    let reading = Instant::now();
    let parts = from.log().read_jump(&written.name, usize::MAX).unwrap().unwrap();
    let reading = reading.elapsed();
    let jump_records = parts.kept.len() + parts.tail.len();
    let jump_bytes = packed([parts.kept.clone(), parts.tail.clone()].concat());
    println!("whole: {} records, {whole_bytes} bytes packed", written.envelopes.len());
    println!("jump: {jump_records} records, {jump_bytes} bytes packed, read in {reading:?}");
    assert_eq!(jump_records, 21);
    assert!(jump_bytes * 5 < whole_bytes);
    for engine in ["fjall", "sled"] {
        let (whole, jumped) = (Home::of(engine), Home::of(engine));
        let (all, all_writer) = open(whole.data());
        let begun = Instant::now();
        bring(&from, &all, 512 * 1024).await;
        let whole_took = begun.elapsed();
        let (node, writer) = open(jumped.data());
        let begun = Instant::now();
        let jump = given(&from, &written, usize::MAX).unwrap();
        let verified = begun.elapsed();
        node.leap(jump, scope()).await.unwrap().unwrap();
        println!(
            "{engine}: whole read, verified and stored in {whole_took:?}; jump read and verified in \
             {verified:?}, stored in {:?}",
            begun.elapsed() - verified
        );
        bring_rest(&from, &node).await;
        assert_eq!(dump(&node.picture.read()), dump(&all.picture.read()));
        node::close(node, writer);
        node::close(all, all_writer);
    }
    node::close(from, from_writer);
}

/// A feed as a store gives it to a newcomer.
fn given(node: &Node, written: &Written, bytes_max: usize) -> Option<Jump> {
    let parts = node.log().read_jump(&written.name, bytes_max).unwrap()?;
    Some(Jump::verify(&written.key, written.name, parts.covered, parts.kept, parts.tail).unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_jump_is_passed_on_by_those_who_hold_all_and_by_those_who_jumped() {
    let (home, entries) = author().await;
    let (from, from_writer) = open(home.data());
    let written = Written::of(&from);
    let jump = given(&from, &written, usize::MAX).unwrap();
    assert_eq!(jump.list(), written.jump().list());
    assert!(given(&from, &written, jump.bytes() / 2).is_none(), "within a bound");
    let homes = [Home::new(), Home::of("sled")];
    let (first, first_writer) = open(homes[0].data());
    first.leap(jump, scope()).await.unwrap().unwrap();
    first.receive(vec![(written.suffix(0), scope())]).await.unwrap().pop().unwrap().unwrap();
    let (second, second_writer) = open(homes[1].data());
    let again = given(&first, &written, usize::MAX).unwrap();
    assert_eq!(again.list(), written.jump().list());
    second.leap(again, scope()).await.unwrap().unwrap();
    let rest = written.jump().covered().sequence + 1;
    second.receive(vec![(written.suffix(rest), scope())]).await.unwrap().pop().unwrap().unwrap();
    assert_eq!(dump(&second.picture.read()), dump(&first.picture.read()));
    node::close(from, from_writer);

    // The origin goes on, and then says that less must stay: that is passed on by nobody who can
    // tell. Who came by the earlier checkpoint goes on to give that one.
    let mut running = home.start().await;
    write(&running, &entries, 20).await;
    assert!(running.stop().success());
    let (from, from_writer) = open(home.data());
    let honest = Written::of(&from).list();
    let mut less = honest.kept().clone();
    less.pop_last();
    say(&from, List::new(honest.base(), less)).await;
    let written = Written::of(&from);
    assert!(given(&from, &written, usize::MAX).is_none());
    // Nor when it says so right afterwards: whoever takes it goes by the first.
    say(&from, honest).await;
    let written = Written::of(&from);
    assert!(given(&from, &written, usize::MAX).is_none());
    let held = first.heads(scope().id());
    let (_, held) = held.into_iter().find(|(name, _)| *name == written.name).unwrap();
    let later = written.suffix(held.sequence);
    first.receive(vec![(later, scope())]).await.unwrap().pop().unwrap().unwrap();
    assert_eq!(given(&first, &written, usize::MAX).unwrap().covered().sequence, rest - 1);
    mark(&from).await;
    let written = Written::of(&from);
    let newest = given(&from, &written, usize::MAX).unwrap();
    assert_eq!(newest.covered().sequence, written.envelopes.len() as u64 - 1);
    node::close(from, from_writer);
    node::close(first, first_writer);
    node::close(second, second_writer);
}
