//! Nodes that archived a scope and dropped its records: they still end where the others end.

use std::collections::BTreeSet;

use polder_picture::{link::LANES, record::Id};
use polder_wire::v1::Lane;

use crate::{
    each_seed,
    plan::{Plan, Random},
    sim::Sim,
};

impl Sim<'_> {
    fn held(&self, node: usize) -> BTreeSet<(Id, u64, [u8; 32])> {
        let feeds = self.nodes[node].disk.feeds.iter();
        let records = feeds.flat_map(|(feed, (_, records))| {
            records.iter().enumerate().map(|(at, (_, hash))| (*feed, at as u64 + 1, *hash))
        });
        records.collect()
    }
}

/// Gives a node all that another holds, as a file would; `archives`: it dropped that at once.
fn carry(sim: &mut Sim<'_>, from: usize, to: usize, archives: bool) {
    let disk = &sim.nodes[from].disk;
    let (scopes, feeds, keys) = (disk.scopes.clone(), disk.feeds.clone(), disk.keys.clone());
    let ends: Vec<_> = feeds.keys().map(|feed| (*feed, disk.end(*feed))).collect();
    let names: Vec<_> = feeds.iter().map(|(feed, (name, _))| (*feed, *name)).collect();
    let before: Vec<_> = names.iter().map(|(feed, _)| sim.nodes[to].disk.end(*feed)).collect();
    let disk = &mut sim.nodes[to].disk;
    (disk.scopes, disk.feeds, disk.keys) = (scopes.clone(), feeds, keys);
    if archives {
        disk.bases = ends.iter().map(|(feed, end)| (*feed, end.sequence)).collect();
    }
    for (((_, name), (_, end)), before) in names.iter().zip(&ends).zip(before) {
        let scope = scopes[&name.scope].clone();
        sim.committed(to, *name, &scope, before.sequence, *end);
    }
}

fn write_some(sim: &mut Sim<'_>, node: usize, random: &mut Random) {
    for lane in LANES {
        for _ in 0..1 + random.below(3) {
            let lengths: Vec<_> = (0..1 + random.below(4)).map(|_| 600).collect();
            sim.write(node, 0, lane, &lengths);
        }
    }
}

fn same(sim: &Sim<'_>, nodes: impl IntoIterator<Item = usize>) -> bool {
    let whole = sim.held(0);
    nodes.into_iter().all(|node| sim.held(node) == whole)
}

fn bytes(sim: &Sim<'_>) -> u64 {
    sim.carried().iter().sum()
}

#[test]
fn what_a_neighbour_archived_comes_from_others_and_the_quiet_after_it_stays_quiet() {
    each_seed(|seed| {
        let mut random = Random::new(seed);
        let mut plan = Plan { nodes: 3 + random.below(4) as usize, ..Plan::pair(50_000, 20_000) };
        plan.seed = seed;
        plan.entitled = vec![[0].into(); plan.nodes];
        let wire = plan.wires[0].clone();
        plan.wires.clear();
        // Node 1 archived; all others reach node 0, which did not, without it.
        let others: Vec<_> = (0..plan.nodes).filter(|node| *node != 1).collect();
        for (at, node) in others.iter().enumerate().skip(1) {
            let to = others[random.below(at as u64) as usize];
            plan.wires.push(crate::plan::Wire { ends: [to, *node], ..wire.clone() });
        }
        for node in &others {
            if *node == 2 || random.chance(50) {
                let cost = 1 + random.below(3) as u32;
                plan.wires.push(crate::plan::Wire { ends: [1, *node], cost, ..wire.clone() });
            }
        }
        let mut sim = Sim::peaceful(&plan);
        write_some(&mut sim, 0, &mut random);
        carry(&mut sim, 0, 1, true);
        sim.until(300_000_000, |sim| same(sim, others.iter().copied()));
        // A late record of a stranger travels through the node that archived, too.
        write_some(&mut sim, 0, &mut random);
        sim.pump_all();
        sim.until(300_000_000, |sim| same(sim, 0..plan.nodes));
        let (begun, before) = (sim.now + 60_000_000, bytes(&sim));
        sim.until(100_000_000, |sim| sim.now >= begun);
        let settled = bytes(&sim);
        // An hour takes its time, also in a simulator.
        let minutes = if seed % 25 == 0 { 60 } else { 3 };
        let end = sim.now + minutes * 60_000_000;
        sim.until(3_700_000_000, |sim| sim.now >= end);
        let quiet = bytes(&sim) - settled;
        let most = 670 * minutes * plan.wires.len() as u64;
        assert!(quiet < most, "{quiet} bytes in {minutes} minutes; {before} before");
    });
}

#[test]
fn a_newcomer_who_knows_only_a_node_that_archived_hears_so_once_and_goes_on_from_its_file() {
    let plan = Plan::pair(50_000, 20_000);
    let mut random = Random::new(5);
    let mut sim = Sim::peaceful(&plan);
    write_some(&mut sim, 0, &mut random);
    let feeds = sim.nodes[0].disk.feeds.keys().copied();
    let ends: Vec<_> = feeds.map(|feed| (feed, sim.nodes[0].disk.end(feed).sequence)).collect();
    sim.nodes[0].disk.bases = ends.into_iter().collect();
    let settled = sim.now + 120_000_000;
    sim.until(130_000_000, |sim| sim.now >= settled);
    assert!(sim.held(1).is_empty());
    let before = bytes(&sim);
    let hour = sim.now + 3_600_000_000;
    sim.until(3_700_000_000, |sim| sim.now >= hour);
    let quiet = bytes(&sim) - before;
    assert!(quiet < 40_000, "{quiet} bytes in an hour");
    // What is new to both sides travels as ever.
    sim.write(1, 0, Lane::Urgent, &[300]);
    sim.pump_all();
    sim.until(60_000_000, |sim| sim.nodes[0].disk.feeds.len() == 4);
    // Late records follow what is in the file, once that was brought.
    let file = sim.held(0).len();
    write_some(&mut sim, 0, &mut random);
    sim.pump_all();
    let archive = sim.now + 60_000_000;
    sim.until(70_000_000, |sim| sim.now >= archive);
    assert_eq!(sim.held(1).len(), 1);
    let late: Vec<_> = sim.nodes[0].disk.feeds.iter().map(|(id, (_, r))| (*id, r.len())).collect();
    bring_file(&mut sim);
    sim.until(300_000_000, |sim| same(sim, [1]));
    assert!(sim.held(1).len() > file, "{late:?}");
}

/// Node 1 takes the file of what node 0 archived, and nothing beyond.
fn bring_file(sim: &mut Sim<'_>) {
    let bases: Vec<_> = sim.nodes[0].disk.bases.iter().map(|(id, base)| (*id, *base)).collect();
    for (feed, base) in bases {
        let (name, records) = sim.nodes[0].disk.feeds[&feed].clone();
        let records: Vec<_> = records.into_iter().take(base as usize).collect();
        let keys = sim.nodes[0].disk.keys.clone();
        let scope = sim.nodes[0].disk.scopes[&name.scope].clone();
        let disk = &mut sim.nodes[1].disk;
        disk.keys.extend(keys);
        disk.feeds.insert(feed, (name, records));
        let end = disk.end(feed);
        sim.committed(1, name, &scope, 0, end);
    }
    sim.pump_all();
}
