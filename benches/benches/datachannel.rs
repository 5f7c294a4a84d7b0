//! Messages on a channel from one endpoint to another.

use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use tidewire_crypto::Rng;
use tidewire_datachannel::{ChannelId, Config, Endpoint, Event, Init, Message, Role};

struct Pair {
    ends: [Endpoint; 2],
    channels: [ChannelId; 2],
    now: Instant,
    packet: Vec<u8>,
}

impl Pair {
    fn open() -> Self {
        let now = Instant::now();
        let mut ends = [(Role::DtlsClient, 1), (Role::DtlsServer, 2)].map(|(role, seed)| {
            let association = tidewire_sctp::Config::default();
            let rng = Rng::from_u64(seed);
            let mut end = Endpoint::new(Config::default(), association, rng, now);
            end.set_role(now, role);
            end.connect(now);
            end
        });
        let created = ends[0].create(now, "bench", Init::default());
        let channel = created.expect("there are channels left");
        let mut pair = Self {
            ends,
            channels: [channel; 2],
            now,
            packet: Vec::with_capacity(1500),
        };
        pair.channels[1] = pair.incoming();
        pair
    }

    fn incoming(&mut self) -> ChannelId {
        loop {
            self.settle();
            while let Some(event) = self.ends[1].poll_event() {
                if let Event::Incoming(id) = event {
                    return id;
                }
            }
        }
    }

    /// Sends a message and waits for it.
    fn transfer(&mut self, message: &Bytes) -> Message {
        let sent = Message::Binary(message.clone());
        self.ends[0]
            .send(self.now, self.channels[0], sent)
            .expect("there is room");
        loop {
            self.settle();
            for end in &mut self.ends {
                while end.poll_event().is_some() {}
            }
            if let Some(message) = self.ends[1].receive(self.channels[1]) {
                return message;
            }
        }
    }

    /// Carries all there is, then lets time pass until the next timer.
    fn settle(&mut self) {
        while self.carry(0) | self.carry(1) {}
        let timers = self.ends.iter().filter_map(Endpoint::poll_timeout);
        let next = timers.min().unwrap_or(self.now);
        self.now = next.min(self.now + Duration::from_millis(20));
        for end in &mut self.ends {
            end.handle_timeout(self.now);
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

fn datachannel(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("datachannel");
    for (name, size) in [("100 bytes", 100), ("64 KiB", 64 << 10)] {
        let message = Bytes::from(vec![7; size]);
        let mut pair = Pair::open();
        group.throughput(Throughput::Bytes(size as u64));
        group.bench_function(format!("send and receive {name}"), |bencher| {
            bencher.iter(|| pair.transfer(&message));
        });
    }
    group.finish();
}

criterion_group!(benches, datachannel);
criterion_main!(benches);
