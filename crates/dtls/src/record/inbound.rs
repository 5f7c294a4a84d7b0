//! Opening records.

use bytes::{Buf as _, BytesMut};

use super::replay::ReplayWindow;
use super::{Epoch, Header, MAX_CONTENT_LEN, Protection, RecordNumber, UnifiedHeader};
use crate::stats::DropReason;
use crate::wire::ContentType;

/// How many epochs are kept: that of the handshake, two for data, and one ahead.
const MAX_EPOCHS: usize = 4;
/// How many records that do not authenticate a key may be tried with (RFC 9147 section 4.5.3).
const INTEGRITY_LIMIT: u64 = 1 << 36;
/// How many records that do not open cast doubt on keys that have never opened any.
const DOUBTFUL: u64 = 2;

/// Opens what the peer protects.
#[derive(Debug, Default)]
pub(crate) struct Inbound {
    /// In the order of their epochs.
    openers: Vec<Opener>,
    /// The most content that a record of the peer's may have.
    limit: Option<usize>,
    /// Which records in the clear have come. Nothing is refused by it: anybody can write any number.
    clear: ReplayWindow,
}

#[derive(Debug)]
struct Opener {
    epoch: Epoch,
    protection: Protection,
    window: ReplayWindow,
    failures: u64,
}

/// A record of DTLS 1.3 that was opened.
#[derive(Debug)]
pub(crate) struct Opened {
    pub(crate) number: RecordNumber,
    pub(crate) kind: ContentType,
}

impl Inbound {
    /// Opens records of `epoch`, which comes after all others, from now on.
    pub(crate) fn install(&mut self, epoch: Epoch, protection: Protection) {
        if self.openers.len() == MAX_EPOCHS {
            self.openers.remove(0);
        }
        self.openers.push(Opener {
            epoch,
            protection,
            window: ReplayWindow::default(),
            failures: 0,
        });
    }

    /// Takes note of a record in the clear. Whether one with this number has come before: then something on
    /// the way may have doubled it, and it says nothing of what the peer has got.
    pub(crate) fn has_come_in_the_clear(&mut self, sequence: u64) -> bool {
        let has_come = self.clear.remembers(sequence);
        self.clear.insert(sequence);
        has_come
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.openers.is_empty()
    }

    /// Whether there are keys, and they have been tried, and have never opened anything.
    pub(crate) fn opens_nothing(&self) -> bool {
        let has_failed = |opener: &Opener| opener.failures >= DOUBTFUL;
        self.openers.iter().any(has_failed) && !self.has_opened()
    }

    /// Whether the peer has shown that it has the keys.
    pub(crate) fn has_opened(&self) -> bool {
        self.openers.iter().any(|opener| opener.window.next() > 0)
    }

    /// The epoch of the newest keys.
    pub(crate) fn newest(&self) -> Option<Epoch> {
        self.openers.last().map(|opener| opener.epoch)
    }

    /// What this side has told the peer of its limits (RFC 8449).
    pub(crate) fn set_limit(&mut self, limit: usize) {
        self.limit = Some(limit);
    }

    /// Forgets the keys of what is long over: of all epochs but the newest and the one before it. What
    /// of the handshake is repeated so late is of no use to anybody.
    pub(crate) fn forget_old(&mut self) {
        let kept = self.openers.len().saturating_sub(2);
        self.openers.drain(..kept);
    }

    /// Forgets all keys but the newest.
    pub(crate) fn forget_all_old(&mut self) {
        let old = self.openers.len().saturating_sub(1);
        self.openers.drain(..old);
    }

    /// The epoch among those known that a record with these bits is of.
    pub(crate) fn epoch_of(&self, header: &UnifiedHeader) -> Option<Epoch> {
        let mut epochs = self.openers.iter().rev().map(|opener| opener.epoch);
        epochs.find(|epoch| epoch.low_bits() == header.epoch_bits)
    }

    /// Whether any key has been tried with more forgeries than it withstands.
    pub(crate) fn is_worn_out(&self) -> bool {
        self.openers
            .iter()
            .any(|opener| opener.failures >= INTEGRITY_LIMIT)
    }

    /// Decrypts a record of DTLS 1.2, header included, in place and leaves its content. The window
    /// moves only for what is authentic.
    pub(crate) fn open_1_2(
        &mut self,
        header: &Header,
        record: &mut BytesMut,
    ) -> Result<(), DropReason> {
        let limit = self.limit.unwrap_or(MAX_CONTENT_LEN);
        let opener = self.openers.last_mut().ok_or(DropReason::WrongEpoch)?;
        if !opener.window.accepts(header.sequence) {
            return Err(DropReason::Replayed);
        }
        let Some(content) = opener.protection.open_1_2(header, record) else {
            opener.failures += 1;
            return Err(DropReason::Unauthentic);
        };
        opener.window.insert(header.sequence);
        if content.len() > limit {
            return Err(DropReason::TooLong);
        }
        record.truncate(content.end);
        record.advance(content.start);
        Ok(())
    }

    /// The same for a record of DTLS 1.3, of an epoch that is known.
    pub(crate) fn open_1_3(
        &mut self,
        epoch: Epoch,
        header: &UnifiedHeader,
        record: &mut BytesMut,
    ) -> Result<Opened, DropReason> {
        // Beside the content there may be a type and padding (RFC 8446 section 5.4).
        let limit = self.limit.unwrap_or(MAX_CONTENT_LEN);
        let mut openers = self.openers.iter_mut();
        let opener = openers
            .find(|opener| opener.epoch == epoch)
            .ok_or(DropReason::WrongEpoch)?;
        let expected = opener.window.next();
        let sequence = opener
            .protection
            .reveal_sequence(header, record, expected)
            .ok_or(DropReason::Malformed)?;
        if !opener.window.accepts(sequence) {
            return Err(DropReason::Replayed);
        }
        let Some(body) = opener.protection.open_1_3(header, sequence, record) else {
            opener.failures += 1;
            return Err(DropReason::Unauthentic);
        };
        opener.window.insert(sequence);
        let body = body.ok_or(DropReason::Unexpected)?;
        if body.content.len() > limit {
            return Err(DropReason::TooLong);
        }
        record.truncate(body.content.end);
        record.advance(body.content.start);
        let number = RecordNumber { epoch, sequence };
        Ok(Opened {
            number,
            kind: body.kind,
        })
    }
}
