//! Runs the fuzz seeds of what only the node reads; those of the picture stand with its own tests.

use std::{fs, path::Path};

#[path = "../fuzz/checks/intake.rs"]
mod intake;
#[path = "../fuzz/checks/token.rs"]
mod token;

/// Runs a check on every seed of a target, whole, cut short and with a bit changed.
fn each(target: &str, check: fn(&[u8])) {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/seeds").join(target);
    let files =
        fs::read_dir(&directory).unwrap_or_else(|error| panic!("{}: {error}", directory.display()));
    let mut files: Vec<_> = files.map(|file| file.expect("seeds are readable").path()).collect();
    files.sort();
    assert!(!files.is_empty(), "{} has no seeds", directory.display());
    for file in files {
        let seed = fs::read(&file).expect("seeds are readable");
        println!("{}", file.display());
        check(&seed);
        for at in (0..seed.len()).step_by(seed.len() / 64 + 1) {
            check(&seed[..at]);
            let mut flipped = seed.clone();
            flipped[at] ^= 1 << (at % 8);
            check(&flipped);
        }
    }
}

#[test]
fn what_comes_in_is_stored_as_it_was_sent() {
    // An item of nothing but its entry, and the entry of one: the same bytes serve both.
    each("entry", intake::check);
    each("intake", intake::check);
}

#[test]
fn only_tokens_of_ours_are_read() {
    each("token", token::check);
}
