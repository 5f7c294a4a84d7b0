//! What all states of a handshake share.

use std::sync::Arc;

use subtle::ConstantTimeEq as _;
use tidewire_crypto::Rng;

use crate::certificate::{ExpectedFingerprints, FingerprintVerified};
use crate::config::Config;
use crate::error::{CloseReason, HandshakeError};
use crate::flight::{Flight, Message};
use crate::record::{Epoch, Opener, Outbound, Protection};
use crate::secrets::{Randoms, Secrets, Sender, Suite};
use crate::wire::{
    CertificateVerify, HandshakeType, NamedGroup, SignatureScheme, SrtpProfile, Writer,
    decode_certificate, encode_certificate,
};

/// What a state made of a message.
#[derive(Debug)]
pub(crate) enum Step<S> {
    /// The handshake goes on.
    Next(S),
    /// The handshake is complete.
    Done(Box<Established>),
}

/// A complete handshake.
#[derive(Debug)]
pub(crate) struct Established {
    pub(crate) peer: FingerprintVerified,
    pub(crate) secrets: Secrets,
    pub(crate) params: Params,
    pub(crate) group: NamedGroup,
}

/// What the hellos settled.
#[derive(Clone, Debug)]
pub(crate) struct Params {
    pub(crate) suite: Suite,
    pub(crate) randoms: Randoms,
    pub(crate) srtp_profile: Option<SrtpProfile>,
    pub(crate) alpn: Option<Vec<u8>>,
}

/// The outgoing flight, the transcript and the keys.
#[derive(Debug)]
pub(crate) struct Context {
    pub(crate) config: Arc<Config>,
    pub(crate) rng: Rng,
    pub(crate) expected: ExpectedFingerprints,
    pub(crate) flight: Flight,
    pub(crate) outbound: Outbound,
    pub(crate) opener: Option<Opener>,
    /// All messages so far, each as if it had come in one fragment (RFC 6347 section 4.2.6).
    pub(crate) transcript: Vec<u8>,
    write_epoch: Epoch,
    next_sequence: u16,
}

impl Context {
    pub(crate) fn new(config: Arc<Config>, expected: ExpectedFingerprints, rng: Rng) -> Self {
        Self {
            config,
            rng,
            expected,
            flight: Flight::default(),
            outbound: Outbound::default(),
            opener: None,
            transcript: Vec::new(),
            write_epoch: Epoch::Clear,
            next_sequence: 0,
        }
    }

    /// The epoch that alerts go out under.
    pub(crate) fn write_epoch(&self) -> Epoch {
        self.write_epoch
    }

    /// Adds a message of the peer's to the transcript.
    pub(crate) fn absorb(&mut self, message: &Message) {
        self.transcribe(message.kind, message.sequence, &message.body);
    }

    fn transcribe(&mut self, kind: HandshakeType, sequence: u16, body: &[u8]) {
        let mut out = Writer::new(&mut self.transcript);
        out.u8(kind.0);
        out.u24(body.len() as u32);
        out.u16(sequence);
        out.u24(0);
        out.u24(body.len() as u32);
        out.bytes(body);
    }

    /// Adds a message to the flight and to the transcript.
    pub(crate) fn send(&mut self, kind: HandshakeType, encode: impl FnOnce(&mut Writer<'_>)) {
        let mut body = Vec::new();
        encode(&mut Writer::new(&mut body));
        let sequence = self.next_sequence;
        self.next_sequence += 1;
        self.transcribe(kind, sequence, &body);
        self.flight
            .push_message(self.write_epoch, kind, sequence, body);
    }

    pub(crate) fn send_certificate(&mut self) {
        let certificate = Arc::clone(&self.config.certificate);
        self.send(HandshakeType::CERTIFICATE, |out| {
            encode_certificate(out, certificate.der());
        });
    }

    /// CertificateVerify over the transcript so far, RFC 5246 section 7.4.8.
    pub(crate) fn send_certificate_verify(&mut self) -> Result<(), CloseReason> {
        let key = self.config.certificate.key();
        let signature = key.sign(&self.transcript, &mut self.rng)?;
        let verify = CertificateVerify {
            scheme: SignatureScheme::ECDSA_SECP256R1_SHA256,
            signature: &signature,
        };
        self.send(HandshakeType::CERTIFICATE_VERIFY, |out| verify.encode(out));
        Ok(())
    }

    /// ChangeCipherSpec and Finished.
    pub(crate) fn send_finished(&mut self, sender: Sender, secrets: &Secrets) {
        self.flight.push_change_cipher_spec();
        self.write_epoch = Epoch::Protected;
        let verify_data = secrets.verify_data(sender, &self.transcript);
        self.send(HandshakeType::FINISHED, |out| out.bytes(&verify_data));
    }

    pub(crate) fn install(&mut self, write: Protection, read: Protection) {
        self.outbound.install(write);
        self.opener = Some(Opener::new(read));
    }

    /// The peer's certificate, checked against the signalled fingerprints.
    pub(crate) fn verify_certificate(
        &self,
        message: &Message,
    ) -> Result<FingerprintVerified, CloseReason> {
        let der = decode_certificate(&message.body)?.ok_or(HandshakeError::NoCertificate)?;
        self.expected.verify(&*self.config.crypto, der)
    }

    /// Compares the peer's Finished with the transcript before it.
    pub(crate) fn verify_finished(
        &self,
        message: &Message,
        sender: Sender,
        secrets: &Secrets,
    ) -> Result<(), CloseReason> {
        let verify_data = secrets.verify_data(sender, &self.transcript);
        if bool::from(verify_data[..].ct_eq(&message.body)) {
            Ok(())
        } else {
            Err(HandshakeError::BadFinished.into())
        }
    }
}

/// Fails unless `message` is of the awaited kind.
pub(super) fn expect(message: &Message, kind: HandshakeType) -> Result<(), CloseReason> {
    if message.kind == kind {
        Ok(())
    } else {
        Err(HandshakeError::UnexpectedMessage(message.kind.0).into())
    }
}
