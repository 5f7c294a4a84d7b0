//! How large pictures are.

/// Width and height in pixels.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct Resolution {
    /// Across.
    pub width: u32,
    /// Down.
    pub height: u32,
}
