//! Writing records.

use thiserror::Error;

use super::{EXPLICIT_NONCE_LEN, Epoch, Header, Protection, TAG_LEN};
use crate::wire::{ContentType, ProtocolVersion, Writer};

/// The longest content of a record, RFC 5246 section 6.2.1.
pub(crate) const MAX_CONTENT_LEN: usize = 1 << 14;
/// Sequence numbers have 48 bits and never wrap (RFC 6347 section 4.1).
const MAX_SEQUENCE: u64 = (1 << 48) - 1;

/// What protection adds to data.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct RecordOverhead {
    /// Bytes before the data.
    pub header: usize,
    /// Bytes after it.
    pub trailer: usize,
}

impl RecordOverhead {
    pub(crate) const DTLS_1_2_GCM: Self = Self {
        header: Header::LEN + EXPLICIT_NONCE_LEN,
        trailer: TAG_LEN,
    };
}

/// Why data cannot be sealed.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
#[non_exhaustive]
pub enum SealError {
    /// The handshake is not complete, or the connection is closed.
    #[error("the connection is not established")]
    NotConnected,
    /// The buffer ends within the room that the record's header needs.
    #[error("the buffer has no room for the record's header")]
    NoHeadroom,
    /// More data than a record holds, 16384 bytes.
    #[error("the data does not fit a record")]
    TooLong,
    /// All sequence numbers are used up.
    #[error("the sequence numbers are used up")]
    Exhausted,
}

/// Numbers and protects records.
#[derive(Debug, Default)]
pub(crate) struct Outbound {
    clear_next: u64,
    sealer: Option<Sealer>,
}

#[derive(Debug)]
struct Sealer {
    protection: Protection,
    next: u64,
}

impl Outbound {
    pub(crate) fn install(&mut self, protection: Protection) {
        self.sealer = Some(Sealer {
            protection,
            next: 0,
        });
    }

    /// Appends a record. On an error `out` is as before: what was to be protected never stays there.
    pub(crate) fn write(
        &mut self,
        epoch: Epoch,
        kind: ContentType,
        out: &mut Vec<u8>,
        content: impl FnOnce(&mut Writer<'_>),
    ) -> Result<(), SealError> {
        match epoch {
            Epoch::Clear => {
                Header::write_clear(kind, self.clear_next, out, content);
                self.clear_next += 1;
                Ok(())
            }
            Epoch::Protected => {
                let start = out.len();
                out.resize(start + RecordOverhead::DTLS_1_2_GCM.header, 0);
                content(&mut Writer::new(out));
                let sealed = self.seal(kind, start, out);
                if sealed.is_err() {
                    out.truncate(start);
                }
                sealed
            }
        }
    }

    /// Protects `buf[start..]`, room for the header and the content, in place.
    pub(crate) fn seal(
        &mut self,
        kind: ContentType,
        start: usize,
        buf: &mut Vec<u8>,
    ) -> Result<(), SealError> {
        let sealer = self.sealer.as_mut().ok_or(SealError::NotConnected)?;
        let record = buf.get_mut(start..).ok_or(SealError::NoHeadroom)?;
        let (head, rest) = record
            .split_first_chunk_mut::<{ Header::LEN }>()
            .ok_or(SealError::NoHeadroom)?;
        let (nonce, content) = rest
            .split_first_chunk_mut::<EXPLICIT_NONCE_LEN>()
            .ok_or(SealError::NoHeadroom)?;
        if content.len() > MAX_CONTENT_LEN {
            return Err(SealError::TooLong);
        }
        let header = sealer.next_header(kind, content.len())?;
        *head = header.encode();
        let (explicit, tag) = sealer.protection.seal(&header, content);
        *nonce = explicit;
        buf.extend_from_slice(&tag);
        Ok(())
    }
}

impl Sealer {
    fn next_header(&mut self, kind: ContentType, content_len: usize) -> Result<Header, SealError> {
        if self.next > MAX_SEQUENCE {
            return Err(SealError::Exhausted);
        }
        let header = Header {
            kind,
            version: ProtocolVersion::DTLS_1_2.0,
            epoch: Epoch::Protected.number(),
            sequence: self.next,
            length: EXPLICIT_NONCE_LEN + content_len + TAG_LEN,
        };
        self.next += 1;
        Ok(header)
    }
}

#[cfg(test)]
mod tests {
    use tidewire_crypto::{AeadAlgorithm, rust_crypto};

    use super::*;

    #[test]
    fn sequence_numbers_run_out_and_never_wrap() {
        let aead = rust_crypto::provider().aead(AeadAlgorithm::Aes256Gcm, &[1; 32]);
        let mut outbound = Outbound::default();
        outbound.install(Protection::new(aead.unwrap(), [2; 4]));
        outbound.sealer.as_mut().unwrap().next = MAX_SEQUENCE;
        let room = RecordOverhead::DTLS_1_2_GCM.header;
        for expected in [Ok(()), Err(SealError::Exhausted), Err(SealError::Exhausted)] {
            let mut buf = vec![0; room];
            let sealed = outbound.seal(ContentType::APPLICATION_DATA, 0, &mut buf);
            assert_eq!(sealed, expected);
            let mut out = Vec::new();
            let written = outbound.write(Epoch::Protected, ContentType::ALERT, &mut out, |out| {
                out.bytes(b"never in the clear");
            });
            assert_eq!((written, &out[..]), (Err(SealError::Exhausted), &b""[..]));
            if expected.is_err() {
                assert_eq!(buf, vec![0; room]);
            }
        }
    }
}
