//! A handshake, both peers together, and records of data of the size of a full datagram.

use std::hint::black_box;
use std::sync::Arc;
use std::time::Instant;

use bytes::BytesMut;
use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use tidewire_crypto::{HashAlgorithm, Rng, rust_crypto};
use tidewire_dtls::{Certificate, Config, Connection, Role, ValidityOptions};

const DATA: [u8; 1150] = [7; 1150];

struct Peers {
    configs: [Arc<Config>; 2],
    now: Instant,
}

impl Peers {
    fn new() -> Self {
        let crypto = rust_crypto::provider();
        let configs = [1, 2].map(|seed| {
            let validity = ValidityOptions {
                not_before: 0,
                not_after: 2_000_000_000,
            };
            let mut rng = Rng::from_u64(seed);
            let made = Certificate::generate(crypto.as_ref(), &mut rng, validity);
            let certificate = made.expect("the provider makes keys");
            Arc::new(Config::new(crypto.clone(), Arc::new(certificate)))
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
        let mut datagram = Vec::with_capacity(1500);
        while ends.iter().any(|end| end.info().is_none()) {
            for from in [0, 1] {
                while ends[from].poll_transmit(self.now, &mut datagram) {
                    ends[1 - from].handle_datagram(self.now, BytesMut::from(&datagram[..]));
                    datagram.clear();
                }
            }
        }
        ends
    }
}

fn dtls(criterion: &mut Criterion) {
    let peers = Peers::new();
    criterion.bench_function("dtls/handshake", |bencher| {
        bencher.iter(|| black_box(peers.connect()));
    });
    let [mut client, mut server] = peers.connect();
    let header = client.record_overhead().header;
    let mut group = criterion.benchmark_group("dtls");
    group.throughput(Throughput::Bytes(DATA.len() as u64));
    let mut record = Vec::with_capacity(1500);
    group.bench_function("seal", |bencher| {
        bencher.iter(|| seal(&mut client, header, &mut record));
    });
    group.bench_function("open", |bencher| {
        let sealed = || {
            seal(&mut client, header, &mut record);
            BytesMut::from(&record[..])
        };
        let open = |datagram| {
            server.handle_datagram(peers.now, datagram);
            server.poll_data().expect("the record is authentic")
        };
        bencher.iter_batched(sealed, open, BatchSize::PerIteration);
    });
    group.finish();
}

fn seal(client: &mut Connection, header: usize, record: &mut Vec<u8>) {
    record.clear();
    record.resize(header, 0);
    record.extend_from_slice(&DATA);
    client.seal(0, record).expect("the client is connected");
}

criterion_group!(benches, dtls);
criterion_main!(benches);
