//! Values that are one word out of a few.

use std::fmt;

/// An enumeration of words.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$word_doc:meta])* $variant:ident = $word:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
        pub enum $name {
            $($(#[$word_doc])* $variant,)+
        }

        impl $name {
            /// The word as it is written.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)+
                }
            }

            pub(crate) fn parse(text: &str) -> Option<Self> {
                match text {
                    $($word => Some(Self::$variant),)+
                    _ => None,
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

words! {
    /// Which end opens the connection, RFC 4145 section 4 and RFC 5763 section 5.
    Setup {
        /// This end opens it: the DTLS client.
        Active = "active",
        /// The other end opens it.
        Passive = "passive",
        /// The answerer chooses; only in offers.
        ActPass = "actpass",
        /// Not yet.
        HoldConn = "holdconn",
    }
}

words! {
    /// Whether the connection is to be a new one, RFC 4145 section 5.
    ConnectionReuse {
        /// A new one.
        New = "new",
        /// The one that there is.
        Existing = "existing",
    }
}

words! {
    /// Which way media flows, RFC 8866 section 6.7, seen from the description's author.
    Direction {
        /// Both ways.
        SendRecv = "sendrecv",
        /// From the author only.
        SendOnly = "sendonly",
        /// To the author only.
        RecvOnly = "recvonly",
        /// Neither way.
        Inactive = "inactive",
    }
}

impl Direction {
    /// The same flow seen from the other end.
    #[must_use]
    pub const fn reversed(self) -> Self {
        match self {
            Self::SendOnly => Self::RecvOnly,
            Self::RecvOnly => Self::SendOnly,
            both @ (Self::SendRecv | Self::Inactive) => both,
        }
    }

    /// Whether the author sends.
    pub const fn sends(self) -> bool {
        matches!(self, Self::SendRecv | Self::SendOnly)
    }

    /// Whether the author receives.
    pub const fn receives(self) -> bool {
        matches!(self, Self::SendRecv | Self::RecvOnly)
    }
}

words! {
    /// Which way a restricted stream flows, RFC 8851 section 4, seen from the description's author.
    RidDirection {
        /// From the author.
        Send = "send",
        /// To the author.
        Receive = "recv",
    }
}
