//! Each AEAD over the payload of a full datagram, sealed and opened.

use std::hint::black_box;

use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, Criterion, Throughput, criterion_group, criterion_main};
use tidewire_crypto::{Aead, AeadAlgorithm, CryptoProvider, rust_crypto};

const PAYLOAD: [u8; 1150] = [7; 1150];
const NONCE: [u8; 12] = [3; 12];
const HEADER: [u8; 13] = [1; 13];

const ALGORITHMS: [(&str, AeadAlgorithm); 3] = [
    ("aes-128-gcm", AeadAlgorithm::Aes128Gcm),
    ("aes-256-gcm", AeadAlgorithm::Aes256Gcm),
    ("chacha20-poly1305", AeadAlgorithm::ChaCha20Poly1305),
];

fn crypto(criterion: &mut Criterion) {
    measure(criterion, rust_crypto::provider().as_ref());
    #[cfg(feature = "aws-lc-rs")]
    measure(criterion, tidewire_crypto::aws_lc_rs::provider().as_ref());
}

fn measure(criterion: &mut Criterion, provider: &dyn CryptoProvider) {
    let mut group = criterion.benchmark_group(format!("crypto/{}", provider.name()));
    group.throughput(Throughput::Bytes(PAYLOAD.len() as u64));
    for (name, algorithm) in ALGORITHMS {
        let key = vec![5; algorithm.key_len()];
        let aead = provider
            .aead(algorithm, &key)
            .expect("a key of the right length");
        seal_and_open(&mut group, name, aead.as_ref());
    }
    group.finish();
}

fn seal_and_open(group: &mut BenchmarkGroup<'_, WallTime>, name: &str, aead: &dyn Aead) {
    let mut payload = PAYLOAD;
    group.bench_function(format!("{name} seal"), |bencher| {
        bencher.iter(|| aead.seal(&NONCE, &HEADER, black_box(&mut payload)));
    });
    let mut sealed = PAYLOAD;
    let tag = aead.seal(&NONCE, &HEADER, &mut sealed);
    group.bench_function(format!("{name} open"), |bencher| {
        bencher.iter(|| {
            // Opening happens in place: what is opened is a copy, of some 20 ns.
            let mut record = sealed;
            let opened = aead.open(&NONCE, &HEADER, black_box(&mut record), &tag);
            opened.expect("it is authentic");
        });
    });
}

criterion_group!(benches, crypto);
criterion_main!(benches);
