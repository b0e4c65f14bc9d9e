//! Envelopes: from a disk or another node, so nothing about them can be trusted.

use bytes::Buf as _;
use polder_picture::record::{
    Chain, FORMAT, Head, Signer, decode, payload_hash, record_hash, verify_signature,
};
use polder_wire::v1::{Content, Envelope, Header, content};
use prost::Message as _;

/// Longest chain that one input is read as.
const RECORDS_MAX: usize = 64;

/// Reads the bytes as envelopes behind each other, each with its length before it, and walks them
/// as one feed.
pub(crate) fn check(data: &[u8]) {
    let signer = Signer::new(&[7; 32]);
    let key = signer.public();
    let mut rest = data;
    let mut chain = Chain::default();
    for record in 0..RECORDS_MAX {
        if !rest.has_remaining() {
            break;
        }
        let Ok(envelope) = Envelope::decode_length_delimited(&mut rest) else { break };
        if let Ok(decoded) = decode(&envelope) {
            assert_eq!(decoded.hash, record_hash(&envelope.header));
            let before = chain.sequence();
            match chain.next(&envelope, &decoded, &key) {
                Ok(()) => assert_eq!(chain.sequence(), before + 1),
                Err(_) => assert_eq!(chain.sequence(), before, "a bad record moved the chain"),
            }
        }
        content_of(&envelope);
        // Signing takes most of the time.
        if record == 0 {
            repaired(envelope, &signer);
        }
    }
    let _ = chain.end(&Head { sequence: chain.sequence(), hash: [0; 32] });
}

/// Contents are decoded without another look at their hash once they are stored.
fn content_of(envelope: &Envelope) {
    let Some(payload) = &envelope.payload else { return };
    let Ok(content) = Content::decode(payload.bytes.clone()) else { return };
    if let Some(content::Content::Incident(data)) = content.content {
        let _ = data.encode_to_vec();
    }
}

/// A fuzzer cannot guess hashes, so they are filled in for it: a header that is sound but for
/// these must then be taken as the first of a feed, and no byte of it may change unnoticed.
fn repaired(envelope: Envelope, signer: &Signer) {
    let Ok(mut header) = Header::decode(envelope.header.clone()) else { return };
    let mut payload = envelope.payload.unwrap_or_default();
    payload.salt = vec![9; 16].into();
    header.format = FORMAT;
    header.origin = signer.id().0.to_vec().into();
    header.scope = vec![1; 16].into();
    header.sequence = 1;
    header.previous = vec![0; 32].into();
    header.entry = vec![2; 16].into();
    header.seen.iter_mut().for_each(|seen| seen.feed = vec![3; 16].into());
    header.payload_hash = payload_hash(&[9; 16], &payload.bytes).to_vec().into();
    header.payload_length = payload.bytes.len() as u32;
    let bytes = header.encode_to_vec();
    let signature = signer.sign(&bytes);
    let sealed = Envelope {
        header: bytes.clone().into(),
        payload: Some(payload),
        signature: signature.to_vec().into(),
    };
    let record = decode(&sealed).expect("a sound record");
    let mut chain = Chain::default();
    assert_eq!(chain.next(&sealed, &record, &signer.public()), Ok(()));
    assert_eq!(chain.end(&Head { sequence: 1, hash: record.hash }), Ok(()));
    assert_eq!(chain.signatures, 1);

    let mut forged = bytes;
    let at = usize::from(signature[0]) % forged.len();
    forged[at] ^= 1;
    assert!(!verify_signature(&signer.public(), &forged, &signature), "byte {at} is not signed");
}
