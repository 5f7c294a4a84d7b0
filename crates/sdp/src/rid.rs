//! Restrictions on streams, and the streams of a simulcast.

use std::fmt;

use crate::lexical::{canonical, payload_type};
use crate::words::RidDirection;

/// A stream with restrictions on its payload (`rid`), RFC 8851 section 4.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Rid {
    /// Identifies the stream within the section.
    pub id: String,
    /// Which way it flows.
    pub direction: RidDirection,
    /// What it keeps to, in order.
    pub restrictions: Vec<Restriction>,
}

impl Rid {
    /// A stream without restrictions.
    pub fn new(id: impl Into<String>, direction: RidDirection) -> Self {
        Self {
            id: id.into(),
            direction,
            restrictions: Vec::new(),
        }
    }

    /// Adds a restriction. RFC 8851 section 10 wants the payload types first.
    #[must_use]
    pub fn with(mut self, restriction: Restriction) -> Self {
        self.restrictions.push(restriction);
        self
    }

    /// The payload types that the stream may have, `None` for all of the section.
    pub fn payload_types(&self) -> Option<&[u8]> {
        self.restrictions
            .iter()
            .find_map(|restriction| match restriction {
                Restriction::PayloadTypes(types) => Some(types.as_slice()),
                _ => None,
            })
    }

    pub(crate) fn parse(value: &str) -> Option<Self> {
        let mut parts = value.splitn(3, ' ');
        Some(Self {
            id: parts.next().filter(|id| is_rid(id))?.to_owned(),
            direction: RidDirection::parse(parts.next()?)?,
            restrictions: match parts.next() {
                Some(list) => exactly(list.split(';').map(Restriction::parse))?,
                None => Vec::new(),
            },
        })
    }
}

impl fmt::Display for Rid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.id, self.direction)?;
        write_list(f, " ", &self.restrictions, ";")
    }
}

/// What a stream keeps to, RFC 8851 section 5.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Restriction {
    /// `pt`: the payload types, one at least.
    PayloadTypes(Vec<u8>),
    /// `max-width` in pixels.
    MaxWidth(u32),
    /// `max-height` in pixels.
    MaxHeight(u32),
    /// `max-fps` in frames a second.
    MaxFps(u32),
    /// `max-fs` in pixels a frame.
    MaxFs(u64),
    /// `max-br` in bits a second.
    MaxBr(u64),
    /// `max-pps` in pixels a second.
    MaxPps(u64),
    /// `depend`: the streams without which this one is of no use.
    Depend(Vec<String>),
    /// Another restriction, or one without its value, as it is.
    Other {
        /// What stands before the `=`.
        name: String,
        /// What stands behind it, when there is one.
        value: Option<String>,
    },
}

impl Restriction {
    fn parse(text: &str) -> Option<Self> {
        let (name, value) = match text.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (text, None),
        };
        let typed = value.and_then(|value| Self::typed(name, value));
        typed.or_else(|| {
            let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
            let valid = !name.is_empty() && name.bytes().all(allowed);
            valid.then(|| Self::Other {
                name: name.to_owned(),
                value: value.map(str::to_owned),
            })
        })
    }

    fn typed(name: &str, value: &str) -> Option<Self> {
        let rid = |id: &str| is_rid(id).then(|| id.to_owned());
        Some(match name {
            "pt" => Self::PayloadTypes(exactly(value.split(',').map(payload_type))?),
            "max-width" => Self::MaxWidth(canonical(value)?),
            "max-height" => Self::MaxHeight(canonical(value)?),
            "max-fps" => Self::MaxFps(canonical(value)?),
            "max-fs" => Self::MaxFs(canonical(value)?),
            "max-br" => Self::MaxBr(canonical(value)?),
            "max-pps" => Self::MaxPps(canonical(value)?),
            "depend" => Self::Depend(exactly(value.split(',').map(rid))?),
            _ => return None,
        })
    }
}

impl fmt::Display for Restriction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::PayloadTypes(types) => write_list(f, "pt=", types, ","),
            Self::MaxWidth(pixels) => write!(f, "max-width={pixels}"),
            Self::MaxHeight(pixels) => write!(f, "max-height={pixels}"),
            Self::MaxFps(rate) => write!(f, "max-fps={rate}"),
            Self::MaxFs(pixels) => write!(f, "max-fs={pixels}"),
            Self::MaxBr(rate) => write!(f, "max-br={rate}"),
            Self::MaxPps(rate) => write!(f, "max-pps={rate}"),
            Self::Depend(ids) => write_list(f, "depend=", ids, ","),
            Self::Other { name, value } => {
                f.write_str(name)?;
                value.iter().try_for_each(|value| write!(f, "={value}"))
            }
        }
    }
}

/// Which restricted streams carry the same source (`simulcast`), RFC 8853 section 5.1.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Simulcast {
    /// What the author sends.
    pub send: Vec<SimulcastStream>,
    /// What the author wants to receive.
    pub receive: Vec<SimulcastStream>,
    /// The author wrote `recv` before `send`.
    receive_first: bool,
}

impl Simulcast {
    /// Streams that the author sends, best liked first.
    pub fn sending(streams: impl IntoIterator<Item = SimulcastStream>) -> Self {
        Self {
            send: streams.into_iter().collect(),
            ..Self::default()
        }
    }

    /// Streams that the author wants to receive, best liked first.
    pub fn receiving(streams: impl IntoIterator<Item = SimulcastStream>) -> Self {
        Self {
            receive: streams.into_iter().collect(),
            ..Self::default()
        }
    }

    /// The same streams seen from the other end, RFC 8853 section 5.3.2.
    #[must_use]
    pub fn reversed(self) -> Self {
        Self {
            send: self.receive,
            receive: self.send,
            receive_first: !self.receive_first,
        }
    }

    pub(crate) fn parse(value: &str) -> Option<Self> {
        let mut parts = value.split(' ');
        let first = parts.next()?;
        let mut list = || exactly(parts.next()?.split(';').map(SimulcastStream::parse));
        let (mut send, mut receive) = (Vec::new(), Vec::new());
        let receive_first = match first {
            "send" => {
                send = list()?;
                false
            }
            "recv" => {
                receive = list()?;
                true
            }
            _ => return None,
        };
        match (parts.next(), receive_first) {
            (None, _) => {}
            (Some("recv"), false) => receive = Self::last_list(parts)?,
            (Some("send"), true) => send = Self::last_list(parts)?,
            _ => return None,
        }
        Some(Self {
            receive_first: receive_first && !send.is_empty(),
            send,
            receive,
        })
    }

    fn last_list<'a>(mut parts: impl Iterator<Item = &'a str>) -> Option<Vec<SimulcastStream>> {
        let list = exactly(parts.next()?.split(';').map(SimulcastStream::parse))?;
        parts.next().is_none().then_some(list)
    }
}

impl fmt::Display for Simulcast {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (send, receive) = (("send ", &self.send), ("recv ", &self.receive));
        let lists = if self.receive_first {
            [receive, send]
        } else {
            [send, receive]
        };
        let stated = lists.into_iter().filter(|(_, streams)| !streams.is_empty());
        stated.enumerate().try_for_each(|(index, (word, streams))| {
            f.write_str(if index == 0 { "" } else { " " })?;
            write_list(f, word, streams, ";")
        })
    }
}

/// One stream of a simulcast: formats of which one is used at a time, best liked first.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SimulcastStream {
    /// One at least.
    pub alternatives: Vec<SimulcastFormat>,
}

impl SimulcastStream {
    /// A stream that has one format and flows from the start.
    pub fn new(rid: impl Into<String>) -> Self {
        let (rid, paused) = (rid.into(), false);
        Self {
            alternatives: vec![SimulcastFormat { rid, paused }],
        }
    }

    fn parse(text: &str) -> Option<Self> {
        let alternatives = exactly(text.split(',').map(SimulcastFormat::parse))?;
        Some(Self { alternatives })
    }
}

impl fmt::Display for SimulcastStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_list(f, "", &self.alternatives, ",")
    }
}

/// One of the formats that a stream of a simulcast can have.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SimulcastFormat {
    /// The [`Rid`] of the format.
    pub rid: String,
    /// Whether it does not flow at first (`~`).
    pub paused: bool,
}

impl SimulcastFormat {
    fn parse(text: &str) -> Option<Self> {
        let (rid, paused) = match text.strip_prefix('~') {
            Some(rid) => (rid, true),
            None => (text, false),
        };
        is_rid(rid).then(|| Self {
            rid: rid.to_owned(),
            paused,
        })
    }
}

impl fmt::Display for SimulcastFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", if self.paused { "~" } else { "" }, self.rid)
    }
}

/// `rid-id`, RFC 8851 section 10. What RTP carries has 255 bytes at most (RFC 8852 section 3).
fn is_rid(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    (1..=255).contains(&text.len()) && text.bytes().all(allowed)
}

/// Lists without room to spare: a line can have thousands of lists with one item each.
fn exactly<T>(items: impl Iterator<Item = Option<T>>) -> Option<Vec<T>> {
    let mut list: Vec<T> = items.collect::<Option<_>>()?;
    list.shrink_to_fit();
    Some(list)
}

/// Writes a list; nothing when it is empty.
fn write_list(
    f: &mut fmt::Formatter<'_>,
    start: &str,
    items: &[impl fmt::Display],
    separator: &str,
) -> fmt::Result {
    items.iter().enumerate().try_for_each(|(index, item)| {
        let before = if index == 0 { start } else { separator };
        write!(f, "{before}{item}")
    })
}

#[cfg(test)]
mod tests {
    use super::{Restriction, Rid, Simulcast, SimulcastStream};
    use crate::words::RidDirection;

    #[test]
    fn restrictions_are_read_in_order() {
        let text = "hi send pt=96,97;max-width=1280;max-fps;max-br=01;depend=lo,mid;x=a b";
        let rid = Rid::parse(text).unwrap();
        assert_eq!((rid.id.as_str(), rid.direction), ("hi", RidDirection::Send));
        assert_eq!(rid.payload_types(), Some([96, 97].as_slice()));
        assert_eq!(rid.restrictions[1], Restriction::MaxWidth(1280));
        assert!(matches!(rid.restrictions[3], Restriction::Other { .. }));
        assert_eq!(
            rid.restrictions[4],
            Restriction::Depend(vec!["lo".into(), "mid".into()])
        );
        assert_eq!(rid.to_string(), text);
    }

    #[test]
    fn what_is_no_restriction_is_refused() {
        for text in [
            "a",
            "a both",
            "a send ",
            "a send ;",
            "a send =1",
            " send",
            "~a send",
            "a  send",
        ] {
            assert_eq!(Rid::parse(text), None, "{text}");
        }
    }

    #[test]
    fn both_lists_of_a_simulcast_are_read_in_either_order() {
        for text in ["send 1,~4;2;~3 recv c", "recv c send 1,~4;2;~3"] {
            let simulcast = Simulcast::parse(text).unwrap();
            assert_eq!(simulcast.send.len(), 3);
            assert_eq!(simulcast.receive, [SimulcastStream::new("c")]);
            let first = &simulcast.send[0].alternatives;
            assert!(!first[0].paused && first[1].paused && first[1].rid == "4");
            assert_eq!(simulcast.to_string(), text);
        }
    }

    #[test]
    fn what_is_no_simulcast_is_refused() {
        let texts = [
            "send",
            "send ",
            "send a;",
            "send a,",
            "send a send b",
            "both a",
            "send ~",
        ];
        for text in
            texts
                .into_iter()
                .chain(["send a ", "send a recv", "send a recv b x", "send rid=a"])
        {
            assert_eq!(Simulcast::parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_simulcast_that_is_sent_is_received_by_the_other_end() {
        let streams = ["q", "h"].map(SimulcastStream::new);
        let offer = Simulcast::sending(streams.clone());
        assert_eq!(offer.to_string(), "send q;h");
        let answer = offer.reversed();
        assert_eq!(answer.to_string(), "recv q;h");
        assert_eq!(
            Simulcast::parse("recv q;h"),
            Some(Simulcast::receiving(streams))
        );
    }
}
