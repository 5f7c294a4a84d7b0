//! Chunks, written straight into the packet.

use bytes::Bytes;

use super::chunk::{ChunkType, Data};
use super::padded;
use crate::ids::Tsn;

/// The bytes of a DATA chunk before its payload.
pub(crate) const DATA_HEADER_LEN: usize = 16;

/// What a DATA chunk says about its payload.
#[derive(Clone, Copy, Debug)]
pub(crate) struct DataHeader {
    pub(crate) tsn: Tsn,
    pub(crate) stream: u16,
    pub(crate) ssn: u16,
    pub(crate) ppid: u32,
    pub(crate) flags: u8,
}

/// Appends a chunk whose value `write` appends, with padding.
pub(crate) fn put_chunk(
    out: &mut Vec<u8>,
    kind: ChunkType,
    flags: u8,
    write: impl FnOnce(&mut Vec<u8>),
) {
    let start = out.len();
    out.extend_from_slice(&[kind.0, flags, 0, 0]);
    write(out);
    finish(out, start);
}

/// Appends a parameter whose value `write` appends, with padding.
pub(crate) fn put_parameter(out: &mut Vec<u8>, kind: u16, write: impl FnOnce(&mut Vec<u8>)) {
    let start = out.len();
    out.extend_from_slice(&kind.to_be_bytes());
    out.extend_from_slice(&[0, 0]);
    write(out);
    finish(out, start);
}

/// Fills in the length of what began at `start`, and pads it.
fn finish(out: &mut Vec<u8>, start: usize) {
    let len = out.len() - start;
    let field = u16::try_from(len).unwrap_or(u16::MAX);
    out[start + 2..start + 4].copy_from_slice(&field.to_be_bytes());
    out.resize(start + padded(len), 0);
}

/// Appends a DATA chunk.
pub(crate) fn put_data(out: &mut Vec<u8>, header: &DataHeader, payload: &Bytes) {
    let len = DATA_HEADER_LEN + payload.len();
    let field = u16::try_from(len).unwrap_or(u16::MAX).to_be_bytes();
    let mut fields = [0; DATA_HEADER_LEN];
    fields[0] = ChunkType::DATA.0;
    fields[1] = header.flags;
    fields[2..4].copy_from_slice(&field);
    fields[4..8].copy_from_slice(&header.tsn.0.to_be_bytes());
    fields[8..10].copy_from_slice(&header.stream.to_be_bytes());
    // Unordered chunks have no sequence number; zero is as good as any (RFC 9260 section 6.6).
    let ssn = if header.flags & Data::UNORDERED == 0 {
        header.ssn
    } else {
        0
    };
    fields[10..12].copy_from_slice(&ssn.to_be_bytes());
    fields[12..16].copy_from_slice(&header.ppid.to_be_bytes());
    out.extend_from_slice(&fields);
    out.extend_from_slice(payload);
    out.resize(out.len() + padded(len) - len, 0);
}

/// Appends a SACK. As many gap blocks and duplicates are reported as fit into `room` bytes.
pub(crate) fn put_sack(
    out: &mut Vec<u8>,
    room: usize,
    cumulative: Tsn,
    window: u32,
    gaps: impl Iterator<Item = (u16, u16)>,
    duplicates: &[Tsn],
) {
    let start = out.len();
    let most = room.saturating_sub(16) / 4;
    let (mut gap_count, mut duplicate_count) = (0_u16, 0_u16);
    put_chunk(out, ChunkType::SACK, 0, |out| {
        out.extend_from_slice(&cumulative.0.to_be_bytes());
        out.extend_from_slice(&window.to_be_bytes());
        out.extend_from_slice(&[0; 4]);
        for (first, last) in gaps.take(most) {
            out.extend_from_slice(&first.to_be_bytes());
            out.extend_from_slice(&last.to_be_bytes());
            gap_count += 1;
        }
        for tsn in duplicates.iter().take(most - usize::from(gap_count)) {
            out.extend_from_slice(&tsn.0.to_be_bytes());
            duplicate_count += 1;
        }
    });
    out[start + 12..start + 14].copy_from_slice(&gap_count.to_be_bytes());
    out[start + 14..start + 16].copy_from_slice(&duplicate_count.to_be_bytes());
}
