//! The streams of one protocol, by SSRC.

use std::collections::HashMap;

use tidewire_crypto::{KeyedState, Rng};

use crate::config::Config;
use crate::index::index_of;
use crate::window::Window;

/// Streams, each with its window; finding, adding and evicting one takes constant time.
#[derive(Debug)]
pub(crate) struct Streams {
    streams: Vec<Stream>,
    places: HashMap<u32, usize, KeyedState>,
    /// Where the stream stands that was found last: packets come in runs.
    last_found: usize,
    /// Where the search for a silent stream goes on.
    hand: usize,
    config: Config,
}

/// What is remembered of a stream.
#[derive(Debug)]
pub(crate) struct Stream {
    pub(crate) ssrc: u32,
    pub(crate) window: Window,
    /// The rollover counter of the next packet, where it was told and is not estimated.
    pub(crate) told: Option<u32>,
    /// Whether there was a packet, after the first, since the search for a silent stream came by.
    was_heard: bool,
}

impl Streams {
    pub(crate) fn new(config: &Config, rng: &mut Rng) -> Self {
        Self {
            streams: Vec::new(),
            places: HashMap::with_hasher(KeyedState::new(rng)),
            last_found: 0,
            hand: 0,
            config: *config,
        }
    }

    #[inline]
    pub(crate) fn find(&mut self, ssrc: u32) -> Option<&mut Stream> {
        let last = self.streams.get(self.last_found);
        if last.is_none_or(|stream| stream.ssrc != ssrc) {
            self.last_found = *self.places.get(&ssrc)?;
        }
        self.streams.get_mut(self.last_found)
    }

    pub(crate) fn iter(&self) -> impl ExactSizeIterator<Item = &Stream> {
        self.streams.iter()
    }

    pub(crate) fn is_full(&self) -> bool {
        self.streams.len() >= self.config.max_streams.max(1)
    }

    /// Adds a stream that is not there. It is for the caller to see to its bound.
    pub(crate) fn add(&mut self, ssrc: u32, told: Option<u32>) -> &mut Stream {
        self.add_stream(ssrc, told, Window::new(&self.config))
    }

    pub(crate) fn add_stream(
        &mut self,
        ssrc: u32,
        told: Option<u32>,
        window: Window,
    ) -> &mut Stream {
        let place = self.streams.len();
        self.places.insert(ssrc, place);
        self.streams.push(Stream {
            ssrc,
            window,
            told,
            was_heard: false,
        });
        &mut self.streams[place]
    }

    pub(crate) fn forget(&mut self, ssrc: u32) {
        let Some(place) = self.places.remove(&ssrc) else {
            return;
        };
        self.streams.swap_remove(place);
        if let Some(moved) = self.streams.get(place) {
            self.places.insert(moved.ssrc, place);
        }
    }

    /// Makes room by forgetting a stream that was silent since the search last came by. Each step
    /// passes over a stream that had a packet meanwhile, so that there are no more steps than packets.
    pub(crate) fn evict(&mut self) {
        loop {
            self.hand %= self.streams.len().max(1);
            let Some(stream) = self.streams.get_mut(self.hand) else {
                return;
            };
            if !stream.was_heard {
                let ssrc = stream.ssrc;
                return self.forget(ssrc);
            }
            stream.was_heard = false;
            self.hand += 1;
        }
    }
}

impl Stream {
    /// The index that a sequence number stands for; `None` when it would be negative.
    #[inline]
    pub(crate) fn estimate(&self, sequence: u16) -> Option<u64> {
        match self.told {
            Some(rollover) => Some(index_of(rollover, sequence)),
            None => self.window.estimate(sequence),
        }
    }

    /// Notes the first packet.
    pub(crate) fn begin(&mut self, index: u64) {
        self.window.insert(index);
    }

    /// Notes a packet that is new.
    #[inline]
    pub(crate) fn insert(&mut self, index: u64) {
        self.told = None;
        self.was_heard = true;
        self.window.insert(index);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn streams(max_streams: usize) -> Streams {
        let config = Config {
            max_streams,
            ..Config::default()
        };
        Streams::new(&config, &mut Rng::from_u64(1))
    }

    #[test]
    fn a_stream_is_found_wherever_forgetting_others_puts_it() {
        let mut streams = streams(100);
        for ssrc in 0..10 {
            streams.add(ssrc, None);
        }
        for gone in 0..10 {
            streams.forget(gone);
            streams.forget(gone);
            assert!(streams.find(gone).is_none());
            for ssrc in gone + 1..10 {
                assert_eq!(streams.find(ssrc).unwrap().ssrc, ssrc);
            }
        }
    }

    #[test]
    fn evicting_takes_no_more_steps_than_there_were_packets() {
        let mut streams = streams(4096);
        let (mut packets, mut steps) = (0, 0);
        for ssrc in 0..100_000 {
            // Most streams have a second packet.
            if let Some(stream) = streams.find(ssrc / 3 * 2) {
                stream.insert(ssrc.into());
                packets += 1;
            }
            if streams.is_full() {
                let before = streams.hand;
                streams.evict();
                let len = streams.streams.len() + 1;
                steps += (streams.hand + len - before) % len;
            }
            streams.add(ssrc, None);
            packets += 1;
            assert!(streams.streams.len() <= 4096);
        }
        assert!(steps <= packets, "{steps} steps for {packets} packets");
    }

    #[test]
    fn the_busy_stream_stays() {
        let mut streams = streams(8);
        streams.add(0, None);
        for ssrc in 1..1000 {
            let busy = streams.find(0).expect("it is busy");
            busy.insert(ssrc.into());
            if streams.is_full() {
                streams.evict();
            }
            streams.add(ssrc, None);
        }
        assert!(streams.find(0).is_some());
    }

    #[test]
    fn evicting_from_nothing_ends() {
        streams(1).evict();
    }
}
