//! The charter by the command line: from two keys to a region, and back out of it.

use std::{fs, os::unix::fs::PermissionsExt as _, path::Path};

use serde_json::Value;

use crate::{Cli, harness::*};

/// A key of its own, made by the program, and its public half.
fn key(home: &Home, name: &str) -> (String, String) {
    let path = home.beside(name).to_str().unwrap().to_owned();
    let made = must(&["charter", "key", &path, "--no-passphrase", "--json"]);
    let made: Value = serde_json::from_str(made.trim()).unwrap();
    (path, made["publicKey"].as_str().unwrap().to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_in_the_directory_where_one_stands_signs() {
    let home = Home::new();
    let node = home.start().await;
    key(&home, "anna.key");
    let mut command = polder();
    command.args(["charter", "create", "Zuid", "--holder", "Anna", "--key", "anna.key"]);
    command.args(["--node", &node.address()]).current_dir(home.beside(""));
    let (code, told) = said(&command.output().unwrap());
    assert!(code == 0 && told.contains("It counts."), "{code} {told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_region_is_founded_changed_and_shown_with_nothing_but_keys_on_disk() {
    let home = Home::new();
    let node = home.start().await;
    let cli = Cli::of(&node);
    let (anna, _) = key(&home, "anna.key");
    let (_, bert) = key(&home, "bert.key");
    let (code, told) = cli.run(&["charter", "show"]);
    assert!(code == 1 && told.contains("no charter yet"), "{code} {told}");

    let other = format!("{bert}=Bert");
    let founded = cli.text(&[
        "charter", "create", "Limburg", "--holder", "Anna", "--anchor", &other, "--needed", "2",
        "--key", &anna,
    ]);
    assert!(founded.contains("It counts."), "{founded}");
    let sign = ["--key", anna.as_str()];
    let say = |args: &[&str]| cli.text(&[args, &sign].concat());
    say(&[
        "party",
        "politie",
        "--name",
        "Politie",
        "--name",
        "en=Police",
        "--discipline",
        "police",
    ]);
    say(&["party", "ghor", "--discipline", "medical", "--contact", "0900 1234"]);
    say(&["audience", "responders", "--party", "politie,ghor"]);
    say(&["certify", "--party", "politie"]);
    say(&["member", "maas", "politie", "ghor"]);
    say(&["role", "j.jansen@example.nl", "column-head", "--party", "ghor", "--incident", "maas"]);
    let shown = cli.text(&["charter", "show"]);
    for line in [
        "Limburg",
        "Anna",
        "politie: Police · police · NL",
        "ghor: ghor · medical · NL · 0900 1234",
        "responders (responders): politie, ghor",
        "maas: politie",
        "j.jansen@example.nl: column head · ghor · maas",
    ] {
        assert!(shown.contains(line), "{line:?} in\n{shown}");
    }
    // Saying it anew replaces it: no two that contradict each other.
    say(&["party", "politie", "--name", "Politie Limburg", "--discipline", "police"]);
    let shown = cli.text(&["charter", "show", "--lang", "nl"]);
    assert!(shown.contains("politie: Politie Limburg · politie · NL"), "{shown}");
    assert!(!shown.contains("tegenspraak"), "{shown}");
    // Out at once, with no id to look up.
    say(&["member", "maas", "ghor", "--end", "exercise over"]);
    let shown = cli.text(&["charter", "show"]);
    assert!(!shown.contains("maas: ghor") && shown.contains("maas: politie"), "{shown}");
    assert!(cli.text(&["charter", "show", "--all"]).contains("maas: ghor  [withdrawn"));
    let (code, told) =
        cli.run(&[&["member", "maas", "ghor", "--end", "again"][..], &sign].concat());
    assert!(code == 1 && told.contains("nothing like that"), "{code} {told}");
    let (code, told) = cli.run(&[&["audience", "x", "--party", "politei"][..], &sign].concat());
    assert!(code == 2 && told.contains("politei"), "{code} {told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_needs_two_anchors_counts_once_the_second_has_signed_on_another_node() {
    let (home, other) = (Home::new(), Home::new());
    let (node, second) = (home.start().await, other.start().await);
    let (cli, there) = (Cli::of(&node), Cli::of(&second));
    let ((anna, _), (bert, bert_public)) = (key(&home, "anna.key"), key(&home, "bert.key"));
    let (_, carla) = key(&home, "carla.key");
    let two = format!("{bert_public}=Bert");
    cli.text(&[
        "charter", "create", "Zuid", "--holder", "Anna", "--anchor", &two, "--needed", "2",
        "--key", &anna,
    ]);
    let args = ["charter", "power", &carla, "Carla", "--anchor", "--key", &anna];
    let told = cli.text(&args);
    assert!(told.contains("counts for nothing yet"), "{told}");
    let start = told.split_whitespace().skip_while(|word| *word != "endorse").nth(1).unwrap();

    // Carried by hand to a node that no link reaches.
    let file = home.beside("charter.polder");
    let file = file.to_str().unwrap();
    cli.text(&["charter", "save", file]);
    // Neither a key nor bytes that decode to nothing.
    let odd = other.beside("odd");
    std::fs::write(&odd, [0x1a, 0]).unwrap();
    for wrong in [&anna[..], odd.to_str().unwrap()] {
        let (code, told) = there.run(&["charter", "load", wrong]);
        assert!(code == 2 && told.contains("no file of"), "{code} {told}");
    }
    there.text(&["charter", "load", file]);
    let signed = there.text(&["charter", "endorse", start, "--key", &bert]);
    assert!(signed.contains("It counts."), "{signed}");
    assert!(there.text(&["charter", "show"]).contains("Carla"));
    assert!(!cli.text(&["charter", "show"]).contains("Carla"));
    let (code, told) = there.run(&["charter", "endorse", start, "--key", &bert]);
    assert!(code == 2 && told.contains("signed it already"), "{code} {told}");
    there.text(&["charter", "save", file]);
    cli.text(&["charter", "load", file]);
    assert!(cli.text(&["charter", "show"]).contains("Carla"));
}

#[tokio::test(flavor = "multi_thread")]
async fn nodes_and_keys_are_revoked_by_the_start_of_their_id() {
    let home = Home::new();
    let node = home.start().await;
    let cli = Cli::of(&node);
    let ((anna, _), (bert, bert_public)) = (key(&home, "anna.key"), key(&home, "bert.key"));
    cli.text(&["charter", "create", "Zuid", "--holder", "Anna", "--key", &anna]);
    let sign = ["--key", anna.as_str()];
    let say = |args: &[&str]| cli.text(&[args, &sign].concat());
    say(&["party", "politie", "--discipline", "police"]);
    say(&["charter", "power", &bert_public, "Bert", "--party", "politie"]);
    // Bert may sign for the police, and for nothing else.
    let told = cli.text(&["certify", "--party", "politie", "--key", &bert]);
    assert!(told.contains("It counts."), "{told}");
    let told = cli.text(&["member", "maas", "politie", "--key", &bert]);
    assert!(told.contains("counts for nothing"), "{told}");

    let id = node.status().await.node.trim_start_matches("nodes/").to_owned();
    say(&["revoke", &id[..8], "--reason", "stolen from the car"]);
    let shown = cli.text(&["charter", "show"]);
    assert!(shown.contains(&format!("{id} polder  REVOKED: stolen from the car")), "{shown}");

    let line = shown.lines().find(|line| line.contains("Bert")).unwrap();
    let bert_id = line.split_whitespace().next().unwrap();
    let (code, told) = cli.run(&["revoke", bert_id, "--reason", "left", "--key", &anna]);
    assert!(code == 2 && told.contains("--last") && told.contains("knows of 2"), "{code} {told}");
    say(&["revoke", bert_id, "--reason", "left", "--last", "1"]);
    assert!(cli.text(&["charter", "show"]).contains("CUT OFF after number 1"));
    let (code, told) = cli.run(&["revoke", "0000000", "--reason", "left", "--key", &anna]);
    assert!(code == 2 && told.contains("names nothing"), "{code} {told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_private_encrypted_and_never_signs_twice_under_one_number() {
    let home = Home::new();
    let path = home.beside("anna.key");
    let (file, phrase) = (path.to_str().unwrap(), home.beside("phrase"));
    let phrase = phrase.to_str().unwrap();
    fs::write(phrase, "correct horse battery\n").unwrap();
    let (code, told) = said(&run(&["charter", "key", file]));
    assert!(code == 2 && told.contains("--passphrase-file"), "nobody to ask: {code} {told}");
    must(&["charter", "key", file, "--passphrase-file", phrase]);
    let pem = fs::read_to_string(&path).unwrap();
    assert!(pem.contains("BEGIN ENCRYPTED PRIVATE KEY"), "{pem}");
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    let (code, told) = said(&run(&["charter", "key", file, "--no-passphrase"]));
    assert!(code == 1 && told.contains(file), "never overwritten: {code} {told}");
    assert_eq!(fs::read_to_string(&path).unwrap(), pem);

    let node = home.start().await;
    let cli = Cli::of(&node);
    let found = ["charter", "create", "Zuid", "--holder", "Anna", "--key", file];
    let wrong = home.beside("wrong");
    fs::write(&wrong, "wrong horse\n").unwrap();
    let with = |phrase: &str| cli.run(&[&found[..], &["--passphrase-file", phrase]].concat());
    let (code, told) = with(wrong.to_str().unwrap());
    assert!(code == 2 && told.contains("passphrase is wrong"), "{code} {told}");
    assert!(!told.contains("horse"), "a passphrase in an error: {told}");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    let (code, told) = with(phrase);
    assert!(code == 2 && told.contains("chmod 600"), "{code} {told}");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    assert!(with(phrase).1.contains("It counts."));

    // The node forgets, as after a restore from an old backup; the key does not.
    let fresh = Home::new();
    let other = fresh.start().await;
    let there = Cli::of(&other);
    let signed = there.json(&[&found[..], &["--passphrase-file", phrase]].concat());
    assert_eq!(signed[0]["number"], 2, "{signed:?}");
    let count = Path::new(file).with_extension("key.last");
    fs::write(&count, "damaged\n").unwrap();
    let (code, told) = there.run(&[
        "party",
        "ghor",
        "--discipline",
        "medical",
        "--key",
        file,
        "--passphrase-file",
        phrase,
    ]);
    assert!(code == 1 && told.contains("holds no number"), "{code} {told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_is_made_shown_called_on_and_ended_by_the_command_line() {
    let home = Home::new();
    let node = home.start().await;
    let cli = Cli::of(&node);
    let (anna, _) = key(&home, "anna.key");
    cli.text(&["charter", "create", "Limburg", "--holder", "Anna", "--key", &anna]);
    let sign = ["--key", anna.as_str()];
    let say = |args: &[&str]| cli.text(&[args, &sign].concat());
    for party in ["zuid", "politie", "defensie"] {
        say(&["party", party, "--discipline", "government"]);
    }
    say(&["certify", "--party", "zuid,politie,defensie"]);
    cli.text(&["incident", "create", "Geul", "--id", "geul", "--mode", "exercise"]);
    say(&["member", "geul", "zuid"]);
    let (code, told) = cli.run(&["plan", "zuid"]);
    assert!(code == 1 && told.contains("has no plan"), "{code} {told}");
    let (code, told) = cli.run(&["plan", "zuid", "--bring", "2=politie"]);
    assert!(code == 2 && told.contains("--key"), "{code} {told}");
    for (wrong, why) in [
        (["--bring", "9=politie"], "GRIP 1 to 5"),
        (["--bring", "politie"], "LEVEL="),
        (["--bring", "2=army"], "army"),
        (["--team", "2=rot:soon"], "soon"),
        (["--team", "2=choir"], "choir"),
    ] {
        let (code, told) = cli.run(&[&["plan", "zuid"][..], &wrong, &sign].concat());
        assert!(code == 2 && told.contains(why), "{wrong:?}: {code} {told}");
    }
    let made = ["--bring", "2=politie", "--bring", "4=defensie", "--team", "2=rot:40"];
    say(&[&["plan", "zuid"][..], &made].concat());
    let shown = cli.text(&["plan", "zuid"]);
    assert_eq!(shown.trim(), "GRIP 2: politie · ROT (40 min)\nGRIP 4: defensie");
    cli.text(&["incident", "update", "geul", "--region", "zuid", "--grip", "2"]);
    let charter = cli.text(&["charter", "show"]);
    for line in ["zuid: GRIP 2: politie · ROT (40 min); GRIP 4: defensie", "geul: zuid GRIP 2"] {
        assert!(charter.contains(line), "{line:?} in\n{charter}");
    }
    let waiting = cli.text(&["acknowledge", "-i", "geul"]);
    assert!(waiting.contains("called in by the plan") && waiting.contains("politie:"), "{waiting}");
    assert!(!waiting.contains("defensie:"), "{waiting}");
    let history = cli.text(&["incident", "history", "geul", "--lang", "nl"]);
    assert!(history.contains("zuid GRIP 2\n    het plan roept op politie"), "{history}");
    let situation = cli.text(&["situation", "-i", "geul"]);
    assert!(situation.contains("ROT zuid due"), "{situation}");
    let (code, told) =
        cli.run(&[&["plan", "zuid", "--end", "old", "--team", "1=copi"][..], &sign].concat());
    assert!(code == 2 && told.contains("stands alone"), "{code} {told}");
    say(&["plan", "zuid", "--end", "another region has it"]);
    let (code, told) = cli.run(&["plan", "zuid"]);
    assert!(code == 1 && told.contains("has no plan"), "{code} {told}");
}
