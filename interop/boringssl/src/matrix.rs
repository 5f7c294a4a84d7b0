//! What is tried.

use std::fmt;

use tidewire_crypto::KeyKind;
use tidewire_dtls::{CipherSuite, NamedGroup, ProtocolVersion, Role};

/// One combination.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Case {
    /// Tidewire's.
    pub(crate) role: Role,
    pub(crate) suite: CipherSuite,
    pub(crate) group: NamedGroup,
    pub(crate) key: KeyKind,
    /// Whether both sides offer both versions.
    pub(crate) negotiates: bool,
    /// Whether the first hello has to be said again.
    pub(crate) retries: bool,
}

impl Case {
    pub(crate) fn version(&self) -> ProtocolVersion {
        match self.suite {
            CipherSuite::AES_128_GCM_SHA256
            | CipherSuite::AES_256_GCM_SHA384
            | CipherSuite::CHACHA20_POLY1305_SHA256 => ProtocolVersion::DTLS_1_3,
            _ => ProtocolVersion::DTLS_1_2,
        }
    }
}

impl Case {
    /// The curve of the certificates' keys, where DTLS 1.2 wants it among the groups too: RFC 8422 section
    /// 5.1.
    pub(crate) fn curve_of_certificates(&self) -> Option<NamedGroup> {
        let curve = match self.key {
            KeyKind::EcdsaP256 => NamedGroup::SECP256R1,
            KeyKind::EcdsaP384 => NamedGroup::SECP384R1,
            _ => return None,
        };
        let is_needed = self.version() == ProtocolVersion::DTLS_1_2 && curve != self.group;
        is_needed.then_some(curve)
    }
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let version = self.version();
        let Self {
            role,
            suite,
            group,
            key,
            ..
        } = self;
        write!(f, "{version:?} {role:?} {suite:?} {group:?} {key:?}")?;
        if self.negotiates {
            f.write_str(" negotiated")?;
        }
        if self.retries {
            f.write_str(" retried")?;
        }
        Ok(())
    }
}

/// All of them. BoringSSL takes no preference among the suites of TLS 1.3: which it is, Tidewire says by
/// offering no other. Ed25519 it has to be told to accept.
pub(crate) fn cases() -> Vec<Case> {
    const SUITES: [CipherSuite; 6] = [
        CipherSuite::AES_128_GCM_SHA256,
        CipherSuite::AES_256_GCM_SHA384,
        CipherSuite::CHACHA20_POLY1305_SHA256,
        CipherSuite::ECDHE_ECDSA_AES_128_GCM_SHA256,
        CipherSuite::ECDHE_ECDSA_AES_256_GCM_SHA384,
        CipherSuite::ECDHE_ECDSA_CHACHA20_POLY1305_SHA256,
    ];
    const GROUPS: [NamedGroup; 4] = [
        NamedGroup::X25519MLKEM768,
        NamedGroup::X25519,
        NamedGroup::SECP256R1,
        NamedGroup::SECP384R1,
    ];
    let mut cases = Vec::new();
    for role in [Role::Client, Role::Server] {
        for suite in SUITES {
            for group in GROUPS {
                let case = Case {
                    role,
                    suite,
                    group,
                    key: KeyKind::EcdsaP256,
                    negotiates: false,
                    retries: false,
                };
                let is_1_3 = case.version() == ProtocolVersion::DTLS_1_3;
                if !is_1_3 && group == NamedGroup::X25519MLKEM768 {
                    continue;
                }
                cases.push(case);
                if is_1_3 && suite == CipherSuite::AES_128_GCM_SHA256 {
                    cases.push(Case {
                        negotiates: true,
                        ..case
                    });
                    if group != NamedGroup::X25519 {
                        cases.push(Case {
                            retries: true,
                            ..case
                        });
                    }
                }
            }
            for key in [KeyKind::EcdsaP384, KeyKind::Ed25519] {
                let is_first = suite == SUITES[0] || suite == SUITES[3];
                cases.extend(is_first.then_some(Case {
                    role,
                    suite,
                    group: NamedGroup::X25519,
                    key,
                    negotiates: false,
                    retries: false,
                }));
            }
        }
    }
    cases
}
