//! UDP sockets with batches: several datagrams a system call, both ways.

use std::io::{self, IoSliceMut};
use std::net::SocketAddr;

use bytes::BytesMut;
use quinn_udp::{RecvMeta, UdpSockRef, UdpSocketState};
use tidewire::{Datagram, Ecn, Transmit};
use tokio::io::Interest;
use tokio::net::UdpSocket;

/// Datagrams, or runs of them that the kernel joined, that are received at once.
const BATCH: usize = 8;
/// The longest run that the kernel joins.
const BUFFER: usize = 65_536;
/// Datagrams in flight between the kernel and us, in bytes: as much as the system grants.
const KERNEL_BUFFER: usize = 4 << 20;
/// What received datagrams are carved from.
const ARENA: usize = 1 << 20;

/// A socket bound to one local address.
#[derive(Debug)]
pub(crate) struct Socket {
    socket: UdpSocket,
    state: UdpSocketState,
    address: SocketAddr,
}

/// An address to bind.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wanted {
    pub(crate) address: SocketAddr,
    /// The caller named it; otherwise it is one among the interfaces'.
    pub(crate) is_named: bool,
}

/// The sockets of an endpoint.
#[derive(Debug)]
pub(crate) struct Sockets(Vec<Socket>);

/// Where a socket's datagrams land. One of them serves for the socket's whole life.
pub(crate) struct ReceiveBuffers {
    raw: Vec<u8>,
    meta: [RecvMeta; BATCH],
    arena: BytesMut,
}

impl Sockets {
    /// Binds all that were named, and what can be bound of the rest: an interface may be about to come
    /// or go.
    pub(crate) fn bind(addresses: &[Wanted]) -> io::Result<Self> {
        let mut sockets = Vec::new();
        let nothing = "no interface has an address that can be bound";
        let mut refusal = io::Error::new(io::ErrorKind::AddrNotAvailable, nothing);
        for Wanted { address, is_named } in addresses {
            match Socket::bind(*address) {
                Ok(socket) => sockets.push(socket),
                Err(error) if *is_named => return Err(error),
                Err(error) => {
                    tracing::debug!(%address, %error, "an interface's address is left out");
                    refusal = error;
                }
            }
        }
        if sockets.is_empty() {
            return Err(refusal);
        }
        Ok(Self(sockets))
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Socket> {
        self.0.iter()
    }

    pub(crate) fn bound_to(&self, address: SocketAddr) -> Option<&Socket> {
        self.iter().find(|socket| socket.address == address)
    }

    /// How many datagrams every socket takes at once.
    pub(crate) fn max_segments(&self) -> usize {
        let each = self.iter().map(Socket::max_segments);
        each.min().unwrap_or(1)
    }
}

impl Socket {
    fn bind(address: SocketAddr) -> io::Result<Self> {
        let socket = std::net::UdpSocket::bind(address)?;
        socket.set_nonblocking(true)?;
        let state = UdpSocketState::new(UdpSockRef::from(&socket))?;
        // The system may grant less; that costs speed only.
        let _ = state.set_recv_buffer_size(UdpSockRef::from(&socket), KERNEL_BUFFER);
        let _ = state.set_send_buffer_size(UdpSockRef::from(&socket), KERNEL_BUFFER);
        let address = socket.local_addr()?;
        Ok(Self {
            socket: UdpSocket::from_std(socket)?,
            state,
            address,
        })
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// How many datagrams one call of [`try_send`](Self::try_send) takes.
    fn max_segments(&self) -> usize {
        self.state.max_gso_segments()
    }

    pub(crate) async fn writable(&self) {
        // An error shows itself at the next attempt to send.
        let _ = self.socket.writable().await;
    }

    /// Sends what `transmit` describes.
    pub(crate) fn try_send(&self, transmit: &Transmit, contents: &[u8]) -> io::Result<()> {
        let transmit = quinn_udp::Transmit {
            destination: transmit.remote,
            ecn: transmit.ecn.map(to_quinn),
            contents,
            segment_size: transmit.segment_size,
            src_ip: None,
        };
        self.socket.try_io(Interest::WRITABLE, || {
            self.state
                .try_send(UdpSockRef::from(&self.socket), &transmit)
        })
    }

    /// Waits for datagrams and hands each to `take`.
    pub(crate) async fn receive(
        &self,
        buffers: &mut ReceiveBuffers,
        mut take: impl FnMut(Datagram),
    ) -> io::Result<()> {
        let count = self
            .socket
            .async_io(Interest::READABLE, || {
                let mut slices = buffers.raw.chunks_mut(BUFFER).map(IoSliceMut::new);
                let mut slices: [IoSliceMut<'_>; BATCH] =
                    std::array::from_fn(|_| slices.next().expect("a buffer for each of a batch"));
                self.state.recv(
                    UdpSockRef::from(&self.socket),
                    &mut slices,
                    &mut buffers.meta,
                )
            })
            .await?;
        let runs = buffers.raw.chunks(BUFFER).zip(&buffers.meta).take(count);
        for (run, meta) in runs {
            for datagram in run[..meta.len].chunks(meta.stride.max(1)) {
                // The arena is used again when nobody holds a part of it any more.
                buffers.arena.reserve(datagram.len());
                buffers.arena.extend_from_slice(datagram);
                take(Datagram {
                    local: self.address,
                    remote: unmapped(meta.addr),
                    ecn: meta.ecn.map(from_quinn),
                    data: buffers.arena.split(),
                });
            }
        }
        if buffers.arena.capacity() < BUFFER {
            buffers.arena.reserve(ARENA);
        }
        Ok(())
    }
}

impl ReceiveBuffers {
    pub(crate) fn new() -> Self {
        Self {
            raw: vec![0; BATCH * BUFFER],
            meta: [RecvMeta::default(); BATCH],
            arena: BytesMut::with_capacity(ARENA),
        }
    }
}

/// IPv4 as IPv4, however the socket writes it.
fn unmapped(address: SocketAddr) -> SocketAddr {
    SocketAddr::new(address.ip().to_canonical(), address.port())
}

fn to_quinn(ecn: Ecn) -> quinn_udp::EcnCodepoint {
    match ecn {
        Ecn::Ect0 => quinn_udp::EcnCodepoint::Ect0,
        Ecn::Ect1 => quinn_udp::EcnCodepoint::Ect1,
        Ecn::Ce => quinn_udp::EcnCodepoint::Ce,
    }
}

fn from_quinn(ecn: quinn_udp::EcnCodepoint) -> Ecn {
    match ecn {
        quinn_udp::EcnCodepoint::Ect0 => Ecn::Ect0,
        quinn_udp::EcnCodepoint::Ect1 => Ecn::Ect1,
        quinn_udp::EcnCodepoint::Ce => Ecn::Ce,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(address: &str, is_named: bool) -> Wanted {
        Wanted {
            address: address.parse().expect("an address"),
            is_named,
        }
    }

    #[tokio::test]
    async fn an_interface_that_cannot_be_bound_is_left_out_unless_it_was_named() {
        // Nobody has an address for documentation.
        let (here, nowhere) = (wanted("127.0.0.1:0", false), "192.0.2.1:0");
        let bound = Sockets::bind(&[wanted(nowhere, false), here]).expect("one is left");
        assert_eq!(bound.iter().count(), 1);
        assert!(Sockets::bind(&[wanted(nowhere, true), here]).is_err());
        assert!(Sockets::bind(&[wanted(nowhere, false)]).is_err());
        assert!(Sockets::bind(&[]).is_err());
    }
}
