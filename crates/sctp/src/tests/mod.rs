//! Two associations and what may happen between them.

mod answers;
mod hostile;
mod pair;
mod transfer;
mod truncated;
