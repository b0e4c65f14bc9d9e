//! Which records count is a function of the records and the charter: whichever came first, and
//! however often the charter changed meanwhile.

use std::collections::BTreeMap;

use polder_picture::{
    attributes::{Attributes, party_hash},
    live::{Live, RecordRef},
    picture::{Change, Picture},
    record::{Id, feed_id, scope_id},
    standing::RecordStanding,
};
use polder_wire::v1::{Entry, Label, Lane, Mode};
use proptest::prelude::*;
use uuid::Uuid;

const NODES: u8 = 3;
const PARTIES: [&str; 3] = ["police", "fire", "water"];

fn node(number: u8) -> Id {
    Id([number + 1; 16])
}

/// One record: of which node and entry, for which party, how it is meant, and how much of each
/// feed its author had seen.
#[derive(Debug, Clone)]
struct Said {
    node: u8,
    entry: u8,
    party: usize,
    sort: u8,
    seen: [u64; NODES as usize],
}

/// What a charter says of each node: parties, and where it was cut off.
type Rule = Vec<Option<(Vec<usize>, Option<u64>)>>;

fn rule() -> impl Strategy<Value = Rule> {
    let parties = prop::sample::subsequence(vec![0, 1, 2], 0..=3);
    let of_node = prop::option::weighted(0.8, (parties, prop::option::of(0..8_u64)));
    prop::collection::vec(of_node, NODES as usize)
}

fn said() -> impl Strategy<Value = Said> {
    let seen = prop::array::uniform3(0..8_u64);
    (0..NODES, 0..4_u8, 0..3_usize, 0..6_u8, seen)
        .prop_map(|(node, entry, party, sort, seen)| Said { node, entry, party, sort, seen })
}

fn standing(rule: &Rule) -> RecordStanding {
    let scope = scope_id("flood", Mode::Actual, "all");
    let cuts: Vec<Option<BTreeMap<Id, u64>>> = (0..)
        .zip(rule)
        .map(|(number, of)| {
            let end = of.as_ref()?.1?;
            Some(BTreeMap::from([(feed_id(node(number), scope, Lane::Routine), end)]))
        })
        .collect();
    let rows = (0..).zip(rule).zip(&cuts).filter_map(|((number, of), cut)| {
        let parties = of.as_ref()?.0.iter().map(|party| party_hash(PARTIES[*party])).collect();
        Some((node(number), parties, cut.as_ref()))
    });
    RecordStanding::new(rows)
}

/// A picture with a feed for each node, and no record.
fn blank(under: Option<RecordStanding>) -> Picture {
    let mut picture = Picture::default();
    picture.set_standing(under);
    let scope = picture.add_scope("flood", Mode::Actual, "all");
    for number in 0..NODES {
        picture.add_feed(node(number), scope, Lane::Routine);
    }
    picture
}

fn changes(all: &[Said]) -> Vec<Change> {
    let mut next = [0; NODES as usize];
    let change = |said: &Said| {
        next[said.node as usize] += 1;
        let sequence = next[said.node as usize];
        let entry = Entry {
            label: Some(Label { personal_data: said.sort == 5, ..Default::default() }),
            ..Default::default()
        };
        let put = Attributes::of_entry(&entry, PARTIES[said.party], 100, Lane::Routine);
        let attributes = match said.sort {
            0 => Attributes::of_retraction(Some(&put), Lane::Routine),
            1 => Attributes::opaque(Lane::Routine, false),
            2 => Attributes::of_erasure(PARTIES[said.party], Lane::Routine),
            _ => put,
        };
        let seen = (0..).zip(said.seen).filter(|(_, sequence)| *sequence > 0);
        Change {
            scope: 0,
            // The first is the incident's own data.
            entry: Uuid::from_u128(said.entry.into()),
            live: Live {
                record: RecordRef { feed: said.node.into(), sequence },
                hlc: sequence << 16,
                attributes: attributes.recorded_at(sequence as i64),
            },
            seen: seen.map(|(feed, sequence)| RecordRef { feed, sequence }).collect(),
        }
    };
    all.iter().map(change).collect()
}

fn apply(picture: &mut Picture, change: &Change) {
    picture.apply(change);
    let head = polder_picture::record::Head {
        sequence: change.live.record.sequence,
        ..Default::default()
    };
    picture.set_head(change.live.record.feed, head);
}

fn built(changes: &[Change], under: Option<RecordStanding>) -> Picture {
    let mut picture = blank(under);
    changes.iter().for_each(|change| apply(&mut picture, change));
    picture
}

/// All that shows, and what is to be erased.
fn shown(picture: &Picture, changes: &[Change]) -> String {
    let mut lines: Vec<_> = picture
        .entries()
        .iter()
        .map(|register| format!("{} {:?} {:?}", register.entry, register.live, register.covered()))
        .collect();
    lines.push(format!("{:?}", picture.scope(0).register.live));
    lines.push(format!("{} {}", picture.scope(0).entry_count, picture.set_aside_count()));
    lines.extend(changes.iter().map(|change| {
        let Change { scope, entry, live, .. } = change;
        format!("{}", picture.is_erased(*scope, *entry, live.record, &live.attributes))
    }));
    lines.sort();
    lines.join("\n")
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn a_charter_that_comes_late_shows_what_one_that_came_early_does(
        all in prop::collection::vec(said(), 0..20),
        rules in prop::collection::vec((0..20_usize, prop::option::of(rule())), 1..4),
    ) {
        let changes = changes(&all);
        let mut picture = blank(None);
        let mut held = 0;
        let mut last = None;
        let mut rules = rules;
        rules.sort_by_key(|(at, _)| *at);
        for (at, rule) in &rules {
            let until = (*at).min(changes.len());
            changes[held..until].iter().for_each(|change| apply(&mut picture, change));
            held = until;
            last = rule.as_ref().map(standing);
            // As a node does it.
            if picture.would_differ(last.as_ref()) {
                picture = built(&changes[..held], last.clone());
            } else {
                picture.set_standing(last.clone());
            }
        }
        changes[held..].iter().for_each(|change| apply(&mut picture, change));
        let early = built(&changes, last);
        prop_assert_eq!(shown(&picture, &changes), shown(&early, &changes));
    }

    #[test]
    fn a_record_that_does_not_count_hides_nothing_and_erases_nothing(
        all in prop::collection::vec(said(), 0..20),
        rule in rule(),
    ) {
        let (changes, under) = (changes(&all), standing(&rule));
        let picture = built(&changes, Some(under.clone()));
        let root = |change: &Change| picture.feed(change.live.record.feed).id;
        let counts = |change: &Change| {
            let (record, attributes) = (change.live.record, &change.live.attributes);
            under.judge(node(record.feed as u8), root(change), record.sequence, attributes).is_none()
        };
        let counting: Vec<_> = changes.iter().filter(|change| counts(change)).cloned().collect();
        let without = built(&counting, None);
        let live = |picture: &Picture| {
            let all = picture.entries().iter().filter(|register| register.has_history() || !register.live.is_empty());
            let mut all: Vec<_> = all.map(|r| format!("{} {:?}", r.entry, r.live)).collect();
            all.sort();
            all
        };
        prop_assert_eq!(live(&picture), live(&without));
        prop_assert_eq!(picture.set_aside_count() as usize, changes.len() - counting.len());
        for change in &counting {
            let Change { scope, entry, live, .. } = change;
            let erased = |picture: &Picture| {
                picture.is_erased(*scope, *entry, live.record, &live.attributes)
            };
            prop_assert_eq!(erased(&picture), erased(&without));
        }
    }
}
