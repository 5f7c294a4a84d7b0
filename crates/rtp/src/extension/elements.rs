//! The elements of a header extension (RFC 8285 section 4).

use std::ops::Range;

/// The form that a header extension has.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Form {
    /// Elements of 1 to 16 bytes, with identifiers from 1 to 14 (section 4.2).
    OneByte,
    /// Elements of up to 255 bytes, with identifiers from 1 to 255 (section 4.3).
    TwoByte,
}

impl Form {
    const ONE_BYTE: u16 = 0xbede;
    /// The lowest four bits are free for the application.
    const TWO_BYTE: u16 = 0x1000;

    pub(crate) fn of(profile: u16) -> Option<Self> {
        match profile {
            Self::ONE_BYTE => Some(Self::OneByte),
            _ if profile & 0xfff0 == Self::TWO_BYTE => Some(Self::TwoByte),
            _ => None,
        }
    }

    pub(crate) const fn profile(self) -> u16 {
        match self {
            Self::OneByte => Self::ONE_BYTE,
            Self::TwoByte => Self::TWO_BYTE,
        }
    }

    /// What stands before the value of an element, in bytes.
    pub(crate) const fn element_header_len(self) -> usize {
        match self {
            Self::OneByte => 1,
            Self::TwoByte => 2,
        }
    }

    /// What stands before a value. `None` when the form has no room for it.
    pub(crate) fn element_header(self, id: u8, len: usize) -> Option<[u8; 2]> {
        match (self, id, len) {
            (Self::OneByte, 1..=14, 1..=16) => Some([id << 4 | (len - 1) as u8, 0]),
            (Self::TwoByte, 1.., 0..=255) => Some([id, len as u8]),
            _ => None,
        }
    }

    /// Whether an element fits.
    pub fn fits(self, id: u8, len: usize) -> bool {
        self.element_header(id, len).is_some()
    }
}

/// The elements of a header extension, each an identifier and a value.
#[derive(Clone, Debug)]
pub struct Elements<'a> {
    form: Option<Form>,
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Elements<'a> {
    /// The elements of an extension that was taken from its packet.
    pub fn of(form: Option<Form>, bytes: &'a [u8]) -> Self {
        Self { form, bytes, at: 0 }
    }

    /// The form of the extension; `None` when there is none, or none of RFC 8285.
    pub fn form(&self) -> Option<Form> {
        self.form
    }

    /// The value of the first element with this identifier.
    pub fn find(mut self, id: u8) -> Option<&'a [u8]> {
        self.find_map(|(other, value)| (other == id).then_some(value))
    }

    /// All of the extension, with padding.
    pub fn as_bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// Where the value of the first element with this identifier stands.
    pub(crate) fn range_of(mut self, id: u8) -> Option<Range<usize>> {
        loop {
            let (other, value) = self.next()?;
            if other == id {
                return Some(self.at - value.len()..self.at);
            }
        }
    }

    fn end(&mut self) -> Option<(u8, &'a [u8])> {
        self.at = self.bytes.len();
        None
    }
}

impl<'a> Iterator for Elements<'a> {
    type Item = (u8, &'a [u8]);

    /// An element that does not fit into the extension ends it.
    fn next(&mut self) -> Option<Self::Item> {
        let form = self.form?;
        loop {
            let first = *self.bytes.get(self.at)?;
            self.at += 1;
            let (id, len) = match form {
                // Padding.
                _ if first == 0 => continue,
                Form::OneByte => match first >> 4 {
                    // Reserved, and padding with a length: what comes after it is not read.
                    0 | 15 => return self.end(),
                    id => (id, usize::from(first & 0x0f) + 1),
                },
                Form::TwoByte => {
                    let len = usize::from(*self.bytes.get(self.at)?);
                    self.at += 1;
                    (first, len)
                }
            };
            let Some(value) = self.bytes.get(self.at..self.at + len) else {
                return self.end();
            };
            self.at += len;
            return Some((id, value));
        }
    }
}

#[cfg(test)]
mod tests {
    use hex_literal::hex;

    use super::*;

    fn read(profile: u16, bytes: &[u8]) -> Vec<(u8, Vec<u8>)> {
        Elements::of(Form::of(profile), bytes)
            .map(|(id, value)| (id, value.to_vec()))
            .collect()
    }

    #[test]
    fn reads_the_example_of_the_one_byte_form() {
        let bytes = hex!("10 aa 21 bbbb 0000 33 cccccccc");
        let expected = [(1, vec![0xaa]), (2, vec![0xbb; 2]), (3, vec![0xcc; 4])];
        assert_eq!(read(0xbede, &bytes), expected);
    }

    #[test]
    fn reads_the_two_byte_form_with_any_application_bits() {
        let bytes = hex!("01 00 02 01 bb 00 03 04 cccccccc");
        let expected = [(1, vec![]), (2, vec![0xbb]), (3, vec![0xcc; 4])];
        assert_eq!(read(0x1000, &bytes), expected);
        assert_eq!(read(0x100f, &bytes), expected);
        assert_eq!(read(0x2000, &bytes), []);
    }

    #[test]
    fn reserved_identifiers_end_the_extension() {
        assert_eq!(read(0xbede, &hex!("10 aa f0 00 20 bb")), [(1, vec![0xaa])]);
        assert_eq!(read(0xbede, &hex!("10 aa 01 00 20 bb")), [(1, vec![0xaa])]);
    }

    #[test]
    fn an_element_that_is_cut_off_ends_the_extension() {
        assert_eq!(read(0xbede, &hex!("10 aa 23 bb")), [(1, vec![0xaa])]);
        assert_eq!(read(0x1000, &hex!("01 01 aa 02")), [(1, vec![0xaa])]);
    }

    #[test]
    fn finds_an_element_and_where_it_stands() {
        let elements = Elements::of(Some(Form::OneByte), &[0x10, 0xaa, 0x20, 0xbb]);
        assert_eq!(elements.clone().find(2), Some(&[0xbb][..]));
        assert_eq!(elements.clone().find(3), None);
        assert_eq!(elements.range_of(2), Some(3..4));
    }
}
