//! The part of PeerConnection that its caller drives: datagrams, timers, events.

use std::net::SocketAddr;
use std::time::Instant;

use bytes::BytesMut;
use tidewire_dtls as dtls;
use tidewire_ice as ice;
use tidewire_stun as stun;

use super::{Closing, DATA, DtlsPhase, PeerConnection};
use crate::datagram::{Datagram, PacketKind, Transmit};
use crate::event::Event;
use crate::router::RouterEvent;
use crate::transport::Transport;

/// Bytes that are handed out at once. The system cuts a batch into datagrams itself, and takes none
/// that is longer than one datagram may be: 65 535 bytes less the headers of IPv4 and UDP.
const MAX_BATCH: usize = 65_507;

impl PeerConnection {
    /// Takes a datagram that one of the caller's sockets received.
    ///
    /// What is no use is dropped and counted in [`stats`](Self::stats). A datagram that belongs to
    /// a description which has not arrived yet is kept, within a bound.
    pub fn handle_datagram(&mut self, now: Instant, datagram: Datagram) {
        let now = self.advance(now);
        self.stats.datagrams_received += 1;
        self.stats.bytes_received += datagram.data.len() as u64;
        if self.closing != Closing::Open {
            self.stats.dropped.closed += 1;
            return;
        }
        self.demultiplex(now, datagram);
        self.progress(now);
    }

    /// Fires the timers that are due at `now`.
    pub fn handle_timeout(&mut self, now: Instant) {
        let now = self.advance(now);
        for transport in &mut self.transports {
            transport.handle_timeout(now);
        }
        if self.channels.poll_timeout().is_some_and(|due| due <= now) {
            self.channels.handle_timeout(now);
        }
        self.media.handle_timeout(now);
        self.progress(now);
    }

    /// Takes notice that the socket at `local` could not send to `remote`: there is no route, or a
    /// firewall refuses. Checks on that path fail at once instead of by their timers; for
    /// everything else it is as good as a loss.
    pub fn handle_unreachable(&mut self, now: Instant, local: SocketAddr, remote: SocketAddr) {
        let now = self.advance(now);
        if self.closing != Closing::Open {
            return;
        }
        for transport in &mut self.transports {
            transport.agent.handle_unreachable(now, local, remote);
        }
        self.progress(now);
    }

    /// When [`handle_timeout`](Self::handle_timeout) is next to be called; `None` when nothing is
    /// waited for. Ask again after every other call.
    pub fn poll_timeout(&self) -> Option<Instant> {
        if self.closing == Closing::Closed {
            return None;
        }
        let transports = self.transports.iter().filter_map(Transport::poll_timeout);
        // Without keys or a path nothing can leave, however long it is due.
        let can_send = self.closing == Closing::Open
            && self.srtp.is_some()
            && self.transports[DATA].path().is_some();
        let media = can_send
            .then(|| self.media.poll_timeout(self.now))
            .flatten();
        transports
            .chain(self.channels.poll_timeout())
            .chain(media)
            .min()
    }

    /// Appends what is to be sent next to `buf` and tells where it goes; `None` when there is
    /// nothing to send for now.
    ///
    /// At most `max_segments` datagrams are appended, and 65 507 bytes, which is as much as segmentation
    /// offload takes; more than one datagram only when all but the last are equally long, as
    /// [`Transmit::segment_size`] describes. Call until it answers `None`.
    pub fn poll_transmit(
        &mut self,
        now: Instant,
        max_segments: usize,
        buf: &mut Vec<u8>,
    ) -> Option<Transmit> {
        let now = self.advance(now);
        let start = buf.len();
        let transmit = self.write_next(now, max_segments.max(1), buf)?;
        let len = buf.len() - start;
        let segment = transmit.segment_size.unwrap_or(len);
        self.stats.datagrams_sent += len.div_ceil(segment.max(1)) as u64;
        self.stats.bytes_sent += len as u64;
        Some(transmit)
    }

    /// What happened since the last call, oldest first.
    pub fn poll_event(&mut self) -> Option<Event> {
        self.events.pop().or_else(|| self.next_channel_event())
    }

    /// What a [`Router`](crate::Router) has to know, oldest first.
    pub fn poll_router_event(&mut self) -> Option<RouterEvent> {
        self.router_events.pop()
    }

    /// Clamps a clock that goes backwards.
    pub(super) fn advance(&mut self, now: Instant) -> Instant {
        self.now = self.now.max(now);
        self.now
    }

    fn demultiplex(&mut self, now: Instant, datagram: Datagram) {
        match PacketKind::of(&datagram.data) {
            PacketKind::Stun => self.handle_stun(now, datagram),
            PacketKind::Dtls => self.handle_dtls(now, datagram),
            PacketKind::Srtp => self.handle_srtp(now, datagram),
            PacketKind::TurnChannel => self.stats.dropped.unexpected_protocol += 1,
            PacketKind::Unknown => self.stats.dropped.unknown_protocol += 1,
        }
    }

    fn handle_stun(&mut self, now: Instant, datagram: Datagram) {
        if self.names_pending_credentials(&datagram.data) {
            self.keep_early(datagram);
            return;
        }
        let Datagram {
            local,
            remote,
            data,
            ..
        } = datagram;
        let handled = self.transports[DATA]
            .agent
            .handle_datagram(now, local, remote, &data);
        // Each time: another connection may have taken the path over in between.
        match handled {
            ice::Handled::Request => self
                .router_events
                .push(RouterEvent::PathClaimed { local, remote }),
            ice::Handled::Response => self
                .router_events
                .push(RouterEvent::PathVerified { local, remote }),
            _ => {}
        }
    }

    /// Whether a check is for credentials that an offer of ours announced and that come into use
    /// with the answer.
    fn names_pending_credentials(&self, data: &[u8]) -> bool {
        let Some(pending) = &self.negotiation.pending_local else {
            return false;
        };
        if pending.credentials == *self.transports[DATA].agent.local_credentials() {
            return false;
        }
        let Ok(message) = stun::Message::parse(data) else {
            return false;
        };
        message
            .username()
            .and_then(|username| username.split(':').next())
            .is_some_and(|ufrag| ufrag == pending.credentials.ufrag)
    }

    fn handle_dtls(&mut self, now: Instant, datagram: Datagram) {
        let transport = &mut self.transports[DATA];
        if transport.awaits_description() {
            self.keep_early(datagram);
            return;
        }
        let path = (datagram.local, datagram.remote);
        if transport.handle_received(now, path, datagram.data.len()) {
            transport.handle_dtls(now, datagram.data);
            self.read_dtls(now);
        } else {
            self.stats.dropped.unknown_path += 1;
        }
    }

    pub(super) fn keep_early(&mut self, datagram: Datagram) {
        if !self.early.push(datagram) {
            self.stats.dropped.early_overflow += 1;
        }
    }

    /// Handles what came too early, now that its description is here.
    pub(super) fn replay_early(&mut self, now: Instant) {
        for datagram in self.early.take() {
            self.demultiplex(now, datagram);
        }
    }

    /// Hands what DTLS decrypted to SCTP.
    fn read_dtls(&mut self, now: Instant) {
        while let Some(packet) = self.transports[DATA].poll_data() {
            self.channels.handle_packet(now, packet);
        }
    }

    fn write_next(
        &mut self,
        now: Instant,
        max_segments: usize,
        buf: &mut Vec<u8>,
    ) -> Option<Transmit> {
        match self.closing {
            Closing::Open => {}
            Closing::Flushing => return self.write_last_words(now, max_segments, buf),
            Closing::Closed => return None,
        }
        if let Some(transmit) = self.write_check(now, buf) {
            return Some(transmit);
        }
        let start = buf.len();
        let path = self.transports[DATA].path()?;
        let segment_size = if self.transports[DATA].write_handshake(now, buf) {
            None
        } else {
            self.write_data(now, max_segments, buf)?
        };
        Some(self.transmit(now, path, segment_size, buf.len() - start))
    }

    /// Tells where what was written goes, and counts it.
    fn transmit(
        &mut self,
        now: Instant,
        (local, remote): (SocketAddr, SocketAddr),
        segment_size: Option<usize>,
        len: usize,
    ) -> Transmit {
        self.transports[DATA].handle_sent(now, (local, remote), segment_size, len);
        Transmit {
            local,
            remote,
            ecn: None,
            segment_size,
        }
    }

    /// What the association has left to say, then DTLS's goodbye, if there is a way to say it.
    fn write_last_words(
        &mut self,
        now: Instant,
        max_segments: usize,
        buf: &mut Vec<u8>,
    ) -> Option<Transmit> {
        let start = buf.len();
        let path = self.transports[DATA].path();
        let data = path.and_then(|_| self.write_data(now, max_segments, buf));
        let segment_size = match data {
            Some(segment_size) => segment_size,
            None => {
                self.closing = Closing::Closed;
                let dtls = self.transports[DATA].dtls_mut()?;
                dtls.close(now);
                path.filter(|_| dtls.poll_transmit(now, buf))?;
                None
            }
        };
        Some(self.transmit(now, path?, segment_size, buf.len() - start))
    }

    fn write_check(&mut self, now: Instant, buf: &mut Vec<u8>) -> Option<Transmit> {
        let sent = self.transports[DATA].agent.poll_transmit(now, buf)?;
        if let Some(transaction) = sent.request {
            self.router_events
                .push(RouterEvent::TransactionStarted(transaction.0));
        }
        Some(Transmit {
            local: sent.local,
            remote: sent.remote,
            ecn: None,
            segment_size: None,
        })
    }

    /// Appends a batch of packets of media and data, encrypted; `Some(segment_size)` when there was any.
    #[expect(
        clippy::option_option,
        reason = "the inner one is the field of Transmit"
    )]
    fn write_data(
        &mut self,
        now: Instant,
        max_segments: usize,
        buf: &mut Vec<u8>,
    ) -> Option<Option<usize>> {
        if self.dtls_state != DtlsPhase::Connected {
            return None;
        }
        let start = buf.len();
        let mut segment = 0;
        let mut segments = 0;
        while segments < max_segments && buf.len() - start + segment <= MAX_BATCH {
            let packet = buf.len();
            let written = if self.held_back.is_empty() {
                self.write_media(now, buf) || self.write_record(now, buf)
            } else {
                buf.append(&mut self.held_back);
                true
            };
            if !written {
                buf.truncate(packet);
                break;
            }
            let len = buf.len() - packet;
            if segments > 0 && len > segment {
                // It cannot be cut from this batch: it begins the next.
                self.held_back.extend_from_slice(&buf[packet..]);
                buf.truncate(packet);
                break;
            }
            segments += 1;
            if segments == 1 {
                segment = len;
            } else if len < segment {
                break;
            }
        }
        if buf.len() == start {
            return None;
        }
        Some((segments > 1).then_some(segment))
    }

    /// Appends an SCTP packet, encrypted.
    fn write_record(&mut self, now: Instant, buf: &mut Vec<u8>) -> bool {
        let Some(dtls) = self.transports[DATA].dtls_mut() else {
            return false;
        };
        let start = buf.len();
        buf.resize(start + dtls.record_overhead().header, 0);
        self.channels.poll_transmit(now, buf) && dtls.seal(start, buf).is_ok()
    }

    /// Carries everything as far as it goes without input: ICE's findings to DTLS, DTLS's to SCTP,
    /// and everybody's to the events.
    pub(super) fn progress(&mut self, now: Instant) {
        if self.closing != Closing::Open {
            return;
        }
        self.collect_ice_events(now);
        self.transports[DATA].start_dtls_if_ready(now);
        self.collect_dtls_events(now);
        self.collect_media_events();
        self.update_connection_state();
    }

    fn collect_dtls_events(&mut self, now: Instant) {
        while let Some(event) = self.transports[DATA].poll_dtls_event(now) {
            match event {
                dtls::Event::Connected(_) => self.start_association(now),
                dtls::Event::Closed(reason) => self.end_association(now, reason),
                _ => {}
            }
        }
        self.read_dtls(now);
    }
}

/// A datagram in the form that [`PeerConnection::handle_datagram`] takes, from a borrowed one.
impl Datagram {
    /// Copies `data`, for callers without a pool of buffers.
    pub fn copied(local: SocketAddr, remote: SocketAddr, data: &[u8]) -> Self {
        Self {
            local,
            remote,
            ecn: None,
            data: BytesMut::from(data),
        }
    }
}
