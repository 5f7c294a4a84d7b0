//! Putting frames together, sections 4 and 5; see [the module](super) for what is known after a loss.

use std::ops::Range;

use bytes::{Buf, Bytes, BytesMut};

use super::elements::{Aggregation, elements};
use super::obu::{Header, Kind};
use super::sequence::Scan;
use super::{FrameInfo, Layers, leb128};
use crate::payload::assembly::Assembly;
use crate::payload::depacketizer::{Depacketize, Depacketizer, Frames, Packet};
use crate::payload::frame::Details;

/// Puts the frames of all layers together.
#[derive(Debug)]
pub(in crate::payload) struct Av1Depacketizer {
    current: Option<Current>,
    /// The elements of the OBU in the making.
    pending: Vec<Bytes>,
    pending_len: usize,
    /// Of the packet before, if none was lost since.
    last_timestamp: Option<u32>,
    /// Packets may be missing in front of the next one: it counts only if a frame begins with it.
    waits_for_begin: bool,
    /// The stream has frames that are not shown: one may be missing in front of another.
    has_hidden_frames: bool,
    /// Room for OBU headers, to be cut off.
    headers: BytesMut,
    /// The elements of a packet.
    found: Vec<Range<usize>>,
}

/// The frame in the making.
#[derive(Debug)]
struct Current {
    assembly: Assembly,
    layers: Option<Layers>,
    starts_sequence: bool,
}

/// The packet contradicts those before it, or the format.
struct Malformed;

impl Default for Av1Depacketizer {
    fn default() -> Self {
        Self {
            current: None,
            pending: Vec::new(),
            pending_len: 0,
            last_timestamp: None,
            waits_for_begin: true,
            has_hidden_frames: false,
            headers: BytesMut::new(),
            found: Vec::new(),
        }
    }
}

impl Depacketize for Av1Depacketizer {
    fn handle_packet(&mut self, packet: Packet, frames: &mut Frames) {
        let last_timestamp = self.last_timestamp.replace(packet.timestamp);
        if last_timestamp.is_some_and(|last| last != packet.timestamp) {
            self.finish(true, frames);
            self.waits_for_begin = false;
        }
        if let Err(Malformed) = self.take(&packet, frames) {
            frames.count_malformed();
            self.give_up(frames);
        }
        if packet.marker {
            self.finish(true, frames);
            self.waits_for_begin = false;
        }
    }

    fn handle_loss(&mut self, frames: &mut Frames) {
        self.give_up(frames);
        self.last_timestamp = None;
    }
}

impl Av1Depacketizer {
    fn take(&mut self, packet: &Packet, frames: &mut Frames) -> Result<(), Malformed> {
        let mut found = std::mem::take(&mut self.found);
        let aggregation = elements(&packet.payload, &mut found).ok_or(Malformed);
        let result = aggregation
            .and_then(|aggregation| self.take_elements(packet, aggregation, &found, frames));
        self.found = found;
        result
    }

    fn take_elements(
        &mut self,
        packet: &Packet,
        aggregation: Aggregation,
        found: &[Range<usize>],
        frames: &mut Frames,
    ) -> Result<(), Malformed> {
        let payload = &packet.payload;
        if self.waits_for_begin && !self.begins_frame(payload, aggregation, found) {
            return Ok(());
        }
        if aggregation.continues == self.pending.is_empty() {
            return Err(Malformed);
        }
        self.waits_for_begin = false;
        let own = &found[usize::from(aggregation.continues)..];
        self.extend(packet, aggregation, layers_of(payload, own), frames);
        for (index, range) in found.iter().enumerate() {
            self.pending_len += range.len();
            self.pending.push(payload.slice(range.clone()));
            let is_whole = index + 1 < found.len() || !aggregation.goes_on;
            let fits = if is_whole {
                self.complete()?
            } else {
                self.pending_fits()
            };
            if !fits {
                self.give_up(frames);
                return Ok(());
            }
        }
        Ok(())
    }

    /// Whether a frame begins with the packet, whatever was in front of it.
    fn begins_frame(
        &self,
        payload: &[u8],
        aggregation: Aggregation,
        found: &[Range<usize>],
    ) -> bool {
        let begins = |kind: Kind| match kind {
            Kind::SEQUENCE_HEADER | Kind::TEMPORAL_DELIMITER => true,
            _ => kind.begins_frame() && !self.has_hidden_frames,
        };
        let first = found.first().map(|range| payload[range.start]);
        let kind = first.map(|first| Kind(first >> 3 & 0x0f));
        !aggregation.continues && (aggregation.starts_sequence || kind.is_some_and(begins))
    }

    /// Goes on with the frame in the making, or begins one.
    fn extend(
        &mut self,
        packet: &Packet,
        aggregation: Aggregation,
        layers: Option<Layers>,
        frames: &mut Frames,
    ) {
        let spatial = |layers: Option<Layers>| layers.map(|layers| layers.spatial);
        let before = self
            .current
            .as_ref()
            .and_then(|current| spatial(current.layers));
        let is_other_layer = layers.is_some() && before.is_some() && before != spatial(layers);
        if is_other_layer && !aggregation.continues {
            self.finish(false, frames);
        }
        if let Some(current) = &mut self.current {
            current.assembly.extend(packet);
            current.layers = current.layers.or(layers);
            current.starts_sequence |= aggregation.starts_sequence;
        } else {
            self.current = Some(Current {
                assembly: Assembly::new(packet),
                layers,
                starts_sequence: aggregation.starts_sequence,
            });
        }
    }

    fn pending_fits(&self) -> bool {
        self.pending_len <= Depacketizer::MAX_FRAME_LEN
            && self.pending.len() <= Assembly::MAX_PIECES
    }

    /// Moves the OBU in the making into the frame, with a size. False when the frame grows too long.
    fn complete(&mut self) -> Result<bool, Malformed> {
        let Some(current) = &mut self.current else {
            return Ok(true);
        };
        let len = std::mem::take(&mut self.pending_len);
        let mut start = [0; 2 + leb128::MAX_LEN];
        let start = copy_start(&self.pending, &mut start);
        let header = Header::parse(start).ok_or(Malformed)?;
        if header.kind.is_dropped() {
            self.pending.clear();
            return Ok(true);
        }
        let mut fits = true;
        let mut skipped = 0;
        if header.has_size {
            // It is sized already.
            let (size, size_len) = leb128::read(&start[header.len()..]).ok_or(Malformed)?;
            if header.len() + size_len + size != len {
                return Err(Malformed);
            }
        } else {
            skipped = header.len();
            fits = current
                .assembly
                .push(sized(&mut self.headers, header, len - skipped));
        }
        for mut piece in self.pending.drain(..) {
            let cut = skipped.min(piece.len());
            piece.advance(cut);
            skipped -= cut;
            fits &= piece.is_empty() || current.assembly.push(piece);
        }
        Ok(fits)
    }

    /// Answers with the frame in the making.
    fn finish(&mut self, end_of_temporal_unit: bool, frames: &mut Frames) {
        if !self.pending.is_empty() {
            frames.count_malformed();
            self.give_up(frames);
        }
        let Some(current) = self.current.take() else {
            return;
        };
        let mut frame = current.assembly.finish(false, Details::None);
        if frame.data.is_empty() {
            return;
        }
        let scan = Scan::of(&frame.data);
        frame.is_key = scan.is_key();
        self.has_hidden_frames |= scan.has_hidden_frames();
        frame.details = Details::Av1(FrameInfo {
            layers: current.layers,
            end_of_temporal_unit,
            starts_sequence: current.starts_sequence,
            resolution: scan.resolution(),
        });
        frames.push(frame);
    }

    fn give_up(&mut self, frames: &mut Frames) {
        self.pending.clear();
        self.pending_len = 0;
        self.waits_for_begin = true;
        if self.current.take().is_some() {
            frames.count_dropped();
        }
    }
}

/// The layer of the OBUs that begin in a packet.
fn layers_of(payload: &[u8], found: &[Range<usize>]) -> Option<Layers> {
    found
        .iter()
        .find_map(|range| Header::parse(&payload[range.clone()])?.layers)
}

/// The header of an OBU of that size.
fn sized(headers: &mut BytesMut, header: Header, size: usize) -> Bytes {
    const CHUNK: usize = 1024;
    if headers.capacity() < 2 + leb128::MAX_LEN {
        headers.reserve(CHUNK);
    }
    let (bytes, len) = header.bytes(true);
    headers.extend_from_slice(&bytes[..len]);
    leb128::write(size, |byte| headers.extend_from_slice(&[byte]));
    headers.split().freeze()
}

/// The first bytes of an OBU in pieces.
fn copy_start<'a>(pieces: &[Bytes], start: &'a mut [u8]) -> &'a [u8] {
    let bytes = pieces.iter().flat_map(|piece| piece.iter());
    let len = start
        .iter_mut()
        .zip(bytes)
        .map(|(to, from)| *to = *from)
        .count();
    &start[..len]
}
