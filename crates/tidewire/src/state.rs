//! The states of a connection, in the vocabulary of W3C webrtc-pc.

use std::fmt;

macro_rules! w3c_enum {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $text:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
        pub enum $name {
            $($(#[$variant_doc])* $variant,)+
        }

        impl $name {
            /// The word that W3C webrtc-pc uses.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $text,)+
                }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}

w3c_enum! {
    /// RTCSignalingState: how far offer and answer have come.
    SignalingState {
        /// No negotiation is under way.
        Stable = "stable",
        /// A local offer waits for its answer.
        HaveLocalOffer = "have-local-offer",
        /// A remote offer waits for our answer.
        HaveRemoteOffer = "have-remote-offer",
        /// A provisional local answer has been set.
        HaveLocalPranswer = "have-local-pranswer",
        /// A provisional remote answer has been set.
        HaveRemotePranswer = "have-remote-pranswer",
        /// The connection was closed.
        Closed = "closed",
    }
}

w3c_enum! {
    /// RTCIceGatheringState.
    IceGatheringState {
        /// No address has been added yet.
        New = "new",
        /// More candidates may come.
        Gathering = "gathering",
        /// Every candidate is known.
        Complete = "complete",
    }
}

w3c_enum! {
    /// RTCIceConnectionState.
    IceConnectionState {
        /// No checks have been made yet.
        New = "new",
        /// Checks are under way and no pair works yet.
        Checking = "checking",
        /// A pair works; better ones may still be found.
        Connected = "connected",
        /// Every check is done and a pair is in use.
        Completed = "completed",
        /// Consent has not been renewed for a while; it may come back.
        Disconnected = "disconnected",
        /// No pair works.
        Failed = "failed",
        /// The connection was closed.
        Closed = "closed",
    }
}

w3c_enum! {
    /// RTCPeerConnectionState: ICE and DTLS in one word.
    PeerConnectionState {
        /// Nothing has happened yet.
        New = "new",
        /// ICE or DTLS is on its way.
        Connecting = "connecting",
        /// ICE and DTLS are up.
        Connected = "connected",
        /// The path is silent; it may come back.
        Disconnected = "disconnected",
        /// ICE or DTLS failed.
        Failed = "failed",
        /// The connection was closed.
        Closed = "closed",
    }
}
