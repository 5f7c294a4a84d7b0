//! What belongs to one ICE generation, from one restart to the next: RFC 8445 section 9.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use crate::checklist::Checklist;
use crate::consent::Consent;
use crate::keys::Keys;
use crate::message::Request;
use crate::pair::PairId;
use crate::remote::RemoteCandidates;

/// A way that data goes: from a base to a remote address.
pub(crate) type Path = (SocketAddr, SocketAddr);

/// One ICE generation.
#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) generation: u32,
    pub(crate) keys: Keys,
    pub(crate) remotes: RemoteCandidates,
    pub(crate) checklist: Checklist,
    /// Requests from before the peer's credentials were known: RFC 8445 section 7.3.
    pub(crate) early: Vec<Early>,
    pub(crate) selected: Option<Selected>,
    /// The pair whose nominating check is under way.
    pub(crate) nominating: Option<PairId>,
    /// When the first pair became valid.
    pub(crate) first_valid: Option<Instant>,
    /// Since when there is nothing new to hope for: RFC 8863 section 4.
    pub(crate) patience_from: Option<Instant>,
    /// The first check may leave ahead of the pace.
    pub(crate) checks_started: bool,
}

impl Session {
    pub(crate) fn new(generation: u32, keys: Keys) -> Self {
        Self {
            generation,
            keys,
            remotes: RemoteCandidates::default(),
            checklist: Checklist::default(),
            early: Vec::new(),
            selected: None,
            nominating: None,
            first_valid: None,
            patience_from: None,
            checks_started: false,
        }
    }

    /// Whether a valid request or response came this way.
    pub(crate) fn knows_path(&self, (base, remote): Path) -> bool {
        let pair = self.checklist.find(base, remote);
        pair.is_some_and(|pair| pair.heard.is_some() || pair.is_valid())
            || self.early.iter().any(|early| early.path == (base, remote))
    }

    /// Forgets everything about the peer but its credentials.
    pub(crate) fn forget_peer(&mut self) {
        self.remotes = RemoteCandidates::default();
        self.checklist = Checklist::default();
        self.selected = None;
        self.nominating = None;
        self.first_valid = None;
        self.checks_started = false;
    }

    /// What outlives a restart until the next generation has a pair: RFC 8445 section 9.
    pub(crate) fn retire(self) -> Option<Previous> {
        let selected = self.selected?;
        let heard = self.checklist.pairs().iter();
        let heard = heard.filter(|pair| pair.heard.is_some() || pair.is_valid());
        let rtt = self.checklist.get(selected.pair).and_then(|pair| pair.rtt);
        Some(Previous {
            paths: heard
                .map(|pair| (pair.local.address, pair.remote.address))
                .collect(),
            generation: self.generation,
            keys: self.keys,
            path: selected.path,
            consent: selected.consent,
            nominated: selected.nominated,
            rtt,
            retired: None,
        })
    }
}

/// A request from before the peer's credentials were known.
#[derive(Clone, Debug)]
pub(crate) struct Early {
    pub(crate) path: Path,
    /// The sender's user name fragment, as the request tells it.
    pub(crate) ufrag: String,
    pub(crate) request: Request,
}

/// The pair that data goes over.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Selected {
    pub(crate) pair: PairId,
    pub(crate) path: Path,
    pub(crate) consent: Consent,
    pub(crate) nominated: bool,
}

/// A generation that a restart has ended; its pair is used until there is a new one.
#[derive(Debug)]
pub(crate) struct Previous {
    pub(crate) generation: u32,
    pub(crate) keys: Keys,
    pub(crate) path: Path,
    pub(crate) paths: Vec<Path>,
    pub(crate) consent: Consent,
    pub(crate) nominated: bool,
    pub(crate) rtt: Option<Duration>,
    /// Since when the new generation has a pair. The peer may take longer to have one: its requests
    /// are answered and its data is expected for a while.
    pub(crate) retired: Option<Instant>,
}

impl Previous {
    /// Whether data goes over its pair.
    pub(crate) fn is_in_use(&self) -> bool {
        self.retired.is_none()
    }
}
