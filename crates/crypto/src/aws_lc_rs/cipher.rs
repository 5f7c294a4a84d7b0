//! Ciphers.

use std::fmt;

use ::aws_lc_rs::aead::quic::{self, HeaderProtectionKey};
use ::aws_lc_rs::aead::{
    AES_128_GCM, AES_256_GCM, Aad, CHACHA20_POLY1305, LessSafeKey, Nonce, UnboundKey,
};
use ::aws_lc_rs::cipher::{AES_128, AES_256, EncryptingKey, EncryptionContext, UnboundCipherKey};
use ::aws_lc_rs::iv::FixedLength;

use crate::provider::{
    Aead, AeadAlgorithm, AesCtr, AuthenticationError, RecordNumberMask, Tag, UnusableKey,
};

const WRONG_LENGTH: UnusableKey = UnusableKey("wrong length");

pub(super) fn aead(algorithm: AeadAlgorithm, key: &[u8]) -> Result<Box<dyn Aead>, UnusableKey> {
    let algorithm = match algorithm {
        AeadAlgorithm::Aes128Gcm => &AES_128_GCM,
        AeadAlgorithm::Aes256Gcm => &AES_256_GCM,
        AeadAlgorithm::ChaCha20Poly1305 => &CHACHA20_POLY1305,
    };
    let key = UnboundKey::new(algorithm, key).map_err(|_| WRONG_LENGTH)?;
    Ok(Box::new(Sealing(LessSafeKey::new(key))))
}

/// An expanded key; it never shows itself. "Less safe" because the caller answers for the nonces,
/// as records that name their own sequence number must.
struct Sealing(LessSafeKey);

impl fmt::Debug for Sealing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sealing(..)")
    }
}

impl Aead for Sealing {
    fn seal(&self, nonce: &[u8; 12], aad: &[u8], in_out: &mut [u8]) -> Tag {
        let nonce = Nonce::assume_unique_for_key(*nonce);
        let tag = self
            .0
            .seal_in_place_separate_tag(nonce, Aad::from(aad), in_out)
            .expect("a datagram is shorter than the cipher's limit of gibibytes");
        tag.as_ref()
            .try_into()
            .expect("each of these ciphers has a tag of 16 bytes")
    }

    fn open(
        &self,
        nonce: &[u8; 12],
        aad: &[u8],
        in_out: &mut [u8],
        tag: &Tag,
    ) -> Result<(), AuthenticationError> {
        let nonce = Nonce::assume_unique_for_key(*nonce);
        self.0
            .open_in_place_separate_tag(nonce, Aad::from(aad), tag, in_out)
            .map(|_| ())
            .map_err(|_| AuthenticationError)
    }
}

pub(super) fn aes_ctr(key: &[u8]) -> Result<Box<dyn AesCtr>, UnusableKey> {
    let algorithm = match key.len() {
        16 => &AES_128,
        32 => &AES_256,
        _ => return Err(WRONG_LENGTH),
    };
    let key = UnboundCipherKey::new(algorithm, key)
        .and_then(EncryptingKey::ctr)
        .map_err(|_| WRONG_LENGTH)?;
    Ok(Box::new(Counter(key)))
}

/// An expanded key for counter mode; it never shows itself.
struct Counter(EncryptingKey);

impl fmt::Debug for Counter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Counter(..)")
    }
}

impl AesCtr for Counter {
    fn apply_keystream(&self, iv: &[u8; 16], in_out: &mut [u8]) {
        let context = EncryptionContext::Iv128(FixedLength::from(*iv));
        self.0
            .less_safe_encrypt(in_out, context)
            .expect("counter mode takes any length");
    }
}

pub(super) fn record_number_mask(
    algorithm: AeadAlgorithm,
    key: &[u8],
) -> Result<Box<dyn RecordNumberMask>, UnusableKey> {
    let algorithm = match algorithm {
        AeadAlgorithm::Aes128Gcm => &quic::AES_128,
        AeadAlgorithm::Aes256Gcm => &quic::AES_256,
        AeadAlgorithm::ChaCha20Poly1305 => &quic::CHACHA20,
    };
    let key = HeaderProtectionKey::new(algorithm, key).map_err(|_| WRONG_LENGTH)?;
    Ok(Box::new(Masking(key)))
}

/// An expanded key; QUIC hides its packet numbers in the same way. It never shows itself.
struct Masking(HeaderProtectionKey);

impl fmt::Debug for Masking {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Masking(..)")
    }
}

impl RecordNumberMask for Masking {
    fn mask(&self, sample: &[u8; 16]) -> [u8; 2] {
        let [first, second, ..] = self
            .0
            .new_mask(sample)
            .expect("a sample has the length that all of these ciphers ask for");
        [first, second]
    }
}
