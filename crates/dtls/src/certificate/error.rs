//! What may be wrong with certificates of our own.

use thiserror::Error;
use tidewire_crypto::{SignError, UnusableKey};

/// Why a certificate cannot be made or imported.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
#[non_exhaustive]
pub enum CertificateError {
    /// The provider cannot make or use the key.
    #[error(transparent)]
    Key(#[from] UnusableKey),
    /// Signing failed.
    #[error(transparent)]
    Sign(#[from] SignError),
    /// The DER is no certificate, or not for this key.
    #[error("the certificate is malformed or belongs to another key")]
    Mismatch,
    /// The PEM is malformed, or lacks a certificate or an unencrypted key.
    #[error("no certificate or no private key in PEM")]
    Pem,
}
