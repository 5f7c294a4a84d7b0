//! The agent: the state machine that the caller drives.

mod checks;
mod commands;
mod paths;
mod requests;
mod responses;
mod selection;

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use tidewire_crypto::Rng;
use tidewire_stun::{Class, Fingerprint, Message, Method, TransactionId};
use tracing::trace;

use crate::candidate::Candidate;
use crate::config::{Config, Role};
use crate::credentials::Credentials;
use crate::event::{Event, Events};
use crate::gather::Gatherer;
use crate::keys::Keys;
use crate::kind::CandidateKind;
use crate::local::LocalCandidates;
use crate::message::{Answer, write_answer, write_check, write_gather, write_keepalive};
use crate::pacer::Pacer;
use crate::pair::PairInfo;
use crate::session::{Path, Previous, Session};
use crate::state::{ConnectionState, GatheringState};
use crate::stats::{DropReason, Stats};
use crate::transaction::{Purpose, Transaction, Transactions};

/// A full ICE agent (RFC 8445) for one component of one stream, with trickle (RFC 8838), consent
/// (RFC 7675) and patience (RFC 8863).
///
/// The caller adds candidates and credentials, hands in what arrives with
/// [`handle_datagram`](Self::handle_datagram), calls [`handle_timeout`](Self::handle_timeout) when
/// [`poll_timeout`](Self::poll_timeout) says so, and after each of these drains
/// [`poll_transmit`](Self::poll_transmit) and [`poll_event`](Self::poll_event). Any order of calls is
/// valid.
///
/// Data may go over [`selected_pair`](Self::selected_pair) as soon as there is one, nominated or not
/// (RFC 8445 section 12.1), and is to be accepted only from paths that
/// [`is_known_path`](Self::is_known_path) knows.
#[derive(Debug)]
pub struct Agent {
    config: Config,
    rng: Rng,
    now: Instant,
    role: Role,
    tie_breaker: u64,
    remote_lite: bool,
    locals: LocalCandidates,
    gatherer: Gatherer,
    session: Session,
    previous: Option<Previous>,
    transactions: Transactions,
    pacer: Pacer,
    outbox: VecDeque<Outgoing>,
    events: Events,
    state: ConnectionState,
    phase: Phase,
    stats: Stats,
    /// What was in use when it was last looked at.
    last_path: Option<Path>,
    next_pair: u32,
    /// A question to a STUN server goes before the next check.
    ask_next: bool,
    deadline: Option<(Timer, Instant)>,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Phase {
    Running,
    /// No pair has worked so far, and hope is given up. A sign of life from the peer revives it.
    Hopeless,
    /// Consent was lost, or the peer checks us but never answers as it should: only new credentials
    /// may be used again (RFC 7675 section 5.1).
    Failed,
    Closed,
}

/// A message that waits to be polled. Its bytes are written then.
#[derive(Clone, Copy, Debug)]
enum Outgoing {
    Request(TransactionId),
    Answer {
        id: TransactionId,
        path: Path,
        answer: Answer,
        generation: u32,
    },
    Keepalive(Path),
}

/// A message that [`Agent::poll_transmit`] has written.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Transmit {
    /// The base to send from: a host candidate's address, or a relayed address.
    pub local: SocketAddr,
    /// Where to send to.
    pub remote: SocketAddr,
    /// The transaction, if the message is a request: its response carries the same id, by which a
    /// socket that several agents share finds the right one.
    pub request: Option<TransactionId>,
}

/// What became of a datagram.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Handled {
    /// A request whose integrity verified. Its source address proves nothing: a request can be
    /// recorded and sent again from anywhere.
    Request,
    /// A response to a check, whose integrity verified: the peer receives on the path it came on.
    Response,
    /// A response of a STUN server; nothing authenticates those.
    ServerResponse,
    /// An indication, which asks for nothing.
    Indication,
    /// It was dropped.
    Dropped(DropReason),
}

impl Handled {
    /// Whether the datagram was authenticated with the credentials of this connection.
    pub const fn is_authenticated(self) -> bool {
        matches!(self, Self::Request | Self::Response)
    }
}

/// The pair that data goes over.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct SelectedPair {
    /// The base to send from.
    pub local: SocketAddr,
    /// The address to send to.
    pub remote: SocketAddr,
    /// The smoothed round-trip time.
    pub rtt: Option<Duration>,
    /// Whether the pair is nominated.
    pub nominated: bool,
}

/// Why [`Agent::poll_timeout`] answers what it does.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
#[non_exhaustive]
pub enum Timer {
    /// A command is to take effect.
    Command,
    /// A check or a question to a STUN server is to begin.
    Pace,
    /// A request is to be repeated or given up.
    Retransmission,
    /// No better pair is waited for any longer.
    Nomination,
    /// A consent request is to be sent.
    ConsentRequest,
    /// Consent goes stale or expires.
    ConsentExpiry,
    /// The generation before the last restart is forgotten.
    Retirement,
    /// A binding at a STUN server is to be refreshed.
    Keepalive,
    /// Nothing works, and it is time to say so.
    Patience,
}

impl Agent {
    /// An agent at the time `now`. `rng` is its own.
    pub fn new(config: Config, mut rng: Rng, now: Instant) -> Self {
        let credentials = config.credentials.clone();
        let credentials = credentials.unwrap_or_else(|| Credentials::generate(&mut rng));
        let keys = Keys::new(config.crypto.clone(), credentials);
        Self {
            role: config.role,
            tie_breaker: rng.next_u64(),
            pacer: Pacer::new(config.timing.check_interval, config.timing.urgent_burst),
            config,
            rng,
            now,
            remote_lite: false,
            locals: LocalCandidates::default(),
            gatherer: Gatherer::default(),
            session: Session::new(0, keys),
            previous: None,
            transactions: Transactions::default(),
            outbox: VecDeque::new(),
            events: Events::default(),
            state: ConnectionState::New,
            phase: Phase::Running,
            stats: Stats::default(),
            last_path: None,
            next_pair: 0,
            ask_next: false,
            deadline: None,
        }
    }

    /// Takes a datagram that came from `remote` to the base `local`.
    pub fn handle_datagram(
        &mut self,
        now: Instant,
        local: SocketAddr,
        remote: SocketAddr,
        packet: &[u8],
    ) -> Handled {
        self.now = self.now.max(now);
        let handled = self.handle_message((local, remote), packet);
        match handled {
            Ok(handled) => {
                self.update();
                handled
            }
            Err(reason) => {
                trace!(?reason, "datagram dropped");
                self.stats.dropped.count(reason);
                Handled::Dropped(reason)
            }
        }
    }

    fn handle_message(&mut self, path: Path, packet: &[u8]) -> Result<Handled, DropReason> {
        if !matches!(self.phase, Phase::Running | Phase::Hopeless) {
            return Err(DropReason::NotRunning);
        }
        let message = Message::parse(packet).map_err(|_| DropReason::Malformed)?;
        if message.fingerprint() == Fingerprint::Wrong {
            return Err(DropReason::WrongFingerprint);
        }
        if message.method() != Method::BINDING {
            return Err(DropReason::UnexpectedMethod);
        }
        match message.class() {
            Class::Request => self.handle_request(path, &message),
            Class::SuccessResponse | Class::ErrorResponse => self.handle_response(path, &message),
            Class::Indication => Ok(Handled::Indication),
        }
    }

    /// Does what is due at `now`.
    pub fn handle_timeout(&mut self, now: Instant) {
        self.now = self.now.max(now);
        if self.deadline.is_some_and(|(_, at)| at <= self.now) {
            self.update();
        }
    }

    /// Appends the next message to `out`, one datagram a call.
    pub fn poll_transmit(&mut self, now: Instant, out: &mut Vec<u8>) -> Option<Transmit> {
        self.handle_timeout(now);
        while let Some(outgoing) = self.outbox.pop_front() {
            let start = out.len();
            let written = match outgoing {
                Outgoing::Request(id) => self.write_request(id, out),
                Outgoing::Answer {
                    id,
                    path,
                    answer,
                    generation,
                } => self.write_answer(id, path, answer, generation, out),
                Outgoing::Keepalive(path) => self.write_keepalive(path, out),
            };
            if written.is_some() {
                return written;
            }
            out.truncate(start);
        }
        None
    }

    fn write_request(&mut self, id: TransactionId, out: &mut Vec<u8>) -> Option<Transmit> {
        let transaction = self.transactions.get_mut(id)?;
        transaction.queued = false;
        let transaction: &Transaction = transaction;
        let (keys, nominate) = match transaction.purpose {
            Purpose::Gather => (None, false),
            Purpose::Check { nominate, .. } | Purpose::Consent { nominate, .. } => {
                (Some(&self.session.keys), nominate)
            }
            Purpose::PreviousConsent => (Some(&self.previous.as_ref()?.keys), false),
        };
        let written = match keys {
            None => write_gather(out, id),
            Some(keys) => {
                let priority = self.locals.base(transaction.base)?.check_priority();
                write_check(out, transaction, keys.outgoing()?, priority, nominate)
            }
        };
        written.then_some(Transmit {
            local: transaction.base,
            remote: transaction.remote,
            request: Some(id),
        })
    }

    fn write_answer(
        &mut self,
        id: TransactionId,
        (local, remote): Path,
        answer: Answer,
        generation: u32,
        out: &mut Vec<u8>,
    ) -> Option<Transmit> {
        let previous = self.previous.as_ref();
        let keys = if generation == self.session.generation {
            &self.session.keys
        } else {
            &previous
                .filter(|previous| previous.generation == generation)?
                .keys
        };
        write_answer(out, id, answer, keys.local_key()).then_some(Transmit {
            local,
            remote,
            request: None,
        })
    }

    fn write_keepalive(&mut self, (local, remote): Path, out: &mut Vec<u8>) -> Option<Transmit> {
        let id = TransactionId(self.rng.array());
        write_keepalive(out, id).then_some(Transmit {
            local,
            remote,
            request: None,
        })
    }

    /// The next event.
    pub fn poll_event(&mut self) -> Option<Event> {
        self.events.pop()
    }

    /// When [`handle_timeout`](Self::handle_timeout) is to be called next; `None` while idle. A time
    /// in the past means at once.
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.deadline.map(|(_, at)| at)
    }

    /// Why there is a timeout, and when.
    pub fn next_timer(&self) -> Option<(Timer, Instant)> {
        self.deadline
    }

    /// The credentials to tell the peer.
    pub fn local_credentials(&self) -> &Credentials {
        self.session.keys.local()
    }

    /// The credentials that the peer told.
    pub fn remote_credentials(&self) -> Option<&Credentials> {
        self.session.keys.remote()
    }

    /// The present role; a conflict may change it.
    pub fn role(&self) -> Role {
        self.role
    }

    /// The state of the connection.
    pub fn state(&self) -> ConnectionState {
        self.state
    }

    /// The state of gathering.
    pub fn gathering_state(&self) -> GatheringState {
        self.gatherer.state(self.is_asking())
    }

    /// The local candidates; those that checks revealed are among them.
    pub fn local_candidates(&self) -> impl Iterator<Item = &Candidate> {
        self.locals.iter().map(|local| &local.candidate)
    }

    /// The remote candidates; those that checks revealed are among them, and names not yet resolved.
    pub fn remote_candidates(&self) -> impl Iterator<Item = &Candidate> {
        self.session.remotes.iter()
    }

    /// The pairs of the present generation, best first.
    pub fn pairs(&self) -> impl Iterator<Item = PairInfo> + '_ {
        let selected = self.session.selected.map(|selected| selected.pair);
        let pairs = self.session.checklist.pairs().iter();
        pairs.map(move |pair| pair.info(selected == Some(pair.id)))
    }

    /// The counters.
    pub fn stats(&self) -> Stats {
        self.stats
    }

    /// How an address is known that the peer saw `base` come from; unknown ones become peer-reflexive
    /// candidates (RFC 8445 section 7.2.5.3.1).
    fn learn_mapped(&mut self, mapped: SocketAddr, base: SocketAddr) -> CandidateKind {
        if let Some(kind) = self.locals.kind_of(mapped, base) {
            return kind;
        }
        let candidate = Candidate::peer_reflexive(mapped, 0);
        let limit = self.config.limits.local_candidates;
        self.locals.add_reflexive(candidate, base, None, limit);
        CandidateKind::PeerReflexive
    }

    fn previous_in_use(&self) -> Option<&Previous> {
        self.previous
            .as_ref()
            .filter(|previous| previous.is_in_use())
    }

    fn is_asking(&self) -> bool {
        self.transactions
            .any(|known| known.purpose == Purpose::Gather)
    }
}
