//! AEADs over records: RFC 5288 section 3 and RFC 7905 section 2 for DTLS 1.2, RFC 9147 section 4 for
//! 1.3.

use std::fmt;
use std::ops::Range;

use tidewire_crypto::{Aead, RecordNumberMask};

use super::unified::reconstruct;
use super::{Header, RecordOverhead, UnifiedHeader};
use crate::wire::{ContentType, ProtocolVersion};

/// The part of the nonce that each record of DTLS 1.2 under AES-GCM carries.
pub(super) const EXPLICIT_NONCE_LEN: usize = 8;
/// The authentication tag.
pub(super) const TAG_LEN: usize = 16;
/// The least ciphertext of DTLS 1.3: as much as the mask of the record number is made of.
const SAMPLE_LEN: usize = 16;

/// One direction's keys. They never show themselves.
pub(crate) struct Protection {
    aead: Box<dyn Aead>,
    form: Form,
}

enum Form {
    /// DTLS 1.2 under AES-GCM: a salt, and the rest of the nonce in the record.
    Explicit { salt: [u8; 4] },
    /// DTLS 1.2 under ChaCha20-Poly1305: nothing of the nonce is in the record.
    Implicit { iv: [u8; 12] },
    /// DTLS 1.3.
    Unified {
        iv: [u8; 12],
        mask: Box<dyn RecordNumberMask>,
    },
}

/// What protection of DTLS 1.3 hides in a record, once it is open.
pub(super) struct OpenedBody {
    pub(super) kind: ContentType,
    /// Where in the record its content is.
    pub(super) content: Range<usize>,
}

impl Protection {
    /// `iv` has 4 bytes where records carry the rest of the nonce, and 12 where they do not.
    pub(crate) fn of_1_2(aead: Box<dyn Aead>, iv: &[u8]) -> Self {
        let form = match (<[u8; 4]>::try_from(iv), <[u8; 12]>::try_from(iv)) {
            (_, Ok(iv)) => Form::Implicit { iv },
            (Ok(salt), _) => Form::Explicit { salt },
            _ => unreachable!("the key schedule cuts IVs of 4 or 12 bytes"),
        };
        Self { aead, form }
    }

    pub(crate) fn of_1_3(
        aead: Box<dyn Aead>,
        iv: [u8; 12],
        mask: Box<dyn RecordNumberMask>,
    ) -> Self {
        let form = Form::Unified { iv, mask };
        Self { aead, form }
    }

    pub(super) fn is_unified(&self) -> bool {
        matches!(self.form, Form::Unified { .. })
    }

    pub(super) fn overhead(&self) -> RecordOverhead {
        match self.form {
            Form::Explicit { .. } => RecordOverhead {
                header: Header::LEN + EXPLICIT_NONCE_LEN,
                trailer: TAG_LEN,
            },
            Form::Implicit { .. } => RecordOverhead {
                header: Header::LEN,
                trailer: TAG_LEN,
            },
            Form::Unified { .. } => RecordOverhead {
                header: UnifiedHeader::WRITTEN_LEN,
                trailer: 1 + TAG_LEN,
            },
        }
    }

    /// Protects `buf[start..]`, room for the header and then the content, in place; the room is there.
    pub(super) fn seal(
        &self,
        kind: ContentType,
        epoch: u64,
        sequence: u64,
        start: usize,
        buf: &mut Vec<u8>,
    ) {
        match &self.form {
            Form::Unified { iv, mask } => {
                buf.push(kind.0);
                let (head, content) = buf[start..].split_at_mut(UnifiedHeader::WRITTEN_LEN);
                let epoch_bits = epoch as u8 & 3;
                let aad = UnifiedHeader::encode(epoch_bits, sequence, content.len() + TAG_LEN);
                head.copy_from_slice(&aad);
                let tag = self.aead.seal(&nonce(iv, sequence), &aad, content);
                buf.extend_from_slice(&tag);
                let record = &mut buf[start..];
                if let Some(sample) = sample(&record[UnifiedHeader::WRITTEN_LEN..]) {
                    let mask = mask.mask(sample);
                    record[1] ^= mask[0];
                    record[2] ^= mask[1];
                }
            }
            form => {
                let len = self.overhead().header;
                let (head, content) = buf[start..].split_at_mut(len);
                let explicit_len = len - Header::LEN;
                let header = Header {
                    kind,
                    version: ProtocolVersion::DTLS_1_2.0,
                    epoch: epoch as u16,
                    sequence,
                    length: explicit_len + content.len() + TAG_LEN,
                };
                let number = header.epoch_and_sequence();
                head[..Header::LEN].copy_from_slice(&header.encode());
                // The record's own number is the explicit part, so that none comes twice.
                head[Header::LEN..].copy_from_slice(&number[..explicit_len]);
                let aad = additional_data(&header, content.len());
                let tag = self
                    .aead
                    .seal(&nonce_of_1_2(form, number, number), &aad, content);
                buf.extend_from_slice(&tag);
            }
        }
    }

    /// Decrypts a record of DTLS 1.2 in place and returns where its content is, or `None` if it is no
    /// record of the peer's.
    pub(super) fn open_1_2(&self, header: &Header, record: &mut [u8]) -> Option<Range<usize>> {
        let start = self.overhead().header;
        let (head, body) = record.split_at_mut_checked(start)?;
        let (content, tag) = body.split_last_chunk_mut::<TAG_LEN>()?;
        let number = header.epoch_and_sequence();
        let explicit = <[u8; 8]>::try_from(&head[Header::LEN..]).unwrap_or(number);
        let nonce = nonce_of_1_2(&self.form, explicit, number);
        let aad = additional_data(header, content.len());
        self.aead.open(&nonce, &aad, content, tag).ok()?;
        Some(start..start + content.len())
    }

    /// The sequence number of a record of DTLS 1.3, which is closest to `expected`. Nothing vouches for
    /// it before the record is open.
    pub(super) fn reveal_sequence(
        &self,
        header: &UnifiedHeader,
        record: &[u8],
        expected: u64,
    ) -> Option<u64> {
        let sample = sample(record.get(header.len..)?)?;
        let mask = mask_of(&self.form, sample);
        let bytes = &record[1..=header.sequence_len];
        let low = bytes
            .iter()
            .zip(mask)
            .fold(0, |low, (byte, mask)| low << 8 | u64::from(byte ^ mask));
        Some(reconstruct(expected, low, 8 * header.sequence_len as u32))
    }

    /// Decrypts a record of DTLS 1.3 in place. `Err` if it is no record of the peer's; `Ok(None)` if it
    /// is, and holds nothing but padding.
    pub(super) fn open_1_3(
        &self,
        header: &UnifiedHeader,
        sequence: u64,
        record: &mut [u8],
    ) -> Option<Option<OpenedBody>> {
        let Form::Unified { iv, .. } = &self.form else {
            return None;
        };
        let (head, body) = record.split_at_mut_checked(header.len)?;
        let mut aad = [0; UnifiedHeader::MAX_LEN];
        let aad = &mut aad[..header.len];
        aad.copy_from_slice(head);
        let number = sequence.to_be_bytes();
        aad[1..=header.sequence_len].copy_from_slice(&number[8 - header.sequence_len..]);
        let (content, tag) = body.split_last_chunk_mut::<TAG_LEN>()?;
        self.aead
            .open(&nonce(iv, sequence), aad, content, tag)
            .ok()?;
        let end = content.iter().rposition(|byte| *byte != 0);
        Some(end.map(|end| OpenedBody {
            kind: ContentType(content[end]),
            content: header.len..header.len + end,
        }))
    }
}

impl fmt::Debug for Protection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Protection(..)")
    }
}

fn sample(ciphertext: &[u8]) -> Option<&[u8; SAMPLE_LEN]> {
    ciphertext.first_chunk()
}

fn mask_of(form: &Form, sample: &[u8; SAMPLE_LEN]) -> [u8; 2] {
    match form {
        Form::Unified { mask, .. } => mask.mask(sample),
        _ => [0; 2],
    }
}

/// RFC 8446 section 5.3, RFC 7905 section 2.
fn nonce(iv: &[u8; 12], number: u64) -> [u8; 12] {
    let mut nonce = *iv;
    let bytes = nonce[4..].iter_mut().zip(number.to_be_bytes());
    bytes.for_each(|(byte, number)| *byte ^= number);
    nonce
}

fn nonce_of_1_2(form: &Form, explicit: [u8; 8], number: [u8; 8]) -> [u8; 12] {
    match form {
        Form::Explicit { salt } => {
            let mut nonce = [0; 12];
            nonce[..4].copy_from_slice(salt);
            nonce[4..].copy_from_slice(&explicit);
            nonce
        }
        Form::Implicit { iv } | Form::Unified { iv, .. } => nonce(iv, u64::from_be_bytes(number)),
    }
}

/// RFC 5246 section 6.2.3.3, over the epoch and sequence number as RFC 6347 section 4.1.2.1 joins
/// them.
fn additional_data(header: &Header, content_len: usize) -> [u8; Header::LEN] {
    let mut aad = [0; Header::LEN];
    aad[..8].copy_from_slice(&header.epoch_and_sequence());
    aad[8] = header.kind.0;
    aad[9..11].copy_from_slice(&header.version.to_be_bytes());
    aad[11..].copy_from_slice(&(content_len as u16).to_be_bytes());
    aad
}
