//! Bytes: the reader and writer, codepoints and messages. No state.

mod codepoints;
mod hello;
mod key_exchange;
mod reader;
#[cfg(test)]
mod tests;
mod writer;

pub use codepoints::{
    AlertDescription, CipherSuite, NamedGroup, ProtocolVersion, SignatureScheme, SrtpProfile,
};
pub(crate) use codepoints::{ContentType, ExtensionType, HandshakeType};
pub(crate) use hello::{
    ClientHello, EncryptedExtensions, HelloVerifyRequest, KeyShare, RETRY_RANDOM, ServerHello,
};
pub(crate) use key_exchange::{
    CertificateRequest, CertificateRequest13, CertificateVerify, ClientKeyExchange,
    ServerKeyExchange, check_new_session_ticket, decode_certificate, decode_certificate_1_3,
    encode_certificate, encode_certificate_1_3,
};
pub use reader::DecodeError;
pub(crate) use reader::Reader;
pub(crate) use writer::Writer;
