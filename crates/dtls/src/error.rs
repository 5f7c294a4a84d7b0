//! How connections end.

use thiserror::Error;
use tidewire_crypto::{KeyExchangeError, SignError, UnusableKey};

use crate::wire::{AlertDescription, DecodeError};

/// Why a connection ended.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
#[non_exhaustive]
pub enum CloseReason {
    /// This side closed it.
    #[error("closed")]
    Local,
    /// The peer closed it.
    #[error("closed by the peer")]
    Peer,
    /// The peer gave up with a fatal alert.
    #[error("the peer sent a fatal alert: {0:?}")]
    PeerAlert(AlertDescription),
    /// The handshake did not complete in time.
    #[error("the handshake timed out")]
    TimedOut,
    /// The peer's certificate has none of the fingerprints that were signalled (RFC 8122 section 6.2).
    #[error("the peer's certificate does not match the signalled fingerprint")]
    FingerprintMismatch,
    /// So many records did not authenticate that the keys are not safe any more (RFC 9147 section
    /// 4.5.3).
    #[error("too many forged records")]
    TooManyForgeries,
    /// A record of the peer's holds more than it may (RFC 8446 section 5.2, RFC 8449 section 4).
    #[error("the peer sent a record that is too long")]
    RecordOverflow,
    /// The peer's handshake cannot be accepted.
    #[error("the handshake failed: {0}")]
    Handshake(#[from] HandshakeError),
}

impl CloseReason {
    /// The alert that tells the peer, if there is something to tell.
    pub(crate) fn alert(self) -> Option<AlertDescription> {
        match self {
            // A user_canceled would be a warning, and would need a close_notify after it (RFC 5246
            // section 7.2.2).
            Self::Local | Self::Peer | Self::TimedOut | Self::TooManyForgeries => {
                Some(AlertDescription::CLOSE_NOTIFY)
            }
            Self::PeerAlert(_) => None,
            Self::RecordOverflow => Some(AlertDescription::RECORD_OVERFLOW),
            Self::FingerprintMismatch => Some(AlertDescription::BAD_CERTIFICATE),
            Self::Handshake(error) => Some(error.alert()),
        }
    }
}

/// What is wrong with the peer's handshake, or why ours cannot go on.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
#[non_exhaustive]
pub enum HandshakeError {
    /// A message does not follow its grammar.
    #[error(transparent)]
    Decode(#[from] DecodeError),
    /// A message at a moment at which it cannot come.
    #[error("unexpected message of type {0}")]
    UnexpectedMessage(u8),
    /// The peer speaks none of the versions that are configured.
    #[error("no common protocol version")]
    Version,
    /// No cipher suite in common, or one was chosen that was not offered.
    #[error("no common cipher suite")]
    CipherSuite,
    /// No group in common, or one was chosen that was not offered.
    #[error("no common group")]
    Group,
    /// No signature algorithm in common, or one was chosen that was not offered.
    #[error("no common signature algorithm")]
    SignatureScheme,
    /// The peer lacks the extended master secret (RFC 7627), which is required.
    #[error("the peer does not use the extended master secret")]
    ExtendedMasterSecret,
    /// A field contradicts what was offered.
    #[error("illegal {0}")]
    IllegalParameter(&'static str),
    /// The server pretends not to speak a version that both do.
    #[error("the version was downgraded")]
    Downgrade,
    /// Nothing that the peer protects opens: the two sides saw different hellos.
    #[error("the two sides have agreed on different keys")]
    KeysDiffer,
    /// An extension that DTLS 1.3 needs.
    #[error("extension {0} is missing")]
    MissingExtension(&'static str),
    /// The client has to have a certificate, and sent none.
    #[error("the client sent no certificate")]
    CertificateRequired,
    /// An extension that was not offered.
    #[error("extension {0} was not offered")]
    UnsolicitedExtension(u16),
    /// The peer sent no certificate.
    #[error("the peer sent no certificate")]
    NoCertificate,
    /// The peer's certificate cannot be parsed.
    #[error("the peer's certificate is malformed")]
    MalformedCertificate,
    /// The peer's certificate has a key of a kind that the suite or this crate has no place
    /// for.
    #[error("the peer's certificate has a key of an unsupported kind")]
    UnsupportedCertificate,
    /// A signature by the peer's certificate does not verify.
    #[error("the peer's signature does not verify")]
    BadSignature,
    /// The peer's Finished does not verify: the two sides saw different handshakes.
    #[error("the peer's Finished does not verify")]
    BadFinished,
    /// Keys cannot be agreed with the peer's share.
    #[error(transparent)]
    KeyExchange(#[from] KeyExchangeError),
    /// The provider failed; the peer is not to blame.
    #[error(transparent)]
    Sign(#[from] SignError),
    /// The provider refuses a key; the peer is not to blame.
    #[error(transparent)]
    Key(#[from] UnusableKey),
}

impl HandshakeError {
    fn alert(self) -> AlertDescription {
        match self {
            Self::Decode(_) => AlertDescription::DECODE_ERROR,
            Self::UnexpectedMessage(_) => AlertDescription::UNEXPECTED_MESSAGE,
            Self::Version => AlertDescription::PROTOCOL_VERSION,
            Self::CipherSuite
            | Self::Group
            | Self::SignatureScheme
            | Self::ExtendedMasterSecret
            | Self::NoCertificate => AlertDescription::HANDSHAKE_FAILURE,
            Self::IllegalParameter(_) | Self::Downgrade | Self::KeyExchange(_) => {
                AlertDescription::ILLEGAL_PARAMETER
            }
            Self::MissingExtension(_) => AlertDescription::MISSING_EXTENSION,
            Self::CertificateRequired => AlertDescription::CERTIFICATE_REQUIRED,
            Self::UnsolicitedExtension(_) => AlertDescription::UNSUPPORTED_EXTENSION,
            Self::MalformedCertificate => AlertDescription::BAD_CERTIFICATE,
            Self::UnsupportedCertificate => AlertDescription::UNSUPPORTED_CERTIFICATE,
            Self::BadSignature | Self::BadFinished | Self::KeysDiffer => {
                AlertDescription::DECRYPT_ERROR
            }
            Self::Sign(_) | Self::Key(_) => AlertDescription::INTERNAL_ERROR,
        }
    }
}

/// Why a connection cannot be made.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
#[non_exhaustive]
pub enum ConfigError {
    /// Without a fingerprint nobody would know who the peer is.
    #[error("at least one fingerprint of the peer is needed")]
    NoFingerprint,
    /// No cipher suite is configured that this crate implements.
    #[error("no usable cipher suite is configured")]
    NoCipherSuite,
    /// The provider implements none of the groups.
    #[error("the crypto provider implements no usable group")]
    NoGroup,
    /// No version is configured that this crate implements.
    #[error("no usable version is configured")]
    NoVersion,
    /// A limit of records below 64 or above 16384 bytes.
    #[error("a limit of records has to be 64 to 16384 bytes")]
    RecordSizeLimit,
    /// The provider fails to make the client's shares.
    #[error("the crypto provider cannot make a key")]
    Crypto,
    /// An application protocol whose name is empty or longer than 255 bytes.
    #[error("an application protocol has a name of no bytes, or of more than 255")]
    AlpnProtocol,
    /// A list with more entries than [`Config::MAX_LISTED`](crate::Config::MAX_LISTED).
    #[error("more suites, profiles or protocols are configured than fit a hello")]
    TooMany,
}

/// Why keying material cannot be exported.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
#[non_exhaustive]
pub enum ExportError {
    /// The handshake is not complete, or the connection is closed.
    #[error("the connection is not established")]
    NotConnected,
    /// The label belongs to the handshake itself (RFC 5705 section 4).
    #[error("the label is reserved")]
    ReservedLabel,
    /// More than 8160 bytes are asked for, which is what HKDF gives.
    #[error("more is asked for than a label gives")]
    TooLong,
    /// The context is longer than 65535 bytes.
    #[error("the context is too long")]
    ContextTooLong,
}

macro_rules! handshake_errors {
    ($($error:ty),*) => {
        $(impl From<$error> for CloseReason {
            fn from(error: $error) -> Self {
                Self::Handshake(error.into())
            }
        })*
    };
}

handshake_errors!(DecodeError, KeyExchangeError, SignError, UnusableKey);
