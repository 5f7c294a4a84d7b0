//! What only somebody who holds the connection's own keys can try.

use std::sync::Arc;
use std::time::Instant;

use bytes::BytesMut;
use tidewire_crypto::{HashAlgorithm, Rng, rust_crypto};

use super::Connection;
use crate::certificate::{Certificate, ValidityOptions};
use crate::config::Config;
use crate::error::{CloseReason, HandshakeError};
use crate::event::Role;
use crate::record::{Epoch, Header};
use crate::wire::{AlertDescription, ContentType, DecodeError, HandshakeType, ProtocolVersion};

fn ends(now: Instant) -> [Connection; 2] {
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
        config.versions = vec![ProtocolVersion::DTLS_1_2];
        let expected = vec![certificates[1 - own].fingerprint(HashAlgorithm::Sha256)];
        let rng = Rng::from_u64(own as u64);
        Connection::new(Arc::new(config), role, expected, rng, now).unwrap()
    })
}

/// Carries everything that `from` has to say, but for records of the protected epoch.
fn carry_clear(from: &mut Connection, to: &mut Connection, now: Instant) {
    let mut datagram = Vec::new();
    while from.poll_transmit(now, &mut datagram) {
        let mut rest = &datagram[..];
        while let Some(header) = Header::decode(rest) {
            let (record, others) = rest.split_at(Header::LEN + header.length);
            if header.epoch == 0 {
                to.handle_datagram(now, BytesMut::from(record));
            }
            rest = others;
        }
        datagram.clear();
    }
}

/// A record under the keys of `from`.
fn protected(from: &mut Connection, kind: ContentType, content: &[u8]) -> BytesMut {
    let mut record = Vec::new();
    let written = from
        .cx
        .outbound
        .write(Epoch::PROTECTED, kind, &mut record, |out| {
            out.bytes(content);
        });
    assert!(written.is_ok());
    BytesMut::from(&record[..])
}

fn message(kind: HandshakeType, sequence: u8, body: &[u8]) -> Vec<u8> {
    let len = [0, 0, body.len() as u8];
    [&[kind.0][..], &len, &[0, sequence, 0, 0, 0], &len, body].concat()
}

/// A server that awaits Finished, and the client that has it.
fn before_finished(now: Instant) -> [Connection; 2] {
    let [mut client, mut server] = ends(now);
    carry_clear(&mut client, &mut server, now);
    carry_clear(&mut server, &mut client, now);
    carry_clear(&mut client, &mut server, now);
    [client, server]
}

/// Carries everything both ways until nobody has anything to say.
fn carry_all(ends: &mut [Connection; 2], now: Instant) {
    let mut datagram = Vec::new();
    for from in [0, 1, 0, 1] {
        while ends[from].poll_transmit(now, &mut datagram) {
            ends[1 - from].handle_datagram(now, BytesMut::from(&datagram[..]));
            datagram.clear();
        }
    }
}

/// A record in the clear, as anybody can write it.
fn clear(kind: ContentType, content: &[u8]) -> BytesMut {
    let mut record = Vec::new();
    Header::write_clear(
        kind,
        ProtocolVersion::DTLS_1_2.0,
        crate::tests::next_record(),
        &mut record,
        |out| out.bytes(content),
    );
    BytesMut::from(&record[..])
}

const BAD_FINISHED: Option<CloseReason> = Some(CloseReason::Handshake(HandshakeError::BadFinished));

#[test]
fn a_server_refuses_a_finished_over_another_handshake() {
    let now = tidewire_netsim::start();
    for body in [&[0; 12][..], &[], &[0; 11], &[0; 13]] {
        let [mut client, mut server] = before_finished(now);
        let finished = message(HandshakeType::FINISHED, 4, body);
        let record = protected(&mut client, ContentType::HANDSHAKE, &finished);
        server.handle_datagram(now, record);
        assert_eq!(server.close_reason(), BAD_FINISHED);
        assert_eq!(server.info(), None);
    }
}

#[test]
fn a_client_refuses_a_finished_over_another_handshake() {
    let now = tidewire_netsim::start();
    for body in [&[0; 12][..], &[], &[0; 11], &[0; 13]] {
        let [mut client, mut server] = before_finished(now);
        // The server's own answer is lost; it has keys all the same.
        let finished = message(HandshakeType::FINISHED, 5, body);
        let record = protected(&mut server, ContentType::HANDSHAKE, &finished);
        client.handle_datagram(now, record);
        assert_eq!(client.close_reason(), BAD_FINISHED);
        assert_eq!(client.info(), None);
    }
}

#[test]
fn data_of_a_client_that_has_not_finished_is_not_handed_out() {
    let now = tidewire_netsim::start();
    let [mut client, mut server] = before_finished(now);
    let record = protected(&mut client, ContentType::APPLICATION_DATA, b"too early");
    server.handle_datagram(now, record);
    assert_eq!(server.poll_data(), None);
    assert_eq!(server.info(), None);
}

#[test]
fn renegotiation_is_declined_and_the_connection_goes_on() {
    let now = tidewire_netsim::start();
    for asking in [0, 1] {
        let mut ends = ends(now);
        carry_all(&mut ends, now);
        let mut datagram = Vec::new();
        let kinds = [HandshakeType::CLIENT_HELLO, HandshakeType::HELLO_REQUEST];
        let request = message(kinds[asking], 6, &[]);
        let record = protected(&mut ends[asking], ContentType::HANDSHAKE, &request);
        ends[1 - asking].handle_datagram(now, record);
        let expected = Some((super::WARNING, AlertDescription::NO_RENEGOTIATION));
        assert_eq!(ends[1 - asking].alert, expected);
        while ends[1 - asking].poll_transmit(now, &mut datagram) {
            ends[asking].handle_datagram(now, BytesMut::from(&datagram[..]));
            datagram.clear();
        }
        assert!(ends.iter().all(|end| end.info().is_some()));
    }
}

#[test]
fn a_protected_fatal_alert_ends_the_connection_and_a_warning_does_not() {
    let now = tidewire_netsim::start();
    let [mut client, mut server] = before_finished(now);
    let warning = protected(&mut client, ContentType::ALERT, &[1, 90]);
    server.handle_datagram(now, warning);
    assert_eq!(server.close_reason(), None);
    let fatal = protected(&mut client, ContentType::ALERT, &[2, 40]);
    server.handle_datagram(now, fatal);
    let reason = CloseReason::PeerAlert(AlertDescription::HANDSHAKE_FAILURE);
    assert_eq!(server.close_reason(), Some(reason));
}

#[test]
fn a_malformed_alert_ends_the_connection_when_it_is_protected() {
    let now = tidewire_netsim::start();
    let decode = HandshakeError::Decode(DecodeError { field: "Alert" });
    let level = HandshakeError::IllegalParameter("AlertLevel");
    let cases: [(&[u8], HandshakeError); 5] = [
        (&[], decode),
        (&[2], decode),
        (&[2, 40, 0], decode),
        (&[0, 40], level),
        (&[3, 40], level),
    ];
    for (malformed, error) in cases {
        let [mut client, mut server] = before_finished(now);
        let alert = protected(&mut client, ContentType::ALERT, malformed);
        server.handle_datagram(now, alert);
        assert_eq!(server.close_reason(), Some(CloseReason::Handshake(error)));
    }
}

#[test]
fn a_record_that_came_too_early_pins_no_arena() {
    const ARENA: usize = 1 << 20;
    let now = tidewire_netsim::start();
    let [_, mut server] = ends(now);
    let mut arena = BytesMut::with_capacity(ARENA);
    arena.extend_from_slice(&[23, 0xfe, 0xfd, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1, 7]);
    let record = arena.split();
    server.handle_datagram(now, record);
    assert_eq!(server.early.len(), 1);
    assert!(arena.try_reclaim(ARENA), "the record is still in the arena");
}

#[test]
fn what_came_too_early_is_bounded_in_number_and_in_bytes() {
    let now = tidewire_netsim::start();
    for (body, kept) in [(1, 8), (1200, 8), (5000, 3), (16_384, 0)] {
        let [_, mut server] = ends(now);
        for _ in 0..10 {
            let mut record = vec![23, 0xfe, 0xfd, 0, 1, 0, 0, 0, 0, 0, 0];
            record.extend_from_slice(&(body as u16).to_be_bytes());
            record.resize(Header::LEN + body, 7);
            server.handle_datagram(now, BytesMut::from(&record[..]));
        }
        assert_eq!(server.early.len(), kept, "{body}");
        assert_eq!(server.stats().dropped.overflow, 10 - kept as u64);
    }
}

#[test]
fn a_connected_end_keeps_and_takes_no_messages_in_the_making() {
    let now = tidewire_netsim::start();
    let mut ends = ends(now);
    // The first fragment of a long message that never comes, several messages ahead.
    let forged = [&[11, 0, 64, 0, 0, 7, 0, 0, 0, 0, 0, 1][..], &[9]].concat();
    for end in &mut ends {
        end.handle_datagram(now, clear(ContentType::HANDSHAKE, &forged));
        assert_eq!(end.reassembler.buffered(), 16_384);
    }
    carry_all(&mut ends, now);
    assert!(ends.iter().all(|end| end.info().is_some()));
    assert!(ends.iter().all(|end| end.reassembler.buffered() == 0));
    let [mut client, mut server] = ends;
    let more = message(HandshakeType::FINISHED, 6, &[0; 200]);
    let record = protected(&mut client, ContentType::HANDSHAKE, &more);
    server.handle_datagram(now, record);
    assert_eq!(server.reassembler.buffered(), 0);
    assert_eq!(server.stats().dropped.bad_fragment, 1);
    let error = HandshakeError::UnexpectedMessage(HandshakeType::FINISHED.0);
    assert_eq!(server.close_reason(), Some(CloseReason::Handshake(error)));
}

#[test]
fn records_of_no_length_and_other_changes_of_cipher_are_counted_as_malformed() {
    let now = tidewire_netsim::start();
    let [mut client, _] = ends(now);
    let malformed: [(ContentType, &[u8]); 6] = [
        (ContentType::HANDSHAKE, &[]),
        (ContentType::CHANGE_CIPHER_SPEC, &[]),
        (ContentType::CHANGE_CIPHER_SPEC, &[2]),
        (ContentType::CHANGE_CIPHER_SPEC, &[1, 1]),
        (ContentType::ALERT, &[]),
        (ContentType::ALERT, &[2]),
    ];
    for (kind, content) in malformed {
        client.handle_datagram(now, clear(kind, content));
    }
    client.handle_datagram(now, clear(ContentType::CHANGE_CIPHER_SPEC, &[1]));
    assert_eq!(client.stats().dropped.malformed, malformed.len() as u64);
    assert_eq!(client.close_reason(), None);
}

#[test]
fn who_gives_up_waiting_says_goodbye() {
    let now = tidewire_netsim::start();
    let [mut client, _] = ends(now);
    while client.poll_transmit(now, &mut Vec::new()) {}
    let late = now + client.cx.config.handshake_timeout;
    client.handle_timeout(late);
    assert_eq!(client.close_reason(), Some(CloseReason::TimedOut));
    let mut farewell = Vec::new();
    assert!(client.poll_transmit(late, &mut farewell));
    // A warning that nothing follows would leave the peer waiting.
    assert_eq!(farewell[0], ContentType::ALERT.0);
    assert_eq!(farewell[Header::LEN..], [1, 0]);
}
