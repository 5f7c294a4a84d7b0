//! Messages that flow allocate nothing but themselves once the buffers have grown.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::time::{Duration, Instant};

use bytes::Bytes;
use tidewire_crypto::Rng;
use tidewire_datachannel::{ChannelId, Config, Endpoint, Init, Message, Role};

struct Counting;

thread_local! {
    static COUNTS: Cell<bool> = const { Cell::new(false) };
    static COUNT: Cell<u64> = const { Cell::new(0) };
}

// SAFETY: everything is left to the system's allocator; the count does not touch the memory.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        COUNT.set(COUNT.get() + u64::from(COUNTS.get()));
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

/// Calls an endpoint, and counts; what carries the packets is not counted.
fn counted<T>(call: impl FnOnce() -> T) -> T {
    COUNTS.set(true);
    let result = call();
    COUNTS.set(false);
    result
}

struct Pair {
    ends: [Endpoint; 2],
    now: Instant,
    packet: Vec<u8>,
}

impl Pair {
    fn new() -> Self {
        let now = tidewire_netsim::start();
        let ends = [(1, Role::DtlsClient), (2, Role::DtlsServer)].map(|(seed, role)| {
            let association = tidewire_sctp::Config::default();
            let mut end = Endpoint::new(Config::default(), association, Rng::from_u64(seed), now);
            end.set_role(now, role);
            end.connect(now);
            end
        });
        Self {
            ends,
            now,
            packet: Vec::with_capacity(2000),
        }
    }

    fn settle(&mut self) {
        let mut moved = true;
        while moved {
            moved = false;
            for from in [0, 1] {
                while counted(|| self.ends[from].poll_transmit(self.now, &mut self.packet)) {
                    let packet = Bytes::copy_from_slice(&self.packet);
                    // As of a pool: what is cut out of it shares it.
                    let _pool = packet.clone();
                    self.packet.clear();
                    let there = &mut self.ends[1 - from];
                    counted(|| there.handle_packet(self.now, packet));
                    moved = true;
                }
            }
        }
        self.now += Duration::from_millis(10);
        for end in &mut self.ends {
            counted(|| end.handle_timeout(self.now));
        }
    }

    /// Sends and receives `count` messages of each length, which together fit a packet.
    fn exchange(&mut self, id: ChannelId, there: ChannelId, count: usize) {
        let payload = Bytes::from_static(&[7; 900]);
        for _ in 0..count {
            for len in [0, 1, 100, 900] {
                let message = Message::Binary(payload.slice(..len));
                let sent = counted(|| self.ends[0].send(self.now, id, message));
                assert_eq!(sent, Ok(()));
            }
            self.settle();
            while counted(|| self.ends[1].receive(there)).is_some() {}
            for end in &mut self.ends {
                while counted(|| end.poll_event()).is_some() {}
            }
        }
    }
}

#[test]
fn messages_in_steady_state_allocate_nothing_but_themselves() {
    let mut pair = Pair::new();
    let id = pair.ends[0]
        .create(pair.now, "steady", Init::default())
        .expect("a channel that can be created");
    pair.settle();
    let there = pair.ends[1].channels().next().expect("a channel");
    pair.exchange(id, there, 300);
    let before = COUNT.get();
    pair.exchange(id, there, 300);
    let allocations = COUNT.get() - before;
    assert!(allocations <= 1200, "{allocations} for 1200 messages");
}
