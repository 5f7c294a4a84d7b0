//! Verifying and decrypting packets.

use std::collections::HashMap;

use bytes::BytesMut;
use tidewire_crypto::{AuthenticationError, CryptoProvider, KeyedState, Rng};

use crate::cipher::{Cipher, counter_block, nonce, rollover, tag};
use crate::config::Config;
use crate::error::{DropReason, KeyError};
use crate::header::{RTCP_HEADER_LEN, RtpHeader, rtcp_sender};
use crate::keys::{MasterKey, Protocol};
use crate::profile::{Profile, RTCP_INDEX_LEN};
use crate::sender::{ENCRYPTED, LAST_RTP_INDEX};
use crate::window::{Standing, Window};

/// Verifies and decrypts what one side sends, in place.
///
/// A stream is remembered from its first authentic packet on. Nothing that a stranger sends makes
/// the context remember or forget anything.
#[derive(Debug)]
pub struct Receiver {
    profile: Profile,
    pub(crate) rtp: Cipher,
    pub(crate) rtcp: Cipher,
    rtp_streams: Streams,
    rtcp_streams: Streams,
    stats: Stats,
}

/// What a [`Receiver`] has seen, in packets of both protocols.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct Stats {
    /// Those that were accepted.
    pub accepted: u64,
    /// Those that were no protected packets.
    pub malformed: u64,
    /// Those whose tag was wrong.
    pub unauthentic: u64,
    /// Those that had come before.
    pub replayed: u64,
    /// Those from before the replay window.
    pub too_old: u64,
}

impl Receiver {
    /// A context under `master`.
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
            rtp: Cipher::new(crypto, profile, master, Protocol::Rtp)?,
            rtcp: Cipher::new(crypto, profile, master, Protocol::Rtcp)?,
            rtp_streams: Streams::new(config, rng),
            rtcp_streams: Streams::new(config, rng),
            stats: Stats::default(),
        })
    }

    /// The profile.
    pub fn profile(&self) -> Profile {
        self.profile
    }

    /// What was accepted and what was dropped so far.
    pub fn stats(&self) -> Stats {
        self.stats
    }

    /// Turns an SRTP packet into the RTP packet that it was, and answers its index: the sequence
    /// number, and before that how often it has rolled over (RFC 3711 section 3.3.1).
    ///
    /// # Errors
    /// Why the packet was dropped. What is left in it is of no use then.
    pub fn unprotect_rtp(&mut self, packet: &mut BytesMut) -> Result<u64, DropReason> {
        let result = self.open_rtp(packet);
        self.stats.count(result.err());
        result
    }

    /// Turns an SRTCP packet into the compound RTCP packet that it was. One that is not encrypted but
    /// authentic is accepted (RFC 3711 section 3.4).
    ///
    /// # Errors
    /// Why the packet was dropped. What is left in it is of no use then.
    pub fn unprotect_rtcp(&mut self, packet: &mut BytesMut) -> Result<(), DropReason> {
        let result = self.open_rtcp(packet);
        self.stats.count(result.err());
        result
    }

    /// Forgets the stream `ssrc`: it may begin anew, and what it sent may be replayed.
    pub fn forget(&mut self, ssrc: u32) {
        self.rtp_streams.known.remove(&ssrc);
        self.rtcp_streams.known.remove(&ssrc);
    }

    fn open_rtp(&mut self, packet: &mut BytesMut) -> Result<u64, DropReason> {
        let overhead = self.profile.rtp_overhead();
        let end = packet.len().checked_sub(overhead);
        let end = end.ok_or(DropReason::Malformed)?;
        let header = RtpHeader::parse(&packet[..end]).ok_or(DropReason::Malformed)?;
        let index = self.rtp_streams.rtp_index(header.ssrc, header.sequence)?;
        let (body, tail) = packet.split_at_mut(end);
        match &self.rtp {
            Cipher::Counter { cipher, hmac, salt } => {
                hmac.verify(&[body, &rollover(index)], tail)?;
                let iv = counter_block(salt, header.ssrc, index);
                cipher.apply_keystream(&iv, &mut body[header.len..]);
            }
            Cipher::Aead { cipher, salt } => {
                let (head, payload) = body.split_at_mut(header.len);
                let nonce = nonce(salt, header.ssrc, index);
                cipher.open(&nonce, head, payload, &tag(tail)?)?;
            }
        }
        self.rtp_streams.accept(header.ssrc, index);
        packet.truncate(end);
        Ok(index)
    }

    fn open_rtcp(&mut self, packet: &mut BytesMut) -> Result<(), DropReason> {
        let overhead = self.profile.rtcp_overhead();
        let end = packet.len().checked_sub(overhead);
        let end = end.ok_or(DropReason::Malformed)?;
        let ssrc = rtcp_sender(&packet[..end]).ok_or(DropReason::Malformed)?;
        // The tag stands after the index (RFC 3711 section 3.4), or before it (RFC 7714 section 9.2).
        let index_at = match self.rtcp {
            Cipher::Counter { .. } => end,
            Cipher::Aead { .. } => packet.len() - RTCP_INDEX_LEN,
        };
        let trailer: [u8; RTCP_INDEX_LEN] = packet[index_at..][..RTCP_INDEX_LEN]
            .try_into()
            .map_err(|_| DropReason::Malformed)?;
        let word = u32::from_be_bytes(trailer);
        let (is_encrypted, index) = (word & ENCRYPTED != 0, u64::from(word & !ENCRYPTED));
        self.rtcp_streams.check(ssrc, index)?;
        match &self.rtcp {
            Cipher::Counter { cipher, hmac, salt } => {
                let (body, tag) = packet.split_at_mut(end + RTCP_INDEX_LEN);
                hmac.verify(&[body], tag)?;
                if is_encrypted {
                    let iv = counter_block(salt, ssrc, index);
                    cipher.apply_keystream(&iv, &mut body[RTCP_HEADER_LEN..end]);
                }
            }
            Cipher::Aead { cipher, salt } => {
                let tag = tag(&packet[end..index_at])?;
                let nonce = nonce(salt, ssrc, index);
                if is_encrypted {
                    let (head, payload) = packet[..end].split_at_mut(RTCP_HEADER_LEN);
                    let mut context = [0; RTCP_HEADER_LEN + RTCP_INDEX_LEN];
                    context[..RTCP_HEADER_LEN].copy_from_slice(head);
                    context[RTCP_HEADER_LEN..].copy_from_slice(&trailer);
                    cipher.open(&nonce, &context, payload, &tag)?;
                } else {
                    // All of it, and the index after it, is only authenticated. They are parted by
                    // the tag, which has been copied.
                    packet[end..][..RTCP_INDEX_LEN].copy_from_slice(&trailer);
                    let context = &packet[..end + RTCP_INDEX_LEN];
                    cipher.open(&nonce, context, &mut [], &tag)?;
                }
            }
        }
        self.rtcp_streams.accept(ssrc, index);
        packet.truncate(end);
        Ok(())
    }
}

impl From<AuthenticationError> for DropReason {
    fn from(_: AuthenticationError) -> Self {
        Self::Unauthentic
    }
}

impl Stats {
    fn count(&mut self, reason: Option<DropReason>) {
        let counter = match reason {
            None => &mut self.accepted,
            Some(DropReason::Malformed) => &mut self.malformed,
            Some(DropReason::Unauthentic) => &mut self.unauthentic,
            Some(DropReason::Replayed) => &mut self.replayed,
            Some(DropReason::TooOld) => &mut self.too_old,
        };
        *counter += 1;
    }
}

/// The streams of one protocol.
#[derive(Debug)]
struct Streams {
    known: HashMap<u32, Stream, KeyedState>,
    config: Config,
    /// Counts the packets, to tell which stream was silent for longest.
    clock: u64,
}

#[derive(Debug)]
struct Stream {
    window: Window,
    last_heard: u64,
}

impl Streams {
    fn new(config: &Config, rng: &mut Rng) -> Self {
        Self {
            known: HashMap::with_hasher(KeyedState::new(rng)),
            config: *config,
            clock: 0,
        }
    }

    /// The index that a sequence number most likely stands for. A stream begins before its first
    /// rollover: whoever joins it later has to be told (RFC 3711 section 3.3.1).
    fn rtp_index(&self, ssrc: u32, sequence: u16) -> Result<u64, DropReason> {
        let Some(stream) = self.known.get(&ssrc) else {
            return Ok(sequence.into());
        };
        let index = stream.window.estimate(sequence);
        let index = index.filter(|index| *index <= LAST_RTP_INDEX);
        let index = index.ok_or(DropReason::TooOld)?;
        self.check(ssrc, index)?;
        Ok(index)
    }

    fn check(&self, ssrc: u32, index: u64) -> Result<(), DropReason> {
        let stream = self.known.get(&ssrc);
        match stream.map_or(Standing::New, |stream| stream.window.standing(index)) {
            Standing::New => Ok(()),
            Standing::Seen => Err(DropReason::Replayed),
            Standing::TooOld => Err(DropReason::TooOld),
        }
    }

    /// Notes an authentic packet.
    fn accept(&mut self, ssrc: u32, index: u64) {
        self.clock += 1;
        if let Some(stream) = self.known.get_mut(&ssrc) {
            stream.window.insert(index);
            stream.last_heard = self.clock;
            return;
        }
        if self.known.len() >= self.config.max_streams.max(1) {
            let silent = self.known.iter().min_by_key(|(_, known)| known.last_heard);
            if let Some(silent) = silent.map(|(ssrc, _)| *ssrc) {
                self.known.remove(&silent);
            }
        }
        let stream = Stream {
            window: Window::new(index, &self.config),
            last_heard: self.clock,
        };
        self.known.insert(ssrc, stream);
    }
}
