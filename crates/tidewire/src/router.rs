//! Many connections on one socket: which connection a datagram belongs to.

use std::collections::{HashMap, VecDeque};
use std::net::SocketAddr;

use tidewire_crypto::{KeyedState, Rng};
use tidewire_stun as stun;

use crate::datagram::PacketKind;

/// The caller's name for a connection.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct ConnectionId(pub u64);

/// What a connection tells the router, from [`PeerConnection::poll_router_event`].
///
/// [`PeerConnection::poll_router_event`]: crate::PeerConnection::poll_router_event
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum RouterEvent {
    /// Checks that name this username fragment are the connection's.
    UfragAdded(String),
    /// They no longer are: ICE restarted or the connection closed.
    UfragRemoved(String),
    /// A check of the peer's came on this path and its integrity verified. Whoever knows the
    /// password, or has a recording of such a check, can write any source address on it: the path
    /// is the connection's only as long as no other has verified it.
    PathClaimed {
        /// The address of our socket.
        local: SocketAddr,
        /// The peer's address.
        remote: SocketAddr,
    },
    /// A check of our own was answered on this path, so that the peer does receive there: whatever
    /// arrives on it is the connection's.
    PathVerified {
        /// The address of our socket.
        local: SocketAddr,
        /// The peer's address.
        remote: SocketAddr,
    },
    /// The connection sent a STUN request and awaits its response.
    TransactionStarted([u8; 12]),
}

/// What a router has yet to hear from a connection.
#[derive(Debug)]
pub(crate) struct RouterEvents(VecDeque<RouterEvent>);

/// Events that wait at most; the oldest are forgotten. Whoever has no router does not ask for them.
const MAX_EVENTS: usize = 1024;

impl RouterEvents {
    pub(crate) fn new(first: RouterEvent) -> Self {
        Self(VecDeque::from([first]))
    }

    pub(crate) fn push(&mut self, event: RouterEvent) {
        if self.0.len() == MAX_EVENTS {
            self.0.pop_front();
        }
        self.0.push_back(event);
    }

    pub(crate) fn pop(&mut self) -> Option<RouterEvent> {
        self.0.pop_front()
    }
}

/// Maps datagrams to connections; it owns no connection and no socket.
///
/// Feed it every [`RouterEvent`] of every connection through [`handle_event`](Self::handle_event),
/// and ask [`route`](Self::route) for each datagram. A path belongs to the connection whose own
/// check was answered on it last: a request with another's source address takes nothing away.
#[derive(Debug)]
pub struct Router {
    ufrags: HashMap<String, ConnectionId, KeyedState>,
    paths: HashMap<Path, Holder, KeyedState>,
    transactions: HashMap<[u8; 12], ConnectionId, KeyedState>,
    connections: HashMap<ConnectionId, Entries, KeyedState>,
}

/// From the address of our socket to the peer's.
type Path = (SocketAddr, SocketAddr);

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
struct Holder {
    id: ConnectionId,
    proof: Proof,
}

/// What a connection has to show for a path.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Proof {
    /// A request came from there.
    Claim,
    /// A request of ours was answered from there.
    Response,
}

/// What stands in the tables for one connection, so that removing it needs no scan.
#[derive(Debug, Default)]
struct Entries {
    ufrags: Vec<String>,
    claimed: VecDeque<Path>,
    verified: VecDeque<Path>,
    transactions: VecDeque<[u8; 12]>,
}

impl Entries {
    fn paths(&mut self, proof: Proof) -> &mut VecDeque<Path> {
        match proof {
            Proof::Claim => &mut self.claimed,
            Proof::Response => &mut self.verified,
        }
    }
}

/// Claimed and, apart from them, verified paths kept for one connection; the oldest makes room.
const MAX_PATHS: usize = 64;
/// STUN transactions kept for one connection, answered or not; the oldest makes room.
const MAX_TRANSACTIONS: usize = 256;

impl Router {
    /// A router whose tables are keyed from `rng`.
    pub fn new(rng: &mut Rng) -> Self {
        Self {
            ufrags: HashMap::with_hasher(KeyedState::new(rng)),
            paths: HashMap::with_hasher(KeyedState::new(rng)),
            transactions: HashMap::with_hasher(KeyedState::new(rng)),
            connections: HashMap::with_hasher(KeyedState::new(rng)),
        }
    }

    /// The connection that a datagram from `remote` to `local` belongs to.
    ///
    /// A binding request goes by the username fragment it names, a STUN response by its
    /// transaction, everything else, and STUN that names neither, by its verified path.
    pub fn route(
        &self,
        local: SocketAddr,
        remote: SocketAddr,
        datagram: &[u8],
    ) -> Option<ConnectionId> {
        let by_stun = match PacketKind::of(datagram) {
            PacketKind::Stun => self.route_stun(datagram),
            PacketKind::Unknown => return None,
            _ => None,
        };
        by_stun.or_else(|| self.paths.get(&(local, remote)).map(|holder| holder.id))
    }

    fn route_stun(&self, datagram: &[u8]) -> Option<ConnectionId> {
        let message = stun::Message::parse(datagram).ok()?;
        let transaction: [u8; 12] = message.transaction_id().0;
        if let Some(id) = self.transactions.get(&transaction) {
            return Some(*id);
        }
        // USERNAME is "ours:theirs" (RFC 8445 section 7.2.2).
        let username = message.username()?;
        let ufrag = username.split(':').next()?;
        self.ufrags.get(ufrag).copied()
    }

    /// Takes over what connection `id` reports.
    pub fn handle_event(&mut self, id: ConnectionId, event: RouterEvent) {
        match event {
            RouterEvent::UfragAdded(ufrag) => {
                self.entries(id).ufrags.push(ufrag.clone());
                self.ufrags.insert(ufrag, id);
            }
            RouterEvent::UfragRemoved(ufrag) => {
                self.entries(id).ufrags.retain(|known| *known != ufrag);
                remove_own(&mut self.ufrags, &ufrag, id);
            }
            RouterEvent::PathClaimed { local, remote } => {
                self.bind_path((local, remote), id, Proof::Claim);
            }
            RouterEvent::PathVerified { local, remote } => {
                self.bind_path((local, remote), id, Proof::Response);
            }
            RouterEvent::TransactionStarted(transaction) => {
                self.start_transaction(id, transaction);
            }
        }
    }

    /// Forgets everything about connection `id`.
    pub fn remove(&mut self, id: ConnectionId) {
        let Some(entries) = self.connections.remove(&id) else {
            return;
        };
        for ufrag in &entries.ufrags {
            remove_own(&mut self.ufrags, ufrag, id);
        }
        // What stands in a connection's lists is its own: see `bind_path`.
        for path in entries.claimed.iter().chain(&entries.verified) {
            self.paths.remove(path);
        }
        for transaction in &entries.transactions {
            remove_own(&mut self.transactions, transaction, id);
        }
    }

    fn entries(&mut self, id: ConnectionId) -> &mut Entries {
        self.connections.entry(id).or_default()
    }

    fn bind_path(&mut self, path: Path, id: ConnectionId, proof: Proof) {
        let former = self.paths.get(&path).copied();
        // A claim takes nothing away. Among answered checks the newest wins: a NAT may hand a
        // peer's old address to another.
        let is_settled = match proof {
            Proof::Claim => former.is_some(),
            Proof::Response => former == Some(Holder { id, proof }),
        };
        if is_settled {
            return;
        }
        if let Some(former) = former
            && let Some(entries) = self.connections.get_mut(&former.id)
        {
            entries.paths(former.proof).retain(|known| *known != path);
        }
        self.paths.insert(path, Holder { id, proof });
        let paths = self.entries(id).paths(proof);
        paths.push_back(path);
        if paths.len() > MAX_PATHS
            && let Some(oldest) = paths.pop_front()
        {
            self.paths.remove(&oldest);
        }
    }

    fn start_transaction(&mut self, id: ConnectionId, transaction: [u8; 12]) {
        self.transactions.insert(transaction, id);
        let entries = self.entries(id);
        entries.transactions.push_back(transaction);
        if entries.transactions.len() > MAX_TRANSACTIONS
            && let Some(oldest) = entries.transactions.pop_front()
        {
            remove_own(&mut self.transactions, &oldest, id);
        }
    }
}

/// Removes `key` if it still belongs to `id`.
fn remove_own<K: Eq + std::hash::Hash>(
    map: &mut HashMap<K, ConnectionId, KeyedState>,
    key: &K,
    id: ConnectionId,
) {
    if map.get(key) == Some(&id) {
        map.remove(key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: ConnectionId = ConnectionId(1);
    const B: ConnectionId = ConnectionId(2);

    fn router() -> Router {
        Router::new(&mut Rng::from_u64(1))
    }

    fn path(port: u16) -> (SocketAddr, SocketAddr) {
        (([192, 0, 2, 1], 1).into(), ([192, 0, 2, 2], port).into())
    }

    fn claimed(port: u16) -> RouterEvent {
        let (local, remote) = path(port);
        RouterEvent::PathClaimed { local, remote }
    }

    fn verified(port: u16) -> RouterEvent {
        let (local, remote) = path(port);
        RouterEvent::PathVerified { local, remote }
    }

    fn check(username: &str) -> Vec<u8> {
        let mut packet = Vec::new();
        let transaction = stun::TransactionId([7; 12]);
        let class = stun::Class::Request;
        stun::MessageBuilder::new(&mut packet, class, stun::Method::BINDING, transaction)
            .username(username)
            .finish()
            .expect("a short message");
        packet
    }

    fn response(transaction: [u8; 12]) -> Vec<u8> {
        let mut packet = Vec::new();
        let class = stun::Class::SuccessResponse;
        let transaction = stun::TransactionId(transaction);
        stun::MessageBuilder::new(&mut packet, class, stun::Method::BINDING, transaction)
            .finish()
            .expect("a short message");
        packet
    }

    fn route(router: &Router, port: u16, packet: &[u8]) -> Option<ConnectionId> {
        let (local, remote) = path(port);
        router.route(local, remote, packet)
    }

    const DTLS: &[u8] = &[22, 254, 253];

    #[test]
    fn a_check_goes_by_the_fragment_that_it_names() {
        let mut router = router();
        router.handle_event(A, RouterEvent::UfragAdded("aaaa".to_owned()));
        router.handle_event(B, RouterEvent::UfragAdded("bbbb".to_owned()));
        assert_eq!(route(&router, 2, &check("aaaa:x")), Some(A));
        assert_eq!(route(&router, 2, &check("bbbb:x")), Some(B));
        assert_eq!(route(&router, 2, &check("cccc:x")), None);
        router.handle_event(A, RouterEvent::UfragRemoved("aaaa".to_owned()));
        assert_eq!(route(&router, 2, &check("aaaa:x")), None);
    }

    #[test]
    fn a_check_for_another_connection_overrides_the_path() {
        let mut router = router();
        router.handle_event(A, verified(2));
        router.handle_event(B, RouterEvent::UfragAdded("bbbb".to_owned()));
        assert_eq!(route(&router, 2, &check("bbbb:x")), Some(B));
    }

    #[test]
    fn everything_else_goes_by_its_verified_path() {
        let mut router = router();
        assert_eq!(route(&router, 2, DTLS), None);
        router.handle_event(A, verified(2));
        assert_eq!(route(&router, 2, DTLS), Some(A));
        assert_eq!(route(&router, 3, DTLS), None);
        assert_eq!(
            route(&router, 2, &[]),
            None,
            "an empty datagram is nobody's"
        );
    }

    #[test]
    fn a_request_from_an_address_that_nobody_holds_is_enough_to_be_reached_there() {
        let mut router = router();
        router.handle_event(A, claimed(2));
        assert_eq!(route(&router, 2, DTLS), Some(A));
    }

    #[test]
    fn a_request_takes_no_path_from_another_connection() {
        let mut router = router();
        router.handle_event(A, claimed(2));
        router.handle_event(A, verified(3));
        router.handle_event(B, claimed(2));
        router.handle_event(B, claimed(3));
        assert_eq!(route(&router, 2, DTLS), Some(A));
        assert_eq!(route(&router, 3, DTLS), Some(A));
        router.handle_event(B, verified(2));
        assert_eq!(
            route(&router, 2, DTLS),
            Some(B),
            "its own check was answered"
        );
    }

    #[test]
    fn claims_push_no_verified_path_out() {
        let mut router = router();
        router.handle_event(A, verified(1));
        router.handle_event(A, claimed(1));
        for port in 2..1_000 {
            router.handle_event(A, claimed(port));
        }
        assert_eq!(route(&router, 1, DTLS), Some(A));
        assert_eq!(router.paths.len(), 1 + MAX_PATHS);
    }

    #[test]
    fn a_path_goes_to_whose_check_was_answered_last() {
        let mut router = router();
        router.handle_event(A, verified(2));
        router.handle_event(B, verified(2));
        assert_eq!(route(&router, 2, DTLS), Some(B));
        router.remove(A);
        assert_eq!(
            route(&router, 2, DTLS),
            Some(B),
            "the former owner has no say"
        );
    }

    #[test]
    fn a_response_goes_by_its_transaction() {
        let mut router = router();
        router.handle_event(A, RouterEvent::TransactionStarted([1; 12]));
        assert_eq!(route(&router, 9, &response([1; 12])), Some(A));
        assert_eq!(route(&router, 9, &response([2; 12])), None);
    }

    #[test]
    fn tables_stay_bounded_whatever_a_connection_reports() {
        let mut router = router();
        for port in 0..10_000 {
            router.handle_event(A, verified(port));
            router.handle_event(A, claimed(10_000 + port));
            let mut transaction = [0; 12];
            transaction[..2].copy_from_slice(&port.to_be_bytes());
            router.handle_event(A, RouterEvent::TransactionStarted(transaction));
        }
        assert_eq!(router.paths.len(), 2 * MAX_PATHS);
        assert_eq!(router.transactions.len(), MAX_TRANSACTIONS);
        assert_eq!(route(&router, 9_999, DTLS), Some(A), "the newest are kept");
    }

    #[test]
    fn events_that_nobody_asks_for_stay_bounded() {
        let mut events = RouterEvents::new(verified(0));
        for port in 1..10_000 {
            events.push(verified(port));
        }
        let left: Vec<_> = std::iter::from_fn(|| events.pop()).collect();
        assert_eq!(left.len(), MAX_EVENTS);
        assert_eq!(left.last(), Some(&verified(9_999)));
    }

    #[test]
    fn a_removed_connection_leaves_nothing_behind() {
        let mut router = router();
        router.handle_event(A, RouterEvent::UfragAdded("aaaa".to_owned()));
        router.handle_event(A, verified(2));
        router.handle_event(A, claimed(3));
        router.handle_event(A, RouterEvent::TransactionStarted([1; 12]));
        router.remove(A);
        assert!(router.ufrags.is_empty() && router.paths.is_empty());
        assert!(router.transactions.is_empty() && router.connections.is_empty());
    }
}
