//! HKDF, RFC 5869.

use thiserror::Error;
use zeroize::Zeroizing;

use crate::provider::{CryptoProvider, Digest, HashAlgorithm, Secret};

/// HKDF-Extract, RFC 5869 section 2.2. An empty `salt` stands for as many zeros as the hash is
/// long.
pub fn hkdf_extract(
    crypto: &dyn CryptoProvider,
    hash: HashAlgorithm,
    salt: &[u8],
    input: &[u8],
) -> Secret {
    // HMAC pads its key with zeros: an empty salt needs no case of its own.
    let key = Zeroizing::new(crypto.hmac(hash, salt).sign(&[input]));
    Zeroizing::new((*key).as_ref().to_vec())
}

/// HKDF-Expand, RFC 5869 section 2.3: fills `out`. `info` is the concatenation of its parts.
///
/// # Errors
/// When `out` is longer than 255 times the hash.
pub fn hkdf_expand(
    crypto: &dyn CryptoProvider,
    hash: HashAlgorithm,
    key: &[u8],
    info: &[&[u8]],
    out: &mut [u8],
) -> Result<(), HkdfError> {
    if out.len() > 255 * hash.output_len() {
        return Err(HkdfError);
    }
    let key = crypto.hmac(hash, key);
    let mut previous = Zeroizing::new(Digest::new(&[]));
    for (counter, chunk) in (1..=u8::MAX).zip(out.chunks_mut(hash.output_len())) {
        let counter = [counter];
        let mut parts: Vec<&[u8]> = Vec::with_capacity(info.len() + 2);
        parts.push((*previous).as_ref());
        parts.extend(info);
        parts.push(&counter);
        let block = Zeroizing::new(key.sign(&parts));
        chunk.copy_from_slice(&(*block).as_ref()[..chunk.len()]);
        previous = block;
    }
    Ok(())
}

/// More was asked for than 255 times the length of the hash.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
#[error("HKDF gives at most 255 blocks")]
pub struct HkdfError;
