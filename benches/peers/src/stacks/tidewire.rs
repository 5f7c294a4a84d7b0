//! Tidewire, with each of its providers.

use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context, Result};
use bytes::{Bytes, BytesMut};
use tidewire::crypto::{CryptoProvider, Rng, aws_lc_rs, rust_crypto};
use tidewire::datachannel::SendError;
use tidewire::{ChannelId, Configuration, Datagram, Event, Message, PeerConnection};

use crate::network::addresses;
use crate::transfer::Transfer;

/// The most datagrams that one call may write.
const SEGMENTS: usize = 16;

/// A peer of Tidewire that takes its cryptography from `P`.
pub struct Tidewire<P> {
    connection: PeerConnection,
    own: usize,
    channel: Option<ChannelId>,
    is_open: bool,
    buf: Vec<u8>,
    provider: PhantomData<P>,
}

/// Where the cryptography comes from.
pub trait Provider {
    fn provider() -> Arc<dyn CryptoProvider>;
}

/// The provider that the other stacks use too.
pub struct AwsLcRs;

/// The default provider, written in Rust throughout.
pub struct RustCrypto;

impl Provider for AwsLcRs {
    fn provider() -> Arc<dyn CryptoProvider> {
        aws_lc_rs::provider()
    }
}

impl Provider for RustCrypto {
    fn provider() -> Arc<dyn CryptoProvider> {
        rust_crypto::provider()
    }
}

impl<P: Provider> Tidewire<P> {
    fn new(own: usize, now: Instant) -> Result<Self> {
        let configuration = Configuration {
            crypto: P::provider(),
            ..Configuration::default()
        };
        let rng = Rng::from_u64(own as u64);
        let mut connection = PeerConnection::new(configuration, rng, now)?;
        connection.add_local_address(now, addresses()[own]);
        connection.finish_gathering(now);
        Ok(Self {
            connection,
            own,
            channel: None,
            is_open: false,
            buf: Vec::new(),
            provider: PhantomData,
        })
    }

    fn poll_events(&mut self) {
        while let Some(event) = self.connection.poll_event() {
            match event {
                Event::DataChannel(id) => (self.channel, self.is_open) = (Some(id), true),
                Event::DataChannelOpen(_) => self.is_open = true,
                _ => {}
            }
        }
    }
}

impl<P: Provider> Transfer for Tidewire<P> {
    const CRATE: &str = "tidewire";

    fn negotiated(now: Instant, _buffer: usize) -> Result<[Self; 2]> {
        let (mut caller, mut callee) = (Self::new(0, now)?, Self::new(1, now)?);
        let (from, to) = (&mut caller.connection, &mut callee.connection);
        caller.channel = Some(from.create_data_channel(now, "peers", Default::default())?);
        let offer = from.create_offer()?;
        from.set_local_description(now, &offer)?;
        to.set_remote_description(now, &from.local_description().context("just set")?)?;
        let answer = to.create_answer()?;
        to.set_local_description(now, &answer)?;
        from.set_remote_description(now, &to.local_description().context("just set")?)?;
        Ok([caller, callee])
    }

    fn is_open(&mut self) -> bool {
        self.is_open
    }

    fn handle_datagram(&mut self, now: Instant, data: BytesMut) -> Result<()> {
        let datagram = Datagram {
            local: addresses()[self.own],
            remote: addresses()[1 - self.own],
            ecn: None,
            data,
        };
        self.connection.handle_datagram(now, datagram);
        Ok(())
    }

    fn handle_timeout(&mut self, now: Instant) -> Result<()> {
        self.connection.handle_timeout(now);
        Ok(())
    }

    fn poll_timeout(&mut self) -> Option<Instant> {
        self.connection.poll_timeout()
    }

    fn poll_transmits(&mut self, now: Instant, mut send: impl FnMut(&[u8])) -> Result<()> {
        self.poll_events();
        let Self {
            connection, buf, ..
        } = self;
        while let Some(batch) = connection.poll_transmit(now, SEGMENTS, buf) {
            let segment = batch.segment_size.unwrap_or(buf.len());
            buf.chunks(segment).for_each(&mut send);
            buf.clear();
        }
        Ok(())
    }

    fn send(&mut self, now: Instant, message: &Bytes, buffer: usize) -> Result<bool> {
        let id = self.channel.context("no channel")?;
        if self.connection.buffered_amount(id) + message.len() > buffer {
            return Ok(false);
        }
        let message = Message::Binary(message.clone());
        match self.connection.send(now, id, message) {
            Err(SendError::BufferFull) => Ok(false),
            sent => Ok(sent.map(|()| true)?),
        }
    }

    fn receive(&mut self, mut receive: impl FnMut(&[u8])) -> Result<()> {
        let id = self.channel.context("no channel")?;
        while let Some(message) = self.connection.receive(id) {
            receive(message.payload());
        }
        Ok(())
    }
}
