//! A WebRTC stack without sockets and clocks: [`PeerConnection`] speaks the W3C's vocabulary, the
//! caller moves datagrams and tells the time.
//!
//! The protocols are crates of their own, each usable alone; this crate composes them and offers
//! them again as [`sdp`], [`stun`], [`ice`], [`dtls`], [`rtp`], [`sctp`], [`datachannel`] and [`crypto`].
//! [`Router`] tells the datagrams of many connections on one socket apart.
//!
//! # Two peers in memory
//!
//! ```
//! use std::time::{Duration, Instant};
//! use tidewire::{Configuration, Datagram, Event, PeerConnection, SdpType, crypto::Rng};
//!
//! # #[expect(clippy::disallowed_methods, reason = "an application owns the clock")]
//! let now = Instant::now();
//! let mut caller = PeerConnection::new(Configuration::default(), Rng::from_u64(1), now)?;
//! let mut callee = PeerConnection::new(Configuration::default(), Rng::from_u64(2), now)?;
//! caller.add_local_address(now, "192.0.2.1:1000".parse()?);
//! callee.add_local_address(now, "192.0.2.2:2000".parse()?);
//! let channel = caller.create_data_channel(now, "chat", Default::default())?;
//!
//! let offer = caller.create_offer()?;
//! caller.set_local_description(now, &offer)?;
//! callee.set_remote_description(now, &caller.local_description().expect("just set"))?;
//! let answer = callee.create_answer()?;
//! callee.set_local_description(now, &answer)?;
//! caller.set_remote_description(now, &callee.local_description().expect("just set"))?;
//!
//! // Your sockets' job: carry datagrams to where they are addressed.
//! fn deliver(now: Instant, from: &mut PeerConnection, to: &mut PeerConnection) {
//!     let mut buf = Vec::new();
//!     while let Some(sent) = from.poll_transmit(now, 1, &mut buf) {
//!         to.handle_datagram(now, Datagram::copied(sent.remote, sent.local, &buf));
//!         buf.clear();
//!     }
//! }
//! let mut elapsed = Duration::ZERO;
//! let is_open = |peer: &mut PeerConnection| {
//!     std::iter::from_fn(|| peer.poll_event()).any(|event| event == Event::DataChannelOpen(channel))
//! };
//! while !is_open(&mut caller) {
//!     deliver(now + elapsed, &mut caller, &mut callee);
//!     deliver(now + elapsed, &mut callee, &mut caller);
//!     elapsed += Duration::from_millis(1);
//!     caller.handle_timeout(now + elapsed);
//!     callee.handle_timeout(now + elapsed);
//!     assert!(elapsed < Duration::from_secs(1));
//! }
//! caller.send(now + elapsed, channel, "hello")?;
//! # assert_eq!(offer.kind, SdpType::Offer);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Audio and video
//!
//! Frames go in and out as encoders make them and decoders take them. A transceiver hands them on as
//! [`Frames`](Delivery::Frames), or, for forwarding, as [`Packets`](Delivery::Packets); what the application does with a
//! frame's bytes between its encoder and [`send_frame`](PeerConnection::send_frame), and between
//! [`poll_media`](PeerConnection::poll_media) and its decoder, is its own affair: it may encrypt them from end to end, but
//! for the codec's own header, by which key frames are known.
//!
//! Here both ends agree without offer and answer: see [`connect`](PeerConnection::connect).
//!
//! ```
//! use std::time::{Duration, Instant};
//! use tidewire::{
//!     Configuration, Datagram, FrameInfo, Media, MediaKind, MediaParameters, OutgoingFrame,
//!     PeerConnection, PeerRole, TransceiverInit, crypto::Rng,
//! };
//!
//! # #[expect(clippy::disallowed_methods, reason = "an application owns the clock")]
//! let mut now = Instant::now();
//! let configuration = Configuration::default();
//! let video = MediaParameters::new("camera", MediaKind::Video, &configuration.media)
//!     .with_codec(|codec| codec.name == "VP8");
//! let mut robot = PeerConnection::new(configuration.clone(), Rng::from_u64(1), now)?;
//! let mut pilot = PeerConnection::new(configuration, Rng::from_u64(2), now)?;
//! robot.add_local_address(now, "192.0.2.1:1000".parse()?);
//! pilot.add_local_address(now, "192.0.2.2:2000".parse()?);
//! let camera = robot.add_negotiated_transceiver(now, TransceiverInit::default(), &video)?;
//! pilot.add_negotiated_transceiver(now, TransceiverInit::default(), &video)?;
//!
//! // Your signalling's job, in whatever form it likes.
//! robot.connect(now, PeerRole::Controlled, &pilot.parameters())?;
//! pilot.connect(now, PeerRole::Controlling, &robot.parameters())?;
//!
//! let scramble = |frame: &mut [u8]| frame[10..].iter_mut().for_each(|byte| *byte ^= 0x55);
//! let seen = 'seen: loop {
//!     // What your encoder makes. It is dropped until there is a connection.
//!     let mut frame = b"\x10\x00\x00\x9d\x01\x2a\x80\x02\xe0\x01pixels".to_vec();
//!     scramble(&mut frame);
//!     let info = FrameInfo { is_key: true, ..FrameInfo::default() };
//!     robot.send_frame(now, camera, 0, OutgoingFrame::new(frame.into()), &info)?;
//!     let mut buf = Vec::new();
//!     for _ in 0..10 {
//!         while let Some(sent) = robot.poll_transmit(now, 1, &mut buf) {
//!             pilot.handle_datagram(now, Datagram::copied(sent.remote, sent.local, &buf));
//!             buf.clear();
//!         }
//!         while let Some(sent) = pilot.poll_transmit(now, 1, &mut buf) {
//!             robot.handle_datagram(now, Datagram::copied(sent.remote, sent.local, &buf));
//!             buf.clear();
//!         }
//!         while let Some(received) = pilot.poll_media() {
//!             if let Media::Frame(received) = received.media {
//!                 break 'seen received.frame;
//!             }
//!         }
//!         now += Duration::from_millis(3);
//!         robot.handle_timeout(now);
//!         pilot.handle_timeout(now);
//!     }
//! };
//! let mut frame = seen.data.to_vec();
//! scramble(&mut frame);
//! assert!(seen.is_key && frame.ends_with(b"pixels"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
#![forbid(unsafe_code)]

mod configuration;
mod datagram;
mod description;
mod early;
mod error;
mod event;
#[doc(hidden)]
pub mod fuzz;
mod media;
mod parameters;
mod peer_connection;
pub mod report;
mod router;
mod session;
mod signaling;
mod srtp;
mod state;
mod stats;
mod transport;

pub use configuration::{Configuration, IceServer, IceTransportPolicy};
pub use datagram::{Datagram, Ecn, Transmit};
pub use description::{IceCandidateInit, SdpType, SessionDescription};
pub use error::{
    ConfigurationError, NegotiationError, ParametersError, SendMediaError, TransceiverError,
    Unacceptable,
};
pub use event::{Event, ReceivedMedia};
pub use media::{
    CodecCapability, EncodingParameters, MediaCapabilities, TransceiverId, TransceiverInit,
    TransceiverState,
};
pub use parameters::{CodecParameters, MediaParameters, PeerParameters, PeerRole};
pub use peer_connection::PeerConnection;
pub use router::{ConnectionId, Router, RouterEvent};
pub use signaling::InvalidSignalingState;
pub use state::{IceConnectionState, IceGatheringState, PeerConnectionState, SignalingState};
pub use stats::{Dropped, DtlsStats, SelectedPair, Stats, StreamStats};

pub use tidewire_crypto as crypto;
pub use tidewire_datachannel as datachannel;
pub use tidewire_datachannel::{ChannelId, Init as DataChannelInit, Message};
pub use tidewire_dtls as dtls;
pub use tidewire_ice as ice;
pub use tidewire_media::{
    Delivery, Extensions, Feedback, FrameInfo, InboundStats, Media, MediaKind, OutboundStats,
    OutgoingPacket, ReceivedFrame, ReceivedPacket, SignaledStream,
};
pub use tidewire_rtp as rtp;
pub use tidewire_rtp::payload::OutgoingFrame;
pub use tidewire_sctp as sctp;
pub use tidewire_sdp as sdp;
pub use tidewire_sdp::Direction;
pub use tidewire_stun as stun;
