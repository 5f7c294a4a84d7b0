//! Every value is read as it was written, and any bytes are read or refused.

use hex_literal::hex;
use proptest::collection::vec;
use proptest::prelude::*;

use super::*;
use crate::NtpTime;

fn encoded<'a>(value: &impl Extension<'a>) -> Vec<u8> {
    let mut out = vec![0xaa];
    value.encode(&mut out);
    assert_eq!(out.remove(0), 0xaa);
    out
}

/// Writes `value`, compares with `bytes`, reads it back, and cuts it short at every length.
macro_rules! assert_bytes {
    ($type:ty, $value:expr, $bytes:expr) => {{
        let (value, bytes): ($type, Vec<u8>) = ($value, $bytes.to_vec());
        assert_eq!(encoded(&value), bytes);
        assert_eq!(<$type>::decode(&bytes), Some(value));
        for len in 0..bytes.len() {
            let _ = <$type>::decode(&bytes[..len]);
        }
    }};
}

#[test]
fn values_of_fixed_size_stand_as_they_are_specified() {
    assert_bytes!(Mid, Mid("video"), b"video");
    assert_bytes!(
        AudioLevel,
        AudioLevel {
            voice: true,
            level: 30
        },
        [0x9e]
    );
    assert_bytes!(AbsSendTime, AbsSendTime(0x12_3456), hex!("123456"));
    assert_bytes!(TransmissionOffset, TransmissionOffset(-2), hex!("fffffe"));
    assert_bytes!(TransmissionOffset, TransmissionOffset(5), hex!("000005"));
    assert_bytes!(TransportSequenceNumber, 0x1234.into(), hex!("1234"));
    let orientation = VideoOrientation {
        is_back_camera: true,
        is_flipped: false,
        quarter_turns: 3,
    };
    assert_bytes!(VideoOrientation, orientation, [0x0b]);
    assert_bytes!(
        PlayoutDelay,
        PlayoutDelay {
            min: 0x123,
            max: 0x456
        },
        hex!("123456")
    );
    assert_bytes!(VideoContentType, VideoContentType::SCREENSHARE, [1]);
}

#[test]
fn the_second_version_of_transport_sequence_numbers_asks_for_feedback() {
    let request = FeedbackRequest {
        with_times: true,
        packets: 5,
    };
    let value = TransportSequenceNumber {
        sequence: 1,
        request: Some(request),
    };
    assert_bytes!(TransportSequenceNumber, value, hex!("0001 8005"));
    let without = TransportSequenceNumber::decode(&hex!("0001 0000"));
    assert_eq!(without, Some(1.into()));
}

#[test]
fn a_capture_time_has_the_offset_of_the_clock_or_not() {
    let captured = NtpTime(0x0102_0304_0506_0708);
    let alone = AbsCaptureTime {
        captured,
        clock_offset: None,
    };
    assert_bytes!(AbsCaptureTime, alone, hex!("0102030405060708"));
    let with_offset = AbsCaptureTime {
        captured,
        clock_offset: Some(-1),
    };
    assert_bytes!(
        AbsCaptureTime,
        with_offset,
        hex!("0102030405060708 ffffffffffffffff")
    );
}

#[test]
fn timing_and_colour_stand_as_they_are_specified() {
    let timing = VideoTiming {
        triggers: 1,
        encode_start: 2,
        network2: 3,
        ..Default::default()
    };
    assert_bytes!(
        VideoTiming,
        timing,
        hex!("01 0002 0000 0000 0000 0000 0003")
    );
    let mut color = ColorSpace {
        primaries: 9,
        transfer: 16,
        matrix: 9,
        range: 1,
        chroma_siting_horizontal: 2,
        chroma_siting_vertical: 1,
        hdr: None,
    };
    assert_bytes!(ColorSpace, color, hex!("09 10 09 19"));
    color.hdr = Some(HdrMetadata {
        luminance_max: 1000,
        ..HdrMetadata::default()
    });
    assert_eq!(encoded(&color).len(), 28);
    assert_eq!(ColorSpace::decode(&encoded(&color)), Some(color));
}

#[test]
fn an_allocation_without_layers_is_one_byte() {
    assert_bytes!(VideoLayersAllocation, VideoLayersAllocation::default(), [0]);
}

#[test]
fn an_allocation_of_equal_streams_shares_their_mask() {
    let layer = |stream| SpatialLayer {
        stream,
        spatial_id: 0,
        rates: vec![100, 200],
        resolution: Some((320, 180, 30)),
    };
    let allocation = VideoLayersAllocation {
        stream: 1,
        streams: 2,
        layers: vec![layer(0), layer(1)],
    };
    let bytes = hex!("51 50 64c801 64c801 013f00b31e 013f00b31e");
    assert_bytes!(VideoLayersAllocation, allocation, bytes);
}

fn allocations() -> impl Strategy<Value = VideoLayersAllocation> {
    let rates = || vec(0u64..1 << 40, 1..=4);
    let layer = (
        any::<bool>(),
        rates(),
        (1u32..=65536, 1u32..=65536, any::<u8>()),
    );
    (0u8..4, 1u8..=4, vec(vec(layer, 4), 4), any::<bool>()).prop_map(
        |(stream, streams, all, has_resolution)| {
            let mut layers = Vec::new();
            for (stream, all) in (0..streams).zip(all) {
                for (spatial_id, (is_active, rates, resolution)) in (0..).zip(all) {
                    let resolution = has_resolution.then_some(resolution);
                    let layer = SpatialLayer {
                        stream,
                        spatial_id,
                        rates,
                        resolution,
                    };
                    layers.extend(is_active.then_some(layer));
                }
            }
            VideoLayersAllocation {
                stream,
                streams,
                layers,
            }
        },
    )
}

proptest! {
    #[test]
    fn allocations_are_read_as_they_were_written(allocation in allocations()) {
        let bytes = encoded(&allocation);
        // Nothing active in the first of one stream reads as no stream.
        prop_assume!(bytes[0] != 0 || bytes.len() > 1);
        prop_assert_eq!(VideoLayersAllocation::decode(&bytes), Some(allocation));
    }

    #[test]
    fn any_bytes_are_read_or_refused_and_written_the_same(bytes in vec(any::<u8>(), 0..40)) {
        let bytes = &bytes[..];
        fn again<'a, E: Extension<'a> + PartialEq + std::fmt::Debug>(bytes: &'a [u8]) {
            if let Some(value) = E::decode(bytes) {
                // What is written may be shorter: bits that mean nothing are not kept.
                let written: &'static [u8] = encoded(&value).leak();
                assert_eq!(E::decode(written).as_ref(), Some(&value));
            }
        }
        again::<Mid>(bytes);
        again::<Rid>(bytes);
        again::<RepairedRid>(bytes);
        again::<AudioLevel>(bytes);
        again::<AbsSendTime>(bytes);
        again::<AbsCaptureTime>(bytes);
        again::<TransmissionOffset>(bytes);
        again::<TransportSequenceNumber>(bytes);
        again::<VideoOrientation>(bytes);
        again::<PlayoutDelay>(bytes);
        again::<VideoContentType>(bytes);
        again::<VideoTiming>(bytes);
        again::<ColorSpace>(bytes);
        again::<VideoLayersAllocation>(bytes);
        again::<DependencyDescriptorBytes>(bytes);
    }
}
