//! Sockets that connections share.

use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, Weak};
use std::time::{Duration, Instant, SystemTime};

use tidewire::crypto::Rng;
use tidewire::{Configuration, ConfigurationError, ConnectionId, Datagram, Router};
use tokio::task::JoinHandle;

use crate::connection::Connection;
use crate::gather;
use crate::peer_connection::PeerConnection;
use crate::socket::{ReceiveBuffers, Socket, Sockets};

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
///
/// Connections that share sockets with each other must not all lead to one and the same remote
/// socket: nothing in a datagram of DTLS tells them apart, and the path goes to the one whose check
/// verified last. A server answers any number of peers on one endpoint, but a program that opens
/// several connections to that server gives each an endpoint of its own, as browsers do.
#[derive(Clone, Debug)]
pub struct Endpoint {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    sockets: Arc<Sockets>,
    router: Arc<Mutex<Router>>,
    connections: Mutex<Connections>,
    readers: Mutex<Vec<JoinHandle<()>>>,
}

#[derive(Debug)]
struct Connections {
    by_id: HashMap<ConnectionId, Arc<Connection>>,
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
        let addresses = gather::addresses(&config.addresses, config.include_loopback)?;
        let mut rng = Rng::from_os();
        let inner = Arc::new(Inner {
            sockets: Arc::new(Sockets::bind(&addresses)?),
            router: Arc::new(Mutex::new(Router::new(&mut rng))),
            connections: Mutex::new(Connections {
                by_id: HashMap::new(),
                next_id: 0,
                rng,
            }),
            readers: Mutex::default(),
        });
        let readers = (0..inner.sockets.iter().count()).map(|index| {
            let sockets = Arc::clone(&inner.sockets);
            tokio::spawn(read(sockets, index, Arc::downgrade(&inner)))
        });
        *inner.readers.lock().expect("no holder panics") = readers.collect();
        Ok(Self { inner })
    }

    /// The addresses of the sockets.
    pub fn local_addresses(&self) -> impl Iterator<Item = SocketAddr> + '_ {
        self.inner.sockets.iter().map(Socket::address)
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
        let (id, rng) = self.inner.connections().assign();
        let now = Instant::now();
        let mut protocol = tidewire::PeerConnection::new(configuration, rng, now)?;
        for address in self.local_addresses() {
            protocol.add_local_address(now, address);
        }
        if servers.is_empty() {
            protocol.finish_gathering(now);
        }
        let (sockets, router) = (&self.inner.sockets, &self.inner.router);
        let connection = Connection::new(id, protocol, Arc::clone(sockets), Arc::clone(router));
        let known = Arc::clone(&connection);
        self.inner.connections().by_id.insert(id, known);
        tokio::spawn(keep(Arc::clone(&self.inner), id, Arc::clone(&connection)));
        if !servers.is_empty() {
            tokio::spawn(gather::ask(Arc::clone(&connection), servers));
        }
        connection.drive();
        Ok(PeerConnection::new(connection))
    }

    /// How many connections there are, those that are closing included.
    pub fn connections(&self) -> usize {
        self.inner.connections().by_id.len()
    }
}

impl Inner {
    fn route(&self, datagram: &Datagram) -> Option<ConnectionId> {
        let router = self.router.lock().expect("no holder panics");
        router.route(datagram.local, datagram.remote, &datagram.data)
    }

    fn connections(&self) -> MutexGuard<'_, Connections> {
        self.connections.lock().expect("no holder panics")
    }
}

impl Connections {
    fn assign(&mut self) -> (ConnectionId, Rng) {
        self.next_id += 1;
        (ConnectionId(self.next_id), self.rng.fork())
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        for reader in self.readers.get_mut().expect("no holder panics") {
            reader.abort();
        }
    }
}

/// A socket that fails again and again must not keep a processor busy.
const AFTER_ERROR: Duration = Duration::from_millis(5);

/// A connection's task. It keeps the sockets open until the connection is closed.
async fn keep(endpoint: Arc<Inner>, id: ConnectionId, connection: Arc<Connection>) {
    connection.keep_time().await;
    endpoint.connections().by_id.remove(&id);
}

/// Hands a socket's datagrams to their connections, until the endpoint is gone.
async fn read(sockets: Arc<Sockets>, index: usize, endpoint: Weak<Inner>) {
    let Some(socket) = sockets.iter().nth(index) else {
        return;
    };
    let mut buffers = ReceiveBuffers::new();
    // Connections that got something and have not been driven since.
    let mut touched: Vec<(ConnectionId, Arc<Connection>)> = Vec::new();
    loop {
        let received = socket.receive(&mut buffers, |datagram| {
            let Some(endpoint) = endpoint.upgrade() else {
                return;
            };
            // Each is routed anew: what the one before it authenticated may change the routes.
            let Some(id) = endpoint.route(&datagram) else {
                return;
            };
            if touched.last().is_none_or(|(last, _)| *last != id) {
                let connection = endpoint.connections().by_id.get(&id).cloned();
                touched.extend(connection.map(|connection| (id, connection)));
            }
            if let Some((_, connection)) = touched.last().filter(|(last, _)| *last == id) {
                connection.handle_datagram(datagram);
            }
        });
        if let Err(error) = received.await {
            // ICMP's answer to something we sent, mostly: ICE notices what does not get through.
            tracing::debug!(%error, "receiving failed");
            tokio::time::sleep(AFTER_ERROR).await;
        }
        for (_, connection) in touched.drain(..) {
            connection.drive();
        }
        if endpoint.strong_count() == 0 {
            return;
        }
    }
}
