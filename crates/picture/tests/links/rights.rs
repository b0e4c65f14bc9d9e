//! Rights that end: a membership that is withdrawn, while records of that scope are on their way.

use std::collections::BTreeSet;

use polder_picture::link::id_of;
use polder_wire::v1::Lane;

use crate::{
    plan::{Plan, scope},
    sim::Sim,
};

impl Sim<'_> {
    /// Some node loses its right to some scope, if those who keep it still reach one another. Its
    /// neighbours know at once, and so does it.
    pub(crate) fn revoke(&mut self) {
        let node = self.random.below(self.nodes.len() as u64) as usize;
        // All have a right to scope 0, and so to something.
        let numbers: Vec<_> = self.rights[node].iter().copied().filter(|at| *at > 0).collect();
        if numbers.is_empty() {
            return;
        }
        let number = numbers[self.random.below(numbers.len() as u64) as usize];
        if !self.hold_together(number, node) {
            return;
        }
        self.revoked += 1;
        let id = id_of(&scope(number));
        self.rights[node].remove(&number);
        self.entitled[node].remove(&id);
        self.nodes[node].disk.entitled.remove(&id);
        // What only this node holds does not leave it any more.
        self.excuse(Some(number));
        for wire in 0..self.lines.len() {
            if !self.lines[wire].up || !self.plan.wires[wire].ends.contains(&node) {
                continue;
            }
            for end in self.plan.wires[wire].ends {
                let ruled = self.with(end, wire, |session, world, shared, now, _| {
                    session.ruled(now, world, shared)
                });
                if let Some(Err(fault)) = ruled {
                    assert_eq!(fault.reason, "RIGHT_ENDED");
                    self.cut(wire);
                }
            }
        }
        self.pump_all();
    }

    /// Whether the honest nodes with a right to a scope are connected without one of them.
    fn hold_together(&self, number: usize, without: usize) -> bool {
        let mut left: BTreeSet<usize> = (0..self.plan.honest())
            .filter(|node| *node != without && self.rights[*node].contains(&number))
            .collect();
        let Some(first) = left.pop_first() else { return true };
        let mut reached = vec![first];
        while let Some(node) = reached.pop() {
            for wire in &self.plan.wires {
                let [a, b] = wire.ends;
                let other = if a == node { b } else { a };
                if wire.ends.contains(&node) && left.remove(&other) {
                    reached.push(other);
                }
            }
        }
        left.is_empty()
    }
}

#[test]
fn a_piece_on_its_way_stops_when_the_right_to_it_ends() {
    let mut plan = Plan::pair(4_000, 20_000);
    plan.leaps = vec![true; 2];
    plan.wires[0].buffer_bytes = 500;
    let mut sim = Sim::peaceful(&plan);
    sim.history(0, Lane::Routine, 400);
    sim.until(300_000_000, |sim| sim.fills > 1);
    // The next one was begun, and is not all out.
    let (before, fills) = (sim.carried()[0], sim.fills);
    sim.until(60_000_000, |sim| sim.carried()[0] > before + 1_000);
    assert_eq!(sim.fills, fills);
    sim.entitled[1].clear();
    let ruled = sim.with(0, 0, |session, world, shared, now, _| session.ruled(now, world, shared));
    assert_eq!(ruled.unwrap().unwrap_err().reason, "RIGHT_ENDED");
}
