//! Encryption between real nodes and programs, in processes of their own, on good days and bad.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "tls/certificates.rs"]
mod certificates;
#[path = "tls/commands.rs"]
mod commands;
mod harness;
#[path = "tls/joining.rs"]
mod joining;
#[path = "tls/links.rs"]
mod links;
#[path = "../crates/picture/tests/charter/made.rs"]
mod made;
#[path = "tls/network.rs"]
mod network;
#[path = "tls/organisation.rs"]
mod organisation;
#[path = "tls/port.rs"]
mod port;
#[path = "tls/revoked.rs"]
mod revoked;
#[path = "tls/world.rs"]
mod world;
