//! The numbers of the protocol: classes, methods, attribute types, transaction ids.

use std::fmt;

use tidewire_crypto::Rng;

/// What a message is to its transaction (RFC 8489 section 5).
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Class {
    /// Asks for a response.
    Request,
    /// Asks for none.
    Indication,
    /// Answers a request that succeeded.
    SuccessResponse,
    /// Answers a request that failed.
    ErrorResponse,
}

/// What a message is about (RFC 8489 section 5); 12 bits, unknown values are kept.
#[derive(Clone, Copy, Eq, Hash, PartialEq)]
pub struct Method(u16);

impl Method {
    /// Binding, RFC 8489 section 5.
    pub const BINDING: Self = Self(0x001);
    /// Allocate, RFC 8656 section 7.
    pub const ALLOCATE: Self = Self(0x003);
    /// Refresh, RFC 8656 section 8.
    pub const REFRESH: Self = Self(0x004);
    /// Send, RFC 8656 section 11; indications only.
    pub const SEND: Self = Self(0x006);
    /// Data, RFC 8656 section 11; indications only.
    pub const DATA: Self = Self(0x007);
    /// CreatePermission, RFC 8656 section 10.
    pub const CREATE_PERMISSION: Self = Self(0x008);
    /// ChannelBind, RFC 8656 section 12.
    pub const CHANNEL_BIND: Self = Self(0x009);

    /// The method of this number, if it fits the 12 bits that messages have for it.
    pub const fn new(number: u16) -> Option<Self> {
        if number <= 0xfff {
            Some(Self(number))
        } else {
            None
        }
    }

    /// The number.
    pub const fn number(self) -> u16 {
        self.0
    }

    const fn name(self) -> Option<&'static str> {
        Some(match self {
            Self::BINDING => "Binding",
            Self::ALLOCATE => "Allocate",
            Self::REFRESH => "Refresh",
            Self::SEND => "Send",
            Self::DATA => "Data",
            Self::CREATE_PERMISSION => "CreatePermission",
            Self::CHANNEL_BIND => "ChannelBind",
            _ => return None,
        })
    }
}

impl fmt::Debug for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => f.write_str(name),
            None => write!(f, "Method({:#05x})", self.0),
        }
    }
}

/// Joins class and method into the type field, where the bits of the class lie between those of the
/// method (RFC 8489 section 5, figure 3).
pub(crate) const fn message_type(class: Class, method: Method) -> u16 {
    let m = method.0;
    let class = match class {
        Class::Request => 0x000,
        Class::Indication => 0x010,
        Class::SuccessResponse => 0x100,
        Class::ErrorResponse => 0x110,
    };
    (m & 0x00f) | (m & 0x070) << 1 | (m & 0xf80) << 2 | class
}

/// Splits the type field; the two highest bits are not looked at.
pub(crate) const fn split_message_type(field: u16) -> (Class, Method) {
    let class = match field & 0x110 {
        0x000 => Class::Request,
        0x010 => Class::Indication,
        0x100 => Class::SuccessResponse,
        _ => Class::ErrorResponse,
    };
    let method = (field & 0x000f) | (field & 0x00e0) >> 1 | (field & 0x3e00) >> 2;
    (class, Method(method))
}

/// The id that a request and its responses share (RFC 8489 section 5).
#[derive(Clone, Copy, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct TransactionId(pub [u8; 12]);

impl TransactionId {
    /// A fresh id.
    pub fn random(rng: &mut Rng) -> Self {
        Self(rng.array())
    }
}

impl fmt::Debug for TransactionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// The type of an attribute (RFC 8489 section 14); unknown values are kept.
#[derive(Clone, Copy, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct AttributeType(pub u16);

impl AttributeType {
    /// Whether an agent that does not know the type must not go on with the message (RFC 8489
    /// section 14).
    pub const fn is_comprehension_required(self) -> bool {
        self.0 < 0x8000
    }
}

macro_rules! attribute_types {
    ($($(#[$doc:meta])* $constant:ident = $number:literal, $name:literal;)*) => {
        impl AttributeType {
            $($(#[$doc])* pub const $constant: Self = Self($number);)*

            const fn name(self) -> Option<&'static str> {
                Some(match self {
                    $(Self::$constant => $name,)*
                    _ => return None,
                })
            }
        }
    };
}

attribute_types! {
    /// RFC 8489 section 14.1.
    MAPPED_ADDRESS = 0x0001, "MAPPED-ADDRESS";
    /// RFC 8489 section 14.3.
    USERNAME = 0x0006, "USERNAME";
    /// RFC 8489 section 14.5.
    MESSAGE_INTEGRITY = 0x0008, "MESSAGE-INTEGRITY";
    /// RFC 8489 section 14.8.
    ERROR_CODE = 0x0009, "ERROR-CODE";
    /// RFC 8489 section 14.13.
    UNKNOWN_ATTRIBUTES = 0x000a, "UNKNOWN-ATTRIBUTES";
    /// RFC 8656 section 18.1.
    CHANNEL_NUMBER = 0x000c, "CHANNEL-NUMBER";
    /// RFC 8656 section 18.2.
    LIFETIME = 0x000d, "LIFETIME";
    /// RFC 8656 section 18.3.
    XOR_PEER_ADDRESS = 0x0012, "XOR-PEER-ADDRESS";
    /// RFC 8656 section 18.4.
    DATA = 0x0013, "DATA";
    /// RFC 8489 section 14.9.
    REALM = 0x0014, "REALM";
    /// RFC 8489 section 14.10.
    NONCE = 0x0015, "NONCE";
    /// RFC 8656 section 18.5.
    XOR_RELAYED_ADDRESS = 0x0016, "XOR-RELAYED-ADDRESS";
    /// RFC 8656 section 18.6.
    REQUESTED_ADDRESS_FAMILY = 0x0017, "REQUESTED-ADDRESS-FAMILY";
    /// RFC 8656 section 18.7.
    EVEN_PORT = 0x0018, "EVEN-PORT";
    /// RFC 8656 section 18.8.
    REQUESTED_TRANSPORT = 0x0019, "REQUESTED-TRANSPORT";
    /// RFC 8656 section 18.9.
    DONT_FRAGMENT = 0x001a, "DONT-FRAGMENT";
    /// RFC 8489 section 14.6.
    MESSAGE_INTEGRITY_SHA256 = 0x001c, "MESSAGE-INTEGRITY-SHA256";
    /// RFC 8489 section 14.12.
    PASSWORD_ALGORITHM = 0x001d, "PASSWORD-ALGORITHM";
    /// RFC 8489 section 14.4.
    USERHASH = 0x001e, "USERHASH";
    /// RFC 8489 section 14.2.
    XOR_MAPPED_ADDRESS = 0x0020, "XOR-MAPPED-ADDRESS";
    /// RFC 8656 section 18.10.
    RESERVATION_TOKEN = 0x0022, "RESERVATION-TOKEN";
    /// RFC 8445 section 7.1.1.
    PRIORITY = 0x0024, "PRIORITY";
    /// RFC 8445 section 7.1.2.
    USE_CANDIDATE = 0x0025, "USE-CANDIDATE";
    /// RFC 8656 section 18.11.
    ADDITIONAL_ADDRESS_FAMILY = 0x8000, "ADDITIONAL-ADDRESS-FAMILY";
    /// RFC 8656 section 18.12.
    ADDRESS_ERROR_CODE = 0x8001, "ADDRESS-ERROR-CODE";
    /// RFC 8489 section 14.11.
    PASSWORD_ALGORITHMS = 0x8002, "PASSWORD-ALGORITHMS";
    /// RFC 8489 section 14.16.
    ALTERNATE_DOMAIN = 0x8003, "ALTERNATE-DOMAIN";
    /// RFC 8656 section 18.13.
    ICMP = 0x8004, "ICMP";
    /// RFC 8489 section 14.14.
    SOFTWARE = 0x8022, "SOFTWARE";
    /// RFC 8489 section 14.15.
    ALTERNATE_SERVER = 0x8023, "ALTERNATE-SERVER";
    /// RFC 8489 section 14.7.
    FINGERPRINT = 0x8028, "FINGERPRINT";
    /// RFC 8445 section 7.1.3.
    ICE_CONTROLLED = 0x8029, "ICE-CONTROLLED";
    /// RFC 8445 section 7.1.3.
    ICE_CONTROLLING = 0x802a, "ICE-CONTROLLING";
    /// The cost of the sender's network, which browsers attach to checks; in IANA's registry.
    NETWORK_COST = 0xc057, "NETWORK-COST";
}

impl fmt::Debug for AttributeType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => f.write_str(name),
            None => write!(f, "{self}"),
        }
    }
}

impl fmt::Display for AttributeType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#06x}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_field_splits_into_what_it_was_joined_from() {
        for field in 0..0x4000 {
            let (class, method) = split_message_type(field);
            assert_eq!(message_type(class, method), field);
        }
    }

    #[test]
    fn type_fields_are_those_of_the_rfc() {
        let success = message_type(Class::SuccessResponse, Method::BINDING);
        assert_eq!(success, 0x0101);
        assert_eq!(message_type(Class::ErrorResponse, Method::ALLOCATE), 0x0113);
        assert_eq!(message_type(Class::Indication, Method::SEND), 0x0016);
    }

    #[test]
    fn methods_of_more_than_12_bits_do_not_exist() {
        assert_eq!(Method::new(0x1000), None);
        assert_eq!(format!("{:?}", Method::new(0xfff)), "Some(Method(0xfff))");
    }

    #[test]
    fn types_are_debugged_by_name() {
        assert_eq!(format!("{:?}", AttributeType::NONCE), "NONCE");
        assert_eq!(format!("{:?}", AttributeType(0xc058)), "0xc058");
    }
}
