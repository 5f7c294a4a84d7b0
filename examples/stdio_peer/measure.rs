//! What is measured: moments of the set-up, bytes that arrive, bytes that are sent.

use std::sync::Mutex;
use std::time::{SystemTime, UNIX_EPOCH};

use bytes::{Bytes, BytesMut};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tidewire::Message;
use tidewire_tokio::DataChannel;
use tokio::sync::watch;

const BUFFERED_HIGH: usize = 1 << 20;
const BUFFERED_LOW: usize = 256 << 10;

/// Seconds since the Unix epoch.
pub(crate) fn now() -> f64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0.0, |since| since.as_secs_f64())
}

/// When the steps of the set-up were taken.
#[derive(Debug)]
pub(crate) struct Moments {
    pub(crate) new: f64,
    pub(crate) offer: Option<f64>,
    pub(crate) sdp: Option<f64>,
    pub(crate) open: Option<f64>,
}

impl Moments {
    pub(crate) fn to_json(&self) -> Value {
        json!({ "tNew": self.new, "tOffer": self.offer, "tSdp": self.sdp, "tOpen": self.open })
    }
}

/// Counts bytes until there are enough.
#[derive(Debug)]
pub(crate) struct Counter {
    total: u64,
    counted: Mutex<Counted>,
    /// When byte `total` arrived.
    complete: watch::Sender<Option<f64>>,
}

#[derive(Debug)]
struct Counted {
    got: u64,
    hash: Option<Sha256>,
}

impl Counter {
    pub(crate) fn new(total: u64, hash: bool) -> Self {
        let counted = Counted {
            got: 0,
            hash: hash.then(Sha256::new),
        };
        Self {
            total,
            counted: Mutex::new(counted),
            complete: watch::Sender::new(None),
        }
    }

    pub(crate) fn add(&self, data: &[u8]) {
        let mut counted = self.counted.lock().expect("no holder panics");
        if let Some(hash) = &mut counted.hash {
            hash.update(data);
        }
        let before = counted.got;
        counted.got += data.len() as u64;
        if before < self.total && counted.got >= self.total {
            self.complete.send_replace(Some(now()));
        }
    }

    pub(crate) async fn wait(&self) -> Value {
        let mut complete = self.complete.subscribe();
        let moment = complete
            .wait_for(Option::is_some)
            .await
            .expect("we hold the sender");
        let counted = self.counted.lock().expect("no holder panics");
        let mut reply = json!({ "t": *moment, "got": counted.got });
        if let Some(hash) = &counted.hash {
            reply["sha256"] = hex(hash.clone()).into();
        }
        reply
    }
}

/// Sends `total` bytes in messages of `size`, never with much more than a megabyte waiting.
pub(crate) async fn bench(
    channel: &DataChannel,
    size: usize,
    total: u64,
    hash: bool,
) -> Result<Value, String> {
    if size == 0 {
        return Err("messages of 0 bytes never add up".to_owned());
    }
    let block = pattern(size);
    let mut hasher = hash.then(Sha256::new);
    let (begin, mut sent, mut number) = (now(), 0, 0u32);
    while sent < total {
        let left = usize::try_from(total - sent).unwrap_or(usize::MAX);
        let mut message = block.slice(..size.min(left));
        if let Some(hasher) = &mut hasher {
            message = numbered(&message, number);
            hasher.update(&message);
        }
        sent += message.len() as u64;
        number = number.wrapping_add(1);
        channel
            .send(Message::Binary(message))
            .await
            .map_err(|error| error.to_string())?;
        if channel.buffered_amount() > BUFFERED_HIGH {
            channel.buffered_below(BUFFERED_LOW).await;
        }
    }
    let mut reply = json!({ "t0": begin, "t1": now(), "sent": sent });
    if let Some(hasher) = hasher {
        reply["sha256"] = hex(hasher).into();
    }
    Ok(reply)
}

/// What is sent when only a number of bytes was asked for.
pub(crate) fn pattern(size: usize) -> Bytes {
    (0..=250u8).cycle().take(size).collect()
}

/// Messages in the wrong order shall not go unnoticed.
fn numbered(message: &Bytes, number: u32) -> Bytes {
    let mut message = BytesMut::from(&message[..]);
    if let Some(start) = message.first_chunk_mut() {
        *start = number.to_le_bytes();
    }
    message.freeze()
}

fn hex(hash: Sha256) -> String {
    hash.finalize()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}
