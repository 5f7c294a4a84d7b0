//! Streams that Chromium sent, byte for byte: `testdata/chromium/README.md` tells how they were taken.
#![expect(
    clippy::unwrap_used,
    reason = "a file that does not read fails the test that reads it"
)]

mod cutting;
mod descriptors;
mod frames;
mod key_frames;
mod loss;
mod packets;
mod stream;
