//! The dependency descriptor (appendix A of the RTP payload format for AV1): a header extension that tells
//! of each packet which frame it is of, and of each frame which layer it is in and which frames it needs.
//! It serves any codec, and who cannot look into the payload.
//!
//! What frames have in common stands in templates, in a [`Structure`] that comes with a key frame. A
//! [`StreamReader`] keeps it for a stream that is received, a [`FrameDescriber`] for one that is sent.
//!
//! ```
//! use tidewire_rtp::dependency_descriptor::{FrameDescriber, ScalabilityMode, StreamReader};
//!
//! let mut describer = FrameDescriber::new(ScalabilityMode::L1T2, 7);
//! let mut reader = StreamReader::default();
//! for (temporal, is_key) in [(0, true), (1, false)] {
//!     let descriptor = describer.describe(0, temporal, is_key);
//!     let mut extension = Vec::new();
//!     descriptor.write(describer.structure(), &mut extension)?;
//!     assert_eq!(extension.len() > 3, is_key);
//!     let received = reader.read(&extension)?;
//!     assert_eq!(received, descriptor);
//!     let structure = reader.structure().expect("the key frame brought it");
//!     assert_eq!(received.frame(structure)?.temporal, temporal);
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod describer;
mod descriptor;
mod error;
mod scalability;
mod stream;
mod structure;
#[cfg(test)]
mod tests;

#[doc(hidden)]
pub mod fuzz;

pub use describer::FrameDescriber;
pub use descriptor::{DependencyDescriptor, FrameDependencies, Mandatory};
pub use error::{DescriptorError, StructureError};
pub use scalability::ScalabilityMode;
pub use stream::StreamReader;
pub use structure::{Dti, Structure, Template};

/// What the header extension is called in SDP (section A.9).
pub const URI: &str =
    "https://aomediacodec.github.io/av1-rtp-spec/#dependency-descriptor-rtp-header-extension";
