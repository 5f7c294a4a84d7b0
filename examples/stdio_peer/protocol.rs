//! The verbs, as they come in.

use std::env;
use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;
use tidewire::datachannel::Reliability;
use tidewire::{
    Configuration, DataChannelInit, Direction, IceCandidateInit, IceServer, IceTransportPolicy,
    MediaKind,
};

/// A line of stdin.
#[derive(Debug, Deserialize)]
pub(crate) struct Request {
    #[serde(default)]
    pub(crate) id: Value,
    /// Which connection it is about.
    #[serde(default)]
    pub(crate) k: u64,
    #[serde(flatten)]
    pub(crate) command: Command,
}

/// What a request asks for.
#[derive(Debug, Deserialize)]
#[serde(tag = "cmd", rename_all = "camelCase")]
pub(crate) enum Command {
    /// Creates an offer: `sdp`, fully gathered. The first time with a channel "chat", unless `data` is
    /// false or only media is asked for. `video` may name a codec.
    Offer {
        data: Option<bool>,
        #[serde(default)]
        audio: bool,
        #[serde(default)]
        video: Value,
        #[serde(default)]
        dc: ChannelInit,
    },
    /// Answers an offer: `sdp`, fully gathered.
    Answer { sdp: String },
    /// The answer to our offer.
    SetAnswer { sdp: String },
    /// A candidate that was not in the description.
    AddCandidate { candidate: Candidate },
    /// Sends `data` as text, or `size` bytes.
    Send {
        label: Option<String>,
        data: Option<String>,
        size: Option<usize>,
    },
    /// Tells everything about the connection.
    State,
    /// The next offer carries new credentials.
    RestartIce,
    /// Opens one more channel.
    CreateChannel {
        label: String,
        #[serde(default)]
        dc: ChannelInit,
    },
    /// Closes a channel.
    CloseChannel { label: String },
    /// Sends one more `kind` of media, "audio" or "video", after the next exchange of descriptions.
    AddTrack { kind: Kind },
    /// Sets the direction of what carries a `kind` of media, for the next exchange.
    SetDirection { kind: Kind, direction: Flow },
    /// Stops what carries a `kind` of media, for the next exchange.
    StopTrack { kind: Kind },
    /// Sends nothing of a `kind` any more, or again, without an exchange.
    Mute { kind: Kind, muted: bool },
    /// Which codec is liked most, by its name, for the next exchange.
    Codec { kind: Kind, name: String },
    /// Which layer of simulcast is sent back.
    Layer { rid: String },
    /// Closes every connection and ends the program.
    Close,
    /// Closes this connection.
    CloseOne,
    /// Answers when the channel "chat" is open: `tNew`, `tOffer`, `tSdp`, `tOpen`.
    WaitOpen,
    /// Counts bytes from now on, instead of listing and echoing messages; 0 ends it. With `hash`,
    /// `waitRecv` also tells their SHA-256.
    Expect {
        total: u64,
        #[serde(default)]
        hash: bool,
    },
    /// Answers when they are here: `t`, `got`.
    WaitRecv,
    /// Sends `total` bytes in messages of `size`: `t0`, `t1`, `sent`. With `hash`, each message
    /// begins with its number, and the reply carries the `sha256` of everything.
    Bench {
        label: Option<String>,
        size: usize,
        total: u64,
        #[serde(default)]
        hash: bool,
    },
}

impl Request {
    /// Reads a line; the error comes with the `id` to answer with.
    pub(crate) fn parse(line: &str) -> Result<Self, (Value, String)> {
        let value: Value = serde_json::from_str(line)
            .map_err(|error| (Value::Null, format!("this is not a line of JSON: {error}")))?;
        let id = value["id"].clone();
        serde_json::from_value(value).map_err(|error| (id, error.to_string()))
    }
}

impl Command {
    /// Whether the reply waits for the network, so that later requests overtake it.
    pub(crate) fn waits(&self) -> bool {
        matches!(self, Self::WaitOpen | Self::WaitRecv | Self::Bench { .. })
    }
}

/// A kind of media.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Kind {
    Audio,
    Video,
}

impl From<Kind> for MediaKind {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Audio => Self::Audio,
            Kind::Video => Self::Video,
        }
    }
}

/// RTCRtpTransceiverDirection.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Flow {
    SendRecv,
    SendOnly,
    RecvOnly,
    Inactive,
}

impl From<Flow> for Direction {
    fn from(flow: Flow) -> Self {
        match flow {
            Flow::SendRecv => Self::SendRecv,
            Flow::SendOnly => Self::SendOnly,
            Flow::RecvOnly => Self::RecvOnly,
            Flow::Inactive => Self::Inactive,
        }
    }
}

/// RTCDataChannelInit.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct ChannelInit {
    ordered: Option<bool>,
    max_retransmits: Option<u16>,
    max_packet_life_time: Option<u16>,
    protocol: String,
    negotiated: bool,
    id: Option<u16>,
}

impl ChannelInit {
    pub(crate) fn to_init(&self) -> Result<DataChannelInit, String> {
        let reliability = match (self.max_retransmits, self.max_packet_life_time) {
            (None, None) => Reliability::Reliable,
            (Some(count), None) => Reliability::MaxRetransmits(count.into()),
            (None, Some(millis)) => Reliability::MaxLifetime(Duration::from_millis(millis.into())),
            (Some(_), Some(_)) => {
                return Err("maxRetransmits and maxPacketLifeTime exclude each other".to_owned());
            }
        };
        if self.negotiated && self.id.is_none() {
            return Err("a negotiated channel needs an id".to_owned());
        }
        Ok(DataChannelInit {
            ordered: self.ordered.unwrap_or(true),
            reliability,
            protocol: self.protocol.clone(),
            negotiated: self.id.filter(|_| self.negotiated),
            ..DataChannelInit::default()
        })
    }
}

/// RTCIceCandidateInit.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Candidate {
    #[serde(default)]
    candidate: String,
    sdp_mid: Option<String>,
    sdp_m_line_index: Option<u16>,
    username_fragment: Option<String>,
}

impl From<Candidate> for IceCandidateInit {
    fn from(candidate: Candidate) -> Self {
        Self {
            candidate: candidate.candidate,
            sdp_mid: candidate.sdp_mid,
            sdp_m_line_index: candidate.sdp_m_line_index,
            username_fragment: candidate.username_fragment,
        }
    }
}

/// RTCConfiguration, from `ICE` in the environment.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Settings {
    ice_servers: Vec<Server>,
    ice_transport_policy: Policy,
}

#[derive(Clone, Debug, Deserialize)]
struct Server {
    urls: Urls,
    username: Option<String>,
    credential: Option<String>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
enum Urls {
    One(String),
    Many(Vec<String>),
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Policy {
    #[default]
    All,
    Relay,
}

impl Settings {
    pub(crate) fn from_environment() -> Result<Self, String> {
        match env::var("ICE") {
            Ok(text) => serde_json::from_str(&text).map_err(|error| format!("ICE: {error}")),
            Err(_) => Ok(Self::default()),
        }
    }

    pub(crate) fn configuration(&self) -> Configuration {
        Configuration {
            ice_servers: self.ice_servers.iter().map(Server::to_ice_server).collect(),
            ice_transport_policy: match self.ice_transport_policy {
                Policy::All => IceTransportPolicy::All,
                Policy::Relay => IceTransportPolicy::Relay,
            },
            ..Configuration::default()
        }
    }
}

impl Server {
    fn to_ice_server(&self) -> IceServer {
        let urls = match &self.urls {
            Urls::One(url) => vec![url.clone()],
            Urls::Many(urls) => urls.clone(),
        };
        IceServer {
            urls,
            username: self.username.clone(),
            credential: self.credential.clone(),
        }
    }
}
