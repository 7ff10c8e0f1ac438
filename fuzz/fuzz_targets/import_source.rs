#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| cogtok::fuzz_program::import_source(data));
