//! The typed attributes of a message.

use std::net::SocketAddr;

use crate::address::{self, AddressFamily, Mask};
use crate::codepoint::AttributeType;
use crate::message::Message;
use crate::value::{self, AddressErrorCode, ErrorCode, Icmp, NetworkCost, PasswordAlgorithm};

/// Attributes of every usage (RFC 8489 section 14).
impl<'a> Message<'a> {
    /// MAPPED-ADDRESS, RFC 8489 section 14.1.
    pub fn mapped_address(&self) -> Option<SocketAddr> {
        address::decode(self.attribute(AttributeType::MAPPED_ADDRESS)?, Mask::NONE)
    }

    /// XOR-MAPPED-ADDRESS, RFC 8489 section 14.2.
    pub fn xor_mapped_address(&self) -> Option<SocketAddr> {
        self.xor_address(AttributeType::XOR_MAPPED_ADDRESS)
    }

    /// USERNAME, RFC 8489 section 14.3.
    pub fn username(&self) -> Option<&'a str> {
        self.text(AttributeType::USERNAME)
    }

    /// USERHASH, RFC 8489 section 14.4.
    pub fn userhash(&self) -> Option<&'a [u8; 32]> {
        self.attribute(AttributeType::USERHASH)?.try_into().ok()
    }

    /// ERROR-CODE, RFC 8489 section 14.8.
    pub fn error_code(&self) -> Option<ErrorCode<'a>> {
        value::error_code(self.attribute(AttributeType::ERROR_CODE)?)
    }

    /// REALM, RFC 8489 section 14.9.
    pub fn realm(&self) -> Option<&'a str> {
        self.text(AttributeType::REALM)
    }

    /// NONCE, RFC 8489 section 14.10.
    pub fn nonce(&self) -> Option<&'a str> {
        self.text(AttributeType::NONCE)
    }

    /// PASSWORD-ALGORITHMS, RFC 8489 section 14.11: what the server accepts; empty if absent. The
    /// list ends before anything malformed.
    pub fn password_algorithms(&self) -> impl Iterator<Item = PasswordAlgorithm> + use<'a> {
        let list = self.attribute(AttributeType::PASSWORD_ALGORITHMS);
        let mut rest = list.unwrap_or_default();
        std::iter::from_fn(move || {
            let (algorithm, after) = value::next_password_algorithm(rest)?;
            rest = after;
            Some(algorithm)
        })
    }

    /// PASSWORD-ALGORITHM, RFC 8489 section 14.12: what the client chose.
    pub fn password_algorithm(&self) -> Option<PasswordAlgorithm> {
        value::password_algorithm(self.attribute(AttributeType::PASSWORD_ALGORITHM)?)
    }

    /// UNKNOWN-ATTRIBUTES, RFC 8489 section 14.13; empty if absent.
    pub fn unknown_attributes(&self) -> impl Iterator<Item = AttributeType> + use<'a> {
        let list = self.attribute(AttributeType::UNKNOWN_ATTRIBUTES);
        let numbers = list.unwrap_or_default().chunks_exact(2);
        numbers.map(|number| AttributeType(u16::from_be_bytes([number[0], number[1]])))
    }

    /// SOFTWARE, RFC 8489 section 14.14.
    pub fn software(&self) -> Option<&'a str> {
        self.text(AttributeType::SOFTWARE)
    }

    /// ALTERNATE-SERVER, RFC 8489 section 14.15.
    pub fn alternate_server(&self) -> Option<SocketAddr> {
        address::decode(self.attribute(AttributeType::ALTERNATE_SERVER)?, Mask::NONE)
    }

    /// ALTERNATE-DOMAIN, RFC 8489 section 14.16.
    pub fn alternate_domain(&self) -> Option<&'a str> {
        self.text(AttributeType::ALTERNATE_DOMAIN)
    }

    fn text(&self, kind: AttributeType) -> Option<&'a str> {
        value::text(self.attribute(kind)?)
    }

    fn xor_address(&self, kind: AttributeType) -> Option<SocketAddr> {
        let mask = Mask::new(self.transaction_id());
        address::decode(self.attribute(kind)?, mask)
    }
}

/// Attributes of connectivity checks (RFC 8445 section 7.1).
impl Message<'_> {
    /// PRIORITY, RFC 8445 section 7.1.1.
    pub fn priority(&self) -> Option<u32> {
        value::u32(self.attribute(AttributeType::PRIORITY)?)
    }

    /// USE-CANDIDATE, RFC 8445 section 7.1.2.
    pub fn use_candidate(&self) -> bool {
        self.attribute(AttributeType::USE_CANDIDATE).is_some()
    }

    /// The tie breaker of ICE-CONTROLLED, RFC 8445 section 7.1.3.
    pub fn ice_controlled(&self) -> Option<u64> {
        value::u64(self.attribute(AttributeType::ICE_CONTROLLED)?)
    }

    /// The tie breaker of ICE-CONTROLLING, RFC 8445 section 7.1.3.
    pub fn ice_controlling(&self) -> Option<u64> {
        value::u64(self.attribute(AttributeType::ICE_CONTROLLING)?)
    }

    /// NETWORK-COST, which browsers attach to their checks.
    pub fn network_cost(&self) -> Option<NetworkCost> {
        value::network_cost(self.attribute(AttributeType::NETWORK_COST)?)
    }
}

/// Attributes of TURN (RFC 8656 section 18).
impl<'a> Message<'a> {
    /// CHANNEL-NUMBER, RFC 8656 section 18.1.
    pub fn channel_number(&self) -> Option<u16> {
        value::channel_number(self.attribute(AttributeType::CHANNEL_NUMBER)?)
    }

    /// LIFETIME in seconds, RFC 8656 section 18.2.
    pub fn lifetime(&self) -> Option<u32> {
        value::u32(self.attribute(AttributeType::LIFETIME)?)
    }

    /// The first XOR-PEER-ADDRESS, RFC 8656 section 18.3.
    pub fn xor_peer_address(&self) -> Option<SocketAddr> {
        self.xor_address(AttributeType::XOR_PEER_ADDRESS)
    }

    /// All of XOR-PEER-ADDRESS; a CreatePermission request has several (RFC 8656 section 10.1).
    pub fn xor_peer_addresses(&self) -> impl Iterator<Item = SocketAddr> + use<'a> {
        let mask = Mask::new(self.transaction_id());
        self.attributes()
            .filter(|attribute| attribute.kind == AttributeType::XOR_PEER_ADDRESS)
            .filter_map(move |attribute| address::decode(attribute.value, mask))
    }

    /// DATA, RFC 8656 section 18.4.
    pub fn data(&self) -> Option<&'a [u8]> {
        self.attribute(AttributeType::DATA)
    }

    /// XOR-RELAYED-ADDRESS, RFC 8656 section 18.5.
    pub fn xor_relayed_address(&self) -> Option<SocketAddr> {
        self.xor_address(AttributeType::XOR_RELAYED_ADDRESS)
    }

    /// REQUESTED-ADDRESS-FAMILY, RFC 8656 section 18.6.
    pub fn requested_address_family(&self) -> Option<AddressFamily> {
        value::family(self.attribute(AttributeType::REQUESTED_ADDRESS_FAMILY)?)
    }

    /// EVEN-PORT, RFC 8656 section 18.7: whether the next port is to be reserved.
    pub fn even_port(&self) -> Option<bool> {
        let flags = self.attribute(AttributeType::EVEN_PORT)?.first()?;
        Some(flags & 0x80 != 0)
    }

    /// REQUESTED-TRANSPORT, RFC 8656 section 18.8: the number of an IP protocol; 17 is UDP.
    pub fn requested_transport(&self) -> Option<u8> {
        value::first_of_four(self.attribute(AttributeType::REQUESTED_TRANSPORT)?)
    }

    /// DONT-FRAGMENT, RFC 8656 section 18.9.
    pub fn dont_fragment(&self) -> bool {
        self.attribute(AttributeType::DONT_FRAGMENT).is_some()
    }

    /// RESERVATION-TOKEN, RFC 8656 section 18.10.
    pub fn reservation_token(&self) -> Option<[u8; 8]> {
        self.attribute(AttributeType::RESERVATION_TOKEN)?
            .try_into()
            .ok()
    }

    /// ADDITIONAL-ADDRESS-FAMILY, RFC 8656 section 18.11.
    pub fn additional_address_family(&self) -> Option<AddressFamily> {
        value::family(self.attribute(AttributeType::ADDITIONAL_ADDRESS_FAMILY)?)
    }

    /// ADDRESS-ERROR-CODE, RFC 8656 section 18.12.
    pub fn address_error_code(&self) -> Option<AddressErrorCode<'a>> {
        value::address_error_code(self.attribute(AttributeType::ADDRESS_ERROR_CODE)?)
    }

    /// ICMP, RFC 8656 section 18.13.
    pub fn icmp(&self) -> Option<Icmp> {
        value::icmp(self.attribute(AttributeType::ICMP)?)
    }
}
