//! An SFU in memory: a packet of video comes in over one connection and goes out over fifty, each with keys,
//! pacer and a store of packets to be sent again. And what a snapshot of a call's statistics takes.

use std::hint::black_box;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use tidewire::crypto::{CryptoProvider, Rng, rust_crypto};
use tidewire::{
    Configuration, Datagram, Delivery, Direction, FrameInfo, Media, MediaKind, OutgoingFrame,
    OutgoingPacket, PeerConnection, TransceiverId, TransceiverInit, Transmit,
};

const VIEWERS: usize = 50;
const PAYLOAD: usize = 1150;
const SEGMENTS: usize = 16;
/// 1200 bytes each so often are 4.8 Mbit/s.
const PACE: Duration = Duration::from_millis(2);

/// Two connections with each other.
struct Pair {
    peers: [PeerConnection; 2],
    buf: Vec<u8>,
}

impl Pair {
    fn new(crypto: &Arc<dyn CryptoProvider>, seed: u8, now: Instant, delivery: Delivery) -> Self {
        let peers = [1, 2].map(|side: u8| {
            let configuration = Configuration {
                crypto: Arc::clone(crypto),
                ..Configuration::default()
            };
            let rng = Rng::from_u64(u64::from(seed) * 2 + u64::from(side));
            let made = PeerConnection::new(configuration, rng, now);
            let mut peer = made.expect("the provider makes keys");
            peer.add_local_address(now, SocketAddr::from(([192, 0, seed, side], 5000)));
            peer.finish_gathering(now);
            for kind in [MediaKind::Audio, MediaKind::Video] {
                let init = TransceiverInit {
                    delivery,
                    ..TransceiverInit::default()
                };
                if side == 1 {
                    peer.add_transceiver(kind, init).expect("a transceiver");
                }
            }
            peer
        });
        let mut pair = Self {
            peers,
            buf: Vec::new(),
        };
        pair.negotiate(now, delivery)
            .expect("they understand each other");
        pair
    }

    fn negotiate(
        &mut self,
        now: Instant,
        delivery: Delivery,
    ) -> Result<(), Box<dyn std::error::Error>> {
        let [caller, callee] = &mut self.peers;
        let offer = caller.create_offer()?;
        caller.set_local_description(now, &offer)?;
        callee.set_remote_description(now, &caller.local_description().ok_or("no offer")?)?;
        let all: Vec<_> = callee.transceivers().map(|state| state.id).collect();
        for id in all {
            callee.set_direction(id, Direction::SendRecv)?;
            callee.replace_track(id, true)?;
            callee.set_delivery(now, id, delivery)?;
        }
        let answer = callee.create_answer()?;
        callee.set_local_description(now, &answer)?;
        caller.set_remote_description(now, &callee.local_description().ok_or("no answer")?)?;
        Ok(())
    }

    /// Carries what both have to say, until neither has anything.
    fn exchange(&mut self, now: Instant) {
        for peer in &mut self.peers {
            if peer.poll_timeout().is_some_and(|due| due <= now) {
                peer.handle_timeout(now);
            }
        }
        let mut moved = true;
        while moved {
            moved = false;
            for from in 0..2 {
                while let Some(sent) = self.peers[from].poll_transmit(now, SEGMENTS, &mut self.buf)
                {
                    deliver(now, &sent, &self.buf, &mut self.peers[1 - from]);
                    self.buf.clear();
                    moved = true;
                }
                while self.peers[from].poll_event().is_some() {}
                while self.peers[from].poll_media().is_some() {}
            }
        }
    }

    fn video(&self, side: usize) -> TransceiverId {
        let mut all = self.peers[side].transceivers();
        let video = all.find(|state| state.kind == MediaKind::Video);
        video.expect("a transceiver for video").id
    }
}

fn deliver(now: Instant, sent: &Transmit, bytes: &[u8], to: &mut PeerConnection) {
    for datagram in bytes.chunks(sent.segment_size.unwrap_or(bytes.len())) {
        to.handle_datagram(now, Datagram::copied(sent.remote, sent.local, datagram));
    }
}

/// One who sends, and fifty who watch.
struct Sfu {
    source: Pair,
    viewers: Vec<Pair>,
    now: Instant,
    buf: Vec<u8>,
    timestamp: u32,
}

impl Sfu {
    fn new(crypto: &Arc<dyn CryptoProvider>) -> Self {
        let now = Instant::now();
        let pair = |seed| Pair::new(crypto, seed, now, Delivery::Packets);
        let mut sfu = Self {
            source: pair(0),
            viewers: (1..=VIEWERS as u8).map(pair).collect(),
            now,
            buf: Vec::new(),
            timestamp: 0,
        };
        for _ in 0..500 {
            sfu.pass_time();
        }
        sfu
    }

    fn pass_time(&mut self) {
        self.now += PACE;
        for pair in std::iter::once(&mut self.source).chain(&mut self.viewers) {
            pair.exchange(self.now);
        }
    }

    /// A packet of the source, and how long it took to send it to all.
    fn forward(&mut self, payload: &Bytes) -> Duration {
        self.pass_time();
        self.timestamp = self.timestamp.wrapping_add(300);
        let (now, from) = (self.now, self.source.video(0));
        let packet = OutgoingPacket {
            marker: false,
            payload_type: None,
            sequence_number: None,
            timestamp: self.timestamp,
            payload: payload.clone(),
            extensions: Default::default(),
        };
        let source = &mut self.source.peers[0];
        source
            .send_packet(now, from, 0, packet)
            .expect("a packet that can be sent");
        let sent = source
            .poll_transmit(now, 1, &mut self.buf)
            .expect("a datagram");
        let datagram = Datagram::copied(sent.remote, sent.local, &self.buf);
        self.buf.clear();
        let targets: Vec<TransceiverId> = self.viewers.iter().map(|pair| pair.video(0)).collect();

        let begin = Instant::now();
        let middle = &mut self.source.peers[1];
        middle.handle_datagram(now, datagram);
        let received = middle.poll_media().expect("a packet came");
        let Media::Packet(packet) = received.media else {
            unreachable!("packets were asked for")
        };
        for (pair, target) in self.viewers.iter_mut().zip(&targets) {
            let copy = OutgoingPacket {
                marker: packet.header.marker,
                payload_type: None,
                sequence_number: None,
                timestamp: packet.header.timestamp,
                payload: packet.payload.clone(),
                extensions: packet.extensions.clone(),
            };
            let viewer = &mut pair.peers[0];
            viewer
                .send_packet(now, *target, 0, copy)
                .expect("a packet that can be sent");
            while let Some(sent) = viewer.poll_transmit(now, SEGMENTS, &mut pair.buf) {
                black_box(sent);
            }
        }
        let took = begin.elapsed();
        for pair in &mut self.viewers {
            assert!(pair.buf.len() > PAYLOAD, "nothing was sent");
            pair.buf.clear();
        }
        took
    }
}

fn forward(criterion: &mut Criterion) {
    for (name, crypto) in providers() {
        let mut sfu = Sfu::new(&crypto);
        let payload = Bytes::from(vec![7; PAYLOAD]);
        let mut group = criterion.benchmark_group("forward");
        group
            .throughput(Throughput::Elements(VIEWERS as u64))
            .sample_size(20);
        group.bench_function(format!("a packet to 50, {name}"), |bencher| {
            bencher.iter_custom(|rounds| (0..rounds).map(|_| sfu.forward(&payload)).sum());
        });
        group.finish();
    }
}

fn snapshot(criterion: &mut Criterion) {
    let mut now = Instant::now();
    let mut pair = Pair::new(&rust_crypto::provider(), 1, now, Delivery::Frames);
    for number in 0..400u32 {
        now += Duration::from_millis(10);
        pair.exchange(now);
        for side in 0..2 {
            let all: Vec<_> = pair.peers[side].transceivers().collect();
            for state in all {
                let info = FrameInfo {
                    timestamp: number * 900,
                    ..FrameInfo::default()
                };
                let frame = OutgoingFrame::new(Bytes::from_static(&[0xf8; 50]));
                let sent = pair.peers[side].send_frame(now, state.id, 0, frame, &info);
                sent.expect("a frame that can be sent");
            }
        }
    }
    criterion.bench_function("statistics/a snapshot of a call", |bencher| {
        bencher.iter(|| black_box(pair.peers[0].stats_report(now)));
    });
}

fn providers() -> Vec<(&'static str, Arc<dyn CryptoProvider>)> {
    vec![
        ("RustCrypto", rust_crypto::provider()),
        #[cfg(feature = "aws-lc-rs")]
        ("AWS-LC", tidewire::crypto::aws_lc_rs::provider()),
    ]
}

criterion_group!(benches, forward, snapshot);
criterion_main!(benches);
