#![no_main]

#[path = "../checks/signature.rs"]
mod signature;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| signature::check(bytes));
