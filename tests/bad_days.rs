//! Bad days: kills, full and read-only disks, rotten bytes, wrong keys; and the care that a store
//! needs while it works. `POLDER_SOAK_ROUNDS` sets how often the kills are tried.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod harness;

#[path = "bad_days/archive.rs"]
mod archive;
#[path = "bad_days/care.rs"]
mod care;
#[path = "bad_days/damage.rs"]
mod damage;
#[path = "bad_days/disk.rs"]
mod disk;
#[path = "bad_days/dropped.rs"]
mod dropped;
#[path = "bad_days/forked.rs"]
mod forked;
#[path = "bad_days/kill.rs"]
mod kill;
#[path = "bad_days/load.rs"]
mod load;
#[path = "bad_days/sneakernet.rs"]
mod sneakernet;
