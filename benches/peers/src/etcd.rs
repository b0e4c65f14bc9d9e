//! etcd: a put is answered when it is synced; a watch gets every put from the moment it is made.

use std::{path::Path, process::Command};

use anyhow::Context as _;
use etcd_client::{Client, WatchOptions};
use tonic::transport::Channel;

use crate::{
    load::{self, Readers},
    process,
    report::Report,
};

async fn clients(port: u16, count: usize) -> anyhow::Result<Vec<Client>> {
    let mut clients = Vec::new();
    for channel in process::channels(port, count).await? {
        clients.push(client(channel).await?);
    }
    Ok(clients)
}

async fn client(channel: Channel) -> anyhow::Result<Client> {
    Ok(Client::from_channel(etcd_client::Channel::Tonic(channel), None).await?)
}

async fn put(mut client: Client, directory: &'static str) -> anyhow::Result<()> {
    let n = load::unique();
    client.put(format!("{directory}/{n:032x}"), load::value(n), None).await?;
    Ok(())
}

/// One repeat on an empty store.
pub async fn measure(dir: &Path, report: &mut Report) -> anyhow::Result<()> {
    let data = process::fresh(dir, "etcd")?;
    let (port, peers) = (process::free_port()?, process::free_port()?);
    let (listen, listen_peers) =
        (format!("http://127.0.0.1:{port}"), format!("http://127.0.0.1:{peers}"));
    let mut command = Command::new(process::find("etcd", "etcd-server")?);
    command.arg("--data-dir").arg(data.path().join("data")).args([
        "--name=bench",
        &format!("--listen-client-urls={listen}"),
        &format!("--advertise-client-urls={listen}"),
        &format!("--listen-peer-urls={listen_peers}"),
        &format!("--initial-advertise-peer-urls={listen_peers}"),
        &format!("--initial-cluster=bench={listen_peers}"),
        "--log-level=error",
    ]);
    let mut server = process::Server::start("etcd", &mut command)?;
    // Answers only once the cluster of one has its leader.
    let ready = || async {
        let mut clients = clients(port, 1).await?;
        clients[0].put("ready", "", None).await?;
        anyhow::Ok(())
    };
    server.until_ready(ready).await?;
    let writers = clients(port, load::CONNECTIONS).await?;

    let (p50, p99) = load::lone(|| put(writers[0].clone(), "lone")).await?;
    report.add("etcd", "put_lone_p50", "us", p50);
    report.add("etcd", "put_lone_p99", "us", p99);
    let rate = load::many(&writers, |client| put(client, "many")).await?;
    report.add("etcd", "put_256_callers", "per_s", rate);
    let rate = fan_out(port, &writers).await?;
    report.add("etcd", "watch_fanout_1000", "per_s", rate);
    Ok(())
}

/// [`load::READERS`] watch streams of one watch each: deliveries per second.
async fn fan_out(port: u16, writers: &[Client]) -> anyhow::Result<f64> {
    let mut readers = Readers::default();
    let connections = clients(port, load::CONNECTIONS).await?;
    for n in 0..load::READERS {
        let mut client = connections[n % connections.len()].clone();
        let options = WatchOptions::new().with_prefix();
        let mut watch = client.watch("fanout/", Some(options)).await?;
        let created = watch.message().await?.context("the watch ended")?;
        anyhow::ensure!(created.created(), "the watch was refused: {}", created.cancel_reason());
        let received = readers.received.clone();
        readers.add(async move {
            while let Ok(Some(message)) = watch.message().await {
                received.add(message.events().len() as u64);
            }
        });
    }
    // Once through before it counts.
    deliver(&readers, writers, 64).await?;
    deliver(&readers, writers, load::MESSAGES).await
}

/// Puts by 64 callers, until every watch has every one.
async fn deliver(readers: &Readers, writers: &[Client], puts: u64) -> anyhow::Result<f64> {
    let wanted = readers.received.total() + puts * load::READERS as u64;
    let start = std::time::Instant::now();
    let callers: Vec<_> = (0..64)
        .map(|caller| {
            let client = writers[caller % writers.len()].clone();
            tokio::spawn(async move {
                for _ in 0..puts / 64 {
                    put(client.clone(), "fanout").await?;
                }
                anyhow::Ok(())
            })
        })
        .collect();
    for caller in callers {
        caller.await??;
    }
    readers.received.reach(wanted).await?;
    Ok((puts * load::READERS as u64) as f64 / start.elapsed().as_secs_f64())
}
