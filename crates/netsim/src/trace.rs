//! What was sent, to compare runs.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

/// Every datagram sent in a run, with its time and addresses.
#[derive(Clone, Debug)]
pub struct Trace {
    start: Instant,
    packets: Vec<Packet>,
}

#[derive(Clone, Debug, Eq, PartialEq)]
struct Packet {
    time: Duration,
    from: SocketAddr,
    to: SocketAddr,
    datagram: Vec<u8>,
}

impl Trace {
    /// An empty trace of a run that begins at `start`.
    pub fn new(start: Instant) -> Self {
        Self {
            start,
            packets: Vec::new(),
        }
    }

    /// Remembers a datagram.
    pub fn record(&mut self, now: Instant, from: SocketAddr, to: SocketAddr, datagram: &[u8]) {
        let time = now.saturating_duration_since(self.start);
        self.packets.push(Packet {
            time,
            from,
            to,
            datagram: datagram.to_vec(),
        });
    }

    /// How many datagrams were sent.
    pub fn len(&self) -> usize {
        self.packets.len()
    }

    /// Whether none was.
    pub fn is_empty(&self) -> bool {
        self.packets.is_empty()
    }

    /// How many bytes were sent.
    pub fn bytes(&self) -> usize {
        self.packets
            .iter()
            .map(|packet| packet.datagram.len())
            .sum()
    }
}

/// Traces are equal when the same bytes went the same ways at the same times since their starts.
impl PartialEq for Trace {
    fn eq(&self, other: &Self) -> bool {
        self.packets == other.packets
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::start;

    #[test]
    fn traces_compare_times_since_their_start() {
        let address: SocketAddr = ([192, 0, 2, 1], 1).into();
        let second = Duration::from_secs(1);
        let mut first = Trace::new(start());
        first.record(start() + second, address, address, &[1]);
        let mut later = Trace::new(start() + second);
        later.record(start() + 2 * second, address, address, &[1]);
        assert!(first == later);
        later.record(start() + 2 * second, address, address, &[2]);
        assert!(first != later);
        assert_eq!((later.len(), later.bytes()), (2, 2));
    }
}
