//! Packets are read as they were written, and any bytes are read or refused.

use hex_literal::hex;
use proptest::collection::vec;
use proptest::prelude::*;

use super::*;
use crate::{NtpTime, ParseError};

fn written(write: impl FnOnce(&mut Writer<'_>)) -> Vec<u8> {
    let mut out = vec![0xaa; 3];
    write(&mut Writer::new(&mut out));
    assert_eq!(out[..3], [0xaa; 3]);
    assert_eq!((out.len() - 3) % 4, 0);
    out.split_off(3)
}

/// The only packet in `bytes`.
macro_rules! only {
    ($bytes:expr, $variant:ident) => {{
        let mut packets = Packets::new($bytes);
        let first = packets.next();
        assert!(packets.next().is_none());
        match first {
            Some(Ok(Packet::$variant(packet))) => packet,
            other => panic!("{other:?}"),
        }
    }};
}

#[test]
fn a_sender_report_stands_as_it_is_specified() {
    let info = SenderInfo {
        ntp_time: NtpTime(0x0102_0304_0506_0708),
        rtp_timestamp: 9,
        packets: 10,
        octets: 11,
    };
    let block = ReportBlock {
        ssrc: 2,
        fraction_lost: 64,
        packets_lost: -1,
        highest_sequence: 0x0001_0002,
        jitter: 3,
        last_sender_report: 4,
        delay_since_last_sender_report: 5,
    };
    let bytes = written(|out| {
        out.sender_report(1, &info, &[block]);
    });
    let expected = hex!(
        "81 c8 000c 00000001 0102030405060708 00000009 0000000a 0000000b"
        "00000002 40 ffffff 00010002 00000003 00000004 00000005"
    );
    assert_eq!(bytes, expected);
    let report = only!(&bytes, SenderReport);
    assert_eq!((report.ssrc, report.info), (1, info));
    assert_eq!(report.reports.iter().collect::<Vec<_>>(), [block]);
}

#[test]
fn what_a_report_has_no_room_for_follows_in_others() {
    let blocks: Vec<_> = (0..70)
        .map(|ssrc| ReportBlock {
            ssrc,
            ..Default::default()
        })
        .collect();
    let bytes = written(|out| {
        out.sender_report(1, &SenderInfo::default(), &blocks);
    });
    let mut read = Vec::new();
    for packet in Packets::new(&bytes) {
        match packet.unwrap() {
            Packet::SenderReport(report) => read.extend(report.reports.iter()),
            Packet::ReceiverReport(report) => read.extend(report.reports.iter()),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(read, blocks);
    assert_eq!(Packets::new(&bytes).count(), 3);
}

#[test]
fn a_source_description_ends_with_zeros() {
    for name in ["", "a", "ab", "abc", "abcd"] {
        let items = [(ItemKind::CNAME, name), (ItemKind::TOOL, "tidewire")];
        let bytes = written(|out| {
            out.source_description(7, &items);
        });
        let description = only!(&bytes, SourceDescription);
        assert_eq!(description.cname(7), Some(name.as_bytes()));
        assert_eq!(description.cname(8), None);
        let chunk = description.chunks().next().unwrap();
        assert_eq!(chunk.find(ItemKind::TOOL), Some(&b"tidewire"[..]));
    }
}

#[test]
fn reads_several_chunks_of_a_source_description() {
    let bytes = hex!("82 ca 0005 00000001 01 01 61 00 00000002 01 02 62 63 00000000");
    let description = only!(&bytes, SourceDescription);
    assert_eq!(description.cname(1), Some(&b"a"[..]));
    assert_eq!(description.cname(2), Some(&b"bc"[..]));
}

#[test]
fn a_source_description_without_its_end_is_refused() {
    let bytes = hex!("81 ca 0002 00000001 01 02 61 62");
    let refused = Packets::new(&bytes).next().unwrap();
    assert!(matches!(refused, Err(ParseError::Truncated(_))));
}

#[test]
fn a_goodbye_has_a_reason_or_not() {
    let bytes = written(|out| {
        out.goodbye(&[1, 2], None);
    });
    assert_eq!(bytes, hex!("82 cb 0002 00000001 00000002"));
    assert_eq!(only!(&bytes, Goodbye).reason, None);
    let bytes = written(|out| {
        out.goodbye(&[1], Some("moved"));
    });
    let goodbye = only!(&bytes, Goodbye);
    assert_eq!(goodbye.reason, Some(&b"moved"[..]));
    assert_eq!(goodbye.ssrcs().collect::<Vec<_>>(), [1]);
}

#[test]
fn an_application_packet_keeps_its_data() {
    let bytes = written(|out| {
        out.application(3, 1, *b"TIDE", &[1, 2, 3, 4]);
    });
    let packet = only!(&bytes, Application);
    let expected = Application {
        subtype: 3,
        ssrc: 1,
        name: *b"TIDE",
        data: &[1, 2, 3, 4],
    };
    assert_eq!(packet, expected);
}

#[test]
fn an_extended_report_asks_and_answers() {
    let answer = Dlrr {
        ssrc: 5,
        last_report: 6,
        delay_since_last_report: 7,
    };
    let time = NtpTime(0x0102_0304_0506_0708);
    let bytes = written(|out| {
        out.extended_report(1, Some(time), &[answer, answer]);
    });
    assert_eq!(bytes[8..12], hex!("04 00 0002"));
    assert_eq!(bytes[20..24], hex!("05 00 0006"));
    let report = only!(&bytes, ExtendedReport);
    assert_eq!(report.receiver_reference_time(), Some(time));
    assert_eq!(report.dlrrs().collect::<Vec<_>>(), [answer, answer]);
}

#[test]
fn blocks_of_other_types_are_stepped_over() {
    let bytes = hex!("80 cf 0006 00000001 09 01 0001 deadbeef 04 00 0002 0000000100000002");
    let report = only!(&bytes, ExtendedReport);
    assert_eq!(report.blocks().count(), 2);
    assert_eq!(
        report.receiver_reference_time(),
        Some(NtpTime(0x1_0000_0002))
    );
}

#[test]
fn missing_packets_are_packed_with_their_neighbours() {
    let missing = [65_535, 0, 15, 16, 40];
    let bytes = written(|out| {
        out.nack(1, 2, missing);
    });
    assert_eq!(
        bytes,
        hex!("81 cd 0005 00000001 00000002 ffff 8001 0010 0000 0028 0000")
    );
    let nack = only!(&bytes, Nack);
    assert_eq!(nack.sequence_numbers().collect::<Vec<_>>(), missing);
    assert_eq!(
        written(|out| {
            out.nack(1, 2, []);
        }),
        []
    );
}

#[test]
fn requests_for_pictures_stand_as_they_are_specified() {
    let bytes = written(|out| {
        out.picture_loss(1, 2);
    });
    assert_eq!(bytes, hex!("81 ce 0002 00000001 00000002"));
    assert_eq!(
        only!(&bytes, PictureLoss),
        PictureLoss {
            sender_ssrc: 1,
            media_ssrc: 2
        }
    );
    let request = IntraRequest {
        ssrc: 9,
        sequence: 4,
    };
    let bytes = written(|out| {
        out.full_intra_request(1, &[request]);
    });
    assert_eq!(
        bytes,
        hex!("84 ce 0004 00000001 00000000 00000009 04000000")
    );
    assert_eq!(
        only!(&bytes, FullIntraRequest)
            .requests()
            .collect::<Vec<_>>(),
        [request]
    );
}

#[test]
fn an_estimate_keeps_its_18_highest_bits() {
    for bitrate in [0, 1, 262_143, 262_144, 2_500_000, u64::MAX] {
        let bytes = written(|out| {
            out.remb(1, bitrate, &[7, 8]);
        });
        let remb = only!(&bytes, Remb);
        assert!(remb.bitrate <= bitrate && remb.bitrate >= bitrate - (bitrate >> 17));
        assert_eq!(remb.ssrcs().collect::<Vec<_>>(), [7, 8]);
    }
    let overflow = hex!("8f ce 0004 00000001 00000000 52454d42 00 ff ffff");
    assert_eq!(only!(&overflow, Remb).bitrate, u64::MAX);
    let other = hex!("8f ce 0003 00000001 00000000 41424344");
    assert_eq!(only!(&other, Unknown).count, 15);
}

#[test]
fn transport_wide_feedback_stands_as_it_is_specified() {
    // A run of two small ones, and one that is missing, in a vector.
    let arrivals = [Some(256), Some(257), None, Some(255)];
    let bytes = written(|out| {
        assert_eq!(out.transport_feedback((1, 2), 3, 100, &arrivals), 4);
    });
    let expected = hex!("af cd 0006 00000001 00000002 0064 0004 000001 03 d480 00 01 fffe 0002");
    assert_eq!(bytes, expected);
}

#[test]
fn transport_wide_feedback_ends_where_a_time_is_too_far_from_the_one_before() {
    let arrivals = [Some(0), None, Some(40_000), Some(40_001)];
    let bytes = written(|out| {
        assert_eq!(out.transport_feedback((1, 2), 0, 0, &arrivals), 2);
    });
    assert_eq!(only!(&bytes, TransportFeedback).packet_count, 2);
    let nothing = written(|out| {
        assert_eq!(out.transport_feedback((1, 2), 0, 0, &[None; 5]), 0);
    });
    assert_eq!(nothing, []);
}

#[test]
fn transport_wide_feedback_with_reserved_symbols_or_missing_times_is_refused() {
    for tail in [hex!("6001 0000"), hex!("2009 0000"), hex!("c000 fff0")] {
        let mut bytes = hex!("8f cd 0005 00000001 00000002 0000 0009 000000 00 00000000");
        bytes[20..].copy_from_slice(&tail);
        assert!(Packets::new(&bytes).next().unwrap().is_err(), "{tail:x?}");
    }
}

#[test]
fn congestion_feedback_tells_of_several_streams() {
    let metric = PacketMetric {
        ecn: 3,
        arrival_offset: 512,
    };
    let bytes = written(|out| {
        out.congestion_feedback(1, 99, |streams| {
            streams.stream(5, 65_535, [Some(metric), None, Some(metric)]);
            streams.stream(6, 7, []);
        });
    });
    let feedback = only!(&bytes, CongestionFeedback);
    assert_eq!((feedback.sender_ssrc, feedback.timestamp), (1, 99));
    let streams: Vec<_> = feedback.streams().collect();
    assert_eq!(
        (streams[0].ssrc, streams[1].ssrc, streams[1].first_sequence),
        (5, 6, 7)
    );
    let packets: Vec<_> = streams[0].packets().collect();
    assert_eq!(
        packets,
        [(65_535, Some(metric)), (0, None), (1, Some(metric))]
    );
}

#[test]
fn a_packet_that_contradicts_itself_does_not_hide_the_next() {
    let mut bytes = hex!("81 c9 0001 00000001").to_vec();
    Writer::new(&mut bytes).picture_loss(1, 2);
    let mut packets = Packets::new(&bytes);
    assert!(packets.next().unwrap().is_err());
    assert!(matches!(packets.next(), Some(Ok(Packet::PictureLoss(_)))));
    assert!(packets.next().is_none());
}

#[test]
fn an_error_in_the_framing_ends_the_walk() {
    let cut = hex!("81 c9 0002 00000001");
    let mut packets = Packets::new(&cut);
    assert_eq!(packets.next().map(|packet| packet.is_err()), Some(true));
    assert!(packets.next().is_none());
    let version = hex!("41 c9 0001 00000001");
    assert!(matches!(
        Packets::new(&version).next(),
        Some(Err(ParseError::Version))
    ));
    let padding = hex!("a0 c9 0001 00000005");
    assert!(matches!(
        Packets::new(&padding).next(),
        Some(Err(ParseError::Padding))
    ));
}

#[test]
fn unknown_packets_are_told_as_such() {
    let bytes = written(|out| {
        out.raw(210, 3, &[1, 2, 3, 4]);
    });
    let unknown = Unknown {
        packet_type: 210,
        count: 3,
        body: &[1, 2, 3, 4],
    };
    assert_eq!(only!(&bytes, Unknown), unknown);
}

/// Reads all that there is to read.
fn read_everything(bytes: &[u8]) -> usize {
    let mut sum = 0;
    for packet in Packets::new(bytes).flatten() {
        sum += match packet {
            Packet::SenderReport(report) => report.reports.iter().count(),
            Packet::ReceiverReport(report) => report.reports.iter().count(),
            Packet::SourceDescription(all) => all.chunks().map(|chunk| chunk.items().count()).sum(),
            Packet::Goodbye(goodbye) => goodbye.ssrcs().count(),
            Packet::Application(application) => application.data.len(),
            Packet::ExtendedReport(report) => report.blocks().count() + report.dlrrs().count(),
            Packet::Nack(nack) => nack.sequence_numbers().count(),
            Packet::TransportFeedback(feedback) => {
                let packets = feedback.packets().count();
                assert_eq!(packets, usize::from(feedback.packet_count));
                packets
            }
            Packet::CongestionFeedback(feedback) => feedback
                .streams()
                .map(|stream| stream.packets().count())
                .sum(),
            Packet::FullIntraRequest(request) => request.requests().count(),
            Packet::Remb(remb) => remb.ssrcs().count(),
            Packet::PictureLoss(_) | Packet::Unknown(_) => 1,
        };
    }
    sum
}

#[test]
fn every_packet_cut_short_at_every_length_is_read_or_refused() {
    let bytes = written(|out| {
        out.sender_report(1, &SenderInfo::default(), &[ReportBlock::default()])
            .source_description(1, &[(ItemKind::CNAME, "name")])
            .goodbye(&[1], Some("why"))
            .extended_report(1, Some(NtpTime(5)), &[Dlrr::default()])
            .nack(1, 2, [1, 2, 50])
            .full_intra_request(
                1,
                &[IntraRequest {
                    ssrc: 1,
                    sequence: 2,
                }],
            )
            .remb(1, 1_000_000, &[1])
            .congestion_feedback(1, 2, |out| {
                out.stream(1, 2, [None]);
            })
            .transport_feedback((1, 2), 0, 5, &[Some(1), None, Some(5000)]);
    });
    for len in 0..bytes.len() {
        read_everything(&bytes[..len]);
        // The framing as if the packet ended there.
        for start in (0..len).step_by(4) {
            read_everything(&bytes[start..len]);
        }
    }
}

proptest! {
    #[test]
    fn arrivals_are_read_as_they_were_written(
        first in any::<u16>(),
        start in -1_000_000_000i64..1_000_000_000,
        steps in vec((0u8..10, -40i64..700), 1..400),
    ) {
        let mut time = start;
        let arrivals: Vec<_> = steps
            .into_iter()
            .map(|(what, step)| {
                // Runs of arrivals and of gaps, and few that are far apart.
                time += if what == 9 { step * 40 } else { step / 4 };
                (what > 1).then_some(time)
            })
            .collect();
        prop_assume!(arrivals.iter().any(Option::is_some));
        let bytes = written(|out| {
            assert_eq!(out.transport_feedback((1, 2), 9, first, &arrivals), arrivals.len());
        });
        let feedback = only!(&bytes, TransportFeedback);
        let read: Vec<_> = feedback.packets().map(|status| status.arrival).collect();
        // The reference wraps at 24 bits of 64 ms.
        let wrap = |time: i64| time.rem_euclid(1 << 32);
        let expected: Vec<_> = arrivals.iter().map(|time| time.map(wrap)).collect();
        prop_assert_eq!(read.iter().map(|time| time.map(wrap)).collect::<Vec<_>>(), expected);
        prop_assert_eq!(feedback.packets().next().map(|status| status.sequence), Some(first));
        prop_assert_eq!(feedback.feedback_count, 9);
    }

    #[test]
    fn missing_packets_are_read_as_they_were_written(
        first in any::<u16>(),
        steps in vec(1u16..40, 0..50),
    ) {
        let mut number = first;
        let missing: Vec<_> = steps
            .into_iter()
            .map(|step| { number = number.wrapping_add(step); number })
            .collect();
        let bytes = written(|out| { out.nack(1, 2, missing.iter().copied()); });
        let read = Packets::new(&bytes).flatten().flat_map(|packet| match packet {
            Packet::Nack(nack) => nack.sequence_numbers().collect(),
            _ => Vec::new(),
        });
        prop_assert_eq!(read.collect::<Vec<_>>(), missing);
    }

    #[test]
    fn any_bytes_are_read_or_refused(mut bytes in vec(any::<u8>(), 0..200), kind in 200u8..208) {
        read_everything(&bytes);
        if let [first, packet_type, high, low, body @ ..] = &mut bytes[..] {
            let words = (body.len() / 4) as u16;
            (*first, *packet_type) = (*first & 0x3f | 0x80, kind);
            (*high, *low) = (words.to_be_bytes()[0], words.to_be_bytes()[1]);
            read_everything(&bytes);
        }
    }
}
