//! The link protocol under a simulator of its own: no threads, its own clock and network. A
//! failing seed is printed and repeats exactly: `POLDER_LINK_SEED=N cargo test --test links`.

mod after;
mod archived;
mod arrive;
mod author;
mod build;
mod disk;
mod forge;
mod hostile;
mod plan;
mod restores;
mod rights;
mod sim;
mod wires;

use plan::Plan;
use polder_wire::v1::Lane;

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
    let ended = std::sync::Mutex::new(std::collections::BTreeMap::new());
    let happened = std::sync::Mutex::new((0, 0, 0));
    let later = std::sync::Mutex::new((0, 0));
    each_seed(|seed| {
        let ran = sim::run(&Plan::random(seed));
        let mut happened = happened.lock().expect("no panic holds it");
        *happened = (happened.0 + ran.leaps, happened.1 + ran.revoked, happened.2 + ran.set_aside);
        let mut later = later.lock().expect("no panic holds it");
        *later = (later.0 + ran.fills, later.1 + ran.lost);
        for (reason, times) in ran.faults {
            *ended.lock().expect("no panic holds it").entry(reason).or_insert(0) += times;
        }
    });
    let (leaps, revoked, set_aside) = happened.into_inner().expect("no panic held it");
    let (fills, lost) = later.into_inner().expect("no panic held it");
    println!("pieces of what checkpoints left out: {fills}; feeds that nobody has whole: {lost}");
    println!(
        "feeds that came by a checkpoint: {leaps}; rights that ended: {revoked}; records of \
         authors that were cut off: {set_aside}"
    );
    let few = seeds().count() < 300;
    assert!(few || leaps.min(revoked).min(fills) > 0 && set_aside > 0, "all of it happens");
    println!("sessions with hostile nodes ended for: {:?}", ended.into_inner());
}

/// Where every node takes what it can by a checkpoint, and neighbours of neighbours need what that
/// left out. Before that came later, these ended apart.
#[test]
fn where_all_come_by_checkpoints_all_become_whole_over_any_path() {
    let (mut leaps, mut fills) = (0, 0);
    for seed in [17, 104, 160, 191, 230] {
        let mut plan = Plan::random(seed);
        plan.checkpoints = true;
        plan.leaps = vec![true; plan.nodes];
        plan.newcomers = 4;
        plan.commits += 40;
        let ran = sim::run(&plan);
        println!(
            "seed {seed}: {} by a checkpoint, {} pieces later, {} feeds that nobody has whole",
            ran.leaps, ran.fills, ran.lost
        );
        (leaps, fills) = (leaps + ran.leaps, fills + ran.fills);
    }
    assert!(leaps > 20 && fills > 20, "{leaps} by a checkpoint, {fills} pieces");
}

#[test]
fn a_feed_comes_whole_on_a_link_where_what_a_checkpoint_leaves_out_could_not_follow() {
    for bulk in [true, false] {
        let mut plan = Plan::pair(50_000, 20_000);
        plan.leaps = vec![true; 2];
        plan.wires[0].lanes.retain(|lane| bulk || *lane != Lane::Bulk);
        let mut sim = sim::Sim::peaceful(&plan);
        let feed = sim.history(0, Lane::Routine, 40);
        let whole = |sim: &sim::Sim<'_>| {
            let disk = &sim.nodes[1].disk;
            disk.end(feed).sequence == 41 && disk.leapt.is_empty()
        };
        sim.until(300_000_000, whole);
        assert_eq!((sim.leaps > 0, sim.fills > 0), (bulk, bulk));
        // Of whichever way it came nothing is left to be said.
        sim.check_written(feed, 0, 1);
    }
}

/// A backlog of a megabyte in the slower lanes; how long each urgent record takes, in microseconds,
/// and which share of the line was used meanwhile.
fn urgent_over(plan: &Plan, samples: usize) -> (u64, f64) {
    let mut sim = sim::Sim::peaceful(plan);
    sim.until(60_000_000, |sim| sim.open(0));
    for lane in [Lane::Routine, Lane::Bulk] {
        for _ in 0..250 {
            sim.write(0, 0, lane, &[500; 4]);
        }
    }
    // Until the window has found its size.
    let warm = sim.now + 60_000_000;
    sim.until(90_000_000, |sim| sim.now >= warm);
    let (begun, carried) = (sim.now, sim.carried()[0]);
    let mut slowest = 0;
    for _ in 0..samples {
        let start = sim.now;
        let (feed, sequence) = sim.write(0, 0, Lane::Urgent, &[200]);
        let end = sim.until(200_000_000, |sim| sim.nodes[1].disk.end(feed).sequence >= sequence);
        slowest = slowest.max(end - start);
        let next = end + 1_700_000;
        sim.until(10_000_000, |sim| sim.now >= next);
    }
    let seconds = (sim.now - begun) as f64 / 1e6;
    let used =
        (sim.carried()[0] - carried) as f64 / (plan.wires[0].bytes_per_second as f64 * seconds);
    (slowest, used)
}

#[test]
fn urgent_overtakes_a_backlog_on_a_thin_link_within_a_round_trip_and_two_and_a_half_seconds() {
    let (slowest, used) = urgent_over(&Plan::pair(8_000, 350_000), 30);
    assert!(slowest <= 700_000 + 2_500_000, "{} ms", slowest / 1_000);
    assert!(used >= 0.85, "the backlog used {:.0} % of the line", used * 100.0);
}

#[test]
fn urgent_text_takes_less_than_ten_seconds_on_a_trunked_radio() {
    let (slowest, _) = urgent_over(&Plan::pair(875, 1_500_000), 10);
    assert!(slowest < 10_000_000, "{} ms", slowest / 1_000);
}

/// Prints what a national outage costs: every node wrote alone, then all links return.
#[test]
#[ignore = "minutes; `just thousand` runs it"]
fn a_thousand_nodes_become_one_after_a_national_outage() {
    println!(
        "| nodes | links | records | until all are one | bytes a link | bytes a record and node |"
    );
    println!("|---|---|---|---|---|---|");
    for nodes in [10, 30, 100, 300, 1_000] {
        let plan = Plan::nation(nodes);
        let mut sim = sim::Sim::peaceful(&plan);
        for node in 0..nodes {
            sim.write(node, 0, Lane::Routine, &[400, 400]);
            sim.write(node, 0, Lane::Urgent, &[200]);
        }
        let records = 3 * nodes;
        let end = sim.until(3_600_000_000, |sim| sim.delivered >= records * (nodes - 1));
        let bytes: u64 = sim.carried().iter().sum();
        let links = plan.wires.len();
        println!(
            "| {nodes} | {links} | {records} | {:.1} s | {:.1} kB | {:.0} |",
            end as f64 / 1e6,
            bytes as f64 / links as f64 / 1e3,
            bytes as f64 / (records * (nodes - 1)) as f64
        );
    }
}
