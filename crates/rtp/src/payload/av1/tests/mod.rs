mod frames;
mod payloads;
mod properties;

use bytes::Bytes;

use super::{FrameInfo, Layers};
use crate::payload::{Details, Frame, OutgoingFrame};

/// An OBU with a size.
fn obu(kind: u8, layers: Option<Layers>, body: &[u8]) -> Vec<u8> {
    let mut bytes = vec![kind << 3 | 0x02 | u8::from(layers.is_some()) << 2];
    bytes.extend(layers.map(|layers| layers.temporal << 5 | layers.spatial << 3));
    super::leb128::write(body.len(), |byte| bytes.push(byte));
    bytes.extend_from_slice(body);
    bytes
}

fn info(frame: &Frame) -> &FrameInfo {
    match &frame.details {
        Details::Av1(info) => info,
        other => panic!("{other:?}"),
    }
}

fn outgoing(data: Vec<u8>, end_of_temporal_unit: bool) -> OutgoingFrame {
    let info = FrameInfo {
        end_of_temporal_unit,
        ..FrameInfo::default()
    };
    OutgoingFrame {
        data: Bytes::from(data),
        details: Details::Av1(info),
    }
}
