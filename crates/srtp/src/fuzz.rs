//! Bodies for fuzzing, called by the targets in the folder `fuzz` and, over its corpus, by the tests
//! below.

use std::collections::{BTreeMap, BTreeSet};

use bytes::BytesMut;
use tidewire_crypto::{Rng, rust_crypto};

use crate::{Config, DropReason, KeyingMaterial, Profile, ProtectError, Receiver, Sender, Stats};

/// Arbitrary bytes as RTP, as RTCP and as a state, under each profile. The first byte picks the
/// profile; every other length, from the front, is tried as a packet of its own.
pub fn unprotect(data: &[u8]) {
    let Some((choice, data)) = data.split_first() else {
        return;
    };
    let (mut sender, mut receiver) = contexts(profile(*choice));
    for len in [data.len(), data.len() / 2] {
        let data = &data[..len];
        assert!(receiver.unprotect_rtp(&mut BytesMut::from(data)).is_err());
        assert!(receiver.unprotect_rtcp(&mut BytesMut::from(data)).is_err());
        let mut packet = data.to_vec();
        if sender.protect_rtp(&mut packet, 0).is_ok() {
            let mut received = BytesMut::from(&packet[..]);
            receiver.unprotect_rtp(&mut received).expect("authentic");
            assert_eq!(received, data);
        } else {
            assert_eq!(packet, data);
        }
    }
    let state = data.to_vec().into();
    let (crypto, mut rng) = (rust_crypto::provider(), Rng::from_u64(2));
    if let Ok(sender) = Sender::from_state(&*crypto, &state, &mut rng) {
        assert_eq!(sender.into_state(), state);
    }
    if let Ok(receiver) = Receiver::from_state(&*crypto, &state, &mut rng) {
        assert_eq!(receiver.into_state(), state);
    }
}

/// A sequence of operations on a sender and a receiver: packets are protected, and arrive in any
/// order, twice, damaged or never; sequence numbers leap and roll over; contexts move elsewhere. What
/// is accepted has to be what a model of the receiver says.
pub fn operations(data: &[u8]) {
    let Some((choice, mut operations)) = data.split_first() else {
        return;
    };
    let mut world = World::new(profile(*choice));
    while let Some((operation, rest)) = operations.split_first_chunk::<3>() {
        operations = rest;
        world.step(*operation);
    }
}

fn profile(choice: u8) -> Profile {
    let all = [&Profile::ALL[..], &Profile::UNENCRYPTED].concat();
    all[usize::from(choice) % all.len()]
}

const WINDOW: u64 = 64;
const MAX_UNDER_WAY: usize = 64;

fn contexts(profile: Profile) -> (Sender, Receiver) {
    let exported = vec![9; profile.keying_material_len()];
    let keys = KeyingMaterial::split(profile, &exported).expect("as long as it says");
    let (crypto, mut rng) = (rust_crypto::provider(), Rng::from_u64(1));
    let config = Config {
        replay_window: WINDOW as usize,
        max_streams: 8,
    };
    let sender = Sender::new(&*crypto, profile, &keys.client, &config, &mut rng);
    let receiver = Receiver::new(&*crypto, profile, &keys.client, &config, &mut rng);
    (
        sender.expect("the provider has every profile"),
        receiver.expect("the provider has every profile"),
    )
}

#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
enum Stream {
    Rtp(u32),
    Rtcp(u32),
}

/// A packet that was protected, and what became of it.
#[derive(Clone)]
struct Packet {
    stream: Stream,
    index: u64,
    plain: Vec<u8>,
    protected: Vec<u8>,
}

struct World {
    sender: Sender,
    receiver: Receiver,
    /// The sequence number that comes next, by SSRC.
    next: BTreeMap<u32, u16>,
    reports: u64,
    under_way: Vec<Packet>,
    /// All indices that were accepted.
    accepted: BTreeMap<Stream, BTreeSet<u64>>,
    stats: Stats,
}

impl World {
    fn new(profile: Profile) -> Self {
        let (sender, receiver) = contexts(profile);
        Self {
            sender,
            receiver,
            next: BTreeMap::new(),
            reports: 0,
            under_way: Vec::new(),
            accepted: BTreeMap::new(),
            stats: Stats::default(),
        }
    }

    fn step(&mut self, [operation, what, how]: [u8; 3]) {
        let ssrc = u32::from(what % 3);
        match operation % 8 {
            0 | 1 => self.send_rtp(ssrc, u16::from(how % 4) + 1),
            // A leap of up to nearly half of all sequence numbers.
            2 => self.send_rtp(ssrc, u16::from(how) * 128 + 1),
            3 => self.send_rtcp(ssrc, how),
            4 => self.arrive(what, how & 1 != 0),
            5 => self.arrive_damaged(what, how),
            6 => self.repeat(what),
            _ if how == 0 => self.move_elsewhere(),
            _ => self.stray(what, how),
        }
        assert_eq!(self.receiver.stats(), self.stats);
    }

    fn send_rtp(&mut self, ssrc: u32, ahead: u16) {
        let next = self.next.entry(ssrc).or_insert(0xFFF0);
        let sequence = *next;
        *next = next.wrapping_add(ahead);
        let plain = rtp(sequence, ssrc);
        let mut protected = plain.clone();
        let result = self.sender.protect_rtp(&mut protected, 0);
        result.expect("its sequence number was not used before");
        let index = self.sender.newest_index(ssrc).expect("it is known");
        assert_eq!(index as u16, sequence);
        self.depart(Packet {
            stream: Stream::Rtp(ssrc),
            index,
            plain,
            protected,
        });
        // Nothing goes out under the same index again.
        let mut twice = rtp(sequence, ssrc);
        let refused = self.sender.protect_rtp(&mut twice, 0);
        assert_eq!(refused, Err(ProtectError::Repeated));
    }

    fn send_rtcp(&mut self, ssrc: u32, len: u8) {
        let mut plain = vec![0x80, 201, 0, 1];
        plain.extend_from_slice(&ssrc.to_be_bytes());
        plain.resize(8 + usize::from(len), len);
        let mut protected = plain.clone();
        let result = self.sender.protect_rtcp(&mut protected, 0);
        result.expect("the key is not used up");
        let index = self.reports;
        self.reports += 1;
        self.depart(Packet {
            stream: Stream::Rtcp(ssrc),
            index,
            plain,
            protected,
        });
    }

    fn depart(&mut self, packet: Packet) {
        if self.under_way.len() == MAX_UNDER_WAY {
            self.under_way.remove(0);
        }
        self.under_way.push(packet);
    }

    fn pick(&self, which: u8) -> Option<usize> {
        (!self.under_way.is_empty()).then(|| usize::from(which) % self.under_way.len())
    }

    fn arrive(&mut self, which: u8, stays: bool) {
        let Some(at) = self.pick(which) else { return };
        let packet = match stays {
            true => self.under_way[at].clone(),
            false => self.under_way.remove(at),
        };
        let expected = self.expected(&packet);
        let result = self.receive(packet.stream, &packet.protected);
        assert_eq!(result.as_ref().err(), expected.as_ref());
        if let Ok(received) = result {
            assert_eq!(received, packet.plain);
            let accepted = self.accepted.entry(packet.stream).or_default();
            assert!(accepted.insert(packet.index), "accepted twice");
        }
    }

    /// What a packet, as it was sent, has to be dropped for.
    fn expected(&self, packet: &Packet) -> Option<DropReason> {
        let known = self.accepted.get(&packet.stream);
        let newest = known.and_then(|known| known.last()).copied();
        if let Stream::Rtp(_) = packet.stream
            && let estimated = estimate(newest, packet.index as u16)
            && estimated != packet.index
        {
            // Taken for another one. Without the key, nobody makes it that one.
            let seen = known.is_some_and(|known| known.contains(&estimated));
            return Some(match newest {
                Some(newest) if newest.saturating_sub(estimated) >= WINDOW => DropReason::TooOld,
                _ if seen => DropReason::Replayed,
                _ => DropReason::Unauthentic,
            });
        }
        match (newest, known) {
            (Some(newest), _) if newest.saturating_sub(packet.index) >= WINDOW => {
                Some(DropReason::TooOld)
            }
            (_, Some(known)) if known.contains(&packet.index) => Some(DropReason::Replayed),
            _ => None,
        }
    }

    fn arrive_damaged(&mut self, which: u8, how: u8) {
        let Some(at) = self.pick(which) else { return };
        let packet = &self.under_way[at];
        let (stream, mut damaged) = (packet.stream, packet.protected.clone());
        match how & 1 {
            0 => {
                let bit = usize::from(how) * 11 % (8 * damaged.len());
                damaged[bit / 8] ^= 1 << (bit % 8);
            }
            _ => damaged.truncate(usize::from(how) % damaged.len()),
        }
        let result = self.receive(stream, &damaged);
        assert!(result.is_err(), "a damaged packet is accepted");
    }

    /// What was accepted comes once more.
    fn repeat(&mut self, which: u8) {
        let Some(at) = self.pick(which) else { return };
        self.arrive(which, true);
        let packet = self.under_way[at].clone();
        let result = self.receive(packet.stream, &packet.protected);
        assert!(result.is_err(), "accepted twice");
    }

    fn receive(&mut self, stream: Stream, packet: &[u8]) -> Result<Vec<u8>, DropReason> {
        let mut packet = BytesMut::from(packet);
        let result = match stream {
            Stream::Rtp(_) => self.receiver.unprotect_rtp(&mut packet).map(|_| ()),
            Stream::Rtcp(_) => self.receiver.unprotect_rtcp(&mut packet),
        };
        self.stats.count(result.err());
        result.map(|()| packet.to_vec())
    }

    /// Packets of a stream that nobody sends leave no trace.
    fn stray(&mut self, which: u8, how: u8) {
        let ssrc = 1000 + u32::from(which);
        let forged = [rtp(how.into(), ssrc), vec![how; 20]].concat();
        let result = self.receive(Stream::Rtp(ssrc), &forged);
        assert_eq!(result, Err(DropReason::Unauthentic));
        assert_eq!(self.receiver.newest_index(ssrc), None);
    }

    fn move_elsewhere(&mut self) {
        let profile = self.sender.profile();
        let (crypto, mut rng) = (rust_crypto::provider(), Rng::from_u64(3));
        let (sender, receiver) = contexts(profile);
        let state = std::mem::replace(&mut self.sender, sender).into_state();
        let moved = Sender::from_state(&*crypto, &state, &mut rng);
        self.sender = moved.expect("a state that was exported");
        let state = std::mem::replace(&mut self.receiver, receiver).into_state();
        let moved = Receiver::from_state(&*crypto, &state, &mut rng);
        self.receiver = moved.expect("a state that was exported");
        self.stats = Stats::default();
    }
}

/// RFC 3711 section 3.3.1, in the words of its appendix A.
fn estimate(newest: Option<u64>, sequence: u16) -> u64 {
    let Some(newest) = newest else {
        return sequence.into();
    };
    let rollover = (newest >> 16) as i64;
    let candidates = [rollover - 1, rollover, rollover + 1].into_iter();
    let candidates = candidates.filter(|rollover| *rollover >= 0);
    let indices = candidates.map(|rollover| (rollover as u64) << 16 | u64::from(sequence));
    let nearest = indices.min_by_key(|index| index.abs_diff(newest));
    nearest.expect("one of them is not negative")
}

fn rtp(sequence: u16, ssrc: u32) -> Vec<u8> {
    let mut packet = vec![0x90, 96];
    packet.extend_from_slice(&sequence.to_be_bytes());
    packet.extend_from_slice(&[0, 0, 0, 7]);
    packet.extend_from_slice(&ssrc.to_be_bytes());
    packet.extend_from_slice(&[0xBE, 0xDE, 0, 1, 0x10, 5, 0, 0]);
    packet.extend_from_slice(&[sequence as u8; 24][..usize::from(sequence) % 25]);
    packet
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use tidewire_netsim::for_each_corpus_entry;

    use super::*;

    #[test]
    fn the_corpus_is_handled() {
        for_each_corpus_entry("srtp_unprotect", unprotect);
        for_each_corpus_entry("srtp_operations", operations);
    }

    #[test]
    fn every_truncation_of_the_corpus_is_handled() {
        for_each_corpus_entry("srtp_unprotect", |seed| {
            for len in 0..seed.len() {
                unprotect(&seed[..len]);
            }
        });
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]

        #[test]
        fn any_order_of_operations_is_handled(
            data in prop::collection::vec(any::<u8>(), 0..600),
        ) {
            operations(&data);
        }

        #[test]
        fn any_bytes_are_handled(data in prop::collection::vec(any::<u8>(), 0..200)) {
            unprotect(&data);
        }
    }
}
