//! X25519MLKEM768, draft-ietf-tls-ecdhe-mlkem section 4.

use std::fmt;

use ::aws_lc_rs::kem::{Ciphertext, DecapsulationKey, EncapsulationKey, ML_KEM_768};
use zeroize::Zeroizing;

use super::key_exchange::Exchange;
use crate::Rng;
use crate::provider::{KeyExchange, KeyExchangeError, KeyExchangeGroup, SharedSecret};

const ENCAPSULATION_KEY_LEN: usize = 1184;
const CIPHERTEXT_LEN: usize = 1088;
const INVALID: KeyExchangeError = KeyExchangeError::InvalidShare;

/// The side that sends the encapsulation key: a client.
pub(super) struct Hybrid {
    decapsulation_key: DecapsulationKey,
    curve: Exchange,
    share: Vec<u8>,
}

impl Hybrid {
    /// The key of ML-KEM comes from AWS-LC's own randomness; nothing else can be told to it.
    pub(super) fn generate(rng: &mut Rng) -> Result<Self, KeyExchangeError> {
        let unavailable = KeyExchangeError::UnsupportedGroup;
        let decapsulation_key = DecapsulationKey::generate(&ML_KEM_768).map_err(|_| unavailable)?;
        let key = decapsulation_key
            .encapsulation_key()
            .map_err(|_| unavailable)?;
        let curve = Exchange::new(KeyExchangeGroup::X25519, rng)?;
        let key = key.key_bytes().map_err(|_| unavailable)?;
        let share = [key.as_ref(), curve.share()].concat();
        Ok(Self {
            decapsulation_key,
            curve,
            share,
        })
    }
}

impl fmt::Debug for Hybrid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Hybrid(..)")
    }
}

impl KeyExchange for Hybrid {
    fn group(&self) -> KeyExchangeGroup {
        KeyExchangeGroup::X25519MlKem768
    }

    fn share(&self) -> &[u8] {
        &self.share
    }

    fn complete(self: Box<Self>, peer: &[u8]) -> Result<SharedSecret, KeyExchangeError> {
        let (ciphertext, point) = peer.split_at_checked(CIPHERTEXT_LEN).ok_or(INVALID)?;
        let agreed = self.curve.agree(point)?;
        let decapsulated = self
            .decapsulation_key
            .decapsulate(Ciphertext::from(ciphertext))
            .map_err(|_| INVALID)?;
        Ok(join(decapsulated.as_ref(), &agreed))
    }
}

/// The side that answers with a ciphertext: a server.
pub(super) fn respond(
    peer: &[u8],
    rng: &mut Rng,
) -> Result<(Vec<u8>, SharedSecret), KeyExchangeError> {
    let (key, point) = peer
        .split_at_checked(ENCAPSULATION_KEY_LEN)
        .ok_or(INVALID)?;
    let curve = Exchange::new(KeyExchangeGroup::X25519, rng)?;
    let agreed = curve.agree(point)?;
    let key = EncapsulationKey::new(&ML_KEM_768, key).map_err(|_| INVALID)?;
    let (ciphertext, encapsulated) = key.encapsulate().map_err(|_| INVALID)?;
    let share = [ciphertext.as_ref(), curve.share()].concat();
    Ok((share, join(encapsulated.as_ref(), &agreed)))
}

fn join(encapsulated: &[u8], agreed: &[u8]) -> SharedSecret {
    Zeroizing::new([encapsulated, agreed].concat())
}
