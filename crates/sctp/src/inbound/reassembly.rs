//! Fragments become messages (RFC 9260 section 6.9).

use bytes::Bytes;

use crate::ids::Tsn;
use crate::wire::Data;

/// Runs of fragments that are kept at most; more are refused and will be sent again.
const MAX_RUNS: usize = 1024;
/// What the bookkeeping of a run counts for, in bytes, on top of its content.
pub(crate) const RUN_COST: usize = 64;

/// Fragments of messages that are not whole yet.
///
/// Fragments of one message have consecutive TSNs. A run is a stretch of them that has come; the
/// run with a message's beginning takes in the runs that follow it, so that every byte is moved
/// twice at most, in whatever order fragments come.
#[derive(Debug, Default)]
pub(crate) struct Reassembly {
    /// In the order of their TSNs.
    runs: Vec<Run>,
    /// The length of the last message put together: the next one is likely to be as long.
    usual_len: usize,
    bytes: usize,
}

#[derive(Debug)]
struct Run {
    first: Tsn,
    last: Tsn,
    begins: bool,
    ends: bool,
    head: Head,
    data: Vec<u8>,
}

/// What all fragments of a message have in common.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Head {
    pub(crate) stream: u16,
    pub(crate) ssn: u16,
    pub(crate) ppid: u32,
    pub(crate) unordered: bool,
}

/// A message that is whole.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Whole {
    pub(crate) head: Head,
    pub(crate) payload: Bytes,
}

/// Why a fragment is not taken.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Refused {
    /// There is no room now; it may come again.
    NoRoom,
    /// The message is longer than is allowed.
    TooLong,
    /// It contradicts the fragment that it continues.
    Inconsistent,
}

impl Reassembly {
    /// Bytes that incomplete messages hold.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Takes a fragment that has not come before; answers the message that it completes.
    pub(crate) fn insert(&mut self, data: &Data, max_len: usize) -> Result<Option<Whole>, Refused> {
        let head = Head {
            stream: data.stream,
            ssn: data.ssn,
            ppid: data.ppid,
            unordered: data.unordered,
        };
        if data.begins && data.ends {
            // A copy: a short message must not pin the buffer that many packets came in.
            let payload = Bytes::copy_from_slice(&data.payload);
            return Ok(Some(Whole { head, payload }));
        }
        let index = self
            .runs
            .partition_point(|run| data.tsn.is_after(run.first));
        let continues = index.checked_sub(1).filter(|previous| {
            let run = &self.runs[*previous];
            run.last.next() == data.tsn && !run.ends && !data.begins
        });
        let index = match continues {
            Some(previous) => {
                let run = &mut self.runs[previous];
                if run.head != head {
                    return Err(Refused::Inconsistent);
                }
                if run.data.len() + data.payload.len() > max_len {
                    return Err(Refused::TooLong);
                }
                run.data.extend_from_slice(&data.payload);
                run.last = data.tsn;
                run.ends = data.ends;
                previous
            }
            None => {
                if self.runs.len() == MAX_RUNS {
                    return Err(Refused::NoRoom);
                }
                self.bytes += RUN_COST;
                let run = self.start_run(data, head, max_len);
                self.runs.insert(index, run);
                index
            }
        };
        self.bytes += data.payload.len();
        self.complete_around(index, max_len)
    }

    /// Forgets what lies before `tsn` and what could only have continued it.
    pub(crate) fn discard_through(&mut self, tsn: Tsn) {
        let mut freed = 0;
        let mut dead = tsn;
        self.runs.retain(|run| {
            let is_dead = !run.first.is_after(tsn) || (!run.begins && run.first == dead.next());
            if is_dead {
                freed += RUN_COST + run.data.len();
                dead = if run.last.is_after(dead) && !run.ends {
                    run.last
                } else {
                    dead
                };
            }
            !is_dead
        });
        self.bytes -= freed;
    }

    fn start_run(&self, data: &Data, head: Head, max_len: usize) -> Run {
        // Only the beginning of a message earns room for all of it, and only when it is alone: what
        // is reserved is not counted.
        let room = if data.begins && self.runs.is_empty() {
            self.usual_len.min(max_len)
        } else {
            0
        };
        let mut bytes = Vec::with_capacity(room.max(data.payload.len()));
        bytes.extend_from_slice(&data.payload);
        Run {
            first: data.tsn,
            last: data.tsn,
            begins: data.begins,
            ends: data.ends,
            head,
            data: bytes,
        }
    }

    /// Lets the run at `index`, or the one before it, take in what follows; hands out the message
    /// if that completes it.
    fn complete_around(&mut self, index: usize, max_len: usize) -> Result<Option<Whole>, Refused> {
        let follows = |runs: &[Run], index: usize| {
            let (run, next) = (&runs[index], &runs[index + 1]);
            !run.ends && !next.begins && run.last.next() == next.first
        };
        let start = if index > 0 && self.runs[index - 1].begins && follows(&self.runs, index - 1) {
            index - 1
        } else {
            index
        };
        if !self.runs[start].begins {
            return Ok(None);
        }
        let mut end = start;
        while end + 1 < self.runs.len() && follows(&self.runs, end) {
            end += 1;
        }
        if end > start {
            self.absorb(start, end);
        }
        if self.runs[start].data.len() > max_len {
            return Err(Refused::TooLong);
        }
        if !self.runs[start].ends {
            return Ok(None);
        }
        let run = self.runs.remove(start);
        self.bytes -= RUN_COST + run.data.len();
        self.usual_len = run.data.len();
        Ok(Some(Whole {
            head: run.head,
            payload: Bytes::from(run.data),
        }))
    }

    /// Appends the runs after `start` up to `end` to the run at `start`.
    fn absorb(&mut self, start: usize, end: usize) {
        let mut followers = self.runs.drain(start + 1..=end).collect::<Vec<_>>();
        self.bytes -= RUN_COST * followers.len();
        let run = &mut self.runs[start];
        for follower in &mut followers {
            run.data.append(&mut follower.data);
            run.last = follower.last;
            run.ends = follower.ends;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const LIMIT: usize = 1 << 16;

    /// The fragments of a message of `count` bytes, a byte each, from `first` on.
    fn fragments(first: u32, count: u8) -> Vec<Data> {
        (0..count)
            .map(|number| Data {
                tsn: Tsn(first.wrapping_add(number.into())),
                stream: 1,
                ssn: 0,
                ppid: 53,
                unordered: false,
                begins: number == 0,
                ends: number + 1 == count,
                immediate: false,
                payload: Bytes::copy_from_slice(&[number]),
            })
            .collect()
    }

    #[test]
    fn a_whole_message_passes_through() {
        let mut reassembly = Reassembly::default();
        let whole = reassembly.insert(&fragments(1, 1)[0], LIMIT);
        assert!(matches!(whole, Ok(Some(whole)) if whole.payload[..] == [0]));
        assert_eq!(reassembly.bytes(), 0);
    }

    #[test]
    fn a_message_that_grows_too_long_is_refused() {
        let mut reassembly = Reassembly::default();
        let fragments = fragments(1, 9);
        for fragment in &fragments[..8] {
            assert_eq!(reassembly.insert(fragment, 8), Ok(None));
        }
        assert_eq!(reassembly.insert(&fragments[8], 8), Err(Refused::TooLong));
    }

    #[test]
    fn runs_are_bounded() {
        let mut reassembly = Reassembly::default();
        let mut middle = fragments(1, 3).remove(1);
        for number in 0..MAX_RUNS as u32 {
            middle.tsn = Tsn(10 + 2 * number);
            assert_eq!(reassembly.insert(&middle, LIMIT), Ok(None));
        }
        middle.tsn = Tsn(5);
        assert_eq!(reassembly.insert(&middle, LIMIT), Err(Refused::NoRoom));
    }

    #[test]
    fn what_is_skipped_is_forgotten_with_what_continues_it() {
        let mut reassembly = Reassembly::default();
        let (skipped, kept) = (fragments(1, 6), fragments(7, 3));
        for fragment in [&skipped[0], &skipped[2], &skipped[3], &kept[0]] {
            assert_eq!(reassembly.insert(fragment, LIMIT), Ok(None));
        }
        reassembly.discard_through(Tsn(2));
        assert_eq!(reassembly.bytes(), RUN_COST + 1);
        assert_eq!(reassembly.insert(&kept[1], LIMIT), Ok(None));
        assert!(matches!(reassembly.insert(&kept[2], LIMIT), Ok(Some(_))));
        assert_eq!(reassembly.bytes(), 0);
    }

    proptest! {
        #[test]
        fn messages_come_out_whole_in_whatever_order_fragments_come(
            lengths in proptest::collection::vec(1_u8..20, 1..8),
            seed in any::<u64>(),
        ) {
            let mut all = Vec::new();
            let mut tsn = u32::MAX - 5;
            for length in &lengths {
                all.extend(fragments(tsn, *length));
                tsn = tsn.wrapping_add(u32::from(*length));
            }
            let mut rng = tidewire_crypto::Rng::from_u64(seed);
            for index in (1..all.len()).rev() {
                all.swap(index, rng.next_u32() as usize % (index + 1));
            }
            let mut reassembly = Reassembly::default();
            let mut whole = Vec::new();
            for fragment in &all {
                if let Some(message) = reassembly.insert(fragment, LIMIT).unwrap() {
                    let expected: Vec<u8> = (0..message.payload.len() as u8).collect();
                    prop_assert_eq!(&message.payload[..], &expected[..]);
                    whole.push(message.payload.len() as u8);
                }
            }
            whole.sort_unstable();
            let mut lengths = lengths;
            lengths.sort_unstable();
            prop_assert_eq!(whole, lengths);
            prop_assert_eq!(reassembly.bytes(), 0);
        }
    }
}
