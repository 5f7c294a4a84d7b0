//! What comes after the handshake of DTLS 1.3: new keys (RFC 9147 section 8), and tickets.

use std::time::Duration;

use super::{Connection, State};
use crate::error::HandshakeError;
use crate::event::Role;
use crate::flight::Message;
use crate::handshake::{Keys, Traffic};
use crate::record::Epoch;
use crate::wire::{DecodeError, HandshakeType, check_new_session_ticket};

/// How long records under old keys are read: twice as long as one may be on its way (RFC 9147 section 4.2.1
/// and RFC 9293 section 3.4.2).
const LIFE_OF_OLD_KEYS: Duration = Duration::from_secs(240);

/// Whether the keys that we write under are to be changed, and how far that is.
#[derive(Debug, Default)]
pub(super) struct KeyUpdate {
    /// The peer is to be told, and whether it is asked to change its own too.
    wanted: Option<bool>,
    /// The peer is told, and has not said yet that it knows.
    is_under_way: bool,
}

impl Connection {
    /// Changes the keys that data is sealed under, in DTLS 1.3 (RFC 9147 section 8), and with
    /// `of_peer_too` asks the peer to do the same. It happens by itself before the keys are used up. Data
    /// goes on under the old keys until the peer has acknowledged the change. Answers false where there
    /// is nothing to change: before the connection is established, after its end, in DTLS 1.2, and after
    /// 65 000 changes.
    pub fn update_keys(&mut self, of_peer_too: bool) -> bool {
        if self.traffic().is_none() || !self.has_more_keys() {
            return false;
        }
        if !self.key_update.is_under_way || of_peer_too {
            let wanted = self.key_update.wanted.unwrap_or(false);
            self.key_update.wanted = Some(wanted || of_peer_too);
        }
        true
    }

    /// Epochs go up to 65535 (erratum 8050 of RFC 9147), and so do the numbers of messages.
    fn has_more_keys(&self) -> bool {
        self.cx.outbound.newest() < Epoch::LAST && self.cx.has_more_messages()
    }

    /// Keys have just become old: what was sent under them may still be on its way.
    pub(super) fn limit_old_keys(&mut self) {
        self.old_keys_until = self.now.checked_add(LIFE_OF_OLD_KEYS);
    }

    /// Once nothing that was sent under old keys can still be on its way, they are forgotten.
    pub(super) fn forget_old_keys(&mut self) {
        if self.old_keys_until.is_some_and(|until| self.now >= until) {
            self.old_keys_until = None;
            self.cx.inbound.forget_all_old();
        }
    }

    fn traffic(&mut self) -> Option<&mut Traffic> {
        match &mut self.state {
            State::Connected(established) => match &mut established.keys {
                Keys::V13(traffic) => Some(traffic),
                Keys::V12(_) => None,
            },
            _ => None,
        }
    }

    /// One flight at a time: the client's last may still wait to be acknowledged.
    pub(super) fn begin_key_update(&mut self) {
        if !self.cx.flight.is_empty() || self.traffic().is_none() {
            return;
        }
        let Some(of_peer_too) = self.key_update.wanted.take() else {
            return;
        };
        self.key_update.is_under_way = true;
        let epoch = self.cx.outbound.newest();
        self.cx.set_write_epoch(epoch);
        self.cx.flight.begin(None);
        self.cx.send_apart(HandshakeType::KEY_UPDATE, |out| {
            out.u8(u8::from(of_peer_too));
        });
    }

    /// The peer knows of the change.
    pub(super) fn finish_key_update(&mut self) {
        if !std::mem::take(&mut self.key_update.is_under_way) {
            return;
        }
        let Some(traffic) = self.traffic() else {
            return;
        };
        let next = traffic.write.next();
        let aead = next.aead();
        let protection = next.protection();
        traffic.write = next;
        match protection {
            Ok(protection) => {
                let epoch = self.cx.outbound.newest().next();
                self.cx.outbound.install(epoch, aead, protection);
                self.stats.key_updates_sent += 1;
            }
            Err(error) => self.fail(error.into()),
        }
    }

    /// A message of a connection that is established.
    pub(super) fn handle_post_handshake(&mut self, message: &Message) {
        match message.kind {
            HandshakeType::KEY_UPDATE => self.handle_key_update(&message.body),
            // Nothing is resumed here: that it has come is all that the server gets to know.
            HandshakeType::NEW_SESSION_TICKET if self.role == Role::Client => {
                if let Err(error) = check_new_session_ticket(&message.body) {
                    self.fail(error.into());
                }
            }
            other => self.fail(HandshakeError::UnexpectedMessage(other.0).into()),
        }
    }

    fn handle_key_update(&mut self, body: &[u8]) {
        let is_requested = match body {
            [0] => false,
            [1] => true,
            [_] => {
                let error = HandshakeError::IllegalParameter("KeyUpdate.request_update");
                return self.fail(error.into());
            }
            _ => {
                let field = "KeyUpdate.request_update";
                return self.fail(DecodeError { field }.into());
            }
        };
        if self.cx.inbound.newest() >= Some(Epoch::LAST) {
            return self
                .fail(HandshakeError::UnexpectedMessage(HandshakeType::KEY_UPDATE.0).into());
        }
        let Some(traffic) = self.traffic() else {
            return;
        };
        let next = traffic.read.next();
        let protection = next.protection();
        traffic.read = next;
        let protection = match protection {
            Ok(protection) => protection,
            Err(error) => return self.fail(error.into()),
        };
        if let Some(newest) = self.cx.inbound.newest() {
            self.cx.inbound.install(newest.next(), protection);
            self.cx.inbound.forget_old();
            self.limit_old_keys();
        }
        self.stats.key_updates_received += 1;
        self.recheck_early = true;
        if is_requested {
            self.update_keys(false);
        }
    }
}
