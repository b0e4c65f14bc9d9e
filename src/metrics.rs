//! What the node counts, in Prometheus' text format.

use std::sync::atomic::AtomicU64;

use polder_picture::admit::Admitted;
use polder_wire::v1::Lane;
use prometheus_client::{
    encoding::{EncodeLabelSet, text::encode},
    metrics::{counter::Counter, family::Family, gauge::Gauge, histogram::Histogram},
    registry::Registry,
};

/// Label: the lane of a record.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct LaneLabel {
    lane: &'static str,
}

/// Label: the method and outcome of a call.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct RefusalLabel {
    reason: String,
}

/// All counters of one node.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    records: Family<LaneLabel, Counter>,
    commits: Counter,
    refusals: Family<RefusalLabel, Counter>,
    commit_records: Histogram,
    /// Subscriptions that are open.
    pub subscribers: Gauge,
    entries: Gauge,
    incidents: Gauge,
    lsn: Gauge,
    disk_free: Gauge,
    healthy: Gauge,
    delivered: Counter<u64, AtomicU64>,
}

impl Default for Metrics {
    fn default() -> Self {
        let mut registry = Registry::with_prefix("polder");
        let metrics = Self {
            records: Family::default(),
            commits: Counter::default(),
            refusals: Family::default(),
            commit_records: Histogram::new([1.0, 4.0, 16.0, 64.0, 256.0, 1024.0, 4096.0]),
            subscribers: Gauge::default(),
            entries: Gauge::default(),
            incidents: Gauge::default(),
            lsn: Gauge::default(),
            disk_free: Gauge::default(),
            healthy: Gauge::default(),
            delivered: Counter::default(),
            registry: Registry::default(),
        };
        registry.register("records", "Records stored, by lane", metrics.records.clone());
        registry.register("commits", "Durable commits", metrics.commits.clone());
        registry.register(
            "refusals",
            "Refused items and calls, by reason",
            metrics.refusals.clone(),
        );
        let help = "Records in one commit";
        registry.register("commit_records", help, metrics.commit_records.clone());
        registry.register("subscribers", "Open subscriptions", metrics.subscribers.clone());
        registry.register("deliveries", "Changes sent to subscribers", metrics.delivered.clone());
        registry.register("entries", "Entries in the picture", metrics.entries.clone());
        registry.register("incidents", "Incidents", metrics.incidents.clone());
        registry.register("log_position", "Last position in the log", metrics.lsn.clone());
        registry.register("disk_free_bytes", "Free space on the disk", metrics.disk_free.clone());
        registry.register("healthy", "1 while the node accepts records", metrics.healthy.clone());
        Self { registry, ..metrics }
    }
}

impl Metrics {
    /// Notes a commit.
    pub fn records(&self, admitted: &[Admitted]) {
        self.commits.inc();
        self.commit_records.observe(admitted.len() as f64);
        for lane in [Lane::Urgent, Lane::Routine, Lane::Bulk] {
            let of_lane = |a: &&Admitted| a.change().live.attributes.lane == lane as u8;
            let count = admitted.iter().filter(of_lane).count();
            if count > 0 {
                let label = match lane {
                    Lane::Urgent => "urgent",
                    Lane::Bulk => "bulk",
                    _ => "routine",
                };
                self.records.get_or_create(&LaneLabel { lane: label }).inc_by(count as u64);
            }
        }
    }

    /// Notes a refusal.
    pub fn refusal(&self, reason: &str) {
        self.refusals.get_or_create(&RefusalLabel { reason: reason.to_owned() }).inc();
    }

    /// Notes changes sent to a subscriber.
    pub fn delivered(&self, changes: usize) {
        self.delivered.inc_by(changes as u64);
    }

    /// Takes readings and writes everything out.
    pub fn render(&self, node: &crate::node::Node) -> String {
        let picture = node.picture.read();
        self.entries.set(picture.entries().len() as i64);
        self.incidents.set(picture.incident_count() as i64);
        self.lsn.set(picture.lsn() as i64);
        drop(picture);
        self.disk_free.set(node.disk.free_bytes() as i64);
        self.healthy.set(i64::from(node.failure().is_none()));
        let mut text = String::new();
        // Writing into a String does not fail.
        let _ = encode(&mut text, &self.registry);
        text
    }
}
