//! One connection with the runner.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::BytesMut;
use tidewire_crypto::Rng;
use tidewire_dtls::{CloseReason, Connection, Event, Info, ProtocolVersion};

use crate::clock::{Clock, TICK};
use crate::options::{MAX_TIMEOUT, Options};
use crate::wire::{Said, Wire};

/// So many flights in a row that nothing comes back for are the end, as in BoringSSL.
const MAX_TIMEOUTS: u32 = 13;
/// How much later than asked for a timer may expire: the clock moves with each datagram.
const TOLERANCE: Duration = Duration::from_millis(100);
/// Waits that are longer than any flight's are the whole handshake's.
const NONE: Duration = MAX_TIMEOUT.saturating_add(TOLERANCE);

struct Session<'a> {
    options: &'a Options,
    connection: Connection,
    wire: Wire,
    clock: Clock,
    initial_timeout: Duration,
    is_connected: bool,
    repeats_at_once: bool,
    has_retried: bool,
    /// How many flights in a row nothing has come back for.
    unanswered: u32,
}

/// # Errors
/// What is not as the flags want it, or why the handshake failed.
pub(crate) fn run(options: &Options) -> Result<(), String> {
    let clock = Clock::new();
    let connection = Connection::new(
        Arc::new(options.config.clone()),
        options.role,
        Vec::new(),
        Rng::from_u64(options.shim_id + 2),
        clock.now(),
    )
    .map_err(|error| error.to_string())?;
    let wire = Wire::connect(options).map_err(|error| error.to_string())?;
    let mut session = Session {
        options,
        connection,
        wire,
        clock,
        initial_timeout: options.initial_timeout,
        is_connected: false,
        repeats_at_once: false,
        has_retried: false,
        unanswered: 0,
    };
    let outcome = session.converse();
    // A farewell may still be there.
    let sent = session.send();
    session.wire.close();
    outcome.and(sent)
}

impl Session<'_> {
    fn converse(&mut self) -> Result<(), String> {
        loop {
            self.act()?;
            if self.connection.close_reason().is_some() {
                return self.end();
            }
            let said = self.wire.read().map_err(|error| error.to_string())?;
            match said {
                Said::Datagram(datagram) => {
                    // What crosses in one moment is not repeated, but for the last flight of DTLS 1.2,
                    // which nothing else than its repetition asks for.
                    if self.repeats_at_once {
                        self.clock.advance(TICK);
                    }
                    self.unanswered = 0;
                    self.connection
                        .handle_datagram(self.clock.now(), BytesMut::from(&datagram[..]));
                }
                Said::TimePasses(by) => {
                    self.wire
                        .confirm_time()
                        .map_err(|error| error.to_string())?;
                    self.clock.advance(by);
                    let before = self.connection.stats().flights_retransmitted;
                    self.connection.handle_timeout(self.clock.now());
                    if self.connection.stats().flights_retransmitted > before {
                        self.unanswered += 1;
                    }
                    if self.unanswered == MAX_TIMEOUTS {
                        return Err("given up waiting".to_owned());
                    }
                }
                Said::Mtu(mtu) => self.connection.set_mtu(mtu),
                Said::ExpectTimeout(expected) => self.expect_timeout(expected)?,
                Said::InitialTimeout(timeout) => self.initial_timeout = timeout,
                Said::End if self.options.checks_close_notify => {
                    return Err("the stream ended without a close_notify".to_owned());
                }
                Said::End if self.is_connected => {
                    self.connection.close(self.clock.now());
                    return Ok(());
                }
                Said::End => return Err("the stream ended in the handshake".to_owned()),
            }
        }
    }

    /// Does all that there is to do.
    fn act(&mut self) -> Result<(), String> {
        // The round trip time that has flights wait as long as the runner wants them to.
        self.connection.set_rtt((self.initial_timeout - TICK) / 2);
        while let Some(event) = self.connection.poll_event() {
            if let Event::Connected(info) = event {
                self.send()?;
                self.connected(&info)?;
            }
        }
        self.send()?;
        while let Some(data) = self.connection.poll_data() {
            let answer: Vec<u8> = data.iter().map(|byte| !byte).collect();
            if !answer.is_empty() {
                self.write(&answer)?;
            }
            if self.options.updates_keys {
                self.update_keys()?;
                self.send()?;
            }
        }
        self.send()
    }

    fn connected(&mut self, info: &Info) -> Result<(), String> {
        self.is_connected = true;
        self.repeats_at_once = info.version == ProtocolVersion::DTLS_1_2;
        let options = self.options;
        if options.expect_alpn.is_some() && options.expect_alpn != info.alpn_protocol {
            return Err(format!("ALPN settled on {:?}", info.alpn_protocol));
        }
        let has_retried = self.has_retried && info.version == ProtocolVersion::DTLS_1_3;
        if options
            .expect_retry
            .is_some_and(|expected| expected != has_retried)
        {
            return Err("a retry was expected, or was not".to_owned());
        }
        if options.expect_no_peer_certificate && info.peer_certificate.is_some() {
            return Err("the peer has shown a certificate".to_owned());
        }
        if let Some(export) = &options.export {
            let mut material = vec![0; export.len];
            self.connection
                .export_keying_material(&export.label, export.context.as_deref(), &mut material)
                .map_err(|error| error.to_string())?;
            self.write(&material)?;
        }
        if options.writes_first {
            self.write(&options.initial_write)?;
        }
        if options.updates_keys {
            self.update_keys()?;
        }
        if options.shuts_down {
            self.connection.close(self.clock.now());
        }
        Ok(())
    }

    fn update_keys(&mut self) -> Result<(), String> {
        let is_possible = self.connection.update_keys(false);
        is_possible
            .then_some(())
            .ok_or_else(|| "there are no more keys".to_owned())
    }

    fn write(&mut self, data: &[u8]) -> Result<(), String> {
        let mut record = vec![0; self.connection.record_overhead().header];
        record.extend_from_slice(data);
        self.connection
            .seal(0, &mut record)
            .map_err(|error| error.to_string())?;
        self.wire.send(&record).map_err(|error| error.to_string())
    }

    fn send(&mut self) -> Result<(), String> {
        let mut datagram = Vec::new();
        while self
            .connection
            .poll_transmit(self.clock.now(), &mut datagram)
        {
            self.has_retried |= is_second_hello(&datagram);
            self.wire
                .send(&datagram)
                .map_err(|error: io::Error| error.to_string())?;
            datagram.clear();
        }
        Ok(())
    }

    fn expect_timeout(&self, expected: Option<Duration>) -> Result<(), String> {
        let deadline = self.connection.poll_timeout();
        let wait = deadline
            .map(|deadline| deadline.saturating_duration_since(self.clock.now()))
            .filter(|wait| *wait <= NONE);
        let is_right = match (wait, expected) {
            (Some(wait), Some(expected)) => wait <= expected && expected - wait <= TOLERANCE,
            (wait, expected) => wait == expected,
        };
        is_right
            .then_some(())
            .ok_or_else(|| format!("the next timeout is {wait:?} and not {expected:?}"))
    }

    fn end(&mut self) -> Result<(), String> {
        match self.connection.close_reason() {
            Some(CloseReason::Local | CloseReason::Peer) if self.is_connected => Ok(()),
            Some(reason) => Err(format!("{reason:?}")),
            None => Ok(()),
        }
    }
}

/// Whether a datagram of ours begins with a hello that is not the first.
fn is_second_hello(datagram: &[u8]) -> bool {
    const MESSAGE: usize = 13;
    let is_clear_handshake = datagram.first() == Some(&22) && datagram.get(3..5) == Some(&[0, 0]);
    let sequence = datagram.get(MESSAGE + 4..MESSAGE + 6);
    is_clear_handshake
        && datagram
            .get(MESSAGE)
            .is_some_and(|kind| [1, 2].contains(kind))
        && sequence == Some(&[0, 1])
}
