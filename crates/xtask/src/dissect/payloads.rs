//! What tshark has to see in the payloads that it knows.

use tidewire_rtp::payload::{TelephoneEvent, vp8};

use super::sample::{Excuse, hex, list};
use super::tshark::{EVENT, H264, OPUS, VP8};

/// NAL unit types of RFC 6184 section 5.2.
const STAP_A: u8 = 24;
const FU_A: u8 = 28;

/// Fields with their values.
pub(super) fn expected(protocol: &str, payload: &[u8]) -> Vec<(&'static str, String)> {
    if protocol == VP8.1 {
        of_vp8(payload)
    } else if protocol == H264.1 {
        of_h264(payload)
    } else if protocol == OPUS.1 {
        of_opus(payload)
    } else if protocol == EVENT.1 {
        of_event(payload)
    } else {
        Vec::new()
    }
}

/// What it says about payloads that are right.
pub(super) fn excuses(protocol: &str, payload: &[u8]) -> Vec<Excuse> {
    let decodes_no_slices = Excuse {
        complaint: "[Not decoded yet]",
        reason: "of a slice, the dissector reads the beginning",
    };
    let reads_past_the_end = Excuse {
        complaint: "Malformed Packet (Exception occurred)",
        reason: "the first partition ends where the packet does, as it may (RFC 7741 section 4.4); the \
                 dissector reads on, though not when there is a byte more or less",
    };
    if protocol == H264.1 {
        vec![decodes_no_slices]
    } else if protocol == VP8.1 && ends_with_first_partition(payload) {
        vec![reads_past_the_end]
    } else {
        Vec::new()
    }
}

fn of_vp8(payload: &[u8]) -> Vec<(&'static str, String)> {
    let (descriptor, bitstream) = vp8::Descriptor::parse(payload).expect("we wrote it");
    let id = descriptor.picture_id.map(vp8::PictureId::value);
    let mut expected = vec![
        ("vp8.pld.s", u8::from(descriptor.begins_frame).to_string()),
        ("vp8.pld.partid", descriptor.partition.to_string()),
        ("vp8.pld.pictureid", list(id)),
    ];
    if vp8::starts_key_frame(payload) {
        let word = |at: usize| u16::from_le_bytes([bitstream[at], bitstream[at + 1]]) & 0x3fff;
        expected.push(("vp8.keyframe.width", word(6).to_string()));
        expected.push(("vp8.keyframe.height", word(8).to_string()));
    }
    expected
}

/// Whether the payload holds the frame header and the first partition and nothing else (RFC 6386 section
/// 9.1).
fn ends_with_first_partition(payload: &[u8]) -> bool {
    let Some((descriptor, bitstream)) = vp8::Descriptor::parse(payload) else {
        return false;
    };
    let [a, b, c, ..] = *bitstream else {
        return false;
    };
    let size = u32::from_le_bytes([a, b, c, 0]) >> 5;
    let header_len = if a & 1 == 0 { 10 } else { 3 };
    descriptor.begins_frame && bitstream.len() == header_len + size as usize
}

fn of_h264(payload: &[u8]) -> Vec<(&'static str, String)> {
    let kind = payload[0] & 0x1f;
    if kind == FU_A {
        let flag = |bit: u8| u8::from(payload[1] & bit != 0).to_string();
        return vec![
            ("h264.nal_unit_hdr", kind.to_string()),
            ("h264.start.bit", flag(0x80)),
            ("h264.end.bit", flag(0x40)),
            ("h264.nal_unit_type", (payload[1] & 0x1f).to_string()),
        ];
    }
    let mut kinds = vec![kind];
    if kind == STAP_A {
        let mut rest = &payload[1..];
        while let Some((size, after)) = rest.split_first_chunk() {
            kinds.push(after[0] & 0x1f);
            rest = &after[usize::from(u16::from_be_bytes(*size))..];
        }
    }
    vec![("h264.nal_unit_hdr", list(kinds))]
}

/// RFC 6716 section 3.1.
fn of_opus(payload: &[u8]) -> Vec<(&'static str, String)> {
    let toc = payload[0];
    let mut expected = vec![
        ("opus.TOC.config", (toc >> 3).to_string()),
        ("opus.TOC.s", (toc >> 2 & 1).to_string()),
        ("opus.TOC.c", (toc & 3).to_string()),
    ];
    if toc & 3 == 0 {
        expected.push(("opus.frame_data", hex(&payload[1..])));
    }
    expected
}

fn of_event(payload: &[u8]) -> Vec<(&'static str, String)> {
    let told = TelephoneEvent::parse(payload).expect("we wrote it");
    vec![
        ("rtpevent.event_id", told.event.to_string()),
        ("rtpevent.end_of_event", u8::from(told.is_end).to_string()),
        ("rtpevent.volume", told.volume.to_string()),
        ("rtpevent.duration", told.duration.to_string()),
    ]
}
