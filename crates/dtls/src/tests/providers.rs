//! Two ends whose cryptography comes from different providers.

use tidewire_crypto::{aws_lc_rs, rust_crypto};
use tidewire_netsim::LinkConfig;

use super::pair::{Pair, config_over};
use crate::CipherSuite;

#[test]
fn ends_over_any_two_providers_agree_under_every_suite() {
    let providers = [
        rust_crypto::provider(),
        rust_crypto::portable(),
        aws_lc_rs::provider(),
    ];
    let suites = [
        CipherSuite::ECDHE_ECDSA_AES_128_GCM_SHA256,
        CipherSuite::ECDHE_ECDSA_AES_256_GCM_SHA384,
    ];
    for client in &providers {
        for server in &providers {
            for suite in suites {
                let mut configs = [config_over(client, 1), config_over(server, 2)];
                for config in &mut configs {
                    config.cipher_suites = vec![suite];
                }
                let mut pair = Pair::with_configs(1, &LinkConfig::default(), configs);
                pair.settle();
                pair.assert_agreed();
            }
        }
    }
}
