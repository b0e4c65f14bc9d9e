//! Nothing leaves towards somebody who is not entitled: random charters, records and readers, on
//! real nodes over real sockets. What somebody is told, by any call, stream, file, metric or error,
//! is searched for the words and names of what they may not see. Who may see what is worked out here
//! from how the world was made, not asked of the program.
//!
//! `POLDER_ENTITLED_SEEDS` sets how many seeds are tried, `POLDER_ENTITLED_SEED` which one.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "harness/bearer.rs"]
mod bearer;
#[path = "../crates/picture/tests/charter/made.rs"]
mod made;
#[path = "entitled/provider.rs"]
mod provider;
#[path = "entitled/reader.rs"]
mod reader;
#[path = "entitled/region.rs"]
mod region;
#[path = "entitled/world.rs"]
mod world;

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use provider::Provider;

/// Seeds that are tried. Each is a region whose charter changes twice: three worlds.
const SEEDS: u64 = 40;

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|value| value.parse().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn no_record_of_a_scope_leaves_towards_someone_not_entitled_to_it() {
    let provider = Arc::new(Provider::start().await);
    let (first, count) = match number("POLDER_ENTITLED_SEED") {
        Some(seed) => (seed, 1),
        None => (0, number("POLDER_ENTITLED_SEEDS").unwrap_or(SEEDS)),
    };
    let next = Arc::new(AtomicU64::new(first));
    let mut hidden = 0;
    let workers = (0..count.min(4)).map(|_| {
        let (provider, next) = (Arc::clone(&provider), Arc::clone(&next));
        tokio::spawn(async move {
            let mut hidden = 0;
            loop {
                let seed = next.fetch_add(1, Ordering::Relaxed);
                if seed >= first + count {
                    return hidden;
                }
                let told = tokio::spawn(region::try_one(seed, Arc::clone(&provider))).await;
                match told {
                    Ok(of_seed) => hidden += of_seed,
                    Err(error) => {
                        eprintln!("seed {seed} failed: repeat with POLDER_ENTITLED_SEED={seed}");
                        std::panic::resume_unwind(error.into_panic());
                    }
                }
            }
        })
    });
    for worker in workers.collect::<Vec<_>>() {
        hidden += worker.await.unwrap();
    }
    // Worlds in which everybody sees everything would show nothing.
    assert!(count < 20 || hidden > count as usize, "only {hidden} things were hidden");
}
