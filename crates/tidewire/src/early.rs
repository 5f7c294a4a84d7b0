//! Datagrams that arrive before the description that explains them.

use std::collections::VecDeque;

use crate::datagram::Datagram;

/// An answerer's first checks and its ClientHello often overtake its answer. They are kept, within
/// bounds, and handled once the answer is here.
#[derive(Debug, Default)]
pub(crate) struct EarlyDatagrams {
    queue: VecDeque<Datagram>,
    bytes: usize,
}

/// Kept at most, in datagrams; an answerer's checks and one flight of DTLS are fewer.
const MAX_DATAGRAMS: usize = 32;
/// Kept at most, in bytes.
const MAX_BYTES: usize = 32 * 1024;

impl EarlyDatagrams {
    /// Keeps `datagram` and answers whether there was room.
    pub(crate) fn push(&mut self, datagram: Datagram) -> bool {
        let len = datagram.data.len();
        if self.queue.len() == MAX_DATAGRAMS || self.bytes + len > MAX_BYTES {
            return false;
        }
        self.bytes += len;
        self.queue.push_back(Datagram {
            // A copy of the exact length: waiting must not pin a receive batch.
            data: datagram.data.as_ref().into(),
            ..datagram
        });
        true
    }

    /// Hands everything out and is empty afterwards.
    pub(crate) fn take(&mut self) -> VecDeque<Datagram> {
        self.bytes = 0;
        std::mem::take(&mut self.queue)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn datagram(len: usize) -> Datagram {
        Datagram {
            local: ([127, 0, 0, 1], 1).into(),
            remote: ([127, 0, 0, 1], 2).into(),
            ecn: None,
            data: vec![20; len].as_slice().into(),
        }
    }

    #[test]
    fn keeps_datagrams_in_order_up_to_a_count() {
        let mut early = EarlyDatagrams::default();
        for len in 0..MAX_DATAGRAMS {
            assert!(early.push(datagram(len)));
        }
        assert!(!early.push(datagram(1)));
        let lens: Vec<_> = early.take().iter().map(|kept| kept.data.len()).collect();
        assert_eq!(lens, (0..MAX_DATAGRAMS).collect::<Vec<_>>());
        assert!(early.push(datagram(1)), "room again once taken");
    }

    #[test]
    fn keeps_no_more_than_its_bytes() {
        let mut early = EarlyDatagrams::default();
        assert!(early.push(datagram(MAX_BYTES)));
        assert!(!early.push(datagram(1)));
    }
}
