//! Entries about what carries media and data.

use tidewire_dtls::Fingerprint;
use tidewire_ice::{Address, Candidate, PairInfo, PairState, TcpType};

use super::base64;

/// RTCPeerConnectionStats.
#[derive(Clone, Debug, Default, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize),
    serde(rename_all = "camelCase")
)]
#[non_exhaustive]
pub struct PeerConnectionStats {
    /// Names the entry.
    pub id: String,
    /// Milliseconds since 1970.
    pub timestamp: f64,
    /// Channels that have become open.
    pub data_channels_opened: u64,
    /// Channels that were open and are closed.
    pub data_channels_closed: u64,
}

/// RTCDataChannelStats.
#[derive(Clone, Debug, Default, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize),
    serde(rename_all = "camelCase")
)]
#[non_exhaustive]
pub struct DataChannelStats {
    /// Names the entry.
    pub id: String,
    /// Milliseconds since 1970.
    pub timestamp: f64,
    /// The label.
    pub label: String,
    /// The subprotocol.
    pub protocol: String,
    /// The stream, once it is known.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub data_channel_identifier: Option<u16>,
    /// RTCDataChannelState.
    pub state: &'static str,
    /// Messages that were accepted for sending.
    pub messages_sent: u64,
    /// Their bytes.
    pub bytes_sent: u64,
    /// Messages that were handed out.
    pub messages_received: u64,
    /// Their bytes.
    pub bytes_received: u64,
}

/// RTCTransportStats. Datagrams are those of media and data, of DTLS and SRTP as they are, without the
/// checks of ICE.
#[derive(Clone, Debug, Default, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize),
    serde(rename_all = "camelCase")
)]
#[non_exhaustive]
pub struct TransportStats {
    /// Names the entry.
    pub id: String,
    /// Milliseconds since 1970.
    pub timestamp: f64,
    /// Datagrams sent.
    pub packets_sent: u64,
    /// Datagrams received.
    pub packets_received: u64,
    /// Bytes in those that were sent.
    pub bytes_sent: u64,
    /// Bytes in those that were received.
    pub bytes_received: u64,
    /// RTCIceRole.
    pub ice_role: &'static str,
    /// Our username fragment.
    pub ice_local_username_fragment: String,
    /// RTCDtlsTransportState.
    pub dtls_state: &'static str,
    /// RTCIceTransportState.
    pub ice_state: &'static str,
    /// The pair in use.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub selected_candidate_pair_id: Option<String>,
    /// How often another pair than before came into use, or none.
    pub selected_candidate_pair_changes: u64,
    /// Our certificate.
    pub local_certificate_id: String,
    /// The peer's, once it is known.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub remote_certificate_id: Option<String>,
    /// The version of DTLS, such as `FEFD`.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub tls_version: Option<String>,
    /// The cipher suite's name in the registry of TLS, or its number.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub dtls_cipher: Option<String>,
    /// `client`, `server`, or `unknown` before it is negotiated.
    pub dtls_role: &'static str,
    /// The protection profile's name in the registry of DTLS-SRTP.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub srtp_cipher: Option<&'static str>,
}

/// RTCIceCandidatePairStats.
#[derive(Clone, Debug, Default, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize),
    serde(rename_all = "camelCase")
)]
#[non_exhaustive]
pub struct CandidatePairStats {
    /// Names the entry.
    pub id: String,
    /// Milliseconds since 1970.
    pub timestamp: f64,
    /// The transport.
    pub transport_id: String,
    /// Our candidate.
    pub local_candidate_id: String,
    /// The peer's.
    pub remote_candidate_id: String,
    /// RTCStatsIceCandidatePairState.
    pub state: &'static str,
    /// Whether it is nominated.
    pub nominated: bool,
    /// Datagrams of media and data sent.
    pub packets_sent: u64,
    /// Datagrams of media and data received.
    pub packets_received: u64,
    /// Bytes in those that were sent.
    pub bytes_sent: u64,
    /// Bytes in those that were received.
    pub bytes_received: u64,
    /// When the last of them was sent, in milliseconds since 1970.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub last_packet_sent_timestamp: Option<f64>,
    /// When the last of them was received, in milliseconds since 1970.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub last_packet_received_timestamp: Option<f64>,
    /// The last round trip of a check, in seconds.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub current_round_trip_time: Option<f64>,
    /// The sum of all round trips of checks, in seconds.
    pub total_round_trip_time: f64,
    /// What the path carries, as far as it was estimated, in bits a second: of the pair in use.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub available_outgoing_bitrate: Option<f64>,
    /// Checks sent.
    pub requests_sent: u64,
    /// Checks received.
    pub requests_received: u64,
    /// Answers sent.
    pub responses_sent: u64,
    /// Answers received.
    pub responses_received: u64,
    /// Requests for consent sent.
    pub consent_requests_sent: u64,
}

/// RTCIceCandidateStats.
#[derive(Clone, Debug, Default, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize),
    serde(rename_all = "camelCase")
)]
#[non_exhaustive]
pub struct IceCandidateStats {
    /// Names the entry.
    pub id: String,
    /// Milliseconds since 1970.
    pub timestamp: f64,
    /// The transport.
    pub transport_id: String,
    /// The address, unless it is hidden behind a name.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub address: Option<String>,
    /// The port.
    pub port: u16,
    /// `udp` or `tcp`.
    pub protocol: &'static str,
    /// RTCIceTcpCandidateType, over TCP.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub tcp_type: Option<&'static str>,
    /// RTCIceCandidateType.
    pub candidate_type: &'static str,
    /// The priority.
    pub priority: u32,
    /// The foundation.
    pub foundation: String,
    /// The related address.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub related_address: Option<String>,
    /// The related port.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub related_port: Option<u16>,
    /// The username fragment that goes with it.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub username_fragment: Option<String>,
}

/// RTCCertificateStats.
#[derive(Clone, Debug, Default, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize),
    serde(rename_all = "camelCase")
)]
#[non_exhaustive]
pub struct CertificateStats {
    /// Names the entry.
    pub id: String,
    /// Milliseconds since 1970.
    pub timestamp: f64,
    /// The fingerprint.
    pub fingerprint: String,
    /// The hash function, such as `sha-256`.
    pub fingerprint_algorithm: String,
    /// The certificate itself, in DER and base 64.
    pub base64_certificate: String,
}

/// Names of entries that there is one of.
pub(crate) struct Ids;

impl Ids {
    pub(crate) const PEER_CONNECTION: &str = "peer-connection";
    pub(crate) const TRANSPORT: &str = "transport-0";
    pub(crate) const LOCAL_CERTIFICATE: &str = "certificate-local";
    pub(crate) const REMOTE_CERTIFICATE: &str = "certificate-remote";
}

/// Names a candidate by what does not change of it.
fn candidate_id(side: &str, address: &dyn std::fmt::Display, kind: &str) -> String {
    format!("{side}-candidate-{kind}-{address}")
}

/// Names our candidate of a pair: the address that the peer saw, unless that is one of the machine's own.
pub(crate) fn local_id(pair: &PairInfo) -> String {
    let address = pair.mapped.unwrap_or(pair.local);
    candidate_id("local", &address, pair.local_kind.as_str())
}

/// Names the peer's candidate of a pair.
pub(crate) fn remote_id(pair: &PairInfo) -> String {
    candidate_id("remote", &pair.remote, pair.remote_kind.as_str())
}

/// A candidate of one side, whose credentials have the username fragment `ufrag`.
pub(crate) fn describe_candidate(
    candidate: &Candidate,
    side: &str,
    ufrag: Option<&str>,
    timestamp: f64,
) -> IceCandidateStats {
    let kind = candidate.kind.as_str();
    let address = candidate.socket_addr();
    let id = match (&candidate.address, address) {
        (_, Some(address)) => candidate_id(side, &address, kind),
        (Address::Mdns { name, port }, None) => {
            candidate_id(side, &format_args!("{name}:{port}"), kind)
        }
        (_, None) => candidate_id(side, &candidate.address.port(), kind),
    };
    IceCandidateStats {
        id,
        timestamp,
        transport_id: Ids::TRANSPORT.to_owned(),
        address: address.map(|address| address.ip().to_string()),
        port: candidate.address.port(),
        protocol: candidate.transport.as_str(),
        tcp_type: candidate.tcp_type.map(tcp_type),
        candidate_type: kind,
        priority: candidate.priority,
        foundation: candidate.foundation.as_str().to_owned(),
        related_address: candidate.related.map(|related| related.ip().to_string()),
        related_port: candidate.related.map(|related| related.port()),
        username_fragment: candidate.ufrag().or(ufrag).map(str::to_owned),
    }
}

fn tcp_type(kind: TcpType) -> &'static str {
    match kind {
        TcpType::Active => "active",
        TcpType::Passive => "passive",
        TcpType::SimultaneousOpen => "so",
    }
}

/// A certificate with the fingerprint that signalling has of it.
pub(crate) fn certificate(
    id: &str,
    fingerprint: &Fingerprint,
    der: &[u8],
    timestamp: f64,
) -> CertificateStats {
    let text = fingerprint.to_string();
    let (algorithm, digest) = text.split_once(' ').unwrap_or(("", &text));
    CertificateStats {
        id: id.to_owned(),
        timestamp,
        fingerprint: digest.to_owned(),
        fingerprint_algorithm: algorithm.to_owned(),
        base64_certificate: base64::encode(der),
    }
}

/// RTCStatsIceCandidatePairState.
pub(crate) fn candidate_pair_state(state: PairState) -> &'static str {
    match state {
        PairState::Frozen => "frozen",
        PairState::Waiting => "waiting",
        PairState::InProgress => "in-progress",
        PairState::Succeeded => "succeeded",
        PairState::Failed => "failed",
    }
}
