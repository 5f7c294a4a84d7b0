//! Values that are times.

use super::{Extension, ExtensionKind};
use crate::ntp::NtpTime;
use crate::take::{take_u8, take_u16, take_u24, take_u64};

/// When a packet was sent: seconds with 18 bits behind the point, of which 24 bits are kept, so that it
/// wraps every 64 s.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct AbsSendTime(pub u32);

impl AbsSendTime {
    /// How many steps a second has.
    pub const STEPS_PER_SECOND: u32 = 1 << 18;
}

impl From<NtpTime> for AbsSendTime {
    fn from(time: NtpTime) -> Self {
        Self((time.0 >> 14) as u32 & 0x00ff_ffff)
    }
}

impl Extension<'_> for AbsSendTime {
    const KIND: ExtensionKind = ExtensionKind::AbsSendTime;

    fn decode(mut value: &[u8]) -> Option<Self> {
        take_u24(&mut value).map(Self)
    }

    fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.0.to_be_bytes()[1..]);
    }
}

/// When the first frame in a packet was captured, by the clock of whoever captured it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct AbsCaptureTime {
    /// When.
    pub captured: NtpTime,
    /// What to add to get the time by the sender's clock, in units of 2^-32 s; the sender's estimate,
    /// when it has one.
    pub clock_offset: Option<i64>,
}

impl Extension<'_> for AbsCaptureTime {
    const KIND: ExtensionKind = ExtensionKind::AbsCaptureTime;

    fn decode(mut value: &[u8]) -> Option<Self> {
        Some(Self {
            captured: take_u64(&mut value).map(NtpTime)?,
            clock_offset: take_u64(&mut value).map(|offset| offset as i64),
        })
    }

    fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.captured.0.to_be_bytes());
        if let Some(offset) = self.clock_offset {
            out.extend_from_slice(&offset.to_be_bytes());
        }
    }
}

/// How long after the instant of its timestamp a packet was sent, RFC 5450: in ticks of its clock, 24
/// bits.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct TransmissionOffset(pub i32);

impl Extension<'_> for TransmissionOffset {
    const KIND: ExtensionKind = ExtensionKind::TransmissionOffset;

    fn decode(mut value: &[u8]) -> Option<Self> {
        let bits = take_u24(&mut value)?;
        // The sign is the highest of 24 bits.
        Some(Self((bits << 8) as i32 >> 8))
    }

    fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.0.to_be_bytes()[1..]);
    }
}

/// What a frame went through, each in milliseconds after its capture.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct VideoTiming {
    /// Why these times are told: bit 0 for a timer, bit 1 for the size of the frame.
    pub triggers: u8,
    /// Encoding began.
    pub encode_start: u16,
    /// Encoding ended.
    pub encode_finish: u16,
    /// Its packets were ready.
    pub packetization_finish: u16,
    /// The last one left the pacer.
    pub pacer_exit: u16,
    /// For those on the way to fill in.
    pub network: u16,
    /// For those on the way to fill in.
    pub network2: u16,
}

impl Extension<'_> for VideoTiming {
    const KIND: ExtensionKind = ExtensionKind::VideoTiming;

    fn decode(mut value: &[u8]) -> Option<Self> {
        let value = &mut value;
        Some(Self {
            triggers: take_u8(value)?,
            encode_start: take_u16(value)?,
            encode_finish: take_u16(value)?,
            packetization_finish: take_u16(value)?,
            pacer_exit: take_u16(value)?,
            network: take_u16(value)?,
            network2: take_u16(value)?,
        })
    }

    fn encode(&self, out: &mut Vec<u8>) {
        out.push(self.triggers);
        for delta in [
            self.encode_start,
            self.encode_finish,
            self.packetization_finish,
            self.pacer_exit,
            self.network,
            self.network2,
        ] {
            out.extend_from_slice(&delta.to_be_bytes());
        }
    }
}
