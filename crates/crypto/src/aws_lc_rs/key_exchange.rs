//! Key agreement.

use std::fmt;

use ::aws_lc_rs::agreement::{Algorithm, ECDH_P256, PrivateKey, UnparsedPublicKey, X25519, agree};
use zeroize::Zeroizing;

use crate::Rng;
use crate::provider::{KeyExchange, KeyExchangeError, KeyExchangeGroup, SharedSecret};

pub(super) fn start(group: KeyExchangeGroup, rng: &mut Rng) -> Box<dyn KeyExchange> {
    let algorithm = algorithm(group);
    let (secret, share) = random_key(algorithm, rng);
    Box::new(Exchange {
        group,
        secret,
        share,
    })
}

fn algorithm(group: KeyExchangeGroup) -> &'static Algorithm {
    match group {
        KeyExchangeGroup::X25519 => &X25519,
        KeyExchangeGroup::Secp256r1 => &ECDH_P256,
    }
}

fn random_key(algorithm: &'static Algorithm, rng: &mut Rng) -> (PrivateKey, Vec<u8>) {
    loop {
        let candidate = Zeroizing::new(rng.array::<32>());
        if let Some(pair) = key_pair(algorithm, &candidate) {
            return pair;
        }
    }
}

/// The key and its public half, or `None` where the scalar is not within the order of the group.
fn key_pair(algorithm: &'static Algorithm, scalar: &[u8; 32]) -> Option<(PrivateKey, Vec<u8>)> {
    let secret = PrivateKey::from_private_key(algorithm, scalar).ok()?;
    let share = secret.compute_public_key().ok()?.as_ref().to_vec();
    Some((secret, share))
}

/// A uniformly random scalar between 1 and the order of the group, by rejection, and its
/// uncompressed point.
pub(super) fn random_p256_scalar(rng: &mut Rng) -> (Zeroizing<[u8; 32]>, Vec<u8>) {
    loop {
        let candidate = Zeroizing::new(rng.array::<32>());
        if let Some((_, point)) = key_pair(&ECDH_P256, &candidate) {
            return (candidate, point);
        }
    }
}

struct Exchange {
    group: KeyExchangeGroup,
    secret: PrivateKey,
    share: Vec<u8>,
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
        // AWS-LC would take other encodings too, such as compressed points; TLS allows this one
        // only (RFC 8422 section 5.4).
        let is_well_formed = match self.group {
            KeyExchangeGroup::X25519 => peer.len() == 32,
            KeyExchangeGroup::Secp256r1 => peer.len() == 65 && peer[0] == 4,
        };
        if !is_well_formed {
            return Err(KeyExchangeError::InvalidShare);
        }
        let peer = UnparsedPublicKey::new(algorithm(self.group), peer);
        agree(
            &self.secret,
            peer,
            KeyExchangeError::InvalidShare,
            |secret| Ok(Zeroizing::new(secret.to_vec())),
        )
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
        let (secret, share) = key_pair(algorithm(group), scalar).expect("a scalar");
        let ours = Exchange {
            group,
            secret,
            share: share.clone(),
        };
        (share, Box::new(ours).complete(peer).expect("a good share"))
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

    /// RFC 8446 section 4.2.8.2: private keys lie between one and the order of the group.
    #[test]
    fn p256_scalars_outside_of_the_group_are_refused() {
        let order = hex!("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551");
        assert!(key_pair(&ECDH_P256, &[0; 32]).is_none());
        assert!(key_pair(&ECDH_P256, &order).is_none());
        assert!(key_pair(&ECDH_P256, &[0xff; 32]).is_none());
    }
}
