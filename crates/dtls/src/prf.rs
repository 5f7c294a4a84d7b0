//! The pseudorandom function of TLS 1.2, RFC 5246 section 5.

use tidewire_crypto::{CryptoProvider, HashAlgorithm, HmacKey};

/// Fills `out` with PRF(secret, label, seed), `seed` being the concatenation of its parts.
pub(crate) fn prf(
    crypto: &dyn CryptoProvider,
    hash: HashAlgorithm,
    secret: &[u8],
    label: &str,
    seed: &[&[u8]],
    out: &mut [u8],
) {
    let key = crypto.hmac(hash, secret);
    let mut parts: Vec<&[u8]> = Vec::with_capacity(seed.len() + 2);
    parts.push(label.as_bytes());
    parts.extend(seed);
    let mut a = key.sign(&parts);
    for chunk in out.chunks_mut(hash.output_len()) {
        let block = block(&*key, a.as_ref(), &parts);
        chunk.copy_from_slice(&block.as_ref()[..chunk.len()]);
        a = key.sign(&[a.as_ref()]);
    }
}

fn block(key: &dyn HmacKey, a: &[u8], parts: &[&[u8]]) -> tidewire_crypto::Digest {
    let mut all: Vec<&[u8]> = Vec::with_capacity(parts.len() + 1);
    all.push(a);
    all.extend(parts);
    key.sign(&all)
}
