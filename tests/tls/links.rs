//! Links over TLS: by a charter, by key ids of the configuration, and by nothing.

use polder_picture::record::Signer;
use polder_wire::v1::{
    EntryFilter, LinkFrame, LinkHello, SessionRequest, link_frame::Kind,
    link_service_client::LinkServiceClient,
};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;

use crate::{harness::*, world::*};

#[tokio::test(flavor = "multi_thread")]
async fn two_nodes_that_the_charter_certifies_link_over_tls_and_become_one_picture() {
    let homes = [Home::new(), Home::new()];
    let (_, said) = charter(&[(&homes[0], "police"), (&homes[1], "water")]);
    let a = encrypted(&homes[0], &[]).await;
    let b = encrypted(&homes[1], &["--link", &a.address()]).await;
    // Without a charter nobody is spoken with, on neither side.
    links_tell(&b, "neither the charter nor the configuration").await;
    say(&a, &said).await;
    say(&b, &said).await;
    a.open("flood").await;
    a.put(&observation("flood", "from a")).await;
    shows(&b, "from a").await;
    b.put(&observation("flood", "from b")).await;
    shows(&a, "from b").await;
    assert!(!a.stderr.lock().unwrap().contains("not encrypted"));
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_charter_the_key_ids_of_both_configurations_decide() {
    let homes = [Home::new(), Home::new(), Home::new()];
    let [a_id, b_id, c_id] = [0, 1, 2].map(|at| id_of(&homes[at]));
    let file = |home: &Home, text: String| {
        let file = home.beside("polder.toml");
        std::fs::write(&file, text).unwrap();
        file.to_str().unwrap().to_owned()
    };
    let accepts = file(&homes[0], format!("[peers]\naccept = [\"{b_id}\"]\n"));
    let a = encrypted(&homes[0], &["--config", &accepts]).await;
    let dials = |node| format!("[[peers.dial]]\naddress = \"{}\"\nnode = \"{node}\"\n", a.listen);
    let named = file(&homes[1], dials(a_id));
    let b = encrypted(&homes[1], &["--config", &named]).await;
    a.open("flood").await;
    a.put(&observation("flood", "for b")).await;
    shows(&b, "for b").await;

    // Of a stranger the certificate is sound, and it is not named.
    let stranger = file(&homes[2], dials(a_id));
    let c = encrypted(&homes[2], &["--config", &stranger]).await;
    links_tell(&c, "does not know this node").await;
    assert!(c.list(EntryFilter::default()).await.is_empty());
    said_line(&a, &format!("node=\"{c_id}\"")).await;
    // And b, told to expect another node there, does not speak with a.
    drop(b);
    let wrong = file(&homes[1], dials(c_id));
    let b = encrypted(&homes[1], &["--config", &wrong]).await;
    links_tell(&b, "another node answers").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_under_another_key_than_its_connection_is_refused() {
    let homes = [Home::new(), Home::new()];
    let (_, said) = charter(&[(&homes[0], "police"), (&homes[1], "water")]);
    let a = encrypted(&homes[0], &[]).await;
    say(&a, &said).await;
    let certified = signer_of(&homes[1]);
    for (speaks, expected) in [(Signer::new(&[9; 32]), "KEY_DIFFERS"), (certified.clone(), "")] {
        let channel = channel(a.listen, Some(sound(&certified))).await;
        let (frames, requests) = mpsc::channel(8);
        let mut client = LinkServiceClient::new(channel);
        let mut answers = client.session(ReceiverStream::new(requests)).await.unwrap().into_inner();
        let nonce: [u8; 16] = rand::random();
        let own = bytes::Bytes::copy_from_slice(speaks.public().as_bytes());
        let hello = LinkHello {
            version_min: 1,
            version_max: 1,
            public_key: own.clone(),
            display_name: "x".into(),
            party: "x".into(),
            store_id: bytes::Bytes::from_static(&[7; 16]),
            nonce: nonce.to_vec().into(),
            credit_bytes: 100_000,
            ..Default::default()
        };
        let frame = |kind| SessionRequest { frame: Some(LinkFrame { kind: Some(kind) }) };
        frames.send(frame(Kind::Hello(hello))).await.unwrap();
        let ended = loop {
            let answer = tokio::time::timeout(PATIENCE, answers.message()).await.unwrap();
            match answer.unwrap().unwrap().frame.unwrap().kind.unwrap() {
                Kind::Hello(theirs) => {
                    let proven = [&theirs.nonce[..], &nonce, &theirs.public_key, &own[..]].concat();
                    let signature = speaks.sign_bytes(b"polder link v1\n", &proven);
                    let proof = polder_wire::v1::LinkProof { signature: signature.to_vec().into() };
                    frames.send(frame(Kind::Proof(proof))).await.unwrap();
                }
                Kind::Bye(bye) => break bye.reason,
                Kind::Proof(_) | Kind::Credit(_) => {}
                // With the right key it goes on to what it is for.
                _ => break String::new(),
            }
        };
        assert_eq!(ended, expected);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_but_a_node_opens_a_session_on_a_port_for_tls() {
    let home = Home::new();
    let a = encrypted(&home, &[]).await;
    let (_frames, requests) = mpsc::channel::<SessionRequest>(1);
    let mut client = LinkServiceClient::new(channel(a.listen, None).await);
    let refused = client.session(ReceiverStream::new(requests)).await.unwrap_err();
    assert_eq!(refused.code(), tonic::Code::PermissionDenied);
    assert_eq!(reason(&refused), "PEER_NOT_ALLOWED");
}
