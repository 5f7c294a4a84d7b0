//! Every state of both handshakes against every message.

use std::fmt::Write as _;
use std::sync::Arc;

use bytes::BytesMut;
use tidewire_crypto::{HashAlgorithm, Rng};
use tidewire_netsim::LinkConfig;

use super::next_record;
use super::pair::{CLIENT, Pair, SERVER, config};
use crate::record::Header;
use crate::wire::{
    AlertDescription, ContentType, HandshakeType, NamedGroup, ProtocolVersion, ServerKeyExchange,
    SignatureScheme, Writer,
};
use crate::{CloseReason, Connection, HandshakeError, Role};

const KINDS: [(HandshakeType, &str); 10] = [
    (HandshakeType::CLIENT_HELLO, "CH"),
    (HandshakeType::SERVER_HELLO, "SH"),
    (HandshakeType::HELLO_VERIFY_REQUEST, "HVR"),
    (HandshakeType::CERTIFICATE, "C"),
    (HandshakeType::SERVER_KEY_EXCHANGE, "SKE"),
    (HandshakeType::CERTIFICATE_REQUEST, "CR"),
    (HandshakeType::SERVER_HELLO_DONE, "SHD"),
    (HandshakeType::CERTIFICATE_VERIFY, "CV"),
    (HandshakeType::CLIENT_KEY_EXCHANGE, "CKE"),
    (HandshakeType(99), "99"),
];

/// The records with handshake messages in the clear that this side of a handshake sends. Seeds
/// decide every byte, so that they fit any handshake with the same seeds.
fn records(from: usize) -> Vec<Vec<u8>> {
    let configs = [config(1), config(2)];
    let mut pair = Pair::with_configs(1, &LinkConfig::default(), configs);
    pair.settle();
    let mut records = Vec::new();
    for (_, datagram) in pair.sent.iter().filter(|(sender, _)| *sender == from) {
        records.extend(split(datagram));
    }
    records.retain(|record| {
        let header = Header::decode(record).expect("it was split at its header");
        header.kind == ContentType::HANDSHAKE && header.epoch == 0
    });
    records
}

/// The end of the same handshake, after these records.
fn after(end: usize, records: &[Vec<u8>]) -> Connection {
    let mut pair = Pair::with_configs(1, &LinkConfig::default(), [config(1), config(2)]);
    for record in records {
        pair.ends[end].handle_datagram(pair.now, BytesMut::from(&record[..]));
    }
    let [client, server] = pair.ends;
    if end == CLIENT { client } else { server }
}

fn message(kind: HandshakeType, sequence: u16, body: &[u8]) -> Vec<u8> {
    let mut record = Vec::new();
    let (version, number) = (ProtocolVersion::DTLS_1_2.0, next_record());
    Header::write_clear(
        ContentType::HANDSHAKE,
        version,
        number,
        &mut record,
        |out| {
            out.u8(kind.0);
            out.u24(body.len() as u32);
            out.u16(sequence);
            out.u24(0);
            out.vec24(|out| out.bytes(body));
        },
    );
    record
}

/// For each number of messages that came as they should: the kinds that are then not unexpected.
fn expected_kinds(end: usize) -> String {
    let now = tidewire_netsim::start();
    let records = records(1 - end);
    let mut table = String::new();
    for count in 0..=records.len() {
        write!(table, "{count}:").unwrap();
        for (kind, name) in KINDS {
            let mut connection = after(end, &records[..count]);
            assert_eq!(connection.close_reason(), None);
            // One byte is no whole message of any kind.
            let record = message(kind, count as u16, &[0]);
            connection.handle_datagram(now, BytesMut::from(&record[..]));
            let unexpected = HandshakeError::UnexpectedMessage(kind.0);
            let reason = connection.close_reason();
            if count == records.len() {
                // All that is still to come is protected: this is nobody's.
                assert_eq!(reason, None, "{name} after {count}");
                assert_eq!(connection.stats().dropped.bad_fragment, 1);
                continue;
            }
            assert!(reason.is_some(), "{name} after {count}");
            if reason != Some(CloseReason::Handshake(unexpected)) {
                write!(table, " {name}").unwrap();
            }
        }
        table.push('\n');
    }
    table
}

#[test]
fn a_client_takes_each_message_at_its_moment_only() {
    let expected = "0: SH HVR\n1: C\n2: SKE\n3: CR\n4: SHD\n5:\n";
    assert_eq!(expected_kinds(CLIENT), expected);
}

#[test]
fn a_server_takes_each_message_at_its_moment_only() {
    let expected = "0: CH\n1: C\n2: CKE\n3: CV\n4:\n";
    assert_eq!(expected_kinds(SERVER), expected);
}

#[test]
fn finished_in_the_clear_is_worth_nothing_in_any_state() {
    let now = tidewire_netsim::start();
    for end in [CLIENT, SERVER] {
        let records = records(1 - end);
        for count in 0..=records.len() {
            let mut connection = after(end, &records[..count]);
            let record = message(HandshakeType::FINISHED, count as u16, &[0; 12]);
            connection.handle_datagram(now, BytesMut::from(&record[..]));
            assert_eq!(connection.close_reason(), None);
            assert_eq!(connection.info(), None);
            assert_eq!(connection.stats().dropped.bad_fragment, 1);
        }
    }
}

#[test]
fn a_client_without_a_certificate_is_refused() {
    let now = tidewire_netsim::start();
    let mut server = after(SERVER, &records(CLIENT)[..1]);
    let empty = message(HandshakeType::CERTIFICATE, 1, &[0, 0, 0]);
    server.handle_datagram(now, BytesMut::from(&empty[..]));
    let reason = CloseReason::Handshake(HandshakeError::NoCertificate);
    assert_eq!(server.close_reason(), Some(reason));
    assert_eq!(reason.alert(), Some(AlertDescription::HANDSHAKE_FAILURE));
}

#[test]
fn a_certificate_of_the_right_fingerprint_that_is_no_certificate_is_refused() {
    let now = tidewire_netsim::start();
    let config = config(1);
    let mut hash = config.crypto.hash(HashAlgorithm::Sha256);
    hash.update(b"nonsense");
    let digits: Vec<String> = hash
        .current()
        .as_ref()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let expected = format!("sha-256 {}", digits.join(":")).parse().unwrap();
    let rng = Rng::from_u64(1);
    let server = Connection::new(Arc::new(config), Role::Server, vec![expected], rng, now);
    let mut server = server.unwrap();
    let hello = records(CLIENT).swap_remove(0);
    server.handle_datagram(now, BytesMut::from(&hello[..]));
    let body = [&[0, 0, 11, 0, 0, 8][..], b"nonsense"].concat();
    let certificate = message(HandshakeType::CERTIFICATE, 1, &body);
    server.handle_datagram(now, BytesMut::from(&certificate[..]));
    let reason = CloseReason::Handshake(HandshakeError::MalformedCertificate);
    assert_eq!(server.close_reason(), Some(reason));
}

#[test]
fn a_server_that_asks_for_cookies_without_end_is_given_up() {
    let now = tidewire_netsim::start();
    let mut client = after(CLIENT, &[]);
    for sequence in 0..4 {
        assert_eq!(client.close_reason(), None);
        let mut out = Vec::new();
        while client.poll_transmit(now, &mut out) {}
        assert!(out.len() > 40, "the hello goes out again");
        let request = [&[0xfe, 0xff, 20][..], &[7; 20]].concat();
        let record = message(HandshakeType::HELLO_VERIFY_REQUEST, sequence, &request);
        client.handle_datagram(now, BytesMut::from(&record[..]));
    }
    let reason = HandshakeError::UnexpectedMessage(3);
    assert_eq!(client.close_reason(), Some(CloseReason::Handshake(reason)));
}

#[test]
fn algorithms_that_were_not_offered_are_refused_for_that_reason() {
    let now = tidewire_netsim::start();
    let group = HandshakeError::Group;
    let scheme = HandshakeError::SignatureScheme;
    // Which message of whose, where in its body, and what to put there.
    let cases: [(usize, usize, usize, &[u8], HandshakeError); 5] = [
        (CLIENT, 2, 1, &[0x11, 0xec], group),
        (CLIENT, 2, 36, &[0x08, 0x04], scheme),
        // The type of the client's key, and then its scheme.
        (CLIENT, 3, 1, &[1], scheme),
        (CLIENT, 3, 5, &[0x08, 0x04], scheme),
        (SERVER, 3, 0, &[0x08, 0x04], scheme),
    ];
    for (end, count, at, bytes, error) in cases {
        let records = records(1 - end);
        let mut connection = after(end, &records[..count]);
        let mut record = records[count].clone();
        let at = Header::LEN + crate::flight::MESSAGE_HEADER_LEN + at;
        record[at..at + bytes.len()].copy_from_slice(bytes);
        connection.handle_datagram(now, BytesMut::from(&record[..]));
        let reason = connection.close_reason();
        assert_eq!(reason, Some(CloseReason::Handshake(error)), "{count}");
    }
}

#[test]
fn a_part_of_a_flight_stops_no_timer() {
    let records = records(SERVER);
    for count in 0..records.len() {
        let mut client = after(CLIENT, &[]);
        let now = tidewire_netsim::start();
        while client.poll_transmit(now, &mut Vec::new()) {}
        let due = client.poll_timeout().unwrap();
        for record in &records[..count] {
            client.handle_datagram(now, BytesMut::from(&record[..]));
        }
        assert_eq!(client.poll_timeout(), Some(due), "{count}");
        client.handle_timeout(due);
        assert!(client.poll_transmit(due, &mut Vec::new()), "{count}");
    }
}

#[test]
fn a_flight_is_not_repeated_in_the_wake_of_having_been_sent() {
    let hello = records(CLIENT).swap_remove(0);
    let mut server = after(SERVER, std::slice::from_ref(&hello));
    let mut now = tidewire_netsim::start();
    let answer = |server: &mut Connection, now| {
        // Who repeats itself numbers its records anew.
        let mut again = hello.clone();
        again[5..11].copy_from_slice(&next_record().to_be_bytes()[2..]);
        for _ in 0..2 {
            server.handle_datagram(now, BytesMut::from(&again[..]));
        }
        let mut out = Vec::new();
        while server.poll_transmit(now, &mut out) {}
        !out.is_empty()
    };
    assert!(
        answer(&mut server, now),
        "the first copy is still to be sent"
    );
    assert!(!answer(&mut server, now));
    now += std::time::Duration::from_millis(49);
    assert!(!answer(&mut server, now));
    now += std::time::Duration::from_millis(1);
    assert!(answer(&mut server, now));
    assert!(!answer(&mut server, now));
    let copies = server.stats().dropped.replayed;
    assert_eq!(copies, 5, "one of each pair is none of the client's");
}

#[test]
fn a_closed_end_says_so_a_few_times_only() {
    let hello = records(CLIENT).swap_remove(0);
    let now = tidewire_netsim::start();
    let mut server = after(SERVER, &[]);
    server.handle_datagram(now, BytesMut::from(&message(HandshakeType(99), 0, &[])[..]));
    assert!(server.close_reason().is_some());
    let mut alerts = 0;
    for _ in 0..20 {
        while server.poll_transmit(now, &mut Vec::new()) {
            alerts += 1;
        }
        server.handle_datagram(now, BytesMut::from(&hello[..]));
    }
    assert_eq!(alerts, 6);
}

#[test]
fn plain_messages_from_after_the_keys_stand_in_nobody_s_way() {
    let configs = || [config(1), config(2)];
    for end in [CLIENT, SERVER] {
        let due = records(1 - end).len() as u16;
        // Where Finished is to come: whole or in part, before the keys or after them.
        let whole = message(HandshakeType::CERTIFICATE, due, &[0; 12]);
        let mut part = whole.clone();
        part[Header::LEN + 3] = 99;
        for forged in [whole, part] {
            let copy = forged.clone();
            let mut pair = Pair::with_configs(1, &LinkConfig::default(), configs()).tampered(
                move |_, from, datagram| match from == end {
                    true => vec![datagram],
                    false => vec![copy.clone(), datagram, copy.clone()],
                },
            );
            pair.ends[end].handle_datagram(pair.now, BytesMut::from(&forged[..]));
            pair.settle();
            pair.assert_agreed();
        }
    }
}

/// RFC 5246 section 7.4.1.1.
#[test]
fn a_client_that_negotiates_ignores_a_hello_request() {
    let now = tidewire_netsim::start();
    let records = records(SERVER);
    for count in 0..=records.len() {
        let mut client = after(CLIENT, &records[..count]);
        let request = message(HandshakeType::HELLO_REQUEST, count as u16, &[]);
        client.handle_datagram(now, BytesMut::from(&request[..]));
        // What follows has the next numbers.
        for record in &records[count..] {
            let mut record = record.clone();
            record[Header::LEN + 5] += 1;
            client.handle_datagram(now, BytesMut::from(&record[..]));
        }
        assert_eq!(client.close_reason(), None, "{count}");
        // With the keys installed no message in the clear has a place.
        let refused = u64::from(count == records.len());
        assert_eq!(client.stats().dropped.bad_fragment, refused);
    }
    let mut server = after(SERVER, &[]);
    let request = message(HandshakeType::HELLO_REQUEST, 0, &[]);
    server.handle_datagram(now, BytesMut::from(&request[..]));
    let unexpected = HandshakeError::UnexpectedMessage(0);
    let reason = Some(CloseReason::Handshake(unexpected));
    assert_eq!(server.close_reason(), reason);
}

/// RFC 7748 section 6.1, RFC 8422 section 5.11.
#[test]
fn a_client_s_share_that_is_no_key_is_refused() {
    let now = tidewire_netsim::start();
    let records = records(CLIENT);
    let small_order = [&[32][..], &[0; 32]].concat();
    let short = [&[31][..], &[9; 31]].concat();
    // A point of another group, and no point of its own either.
    let point = [&[65, 4][..], &[1; 64]].concat();
    for share in [&small_order[..], &short, &point, &[0]] {
        let mut server = after(SERVER, &records[..2]);
        let exchange = message(HandshakeType::CLIENT_KEY_EXCHANGE, 2, share);
        server.handle_datagram(now, BytesMut::from(&exchange[..]));
        let error = tidewire_crypto::KeyExchangeError::InvalidShare;
        let reason = CloseReason::Handshake(error.into());
        assert_eq!(server.close_reason(), Some(reason));
        assert_eq!(reason.alert(), Some(AlertDescription::ILLEGAL_PARAMETER));
    }
}

/// The signature covers both randoms: that of another handshake proves nothing.
#[test]
fn a_key_exchange_of_another_handshake_is_refused() {
    let now = tidewire_netsim::start();
    let records = records(SERVER);
    let mut client = after(CLIENT, &records[..2]);
    let mut other = Pair::with_configs(2, &LinkConfig::default(), [config(1), config(2)]);
    other.settle();
    // The same certificates, other randoms and shares.
    let exchange = other.sent.iter().flat_map(|(_, datagram)| split(datagram));
    let mut exchange = exchange.filter(|record| {
        record[0] == ContentType::HANDSHAKE.0
            && record[Header::LEN] == HandshakeType::SERVER_KEY_EXCHANGE.0
    });
    let exchange = exchange.next().expect("the server sends one");
    assert_ne!(exchange, records[2]);
    client.handle_datagram(now, BytesMut::from(&exchange[..]));
    let reason = CloseReason::Handshake(HandshakeError::BadSignature);
    assert_eq!(client.close_reason(), Some(reason));
}

/// A server that proves who it is, and then wants to agree on a secret that everybody knows.
#[test]
fn a_server_s_share_that_is_no_key_is_refused_even_when_it_is_signed() {
    let now = tidewire_netsim::start();
    let (theirs, ours) = (records(SERVER), records(CLIENT));
    let random = |record: &Vec<u8>| {
        let at = Header::LEN + crate::flight::MESSAGE_HEADER_LEN + 2;
        record[at..at + 32].to_vec()
    };
    let zero = [0; 32];
    let off_the_curve = [&[4][..], &[1; 64]].concat();
    let cases = [
        (NamedGroup::X25519, &zero[..]),
        (NamedGroup::X25519, &zero[..31]),
        (NamedGroup::SECP256R1, &off_the_curve),
        (NamedGroup::SECP256R1, &[0]),
    ];
    for (group, share) in cases {
        let mut params = Vec::new();
        ServerKeyExchange::encode_params(&mut Writer::new(&mut params), group, share);
        let signed = [random(&ours[0]), random(&theirs[0]), params].concat();
        let config = config(2);
        let signature = config
            .certificate
            .key()
            .sign(&signed, &mut Rng::from_u64(1));
        let exchange = ServerKeyExchange {
            group,
            share,
            scheme: SignatureScheme::ECDSA_SECP256R1_SHA256,
            signature: &signature.unwrap(),
        };
        let mut body = Vec::new();
        exchange.encode(&mut Writer::new(&mut body));
        let exchange = message(HandshakeType::SERVER_KEY_EXCHANGE, 2, &body);
        let mut client = after(CLIENT, &theirs[..2]);
        for record in [&exchange, &theirs[3], &theirs[4]] {
            assert_eq!(client.close_reason(), None);
            client.handle_datagram(now, BytesMut::from(&record[..]));
        }
        let error = tidewire_crypto::KeyExchangeError::InvalidShare;
        let reason = CloseReason::Handshake(error.into());
        assert_eq!(client.close_reason(), Some(reason));
    }
}

/// The records of a datagram.
fn split(mut datagram: &[u8]) -> Vec<Vec<u8>> {
    let mut records = Vec::new();
    while let Some(header) = Header::decode(datagram) {
        let (record, others) = datagram.split_at(Header::LEN + header.length);
        records.push(record.to_vec());
        datagram = others;
    }
    records
}
