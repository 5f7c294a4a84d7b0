//! Ciphers.

use std::fmt;

use aes::cipher::BlockCipherEncrypt as _;
use aes::{Aes128, Aes256};
use aes_gcm::aead::AeadInOut;
use aes_gcm::{Aes128Gcm, Aes256Gcm, KeyInit};
use chacha20::cipher::{KeyIvInit as _, StreamCipherCore as _};
use chacha20::variants::Ietf;
use chacha20::{ChaChaCore, R20};
use chacha20poly1305::ChaCha20Poly1305;
use ctr::Ctr128BE;
use ctr::cipher::{InnerIvInit, StreamCipher};
use zeroize::Zeroizing;

use crate::provider::{
    Aead, AeadAlgorithm, AesCtr, AuthenticationError, RecordNumberMask, Tag, UnusableKey,
};

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

pub(super) fn record_number_mask(
    algorithm: AeadAlgorithm,
    key: &[u8],
) -> Result<Box<dyn RecordNumberMask>, UnusableKey> {
    match algorithm {
        AeadAlgorithm::Aes128Gcm => Ok(Box::new(Cipher(
            Aes128::new_from_slice(key).map_err(|_| WRONG_LENGTH)?,
        ))),
        AeadAlgorithm::Aes256Gcm => Ok(Box::new(Cipher(
            Aes256::new_from_slice(key).map_err(|_| WRONG_LENGTH)?,
        ))),
        AeadAlgorithm::ChaCha20Poly1305 => {
            let key = key.try_into().map_err(|_| WRONG_LENGTH)?;
            Ok(Box::new(Cipher(ChaChaKey(Zeroizing::new(key)))))
        }
    }
}

macro_rules! aes_mask {
    ($($cipher:ty),+) => {
        $(impl RecordNumberMask for Cipher<$cipher> {
            fn mask(&self, sample: &[u8; 16]) -> [u8; 2] {
                let mut block = (*sample).into();
                self.0.encrypt_block(&mut block);
                [block[0], block[1]]
            }
        })+
    };
}

aes_mask!(Aes128, Aes256);

struct ChaChaKey(Zeroizing<[u8; 32]>);

impl RecordNumberMask for Cipher<ChaChaKey> {
    /// The sample is the block's counter and nonce.
    fn mask(&self, sample: &[u8; 16]) -> [u8; 2] {
        let [a, b, c, d, nonce @ ..] = sample;
        let mut core = ChaChaCore::<R20, Ietf>::new((&*self.0.0).into(), nonce.into());
        // By blocks: the last one is as good as any, where a stream would want to know what follows it.
        core.set_block_pos(u32::from_le_bytes([*a, *b, *c, *d]));
        let mut block = Default::default();
        core.write_keystream_block(&mut block);
        [block[0], block[1]]
    }
}
