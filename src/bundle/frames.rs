//! Frames in a file that may be cut off or damaged.

use bytes::{Buf as _, Bytes, BytesMut};
use polder_picture::link::codec::TRANSFER_BYTES_MAX;
use prost::Message as _;

use super::{Frame, MAGIC};

/// Before each frame: what a reader looks for when it lost its way.
pub(super) const MARK: &[u8; 8] = b"\xd7polder\n";
const PREFIX_BYTES: usize = MARK.len() + 4 + 32;
/// A transfer and what is said of it.
pub(super) const FRAME_BYTES_MAX: usize = TRANSFER_BYTES_MAX + 4096;
/// At so many places that do not hold the rest is no longer looked at.
const DAMAGE_MAX: u32 = 256;

/// A frame as it stands in the file.
pub(super) fn write(frame: &Frame) -> Vec<u8> {
    let body = frame.encode_to_vec();
    let mut bytes = Vec::with_capacity(PREFIX_BYTES + body.len());
    bytes.extend_from_slice(MARK);
    bytes.extend_from_slice(&(body.len() as u32).to_be_bytes());
    bytes.extend_from_slice(blake3::hash(&body).as_bytes());
    bytes.extend_from_slice(&body);
    bytes
}

/// The file is no bundle that this program reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct NoBundle(pub(super) &'static str);

/// What was read next.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Read {
    /// A frame whose bytes are as they were written.
    Frame(Box<Frame>),
    /// Bytes that are none.
    Damaged {
        /// Where in the file.
        at: u64,
        /// How many.
        bytes: u64,
    },
}

/// Finds frames in bytes that come piece by piece; holds one frame at most.
#[derive(Debug, Default)]
pub(super) struct Reader {
    buffer: BytesMut,
    begun: bool,
    hasher: blake3::Hasher,
    /// Bytes of the file before the buffer.
    position: u64,
    /// Bytes that were passed over since the last frame.
    damaged: u64,
    damages: u32,
    ended: bool,
    /// The end was found, with the hash of all before it.
    whole: bool,
    any_damage: bool,
}

impl Reader {
    pub(super) fn push(&mut self, data: &[u8]) {
        self.buffer.extend_from_slice(data);
    }

    /// Where the next byte that was not looked at stands in the file.
    pub(super) fn position(&self) -> u64 {
        self.position
    }

    /// BLAKE3 of all bytes that were looked at.
    pub(super) fn hash(&self) -> [u8; 32] {
        *self.hasher.finalize().as_bytes()
    }

    /// Whether the end was found.
    pub(super) fn has_ended(&self) -> bool {
        self.ended
    }

    /// Whether every byte up to the end was there and sound.
    pub(super) fn is_whole(&self) -> bool {
        self.whole && !self.any_damage
    }

    /// The next frame; `None` when more bytes are needed, or, at the `last`, when none is left.
    pub(super) fn next(&mut self, last: bool) -> Result<Option<Read>, NoBundle> {
        if !self.begun && !self.begin(last)? {
            return Ok(None);
        }
        loop {
            let Some(length) = self.find(last) else {
                return Ok(if last { self.damage() } else { None });
            };
            if length > FRAME_BYTES_MAX {
                self.stumble();
                continue;
            }
            if self.buffer.len() < PREFIX_BYTES + length {
                if !last {
                    return Ok(None);
                }
                self.stumble();
                continue;
            }
            let body = &self.buffer[PREFIX_BYTES..PREFIX_BYTES + length];
            let hash = &self.buffer[MARK.len() + 4..PREFIX_BYTES];
            if blake3::hash(body).as_bytes()[..] != *hash {
                self.stumble();
                continue;
            }
            let Ok(frame) = Frame::decode(Bytes::copy_from_slice(body)) else {
                self.stumble();
                continue;
            };
            if let Some(damage) = self.damage() {
                return Ok(Some(damage));
            }
            if let Some(end) = &frame.end {
                self.ended = true;
                self.whole = end.hash[..] == self.hasher.finalize().as_bytes()[..];
            } else if self.whole {
                // Something follows on the end: two bundles in one file, say. Taken, not whole.
                self.any_damage = true;
            }
            self.pass(PREFIX_BYTES + length);
            return Ok(Some(Read::Frame(Box::new(frame))));
        }
    }

    fn begin(&mut self, last: bool) -> Result<bool, NoBundle> {
        let needed = MAGIC.len() + MARK.len();
        if self.buffer.len() < needed && !last {
            return Ok(false);
        }
        if !super::is_bundle(&self.buffer) {
            return Err(NoBundle("it does not begin as a bundle does"));
        }
        if self.buffer.starts_with(MAGIC) {
            self.pass(MAGIC.len());
        } else if self.buffer[MAGIC.len().min(self.buffer.len())..].starts_with(MARK)
            && !self.buffer.starts_with(b"polder bundle ")
        {
            self.skip(MAGIC.len());
        } else {
            return Err(NoBundle("it is of a format that this program does not know"));
        }
        self.begun = true;
        Ok(true)
    }

    /// Goes to the next mark; the length that stands behind it.
    fn find(&mut self, last: bool) -> Option<usize> {
        if !self.buffer.starts_with(MARK) {
            let found = if self.damages > DAMAGE_MAX {
                None
            } else {
                self.buffer.windows(MARK.len()).position(|bytes| bytes == MARK)
            };
            let held = if last { 0 } else { MARK.len() - 1 };
            self.skip(found.unwrap_or(self.buffer.len().saturating_sub(held)));
            found?;
        }
        if self.buffer.len() < PREFIX_BYTES {
            if last {
                self.skip(self.buffer.len());
            }
            return None;
        }
        let length = self.buffer[MARK.len()..MARK.len() + 4].try_into().ok()?;
        Some(u32::from_be_bytes(length) as usize)
    }

    /// What stands behind this mark is no frame.
    fn stumble(&mut self) {
        self.damages += 1;
        let bytes = if self.damages > DAMAGE_MAX { self.buffer.len() } else { MARK.len() };
        self.skip(bytes);
    }

    fn skip(&mut self, bytes: usize) {
        self.damaged += bytes as u64;
        self.any_damage |= bytes > 0;
        self.pass(bytes);
    }

    fn pass(&mut self, bytes: usize) {
        self.hasher.update(&self.buffer[..bytes]);
        self.buffer.advance(bytes);
        self.position += bytes as u64;
    }

    fn damage(&mut self) -> Option<Read> {
        let bytes = std::mem::take(&mut self.damaged);
        (bytes > 0).then(|| Read::Damaged { at: self.position - bytes, bytes })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bundle::{End, Header, Part};

    fn part(number: u64) -> Frame {
        // Marks inside a body are no frames, unless one loses its way.
        let data = MARK.repeat(9).into();
        let part = Part { offset: number, data, ..Default::default() };
        Frame { part: Some(part), ..Default::default() }
    }

    fn bundle(parts: u64) -> (Vec<u8>, Vec<Frame>) {
        let mut frames = vec![Frame { header: Some(Header::default()), ..Default::default() }];
        frames.extend((0..parts).map(part));
        let mut bytes = MAGIC.to_vec();
        frames.iter().for_each(|frame| bytes.extend(write(frame)));
        let hash = blake3::hash(&bytes).as_bytes().to_vec().into();
        let end = End { hash, ..Default::default() };
        frames.push(Frame { end: Some(end), ..Default::default() });
        bytes.extend(write(frames.last().unwrap()));
        (bytes, frames)
    }

    /// Reads in pieces: frames, damages, and whether it was whole.
    fn read(bytes: &[u8], piece: usize) -> Result<(Vec<Frame>, usize, bool), NoBundle> {
        let (mut reader, mut frames, mut damages) = (Reader::default(), Vec::new(), 0);
        let pieces = bytes.chunks(piece).map(|piece| (piece, false));
        for (data, last) in pieces.chain([(&[][..], true)]) {
            reader.push(data);
            while let Some(read) = reader.next(last)? {
                match read {
                    Read::Frame(frame) => frames.push(*frame),
                    Read::Damaged { at, bytes: count } => {
                        assert!(at + count <= bytes.len() as u64 && count > 0);
                        damages += 1;
                    }
                }
            }
        }
        assert_eq!(reader.position, bytes.len() as u64);
        Ok((frames, damages, reader.is_whole()))
    }

    #[test]
    fn frames_come_back_as_they_were_in_pieces_of_any_size() {
        let (bytes, frames) = bundle(5);
        for piece in [1, 7, 44, 1000, usize::MAX] {
            assert_eq!(read(&bytes, piece), Ok((frames.clone(), 0, true)));
        }
    }

    #[test]
    fn a_flipped_bit_anywhere_costs_one_frame_at_most_and_is_always_noticed() {
        let (bytes, frames) = bundle(3);
        for at in 0..bytes.len() {
            for bit in [0, 7] {
                let mut bad = bytes.clone();
                bad[at] ^= 1 << bit;
                let Ok((found, damages, whole)) = read(&bad, 100) else {
                    assert!(at < MAGIC.len());
                    continue;
                };
                assert!(!whole, "byte {at}");
                assert!(
                    found.len() + 1 >= frames.len() && found.iter().all(|f| frames.contains(f))
                );
                assert_eq!(damages, 1, "byte {at}");
            }
        }
    }

    #[test]
    fn a_file_cut_off_anywhere_gives_the_frames_before() {
        let (bytes, frames) = bundle(3);
        for cut in MAGIC.len()..bytes.len() {
            let (found, _, whole) = read(&bytes[..cut], 64).unwrap();
            assert!(!whole && frames.starts_with(&found), "cut at {cut}");
        }
        assert!(read(b"", 1).is_err() && read(b"{\"at\": 1}", 3).is_err());
        assert!(read(b"polder bundle 2\nwhatever this may be", 5).is_err());
    }

    #[test]
    fn endless_damage_is_not_looked_at_for_ever() {
        let mut bytes = MAGIC.to_vec();
        bytes.extend(MARK.repeat(100_000));
        let (found, damages, whole) = read(&bytes, 4096).unwrap();
        assert!(found.is_empty() && damages == 1 && !whole);
    }
}
