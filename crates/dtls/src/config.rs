//! What the caller chooses.

use std::sync::Arc;
use std::time::Duration;

use tidewire_crypto::{CryptoProvider, KeyExchangeGroup};

use crate::certificate::Certificate;
use crate::wire::{CipherSuite, NamedGroup, SrtpProfile};

/// Settings that connections share. [`Config::new`] has a default for all but the two that nobody can
/// guess; the fields are there to be changed after it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Config {
    /// The cryptographic algorithms.
    pub crypto: Arc<dyn CryptoProvider>,
    /// The certificate that identifies this side.
    pub certificate: Arc<Certificate>,
    /// Cipher suites, preferred first. Unknown ones are left out. Of these, of profiles and of
    /// protocols a hello has room for [`Config::MAX_LISTED`] each.
    pub cipher_suites: Vec<CipherSuite>,
    /// SRTP protection profiles, preferred first (RFC 5764). Empty where no media flows.
    pub srtp_profiles: Vec<SrtpProfile>,
    /// Application protocols, preferred first (RFC 7301; RFC 8833 names `webrtc` and `c-webrtc`).
    /// A client offers them; a server picks one if it can and says nothing if it cannot. Names have
    /// 1 to 255 bytes.
    pub alpn_protocols: Vec<Vec<u8>>,
    /// The longest datagram that a handshake may take, without the headers of IP and UDP. Values
    /// below 128 and above 16384 count as these.
    pub mtu: usize,
    /// How long the first flight waits for an answer when no round trip time is known.
    pub initial_timeout: Duration,
    /// The shortest wait for an answer. Also how long a repetition by the peer is ignored after a
    /// flight went out.
    pub min_timeout: Duration,
    /// The longest wait, which the doubling stops at.
    pub max_timeout: Duration,
    /// How long the handshake may take in all.
    pub handshake_timeout: Duration,
}

impl Config {
    /// The most entries that each list may have. Longer ones are refused when a connection is made.
    pub const MAX_LISTED: usize = 64;

    /// Defaults for data channels without media.
    pub fn new(crypto: Arc<dyn CryptoProvider>, certificate: Arc<Certificate>) -> Self {
        Self {
            crypto,
            certificate,
            cipher_suites: vec![
                CipherSuite::ECDHE_ECDSA_AES_128_GCM_SHA256,
                CipherSuite::ECDHE_ECDSA_AES_256_GCM_SHA384,
            ],
            srtp_profiles: Vec::new(),
            alpn_protocols: vec![b"webrtc".to_vec(), b"c-webrtc".to_vec()],
            mtu: 1200,
            initial_timeout: Duration::from_secs(1),
            min_timeout: Duration::from_millis(50),
            max_timeout: Duration::from_secs(5),
            handshake_timeout: Duration::from_secs(30),
        }
    }

    /// The groups of the provider that have a codepoint here, in its order.
    pub(crate) fn groups(&self) -> impl Iterator<Item = (NamedGroup, KeyExchangeGroup)> + '_ {
        let groups = self.crypto.key_exchange_groups().iter();
        groups.filter_map(|group| Some((named_group(*group)?, *group)))
    }

    pub(crate) fn group(&self, named: NamedGroup) -> Option<KeyExchangeGroup> {
        let mut groups = self.groups();
        groups.find_map(|(name, group)| (name == named).then_some(group))
    }
}

fn named_group(group: KeyExchangeGroup) -> Option<NamedGroup> {
    match group {
        KeyExchangeGroup::X25519 => Some(NamedGroup::X25519),
        KeyExchangeGroup::Secp256r1 => Some(NamedGroup::SECP256R1),
        _ => None,
    }
}
