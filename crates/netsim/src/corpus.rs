//! What fuzzing began with and what it found, for unit tests.

use std::fs;
use std::path::Path;

/// Runs a fuzz body over every entry of the corpus of its target, in `fuzz/corpus`.
///
/// # Panics
/// When there is none, and when the body panics.
pub fn for_each_corpus_entry(target: &str, mut body: impl FnMut(&[u8])) {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fuzz/corpus");
    let folder = Path::new(root).join(target);
    let entries = fs::read_dir(&folder).expect("a corpus of that name");
    let mut count = 0;
    for entry in entries {
        let path = entry.expect("a readable folder").path();
        body(&fs::read(path).expect("a readable entry"));
        count += 1;
    }
    assert!(count > 0, "{target} has no seeds");
}
