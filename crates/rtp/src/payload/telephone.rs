//! Named telephone events (RFC 4733 section 2) and comfort noise (RFC 3389).

use crate::take::{take_u8, take_u16};

/// What a packet tells about an event, section 2.3.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct TelephoneEvent {
    /// The event: 0 to 9 are digits, 10 is the star, 11 the hash, 12 to 15 are A to D.
    pub event: u8,
    /// It is over.
    pub is_end: bool,
    /// In dB below the loudest, 0 to 63.
    pub volume: u8,
    /// How long it has lasted, in ticks since the packet's timestamp.
    pub duration: u16,
}

impl TelephoneEvent {
    /// Reads a payload; further events in it belong to no standard that is in use.
    pub fn parse(mut payload: &[u8]) -> Option<Self> {
        let payload = &mut payload;
        let (event, packed) = (take_u8(payload)?, take_u8(payload)?);
        Some(Self {
            event,
            is_end: packed & 0x80 != 0,
            volume: packed & 0x3f,
            duration: take_u16(payload)?,
        })
    }

    /// The payload.
    pub fn to_bytes(self) -> [u8; 4] {
        let [high, low] = self.duration.to_be_bytes();
        [
            self.event,
            u8::from(self.is_end) << 7 | self.volume.min(63),
            high,
            low,
        ]
    }
}

/// An event that is being sent: which packets tell of it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct EventSender {
    event: u8,
    volume: u8,
    /// When the present segment began.
    timestamp: u32,
    is_first: bool,
}

/// A packet that tells of an event.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct EventPacket {
    /// Its timestamp: when the event, or its present segment, began.
    pub timestamp: u32,
    /// Its marker bit: the event begins (section 2.5.1.1).
    pub marker: bool,
    /// Its payload.
    pub event: TelephoneEvent,
}

impl EventSender {
    /// How often the end is told (section 2.5.1.4).
    pub const END_PACKETS: usize = 3;

    /// An event that begins at `timestamp`.
    pub fn new(event: u8, volume: u8, timestamp: u32) -> Self {
        Self {
            event,
            volume,
            timestamp,
            is_first: true,
        }
    }

    /// What to send at `now`, in ticks, while the event goes on: every 50 ms (section 2.5.1.2).
    pub fn update(&mut self, now: u32) -> EventPacket {
        self.packet(now, false)
    }

    /// What to send when it is over, [`END_PACKETS`](Self::END_PACKETS) times.
    pub fn end(&mut self, now: u32) -> EventPacket {
        self.packet(now, true)
    }

    fn packet(&mut self, now: u32, is_end: bool) -> EventPacket {
        let mut elapsed = now.wrapping_sub(self.timestamp);
        // A long event goes on in another segment (section 2.5.1.3).
        while elapsed > u32::from(u16::MAX) {
            self.timestamp = self.timestamp.wrapping_add(u16::MAX.into());
            elapsed -= u32::from(u16::MAX);
        }
        EventPacket {
            timestamp: self.timestamp,
            marker: std::mem::take(&mut self.is_first),
            event: TelephoneEvent {
                event: self.event,
                is_end,
                volume: self.volume,
                duration: elapsed as u16,
            },
        }
    }
}

/// Makes one beginning and one end out of the packets that tell of an event.
#[derive(Clone, Copy, Debug, Default)]
pub struct EventReceiver {
    current: Option<Current>,
    ended: Option<u32>,
}

#[derive(Clone, Copy, Debug)]
struct Current {
    event: u8,
    began: u32,
    last: u32,
}

/// What became of an event.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum EventChange {
    /// It began.
    Began(u8),
    /// It is over.
    Ended {
        /// The event.
        event: u8,
        /// How long it lasted, in ticks.
        duration: u32,
    },
}

impl EventReceiver {
    /// Takes a packet, and answers what it changes. An event whose beginning was lost begins with the
    /// packet that tells of its end, too: call until it answers `None`.
    pub fn handle_packet(&mut self, timestamp: u32, event: TelephoneEvent) -> Option<EventChange> {
        if self.ended == Some(timestamp) {
            return None;
        }
        let now = timestamp.wrapping_add(event.duration.into());
        match &mut self.current {
            // A segment goes on where the one before it ended.
            Some(current) if current.event == event.event => {
                current.last = now;
                let duration = now.wrapping_sub(current.began);
                event.is_end.then(|| {
                    self.current = None;
                    self.ended = Some(timestamp);
                    EventChange::Ended {
                        event: event.event,
                        duration,
                    }
                })
            }
            Some(Current { event, began, last }) => {
                // The end of the one before was lost.
                let ended = EventChange::Ended {
                    event: *event,
                    duration: last.wrapping_sub(*began),
                };
                self.current = None;
                Some(ended)
            }
            None => {
                self.current = Some(Current {
                    event: event.event,
                    began: timestamp,
                    last: now,
                });
                Some(EventChange::Began(event.event))
            }
        }
    }
}

/// Comfort noise, RFC 3389 section 3.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct ComfortNoise<'a> {
    /// In dB below the loudest, 0 to 127.
    pub level: u8,
    /// Its spectrum: quantised reflection coefficients, as many as there are.
    pub coefficients: &'a [u8],
}

impl<'a> ComfortNoise<'a> {
    /// Reads a payload. `None` when it is empty or a reserved bit is set.
    pub fn parse(payload: &'a [u8]) -> Option<Self> {
        let (level, coefficients) = payload.split_first()?;
        (*level < 128).then_some(Self {
            level: *level,
            coefficients,
        })
    }

    /// Appends the payload.
    pub fn write(&self, out: &mut Vec<u8>) {
        out.push(self.level.min(127));
        out.extend_from_slice(self.coefficients);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// All that a receiver makes of packets.
    fn changes(receiver: &mut EventReceiver, packet: EventPacket) -> Vec<EventChange> {
        let read = TelephoneEvent::parse(&packet.event.to_bytes());
        let read = read.expect("four bytes");
        std::iter::from_fn(|| receiver.handle_packet(packet.timestamp, read)).collect()
    }

    #[test]
    fn a_payload_stands_as_it_is_specified() {
        let event = TelephoneEvent {
            event: 11,
            is_end: true,
            volume: 10,
            duration: 0x1234,
        };
        assert_eq!(event.to_bytes(), [11, 0x8a, 0x12, 0x34]);
        assert_eq!(TelephoneEvent::parse(&event.to_bytes()), Some(event));
        assert_eq!(TelephoneEvent::parse(&[11, 0x8a, 0x12]), None);
    }

    #[test]
    fn a_key_begins_once_and_ends_once_however_often_that_is_told() {
        let (mut sender, mut receiver) = (EventSender::new(5, 10, 1000), EventReceiver::default());
        let mut all = Vec::new();
        let first = sender.update(1000);
        assert!(first.marker);
        all.extend(changes(&mut receiver, first));
        let second = sender.update(1400);
        assert!(!second.marker && second.timestamp == 1000);
        all.extend(changes(&mut receiver, second));
        for _ in 0..EventSender::END_PACKETS {
            let end = sender.end(1800);
            all.extend(changes(&mut receiver, end));
        }
        let ended = EventChange::Ended {
            event: 5,
            duration: 800,
        };
        assert_eq!(all, [EventChange::Began(5), ended]);
    }

    #[test]
    fn a_long_event_goes_on_in_segments() {
        let (mut sender, mut receiver) = (EventSender::new(1, 0, 0), EventReceiver::default());
        let mut all = Vec::new();
        for now in (0..200_000).step_by(10_000) {
            all.extend(changes(&mut receiver, sender.update(now)));
        }
        all.extend(changes(&mut receiver, sender.end(200_000)));
        let ended = EventChange::Ended {
            event: 1,
            duration: 200_000,
        };
        assert_eq!(all, [EventChange::Began(1), ended]);
    }

    #[test]
    fn an_event_whose_end_was_lost_ends_with_the_next() {
        let mut receiver = EventReceiver::default();
        let mut all = changes(&mut receiver, EventSender::new(1, 0, 0).update(400));
        all.extend(changes(
            &mut receiver,
            EventSender::new(2, 0, 5000).update(5400),
        ));
        let ended = EventChange::Ended {
            event: 1,
            duration: 400,
        };
        assert_eq!(
            all[..3],
            [EventChange::Began(1), ended, EventChange::Began(2)]
        );
    }

    #[test]
    fn comfort_noise_has_a_level_and_a_spectrum() {
        let noise = ComfortNoise {
            level: 40,
            coefficients: &[1, 2],
        };
        let mut out = Vec::new();
        noise.write(&mut out);
        assert_eq!(ComfortNoise::parse(&out), Some(noise));
        assert_eq!(ComfortNoise::parse(&[0x80]), None);
        assert_eq!(ComfortNoise::parse(&[]), None);
    }
}
