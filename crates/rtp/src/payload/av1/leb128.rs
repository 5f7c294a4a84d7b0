//! Numbers of seven bits a byte, the lowest first (section 4.10.5 of the AV1 bitstream specification).

/// How many bytes a number can take.
pub(super) const MAX_LEN: usize = 8;

/// Reads a number, and how many bytes it took. `None` when it does not end or is beyond 32 bits.
pub(super) fn read(data: &[u8]) -> Option<(usize, usize)> {
    let mut value = 0_u64;
    for (index, byte) in data.iter().take(MAX_LEN).enumerate() {
        value |= u64::from(byte & 0x7f) << (7 * index);
        if byte & 0x80 == 0 {
            let value = u32::try_from(value).ok()?;
            return Some((usize::try_from(value).ok()?, index + 1));
        }
    }
    None
}

/// How many bytes a number takes.
pub(super) fn len(value: usize) -> usize {
    (value.max(1).ilog2() / 7 + 1) as usize
}

/// Gives the bytes of a number to `put`.
pub(super) fn write(mut value: usize, mut put: impl FnMut(u8)) {
    while value > 0x7f {
        put(value as u8 | 0x80);
        value >>= 7;
    }
    put(value as u8);
}

#[cfg(test)]
mod tests {
    use super::{len, read, write};

    #[test]
    fn numbers_read_back_as_written() {
        for value in [0, 1, 127, 128, 16_383, 16_384, 0xffff_ffff] {
            let mut bytes = Vec::new();
            write(value, |byte| bytes.push(byte));
            assert_eq!(bytes.len(), len(value));
            assert_eq!(read(&bytes), Some((value, bytes.len())));
            assert_eq!(read(&bytes[..bytes.len() - 1]), None);
        }
    }

    #[test]
    fn numbers_may_take_eight_bytes_and_32_bits() {
        let padded = [0x81, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x00];
        assert_eq!(read(&padded), Some((1, 8)));
        assert_eq!(read(&[0x80, 0x80, 0x80, 0x80, 0x10]), None, "33 bits");
        assert_eq!(read(&[0x80; 9]), None);
    }
}
