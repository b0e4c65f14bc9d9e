//! The program under measurement, as a process of its own.

use std::{
    io::{BufRead as _, BufReader},
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::Context as _;
use polder_picture::record::Id;

use super::super::{
    client,
    session::{Bearer, Connection},
    words::Words,
};
use crate::tls::Reach;

/// A child process that serves.
pub(super) struct Server {
    child: Child,
    /// Where it serves.
    pub(super) address: SocketAddr,
    reach: Reach,
    /// Time from its start until it said where it listens.
    pub(super) start_time: Duration,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn program() -> anyhow::Result<PathBuf> {
    std::env::current_exe().context("this program cannot find itself")
}

impl Server {
    /// Serves a node on a data directory.
    pub(super) fn node(data: &Path) -> anyhow::Result<Self> {
        Self::node_with(data, &[])
    }

    /// With more flags.
    pub(super) fn node_with(data: &Path, more: &[&str]) -> anyhow::Result<Self> {
        let any = "127.0.0.1:0";
        Self::start(
            Command::new(program()?)
                .args(["--json", "--log", "error", "serve", "--listen", any, "--admin", any])
                .arg("--data")
                .arg(data)
                .args(more),
        )
    }

    /// Serves a bare call.
    pub(super) fn echo() -> anyhow::Result<Self> {
        Self::start(Command::new(program()?).args(["bench", "--serve-echo", "127.0.0.1:0"]))
    }

    fn start(command: &mut Command) -> anyhow::Result<Self> {
        let start = Instant::now();
        let mut child = command
            .env_remove("POLDER_ENGINE")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()?;
        let mut line = String::new();
        let stdout = child.stdout.take().context("the child has an output")?;
        BufReader::new(stdout).read_line(&mut line)?;
        let start_time = start.elapsed();
        let said: serde_json::Value = serde_json::from_str(&line)
            .with_context(|| format!("the child said {line:?} instead of its address"))?;
        let address = said["listen"].as_str().context("an address")?.parse()?;
        let node = said["node"].as_str().and_then(Id::parse);
        let encrypted = said["encrypted"] == true;
        let reach = match node.filter(|_| encrypted) {
            Some(node) => Reach::Node(node, None),
            None => Reach::Plain,
        };
        Ok(Self { child, address, reach, start_time })
    }

    /// So many connections to it.
    pub(super) async fn channels(
        &self,
        words: Words,
        count: usize,
    ) -> anyhow::Result<Vec<Connection>> {
        let mut channels = Vec::new();
        for _ in 0..count {
            let dialled = client::dial(&self.address.to_string(), &self.reach, words).await?;
            channels.push(Connection::new(dialled.channel, Bearer::default()));
        }
        Ok(channels)
    }

    /// Resident memory in bytes.
    pub(super) fn memory_bytes(&self) -> anyhow::Result<f64> {
        let path = format!("/proc/{}/status", self.child.id());
        let status = std::fs::read_to_string(path)?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kib = line.and_then(|line| line.trim().split(' ').next()?.parse::<f64>().ok());
        Ok(kib.context("no VmRSS")? * 1024.0)
    }

    /// CPU seconds so far.
    pub(super) fn cpu_seconds(&self) -> anyhow::Result<f64> {
        cpu_seconds(&self.child.id().to_string())
    }

    /// Kills it as a crash would.
    pub(super) fn kill(mut self) -> anyhow::Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }
}

/// Processor time that a process has used, by its number, or `self`.
pub(super) fn cpu_seconds(process: &str) -> anyhow::Result<f64> {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat"))?;
    let after = stat.rsplit(')').next().unwrap_or_default();
    let fields: Vec<&str> = after.split_whitespace().collect();
    let ticks = |at: usize| fields.get(at).and_then(|field| field.parse::<f64>().ok());
    // Fields 14 and 15 of the line, user and system time; the kernel counts 100 a second.
    Ok((ticks(11).unwrap_or(0.0) + ticks(12).unwrap_or(0.0)) / 100.0)
}
