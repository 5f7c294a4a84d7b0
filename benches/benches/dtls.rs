//! Handshakes of each version and group, both peers together, and records of data.

use std::hint::black_box;
use std::sync::Arc;
use std::time::Instant;

use bytes::BytesMut;
use criterion::{BatchSize, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use tidewire_crypto::{HashAlgorithm, Rng, rust_crypto};
use tidewire_dtls::{
    Certificate, Config, Connection, NamedGroup, ProtocolVersion, Role, ValidityOptions,
};

const HANDSHAKES: [(ProtocolVersion, NamedGroup); 7] = [
    (ProtocolVersion::DTLS_1_3, NamedGroup::X25519MLKEM768),
    (ProtocolVersion::DTLS_1_3, NamedGroup::X25519),
    (ProtocolVersion::DTLS_1_3, NamedGroup::SECP256R1),
    (ProtocolVersion::DTLS_1_3, NamedGroup::SECP384R1),
    (ProtocolVersion::DTLS_1_2, NamedGroup::X25519),
    (ProtocolVersion::DTLS_1_2, NamedGroup::SECP256R1),
    (ProtocolVersion::DTLS_1_2, NamedGroup::SECP384R1),
];
const LENGTHS: [usize; 3] = [100, 1200, 16_000];
/// After so many records the peers talk to each other: keys of DTLS 1.3 do not last for ever.
const RECORDS: u32 = 1 << 20;

struct Peers {
    configs: [Arc<Config>; 2],
    now: Instant,
}

impl Peers {
    fn new(version: ProtocolVersion, group: NamedGroup) -> Self {
        let crypto = rust_crypto::provider();
        let configs = [1, 2].map(|seed| {
            let validity = ValidityOptions {
                not_before: 0,
                not_after: 2_000_000_000,
            };
            let mut rng = Rng::from_u64(seed);
            let made = Certificate::generate(crypto.as_ref(), &mut rng, validity);
            let certificate = made.expect("the provider makes keys");
            let mut config = Config::new(crypto.clone(), Arc::new(certificate));
            config.versions = vec![version];
            config.groups = vec![group];
            Arc::new(config)
        });
        Self {
            configs,
            now: Instant::now(),
        }
    }

    fn connect(&self) -> [Connection; 2] {
        let mut ends = [(Role::Client, 0), (Role::Server, 1)].map(|(role, own)| {
            let peer = &self.configs[1 - own].certificate;
            let expected = vec![peer.fingerprint(HashAlgorithm::Sha256)];
            let rng = Rng::from_u64(own as u64);
            Connection::new(self.configs[own].clone(), role, expected, rng, self.now)
                .expect("the configuration is usable")
        });
        while ends.iter().any(|end| end.info().is_none()) {
            talk(&mut ends, self.now);
        }
        ends
    }
}

/// Carries what each side has to say to the other.
fn talk(ends: &mut [Connection; 2], now: Instant) {
    let mut datagram = Vec::with_capacity(1500);
    for from in [0, 1] {
        while ends[from].poll_transmit(now, &mut datagram) {
            ends[1 - from].handle_datagram(now, BytesMut::from(&datagram[..]));
            datagram.clear();
        }
    }
}

fn handshakes(criterion: &mut Criterion) {
    let mut benches = criterion.benchmark_group("dtls/handshake");
    for (version, group) in HANDSHAKES {
        let peers = Peers::new(version, group);
        let name = BenchmarkId::new(format!("{version:?}"), format!("{group:?}"));
        benches.bench_function(name, |bencher| {
            bencher.iter(|| black_box(peers.connect()));
        });
    }
    benches.finish();
}

/// A client that seals and a server that opens.
struct Flow {
    ends: [Connection; 2],
    now: Instant,
    header: usize,
    count: u32,
}

impl Flow {
    fn new(version: ProtocolVersion) -> Self {
        let peers = Peers::new(version, NamedGroup::X25519);
        let ends = peers.connect();
        Self {
            header: ends[0].record_overhead().header,
            ends,
            now: peers.now,
            count: 0,
        }
    }

    fn seal(&mut self, data: &[u8], record: &mut Vec<u8>) {
        self.count += 1;
        if self.count.is_multiple_of(RECORDS) {
            talk(&mut self.ends, self.now);
            talk(&mut self.ends, self.now);
        }
        record.clear();
        record.resize(self.header, 0);
        record.extend_from_slice(data);
        self.ends[0]
            .seal(0, record)
            .expect("keys are renewed in time");
    }
}

fn records(criterion: &mut Criterion) {
    for version in [ProtocolVersion::DTLS_1_3, ProtocolVersion::DTLS_1_2] {
        let mut flow = Flow::new(version);
        for len in LENGTHS {
            let data = vec![7; len];
            let mut record = Vec::with_capacity(len + 64);
            let mut benches = criterion.benchmark_group(format!("dtls/{version:?}"));
            benches.throughput(Throughput::Bytes(len as u64));
            benches.bench_function(BenchmarkId::new("seal", len), |bencher| {
                bencher.iter(|| flow.seal(&data, &mut record));
            });
            benches.bench_function(BenchmarkId::new("open", len), |bencher| {
                let flow = std::cell::RefCell::new(&mut flow);
                let sealed = || {
                    flow.borrow_mut().seal(&data, &mut record);
                    BytesMut::from(&record[..])
                };
                let open = |datagram| {
                    let now = flow.borrow().now;
                    let server = &mut flow.borrow_mut().ends[1];
                    server.handle_datagram(now, datagram);
                    server.poll_data().expect("the record is authentic")
                };
                bencher.iter_batched(sealed, open, BatchSize::PerIteration);
            });
            benches.finish();
        }
    }
}

criterion_group!(benches, handshakes, records);
criterion_main!(benches);
