//! What CertificateVerify signs, RFC 8446 section 4.4.3.

use tidewire_crypto::Digest;

use crate::secrets::Sender;

pub(super) fn signed_content(sender: Sender, transcript_hash: &Digest) -> Vec<u8> {
    let context = match sender {
        Sender::Client => "TLS 1.3, client CertificateVerify",
        Sender::Server => "TLS 1.3, server CertificateVerify",
    };
    let hash = transcript_hash.as_ref();
    [&[0x20; 64], context.as_bytes(), &[0], hash].concat()
}
