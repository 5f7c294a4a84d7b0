//! RTCP: every packet that our writer knows, alone and in compounds.

use std::time::Duration;

use tidewire_rtp::NtpTime;
use tidewire_rtp::rtcp::{
    Dlrr, IntraRequest, ItemKind, PacketMetric, ReportBlock, SenderInfo, Writer,
};

use super::sample::{Sample, list};

const SSRC: u32 = 0x1234_abcd;
const MEDIA: u32 = 0x0bad_cafe;

/// Packets of every kind.
pub(super) fn samples() -> impl Iterator<Item = Sample> {
    let parts = [
        reports(),
        descriptions(),
        goodbyes(),
        applications(),
        extended_reports(),
    ];
    let feedback = [
        losses(),
        pictures(),
        estimates(),
        transport_feedback(),
        congestion_feedback(),
    ];
    let all = parts.into_iter().chain(feedback).flatten();
    all.chain(compounds())
}

/// A packet that claims to be longer than it is.
pub(super) fn broken() -> Sample {
    let mut sample = sample("a broken packet", |writer| {
        writer.receiver_report(SSRC, &blocks(1));
    });
    sample.packet.truncate(20);
    sample
}

/// What `write` writes. The packet types in it are compared always.
fn sample(kind: &'static str, write: impl FnOnce(&mut Writer<'_>)) -> Sample {
    let mut packet = Vec::new();
    write(&mut Writer::new(&mut packet));
    let mut types = Vec::new();
    let mut rest = &packet[..];
    while let Some((&[_, packet_type, high, low], _)) = rest.split_first_chunk() {
        types.push(packet_type);
        rest = &rest[4 + 4 * usize::from(u16::from_be_bytes([high, low]))..];
    }
    let expected = vec![("rtcp.pt", list(types))];
    Sample {
        kind,
        protocol: "rtcp",
        packet,
        expected,
        excuses: Vec::new(),
    }
}

impl Sample {
    fn expect<T: ToString>(
        mut self,
        field: &'static str,
        values: impl IntoIterator<Item = T>,
    ) -> Self {
        self.expected.push((field, list(values)));
        self
    }
}

fn now() -> NtpTime {
    NtpTime::from_unix(Duration::from_millis(1_700_000_000_250))
}

fn info() -> SenderInfo {
    SenderInfo {
        ntp_time: now(),
        rtp_timestamp: 90_000,
        packets: 1000,
        octets: 1_000_000,
    }
}

fn blocks(count: u32) -> Vec<ReportBlock> {
    let block = |number| ReportBlock {
        ssrc: MEDIA + number,
        fraction_lost: 12,
        packets_lost: 34,
        highest_sequence: 0x0001_0203,
        jitter: 56,
        last_sender_report: 0x1234_5678,
        delay_since_last_sender_report: 65_536,
    };
    (0..count).map(block).collect()
}

fn reports() -> Vec<Sample> {
    let lost_less_than_none = ReportBlock {
        packets_lost: -1,
        ..ReportBlock::default()
    };
    vec![
        sample("sender report", |writer| {
            writer.sender_report(SSRC, &info(), &blocks(2));
        })
        .expect("rtcp.senderssrc", [SSRC])
        .expect("rtcp.timestamp.ntp.msw", [now().0 >> 32])
        .expect("rtcp.timestamp.ntp.lsw", [now().0 & 0xffff_ffff])
        .expect("rtcp.timestamp.rtp", [90_000])
        .expect("rtcp.sender.packetcount", [1000])
        .expect("rtcp.sender.octetcount", [1_000_000])
        .expect("rtcp.ssrc.identifier", [MEDIA, MEDIA + 1])
        .expect("rtcp.ssrc.fraction", [12, 12])
        .expect("rtcp.ssrc.cum_nr", [34, 34])
        .expect("rtcp.ssrc.ext_high", [0x0001_0203, 0x0001_0203])
        .expect("rtcp.ssrc.jitter", [56, 56])
        .expect("rtcp.ssrc.lsr", [0x1234_5678, 0x1234_5678])
        .expect("rtcp.ssrc.dlsr", [65_536, 65_536]),
        sample("sender report with more blocks than fit", |writer| {
            writer.sender_report(SSRC, &info(), &blocks(40));
        })
        .expect("rtcp.rc", [31, 9])
        .expect("rtcp.ssrc.identifier", (0..40).map(|number| MEDIA + number)),
        sample("receiver report", |writer| {
            writer.receiver_report(SSRC, &[lost_less_than_none]);
        })
        .expect("rtcp.senderssrc", [SSRC])
        .expect("rtcp.ssrc.identifier", [0])
        .expect("rtcp.ssrc.cum_nr", [-1]),
        sample("receiver report without blocks", |writer| {
            writer.receiver_report(SSRC, &[]);
        })
        .expect("rtcp.rc", [0]),
    ]
}

fn descriptions() -> Vec<Sample> {
    // Every length modulo four.
    let names = ["", "a", "ab", "abc", "abcd", "abcde"]
        .into_iter()
        .map(|name| {
            sample("source description", |writer| {
                writer.source_description(SSRC, &[(ItemKind::CNAME, name)]);
            })
            .expect("rtcp.sdes.type", [1, 0])
            .expect("rtcp.sdes.length", [name.len()])
            .expect("rtcp.sdes.text", [name])
        });
    let items = [
        (ItemKind::CNAME, "cname"),
        (ItemKind::NAME, "name"),
        (ItemKind::EMAIL, "a@example.org"),
        (ItemKind::PHONE, "+1"),
        (ItemKind::LOCATION, "here"),
        (ItemKind::TOOL, "tidewire"),
        (ItemKind::NOTE, "note"),
        (ItemKind::PRIVATE, "\u{3}keyvalue"),
    ];
    let every = sample("source description with every item", |writer| {
        writer.source_description(SSRC, &items);
    });
    let every = every
        .expect("rtcp.sdes.type", [1, 2, 3, 4, 5, 6, 7, 8, 0])
        .expect("rtcp.sdes.prefix.string", ["key"]);
    names.chain([every]).collect()
}

fn goodbyes() -> Vec<Sample> {
    let many: Vec<u32> = (1..=31).collect();
    let reasons = ["", "a", "ab", "abc", "abcd", "abcde"]
        .into_iter()
        .map(|reason| {
            sample("goodbye with a reason", |writer| {
                writer.goodbye(&[SSRC, MEDIA], Some(reason));
            })
            .expect("rtcp.ssrc.identifier", [SSRC, MEDIA])
        });
    let plain = [
        sample("goodbye", |writer| {
            writer.goodbye(&many, None);
        })
        .expect("rtcp.ssrc.identifier", &many),
        sample("goodbye of nobody", |writer| {
            writer.goodbye(&[], None);
        }),
    ];
    plain.into_iter().chain(reasons).collect()
}

fn applications() -> Vec<Sample> {
    let all = [&b""[..], b"data", b"dat", b"data1"]
        .into_iter()
        .map(|data| {
            sample("application", |writer| {
                writer.application(5, SSRC, *b"TIDE", data);
            })
            .expect("rtcp.app.name", ["TIDE"])
            .expect("rtcp.app.subtype", [5])
        });
    all.collect()
}

fn extended_reports() -> Vec<Sample> {
    let answer = |number| Dlrr {
        ssrc: MEDIA + number,
        last_report: 0x1234_5678,
        delay_since_last_report: 65_536,
    };
    let answers = [answer(0), answer(1)];
    vec![
        sample("extended report: receiver reference time", |writer| {
            writer.extended_report(SSRC, Some(now()), &[]);
        })
        .expect("rtcp.senderssrc", [SSRC])
        .expect("rtcp.xr.bt", [4])
        .expect("rtcp.xr.bl", [2]),
        sample("extended report: DLRR", |writer| {
            writer.extended_report(SSRC, None, &answers);
        })
        .expect("rtcp.xr.bt", [5])
        .expect("rtcp.ssrc.identifier", [MEDIA, MEDIA + 1])
        .expect("rtcp.xr.lrr", [0x1234_5678, 0x1234_5678])
        .expect("rtcp.xr.dlrr", [65_536, 65_536]),
        sample("extended report with both", |writer| {
            writer.extended_report(SSRC, Some(now()), &answers[..1]);
        })
        .expect("rtcp.xr.bt", [4, 5])
        .expect("rtcp.xr.bl", [2, 3]),
    ]
}

fn losses() -> Vec<Sample> {
    vec![
        sample("NACK", |writer| {
            writer.nack(SSRC, MEDIA, [100]);
        })
        .expect("rtcp.senderssrc", [SSRC])
        .expect("rtcp.mediassrc", [MEDIA])
        .expect("rtcp.rtpfb.fmt", [1])
        .expect("rtcp.rtpfb.nack_pid", [100])
        .expect("rtcp.rtpfb.nack_blp", [0]),
        sample("NACK", |writer| {
            writer.nack(SSRC, MEDIA, [100, 101, 116, 117, 700]);
        })
        // tshark lists each packet, also those of a mask.
        .expect("rtcp.rtpfb.nack_pid", [100, 101, 116, 117, 700])
        .expect("rtcp.rtpfb.nack_blp", [0x8001, 0, 0]),
    ]
}

fn pictures() -> Vec<Sample> {
    let requests = [1, 2].map(|sequence| IntraRequest {
        ssrc: MEDIA + u32::from(sequence),
        sequence,
    });
    vec![
        sample("PLI", |writer| {
            writer.picture_loss(SSRC, MEDIA);
        })
        .expect("rtcp.senderssrc", [SSRC])
        .expect("rtcp.mediassrc", [MEDIA])
        .expect("rtcp.psfb.fmt", [1]),
        sample("FIR", |writer| {
            writer.full_intra_request(SSRC, &requests);
        })
        .expect("rtcp.psfb.fmt", [4])
        .expect("rtcp.psfb.fir.fci.ssrc", [MEDIA + 1, MEDIA + 2])
        .expect("rtcp.psfb.fir.fci.csn", [1, 2]),
    ]
}

fn estimates() -> Vec<Sample> {
    // Eighteen bits, and how far they are shifted.
    let rates = [
        (0, 0, 0),
        (262_143, 0, 262_143),
        (300_001, 1, 150_000),
        (3_000_000_000, 14, 183_105),
    ];
    let all = rates.into_iter().map(|(bitrate, exponent, mantissa)| {
        sample("REMB", |writer| {
            writer.remb(SSRC, bitrate, &[MEDIA, MEDIA + 1]);
        })
        .expect("rtcp.psfb.fmt", [15])
        .expect("rtcp.psfb.remb.identifier", ["REMB"])
        .expect("rtcp.psfb.remb.fci.number_ssrcs", [2])
        .expect("rtcp.psfb.remb.fci.br_exp", [exponent])
        .expect("rtcp.psfb.remb.fci.br_mantissa", [mantissa])
        .expect("rtcp.psfb.remb.fci.ssrc", [MEDIA, MEDIA + 1])
    });
    all.collect()
}

/// Arrivals in units of 250 µs, and what they make of chunks: runs, vectors of either width, padding.
fn transport_feedback() -> Vec<Sample> {
    let steady = |count: i64| (0..count).map(|at| Some(1000 + 4 * at)).collect::<Vec<_>>();
    let gaps = |every: i64| {
        (0..40)
            .map(|at| (at % every != 1).then_some(1000 + 4 * at))
            .collect()
    };
    let mixed = (0..30)
        .map(|at| (at % 4 != 1).then_some(1000 + 300 * (at / 3) - at))
        .collect();
    // Each with whether it needs padding to be a multiple of four bytes long.
    let all: [(Vec<Option<i64>>, bool); 8] = [
        (steady(1), true),
        (steady(2), false),
        (steady(3), true),
        (steady(40), true),
        (steady(9000), false),
        (gaps(2), true),
        (gaps(5), true),
        (mixed, true),
    ];
    let all = all.into_iter().zip(0..);
    let all = all.map(|((arrivals, is_padded), count): (_, u8)| {
        sample("transport-wide feedback", |writer| {
            let told = writer.transport_feedback((SSRC, MEDIA), count, 65_530, &arrivals);
            assert_eq!(
                told,
                arrivals.len(),
                "no time is too far from the one before"
            );
        })
        .expect("rtcp.rtpfb.fmt", [15])
        .expect("rtcp.padding", [u8::from(is_padded)])
        .expect("rtcp.rtpfb.transportcc.baseseq", [65_530])
        .expect("rtcp.rtpfb.transportcc.statuscount", [arrivals.len()])
        .expect("rtcp.rtpfb.transportcc.reftime", [1000 / 256])
        .expect("rtcp.rtpfb.transportcc.pktcount", [count])
        .expect("rtcp.rtpfb.transportcc.recv_delta", deltas(&arrivals))
    });
    all.collect()
}

/// From one arrival to the next, the first from a multiple of 64 ms: a byte, or two with a sign.
fn deltas(arrivals: &[Option<i64>]) -> impl Iterator<Item = u16> + use<'_> {
    let mut before = 1000 / 256 * 256;
    arrivals.iter().flatten().map(move |arrival| {
        let delta = *arrival - before;
        before = *arrival;
        delta as u16
    })
}

fn congestion_feedback() -> Vec<Sample> {
    let metric = |arrival_offset| {
        Some(PacketMetric {
            ecn: 1,
            arrival_offset,
        })
    };
    let all = [0, 1, 2, 3].map(|count| {
        sample("RFC 8888 feedback (as unknown feedback)", |writer| {
            writer.congestion_feedback(SSRC, 0x1234_5678, |streams| {
                streams.stream(
                    MEDIA,
                    65_535,
                    [metric(1), None, metric(3)].into_iter().take(count),
                );
                streams.stream(MEDIA + 1, 7, [metric(PacketMetric::UNAVAILABLE)]);
            });
        })
        .expect("rtcp.senderssrc", [SSRC])
        .expect("rtcp.rtpfb.fmt", [11])
    });
    all.into()
}

fn compounds() -> Vec<Sample> {
    vec![
        sample("compound: everything", |writer| {
            writer
                .sender_report(SSRC, &info(), &blocks(2))
                .source_description(SSRC, &[(ItemKind::CNAME, "cname")])
                .extended_report(SSRC, Some(now()), &[Dlrr::default()])
                .nack(SSRC, MEDIA, [1, 2, 3])
                .picture_loss(SSRC, MEDIA)
                .full_intra_request(
                    SSRC,
                    &[IntraRequest {
                        ssrc: MEDIA,
                        sequence: 1,
                    }],
                )
                .remb(SSRC, 1_000_000, &[MEDIA])
                .application(0, SSRC, *b"TIDE", b"data")
                .goodbye(&[SSRC], Some("over"));
        }),
        sample("compound: receiver report and feedback", |writer| {
            writer
                .receiver_report(SSRC, &blocks(1))
                .source_description(SSRC, &[(ItemKind::CNAME, "cname")]);
            writer.transport_feedback((SSRC, MEDIA), 1, 1, &[Some(5), None, Some(9)]);
        }),
        sample("reduced size: NACK and PLI", |writer| {
            writer.nack(SSRC, MEDIA, [1]).picture_loss(SSRC, MEDIA);
        }),
    ]
}
