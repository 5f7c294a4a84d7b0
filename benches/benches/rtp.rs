//! Reading RTP headers and RTCP packets into typed fields, every one of them.

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use tidewire_rtp::extension::{
    AbsSendTime, AudioLevel, Extension, ExtensionKind, ExtensionMap, Form, Mid,
    TransportSequenceNumber,
};
use tidewire_rtp::rtcp::{self, ItemKind, ReportBlock, SenderInfo, Writer};
use tidewire_rtp::{Header, NtpTime, Packet};

fn extensions() -> ExtensionMap {
    let mut map = ExtensionMap::new();
    map.insert(1, ExtensionKind::AudioLevel);
    map.insert(2, ExtensionKind::AbsSendTime);
    map.insert(3, ExtensionKind::TransportSequenceNumber);
    map.insert(4, ExtensionKind::Mid);
    map
}

fn write_packet(out: &mut Vec<u8>) {
    let header = Header {
        marker: true,
        payload_type: 111,
        sequence_number: 4711,
        timestamp: 960,
        ssrc: 0x1234_5678,
    };
    let mut writer = header.write(out, &[], Form::OneByte);
    let level = AudioLevel {
        voice: true,
        level: 30,
    };
    writer
        .extension(1, &level)
        .extension(2, &AbsSendTime(0x12_3456))
        .extension(3, &TransportSequenceNumber::from(7))
        .extension(4, &Mid("0"));
    writer.payload().extend_from_slice(&[0; 160]);
}

/// All that the header tells, typed.
#[derive(Debug)]
struct Fields<'a> {
    header: Header,
    level: Option<AudioLevel>,
    sent: Option<AbsSendTime>,
    number: Option<TransportSequenceNumber>,
    mid: Option<Mid<'a>>,
    payload: &'a [u8],
}

fn read_packet<'a>(bytes: &'a [u8], map: &ExtensionMap) -> Option<Fields<'a>> {
    let packet = Packet::parse(bytes).ok()?;
    let mut fields = Fields {
        header: packet.header(),
        level: None,
        sent: None,
        number: None,
        mid: None,
        payload: packet.payload(),
    };
    for (id, value) in packet.extensions() {
        match map.kind(id) {
            Some(ExtensionKind::AudioLevel) => fields.level = AudioLevel::decode(value),
            Some(ExtensionKind::AbsSendTime) => fields.sent = AbsSendTime::decode(value),
            Some(ExtensionKind::TransportSequenceNumber) => {
                fields.number = TransportSequenceNumber::decode(value);
            }
            Some(ExtensionKind::Mid) => fields.mid = Mid::decode(value),
            _ => {}
        }
    }
    Some(fields)
}

/// Of 128 bytes, as a browser sends them.
fn write_compound(out: &mut Vec<u8>) {
    let info = SenderInfo {
        ntp_time: NtpTime(0x1234_5678_9abc_def0),
        rtp_timestamp: 90_000,
        packets: 1000,
        octets: 1_000_000,
    };
    let block = ReportBlock {
        ssrc: 7,
        highest_sequence: 70_000,
        ..ReportBlock::default()
    };
    Writer::new(out)
        .sender_report(1, &info, &[block])
        .source_description(1, &[(ItemKind::CNAME, "0123456789abcdefghij")])
        .nack(1, 7, [100, 101, 105, 200])
        .remb(1, 2_500_000, &[7]);
}

/// Reads every field and counts on, so that none can be left out.
fn read_compound(bytes: &[u8]) -> u64 {
    let mut sum = 0;
    for packet in rtcp::Packets::new(bytes).flatten() {
        sum += match packet {
            rtcp::Packet::SenderReport(report) => {
                let info = report.info;
                let sent = u64::from(info.packets ^ info.octets ^ info.rtp_timestamp);
                sent ^ info.ntp_time.0 ^ report.reports.iter().map(fold).sum::<u64>()
            }
            rtcp::Packet::SourceDescription(description) => {
                let chunks = description.chunks();
                let items = chunks.flat_map(|chunk| chunk.items());
                items
                    .map(|(kind, text)| u64::from(kind.0) + text.len() as u64)
                    .sum()
            }
            rtcp::Packet::Nack(nack) => {
                let ssrcs = nack.sender_ssrc ^ nack.media_ssrc;
                u64::from(ssrcs) ^ nack.sequence_numbers().map(u64::from).sum::<u64>()
            }
            rtcp::Packet::Remb(remb) => {
                let ssrcs = remb.ssrcs().fold(remb.sender_ssrc, |all, ssrc| all ^ ssrc);
                remb.bitrate ^ u64::from(ssrcs)
            }
            _ => 0,
        };
    }
    sum
}

fn fold(block: ReportBlock) -> u64 {
    let words = block.ssrc ^ block.highest_sequence ^ block.jitter;
    let times = block.last_sender_report ^ block.delay_since_last_sender_report;
    u64::from(words ^ times ^ block.packets_lost as u32) + u64::from(block.fraction_lost)
}

fn rtp(criterion: &mut Criterion) {
    let (mut packet, map) = (Vec::new(), extensions());
    write_packet(&mut packet);
    criterion.bench_function("rtp/read a header with four extensions", |bencher| {
        bencher.iter(|| {
            let fields = read_packet(black_box(&packet), &map).expect("a packet");
            black_box((fields.header, fields.level, fields.sent, fields.number));
            black_box((fields.mid, fields.payload.len()));
        });
    });
    criterion.bench_function("rtp/write a header with four extensions", |bencher| {
        bencher.iter(|| {
            packet.clear();
            write_packet(black_box(&mut packet));
        });
    });
    let mut compound = Vec::new();
    write_compound(&mut compound);
    assert_eq!(compound.len(), 128, "the size that it is compared at");
    criterion.bench_function("rtcp/read a compound packet of 128 bytes", |bencher| {
        bencher.iter(|| black_box(read_compound(black_box(&compound))));
    });
    criterion.bench_function("rtcp/write a compound packet of 128 bytes", |bencher| {
        bencher.iter(|| {
            compound.clear();
            write_compound(black_box(&mut compound));
        });
    });
}

criterion_group!(benches, rtp);
criterion_main!(benches);
