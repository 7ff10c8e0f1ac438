#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| cogtok::fuzz_library::configuration(data));
