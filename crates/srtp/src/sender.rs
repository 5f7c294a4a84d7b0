//! Protecting packets.

use tidewire_crypto::{CryptoProvider, Rng, Secret};

use crate::cipher::{Cipher, counter_block, nonce};
use crate::config::Config;
use crate::error::{KeyError, ProtectError, StateError};
use crate::header::{RTCP_HEADER_LEN, RtpHeader, rtcp_sender};
use crate::index::{ENCRYPTED, LAST_RTCP_INDEX, LAST_RTP_INDEX, rollover};
use crate::keys::{MasterKey, Protocol};
use crate::profile::{Profile, RTCP_INDEX_LEN};
use crate::state::{Kind, Reader, Writer};
use crate::streams::{Stream, Streams};
use crate::window::Standing;

/// Protects what one side sends, in place.
///
/// A packet is protected once. To send it again, keep what was protected, or send its payload under
/// another sequence number (RFC 4588). Streams are remembered for as long as the context lives or
/// until they are [forgotten](Self::forget), as forgetting one on one's own would repeat nonces.
///
/// Let a stream begin with a sequence number below 2^15: a receiver that misses the first packets
/// and hears those after a rollover cannot tell that there was one (RFC 3711 section 3.3.1).
///
/// # The end of a key
///
/// A stream has 2^48 packets of RTP, and the context 2^31 of RTCP, of all streams together (RFC 3711
/// section 9.2, RFC 7714 section 10.2). The next one is refused, for ever. DTLS-SRTP has no new keys
/// under the same association: before it comes to this, as [`remaining_rtp`](Self::remaining_rtp) and
/// [`remaining_rtcp`](Self::remaining_rtcp) tell early, make another one, by an ICE restart and new
/// descriptions or by a new connection. At 200 compound packets a second, that is after four months.
///
/// RFC 5764 section 4.1.2 states 2^31 packets of either protocol for its profiles, which is tighter
/// than RFC 3711 and not what others hold to. Whoever wants that bound looks at
/// [`protected_rtp`](Self::protected_rtp).
#[derive(Debug)]
pub struct Sender {
    profile: Profile,
    config: Config,
    master: MasterKey,
    pub(crate) rtp: Cipher,
    pub(crate) rtcp: Cipher,
    streams: Streams,
    protected_rtp: u64,
    pub(crate) newest_rtp: u64,
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
            master: master.clone(),
            rtp: Cipher::new(crypto, profile, master, Protocol::Rtp)?,
            rtcp: Cipher::new(crypto, profile, master, Protocol::Rtcp)?,
            streams: Streams::new(config, rng),
            protected_rtp: 0,
            newest_rtp: 0,
            rtcp_next: 0,
        })
    }

    /// The profile.
    pub fn profile(&self) -> Profile {
        self.profile
    }

    /// Protects the RTP packet that is `packet[start..]`: its payload is encrypted, and the tag is
    /// appended. Sequence numbers may come in any order within the replay window; one that is 2^15 or
    /// more ahead of the newest is taken for one from behind.
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
                if let Some(cipher) = cipher {
                    cipher.apply_keystream(&counter_block(salt, header.ssrc, index), payload);
                }
                // The rollover counter is authenticated and not sent. In one piece that is faster.
                let end = packet.len();
                packet.extend_from_slice(&rollover(index));
                let tag = hmac.sign(&[&packet[start..]]);
                packet.truncate(end);
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
        let (head, payload) = packet[start..].split_at_mut(RTCP_HEADER_LEN);
        match &self.rtcp {
            Cipher::Counter { cipher, hmac, salt } => {
                let mut trailer = index;
                if let Some(cipher) = cipher {
                    cipher.apply_keystream(&counter_block(salt, ssrc, index.into()), payload);
                    trailer |= ENCRYPTED;
                }
                packet.extend_from_slice(&trailer.to_be_bytes());
                let tag = hmac.sign(&[&packet[start..]]);
                packet.extend_from_slice(&tag.as_ref()[..self.profile.rtcp_tag_len()]);
            }
            Cipher::Aead { cipher, salt } => {
                let trailer = (ENCRYPTED | index).to_be_bytes();
                let mut context = [0; RTCP_HEADER_LEN + RTCP_INDEX_LEN];
                context[..RTCP_HEADER_LEN].copy_from_slice(head);
                context[RTCP_HEADER_LEN..].copy_from_slice(&trailer);
                let tag = cipher.seal(&nonce(salt, ssrc, index.into()), &context, payload);
                packet.extend_from_slice(&tag);
                packet.extend_from_slice(&trailer);
            }
        }
        Ok(())
    }

    /// How many packets of RTP the stream that went furthest may still send, if none is skipped; 2^48
    /// in the beginning.
    pub fn remaining_rtp(&self) -> u64 {
        match self.protected_rtp {
            0 => LAST_RTP_INDEX + 1,
            _ => LAST_RTP_INDEX - self.newest_rtp,
        }
    }

    /// How many compound packets of RTCP may still be sent; 2^31 in the beginning.
    pub fn remaining_rtcp(&self) -> u32 {
        LAST_RTCP_INDEX + 1 - self.rtcp_next
    }

    /// How many packets of RTP were protected, of all streams together.
    pub fn protected_rtp(&self) -> u64 {
        self.protected_rtp
    }

    /// The index of the newest packet of the stream `ssrc`: its sequence number, and before that how
    /// often it has rolled over. Its upper 32 bits are what a receiver that joins has to be told (RFC
    /// 3711 section 3.3.1).
    pub fn newest_index(&mut self, ssrc: u32) -> Option<u64> {
        let stream = self.streams.find(ssrc)?;
        stream.told.is_none().then(|| stream.window.newest())
    }

    /// Lets the next packet of the stream `ssrc` have rolled over so often, where it goes on from
    /// where another context left it under the same key. What this one knows to have been sent is
    /// refused nevertheless.
    ///
    /// # Errors
    /// When this would begin one stream too many.
    pub fn set_rollover(&mut self, ssrc: u32, rollover: u32) -> Result<(), ProtectError> {
        self.know(ssrc)?.told = Some(rollover);
        Ok(())
    }

    /// Forgets the stream `ssrc`. It must never be sent under this key again: its sequence numbers
    /// would begin anew, and nonces with them.
    pub fn forget(&mut self, ssrc: u32) {
        self.streams.forget(ssrc);
    }

    /// Ends this context and answers all of it, to go on elsewhere by [`Self::from_state`]: the master
    /// key, what was sent, the bounds. The bytes are a secret, and mean the same on every platform.
    pub fn into_state(self) -> Secret {
        let mut out = Writer::new(Kind::Sender, self.profile, &self.config, &self.master);
        out.u64(self.protected_rtp);
        out.u64(self.newest_rtp);
        out.u32(self.rtcp_next);
        out.streams(&self.streams);
        out.finish()
    }

    /// Goes on where [`Self::into_state`] ended. Never do so twice with one state: both contexts would
    /// use the same nonces, which gives the key away.
    ///
    /// # Errors
    /// When `state` is none of a sender, or `crypto` lacks the cipher.
    pub fn from_state(
        crypto: &dyn CryptoProvider,
        state: &Secret,
        rng: &mut Rng,
    ) -> Result<Self, StateError> {
        let mut state = Reader::new(Kind::Sender, state)?;
        let (profile, config) = (state.profile, state.config);
        let mut sender = Self::new(crypto, profile, &state.master()?, &config, rng)?;
        sender.protected_rtp = state.u64()?;
        sender.newest_rtp = state.index()?;
        sender.rtcp_next = state.u32()?;
        state.streams(&mut sender.streams)?;
        state.finish()?;
        let is_valid = sender.rtcp_next <= LAST_RTCP_INDEX + 1;
        is_valid.then_some(sender).ok_or(StateError::Malformed)
    }

    /// Takes the packet's index, so that no other one gets it.
    fn claim(&mut self, header: &RtpHeader) -> Result<u64, ProtectError> {
        let stream = match self.streams.find(header.ssrc) {
            Some(stream) => stream,
            None => self.know(header.ssrc)?,
        };
        let index = stream.estimate(header.sequence);
        let index = index.ok_or(ProtectError::TooOld)?;
        if index > LAST_RTP_INDEX {
            return Err(ProtectError::KeyExhausted);
        }
        match stream.window.standing(index) {
            Standing::New => stream.insert(index),
            Standing::Seen => return Err(ProtectError::Repeated),
            Standing::TooOld => return Err(ProtectError::TooOld),
        }
        self.protected_rtp += 1;
        self.newest_rtp = self.newest_rtp.max(index);
        Ok(index)
    }

    /// The stream, which begins if it was not known.
    #[cold]
    fn know(&mut self, ssrc: u32) -> Result<&mut Stream, ProtectError> {
        if self.streams.find(ssrc).is_none() {
            if self.streams.is_full() {
                return Err(ProtectError::TooManyStreams);
            }
            // When a stream begins, it has not rolled over (RFC 3711 section 3.3.1).
            self.streams.add(ssrc, Some(0));
        }
        Ok(self.streams.find(ssrc).expect("it is known by now"))
    }
}
