#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| tidewire_media::fuzz::media_operations(
    tidewire_netsim::start(),
    data
));
