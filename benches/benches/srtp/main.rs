//! Whole packets protected and unprotected, beside the provider's own library doing the same work on
//! the same bytes: what it is to seal or open them, or counter mode and HMAC-SHA1.
//!
//! Every packet is another one, as in earnest. They come in batches, so that neither filling the
//! buffers nor checking the results is measured.

use std::hint::black_box;
use std::time::{Duration, Instant};

use bytes::BytesMut;
use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, Criterion, criterion_group, criterion_main};
use tidewire_crypto::{CryptoProvider, Rng, rust_crypto};
use tidewire_srtp::{Config, KeyingMaterial, Profile, Receiver, Sender};

mod raw;
use raw::Raw;

const LENGTHS: [usize; 2] = [1200, 172];
/// Packets that are prepared together; they fit into the cache of a core.
const BATCH: usize = 64;
const SSRC: u32 = 0x1234_5678;
/// The fixed header, and two header extensions in three words (RFC 8285 section 4.2).
const HEADER_LEN: usize = 12 + 4 + 12;

const PROFILES: [(&str, Profile); 4] = [
    ("aes128-cm-sha1-80", Profile::Aes128CmSha1_80),
    ("aes128-cm-sha1-32", Profile::Aes128CmSha1_32),
    ("aead-aes128-gcm", Profile::AeadAes128Gcm),
    ("aead-aes256-gcm", Profile::AeadAes256Gcm),
];

fn srtp(criterion: &mut Criterion) {
    measure(criterion, &*rust_crypto::provider(), raw::rust_crypto);
    #[cfg(feature = "aws-lc-rs")]
    measure(
        criterion,
        &*tidewire_crypto::aws_lc_rs::provider(),
        raw::aws_lc_rs,
    );
}

fn measure(
    criterion: &mut Criterion,
    crypto: &dyn CryptoProvider,
    raw: fn(Profile) -> Box<dyn Raw>,
) {
    for (name, profile) in PROFILES {
        for len in LENGTHS {
            let group = format!("srtp/{}/{name}/{len}", crypto.name());
            let mut group = criterion.benchmark_group(group);
            let raw = raw(profile);
            bench_raw(&mut group, &*raw, len);
            bench_context(&mut group, crypto, profile, len);
            group.finish();
        }
    }
}

fn bench_raw(group: &mut BenchmarkGroup<'_, WallTime>, raw: &dyn Raw, len: usize) {
    let mut packets = Packets::new(len);
    group.bench_function("raw-seal", |bencher| {
        bencher.iter_custom(|count| {
            packets.run(count, |batch, _| {
                time(|| {
                    raw.seal(batch, HEADER_LEN);
                    black_box(batch);
                })
            })
        });
    });
    group.bench_function("raw-open", |bencher| {
        bencher.iter_custom(|count| {
            packets.run(count, |batch, plain| {
                raw.seal(batch, HEADER_LEN);
                let mut received: Vec<_> = batch
                    .iter()
                    .map(|packet| BytesMut::from(&packet[..]))
                    .collect();
                let took = time(|| {
                    raw.open(&mut received, HEADER_LEN);
                    black_box(&mut received);
                });
                assert!(
                    received
                        .iter()
                        .zip(plain)
                        .all(|(ours, plain)| ours == plain)
                );
                took
            })
        });
    });
}

fn bench_context(
    group: &mut BenchmarkGroup<'_, WallTime>,
    crypto: &dyn CryptoProvider,
    profile: Profile,
    len: usize,
) {
    let mut packets = Packets::new(len);
    let (mut sender, mut receiver) = contexts(crypto, profile);
    group.bench_function("protect", |bencher| {
        bencher.iter_custom(|count| {
            packets.run(count, |batch, plain| {
                let took = time(|| protect(&mut sender, batch));
                for (protected, plain) in batch.iter().zip(plain) {
                    let mut received = BytesMut::from(&protected[..]);
                    receiver.unprotect_rtp(&mut received).expect("authentic");
                    assert_eq!(received, plain);
                }
                took
            })
        });
    });
    let mut packets = Packets::new(len);
    let (mut sender, mut receiver) = contexts(crypto, profile);
    group.bench_function("unprotect", |bencher| {
        bencher.iter_custom(|count| {
            packets.run(count, |batch, plain| {
                protect(&mut sender, batch);
                let mut received: Vec<_> = batch
                    .iter()
                    .map(|packet| BytesMut::from(&packet[..]))
                    .collect();
                let took = time(|| {
                    for packet in &mut received {
                        receiver.unprotect_rtp(packet).expect("authentic");
                    }
                    black_box(&mut received);
                });
                assert!(
                    received
                        .iter()
                        .zip(plain)
                        .all(|(ours, plain)| ours == plain)
                );
                took
            })
        });
    });
}

fn protect(sender: &mut Sender, batch: &mut [Vec<u8>]) {
    for packet in batch.iter_mut() {
        sender.protect_rtp(packet, 0).expect("it is new");
    }
    black_box(batch);
}

fn time(work: impl FnOnce()) -> Duration {
    let begin = Instant::now();
    work();
    begin.elapsed()
}

fn contexts(crypto: &dyn CryptoProvider, profile: Profile) -> (Sender, Receiver) {
    let exported: Vec<u8> = (0..profile.keying_material_len() as u8).collect();
    let keys = KeyingMaterial::split(profile, &exported).expect("as long as it says");
    let (config, mut rng) = (Config::default(), Rng::from_u64(1));
    let sender = Sender::new(crypto, profile, &keys.client, &config, &mut rng);
    let receiver = Receiver::new(crypto, profile, &keys.client, &config, &mut rng);
    (
        sender.expect("the provider has every profile"),
        receiver.expect("the provider has every profile"),
    )
}

/// A stream of packets, some of which are prepared.
struct Packets {
    len: usize,
    sequence: u16,
    plain: Vec<Vec<u8>>,
    batch: Vec<Vec<u8>>,
}

impl Packets {
    fn new(len: usize) -> Self {
        Self {
            len,
            sequence: 1,
            plain: (0..BATCH).map(|_| Vec::with_capacity(len)).collect(),
            batch: (0..BATCH).map(|_| Vec::with_capacity(len + 16)).collect(),
        }
    }

    /// Lets `work` have `count` packets, and sums up what it took; it sees them as they were, too.
    fn run(
        &mut self,
        count: u64,
        mut work: impl FnMut(&mut [Vec<u8>], &[Vec<u8>]) -> Duration,
    ) -> Duration {
        let (mut left, mut total) = (count, Duration::ZERO);
        while left > 0 {
            let len = left.min(BATCH as u64) as usize;
            self.refill(len);
            total += work(&mut self.batch[..len], &self.plain[..len]);
            left -= len as u64;
        }
        total
    }

    fn refill(&mut self, count: usize) {
        for (plain, packet) in self.plain.iter_mut().zip(&mut self.batch).take(count) {
            plain.clear();
            plain.extend_from_slice(&[0x90, 96]);
            plain.extend_from_slice(&self.sequence.to_be_bytes());
            plain.extend_from_slice(&[0, 0, 0, 7]);
            plain.extend_from_slice(&SSRC.to_be_bytes());
            // A send time and a sequence number of the transport.
            plain.extend_from_slice(&[0xBE, 0xDE, 0, 3, 0x22, 1, 2, 3, 0x31, 4, 5]);
            plain.resize(HEADER_LEN, 0);
            plain.resize(self.len, self.sequence as u8);
            packet.clear();
            packet.extend_from_slice(plain);
            self.sequence = self.sequence.wrapping_add(1);
        }
    }
}

criterion_group!(benches, srtp);
criterion_main!(benches);
