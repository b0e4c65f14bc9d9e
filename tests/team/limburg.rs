//! The flood of July 2021, played through three nodes, and what the national centre then answers:
//! each compared with a text that was read and found right.

use std::{fs, path::Path, process::Stdio, sync::LazyLock};

use tempfile::TempDir;

use crate::harness::*;

/// The data of the three after the demo, and what that said.
static PLAYED: LazyLock<(TempDir, String)> = LazyLock::new(|| {
    let dir = tempfile::tempdir().unwrap();
    let mut command = polder();
    command.args(["demo", "--once", "--lang", "en", "--data"]).arg(dir.path()).env("TZ", "CEST-2");
    let output = command.stdin(Stdio::null()).output().unwrap();
    let (code, text) = said(&output);
    assert_eq!(code, 0, "{text}");
    (dir, text)
});

/// What the demo printed.
pub fn played_says() -> &'static str {
    &PLAYED.1
}

/// A node of its own on a copy of that data: a store has one owner.
pub async fn played() -> (TempDir, Running) {
    let dir = tempfile::tempdir().unwrap();
    copy(&PLAYED.0.path().join("centrum"), dir.path());
    let node = Running::start(dir.path(), &[]).await;
    (dir, node)
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let below = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &below);
        } else {
            fs::copy(entry.path(), below).unwrap();
        }
    }
}

/// What a command says on Dutch summer time, as the flood had it.
pub fn says(node: &Running, args: &[&str]) -> String {
    let mut command = polder();
    command.args(["--node", &node.address()]).args(args).env("TZ", "CEST-2");
    let output = command.stdin(Stdio::null()).output().unwrap();
    let (code, text) = said(&output);
    assert_eq!(code, 0, "{args:?}: {text}");
    text
}

/// Compares with a text that was read and found right; `POLDER_UPDATE_SNAPSHOT` writes it anew.
pub fn golden(name: &str, text: &str) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/team/golden").join(name);
    if std::env::var_os("POLDER_UPDATE_SNAPSHOT").is_some() {
        fs::write(&file, text).unwrap();
    }
    let expected = fs::read_to_string(&file).unwrap_or_default();
    assert_eq!(text, expected, "{} says something else", file.display());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_flood_produces_its_contradictions_by_itself() {
    let (_dir, node) = played().await;
    // Households without power: rows 43, 47 and 53.
    let morning = says(&node, &["contradictions", "--known", "2021-07-15T10:00"]);
    golden("contradictions-15-july-10h.txt", &morning);
    // The peak at Sint Pieter: rows 66, 75 and 80.
    let night = says(&node, &["contradictions", "--known", "2021-07-16T04:00"]);
    golden("contradictions-16-july-04h.txt", &night);
    // Patients of VieCuri (96, 134), the dike at Voulwames (99, 100), the gates (111, 112).
    let ask = ["contradictions", "--known", "2021-07-16T23:00", "--lang", "nl"];
    golden("contradictions-16-july-23h.nl.txt", &says(&node, &ask));
    // With the last count of patients, and the dike judged safe, those two are no more.
    let after = says(&node, &["contradictions", "--known", "2021-07-18T20:00"]);
    for (what, still) in [
        ("VieCuri", false),
        ("Voulwames", false),
        ("Maas bij Sint Pieter: highest discharge", true),
        ("Closed gates at Roermond", true),
        ("Valkenburg: customers without service", true),
    ] {
        assert_eq!(after.contains(what), still, "{what}: {after}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_evening_of_15_july_is_handed_over() {
    let (_dir, node) = played().await;
    let ask = ["handover", "--known", "2021-07-15T21:55", "--since", "2021-07-15T07:30"];
    golden("handover-15-july-evening.txt", &says(&node, &ask));
    let dutch: Vec<_> = ask.iter().copied().chain(["--lang", "nl"]).collect();
    golden("handover-15-july-evening.nl.txt", &says(&node, &dutch));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_silent_while_the_north_is_cut_off_shows() {
    let (_dir, node) = played().await;
    let ask = ["gaps", "--known", "2021-07-16T11:07"];
    golden("gaps-16-july-11h.txt", &says(&node, &ask));
}
