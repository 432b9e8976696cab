#![no_main]

#[path = "../checks/evaluate.rs"]
mod evaluate;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| evaluate::check(bytes));
