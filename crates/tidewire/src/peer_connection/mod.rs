//! The connection: negotiation, transports and data channels behind one sans-IO facade.

mod data;
mod io;
mod negotiation;

use std::collections::VecDeque;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use tidewire_crypto::{HashAlgorithm, Rng};
use tidewire_datachannel as datachannel;
use tidewire_dtls as dtls;
use tidewire_ice as ice;

use crate::configuration::{Configuration, IceTransportPolicy};
use crate::description::IceCandidateInit;
use crate::early::EarlyDatagrams;
use crate::error::ConfigurationError;
use crate::event::Event;
use crate::router::RouterEvent;
use crate::state::{IceConnectionState, IceGatheringState, PeerConnectionState, SignalingState};
use crate::stats::{DtlsStats, SelectedPair, Stats};
use crate::transport::Transport;

use negotiation::Negotiation;

/// RTCPeerConnection as a state machine: it reads no clock and opens no socket.
///
/// **Negotiate** with [`create_offer`](Self::create_offer),
/// [`create_answer`](Self::create_answer), [`set_local_description`](Self::set_local_description),
/// [`set_remote_description`](Self::set_remote_description) and
/// [`add_ice_candidate`](Self::add_ice_candidate), as in a browser, and tell it the addresses of
/// your sockets with [`add_local_address`](Self::add_local_address).
///
/// **Drive** it, in any order, but until nothing is left after every call that could have changed
/// something:
/// - [`handle_datagram`](Self::handle_datagram) for what your sockets received,
/// - [`handle_timeout`](Self::handle_timeout) when [`poll_timeout`](Self::poll_timeout) is due,
/// - [`poll_transmit`](Self::poll_transmit) for what to send,
/// - [`poll_event`](Self::poll_event) for what happened,
/// - [`poll_router_event`](Self::poll_router_event) for a [`Router`](crate::Router), if you use one.
///
/// Forgetting to drain delays things; it never corrupts them.
#[derive(Debug)]
pub struct PeerConnection {
    rng: Rng,
    certificate_fingerprint: dtls::Fingerprint,
    ice_transport_policy: IceTransportPolicy,
    max_message_size: u32,
    negotiation: Negotiation,
    transport: Vec<Transport>,
    channels: datachannel::Endpoint,
    early: EarlyDatagrams,
    /// The last `now` seen; a clock that goes backwards is held here.
    now: Instant,
    gathering: IceGatheringState,
    ice_state: IceConnectionState,
    state: PeerConnectionState,
    dtls_failed: bool,
    closing: Closing,
    events: VecDeque<Event>,
    router_events: VecDeque<RouterEvent>,
    /// A packet that did not fit into the last batch of equal segments.
    held_back: Vec<u8>,
    stats: Stats,
}

/// How far [`PeerConnection::close`] has come.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Closing {
    Open,
    /// The association's last words leave first, then close_notify.
    Flushing,
    Closed,
}

impl PeerConnection {
    /// A connection that has not been negotiated yet.
    pub fn new(
        configuration: Configuration,
        mut rng: Rng,
        now: Instant,
    ) -> Result<Self, ConfigurationError> {
        let crypto = &configuration.crypto;
        let certificate = match configuration.certificate {
            Some(certificate) => certificate,
            None => Arc::new(generate_certificate(
                crypto.as_ref(),
                &mut rng,
                configuration.unix_time,
            )?),
        };
        let dtls_config = Arc::new(dtls::Config {
            mtu: configuration.max_datagram_size,
            ..dtls::Config::new(Arc::clone(crypto), Arc::clone(&certificate))
        });
        let agent = ice::Agent::new(configuration.ice, rng.fork(), now);
        let ufrag = agent.local_credentials().ufrag.clone();
        let transport = Transport::new(agent, dtls_config, rng.fork());
        let channels =
            datachannel::Endpoint::new(configuration.sctp, rng.fork(), now);
        Ok(Self {
            certificate_fingerprint: certificate.fingerprint(HashAlgorithm::Sha256),
            ice_transport_policy: configuration.ice_transport_policy,
            max_message_size: configuration.max_message_size,
            negotiation: Negotiation::new(&mut rng),
            transport: vec![transport],
            channels,
            early: EarlyDatagrams::default(),
            now,
            gathering: IceGatheringState::New,
            ice_state: IceConnectionState::New,
            state: PeerConnectionState::New,
            dtls_failed: false,
            closing: Closing::Open,
            events: VecDeque::new(),
            router_events: VecDeque::from([RouterEvent::UfragAdded(ufrag)]),
            held_back: Vec::new(),
            stats: Stats::default(),
            rng,
        })
    }
}
