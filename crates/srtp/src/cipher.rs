//! The transforms of one protocol under its session keys.

use tidewire_crypto::{
    Aead, AesCtr, AuthenticationError, CryptoProvider, HashAlgorithm, HmacKey, Tag,
};
use zeroize::Zeroizing;

use crate::error::KeyError;
use crate::keys::{MasterKey, Protocol, SessionKeys};
use crate::profile::Profile;

/// A cipher with its key schedule expanded; and HMAC's inner and outer states, where it has one.
#[derive(Debug)]
pub(crate) enum Cipher {
    /// AES in counter mode, and HMAC-SHA1 over the result (RFC 3711 sections 4.1.1 and 4.2.1); or no
    /// cipher under the profiles without one.
    Counter {
        cipher: Option<Box<dyn AesCtr>>,
        hmac: Box<dyn HmacKey>,
        salt: Zeroizing<[u8; 14]>,
    },
    /// AES-GCM (RFC 7714).
    Aead {
        cipher: Box<dyn Aead>,
        salt: Zeroizing<[u8; 12]>,
    },
}

impl Cipher {
    pub(crate) fn new(
        crypto: &dyn CryptoProvider,
        profile: Profile,
        master: &MasterKey,
        protocol: Protocol,
    ) -> Result<Self, KeyError> {
        let keys = SessionKeys::derive(crypto, profile, master, protocol)?;
        Self::with_keys(crypto, profile, &keys)
    }

    pub(crate) fn with_keys(
        crypto: &dyn CryptoProvider,
        profile: Profile,
        keys: &SessionKeys,
    ) -> Result<Self, KeyError> {
        Ok(match profile.aead() {
            Some(algorithm) => Self::Aead {
                cipher: crypto
                    .aead(algorithm, &keys.encryption)
                    .map_err(|_| KeyError::Unsupported)?,
                salt: salt(keys)?,
            },
            None => Self::Counter {
                cipher: match profile.is_null() {
                    true => None,
                    false => Some(
                        crypto
                            .aes_ctr(&keys.encryption)
                            .map_err(|_| KeyError::Unsupported)?,
                    ),
                },
                hmac: crypto.hmac(HashAlgorithm::Sha1, &keys.authentication),
                salt: salt(keys)?,
            },
        })
    }
}

fn salt<const N: usize>(keys: &SessionKeys) -> Result<Zeroizing<[u8; N]>, KeyError> {
    let salt = keys.salt[..].try_into().map_err(|_| KeyError::Length)?;
    Ok(Zeroizing::new(salt))
}

/// The counter block that a packet begins with (RFC 3711 section 4.1.1).
///
/// Here and below in words and not in bytes: what is stored in other pieces than it is loaded in next
/// makes the processor wait.
#[inline]
pub(crate) fn counter_block(salt: &[u8; 14], ssrc: u32, index: u64) -> [u8; 16] {
    let (high, low) = (word(&salt[..8]), word(&salt[6..]) << 16);
    let mut block = [0; 16];
    block[..8].copy_from_slice(&(high ^ u64::from(ssrc)).to_be_bytes());
    block[8..].copy_from_slice(&(low ^ index << 16).to_be_bytes());
    block
}

/// The nonce of a packet with a 48-bit index (RFC 7714 sections 8.1 and 9.1).
#[inline]
pub(crate) fn nonce(salt: &[u8; 12], ssrc: u32, index: u64) -> [u8; 12] {
    let (high, low) = (word(&salt[..8]), word(&salt[4..]) as u32);
    let mut nonce = [0; 12];
    nonce[..8].copy_from_slice(&(high ^ u64::from(ssrc) << 16 ^ index >> 32).to_be_bytes());
    nonce[8..].copy_from_slice(&(low ^ index as u32).to_be_bytes());
    nonce
}

fn word(bytes: &[u8]) -> u64 {
    u64::from_be_bytes(bytes.try_into().expect("the caller cuts out 8 bytes"))
}

/// A tag from the end of a packet.
pub(crate) fn tag(bytes: &[u8]) -> Result<Tag, AuthenticationError> {
    bytes.try_into().map_err(|_| AuthenticationError)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// XORs `value` over what begins at `at`.
    fn xor(bytes: &mut [u8], at: usize, value: &[u8]) {
        for (byte, value) in bytes[at..].iter_mut().zip(value) {
            *byte ^= value;
        }
    }

    proptest! {
        /// As the figures of RFC 3711 section 4.1.1 and RFC 7714 section 8.1 have it, byte by byte.
        #[test]
        fn nonces_are_made_of_source_index_and_salt(
            long_salt: [u8; 14],
            ssrc: u32,
            index in 0_u64..1 << 48,
        ) {
            let (ssrc_bytes, index_bytes) = (ssrc.to_be_bytes(), index.to_be_bytes());
            let mut block = [0; 16];
            xor(&mut block, 0, &long_salt);
            xor(&mut block, 4, &ssrc_bytes);
            xor(&mut block, 8, &index_bytes[2..]);
            prop_assert_eq!(counter_block(&long_salt, ssrc, index), block);

            let salt = *long_salt.first_chunk().unwrap();
            let mut expected = salt;
            xor(&mut expected, 2, &ssrc_bytes);
            xor(&mut expected, 6, &index_bytes[2..]);
            prop_assert_eq!(nonce(&salt, ssrc, index), expected);
        }
    }
}
