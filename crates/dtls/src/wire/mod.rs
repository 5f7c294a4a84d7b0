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
pub(crate) use hello::{ClientHello, HelloVerifyRequest, ServerHello};
pub(crate) use key_exchange::{
    CertificateRequest, CertificateVerify, ClientKeyExchange, ServerKeyExchange,
    decode_certificate, encode_certificate,
};
pub use reader::DecodeError;
pub(crate) use reader::Reader;
pub(crate) use writer::Writer;
