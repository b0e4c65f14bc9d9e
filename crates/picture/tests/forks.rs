//! Feeds that fork: whichever way the branches came, the picture is the same, nothing is lost and
//! nothing is hidden by a record that may have meant another branch.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
#![allow(dead_code, reason = "the world is shared with tests that use more of it")]

#[path = "receiving/world.rs"]
mod world;

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use polder_picture::{
    admit::{Group, NewScope, ReceiveError},
    clock::Clock,
    forks::{Place, locate},
    picture::{Change, Picture},
    record::{Head, Id, Signer, branch_id, record_hash},
    suffix::{FeedName, Suffix},
};
use polder_wire::v1::{Content, Envelope, Lane, Mode, content::Content as Sort};
use proptest::{collection::vec, prelude::*, test_runner::FileFailurePersistence};
use prost::Message as _;
use world::{Said, Stranger, WALL_MS, entry, id_of, scope};

/// `POLDER_SOAK_ROUNDS` multiplies how many histories are tried.
fn config(cases: u32) -> ProptestConfig {
    let rounds = std::env::var("POLDER_SOAK_ROUNDS").map_or(1, |rounds| rounds.parse().unwrap());
    let seeds = FileFailurePersistence::Direct("tests/forks.seeds");
    let failure_persistence = Some(Box::new(seeds) as Box<_>);
    ProptestConfig { cases: cases * rounds, failure_persistence, ..Default::default() }
}

/// Where feeds end, and the current versions of each entry.
type Told = (BTreeMap<Id, Head>, BTreeMap<u128, BTreeSet<(Id, u64)>>);

/// A node as far as forks concern it: the records it holds, in the order in which they came.
struct Holder {
    signer: Signer,
    clock: Clock,
    picture: Picture,
    changes: Vec<Change>,
    hashes: BTreeMap<(Id, u64), [u8; 32]>,
    splits: usize,
}

impl Holder {
    fn new() -> Self {
        let (clock, picture, changes, hashes) = Default::default();
        Self { signer: Signer::new(&[99; 32]), clock, picture, changes, hashes, splits: 0 }
    }

    /// Takes records; false when what comes before them is missing.
    fn take(&mut self, mut suffix: Suffix, scope: &NewScope) -> bool {
        loop {
            let mut group = Group::new(&self.picture, &self.signer, &mut self.clock);
            // The door knows last records only; for older ones the log is asked.
            let end = suffix.head();
            let held = self.hashes.get(&(suffix.feed().id(), end.sequence));
            let older = end.sequence < group.head_of(suffix.feed().id()).sequence;
            let received = if older && held.is_some_and(|held| *held != end.hash) {
                let parted = Box::new((suffix, scope.clone()));
                Err(ReceiveError::Fork { sequence: end.sequence, parted })
            } else {
                group.receive(suffix, scope, WALL_MS)
            };
            match received {
                Ok(_) => {
                    let sealed = group.seal();
                    self.picture.install(&sealed);
                    for admitted in &sealed.admitted {
                        let record = admitted.record();
                        let feed = self.picture.feed(record.feed).id;
                        let hash = record_hash(&admitted.envelope().header);
                        assert!(self.hashes.insert((feed, record.sequence), hash).is_none());
                        self.changes.push(admitted.change().clone());
                    }
                    return true;
                }
                Err(ReceiveError::Gap { .. }) => return false,
                Err(ReceiveError::Fork { parted, .. }) => suffix = parted.0,
                Err(other) => panic!("{other}"),
            }
            let hashes = &self.hashes;
            let hash_at = |feed, sequence| hashes.get(&(feed, sequence)).copied();
            match locate(&self.picture, suffix, hash_at) {
                Place::Next(next) => suffix = next,
                Place::Held(..) => return true,
                Place::Gap(_) => return false,
                Place::Fork(fork, whole) => {
                    self.split(fork.feed, fork.last, fork.first);
                    suffix = whole;
                }
            }
        }
    }

    fn split(&mut self, feed: Id, last: Head, first: [u8; 32]) {
        self.splits += 1;
        let index = self.picture.feed_index(feed).unwrap();
        let mut picture = self.picture.emptied();
        let own = picture.split(index, last, first);
        let own = picture.feed(own).id;
        let moved: Vec<_> =
            self.hashes.range((feed, last.sequence + 1)..=(feed, u64::MAX)).collect();
        let moved: Vec<_> = moved.into_iter().map(|((_, at), hash)| (*at, *hash)).collect();
        for (at, hash) in moved {
            self.hashes.remove(&(feed, at));
            self.hashes.insert((own, at), hash);
        }
        for change in &mut self.changes {
            change.live.record = picture.place(change.live.record);
            picture.apply(change);
        }
        self.picture = picture;
    }

    /// What it holds and shows, by names that are the same on every node.
    fn said(&self) -> Told {
        let held = self.picture.held_feeds().filter(|feed| feed.head.sequence > 0);
        let heads = held.map(|feed| (feed.id, feed.head)).collect();
        let entries = self.picture.entries().iter().map(|register| {
            let live = register
                .live
                .iter()
                .map(|live| (self.picture.feed(live.record.feed).id, live.record.sequence));
            (register.entry.as_u128(), live.collect())
        });
        (heads, entries.collect())
    }
}

fn say(stranger: &mut Stranger, of: u128, seen: &[(Id, u64)], salt: u64) {
    let (id, body) = entry(0, of);
    let content = Bytes::from(Content { content: Some(Sort::Entry(body)) }.encode_to_vec());
    let hlc = ((WALL_MS as u64) << 16) + salt;
    stranger.say(Said { entry: id, seen, hlc, content, ..Said::default() });
}

/// One line of records from the first to a leaf, and what each is about.
#[derive(Clone)]
struct Line {
    envelopes: Vec<Envelope>,
    about: Vec<u128>,
}

/// How a line comes to be: which line it leaves, after how many records, and its own records: what
/// each is about, and whether its author had seen what that line says of it.
type Plan = (usize, usize, Vec<(u128, bool)>);

fn lines(plans: &[Plan], scope: &NewScope) -> (Stranger, Vec<Line>) {
    let mut stranger = Stranger::new(7, scope.clone(), Lane::Routine);
    let mut lines: Vec<Line> = Vec::new();
    let mut salt = 0;
    for (from, keep, own) in plans {
        let mut line = match lines.len().checked_sub(1) {
            None => Line { envelopes: Vec::new(), about: Vec::new() },
            Some(last) => {
                let mut line = lines[from % (last + 1)].clone();
                let keep = keep % (line.envelopes.len() + 1);
                line.envelopes.truncate(keep);
                line.about.truncate(keep);
                line
            }
        };
        for (about, saw) in own {
            stranger.held.envelopes = std::mem::take(&mut line.envelopes);
            let last = line.about.iter().rposition(|of| of == about).map(|at| at as u64 + 1);
            let seen: Vec<_> =
                last.filter(|_| *saw).map(|at| (stranger.held.name.id(), at)).into_iter().collect();
            salt += 1;
            say(&mut stranger, *about, &seen, salt);
            line.envelopes = std::mem::take(&mut stranger.held.envelopes);
            line.about.push(*about);
        }
        lines.push(line);
    }
    (stranger, lines)
}

fn head(line: &Line, sequence: usize) -> Head {
    match sequence.checked_sub(1) {
        None => Head::default(),
        Some(last) => {
            Head { sequence: sequence as u64, hash: record_hash(&line.envelopes[last].header) }
        }
    }
}

proptest! {
    #![proptest_config(config(400))]

    #[test]
    fn branches_that_come_in_any_order_give_the_same_picture_and_lose_nothing(
        plans in vec((0..8_usize, 0..12_usize, vec((0..3_u128, any::<bool>()), 1..8)), 1..6),
        claims in vec((0..3_u128, 0..6_usize, 0..12_u64, any::<bool>()), 0..10),
        cuts in vec((0..12_usize, 0..12_usize), 1..6),
        orders in vec(vec(any::<u32>(), 64), 2..4),
    ) {
        let scope = scope(Mode::Actual);
        let (stranger, lines) = lines(&plans, &scope);
        let root = stranger.held.name;
        let mut other = Stranger::new(8, scope.clone(), Lane::Routine);
        for (at, (about, line, sequence, by_branch)) in claims.iter().enumerate() {
            let line = &lines[line % lines.len()];
            let of = line.envelopes.get(*sequence as usize).or(line.envelopes.last()).unwrap();
            let feed = if *by_branch { branch_id(&record_hash(&of.header)) } else { root.id() };
            say(&mut other, *about, &[(feed, *sequence)], 1_000 + at as u64);
        }
        let mut pieces: Vec<(usize, usize, usize)> = Vec::new();
        for (at, line) in lines.iter().enumerate() {
            let end = line.envelopes.len();
            pieces.push((at, 0, end));
            for (from, to) in &cuts {
                let (from, to) = (from % (end + 1), to % (end + 1));
                if from < to {
                    pieces.push((at, from, to));
                }
            }
        }
        let whole = &pieces;
        let all: BTreeSet<[u8; 32]> = lines
            .iter()
            .flat_map(|line| line.envelopes.iter().map(|envelope| record_hash(&envelope.header)))
            .collect();
        let mut said = Vec::new();
        for order in &orders {
            let mut holder = Holder::new();
            let mut todo: Vec<_> = whole.iter().map(|piece| Some(*piece)).chain([None]).collect();
            todo.sort_by_key(|piece| match piece {
                Some((line, from, to)) => order[(line * 17 + from * 5 + to) % order.len()],
                None if other.held.envelopes.is_empty() => u32::MAX,
                None => order[3],
            });
            while !todo.is_empty() {
                let before = todo.len();
                todo.retain(|piece| {
                    let Some((line, from, to)) = piece else {
                        return !other.held.envelopes.is_empty()
                            && !holder.take(other.held.all(), &scope);
                    };
                    let line = &lines[*line];
                    let envelopes = line.envelopes[*from..*to].to_vec();
                    let suffix =
                        Suffix::verify(&stranger.held.key, root, head(line, *from), envelopes);
                    !holder.take(suffix.unwrap(), &scope)
                });
                prop_assert!(todo.len() < before, "some records found no place");
            }
            let own: Id = other.held.name.id();
            let held: BTreeSet<[u8; 32]> = holder
                .hashes
                .iter()
                .filter(|((feed, _), _)| *feed != own)
                .map(|(_, hash)| *hash)
                .collect();
            prop_assert_eq!(&held, &all, "each record is held, once");
            // Again, all of it: nothing changes.
            let before = holder.said();
            for line in &lines {
                let suffix = Suffix::verify(
                    &stranger.held.key, root, Head::default(), line.envelopes.clone(),
                );
                prop_assert!(holder.take(suffix.unwrap(), &scope));
            }
            prop_assert_eq!(&before, &holder.said());
            said.push(before);
        }
        for other in &said[1..] {
            prop_assert_eq!(&said[0], other);
        }
        prop_assert!(id_of(&scope) == root.scope && FeedName::root(&root) == root);
    }
}
