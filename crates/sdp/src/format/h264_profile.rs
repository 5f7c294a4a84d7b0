//! Profiles and levels of H.264.

use std::fmt;

/// Profile, constraints and level of H.264 (`profile-level-id`), RFC 6184 section 8.1.
///
/// `Display` writes the six digits.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct ProfileLevelId {
    /// `profile_idc`.
    pub profile_idc: u8,
    /// `profile-iop`: the constraint flags, set 0 in the highest bit.
    pub profile_iop: u8,
    /// `level_idc`.
    pub level_idc: u8,
}

impl ProfileLevelId {
    /// What holds when nothing is said: Baseline, level 1 (RFC 6184 section 8.1).
    pub const DEFAULT: Self = Self::from_bytes([0x42, 0x00, 0x0a]);
    /// Constrained Baseline, level 3.1: every browser has it (RFC 7742 section 6.2 asks for
    /// level 1.2 at least).
    pub const CONSTRAINED_BASELINE_3_1: Self = Self::from_bytes([0x42, 0xe0, 0x1f]);

    const CONSTRAINT_SET3: u8 = 0x10;

    /// The three bytes as a sequence parameter set has them.
    pub const fn from_bytes([profile_idc, profile_iop, level_idc]: [u8; 3]) -> Self {
        Self {
            profile_idc,
            profile_iop,
            level_idc,
        }
    }

    /// Reads six hexadecimal digits.
    pub fn parse(text: &str) -> Option<Self> {
        let digits = text.len() == 6 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        let number = u32::from_str_radix(text, 16).ok().filter(|_| digits)?;
        let [_, bytes @ ..] = number.to_be_bytes();
        Some(Self::from_bytes(bytes))
    }

    /// The profile, when RFC 6184 section 8.1 (table 5) knows it.
    pub fn profile(self) -> Option<H264Profile> {
        H264Profile::of(self.profile_idc, self.profile_iop)
    }

    /// The level. Level 1b has one form in the older profiles and another in the newer (RFC 6184
    /// section 8.2.2).
    pub fn level(self) -> H264Level {
        let is_1b = match (self.level_idc, self.has_older_profile()) {
            (11, true) => self.profile_iop & Self::CONSTRAINT_SET3 != 0,
            (9, older) => !older,
            _ => false,
        };
        if is_1b {
            H264Level::L1B
        } else {
            H264Level::of(self.level_idc)
        }
    }

    /// The same profile at another level.
    #[must_use]
    pub fn with_level(self, level: H264Level) -> Self {
        let is_1b = level == H264Level::L1B;
        match (self.has_older_profile(), is_1b) {
            (true, true) => Self {
                profile_iop: self.profile_iop | Self::CONSTRAINT_SET3,
                level_idc: 11,
                ..self
            },
            (true, false) => Self {
                profile_iop: self.profile_iop & !Self::CONSTRAINT_SET3,
                level_idc: level.idc(),
                ..self
            },
            (false, _) => Self {
                level_idc: if is_1b { 9 } else { level.idc() },
                ..self
            },
        }
    }

    /// Whether both have the same profile, whatever their levels: RFC 6184 section 8.2.2. Profiles
    /// that are not in the table are the same when their bytes are.
    pub fn same_profile(self, other: Self) -> bool {
        match (self.profile(), other.profile()) {
            (Some(own), Some(other)) => own == other,
            (None, None) => {
                (self.profile_idc, self.profile_iop) == (other.profile_idc, other.profile_iop)
            }
            _ => false,
        }
    }

    /// Baseline, Main and Extended.
    const fn has_older_profile(self) -> bool {
        matches!(self.profile_idc, 66 | 77 | 88)
    }
}

impl fmt::Display for ProfileLevelId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [profile, constraints, level] = [self.profile_idc, self.profile_iop, self.level_idc];
        write!(f, "{profile:02x}{constraints:02x}{level:02x}")
    }
}

/// A profile of H.264, RFC 6184 section 8.1 (table 5).
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum H264Profile {
    /// What Baseline, Main and Extended have in common.
    ConstrainedBaseline,
    /// Baseline.
    Baseline,
    /// Main.
    Main,
    /// Extended.
    Extended,
    /// High without interlacing and B pictures: H.264 section A.2.4.2, not in RFC 6184's table.
    ConstrainedHigh,
    /// High.
    High,
    /// High 10.
    High10,
    /// High 4:2:2.
    High422,
    /// High 4:4:4.
    High444,
    /// High 10 Intra.
    High10Intra,
    /// High 4:2:2 Intra.
    High422Intra,
    /// High 4:4:4 Intra.
    High444Intra,
    /// CAVLC 4:4:4 Intra.
    Cavlc444Intra,
}

impl H264Profile {
    /// `profile_idc`, and the constraint flags that count as (mask, value).
    const TABLE: [(u8, u8, u8, Self); 16] = [
        (0x42, 0b0100_1111, 0b0100_0000, Self::ConstrainedBaseline),
        (0x4d, 0b1000_1111, 0b1000_0000, Self::ConstrainedBaseline),
        (0x58, 0b1100_1111, 0b1100_0000, Self::ConstrainedBaseline),
        (0x42, 0b0100_1111, 0b0000_0000, Self::Baseline),
        (0x58, 0b1100_1111, 0b1000_0000, Self::Baseline),
        (0x4d, 0b1010_1111, 0b0000_0000, Self::Main),
        (0x58, 0b1100_1111, 0b0000_0000, Self::Extended),
        (0x64, 0b1111_1111, 0b0000_1100, Self::ConstrainedHigh),
        (0x64, 0b1111_1111, 0b0000_0000, Self::High),
        (0x6e, 0b1111_1111, 0b0000_0000, Self::High10),
        (0x7a, 0b1111_1111, 0b0000_0000, Self::High422),
        (0xf4, 0b1111_1111, 0b0000_0000, Self::High444),
        (0x6e, 0b1111_1111, 0b0001_0000, Self::High10Intra),
        (0x7a, 0b1111_1111, 0b0001_0000, Self::High422Intra),
        (0xf4, 0b1111_1111, 0b0001_0000, Self::High444Intra),
        (0x2c, 0b1111_1111, 0b0001_0000, Self::Cavlc444Intra),
    ];

    fn of(idc: u8, iop: u8) -> Option<Self> {
        let row = Self::TABLE
            .iter()
            .find(|(row_idc, mask, value, _)| *row_idc == idc && iop & mask == *value);
        row.map(|(.., profile)| *profile)
    }
}

/// A level of H.264. Levels are ordered; 1b stands between 1 and 1.1.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct H264Level(u16);

impl H264Level {
    /// Level 1b.
    pub const L1B: Self = Self(21);

    /// A level by ten times its number: 31 for level 3.1.
    pub const fn of(tenths: u8) -> Self {
        Self(tenths as u16 * 2)
    }

    /// Ten times its number, as sequence parameter sets have it. Level 1b has no number.
    const fn idc(self) -> u8 {
        (self.0 / 2) as u8
    }
}

impl fmt::Display for H264Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::L1B => f.write_str("1b"),
            level => write!(f, "{}.{}", level.idc() / 10, level.idc() % 10),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{H264Level, H264Profile, ProfileLevelId};

    fn id(text: &str) -> ProfileLevelId {
        ProfileLevelId::parse(text).unwrap()
    }

    #[test]
    fn constraint_flags_that_mean_the_same_profile_are_the_same() {
        let constrained = [
            "42e01f", "42c01f", "42401f", "4d801f", "4de01f", "58c01f", "58f00b",
        ];
        for text in constrained {
            assert_eq!(
                id(text).profile(),
                Some(H264Profile::ConstrainedBaseline),
                "{text}"
            );
            assert!(id(text).same_profile(id("42e034")));
        }
        for text in ["42001f", "42a01f", "58801f"] {
            assert_eq!(id(text).profile(), Some(H264Profile::Baseline), "{text}");
        }
        for text in ["4d001f", "4d401f", "4d500b"] {
            assert_eq!(id(text).profile(), Some(H264Profile::Main), "{text}");
        }
        assert_eq!(id("58001f").profile(), Some(H264Profile::Extended));
    }

    #[test]
    fn newer_profiles_are_told_apart_by_all_their_flags() {
        let profiles = [
            ("640c1f", H264Profile::ConstrainedHigh),
            ("640028", H264Profile::High),
            ("6e0028", H264Profile::High10),
            ("6e1028", H264Profile::High10Intra),
            ("7a0028", H264Profile::High422),
            ("7a1028", H264Profile::High422Intra),
            ("f40028", H264Profile::High444),
            ("f41028", H264Profile::High444Intra),
            ("2c1028", H264Profile::Cavlc444Intra),
        ];
        for (index, (text, profile)) in profiles.into_iter().enumerate() {
            assert_eq!(id(text).profile(), Some(profile));
            for (other, _) in &profiles[index + 1..] {
                assert!(!id(text).same_profile(id(other)));
            }
        }
    }

    #[test]
    fn profiles_that_nobody_knows_are_the_same_when_their_bytes_are() {
        assert_eq!(id("42010a").profile(), None);
        assert!(id("42010a").same_profile(id("42011f")));
        assert!(!id("42010a").same_profile(id("42020a")));
        assert!(!id("42010a").same_profile(id("42000a")));
    }

    #[test]
    fn level_1b_stands_between_1_and_1_1_in_both_of_its_forms() {
        assert_eq!(id("42f00b").level(), H264Level::L1B);
        assert_eq!(id("640009").level(), H264Level::L1B);
        assert_eq!(id("42e00b").level(), H264Level::of(11));
        assert!(H264Level::of(10) < H264Level::L1B && H264Level::L1B < H264Level::of(11));
        assert_eq!(id("42e01f").with_level(H264Level::L1B), id("42f00b"));
        assert_eq!(id("42f00b").with_level(H264Level::of(11)), id("42e00b"));
        assert_eq!(id("64001f").with_level(H264Level::L1B), id("640009"));
        assert_eq!(
            (H264Level::L1B.to_string(), H264Level::of(31).to_string()),
            ("1b".into(), "3.1".into())
        );
    }

    #[test]
    fn six_digits_are_read_and_nothing_else() {
        assert_eq!(id("42E01F"), ProfileLevelId::CONSTRAINED_BASELINE_3_1);
        assert_eq!(id("42E01F").to_string(), "42e01f");
        for text in ["", "42e01", "42e01f0", "+2e01f", "42e01g", "é2e01"] {
            assert_eq!(ProfileLevelId::parse(text), None, "{text}");
        }
    }
}
