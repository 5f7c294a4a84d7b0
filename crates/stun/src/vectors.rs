//! The messages of RFC 5769 and of RFC 8489 appendix B, read and written.

use hex_literal::hex;
use tidewire_crypto::{Secret, rust_crypto};

use crate::testing::{sha1_key, sha256_key};
use crate::{
    AttributeType, BuildError, Class, Fingerprint, IntegrityError, Message, MessageBuilder, Method,
    ParseError, PasswordAlgorithm, TransactionId, long_term_key, userhash,
};

/// RFC 5769 section 2.1.
pub(crate) const REQUEST: [u8; 108] = hex!(
    "000100582112a442b7e7a701bc34d686fa87dfae
     802200105354554e207465737420636c69656e74
     002400046e0001ff
     80290008932ff9b151263b36
     000600096576746a3a68367659202020
     000800149aeaa70cbfd8cb56781ef2b5b2d3f249c1b571a2
     80280004e57a3bcf"
);

/// RFC 5769 section 2.2.
pub(crate) const IPV4_RESPONSE: [u8; 80] = hex!(
    "0101003c2112a442b7e7a701bc34d686fa87dfae
     8022000b7465737420766563746f7220
     002000080001a147e112a643
     000800142b91f599fd9e90c38c7489f92af9ba53f06be7d7
     80280004c07d4c96"
);

/// RFC 5769 section 2.3.
pub(crate) const IPV6_RESPONSE: [u8; 92] = hex!(
    "010100482112a442b7e7a701bc34d686fa87dfae
     8022000b7465737420766563746f7220
     002000140002a1470113a9faa5d3f179bc25f4b5bed2b9d9
     00080014a382954e4be67bf11784c97c8292c275bfe3ed41
     80280004c8fb0b4c"
);

/// RFC 5769 section 2.4.
pub(crate) const LONG_TERM_REQUEST: [u8; 116] = hex!(
    "000100602112a44278ad3433c6ad72c029da412e
     00060012e3839ee38388e383aae38383e382afe382b90000
     0015001c662f2f3439396b39353464364f4c33346f4c39465354767936347341
     0014000b6578616d706c652e6f726700
     00080014f67024656dd64a3e02b8e0712e85c9a28ca89666"
);

/// RFC 8489 appendix B.1 as printed: its length is 20 too high, since it counts the header, and its tag
/// was computed over that.
const SHA256_REQUEST: [u8; 156] = hex!(
    "0001009c2112a44278ad3433c6ad72c029da412e
     001e00204a3cf38fef6992bda952c6780417da0f24819415569e60b205c46e41407f1704
     001500296f624d61744a6f733241414143662f2f3439396b39353464364f4c33346f4c39465354767936347341000000
     0014000b6578616d706c652e6f726700
     001c0020e4686c8f0edeb59013e07090010a93efccbccc544c0a45d9f830aa6d6f735a01"
);

const PASSWORD: &[u8] = b"VOkJxbRl1RmTxUk/WvJxBt";
const USERNAME: &str = "\u{30de}\u{30c8}\u{30ea}\u{30c3}\u{30af}\u{30b9}";
const ID: TransactionId = TransactionId(hex!("b7e7a701bc34d686fa87dfae"));

#[test]
fn the_sample_request_is_read() {
    let message = Message::parse(&REQUEST).unwrap();
    assert_eq!(message.class(), Class::Request);
    assert_eq!(message.method(), Method::BINDING);
    assert_eq!(message.transaction_id(), ID);
    assert_eq!(message.software(), Some("STUN test client"));
    assert_eq!(message.priority(), Some(0x6e00_01ff));
    assert_eq!(message.ice_controlled(), Some(0x932f_f9b1_5126_3b36));
    assert_eq!(message.ice_controlling(), None);
    assert_eq!(message.username(), Some("evtj:h6vY"));
    assert_eq!(message.verify_integrity(&*sha1_key(PASSWORD)), Ok(()));
    assert_eq!(message.fingerprint(), Fingerprint::Valid);
}

#[test]
fn the_sample_request_fails_under_another_password() {
    let message = Message::parse(&REQUEST).unwrap();
    let wrong = message.verify_integrity(&*sha1_key(b"password"));
    assert_eq!(wrong, Err(IntegrityError::Wrong));
    let missing = message.verify_integrity_sha256(&*sha256_key(PASSWORD));
    assert_eq!(missing, Err(IntegrityError::Missing));
}

#[test]
fn the_sample_responses_are_read() {
    let v4 = Message::parse(&IPV4_RESPONSE).unwrap();
    let v6 = Message::parse(&IPV6_RESPONSE).unwrap();
    let expected_v4 = "192.0.2.1:32853".parse().unwrap();
    let expected_v6 = "[2001:db8:1234:5678:11:2233:4455:6677]:32853"
        .parse()
        .unwrap();
    assert_eq!(v4.xor_mapped_address(), Some(expected_v4));
    assert_eq!(v6.xor_mapped_address(), Some(expected_v6));
    for message in [v4, v6] {
        assert_eq!(message.class(), Class::SuccessResponse);
        assert_eq!(message.software(), Some("test vector"));
        assert_eq!(message.verify_integrity(&*sha1_key(PASSWORD)), Ok(()));
        assert_eq!(message.fingerprint(), Fingerprint::Valid);
    }
}

#[test]
fn the_long_term_request_is_read() {
    let message = Message::parse(&LONG_TERM_REQUEST).unwrap();
    assert_eq!(message.username(), Some(USERNAME));
    assert_eq!(message.realm(), Some("example.org"));
    assert_eq!(message.nonce(), Some("f//499k954d6OL34oL9FSTvy64sA"));
    assert_eq!(message.fingerprint(), Fingerprint::Absent);
    let key = long_term(PasswordAlgorithm::MD5);
    assert_eq!(message.verify_integrity(&*sha1_key(&key)), Ok(()));
}

fn long_term(algorithm: PasswordAlgorithm) -> Secret {
    let crypto = rust_crypto::provider();
    long_term_key(&*crypto, algorithm, USERNAME, "example.org", "TheMatrIX").unwrap()
}

#[test]
fn the_long_term_key_of_the_rfc_is_derived() {
    let crypto = rust_crypto::provider();
    let key = |algorithm| long_term_key(&*crypto, algorithm, "user", "realm", "pass");
    let md5 = hex!("8493fbc53ba582fb4c044c456bdc40eb");
    assert_eq!(key(PasswordAlgorithm::MD5).unwrap()[..], md5);
    assert_eq!(key(PasswordAlgorithm::SHA256).unwrap().len(), 32);
    assert!(key(PasswordAlgorithm(3)).is_none());
}

// What the RFC's authors padded with spaces is written with zeros here, so that the bytes differ in
// the padding and in all that covers it.
#[test]
fn the_long_term_request_is_written_byte_for_byte() {
    let read = Message::parse(&LONG_TERM_REQUEST).unwrap();
    let mut out = b"headroom".to_vec();
    let tag = &LONG_TERM_REQUEST[LONG_TERM_REQUEST.len() - 20..];
    MessageBuilder::new(
        &mut out,
        Class::Request,
        Method::BINDING,
        read.transaction_id(),
    )
    .username(USERNAME)
    .nonce("f//499k954d6OL34oL9FSTvy64sA")
    .realm("example.org")
    .attribute(AttributeType(0x7fff), tag)
    .finish()
    .unwrap();
    out[8 + 92..8 + 94].copy_from_slice(&AttributeType::MESSAGE_INTEGRITY.0.to_be_bytes());
    assert_eq!(out[8..], LONG_TERM_REQUEST);
}

#[test]
fn the_sha256_request_is_rejected_as_printed_and_read_when_corrected() {
    assert_eq!(
        Message::parse(&SHA256_REQUEST).err(),
        Some(ParseError::Length)
    );
    let mut corrected = SHA256_REQUEST;
    corrected[3] -= 20;
    let message = Message::parse(&corrected).unwrap();
    assert_eq!(message.username(), None);
    let expected = userhash(&*rust_crypto::provider(), USERNAME, "example.org");
    assert_eq!(message.userhash(), Some(&expected));
    assert_eq!(
        message.nonce(),
        Some("obMatJos2AAACf//499k954d6OL34oL9FSTvy64sA")
    );
    assert!(message.has_integrity_sha256());
    assert!(!message.has_integrity());
    let key = sha256_key(&long_term(PasswordAlgorithm::SHA256));
    let (covered, tag) = SHA256_REQUEST.split_at(156 - 36);
    assert_eq!(key.verify(&[covered], &tag[4..]), Ok(()));
    assert_eq!(
        message.verify_integrity_sha256(&*key),
        Err(IntegrityError::Wrong)
    );
}

#[test]
fn truncated_integrity_is_accepted_only_where_the_usage_allows_it() {
    let key = sha256_key(PASSWORD);
    let mut out = Vec::new();
    MessageBuilder::new(&mut out, Class::Request, Method::BINDING, ID)
        .priority(1)
        .truncated_integrity_sha256(&*key, 16)
        .fingerprint()
        .finish()
        .unwrap();
    let message = Message::parse(&out).unwrap();
    assert_eq!(
        message.verify_integrity_sha256(&*key),
        Err(IntegrityError::Truncated)
    );
    assert_eq!(message.verify_truncated_integrity_sha256(&*key, 16), Ok(()));
    let mut builder = MessageBuilder::new(&mut out, Class::Request, Method::BINDING, ID);
    let error = builder.truncated_integrity_sha256(&*key, 12).finish();
    let kind = AttributeType::MESSAGE_INTEGRITY_SHA256;
    assert_eq!(error, Err(BuildError::Value(kind)));
}

#[test]
fn both_integrities_and_a_fingerprint_are_verified_together() {
    let (sha1, sha256) = (sha1_key(PASSWORD), sha256_key(PASSWORD));
    let mut out = Vec::new();
    MessageBuilder::new(&mut out, Class::Indication, Method::BINDING, ID)
        .username("evtj:h6vY")
        .integrity(&*sha1)
        .integrity_sha256(&*sha256)
        .fingerprint()
        .finish()
        .unwrap();
    let message = Message::parse(&out).unwrap();
    assert_eq!(message.verify_integrity(&*sha1), Ok(()));
    assert_eq!(message.verify_integrity_sha256(&*sha256), Ok(()));
    assert_eq!(message.fingerprint(), Fingerprint::Valid);
}

#[test]
fn any_flipped_bit_is_noticed() {
    let key = sha1_key(PASSWORD);
    for bit in 0..REQUEST.len() * 8 {
        let mut damaged = REQUEST;
        damaged[bit / 8] ^= 1 << (bit % 8);
        let Ok(message) = Message::parse(&damaged) else {
            continue;
        };
        // What follows the integrity is not covered by it, only by the fingerprint.
        let covered = bit / 8 < REQUEST.len() - 8;
        assert!(!covered || message.verify_integrity(&*key).is_err());
        assert_ne!(message.fingerprint(), Fingerprint::Valid);
    }
}
