//! The page and gRPC-Web, as a browser asks for them: over HTTP/1.1, from pages of the node itself.

use std::net::SocketAddr;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use polder_wire::v1::*;
use prost::Message as _;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use crate::harness::*;

/// Status line and headers in lower case, and the body without its chunk marks; from the own page.
async fn http(address: SocketAddr, head: &str, body: &[u8]) -> (String, Vec<u8>) {
    let own = format!("{head}\r\nhost: {address}\r\norigin: http://{address}");
    raw(address, &own, body).await
}

/// The same with nothing said of host or origin that the head does not say.
async fn raw(address: SocketAddr, head: &str, body: &[u8]) -> (String, Vec<u8>) {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let head = format!("{head}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", body.len());
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
async fn the_page_may_ask_read_and_see_why_it_was_refused() {
    let home = Home::new();
    let node = home.start().await;
    node.open("flood").await;
    let entry = observation("flood", "seen in a browser");
    node.put(&entry).await;

    let request = GetEntryRequest { name: entry.name.clone() };
    let (head, body) =
        http(node.listen, &call("GetEntry", "application/grpc-web+proto"), &frame(&request)).await;
    assert!(head.starts_with("http/1.1 200"), "{head}");
    assert!(head.contains("content-type: application/grpc-web"), "{head}");
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
async fn the_page_may_publish_and_follow() {
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

/// Whether publishing one entry with these headers was let through, and what was said.
async fn publishes(node: &Running, headers: &str) -> (bool, String) {
    let entry = observation("flood", "from a page");
    let request = PublishEntriesRequest { items: vec![item(&entry)], ..Default::default() };
    let head = call("PublishEntries", "application/grpc-web+proto");
    let (head, _) = raw(node.listen, &format!("{head}{headers}"), &frame(&request)).await;
    let stored = node.get(&entry.name).await.is_ok();
    assert_eq!(stored, head.starts_with("http/1.1 200"), "{head}");
    (stored, head)
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_of_others_are_refused_whatever_they_call_themselves() {
    let home = Home::new();
    let node = home.start_with("[serve]\nweb_name = [\"kaart.example\"]\n").await;
    node.open("flood").await;
    let (own, port) = (node.listen, node.listen.port());
    for allowed in [
        format!("\r\nhost: {own}\r\norigin: http://{own}"),
        format!("\r\nhost: {own}"),
        format!("\r\nhost: localhost:{port}\r\norigin: http://localhost:{port}"),
        format!("\r\nhost: [::1]:{port}\r\norigin: http://[::1]:{port}"),
        "\r\nhost: Kaart.Example\r\norigin: https://kaart.example".to_owned(),
    ] {
        let (stored, said) = publishes(&node, &allowed).await;
        assert!(stored, "{allowed}: {said}");
        assert!(!said.contains("access-control-allow"), "{said}");
        assert!(said.contains("x-accel-buffering: no"), "{said}");
    }
    for refused in [
        // Of another site, another port, a sandbox, or nothing that can be read.
        format!("\r\nhost: {own}\r\norigin: https://evil.example"),
        format!("\r\nhost: {own}\r\norigin: http://127.0.0.1:1"),
        format!("\r\nhost: {own}\r\norigin: http://localhost:{port}"),
        format!("\r\nhost: {own}\r\norigin: null"),
        format!("\r\nhost: {own}\r\norigin: "),
        format!("\r\nhost: {own}\r\norigin: file://{own}"),
        format!("\r\nhost: {own}\r\norigin: http://{own}\r\norigin: https://evil.example"),
        format!("\r\nhost: {own}\r\norigin: http://{own}.evil.example"),
        // A name of somebody else's that was made to lead here.
        format!("\r\nhost: evil.example:{port}\r\norigin: http://evil.example:{port}"),
        format!("\r\nhost: evil.example:{port}"),
        format!("\r\nhost: 127.0.0.1.evil.example:{port}"),
        format!("\r\nhost: localhost@evil.example:{port}"),
        format!("\r\nhost: evil.example@127.0.0.1:{port}"),
        "\r\nhost: 10.0.0.1".to_owned(),
        "\r\nhost: ".to_owned(),
        String::new(),
    ] {
        let (stored, said) = publishes(&node, &refused).await;
        assert!(!stored, "{refused}: {said}");
        assert!(said.starts_with("http/1.1 403") || said.starts_with("http/1.1 400"), "{said}");
    }
    // A browser that asks first hears no.
    let preflight = format!(
        "OPTIONS /polder.v1.PictureService/GetEntry HTTP/1.1\r\nhost: {own}\r\n\
         origin: https://evil.example\r\naccess-control-request-method: POST"
    );
    let (head, _) = raw(own, &preflight, b"").await;
    assert!(head.starts_with("http/1.1 403"), "{head}");
    assert!(!head.contains("access-control-allow"), "{head}");
}

#[tokio::test(flavor = "multi_thread")]
async fn plain_grpc_with_an_origin_is_refused_too() {
    let home = Home::new();
    let node = home.start().await;
    node.open("flood").await;
    let ask = |origin: String| {
        let mut request = tonic::Request::new(GetNodeStatusRequest {});
        request.metadata_mut().insert("origin", origin.parse().unwrap());
        request
    };
    let refused = node.node().get_node_status(ask("https://evil.example".into())).await;
    assert_eq!(refused.unwrap_err().code(), tonic::Code::PermissionDenied);
    node.node().get_node_status(ask(format!("http://{}", node.listen))).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_is_served_packed_guarded_and_only_once() {
    let home = Home::new();
    let node = home.start().await;
    let get = |path: &str, headers: &str| {
        let head = format!("GET {path} HTTP/1.1\r\nhost: {}{headers}", node.listen);
        async move { raw(node.listen, &head, b"").await }
    };
    let value = |head: &str, name: &str| {
        let line = head.lines().find_map(|line| line.strip_prefix(&format!("{name}: ")));
        line.unwrap_or_default().to_owned()
    };
    for file in polder_web::files() {
        let path = format!("/{}", file.path);
        let (head, plain) = get(&path, "").await;
        assert!(head.starts_with("http/1.1 200"), "{head}");
        assert_eq!(plain.len(), file.size);
        assert_eq!(value(&head, "content-type"), file.media_type());
        assert_eq!(value(&head, "x-content-type-options"), "nosniff");
        assert_eq!(value(&head, "referrer-policy"), "no-referrer");
        let policy = value(&head, "content-security-policy");
        assert!(policy.contains("default-src 'self'"), "{policy}");
        assert!(!policy.contains("unsafe"), "{policy}");
        let (head, packed) = get(&path, "\r\naccept-encoding: br, gzip").await;
        assert_eq!(value(&head, "content-encoding"), "gzip");
        assert_eq!(packed, file.packed);
        let tag = value(&head, "etag");
        let known = format!("\r\naccept-encoding: gzip\r\nif-none-match: \"x\", {tag}");
        let (head, nothing) = get(&path, &known).await;
        assert!(head.starts_with("http/1.1 304"), "{head}");
        assert_eq!((value(&head, "etag"), nothing.len()), (tag.clone(), 0));
        // The packed bytes are not the plain ones.
        let (head, _) = get(&path, &format!("\r\nif-none-match: {tag}")).await;
        assert!(head.starts_with("http/1.1 200"), "{head}");
    }
    let (head, page) = get("/", "\r\naccept-encoding: gzip;q=0").await;
    assert_eq!(value(&head, "content-encoding"), "");
    assert!(page.starts_with(b"<!doctype html>"));
    let head = format!("HEAD / HTTP/1.1\r\nhost: {}", node.listen);
    let (head, nothing) = raw(node.listen, &head, b"").await;
    assert!(head.starts_with("http/1.1 200"), "{head}");
    assert_eq!((value(&head, "content-length"), nothing.len()), (page.len().to_string(), 0));
    for nothing in ["/nothing", "/../Cargo.toml", "/%2e%2e/Cargo.toml", "//index.html"] {
        assert!(get(nothing, "").await.0.starts_with("http/1.1 404"), "{nothing}");
    }
    // What is asked of one host and sent to another is neither's.
    let torn = format!("GET http://evil.example/ HTTP/1.1\r\nhost: {}", node.listen);
    assert!(raw(node.listen, &torn, b"").await.0.starts_with("http/1.1 403"));
    // A link from elsewhere may lead here; a name from elsewhere may not.
    let strange = "GET / HTTP/1.1\r\nhost: evil.example";
    assert!(raw(node.listen, strange, b"").await.0.starts_with("http/1.1 403"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_can_be_switched_off() {
    let home = Home::new();
    let node = home.start_with("[serve]\nno_web = true\n").await;
    let head = format!("GET / HTTP/1.1\r\nhost: {}", node.listen);
    assert!(raw(node.listen, &head, b"").await.0.starts_with("http/1.1 404"));
    node.open("flood").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn layers_of_the_operator_are_listed_and_read_and_nothing_else_of_the_disk() {
    let home = Home::new();
    let node = home.start().await;
    let get = |path: &str, headers: &str| {
        let head = format!("GET {path} HTTP/1.1\r\nhost: {}{headers}", node.listen);
        async move { raw(node.listen, &head, b"").await }
    };
    let (head, nothing) = get("/layers", "").await;
    assert!(head.starts_with("http/1.1 200"), "{head}");
    assert_eq!(nothing, br#"{"layers":[],"leftOut":0}"#);

    let layers = home.data().join("layers");
    std::fs::create_dir(&layers).unwrap();
    std::fs::write(layers.join("dikes.geojson"), br#"{"type":"FeatureCollection"}"#).unwrap();
    std::fs::write(layers.join("streets.pmtiles"), b"PMTiles0123456789").unwrap();
    std::fs::write(layers.join("notes.txt"), b"not for the map").unwrap();
    std::fs::write(home.data().join("secret.geojson"), b"elsewhere").unwrap();
    std::os::unix::fs::symlink("../secret.geojson", layers.join("link.geojson")).unwrap();
    let large = std::fs::File::create(layers.join("large.geojson")).unwrap();
    large.set_len((16 << 20) + 1).unwrap();
    let listed: serde_json::Value = serde_json::from_slice(&get("/layers", "").await.1).unwrap();
    let names = listed["layers"].as_array().unwrap();
    let names: Vec<_> = names.iter().map(|layer| layer["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["dikes.geojson", "large.geojson", "streets.pmtiles"]);
    assert_eq!(listed["layers"][1]["tooLarge"], true);

    let (head, body) = get("/layers/dikes.geojson", "").await;
    assert!(head.contains("content-type: application/geo+json"), "{head}");
    assert!(head.contains("content-security-policy: "), "{head}");
    assert_eq!(body, br#"{"type":"FeatureCollection"}"#);
    let tag = head.lines().find_map(|line| line.strip_prefix("etag: ")).unwrap().to_owned();
    let known = format!("\r\nif-none-match: {tag}");
    let (head, body) = get("/layers/dikes.geojson", &known).await;
    assert!(head.starts_with("http/1.1 304") && body.is_empty(), "{head}");
    let (head, body) = get("/layers/streets.pmtiles", "\r\nrange: bytes=7-9").await;
    assert!(head.starts_with("http/1.1 206"), "{head}");
    assert!(head.contains("content-range: bytes 7-9/17"), "{head}");
    assert_eq!(body, b"012");
    assert!(get("/layers/streets.pmtiles", "").await.0.starts_with("http/1.1 416"));
    let beyond = get("/layers/streets.pmtiles", "\r\nrange: bytes=99-").await.0;
    assert!(beyond.starts_with("http/1.1 416") && beyond.contains("bytes */17"), "{beyond}");
    assert!(get("/layers/large.geojson", "").await.0.starts_with("http/1.1 413"));
    for nothing in [
        "notes.txt",
        "link.geojson",
        "",
        "..",
        "../secret.geojson",
        "%2e%2e/secret.geojson",
        "..%2fsecret.geojson",
        "../identity/node.key",
    ] {
        let (head, _) = get(&format!("/layers/{nothing}"), "").await;
        assert!(head.starts_with("http/1.1 404"), "{nothing}: {head}");
    }
    let strange = "GET /layers HTTP/1.1\r\nhost: evil.example";
    assert!(raw(node.listen, strange, b"").await.0.starts_with("http/1.1 403"));
    // Switches are for the demo only.
    assert!(get("/demo", "").await.0.starts_with("http/1.1 404"));
}
