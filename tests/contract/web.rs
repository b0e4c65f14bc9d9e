//! gRPC-Web, as a browser sends it: HTTP/1.1, after asking whether it may.

use std::net::SocketAddr;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use polder_wire::v1::*;
use prost::Message as _;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use crate::harness::*;

/// Status line and headers in lower case, and the body without its chunk marks.
async fn http(address: SocketAddr, head: &str, body: &[u8]) -> (String, Vec<u8>) {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let head = format!(
        "{head}\r\nhost: {address}\r\norigin: https://kaart.example\r\ncontent-length: {}\r\n\
         connection: close\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.write_all(body).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    let end = answer.windows(4).position(|window| window == b"\r\n\r\n").unwrap();
    let head = String::from_utf8(answer[..end].to_vec()).unwrap().to_lowercase();
    let body = answer[end + 4..].to_vec();
    let body = if head.contains("transfer-encoding: chunked") { unchunk(&body) } else { body };
    (head, body)
}

fn unchunk(mut body: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    loop {
        let end = body.windows(2).position(|window| window == b"\r\n").unwrap();
        let size = usize::from_str_radix(std::str::from_utf8(&body[..end]).unwrap(), 16).unwrap();
        if size == 0 {
            return out;
        }
        out.extend_from_slice(&body[end + 2..end + 2 + size]);
        body = &body[end + 4 + size..];
    }
}

fn frame(message: &impl prost::Message) -> Vec<u8> {
    let message = message.encode_to_vec();
    let mut frame = vec![0];
    frame.extend_from_slice(&(message.len() as u32).to_be_bytes());
    frame.extend_from_slice(&message);
    frame
}

/// Messages and trailers of a body.
fn frames(mut body: &[u8]) -> (Vec<Vec<u8>>, String) {
    let (mut messages, mut trailers) = (Vec::new(), String::new());
    while let Some((head, rest)) = body.split_first_chunk::<5>() {
        let length = u32::from_be_bytes([head[1], head[2], head[3], head[4]]) as usize;
        if head[0] & 0x80 == 0 {
            messages.push(rest[..length].to_vec());
        } else {
            trailers.push_str(std::str::from_utf8(&rest[..length]).unwrap());
        }
        body = &rest[length..];
    }
    (messages, trailers.to_lowercase())
}

fn call(method: &str, content_type: &str) -> String {
    format!(
        "POST /polder.v1.PictureService/{method} HTTP/1.1\r\ncontent-type: {content_type}\r\n\
         x-grpc-web: 1"
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_may_ask_read_and_see_why_it_was_refused() {
    let home = Home::new();
    let node = home.start().await;
    node.open("flood").await;
    let entry = observation("flood", "seen in a browser");
    node.put(&entry).await;

    let preflight = "OPTIONS /polder.v1.PictureService/GetEntry HTTP/1.1\r\n\
        access-control-request-method: POST\r\n\
        access-control-request-headers: content-type,x-grpc-web,grpc-timeout";
    let (head, _) = http(node.listen, preflight, b"").await;
    assert!(head.starts_with("http/1.1 200") || head.starts_with("http/1.1 204"), "{head}");
    assert!(head.contains("access-control-allow-origin: *"), "{head}");
    assert!(head.contains("access-control-allow-methods: *") || head.contains("post"), "{head}");
    let allows = head.lines().find(|line| line.starts_with("access-control-allow-headers"));
    let allows = allows.expect("allowed headers");
    assert!(allows.contains('*') || allows.contains("x-grpc-web"), "{allows}");

    let request = GetEntryRequest { name: entry.name.clone() };
    let (head, body) =
        http(node.listen, &call("GetEntry", "application/grpc-web+proto"), &frame(&request)).await;
    assert!(head.starts_with("http/1.1 200"), "{head}");
    assert!(head.contains("content-type: application/grpc-web"), "{head}");
    let exposed = head.lines().find(|line| line.starts_with("access-control-expose-headers"));
    let exposed = exposed.expect("exposed headers");
    for header in ["grpc-status", "grpc-message", "grpc-status-details-bin"] {
        assert!(exposed.contains(header), "{exposed}");
    }
    let (messages, trailers) = frames(&body);
    let answer = GetEntryResponse::decode(&messages[0][..]).unwrap();
    assert_eq!(decode(&answer.entry).name, entry.name);
    assert!(
        trailers.contains("grpc-status:0") || trailers.contains("grpc-status: 0"),
        "{trailers}"
    );

    // As text, for browsers that cannot read bytes.
    let text = STANDARD.encode(frame(&request));
    let head = call("GetEntry", "application/grpc-web-text");
    let head = format!("{head}\r\naccept: application/grpc-web-text");
    let (head, body) = http(node.listen, &head, text.as_bytes()).await;
    assert!(head.contains("content-type: application/grpc-web-text"), "{head}");
    assert!(!body.is_empty());

    let wrong = GetEntryRequest { name: "nothing".into() };
    let (head, body) =
        http(node.listen, &call("GetEntry", "application/grpc-web+proto"), &frame(&wrong)).await;
    let told = format!("{head}\n{}", frames(&body).1);
    assert!(told.contains("grpc-status: 3") || told.contains("grpc-status:3"), "{told}");
    assert!(told.contains("grpc-status-details-bin"), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_may_publish_and_follow() {
    let home = Home::new();
    let mut node = home.start().await;
    node.open("flood").await;
    let entry = observation("flood", "written in a browser");
    let request = PublishEntriesRequest { items: vec![item(&entry)], ..Default::default() };
    let (_, body) =
        http(node.listen, &call("PublishEntries", "application/grpc-web+proto"), &frame(&request))
            .await;
    let answer = PublishEntriesResponse::decode(&frames(&body).0[0][..]).unwrap();
    assert_eq!(outcomes(answer).remove(0).unwrap().name, entry.name);
    // A stream ends, with its trailers, when the node does.
    let address = node.listen;
    let following = tokio::spawn(async move {
        let request = frame(&SubscribeRequest::default());
        http(address, &call("Subscribe", "application/grpc-web+proto"), &request).await
    });
    while node.status().await.subscriber_count == 0 {
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    node.stop();
    let (messages, trailers) = frames(&following.await.unwrap().1);
    assert!(
        trailers.contains("grpc-status:0") || trailers.contains("grpc-status: 0"),
        "{trailers}"
    );
    let last = SubscribeResponse::decode(&messages.last().unwrap()[..]).unwrap();
    let Some(subscribe_response::Event::Progress(progress)) = last.event else {
        panic!("the last message is no progress")
    };
    assert!(progress.ending);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deadline_that_has_passed_is_told_as_one_by_the_node() {
    let home = Home::new();
    let node = home.start().await;
    node.open("flood").await;
    // By hand, for a generated client has a timer of its own.
    let items = (0..300).map(|_| item(&observation("flood", "x"))).collect();
    let request = PublishEntriesRequest { items, ..Default::default() };
    for timeout in ["1n", "1u", "0m"] {
        let head = call("PublishEntries", "application/grpc-web+proto");
        let head = format!("{head}\r\ngrpc-timeout: {timeout}");
        let (head, body) = http(node.listen, &head, &frame(&request)).await;
        let told = format!("{head}\n{}", frames(&body).1);
        assert!(told.contains("grpc-status: 4") || told.contains("grpc-status:4"), "{told}");
    }
    let (head, body) = http(
        node.listen,
        &format!("{}\r\ngrpc-timeout: 20S", call("PublishEntries", "application/grpc-web+proto")),
        &frame(&request),
    )
    .await;
    assert_eq!(frames(&body).0.len(), 1, "{head}");
    assert!(node.verdict().await.sound);
}
