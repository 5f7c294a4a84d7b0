//! Both providers against the published vectors, hostile input, and each other.

mod agreement;
mod ciphers;
mod derivation;
mod hashes;
mod rsa;
mod signatures;

use std::sync::Arc;

use tidewire_crypto::CryptoProvider;

/// Every provider that this build has.
fn providers() -> Vec<Arc<dyn CryptoProvider>> {
    vec![
        tidewire_crypto::rust_crypto::provider(),
        tidewire_crypto::rust_crypto::portable(),
        #[cfg(feature = "aws-lc-rs")]
        tidewire_crypto::aws_lc_rs::provider(),
    ]
}

/// Runs `check` over every provider and expects the same result of each.
fn same_of_all<T: PartialEq + std::fmt::Debug>(check: impl Fn(&dyn CryptoProvider) -> T) -> T {
    same_of(&providers(), check)
}

/// The same for what AWS-LC alone takes from elsewhere than the seed: keys of NIST's curves.
fn same_of_seeded<T: PartialEq + std::fmt::Debug>(check: impl Fn(&dyn CryptoProvider) -> T) -> T {
    let mut providers = providers();
    providers.retain(|crypto| crypto.name() != "aws_lc_rs");
    same_of(&providers, check)
}

fn same_of<T: PartialEq + std::fmt::Debug>(
    providers: &[Arc<dyn CryptoProvider>],
    check: impl Fn(&dyn CryptoProvider) -> T,
) -> T {
    let mut results = providers
        .iter()
        .map(|crypto| (crypto.name(), check(&**crypto)));
    let (_, first) = results.next().expect("there is always one provider");
    for (name, other) in results {
        assert_eq!(first, other, "{name} differs from {}", providers[0].name());
    }
    first
}
