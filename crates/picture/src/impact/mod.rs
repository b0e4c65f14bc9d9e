//! What failing services take down next, what comes back, whom that and other danger hits, and how
//! scenarios compare: pure functions of the versions that are current, whatever the order in which
//! they came.
//!
//! A facility goes down when it is down by its own words, or when a service that it needs has failed
//! for as long as it holds out. A service fails for it by an outage where it is, or when all that
//! supply it are down: those that it names, else those in whose service area it lies. It works again
//! when nothing that it waits for is lacking any more. Certain is what follows when repairs come when
//! somebody said; what is only threatened, forecast or assumed, or follows when they are late, may be.

mod answer;
mod cascade;
mod ground;
mod returns;
pub mod said;
pub mod scenarios;

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet, HashMap},
};

use polder_wire::v1::{EffectState, ImpactMatch};
use uuid::Uuid;

pub use self::answer::{
    Ask, Danger, Effect, Exposure, Impact, RepairIf, Return, Step, Supposed, Totals, WhatIf,
};
pub(crate) use self::ground::Kept;

use self::{
    cascade::{Cause, Course, Network, Node, Reckoning, Root},
    ground::Around,
    said::{DangerSaid, FacilitySaid, ImpactSaid},
};
use crate::{
    record::Id,
    team::board::{Board, EntryRef, Version},
};

/// So often an entry is followed to the one that it was released from.
const RELEASES_MAX: usize = 8;
/// Of a chain, at most so many steps are told.
const STEPS_MAX: usize = 32;

/// What an entry says of danger, in one version, and which facilities lie there.
struct Told<'b> {
    at: EntryRef,
    said: &'b DangerSaid,
    touches: BTreeMap<usize, ImpactMatch>,
    stale: bool,
    disputed: bool,
    /// It is past.
    over: bool,
}

/// What fails next, what comes back and whom it hits, by what somebody sees.
pub fn impact(board: &Board, ask: &Ask, now_ms: i64, sees: impl Fn(Id) -> bool) -> Impact {
    let (nodes, aliases) = facilities(board, now_ms, &sees);
    let grounds = nodes.iter().map(|node| (node.at, &node.said.ground)).collect();
    let map = Around::of(board.grounds(), grounds);
    let told = dangers(board, &map, now_ms, sees);
    let alias = |entry: Uuid| aliases.get(&entry).copied();
    let network = Network::of(nodes, &map, alias);
    let mut roots = roots(&network, &told);
    if let Some(what_if) = &ask.what_if {
        roots.push(supposed(what_if, &map, alias));
    }
    let free = ask.repair_if.and_then(|repair| suppose_repair(&mut roots, repair, alias));
    let supposes = ask.what_if.is_some() || ask.repair_if.is_some();
    let of_all = Runs::of(&network, &roots, supposes, now_ms, free);
    let of_only = ask.only.map(|only| {
        let means = alias(only).map_or(only, |number| network.nodes[number].at.entry);
        let mut roots = roots.clone();
        roots.retain(|root| root.entry == Some(only) || root.entry == Some(means));
        let runs = Runs::of(&network, &roots, supposes, now_ms, free);
        (roots, runs)
    });
    let (of, runs) = of_only.as_ref().map_or((&roots, &of_all), |(of, runs)| (of, runs));
    let mut impact = Impact { unseen: network.unseen, ..Impact::default() };
    let numbers = 0..network.nodes.len();
    let mut found: Vec<(Effect, usize)> = numbers
        .filter_map(|number| Some((runs.effect(&network.nodes[number], number, now_ms)?, number)))
        .collect();
    for (effect, number) in &found {
        impact.totals.effect(effect.state, network.nodes[*number].said);
    }
    found.sort_by(|(one, a), (other, b)| {
        let name = |number: usize| &network.nodes[number].said.designation;
        let rank = |one: &Effect| (Reverse(one.by_what_if), one.state as i32, one.down_ms);
        rank(one).cmp(&rank(other)).then_with(|| (name(*a), a).cmp(&(name(*b), b)))
    });
    impact.effect_count = found.len();
    found.truncate(ask.most);
    for (mut effect, number) in found {
        let certain = runs.certain[number].spell(now_ms).is_some();
        let by = if certain { &runs.certain } else { &runs.possible };
        (effect.steps, effect.steps_left_out) = chain(&network, of, by, number, now_ms);
        impact.effects.push(effect);
    }
    let asked = |number: usize| ask.only.is_none() || !runs.certain[number].spells.is_empty();
    returns::tell(&mut impact, ask, (&network, &roots, &of_all), now_ms, asked);
    expose(&mut impact, ask, &network, &map, &told);
    impact.locate(board, &network, &told);
    impact
}

/// What becomes of each facility, by what counts.
struct Runs {
    /// By what was reported and what is supposed.
    certain: Vec<Course>,
    /// By what is expected besides.
    possible: Vec<Course>,
    /// The same two without what is supposed, where something is.
    without: Option<[Vec<Course>; 2]>,
}

impl Runs {
    fn of(
        network: &Network<'_>,
        roots: &[Root],
        supposes: bool,
        now_ms: i64,
        free: Option<(usize, i64)>,
    ) -> Self {
        let run =
            |possible, supposed| network.run(roots, Reckoning { possible, supposed, now_ms, free });
        let without = supposes.then(|| [run(false, false), run(true, false)]);
        Self { certain: run(false, true), possible: run(true, true), without }
    }

    /// What becomes of a facility, without the steps to it.
    fn effect(&self, node: &Node<'_>, number: usize, now_ms: i64) -> Option<Effect> {
        let spell = |courses: &[Course]| courses[number].spell(now_ms).copied();
        let (certain, possible) = (spell(&self.certain), spell(&self.possible));
        let down = certain.or(possible)?;
        let before = self.without.as_ref().map(|[sure, perhaps]| {
            let before = if certain.is_some() { sure } else { perhaps };
            spell(before).map(|down| down.ms)
        });
        let by_what_if = before.is_some_and(|before| before != Some(down.ms));
        Some(Effect {
            facility: node.at.entry,
            state: match certain {
                Some(down) if down.ms <= now_ms => EffectState::Down,
                Some(_) => EffectState::WillFail,
                None => EffectState::MayFail,
            },
            down_ms: down.ms,
            possible_ms: possible.map(|down| down.ms).filter(|ms| *ms < down.ms),
            by_what_if,
            otherwise_ms: before.flatten().filter(|_| by_what_if),
            steps: Vec::new(),
            steps_left_out: 0,
            services: node.said.provides.clone(),
            disputed: node.disputed,
        })
    }
}

/// Facilities in the order of their ids, and which of them an entry means.
fn facilities<'b>(
    board: &'b Board,
    now_ms: i64,
    sees: &impl Fn(Id) -> bool,
) -> (Vec<Node<'b>>, HashMap<Uuid, usize>) {
    let mut facilities: BTreeMap<Uuid, Node<'b>> = BTreeMap::new();
    for at in board.grounds().facilities().filter(|at| sees(at.scope)) {
        if let Some((version, said)) = board.versions(at).last().and_then(facility) {
            let (stale, disputed) = (version.said.is_stale(now_ms), board.has_rivals(at));
            facilities.insert(at.entry, Node { at, said, stale, disputed });
        }
    }
    // What was made known to another audience counts once, for a reader who sees both.
    let source = |mut entry: Uuid| {
        for _ in 0..RELEASES_MAX {
            let from = facilities.get(&entry).and_then(|node| node.said.released_from);
            match from.filter(|from| facilities.contains_key(from)) {
                Some(from) => entry = from,
                None => break,
            }
        }
        entry
    };
    let means: Vec<_> = facilities.keys().map(|entry| (*entry, source(*entry))).collect();
    let copies: BTreeSet<_> =
        means.iter().filter(|(entry, from)| entry != from).map(|(entry, _)| *entry).collect();
    facilities.retain(|entry, _| !copies.contains(entry));
    let numbers: HashMap<_, _> =
        facilities.keys().enumerate().map(|(number, entry)| (*entry, number)).collect();
    let mut aliases: HashMap<Uuid, usize> =
        means.iter().filter_map(|(entry, from)| Some((*entry, *numbers.get(from)?))).collect();
    let nodes: Vec<Node<'b>> = facilities.into_values().collect();
    // Who sees a copy only knows by it what the first one is.
    for (number, node) in nodes.iter().enumerate() {
        if let Some(from) = node.said.released_from {
            aliases.entry(from).or_insert(number);
        }
    }
    (nodes, aliases)
}

/// What endangers facilities, in the order of ids.
fn dangers<'b>(
    board: &'b Board,
    map: &Around<'_>,
    now_ms: i64,
    sees: impl Fn(Id) -> bool,
) -> Vec<Told<'b>> {
    let mut told = Vec::new();
    for (at, touched) in board.grounds().touching().filter(|(at, _)| sees(at.scope)) {
        let disputed = board.has_rivals(at);
        for (number, version) in board.versions(at).iter().enumerate() {
            let Some(ImpactSaid::Danger(said)) = version.said.impact.as_deref() else { continue };
            let first = EntryRef { entry: Uuid::nil(), scope: Id::default() };
            let ours = touched.range((number, first)..).take_while(|((of, _), _)| *of == number);
            let ours = ours.filter_map(|((_, at), found)| Some((map.number(*at)?, *found)));
            let (stale, touches) = (version.said.is_stale(now_ms), ours.collect());
            let over = said.until_ms.is_some_and(|until| until <= now_ms);
            told.push(Told { at, said, touches, stale, disputed, over });
        }
    }
    told
}

fn facility(version: &Version) -> Option<(&Version, &FacilitySaid)> {
    match version.said.impact.as_deref() {
        Some(ImpactSaid::Facility(said)) => Some((version, said)),
        _ => None,
    }
}

/// What fails by itself: outages, then facilities that are down, each in the order of ids.
fn roots(network: &Network<'_>, told: &[Told<'_>]) -> Vec<Root> {
    let outages = told.iter().filter_map(|one| {
        let outage = one.said.outage?;
        Some(Root {
            entry: Some(one.at.entry),
            service: Some(outage.service),
            start_ms: outage.start_ms,
            repair_ms: outage.repair_ms,
            ended_ms: outage.ended_ms,
            supposed_end_ms: None,
            expected: one.said.expected,
            stale: one.stale,
            disputed: one.disputed,
            touches: one.touches.clone(),
        })
    });
    let own = network.nodes.iter().enumerate().filter_map(|(number, node)| {
        Some(Root {
            entry: Some(node.at.entry),
            service: None,
            start_ms: node.said.down_ms?,
            repair_ms: node.said.back_ms,
            ended_ms: None,
            supposed_end_ms: None,
            expected: node.said.expected,
            stale: node.stale,
            disputed: node.disputed,
            touches: BTreeMap::from([(number, ImpactMatch::Unspecified)]),
        })
    });
    outages.chain(own).collect()
}

fn supposed(what_if: &WhatIf, map: &Around<'_>, alias: impl Fn(Uuid) -> Option<usize>) -> Root {
    let (service, touches) = match &what_if.what {
        Supposed::Service(service, ground) => (Some(*service), map.at(ground)),
        Supposed::Facility(entry) => {
            let touched = alias(*entry).map(|number| (number, ImpactMatch::Unspecified));
            (None, touched.into_iter().collect())
        }
    };
    Root {
        entry: None,
        service,
        start_ms: what_if.start_ms,
        repair_ms: what_if.repair_ms,
        ended_ms: None,
        supposed_end_ms: None,
        expected: false,
        stale: false,
        disputed: false,
        touches,
    }
}

/// Ends an outage when it is supposed to; or gives the facility that is supposed to work again.
fn suppose_repair(
    roots: &mut [Root],
    repair: RepairIf,
    alias: impl Fn(Uuid) -> Option<usize>,
) -> Option<(usize, i64)> {
    if let Some(facility) = alias(repair.entry) {
        return Some((facility, repair.ms));
    }
    for root in roots.iter_mut().filter(|root| root.entry == Some(repair.entry)) {
        root.supposed_end_ms = Some(repair.ms);
    }
    None
}

/// How a facility comes to go down, the first cause first, and how many steps were left out.
fn chain(
    network: &Network<'_>,
    roots: &[Root],
    by: &[Course],
    mut number: usize,
    now_ms: i64,
) -> (Vec<Step>, usize) {
    let mut steps = Vec::new();
    let mut next = by[number].spell(now_ms);
    // What went down twice at one moment may seem to hang on itself.
    while let Some(down) = next.filter(|_| steps.len() <= network.nodes.len()) {
        let node = &network.nodes[number];
        let (need, found) = match down.cause {
            Cause::Root(_, None) => (None, ImpactMatch::Unspecified),
            Cause::Root(root, need) => (need, roots[root].touches[&number]),
            Cause::Supplier(_, need) => (Some(need), network.how(number, need)),
        };
        let need = need.map(|need| &node.said.needs[need]);
        let alone = matches!(down.cause, Cause::Root(root, None) if roots[root].entry.is_none());
        steps.push(Step {
            facility: Some(node.at.entry),
            entry: (!alone).then_some(node.at.entry),
            service: need.map(|need| need.service).unwrap_or_default(),
            ms: down.ms,
            holds_out_ms: need.and_then(|need| need.holds_out_ms),
            holds_out_unknown: need.is_some_and(|need| need.holds_out_ms.is_none()),
            found,
            repair_ms: None,
            stale: node.stale,
            disputed: node.disputed,
        });
        next = match down.cause {
            Cause::Root(root, Some(_)) => {
                steps.push(Step::of_root(&roots[root], roots[root].start_ms));
                None
            }
            Cause::Root(_, None) => None,
            Cause::Supplier(supplier, _) => {
                number = supplier;
                by[supplier].begun(down.ms)
            }
        };
    }
    steps.reverse();
    let left_out = shorten(&mut steps);
    (steps, left_out)
}

/// Leaves out the middle of a long chain; how many steps that were.
fn shorten(steps: &mut Vec<Step>) -> usize {
    let left_out = steps.len().saturating_sub(STEPS_MAX);
    if left_out > 0 {
        steps.drain(STEPS_MAX / 2..STEPS_MAX / 2 + left_out);
    }
    left_out
}

/// Adds vulnerable facilities where there is danger.
fn expose(
    impact: &mut Impact,
    ask: &Ask,
    network: &Network<'_>,
    map: &Around<'_>,
    told: &[Told<'_>],
) {
    let mut dangers: BTreeMap<usize, BTreeMap<Option<Uuid>, Danger>> = BTreeMap::new();
    let mut add = |touches: &BTreeMap<usize, ImpactMatch>, entry, stale: bool, expected: bool| {
        for (number, found) in touches {
            let danger = Danger { entry, found: *found, stale, expected };
            let held = dangers.entry(*number).or_default().entry(entry).or_insert(danger);
            // Of several versions the one that says most.
            held.stale &= stale;
            held.expected &= expected;
        }
    };
    if let Some(WhatIf { what: Supposed::Service(_, ground), .. }) = &ask.what_if {
        add(&map.at(ground), None, false, false);
    }
    let asked = |one: &&Told<'_>| ask.only.is_none_or(|only| one.at.entry == only);
    for one in told.iter().filter(|one| !one.over).filter(asked) {
        add(&one.touches, Some(one.at.entry), one.stale, one.said.expected);
    }
    let mut found: Vec<_> = dangers
        .into_iter()
        .map(|(number, dangers)| (&network.nodes[number], dangers))
        .filter(|(node, _)| node.said.vulnerable && !node.said.cleared)
        .collect();
    for (node, _) in &found {
        impact.totals.exposure(node.said);
    }
    found.sort_by_key(|(node, _)| {
        let said = node.said;
        (Reverse(said.less_self_reliant), Reverse(said.people), &said.designation, node.at.entry)
    });
    found.truncate(ask.most);
    impact.exposures = found
        .into_iter()
        .map(|(node, dangers)| Exposure {
            facility: node.at.entry,
            dangers: dangers.into_values().collect(),
        })
        .collect();
}

impl Impact {
    /// Notes where the entries are that it names.
    fn locate(&mut self, board: &Board, network: &Network<'_>, told: &[Told<'_>]) {
        let effects = self.effects.iter().flat_map(|effect| &effect.steps);
        let steps = effects.flat_map(|step| [step.facility, step.entry]).flatten();
        let dangers = self.exposures.iter().flat_map(|one| &one.dangers);
        let returns = self.returns.iter().flat_map(|one| {
            let steps = one.steps.iter().flat_map(|step| [step.facility, step.entry]).flatten();
            steps.chain(one.waits_for.iter().copied()).chain([one.facility])
        });
        let named: BTreeSet<Uuid> = steps
            .chain(returns)
            .chain(self.effects.iter().map(|effect| effect.facility))
            .chain(self.exposures.iter().map(|one| one.facility))
            .chain(dangers.filter_map(|danger| danger.entry))
            .collect();
        let nodes = network.nodes.iter().map(|node| node.at);
        let all = nodes.chain(told.iter().map(|one| one.at));
        let known = all.filter(|at| named.contains(&at.entry) && !board.versions(*at).is_empty());
        self.at = known.map(|at| (at.entry, at)).collect();
    }
}

#[cfg(test)]
mod tests;
