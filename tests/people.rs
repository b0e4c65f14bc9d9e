//! Who may do and see what, through real nodes: people who sign in, guests, systems with tokens,
//! under a charter and without one.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "people/account.rs"]
mod account;
#[path = "people/archived.rs"]
mod archived;
#[path = "people/audiences.rs"]
mod audiences;
#[path = "harness/bearer.rs"]
mod bearer;
#[path = "people/guests.rs"]
mod guests;
mod harness;
#[path = "people/issuer.rs"]
mod issuer;
#[path = "../crates/picture/tests/charter/made.rs"]
mod made;
#[path = "people/opened.rs"]
mod opened;
#[path = "people/pace.rs"]
mod pace;
#[path = "people/played.rs"]
mod played;
#[path = "people/providers.rs"]
mod providers;
#[path = "people/sign_in.rs"]
mod sign_in;
#[path = "people/team.rs"]
mod team;
#[path = "people/through.rs"]
mod through;
#[path = "people/warned.rs"]
mod warned;
#[path = "people/watch.rs"]
mod watch;
#[path = "people/watched.rs"]
mod watched;
#[path = "people/who.rs"]
mod who;
