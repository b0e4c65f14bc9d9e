//! How forecasts moved, and what came true.

use crate::{
    harness::must,
    limburg::{golden, played, says},
};

#[tokio::test(flavor = "multi_thread")]
async fn the_forecasts_of_the_flood_show_how_they_moved_and_what_came_true() {
    let (_dir, node) = played().await;
    // Rows 7, 59, 67, 103 and 113, with the peaks that were reported.
    let ask = ["forecasts", "--known", "2021-07-19T20:00"];
    golden("forecasts-19-july.txt", &says(&node, &ask));
    let dutch: Vec<_> = ask.iter().copied().chain(["--lang", "nl"]).collect();
    golden("forecasts-19-july.nl.txt", &says(&node, &dutch));
    // On the afternoon of the 15th nobody knew yet what would come.
    let early = says(&node, &["forecasts", "--known", "2021-07-15T15:00"]);
    assert!(early.contains("3,350, for 15 Jul 18:00 · 1,850 higher than before"), "{early}");
    assert!(!early.contains("came true") && !early.contains("replaced since]\n  15"), "{early}");

    let json = must(&["--node", &node.address(), "forecasts", "--json"]);
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    let tracks = json["tracks"].as_array().unwrap();
    let at = |place: &str, aspect: &str| {
        tracks.iter().find(|one| one["place"] == place && one["aspect"] == aspect).unwrap()
    };
    let discharge = at("Maas bij Sint Pieter", "water_level.discharge_m3_s");
    assert_eq!(discharge["forecasts"][1]["moved"], 1_850.0);
    assert_eq!(discharge["forecasts"][1]["outcomes"][0]["error"], 90.0);
    let peak = at("Maas bij Roermond", "water_level.peak_time");
    assert_eq!(peak["forecasts"][0]["outcomes"][0]["error"], 3.0 * 3_600.0);
}
