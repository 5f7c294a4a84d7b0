//! From received frames to a file: what goes into it, when, and in which order.

use std::collections::BTreeMap;
use std::io::{self, Seek, Write};
use std::time::{Duration, Instant};

use bytes::Bytes;
use examples::webm::{Codec, Packet, Track, Writer, av1_configuration};
use tidewire::rtp::payload::Details;
use tidewire::{MediaKind, ReceivedFrame};

use crate::timeline::{Stamp, Ticks, Timeline};

/// Frames wait this long for the first reports of all streams.
const WAIT_FOR_REPORTS: Duration = Duration::from_secs(6);
/// And no more bytes than these.
const MAX_HELD_BYTES: usize = 32 << 20;
/// Frames of one stream wait this long for earlier ones of another, in milliseconds.
const REORDER_WINDOW: u64 = 1_000;

/// Writes what one connection sends.
///
/// Nothing is written until every stream has had its first sender report, so that all frames are placed
/// by their capture times; the file begins with the first key frame.
pub(crate) struct Recorder<W: Write + Seek> {
    streams: Vec<Stream>,
    timeline: Timeline,
    state: State<W>,
    pub(crate) counts: Counts,
}

/// What became of the frames.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Counts {
    pub(crate) video: u64,
    pub(crate) audio: u64,
    /// After a loss, up to the next key frame, or before the file's beginning.
    pub(crate) left_out: u64,
}

/// What matters here of a frame that was received.
#[derive(Clone, Debug)]
pub(crate) struct Incoming {
    ssrc: u32,
    stamp: Stamp,
    is_key: bool,
    follows_loss: bool,
    /// How a key frame of video is coded, and its size.
    picture: Option<(Codec, (u32, u32))>,
    data: Bytes,
}

struct Stream {
    kind: MediaKind,
    ssrc: Option<u32>,
    /// What the decoder needs is not there until a key frame comes.
    needs_key: bool,
    /// What the first key frame told.
    video: Option<Track>,
    last_ticks: Option<Ticks>,
}

enum State<W: Write + Seek> {
    Holding {
        out: W,
        frames: Vec<Held>,
        bytes: usize,
        since: Option<Instant>,
    },
    Writing(Output<W>),
    Moved,
}

/// A frame that may go into the file.
struct Held {
    stream: usize,
    ticks: Ticks,
    is_key: bool,
    data: Bytes,
}

/// The file, and the frames that wait for earlier ones.
struct Output<W: Write + Seek> {
    writer: Writer<W>,
    /// The track of each stream.
    tracks: Vec<Option<usize>>,
    /// Where the file begins, in seconds on the timeline.
    origin: f64,
    /// By time in milliseconds, and by arrival where that is the same.
    waiting: BTreeMap<(u64, u64), Packet>,
    arrivals: u64,
    newest: u64,
    written: u64,
}

impl<W: Write + Seek> Recorder<W> {
    pub(crate) fn new(out: W, kinds: &[MediaKind]) -> Self {
        let streams = kinds.iter().map(|kind| Stream {
            kind: *kind,
            ssrc: None,
            needs_key: *kind == MediaKind::Video,
            video: None,
            last_ticks: None,
        });
        Self {
            streams: streams.collect(),
            timeline: Timeline::new(kinds.len()),
            state: State::Holding {
                out,
                frames: Vec::new(),
                bytes: 0,
                since: None,
            },
            counts: Counts::default(),
        }
    }

    /// Takes a frame of the stream with this place.
    pub(crate) fn handle_frame(&mut self, place: usize, frame: Incoming) -> io::Result<()> {
        let stream = &mut self.streams[place];
        let old = stream.ssrc.replace(frame.ssrc);
        if old.is_some_and(|old| old != frame.ssrc) {
            self.timeline.reset(place);
            stream.last_ticks = None;
            stream.needs_key = stream.kind == MediaKind::Video;
        }
        let rate = match stream.kind {
            MediaKind::Video => 90_000,
            MediaKind::Audio => 48_000,
        };
        let ticks = self.timeline.note(place, rate, frame.stamp);
        if !stream.accepts(ticks, &frame) {
            self.counts.left_out += 1;
            return Ok(());
        }
        let held = Held {
            stream: place,
            ticks,
            is_key: frame.is_key,
            data: frame.data,
        };
        self.handle_held(held, frame.stamp.arrival)
    }

    /// How long the file is so far.
    pub(crate) fn duration(&self) -> Duration {
        match &self.state {
            State::Writing(output) => Duration::from_millis(output.newest),
            State::Holding { .. } | State::Moved => Duration::ZERO,
        }
    }

    /// Whether frames are being written: before, they wait for reports.
    pub(crate) fn is_writing(&self) -> bool {
        matches!(self.state, State::Writing(_))
    }

    /// Ends the file.
    pub(crate) fn finish(mut self) -> io::Result<(Counts, Duration)> {
        self.begin()?;
        let State::Writing(mut output) = self.state else {
            return Ok((self.counts, Duration::ZERO));
        };
        output.write_until(u64::MAX)?;
        let duration = output.writer.duration();
        output.writer.finish()?;
        Ok((self.counts, duration))
    }

    fn handle_held(&mut self, held: Held, arrival: Instant) -> io::Result<()> {
        match &mut self.state {
            State::Holding {
                frames,
                bytes,
                since,
                ..
            } => {
                *bytes += held.data.len();
                frames.push(held);
                let waited = arrival.saturating_duration_since(*since.get_or_insert(arrival));
                let is_full = *bytes > MAX_HELD_BYTES;
                if is_full || waited > WAIT_FOR_REPORTS || self.is_told() {
                    self.begin()?;
                }
                Ok(())
            }
            State::Writing(output) => {
                let kind = self.streams[held.stream].kind;
                let was_taken = output.take(&self.timeline, held)?;
                self.counts.add(kind, was_taken);
                Ok(())
            }
            State::Moved => Ok(()),
        }
    }

    /// Whether all is there that the first frames wait for.
    fn is_told(&self) -> bool {
        let mut streams = self.streams.iter().enumerate();
        streams.all(|(place, stream)| stream.last_ticks.is_some() && self.timeline.is_told(place))
    }

    /// Begins the file with what is held, if there is anything to begin with.
    fn begin(&mut self) -> io::Result<()> {
        let (out, frames) = match std::mem::replace(&mut self.state, State::Moved) {
            State::Holding { out, frames, .. } if !frames.is_empty() => (out, frames),
            other => {
                self.state = other;
                return Ok(());
            }
        };
        let mut tracks = Vec::new();
        let places = self.streams.iter().map(|stream| {
            tracks.push(stream.track()?);
            Some(tracks.len() - 1)
        });
        let places: Vec<_> = places.collect();
        let mut output = Output {
            origin: self.origin(&frames),
            writer: Writer::new(out, &tracks)?,
            tracks: places,
            waiting: BTreeMap::new(),
            arrivals: 0,
            newest: 0,
            written: 0,
        };
        for held in frames {
            let kind = self.streams[held.stream].kind;
            let was_taken = output.take(&self.timeline, held)?;
            self.counts.add(kind, was_taken);
        }
        self.state = State::Writing(output);
        Ok(())
    }

    /// The first frame of video, where there is video, else the first of all.
    fn origin(&self, frames: &[Held]) -> f64 {
        let is_video = |held: &&Held| self.streams[held.stream].kind == MediaKind::Video;
        let place = |held: &Held| self.timeline.place(held.stream, held.ticks);
        let first_video = frames.iter().filter(is_video).map(place);
        let first = frames.iter().map(place).reduce(f64::min);
        first_video.reduce(f64::min).or(first).unwrap_or_default()
    }
}

impl Counts {
    fn add(&mut self, kind: MediaKind, was_taken: bool) {
        let count = match kind {
            _ if !was_taken => &mut self.left_out,
            MediaKind::Video => &mut self.video,
            MediaKind::Audio => &mut self.audio,
        };
        *count += 1;
    }
}

impl Stream {
    /// Whether a frame is one for the file.
    fn accepts(&mut self, ticks: Ticks, frame: &Incoming) -> bool {
        // What comes after it cannot be shown before it; layers above the first have the same time.
        if self.last_ticks.is_some_and(|last| ticks <= last) || frame.data.is_empty() {
            return false;
        }
        if self.kind == MediaKind::Video {
            if frame.is_key {
                self.needs_key = !self.begins_with(frame);
            } else if frame.follows_loss {
                self.needs_key = true;
            }
        }
        if self.needs_key {
            return false;
        }
        self.last_ticks = Some(ticks);
        true
    }

    /// Takes what a key frame tells; `false` when the file cannot have it.
    fn begins_with(&mut self, frame: &Incoming) -> bool {
        let Some((codec, (width, height))) = frame.picture else {
            return false;
        };
        // A track has one codec from its beginning to its end.
        if let Some(track) = &self.video {
            return track.codec() == codec;
        }
        let private = match codec {
            Codec::Av1 => av1_configuration(&frame.data),
            Codec::Vp8 | Codec::Vp9 | Codec::Opus => Some(Vec::new()),
        };
        self.video = private.map(|private| Track::Video {
            codec,
            width,
            height,
            private,
        });
        self.video.is_some()
    }

    fn track(&self) -> Option<Track> {
        // A stream of which nothing came has no track.
        self.last_ticks?;
        match self.kind {
            MediaKind::Audio => Some(Track::Audio { channels: 2 }),
            MediaKind::Video => self.video.clone(),
        }
    }
}

impl Incoming {
    pub(crate) fn new(ssrc: u32, received: ReceivedFrame) -> Self {
        let frame = received.frame;
        let (codec, resolution) = match &frame.details {
            Details::Vp8(info) => (Codec::Vp8, info.resolution),
            Details::Vp9(info) => (Codec::Vp9, info.resolution),
            Details::Av1(info) => (Codec::Av1, info.resolution),
            _ => (Codec::Opus, None),
        };
        Self {
            ssrc,
            stamp: Stamp {
                timestamp: frame.timestamp,
                captured: received.capture_time,
                arrival: received.arrival,
            },
            is_key: frame.is_key,
            follows_loss: frame.follows_loss,
            picture: resolution.map(|size| (codec, (size.width, size.height))),
            data: frame.data,
        }
    }
}

impl<W: Write + Seek> Output<W> {
    /// Takes a frame; `false` when it has no place in the file.
    fn take(&mut self, timeline: &Timeline, held: Held) -> io::Result<bool> {
        let seconds = timeline.place(held.stream, held.ticks) - self.origin;
        // Half a millisecond: the first frame itself must not be rounded away.
        let (Some(track), true) = (self.tracks[held.stream], seconds > -0.0005) else {
            return Ok(false);
        };
        let time = (seconds.max(0.0) * 1000.0).round() as u64;
        // What is later than the window allows goes where there is place still.
        let time = time.max(self.written);
        self.newest = self.newest.max(time);
        self.arrivals += 1;
        let packet = Packet {
            track,
            time: Duration::from_millis(time),
            is_key: held.is_key,
            data: held.data,
        };
        self.waiting.insert((time, self.arrivals), packet);
        self.write_until(self.newest.saturating_sub(REORDER_WINDOW))?;
        Ok(true)
    }

    fn write_until(&mut self, time: u64) -> io::Result<()> {
        while let Some(first) = self.waiting.first_entry()
            && first.key().0 <= time
        {
            self.written = first.key().0;
            self.writer.write(&first.remove())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use examples::webm::Reader;
    use tidewire::rtp::NtpTime;

    use super::*;

    const VIDEO: usize = 0;
    const AUDIO: usize = 1;

    struct Sender {
        start: Instant,
        file: Cursor<Vec<u8>>,
    }

    impl Sender {
        fn new() -> Self {
            Self {
                start: Instant::now(),
                file: Cursor::default(),
            }
        }

        /// With picture and sound.
        fn recorder(&mut self) -> Recorder<&mut Cursor<Vec<u8>>> {
            Recorder::new(&mut self.file, &[MediaKind::Video, MediaKind::Audio])
        }

        /// Of both streams' clocks, `told` tells whether there was a report.
        fn frame(start: Instant, stream: usize, millisecond: u64, told: bool) -> Incoming {
            let rate = if stream == VIDEO { 90 } else { 48 };
            let since = Duration::from_millis(millisecond);
            let is_key = stream == AUDIO || millisecond.is_multiple_of(400);
            Incoming {
                ssrc: stream as u32,
                stamp: Stamp {
                    timestamp: millisecond as u32 * rate,
                    captured: told.then_some(NtpTime(9 << 40).after(since)),
                    arrival: start + since,
                },
                is_key,
                follows_loss: false,
                picture: (is_key && stream == VIDEO).then_some((Codec::Vp8, (64, 48))),
                data: Bytes::from(vec![stream as u8; 10]),
            }
        }

        /// The times of each track's frames, in milliseconds.
        fn times(&self) -> Vec<Vec<u128>> {
            let mut reader = Reader::new(&self.file.get_ref()[..]).unwrap();
            let mut times = vec![Vec::new(); reader.tracks().len()];
            while let Some(packet) = reader.read().unwrap() {
                times[packet.track].push(packet.time.as_millis());
            }
            times
        }
    }

    #[test]
    fn after_a_loss_pictures_are_left_out_up_to_the_next_key_frame() {
        let mut sender = Sender::new();
        let start = sender.start;
        let mut recorder = sender.recorder();
        for millisecond in (0..1_000).step_by(40) {
            let mut video = Sender::frame(start, VIDEO, millisecond, true);
            video.follows_loss = millisecond == 520;
            recorder.handle_frame(VIDEO, video).unwrap();
            let audio = Sender::frame(start, AUDIO, millisecond, true);
            recorder.handle_frame(AUDIO, audio).unwrap();
        }
        let (counts, _) = recorder.finish().unwrap();
        assert_eq!((counts.video, counts.audio, counts.left_out), (18, 25, 7));
        let times = sender.times();
        let (video, audio) = (&times[0], &times[1]);
        assert!(video.iter().all(|time| !(520..800).contains(time)));
        assert!(video.contains(&480) && video.contains(&800));
        assert_eq!(audio.len(), 25);
    }

    #[test]
    fn the_file_begins_with_a_key_frame_and_sound_of_then() {
        let mut sender = Sender::new();
        let start = sender.start;
        let mut recorder = sender.recorder();
        for millisecond in (200..1_000).step_by(40) {
            for stream in [VIDEO, AUDIO] {
                let frame = Sender::frame(start, stream, millisecond, millisecond > 700);
                recorder.handle_frame(stream, frame).unwrap();
            }
            assert_eq!(recorder.is_writing(), millisecond > 700);
        }
        recorder.finish().unwrap();
        let times = sender.times();
        assert_eq!((times[0][0], times[1][0]), (0, 0));
        assert_eq!(times[0].len(), times[1].len());
    }

    #[test]
    fn a_stream_without_reports_does_not_hold_up_the_file_for_ever() {
        let mut sender = Sender::new();
        let start = sender.start;
        let mut recorder = sender.recorder();
        for millisecond in (0..8_000).step_by(40) {
            let video = Sender::frame(start, VIDEO, millisecond, true);
            recorder.handle_frame(VIDEO, video).unwrap();
            let audio = Sender::frame(start, AUDIO, millisecond, millisecond > 7_000);
            recorder.handle_frame(AUDIO, audio).unwrap();
        }
        assert!(recorder.is_writing());
        recorder.finish().unwrap();
        let times = sender.times();
        assert!(times.iter().all(|times| times.is_sorted()));
        assert_eq!(times[0].len() + times[1].len(), 400);
    }

    #[test]
    fn a_recording_of_nothing_is_no_file() {
        let mut sender = Sender::new();
        let (_, duration) = sender.recorder().finish().unwrap();
        assert_eq!(duration, Duration::ZERO);
        assert!(sender.file.get_ref().is_empty());
    }
}
