//! Both providers against the published vectors, hostile input, and each other.

mod agreement;
mod ciphers;
mod derivation;
mod hashes;
mod signatures;

use std::sync::Arc;

use tidewire_crypto::CryptoProvider;

/// Every provider that this build has.
fn providers() -> Vec<Arc<dyn CryptoProvider>> {
    vec![
        tidewire_crypto::rust_crypto::provider(),
        #[cfg(feature = "aws-lc-rs")]
        tidewire_crypto::aws_lc_rs::provider(),
    ]
}

/// Runs `check` over every provider and expects the same result of each.
fn same_of_all<T: PartialEq + std::fmt::Debug>(check: impl Fn(&dyn CryptoProvider) -> T) -> T {
    let providers = providers();
    let mut results = providers
        .iter()
        .map(|crypto| (crypto.name(), check(&**crypto)));
    let (_, first) = results.next().expect("there is always one provider");
    for (name, other) in results {
        assert_eq!(first, other, "{name} differs from {}", providers[0].name());
    }
    first
}
