//! `polder bench tls`: the same work in plain text and encrypted, both nodes in turn, so that what
//! the machine does meanwhile falls on both.

use super::super::session::Connection;
use super::{
    Bench, TIME, floor,
    load::{self, Audience},
    server::Server,
};

/// Subscribers, and entries that all of them get.
const SUBSCRIBERS: usize = 1_000;
const DELIVERED: u64 = 1_920;

/// One of the two ways.
struct Way {
    server: Server,
    channels: Vec<Connection>,
    publishers: Vec<Connection>,
    audience: Audience,
    callers: Vec<f64>,
    batches: Vec<f64>,
    lone: Vec<f64>,
    deliveries: Vec<f64>,
    /// The node's own, in microseconds a delivery.
    cpu: Vec<f64>,
}

impl Bench<'_> {
    pub(super) async fn tls(&mut self) -> anyhow::Result<()> {
        let mut ways = Vec::new();
        for (name, more) in [("plain", &[][..]), ("tls", &["--tls"][..])] {
            let server = Server::node_with(&self.fresh(name)?, more)?;
            let channels = server.channels(self.context.words, 16).await?;
            load::open_incident(&channels[0]).await?;
            let publishers = server.channels(self.context.words, 8).await?;
            let audience = Audience::gather(&channels, SUBSCRIBERS).await?;
            audience.deliver(&publishers, 64).await?;
            let (callers, batches, lone, deliveries, cpu) = Default::default();
            ways.push(Way {
                server,
                channels,
                publishers,
                audience,
                callers,
                batches,
                lone,
                deliveries,
                cpu,
            });
        }
        for _ in 0..self.args.repeats {
            for way in &mut ways {
                let before = way.server.cpu_seconds()?;
                way.deliveries.push(way.audience.deliver(&way.publishers, DELIVERED).await?);
                let spent = way.server.cpu_seconds()? - before;
                way.cpu.push(spent * 1e6 / (DELIVERED * SUBSCRIBERS as u64) as f64);
            }
        }
        // What no program that sends so many bytes can save.
        let (mut bare, mut sealed) = (Vec::new(), Vec::new());
        for _ in 0..self.args.repeats {
            bare.push(tokio::task::spawn_blocking(|| floor::pipe(false)).await??);
            sealed.push(tokio::task::spawn_blocking(|| floor::pipe(true)).await??);
        }
        self.note("plain_pipe_cpu", "us", bare);
        self.note("tls_pipe_cpu", "us", sealed);
        // What follows is about publishing alone.
        for way in &mut ways {
            way.audience.leave();
            way.channels.truncate(1);
        }
        let repeats = if self.wants("publish") { self.args.repeats } else { 0 };
        for _ in 0..repeats {
            for way in &mut ways {
                let publishers = &way.publishers;
                way.callers.push(load::rate(publishers, 256, 1, TIME).await?);
                way.batches.push(load::rate(publishers, 8, 100, TIME).await?);
                way.lone.push(load::lone(&publishers[0], 600).await?.0);
            }
        }
        for (name, way) in ["plain", "tls"].into_iter().zip(ways) {
            self.note(&format!("{name}_publish_lone_p50"), "us", way.lone);
            self.note(&format!("{name}_publish_256_callers"), "per_s", way.callers);
            self.note(&format!("{name}_publish_batches_of_100"), "per_s", way.batches);
            self.note(&format!("{name}_fanout_1000"), "per_s", way.deliveries);
            self.note(&format!("{name}_fanout_cpu"), "us", way.cpu);
        }
        Ok(())
    }
}
