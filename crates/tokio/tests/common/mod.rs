//! Endpoints on the loopback interface, and connections between them.
#![allow(
    dead_code,
    clippy::allow_attributes,
    clippy::unwrap_used,
    reason = "every test uses a part of it, and may fail in it"
)]

use std::time::Duration;

use tidewire_tokio::tidewire::{Configuration, DataChannelInit, SessionDescription};
use tidewire_tokio::{DataChannel, Endpoint, EndpointConfig, Event, PeerConnection};
use tokio::time::timeout;

pub(crate) const LIMIT: Duration = Duration::from_secs(20);

pub(crate) async fn endpoint() -> Endpoint {
    let address = "127.0.0.1:0".parse().unwrap();
    Endpoint::bind(EndpointConfig::bound_to([address]))
        .await
        .unwrap()
}

/// Offer and answer, and a channel that is open on both sides.
pub(crate) async fn connect(
    caller: &PeerConnection,
    callee: &PeerConnection,
) -> (DataChannel, DataChannel) {
    let ours = caller
        .create_data_channel("test", DataChannelInit::default())
        .unwrap();
    negotiate(caller, callee).await;
    timeout(LIMIT, ours.opened())
        .await
        .expect("in time")
        .expect("it opens");
    let theirs = timeout(LIMIT, incoming(callee)).await.expect("in time");
    (ours, theirs)
}

pub(crate) async fn negotiate(caller: &PeerConnection, callee: &PeerConnection) {
    let offer = caller.create_offer().unwrap();
    caller.set_local_description(offer).unwrap();
    caller.gathering_complete().await;
    let offer = caller.local_description().unwrap();
    let answer = callee.answer(offer).await.unwrap();
    caller
        .set_remote_description(SessionDescription::answer(answer.sdp))
        .unwrap();
}

pub(crate) async fn incoming(connection: &PeerConnection) -> DataChannel {
    loop {
        match connection.next_event().await.expect("the connection lives") {
            Event::DataChannel(channel) => return channel,
            _ => continue,
        }
    }
}

/// Sockets of their own for each: what connects the same two sockets cannot be told apart.
pub(crate) async fn pair() -> (PeerConnection, PeerConnection) {
    let (near, far) = (endpoint().await, endpoint().await);
    let make = |endpoint: &Endpoint| endpoint.peer_connection(Configuration::default()).unwrap();
    (make(&near), make(&far))
}
