//! Protecting packets.

use std::collections::HashMap;

use tidewire_crypto::{CryptoProvider, KeyedState, Rng};

use crate::cipher::{Cipher, counter_block, nonce, rollover};
use crate::config::Config;
use crate::error::{KeyError, ProtectError};
use crate::header::{RTCP_HEADER_LEN, RtpHeader, rtcp_sender};
use crate::keys::{MasterKey, Protocol};
use crate::profile::Profile;
use crate::window::{Standing, Window};

/// The last index of RTP (RFC 3711 section 9.2).
pub(crate) const LAST_RTP_INDEX: u64 = (1 << 48) - 1;
/// The last index of RTCP.
pub(crate) const LAST_RTCP_INDEX: u32 = (1 << 31) - 1;
/// Set in the index of a packet that is encrypted (RFC 3711 section 3.4).
pub(crate) const ENCRYPTED: u32 = 1 << 31;

/// Protects what one side sends, in place.
///
/// A packet is protected once. To send it again, keep what was protected, or send its payload under
/// another sequence number (RFC 4588). Streams are remembered for as long as the context lives or
/// until they are [forgotten](Self::forget), as forgetting one on one's own would repeat nonces.
#[derive(Debug)]
pub struct Sender {
    profile: Profile,
    config: Config,
    pub(crate) rtp: Cipher,
    pub(crate) rtcp: Cipher,
    streams: HashMap<u32, Window, KeyedState>,
    pub(crate) rtcp_next: u32,
}

impl Sender {
    /// A context under `master`, which must not be used by another one, now or later.
    ///
    /// # Errors
    /// When the key is another profile's, or `crypto` lacks the cipher.
    pub fn new(
        crypto: &dyn CryptoProvider,
        profile: Profile,
        master: &MasterKey,
        config: &Config,
        rng: &mut Rng,
    ) -> Result<Self, KeyError> {
        Ok(Self {
            profile,
            config: *config,
            rtp: Cipher::new(crypto, profile, master, Protocol::Rtp)?,
            rtcp: Cipher::new(crypto, profile, master, Protocol::Rtcp)?,
            streams: HashMap::with_hasher(KeyedState::new(rng)),
            rtcp_next: 0,
        })
    }

    /// The profile.
    pub fn profile(&self) -> Profile {
        self.profile
    }

    /// Protects the RTP packet that is `packet[start..]`: its payload is encrypted, and the tag is
    /// appended. Sequence numbers may come in any order within the replay window.
    ///
    /// # Errors
    /// When this is no RTP packet, was protected before, is too old, or is one too many.
    pub fn protect_rtp(&mut self, packet: &mut Vec<u8>, start: usize) -> Result<(), ProtectError> {
        let header = packet.get(start..).and_then(RtpHeader::parse);
        let header = header.ok_or(ProtectError::Malformed)?;
        let index = self.claim(&header)?;
        let (head, payload) = packet[start..].split_at_mut(header.len);
        match &self.rtp {
            Cipher::Counter { cipher, hmac, salt } => {
                cipher.apply_keystream(&counter_block(salt, header.ssrc, index), payload);
                let tag = hmac.sign(&[&packet[start..], &rollover(index)]);
                packet.extend_from_slice(&tag.as_ref()[..self.profile.rtp_overhead()]);
            }
            Cipher::Aead { cipher, salt } => {
                let tag = cipher.seal(&nonce(salt, header.ssrc, index), head, payload);
                packet.extend_from_slice(&tag);
            }
        }
        Ok(())
    }

    /// Protects the compound RTCP packet that is `packet[start..]`: all but its first 8 bytes is
    /// encrypted, and index and tag are appended.
    ///
    /// # Errors
    /// When this is no RTCP packet, or is one too many.
    pub fn protect_rtcp(&mut self, packet: &mut Vec<u8>, start: usize) -> Result<(), ProtectError> {
        let ssrc = packet.get(start..).and_then(rtcp_sender);
        let ssrc = ssrc.ok_or(ProtectError::Malformed)?;
        let index = self.rtcp_next;
        if index > LAST_RTCP_INDEX {
            return Err(ProtectError::KeyExhausted);
        }
        self.rtcp_next += 1;
        let trailer = (ENCRYPTED | index).to_be_bytes();
        let (head, payload) = packet[start..].split_at_mut(RTCP_HEADER_LEN);
        match &self.rtcp {
            Cipher::Counter { cipher, hmac, salt } => {
                cipher.apply_keystream(&counter_block(salt, ssrc, index.into()), payload);
                packet.extend_from_slice(&trailer);
                let tag = hmac.sign(&[&packet[start..]]);
                packet.extend_from_slice(&tag.as_ref()[..self.profile.rtcp_tag_len()]);
            }
            Cipher::Aead { cipher, salt } => {
                let mut context = [0; RTCP_HEADER_LEN + 4];
                context[..RTCP_HEADER_LEN].copy_from_slice(head);
                context[RTCP_HEADER_LEN..].copy_from_slice(&trailer);
                let tag = cipher.seal(&nonce(salt, ssrc, index.into()), &context, payload);
                packet.extend_from_slice(&tag);
                packet.extend_from_slice(&trailer);
            }
        }
        Ok(())
    }

    /// Forgets the stream `ssrc`. It must never be sent under this key again: its sequence numbers
    /// would begin anew, and nonces with them.
    pub fn forget(&mut self, ssrc: u32) {
        self.streams.remove(&ssrc);
    }

    /// Takes the packet's index, so that no other one gets it.
    fn claim(&mut self, header: &RtpHeader) -> Result<u64, ProtectError> {
        let Some(window) = self.streams.get_mut(&header.ssrc) else {
            let index = u64::from(header.sequence);
            let window = Window::new(index, &self.config);
            self.streams.insert(header.ssrc, window);
            return Ok(index);
        };
        let index = window.estimate(header.sequence);
        let index = index.ok_or(ProtectError::TooOld)?;
        if index > LAST_RTP_INDEX {
            return Err(ProtectError::KeyExhausted);
        }
        match window.standing(index) {
            Standing::New => window.insert(index),
            Standing::Seen => return Err(ProtectError::Repeated),
            Standing::TooOld => return Err(ProtectError::TooOld),
        }
        Ok(index)
    }
}
