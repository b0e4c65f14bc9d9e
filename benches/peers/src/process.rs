//! Other programs, started on loopback with an empty directory each and killed at the end.

use std::{
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use anyhow::Context as _;
use tonic::transport::{Channel, Endpoint};

/// A program that serves until this is dropped.
pub struct Server {
    child: Child,
    name: &'static str,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Server {
    /// Starts a program whose log nobody reads.
    pub fn start(name: &'static str, command: &mut Command) -> anyhow::Result<Self> {
        let command = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let child = command.spawn().with_context(|| format!("{name} does not start"))?;
        Ok(Self { child, name })
    }

    /// Tries until the server answers; fails when it ends or takes longer than 20 seconds.
    pub async fn until_ready<T, E, F>(&mut self, ask: impl Fn() -> F) -> anyhow::Result<T>
    where
        E: std::fmt::Display,
        F: Future<Output = Result<T, E>>,
    {
        let mut tries = 0;
        loop {
            let problem = match ask().await {
                Ok(answer) => return Ok(answer),
                Err(problem) => problem,
            };
            if let Some(status) = self.child.try_wait()? {
                anyhow::bail!("{} ended with {status}", self.name);
            }
            tries += 1;
            anyhow::ensure!(tries < 400, "{} does not answer: {problem}", self.name);
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

/// Finds a program; Debian keeps servers where not every user's path leads.
pub fn find(name: &str, package: &str) -> anyhow::Result<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let usual = ["/usr/local/sbin", "/usr/sbin", "/sbin"].map(PathBuf::from);
    let mut places = std::env::split_paths(&path).chain(usual).map(|place| place.join(name));
    places
        .find(|file| file.is_file())
        .with_context(|| format!("{name} is not installed: apt-get install {package}"))
}

/// A port that was free a moment ago.
pub fn free_port() -> anyhow::Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

/// An empty directory, removed at the end.
pub fn fresh(dir: &Path, name: &str) -> anyhow::Result<tempfile::TempDir> {
    let builder = tempfile::Builder::new().prefix(&format!("{name}-")).tempdir_in(dir);
    builder.with_context(|| format!("{} takes no directory", dir.display()))
}

/// Connections of their own to a gRPC server.
pub async fn channels(port: u16, count: usize) -> anyhow::Result<Vec<Channel>> {
    let mut channels = Vec::new();
    for _ in 0..count {
        let endpoint = Endpoint::try_from(format!("http://127.0.0.1:{port}"))?.tcp_nodelay(true);
        channels.push(endpoint.connect().await?);
    }
    Ok(channels)
}
