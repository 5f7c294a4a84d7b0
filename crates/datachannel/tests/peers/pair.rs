//! Two endpoints and the links between them.

use std::time::{Duration, Instant};

use bytes::Bytes;
use tidewire_crypto::Rng;
use tidewire_datachannel::{ChannelId, Config, Endpoint, Event, Init, Message, Role, State};
use tidewire_netsim::{Link, LinkConfig};

pub(crate) const MINUTE: Duration = Duration::from_secs(60);

pub(crate) struct Pair {
    pub(crate) now: Instant,
    pub(crate) ends: [Endpoint; 2],
    pub(crate) links: [Link; 2],
    pub(crate) events: [Vec<Event>; 2],
    /// All bytes that either has sent.
    pub(crate) sent: [Vec<u8>; 2],
}

pub(crate) fn lossy() -> LinkConfig {
    LinkConfig {
        delay: Duration::from_millis(20),
        jitter: Duration::from_millis(5),
        loss: 0.05,
        reordering: 0.05,
        reordering_delay: Duration::from_millis(30),
        duplication: 0.02,
        corruption: 0.01,
        ..LinkConfig::default()
    }
}

pub(crate) fn clean() -> LinkConfig {
    LinkConfig {
        delay: Duration::from_millis(10),
        ..LinkConfig::default()
    }
}

impl Pair {
    pub(crate) fn new(seed: u64, link: &LinkConfig, config: &Config) -> Self {
        let now = tidewire_netsim::start();
        let end = |number| {
            let rng = Rng::from_u64(seed * 2 + number);
            Endpoint::new(config.clone(), tidewire_sctp::Config::default(), rng, now)
        };
        let mut ends = [end(0), end(1)];
        ends[0].set_role(now, Role::DtlsClient);
        ends[1].set_role(now, Role::DtlsServer);
        Self {
            now,
            ends,
            links: [0, 1].map(|number| Link::new(link.clone(), seed * 2 + number)),
            events: [Vec::new(), Vec::new()],
            sent: [Vec::new(), Vec::new()],
        }
    }

    pub(crate) fn connected(seed: u64, link: &LinkConfig) -> Self {
        let mut pair = Self::new(seed, link, &Config::default());
        pair.connect();
        pair
    }

    pub(crate) fn connect(&mut self) {
        for end in &mut self.ends {
            end.connect(self.now);
        }
        self.expect(|pair| {
            pair.events
                .iter()
                .all(|log| log.contains(&Event::Connected))
        });
    }

    /// Opens a channel at `at` and answers its name on both sides.
    pub(crate) fn open(&mut self, at: usize, init: Init) -> [ChannelId; 2] {
        let here = self.ends[at].create(self.now, "label", init);
        let here = here.expect("a channel that can be created");
        let seen = self.events[1 - at].len();
        let incoming = |event: &Event| match event {
            Event::Incoming(id) => Some(*id),
            _ => None,
        };
        self.expect(|pair| {
            pair.events[1 - at][seen..]
                .iter()
                .any(|e| incoming(e).is_some())
        });
        let there = self.events[1 - at][seen..]
            .iter()
            .find_map(incoming)
            .expect("the peer has told of the channel");
        if at == 0 {
            [here, there]
        } else {
            [there, here]
        }
    }

    pub(crate) fn send(&mut self, at: usize, id: ChannelId, message: impl Into<Message>) {
        let sent = self.ends[at].send(self.now, id, message.into());
        assert_eq!(sent, Ok(()));
    }

    pub(crate) fn receive_all(&mut self, at: usize, id: ChannelId) -> Vec<Message> {
        std::iter::from_fn(|| self.ends[at].receive(id)).collect()
    }

    /// Whether both sides have told the same of their ends of a channel.
    pub(crate) fn have_told(&self, event: fn(ChannelId) -> Event, ids: [ChannelId; 2]) -> bool {
        let mut ends = self.events.iter().zip(ids);
        ends.all(|(log, id)| log.contains(&event(id)))
    }

    pub(crate) fn state(&self, at: usize, id: ChannelId) -> Option<State> {
        self.ends[at].channel(id).map(|channel| channel.state())
    }

    /// Runs until `done`, which must come within ten minutes of the clock of the simulation.
    pub(crate) fn expect(&mut self, done: impl FnMut(&mut Self) -> bool) {
        assert!(self.run_until(MINUTE * 10, done), "{:?}", self.events);
    }

    pub(crate) fn run_for(&mut self, time: Duration) {
        self.run_until(time, |_| false);
    }

    pub(crate) fn run_until(
        &mut self,
        limit: Duration,
        mut done: impl FnMut(&mut Self) -> bool,
    ) -> bool {
        let end = self.now + limit;
        loop {
            while self.transmit() | self.deliver() {}
            if done(self) {
                return true;
            }
            if self.transmit() {
                continue;
            }
            let links = self.links.iter().filter_map(Link::poll_timeout);
            let timers = self.ends.iter().filter_map(Endpoint::poll_timeout);
            match links.chain(timers).min() {
                Some(next) if next <= end => self.now = next.max(self.now),
                _ => {
                    self.now = end;
                    return done(self);
                }
            }
            for end in &mut self.ends {
                if end.poll_timeout().is_some_and(|due| due <= self.now) {
                    end.handle_timeout(self.now);
                }
            }
        }
    }

    fn transmit(&mut self) -> bool {
        let mut moved = false;
        for from in 0..2 {
            let mut packet = Vec::new();
            while self.ends[from].poll_transmit(self.now, &mut packet) {
                self.sent[from].extend_from_slice(&packet);
                self.links[from].send(self.now, std::mem::take(&mut packet));
                moved = true;
            }
            let end = &mut self.ends[from];
            self.events[from].extend(std::iter::from_fn(|| end.poll_event()));
        }
        moved
    }

    fn deliver(&mut self) -> bool {
        let mut moved = false;
        for from in 0..2 {
            while let Some(packet) = self.links[from].receive(self.now) {
                self.ends[1 - from].handle_packet(self.now, Bytes::from(packet));
                moved = true;
            }
        }
        moved
    }
}
