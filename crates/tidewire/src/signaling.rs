//! The signaling state machine of offer and answer (W3C webrtc-pc section 4.4.1.5, RFC 8829 section
//! 3.2), without any content.

use thiserror::Error;

use crate::description::SdpType;
use crate::state::SignalingState;

/// Whose description it is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Side {
    Local,
    Remote,
}

/// A description does not fit the state of the negotiation: InvalidStateError of the W3C.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
#[error("a {kind} does not fit the signaling state {state}")]
pub struct InvalidSignalingState {
    /// What was to be set.
    pub kind: SdpType,
    /// The state that forbids it.
    pub state: SignalingState,
}

/// The state after setting a description of `kind`.
///
/// A remote offer while a local one is pending takes the local one back first (implicit rollback);
/// the caller sees that from the states before and after.
pub(crate) fn next_state(
    state: SignalingState,
    side: Side,
    kind: SdpType,
) -> Result<SignalingState, InvalidSignalingState> {
    use SdpType::{Answer, Offer, Pranswer, Rollback};
    use Side::{Local, Remote};
    use SignalingState::{
        HaveLocalOffer, HaveLocalPranswer, HaveRemoteOffer, HaveRemotePranswer, Stable,
    };
    match (side, kind, state) {
        (Local, Offer, Stable | HaveLocalOffer) => Ok(HaveLocalOffer),
        (Remote, Offer, Stable | HaveRemoteOffer | HaveLocalOffer) => Ok(HaveRemoteOffer),
        (Local, Answer, HaveRemoteOffer | HaveLocalPranswer)
        | (Remote, Answer, HaveLocalOffer | HaveRemotePranswer) => Ok(Stable),
        (Local, Pranswer, HaveRemoteOffer | HaveLocalPranswer) => Ok(HaveLocalPranswer),
        (Remote, Pranswer, HaveLocalOffer | HaveRemotePranswer) => Ok(HaveRemotePranswer),
        (Local, Rollback, HaveLocalOffer) | (Remote, Rollback, HaveRemoteOffer) => Ok(Stable),
        _ => Err(InvalidSignalingState { kind, state }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STATES: [SignalingState; 6] = [
        SignalingState::Stable,
        SignalingState::HaveLocalOffer,
        SignalingState::HaveRemoteOffer,
        SignalingState::HaveLocalPranswer,
        SignalingState::HaveRemotePranswer,
        SignalingState::Closed,
    ];
    const KINDS: [SdpType; 4] = [
        SdpType::Offer,
        SdpType::Pranswer,
        SdpType::Answer,
        SdpType::Rollback,
    ];

    /// The whole matrix, one row a state; a dash is an error.
    #[test]
    fn the_state_matrix_is_that_of_webrtc_pc() {
        let mut rows = Vec::new();
        for state in STATES {
            for side in [Side::Local, Side::Remote] {
                let row: Vec<_> = KINDS
                    .iter()
                    .map(|kind| next_state(state, side, *kind).map_or("-", SignalingState::as_str))
                    .collect();
                rows.push(format!("{state} {side:?}: {}", row.join(" ")));
            }
        }
        assert_eq!(
            rows,
            [
                "stable Local: have-local-offer - - -",
                "stable Remote: have-remote-offer - - -",
                "have-local-offer Local: have-local-offer - - stable",
                "have-local-offer Remote: have-remote-offer have-remote-pranswer stable -",
                "have-remote-offer Local: - have-local-pranswer stable -",
                "have-remote-offer Remote: have-remote-offer - - stable",
                "have-local-pranswer Local: - have-local-pranswer stable -",
                "have-local-pranswer Remote: - - - -",
                "have-remote-pranswer Local: - - - -",
                "have-remote-pranswer Remote: - have-remote-pranswer stable -",
                "closed Local: - - - -",
                "closed Remote: - - - -",
            ]
        );
    }
}
