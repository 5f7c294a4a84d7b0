//! Fuzz bodies: what `fuzz/` feeds with arbitrary bytes, and unit tests feed with some.

mod operations;
mod packets;

use std::sync::Arc;
use std::time::Instant;

use tidewire_crypto::Rng;
use tidewire_rtp::NtpTime;
use tidewire_rtp::extension::{ExtensionKind, ExtensionMap};
use tidewire_rtp::payload::Format;

use crate::config::{Codec, Config, Encoding, Feedback, MediaKind, ReceiverConfig, SenderConfig};
use crate::{Delivery, FixedRate, Session, WallClock};

pub use operations::media_operations;
pub use packets::media_packets;

/// The number of the first media section's codec; its repair has the next one.
const PAYLOAD_TYPE: u8 = 96;

const FORMATS: [Format; 6] = [
    Format::Vp9,
    Format::Vp8,
    Format::H264,
    Format::Av1,
    Format::Opus,
    Format::Opaque,
];

fn session(now: Instant, seed: u64) -> Session {
    let wall_clock = WallClock {
        instant: now,
        time: NtpTime(0xe800_0000_0000_0000),
    };
    let config = Config::new(wall_clock, format!("peer {seed}"));
    let rate = FixedRate {
        bitrate: 2_000_000,
        padding: seed % 2 * 100_000,
    };
    Session::new(config, Box::new(rate), Rng::from_u64(seed), now)
}

fn extensions() -> Arc<ExtensionMap> {
    let mut map = ExtensionMap::new();
    let kinds = [
        ExtensionKind::Mid,
        ExtensionKind::Rid,
        ExtensionKind::RepairedRid,
        ExtensionKind::AbsSendTime,
        ExtensionKind::AbsCaptureTime,
        ExtensionKind::TransportSequenceNumber,
        ExtensionKind::TransmissionOffset,
    ];
    for (id, kind) in (1..).zip(kinds) {
        map.insert(id, kind);
    }
    Arc::new(map)
}

fn codec(format: Format, payload_type: u8) -> Codec {
    Codec {
        payload_type,
        format,
        clock_rate: 90_000,
        rtx_payload_type: Some(payload_type + 1),
        feedback: Feedback {
            nack: true,
            picture_loss: true,
            full_intra_request: false,
            transport_wide: true,
            remb: true,
        },
    }
}

fn receiver(mid: u8, format: Format, delivery: Delivery) -> ReceiverConfig {
    ReceiverConfig {
        mid: mid.to_string(),
        kind: MediaKind::Video,
        codecs: vec![codec(format, PAYLOAD_TYPE), codec(Format::Opaque, 100)],
        extensions: extensions(),
        delivery,
        max_wait: None,
        streams: Vec::new(),
    }
}

fn sender(mid: u8, format: Format, ssrc: u32, is_active: bool) -> SenderConfig {
    let encoding = |(rid, ssrc): (&str, u32)| Encoding {
        ssrc,
        rtx_ssrc: Some(ssrc + 1),
        rid: Some(rid.to_owned()),
        is_active,
    };
    SenderConfig {
        mid: mid.to_string(),
        kind: MediaKind::Video,
        codec: codec(format, PAYLOAD_TYPE),
        extensions: extensions(),
        mixed_extensions: true,
        encodings: [("q", ssrc), ("f", ssrc + 2)].map(encoding).to_vec(),
        history: 64,
    }
}

/// Whatever has happened, a session comes to rest: once it has sent what is due, nothing is due.
fn assert_rests(session: &mut Session, now: Instant, mut sent: impl FnMut(Vec<u8>)) {
    for _ in 0..3 {
        let mut packet = Vec::new();
        while session.poll_rtcp(now, &mut packet) || session.poll_rtp(now, &mut packet) {
            let max = 1200 + Session::FORWARDING_SLACK;
            assert!(packet.len() <= max, "{} bytes", packet.len());
            sent(std::mem::take(&mut packet));
        }
        if session.poll_timeout(now).is_none_or(|due| due > now) {
            return;
        }
        session.handle_timeout(now);
    }
    panic!("a timer stays due");
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with_seeds(body: fn(Instant, &[u8])) {
        let now = tidewire_netsim::start();
        for seed in 0..60 {
            let mut rng = Rng::from_u64(seed);
            let mut data = vec![0; 1500];
            rng.fill(&mut data);
            body(now, &data);
            // Fewer operations, more often.
            data.iter_mut().for_each(|byte| *byte &= 0x3f);
            body(now, &data);
        }
    }

    #[test]
    fn packets_of_any_bytes_leave_a_session_at_rest() {
        with_seeds(media_packets);
    }

    #[test]
    fn operations_in_any_order_deliver_nothing_that_was_not_sent() {
        with_seeds(media_operations);
    }
}
