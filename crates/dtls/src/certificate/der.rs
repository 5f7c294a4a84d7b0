//! As much of DER (X.690) as a self-signed certificate needs.

pub(super) const INTEGER: u8 = 0x02;
pub(super) const BIT_STRING: u8 = 0x03;
pub(super) const OCTET_STRING: u8 = 0x04;
pub(super) const OBJECT_IDENTIFIER: u8 = 0x06;
pub(super) const UTF8_STRING: u8 = 0x0c;
pub(super) const UTC_TIME: u8 = 0x17;
pub(super) const GENERALIZED_TIME: u8 = 0x18;
pub(super) const SEQUENCE: u8 = 0x30;
pub(super) const SET: u8 = 0x31;
pub(super) const EXPLICIT_0: u8 = 0xa0;

/// id-ecPublicKey, RFC 5480 section 2.1.1.
pub(super) const EC_PUBLIC_KEY: [u8; 7] = [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01];
/// secp256r1, RFC 5480 section 2.1.1.1.
pub(super) const SECP256R1: [u8; 8] = [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07];
/// secp384r1, RFC 5480 section 2.1.1.1.
pub(super) const SECP384R1: [u8; 5] = [0x2b, 0x81, 0x04, 0x00, 0x22];

/// A value with its tag and length, made of the concatenated `parts`.
pub(super) fn tlv(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let len: usize = parts.iter().map(|part| part.len()).sum();
    let mut out = Vec::with_capacity(len + 5);
    out.push(tag);
    length(len, &mut out);
    parts.iter().for_each(|part| out.extend_from_slice(part));
    out
}

fn length(len: usize, out: &mut Vec<u8>) {
    if len < 0x80 {
        out.push(len as u8);
        return;
    }
    let bytes = len.to_be_bytes();
    let significant = &bytes[len.leading_zeros() as usize / 8..];
    out.push(0x80 | significant.len() as u8);
    out.extend_from_slice(significant);
}

/// A point in time as RFC 5280 section 4.1.2.5 writes it: UTCTime through 2049.
pub(super) fn time(unix: i64) -> Vec<u8> {
    let (year, month, day) = civil(unix.div_euclid(86_400));
    let second = unix.rem_euclid(86_400);
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    let rest = format!("{month:02}{day:02}{hour:02}{minute:02}{second:02}Z");
    if (1950..2050).contains(&year) {
        tlv(UTC_TIME, &[format!("{:02}{rest}", year % 100).as_bytes()])
    } else {
        let year = year.clamp(0, 9999);
        tlv(GENERALIZED_TIME, &[format!("{year:04}{rest}").as_bytes()])
    }
}

/// The Gregorian date of a day counted from 1970-01-01. Years are counted from March, so that the
/// leap day is the last of its year.
fn civil(days: i64) -> (i64, i64, i64) {
    const DAYS_BEFORE_EPOCH: i64 = 719_468;
    const DAYS_PER_ERA: i64 = 146_097;
    let days = days + DAYS_BEFORE_EPOCH;
    let era = days.div_euclid(DAYS_PER_ERA);
    let day_of_era = days.rem_euclid(DAYS_PER_ERA);
    let leap_days = day_of_era / 1460 - day_of_era / 36_524 + day_of_era / 146_096;
    let year_of_era = (day_of_era - leap_days) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = (shifted_month + 2) % 12 + 1;
    let year = 400 * era + year_of_era + i64::from(month <= 2);
    (year, month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_long_lengths_in_as_few_bytes_as_can_be() {
        assert_eq!(tlv(SEQUENCE, &[&[0; 127]])[..2], [0x30, 127]);
        assert_eq!(tlv(SEQUENCE, &[&[0; 128]])[..3], [0x30, 0x81, 128]);
        assert_eq!(tlv(SEQUENCE, &[&[0; 256]])[..4], [0x30, 0x82, 1, 0]);
    }

    #[test]
    fn writes_dates_across_leap_years_and_the_switch_to_generalized_time() {
        let cases = [
            (0, "700101000000Z"),
            (951_782_399, "000228235959Z"),
            (951_782_400, "000229000000Z"),
            (1_709_164_800, "240229000000Z"),
            (2_524_607_999, "491231235959Z"),
            (2_524_608_000, "20500101000000Z"),
        ];
        for (unix, text) in cases {
            assert_eq!(&time(unix)[2..], text.as_bytes());
        }
    }
}
