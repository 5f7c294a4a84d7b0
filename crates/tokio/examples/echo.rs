//! Answers an offer on stdin and echoes what arrives on data channels.
use std::io::{Read, Write};

use tidewire_tokio::tidewire::{Configuration, PeerConnectionState, SessionDescription};
use tidewire_tokio::{DataChannel, Endpoint, EndpointConfig, Event};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let endpoint = Endpoint::bind(EndpointConfig::default()).await?;
    let connection = endpoint.peer_connection(Configuration::default())?;

    let mut offer = String::new();
    std::io::stdin().read_to_string(&mut offer)?;
    let answer = connection.answer(SessionDescription::offer(offer)).await?;
    std::io::stdout().write_all(answer.sdp.as_bytes())?;

    while let Some(event) = connection.next_event().await {
        match event {
            Event::DataChannel(channel) => {
                tokio::spawn(echo(channel));
            }
            Event::DtlsClosed | Event::ConnectionStateChange(PeerConnectionState::Failed) => break,
            _ => {}
        }
    }
    Ok(())
}

async fn echo(channel: DataChannel) {
    while let Some(message) = channel.receive().await {
        if channel.send(message).await.is_err() {
            break;
        }
    }
}
