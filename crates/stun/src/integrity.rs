//! What protects a message: its integrity, its fingerprint and the keys.

use md5::{Digest as _, Md5};
use thiserror::Error;
use tidewire_crypto::{CryptoProvider, HashAlgorithm, HmacKey, Secret};

use crate::message::{ATTRIBUTE_HEADER_LEN, HEADER_LEN, Message};
use crate::value::PasswordAlgorithm;

/// What the checksum is XORed with, so that it differs from the carrier's own (RFC 8489 section
/// 14.7).
const FINGERPRINT_XOR: u32 = 0x5354_554e;

/// What the FINGERPRINT of a message says (RFC 8489 section 14.7).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Fingerprint {
    /// The message has none.
    Absent,
    /// It is that of the message.
    Valid,
    /// It is not: the message is damaged, or not STUN.
    Wrong,
}

/// Why the integrity of a message is not proven.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
#[non_exhaustive]
pub enum IntegrityError {
    /// The message has no such attribute.
    #[error("the message carries no integrity")]
    Missing,
    /// The attribute is shorter than the usage allows.
    #[error("the message's integrity is truncated")]
    Truncated,
    /// The tag is not that of the message under the key.
    #[error("the message's integrity is wrong")]
    Wrong,
}

impl Message<'_> {
    /// Verifies MESSAGE-INTEGRITY; `key` is an HMAC with SHA-1 (RFC 8489 section 14.5).
    ///
    /// # Errors
    /// When the attribute is missing or is not the message's under the key.
    pub fn verify_integrity(&self, key: &dyn HmacKey) -> Result<(), IntegrityError> {
        let at = self.protection.integrity.ok_or(IntegrityError::Missing)?;
        self.verify_at(at, key)
    }

    /// Verifies MESSAGE-INTEGRITY-SHA256 of full length; `key` is an HMAC with SHA-256 (RFC 8489
    /// section 14.6).
    ///
    /// # Errors
    /// When the attribute is missing, truncated, or not the message's under the key.
    pub fn verify_integrity_sha256(&self, key: &dyn HmacKey) -> Result<(), IntegrityError> {
        self.verify_truncated_integrity_sha256(key, 32)
    }

    /// Verifies MESSAGE-INTEGRITY-SHA256 for a usage that allows it to be truncated to `shortest`
    /// bytes; never less than 16 (RFC 8489 section 14.6).
    ///
    /// # Errors
    /// When the attribute is missing, shorter than that, or not the message's under the key.
    pub fn verify_truncated_integrity_sha256(
        &self,
        key: &dyn HmacKey,
        shortest: usize,
    ) -> Result<(), IntegrityError> {
        let at = self.protection.integrity_sha256;
        let at = at.ok_or(IntegrityError::Missing)?;
        if self.value_at(at).len() < shortest {
            return Err(IntegrityError::Truncated);
        }
        self.verify_at(at, key)
    }

    /// Whether the message carries MESSAGE-INTEGRITY.
    pub fn has_integrity(&self) -> bool {
        self.protection.integrity.is_some()
    }

    /// Whether the message carries MESSAGE-INTEGRITY-SHA256.
    pub fn has_integrity_sha256(&self) -> bool {
        self.protection.integrity_sha256.is_some()
    }

    /// Compares FINGERPRINT with the message.
    pub fn fingerprint(&self) -> Fingerprint {
        let Some(at) = self.protection.fingerprint else {
            return Fingerprint::Absent;
        };
        // It is the last attribute, so that the header's length is what it was computed with.
        if *self.value_at(at) == fingerprint(&self.bytes[..at]).to_be_bytes() {
            Fingerprint::Valid
        } else {
            Fingerprint::Wrong
        }
    }

    fn verify_at(&self, at: usize, key: &dyn HmacKey) -> Result<(), IntegrityError> {
        let tag = self.value_at(at);
        let length = length_up_to(at, tag.len()).to_be_bytes();
        key.verify(&covered(self.bytes, at, &length), tag)
            .map_err(|_| IntegrityError::Wrong)
    }

    /// The value of the attribute whose header stands at `at`, where parsing has found one.
    fn value_at(&self, at: usize) -> &[u8] {
        let len = u16::from_be_bytes([self.bytes[at + 2], self.bytes[at + 3]]);
        &self.bytes[at + ATTRIBUTE_HEADER_LEN..][..usize::from(len)]
    }
}

/// What the header's length is while an attribute at `at` with a value of `len` bytes is computed:
/// the message ends after it.
pub(crate) fn length_up_to(at: usize, len: usize) -> u16 {
    // Messages, what is built and what was parsed, are shorter than 64 KiB and a header.
    (at + ATTRIBUTE_HEADER_LEN + len - HEADER_LEN) as u16
}

/// What an integrity at `at` covers: all before it, with `length` in the header's place.
pub(crate) fn covered<'a>(message: &'a [u8], at: usize, length: &'a [u8; 2]) -> [&'a [u8]; 3] {
    [&message[..2], length, &message[4..at]]
}

/// FINGERPRINT of a message of which `message` is all that stands before it.
pub(crate) fn fingerprint(message: &[u8]) -> u32 {
    crc32fast::hash(message) ^ FINGERPRINT_XOR
}

/// The key of the long-term credential mechanism (RFC 8489 sections 9.2.2 and 18.5.1), to be made an
/// [`HmacKey`]; `None` for an unknown algorithm.
///
/// The caller has applied the OpaqueString profile (RFC 8265) to all three; it leaves ASCII as it is.
/// The short-term key is the password itself (RFC 8489 section 9.1.1).
pub fn long_term_key(
    crypto: &dyn CryptoProvider,
    algorithm: PasswordAlgorithm,
    username: &str,
    realm: &str,
    password: &str,
) -> Option<Secret> {
    let parts = [username, ":", realm, ":", password].map(str::as_bytes);
    match algorithm {
        PasswordAlgorithm::MD5 => {
            let mut hash = Md5::new();
            parts.iter().for_each(|part| hash.update(part));
            Some(Secret::new(hash.finalize().to_vec()))
        }
        PasswordAlgorithm::SHA256 => Some(Secret::new(sha256(crypto, &parts).to_vec())),
        _ => None,
    }
}

/// USERHASH, which stands for the user's name (RFC 8489 section 14.4).
pub fn userhash(crypto: &dyn CryptoProvider, username: &str, realm: &str) -> [u8; 32] {
    sha256(crypto, &[username, ":", realm].map(str::as_bytes))
}

fn sha256(crypto: &dyn CryptoProvider, parts: &[&[u8]]) -> [u8; 32] {
    let mut hash = crypto.hash(HashAlgorithm::Sha256);
    parts.iter().for_each(|part| hash.update(part));
    let mut output = [0; 32];
    output.copy_from_slice(hash.current().as_ref());
    output
}
