//! Cipher suites and the key schedules of both versions.

mod v12;
mod v13;

use tidewire_crypto::{AeadAlgorithm, CryptoProvider, Digest, HashAlgorithm};

use crate::certificate::KeyType;
use crate::wire::{CipherSuite, ProtocolVersion};

pub(crate) use v12::{Randoms, Secrets};
pub(crate) use v13::{ApplicationSecrets, Exporter, HandshakeSecrets, TrafficSecret};

/// The algorithms of a cipher suite.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Suite {
    pub(crate) name: CipherSuite,
    pub(crate) version: ProtocolVersion,
    pub(crate) hash: HashAlgorithm,
    pub(crate) aead: AeadAlgorithm,
    /// Whether the server's key is one of RSA; DTLS 1.3 leaves that open.
    is_rsa: bool,
}

impl Suite {
    /// `None` for what is not implemented.
    pub(crate) fn from_name(name: CipherSuite) -> Option<Self> {
        use CipherSuite as Name;
        let (aead, hash) = match name {
            Name::AES_128_GCM_SHA256
            | Name::ECDHE_ECDSA_AES_128_GCM_SHA256
            | Name::ECDHE_RSA_AES_128_GCM_SHA256 => {
                (AeadAlgorithm::Aes128Gcm, HashAlgorithm::Sha256)
            }
            Name::AES_256_GCM_SHA384
            | Name::ECDHE_ECDSA_AES_256_GCM_SHA384
            | Name::ECDHE_RSA_AES_256_GCM_SHA384 => {
                (AeadAlgorithm::Aes256Gcm, HashAlgorithm::Sha384)
            }
            Name::CHACHA20_POLY1305_SHA256
            | Name::ECDHE_ECDSA_CHACHA20_POLY1305_SHA256
            | Name::ECDHE_RSA_CHACHA20_POLY1305_SHA256 => {
                (AeadAlgorithm::ChaCha20Poly1305, HashAlgorithm::Sha256)
            }
            _ => return None,
        };
        let version = match name {
            Name::AES_128_GCM_SHA256
            | Name::AES_256_GCM_SHA384
            | Name::CHACHA20_POLY1305_SHA256 => ProtocolVersion::DTLS_1_3,
            _ => ProtocolVersion::DTLS_1_2,
        };
        let is_rsa = matches!(
            name,
            Name::ECDHE_RSA_AES_128_GCM_SHA256
                | Name::ECDHE_RSA_AES_256_GCM_SHA384
                | Name::ECDHE_RSA_CHACHA20_POLY1305_SHA256
        );
        Some(Self {
            name,
            version,
            hash,
            aead,
            is_rsa,
        })
    }

    /// Whether a server whose certificate has a key of this type may use the suite.
    pub(crate) fn suits(&self, key: KeyType) -> bool {
        self.version == ProtocolVersion::DTLS_1_3 || self.is_rsa == (key == KeyType::Rsa)
    }

    /// Whether a server of ours can use it: it has no keys of RSA.
    pub(crate) fn is_for_servers(&self) -> bool {
        !self.is_rsa
    }
}

/// Whose Finished or traffic it is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Sender {
    Client,
    Server,
}

fn digest(crypto: &dyn CryptoProvider, hash: HashAlgorithm, bytes: &[u8]) -> Digest {
    let mut context = crypto.hash(hash);
    context.update(bytes);
    context.current()
}
