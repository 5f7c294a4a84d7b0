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
use crate::wire::{AlertDescription, ContentType, HandshakeType};

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
        let config = Config::new(crypto.clone(), certificates[own].clone());
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
        .write(Epoch::Protected, kind, &mut record, |out| {
            out.bytes(content);
        });
    assert_eq!(written, Ok(()));
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
        let mut datagram = Vec::new();
        for from in [0, 1, 0, 1] {
            while ends[from].poll_transmit(now, &mut datagram) {
                ends[1 - from].handle_datagram(now, BytesMut::from(&datagram[..]));
                datagram.clear();
            }
        }
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
    for malformed in [&[][..], &[2], &[2, 40, 0]] {
        let alert = protected(&mut client, ContentType::ALERT, malformed);
        server.handle_datagram(now, alert);
    }
    assert_eq!(server.close_reason(), None);
    assert_eq!(server.stats().dropped.malformed, 3);
    let fatal = protected(&mut client, ContentType::ALERT, &[2, 40]);
    server.handle_datagram(now, fatal);
    let reason = CloseReason::PeerAlert(AlertDescription::HANDSHAKE_FAILURE);
    assert_eq!(server.close_reason(), Some(reason));
}
