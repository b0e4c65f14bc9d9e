//! The rules of this source tree that no compiler checks: which way dependencies point, how long
//! files are, that every kind is complete, that the papers speak of what exists.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

/// Rust files that may be longer than the limit, each with the reason.
const LONG: &[(&str, &str)] = &[];

/// A longer file is a reason to split it.
const LINES_MAX: usize = 500;

/// Directories with files of ours.
const ROOMS: [&str; 11] = [
    ".ci",
    "benches",
    "crates",
    "deploy",
    "docs",
    "examples",
    "fuzz",
    "proto",
    "scenarios",
    "src",
    "tests",
];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn walk(below: &Path, found: &mut Vec<PathBuf>) {
    let Ok(entries) = fs::read_dir(below) else { return };
    for path in entries.map(|entry| entry.unwrap().path()) {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let made = ["target", "corpus", "artifacts", "node_modules", "__pycache__", ".venv"];
        if path.is_dir() && !made.contains(&name) {
            walk(&path, found);
        } else if path.is_file() {
            found.push(path);
        }
    }
}

/// Files with one of these extensions, by path from the root, with their text.
fn files(extensions: &[&str]) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for room in ROOMS {
        walk(&root().join(room), &mut found);
    }
    let top = fs::read_dir(root()).unwrap().map(|entry| entry.unwrap().path());
    found.extend(top.filter(|path| path.is_file()));
    found.sort();
    let wanted = found.into_iter().filter(|path| {
        let extension = path.extension().and_then(|extension| extension.to_str());
        extensions.contains(&extension.unwrap_or_default())
    });
    let text = |path: PathBuf| {
        let name = path.strip_prefix(root()).unwrap().to_str().unwrap().to_owned();
        let text = read(&name);
        (name, text)
    };
    wanted.map(text).collect()
}

fn assert_none(what: &str, found: &[String]) {
    assert!(found.is_empty(), "{what}:\n  {}", found.join("\n  "));
}

/// The names on the left of `=` in one table of a Cargo.toml.
fn dependencies(manifest: &str, table: &str) -> BTreeSet<String> {
    let text = read(manifest);
    let lines = text.lines().skip_while(|line| *line != format!("[{table}]")).skip(1);
    let rows = lines.take_while(|line| !line.starts_with('[')).filter(|line| line.contains('='));
    rows.map(|row| row.split(['=', '.', ' ']).next().unwrap().to_owned()).collect()
}

#[test]
fn the_picture_depends_on_nothing_that_waits() {
    let allowed = [
        "blake3",
        "bytes",
        "ed25519-dalek",
        "geo",
        "hashbrown",
        "oxilangtag",
        "polder-wire",
        "prost",
        "prost-types",
        "rstar",
        "ruzstd",
        "smallvec",
        "thiserror",
        "uuid",
    ];
    let taken = dependencies("crates/picture/Cargo.toml", "dependencies");
    let unknown: Vec<_> =
        taken.into_iter().filter(|name| !allowed.contains(&name.as_str())).collect();
    assert_none("crates/picture takes crates that the list here does not allow", &unknown);
    let waiting = [
        "tokio",
        "std::fs",
        "std::net",
        "std::env",
        "std::process",
        "std::thread",
        "SystemTime",
        "Instant::now",
        "getrandom",
        "rand::",
    ];
    let mut found = Vec::new();
    for (path, text) in files(&["rs"]) {
        if !path.starts_with("crates/picture/src") {
            continue;
        }
        for (number, line) in text.lines().enumerate() {
            let code = line.split("//").next().unwrap_or_default();
            let waits = waiting.iter().filter(|word| code.contains(**word));
            found.extend(waits.map(|word| format!("{path}:{}: {word}", number + 1)));
        }
    }
    assert_none("crates/picture does no I/O, reads no clock and draws no chance", &found);
}

#[test]
fn the_wire_crate_is_generated_and_nothing_else() {
    let (mut sources, text) = (Vec::new(), read("crates/wire/src/lib.rs"));
    walk(&root().join("crates/wire/src"), &mut sources);
    assert_eq!(sources.len(), 1, "crates/wire has code of its own: {sources:?}");
    let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
    let own = ["fn ", "impl ", "struct ", "enum ", "trait ", "macro_rules"];
    let found: Vec<_> = code
        .filter(|line| own.iter().any(|word| line.trim_start().contains(word)))
        .map(str::to_owned)
        .collect();
    assert_none("crates/wire has code of its own", &found);
    let taken = dependencies("crates/wire/Cargo.toml", "dependencies");
    let expected = ["bytes", "prost", "prost-types", "tonic", "tonic-prost"];
    assert!(taken.iter().map(String::as_str).eq(expected), "crates/wire takes {taken:?}");
}

#[test]
fn arrows_point_down() {
    let picture = dependencies("crates/picture/Cargo.toml", "dev-dependencies");
    assert!(!picture.contains("polder"), "the picture's tests use the node");
    let up = [
        ("crates/picture/", "use polder::"),
        ("crates/wire/", "polder_picture"),
        ("src/store/", "crate::grpc"),
        ("src/store/", "crate::cli"),
        ("src/grpc/", "crate::cli"),
    ];
    let mut found = Vec::new();
    for (path, text) in files(&["rs"]) {
        let wrong = up.iter().filter(|(room, word)| path.starts_with(room) && text.contains(word));
        found.extend(wrong.map(|(_, word)| format!("{path} names {word}")));
    }
    assert_none("dependencies point from tests to node to picture to wire", &found);
}

#[test]
fn every_file_says_first_what_it_is() {
    let headless = files(&["rs"]).into_iter().filter(|(_, text)| {
        let first = text.lines().find(|line| !line.starts_with("#!"));
        !first.is_some_and(|line| line.starts_with("//! ") && line.len() > 12)
    });
    let headless: Vec<_> = headless.map(|(path, _)| path).collect();
    assert_none("files without a `//!` head in their first line", &headless);
}

#[test]
fn no_file_is_too_long() {
    let mut found = Vec::new();
    for (path, text) in files(&["rs"]) {
        let lines = text.lines().count();
        let excused = LONG.iter().any(|(long, reason)| *long == path && !reason.is_empty());
        match (lines > LINES_MAX, excused) {
            (true, false) => found.push(format!("{path} has {lines} lines")),
            (false, true) => found.push(format!("{path} is no longer long: take it off the list")),
            _ => {}
        }
    }
    assert_none("split these, or name them in LONG with the reason", &found);
}

#[test]
fn nothing_is_left_for_later_and_no_path_is_of_one_machine() {
    // Put together here, or this file would find itself.
    let mut marks =
        ["TO DO", "FIX ME", "XX X", "db g!("].map(|mark| mark.replace(' ', "")).to_vec();
    marks.extend(["/ho me/", "/ro ot/", "/Us ers/"].map(|mark| mark.replace(' ', "")));
    // Only a path that is long enough to be nobody else's.
    if root().components().count() > 2 {
        marks.push(root().to_str().unwrap().to_owned() + "/");
    }
    let mut found = Vec::new();
    for (path, text) in files(&["rs", "md", "proto", "toml", "py", "sh", "service", "yaml"]) {
        for (number, line) in text.lines().enumerate() {
            let marked = marks.iter().filter(|mark| line.contains(mark.as_str()));
            found.extend(marked.map(|mark| format!("{path}:{}: {mark}", number + 1)));
        }
    }
    assert_none("these lines are not finished", &found);
}

/// Lines of a .proto that open something, with the line before each.
fn openings(text: &str) -> impl Iterator<Item = (&str, &str)> {
    text.lines().zip(text.lines().skip(1)).map(|(before, line)| (before.trim(), line.trim()))
}

#[test]
fn every_service_method_and_message_is_explained() {
    let mut found = Vec::new();
    for (path, text) in files(&["proto"]) {
        if !path.starts_with("proto/polder") {
            continue;
        }
        for (before, line) in openings(&text) {
            let mut words = line.split([' ', '(']);
            let (what, name) = (words.next().unwrap(), words.next().unwrap_or_default());
            // What a request or response is for stands at its method.
            let spoken_for = ["Request", "Response"].iter().any(|end| name.ends_with(end));
            let must = match what {
                "service" | "rpc" => true,
                "message" => !spoken_for,
                _ => false,
            };
            if must && !before.starts_with("//") {
                found.push(format!("{path}: {what} {name}"));
            }
        }
    }
    assert_none("these have no comment", &found);
}

/// Names of the kinds in the body of an entry.
fn kinds_of_the_contract() -> Vec<String> {
    let text = read("proto/polder/v1/entry.proto");
    let body = text.split("oneof body {").nth(1).unwrap().split('}').next().unwrap();
    let fields = body.lines().filter_map(|line| line.split('=').next()?.split_whitespace().nth(1));
    fields.map(str::to_owned).collect()
}

#[test]
fn every_kind_has_its_proto_its_file_its_row_and_its_dutch_word() {
    let kinds = kinds_of_the_contract();
    assert!(kinds.len() >= 18, "{kinds:?}");
    let rows = read("crates/picture/src/kinds/mod.rs");
    let words = read("src/cli/words.rs");
    let mut found = Vec::new();
    for kind in &kinds {
        let source = format!("crates/picture/src/kinds/{kind}.rs");
        let contract = format!("proto/polder/v1/{kind}.proto");
        for file in [&source, &contract] {
            if !root().join(file).exists() {
                found.push(format!("{file} is missing"));
            }
        }
        if !rows.contains(&format!("{kind}::KIND,")) {
            found.push(format!("KINDS has no row for {kind}"));
        }
        if !words.contains(&format!("\"{kind}\" => \"")) {
            found.push(format!("src/cli/words.rs has no Dutch word for {kind}"));
        }
    }
    let helpers = ["mod", "counts", "examples", "relief", "testing"];
    for entry in fs::read_dir(root().join("crates/picture/src/kinds")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        if path.is_file() && !helpers.contains(&name.as_str()) && !kinds.contains(&name) {
            found.push(format!("{name}.rs is no kind of the contract"));
        }
    }
    assert_none("kinds that are not complete", &found);
}

#[test]
fn every_reason_stands_in_the_architecture() {
    let table = read("src/cli/dutch/reasons.rs");
    let page = read("ARCHITECTURE.md");
    // rustfmt gives a long row several lines: a reason is what begins one and is all capitals.
    let is_code = |code: &&str| code.bytes().all(|b| b.is_ascii_uppercase() || b == b'_');
    let literals = table.lines().filter_map(|line| {
        line.trim().trim_start_matches('(').strip_prefix('"')?.split('"').next()
    });
    let reasons: Vec<_> = literals.filter(is_code).collect();
    assert!(reasons.len() > 50, "{reasons:?}");
    let missing = reasons.iter().filter(|reason| !page.contains(&format!("| `{reason}` |")));
    let missing: Vec<_> = missing.map(|reason| (*reason).to_owned()).collect();
    assert_none("ARCHITECTURE.md does not explain", &missing);
    let rows = page.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next());
    let codes = rows.filter(is_code);
    let stale: Vec<_> = codes.filter(|code| !reasons.contains(code)).map(str::to_owned).collect();
    assert_none("ARCHITECTURE.md explains reasons that nothing gives", &stale);
}

#[test]
fn every_test_of_random_rounds_is_soaked() {
    let words = |path: &str, end: &str| -> Vec<String> {
        let text = read(path);
        let (_, after) = text.split_once("--test links -- ").expect("the soak names its tests");
        after.split(end).next().unwrap().split_whitespace().map(str::to_owned).collect()
    };
    let soaked = words(".ci/run", "\n");
    assert_eq!(soaked, words("justfile", " --nocapture"), "CI and `just soak` try the same");
    let mut missing = Vec::new();
    for (path, text) in files(&["rs"]) {
        if !["tests/bad_days", "tests/links", "tests/engines"].iter().any(|at| path.starts_with(at))
        {
            continue;
        }
        let mut name = "";
        for line in text.lines() {
            if let Some((_, after)) = line.split_once("fn ") {
                name = after.split('(').next().unwrap_or_default();
            } else if line.contains("rounds(") && !soaked.iter().any(|word| name.contains(word)) {
                missing.push(format!("{path}: {name}"));
            }
        }
    }
    assert_none("the soak leaves out", &missing);
}

#[test]
fn links_between_the_papers_lead_somewhere() {
    let mut found = Vec::new();
    for (path, text) in files(&["md"]) {
        let here = Path::new(&path).parent().unwrap();
        for target in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let file = target.split('#').next().unwrap();
            let outside = file.is_empty() || file.contains("://") || file.contains(' ');
            if !outside && !root().join(here).join(file).exists() {
                found.push(format!("{path}: {target}"));
            }
        }
    }
    assert_none("links to nowhere", &found);
}

#[test]
fn the_example_configuration_is_accepted_and_names_every_key() {
    let path = "deploy/polder.example.toml";
    let text = read(path);
    polder::cli::file::File::read(&root().join(path)).unwrap();
    // Flags of commands stand behind a # without a space.
    let bare = |line: &str| {
        let setting = line.strip_prefix('#').filter(|rest| !rest.starts_with(' '));
        setting.unwrap_or(line).to_owned() + "\n"
    };
    let file = polder::cli::file::File::parse(&text.lines().map(bare).collect::<String>()).unwrap();
    let flags = polder::cli::file::paths();
    let hidden: Vec<_> = flags.into_iter().filter(|path| !file.flags.contains_key(path)).collect();
    assert_none("deploy/polder.example.toml does not show the flags", &hidden);
    let sources = [
        "src/config.rs",
        "src/checkpoints.rs",
        "src/disk.rs",
        "src/erase.rs",
        "src/links/plan.rs",
        "src/people/config.rs",
        "src/tls/organisation.rs",
    ];
    let sources = sources.map(read).concat();
    let field = |line: &str| -> Option<String> {
        let (name, kind) = line.strip_prefix("    pub ")?.split_once(": ")?;
        if name.contains(' ') {
            return None;
        }
        if kind == "Vec<ClientCa>," {
            return Some(format!("[[tls.{name}]]"));
        }
        if kind == "Vec<ProviderConfig>," {
            return Some(format!("[[people.{name}]]"));
        }
        if kind == "Vec<DialPlan>," {
            return Some(format!("[[peers.{name}]]"));
        }
        if name == "always" {
            return None;
        }
        let tables = [
            "StoreConfig,",
            "Reserve,",
            "AttachmentConfig,",
            "Checkpoints,",
            "ErasureConfig,",
            "LinksConfig,",
            "PeopleConfig,",
            "TlsConfig,",
        ];
        let table = tables.contains(&kind);
        Some(if table { format!("[{name}]") } else { format!("{name} =") })
    };
    let missing: Vec<_> =
        sources.lines().filter_map(field).filter(|key| !text.contains(key.as_str())).collect();
    assert_none("deploy/polder.example.toml does not show", &missing);
}
