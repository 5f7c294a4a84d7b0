//! str0m.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context, Result};
use bytes::{Bytes, BytesMut};
use str0m::channel::ChannelId;
use str0m::crypto::from_feature_flags;
use str0m::net::{DatagramSend, Protocol, Receive};
use str0m::{Candidate, Event, Input, Output, Rtc};

use crate::network::addresses;
use crate::transfer::Transfer;

/// A peer of str0m.
pub struct Str0m {
    rtc: Rtc,
    own: usize,
    channel: Option<ChannelId>,
    timeout: Option<Instant>,
    received: VecDeque<Vec<u8>>,
    outgoing: Vec<DatagramSend>,
}

impl Str0m {
    fn new(own: usize, now: Instant, buffer: usize) -> Result<Self> {
        let mut rtc = Rtc::builder()
            .set_crypto_provider(Arc::new(from_feature_flags()))
            .set_sctp_max_buffered_amount(buffer)
            .build(now);
        let candidate = Candidate::host(addresses()[own], "udp")?;
        rtc.add_local_candidate(candidate)
            .context("candidate refused")?;
        Ok(Self {
            rtc,
            own,
            channel: None,
            timeout: Some(now),
            received: VecDeque::new(),
            outgoing: Vec::new(),
        })
    }

    /// str0m wants to be asked until it has nothing to say after each datagram, or a queue of its own
    /// overflows.
    fn drain(&mut self) -> Result<()> {
        loop {
            match self.rtc.poll_output()? {
                Output::Transmit(datagram) => self.outgoing.push(datagram.contents),
                Output::Event(event) => self.handle_event(event),
                Output::Timeout(due) => {
                    self.timeout = Some(due);
                    return Ok(());
                }
            }
        }
    }

    fn handle_event(&mut self, event: Event) {
        match event {
            Event::ChannelOpen(id, _) => self.channel = Some(id),
            Event::ChannelData(message) => self.received.push_back(message.data),
            _ => {}
        }
    }
}

impl Transfer for Str0m {
    const CRATE: &str = "str0m";

    fn negotiated(now: Instant, buffer: usize) -> Result<[Self; 2]> {
        let mut caller = Self::new(0, now, buffer)?;
        let mut callee = Self::new(1, now, buffer)?;
        let mut change = caller.rtc.sdp_api();
        change.add_channel("peers".to_owned());
        let (offer, pending) = change.apply().context("nothing to offer")?;
        let answer = callee.rtc.sdp_api().accept_offer(offer)?;
        caller.rtc.sdp_api().accept_answer(pending, answer)?;
        Ok([caller, callee])
    }

    fn is_open(&mut self) -> bool {
        self.channel.is_some()
    }

    fn handle_datagram(&mut self, now: Instant, datagram: BytesMut) -> Result<()> {
        let received = Receive {
            proto: Protocol::Udp,
            source: addresses()[1 - self.own],
            destination: addresses()[self.own],
            contents: (&datagram[..]).try_into()?,
        };
        self.rtc.handle_input(Input::Receive(now, received))?;
        self.drain()
    }

    fn handle_timeout(&mut self, now: Instant) -> Result<()> {
        Ok(self.rtc.handle_input(Input::Timeout(now))?)
    }

    fn poll_timeout(&mut self) -> Option<Instant> {
        self.timeout
    }

    fn poll_transmits(&mut self, _now: Instant, mut send: impl FnMut(&[u8])) -> Result<()> {
        self.drain()?;
        for datagram in self.outgoing.drain(..) {
            send(&datagram);
        }
        Ok(())
    }

    /// str0m keeps its own count, with the bound that it was built with.
    fn send(&mut self, _now: Instant, message: &Bytes, _buffer: usize) -> Result<bool> {
        let id = self.channel.context("no channel")?;
        let mut channel = self.rtc.channel(id).context("the channel is gone")?;
        Ok(channel.write(true, message)?)
    }

    fn receive(&mut self, mut receive: impl FnMut(&[u8])) -> Result<()> {
        for message in self.received.drain(..) {
            receive(&message);
        }
        Ok(())
    }
}
