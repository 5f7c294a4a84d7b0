//! The indices of packets.

/// The last index of RTP (RFC 3711 section 9.2).
pub(crate) const LAST_RTP_INDEX: u64 = (1 << 48) - 1;
/// The last index of RTCP.
pub(crate) const LAST_RTCP_INDEX: u32 = (1 << 31) - 1;
/// Set in the index of an RTCP packet that is encrypted (RFC 3711 section 3.4).
pub(crate) const ENCRYPTED: u32 = 1 << 31;
/// The length of a rollover counter, in bytes.
pub(crate) const ROLLOVER_LEN: usize = 4;

/// The index of an RTP packet (RFC 3711 section 3.3.1).
pub(crate) fn index_of(rollover: u32, sequence: u16) -> u64 {
    u64::from(rollover) << 16 | u64::from(sequence)
}

/// The rollover counter of an index, as it is authenticated (RFC 3711 section 4.2).
pub(crate) fn rollover(index: u64) -> [u8; ROLLOVER_LEN] {
    ((index >> 16) as u32).to_be_bytes()
}
