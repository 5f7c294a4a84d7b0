//! Header extensions: their forms (RFC 8285) and those that browsers use, typed.

mod color_space;
mod elements;
mod kind;
mod layers_allocation;
mod time;
mod values;

#[cfg(test)]
mod tests;

pub use color_space::{ColorSpace, HdrMetadata};
pub use elements::{Elements, Form};
pub use kind::{ExtensionKind, ExtensionMap};
pub use layers_allocation::{SpatialLayer, VideoLayersAllocation};
pub use time::{AbsCaptureTime, AbsSendTime, TransmissionOffset, VideoTiming};
pub use values::{
    AudioLevel, DependencyDescriptorBytes, FeedbackRequest, Mid, PlayoutDelay, RepairedRid, Rid,
    TransportSequenceNumber, VideoContentType, VideoOrientation,
};

/// The value of a header extension.
pub trait Extension<'a>: Sized {
    /// Which one it is.
    const KIND: ExtensionKind;

    /// Reads a value. `None` when it is malformed.
    fn decode(value: &'a [u8]) -> Option<Self>;

    /// Appends the value to `out`.
    fn encode(&self, out: &mut Vec<u8>);
}
