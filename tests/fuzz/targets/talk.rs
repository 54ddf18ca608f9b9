#![no_main]

#[path = "../feed/mod.rs"]
mod feed;

libfuzzer_sys::fuzz_target!(|data: &[u8]| feed::talk(data));
