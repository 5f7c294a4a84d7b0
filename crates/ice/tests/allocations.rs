//! A connection that rests on consent allocates nothing.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use tidewire_crypto::{Rng, rust_crypto};
use tidewire_ice::{Agent, Config, Event, Role};

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

/// Runs two agents over a network that is instant.
fn run(agents: &mut [Agent; 2], now: &mut Instant, time: Duration, datagram: &mut Vec<u8>) {
    let end = *now + time;
    while *now < end {
        *now += Duration::from_millis(10);
        for here in [0, 1] {
            while let Some(sent) = agents[here].poll_transmit(*now, datagram) {
                let there = &mut agents[1 - here];
                there.handle_datagram(*now, sent.remote, sent.local, datagram);
                datagram.clear();
            }
        }
    }
}

#[test]
fn consent_and_silence_allocate_nothing() {
    let start = tidewire_netsim::start();
    let mut agents = [(Role::Controlling, 1), (Role::Controlled, 2)].map(|(role, seed)| {
        let mut config = Config::new(rust_crypto::provider());
        config.role = role;
        Agent::new(config, Rng::from_u64(seed), start)
    });
    for (here, there) in [(0, 1), (1, 0)] {
        let credentials = agents[there].local_credentials().clone();
        agents[here].set_remote_credentials(credentials);
        let address = SocketAddr::from(([192, 0, 2, here as u8 + 1], 5000));
        agents[here].add_host_candidate(start, address).unwrap();
        while let Some(event) = agents[here].poll_event() {
            if let Event::LocalCandidate(candidate) = event {
                agents[there]
                    .add_remote_candidate(start, candidate)
                    .unwrap();
            }
        }
    }
    let (mut now, mut datagram) = (start, Vec::new());
    run(
        &mut agents,
        &mut now,
        Duration::from_secs(60),
        &mut datagram,
    );
    assert!(agents[0].selected_pair().unwrap().nominated);

    let before = COUNT.with(Cell::get);
    let asked = agents[0].stats().requests_sent;
    run(
        &mut agents,
        &mut now,
        Duration::from_secs(600),
        &mut datagram,
    );
    assert!(agents[0].stats().requests_sent > asked + 90);
    let allocations = COUNT.with(Cell::get) - before;
    assert_eq!(allocations, 0);
}
