//! Key agreement on curves.

use std::fmt;

use p256::elliptic_curve::sec1::ToSec1Point;
use x25519_dalek::{PublicKey, StaticSecret};
use zeroize::Zeroizing;

use crate::Rng;
use crate::provider::{KeyExchange, KeyExchangeError, KeyExchangeGroup, SharedSecret};

pub(super) struct X25519 {
    secret: StaticSecret,
    pub(super) share: [u8; 32],
}

impl X25519 {
    pub(super) fn generate(rng: &mut Rng) -> Self {
        let scalar = Zeroizing::new(rng.array::<32>());
        let secret = StaticSecret::from(*scalar);
        let share = PublicKey::from(&secret).to_bytes();
        Self { secret, share }
    }

    pub(super) fn agree(&self, peer: &[u8]) -> Result<SharedSecret, KeyExchangeError> {
        let peer: [u8; 32] = peer
            .try_into()
            .map_err(|_| KeyExchangeError::InvalidShare)?;
        let secret = self.secret.diffie_hellman(&PublicKey::from(peer));
        if !secret.was_contributory() {
            return Err(KeyExchangeError::InvalidShare);
        }
        Ok(Zeroizing::new(secret.as_bytes().to_vec()))
    }
}

impl fmt::Debug for X25519 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("X25519(..)")
    }
}

impl KeyExchange for X25519 {
    fn group(&self) -> KeyExchangeGroup {
        KeyExchangeGroup::X25519
    }

    fn share(&self) -> &[u8] {
        &self.share
    }

    fn complete(self: Box<Self>, peer: &[u8]) -> Result<SharedSecret, KeyExchangeError> {
        self.agree(peer)
    }
}

/// Key agreement on a curve of NIST's, whose points have `$point_len` bytes uncompressed.
macro_rules! nist_curve {
    ($name:ident, $curve:ident, $group:expr, $random_key:ident, $point_len:literal) => {
        pub(super) struct $name {
            secret: $curve::SecretKey,
            share: Vec<u8>,
        }

        impl $name {
            pub(super) fn generate(rng: &mut Rng) -> Self {
                let secret = $random_key(rng);
                let share = secret.public_key().to_sec1_point(false).as_bytes().to_vec();
                Self { secret, share }
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($name), "(..)"))
            }
        }

        impl KeyExchange for $name {
            fn group(&self) -> KeyExchangeGroup {
                $group
            }

            fn share(&self) -> &[u8] {
                &self.share
            }

            fn complete(self: Box<Self>, peer: &[u8]) -> Result<SharedSecret, KeyExchangeError> {
                // TLS allows the uncompressed form only (RFC 8422 section 5.4).
                let is_uncompressed = peer.len() == $point_len && peer[0] == 4;
                let peer = $curve::PublicKey::from_sec1_bytes(peer)
                    .ok()
                    .filter(|_| is_uncompressed)
                    .ok_or(KeyExchangeError::InvalidShare)?;
                let scalar = self.secret.to_nonzero_scalar();
                let secret = $curve::ecdh::diffie_hellman(scalar, peer.as_affine());
                Ok(Zeroizing::new(secret.raw_secret_bytes().to_vec()))
            }
        }

        /// A uniformly random scalar between 1 and the order of the group, by rejection.
        pub(super) fn $random_key(rng: &mut Rng) -> $curve::SecretKey {
            loop {
                let candidate = Zeroizing::new(rng.array::<{ ($point_len - 1) / 2 }>());
                if let Ok(key) = $curve::SecretKey::from_slice(candidate.as_slice()) {
                    return key;
                }
            }
        }
    };
}

nist_curve!(P256, p256, KeyExchangeGroup::Secp256r1, random_p256_key, 65);
nist_curve!(P384, p384, KeyExchangeGroup::Secp384r1, random_p384_key, 97);

#[cfg(test)]
mod tests {
    use hex_literal::hex;

    use super::*;

    /// RFC 7748 section 6.1.
    #[test]
    fn x25519_agrees_on_the_known_secret() {
        let secret = StaticSecret::from(hex!(
            "77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a"
        ));
        let share = PublicKey::from(&secret).to_bytes();
        let expected = hex!("8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a");
        assert_eq!(share, expected);
        let peer = hex!("de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f");
        let agreed = Box::new(X25519 { secret, share }).complete(&peer);
        let expected = hex!("4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742");
        assert_eq!(agreed.expect("a good share").as_slice(), expected);
    }

    /// RFC 5903 section 8.1.
    #[test]
    fn p256_agrees_on_the_known_secret() {
        let secret = p256::SecretKey::from_slice(&hex!(
            "c88f01f510d9ac3f70a292daa2316de544e9aab8afe84049c62a9c57862d1433"
        ));
        let peer = hex!(
            "04"
            "d12dfb5289c8d4f81208b70270398c342296970a0bccb74c736fc7554494bf63"
            "56fbf3ca366cc23e8157854c13c58d6aac23f046ada30f8353e74f33039872ab"
        );
        let ours = P256 {
            secret: secret.expect("a scalar"),
            share: Vec::new(),
        };
        let agreed = Box::new(ours).complete(&peer);
        let expected = hex!("d6840f6b42f6edafd13116e0e12565202fef8e9ece7dce03812464d04b9442de");
        assert_eq!(agreed.expect("a good share").as_slice(), expected);
    }

    /// RFC 5903 section 8.2.
    #[test]
    fn p384_agrees_on_the_known_secret() {
        let secret = p384::SecretKey::from_slice(&hex!(
            "099f3c7034d4a2c699884d73a375a67f7624ef7c6b3c0f160647b67414dce655"
            "e35b538041e649ee3faef896783ab194"
        ));
        let peer = hex!(
            "04"
            "e558dbef53eecde3d3fccfc1aea08a89a987475d12fd950d83cfa41732bc509d"
            "0d1ac43a0336def96fda41d0774a3571"
            "dcfbec7aacf3196472169e838430367f66eebe3c6e70c416dd5f0c68759dd1ff"
            "f83fa40142209dff5eaad96db9e6386c"
        );
        let ours = P384 {
            secret: secret.expect("a scalar"),
            share: Vec::new(),
        };
        let agreed = Box::new(ours).complete(&peer);
        let expected = hex!(
            "11187331c279962d93d604243fd592cb9d0a926f422e47187521287e7156c5c4"
            "d603135569b9e9d09cf5d4a270f59746"
        );
        assert_eq!(agreed.expect("a good share").as_slice(), expected);
    }
}
