//! Fuzz bodies: what must hold for any bytes.

mod agents;
mod reader;

pub use agents::agents;

use crate::candidate::Candidate;
use crate::grammar::ParseCandidateError;

/// Reads any text as a candidate; what was read means the same when it is written and read again.
pub fn candidate(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let Ok(candidate) = text.parse::<Candidate>() else {
        return;
    };
    let written = candidate.to_string();
    let again: Candidate = match written.parse() {
        Ok(again) => again,
        // A hidden related address is spelt out, which makes the longest lines too long.
        Err(ParseCandidateError::TooLong) if written.len() > text.trim_end().len() => return,
        Err(error) => panic!("what was written cannot be read: {error}"),
    };
    assert_eq!(again.to_string(), written);
    assert_eq!(again.address, candidate.address);
    assert_eq!(again.priority, candidate.priority);
}

#[cfg(test)]
mod tests {
    use tidewire_netsim::{for_each_corpus_entry, start};

    use super::*;

    #[test]
    fn every_seed_of_the_corpus_is_handled() {
        for_each_corpus_entry("ice_candidate", candidate);
        for_each_corpus_entry("ice_agents", |data| agents(start(), data));
    }
}
