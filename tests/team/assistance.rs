//! Help that is asked, offered, accepted and sent, by the command line against a real node.

use polder_wire::v1::{
    Assistance, AssistanceTrouble, HostSupport, ListAssistanceRequest, ListAssistanceResponse,
    RequestState, team_service_client::TeamServiceClient,
};

use crate::harness::*;

async fn help(node: &Running) -> ListAssistanceResponse {
    let request =
        ListAssistanceRequest { incident: "incidents/flood".into(), ..Default::default() };
    let mut client = TeamServiceClient::new(node.channel.clone());
    client.list_assistance(request).await.unwrap().into_inner()
}

async fn only(node: &Running) -> Assistance {
    let mut help = help(node).await;
    assert_eq!(help.requests.len(), 1);
    help.requests.remove(0)
}

/// What a command recorded: the first signs of the entry's id.
fn recorded(told: &str) -> String {
    let name = told.trim().strip_prefix("Recorded: incidents/flood/entries/").unwrap();
    name[..8].to_owned()
}

fn sums(one: &Assistance) -> (i64, i64, i64, i64, i64) {
    let count = one.count.unwrap();
    (count.accepted, one.short, count.en_route, count.arrived, count.released)
}

#[tokio::test]
async fn help_is_asked_offered_accepted_in_parts_and_followed_until_it_is_released() {
    let home = Home::new();
    let node = home.start().await;
    node.open("flood").await;
    let address = node.address();
    let run = |args: &[&str]| {
        let mut all = vec!["--node", &address, "--lang", "en", "assistance"];
        all.extend(args);
        must(&all)
    };
    let fails = |args: &[&str]| {
        let mut all = vec!["--node", &address, "--lang", "en", "assistance"];
        all.extend(args);
        let output = crate::harness::run(&all);
        assert!(!output.status.success(), "{args:?}");
        String::from_utf8(output.stderr).unwrap()
    };
    assert_eq!(run(&[]).trim(), "Nobody asked for help or offered any.");
    let asked = run(&["ask", "soldiers", "-q", "300", "--of", "defensie", "--party", "vr-noord"]);
    let request = recorded(&asked);
    let one = only(&node).await;
    assert_eq!((one.state(), sums(&one)), (RequestState::Asked, (0, 300, 0, 0, 0)));

    let offer = ["offer", "soldiers", "-q", "200", "--request", &request, "--party", "defensie"];
    let first = recorded(&run(&offer));
    let free = recorded(&run(&["offer", "sandbags fillers", "-q", "150", "--party", "thw"]));
    assert_eq!(only(&node).await.count.unwrap().open, 200);
    assert_eq!(help(&node).await.free_offers.len(), 1);
    let why = fails(&["accept", &free]);
    assert!(why.contains("say for which one with --request"), "{why}");
    let handover = must(&["--node", &address, "--lang", "en", "handover", "--since", "00:00"]);
    assert!(handover.contains("[request]"), "{handover}");
    run(&["accept", &first]);
    run(&["accept", &free, "--request", &request]);
    let one = only(&node).await;
    assert_eq!((one.state(), sums(&one)), (RequestState::Accepted, (300, 0, 0, 0, 0)));
    assert!(help(&node).await.free_offers.is_empty());

    run(&["move", &first, "--en-route", "150", "--arrived", "50"]);
    let one = only(&node).await;
    assert_eq!((one.state(), sums(&one)), (RequestState::PartlyMet, (300, 0, 150, 50, 0)));
    let why = fails(&["move", &first, "--arrived", "100"]);
    assert!(why.contains("arrived"), "more than there are: {why}");
    run(&["move", &first, "--en-route", "0", "--arrived", "120", "--released", "80"]);
    run(&["move", &free, "--arrived", "100", "--withdraw"]);
    let one = only(&node).await;
    assert_eq!((one.state(), sums(&one)), (RequestState::Met, (300, 0, 0, 220, 80)));
    let troubles: Vec<_> = one.parts.iter().flat_map(|part| part.troubles()).collect();
    assert_eq!(troubles, [AssistanceTrouble::Withdrawn]);
    let shown = run(&[]);
    for part in
        ["[met]", "vr-noord → defensie: soldiers", "asked 300", "[accepted, then withdrawn]"]
    {
        assert!(shown.contains(part), "{part} is not in\n{shown}");
    }
    // What offers have met is open nowhere, whatever its own entry says.
    let handover = must(&["--node", &address, "--lang", "en", "handover", "--since", "00:00"]);
    assert!(!handover.contains("[request]"), "{handover}");
    let open = run(&["--open"]);
    assert_eq!(open.trim(), "Nobody asked for help or offered any.");
    let why = fails(&["accept", "ffffffff"]);
    assert!(why.contains("no offer has a name that begins with ffffffff"), "{why}");
}

#[tokio::test]
async fn an_offer_that_two_accept_counts_for_none_of_them_and_both_are_told() {
    let home = Home::new();
    let node = home.start().await;
    node.open("flood").await;
    let address = node.address();
    let run = |args: &[&str]| {
        let mut all = vec!["--node", &address, "--lang", "nl", "assistance"];
        all.extend(args);
        must(&all)
    };
    let recorded = |told: String| told.trim().rsplit('/').next().unwrap()[..8].to_owned();
    let north = recorded(run(&["ask", "pompen", "-q", "4", "--party", "vr-noord"]));
    let south = recorded(run(&["ask", "pompen", "-q", "4", "--party", "vr-zuid"]));
    let offer = recorded(run(&["offer", "pompen", "-q", "4", "--party", "thw"]));
    for request in [&north, &south] {
        run(&["accept", &offer, "--request", request, "-q", "4"]);
    }
    let told = help(&node).await;
    for one in &told.requests {
        assert_eq!((sums(one).0, one.short), (0, 4));
        let troubles: Vec<_> = one.parts[0].troubles().collect();
        assert_eq!(troubles, [AssistanceTrouble::Contested]);
    }
    let shown = run(&[]);
    assert!(shown.contains("[meerdere aanvragen aanvaarden het]"), "{shown}");
    assert!(shown.contains("tekort 4"), "{shown}");
}

#[tokio::test]
async fn help_between_countries_says_what_cecis_asks_and_which_support_nobody_has() {
    let home = Home::new();
    let node = home.start().await;
    node.open("flood").await;
    let address = node.address();
    let run = |args: &[&str]| {
        let mut all = vec!["--node", &address, "--lang", "en", "assistance"];
        all.extend(args);
        must(&all)
    };
    let ask = ["ask", "pumps", "-q", "4", "--party", "vr-zuid", "--number", "CECIS 4711"];
    let more = ["--module", "high_capacity_pumping", "--entry-point", "Vaals", "--has", "quarters"];
    let request = recorded(&run(&[&ask[..], &more].concat()));
    let offer = ["offer", "pumps", "-q", "4", "--party", "thw", "--request", &request];
    let more = ["--module", "flood-containment", "--transport", "own_road", "--costs", "giver"];
    let needs = ["--support", "fuel,quarters,guides", "--needs", "800 litres a day"];
    run(&[&offer[..], &more, &needs].concat());

    let one = only(&node).await;
    let part = &one.parts[0];
    let troubles: Vec<_> = part.troubles().collect();
    assert_eq!(troubles, [AssistanceTrouble::Unsupported, AssistanceTrouble::OtherModule]);
    let lacking: Vec<_> = part.lacking_support().collect();
    assert_eq!(lacking, [HostSupport::Fuel, HostSupport::Guides], "quarters there are");
    assert_eq!((one.short, part.count.unwrap().open), (4, 4), "it changes no count");
    let shown = run(&[]);
    for part in ["[nobody said to have: fuel, guides]", "[another capacity than was asked]"] {
        assert!(shown.contains(part), "{part} is not in\n{shown}");
    }
    let listed = must(&["--node", &address, "--lang", "en", "list"]);
    let listed = listed.split_whitespace().collect::<Vec<_>>().join(" ");
    for part in [
        "high capacity pumping, asked, over Vaals",
        "has for guests quarters",
        "no. CECIS 4711",
        "by road, the giver pays, needs fuel, quarters, guides, 800 litres a day",
    ] {
        assert!(listed.contains(part), "{part} is not in\n{listed}");
    }
    let (code, text) = said(&crate::harness::run(&[
        "--node",
        &address,
        "assistance",
        "ask",
        "x",
        "-q",
        "1",
        "--module",
        "magic",
    ]));
    assert!(code == 2 && text.contains("relief module"), "{code}: {text}");
}
