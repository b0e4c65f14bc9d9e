//! What the machine can do at best: a raw write with `fdatasync`, and a bare unary call.

use std::{
    fs::File,
    io::{Seek as _, SeekFrom, Write as _},
    net::SocketAddr,
    path::Path,
    time::{Duration, Instant},
};

use tokio::net::TcpListener;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::transport::Server;

use tonic_health::{
    ServingStatus,
    pb::{HealthCheckRequest, health_client::HealthClient},
};

use super::super::session::Connection;
use super::{load::concurrently, quantile};

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
