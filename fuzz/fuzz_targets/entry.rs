//! Fuzzes the checks and summaries of an entry.

#![no_main]

#[path = "../checks/entry.rs"]
mod entry;

libfuzzer_sys::fuzz_target!(|data: &[u8]| entry::check(data));
