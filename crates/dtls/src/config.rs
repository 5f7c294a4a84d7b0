//! What the caller chooses.

use std::fmt::{self, Write as _};
use std::sync::Arc;
use std::time::Duration;

use tidewire_crypto::{CryptoProvider, KeyExchangeGroup};

use crate::certificate::Certificate;
use crate::record::MAX_CONTENT_LEN;
use crate::secrets::Suite;
use crate::wire::{CipherSuite, NamedGroup, ProtocolVersion, SrtpProfile};

/// Settings that connections share. [`Config::new`] has a default for all but the two that nobody can
/// guess; the fields are there to be changed after it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Config {
    /// The cryptographic algorithms.
    pub crypto: Arc<dyn CryptoProvider>,
    /// The certificate that identifies this side.
    pub certificate: Arc<Certificate>,
    /// Versions: [`ProtocolVersion::DTLS_1_3`] and [`ProtocolVersion::DTLS_1_2`], in any order; the later
    /// is always preferred.
    pub versions: Vec<ProtocolVersion>,
    /// Cipher suites of all versions, preferred first. Unknown ones are left out. Of these, of groups, of
    /// profiles and of protocols a hello has room for [`Config::MAX_LISTED`] each.
    pub cipher_suites: Vec<CipherSuite>,
    /// Groups for key agreement, preferred first. Those that the provider lacks are left out. A client
    /// sends a share of the first with its hello, and beside X25519MLKEM768 one of the first other.
    pub groups: Vec<NamedGroup>,
    /// SRTP protection profiles, preferred first (RFC 5764). Empty where no media flows.
    pub srtp_profiles: Vec<SrtpProfile>,
    /// Application protocols, preferred first (RFC 7301; RFC 8833 names `webrtc` and `c-webrtc`).
    /// A client offers them; a server picks one if it can and says nothing if it cannot. Names have
    /// 1 to 255 bytes.
    pub alpn_protocols: Vec<Vec<u8>>,
    /// The most bytes that a record of the peer's may protect (RFC 8449), 64 to 16384, for an application
    /// with little memory. A client that has none of these limits says nothing of them.
    pub record_size_limit: Option<u16>,
    /// How this side knows who the peer is.
    pub verification: Verification,
    /// How a server finds out that a client is where its datagrams say that it is.
    pub address_validation: AddressValidation,
    /// Where the keys of connections are written to, for Wireshark and the like. **Whoever reads them
    /// reads all that was ever said on these connections, and can speak in the name of either side.**
    pub key_log: Option<Arc<dyn KeyLog>>,
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
            versions: vec![ProtocolVersion::DTLS_1_3, ProtocolVersion::DTLS_1_2],
            cipher_suites: vec![
                CipherSuite::AES_128_GCM_SHA256,
                CipherSuite::AES_256_GCM_SHA384,
                CipherSuite::CHACHA20_POLY1305_SHA256,
                CipherSuite::ECDHE_ECDSA_AES_128_GCM_SHA256,
                CipherSuite::ECDHE_ECDSA_AES_256_GCM_SHA384,
                CipherSuite::ECDHE_ECDSA_CHACHA20_POLY1305_SHA256,
                CipherSuite::ECDHE_RSA_AES_128_GCM_SHA256,
                CipherSuite::ECDHE_RSA_AES_256_GCM_SHA384,
                CipherSuite::ECDHE_RSA_CHACHA20_POLY1305_SHA256,
            ],
            groups: vec![
                NamedGroup::X25519MLKEM768,
                NamedGroup::X25519,
                NamedGroup::SECP256R1,
                NamedGroup::SECP384R1,
            ],
            record_size_limit: None,
            verification: Verification::Fingerprint,
            address_validation: AddressValidation::Proven,
            key_log: None,
            srtp_profiles: Vec::new(),
            alpn_protocols: vec![b"webrtc".to_vec(), b"c-webrtc".to_vec()],
            mtu: 1200,
            initial_timeout: Duration::from_secs(1),
            min_timeout: Duration::from_millis(50),
            max_timeout: Duration::from_secs(5),
            handshake_timeout: Duration::from_secs(30),
        }
    }

    /// The versions, the latest first.
    pub(crate) fn versions(&self) -> impl Iterator<Item = ProtocolVersion> + '_ {
        let known = [ProtocolVersion::DTLS_1_3, ProtocolVersion::DTLS_1_2];
        known.into_iter().filter(|version| self.speaks(*version))
    }

    /// A version without a suite is not spoken.
    pub(crate) fn speaks(&self, version: ProtocolVersion) -> bool {
        let mut suites = self.cipher_suites.iter();
        let is_of_version = |suite: Suite| suite.version == version;
        self.versions.contains(&version)
            && suites.any(|name| Suite::from_name(*name).is_some_and(is_of_version))
    }

    /// The suites that are implemented, of the versions that are spoken.
    pub(crate) fn suites(&self) -> impl Iterator<Item = Suite> + '_ {
        let suites = self.cipher_suites.iter();
        suites
            .filter_map(|name| Suite::from_name(*name))
            .filter(|suite| self.speaks(suite.version))
    }

    /// The groups that the provider implements, for the versions that are spoken.
    pub(crate) fn groups(&self) -> impl Iterator<Item = (NamedGroup, KeyExchangeGroup)> + '_ {
        let speaks_1_3 = self.speaks(ProtocolVersion::DTLS_1_3);
        let groups = self.groups.iter();
        groups
            .filter_map(|name| Some((*name, key_exchange_group(*name)?)))
            .filter(|(_, group)| self.crypto.key_exchange_groups().contains(group))
            .filter(move |(name, _)| speaks_1_3 || *name != NamedGroup::X25519MLKEM768)
    }

    /// Those that have a place in DTLS 1.2, whose key exchange has no room for encapsulation.
    pub(crate) fn groups_of_1_2(
        &self,
    ) -> impl Iterator<Item = (NamedGroup, KeyExchangeGroup)> + '_ {
        self.groups()
            .filter(|(name, _)| *name != NamedGroup::X25519MLKEM768)
    }

    pub(crate) fn group(&self, named: NamedGroup) -> Option<KeyExchangeGroup> {
        let mut groups = self.groups();
        groups.find_map(|(name, group)| (name == named).then_some(group))
    }

    pub(crate) fn group_of_1_2(&self, named: NamedGroup) -> Option<KeyExchangeGroup> {
        let mut groups = self.groups_of_1_2();
        groups.find_map(|(name, group)| (name == named).then_some(group))
    }

    /// What a server answers a client with that tells its limit. In DTLS 1.3 the type of a record counts.
    pub(crate) fn announced_record_size_limit(&self, version: ProtocolVersion) -> u16 {
        let type_len = u16::from(version == ProtocolVersion::DTLS_1_3);
        self.record_size_limit
            .unwrap_or(MAX_CONTENT_LEN as u16 + type_len)
    }
}

/// How a side knows who its peer is.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub enum Verification {
    /// By its certificate, whose fingerprint has been signalled. Both sides have to have one (RFC 8827
    /// section 6.5).
    #[default]
    Fingerprint,
    /// Not at all. **Whoever sits between the two sides reads and writes everything.** For suites of tests,
    /// whose peers have certificates that nobody signals.
    DangerouslyNone(ClientCertificate),
}

/// Whether a server that does not know its clients asks for their certificates. A client that goes
/// without verification is content with a server that asks for none.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum ClientCertificate {
    /// It does not.
    NotRequested,
    /// It does, and is content without.
    Requested,
    /// It does, and goes no further without.
    Required,
}

impl Verification {
    pub(crate) fn requests_client_certificate(self) -> bool {
        self != Self::DangerouslyNone(ClientCertificate::NotRequested)
    }

    pub(crate) fn requires_client_certificate(self) -> bool {
        matches!(
            self,
            Self::Fingerprint | Self::DangerouslyNone(ClientCertificate::Required)
        )
    }

    /// Whether a client's certificate has to be asked for: a server that does not care who it talks to is
    /// none of WebRTC.
    pub(crate) fn has_to_be_asked(self) -> bool {
        self == Self::Fingerprint
    }
}

/// How a server finds out that a client is where its datagrams say that it is. Who can write any
/// address on a datagram would otherwise have the server send much to somebody for little.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub enum AddressValidation {
    /// Others have found out: ICE, whose checks are answered. Nothing is withheld.
    #[default]
    Proven,
    /// Until the client answers the server's flight, the server sends at most three times the bytes
    /// that came.
    Amplification,
    /// A cookie is asked for before anything is done, with HelloVerifyRequest or HelloRetryRequest. It
    /// costs a round trip. Until it is there a connection holds no more than it, and sends no more than
    /// came.
    Cookie,
}

/// Takes down the keys of connections.
pub trait KeyLog: fmt::Debug + Send + Sync {
    /// One line of the format of SSLKEYLOGFILE (RFC 9850): `label`, the client's random, and the secret.
    /// [`key_log_line`] writes it.
    fn log(&self, label: &str, client_random: &[u8; 32], secret: &[u8]);
}

/// A line of the format of SSLKEYLOGFILE, without its end.
pub fn key_log_line(label: &str, client_random: &[u8; 32], secret: &[u8]) -> String {
    let mut line = format!("{label} ");
    for byte in client_random {
        // Writing to a string cannot fail.
        let _ = write!(line, "{byte:02x}");
    }
    line.push(' ');
    for byte in secret {
        let _ = write!(line, "{byte:02x}");
    }
    line
}

fn key_exchange_group(name: NamedGroup) -> Option<KeyExchangeGroup> {
    match name {
        NamedGroup::X25519MLKEM768 => Some(KeyExchangeGroup::X25519MlKem768),
        NamedGroup::X25519 => Some(KeyExchangeGroup::X25519),
        NamedGroup::SECP256R1 => Some(KeyExchangeGroup::Secp256r1),
        NamedGroup::SECP384R1 => Some(KeyExchangeGroup::Secp384r1),
        _ => None,
    }
}
