#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| tidewire_rtp::payload::fuzz::h264(data));
