//! The demo, as people meet it: each discipline signs in and sees its own picture.

use std::{
    collections::BTreeSet,
    io::{BufRead as _, BufReader, Write as _},
    process::{Child, Command, Stdio},
};

use serde_json::Value;

use crate::harness::polder;

struct Demo(Child);

impl Drop for Demo {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Commands of somebody with a home of their own.
fn as_somebody(home: &std::path::Path) -> Command {
    let mut command = polder();
    command.env("HOME", home).env_remove("XDG_STATE_HOME").stdin(Stdio::null());
    command
}

/// Entries by name: audience and title.
fn sees(home: &std::path::Path, node: &str) -> BTreeSet<(String, String)> {
    let args = ["list", "-i", "limburg-2021", "--limit", "1000", "--json", "--node", node];
    let output = as_somebody(home).args(args).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    let mut entries = BTreeSet::new();
    for line in text.lines() {
        let value: Value = serde_json::from_str(line).unwrap();
        let all = value["entries"].as_array().cloned().unwrap_or_else(|| vec![value.clone()]);
        for entry in all.iter().filter(|entry| entry["name"].as_str().is_some()) {
            let audience = entry["audience"].as_str().unwrap_or_default().to_owned();
            entries.insert((audience, entry["version"].to_string()));
        }
    }
    entries
}

#[test]
fn each_discipline_signs_in_to_the_demo_and_sees_its_own_picture() {
    let dir = tempfile::tempdir().unwrap();
    let any = "127.0.0.1:0";
    let mut child = polder()
        .args(["demo", "--lang", "en", "--speed", "1e12", "--listen", any, "--admin", any])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
    let demo = Demo(child);
    let said: Vec<_> =
        lines.by_ref().take_while(|line| !line.contains("The scenario is over")).collect();
    let open = |line: &&String| line.trim_start().starts_with("polder login politie");
    let login = said.iter().find(open).unwrap_or_else(|| panic!("{said:#?}"));
    let node = login.split_whitespace().skip_while(|word| *word != "--node").nth(1).unwrap();
    let (_, passphrase) = login.rsplit_once('(').unwrap();
    let file = dir.path().join("passphrase");
    let mut written = std::fs::File::create(&file).unwrap();
    written.write_all(passphrase.trim_end_matches(')').as_bytes()).unwrap();
    drop(written);

    let home = |name: &str| {
        let home = dir.path().join(name);
        std::fs::create_dir(&home).unwrap();
        home
    };
    let all = sees(&home("nobody"), node);
    let audiences = |seen: &BTreeSet<(String, String)>| -> BTreeSet<String> {
        seen.iter()
            .map(|(audience, _)| audience.trim_start_matches("audiences/").to_owned())
            .collect()
    };
    let four = ["", "geneeskundig", "hulpdiensten", "politie"].map(str::to_owned);
    assert_eq!(audiences(&all), BTreeSet::from(four), "whoever is on the machine sees it all");
    let expected = [
        ("politie", vec!["", "hulpdiensten", "politie"]),
        ("brandweer", vec!["", "hulpdiensten"]),
        ("ghor", vec!["", "geneeskundig", "hulpdiensten"]),
        ("rijkswaterstaat", vec![""]),
        ("informatie", vec![""]),
    ];
    for (person, due) in expected {
        let home = home(person);
        let login = as_somebody(&home)
            .args(["login", person, "--node", node, "--passphrase-file"])
            .arg(&file)
            .output()
            .unwrap();
        assert!(login.status.success(), "{}", String::from_utf8_lossy(&login.stderr));
        let seen = sees(&home, node);
        let due: BTreeSet<_> = due.into_iter().map(str::to_owned).collect();
        assert_eq!(audiences(&seen), due, "{person}");
        let part = all
            .iter()
            .filter(|(audience, _)| due.contains(audience.trim_start_matches("audiences/")));
        assert_eq!(seen, part.cloned().collect(), "{person} sees all of it, and nothing else");
    }
    drop(demo);
}

#[test]
fn closing_the_incident_stops_the_scenario_and_not_the_demo() {
    let any = "127.0.0.1:0";
    let mut child = polder()
        .args(["demo", "--lang", "en", "--speed", "2000", "--listen", any, "--admin", any])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
    let mut errors = BufReader::new(child.stderr.take().unwrap()).lines().map_while(Result::ok);
    let _demo = Demo(child);
    // A demo that says nothing must not hold the test up for ever.
    let (told, heard) = std::sync::mpsc::channel();
    let login = lines.find(|line| line.trim_start().starts_with("polder login politie")).unwrap();
    let node = login.split_whitespace().skip_while(|word| *word != "--node").nth(1).unwrap();
    let also = told.clone();
    std::thread::spawn(move || errors.try_for_each(|line| also.send(line)));
    std::thread::spawn(move || lines.try_for_each(|line| told.send(line)));

    let home = tempfile::tempdir().unwrap();
    let run = |args: &[&str]| {
        as_somebody(home.path()).args(args).args(["--node", node]).output().unwrap()
    };
    let list = ["list", "-i", "limburg-2021", "--json"];
    let begun = (0..1200).any(|_| {
        std::thread::sleep(std::time::Duration::from_millis(50));
        String::from_utf8_lossy(&run(&list).stdout).contains("/entries/")
    });
    assert!(begun, "{}", String::from_utf8_lossy(&run(&list).stderr));
    let closed = run(&["incident", "close", "limburg-2021", "--reason", "seen enough"]);
    assert!(closed.status.success(), "{}", String::from_utf8_lossy(&closed.stderr));
    // In any order: they come by two pipes.
    let mut due = vec!["INCIDENT_CLOSED", "The scenario stops here"];
    while !due.is_empty() {
        let line = heard.recv_timeout(std::time::Duration::from_secs(60)).expect("it says more");
        due.retain(|words| !line.contains(words));
    }
    assert!(!sees(home.path(), node).is_empty(), "what was said can be read");
}
