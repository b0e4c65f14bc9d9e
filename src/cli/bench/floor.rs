//! What the machine can do at best: a raw write with `fdatasync`, a bare unary call, and bytes from
//! one thread to another.

use std::{
    fs::File,
    io::{Read, Seek as _, SeekFrom, Write},
    net::{SocketAddr, TcpListener as Listener, TcpStream},
    path::Path,
    time::{Duration, Instant},
};

use anyhow::Context as _;
use rustls::{ClientConnection, ServerConnection, StreamOwned};
use tokio::net::TcpListener;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::transport::Server;

use tonic_health::{
    ServingStatus,
    pb::{HealthCheckRequest, health_client::HealthClient},
};

use super::super::session::Connection;
use super::{load::concurrently, quantile, server::cpu_seconds};
use crate::tls::bare;

/// A name of 400 bytes: the bare call carries as much as an entry.
fn name() -> String {
    "x".repeat(400)
}

/// 4 kB overwritten and synced, in microseconds: p50 of 400.
pub(super) fn raw_fdatasync(dir: &Path) -> anyhow::Result<f64> {
    let path = dir.join("raw");
    let mut file = File::create(&path)?;
    file.write_all(&vec![7; 1 << 20])?;
    file.sync_all()?;
    let block = [9; 4096];
    let mut times = Vec::new();
    for n in 0..400 {
        file.seek(SeekFrom::Start(n % 256 * 4096))?;
        let start = Instant::now();
        file.write_all(&block)?;
        file.sync_data()?;
        times.push(start.elapsed().as_secs_f64() * 1e6);
    }
    std::fs::remove_file(path)?;
    Ok(quantile(&mut times, 0.5))
}

/// What goes through a pipe, and in pieces of how many bytes: those of a record.
const PIPE_BYTES: u64 = 1 << 30;
const PIECE_BYTES: usize = 16 << 10;
/// A delivery of an entry of 400 bytes, as it travels.
const DELIVERY_BYTES: f64 = 450.0;

/// Bytes over loopback from one thread to another: how much CPU of both, in microseconds, as many
/// cost as make a delivery.
pub(super) fn pipe(encrypted: bool) -> anyhow::Result<f64> {
    let listener = Listener::bind("127.0.0.1:0")?;
    let there = TcpStream::connect(listener.local_addr()?)?;
    let (here, _) = listener.accept()?;
    here.set_nodelay(true)?;
    let ends = encrypted.then(bare::ends).transpose()?;
    let before = cpu_seconds("self")?;
    match ends {
        None => flow(here, there)?,
        Some((server, client, name)) => flow(
            StreamOwned::new(ServerConnection::new(server)?, here),
            StreamOwned::new(ClientConnection::new(client, name)?, there),
        )?,
    }
    Ok((cpu_seconds("self")? - before) * 1e6 * DELIVERY_BYTES / PIPE_BYTES as f64)
}

fn flow(mut from: impl Write + Send, mut to: impl Read + Send) -> anyhow::Result<()> {
    std::thread::scope(|scope| {
        let reads = scope.spawn(move || {
            let (mut piece, mut read) = (vec![0; 4 * PIECE_BYTES], 0);
            while read < PIPE_BYTES {
                match to.read(&mut piece)? as u64 {
                    0 => anyhow::bail!("the pipe ended after {read} bytes"),
                    length => read += length,
                }
            }
            Ok(())
        });
        let piece = vec![7; PIECE_BYTES];
        for _ in 0..PIPE_BYTES / PIECE_BYTES as u64 {
            from.write_all(&piece)?;
        }
        from.flush()?;
        reads.join().ok().context("the reader panicked")?
    })
}

/// Serves nothing but a bare unary call, until killed.
pub(super) async fn serve_echo(address: SocketAddr) -> anyhow::Result<()> {
    let (reporter, service) = tonic_health::server::health_reporter();
    reporter.set_service_status(name(), ServingStatus::Serving).await;
    let listener = TcpListener::bind(address).await?;
    super::super::say_json(&serde_json::json!({"listen": listener.local_addr()?}))?;
    let incoming = futures::StreamExt::map(TcpListenerStream::new(listener), |stream| {
        stream.and_then(|stream| stream.set_nodelay(true).map(|()| stream))
    });
    Server::builder().add_service(service).serve_with_incoming(incoming).await?;
    Ok(())
}

async fn echo(channel: &Connection) -> anyhow::Result<()> {
    let mut client = HealthClient::new(channel.clone());
    client.check(HealthCheckRequest { service: name() }).await?;
    Ok(())
}

/// One caller: p50 in microseconds.
pub(super) async fn echo_lone(channel: &Connection) -> anyhow::Result<f64> {
    let mut times = Vec::new();
    for _ in 0..2_000 {
        let start = Instant::now();
        echo(channel).await?;
        times.push(start.elapsed().as_secs_f64() * 1e6);
    }
    Ok(quantile(&mut times, 0.5))
}

/// 256 callers: calls per second.
pub(super) async fn echo_many(channels: &[Connection], time: Duration) -> anyhow::Result<f64> {
    let rate = concurrently(256, channels, time, |channel, _| async move {
        echo(&channel).await?;
        Ok(1)
    });
    rate.await
}
