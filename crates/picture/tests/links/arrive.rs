//! What reaches a node: frames, and deliveries that its disk has taken.

use polder_picture::{
    admit::NewScope,
    link::{Delivery, Event, Stored, Unsound, World as _, codec::unpack, id_of},
    record::{Head, Id, record_hash},
    suffix::FeedName,
};
use polder_wire::v1::{LinkFrame, Mode, link_frame::Kind};

use crate::{
    disk::Door,
    sim::{Sim, What},
};

/// No honest node has more than this waiting in one session, whatever is done to it.
const CONTROL_MAX: usize = 1_000;
const BYTES_MAX: usize = 3 * (16 << 20) + (8 << 20);

impl Sim<'_> {
    pub(crate) fn is_hostile(&self, node: usize) -> bool {
        node >= self.plan.honest()
    }

    fn peer_of(&self, wire: usize, node: usize) -> usize {
        let [a, b] = self.plan.wires[wire].ends;
        if a == node { b } else { a }
    }

    pub(crate) fn arrive(&mut self, wire: usize, end: usize, frame: LinkFrame) {
        let node = self.plan.wires[wire].ends[end];
        let from_hostile = self.is_hostile(self.peer_of(wire, node));
        if self.is_hostile(node) {
            self.overhear(wire, &frame);
        }
        if !from_hostile {
            self.check_entitled(node, &frame);
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
                assert!(
                    self.plan.mangles || from_hostile,
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
                    let delivery = Box::new(delivery);
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

    /// Nothing of a scope travels towards somebody who is not entitled to it: no record, no name,
    /// not even where a feed ends.
    fn check_entitled(&self, node: usize, frame: &LinkFrame) {
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
        let disk = &self.nodes[node].disk;
        let before = disk.end(id);
        let previous = Door { disk, peer_entitled: &disk.entitled }.hash_at(id, delivery.after);
        let stored = match delivery.verify(previous.as_slice()) {
            // Nobody forks here, so a branch follows nothing that is held.
            _ if delivery.feed.branch.is_some() => Stored::Gap(before),
            Err(Unsound::Gap) => Stored::Gap(before),
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
