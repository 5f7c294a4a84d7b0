//! Hashes and HMAC.

use std::fmt;

use hmac::digest::block_api::EagerHash;
use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;
use sha2::digest::Digest as _;
use sha2::{Sha256, Sha384, Sha512};

use crate::provider::{AuthenticationError, Digest, HashAlgorithm, HashContext, HmacKey};

pub(super) fn hash(algorithm: HashAlgorithm) -> Box<dyn HashContext> {
    match algorithm {
        HashAlgorithm::Sha1 => Box::new(Running(Sha1::new())),
        HashAlgorithm::Sha256 => Box::new(Running(Sha256::new())),
        HashAlgorithm::Sha384 => Box::new(Running(Sha384::new())),
        HashAlgorithm::Sha512 => Box::new(Running(Sha512::new())),
    }
}

pub(super) fn hmac(algorithm: HashAlgorithm, key: &[u8]) -> Box<dyn HmacKey> {
    match algorithm {
        HashAlgorithm::Sha1 => keyed::<Sha1>(key),
        HashAlgorithm::Sha256 => keyed::<Sha256>(key),
        HashAlgorithm::Sha384 => keyed::<Sha384>(key),
        HashAlgorithm::Sha512 => keyed::<Sha512>(key),
    }
}

fn keyed<H>(key: &[u8]) -> Box<dyn HmacKey>
where
    H: EagerHash,
    Keyed<Hmac<H>>: HmacKey + 'static,
{
    let state = <Hmac<H> as KeyInit>::new_from_slice(key);
    Box::new(Keyed(state.expect("HMAC takes keys of any length")))
}

/// A hash on its way.
struct Running<H>(H);

impl<H> fmt::Debug for Running<H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Running(..)")
    }
}

impl<H> HashContext for Running<H>
where
    H: sha2::digest::Digest + Clone + Send + Sync + 'static,
{
    fn update(&mut self, data: &[u8]) {
        self.0.update(data);
    }

    fn current(&self) -> Digest {
        Digest::new(&self.0.clone().finalize())
    }

    fn fork(&self) -> Box<dyn HashContext> {
        Box::new(Self(self.0.clone()))
    }
}

/// An HMAC with its inner and outer states computed; it never shows its key.
struct Keyed<M>(M);

impl<M> fmt::Debug for Keyed<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Keyed(..)")
    }
}

impl<M: Mac + Clone + Send + Sync> HmacKey for Keyed<M> {
    fn sign(&self, parts: &[&[u8]]) -> Digest {
        let mut mac = self.0.clone();
        for part in parts {
            mac.update(part);
        }
        Digest::new(&mac.finalize().into_bytes())
    }

    fn verify(&self, parts: &[&[u8]], tag: &[u8]) -> Result<(), AuthenticationError> {
        self.sign(parts).authenticate(tag)
    }
}
