//! User name fragments and passwords: RFC 8445 section 5.3, RFC 8839 section 5.4.

use std::fmt;

use thiserror::Error;
use tidewire_crypto::Rng;

/// The alphabet of `ice-char`, RFC 8839 section 5.1: 64 characters, 6 bits each.
const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Characters in a generated user name fragment: 48 bits, where RFC 8445 section 5.3 asks for 24.
const UFRAG_LEN: usize = 8;

/// Characters in a generated password: 144 bits, where RFC 8445 section 5.3 asks for 128.
const PWD_LEN: usize = 24;

/// The user name fragment and the password of one agent in one ICE generation.
#[derive(Clone, Eq, PartialEq)]
pub struct Credentials {
    /// The user name fragment: 4 to 256 characters.
    pub ufrag: String,
    /// The password: 22 to 256 characters.
    pub pwd: String,
}

impl Credentials {
    /// Credentials as the peer's description gives them.
    ///
    /// # Errors
    /// When a length or the alphabet is not that of RFC 8839 section 5.4.
    pub fn new(ufrag: impl Into<String>, pwd: impl Into<String>) -> Result<Self, CredentialsError> {
        let credentials = Self {
            ufrag: ufrag.into(),
            pwd: pwd.into(),
        };
        credentials.validate()?;
        Ok(credentials)
    }

    /// Fresh credentials.
    pub fn generate(rng: &mut Rng) -> Self {
        Self {
            ufrag: random_text(rng, UFRAG_LEN),
            pwd: random_text(rng, PWD_LEN),
        }
    }

    /// Whether lengths and alphabet are those of RFC 8839 section 5.4.
    ///
    /// # Errors
    /// Which of the two is not.
    pub fn validate(&self) -> Result<(), CredentialsError> {
        if !(4..=256).contains(&self.ufrag.len()) || !is_ice_text(&self.ufrag) {
            return Err(CredentialsError::Ufrag);
        }
        if !(22..=256).contains(&self.pwd.len()) || !is_ice_text(&self.pwd) {
            return Err(CredentialsError::Pwd);
        }
        Ok(())
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Credentials({}, ..)", self.ufrag)
    }
}

/// Credentials outside the grammar of RFC 8839 section 5.4.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
#[non_exhaustive]
pub enum CredentialsError {
    /// The user name fragment.
    #[error("the ICE user name fragment is not 4 to 256 characters of its alphabet")]
    Ufrag,
    /// The password.
    #[error("the ICE password is not 22 to 256 characters of its alphabet")]
    Pwd,
}

fn random_text(rng: &mut Rng, len: usize) -> String {
    let mut bytes = vec![0; len];
    rng.fill(&mut bytes);
    let character = |byte: &u8| char::from(ALPHABET[usize::from(byte & 63)]);
    bytes.iter().map(character).collect()
}

// Old implementations put `-` and `_` into fragments; nothing is gained by refusing them.
fn is_ice_text(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"+/-_=".contains(&byte);
    text.bytes().all(allowed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn generated_credentials_are_valid_and_differ() {
        let mut rng = Rng::from_u64(1);
        let (one, two) = (
            Credentials::generate(&mut rng),
            Credentials::generate(&mut rng),
        );
        assert_eq!(one.validate(), Ok(()));
        assert!(one.ufrag != two.ufrag && one.pwd != two.pwd);
    }

    #[test]
    fn credentials_outside_the_grammar_are_rejected() {
        let pwd = "a".repeat(22);
        assert!(Credentials::new("abcd", pwd.clone()).is_ok());
        for ufrag in ["abc", "ab:cd", "ab cd", &"a".repeat(257)] {
            let result = Credentials::new(ufrag, pwd.clone());
            assert_eq!(result, Err(CredentialsError::Ufrag));
        }
        let result = Credentials::new("abcd", "a".repeat(21));
        assert_eq!(result, Err(CredentialsError::Pwd));
    }

    #[test]
    fn passwords_stay_out_of_debug_output() {
        let credentials = Credentials::generate(&mut Rng::from_u64(2));
        assert!(!format!("{credentials:?}").contains(&credentials.pwd));
    }
}
