//! `polder bench`: this program beside the raw disk and a bare call, all in one run on one disk,
//! so that ratios hold where absolute numbers do not.

mod charter;
mod floor;
mod link;
mod load;
mod server;
mod team;
mod tls;

use std::{ops::ControlFlow, path::Path, time::Duration};

use anyhow::Context as _;
use bytes::Bytes;
use prost::Message as _;
use serde::Serialize;

use self::{load::Audience, server::Server};
use super::session::Connection;
use super::{Context, args::BenchArgs, say, say_json, store::bar};
use crate::{
    maintain, node,
    store::{
        engine::{Range, Tree},
        rows::Chunk,
    },
};

/// How long a rate is measured.
const TIME: Duration = Duration::from_secs(3);

/// One figure: the median of its repeats.
#[derive(Debug, Serialize)]
struct Measurement {
    name: String,
    engine: String,
    value: f64,
    unit: &'static str,
    repeats: Vec<f64>,
}

struct Bench<'c> {
    context: &'c Context,
    args: BenchArgs,
    dir: tempfile::TempDir,
    engine: String,
    found: Vec<Measurement>,
}

/// The value below which that share of all lies.
fn quantile(values: &mut [f64], share: f64) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    let at = ((values.len().saturating_sub(1)) as f64 * share).round() as usize;
    values.get(at).copied().unwrap_or(f64::NAN)
}

pub(super) async fn run(context: &Context, args: BenchArgs) -> anyhow::Result<u8> {
    if let Some(address) = args.serve_echo {
        floor::serve_echo(address).await?;
        return Ok(0);
    }
    let dir = match &args.dir {
        Some(dir) => tempfile::tempdir_in(dir)?,
        None => tempfile::tempdir()?,
    };
    let engines = args.engines.clone();
    let mut bench = Bench { context, args, dir, engine: String::new(), found: Vec::new() };
    if bench.args.what == "charter" {
        bench.charter()?;
        if context.common.json {
            bench.report()?;
        }
        return Ok(0);
    }
    bench.floor().await?;
    for engine in engines {
        crate::config::check_engine(&engine)?;
        bench.engine = engine;
        if bench.args.what == "link" {
            bench.links().await?;
            continue;
        }
        if bench.args.what == "team" {
            bench.team().await?;
            continue;
        }
        if bench.args.what == "tls" {
            bench.tls().await?;
            continue;
        }
        bench.small().await?;
        bench.fan_out().await?;
        bench.large().await?;
    }
    bench.report()?;
    Ok(0)
}

impl Bench<'_> {
    fn wants(&self, name: &str) -> bool {
        self.args.only.as_deref().is_none_or(|only| name.contains(only))
    }

    fn note(&mut self, name: &str, unit: &'static str, mut values: Vec<f64>) {
        if values.is_empty() {
            return;
        }
        let repeats = values.clone();
        let value = quantile(&mut values, 0.5);
        if !self.context.common.json {
            eprintln!("{:<8}{name:<34}{value:>14.1} {unit}", self.engine);
        }
        let engine = self.engine.clone();
        self.found.push(Measurement { name: name.to_owned(), engine, value, unit, repeats });
    }

    fn value(&self, engine: &str, name: &str) -> Option<f64> {
        let found = self.found.iter().find(|m| m.engine == engine && m.name == name);
        found.map(|measurement| measurement.value)
    }

    async fn floor(&mut self) -> anyhow::Result<()> {
        let (mut raw, mut lone, mut many) = (Vec::new(), Vec::new(), Vec::new());
        let echo = Server::echo()?;
        let channels = echo.channels(self.context.words, 8).await?;
        for _ in 0..self.args.repeats {
            raw.push(floor::raw_fdatasync(self.dir.path())?);
            lone.push(floor::echo_lone(&channels[0]).await?);
            many.push(floor::echo_many(&channels, TIME / 2).await?);
        }
        self.note("raw_fdatasync_p50", "us", raw);
        self.note("echo_lone_p50", "us", lone);
        self.note("echo_256_callers", "per_s", many);
        Ok(())
    }

    fn fresh(&self, name: &str) -> anyhow::Result<std::path::PathBuf> {
        let data = self.dir.path().join(format!("{name}-{}", self.engine));
        if data.exists() {
            std::fs::remove_dir_all(&data)?;
        }
        node::init(&data, &self.engine, "bench", "bench")?;
        Ok(data)
    }

    async fn start(
        &self,
        data: &Path,
        channels: usize,
    ) -> anyhow::Result<(Server, Vec<Connection>)> {
        let server = Server::node(data)?;
        let channels = server.channels(self.context.words, channels).await?;
        load::open_incident(&channels[0]).await?;
        Ok((server, channels))
    }

    async fn small(&mut self) -> anyhow::Result<()> {
        if !self.wants("publish") && !self.wants("memory_idle") {
            return Ok(());
        }
        let data = self.fresh("small")?;
        let (server, channels) = self.start(&data, 8).await?;
        tokio::time::sleep(Duration::from_millis(500)).await;
        let idle = server.memory_bytes()?;
        self.note("memory_idle", "bytes", vec![idle]);
        load::rate(&channels, 8, 100, TIME / 6).await?;
        let (mut p50, mut p99, mut many, mut batches) = (vec![], vec![], vec![], vec![]);
        for _ in 0..self.args.repeats {
            let (half, most) = load::lone(&channels[0], 600).await?;
            p50.push(half);
            p99.push(most);
            many.push(load::rate(&channels, 256, 1, TIME).await?);
            batches.push(load::rate(&channels, 8, 100, TIME).await?);
        }
        self.note("publish_lone_p50", "us", p50);
        self.note("publish_lone_p99", "us", p99);
        self.note("publish_256_callers", "per_s", many);
        self.note("publish_batches_of_100", "per_s", batches);
        Ok(())
    }

    async fn fan_out(&mut self) -> anyhow::Result<()> {
        if !self.wants("fanout") {
            return Ok(());
        }
        let data = self.fresh("fanout")?;
        let (server, channels) = self.start(&data, 16).await?;
        let publishers = server.channels(self.context.words, 4).await?;
        let audience = Audience::gather(&channels, 1_000).await?;
        audience.deliver(&publishers, 64).await?;
        let (mut free, mut stalled) = (Vec::new(), Vec::new());
        for _ in 0..self.args.repeats {
            free.push(audience.deliver(&publishers, 1_920).await?);
        }
        let slow = server.channels(self.context.words, 1).await?;
        let held = load::stall(&slow[0]).await?;
        for _ in 0..self.args.repeats {
            stalled.push(audience.deliver(&publishers, 1_920).await?);
        }
        drop(held);
        self.note("fanout_1000", "per_s", free);
        self.note("fanout_1000_one_stalled", "per_s", stalled);
        Ok(())
    }

    async fn large(&mut self) -> anyhow::Result<()> {
        if !self.wants("large") && !self.wants("snapshot") {
            return Ok(());
        }
        let data = self.fresh("large")?;
        let (server, channels) = self.start(&data, 8).await?;
        self.fill(&channels, 1_000).await?;
        let few = self.cost(&server, &channels).await?;
        self.fill(&channels, self.args.entries.min(100_000)).await?;
        let (mut snapshots, mut growth) = (Vec::new(), Vec::new());
        for _ in 0..self.args.repeats {
            let before = server.memory_bytes()?;
            let (seconds, count) = load::snapshot(&channels[0]).await?;
            snapshots.push(seconds * 100_000.0 / count as f64);
            growth.push((server.memory_bytes()? - before).max(0.0));
        }
        self.note("snapshot_100000", "s", snapshots);
        self.note("snapshot_memory_growth", "bytes", growth);
        self.fill(&channels, self.args.entries).await?;
        let many = self.cost(&server, &channels).await?;
        self.note("large_lone_p50_at_1000", "us", few.0);
        self.note("large_lone_p50_at_all", "us", many.0);
        self.note("large_cpu_per_entry_at_1000", "us", vec![few.1]);
        self.note("large_cpu_per_entry_at_all", "us", vec![many.1]);
        let memory = server.memory_bytes()?;
        self.note("large_memory", "bytes", vec![memory]);
        server.kill()?;
        self.reopen(&data).await
    }

    /// Kills, opens again, and weighs what is on the disk.
    async fn reopen(&mut self, data: &Path) -> anyhow::Result<()> {
        let mut opens = Vec::new();
        for _ in 0..self.args.repeats {
            let server = Server::node(data)?;
            opens.push(server.start_time.as_secs_f64());
            let channels = server.channels(self.context.words, 1).await?;
            // Something unfinished for the next start to recover.
            load::publish(&channels[0], 100).await?;
            server.kill()?;
        }
        self.note("large_open_after_kill", "s", opens);
        let server = Server::node(data)?;
        let memory = server.memory_bytes()?;
        self.note("large_memory_after_open", "bytes", vec![memory]);
        server.kill()?;
        let (disk, records) = weigh(data)?;
        self.note("large_disk_per_record_byte", "ratio", vec![disk / records]);
        std::fs::remove_dir_all(data)?;
        Ok(())
    }

    async fn fill(&self, channels: &[Connection], until: u64) -> anyhow::Result<()> {
        let held = entries(&channels[0]).await?;
        let missing = until.saturating_sub(held);
        let bar = bar(missing, "entries");
        let batches = missing.div_ceil(100);
        let callers: Vec<_> = (0..8)
            .map(|caller| {
                let (channel, bar) = (channels[caller % channels.len()].clone(), bar.clone());
                tokio::spawn(async move {
                    for _ in (caller as u64..batches).step_by(8) {
                        load::publish(&channel, 100).await?;
                        bar.inc(100);
                    }
                    anyhow::Ok(())
                })
            })
            .collect();
        for caller in callers {
            caller.await??;
        }
        bar.finish_and_clear();
        Ok(())
    }

    /// What a publication costs now: p50 of lone ones, and the node's CPU time per entry.
    async fn cost(
        &self,
        server: &Server,
        channels: &[Connection],
    ) -> anyhow::Result<(Vec<f64>, f64)> {
        let mut lone = Vec::new();
        for _ in 0..self.args.repeats {
            lone.push(load::lone(&channels[0], 300).await?.0);
        }
        let before = server.cpu_seconds()?;
        for _ in 0..200 {
            load::publish(&channels[0], 100).await?;
        }
        Ok((lone, (server.cpu_seconds()? - before) * 1e6 / 20_000.0))
    }

    /// What the ratio of deliveries would be if TLS cost no more than a bare pipe does: where
    /// deliveries take all cores, each takes what one core does divided by their rate.
    fn tls_at_best(&self, engine: &str) -> Option<f64> {
        let cores = std::thread::available_parallelism().ok()?.get() as f64;
        let delivery = cores * 1e6 / self.value(engine, "plain_fanout_1000")?;
        let (plain, tls) = ("plain_pipe_cpu", "tls_pipe_cpu");
        Some(delivery / (delivery + self.value(engine, tls)? - self.value(engine, plain)?))
    }

    fn report(&self) -> anyhow::Result<()> {
        if self.context.common.json {
            return say_json(&serde_json::json!({"measurements": self.found}));
        }
        say("")?;
        say(&self.context.lines.heading("Ratios"))?;
        for engine in &self.args.engines {
            let ratio = |name: &str, of: (&str, &str)| {
                Some(self.value(engine, name)? / self.value(of.0, of.1)?)
            };
            let rows = [
                (
                    "lone publish / raw fdatasync",
                    ratio("publish_lone_p50", ("", "raw_fdatasync_p50")),
                ),
                ("lone publish / bare call", ratio("publish_lone_p50", ("", "echo_lone_p50"))),
                (
                    "256 callers / bare calls",
                    ratio("publish_256_callers", ("", "echo_256_callers")),
                ),
                (
                    "publish cost, large / small",
                    ratio("large_lone_p50_at_all", (engine, "large_lone_p50_at_1000")),
                ),
                (
                    "256 callers, TLS / plain",
                    ratio("tls_publish_256_callers", (engine, "plain_publish_256_callers")),
                ),
                (
                    "batches, TLS / plain",
                    ratio("tls_publish_batches_of_100", (engine, "plain_publish_batches_of_100")),
                ),
                (
                    "deliveries, TLS / plain",
                    ratio("tls_fanout_1000", (engine, "plain_fanout_1000")),
                ),
                ("deliveries, TLS / plain, at best", self.tls_at_best(engine)),
                (
                    "CPU of a delivery, TLS / plain",
                    ratio("tls_fanout_cpu", (engine, "plain_fanout_cpu")),
                ),
                (
                    "lone publish, TLS / plain",
                    ratio("tls_publish_lone_p50", (engine, "plain_publish_lone_p50")),
                ),
                (
                    "one stalled / none stalled",
                    ratio("fanout_1000_one_stalled", (engine, "fanout_1000")),
                ),
            ];
            for (name, ratio) in rows {
                if let Some(ratio) = ratio {
                    say(&format!("{engine:<8}{name:<34}{ratio:>8.2}"))?;
                }
            }
        }
        Ok(())
    }
}

async fn entries(channel: &Connection) -> anyhow::Result<u64> {
    use polder_wire::v1::{GetNodeStatusRequest, node_service_client::NodeServiceClient};
    let mut client = NodeServiceClient::new(channel.clone());
    let status = client.get_node_status(GetNodeStatusRequest {}).await?.into_inner();
    Ok(status.entry_count as u64)
}

/// Bytes on disk and bytes of records of a store that no node runs on.
fn weigh(data: &Path) -> anyhow::Result<(f64, f64)> {
    let (_directory, log, _) = maintain::open_offline(data)?;
    let mut records = 0;
    let range = Range { from: &[], until: None, backwards: false };
    log.engine().scan(Tree::Records, range, &mut |_, value| {
        let chunk = Chunk::decode(Bytes::copy_from_slice(value)).unwrap_or_default();
        records += chunk.envelopes.iter().map(Bytes::len).sum::<usize>();
        ControlFlow::Continue(())
    })?;
    let disk = log.engine().size_bytes().context("the store's size")?;
    Ok((disk as f64, records as f64))
}
