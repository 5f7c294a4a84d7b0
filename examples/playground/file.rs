//! Files over the channel "file": a header `{"name","size","type"}`, the bytes in binary messages, and
//! from the receiver `{"sha256","size"}`. `{"sendBack":true}` asks for the last file again.

use std::sync::Arc;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::json;
use sha2::{Digest, Sha256};
use tidewire::Message;
use tidewire_tokio::DataChannel;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::handlers::{Gone, say, send};

const MAX_FILE_BYTES: u64 = 256 << 20;
const MAX_NAME_BYTES: usize = 1024;
const CHUNK_BYTES: usize = 16 << 10;
/// Memory is handed out in blocks of this many bytes.
const MEMORY_BLOCK: u64 = 64 << 10;

/// The memory that all files share.
#[derive(Clone)]
pub(crate) struct Memory(Arc<Semaphore>);

impl Memory {
    pub(crate) fn new(bytes: u64) -> Self {
        Self(Arc::new(Semaphore::new(
            usize::try_from(bytes / MEMORY_BLOCK).unwrap_or(usize::MAX),
        )))
    }

    fn take(&self, bytes: u64) -> Option<OwnedSemaphorePermit> {
        let blocks = u32::try_from(bytes.div_ceil(MEMORY_BLOCK)).ok()?;
        Arc::clone(&self.0).try_acquire_many_owned(blocks).ok()
    }
}

/// Keeps the last file that came in, and sends it back on demand.
pub(crate) async fn serve(channel: DataChannel, memory: Memory) {
    let mut state = State::Idle;
    while let Some(message) = channel.receive().await {
        let step = match message {
            Message::Text(text) => state.word(&channel, &memory, &text).await,
            Message::Binary(data) => state.bytes(&channel, &data).await,
        };
        if step.is_err() {
            return;
        }
    }
}

enum State {
    /// Nothing came yet, or something went wrong: bytes still on their way are dropped.
    Idle,
    Receiving(Incoming),
    Kept(File),
}

struct Incoming {
    header: Header,
    content: Vec<u8>,
    hash: Sha256,
    memory: OwnedSemaphorePermit,
}

struct File {
    header: Header,
    content: Bytes,
    sha256: String,
    /// Held as long as the file is.
    _memory: OwnedSemaphorePermit,
}

#[derive(Deserialize, Serialize)]
struct Header {
    name: String,
    size: u64,
    #[serde(rename = "type", default)]
    kind: String,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Word {
    SendBack {
        #[serde(rename = "sendBack")]
        _send_back: bool,
    },
    Header(Header),
}

impl State {
    async fn word(
        &mut self,
        channel: &DataChannel,
        memory: &Memory,
        text: &[u8],
    ) -> Result<(), Gone> {
        match serde_json::from_slice(text) {
            Ok(Word::SendBack { .. }) => match self {
                Self::Kept(file) => file.send_back(channel).await,
                _ => complain(channel, "there is no file to send back").await,
            },
            Ok(Word::Header(header)) => {
                // The file before gives its memory back first.
                *self = Self::Idle;
                match Incoming::new(header, memory) {
                    Ok(incoming) => *self = Self::Receiving(incoming),
                    Err(trouble) => return complain(channel, trouble).await,
                }
                self.bytes(channel, &[]).await
            }
            Err(_) => complain(channel, "this is not the header of a file").await,
        }
    }

    async fn bytes(&mut self, channel: &DataChannel, data: &[u8]) -> Result<(), Gone> {
        let Self::Receiving(incoming) = self else {
            return Ok(());
        };
        if incoming.missing() < data.len() as u64 {
            *self = Self::Idle;
            return complain(channel, "there came more bytes than the header said").await;
        }
        incoming.content.extend_from_slice(data);
        incoming.hash.update(data);
        if incoming.missing() > 0 {
            return Ok(());
        }
        let Self::Receiving(incoming) = std::mem::replace(self, Self::Idle) else {
            return Ok(());
        };
        let file = incoming.complete();
        say(channel, &file.sums()).await?;
        *self = Self::Kept(file);
        Ok(())
    }
}

impl Incoming {
    fn new(header: Header, memory: &Memory) -> Result<Self, &'static str> {
        if header.size > MAX_FILE_BYTES {
            return Err("the file is larger than 256 MB");
        }
        if header.name.len() + header.kind.len() > MAX_NAME_BYTES {
            return Err("the file's name is too long");
        }
        let memory = memory
            .take(header.size)
            .ok_or("the server has no memory left for files")?;
        // As much as was taken from the memory for files, and never more.
        let size = usize::try_from(header.size).map_err(|_| "the file is too large")?;
        Ok(Self {
            header,
            content: Vec::with_capacity(size),
            hash: Sha256::new(),
            memory,
        })
    }

    fn missing(&self) -> u64 {
        self.header.size - self.content.len() as u64
    }

    fn complete(self) -> File {
        let hash = self.hash.finalize();
        File {
            header: self.header,
            content: Bytes::from(self.content),
            sha256: hash.iter().map(|byte| format!("{byte:02x}")).collect(),
            _memory: self.memory,
        }
    }
}

impl File {
    async fn send_back(&self, channel: &DataChannel) -> Result<(), Gone> {
        say(channel, &json!(self.header)).await?;
        let mut rest = self.content.clone();
        while !rest.is_empty() {
            let chunk = rest.split_to(rest.len().min(CHUNK_BYTES));
            send(channel, chunk).await?;
        }
        say(channel, &self.sums()).await
    }

    fn sums(&self) -> serde_json::Value {
        json!({ "sha256": self.sha256, "size": self.content.len() })
    }
}

async fn complain(channel: &DataChannel, trouble: &str) -> Result<(), Gone> {
    say(channel, &json!({ "error": trouble })).await
}
