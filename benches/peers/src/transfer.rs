//! The transfer that every stack makes: from one peer to another, reliable and in order.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use bytes::{Bytes, BytesMut};

use crate::network::Link;
use measuring::clock::CpuTime;

/// How many messages there are that differ; they are sent in turn.
const DISTINCT_MESSAGES: usize = 7;
/// The longest that a transfer may take on the peers' clock.
const TIME_LIMIT: Duration = Duration::from_secs(600);
/// The longest that a transfer may take of ours.
const CPU_LIMIT: Duration = Duration::from_secs(120);
const STEPS_BETWEEN_CHECKS: usize = 1 << 12;

/// One peer of a stack.
pub trait Transfer: Sized {
    /// The name of the stack's crate.
    const CRATE: &str;

    /// Two peers that know each other's descriptions; the first has created a channel.
    fn negotiated(now: Instant, buffer: usize) -> Result<[Self; 2]>;

    /// Whether the channel is open.
    fn is_open(&mut self) -> bool;

    /// Takes in a datagram from the other peer.
    fn handle_datagram(&mut self, now: Instant, datagram: BytesMut) -> Result<()>;

    /// Acts on the timers that are due.
    fn handle_timeout(&mut self, now: Instant) -> Result<()>;

    /// When a timer is due.
    fn poll_timeout(&mut self) -> Option<Instant>;

    /// Hands all that is to be sent to `send`, a datagram each.
    fn poll_transmits(&mut self, now: Instant, send: impl FnMut(&[u8])) -> Result<()>;

    /// Queues a message, unless the channel would then hold more than `buffer` bytes.
    fn send(&mut self, now: Instant, message: &Bytes, buffer: usize) -> Result<bool>;

    /// Hands every message that has arrived to `receive`.
    fn receive(&mut self, receive: impl FnMut(&[u8])) -> Result<()>;
}

/// What is to be sent, and how.
pub struct Workload {
    messages: Vec<Bytes>,
    count: usize,
    buffer: usize,
    round_trip: Duration,
    batch: usize,
}

impl Workload {
    pub fn new(
        message: usize,
        amount: usize,
        buffer: usize,
        round_trip: Duration,
        batch: usize,
    ) -> Self {
        let content = |seed: usize| (0..message).map(move |at| (at / 97 + at * seed) as u8);
        Self {
            messages: (1..=DISTINCT_MESSAGES)
                .map(|seed| content(seed).collect())
                .collect(),
            count: amount.div_ceil(message),
            buffer,
            round_trip,
            batch,
        }
    }

    fn message(&self, index: usize) -> &Bytes {
        &self.messages[index % self.messages.len()]
    }

    fn bytes(&self) -> usize {
        self.count * self.messages[0].len()
    }
}

/// What a transfer took of both peers together.
pub struct Measured {
    pub bytes: usize,
    /// From the first datagram to the open channel.
    pub connect: Duration,
    pub transfer: Duration,
    /// On the peers' clock.
    pub virtual_time: Duration,
    pub datagrams: usize,
}

/// Connects two peers and carries the workload from the first to the second.
pub fn run<T: Transfer>(workload: &Workload) -> Result<Measured> {
    let cpu = CpuTime::now();
    let mut network = Network::<T>::new(workload)?;
    network.connect().context("while connecting")?;
    let connect = cpu.elapsed();
    let (start, datagrams) = (network.now, network.datagrams);
    let cpu = CpuTime::now();
    network.carry(workload, &cpu).context("while sending")?;
    Ok(Measured {
        bytes: workload.bytes(),
        connect,
        transfer: cpu.elapsed(),
        virtual_time: network.now - start,
        datagrams: network.datagrams - datagrams,
    })
}

struct Network<T> {
    peers: [T; 2],
    /// From each peer to the other.
    links: [Link; 2],
    start: Instant,
    now: Instant,
    batch: usize,
    datagrams: usize,
}

impl<T: Transfer> Network<T> {
    fn new(workload: &Workload) -> Result<Self> {
        let now = Instant::now();
        Ok(Self {
            peers: T::negotiated(now, workload.buffer).context("while negotiating")?,
            links: [0, 1].map(|_| Link::new(workload.round_trip / 2)),
            start: now,
            now,
            batch: workload.batch,
            datagrams: 0,
        })
    }

    fn connect(&mut self) -> Result<()> {
        self.flush()?;
        while !(self.peers[0].is_open() && self.peers[1].is_open()) {
            self.step()?;
        }
        Ok(())
    }

    fn carry(&mut self, workload: &Workload, cpu: &CpuTime) -> Result<()> {
        let (mut sent, mut received, mut wrong) = (0, 0, 0);
        let mut steps = 0_usize;
        while received < workload.count {
            while sent < workload.count
                && self.peers[0].send(self.now, workload.message(sent), workload.buffer)?
            {
                sent += 1;
            }
            self.flush()?;
            self.step()?;
            self.peers[1].receive(|message| {
                wrong += usize::from(message != workload.message(received));
                received += 1;
            })?;
            steps += 1;
            // Asking for the CPU time takes as long as a datagram.
            if steps.is_multiple_of(STEPS_BETWEEN_CHECKS) && cpu.elapsed() > CPU_LIMIT {
                bail!("too slow: {received} of {} messages", workload.count);
            }
        }
        ensure!(wrong == 0, "{wrong} messages arrived changed");
        Ok(())
    }

    /// Delivers what has arrived, or lets time pass until something happens.
    fn step(&mut self) -> Result<()> {
        let moved = self.deliver(0)? | self.deliver(1)?;
        if !moved {
            self.pass_time()?;
        }
        Ok(())
    }

    /// Hands a batch to the peer that `from` sends to, and sends what it answers.
    fn deliver(&mut self, from: usize) -> Result<bool> {
        let to = 1 - from;
        let mut moved = false;
        for _ in 0..self.batch {
            let Some(datagram) = self.links[from].receive(self.now) else {
                break;
            };
            self.peers[to].handle_datagram(self.now, datagram)?;
            moved = true;
        }
        if moved {
            self.flush_peer(to)?;
        }
        Ok(moved)
    }

    fn flush(&mut self) -> Result<()> {
        self.flush_peer(0)?;
        self.flush_peer(1)
    }

    fn flush_peer(&mut self, from: usize) -> Result<()> {
        let (now, link) = (self.now, &mut self.links[from]);
        let datagrams = &mut self.datagrams;
        self.peers[from].poll_transmits(now, |datagram| {
            *datagrams += 1;
            link.send(now, datagram);
        })
    }

    fn pass_time(&mut self) -> Result<()> {
        let timers = self.peers.iter_mut().filter_map(T::poll_timeout);
        let arrivals = self.links.iter().filter_map(Link::next_arrival);
        let next = timers
            .chain(arrivals)
            .min()
            .context("nothing to wait for")?;
        // A timer that stays due must not stop the clock.
        self.now = next.max(self.now + Duration::from_micros(10));
        if self.now - self.start > TIME_LIMIT {
            bail!("stuck for {TIME_LIMIT:?} of virtual time");
        }
        for peer in &mut self.peers {
            if peer.poll_timeout().is_some_and(|due| due <= self.now) {
                peer.handle_timeout(self.now)?;
            }
        }
        self.flush()
    }
}
