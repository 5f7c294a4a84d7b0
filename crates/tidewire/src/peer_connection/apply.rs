//! What a completed exchange of descriptions does to the transport, and what the layers report back.

use std::time::Instant;

use tidewire_datachannel as datachannel;
use tidewire_dtls as dtls;
use tidewire_ice as ice;

use super::negotiation::LocalDescription;
use super::{Closing, DATA, DtlsPhase, PeerConnection};
use crate::event::Event;
use crate::router::RouterEvent;
use crate::session::{RemoteSession, SctpParameters, Section, Setup, TransportParameters};
use crate::state::{IceConnectionState, PeerConnectionState};
use crate::transport::{Association, role_from_answer};

impl PeerConnection {
    /// Puts an exchange into force. `setup` is the answer's.
    pub(super) fn apply(
        &mut self,
        now: Instant,
        local: &LocalDescription,
        remote: &RemoteSession,
        setup: Setup,
        we_answered: bool,
    ) {
        self.apply_media(now, &local.sections, remote);
        let has_data = remote.has_data() && local.sections.iter().any(Section::is_data);
        let in_use = has_data || self.transceivers.iter().any(|known| known.agreed.is_some());
        let Some(parameters) = remote.transport.as_ref().filter(|_| in_use) else {
            self.end_data(now);
            return;
        };
        self.apply_ice(now, local, parameters, we_answered);
        self.negotiation.tls_id.clone_from(&local.tls_id);
        let role = role_from_answer(setup, we_answered);
        let association = self.transports[DATA].set_remote_dtls(now, parameters, role);
        if association == Association::New {
            self.dtls_state = DtlsPhase::New;
            self.srtp = None;
        }
        match remote.sctp.as_ref().filter(|_| has_data) {
            Some(sctp) => self.apply_data(now, sctp, role, association),
            None => self.end_data(now),
        }
        self.replay_early(now);
    }

    fn apply_data(
        &mut self,
        now: Instant,
        sctp: &SctpParameters,
        role: dtls::Role,
        association: Association,
    ) {
        self.has_data = true;
        self.channels.set_max_message_size(sctp.max_message_size);
        self.channels.set_remote_port(sctp.port);
        self.channels.set_role(
            now,
            match role {
                dtls::Role::Client => datachannel::Role::DtlsClient,
                dtls::Role::Server => datachannel::Role::DtlsServer,
            },
        );
        let returns = std::mem::take(&mut self.data_ended);
        if association == Association::New || returns {
            self.channels.reset(now);
        }
        if returns && self.dtls_state == DtlsPhase::Connected {
            // RFC 8841 section 9.3: under the same DTLS association, another one of SCTP.
            self.channels.connect(now);
        }
    }

    fn apply_ice(
        &mut self,
        now: Instant,
        local: &LocalDescription,
        remote: &TransportParameters,
        we_answered: bool,
    ) {
        let transport = &mut self.transports[DATA];
        if local.credentials != *transport.agent.local_credentials() {
            let replaced = transport.agent.local_credentials().ufrag.clone();
            transport.agent.restart(now, local.credentials.clone());
            self.router_events.push(RouterEvent::UfragRemoved(replaced));
            self.negotiation.restart_wanted = false;
        }
        if transport.remote_credentials.is_none() {
            // RFC 8445 section 6.1.1: the offerer controls, unless only one side is full.
            let controls = remote.lite || !we_answered;
            let role = if controls {
                ice::Role::Controlling
            } else {
                ice::Role::Controlled
            };
            transport.agent.set_role(role);
            transport.agent.set_remote_lite(remote.lite);
        }
        if transport.remote_credentials.as_ref() != Some(&remote.credentials) {
            transport.remote_credentials = Some(remote.credentials.clone());
            transport
                .agent
                .set_remote_credentials(remote.credentials.clone());
        }
        let waiting = self.negotiation.take_waiting_candidates();
        for line in remote.candidates.iter().chain(&waiting) {
            // A candidate of a kind that we do not know is no reason to refuse a description.
            match line.parse() {
                _ if line.is_empty() => self.add_remote_candidate(now, None),
                Ok(candidate) => self.add_remote_candidate(now, Some(candidate)),
                Err(_) => self.stats.remote_candidates_dropped += 1,
            }
        }
        if remote.end_of_candidates {
            self.add_remote_candidate(now, None);
        }
    }

    pub(super) fn remote_ufrag_in_use(&self) -> Option<&str> {
        let credentials = self.transports[DATA].remote_credentials.as_ref()?;
        Some(credentials.ufrag.as_str())
    }

    /// Data channels were not negotiated, or the peer does not want them (any more).
    fn end_data(&mut self, now: Instant) {
        if self.has_data || self.negotiation.data_wanted {
            self.channels.abort(now);
            self.negotiation.data_wanted = false;
            self.data_ended = true;
            self.has_data = false;
        }
    }

    pub(super) fn start_association(&mut self, now: Instant) {
        self.dtls_state = DtlsPhase::Connected;
        self.start_srtp(now);
        if self.has_data {
            self.channels.connect(now);
        }
    }

    pub(super) fn end_association(&mut self, now: Instant, reason: dtls::CloseReason) {
        self.channels.disconnect(now);
        // Media goes under the keys of an association that is up.
        self.srtp = None;
        match reason {
            dtls::CloseReason::Local | dtls::CloseReason::Peer => {
                self.dtls_state = DtlsPhase::Closed;
                self.events.push(Event::DtlsClosed);
            }
            failure => {
                self.dtls_state = DtlsPhase::Failed;
                self.events.push(Event::DtlsFailed(failure));
            }
        }
    }

    pub(super) fn collect_ice_events(&mut self, now: Instant) {
        while let Some(event) = self.transports[DATA].agent.poll_event() {
            match event {
                ice::Event::LocalCandidate(candidate) => self.keep_candidate(candidate),
                ice::Event::GatheringComplete => {}
                ice::Event::StateChange(state) => self.enter_ice_state(now, state),
                ice::Event::ResolveMdns { name } => {
                    self.events.push(Event::ResolveMdns { name });
                }
                ice::Event::SelectedPair { .. } => self.events.push(Event::SelectedPairChange),
                _ => {}
            }
        }
        self.report_candidates();
    }

    fn enter_ice_state(&mut self, now: Instant, state: ice::ConnectionState) {
        let state = match state {
            ice::ConnectionState::New => IceConnectionState::New,
            ice::ConnectionState::Checking => IceConnectionState::Checking,
            ice::ConnectionState::Connected => IceConnectionState::Connected,
            ice::ConnectionState::Completed => IceConnectionState::Completed,
            ice::ConnectionState::Disconnected => IceConnectionState::Disconnected,
            ice::ConnectionState::Failed => IceConnectionState::Failed,
            ice::ConnectionState::Closed => IceConnectionState::Closed,
        };
        if self.ice_state != state {
            self.ice_state = state;
            self.events.push(Event::IceConnectionStateChange(state));
        }
        self.transports[DATA].start_dtls_if_ready(now);
    }

    /// The next event of a data channel, taken only when it is asked for: what nobody asks for does
    /// not pile up.
    pub(super) fn next_channel_event(&mut self) -> Option<Event> {
        loop {
            let event = match self.channels.poll_event()? {
                datachannel::Event::Incoming(id) => Event::DataChannel(id),
                datachannel::Event::Opened(id) => Event::DataChannelOpen(id),
                datachannel::Event::Readable(id) => Event::DataChannelReadable(id),
                datachannel::Event::BufferedAmountLow(id) => Event::BufferedAmountLow(id),
                datachannel::Event::Closing(id) => Event::DataChannelClosing(id),
                datachannel::Event::Closed(id) => Event::DataChannelClosed(id),
                // The channels tell what that means for them.
                _ => continue,
            };
            return Some(event);
        }
    }

    pub(super) fn update_connection_state(&mut self) {
        let state = self.connection_state_now();
        if self.state != state {
            self.state = state;
            self.events.push(Event::ConnectionStateChange(state));
        }
    }

    /// RTCPeerConnectionState (W3C webrtc-pc section 4.3.3) of our one transport.
    fn connection_state_now(&self) -> PeerConnectionState {
        use super::DtlsPhase as Dtls;
        use IceConnectionState as Ice;
        if self.closing != Closing::Open {
            return PeerConnectionState::Closed;
        }
        match (self.ice_state, self.dtls_state) {
            (Ice::Failed, _) | (_, Dtls::Failed) => PeerConnectionState::Failed,
            (Ice::Disconnected, _) => PeerConnectionState::Disconnected,
            (Ice::New | Ice::Closed, Dtls::New | Dtls::Closed) => PeerConnectionState::New,
            (Ice::Connected | Ice::Completed, Dtls::Connected | Dtls::Closed) => {
                PeerConnectionState::Connected
            }
            _ => PeerConnectionState::Connecting,
        }
    }
}
