//! Fuzz bodies over whole endpoints, the association included.

use std::time::{Duration, Instant};

use tidewire_crypto::Rng;
use tidewire_sctp as sctp;

use super::{Calls, init, start};
use crate::{ChannelId, Config, Endpoint, Role};

/// Calls two endpoints in any order over a network that loses what `data` says.
pub fn endpoints(data: &[u8]) {
    let mut pair = Pair::new();
    let mut calls = Calls { rest: data };
    while !calls.rest.is_empty() {
        pair.call(&mut calls);
    }
    pair.finish();
}

/// Hands an endpoint packets that claim to be its peer's: `data` after the association is up.
pub fn packets(data: &[u8]) {
    let mut pair = Pair::new();
    for end in &mut pair.ends {
        end.connect(pair.now);
    }
    pair.settle();
    let mut calls = Calls { rest: data };
    while !calls.rest.is_empty() {
        let len = usize::from(calls.byte()) * 4;
        let mut packet = calls.take(len).to_vec();
        pair.imitate(&mut packet);
        pair.ends[0].handle_packet(pair.now, packet.into());
        pair.settle();
    }
    pair.finish();
}

struct Pair {
    ends: [Endpoint; 2],
    now: Instant,
    /// The header of the last packet that the second end sent, which forgeries take.
    header: [u8; 8],
    /// The TSN that the first end expects of the second.
    next_tsn: u32,
}

impl Pair {
    fn new() -> Self {
        let now = start();
        let config = Config {
            max_channels: 20,
            max_incoming_text: 400,
            max_buffered: 4000,
            max_fragmented_message: 60,
            max_fragments_total: 100,
        };
        let end = |seed| {
            let rng = Rng::from_u64(seed);
            Endpoint::new(config.clone(), sctp::Config::default(), rng, now)
        };
        let mut pair = Self {
            ends: [end(1), end(2)],
            now,
            header: [0; 8],
            next_tsn: 0,
        };
        pair.ends[0].set_role(now, Role::DtlsClient);
        pair.ends[1].set_role(now, Role::DtlsServer);
        pair
    }

    fn call(&mut self, calls: &mut Calls<'_>) {
        let (op, pick) = (calls.byte(), calls.byte());
        let at = usize::from(op & 1);
        let channel = self.channel(at, pick);
        let (now, end) = (self.now, &mut self.ends[at]);
        match (op >> 1) % 12 {
            0 => end.connect(now),
            1 => _ = end.create(now, "label", init(pick, None)),
            2 => _ = end.create(now, "agreed", init(pick, Some(u16::from(pick % 16)))),
            3 => {
                let message = calls.message();
                _ = channel.map(|id| end.send(now, id, message));
            }
            4 => _ = channel.map(|id| end.receive(id)),
            5 => _ = channel.map(|id| end.close(now, id)),
            6 => _ = end.poll_event(),
            7 | 8 => _ = self.carry(at, pick % 4 == 0),
            9 => self.wait(pick),
            10 => self.settle(),
            _ => match pick % 16 {
                0 => end.abort(now),
                1 => end.shutdown(now),
                2 => end.reset(now),
                _ => _ = channel.map(|id| end.buffered_amount(id)),
            },
        }
    }

    fn channel(&self, at: usize, pick: u8) -> Option<ChannelId> {
        let ids: Vec<_> = self.ends[at].channels().collect();
        let index = usize::from(pick).checked_rem(ids.len())?;
        Some(ids[index])
    }

    /// Carries one packet, or loses it; `false` if there is none.
    fn carry(&mut self, from: usize, lose: bool) -> bool {
        let mut packet = Vec::new();
        if !self.ends[from].poll_transmit(self.now, &mut packet) {
            return false;
        }
        if from == 1 {
            self.observe(&packet);
        }
        if !lose {
            self.ends[1 - from].handle_packet(self.now, packet.into());
        }
        true
    }

    /// Learns from a packet of the second end what forgeries of it look like.
    fn observe(&mut self, packet: &[u8]) {
        let Some((common, chunk)) = packet.split_first_chunk::<12>() else {
            return;
        };
        self.header.copy_from_slice(&common[..8]);
        // The initial TSN of INIT and INIT ACK, and that of DATA (RFC 9260 sections 3.3.1 to 3.3.3).
        let (at, ahead) = match chunk.first() {
            Some(1 | 2) => (16, 0),
            Some(0) => (4, 1),
            _ => return,
        };
        if let Some(tsn) = chunk.get(at..).and_then(|rest| rest.first_chunk()) {
            self.next_tsn = u32::from_be_bytes(*tsn).wrapping_add(ahead);
        }
    }

    fn settle(&mut self) {
        // A bound, for whatever makes the two talk without an end would be found here.
        for _ in 0..2000 {
            if !self.carry(0, false) & !self.carry(1, false) {
                return;
            }
        }
        panic!("the endpoints do not come to rest");
    }

    fn wait(&mut self, pick: u8) {
        self.now += Duration::from_millis(1 << (pick % 14));
        for end in &mut self.ends {
            end.handle_timeout(self.now);
        }
    }

    /// Makes a forgery such that it is heard: header, checksum and, where it is DATA, the TSN.
    fn imitate(&mut self, packet: &mut Vec<u8>) {
        packet.splice(..0, self.header.into_iter().chain([0; 4]));
        if packet.get(12) == Some(&0) && packet.len() >= 28 {
            packet[16..20].copy_from_slice(&self.next_tsn.to_be_bytes());
            self.next_tsn = self.next_tsn.wrapping_add(1);
        }
        let checksum = crc32c(packet).to_le_bytes();
        packet[8..12].copy_from_slice(&checksum);
    }

    /// Ends all, after which nothing may be left.
    fn finish(&mut self) {
        for end in &mut self.ends {
            end.disconnect(self.now);
            let ids: Vec<_> = end.channels().collect();
            for id in ids {
                while end.receive(id).is_some() {}
            }
            while end.poll_event().is_some() {}
            assert_eq!(
                end.channels().count(),
                0,
                "a channel outlives its association"
            );
            assert_eq!(end.poll_timeout(), None, "a timer outlives its association");
        }
    }
}

/// The checksum of SCTP (RFC 9260 appendix A), bit by bit.
fn crc32c(bytes: &[u8]) -> u32 {
    let step = |crc: u32, _| (crc >> 1) ^ (0x82f6_3b78 * (crc & 1));
    !bytes
        .iter()
        .fold(!0, |crc, byte| (0..8).fold(crc ^ u32::from(*byte), step))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_forged_open_is_heard() {
        let mut pair = Pair::new();
        pair.ends[0].connect(pair.now);
        pair.settle();
        let mut open = vec![0, 7, 0, 28, 0, 0, 0, 0, 0, 3, 0, 0, 0, 0, 0, 50];
        open.extend([3, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
        pair.imitate(&mut open);
        pair.ends[0].handle_packet(pair.now, open.into());
        assert_eq!(pair.ends[0].channels().count(), 1);
    }

    #[test]
    fn the_checksum_is_that_of_the_rfc() {
        assert_eq!(crc32c(b"123456789"), 0xe306_9283);
    }

    proptest! {
        #[test]
        fn any_order_of_calls_on_endpoints_is_handled(
            data in proptest::collection::vec(any::<u8>(), 0..400)
        ) {
            endpoints(&data);
        }

        #[test]
        fn any_order_of_calls_on_connected_endpoints_is_handled(
            data in proptest::collection::vec(any::<u8>(), 0..400)
        ) {
            // Both connect, and the packets go to and fro.
            let connected = [&[0, 0, 1, 0, 20, 0][..], &data].concat();
            endpoints(&connected);
        }

        #[test]
        fn any_packets_are_handled(data in proptest::collection::vec(any::<u8>(), 0..400)) {
            packets(&data);
        }

        #[test]
        fn any_data_chunks_are_handled(
            chunks in proptest::collection::vec((0_u8..16, 49_u8..55, any::<u8>()), 0..20)
        ) {
            let mut data = Vec::new();
            for (stream, ppid, fill) in chunks {
                // One whole, unordered DATA chunk with the head of an OPEN, or with anything.
                let open = [3, fill & 0x83, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0];
                let payload = if fill % 3 == 0 { [fill; 12] } else { open };
                data.push(7);
                data.extend([0, 7, 0, 28, 0, 0, 0, 0, 0, stream, 0, 0, 0, 0, 0, ppid]);
                data.extend(payload);
            }
            packets(&data);
        }
    }
}
