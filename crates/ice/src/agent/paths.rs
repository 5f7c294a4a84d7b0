//! The ways that data goes, and how much goes over each.

use std::net::SocketAddr;
use std::time::Instant;

use super::{Agent, Phase, SelectedPair};
use crate::pair::PairTraffic;
use crate::session::Path;

impl Agent {
    /// The pair to send data over, if there is one.
    pub fn selected_pair(&self) -> Option<SelectedPair> {
        let current = self.session.selected.map(|selected| {
            let pair = self.session.checklist.get(selected.pair);
            (
                selected.path,
                pair.and_then(|pair| pair.rtt),
                selected.nominated,
            )
        });
        let previous = || {
            let previous = self.previous_in_use()?;
            Some((previous.path, previous.rtt, previous.nominated))
        };
        let ((local, remote), rtt, nominated) = current.or_else(previous)?;
        Some(SelectedPair {
            local,
            remote,
            rtt,
            nominated,
        })
    }

    /// Whether an authenticated request or response came on this path: data from others is not the
    /// peer's.
    pub fn is_known_path(&self, local: SocketAddr, remote: SocketAddr) -> bool {
        let path = (local, remote);
        if self
            .session
            .selected
            .is_some_and(|selected| selected.path == path)
        {
            return true;
        }
        let previous = self.previous.as_ref();
        self.phase == Phase::Running
            && (self.session.knows_path(path)
                || previous.is_some_and(|previous| previous.paths.contains(&path)))
    }

    /// Takes notice of data that came: `len` bytes in a datagram. Answers whether its path
    /// [is known](Self::is_known_path); otherwise nothing is counted.
    pub fn handle_data(
        &mut self,
        now: Instant,
        local: SocketAddr,
        remote: SocketAddr,
        len: usize,
    ) -> bool {
        let is_known = self.is_known_path(local, remote);
        if let Some(traffic) = self.traffic((local, remote)).filter(|_| is_known) {
            traffic.packets_received += 1;
            traffic.bytes_received += len as u64;
            traffic.last_received = Some(now);
        }
        is_known
    }

    /// Takes notice of data that leaves: `len` bytes in so many datagrams.
    pub fn handle_sent(
        &mut self,
        now: Instant,
        (local, remote): (SocketAddr, SocketAddr),
        datagrams: u64,
        len: usize,
    ) {
        if let Some(traffic) = self.traffic((local, remote)) {
            traffic.packets_sent += datagrams;
            traffic.bytes_sent += len as u64;
            traffic.last_sent = Some(now);
        }
    }

    fn traffic(&mut self, (local, remote): Path) -> Option<&mut PairTraffic> {
        let pair = self.session.checklist.find_mut(local, remote)?;
        Some(&mut pair.traffic)
    }

    /// Counts when another pair than before is in use, or none.
    pub(super) fn note_selected(&mut self) {
        let path = self.selected_pair().map(|pair| (pair.local, pair.remote));
        if self.last_path != path {
            self.last_path = path;
            self.stats.selected_pair_changes += 1;
        }
    }
}
