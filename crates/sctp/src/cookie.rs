//! The state cookie (RFC 9260 section 5.1.3): what the side that was called remembers by letting
//! the caller carry it.

use std::hash::Hasher;
use std::time::{Duration, Instant};

use siphasher::sip128::{Hasher128, SipHasher24};
use tidewire_crypto::Rng;

use crate::ids::Tsn;
use crate::wire::Init;

/// Everything that is needed to set up the association.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Cookie {
    pub(crate) local_tag: u32,
    pub(crate) peer_tag: u32,
    pub(crate) local_initial_tsn: Tsn,
    pub(crate) peer_initial_tsn: Tsn,
    pub(crate) peer_window: u32,
    /// Streams that we may send on.
    pub(crate) outbound_streams: u16,
    pub(crate) forward_tsn: bool,
    pub(crate) reconfig: bool,
    /// The tags of the association that there was when the INIT came: tie tags.
    pub(crate) tie_tags: Option<(u32, u32)>,
}

/// Makes cookies and knows its own. The message authentication code is SipHash-2-4 with 128 bits:
/// over DTLS only the authenticated peer can present cookies at all.
#[derive(Debug)]
pub(crate) struct CookieJar {
    key: [u8; 16],
    epoch: Instant,
}

/// Why a cookie does not count.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum BadCookie {
    Forged,
    /// Ours, and too old by so much.
    Stale {
        cookie: Cookie,
        age: Duration,
    },
}

const CONTENT_LEN: usize = 42;
const MAC_LEN: usize = 16;

impl CookieJar {
    pub(crate) fn new(rng: &mut Rng, now: Instant) -> Self {
        Self {
            key: rng.array(),
            epoch: now,
        }
    }

    pub(crate) fn seal(&self, now: Instant, cookie: &Cookie) -> Vec<u8> {
        let age = now.saturating_duration_since(self.epoch).as_millis() as u64;
        let mut bytes = Vec::with_capacity(CONTENT_LEN + MAC_LEN);
        bytes.extend_from_slice(&age.to_be_bytes());
        let (tie_local, tie_peer) = cookie.tie_tags.unwrap_or_default();
        let words = [
            cookie.local_tag,
            cookie.peer_tag,
            cookie.local_initial_tsn.0,
            cookie.peer_initial_tsn.0,
            cookie.peer_window,
            tie_local,
            tie_peer,
        ];
        for word in words {
            bytes.extend_from_slice(&word.to_be_bytes());
        }
        bytes.extend_from_slice(&cookie.outbound_streams.to_be_bytes());
        let flags = [
            cookie.forward_tsn,
            cookie.reconfig,
            cookie.tie_tags.is_some(),
        ];
        let flags = flags
            .iter()
            .fold(0_u32, |bits, flag| bits << 1 | u32::from(*flag));
        bytes.extend_from_slice(&flags.to_be_bytes());
        debug_assert_eq!(bytes.len(), CONTENT_LEN);
        let mac = self.mac(&bytes);
        bytes.extend_from_slice(&mac);
        bytes
    }

    pub(crate) fn open(
        &self,
        now: Instant,
        lifetime: Duration,
        bytes: &[u8],
    ) -> Result<Cookie, BadCookie> {
        let (content, mac) = bytes
            .split_at_checked(CONTENT_LEN)
            .ok_or(BadCookie::Forged)?;
        if mac != self.mac(content) {
            return Err(BadCookie::Forged);
        }
        let word = |index: usize| {
            let at = 8 + 4 * index;
            u32::from_be_bytes([
                content[at],
                content[at + 1],
                content[at + 2],
                content[at + 3],
            ])
        };
        let made = u64::from_be_bytes(content[..8].try_into().map_err(|_| BadCookie::Forged)?);
        let age = now.saturating_duration_since(self.epoch + Duration::from_millis(made));
        let flags = content[CONTENT_LEN - 1];
        let cookie = Cookie {
            local_tag: word(0),
            peer_tag: word(1),
            local_initial_tsn: Tsn(word(2)),
            peer_initial_tsn: Tsn(word(3)),
            peer_window: word(4),
            tie_tags: (flags & 1 != 0).then(|| (word(5), word(6))),
            outbound_streams: u16::from_be_bytes([content[36], content[37]]),
            forward_tsn: flags & 4 != 0,
            reconfig: flags & 2 != 0,
        };
        match age.checked_sub(lifetime) {
            None | Some(Duration::ZERO) => Ok(cookie),
            Some(age) => Err(BadCookie::Stale { cookie, age }),
        }
    }

    fn mac(&self, content: &[u8]) -> [u8; MAC_LEN] {
        let mut hasher = SipHasher24::new_with_key(&self.key);
        hasher.write(content);
        hasher.finish128().as_bytes()
    }
}

impl Cookie {
    /// What an INIT of the peer's asks for, answered with `local`.
    pub(crate) fn new(init: &Init, local: &Init, tie_tags: Option<(u32, u32)>) -> Self {
        Self {
            local_tag: local.tag,
            peer_tag: init.tag,
            local_initial_tsn: local.initial_tsn,
            peer_initial_tsn: init.initial_tsn,
            peer_window: init.window,
            outbound_streams: local.outbound_streams.min(init.inbound_streams),
            forward_tsn: init.forward_tsn,
            reconfig: init.reconfig,
            tie_tags,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cookie() -> Cookie {
        Cookie {
            local_tag: 1,
            peer_tag: 2,
            local_initial_tsn: Tsn(3),
            peer_initial_tsn: Tsn(4),
            peer_window: 5,
            outbound_streams: 6,
            forward_tsn: true,
            reconfig: false,
            tie_tags: Some((7, 8)),
        }
    }

    const LIFETIME: Duration = Duration::from_secs(60);

    #[test]
    fn a_cookie_comes_back_as_it_was() {
        let now = tidewire_netsim::start();
        let jar = CookieJar::new(&mut Rng::from_u64(1), now);
        let sealed = jar.seal(now, &cookie());
        assert_eq!(jar.open(now + LIFETIME, LIFETIME, &sealed), Ok(cookie()));
        let bare = Cookie {
            tie_tags: None,
            forward_tsn: false,
            reconfig: true,
            ..cookie()
        };
        assert_eq!(jar.open(now, LIFETIME, &jar.seal(now, &bare)), Ok(bare));
    }

    #[test]
    fn an_old_cookie_is_stale() {
        let now = tidewire_netsim::start();
        let jar = CookieJar::new(&mut Rng::from_u64(1), now);
        let sealed = jar.seal(now + LIFETIME, &cookie());
        let late = now + 3 * LIFETIME;
        assert_eq!(
            jar.open(late, LIFETIME, &sealed),
            Err(BadCookie::Stale {
                cookie: cookie(),
                age: LIFETIME
            })
        );
    }

    #[test]
    fn a_cookie_with_any_bit_changed_is_forged() {
        let now = tidewire_netsim::start();
        let jar = CookieJar::new(&mut Rng::from_u64(1), now);
        let sealed = jar.seal(now, &cookie());
        for bit in 0..sealed.len() * 8 {
            let mut forged = sealed.clone();
            forged[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(jar.open(now, LIFETIME, &forged), Err(BadCookie::Forged));
        }
        for len in 0..sealed.len() {
            assert_eq!(
                jar.open(now, LIFETIME, &sealed[..len]),
                Err(BadCookie::Forged)
            );
        }
        let other = CookieJar::new(&mut Rng::from_u64(2), now);
        assert_eq!(other.open(now, LIFETIME, &sealed), Err(BadCookie::Forged));
    }
}
