//! Parameters of audio formats other than Opus.

use std::fmt;
use std::ops::RangeInclusive;

use crate::fmtp::Parameters;
use crate::lexical::canonical;

/// The events that `telephone-event` can carry, RFC 4733 section 2.4.1. `Display` writes them for an
/// `fmtp`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct TelephoneEvents {
    /// Single events and ranges of them, in order.
    pub ranges: Vec<RangeInclusive<u8>>,
}

impl Default for TelephoneEvents {
    /// The keys of a telephone, 0 to 15.
    fn default() -> Self {
        Self {
            ranges: vec![0..=15],
        }
    }
}

impl TelephoneEvents {
    /// Reads what follows the payload type, such as `0-15,66`; `""` gives the keys of a telephone.
    /// `None` when a part is neither an event nor a range.
    pub fn read(parameters: &str) -> Option<Self> {
        let Some(first) = Parameters::new(parameters).next() else {
            return Some(Self::default());
        };
        let list = if first.is("events") {
            first.value?
        } else {
            first.name
        };
        let ranges = list.split(',').map(|part| read_range(part.trim_ascii()));
        Some(Self {
            ranges: ranges.collect::<Option<_>>()?,
        })
    }

    /// Whether an event is among them.
    pub fn contains(&self, event: u8) -> bool {
        self.ranges.iter().any(|range| range.contains(&event))
    }
}

fn read_range(text: &str) -> Option<RangeInclusive<u8>> {
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    let (first, last) = (canonical(first)?, canonical(last)?);
    (first <= last).then_some(first..=last)
}

impl fmt::Display for TelephoneEvents {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut ranges = self.ranges.iter().enumerate();
        ranges.try_for_each(|(index, range)| {
            let separator = if index == 0 { "" } else { "," };
            match (range.start(), range.end()) {
                (event, last) if event == last => write!(f, "{separator}{event}"),
                (first, last) => write!(f, "{separator}{first}-{last}"),
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::TelephoneEvents;

    #[test]
    fn events_are_read_one_by_one_and_in_ranges() {
        let events = TelephoneEvents::read("0-15,66,70").unwrap();
        assert!(events.contains(0) && events.contains(15) && events.contains(66));
        assert!(!events.contains(16) && !events.contains(69));
        assert_eq!(events.to_string(), "0-15,66,70");
        assert_eq!(
            TelephoneEvents::read("events=0-15"),
            Some(TelephoneEvents::default())
        );
        assert_eq!(TelephoneEvents::read(""), Some(TelephoneEvents::default()));
    }

    #[test]
    fn what_is_no_event_is_refused() {
        for text in ["15-0", "0-256", "a", "1,", "0-15-16", "events"] {
            assert_eq!(TelephoneEvents::read(text), None, "{text}");
        }
    }
}
