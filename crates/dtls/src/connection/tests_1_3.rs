//! What only somebody who holds the connection's own keys can try, in DTLS 1.3.

use std::sync::Arc;
use std::time::Instant;

use bytes::BytesMut;
use tidewire_crypto::{HashAlgorithm, Rng, rust_crypto};

use super::{Connection, State};
use crate::certificate::{Certificate, ValidityOptions};
use crate::config::Config;
use crate::error::{CloseReason, HandshakeError};
use crate::event::Role;
use crate::record::{Epoch, Header};
use crate::wire::{
    AlertDescription, ContentType, DecodeError, HandshakeType, NamedGroup, ProtocolVersion,
};

const CLIENT: usize = 0;
const SERVER: usize = 1;

fn ends(now: Instant) -> [Connection; 2] {
    ends_with(now, [&[NamedGroup::X25519]; 2])
}

fn ends_with(now: Instant, groups: [&[NamedGroup]; 2]) -> [Connection; 2] {
    let crypto = rust_crypto::provider();
    let certificates = [1, 2].map(|seed| {
        let validity = ValidityOptions {
            not_before: 0,
            not_after: 2_000_000_000,
        };
        Arc::new(Certificate::generate(&*crypto, &mut Rng::from_u64(seed), validity).unwrap())
    });
    [(Role::Client, 0), (Role::Server, 1)].map(|(role, own)| {
        let mut config = Config::new(crypto.clone(), certificates[own].clone());
        config.groups = groups[own].to_vec();
        let expected = vec![certificates[1 - own].fingerprint(HashAlgorithm::Sha256)];
        let rng = Rng::from_u64(own as u64);
        Connection::new(Arc::new(config), role, expected, rng, now).unwrap()
    })
}

fn carry(ends: &mut [Connection; 2], from: usize, now: Instant) {
    let mut datagram = Vec::new();
    while ends[from].poll_transmit(now, &mut datagram) {
        ends[1 - from].handle_datagram(now, BytesMut::from(&datagram[..]));
        datagram.clear();
    }
}

fn connected(now: Instant) -> [Connection; 2] {
    let mut ends = ends(now);
    for from in [CLIENT, SERVER, CLIENT, SERVER] {
        carry(&mut ends, from, now);
    }
    assert!(ends.iter().all(|end| end.info().is_some()));
    ends
}

/// A record under keys of `from`.
fn protected(from: &mut Connection, epoch: Epoch, kind: ContentType, content: &[u8]) -> BytesMut {
    let mut record = Vec::new();
    let outbound = &mut from.cx.outbound;
    let written = outbound.write(epoch, kind, &mut record, |out| out.bytes(content));
    assert!(written.is_ok());
    BytesMut::from(&record[..])
}

fn message(kind: HandshakeType, sequence: u16, body: &[u8]) -> Vec<u8> {
    let len = [0, 0, body.len() as u8];
    let [high, low] = sequence.to_be_bytes();
    [&[kind.0][..], &len, &[high, low, 0, 0, 0], &len, body].concat()
}

/// The number of the next message of a connected client's, or server's.
fn next_message(from: usize) -> u16 {
    // ClientHello, Certificate, CertificateVerify, Finished; the server's are three more.
    [4, 6][from]
}

/// What becomes of a connected end that is sent this message.
fn after(from: usize, kind: HandshakeType, body: &[u8]) -> [Connection; 2] {
    let now = tidewire_netsim::start();
    let mut ends = connected(now);
    let message = message(kind, next_message(from), body);
    let handshake = ContentType::HANDSHAKE;
    let record = protected(&mut ends[from], Epoch::APPLICATION, handshake, &message);
    ends[1 - from].handle_datagram(now, record);
    ends
}

fn failed(error: HandshakeError) -> Option<CloseReason> {
    Some(CloseReason::Handshake(error))
}

#[test]
fn a_ticket_is_acknowledged_and_ignored_by_a_client_alone() {
    // A lifetime, a nonce of 2 bytes, a ticket of 3, and an extension.
    const TICKET: &[u8] = b"\0\0\0\x09rand\x02no\0\x03tic\0\x04\0\x2a\0\0";
    let mut ends = after(SERVER, HandshakeType::NEW_SESSION_TICKET, TICKET);
    assert!(ends[CLIENT].info().is_some());
    let sent = ends[CLIENT].stats().acks_sent;
    let due = ends[CLIENT].poll_timeout().unwrap();
    ends[CLIENT].handle_timeout(due);
    carry(&mut ends, CLIENT, due);
    assert_eq!(ends[CLIENT].stats().acks_sent, sent + 1);
    for len in 0..TICKET.len() {
        let ends = after(SERVER, HandshakeType::NEW_SESSION_TICKET, &TICKET[..len]);
        let field = "NewSessionTicket";
        let reason = failed(HandshakeError::Decode(DecodeError { field }));
        assert_eq!(ends[CLIENT].close_reason(), reason, "{len}");
    }
    let ends = after(CLIENT, HandshakeType::NEW_SESSION_TICKET, TICKET);
    let reason = failed(HandshakeError::UnexpectedMessage(4));
    assert_eq!(ends[SERVER].close_reason(), reason);
}

#[test]
fn what_has_no_place_after_the_handshake_ends_the_connection() {
    for from in [CLIENT, SERVER] {
        for kind in [
            HandshakeType::CLIENT_HELLO,
            HandshakeType::FINISHED,
            HandshakeType::CERTIFICATE_REQUEST,
            HandshakeType(99),
        ] {
            let ends = after(from, kind, &[0; 3]);
            let reason = failed(HandshakeError::UnexpectedMessage(kind.0));
            assert_eq!(ends[1 - from].close_reason(), reason);
            assert!(ends[1 - from].is_end_authentic());
        }
    }
}

#[test]
fn a_malformed_key_update_ends_the_connection() {
    let field = "KeyUpdate.request_update";
    let cases: [(&[u8], HandshakeError); 3] = [
        (&[2], HandshakeError::IllegalParameter(field)),
        (&[], HandshakeError::Decode(DecodeError { field })),
        (&[0, 0], HandshakeError::Decode(DecodeError { field })),
    ];
    for (body, error) in cases {
        let ends = after(CLIENT, HandshakeType::KEY_UPDATE, body);
        assert_eq!(ends[SERVER].close_reason(), failed(error));
    }
}

#[test]
fn a_finished_over_another_handshake_is_refused() {
    let now = tidewire_netsim::start();
    for body in [&[0; 32][..], &[], &[0; 31], &[0; 33]] {
        let mut ends = ends(now);
        carry(&mut ends, CLIENT, now);
        carry(&mut ends, SERVER, now);
        ends[CLIENT].cx.flight.replace_last(body);
        carry(&mut ends, CLIENT, now);
        assert_eq!(
            ends[SERVER].close_reason(),
            failed(HandshakeError::BadFinished)
        );
    }
}

#[test]
fn a_malformed_acknowledgement_is_dropped_and_one_of_nothing_does_nothing() {
    let now = tidewire_netsim::start();
    let mut ends = connected(now);
    let cases: [(&[u8], u64); 6] = [
        (&[], 1),
        (&[0], 2),
        (&[0, 1, 0], 3),
        (&[0, 15, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], 4),
        (&[0, 0, 0], 5),
        (&[0, 0], 5),
    ];
    for (content, malformed) in cases {
        let record = protected(
            &mut ends[CLIENT],
            Epoch::APPLICATION,
            ContentType::ACK,
            content,
        );
        ends[SERVER].handle_datagram(now, record);
        assert_eq!(ends[SERVER].stats().dropped.malformed, malformed);
    }
    assert!(ends[SERVER].info().is_some());
}

#[test]
fn data_under_the_keys_of_the_handshake_is_not_handed_out() {
    let now = tidewire_netsim::start();
    let mut ends = ends(now);
    carry(&mut ends, CLIENT, now);
    carry(&mut ends, SERVER, now);
    let data = ContentType::APPLICATION_DATA;
    let record = protected(&mut ends[CLIENT], Epoch::HANDSHAKE, data, b"too early");
    ends[SERVER].handle_datagram(now, record);
    let record = protected(&mut ends[CLIENT], Epoch::APPLICATION, data, b"early");
    ends[SERVER].handle_datagram(now, record);
    assert_eq!(ends[SERVER].poll_data(), None);
    carry(&mut ends, CLIENT, now);
    // Under keys that are for data it waits for its time.
    assert_eq!(ends[SERVER].poll_data().as_deref(), Some(&b"early"[..]));
    assert_eq!(ends[SERVER].poll_data(), None);
}

#[test]
fn a_fatal_alert_has_no_need_of_its_level_and_a_cancellation_is_no_end() {
    let now = tidewire_netsim::start();
    for (content, ends_it) in [([1, 90], false), ([1, 40], true), ([2, 40], true)] {
        let mut ends = connected(now);
        let kind = ContentType::ALERT;
        let record = protected(&mut ends[CLIENT], Epoch::APPLICATION, kind, &content);
        ends[SERVER].handle_datagram(now, record);
        assert_eq!(ends[SERVER].close_reason().is_some(), ends_it);
    }
}

#[test]
fn forged_records_neither_end_a_handshake_that_goes_on_nor_a_connection() {
    let now = tidewire_netsim::start();
    let mut ends = ends(now);
    carry(&mut ends, CLIENT, now);
    let forge = |end: &mut Connection| {
        for first in [0x2e, 0x2f, 0x2c, 0x2d, 0x20, 0x3f] {
            let mut forged = vec![first, 0, 0, 0, 40];
            forged.resize(45, 0xab);
            end.handle_datagram(now, BytesMut::from(&forged[..]));
        }
    };
    forge(&mut ends[SERVER]);
    forge(&mut ends[CLIENT]);
    for from in [SERVER, CLIENT, SERVER] {
        carry(&mut ends, from, now);
    }
    assert!(ends.iter().all(|end| end.info().is_some()));
    for end in &mut ends {
        forge(end);
        assert!(end.info().is_some() && end.stats().dropped.unauthentic > 0);
        let later = now + std::time::Duration::from_secs(3600);
        end.handle_timeout(later);
        assert!(end.info().is_some());
    }
}

#[test]
fn two_sides_with_different_keys_give_up_soon() {
    let now = tidewire_netsim::start();
    let mut ends = ends(now);
    carry(&mut ends, CLIENT, now);
    let mut datagram = Vec::new();
    assert!(ends[SERVER].poll_transmit(now, &mut datagram));
    // The last byte of the ServerHello, which is the last of the server's share.
    let hello = 13 + usize::from(u16::from_be_bytes([datagram[11], datagram[12]]));
    datagram[hello - 1] ^= 1;
    ends[CLIENT].handle_datagram(now, BytesMut::from(&datagram[..]));
    // The server says it again, since nothing comes back.
    let mut at = ends[SERVER].poll_timeout().unwrap();
    ends[SERVER].handle_timeout(at);
    datagram.clear();
    assert!(ends[SERVER].poll_transmit(at, &mut datagram));
    ends[CLIENT].handle_datagram(at, BytesMut::from(&datagram[..]));
    while ends[CLIENT].close_reason().is_none() {
        ends[CLIENT].handle_timeout(at);
        let mut out = Vec::new();
        while ends[CLIENT].poll_transmit(at, &mut out) {}
        assert!(at < now + std::time::Duration::from_secs(5));
        at = ends[CLIENT].poll_timeout().unwrap_or(at);
    }
    let reason = failed(HandshakeError::KeysDiffer);
    assert_eq!(ends[CLIENT].close_reason(), reason);
    assert!(
        !ends[CLIENT].is_end_authentic(),
        "anybody could have done that"
    );
}

#[test]
fn another_first_hello_is_told_apart_from_one_that_is_repeated() {
    let now = tidewire_netsim::start();
    let mut pair = ends(now);
    let mut hello = Vec::new();
    assert!(pair[CLIENT].poll_transmit(now, &mut hello));
    assert!(
        !pair[SERVER].is_other_client_hello(&hello),
        "nothing has begun"
    );
    pair[SERVER].handle_datagram(now, BytesMut::from(&hello[..]));
    assert!(!pair[SERVER].is_other_client_hello(&hello));
    // A byte of the random.
    let mut other = hello.clone();
    other[30] ^= 1;
    assert!(pair[SERVER].is_other_client_hello(&other));
    for len in 0..59 {
        assert!(!pair[SERVER].is_other_client_hello(&other[..len]));
    }
    assert!(!pair[CLIENT].is_other_client_hello(&other));
    assert!(matches!(pair[SERVER].state, State::Server(_)));
}

#[test]
fn a_flight_takes_as_few_records_as_its_datagrams_allow() {
    const MTU: usize = 300;
    let now = tidewire_netsim::start();
    let mut ends = ends(now);
    ends[SERVER].set_mtu(MTU);
    carry(&mut ends, CLIENT, now);
    let mut datagrams = Vec::new();
    let mut datagram = Vec::new();
    while ends[SERVER].poll_transmit(now, &mut datagram) {
        datagrams.push(std::mem::take(&mut datagram));
    }
    assert!(datagrams.len() > 2);
    let (last, full) = datagrams.split_last().unwrap();
    assert!(full.iter().all(|datagram| datagram.len() > MTU - 3));
    // The first begins with the ServerHello, in the clear.
    let hello = 13 + usize::from(u16::from_be_bytes([full[0][11], full[0][12]]));
    let protected = [&full[0][hello..], &full[1], last];
    for record in protected {
        let len = 5 + usize::from(u16::from_be_bytes([record[3], record[4]]));
        assert_eq!(len, record.len(), "one record");
    }
    for datagram in datagrams {
        ends[CLIENT].handle_datagram(now, BytesMut::from(&datagram[..]));
    }
    assert!(ends[CLIENT].info().is_some());
}

#[test]
fn what_a_peer_says_after_finished_under_the_same_keys_ends_the_handshake() {
    let now = tidewire_netsim::start();
    let mut ends = ends(now);
    carry(&mut ends, CLIENT, now);
    carry(&mut ends, SERVER, now);
    // Its number is the one after the client's Finished.
    let more = message(HandshakeType::FINISHED, 4, &[0; 32]);
    let handshake = ContentType::HANDSHAKE;
    let record = protected(&mut ends[CLIENT], Epoch::HANDSHAKE, handshake, &more);
    ends[SERVER].handle_datagram(now, record);
    assert_eq!(ends[SERVER].close_reason(), None);
    carry(&mut ends, CLIENT, now);
    let reason = failed(HandshakeError::UnexpectedMessage(20));
    assert_eq!(ends[SERVER].close_reason(), reason);
}

#[test]
fn a_record_that_is_too_long_ends_the_connection_and_one_that_cannot_be_read_does_not() {
    let now = tidewire_netsim::start();
    let mut ends = connected(now);
    let data = ContentType::APPLICATION_DATA;
    let longest = protected(&mut ends[CLIENT], Epoch::APPLICATION, data, &[7; 1 << 14]);
    let mut unreadable = BytesMut::from(&longest[..3]);
    unreadable.extend_from_slice(&((1_u16 << 14) + 257).to_be_bytes());
    unreadable.resize(5 + (1 << 14) + 257, 7);
    ends[SERVER].handle_datagram(now, unreadable);
    ends[SERVER].handle_datagram(now, longest);
    assert_eq!(
        ends[SERVER].poll_data().map(|data| data.len()),
        Some(1 << 14)
    );
    assert_eq!(ends[SERVER].stats().dropped.too_long, 1);
    ends[SERVER].cx.inbound.set_limit(64);
    let longer = protected(&mut ends[CLIENT], Epoch::APPLICATION, data, &[7; 65]);
    ends[SERVER].handle_datagram(now, longer);
    let overflow = CloseReason::RecordOverflow;
    assert_eq!(ends[SERVER].close_reason(), Some(overflow));
    carry(&mut ends, SERVER, now);
    let told = CloseReason::PeerAlert(AlertDescription::RECORD_OVERFLOW);
    assert_eq!(ends[CLIENT].close_reason(), Some(told));
}

#[test]
fn records_under_old_keys_are_read_for_four_minutes() {
    for (seconds, is_read) in [(239, true), (240, false)] {
        let now = tidewire_netsim::start();
        let mut ends = connected(now);
        let data = ContentType::APPLICATION_DATA;
        let late = protected(&mut ends[CLIENT], Epoch::APPLICATION, data, b"late");
        assert!(ends[CLIENT].update_keys(false));
        carry(&mut ends, CLIENT, now);
        assert_eq!(ends[SERVER].stats().key_updates_received, 1);
        let later = now + std::time::Duration::from_secs(seconds);
        ends[SERVER].handle_datagram(later, late);
        assert_eq!(ends[SERVER].poll_data().is_some(), is_read);
    }
}

#[test]
fn a_part_of_a_second_hello_is_acknowledged_and_stops_the_server_s_timer() {
    let now = tidewire_netsim::start();
    let both = [NamedGroup::X25519, NamedGroup::SECP256R1];
    let mut ends = ends_with(now, [&both, &both[1..]]);
    carry(&mut ends, CLIENT, now);
    carry(&mut ends, SERVER, now);
    ends[CLIENT].set_mtu(150);
    let mut first = Vec::new();
    assert!(ends[CLIENT].poll_transmit(now, &mut first));
    let deadline = ends[SERVER].retransmission.deadline();
    assert!(
        deadline.is_some(),
        "the retry is repeated until there is an answer"
    );
    ends[SERVER].handle_datagram(now, BytesMut::from(&first[..]));
    assert_eq!(ends[SERVER].retransmission.deadline(), None);
    let due = ends[SERVER].acks.deadline().unwrap();
    assert!(due < deadline.unwrap());
    ends[SERVER].handle_timeout(due);
    let mut ack = Vec::new();
    assert!(ends[SERVER].poll_transmit(due, &mut ack));
    assert_eq!((ack[0], &ack[3..5]), (ContentType::ACK.0, &[0, 0][..]));
    // The client leaves out what has arrived.
    while ends[CLIENT].poll_transmit(now, &mut Vec::new()) {}
    ends[CLIENT].handle_datagram(due, BytesMut::from(&ack[..]));
    carry(&mut ends, CLIENT, due);
    carry(&mut ends, SERVER, due);
    carry(&mut ends, CLIENT, due);
    assert!(ends.iter().all(|end| end.info().is_some()));
    assert_eq!(ends[CLIENT].stats().flights_retransmitted, 1);
}

#[test]
fn records_with_the_numbers_of_others_hide_nothing() {
    let now = tidewire_netsim::start();
    let mut ends = ends(now);
    for end in [CLIENT, SERVER] {
        for number in 0..20 {
            let mut forged = Vec::new();
            let version = ProtocolVersion::DTLS_1_2.0;
            Header::write_clear(
                ContentType::HANDSHAKE,
                version,
                number,
                &mut forged,
                |out| {
                    out.bytes(&message(HandshakeType(99), 7, b"forged"));
                },
            );
            ends[end].handle_datagram(now, BytesMut::from(&forged[..]));
        }
    }
    for from in [CLIENT, SERVER, CLIENT, SERVER] {
        carry(&mut ends, from, now);
    }
    assert!(ends.iter().all(|end| end.info().is_some()));
}

#[test]
fn an_acknowledgement_that_is_forged_in_the_clear_loses_nothing() {
    let mut now = tidewire_netsim::start();
    let both = [NamedGroup::X25519, NamedGroup::SECP256R1];
    let mut ends = ends_with(now, [&both, &both[1..]]);
    carry(&mut ends, CLIENT, now);
    // The retry gets lost, and somebody says that it has arrived.
    while ends[SERVER].poll_transmit(now, &mut Vec::new()) {}
    let mut forged = Vec::new();
    let version = ProtocolVersion::DTLS_1_2.0;
    Header::write_clear(ContentType::ACK, version, 99, &mut forged, |out| {
        out.vec16(|out| out.bytes(&[0; 16]));
    });
    ends[SERVER].handle_datagram(now, BytesMut::from(&forged[..]));
    assert_eq!(ends[SERVER].stats().acks_received, 1);
    assert_eq!(ends[SERVER].retransmission.deadline(), None);
    now = ends[CLIENT].poll_timeout().unwrap();
    ends[CLIENT].handle_timeout(now);
    for from in [CLIENT, SERVER, CLIENT, SERVER, CLIENT] {
        carry(&mut ends, from, now);
    }
    assert!(ends.iter().all(|end| end.info().is_some()));
}
