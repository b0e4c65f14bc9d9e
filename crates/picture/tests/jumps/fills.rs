//! What a checkpoint left out, when it comes later: it shows nothing new, ends as what one holds
//! that took all records, and is nothing that the origin did not write.

use std::collections::BTreeMap;

use polder_picture::{
    admit::{Group, ReceiveError, Supersedes},
    checkpoint::List,
    fill::{Fill, Gap, Unsound, piece},
    record::{Damage, Head, decode, record_hash},
    standing::RecordStanding,
};
use polder_wire::v1::{Envelope, Lane, Mode, RecordKind};
use proptest::{collection::vec, prelude::*};
use prost::Message as _;
use uuid::Uuid;

use super::{
    author, config, decoded, fork, history, mark, marks, parts, said, take,
    world::{Held, Node, Said, Stranger, WALL_MS, put, scope},
};
use crate::histories::steps;

/// The records of a gap that a peer which holds all of them gives for so many bytes.
fn given(held: &Held, gap: &Gap, bytes_max: usize) -> Vec<Envelope> {
    let records = &held.envelopes[..gap.edge.sequence as usize];
    let down = records.iter().rev().map(|envelope| (envelope.encoded_len(), envelope));
    let count = piece(down, true, bytes_max);
    records[records.len() - count..].to_vec()
}

/// Where a feed that came by a checkpoint is not whole.
fn gap_of(node: &Node, held: &Held) -> Option<Gap> {
    node.picture.gaps().find(|gap| gap.feed == held.name)
}

/// What a node holds of the records before its edge: those that the checkpoint keeps.
fn kept(node: &Node, held: &Held) -> BTreeMap<u64, [u8; 32]> {
    let index = node.picture.feed_index(held.name.id()).unwrap();
    let of_feed = node.log.iter().map(|change| change.live.record);
    let numbers = of_feed.filter(|record| record.feed == index).map(|record| record.sequence);
    let hash = |number: u64| record_hash(&held.envelopes[number as usize - 1].header);
    numbers.map(|number| (number, hash(number))).collect()
}

fn fill(node: &mut Node, held: &Held, piece: Fill) -> Result<usize, ReceiveError> {
    let kept = kept(node, held);
    let mut group = Group::new(&node.picture, &node.signer, &mut node.clock);
    let taken = group.fill(piece, &kept, &held.scope, WALL_MS);
    let sealed = group.seal();
    node.picture.install(&sealed);
    node.log.extend(sealed.admitted.iter().map(|admitted| admitted.change().clone()));
    taken
}

/// Takes the next piece of a feed; false when it is whole.
fn step(node: &mut Node, held: &Held, bytes_max: usize) -> bool {
    let Some(gap) = gap_of(node, held) else { return false };
    let piece = Fill::verify(&held.key, gap, given(held, &gap, bytes_max)).unwrap();
    let (length, after) = (piece.len(), piece.after());
    let late = piece.clone();
    assert!(fill(node, held, piece).unwrap() <= length);
    let index = node.picture.feed_index(held.name.id()).unwrap();
    assert_eq!(node.picture.feed(index).covered, after);
    // Once more, from a neighbour that was slower.
    assert_eq!(fill(node, held, late).unwrap(), 0);
    true
}

proptest! {
    #![proptest_config(config(40))]

    #[test]
    fn what_comes_later_shows_nothing_new_and_ends_as_one_that_took_all(
        (done, said, marks) in (steps(), said(), marks()),
        by in vec(proptest::option::weighted(0.8, 0..1_000_usize), 1..8),
        turns in vec((any::<usize>(), 700..9_000_usize), 1..20),
    ) {
        let nodes = history(&done, &said, &marks);
        let feeds: Vec<_> = nodes[0].feeds.values().collect();
        let (mut whole, mut jumped) = (Node::new(40), Node::new(41));
        for held in &feeds {
            take(&mut whole, held, None);
        }
        // Feeds come by their checkpoints, and between them pieces of what those left out.
        for (at, held) in feeds.iter().enumerate() {
            take(&mut jumped, held, by[at % by.len()]);
            let (which, bytes_max) = turns[at % turns.len()];
            let before = jumped.dump();
            step(&mut jumped, feeds[which % feeds.len()], bytes_max);
            prop_assert_eq!(jumped.dump(), before);
        }
        let shown = jumped.dump();
        prop_assert_eq!(whole.dump(), &shown[..]);
        let changed: Vec<_> = jumped.picture.changes().after(0).collect();
        let mut turn = turns.iter().cycle();
        for held in &feeds {
            while step(&mut jumped, held, turn.next().unwrap().1) {
                prop_assert_eq!(jumped.dump(), &shown[..]);
            }
        }
        prop_assert_eq!(jumped.picture.gaps().count(), 0);
        prop_assert_eq!(jumped.picture.lsn(), whole.picture.lsn());
        // Whoever follows the state hears of nothing, for nothing of it changed.
        prop_assert_eq!(jumped.picture.changes().after(0).collect::<Vec<_>>(), changed);
        // Built anew from what arrived in that order, it shows the same.
        let mut built = jumped.picture.emptied();
        jumped.log.iter().for_each(|change| built.apply(change));
        jumped.picture = built;
        let data = |node: &Node| node.dump().lines().filter(|line| line.starts_with("entry")).map(str::to_owned).collect::<Vec<_>>();
        prop_assert_eq!(data(&jumped), data(&whole));
    }

    #[test]
    fn a_fork_that_is_found_after_records_came_later_shows_the_same_to_both(
        (done, said, marks) in (steps(), said(), marks()),
        by in vec(proptest::option::weighted(0.8, 0..1_000_usize), 1..8),
        (which, last, bytes_max) in (any::<usize>(), any::<usize>(), 0..3_000_usize),
    ) {
        let nodes = history(&done, &said, &marks);
        let feeds: Vec<_> = nodes[0].feeds.values().collect();
        let (mut whole, mut jumped) = (Node::new(40), Node::new(41));
        for (at, held) in feeds.iter().enumerate() {
            take(&mut whole, held, None);
            take(&mut jumped, held, by[at % by.len()]);
        }
        let forked = feeds[which % feeds.len()];
        let last = last % forked.envelopes.len();
        // Before that the fork could not even be placed.
        while gap_of(&jumped, forked).is_some_and(|gap| gap.edge.sequence > last as u64) {
            step(&mut jumped, forked, bytes_max);
        }
        fork(&mut whole, forked, last);
        fork(&mut jumped, forked, last);
        prop_assert_eq!(whole.dump(), jumped.dump());
        // And the rest of it comes all the same.
        while step(&mut jumped, forked, bytes_max) {}
        prop_assert_eq!(whole.dump(), jumped.dump());
    }

    #[test]
    fn what_is_changed_left_out_added_moved_or_of_another_feed_fills_nothing(
        (done, said, marks) in (steps(), said(), marks()),
        (which, how, a, b) in (any::<usize>(), 0..9_u8, any::<usize>(), any::<usize>()),
    ) {
        let nodes = history(&done, &said, &marks);
        let feeds: Vec<_> = nodes[0].feeds.values().collect();
        let all: Vec<_> = feeds.iter().flat_map(|held| {
            parts(held).into_iter().map(move |parts| (*held, parts))
        }).collect();
        let (held, parts) = &all[which % all.len()];
        let gap = Gap { feed: held.name, edge: parts.list.base(), is_covered: true };
        let sound = given(held, &gap, b % 3_000);
        prop_assert!(Fill::verify(&held.key, gap, sound.clone()).is_ok());
        let foreign = feeds.iter().find(|other| other.name != held.name).unwrap();
        let foreign = foreign.envelopes[b % foreign.envelopes.len()].clone();
        let flip = |bytes: &mut bytes::Bytes| {
            let mut changed = bytes.to_vec();
            match changed.len() {
                // Some say nothing.
                0 => changed.push(1),
                length => changed[b % length] ^= 1,
            }
            *bytes = changed.into();
        };
        let mut forged = sound.clone();
        let place = a % forged.len();
        let added = b % held.envelopes.len();
        // The record that stands before the first only makes the piece longer.
        let is_longer = place == 0 && added + 1 + sound.len() == gap.edge.sequence as usize;
        match how {
            0 => drop(forged.pop()),
            1 if !is_longer => forged.insert(place, held.envelopes[added].clone()),
            2 if forged.len() > 1 => forged.swap(place, (place + 1) % sound.len()),
            3 => forged[place] = foreign,
            4 => flip(&mut forged[place].header),
            5 => flip(&mut forged[place].payload.as_mut().unwrap().bytes),
            6 if !forged[place].signature.is_empty() => flip(&mut forged[place].signature),
            7 => forged.push(foreign),
            _ if place > 0 => drop(forged.remove(place)),
            _ => {}
        }
        if forged != sound {
            prop_assert!(Fill::verify(&held.key, gap, forged).is_err());
        }
        prop_assert!(Fill::verify(&held.key, gap, Vec::new()).is_err());
        let mut moved = gap;
        moved.edge.hash[a % 32] ^= 1;
        prop_assert!(Fill::verify(&held.key, moved, sound.clone()).is_err());
        moved = gap;
        moved.edge.sequence += 1;
        prop_assert!(Fill::verify(&held.key, moved, sound.clone()).is_err());
        let other = nodes[1].signer.public();
        if other != held.key {
            prop_assert!(Fill::verify(&other, gap, sound).is_err());
        }
    }
}

#[test]
fn of_a_feed_of_three_hundred_records_297_come_later_and_none_twice() {
    let (node, feed) = author();
    let held = &node.feeds[&feed];
    let mut newcomer = Node::new(41);
    assert_eq!(take(&mut newcomer, held, Some(0)), 4);
    let mut pieces = 0;
    while step(&mut newcomer, held, 5_000) {
        pieces += 1;
    }
    assert!(pieces > 5, "{pieces} pieces");
    assert_eq!(newcomer.log.len(), 301);
    assert_eq!(newcomer.picture.lsn(), 301);
}

#[test]
fn an_end_without_its_signature_is_taken_only_where_the_checkpoint_speaks_up_to_it() {
    let (node, feed) = author();
    let held = &node.feeds[&feed];
    let mut envelopes = held.envelopes[..300].to_vec();
    envelopes[299].signature = bytes::Bytes::new();
    let mut gap = Gap { feed: held.name, edge: held.head(300), is_covered: true };
    assert!(Fill::verify(&held.key, gap, envelopes.clone()).is_ok());
    gap.is_covered = false;
    let refused = Fill::verify(&held.key, gap, envelopes).unwrap_err();
    assert_eq!(refused, Unsound { sequence: 300, damage: Damage::Unsigned });
}

#[test]
fn a_piece_comes_with_the_signed_record_at_which_the_next_one_ends() {
    let (node, feed) = author();
    let held = &node.feeds[&feed];
    let gap = Gap { feed: held.name, edge: held.head(300), is_covered: true };
    let piece = Fill::verify(&held.key, gap, held.envelopes[199..300].to_vec()).unwrap();
    assert_eq!((piece.len(), piece.after()), (100, held.head(200)));
    // An edge there would stay for good: whoever holds that record so gives nothing that ends on it.
    let mut envelopes = held.envelopes[199..300].to_vec();
    envelopes[0].signature = bytes::Bytes::new();
    let refused = Fill::verify(&held.key, gap, envelopes).unwrap_err();
    assert_eq!(refused, Unsound { sequence: 200, damage: Damage::Unsigned });
    // It alone moves nothing.
    let lone = held.envelopes[299..300].to_vec();
    assert!(Fill::verify(&held.key, gap, lone).is_err());
    // The first of a feed has none before it.
    let mut all = held.envelopes[..300].to_vec();
    all[0].signature = bytes::Bytes::new();
    assert_eq!(Fill::verify(&held.key, gap, all).unwrap().after(), Head::default());
}

#[test]
fn a_record_that_is_not_the_one_which_the_checkpoint_keeps_stops_the_feed_and_says_so() {
    let mut honest = Stranger::new(9, scope(Mode::Actual), Lane::Routine);
    let own = honest.held.name.id();
    for number in 0..4_u64 {
        honest.say(Said { seen: &[(own, number)], ..Said::default() });
    }
    // The same key signed another record with number 4, and its checkpoint keeps that one.
    let mut rival = Stranger::new(9, scope(Mode::Actual), Lane::Routine);
    rival.held.envelopes = honest.held.envelopes[..3].to_vec();
    rival.say(Said { seen: &[(own, 3)], hlc: 7 << 40, ..Said::default() });
    let other = rival.held.envelopes[3].clone();
    honest.say(Said { entry: Uuid::from_u128(77), ..Said::default() });
    let last = decode(&honest.held.envelopes[4]).unwrap().hash;
    let keeps = BTreeMap::from([(4, record_hash(&other.header)), (5, last)]);
    let list = List::new(honest.held.head(5), keeps);
    let (kind, entry, content) =
        (RecordKind::Checkpoint, Uuid::nil(), list.sealed([1; 16]).payload.bytes);
    honest.say(Said { kind, entry, content, ..Said::default() });
    let held = &honest.held;
    let tail = held.envelopes[5..].to_vec();
    let keeps = vec![other, held.envelopes[4].clone()];
    let jump = super::Jump::verify(&held.key, held.name, list.base(), keeps, tail).unwrap();
    let mut newcomer = Node::new(41);
    let mut group = Group::new(&newcomer.picture, &newcomer.signer, &mut newcomer.clock);
    group.leap(jump, &held.scope, WALL_MS).unwrap();
    let sealed = group.seal();
    newcomer.picture.install(&sealed);
    let before = newcomer.dump();

    let gap = gap_of(&newcomer, held).unwrap();
    let piece = Fill::verify(&held.key, gap, held.envelopes[..5].to_vec()).unwrap();
    let kept = list.kept().clone();
    let mut group = Group::new(&newcomer.picture, &newcomer.signer, &mut newcomer.clock);
    let refused = group.fill(piece, &kept, &held.scope, WALL_MS).unwrap_err();
    let ReceiveError::Refused(refusal) = refused else { panic!("{refused:?}") };
    assert_eq!((refusal.reason, group.len()), ("FILL_DIFFERS", 0));
    assert_eq!(group.edge_of(own), gap.edge);
    let sealed = group.seal();
    newcomer.picture.install(&sealed);
    assert_eq!(newcomer.dump(), before);
}

#[test]
fn a_whole_feed_one_that_is_not_held_and_ones_own_are_not_filled() {
    let (node, feed) = author();
    let held = &node.feeds[&feed];
    let gap = Gap { feed: held.name, edge: held.head(300), is_covered: true };
    let piece = || Fill::verify(&held.key, gap, held.envelopes[..300].to_vec()).unwrap();
    let mut newcomer = Node::new(41);
    assert_eq!(fill_nothing(&mut newcomer, held, piece()).unwrap(), 0);
    take(&mut newcomer, held, None);
    assert_eq!(fill_nothing(&mut newcomer, held, piece()).unwrap(), 0);
    let mut own = Node::new(1);
    assert!(matches!(fill_nothing(&mut own, held, piece()), Err(ReceiveError::Own)));
    let known = decoded(&held.envelopes[..1]);
    assert_eq!(known[0].header.sequence, 1);
    let mut first = Gap { edge: Head { sequence: 1, hash: known[0].hash }, ..gap };
    assert!(Fill::verify(&held.key, first, held.envelopes[..1].to_vec()).is_ok());
    first.edge.sequence = 0;
    assert!(Fill::verify(&held.key, first, held.envelopes[..1].to_vec()).is_err());
}

fn fill_nothing(node: &mut Node, held: &Held, piece: Fill) -> Result<usize, ReceiveError> {
    let mut group = Group::new(&node.picture, &node.signer, &mut node.clock);
    let taken = group.fill(piece, &BTreeMap::new(), &held.scope, WALL_MS);
    assert!(group.is_empty());
    taken
}

#[test]
fn a_feed_that_counts_for_nothing_is_filled_all_the_same() {
    let mut node = Node::new(1);
    node.open(scope(Mode::Actual));
    // More versions of one entry than may stand undecided, each of which has seen those before.
    for _ in 0..600 {
        node.write(vec![put(0, 0, 7, Lane::Routine, Supersedes::AllHeld)], WALL_MS);
    }
    mark(&mut node, 1, 1);
    let held = node.feeds.values().find(|held| held.name.lane == Lane::Routine).unwrap();
    let mut newcomer = Node::new(41);
    // The charter knows no node: what they say is kept, and enters no register.
    newcomer.picture.set_standing(Some(RecordStanding::new(std::iter::empty())));
    take(&mut newcomer, held, Some(0));
    let missing = gap_of(&newcomer, held).unwrap().edge.sequence as usize;
    assert!(missing > 500, "{missing} before the edge");
    assert!(step(&mut newcomer, held, usize::MAX));
    assert_eq!(gap_of(&newcomer, held), None);
}
