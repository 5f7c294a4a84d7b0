//! A capture file in the classic format of libpcap.

use super::sample::Sample;
use super::tshark::{RTCP_PORT, RTP_PORT};

/// LINKTYPE_RAW: a packet begins with its IP header.
const LINK_TYPE: u32 = 101;
const MAX_LEN: u32 = 65_535;
const IP_LEN: usize = 20;
const UDP_LEN: usize = 8;
const UDP: u8 = 17;

/// Each packet in a datagram of its own, a millisecond after the one before.
pub(super) fn file(samples: &[Sample]) -> Vec<u8> {
    let mut out = Vec::new();
    out.extend_from_slice(&0xa1b2_c3d4_u32.to_le_bytes());
    out.extend_from_slice(&[2, 0, 4, 0]);
    for word in [0, 0, MAX_LEN, LINK_TYPE] {
        out.extend_from_slice(&word.to_le_bytes());
    }
    for (number, sample) in (0_u32..).zip(samples) {
        let len = (IP_LEN + UDP_LEN + sample.packet.len()) as u32;
        for word in [number / 1000, number % 1000 * 1000, len, len] {
            out.extend_from_slice(&word.to_le_bytes());
        }
        write_datagram(&sample.packet, &mut out);
    }
    out
}

/// From one port to the same one, as it is with RTP in both directions; without checksums.
fn write_datagram(payload: &[u8], out: &mut Vec<u8>) {
    let port = if tidewire_rtp::is_rtcp(payload) {
        RTCP_PORT
    } else {
        RTP_PORT
    };
    let udp_len = (UDP_LEN + payload.len()) as u16;
    let ip_len = IP_LEN as u16 + udp_len;
    out.extend_from_slice(&[0x45, 0]);
    out.extend_from_slice(&ip_len.to_be_bytes());
    out.extend_from_slice(&[0, 0, 0x40, 0, 64, UDP, 0, 0]);
    out.extend_from_slice(&[192, 0, 2, 1, 192, 0, 2, 2]);
    for field in [port, port, udp_len, 0] {
        out.extend_from_slice(&field.to_be_bytes());
    }
    out.extend_from_slice(payload);
}
