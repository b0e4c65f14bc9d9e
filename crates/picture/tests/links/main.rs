//! The link protocol under a simulator of its own: no threads, its own clock and network. A
//! failing seed is printed and repeats exactly: `POLDER_LINK_SEED=N cargo test --test links`.

mod author;
mod disk;
mod plan;
mod sim;

use plan::Plan;

/// Seeds in a run of `cargo test`; `just simulate` runs 20,000 and more.
fn seeds() -> std::ops::Range<u64> {
    let number = |name: &str| std::env::var(name).ok().and_then(|value| value.parse().ok());
    match number("POLDER_LINK_SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..number("POLDER_LINK_SEEDS").unwrap_or(600),
    }
}

/// Runs every seed on all cores; says which failed.
fn each_seed(run: impl Fn(u64) + Sync) {
    let seeds = seeds();
    let next = std::sync::atomic::AtomicU64::new(seeds.start);
    let failed = std::sync::Mutex::new(Vec::new());
    let cores = std::thread::available_parallelism().map_or(2, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..cores {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                    if seed >= seeds.end {
                        return;
                    }
                    let run = std::panic::AssertUnwindSafe(|| run(seed));
                    if std::panic::catch_unwind(run).is_err() {
                        eprintln!("seed {seed} failed: repeat with POLDER_LINK_SEED={seed}");
                        failed.lock().expect("no panic holds it").push(seed);
                    }
                }
            });
        }
    });
    let failed = failed.into_inner().expect("no panic held it");
    assert!(failed.is_empty(), "failed seeds: {failed:?}");
}

#[test]
fn a_region_cut_off_keeps_working_and_then_converges_without_loss_over_any_path() {
    each_seed(|seed| sim::run(&Plan::random(seed)));
}
