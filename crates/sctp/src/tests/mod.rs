//! Two associations and what may happen between them.

mod pair;
mod transfer;
