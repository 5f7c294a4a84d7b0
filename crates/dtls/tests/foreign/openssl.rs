//! Handshakes with OpenSSL's command line tool, over sockets of this machine.
//!
//! Without `openssl` in the path nothing is tested, and the tests say so; with
//! `TIDEWIRE_REQUIRE_OPENSSL=1` in the environment they fail.
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
    CipherSuite, CloseReason, Config, Event, Fingerprint, HandshakeError, NamedGroup, Role,
    SrtpProfile,
};

const OPENSSL_SAYS: &[u8] = b"hello from openssl\n";

#[test]
fn connects_to_an_openssl_server() {
    let Some(report) = run(Role::Client, &[], |_| ()) else {
        return;
    };
    report.assert_agreed(CipherSuite::ECDHE_ECDSA_AES_128_GCM_SHA256);
    let info = report.info();
    assert_eq!(info.group, NamedGroup::X25519);
    assert_eq!(info.srtp_profile, Some(SrtpProfile::AEAD_AES_128_GCM));
    assert_eq!(info.alpn_protocol.as_deref(), Some(&b"webrtc"[..]));
}

#[test]
fn is_connected_to_by_an_openssl_client() {
    let Some(report) = run(Role::Server, &[], |_| ()) else {
        return;
    };
    report.assert_agreed(CipherSuite::ECDHE_ECDSA_AES_128_GCM_SHA256);
    let info = report.info();
    assert_eq!(info.srtp_profile, Some(SrtpProfile::AEAD_AES_128_GCM));
    assert_eq!(info.alpn_protocol.as_deref(), Some(&b"webrtc"[..]));
}

#[test]
fn agrees_on_aes_256_and_p_256_with_openssl_in_either_role() {
    let arguments = [
        "-cipher",
        "ECDHE-ECDSA-AES256-GCM-SHA384",
        "-groups",
        "P-256",
    ];
    for role in [Role::Client, Role::Server] {
        let Some(report) = run(role, &arguments, |_| ()) else {
            return;
        };
        report.assert_agreed(CipherSuite::ECDHE_ECDSA_AES_256_GCM_SHA384);
        assert_eq!(report.info().group, NamedGroup::SECP256R1);
    }
}

const SUITES: [(&str, CipherSuite); 6] = [
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
const GROUPS: [(&str, NamedGroup); 3] = [
    ("X25519:P-256", NamedGroup::X25519),
    ("P-256", NamedGroup::SECP256R1),
    ("P-384:P-256", NamedGroup::SECP384R1),
];

#[test]
fn agrees_on_every_suite_and_group_with_openssl_in_either_role() {
    for role in [Role::Client, Role::Server] {
        for (cipher, suite) in SUITES {
            let is_rsa = cipher.contains("RSA") && !cipher.contains("ECDSA");
            // A server of ours has no key of RSA.
            if is_rsa && role == Role::Server {
                continue;
            }
            let identity = if is_rsa {
                Identity::Rsa
            } else {
                Identity::Signalled
            };
            for (groups, group) in GROUPS {
                let arguments = ["-cipher", cipher, "-groups", groups];
                // The certificates' curve has to be among them (RFC 8422 section 5.1).
                let configure =
                    |config: &mut Config| config.groups = vec![group, NamedGroup::SECP256R1];
                let Some(report) = run_with(role, &arguments, configure, identity) else {
                    return;
                };
                report.assert_agreed(suite);
                assert_eq!(report.info().group, group);
            }
        }
    }
}

#[test]
fn accepts_every_kind_of_key_that_openssl_shows_in_either_role() {
    for role in [Role::Client, Role::Server] {
        // OpenSSL 3.0 does not use Ed25519 in DTLS.
        for identity in [Identity::Kind(KeyKind::EcdsaP384), Identity::Rsa] {
            let Some(report) = run_with(role, &[], |_| (), identity) else {
                return;
            };
            let suite = report.info().cipher_suite;
            let is_rsa = SUITES[3..].iter().any(|(_, rsa)| *rsa == suite);
            assert_eq!(is_rsa, (role, identity) == (Role::Client, Identity::Rsa));
            report.assert_agreed(suite);
        }
    }
}

#[test]
fn makes_good_the_loss_of_a_tenth_with_openssl_in_either_role() {
    for role in [Role::Client, Role::Server] {
        for seed in 1..=5 {
            let lost = Lost::Tenth(seed);
            let Some(report) = run_losing(role, &[], |_| (), Identity::Signalled, lost) else {
                return;
            };
            // Data is not repeated: that it is lost says nothing of the handshake.
            assert!(report.peer_said.contains(&report.exported()));
        }
    }
}

#[test]
fn exchanges_small_fragments_with_openssl_in_either_role() {
    for role in [Role::Client, Role::Server] {
        let Some(report) = run(role, &["-mtu", "280"], |config| config.mtu = 200) else {
            return;
        };
        report.assert_agreed(CipherSuite::ECDHE_ECDSA_AES_128_GCM_SHA256);
    }
}

#[test]
fn answers_the_cookie_of_an_openssl_server() {
    let Some(report) = run(Role::Client, &["-listen"], |_| ()) else {
        return;
    };
    report.assert_agreed(CipherSuite::ECDHE_ECDSA_AES_128_GCM_SHA256);
}

#[test]
fn refuses_an_openssl_client_without_a_certificate() {
    let Some(report) = run_with(Role::Server, &[], |_| (), Identity::None) else {
        return;
    };
    let expected = CloseReason::Handshake(HandshakeError::NoCertificate);
    assert_eq!(report.events, [Event::Closed(expected)]);
}

#[test]
fn refuses_an_openssl_peer_with_another_certificate() {
    for role in [Role::Client, Role::Server] {
        let Some(report) = run_with(role, &[], |_| (), Identity::Stranger) else {
            return;
        };
        let expected = Event::Closed(CloseReason::FingerprintMismatch);
        assert_eq!(report.events, [expected]);
    }
}

#[test]
fn makes_good_what_is_lost_on_the_way_to_and_from_an_openssl_server() {
    lose_each(Role::Client);
}

#[test]
fn makes_good_what_is_lost_on_the_way_to_and_from_an_openssl_client() {
    lose_each(Role::Server);
}

fn lose_each(role: Role) {
    for lost in [
        Lost::Sent(0),
        Lost::Sent(1),
        Lost::Received(0),
        Lost::Received(1),
    ] {
        let Some(report) = run_losing(role, &[], |_| (), Identity::Signalled, lost) else {
            return;
        };
        report.assert_agreed(CipherSuite::ECDHE_ECDSA_AES_128_GCM_SHA256);
    }
}

/// Whose certificate OpenSSL shows.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Identity {
    Signalled,
    /// The same, with a key of this kind.
    Kind(KeyKind),
    /// The same, with a key of RSA, which OpenSSL makes.
    Rsa,
    Stranger,
    None,
}

impl Report {
    /// As OpenSSL writes it.
    fn exported(&self) -> String {
        let exported = self.exported.unwrap();
        exported.iter().map(|byte| format!("{byte:02X}")).collect()
    }

    fn assert_agreed(&self, suite: CipherSuite) {
        assert_eq!(self.info().cipher_suite, suite);
        assert_eq!(self.received, OPENSSL_SAYS, "{}", self.peer_said);
        let said = std::str::from_utf8(WE_SAY).unwrap();
        assert!(self.peer_said.contains(said), "{}", self.peer_said);
        assert!(
            self.peer_said.contains(&self.exported()),
            "{}",
            self.peer_said
        );
        // Its answer to close_notify may come or not; our own end is what is reported.
        assert_eq!(
            self.events.last(),
            Some(&Event::Closed(CloseReason::Local)),
            "{}",
            self.peer_said
        );
    }
}

fn run(role: Role, arguments: &[&str], configure: impl Fn(&mut Config)) -> Option<Report> {
    run_with(role, arguments, configure, Identity::Signalled)
}

fn run_with(
    role: Role,
    arguments: &[&str],
    configure: impl Fn(&mut Config),
    identity: Identity,
) -> Option<Report> {
    run_losing(role, arguments, configure, identity, Lost::Nothing)
}

fn run_losing(
    role: Role,
    arguments: &[&str],
    configure: impl Fn(&mut Config),
    identity: Identity,
    lost: Lost,
) -> Option<Report> {
    if Command::new("openssl").arg("version").output().is_err() {
        complain();
        return None;
    }
    let folder = Folder::new();
    let certificates = [1, 2, 3].map(certificate);
    let shown = if identity == Identity::Stranger { 2 } else { 1 };
    folder.write("certificate.der", certificates[shown].der());
    folder.write("key.der", &certificates[shown].to_pkcs8());
    let mut expected = certificates[1].fingerprint(HashAlgorithm::Sha256);
    if let Identity::Kind(kind) = identity {
        let certificate = certificate_of_kind(kind, 1);
        folder.write("certificate.der", certificate.der());
        folder.write("key.der", &certificate.to_pkcs8());
        expected = certificate.fingerprint(HashAlgorithm::Sha256);
    } else if identity == Identity::Rsa {
        expected = write_rsa(&folder);
    }
    let socket = Lossy::new(lost);
    let peer = free_address();
    let child = openssl(role, &folder, identity, peer, socket.address(), arguments);
    let [ours, ..] = certificates;
    let mut config = Config::new(rust_crypto::provider(), Arc::new(ours));
    config.initial_timeout = Duration::from_millis(200);
    config.srtp_profiles = vec![
        SrtpProfile::AEAD_AES_128_GCM,
        SrtpProfile::AES128_CM_SHA1_80,
    ];
    configure(&mut config);
    let theirs = Theirs::Said(OPENSSL_SAYS);
    Some(drive(role, config, expected, socket, peer, child, theirs))
}

/// Says what is not tested, past the harness, which keeps what passing tests print to itself.
fn complain() {
    let is_required = std::env::var("TIDEWIRE_REQUIRE_OPENSSL").is_ok_and(|value| value == "1");
    assert!(!is_required, "`openssl` is not installed");
    let line = b"!!!! NOT RUN: a handshake with OpenSSL, because `openssl` is not installed\n";
    // Where nobody listens there is nobody to tell.
    let _ = std::io::stderr().write_all(line);
}

fn openssl(
    role: Role,
    folder: &Folder,
    identity: Identity,
    peer: SocketAddr,
    ours: SocketAddr,
    arguments: &[&str],
) -> Child {
    let mut command = Command::new("openssl");
    match role {
        Role::Client => command
            .args(["s_server", "-Verify", "1", "-accept"])
            .arg(peer.to_string()),
        Role::Server => command.args(["s_client", "-connect"]).arg(ours.to_string()),
    };
    command.args(["-dtls1_2", "-alpn", "webrtc"]);
    command.args([
        "-use_srtp",
        "SRTP_AEAD_AES_128_GCM:SRTP_AES128_CM_SHA1_80",
        "-keymatexport",
        LABEL,
        "-keymatexportlen",
        "60",
    ]);
    if identity != Identity::None {
        command
            .args(["-certform", "DER", "-cert"])
            .arg(folder.0.join("certificate.der"));
        command
            .args(["-keyform", "DER", "-key"])
            .arg(folder.0.join("key.der"));
    }
    command
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

/// A certificate of RSA and its key, by OpenSSL, and the fingerprint.
fn write_rsa(folder: &Folder) -> Fingerprint {
    let [certificate, key, pem] =
        ["certificate.der", "key.der", "key.pem"].map(|name| folder.0.join(name));
    let made = Command::new("openssl")
        .args([
            "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=x",
        ])
        .args(["-outform", "DER", "-out"])
        .arg(&certificate)
        .arg("-keyout")
        .arg(&pem)
        .output()
        .unwrap();
    assert!(made.status.success(), "{made:?}");
    let converted = Command::new("openssl")
        .args(["pkey", "-outform", "DER", "-in"])
        .arg(&pem)
        .arg("-out")
        .arg(&key)
        .output()
        .unwrap();
    assert!(converted.status.success(), "{converted:?}");
    let der = std::fs::read(&certificate).unwrap();
    Fingerprint::of(&*rust_crypto::provider(), HashAlgorithm::Sha256, &der)
}
