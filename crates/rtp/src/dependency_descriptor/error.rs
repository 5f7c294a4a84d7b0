//! What can be wrong.

use thiserror::Error;

/// Why there is no such descriptor.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
#[non_exhaustive]
pub enum DescriptorError {
    /// It ends too early.
    #[error("the descriptor ends within {0}")]
    Truncated(&'static str),
    /// Without templates it says nothing: none came yet.
    #[error("no template structure is known")]
    NoStructure,
    /// The structure it belongs to was lost, or comes later.
    #[error("the template structure has no such template")]
    UnknownTemplate,
    /// There are 64 template ids.
    #[error("more than 64 templates")]
    TooManyTemplates,
    /// A custom indication or difference that cannot be written.
    #[error("{0} are out of range, or not as many as the template structure tells")]
    Custom(&'static str),
}

/// Why there is no such structure.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
#[non_exhaustive]
pub enum StructureError {
    /// There are 1 to 64 templates.
    #[error("there must be 1 to 64 templates")]
    Templates,
    /// Of the first template they are zero; from one to the next, nothing changes, the temporal id counts
    /// on, or the spatial id does while the temporal one begins again.
    #[error("the layers of the templates are not in order")]
    Layers,
    /// There are 1 to 32 decode targets, the same number in each template.
    #[error("there must be 1 to 32 decode targets, as many in each template")]
    DecodeTargets,
    /// A template refers 1 to 16 frames back.
    #[error("frame differences of a template are 1 to 16")]
    FrameDiffs,
    /// There are as many chains as decode targets at most, the same number in each template, and their
    /// differences are 0 to 15.
    #[error("chain differences of a template are 0 to 15, one for each chain")]
    ChainDiffs,
    /// Each decode target is protected by a chain, if there are any.
    #[error("each decode target must be protected by one of the chains")]
    ProtectedBy,
    /// Each spatial layer has a resolution of 1 to 65536, or none has.
    #[error("each spatial layer must have a resolution of 1 to 65536, or none")]
    Resolutions,
}
