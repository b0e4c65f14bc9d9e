//! Figures, their medians, and how they compare.

use serde::Serialize;

use crate::load::quantile;

/// One figure.
#[derive(Debug, Clone, Serialize)]
pub struct Measurement {
    /// Program, or the engine of Polder's store.
    pub program: String,
    /// What was measured.
    pub name: String,
    /// Median of the repeats.
    pub value: f64,
    /// `us` or `per_s`, or as `polder bench` says.
    pub unit: String,
    /// Each repeat, in order.
    pub repeats: Vec<f64>,
}

/// One figure beside another.
#[derive(Debug, Clone, Serialize)]
pub struct Ratio {
    /// In words.
    pub name: String,
    /// More is better for Polder, whatever the unit.
    pub value: f64,
}

/// All of a run.
#[derive(Debug, Default, Serialize)]
pub struct Report {
    /// In the order in which they were measured.
    pub measurements: Vec<Measurement>,
    /// Only when Polder was measured in the same run.
    pub ratios: Vec<Ratio>,
}

impl Report {
    /// Adds one repeat of a figure.
    pub fn add(&mut self, program: &str, name: &str, unit: &str, value: f64) {
        eprintln!("{program:<8}{name:<28}{value:>14.1} {unit}");
        let known = self.measurements.iter().position(|m| m.program == program && m.name == name);
        let at = known.unwrap_or_else(|| {
            self.measurements.push(Measurement {
                program: program.to_owned(),
                name: name.to_owned(),
                value,
                unit: unit.to_owned(),
                repeats: Vec::new(),
            });
            self.measurements.len() - 1
        });
        let measurement = &mut self.measurements[at];
        measurement.repeats.push(value);
        measurement.value = quantile(&mut measurement.repeats.clone(), 0.5);
    }

    fn value(&self, program: &str, name: &str) -> Option<f64> {
        self.measurements.iter().find(|m| m.program == program && m.name == name).map(|m| m.value)
    }

    /// Sets an engine of Polder's beside its peers.
    pub fn compare(&mut self, engine: &str) {
        let polder = |name| self.value(engine, name);
        let rate = |mine: Option<f64>, other: Option<f64>| Some(mine? / other?);
        let time = |mine: Option<f64>, other: Option<f64>| Some(other? / mine?);
        let floor = self.value("raw", "fdatasync_4k_p50");
        let floor = floor.zip(self.value("echo", "lone_p50")).map(|(raw, echo)| raw + echo);
        let (lone, many) = (polder("publish_lone_p50"), polder("publish_256_callers"));
        let (batches, fan_out) = (polder("publish_batches_of_100"), polder("fanout_1000"));
        let ratios = [
            ("lone publish, against raw write + bare call", time(lone, floor)),
            ("lone publish, against etcd", time(lone, self.value("etcd", "put_lone_p50"))),
            (
                "publish by 256 callers, against etcd",
                rate(many, self.value("etcd", "put_256_callers")),
            ),
            (
                "publish by 256 callers, against JetStream (not synced)",
                rate(many, self.value("nats", "jetstream_256_callers")),
            ),
            (
                "publish by 256 callers, against a bare call",
                rate(many, self.value("echo", "256_callers")),
            ),
            (
                "batches of 100, against etcd's single puts",
                rate(batches, self.value("etcd", "put_256_callers")),
            ),
            (
                "fan-out to 1,000, against etcd's watches",
                rate(fan_out, self.value("etcd", "watch_fanout_1000")),
            ),
            (
                "fan-out to 1,000, against core NATS (keeps nothing)",
                rate(fan_out, self.value("nats", "core_fanout_1000")),
            ),
        ];
        for (name, value) in ratios {
            if let Some(value) = value {
                self.ratios.push(Ratio { name: format!("{engine}: {name}"), value });
            }
        }
    }

    /// As a table for people.
    pub fn table(&self) -> String {
        let mut table = String::new();
        for m in &self.measurements {
            let repeats: Vec<_> = m.repeats.iter().map(|value| format!("{value:.0}")).collect();
            table += &format!(
                "{:<8}{:<34}{:>12.1} {:<6}  ({})\n",
                m.program,
                m.name,
                m.value,
                m.unit,
                repeats.join(", ")
            );
        }
        if !self.ratios.is_empty() {
            table += "\nMore than 1: Polder is better.\n";
        }
        for ratio in &self.ratios {
            table += &format!("{:<70}{:>8.2}\n", ratio.name, ratio.value);
        }
        table
    }
}
