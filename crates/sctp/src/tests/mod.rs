//! Two associations and what may happen between them.

mod hostile;
mod pair;
mod transfer;
