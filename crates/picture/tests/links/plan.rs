//! What one run does: nodes, wires, rights and trouble, all from the seed.

use std::collections::BTreeSet;

use polder_picture::{admit::NewScope, link::LANES};
use polder_wire::v1::{Lane, Mode};

use crate::hostile::Trick;

/// Small, seeded, the same on every machine (SplitMix64).
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub fn below(&mut self, end: u64) -> u64 {
        self.next() % end.max(1)
    }

    pub fn chance(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    pub fn id(&mut self) -> [u8; 16] {
        let mut id = [0; 16];
        id[..8].copy_from_slice(&self.next().to_le_bytes());
        id[8..].copy_from_slice(&self.next().to_le_bytes());
        id
    }
}

/// A link between two nodes.
#[derive(Debug, Clone)]
pub struct Wire {
    pub ends: [usize; 2],
    pub bytes_per_second: u64,
    pub latency_us: u64,
    /// What the transport takes beyond what the line carries.
    pub buffer_bytes: u64,
    pub cost: u32,
    pub lanes: Vec<Lane>,
}

/// What one run does.
#[derive(Debug, Clone)]
pub struct Plan {
    pub seed: u64,
    pub nodes: usize,
    pub wires: Vec<Wire>,
    /// Scopes by number that each node is entitled to.
    pub entitled: Vec<BTreeSet<usize>>,
    pub commits: usize,
    /// Faults happen until then; afterwards all links stay up.
    pub trouble_us: u64,
    pub crashes: bool,
    pub mangles: bool,
    pub skew: bool,
    /// Nodes that do harm, at the end of the list; all others are honest. What they do is in
    /// [`hostile`](crate::hostile).
    pub hostile: Vec<Vec<Trick>>,
    /// An honest node is put back to an old backup, under a new key.
    pub restores: bool,
    /// Nodes give signs of life.
    pub tips: bool,
    /// Authors write checkpoints now and then.
    pub checkpoints: bool,
    /// So many times a node loses its right to a scope.
    pub revocations: u64,
    /// Which nodes take feeds by a checkpoint.
    pub leaps: Vec<bool>,
    /// So many times a new node with nothing on its disk stands where another stood.
    pub newcomers: u64,
}

const SCOPES: usize = 4;

/// Two incidents, each in two modes under one name: exercise and actual must not mix.
pub fn scope(number: usize) -> NewScope {
    let (incident, mode) = [
        ("flood", Mode::Actual),
        ("flood", Mode::Exercise),
        ("strike", Mode::Test),
        ("strike", Mode::Actual),
    ][number];
    NewScope { incident: incident.into(), mode, audience: "all".into() }
}

impl Plan {
    /// Two nodes and one wire, without trouble.
    pub fn pair(bytes_per_second: u64, latency_us: u64) -> Self {
        let lanes = LANES.to_vec();
        Self {
            seed: 1,
            nodes: 2,
            wires: vec![Wire {
                ends: [0, 1],
                bytes_per_second,
                latency_us,
                buffer_bytes: 4 << 20,
                cost: 1,
                lanes,
            }],
            entitled: vec![BTreeSet::from([0]); 2],
            commits: 0,
            trouble_us: 0,
            crashes: false,
            mangles: false,
            skew: false,
            hostile: Vec::new(),
            restores: false,
            tips: false,
            checkpoints: false,
            revocations: 0,
            leaps: vec![false; 2],
            newcomers: 0,
        }
    }

    /// Number of the first hostile node; those before it are honest.
    pub fn honest(&self) -> usize {
        self.nodes - self.hostile.len()
    }

    /// Whether a node takes feeds by a checkpoint.
    pub fn leaps(&self, node: usize) -> bool {
        self.leaps.get(node).copied().unwrap_or_default()
    }

    /// A national node, a region for every 39 others, and the rest below their regions. Regions
    /// also reach the next region. 10 Mbit/s, 20 ms.
    pub fn nation(nodes: usize) -> Self {
        let regions = (nodes / 40).max(2);
        let wire = |a: usize, b: usize| Wire {
            ends: [a, b],
            bytes_per_second: 1_250_000,
            latency_us: 10_000,
            buffer_bytes: 1 << 20,
            cost: 1,
            lanes: LANES.to_vec(),
        };
        let mut wires: Vec<_> = (1..=regions).map(|region| wire(0, region)).collect();
        wires.extend((1..regions).map(|region| wire(region, region + 1)));
        wires.extend((regions + 1..nodes).map(|node| wire(1 + node % regions, node)));
        Self { nodes, wires, entitled: vec![BTreeSet::from([0]); nodes], ..Self::pair(1, 1) }
    }

    /// Any topology, any entitlement, any trouble.
    pub fn random(seed: u64) -> Self {
        let mut random = Random(seed);
        let mut nodes = match random.below(400) {
            0 => 20 + random.below(31) as usize,
            1..=15 => 8 + random.below(8) as usize,
            16..=80 => 5 + random.below(3) as usize,
            _ => 3 + random.below(2) as usize,
        };
        let mut wires = Vec::new();
        let wire = |a: usize, b: usize, random: &mut Random| {
            let (bytes_per_second, latency_us) = match random.below(5) {
                0 => (8_000, 350_000),
                1 => (2_000, 700_000),
                2 => (100_000, 50_000),
                _ => (10_000_000, 1_000),
            };
            let cost = 1 + random.below(3) as u32;
            let buffer_bytes = [0, 1 << 20][random.below(2) as usize];
            let lanes = LANES.to_vec();
            Wire { ends: [a, b], bytes_per_second, latency_us, buffer_bytes, cost, lanes }
        };
        // A tree holds all together; some more make rings.
        for node in 1..nodes {
            let other = random.below(node as u64) as usize;
            wires.push(wire(other, node, &mut random));
        }
        for _ in 0..random.below(nodes as u64) {
            let (a, b) = (random.below(nodes as u64) as usize, random.below(nodes as u64) as usize);
            if a != b && !wires.iter().any(|w| w.ends == [a, b] || w.ends == [b, a]) {
                wires.push(wire(a, b, &mut random));
            }
        }
        // Scope 0 is for all; the others for some, as long as those are connected.
        let mut entitled = vec![BTreeSet::from([0]); nodes];
        for number in 1..SCOPES {
            let mut members = BTreeSet::from([random.below(nodes as u64) as usize]);
            for _ in 0..random.below(nodes as u64) {
                let next = wires.iter().find_map(|wire| {
                    let [a, b] = wire.ends;
                    match (members.contains(&a), members.contains(&b)) {
                        (true, false) => Some(b),
                        (false, true) => Some(a),
                        _ => None,
                    }
                });
                members.extend(next);
            }
            for node in members {
                entitled[node].insert(number);
            }
        }
        // Hostile ones hang on to some honest nodes, so that honest paths stay honest.
        let count = if random.chance(33) { 1 + usize::from(random.chance(20)) } else { 0 };
        let mut hostile = Vec::new();
        for _ in 0..count {
            for _ in 0..1 + random.below(3) {
                let end = random.below((nodes - hostile.len()) as u64) as usize;
                if !wires.iter().any(|wire| wire.ends == [end, nodes]) {
                    wires.push(wire(end, nodes, &mut random));
                }
            }
            let mut scopes = BTreeSet::from([random.below(SCOPES as u64) as usize]);
            scopes.extend(random.chance(70).then_some(0));
            entitled.push(scopes);
            hostile.push(Trick::some(&mut random));
            nodes += 1;
        }
        let restores = random.chance(20);
        let checkpoints = random.chance(50);
        // All nodes take feeds by a checkpoint, or any of them.
        let all = random.chance(60);
        let some = |node: usize| Random(seed ^ (node as u64) << 32).chance(50);
        let leaps = (0..nodes).map(|node| checkpoints && (all || some(node))).collect();
        Self {
            seed,
            nodes,
            wires,
            entitled,
            commits: 4 + random.below(16) as usize + if checkpoints { 30 } else { 0 },
            trouble_us: 15_000_000 + random.below(60_000_000),
            crashes: random.chance(50),
            mangles: random.chance(30),
            skew: random.chance(30),
            hostile,
            restores,
            tips: random.chance(12),
            checkpoints,
            revocations: if random.chance(40) { 1 + random.below(3) } else { 0 },
            leaps,
            newcomers: if checkpoints { 1 + seed % 4 } else { 0 },
        }
    }
}
