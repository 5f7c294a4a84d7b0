//! What holds for any frames and any loss.

use proptest::collection::vec;
use proptest::prelude::*;

use super::{info, obu, outgoing};
use crate::payload::av1::Layers;
use crate::payload::video_testing::{cut, receive};
use crate::payload::{Depacketizer, Format, OutgoingFrame, fuzz};

/// The beginnings of a sequence header of 64x48 and of a key frame.
const SEQUENCE: &[u8] = &[0x00, 0x00, 0x00, 0x02, 0xaf, 0xff, 0x9b, 0x5f, 0x30, 0x08];
const KEY: u8 = 0x10;

/// Temporal units of one to three layers, without metadata. The second number tells the layers.
fn units() -> impl Strategy<Value = Vec<(u32, OutgoingFrame)>> {
    let tiles = vec(vec(any::<u8>(), 0..1500), 0..4);
    let frame = (vec(any::<u8>(), 0..4000), tiles);
    let unit = (vec(frame, 1..=3), any::<bool>());
    (vec(unit, 1..6), any::<bool>()).prop_map(|(units, has_layers)| {
        let mut sent = Vec::new();
        for (timestamp, (mut frames, is_key)) in units.into_iter().enumerate() {
            frames.truncate(if has_layers { 3 } else { 1 });
            let count = frames.len();
            for (spatial, (body, tiles)) in frames.into_iter().enumerate() {
                let layers = has_layers.then_some(Layers {
                    temporal: 1,
                    spatial: spatial as u8,
                });
                let begins = is_key && spatial == 0;
                let mut data = if begins {
                    obu(1, None, SEQUENCE)
                } else {
                    Vec::new()
                };
                let first = if begins { KEY } else { 0x30 };
                let kind = if tiles.is_empty() { 6 } else { 3 };
                data.extend(obu(kind, layers, &[vec![first], body].concat()));
                data.extend(tiles.iter().flat_map(|tile| obu(4, layers, tile)));
                sent.push((timestamp as u32, outgoing(data, spatial + 1 == count)));
            }
        }
        sent
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn exactly_the_whole_frames_are_answered(
        sent in units(),
        max_len in 100..1400_usize,
        lost in vec(any::<bool>(), 400),
        loses in any::<bool>(),
    ) {
        let packets = cut(Format::Av1, &sent, max_len);
        let is_lost = |at: usize| loses && lost[at % lost.len()] && lost[(at / 2) % lost.len()];
        let arrived = packets.iter().enumerate().filter(|(at, _)| !is_lost(*at));
        let mut depacketizer = Depacketizer::new(Format::Av1);
        let received = receive(&mut depacketizer, arrived.map(|(_, (_, packet))| packet));
        // A lower layer's end is known by what follows: the next packet has to be there, too.
        let is_answered = |frame: usize| {
            let of = |at: usize| packets.get(at).is_some_and(|(of, _)| *of == frame);
            let is_upper_end = |at: usize| packets[at].1.marker;
            !(0..packets.len()).any(|at| {
                of(at) && (is_lost(at) || (!of(at + 1) && !is_upper_end(at) && is_lost(at + 1)))
            })
        };
        let expected: Vec<_> = (0..sent.len()).filter(|frame| is_answered(*frame)).collect();
        prop_assert_eq!(received.len(), expected.len());
        let mut last = None;
        for (frame, index) in received.iter().zip(expected) {
            let (timestamp, out) = &sent[index];
            prop_assert_eq!(&frame.data, &out.data);
            prop_assert_eq!(frame.timestamp, *timestamp);
            prop_assert_eq!(frame.is_key, out.data[0] == 0x0a);
            prop_assert_eq!(info(frame).starts_sequence, frame.is_key);
            if let Some(last) = last {
                prop_assert_eq!(frame.follows_loss, frame.first_sequence > last + 1);
            }
            last = Some(frame.last_sequence);
        }
    }

    #[test]
    fn any_obus_arrive_as_they_were(
        obus in vec((0..15_u8, 0..3_u8, vec(any::<u8>(), 0..300)), 1..12),
        max_len in 4..1400_usize,
    ) {
        // Starting with a frame header, so that a frame begins.
        let first = obu(3, None, &[0x30]);
        let sent: Vec<u8> = obus
            .iter()
            .filter(|(kind, ..)| !matches!(kind, 2 | 8))
            .map(|(kind, layered, body)| {
                let layers = (*layered == 0).then_some(Layers { temporal: 3, spatial: 2 });
                obu(*kind, layers, body)
            })
            .fold(first, |all, one| [all, one].concat());
        let packets = cut(Format::Av1, &[(0, OutgoingFrame::new(sent.clone().into()))], max_len);
        let mut depacketizer = Depacketizer::new(Format::Av1);
        let received = receive(&mut depacketizer, packets.iter().map(|(_, packet)| packet));
        prop_assert_eq!(received.len(), 1);
        prop_assert_eq!(&received[0].data[..], &sent[..]);
    }

    #[test]
    fn truncated_payloads_never_panic(sent in units(), max_len in 100..400_usize) {
        for (_, packet) in cut(Format::Av1, &sent, max_len).into_iter().take(8) {
            for len in 0..packet.payload.len() {
                let mut depacketizer = Depacketizer::new(Format::Av1);
                let payload = packet.payload.slice(..len);
                depacketizer.handle_packet(crate::payload::Packet { payload, ..packet.clone() });
            }
        }
    }

    #[test]
    fn arbitrary_bytes_never_panic(data in vec(any::<u8>(), 0..300)) {
        fuzz::av1(&data);
    }
}
