//! Fuzz bodies: what `fuzz/` feeds with arbitrary bytes, and unit tests feed with some.

mod negotiation;

use std::time::{Duration, Instant};

use tidewire_crypto::Rng;

pub use negotiation::negotiation;

use crate::{
    Configuration, Datagram, IceCandidateInit, PeerConnection, SdpType, SessionDescription,
};

/// Lets `data` drive a connection: each step is an operation, then an argument.
///
/// # Panics
/// When an invariant breaks; that is the point.
pub fn peer_connection(now: Instant, data: &[u8]) {
    let mut input = Input(data);
    let mut peer = Driven::new(now, 1);
    let mut other = Driven::new(now, 2);
    while let Some(operation) = input.byte() {
        peer.step(operation, &mut input, &mut other);
        peer.drain(&mut other);
        other.drain(&mut peer);
    }
    peer.connection.close(peer.now);
    peer.drain(&mut other);
    assert!(
        peer.connection.is_drained(),
        "a closed connection has nothing to say"
    );
    assert_eq!(
        peer.connection.poll_timeout(),
        None,
        "nor anything to wait for"
    );
}

/// Reads `data` as a remote offer, and answers it when it can be.
pub fn remote_offer(now: Instant, data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let mut peer = Driven::new(now, 3);
    let offer = SessionDescription::offer(text);
    if peer.connection.set_remote_description(now, &offer).is_ok() {
        let answer = peer
            .connection
            .create_answer()
            .expect("an accepted offer can be answered");
        peer.connection
            .set_local_description(now, &answer)
            .expect("our own answer");
        crate::sdp::SessionDescription::parse(&answer.sdp).expect("what we write can be read");
    }
}

struct Input<'a>(&'a [u8]);

impl<'a> Input<'a> {
    fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*first)
    }

    /// Up to 255 bytes, as many as the next one says.
    fn bytes(&mut self) -> &'a [u8] {
        let len = usize::from(self.byte().unwrap_or(0)).min(self.0.len());
        let (taken, rest) = self.0.split_at(len);
        self.0 = rest;
        taken
    }

    fn text(&mut self) -> String {
        String::from_utf8_lossy(self.bytes()).into_owned()
    }
}

struct Driven {
    connection: PeerConnection,
    now: Instant,
    port: u16,
    last_sent: Vec<u8>,
}

impl Driven {
    fn new(now: Instant, number: u8) -> Self {
        let rng = Rng::from_u64(number.into());
        let mut connection = PeerConnection::new(Configuration::default(), rng, now)
            .expect("the default configuration is usable");
        let port = 1000 + u16::from(number);
        connection.add_local_address(now, ([192, 0, 2, number], port).into());
        Self {
            connection,
            now,
            port,
            last_sent: Vec::new(),
        }
    }

    fn step(&mut self, operation: u8, input: &mut Input<'_>, other: &mut Self) {
        let (now, connection) = (self.now, &mut self.connection);
        match operation % 17 {
            0 => drop(connection.create_offer()),
            1 => drop(connection.create_answer()),
            2 => {
                let kind = [
                    SdpType::Offer,
                    SdpType::Answer,
                    SdpType::Pranswer,
                    SdpType::Rollback,
                ][usize::from(input.byte().unwrap_or(0) % 4)];
                let description = SessionDescription {
                    kind,
                    sdp: String::new(),
                };
                drop(connection.set_local_description(now, &description));
            }
            3 => {
                let offer = SessionDescription::offer(input.text());
                drop(connection.set_remote_description(now, &offer));
            }
            4 => self.negotiate(other),
            5 => other.negotiate(self),
            6 => {
                let candidate = IceCandidateInit {
                    candidate: input.text(),
                    ..Default::default()
                };
                drop(connection.add_ice_candidate(now, &candidate));
            }
            7 => connection.restart_ice(),
            8 => drop(connection.create_data_channel(now, &input.text(), Default::default())),
            9 => self.forge(input.bytes().to_vec()),
            10 => {
                let mut packet = self.last_sent.clone();
                let (at, with) = (input.byte().unwrap_or(0), input.byte().unwrap_or(0));
                if let Some(byte) = packet.get_mut(usize::from(at)) {
                    *byte ^= with;
                }
                other.forge(packet);
            }
            11 => self.pass_time(u64::from(input.byte().unwrap_or(0))),
            12 => self.pass_time(1000 * u64::from(input.byte().unwrap_or(0))),
            13 => connection.finish_gathering(now),
            14 => drop(connection.stats()),
            15 => {
                let (local, remote) = (([192, 0, 2, 1], self.port), ([192, 0, 2, 2], 1002));
                connection.handle_unreachable(now, local.into(), remote.into());
            }
            _ => connection.close(now),
        }
    }

    fn negotiate(&mut self, other: &mut Self) {
        let (now, offerer, answerer) = (self.now, &mut self.connection, &mut other.connection);
        let Ok(offer) = offerer.create_offer() else {
            return;
        };
        if offerer.set_local_description(now, &offer).is_err() {
            return;
        }
        let offer = offerer.local_description().expect("it was just set");
        if answerer.set_remote_description(now, &offer).is_err() {
            return;
        }
        let Ok(answer) = answerer.create_answer() else {
            return;
        };
        answerer
            .set_local_description(now, &answer)
            .expect("our own answer");
        let answer = answerer.local_description().expect("it was just set");
        drop(offerer.set_remote_description(now, &answer));
    }

    fn forge(&mut self, packet: Vec<u8>) {
        let (local, remote) = (
            ([192, 0, 2, 1], self.port).into(),
            ([192, 0, 2, 9], 9).into(),
        );
        self.connection
            .handle_datagram(self.now, Datagram::copied(local, remote, &packet));
    }

    fn pass_time(&mut self, milliseconds: u64) {
        self.now += Duration::from_millis(milliseconds);
        self.connection.handle_timeout(self.now);
    }

    fn drain(&mut self, other: &mut Self) {
        let mut buf = Vec::new();
        // Both may have much to say: the bound keeps a run short.
        for _ in 0..64 {
            buf.clear();
            let Some(sent) = self.connection.poll_transmit(self.now, 1, &mut buf) else {
                break;
            };
            assert!(buf.len() <= 1500, "a datagram of {} bytes", buf.len());
            other
                .connection
                .handle_datagram(other.now, Datagram::copied(sent.remote, sent.local, &buf));
            self.last_sent.clone_from(&buf);
        }
        while self.connection.poll_event().is_some() {}
        while self.connection.poll_router_event().is_some() {}
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use tidewire_netsim::for_each_corpus_entry;

    use super::*;

    #[test]
    fn every_seed_of_the_corpus_is_handled() {
        let now = tidewire_netsim::start();
        for_each_corpus_entry("peer_connection", |data| peer_connection(now, data));
        for_each_corpus_entry("negotiation", |data| negotiation(now, data));
        for_each_corpus_entry("remote_offer", |data| remote_offer(now, data));
    }

    #[test]
    fn a_whole_life_of_operations_runs_through() {
        let life = [
            &[
                8, 4, b'c', b'h', b'a', b't', 4, 11, 50, 11, 50, 11, 50, 10, 3, 9, 7, 4, 12, 30,
            ][..],
            &[9, 3, 20, 254, 253, 14, 15, 4, 8, 0][..],
        ];
        peer_connection(tidewire_netsim::start(), &life.concat());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn arbitrary_operations_never_panic(data in proptest::collection::vec(any::<u8>(), 0..200)) {
            peer_connection(tidewire_netsim::start(), &data);
        }

        #[test]
        fn a_truncated_offer_is_refused_or_answered(cut in 0_usize..2000) {
            let offer = include_str!("../../testdata/chromium-156-offer-audio-video-data.sdp");
            remote_offer(tidewire_netsim::start(), &offer.as_bytes()[..cut.min(offer.len())]);
        }
    }
}
