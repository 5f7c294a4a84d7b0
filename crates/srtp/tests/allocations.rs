//! Protecting and unprotecting packets of known streams allocates nothing, whatever profile and
//! provider.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use bytes::BytesMut;
use tidewire_crypto::{CryptoProvider, Rng, rust_crypto};
use tidewire_srtp::{Config, KeyingMaterial, Profile, Receiver, Sender};

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

const PACKETS: usize = 200;
const PAYLOAD: [u8; 1100] = [7; 1100];
const SOURCES: [u32; 3] = [1, 2, 3];

#[test]
fn packets_of_known_streams_allocate_nothing() {
    every_profile(&*rust_crypto::provider());
}

#[cfg(feature = "aws-lc-rs")]
#[test]
fn packets_of_known_streams_allocate_nothing_over_aws_lc() {
    every_profile(&*tidewire_crypto::aws_lc_rs::provider());
}

fn every_profile(crypto: &dyn CryptoProvider) {
    for profile in [
        &Profile::ALL[..],
        &[Profile::NullSha1_80, Profile::NullSha1_32],
    ]
    .concat()
    {
        let exported = vec![5; profile.keying_material_len()];
        let keys = KeyingMaterial::split(profile, &exported).expect("as long as it says");
        let (config, mut rng) = (Config::default(), Rng::from_u64(1));
        let sender = Sender::new(crypto, profile, &keys.client, &config, &mut rng);
        let receiver = Receiver::new(crypto, profile, &keys.client, &config, &mut rng);
        steady(
            sender.expect("the provider has every profile"),
            receiver.expect("the provider has every profile"),
        );
    }
}

/// The first packet of each stream is what makes it known.
fn steady(mut sender: Sender, mut receiver: Receiver) {
    let mut packet = Vec::with_capacity(1500);
    // A driver reads many datagrams into one buffer and splits them off.
    let mut pool = BytesMut::with_capacity(4 * PACKETS * 1500);
    let mut before = 0;
    for sequence in 0..PACKETS as u16 {
        // Past a rollover, and with some lost.
        let sequence = (65_400_u16).wrapping_add(2 * sequence);
        for ssrc in SOURCES {
            rtp(&mut packet, sequence, ssrc);
            sender.protect_rtp(&mut packet, 0).expect("it is new");
            let mut received = split(&mut pool, &packet);
            receiver.unprotect_rtp(&mut received).expect("authentic");
            assert!(received.ends_with(&PAYLOAD));

            rtcp(&mut packet, ssrc);
            sender.protect_rtcp(&mut packet, 0).expect("it is new");
            let mut received = split(&mut pool, &packet);
            receiver.unprotect_rtcp(&mut received).expect("authentic");
            assert!(received.ends_with(&PAYLOAD[..100]));

            assert!(
                receiver
                    .unprotect_rtp(&mut split(&mut pool, &packet))
                    .is_err()
            );
        }
        if before == 0 {
            before = COUNT.get();
        }
    }
    assert_eq!(COUNT.get(), before, "{:?}", sender.profile());
}

fn split(pool: &mut BytesMut, packet: &[u8]) -> BytesMut {
    pool.extend_from_slice(packet);
    pool.split()
}

fn rtp(packet: &mut Vec<u8>, sequence: u16, ssrc: u32) {
    packet.clear();
    packet.extend_from_slice(&[0x80, 96]);
    packet.extend_from_slice(&sequence.to_be_bytes());
    packet.extend_from_slice(&[0, 0, 0, 7]);
    packet.extend_from_slice(&ssrc.to_be_bytes());
    packet.extend_from_slice(&PAYLOAD);
}

fn rtcp(packet: &mut Vec<u8>, ssrc: u32) {
    packet.clear();
    packet.extend_from_slice(&[0x80, 201, 0, 1]);
    packet.extend_from_slice(&ssrc.to_be_bytes());
    packet.extend_from_slice(&PAYLOAD[..100]);
}
