//! A client and a server in memory.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::BytesMut;
use tidewire_crypto::{CryptoProvider, HashAlgorithm, Rng, rust_crypto};
use tidewire_netsim::{Link, LinkConfig};

use crate::{
    Certificate, Config, Connection, Event, Fingerprint, ProtocolVersion, Role, ValidityOptions,
};

pub(super) const CLIENT: usize = 0;
pub(super) const SERVER: usize = 1;

/// Both ends, a link each way, and what was reported.
pub(super) struct Pair {
    pub(super) now: Instant,
    pub(super) ends: [Connection; 2],
    pub(super) links: [Link; 2],
    pub(super) events: [Vec<Event>; 2],
    /// Every datagram that was sent, by its sender.
    pub(super) sent: Vec<(usize, Vec<u8>)>,
    tamper: Option<Tamper>,
}

/// Makes what arrives of the datagram with this number, by this sender.
pub(super) type Tamper = Box<dyn FnMut(usize, usize, Vec<u8>) -> Vec<Vec<u8>>>;

/// Speaks DTLS 1.2 only.
pub(super) fn config(seed: u64) -> Config {
    Config {
        versions: vec![ProtocolVersion::DTLS_1_2],
        ..config_1_3(seed)
    }
}

/// Speaks both versions, and so DTLS 1.3 with its like.
pub(super) fn config_1_3(seed: u64) -> Config {
    config_over(&rust_crypto::provider(), seed)
}

pub(super) fn config_over(crypto: &Arc<dyn CryptoProvider>, seed: u64) -> Config {
    let mut rng = Rng::from_u64(seed);
    let validity = ValidityOptions {
        not_before: 1_700_000_000,
        not_after: 1_900_000_000,
    };
    let certificate = Certificate::generate(crypto.as_ref(), &mut rng, validity);
    let certificate = certificate.expect("a certificate");
    Config::new(Arc::clone(crypto), Arc::new(certificate))
}

impl Pair {
    pub(super) fn new(seed: u64, link: &LinkConfig) -> Self {
        Self::with_configs(seed, link, [config(seed * 2 + 1), config(seed * 2 + 2)])
    }

    /// Of DTLS 1.3.
    pub(super) fn of_1_3(seed: u64, link: &LinkConfig) -> Self {
        let configs = [config_1_3(seed * 2 + 1), config_1_3(seed * 2 + 2)];
        Self::with_configs(seed, link, configs)
    }

    pub(super) fn with_configs(seed: u64, link: &LinkConfig, configs: [Config; 2]) -> Self {
        let fingerprints = configs
            .each_ref()
            .map(|config| config.certificate.fingerprint(HashAlgorithm::Sha256));
        Self::expecting(seed, link, configs, fingerprints)
    }

    /// `fingerprints` are what the signalling says of the client and of the server.
    pub(super) fn expecting(
        seed: u64,
        link: &LinkConfig,
        configs: [Config; 2],
        fingerprints: [Fingerprint; 2],
    ) -> Self {
        let now = tidewire_netsim::start();
        let [client, server] = configs;
        let connect = |config: Config, role, peer: usize| {
            let rng = Rng::from_u64(seed * 2 + 100 + peer as u64);
            let expected = vec![fingerprints[peer]];
            Connection::new(Arc::new(config), role, expected, rng, now).expect("a usable config")
        };
        Self {
            now,
            ends: [
                connect(client, Role::Client, SERVER),
                connect(server, Role::Server, CLIENT),
            ],
            links: [
                Link::new(link.clone(), seed * 2),
                Link::new(link.clone(), seed * 2 + 1),
            ],
            events: [Vec::new(), Vec::new()],
            sent: Vec::new(),
            tamper: None,
        }
    }

    /// From now on passes every datagram through `tamper`.
    pub(super) fn tampered(
        mut self,
        tamper: impl FnMut(usize, usize, Vec<u8>) -> Vec<Vec<u8>> + 'static,
    ) -> Self {
        self.tamper = Some(Box::new(tamper));
        self
    }

    /// Runs until both ends are connected or closed, or have nothing left to do.
    pub(super) fn settle(&mut self) {
        let is_settled = |end: &Connection| end.info().is_some() || end.close_reason().is_some();
        self.run_until(Duration::from_secs(120), |pair| {
            pair.ends.iter().all(is_settled)
        });
    }

    /// The same keys at both ends, and data both ways.
    pub(super) fn assert_agreed(&mut self) {
        let mut keys = [[0; 32]; 2];
        for (connection, key) in self.ends.iter().zip(&mut keys) {
            let exported = connection.export_keying_material("EXPERIMENTAL", Some(b"x"), key);
            assert_eq!(exported, Ok(()), "{:?}", self.events);
        }
        assert_eq!(keys[CLIENT], keys[SERVER]);
        for from in [CLIENT, SERVER] {
            assert_eq!(self.carry(from, b"data").as_deref(), Some(&b"data"[..]));
        }
    }

    /// Runs until `done`, or until `limit` has passed; answers whether it was done.
    pub(super) fn run_until(
        &mut self,
        limit: Duration,
        mut done: impl FnMut(&mut Self) -> bool,
    ) -> bool {
        let end = self.now + limit;
        loop {
            while self.send() | self.deliver() {}
            if done(self) {
                return true;
            }
            let links = self.links.iter().filter_map(Link::poll_timeout);
            let timers = self.ends.iter().filter_map(Connection::poll_timeout);
            match links.chain(timers).min() {
                Some(next) if next <= end => self.now = next.max(self.now),
                _ => return false,
            }
            for connection in &mut self.ends {
                if connection.poll_timeout().is_some_and(|due| due <= self.now) {
                    connection.handle_timeout(self.now);
                }
            }
        }
    }

    pub(super) fn connect(&mut self, limit: Duration) -> bool {
        self.run_until(limit, |pair| {
            pair.ends.iter().all(|end| end.info().is_some())
        })
    }

    /// Seals `data` at one end and opens it at the other.
    pub(super) fn carry(&mut self, from: usize, data: &[u8]) -> Option<bytes::Bytes> {
        let record = self.seal(from, data);
        self.ends[1 - from].handle_datagram(self.now, BytesMut::from(&record[..]));
        self.ends[1 - from].poll_data()
    }

    pub(super) fn seal(&mut self, from: usize, data: &[u8]) -> Vec<u8> {
        let mut record = vec![0; self.ends[from].record_overhead().header];
        record.extend_from_slice(data);
        self.ends[from]
            .seal(0, &mut record)
            .expect("a connected end");
        record
    }

    fn send(&mut self) -> bool {
        let mut moved = false;
        for from in [CLIENT, SERVER] {
            let mut datagram = Vec::new();
            while self.ends[from].poll_transmit(self.now, &mut datagram) {
                let number = self.sent.len();
                self.sent.push((from, datagram.clone()));
                let datagram = std::mem::take(&mut datagram);
                let arriving = match &mut self.tamper {
                    Some(tamper) => tamper(number, from, datagram),
                    None => vec![datagram],
                };
                for datagram in arriving {
                    self.links[from].send(self.now, datagram);
                }
                moved = true;
            }
            self.events[from].extend(std::iter::from_fn(|| self.ends[from].poll_event()));
        }
        moved
    }

    fn deliver(&mut self) -> bool {
        let mut moved = false;
        for from in [CLIENT, SERVER] {
            while let Some(datagram) = self.links[from].receive(self.now) {
                self.ends[1 - from].handle_datagram(self.now, BytesMut::from(&datagram[..]));
                moved = true;
            }
        }
        moved
    }
}
