#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| tidewire_sctp::fuzz::chunks(
    tidewire_netsim::start(),
    data
));
