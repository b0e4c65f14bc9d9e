//! What a link may carry now: its schedule and its budget of bytes a day, both by the clock on the
//! wall of this node. What is urgent is never held back by a spent budget, only by the schedule.

use std::{collections::HashMap, path::PathBuf};

use jiff::{
    Zoned,
    civil::{Date, Time},
};
use parking_lot::Mutex;
use polder_wire::v1::Lane;
use serde::{Deserialize, Deserializer};

use super::plan::{DialPlan, lanes};
use crate::store::directory::write_durably;

/// A part of each day in which lanes may travel.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Window {
    /// From this time on, such as `22:00`.
    #[serde(deserialize_with = "time")]
    pub from: Time,
    /// Up to this one; earlier than `from`: of the next day. The same: all day.
    #[serde(deserialize_with = "time")]
    pub until: Time,
    /// Lanes that travel then; absent: all of the link's.
    #[serde(default = "super::plan::all_lanes", deserialize_with = "lanes")]
    pub lanes: Vec<Lane>,
}

fn time<'de, D: Deserializer<'de>>(from: D) -> Result<Time, D::Error> {
    let text = String::deserialize(from)?;
    Time::strptime("%H:%M", &text)
        .map_err(|_| serde::de::Error::custom(format!("{text:?} is no time such as 22:00")))
}

impl Window {
    fn holds(&self, now: Time) -> bool {
        if self.from < self.until {
            (self.from..self.until).contains(&now)
        } else {
            now >= self.from || now < self.until
        }
    }
}

/// Why some lanes of a link do not travel now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Held {
    /// Its schedule says so.
    Schedule,
    /// Today's bytes are spent.
    Budget,
}

/// The lanes of a plan that may travel at a time of the day, when so many bytes went today.
pub fn lanes_at(plan: &DialPlan, now: Time, spent: u64) -> (Vec<Lane>, Option<Held>) {
    let windows: Vec<_> = plan.schedule.iter().filter(|window| window.holds(now)).collect();
    let scheduled = |lane: &Lane| {
        plan.schedule.is_empty() || windows.iter().any(|window| window.lanes.contains(lane))
    };
    let mut held = None;
    let mut lanes = plan.lanes.clone();
    if !lanes.iter().all(scheduled) {
        lanes.retain(scheduled);
        held = Some(Held::Schedule);
    }
    let broke = plan.budget_bytes_per_day.is_some_and(|budget| spent >= budget);
    if broke && lanes.iter().any(|lane| *lane != Lane::Urgent) {
        lanes.retain(|lane| *lane == Lane::Urgent);
        held = Some(Held::Budget);
    }
    (lanes, held)
}

/// Counts the bytes of a day, link by link; a restart forgets none but the last seconds.
#[derive(Debug, Default)]
pub struct Meters {
    path: PathBuf,
    spent: Mutex<Spent>,
}

#[derive(Debug, Default)]
struct Spent {
    day: Date,
    links: HashMap<String, u64>,
    changed: bool,
}

#[derive(Debug, Deserialize)]
struct File {
    day: Date,
    #[serde(default)]
    bytes: HashMap<String, u64>,
}

impl Meters {
    /// Goes on from what was written down. A file that cannot be read counts from zero: budgets
    /// save money, they are not worth a link.
    pub fn open(path: PathBuf) -> Self {
        let file = std::fs::read_to_string(&path).ok();
        let file: Option<File> = file.and_then(|text| toml::from_str(&text).ok());
        let spent = file.map(|file| Spent { day: file.day, links: file.bytes, changed: false });
        Self { path, spent: Mutex::new(spent.unwrap_or_default()) }
    }

    /// Bytes that went over a link today, both ways.
    pub fn today(&self, address: &str, now: &Zoned) -> u64 {
        self.add(address, 0, now)
    }

    /// Adds bytes that went, and says how many it is today.
    pub fn add(&self, address: &str, bytes: u64, now: &Zoned) -> u64 {
        let mut spent = self.spent.lock();
        if spent.day != now.date() {
            *spent = Spent { day: now.date(), links: HashMap::new(), changed: true };
        }
        spent.changed |= bytes > 0;
        let link = spent.links.entry(address.to_owned()).or_default();
        *link += bytes;
        *link
    }

    /// Writes down what was counted, if that is news.
    pub fn save(&self) {
        let text = {
            let mut spent = self.spent.lock();
            if !std::mem::take(&mut spent.changed) {
                return;
            }
            let rows =
                spent.links.iter().map(|(address, bytes)| format!("{address:?} = {bytes}\n"));
            format!("day = \"{}\"\n[bytes]\n{}", spent.day, rows.collect::<String>())
        };
        if let Err(error) = write_durably(&self.path, text.as_bytes(), 0o644) {
            tracing::warn!(%error, "the bytes of links could not be written down");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(text: &str) -> DialPlan {
        toml::from_str(&format!("address = \"10.0.0.1:7420\"\n{text}")).unwrap()
    }

    fn at(text: &str) -> Time {
        Time::strptime("%H:%M", text).unwrap()
    }

    #[test]
    fn a_schedule_and_a_budget_hold_back_lanes_and_the_budget_never_what_is_urgent() {
        let free = plan("");
        assert_eq!(lanes_at(&free, at("03:00"), u64::MAX).0.len(), 3);
        let nightly = plan(
            "schedule = [{ from = \"22:00\", until = \"06:00\" }, \
             { from = \"06:00\", until = \"22:00\", lanes = [\"urgent\"] }]\n\
             budget_bytes_per_day = 1000",
        );
        let urgent = vec![Lane::Urgent];
        assert_eq!(lanes_at(&nightly, at("23:00"), 999).0.len(), 3);
        assert_eq!(lanes_at(&nightly, at("05:59"), 0), (nightly.lanes.clone(), None));
        assert_eq!(lanes_at(&nightly, at("06:00"), 0), (urgent.clone(), Some(Held::Schedule)));
        assert_eq!(lanes_at(&nightly, at("23:00"), 1000), (urgent, Some(Held::Budget)));
        let daily = plan("schedule = [{ from = \"09:00\", until = \"10:00\" }]");
        assert_eq!(lanes_at(&daily, at("10:00"), 0), (Vec::new(), Some(Held::Schedule)));
        assert!(
            toml::from_str::<DialPlan>(
                "address = \"a:1\"\nschedule = [{ from = \"25:00\", until = \"06:00\" }]"
            )
            .is_err()
        );
    }

    #[test]
    fn bytes_of_a_day_survive_a_restart_and_a_new_day_begins_at_zero() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("link-bytes.toml");
        let now = |text: &str| text.parse::<Zoned>().unwrap();
        let evening = now("2026-11-24T23:00:00+01:00[Europe/Amsterdam]");
        let meters = Meters::open(path.clone());
        assert_eq!(meters.add("a:1", 700, &evening), 700);
        meters.save();
        let meters = Meters::open(path);
        assert_eq!(meters.add("a:1", 50, &evening), 750);
        assert_eq!(meters.today("b:1", &evening), 0);
        let morning = now("2026-11-25T00:00:01+01:00[Europe/Amsterdam]");
        assert_eq!(meters.today("a:1", &morning), 0);
    }
}
