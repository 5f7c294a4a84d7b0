//! The security features that a server's nonce announces (RFC 8489 section 9.2).

/// How a nonce begins whose server supports RFC 8489.
const PREFIX: &str = "obMatJos2";

const BASE64: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// What a server offers to protect credentials with, told in its nonce so that nobody on the path can
/// talk a client into less (RFC 8489 section 9.2.1). Unknown features are kept.
///
/// ```
/// use tidewire_stun::SecurityFeatures;
///
/// let offered = SecurityFeatures::of_nonce("obMatJos2AAACf//499k954d6OL34oL9FSTvy64sA");
/// let features = offered.expect("a nonce of this kind");
/// assert!(!features.contains(SecurityFeatures::PASSWORD_ALGORITHMS));
/// assert_eq!(features.nonce_cookie(), "obMatJos2AAAC");
/// ```
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
pub struct SecurityFeatures {
    /// 24 bits, the first of the registry highest (RFC 8489 section 18.1).
    bits: u32,
}

impl SecurityFeatures {
    /// None: the server merely supports RFC 8489.
    pub const NONE: Self = Self { bits: 0 };
    /// PASSWORD-ALGORITHMS belongs to the server's responses (RFC 8489 section 9.2.4).
    pub const PASSWORD_ALGORITHMS: Self = Self { bits: 1 << 23 };
    /// USERHASH is to stand for USERNAME (RFC 8489 section 9.2.3).
    pub const USERNAME_ANONYMITY: Self = Self { bits: 1 << 22 };

    /// What `nonce` announces; `None` if it is of a server before RFC 8489.
    pub fn of_nonce(nonce: &str) -> Option<Self> {
        let encoded = nonce.strip_prefix(PREFIX)?.as_bytes().first_chunk::<4>()?;
        let mut bits = 0;
        for digit in encoded {
            let value = BASE64.iter().position(|other| other == digit)?;
            bits = bits << 6 | value as u32;
        }
        Some(Self { bits })
    }

    /// What a server's nonce is to begin with: 13 characters.
    pub fn nonce_cookie(self) -> String {
        let digit = |shift: u32| char::from(BASE64[(self.bits >> shift & 0x3f) as usize]);
        let encoded = [18, 12, 6, 0].map(digit);
        PREFIX.chars().chain(encoded).collect()
    }

    /// Whether all of `other` are among these.
    pub const fn contains(self, other: Self) -> bool {
        self.bits & other.bits == other.bits
    }

    /// These and `other`.
    #[must_use]
    pub const fn with(self, other: Self) -> Self {
        Self {
            bits: self.bits | other.bits,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_set_of_features_survives_a_nonce() {
        for shift in 0..24 {
            let features = SecurityFeatures { bits: 1 << shift }.with(SecurityFeatures { bits: 1 });
            let nonce = features.nonce_cookie() + "anything";
            assert_eq!(nonce.len(), 13 + 8);
            assert_eq!(SecurityFeatures::of_nonce(&nonce), Some(features));
        }
    }

    #[test]
    fn the_first_bits_are_those_of_the_registry() {
        let both = SecurityFeatures::PASSWORD_ALGORITHMS.with(SecurityFeatures::USERNAME_ANONYMITY);
        assert_eq!(both.nonce_cookie(), "obMatJos2wAAA");
        assert!(both.contains(SecurityFeatures::USERNAME_ANONYMITY));
        assert!(!SecurityFeatures::NONE.contains(both));
        assert_eq!(SecurityFeatures::NONE.nonce_cookie(), "obMatJos2AAAA");
    }

    #[test]
    fn other_nonces_announce_nothing() {
        for nonce in [
            "",
            "f//499k954d6OL34oL9FSTvy64sA",
            "obMatJos2",
            "obMatJos2AA",
            "obMatJos2AA=A",
        ] {
            assert_eq!(SecurityFeatures::of_nonce(nonce), None, "{nonce}");
        }
    }

    #[test]
    fn a_nonce_of_other_characters_is_not_cut_within_one() {
        assert_eq!(SecurityFeatures::of_nonce("obMatJos2AAA\u{f6}"), None);
    }
}
