//! Verifying and decrypting packets.

use bytes::BytesMut;
use tidewire_crypto::{AuthenticationError, CryptoProvider, Rng, Secret};

use crate::cipher::{Cipher, counter_block, nonce, tag};
use crate::config::Config;
use crate::error::{DropReason, KeyError, StateError};
use crate::header::{RTCP_HEADER_LEN, RtpHeader, rtcp_sender};
use crate::index::{ENCRYPTED, LAST_RTP_INDEX, ROLLOVER_LEN, rollover};
use crate::keys::{MasterKey, Protocol};
use crate::profile::{Profile, RTCP_INDEX_LEN};
use crate::state::{Kind, Reader, Writer};
use crate::streams::{Stream, Streams};
use crate::window::Standing;

/// The longest tag of an HMAC that SRTP has, in bytes.
const MAX_HMAC_TAG_LEN: usize = 10;

/// Verifies and decrypts what one side sends, in place.
///
/// A stream is remembered from its first authentic packet on. Nothing that a stranger sends makes
/// the context remember or forget anything.
///
/// A packet carries only the lower 16 bits of its index. The rest, how often the sequence number has
/// rolled over, is told by the packets before it: the index is the nearest to the newest, and a stream
/// begins with no rollover (RFC 3711 section 3.3.1). So a stream that was lost for 2^15 packets, that
/// rolled over before its first packet came, or that is joined later is found unauthentic until
/// [`set_rollover`](Self::set_rollover) tells what signalling or the sender knows.
#[derive(Debug)]
pub struct Receiver {
    profile: Profile,
    config: Config,
    master: MasterKey,
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
            config: *config,
            master: master.clone(),
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
        self.rtp_streams.forget(ssrc);
        self.rtcp_streams.forget(ssrc);
    }

    /// The index of the newest packet of the stream `ssrc`.
    pub fn newest_index(&mut self, ssrc: u32) -> Option<u64> {
        let stream = self.rtp_streams.find(ssrc)?;
        stream.told.is_none().then(|| stream.window.newest())
    }

    /// Takes it that the next packet of the stream `ssrc` has rolled over so often, until one is found
    /// authentic. What came before stays refused. A stream that was not known is remembered from now
    /// on, and one that was silent may make room for it.
    pub fn set_rollover(&mut self, ssrc: u32, rollover: u32) {
        let stream = match self.rtp_streams.find(ssrc) {
            Some(stream) => stream,
            None => add(&mut self.rtp_streams, ssrc),
        };
        stream.told = Some(rollover);
    }

    /// Ends this context and answers all of it but the statistics, to go on elsewhere by
    /// [`Self::from_state`]: the master key, what was received, the bounds. The bytes are a secret, and
    /// mean the same on every platform.
    pub fn into_state(self) -> Secret {
        let mut out = Writer::new(Kind::Receiver, self.profile, &self.config, &self.master);
        out.streams(&self.rtp_streams);
        out.streams(&self.rtcp_streams);
        out.finish()
    }

    /// Goes on where [`Self::into_state`] ended. Two contexts from one state would each accept the same
    /// packet.
    ///
    /// # Errors
    /// When `state` is none of a receiver, or `crypto` lacks the cipher.
    pub fn from_state(
        crypto: &dyn CryptoProvider,
        state: &Secret,
        rng: &mut Rng,
    ) -> Result<Self, StateError> {
        let mut state = Reader::new(Kind::Receiver, state)?;
        let (profile, config) = (state.profile, state.config);
        let mut receiver = Self::new(crypto, profile, &state.master()?, &config, rng)?;
        state.streams(&mut receiver.rtp_streams)?;
        state.streams(&mut receiver.rtcp_streams)?;
        state.finish()?;
        Ok(receiver)
    }

    fn open_rtp(&mut self, packet: &mut BytesMut) -> Result<u64, DropReason> {
        let overhead = self.profile.rtp_overhead();
        let end = packet.len().checked_sub(overhead);
        let end = end.ok_or(DropReason::Malformed)?;
        let header = RtpHeader::parse(&packet[..end]).ok_or(DropReason::Malformed)?;
        let stream = self.rtp_streams.find(header.ssrc);
        let index = estimate(stream.as_deref(), header.sequence)?;
        match &self.rtp {
            Cipher::Counter { cipher, hmac, salt } => {
                let mut tag = [0; MAX_HMAC_TAG_LEN];
                tag[..overhead].copy_from_slice(&packet[end..]);
                // The rollover counter is authenticated as if it stood there, in one piece with the
                // packet; every tag is as long.
                let authenticated = end + ROLLOVER_LEN;
                packet[end..authenticated].copy_from_slice(&rollover(index));
                hmac.verify(&[&packet[..authenticated]], &tag[..overhead])?;
                if let Some(cipher) = cipher {
                    let iv = counter_block(salt, header.ssrc, index);
                    cipher.apply_keystream(&iv, &mut packet[header.len..end]);
                }
            }
            Cipher::Aead { cipher, salt } => {
                let (body, tail) = packet.split_at_mut(end);
                let (head, payload) = body.split_at_mut(header.len);
                let nonce = nonce(salt, header.ssrc, index);
                cipher.open(&nonce, head, payload, &tag(tail)?)?;
            }
        }
        match stream {
            Some(stream) => stream.insert(index),
            None => add(&mut self.rtp_streams, header.ssrc).begin(index),
        }
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
        let stream = self.rtcp_streams.find(ssrc);
        check(stream.as_deref(), index)?;
        match &self.rtcp {
            Cipher::Counter { cipher, hmac, salt } => {
                let (body, tag) = packet.split_at_mut(end + RTCP_INDEX_LEN);
                hmac.verify(&[body], tag)?;
                if let Some(cipher) = cipher.as_ref().filter(|_| is_encrypted) {
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
        match stream {
            Some(stream) => stream.insert(index),
            None => add(&mut self.rtcp_streams, ssrc).begin(index),
        }
        packet.truncate(end);
        Ok(())
    }
}

/// The index that a sequence number most likely stands for, if it is new.
#[inline]
fn estimate(stream: Option<&Stream>, sequence: u16) -> Result<u64, DropReason> {
    // None is from before the beginning: then the nearest is before the first rollover.
    let index = stream.and_then(|stream| stream.estimate(sequence));
    let index = index.unwrap_or(sequence.into());
    if index > LAST_RTP_INDEX {
        return Err(DropReason::TooOld);
    }
    check(stream, index)?;
    Ok(index)
}

#[inline]
fn check(stream: Option<&Stream>, index: u64) -> Result<(), DropReason> {
    match stream.map_or(Standing::New, |stream| stream.window.standing(index)) {
        Standing::New => Ok(()),
        Standing::Seen => Err(DropReason::Replayed),
        Standing::TooOld => Err(DropReason::TooOld),
    }
}

/// Adds a stream that is not known.
#[cold]
fn add(streams: &mut Streams, ssrc: u32) -> &mut Stream {
    if streams.is_full() {
        streams.evict();
    }
    streams.add(ssrc, None)
}

impl From<AuthenticationError> for DropReason {
    fn from(_: AuthenticationError) -> Self {
        Self::Unauthentic
    }
}

impl Stats {
    pub(crate) fn count(&mut self, reason: Option<DropReason>) {
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
