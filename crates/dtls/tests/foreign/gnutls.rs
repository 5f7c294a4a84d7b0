//! Handshakes with GnuTLS's command line tools, over sockets of this machine: DTLS 1.2, which is what they
//! speak.
//!
//! Without `gnutls-cli` and `gnutls-serv` in the path nothing is tested, and the tests say so; with
//! `TIDEWIRE_REQUIRE_GNUTLS=1` in the environment they fail.
use std::io::Write as _;
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use super::process::{
    Folder, LABEL, Lossy, Lost, Report, Theirs, WE_SAY, certificate, certificate_of_kind, drive,
    free_address,
};
use tidewire_crypto::{HashAlgorithm, KeyKind, rust_crypto};
use tidewire_dtls::{
    CipherSuite, CloseReason, Config, Event, NamedGroup, ProtocolVersion, Role, SrtpProfile,
};

const GNUTLS_SAYS: &[u8] = b"hello from gnutls\n";
const SUITES: [(&str, CipherSuite); 3] = [
    (
        "+AES-128-GCM:+SHA256",
        CipherSuite::ECDHE_ECDSA_AES_128_GCM_SHA256,
    ),
    (
        "+AES-256-GCM:+SHA384",
        CipherSuite::ECDHE_ECDSA_AES_256_GCM_SHA384,
    ),
    (
        "+CHACHA20-POLY1305",
        CipherSuite::ECDHE_ECDSA_CHACHA20_POLY1305_SHA256,
    ),
];
const GROUPS: [(&str, NamedGroup); 3] = [
    ("+GROUP-X25519:+GROUP-SECP256R1", NamedGroup::X25519),
    ("+GROUP-SECP256R1", NamedGroup::SECP256R1),
    ("+GROUP-SECP384R1:+GROUP-SECP256R1", NamedGroup::SECP384R1),
];

#[test]
fn agrees_on_every_suite_and_group_with_gnutls_in_either_role() {
    for role in [Role::Client, Role::Server] {
        for (cipher, suite) in SUITES {
            for (groups, group) in GROUPS {
                let case = Case {
                    role,
                    cipher,
                    groups,
                    group,
                    key: KeyKind::EcdsaP256,
                    lost: Lost::Nothing,
                };
                let Some(report) = run(&case) else {
                    return;
                };
                assert_agreed(&report, &case, suite);
            }
        }
    }
}

#[test]
fn accepts_every_kind_of_key_that_gnutls_shows_in_either_role() {
    for role in [Role::Client, Role::Server] {
        for key in [KeyKind::EcdsaP384, KeyKind::Ed25519] {
            let case = Case {
                role,
                key,
                groups: "+GROUP-X25519:+GROUP-SECP256R1:+GROUP-SECP384R1",
                ..Case::default()
            };
            let Some(report) = run(&case) else {
                return;
            };
            assert_agreed(&report, &case, CipherSuite::ECDHE_ECDSA_AES_128_GCM_SHA256);
        }
    }
}

#[test]
fn makes_good_the_loss_of_a_tenth_with_gnutls_in_either_role() {
    for role in [Role::Client, Role::Server] {
        for seed in 1..=5 {
            let case = Case {
                role,
                lost: Lost::Tenth(seed),
                ..Case::default()
            };
            let Some(report) = run(&case) else {
                return;
            };
            // Data is not repeated: that it is lost says nothing of the handshake.
            assert_settled(&report, &case, CipherSuite::ECDHE_ECDSA_AES_128_GCM_SHA256);
        }
    }
}

/// What is tried with GnuTLS.
#[derive(Clone, Copy, Debug)]
struct Case {
    /// Ours.
    role: Role,
    /// Theirs, as a part of GnuTLS's priority string.
    cipher: &'static str,
    groups: &'static str,
    group: NamedGroup,
    /// Of their certificate.
    key: KeyKind,
    lost: Lost,
}

impl Default for Case {
    fn default() -> Self {
        let ((cipher, _), (groups, group)) = (SUITES[0], GROUPS[0]);
        Self {
            role: Role::Client,
            cipher,
            groups,
            group,
            key: KeyKind::EcdsaP256,
            lost: Lost::Nothing,
        }
    }
}

fn assert_settled(report: &Report, case: &Case, suite: CipherSuite) {
    let info = report.info();
    assert_eq!(info.version, ProtocolVersion::DTLS_1_2);
    assert_eq!((info.cipher_suite, info.group), (suite, case.group));
    // The server cannot be asked for what it exports.
    if case.role == Role::Server {
        let exported = report.exported.unwrap();
        let written: String = exported.iter().map(|byte| format!("{byte:02x}")).collect();
        assert!(report.peer_said.contains(&written), "{}", report.peer_said);
        let profile = Some(SrtpProfile::AES128_CM_SHA1_80);
        assert_eq!(info.srtp_profile, profile, "{}", report.peer_said);
    }
}

fn assert_agreed(report: &Report, case: &Case, suite: CipherSuite) {
    assert_settled(report, case, suite);
    match case.role {
        Role::Client => assert_eq!(report.received, WE_SAY, "{}", report.peer_said),
        Role::Server => {
            assert_eq!(report.received, GNUTLS_SAYS, "{}", report.peer_said);
            let said = std::str::from_utf8(WE_SAY).unwrap().trim();
            assert!(report.peer_said.contains(said), "{}", report.peer_said);
        }
    }
    let closed = Event::Closed(CloseReason::Local);
    assert_eq!(report.events.last(), Some(&closed), "{}", report.peer_said);
}

fn run(case: &Case) -> Option<Report> {
    let is_there = |tool| Command::new(tool).arg("--version").output().is_ok();
    if !is_there("gnutls-cli") || !is_there("gnutls-serv") {
        complain();
        return None;
    }
    let folder = Folder::new();
    let theirs = certificate_of_kind(case.key, 1);
    folder.write("certificate.der", theirs.der());
    folder.write("key.der", &theirs.to_pkcs8());
    let mut config = Config::new(rust_crypto::provider(), Arc::new(certificate(2)));
    config.initial_timeout = Duration::from_millis(200);
    config.srtp_profiles = vec![SrtpProfile::AES128_CM_SHA1_80];
    let others = [NamedGroup::SECP256R1, NamedGroup::SECP384R1];
    config.groups = [case.group].into_iter().chain(others).collect();
    let socket = Lossy::new(case.lost);
    let peer = free_address();
    let child = gnutls(case, &folder, peer, socket.address());
    let expected = theirs.fingerprint(HashAlgorithm::Sha256);
    let words = match case.role {
        Role::Client => Theirs::Echoed,
        Role::Server => Theirs::Said(GNUTLS_SAYS),
    };
    Some(drive(
        case.role, config, expected, socket, peer, child, words,
    ))
}

/// Says what is not tested, past the harness, which keeps what passing tests print to itself.
fn complain() {
    let is_required = std::env::var("TIDEWIRE_REQUIRE_GNUTLS").is_ok_and(|value| value == "1");
    assert!(!is_required, "GnuTLS's tools are not installed");
    let line =
        b"!!!! NOT RUN: a handshake with GnuTLS, because `gnutls-cli` and `gnutls-serv` are not installed\n";
    // Where nobody listens there is nobody to tell.
    let _ = std::io::stderr().write_all(line);
}

fn gnutls(case: &Case, folder: &Folder, peer: SocketAddr, ours: SocketAddr) -> Child {
    let priority = format!(
        "NONE:+VERS-DTLS1.2:+ECDHE-ECDSA:+AEAD:+SIGN-ALL:+CTYPE-ALL:+COMP-NULL:{}:{}",
        case.cipher, case.groups
    );
    let mut command = match case.role {
        Role::Client => {
            let mut server = Command::new("gnutls-serv");
            server
                .args(["--udp", "--echo", "--require-client-cert"])
                .arg(format!("--port={}", peer.port()));
            server
        }
        Role::Server => {
            let mut client = Command::new("gnutls-cli");
            client
                .args(["--udp", "--no-ca-verification", "--keymatexportsize=60"])
                .arg(format!("--keymatexport={LABEL}"))
                .arg("--srtp-profiles=SRTP_AES128_CM_HMAC_SHA1_80")
                .arg(format!("--port={}", ours.port()))
                .arg(ours.ip().to_string());
            client
        }
    };
    let key = folder.0.join("key.der");
    let certificate = folder.0.join("certificate.der");
    command
        .arg("--x509fmtder")
        .arg(format!("--x509keyfile={}", key.display()))
        .arg(format!("--x509certfile={}", certificate.display()))
        .arg(format!("--priority={priority}"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}
