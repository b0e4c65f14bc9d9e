//! The code itself: ten letters and digits of Crockford's alphabet, which has no `I`, `L`, `O` or
//! `U`. The first says which invitation, eight are chance (40 bits), the last is a check that
//! finds every wrong letter and every two that changed places.

use std::fmt;

/// Crockford's base 32.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
/// Characters without the check.
const BARE: usize = 9;

/// A code that was checked.
#[derive(Clone, PartialEq, Eq)]
pub struct Code {
    symbols: [u8; BARE],
}

/// Says nothing of it.
impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Code(..)")
    }
}

fn times_two(value: u8) -> u8 {
    // In the field of 32 elements, x^5 + x^2 + 1.
    let doubled = value << 1;
    if doubled & 0b10_0000 == 0 { doubled } else { doubled ^ 0b10_0101 }
}

/// Each place counts twice the one before it, so no two places weigh the same.
fn check(symbols: &[u8]) -> u8 {
    symbols.iter().fold(0, |sum, symbol| times_two(sum ^ symbol))
}

fn symbol(letter: u8) -> Option<u8> {
    let letter = match letter.to_ascii_uppercase() {
        // What people write for them.
        b'O' => b'0',
        b'I' | b'L' => b'1',
        letter => letter,
    };
    ALPHABET.iter().position(|known| *known == letter).map(|at| at as u8)
}

fn letter(symbol: u8) -> char {
    char::from(ALPHABET[usize::from(symbol & 31)])
}

impl Code {
    /// A new one for an invitation, from eight random bytes.
    pub(super) fn new(slot: u8, random: [u8; 8]) -> Self {
        let mut symbols = [slot & 31; BARE];
        for (symbol, random) in symbols[1..].iter_mut().zip(random) {
            *symbol = random & 31;
        }
        Self { symbols }
    }

    /// Reads what a person typed; `None` when it is no code, or one with a mistake in it.
    ///
    /// ```
    /// use polder::join::Code;
    ///
    /// assert!(Code::parse("not a code").is_none());
    /// ```
    pub fn parse(typed: &str) -> Option<Self> {
        let mut letters = typed.bytes().filter(|letter| !matches!(letter, b'-' | b' '));
        let mut all = [0; BARE + 1];
        for place in &mut all {
            *place = symbol(letters.next()?)?;
        }
        if letters.next().is_some() || check(&all[..BARE]) != all[BARE] {
            return None;
        }
        Some(Self { symbols: *all.first_chunk()? })
    }

    /// Which invitation.
    pub(super) fn slot(&self) -> u8 {
        self.symbols[0]
    }

    /// What nobody else knows.
    pub(super) fn secret(&self) -> &[u8] {
        &self.symbols
    }

    /// The first character alone.
    pub(super) fn slot_text(&self) -> String {
        letter(self.slot()).to_string()
    }

    pub(super) fn slot_of(text: &str) -> Option<u8> {
        match text.as_bytes() {
            [one] => symbol(*one),
            _ => None,
        }
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let letters: String = self.symbols.iter().map(|one| letter(*one)).collect();
        write!(f, "{}-{}{}", &letters[..5], &letters[5..], letter(check(&self.symbols)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_read_as_people_write_it_and_one_mistake_is_found() {
        for _ in 0..200 {
            let code = Code::new(rand::random(), rand::random());
            let text = code.to_string();
            assert_eq!(text.len(), 11);
            assert_eq!(Code::parse(&text).unwrap(), code);
            assert_eq!(Code::parse(&text.to_lowercase().replace('-', " ")).unwrap(), code);
            let sloppy = text.replace('0', "o").replace('1', "l");
            assert_eq!(Code::parse(&sloppy).unwrap(), code);
            let bare: Vec<u8> = text.bytes().filter(|letter| *letter != b'-').collect();
            for at in 0..bare.len() {
                for other in ALPHABET.iter().filter(|other| **other != bare[at]) {
                    let mut wrong = bare.clone();
                    wrong[at] = *other;
                    assert!(Code::parse(std::str::from_utf8(&wrong).unwrap()).is_none());
                }
                let mut swapped = bare.clone();
                if at + 1 < bare.len() && bare[at] != bare[at + 1] {
                    swapped.swap(at, at + 1);
                    assert!(Code::parse(std::str::from_utf8(&swapped).unwrap()).is_none());
                }
            }
            assert!(Code::parse(&text[..10]).is_none());
            assert!(Code::parse(&format!("{text}0")).is_none());
            assert!(Code::parse(&text.replace(&text[..1], "U")).is_none());
        }
    }
}
