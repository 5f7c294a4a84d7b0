//! Programs that show Tidewire at work; each folder beside this one is an example.
//!
//! What they share is here: names for numbers, sending media back, HTTP, WebM files.

pub mod echo;
pub mod guard;
pub mod web;
pub mod webm;

use tidewire::dtls::{CipherSuite, NamedGroup, Role, SrtpProfile};

/// The name that the TLS registry gives a cipher suite, or its number.
pub fn cipher_suite(suite: CipherSuite) -> String {
    let name = match suite.0 {
        0x1301 => "TLS_AES_128_GCM_SHA256",
        0x1302 => "TLS_AES_256_GCM_SHA384",
        0x1303 => "TLS_CHACHA20_POLY1305_SHA256",
        0xC02B => "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
        0xC02C => "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
        0xCCA9 => "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256",
        other => return format!("0x{other:04X}"),
    };
    name.to_owned()
}

/// The name of a group for key agreement (RFC 8446 section 4.2.7), or its number.
pub fn named_group(group: NamedGroup) -> String {
    let name = match group {
        NamedGroup::X25519MLKEM768 => "X25519MLKEM768",
        NamedGroup::X25519 => "x25519",
        NamedGroup::SECP256R1 => "secp256r1",
        NamedGroup::SECP384R1 => "secp384r1",
        other => return format!("0x{:04X}", other.0),
    };
    name.to_owned()
}

/// The name of a protection profile (RFC 5764 section 4.1.2), or its number.
pub fn srtp_profile(profile: SrtpProfile) -> String {
    let name = match profile {
        SrtpProfile::AES128_CM_SHA1_80 => "SRTP_AES128_CM_HMAC_SHA1_80",
        SrtpProfile::AES128_CM_SHA1_32 => "SRTP_AES128_CM_HMAC_SHA1_32",
        SrtpProfile::AEAD_AES_128_GCM => "SRTP_AEAD_AES_128_GCM",
        SrtpProfile::AEAD_AES_256_GCM => "SRTP_AEAD_AES_256_GCM",
        other => return format!("0x{:04X}", other.0),
    };
    name.to_owned()
}

/// RTCDtlsRole.
pub fn dtls_role(role: Role) -> &'static str {
    match role {
        Role::Client => "client",
        Role::Server => "server",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cipher_suites_have_names_or_numbers() {
        assert_eq!(cipher_suite(CipherSuite(0x1301)), "TLS_AES_128_GCM_SHA256");
        assert_eq!(cipher_suite(CipherSuite(0x0a0a)), "0x0A0A");
    }
}
