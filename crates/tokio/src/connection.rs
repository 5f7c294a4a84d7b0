//! What drives one connection: everybody who touches it, and a task for its timers.

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, Weak};
use std::time::Instant;

use tidewire::{ChannelId, ConnectionId, Datagram, Router, Transmit};
use tokio::sync::Notify;

use crate::events::{Events, Incoming};
use crate::mdns;
use crate::socket::Sockets;

/// The state machine behind a lock. Whoever changes it carries out, before letting go, what it wants
/// done: that saves a switch between tasks for each message.
#[derive(Debug)]
pub(crate) struct Connection {
    id: ConnectionId,
    this: Weak<Self>,
    sockets: Arc<Sockets>,
    /// Shared by all connections on these sockets; locked after `core`, never before.
    router: Arc<Mutex<Router>>,
    core: Mutex<Core>,
    /// Something changed that somebody waits for.
    pub(crate) changed: Notify,
    /// Media has arrived.
    pub(crate) media_arrived: Notify,
    /// The timer's task has to look again.
    wake: Notify,
}

/// What the lock guards.
#[derive(Debug)]
pub(crate) struct Core {
    pub(crate) protocol: tidewire::PeerConnection,
    pub(crate) events: Events,
    /// What wakes those who wait for something on a channel, for channels that somebody holds.
    channels: HashMap<ChannelId, Arc<Notify>>,
    /// What did not fit into the socket's buffer.
    blocked: Option<Transmit>,
    sending: Vec<u8>,
    /// When the timer's task wakes by itself.
    sleeps_until: Option<Instant>,
}

impl Core {
    /// What wakes those who wait for something on a channel. One that is closed has nothing to tell.
    pub(crate) fn channel_notify(&mut self, id: ChannelId) -> Arc<Notify> {
        if self.protocol.data_channel(id).is_none() {
            return Arc::default();
        }
        Arc::clone(self.channels.entry(id).or_default())
    }

    fn notify(&self, id: ChannelId) {
        if let Some(notify) = self.channels.get(&id) {
            notify.notify_waiters();
        }
    }
}

impl Connection {
    /// A connection that waits for somebody to spawn [`keep_time`](Self::keep_time).
    pub(crate) fn new(
        id: ConnectionId,
        protocol: tidewire::PeerConnection,
        sockets: Arc<Sockets>,
        router: Arc<Mutex<Router>>,
    ) -> Arc<Self> {
        Arc::new_cyclic(|this| Self {
            id,
            this: Weak::clone(this),
            sockets,
            router,
            core: Mutex::new(Core {
                protocol,
                events: Events::default(),
                channels: HashMap::new(),
                blocked: None,
                sending: Vec::with_capacity(1 << 16),
                sleeps_until: None,
            }),
            changed: Notify::new(),
            media_arrived: Notify::new(),
            wake: Notify::new(),
        })
    }

    /// Takes in a datagram of the reader's, which serves other connections too: one that has
    /// panicked is passed over.
    pub(crate) fn handle_datagram(&self, datagram: Datagram) {
        let Ok(mut core) = self.core.lock() else {
            return;
        };
        core.protocol.handle_datagram(Instant::now(), datagram);
        // What was authenticated decides where the next datagram goes.
        self.tell_router(&mut core.protocol);
    }

    /// Lets `act` change the connection, and carries out what follows from it.
    pub(crate) fn with<T>(&self, act: impl FnOnce(&mut Core, Instant) -> T) -> T {
        let mut core = self.lock();
        let result = act(&mut core, Instant::now());
        self.drive_locked(&mut core);
        result
    }

    /// As [`with`](Self::with), for when a handle is dropped: a connection that has panicked is left
    /// alone, or a second panic would end the program.
    pub(crate) fn let_go(&self, act: impl FnOnce(&mut Core, Instant)) {
        if let Ok(mut core) = self.core.lock() {
            act(&mut core, Instant::now());
            self.drive_locked(&mut core);
        }
    }

    /// Takes something that is ready; nothing follows from it.
    pub(crate) fn take<T>(&self, take: impl FnOnce(&mut Core) -> T) -> T {
        take(&mut self.lock())
    }

    /// Looks at the connection.
    pub(crate) fn look<T>(&self, look: impl FnOnce(&Core) -> T) -> T {
        look(&self.lock())
    }

    pub(crate) fn drive(&self) {
        if let Ok(mut core) = self.core.lock() {
            self.drive_locked(&mut core);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Core> {
        self.core.lock().expect("no holder panics")
    }

    fn tell_router(&self, protocol: &mut tidewire::PeerConnection) {
        let Some(first) = protocol.poll_router_event() else {
            return;
        };
        let mut router = self.router.lock().expect("no holder panics");
        router.handle_event(self.id, first);
        while let Some(event) = protocol.poll_router_event() {
            router.handle_event(self.id, event);
        }
    }

    fn drive_locked(&self, core: &mut Core) {
        self.transmit(core);
        self.tell_router(&mut core.protocol);
        let mut has_events = false;
        while let Some(event) = core.protocol.poll_event() {
            has_events = true;
            self.dispatch(core, event);
        }
        if has_events {
            self.changed.notify_waiters();
        }
        if core.protocol.has_media() {
            self.media_arrived.notify_waiters();
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
            | Event::DataChannelClosing(id) => core.notify(id),
            Event::DataChannelClosed(id) => {
                core.notify(id);
                core.channels.remove(&id);
                core.events.close(id);
            }
            Event::DataChannel(id) => {
                let incoming = Incoming::new(&core.protocol, id);
                if !core.events.push_channel(incoming) {
                    core.protocol.close_data_channel(Instant::now(), id);
                }
            }
            Event::ResolveMdns { name } => self.resolve(name),
            event => core.events.push(event),
        }
    }

    fn resolve(&self, name: String) {
        let connection = Weak::clone(&self.this);
        tokio::spawn(async move {
            let found: Option<IpAddr> = mdns::resolve(&name).await;
            if let (Some(ip), Some(connection)) = (found, connection.upgrade()) {
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
            let most = self.sockets.max_segments();
            let transmit = core
                .protocol
                .poll_transmit(Instant::now(), most, &mut core.sending);
            // A response must not overtake what the router has to know for it.
            self.tell_router(&mut core.protocol);
            let Some(transmit) = transmit else { return };
            if !self.send(core, transmit) {
                return;
            }
        }
    }

    /// Answers whether to go on; otherwise the socket is full and `core` remembers what is left.
    fn send(&self, core: &mut Core, transmit: Transmit) -> bool {
        let Some(socket) = self.sockets.bound_to(transmit.local) else {
            return true;
        };
        match socket.try_send(&transmit, &core.sending) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                core.blocked = Some(transmit);
                false
            }
            Err(error) => {
                // No route, for one. For data that is as good as a loss.
                tracing::debug!(%error, remote = %transmit.remote, "sending failed");
                core.protocol
                    .handle_unreachable(Instant::now(), transmit.local, transmit.remote);
                true
            }
            Ok(()) => true,
        }
    }

    /// Fires the timers and waits for room in sockets, until the connection is closed.
    pub(crate) async fn keep_time(&self) {
        loop {
            match self.next_wait() {
                Wait::Over => break,
                Wait::Room(local) => {
                    if let Some(socket) = self.sockets.bound_to(local) {
                        socket.writable().await;
                    }
                    self.drive();
                }
                Wait::Wake => self.wake.notified().await,
                Wait::Timer(due) => {
                    tokio::select! {
                        () = tokio::time::sleep_until(due.into()) => self.fire_timers(),
                        () = self.wake.notified() => {}
                    }
                }
            }
        }
        self.router
            .lock()
            .expect("no holder panics")
            .remove(self.id);
        for notify in self.lock().channels.values() {
            notify.notify_waiters();
        }
        self.changed.notify_waiters();
        self.media_arrived.notify_waiters();
    }

    fn next_wait(&self) -> Wait {
        let mut core = self.lock();
        let due = core.protocol.poll_timeout();
        core.sleeps_until = due;
        match (&core.blocked, due) {
            (Some(transmit), _) => Wait::Room(transmit.local),
            (None, _) if core.protocol.is_drained() => Wait::Over,
            (None, Some(due)) => Wait::Timer(due),
            (None, None) => Wait::Wake,
        }
    }

    fn fire_timers(&self) {
        self.with(|core, now| {
            if core.protocol.poll_timeout().is_some_and(|due| due <= now) {
                core.protocol.handle_timeout(now);
            }
        });
    }
}

/// What a connection's task waits for.
enum Wait {
    /// Nothing any more.
    Over,
    /// Room in the socket of this address.
    Room(SocketAddr),
    Timer(Instant),
    /// Somebody else's change.
    Wake,
}
