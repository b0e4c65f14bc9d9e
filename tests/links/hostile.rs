//! Peers that are broken or mean harm: refused with a reason, nothing of it kept, and the node
//! goes on.

use std::time::Duration;

use bytes::Bytes;
use polder_picture::record::Signer;
use polder_wire::v1::{
    Lane, LinkBye, LinkFrame, LinkHello, LinkPart, LinkProof, LinkTransfer, Mode, SessionRequest,
    link_frame::Kind, link_service_client::LinkServiceClient,
};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;

use crate::harness::*;

/// A peer that says whatever a test wants.
struct Peer {
    frames: mpsc::Sender<SessionRequest>,
    answers: tonic::Streaming<polder_wire::v1::SessionResponse>,
    signer: Signer,
    nonce: [u8; 16],
}

impl Peer {
    async fn connect(node: &Running) -> Self {
        let (frames, requests) = mpsc::channel(8);
        let mut client = LinkServiceClient::new(node.connect().await);
        let answers = client.session(ReceiverStream::new(requests)).await.unwrap().into_inner();
        Self { frames, answers, signer: Signer::new(&rand::random()), nonce: rand::random() }
    }

    async fn say(&self, kind: Kind) {
        let _ =
            self.frames.send(SessionRequest { frame: Some(LinkFrame { kind: Some(kind) }) }).await;
    }

    fn hello(&self) -> LinkHello {
        LinkHello {
            version_min: 1,
            version_max: 1,
            public_key: Bytes::copy_from_slice(self.signer.public().as_bytes()),
            display_name: "stranger".into(),
            party: "strangers".into(),
            store_id: Bytes::from_static(&[7; 16]),
            nonce: Bytes::copy_from_slice(&self.nonce),
            credit_bytes: 100_000,
            ..Default::default()
        }
    }

    /// Says hello and proves itself as a sound peer does.
    async fn greet(&mut self) {
        self.say(Kind::Hello(self.hello())).await;
        loop {
            if let Kind::Hello(theirs) = self.answer().await {
                let own = self.signer.public();
                let proven =
                    [&theirs.nonce[..], &self.nonce, &theirs.public_key, own.as_bytes()].concat();
                let signature = self.signer.sign_bytes(b"polder link v1\n", &proven);
                let signature = Bytes::copy_from_slice(&signature);
                return self.say(Kind::Proof(LinkProof { signature })).await;
            }
        }
    }

    async fn answer(&mut self) -> Kind {
        let answer = tokio::time::timeout(Duration::from_secs(20), self.answers.message()).await;
        answer.unwrap().unwrap().expect("the session goes on").frame.unwrap().kind.unwrap()
    }

    /// How the node ends the session.
    async fn farewell(&mut self) -> LinkBye {
        loop {
            if let Kind::Bye(bye) = self.answer().await {
                assert!(!bye.sentence.is_empty());
                return bye;
            }
        }
    }
}

fn transfer(signer: &Signer, size_bytes: u32) -> LinkTransfer {
    LinkTransfer {
        incident: "flood".into(),
        mode: Mode::Exercise.into(),
        audience: "all".into(),
        origin_key: Bytes::copy_from_slice(signer.public().as_bytes()),
        size_bytes,
        last: 1,
        ..Default::default()
    }
}

fn part(lane: Lane, begin: Option<LinkTransfer>, data: Vec<u8>, end: bool) -> Kind {
    Kind::Part(LinkPart { lane: lane.into(), begin, data: data.into(), end })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hostile_peer_is_refused_with_a_reason_and_nothing_of_it_is_kept() {
    let home = Home::new();
    let node = home.start().await;
    node.open("flood").await;
    let before = node.status().await;
    let own = Bytes::copy_from_slice(&before.public_key);

    // Before it proved who it is.
    let mut peer = Peer::connect(&node).await;
    peer.say(part(Lane::Urgent, None, vec![1], true)).await;
    assert_eq!(peer.farewell().await.reason, "PROOF_MISSING");
    let mut peer = Peer::connect(&node).await;
    peer.say(Kind::Hello(peer.hello())).await;
    peer.say(Kind::Proof(LinkProof { signature: Bytes::from_static(&[9; 64]) })).await;
    assert_eq!(peer.farewell().await.reason, "PROOF_WRONG");
    let mut peer = Peer::connect(&node).await;
    peer.say(Kind::Hello(LinkHello { public_key: own.clone(), ..peer.hello() })).await;
    assert_eq!(peer.farewell().await.reason, "LEADS_TO_SELF");
    let mut peer = Peer::connect(&node).await;
    peer.say(Kind::Hello(LinkHello { version_min: 7, version_max: 9, ..peer.hello() })).await;
    assert_eq!(peer.farewell().await.reason, "PROTOCOL_UNKNOWN");
    let mut peer = Peer::connect(&node).await;
    peer.say(Kind::Hello(LinkHello { nonce: Bytes::from_static(b"short"), ..peer.hello() })).await;
    assert_eq!(peer.farewell().await.reason, "HELLO_MALFORMED");

    // After it did.
    let stranger = Signer::new(&[3; 32]);
    let sized = |size| Some(transfer(&stranger, size));
    let nameless = LinkTransfer { incident: "No Name".into(), ..transfer(&stranger, 4) };
    let ours = LinkTransfer { origin_key: own, ..transfer(&stranger, 4) };
    let keyless = LinkTransfer { origin_key: Bytes::from_static(b"k"), ..transfer(&stranger, 4) };
    let bomb = LinkTransfer { unpacked_bytes: u32::MAX, ..transfer(&stranger, 4) };
    let unasked =
        LinkTransfer { fill_lane: Lane::Routine.into(), last: 4, ..transfer(&stranger, 4) };
    let cases = [
        ("FILL_UNASKED", vec![part(Lane::Bulk, Some(unasked.clone()), vec![1; 4], true)]),
        ("PART_MALFORMED", vec![part(Lane::Routine, Some(unasked), vec![1; 4], true)]),
        ("PART_MALFORMED", vec![part(Lane::Bulk, None, vec![1], true)]),
        ("PART_MALFORMED", vec![part(Lane::Unspecified, sized(4), vec![1; 4], true)]),
        ("PART_MALFORMED", vec![part(Lane::Bulk, sized(u32::MAX), vec![], false)]),
        ("PART_MALFORMED", vec![part(Lane::Bulk, sized(2), vec![1; 3], true)]),
        ("PART_MALFORMED", vec![part(Lane::Bulk, sized(9), vec![1; 3], true)]),
        ("PART_MALFORMED", vec![part(Lane::Bulk, Some(nameless), vec![1; 4], true)]),
        ("PART_MALFORMED", vec![part(Lane::Bulk, Some(keyless), vec![1; 4], true)]),
        ("PART_MALFORMED", vec![part(Lane::Bulk, Some(bomb), vec![1; 4], true)]),
        ("OWN_FEED", vec![part(Lane::Bulk, Some(ours), vec![1; 4], true)]),
        ("RECORD_UNSOUND", vec![part(Lane::Routine, sized(4), vec![0xff; 4], true)]),
        ("RECORD_UNSOUND", vec![part(Lane::Urgent, sized(0), vec![], true)]),
        (
            "CREDIT_EXCEEDED",
            // More at once than is ever granted before anything was measured.
            vec![part(Lane::Bulk, sized(9 << 20), vec![0; 100_000], false)],
        ),
    ];
    for (reason, frames) in cases {
        let mut peer = Peer::connect(&node).await;
        peer.greet().await;
        for frame in frames.clone() {
            peer.say(frame).await;
        }
        assert_eq!(peer.farewell().await.reason, reason, "{frames:?}");
    }

    let after = node.status().await;
    assert_eq!((before.lsn, before.entry_count), (after.lsn, after.entry_count));
    assert!(node.verdict().await.sound);
    node.put(&observation("flood", "the node goes on")).await;
}
