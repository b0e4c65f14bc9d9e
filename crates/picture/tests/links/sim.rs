//! Nodes, links and time. Everything random comes from the seed.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet, BinaryHeap},
};

use polder_picture::{
    admit::NewScope,
    link::{
        Bookmark, Delivery, Event, Session, Shared, Stored, Unsound, World, codec::unpack, id_of,
    },
    record::{Head, Id, Signer, record_hash},
    suffix::FeedName,
};
use polder_wire::v1::{LinkFrame, link_frame::Kind};
use prost::Message as _;

use crate::{
    disk::{Disk, Door},
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
    pub(crate) lines: Vec<Line>,
    /// Everything that was ever acknowledged to an author: scope, feed, sequence, hash.
    pub(crate) acknowledged: BTreeSet<(usize, Id, u64, [u8; 32])>,
    pub(crate) peace: bool,
    pub(crate) authored: usize,
    carried: [u64; 2],
    pub(crate) delivered: usize,
}

/// Plays a plan and checks what must hold afterwards.
pub fn run(plan: &Plan) {
    let mut sim = Sim::new(plan);
    sim.play();
}

impl<'a> Sim<'a> {
    fn new(plan: &'a Plan) -> Self {
        let mut random = Random::new(plan.seed ^ 0x5eed);
        let nodes = (0..plan.nodes).map(|at| {
            let mut secret = [0; 32];
            secret[..8].copy_from_slice(&plan.seed.to_le_bytes());
            secret[8] = at as u8;
            secret[9] = (at >> 8) as u8;
            let twenty_years = 20 * 365 * 86_400_000_i64;
            let skew_ms = if plan.skew && random.chance(40) {
                if random.chance(50) { twenty_years } else { -twenty_years }
            } else {
                0
            };
            let entitled = plan.entitled[at].iter().map(|number| id_of(&scope(*number)));
            Node {
                signer: Signer::new(&secret),
                disk: Disk { entitled: entitled.collect(), ..Disk::default() },
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
            lines,
            acknowledged: BTreeSet::new(),
            peace: false,
            authored: 0,
            carried: [0; 2],
            delivered: 0,
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
        self.at(self.plan.trouble_us, What::Peace);
        self.at(0, What::Tick);
        // Everything was said twice over by then, even on the thinnest wire.
        let deadline = self.plan.trouble_us + 400_000_000;
        while let Some(Reverse((at, number))) = self.events.pop() {
            self.now = at;
            let what = self.whats.remove(&number).expect("each event has its what");
            self.happen(what);
            if self.peace && self.authored == self.plan.commits && self.converged() {
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
                            session.tick(now, world, shared)
                        });
                        if fault.is_some_and(|result| result.is_err()) {
                            self.cut(wire);
                        }
                    }
                }
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
            What::Peace => {
                self.peace = true;
                for wire in 0..self.lines.len() {
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
    fn with<T>(
        &mut self,
        node: usize,
        wire: usize,
        call: impl FnOnce(&mut Session, &dyn World, &mut Shared, u64, i64) -> T,
    ) -> Option<T> {
        let wall_ms = self.wall_ms(node);
        let ends = self.plan.wires[wire].ends;
        let peer = if ends[0] == node { ends[1] } else { ends[0] };
        let peer_entitled = self.nodes[peer].disk.entitled.clone();
        let now = self.now;
        let Node { disk, sessions, shared, .. } = &mut self.nodes[node];
        let session = sessions.get_mut(&wire)?;
        let door = Door { disk, peer_entitled: &peer_entitled };
        Some(call(session, &door, shared, now, wall_ms))
    }

    fn pump_node(&mut self, node: usize) {
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
            let Wire { bytes_per_second, latency_us, buffer_bytes, .. } = self.plan.wires[wire];
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
                    _ => continue,
                }
            }
            self.at(delay, What::Arrive { wire, end: 1 - end, session, frame: Box::new(frame) });
        }
    }

    fn arrive(&mut self, wire: usize, end: usize, frame: LinkFrame) {
        let node = self.plan.wires[wire].ends[end];
        self.check_entitled(node, &frame);
        let events = self.with(node, wire, |session, world, shared, now, wall_ms| {
            session.receive(frame, now, wall_ms, world, shared)
        });
        match events {
            None => {}
            Some(Err(fault)) => {
                assert!(
                    self.plan.mangles,
                    "honest peers on a sound wire find no fault: {fault:?} at {}",
                    self.now
                );
                self.cut(wire);
            }
            Some(Ok(events)) => {
                for event in events {
                    match event {
                        Event::Delivery(delivery) => {
                            let life = self.nodes[node].life;
                            let session = self.lines[wire].session;
                            let delivery = Box::new(delivery);
                            let delay = 200 + self.random.below(5_000);
                            self.at(delay, What::Durable { wire, end, session, life, delivery });
                        }
                        Event::Fork { feed, .. } => panic!("a fork where there is none: {feed:?}"),
                        _ => {}
                    }
                }
                self.pump(wire, end);
            }
        }
    }

    /// Nothing of a scope travels towards somebody who is not entitled to it.
    fn check_entitled(&self, node: usize, frame: &LinkFrame) {
        let entitled = &self.nodes[node].disk.entitled;
        let fine = match &frame.kind {
            Some(Kind::Part(part)) => part.begin.as_ref().is_none_or(|begin| {
                let scope = NewScope {
                    incident: begin.incident.clone(),
                    mode: begin.mode(),
                    audience: begin.audience.clone(),
                };
                entitled.contains(&id_of(&scope))
            }),
            Some(Kind::Heads(heads)) => {
                Id::from_slice(&heads.scope).is_some_and(|scope| entitled.contains(&scope))
            }
            Some(Kind::Scopes(scopes)) => scopes.scopes.iter().all(|named| {
                let scope = NewScope {
                    incident: named.incident.clone(),
                    mode: named.mode(),
                    audience: named.audience.clone(),
                };
                entitled.contains(&id_of(&scope))
            }),
            _ => true,
        };
        assert!(fine, "something of a scope left towards a node that is not entitled: {frame:?}");
    }

    fn durable(&mut self, wire: usize, end: usize, session: u32, delivery: &Delivery) {
        let node = self.plan.wires[wire].ends[end];
        let id = delivery.feed.id();
        let disk = &self.nodes[node].disk;
        let before = disk.end(id);
        let previous = Door { disk, peer_entitled: &disk.entitled }.hash_at(id, delivery.after);
        let stored = match delivery.verify(previous.as_slice()) {
            Err(Unsound::Gap) => Stored::Gap(before),
            Err(unsound) => {
                assert!(self.plan.mangles, "honest peers send sound records: {unsound}");
                if self.lines[wire].session == session {
                    self.cut(wire);
                }
                return;
            }
            Ok(_) => {
                let envelopes = unpack(&delivery.packed).expect("it was unpacked before");
                let disk = &mut self.nodes[node].disk;
                disk.scopes.insert(delivery.feed.scope, delivery.scope.clone());
                disk.keys.insert(delivery.feed.origin, delivery.origin_key);
                let (_, records) =
                    disk.feeds.entry(id).or_insert_with(|| (delivery.feed, Vec::new()));
                let held = records.len() as u64 - delivery.after;
                for envelope in envelopes.into_iter().skip(held as usize) {
                    let hash = record_hash(&envelope.header);
                    records.push((envelope, hash));
                    self.delivered += 1;
                }
                Stored::Held(disk.end(id))
            }
        };
        if let Stored::Held(head) = stored
            && head.sequence > before.sequence
        {
            self.committed(node, delivery.feed, &delivery.scope, before.sequence, head);
        }
        if self.lines[wire].session == session {
            let bytes = delivery.bytes();
            self.with(node, wire, |session, _, _, now, _| {
                session.stored(delivery.feed, bytes, stored, now)
            });
        }
        self.pump_node(node);
    }

    pub(crate) fn committed(
        &mut self,
        node: usize,
        feed: FeedName,
        scope: &NewScope,
        before: u64,
        head: Head,
    ) {
        for wire in self.nodes[node].sessions.keys().copied().collect::<Vec<_>>() {
            self.with(node, wire, |session, world, _, _, _| {
                session.committed(feed, scope, before, head, world);
            });
        }
    }
}
