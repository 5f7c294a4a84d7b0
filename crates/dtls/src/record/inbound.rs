//! Opening records.

use bytes::{Buf as _, BytesMut};

use super::replay::ReplayWindow;
use super::{Header, MAX_CONTENT_LEN, Protection};
use crate::stats::DropReason;

/// Opens what the peer protects.
#[derive(Debug)]
pub(crate) struct Opener {
    protection: Protection,
    window: ReplayWindow,
}

impl Opener {
    pub(crate) fn new(protection: Protection) -> Self {
        Self {
            protection,
            window: ReplayWindow::default(),
        }
    }

    /// Decrypts `record`, header included, in place and leaves its content. The window moves only
    /// for what is authentic.
    pub(crate) fn open(
        &mut self,
        header: &Header,
        record: &mut BytesMut,
    ) -> Result<(), DropReason> {
        if !self.window.accepts(header.sequence) {
            return Err(DropReason::Replayed);
        }
        let content = self
            .protection
            .open(header, &mut record[Header::LEN..])
            .ok_or(DropReason::Unauthentic)?;
        self.window.insert(header.sequence);
        if content.len() > MAX_CONTENT_LEN {
            return Err(DropReason::Malformed);
        }
        record.truncate(Header::LEN + content.end);
        record.advance(Header::LEN + content.start);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use tidewire_crypto::{AeadAlgorithm, rust_crypto};

    use super::super::EXPLICIT_NONCE_LEN;
    use super::*;
    use crate::wire::{ContentType, ProtocolVersion};

    fn protection() -> Protection {
        let aead = rust_crypto::provider().aead(AeadAlgorithm::Aes128Gcm, &[1; 16]);
        Protection::new(aead.unwrap(), [2; 4])
    }

    /// RFC 5246 section 6.2.1.
    #[test]
    fn more_content_than_a_record_holds_is_refused_however_authentic() {
        for (len, expected) in [
            (1 << 14, Ok(())),
            ((1 << 14) + 1, Err(DropReason::Malformed)),
        ] {
            let mut content = vec![7; len];
            let header = Header {
                kind: ContentType::APPLICATION_DATA,
                version: ProtocolVersion::DTLS_1_2.0,
                epoch: 1,
                sequence: 0,
                length: EXPLICIT_NONCE_LEN + len + 16,
            };
            let (nonce, tag) = protection().seal(&header, &mut content);
            let record = [&header.encode()[..], &nonce, &content, &tag].concat();
            let mut record = BytesMut::from(&record[..]);
            let mut opener = Opener::new(protection());
            assert_eq!(opener.open(&header, &mut record), expected);
            assert_eq!(opener.open(&header, &mut record), Err(DropReason::Replayed));
        }
    }
}
