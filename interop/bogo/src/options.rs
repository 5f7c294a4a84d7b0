//! The runner's flags.

use std::collections::VecDeque;
use std::fs;
use std::sync::Arc;
use std::time::Duration;

use tidewire_crypto::{CryptoProvider, KeyKind, Rng, rust_crypto};
use tidewire_dtls::{
    Certificate, CipherSuite, ClientCertificate, Config, NamedGroup, ProtocolVersion, Role,
    SignatureScheme, SrtpProfile, ValidityOptions, Verification,
};

use crate::clock::TICK;

/// How long flights wait for an answer in BoringSSL, unless a flag says otherwise.
const INITIAL_TIMEOUT: Duration = Duration::from_millis(400);
pub(crate) const MAX_TIMEOUT: Duration = Duration::from_secs(60);

/// What keys sign with.
const SCHEMES: [SignatureScheme; 3] = [
    SignatureScheme::ECDSA_SECP256R1_SHA256,
    SignatureScheme::ECDSA_SECP384R1_SHA384,
    SignatureScheme::ED25519,
];

/// What one connection is to be like, and what is to come of it.
pub(crate) struct Options {
    pub(crate) port: u16,
    pub(crate) ipv6: bool,
    pub(crate) shim_id: u64,
    pub(crate) role: Role,
    pub(crate) config: Config,
    pub(crate) initial_timeout: Duration,
    pub(crate) writes_first: bool,
    pub(crate) initial_write: Vec<u8>,
    pub(crate) updates_keys: bool,
    pub(crate) export: Option<Export>,
    pub(crate) expect_alpn: Option<Vec<u8>>,
    pub(crate) expect_retry: Option<bool>,
    pub(crate) expect_no_peer_certificate: bool,
    pub(crate) checks_close_notify: bool,
    pub(crate) shuts_down: bool,
}

/// Keying material that is to be sent.
pub(crate) struct Export {
    pub(crate) len: usize,
    pub(crate) label: String,
    pub(crate) context: Option<Vec<u8>>,
}

/// The flags as they come, before they are made something of.
struct Flags {
    arguments: VecDeque<Vec<u8>>,
}

impl Flags {
    fn text(&mut self) -> Result<String, String> {
        let value = self.bytes()?;
        String::from_utf8(value).map_err(|_| "a value that is no text".to_owned())
    }

    fn bytes(&mut self) -> Result<Vec<u8>, String> {
        self.arguments
            .pop_front()
            .ok_or_else(|| "a flag without its value".to_owned())
    }

    fn number<T: std::str::FromStr>(&mut self) -> Result<T, String> {
        let text = self.text()?;
        text.parse().map_err(|_| format!("the number {text}"))
    }
}

impl Options {
    /// # Errors
    /// What is asked for that cannot be done.
    pub(crate) fn parse(arguments: Vec<Vec<u8>>) -> Result<Self, String> {
        let crypto = rust_crypto::provider();
        let mut flags = Flags {
            arguments: arguments.into(),
        };
        let mut options = Self::new(crypto);
        let mut is_dtls = false;
        let (mut certificate, mut key) = (None, None);
        let (mut lowest, mut highest) = (None, None);
        let mut excluded = Vec::new();
        let mut groups = Vec::new();
        let mut preferred = Vec::new();
        let mut asks = ClientCertificate::NotRequested;
        let (mut export_len, mut label, mut context, mut uses_context) =
            (0, String::new(), Vec::new(), false);
        while let Some(flag) = flags.arguments.pop_front() {
            let flag = String::from_utf8_lossy(&flag).into_owned();
            match flag.strip_prefix("-on-initial").unwrap_or(&flag) {
                "-port" => options.port = flags.number()?,
                "-shim-id" => options.shim_id = flags.number()?,
                "-ipv6" => options.ipv6 = true,
                "-dtls" => is_dtls = true,
                "-server" => options.role = Role::Server,
                "-cert-file" => certificate = Some(flags.text()?),
                "-key-file" => key = Some(flags.text()?),
                // Nobody's name is verified here, everything is asynchronous, and there are no tickets.
                "-trust-cert" => drop(flags.bytes()?),
                "-async"
                | "-implicit-handshake"
                | "-use-custom-verify-callback"
                | "-no-ticket"
                | "-expect-no-session-id"
                | "-no-tls1"
                | "-no-tls11" => {}
                "-verify-peer" => {
                    if asks == ClientCertificate::NotRequested {
                        asks = ClientCertificate::Requested;
                    }
                }
                "-require-any-client-certificate" => asks = ClientCertificate::Required,
                "-expect-no-peer-cert" => options.expect_no_peer_certificate = true,
                "-min-version" => lowest = Some(flags.number::<u16>()?),
                "-max-version" => highest = Some(flags.number::<u16>()?),
                "-no-tls13" => excluded.push(ProtocolVersion::DTLS_1_3),
                "-no-tls12" => excluded.push(ProtocolVersion::DTLS_1_2),
                "-curves" => groups.push(group(flags.number()?)?),
                "-cipher" => options.config.cipher_suites = suites(&flags.text()?)?,
                "-signing-prefs" => preferred.push(SignatureScheme(flags.number()?)),
                "-srtp-profiles" => options.config.srtp_profiles = profiles(&flags.text()?)?,
                "-advertise-alpn" => options.config.alpn_protocols = protocols(&flags.bytes()?),
                "-select-alpn" => options.config.alpn_protocols = vec![flags.bytes()?],
                "-decline-alpn" => options.config.alpn_protocols.clear(),
                "-expect-alpn" => options.expect_alpn = Some(flags.bytes()?),
                "-mtu" => options.config.mtu = flags.number()?,
                "-initial-timeout-duration-ms" => {
                    options.initial_timeout = Duration::from_millis(flags.number()?);
                }
                "-shim-writes-first" => options.writes_first = true,
                "-shim-initial-write" => options.initial_write = flags.bytes()?,
                "-key-update-before-read" => options.updates_keys = true,
                "-export-keying-material" => export_len = flags.number()?,
                "-export-label" => label = flags.text()?,
                "-export-context" => context = flags.bytes()?,
                "-use-export-context" => uses_context = true,
                "-expect-hrr" => options.expect_retry = Some(true),
                "-expect-no-hrr" => options.expect_retry = Some(false),
                "-check-close-notify" => options.checks_close_notify = true,
                "-shim-shuts-down" => options.shuts_down = true,
                other => return Err(other.to_owned()),
            }
        }
        if !is_dtls {
            return Err("TLS".to_owned());
        }
        if !groups.is_empty() {
            options.config.groups = groups;
        }
        options.config.versions.retain(|version| {
            // Later versions have smaller numbers.
            lowest.is_none_or(|lowest| version.0 <= lowest)
                && highest.is_none_or(|highest| version.0 >= highest)
                && !excluded.contains(version)
        });
        if options.config.versions.is_empty() {
            return Err("a version before DTLS 1.2".to_owned());
        }
        options.config.verification = Verification::DangerouslyNone(asks);
        if let (Some(certificate), Some(key)) = (certificate, key) {
            options.take_up_certificate(&certificate, &key)?;
        }
        // A key signs in one way here. Whether it is that of the test, the runner sees.
        if preferred
            .first()
            .is_some_and(|scheme| !SCHEMES.contains(scheme))
        {
            return Err("a signature that no key makes".to_owned());
        }
        if export_len > 0 {
            options.export = Some(Export {
                len: export_len,
                label,
                context: uses_context.then_some(context),
            });
        }
        options.set_timers();
        Ok(options)
    }

    fn new(crypto: Arc<dyn CryptoProvider>) -> Self {
        let validity = ValidityOptions {
            not_before: 1_700_000_000,
            not_after: 2_000_000_000,
        };
        let mut rng = Rng::from_u64(1);
        let own = Certificate::generate_of_kind(&*crypto, KeyKind::EcdsaP256, &mut rng, validity);
        let mut config = Config::new(crypto, Arc::new(own.expect("a certificate")));
        config.alpn_protocols.clear();
        Self {
            port: 0,
            ipv6: false,
            shim_id: 0,
            role: Role::Client,
            config,
            initial_timeout: INITIAL_TIMEOUT,
            writes_first: false,
            initial_write: b"hello".to_vec(),
            updates_keys: false,
            export: None,
            expect_alpn: None,
            expect_retry: None,
            expect_no_peer_certificate: false,
            checks_close_notify: false,
            shuts_down: false,
        }
    }

    /// Most tests give a server a key of RSA, and do not care. We have none, and stay with our own.
    fn take_up_certificate(&mut self, certificate: &str, key: &str) -> Result<(), String> {
        let [certificate, key] = [certificate, key]
            .map(|path| fs::read_to_string(path).map_err(|error| error.to_string()));
        let (certificate, key) = (certificate?, key?);
        if let Ok(given) = Certificate::from_pem(&*self.config.crypto, &certificate, &key) {
            self.config.certificate = Arc::new(given);
        }
        Ok(())
    }

    /// Waits double from the first to the longest; how often is the session's matter.
    fn set_timers(&mut self) {
        self.config.initial_timeout = self.initial_timeout;
        self.config.min_timeout = TICK;
        self.config.max_timeout = MAX_TIMEOUT;
        self.config.handshake_timeout = Duration::from_secs(24 * 60 * 60);
    }
}

fn group(name: u16) -> Result<NamedGroup, String> {
    let known = [
        NamedGroup::X25519MLKEM768,
        NamedGroup::X25519,
        NamedGroup::SECP256R1,
        NamedGroup::SECP384R1,
    ];
    let group = NamedGroup(name);
    known
        .contains(&group)
        .then_some(group)
        .ok_or_else(|| format!("group {name}"))
}

/// Suites of DTLS 1.2 by OpenSSL's names. Those of 1.3 are all on whatever is said of these.
fn suites(names: &str) -> Result<Vec<CipherSuite>, String> {
    let known = [
        (
            "ECDHE-ECDSA-AES128-GCM-SHA256",
            CipherSuite::ECDHE_ECDSA_AES_128_GCM_SHA256,
        ),
        (
            "ECDHE-ECDSA-AES256-GCM-SHA384",
            CipherSuite::ECDHE_ECDSA_AES_256_GCM_SHA384,
        ),
        (
            "ECDHE-ECDSA-CHACHA20-POLY1305",
            CipherSuite::ECDHE_ECDSA_CHACHA20_POLY1305_SHA256,
        ),
        (
            "ECDHE-RSA-AES128-GCM-SHA256",
            CipherSuite::ECDHE_RSA_AES_128_GCM_SHA256,
        ),
        (
            "ECDHE-RSA-AES256-GCM-SHA384",
            CipherSuite::ECDHE_RSA_AES_256_GCM_SHA384,
        ),
        (
            "ECDHE-RSA-CHACHA20-POLY1305",
            CipherSuite::ECDHE_RSA_CHACHA20_POLY1305_SHA256,
        ),
    ];
    let mut suites = vec![
        CipherSuite::AES_128_GCM_SHA256,
        CipherSuite::AES_256_GCM_SHA384,
        CipherSuite::CHACHA20_POLY1305_SHA256,
    ];
    for name in names.split(':') {
        let suite = known.iter().find(|(known, _)| *known == name);
        suites.push(suite.ok_or_else(|| format!("suite {name}"))?.1);
    }
    Ok(suites)
}

fn profiles(names: &str) -> Result<Vec<SrtpProfile>, String> {
    let known = [
        ("SRTP_AES128_CM_SHA1_80", SrtpProfile::AES128_CM_SHA1_80),
        ("SRTP_AES128_CM_SHA1_32", SrtpProfile::AES128_CM_SHA1_32),
        ("SRTP_AEAD_AES_128_GCM", SrtpProfile::AEAD_AES_128_GCM),
        ("SRTP_AEAD_AES_256_GCM", SrtpProfile::AEAD_AES_256_GCM),
    ];
    let profile = |name: &str| {
        let found = known.iter().find(|(known, _)| *known == name);
        found
            .map(|(_, profile)| *profile)
            .ok_or_else(|| format!("profile {name}"))
    };
    names.split(':').map(profile).collect()
}

/// Names with their lengths in front of them.
fn protocols(mut list: &[u8]) -> Vec<Vec<u8>> {
    let mut names = Vec::new();
    while let Some((len, rest)) = list.split_first() {
        let len = usize::from(*len).min(rest.len());
        names.push(rest[..len].to_vec());
        list = &rest[len..];
    }
    names
}
