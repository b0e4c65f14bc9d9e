//! Nodes, links and time. Everything random comes from the seed.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet, BinaryHeap},
};

use polder_picture::{
    link::{Bookmark, Delivery, Session, Shared, World, id_of},
    record::{Id, Signer},
};
use polder_wire::v1::{LinkFrame, link_frame::Kind};
use prost::Message as _;

use crate::{
    after::Written,
    disk::{Disk, Door},
    hostile::Malice,
    plan::{Plan, Random, Wire, scope},
};

pub(crate) struct Node {
    pub(crate) signer: Signer,
    pub(crate) disk: Disk,
    pub(crate) shared: Shared,
    pub(crate) skew_ms: i64,
    /// Sessions by wire.
    pub(crate) sessions: BTreeMap<usize, Session>,
    pub(crate) bookmarks: BTreeMap<usize, Bookmark>,
    pub(crate) life: u32,
    pub(crate) store_id: [u8; 16],
}

#[derive(Debug)]
pub(crate) enum What {
    /// A frame reaches an end of a wire, if that session still lives.
    Arrive {
        wire: usize,
        end: usize,
        session: u32,
        frame: Box<LinkFrame>,
    },
    /// The wire can take the next frame of this end.
    Free {
        wire: usize,
        end: usize,
        session: u32,
    },
    /// A delivery is durable, if the node did not crash meanwhile.
    Durable {
        wire: usize,
        end: usize,
        session: u32,
        life: u32,
        delivery: Box<Delivery>,
    },
    Tick,
    Author,
    Toggle {
        wire: usize,
    },
    Crash,
    /// A node loses its right to a scope.
    Revoke,
    /// A backup is taken of a node.
    Backup,
    /// That node is put back to it.
    Restore,
    /// A new node stands where another stood.
    Newcomer,
    Peace,
}

pub(crate) struct Line {
    pub(crate) up: bool,
    /// Number of the session that it carries.
    pub(crate) session: u32,
    pub(crate) busy_until: [u64; 2],
    pub(crate) waiting: [bool; 2],
}

pub(crate) struct Sim<'a> {
    pub(crate) plan: &'a Plan,
    pub(crate) random: Random,
    pub(crate) now: u64,
    pub(crate) events: BinaryHeap<Reverse<(u64, u64)>>,
    pub(crate) whats: BTreeMap<u64, What>,
    pub(crate) number: u64,
    pub(crate) nodes: Vec<Node>,
    /// Scopes that each node is entitled to now, by number and by id.
    pub(crate) rights: Vec<BTreeSet<usize>>,
    pub(crate) entitled: Vec<BTreeSet<Id>>,
    /// Some right has ended: frames that left before may be refused.
    pub(crate) revoked: usize,
    pub(crate) lines: Vec<Line>,
    /// The reference: everything that was ever acknowledged to an author.
    pub(crate) written: BTreeMap<Id, Written>,
    /// What was kept of a node for a restore.
    pub(crate) backup: Option<(usize, Disk)>,
    /// What hostile nodes remember of their wires.
    pub(crate) malice: BTreeMap<usize, Malice>,
    /// Why honest nodes ended sessions with hostile ones.
    pub(crate) faults: BTreeMap<&'static str, usize>,
    pub(crate) peace: bool,
    pub(crate) authored: usize,
    /// New nodes that came.
    pub(crate) newcomers: u64,
    carried: [u64; 2],
    pub(crate) delivered: usize,
    /// Feeds that came by a checkpoint.
    pub(crate) leaps: usize,
    /// Pieces of what these left out that came later.
    pub(crate) fills: usize,
    /// Records beyond where their author was cut off, in the pictures of all nodes.
    pub(crate) set_aside: u64,
}

/// What happened in a run.
pub struct Ran {
    /// Why sessions with hostile nodes ended.
    pub faults: BTreeMap<&'static str, usize>,
    /// Feeds that came by a checkpoint.
    pub leaps: usize,
    /// Pieces of what these left out that came later.
    pub fills: usize,
    /// Feeds of which some records were lost for good.
    pub lost: usize,
    /// Rights that ended.
    pub revoked: usize,
    /// Records that were set aside because their author was cut off.
    pub set_aside: u64,
}

/// Plays a plan and checks what must hold afterwards.
pub fn run(plan: &Plan) -> Ran {
    let mut sim = Sim::new(plan);
    sim.play();
    let lost = sim.written.keys().filter(|feed| sim.is_lost(**feed)).count();
    let Sim { faults, leaps, fills, revoked, set_aside, .. } = sim;
    Ran { faults, leaps, fills, lost, revoked, set_aside }
}

/// Key of a node in one of its lives as a store.
pub(crate) fn signer(seed: u64, node: usize, store: u8) -> Signer {
    let mut secret = [0; 32];
    secret[..8].copy_from_slice(&seed.to_le_bytes());
    secret[8] = node as u8;
    secret[9] = (node >> 8) as u8;
    secret[10] = store;
    Signer::new(&secret)
}

impl<'a> Sim<'a> {
    fn new(plan: &'a Plan) -> Self {
        let mut random = Random::new(plan.seed ^ 0x5eed);
        let ids = |numbers: &BTreeSet<usize>| numbers.iter().map(|at| id_of(&scope(*at))).collect();
        let entitled: Vec<BTreeSet<Id>> = plan.entitled.iter().map(ids).collect();
        let nodes = (0..plan.nodes).map(|at| {
            let twenty_years = 20 * 365 * 86_400_000_i64;
            let skew_ms = if plan.skew && random.chance(40) {
                if random.chance(50) { twenty_years } else { -twenty_years }
            } else {
                0
            };
            Node {
                signer: signer(plan.seed, at, 0),
                disk: Disk {
                    entitled: entitled[at].clone(),
                    small_pieces: !plan.seed.is_multiple_of(3),
                    ..Disk::default()
                },
                shared: Shared::default(),
                skew_ms,
                sessions: BTreeMap::new(),
                bookmarks: BTreeMap::new(),
                life: 0,
                store_id: random.id(),
            }
        });
        let nodes = nodes.collect();
        let line =
            |_: &Wire| Line { up: false, session: 0, busy_until: [0; 2], waiting: [false; 2] };
        let lines = plan.wires.iter().map(line).collect();
        Self {
            plan,
            random,
            now: 0,
            events: BinaryHeap::new(),
            whats: BTreeMap::new(),
            number: 0,
            nodes,
            rights: plan.entitled.clone(),
            entitled,
            revoked: 0,
            lines,
            written: BTreeMap::new(),
            backup: None,
            malice: BTreeMap::new(),
            faults: BTreeMap::new(),
            peace: false,
            authored: 0,
            newcomers: 0,
            carried: [0; 2],
            delivered: 0,
            leaps: 0,
            fills: 0,
            set_aside: 0,
        }
    }

    pub(crate) fn at(&mut self, delay: u64, what: What) {
        self.number += 1;
        self.events.push(Reverse((self.now + delay, self.number)));
        self.whats.insert(self.number, what);
    }

    /// Lets events happen until something is so; the time then. Panics when it never is.
    pub(crate) fn until(&mut self, limit_us: u64, is_so: impl Fn(&Self) -> bool) -> u64 {
        let limit = self.now + limit_us;
        while !is_so(self) {
            let Some(Reverse((at, number))) = self.events.pop() else { break };
            self.now = at;
            assert!(self.now < limit, "it did not come to that: {}", self.difference());
            let what = self.whats.remove(&number).expect("each event has its what");
            self.happen(what);
        }
        self.now
    }

    /// Whether records may flow on a wire.
    pub(crate) fn open(&self, wire: usize) -> bool {
        let ends = self.plan.wires[wire].ends;
        ends.iter().all(|end| self.nodes[*end].sessions.get(&wire).is_some_and(Session::is_open))
    }

    /// Bytes that wires carried from their first ends and from their second, with what frames cost.
    pub(crate) fn carried(&self) -> [u64; 2] {
        self.carried
    }

    /// Brings all wires up, without trouble to come.
    pub(crate) fn peaceful(plan: &'a Plan) -> Self {
        let mut sim = Self::new(plan);
        sim.at(0, What::Peace);
        sim.at(0, What::Tick);
        sim
    }

    fn play(&mut self) {
        for wire in 0..self.lines.len() {
            let delay = self.random.below(5_000_000);
            self.at(delay, What::Toggle { wire });
        }
        for _ in 0..self.plan.commits {
            let delay = self.random.below(self.plan.trouble_us + 1_000_000);
            self.at(delay, What::Author);
        }
        if self.plan.crashes {
            for _ in 0..1 + self.random.below(4) {
                let delay = self.random.below(self.plan.trouble_us);
                self.at(delay, What::Crash);
            }
        }
        for _ in 0..self.plan.revocations {
            let delay = self.random.below(self.plan.trouble_us);
            self.at(delay, What::Revoke);
        }
        if self.plan.restores {
            let early = self.random.below(self.plan.trouble_us);
            let late = early + self.random.below(self.plan.trouble_us - early);
            self.at(early, What::Backup);
            self.at(late, What::Restore);
        }
        for _ in 0..self.plan.newcomers {
            let delay = self.random.below(self.plan.trouble_us + 20_000_000);
            self.at(delay, What::Newcomer);
        }
        self.at(self.plan.trouble_us, What::Peace);
        self.at(0, What::Tick);
        // Everything was said twice over by then, even on the thinnest wire; and what a hostile
        // neighbour holds up is asked for elsewhere.
        let patience = if self.plan.hostile.is_empty() { 400_000_000 } else { 2_400_000_000 };
        let deadline = self.plan.trouble_us + patience;
        while let Some(Reverse((at, number))) = self.events.pop() {
            self.now = at;
            let what = self.whats.remove(&number).expect("each event has its what");
            let ticked = matches!(what, What::Tick);
            self.happen(what);
            let settled = self.peace
                && self.authored == self.plan.commits
                && self.newcomers == self.plan.newcomers;
            if ticked && settled && self.converged() {
                self.check_the_end();
                return;
            }
            assert!(self.now < deadline, "no convergence: {}", self.difference());
        }
    }

    fn happen(&mut self, what: What) {
        match what {
            What::Tick => {
                for node in 0..self.nodes.len() {
                    for wire in self.nodes[node].sessions.keys().copied().collect::<Vec<_>>() {
                        let fault = self.with(node, wire, |session, world, shared, now, _| {
                            // As the driver does, for the board.
                            session.behind(world);
                            session.tick(now, world, shared)
                        });
                        if fault.is_some_and(|result| result.is_err()) {
                            self.cut(wire);
                        }
                    }
                }
                self.torment();
                self.live();
                self.pump_all();
                self.at(250_000, What::Tick);
            }
            What::Author => self.author(),
            What::Toggle { wire } => {
                if self.lines[wire].up {
                    if !self.peace {
                        self.cut(wire);
                    }
                } else {
                    self.connect(wire);
                }
                if !self.peace {
                    let delay = 1_000_000 + self.random.below(40_000_000);
                    self.at(delay, What::Toggle { wire });
                }
            }
            What::Crash => {
                let node = self.random.below(self.nodes.len() as u64) as usize;
                self.crash(node);
            }
            What::Revoke => self.revoke(),
            What::Backup => self.back_up(),
            What::Restore => self.restore(),
            What::Newcomer => self.newcomer(),
            What::Peace => {
                self.peace = true;
                for wire in 0..self.lines.len() {
                    // A transport that lost a frame does not live on: its credit is lost as well.
                    if self.plan.mangles {
                        self.cut(wire);
                    }
                    self.connect(wire);
                }
            }
            What::Arrive { wire, end, session, frame } => {
                if self.lines[wire].up && self.lines[wire].session == session {
                    self.arrive(wire, end, *frame);
                }
            }
            What::Free { wire, end, session } => {
                if self.lines[wire].session == session {
                    self.lines[wire].waiting[end] = false;
                    self.pump(wire, end);
                }
            }
            What::Durable { wire, end, session, life, delivery } => {
                let node = self.plan.wires[wire].ends[end];
                if self.nodes[node].life == life {
                    self.durable(wire, end, session, &delivery);
                }
            }
        }
    }

    pub(crate) fn wall_ms(&self, node: usize) -> i64 {
        1_626_000_000_000 + (self.now / 1_000) as i64 + self.nodes[node].skew_ms
    }

    /// Calls a session with the world that it may see.
    pub(crate) fn with<T>(
        &mut self,
        node: usize,
        wire: usize,
        call: impl FnOnce(&mut Session, &dyn World, &mut Shared, u64, i64) -> T,
    ) -> Option<T> {
        let wall_ms = self.wall_ms(node);
        let ends = self.plan.wires[wire].ends;
        let peer = if ends[0] == node { ends[1] } else { ends[0] };
        let peer_entitled = &self.entitled[peer];
        let now = self.now;
        let Node { disk, sessions, shared, .. } = &mut self.nodes[node];
        let session = sessions.get_mut(&wire)?;
        let door = Door { disk, peer_entitled };
        Some(call(session, &door, shared, now, wall_ms))
    }

    pub(crate) fn pump_node(&mut self, node: usize) {
        for wire in self.nodes[node].sessions.keys().copied().collect::<Vec<_>>() {
            let end = usize::from(self.plan.wires[wire].ends[1] == node);
            self.pump(wire, end);
        }
    }

    pub(crate) fn pump_all(&mut self) {
        for wire in 0..self.lines.len() {
            self.pump(wire, 0);
            self.pump(wire, 1);
        }
    }

    /// Puts what this end has to say on the wire, one frame after the other.
    pub(crate) fn pump(&mut self, wire: usize, end: usize) {
        while self.lines[wire].up && !self.lines[wire].waiting[end] {
            // The transport takes more than the line carries, as sockets do.
            let Wire { bytes_per_second, buffer_bytes, .. } = self.plan.wires[wire];
            let ahead = buffer_bytes * 1_000_000 / bytes_per_second;
            let busy = self.lines[wire].busy_until[end].saturating_sub(ahead);
            if busy > self.now {
                let delay = busy - self.now;
                let session = self.lines[wire].session;
                self.lines[wire].waiting[end] = true;
                self.at(delay, What::Free { wire, end, session });
                return;
            }
            let node = self.plan.wires[wire].ends[end];
            let frame = self.with(node, wire, |session, world, shared, now, _| {
                session.next(now, world, shared)
            });
            let Some(Some(frame)) = frame else { return };
            if !self.is_hostile(node) {
                let peer = self.peer_of(wire, node);
                self.check_entitled(peer, &frame);
            }
            if self.is_hostile(node) {
                for frame in self.twist(wire, end, frame) {
                    self.send(wire, end, frame);
                }
            } else {
                self.send(wire, end, frame);
            }
        }
    }

    /// Puts a frame on the wire.
    pub(crate) fn send(&mut self, wire: usize, end: usize, frame: LinkFrame) {
        let Wire { bytes_per_second, latency_us, .. } = self.plan.wires[wire];
        self.carried[end] += frame.encoded_len() as u64 + 20;
        let takes = (frame.encoded_len() as u64 + 20) * 1_000_000 / bytes_per_second;
        let free = self.lines[wire].busy_until[end].max(self.now) + takes;
        self.lines[wire].busy_until[end] = free;
        let session = self.lines[wire].session;
        let mut delay = free - self.now + latency_us;
        if self.plan.mangles && !self.peace && self.random.chance(1) {
            match self.random.below(3) {
                // Late, so out of order; twice; or not at all.
                0 => delay += self.random.below(2_000_000),
                1 => {
                    let frame = Box::new(frame.clone());
                    self.at(delay + 1, What::Arrive { wire, end: 1 - end, session, frame });
                }
                // Credit that is lost is lost for the session; no transport does that.
                _ if matches!(frame.kind, Some(Kind::Credit(_))) => {}
                _ => return,
            }
        }
        self.at(delay, What::Arrive { wire, end: 1 - end, session, frame: Box::new(frame) });
    }
}
