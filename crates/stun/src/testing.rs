//! What the tests share: keys.

use tidewire_crypto::{HashAlgorithm, HmacKey, rust_crypto};

pub(crate) fn sha1_key(key: &[u8]) -> Box<dyn HmacKey> {
    rust_crypto::provider().hmac(HashAlgorithm::Sha1, key)
}

pub(crate) fn sha256_key(key: &[u8]) -> Box<dyn HmacKey> {
    rust_crypto::provider().hmac(HashAlgorithm::Sha256, key)
}
