//! What surrounds the methods: health, reflection, deadlines, status, metrics, an orderly end.

use std::time::Duration;

use polder_wire::v1::*;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio_stream::StreamExt as _;
use tonic::Code;
use tonic_health::pb::{
    HealthCheckRequest, health_check_response::ServingStatus, health_client::HealthClient,
};

use crate::harness::*;

const SERVICES: [&str; 5] = [
    "",
    "polder.v1.PictureService",
    "polder.v1.IncidentService",
    "polder.v1.AttachmentService",
    "polder.v1.NodeService",
];

#[tokio::test(flavor = "multi_thread")]
async fn each_service_is_healthy_until_sigterm_and_says_so_before_the_end() {
    let home = Home::new();
    let mut node = home.start().await;
    let mut watches = Vec::new();
    for service in SERVICES {
        let mut health = HealthClient::new(node.channel.clone());
        let request = HealthCheckRequest { service: service.into() };
        let mut watch = health.watch(request).await.unwrap().into_inner();
        let first = watch.message().await.unwrap().unwrap();
        assert_eq!(first.status(), ServingStatus::Serving, "{service}");
        watches.push((service, watch));
    }
    let mut health = HealthClient::new(node.channel.clone());
    let unknown = HealthCheckRequest { service: "polder.v1.Nothing".into() };
    assert_eq!(health.check(unknown).await.unwrap_err().code(), Code::NotFound);
    let started = std::time::Instant::now();
    node.signal_term();
    for (service, watch) in &mut watches {
        let next = watch.message().await.unwrap().unwrap();
        assert_eq!(next.status(), ServingStatus::NotServing, "{service}");
    }
    drop(watches);
    assert_eq!(node.wait().code(), Some(0));
    assert!(started.elapsed() < Duration::from_secs(15));
    assert!(node.stderr.lock().unwrap().contains("Stopped."));
}

#[tokio::test(flavor = "multi_thread")]
async fn reflection_tells_the_services_and_their_types_in_both_versions() {
    use tonic_reflection::pb::{v1, v1alpha};
    let home = Home::new();
    let node = home.start().await;
    macro_rules! ask {
        ($version:ident, $what:expr) => {{
            use $version::{
                server_reflection_client::ServerReflectionClient,
                server_reflection_request::MessageRequest as Ask, *,
            };
            let request =
                ServerReflectionRequest { host: String::new(), message_request: Some($what) };
            let _: Option<Ask> = None;
            let mut client = ServerReflectionClient::new(node.channel.clone());
            let stream = client.server_reflection_info(tokio_stream::once(request)).await.unwrap();
            stream.into_inner().next().await.unwrap().unwrap().message_response.unwrap()
        }};
    }
    let mut told = Vec::new();
    {
        use v1::{
            server_reflection_request::MessageRequest as Ask,
            server_reflection_response::MessageResponse as Say,
        };
        let Say::ListServicesResponse(list) = ask!(v1, Ask::ListServices(String::new())) else {
            panic!()
        };
        told.push(list.service.into_iter().map(|service| service.name).collect::<Vec<_>>());
        let symbol = Ask::FileContainingSymbol("polder.v1.PictureService.Subscribe".into());
        assert!(matches!(ask!(v1, symbol), Say::FileDescriptorResponse(_)));
    }
    {
        use v1alpha::{
            server_reflection_request::MessageRequest as Ask,
            server_reflection_response::MessageResponse as Say,
        };
        let Say::ListServicesResponse(list) = ask!(v1alpha, Ask::ListServices(String::new()))
        else {
            panic!()
        };
        told.push(list.service.into_iter().map(|service| service.name).collect::<Vec<_>>());
        let symbol = Ask::FileContainingSymbol("polder.v1.Entry".into());
        assert!(matches!(ask!(v1alpha, symbol), Say::FileDescriptorResponse(_)));
    }
    for names in told {
        for service in SERVICES.iter().skip(1) {
            assert!(names.iter().any(|name| name == service), "{service} not in {names:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_status_tells_who_the_node_is_and_how_it_does() {
    let home = Home::of("sled");
    let node = home.start().await;
    node.open("flood").await;
    let mut urgent = observation("flood", "now");
    urgent.assessment =
        Some(Assessment { urgency: Urgency::Immediate.into(), ..Default::default() });
    let published = node.put(&urgent).await;
    node.put(&observation("flood", "later")).await;
    let _following = node.picture().subscribe(SubscribeRequest::default()).await.unwrap();
    let status = node.status().await;
    assert_eq!((status.health(), status.problems.len()), (Health::Ok, 0));
    assert_eq!((status.lsn, status.record_count), (3, 3));
    assert_eq!((status.entry_count, status.incident_count), (2, 1));
    assert_eq!((status.party.as_str(), status.public_key.len()), ("parties/tester", 32));
    assert_eq!(status.subscriber_count, 1);
    let store = status.store.unwrap();
    assert_eq!((store.engine.as_str(), store.accepting.len()), ("sled", 3));
    assert!(store.size_bytes > 0 && store.disk_free_bytes > 0);
    let sequences: Vec<_> = status.feeds.iter().map(|f| (f.lane(), f.sequence)).collect();
    assert_eq!(sequences, [(Lane::Urgent, 2), (Lane::Routine, 1)]);
    assert!(status.feeds.iter().all(|f| f.node == status.node && f.head.len() == 32));
    assert_eq!(published.version, format!("{}-2", status.feeds[0].feed));
    let verdict = node.verdict().await;
    assert!(verdict.sound && verdict.bad_record.is_none());
    assert_eq!(verdict.signatures_checked, 3);
}

async fn http(address: std::net::SocketAddr, path: &str) -> String {
    let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nhost: polder\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

#[tokio::test(flavor = "multi_thread")]
async fn metrics_and_health_are_served_on_the_admin_port() {
    let home = Home::new();
    let node = home.start().await;
    node.open("flood").await;
    node.put(&observation("flood", "x")).await;
    let mut bad = observation("flood", "x");
    bad.statement = 0;
    node.try_put(item(&bad)).await.unwrap_err();
    let metrics = http(node.admin, "/metrics").await;
    assert!(metrics.starts_with("HTTP/1.1 200"), "{metrics}");
    for line in [
        "polder_records_total{lane=\"urgent\"} 1",
        "polder_records_total{lane=\"routine\"} 1",
        "polder_entries 1",
        "polder_incidents 1",
        "polder_log_position 2",
        "polder_healthy 1",
    ] {
        assert!(metrics.lines().any(|found| found == line), "{line} is not in\n{metrics}");
    }
    assert!(metrics.trim_end().ends_with("# EOF"));
    let healthz = http(node.admin, "/healthz").await;
    assert!(healthz.starts_with("HTTP/1.1 200") && healthz.ends_with("ok\n"), "{healthz}");
    assert!(http(node.admin, "/nothing").await.starts_with("HTTP/1.1 404"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_that_was_acknowledged_while_the_node_stops_is_there_afterwards() {
    let home = Home::new();
    let mut node = home.start().await;
    node.open("flood").await;
    let (sender, mut names) = tokio::sync::mpsc::unbounded_channel();
    let mut writers = Vec::new();
    for _ in 0..4 {
        let (mut client, sender) = (node.picture(), sender.clone());
        writers.push(tokio::spawn(async move {
            loop {
                let entry = observation("flood", "x");
                let items = vec![item(&entry)];
                let request = PublishEntriesRequest { items, ..Default::default() };
                match client.publish_entries(request).await {
                    Ok(_) => sender.send(entry.name).unwrap(),
                    Err(status) => return status.code(),
                }
            }
        }));
    }
    drop(sender);
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!(node.stop().code(), Some(0));
    for writer in writers {
        assert!(matches!(
            writer.await.unwrap(),
            Code::Unavailable | Code::Unknown | Code::Cancelled | Code::Internal
        ));
    }
    let node = home.start().await;
    let mut count = 0;
    while let Some(name) = names.recv().await {
        node.get(&name).await.unwrap();
        count += 1;
    }
    assert!(count > 0);
}

#[test]
fn what_speaks_plain_text_listens_on_loopback_only() {
    let home = Home::new();
    for text in ["admin = \"0.0.0.0:0\"\n", "[serve]\nlocal = \"0.0.0.0:0\"\n"] {
        let file = home.beside("open.toml");
        std::fs::write(&file, format!("listen = \"127.0.0.1:0\"\n{text}")).unwrap();
        let file = file.to_str().unwrap();
        let (code, said) =
            said(&run(&["serve", "--config", file, "--data", home.data().to_str().unwrap()]));
        assert!(code != 0 && said.contains("loopback"), "{text} {code} {said}");
    }
}
