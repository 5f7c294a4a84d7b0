//! The common header and the checksum (RFC 9260 section 3.1 and appendix A).

use super::{u16_at, u32_at};

pub(crate) const COMMON_HEADER_LEN: usize = 12;
const CHECKSUM: std::ops::Range<usize> = 8..12;

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct PacketHeader {
    pub(crate) source_port: u16,
    pub(crate) destination_port: u16,
    pub(crate) verification_tag: u32,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum PacketError {
    Malformed,
    Checksum,
}

impl PacketHeader {
    /// Reads the header and verifies the checksum.
    pub(crate) fn parse(packet: &[u8]) -> Result<Self, PacketError> {
        let header = Self {
            source_port: u16_at(packet, 0).ok_or(PacketError::Malformed)?,
            destination_port: u16_at(packet, 2).ok_or(PacketError::Malformed)?,
            verification_tag: u32_at(packet, 4).ok_or(PacketError::Malformed)?,
        };
        let sent = packet.get(CHECKSUM).ok_or(PacketError::Malformed)?;
        // Packets are padded to a multiple of four by their chunks.
        if !packet.len().is_multiple_of(4) {
            return Err(PacketError::Malformed);
        }
        if sent == checksum(packet).to_le_bytes() {
            Ok(header)
        } else {
            Err(PacketError::Checksum)
        }
    }
}

/// Appends a header whose checksum is filled in by [`finish_packet`].
pub(crate) fn start_packet(header: &PacketHeader, out: &mut Vec<u8>) {
    out.extend_from_slice(&header.source_port.to_be_bytes());
    out.extend_from_slice(&header.destination_port.to_be_bytes());
    out.extend_from_slice(&header.verification_tag.to_be_bytes());
    out.extend_from_slice(&[0; 4]);
}

/// Completes the packet that [`start_packet`] began at `start`.
pub(crate) fn finish_packet(start: usize, out: &mut [u8]) {
    let packet = &mut out[start..];
    debug_assert_eq!(packet[CHECKSUM], [0; 4], "the packet is finished once");
    let checksum = crc32c::crc32c(packet).to_le_bytes();
    packet[CHECKSUM].copy_from_slice(&checksum);
}

/// CRC32c over the packet with zeros in place of the checksum.
fn checksum(packet: &[u8]) -> u32 {
    let (header, chunks) = packet.split_at(COMMON_HEADER_LEN);
    let mut zeroed = [0; COMMON_HEADER_LEN];
    zeroed[..CHECKSUM.start].copy_from_slice(&header[..CHECKSUM.start]);
    crc32c::crc32c_append(crc32c::crc32c(&zeroed), chunks)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packet() -> Vec<u8> {
        let header = PacketHeader {
            source_port: 1,
            destination_port: 2,
            verification_tag: 3,
        };
        let mut packet = Vec::new();
        start_packet(&header, &mut packet);
        packet.extend_from_slice(&[10, 0, 0, 4]);
        finish_packet(0, &mut packet);
        packet
    }

    #[test]
    fn a_header_is_read_as_it_was_written() {
        let header = PacketHeader {
            source_port: 1,
            destination_port: 2,
            verification_tag: 3,
        };
        assert_eq!(PacketHeader::parse(&packet()), Ok(header));
    }

    #[test]
    fn the_checksum_covers_every_bit() {
        let good = packet();
        for bit in 0..good.len() * 8 {
            let mut bad = good.clone();
            bad[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(
                PacketHeader::parse(&bad),
                Err(PacketError::Checksum),
                "bit {bit}"
            );
        }
    }

    #[test]
    fn truncated_packets_are_refused() {
        let good = packet();
        for len in 0..good.len() {
            assert!(PacketHeader::parse(&good[..len]).is_err(), "{len} bytes");
        }
    }
}
