//! Invitations that are open, and tries to answer them. Only in memory: what is forgotten is
//! refused. A try costs one of five; a wrong code, a used one and one that never was all look the
//! same to whoever tries.

use std::{
    collections::{HashMap, VecDeque},
    time::{Duration, Instant},
};

use ed25519_dalek::VerifyingKey;
use parking_lot::Mutex;
use polder_picture::{
    record::Id,
    refusal::{Class, Refusal},
};
use tokio::sync::mpsc;

use super::{Code, GUEST, HOST, SharedKey, host_half};

/// Tries at one invitation.
pub const ATTEMPTS_MAX: u32 = 5;
/// Shortest and longest time that a code holds.
pub const VALID_MIN: Duration = Duration::from_secs(1);
/// See above.
pub const VALID_MAX: Duration = Duration::from_secs(24 * 3600);
/// Invitations at a time: one for each first character.
const OPEN_MAX: usize = 32;
/// Tries under way; the oldest makes room.
const UNDER_WAY_MAX: usize = 64;
/// How long a try may take.
const ATTEMPT: Duration = Duration::from_secs(60);

/// What the host of an invitation is told.
#[derive(Debug)]
pub enum Told {
    /// Somebody knew the code.
    Guest(Box<Guest>),
    /// Too many did not.
    Locked,
}

/// A node that proved the code and its key.
#[derive(Debug, Clone)]
pub struct Guest {
    /// Its key.
    pub public_key: VerifyingKey,
    /// Name that its operator gave it.
    pub display_name: String,
}

struct Invitation {
    number: u64,
    code: Code,
    party: String,
    until: Instant,
    attempts: u32,
    host: mpsc::Sender<Told>,
}

struct Attempt {
    id: [u8; 16],
    number: u64,
    key: Option<SharedKey>,
    until: Instant,
}

/// All that are open at this node.
#[derive(Default)]
pub struct Invitations {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    last: u64,
    open: HashMap<u8, Invitation>,
    attempts: VecDeque<Attempt>,
}

/// An invitation, for as long as its host keeps this.
pub struct Invited<'a> {
    invitations: &'a Invitations,
    number: u64,
    /// To read out.
    pub code: Code,
    /// What becomes of it.
    pub told: mpsc::Receiver<Told>,
}

impl Drop for Invited<'_> {
    fn drop(&mut self) {
        self.invitations.state.lock().open.retain(|_, open| open.number != self.number);
    }
}

impl std::fmt::Debug for Invitations {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Invitations").field("open", &self.state.lock().open.len()).finish()
    }
}

fn refused() -> Refusal {
    let sentence = "the code is wrong, was used, or no longer holds: ask for a new one";
    Refusal::new(Class::FailedPrecondition, "CODE_REFUSED", sentence)
}

impl Invitations {
    /// Opens one for a party, without `parties/`.
    pub fn open(&self, party: &str, valid: Duration) -> Result<Invited<'_>, Refusal> {
        let mut state = self.state.lock();
        let now = Instant::now();
        state.open.retain(|_, open| open.until > now);
        let free: Vec<u8> =
            (0..OPEN_MAX as u8).filter(|slot| !state.open.contains_key(slot)).collect();
        if free.is_empty() {
            let sentence = format!("{OPEN_MAX} invitations are open already");
            return Err(Refusal::new(Class::ResourceExhausted, "TOO_MANY", sentence));
        }
        let slot = free[rand::random_range(0..free.len())];
        let code = Code::new(slot, rand::random());
        let (host, told) = mpsc::channel(1);
        state.last += 1;
        let number = state.last;
        let invitation = Invitation {
            number,
            code: code.clone(),
            party: party.to_owned(),
            until: now + valid,
            attempts: 0,
            host,
        };
        state.open.insert(slot, invitation);
        Ok(Invited { invitations: self, number, code, told })
    }

    /// Answers the first half of a try. `host`: key id of this node.
    pub fn begin(&self, slot: &str, message: &[u8], host: Id) -> ([u8; 16], Vec<u8>) {
        let now = Instant::now();
        let found = {
            let mut state = self.state.lock();
            let open = Code::slot_of(slot).and_then(|slot| state.open.get_mut(&slot));
            let open = open.filter(|open| open.until > now && open.attempts < ATTEMPTS_MAX);
            open.map(|open| {
                open.attempts += 1;
                (open.number, open.code.clone())
            })
        };
        // For none that is open the same is done with a code that nobody knows.
        let (number, code) = found.unwrap_or_else(|| (0, Code::new(0, rand::random())));
        let (half, answer) = host_half(code.secret(), host);
        let attempt = Attempt {
            id: rand::random(),
            number,
            key: SharedKey::of(half, message),
            until: now + ATTEMPT,
        };
        let id = attempt.id;
        let mut state = self.state.lock();
        if state.attempts.len() >= UNDER_WAY_MAX {
            state.attempts.pop_front();
        }
        state.attempts.push_back(attempt);
        (id, answer)
    }

    /// Judges the second half. The guest is told to the host; what comes back proves the host.
    pub fn finish(
        &self,
        request: &polder_wire::v1::FinishJoinRequest,
    ) -> Result<([u8; 32], Guest), Refusal> {
        let now = Instant::now();
        let mut state = self.state.lock();
        state.attempts.retain(|attempt| attempt.until > now);
        let at = state.attempts.iter().position(|one| one.id[..] == request.attempt[..]);
        let attempt = at.and_then(|at| state.attempts.remove(at)).ok_or_else(refused)?;
        let key = attempt.key.filter(|key| key.confirms(GUEST, &request.confirmation));
        let open = state.open.iter().find(|(_, open)| open.number == attempt.number);
        let slot = open.filter(|(_, open)| open.until > now).map(|(slot, _)| *slot);
        let (Some(key), Some(slot)) = (key, slot) else {
            state.lock_out(attempt.number);
            return Err(refused());
        };
        let public: Result<[u8; 32], _> = request.public_key[..].try_into();
        let public = public.ok().and_then(|bytes| VerifyingKey::from_bytes(&bytes).ok());
        let (name, party) = (&request.display_name, &request.party);
        let signed = |public: &VerifyingKey| key.is_signed(public, name, party, &request.signature);
        let public_key = public.filter(signed).ok_or_else(|| {
            let sentence = "is not a signature of the node's key";
            Refusal::field("signature", "SIGNATURE_WRONG", sentence)
        })?;
        if party.trim_start_matches("parties/") != state.open[&slot].party {
            let sentence = format!(
                "the invitation is for {}, and this node is of {}",
                state.open[&slot].party,
                party.trim_start_matches("parties/")
            );
            return Err(Refusal::new(Class::FailedPrecondition, "INVITATION_PARTY", sentence));
        }
        // From here on it is used, whatever becomes of the certificate.
        let invitation = state.open.remove(&slot).ok_or_else(refused)?;
        let guest = Guest { public_key, display_name: name.clone() };
        invitation.host.try_send(Told::Guest(Box::new(guest.clone()))).map_err(|_| refused())?;
        Ok((key.confirmation(HOST), guest))
    }
}

impl State {
    /// Ends an invitation that has no tries left, once none is under way.
    fn lock_out(&mut self, number: u64) {
        let spent = |open: &Invitation| open.number == number && open.attempts >= ATTEMPTS_MAX;
        if number == 0 || self.attempts.iter().any(|attempt| attempt.number == number) {
            return;
        }
        self.open.retain(|_, open| {
            let gone = spent(open);
            if gone {
                let _ = open.host.try_send(Told::Locked);
            }
            !gone
        });
    }
}
