//! What a person who signed in comes back with: name, end and generation, authenticated with a key
//! that only this node can derive. Nothing is kept of it, so it counts across a restart; an account
//! whose generation goes up ends all that were given before. Whom an identity provider knows needs
//! no account here: such a session names the provider instead, and ends by a note of when the
//! person signed out.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use polder_picture::record::Signer;
use serde::{Deserialize, Serialize};

/// With this every session begins, so that it is never taken for a token of an identity provider.
const PREFIX: &str = "polder-session.";
/// With this go on those that an identity provider stood for; `.` is in no other.
const PROVIDED: &str = "provider.";
const MAC: usize = 32;
const FIXED: usize = 8 + 8 + 8;

/// What a session says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// Name of the account.
    pub account: String,
    /// Generation of the account when it was given.
    pub generation: u64,
    /// When it was given, milliseconds since 1970.
    pub begin_ms: i64,
    /// When it ends.
    pub expire_ms: i64,
}

/// What a session says of somebody whom an identity provider knows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Provided {
    /// By which roles are given.
    pub name: String,
    /// For people.
    pub display_name: String,
    /// The provider.
    pub issuer: String,
    /// When it was given, milliseconds since 1970.
    pub begin_ms: i64,
    /// When it ends.
    pub expire_ms: i64,
}

/// Makes and reads sessions.
pub struct Sessions {
    key: [u8; 32],
    provided_key: [u8; 32],
}

impl std::fmt::Debug for Sessions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Sessions")
    }
}

impl Sessions {
    /// Sessions of a store. A restored node has another key, and so other sessions.
    pub fn new(store_id: &[u8], signer: &Signer) -> Self {
        let mut secret = signer.sign(b"session key").to_vec();
        secret.extend_from_slice(store_id);
        Self {
            key: blake3::derive_key("polder 2026 session", &secret),
            provided_key: blake3::derive_key("polder 2026 session by a provider", &secret),
        }
    }

    /// Writes one of somebody whom an identity provider knows.
    pub fn write_provided(&self, session: &Provided) -> String {
        let mut bytes = serde_json::to_vec(session).expect("text and numbers");
        let mac = blake3::keyed_hash(&self.provided_key, &bytes);
        bytes.extend_from_slice(mac.as_bytes());
        format!("{PREFIX}{PROVIDED}{}", URL_SAFE_NO_PAD.encode(bytes))
    }

    /// Reads one of somebody whom an identity provider knows; `None` when it is none.
    pub fn read_provided(&self, token: &str) -> Option<Provided> {
        let said = token.strip_prefix(PREFIX)?.strip_prefix(PROVIDED)?;
        serde_json::from_slice(&verified(&self.provided_key, said)?).ok()
    }

    /// Writes one.
    pub fn write(&self, session: &Session) -> String {
        let mut bytes = Vec::with_capacity(FIXED + session.account.len() + MAC);
        bytes.extend_from_slice(&session.generation.to_be_bytes());
        bytes.extend_from_slice(&session.begin_ms.to_be_bytes());
        bytes.extend_from_slice(&session.expire_ms.to_be_bytes());
        bytes.extend_from_slice(session.account.as_bytes());
        let mac = blake3::keyed_hash(&self.key, &bytes);
        bytes.extend_from_slice(mac.as_bytes());
        format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(bytes))
    }

    /// Whether a bearer token claims to be a session.
    pub fn is_session(token: &str) -> bool {
        token.starts_with(PREFIX)
    }

    /// Reads one; `None` when it is not of this node or was changed.
    pub fn read(&self, token: &str) -> Option<Session> {
        let said = verified(&self.key, token.strip_prefix(PREFIX)?)?;
        let (numbers, account) = said.split_at_checked(FIXED)?;
        let number = |at: usize| numbers[at..at + 8].try_into().map(u64::from_be_bytes).ok();
        Some(Session {
            account: String::from_utf8(account.to_vec()).ok()?,
            generation: number(0)?,
            begin_ms: number(8)? as i64,
            expire_ms: number(16)? as i64,
        })
    }
}

/// What was said, if its authentication holds.
fn verified(key: &[u8; 32], encoded: &str) -> Option<Vec<u8>> {
    let mut bytes = URL_SAFE_NO_PAD.decode(encoded).ok()?;
    let mac = bytes.split_off(bytes.len().checked_sub(MAC)?);
    // Hashes of this type compare in constant time.
    (blake3::keyed_hash(key, &bytes) == blake3::Hash::from_slice(&mac).ok()?).then_some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_cannot_be_forged_and_counts_at_its_own_node_only() {
        let sessions = Sessions::new(&[1; 16], &Signer::new(&[1; 32]));
        let session =
            Session { account: "anna".into(), generation: 3, begin_ms: 5, expire_ms: 1_000 };
        let token = sessions.write(&session);
        assert!(Sessions::is_session(&token));
        assert_eq!(sessions.read(&token), Some(session));
        for other in [Sessions::new(&[2; 16], &Signer::new(&[1; 32])), {
            Sessions::new(&[1; 16], &Signer::new(&[2; 32]))
        }] {
            assert_eq!(other.read(&token), None);
        }
        let bytes = URL_SAFE_NO_PAD.decode(&token[PREFIX.len()..]).unwrap();
        for at in 0..bytes.len() {
            let mut forged = bytes.clone();
            forged[at] ^= 1;
            let forged = format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(forged));
            assert_eq!(sessions.read(&forged), None, "byte {at}");
        }
        assert_eq!(sessions.read("polder-session."), None);
    }

    #[test]
    fn a_session_by_a_provider_cannot_be_forged_or_taken_for_one_of_an_account() {
        let sessions = Sessions::new(&[1; 16], &Signer::new(&[1; 32]));
        let session = Provided {
            name: "anna@example.nl".into(),
            display_name: "Anna".into(),
            issuer: "https://login.example.nl".into(),
            begin_ms: 5,
            expire_ms: 1_000,
        };
        let token = sessions.write_provided(&session);
        assert!(Sessions::is_session(&token));
        assert_eq!(sessions.read(&token), None);
        let said = token.strip_prefix("polder-session.provider.").unwrap();
        assert_eq!(sessions.read(&format!("{PREFIX}{said}")), None, "another key");
        let bytes = URL_SAFE_NO_PAD.decode(said).unwrap();
        for at in 0..bytes.len() {
            let mut forged = bytes.clone();
            forged[at] ^= 1;
            let forged = format!("{PREFIX}{PROVIDED}{}", URL_SAFE_NO_PAD.encode(forged));
            assert_eq!(sessions.read_provided(&forged), None, "byte {at}");
        }
        assert_eq!(sessions.read_provided(&token), Some(session));
        let elsewhere = Sessions::new(&[2; 16], &Signer::new(&[1; 32]));
        assert_eq!(elsewhere.read_provided(&token), None);
    }
}
