//! What an association is configured with.

use std::time::Duration;

/// Settings of an association. The defaults suit WebRTC.
///
/// A dictionary: fields are added in minor versions, so name those that matter and end with
/// `..Default::default()`.
#[derive(Clone, Debug)]
pub struct Config {
    /// Our port. Over DTLS it selects nothing (RFC 8261 section 6.1 and RFC 8841 section 5).
    pub local_port: u16,
    /// The peer's port.
    pub remote_port: u16,
    /// The longest packet to write, in bytes, the common header included. Rounded down to a
    /// multiple of four.
    pub max_packet_size: usize,
    /// Bytes of received messages kept at most for the application to read. The peer is told.
    pub receive_window: usize,
    /// Bytes that may wait to be sent, all streams together.
    pub send_buffer: usize,
    /// The longest message to accept from the peer, in bytes.
    pub max_incoming_message: usize,
    /// Streams that we offer to send and are ready to receive on.
    pub max_streams: u16,
    /// The retransmission timeout before the first measurement (RFC 9260 section 16: RTO.Initial).
    pub initial_rto: Duration,
    /// The shortest retransmission timeout. It must lie above the peer's delay of SACKs, which is
    /// up to 200 ms, or the last packet of every burst is sent twice.
    pub min_rto: Duration,
    /// The longest retransmission timeout.
    pub max_rto: Duration,
    /// How long a lone packet waits for its SACK (RFC 9260 section 6.2), at most 500 ms.
    pub sack_delay: Duration,
    /// Timeouts in a row after which the peer counts as gone (Association.Max.Retrans).
    pub max_retransmissions: u32,
    /// How often INIT and COOKIE ECHO are sent again (Max.Init.Retransmits).
    pub max_init_retransmissions: u32,
    /// How long a state cookie may be presented (Valid.Cookie.Life).
    pub cookie_lifetime: Duration,
    /// Idle time after which a HEARTBEAT probes the peer (HB.interval).
    pub heartbeat_interval: Duration,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            local_port: 5000,
            remote_port: 5000,
            max_packet_size: 1160,
            receive_window: 2 << 20,
            send_buffer: 2 << 20,
            max_incoming_message: 1 << 20,
            max_streams: u16::MAX,
            initial_rto: Duration::from_millis(500),
            min_rto: Duration::from_millis(300),
            max_rto: Duration::from_secs(10),
            sack_delay: Duration::from_millis(20),
            max_retransmissions: 10,
            max_init_retransmissions: 12,
            cookie_lifetime: Duration::from_secs(60),
            heartbeat_interval: Duration::from_secs(30),
        }
    }
}

/// How a message is to be delivered.
///
/// A dictionary: fields are added in minor versions, so name those that matter and end with
/// `..Default::default()`.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct SendOptions {
    /// Deliver as soon as it arrives, ahead of earlier messages of the stream.
    pub unordered: bool,
    /// How hard to try.
    pub reliability: Reliability,
}

/// How hard to try to deliver a message (RFC 3758, RFC 7496).
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Reliability {
    /// Until it arrives.
    #[default]
    Reliable,
    /// With at most so many retransmissions.
    MaxRetransmits(u32),
    /// For at most so long.
    MaxLifetime(Duration),
}
