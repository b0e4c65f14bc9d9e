//! The laws that all nodes rely on, over random histories. Seeds of failures are kept in
//! `laws.seeds`, beside this file.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use polder_picture::{
    admit::{Act, Draft, Group, NewScope, SealedGroup, Supersedes},
    attributes::Attributes,
    clock::Clock,
    live::{Live, RecordRef, Register},
    picture::{Change, Picture},
    record::{
        Chain, Damage, Head, Id, NewHeader, Sealed, Signer, decode, feed_id, verify_signature,
    },
};
use polder_wire::v1::{Entry, Envelope, Header, Lane, Mode, RecordKind, Seen};
use proptest::{
    collection::{btree_map, vec},
    prelude::*,
    sample::Index,
    test_runner::FileFailurePersistence,
};
use prost::Message as _;
use uuid::Uuid;

const FEEDS: u32 = 4;
const ENTRIES: u128 = 4;

/// `POLDER_SOAK_ROUNDS` multiplies how many histories are tried.
fn config(cases: u32) -> ProptestConfig {
    let rounds = std::env::var("POLDER_SOAK_ROUNDS").map_or(1, |rounds| rounds.parse().unwrap());
    let cases = cases * rounds;
    let seeds = FileFailurePersistence::Direct("tests/laws.seeds");
    let failure_persistence = Some(Box::new(seeds) as Box<_>);
    // Some histories hold nothing to leave out or to swap.
    let max_global_rejects = 4 * cases + 1024;
    ProptestConfig { cases, failure_persistence, max_global_rejects, ..Default::default() }
}

fn attributes(party: u8, kind: u32) -> Attributes {
    Attributes::of_entry(&Entry::default(), &party.to_string(), kind, Lane::Routine)
}

/// A record before it has a number: entry, feed, what it saw, its clock, party and kind.
type Raw = (u128, u32, BTreeMap<u32, u64>, u64, u8, bool);

/// Records of several feeds; `seen` may name what does not exist yet, or never will.
fn history() -> impl Strategy<Value = Vec<Change>> {
    let seen = btree_map(0..FEEDS, 0..12_u64, 0..3);
    let raw = (0..ENTRIES, 0..FEEDS, seen, any::<u64>(), 0..2_u8, any::<bool>());
    vec(raw, 0..40).prop_map(|raws: Vec<Raw>| {
        let mut last = [0; FEEDS as usize];
        let number = |(entry, feed, seen, hlc, party, level): Raw| {
            last[feed as usize] += 1;
            let record = RecordRef { feed, sequence: last[feed as usize] };
            // Nobody sees what they have not written yet.
            let of_own = |(seen_feed, sequence): &(u32, u64)| {
                *seen_feed != feed || *sequence < record.sequence
            };
            let seen = seen.into_iter().filter(of_own);
            let seen = seen.map(|(feed, sequence)| RecordRef { feed, sequence }).collect();
            let attributes = attributes(party, if level { 102 } else { 100 });
            let live = Live { record, hlc, attributes };
            Change { scope: 0, entry: Uuid::from_u128(entry + 1), live, seen }
        };
        raws.into_iter().map(number).collect()
    })
}

fn empty() -> Picture {
    let mut picture = Picture::default();
    let scope = picture.add_scope("flood", Mode::Exercise, "all");
    for feed in 0..FEEDS {
        picture.add_feed(Id([feed as u8; 16]), scope, Lane::Routine);
    }
    picture
}

fn of<'a>(changes: impl IntoIterator<Item = &'a Change>) -> Picture {
    let mut picture = empty();
    changes.into_iter().for_each(|change| picture.apply(change));
    picture
}

/// All that a picture says, but for log positions.
fn said(registers: &polder_picture::pages::Pages<Register>) -> BTreeMap<Uuid, String> {
    let say = |register: &Register| {
        let said = format!(
            "{:?} {:?} {:?} {} {} {}",
            register.live,
            register.display(|feed| Id([feed as u8; 16])),
            register.seen(),
            register.is_contradictory(),
            register.is_retracted(),
            register.has_history()
        );
        (register.entry, said)
    };
    registers.iter().map(say).collect()
}

proptest! {
    #![proptest_config(config(400))]

    #[test]
    fn the_order_of_arrival_and_repetition_change_nothing(
        (history, shuffled, again) in history().prop_flat_map(|history| {
            let shuffled = Just(history.clone()).prop_shuffle();
            (Just(history), shuffled, vec(any::<Index>(), 0..10))
        })
    ) {
        let first = of(&history);
        let mut second = of(&shuffled);
        prop_assert_eq!(said(first.entries()), said(second.entries()));
        prop_assert_eq!(first.scope(0).entry_count, second.scope(0).entry_count);
        for index in again.iter().filter(|_| !history.is_empty()) {
            second.apply(index.get(&history));
        }
        prop_assert_eq!(said(first.entries()), said(second.entries()));
    }

    #[test]
    fn a_snapshot_and_its_tail_add_up_to_the_picture(
        (history, at) in (history(), any::<Index>())
    ) {
        let at = at.index(history.len() + 1);
        let mut picture = of(&history[..at]);
        let snapshot = picture.snapshot();
        history[at..].iter().for_each(|change| picture.apply(change));
        // What was pinned stays as it was.
        prop_assert_eq!(said(&snapshot.entries), said(of(&history[..at]).entries()));
        let mut held: BTreeMap<Uuid, Register> =
            snapshot.entries.iter().map(|register| (register.entry, register.clone())).collect();
        let mut last = snapshot.lsn;
        for (lsn, slot) in picture.changes().after(snapshot.lsn) {
            prop_assert!(lsn > last);
            last = lsn;
            let register = picture.entries().get(slot as usize).unwrap();
            if register.lsn == lsn {
                held.insert(register.entry, register.clone());
            }
        }
        prop_assert_eq!(last, picture.lsn());
        let mut pages = polder_picture::pages::Pages::default();
        held.into_values().for_each(|register| { pages.push(register); });
        prop_assert_eq!(said(&pages), said(picture.entries()));
    }

    #[test]
    fn every_record_is_current_or_covered_by_one_whose_author_saw_it(history in history()) {
        let picture = of(&history);
        for change in &history {
            let record = change.live.record;
            let register = picture.entry(0, change.entry).unwrap();
            let current = register.live.iter().any(|live| live.record == record);
            let covered = history.iter().any(|other| {
                other.entry == change.entry && Register::covers(&other.seen, record)
            });
            prop_assert!(current != covered, "{record:?} current {current} covered {covered}");
        }
        for register in picture.entries().iter() {
            let parties: BTreeSet<_> =
                register.live.iter().map(|live| live.attributes.party).collect();
            if parties.len() > 1 {
                prop_assert!(register.is_contradictory(), "two parties differ in silence");
            }
            let shown = picture.display(register).map(|live| live.hlc);
            prop_assert_eq!(shown, register.live.iter().map(|live| live.hlc).max());
        }
    }

    #[test]
    fn who_saw_everything_decides_everything(history in history()) {
        let mut picture = of(&history);
        let registers: Vec<Register> = picture.entries().iter().cloned().collect();
        for register in registers {
            let sequence = 1_000 + picture.lsn();
            let record = RecordRef { feed: 0, sequence };
            let live = Live { record, hlc: 0, attributes: attributes(0, 100) };
            let seen = register.seen().to_vec();
            picture.apply(&Change { scope: 0, entry: register.entry, live, seen });
            let after = picture.entry(0, register.entry).unwrap();
            prop_assert_eq!(after.live.len(), 1);
            prop_assert!(!after.is_contradictory());
        }
    }
}

/// What an author does: entry, lane, whether it retracts, whether it leaves others standing.
type Deed = (u128, i32, bool, bool, Vec<u8>);

fn deeds() -> impl Strategy<Value = Vec<Deed>> {
    let content = vec(any::<u8>(), 0..60);
    vec((0..ENTRIES, 1..4_i32, prop::bool::weighted(0.2), any::<bool>(), content), 1..25)
}

fn draft(scope: u32, (entry, lane, retracts, stays, content): Deed) -> Draft {
    let lane = Lane::try_from(lane).unwrap();
    Draft {
        scope,
        entry: Uuid::from_u128(entry + 1),
        act: if retracts { Act::Retract } else { Act::Put(Attributes::bare(lane)) },
        lane,
        sealed: Sealed::new([9; 16], Bytes::from(content)),
        author: if stays { "Anna".into() } else { String::new() },
        supersedes: if stays { Supersedes::Exactly(Vec::new()) } else { Supersedes::AllHeld },
    }
}

/// Authors deeds in groups of some, with a wall clock that says what it likes.
fn authored(deeds: Vec<Deed>, size: usize, walls: &[i64]) -> (Picture, Vec<SealedGroup>) {
    let signer = Signer::new(&[7; 32]);
    let (mut picture, mut clock) = (Picture::default(), Clock::default());
    let mut walls = walls.iter().cycle().copied();
    let mut groups = Vec::new();
    let mut first = true;
    for deeds in deeds.chunks(size.max(1)) {
        let mut group = Group::new(&picture, &signer, &mut clock);
        if std::mem::take(&mut first) {
            for incident in ["flood", "fire"] {
                let incident = incident.to_owned();
                let new = NewScope { incident, mode: Mode::Test, audience: "all".into() };
                let scope = group.open_scope(new).unwrap();
                let act = Act::Incident(Box::default());
                let draft =
                    Draft { entry: Uuid::nil(), act, ..draft(scope, (0, 1, false, false, vec![])) };
                group.author(draft, walls.next().unwrap()).unwrap();
            }
        }
        for deed in deeds {
            let scope = (deed.0 % 2) as u32;
            // Retracting what is not there and a thirteenth rival are refused, nothing else.
            if let Err(refusal) = group.author(draft(scope, deed.clone()), walls.next().unwrap()) {
                let known = ["ENTRY_NOT_FOUND", "ENTRY_RETRACTED", "RIVALS_TOO_MANY"];
                assert!(known.contains(&refusal.reason), "{refusal:?}");
            }
        }
        let sealed = group.seal();
        picture.install(&sealed);
        groups.push(sealed);
    }
    (picture, groups)
}

fn envelopes(groups: &[SealedGroup]) -> Vec<Envelope> {
    groups.iter().flat_map(|group| &group.admitted).map(|a| a.envelope().clone()).collect()
}

/// Walks all chains as a verifier does who knows the heads.
fn verify(envelopes: &[Envelope], heads: &BTreeMap<Id, Head>) -> Result<(), Damage> {
    let key = Signer::new(&[7; 32]).public();
    let mut chains: BTreeMap<Id, Chain> = BTreeMap::new();
    for envelope in envelopes {
        let record = decode(envelope)?;
        if !heads.contains_key(&record.feed) {
            return Err(Damage::UnknownOrigin);
        }
        chains.entry(record.feed).or_default().next(envelope, &record, &key)?;
    }
    heads.iter().try_for_each(|(feed, head)| chains.entry(*feed).or_default().end(head))
}

fn heads(picture: &Picture) -> BTreeMap<Id, Head> {
    picture.feeds().iter().map(|feed| (feed.id, feed.head)).collect()
}

proptest! {
    #![proptest_config(config(120))]

    #[test]
    fn what_was_authored_verifies_and_any_flipped_bit_is_found(
        (deeds, size, which, part, at, bit) in
            (deeds(), 1..6_usize, any::<Index>(), 0..4_u8, any::<Index>(), 0..8_u8)
    ) {
        let (picture, groups) = authored(deeds, size, &[1_000]);
        let mut envelopes = envelopes(&groups);
        let heads = heads(&picture);
        prop_assert_eq!(verify(&envelopes, &heads), Ok(()));
        let envelope = which.index(envelopes.len());
        let envelope = &mut envelopes[envelope];
        let payload = envelope.payload.as_mut().unwrap();
        let bytes = match part {
            0 => &mut envelope.header,
            1 => &mut payload.bytes,
            2 => &mut payload.salt,
            _ => &mut envelope.signature,
        };
        prop_assume!(!bytes.is_empty());
        let mut flipped = bytes.to_vec();
        let at = at.index(flipped.len());
        flipped[at] ^= 1 << bit;
        *bytes = flipped.into();
        prop_assert!(verify(&envelopes, &heads).is_err(), "part {part} byte {at} bit {bit}");
    }

    #[test]
    fn a_record_that_is_left_out_swapped_or_unsigned_is_found(
        (deeds, size, which, how) in (deeds(), 1..6_usize, any::<Index>(), 0..4_u8)
    ) {
        let (picture, groups) = authored(deeds, size, &[1_000]);
        let mut envelopes = envelopes(&groups);
        let heads = heads(&picture);
        let at = which.index(envelopes.len());
        match how {
            0 => drop(envelopes.remove(at)),
            1 => envelopes.insert(at, envelopes[at].clone()),
            2 => {
                prop_assume!(!envelopes[at].signature.is_empty());
                let feed = decode(&envelopes[at]).unwrap().feed;
                let last = envelopes.iter().rposition(|e| decode(e).unwrap().feed == feed);
                // Only the last of a feed must be signed; those before are covered by it.
                prop_assume!(last == Some(at));
                envelopes[at].signature = Bytes::new();
            }
            _ => {
                let feed = decode(&envelopes[at]).unwrap().feed;
                let next = envelopes.iter().skip(at + 1).position(|e| decode(e).unwrap().feed == feed);
                prop_assume!(next.is_some());
                envelopes.swap(at, at + 1 + next.unwrap());
            }
        }
        prop_assert!(verify(&envelopes, &heads).is_err());
    }

    #[test]
    fn an_erased_payload_leaves_the_chain_verifiable(
        (deeds, size, erased) in (deeds(), 1..6_usize, vec(any::<bool>(), 40))
    ) {
        let (picture, groups) = authored(deeds, size, &[1_000]);
        let mut envelopes = envelopes(&groups);
        for (envelope, erased) in envelopes.iter_mut().zip(erased.into_iter().cycle()) {
            if erased {
                envelope.payload = None;
            }
        }
        prop_assert_eq!(verify(&envelopes, &heads(&picture)), Ok(()));
    }

    #[test]
    fn no_clock_however_wrong_refuses_hides_or_decides_anything(
        (deeds, size, walls) in (deeds(), 1..6_usize, vec(-20 * YEAR..40 * YEAR, 1..8))
    ) {
        let (right, right_groups) = authored(deeds.clone(), size, &[20 * YEAR]);
        let (skewed, skewed_groups) = authored(deeds, size, &walls);
        let current = |picture: &Picture| -> BTreeMap<(u32, Uuid), Vec<RecordRef>> {
            let of = |r: &Register| r.live.iter().map(|live| live.record).collect();
            picture.entries().iter().map(|r| ((r.scope, r.entry), of(r))).collect()
        };
        prop_assert_eq!(current(&right), current(&skewed));
        let count = |groups: &[SealedGroup]| envelopes(groups).len();
        prop_assert_eq!(count(&right_groups), count(&skewed_groups));
        prop_assert_eq!(verify(&envelopes(&skewed_groups), &heads(&skewed)), Ok(()));
        // The hybrid clock never goes back, whatever the wall does.
        let readings: Vec<_> = skewed_groups.iter().flat_map(|group| &group.admitted)
            .map(|admitted| admitted.change().live.hlc).collect();
        prop_assert!(readings.windows(2).all(|pair| pair[0] < pair[1]));
    }

    #[test]
    fn a_header_written_by_hand_is_the_generated_one(
        (lane, sequence, hlc, doubts, kind, seen, author) in
            (1..4_i32, 1..u64::MAX, any::<u64>(), any::<bool>(), 1..5_i32,
             vec((any::<[u8; 16]>(), any::<u64>()), 0..5), "[a-z]{0,40}")
    ) {
        let pairs: Vec<_> = seen.iter().map(|(feed, sequence)| (Id(*feed), *sequence)).collect();
        let header = NewHeader {
            origin: &Id([1; 16]),
            scope: &Id([2; 16]),
            lane: Lane::try_from(lane).unwrap(),
            sequence,
            previous: &[3; 32],
            hlc,
            clock_unsynchronised: doubts,
            kind: RecordKind::try_from(kind).unwrap(),
            entry: &[4; 16],
            seen: &pairs,
            payload_hash: &[5; 32],
            payload_length: 6,
            author: &author,
        };
        let generated = Header {
            format: 1,
            origin: vec![1; 16].into(),
            scope: vec![2; 16].into(),
            lane,
            sequence,
            previous: vec![3; 32].into(),
            hlc,
            clock_unsynchronised: doubts,
            kind,
            entry: vec![4; 16].into(),
            seen: seen.iter().map(|(feed, sequence)| {
                Seen { feed: feed.to_vec().into(), sequence: *sequence }
            }).collect(),
            payload_hash: vec![5; 32].into(),
            payload_length: 6,
            author: author.clone(),
        };
        let bytes = header.encode();
        prop_assert_eq!(Header::decode(bytes.clone()).unwrap(), generated.clone());
        // A reading of zero does not occur; every other header is the same byte for byte.
        prop_assert!(hlc == 0 || bytes == generated.encode_to_vec());
    }
}

const YEAR: i64 = 365 * 86_400_000;

#[test]
fn a_signature_holds_for_one_header_and_one_key_only() {
    let (signer, other) = (Signer::new(&[7; 32]), Signer::new(&[8; 32]));
    let signature = signer.sign(b"header");
    assert!(verify_signature(&signer.public(), b"header", &signature));
    assert!(!verify_signature(&signer.public(), b"headers", &signature));
    assert!(!verify_signature(&other.public(), b"header", &signature));
    assert!(!verify_signature(&signer.public(), b"header", &signature[..63]));
}

#[test]
fn feeds_of_other_scopes_modes_and_lanes_are_other_feeds() {
    use polder_picture::record::scope_id;
    let mut ids = BTreeSet::new();
    for incident in ["flood", "fire"] {
        for mode in [Mode::Actual, Mode::Exercise, Mode::Test] {
            for audience in ["all", "al"] {
                for lane in [Lane::Urgent, Lane::Routine, Lane::Bulk] {
                    for origin in [Id([1; 16]), Id([2; 16])] {
                        ids.insert(feed_id(origin, scope_id(incident, mode, audience), lane));
                    }
                }
            }
        }
    }
    assert_eq!(ids.len(), 2 * 3 * 2 * 3 * 2);
    // Names that run together when joined stay apart.
    assert_ne!(scope_id("flooda", Mode::Actual, "ll"), scope_id("flood", Mode::Actual, "all"));
}
