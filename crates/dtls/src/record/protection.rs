//! AES-GCM over records, RFC 5288 section 3.

use std::fmt;

use tidewire_crypto::{Aead, Tag};

use super::Header;

/// The part of the nonce that each record carries.
pub(crate) const EXPLICIT_NONCE_LEN: usize = 8;
/// The authentication tag.
pub(crate) const TAG_LEN: usize = 16;

/// One direction's key. It never shows itself.
pub(crate) struct Protection {
    aead: Box<dyn Aead>,
    salt: [u8; 4],
}

impl Protection {
    pub(crate) fn new(aead: Box<dyn Aead>, salt: [u8; 4]) -> Self {
        Self { aead, salt }
    }

    /// Encrypts `content` in place and returns the tag and the explicit nonce. The record's own
    /// number is the nonce, so that none comes twice.
    pub(crate) fn seal(
        &self,
        header: &Header,
        content: &mut [u8],
    ) -> ([u8; EXPLICIT_NONCE_LEN], Tag) {
        let explicit = header.epoch_and_sequence();
        let aad = additional_data(header, content.len());
        (
            explicit,
            self.aead.seal(&self.nonce(explicit), &aad, content),
        )
    }

    /// Decrypts the body of a record in place and returns the range of the content, or `None` if it
    /// is no record of the peer's.
    pub(crate) fn open(&self, header: &Header, body: &mut [u8]) -> Option<std::ops::Range<usize>> {
        let (explicit, rest) = body.split_first_chunk_mut::<EXPLICIT_NONCE_LEN>()?;
        let (content, tag) = rest.split_last_chunk_mut::<TAG_LEN>()?;
        let aad = additional_data(header, content.len());
        self.aead
            .open(&self.nonce(*explicit), &aad, content, tag)
            .ok()?;
        Some(EXPLICIT_NONCE_LEN..EXPLICIT_NONCE_LEN + content.len())
    }

    fn nonce(&self, explicit: [u8; EXPLICIT_NONCE_LEN]) -> [u8; 12] {
        let mut nonce = [0; 12];
        nonce[..4].copy_from_slice(&self.salt);
        nonce[4..].copy_from_slice(&explicit);
        nonce
    }
}

impl fmt::Debug for Protection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Protection(..)")
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
