//! The channels of one connection, and what becomes of the messages that arrive on them.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard};

use bytes::Bytes;
use tidewire::Message;
use tidewire_tokio::DataChannel;

use crate::measure::Counter;

/// Messages listed at most; the oldest are forgotten.
const LISTED: usize = 10_000;

/// Shared between the verbs and the tasks that read channels.
#[derive(Debug, Default)]
pub(crate) struct Channels {
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    channels: Vec<DataChannel>,
    received: VecDeque<String>,
    echoes: bool,
    counter: Option<Arc<Counter>>,
}

impl Channels {
    /// Keeps a channel and reads it until it closes.
    pub(crate) fn adopt(self: &Arc<Self>, channel: DataChannel) {
        self.lock().channels.push(channel.clone());
        tokio::spawn(Arc::clone(self).read(channel));
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.lock().channels.is_empty()
    }

    /// The last one that was opened under a label.
    pub(crate) fn find(&self, label: &str) -> Result<DataChannel, String> {
        let inner = self.lock();
        let found = inner
            .channels
            .iter()
            .rev()
            .find(|channel| channel.label() == label);
        found
            .cloned()
            .ok_or_else(|| format!("there is no channel {label}"))
    }

    pub(crate) fn all(&self) -> Vec<DataChannel> {
        self.lock().channels.clone()
    }

    pub(crate) fn received(&self) -> Vec<String> {
        self.lock().received.iter().cloned().collect()
    }

    /// From now on what arrives is sent back.
    pub(crate) fn echo(&self) {
        self.lock().echoes = true;
    }

    pub(crate) fn count(&self, counter: Option<Counter>) {
        self.lock().counter = counter.map(Arc::new);
    }

    pub(crate) fn counter(&self) -> Option<Arc<Counter>> {
        self.lock().counter.clone()
    }

    async fn read(self: Arc<Self>, channel: DataChannel) {
        while let Some(message) = channel.receive().await {
            if let Some(echo) = self.take(message) {
                // A channel that closed meanwhile gets no echo.
                let _ = channel.send(echo).await;
            }
        }
    }

    /// Counts or lists a message; the echo, if there is to be one.
    fn take(&self, message: Message) -> Option<Message> {
        if let Some(counter) = self.counter() {
            counter.add(content(&message));
            return None;
        }
        let mut inner = self.lock();
        if inner.received.len() == LISTED {
            inner.received.pop_front();
        }
        inner.received.push_back(match &message {
            Message::Text(text) => String::from_utf8_lossy(text).into_owned(),
            Message::Binary(data) => format!("bin:{}", data.len()),
        });
        inner.echoes.then(|| match message {
            Message::Text(text) => Message::Text(Bytes::from([b"echo:", &text[..]].concat())),
            binary @ Message::Binary(_) => binary,
        })
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().expect("no holder panics")
    }
}

fn content(message: &Message) -> &[u8] {
    match message {
        Message::Text(data) | Message::Binary(data) => data,
    }
}
