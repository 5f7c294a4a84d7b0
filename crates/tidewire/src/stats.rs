//! A snapshot of a connection in numbers.

use std::net::SocketAddr;
use std::time::Duration;

use tidewire_datachannel as datachannel;
use tidewire_dtls as dtls;
use tidewire_ice as ice;
use tidewire_sctp as sctp;

/// What a connection did so far, from [`PeerConnection::stats`](crate::PeerConnection::stats).
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Stats {
    /// Datagrams received, of every kind.
    pub datagrams_received: u64,
    /// Bytes received in them.
    pub bytes_received: u64,
    /// Datagrams sent.
    pub datagrams_sent: u64,
    /// Bytes sent in them.
    pub bytes_sent: u64,
    /// Datagrams dropped, by reason.
    pub dropped: Dropped,
    /// Local candidates and STUN servers that cannot be used, or were too many.
    pub local_candidates_refused: u64,
    /// Remote candidates that could not be read or were too many.
    pub remote_candidates_dropped: u64,
    /// The pair in use.
    pub selected_pair: Option<SelectedPair>,
    /// DTLS, once it is up.
    pub dtls: Option<DtlsStats>,
    /// ICE in numbers.
    pub ice: ice::Stats,
    /// Data channels in numbers.
    pub data_channels: datachannel::Stats,
    /// Their association in numbers.
    pub sctp: sctp::Stats,
    /// Media in numbers, apart from its streams.
    pub media: tidewire_media::SessionStats,
}

/// What was seen of the streams of a transceiver, from
/// [`PeerConnection::stream_stats`](crate::PeerConnection::stream_stats).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StreamStats {
    /// Those that are received.
    pub inbound: Vec<tidewire_media::InboundStats>,
    /// Those that are sent.
    pub outbound: Vec<tidewire_media::OutboundStats>,
}

/// Datagrams that were dropped, by reason.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct Dropped {
    /// No protocol of ours by their first byte (RFC 7983).
    pub unknown_protocol: u64,
    /// A protocol that this connection does not speak.
    pub unexpected_protocol: u64,
    /// From an address that is no known path.
    pub unknown_path: u64,
    /// Too many before the peer's description was here.
    pub early_overflow: u64,
    /// Media that is not authentic, came twice, or came far too late.
    pub srtp: u64,
    /// Media of ours that could not be protected: its number was used before.
    pub unprotected: u64,
    /// After the connection was closed.
    pub closed: u64,
}

/// The candidate pair in use.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct SelectedPair {
    /// Our address.
    pub local: SocketAddr,
    /// The peer's.
    pub remote: SocketAddr,
    /// The last measured round-trip time.
    pub round_trip_time: Option<Duration>,
}

/// What DTLS agreed on.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct DtlsStats {
    /// Our role in the handshake.
    pub role: dtls::Role,
    /// Version, cipher suite, group, and who the peer is.
    pub info: dtls::Info,
    /// Records and retransmissions in numbers.
    pub counters: dtls::Stats,
}
