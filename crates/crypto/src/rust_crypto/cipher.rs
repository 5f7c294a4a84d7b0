//! Ciphers.

use std::fmt;

use aes::{Aes128, Aes256};
use aes_gcm::aead::AeadInOut;
use aes_gcm::{Aes128Gcm, Aes256Gcm, KeyInit};
use chacha20poly1305::ChaCha20Poly1305;
use ctr::Ctr128BE;
use ctr::cipher::{InnerIvInit, StreamCipher};

use crate::provider::{Aead, AeadAlgorithm, AesCtr, AuthenticationError, Tag, UnusableKey};

const WRONG_LENGTH: UnusableKey = UnusableKey("wrong length");

pub(super) fn aead(algorithm: AeadAlgorithm, key: &[u8]) -> Result<Box<dyn Aead>, UnusableKey> {
    match algorithm {
        AeadAlgorithm::Aes128Gcm => expand::<Aes128Gcm>(key),
        AeadAlgorithm::Aes256Gcm => expand::<Aes256Gcm>(key),
        AeadAlgorithm::ChaCha20Poly1305 => expand::<ChaCha20Poly1305>(key),
    }
}

fn expand<C>(key: &[u8]) -> Result<Box<dyn Aead>, UnusableKey>
where
    C: KeyInit + Send + Sync + 'static,
    Cipher<C>: Aead,
{
    let cipher = C::new_from_slice(key).map_err(|_| WRONG_LENGTH)?;
    Ok(Box::new(Cipher(cipher)))
}

/// An expanded key; it never shows itself.
struct Cipher<C>(C);

impl<C> fmt::Debug for Cipher<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Cipher(..)")
    }
}

macro_rules! aead {
    ($($cipher:ty),+) => {
        $(impl Aead for Cipher<$cipher> {
            fn seal(&self, nonce: &[u8; 12], aad: &[u8], in_out: &mut [u8]) -> Tag {
                self.0
                    .encrypt_inout_detached(nonce.into(), aad, in_out.into())
                    .expect("a datagram is shorter than the cipher's limit of gibibytes")
                    .into()
            }

            fn open(
                &self,
                nonce: &[u8; 12],
                aad: &[u8],
                in_out: &mut [u8],
                tag: &Tag,
            ) -> Result<(), AuthenticationError> {
                self.0
                    .decrypt_inout_detached(nonce.into(), aad, in_out.into(), tag.into())
                    .map_err(|_| AuthenticationError)
            }
        })+
    };
}

aead!(Aes128Gcm, Aes256Gcm, ChaCha20Poly1305);

pub(super) fn aes_ctr(key: &[u8]) -> Result<Box<dyn AesCtr>, UnusableKey> {
    match key.len() {
        16 => Ok(Box::new(Cipher(
            Aes128::new_from_slice(key).map_err(|_| WRONG_LENGTH)?,
        ))),
        32 => Ok(Box::new(Cipher(
            Aes256::new_from_slice(key).map_err(|_| WRONG_LENGTH)?,
        ))),
        _ => Err(WRONG_LENGTH),
    }
}

macro_rules! aes_ctr {
    ($($cipher:ty),+) => {
        $(impl AesCtr for Cipher<$cipher> {
            fn apply_keystream(&self, iv: &[u8; 16], in_out: &mut [u8]) {
                // The block cipher is borrowed: its key schedule is not expanded again.
                let core = ctr::CtrCore::inner_iv_init(&self.0, iv.into());
                Ctr128BE::from_core(core).apply_keystream(in_out);
            }
        })+
    };
}

aes_ctr!(Aes128, Aes256);
