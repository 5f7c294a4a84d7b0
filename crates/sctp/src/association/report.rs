//! What the peer is told of its faults (RFC 9260 section 3.3.10).

use super::Association;
use crate::event::CloseReason;
use crate::ids::Tsn;
use crate::wire::{Chunk, ChunkType, put_chunk};

/// Cause codes.
const INVALID_STREAM: u16 = 1;
const UNRECOGNIZED_CHUNK: u16 = 6;
const NO_USER_DATA: u16 = 9;
const PROTOCOL_VIOLATION: u16 = 13;

/// The bytes of an unknown chunk's value that its report repeats, at most: an answer is not to be
/// longer than what it answers is worth.
const MAX_REPEATED: usize = 64;

impl Association {
    /// Section 6.5: DATA on a stream that does not exist.
    pub(super) fn report_invalid_stream(&mut self, stream: u16) {
        let [high, low] = stream.to_be_bytes();
        self.report(INVALID_STREAM, &[high, low, 0, 0]);
    }

    /// Section 3.2: a chunk whose type asks for it.
    pub(super) fn report_unknown(&mut self, chunk: &Chunk) {
        if !self.is_connected() {
            return;
        }
        let repeated = &chunk.value[..chunk.value.len().min(MAX_REPEATED)];
        let [high, low] = (4 + repeated.len() as u16).to_be_bytes();
        let head = [chunk.kind.0, chunk.flags, high, low];
        self.report(UNRECOGNIZED_CHUNK, &[&head, repeated].concat());
    }

    /// Section 6.2: DATA without content ends the association, and the cause says which it was.
    pub(super) fn refuse_empty_data(&mut self, tsn: Tsn) {
        self.fail("DATA without content", NO_USER_DATA, &tsn.0.to_be_bytes());
    }

    /// Ends the association with an ABORT that says why.
    pub(super) fn violate(&mut self, what: &'static str) {
        self.fail(what, PROTOCOL_VIOLATION, &[]);
    }

    fn report(&mut self, code: u16, value: &[u8]) {
        self.reply(self.peer.tag, |out| {
            put_cause(out, ChunkType::ERROR, code, value);
        });
    }

    fn fail(&mut self, what: &'static str, code: u16, value: &[u8]) {
        self.close(CloseReason::ProtocolViolation(what));
        // The last word: nothing that waits may take its place.
        self.replies.clear();
        self.reply(self.peer.tag, |out| {
            put_cause(out, ChunkType::ABORT, code, value);
        });
    }
}

/// Appends an ERROR or ABORT with one cause.
pub(super) fn put_cause(out: &mut Vec<u8>, kind: ChunkType, code: u16, value: &[u8]) {
    put_chunk(out, kind, 0, |out| {
        out.extend_from_slice(&code.to_be_bytes());
        out.extend_from_slice(&(4 + value.len() as u16).to_be_bytes());
        out.extend_from_slice(value);
    });
}
