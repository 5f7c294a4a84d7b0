//! Fingerprints, RFC 8122 section 5.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;
use tidewire_crypto::{CryptoProvider, Digest, HashAlgorithm};

/// The hash of a certificate, as `a=fingerprint` carries it: `sha-256 AB:CD:…`.
#[derive(Clone, Copy)]
pub struct Fingerprint {
    algorithm: HashAlgorithm,
    digest: Digest,
}

/// A text that is no fingerprint, or one by a hash that is not accepted.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
#[non_exhaustive]
pub enum ParseFingerprintError {
    /// The hash is unknown, or too weak to vouch for anybody: SHA-1, MD5.
    #[error("unsupported hash function")]
    UnsupportedHash,
    /// The value is not as many pairs of hexadecimal digits as the hash has bytes.
    #[error("malformed fingerprint")]
    Malformed,
}

const HASHES: [(&str, HashAlgorithm); 3] = [
    ("sha-256", HashAlgorithm::Sha256),
    ("sha-384", HashAlgorithm::Sha384),
    ("sha-512", HashAlgorithm::Sha512),
];

impl Fingerprint {
    /// The fingerprint of a certificate. Hashes other than SHA-256, SHA-384 and SHA-512 have no
    /// place here and count as SHA-256.
    pub fn of(crypto: &dyn CryptoProvider, algorithm: HashAlgorithm, der: &[u8]) -> Self {
        let algorithm = accepted(algorithm);
        let mut hash = crypto.hash(algorithm);
        hash.update(der);
        Self {
            algorithm,
            digest: hash.current(),
        }
    }

    /// The hash function.
    pub fn algorithm(&self) -> HashAlgorithm {
        self.algorithm
    }

    /// The hash.
    pub fn digest(&self) -> &[u8] {
        self.digest.as_ref()
    }
}

/// SHA-256 in place of what a fingerprint cannot have.
pub(super) fn accepted(algorithm: HashAlgorithm) -> HashAlgorithm {
    match algorithm {
        HashAlgorithm::Sha384 | HashAlgorithm::Sha512 => algorithm,
        _ => HashAlgorithm::Sha256,
    }
}

impl PartialEq for Fingerprint {
    fn eq(&self, other: &Self) -> bool {
        self.algorithm == other.algorithm && self.digest() == other.digest()
    }
}

impl Eq for Fingerprint {}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = HASHES.iter().find(|(_, hash)| *hash == self.algorithm);
        f.write_str(name.map_or("sha-256", |(name, _)| name))?;
        for (index, byte) in self.digest().iter().enumerate() {
            let separator = if index == 0 { ' ' } else { ':' };
            write!(f, "{separator}{byte:02X}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Fingerprint({self})")
    }
}

impl FromStr for Fingerprint {
    type Err = ParseFingerprintError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (name, value) = text
            .trim()
            .split_once(' ')
            .ok_or(ParseFingerprintError::Malformed)?;
        let (_, algorithm) = HASHES
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
            .ok_or(ParseFingerprintError::UnsupportedHash)?;
        let mut digest = Vec::with_capacity(algorithm.output_len());
        for pair in value.trim().split(':') {
            if digest.len() == algorithm.output_len() {
                return Err(ParseFingerprintError::Malformed);
            }
            digest.push(hex_pair(pair).ok_or(ParseFingerprintError::Malformed)?);
        }
        if digest.len() != algorithm.output_len() {
            return Err(ParseFingerprintError::Malformed);
        }
        Ok(Self {
            algorithm: *algorithm,
            digest: Digest::new(&digest),
        })
    }
}

fn hex_pair(pair: &str) -> Option<u8> {
    let is_hex = pair.len() == 2 && pair.bytes().all(|digit| digit.is_ascii_hexdigit());
    is_hex.then(|| u8::from_str_radix(pair, 16).ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parses_what_it_writes_in_either_case() {
        let text = format!("sha-256 {}", ["0A"; 32].join(":"));
        let fingerprint: Fingerprint = text.parse().unwrap();
        assert_eq!(fingerprint.to_string(), text);
        assert_eq!(text.to_lowercase().parse(), Ok(fingerprint));
        assert_eq!(text.to_uppercase().parse(), Ok(fingerprint));
    }

    #[test]
    fn refuses_weak_hashes_and_wrong_lengths() {
        let parse = |text: String| text.parse::<Fingerprint>().unwrap_err();
        let unsupported = ParseFingerprintError::UnsupportedHash;
        assert_eq!(
            parse(format!("sha-1 {}", ["0A"; 20].join(":"))),
            unsupported
        );
        for count in [0, 1, 31, 33, 64] {
            let text = format!("sha-256 {}", vec!["0A"; count].join(":"));
            assert_eq!(parse(text), ParseFingerprintError::Malformed);
        }
        let signed = format!("sha-256 +A:{}", ["0A"; 31].join(":"));
        assert_eq!(parse(signed), ParseFingerprintError::Malformed);
    }
}
