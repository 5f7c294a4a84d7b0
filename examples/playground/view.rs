//! How the connection looks from this end, pushed to the page over a channel that we open.

use std::time::Duration;

use serde_json::{Value, json};
use tidewire::DataChannelInit;
use tidewire_tokio::PeerConnection;

use crate::handlers::say;

const EVERY: Duration = Duration::from_millis(500);

/// Tells the page what changed, until the connection ends.
pub(crate) async fn push(connection: PeerConnection) {
    let Ok(channel) = connection.create_data_channel("server", DataChannelInit::default()) else {
        return;
    };
    if channel.opened().await.is_err() {
        return;
    }
    let mut told = Value::Null;
    loop {
        let view = describe(&connection);
        if view != told {
            if say(&channel, &view).await.is_err() {
                return;
            }
            told = view;
        }
        tokio::time::sleep(EVERY).await;
    }
}

fn describe(connection: &PeerConnection) -> Value {
    let stats = connection.stats();
    let pair = stats.selected_pair;
    let dtls = stats.dtls.as_ref();
    json!({
        "connection": connection.connection_state().as_str(),
        "local": pair.map(|pair| pair.local),
        "remote": pair.map(|pair| pair.remote),
        "rtt": pair.and_then(|pair| pair.round_trip_time).map(|time| time.as_secs_f64()),
        "dtls": dtls.map(|dtls| version(dtls.info.version.0)),
        "cipher": dtls.map(|dtls| examples::cipher_suite(dtls.info.cipher_suite)),
        "role": dtls.map(|dtls| examples::dtls_role(dtls.role)),
        "sent": stats.bytes_sent,
        "received": stats.bytes_received,
    })
}

fn version(number: u16) -> String {
    match number {
        0xFEFC => "DTLS 1.3".to_owned(),
        0xFEFD => "DTLS 1.2".to_owned(),
        other => format!("DTLS {other:04X}"),
    }
}
