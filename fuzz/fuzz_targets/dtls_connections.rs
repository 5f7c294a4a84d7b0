#![no_main]
use std::time::Instant;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    // Only differences of time matter: what is found replays.
    tidewire_dtls::fuzz::connections(Instant::now(), data);
});
