//! Fuzz bodies: what `fuzz/` feeds with arbitrary bytes, and unit tests feed with some.

use std::time::{Duration, Instant};

use bytes::{Buf, Bytes};
use tidewire_crypto::Rng;

use crate::wire::{COMMON_HEADER_LEN, PacketHeader, finish_packet, start_packet};
use crate::{Association, Config, Event, Ppid, Reliability, SendOptions, StreamId};

/// Feeds `data` as chunks, with a good header and checksum, to an association that is connected.
///
/// # Panics
/// When an invariant breaks; that is the point.
pub fn chunks(now: Instant, data: &[u8]) {
    let (mut near, far) = connected(now);
    let header = PacketHeader {
        source_port: 5000,
        destination_port: 5000,
        verification_tag: near.local_tag(),
    };
    // Each packet is as long as its first byte says, times four.
    let mut rest = Bytes::copy_from_slice(data);
    let mut now = now;
    while rest.has_remaining() {
        let len = (usize::from(rest.get_u8()) * 4).min(rest.len());
        let mut packet = Vec::new();
        start_packet(&header, &mut packet);
        packet.extend_from_slice(&rest.split_to(len));
        packet.resize(packet.len().next_multiple_of(4), 0);
        finish_packet(0, &mut packet);
        near.handle_packet(now, packet.into());
        now += Duration::from_millis(30);
        near.handle_timeout(now);
        drain(&mut near, now);
    }
    drop(far);
}

/// Lets `data` drive two associations over a network that loses, repeats and reorders.
///
/// # Panics
/// When an invariant breaks; that is the point.
pub fn operations(now: Instant, data: &[u8]) {
    let mut now = now;
    let mut ends = [
        Association::new(Config::default(), Rng::from_u64(1), now),
        Association::new(Config::default(), Rng::from_u64(2), now),
    ];
    let mut wire: Vec<(usize, Bytes)> = Vec::new();
    for pair in data.chunks_exact(2) {
        let (operation, argument) = (pair[0], pair[1]);
        let at = usize::from(operation & 1);
        let stream = StreamId(u16::from(argument % 4));
        let end = &mut ends[at];
        match operation >> 1 {
            0 => end.connect(now),
            1..=20 => {
                let reliability = match operation % 3 {
                    0 => Reliability::Reliable,
                    1 => Reliability::MaxRetransmits(u32::from(argument % 3)),
                    _ => Reliability::MaxLifetime(Duration::from_millis(argument.into())),
                };
                let options = SendOptions {
                    unordered: argument & 64 != 0,
                    reliability,
                };
                let payload = vec![argument; 1 + usize::from(operation) * 100];
                // What the state forbids is refused.
                let _ = end.send(now, stream, Ppid(53), payload.into(), options);
            }
            21..=24 => end.reset_stream(now, stream),
            25 => end.shutdown(now),
            26 => end.abort(now),
            27..=60 => {
                now += Duration::from_millis(argument.into());
                ends.iter_mut().for_each(|end| end.handle_timeout(now));
            }
            61..=70 if !wire.is_empty() => {
                // Lost.
                wire.swap_remove(usize::from(argument) % wire.len());
            }
            71..=80 if !wire.is_empty() => {
                // Repeated.
                let again = wire[usize::from(argument) % wire.len()].clone();
                wire.push(again);
            }
            81..=90 => while end.receive(stream).is_some() {},
            _ if !wire.is_empty() => {
                let (to, packet) = wire.swap_remove(usize::from(argument) % wire.len());
                ends[to].handle_packet(now, packet);
            }
            _ => {}
        }
        for (from, end) in ends.iter_mut().enumerate() {
            let packets = drain(end, now).into_iter().map(|packet| (1 - from, packet));
            wire.extend(packets.take(64));
        }
        wire.truncate(1024);
    }
}

/// Two that know each other.
fn connected(now: Instant) -> (Association, Association) {
    let mut near = Association::new(Config::default(), Rng::from_u64(1), now);
    let mut far = Association::new(Config::default(), Rng::from_u64(2), now);
    near.connect(now);
    for _ in 0..4 {
        for packet in drain(&mut near, now) {
            far.handle_packet(now, packet);
        }
        for packet in drain(&mut far, now) {
            near.handle_packet(now, packet);
        }
    }
    assert!(near.is_connected() && far.is_connected());
    (near, far)
}

/// Everything that an association has to say, within bounds.
fn drain(end: &mut Association, now: Instant) -> Vec<Bytes> {
    let mut packets = Vec::new();
    let mut packet = Vec::new();
    while end.poll_transmit(now, &mut packet) {
        assert!(packet.len() >= COMMON_HEADER_LEN, "{} bytes", packet.len());
        assert!(packet.len() <= 1160, "a packet of {} bytes", packet.len());
        packets.push(Bytes::from(std::mem::take(&mut packet)));
        assert!(packets.len() < 10_000, "it never ends");
    }
    while let Some(event) = end.poll_event() {
        if let Event::Readable(stream) = event {
            while end.receive(stream).is_some() {}
        }
    }
    let stats = end.stats();
    assert!(
        stats.bytes_unread <= 8 << 20,
        "{} bytes are held",
        stats.bytes_unread
    );
    packets
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use tidewire_netsim::{for_each_corpus_entry, start};

    use super::*;

    #[test]
    fn every_seed_of_the_corpus_is_handled() {
        for_each_corpus_entry("sctp_chunks", |data| chunks(start(), data));
        for_each_corpus_entry("sctp_operations", |data| operations(start(), data));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]

        #[test]
        fn arbitrary_chunks_do_no_harm(data in proptest::collection::vec(any::<u8>(), 0..600)) {
            chunks(start(), &data);
        }

        #[test]
        fn chunks_of_known_types_do_no_harm(
            parts in proptest::collection::vec(
                (
                    prop::sample::select(vec![0_u8, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 14, 130, 192]),
                    any::<u8>(),
                    proptest::collection::vec(any::<u8>(), 0..60),
                ),
                0..20,
            ),
        ) {
            let mut data = Vec::new();
            for (kind, flags, value) in parts {
                let len = 4 + value.len();
                let padded = len.next_multiple_of(4);
                data.push((padded / 4) as u8);
                data.extend_from_slice(&[kind, flags, 0, len as u8]);
                data.extend_from_slice(&value);
                data.resize(data.len() + padded - len, 0);
            }
            chunks(start(), &data);
        }

        #[test]
        fn any_order_of_operations_does_no_harm(
            data in proptest::collection::vec(any::<u8>(), 0..800),
        ) {
            operations(start(), &data);
        }
    }
}
