//! Reading and writing the connectivity check of RFC 5769 section 2.1.

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use hex_literal::hex;
use tidewire_crypto::{HashAlgorithm, rust_crypto};
use tidewire_stun::{Class, Message, MessageBuilder, Method};

const REQUEST: [u8; 108] = hex!(
    "000100582112a442b7e7a701bc34d686fa87dfae
     802200105354554e207465737420636c69656e74
     002400046e0001ff
     80290008932ff9b151263b36
     000600096576746a3a68367659202020
     000800149aeaa70cbfd8cb56781ef2b5b2d3f249c1b571a2
     80280004e57a3bcf"
);

fn stun(criterion: &mut Criterion) {
    let key = rust_crypto::provider().hmac(HashAlgorithm::Sha1, b"VOkJxbRl1RmTxUk/WvJxBt");
    criterion.bench_function("stun/parse", |bencher| {
        bencher.iter(|| {
            black_box(Message::parse(black_box(&REQUEST)).is_ok());
        });
    });
    criterion.bench_function("stun/parse and read", |bencher| {
        bencher.iter(|| {
            let message = Message::parse(black_box(&REQUEST)).expect("a message");
            black_box((message.username(), message.priority()));
        });
    });
    criterion.bench_function("stun/parse and verify", |bencher| {
        bencher.iter(|| {
            let message = Message::parse(black_box(&REQUEST)).expect("a message");
            black_box((message.fingerprint(), message.verify_integrity(&*key)))
        });
    });
    let id = Message::parse(&REQUEST)
        .expect("a message")
        .transaction_id();
    let mut out = Vec::with_capacity(REQUEST.len());
    criterion.bench_function("stun/write and protect", |bencher| {
        bencher.iter(|| {
            out.clear();
            MessageBuilder::new(&mut out, Class::Request, Method::BINDING, id)
                .software("STUN test client")
                .priority(0x6e00_01ff)
                .ice_controlled(0x932f_f9b1_5126_3b36)
                .username("evtj:h6vY")
                .integrity(&*key)
                .fingerprint()
                .finish()
        });
    });
}

criterion_group!(benches, stun);
criterion_main!(benches);
