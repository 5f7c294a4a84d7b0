//! Two associations in memory.

use std::time::{Duration, Instant};

use bytes::Bytes;
use tidewire_crypto::Rng;
use tidewire_netsim::{Link, LinkConfig};

use crate::wire::{
    COMMON_HEADER_LEN, Chunk, ChunkType, PacketHeader, chunks, finish_packet, start_packet,
};
use crate::{Association, Config, Event, Message, Ppid, SendOptions, StreamId};

pub(super) const PPID: Ppid = Ppid(53);

pub(super) struct Pair {
    pub(super) now: Instant,
    pub(super) ends: [Association; 2],
    pub(super) links: [Link; 2],
    pub(super) events: [Vec<Event>; 2],
    /// How many packets each has sent.
    pub(super) sent: [usize; 2],
}

impl Pair {
    pub(super) fn new(seed: u64, link: &LinkConfig) -> Self {
        Self::with_config(seed, link, &Config::default())
    }

    pub(super) fn with_config(seed: u64, link: &LinkConfig, config: &Config) -> Self {
        let now = tidewire_netsim::start();
        let end = |number| Association::new(config.clone(), Rng::from_u64(seed * 2 + number), now);
        let links = [
            Link::new(link.clone(), seed * 2),
            Link::new(link.clone(), seed * 2 + 1),
        ];
        let events = [Vec::new(), Vec::new()];
        Self {
            now,
            ends: [end(0), end(1)],
            links,
            events,
            sent: [0; 2],
        }
    }

    /// Both connect at once, as WebRTC's sides do.
    pub(super) fn connected(seed: u64, link: &LinkConfig) -> Self {
        let mut pair = Self::new(seed, link);
        pair.connect();
        pair
    }

    pub(super) fn connect(&mut self) {
        for end in &mut self.ends {
            end.connect(self.now);
        }
        let done = self.run_until(Duration::from_secs(60), |pair| {
            pair.ends.iter().all(Association::is_connected)
        });
        assert!(done, "not connected: {:?}", self.events);
    }

    pub(super) fn send(&mut self, from: usize, stream: u16, payload: impl Into<Bytes>) {
        self.send_with(from, stream, payload, SendOptions::default());
    }

    pub(super) fn send_with(
        &mut self,
        from: usize,
        stream: u16,
        payload: impl Into<Bytes>,
        options: SendOptions,
    ) {
        self.ends[from]
            .send(self.now, StreamId(stream), PPID, payload.into(), options)
            .expect("a message that can be queued");
    }

    pub(super) fn receive(&mut self, at: usize, stream: u16) -> Vec<Bytes> {
        std::iter::from_fn(|| self.ends[at].receive(StreamId(stream)))
            .map(|Message { ppid, payload }| {
                assert_eq!(ppid, PPID);
                payload
            })
            .collect()
    }

    /// Runs until `done`, or until `limit` has passed; answers whether it was done.
    pub(super) fn run_until(
        &mut self,
        limit: Duration,
        mut done: impl FnMut(&mut Self) -> bool,
    ) -> bool {
        let end = self.now + limit;
        loop {
            while self.transmit() | self.deliver() {}
            if done(self) {
                return true;
            }
            if self.transmit() {
                continue;
            }
            let links = self.links.iter().filter_map(Link::poll_timeout);
            let timers = self.ends.iter().filter_map(Association::poll_timeout);
            match links.chain(timers).min() {
                Some(next) if next <= end => self.now = next.max(self.now),
                _ => {
                    self.now = end;
                    return done(self);
                }
            }
            for association in &mut self.ends {
                if association
                    .poll_timeout()
                    .is_some_and(|due| due <= self.now)
                {
                    association.handle_timeout(self.now);
                }
            }
        }
    }

    pub(super) fn run_for(&mut self, time: Duration) {
        self.run_until(time, |_| false);
    }

    /// The packets that one end has to send now.
    pub(super) fn packets(&mut self, from: usize) -> Vec<Bytes> {
        let mut packets = Vec::new();
        let mut packet = Vec::new();
        while self.ends[from].poll_transmit(self.now, &mut packet) {
            packets.push(Bytes::from(std::mem::take(&mut packet)));
        }
        packets
    }

    fn transmit(&mut self) -> bool {
        let mut moved = false;
        for from in 0..2 {
            for packet in self.packets(from) {
                self.sent[from] += 1;
                self.links[from].send(self.now, packet.to_vec());
                moved = true;
            }
            self.events[from].extend(std::iter::from_fn(|| self.ends[from].poll_event()));
        }
        moved
    }

    fn deliver(&mut self) -> bool {
        let mut moved = false;
        for from in 0..2 {
            while let Some(packet) = self.links[from].receive(self.now) {
                self.ends[1 - from].handle_packet(self.now, Bytes::from(packet));
                moved = true;
            }
        }
        moved
    }
}

/// A packet to `to` with its own tag.
pub(super) fn packet(pair: &Pair, to: usize, write: impl FnOnce(&mut Vec<u8>)) -> Bytes {
    let header = PacketHeader {
        source_port: 5000,
        destination_port: 5000,
        verification_tag: pair.ends[to].local_tag(),
    };
    let mut packet = Vec::new();
    start_packet(&header, &mut packet);
    write(&mut packet);
    finish_packet(0, &mut packet);
    packet.into()
}

/// The chunks of a type in packets.
pub(super) fn chunks_of(packets: &[Bytes], kind: ChunkType) -> Vec<Chunk> {
    packets
        .iter()
        .flat_map(|packet| chunks(packet.slice(COMMON_HEADER_LEN..)))
        .map(|chunk| chunk.expect("what we write is well formed"))
        .filter(|chunk| chunk.kind == kind)
        .collect()
}

/// Messages still go both ways.
pub(super) fn assert_transfers(pair: &mut Pair) {
    for from in 0..2 {
        pair.send(from, 7, "still here");
    }
    pair.run_for(Duration::from_secs(5));
    for at in 0..2 {
        assert_eq!(pair.receive(at, 7), ["still here"], "{:?}", pair.events);
    }
}
