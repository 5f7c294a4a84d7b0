//! Data in either direction allocates nothing, the driver's pool aside.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::sync::Arc;
use std::time::Instant;

use bytes::BytesMut;
use tidewire_crypto::{HashAlgorithm, Rng, rust_crypto};
use tidewire_dtls::{Certificate, Config, Connection, Role, ValidityOptions};

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

const RECORD_LEN: usize = 1200;

#[test]
fn sealing_and_opening_allocate_nothing() {
    let now = tidewire_netsim::start();
    let [mut client, mut server] = connected(now);
    let overhead = client.record_overhead();
    let mut record = Vec::with_capacity(RECORD_LEN + overhead.header + overhead.trailer);
    // A driver reads many datagrams into one buffer and splits them off.
    let mut pool = BytesMut::with_capacity(200 * record.capacity());
    let mut batch: Vec<BytesMut> = Vec::with_capacity(100);
    for round in 0..2 {
        let before = COUNT.get();
        for _ in 0..100 {
            record.clear();
            record.resize(overhead.header + RECORD_LEN, 7);
            client
                .seal(0, &mut record)
                .expect("the client is connected");
            pool.extend_from_slice(&record);
            batch.push(pool.split());
        }
        for datagram in batch.drain(..) {
            server.handle_datagram(now, datagram);
            let data = server.poll_data().expect("the record is authentic");
            assert_eq!(data[..], [7; RECORD_LEN]);
        }
        // The first round may grow queues.
        if round > 0 {
            assert_eq!(COUNT.get(), before);
        }
    }
}

fn connected(now: Instant) -> [Connection; 2] {
    let crypto = rust_crypto::provider();
    let certificates = [1, 2].map(|seed| {
        let validity = ValidityOptions {
            not_before: 0,
            not_after: 2_000_000_000,
        };
        let made = Certificate::generate(crypto.as_ref(), &mut Rng::from_u64(seed), validity);
        Arc::new(made.expect("the provider makes keys"))
    });
    let mut ends = [(Role::Client, 0, 1), (Role::Server, 1, 0)].map(|(role, own, peer)| {
        let config = Config::new(crypto.clone(), certificates[own].clone());
        let expected = vec![certificates[peer].fingerprint(HashAlgorithm::Sha256)];
        let rng = Rng::from_u64(own as u64);
        Connection::new(Arc::new(config), role, expected, rng, now).expect("a usable configuration")
    });
    while ends.iter().any(|end| end.info().is_none()) {
        for from in [0, 1] {
            let mut datagram = Vec::new();
            while ends[from].poll_transmit(now, &mut datagram) {
                ends[1 - from].handle_datagram(now, BytesMut::from(&datagram[..]));
                datagram.clear();
            }
        }
    }
    ends
}
