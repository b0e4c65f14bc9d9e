//! The work of a crisis team, through real nodes and the program: what the flood of July 2021 by
//! itself produces, and what people do with it.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "team/advice.rs"]
mod advice;
#[path = "team/assistance.rs"]
mod assistance;
#[path = "team/attention.rs"]
mod attention;
#[path = "team/decisions.rs"]
mod decisions;
#[path = "team/forecasts.rs"]
mod forecasts;
mod harness;
#[path = "team/impact.rs"]
mod impact;
#[path = "team/limburg.rs"]
mod limburg;
#[path = "team/matters.rs"]
mod matters;
#[path = "team/methane.rs"]
mod methane;
#[path = "team/played.rs"]
mod played;
#[path = "team/replay.rs"]
mod replay;
#[path = "team/reviews.rs"]
mod reviews;
#[path = "team/sitreps.rs"]
mod sitreps;
#[path = "team/situations.rs"]
mod situations;
#[path = "team/watch.rs"]
mod watch;
