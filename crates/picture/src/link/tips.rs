//! Signs of life. A node says now and then that it lives, signed, and links pass it on; so no news
//! differs from cut off, also for a node that is reached through others.

use std::collections::BTreeMap;

use bytes::Bytes;
use ed25519_dalek::VerifyingKey;
use polder_wire::v1::{Tip, TipStatement};
use prost::Message as _;

use super::{
    Event,
    session::{Session, Shared},
};
use crate::record::{Id, Signer, key_id};

/// So many nodes are remembered.
const NODES_MAX: usize = 10_000;
/// Names are for people.
const NAME_BYTES_MAX: usize = 200;
/// A statement with the longest names takes half of this. Tips are passed on whole, over lines
/// that grant no more than 2 kB at a time.
const STATEMENT_BYTES_MAX: usize = 1_000;
const SIGNED: &[u8] = b"polder tip v1\n";

/// The last sign of life of a node.
#[derive(Debug, Clone)]
pub struct Heard {
    /// What it said.
    pub statement: TipStatement,
    /// As it is passed on.
    pub tip: Tip,
    /// When it came here, on the wall clock, milliseconds since 1970.
    pub received_ms: i64,
    /// The neighbour that it came through; `None` for our own.
    pub through: Option<Id>,
}

/// The newest tip of each node.
#[derive(Debug, Default)]
pub struct Tips {
    nodes: BTreeMap<Id, Heard>,
}

/// Signs a tip.
pub fn sign(signer: &Signer, statement: &TipStatement) -> Tip {
    let statement = statement.encode_to_vec();
    let signature = signer.sign_bytes(SIGNED, &statement);
    Tip { statement: statement.into(), signature: Bytes::copy_from_slice(&signature) }
}

impl Tips {
    /// All nodes that were ever heard of.
    pub fn nodes(&self) -> &BTreeMap<Id, Heard> {
        &self.nodes
    }

    /// Takes note of a tip. `None`: it is not newer than what is known, or does not hold.
    pub fn note(&mut self, tip: &Tip, through: Option<Id>, received_ms: i64) -> Option<Id> {
        // A longer one can only hold what this program does not know, and would end the sessions
        // of all who pass it on, for want of credit.
        if tip.statement.len() > STATEMENT_BYTES_MAX {
            return None;
        }
        let statement = TipStatement::decode(tip.statement.clone()).ok()?;
        let key: [u8; 32] = statement.public_key[..].try_into().ok()?;
        let key = VerifyingKey::from_bytes(&key).ok()?;
        let node = key_id(&key);
        let known = self.nodes.get(&node);
        let newer = known.is_none_or(|known| statement.number > known.statement.number);
        let fits = known.is_some() || self.nodes.len() < NODES_MAX;
        let named = statement.display_name.len().max(statement.party.len()) <= NAME_BYTES_MAX;
        if !newer || !fits || !named {
            return None;
        }
        if !crate::record::verify_bytes(&key, SIGNED, &tip.statement, &tip.signature) {
            return None;
        }
        self.nodes.insert(node, Heard { statement, tip: tip.clone(), received_ms, through });
        Some(node)
    }
}

impl Session {
    pub(super) fn on_tips(
        &mut self,
        tips: &[Tip],
        wall_ms: i64,
        shared: &mut Shared,
    ) -> Vec<Event> {
        let through = self.peer.as_ref().map(|peer| peer.node);
        let own = self.local.signer.id();
        let mut events = Vec::new();
        for tip in tips.iter().take(1_000) {
            match shared.tips.note(tip, through, wall_ms) {
                Some(node) if node != own => events.push(Event::Tip(node)),
                _ => {}
            }
        }
        events
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_tip_of_a_node_counts_and_only_its_own_key_can_write_it() {
        let (signer, other) = (Signer::new(&[1; 32]), Signer::new(&[2; 32]));
        let tip = |number, by: &Signer| {
            let public_key = Bytes::copy_from_slice(signer.public().as_bytes());
            sign(by, &TipStatement { public_key, number, ..Default::default() })
        };
        let mut tips = Tips::default();
        assert_eq!(tips.note(&tip(2, &signer), None, 0), Some(signer.id()));
        assert_eq!(tips.note(&tip(1, &signer), None, 0), None);
        assert_eq!(tips.note(&tip(3, &other), None, 0), None);
        assert_eq!(tips.nodes()[&signer.id()].statement.number, 2);
        // A field that nobody knows, number 15, of any length.
        let mut fat = tip(4, &signer).statement.to_vec();
        fat.extend([0x7a, 0xd0, 0x0f]);
        fat.extend([0; 2_000]);
        let signature = Bytes::copy_from_slice(&signer.sign_bytes(SIGNED, &fat));
        assert_eq!(tips.note(&Tip { statement: fat.into(), signature }, None, 0), None);
    }
}
