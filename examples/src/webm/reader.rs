//! Reading.

use std::collections::VecDeque;
use std::fmt;
use std::io::{self, Read};
use std::time::Duration;

use bytes::Bytes;

use super::ebml::{Elements, as_float, as_uint, read_id, read_size};
use super::ids;
use super::packet::Packet;
use super::track::{Codec, Track};

/// Reads the frames of a file, in their order.
#[derive(Debug)]
pub struct Reader<R> {
    input: R,
    tracks: Vec<Track>,
    /// The file's numbers of those tracks.
    numbers: Vec<u64>,
    /// Nanoseconds in a tick of the file's clock.
    scale: u64,
    duration: Option<Duration>,
    cluster: u64,
    waiting: VecDeque<Packet>,
}

/// Why a file cannot be read.
#[derive(Debug)]
pub enum ReadError {
    /// It ends too early, or the disk fails.
    Io(io::Error),
    /// It is no WebM, or one that we do not understand.
    Format(&'static str),
}

/// What is held in memory of an element at most.
const MAX_ELEMENT_BYTES: u64 = 64 << 20;

impl<R: Read> Reader<R> {
    /// Reads as far as the first frame.
    ///
    /// # Errors
    /// When the file has no track that we know.
    pub fn new(input: R) -> Result<Self, ReadError> {
        let mut reader = Self {
            input,
            tracks: Vec::new(),
            numbers: Vec::new(),
            scale: 1_000_000,
            duration: None,
            cluster: 0,
            waiting: VecDeque::new(),
        };
        if read_id(&mut reader.input)? != Some(ids::EBML) {
            return Err(ReadError::Format("it is neither WebM nor Matroska"));
        }
        reader.payload()?;
        while reader.waiting.is_empty() {
            if !reader.step()? {
                return Err(ReadError::Format("it has no frames"));
            }
        }
        Ok(reader)
    }

    /// The tracks that we know; others are skipped.
    pub fn tracks(&self) -> &[Track] {
        &self.tracks
    }

    /// How long the file says that it is.
    pub fn duration(&self) -> Option<Duration> {
        self.duration
    }

    /// The next frame; `None` at the end.
    ///
    /// # Errors
    /// When the file is damaged.
    pub fn read(&mut self) -> Result<Option<Packet>, ReadError> {
        loop {
            if let Some(packet) = self.waiting.pop_front() {
                return Ok(Some(packet));
            }
            if !self.step()? {
                return Ok(None);
            }
        }
    }

    /// Takes the next element; `false` at the end. Segments and clusters are entered, not taken whole:
    /// they are large, and where a program is writing them still, of unknown size.
    fn step(&mut self) -> Result<bool, ReadError> {
        let Some(id) = read_id(&mut self.input)? else {
            return Ok(false);
        };
        match id {
            ids::SEGMENT | ids::CLUSTER => {
                read_size(&mut self.input)?;
            }
            ids::INFO => {
                let payload = self.payload()?;
                self.handle_info(&payload);
            }
            ids::TRACKS => {
                let payload = self.payload()?;
                self.handle_tracks(&payload);
            }
            ids::TIMESTAMP => {
                let payload = self.payload()?;
                self.cluster = as_uint(&payload).ok_or(ReadError::Format("a time is malformed"))?;
            }
            ids::SIMPLE_BLOCK => {
                let payload = self.payload()?;
                self.handle_block(Bytes::from(payload), None)?;
            }
            ids::BLOCK_GROUP => {
                let payload = self.payload()?;
                self.handle_group(&payload)?;
            }
            _ => self.skip()?,
        }
        Ok(true)
    }

    fn handle_info(&mut self, payload: &[u8]) {
        let mut ticks = None;
        for (id, value) in Elements(payload) {
            match id {
                ids::TIMESTAMP_SCALE => self.scale = as_uint(value).unwrap_or(self.scale),
                ids::DURATION => ticks = as_float(value),
                _ => {}
            }
        }
        let seconds = ticks.map(|ticks| ticks * self.scale as f64 / 1e9);
        self.duration = seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    }

    fn handle_tracks(&mut self, payload: &[u8]) {
        for (id, entry) in Elements(payload) {
            if id != ids::TRACK_ENTRY {
                continue;
            }
            if let Some((number, track)) = track(entry) {
                self.numbers.push(number);
                self.tracks.push(track);
            }
        }
    }

    fn handle_group(&mut self, payload: &[u8]) -> Result<(), ReadError> {
        let is_key = !Elements(payload).any(|(id, _)| id == ids::REFERENCE_BLOCK);
        let block = Elements(payload).find(|(id, _)| *id == ids::BLOCK);
        match block {
            Some((_, block)) => self.handle_block(Bytes::copy_from_slice(block), Some(is_key)),
            None => Ok(()),
        }
    }

    /// A block: the track's number, its time by that of the cluster, flags, the frame (RFC 9559 section
    /// 10).
    fn handle_block(&mut self, block: Bytes, is_key: Option<bool>) -> Result<(), ReadError> {
        const MALFORMED: ReadError = ReadError::Format("a block is malformed");
        let mut rest = &block[..];
        let number = read_size(&mut rest)?.ok_or(MALFORMED)?;
        let [high, low, flags, data @ ..] = rest else {
            return Err(MALFORMED);
        };
        if flags & 0x06 != 0 {
            return Err(ReadError::Format("it packs several frames into a block"));
        }
        let Some(track) = self.numbers.iter().position(|known| *known == number) else {
            return Ok(());
        };
        let relative = i16::from_be_bytes([*high, *low]);
        let ticks = self.cluster.saturating_add_signed(relative.into());
        self.waiting.push_back(Packet {
            track,
            time: Duration::from_nanos(ticks.saturating_mul(self.scale)),
            is_key: is_key.unwrap_or(flags & 0x80 != 0),
            data: block.slice_ref(data),
        });
        Ok(())
    }

    fn payload(&mut self) -> Result<Vec<u8>, ReadError> {
        let size = self.size()?;
        if size > MAX_ELEMENT_BYTES {
            return Err(ReadError::Format("an element is too large"));
        }
        let mut payload = Vec::new();
        self.input.by_ref().take(size).read_to_end(&mut payload)?;
        if payload.len() as u64 != size {
            return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into());
        }
        Ok(payload)
    }

    fn skip(&mut self) -> Result<(), ReadError> {
        let size = self.size()?;
        let skipped = io::copy(&mut self.input.by_ref().take(size), &mut io::sink())?;
        if skipped == size {
            Ok(())
        } else {
            Err(io::Error::from(io::ErrorKind::UnexpectedEof).into())
        }
    }

    fn size(&mut self) -> Result<u64, ReadError> {
        read_size(&mut self.input)?.ok_or(ReadError::Format("an element has no size"))
    }
}

fn track(entry: &[u8]) -> Option<(u64, Track)> {
    let field = |wanted| {
        let mut fields = Elements(entry);
        fields.find_map(|(id, value)| (id == wanted).then_some(value))
    };
    let within = |group, wanted| {
        let mut fields = Elements(field(group)?);
        fields.find_map(|(id, value)| (id == wanted).then(|| as_uint(value))?)
    };
    let codec = Codec::from_id(field(ids::CODEC_ID)?)?;
    let track = match codec {
        Codec::Opus => Track::Audio {
            channels: u8::try_from(within(ids::AUDIO, ids::CHANNELS).unwrap_or(1)).ok()?,
        },
        Codec::Vp8 | Codec::Vp9 | Codec::Av1 => Track::Video {
            codec,
            width: u32::try_from(within(ids::VIDEO, ids::PIXEL_WIDTH)?).ok()?,
            height: u32::try_from(within(ids::VIDEO, ids::PIXEL_HEIGHT)?).ok()?,
            private: field(ids::CODEC_PRIVATE).unwrap_or_default().to_vec(),
        },
    };
    Some((as_uint(field(ids::TRACK_NUMBER)?)?, track))
}

impl From<io::Error> for ReadError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                f.write_str("it ends too early")
            }
            Self::Io(error) => error.fmt(f),
            Self::Format(trouble) => f.write_str(trouble),
        }
    }
}

impl std::error::Error for ReadError {}
