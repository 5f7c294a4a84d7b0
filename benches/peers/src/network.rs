//! Two ends, a link each way, and the time that all of them share.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use bytes::BytesMut;

/// How much memory received datagrams share, as from a driver that reads batches.
const POOL: usize = 64 << 10;

/// A link in one direction, with a delay and without loss.
pub struct Link {
    delay: Duration,
    on_the_way: VecDeque<(Instant, BytesMut)>,
    pool: BytesMut,
}

impl Link {
    pub fn new(delay: Duration) -> Self {
        Self {
            delay,
            on_the_way: VecDeque::new(),
            pool: BytesMut::new(),
        }
    }

    /// Copies the datagram once, as a socket would.
    pub fn send(&mut self, now: Instant, datagram: &[u8]) {
        if self.pool.capacity() < datagram.len() {
            self.pool.reserve(POOL);
        }
        self.pool.extend_from_slice(datagram);
        let arrival = now + self.delay;
        self.on_the_way.push_back((arrival, self.pool.split()));
    }

    /// The next datagram that has arrived.
    pub fn receive(&mut self, now: Instant) -> Option<BytesMut> {
        let (arrival, _) = self.on_the_way.front()?;
        if *arrival > now {
            return None;
        }
        self.on_the_way.pop_front().map(|(_, datagram)| datagram)
    }

    pub fn next_arrival(&self) -> Option<Instant> {
        self.on_the_way.front().map(|(arrival, _)| *arrival)
    }
}

/// Where the two peers are.
pub fn addresses() -> [SocketAddr; 2] {
    [
        SocketAddr::from(([192, 0, 2, 1], 1000)),
        SocketAddr::from(([192, 0, 2, 2], 2000)),
    ]
}
