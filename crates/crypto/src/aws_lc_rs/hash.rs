//! Hashes and HMAC.

use std::fmt;

use ::aws_lc_rs::{digest, hmac as mac};

use crate::provider::{AuthenticationError, Digest, HashAlgorithm, HashContext, HmacKey};

pub(super) fn hash(algorithm: HashAlgorithm) -> Box<dyn HashContext> {
    let algorithm = match algorithm {
        HashAlgorithm::Sha1 => &digest::SHA1_FOR_LEGACY_USE_ONLY,
        HashAlgorithm::Sha256 => &digest::SHA256,
        HashAlgorithm::Sha384 => &digest::SHA384,
        HashAlgorithm::Sha512 => &digest::SHA512,
    };
    Box::new(Running(digest::Context::new(algorithm)))
}

pub(super) fn hmac(algorithm: HashAlgorithm, key: &[u8]) -> Box<dyn HmacKey> {
    let algorithm = match algorithm {
        HashAlgorithm::Sha1 => mac::HMAC_SHA1_FOR_LEGACY_USE_ONLY,
        HashAlgorithm::Sha256 => mac::HMAC_SHA256,
        HashAlgorithm::Sha384 => mac::HMAC_SHA384,
        HashAlgorithm::Sha512 => mac::HMAC_SHA512,
    };
    Box::new(Keyed(mac::Key::new(algorithm, key)))
}

/// A hash on its way.
struct Running(digest::Context);

impl fmt::Debug for Running {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Running(..)")
    }
}

impl HashContext for Running {
    fn update(&mut self, data: &[u8]) {
        self.0.update(data);
    }

    fn current(&self) -> Digest {
        Digest::new(self.0.clone().finish().as_ref())
    }

    fn fork(&self) -> Box<dyn HashContext> {
        Box::new(Self(self.0.clone()))
    }
}

/// An HMAC with its inner and outer states computed; it never shows its key.
struct Keyed(mac::Key);

impl fmt::Debug for Keyed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Keyed(..)")
    }
}

impl HmacKey for Keyed {
    fn sign(&self, parts: &[&[u8]]) -> Digest {
        let mut context = mac::Context::with_key(&self.0);
        for part in parts {
            context.update(part);
        }
        Digest::new(context.sign().as_ref())
    }

    fn verify(&self, parts: &[&[u8]], tag: &[u8]) -> Result<(), AuthenticationError> {
        self.sign(parts).authenticate(tag)
    }
}
