//! The traits that every provider implements.

use std::fmt::Debug;

use subtle::ConstantTimeEq;
use thiserror::Error;
use zeroize::{Zeroize, Zeroizing};

use crate::Rng;

/// Bytes that are wiped when dropped.
pub type Secret = Zeroizing<Vec<u8>>;

/// The output of a key agreement, wiped when dropped.
pub type SharedSecret = Secret;

/// A source of cryptographic algorithms.
///
/// Methods answer `None` or an error for what the provider does not implement; the handshakes then
/// leave it out of what they offer.
pub trait CryptoProvider: Debug + Send + Sync + 'static {
    /// A short name for logs and statistics.
    fn name(&self) -> &'static str;

    /// An AEAD with its key schedule expanded. `key` is [`AeadAlgorithm::key_len`] bytes long.
    ///
    /// # Errors
    /// When the key has another length, or the provider lacks the algorithm.
    fn aead(&self, algorithm: AeadAlgorithm, key: &[u8]) -> Result<Box<dyn Aead>, UnusableKey>;

    /// AES in counter mode (AES-CM of RFC 3711 section 4.1.1) under a key of 16 or 32 bytes.
    ///
    /// # Errors
    /// When the key has another length, or the provider lacks the cipher.
    fn aes_ctr(&self, key: &[u8]) -> Result<Box<dyn AesCtr>, UnusableKey>;

    /// The cipher that hides record numbers beside an AEAD (RFC 9147 section 4.2.3, RFC 9001 section
    /// 5.4), under a key of [`AeadAlgorithm::key_len`] bytes.
    ///
    /// # Errors
    /// When the key has another length, or the provider lacks the algorithm.
    fn record_number_mask(
        &self,
        algorithm: AeadAlgorithm,
        key: &[u8],
    ) -> Result<Box<dyn RecordNumberMask>, UnusableKey>;

    /// A fresh running hash.
    fn hash(&self, algorithm: HashAlgorithm) -> Box<dyn HashContext>;

    /// An HMAC (RFC 2104) whose inner and outer states are computed once; a key of any length.
    fn hmac(&self, algorithm: HashAlgorithm, key: &[u8]) -> Box<dyn HmacKey>;

    /// The groups this provider can agree keys in, preferred first.
    fn key_exchange_groups(&self) -> &'static [KeyExchangeGroup];

    /// Generates an ephemeral key pair in `group` and returns it, ready to be completed.
    ///
    /// # Errors
    /// When the provider does not implement the group.
    fn start_key_exchange(
        &self,
        group: KeyExchangeGroup,
        rng: &mut Rng,
    ) -> Result<Box<dyn KeyExchange>, KeyExchangeError>;

    /// The responder's half in one step: answers `peer`'s share with a share of its own and the
    /// secret. With a key encapsulation mechanism this is the only way to answer.
    ///
    /// # Errors
    /// When the provider does not implement the group, or as [`KeyExchange::complete`].
    fn respond_key_exchange(
        &self,
        group: KeyExchangeGroup,
        peer: &[u8],
        rng: &mut Rng,
    ) -> Result<(Vec<u8>, SharedSecret), KeyExchangeError>;

    /// Generates a signing key.
    ///
    /// # Errors
    /// When the provider does not implement this kind of key.
    fn generate_signing_key(
        &self,
        kind: KeyKind,
        rng: &mut Rng,
    ) -> Result<Box<dyn SigningKey>, UnusableKey>;

    /// Imports a signing key from PKCS#8 DER (RFC 5958).
    ///
    /// # Errors
    /// When `der` is malformed or holds a key of a kind that the provider does not implement.
    fn signing_key_from_pkcs8(&self, der: &[u8]) -> Result<Box<dyn SigningKey>, UnusableKey>;

    /// The signatures this provider can verify, preferred first.
    fn signature_algorithms(&self) -> &'static [SignatureAlgorithm];

    /// Verifies `signature` over `message`. `public_key` is the content of the BIT STRING
    /// subjectPublicKey of a SubjectPublicKeyInfo (RFC 5280 section 4.1.2.7): for ECDSA the
    /// uncompressed point, for RSA an RSAPublicKey in DER. ECDSA signatures are DER encoded (RFC
    /// 8422 section 5.4).
    ///
    /// # Errors
    /// When the signature is malformed or not this key's over this message, or the public key is
    /// malformed or no point of the curve.
    fn verify_signature(
        &self,
        algorithm: SignatureAlgorithm,
        public_key: &[u8],
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), AuthenticationError>;
}

/// An authenticated cipher under one key (RFC 5116); all of them take nonces of 12 and append tags
/// of 16 bytes.
pub trait Aead: Debug + Send + Sync {
    /// Encrypts `in_out` in place and returns the tag.
    fn seal(&self, nonce: &[u8; 12], aad: &[u8], in_out: &mut [u8]) -> Tag;

    /// Verifies `tag`, then decrypts `in_out` in place. On failure `in_out` holds nothing of use.
    ///
    /// # Errors
    /// When the tag does not authenticate nonce, context and ciphertext.
    fn open(
        &self,
        nonce: &[u8; 12],
        aad: &[u8],
        in_out: &mut [u8],
        tag: &Tag,
    ) -> Result<(), AuthenticationError>;
}

/// An AEAD's authentication tag.
pub type Tag = [u8; 16];

/// Hides record numbers under one key.
pub trait RecordNumberMask: Debug + Send + Sync {
    /// The mask that is XORed over a record's number. `sample` is the first 16 bytes of its ciphertext.
    fn mask(&self, sample: &[u8; 16]) -> [u8; 2];
}

/// AES in counter mode under one key.
pub trait AesCtr: Debug + Send + Sync {
    /// XORs the key stream that starts at counter block `iv` over `in_out`.
    fn apply_keystream(&self, iv: &[u8; 16], in_out: &mut [u8]);
}

/// A running hash.
pub trait HashContext: Debug + Send + Sync {
    /// Adds `data` to what is hashed.
    fn update(&mut self, data: &[u8]);

    /// The hash of all so far; the context goes on. For a transcript that is hashed at several
    /// points.
    fn current(&self) -> Digest;

    /// A copy with the same state.
    fn fork(&self) -> Box<dyn HashContext>;
}

/// An HMAC under one key.
pub trait HmacKey: Debug + Send + Sync {
    /// The tag over the concatenation of `parts`.
    fn sign(&self, parts: &[&[u8]]) -> Digest;

    /// Whether `tag`, which may be truncated to [`MIN_TAG_LEN`], authenticates `parts`; in constant
    /// time. How long a tag has to be is the protocol's to say and the caller's to check: a sender who
    /// may choose the length would choose the one that is guessed soonest.
    ///
    /// # Errors
    /// When the tag is another one, shorter than that, or longer than the hash.
    fn verify(&self, parts: &[&[u8]], tag: &[u8]) -> Result<(), AuthenticationError>;
}

/// The longest output of a [`HashAlgorithm`], in bytes.
pub const MAX_HASH_LEN: usize = 64;

/// The shortest HMAC tag that is ever accepted, in bytes: that of SRTP's AES_CM_128_HMAC_SHA1_32 (RFC
/// 3711 section 5.2).
pub const MIN_TAG_LEN: usize = 4;

/// The output of a hash or an HMAC: up to [`MAX_HASH_LEN`] bytes, kept inline.
#[derive(Clone, Copy)]
pub struct Digest {
    bytes: [u8; MAX_HASH_LEN],
    len: u8,
}

impl Digest {
    /// Wraps the output of a hash, at most [`MAX_HASH_LEN`] bytes.
    ///
    /// # Panics
    /// If `output` is longer than that.
    pub fn new(output: &[u8]) -> Self {
        let mut bytes = [0; MAX_HASH_LEN];
        bytes[..output.len()].copy_from_slice(output);
        Self {
            bytes,
            len: output.len() as u8,
        }
    }

    /// Whether `tag`, which may be truncated to [`MIN_TAG_LEN`], is this one; in constant time.
    pub(crate) fn authenticate(&self, tag: &[u8]) -> Result<(), AuthenticationError> {
        let expected = self.as_ref().get(..tag.len());
        let is_equal = expected
            .filter(|expected| expected.len() >= MIN_TAG_LEN)
            .is_some_and(|expected| is_equal(expected, tag));
        is_equal.then_some(()).ok_or(AuthenticationError)
    }
}

/// Compares in constant time. All differences are collected before anything depends on them, which the
/// barrier of `ct_eq` upholds once; a barrier for each byte takes longer than the rest of a short tag.
fn is_equal(expected: &[u8], tag: &[u8]) -> bool {
    let pairs = expected.iter().zip(tag);
    let difference = pairs.fold(0, |all: u8, (expected, tag)| all | (expected ^ tag));
    expected.len() == tag.len() && difference.ct_eq(&0).into()
}

/// For digests that are secrets: keys derived, states of a PRF.
impl Zeroize for Digest {
    fn zeroize(&mut self) {
        self.bytes.zeroize();
        self.len.zeroize();
    }
}

impl AsRef<[u8]> for Digest {
    fn as_ref(&self) -> &[u8] {
        &self.bytes[..usize::from(self.len)]
    }
}

impl Debug for Digest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Digest({} bytes)", self.len)
    }
}

/// The private half of a key agreement that has sent its share.
pub trait KeyExchange: Debug + Send {
    /// The group.
    fn group(&self) -> KeyExchangeGroup;

    /// What the peer gets to see, in the encoding of TLS (RFC 8422 section 5.4, RFC 8446 section
    /// 4.2.8): an uncompressed point for P-256 and P-384, 32 bytes for X25519, an encapsulation key
    /// and then 32 bytes for X25519MLKEM768.
    fn share(&self) -> &[u8];

    /// Agrees on a secret with the holder of `peer`. Rejects points off the curve and all-zero
    /// secrets (RFC 7748 section 6.1). For X25519MLKEM768 this is the side that started: `peer` is a
    /// ciphertext and then 32 bytes, as [`CryptoProvider::respond_key_exchange`] made it.
    ///
    /// # Errors
    /// When `peer` is such a point, or has another length or encoding.
    fn complete(self: Box<Self>, peer: &[u8]) -> Result<SharedSecret, KeyExchangeError>;
}

/// A private key that signs.
pub trait SigningKey: Debug + Send + Sync {
    /// What kind of key this is.
    fn kind(&self) -> KeyKind;

    /// The signature algorithm this key is used with.
    fn algorithm(&self) -> SignatureAlgorithm;

    /// Signs `message`; ECDSA signatures are DER encoded.
    ///
    /// # Errors
    /// When the provider fails.
    fn sign(&self, message: &[u8], rng: &mut Rng) -> Result<Vec<u8>, SignError>;

    /// The public key as the content of the BIT STRING subjectPublicKey, as
    /// [`CryptoProvider::verify_signature`] takes it.
    fn public_key(&self) -> &[u8];

    /// The key as PKCS#8 DER, to be kept across processes.
    fn to_pkcs8(&self) -> Secret;
}

/// The authenticated ciphers that DTLS and SRTP use.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum AeadAlgorithm {
    /// AES-128-GCM (RFC 5116 section 5.1).
    Aes128Gcm,
    /// AES-256-GCM (RFC 5116 section 5.2).
    Aes256Gcm,
    /// ChaCha20-Poly1305 (RFC 8439 section 2.8).
    ChaCha20Poly1305,
}

impl AeadAlgorithm {
    /// The key's length in bytes.
    pub const fn key_len(self) -> usize {
        match self {
            Self::Aes128Gcm => 16,
            Self::Aes256Gcm | Self::ChaCha20Poly1305 => 32,
        }
    }
}

/// The hash functions that WebRTC's protocols name.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum HashAlgorithm {
    /// SHA-1, only within HMAC (STUN, SRTP).
    Sha1,
    /// SHA-256.
    Sha256,
    /// SHA-384.
    Sha384,
    /// SHA-512.
    Sha512,
}

impl HashAlgorithm {
    /// The output's length in bytes.
    pub const fn output_len(self) -> usize {
        match self {
            Self::Sha1 => 20,
            Self::Sha256 => 32,
            Self::Sha384 => 48,
            Self::Sha512 => 64,
        }
    }
}

/// The groups that keys are agreed in.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum KeyExchangeGroup {
    /// X25519MLKEM768 (draft-ietf-tls-ecdhe-mlkem): ML-KEM-768 of FIPS 203 and X25519 together. Only
    /// for handshakes in which both sides send a share: the second has to know the first.
    X25519MlKem768,
    /// Curve25519 (RFC 7748).
    X25519,
    /// NIST P-256, secp256r1.
    Secp256r1,
    /// NIST P-384, secp384r1.
    Secp384r1,
}

/// The kinds of signing keys.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum KeyKind {
    /// ECDSA on NIST P-256.
    EcdsaP256,
    /// ECDSA on NIST P-384.
    EcdsaP384,
    /// Ed25519 (RFC 8032).
    Ed25519,
}

/// The signature algorithms of certificates and handshakes.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum SignatureAlgorithm {
    /// ECDSA on NIST P-256 with SHA-256.
    EcdsaP256Sha256,
    /// ECDSA on NIST P-256 with SHA-384, which TLS 1.2 allows for.
    EcdsaP256Sha384,
    /// ECDSA on NIST P-384 with SHA-384.
    EcdsaP384Sha384,
    /// ECDSA on NIST P-384 with SHA-256, which TLS 1.2 allows for.
    EcdsaP384Sha256,
    /// Ed25519 (RFC 8032).
    Ed25519,
    /// RSASSA-PSS with SHA-256 (RFC 8017), of keys of 2048 to 8192 bits, as all of RSA here. Only
    /// for verifying.
    RsaPssSha256,
    /// RSASSA-PSS with SHA-384.
    RsaPssSha384,
    /// RSASSA-PSS with SHA-512.
    RsaPssSha512,
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    RsaPkcs1Sha256,
    /// RSASSA-PKCS1-v1_5 with SHA-384.
    RsaPkcs1Sha384,
    /// RSASSA-PKCS1-v1_5 with SHA-512.
    RsaPkcs1Sha512,
}

impl SignatureAlgorithm {
    /// All of them.
    pub(crate) const ALL: [Self; 11] = [
        Self::EcdsaP256Sha256,
        Self::EcdsaP384Sha384,
        Self::Ed25519,
        Self::EcdsaP256Sha384,
        Self::EcdsaP384Sha256,
        Self::RsaPssSha256,
        Self::RsaPssSha384,
        Self::RsaPssSha512,
        Self::RsaPkcs1Sha256,
        Self::RsaPkcs1Sha384,
        Self::RsaPkcs1Sha512,
    ];
}

/// A tag, signature or MAC did not verify.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
#[error("authentication failed")]
pub struct AuthenticationError;

/// A key has the wrong length, kind or encoding, or the provider cannot use it.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
#[error("the key is not usable: {0}")]
pub struct UnusableKey(pub &'static str);

/// A key agreement failed.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
#[non_exhaustive]
pub enum KeyExchangeError {
    /// The provider does not implement the group.
    #[error("the provider does not implement this group")]
    UnsupportedGroup,
    /// The peer's share is malformed, off the curve or of small order.
    #[error("the peer's key share is invalid")]
    InvalidShare,
}

/// Signing failed inside the provider.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
#[error("signing failed")]
pub struct SignError;
