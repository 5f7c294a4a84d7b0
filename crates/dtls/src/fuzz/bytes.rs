//! The parts without a state machine.

use ::bytes::BytesMut;
use tidewire_crypto::{AeadAlgorithm, HashAlgorithm, rust_crypto};

use crate::certificate::{Certificate, Fingerprint};
use crate::flight::{MAX_BUFFERED, Reassembler};
use crate::record::{Epoch, Header, Inbound, Outbound, Protection, UnifiedHeader};
use crate::stats::DropReason;
use crate::wire::{
    CertificateRequest, CertificateRequest13, CertificateVerify, ClientHello, ClientKeyExchange,
    ContentType, EncryptedExtensions, HandshakeType, HelloVerifyRequest, ServerHello,
    ServerKeyExchange, Writer, decode_certificate, decode_certificate_1_3,
};

const ALGORITHM: AeadAlgorithm = AeadAlgorithm::Aes128Gcm;
/// What the fuzzer's data may take of a record.
const MAX_CONTENT_LEN: usize = 1 << 14;

/// Takes `data` for a datagram of records of both versions, none of which is authentic; then seals it as
/// data, which opens once.
pub fn records(data: &[u8]) {
    let mut inbound = [inbound(false), inbound(true)];
    let mut rest = data;
    while !rest.is_empty() {
        let (len, opened) = if UnifiedHeader::begins(rest) {
            let Some(header) = UnifiedHeader::decode(rest) else {
                break;
            };
            let len = header.len + header.ciphertext_len;
            let opened = open_1_3(&mut inbound[1], &rest[..len]);
            (len, opened.map(|_| ()))
        } else {
            let Some(header) = Header::decode(rest) else {
                break;
            };
            let len = Header::LEN + header.length;
            assert_eq!(header.encode(), rest[..Header::LEN]);
            let record = &mut BytesMut::from(&rest[..len]);
            (len, inbound[0].open_1_2(&header, record))
        };
        assert!(opened.is_err());
        rest = &rest[len..];
    }
    let content = &data[..data.len().min(MAX_CONTENT_LEN)];
    let record = sealed(false, content);
    let header = Header::decode(&record).expect("a sealed record has a header");
    let mut opened = BytesMut::from(&record[..]);
    assert_eq!(inbound[0].open_1_2(&header, &mut opened), Ok(()));
    assert_eq!(opened, content);
    let again = inbound[0].open_1_2(&header, &mut BytesMut::from(&record[..]));
    assert_eq!(again, Err(DropReason::Replayed));
    let record = sealed(true, content);
    let opened = open_1_3(&mut inbound[1], &record).expect("what was sealed");
    assert_eq!(opened, content);
    let again = open_1_3(&mut inbound[1], &record);
    assert_eq!(again, Err(DropReason::Replayed));
}

fn open_1_3(inbound: &mut Inbound, record: &[u8]) -> Result<BytesMut, DropReason> {
    let header = UnifiedHeader::decode(record).ok_or(DropReason::Malformed)?;
    let epoch = inbound.epoch_of(&header).ok_or(DropReason::WrongEpoch)?;
    let mut record = BytesMut::from(record);
    let opened = inbound.open_1_3(epoch, &header, &mut record)?;
    assert_eq!(opened.kind, ContentType::APPLICATION_DATA);
    Ok(record)
}

fn protection(is_1_3: bool) -> Protection {
    let crypto = rust_crypto::provider();
    let aead = crypto.aead(ALGORITHM, &[7; 16]);
    let aead = aead.expect("a key of the right length");
    if is_1_3 {
        let mask = crypto.record_number_mask(ALGORITHM, &[8; 16]);
        Protection::of_1_3(aead, [9; 12], mask.expect("a key of the right length"))
    } else {
        Protection::of_1_2(aead, &[9; 4])
    }
}

fn epoch(is_1_3: bool) -> Epoch {
    if is_1_3 {
        Epoch::APPLICATION
    } else {
        Epoch::PROTECTED
    }
}

fn inbound(is_1_3: bool) -> Inbound {
    let mut inbound = Inbound::default();
    inbound.install(epoch(is_1_3), protection(is_1_3));
    inbound
}

fn outbound(is_1_3: bool) -> Outbound {
    let mut outbound = Outbound::default();
    outbound.install(epoch(is_1_3), ALGORITHM, protection(is_1_3));
    outbound
}

fn sealed(is_1_3: bool, content: &[u8]) -> Vec<u8> {
    let mut outbound = outbound(is_1_3);
    let mut record = vec![0xa5; 3 + outbound.overhead(epoch(is_1_3)).header];
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
    let _ = decode_certificate(data);
    let _ = decode_certificate_1_3(data);
    let _ = CertificateRequest::decode(data);
    let _ = HelloVerifyRequest::decode(data);
    if let Ok(Some(request)) = CertificateRequest13::decode(data) {
        let mut body = Vec::new();
        request.encode(&mut Writer::new(&mut body));
        let again = CertificateRequest13::decode(&body).map(|again| again.map(|r| r.schemes));
        assert_eq!(again, Ok(Some(request.schemes)));
    }
    if let Ok(mut extensions) = EncryptedExtensions::decode(data) {
        // What we never write.
        extensions.has_srtp_mki = false;
        extensions.misplaced = false;
        extensions.unknown = None;
        let mut body = Vec::new();
        extensions.encode(&mut Writer::new(&mut body));
        assert_eq!(EncryptedExtensions::decode(&body), Ok(extensions));
    }
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
    hello.only_null_compression = true;
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
    let _ = crate::certificate::public_key(data);
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
        for is_1_3 in [false, true] {
            let mut outbound = outbound(is_1_3);
            let mut write = || {
                let mut out = Vec::new();
                let kind = ContentType::ALERT;
                let number = outbound.write(epoch(is_1_3), kind, &mut out, |out| out.u16(0));
                (number.unwrap(), out)
            };
            let ((first, one), (second, other)) = (write(), write());
            assert_ne!(first, second);
            assert_ne!(one, other);
        }
    }
}
