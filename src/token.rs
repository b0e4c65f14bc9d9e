//! Tokens: a position in this node's log that a client may come back with. Opaque, bound to the
//! store and to the question, and authenticated; they grant nothing.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use polder_picture::record::Signer;

/// Purpose of a token, so that one kind is never taken for another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Purpose {
    /// Resumes a subscription.
    Resume = 1,
    /// Next page of a list.
    Page = 2,
}

/// What a token says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    /// Position in the log that everything rests on.
    pub lsn: u64,
    /// Hash of the question.
    pub question: u64,
    /// Where a list goes on; 0 in a resume token.
    pub offset: u64,
}

/// Why a token is not honoured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unusable {
    /// Not a token of ours, or changed.
    Malformed,
    /// Of another store: positions mean something else here.
    OtherStore,
}

/// Makes and reads the tokens of one store.
#[derive(Debug)]
pub struct Tokens {
    store: [u8; 8],
    key: [u8; 32],
}

const BODY: usize = 1 + 8 + 3 * 8;
const LENGTH: usize = BODY + 8;

impl Tokens {
    /// Tokens of a store, authenticated with a key that only this node can derive.
    pub fn new(store_id: &[u8], signer: &Signer) -> Self {
        let mut store = [0; 8];
        store.iter_mut().zip(store_id).for_each(|(to, from)| *to = *from);
        let secret = signer.sign(b"token key");
        Self { store, key: blake3::derive_key("polder 2026 token", &secret) }
    }

    /// Writes a token.
    pub fn write(&self, purpose: Purpose, position: Position) -> String {
        let mut token = [0; LENGTH];
        token[0] = purpose as u8;
        token[1..9].copy_from_slice(&self.store);
        token[9..17].copy_from_slice(&position.lsn.to_be_bytes());
        token[17..25].copy_from_slice(&position.question.to_be_bytes());
        token[25..33].copy_from_slice(&position.offset.to_be_bytes());
        let mac = self.mac(&token[..BODY]);
        token[BODY..].copy_from_slice(&mac);
        URL_SAFE_NO_PAD.encode(token)
    }

    /// Reads a token.
    pub fn read(&self, purpose: Purpose, text: &str) -> Result<Position, Unusable> {
        let token = URL_SAFE_NO_PAD.decode(text).map_err(|_| Unusable::Malformed)?;
        let token: [u8; LENGTH] = token.try_into().map_err(|_| Unusable::Malformed)?;
        if token[0] != purpose as u8 {
            return Err(Unusable::Malformed);
        }
        if token[1..9] != self.store {
            return Err(Unusable::OtherStore);
        }
        if token[BODY..] != self.mac(&token[..BODY]) {
            return Err(Unusable::Malformed);
        }
        let number = |at: usize| {
            u64::from_be_bytes(token[at..at + 8].try_into().expect("eight bytes were taken"))
        };
        Ok(Position { lsn: number(9), question: number(17), offset: number(25) })
    }

    fn mac(&self, body: &[u8]) -> [u8; 8] {
        let mac = blake3::keyed_hash(&self.key, body);
        *mac.as_bytes().first_chunk().expect("a hash has 32 bytes")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_bound_to_its_store_and_purpose_and_cannot_be_forged() {
        let signer = Signer::new(&[1; 32]);
        let tokens = Tokens::new(&[1; 16], &signer);
        let position = Position { lsn: 7, question: 9, offset: 11 };
        let text = tokens.write(Purpose::Resume, position);
        assert_eq!(tokens.read(Purpose::Resume, &text), Ok(position));
        assert_eq!(tokens.read(Purpose::Page, &text), Err(Unusable::Malformed));
        let other = Tokens::new(&[2; 16], &signer);
        assert_eq!(other.read(Purpose::Resume, &text), Err(Unusable::OtherStore));
        let mut bytes = URL_SAFE_NO_PAD.decode(&text).expect("just written");
        for at in 9..LENGTH {
            bytes[at] ^= 1;
            let forged = URL_SAFE_NO_PAD.encode(&bytes);
            assert_eq!(
                tokens.read(Purpose::Resume, &forged),
                Err(Unusable::Malformed),
                "byte {at}"
            );
            bytes[at] ^= 1;
        }
    }
}
