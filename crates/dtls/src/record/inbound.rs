//! Opening records.

use bytes::{Buf as _, BytesMut};

use super::replay::ReplayWindow;
use super::{Header, Protection};
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
        record.truncate(Header::LEN + content.end);
        record.advance(Header::LEN + content.start);
        Ok(())
    }
}
