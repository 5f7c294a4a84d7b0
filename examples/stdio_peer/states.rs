//! The reply to `state`.

use serde_json::{Value, json};
use tidewire_tokio::PeerConnection;

use crate::channel::Channels;

pub(crate) fn describe(connection: &PeerConnection, channels: &Channels) -> Value {
    let stats = connection.stats();
    let dtls = stats.dtls.as_ref();
    let listed: Vec<_> = channels.all().iter().map(|channel| {
        json!({ "label": channel.label(), "state": examples::channel_state(channel.ready_state()) })
    }).collect();
    json!({
        "conn": connection.connection_state().as_str(),
        "ice": connection.ice_connection_state().as_str(),
        "dc": channels.find("chat").ok().map(|chat| examples::channel_state(chat.ready_state())),
        "recv": channels.received(),
        "tls": dtls.map(|dtls| format!("{:04X}", dtls.info.version.0)),
        "cipher": dtls.map(|dtls| examples::cipher_suite(dtls.info.cipher_suite)),
        "srtp": Value::Null,
        "role": dtls.map(|dtls| examples::dtls_role(dtls.role)),
        "in": {},
        "channels": listed,
    })
}
