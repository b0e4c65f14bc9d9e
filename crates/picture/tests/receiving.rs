//! Receiving: what other nodes wrote enters whole, is judged the same everywhere, and adds up to
//! the same picture whichever way it came.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "receiving/world.rs"]
mod world;

use polder_picture::{
    admit::{NAMED_FEEDS_MAX, NewScope, RIVALS_OF_FEED_MAX, ReceiveError, Supersedes},
    clock::Hlc,
    judge::entry_name,
    record::{Damage, Head, Id},
    suffix::Suffix,
};
use polder_wire::v1::{
    Content, Entry, Incident, IncidentData, Lane, Mode, RecordKind, content::Content as Sort,
};
use proptest::{collection::vec, prelude::*, test_runner::FileFailurePersistence};
use prost::Message as _;
use uuid::Uuid;
use world::*;

/// `POLDER_SOAK_ROUNDS` multiplies how many histories are tried.
fn config(cases: u32) -> ProptestConfig {
    let rounds = std::env::var("POLDER_SOAK_ROUNDS").map_or(1, |rounds| rounds.parse().unwrap());
    let seeds = FileFailurePersistence::Direct("tests/receiving.seeds");
    let failure_persistence = Some(Box::new(seeds) as Box<_>);
    ProptestConfig { cases: cases * rounds, failure_persistence, ..Default::default() }
}

/// What happens next: what, who, to whom, which entry, and two numbers to choose by.
type Step = (u8, usize, usize, u128, usize, usize);

fn steps() -> impl Strategy<Value = Vec<Step>> {
    vec((0..10_u8, 0..3_usize, 0..3_usize, 0..3_u128, 0..64_usize, 0..64_usize), 1..60)
}

/// Three nodes; two opened the same incident, the third an exercise of that name.
fn nodes() -> Vec<Node> {
    let mut nodes: Vec<_> = (1..4).map(Node::new).collect();
    for (node, mode) in nodes.iter_mut().zip([Mode::Exercise, Mode::Actual, Mode::Actual]) {
        node.open(scope(mode));
    }
    nodes
}

fn wall(number: usize) -> i64 {
    // Clocks that differ by hours, and often tell the same moment.
    WALL_MS + (number % 4) as i64 * 3_600_000
}

/// Brings some of a feed that one node holds to another.
fn bring(nodes: &mut [Node], from: usize, to: usize, a: usize, b: usize) {
    let feeds: Vec<_> = nodes[from].feeds.keys().copied().collect();
    let mut brought = Vec::new();
    // Several at once, some twice.
    for at in 0..1 + b % 3 {
        let feed = feeds[(a + at) % feeds.len()];
        let held = &nodes[from].feeds[&feed];
        if held.name.origin == nodes[to].signer.id() {
            continue;
        }
        let ours = nodes[to].head(feed).min(held.envelopes.len());
        let after = if b.is_multiple_of(2) { ours } else { b % (ours + 1) };
        let suffix = held.suffix(after, after + 1 + a % 4);
        brought.extend(suffix.map(|suffix| (suffix, held.scope.clone())));
    }
    for result in nodes[to].receive(brought, wall(a)) {
        result.unwrap();
    }
}

/// Brings everything everywhere.
fn bring_all(nodes: &mut [Node], turn: usize) {
    for step in 0..2 * nodes.len() * nodes.len() {
        let (from, to) = ((step + turn) % nodes.len(), (step / nodes.len()) % nodes.len());
        let origin = nodes[to].signer.id();
        let all = nodes[from].feeds.values().filter(|held| held.name.origin != origin);
        let mut all: Vec<_> = all.map(|held| (held.all(), held.scope.clone())).collect();
        let middle = turn % all.len().max(1);
        all.rotate_left(middle);
        for result in nodes[to].receive(all, wall(step)) {
            result.unwrap();
        }
    }
}

fn act(nodes: &mut [Node], (what, who, to, id, a, b): Step) {
    let node = &mut nodes[who];
    let index = (a % node.picture.scopes().len()) as u32;
    let lane = [Lane::Urgent, Lane::Routine, Lane::Bulk][b % 3];
    let of = node.picture.scope(index);
    let of = NewScope { incident: of.incident.clone(), mode: of.mode, audience: "all".into() };
    let draft = match what {
        0 | 1 => put(index, b, id, lane, Supersedes::AllHeld),
        2 => put(index, b, id, lane, Supersedes::Exactly(Vec::new())),
        3 => {
            let register = node.picture.entry(index, Uuid::from_u128(id + 1));
            let live = register.and_then(|register| register.live.first());
            let named = live.map(|live| live.record).into_iter().collect();
            put(index, b, id, lane, Supersedes::Exactly(named))
        }
        4 => retract(index, b, id, lane),
        5 => incident_draft(index, &of, (b % 4) as i32),
        _ => return bring(nodes, who, to, a, b),
    };
    let more = put(index, a, id, Lane::Routine, Supersedes::AllHeld);
    let drafts = if b.is_multiple_of(4) { vec![draft, more] } else { vec![draft] };
    for refusal in node.write(drafts, wall(a)) {
        let known = ["ENTRY_NOT_FOUND", "ENTRY_RETRACTED", "RIVALS_TOO_MANY", "RIVAL_NOT_NAMED"];
        assert!(known.contains(&refusal.reason), "{refusal:?}");
    }
}

/// A node that says what it likes: sorts of records that change nothing, content that is not
/// sound, and having seen what it never saw.
fn stranger(steps: &[Step], feeds: &[Id]) -> Stranger {
    let mut stranger = Stranger::new(9, scope(Mode::Actual), Lane::Routine);
    for &(what, _, _, id, a, b) in steps {
        let (entry, bytes) = entry(a, id);
        let sort = |sort| Content { content: Some(sort) }.encode_to_vec().into();
        let data = incident_data(&scope(Mode::Actual), 2);
        let (kind, entry, content) = match what {
            0..3 => (RecordKind::Put, entry, sort(Sort::Entry(bytes))),
            3 => (RecordKind::Put, entry, vec![b as u8; 9].into()),
            4 => (RecordKind::Retract, entry, sort(Sort::Entry(bytes))),
            5 => (RecordKind::Control, entry, sort(Sort::Entry(bytes))),
            6 => (RecordKind::Checkpoint, Uuid::nil(), vec![].into()),
            7 => (RecordKind::Put, Uuid::nil(), sort(Sort::Entry(bytes))),
            _ => (RecordKind::Put, Uuid::nil(), sort(Sort::Incident(data))),
        };
        let own = stranger.held.name.id();
        let unheld = Id([b as u8 % 2; 16]);
        let named = feeds.iter().copied().chain([own, unheld]).nth(a % (feeds.len() + 2)).unwrap();
        let seen = [(named, b as u64 % 12)];
        let seen = if b.is_multiple_of(3) { &seen[..] } else { &[] };
        let hlc = (wall(a) as u64) << 16;
        stranger.say(Said { kind, entry, seen, hlc, content });
    }
    stranger
}

proptest! {
    #![proptest_config(config(80))]

    #[test]
    fn the_same_records_give_the_same_picture_in_any_order(
        (done, said, turn) in (steps(), vec(steps().prop_map(|s| s[0]), 1..12), 0..64_usize)
    ) {
        let mut nodes = nodes();
        let feeds: Vec<_> = nodes.iter().flat_map(|node| node.feeds.keys().copied()).collect();
        let stranger = stranger(&said, &feeds);
        for (at, step) in done.iter().enumerate() {
            if at == turn % done.len() {
                let to = at % 3;
                nodes[to].receive(vec![stranger.all()], WALL_MS).pop().unwrap().unwrap();
            }
            act(&mut nodes, *step);
        }
        nodes[0].receive(vec![stranger.all()], WALL_MS).pop().unwrap().unwrap();
        bring_all(&mut nodes, turn);
        // Two that were not there: one gets all at once, the other piece by piece.
        nodes.extend([Node::new(4), Node::new(5)]);
        let feeds: Vec<_> = nodes[0].feeds.keys().copied().collect();
        for round in 0..200 {
            let feed = feeds[(round * (turn + 1) + round / feeds.len()) % feeds.len()];
            let held = &nodes[round % 3].feeds[&feed];
            let (ours, scope) = (nodes[4].head(feed), held.scope.clone());
            if let Some(suffix) = held.suffix(ours, ours + 1) {
                nodes[4].receive(vec![(suffix, scope)], WALL_MS).pop().unwrap().unwrap();
            }
        }
        bring_all(&mut nodes, turn + 1);
        let dump = nodes[0].dump();
        for node in &nodes[1..] {
            prop_assert_eq!(&dump, &node.dump());
        }
        prop_assert!(dump.contains("flood means Some(Actual)"));
    }
}

#[test]
fn a_suffix_that_does_not_hold_is_refused_with_the_record_and_the_reason() {
    let mut stranger = Stranger::new(9, scope(Mode::Actual), Lane::Routine);
    for _ in 0..3 {
        stranger.say(Said::default());
    }
    let held = &stranger.held;
    let (key, name, all) = (&held.key, held.name, held.envelopes.clone());
    let start = Head::default();
    let damage = |envelopes: Vec<_>| Suffix::verify(key, name, start, envelopes).unwrap_err();
    assert_eq!(Suffix::verify(key, name, start, all.clone()).unwrap().len(), 3);

    let other = Node::new(7).signer.public();
    let found = Suffix::verify(&other, name, start, all.clone()).unwrap_err();
    assert_eq!(found, (1, Damage::UnknownOrigin));
    for lane in [Lane::Urgent, Lane::Unspecified] {
        let name = polder_picture::suffix::FeedName { lane, ..name };
        assert_eq!(Suffix::verify(key, name, start, all.clone()).unwrap_err(), (1, Damage::Lane));
    }
    let elsewhere = polder_picture::suffix::FeedName { scope: Id([1; 16]), ..name };
    let found = Suffix::verify(key, elsewhere, start, all.clone()).unwrap_err();
    assert_eq!(found, (1, Damage::Feed));
    assert_eq!(damage(Vec::new()), (1, Damage::Unsigned));
    assert_eq!(damage(vec![all[0].clone(), all[2].clone()]), (2, Damage::Sequence));
    let wrong = Head { sequence: 1, hash: [1; 32] };
    let found = Suffix::verify(key, name, wrong, all[1..].to_vec()).unwrap_err();
    assert_eq!(found, (2, Damage::Previous));
    let wrong = Head { sequence: 0, hash: [1; 32] };
    assert_eq!(Suffix::verify(key, name, wrong, all.clone()).unwrap_err(), (1, Damage::Previous));

    let mut unsigned = all.clone();
    unsigned[2].signature.clear();
    assert_eq!(damage(unsigned), (3, Damage::Unsigned));
    let mut forged = all.clone();
    forged[2].signature = all[1].signature.clone();
    assert_eq!(damage(forged), (3, Damage::Signature));
    let mut forged = all.clone();
    forged[0].signature = all[1].signature.clone();
    assert_eq!(damage(forged), (1, Damage::Signature), "it would be stored and passed on");
    let mut changed = all.clone();
    changed[1].payload.as_mut().unwrap().bytes = vec![1].into();
    assert_eq!(damage(changed), (2, Damage::Payload));
    let mut broken = all.clone();
    broken[0].header = vec![0xff].into();
    assert_eq!(damage(broken), (1, Damage::Header));

    // Earlier signatures may be missing, and payloads erased.
    let mut lean = all;
    lean[0].signature.clear();
    lean.iter_mut().for_each(|envelope| envelope.payload = None);
    assert_eq!(Suffix::verify(key, name, start, lean).unwrap().head().sequence, 3);

    let seen: Vec<_> = (0..65).map(|feed| (Id([feed; 16]), 1)).collect();
    let mut wide = Stranger::new(9, scope(Mode::Actual), Lane::Routine);
    wide.say(Said { seen: &seen, ..Said::default() });
    let envelopes = wide.held.envelopes.clone();
    assert_eq!(damage(envelopes), (1, Damage::Seen));
}

#[test]
fn no_node_takes_the_account_of_another() {
    let account = polder_picture::account::scope();
    let mut stranger = Stranger::new(9, account.clone(), Lane::Urgent);
    stranger.say(Said::default());
    let mut node = Node::new(1);
    let taken = node.receive(vec![(stranger.held.all(), account)], WALL_MS).pop().unwrap();
    assert!(matches!(taken, Err(ReceiveError::Scope)));
    assert_eq!((node.picture.lsn(), node.picture.scopes().len()), (0, 0));
}

#[test]
fn a_gap_a_fork_an_own_feed_and_a_wrong_scope_are_refused() {
    let actual = scope(Mode::Actual);
    let mut stranger = Stranger::new(9, actual.clone(), Lane::Routine);
    for _ in 0..4 {
        stranger.say(Said::default());
    }
    let held = &stranger.held;
    let mut node = Node::new(1);
    let mut receive = |suffix: Suffix, scope: &NewScope| {
        node.receive(vec![(suffix, scope.clone())], WALL_MS).pop().unwrap()
    };
    let gap = receive(held.suffix(2, 4).unwrap(), &actual).unwrap_err();
    assert!(matches!(gap, ReceiveError::Gap { ours } if ours == Head::default()));
    assert!(matches!(receive(held.all(), &scope(Mode::Test)), Err(ReceiveError::Scope)));
    for (suffix, count) in [((0, 2), 2), ((0, 2), 0), ((1, 3), 1), ((2, 3), 0), ((0, 4), 1)] {
        let suffix = held.suffix(suffix.0, suffix.1).unwrap();
        assert_eq!(receive(suffix, &actual).unwrap(), count);
    }
    let mut forked = Stranger::new(9, actual.clone(), Lane::Routine);
    for number in 0..5 {
        let hlc = if number < 2 { Said::default().hlc } else { 7 };
        forked.say(Said { hlc, ..Said::default() });
    }
    for (after, until) in [(0, 5), (2, 5), (4, 5), (3, 4)] {
        let suffix = forked.held.suffix(after, until).unwrap();
        let fork = receive(suffix, &actual).unwrap_err();
        assert!(matches!(fork, ReceiveError::Fork { sequence: 4, .. }), "{fork}");
    }
    let mut own = Stranger::new(1, actual.clone(), Lane::Routine);
    own.say(Said::default());
    assert!(matches!(receive(own.held.all(), &actual), Err(ReceiveError::Own)));
    assert_eq!(node.picture.lsn(), 4);
}

#[test]
fn what_is_not_sound_is_kept_whole_and_shown_as_opaque() {
    let name = entry_name("flood", Uuid::from_u128(1));
    let (id, sound) = entry(0, 0);
    let of = |change: &dyn Fn(&mut Entry)| {
        let mut entry = Entry::decode(sound.clone()).unwrap();
        change(&mut entry);
        Content { content: Some(Sort::Entry(entry.encode_to_vec().into())) }.encode_to_vec()
    };
    let of_incident =
        |data: IncidentData| Content { content: Some(Sort::Incident(data)) }.encode_to_vec();
    let (nil, put) = (Uuid::nil(), RecordKind::Put);
    let test = incident_data(&scope(Mode::Test), 1);
    let other = Incident { name: "incidents/other".into(), mode: 1, ..Default::default() };
    let other = IncidentData { incident: Some(other), ..incident_data(&scope(Mode::Actual), 1) };
    let unsound: Vec<(RecordKind, Uuid, Vec<u8>)> = vec![
        (put, id, vec![0xff; 7]),
        (put, id, Vec::new()),
        (put, id, vec![0x7a, 1, 1]),
        (put, id, of(&|entry| entry.name = entry_name("other", Uuid::from_u128(1)))),
        (put, id, of(&|entry| entry.name = entry_name("flood", Uuid::from_u128(2)))),
        (put, id, of(&|entry| entry.body = None)),
        (put, id, of(&|entry| entry.statement = 99)),
        (put, id, of(&|entry| entry.superseded = true)),
        (put, id, of(&|entry| entry.texts[0].body = "x".repeat(20_001))),
        (put, id, of_incident(incident_data(&scope(Mode::Actual), 1))),
        (RecordKind::Retract, id, of(&|_| ())),
        (put, nil, of(&|_| ())),
        (put, nil, of_incident(test)),
        (put, nil, of_incident(other)),
        (put, nil, of_incident(IncidentData::default())),
    ];
    for (number, (kind, entry, content)) in unsound.into_iter().enumerate() {
        let mut stranger = Stranger::new(9, scope(Mode::Actual), Lane::Routine);
        stranger.say(Said { kind, entry, content: content.into(), ..Said::default() });
        let mut node = Node::new(1);
        node.receive(vec![stranger.all()], WALL_MS).pop().unwrap().unwrap();
        let register = match node.picture.entry(0, entry) {
            Some(register) => register,
            None => &node.picture.scope(0).register,
        };
        let attributes = &register.live[0].attributes;
        assert!(attributes.is_opaque(), "{number}");
        assert_eq!(attributes.retracted(), kind == RecordKind::Retract, "{number}");
        assert!(node.picture.scope(0).data.is_empty(), "{number}");
        let held = &node.feeds[&stranger.held.name.id()].envelopes;
        assert_eq!(*held, stranger.held.envelopes, "{number}");
    }
    let mut stranger = Stranger::new(9, scope(Mode::Actual), Lane::Routine);
    stranger.say(Said::default());
    let mut node = Node::new(1);
    node.receive(vec![stranger.all()], WALL_MS).pop().unwrap().unwrap();
    assert!(!node.picture.entry(0, id).unwrap().live[0].attributes.is_opaque(), "{name}");
}

#[test]
fn records_that_change_no_entry_count_for_their_feed_only() {
    let mut stranger = Stranger::new(9, scope(Mode::Actual), Lane::Routine);
    let seen = [(stranger.held.name.id(), 1)];
    stranger.say(Said::default());
    for kind in [RecordKind::Control, RecordKind::Checkpoint, RecordKind::Unspecified] {
        stranger.say(Said { kind, seen: &seen, ..Said::default() });
        stranger.say(Said { kind, entry: Uuid::nil(), seen: &seen, ..Said::default() });
    }
    let mut node = Node::new(1);
    assert_eq!(node.receive(vec![stranger.all()], WALL_MS).pop().unwrap().unwrap(), 7);
    assert_eq!((node.picture.lsn(), node.picture.entries().len()), (7, 1));
    assert_eq!(node.picture.entries().get(0).unwrap().live[0].record.sequence, 1);
    assert!(node.picture.scope(0).register.live.is_empty());
}

#[test]
fn a_remote_clock_moves_ours_by_five_minutes_and_refuses_nothing() {
    let mut stranger = Stranger::new(9, scope(Mode::Actual), Lane::Routine);
    stranger.say(Said { hlc: u64::MAX, ..Said::default() }).say(Said { hlc: 0, ..Said::default() });
    let mut node = Node::new(1);
    assert_eq!(node.receive(vec![stranger.all()], WALL_MS).pop().unwrap().unwrap(), 2);
    assert_eq!(Hlc::millis(node.clock.last()), WALL_MS + 300_000);
}

#[test]
fn entries_that_come_after_the_incident_was_closed_are_taken() {
    let mut node = Node::new(1);
    node.open(scope(Mode::Actual));
    let mut data = incident_data(&scope(Mode::Actual), 1);
    data.state = polder_wire::v1::IncidentState::Closed.into();
    let act = polder_picture::admit::Act::Incident(Box::new(data.clone()));
    let draft = incident_draft(0, &scope(Mode::Actual), 1);
    node.write(
        vec![polder_picture::admit::Draft { act, sealed: sealed(Sort::Incident(data)), ..draft }],
        WALL_MS,
    );
    let refused = node.write(vec![put(0, 0, 0, Lane::Routine, Supersedes::AllHeld)], WALL_MS);
    assert_eq!(refused[0].reason, "INCIDENT_CLOSED");
    let mut stranger = Stranger::new(9, scope(Mode::Actual), Lane::Routine);
    stranger.say(Said::default());
    assert_eq!(node.receive(vec![stranger.all()], WALL_MS).pop().unwrap().unwrap(), 1);
}

#[test]
fn one_feed_cannot_fill_an_entry_with_versions_without_end() {
    let mut node = Node::new(1);
    node.open(scope(Mode::Actual));
    let mut flood = Stranger::new(9, scope(Mode::Actual), Lane::Routine);
    for _ in 0..RIVALS_OF_FEED_MAX {
        flood.say(Said::default());
    }
    assert!(node.receive(vec![flood.all()], WALL_MS)[0].is_ok());
    flood.say(Said::default());
    let refused = node.receive(vec![flood.all()], WALL_MS).remove(0);
    assert!(
        matches!(refused, Err(ReceiveError::Refused(r)) if r.reason == "RIVALS_OF_FEED_TOO_MANY")
    );
    // An author who sees what was there before is never held up, however long the feed.
    let mut gauge = Stranger::new(8, scope(Mode::Actual), Lane::Routine);
    for before in 0..1_000 {
        let seen = [(gauge.held.name.id(), before)];
        let seen = if before == 0 { &[][..] } else { &seen[..] };
        gauge.say(Said { seen, ..Said::default() });
    }
    assert!(node.receive(vec![gauge.all()], WALL_MS)[0].is_ok());
}

#[test]
fn feeds_that_are_only_claimed_to_exist_have_a_bound() {
    let mut node = Node::new(1);
    node.open(scope(Mode::Actual));
    let mut liar = Stranger::new(9, scope(Mode::Actual), Lane::Routine);
    let mut invented = 0_u128;
    while invented < u128::from(NAMED_FEEDS_MAX) {
        let seen: Vec<_> = (0..50).map(|at| (Id((invented + at).to_be_bytes()), 1)).collect();
        let (id, bytes) = entry(0, invented);
        let content = Content { content: Some(Sort::Entry(bytes)) }.encode_to_vec().into();
        liar.say(Said { entry: id, seen: &seen, content, ..Said::default() });
        invented += 50;
    }
    assert!(node.receive(vec![liar.all()], WALL_MS)[0].is_ok());
    assert_eq!(node.picture.named_feeds(), NAMED_FEEDS_MAX);
    let seen = [(Id([0xee; 16]), 1)];
    liar.say(Said { seen: &seen, ..Said::default() });
    let refused = node.receive(vec![liar.all()], WALL_MS).remove(0);
    assert!(matches!(refused, Err(ReceiveError::Refused(r)) if r.reason == "NAMED_FEEDS_TOO_MANY"));
    // What names known feeds only is taken as before.
    let mut other = Stranger::new(8, scope(Mode::Actual), Lane::Routine);
    assert!(node.receive(vec![other.say(Said::default()).all()], WALL_MS)[0].is_ok());
}
