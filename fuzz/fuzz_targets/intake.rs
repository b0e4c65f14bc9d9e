//! Fuzzes the way in: from an item to what is stored.

#![no_main]

#[path = "../checks/intake.rs"]
mod intake;

libfuzzer_sys::fuzz_target!(|data: &[u8]| intake::check(data));
