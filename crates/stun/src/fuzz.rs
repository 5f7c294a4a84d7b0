//! Fuzz bodies: what must hold for any bytes.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};

use tidewire_crypto::{AuthenticationError, Digest, HmacKey};

use crate::{
    AddressFamily, AttributeType, Class, Fingerprint, Icmp, Message, MessageBuilder, Method,
    NetworkCost, PasswordAlgorithm, TransactionId,
};

/// Reads any bytes, asks for everything, and writes what was read again.
pub fn parse(data: &[u8]) {
    let Ok(message) = Message::parse(data) else {
        return;
    };
    ask_everything(&message);
    let (class, method, id) = (message.class(), message.method(), message.transaction_id());
    let mut out = Vec::new();
    let mut builder = MessageBuilder::new(&mut out, class, method, id);
    for attribute in message.attributes() {
        builder.attribute(attribute.kind, attribute.value);
    }
    builder.fingerprint();
    // Only the fingerprint may not fit any more.
    if builder.finish().is_err() {
        assert!(data.len() > 0xffff);
        return;
    }
    let again = Message::parse(&out).expect("what is written can be read");
    assert_eq!((again.class(), again.method()), (class, method));
    assert_eq!(again.transaction_id(), id);
    assert!(again.attributes().eq(message.attributes()));
    assert_eq!(again.fingerprint(), Fingerprint::Valid);
}

/// Writes the attributes that `data` tells and reads them back.
pub fn build(data: &[u8]) {
    let mut out = vec![0xa5; data.len() % 7];
    let start = out.len();
    let id = TransactionId([data.len() as u8; 12]);
    let mut builder = MessageBuilder::new(&mut out, Class::Request, Method::ALLOCATE, id);
    let mut rest = data;
    while let Some((&op, after)) = rest.split_first() {
        let len = after.len().min(usize::from(op >> 3));
        let (argument, after) = after.split_at(len);
        write_one(&mut builder, op, argument);
        rest = after;
    }
    match builder.finish() {
        Err(_) => assert_eq!(out.len(), start, "a spoilt message is taken back"),
        Ok(()) => {
            let message = Message::parse(&out[start..]).expect("what is written can be read");
            assert_ne!(message.fingerprint(), Fingerprint::Wrong);
            ask_everything(&message);
        }
    }
}

fn write_one(builder: &mut MessageBuilder<'_>, op: u8, argument: &[u8]) {
    let first = argument.first().copied().unwrap_or_default();
    let number = argument
        .iter()
        .fold(0_u64, |sum, byte| sum << 8 | u64::from(*byte));
    let text = String::from_utf8_lossy(argument);
    let address = address(number);
    match op ^ first.rotate_left(3) {
        0 => builder.mapped_address(address),
        1 => builder.xor_mapped_address(address),
        2 => builder.username(&text),
        3 => builder.userhash(&[first; 32]),
        4 => builder.error_code(number as u16, &text),
        5 => builder.realm(&text),
        6 => builder.nonce(&text),
        7 => builder.password_algorithms(&[PasswordAlgorithm::SHA256, PasswordAlgorithm(1)]),
        8 => builder.password_algorithm(PasswordAlgorithm(number as u16)),
        9 => builder.unknown_attributes(argument.iter().map(|n| AttributeType(u16::from(*n)))),
        10 => builder.software(&text),
        11 => builder.alternate_server(address),
        12 => builder.alternate_domain(&text),
        13 => builder.priority(number as u32),
        14 => builder.use_candidate(),
        15 => builder.ice_controlled(number),
        16 => builder.ice_controlling(number),
        17 => builder.network_cost(NetworkCost { id: 1, cost: 999 }),
        18 => builder.channel_number(number as u16),
        19 => builder.lifetime(number as u32),
        20 => builder.xor_peer_address(address),
        21 => builder.data(argument),
        22 => builder.xor_relayed_address(address),
        23 => builder.requested_address_family(AddressFamily::of(address)),
        24 => builder.even_port(first > 127),
        25 => builder.requested_transport(first),
        26 => builder.dont_fragment(),
        27 => builder.reservation_token(number.to_be_bytes()),
        28 => builder.additional_address_family(AddressFamily::of(address)),
        29 => builder.address_error_code(AddressFamily::Ipv6, number as u16, &text),
        30 => builder.icmp(Icmp {
            kind: first,
            code: 4,
            data: [1, 2, 3, 4],
        }),
        31 => builder.integrity(&Sum),
        32 => builder.truncated_integrity_sha256(&Sum, argument.len()),
        33 => builder.integrity_sha256(&Sum),
        34 => builder.fingerprint(),
        _ => builder.attribute(AttributeType(0xc000 | number as u16), argument),
    };
}

fn address(number: u64) -> SocketAddr {
    let port = number as u16;
    if number.is_multiple_of(2) {
        SocketAddr::from((Ipv4Addr::from_bits((number >> 8) as u32), port))
    } else {
        let bits = u128::from(number) << 64 | u128::from(number);
        SocketAddr::from((Ipv6Addr::from_bits(bits), port))
    }
}

fn ask_everything(message: &Message<'_>) {
    let m = message;
    let _ = (m.mapped_address(), m.xor_mapped_address(), m.username());
    let _ = (m.userhash(), m.error_code(), m.realm(), m.nonce());
    let _ = (m.password_algorithms().count(), m.password_algorithm());
    let _ = (m.unknown_attributes().count(), m.software());
    let _ = (m.alternate_server(), m.alternate_domain(), m.priority());
    let _ = (m.use_candidate(), m.ice_controlled(), m.ice_controlling());
    let _ = (m.network_cost(), m.channel_number(), m.lifetime());
    let _ = (m.xor_peer_address(), m.xor_peer_addresses().count());
    let _ = (m.data(), m.xor_relayed_address(), m.even_port());
    let _ = (m.requested_address_family(), m.requested_transport());
    let _ = (m.dont_fragment(), m.reservation_token(), m.icmp());
    let _ = (m.additional_address_family(), m.address_error_code());
    let _ = (m.fingerprint(), m.unknown_required(&[]).count());
    let _ = (m.verify_integrity(&Sum), m.verify_integrity_sha256(&Sum));
    let _ = m.verify_truncated_integrity_sha256(&Sum, 16);
}

/// A stand-in for an HMAC, fast and of no use.
#[derive(Debug)]
struct Sum;

impl HmacKey for Sum {
    fn sign(&self, parts: &[&[u8]]) -> Digest {
        let bytes = parts.iter().copied().flatten();
        Digest::new(&[bytes.fold(0_u8, |sum, byte| sum.wrapping_add(*byte)); 32])
    }

    fn verify(&self, parts: &[&[u8]], tag: &[u8]) -> Result<(), AuthenticationError> {
        let same = self.sign(parts).as_ref().starts_with(tag);
        same.then_some(()).ok_or(AuthenticationError)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::vectors::{IPV4_RESPONSE, IPV6_RESPONSE, LONG_TERM_REQUEST, REQUEST};

    #[test]
    fn every_seed_of_the_corpus_is_handled() {
        tidewire_netsim::for_each_corpus_entry("stun_parse", parse);
        tidewire_netsim::for_each_corpus_entry("stun_build", build);
    }

    #[test]
    fn every_truncation_of_a_message_is_rejected() {
        for message in [&REQUEST[..], &IPV4_RESPONSE, &IPV6_RESPONSE] {
            for len in 0..message.len() {
                assert!(Message::parse(&message[..len]).is_err(), "{len} bytes");
            }
        }
    }

    #[test]
    fn every_truncation_with_a_fitting_length_is_handled() {
        for len in 20..LONG_TERM_REQUEST.len() {
            let mut message = LONG_TERM_REQUEST[..len].to_vec();
            message[2..4].copy_from_slice(&((len - 20) as u16).to_be_bytes());
            parse(&message);
        }
    }

    #[test]
    fn every_changed_byte_of_a_message_is_handled() {
        for index in 0..REQUEST.len() {
            let mut damaged = REQUEST;
            for byte in 0..=255 {
                damaged[index] = byte;
                parse(&damaged);
            }
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_handled(data in proptest::collection::vec(any::<u8>(), 0..200)) {
            parse(&data);
            build(&data);
        }

        #[test]
        fn any_attributes_are_handled(body in proptest::collection::vec(any::<u8>(), 0..40)) {
            let mut message = REQUEST[..20].to_vec();
            for chunk in body.chunks(5) {
                let kind = [if chunk[0] > 127 { 0x80 } else { 0 }, chunk[0] & 0x3f];
                message.extend_from_slice(&kind);
                message.extend_from_slice(&[0, chunk.len() as u8 - 1]);
                message.extend_from_slice(&chunk[1..]);
                message.resize(message.len().next_multiple_of(4), 0);
            }
            let length = message.len() as u16 - 20;
            message[2..4].copy_from_slice(&length.to_be_bytes());
            parse(&message);
        }

        #[test]
        fn any_operations_are_handled(
            ops in proptest::collection::vec((0_u8..36, 1_u8..31), 0..20)
        ) {
            let mut data = Vec::new();
            for (wanted, len) in ops {
                let op = len << 3;
                // The argument's first byte completes the number of the operation.
                let fill = (op ^ wanted).rotate_right(3);
                data.push(op);
                data.extend(std::iter::repeat_n(fill, usize::from(len)));
            }
            build(&data);
        }
    }
}
