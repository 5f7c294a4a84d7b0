//! From what DTLS exports to session keys.

use std::fmt;

use tidewire_crypto::CryptoProvider;
use zeroize::Zeroizing;

use crate::error::KeyError;
use crate::profile::Profile;

/// The label under which DTLS exports keying material (RFC 5764 section 4.2).
pub const EXPORTER_LABEL: &str = "EXTRACTOR-dtls_srtp";

/// The length of a session key for HMAC-SHA1, in bytes (RFC 3711 section 5.2).
const AUTHENTICATION_KEY_LEN: usize = 20;
/// The salt's length in the derivation; shorter ones are followed by zeros (RFC 7714 section 11).
const DERIVATION_SALT_LEN: usize = 14;

/// A master key and its salt, wiped when dropped.
#[derive(Clone)]
pub struct MasterKey {
    key: Zeroizing<Vec<u8>>,
    salt: Zeroizing<Vec<u8>>,
}

impl MasterKey {
    /// A master key for `profile`.
    ///
    /// # Errors
    /// When a length is not [`Profile::key_len`] or [`Profile::salt_len`].
    pub fn new(profile: Profile, key: &[u8], salt: &[u8]) -> Result<Self, KeyError> {
        if key.len() != profile.key_len() || salt.len() != profile.salt_len() {
            return Err(KeyError::Length);
        }
        Ok(Self {
            key: Zeroizing::new(key.to_vec()),
            salt: Zeroizing::new(salt.to_vec()),
        })
    }
}

impl MasterKey {
    pub(crate) fn key(&self) -> &[u8] {
        &self.key
    }

    pub(crate) fn salt(&self) -> &[u8] {
        &self.salt
    }
}

impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MasterKey(..)")
    }
}

/// The master keys of both sides.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct KeyingMaterial {
    /// What the DTLS client sends is protected with it.
    pub client: MasterKey,
    /// What the DTLS server sends is protected with it.
    pub server: MasterKey,
}

impl KeyingMaterial {
    /// Parts what DTLS exported: both keys, then both salts, the client's first (RFC 5764 section
    /// 4.2).
    ///
    /// # Errors
    /// When the length is not [`Profile::keying_material_len`].
    pub fn split(profile: Profile, exported: &[u8]) -> Result<Self, KeyError> {
        if exported.len() != profile.keying_material_len() {
            return Err(KeyError::Length);
        }
        let (keys, salts) = exported.split_at(2 * profile.key_len());
        let (client_key, server_key) = keys.split_at(profile.key_len());
        let (client_salt, server_salt) = salts.split_at(profile.salt_len());
        Ok(Self {
            client: MasterKey::new(profile, client_key, client_salt)?,
            server: MasterKey::new(profile, server_key, server_salt)?,
        })
    }
}

/// Which of the two protocols a session key is for; their labels differ (RFC 3711 section 4.3.2).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Protocol {
    Rtp,
    Rtcp,
}

/// The keys that protect one direction of one protocol.
pub(crate) struct SessionKeys {
    pub(crate) encryption: Zeroizing<Vec<u8>>,
    pub(crate) authentication: Zeroizing<Vec<u8>>,
    pub(crate) salt: Zeroizing<Vec<u8>>,
}

impl SessionKeys {
    /// RFC 3711 section 4.3, with a key derivation rate of 0: once and for all.
    pub(crate) fn derive(
        crypto: &dyn CryptoProvider,
        profile: Profile,
        master: &MasterKey,
        protocol: Protocol,
    ) -> Result<Self, KeyError> {
        if master.key.len() != profile.key_len() || master.salt.len() != profile.salt_len() {
            return Err(KeyError::Length);
        }
        let cipher = crypto
            .aes_ctr(&master.key)
            .map_err(|_| KeyError::Unsupported)?;
        let first = match protocol {
            Protocol::Rtp => 0,
            Protocol::Rtcp => 3,
        };
        let derive = |label: u8, len: usize| {
            let mut iv = Zeroizing::new([0; 16]);
            iv[..master.salt.len()].copy_from_slice(&master.salt);
            iv[DERIVATION_SALT_LEN - 7] ^= label;
            let mut key = Zeroizing::new(vec![0; len]);
            cipher.apply_keystream(&iv, &mut key);
            key
        };
        Ok(Self {
            encryption: derive(first, profile.key_len()),
            authentication: derive(first + 1, AUTHENTICATION_KEY_LEN),
            salt: derive(first + 2, profile.salt_len()),
        })
    }
}

#[cfg(test)]
mod tests {
    use hex_literal::hex;
    use tidewire_crypto::rust_crypto;

    use super::*;

    /// RFC 3711 appendix B.3.
    #[test]
    fn session_keys_are_those_of_the_rfc() {
        let master = MasterKey::new(
            Profile::Aes128CmSha1_80,
            &hex!("E1F97A0D3E018BE0D64FA32C06DE4139"),
            &hex!("0EC675AD498AFEEBB6960B3AABE6"),
        )
        .unwrap();
        let crypto = rust_crypto::provider();
        let keys = SessionKeys::derive(&*crypto, Profile::Aes128CmSha1_80, &master, Protocol::Rtp);
        let keys = keys.unwrap();
        assert_eq!(
            keys.encryption[..],
            hex!("C61E7A93744F39EE10734AFE3FF7A087")
        );
        assert_eq!(keys.salt[..], hex!("30CBBC08863D8C85D49DB34A9AE1"));
        assert_eq!(
            keys.authentication[..],
            hex!("CEBE321F6FF7716B6FD4AB49AF256A156D38BAA4")
        );
    }

    #[test]
    fn what_is_exported_is_parted_into_keys_and_salts() {
        let exported: Vec<u8> = (0..60).collect();
        let keys = KeyingMaterial::split(Profile::Aes128CmSha1_80, &exported).unwrap();
        assert_eq!(keys.client.key[..], exported[..16]);
        assert_eq!(keys.server.key[..], exported[16..32]);
        assert_eq!(keys.client.salt[..], exported[32..46]);
        assert_eq!(keys.server.salt[..], exported[46..]);
        let short = KeyingMaterial::split(Profile::Aes128CmSha1_80, &exported[1..]);
        assert_eq!(short.unwrap_err(), KeyError::Length);
        assert_eq!(format!("{:?}", keys.client), "MasterKey(..)");
    }
}
