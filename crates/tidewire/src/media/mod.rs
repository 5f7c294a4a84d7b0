//! Media in the vocabulary of the W3C: what can be sent and received, and the transceivers that do.

mod capability;
mod numbers;
mod transceiver;

pub use capability::{CodecCapability, MediaCapabilities};
pub(crate) use numbers::Numbers;
pub(crate) use transceiver::{Agreed, Transceiver, Wanted, track_name};
pub use transceiver::{EncodingParameters, TransceiverId, TransceiverInit, TransceiverState};
