//! A packet, and what a dissector has to see in it.

use super::tshark::{BETWEEN, Dissection, normal};

/// A packet of ours.
pub(super) struct Sample {
    /// What the table calls it.
    pub(super) kind: &'static str,
    /// What it must be dissected as.
    pub(super) protocol: &'static str,
    pub(super) packet: Vec<u8>,
    /// Fields of tshark, each with its values.
    pub(super) expected: Vec<(&'static str, String)>,
    /// What tshark objects to although it is right.
    pub(super) excuses: Vec<Excuse>,
}

/// What a dissector has to say about a packet that is right.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) struct Excuse {
    /// In its words.
    pub(super) complaint: &'static str,
    /// Why it errs.
    pub(super) reason: &'static str,
}

impl Sample {
    /// What the dissector objects to, and what it read otherwise.
    pub(super) fn faults(&self, dissection: &Dissection) -> Vec<String> {
        let excused = |complaint: &str| {
            let mut excuses = self.excuses.iter();
            excuses.any(|excuse| excuse.complaint == complaint)
        };
        let mut faults = dissection.complaints();
        faults.retain(|complaint| !excused(complaint));
        let protocols = dissection.protocols();
        if !protocols.split(':').any(|one| one == self.protocol) {
            faults.push(format!("dissected as {protocols}"));
        }
        for (field, expected) in &self.expected {
            let (expected, found) = (normal(expected), dissection.field(field));
            if expected != found {
                faults.push(format!("{field} is {found:?}, not {expected:?}"));
            }
        }
        faults
    }
}

/// Values as tshark lists them.
pub(super) fn list<T: ToString>(values: impl IntoIterator<Item = T>) -> String {
    let values: Vec<_> = values.into_iter().map(|value| value.to_string()).collect();
    values.join(&BETWEEN.to_string())
}

/// Bytes as tshark tells them.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
