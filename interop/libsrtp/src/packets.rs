//! What is sent.

use libsrtp_interop::Protocol;
use tidewire_crypto::Rng;

pub const SOURCES: [u32; 3] = [1, 2, 0xFEDC_BA98];
const SOURCE_BYTE: u8 = 7;

/// Packets of several sources in turn.
pub struct Packets {
    protocol: Protocol,
    count: usize,
    sequences: [u16; SOURCES.len()],
}

impl Packets {
    pub fn new(protocol: Protocol) -> Self {
        Self {
            protocol,
            count: 0,
            // One in the beginning, one that rolls over on its way, and one that does so at once.
            sequences: [1, 0xFF00, 0xFFF8],
        }
    }

    pub fn next(&mut self, rng: &mut Rng) -> Vec<u8> {
        let source = self.count % SOURCES.len();
        self.count += 1;
        let mut packet = match self.protocol {
            Protocol::Rtp => self.rtp(source, rng),
            Protocol::Rtcp => rtcp(SOURCES[source]),
        };
        // Compound RTCP packets consist of words.
        let words = rng.next_u32() as usize % 300;
        let odd = rng.next_u32() as usize % 4 * usize::from(self.protocol == Protocol::Rtp);
        let head = packet.len();
        packet.resize(head + 4 * words + odd, 0);
        rng.fill(&mut packet[head..]);
        packet
    }

    fn rtp(&mut self, source: usize, rng: &mut Rng) -> Vec<u8> {
        let shape = rng.next_u32();
        let (sources, has_extension) = (shape as u8 % 4, shape & 0x100 != 0);
        let sequence = &mut self.sequences[source];
        *sequence = sequence.wrapping_add(1);
        let mut packet = vec![0x80 | sources | u8::from(has_extension) << 4, 96];
        packet.extend_from_slice(&sequence.to_be_bytes());
        packet.extend_from_slice(&rng.array::<4>());
        packet.extend_from_slice(&SOURCES[source].to_be_bytes());
        packet.resize(packet.len() + 4 * usize::from(sources), SOURCE_BYTE);
        if has_extension {
            let words = shape >> 16 & 7;
            packet.extend_from_slice(&[0xBE, 0xDE, 0, words as u8]);
            packet.resize(packet.len() + 4 * words as usize, 0);
        }
        packet
    }
}

fn rtcp(ssrc: u32) -> Vec<u8> {
    [&[0x80, 201, 0, 1][..], &ssrc.to_be_bytes()].concat()
}

pub fn shuffle<T>(packets: &mut [T], rng: &mut Rng) {
    for last in (1..packets.len()).rev() {
        packets.swap(last, rng.next_u32() as usize % (last + 1));
    }
}

/// The packet with one bit changed; not in the RTP version, sequence number or SSRC, which would make
/// it another packet's and be refused for that.
pub fn damaged(packet: &[u8], rng: &mut Rng) -> Vec<u8> {
    let mut damaged = packet.to_vec();
    let at = 12 + rng.next_u32() as usize % (packet.len() - 12);
    damaged[at] ^= 1 << (rng.next_u32() % 8);
    damaged
}
