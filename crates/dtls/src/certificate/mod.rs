//! Certificates, self-signed, and the fingerprints that vouch for them (RFC 8122, RFC 8827).

mod der;
mod fingerprint;
mod own;
mod peer;
#[cfg(test)]
mod tests;

pub use fingerprint::{Fingerprint, ParseFingerprintError};
pub use own::{Certificate, CertificateError, ValidityOptions};
pub(crate) use peer::{ExpectedFingerprints, FingerprintVerified, p256_public_key};
