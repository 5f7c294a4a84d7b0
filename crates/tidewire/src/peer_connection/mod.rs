//! The connection: negotiation, transports and data channels behind one sans-IO facade.

mod agreed;
mod apply;
mod association;
mod candidates;
mod close;
mod data;
mod descriptions;
mod direct;
mod gather;
mod io;
mod media;
mod negotiation;
mod report;
mod sections;
mod transceivers;

use std::sync::Arc;
use std::time::{Duration, Instant};

use tidewire_crypto::{CryptoProvider, HashAlgorithm, Rng};
use tidewire_datachannel as datachannel;
use tidewire_dtls as dtls;
use tidewire_ice as ice;
use tidewire_media::{FixedRate, Session, WallClock};
use tidewire_rtp::NtpTime;
use tidewire_sctp as sctp;

use crate::configuration::{Configuration, IceTransportPolicy};
use crate::early::EarlyDatagrams;
use crate::error::ConfigurationError;
use crate::event::Events;
use crate::media::{MediaCapabilities, Numbers, Transceiver};
use crate::router::{RouterEvent, RouterEvents};
use crate::srtp::Srtp;
use crate::state::{IceConnectionState, IceGatheringState, PeerConnectionState};
use crate::stats::{SelectedPair, Stats};
use crate::transport::Transport;

use direct::Direct;
use negotiation::Negotiation;

/// The transport that data channels use: the only one there is, as everything is bundled.
const DATA: usize = 0;

/// What DTLS puts around a packet: 13 bytes of header, 8 of nonce, 16 of tag (RFC 6347 section
/// 4.1, RFC 5288 section 3).
const DTLS_OVERHEAD: usize = 37;
/// What SRTP adds to a packet at most: a tag of 16 bytes (RFC 7714 section 14.2), and for RTCP its index.
const SRTP_OVERHEAD: usize = 20;
/// How long one DTLS handshake may take; it is tried again a few times.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(12);
/// How long a generated certificate is valid. Peers verify its fingerprint, not its dates, but some
/// refuse one that has expired by their clock.
const CERTIFICATE_LIFETIME: Duration = Duration::from_secs(30 * 24 * 3600);
/// How far a generated certificate's validity reaches back: peers' clocks run apart.
const CLOCK_SKEW: Duration = Duration::from_secs(24 * 3600);

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
    crypto: Arc<dyn CryptoProvider>,
    certificate: Arc<dtls::Certificate>,
    certificate_fingerprint: dtls::Fingerprint,
    ice_transport_policy: IceTransportPolicy,
    max_message_size: u32,
    negotiation: Negotiation,
    /// It does without descriptions.
    direct: Option<Direct>,
    /// Of the ICE restart that the peer has been told of without a description.
    next_credentials: Option<ice::Credentials>,
    transports: Vec<Transport>,
    channels: datachannel::Endpoint,
    capabilities: MediaCapabilities,
    numbers: Numbers,
    /// As they were when the last exchange was completed.
    agreed_numbers: Numbers,
    wall_clock: WallClock,
    /// The name that all our streams share.
    cname: String,
    transceivers: Vec<Transceiver>,
    next_transceiver: u32,
    media: Session,
    /// Once DTLS has exported keys.
    srtp: Option<Srtp>,
    early: EarlyDatagrams,
    /// The last `now` seen; a clock that goes backwards is held here.
    now: Instant,
    gathering: IceGatheringState,
    /// Local candidates, each once, in the order they were found.
    local_candidates: Vec<ice::Candidate>,
    /// What the application has been told of them.
    reported: Reported,
    /// Data channels were negotiated.
    has_data: bool,
    /// Data channels were in use, and a description put an end to them.
    data_ended: bool,
    ice_state: IceConnectionState,
    dtls_state: DtlsPhase,
    state: PeerConnectionState,
    closing: Closing,
    events: Events,
    router_events: RouterEvents,
    /// A packet that did not fit into the last batch of equal segments.
    held_back: Vec<u8>,
    stats: Stats,
}

/// RTCDtlsTransportState, as far as the connection's state depends on it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum DtlsPhase {
    New,
    Connected,
    Closed,
    Failed,
}

/// Which local candidates the application has been told of, in one generation of credentials.
#[derive(Clone, Debug, Default)]
struct Reported {
    /// The generation; `None` before the first.
    ufrag: Option<String>,
    candidates: usize,
    /// The end of candidates, too.
    end: bool,
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
    /// A connection that has not been negotiated yet. The same configuration, generator and calls
    /// lead to the same datagrams.
    ///
    /// # Errors
    /// When no certificate is given and none can be generated.
    pub fn new(
        configuration: Configuration,
        mut rng: Rng,
        now: Instant,
    ) -> Result<Self, ConfigurationError> {
        let certificate = match configuration.certificate {
            Some(certificate) => certificate,
            None => Arc::new(generate_certificate(
                configuration.crypto.as_ref(),
                &mut rng,
                configuration.unix_time,
            )?),
        };
        let mut dtls_config =
            dtls::Config::new(Arc::clone(&configuration.crypto), Arc::clone(&certificate));
        dtls_config.mtu = configuration.max_datagram_size;
        dtls_config.handshake_timeout = HANDSHAKE_TIMEOUT;
        dtls_config.srtp_profiles = Srtp::profiles();
        let ice_config = ice::Config {
            timing: configuration.ice_timing,
            limits: configuration.ice_limits,
            ..ice::Config::new(Arc::clone(&configuration.crypto))
        };
        let agent = ice::Agent::new(ice_config, rng.fork(), now);
        let ufrag = agent.local_credentials().ufrag.clone();
        let transport = Transport::new(agent, Arc::new(dtls_config), rng.fork());
        let sctp_config = sctp::Config {
            max_packet_size: configuration
                .max_datagram_size
                .saturating_sub(DTLS_OVERHEAD),
            max_incoming_message: configuration.max_message_size as usize,
            ..configuration.sctp
        };
        let channels =
            datachannel::Endpoint::new(configuration.data_channels, sctp_config, rng.fork(), now);
        let cname = new_cname(&mut rng);
        let wall_clock = WallClock {
            instant: now,
            time: NtpTime::from_unix(configuration.unix_time),
        };
        let media_config = tidewire_media::Config {
            max_packet_len: configuration
                .max_datagram_size
                .saturating_sub(SRTP_OVERHEAD),
            ..tidewire_media::Config::new(wall_clock, cname.clone())
        };
        let estimator = Box::new(FixedRate::default());
        Ok(Self {
            capabilities: configuration.media,
            numbers: Numbers::default(),
            agreed_numbers: Numbers::default(),
            media: Session::new(media_config, estimator, rng.fork(), now),
            srtp: None,
            transceivers: Vec::new(),
            next_transceiver: 0,
            wall_clock,
            cname,
            crypto: configuration.crypto,
            certificate_fingerprint: certificate.fingerprint(HashAlgorithm::Sha256),
            certificate,
            ice_transport_policy: configuration.ice_transport_policy,
            max_message_size: configuration.max_message_size,
            negotiation: Negotiation::new(&mut rng),
            direct: None,
            next_credentials: None,
            transports: vec![transport],
            channels,
            early: EarlyDatagrams::default(),
            now,
            gathering: IceGatheringState::New,
            local_candidates: Vec::new(),
            reported: Reported::default(),
            has_data: false,
            data_ended: false,
            ice_state: IceConnectionState::New,
            dtls_state: DtlsPhase::New,
            state: PeerConnectionState::New,
            closing: Closing::Open,
            events: Events::default(),
            router_events: RouterEvents::new(RouterEvent::UfragAdded(ufrag)),
            held_back: Vec::new(),
            stats: Stats::default(),
            rng,
        })
    }

    /// The state of the whole connection.
    pub fn connection_state(&self) -> PeerConnectionState {
        self.state
    }

    /// The state of ICE.
    pub fn ice_connection_state(&self) -> IceConnectionState {
        self.ice_state
    }

    /// How far gathering has come.
    pub fn ice_gathering_state(&self) -> IceGatheringState {
        self.gathering
    }

    /// The fingerprint of our certificate, as descriptions tell it (RFC 8122 section 5).
    pub fn local_fingerprint(&self) -> &dtls::Fingerprint {
        &self.certificate_fingerprint
    }

    /// What the connection did so far.
    pub fn stats(&self) -> Stats {
        let transport = &self.transports[DATA];
        Stats {
            selected_pair: transport.agent.selected_pair().map(|pair| SelectedPair {
                local: pair.local,
                remote: pair.remote,
                round_trip_time: pair.rtt,
            }),
            dtls: transport.dtls_stats(),
            ice: transport.agent.stats(),
            data_channels: self.channels.stats(),
            sctp: self.channels.association_stats(),
            media: self.media.stats(),
            ..self.stats.clone()
        }
    }
}

/// A name of 96 random bits for one session (RFC 7022 section 4.2).
fn new_cname(rng: &mut Rng) -> String {
    let words = [(); 3].map(|()| rng.next_u32());
    let [a, b, c] = words;
    format!("{a:08x}{b:08x}{c:08x}")
}

fn generate_certificate(
    crypto: &dyn CryptoProvider,
    rng: &mut Rng,
    unix_time: Duration,
) -> Result<dtls::Certificate, ConfigurationError> {
    let seconds = |time: Duration| i64::try_from(time.as_secs()).unwrap_or(i64::MAX);
    let validity = dtls::ValidityOptions {
        not_before: seconds(unix_time.saturating_sub(CLOCK_SKEW)),
        not_after: seconds(unix_time.saturating_add(CERTIFICATE_LIFETIME)),
    };
    Ok(dtls::Certificate::generate(crypto, rng, validity)?)
}
