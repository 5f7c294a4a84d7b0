//! Forwarding a packet to many allocates nothing.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use tidewire::crypto::Rng;
use tidewire::{
    Configuration, Datagram, Delivery, Direction, Media, MediaKind, OutgoingPacket, PeerConnection,
    TransceiverId, TransceiverInit,
};

struct Counting;

thread_local! {
    static COUNT: Cell<u64> = const { Cell::new(0) };
}

// SAFETY: everything is left to the system's allocator; the count does not touch the memory.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        COUNT.with(|count| count.set(count.get() + 1));
        // SAFETY: the caller keeps the contract of `alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        // SAFETY: the caller keeps the contract of `dealloc`.
        unsafe { System.dealloc(memory, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const VIEWERS: usize = 50;
const PAYLOAD: usize = 1100;
const PACE: Duration = Duration::from_millis(2);
/// Fewer than a report a second apart would be: what is not for each packet may allocate.
const PACKETS: u32 = 100;
/// Until the stores of packets are full.
const WARM_UP: u32 = 1200;

/// Two connections with each other, one section of video between them.
struct Pair([PeerConnection; 2]);

impl Pair {
    fn new(seed: u8, now: Instant) -> Self {
        let peers = [1, 2].map(|side: u8| {
            let rng = Rng::from_u64(u64::from(seed) * 2 + u64::from(side));
            let made = PeerConnection::new(Configuration::default(), rng, now);
            let mut peer = made.expect("a usable configuration");
            peer.add_local_address(now, SocketAddr::from(([192, 0, seed, side], 5000)));
            peer.finish_gathering(now);
            peer
        });
        let mut pair = Self(peers);
        pair.negotiate(now).expect("they understand each other");
        pair
    }

    fn negotiate(&mut self, now: Instant) -> Result<(), Box<dyn std::error::Error>> {
        let [caller, callee] = &mut self.0;
        let init = TransceiverInit {
            delivery: Delivery::Packets,
            ..TransceiverInit::default()
        };
        caller.add_transceiver(MediaKind::Video, init)?;
        let offer = caller.create_offer()?;
        caller.set_local_description(now, &offer)?;
        callee.set_remote_description(now, &caller.local_description().ok_or("no offer")?)?;
        let id = video(callee);
        callee.set_direction(id, Direction::SendRecv)?;
        callee.set_delivery(now, id, Delivery::Packets)?;
        let answer = callee.create_answer()?;
        callee.set_local_description(now, &answer)?;
        caller.set_remote_description(now, &callee.local_description().ok_or("no answer")?)?;
        Ok(())
    }

    /// Carries what both have to say, until neither has anything.
    fn exchange(&mut self, now: Instant) {
        let mut buf = Vec::new();
        for peer in &mut self.0 {
            if peer.poll_timeout().is_some_and(|due| due <= now) {
                peer.handle_timeout(now);
            }
        }
        let mut moved = true;
        while moved {
            moved = false;
            for from in 0..2 {
                while let Some(sent) = self.0[from].poll_transmit(now, 1, &mut buf) {
                    let datagram = Datagram::copied(sent.remote, sent.local, &buf);
                    self.0[1 - from].handle_datagram(now, datagram);
                    buf.clear();
                    moved = true;
                }
                while self.0[from].poll_event().is_some() {}
                while self.0[from].poll_media().is_some() {}
            }
        }
    }
}

fn video(peer: &PeerConnection) -> TransceiverId {
    let mut all = peer.transceivers();
    let video = all.find(|state| state.kind == MediaKind::Video);
    video.expect("a transceiver for video").id
}

#[test]
fn forwarding_a_packet_to_fifty_allocates_nothing() {
    let mut now = tidewire_netsim::start();
    let mut source = Pair::new(0, now);
    let mut viewers: Vec<Pair> = (1..=VIEWERS as u8)
        .map(|seed| Pair::new(seed, now))
        .collect();
    let payload = Bytes::from(vec![7; PAYLOAD]);
    let targets: Vec<_> = viewers.iter().map(|pair| video(&pair.0[0])).collect();
    let from = video(&source.0[0]);
    let mut pool = BytesMut::with_capacity(1 << 22);
    let mut buf = Vec::with_capacity(1 << 16);
    let (mut counted, mut sent) = (0, 0);
    for number in 0..WARM_UP + PACKETS {
        now += PACE;
        for pair in std::iter::once(&mut source).chain(&mut viewers) {
            pair.exchange(now);
        }
        let packet = |payload: &Bytes| OutgoingPacket {
            marker: false,
            payload_type: None,
            sequence_number: None,
            timestamp: number * 300,
            payload: payload.clone(),
            extensions: Default::default(),
        };
        let [camera, middle] = &mut source.0;
        camera
            .send_packet(now, from, 0, packet(&payload))
            .expect("a packet that fits");
        let Some(transmit) = camera.poll_transmit(now, 1, &mut buf) else {
            continue;
        };
        // A driver reads many datagrams into one buffer and splits them off.
        pool.extend_from_slice(&buf);
        buf.clear();
        let datagram = Datagram {
            local: transmit.remote,
            remote: transmit.local,
            ecn: None,
            data: pool.split(),
        };
        let before = COUNT.get();
        middle.handle_datagram(now, datagram);
        while let Some(received) = middle.poll_media() {
            let Media::Packet(received) = received.media else {
                panic!("packets were asked for")
            };
            for (pair, target) in viewers.iter_mut().zip(&targets) {
                let viewer = &mut pair.0[0];
                let mut copy = packet(&received.payload);
                copy.extensions = received.extensions.clone();
                viewer
                    .send_packet(now, *target, 0, copy)
                    .expect("a packet that fits");
                while viewer.poll_transmit(now, 1, &mut buf).is_some() {}
                sent += buf.len() / PAYLOAD;
                buf.clear();
            }
        }
        if number >= WARM_UP {
            counted += COUNT.get() - before;
        } else {
            sent = 0;
        }
    }
    assert_eq!(sent, PACKETS as usize * VIEWERS);
    assert_eq!(counted, 0, "allocations for {sent} packets");
}
