//! Times as RTCP tells them.

use std::time::Duration;

/// A time in the format of NTP: seconds since 1900 in the upper half, fractions in the lower (RFC 3550
/// section 4).
#[derive(Clone, Copy, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct NtpTime(pub u64);

impl NtpTime {
    /// From 1900 to 1970, in seconds.
    const UNIX_EPOCH: u64 = 2_208_988_800;

    /// The time that is `since` after 1970-01-01 00:00 UTC; it wraps in 2036.
    pub fn from_unix(since: Duration) -> Self {
        let seconds = since.as_secs().wrapping_add(Self::UNIX_EPOCH);
        Self(seconds << 32).after(Duration::from_nanos(since.subsec_nanos().into()))
    }

    /// The time since 1970-01-01 00:00 UTC, for times until 2036.
    pub fn to_unix(self) -> Duration {
        let seconds = (self.0 >> 32).saturating_sub(Self::UNIX_EPOCH);
        Duration::from_secs(seconds) + fraction(self.0 & u64::from(u32::MAX))
    }

    /// The time that is `elapsed` later.
    #[must_use]
    pub fn after(self, elapsed: Duration) -> Self {
        let fraction = (u64::from(elapsed.subsec_nanos()) << 32) / 1_000_000_000;
        let elapsed = elapsed.as_secs() << 32 | fraction;
        Self(self.0.wrapping_add(elapsed))
    }

    /// How much later this is than `earlier`; nothing when it is not later.
    pub fn since(self, earlier: Self) -> Duration {
        let steps = self.0.wrapping_sub(earlier.0);
        if steps >> 63 == 1 {
            return Duration::ZERO;
        }
        Duration::from_secs(steps >> 32) + fraction(steps & u64::from(u32::MAX))
    }

    /// The middle 32 bits, by which reports refer to it: in units of 2^-16 s.
    pub fn middle(self) -> u32 {
        (self.0 >> 16) as u32
    }
}

fn fraction(steps: u64) -> Duration {
    // Rounded, so that a time survives the way there and back to within a nanosecond.
    Duration::from_nanos((steps * 1_000_000_000 + (1 << 31)) >> 32)
}

/// A time span in the units of [`NtpTime::middle`], at most what 32 bits hold.
pub fn to_middle(span: Duration) -> u32 {
    let units = (u64::from(span.subsec_nanos()) << 16) / 1_000_000_000;
    let units = (span.as_secs() << 16).saturating_add(units);
    units.min(u64::from(u32::MAX)) as u32
}

/// The time span of `units` of 2^-16 s.
pub fn from_middle(units: u32) -> Duration {
    Duration::from_secs(u64::from(units >> 16)) + fraction(u64::from(units & 0xffff) << 16)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_unix_epoch_is_70_years_after_1900() {
        let epoch = NtpTime::from_unix(Duration::ZERO);
        assert_eq!(epoch.0, 0x83aa_7e80_0000_0000);
        let half = NtpTime::from_unix(Duration::from_millis(500));
        assert_eq!(half.0, 0x83aa_7e80_8000_0000);
    }

    #[test]
    fn an_earlier_time_is_not_later() {
        let (early, late) = (NtpTime(5), NtpTime(9 << 32));
        assert_eq!(early.since(late), Duration::ZERO);
        assert_eq!(
            NtpTime(1 << 31).since(NtpTime(u64::MAX << 31)),
            Duration::from_secs(1)
        );
    }

    proptest! {
        #[test]
        fn a_time_survives_the_way_there_and_back(nanoseconds in 0..2_000_000_000_000_000_000u64) {
            let time = Duration::from_nanos(nanoseconds);
            let back = NtpTime::from_unix(time).to_unix();
            prop_assert!(time.abs_diff(back) <= Duration::from_nanos(1));
            let early = NtpTime::from_unix(Duration::ZERO);
            prop_assert!(early.after(time).since(early).abs_diff(time) <= Duration::from_nanos(1));
        }

        #[test]
        fn a_span_survives_in_units_of_the_middle(units in any::<u32>()) {
            prop_assert!(to_middle(from_middle(units)).abs_diff(units) <= 1);
        }
    }
}
