//! Links between real nodes in processes of their own, over lines that are cut, stalled and slow.
//! `POLDER_SOAK_ROUNDS` sets how often the kills are tried.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "links/apart.rs"]
mod apart;
#[path = "links/charter.rs"]
mod charter;
#[path = "links/copies.rs"]
mod copies;
#[path = "links/files.rs"]
mod files;
mod harness;
#[path = "links/hostile.rs"]
mod hostile;
#[path = "links/limits.rs"]
mod limits;
#[path = "../crates/picture/tests/charter/made.rs"]
mod made;
#[path = "links/namespaces.rs"]
mod namespaces;
#[path = "links/newcomer.rs"]
mod newcomer;
#[path = "links/planned.rs"]
mod planned;
#[path = "links/region.rs"]
mod region;
#[path = "links/standing.rs"]
mod standing;
