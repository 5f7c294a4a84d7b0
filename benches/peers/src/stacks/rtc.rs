//! rtc, the sans-IO stack of webrtc-rs.

use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context, Result};
use bytes::{Bytes, BytesMut};
use rtc::crypto::providers::AwsLcRsProvider;
use rtc::data_channel::{RTCDataChannelId, RTCDataChannelState};
use rtc::peer_connection::configuration::setting_engine::SettingEngineBuilder;
use rtc::peer_connection::event::{RTCDataChannelEvent, RTCPeerConnectionEvent};
use rtc::peer_connection::message::RTCMessage;
use rtc::peer_connection::transport::{CandidateConfig, CandidateHostConfig, RTCIceCandidate};
use rtc::peer_connection::{RTCPeerConnection, RTCPeerConnectionBuilder};
use rtc::sansio::Protocol;
use rtc::shared::{TaggedBytesMut, TransportContext, TransportProtocol};

use crate::network::addresses;
use crate::transfer::Transfer;

/// A peer of rtc.
pub struct Rtc {
    connection: RTCPeerConnection,
    own: usize,
    channel: Option<RTCDataChannelId>,
    is_open: bool,
}

impl Rtc {
    fn new(own: usize, now: Instant) -> Result<Self> {
        let settings = SettingEngineBuilder::new()
            .with_crypto_provider(Arc::new(AwsLcRsProvider::new()))
            .build();
        let mut connection = RTCPeerConnectionBuilder::new()
            .with_setting_engine(settings)
            .build(now)?;
        let base_config = CandidateConfig {
            network: "udp".to_owned(),
            address: addresses()[own].ip().to_string(),
            port: addresses()[own].port(),
            component: 1,
            ..CandidateConfig::default()
        };
        let candidate = CandidateHostConfig {
            base_config,
            ..CandidateHostConfig::default()
        };
        let candidate = RTCIceCandidate::from(&candidate.new_candidate_host()?);
        connection.add_local_candidate(candidate.to_json()?)?;
        Ok(Self {
            connection,
            own,
            channel: None,
            is_open: false,
        })
    }

    fn poll_events(&mut self) {
        while let Some(event) = self.connection.poll_event() {
            if let RTCPeerConnectionEvent::OnDataChannel(RTCDataChannelEvent::OnOpen(id)) = event {
                self.channel = Some(id);
                self.is_open = true;
            }
        }
    }
}

impl Transfer for Rtc {
    const CRATE: &str = "rtc";

    fn negotiated(now: Instant, _buffer: usize) -> Result<[Self; 2]> {
        let (mut caller, mut callee) = (Self::new(0, now)?, Self::new(1, now)?);
        let (from, to) = (&mut caller.connection, &mut callee.connection);
        from.create_data_channel("peers", None)?;
        let offer = from.create_offer(None)?;
        from.set_local_description(now, offer.clone())?;
        to.set_remote_description(now, offer)?;
        let answer = to.create_answer(None)?;
        to.set_local_description(now, answer.clone())?;
        from.set_remote_description(now, answer)?;
        Ok([caller, callee])
    }

    fn is_open(&mut self) -> bool {
        let channel = self.channel.and_then(|id| self.connection.data_channel(id));
        self.is_open && channel.is_some_and(|it| it.ready_state() == RTCDataChannelState::Open)
    }

    fn handle_datagram(&mut self, now: Instant, message: BytesMut) -> Result<()> {
        let transport = TransportContext {
            local_addr: addresses()[self.own],
            peer_addr: addresses()[1 - self.own],
            ecn: None,
            transport_protocol: TransportProtocol::UDP,
        };
        Ok(self.connection.handle_read(TaggedBytesMut {
            now,
            transport,
            message,
        })?)
    }

    fn handle_timeout(&mut self, now: Instant) -> Result<()> {
        Ok(self.connection.handle_timeout(now)?)
    }

    fn poll_timeout(&mut self) -> Option<Instant> {
        self.connection.poll_timeout()
    }

    fn poll_transmits(&mut self, _now: Instant, mut send: impl FnMut(&[u8])) -> Result<()> {
        self.poll_events();
        while let Some(datagram) = self.connection.poll_write() {
            send(&datagram.message);
        }
        Ok(())
    }

    fn send(&mut self, now: Instant, message: &Bytes, buffer: usize) -> Result<bool> {
        let id = self.channel.context("no channel")?;
        let mut channel = self.connection.data_channel(id).context("it is gone")?;
        if channel.outstanding_bytes() + message.len() > buffer {
            return Ok(false);
        }
        channel.send(now, BytesMut::from(&message[..]))?;
        Ok(true)
    }

    fn receive(&mut self, mut receive: impl FnMut(&[u8])) -> Result<()> {
        while let Some(read) = self.connection.poll_read() {
            if let RTCMessage::DataChannelMessage(_, message) = read.message {
                receive(&message.data);
            }
        }
        Ok(())
    }
}
