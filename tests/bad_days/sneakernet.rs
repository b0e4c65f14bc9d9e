//! No link at all: records travel on a stick, which is pulled out, forgotten, mixed up and rots.

use std::{ops::ControlFlow, path::Path, sync::Arc};

use polder::{
    bundle::{
        export::{self, Plan, Wanted},
        heads,
        import::Importer,
    },
    maintain,
    node::{self, Node, NodeOptions, Writer},
    wall::Wall,
};
use polder_picture::{
    admit::NewScope,
    record::{Head, Id, NewHeader, Sealed, Signer, record_hash, scope_id},
    suffix::{FeedName, Suffix},
};
use polder_wire::v1::*;
use prost::Message as _;
use serde_json::Value;
use uuid::Uuid;

use crate::harness::*;

pub fn open(path: &Path) -> (Arc<Node>, Writer) {
    Node::open(path, Wall::System, &NodeOptions::default()).unwrap()
}

/// A bundle for whoever wrote these heads.
fn bundle(node: &Node, heads: &[u8]) -> (Vec<u8>, BundleSummary) {
    let wanted = Wanted { heads: heads.to_vec().into(), ..Default::default() };
    let plan = Plan::of(node, &wanted, &polder_picture::sight::Sight::All).unwrap();
    let mut file = Vec::new();
    let summary = export::write(node, plan, &mut |bytes, _| {
        file.extend_from_slice(&bytes);
        ControlFlow::Continue(())
    });
    (file, summary.unwrap())
}

async fn import(node: &Arc<Node>, file: &[u8]) -> BundleReport {
    let mut importer = Importer::new(Arc::clone(node));
    for piece in file.chunks(50_000) {
        importer.push(piece).await.unwrap();
    }
    importer.finish().await.unwrap()
}

/// Records taken, held, refused and missing, of all lanes.
fn sums(report: &BundleReport) -> [i64; 4] {
    report.lanes.iter().fold([0; 4], |sum, row| {
        let of = [row.records_taken, row.records_held, row.records_refused, row.records_missing];
        std::array::from_fn(|at| sum[at] + of[at])
    })
}

fn reasons(report: &BundleReport) -> Vec<&str> {
    report.refusals.iter().map(|refusal| &*refusal.reason).collect()
}

fn held(node: &Node) -> Vec<(Id, Head)> {
    let picture = node.picture.read();
    let mut heads: Vec<_> = picture.held_feeds().map(|feed| (feed.id, feed.head)).collect();
    heads.sort_by_key(|(feed, _)| *feed);
    heads
}

/// What is held is the beginning of what the other holds, whatever the stick went through.
fn assert_beginning(part: &Node, whole: &Node) {
    for (feed, head) in held(part) {
        let record = whole.log().record(feed, head.sequence).unwrap().unwrap();
        assert_eq!(record_hash(&record.envelope.header), head.hash, "{feed} {}", head.sequence);
    }
}

fn scope() -> NewScope {
    NewScope { incident: "flood".into(), mode: Mode::Actual, audience: "all".into() }
}

/// Records of another origin, each signed, each with a text of so many bytes.
pub fn feed(signer: &Signer, lane: Lane, count: u64, bytes: usize) -> Suffix {
    let scope = scope_id("flood", Mode::Actual, "all");
    let name = FeedName::new(signer.id(), scope, lane);
    let (mut envelopes, mut previous) = (Vec::new(), [0; 32]);
    for sequence in 1..=count {
        let id = Uuid::from_u128(u128::from(sequence) << 8 | lane as u128);
        let mut entry = observation("flood", &format!("{lane:?} {sequence}"));
        entry.name = format!("incidents/flood/entries/{id}");
        entry.party = "parties/stranger".into();
        entry.texts[0].body = "water ".repeat(bytes / 6);
        let content = content::Content::Entry(entry.encode_to_vec().into());
        let content = Content { content: Some(content) }.encode_to_vec();
        let sealed = Sealed::new([sequence as u8; 16], content.into());
        let header = NewHeader {
            origin: &name.origin,
            scope: &name.scope,
            lane,
            sequence,
            previous: &previous,
            hlc: sequence << 16,
            clock_unsynchronised: false,
            kind: RecordKind::Put,
            entry: id.as_bytes(),
            seen: &[],
            payload_hash: &sealed.hash,
            payload_length: sealed.payload.bytes.len() as u32,
            author: "",
        };
        let header = header.encode();
        previous = record_hash(&header);
        let signature = signer.sign(&header).to_vec().into();
        envelopes.push(Envelope { header, payload: Some(sealed.payload), signature });
    }
    Suffix::verify(&signer.public(), name, Head::default(), envelopes).unwrap()
}

pub async fn receive(node: &Arc<Node>, suffixes: impl IntoIterator<Item = Suffix>) {
    let suffixes = suffixes.into_iter().map(|suffix| (suffix, scope())).collect();
    for result in node.receive(suffixes).await.unwrap() {
        result.unwrap();
    }
}

/// Six feeds of two strangers: 240 records in some twelve frames.
async fn fill(node: &Arc<Node>) {
    for seed in [7, 8] {
        let signer = Signer::new(&[seed; 32]);
        let feeds = [(Lane::Bulk, 60, 30_000), (Lane::Routine, 40, 9_000), (Lane::Urgent, 20, 300)];
        receive(node, feeds.map(|(lane, count, bytes)| feed(&signer, lane, count, bytes))).await;
    }
}

async fn listed(node: &Running) -> Vec<Entry> {
    let filter = EntryFilter { include_retracted: true, ..of_incident("flood") };
    let mut entries = node.list(filter).await;
    entries.iter_mut().for_each(|entry| entry.received_time = None);
    entries.sort_by(|a, b| (&a.name, &a.version).cmp(&(&b.name, &b.version)));
    entries
}

fn json(args: &[&str]) -> Value {
    serde_json::from_str(&must(&[args, &["--json"]].concat())).unwrap()
}

fn total(report: &Value, field: &str) -> i64 {
    let rows = report["lanes"].as_array().unwrap().iter();
    rows.map(|row| row[field].as_i64().unwrap_or(0)).sum()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_region_that_is_cut_off_is_carried_to_another_and_on_to_a_third() {
    let (a, b, c) = (Home::new(), Home::of("sled"), Home::new());
    {
        let mut node = a.start().await;
        node.open("flood").await;
        assert!(node.stop().success());
        let (node, writer) = open(a.data());
        fill(&node).await;
        node::close(node, writer);
    }
    let (mut node_a, mut node_b) = (a.start().await, b.start().await);
    let (at_a, at_b) = (node_a.address(), node_b.address());
    for batch in 0..6 {
        let urgency = if batch == 0 { Urgency::Immediate } else { Urgency::Unspecified };
        let assessment = Some(Assessment { urgency: urgency.into(), ..Default::default() });
        let title = |n| format!("{batch} {n}");
        let of = |n| Entry { assessment: assessment.clone(), ..observation("flood", &title(n)) };
        node_a.publish((0..50).map(|n| item(&of(n))).collect()).await.unwrap();
    }
    let photo = a.beside("dyke.txt");
    std::fs::write(&photo, "the dyke is wet ".repeat(40_000)).unwrap();
    let photo = photo.to_str().unwrap();
    must(&["publish", "a wet dyke", "--attach", photo, "-i", "flood", "--node", &at_a]);

    let (stand, stick) = (a.beside("b.heads"), a.beside("b.bundle"));
    let (stand, stick) = (stand.to_str().unwrap(), stick.to_str().unwrap());
    let heads = json(&["heads", "--to", stand, "--node", &at_b]);
    assert_eq!((heads["feeds"].as_i64(), heads["feedsLeftOut"].as_i64()), (Some(0), Some(0)));
    let export = ["export", "--for", stand, "--to", stick, "--node", &at_a];
    // Looked up before: that a bundle was written is a record of the account.
    let held = node_a.status().await.record_count;
    let made = json(&[&export[..], &["--attachments"]].concat());
    let records = total(&made, "recordsTaken");
    assert!(records > 540 && records == held, "{made}");
    let lanes = made["lanes"].as_array().unwrap();
    assert!(lanes.iter().all(|row| row["recordsTaken"].as_i64() >= Some(40)), "{made}");
    assert_eq!(made["attachmentCount"].as_i64(), Some(1));

    let taken = json(&["import", stick, "--node", &at_b]);
    assert_eq!(total(&taken, "recordsTaken"), records, "{taken}");
    assert_eq!((&taken["complete"], &taken["attachmentsTaken"]), (&true.into(), &1.into()));
    assert_eq!(listed(&node_b).await, listed(&node_a).await);
    assert!(node_b.verdict().await.sound);
    let again = json(&["import", stick, "--node", &at_b]);
    assert_eq!((total(&again, "recordsTaken"), total(&again, "recordsHeld")), (0, records));
    assert_eq!(again["attachmentsHeld"], 1);
    let home = json(&["import", stick, "--node", &at_a]);
    assert_eq!(total(&home, "recordsHeld"), records, "its own records come home: {home}");

    // Only what is new goes the second time.
    node_a.put(&observation("flood", "later")).await;
    must(&["heads", "--to", stand, "--node", &at_b]);
    assert_eq!(total(&json(&export), "recordsTaken"), 1);
    let said = must(&["import", stick, "--node", &at_b, "--lang", "nl"]);
    assert!(said.contains("gewoon") && said.contains("1 opgenomen"), "{said}");

    // B carries A's records on, from a directory to a directory.
    let shown = listed(&node_a).await;
    assert!(node_a.stop().success() && node_b.stop().success());
    let (at_b, at_c) = (b.data().to_str().unwrap(), c.data().to_str().unwrap());
    must(&["heads", "--to", stand, "--data", at_c]);
    let export = ["export", "--for", stand, "--to", stick, "--attachments", "--data", at_b];
    assert_eq!(
        total(&json(&[&export[..], &["-i", "flood"]].concat()), "recordsTaken"),
        records + 1
    );
    assert_eq!(total(&json(&["import", stick, "--data", at_c]), "recordsTaken"), records + 1);
    must(&["verify", "--data", at_c]);
    // A node that was restored under a new key hands on what it wrote under the old one.
    let (copy, d) = (a.beside("copy"), Home::new());
    let (backup, copy) = (a.beside("backup"), copy.to_str().unwrap());
    must(&["backup", backup.to_str().unwrap(), "--data", a.data().to_str().unwrap()]);
    must(&["restore", backup.to_str().unwrap(), "--data", copy]);
    must(&["export", "--to", stick, "--data", copy]);
    let taken = json(&["import", stick, "--data", d.data().to_str().unwrap()]);
    assert_eq!(total(&taken, "recordsTaken"), records + 1);
    let node_c = c.start().await;
    assert_eq!(listed(&node_c).await, shown);
    assert_eq!(node_c.status().await.store.unwrap().attachment_bytes, 640_000);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_bundle_or_no_heads_is_refused_with_its_reason() {
    let home = Home::new();
    let node = home.start().await;
    let address = node.address();
    let file = home.beside("file");
    let name = file.to_str().unwrap();
    let fails = |args: &[&str], code: i32, words: &str| {
        let (found, told) = said(&run(&[args, &["--node", &address]].concat()));
        assert!(found == code && told.contains(words), "{args:?}: {found} {told}");
    };
    std::fs::write(&file, b"polder bundle 2\nof the years to come").unwrap();
    fails(&["import", name], 3, "BUNDLE_UNKNOWN");
    std::fs::write(&file, b"polder bundle 1\n").unwrap();
    fails(&["import", name], 3, "BUNDLE_DAMAGED");
    fails(&["import", name, "--lang", "nl"], 3, "de bundel is beschadigd");
    std::fs::write(&file, b"{\"no\": \"scenario\"}").unwrap();
    fails(&["import", name], 1, "line 1");
    let stick = home.beside("stick");
    let stick = stick.to_str().unwrap();
    fails(&["export", "--to", stick, "-i", "nowhere"], 3, "INCIDENT_NOT_FOUND");
    fails(&["export", "--to", stick, "--for", name], 3, "HEADS_MALFORMED");
    must(&["heads", "--to", name, "--node", &address]);
    let mut bytes = std::fs::read(&file).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    std::fs::write(&file, bytes).unwrap();
    fails(&["export", "--to", stick, "--for", name], 3, "HEADS_MALFORMED");
    fails(&["heads", "--to", "/nowhere/at/all"], 1, "cannot write");
    fails(&["import", "/nowhere/at/all"], 1, "cannot read");
    for (data, expected) in [(vec![], "OUT_OF_RANGE"), (vec![0; 2 << 20], "OUT_OF_RANGE")] {
        let messages = futures::stream::iter([ImportBundleRequest { data: data.into() }]);
        let mut told = node.node().import_bundle(messages).await.unwrap().into_inner();
        assert_eq!(reason(&told.message().await.unwrap_err()), expected);
    }
    // The account, which is in the same log, may say who tried.
    let incidents = ListIncidentsRequest { include_closed: true, ..Default::default() };
    let listed = node.incidents().list_incidents(incidents).await.unwrap().into_inner();
    assert!(listed.incidents.is_empty() && node.list(EntryFilter::default()).await.is_empty());
    assert!(!Path::new(stick).exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stick_pulled_out_at_any_moment_brings_its_beginning_and_the_whole_one_the_rest() {
    let home = Home::new();
    let (from, from_writer) = open(home.data());
    fill(&from).await;
    let (file, summary) = bundle(&from, &[]);
    let records: i64 = summary.lanes.iter().map(|row| row.records_taken).sum();
    for seed in 0..rounds(10) {
        let other = Home::of(["fjall", "sled"][seed % 2]);
        let (to, writer) = open(other.data());
        let cut = 24 + (seed + 1).wrapping_mul(0x9e37_79b9) % (file.len() - 24);
        let report = import(&to, &file[..cut]).await;
        assert!(!report.complete && reasons(&report).contains(&"BUNDLE_DAMAGED"), "{report:?}");
        let [taken, held_before, refused, missing] = sums(&report);
        assert_eq!((held_before, refused), (0, 0));
        // Of a header that was cut off nothing is known.
        assert!(taken + missing == records || taken == 0, "{taken} {missing}");
        assert_beginning(&to, &from);
        let report = import(&to, &file).await;
        assert!(report.complete && report.refusals.is_empty());
        assert_eq!(sums(&report), [records - taken, taken, 0, 0]);
        assert_eq!(held(&to), held(&from));
        node::close(to, writer);
        must(&["verify", "--data", other.data().to_str().unwrap()]);
    }
    node::close(from, from_writer);
}

#[tokio::test(flavor = "multi_thread")]
async fn rotten_bytes_cost_their_own_frame_and_nothing_unsound_is_stored() {
    let home = Home::new();
    let (from, from_writer) = open(home.data());
    fill(&from).await;
    let (file, summary) = bundle(&from, &[]);
    let records: i64 = summary.lanes.iter().map(|row| row.records_taken).sum();
    let mut random = 88_172_645_463_325_252_u64;
    for seed in 0..rounds(10) {
        let other = Home::of(["fjall", "sled"][seed % 2]);
        let (to, writer) = open(other.data());
        let mut bad = file.clone();
        for _ in 0..=seed % 3 {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            let at = 24 + random as usize % (bad.len() - 24);
            bad[at] ^= 1 << (random >> 40 & 7);
        }
        let report = import(&to, &bad).await;
        assert!(!report.complete && reasons(&report).contains(&"BUNDLE_DAMAGED"), "{report:?}");
        for refusal in report.refusals.iter().filter(|refusal| refusal.reason == "FEED_GAP") {
            let (first, last) = (refusal.needed_first_sequence, refusal.needed_last_sequence);
            assert!(first >= 1 && last + 1 == refusal.first_sequence, "{refusal:?}");
        }
        assert_eq!(sums(&report).iter().sum::<i64>(), records, "all is accounted for: {report:?}");
        assert_beginning(&to, &from);
        // The other feeds live on: of twelve frames three at most are lost, and what follows them.
        assert!(held(&to).len() >= 3, "{report:?}");
        assert!(import(&to, &file).await.refusals.is_empty());
        assert_eq!(held(&to), held(&from));
        node::close(to, writer);
        must(&["verify", "--data", other.data().to_str().unwrap()]);
    }
    node::close(from, from_writer);
}

#[tokio::test(flavor = "multi_thread")]
async fn bundles_in_the_wrong_order_say_what_is_needed_first() {
    let (home, other) = (Home::new(), Home::new());
    let (from, from_writer) = open(home.data());
    let (to, to_writer) = open(other.data());
    let signer = Signer::new(&[7; 32]);
    receive(&from, [feed(&signer, Lane::Routine, 10, 60)]).await;
    let (first, _) = bundle(&from, &[]);
    let stand = heads::write(&from, &polder_picture::sight::Sight::All).data;
    receive(&from, [feed(&signer, Lane::Routine, 25, 60)]).await;
    let (second, _) = bundle(&from, &stand);

    let report = import(&to, &second).await;
    assert!(report.complete, "the file itself is sound");
    assert_eq!((reasons(&report), sums(&report)), (vec!["FEED_GAP"], [0, 0, 15, 0]));
    let gap = &report.refusals[0];
    assert_eq!((gap.needed_first_sequence, gap.needed_last_sequence), (1, 10));
    assert_eq!((gap.first_sequence, gap.last_sequence), (11, 25));
    assert_eq!((&*gap.incident, gap.lane()), ("incidents/flood", Lane::Routine));
    assert!(held(&to).is_empty());
    // Two bundles in one file are two bundles.
    let both = [&first[..], &second[..]].concat();
    assert_eq!(sums(&import(&to, &both).await)[..3], [25, 0, 0]);
    assert_eq!(held(&to), held(&from));
    node::close(from, from_writer);
    node::close(to, to_writer);
}

/// What the picture says, by names that are the same on every node.
fn shown(node: &Node) -> Vec<String> {
    let picture = node.picture.read();
    let row = |register: &polder_picture::live::Register| {
        let mut live: Vec<_> = register
            .live
            .iter()
            .map(|live| {
                let feed = picture.feed(live.record.feed).id;
                format!("{feed}-{}", live.record.sequence)
            })
            .collect();
        live.sort();
        format!("{} {live:?}", register.entry)
    };
    let mut rows: Vec<_> = picture.entries().iter().map(row).collect();
    rows.sort();
    rows
}

#[tokio::test(flavor = "multi_thread")]
async fn both_branches_of_a_fork_travel_on_a_stick_and_the_rest_goes_on() {
    let (home, other) = (Home::new(), Home::new());
    let (from, from_writer) = open(home.data());
    let (to, to_writer) = open(other.data());
    let (forked, sound) = (Signer::new(&[7; 32]), Signer::new(&[8; 32]));
    receive(&from, [feed(&forked, Lane::Routine, 20, 60), feed(&sound, Lane::Bulk, 5, 60)]).await;
    receive(&to, [feed(&forked, Lane::Routine, 8, 120)]).await;
    let (file, _) = bundle(&from, &[]);
    let report = import(&to, &file).await;
    assert!(reasons(&report).is_empty());
    assert_eq!(to.picture.read().lsn(), 8 + 25);
    let (file, _) = bundle(&to, &heads::write(&from, &polder_picture::sight::Sight::All).data);
    let report = import(&from, &file).await;
    assert!(reasons(&report).is_empty());
    assert_eq!(from.picture.read().lsn(), 25 + 8);
    assert_eq!(held(&from), held(&to));
    assert_eq!(shown(&from), shown(&to));
    // Once more, in both directions: nothing is new.
    let (file, summary) =
        bundle(&to, &heads::write(&from, &polder_picture::sight::Sight::All).data);
    assert_eq!(summary.lanes.iter().map(|row| row.records_taken).sum::<i64>(), 0);
    assert_eq!(sums(&import(&from, &file).await)[0], 0);
    // A store that forked opens, verifies and says the same.
    node::close(from, from_writer);
    let (from, from_writer) = open(home.data());
    assert_eq!((held(&from), shown(&from)), (held(&to), shown(&to)));
    let heads = maintain::stored_heads(&from.log()).unwrap();
    let verdict =
        maintain::verify(&from.log(), &heads, from.identity(), &mut |_| ControlFlow::Continue(()));
    assert!(verdict.unwrap().sound);
    node::close(from, from_writer);
    node::close(to, to_writer);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_exercise_on_a_stick_stays_apart_from_the_incident_of_that_name() {
    let (a, b) = (Home::new(), Home::new());
    let (node_a, node_b) = (a.start().await, b.start().await);
    node_a.create(incident("flood", Mode::Exercise)).await.unwrap();
    node_a.put(&observation("flood", "played")).await;
    node_b.open("flood").await;
    node_b.put(&observation("flood", "real")).await;
    let shown = listed(&node_b).await;
    let stick = a.beside("stick");
    let stick = stick.to_str().unwrap();
    must(&["export", "--to", stick, "--node", &node_a.address()]);
    must(&["import", stick, "--node", &node_b.address()]);
    assert_eq!(listed(&node_b).await, shown);
    let status = node_b.status().await;
    assert_eq!(status.incident_count, 2);
    assert!(node_b.verdict().await.sound);
}
