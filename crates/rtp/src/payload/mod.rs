//! Payload formats: encoded frames cut into RTP payloads, and put together again.
