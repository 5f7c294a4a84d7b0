//! Resetting streams (RFC 6525).

use std::collections::BTreeSet;

use super::{Association, State, Timer};
use crate::event::Event;
use crate::ids::{StreamId, Tsn};
use crate::wire::{
    Chunk, ChunkType, ReconfigParameter, ReconfigResult, put_chunk, reconfig_parameters,
};

/// Streams in one request: they must fit into a packet together.
const MAX_STREAMS_A_REQUEST: usize = 200;

/// Requests of both sides.
#[derive(Debug)]
pub(super) struct Reconfiguration {
    /// Streams that are to be reset when their queues are empty.
    wanted: BTreeSet<u16>,
    /// The request that waits for its response: one at a time (section 5.1.1).
    outstanding: Option<Request>,
    /// It is to be sent, for the first time or again.
    is_due: bool,
    /// The peer's last word on it was "in progress".
    is_put_off: bool,
    /// How often that was its word although it had all the data.
    times_put_off: u32,
    next_request: u32,
    /// The number of the peer's request that our next one answers.
    answering: Option<u32>,
    peer_next_request: u32,
    /// What we answered last, for when the request comes again.
    last_result: ReconfigResult,
    /// A reset that waits for data that is still on its way.
    deferred: Option<Request>,
    responses: Vec<(u32, ReconfigResult)>,
    /// Requests of the packet at hand that may still be performed.
    requests_left: u8,
}

#[derive(Clone, Debug)]
struct Request {
    number: u32,
    last_tsn: Tsn,
    streams: Vec<u16>,
}

/// Requests in one packet that are performed; a RE-CONFIG holds two (RFC 6525 section 3.1). More have
/// to be repeated, so that one packet cannot cause work without end.
const MAX_REQUESTS_A_PACKET: u8 = 2;
/// How often the peer may answer "in progress" to a reset whose data it has all acknowledged, so
/// that nothing is left to wait for. RFC 6525 sets no limit; without one a stream could stay half
/// closed for ever. At one answer per retransmission timeout this is several seconds at least.
const MAX_TIMES_PUT_OFF: u32 = 20;
/// Responses that wait at most.
const MAX_RESPONSES: usize = 4;

impl Reconfiguration {
    pub(super) fn new(local_initial_tsn: Tsn, peer_initial_tsn: Tsn) -> Self {
        Self {
            wanted: BTreeSet::new(),
            outstanding: None,
            is_due: false,
            is_put_off: false,
            times_put_off: 0,
            // Section 4.1: request numbers start with the initial TSN.
            next_request: local_initial_tsn.0,
            answering: None,
            peer_next_request: peer_initial_tsn.0,
            last_result: ReconfigResult::NOTHING_TO_DO,
            deferred: None,
            responses: Vec::new(),
            requests_left: MAX_REQUESTS_A_PACKET,
        }
    }

    pub(super) fn begin_packet(&mut self) {
        self.requests_left = MAX_REQUESTS_A_PACKET;
    }

    /// The peer's numbers start here.
    pub(super) fn meet(&mut self, peer_initial_tsn: Tsn) {
        self.peer_next_request = peer_initial_tsn.0;
        self.deferred = None;
        self.responses.clear();
    }

    #[cfg(test)]
    pub(super) fn peer_next_request(&self) -> u32 {
        self.peer_next_request
    }

    pub(super) fn want_reset(&mut self, stream: u16) {
        if !self.is_outstanding(stream) {
            self.wanted.insert(stream);
        }
    }

    pub(super) fn is_resetting(&self, stream: u16) -> bool {
        self.wanted.contains(&stream) || self.is_outstanding(stream)
    }

    fn is_outstanding(&self, stream: u16) -> bool {
        self.outstanding
            .as_ref()
            .is_some_and(|request| request.streams.contains(&stream))
    }

    fn respond(&mut self, number: u32, result: ReconfigResult) {
        self.responses.retain(|(known, _)| *known != number);
        if self.responses.len() < MAX_RESPONSES {
            self.responses.push((number, result));
        }
    }
}

impl Association {
    pub(super) fn handle_reconfig(&mut self, chunk: &Chunk) {
        for parameter in reconfig_parameters(&chunk.value) {
            match parameter {
                ReconfigParameter::OutgoingReset {
                    request,
                    last_tsn,
                    streams,
                    ..
                } => {
                    self.handle_request(request, |association| {
                        association.reset_incoming(Request {
                            number: request,
                            last_tsn,
                            streams,
                        })
                    });
                }
                ReconfigParameter::IncomingReset { request, streams } => {
                    self.handle_request(request, |association| {
                        association.reset_as_asked(request, &streams)
                    });
                }
                // All streams exist from the start: there are none to be added for the peer.
                ReconfigParameter::AddOutgoing { request }
                | ReconfigParameter::AddIncoming { request }
                | ReconfigParameter::TsnReset { request } => {
                    self.handle_request(request, |_| ReconfigResult::DENIED);
                }
                ReconfigParameter::Response { request, result } => {
                    self.handle_response(request, result);
                }
            }
        }
    }

    /// Numbers a request and answers it; a repeated one gets the same answer (section 5.2.1).
    fn handle_request(&mut self, number: u32, perform: impl FnOnce(&mut Self) -> ReconfigResult) {
        let expected = self.reconfiguration.peer_next_request;
        let result = if number == expected {
            let left = self.reconfiguration.requests_left;
            self.reconfiguration.requests_left = left.saturating_sub(1);
            let result = if left > 0 {
                perform(self)
            } else {
                ReconfigResult::IN_PROGRESS
            };
            if result != ReconfigResult::IN_PROGRESS {
                self.reconfiguration.peer_next_request = expected.wrapping_add(1);
            }
            self.reconfiguration.last_result = result;
            result
        } else if number == expected.wrapping_sub(1) {
            self.reconfiguration.last_result
        } else {
            ReconfigResult::BAD_SEQUENCE_NUMBER
        };
        self.reconfiguration.respond(number, result);
    }

    /// Section 5.2.2.
    fn reset_incoming(&mut self, request: Request) -> ReconfigResult {
        if request.last_tsn.is_after(self.received.cumulative()) {
            self.reconfiguration.deferred = Some(request);
            return ReconfigResult::IN_PROGRESS;
        }
        self.reconfiguration.deferred = None;
        let streams = if request.streams.is_empty() {
            self.in_streams.used()
        } else {
            request.streams
        };
        if streams
            .iter()
            .any(|stream| *stream >= self.config.max_streams)
        {
            return ReconfigResult::WRONG_STREAM;
        }
        for stream in streams.into_iter().collect::<BTreeSet<_>>() {
            self.in_streams.reset(stream);
            self.events
                .push_back(Event::IncomingStreamReset(StreamId(stream)));
        }
        ReconfigResult::PERFORMED
    }

    /// Section 5.2.3: the reset itself is our own request.
    fn reset_as_asked(&mut self, request: u32, streams: &[u16]) -> ReconfigResult {
        if streams.is_empty() {
            // All of ours at once: nothing in WebRTC asks for that.
            return ReconfigResult::DENIED;
        }
        if streams.iter().any(|stream| *stream >= self.peer.streams) {
            return ReconfigResult::WRONG_STREAM;
        }
        for stream in streams {
            self.reconfiguration.want_reset(*stream);
        }
        self.reconfiguration.answering = Some(request);
        ReconfigResult::PERFORMED
    }

    /// Performs a reset that waited, now that more has come.
    pub(super) fn retry_deferred_reset(&mut self) {
        let is_ready = self
            .reconfiguration
            .deferred
            .as_ref()
            .is_some_and(|request| !request.last_tsn.is_after(self.received.cumulative()));
        if is_ready && let Some(request) = self.reconfiguration.deferred.take() {
            let number = request.number;
            self.handle_request(number, |association| association.reset_incoming(request));
        }
    }

    fn handle_response(&mut self, number: u32, result: ReconfigResult) {
        let reconfiguration = &mut self.reconfiguration;
        let is_ours = reconfiguration
            .outstanding
            .as_ref()
            .is_some_and(|request| request.number == number);
        if !is_ours {
            return;
        }
        self.errors = 0;
        if result == ReconfigResult::IN_PROGRESS && self.may_be_put_off() {
            // Asked again later, with the same number (section 5.2.7).
            self.timers
                .start(Timer::Reconfiguration, self.now + self.rto.current());
            return;
        }
        self.timers.stop(Timer::Reconfiguration);
        if let Some(request) = self.reconfiguration.outstanding.take() {
            self.reconfiguration.is_due = false;
            let performed = [ReconfigResult::PERFORMED, ReconfigResult::NOTHING_TO_DO];
            self.finish_outgoing_reset(&request.streams, performed.contains(&result));
        }
    }

    /// Notes that the outstanding request is "in progress"; answers whether to ask again.
    fn may_be_put_off(&mut self) -> bool {
        let acknowledged = self.flight.cumulative();
        let reconfiguration = &mut self.reconfiguration;
        let has_all = reconfiguration
            .outstanding
            .as_ref()
            .is_some_and(|request| !request.last_tsn.is_after(acknowledged));
        reconfiguration.is_put_off = true;
        reconfiguration.times_put_off += u32::from(has_all);
        reconfiguration.times_put_off < MAX_TIMES_PUT_OFF
    }

    /// Where the peer did not perform it, numbering goes on as the peer expects it.
    fn finish_outgoing_reset(&mut self, streams: &[u16], performed: bool) {
        for stream in streams {
            if performed {
                self.queue.reset(*stream);
            }
            self.events
                .push_back(Event::OutgoingStreamReset(StreamId(*stream)));
        }
    }

    /// The timer ran out: the request or its response was lost, which counts as an error, or the
    /// peer has put it off, which does not (section 5.2.7 H2).
    pub(super) fn repeat_reconfig(&mut self) {
        if !std::mem::take(&mut self.reconfiguration.is_put_off) && !self.back_off() {
            return;
        }
        self.reconfiguration.is_due = self.reconfiguration.outstanding.is_some();
    }

    /// Makes a request of the resets that are wanted and ready.
    pub(super) fn prepare_reconfig(&mut self) {
        if self.reconfiguration.outstanding.is_some()
            || self.reconfiguration.wanted.is_empty()
            || !matches!(self.state, State::Established)
        {
            return;
        }
        let queue = &self.queue;
        let ready: Vec<u16> = self
            .reconfiguration
            .wanted
            .iter()
            .copied()
            .filter(|stream| queue.buffered(StreamId(*stream)) == 0)
            .take(MAX_STREAMS_A_REQUEST)
            .collect();
        if ready.is_empty() {
            return;
        }
        for stream in &ready {
            self.reconfiguration.wanted.remove(stream);
        }
        if !self.peer.reconfig {
            self.finish_outgoing_reset(&ready, false);
            return;
        }
        let number = self.reconfiguration.next_request;
        self.reconfiguration.next_request = number.wrapping_add(1);
        self.reconfiguration.is_due = true;
        self.reconfiguration.is_put_off = false;
        self.reconfiguration.times_put_off = 0;
        self.reconfiguration.outstanding = Some(Request {
            number,
            last_tsn: self.flight.next_tsn().previous(),
            streams: ready,
        });
    }

    pub(super) fn has_reconfig(&self) -> bool {
        self.reconfiguration.is_due || !self.reconfiguration.responses.is_empty()
    }

    /// Appends a RE-CONFIG with what is due.
    pub(super) fn put_reconfig(&mut self, out: &mut Vec<u8>) {
        let reconfiguration = &mut self.reconfiguration;
        for (request, result) in reconfiguration.responses.drain(..) {
            put_chunk(out, ChunkType::RECONFIG, 0, |out| {
                ReconfigParameter::Response { request, result }.put(out);
            });
        }
        if !std::mem::take(&mut reconfiguration.is_due) {
            return;
        }
        let Some(request) = &reconfiguration.outstanding else {
            return;
        };
        let response = reconfiguration
            .answering
            .take()
            .unwrap_or(reconfiguration.peer_next_request.wrapping_sub(1));
        put_chunk(out, ChunkType::RECONFIG, 0, |out| {
            ReconfigParameter::OutgoingReset {
                request: request.number,
                response,
                last_tsn: request.last_tsn,
                streams: request.streams.clone(),
            }
            .put(out);
        });
        self.timers
            .start(Timer::Reconfiguration, self.now + self.rto.current());
    }
}
