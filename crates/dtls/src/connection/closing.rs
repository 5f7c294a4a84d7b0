//! The end of a connection, and the alert that tells of it.

use super::{Connection, FATAL, State, WARNING};
use crate::error::CloseReason;
use crate::event::Event;
use crate::flight::Reassembler;
use crate::wire::{AlertDescription, ContentType};

impl Connection {
    /// Ends a handshake that cannot be completed.
    pub(super) fn fail(&mut self, reason: CloseReason) {
        self.is_end_authentic |= self.cx.is_1_3() && self.cx.inbound.has_opened();
        self.state = State::Closed(reason);
        self.finish(reason);
    }

    pub(super) fn end(&mut self, reason: CloseReason) {
        if !matches!(self.state, State::Closed(_)) {
            self.fail(reason);
        }
    }

    fn finish(&mut self, reason: CloseReason) {
        tracing::debug!(%reason, "closed");
        self.alert = farewell(reason);
        self.retransmission.stop();
        self.handshake_deadline = None;
        self.suspicion = None;
        self.cx.flight.clear();
        self.cx.transcript.clear();
        self.acks.clear();
        self.reassembler = Reassembler::default();
        self.early.clear();
        self.events.push_back(Event::Closed(reason));
    }

    /// The peer goes on: it did not get the alert. One alert is never the answer to another, or two
    /// ends that are both closed would not come to rest.
    pub(super) fn repeat_farewell(&mut self, reason: CloseReason, kind: ContentType) {
        let goes_on = matches!(kind, ContentType::HANDSHAKE | ContentType::APPLICATION_DATA);
        if !goes_on || self.alert.is_some() || self.farewells == 0 {
            return;
        }
        self.farewells -= 1;
        self.alert = farewell(reason);
    }

    pub(super) fn write_alert(
        &mut self,
        level: u8,
        description: AlertDescription,
        out: &mut Vec<u8>,
    ) {
        let epoch = self.cx.control_epoch();
        // Without keys or numbers left the peer has to find out by itself.
        let _ = self
            .cx
            .outbound
            .write(epoch, ContentType::ALERT, out, |out| {
                out.u8(level);
                out.u8(description.0);
            });
    }
}

fn farewell(reason: CloseReason) -> Option<(u8, AlertDescription)> {
    let description = reason.alert()?;
    Some((level(description), description))
}

fn level(description: AlertDescription) -> u8 {
    match description {
        AlertDescription::CLOSE_NOTIFY => WARNING,
        _ => FATAL,
    }
}
