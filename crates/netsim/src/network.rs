//! Many addresses and the links between them.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Instant;

use crate::config::LinkConfig;
use crate::link::{Link, LinkStats};

/// Connects every address with every other, each direction by a [`Link`] of its own.
#[derive(Debug)]
pub struct Network {
    seed: u64,
    config: LinkConfig,
    links: BTreeMap<(SocketAddr, SocketAddr), Link>,
}

/// A datagram that arrived.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Delivery {
    /// Who sent it.
    pub from: SocketAddr,
    /// Whom it reached.
    pub to: SocketAddr,
    /// Its content.
    pub datagram: Vec<u8>,
}

impl Network {
    /// A network whose links are all configured alike.
    pub fn new(config: LinkConfig, seed: u64) -> Self {
        Self {
            seed,
            config,
            links: BTreeMap::new(),
        }
    }

    /// The link from `from` to `to`, to configure or to look at.
    pub fn link(&mut self, from: SocketAddr, to: SocketAddr) -> &mut Link {
        let (config, number) = (&self.config, self.links.len() as u64);
        let seed = self
            .seed
            .wrapping_mul(0x9E37_79B9_7F4A_7C15)
            .wrapping_add(number);
        self.links
            .entry((from, to))
            .or_insert_with(|| Link::new(config.clone(), seed))
    }

    /// Sends a datagram.
    pub fn send(&mut self, now: Instant, from: SocketAddr, to: SocketAddr, datagram: Vec<u8>) {
        self.link(from, to).send(now, datagram);
    }

    /// The next datagram that has arrived by `now`, the earliest first.
    pub fn receive(&mut self, now: Instant) -> Option<Delivery> {
        let due = self.links.iter_mut().filter_map(|(path, link)| {
            let arrival = link.poll_timeout().filter(|arrival| *arrival <= now)?;
            Some((arrival, path, link))
        });
        let (_, (from, to), link) = due.min_by_key(|(arrival, ..)| *arrival)?;
        let datagram = link.receive(now)?;
        Some(Delivery {
            from: *from,
            to: *to,
            datagram,
        })
    }

    /// When the next datagram arrives.
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.links.values().filter_map(Link::poll_timeout).min()
    }

    /// What each link has done.
    pub fn stats(&self) -> impl Iterator<Item = (SocketAddr, SocketAddr, LinkStats)> + '_ {
        self.links
            .iter()
            .map(|((from, to), link)| (*from, *to, link.stats()))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::start;

    fn address(port: u16) -> SocketAddr {
        ([192, 0, 2, 1], port).into()
    }

    #[test]
    fn datagrams_reach_whom_they_are_sent_to_the_earliest_first() {
        let delay = Duration::from_millis(10);
        let mut network = Network::new(
            LinkConfig {
                delay,
                ..LinkConfig::default()
            },
            1,
        );
        let slow = LinkConfig {
            delay: 3 * delay,
            ..LinkConfig::default()
        };
        network.link(address(1), address(2)).set_config(slow);
        network.send(start(), address(1), address(2), vec![12]);
        network.send(start(), address(3), address(2), vec![32]);
        assert_eq!(network.receive(start()), None);
        assert_eq!(network.poll_timeout(), Some(start() + delay));
        let end = start() + 3 * delay;
        let order: Vec<_> = std::iter::from_fn(|| network.receive(end)).collect();
        let from: Vec<_> = order.iter().map(|delivery| delivery.from).collect();
        assert_eq!(from, [address(3), address(1)]);
        assert!(order.iter().all(|delivery| delivery.to == address(2)));
    }
}
