#![no_main]

#[path = "../checks/tarball.rs"]
mod tarball;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| tarball::check(bytes));
