//! Taking back for good: what was said to too many, what was asked to be erased, and personal data
//! whose time is over, on nodes in processes of their own.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "harness/bearer.rs"]
mod bearer;
#[path = "erasing/disk.rs"]
mod disk;
mod harness;
#[path = "erasing/kill.rs"]
mod kill;
#[path = "../crates/picture/tests/charter/made.rs"]
mod made;
#[path = "erasing/recall.rs"]
mod recall;
#[path = "people/who.rs"]
#[allow(dead_code, reason = "other programs use the rest")]
mod who;
