//! What has been sent and is not acknowledged yet.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::queue::Fragment;
use crate::ids::Tsn;
use crate::wire::{Data, Sack};

/// Reports of later chunks that make a chunk count as lost (RFC 9260 section 7.2.4).
const MISSING_REPORTS: u8 = 3;

/// Chunks in the order of their TSNs, from the first that the peer still lacks.
#[derive(Debug)]
pub(crate) struct Flight {
    /// The peer has everything up to here.
    cumulative: Tsn,
    /// `chunks[n]` has the TSN `cumulative + 1 + n`.
    chunks: VecDeque<InFlight>,
    /// Bytes under way: neither acknowledged nor lost nor given up.
    bytes: usize,
    /// Lost chunks that wait to be sent again, the first first. Some may have changed since.
    lost: VecDeque<Tsn>,
    /// No gap block of the last SACK reached beyond.
    reported_to: Tsn,
    /// Stretches that the SACK at hand reports for the first time, by index.
    newly_reported: Vec<std::ops::Range<usize>>,
}

#[derive(Debug)]
struct InFlight {
    fragment: Fragment,
    state: State,
    transmissions: u32,
    sent_at: Instant,
    /// SACKs that reported a chunk from here on tell that this one is missing.
    evidence_from: Tsn,
    missing_reports: u8,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum State {
    Sent,
    /// Acknowledged in a gap block; the peer may still take that back.
    Acknowledged,
    Lost,
    Abandoned,
}

/// What a SACK changed.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Acknowledged {
    /// The SACK is older than another, or nonsense.
    pub(crate) ignored: bool,
    /// Bytes acknowledged for the first time.
    pub(crate) bytes: usize,
    /// The cumulative TSN moved.
    pub(crate) advanced: bool,
    /// A round trip, measured on a chunk that was sent once.
    pub(crate) rtt: Option<Duration>,
    /// Chunks that have come to count as lost.
    pub(crate) lost: usize,
}

impl Flight {
    pub(crate) fn new(initial: Tsn) -> Self {
        Self {
            cumulative: initial.previous(),
            chunks: VecDeque::new(),
            bytes: 0,
            lost: VecDeque::new(),
            reported_to: initial.previous(),
            newly_reported: Vec::new(),
        }
    }

    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.chunks.is_empty()
    }

    /// Whether a single chunk is under way.
    pub(crate) fn is_single(&self) -> bool {
        self.chunks.len() == 1
    }

    pub(crate) fn cumulative(&self) -> Tsn {
        self.cumulative
    }

    /// The TSN that the next chunk gets.
    pub(crate) fn next_tsn(&self) -> Tsn {
        // The queue is bounded by the peer's window, far below 2^31 chunks.
        self.cumulative.plus(self.chunks.len() as u32 + 1)
    }

    /// Takes down a chunk that is being sent for the first time.
    pub(crate) fn push(&mut self, now: Instant, fragment: Fragment) -> Tsn {
        let tsn = self.next_tsn();
        self.bytes += fragment.payload.len();
        self.chunks.push_back(InFlight {
            fragment,
            state: State::Sent,
            transmissions: 1,
            sent_at: now,
            evidence_from: tsn.next(),
            missing_reports: 0,
        });
        tsn
    }

    /// Takes down the rest of a message that is given up before it was sent. It gets a TSN that is
    /// never used: only by skipping it does the peer learn that the message ends here.
    pub(crate) fn push_abandoned(&mut self, now: Instant, rest: Fragment) {
        self.push(now, rest);
        self.abandon(self.chunks.len() - 1);
    }

    /// The first lost chunk, and its payload's length.
    pub(crate) fn first_lost(&mut self) -> Option<(Tsn, usize)> {
        while let Some(tsn) = self.lost.front().copied() {
            if let Some(chunk) = self.get(tsn)
                && chunk.state == State::Lost
            {
                return Some((tsn, chunk.fragment.payload.len()));
            }
            self.lost.pop_front();
        }
        None
    }

    /// Takes down that the first lost chunk is being sent again, and hands it out.
    pub(crate) fn resend_first_lost(&mut self, now: Instant) -> Option<(Tsn, &Fragment)> {
        let (tsn, len) = self.first_lost()?;
        self.lost.pop_front();
        let evidence_from = self.next_tsn();
        self.bytes += len;
        let chunk = self.get_mut(tsn)?;
        chunk.state = State::Sent;
        chunk.transmissions += 1;
        chunk.sent_at = now;
        chunk.evidence_from = evidence_from;
        chunk.missing_reports = 0;
        Some((tsn, &chunk.fragment))
    }

    /// Takes in a SACK. `give_up` hears of messages whose retransmissions are used up.
    pub(crate) fn acknowledge(
        &mut self,
        now: Instant,
        sack: &Sack,
        give_up: impl FnMut(u16, u64),
    ) -> Acknowledged {
        let mut outcome = self.acknowledge_through(now, sack.cumulative);
        if outcome.ignored {
            return outcome;
        }
        self.acknowledge_gaps(now, sack, &mut outcome);
        if !self.newly_reported.is_empty() {
            outcome.lost = self.find_missing(now, give_up);
        }
        outcome
    }

    /// The peer has everything up to `cumulative`.
    pub(crate) fn acknowledge_through(&mut self, now: Instant, cumulative: Tsn) -> Acknowledged {
        let ahead = cumulative.since(self.cumulative);
        if ahead < 0 || ahead > i32::try_from(self.chunks.len()).unwrap_or(i32::MAX) {
            return Acknowledged {
                ignored: true,
                ..Acknowledged::default()
            };
        }
        let mut outcome = Acknowledged::default();
        for _ in 0..ahead {
            self.cumulative = self.cumulative.next();
            let Some(chunk) = self.chunks.pop_front() else {
                break;
            };
            outcome.advanced = true;
            outcome.take(now, &chunk, &mut self.bytes);
        }
        outcome
    }

    /// Marks what gap blocks report, and takes back what they no longer do.
    fn acknowledge_gaps(&mut self, now: Instant, sack: &Sack, outcome: &mut Acknowledged) {
        self.newly_reported.clear();
        let mut next = 0;
        for (first, last) in sack.gaps() {
            let (first, last) = (first as usize - 1, last as usize - 1);
            self.take_back(next..first);
            for index in first.max(next)..=last {
                let Some(chunk) = self.chunks.get_mut(index) else {
                    break;
                };
                if !matches!(chunk.state, State::Acknowledged | State::Abandoned) {
                    outcome.take(now, chunk, &mut self.bytes);
                    chunk.state = State::Acknowledged;
                    match self.newly_reported.last_mut() {
                        Some(range) if range.end == index => range.end += 1,
                        _ => self.newly_reported.push(index..index + 1),
                    }
                }
            }
            next = next.max(last + 1);
        }
        let reported_before = self.reported_to.since(self.cumulative).max(0) as usize;
        self.take_back(next..reported_before);
        self.reported_to = self.cumulative.plus(next.min(self.chunks.len()) as u32);
    }

    /// The peer may drop what it only reported in gap blocks (RFC 9260 section 6.2.1 D iii).
    fn take_back(&mut self, range: std::ops::Range<usize>) {
        for index in range {
            let Some(chunk) = self.chunks.get_mut(index) else {
                break;
            };
            if chunk.state == State::Acknowledged {
                chunk.state = State::Sent;
                self.bytes += chunk.fragment.payload.len();
            }
        }
    }

    /// Counts reports of later chunks for those that are missing; answers how many are lost now.
    ///
    /// Each chunk that a SACK newly reports counts as a report, so that a receiver that answers a
    /// batch of packets with one SACK tells as much as one that answers each of them.
    fn find_missing(&mut self, now: Instant, mut give_up: impl FnMut(u16, u64)) -> usize {
        let end = self.newly_reported.last().map_or(0, |range| range.end);
        let mut lost = 0;
        for index in 0..end.min(self.chunks.len()) {
            let chunk = &self.chunks[index];
            if chunk.state != State::Sent {
                continue;
            }
            let evidence = chunk.evidence_from.since(self.cumulative).max(1) as usize - 1;
            let reports = self.reports_from(evidence.max(index + 1));
            let chunk = &mut self.chunks[index];
            chunk.missing_reports = chunk.missing_reports.saturating_add(reports);
            if chunk.missing_reports >= MISSING_REPORTS {
                lost += 1;
                self.lose(now, index, &mut give_up);
            }
        }
        lost
    }

    /// How many chunks from `index` on the SACK at hand reports for the first time, as far as that
    /// matters.
    fn reports_from(&self, index: usize) -> u8 {
        let mut count = 0;
        for range in self.newly_reported.iter().rev() {
            count += range.end.saturating_sub(range.start.max(index));
            if count >= usize::from(MISSING_REPORTS) || range.start <= index {
                break;
            }
        }
        count.min(usize::from(MISSING_REPORTS)) as u8
    }

    /// Counts the last chunk under way as lost, so that it is sent again and its SACK tells what
    /// became of those before it; answers whether there is one.
    pub(crate) fn probe_tail(&mut self) -> bool {
        let may_repeat = |chunk: &&mut InFlight| {
            chunk.state == State::Sent && !chunk.fragment.policy.is_exhausted(chunk.transmissions)
        };
        let last = self.chunks.len();
        let found = self
            .chunks
            .iter_mut()
            .rev()
            .zip(0..)
            .find(|(chunk, _)| may_repeat(chunk));
        let Some((chunk, back)) = found else {
            return false;
        };
        chunk.state = State::Lost;
        self.bytes -= chunk.fragment.payload.len();
        let tsn = self.cumulative.plus((last - back) as u32);
        self.lost.push_back(tsn);
        true
    }

    /// Everything that is under way counts as lost: the timer ran out (RFC 9260 section 6.3.3).
    pub(crate) fn lose_everything(&mut self, now: Instant, mut give_up: impl FnMut(u16, u64)) {
        self.lost.clear();
        for index in 0..self.chunks.len() {
            match self.chunks[index].state {
                State::Sent => self.lose(now, index, &mut give_up),
                State::Lost => self.lost.push_back(self.cumulative.plus(index as u32 + 1)),
                State::Acknowledged | State::Abandoned => {}
            }
        }
    }

    fn lose(&mut self, now: Instant, index: usize, give_up: &mut impl FnMut(u16, u64)) {
        let tsn = self.cumulative.plus(index as u32 + 1);
        let chunk = &mut self.chunks[index];
        self.bytes -= chunk.fragment.payload.len();
        chunk.state = State::Lost;
        let policy = chunk.fragment.policy;
        if policy.has_expired(now) || policy.is_exhausted(chunk.transmissions) {
            give_up(chunk.fragment.stream, chunk.fragment.message);
            self.abandon(index);
        } else {
            self.lost.push_back(tsn);
        }
    }

    /// Gives up the message that the chunk at `index` is a part of (RFC 3758 section 3.5 A3). Its
    /// fragments are neighbours.
    fn abandon(&mut self, index: usize) {
        let Some(message) = self.chunks.get(index).map(|chunk| chunk.fragment.message) else {
            return;
        };
        let is_part = |chunk: &&InFlight| chunk.fragment.message == message;
        let before = self.chunks.range(..index).rev().take_while(is_part).count();
        let after = self.chunks.range(index..).take_while(is_part).count();
        for chunk in self.chunks.range_mut(index - before..index + after) {
            if chunk.state == State::Sent {
                self.bytes -= chunk.fragment.payload.len();
            }
            // Also what was acknowledged: the receiver cannot make a message of it.
            chunk.state = State::Abandoned;
            chunk.fragment.payload.clear();
        }
    }

    /// Whether the peer may skip something now.
    pub(crate) fn has_abandoned_front(&self) -> bool {
        self.chunks
            .front()
            .is_some_and(|chunk| chunk.state == State::Abandoned)
    }

    /// How far the peer may skip ahead (RFC 3758 section 3.5 C), if it may. `skip` hears of the
    /// ordered messages that are passed over, and answers whether to go that far.
    pub(crate) fn advanced_ack_point(&self, mut skip: impl FnMut(u16, u16) -> bool) -> Option<Tsn> {
        let mut count = 0;
        for chunk in &self.chunks {
            let is_ordered = chunk.fragment.flags & Data::UNORDERED == 0;
            let (stream, ssn) = (chunk.fragment.stream, chunk.fragment.ssn);
            if chunk.state != State::Abandoned || (is_ordered && !skip(stream, ssn)) {
                break;
            }
            count += 1;
        }
        (count > 0).then(|| self.cumulative.plus(count))
    }

    fn get(&self, tsn: Tsn) -> Option<&InFlight> {
        self.chunks.get(self.index(tsn)?)
    }

    fn get_mut(&mut self, tsn: Tsn) -> Option<&mut InFlight> {
        let index = self.index(tsn)?;
        self.chunks.get_mut(index)
    }

    fn index(&self, tsn: Tsn) -> Option<usize> {
        usize::try_from(tsn.since(self.cumulative) - 1).ok()
    }
}

impl Acknowledged {
    /// Counts a chunk that was not acknowledged before.
    fn take(&mut self, now: Instant, chunk: &InFlight, in_flight: &mut usize) {
        if chunk.state == State::Acknowledged {
            return;
        }
        if chunk.state == State::Sent {
            *in_flight -= chunk.fragment.payload.len();
        }
        self.bytes += chunk.fragment.payload.len();
        // Karn's rule: nobody knows which transmission is acknowledged.
        if chunk.transmissions == 1 && chunk.state != State::Abandoned {
            self.rtt = Some(now.saturating_duration_since(chunk.sent_at));
        }
    }
}
