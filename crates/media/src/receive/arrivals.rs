//! When the packets of a frame arrived.

use std::time::{Duration, Instant};

/// When the first and the last packet of a frame arrived.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Span {
    pub(crate) first: Instant,
    last: Instant,
}

impl Span {
    fn at(arrival: Instant) -> Self {
        Self {
            first: arrival,
            last: arrival,
        }
    }

    /// Packets are looked at in order, in which they need not have arrived.
    fn with(self, arrival: Instant) -> Self {
        Self {
            first: self.first.min(arrival),
            last: self.last.max(arrival),
        }
    }

    pub(crate) fn len(self) -> Duration {
        self.last - self.first
    }
}

/// The frame in the making, and the one before it: some end only where the next begins.
#[derive(Debug, Default)]
pub(crate) struct FrameArrivals {
    current: Option<Span>,
    before: Option<Span>,
}

impl FrameArrivals {
    /// The next packet is handed on; `is_next` when it has another timestamp than the one before it.
    pub(crate) fn handle_packet(&mut self, arrival: Instant, is_next: bool) {
        self.before = self.current;
        let current = self.current.filter(|_| !is_next);
        self.current = Some(current.map_or(Span::at(arrival), |span| span.with(arrival)));
    }

    /// A frame is whole: with the packet that was handed on last, or, unless `has_last`, without it.
    pub(crate) fn finish(&mut self, arrival: Instant, has_last: bool) -> Span {
        let (span, rest) = if has_last {
            (self.current, None)
        } else {
            (self.before.take(), Some(Span::at(arrival)))
        };
        self.current = rest;
        span.unwrap_or(Span::at(arrival))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_has_the_packets_since_the_one_before() {
        let start = tidewire_netsim::start();
        let at = |millis| start + Duration::from_millis(millis);
        let span = |first, last| Span {
            first: at(first),
            last: at(last),
        };
        let mut arrivals = FrameArrivals::default();
        arrivals.handle_packet(at(5), true);
        arrivals.handle_packet(at(1), false);
        arrivals.handle_packet(at(3), false);
        assert_eq!(arrivals.finish(at(3), true), span(1, 5));
        // Of the same picture, another layer.
        arrivals.handle_packet(at(7), false);
        arrivals.handle_packet(at(8), false);
        // It ends where the next one begins.
        arrivals.handle_packet(at(20), true);
        assert_eq!(arrivals.finish(at(20), false), span(7, 8));
        arrivals.handle_packet(at(21), false);
        assert_eq!(arrivals.finish(at(21), true), span(20, 21));
        assert_eq!(arrivals.finish(at(21), true), span(21, 21));
        assert_eq!(span(7, 9).len(), Duration::from_millis(2));
    }
}
