#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| tidewire::fuzz::peer_connection(
    tidewire_netsim::start(),
    data
));
