//! Sockets that connections share.

use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, Weak};
use std::time::{Instant, SystemTime};

use tidewire::crypto::Rng;
use tidewire::{Configuration, ConfigurationError, ConnectionId, Datagram, Router};
use tokio::task::JoinHandle;

use crate::connection::Connection;
use crate::gather;
use crate::peer_connection::PeerConnection;
use crate::socket::{ReceiveBuffers, Socket};

/// Where an endpoint's sockets are.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct EndpointConfig {
    /// The addresses to bind. An unspecified one (`0.0.0.0`, `[::]`) stands for every address of its
    /// family that the machine's interfaces have. Empty, the default, stands for all of them of both
    /// families, each with a port of the system's choice.
    pub addresses: Vec<SocketAddr>,
    /// Whether loopback addresses count among the interfaces'. They do anyway when there is no
    /// other.
    pub include_loopback: bool,
}

impl EndpointConfig {
    /// Binds these addresses.
    pub fn bound_to(addresses: impl IntoIterator<Item = SocketAddr>) -> Self {
        Self {
            addresses: addresses.into_iter().collect(),
            ..Self::default()
        }
    }
}

/// UDP sockets, and the connections that share them. A clone is another handle of the same.
///
/// The sockets stay open as long as a handle of the endpoint or of one of its connections exists.
#[derive(Clone, Debug)]
pub struct Endpoint {
    inner: Arc<Inner>,
}

#[derive(Debug)]
pub(crate) struct Inner {
    sockets: Vec<Arc<Socket>>,
    routes: Mutex<Routes>,
    readers: Mutex<Vec<JoinHandle<()>>>,
}

#[derive(Debug)]
struct Routes {
    router: Router,
    connections: HashMap<ConnectionId, Arc<Connection>>,
    next_id: u64,
    rng: Rng,
}

impl Endpoint {
    /// Opens the sockets and starts to read them.
    ///
    /// # Errors
    /// When an address cannot be bound, or the machine has none.
    #[expect(
        clippy::unused_async,
        reason = "a runtime must be there to register sockets with"
    )]
    pub async fn bind(config: EndpointConfig) -> io::Result<Self> {
        let sockets = gather::addresses(&config)?
            .into_iter()
            .map(|address| Socket::bind(address).map(Arc::new))
            .collect::<io::Result<Vec<_>>>()?;
        let mut rng = Rng::from_os();
        let routes = Routes {
            router: Router::new(&mut rng),
            connections: HashMap::new(),
            next_id: 0,
            rng,
        };
        let inner = Arc::new(Inner {
            sockets,
            routes: Mutex::new(routes),
            readers: Mutex::default(),
        });
        let readers = inner.sockets.iter().map(|socket| {
            let task = read(Arc::clone(socket), Arc::downgrade(&inner));
            tokio::spawn(task)
        });
        *inner.readers.lock().expect("no holder panics") = readers.collect();
        Ok(Self { inner })
    }

    /// The addresses of the sockets.
    pub fn local_addresses(&self) -> impl Iterator<Item = SocketAddr> + '_ {
        self.inner.sockets.iter().map(|socket| socket.address())
    }

    /// Makes a connection on these sockets. Gathering starts at once: host candidates are known when
    /// this returns, server-reflexive ones follow.
    ///
    /// # Errors
    /// When no certificate can be made.
    pub fn peer_connection(
        &self,
        configuration: Configuration,
    ) -> Result<PeerConnection, ConfigurationError> {
        let unix_time = SystemTime::now()
            .duration_since(SystemTime::UNIX_EPOCH)
            .unwrap_or_default();
        let configuration = Configuration {
            unix_time,
            ..configuration
        };
        let servers = gather::stun_servers(&configuration);
        let (id, rng) = self.inner.new_connection();
        let now = Instant::now();
        let mut protocol = tidewire::PeerConnection::new(configuration, rng, now)?;
        for address in self.local_addresses() {
            protocol.add_local_address(now, address);
        }
        if servers.is_empty() {
            protocol.finish_gathering(now);
        }
        let connection = Connection::start(id, protocol, Arc::clone(&self.inner));
        self.inner.insert(id, Arc::clone(&connection));
        if !servers.is_empty() {
            tokio::spawn(gather::ask(Arc::clone(&connection), servers));
        }
        connection.drive();
        Ok(PeerConnection::new(connection))
    }

    /// How many connections there are, those that are closing included.
    pub fn connections(&self) -> usize {
        self.inner.routes().connections.len()
    }
}

impl Inner {
    pub(crate) fn socket(&self, address: SocketAddr) -> Option<&Arc<Socket>> {
        self.sockets
            .iter()
            .find(|socket| socket.address() == address)
    }

    /// How many datagrams every socket takes at once.
    pub(crate) fn max_segments(&self) -> usize {
        let each = self.sockets.iter().map(|socket| socket.max_segments());
        each.min().unwrap_or(1)
    }

    pub(crate) fn connection(&self, id: ConnectionId) -> Option<Arc<Connection>> {
        self.routes().connections.get(&id).cloned()
    }

    pub(crate) fn handle_router_events(
        &self,
        id: ConnectionId,
        protocol: &mut tidewire::PeerConnection,
    ) {
        let Some(first) = protocol.poll_router_event() else {
            return;
        };
        let mut routes = self.routes();
        routes.router.handle_event(id, first);
        while let Some(event) = protocol.poll_router_event() {
            routes.router.handle_event(id, event);
        }
    }

    pub(crate) fn remove(&self, id: ConnectionId) {
        let mut routes = self.routes();
        routes.router.remove(id);
        routes.connections.remove(&id);
    }

    fn new_connection(&self) -> (ConnectionId, Rng) {
        let mut routes = self.routes();
        routes.next_id += 1;
        (ConnectionId(routes.next_id), routes.rng.fork())
    }

    fn insert(&self, id: ConnectionId, connection: Arc<Connection>) {
        self.routes().connections.insert(id, connection);
    }

    fn route(&self, datagram: &Datagram) -> Option<Arc<Connection>> {
        let routes = self.routes();
        let id = routes
            .router
            .route(datagram.local, datagram.remote, &datagram.data)?;
        routes.connections.get(&id).cloned()
    }

    fn routes(&self) -> MutexGuard<'_, Routes> {
        self.routes.lock().expect("no holder panics")
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        for reader in self.readers.get_mut().expect("no holder panics") {
            reader.abort();
        }
    }
}

/// Hands a socket's datagrams to their connections, until the endpoint is gone.
async fn read(socket: Arc<Socket>, endpoint: Weak<Inner>) {
    let mut buffers = ReceiveBuffers::new();
    // Connections that got something and have not been driven since.
    let mut touched: Vec<Arc<Connection>> = Vec::new();
    loop {
        let received = socket.receive(&mut buffers, |datagram| {
            let Some(endpoint) = endpoint.upgrade() else {
                return;
            };
            // Most batches are one connection's; it is looked up once for a run of datagrams all
            // the same, as what it authenticates changes the routes.
            if let Some(connection) = endpoint.route(&datagram) {
                connection.handle_datagram(datagram);
                if touched
                    .last()
                    .is_none_or(|last| !Arc::ptr_eq(last, &connection))
                {
                    touched.push(connection);
                }
            }
        });
        if let Err(error) = received.await {
            // ICMP's answer to something we sent, mostly: ICE notices what does not get through.
            tracing::debug!(%error, "receiving failed");
            tokio::task::yield_now().await;
        }
        for connection in touched.drain(..) {
            connection.drive();
        }
        if endpoint.strong_count() == 0 {
            return;
        }
    }
}
