//! A node that the charter cuts off is out at once, on both sides, and stays out.

use std::time::Duration;

use polder_wire::v1::{EntryFilter, LinkState};
use tonic::Streaming;
use tonic_health::pb::{HealthCheckRequest, HealthCheckResponse, health_client::HealthClient};

use crate::{harness::*, world::*};

async fn watch(channel: tonic::transport::Channel) -> Streaming<HealthCheckResponse> {
    let request = HealthCheckRequest { service: String::new() };
    HealthClient::new(channel).watch(request).await.unwrap().into_inner()
}

/// Waits until a stream breaks.
async fn breaks(mut stream: Streaming<HealthCheckResponse>) {
    let broken = async { while let Ok(Some(_)) = stream.message().await {} };
    tokio::time::timeout(PATIENCE, broken).await.expect("the connection is ended");
}

fn connected(links: &[polder_wire::v1::Link]) -> bool {
    links.iter().any(|link| link.state() == LinkState::Connected)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revoked_node_is_disconnected_at_once_with_all_its_calls_and_refused_from_then_on() {
    let homes = [Home::new(), Home::new()];
    let (charter, said) = charter(&[(&homes[0], "police"), (&homes[1], "water")]);
    let a = encrypted(&homes[0], &[]).await;
    say(&a, &said).await;
    let b = encrypted(&homes[1], &["--link", &a.address()]).await;
    say(&b, &said).await;
    links_say(&b, "connected", connected).await;
    // Another call of the same node, on a connection of its own.
    let stolen = signer_of(&homes[1]);
    let mut other = watch(channel(a.listen, Some(sound(&stolen))).await).await;
    other.message().await.unwrap().unwrap();

    say(&a, &[cut(charter, stolen.id())]).await;
    breaks(other).await;
    links_say(&a, "cut off", |links| !connected(links)).await;
    links_tell(&b, "cut this node off").await;
    let said = verdict(a.listen, sound(&stolen)).await.expect("refused");
    assert!(said.contains("CertificateRevoked"), "{said}");
    // What it is told of the charter it cannot have heard: it is out.
    a.open("flood").await;
    a.put(&observation("flood", "not for b")).await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert!(b.list(EntryFilter::default()).await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_side_that_dialled_ends_it_too_and_does_not_dial_a_revoked_node() {
    let homes = [Home::new(), Home::new()];
    let (charter, said) = charter(&[(&homes[0], "police"), (&homes[1], "water")]);
    let a = encrypted(&homes[0], &[]).await;
    say(&a, &said).await;
    let b = encrypted(&homes[1], &["--link", &a.address()]).await;
    say(&b, &said).await;
    links_say(&b, "connected", connected).await;
    say(&b, &[cut(charter, id_of(&homes[0]))]).await;
    links_tell(&b, "the charter cut the node off that answers").await;
    links_say(&a, "apart", |links| !connected(links)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_node_that_has_heard_of_it_refuses_a_revoked_node() {
    let homes = [Home::new(), Home::new(), Home::new()];
    let all = [(&homes[0], "police"), (&homes[1], "water"), (&homes[2], "fire")];
    let (charter, said) = charter(&all);
    let a = encrypted(&homes[0], &[]).await;
    say(&a, &said).await;
    let c = encrypted(&homes[2], &["--link", &a.address()]).await;
    say(&c, &said).await;
    links_say(&c, "connected", connected).await;
    let stolen = signer_of(&homes[1]);
    assert_eq!(verdict(c.listen, sound(&stolen)).await, None);
    // Said at one node, heard by the other over their link.
    say(&a, &[cut(charter, stolen.id())]).await;
    let until = std::time::Instant::now() + PATIENCE;
    loop {
        // Until then it is let in, or ended while it asks.
        let said = verdict(c.listen, sound(&stolen)).await.unwrap_or_default();
        if said.contains("CertificateRevoked") {
            break;
        }
        assert!(std::time::Instant::now() < until, "c never heard of it: {said}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}
