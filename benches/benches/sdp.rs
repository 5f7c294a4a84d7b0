//! Reading and writing an offer of the size that a browser makes for audio, video and data.

use std::fmt::Write;
use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use tidewire_sdp::{Attribute, H264Parameters, SessionDescription};

const CANDIDATES: usize = 4;
const AUDIO_CODECS: usize = 8;
const VIDEO_CODECS: usize = 32;
const EXTENSIONS: usize = 10;

fn sdp(criterion: &mut Criterion) {
    let text = offer();
    let offer = SessionDescription::parse(&text).expect("a good offer");
    assert_eq!(offer.to_string(), text, "nothing is lost");
    let mut group = criterion.benchmark_group("sdp");
    group.throughput(Throughput::Bytes(text.len() as u64));
    group.bench_function("parse", |bencher| {
        bencher.iter(|| SessionDescription::parse(black_box(&text)));
    });
    group.bench_function("parse and read every value", |bencher| {
        bencher.iter(|| checksum(&SessionDescription::parse(black_box(&text)).expect("good")));
    });
    let mut out = String::with_capacity(text.len());
    group.bench_function("write", |bencher| {
        bencher.iter(|| {
            out.clear();
            write!(out, "{offer}")
        });
    });
    group.finish();
}

fn captured(criterion: &mut Criterion) {
    let text = include_str!("../../crates/sdp/testdata/chromium-156-offer-audio-video-data.sdp");
    let mut group = criterion.benchmark_group("sdp of a browser");
    group.throughput(Throughput::Bytes(text.len() as u64));
    group.bench_function("parse and read every value", |bencher| {
        bencher.iter(|| checksum(&SessionDescription::parse(black_box(text)).expect("good")));
    });
    group.finish();
}

/// Every typed value goes into the sum, so that reading later would gain nothing.
fn checksum(description: &SessionDescription) -> u64 {
    let mut sum = description.media.len() as u64;
    let mut add = |number: u64| sum = sum.wrapping_mul(31).wrapping_add(number);
    for media in &description.media {
        for format in media.payload_formats() {
            add(format.rtpmap.map_or(0, |map| map.clock_rate.into()));
            let is_h264 = format.rtpmap.is_some_and(|map| map.is("H264"));
            if let Some(read) = H264Parameters::read(format.parameters()).filter(|_| is_h264) {
                add(read.profile_level_id.level_idc.into());
            }
        }
        for attribute in &media.attributes {
            match attribute {
                Attribute::RtpMap(map) => add(map.encoding.len() as u64),
                Attribute::Fmtp(fmtp) => add(fmtp.parameters().count() as u64),
                Attribute::RtcpFeedback(stated) => add(stated.payload_type.map_or(255, u64::from)),
                Attribute::ExtMap(map) => add(u64::from(map.id) + map.uri.len() as u64),
                Attribute::Ssrc(ssrc) => add(ssrc.id.into()),
                Attribute::SsrcGroup(group) => add(group.ids.iter().copied().map(u64::from).sum()),
                Attribute::Candidate(text) => add(text.len() as u64),
                other => add(other.name().len() as u64),
            }
        }
    }
    sum
}

fn offer() -> String {
    let mut lines = vec![
        "v=0".to_owned(),
        "o=- 4215775240449105457 2 IN IP4 127.0.0.1".to_owned(),
        "s=-".to_owned(),
        "t=0 0".to_owned(),
        "a=group:BUNDLE 0 1 2".to_owned(),
        "a=extmap-allow-mixed".to_owned(),
        "a=msid-semantic: WMS stream".to_owned(),
    ];
    lines.extend(media("audio", 0, AUDIO_CODECS));
    lines.extend(media("video", 1, VIDEO_CODECS));
    lines.push("m=application 9 UDP/DTLS/SCTP webrtc-datachannel".to_owned());
    lines.extend(transport(2));
    lines.push("a=sctp-port:5000".to_owned());
    lines.push("a=max-message-size:262144".to_owned());
    lines.into_iter().map(|line| line + "\r\n").collect()
}

fn media(kind: &str, mid: usize, codecs: usize) -> Vec<String> {
    let payload_types = 96..96 + codecs;
    let formats: Vec<_> = payload_types.clone().map(|it| it.to_string()).collect();
    let mut lines = vec![format!(
        "m={kind} 9 UDP/TLS/RTP/SAVPF {}",
        formats.join(" ")
    )];
    lines.extend(transport(mid));
    lines.extend((1..=EXTENSIONS).map(|id| {
        format!("a=extmap:{id} http://www.webrtc.org/experiments/rtp-hdrext/extension-{id}")
    }));
    lines.push("a=sendrecv".to_owned());
    lines.push(format!("a=msid:stream {kind}"));
    lines.push("a=rtcp-mux".to_owned());
    for codec in payload_types {
        lines.push(format!("a=rtpmap:{codec} codec-{codec}/90000"));
        lines.push(format!("a=rtcp-fb:{codec} transport-cc"));
        lines.push(format!("a=rtcp-fb:{codec} nack pli"));
        lines.push(format!(
            "a=fmtp:{codec} level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f"
        ));
    }
    lines.push(format!("a=ssrc:{} cname:user", 1000 + mid));
    lines
}

fn transport(mid: usize) -> Vec<String> {
    let mut lines = vec!["c=IN IP4 0.0.0.0".to_owned()];
    lines.extend((1..=CANDIDATES).map(|number| {
        format!(
            "a=candidate:{number} 1 udp 2113937151 192.0.2.{number} 5000{number} typ host \
             generation 0 network-cost 999"
        )
    }));
    lines.extend([
        "a=ice-ufrag:4ZcD".to_owned(),
        "a=ice-pwd:2/1muCWoOi3uLifh0NuRHlQz".to_owned(),
        "a=ice-options:trickle".to_owned(),
        format!("a=fingerprint:sha-256 {}", ["7B"; 32].join(":")),
        "a=setup:actpass".to_owned(),
        format!("a=mid:{mid}"),
    ]);
    lines
}

criterion_group!(benches, sdp, captured);
criterion_main!(benches);
