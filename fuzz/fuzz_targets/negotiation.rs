#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| tidewire::fuzz::negotiation(
    tidewire_netsim::start(),
    data
));
