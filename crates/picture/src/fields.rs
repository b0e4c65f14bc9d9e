//! Walking the top-level fields of an encoded message without decoding it, so that bytes which
//! this program does not understand are kept as they are.

use prost::encoding::{DecodeContext, WireType, decode_key, decode_varint, skip_field};

/// Bytes that are not a protobuf message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the bytes are not a protobuf message")]
pub struct Malformed;

/// Visits each field with its number and its bytes, key included.
pub fn walk(message: &[u8], mut visit: impl FnMut(u32, &[u8])) -> Result<(), Malformed> {
    let mut rest = message;
    while !rest.is_empty() {
        let start = rest;
        let (number, wire_type) = decode_key(&mut rest).map_err(|_| Malformed)?;
        if wire_type == WireType::LengthDelimited {
            // The common case, without copying.
            let length = decode_varint(&mut rest).map_err(|_| Malformed)?;
            let length = usize::try_from(length).map_err(|_| Malformed)?;
            rest = rest.get(length..).ok_or(Malformed)?;
        } else {
            skip_field(wire_type, number, &mut rest, DecodeContext::default())
                .map_err(|_| Malformed)?;
        }
        visit(number, &start[..start.len() - rest.len()]);
    }
    Ok(())
}

/// Copies the fields whose number is wanted.
pub fn retain(message: &[u8], wanted: impl Fn(u32) -> bool) -> Result<Vec<u8>, Malformed> {
    let mut kept = Vec::with_capacity(message.len());
    walk(message, |number, bytes| {
        if wanted(number) {
            kept.extend_from_slice(bytes);
        }
    })?;
    Ok(kept)
}

/// The content of a length-delimited field, without its key and length.
pub fn content(field: &[u8]) -> &[u8] {
    let mut rest = field;
    let read = decode_key(&mut rest).is_ok() && decode_varint(&mut rest).is_ok();
    if read { rest } else { &[] }
}

#[cfg(test)]
mod tests {
    use polder_wire::v1::{Entry, Text};
    use prost::Message as _;

    use super::*;

    #[test]
    fn fields_that_are_not_wanted_go_and_all_else_stays_byte_for_byte() {
        let text = Text { language: "nl".into(), title: "Dijk".into(), ..Default::default() };
        let entry =
            Entry { name: "a".into(), texts: vec![text], statement: 1, ..Default::default() };
        let mut bytes = entry.encode_to_vec();
        let unknown = [0xc2, 0x3e, 2, b'h', b'i']; // field 1000, length-delimited
        bytes.extend_from_slice(&unknown);

        let kept = retain(&bytes, |number| number != 1).expect("sound");
        assert!(kept.ends_with(&unknown));
        assert_eq!(
            Entry::decode(&kept[..]).expect("sound"),
            Entry { name: String::new(), ..entry }
        );
    }

    #[test]
    fn truncated_bytes_are_malformed() {
        assert_eq!(retain(&[0x0a, 5, 1], |_| true), Err(Malformed));
        assert_eq!(
            retain(&[0x0a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f], |_| true),
            Err(Malformed)
        );
    }
}
