#![no_main]

#[path = "../checks/hcl_edit.rs"]
mod hcl_edit;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| hcl_edit::check(bytes));
