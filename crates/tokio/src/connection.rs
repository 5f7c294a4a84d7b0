//! What drives one connection: everybody who touches it, and a task for its timers.

use std::collections::{HashMap, VecDeque};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, Weak};
use std::time::Instant;

use tidewire::{ChannelId, ConnectionId, Datagram, Transmit};
use tokio::sync::Notify;

use crate::endpoint::Inner;
use crate::mdns;

/// Events that wait at most; the oldest are forgotten.
const MAX_EVENTS: usize = 1024;

/// The state machine behind a lock. Whoever changes it carries out, before letting go, what it wants
/// done: that saves a switch between tasks for each message.
#[derive(Debug)]
pub(crate) struct Connection {
    id: ConnectionId,
    endpoint: Arc<Inner>,
    core: Mutex<Core>,
    /// Something changed that somebody waits for.
    pub(crate) changed: Notify,
    /// The timer's task has to look again.
    wake: Notify,
    channels: Mutex<HashMap<ChannelId, Arc<Notify>>>,
}

/// What the lock guards.
#[derive(Debug)]
pub(crate) struct Core {
    pub(crate) protocol: tidewire::PeerConnection,
    pub(crate) events: VecDeque<tidewire::Event>,
    /// What did not fit into the socket's buffer.
    blocked: Option<Transmit>,
    sending: Vec<u8>,
    /// When the timer's task wakes by itself.
    sleeps_until: Option<Instant>,
}

impl Connection {
    pub(crate) fn start(
        id: ConnectionId,
        protocol: tidewire::PeerConnection,
        endpoint: Arc<Inner>,
    ) -> Arc<Self> {
        let connection = Arc::new(Self {
            id,
            endpoint,
            core: Mutex::new(Core {
                protocol,
                events: VecDeque::new(),
                blocked: None,
                sending: Vec::with_capacity(1 << 16),
                sleeps_until: None,
            }),
            changed: Notify::new(),
            wake: Notify::new(),
            channels: Mutex::default(),
        });
        tokio::spawn(keep_time(Arc::clone(&connection)));
        connection
    }

    pub(crate) fn handle_datagram(&self, datagram: Datagram) {
        let mut core = self.lock();
        core.protocol.handle_datagram(Instant::now(), datagram);
        // What was authenticated decides where the next datagram goes.
        self.endpoint
            .handle_router_events(self.id, &mut core.protocol);
    }

    /// Lets `act` change the connection, and carries out what follows from it.
    pub(crate) fn with<T>(&self, act: impl FnOnce(&mut Core, Instant) -> T) -> T {
        let mut core = self.lock();
        let result = act(&mut core, Instant::now());
        self.drive_locked(&mut core);
        result
    }

    /// Looks at the connection.
    pub(crate) fn look<T>(&self, look: impl FnOnce(&Core) -> T) -> T {
        look(&self.lock())
    }

    pub(crate) fn drive(&self) {
        self.drive_locked(&mut self.lock());
    }

    /// What wakes those who wait for something on a channel.
    pub(crate) fn channel_notify(&self, channel: ChannelId) -> Arc<Notify> {
        let mut channels = self.channels.lock().expect("no holder panics");
        Arc::clone(channels.entry(channel).or_default())
    }

    fn lock(&self) -> MutexGuard<'_, Core> {
        self.core.lock().expect("no holder panics")
    }

    fn drive_locked(&self, core: &mut Core) {
        self.transmit(core);
        self.endpoint
            .handle_router_events(self.id, &mut core.protocol);
        let mut has_events = false;
        while let Some(event) = core.protocol.poll_event() {
            has_events = true;
            self.dispatch(core, event);
        }
        if has_events {
            self.changed.notify_waiters();
        }
        let due = core.protocol.poll_timeout();
        let wakes_late = match (due, core.sleeps_until) {
            (Some(due), Some(wakes)) => due < wakes,
            (Some(_), None) => true,
            (None, _) => false,
        };
        if wakes_late || core.blocked.is_some() || core.protocol.is_drained() {
            self.wake.notify_one();
        }
    }

    fn dispatch(&self, core: &mut Core, event: tidewire::Event) {
        use tidewire::Event;
        match event {
            Event::DataChannelOpen(id)
            | Event::DataChannelReadable(id)
            | Event::BufferedAmountLow(id)
            | Event::DataChannelClosing(id) => self.channel_notify(id).notify_waiters(),
            Event::DataChannelClosed(id) => {
                let mut channels = self.channels.lock().expect("no holder panics");
                if let Some(notify) = channels.remove(&id) {
                    notify.notify_waiters();
                }
            }
            Event::ResolveMdns { name } => self.resolve(name),
            event => {
                if core.events.len() == MAX_EVENTS {
                    core.events.pop_front();
                }
                core.events.push_back(event);
            }
        }
    }

    fn resolve(&self, name: String) {
        let Some(connection) = self.endpoint.connection(self.id) else {
            return;
        };
        let connection = Arc::downgrade(&connection);
        tokio::spawn(async move {
            let found: Option<IpAddr> = mdns::resolve(&name).await;
            if let (Some(ip), Some(connection)) = (found, Weak::upgrade(&connection)) {
                connection.with(|core, now| core.protocol.resolve_mdns(now, &name, ip));
            }
        });
    }

    /// Sends all there is, as far as the sockets take it.
    fn transmit(&self, core: &mut Core) {
        if let Some(blocked) = core.blocked.take()
            && !self.send(core, blocked)
        {
            return;
        }
        loop {
            core.sending.clear();
            let most = self.endpoint.max_segments();
            let transmit = core
                .protocol
                .poll_transmit(Instant::now(), most, &mut core.sending);
            let Some(transmit) = transmit else { return };
            if !self.send(core, transmit) {
                return;
            }
        }
    }

    /// Answers whether to go on; otherwise the socket is full and `core` remembers what is left.
    fn send(&self, core: &mut Core, transmit: Transmit) -> bool {
        let Some(socket) = self.endpoint.socket(transmit.local) else {
            return true;
        };
        match socket.try_send(&transmit, &core.sending) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                core.blocked = Some(transmit);
                false
            }
            Err(error) => {
                // No route, for one: as good as a loss.
                tracing::debug!(%error, remote = %transmit.remote, "sending failed");
                true
            }
            Ok(()) => true,
        }
    }
}

/// Fires a connection's timers and waits for room in sockets, until it is closed.
async fn keep_time(connection: Arc<Connection>) {
    enum Next {
        Done,
        Room(SocketAddr),
        Sleep(Option<Instant>),
    }
    loop {
        let next = {
            let mut core = connection.lock();
            let due = core.protocol.poll_timeout();
            core.sleeps_until = due;
            match core.blocked {
                Some(transmit) => Next::Room(transmit.local),
                None if core.protocol.is_drained() => Next::Done,
                None => Next::Sleep(due),
            }
        };
        match next {
            Next::Done => break,
            Next::Room(local) => {
                if let Some(socket) = connection.endpoint.socket(local) {
                    socket.writable().await;
                }
                connection.drive();
            }
            Next::Sleep(None) => connection.wake.notified().await,
            Next::Sleep(Some(due)) => {
                tokio::select! {
                    () = tokio::time::sleep_until(due.into()) => {
                        connection.with(|core, now| {
                            if core.protocol.poll_timeout().is_some_and(|due| due <= now) {
                                core.protocol.handle_timeout(now);
                            }
                        });
                    }
                    () = connection.wake.notified() => {}
                }
            }
        }
    }
    connection.endpoint.remove(connection.id);
    for notify in connection
        .channels
        .lock()
        .expect("no holder panics")
        .values()
    {
        notify.notify_waiters();
    }
    connection.changed.notify_waiters();
}
