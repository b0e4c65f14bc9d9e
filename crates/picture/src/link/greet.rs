//! Who is on the other side.

use bytes::Bytes;
use ed25519_dalek::VerifyingKey;
use polder_wire::v1::{Lane, LinkHello, LinkProof, link_frame::Kind};

use super::{
    Event, Fault, LANES, Peer, VERSION, World,
    flow::{CREDIT_START, Credit},
    session::{Phase, Session, frame},
};
use crate::record::{key_id, verify_bytes};

const SIGNED: &[u8] = b"polder link v1\n";
const NAME_BYTES_MAX: usize = 200;
/// A hello lists so many incidents at most.
const INCIDENTS_MAX: usize = 10_000;

impl Session {
    pub(super) fn greet(&mut self, wall_ms: i64) {
        let hello = LinkHello {
            version_min: VERSION,
            version_max: VERSION,
            public_key: Bytes::copy_from_slice(self.local.signer.public().as_bytes()),
            display_name: self.local.display_name.clone(),
            party: self.local.party.clone(),
            store_id: Bytes::copy_from_slice(&self.local.store_id),
            nonce: Bytes::copy_from_slice(&self.nonce),
            time_ms: wall_ms,
            credit_bytes: CREDIT_START,
            lanes: self.local.lanes.iter().map(|lane| i32::from(*lane)).collect(),
            incidents: self.local.incidents.clone(),
            checkpoints: false,
            fills: true,
            checkpoints_first: self.local.checkpoints,
        };
        self.say(frame(Kind::Hello(hello)));
    }

    pub(super) fn on_hello(&mut self, hello: LinkHello, wall_ms: i64) -> Result<(), Fault> {
        if self.phase != Phase::Hello {
            return Err(Fault::new("HELLO_TWICE", "the peer said hello a second time"));
        }
        if hello.version_min > VERSION || hello.version_max < VERSION {
            let sentence = format!(
                "the peer speaks versions {} to {} of the link protocol, this node speaks {VERSION}",
                hello.version_min, hello.version_max
            );
            return Err(Fault::new("PROTOCOL_UNKNOWN", sentence));
        }
        let malformed = || Fault::new("HELLO_MALFORMED", "the hello of the peer is malformed");
        let key: [u8; 32] = hello.public_key[..].try_into().map_err(|_| malformed())?;
        let public = VerifyingKey::from_bytes(&key).map_err(|_| malformed())?;
        let nonce: [u8; 16] = hello.nonce[..].try_into().map_err(|_| malformed())?;
        let store_id = hello.store_id[..].try_into().map_err(|_| malformed())?;
        let long = hello.incidents.iter().any(|incident| incident.len() > NAME_BYTES_MAX);
        let long = long || hello.display_name.len().max(hello.party.len()) > NAME_BYTES_MAX;
        if long || hello.incidents.len() > INCIDENTS_MAX {
            return Err(malformed());
        }
        let node = key_id(&public);
        if node == self.local.signer.id() {
            return Err(Fault::new("LEADS_TO_SELF", "the address leads back to this very node"));
        }
        if let Some(expected) = self.local.expected.filter(|expected| *expected != node) {
            let sentence = format!("node {node} answers where node {expected} was expected");
            return Err(Fault::new("OTHER_NODE", sentence));
        }
        let theirs: Vec<_> =
            hello.lanes.iter().filter_map(|lane| Lane::try_from(*lane).ok()).collect();
        if !theirs.is_empty() {
            self.lanes.retain(|lane| theirs.contains(lane));
        }
        self.lanes.retain(|lane| LANES.contains(lane));
        self.credit = Credit::new(hello.credit_bytes);
        self.leaps.allowed = hello.checkpoints || hello.checkpoints_first;
        self.fills.given = hello.fills;
        let signature = self.local.signer.sign_bytes(
            SIGNED,
            &proven(&nonce, &self.nonce, &key, self.local.signer.public().as_bytes()),
        );
        let signature = Bytes::copy_from_slice(&signature);
        self.say(frame(Kind::Proof(LinkProof { signature })));
        let peer = Peer {
            node,
            display_name: hello.display_name,
            party: hello.party,
            incidents: hello.incidents,
            store_id,
            clock_offset_ms: hello.time_ms.saturating_sub(wall_ms),
        };
        self.phase = Phase::Proof { key, peer };
        self.peer_nonce = nonce;
        Ok(())
    }

    pub(super) fn on_proof(
        &mut self,
        proof: &LinkProof,
        now_us: u64,
        world: &dyn World,
    ) -> Result<Vec<Event>, Fault> {
        let Phase::Proof { key, peer } = &self.phase else {
            return Err(Fault::new("PROOF_UNASKED", "the peer proved itself out of turn"));
        };
        let own = self.local.signer.public();
        let proven = proven(&self.nonce, &self.peer_nonce, own.as_bytes(), key);
        let public = VerifyingKey::from_bytes(key);
        if !public.is_ok_and(|key| verify_bytes(&key, SIGNED, &proven, &proof.signature)) {
            let sentence = "the peer does not have the key of the node that it says it is";
            return Err(Fault::new("PROOF_WRONG", sentence));
        }
        self.peer = Some(peer.clone());
        Ok(self.opened(now_us, world))
    }
}

/// What is signed: the nonce of the side that checks, and the keys of both, so that a proof is
/// good for one session between these two and no other.
fn proven(checker: &[u8; 16], prover: &[u8; 16], to: &[u8; 32], from: &[u8; 32]) -> Vec<u8> {
    [&checker[..], prover, to, from].concat()
}
