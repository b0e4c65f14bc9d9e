//! Passphrases: hashed with Argon2id, a few at a time, because each takes 19 MiB and some tens of
//! milliseconds of a core that a crisis needs for other things.

use argon2::{Argon2, PasswordHasher as _, PasswordVerifier as _};
use polder_picture::refusal::{Class, Refusal};
use tokio::sync::Semaphore;

/// Hashes that are computed at once.
const AT_ONCE: usize = 2;
/// Callers that may wait for their turn.
const WAITING_MAX: usize = 64;
/// A passphrase has so many bytes.
pub const BYTES: std::ops::RangeInclusive<usize> = 12..=1_000;

/// The bench at which passphrases are hashed.
#[derive(Debug)]
pub struct Passphrases {
    turns: Semaphore,
    room: Semaphore,
    /// Hash of nothing that anybody types: an unknown name takes as long as a known one.
    decoy: String,
}

fn busy() -> Refusal {
    let sentence = "too many people sign in at once: try again in a moment";
    Refusal::new(Class::ResourceExhausted, "SIGN_IN_BUSY", sentence)
}

impl Default for Passphrases {
    fn default() -> Self {
        let decoy: [u8; 32] = rand::random();
        let decoy = hash(&decoy).expect("the usual parameters are sound");
        Self { turns: Semaphore::new(AT_ONCE), room: Semaphore::new(WAITING_MAX), decoy }
    }
}

fn hash(passphrase: &[u8]) -> Result<String, argon2::password_hash::Error> {
    // OWASP's first choice for Argon2id, which is this crate's default: 19 MiB, 2 passes, 1 lane.
    Argon2::default().hash_password(passphrase).map(|hash| hash.to_string())
}

impl Passphrases {
    async fn in_turn<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Refusal> {
        let _room = self.room.try_acquire().map_err(|_| busy())?;
        let _turn = self.turns.acquire().await.map_err(|_| busy())?;
        tokio::task::spawn_blocking(work).await.map_err(|_| busy())
    }

    /// The hash to keep of a passphrase.
    pub async fn hash(&self, passphrase: String) -> Result<String, Refusal> {
        if !BYTES.contains(&passphrase.len()) {
            let (least, most) = (BYTES.start(), BYTES.end());
            let sentence = format!("must have {least} to {most} bytes");
            return Err(Refusal::field("passphrase", "PASSPHRASE_LENGTH", sentence));
        }
        let hashed = self.in_turn(move || hash(passphrase.as_bytes())).await?;
        hashed.map_err(|error| Refusal::field("passphrase", "PASSPHRASE_LENGTH", error.to_string()))
    }

    /// Whether a passphrase is the one that was hashed; never for `None`, and as slowly.
    pub async fn holds(&self, passphrase: String, kept: Option<String>) -> Result<bool, Refusal> {
        let known = kept.is_some();
        let kept = kept.unwrap_or_else(|| self.decoy.clone());
        let check = move || {
            let verified = Argon2::default().verify_password(passphrase.as_bytes(), kept.as_str());
            verified.is_ok()
        };
        Ok(self.in_turn(check).await? && known)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_passphrase_is_known_by_its_hash_alone() {
        let bench = Passphrases::default();
        let kept = bench.hash("correct horse battery".into()).await.unwrap();
        assert!(kept.starts_with("$argon2id$") && !kept.contains("horse"));
        assert!(bench.holds("correct horse battery".into(), Some(kept.clone())).await.unwrap());
        assert!(!bench.holds("correct horse batterz".into(), Some(kept.clone())).await.unwrap());
        assert!(!bench.holds("correct horse battery".into(), None).await.unwrap());
        assert!(!bench.holds("correct horse battery".into(), Some("x".into())).await.unwrap());
        assert_ne!(kept, bench.hash("correct horse battery".into()).await.unwrap());
        assert_eq!(bench.hash("short".into()).await.unwrap_err().reason, "PASSPHRASE_LENGTH");
    }
}
