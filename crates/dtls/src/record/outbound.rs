//! Writing records.

use thiserror::Error;
use tidewire_crypto::AeadAlgorithm;

use super::{Epoch, Header, Protection, RecordNumber};
use crate::wire::{ContentType, ProtocolVersion, Writer};

/// The longest content of a record, RFC 5246 section 6.2.1.
pub(crate) const MAX_CONTENT_LEN: usize = 1 << 14;
/// Sequence numbers have 48 bits and never wrap (RFC 6347 section 4.1, RFC 9147 section 4.2.1).
const MAX_SEQUENCE: u64 = (1 << 48) - 1;
/// The version of DTLS 1.0, RFC 4347 section 4.1.
const DTLS_1_0: u16 = 0xfeff;
/// How many records AES-GCM may protect under one key: 2^24.5 (RFC 9147 section 4.5.3).
const MAX_GCM_RECORDS: u64 = 23_726_566;

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
    /// The most that any version and suite adds: that of DTLS 1.2 under AES-GCM.
    pub const MAX: Self = Self {
        header: Header::LEN + 8,
        trailer: 16,
    };

    pub(crate) const CLEAR: Self = Self {
        header: Header::LEN,
        trailer: 0,
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
    /// More data than a record holds: 16384 bytes, or what the peer has limited it to.
    #[error("the data does not fit a record")]
    TooLong,
    /// The keys have protected as many records as they may, and the peer has not confirmed new ones.
    #[error("the keys are used up")]
    Exhausted,
}

/// Numbers and protects records.
#[derive(Debug)]
pub(crate) struct Outbound {
    clear_next: u64,
    /// What records in the clear tell as their version.
    clear_version: u16,
    /// In the order of their epochs.
    sealers: Vec<Sealer>,
    /// The most content that the peer takes in a protected record.
    limit: usize,
}

#[derive(Debug)]
struct Sealer {
    epoch: Epoch,
    protection: Protection,
    next: u64,
    /// The first number that must not be used.
    end: u64,
}

impl Default for Outbound {
    fn default() -> Self {
        Self {
            clear_next: 0,
            clear_version: ProtocolVersion::DTLS_1_2.0,
            sealers: Vec::new(),
            limit: MAX_CONTENT_LEN,
        }
    }
}

impl Outbound {
    /// Protects under `epoch`, which comes after all others, from now on.
    pub(crate) fn install(&mut self, epoch: Epoch, aead: AeadAlgorithm, protection: Protection) {
        let is_gcm = aead != AeadAlgorithm::ChaCha20Poly1305;
        // DTLS 1.2 knows no limit, and no way to change keys.
        let end = if is_gcm && protection.is_unified() {
            MAX_GCM_RECORDS
        } else {
            MAX_SEQUENCE + 1
        };
        self.sealers.push(Sealer {
            epoch,
            protection,
            next: 0,
            end,
        });
    }

    /// Whether records in the clear are of the first hello, whose version no server minds: it is that of
    /// DTLS 1.0 then, which is what what lies between the two sides has always seen (RFC 9147 section 4).
    pub(crate) fn set_first_hello(&mut self, is_first: bool) {
        self.clear_version = if is_first {
            DTLS_1_0
        } else {
            ProtocolVersion::DTLS_1_2.0
        };
    }

    /// What the peer has told of its limits (RFC 8449).
    pub(crate) fn set_limit(&mut self, limit: usize) {
        self.limit = limit.min(MAX_CONTENT_LEN);
    }

    pub(crate) fn limit(&self) -> usize {
        self.limit
    }

    /// The epoch of the newest keys.
    pub(crate) fn newest(&self) -> Epoch {
        self.sealers
            .last()
            .map_or(Epoch::CLEAR, |sealer| sealer.epoch)
    }

    /// Forgets all keys but the newest.
    pub(crate) fn forget_old(&mut self) {
        self.sealers.drain(..self.sealers.len().saturating_sub(1));
    }

    /// Whether the newest keys have protected so much that it is time for others.
    pub(crate) fn is_worn(&self) -> bool {
        self.sealers
            .last()
            .is_some_and(|sealer| sealer.next >= sealer.end / 2)
    }

    /// What protection adds to a record of `epoch`.
    pub(crate) fn overhead(&self, epoch: Epoch) -> RecordOverhead {
        let mut sealers = self.sealers.iter();
        sealers
            .find(|sealer| sealer.epoch == epoch)
            .map_or(RecordOverhead::CLEAR, |sealer| sealer.protection.overhead())
    }

    /// Appends a record. On an error `out` is as before: what was to be protected never stays there.
    pub(crate) fn write(
        &mut self,
        epoch: Epoch,
        kind: ContentType,
        out: &mut Vec<u8>,
        content: impl FnOnce(&mut Writer<'_>),
    ) -> Result<RecordNumber, SealError> {
        if epoch == Epoch::CLEAR {
            let sequence = self.clear_next;
            Header::write_clear(kind, self.clear_version, sequence, out, content);
            self.clear_next += 1;
            return Ok(RecordNumber { epoch, sequence });
        }
        let mut sealers = self.sealers.iter_mut();
        let sealer = sealers
            .find(|sealer| sealer.epoch == epoch)
            .ok_or(SealError::NotConnected)?;
        let start = out.len();
        out.resize(start + sealer.protection.overhead().header, 0);
        content(&mut Writer::new(out));
        let sealed = sealer.seal(kind, start, MAX_CONTENT_LEN, out);
        if sealed.is_err() {
            out.truncate(start);
        }
        sealed
    }

    /// Protects `buf[start..]`, room for the header and the content, in place, under the newest keys.
    pub(crate) fn seal(
        &mut self,
        kind: ContentType,
        start: usize,
        buf: &mut Vec<u8>,
    ) -> Result<(), SealError> {
        let sealer = self.sealers.last_mut().ok_or(SealError::NotConnected)?;
        sealer.seal(kind, start, self.limit, buf).map(|_| ())
    }
}

impl Sealer {
    fn seal(
        &mut self,
        kind: ContentType,
        start: usize,
        limit: usize,
        buf: &mut Vec<u8>,
    ) -> Result<RecordNumber, SealError> {
        let room = buf.len().checked_sub(start);
        let content_len = room
            .and_then(|room| room.checked_sub(self.protection.overhead().header))
            .ok_or(SealError::NoHeadroom)?;
        if content_len > limit {
            return Err(SealError::TooLong);
        }
        if self.next >= self.end {
            return Err(SealError::Exhausted);
        }
        let (epoch, sequence) = (self.epoch, self.next);
        self.next += 1;
        self.protection.seal(kind, epoch.0, sequence, start, buf);
        Ok(RecordNumber { epoch, sequence })
    }
}

#[cfg(test)]
mod tests {
    use tidewire_crypto::rust_crypto;

    use super::*;

    fn outbound(is_1_3: bool, algorithm: AeadAlgorithm) -> Outbound {
        let crypto = rust_crypto::provider();
        let key = vec![1; algorithm.key_len()];
        let aead = crypto.aead(algorithm, &key).unwrap();
        let protection = if is_1_3 {
            let mask = crypto.record_number_mask(algorithm, &key).unwrap();
            Protection::of_1_3(aead, [2; 12], mask)
        } else {
            Protection::of_1_2(aead, &[2; 4])
        };
        let mut outbound = Outbound::default();
        outbound.install(Epoch::APPLICATION, algorithm, protection);
        outbound
    }

    #[test]
    fn keys_wear_out_and_numbers_never_wrap() {
        let cases = [
            (false, AeadAlgorithm::Aes256Gcm, MAX_SEQUENCE + 1),
            (true, AeadAlgorithm::Aes128Gcm, MAX_GCM_RECORDS),
            (true, AeadAlgorithm::ChaCha20Poly1305, MAX_SEQUENCE + 1),
        ];
        for (is_1_3, algorithm, end) in cases {
            let mut outbound = outbound(is_1_3, algorithm);
            assert!(!outbound.is_worn());
            outbound.sealers[0].next = end - 1;
            assert!(outbound.is_worn());
            let room = outbound.overhead(Epoch::APPLICATION).header;
            for expected in [Ok(()), Err(SealError::Exhausted), Err(SealError::Exhausted)] {
                let mut buf = vec![0; room];
                let sealed = outbound.seal(ContentType::APPLICATION_DATA, 0, &mut buf);
                assert_eq!(sealed, expected);
                let mut out = Vec::new();
                let kind = ContentType::ALERT;
                let written = outbound.write(Epoch::APPLICATION, kind, &mut out, |out| {
                    out.bytes(b"never in the clear");
                });
                assert_eq!((written, &out[..]), (Err(SealError::Exhausted), &b""[..]));
                if expected.is_err() {
                    assert_eq!(buf, vec![0; room]);
                }
            }
        }
    }
}
