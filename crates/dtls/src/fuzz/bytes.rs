//! The parts without a state machine.

use ::bytes::BytesMut;
use tidewire_crypto::{AeadAlgorithm, HashAlgorithm, rust_crypto};

use crate::certificate::{Certificate, Fingerprint};
use crate::flight::{MAX_BUFFERED, Reassembler};
use crate::record::{Header, Opener, Outbound, Protection, RecordOverhead};
use crate::stats::DropReason;
use crate::wire::{
    CertificateRequest, CertificateVerify, ClientHello, ClientKeyExchange, ContentType,
    HandshakeType, HelloVerifyRequest, ServerHello, ServerKeyExchange, Writer, decode_certificate,
};

/// Takes `data` for a datagram of records, none of which is authentic; then seals it as data, which
/// opens once.
pub fn records(data: &[u8]) {
    let mut opener = Opener::new(protection());
    let mut rest = data;
    while let Some(header) = Header::decode(rest) {
        let (record, others) = rest.split_at(Header::LEN + header.length);
        assert_eq!(header.encode(), record[..Header::LEN]);
        let opened = opener.open(&header, &mut BytesMut::from(record));
        assert_eq!(opened, Err(DropReason::Unauthentic));
        rest = others;
    }
    let content = &data[..data.len().min(1 << 14)];
    let record = sealed(content);
    let header = Header::decode(&record).expect("a sealed record has a header");
    let mut opened = BytesMut::from(&record[..]);
    assert_eq!(opener.open(&header, &mut opened), Ok(()));
    assert_eq!(opened, content);
    let again = opener.open(&header, &mut BytesMut::from(&record[..]));
    assert_eq!(again, Err(DropReason::Replayed));
}

fn protection() -> Protection {
    let aead = rust_crypto::provider().aead(AeadAlgorithm::Aes128Gcm, &[7; 16]);
    Protection::new(aead.expect("a key of the right length"), [9; 4])
}

fn sealed(content: &[u8]) -> Vec<u8> {
    let mut outbound = Outbound::default();
    outbound.install(protection());
    let mut record = vec![0xa5; 3 + RecordOverhead::DTLS_1_2_GCM.header];
    record.extend_from_slice(content);
    let sealing = outbound.seal(ContentType::APPLICATION_DATA, 3, &mut record);
    assert_eq!(sealing, Ok(()));
    record.split_off(3)
}

/// Takes `data` for a record of fragments; then for choices among the fragments of some messages,
/// which come out whole and in order whatever else comes in between.
pub fn reassembly(data: &[u8]) {
    let mut reassembler = Reassembler::default();
    let _ = reassembler.insert_record(data, |_, _| true, |_, _| ());
    assert!(reassembler.buffered() <= MAX_BUFFERED);
    while reassembler.next_message().is_some() {}

    let mut reassembler = Reassembler::default();
    let mut due = 0;
    for choice in data.chunks_exact(3) {
        let sequence = due + u16::from(choice[0] % 12);
        let body = reference_body(sequence);
        let start = usize::from(choice[1]) * 3 % (body.len() + 1);
        let end = (start + usize::from(choice[2])).min(body.len());
        let record = fragment(sequence, &body, start, end);
        let taken = reassembler.insert_record(&record, |_, _| true, |_, _| ());
        assert_eq!(taken, Ok(()));
        assert!(reassembler.buffered() <= MAX_BUFFERED);
        while let Some(message) = reassembler.next_message() {
            assert_eq!((message.sequence, message.body), (due, reference_body(due)));
            due += 1;
        }
    }
}

fn reference_body(sequence: u16) -> Vec<u8> {
    let len = [0, 1, 40, 700, 90, 255][usize::from(sequence % 6)];
    (0..len).map(|index| (index + sequence) as u8).collect()
}

fn fragment(sequence: u16, body: &[u8], start: usize, end: usize) -> Vec<u8> {
    let mut record = Vec::new();
    let mut out = Writer::new(&mut record);
    out.u8(HandshakeType::CERTIFICATE.0);
    out.u24(body.len() as u32);
    out.u16(sequence);
    out.u24(start as u32);
    out.vec24(|out| out.bytes(&body[start..end]));
    record
}

/// Reads `data` as the body of every message. A hello that can be read is read again from what we
/// write of it.
pub fn messages(data: &[u8]) {
    if let Ok(hello) = ClientHello::decode(data) {
        client_hello(hello);
    }
    if let Ok(hello) = ServerHello::decode(data) {
        server_hello(hello);
    }
    let _ = HelloVerifyRequest::decode(data);
    let _ = decode_certificate(data);
    let _ = CertificateRequest::decode(data);
    rewrites(data, ServerKeyExchange::decode(data), |message, out| {
        message.encode(out);
    });
    rewrites(data, CertificateVerify::decode(data), |message, out| {
        message.encode(out);
    });
    rewrites(data, ClientKeyExchange::decode(data), |message, out| {
        message.encode(out);
    });
}

/// What is read of a message with one form only is written as it was.
fn rewrites<T, E>(data: &[u8], read: Result<T, E>, write: impl FnOnce(&T, &mut Writer<'_>)) {
    if let Ok(message) = read {
        let mut body = Vec::new();
        write(&message, &mut Writer::new(&mut body));
        assert_eq!(body, data);
    }
}

fn client_hello(mut hello: ClientHello) {
    // What we never write.
    hello.null_compression = true;
    hello.renegotiation_info = hello.renegotiation_info.map(|_| true);
    hello.point_formats = hello.point_formats.map(|_| true);
    let mut body = Vec::new();
    hello.encode(&mut Writer::new(&mut body));
    assert_eq!(ClientHello::decode(&body), Ok(hello));
}

fn server_hello(mut hello: ServerHello) {
    // What we never write.
    hello.renegotiation_info = hello.renegotiation_info.map(|_| true);
    hello.point_formats = hello.point_formats.map(|_| true);
    hello.unknown = None;
    hello.has_srtp_mki = false;
    let mut body = Vec::new();
    hello.encode(&mut Writer::new(&mut body));
    assert_eq!(ServerHello::decode(&body), Ok(hello));
}

/// Reads `data` as a certificate, as a key and as the text of a fingerprint.
pub fn certificate(data: &[u8]) {
    let crypto = rust_crypto::provider();
    let _ = crate::certificate::p256_public_key(data);
    let cut = data.first().map_or(0, |byte| usize::from(*byte)) % (data.len() + 1);
    let (der, key) = data.split_at(cut);
    if let Ok(certificate) = Certificate::from_der(crypto.as_ref(), der, key) {
        assert_eq!(certificate.der(), der);
    }
    for hash in [
        HashAlgorithm::Sha256,
        HashAlgorithm::Sha384,
        HashAlgorithm::Sha512,
    ] {
        let fingerprint = Fingerprint::of(crypto.as_ref(), hash, data);
        assert_eq!(fingerprint.to_string().parse(), Ok(fingerprint));
    }
    if let Ok(text) = std::str::from_utf8(data)
        && let Ok(fingerprint) = text.parse::<Fingerprint>()
    {
        assert_eq!(fingerprint.to_string().parse(), Ok(fingerprint));
    }
}

#[cfg(test)]
mod tests {
    use tidewire_crypto::Rng;
    use tidewire_netsim::for_each_corpus_entry;

    use super::*;
    use crate::record::Epoch;

    /// Runs `body` over `seed`, cut anywhere and with any byte changed, and over noise.
    fn around(seed: &[u8], body: fn(&[u8])) {
        for index in 0..seed.len() {
            body(&seed[..index]);
            let mut damaged = seed.to_vec();
            for byte in [0, 1, 0x7f, 0xff] {
                damaged[index] = byte;
                body(&damaged);
            }
        }
        body(seed);
        let mut rng = Rng::from_u64(1);
        for len in 0..300 {
            let mut noise = vec![0; len];
            rng.fill(&mut noise);
            body(&noise);
        }
    }

    /// Runs `body` around every seed of the corpus of its target.
    fn around_corpus(target: &str, body: fn(&[u8])) {
        for_each_corpus_entry(target, |seed| around(seed, body));
    }

    #[test]
    fn any_records_are_handled() {
        around_corpus("dtls_records", records);
    }

    #[test]
    fn any_fragments_are_handled() {
        around_corpus("dtls_reassembly", reassembly);
    }

    #[test]
    fn any_messages_are_handled() {
        around_corpus("dtls_messages", messages);
    }

    #[test]
    fn any_certificate_is_handled() {
        around_corpus("dtls_certificate", certificate);
    }

    #[test]
    fn a_kept_record_number_is_not_reused() {
        let mut outbound = Outbound::default();
        outbound.install(protection());
        let mut both = Vec::new();
        for _ in 0..2 {
            let written = outbound.write(Epoch::Protected, ContentType::ALERT, &mut both, |out| {
                out.u16(0);
            });
            assert_eq!(written, Ok(()));
        }
        let (first, second) = both.split_at(both.len() / 2);
        assert_ne!(first[5..21], second[5..21]);
    }
}
