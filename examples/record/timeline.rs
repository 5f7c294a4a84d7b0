//! When each frame was captured, on one time scale for all streams.
//!
//! A stream's RTP timestamps have an origin of their own. Sender reports tie them to the sender's wall
//! clock, which all its streams share: by it, picture and sound are placed as they were captured,
//! however long each took to be encoded and to arrive. Until a stream's first report, its frames are
//! placed by the arrival of the first and their timestamps from there on, which is off by as much as its
//! delay differs from the other's.

use std::time::Instant;

use tidewire::rtp::NtpTime;

/// The clocks of some streams, told apart by their place.
#[derive(Debug)]
pub(crate) struct Timeline {
    streams: Vec<Option<Clock>>,
    /// What is called 0.
    epoch: Option<Instant>,
    /// An instant by the sender's wall clock, and in seconds since the epoch.
    anchor: Option<(NtpTime, f64)>,
}

/// A frame's place in its stream, in ticks that do not wrap.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) struct Ticks(i64);

/// What of a frame tells the time.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stamp {
    pub(crate) timestamp: u32,
    pub(crate) captured: Option<NtpTime>,
    pub(crate) arrival: Instant,
}

#[derive(Clone, Copy, Debug)]
struct Clock {
    rate: f64,
    timestamp: u32,
    ticks: i64,
    /// Of the first frame, in seconds since the epoch.
    first_arrival: f64,
    first_ticks: i64,
    /// The last frame whose capture time was told.
    told: Option<(i64, NtpTime)>,
}

impl Timeline {
    pub(crate) fn new(streams: usize) -> Self {
        Self {
            streams: vec![None; streams],
            epoch: None,
            anchor: None,
        }
    }

    /// Takes notice of a frame.
    pub(crate) fn note(&mut self, stream: usize, rate: u32, stamp: Stamp) -> Ticks {
        let epoch = *self.epoch.get_or_insert(stamp.arrival);
        let clock = self.streams[stream].get_or_insert_with(|| Clock {
            rate: rate.into(),
            timestamp: stamp.timestamp,
            ticks: 0,
            first_arrival: (stamp.arrival - epoch).as_secs_f64(),
            first_ticks: 0,
            told: None,
        });
        let ahead = stamp.timestamp.wrapping_sub(clock.timestamp) as i32;
        clock.ticks += i64::from(ahead);
        clock.timestamp = stamp.timestamp;
        if let Some(captured) = stamp.captured {
            clock.told = Some((clock.ticks, captured));
            // The stream that is told first stays where it is.
            let place = clock.by_arrival(clock.ticks);
            self.anchor.get_or_insert((captured, place));
        }
        Ticks(clock.ticks)
    }

    /// Whether the stream's frames are placed by their capture times.
    pub(crate) fn is_told(&self, stream: usize) -> bool {
        self.streams[stream].is_some_and(|clock| clock.told.is_some())
    }

    /// Forgets a stream's clock: another takes its place.
    pub(crate) fn reset(&mut self, stream: usize) {
        self.streams[stream] = None;
    }

    /// When a frame was captured, in seconds on the common scale, as well as is known by now.
    pub(crate) fn place(&self, stream: usize, Ticks(ticks): Ticks) -> f64 {
        let Some(clock) = &self.streams[stream] else {
            return 0.0;
        };
        let (Some((told_ticks, captured)), Some((anchor, place))) = (clock.told, self.anchor)
        else {
            return clock.by_arrival(ticks);
        };
        place + seconds(captured, anchor) + (ticks - told_ticks) as f64 / clock.rate
    }
}

impl Clock {
    fn by_arrival(&self, ticks: i64) -> f64 {
        self.first_arrival + (ticks - self.first_ticks) as f64 / self.rate
    }
}

/// How much later `time` is than `earlier`: less than nothing where it is not.
fn seconds(time: NtpTime, earlier: NtpTime) -> f64 {
    time.0.wrapping_sub(earlier.0) as i64 as f64 / (1u64 << 32) as f64
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const VIDEO: usize = 0;
    const AUDIO: usize = 1;

    /// Streams whose frames are captured together: pictures arrive 100 ms later, sound 10 ms.
    struct Sender {
        start: Instant,
        timeline: Timeline,
    }

    impl Sender {
        fn new() -> Self {
            Self {
                start: Instant::now(),
                timeline: Timeline::new(2),
            }
        }

        fn frame(&mut self, stream: usize, millisecond: u64, is_told: bool) -> Ticks {
            let captured = NtpTime(7 << 40).after(Duration::from_millis(millisecond));
            let (rate, first, delay) = match stream {
                VIDEO => (90_000, u32::MAX - 45_000, 100),
                _ => (48_000, 5, 10),
            };
            let ticks = (millisecond * u64::from(rate) / 1000) as u32;
            let stamp = Stamp {
                timestamp: first.wrapping_add(ticks),
                captured: is_told.then_some(captured),
                arrival: self.start + Duration::from_millis(millisecond + delay),
            };
            self.timeline.note(stream, rate, stamp)
        }

        /// How much later the picture is placed than the sound.
        fn offset(&self, video: Ticks, audio: Ticks) -> f64 {
            self.timeline.place(VIDEO, video) - self.timeline.place(AUDIO, audio)
        }
    }

    #[test]
    fn frames_are_placed_by_arrival_until_reports_come_and_then_by_capture() {
        let mut sender = Sender::new();
        let (audio, video) = (sender.frame(AUDIO, 0, false), sender.frame(VIDEO, 0, false));
        assert!((sender.offset(video, audio) - 0.09).abs() < 1e-6);
        // Across the wrap of the pictures' timestamps.
        sender.frame(VIDEO, 1_000, true);
        assert!((sender.offset(video, audio) - 0.09).abs() < 1e-6);
        sender.frame(AUDIO, 2_000, true);
        assert!(sender.timeline.is_told(AUDIO));
        assert!(sender.offset(video, audio).abs() < 1e-6);
    }

    #[test]
    fn frames_that_come_out_of_order_are_placed_in_order() {
        let mut sender = Sender::new();
        let (late, early) = (sender.frame(AUDIO, 40, true), sender.frame(AUDIO, 20, true));
        let placed = [late, early].map(|ticks| sender.timeline.place(AUDIO, ticks));
        assert!((placed[0] - placed[1] - 0.02).abs() < 1e-6);
    }
}
