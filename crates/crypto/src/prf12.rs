//! The pseudorandom function of TLS 1.2, RFC 5246 section 5.

use zeroize::Zeroizing;

use crate::provider::{CryptoProvider, Digest, HashAlgorithm, HmacKey};

/// Fills `out` with PRF(secret, label, seed) of RFC 5246 section 5, `seed` being the concatenation
/// of its parts.
pub fn prf12(
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
    let mut a = Zeroizing::new(key.sign(&parts));
    for chunk in out.chunks_mut(hash.output_len()) {
        let block = block(&*key, (*a).as_ref(), &parts);
        chunk.copy_from_slice(&(*block).as_ref()[..chunk.len()]);
        a = Zeroizing::new(key.sign(&[(*a).as_ref()]));
    }
}

fn block(key: &dyn HmacKey, a: &[u8], parts: &[&[u8]]) -> Zeroizing<Digest> {
    let mut all: Vec<&[u8]> = Vec::with_capacity(parts.len() + 1);
    all.push(a);
    all.extend(parts);
    Zeroizing::new(key.sign(&all))
}

#[cfg(test)]
mod tests {
    use hex_literal::hex;

    use super::*;
    use crate::rust_crypto;

    /// The vectors that the TLS working group passed around when TLS 1.2 was new; RFC 5246 has none.
    #[test]
    fn gives_the_known_output_under_sha_256() {
        let mut out = [0; 100];
        prf12(
            &*rust_crypto::provider(),
            HashAlgorithm::Sha256,
            &hex!("9bbe436ba940f017b17652849a71db35"),
            "test label",
            &[&hex!("a0ba9f936cda3118"), &hex!("27a6f796ffd5198c")],
            &mut out,
        );
        let expected = hex!(
            "e3f229ba727be17b8d122620557cd453c2aab21d07c3d495329b52d4e61edb5a"
            "6b301791e90d35c9c9a46b4e14baf9af0fa022f7077def17abfd3797c0564bab"
            "4fbc91666e9def9b97fce34f796789baa48082d122ee42c5a72e5a5110fff701"
            "87347b66"
        );
        assert_eq!(out, expected);
    }

    #[test]
    fn gives_the_known_output_under_sha_384() {
        let mut out = [0; 148];
        prf12(
            &*rust_crypto::provider(),
            HashAlgorithm::Sha384,
            &hex!("b80b733d6ceefcdc71566ea48e5567df"),
            "test label",
            &[&hex!("cd665cf6a8447dd6ff8b27555edb7465")],
            &mut out,
        );
        let expected = hex!(
            "7b0c18e9ced410ed1804f2cfa34a336a1c14dffb4900bb5fd7942107e81c83cd"
            "e9ca0faa60be9fe34f82b1233c9146a0e534cb400fed2700884f9dc236f80edd"
            "8bfa961144c9e8d792eca722a7b32fc3d416d473ebc2c5fd4abfdad05d918425"
            "9b5bf8cd4d90fa0d31e2dec479e4f1a26066f2eea9a69236a3e52655c9e9aee6"
            "91c8f3a26854308d5eaa3be85e0990703d73e56f"
        );
        assert_eq!(out, expected);
    }
}
