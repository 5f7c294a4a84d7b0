//! X25519MLKEM768, draft-ietf-tls-ecdhe-mlkem section 4: ML-KEM-768 (FIPS 203) and X25519 side by side,
//! so that a secret is safe as long as one of the two is.

use std::fmt;

use ml_kem::{Decapsulate, KeyExport, MlKem768};
use zeroize::Zeroizing;

use super::key_exchange::X25519;
use crate::Rng;
use crate::provider::{KeyExchange, KeyExchangeError, KeyExchangeGroup, SharedSecret};

type DecapsulationKey = ml_kem::DecapsulationKey<MlKem768>;
type EncapsulationKey = ml_kem::EncapsulationKey<MlKem768>;

const ENCAPSULATION_KEY_LEN: usize = 1184;
const CIPHERTEXT_LEN: usize = 1088;

/// The side that sends the encapsulation key: a client.
pub(super) struct Hybrid {
    decapsulation_key: DecapsulationKey,
    curve: X25519,
    share: Vec<u8>,
}

impl Hybrid {
    pub(super) fn generate(rng: &mut Rng) -> Self {
        let seed = Zeroizing::new(rng.array::<64>());
        let decapsulation_key = DecapsulationKey::from_seed((*seed).into());
        let curve = X25519::generate(rng);
        let mut share = decapsulation_key.encapsulation_key().to_bytes().to_vec();
        share.extend_from_slice(&curve.share);
        Self {
            decapsulation_key,
            curve,
            share,
        }
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
        let (ciphertext, point) = peer
            .split_at_checked(CIPHERTEXT_LEN)
            .ok_or(KeyExchangeError::InvalidShare)?;
        let agreed = self.curve.agree(point)?;
        let ciphertext = ciphertext
            .try_into()
            .map_err(|_| KeyExchangeError::InvalidShare)?;
        let decapsulated = Zeroizing::new(self.decapsulation_key.decapsulate(&ciphertext));
        Ok(join(&decapsulated[..], &agreed))
    }
}

/// The side that answers with a ciphertext: a server.
pub(super) fn respond(
    peer: &[u8],
    rng: &mut Rng,
) -> Result<(Vec<u8>, SharedSecret), KeyExchangeError> {
    let (key, point) = peer
        .split_at_checked(ENCAPSULATION_KEY_LEN)
        .ok_or(KeyExchangeError::InvalidShare)?;
    let key = key.try_into().map_err(|_| KeyExchangeError::InvalidShare)?;
    // Checks that the key is encoded as FIPS 203 section 7.2 asks.
    let key = EncapsulationKey::new(&key).map_err(|_| KeyExchangeError::InvalidShare)?;
    let curve = X25519::generate(rng);
    let agreed = curve.agree(point)?;
    let message = Zeroizing::new(rng.array::<32>());
    let (ciphertext, encapsulated) = key.encapsulate_deterministic(&(*message).into());
    let encapsulated = Zeroizing::new(encapsulated);
    let share = [&ciphertext[..], &curve.share].concat();
    Ok((share, join(&encapsulated[..], &agreed)))
}

fn join(encapsulated: &[u8], agreed: &[u8]) -> SharedSecret {
    Zeroizing::new([encapsulated, agreed].concat())
}
