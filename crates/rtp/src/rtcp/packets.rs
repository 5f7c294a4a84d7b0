//! Walking over a compound packet.

use super::congestion::CongestionFeedback;
use super::description::{Application, Goodbye, SourceDescription};
use super::extended::ExtendedReport;
use super::feedback::{FullIntraRequest, Nack, PictureLoss, Remb};
use super::header::{Framed, format, packet_type};
use super::report::{ReceiverReport, SenderReport};
use super::transport_wide::TransportFeedback;
use crate::error::ParseError;

/// An RTCP packet.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Packet<'a> {
    /// SR, RFC 3550 section 6.4.1.
    SenderReport(SenderReport<'a>),
    /// RR, RFC 3550 section 6.4.2.
    ReceiverReport(ReceiverReport<'a>),
    /// SDES, RFC 3550 section 6.5.
    SourceDescription(SourceDescription<'a>),
    /// BYE, RFC 3550 section 6.6.
    Goodbye(Goodbye<'a>),
    /// APP, RFC 3550 section 6.7.
    Application(Application<'a>),
    /// XR, RFC 3611.
    ExtendedReport(ExtendedReport<'a>),
    /// Generic NACK, RFC 4585 section 6.2.1.
    Nack(Nack<'a>),
    /// Transport-wide congestion control feedback.
    TransportFeedback(TransportFeedback<'a>),
    /// Congestion control feedback, RFC 8888.
    CongestionFeedback(CongestionFeedback<'a>),
    /// PLI, RFC 4585 section 6.3.1.
    PictureLoss(PictureLoss),
    /// FIR, RFC 5104 section 4.3.1.
    FullIntraRequest(FullIntraRequest<'a>),
    /// REMB, the receiver's estimate of the path.
    Remb(Remb<'a>),
    /// One that is not among these.
    Unknown(Unknown<'a>),
}

/// A packet of a type or format that is not known.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Unknown<'a> {
    /// The packet type, 192 to 223.
    pub packet_type: u8,
    /// Five bits: a count of items, or the format of feedback.
    pub count: u8,
    /// What follows the first four bytes, without padding.
    pub body: &'a [u8],
}

/// The packets of a compound or reduced-size RTCP packet (RFC 3550 section 6.1, RFC 5506).
///
/// One that contradicts itself yields an error, and the next one follows. An error in the framing is
/// the last that is told.
#[derive(Clone, Debug)]
pub struct Packets<'a> {
    rest: &'a [u8],
}

impl<'a> Packets<'a> {
    /// Begins with `bytes`, which RTCP fills to the end.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }
}

impl<'a> Iterator for Packets<'a> {
    type Item = Result<Packet<'a>, ParseError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let framed = Framed::split(&mut self.rest);
        if framed.is_err() {
            self.rest = &[];
        }
        Some(framed.and_then(Packet::parse))
    }
}

impl<'a> Packet<'a> {
    fn parse(framed: Framed<'a>) -> Result<Self, ParseError> {
        let Framed {
            count,
            packet_type,
            body,
        } = framed;
        let truncated = ParseError::Truncated;
        match packet_type {
            packet_type::SENDER_REPORT => SenderReport::parse(count, body)
                .map(Self::SenderReport)
                .ok_or(truncated("sender report")),
            packet_type::RECEIVER_REPORT => ReceiverReport::parse(count, body)
                .map(Self::ReceiverReport)
                .ok_or(truncated("receiver report")),
            packet_type::SOURCE_DESCRIPTION => SourceDescription::parse(count, body)
                .map(Self::SourceDescription)
                .ok_or(truncated("source description")),
            packet_type::GOODBYE => Goodbye::parse(count, body)
                .map(Self::Goodbye)
                .ok_or(truncated("goodbye")),
            packet_type::APPLICATION => Application::parse(count, body)
                .map(Self::Application)
                .ok_or(truncated("application packet")),
            packet_type::EXTENDED_REPORT => ExtendedReport::parse(body)
                .map(Self::ExtendedReport)
                .ok_or(truncated("extended report")),
            packet_type::TRANSPORT_FEEDBACK | packet_type::PAYLOAD_FEEDBACK => {
                Self::feedback(framed)
            }
            _ => Ok(Self::unknown(framed)),
        }
    }

    fn feedback(framed: Framed<'a>) -> Result<Self, ParseError> {
        let body = framed.body;
        let parsed = match (framed.packet_type, framed.count) {
            format::NACK => Nack::parse(body).map(Self::Nack),
            format::TRANSPORT_WIDE => TransportFeedback::parse(body).map(Self::TransportFeedback),
            format::CONGESTION => CongestionFeedback::parse(body).map(Self::CongestionFeedback),
            format::PICTURE_LOSS => PictureLoss::parse(body).map(Self::PictureLoss),
            format::FULL_INTRA_REQUEST => FullIntraRequest::parse(body).map(Self::FullIntraRequest),
            format::APPLICATION_LAYER if Remb::is_one(body) => Remb::parse(body).map(Self::Remb),
            _ => Some(Self::unknown(framed)),
        };
        parsed.ok_or(ParseError::Truncated("feedback"))
    }

    fn unknown(framed: Framed<'a>) -> Self {
        Self::Unknown(Unknown {
            packet_type: framed.packet_type,
            count: framed.count,
            body: framed.body,
        })
    }
}
