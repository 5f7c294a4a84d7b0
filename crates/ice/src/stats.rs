//! What an agent counts.

/// Counters of an agent, over all generations.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct Stats {
    /// Requests sent: checks, consent and questions to STUN servers.
    pub requests_sent: u64,
    /// Requests sent again.
    pub retransmissions_sent: u64,
    /// Authenticated requests received.
    pub requests_received: u64,
    /// Responses sent.
    pub responses_sent: u64,
    /// Responses received and recognised.
    pub responses_received: u64,
    /// Role conflicts settled, by us or by the peer: RFC 8445 section 7.3.1.1.
    pub role_conflicts: u64,
    /// How often another pair than before came into use, or none.
    pub selected_pair_changes: u64,
    /// What was dropped.
    pub dropped: Drops,
}

/// How many datagrams were dropped, by reason.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Drops([u64; DropReason::ALL.len()]);

impl Drops {
    pub(crate) fn count(&mut self, reason: DropReason) {
        self.0[reason as usize] += 1;
    }

    /// How many were dropped for this reason.
    pub fn of(&self, reason: DropReason) -> u64 {
        self.0[reason as usize]
    }

    /// How many were dropped in all.
    pub fn total(&self) -> u64 {
        self.0.iter().sum()
    }

    /// All reasons and their counts.
    pub fn iter(&self) -> impl Iterator<Item = (DropReason, u64)> + '_ {
        DropReason::ALL.into_iter().zip(self.0)
    }
}

/// Why a datagram, or something within it, was dropped.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum DropReason {
    /// Not a STUN message.
    Malformed,
    /// FINGERPRINT is wrong: RFC 8489 section 7.
    WrongFingerprint,
    /// Neither a request, a response nor an indication that the agent knows.
    UnexpectedMethod,
    /// It came to an address that is no base of ours.
    UnknownLocalAddress,
    /// A request without USERNAME.
    NoUsername,
    /// USERNAME names somebody else, or an earlier generation.
    WrongUsername,
    /// USERNAME names us, but comes from another peer than the one we know.
    WrongRemoteUfrag,
    /// MESSAGE-INTEGRITY is missing or wrong.
    WrongIntegrity,
    /// A response to no request of ours.
    UnknownTransaction,
    /// A response lacks what it must have, or has attributes that we do not know but must.
    BadResponse,
    /// A response came from another address than the request went to, or to another one.
    AsymmetricResponse,
    /// A request from before the peer's credentials are known, when there is no room for more.
    TooManyEarlyRequests,
    /// The pair has no room in the checklist.
    TooManyPairs,
    /// Messages that wait to be polled have no room for more.
    QueueFull,
    /// The agent has failed or is closed.
    NotRunning,
}

impl DropReason {
    /// All reasons, in the order of their declaration.
    pub const ALL: [Self; 15] = [
        Self::Malformed,
        Self::WrongFingerprint,
        Self::UnexpectedMethod,
        Self::UnknownLocalAddress,
        Self::NoUsername,
        Self::WrongUsername,
        Self::WrongRemoteUfrag,
        Self::WrongIntegrity,
        Self::UnknownTransaction,
        Self::BadResponse,
        Self::AsymmetricResponse,
        Self::TooManyEarlyRequests,
        Self::TooManyPairs,
        Self::QueueFull,
        Self::NotRunning,
    ];
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_has_a_counter_of_its_own() {
        let mut drops = Drops::default();
        for (index, reason) in DropReason::ALL.into_iter().enumerate() {
            assert_eq!(reason as usize, index);
            (0..=index).for_each(|_| drops.count(reason));
        }
        for (index, (reason, count)) in drops.iter().enumerate() {
            assert_eq!((count, drops.of(reason)), (index as u64 + 1, count));
        }
        assert_eq!(drops.total(), (1..=15).sum());
    }
}
