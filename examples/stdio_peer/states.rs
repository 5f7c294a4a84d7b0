//! The reply to `state`.

use serde_json::{Value, json};
use tidewire::Role;
use tidewire_tokio::PeerConnection;

use crate::channel::Channels;

pub(crate) fn describe(connection: &PeerConnection, channels: &Channels) -> Value {
    let stats = connection.stats();
    let dtls = stats.dtls.as_ref();
    let listed: Vec<_> = channels.all().iter().map(|channel| {
        json!({ "label": channel.label(), "state": channel.ready_state().to_string() })
    }).collect();
    json!({
        "conn": connection.connection_state().as_str(),
        "ice": connection.ice_connection_state().as_str(),
        "dc": channels.find("chat").ok().map(|chat| chat.ready_state().to_string()),
        "recv": channels.received(),
        "tls": dtls.map(|dtls| format!("{:04X}", dtls.info.version.0)),
        "cipher": dtls.map(|dtls| dtls.info.cipher_suite.to_string()),
        "srtp": Value::Null,
        "role": dtls.map(|dtls| match dtls.role {
            Role::Client => "client",
            Role::Server => "server",
        }),
        "in": {},
        "channels": listed,
    })
}
