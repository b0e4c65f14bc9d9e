//! A newcomer that takes feeds by their checkpoints is shown what one is shown that takes all
//! records, and takes nothing that is not the origin's.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
#![allow(dead_code, reason = "the nodes in memory are shared with other tests")]

#[path = "jumps/fills.rs"]
mod fills;
#[path = "receiving/histories.rs"]
mod histories;
#[path = "receiving/world.rs"]
mod world;

use histories::*;
use polder_picture::{
    admit::{Act, Draft, Group, ReceiveError, Supersedes},
    checkpoint::{Keeping, List},
    jump::{Jump, Unsound},
    record::{Damage, Decoded, decode},
};
use polder_wire::v1::{Envelope, Lane, Mode, RecordKind};
use proptest::{collection::vec, prelude::*, test_runner::FileFailurePersistence};
use uuid::Uuid;
use world::*;

/// `POLDER_SOAK_ROUNDS` multiplies how many histories are tried.
fn config(cases: u32) -> ProptestConfig {
    let rounds = std::env::var("POLDER_SOAK_ROUNDS").map_or(1, |rounds| rounds.parse().unwrap());
    let seeds = FileFailurePersistence::Direct("tests/jumps.seeds");
    let failure_persistence = Some(Box::new(seeds) as Box<_>);
    ProptestConfig { cases: cases * rounds, failure_persistence, ..Default::default() }
}

fn decoded(envelopes: &[Envelope]) -> Vec<Decoded> {
    envelopes.iter().map(|one| decode(one).unwrap()).collect()
}

/// What a checkpoint of the first `covered` records says.
fn list(held: &Held, covered: usize) -> List {
    let mut keeping = Keeping::default();
    decoded(&held.envelopes[..covered]).iter().for_each(|record| keeping.add(record));
    List::new(held.head(covered), keeping.kept(held.name.id()))
}

fn draft(lane: Lane, list: List) -> Draft {
    Draft {
        scope: 0,
        entry: Uuid::nil(),
        sealed: list.sealed([8; 16]),
        act: Act::Checkpoint(list),
        lane,
        author: String::new(),
        supersedes: Supersedes::AllHeld,
    }
}

/// A node writes a checkpoint of some of its records in one lane.
fn mark(node: &mut Node, a: usize, b: usize) {
    let lane = [Lane::Urgent, Lane::Routine][b % 2];
    let origin = node.signer.id();
    let own = node.feeds.values().find(|held| held.name.origin == origin && held.name.lane == lane);
    let Some(own) = own else { return };
    // As a rule of all, sometimes of less.
    let covered =
        own.envelopes.len() - (a / 4 % own.envelopes.len()) * usize::from(a.is_multiple_of(4));
    let draft = draft(lane, list(own, covered));
    assert!(node.write(vec![draft], WALL_MS).is_empty());
}

/// A feed as one of its checkpoints has it: what it keeps, where it ends, and what follows.
struct Parts {
    list: List,
    kept: Vec<Envelope>,
    /// Number of the checkpoint.
    said: usize,
}

fn parts(held: &Held) -> Vec<Parts> {
    let checkpoint = |envelope: &Envelope| {
        let record = decode(envelope).unwrap();
        let list = List::of(&record, envelope.payload.as_ref())?.ok()?;
        let kept = list.kept().keys().map(|number| held.envelopes[*number as usize - 1].clone());
        Some(Parts { kept: kept.collect(), said: record.header.sequence as usize, list })
    };
    held.envelopes.iter().filter_map(checkpoint).collect()
}

impl Parts {
    fn tail(&self, held: &Held, until: usize) -> Vec<Envelope> {
        let from = self.said.max(until) - 1;
        let signed = held.envelopes.iter().skip(from).position(|e| !e.signature.is_empty());
        held.envelopes[self.list.base().sequence as usize..=from + signed.unwrap()].to_vec()
    }

    fn verify(
        &self,
        held: &Held,
        kept: Vec<Envelope>,
        tail: Vec<Envelope>,
    ) -> Result<Jump, Unsound> {
        Jump::verify(&held.key, held.name, self.list.base(), kept, tail)
    }

    fn jump(&self, held: &Held, until: usize) -> Jump {
        self.verify(held, self.kept.clone(), self.tail(held, until)).unwrap()
    }
}

/// Takes a feed, by a checkpoint if there is one and `by` says so; says how many records came.
fn take(newcomer: &mut Node, held: &Held, by: Option<usize>) -> usize {
    let mut group = Group::new(&newcomer.picture, &newcomer.signer, &mut newcomer.clock);
    let all = parts(held);
    let mut came = 0;
    if let Some(by) = by.filter(|_| !all.is_empty()) {
        let jump = all[by % all.len()].jump(held, by % (held.envelopes.len() + 1));
        let len = jump.len();
        came += group.leap(jump, &held.scope, WALL_MS).unwrap();
        assert_eq!(came, len);
    }
    came += group.receive(held.all(), &held.scope, WALL_MS).unwrap();
    let sealed = group.seal();
    newcomer.picture.install(&sealed);
    newcomer.log.extend(sealed.admitted.iter().map(|admitted| admitted.change().clone()));
    came
}

/// Somebody proves that a feed forked after some of its records: the picture is built anew.
fn fork(newcomer: &mut Node, held: &Held, last: usize) {
    let index = newcomer.picture.feed_index(held.name.id()).unwrap();
    let mut picture = newcomer.picture.emptied();
    picture.split(index, held.head(last), held.head(last + 1).hash);
    for change in &mut newcomer.log {
        change.live.record = picture.place(change.live.record);
        picture.apply(change);
    }
    newcomer.picture = picture;
}

/// Some nodes that wrote checkpoints now and then, of which the first holds what all wrote.
fn history(done: &[Step], said: &[Step], marks: &[(usize, usize)]) -> Vec<Node> {
    let mut nodes: Vec<_> = (1..4).map(Node::new).collect();
    nodes.iter_mut().for_each(|node| node.open(scope(Mode::Actual)));
    let feeds: Vec<_> = nodes.iter().flat_map(|node| node.feeds.keys().copied()).collect();
    let mut stranger = stranger(said, &feeds);
    let said = list(&stranger.held, stranger.held.envelopes.len()).sealed([4; 16]);
    let (kind, entry, content) = (RecordKind::Checkpoint, Uuid::nil(), said.payload.bytes);
    stranger.say(Said { kind, entry, content, ..Said::default() }).say(Said::default());
    nodes[0].receive(vec![stranger.all()], WALL_MS).pop().unwrap().unwrap();
    for (at, step) in done.iter().enumerate() {
        act(&mut nodes, *step);
        let (when, how) = marks[at % marks.len()];
        if when.is_multiple_of(4) {
            mark(&mut nodes[how % 3], when / 4, how / 3);
        }
    }
    bring(&mut nodes, 1, 0);
    bring(&mut nodes, 2, 0);
    nodes
}

fn marks() -> impl Strategy<Value = Vec<(usize, usize)>> {
    vec((0..64_usize, 0..6_usize), 1..30)
}

fn said() -> impl Strategy<Value = Vec<Step>> {
    vec(steps().prop_map(|steps| steps[0]), 1..20)
}

proptest! {
    #![proptest_config(config(200))]

    #[test]
    fn a_newcomer_that_jumps_is_shown_what_one_is_shown_that_takes_all(
        (done, said, marks) in (steps(), said(), marks()),
        by in vec(proptest::option::weighted(0.8, 0..1_000_usize), 1..8),
        (held, turn) in (any::<u8>(), 0..8_usize),
    ) {
        let nodes = history(&done, &said, &marks);
        let feeds = nodes[0].feeds.values().enumerate();
        // Whoever holds some of the feeds only is shown the same by its part as well.
        let some: Vec<_> = feeds.filter(|(at, _)| held >> at & 1 == 1).map(|(_, f)| f).collect();
        let (mut whole, mut jumped) = (Node::new(40), Node::new(41));
        for held in &some {
            take(&mut whole, held, None);
        }
        let mut turned = some;
        let count = turned.len().max(1);
        turned.rotate_left(turn % count);
        for (at, held) in turned.iter().enumerate() {
            take(&mut jumped, held, by[at % by.len()]);
        }
        prop_assert_eq!(whole.dump(), jumped.dump());
        // Whatever follows is received like any, and what all have seen is seen by its author.
        for newcomer in [&mut whole, &mut jumped] {
            for held in &turned {
                prop_assert_eq!(take(newcomer, held, None), 0);
            }
        }
    }

    #[test]
    fn a_fork_that_is_found_later_shows_the_same_to_both(
        (done, said, marks) in (steps(), said(), marks()),
        by in vec(proptest::option::weighted(0.8, 0..1_000_usize), 1..8),
        (which, last) in (any::<usize>(), any::<usize>()),
    ) {
        let nodes = history(&done, &said, &marks);
        let feeds: Vec<_> = nodes[0].feeds.values().collect();
        let (mut whole, mut jumped) = (Node::new(40), Node::new(41));
        for (at, held) in feeds.iter().enumerate() {
            take(&mut whole, held, None);
            take(&mut jumped, held, by[at % by.len()]);
        }
        let forked = feeds[which % feeds.len()];
        let index = jumped.picture.feed_index(forked.name.id()).unwrap();
        // Before the last record that a checkpoint covers, the fork could not even be placed.
        let covered = jumped.picture.feed(index).covered.sequence as usize;
        let last = covered + last % (forked.envelopes.len() - covered);
        fork(&mut whole, forked, last);
        fork(&mut jumped, forked, last);
        prop_assert_eq!(whole.dump(), jumped.dump());
    }

    #[test]
    fn whoever_holds_all_records_finds_every_honest_checkpoint_fair(
        (done, said, marks) in (steps(), said(), marks()),
    ) {
        for held in history(&done, &said, &marks)[0].feeds.values() {
            for parts in parts(held) {
                let all = decoded(&held.envelopes[..parts.list.base().sequence as usize]);
                prop_assert!(Jump::is_fair(&parts.list, &held.name, all.iter()));
                prop_assert!(!Jump::is_fair(&parts.list, &held.name, all.iter().skip(1)));
            }
        }
    }

    #[test]
    fn a_record_changed_left_out_added_moved_or_of_another_feed_is_refused(
        (done, said, marks) in (steps(), said(), marks()),
        (which, how, a, b) in (any::<usize>(), 0..10_u8, any::<usize>(), any::<usize>()),
    ) {
        let nodes = history(&done, &said, &marks);
        let feeds: Vec<_> = nodes[0].feeds.values().collect();
        let all: Vec<_> = feeds.iter().flat_map(|held| {
            parts(held).into_iter().map(move |parts| (*held, parts))
        }).collect();
        let (held, parts) = &all[which % all.len()];
        let (kept, tail) = (parts.kept.clone(), parts.tail(held, b % held.envelopes.len()));
        prop_assert!(parts.verify(held, kept.clone(), tail.clone()).is_ok());
        let foreign = feeds.iter().find(|other| other.name != held.name).unwrap();
        let foreign = foreign.envelopes[b % foreign.envelopes.len()].clone();
        let (mut new_kept, mut new_tail) = (kept.clone(), tail.clone());
        let flip = |bytes: &mut bytes::Bytes| {
            let mut changed = bytes.to_vec();
            let at = b % changed.len();
            changed[at] ^= 1;
            *bytes = changed.into();
        };
        let place = a % kept.len().max(1);
        match how {
            0 if !kept.is_empty() => drop(new_kept.remove(place)),
            1 => new_kept.insert(place.min(kept.len()), held.envelopes[b % held.envelopes.len()].clone()),
            2 if kept.len() > 1 => new_kept.swap(place, (place + 1) % kept.len()),
            3 if !kept.is_empty() => new_kept[place] = foreign,
            4 if !kept.is_empty() => flip(&mut new_kept[place].header),
            5 if !kept.is_empty() => flip(&mut new_kept[place].payload.as_mut().unwrap().bytes),
            6 if tail.len() > 1 => drop(new_tail.remove(a % (tail.len() - 1))),
            7 => flip(&mut new_tail[a % tail.len()].header),
            8 => new_tail.insert(a % tail.len(), foreign),
            _ if !kept.is_empty() && !kept[place].signature.is_empty() => {
                flip(&mut new_kept[place].signature);
            }
            _ => {}
        }
        if (&new_kept, &new_tail) != (&kept, &tail) {
            prop_assert!(parts.verify(held, new_kept, new_tail).is_err());
        }
        // The same under another key, or from another place.
        let (other, mut base) = (nodes[1].signer.public(), parts.list.base());
        if other != held.key {
            let wrong = Jump::verify(&other, held.name, base, kept.clone(), tail.clone());
            prop_assert!(wrong.is_err());
        }
        base.hash[a % 32] ^= 1;
        prop_assert!(Jump::verify(&held.key, held.name, base, kept, tail).is_err());
    }
}

/// An author of 300 versions of three entries, and one checkpoint of all of them.
fn author() -> (Node, polder_picture::record::Id) {
    let mut node = Node::new(1);
    node.open(scope(Mode::Actual));
    for id in 0..300 {
        node.write(vec![put(0, 0, id % 3, Lane::Routine, Supersedes::AllHeld)], WALL_MS);
    }
    mark(&mut node, 1, 1);
    let feed = node.feeds.values().find(|held| held.name.lane == Lane::Routine).unwrap().name.id();
    (node, feed)
}

#[test]
fn of_three_hundred_versions_of_three_entries_four_records_travel() {
    let (node, feed) = author();
    let held = &node.feeds[&feed];
    let [parts] = &parts(held)[..] else { panic!("one checkpoint was written") };
    let jump = parts.jump(held, 0);
    assert_eq!((held.envelopes.len(), jump.len()), (301, 4));
    assert_eq!((jump.covered(), jump.head()), (held.head(300), held.head(301)));
    assert!(jump.bytes() < held.all().bytes() / 50);
}

/// `cargo test -p polder-picture --test jumps twenty_thousand -- --nocapture` prints the bytes.
#[test]
fn of_twenty_thousand_versions_of_twenty_entries_hardly_more_than_twenty_records_travel() {
    let mut node = Node::new(1);
    node.open(scope(Mode::Actual));
    for _ in 0..40 {
        let version = |id: u128| put(0, 0, id % 20, Lane::Routine, Supersedes::AllHeld);
        node.write((0..500).map(version).collect(), WALL_MS);
    }
    mark(&mut node, 1, 1);
    let held = node.feeds.values().find(|held| held.name.lane == Lane::Routine).unwrap();
    let parts = &parts(held)[0];
    let mut whole = Node::new(40);
    assert_eq!(take(&mut whole, held, None), 20_001);
    println!("whole: 20001 records, {} bytes", held.all().bytes());
    let (kept, tail) = (parts.kept.clone(), parts.tail(held, 0));
    let jump = parts.verify(held, kept, tail).unwrap();
    let (records, bytes) = (jump.len(), jump.bytes());
    let mut jumped = Node::new(41);
    let mut group = Group::new(&jumped.picture, &jumped.signer, &mut jumped.clock);
    assert_eq!(group.leap(jump, &held.scope, WALL_MS).unwrap(), records);
    let sealed = group.seal();
    jumped.picture.install(&sealed);
    println!("jump: {records} records, {bytes} bytes");
    assert_eq!(whole.dump(), jumped.dump());
    assert_eq!(records, 21);
    assert!(bytes * 500 < held.all().bytes());
}

#[test]
fn a_list_of_more_or_less_than_is_needed_is_refused_or_found_unfair() {
    let (node, feed) = author();
    let honest = &node.feeds[&feed];
    let all = decoded(&honest.envelopes[..300]);
    let good = list(honest, 300);
    let mut stranger = Stranger::new(1, scope(Mode::Actual), Lane::Routine);
    stranger.held.envelopes = honest.envelopes[..300].to_vec();
    let mut said = |list: &List| {
        stranger.held.envelopes.truncate(300);
        let (kind, entry) = (RecordKind::Checkpoint, Uuid::nil());
        let content = list.sealed([1; 16]).payload.bytes;
        stranger.say(Said { kind, entry, content, ..Said::default() });
        let held = &stranger.held;
        let parts = parts(held).pop().unwrap();
        parts.verify(held, parts.kept.clone(), parts.tail(held, 0))
    };
    assert!(said(&good).is_ok());
    let mut more = good.kept().clone();
    more.insert(7, all[6].hash);
    let more = List::new(good.base(), more);
    assert_eq!(said(&more).unwrap_err(), Unsound::Choice);
    assert!(!Jump::is_fair(&more, &honest.name, all.iter()));
    // What is not there a newcomer cannot miss: it has the origin's word for it. A node that holds
    // all records does not pass it on.
    let mut less = good.kept().clone();
    less.pop_first();
    let less = List::new(good.base(), less);
    assert!(said(&less).is_ok());
    assert!(!Jump::is_fair(&less, &honest.name, all.iter()));
    // A hash of a record that was never written.
    let mut other = good.kept().clone();
    *other.first_entry().unwrap().get_mut() = [3; 32];
    let other = List::new(good.base(), other);
    assert_eq!(said(&other).unwrap_err(), Unsound::Kept(298, Damage::Previous));
}

#[test]
fn another_history_under_the_same_key_is_found_to_be_a_fork() {
    let (node, feed) = author();
    let held = &node.feeds[&feed];
    let mut newcomer = Node::new(41);
    take(&mut newcomer, held, Some(0));
    let mut rival = Stranger::new(1, scope(Mode::Actual), Lane::Routine);
    rival.held.envelopes = held.envelopes[..290].to_vec();
    let mut taken = Vec::new();
    for _ in 290..310 {
        rival.say(Said::default());
        let mut group = Group::new(&newcomer.picture, &newcomer.signer, &mut newcomer.clock);
        let (suffix, scope) = rival.all();
        taken.push(group.receive(suffix, &scope, WALL_MS));
    }
    // Up to the last record that the checkpoint speaks of, only the log can tell.
    let forks = taken.iter().filter(|taken| matches!(taken, Err(ReceiveError::Fork { .. })));
    assert_eq!(forks.count(), 11);
    assert!(taken[9..].iter().all(|taken| matches!(taken, Err(ReceiveError::Fork { .. }))));
}

#[test]
fn a_feed_that_is_held_in_part_is_not_jumped() {
    let (node, feed) = author();
    let held = &node.feeds[&feed];
    let jump = || parts(held)[0].jump(held, 0);
    let mut newcomer = Node::new(41);
    newcomer.receive(vec![(held.suffix(0, 100).unwrap(), held.scope.clone())], WALL_MS);
    let mut group = Group::new(&newcomer.picture, &newcomer.signer, &mut newcomer.clock);
    let refused = group.leap(jump(), &held.scope, WALL_MS).unwrap_err();
    assert!(matches!(refused, ReceiveError::Gap { ours } if ours == held.head(100)));
    assert!(group.is_empty());
    // Nor one of this node itself.
    let mut own = Node::new(1);
    let mut group = Group::new(&own.picture, &own.signer, &mut own.clock);
    assert!(matches!(group.leap(jump(), &held.scope, WALL_MS), Err(ReceiveError::Own)));
}

#[test]
fn a_jump_that_leaves_too_many_versions_undecided_is_refused() {
    let author = |undecided: usize, covers: bool| {
        let mut stranger = Stranger::new(9, scope(Mode::Actual), Lane::Routine);
        for _ in 0..undecided {
            stranger.say(Said::default());
        }
        let own = stranger.held.name.id();
        if covers {
            stranger.say(Said { seen: &[(own, undecided as u64)], ..Said::default() });
        }
        let all = list(&stranger.held, stranger.held.envelopes.len());
        let (kind, entry) = (RecordKind::Checkpoint, Uuid::nil());
        let content = all.sealed([1; 16]).payload.bytes;
        stranger.say(Said { kind, entry, content, ..Said::default() });
        let mut newcomer = Node::new(41);
        let mut group = Group::new(&newcomer.picture, &newcomer.signer, &mut newcomer.clock);
        let jump = parts(&stranger.held)[0].jump(&stranger.held, 0);
        match group.leap(jump, &stranger.held.scope, WALL_MS) {
            Err(ReceiveError::Refused(refusal)) => Err((refusal.reason, group.len())),
            other => Ok(other.unwrap()),
        }
    };
    assert_eq!(author(255, false), Ok(256));
    assert_eq!(author(300, false), Err(("RIVALS_OF_FEED_TOO_MANY", 0)));
    // What all together decide is not counted, though a node that takes all would refuse it.
    assert_eq!(author(300, true), Ok(2));
}

#[test]
fn feeds_of_a_charter_have_no_checkpoints() {
    let mut node = Node::new(1);
    let mut group = Group::new(&node.picture, &node.signer, &mut node.clock);
    let scope = group.charter_scope(polder_picture::record::Id([3; 16]));
    let list =
        List::new(polder_picture::record::Head { sequence: 1, hash: [1; 32] }, Default::default());
    let draft = Draft { scope, ..draft(Lane::Urgent, list) };
    assert_eq!(group.author(draft, WALL_MS).unwrap_err().reason, "CHECKPOINT_OF_CHARTER");
}

#[test]
fn a_checkpoint_that_cannot_be_is_not_written() {
    let (mut node, feed) = author();
    let held = &node.feeds[&feed];
    let mut wrong = held.head(301);
    wrong.hash[0] ^= 1;
    let mut ahead = held.head(301);
    ahead.sequence += 1;
    let drafts = [wrong, ahead]
        .map(|base| draft(Lane::Routine, List::new(base, list(held, 5).kept().clone())));
    let refused = node.write(drafts.into(), WALL_MS);
    let reasons: Vec<_> =
        refused.iter().map(|refusal| (&refusal.fields[0].field[..], refusal.reason)).collect();
    assert_eq!(
        reasons,
        [("checkpoint.hash", "CHECKPOINT_HASH"), ("checkpoint.sequence", "CHECKPOINT_SEQUENCE"),]
    );
}
