//! kill -9 at any moment.

use std::time::Duration;

use crate::{
    harness::*,
    load::{Acknowledged, Load, Random, check_held, held},
};

async fn kill_at_random_moments(engine: &str, rounds: usize) {
    let home = Home::of(engine);
    let mut random = Random::new(std::process::id().into());
    let mut all = Acknowledged::new();
    let mut node = home.start().await;
    node.open("flood").await;
    for round in 0..rounds as u64 {
        let load = Load::start(&node, "flood", 6, random.below(1 << 30)).await;
        // Sometimes at once, so that the first commits after opening are hit too.
        let pause = if round % 4 == 3 { 20 } else { 400 };
        tokio::time::sleep(Duration::from_millis(random.below(pause))).await;
        node.kill();
        let acknowledged = load.end().await;
        if round % 3 == 0 {
            let (code, said) =
                said(&run(&["verify", "--lang", "en", "--data", home.data().to_str().unwrap()]));
            assert_eq!(code, 0, "{engine} round {round}: {said}");
        }
        node = home.start().await;
        for (version, (name, place)) in acknowledged.iter().take(20) {
            let (shown, rivals) = node.get(name).await.unwrap();
            assert!(rivals.is_empty(), "only its own caller writes to it");
            if shown.version == *version {
                assert_eq!(shown.place, *place);
            }
        }
        for (version, (name, place)) in acknowledged.iter().take(2) {
            let versions = node.versions(name).await;
            let found = versions.iter().find(|found| found.version == *version);
            assert_eq!(&found.expect("an acknowledged version").place, place);
        }
        all.extend(acknowledged);
        if round % 3 == 2 || round + 1 == rounds as u64 {
            check_held(&all, &held(&node).await, &format!("of {engine} after round {round}"));
        }
    }
    assert!(all.len() > rounds, "hardly anything was written");
    assert!(node.verdict().await.sound, "{engine}");
    println!("{engine}: {rounds} kills, {} acknowledged versions, none lost", all.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_acknowledged_is_lost_when_the_node_is_killed_fjall() {
    kill_at_random_moments("fjall", rounds(12)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_acknowledged_is_lost_when_the_node_is_killed_sled() {
    kill_at_random_moments("sled", rounds(6)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_is_killed_while_it_opens_opens_the_next_time() {
    for engine in ["fjall", "sled"] {
        let home = Home::of(engine);
        let mut random = Random::new(7);
        let mut node = home.start().await;
        node.open("flood").await;
        let load = Load::start(&node, "flood", 4, 1).await;
        load.until(200).await;
        node.kill();
        let acknowledged = load.end().await;
        for _ in 0..8 {
            let mut child = serve_command(home.data(), &[])
                .stderr(std::process::Stdio::null())
                .spawn()
                .unwrap();
            tokio::time::sleep(Duration::from_millis(random.below(60))).await;
            child.kill().unwrap();
            child.wait().unwrap();
        }
        let node = home.start().await;
        check_held(&acknowledged, &held(&node).await, engine);
        assert!(node.verdict().await.sound);
    }
}
