//! Wires that come up and break, and nodes that live and crash.

use bytes::Bytes;
use polder_picture::{
    link::{Local, Session, Shared, tips},
    record::Id,
};
use polder_wire::v1::TipStatement;

use crate::sim::{Sim, What};

/// How often nodes say that they live.
const TIP_EVERY_US: u64 = 15_000_000;

impl Sim<'_> {
    /// Signs of life, when it is time for them.
    pub(crate) fn live(&mut self) {
        if !self.plan.tips || !self.now.is_multiple_of(TIP_EVERY_US) {
            return;
        }
        for at in 0..self.nodes.len() {
            let wall_ms = self.wall_ms(at);
            let node = &mut self.nodes[at];
            let statement = TipStatement {
                public_key: Bytes::copy_from_slice(node.signer.public().as_bytes()),
                number: self.now + 1,
                ..Default::default()
            };
            let tip = tips::sign(&node.signer, &statement);
            if let Some(own) = node.shared.tips.note(&tip, None, wall_ms) {
                self.tipped(at, own);
            }
        }
    }

    /// All sessions of a node hear of a newer tip.
    pub(crate) fn tipped(&mut self, at: usize, of: Id) {
        self.nodes[at].sessions.values_mut().for_each(|session| session.tipped(of));
    }

    pub(crate) fn connect(&mut self, wire: usize) {
        if self.lines[wire].up {
            return;
        }
        let line = &mut self.lines[wire];
        line.up = true;
        line.session += 1;
        line.busy_until = [self.now; 2];
        line.waiting = [false; 2];
        for end in 0..2 {
            let at = self.plan.wires[wire].ends[end];
            let nonce = self.random.id();
            let wall_ms = self.wall_ms(at);
            let node = &mut self.nodes[at];
            let local = Local {
                signer: node.signer.clone(),
                display_name: format!("node {at}"),
                party: "region".into(),
                store_id: node.store_id,
                link: wire as u32,
                cost: self.plan.wires[wire].cost,
                lanes: self.plan.wires[wire].lanes.clone(),
                expected: None,
                incidents: Vec::new(),
                checkpoints: self.plan.leaps(at),
            };
            let bookmark = node.bookmarks.get(&wire).cloned().unwrap_or_default();
            let session = Session::new(local, nonce, bookmark, self.now, wall_ms);
            node.sessions.insert(wire, session);
        }
        self.pump(wire, 0);
        self.pump(wire, 1);
    }

    pub(crate) fn cut(&mut self, wire: usize) {
        self.lines[wire].up = false;
        self.lines[wire].session += 1;
        for end in self.plan.wires[wire].ends {
            let node = &mut self.nodes[end];
            if let Some(session) = node.sessions.remove(&wire) {
                node.bookmarks.insert(wire, session.bookmark());
            }
            node.shared.wants.release_all(wire as u32);
        }
        if self.peace {
            // With the patience of a dialler whose sessions keep ending.
            self.at(5_000_000, What::Toggle { wire });
        }
    }

    pub(crate) fn crash(&mut self, node: usize) {
        for wire in 0..self.lines.len() {
            if self.plan.wires[wire].ends.contains(&node) && self.lines[wire].up {
                self.cut(wire);
            }
        }
        let node = &mut self.nodes[node];
        node.life += 1;
        node.shared = Shared::default();
        node.bookmarks.clear();
    }
}
