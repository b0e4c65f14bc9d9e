//! The command line as people use it, in Dutch and English, with the exit codes of `--help`.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "cli/charter.rs"]
mod charter;
#[path = "cli/demo.rs"]
mod demo;
#[path = "cli/links.rs"]
mod links;
#[path = "cli/settings.rs"]
mod settings;

mod harness;

use std::{fs, path::Path};

use harness::*;
use polder_wire::v1::Mode;
use serde_json::Value;

/// A command against a node; it ends before the next begins.
struct Cli {
    address: String,
}

impl Cli {
    fn of(node: &Running) -> Self {
        Self { address: node.address() }
    }

    fn command(&self, args: &[&str]) -> assert_cmd::Command {
        let mut command = assert_cmd::Command::from_std(polder());
        command.args(args).env("POLDER_NODE", &self.address).env("POLDER_LANG", "en");
        command.timeout(std::time::Duration::from_secs(60));
        command
    }

    fn run(&self, args: &[&str]) -> (i32, String) {
        self.fed(args, "")
    }

    fn fed(&self, args: &[&str], input: &str) -> (i32, String) {
        said(&self.command(args).write_stdin(input.to_owned()).output().unwrap())
    }

    /// What a command prints that must succeed.
    fn text(&self, args: &[&str]) -> String {
        let output = self.command(args).assert().success().get_output().stdout.clone();
        String::from_utf8(output).unwrap()
    }

    /// The same with `--json`: one value on each line.
    fn json(&self, args: &[&str]) -> Vec<Value> {
        let text = self.text(&[args, &["--json"]].concat());
        text.lines().map(|line| serde_json::from_str(line).expect(line)).collect()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn from_a_new_store_to_a_picture_in_a_few_commands() {
    let home = Home::new();
    let node = home.start().await;
    let cli = Cli::of(&node);
    assert!(cli.text(&["incident", "list"]).contains("There is no incident yet"));
    let opened =
        cli.text(&["incident", "create", "Hoogwater Maas", "--id", "maas", "--mode", "exercise"]);
    assert!(
        opened.contains("Opened")
            && opened.contains("EXERCISE")
            && opened.contains("Hoogwater Maas"),
        "{opened}"
    );
    // With one open incident nobody needs to name it.
    let published = cli.text(&[
        "publish",
        "Water hoog bij Borgharen",
        "--kind",
        "water-level",
        "--set",
        "gauge=Borgharen",
        "--set",
        "discharge_m3_s=3100",
        "--discipline",
        "water",
        "--urgency",
        "immediate",
        "--at",
        "50.87,5.69",
        "--place",
        "Borgharen",
        "--observed",
        "2021-07-15T21:00:00+02:00",
    ]);
    let name = published.trim().rsplit(' ').next().unwrap().to_owned();
    assert!(name.starts_with("incidents/maas/entries/"), "{published}");
    let listed = cli.text(&["list"]);
    for word in ["Borgharen", "3100", "URGENT", "tester"] {
        assert!(
            listed.replace(['\u{202f}', '\u{a0}', ',', '.', ' '], "").contains(word),
            "{word}: {listed}"
        );
    }
    let entries = cli.json(&["list"]);
    assert_eq!(entries[0]["name"], name.as_str());
    assert_eq!(
        (&entries[0]["kind"], &entries[0]["lane"]),
        (&"water_level".into(), &"LANE_URGENT".into())
    );
    assert_eq!(entries[0]["waterLevel"]["dischargeM3S"], 3100.0);
    assert_eq!(entries[0]["times"]["observed"], "2021-07-15T19:00:00Z");

    for (flags, found) in [
        (vec!["--kind", "water_level"], 1),
        (vec!["--kind", "outage,water_level"], 1),
        (vec!["--kind", "outage"], 0),
        (vec!["--discipline", "water"], 1),
        (vec!["--discipline", "fire"], 0),
        (vec!["--box", "50,5,51,6"], 1),
        (vec!["--box", "-10,-10,0,0"], 0),
        (vec!["--urgency", "immediate"], 1),
        (vec!["--text", "borgharen"], 1),
        (vec!["--from", "2021-07-15T19:00:00Z", "--before", "2021-07-15T19:00:01Z"], 1),
        (vec!["--before", "2021-07-15T19:00:00Z"], 0),
        (vec!["--statement", "fact"], 1),
        (vec!["--party", "tester"], 1),
        (vec!["--contradictions"], 0),
        (vec!["--stale"], 1),
    ] {
        assert_eq!(cli.json(&[&["list"], &flags[..]].concat()).len(), found, "{flags:?}");
    }

    let watched = cli.json(&["watch", "--once"]);
    assert!(
        watched.iter().any(|message| message["changes"]["changes"][0]["name"] == name.as_str())
    );
    assert_eq!(watched.last().unwrap()["snapshotEnd"]["count"], 1);
    let watched = cli.text(&["watch", "--once"]);
    assert!(watched.contains("Borgharen") && watched.contains("The picture so far"), "{watched}");
    let as_of = cli.json(&["as-of", "--known", "2021-07-15T21:00:00Z"]);
    assert_eq!(as_of.len(), 1, "nothing was known then");
    let as_of = cli.text(&["as-of"]);
    assert!(as_of.contains("Borgharen") && as_of.contains("1 entries"), "{as_of}");

    let updated = cli.text(&[
        "incident",
        "update",
        "maas",
        "--grip",
        "2",
        "--region",
        "vr-zuid-limburg",
        "--teams",
        "copi,rot",
        "--phase",
        "warm",
    ]);
    assert!(updated.contains("GRIP 2"), "{updated}");
    let shown = &cli.json(&["incident", "show", "maas"])[0];
    assert_eq!((&shown["phase"], &shown["grip"]), (&"PHASE_WARM".into(), &"GRIP_LEVEL_2".into()));

    cli.text(&["retract", &name, "--reason", "verkeerde meter"]);
    assert!(cli.text(&["list"]).contains("nothing matches"));
    assert!(cli.text(&["list", "--retracted"]).contains("verkeerde meter"));
    cli.text(&["incident", "close", "maas", "--reason", "voorbij"]);
    assert!(cli.text(&["incident", "list"]).contains("There is no incident yet"));
    assert!(cli.text(&["incident", "list", "--all"]).contains("closed"));

    let status = &cli.json(&["status"])[0];
    assert_eq!(
        (&status["health"], &status["store"]["engine"]),
        (&"HEALTH_OK".into(), &"fjall".into())
    );
    let status = cli.text(&["status"]);
    assert!(status.contains("Health: sound") && status.contains("maas urgent"), "{status}");
    assert!(cli.text(&["verify"]).contains("Every chain, hash and signature holds."));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_commands_speak_dutch_and_english() {
    let home = Home::new();
    let node = home.start().await;
    node.create(incident("maas", Mode::Exercise)).await.unwrap();
    node.put(&observation("maas", "zandzakken")).await;
    let cli = Cli::of(&node);
    for (args, english, dutch) in [
        (&["status"][..], "Health: sound", "Toestand: in orde"),
        (&["watch", "--once"], "The picture so far", "Het beeld tot nu toe"),
        (&["list", "--text", "nergens"], "nothing matches", "niets gevonden"),
        (&["incident", "show", "maas"], "EXERCISE", "OEFENING"),
        (
            &["verify"],
            "Every chain, hash and signature holds.",
            "Elke keten, hash en handtekening klopt.",
        ),
        (&["as-of"], "1 entries", "1 items"),
        (&["check"], "The configuration is sound.", "De configuratie is in orde."),
    ] {
        for (lang, words, others) in [("en", english, dutch), ("nl", dutch, english)] {
            let text = cli.text(&[args, &["--lang", lang]].concat());
            assert!(text.contains(words) && !text.contains(others), "{args:?} {lang}: {text}");
            // The environment says it as well as the flag, and the flag comes first.
            let mut command = cli.command(args);
            let output = command.env("POLDER_LANG", lang).output().unwrap().stdout;
            assert!(String::from_utf8(output).unwrap().contains(words), "{args:?} {lang}");
        }
        let mut command = cli.command(args);
        command.env_remove("POLDER_LANG").env("LC_ALL", "nl_NL.UTF-8");
        assert!(String::from_utf8(command.output().unwrap().stdout).unwrap().contains(dutch));
    }
    let (code, told) = cli.run(&["list", "--incident", "elders", "--lang", "nl"]);
    assert!(
        code == 3 && told.contains("geweigerd") && told.contains("[INCIDENT_NOT_FOUND]"),
        "{told}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn each_sort_of_failure_has_the_exit_code_that_the_help_tells() {
    let home = Home::new();
    let mut node = home.start().await;
    node.create(incident("maas", Mode::Test)).await.unwrap();
    let cli = Cli::of(&node);
    let help = cli.text(&["--help"]);
    for words in [
        "0 done",
        "1 failed",
        "2 wrong command line",
        "3 refused",
        "4 node not reachable",
        "5 the store",
        "6 stored here but not yet held",
    ] {
        assert!(
            help.split_whitespace().collect::<Vec<_>>().join(" ").contains(words),
            "{words}: {help}"
        );
    }
    let data = home.data().to_str().unwrap().to_owned();
    let fresh = home.beside("fresh");
    let fresh = fresh.to_str().unwrap();
    let rows: Vec<(i32, Vec<&str>)> = vec![
        (0, vec!["--version"]),
        (0, vec!["status"]),
        (1, vec!["import", "/nowhere/at/all.jsonl"]),
        (1, vec!["restore", "/nowhere/at/all", "--data", fresh]),
        (1, vec!["verify", "--data", "/nowhere/at/all"]),
        (2, vec!["burn"]),
        (2, vec!["list", "--limit", "many"]),
        (2, vec!["incident", "create", "no mode"]),
        (2, vec!["list", "--lang", "de"]),
        (2, vec!["check", "--config", "/nowhere/at/all.toml"]),
        (2, vec!["incident", "update", "x", "--grip", "2"]),
        (2, vec!["init", "--data", fresh, "--party", "Not A Party"]),
        (2, vec!["init", "--data", fresh, "--party", "x", "--engine", "paper"]),
        (2, vec!["serve", "--data", &data, "--admin", "0.0.0.0:0"]),
        (2, vec!["serve", "--data", &data, "--listen", "0.0.0.0:0", "--local", "0.0.0.0:0"]),
        (2, vec!["demo", "--listen", "0.0.0.0:0"]),
        (2, vec!["status", "--node", "10.0.0.1:7420"]),
        (2, vec!["status", "--node", "10.0.0.1:7420", "--ca", "/nowhere/at/all.pem"]),
        (2, vec!["serve", "--data", &data, "--engine", "paper"]),
        (2, vec!["list", "--discipline", "magic"]),
        (2, vec!["list", "--from", "nine"]),
        (2, vec!["publish", "x", "--at", "here"]),
        (2, vec!["init", "--party", "x"]),
        (3, vec!["incident", "show", "elsewhere"]),
        (3, vec!["incident", "create", "x", "--id", "maas", "--mode", "test"]),
        (3, vec!["publish", "x", "--kind", "water_level"]),
        (3, vec!["retract", "incidents/maas/entries/nothing", "--reason", "x"]),
        (4, vec!["status", "--node", "127.0.0.1:1"]),
        (4, vec!["list", "--node", "127.0.0.1:1"]),
    ];
    for (expected, args) in rows {
        let (code, told) = cli.run(&args);
        assert_eq!(code, expected, "{args:?}: {told}");
        assert!(!told.trim().is_empty() && !told.contains("panicked"), "{args:?}");
    }
    node.stop();
    let arrivals = fs::read_dir(home.data()).unwrap().map(|entry| entry.unwrap().path());
    let store =
        arrivals.into_iter().find(|path| path.to_str().unwrap().contains("store-")).unwrap();
    spoil(&store);
    let (code, told) = cli.run(&["verify", "--data", &data]);
    assert_eq!(code, 5, "{told}");
    assert_eq!(
        cli.run(&["serve", "--data", &data, "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0"]).0,
        5
    );
}

/// Overwrites every file below a directory.
fn spoil(dir: &Path) {
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            spoil(&path);
        } else {
            let size = fs::metadata(&path).unwrap().len().min(1 << 20) as usize;
            fs::write(&path, vec![0x5a; size]).unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_lines_the_bad_ones_are_named_and_the_others_published() {
    let home = Home::new();
    let node = home.start().await;
    node.open("maas").await;
    let cli = Cli::of(&node);
    let line = |title: &str, statement: &str| {
        format!(
            r#"{{"statement":"{statement}","texts":[{{"language":"nl","title":"{title}"}}],"observation":{{}}}}"#
        )
    };
    let fact = "STATEMENT_FACT";
    let input = [
        line("een", fact),
        String::new(),
        format!(r#"{{"entry":{}}}"#, line("twee", fact)),
        line("drie", "STATEMENT_UNSPECIFIED"),
        line("vier", fact),
    ];
    let (code, told) = cli.fed(&["publish", "-", "--incident", "maas"], &input.join("\n"));
    assert_eq!(code, 3, "{told}");
    assert!(told.contains("line 4") && told.contains("statement"), "{told}");
    assert!(told.contains("3 published, 1 refused"), "{told}");
    assert_eq!(cli.json(&["list"]).len(), 3);
    // A line that is no JSON, or no entry, is one bad line among others as well.
    let input = [line("vijf", fact), "no json".into(), r#"{"magic":1}"#.into(), line("zes", fact)];
    let (code, told) = cli.fed(&["publish", "-", "--incident", "maas"], &input.join("\n"));
    assert!(told.contains("line 2") && told.contains("line 3"), "{told}");
    assert_eq!(code, 3, "{told}");
    assert_eq!(cli.json(&["list"]).len(), 5, "{told}");
    // Many lines go in several calls.
    let many = vec![line("veel", fact); 250].join("\n");
    let (code, told) = cli.fed(&["publish", "-", "--incident", "maas"], &many);
    assert!(code == 0 && told.contains("250 published"), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_version_an_attachment_and_a_page_by_flags() {
    let home = Home::new();
    let node = home.start().await;
    node.open("maas").await;
    let cli = Cli::of(&node);
    let photo = home.beside("dijk.jpg");
    fs::write(&photo, vec![9; 700_000]).unwrap();
    let published = cli.json(&["publish", "Scheur", "--attach", photo.to_str().unwrap()]);
    let name = published[0]["published"]["name"].as_str().unwrap().to_owned();
    let id = name.rsplit('/').next().unwrap();
    cli.text(&["publish", "Scheur gedicht", "--entry", id, "--verified-by", "Waterschap"]);
    let entries = cli.json(&["list"]);
    assert_eq!(entries.len(), 1);
    assert_eq!(entries[0]["texts"][0]["title"], "Scheur gedicht");
    assert_eq!(entries[0]["assessment"]["verification"]["verifiedBy"], "Waterschap");
    assert_eq!(node.versions(&name).await.len(), 2);
    assert_eq!(node.status().await.store.unwrap().attachment_bytes, 700_000);
    for at in 0..5 {
        cli.text(&["publish", &format!("regel {at}")]);
    }
    let page = cli.json(&["list", "-n", "4"]);
    assert_eq!(page.len(), 5, "four entries and a token");
    let token = page[4]["nextPageToken"].as_str().unwrap();
    assert_eq!(cli.json(&["list", "-n", "4", "--page", token]).len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn times_are_told_and_read_in_the_zone_of_the_machine() {
    if !Path::new("/usr/share/zoneinfo/Europe/Amsterdam").exists() {
        println!("skipped: this machine has no time zones");
        return;
    }
    let home = Home::new();
    let node = home.start().await;
    node.open("maas").await;
    let cli = Cli::of(&node);
    for (zone, told, seconds) in [("Europe/Amsterdam", "21:00", 0), ("UTC", "21:00", 2 * 3600)] {
        let output = cli
            .command(&["publish", zone, "--observed", "2021-07-15T21:00", "--json"])
            .env("TZ", zone)
            .output()
            .unwrap();
        let published: Value = serde_json::from_slice(&output.stdout).unwrap();
        let name = published["published"]["name"].as_str().unwrap();
        let observed = node.get(name).await.unwrap().0.times.unwrap().observed.unwrap();
        assert_eq!(observed.seconds, 1_626_375_600 + seconds, "{zone}");
        let listed = cli.command(&["list", "--text", zone]).env("TZ", zone).output().unwrap();
        let listed = String::from_utf8(listed.stdout).unwrap();
        assert!(listed.contains(told), "{zone}: {listed}");
    }
}

#[test]
fn completions_are_printed_for_every_shell() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = must(&["completions", shell]);
        assert!(script.contains("polder") && script.contains("as-of"), "{shell}");
    }
    assert_eq!(run(&["completions", "tcsh"]).status.code(), Some(2));
}

#[tokio::test(flavor = "multi_thread")]
async fn importing_a_scenario_twice_changes_nothing_the_second_time() {
    let home = Home::new();
    let mut node = home.start().await;
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/scenarios/limburg2021.jsonl");
    let cli = Cli::of(&node);
    let steps = cli.json(&["import", file])[0]["steps"].as_i64().unwrap();
    assert!(steps > 200);
    let first = node.status().await;
    let listed = cli.text(&["list", "--json", "-n", "1000"]);
    cli.text(&["import", file]);
    node.kill();
    let node = home.start().await;
    let cli = Cli::of(&node);
    cli.text(&["import", file]);
    let status = node.status().await;
    assert_eq!((status.lsn, status.entry_count), (first.lsn, first.entry_count));
    assert_eq!(cli.text(&["list", "--json", "-n", "1000"]), listed);
    let bad = home.beside("bad.jsonl");
    fs::write(&bad, "{\"at\":\"2021-07-11T05:55:00Z\"}\n").unwrap();
    let (code, told) = cli.run(&["import", bad.to_str().unwrap()]);
    assert!(code != 0 && told.contains("line 1"), "{code} {told}");
}

#[test]
fn the_demo_shows_every_kind_and_many_contradictions_in_both_engines() {
    let mut summaries = Vec::new();
    for engine in ["fjall", "sled"] {
        let text = must(&["demo", "--once", "--json", "--engine", engine]);
        let mut summary: Value = serde_json::from_str(text.trim()).unwrap();
        let kinds: Vec<_> = summary["kinds"].as_object().unwrap().keys().cloned().collect();
        for (kind, _) in polder_picture::kinds::examples::examples() {
            assert!(kinds.iter().any(|found| found == kind), "{engine}: no {kind}");
        }
        assert!(summary["contradictions"].as_array().unwrap().len() > 5, "{engine}");
        let moments = summary["moments"].as_array().unwrap();
        assert_eq!(moments.len(), 5);
        let entries: Vec<_> =
            moments.iter().map(|moment| moment["entries"].as_i64().unwrap()).collect();
        assert!(entries.is_sorted() && entries[0] > 0, "{entries:?}");
        // The last moment is when the clock was read: a few milliseconds differ each time.
        summary["moments"][4]["knownAt"] = Value::Null;
        summaries.push(summary);
    }
    assert_eq!(summaries[0], summaries[1], "the engine makes no difference");
    let text = must(&["demo", "--once", "--lang", "nl"]);
    assert!(text.contains("Openstaande tegenspraken") && text.contains("OEFENING"), "{text}");
}
