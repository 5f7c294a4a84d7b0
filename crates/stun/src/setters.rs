//! The typed attributes that a builder writes.

use std::borrow::Borrow;
use std::net::SocketAddr;

use crate::address::{self, AddressFamily, Mask};
use crate::builder::{BuildError, MessageBuilder};
use crate::codepoint::AttributeType;
use crate::value::{Icmp, NetworkCost, PasswordAlgorithm};

/// The longest USERNAME, in bytes (RFC 8489 section 14.3).
const MAX_USERNAME_LEN: usize = 508;

/// The longest text of the other kinds, in bytes (RFC 8489 sections 14.8 to 14.10 and 14.14).
const MAX_TEXT_LEN: usize = 509;

/// The longest ALTERNATE-DOMAIN, in bytes (RFC 8489 section 14.16).
const MAX_DOMAIN_LEN: usize = 255;

/// Attributes of every usage (RFC 8489 section 14).
impl MessageBuilder<'_> {
    /// MAPPED-ADDRESS, RFC 8489 section 14.1.
    pub fn mapped_address(&mut self, address: SocketAddr) -> &mut Self {
        self.plain_address(AttributeType::MAPPED_ADDRESS, address)
    }

    /// XOR-MAPPED-ADDRESS, RFC 8489 section 14.2.
    pub fn xor_mapped_address(&mut self, address: SocketAddr) -> &mut Self {
        self.xor_address(AttributeType::XOR_MAPPED_ADDRESS, address)
    }

    /// USERNAME, RFC 8489 section 14.3: at most 508 bytes.
    pub fn username(&mut self, username: &str) -> &mut Self {
        self.text(AttributeType::USERNAME, username, MAX_USERNAME_LEN)
    }

    /// USERHASH, RFC 8489 section 14.4.
    pub fn userhash(&mut self, userhash: &[u8; 32]) -> &mut Self {
        self.attribute(AttributeType::USERHASH, userhash)
    }

    /// ERROR-CODE, RFC 8489 section 14.8: 300 to 699, and a phrase of at most 509 bytes.
    pub fn error_code(&mut self, code: u16, reason: &str) -> &mut Self {
        self.write_error(AttributeType::ERROR_CODE, 0, code, reason)
    }

    /// REALM, RFC 8489 section 14.9: at most 509 bytes.
    pub fn realm(&mut self, realm: &str) -> &mut Self {
        self.text(AttributeType::REALM, realm, MAX_TEXT_LEN)
    }

    /// NONCE, RFC 8489 section 14.10: at most 763 bytes, since a client echoes the server's.
    pub fn nonce(&mut self, nonce: &str) -> &mut Self {
        self.text(AttributeType::NONCE, nonce, 763)
    }

    /// PASSWORD-ALGORITHMS, RFC 8489 section 14.11, none of them with parameters.
    pub fn password_algorithms(&mut self, algorithms: &[PasswordAlgorithm]) -> &mut Self {
        self.write(AttributeType::PASSWORD_ALGORITHMS, |out| {
            for algorithm in algorithms {
                out.extend_from_slice(&algorithm.0.to_be_bytes());
                out.extend_from_slice(&[0, 0]);
            }
        })
    }

    /// PASSWORD-ALGORITHM, RFC 8489 section 14.12, without parameters.
    pub fn password_algorithm(&mut self, algorithm: PasswordAlgorithm) -> &mut Self {
        let [a0, a1] = algorithm.0.to_be_bytes();
        self.attribute(AttributeType::PASSWORD_ALGORITHM, &[a0, a1, 0, 0])
    }

    /// UNKNOWN-ATTRIBUTES, RFC 8489 section 14.13; with error 420.
    pub fn unknown_attributes(
        &mut self,
        types: impl IntoIterator<Item = impl Borrow<AttributeType>>,
    ) -> &mut Self {
        self.write(AttributeType::UNKNOWN_ATTRIBUTES, |out| {
            for kind in types {
                out.extend_from_slice(&kind.borrow().0.to_be_bytes());
            }
        })
    }

    /// SOFTWARE, RFC 8489 section 14.14: at most 509 bytes.
    pub fn software(&mut self, software: &str) -> &mut Self {
        self.text(AttributeType::SOFTWARE, software, MAX_TEXT_LEN)
    }

    /// ALTERNATE-SERVER, RFC 8489 section 14.15.
    pub fn alternate_server(&mut self, address: SocketAddr) -> &mut Self {
        self.plain_address(AttributeType::ALTERNATE_SERVER, address)
    }

    /// ALTERNATE-DOMAIN, RFC 8489 section 14.16: at most 255 bytes.
    pub fn alternate_domain(&mut self, domain: &str) -> &mut Self {
        self.text(AttributeType::ALTERNATE_DOMAIN, domain, MAX_DOMAIN_LEN)
    }

    fn text(&mut self, kind: AttributeType, text: &str, max: usize) -> &mut Self {
        if text.len() > max {
            return self.fail(BuildError::TooLong(kind));
        }
        self.attribute(kind, text.as_bytes())
    }

    fn plain_address(&mut self, kind: AttributeType, address: SocketAddr) -> &mut Self {
        self.write(kind, |out| address::encode(address, Mask::NONE, out))
    }

    fn xor_address(&mut self, kind: AttributeType, address: SocketAddr) -> &mut Self {
        let mask = self.mask;
        self.write(kind, |out| address::encode(address, mask, out))
    }

    fn write_error(&mut self, kind: AttributeType, first: u8, code: u16, why: &str) -> &mut Self {
        if !(300..700).contains(&code) {
            return self.fail(BuildError::Value(kind));
        }
        if why.len() > MAX_TEXT_LEN {
            return self.fail(BuildError::TooLong(kind));
        }
        self.write(kind, |out| {
            out.extend_from_slice(&[first, 0, (code / 100) as u8, (code % 100) as u8]);
            out.extend_from_slice(why.as_bytes());
        })
    }
}

/// Attributes of connectivity checks (RFC 8445 section 7.1).
impl MessageBuilder<'_> {
    /// PRIORITY, RFC 8445 section 7.1.1.
    pub fn priority(&mut self, priority: u32) -> &mut Self {
        self.attribute(AttributeType::PRIORITY, &priority.to_be_bytes())
    }

    /// USE-CANDIDATE, RFC 8445 section 7.1.2.
    pub fn use_candidate(&mut self) -> &mut Self {
        self.attribute(AttributeType::USE_CANDIDATE, &[])
    }

    /// ICE-CONTROLLED, RFC 8445 section 7.1.3.
    pub fn ice_controlled(&mut self, tie_breaker: u64) -> &mut Self {
        self.attribute(AttributeType::ICE_CONTROLLED, &tie_breaker.to_be_bytes())
    }

    /// ICE-CONTROLLING, RFC 8445 section 7.1.3.
    pub fn ice_controlling(&mut self, tie_breaker: u64) -> &mut Self {
        self.attribute(AttributeType::ICE_CONTROLLING, &tie_breaker.to_be_bytes())
    }

    /// NETWORK-COST, which browsers attach to their checks.
    pub fn network_cost(&mut self, network: NetworkCost) -> &mut Self {
        let value = u32::from(network.id) << 16 | u32::from(network.cost);
        self.attribute(AttributeType::NETWORK_COST, &value.to_be_bytes())
    }
}

/// Attributes of TURN (RFC 8656 section 18).
impl MessageBuilder<'_> {
    /// CHANNEL-NUMBER, RFC 8656 section 18.1.
    pub fn channel_number(&mut self, channel: u16) -> &mut Self {
        let value = u32::from(channel) << 16;
        self.attribute(AttributeType::CHANNEL_NUMBER, &value.to_be_bytes())
    }

    /// LIFETIME in seconds, RFC 8656 section 18.2.
    pub fn lifetime(&mut self, seconds: u32) -> &mut Self {
        self.attribute(AttributeType::LIFETIME, &seconds.to_be_bytes())
    }

    /// XOR-PEER-ADDRESS, RFC 8656 section 18.3.
    pub fn xor_peer_address(&mut self, address: SocketAddr) -> &mut Self {
        self.xor_address(AttributeType::XOR_PEER_ADDRESS, address)
    }

    /// DATA, RFC 8656 section 18.4.
    pub fn data(&mut self, data: &[u8]) -> &mut Self {
        self.attribute(AttributeType::DATA, data)
    }

    /// XOR-RELAYED-ADDRESS, RFC 8656 section 18.5.
    pub fn xor_relayed_address(&mut self, address: SocketAddr) -> &mut Self {
        self.xor_address(AttributeType::XOR_RELAYED_ADDRESS, address)
    }

    /// REQUESTED-ADDRESS-FAMILY, RFC 8656 section 18.6.
    pub fn requested_address_family(&mut self, family: AddressFamily) -> &mut Self {
        let value = [family.number(), 0, 0, 0];
        self.attribute(AttributeType::REQUESTED_ADDRESS_FAMILY, &value)
    }

    /// EVEN-PORT, RFC 8656 section 18.7: whether the next port is to be reserved.
    pub fn even_port(&mut self, reserve_next: bool) -> &mut Self {
        let flags = if reserve_next { 0x80 } else { 0 };
        self.attribute(AttributeType::EVEN_PORT, &[flags])
    }

    /// REQUESTED-TRANSPORT, RFC 8656 section 18.8: the number of an IP protocol; 17 is UDP.
    pub fn requested_transport(&mut self, protocol: u8) -> &mut Self {
        self.attribute(AttributeType::REQUESTED_TRANSPORT, &[protocol, 0, 0, 0])
    }

    /// DONT-FRAGMENT, RFC 8656 section 18.9.
    pub fn dont_fragment(&mut self) -> &mut Self {
        self.attribute(AttributeType::DONT_FRAGMENT, &[])
    }

    /// RESERVATION-TOKEN, RFC 8656 section 18.10.
    pub fn reservation_token(&mut self, token: [u8; 8]) -> &mut Self {
        self.attribute(AttributeType::RESERVATION_TOKEN, &token)
    }

    /// ADDITIONAL-ADDRESS-FAMILY, RFC 8656 section 18.11.
    pub fn additional_address_family(&mut self, family: AddressFamily) -> &mut Self {
        let value = [family.number(), 0, 0, 0];
        self.attribute(AttributeType::ADDITIONAL_ADDRESS_FAMILY, &value)
    }

    /// ADDRESS-ERROR-CODE, RFC 8656 section 18.12; the error as in
    /// [`error_code`](Self::error_code).
    pub fn address_error_code(
        &mut self,
        family: AddressFamily,
        code: u16,
        reason: &str,
    ) -> &mut Self {
        let kind = AttributeType::ADDRESS_ERROR_CODE;
        self.write_error(kind, family.number(), code, reason)
    }

    /// ICMP, RFC 8656 section 18.13.
    pub fn icmp(&mut self, icmp: Icmp) -> &mut Self {
        let [d0, d1, d2, d3] = icmp.data;
        let value = [0, 0, icmp.kind, icmp.code, d0, d1, d2, d3];
        self.attribute(AttributeType::ICMP, &value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codepoint::{Class, Method, TransactionId};
    use crate::message::Message;
    use crate::value::ErrorCode;

    fn build(write: impl FnOnce(&mut MessageBuilder<'_>)) -> Result<Vec<u8>, BuildError> {
        let mut out = Vec::new();
        let id = TransactionId([3; 12]);
        let mut builder = MessageBuilder::new(&mut out, Class::Request, Method::ALLOCATE, id);
        write(&mut builder);
        builder.finish()?;
        Ok(out)
    }

    #[test]
    fn attributes_of_an_allocation_are_read_as_written() {
        let bytes = build(|message| {
            message
                .requested_transport(17)
                .requested_address_family(AddressFamily::Ipv6)
                .additional_address_family(AddressFamily::Ipv6)
                .even_port(true)
                .dont_fragment()
                .lifetime(600)
                .reservation_token(*b"reserved");
        });
        let bytes = bytes.unwrap();
        let message = Message::parse(&bytes).unwrap();
        assert_eq!(message.requested_transport(), Some(17));
        let v6 = Some(AddressFamily::Ipv6);
        assert_eq!(message.requested_address_family(), v6);
        assert_eq!(message.additional_address_family(), v6);
        assert_eq!(message.even_port(), Some(true));
        assert!(message.dont_fragment());
        assert_eq!(message.lifetime(), Some(600));
        assert_eq!(message.reservation_token(), Some(*b"reserved"));
    }

    #[test]
    fn attributes_of_relayed_data_are_read_as_written() {
        let (peer, other) = ("[2001:db8::1]:9", "192.0.2.7:65535");
        let (peer, other) = (peer.parse().unwrap(), other.parse().unwrap());
        let icmp = Icmp {
            kind: 3,
            code: 4,
            data: [0, 0, 5, 0],
        };
        let bytes = build(|message| {
            message
                .xor_peer_address(peer)
                .xor_peer_address(other)
                .channel_number(0x4001)
                .data(b"payload")
                .icmp(icmp)
                .xor_relayed_address(other);
        });
        let bytes = bytes.unwrap();
        let message = Message::parse(&bytes).unwrap();
        assert_eq!(message.xor_peer_address(), Some(peer));
        assert!(message.xor_peer_addresses().eq([peer, other]));
        assert_eq!(message.channel_number(), Some(0x4001));
        assert_eq!(message.data(), Some(&b"payload"[..]));
        assert_eq!(message.icmp(), Some(icmp));
        assert_eq!(message.xor_relayed_address(), Some(other));
    }

    #[test]
    fn attributes_of_an_error_are_read_as_written() {
        let server = "192.0.2.1:3478".parse().unwrap();
        let unknown = [AttributeType(0x7777), AttributeType(0x0001)];
        let algorithms = [PasswordAlgorithm::SHA256, PasswordAlgorithm::MD5];
        let bytes = build(|message| {
            message
                .error_code(420, "Unknown Attribute")
                .unknown_attributes(unknown)
                .password_algorithms(&algorithms)
                .alternate_server(server)
                .alternate_domain("example.org")
                .address_error_code(AddressFamily::Ipv4, 508, "");
        });
        let bytes = bytes.unwrap();
        let message = Message::parse(&bytes).unwrap();
        let error = message.error_code().unwrap();
        assert_eq!(error.code, ErrorCode::UNKNOWN_ATTRIBUTE);
        assert_eq!(error.reason, "Unknown Attribute");
        assert!(message.unknown_attributes().eq(unknown));
        assert!(message.password_algorithms().eq(algorithms));
        assert_eq!(message.alternate_server(), Some(server));
        assert_eq!(message.alternate_domain(), Some("example.org"));
        assert_eq!(message.address_error_code().unwrap().error.code, 508);
    }

    #[test]
    fn what_cannot_be_written_is_taken_back() {
        let long = "x".repeat(MAX_USERNAME_LEN + 1);
        let kind = AttributeType::USERNAME;
        let error = build(|message| _ = message.priority(1).username(&long));
        assert_eq!(error, Err(BuildError::TooLong(kind)));
        let error = build(|message| _ = message.error_code(299, ""));
        assert_eq!(error, Err(BuildError::Value(AttributeType::ERROR_CODE)));
        let error = build(|message| _ = message.data(&[0; 65_536]));
        assert_eq!(error, Err(BuildError::TooLong(AttributeType::DATA)));
        let error = build(|message| _ = message.data(&[0; 65_000]).data(&[0; 600]));
        assert_eq!(error, Err(BuildError::TooLong(AttributeType::DATA)));
        let error = build(|message| _ = message.fingerprint().priority(1));
        assert_eq!(error, Err(BuildError::Order(AttributeType::PRIORITY)));
    }
}
