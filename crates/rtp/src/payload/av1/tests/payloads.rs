//! Payloads, byte for byte.

use bytes::Bytes;
use hex_literal::hex;

use super::{info, obu};
use crate::payload::av1::{Layers, starts_key_frame};
use crate::payload::video_testing::cut;
use crate::payload::{Depacketizer, Format, OutgoingFrame, Packet, PacketizeError, Packetizer};

fn packet(sequence: u64, timestamp: u32, marker: bool, payload: &[u8]) -> Packet {
    Packet {
        sequence,
        timestamp,
        marker,
        payload: Bytes::copy_from_slice(payload),
    }
}

fn receive(payloads: &[&[u8]]) -> Depacketizer {
    let mut depacketizer = Depacketizer::new(Format::Av1);
    for (index, payload) in payloads.iter().enumerate() {
        let marker = index + 1 == payloads.len();
        depacketizer.handle_packet(packet(index as u64, 1, marker, payload));
    }
    depacketizer
}

fn frame_of(payloads: &[&[u8]]) -> Option<Bytes> {
    receive(payloads).poll_frame().map(|frame| frame.data)
}

fn payloads_of(data: Vec<u8>, max_len: usize) -> Vec<Bytes> {
    let packets = cut(
        Format::Av1,
        &[(0, OutgoingFrame::new(data.into()))],
        max_len,
    );
    packets
        .into_iter()
        .map(|(_, packet)| packet.payload)
        .collect()
}

#[test]
fn up_to_three_elements_are_counted() {
    let two = [obu(5, None, &[1, 2]), obu(6, None, &[0x30; 3])].concat();
    assert_eq!(
        payloads_of(two.clone(), 100),
        [&hex!("20 03 28 01 02 30 30 30 30")[..]]
    );
    assert_eq!(
        frame_of(&[&hex!("28 03 28 01 02 30 30 30 30")]),
        Some(two.into())
    );
}

#[test]
fn more_than_three_elements_tell_their_length() {
    let metadata = obu(5, None, &[1]);
    let four = [&metadata[..], &metadata, &metadata, &obu(6, None, &[0x30])].concat();
    let payload = hex!("00 02 2801 02 2801 02 2801 02 3030");
    assert_eq!(payloads_of(four.clone(), 100), [&payload[..]]);
    let mut begins = payload;
    begins[0] = 0x08;
    assert_eq!(frame_of(&[&begins]), Some(four.into()));
}

#[test]
fn obus_are_cut_into_elements_of_nearly_equal_size() {
    let data = obu(
        6,
        Some(Layers {
            temporal: 1,
            spatial: 2,
        }),
        &[0x31; 18],
    );
    let payloads = payloads_of(data.clone(), 12);
    let expected = [
        &hex!("50 34 30 31313131313131 31")[..],
        &hex!("90 31313131313131313131"),
    ];
    assert_eq!(payloads, expected);
    let frame = receive(&[&payloads[0], &payloads[1]]).poll_frame().unwrap();
    assert_eq!(frame.data, data);
    assert_eq!(
        info(&frame).layers,
        Some(Layers {
            temporal: 1,
            spatial: 2
        })
    );
}

#[test]
fn delimiters_tile_lists_and_padding_are_not_sent() {
    let frame = obu(6, None, &[0x30]);
    let data = [
        obu(2, None, &[]),
        obu(8, None, &[1]),
        frame,
        obu(15, None, &[0]),
    ]
    .concat();
    assert_eq!(payloads_of(data, 100), [&hex!("10 30 30")[..]]);
}

#[test]
fn delimiters_tile_lists_and_padding_are_ignored() {
    let payload = hex!("00 01 10 02 40 01 02 30 30 02 78 00");
    assert_eq!(frame_of(&[&payload]), Some(obu(6, None, &[0x30]).into()));
}

#[test]
fn an_obu_may_tell_its_size() {
    let data = obu(6, None, &[0x30, 1, 2]);
    assert_eq!(
        frame_of(&[&hex!("10 32 03 30 01 02")]),
        Some(data.clone().into())
    );
    assert_eq!(
        frame_of(&[&hex!("50 32"), &hex!("90 03 30 01 02")]),
        Some(data.into())
    );
    assert_eq!(
        frame_of(&[&hex!("10 32 02 30 01 02")]),
        None,
        "another size"
    );
}

#[test]
fn a_header_may_be_cut() {
    let data = obu(
        6,
        Some(Layers {
            temporal: 1,
            spatial: 0,
        }),
        &[0x30],
    );
    assert_eq!(
        frame_of(&[&hex!("50 34"), &hex!("d0 20"), &hex!("90 30")]),
        Some(data.into())
    );
}

#[test]
fn metadata_goes_with_the_frame_behind_it() {
    let layer = |spatial| {
        Some(Layers {
            temporal: 0,
            spatial,
        })
    };
    // The example of section 5.1.
    let data = [
        obu(1, None, &[0]),
        obu(5, None, &[1]),
        obu(5, layer(0), &[2]),
        obu(3, layer(0), &[0x30]),
        obu(4, layer(0), &[4]),
        obu(5, layer(1), &[5]),
        obu(3, layer(1), &[0x30]),
        obu(4, layer(1), &[7]),
    ]
    .concat();
    let payloads = payloads_of(data, 100);
    let expected = [
        &hex!("00 020800 022801 032c0002 031c0030 03240004")[..],
        &hex!("30 032c0805 031c0830 240807"),
    ];
    assert_eq!(payloads, expected);
}

#[test]
fn malformed_payloads_are_counted() {
    let malformed: [&[u8]; 10] = [
        &hex!("10"),
        &hex!("00"),
        &hex!("20 02 3030"),
        &hex!("20 03 3030"),
        &hex!("20 00 3030"),
        &hex!("00 02 3030 80"),
        &hex!("00 02 3030 00"),
        &hex!("98 3030"),
        &hex!("10 b0 30"),
        &hex!("10 34"),
    ];
    for payload in malformed {
        let mut depacketizer = Depacketizer::new(Format::Av1);
        depacketizer.handle_packet(packet(1, 1, true, &hex!("10 3030")));
        depacketizer.handle_packet(packet(2, 2, true, payload));
        let stats = depacketizer.stats();
        assert_eq!(
            (stats.frames, stats.packets_malformed),
            (1, 1),
            "{payload:02x?}"
        );
        assert!(!starts_key_frame(payload));
    }
}

#[test]
fn fragments_that_do_not_fit_together_are_malformed() {
    for payloads in [
        [&hex!("50 3030")[..], &hex!("10 3030")],
        [&hex!("10 3030"), &hex!("90 3030")],
        [&hex!("10 3030"), &hex!("50 3030")],
    ] {
        let mut depacketizer = receive(&payloads);
        assert_eq!(depacketizer.poll_frame(), None);
        let stats = depacketizer.stats();
        assert_eq!(
            (stats.packets_malformed, stats.frames_dropped),
            (1, 1),
            "{payloads:02x?}"
        );
    }
}

#[test]
fn what_cannot_be_sent_is_refused() {
    let mut packetizer = Packetizer::new(Format::Av1);
    let mut refused = |data: &[u8], max_len| {
        let frame = OutgoingFrame::new(Bytes::copy_from_slice(data));
        let error = packetizer.start(frame, max_len).unwrap_err();
        assert_eq!(packetizer.write_next(&mut Vec::new()), None);
        error
    };
    assert_eq!(refused(&[], 100), PacketizeError::Empty);
    assert_eq!(refused(&hex!("12 00"), 100), PacketizeError::Empty);
    assert_eq!(refused(&hex!("32 02 30"), 100), PacketizeError::Malformed);
    assert_eq!(refused(&hex!("32 01 30"), 3), PacketizeError::TooLong);
}

#[test]
fn a_frame_of_too_many_pieces_is_dropped() {
    let mut depacketizer = Depacketizer::new(Format::Av1);
    depacketizer.handle_packet(packet(0, 1, false, &hex!("50 30 30")));
    for sequence in 1..40_000 {
        depacketizer.handle_packet(packet(sequence, 1, false, &hex!("d0 30")));
    }
    depacketizer.handle_packet(packet(40_000, 1, true, &hex!("90 30")));
    assert_eq!(depacketizer.poll_frame(), None);
    assert_eq!(depacketizer.stats().frames_dropped, 1);
}
