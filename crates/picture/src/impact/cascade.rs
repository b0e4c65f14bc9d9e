//! What goes down after what, and when, and what comes back: by going through what fails and what is
//! repaired in the order in which it does.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet, BinaryHeap, HashMap},
};

use polder_wire::v1::{ImpactMatch, VitalService};
use uuid::Uuid;

use super::{
    ground::Around,
    said::{FacilitySaid, Need},
};
use crate::team::board::EntryRef;

/// A facility, as it is shown.
pub(super) struct Node<'b> {
    /// Its entry.
    pub(super) at: EntryRef,
    pub(super) said: &'b FacilitySaid,
    pub(super) stale: bool,
    pub(super) disputed: bool,
}

/// Something that fails by itself.
#[derive(Debug, Clone)]
pub(super) struct Root {
    /// The entry that says so; `None`: it is supposed.
    pub(super) entry: Option<Uuid>,
    /// The service; `None`: the facilities that it touches are down by themselves.
    pub(super) service: Option<VitalService>,
    pub(super) start_ms: i64,
    pub(super) repair_ms: Option<i64>,
    /// It works again since then, by what was told.
    pub(super) ended_ms: Option<i64>,
    /// It is supposed to work again then.
    pub(super) supposed_end_ms: Option<i64>,
    /// Threatened, forecast or assumed.
    pub(super) expected: bool,
    pub(super) stale: bool,
    pub(super) disputed: bool,
    /// Facilities where it fails, and how that is known.
    pub(super) touches: BTreeMap<usize, ImpactMatch>,
}

/// Which roots count.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reckoning {
    /// What is expected counts as well, and expected repairs are late.
    pub(super) possible: bool,
    /// What is supposed counts.
    pub(super) supposed: bool,
    pub(super) now_ms: i64,
    /// A facility that is supposed to work from then on, whatever fails.
    pub(super) free: Option<(usize, i64)>,
}

/// Why a facility goes down. In this order, when it does so at one moment for several reasons.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Cause {
    /// By a root; the need of it that fails, unless it is down by itself.
    Root(usize, Option<usize>),
    /// By a supplier of a need: the last of them that was left.
    Supplier(usize, usize),
}

/// Why a facility works again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Relief {
    /// A root ended.
    Root(usize),
    /// The first of its suppliers works again.
    Supplier(usize),
    /// It is supposed to.
    Supposed,
}

/// A time in which a facility is down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Spell {
    pub(super) ms: i64,
    pub(super) cause: Cause,
    /// When it ends, and why.
    pub(super) back: Option<(i64, Relief)>,
    /// Something that it waits for came back, and something else had not.
    pub(super) relieved: bool,
}

/// What becomes of a facility.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Course {
    /// The first at the start.
    pub(super) spells: Vec<Spell>,
    /// What it waits for in the end, where something that it waited for came back.
    pub(super) waits_for: BTreeSet<Uuid>,
}

impl Course {
    /// The time in which it is down at a moment, or else the next one.
    pub(super) fn spell(&self, now_ms: i64) -> Option<&Spell> {
        self.spells.iter().find(|spell| spell.back.is_none_or(|(ms, _)| ms > now_ms))
    }

    /// The last time that had begun by a moment.
    pub(super) fn begun(&self, ms: i64) -> Option<&Spell> {
        self.spells.iter().rev().find(|spell| spell.ms <= ms)
    }
}

/// Who supplies whom.
pub(super) struct Network<'b> {
    pub(super) nodes: Vec<Node<'b>>,
    /// For each need of each facility, who supplies it. Empty: nobody of whom it is known.
    suppliers: Vec<Vec<Vec<usize>>>,
    /// For each facility, needs that it supplies.
    supplied: Vec<Vec<(usize, usize)>>,
    /// Suppliers that are named and not seen.
    pub(super) unseen: usize,
}

impl<'b> Network<'b> {
    /// Of facilities in the order of their ids. `alias` gives the facility that an entry means.
    pub(super) fn of(
        nodes: Vec<Node<'b>>,
        map: &Around<'_>,
        alias: impl Fn(Uuid) -> Option<usize>,
    ) -> Self {
        // Who gives a service around a facility.
        let mut around: HashMap<(usize, VitalService), Vec<usize>> = HashMap::new();
        for (number, node) in nodes.iter().enumerate() {
            let Some(area) = &node.said.service_area else { continue };
            for other in map.inside(area).into_iter().filter(|other| *other != number) {
                let needs = nodes[other].said.needs.iter().map(|need| need.service);
                for service in needs.filter(|service| node.said.provides.contains(service)) {
                    let held = around.entry((other, service)).or_default();
                    if !held.contains(&number) {
                        held.push(number);
                    }
                }
            }
        }
        let mut unseen = 0;
        let mut of_need = |number: usize, need: &Need| {
            if need.suppliers.is_empty() {
                return around.get(&(number, need.service)).cloned().unwrap_or_default();
            }
            let found: Vec<_> = need.suppliers.iter().map(|name| alias(*name)).collect();
            unseen += found.iter().filter(|one| one.is_none()).count();
            // One that is not seen is counted as working: then the need is met.
            let mut all = found.into_iter().collect::<Option<Vec<_>>>().unwrap_or_default();
            all.sort_unstable();
            all.dedup();
            // Whoever names itself stands on its own.
            if all.contains(&number) { Vec::new() } else { all }
        };
        let suppliers: Vec<Vec<Vec<usize>>> = nodes
            .iter()
            .enumerate()
            .map(|(number, node)| {
                node.said.needs.iter().map(|need| of_need(number, need)).collect()
            })
            .collect();
        let mut supplied = vec![Vec::new(); nodes.len()];
        for (number, needs) in suppliers.iter().enumerate() {
            for (need, of) in needs.iter().enumerate() {
                for supplier in of {
                    supplied[*supplier].push((number, need));
                }
            }
        }
        Self { nodes, suppliers, supplied, unseen }
    }

    /// What becomes of each facility.
    pub(super) fn run(&self, roots: &[Root], by: Reckoning) -> Vec<Course> {
        let mut play = Play::new(self, roots);
        for (number, root) in roots.iter().enumerate() {
            let counts = (by.possible || !root.expected) && (by.supposed || root.entry.is_some());
            let end = by.end(root);
            // What is over before it begins takes nothing down.
            if counts && end.is_none_or(|end| end > root.start_ms) {
                play.next.push(Reverse((root.start_ms, Event::Begins(number))));
                play.next.extend(end.map(|end| Reverse((end, Event::Ends(number)))));
            }
        }
        if let Some((facility, ms)) = by.free.filter(|_| by.supposed) {
            play.next.push(Reverse((ms, Event::Freed(facility))));
        }
        while let Some(Reverse((ms, event))) = play.next.pop() {
            match event {
                Event::Ends(root) => play.ends(root, ms),
                Event::Freed(facility) => {
                    play.free = Some(facility);
                    play.relieve(facility, ms, Relief::Supposed);
                }
                Event::Begins(root) => play.begins(root, ms),
                Event::Fails(cause, facility) => play.fails(facility, cause, ms),
            }
        }
        play.finish()
    }

    fn after(&self, facility: usize, need: usize, ms: i64) -> i64 {
        let holds_out_ms = self.nodes[facility].said.needs[need].holds_out_ms;
        ms.saturating_add(holds_out_ms.unwrap_or_default())
    }

    /// Needs of a service that a facility has.
    fn needing(&self, facility: usize, service: VitalService) -> impl Iterator<Item = usize> + '_ {
        let needs = self.nodes[facility].said.needs.iter().enumerate();
        needs.filter(move |(_, need)| need.service == service).map(|(need, _)| need)
    }

    /// How a supplier of a need is known.
    pub(super) fn how(&self, facility: usize, need: usize) -> ImpactMatch {
        if self.nodes[facility].said.needs[need].suppliers.is_empty() {
            ImpactMatch::ServiceArea
        } else {
            ImpactMatch::Supplier
        }
    }

    /// The first need of a facility that another one supplies.
    pub(super) fn need_of(&self, facility: usize, supplier: usize) -> Option<usize> {
        self.suppliers[facility].iter().position(|suppliers| suppliers.contains(&supplier))
    }
}

impl Reckoning {
    /// When a root ends. A repair that should have been there is late.
    fn end(self, root: &Root) -> Option<i64> {
        let supposed = root.supposed_end_ms.filter(|_| self.supposed);
        let awaited = root.repair_ms.filter(|repair| root.entry.is_none() || *repair > self.now_ms);
        supposed.or(root.ended_ms).or(awaited.filter(|_| !self.possible))
    }
}

/// What happens. In this order, at one moment: so what is repaired just in time takes nothing down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    Ends(usize),
    Freed(usize),
    Begins(usize),
    /// A facility no longer holds out.
    Fails(Cause, usize),
}

/// How a need of a facility is met.
#[derive(Debug, Clone, Default)]
struct Supply {
    /// Roots by which it is not.
    out: Vec<usize>,
    /// Suppliers that work; `None`: nobody of whom it is known.
    left: Option<usize>,
    /// Since when it is not met.
    since: Option<i64>,
}

impl Supply {
    fn is_met(&self) -> bool {
        self.out.is_empty() && self.left != Some(0)
    }
}

/// The state of all facilities while time passes. Between two ends things only go down, and at an
/// end they only come back: so it comes to an end whatever the circles.
struct Play<'n, 'b> {
    network: &'n Network<'b>,
    roots: &'n [Root],
    supplies: Vec<Vec<Supply>>,
    /// Roots by which each is down by itself.
    own: Vec<Vec<usize>>,
    free: Option<usize>,
    courses: Vec<Course>,
    next: BinaryHeap<Reverse<(i64, Event)>>,
}

impl<'n, 'b> Play<'n, 'b> {
    fn new(network: &'n Network<'b>, roots: &'n [Root]) -> Self {
        let count = network.nodes.len();
        let supply = |of: &Vec<usize>| Supply {
            left: Some(of.len()).filter(|left| *left > 0),
            ..Supply::default()
        };
        let of = |needs: &Vec<Vec<usize>>| needs.iter().map(supply).collect();
        let supplies = network.suppliers.iter().map(of).collect();
        let (own, courses) = (vec![Vec::new(); count], vec![Course::default(); count]);
        Self { network, roots, supplies, own, free: None, courses, next: BinaryHeap::new() }
    }

    fn is_down(&self, facility: usize) -> bool {
        self.courses[facility].spells.last().is_some_and(|spell| spell.back.is_none())
    }

    fn begins(&mut self, number: usize, ms: i64) {
        let root = &self.roots[number];
        for facility in root.touches.keys().copied() {
            let Some(service) = root.service else {
                self.own[facility].push(number);
                let fails = Event::Fails(Cause::Root(number, None), facility);
                self.next.push(Reverse((ms, fails)));
                continue;
            };
            for need in self.network.needing(facility, service) {
                self.supplies[facility][need].out.push(number);
                self.lacks(facility, need, ms, Cause::Root(number, Some(need)));
            }
        }
    }

    /// A need is met no longer.
    fn lacks(&mut self, facility: usize, need: usize, ms: i64, cause: Cause) {
        let supply = &mut self.supplies[facility][need];
        if supply.since.is_none() {
            supply.since = Some(ms);
            let until = self.network.after(facility, need, ms);
            self.next.push(Reverse((until, Event::Fails(cause, facility))));
        }
    }

    /// A facility goes down, unless what it lacked came back meanwhile.
    fn fails(&mut self, facility: usize, cause: Cause, ms: i64) {
        let Some(cause) = self.why(facility, cause, ms) else { return };
        if self.free == Some(facility) || self.is_down(facility) {
            return;
        }
        let spells = &mut self.courses[facility].spells;
        match spells.last_mut().filter(|spell| spell.back.is_some_and(|(back, _)| back == ms)) {
            // It did not work for a moment in between.
            Some(spell) => spell.back = None,
            None => spells.push(Spell { ms, cause, back: None, relieved: false }),
        }
        for (other, need) in self.network.supplied[facility].iter().copied() {
            let left = self.supplies[other][need].left.as_mut();
            let none = left.is_some_and(|left| {
                *left = left.saturating_sub(1);
                *left == 0
            });
            if none {
                self.lacks(other, need, ms, Cause::Supplier(facility, need));
            }
        }
    }

    /// Why a facility goes down for a need, by what is lacking at that moment; `None` when it is
    /// met, or has not been lacking for long enough.
    fn why(&self, facility: usize, cause: Cause, ms: i64) -> Option<Cause> {
        let (Cause::Root(_, Some(need)) | Cause::Supplier(_, need)) = cause else {
            let Cause::Root(root, None) = cause else { return None };
            return self.own[facility].contains(&root).then_some(cause);
        };
        let supply = &self.supplies[facility][need];
        let since = supply.since?;
        if self.network.after(facility, need, since) > ms {
            return None;
        }
        let of_root = || supply.out.iter().min().map(|root| Cause::Root(*root, Some(need)));
        match cause {
            Cause::Root(root, _) if supply.out.contains(&root) => Some(cause),
            Cause::Supplier(..) if supply.left == Some(0) => Some(cause),
            // It was lacking all the time, by one after the other.
            _ => of_root().or_else(|| {
                let supplier = self.network.suppliers[facility][need].first()?;
                Some(Cause::Supplier(*supplier, need))
            }),
        }
    }

    fn ends(&mut self, number: usize, ms: i64) {
        let root = &self.roots[number];
        for facility in root.touches.keys().copied() {
            let mut waited = false;
            match root.service {
                None => waited = lose(&mut self.own[facility], number),
                Some(service) => {
                    for need in self.network.needing(facility, service) {
                        let supply = &mut self.supplies[facility][need];
                        waited |= lose(&mut supply.out, number);
                        if supply.is_met() {
                            supply.since = None;
                        }
                    }
                }
            }
            if waited {
                self.relieve(facility, ms, Relief::Root(number));
            }
        }
    }

    /// Something that a facility waited for came back: it works again unless it waits for something
    /// else, and so do those that wait for it.
    fn relieve(&mut self, facility: usize, ms: i64, by: Relief) {
        let mut next = vec![(facility, by)];
        while let Some((facility, by)) = next.pop() {
            if !self.is_down(facility) {
                continue;
            }
            let works = self.works(facility, ms);
            let Some(spell) = self.courses[facility].spells.last_mut() else { continue };
            if !works {
                spell.relieved = true;
                continue;
            }
            spell.back = Some((ms, by));
            for (other, need) in self.network.supplied[facility].iter().copied() {
                let supply = &mut self.supplies[other][need];
                let first = supply.left == Some(0);
                supply.left = supply.left.map(|left| left + 1);
                if supply.is_met() {
                    supply.since = None;
                }
                if first {
                    next.push((other, Relief::Supplier(facility)));
                }
            }
        }
    }

    /// Whether nothing keeps a facility down at a moment.
    fn works(&self, facility: usize, ms: i64) -> bool {
        let mut needs = self.supplies[facility].iter().enumerate();
        let holds = |(need, supply): (usize, &Supply)| {
            supply.since.is_none_or(|since| self.network.after(facility, need, since) > ms)
        };
        self.free == Some(facility) || (self.own[facility].is_empty() && needs.all(holds))
    }

    fn finish(mut self) -> Vec<Course> {
        for facility in 0..self.courses.len() {
            let spell = self.courses[facility].spells.last();
            if !spell.is_some_and(|spell| spell.relieved && spell.back.is_none()) {
                continue;
            }
            let mut waits = BTreeSet::new();
            waits.extend(self.own[facility].iter().filter_map(|root| self.roots[*root].entry));
            for (need, supply) in self.supplies[facility].iter().enumerate() {
                waits.extend(supply.out.iter().filter_map(|root| self.roots[*root].entry));
                if supply.left == Some(0) {
                    let suppliers = self.network.suppliers[facility][need].iter();
                    waits.extend(suppliers.map(|one| self.network.nodes[*one].at.entry));
                }
            }
            self.courses[facility].waits_for = waits;
        }
        self.courses
    }
}

/// Takes a root off a list; false when it was not there.
fn lose(held: &mut Vec<usize>, number: usize) -> bool {
    let before = held.len();
    held.retain(|held| *held != number);
    held.len() < before
}
