//! What reaches a node: frames, and deliveries that its disk has taken.

use polder_picture::{
    admit::NewScope,
    fill::Fill,
    jump::Jump,
    link::{
        Delivery, Event, FillRefused, Sound, Stored, Unsound, World as _, codec::unpack, id_of,
    },
    record::{Head, Id, decode, record_hash},
    suffix::FeedName,
};
use polder_wire::v1::{Envelope, LinkFrame, Mode, link_frame::Kind};

use crate::{
    disk::{Door, LEFT_OUT},
    sim::{Sim, What},
};

/// No honest node has more than this waiting in one session, whatever is done to it.
const CONTROL_MAX: usize = 1_000;
const BYTES_MAX: usize = 3 * (16 << 20) + (8 << 20);

impl Sim<'_> {
    pub(crate) fn is_hostile(&self, node: usize) -> bool {
        node >= self.plan.honest()
    }

    pub(crate) fn peer_of(&self, wire: usize, node: usize) -> usize {
        let [a, b] = self.plan.wires[wire].ends;
        if a == node { b } else { a }
    }

    pub(crate) fn arrive(&mut self, wire: usize, end: usize, frame: LinkFrame) {
        let node = self.plan.wires[wire].ends[end];
        let from_hostile = self.is_hostile(self.peer_of(wire, node));
        if self.is_hostile(node) {
            self.overhear(wire, &frame);
        }
        let events = self.with(node, wire, |session, world, shared, now, wall_ms| {
            let events = session.receive(frame, now, wall_ms, world, shared);
            (events, session.load())
        });
        let Some((events, load)) = events else { return };
        if !self.is_hostile(node) {
            assert!(load.control <= CONTROL_MAX, "{load:?}");
            assert!(load.bytes <= BYTES_MAX, "{load:?}");
            assert!(load.scopes <= self.plan.entitled[node].len(), "{load:?}");
        }
        let events = match events {
            Err(fault) if self.is_hostile(node) => {
                self.cut(wire);
                return drop(fault);
            }
            Err(fault) => {
                // What left before a right ended is refused after.
                let late = self.revoked > 0
                    && ["SCOPE_NOT_ALLOWED", "PART_MALFORMED"].contains(&fault.reason);
                assert!(
                    self.plan.mangles || from_hostile || late,
                    "honest peers on a sound wire find no fault: {fault:?} at {}",
                    self.now
                );
                *self.faults.entry(fault.reason).or_default() += usize::from(from_hostile);
                return self.cut(wire);
            }
            Ok(events) => events,
        };
        for event in events {
            match event {
                Event::Delivery(delivery) => {
                    let life = self.nodes[node].life;
                    let session = self.lines[wire].session;
                    let delay = 200 + self.random.below(5_000);
                    self.at(delay, What::Durable { wire, end, session, life, delivery });
                }
                Event::Fork { feed, .. } => assert!(
                    from_hostile || self.is_hostile(node),
                    "a fork where there is none: {feed:?}"
                ),
                Event::Tip(of) => self.tipped(node, of),
                _ => {}
            }
        }
        self.pump(wire, end);
    }

    /// Nothing of a scope leaves towards somebody who is not entitled to it at that moment: no
    /// record, no name, not even where a feed ends.
    pub(crate) fn check_entitled(&self, node: usize, frame: &LinkFrame) {
        let entitled = &self.entitled[node];
        let named = |incident: &String, mode: Mode, audience: &String| {
            let (incident, audience) = (incident.clone(), audience.clone());
            entitled.contains(&id_of(&NewScope { incident, mode, audience }))
        };
        let by_id = |id: &[u8]| Id::from_slice(id).is_some_and(|scope| entitled.contains(&scope));
        let fine = match &frame.kind {
            Some(Kind::Part(part)) => part
                .begin
                .as_ref()
                .is_none_or(|begin| named(&begin.incident, begin.mode(), &begin.audience)),
            Some(Kind::Heads(heads)) => by_id(&heads.scope),
            Some(Kind::Wants(wants)) => wants.wants.iter().all(|want| by_id(&want.scope)),
            Some(Kind::FillWant(want)) => by_id(&want.scope),
            Some(Kind::FillReady(ready)) => ready.feeds.iter().all(|ready| {
                let known = Id::from_slice(&ready.feed).and_then(|feed| self.written.get(&feed));
                known.is_none_or(|known| entitled.contains(&known.name.scope))
            }),
            Some(Kind::Held(held)) => held.feeds.iter().all(|held| {
                let known = Id::from_slice(&held.feed).and_then(|feed| self.written.get(&feed));
                known.is_none_or(|known| entitled.contains(&known.name.scope))
            }),
            Some(Kind::Scopes(scopes)) => scopes
                .scopes
                .iter()
                .all(|scope| named(&scope.incident, scope.mode(), &scope.audience)),
            Some(Kind::FilePart(part)) => part.data.is_empty() && part.size_bytes == 0,
            _ => true,
        };
        assert!(fine, "something of a scope left towards a node that is not entitled: {frame:?}");
    }

    pub(crate) fn durable(&mut self, wire: usize, end: usize, session: u32, delivery: &Delivery) {
        let node = self.plan.wires[wire].ends[end];
        let id = delivery.feed.id();
        if delivery.fill.is_some() {
            return self.fill(wire, end, session, delivery);
        }
        let disk = &self.nodes[node].disk;
        let before = disk.end(id);
        let previous = Door { disk, peer_entitled: &disk.entitled }.hash_at(id, delivery.after);
        let stored = match delivery.verify(previous.as_slice()) {
            // Nobody forks here, so a branch follows nothing that is held.
            _ if delivery.feed.branch.is_some() => Stored::Gap(before),
            Err(Unsound::Gap) => Stored::Gap(before),
            // The store asks once more before it takes anything.
            _ if !self.entitled[node].contains(&delivery.feed.scope) => Stored::Later,
            Err(unsound) => {
                let from_hostile = self.is_hostile(self.peer_of(wire, node));
                assert!(
                    self.plan.mangles || from_hostile || self.is_hostile(node),
                    "honest peers send sound records: {unsound}"
                );
                *self.faults.entry("RECORD_UNSOUND").or_default() += usize::from(from_hostile);
                if self.lines[wire].session == session {
                    self.cut(wire);
                }
                return;
            }
            Ok(Sound::Jump(jump)) => self.leap(node, delivery, &jump),
            Ok(Sound::Fill(_)) => unreachable!("only what was asked for is a fill"),
            Ok(Sound::Suffix(_)) => {
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
            self.check_written(id, before.sequence, node);
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

    /// As `Group::leap` does: only a feed of which nothing is held comes by a checkpoint.
    fn leap(&mut self, node: usize, delivery: &Delivery, jump: &Jump) -> Stored {
        assert!(self.plan.leaps(node) || self.is_hostile(node), "only who asked for it leaps");
        let id = delivery.feed.id();
        let disk = &mut self.nodes[node].disk;
        let held = disk.end(id);
        let (covered, end) = (jump.covered(), jump.head());
        if held.sequence > 0 && held.sequence < covered.sequence {
            return Stored::Gap(held);
        }
        let envelopes = unpack(&delivery.packed).expect("it was unpacked before");
        let (_, records) = disk.feeds.entry(id).or_insert_with(|| (delivery.feed, Vec::new()));
        if held.sequence == 0 {
            disk.scopes.insert(delivery.feed.scope, delivery.scope.clone());
            disk.keys.insert(delivery.feed.origin, delivery.origin_key);
            disk.leapt.insert(id, covered);
            disk.came.insert(id, covered);
            let nothing = || (Envelope::default(), LEFT_OUT);
            records.resize_with(covered.sequence as usize, nothing);
            if let Some(last) = records.last_mut() {
                last.1 = covered.hash;
            }
            self.leaps += 1;
        }
        for envelope in envelopes {
            let record = decode(&envelope).expect("it was verified");
            let at = record.header.sequence as usize;
            if at <= records.len() && held.sequence == 0 {
                records[at - 1] = (envelope, record.hash);
            } else if at == records.len() + 1 {
                records.push((envelope, record.hash));
            } else {
                continue;
            }
            self.delivered += 1;
        }
        assert!(held.sequence > 0 || records.len() as u64 == end.sequence);
        Stored::Held(disk.end(id))
    }

    /// What a checkpoint left out has come.
    fn fill(&mut self, wire: usize, end: usize, session: u32, delivery: &Delivery) {
        let node = self.plan.wires[wire].ends[end];
        let id = delivery.feed.id();
        let disk = &self.nodes[node].disk;
        let gaps = Door { disk, peer_entitled: &disk.entitled }.gaps();
        let needed = delivery.fill.is_some_and(|gap| gaps.contains(&gap));
        let taken = match delivery.verify(&[]) {
            _ if !needed => Ok(()),
            _ if !self.entitled[node].contains(&delivery.feed.scope) => Err(FillRefused::Later),
            Ok(Sound::Fill(fill)) => {
                self.take_fill(node, id, &fill);
                Ok(())
            }
            Ok(_) => unreachable!("a fill is a fill"),
            Err(unsound) => {
                let from_hostile = self.is_hostile(self.peer_of(wire, node));
                assert!(
                    self.plan.mangles || from_hostile || self.is_hostile(node),
                    "honest peers send what was left out: {unsound}"
                );
                *self.faults.entry("RECORD_UNSOUND").or_default() += usize::from(from_hostile);
                if self.lines[wire].session == session {
                    self.cut(wire);
                }
                return;
            }
        };
        if self.lines[wire].session == session {
            let bytes = delivery.bytes();
            self.with(node, wire, |session, world, shared, now, _| {
                session.fill_stored(id, bytes, taken, now, shared);
                session.ask_fill(now, world, shared);
            });
        }
        self.pump_node(node);
    }

    fn take_fill(&mut self, node: usize, id: Id, fill: &Fill) {
        let disk = &mut self.nodes[node].disk;
        let (name, records) = disk.feeds.get_mut(&id).expect("a feed with a gap is held");
        let name = *name;
        for (envelope, record) in fill.envelopes() {
            let at = record.header.sequence as usize - 1;
            let held = &mut records[at];
            if held.0.header.is_empty() {
                *held = (envelope.clone(), record.hash);
                self.delivered += 1;
            }
            assert_eq!(held.1, record.hash, "what the checkpoint keeps is what comes");
        }
        let edge = fill.after();
        if edge.sequence == 0 {
            disk.leapt.remove(&id);
            disk.edges.remove(&id);
        } else {
            records[edge.sequence as usize - 1].1 = edge.hash;
            disk.edges.insert(id, edge);
        }
        self.fills += 1;
        self.check_written(id, edge.sequence, node);
        for wire in self.nodes[node].sessions.keys().copied().collect::<Vec<_>>() {
            self.with(node, wire, |session, world, _, _, _| {
                session.filled(name, edge.sequence, world);
            });
        }
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
