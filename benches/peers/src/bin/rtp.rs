//! Reads the same RTP header and the same compound RTCP packet with Tidewire, rtc and str0m, every field of
//! them, and prints how long each takes.

use std::time::Instant;

use bytes::Bytes;
use clap::Parser;
use rtc::rtcp as theirs;
use rtc::rtp::extension::abs_send_time_extension::AbsSendTimeExtension;
use rtc::rtp::extension::audio_level_extension::AudioLevelExtension;
use rtc::rtp::extension::transport_cc_extension::TransportCcExtension;
use rtc::shared::marshal::Unmarshal;
use str0m::rtp::{Extension as TheirExtension, ExtensionMap as TheirMap, RtpHeader};
use tidewire::rtp::extension::{
    AbsSendTime, AudioLevel, Extension, ExtensionKind, ExtensionMap, Form, Mid,
    TransportSequenceNumber,
};
use tidewire::rtp::rtcp::{self, ItemKind, ReportBlock, SenderInfo, Writer};
use tidewire::rtp::{Header, NtpTime, Packet};

use measuring::turns::{Contender, compare};

#[derive(Parser)]
#[command(about = "Measures how long reading RTP headers and RTCP packets takes, in one run")]
struct Arguments {
    /// Readings in a round.
    #[arg(long, default_value_t = 200_000)]
    readings: u32,
    /// Rounds, of which the median counts. The stacks take turns.
    #[arg(long, default_value_t = 21)]
    rounds: usize,
    /// Measures only the stacks whose name begins so.
    #[arg(long)]
    only: Option<String>,
}

fn main() {
    let arguments = Arguments::parse();
    let packet = write_packet();
    let title = format!(
        "An RTP header with four extensions, of {} bytes",
        packet.len()
    );
    let read = [
        contender("Tidewire", &packet, tidewire_header()),
        contender("rtc", &packet, rtc_header),
        contender("str0m", &packet, str0m_header()),
    ];
    run(&arguments, &title, read);
    println!();
    let compound = write_compound();
    let title = format!("A compound RTCP packet of {} bytes", compound.len());
    let read = [
        contender("Tidewire", &compound, tidewire_compound),
        contender("rtc", &compound, rtc_compound),
        contender("str0m, its feedback split up", &compound, str0m_compound),
    ];
    run(&arguments, &title, read);
}

fn run<const N: usize>(arguments: &Arguments, title: &str, contenders: [Contender; N]) {
    let wanted = |contender: &Contender| {
        let mut only = arguments.only.iter();
        only.all(|only| contender.name().starts_with(only))
    };
    let mut contenders: Vec<_> = contenders.into_iter().filter(wanted).collect();
    compare(title, &mut contenders, arguments.rounds, arguments.readings);
}

fn contender(
    name: &str,
    bytes: &Bytes,
    mut read: impl FnMut(&Bytes) -> u64 + 'static,
) -> Contender {
    let bytes = bytes.clone();
    Contender::new(name, move || read(std::hint::black_box(&bytes)))
}

/// With the extensions of a browser's audio.
fn write_packet() -> Bytes {
    let header = Header {
        marker: true,
        payload_type: 111,
        sequence_number: 4711,
        timestamp: 960,
        ssrc: 0x1234_5678,
    };
    let mut out = Vec::new();
    let mut writer = header.write(&mut out, &[], Form::OneByte);
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
    out.into()
}

fn tidewire_header() -> impl FnMut(&Bytes) -> u64 {
    let mut map = ExtensionMap::new();
    map.insert(1, ExtensionKind::AudioLevel);
    map.insert(2, ExtensionKind::AbsSendTime);
    map.insert(3, ExtensionKind::TransportSequenceNumber);
    map.insert(4, ExtensionKind::Mid);
    move |bytes| {
        let packet = Packet::parse(bytes).expect("a packet");
        let header = packet.header();
        let mut sum = sum_of(
            header.marker,
            header.payload_type,
            header.sequence_number,
            header.timestamp ^ header.ssrc,
        );
        for (id, value) in packet.extensions() {
            sum += match map.kind(id) {
                Some(ExtensionKind::AudioLevel) => AudioLevel::decode(value)
                    .map_or(0, |level| u64::from(level.level) + u64::from(level.voice)),
                Some(ExtensionKind::AbsSendTime) => {
                    AbsSendTime::decode(value).map_or(0, |time| u64::from(time.0))
                }
                Some(ExtensionKind::TransportSequenceNumber) => {
                    TransportSequenceNumber::decode(value)
                        .map_or(0, |number| u64::from(number.sequence))
                }
                Some(ExtensionKind::Mid) => Mid::decode(value).map_or(0, |mid| mid.0.len() as u64),
                _ => 0,
            };
        }
        sum + packet.payload().len() as u64
    }
}

fn sum_of(marker: bool, payload_type: u8, sequence: u16, words: u32) -> u64 {
    u64::from(marker) + u64::from(payload_type) + u64::from(sequence) + u64::from(words)
}

fn rtc_header(bytes: &Bytes) -> u64 {
    let packet = rtc::rtp::Packet::unmarshal(&mut bytes.clone()).expect("a packet");
    let header = &packet.header;
    let sum = sum_of(
        header.marker,
        header.payload_type,
        header.sequence_number,
        header.timestamp ^ header.ssrc,
    );
    let mut level = header.get_extension(1).expect("a level");
    let level = AudioLevelExtension::unmarshal(&mut level).expect("a level");
    let mut time = header.get_extension(2).expect("a time");
    let time = AbsSendTimeExtension::unmarshal(&mut time).expect("a time");
    let mut number = header.get_extension(3).expect("a number");
    let number = TransportCcExtension::unmarshal(&mut number).expect("a number");
    let mid = header.get_extension(4).expect("a name");
    let mid = std::str::from_utf8(&mid).expect("a name");
    let levels = u64::from(level.level) + u64::from(level.voice);
    let numbers = time.timestamp + u64::from(number.transport_sequence);
    sum + levels + numbers + mid.len() as u64 + packet.payload.len() as u64
}

fn str0m_header() -> impl FnMut(&Bytes) -> u64 {
    let mut map = TheirMap::empty();
    map.set(1, TheirExtension::AudioLevel);
    map.set(2, TheirExtension::AbsoluteSendTime);
    map.set(3, TheirExtension::TransportSequenceNumber);
    map.set(4, TheirExtension::RtpMid);
    let start = Instant::now();
    move |bytes| {
        let header = RtpHeader::_parse(bytes, &map).expect("a header");
        let sum = sum_of(
            header.marker,
            *header.payload_type,
            header.sequence_number,
            header.timestamp ^ *header.ssrc,
        );
        let values = &header.ext_vals;
        let level = values.audio_level.map_or(0, |level| u64::from(level as u8));
        let voice = u64::from(values.voice_activity == Some(true));
        let sent = values.abs_send_time.expect("a time");
        let sent = start.saturating_duration_since(sent).subsec_nanos();
        let number = values.transport_cc.map_or(0, u64::from);
        let mid = values.mid.map_or(0, |mid| mid.len() as u64);
        let payload = (bytes.len() - header.header_len) as u64;
        sum + level + voice + u64::from(sent) + number + mid + payload
    }
}

/// Of 128 bytes, as a browser sends them.
fn write_compound() -> Bytes {
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
    let mut out = Vec::new();
    Writer::new(&mut out)
        .sender_report(1, &info, &[block])
        .source_description(1, &[(ItemKind::CNAME, "0123456789abcdefghij")])
        .nack(1, 7, [100, 101, 105, 200])
        .remb(1, 2_500_000, &[7]);
    assert_eq!(out.len(), 128);
    out.into()
}

fn tidewire_compound(bytes: &Bytes) -> u64 {
    let packets = rtcp::Packets::new(bytes).map(|packet| packet.expect("a good packet"));
    let sums = packets.map(|packet| match packet {
        rtcp::Packet::SenderReport(report) => {
            let info = report.info;
            let sent = info.packets ^ info.octets ^ info.rtp_timestamp ^ report.ssrc;
            let blocks: u64 = report.reports.iter().map(sum_of_block).sum();
            u64::from(sent) ^ info.ntp_time.0 ^ blocks
        }
        rtcp::Packet::SourceDescription(description) => {
            let chunks = description.chunks();
            let items = chunks.flat_map(|chunk| chunk.items());
            let sums = items.map(|(kind, text)| u64::from(kind.0) + text.len() as u64);
            sums.sum()
        }
        rtcp::Packet::Nack(nack) => {
            let numbers: u64 = nack.sequence_numbers().map(u64::from).sum();
            u64::from(nack.sender_ssrc ^ nack.media_ssrc) ^ numbers
        }
        rtcp::Packet::Remb(remb) => {
            let ssrcs = remb.ssrcs().fold(remb.sender_ssrc, |all, ssrc| all ^ ssrc);
            remb.bitrate ^ u64::from(ssrcs)
        }
        _ => 0,
    });
    sums.sum()
}

fn sum_of_block(block: ReportBlock) -> u64 {
    let words = block.ssrc ^ block.highest_sequence ^ block.jitter;
    let times = block.last_sender_report ^ block.delay_since_last_sender_report;
    u64::from(words ^ times ^ block.packets_lost as u32) + u64::from(block.fraction_lost)
}

fn rtc_compound(bytes: &Bytes) -> u64 {
    use theirs::payload_feedbacks::receiver_estimated_maximum_bitrate::ReceiverEstimatedMaximumBitrate;
    use theirs::sender_report::SenderReport;
    use theirs::source_description::SourceDescription;
    use theirs::transport_feedbacks::transport_layer_nack::TransportLayerNack;
    let packets = theirs::packet::unmarshal(&mut bytes.clone()).expect("good packets");
    let mut sum = 0;
    for packet in &packets {
        let packet = packet.as_any();
        sum += if let Some(report) = packet.downcast_ref::<SenderReport>() {
            let sent = report.packet_count ^ report.octet_count ^ report.rtp_time ^ report.ssrc;
            let blocks = report.reports.iter().map(|block| {
                let words = block.ssrc ^ block.last_sequence_number ^ block.jitter;
                let times = block.last_sender_report ^ block.delay;
                u64::from(words ^ times ^ block.total_lost) + u64::from(block.fraction_lost)
            });
            u64::from(sent) ^ report.ntp_time ^ blocks.sum::<u64>()
        } else if let Some(description) = packet.downcast_ref::<SourceDescription>() {
            let items = description.chunks.iter().flat_map(|chunk| &chunk.items);
            let sums = items.map(|item| item.sdes_type as u64 + item.text.len() as u64);
            sums.sum()
        } else if let Some(nack) = packet.downcast_ref::<TransportLayerNack>() {
            let numbers = nack.nacks.iter().flat_map(|pair| pair.packet_list());
            let numbers: u64 = numbers.map(u64::from).sum();
            u64::from(nack.sender_ssrc ^ nack.media_ssrc) ^ numbers
        } else if let Some(remb) = packet.downcast_ref::<ReceiverEstimatedMaximumBitrate>() {
            let ssrcs = remb
                .ssrcs
                .iter()
                .fold(remb.sender_ssrc, |all, ssrc| all ^ ssrc);
            remb.bitrate as u64 ^ u64::from(ssrcs)
        } else {
            0
        };
    }
    sum
}

/// All of its reader that can be reached from outside: it reads the compound, and splits it into what its
/// streams take.
fn str0m_compound(bytes: &Bytes) -> u64 {
    u64::from(str0m::_internal_test_exports::fuzz::rtcp(bytes).is_some())
}
