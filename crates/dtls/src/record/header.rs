//! The header of records in the clear, and of all records of DTLS 1.2.

use crate::wire::{ContentType, Reader, Writer};

/// The longest body of a record, RFC 5246 section 6.2.3.
const MAX_RECORD_LEN: usize = (1 << 14) + 2048;

/// A record's header, RFC 6347 section 4.1.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Header {
    pub(crate) kind: ContentType,
    pub(crate) version: u16,
    pub(crate) epoch: u16,
    pub(crate) sequence: u64,
    pub(crate) length: usize,
}

impl Header {
    pub(crate) const LEN: usize = 13;

    /// The header at the front of `datagram`, if all of the record it announces is there.
    pub(crate) fn decode(datagram: &[u8]) -> Option<Self> {
        let mut reader = Reader::new(datagram);
        let header = Self {
            kind: ContentType(reader.u8("type").ok()?),
            version: reader.u16("version").ok()?,
            epoch: reader.u16("epoch").ok()?,
            sequence: reader.u48("sequence_number").ok()?,
            length: usize::from(reader.u16("length").ok()?),
        };
        let is_dtls = header.version >> 8 == 0xfe && header.length <= MAX_RECORD_LEN;
        (is_dtls && datagram.len() - Self::LEN >= header.length).then_some(header)
    }

    pub(crate) fn encode(&self) -> [u8; Self::LEN] {
        let mut bytes = [0; Self::LEN];
        bytes[0] = self.kind.0;
        bytes[1..3].copy_from_slice(&self.version.to_be_bytes());
        bytes[3..11].copy_from_slice(&self.epoch_and_sequence());
        bytes[11..].copy_from_slice(&(self.length as u16).to_be_bytes());
        bytes
    }

    /// The 64 bits that number a record across epochs.
    pub(crate) fn epoch_and_sequence(&self) -> [u8; 8] {
        (u64::from(self.epoch) << 48 | self.sequence).to_be_bytes()
    }

    /// Appends a record in the clear.
    pub(crate) fn write_clear(
        kind: ContentType,
        version: u16,
        sequence: u64,
        out: &mut Vec<u8>,
        content: impl FnOnce(&mut Writer<'_>),
    ) {
        let start = out.len();
        out.extend_from_slice(&[0; Self::LEN]);
        content(&mut Writer::new(out));
        let header = Self {
            kind,
            version,
            epoch: 0,
            sequence,
            length: out.len() - start - Self::LEN,
        };
        out[start..start + Self::LEN].copy_from_slice(&header.encode());
    }
}
