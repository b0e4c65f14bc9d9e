//! What the machine can do at best: a raw write with `fdatasync`, and a bare unary call.

use std::{
    convert::Infallible,
    fs::File,
    future::Ready,
    io::{Seek as _, SeekFrom, Write as _},
    path::Path,
    pin::Pin,
    process::Command,
    task::{Context, Poll},
    time::Instant,
};

use anyhow::Context as _;
use bytes::Bytes;
use http::uri::PathAndQuery;
use tonic::{
    Request, Response, Status,
    body::Body,
    client::Grpc,
    server::{NamedService, UnaryService},
    transport::{Channel, Server},
};
use tonic_prost::ProstCodec;
use tower_service::Service;

use crate::{load, process, report::Report};

/// `Bytes` is a protobuf message to prost: one field of bytes, as in `google.protobuf.BytesValue`.
type Codec = ProstCodec<Bytes, Bytes>;

const PATH: &str = "/bench.Echo/Echo";

/// 4 kB overwritten and synced, in microseconds: p50 of 400.
fn fdatasync(dir: &Path) -> anyhow::Result<f64> {
    let dir = process::fresh(dir, "raw")?;
    let mut file = File::create(dir.path().join("raw"))?;
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
    Ok(load::quantile(&mut times, 0.5))
}

/// Answers with what was asked.
#[derive(Clone)]
struct Echo;

impl NamedService for Echo {
    const NAME: &'static str = "bench.Echo";
}

impl UnaryService<Bytes> for Echo {
    type Response = Bytes;
    type Future = Ready<Result<Response<Bytes>, Status>>;

    fn call(&mut self, request: Request<Bytes>) -> Self::Future {
        std::future::ready(Ok(Response::new(request.into_inner())))
    }
}

impl Service<http::Request<Body>> for Echo {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        let mut grpc = tonic::server::Grpc::new(Codec::default());
        Box::pin(async move { Ok(grpc.unary(Echo, request).await) })
    }
}

/// Serves nothing but the bare call, until killed: the other process of the measurement.
pub async fn serve_echo(port: u16) -> anyhow::Result<()> {
    let address = ([127, 0, 0, 1], port).into();
    Server::builder().tcp_nodelay(true).add_service(Echo).serve(address).await?;
    Ok(())
}

async fn echo(channel: Channel, value: Bytes) -> anyhow::Result<()> {
    let mut grpc = Grpc::new(channel);
    grpc.ready().await?;
    let path = PathAndQuery::from_static(PATH);
    let size = value.len();
    let answer = grpc.unary(Request::new(value), path, Codec::default()).await?;
    anyhow::ensure!(answer.into_inner().len() == size, "the echo is not what was said");
    Ok(())
}

/// One repeat.
pub async fn measure(dir: &Path, report: &mut Report) -> anyhow::Result<()> {
    report.add("raw", "fdatasync_4k_p50", "us", fdatasync(dir)?);

    let port = process::free_port()?;
    let program = std::env::current_exe().context("this program cannot find itself")?;
    let mut command = Command::new(program);
    let mut server =
        process::Server::start("the echo", command.args(["--serve-echo", &port.to_string()]))?;
    let channels = server.until_ready(|| process::channels(port, load::CONNECTIONS)).await?;
    let value = load::value(load::unique());
    let (p50, p99) = load::lone(|| echo(channels[0].clone(), value.clone())).await?;
    report.add("echo", "lone_p50", "us", p50);
    report.add("echo", "lone_p99", "us", p99);
    let call = move |channel| echo(channel, value.clone());
    report.add("echo", "256_callers", "per_s", load::many(&channels, call).await?);
    Ok(())
}
