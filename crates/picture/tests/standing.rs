//! Which records count is a function of the records and the charter: whichever came first, and
//! however often the charter changed meanwhile.

use std::collections::BTreeMap;

use polder_picture::{
    attributes::{Attributes, party_hash},
    live::{Live, RecordRef, Register},
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

/// What a charter says of each node, parties and where it was cut off, and which party has the
/// information coordinator.
#[derive(Debug, Clone)]
struct Rule {
    nodes: Vec<Option<(Vec<usize>, Option<u64>)>>,
    leads: Option<usize>,
}

impl Rule {
    fn parties(&self, node: u8) -> &[usize] {
        self.nodes[node as usize].as_ref().map_or(&[], |(parties, _)| parties)
    }

    /// Whether a node may replace what a party said.
    fn may(&self, node: u8, party: usize) -> bool {
        let parties = self.parties(node);
        parties.contains(&party) || self.leads.is_some_and(|leads| parties.contains(&leads))
    }
}

fn rule() -> impl Strategy<Value = Rule> {
    let parties = prop::sample::subsequence(vec![0, 1, 2], 0..=3);
    let of_node = prop::option::weighted(0.8, (parties, prop::option::of(0..8_u64)));
    let nodes = prop::collection::vec(of_node, NODES as usize);
    (nodes, prop::option::weighted(0.3, 0..3_usize))
        .prop_map(|(nodes, leads)| Rule { nodes, leads })
}

fn said() -> impl Strategy<Value = Said> {
    let seen = prop::array::uniform3(0..8_u64);
    (0..NODES, 0..4_u8, 0..3_usize, 0..6_u8, seen)
        .prop_map(|(node, entry, party, sort, seen)| Said { node, entry, party, sort, seen })
}

fn standing(rule: &Rule) -> RecordStanding {
    let scope = scope_id("flood", Mode::Actual, "all");
    let cuts: Vec<Option<BTreeMap<Id, u64>>> = (0..)
        .zip(&rule.nodes)
        .map(|(number, of)| {
            let end = of.as_ref()?.1?;
            Some(BTreeMap::from([(feed_id(node(number), scope, Lane::Routine), end)]))
        })
        .collect();
    let rows = (0..).zip(&rule.nodes).zip(&cuts).filter_map(|((number, of), cut)| {
        let parties = of.as_ref()?.0.iter().map(|party| party_hash(PARTIES[*party])).collect();
        Some((node(number), parties, cut.as_ref()))
    });
    let leads = rule.leads.map(|party| ("flood", party_hash(PARTIES[party])));
    RecordStanding::new(rows).with_leads(leads.into_iter())
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
        .map(|register| {
            let (live, covered) = (&register.live, register.covered());
            format!("{} {live:?} {covered:?} {:?}", register.entry, register.apart())
        })
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

/// The same, in another order in which each node's own records keep theirs.
fn shuffled(changes: &[Change], nodes: &[u8]) -> Vec<Change> {
    let mut next: [u64; NODES as usize] = [0; NODES as usize];
    let of = |node: &u8| {
        next[*node as usize] += 1;
        let record = RecordRef { feed: (*node).into(), sequence: next[*node as usize] };
        changes
            .iter()
            .find(|change| change.live.record == record)
            .expect("it is one of them")
            .clone()
    };
    nodes.iter().map(of).collect()
}

/// What is current of an entry by the words of the promise, with nothing remembered: what counts
/// and nothing that counts has replaced whose node may. A withdrawal is not while something else
/// is that its feed has seen.
fn current(rule: &Rule, all: &[Said], changes: &[Change], entry: Uuid) -> Vec<RecordRef> {
    let under = standing(rule);
    let scope = scope_id("flood", Mode::Actual, "all");
    let counts = |(_, change): &(&Said, &Change)| {
        let Live { record, attributes, .. } = &change.live;
        let origin = node(record.feed as u8);
        let root = feed_id(origin, scope, Lane::Routine);
        change.entry == entry
            && under.judge("flood", (origin, root), record.sequence, attributes).is_none()
    };
    let counting: Vec<_> = all.iter().zip(changes).filter(counts).collect();
    let saw = |by: &Change, of: &Change| Register::covers(&by.seen, of.live.record);
    let replaced = |of: &(&Said, &Change)| {
        counting.iter().any(|(by, change)| {
            let nobodys = of.1.live.attributes.is_opaque() || entry.is_nil();
            let may = by.node == of.0.node || nobodys || rule.may(by.node, of.0.party);
            saw(change, of.1) && may
        })
    };
    let live: Vec<_> = counting.iter().filter(|one| !replaced(one)).collect();
    let stands = |(of, change): &&&(&Said, &Change)| {
        let said = |other: &&&(&Said, &Change)| !other.1.live.attributes.retracted();
        let sees = |other: &&(&Said, &Change)| {
            counting.iter().any(|(by, change)| by.node == of.node && saw(change, other.1))
        };
        !change.live.attributes.retracted() || !live.iter().filter(said).any(sees)
    };
    let mut current: Vec<_> = live.iter().filter(stands).map(|one| one.1.live.record).collect();
    current.sort();
    current
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
    fn a_withdrawal_counts_only_when_its_node_may_speak_for_what_it_withdraws_whatever_came_first(
        (all, order) in prop::collection::vec(said(), 0..24).prop_flat_map(|all| {
            let nodes: Vec<u8> = all.iter().map(|said| said.node).collect();
            (Just(all), Just(nodes).prop_shuffle())
        }),
        rule in rule(),
    ) {
        let changes = changes(&all);
        let picture = built(&changes, Some(standing(&rule)));
        for entry in (0..4_u8).map(|entry| Uuid::from_u128(entry.into())) {
            let register = match entry.is_nil() {
                true => Some(&picture.scope(0).register),
                false => picture.entry(0, entry),
            };
            let live = register.map(|r| r.live.iter().map(|live| live.record).collect::<Vec<_>>());
            let due = current(&rule, &all, &changes, entry);
            prop_assert_eq!(live.unwrap_or_default(), due, "{}", entry);
        }
        // Nobody's withdrawal or erasure takes anything of a party for which its node may not.
        for (said, change) in all.iter().zip(&changes) {
            let Change { scope, entry, live, .. } = change;
            if picture.is_erased(*scope, *entry, live.record, &live.attributes) {
                let erases = |(by, other): (&Said, &Change)| {
                    other.entry == *entry
                        && other.live.attributes.erases()
                        && rule.parties(by.node).contains(&said.party)
                };
                prop_assert!(all.iter().zip(&changes).any(erases));
            }
        }
        let other = built(&shuffled(&changes, &order), Some(standing(&rule)));
        prop_assert_eq!(shown(&other, &changes), shown(&picture, &changes));
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
            let by = (node(record.feed as u8), root(change));
            under.judge("flood", by, record.sequence, attributes).is_none()
        };
        let counting: Vec<_> = changes.iter().filter(|change| counts(change)).cloned().collect();
        let without = built(&counting, Some(under));
        let live = |picture: &Picture| {
            let said = |register: &&Register| register.has_history() || !register.live.is_empty();
            let all = picture.entries().iter().filter(said);
            let mut all: Vec<_> = all.map(|r| format!("{} {:?}", r.entry, r.live)).collect();
            all.sort();
            all
        };
        prop_assert_eq!(live(&picture), live(&without));
        let apart: u64 = picture.entries().iter().map(Register::apart_count).sum();
        let aside = (changes.len() - counting.len()) as u64;
        prop_assert_eq!(picture.set_aside_count(), aside + apart);
        for change in &counting {
            let Change { scope, entry, live, .. } = change;
            let erased = |picture: &Picture| {
                picture.is_erased(*scope, *entry, live.record, &live.attributes)
            };
            prop_assert_eq!(erased(&picture), erased(&without));
        }
    }
}
