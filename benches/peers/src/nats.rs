//! NATS: JetStream answers a publish when it is written to a file, not when it is synced; core
//! NATS keeps nothing.

use std::{path::Path, process::Command};

use anyhow::Context as _;
use async_nats::{Client, ConnectOptions, jetstream};
use bytes::Bytes;
use futures::StreamExt as _;

use crate::{
    load::{self, Readers},
    process,
    report::Report,
};

/// Messages that readers may be behind. More, and the server cuts off readers that are slow.
const WINDOW: u64 = 256;

async fn clients(port: u16, count: usize) -> Result<Vec<Client>, async_nats::ConnectError> {
    let mut clients = Vec::new();
    for _ in 0..count {
        clients.push(ConnectOptions::new().connect(format!("127.0.0.1:{port}")).await?);
    }
    Ok(clients)
}

async fn publish(context: jetstream::Context) -> anyhow::Result<()> {
    let n = load::unique();
    context.publish("durable.entries", load::value(n)).await?.await?;
    Ok(())
}

/// One repeat on an empty store.
pub async fn measure(dir: &Path, report: &mut Report) -> anyhow::Result<()> {
    let data = process::fresh(dir, "nats")?;
    let port = process::free_port()?;
    let mut command = Command::new(process::find("nats-server", "nats-server")?);
    command.args(["-a", "127.0.0.1", "-p", &port.to_string(), "-js", "-sd"]).arg(data.path());
    let mut server = process::Server::start("nats-server", &mut command)?;
    let clients_ready = server.until_ready(|| clients(port, load::CONNECTIONS)).await?;

    let contexts: Vec<_> = clients_ready.iter().cloned().map(jetstream::new).collect();
    let stream = jetstream::stream::Config {
        name: "bench".into(),
        subjects: vec!["durable.>".into()],
        storage: jetstream::stream::StorageType::File,
        ..Default::default()
    };
    contexts[0].create_stream(stream).await?;
    let (p50, p99) = load::lone(|| publish(contexts[0].clone())).await?;
    report.add("nats", "jetstream_lone_p50", "us", p50);
    report.add("nats", "jetstream_lone_p99", "us", p99);
    let rate = load::many(&contexts, publish).await?;
    report.add("nats", "jetstream_256_callers", "per_s", rate);
    let rate = fan_out(port, &clients_ready[0]).await?;
    report.add("nats", "core_fanout_1000", "per_s", rate);
    Ok(())
}

/// [`load::READERS`] subscribers: deliveries per second.
async fn fan_out(port: u16, writer: &Client) -> anyhow::Result<f64> {
    let mut readers = Readers::default();
    let connections = clients(port, load::CONNECTIONS).await?;
    for n in 0..load::READERS {
        let mut subscriber = connections[n % connections.len()].subscribe("fanout").await?;
        let received = readers.received.clone();
        readers.add(async move {
            while subscriber.next().await.is_some() {
                received.add(1);
            }
        });
    }
    for (n, connection) in connections.iter().enumerate() {
        settled(connection, n).await?;
    }
    // Once through before it counts.
    deliver(&readers, writer, 64).await?;
    deliver(&readers, writer, load::MESSAGES).await
}

/// Waits until the server has taken in the subscriptions of a connection: it reads what a
/// connection says in order, and a flush alone waits for the socket only.
async fn settled(connection: &Client, n: usize) -> anyhow::Result<()> {
    let subject = format!("settled.{n}");
    let mut back = connection.subscribe(subject.clone()).await?;
    connection.publish(subject, Bytes::new()).await?;
    back.next().await.context("the connection ended")?;
    Ok(())
}

/// Publishes without waiting for anything but room, until every subscriber has every message.
async fn deliver(readers: &Readers, writer: &Client, messages: u64) -> anyhow::Result<f64> {
    let before = readers.received.total();
    let all = load::READERS as u64;
    let start = std::time::Instant::now();
    for n in 0..messages {
        writer.publish("fanout", load::value(load::unique())).await?;
        if n % 64 == 63 {
            writer.flush().await?;
            readers.received.reach(before + n.saturating_sub(WINDOW) * all).await?;
        }
    }
    readers.received.reach(before + messages * all).await?;
    Ok((messages * all) as f64 / start.elapsed().as_secs_f64())
}
