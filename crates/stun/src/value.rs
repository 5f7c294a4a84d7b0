//! The encodings of attribute values.

use crate::address::{self, AddressFamily, Mask};
use crate::codepoint::AttributeType;

/// An error that a response reports (RFC 8489 section 14.8).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct ErrorCode<'a> {
    /// 300 to 699.
    pub code: u16,
    /// A phrase for diagnostics; empty if the peer's was not UTF-8.
    pub reason: &'a str,
}

impl ErrorCode<'_> {
    /// RFC 8489 section 14.8: try the server that ALTERNATE-SERVER names.
    pub const TRY_ALTERNATE: u16 = 300;
    /// RFC 8489 section 14.8.
    pub const BAD_REQUEST: u16 = 400;
    /// RFC 8489 section 14.8: credentials are missing or wrong.
    pub const UNAUTHENTICATED: u16 = 401;
    /// RFC 8656 section 19.
    pub const FORBIDDEN: u16 = 403;
    /// RFC 8489 section 14.8: UNKNOWN-ATTRIBUTES says which.
    pub const UNKNOWN_ATTRIBUTE: u16 = 420;
    /// RFC 8656 section 19.
    pub const ALLOCATION_MISMATCH: u16 = 437;
    /// RFC 8489 section 14.8: again, with the nonce of this response.
    pub const STALE_NONCE: u16 = 438;
    /// RFC 8656 section 19.
    pub const ADDRESS_FAMILY_NOT_SUPPORTED: u16 = 440;
    /// RFC 8656 section 19.
    pub const WRONG_CREDENTIALS: u16 = 441;
    /// RFC 8656 section 19.
    pub const UNSUPPORTED_TRANSPORT_PROTOCOL: u16 = 442;
    /// RFC 8656 section 19.
    pub const PEER_ADDRESS_FAMILY_MISMATCH: u16 = 443;
    /// RFC 8656 section 19.
    pub const ALLOCATION_QUOTA_REACHED: u16 = 486;
    /// RFC 8445 section 7.3.1.1: both agents took the same role.
    pub const ROLE_CONFLICT: u16 = 487;
    /// RFC 8489 section 14.8.
    pub const SERVER_ERROR: u16 = 500;
    /// RFC 8656 section 19.
    pub const INSUFFICIENT_CAPACITY: u16 = 508;
}

/// What a server could not allocate, and why (RFC 8656 section 18.12).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct AddressErrorCode<'a> {
    /// The family that was asked for.
    pub family: AddressFamily,
    /// Why it was refused.
    pub error: ErrorCode<'a>,
}

/// An ICMP message that a relayed packet caused (RFC 8656 section 18.13).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Icmp {
    /// The ICMP type.
    pub kind: u8,
    /// The ICMP code.
    pub code: u8,
    /// The next hop's MTU, if the packet was too big.
    pub data: [u8; 4],
}

/// The network that a check was sent from and what its use costs, as browsers report it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct NetworkCost {
    /// The sender's number for the network.
    pub id: u16,
    /// 0 for a wire up to 999.
    pub cost: u16,
}

/// How a long-term key is made of a password (RFC 8489 section 18.5); unknown values are kept.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct PasswordAlgorithm(pub u16);

impl PasswordAlgorithm {
    /// RFC 8489 section 18.5.1.1; for the sake of old peers only.
    pub const MD5: Self = Self(0x0001);
    /// RFC 8489 section 18.5.1.2.
    pub const SHA256: Self = Self(0x0002);
}

/// Whether `value` is what an attribute of type `kind` holds; unknown types hold anything.
pub(crate) fn is_well_formed(kind: AttributeType, value: &[u8]) -> bool {
    match kind {
        AttributeType::MAPPED_ADDRESS | AttributeType::ALTERNATE_SERVER => {
            address::decode(value, Mask::NONE).is_some()
        }
        // The mask hides neither the length nor the family.
        AttributeType::XOR_MAPPED_ADDRESS
        | AttributeType::XOR_PEER_ADDRESS
        | AttributeType::XOR_RELAYED_ADDRESS => address::decode(value, Mask::NONE).is_some(),
        AttributeType::USERNAME | AttributeType::REALM | AttributeType::NONCE => {
            text(value).is_some()
        }
        AttributeType::ERROR_CODE => error_code(value).is_some(),
        AttributeType::UNKNOWN_ATTRIBUTES => value.len().is_multiple_of(2),
        AttributeType::PRIORITY
        | AttributeType::LIFETIME
        | AttributeType::CHANNEL_NUMBER
        | AttributeType::REQUESTED_TRANSPORT
        | AttributeType::FINGERPRINT => value.len() == 4,
        AttributeType::REQUESTED_ADDRESS_FAMILY => family(value).is_some(),
        AttributeType::EVEN_PORT => value.len() == 1,
        AttributeType::DONT_FRAGMENT | AttributeType::USE_CANDIDATE => value.is_empty(),
        AttributeType::RESERVATION_TOKEN => value.len() == 8,
        AttributeType::MESSAGE_INTEGRITY => value.len() == 20,
        AttributeType::MESSAGE_INTEGRITY_SHA256 => {
            (16..=32).contains(&value.len()) && value.len().is_multiple_of(4)
        }
        AttributeType::USERHASH => value.len() == 32,
        AttributeType::PASSWORD_ALGORITHM => password_algorithm(value).is_some(),
        _ => true,
    }
}

pub(crate) fn text(value: &[u8]) -> Option<&str> {
    std::str::from_utf8(value).ok()
}

pub(crate) fn u32(value: &[u8]) -> Option<u32> {
    value.try_into().ok().map(u32::from_be_bytes)
}

pub(crate) fn u64(value: &[u8]) -> Option<u64> {
    value.try_into().ok().map(u64::from_be_bytes)
}

/// The first two of four bytes; the others are reserved.
pub(crate) fn channel_number(value: &[u8]) -> Option<u16> {
    u32(value).map(|value| (value >> 16) as u16)
}

/// The first of four bytes; the others are reserved.
pub(crate) fn first_of_four(value: &[u8]) -> Option<u8> {
    u32(value).map(|value| (value >> 24) as u8)
}

pub(crate) fn family(value: &[u8]) -> Option<AddressFamily> {
    AddressFamily::from_number(first_of_four(value)?)
}

/// The class is the hundreds digit, 3 to 6; the reserved bits before it are ignored.
pub(crate) fn error_code(value: &[u8]) -> Option<ErrorCode<'_>> {
    let ([_, _, class, number], reason) = value.split_first_chunk::<4>()?;
    let class = u16::from(class & 0x07);
    if !(3..=6).contains(&class) || *number > 99 {
        return None;
    }
    Some(ErrorCode {
        code: class * 100 + u16::from(*number),
        reason: text(reason).unwrap_or_default(),
    })
}

pub(crate) fn address_error_code(value: &[u8]) -> Option<AddressErrorCode<'_>> {
    Some(AddressErrorCode {
        family: AddressFamily::from_number(*value.first()?)?,
        error: error_code(value)?,
    })
}

pub(crate) fn icmp(value: &[u8]) -> Option<Icmp> {
    let [_, _, kind, code, data @ ..] = <[u8; 8]>::try_from(value).ok()?;
    Some(Icmp { kind, code, data })
}

pub(crate) fn network_cost(value: &[u8]) -> Option<NetworkCost> {
    let value = u32(value)?;
    Some(NetworkCost {
        id: (value >> 16) as u16,
        cost: value as u16,
    })
}

/// One algorithm and its parameters, which every algorithm so far leaves empty.
pub(crate) fn password_algorithm(value: &[u8]) -> Option<PasswordAlgorithm> {
    let (algorithm, rest) = next_password_algorithm(value)?;
    rest.is_empty().then_some(algorithm)
}

/// The first of a list of algorithms and what follows it (RFC 8489 section 14.11).
pub(crate) fn next_password_algorithm(value: &[u8]) -> Option<(PasswordAlgorithm, &[u8])> {
    let (&[a0, a1, l0, l1], rest) = value.split_first_chunk::<4>()?;
    let len = usize::from(u16::from_be_bytes([l0, l1]));
    // The last one's padding may be left to the attribute itself.
    let padded = len.next_multiple_of(4).min(rest.len());
    if len > padded {
        return None;
    }
    let algorithm = PasswordAlgorithm(u16::from_be_bytes([a0, a1]));
    Some((algorithm, &rest[padded..]))
}
