//! The end of a connection.

use std::time::Instant;

use super::{Closing, DATA, PeerConnection};
use crate::event::Event;
use crate::router::RouterEvent;
use crate::state::{IceConnectionState, PeerConnectionState, SignalingState};

impl PeerConnection {
    /// close: ends everything at once. What tells the peer so is still to be fetched with
    /// [`poll_transmit`](Self::poll_transmit): an SCTP ABORT and a DTLS close_notify. Data that has
    /// not been sent is lost; close channels first to have it delivered.
    pub fn close(&mut self, now: Instant) {
        let now = self.advance(now);
        if self.closing != Closing::Open {
            return;
        }
        self.channels.abort(now);
        self.closing = Closing::Flushing;
        self.negotiation.state = SignalingState::Closed;
        self.ice_state = IceConnectionState::Closed;
        self.state = PeerConnectionState::Closed;
        self.early.take();
        self.events
            .push(Event::SignalingStateChange(SignalingState::Closed));
        self.events
            .push(Event::IceConnectionStateChange(IceConnectionState::Closed));
        self.events
            .push(Event::ConnectionStateChange(PeerConnectionState::Closed));
        self.retire_ufrags();
    }

    /// Whether the connection was closed and has nothing left to send: it may be dropped.
    pub fn is_drained(&self) -> bool {
        self.closing == Closing::Closed
    }

    fn retire_ufrags(&mut self) {
        let pending = self
            .negotiation
            .roll_back_local()
            .map(|local| local.credentials.ufrag);
        let current = self.transports[DATA]
            .agent
            .local_credentials()
            .ufrag
            .clone();
        let pending = pending.filter(|ufrag| *ufrag != current);
        let retired = pending
            .into_iter()
            .chain([current])
            .map(RouterEvent::UfragRemoved);
        for event in retired {
            self.router_events.push(event);
        }
    }
}
