//! Writing RTP packets.

use crate::extension::{Extension, Form};
use crate::header::{Header, MARKER};

impl Header {
    /// The longest list of contributing sources.
    pub const MAX_CSRCS: usize = 15;

    /// Appends the header of a packet to `out`, with as many of `csrcs` as fit. Extensions follow, and
    /// then [`payload`](HeaderWriter::payload).
    ///
    /// ```
    /// use tidewire_rtp::extension::{AudioLevel, Form, Mid};
    /// use tidewire_rtp::{Header, Packet};
    ///
    /// let header = Header { payload_type: 111, sequence_number: 7, ssrc: 9, ..Header::default() };
    /// let level = AudioLevel { voice: true, level: 30 };
    /// let mut out = Vec::new();
    /// let mut writer = header.write(&mut out, &[], Form::OneByte);
    /// writer.extension(1, &Mid("0")).extension(2, &level);
    /// writer.payload().extend_from_slice(b"media");
    ///
    /// let packet = Packet::parse(&out)?;
    /// assert_eq!(packet.extensions().count(), 2);
    /// assert_eq!(packet.payload(), b"media");
    /// # Ok::<(), tidewire_rtp::ParseError>(())
    /// ```
    pub fn write<'a>(&self, out: &'a mut Vec<u8>, csrcs: &[u32], form: Form) -> HeaderWriter<'a> {
        let start = out.len();
        let csrcs = &csrcs[..csrcs.len().min(Self::MAX_CSRCS)];
        let mut fixed = [0; 12];
        fixed[0] = 0x80 | csrcs.len() as u8;
        fixed[1] = self.payload_type & !MARKER | u8::from(self.marker) << 7;
        fixed[2..4].copy_from_slice(&self.sequence_number.to_be_bytes());
        fixed[4..8].copy_from_slice(&self.timestamp.to_be_bytes());
        fixed[8..].copy_from_slice(&self.ssrc.to_be_bytes());
        out.extend_from_slice(&fixed);
        for csrc in csrcs {
            out.extend_from_slice(&csrc.to_be_bytes());
        }
        HeaderWriter {
            extension: out.len(),
            out,
            start,
            form,
        }
    }
}

/// Appends header extensions to a packet.
#[derive(Debug)]
pub struct HeaderWriter<'a> {
    out: &'a mut Vec<u8>,
    /// Where the packet begins.
    start: usize,
    /// Where the header extension begins, once there is one.
    extension: usize,
    form: Form,
}

impl<'a> HeaderWriter<'a> {
    /// Appends an element. One that the form has no room for is left out: an `id` that is too high, a
    /// value that is too long, or none at all in the form of one byte (RFC 8285 section 4).
    pub fn extension<'b>(&mut self, id: u8, value: &impl Extension<'b>) -> &mut Self {
        self.element(id, |out| value.encode(out))
    }

    /// Appends an element with any bytes, like [`extension`](Self::extension).
    pub fn raw_extension(&mut self, id: u8, value: &[u8]) -> &mut Self {
        self.element(id, |out| out.extend_from_slice(value))
    }

    /// Ends the header: what is appended to the answer is the payload.
    pub fn payload(self) -> &'a mut Vec<u8> {
        let len = self.out.len() - self.extension;
        if len > 0 {
            let padded = len.next_multiple_of(4);
            self.out.resize(self.extension + padded, 0);
            let words = ((padded - 4) / 4) as u16;
            self.out[self.extension + 2..][..2].copy_from_slice(&words.to_be_bytes());
        }
        self.out
    }

    fn element(&mut self, id: u8, encode: impl FnOnce(&mut Vec<u8>)) -> &mut Self {
        let before = self.out.len();
        if before == self.extension {
            self.out
                .extend_from_slice(&self.form.profile().to_be_bytes());
            self.out.extend_from_slice(&[0, 0]);
        }
        let element = self.out.len();
        let head = self.form.element_header_len();
        self.out.extend_from_slice(&[0; 2][..head]);
        encode(self.out);
        let len = self.out.len() - element - head;
        match self.form.element_header(id, len) {
            Some(header) => {
                self.out[element..][..head].copy_from_slice(&header[..head]);
                self.out[self.start] |= 0x10;
            }
            None => self.out.truncate(before),
        }
        self
    }
}

/// Appends padding to the packet that is `packet[start..]` until it is `len` bytes longer (RFC 3550
/// section 5.1). The last byte counts them, so that `len` is 1 to 255; 0 does nothing.
pub fn pad(packet: &mut Vec<u8>, start: usize, len: u8) {
    if len > 0 {
        packet.resize(packet.len() + usize::from(len) - 1, 0);
        packet.push(len);
        packet[start] |= 0x20;
    }
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;
    use crate::Packet;

    #[test]
    fn an_extension_that_does_not_fit_its_form_is_left_out() {
        let mut out = Vec::new();
        let mut writer = Header::default().write(&mut out, &[], Form::OneByte);
        writer
            .raw_extension(15, &[1])
            .raw_extension(0, &[1])
            .raw_extension(1, &[])
            .raw_extension(2, &[0; 17]);
        writer.payload().push(7);
        let packet = Packet::parse(&out).unwrap();
        assert_eq!(packet.raw_extension(), None);
        assert_eq!(packet.payload(), [7]);
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(
            (marker, payload_type) in (any::<bool>(), 0u8..128),
            (sequence_number, timestamp, ssrc) in any::<(u16, u32, u32)>(),
            csrcs in vec(any::<u32>(), 0..=15),
            elements in vec((1u8..=14, vec(any::<u8>(), 1..=16)), 0..8),
            payload in vec(any::<u8>(), 0..50),
            padding in any::<u8>(),
            is_two_byte in any::<bool>(),
        ) {
            let header = Header { marker, payload_type, sequence_number, timestamp, ssrc };
            let form = if is_two_byte { Form::TwoByte } else { Form::OneByte };
            let mut out = vec![0xaa; 5];
            let mut writer = header.write(&mut out, &csrcs, form);
            for (id, value) in &elements {
                writer.raw_extension(*id, value);
            }
            writer.payload().extend_from_slice(&payload);
            pad(&mut out, 5, padding);

            prop_assert_eq!(&out[..5], [0xaa; 5]);
            let packet = Packet::parse(&out[5..]).unwrap();
            prop_assert_eq!(packet.marker(), marker);
            prop_assert_eq!(packet.payload_type(), payload_type);
            prop_assert_eq!(packet.sequence_number(), sequence_number);
            prop_assert_eq!(packet.timestamp(), timestamp);
            prop_assert_eq!(packet.ssrc(), ssrc);
            prop_assert_eq!(packet.csrcs().collect::<Vec<_>>(), csrcs);
            let read: Vec<_> = packet.extensions().map(|(id, value)| (id, value.to_vec())).collect();
            prop_assert_eq!(read, elements);
            prop_assert_eq!(packet.payload(), payload);
            prop_assert_eq!(packet.padding_len(), usize::from(padding));
        }

        #[test]
        fn any_bytes_are_read_or_refused(bytes in vec(any::<u8>(), 0..100)) {
            if let Ok(packet) = Packet::parse(&bytes) {
                prop_assert!(packet.extensions().count() <= bytes.len());
                prop_assert!(packet.payload().len() <= bytes.len());
            }
        }
    }
}
