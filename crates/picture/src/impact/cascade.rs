//! What goes down after what, and when: the earliest time of each facility, by going through what
//! fails in the order in which it fails.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BinaryHeap, HashMap},
};

use polder_wire::v1::{ImpactMatch, VitalService};
use uuid::Uuid;

use super::{
    ground::Map,
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
}

/// Why a facility goes down. In this order, when it does so at one moment for several reasons.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Cause {
    /// By a root; the need of it that fails, unless it is down by itself.
    Root(usize, Option<usize>),
    /// By a supplier of a need: the last of them that was left.
    Supplier(usize, usize),
}

/// A facility that goes down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Down {
    pub(super) ms: i64,
    pub(super) cause: Cause,
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
        map: &Map<'_>,
        alias: impl Fn(Uuid) -> Option<usize>,
    ) -> Self {
        // Who gives a service around a facility.
        let mut around: HashMap<(usize, VitalService), Vec<usize>> = HashMap::new();
        for (number, node) in nodes.iter().enumerate() {
            let Some(area) = &node.said.service_area else { continue };
            for other in map.inside(area).filter(|other| *other != number) {
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

    /// When each facility goes down.
    pub(super) fn run(&self, roots: &[Root], by: Reckoning) -> Vec<Option<Down>> {
        let mut down: Vec<Option<Down>> = vec![None; self.nodes.len()];
        let mut next = BinaryHeap::new();
        for (number, root) in roots.iter().enumerate() {
            let counts = (by.possible || !root.expected) && (by.supposed || root.entry.is_some());
            if !counts {
                continue;
            }
            for facility in root.touches.keys() {
                for (ms, need) in self.hit(root, *facility) {
                    if !by.repaired(root, ms) {
                        next.push(Reverse((ms, Cause::Root(number, need), *facility)));
                    }
                }
            }
        }
        let mut left: Vec<Vec<usize>> =
            self.suppliers.iter().map(|needs| needs.iter().map(Vec::len).collect()).collect();
        while let Some(Reverse((ms, cause, facility))) = next.pop() {
            if down[facility].is_some() {
                continue;
            }
            down[facility] = Some(Down { ms, cause });
            for (other, need) in &self.supplied[facility] {
                let left = &mut left[*other][*need];
                *left -= 1;
                if *left == 0 {
                    let ms = self.after(*other, *need, ms);
                    next.push(Reverse((ms, Cause::Supplier(facility, *need), *other)));
                }
            }
        }
        down
    }

    /// When a root takes a facility down, and by which need.
    fn hit(&self, root: &Root, facility: usize) -> Vec<(i64, Option<usize>)> {
        let Some(service) = root.service else { return vec![(root.start_ms, None)] };
        let needs = self.nodes[facility].said.needs.iter().enumerate();
        let needs = needs.filter(|(_, need)| need.service == service);
        needs.map(|(need, _)| (self.after(facility, need, root.start_ms), Some(need))).collect()
    }

    fn after(&self, facility: usize, need: usize, ms: i64) -> i64 {
        let holds_out_ms = self.nodes[facility].said.needs[need].holds_out_ms;
        ms.saturating_add(holds_out_ms.unwrap_or_default())
    }

    /// How a supplier of a need is known.
    pub(super) fn how(&self, facility: usize, need: usize) -> ImpactMatch {
        if self.nodes[facility].said.needs[need].suppliers.is_empty() {
            ImpactMatch::ServiceArea
        } else {
            ImpactMatch::Supplier
        }
    }
}

impl Reckoning {
    /// Whether a root is repaired by a moment. A repair that should have been there is late.
    fn repaired(self, root: &Root, ms: i64) -> bool {
        let awaited = root.repair_ms.filter(|repair| root.entry.is_none() || *repair > self.now_ms);
        !self.possible && awaited.is_some_and(|repair| repair <= ms)
    }
}
