//! Why a text is not a session description.

use std::fmt;

/// A text that is not a session description, and where it stops being one.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("line {line}: {reason}")]
pub struct ParseError {
    /// The line at fault, counted from 1.
    pub line: usize,
    /// What is wrong with it.
    pub reason: Reason,
}

/// What is wrong with a line.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Reason {
    /// The text is longer than [`MAX_TEXT_LENGTH`](crate::MAX_TEXT_LENGTH).
    #[error("the description is too long")]
    TextTooLong,
    /// The line is longer than [`MAX_LINE_LENGTH`](crate::MAX_LINE_LENGTH).
    #[error("the line is too long")]
    LineTooLong,
    /// The text has more than [`MAX_LINES`](crate::MAX_LINES) lines.
    #[error("the description has too many lines")]
    TooManyLines,
    /// The text has more than [`MAX_MEDIA`](crate::MAX_MEDIA) media descriptions.
    #[error("the description has too many media descriptions")]
    TooManyMedia,
    /// The line is not a letter, `=` and a value (RFC 8866 section 5).
    #[error("not of the form <type>=<value>")]
    NotALine,
    /// The value has a NUL or a carriage return (RFC 8866 section 9, `byte-string`).
    #[error("a control character that no value may have")]
    ForbiddenCharacter,
    /// The line may not stand here, or not twice (RFC 8866 section 9 fixes the order).
    #[error("the line `{0}=` is out of place")]
    OutOfPlace(char),
    /// A line of this type had to stand here.
    #[error("the line `{0}=` is missing")]
    Missing(char),
    /// A field of the line does not follow its grammar.
    #[error("malformed {0}")]
    Malformed(Field),
}

/// The fields that a [`Reason::Malformed`] can name.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Field {
    /// `v=`, of which only version 0 exists.
    Version,
    /// `o=`.
    Origin,
    /// `s=`.
    SessionName,
    /// `i=`.
    Information,
    /// `u=`.
    Uri,
    /// `e=`.
    Email,
    /// `p=`.
    Phone,
    /// `c=`.
    Connection,
    /// `b=`.
    Bandwidth,
    /// `t=`.
    Time,
    /// `r=`.
    Repeat,
    /// `z=`.
    Zone,
    /// `k=`.
    Key,
    /// `a=`, of which only the name can be wrong.
    Attribute,
    /// `m=`.
    Media,
    /// The port of `m=`.
    Port,
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Version => "version (v=)",
            Self::Origin => "origin (o=)",
            Self::SessionName => "session name (s=)",
            Self::Information => "information (i=)",
            Self::Uri => "URI (u=)",
            Self::Email => "email address (e=)",
            Self::Phone => "phone number (p=)",
            Self::Connection => "connection (c=)",
            Self::Bandwidth => "bandwidth (b=)",
            Self::Time => "time (t=)",
            Self::Repeat => "repeat times (r=)",
            Self::Zone => "zone adjustments (z=)",
            Self::Key => "key (k=)",
            Self::Attribute => "attribute (a=)",
            Self::Media => "media (m=)",
            Self::Port => "port (m=)",
        })
    }
}
