//! Two connections under a sequence of operations.

use std::collections::VecDeque;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use bytes::BytesMut;
use tidewire_crypto::{HashAlgorithm, Rng, rust_crypto};

use crate::{
    AddressValidation, Certificate, Config, Connection, Event, Fingerprint, NamedGroup,
    ProtocolVersion, Role, ValidityOptions,
};

/// Datagrams that an end may send in answer to one operation: more would amplify.
const MAX_ANSWER: usize = 64;

/// Does what `data` says between a client and a server: deliver, lose, repeat, reorder, damage,
/// invent, wait, send data, close. Whatever happens, nobody panics; two ends that are connected
/// hold the same keys; what one end takes, the other has sent; timers come to rest.
pub fn connections(now: Instant, data: &[u8]) {
    let mut world = World::new(now, data.first().copied().unwrap_or_default());
    let mut rest = data.get(1..).unwrap_or_default();
    while let [op, argument, after @ ..] = rest {
        world.act(*op, *argument, after);
        world.settle();
        rest = after;
    }
}

struct World {
    now: Instant,
    ends: [Connection; 2],
    /// What is on its way to each end.
    queues: [VecDeque<Vec<u8>>; 2],
    /// How many records of data each end has sent: their content is their number.
    sent: [u16; 2],
    connected: [bool; 2],
    closed: [bool; 2],
    mtu: usize,
}

impl World {
    /// `choices` are bits: small datagrams, DTLS 1.2 only, a client whose first share the server does not
    /// want, a server that asks for a cookie or goes by the bytes that came.
    fn new(now: Instant, choices: u8) -> Self {
        let is_set = |bit: u8| choices >> bit & 1 == 1;
        let mtu = if is_set(0) { 200 } else { 1200 };
        let [client, server] = certificates();
        let prints = [client, server].map(|own| own.fingerprint(HashAlgorithm::Sha256));
        let connect = |own: &Arc<Certificate>, role, expected: Fingerprint, seed| {
            let mut config = Config::new(rust_crypto::provider(), Arc::clone(own));
            config.mtu = mtu;
            if is_set(1) {
                config.versions = vec![ProtocolVersion::DTLS_1_2];
            }
            if is_set(2) && role == Role::Server {
                config.groups = vec![NamedGroup::SECP256R1];
            }
            config.address_validation = match (is_set(3), is_set(4)) {
                (true, _) => AddressValidation::Cookie,
                (false, true) => AddressValidation::Amplification,
                (false, false) => AddressValidation::Proven,
            };
            let rng = Rng::from_u64(seed);
            let made = Connection::new(Arc::new(config), role, vec![expected], rng, now);
            made.expect("the configuration is usable")
        };
        let mut world = Self {
            now,
            ends: [
                connect(client, Role::Client, prints[1], 1),
                connect(server, Role::Server, prints[0], 2),
            ],
            queues: [VecDeque::new(), VecDeque::new()],
            sent: [0; 2],
            connected: [false; 2],
            closed: [false; 2],
            mtu,
        };
        world.settle();
        world
    }

    fn act(&mut self, op: u8, argument: u8, after: &[u8]) {
        let to = usize::from(op & 1);
        let queue = &mut self.queues[to];
        match (op >> 1) % 13 {
            0..=3 => self.deliver(to, None),
            4 => drop(queue.pop_front()),
            5 => {
                if let Some(first) = queue.front().cloned() {
                    queue.push_back(first);
                }
            }
            6 => queue.rotate_left(usize::from(argument) % queue.len().max(1)),
            7 => self.deliver(to, Some(argument)),
            8 => {
                let invented = &after[..after.len().min(usize::from(argument))];
                self.ends[to].handle_datagram(self.now, BytesMut::from(invented));
            }
            9 => self.wait(argument),
            10 => self.send(to),
            12 => {
                self.ends[to].update_keys(argument & 1 == 1);
            }
            _ if argument < 8 => self.ends[to].close(self.now),
            _ => self.ends[to].set_rtt(Duration::from_millis(argument.into())),
        }
    }

    /// Delivers what comes first, with one byte changed if `damage` says so.
    fn deliver(&mut self, to: usize, damage: Option<u8>) {
        let Some(mut datagram) = self.queues[to].pop_front() else {
            return;
        };
        if let Some(damage) = damage {
            let index = usize::from(damage) * 5 % datagram.len();
            datagram[index] ^= damage | 1;
        }
        self.ends[to].handle_datagram(self.now, BytesMut::from(&datagram[..]));
    }

    fn wait(&mut self, argument: u8) {
        self.now += Duration::from_millis(u64::from(argument) * 20);
        for end in &mut self.ends {
            end.handle_timeout(self.now);
            // What was due is done, unless it only waits for its flight to be taken.
            assert!(end.poll_timeout().is_none_or(|due| due > self.now));
        }
    }

    fn send(&mut self, from: usize) {
        let mut record = vec![0; self.ends[from].record_overhead().header];
        record.extend_from_slice(&self.sent[from].to_be_bytes());
        if self.ends[from].seal(0, &mut record).is_ok() {
            assert!(self.connected[from] && !self.closed[from]);
            self.sent[from] += 1;
            self.queues[1 - from].push_back(record);
        }
    }

    /// Takes what both ends have to say, and checks it.
    fn settle(&mut self) {
        for end in 0..2 {
            self.take_datagrams(end);
            self.take_events(end);
            self.take_data(end);
        }
        let mut keys = [[0; 16]; 2];
        let mut exported = self.ends.iter().zip(&mut keys).map(|(end, key)| {
            let exported = end.export_keying_material("EXPERIMENTAL", None, key);
            exported.is_ok()
        });
        if exported.all(|exported| exported) {
            assert_eq!(keys[0], keys[1], "two connected ends hold the same keys");
        }
    }

    fn take_datagrams(&mut self, end: usize) {
        let mut datagram = Vec::new();
        for count in 0.. {
            if !self.ends[end].poll_transmit(self.now, &mut datagram) {
                break;
            }
            assert!(count < MAX_ANSWER, "an answer without end");
            assert!(datagram.len() <= self.mtu);
            self.queues[1 - end].push_back(std::mem::take(&mut datagram));
        }
        assert!(datagram.is_empty());
    }

    fn take_events(&mut self, end: usize) {
        while let Some(event) = self.ends[end].poll_event() {
            assert!(!self.closed[end], "nothing comes after the end");
            match event {
                Event::Connected(_) => {
                    assert!(!self.connected[end]);
                    self.connected[end] = true;
                }
                Event::Closed(reason) => {
                    assert_eq!(self.ends[end].close_reason(), Some(reason));
                    self.closed[end] = true;
                }
            }
        }
        let is_open = self.connected[end] && !self.closed[end];
        assert_eq!(self.ends[end].info().is_some(), is_open);
    }

    fn take_data(&mut self, end: usize) {
        while let Some(data) = self.ends[end].poll_data() {
            let number = u16::from_be_bytes(data[..].try_into().expect("as long as sent"));
            assert!(number < self.sent[1 - end], "data that nobody sent");
        }
    }
}

/// Made once: keys cost more than all else.
fn certificates() -> &'static [Arc<Certificate>; 2] {
    static CERTIFICATES: OnceLock<[Arc<Certificate>; 2]> = OnceLock::new();
    CERTIFICATES.get_or_init(|| {
        [11, 12].map(|seed| {
            let validity = ValidityOptions {
                not_before: 0,
                not_after: 2_000_000_000,
            };
            let crypto = rust_crypto::provider();
            let made = Certificate::generate(crypto.as_ref(), &mut Rng::from_u64(seed), validity);
            Arc::new(made.expect("the default provider makes keys"))
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_undisturbed_sequence_connects() {
        for choices in 0..32 {
            let mut world = World::new(tidewire_netsim::start(), choices);
            // Delivers to each side, and waits: who goes by the bytes that came may need more of them.
            for op in [0, 1, 0, 1, 0, 1, 18].repeat(60) {
                world.act(op, 60, &[]);
                world.settle();
            }
            assert_eq!(world.connected, [true, true], "{choices}");
        }
    }

    #[test]
    fn any_sequence_of_operations_is_handled() {
        let now = tidewire_netsim::start();
        tidewire_netsim::for_each_corpus_entry("dtls_connections", |data| connections(now, data));
        let mut rng = Rng::from_u64(3);
        for _ in 0..300 {
            let mut sequence = vec![0; 240];
            rng.fill(&mut sequence);
            connections(now, &sequence);
        }
    }
}
