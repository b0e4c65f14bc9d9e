//! What comes to a port for TLS that is no TLS 1.3, or never becomes any; and the reverse.

use std::time::Duration;

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use crate::{harness::*, world::*};

/// Everything that a node answers until it closes, and the connection, which may be reset.
async fn answer(node: &Running, bytes: &[u8]) -> (Vec<u8>, TcpStream) {
    let mut stream = TcpStream::connect(node.listen).await.unwrap();
    stream.write_all(bytes).await.unwrap();
    let mut said = Vec::new();
    let read = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut said)).await;
    let _ = read.expect("it is closed");
    (said, stream)
}

async fn serves(node: &Running) {
    assert!(channel_serves(node).await, "the node serves no longer");
}

async fn channel_serves(node: &Running) -> bool {
    let channel = channel(node.listen, None).await;
    let request = polder_wire::v1::GetNodeStatusRequest {};
    let mut client = polder_wire::v1::node_service_client::NodeServiceClient::new(channel);
    client.get_node_status(request).await.is_ok()
}

#[tokio::test(flavor = "multi_thread")]
async fn plain_text_on_a_port_for_tls_is_told_so_and_serves_nobody() {
    let home = Home::new();
    let node = encrypted(&home, &[]).await;
    for asked in [
        &b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n"[..],
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0",
        b"hello?",
    ] {
        let (said, mut stream) = answer(&node, asked).await;
        let said = String::from_utf8(said).unwrap();
        assert!(said.starts_with("HTTP/1.1 400 ") && said.contains("speaks TLS"), "{said:?}");
        // Who was still writing reads that answer, and does not fail before.
        stream.write_all(b"and so on").await.expect("it is not reset");
        tokio::time::sleep(Duration::from_millis(20)).await;
        stream.write_all(b"and on").await.expect("it is not reset");
    }
    let address = node.address();
    let (code, told) = said(&run(&["status", "--node", &address]));
    assert!(code == 4 && told.contains("speaks TLS there"), "{code} {told}");
    serves(&node).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn tls_on_a_plain_port_is_told_so() {
    let home = Home::new();
    let node = home.start().await;
    let id = id_of(&home).to_string();
    let (code, told) = said(&run(&["status", "--node", &node.address(), "--node-key", &id]));
    assert!(code == 4 && told.contains("does not speak TLS there"), "{code} {told}");
    assert!(node.stderr.lock().unwrap().contains("not encrypted: loopback only"));
    // A link that was told to be encrypted does not fall back.
    let other = Home::new();
    let b = encrypted(&other, &["--link", &node.address()]).await;
    links_tell(&b, "does not speak TLS there").await;
}

/// A ClientHello of TLS 1.2: no word of supported versions.
fn old_hello() -> Vec<u8> {
    let mut body = vec![0x03, 0x03];
    body.extend([7; 32]);
    body.push(0);
    // ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, and no compression.
    body.extend([0, 2, 0xc0, 0x2b, 1, 0]);
    // Groups: x25519. Signatures: ecdsa_secp256r1_sha256.
    let extensions = [&[0, 10, 0, 4, 0, 2, 0, 29][..], &[0, 13, 0, 4, 0, 2, 0x04, 0x03]].concat();
    body.extend((extensions.len() as u16).to_be_bytes());
    body.extend(extensions);
    let mut message = vec![1, 0];
    message.extend((body.len() as u16).to_be_bytes());
    message.extend(body);
    let mut record = vec![0x16, 0x03, 0x01];
    record.extend((message.len() as u16).to_be_bytes());
    record.extend(message);
    record
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_of_tls_1_2_is_refused_for_its_version() {
    let home = Home::new();
    let node = encrypted(&home, &[]).await;
    let (said, _) = answer(&node, &old_hello()).await;
    // An alert, fatal: protocol_version.
    assert_eq!((said.first(), &said[5..7]), (Some(&21), &[2, 70][..]), "{said:02x?}");
    serves(&node).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn garbage_costs_the_node_nothing() {
    let home = Home::new();
    let node = encrypted(&home, &[]).await;
    for round in 0..200 {
        let mut bytes: Vec<u8> =
            (0..rand::random_range(1..2_000)).map(|_| rand::random()).collect();
        // Half of it begins as a handshake does.
        if round % 2 == 0 {
            bytes.splice(0..1, [0x16, 0x03, 0x01]);
        }
        let mut stream = TcpStream::connect(node.listen).await.unwrap();
        let _ = stream.write_all(&bytes).await;
        if round % 3 == 0 {
            let mut said = Vec::new();
            let _ = tokio::time::timeout(Duration::from_millis(50), stream.read_to_end(&mut said))
                .await;
        }
    }
    serves(&node).await;
    assert!(!node.stderr.lock().unwrap().contains("panicked"));
}

#[tokio::test(flavor = "multi_thread")]
async fn clients_that_stall_in_the_handshake_keep_nobody_out() {
    let home = Home::new();
    let node = encrypted(&home, &[]).await;
    let mut stalled = Vec::new();
    // Three times as many as the node keeps under way: some say nothing, some half a hello.
    for at in 0..768 {
        let mut stream = TcpStream::connect(node.listen).await.unwrap();
        if at % 2 == 0 {
            stream.write_all(&old_hello()[..20]).await.unwrap();
        }
        stalled.push(stream);
    }
    serves(&node).await;
    // The oldest made room: nobody waits for a time to pass.
    let mut said = Vec::new();
    let first = stalled[0].read_to_end(&mut said);
    let _ = tokio::time::timeout(Duration::from_secs(20), first).await.expect("it is closed");
    serves(&node).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_session_is_ever_resumed() {
    let home = Home::new();
    let node = encrypted(&home, &[]).await;
    let config = client(None);
    for _ in 0..3 {
        let name = polder::tls::identity::server_name(None);
        let mut stream = shake(node.listen, &config, name).await.unwrap();
        stream.write_all(b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n").await.unwrap();
        let mut said = [0; 12];
        stream.read_exact(&mut said).await.unwrap();
        assert_eq!(&said, b"HTTP/1.1 200");
        let kind = stream.get_ref().1.handshake_kind();
        assert_eq!(kind, Some(rustls::HandshakeKind::Full));
        assert_eq!(stream.get_ref().1.tls13_tickets_received(), 0);
    }
}
