//! Which layers are sent, and at which rates.

use super::{Extension, ExtensionKind};
use crate::take::{take_u8, take_u16};

/// The layers that a sender of simulcast or of scalable video has active, with their target rates. It
/// is told over one of the streams for all of them.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct VideoLayersAllocation {
    /// Which of the streams the packet belongs to, 0 to 3.
    pub stream: u8,
    /// How many streams there are, 1 to 4; with none, nothing is sent at all.
    pub streams: u8,
    /// Those that are active, in order of stream and spatial layer.
    pub layers: Vec<SpatialLayer>,
}

/// An active spatial layer.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct SpatialLayer {
    /// Its stream, 0 to 3.
    pub stream: u8,
    /// Its number in the stream, 0 to 3.
    pub spatial_id: u8,
    /// For each of its 1 to 4 temporal layers, the rate with all those below it, in kbit/s.
    pub rates: Vec<u64>,
    /// Width and height in pixels, and frames a second, when told.
    pub resolution: Option<(u32, u32, u8)>,
}

/// As many as there can be of each: streams, spatial layers in a stream, temporal layers in one of
/// those.
const MAX: usize = 4;

impl VideoLayersAllocation {
    fn masks(&self) -> [u8; MAX] {
        let mut masks = [0; MAX];
        for layer in &self.layers {
            masks[usize::from(layer.stream & 3)] |= 1 << (layer.spatial_id & 3);
        }
        masks
    }

    fn decode_layers(&mut self, masks: [u8; MAX], value: &mut &[u8]) -> Option<()> {
        for (stream, mask) in (0..self.streams).zip(masks) {
            let active = (0..MAX as u8).filter(|id| mask >> id & 1 == 1);
            self.layers.extend(active.map(|spatial_id| SpatialLayer {
                stream,
                spatial_id,
                ..SpatialLayer::default()
            }));
        }
        for four in self.layers.chunks_mut(4) {
            let counts = take_u8(value)?;
            for (layer, shift) in four.iter_mut().zip([6, 4, 2, 0]) {
                let count = usize::from(counts >> shift & 3) + 1;
                layer.rates.resize(count, 0);
            }
        }
        for rate in self.layers.iter_mut().flat_map(|layer| &mut layer.rates) {
            *rate = take_leb128(value)?;
        }
        if value.is_empty() {
            return Some(());
        }
        for layer in &mut self.layers {
            let width = u32::from(take_u16(value)?) + 1;
            let height = u32::from(take_u16(value)?) + 1;
            layer.resolution = Some((width, height, take_u8(value)?));
        }
        value.is_empty().then_some(())
    }
}

impl Extension<'_> for VideoLayersAllocation {
    const KIND: ExtensionKind = ExtensionKind::VideoLayersAllocation;

    fn decode(mut value: &[u8]) -> Option<Self> {
        let value = &mut value;
        let head = take_u8(value)?;
        if head == 0 && value.is_empty() {
            return Some(Self::default());
        }
        let mut allocation = Self {
            stream: head >> 6,
            streams: (head >> 4 & 3) + 1,
            layers: Vec::new(),
        };
        let mut masks = [head & 0x0f; MAX];
        if head & 0x0f == 0 {
            for pair in masks
                .chunks_mut(2)
                .take(allocation.streams.div_ceil(2).into())
            {
                let byte = take_u8(value)?;
                pair.copy_from_slice(&[byte >> 4, byte & 0x0f]);
            }
        }
        allocation.decode_layers(masks, value)?;
        Some(allocation)
    }

    fn encode(&self, out: &mut Vec<u8>) {
        if self.streams == 0 {
            out.push(0);
            return;
        }
        let masks = self.masks();
        let used = &masks[..usize::from(self.streams.min(4))];
        let shared = masks[0];
        let is_shared = shared != 0 && used.iter().all(|mask| *mask == shared);
        let head = (self.stream & 3) << 6 | (self.streams.min(4) - 1) << 4;
        out.push(head | if is_shared { shared } else { 0 });
        if !is_shared {
            let pairs = used.chunks(2);
            out.extend(pairs.map(|pair| pair[0] << 4 | pair.get(1).copied().unwrap_or(0)));
        }
        for four in self.layers.chunks(4) {
            let counts = four.iter().zip([6, 4, 2, 0]);
            out.push(counts.fold(0, |byte, (layer, shift)| {
                byte | (layer.rates.len().clamp(1, MAX) as u8 - 1) << shift
            }));
        }
        for layer in &self.layers {
            let rates = layer.rates.iter().copied().chain(std::iter::repeat(0));
            let count = layer.rates.len().clamp(1, MAX);
            rates.take(count).for_each(|rate| put_leb128(rate, out));
        }
        if self.layers.iter().all(|layer| layer.resolution.is_some()) {
            for (width, height, rate) in self.layers.iter().filter_map(|layer| layer.resolution) {
                for size in [width, height] {
                    let less_one = size.clamp(1, 1 << 16) - 1;
                    out.extend_from_slice(&(less_one as u16).to_be_bytes());
                }
                out.push(rate);
            }
        }
    }
}

/// Reads an integer of 7 bits a byte, the lowest first.
fn take_leb128(value: &mut &[u8]) -> Option<u64> {
    let mut number = 0;
    for shift in (0..56).step_by(7) {
        let byte = take_u8(value)?;
        number |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(number);
        }
    }
    None
}

fn put_leb128(number: u64, out: &mut Vec<u8>) {
    let mut rest = number.min((1 << 56) - 1);
    while rest >= 0x80 {
        out.push(rest as u8 | 0x80);
        rest >>= 7;
    }
    out.push(rest as u8);
}
