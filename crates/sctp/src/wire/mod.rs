//! Packets and chunks as bytes (RFC 9260 section 3).

mod chunk;
mod init;
mod packet;
mod reconfig;
mod writer;

pub(crate) use chunk::{Chunk, ChunkType, Data, ForwardTsn, Sack, causes, chunks};
pub(crate) use init::Init;
pub(crate) use packet::{
    COMMON_HEADER_LEN, PacketError, PacketHeader, finish_packet, start_packet,
};
pub(crate) use reconfig::{ReconfigParameter, ReconfigResult, reconfig_parameters};
pub(crate) use writer::{DATA_HEADER_LEN, DataHeader, put_chunk, put_data, put_sack};

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    let bytes = bytes.get(at..at + 2)?;
    Some(u16::from_be_bytes([bytes[0], bytes[1]]))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    let bytes = bytes.get(at..at + 4)?;
    Some(u32::from_be_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]))
}

/// `len` with the padding to a multiple of four.
pub(crate) const fn padded(len: usize) -> usize {
    len.next_multiple_of(4)
}
