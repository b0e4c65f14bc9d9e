//! Transfers as bytes: consecutive records of one feed, packed where it pays.

use std::io::Read as _;

use bytes::Bytes;
use polder_wire::v1::{Envelope, LinkRecords};
use prost::{
    Message as _,
    encoding::{DecodeContext, decode_key, skip_field},
};
use ruzstd::{
    decoding::StreamingDecoder,
    encoding::{CompressionLevel, compress_to_vec},
};

/// Largest transfer, packed or not. The largest commit of a node is smaller.
pub const TRANSFER_BYTES_MAX: usize = 16 << 20;

/// Ids and hashes alone take more than this in every record.
const RECORD_BYTES_MIN: usize = 64;

/// Smaller transfers are hashes and keys for the most part, which do not pack: entries of the
/// scenario's sort lose an eighth from 1,100 bytes on, and trying takes a quarter of a millisecond.
const PACK_BYTES_MIN: usize = 1_024;

/// Bytes of a transfer, as they travel.
#[derive(Debug, Clone)]
pub struct Packed {
    /// What is sent.
    pub bytes: Bytes,
    /// Length when unpacked; 0: not packed.
    pub unpacked_bytes: u32,
}

/// Packs records.
pub fn pack(envelopes: Vec<Envelope>) -> Packed {
    let plain = LinkRecords { envelopes }.encode_to_vec();
    if plain.len() >= PACK_BYTES_MIN {
        let packed = compress_to_vec(&plain[..], CompressionLevel::Fastest);
        // Unpacking costs time too: an eighth is the least that is worth it.
        if packed.len() < plain.len() - plain.len() / 8 {
            return Packed { bytes: packed.into(), unpacked_bytes: plain.len() as u32 };
        }
    }
    Packed { bytes: plain.into(), unpacked_bytes: 0 }
}

/// Why a transfer cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the transfer cannot be unpacked or is not what it says")]
pub struct Unreadable;

/// Unpacks records. Takes no more memory than the transfer said it would.
pub fn unpack(packed: &Packed) -> Result<Vec<Envelope>, Unreadable> {
    let plain = if packed.unpacked_bytes == 0 {
        packed.bytes.clone()
    } else {
        unzip(&packed.bytes, packed.unpacked_bytes as usize)?
    };
    if records_in(&plain)? > plain.len() / RECORD_BYTES_MIN {
        return Err(Unreadable);
    }
    Ok(LinkRecords::decode(plain).map_err(|_| Unreadable)?.envelopes)
}

/// Counts records before they are decoded: millions of empty ones, in a transfer of a few packed
/// bytes, would each take a hundred bytes of memory.
fn records_in(plain: &[u8]) -> Result<usize, Unreadable> {
    let (mut rest, mut records) = (plain, 0);
    while !rest.is_empty() {
        let (field, wire_type) = decode_key(&mut rest).map_err(|_| Unreadable)?;
        records += usize::from(field == 1);
        let context = DecodeContext::default();
        skip_field(wire_type, field, &mut rest, context).map_err(|_| Unreadable)?;
    }
    Ok(records)
}

fn unzip(packed: &[u8], length: usize) -> Result<Bytes, Unreadable> {
    if length > TRANSFER_BYTES_MAX {
        return Err(Unreadable);
    }
    let decoder = StreamingDecoder::new(packed).map_err(|_| Unreadable)?;
    let mut plain = Vec::with_capacity(length.min(1 << 20));
    // One byte more than was said shows a transfer that lies.
    decoder.take(length as u64 + 1).read_to_end(&mut plain).map_err(|_| Unreadable)?;
    if plain.len() == length { Ok(plain.into()) } else { Err(Unreadable) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn envelope(text: &str) -> Envelope {
        Envelope { header: text.repeat(40).into_bytes().into(), ..Default::default() }
    }

    #[test]
    fn text_travels_packed_and_comes_back_as_it_was() {
        let sent = vec![envelope("het water stijgt "), envelope("the water rises ")];
        let packed = pack(sent.clone());
        assert!(packed.unpacked_bytes > 0 && packed.bytes.len() < 400);
        assert_eq!(unpack(&packed), Ok(sent));
        assert_eq!(pack(vec![envelope("x")]).unpacked_bytes, 0);
    }

    #[test]
    fn records_of_nothing_are_not_even_decoded() {
        let packed = pack(vec![Envelope::default(); 1_000_000]);
        assert!(packed.bytes.len() < 4_000, "{} bytes are enough for it", packed.bytes.len());
        assert_eq!(unpack(&packed), Err(Unreadable));
    }

    #[test]
    fn a_transfer_that_unpacks_to_more_than_it_says_is_refused() {
        let mut packed = pack(vec![envelope("het water stijgt "); 9]);
        packed.unpacked_bytes -= 1;
        assert_eq!(unpack(&packed), Err(Unreadable));
        packed.unpacked_bytes = u32::MAX;
        assert_eq!(unpack(&packed), Err(Unreadable));
        let garbage = Packed { bytes: Bytes::from_static(b"no frame"), unpacked_bytes: 9 };
        assert_eq!(unpack(&garbage), Err(Unreadable));
    }
}
