//! Fuzz bodies: what must hold for any bytes.

use crate::{DcepMessage, OpenMessage};

/// Reads any bytes; what was read is written again as it stood.
pub fn dcep(data: &[u8]) {
    let Ok(message) = DcepMessage::parse(data) else {
        return;
    };
    let mut out = Vec::new();
    message.write(&mut out).expect("what was read fits");
    assert_eq!(DcepMessage::parse(&out), Ok(message));
    if let DcepMessage::Open(OpenMessage {
        label, protocol, ..
    }) = message
    {
        assert_eq!(out.len(), data.len());
        assert_eq!(out.len(), 12 + label.len() + protocol.len());
    }
}
