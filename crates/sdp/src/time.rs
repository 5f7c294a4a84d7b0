//! When a session is active: `t=`, `r=` and `z=`.

use std::fmt;

use crate::fields::Decimal;
use crate::lexical::{is_digits, split_spaces};

/// A span of activity, RFC 8866 sections 5.9 to 5.11. Seconds count from 1900.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct TimeDescription {
    /// The first second, 0 when the session is permanent.
    pub start: Decimal,
    /// The last second, 0 when the session is unbounded.
    pub stop: Decimal,
    /// When it recurs (`r=`).
    pub repeats: Vec<Repeat>,
    /// Shifts of the clock between recurrences (`z=`); an empty list writes no line.
    pub zones: Vec<ZoneAdjustment>,
}

impl TimeDescription {
    /// `t=0 0`: permanent, as RFC 3264 section 5 asks of offers and answers.
    pub fn permanent() -> Self {
        Self {
            start: 0.into(),
            stop: 0.into(),
            repeats: Vec::new(),
            zones: Vec::new(),
        }
    }

    pub(crate) fn parse(value: &str) -> Option<Self> {
        let (start, stop) = value.split_once(' ')?;
        let (start, stop) = (Decimal::parse(start)?, Decimal::parse(stop)?);
        Some(Self {
            start,
            stop,
            repeats: Vec::new(),
            zones: Vec::new(),
        })
    }
}

/// Recurrence (`r=`), RFC 8866 section 5.10.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Repeat {
    /// From one recurrence to the next.
    pub interval: TypedTime,
    /// How long each lasts.
    pub duration: TypedTime,
    /// Where they begin, from the start time on.
    pub offsets: Vec<TypedTime>,
}

impl Repeat {
    pub(crate) fn parse(value: &str) -> Option<Self> {
        let parts = split_spaces(value, TypedTime::is_valid)?;
        let (interval, rest) = parts.split_first()?;
        let (duration, offsets) = rest.split_first()?;
        (!offsets.is_empty()).then(|| Self {
            interval: TypedTime((*interval).to_owned()),
            duration: TypedTime((*duration).to_owned()),
            offsets: offsets
                .iter()
                .map(|offset| TypedTime((*offset).to_owned()))
                .collect(),
        })
    }
}

impl fmt::Display for Repeat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.interval, self.duration)?;
        self.offsets
            .iter()
            .try_for_each(|offset| write!(f, " {offset}"))
    }
}

/// One shift of the clock (a pair of `z=`), RFC 8866 section 5.11.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ZoneAdjustment {
    /// When it happens.
    pub time: Decimal,
    /// Whether the clock goes back.
    pub back: bool,
    /// By how much, against the original zone.
    pub offset: TypedTime,
}

impl ZoneAdjustment {
    pub(crate) fn parse_all(value: &str) -> Option<Vec<Self>> {
        let parts: Vec<&str> = value.split(' ').collect();
        let (pairs, rest) = parts.as_chunks::<2>();
        let adjustments = pairs.iter().map(|[time, offset]| Self::parse(time, offset));
        if rest.is_empty() {
            adjustments.collect()
        } else {
            None
        }
    }

    fn parse(time: &str, offset: &str) -> Option<Self> {
        let (back, offset) = match offset.strip_prefix('-') {
            Some(offset) => (true, offset),
            None => (false, offset),
        };
        Some(Self {
            time: Decimal::parse(time)?,
            back,
            offset: TypedTime::parse(offset)?,
        })
    }
}

impl fmt::Display for ZoneAdjustment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.back { "-" } else { "" };
        write!(f, "{} {sign}{}", self.time, self.offset)
    }
}

/// A length of time with an optional unit: `d`, `h`, `m` or `s` (`typed-time`).
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct TypedTime(String);

impl TypedTime {
    /// Reads digits and at most one unit.
    pub fn parse(text: &str) -> Option<Self> {
        Self::is_valid(text).then(|| Self(text.to_owned()))
    }

    /// The length in seconds, unless it is too large.
    pub fn seconds(&self) -> Option<u64> {
        let (digits, unit) = Self::split(&self.0);
        digits.parse::<u64>().ok()?.checked_mul(unit)
    }

    fn is_valid(text: &str) -> bool {
        is_digits(Self::split(text).0)
    }

    fn split(text: &str) -> (&str, u64) {
        let units = [('d', 86_400), ('h', 3_600), ('m', 60), ('s', 1)];
        let unit = units.into_iter().find_map(|(letter, seconds)| {
            text.strip_suffix(letter).map(|digits| (digits, seconds))
        });
        unit.unwrap_or((text, 1))
    }
}

impl From<u64> for TypedTime {
    fn from(seconds: u64) -> Self {
        Self(seconds.to_string())
    }
}

impl fmt::Display for TypedTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
