//! Key agreement on curves.

use std::fmt;

use ::aws_lc_rs::agreement::{
    Algorithm, ECDH_P256, ECDH_P384, PrivateKey, UnparsedPublicKey, X25519, agree,
};
use zeroize::Zeroizing;

use crate::Rng;
use crate::provider::{KeyExchange, KeyExchangeError, KeyExchangeGroup, SharedSecret};

fn algorithm(group: KeyExchangeGroup) -> Result<&'static Algorithm, KeyExchangeError> {
    match group {
        KeyExchangeGroup::X25519 => Ok(&X25519),
        KeyExchangeGroup::Secp256r1 => Ok(&ECDH_P256),
        KeyExchangeGroup::Secp384r1 => Ok(&ECDH_P384),
        KeyExchangeGroup::X25519MlKem768 => Err(KeyExchangeError::UnsupportedGroup),
    }
}

pub(super) struct Exchange {
    group: KeyExchangeGroup,
    secret: PrivateKey,
    share: Vec<u8>,
}

impl Exchange {
    /// AWS-LC makes keys of NIST's curves from its own randomness, in half the time that a scalar of
    /// ours takes it to check and to find the point of.
    pub(super) fn new(group: KeyExchangeGroup, rng: &mut Rng) -> Result<Self, KeyExchangeError> {
        let algorithm = algorithm(group)?;
        let secret = if group == KeyExchangeGroup::X25519 {
            let scalar = Zeroizing::new(rng.array::<32>());
            PrivateKey::from_private_key(algorithm, &*scalar).ok()
        } else {
            PrivateKey::generate(algorithm).ok()
        };
        secret
            .and_then(|secret| Self::of(group, secret))
            .ok_or(KeyExchangeError::UnsupportedGroup)
    }

    fn of(group: KeyExchangeGroup, secret: PrivateKey) -> Option<Self> {
        let share = secret.compute_public_key().ok()?.as_ref().to_vec();
        Some(Self {
            group,
            secret,
            share,
        })
    }

    pub(super) fn agree(&self, peer: &[u8]) -> Result<SharedSecret, KeyExchangeError> {
        // AWS-LC would take other encodings too, such as compressed points; TLS allows this one
        // only (RFC 8422 section 5.4).
        let is_well_formed = peer.len() == self.share.len() && (peer.len() == 32 || peer[0] == 4);
        if !is_well_formed {
            return Err(KeyExchangeError::InvalidShare);
        }
        let peer = UnparsedPublicKey::new(algorithm(self.group)?, peer);
        agree(
            &self.secret,
            peer,
            KeyExchangeError::InvalidShare,
            |secret| Ok(Zeroizing::new(secret.to_vec())),
        )
    }
}

impl fmt::Debug for Exchange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Exchange({:?})", self.group)
    }
}

impl KeyExchange for Exchange {
    fn group(&self) -> KeyExchangeGroup {
        self.group
    }

    fn share(&self) -> &[u8] {
        &self.share
    }

    fn complete(self: Box<Self>, peer: &[u8]) -> Result<SharedSecret, KeyExchangeError> {
        self.agree(peer)
    }
}

#[cfg(test)]
mod tests {
    use hex_literal::hex;

    use super::*;

    fn agree_as(
        group: KeyExchangeGroup,
        scalar: &[u8; 32],
        peer: &[u8],
    ) -> (Vec<u8>, SharedSecret) {
        let secret = PrivateKey::from_private_key(algorithm(group).expect("a curve"), scalar);
        let ours = Exchange::of(group, secret.expect("a scalar")).expect("a key");
        let share = ours.share.clone();
        (share, ours.agree(peer).expect("a good share"))
    }

    /// RFC 7748 section 6.1.
    #[test]
    fn x25519_agrees_on_the_known_secret() {
        let (share, secret) = agree_as(
            KeyExchangeGroup::X25519,
            &hex!("77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a"),
            &hex!("de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f"),
        );
        let expected = hex!("8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a");
        assert_eq!(share, expected);
        let expected = hex!("4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742");
        assert_eq!(secret.as_slice(), expected);
    }

    /// RFC 5903 section 8.1.
    #[test]
    fn p256_agrees_on_the_known_secret() {
        let (share, secret) = agree_as(
            KeyExchangeGroup::Secp256r1,
            &hex!("c88f01f510d9ac3f70a292daa2316de544e9aab8afe84049c62a9c57862d1433"),
            &hex!(
                "04"
                "d12dfb5289c8d4f81208b70270398c342296970a0bccb74c736fc7554494bf63"
                "56fbf3ca366cc23e8157854c13c58d6aac23f046ada30f8353e74f33039872ab"
            ),
        );
        let expected = hex!(
            "04"
            "dad0b65394221cf9b051e1feca5787d098dfe637fc90b9ef945d0c3772581180"
            "5271a0461cdb8252d61f1c456fa3e59ab1f45b33accf5f58389e0577b8990bb3"
        );
        assert_eq!(share, expected);
        let expected = hex!("d6840f6b42f6edafd13116e0e12565202fef8e9ece7dce03812464d04b9442de");
        assert_eq!(secret.as_slice(), expected);
    }
}
