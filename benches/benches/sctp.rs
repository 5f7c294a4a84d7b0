//! Messages of 64 KiB from one association to another, and the two ends of that alone.

use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use tidewire_crypto::Rng;
use tidewire_sctp::{Association, Config, Ppid, SendOptions, StreamId};

const STREAM: StreamId = StreamId(0);
const MESSAGE: usize = 64 << 10;
/// How many messages fill the window.
const BURST: usize = 16;

struct Pair {
    ends: [Association; 2],
    now: Instant,
    packet: Vec<u8>,
}

impl Pair {
    fn connected() -> Self {
        let now = Instant::now();
        let end = |seed| Association::new(Config::default(), Rng::from_u64(seed), now);
        let mut pair = Self {
            ends: [end(1), end(2)],
            now,
            packet: Vec::with_capacity(1500),
        };
        for end in &mut pair.ends {
            end.connect(now);
        }
        while !pair.ends.iter().all(Association::is_connected) {
            pair.settle();
        }
        pair
    }

    /// Sends `count` messages and waits until all have arrived and are acknowledged.
    fn transfer(&mut self, message: &Bytes, count: usize) {
        for _ in 0..count {
            let (ppid, options) = (Ppid(53), SendOptions::default());
            self.ends[0]
                .send(self.now, STREAM, ppid, message.clone(), options)
                .expect("there is room");
        }
        let mut received = 0;
        while received < count {
            self.settle();
            while let Some(message) = self.ends[1].receive(STREAM) {
                assert_eq!(message.payload.len(), MESSAGE);
                received += 1;
            }
        }
    }

    /// Carries all there is, then lets time pass until the next timer.
    fn settle(&mut self) {
        while self.carry(0) | self.carry(1) {}
        let timers = self.ends.iter().filter_map(Association::poll_timeout);
        let next = timers.min().unwrap_or(self.now);
        self.now = next.min(self.now + Duration::from_millis(20));
        for end in &mut self.ends {
            end.handle_timeout(self.now);
            while end.poll_event().is_some() {}
        }
    }

    fn carry(&mut self, from: usize) -> bool {
        let mut moved = false;
        while self.ends[from].poll_transmit(self.now, &mut self.packet) {
            let packet = BytesMut::from(&self.packet[..]).freeze();
            self.ends[1 - from].handle_packet(self.now, packet);
            self.packet.clear();
            moved = true;
        }
        moved
    }
}

fn sctp(criterion: &mut Criterion) {
    let message = Bytes::from(vec![7; MESSAGE]);
    let mut group = criterion.benchmark_group("sctp");
    group.throughput(Throughput::Bytes(MESSAGE as u64));
    group.bench_function("one message of 64 KiB", |bencher| {
        let mut pair = Pair::connected();
        bencher.iter(|| pair.transfer(&message, 1));
    });
    group.throughput(Throughput::Bytes((BURST * MESSAGE) as u64));
    group.bench_function("a full window of 64 KiB", |bencher| {
        let mut pair = Pair::connected();
        bencher.iter(|| pair.transfer(&message, BURST));
    });
    group.finish();
}

criterion_group!(benches, sctp);
criterion_main!(benches);
