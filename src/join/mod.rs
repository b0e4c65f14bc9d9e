//! Taking a node into the charter with a code that one person reads to another.
//!
//! ```text
//! polder invite                 the node that invites           polder join
//! (holds a person's key)
//!    Invite ------------------> code.rs, invitations.rs
//!    <----------------- code                      code by voice
//!                               <------------------ BeginJoin   enrol.rs, by TLS to whoever answers
//!                               <------------------ FinishJoin  both have proved the code
//!    <---------------- guest
//!    AddStatements -----------> the certificate counts
//!                               charter ------------------->    becomes its own
//! ```
//!
//! No node ever has a key that can certify: the command that waits has it, and the code dies with
//! that command. Both sides run SPAKE2 over the code, with the key that the host proved in TLS as
//! its name, so a code that is right pins the host's key, and who sits between learns nothing.

mod code;
mod enrol;
mod invitations;

use ed25519_dalek::VerifyingKey;
use polder_picture::record::{Id, Signer, verify_bytes};
use spake2::{Ed25519Group, Identity, Password, Spake2};

pub(crate) use self::enrol::id_of;
pub use self::{
    code::Code,
    enrol::{EnrolError, Enrolled, enrol},
    invitations::{ATTEMPTS_MAX, Guest, Invitations, Invited, Told, VALID_MAX, VALID_MIN},
};

const SIGNED: &[u8] = b"polder join v1\n";

/// One side of SPAKE2 that waits for the other.
type Half = Spake2<Ed25519Group>;

fn names(host: Id) -> (Identity, Identity) {
    (Identity::new(b"polder guest"), Identity::new(&[b"polder host ", &host.0[..]].concat()))
}

fn guest_half(code: &Code, host: Id) -> (Half, Vec<u8>) {
    let (guest, host) = names(host);
    Half::start_a(&Password::new(code.secret()), &guest, &host)
}

fn host_half(secret: &[u8], host: Id) -> (Half, Vec<u8>) {
    let (guest, host) = names(host);
    Half::start_b(&Password::new(secret), &guest, &host)
}

/// What both sides share when both knew the code.
struct SharedKey([u8; 32]);

impl SharedKey {
    /// `None` when the other half is malformed.
    fn of(half: Half, other: &[u8]) -> Option<Self> {
        Some(Self(blake3::derive_key("polder 2026 join", &half.finish(other).ok()?)))
    }

    /// Compared in constant time, as hashes of `blake3` are.
    fn confirms(&self, side: &[u8], confirmation: &[u8]) -> bool {
        let given: Result<[u8; 32], _> = confirmation.try_into();
        given.is_ok_and(|given| blake3::keyed_hash(&self.0, side) == blake3::Hash::from(given))
    }

    fn confirmation(&self, side: &[u8]) -> [u8; 32] {
        *blake3::keyed_hash(&self.0, side).as_bytes()
    }

    fn guest_hash(&self, key: &VerifyingKey, name: &str, party: &str) -> [u8; 32] {
        let mut hasher = blake3::Hasher::new_keyed(&self.0);
        for part in [&key.as_bytes()[..], name.as_bytes(), party.as_bytes()] {
            hasher.update(&(part.len() as u64).to_le_bytes());
            hasher.update(part);
        }
        *hasher.finalize().as_bytes()
    }

    fn sign(&self, signer: &Signer, name: &str, party: &str) -> [u8; 64] {
        signer.sign_bytes(SIGNED, &self.guest_hash(&signer.public(), name, party))
    }

    fn is_signed(&self, key: &VerifyingKey, name: &str, party: &str, signature: &[u8]) -> bool {
        verify_bytes(key, SIGNED, &self.guest_hash(key, name, party), signature)
    }
}

const GUEST: &[u8] = b"guest";
const HOST: &[u8] = b"host";
