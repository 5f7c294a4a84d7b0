//! The reply to `state`.

use std::time::Duration;

use serde_json::{Value, json};
use tidewire::{MediaKind, sctp};
use tidewire_tokio::PeerConnection;

use crate::channel::Channels;
use crate::tracks;

pub(crate) fn describe(connection: &PeerConnection, channels: &Channels) -> Value {
    let stats = connection.stats();
    let dtls = stats.dtls.as_ref();
    let listed: Vec<_> = channels
        .all()
        .iter()
        .map(|channel| json!({ "label": channel.label(), "state": channel.ready_state().as_str() }))
        .collect();
    json!({
        "conn": connection.connection_state().as_str(),
        "ice": connection.ice_connection_state().as_str(),
        "dc": channels.find("chat").ok().map(|chat| chat.ready_state().as_str()),
        "recv": channels.received(),
        "tls": dtls.map(|dtls| format!("{:04X}", dtls.info.version.0)),
        "cipher": dtls.map(|dtls| examples::cipher_suite(dtls.info.cipher_suite)),
        "group": dtls.map(|dtls| examples::named_group(dtls.info.group)),
        "srtp": dtls.and_then(|dtls| dtls.info.srtp_profile).map(examples::srtp_profile),
        "role": dtls.map(|dtls| examples::dtls_role(dtls.role)),
        "in": {
            "audio": tracks::describe(connection, MediaKind::Audio),
            "video": tracks::describe(connection, MediaKind::Video),
        },
        "channels": listed,
        "sctp": association(&stats.sctp),
    })
}

/// What SCTP counts and estimates; times in milliseconds, the rest in bytes, packets or chunks.
fn association(stats: &sctp::Stats) -> Value {
    let milliseconds = |time: Duration| time.as_secs_f64() * 1e3;
    json!({
        "smoothedRtt": stats.smoothed_rtt.map(milliseconds),
        "rto": milliseconds(stats.rto),
        "congestionWindow": stats.congestion_window,
        "peerWindow": stats.peer_window,
        "bytesInFlight": stats.bytes_in_flight,
        "packetsSent": stats.packets_sent,
        "packetsReceived": stats.packets_received,
        "chunksSent": stats.chunks_sent,
        "duplicatesReceived": stats.duplicate_chunks_received,
        "fastRetransmissions": stats.fast_retransmissions,
        "timeoutRetransmissions": stats.timeout_retransmissions,
        "tailLossProbes": stats.tail_loss_probes,
        "timeouts": stats.timeouts,
        "overflow": stats.dropped.overflow,
    })
}
