//! What nodes write during a run, and what must hold after it.

use std::collections::BTreeSet;

use bytes::Bytes;
use polder_picture::{
    link::{LANES, id_of},
    record::{Head, Id, NewHeader, Sealed, record_hash},
    suffix::FeedName,
};
use polder_wire::v1::{Envelope, Lane, RecordKind};

use crate::{plan::scope, sim::Sim};

impl Sim<'_> {
    /// A node commits a few records of its own, signed together.
    pub(crate) fn author(&mut self) {
        self.authored += 1;
        let at = self.random.below(self.nodes.len() as u64) as usize;
        let scopes: Vec<_> = self.plan.entitled[at].iter().copied().collect();
        let number = scopes[self.random.below(scopes.len() as u64) as usize];
        let lane = LANES[self.random.below(3) as usize];
        let count = 1 + self.random.below(4);
        let lengths = (0..count).map(|_| {
            let longest = if self.random.chance(10) { 20_000 } else { 500 };
            1 + self.random.below(longest) as usize
        });
        let lengths: Vec<_> = lengths.collect();
        self.write(at, number, lane, &lengths);
        self.pump_all();
    }

    /// A node commits records of these lengths; the last one, by feed and number.
    pub(crate) fn write(
        &mut self,
        at: usize,
        number: usize,
        lane: Lane,
        lengths: &[usize],
    ) -> (Id, u64) {
        let scope = scope(number);
        let wall_ms = self.wall_ms(at);
        let node = &mut self.nodes[at];
        let feed = FeedName::new(node.signer.id(), id_of(&scope), lane);
        let before = node.disk.end(feed.id());
        let mut head = before;
        let mut records = Vec::new();
        for (at, length) in lengths.iter().enumerate() {
            let payload: Vec<u8> = (0..*length).map(|_| self.random.next() as u8).collect();
            let sealed = Sealed::new(self.random.id(), payload.into());
            let header = NewHeader {
                origin: &feed.origin,
                scope: &feed.scope,
                lane,
                sequence: head.sequence + 1,
                previous: &head.hash,
                hlc: (wall_ms.max(0) as u64) << 16 | at as u64,
                clock_unsynchronised: false,
                kind: RecordKind::Put,
                entry: &self.random.id(),
                seen: &[],
                payload_hash: &sealed.hash,
                payload_length: sealed.payload.bytes.len() as u32,
                author: "",
            };
            let header = header.encode();
            head = Head { sequence: head.sequence + 1, hash: record_hash(&header) };
            let signature = if at + 1 == lengths.len() {
                Bytes::copy_from_slice(&node.signer.sign(&header))
            } else {
                Bytes::new()
            };
            self.acknowledged.insert((number, feed.id(), head.sequence, head.hash));
            let payload = Some(sealed.payload);
            records.push((Envelope { header, payload, signature }, head.hash));
        }
        node.disk.scopes.insert(feed.scope, scope.clone());
        node.disk.keys.insert(feed.origin, *node.signer.public().as_bytes());
        node.disk.feeds.entry(feed.id()).or_insert((feed, Vec::new())).1.extend(records);
        self.committed(at, feed, &scope, before.sequence, head);
        (feed.id(), head.sequence)
    }

    pub(crate) fn expected(&self, node: usize) -> BTreeSet<(Id, u64, [u8; 32])> {
        let entitled = &self.plan.entitled[node];
        let all = self.acknowledged.iter().filter(|(scope, ..)| entitled.contains(scope));
        all.map(|(_, feed, sequence, hash)| (*feed, *sequence, *hash)).collect()
    }

    pub(crate) fn held(&self, node: usize) -> BTreeSet<(Id, u64, [u8; 32])> {
        let feeds = self.nodes[node].disk.feeds.iter();
        let records = feeds.flat_map(|(feed, (_, records))| {
            records.iter().enumerate().map(|(at, (_, hash))| (*feed, at as u64 + 1, *hash))
        });
        records.collect()
    }

    pub(crate) fn converged(&self) -> bool {
        (0..self.nodes.len()).all(|node| {
            let held: usize = self.nodes[node].disk.feeds.values().map(|(_, r)| r.len()).sum();
            let entitled = &self.plan.entitled[node];
            let expected = self.acknowledged.iter().filter(|(s, ..)| entitled.contains(s)).count();
            held == expected
        })
    }

    pub(crate) fn check_the_end(&self) {
        for node in 0..self.nodes.len() {
            assert_eq!(self.held(node), self.expected(node), "node {node}");
        }
    }

    pub(crate) fn difference(&self) -> String {
        let nodes = (0..self.nodes.len()).map(|node| {
            let (held, expected) = (self.held(node), self.expected(node));
            format!("node {node} has {} of {}; ", held.len(), expected.len())
        });
        nodes.collect()
    }
}
