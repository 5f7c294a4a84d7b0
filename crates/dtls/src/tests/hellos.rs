//! Hellos as other implementations write them, and such as must not be accepted.

use std::sync::Arc;
use std::time::Instant;

use bytes::BytesMut;
use tidewire_crypto::{HashAlgorithm, Rng};

use super::pair::config;
use crate::flight::{Flight, Reassembler};
use crate::record::{Epoch, Header, Outbound};
use crate::wire::{
    AlertDescription, CipherSuite, ClientHello, HandshakeType, NamedGroup, ProtocolVersion,
    ServerHello, SignatureScheme, SrtpProfile, Writer,
};
use crate::{CloseReason, Config, ConfigError, Connection, HandshakeError, Role};

fn client_hello() -> ClientHello {
    ClientHello {
        version: ProtocolVersion::DTLS_1_2.0,
        suites: vec![CipherSuite::ECDHE_ECDSA_AES_128_GCM_SHA256],
        groups: Some(vec![NamedGroup::X25519]),
        point_formats: Some(true),
        signatures: Some(vec![SignatureScheme::ECDSA_SECP256R1_SHA256]),
        extended_master_secret: true,
        renegotiation_info: Some(true),
        ..ClientHello::default()
    }
}

/// A hello of the kind that Chromium sends: DTLS 1.3 offered beside 1.2, with a key share that alone
/// is longer than a datagram, and values that mean nothing (RFC 8701).
fn long_hello() -> Vec<u8> {
    let mut hello = client_hello();
    hello.suites.insert(0, CipherSuite(0x1301));
    hello.suites.insert(0, CipherSuite(0x8a8a));
    let groups = [0x4a4a, 0x11ec, NamedGroup::X25519.0, 23];
    hello.groups = Some(groups.map(NamedGroup).to_vec());
    hello.versions = Some(vec![
        ProtocolVersion(0x5a5a),
        ProtocolVersion::DTLS_1_3,
        ProtocolVersion::DTLS_1_2,
    ]);
    hello.srtp_profiles = vec![SrtpProfile(0x7777), SrtpProfile::AES128_CM_SHA1_80];
    let mut body = encoded(&hello);
    let mut share = Vec::new();
    let mut out = Writer::new(&mut share);
    out.vec16(|out| {
        out.u16(0x11ec);
        out.vec16(|out| out.bytes(&[5; 1216]));
        out.u16(NamedGroup::X25519.0);
        out.vec16(|out| out.bytes(&[9; 32]));
    });
    push_extension(&mut body, 51, &share);
    push_extension(&mut body, 0x2a2a, &[]);
    body
}

fn encoded(hello: &ClientHello) -> Vec<u8> {
    let mut body = Vec::new();
    hello.encode(&mut Writer::new(&mut body));
    body
}

/// Adds to the extensions of a ClientHello with one suite's worth of fixed fields before them.
fn push_extension(body: &mut Vec<u8>, kind: u16, content: &[u8]) {
    let suites = u16::from_be_bytes([body[36], body[37]]);
    let at = 38 + usize::from(suites) + 2;
    let mut out = Writer::new(body);
    out.u16(kind);
    out.vec16(|out| out.bytes(content));
    let len = (body.len() - at - 2) as u16;
    body[at..at + 2].copy_from_slice(&len.to_be_bytes());
}

/// The datagrams of one message in the clear.
fn datagrams(kind: HandshakeType, body: Vec<u8>) -> Vec<Vec<u8>> {
    let (mut flight, mut outbound) = (Flight::default(), Outbound::default());
    flight.begin(None);
    flight.push_message(Epoch::CLEAR, kind, 0, body);
    let mut datagrams = Vec::new();
    while !flight.is_sent() {
        let mut datagram = Vec::new();
        flight.write_datagram(&mut outbound, 1200, &mut datagram);
        datagrams.push(datagram);
    }
    datagrams
}

fn connection(role: Role, config: Config) -> (Connection, Instant) {
    let now = tidewire_netsim::start();
    let expected = vec![config.certificate.fingerprint(HashAlgorithm::Sha256)];
    let rng = Rng::from_u64(1);
    let made = Connection::new(Arc::new(config), role, expected, rng, now);
    (made.unwrap(), now)
}

fn rich_config() -> Config {
    let mut config = config(1);
    config.srtp_profiles = vec![SrtpProfile::AES128_CM_SHA1_80];
    config
}

/// What a server of ours answers to a hello that comes in these datagrams.
fn answer(datagrams: &[Vec<u8>]) -> Result<ServerHello, CloseReason> {
    let (mut server, now) = connection(Role::Server, rich_config());
    for datagram in datagrams {
        server.handle_datagram(now, BytesMut::from(&datagram[..]));
    }
    if let Some(reason) = server.close_reason() {
        return Err(reason);
    }
    let mut out = Vec::new();
    assert!(server.poll_transmit(now, &mut out));
    let mut messages = Reassembler::default();
    let header = Header::decode(&out).unwrap();
    let record = &out[Header::LEN..Header::LEN + header.length];
    let whole = messages.insert_record(record, |_, _| true, |_, _| ());
    whole.unwrap();
    Ok(ServerHello::decode(&messages.next_message().unwrap().body).unwrap())
}

fn refusal(change: impl FnOnce(&mut ClientHello)) -> CloseReason {
    let mut hello = client_hello();
    change(&mut hello);
    answer(&datagrams(HandshakeType::CLIENT_HELLO, encoded(&hello))).unwrap_err()
}

#[test]
fn a_hello_with_dtls_1_3_over_two_datagrams_in_any_order_gets_1_2() {
    let mut datagrams = datagrams(HandshakeType::CLIENT_HELLO, long_hello());
    assert_eq!(datagrams.len(), 2);
    for _ in 0..2 {
        let hello = answer(&datagrams).unwrap();
        assert_eq!(hello.version, ProtocolVersion::DTLS_1_2.0);
        assert_eq!(hello.suite, CipherSuite::ECDHE_ECDSA_AES_128_GCM_SHA256.0);
        assert_eq!(hello.srtp_profile, Some(SrtpProfile::AES128_CM_SHA1_80));
        assert_eq!(hello.renegotiation_info, Some(true));
        assert!(hello.extended_master_secret);
        assert_eq!(hello.unknown, None);
        datagrams.reverse();
    }
}

#[test]
fn the_application_protocols_of_webrtc_are_answered_and_others_are_ignored() {
    type Case = (&'static [&'static [u8]], Option<&'static [u8]>);
    let cases: [Case; 4] = [
        (&[b"webrtc", b"c-webrtc"], Some(b"webrtc")),
        (&[b"c-webrtc"], Some(b"c-webrtc")),
        (&[b"h3"], None),
        (&[], None),
    ];
    for (offered, expected) in cases {
        let mut hello = client_hello();
        hello.alpn = offered.iter().map(|name| name.to_vec()).collect();
        let datagrams = datagrams(HandshakeType::CLIENT_HELLO, encoded(&hello));
        assert_eq!(answer(&datagrams).unwrap().alpn.as_deref(), expected);
    }
}

#[test]
fn a_hello_without_common_ground_is_refused_for_its_reason() {
    type Change = fn(&mut ClientHello);
    let cases: [(Change, HandshakeError, AlertDescription); 9] = [
        (
            |hello| hello.versions = Some(vec![ProtocolVersion::DTLS_1_3]),
            HandshakeError::Version,
            AlertDescription::PROTOCOL_VERSION,
        ),
        (
            |hello| hello.version = ProtocolVersion::DTLS_1_0.0,
            HandshakeError::Version,
            AlertDescription::PROTOCOL_VERSION,
        ),
        (
            |hello| hello.suites = vec![CipherSuite(0xc02f)],
            HandshakeError::CipherSuite,
            AlertDescription::HANDSHAKE_FAILURE,
        ),
        (
            |hello| hello.suites.clear(),
            HandshakeError::CipherSuite,
            AlertDescription::HANDSHAKE_FAILURE,
        ),
        (
            |hello| hello.groups = Some(vec![NamedGroup(0x11ec)]),
            HandshakeError::Group,
            AlertDescription::HANDSHAKE_FAILURE,
        ),
        (
            |hello| hello.signatures = Some(vec![SignatureScheme(0x0804)]),
            HandshakeError::SignatureScheme,
            AlertDescription::HANDSHAKE_FAILURE,
        ),
        (
            |hello| hello.extended_master_secret = false,
            HandshakeError::ExtendedMasterSecret,
            AlertDescription::HANDSHAKE_FAILURE,
        ),
        (
            |hello| hello.alpn = vec![Vec::new()],
            HandshakeError::Decode(crate::DecodeError { field: "ALPN" }),
            AlertDescription::DECODE_ERROR,
        ),
        (
            |hello| hello.session_id = vec![0; 33],
            HandshakeError::Decode(crate::DecodeError {
                field: "session_id",
            }),
            AlertDescription::DECODE_ERROR,
        ),
    ];
    for (change, error, alert) in cases {
        let reason = refusal(change);
        assert_eq!(reason, CloseReason::Handshake(error));
        assert_eq!(reason.alert(), Some(alert));
    }
}

#[test]
fn a_cookie_that_nobody_asked_for_is_no_reason_to_refuse() {
    let mut hello = client_hello();
    hello.cookie = vec![0; 255];
    assert!(answer(&datagrams(HandshakeType::CLIENT_HELLO, encoded(&hello))).is_ok());
}

#[test]
fn a_hello_that_renegotiates_is_refused() {
    let mut hello = client_hello();
    hello.renegotiation_info = None;
    let mut body = encoded(&hello);
    push_extension(&mut body, 0xff01, &[2, 7, 7]);
    let reason = answer(&datagrams(HandshakeType::CLIENT_HELLO, body)).unwrap_err();
    let error = HandshakeError::IllegalParameter("renegotiation_info");
    assert_eq!(reason, CloseReason::Handshake(error));
}

#[test]
fn an_extension_that_comes_twice_is_refused() {
    let mut body = encoded(&client_hello());
    push_extension(&mut body, 23, &[]);
    let reason = answer(&datagrams(HandshakeType::CLIENT_HELLO, body)).unwrap_err();
    let error = crate::DecodeError {
        field: "extensions",
    };
    assert_eq!(reason, CloseReason::Handshake(error.into()));
}

#[test]
fn a_server_may_only_choose_among_what_was_offered() {
    type Change = fn(&mut ServerHello);
    let illegal = HandshakeError::IllegalParameter;
    let cases: [(Change, HandshakeError); 8] = [
        (|hello| hello.version = 0xfeff, HandshakeError::Version),
        (|hello| hello.version = 0xfefc, HandshakeError::Version),
        (|hello| hello.suite = 0xc0ac, HandshakeError::CipherSuite),
        (|hello| hello.compression = 1, illegal("compression_method")),
        (
            |hello| hello.extended_master_secret = false,
            HandshakeError::ExtendedMasterSecret,
        ),
        (
            |hello| hello.srtp_profile = Some(SrtpProfile::AEAD_AES_128_GCM),
            illegal("use_srtp"),
        ),
        (|hello| hello.alpn = Some(b"h3".to_vec()), illegal("ALPN")),
        (
            |hello| hello.session_id = vec![0; 33],
            HandshakeError::Decode(crate::DecodeError {
                field: "session_id",
            }),
        ),
    ];
    for (change, error) in cases {
        assert_eq!(
            client_after(change),
            Some(CloseReason::Handshake(error)),
            "{error}"
        );
    }
    assert_eq!(client_after(|_| ()), None);
}

/// RFC 5764 section 4.1.1: a key identifier that the client did not offer.
#[test]
fn a_server_that_wants_key_identifiers_in_srtp_is_refused() {
    let mut body = server_hello(|hello| hello.srtp_profile = Some(SrtpProfile::AES128_CM_SHA1_80));
    assert_eq!(client_after_body(body.clone()), None);
    // The extension comes last, and the identifier's length last in it.
    let at = body.len() - 7;
    assert_eq!(body[at..], [0, 5, 0, 2, 0, 1, 0]);
    body[at + 1] += 1;
    body[at + 6] = 1;
    body.push(7);
    let extensions = 2 + 32 + 1 + 2 + 1;
    body[extensions + 1] += 1;
    let error = HandshakeError::IllegalParameter("use_srtp");
    assert_eq!(client_after_body(body), Some(CloseReason::Handshake(error)));
}

#[test]
fn lists_that_fit_no_hello_are_refused_before_one_is_made() {
    type Change = fn(&mut Config);
    let cases: [(Change, ConfigError); 5] = [
        (
            |config| config.alpn_protocols = vec![Vec::new()],
            ConfigError::AlpnProtocol,
        ),
        (
            |config| config.alpn_protocols = vec![vec![b'x'; 256]],
            ConfigError::AlpnProtocol,
        ),
        (
            |config| config.alpn_protocols = vec![vec![b'x']; 65],
            ConfigError::TooMany,
        ),
        (
            |config| config.srtp_profiles = vec![SrtpProfile::AES128_CM_SHA1_80; 65],
            ConfigError::TooMany,
        ),
        (
            |config| config.cipher_suites = vec![config.cipher_suites[0]; 65],
            ConfigError::TooMany,
        ),
    ];
    let make = |config: Config| {
        let now = tidewire_netsim::start();
        let expected = vec![config.certificate.fingerprint(HashAlgorithm::Sha256)];
        let rng = Rng::from_u64(1);
        Connection::new(Arc::new(config), Role::Client, expected, rng, now).err()
    };
    for (change, error) in cases {
        let mut config = config(1);
        change(&mut config);
        assert_eq!(make(config), Some(error));
    }
    let mut longest = config(1);
    longest.alpn_protocols = vec![vec![b'x'; 255]; 64];
    assert_eq!(make(longest), None);
}

/// Why a client of ours closes, if it does, after a server's hello.
fn client_after(change: fn(&mut ServerHello)) -> Option<CloseReason> {
    client_after_body(server_hello(change))
}

fn server_hello(change: fn(&mut ServerHello)) -> Vec<u8> {
    let mut hello = ServerHello {
        version: ProtocolVersion::DTLS_1_2.0,
        suite: CipherSuite::ECDHE_ECDSA_AES_256_GCM_SHA384.0,
        extended_master_secret: true,
        ..ServerHello::default()
    };
    change(&mut hello);
    let mut body = Vec::new();
    hello.encode(&mut Writer::new(&mut body));
    body
}

fn client_after_body(body: Vec<u8>) -> Option<CloseReason> {
    let (mut client, now) = connection(Role::Client, rich_config());
    for datagram in datagrams(HandshakeType::SERVER_HELLO, body) {
        client.handle_datagram(now, BytesMut::from(&datagram[..]));
    }
    client.close_reason()
}
