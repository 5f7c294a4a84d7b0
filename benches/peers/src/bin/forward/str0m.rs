//! str0m, in its mode for RTP packets.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context, Result};
use str0m::crypto::from_feature_flags;
use str0m::media::{Direction, MediaKind, Mid, Pt};
use str0m::net::{Protocol, Receive};
use str0m::rtp::{RtpPacket, RtpWrite, SeqNo};
use str0m::{Candidate, Event, Input, Output, Rtc};

use super::{PACE, PAYLOAD, VIEWERS};

pub struct Sfu {
    source: Pair,
    viewers: Vec<Pair>,
    payload: Arc<[u8]>,
}

/// The server's end of a connection, and the other one.
struct Pair {
    ends: [Rtc; 2],
    addresses: [SocketAddr; 2],
    mid: Mid,
    pt: Pt,
}

const SERVER: usize = 0;
const CLIENT: usize = 1;

impl Pair {
    fn new(number: u8, now: Instant) -> Result<Self> {
        let addresses = [1, 2].map(|side| SocketAddr::from(([192, 0, number, side], 5000)));
        let mut made = Vec::new();
        for address in addresses {
            let mut end = Rtc::builder()
                .set_crypto_provider(Arc::new(from_feature_flags()))
                .set_rtp_mode(true)
                .clear_codecs()
                .enable_vp8(true)
                .build(now);
            end.add_local_candidate(Candidate::host(address, "udp")?)
                .context("candidate refused")?;
            made.push(end);
        }
        let mut client = made.pop().context("there are two")?;
        let mut server = made.pop().context("there are two")?;
        let mut change = server.sdp_api();
        let mid = change.add_media(MediaKind::Video, Direction::SendRecv, None, None, None);
        let (offer, pending) = change.apply().context("nothing to offer")?;
        let answer = client.sdp_api().accept_offer(offer)?;
        server.sdp_api().accept_answer(pending, answer)?;
        let pt = *server
            .media(mid)
            .and_then(|media| media.remote_pts().first())
            .context("no codec")?;
        Ok(Self {
            ends: [server, client],
            addresses,
            mid,
            pt,
        })
    }

    fn exchange(&mut self, now: Instant) -> Result<()> {
        for end in &mut self.ends {
            end.handle_input(Input::Timeout(now))?;
        }
        let mut moved = true;
        while moved {
            moved = false;
            for from in [SERVER, CLIENT] {
                let (datagrams, _) = drain(&mut self.ends[from])?;
                for datagram in datagrams {
                    self.receive(now, 1 - from, &datagram)?;
                    moved = true;
                }
            }
        }
        Ok(())
    }

    /// str0m wants to be asked until it has nothing to say after each datagram.
    fn receive(&mut self, now: Instant, to: usize, datagram: &[u8]) -> Result<()> {
        let received = Receive {
            proto: Protocol::Udp,
            source: self.addresses[1 - to],
            destination: self.addresses[to],
            contents: datagram.try_into()?,
        };
        Ok(self.ends[to].handle_input(Input::Receive(now, received))?)
    }

    fn write(&mut self, end: usize, now: Instant, packet: RtpWrite) -> Result<()> {
        let mut api = self.ends[end].direct_api();
        let stream = api.stream_tx_by_mid(self.mid, None);
        stream
            .context("no stream")?
            .write_rtp(packet.nackable(true));
        Ok(self.ends[end].handle_input(Input::Timeout(now))?)
    }
}

/// All that an end has to say.
fn drain(end: &mut Rtc) -> Result<(Vec<Vec<u8>>, Option<RtpPacket>)> {
    let (mut datagrams, mut packet) = (Vec::new(), None);
    loop {
        match end.poll_output()? {
            Output::Transmit(datagram) => datagrams.push(datagram.contents.to_vec()),
            Output::Event(Event::RtpPacket(received)) => packet = Some(received),
            Output::Event(_) => {}
            Output::Timeout(_) => return Ok((datagrams, packet)),
        }
    }
}

impl super::Sfu for Sfu {
    fn new(now: Instant) -> Result<Self> {
        let mut sfu = Self {
            source: Pair::new(0, now)?,
            viewers: (1..=VIEWERS as u8)
                .map(|number| Pair::new(number, now))
                .collect::<Result<_>>()?,
            payload: vec![7; PAYLOAD].into(),
        };
        for step in 0..500 {
            super::Sfu::pass_time(&mut sfu, now - PACE * (500 - step))?;
        }
        Ok(sfu)
    }

    fn pass_time(&mut self, now: Instant) -> Result<()> {
        let mut pairs = std::iter::once(&mut self.source).chain(&mut self.viewers);
        pairs.try_for_each(|pair| pair.exchange(now))
    }

    fn send(&mut self, now: Instant, number: u32) -> Result<Vec<u8>> {
        let sequence = SeqNo::from(u64::from(number));
        let payload = Arc::clone(&self.payload);
        let time = number.wrapping_mul(300);
        let packet = RtpWrite::new(self.source.pt, sequence, time, now, payload);
        self.source.write(CLIENT, now, packet)?;
        let (mut datagrams, _) = drain(&mut self.source.ends[CLIENT])?;
        datagrams.pop().context("nothing was sent")
    }

    fn forward(&mut self, now: Instant, datagram: &[u8]) -> Result<usize> {
        self.source.receive(now, SERVER, datagram)?;
        let server = &mut self.source.ends[SERVER];
        let mut received = None;
        loop {
            match server.poll_output()? {
                Output::Event(Event::RtpPacket(packet)) => received = Some(packet),
                Output::Timeout(_) => break,
                _ => {}
            }
        }
        let received = received.context("nothing was received")?;
        let mut sent = 0;
        for viewer in &mut self.viewers {
            let payload = Arc::clone(&received.payload);
            let time = received.header.timestamp;
            let packet = RtpWrite::new(viewer.pt, received.seq_no, time, now, payload);
            let packet = packet.ext_vals(received.header.ext_vals.clone());
            viewer.write(SERVER, now, packet)?;
            loop {
                match viewer.ends[SERVER].poll_output()? {
                    Output::Transmit(datagram) => sent += datagram.contents.len(),
                    Output::Timeout(_) => break,
                    Output::Event(_) => {}
                }
            }
        }
        Ok(sent)
    }
}
