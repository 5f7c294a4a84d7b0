//! What the program does on each channel: chat, round trips, signalling, throughput.

use bytes::Bytes;
use examples::echo;
use serde::Deserialize;
use serde_json::{Value, json};
use tidewire::{Message, SessionDescription};
use tidewire_tokio::{DataChannel, PeerConnection};

/// What one throughput run moves at most.
const MAX_RUN_BYTES: u64 = 1 << 30;
const RUN_MESSAGE_BYTES: usize = 64 << 10;
const BUFFERED_HIGH: usize = 1 << 20;
const BUFFERED_LOW: usize = 256 << 10;

/// The channel is gone; there is nobody left to tell.
pub(crate) struct Gone;

/// Sends back whatever it hears.
pub(crate) async fn chat(channel: DataChannel) {
    while let Some(message) = channel.receive().await {
        if channel.send(message).await.is_err() {
            return;
        }
    }
}

/// Sends back at once or not at all: a late reply would measure the queue.
pub(crate) async fn ping(channel: DataChannel) {
    while let Some(message) = channel.receive().await {
        let _ = channel.try_send(message);
    }
}

/// `{"offer":SDP}`: answers a later offer over the connection itself, with `{"answer":SDP}`.
pub(crate) async fn signal(channel: DataChannel, connection: PeerConnection) {
    while let Some(message) = channel.receive().await {
        let (Message::Text(text) | Message::Binary(text)) = message;
        let reply = match answer(&connection, &text) {
            Ok(answer) => json!({ "answer": answer }),
            Err(error) => json!({ "error": error }),
        };
        if say(&channel, &reply).await.is_err() {
            return;
        }
    }
}

fn answer(connection: &PeerConnection, text: &[u8]) -> Result<String, String> {
    #[derive(Deserialize)]
    struct Offer {
        offer: String,
    }
    let Offer { offer } = serde_json::from_slice(text).map_err(|error| error.to_string())?;
    connection
        .set_remote_description(SessionDescription::offer(offer))
        .map_err(|error| error.to_string())?;
    echo::accept(connection);
    let answer = connection
        .create_answer()
        .map_err(|error| error.to_string())?;
    let sdp = answer.sdp.clone();
    connection
        .set_local_description(answer)
        .map_err(|error| error.to_string())?;
    Ok(sdp)
}

/// `{"up":N}`: counts N bytes and says `{"received":N}`. `{"down":N}`: sends N bytes, then
/// `{"sent":N}`.
pub(crate) async fn throughput(channel: DataChannel) {
    let mut run = Run::default();
    while let Some(message) = channel.receive().await {
        let outcome = match message {
            Message::Binary(data) => run.count(&channel, data.len() as u64).await,
            Message::Text(text) => run.begin(&channel, &text).await,
        };
        if outcome.is_err() {
            return;
        }
    }
}

#[derive(Default)]
struct Run {
    expected: u64,
    got: u64,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Order {
    Up(u64),
    Down(u64),
}

impl Run {
    async fn begin(&mut self, channel: &DataChannel, text: &[u8]) -> Result<(), Gone> {
        match serde_json::from_slice(text) {
            Ok(Order::Up(total) | Order::Down(total)) if total > MAX_RUN_BYTES => {
                say(
                    channel,
                    &json!({ "error": "a run moves a gigabyte at most" }),
                )
                .await
            }
            Ok(Order::Up(total)) => {
                *self = Self {
                    expected: total,
                    got: 0,
                };
                self.count(channel, 0).await
            }
            Ok(Order::Down(total)) => send_zeros(channel, total).await,
            Err(error) => say(channel, &json!({ "error": error.to_string() })).await,
        }
    }

    async fn count(&mut self, channel: &DataChannel, bytes: u64) -> Result<(), Gone> {
        let before = self.got;
        self.got += bytes;
        let complete = self.got >= self.expected && (before < self.expected || bytes == 0);
        if complete {
            say(channel, &json!({ "received": self.got })).await
        } else {
            Ok(())
        }
    }
}

async fn send_zeros(channel: &DataChannel, total: u64) -> Result<(), Gone> {
    let block = Bytes::from(vec![0; RUN_MESSAGE_BYTES]);
    let mut left = total;
    while left > 0 {
        let length = usize::try_from(left).unwrap_or(usize::MAX).min(block.len());
        send(channel, block.slice(..length)).await?;
        left -= length as u64;
    }
    say(channel, &json!({ "sent": total })).await
}

/// Sends a binary message, never with much more than a megabyte waiting.
pub(crate) async fn send(channel: &DataChannel, data: Bytes) -> Result<(), Gone> {
    channel
        .send(Message::Binary(data))
        .await
        .map_err(|_| Gone)?;
    if channel.buffered_amount() > BUFFERED_HIGH {
        channel.buffered_below(BUFFERED_LOW).await;
    }
    Ok(())
}

/// Sends a line of JSON.
pub(crate) async fn say(channel: &DataChannel, words: &Value) -> Result<(), Gone> {
    channel
        .send(Message::Text(Bytes::from(words.to_string())))
        .await
        .map_err(|_| Gone)
}
