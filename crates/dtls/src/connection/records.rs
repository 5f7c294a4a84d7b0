//! Records in.

use std::time::Duration;

use bytes::BytesMut;

use super::handshaking::Source;
use super::{Connection, FATAL, State, WARNING};
use crate::error::{CloseReason, HandshakeError};
use crate::record::{Epoch, Header, RecordNumber, UnifiedHeader};
use crate::stats::DropReason;
use crate::wire::{AlertDescription, ContentType, DecodeError};

/// Protected records that are kept until they can be opened, and the bytes that they may take.
const MAX_EARLY_RECORDS: usize = 8;
const MAX_EARLY_BYTES: usize = 16 * 1024;
/// What a record of DTLS 1.3 protects at most, RFC 9147 section 4.
const MAX_CIPHERTEXT_LEN: usize = (1 << 14) + 256;
/// How long a peer may have nothing new to say after an alert that is not protected, at least.
const MIN_SUSPICION: Duration = Duration::from_millis(300);
/// Records of data that are kept until they are taken.
const MAX_UNREAD_RECORDS: usize = 1024;

/// The header of a record, in either form.
#[derive(Clone, Copy, Debug)]
pub(super) enum RecordHeader {
    Plain(Header),
    Unified(UnifiedHeader),
}

impl RecordHeader {
    /// The header at the front of `datagram`, if all of the record it announces is there.
    pub(super) fn decode(datagram: &[u8]) -> Option<Self> {
        if UnifiedHeader::begins(datagram) {
            UnifiedHeader::decode(datagram).map(Self::Unified)
        } else {
            Header::decode(datagram).map(Self::Plain)
        }
    }

    pub(super) fn record_len(&self) -> usize {
        match self {
            Self::Plain(header) => Header::LEN + header.length,
            Self::Unified(header) => header.len + header.ciphertext_len,
        }
    }
}

impl Connection {
    pub(super) fn handle_record(&mut self, header: &RecordHeader, record: BytesMut) {
        match header {
            RecordHeader::Unified(header) => self.handle_unified(header, record),
            RecordHeader::Plain(header) => {
                if let State::Closed(reason) = self.state {
                    self.drop(DropReason::Closed);
                    self.repeat_farewell(reason, header.kind);
                } else if header.epoch == 0 {
                    self.handle_clear(header, &record[Header::LEN..]);
                } else if header.epoch == 1 && !self.cx.is_1_3() {
                    self.handle_protected(header, record);
                } else {
                    self.drop(DropReason::WrongEpoch);
                }
            }
        }
    }

    /// Anybody can write these, so that they count for nothing once the handshake is over.
    fn handle_clear(&mut self, header: &Header, content: &[u8]) {
        if matches!(self.state, State::Connected(_)) {
            return self.drop(DropReason::WrongEpoch);
        }
        match header.kind {
            ContentType::HANDSHAKE => {
                let number = RecordNumber {
                    epoch: Epoch::CLEAR,
                    sequence: header.sequence,
                };
                self.handle_fragments(Source::Clear(number), content);
            }
            // DTLS 1.3 protects its alerts once there are keys.
            ContentType::ALERT if self.cx.is_1_3() && !self.cx.inbound.is_empty() => {
                self.drop(DropReason::Unexpected);
            }
            ContentType::ALERT => self.suspect(content),
            // Of HelloRetryRequest or the second hello. Who forges it gains a wait until the handshake
            // times out.
            ContentType::ACK if self.cx.is_1_3() && self.cx.inbound.is_empty() => {
                self.handle_ack(content);
            }
            // The epoch says all that a ChangeCipherSpec does (RFC 6347 section 4.1).
            ContentType::CHANGE_CIPHER_SPEC if content == [1] => (),
            ContentType::CHANGE_CIPHER_SPEC => self.drop(DropReason::Malformed),
            _ => self.drop(DropReason::Unexpected),
        }
    }

    fn handle_protected(&mut self, header: &Header, mut record: BytesMut) {
        let connected = matches!(self.state, State::Connected(_));
        let is_data = header.kind == ContentType::APPLICATION_DATA;
        if self.cx.inbound.is_empty() || (is_data && !connected) {
            return self.keep_early(record);
        }
        if let Err(reason) = self.cx.inbound.open_1_2(header, &mut record) {
            return self.refuse(reason);
        }
        match header.kind {
            ContentType::APPLICATION_DATA => self.take_data(record),
            ContentType::HANDSHAKE => self.handle_fragments(Source::Protected, &record),
            ContentType::ALERT => self.handle_alert(&record),
            _ => self.drop(DropReason::Unexpected),
        }
    }

    fn handle_unified(&mut self, header: &UnifiedHeader, mut record: BytesMut) {
        if self.cx.version.is_some() && !self.cx.is_1_3() {
            return self.drop(DropReason::WrongEpoch);
        }
        if header.ciphertext_len > MAX_CIPHERTEXT_LEN {
            return self.drop(DropReason::TooLong);
        }
        let Some(epoch) = self.cx.inbound.epoch_of(header) else {
            return match self.state {
                State::Closed(_) => self.drop(DropReason::Closed),
                _ => self.keep_early(record),
            };
        };
        let opened = match self.cx.inbound.open_1_3(epoch, header, &mut record) {
            Ok(opened) => opened,
            Err(reason) => return self.refuse(reason),
        };
        if let State::Closed(reason) = self.state {
            self.drop(DropReason::Closed);
            return self.repeat_farewell(reason, opened.kind);
        }
        let is_for_data = epoch >= Epoch::APPLICATION;
        match opened.kind {
            ContentType::APPLICATION_DATA if is_for_data => self.take_data(record),
            ContentType::HANDSHAKE => {
                self.handle_fragments(Source::Unified(opened.number), &record);
            }
            ContentType::ALERT => self.handle_alert(&record),
            ContentType::ACK => self.handle_ack(&record),
            _ => self.drop(DropReason::Unexpected),
        }
    }

    /// Drops a record that cannot be opened. Too many of them are an attack on the keys.
    fn refuse(&mut self, reason: DropReason) {
        self.drop(reason);
        // It is authentic (RFC 8446 section 5.2, RFC 8449 section 4).
        if reason == DropReason::TooLong {
            self.end(CloseReason::RecordOverflow);
        }
        if reason == DropReason::Unauthentic && self.cx.inbound.is_worn_out() {
            self.end(CloseReason::TooManyForgeries);
        }
        // A hello that was damaged on its way leaves the two sides with different keys, and nothing else
        // that would tell of it.
        let is_handshaking = !matches!(self.state, State::Connected(_) | State::Closed(_));
        if is_handshaking && self.cx.is_1_3() && self.cx.inbound.opens_nothing() {
            self.doubt(HandshakeError::KeysDiffer.into());
        }
    }

    /// Gives the peer some time to show that the handshake goes on, before it ends for this reason.
    fn doubt(&mut self, reason: CloseReason) {
        if self.suspicion.is_none() {
            let patience = (self.retransmission.interval() * 2).max(MIN_SUSPICION);
            self.suspicion = Some((reason, self.now + patience));
        }
    }

    fn take_data(&mut self, data: BytesMut) {
        if self.unread.len() == MAX_UNREAD_RECORDS {
            return self.drop(DropReason::Overflow);
        }
        self.stats.records_opened += 1;
        self.unread.push_back(data.freeze());
    }

    /// Keeps what overtook the messages that make it readable. A copy: anybody can have written it, and
    /// what it came in may be a part of something far larger.
    fn keep_early(&mut self, record: BytesMut) {
        let bytes: usize = self.early.iter().map(BytesMut::len).sum();
        if self.early.len() == MAX_EARLY_RECORDS || bytes + record.len() > MAX_EARLY_BYTES {
            return self.drop(DropReason::Overflow);
        }
        self.early.push_back(BytesMut::from(&record[..]));
    }

    /// Anybody can have written an alert that is not protected. It is believed when no new message of the
    /// peer's comes within two waits of ours (RFC 6347 section 4.1.2.7 leaves it to us). One that it
    /// repeats does not count: it may as well be the first of another attempt, after it gave up this
    /// one. Who forges an alert while a flight is lost can therefore end a handshake, which is then to be
    /// tried again.
    fn suspect(&mut self, content: &[u8]) {
        let &[level, description] = content else {
            return self.drop(DropReason::Malformed);
        };
        if self.cx.flight.generation() == 0 {
            // The peer has not begun.
            return self.drop(DropReason::Unexpected);
        }
        let reason = match AlertDescription(description) {
            AlertDescription::CLOSE_NOTIFY => CloseReason::Peer,
            description if level == FATAL => CloseReason::PeerAlert(description),
            description => {
                tracing::debug!(?description, "warning alert ignored");
                return;
            }
        };
        self.doubt(reason);
    }

    fn handle_alert(&mut self, content: &[u8]) {
        let &[level, description] = content else {
            // Alerts are neither split nor joined (RFC 8446 section 5.1).
            return self.end(HandshakeError::from(DecodeError { field: "Alert" }).into());
        };
        if !(WARNING..=FATAL).contains(&level) {
            return self.end(HandshakeError::IllegalParameter("AlertLevel").into());
        }
        match AlertDescription(description) {
            AlertDescription::CLOSE_NOTIFY => self.end(CloseReason::Peer),
            // DTLS 1.3 has no levels (RFC 8446 section 6); one alert alone is no error there.
            description
                if level == FATAL
                    || (self.cx.is_1_3() && description != AlertDescription::USER_CANCELED) =>
            {
                self.end(CloseReason::PeerAlert(description));
            }
            description => tracing::debug!(?description, "warning alert ignored"),
        }
    }

    /// Tries again what came too early, whenever there is a reason that it may be readable now.
    pub(super) fn take_up_early(&mut self) {
        while std::mem::take(&mut self.recheck_early) {
            for record in std::mem::take(&mut self.early) {
                if let Some(header) = RecordHeader::decode(&record) {
                    self.handle_record(&header, record);
                }
            }
        }
    }

    pub(super) fn drop(&mut self, reason: DropReason) {
        tracing::trace!(?reason, "dropped");
        self.stats.dropped.count(reason);
    }
}
