#![no_main]

libfuzzer_sys::fuzz_target!(|input: &str| inception::loader::fuzzing::ports(input));
