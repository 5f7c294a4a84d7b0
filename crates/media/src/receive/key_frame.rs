//! When to ask for a key frame.

use std::time::{Duration, Instant};

/// Asks for a key frame until there is one, but not too often.
#[derive(Debug, Default)]
pub(crate) struct KeyFrameRequests {
    is_wanted: bool,
    last_sent: Option<Instant>,
    pub(crate) sent: u32,
}

impl KeyFrameRequests {
    /// An encoder needs time for a key frame, and the path for its many packets.
    const MIN_INTERVAL: Duration = Duration::from_millis(300);

    /// A key frame is needed.
    pub(crate) fn want(&mut self) {
        self.is_wanted = true;
    }

    /// A key frame has come.
    pub(crate) fn satisfy(&mut self) {
        self.is_wanted = false;
    }

    /// Whether to ask now. The answer is taken for done.
    pub(crate) fn take(&mut self, now: Instant, rtt: Duration) -> bool {
        let is_due = self.is_wanted && self.due(rtt).is_none_or(|due| due <= now);
        if is_due {
            self.last_sent = Some(now);
            self.sent += 1;
        }
        is_due
    }

    /// When to ask, for one who waits for it.
    pub(crate) fn poll_timeout(&self, now: Instant, rtt: Duration) -> Option<Instant> {
        self.is_wanted.then(|| self.due(rtt).unwrap_or(now))
    }

    fn due(&self, rtt: Duration) -> Option<Instant> {
        let interval = Self::MIN_INTERVAL.max(rtt * 2);
        self.last_sent.map(|last| last + interval)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_frame_is_asked_for_until_it_comes_but_not_too_often() {
        let (now, rtt) = (tidewire_netsim::start(), Duration::from_millis(50));
        let mut requests = KeyFrameRequests::default();
        assert!(!requests.take(now, rtt));
        requests.want();
        assert_eq!(requests.poll_timeout(now, rtt), Some(now));
        assert!(requests.take(now, rtt));
        assert!(!requests.take(now, rtt));
        let later = requests.poll_timeout(now, rtt).unwrap();
        assert_eq!(later, now + KeyFrameRequests::MIN_INTERVAL);
        assert!(requests.take(later, rtt));
        requests.satisfy();
        assert_eq!(requests.poll_timeout(later, rtt), None);
    }
}
