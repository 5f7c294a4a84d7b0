#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| tidewire_media::fuzz::media_packets(
    tidewire_netsim::start(),
    data
));
