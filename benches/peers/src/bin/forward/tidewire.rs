//! Tidewire, with each of its providers.

use std::marker::PhantomData;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context, Result, bail};
use bytes::Bytes;
use tidewire::crypto::{CryptoProvider, Rng, aws_lc_rs, rust_crypto};
use tidewire::{
    Configuration, Datagram, Delivery, Media, MediaKind, MediaParameters, OutgoingPacket,
    PeerConnection, PeerRole, TransceiverId, TransceiverInit,
};

use super::{PACE, PAYLOAD, VIEWERS};

/// The most datagrams that one call may write.
const SEGMENTS: usize = 16;

/// Where the cryptography comes from.
pub trait Provider {
    fn provider() -> Arc<dyn CryptoProvider>;
}

/// The provider that the other stack uses too.
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

pub struct Sfu<P> {
    source: Pair,
    viewers: Vec<Pair>,
    payload: Bytes,
    provider: PhantomData<P>,
}

/// The server's end of a connection, and the other one.
struct Pair {
    ends: [PeerConnection; 2],
    video: [TransceiverId; 2],
    buf: Vec<u8>,
}

const SERVER: usize = 0;
const CLIENT: usize = 1;

impl Pair {
    fn new(crypto: &Arc<dyn CryptoProvider>, number: u8, now: Instant) -> Result<Self> {
        let mut made = Vec::new();
        for side in [SERVER, CLIENT] {
            let configuration = Configuration {
                crypto: Arc::clone(crypto),
                ..Configuration::default()
            };
            let media = MediaParameters::new("video", MediaKind::Video, &configuration.media)
                .with_codec(|codec| codec.name == "VP8");
            let rng = Rng::from_u64(u64::from(number) * 2 + side as u64);
            let mut end = PeerConnection::new(configuration, rng, now)?;
            end.add_local_address(
                now,
                SocketAddr::from(([192, 0, number, side as u8 + 1], 5000)),
            );
            let init = TransceiverInit {
                delivery: Delivery::Packets,
                ..TransceiverInit::default()
            };
            let video = end.add_negotiated_transceiver(now, init, &media)?;
            made.push((end, video));
        }
        let [(mut server, one), (mut client, other)]: [_; 2] = match made.try_into() {
            Ok(ends) => ends,
            Err(_) => bail!("there are two ends"),
        };
        client.connect(now, PeerRole::Controlled, &server.parameters())?;
        server.connect(now, PeerRole::Controlling, &client.parameters())?;
        Ok(Self {
            ends: [server, client],
            video: [one, other],
            buf: Vec::new(),
        })
    }

    /// Carries what both have to say, until neither has anything.
    fn exchange(&mut self, now: Instant) {
        for end in &mut self.ends {
            if end.poll_timeout().is_some_and(|due| due <= now) {
                end.handle_timeout(now);
            }
        }
        let mut moved = true;
        while moved {
            moved = false;
            for from in [SERVER, CLIENT] {
                let [one, other] = &mut self.ends;
                let (from, to) = if from == SERVER {
                    (one, other)
                } else {
                    (other, one)
                };
                while let Some(sent) = from.poll_transmit(now, SEGMENTS, &mut self.buf) {
                    let len = sent.segment_size.unwrap_or(self.buf.len());
                    for datagram in self.buf.chunks(len) {
                        let datagram = Datagram::copied(sent.remote, sent.local, datagram);
                        to.handle_datagram(now, datagram);
                    }
                    self.buf.clear();
                    moved = true;
                }
                while from.poll_event().is_some() {}
                while from.poll_media().is_some() {}
            }
        }
    }
}

fn packet(timestamp: u32, payload: Bytes) -> OutgoingPacket {
    OutgoingPacket {
        marker: false,
        payload_type: None,
        sequence_number: None,
        timestamp,
        payload,
        extensions: Default::default(),
    }
}

impl<P: Provider> super::Sfu for Sfu<P> {
    fn new(now: Instant) -> Result<Self> {
        let crypto = P::provider();
        let mut sfu = Self {
            source: Pair::new(&crypto, 0, now)?,
            viewers: (1..=VIEWERS as u8)
                .map(|number| Pair::new(&crypto, number, now))
                .collect::<Result<_>>()?,
            payload: vec![7; PAYLOAD].into(),
            provider: PhantomData,
        };
        for step in 0..500 {
            sfu.pass_time(now - PACE * (500 - step))?;
        }
        Ok(sfu)
    }

    fn pass_time(&mut self, now: Instant) -> Result<()> {
        for pair in std::iter::once(&mut self.source).chain(&mut self.viewers) {
            pair.exchange(now);
        }
        Ok(())
    }

    fn send(&mut self, now: Instant, number: u32) -> Result<Vec<u8>> {
        let packet = packet(number.wrapping_mul(300), self.payload.clone());
        let source = &mut self.source;
        source.ends[CLIENT].send_packet(now, source.video[CLIENT], 0, packet)?;
        let mut datagram = Vec::new();
        source.ends[CLIENT]
            .poll_transmit(now, 1, &mut datagram)
            .context("nothing was sent")?;
        Ok(datagram)
    }

    fn forward(&mut self, now: Instant, datagram: &[u8]) -> Result<usize> {
        let server = &mut self.source.ends[SERVER];
        let [local, remote] = [1, 2].map(|side| SocketAddr::from(([192, 0, 0, side], 5000)));
        server.handle_datagram(now, Datagram::copied(local, remote, datagram));
        let received = server.poll_media().context("nothing was received")?;
        let Media::Packet(received) = received.media else {
            bail!("packets were asked for");
        };
        let mut sent = 0;
        for viewer in &mut self.viewers {
            let mut copy = packet(received.header.timestamp, received.payload.clone());
            copy.extensions = received.extensions.clone();
            let end = &mut viewer.ends[SERVER];
            end.send_packet(now, viewer.video[SERVER], 0, copy)?;
            while end.poll_transmit(now, SEGMENTS, &mut viewer.buf).is_some() {}
            sent += viewer.buf.len();
            viewer.buf.clear();
        }
        Ok(sent)
    }
}
