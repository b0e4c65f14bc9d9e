//! Bytes that no generated client would send.

use std::time::Duration;

use bytes::{Buf as _, BufMut as _};
use polder_wire::v1::*;
use prost::Message as _;
use tonic::{
    Code, Request, Status,
    codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder},
    codegen::http::uri::PathAndQuery,
};

use crate::harness::*;

/// Sends and receives messages as the bytes they are.
#[derive(Default)]
struct Raw;

impl Codec for Raw {
    type Encode = Vec<u8>;
    type Decode = Vec<u8>;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        Self
    }

    fn decoder(&mut self) -> Self {
        Self
    }
}

impl Encoder for Raw {
    type Item = Vec<u8>;
    type Error = Status;

    fn encode(&mut self, item: Vec<u8>, out: &mut EncodeBuf<'_>) -> Result<(), Status> {
        out.put_slice(&item);
        Ok(())
    }
}

impl Decoder for Raw {
    type Item = Vec<u8>;
    type Error = Status;

    fn decode(&mut self, input: &mut DecodeBuf<'_>) -> Result<Option<Vec<u8>>, Status> {
        let mut item = vec![0; input.remaining()];
        input.copy_to_slice(&mut item);
        Ok(Some(item))
    }
}

async fn call(node: &Running, method: &str, message: Vec<u8>) -> Result<Vec<u8>, Status> {
    let mut client = tonic::client::Grpc::new(node.channel.clone());
    client.ready().await.unwrap();
    let path: PathAndQuery = format!("/polder.v1.{method}").parse().unwrap();
    Ok(client.unary(Request::new(message), path, Raw).await?.into_inner())
}

const METHODS: [&str; 19] = [
    "PictureService/PublishEntries",
    "PictureService/RetractEntry",
    "PictureService/GetEntry",
    "PictureService/ListEntries",
    "PictureService/ListEntryVersions",
    "PictureService/Subscribe",
    "PictureService/GetPictureAsOf",
    "IncidentService/CreateIncident",
    "IncidentService/GetIncident",
    "IncidentService/ListIncidents",
    "IncidentService/UpdateIncident",
    "IncidentService/CloseIncident",
    "AttachmentService/StartUpload",
    "AttachmentService/UploadChunk",
    "AttachmentService/Download",
    "AttachmentService/GetAttachment",
    "NodeService/CompactStore",
    "NodeService/GetNodeStatus",
    "NodeService/VerifyLog",
];

#[tokio::test(flavor = "multi_thread")]
async fn bytes_that_are_no_message_harm_nobody_whatever_the_method() {
    let home = Home::new();
    let node = home.start().await;
    node.open("flood").await;
    let deep = |depth: usize| {
        let mut message = Vec::new();
        for _ in 0..depth {
            let length = message.len();
            let mut outer = vec![0x0a];
            prost::encoding::encode_varint(length as u64, &mut outer);
            outer.append(&mut message);
            message = outer;
        }
        message
    };
    let bodies = [
        vec![0xff; 40],
        // Field 1, three bytes promised, one there.
        vec![0x0a, 0x03, 0x61],
        // A length beyond all memory.
        vec![0x0a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f],
        // Field number 0, and a group that never ends.
        vec![0x02, 0x00],
        vec![0x0b; 1000],
        deep(5000),
    ];
    for method in METHODS {
        for (number, body) in bodies.iter().enumerate() {
            // Some methods read no such field, so it may pass as unknown; that is fine as well.
            let answered =
                tokio::time::timeout(Duration::from_secs(5), call(&node, method, body.clone()));
            if let Ok(Err(status)) = answered.await {
                assert_ne!(status.code(), Code::Unknown, "{method} {number}: {status:?}");
                assert_ne!(status.code(), Code::Unavailable, "{method} {number}: {status:?}");
            }
        }
    }
    node.put(&observation("flood", "still here")).await;
    assert!(!node.stderr.lock().unwrap().contains("panicked"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_text_that_is_no_utf8_is_refused_and_nothing_of_it_is_stored() {
    let home = Home::new();
    let node = home.start().await;
    node.open("flood").await;
    let publish = |entry: Vec<u8>| {
        let items = vec![
            PublishItem { entry: entry.into(), ..Default::default() },
            item(&observation("flood", "sound")),
        ];
        PublishEntriesRequest { items, ..Default::default() }.encode_to_vec()
    };
    let spoil = |mut bytes: Vec<u8>, word: &[u8]| {
        let at = bytes.windows(word.len()).position(|window| window == word).unwrap();
        bytes[at] = 0xff;
        bytes
    };
    let entry = Entry { place: "Arcen".into(), ..observation("flood", "Maas") };
    for word in [&b"Arcen"[..], b"Maas", b"flood/"] {
        let message = publish(spoil(entry.encode_to_vec(), word));
        let answer = call(&node, "PictureService/PublishEntries", message).await.unwrap();
        let mut outcomes = outcomes(PublishEntriesResponse::decode(&answer[..]).unwrap());
        let refused = outcomes.remove(0).unwrap_err();
        assert_eq!(reason(&refused), "UNDECODABLE");
        assert_eq!(wrong_fields(&refused), ["items[0].entry"]);
        outcomes.remove(0).expect("the sound item beside it");
    }
    assert_eq!(node.list(of_incident("flood")).await.len(), 3);
    // Outside of an entry the whole message is no message.
    let request = RetractEntryRequest { reason: "Maas".into(), ..Default::default() };
    let message = spoil(request.encode_to_vec(), b"Maas");
    let refused = call(&node, "PictureService/RetractEntry", message).await.unwrap_err();
    assert!(matches!(refused.code(), Code::Internal | Code::InvalidArgument), "{refused:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn entries_of_random_bytes_are_refused_one_by_one() {
    let home = Home::new();
    let node = home.start().await;
    node.open("flood").await;
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut random = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    let (_, example) = polder_picture::kinds::examples::examples().remove(3);
    let example = Entry { name: new_name("flood"), ..example }.encode_to_vec();
    let mut whole = 0;
    for _ in 0..rounds(20) {
        let mut spoilt = |_| {
            let mut entry = example.clone();
            for _ in 0..=random() % 4 {
                let at = random() as usize % entry.len();
                entry[at] ^= 1 << (random() % 8);
            }
            PublishItem { entry: entry.into(), ..Default::default() }
        };
        let items: Vec<_> = (0..100).map(&mut spoilt).collect();
        let response = match node.publish(items).await {
            Ok(response) => response,
            // The first sound item says which incident a call is about. When its name was spoilt
            // into that of another, the whole call is refused; no other reason does that.
            Err(refused) => {
                assert_eq!(reason(&refused), "INCIDENT_NOT_FOUND", "{refused:?}");
                whole += 1;
                continue;
            }
        };
        let outcomes = outcomes(response);
        for refused in outcomes.iter().filter_map(|outcome| outcome.as_ref().err()) {
            assert!(!reason(refused).is_empty());
        }
    }
    assert!(whole <= rounds(20) / 4, "{whole} calls were refused as a whole");
    // Whatever was accepted can be read, listed, followed, filtered and verified.
    let all = EntryFilter { include_retracted: true, ..Default::default() };
    for entry in node.list(all).await {
        node.get(&entry.name).await.unwrap();
    }
    let words = EntryFilter { text: "maas".into(), ..Default::default() };
    node.list(words).await;
    let request = ListEntriesRequest { view: EntryView::Basic.into(), ..Default::default() };
    node.picture().list_entries(request).await.unwrap();
    assert!(node.verdict().await.sound);
    assert!(!node.stderr.lock().unwrap().contains("panicked"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_method_is_unimplemented() {
    let home = Home::new();
    let node = home.start().await;
    for method in ["PictureService/Burn", "Nowhere/Get"] {
        let refused = call(&node, method, Vec::new()).await.unwrap_err();
        assert_eq!(refused.code(), Code::Unimplemented, "{method}");
    }
}
