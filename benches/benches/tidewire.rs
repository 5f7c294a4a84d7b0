//! Two whole connections in memory: until a channel is open, and 16 MiB over it.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use tidewire::crypto::{CryptoProvider, Rng, rust_crypto};
use tidewire::{ChannelId, Configuration, Datagram, Event, Message, PeerConnection};

const MESSAGE: usize = 64 << 10;
const AMOUNT: usize = 16 << 20;
/// What may wait in the sender's channel.
const BUFFER: usize = 1 << 20;
const SEGMENTS: usize = 16;

struct Pair {
    peers: [PeerConnection; 2],
    channels: [Option<ChannelId>; 2],
    now: Instant,
    buf: Vec<u8>,
}

impl Pair {
    /// Two peers that have exchanged offer and answer.
    fn negotiated(crypto: &Arc<dyn CryptoProvider>) -> Self {
        let now = Instant::now();
        let [mut caller, mut callee] = [1, 2].map(|seed: u8| {
            let configuration = Configuration {
                crypto: Arc::clone(crypto),
                ..Configuration::default()
            };
            let rng = Rng::from_u64(u64::from(seed));
            let made = PeerConnection::new(configuration, rng, now);
            let mut peer = made.expect("the provider makes keys");
            peer.add_local_address(now, SocketAddr::from(([192, 0, 2, seed], 5000)));
            peer.finish_gathering(now);
            peer
        });
        let channel = caller.create_data_channel(now, "bench", Default::default());
        negotiate(now, &mut caller, &mut callee).expect("they understand each other");
        Self {
            peers: [caller, callee],
            channels: [channel.ok(), None],
            now,
            buf: Vec::new(),
        }
    }

    fn connected(crypto: &Arc<dyn CryptoProvider>) -> Self {
        let mut pair = Self::negotiated(crypto);
        pair.connect();
        pair
    }

    /// Until the channel is open at both ends.
    fn connect(&mut self) {
        let mut open = [false; 2];
        while open != [true; 2] {
            self.step();
            for (end, peer) in self.peers.iter_mut().enumerate() {
                while let Some(event) = peer.poll_event() {
                    if let Event::DataChannel(id) | Event::DataChannelOpen(id) = event {
                        self.channels[end] = Some(id);
                        open[end] = true;
                    }
                }
            }
        }
    }

    fn transfer(&mut self, message: &Bytes, amount: usize) {
        let [Some(to), Some(from)] = self.channels else {
            unreachable!("connected");
        };
        let (mut sent, mut received) = (0, 0);
        while received < amount {
            while sent < amount && self.peers[0].buffered_amount(to) < BUFFER {
                let message = Message::Binary(message.clone());
                let queued = self.peers[0].send(self.now, to, message);
                queued.expect("there is room");
                sent += MESSAGE;
            }
            self.step();
            for peer in &mut self.peers {
                while peer.poll_event().is_some() {}
            }
            while let Some(message) = self.peers[1].receive(from) {
                received += message.payload().len();
            }
        }
    }

    /// Carries what there is once in each direction, or lets time pass.
    fn step(&mut self) {
        if self.carry(0) | self.carry(1) {
            return;
        }
        let timers = self.peers.iter().filter_map(PeerConnection::poll_timeout);
        let next = timers.min().expect("something is waited for");
        self.now = next.max(self.now + Duration::from_micros(10));
        for peer in &mut self.peers {
            peer.handle_timeout(self.now);
        }
    }

    fn carry(&mut self, from: usize) -> bool {
        let mut moved = false;
        let (now, buf) = (self.now, &mut self.buf);
        while let Some(batch) = self.peers[from].poll_transmit(now, SEGMENTS, buf) {
            let segment = batch.segment_size.unwrap_or(buf.len());
            for datagram in buf.chunks(segment) {
                let datagram = Datagram::copied(batch.remote, batch.local, datagram);
                self.peers[1 - from].handle_datagram(now, datagram);
            }
            buf.clear();
            moved = true;
        }
        moved
    }
}

fn negotiate(
    now: Instant,
    caller: &mut PeerConnection,
    callee: &mut PeerConnection,
) -> Result<(), tidewire::NegotiationError> {
    let offer = caller.create_offer()?;
    caller.set_local_description(now, &offer)?;
    let offer = caller.local_description().expect("just set");
    callee.set_remote_description(now, &offer)?;
    let answer = callee.create_answer()?;
    callee.set_local_description(now, &answer)?;
    let answer = callee.local_description().expect("just set");
    caller.set_remote_description(now, &answer)
}

fn tidewire(criterion: &mut Criterion) {
    measure(criterion, &rust_crypto::provider());
    #[cfg(feature = "aws-lc-rs")]
    measure(criterion, &tidewire::crypto::aws_lc_rs::provider());
}

fn measure(criterion: &mut Criterion, crypto: &Arc<dyn CryptoProvider>) {
    let mut group = criterion.benchmark_group(format!("tidewire/{}", crypto.name()));
    group.sample_size(20);
    group.bench_function("connect", |bencher| {
        bencher.iter(|| Pair::connected(crypto));
    });
    group.throughput(Throughput::Bytes(AMOUNT as u64));
    let message = Bytes::from(vec![7; MESSAGE]);
    group.bench_function("transfer", |bencher| {
        let set_up = || Pair::connected(crypto);
        let transfer = |pair: &mut Pair| pair.transfer(&message, AMOUNT);
        bencher.iter_batched_ref(set_up, transfer, BatchSize::PerIteration);
    });
    group.finish();
}

criterion_group!(benches, tidewire);
criterion_main!(benches);
