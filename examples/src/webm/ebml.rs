//! Elements: an id, a size, a payload (RFC 8794 section 4).

use std::io::{self, Read};

/// A size that says that it is not known.
pub(super) const UNKNOWN_SIZE: [u8; 8] = [0x01, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF];

/// Appends an element.
pub(super) fn element(out: &mut Vec<u8>, id: u32, payload: &[u8]) {
    put_id(out, id);
    put_size(out, payload.len() as u64);
    out.extend_from_slice(payload);
}

/// Appends an element of what `content` writes.
pub(super) fn master(out: &mut Vec<u8>, id: u32, content: impl FnOnce(&mut Vec<u8>)) {
    let mut payload = Vec::new();
    content(&mut payload);
    element(out, id, &payload);
}

/// Appends a number in as few bytes as it takes.
pub(super) fn uint(out: &mut Vec<u8>, id: u32, value: u64) {
    let bytes = value.to_be_bytes();
    let skip = (value.leading_zeros() as usize / 8).min(7);
    element(out, id, &bytes[skip..]);
}

/// Appends a number in eight bytes, to be overwritten.
pub(super) fn float(out: &mut Vec<u8>, id: u32, value: f64) {
    element(out, id, &value.to_be_bytes());
}

pub(super) fn put_id(out: &mut Vec<u8>, id: u32) {
    let bytes = id.to_be_bytes();
    out.extend_from_slice(&bytes[id.leading_zeros() as usize / 8..]);
}

fn put_size(out: &mut Vec<u8>, size: u64) {
    // All ones would say that it is unknown.
    let mut length = 1;
    while length < 8 && size >= (1 << (7 * length)) - 1 {
        length += 1;
    }
    let marked = size | 1 << (7 * length);
    out.extend_from_slice(&marked.to_be_bytes()[8 - length..]);
}

/// A size in eight bytes.
pub(super) fn long_size(size: u64) -> [u8; 8] {
    (size | 1 << 56).to_be_bytes()
}

/// Reads an id; `None` at the end of the file.
pub(super) fn read_id(input: &mut impl Read) -> io::Result<Option<u32>> {
    let mut first = [0];
    if input.read(&mut first)? == 0 {
        return Ok(None);
    }
    let more = first[0].leading_zeros() as usize;
    if more > 3 {
        return Err(io::Error::new(
            io::ErrorKind::InvalidData,
            "an element's id is too long",
        ));
    }
    let mut rest = [0; 3];
    input.read_exact(&mut rest[..more])?;
    let id = rest[..more]
        .iter()
        .fold(u32::from(first[0]), |id, byte| id << 8 | u32::from(*byte));
    Ok(Some(id))
}

/// Reads a size; `None` for an unknown one.
pub(super) fn read_size(input: &mut impl Read) -> io::Result<Option<u64>> {
    let mut first = [0];
    input.read_exact(&mut first)?;
    let more = first[0].leading_zeros() as usize;
    if more > 7 {
        return Err(io::Error::new(
            io::ErrorKind::InvalidData,
            "an element's size is too long",
        ));
    }
    let mut rest = [0; 7];
    input.read_exact(&mut rest[..more])?;
    let mask = 0x7F >> more;
    let start = u64::from(first[0] & mask as u8);
    let size = rest[..more]
        .iter()
        .fold(start, |size, byte| size << 8 | u64::from(*byte));
    let unknown = (1 << (7 * (more + 1))) - 1;
    Ok((size != unknown).then_some(size))
}

/// The elements in a payload; what is malformed ends them.
pub(super) struct Elements<'a>(pub(super) &'a [u8]);

impl<'a> Iterator for Elements<'a> {
    type Item = (u32, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let id = read_id(&mut self.0).ok()??;
        let size = usize::try_from(read_size(&mut self.0).ok()??).ok()?;
        let (payload, rest) = self.0.split_at_checked(size)?;
        self.0 = rest;
        Some((id, payload))
    }
}

/// The payload as a number; longer ones than numbers are have none.
pub(super) fn as_uint(payload: &[u8]) -> Option<u64> {
    let fits = payload.len() <= 8;
    fits.then(|| {
        payload
            .iter()
            .fold(0, |value, byte| value << 8 | u64::from(*byte))
    })
}

/// The payload as a number with a fraction.
pub(super) fn as_float(payload: &[u8]) -> Option<f64> {
    match *payload {
        [a, b, c, d] => Some(f32::from_be_bytes([a, b, c, d]).into()),
        [a, b, c, d, e, f, g, h] => Some(f64::from_be_bytes([a, b, c, d, e, f, g, h])),
        _ => None,
    }
}
