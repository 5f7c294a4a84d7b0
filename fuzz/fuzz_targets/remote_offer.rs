#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| tidewire::fuzz::remote_offer(
    tidewire_netsim::start(),
    data
));
