//! Names under `.local`, asked for once (RFC 6762 section 5.1): browsers hide their addresses
//! behind them (RFC 8828).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use tokio::net::UdpSocket;
use tokio::time::timeout;

const GROUP: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::new(224, 0, 0, 251)), 5353);
/// A responder answers within 120 ms (RFC 6762 section 6); the question may get lost.
const ATTEMPTS: u32 = 3;
const PATIENCE: Duration = Duration::from_millis(700);

const TYPE_A: u16 = 1;
const TYPE_AAAA: u16 = 28;
const CLASS_IN: u16 = 1;

/// The address behind `name`; `None` when nobody answers.
pub(crate) async fn resolve(name: &str) -> Option<IpAddr> {
    let question = question(name)?;
    let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).await.ok()?;
    for _ in 0..ATTEMPTS {
        socket.send_to(&question, GROUP).await.ok()?;
        if let Ok(Some(address)) = timeout(PATIENCE, listen(&socket, name)).await {
            return Some(address);
        }
    }
    None
}

async fn listen(socket: &UdpSocket, name: &str) -> Option<IpAddr> {
    let mut buffer = [0; 1500];
    loop {
        let (len, _) = socket.recv_from(&mut buffer).await.ok()?;
        if let Some(address) = answer(&buffer[..len], name) {
            return Some(address);
        }
    }
}

/// A message that asks for both kinds of addresses; `None` when `name` is no name.
fn question(name: &str) -> Option<Vec<u8>> {
    let mut message = vec![0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0];
    for kind in [TYPE_A, TYPE_AAAA] {
        for label in name.split('.') {
            let len = u8::try_from(label.len())
                .ok()
                .filter(|len| (1..64).contains(len))?;
            message.push(len);
            message.extend_from_slice(label.as_bytes());
        }
        message.push(0);
        message.extend_from_slice(&kind.to_be_bytes());
        message.extend_from_slice(&CLASS_IN.to_be_bytes());
    }
    Some(message)
}

/// The first address that a response tells for `name` (RFC 1035 section 4.1).
pub(crate) fn answer(message: &[u8], name: &str) -> Option<IpAddr> {
    let count = |at: usize| u16_at(message, at).map(usize::from);
    let is_response = message.get(2)? & 0x80 != 0;
    if !is_response {
        return None;
    }
    let mut at = 12;
    for _ in 0..count(4)? {
        at = read_name(message, at)?.1 + 4;
    }
    let records = count(6)? + count(8)? + count(10)?;
    for _ in 0..records {
        let (owner, after) = read_name(message, at)?;
        let kind = u16_at(message, after)?;
        let len = usize::from(u16_at(message, after + 8)?);
        let data = message.get(after + 10..after + 10 + len)?;
        at = after + 10 + len;
        if !owner.eq_ignore_ascii_case(name.trim_end_matches('.')) {
            continue;
        }
        if kind == TYPE_A
            && let Ok(octets) = <[u8; 4]>::try_from(data)
        {
            return Some(Ipv4Addr::from(octets).into());
        }
        if kind == TYPE_AAAA
            && let Ok(octets) = <[u8; 16]>::try_from(data)
        {
            return Some(Ipv6Addr::from(octets).into());
        }
    }
    None
}

/// A name, and where what follows it begins (RFC 1035 section 4.1.4).
fn read_name(message: &[u8], mut at: usize) -> Option<(String, usize)> {
    let mut name = String::new();
    let mut end = None;
    // Pointers may lead in circles; a name has no more labels than this.
    for _ in 0..128 {
        let len = usize::from(*message.get(at)?);
        match len {
            0 => return Some((name, end.unwrap_or(at + 1))),
            1..64 => {
                if !name.is_empty() {
                    name.push('.');
                }
                name.push_str(str::from_utf8(message.get(at + 1..at + 1 + len)?).ok()?);
                at += 1 + len;
            }
            192.. => {
                end = end.or(Some(at + 2));
                at = usize::from(u16_at(message, at)? & 0x3FFF);
            }
            _ => return None,
        }
    }
    None
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    let bytes = bytes.get(at..at + 2)?;
    Some(u16::from_be_bytes([bytes[0], bytes[1]]))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAME: &str = "0b6b8a4e.local";

    fn response() -> Vec<u8> {
        let mut message = vec![0, 0, 0x84, 0, 0, 1, 0, 1, 0, 0, 0, 0];
        message.extend_from_slice(b"\x080b6b8a4e\x05local\0\0\x01\0\x01");
        // The owner is the name of the question.
        message.extend_from_slice(&[0xC0, 12, 0, 1, 0x80, 1, 0, 0, 0, 120, 0, 4, 192, 0, 2, 7]);
        message
    }

    #[test]
    fn a_response_tells_the_address() {
        assert_eq!(answer(&response(), NAME), Some([192, 0, 2, 7].into()));
        assert_eq!(answer(&response(), "other.local"), None);
        assert_eq!(
            answer(&question(NAME).unwrap(), NAME),
            None,
            "a question is no answer"
        );
    }

    #[test]
    fn a_truncated_or_damaged_response_tells_nothing_and_does_no_harm() {
        let response = response();
        for len in 0..response.len() {
            assert_eq!(answer(&response[..len], NAME), None);
        }
        for at in 0..response.len() {
            for byte in 0..=u8::MAX {
                let mut damaged = response.clone();
                damaged[at] = byte;
                let _ = answer(&damaged, NAME);
            }
        }
    }

    #[test]
    fn what_is_no_name_is_not_asked_for() {
        assert!(question("").is_none());
        assert!(question("a..local").is_none());
        assert!(question(&"a".repeat(64)).is_none());
    }
}
