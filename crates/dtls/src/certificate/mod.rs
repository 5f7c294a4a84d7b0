//! Certificates, self-signed, and the fingerprints that vouch for them (RFC 8122, RFC 8827).

mod der;
mod error;
mod fingerprint;
mod own;
mod peer;
mod pem;
#[cfg(test)]
mod tests;

pub use error::CertificateError;
pub use fingerprint::{Fingerprint, ParseFingerprintError};
pub use own::{Certificate, ValidityOptions};
pub(crate) use peer::{
    AcceptableCertificates, AcceptedCertificate, KeyType, accepted_schemes, own_scheme, public_key,
};
