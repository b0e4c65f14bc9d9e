//! Tokens: text from a client, taken only when this node wrote it.

use polder::token::{Position, Purpose, Tokens};
use polder_picture::record::Signer;

/// Reads the bytes as a token, and as the numbers of one.
pub(crate) fn check(data: &[u8]) {
    let tokens = Tokens::new(&[1; 16], &Signer::new(&[7; 32]));
    if let Ok(text) = std::str::from_utf8(data) {
        for purpose in [Purpose::Resume, Purpose::Page] {
            if let Ok(position) = tokens.read(purpose, text) {
                assert_eq!(tokens.write(purpose, position), text, "two texts for one position");
            }
        }
    }
    let mut numbers = data.chunks_exact(8).filter_map(|number| number.try_into().ok());
    let mut number = || numbers.next().map_or(0, u64::from_be_bytes);
    let position = Position { lsn: number(), question: number(), offset: number() };
    let text = tokens.write(Purpose::Page, position);
    assert_eq!(tokens.read(Purpose::Page, &text), Ok(position));
    assert!(tokens.read(Purpose::Resume, &text).is_err(), "taken for another purpose");
    let at = data.last().map_or(0, |byte| usize::from(*byte)) % text.len();
    let mut forged = text.into_bytes();
    forged[at] = if forged[at] == b'A' { b'B' } else { b'A' };
    let forged = String::from_utf8_lossy(&forged);
    assert!(tokens.read(Purpose::Page, &forged).is_err(), "a changed token was read");
}
