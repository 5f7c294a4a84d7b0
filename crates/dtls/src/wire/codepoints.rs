//! The numbers of the IANA registries. Unknown values are kept.

use std::fmt;

macro_rules! codepoints {
    ($(#[$meta:meta])* $vis:vis struct $name:ident($int:ty) {
        $($(#[$doc:meta])* $constant:ident = $value:literal,)*
    }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Eq, Hash, Ord, PartialEq, PartialOrd)]
        $vis struct $name(pub $int);

        impl $name {
            $($(#[$doc])* $vis const $constant: Self = Self($value);)*
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                match *self {
                    $(Self::$constant => f.write_str(stringify!($constant)),)*
                    Self(other) => write!(f, "{}({other:#x})", stringify!($name)),
                }
            }
        }
    };
}

codepoints! {
    /// What a record carries, RFC 5246 section 6.2.1.
    pub(crate) struct ContentType(u8) {
        CHANGE_CIPHER_SPEC = 20,
        ALERT = 21,
        HANDSHAKE = 22,
        APPLICATION_DATA = 23,
    }
}

codepoints! {
    /// The messages of the handshake, RFC 5246 section 7.4 and RFC 6347 section 4.3.2.
    pub(crate) struct HandshakeType(u8) {
        HELLO_REQUEST = 0,
        CLIENT_HELLO = 1,
        SERVER_HELLO = 2,
        HELLO_VERIFY_REQUEST = 3,
        CERTIFICATE = 11,
        SERVER_KEY_EXCHANGE = 12,
        CERTIFICATE_REQUEST = 13,
        SERVER_HELLO_DONE = 14,
        CERTIFICATE_VERIFY = 15,
        CLIENT_KEY_EXCHANGE = 16,
        FINISHED = 20,
    }
}

codepoints! {
    /// A version of DTLS; later versions have smaller numbers (RFC 6347 section 4.1).
    pub struct ProtocolVersion(u16) {
        /// DTLS 1.0, which some peers put into records before a version is agreed.
        DTLS_1_0 = 0xfeff,
        /// DTLS 1.2 (RFC 6347).
        DTLS_1_2 = 0xfefd,
        /// DTLS 1.3 (RFC 9147).
        DTLS_1_3 = 0xfefc,
    }
}

codepoints! {
    /// A cipher suite (RFC 5289 section 3).
    pub struct CipherSuite(u16) {
        /// TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256.
        ECDHE_ECDSA_AES_128_GCM_SHA256 = 0xc02b,
        /// TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384.
        ECDHE_ECDSA_AES_256_GCM_SHA384 = 0xc02c,
        /// TLS_EMPTY_RENEGOTIATION_INFO_SCSV (RFC 5746 section 3.3), a signal and no suite.
        EMPTY_RENEGOTIATION_INFO_SCSV = 0x00ff,
    }
}

codepoints! {
    /// A group for key agreement (RFC 8422 section 5.1.1).
    pub struct NamedGroup(u16) {
        /// NIST P-256.
        SECP256R1 = 23,
        /// Curve25519.
        X25519 = 29,
    }
}

codepoints! {
    /// A signature algorithm, as RFC 8446 section 4.2.3 numbers the pairs of RFC 5246 section
    /// 7.4.1.4.1.
    pub struct SignatureScheme(u16) {
        /// ECDSA on P-256 with SHA-256.
        ECDSA_SECP256R1_SHA256 = 0x0403,
    }
}

codepoints! {
    /// A protection profile of SRTP (RFC 5764 section 4.1.2, RFC 7714 section 14.2).
    pub struct SrtpProfile(u16) {
        /// SRTP_AES128_CM_HMAC_SHA1_80.
        AES128_CM_SHA1_80 = 0x0001,
        /// SRTP_AES128_CM_HMAC_SHA1_32.
        AES128_CM_SHA1_32 = 0x0002,
        /// SRTP_AEAD_AES_128_GCM.
        AEAD_AES_128_GCM = 0x0007,
        /// SRTP_AEAD_AES_256_GCM.
        AEAD_AES_256_GCM = 0x0008,
    }
}

codepoints! {
    /// Extensions of the hellos.
    pub(crate) struct ExtensionType(u16) {
        SUPPORTED_GROUPS = 10,
        EC_POINT_FORMATS = 11,
        SIGNATURE_ALGORITHMS = 13,
        USE_SRTP = 14,
        ALPN = 16,
        EXTENDED_MASTER_SECRET = 23,
        SUPPORTED_VERSIONS = 43,
        RENEGOTIATION_INFO = 0xff01,
    }
}

codepoints! {
    /// Why a connection ends, RFC 5246 section 7.2.
    pub struct AlertDescription(u8) {
        /// The sender is done; not an error.
        CLOSE_NOTIFY = 0,
        /// A message at a moment at which it cannot come.
        UNEXPECTED_MESSAGE = 10,
        /// A record whose authentication failed. Never sent over DTLS, where such records are noise.
        BAD_RECORD_MAC = 20,
        /// No acceptable set of parameters.
        HANDSHAKE_FAILURE = 40,
        /// A certificate that is corrupt or, in WebRTC, not the one that was signalled.
        BAD_CERTIFICATE = 42,
        /// A certificate of an unsupported kind.
        UNSUPPORTED_CERTIFICATE = 43,
        /// A field that contradicts others or is out of range.
        ILLEGAL_PARAMETER = 47,
        /// A message that does not follow its grammar.
        DECODE_ERROR = 50,
        /// A signature or Finished that does not verify.
        DECRYPT_ERROR = 51,
        /// No common version.
        PROTOCOL_VERSION = 70,
        /// An error on the sender's side.
        INTERNAL_ERROR = 80,
        /// The handshake was cancelled.
        USER_CANCELED = 90,
        /// No renegotiation (RFC 5746 section 4.5); a warning.
        NO_RENEGOTIATION = 100,
        /// An extension that was not offered.
        UNSUPPORTED_EXTENSION = 110,
        /// No common application protocol (RFC 7301 section 3.2).
        NO_APPLICATION_PROTOCOL = 120,
    }
}
