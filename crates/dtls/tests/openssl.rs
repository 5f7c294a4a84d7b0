//! Handshakes with OpenSSL's command line tool, over sockets of this machine.
//!
//! Without `openssl` in the path nothing is tested, and the tests say so; with
//! `TIDEWIRE_REQUIRE_OPENSSL=1` in the environment they fail.
#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "a foreign peer is reached through a real socket, in real time"
)]
#![expect(clippy::unwrap_used, reason = "a test's helpers may fail the test")]

use std::io::Write as _;
use std::net::{SocketAddr, UdpSocket};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::BytesMut;
use tidewire_crypto::{HashAlgorithm, KeyKind, Rng, rust_crypto};
use tidewire_dtls::{
    Certificate, CipherSuite, CloseReason, Config, Connection, Event, Fingerprint, HandshakeError,
    Info, NamedGroup, Role, SrtpProfile, ValidityOptions,
};

const LIMIT: Duration = Duration::from_secs(20);
const LABEL: &str = "EXTRACTOR-dtls_srtp";
const OPENSSL_SAYS: &[u8] = b"hello from openssl\n";
const WE_SAY: &[u8] = b"hello from tidewire\n";

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
            assert!(report.openssl_said.contains(&report.exported()));
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

/// The one datagram of the handshake that does not arrive, counted from 0; or any of ten, under a seed.
#[derive(Clone, Copy, Eq, PartialEq)]
enum Lost {
    Nothing,
    Tenth(u64),
    Sent(usize),
    Received(usize),
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

/// How it went.
struct Report {
    events: Vec<Event>,
    exported: Option<[u8; 60]>,
    received: Vec<u8>,
    openssl_said: String,
}

impl Report {
    fn info(&self) -> &Info {
        match self.events.first() {
            Some(Event::Connected(info)) => info,
            other => panic!("{other:?}, and openssl said:\n{}", self.openssl_said),
        }
    }

    /// As OpenSSL writes it.
    fn exported(&self) -> String {
        let exported = self.exported.unwrap();
        exported.iter().map(|byte| format!("{byte:02X}")).collect()
    }

    fn assert_agreed(&self, suite: CipherSuite) {
        assert_eq!(self.info().cipher_suite, suite);
        assert_eq!(self.received, OPENSSL_SAYS, "{}", self.openssl_said);
        let said = std::str::from_utf8(WE_SAY).unwrap();
        assert!(self.openssl_said.contains(said), "{}", self.openssl_said);
        assert!(
            self.openssl_said.contains(&self.exported()),
            "{}",
            self.openssl_said
        );
        // Its answer to close_notify may come or not; our own end is what is reported.
        assert_eq!(
            self.events.last(),
            Some(&Event::Closed(CloseReason::Local)),
            "{}",
            self.openssl_said
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
        expected = folder.write_rsa();
    }
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let peer = free_address();
    let child = openssl(
        role,
        &folder,
        identity,
        peer,
        socket.local_addr().unwrap(),
        arguments,
    );
    let [ours, ..] = certificates;
    let mut config = Config::new(rust_crypto::provider(), Arc::new(ours));
    config.initial_timeout = Duration::from_millis(200);
    config.srtp_profiles = vec![
        SrtpProfile::AEAD_AES_128_GCM,
        SrtpProfile::AES128_CM_SHA1_80,
    ];
    configure(&mut config);
    let seed = match lost {
        Lost::Tenth(seed) => seed,
        _ => 0,
    };
    let socket = Lossy {
        socket,
        lost,
        rng: Rng::from_u64(seed),
        sent: 0,
        received: 0,
    };
    Some(drive(role, config, expected, socket, peer, child))
}

/// Says what is not tested, past the harness, which keeps what passing tests print to itself.
fn complain() {
    let is_required = std::env::var("TIDEWIRE_REQUIRE_OPENSSL").is_ok_and(|value| value == "1");
    assert!(!is_required, "`openssl` is not installed");
    let line = b"!!!! NOT RUN: a handshake with OpenSSL, because `openssl` is not installed\n";
    // Where nobody listens there is nobody to tell.
    let _ = std::io::stderr().write_all(line);
}

/// A socket that loses some datagrams.
struct Lossy {
    socket: UdpSocket,
    lost: Lost,
    rng: Rng,
    sent: usize,
    received: usize,
}

impl Lossy {
    fn send(&mut self, datagram: &[u8], peer: SocketAddr) {
        if !self.loses(Lost::Sent(self.sent)) {
            self.socket.send_to(datagram, peer).unwrap();
        }
        self.sent += 1;
    }

    fn receive(&mut self, buffer: &mut [u8]) -> Option<(usize, SocketAddr)> {
        let received = self.socket.recv_from(buffer).ok()?;
        self.received += 1;
        (!self.loses(Lost::Received(self.received - 1))).then_some(received)
    }

    fn loses(&mut self, datagram: Lost) -> bool {
        match self.lost {
            Lost::Tenth(_) => self.rng.next_u32().is_multiple_of(10),
            lost => lost == datagram,
        }
    }
}

fn certificate(seed: u64) -> Certificate {
    certificate_of_kind(KeyKind::EcdsaP256, seed)
}

fn certificate_of_kind(kind: KeyKind, seed: u64) -> Certificate {
    let validity = ValidityOptions {
        not_before: 1_700_000_000,
        not_after: 4_000_000_000,
    };
    let crypto = rust_crypto::provider();
    let rng = &mut Rng::from_u64(seed);
    Certificate::generate_of_kind(crypto.as_ref(), kind, rng, validity).unwrap()
}

fn free_address() -> SocketAddr {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.local_addr().unwrap()
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

/// Runs our side until both have said hello, or until it is over.
fn drive(
    role: Role,
    config: Config,
    expected: Fingerprint,
    mut socket: Lossy,
    mut peer: SocketAddr,
    mut child: Child,
) -> Report {
    let begin = Instant::now();
    let rng = Rng::from_u64(7);
    let mut connection =
        Connection::new(Arc::new(config), role, vec![expected], rng, begin).unwrap();
    socket
        .socket
        .set_read_timeout(Some(Duration::from_millis(20)))
        .unwrap();
    let mut report = Report {
        events: Vec::new(),
        exported: None,
        received: Vec::new(),
        openssl_said: String::new(),
    };
    let mut ended = None;
    let mut buffer = [0; 2048];
    while begin.elapsed() < LIMIT && ended.is_none_or(|at: Instant| at.elapsed() < 5 * RTT) {
        let mut out = Vec::new();
        while connection.poll_transmit(Instant::now(), &mut out) {
            socket.send(&out, peer);
            out.clear();
        }
        if let Some((len, from)) = socket.receive(&mut buffer) {
            peer = from;
            connection.handle_datagram(Instant::now(), BytesMut::from(&buffer[..len]));
        }
        connection.handle_timeout(Instant::now());
        while let Some(data) = connection.poll_data() {
            report.received.extend_from_slice(&data);
        }
        while let Some(event) = connection.poll_event() {
            if matches!(event, Event::Connected(_)) {
                greet(&mut connection, &mut socket, peer, &mut child, &mut report);
            } else {
                ended = Some(Instant::now());
            }
            report.events.push(event);
        }
        if report.received == OPENSSL_SAYS && ended.is_none() {
            connection.close(Instant::now());
        }
    }
    // The process may have ended by itself.
    let _ = child.kill();
    let output = child.wait_with_output().unwrap();
    report.openssl_said =
        String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    report
}

/// How long the last datagrams are given to arrive and be written out.
const RTT: Duration = Duration::from_millis(100);

fn greet(
    connection: &mut Connection,
    socket: &mut Lossy,
    peer: SocketAddr,
    child: &mut Child,
    report: &mut Report,
) {
    use std::io::Write as _;
    // The last flight goes out before data, as it would with a driver.
    let mut out = Vec::new();
    while connection.poll_transmit(Instant::now(), &mut out) {
        socket.send(&out, peer);
        out.clear();
    }
    let mut exported = [0; 60];
    connection
        .export_keying_material(LABEL, None, &mut exported)
        .unwrap();
    report.exported = Some(exported);
    let mut record = vec![0; connection.record_overhead().header];
    record.extend_from_slice(WE_SAY);
    connection.seal(0, &mut record).unwrap();
    socket.send(&record, peer);
    let stdin = child.stdin.as_mut().unwrap();
    stdin.write_all(OPENSSL_SAYS).unwrap();
    stdin.flush().unwrap();
}

/// A folder that goes away with the value.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        use std::sync::atomic::{AtomicU32, Ordering};
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("tidewire-dtls-{}-{number}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }

    /// A certificate of RSA and its key, by OpenSSL, and the fingerprint.
    fn write_rsa(&self) -> Fingerprint {
        let [certificate, key, pem] =
            ["certificate.der", "key.der", "key.pem"].map(|name| self.0.join(name));
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

    fn write(&self, name: &str, bytes: &[u8]) {
        std::fs::write(self.0.join(name), bytes).unwrap();
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
