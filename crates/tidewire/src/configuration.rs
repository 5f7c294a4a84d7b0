//! What a connection is configured with.

use std::sync::Arc;
use std::time::Duration;

use tidewire_crypto::CryptoProvider;
use tidewire_dtls::Certificate;

use crate::media::MediaCapabilities;

/// RTCConfiguration, and what a stack without a browser around it needs besides.
///
/// A dictionary: fields are added in minor versions, so name those that matter and end with
/// `..Default::default()`.
#[derive(Clone, Debug)]
pub struct Configuration {
    /// Where all cryptography comes from. The default is written in Rust throughout.
    pub crypto: Arc<dyn CryptoProvider>,
    /// Who we are to the peer. `None` generates a self-signed certificate for each connection.
    pub certificate: Option<Arc<Certificate>>,
    /// The wall-clock time at the `now` that the connection is made with, since the Unix epoch:
    /// the validity of a generated certificate counts from it. Drivers fill it in.
    pub unix_time: Duration,
    /// STUN and TURN servers. A driver resolves their names and reports addresses through
    /// [`PeerConnection::add_stun_server`](crate::PeerConnection::add_stun_server).
    pub ice_servers: Vec<IceServer>,
    /// Which candidates are used.
    pub ice_transport_policy: IceTransportPolicy,
    /// Pacing and timers of ICE.
    pub ice_timing: tidewire_ice::Timing,
    /// How much ICE remembers of what others choose.
    pub ice_limits: tidewire_ice::Limits,
    /// The largest datagram that the stack writes, in bytes of UDP payload.
    pub max_datagram_size: usize,
    /// The codecs and header extensions that can be negotiated.
    pub media: MediaCapabilities,
    /// The bounds of data channels.
    pub data_channels: tidewire_datachannel::Config,
    /// The SCTP association that carries them. Its ports, packet size and message size are set by
    /// the connection, and its send buffer is replaced by the bound of each channel.
    pub sctp: tidewire_sctp::Config,
    /// The longest message that we accept on a data channel, in bytes: our `a=max-message-size`
    /// (RFC 8841 section 6).
    pub max_message_size: u32,
}

impl Default for Configuration {
    fn default() -> Self {
        Self {
            crypto: tidewire_crypto::rust_crypto::provider(),
            certificate: None,
            unix_time: Duration::ZERO,
            ice_servers: Vec::new(),
            ice_transport_policy: IceTransportPolicy::default(),
            ice_timing: tidewire_ice::Timing::default(),
            ice_limits: tidewire_ice::Limits::default(),
            max_datagram_size: 1200,
            media: MediaCapabilities::default(),
            data_channels: tidewire_datachannel::Config::default(),
            sctp: tidewire_sctp::Config::default(),
            max_message_size: 262_144,
        }
    }
}

/// RTCIceServer: a STUN or TURN server.
///
/// A dictionary: fields are added in minor versions, so name those that matter and end with
/// `..Default::default()`.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct IceServer {
    /// `stun:`, `turn:` and `turns:` URIs (RFC 7064, RFC 7065).
    pub urls: Vec<String>,
    /// The user name for TURN.
    pub username: Option<String>,
    /// The password for TURN.
    pub credential: Option<String>,
}

/// RTCIceTransportPolicy.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum IceTransportPolicy {
    /// Every candidate is used.
    #[default]
    All,
    /// Only relayed candidates are used; nothing else is gathered or told.
    Relay,
}
