//! The generator that all randomness of a connection comes from.

use std::fmt;
use std::hash::BuildHasher;

use rand::rngs::ChaCha20Rng;
use rand::{Rng as _, SeedableRng as _};
use siphasher::sip::SipHasher13;
use zeroize::Zeroizing;

/// A cryptographically strong generator (ChaCha20) that the caller seeds.
///
/// The same seed gives the same bytes, on every platform and in every version: simulations replay.
/// Not `Clone`: a copy would hand out the same secrets twice; [`fork`](Self::fork) derives an
/// independent generator.
pub struct Rng(ChaCha20Rng);

impl Rng {
    /// A generator that `seed` determines.
    pub fn from_seed(seed: [u8; 32]) -> Self {
        Self(ChaCha20Rng::from_seed(seed))
    }

    /// A generator that a number determines: for tests and simulations, never for secrets.
    pub fn from_u64(seed: u64) -> Self {
        Self(ChaCha20Rng::seed_from_u64(seed))
    }

    /// A generator seeded by the operating system.
    ///
    /// # Panics
    /// If the operating system has no randomness to give; nothing secure can be done then.
    #[cfg(feature = "os-rng")]
    pub fn from_os() -> Self {
        use rand::TryRng as _;
        let mut seed = Zeroizing::new([0; 32]);
        rand::rngs::SysRng
            .try_fill_bytes(&mut *seed)
            .expect("the operating system provides randomness");
        Self::from_seed(*seed)
    }

    /// An independent generator, seeded from this one.
    pub fn fork(&mut self) -> Self {
        let seed = Zeroizing::new(self.array());
        Self::from_seed(*seed)
    }

    /// Fills `out` with random bytes.
    pub fn fill(&mut self, out: &mut [u8]) {
        self.0.fill_bytes(out);
    }

    /// `N` random bytes.
    pub fn array<const N: usize>(&mut self) -> [u8; N] {
        let mut bytes = [0; N];
        self.fill(&mut bytes);
        bytes
    }

    /// A random number of 32 bits.
    pub fn next_u32(&mut self) -> u32 {
        self.0.next_u32()
    }

    /// A random number of 64 bits.
    pub fn next_u64(&mut self) -> u64 {
        self.0.next_u64()
    }
}

impl fmt::Debug for Rng {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Rng(..)")
    }
}

/// A keyed hash for maps whose keys a peer chooses: nobody who does not know the key can make the
/// entries collide, and the same generator gives the same order of iteration.
#[derive(Clone)]
pub struct KeyedState(u64, u64);

impl KeyedState {
    /// A hash keyed from `rng`.
    pub fn new(rng: &mut Rng) -> Self {
        Self(rng.next_u64(), rng.next_u64())
    }
}

impl BuildHasher for KeyedState {
    type Hasher = SipHasher13;

    fn build_hasher(&self) -> SipHasher13 {
        SipHasher13::new_with_keys(self.0, self.1)
    }
}

impl fmt::Debug for KeyedState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeyedState(..)")
    }
}
