//! What the command line tells of other nodes.

use std::time::{Duration, Instant};

use crate::{Cli, harness::*};

#[tokio::test(flavor = "multi_thread")]
async fn a_publisher_can_wait_for_other_nodes_and_see_who_is_cut_off() {
    let (home, other) = (Home::new(), Home::new());
    let node = home.start().await;
    let address = node.address();
    let mut neighbour = Running::start(other.data(), &["--link", &address]).await;
    node.open("maas").await;
    let cli = Cli::of(&node);
    let until = Instant::now() + Duration::from_secs(30);
    while !cli.text(&["links", "--once"]).contains("in step") {
        assert!(Instant::now() < until, "{}", cli.text(&["links", "--once"]));
    }
    let told = cli.json(&["publish", "dijk", "--wait", "1", "--wait-time", "20s"]);
    let name = told[0]["published"]["name"].as_str().unwrap();
    assert_eq!(told[1]["waitSatisfied"], true);
    let holder = told[1]["holders"][0].as_str().unwrap();
    let holders = &cli.json(&["holders", name])[0]["holders"];
    assert_eq!(holders[0]["node"], holder);
    assert!(cli.text(&["holders", name]).contains("known since"));
    let told = cli.text(&["publish", "dam", "--wait-for", holder, "--wait-time", "20s"]);
    assert!(told.contains("Also held by"), "{told}");
    let (code, told) = cli.run(&["publish", "x", "--wait-for", "nobody"]);
    assert!(code == 2 && told.contains("nobody"), "{code} {told}");

    neighbour.kill();
    let until = Instant::now() + Duration::from_secs(90);
    while !cli.text(&["links", "--once"]).contains("CUT OFF") {
        assert!(Instant::now() < until, "{}", cli.text(&["links", "--once"]));
    }
    let (code, told) = cli.run(&["publish", "sluis", "--wait", "1", "--wait-time", "1s"]);
    assert!(code == 6 && told.contains("nothing is lost") && told.contains("0 of 1"), "{told}");
    let (code, told) = cli.run(&["publish", "brug", "--wait-for", holder, "--wait-time", "1s"]);
    assert_eq!(code, 6, "{told}");
    let links = &cli.json(&["links", "--once"])[0]["links"];
    assert_eq!(links[0]["state"], "LINK_STATE_CUT_OFF");
    let lanes = links[0]["lanes"].as_array().unwrap();
    let missing: i64 = lanes.iter().filter_map(|lane| lane["recordsToSend"].as_i64()).sum();
    assert_eq!(missing, 2, "{links}");
    let dutch = cli.text(&["links", "--once", "--lang", "nl"]);
    assert!(dutch.contains("AFGESNEDEN"), "{dutch}");
}
