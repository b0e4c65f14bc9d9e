//! The contract, through a real node: what every method accepts, refuses and promises.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod harness;

#[path = "contract/attachments.rs"]
mod attachments;
#[path = "contract/fills.rs"]
mod fills;
#[path = "contract/filters.rs"]
mod filters;
#[path = "contract/history.rs"]
mod history;
#[path = "contract/incidents.rs"]
mod incidents;
#[path = "contract/jumped_stores.rs"]
mod jumped_stores;
#[path = "contract/jumps.rs"]
mod jumps;
#[path = "contract/pages.rs"]
mod pages;
#[path = "contract/raw.rs"]
mod raw;
#[path = "contract/receiving.rs"]
mod receiving;
#[path = "contract/refusals.rs"]
mod refusals;
#[path = "contract/requests.rs"]
mod requests;
#[path = "contract/rivals.rs"]
mod rivals;
#[path = "contract/serving.rs"]
mod serving;
#[path = "contract/unknown.rs"]
mod unknown;
#[path = "contract/web.rs"]
mod web;
