//! Putting access units together, RFC 6184 section 7.
//!
//! An access unit ends with the marker, or where the timestamp changes and nothing was lost. Where it
//! begins is not marked: after a loss, one is taken that begins with its first slice, or with a unit that
//! is no slice. So a message that was lost before a first slice is not missed. Parameter sets are: those of
//! before may differ, so that a key frame without any is withheld after a loss, unless the last one did
//! without. One whose sets never came is none that a decoder can begin with; they come with the media (RFC
//! 7742 section 6.2).

use bytes::Bytes;

use super::FrameInfo;
use super::parameter_sets::ParameterSets;
use super::sps::{is_first_slice, pps_of_slice};
use super::units::{FU_END, FU_START, IMPORTANCE, NalType, aggregated, nal_type};
use crate::payload::assembly::Assembly;
use crate::payload::depacketizer::{Depacketize, Frames, Packet};
use crate::payload::frame::Details;

/// Puts access units together.
#[derive(Debug, Default)]
pub(in crate::payload) struct H264Depacketizer {
    current: Option<AccessUnit>,
    sets: ParameterSets,
    /// Packets were lost: what comes next may lack its beginning.
    after_loss: bool,
    /// What is left of the access unit with this timestamp is of no use.
    skipped: Option<u32>,
    /// The last key frame relied on parameter sets that had come before.
    keys_lack_sets: bool,
}

/// An access unit in the making.
#[derive(Debug)]
struct AccessUnit {
    assembly: Assembly,
    has_idr: bool,
    has_sets: bool,
    /// The picture parameter set that its first refreshing slice refers to.
    pps: Option<u8>,
    /// A fragment has begun and not ended.
    is_open: bool,
    /// What stood before its first packet may be missing.
    follows_loss: bool,
}

const START_CODE: Bytes = Bytes::from_static(&[0, 0, 0, 1]);

/// A start code and the header of a unit, for each header that there can be.
static HEADERS: [[u8; 5]; 256] = {
    let mut headers = [[0, 0, 0, 1, 0]; 256];
    let mut header = 0;
    while header < 256 {
        headers[header][4] = header as u8;
        header += 1;
    }
    headers
};

impl Depacketize for H264Depacketizer {
    fn handle_packet(&mut self, packet: Packet, frames: &mut Frames) {
        let timestamp = packet.timestamp;
        if self
            .current
            .as_ref()
            .is_some_and(|unit| unit.assembly.timestamp != timestamp)
        {
            self.finish(frames);
        }
        if self.skipped.is_some_and(|skipped| skipped != timestamp) {
            self.skipped = None;
        }
        if self.skipped.is_none() {
            self.take(&packet, frames);
        }
        if packet.marker {
            self.finish(frames);
            self.skipped = None;
            self.after_loss = false;
        }
    }

    fn handle_loss(&mut self, frames: &mut Frames) {
        self.after_loss = true;
        if let Some(unit) = self.current.take() {
            self.skipped = Some(unit.assembly.timestamp);
            frames.count_dropped();
        }
    }
}

impl H264Depacketizer {
    fn take(&mut self, packet: &Packet, frames: &mut Frames) {
        if self.current.is_none() && self.after_loss && !may_begin(&packet.payload) {
            self.skipped = Some(packet.timestamp);
            frames.count_dropped();
            return;
        }
        let follows_loss = std::mem::take(&mut self.after_loss);
        let mut unit = self.current.take().map_or_else(
            || AccessUnit::new(packet, follows_loss),
            |mut unit| {
                unit.assembly.extend(packet);
                unit
            },
        );
        match unit.push(&packet.payload, &mut self.sets) {
            Pushed::Well => self.current = Some(unit),
            Pushed::TooLong => self.drop_current(packet.timestamp, frames),
            Pushed::Malformed => {
                frames.count_malformed();
                self.drop_current(packet.timestamp, frames);
            }
        }
    }

    fn drop_current(&mut self, timestamp: u32, frames: &mut Frames) {
        self.skipped = Some(timestamp);
        frames.count_dropped();
    }

    fn finish(&mut self, frames: &mut Frames) {
        let Some(mut unit) = self.current.take() else {
            return;
        };
        let lacks_sets = unit.has_idr && !unit.has_sets;
        let may_miss_sets = lacks_sets && unit.follows_loss && !self.keys_lack_sets;
        if unit.is_open || may_miss_sets {
            frames.count_dropped();
            return;
        }
        let is_key = unit.has_idr && (!lacks_sets || self.put_sets_before(&mut unit));
        if is_key {
            self.keys_lack_sets = lacks_sets;
        }
        let resolution = self.sets.resolution().filter(|_| is_key);
        let details = Details::H264(FrameInfo { resolution });
        frames.push(unit.assembly.finish(is_key, details));
    }

    /// Puts the parameter sets that its refreshing slice needs before an access unit; false when they
    /// never came.
    fn put_sets_before(&self, unit: &mut AccessUnit) -> bool {
        let Some(sets) = unit.pps.and_then(|pps| self.sets.needed(pps)) else {
            return false;
        };
        for set in sets.into_iter().rev() {
            unit.assembly.push_front(set.clone());
            unit.assembly.push_front(START_CODE);
        }
        true
    }
}

/// What became of a payload.
enum Pushed {
    Well,
    TooLong,
    Malformed,
}

impl AccessUnit {
    fn new(packet: &Packet, follows_loss: bool) -> Self {
        Self {
            assembly: Assembly::new(packet),
            has_idr: false,
            has_sets: false,
            pps: None,
            is_open: false,
            follows_loss,
        }
    }

    fn push(&mut self, payload: &Bytes, sets: &mut ParameterSets) -> Pushed {
        let kind = nal_type(payload);
        let fits = match kind {
            Some(NalType::FU_A) => return self.push_fragment(payload),
            _ if self.is_open => return Pushed::Malformed,
            Some(NalType::STAP_A) => {
                let units = || aggregated(payload);
                let len: usize = units().map(|unit| 2 + unit.len()).sum();
                let whole = 1 + len == payload.len() && len > 0;
                let single = |unit: &[u8]| nal_type(unit).is_some_and(NalType::is_single);
                if !whole || !units().all(single) {
                    return Pushed::Malformed;
                }
                units().all(|unit| self.push_unit(payload.slice_ref(unit), sets))
            }
            Some(kind) if kind.is_single() => self.push_unit(payload.clone(), sets),
            _ => return Pushed::Malformed,
        };
        if fits { Pushed::Well } else { Pushed::TooLong }
    }

    fn push_unit(&mut self, unit: Bytes, sets: &mut ParameterSets) -> bool {
        sets.note(&unit);
        self.note(nal_type(&unit), &unit[1..]);
        self.assembly.push(START_CODE) && self.assembly.push(unit)
    }

    /// RFC 6184 section 5.8.
    fn push_fragment(&mut self, payload: &Bytes) -> Pushed {
        let [indicator, header, ref body @ ..] = **payload else {
            return Pushed::Malformed;
        };
        let starts = header & FU_START != 0;
        let kind = NalType::of(header);
        if body.is_empty() || starts == self.is_open || !kind.is_single() {
            return Pushed::Malformed;
        }
        let mut fits = true;
        if starts {
            self.note(Some(kind), body);
            let header = usize::from(indicator & IMPORTANCE | kind.0);
            fits = self.assembly.push(Bytes::from_static(&HEADERS[header]));
        }
        self.is_open = header & FU_END == 0;
        if fits && self.assembly.push(payload.slice(2..)) {
            Pushed::Well
        } else {
            Pushed::TooLong
        }
    }

    fn note(&mut self, kind: Option<NalType>, body: &[u8]) {
        if kind == Some(NalType::IDR) && !self.has_idr {
            self.has_idr = true;
            self.pps = pps_of_slice(body);
        }
        self.has_sets |= kind == Some(NalType::SPS);
    }
}

/// Whether an access unit may begin with this payload.
fn may_begin(payload: &[u8]) -> bool {
    match nal_type(payload) {
        Some(NalType::FU_A) => {
            let [_, header, body @ ..] = payload else {
                return false;
            };
            header & FU_START != 0 && body.first().is_some_and(|first| first & 0x80 != 0)
        }
        Some(NalType::STAP_A) => aggregated(payload).next().is_some_and(may_begin_with),
        _ => may_begin_with(payload),
    }
}

fn may_begin_with(unit: &[u8]) -> bool {
    match nal_type(unit) {
        Some(NalType::SLICE | NalType::IDR) => is_first_slice(unit),
        kind => kind.is_some_and(NalType::is_single),
    }
}
