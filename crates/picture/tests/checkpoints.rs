//! What stays of a feed at a checkpoint adds up to the same picture as all of it, whatever the
//! feed says, whichever feeds are held, and in any order.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
#![allow(dead_code, reason = "the nodes in memory are shared with other tests")]

#[path = "receiving/histories.rs"]
mod histories;
#[path = "receiving/world.rs"]
mod world;

use histories::*;
use polder_picture::{
    admit::Supersedes,
    checkpoint::Keeping,
    record::{Id, decode},
};
use polder_wire::v1::{Content, Lane, Mode, content::Content as Sort};
use proptest::{collection::vec, prelude::*, test_runner::FileFailurePersistence};
use prost::Message as _;
use world::*;

/// `POLDER_SOAK_ROUNDS` multiplies how many histories are tried.
fn config(cases: u32) -> ProptestConfig {
    let rounds = std::env::var("POLDER_SOAK_ROUNDS").map_or(1, |rounds| rounds.parse().unwrap());
    let seeds = FileFailurePersistence::Direct("tests/checkpoints.seeds");
    let failure_persistence = Some(Box::new(seeds) as Box<_>);
    ProptestConfig { cases: cases * rounds, failure_persistence, ..Default::default() }
}

/// What a node shows that holds some feeds: of each, all records, or only those that must stay of
/// the ones before a number chosen by `cuts`, and all after. `None`: all.
fn shown(node: &Node, feeds: &[Id], cuts: Option<&[usize]>, turn: usize) -> (String, usize) {
    let mut records = Vec::new();
    for (at, id) in feeds.iter().enumerate() {
        let held = &node.feeds[id];
        let index = node.picture.feed_index(*id).unwrap();
        let cut = cuts.map_or(0, |cuts| cuts[at % cuts.len()] % (held.envelopes.len() + 1));
        let mut keeping = Keeping::default();
        held.envelopes[..cut].iter().for_each(|one| keeping.add(&decode(one).unwrap()));
        let kept = keeping.kept(*id);
        let stays = |sequence: u64| sequence > cut as u64 || kept.contains_key(&sequence);
        let changes = node.log.iter().filter(|one| one.live.record.feed == index);
        records.extend(changes.filter(|one| stays(one.live.record.sequence)));
    }
    let count = records.len();
    records.rotate_left(turn % count.max(1));
    if turn % 2 == 1 {
        records.reverse();
    }
    let mut picture = node.picture.emptied();
    for change in records {
        picture.apply(change);
        if change.entry.is_nil() && !change.live.attributes.is_apart() {
            let held = &node.feeds[&picture.feed(change.live.record.feed).id];
            let envelope = &held.envelopes[change.live.record.sequence as usize - 1];
            let content = Content::decode(envelope.payload.clone().unwrap().bytes).ok();
            let data = match content.and_then(|content| content.content) {
                Some(Sort::Incident(data)) => Some(data),
                _ => None,
            };
            picture.set_incident_data(change.scope, change.live.record, data);
        }
    }
    (Node { picture, ..Node::new(1) }.dump(), count)
}

proptest! {
    #![proptest_config(config(200))]

    #[test]
    fn what_stays_at_a_checkpoint_shows_what_all_records_show(
        (done, said, cuts, held, turn) in (
            steps(),
            vec(steps().prop_map(|s| s[0]), 1..20),
            vec(0..1_000_usize, 1..8),
            any::<u8>(),
            0..64_usize,
        )
    ) {
        let mut nodes: Vec<_> = (1..4).map(Node::new).collect();
        nodes.iter_mut().for_each(|node| node.open(scope(Mode::Actual)));
        let feeds: Vec<_> = nodes.iter().flat_map(|node| node.feeds.keys().copied()).collect();
        let stranger = stranger(&said, &feeds);
        for (at, step) in done.iter().enumerate() {
            if at == turn % done.len() {
                nodes[0].receive(vec![stranger.all()], WALL_MS).pop().unwrap().unwrap();
            }
            act(&mut nodes, *step);
        }
        bring(&mut nodes, 1, 0);
        bring(&mut nodes, 2, 0);
        let node = &nodes[0];
        let all: Vec<_> = node.feeds.keys().copied().collect();
        let (whole, _) = shown(node, &all, None, 0);
        prop_assert_eq!(&whole, &node.dump());
        prop_assert_eq!(&whole, &shown(node, &all, Some(&cuts), turn).0);
        // Whoever holds some of the feeds only is shown the same by their part as well.
        let some = all.iter().enumerate().filter(|(at, _)| held >> (at % 8) & 1 == 1);
        let some: Vec<_> = some.map(|(_, id)| *id).collect();
        let (whole, _) = shown(node, &some, None, turn);
        prop_assert_eq!(whole, shown(node, &some, Some(&cuts), turn + 1).0);
    }
}

#[test]
fn of_many_versions_by_two_nodes_in_turn_the_last_of_each_stays() {
    let mut nodes: Vec<_> = (1..3).map(Node::new).collect();
    nodes.iter_mut().for_each(|node| node.open(scope(Mode::Actual)));
    for round in 0..10 {
        for id in 0..20 {
            let author = &mut nodes[round % 2];
            author.write(vec![put(0, 0, id, Lane::Routine, Supersedes::AllHeld)], WALL_MS);
        }
        bring(&mut nodes, round % 2, (round + 1) % 2);
    }
    let node = &nodes[0];
    let all: Vec<_> = node.feeds.keys().copied().collect();
    let ends: Vec<_> = all.iter().map(|id| node.feeds[id].envelopes.len()).collect();
    let (whole, records) = shown(node, &all, None, 0);
    let (part, stay) = shown(node, &all, Some(&ends), 0);
    assert_eq!(whole, part);
    // 100 versions of 20 entries each, and what either opened the incident with.
    assert_eq!((records, stay), (202, 42));
}
