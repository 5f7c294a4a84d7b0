//! All messages so far, in the form that the version hashes them in.

use tidewire_crypto::{CryptoProvider, Digest, HashAlgorithm, HashContext};

use crate::flight::MESSAGE_HEADER_LEN;
use crate::wire::{HandshakeType, Writer};

/// The header of a message of TLS, which DTLS 1.3 hashes in place of its own (RFC 9147 section 5.2).
const TLS_HEADER_LEN: usize = 4;

/// The transcript. It is kept as DTLS 1.2 hashes it, each message as if it had come in one fragment
/// (RFC 6347 section 4.2.6), until DTLS 1.3 is settled upon.
#[derive(Debug, Default)]
pub(crate) struct Transcript {
    bytes: Vec<u8>,
    running: Option<Box<dyn HashContext>>,
}

impl Transcript {
    pub(crate) fn add(&mut self, kind: HandshakeType, sequence: u16, body: &[u8]) {
        if let Some(running) = &mut self.running {
            running.update(&tls_header(kind, body.len()));
            running.update(body);
            return;
        }
        let mut out = Writer::new(&mut self.bytes);
        out.u8(kind.0);
        out.u24(body.len() as u32);
        out.u16(sequence);
        out.u24(0);
        out.u24(body.len() as u32);
        out.bytes(body);
    }

    /// Starts over.
    pub(crate) fn clear(&mut self) {
        *self = Self::default();
    }

    /// What DTLS 1.2 hashes and signs.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The version is 1.3, and this is the hash. Does nothing the second time.
    pub(crate) fn start_hash(&mut self, crypto: &dyn CryptoProvider, hash: HashAlgorithm) {
        if self.running.is_some() {
            return;
        }
        let mut running = crypto.hash(hash);
        let bytes = std::mem::take(&mut self.bytes);
        let mut rest = &bytes[..];
        while let Some((header, after)) = rest.split_first_chunk::<MESSAGE_HEADER_LEN>() {
            let len = u32::from_be_bytes([0, header[1], header[2], header[3]]) as usize;
            let (body, others) = after.split_at(len);
            running.update(&header[..TLS_HEADER_LEN]);
            running.update(body);
            rest = others;
        }
        self.running = Some(running);
    }

    /// A HelloRetryRequest is to come: the first ClientHello is hashed by itself (RFC 8446 section
    /// 4.4.1).
    pub(crate) fn replace_by_hash(&mut self, crypto: &dyn CryptoProvider, hash: HashAlgorithm) {
        self.start_hash(crypto, hash);
        let first = self.hash();
        let mut running = crypto.hash(hash);
        running.update(&tls_header(
            HandshakeType::MESSAGE_HASH,
            first.as_ref().len(),
        ));
        running.update(first.as_ref());
        self.running = Some(running);
    }

    /// The hash of all so far, once there is one.
    pub(crate) fn hash(&self) -> Digest {
        self.running
            .as_ref()
            .map_or(Digest::new(&[]), |running| running.current())
    }
}

fn tls_header(kind: HandshakeType, len: usize) -> [u8; TLS_HEADER_LEN] {
    let [_, high, middle, low] = (len as u32).to_be_bytes();
    [kind.0, high, middle, low]
}

#[cfg(test)]
mod tests {
    use tidewire_crypto::rust_crypto;

    use super::*;

    const HASH: HashAlgorithm = HashAlgorithm::Sha256;

    fn hash_of(parts: &[&[u8]]) -> Vec<u8> {
        let mut hash = rust_crypto::provider().hash(HASH);
        parts.iter().for_each(|part| hash.update(part));
        hash.current().as_ref().to_vec()
    }

    #[test]
    fn messages_are_hashed_with_the_headers_of_tls_whenever_they_came() {
        let crypto = rust_crypto::provider();
        let mut transcript = Transcript::default();
        transcript.add(HandshakeType::CLIENT_HELLO, 0, b"one");
        transcript.add(HandshakeType::SERVER_HELLO, 0, b"");
        transcript.start_hash(&*crypto, HASH);
        transcript.start_hash(&*crypto, HASH);
        transcript.add(HandshakeType::FINISHED, 5, b"three");
        let expected = hash_of(&[
            &[1, 0, 0, 3],
            b"one",
            &[2, 0, 0, 0],
            &[20, 0, 0, 5],
            b"three",
        ]);
        assert_eq!(transcript.hash().as_ref(), expected);
    }

    #[test]
    fn a_retry_leaves_the_hash_of_the_first_hello() {
        let crypto = rust_crypto::provider();
        let mut transcript = Transcript::default();
        transcript.add(HandshakeType::CLIENT_HELLO, 0, b"one");
        transcript.replace_by_hash(&*crypto, HASH);
        let first = hash_of(&[&[1, 0, 0, 3], b"one"]);
        let expected = hash_of(&[&[254, 0, 0, 32], &first]);
        assert_eq!(transcript.hash().as_ref(), expected);
    }
}
