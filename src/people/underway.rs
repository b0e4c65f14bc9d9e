//! People who are at an identity provider, on their way to sign in. What they must bring back is
//! kept in memory, for a time and up to a bound: a restart sends them to begin anew.

use std::{collections::HashMap, net::IpAddr, sync::Arc};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use parking_lot::Mutex;
use polder_picture::refusal::{Class, Refusal};
use sha2::{Digest as _, Sha256};

use super::{provider::Provider, unauthenticated};

/// How long somebody may take at the provider.
pub const LASTS_MS: i64 = 10 * 60_000;
/// What came too late is told apart for so long.
const KNOWN_MS: i64 = 60 * 60_000;
/// On their way at a time, and from one address.
const ALL_MAX: usize = 5_000;
const FROM_ONE_MAX: usize = 500;
/// Random bytes of what cannot be guessed.
const SECRET_BYTES: usize = 32;

/// Somebody who is on their way.
pub struct Underway {
    /// Where.
    pub provider: Arc<Provider>,
    /// Told to the provider, which puts it into its token.
    pub nonce: String,
    /// Told to the provider as a hash first, and as it is with the code (PKCE).
    pub verifier: String,
    /// Where the provider sends them back to.
    pub redirect: String,
    /// Of what only the browser has in which it began.
    secret: blake3::Hash,
    from: Option<IpAddr>,
    begin_ms: i64,
}

/// What goes along with somebody, besides what is kept.
#[derive(Debug)]
pub struct Ticket {
    /// For the provider, which sends it back.
    pub state: String,
    /// For the browser.
    pub secret: String,
    /// For the provider.
    pub nonce: String,
    /// For the provider: the hash of the verifier.
    pub challenge: String,
}

/// Everybody who is on their way.
#[derive(Default)]
pub struct Travellers {
    rows: Mutex<HashMap<String, Underway>>,
}

/// Text that cannot be guessed.
fn unguessable() -> String {
    URL_SAFE_NO_PAD.encode(rand::random::<[u8; SECRET_BYTES]>())
}

impl Travellers {
    /// Somebody leaves for a provider.
    pub fn leave(
        &self,
        provider: Arc<Provider>,
        redirect: String,
        from: Option<IpAddr>,
        now_ms: i64,
    ) -> Result<Ticket, Refusal> {
        let mut rows = self.rows.lock();
        rows.retain(|_, row| now_ms - row.begin_ms < KNOWN_MS);
        let neighbours = rows.values().filter(|row| row.from == from).count();
        if neighbours >= FROM_ONE_MAX {
            // Whoever floods the node pushes out their own, and nobody else's.
            let own = rows.iter().filter(|(_, row)| row.from == from);
            let oldest = own.min_by_key(|(_, row)| row.begin_ms).map(|(state, _)| state.clone());
            oldest.and_then(|state| rows.remove(&state));
        } else if rows.len() >= ALL_MAX {
            rows.retain(|_, row| now_ms - row.begin_ms < LASTS_MS);
        }
        if rows.len() >= ALL_MAX {
            let sentence = "too many people sign in at once: try again in a moment";
            return Err(Refusal::new(Class::ResourceExhausted, "SIGN_IN_BUSY", sentence));
        }
        let (nonce, verifier) = (unguessable(), unguessable());
        let hash = URL_SAFE_NO_PAD.encode(Sha256::digest(&verifier));
        let (state, secret) = (unguessable(), unguessable());
        let ticket = Ticket { state: state.clone(), secret, nonce: nonce.clone(), challenge: hash };
        let secret = blake3::hash(ticket.secret.as_bytes());
        let row = Underway { provider, nonce, verifier, redirect, secret, from, begin_ms: now_ms };
        rows.insert(state, row);
        Ok(ticket)
    }

    /// Somebody is back: once, in time, and in the browser in which they left.
    pub fn back(&self, state: &str, secret: &str, now_ms: i64) -> Result<Underway, Refusal> {
        let mut rows = self.rows.lock();
        // Who has the address without the secret takes nothing from who has both.
        let own = rows.get(state).is_some_and(|row| row.secret == blake3::hash(secret.as_bytes()));
        let Some(row) = own.then(|| rows.remove(state)).flatten() else {
            let sentence = "this was not begun in this browser, or was used already: sign in again";
            return Err(unauthenticated("SIGN_IN_STATE", sentence));
        };
        if now_ms - row.begin_ms >= LASTS_MS {
            let sentence = "it took more than ten minutes: sign in again";
            return Err(unauthenticated("SIGN_IN_EXPIRED", sentence));
        }
        Ok(row)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::people::PeopleConfig;

    fn provider() -> Arc<Provider> {
        let config = "[[provider]]\nissuer = \"https://x\"\naudience = \"polder\"";
        let config: PeopleConfig = toml::from_str(config).unwrap();
        Arc::new(Provider::open(config.provider[0].clone(), std::path::Path::new("/nowhere")))
    }

    fn reason(back: Result<Underway, Refusal>) -> Option<&'static str> {
        back.err().map(|refusal| refusal.reason)
    }

    #[test]
    fn who_is_back_counts_once_in_time_and_in_the_browser_that_left() {
        let (travellers, provider) = (Travellers::default(), provider());
        let leave = |ms| travellers.leave(Arc::clone(&provider), "https://n/".into(), None, ms);
        let ticket = leave(0).unwrap();
        let back = |state: &str, secret: &str, ms| travellers.back(state, secret, ms);
        assert_eq!(reason(back("guessed", &ticket.secret, 1)), Some("SIGN_IN_STATE"));
        assert_eq!(reason(back(&ticket.state, "guessed", 1)), Some("SIGN_IN_STATE"));
        let other = leave(0).unwrap();
        assert_eq!(reason(back(&ticket.state, &other.secret, 1)), Some("SIGN_IN_STATE"));
        let row = back(&ticket.state, &ticket.secret, LASTS_MS - 1).unwrap();
        assert_eq!(row.nonce, ticket.nonce);
        let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(&row.verifier));
        assert_eq!(challenge, ticket.challenge);
        assert_eq!(reason(back(&ticket.state, &ticket.secret, 2)), Some("SIGN_IN_STATE"), "twice");
        assert_eq!(reason(back(&other.state, &other.secret, LASTS_MS)), Some("SIGN_IN_EXPIRED"));
    }

    #[test]
    fn a_flood_pushes_out_its_own_and_nobody_elses() {
        let (travellers, provider) = (Travellers::default(), provider());
        let leave = |from: u8, ms| {
            let from = Some(IpAddr::from([10, 0, 0, from]));
            travellers.leave(Arc::clone(&provider), "https://n/".into(), from, ms)
        };
        let anna = leave(1, 0).unwrap();
        let first = leave(2, 0).unwrap();
        (1..=FROM_ONE_MAX as i64).for_each(|ms| drop(leave(2, ms).unwrap()));
        assert_eq!(travellers.rows.lock().len(), 1 + FROM_ONE_MAX);
        assert!(travellers.back(&anna.state, &anna.secret, 1_000).is_ok());
        assert!(travellers.back(&first.state, &first.secret, 1_000).is_err());
        for from in 3..14 {
            (0..FROM_ONE_MAX).for_each(|_| drop(leave(from, 2_000)));
        }
        assert_eq!(travellers.rows.lock().len(), ALL_MAX);
        assert_eq!(leave(1, 2_000).unwrap_err().reason, "SIGN_IN_BUSY");
        assert!(leave(1, 2_000 + LASTS_MS).is_ok(), "the others took too long");
    }
}
