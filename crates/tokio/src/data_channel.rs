//! RTCDataChannel with backpressure.

use std::sync::Arc;
use std::time::Instant;

use thiserror::Error;
use tidewire::datachannel::{ChannelStats, SendError, State};
use tidewire::{ChannelId, Message};
use tokio::sync::Notify;

use crate::connection::Core;
use crate::events::Incoming;
use crate::handle::Handle;

/// [`DataChannel::send`] waits while more than this is buffered, in bytes.
const HIGH_WATER: usize = 1 << 20;
/// It goes on when this is left.
const LOW_WATER: usize = 256 << 10;

/// A channel of messages to the peer. A clone is another handle of the same.
///
/// When the last handle of the channel is dropped, the channel is closed: what nobody reads would
/// fill the window that all channels share.
#[derive(Clone, Debug)]
pub struct DataChannel {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    handle: Arc<Handle>,
    id: ChannelId,
    changed: Arc<Notify>,
    label: Arc<str>,
    protocol: Arc<str>,
}

/// The channel closed before it opened.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
#[error("the channel is closed")]
pub struct ChannelClosed;

impl Drop for Inner {
    fn drop(&mut self) {
        self.handle
            .connection
            .let_go(|core, now| core.protocol.close_data_channel(now, self.id));
    }
}

impl DataChannel {
    /// A channel of ours.
    pub(crate) fn created(handle: Arc<Handle>, id: ChannelId) -> Self {
        let channel = handle
            .connection
            .look(|core| Incoming::new(&core.protocol, id));
        Self::new(handle, channel)
    }

    pub(crate) fn new(handle: Arc<Handle>, channel: Incoming) -> Self {
        let Incoming {
            id,
            label,
            protocol,
            ..
        } = channel;
        let changed = handle.connection.with(|core, _| core.channel_notify(id));
        Self {
            inner: Arc::new(Inner {
                handle,
                id,
                changed,
                label,
                protocol,
            }),
        }
    }

    /// The stream that carries it; `None` until it is chosen.
    pub fn id(&self) -> Option<u16> {
        self.look(|core| core.protocol.data_channel(self.inner.id)?.stream())
    }

    /// The name that whoever opened it gave it.
    pub fn label(&self) -> &str {
        &self.inner.label
    }

    /// What is spoken on it.
    pub fn protocol(&self) -> &str {
        &self.inner.protocol
    }

    /// readyState.
    pub fn ready_state(&self) -> State {
        self.look(|core| state(core, self.inner.id))
    }

    /// What it has carried so far; `None` once it is closed.
    pub fn stats(&self) -> Option<ChannelStats> {
        self.look(|core| {
            core.protocol
                .data_channel(self.inner.id)
                .map(|view| view.stats())
        })
    }

    /// bufferedAmount: bytes that wait to be sent.
    pub fn buffered_amount(&self) -> usize {
        self.look(|core| core.protocol.buffered_amount(self.inner.id))
    }

    /// Waits until the channel is open.
    ///
    /// # Errors
    /// When it closes instead.
    pub async fn opened(&self) -> Result<(), ChannelClosed> {
        self.wait(|core, _, id| match state(core, id) {
            State::Connecting => None,
            State::Open => Some(Ok(())),
            State::Closing | State::Closed => Some(Err(ChannelClosed)),
        })
        .await
    }

    /// Sends a message, and waits before that while the channel opens and while it has more than
    /// 1 MiB buffered.
    ///
    /// # Errors
    /// When the channel is closed, or the message is longer than the peer accepts.
    pub async fn send(&self, message: impl Into<Message>) -> Result<(), SendError> {
        self.opened()
            .await
            .map_err(|ChannelClosed| SendError::NotOpen)?;
        if self.buffered_amount() > HIGH_WATER {
            self.buffered_below(LOW_WATER).await;
        }
        let message = message.into();
        self.wait(|core, now, id| {
            let settled = core.protocol.send(now, id, message.clone());
            if settled != Err(SendError::BufferFull) {
                return Some(settled);
            }
            // As many bytes fewer as the message has, and it fits.
            let room = message.payload().len().max(1);
            let threshold = core.protocol.buffered_amount(id).saturating_sub(room);
            core.protocol
                .set_buffered_amount_low_threshold(id, threshold);
            None
        })
        .await
    }

    /// Sends a message without waiting.
    ///
    /// # Errors
    /// When the channel is not open, its buffer is full, or the message is longer than the peer
    /// accepts.
    pub fn try_send(&self, message: impl Into<Message>) -> Result<(), SendError> {
        let message = message.into();
        self.inner
            .handle
            .connection
            .with(|core, now| core.protocol.send(now, self.inner.id, message))
    }

    /// The next message, waiting for it; `None` when the channel is closed and all has been read.
    pub async fn receive(&self) -> Option<Message> {
        self.wait(|core, _, id| {
            let message = core.protocol.receive(id);
            let is_over = message.is_none() && state(core, id) == State::Closed;
            if is_over {
                Some(None)
            } else {
                message.map(Some)
            }
        })
        .await
    }

    /// Waits until at most `threshold` bytes are buffered, or the channel is closed.
    pub async fn buffered_below(&self, threshold: usize) {
        self.wait(|core, _, id| {
            core.protocol
                .set_buffered_amount_low_threshold(id, threshold);
            let is_low = core.protocol.buffered_amount(id) <= threshold;
            (is_low || state(core, id) == State::Closed).then_some(())
        })
        .await;
    }

    /// Closes the channel. What was sent is still delivered.
    pub fn close(&self) {
        self.inner
            .handle
            .connection
            .with(|core, now| core.protocol.close_data_channel(now, self.inner.id));
    }

    /// Waits until the channel is closed.
    pub async fn closed(&self) {
        self.wait(|core, _, id| (state(core, id) == State::Closed).then_some(()))
            .await;
    }

    fn look<T>(&self, look: impl FnOnce(&Core) -> T) -> T {
        self.inner.handle.connection.look(look)
    }

    /// Tries until `attempt` has a result, at every change of the channel.
    async fn wait<T>(
        &self,
        mut attempt: impl FnMut(&mut Core, Instant, ChannelId) -> Option<T>,
    ) -> T {
        loop {
            let changed = self.inner.changed.notified();
            tokio::pin!(changed);
            changed.as_mut().enable();
            let result = self
                .inner
                .handle
                .connection
                .with(|core, now| attempt(core, now, self.inner.id));
            match result {
                Some(result) => return result,
                None => changed.await,
            }
        }
    }
}

/// A channel that nobody knows any more is closed.
fn state(core: &Core, id: ChannelId) -> State {
    core.protocol
        .data_channel(id)
        .map_or(State::Closed, |view| view.state())
}
