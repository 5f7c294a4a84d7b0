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
    /// What a record carries, RFC 5246 section 6.2.1 and RFC 9147 section 4.
    pub(crate) struct ContentType(u8) {
        CHANGE_CIPHER_SPEC = 20,
        ALERT = 21,
        HANDSHAKE = 22,
        APPLICATION_DATA = 23,
        ACK = 26,
    }
}

codepoints! {
    /// The messages of the handshake, RFC 5246 section 7.4, RFC 6347 section 4.3.2 and RFC 8446 section
    /// 4.
    pub(crate) struct HandshakeType(u8) {
        HELLO_REQUEST = 0,
        CLIENT_HELLO = 1,
        SERVER_HELLO = 2,
        HELLO_VERIFY_REQUEST = 3,
        NEW_SESSION_TICKET = 4,
        ENCRYPTED_EXTENSIONS = 8,
        CERTIFICATE = 11,
        SERVER_KEY_EXCHANGE = 12,
        CERTIFICATE_REQUEST = 13,
        SERVER_HELLO_DONE = 14,
        CERTIFICATE_VERIFY = 15,
        CLIENT_KEY_EXCHANGE = 16,
        FINISHED = 20,
        KEY_UPDATE = 24,
        MESSAGE_HASH = 254,
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
    /// A cipher suite (RFC 8446 appendix B.4; for DTLS 1.2 RFC 5289 section 3 and RFC 7905 section 2).
    pub struct CipherSuite(u16) {
        /// TLS_AES_128_GCM_SHA256, of DTLS 1.3.
        AES_128_GCM_SHA256 = 0x1301,
        /// TLS_AES_256_GCM_SHA384, of DTLS 1.3.
        AES_256_GCM_SHA384 = 0x1302,
        /// TLS_CHACHA20_POLY1305_SHA256, of DTLS 1.3.
        CHACHA20_POLY1305_SHA256 = 0x1303,
        /// TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256.
        ECDHE_ECDSA_AES_128_GCM_SHA256 = 0xc02b,
        /// TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384.
        ECDHE_ECDSA_AES_256_GCM_SHA384 = 0xc02c,
        /// TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256.
        ECDHE_ECDSA_CHACHA20_POLY1305_SHA256 = 0xcca9,
        /// TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256; only as a client.
        ECDHE_RSA_AES_128_GCM_SHA256 = 0xc02f,
        /// TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384; only as a client.
        ECDHE_RSA_AES_256_GCM_SHA384 = 0xc030,
        /// TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256; only as a client.
        ECDHE_RSA_CHACHA20_POLY1305_SHA256 = 0xcca8,
        /// TLS_EMPTY_RENEGOTIATION_INFO_SCSV (RFC 5746 section 3.3), a signal and no suite.
        EMPTY_RENEGOTIATION_INFO_SCSV = 0x00ff,
    }
}

codepoints! {
    /// A group for key agreement (RFC 8446 section 4.2.7).
    pub struct NamedGroup(u16) {
        /// NIST P-256.
        SECP256R1 = 23,
        /// NIST P-384.
        SECP384R1 = 24,
        /// Curve25519.
        X25519 = 29,
        /// X25519 and ML-KEM-768 together (draft-ietf-tls-ecdhe-mlkem), in DTLS 1.3 only.
        X25519MLKEM768 = 0x11ec,
    }
}

codepoints! {
    /// A signature algorithm, as RFC 8446 section 4.2.3 numbers the pairs of RFC 5246 section
    /// 7.4.1.4.1.
    pub struct SignatureScheme(u16) {
        /// ECDSA on P-256 with SHA-256.
        ECDSA_SECP256R1_SHA256 = 0x0403,
        /// ECDSA on P-384 with SHA-384.
        ECDSA_SECP384R1_SHA384 = 0x0503,
        /// Ed25519.
        ED25519 = 0x0807,
        /// RSASSA-PSS with SHA-256, under a key for RSA in general.
        RSA_PSS_RSAE_SHA256 = 0x0804,
        /// RSASSA-PSS with SHA-384.
        RSA_PSS_RSAE_SHA384 = 0x0805,
        /// RSASSA-PSS with SHA-512.
        RSA_PSS_RSAE_SHA512 = 0x0806,
        /// RSASSA-PKCS1-v1_5 with SHA-256, in DTLS 1.2 only.
        RSA_PKCS1_SHA256 = 0x0401,
        /// RSASSA-PKCS1-v1_5 with SHA-384, in DTLS 1.2 only.
        RSA_PKCS1_SHA384 = 0x0501,
        /// RSASSA-PKCS1-v1_5 with SHA-512, in DTLS 1.2 only.
        RSA_PKCS1_SHA512 = 0x0601,
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
    /// Extensions of the hellos and of the messages that took over from them in DTLS 1.3.
    pub(crate) struct ExtensionType(u16) {
        SUPPORTED_GROUPS = 10,
        EC_POINT_FORMATS = 11,
        SIGNATURE_ALGORITHMS = 13,
        USE_SRTP = 14,
        ALPN = 16,
        EXTENDED_MASTER_SECRET = 23,
        RECORD_SIZE_LIMIT = 28,
        SUPPORTED_VERSIONS = 43,
        COOKIE = 44,
        KEY_SHARE = 51,
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
        /// A record with more content than agreed (RFC 8449 section 4).
        RECORD_OVERFLOW = 22,
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
        /// An extension is missing that the version needs.
        MISSING_EXTENSION = 109,
        /// An extension that was not offered.
        UNSUPPORTED_EXTENSION = 110,
        /// The peer has to have a certificate, and sent none; in DTLS 1.3 only.
        CERTIFICATE_REQUIRED = 116,
        /// No common application protocol (RFC 7301 section 3.2).
        NO_APPLICATION_PROTOCOL = 120,
    }
}
