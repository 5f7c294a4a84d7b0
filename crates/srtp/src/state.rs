//! Contexts as bytes, to be moved to another process.
//!
//! A state is its version, kind, profile, bounds and master key, then what the kind of context adds.
//! Integers are in network order.

use tidewire_crypto::Secret;
use zeroize::Zeroizing;

use crate::config::Config;
use crate::error::{KeyError, StateError};
use crate::index::LAST_RTP_INDEX;
use crate::keys::MasterKey;
use crate::profile::Profile;
use crate::streams::{Stream, Streams};
use crate::window::Window;

const VERSION: u8 = 1;

/// What a state is one of.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Kind {
    Sender = 1,
    Receiver = 2,
}

pub(crate) struct Writer(Secret);

impl Writer {
    pub(crate) fn new(kind: Kind, profile: Profile, config: &Config, master: &MasterKey) -> Self {
        let mut out = Self(Zeroizing::new(Vec::new()));
        // Growing would leave copies of the key behind.
        out.0.reserve(256);
        out.0.extend_from_slice(&[VERSION, kind as u8]);
        out.0.extend_from_slice(&profile.id().to_be_bytes());
        out.u64(config.replay_window as u64);
        out.u64(config.max_streams as u64);
        out.0.extend_from_slice(master.key());
        out.0.extend_from_slice(master.salt());
        out
    }

    pub(crate) fn u32(&mut self, value: u32) {
        self.0.extend_from_slice(&value.to_be_bytes());
    }

    pub(crate) fn u64(&mut self, value: u64) {
        self.0.extend_from_slice(&value.to_be_bytes());
    }

    pub(crate) fn streams(&mut self, streams: &Streams) {
        let len = streams
            .iter()
            .map(|stream| stream_len(stream.window.seen()));
        self.grow(4 + len.sum::<usize>());
        self.u32(streams.iter().len() as u32);
        for stream in streams.iter() {
            self.stream(stream);
        }
    }

    fn stream(&mut self, stream: &Stream) {
        self.u32(stream.ssrc);
        self.0.push(stream.told.is_some().into());
        self.u32(stream.told.unwrap_or(0));
        self.u64(stream.window.newest());
        for word in stream.window.seen() {
            self.u64(*word);
        }
    }

    /// Makes room without leaving a copy behind that nobody wipes.
    fn grow(&mut self, additional: usize) {
        let mut grown = Zeroizing::new(Vec::with_capacity(self.0.len() + additional));
        grown.extend_from_slice(&self.0);
        self.0 = grown;
    }

    pub(crate) fn finish(self) -> Secret {
        self.0
    }
}

fn stream_len(seen: &[u64]) -> usize {
    17 + 8 * seen.len()
}

pub(crate) struct Reader<'a> {
    rest: &'a [u8],
    pub(crate) profile: Profile,
    pub(crate) config: Config,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(kind: Kind, state: &'a [u8]) -> Result<Self, StateError> {
        let mut reader = Self {
            rest: state,
            profile: Profile::AeadAes128Gcm,
            config: Config::default(),
        };
        if reader.array()? != [VERSION, kind as u8] {
            return Err(StateError::Malformed);
        }
        let id = u16::from_be_bytes(reader.array()?);
        let known = Profile::ALL.into_iter().chain(Profile::UNENCRYPTED);
        let profile = known.into_iter().find(|profile| profile.id() == id);
        reader.profile = profile.ok_or(StateError::Malformed)?;
        reader.config.replay_window = reader.size()?;
        reader.config.max_streams = reader.size()?;
        Ok(reader)
    }

    pub(crate) fn master(&mut self) -> Result<MasterKey, StateError> {
        let key = self.take(self.profile.key_len())?;
        let salt = self.take(self.profile.salt_len())?;
        Ok(MasterKey::new(self.profile, key, salt)?)
    }

    pub(crate) fn u32(&mut self) -> Result<u32, StateError> {
        Ok(u32::from_be_bytes(self.array()?))
    }

    pub(crate) fn u64(&mut self) -> Result<u64, StateError> {
        Ok(u64::from_be_bytes(self.array()?))
    }

    /// An index of RTP.
    pub(crate) fn index(&mut self) -> Result<u64, StateError> {
        let index = Some(self.u64()?).filter(|index| *index <= LAST_RTP_INDEX);
        index.ok_or(StateError::Malformed)
    }

    pub(crate) fn streams(&mut self, streams: &mut Streams) -> Result<(), StateError> {
        for _ in 0..self.u32()? {
            let ssrc = self.u32()?;
            if streams.is_full() || streams.find(ssrc).is_some() {
                return Err(StateError::Malformed);
            }
            let told = match (self.array()?, self.u32()?) {
                ([0], 0) => None,
                ([1], told) => Some(told),
                _ => return Err(StateError::Malformed),
            };
            let newest = self.index()?;
            let words = self.take(8 * Window::words(&self.config))?;
            let words = words.as_chunks::<8>().0.iter();
            let seen = words.map(|word| u64::from_be_bytes(*word)).collect();
            streams.add_stream(ssrc, told, Window::from_parts(newest, seen));
        }
        Ok(())
    }

    pub(crate) fn finish(self) -> Result<(), StateError> {
        let is_empty = self.rest.is_empty();
        is_empty.then_some(()).ok_or(StateError::Malformed)
    }

    fn size(&mut self) -> Result<usize, StateError> {
        usize::try_from(self.u64()?).map_err(|_| StateError::Malformed)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], StateError> {
        let (array, rest) = self.rest.split_first_chunk().ok_or(StateError::Malformed)?;
        self.rest = rest;
        Ok(*array)
    }

    fn take(&mut self, len: usize) -> Result<&'a [u8], StateError> {
        let taken = self.rest.split_at_checked(len);
        let (taken, rest) = taken.ok_or(StateError::Malformed)?;
        self.rest = rest;
        Ok(taken)
    }
}

impl From<KeyError> for StateError {
    fn from(error: KeyError) -> Self {
        match error {
            KeyError::Length => Self::Malformed,
            KeyError::Unsupported => Self::Unsupported,
        }
    }
}
