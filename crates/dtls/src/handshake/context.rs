//! What all states of a handshake share.

use std::sync::Arc;

use subtle::ConstantTimeEq as _;
use tidewire_crypto::Rng;

use super::transcript::Transcript;
use crate::certificate::{AcceptableCertificates, AcceptedCertificate, own_scheme};
use crate::config::{AddressValidation, Config};
use crate::error::{CloseReason, HandshakeError};
use crate::flight::{Flight, Message};
use crate::record::{Epoch, Inbound, Outbound, Protection};
use crate::secrets::{
    ApplicationSecrets, Exporter, Randoms, Secrets, Sender, Suite, TrafficSecret,
};
use crate::wire::{
    CertificateVerify, ClientHello, HandshakeType, NamedGroup, ProtocolVersion, SrtpProfile,
    Writer, encode_certificate,
};

/// What a state made of a message.
#[derive(Debug)]
pub(crate) enum Step<S> {
    /// The handshake goes on.
    Next(S),
    /// The handshake is complete.
    Done(Box<Established>),
}

impl<S> Step<S> {
    pub(super) fn map<T>(self, wrap: impl FnOnce(S) -> T) -> Step<T> {
        match self {
            Self::Next(state) => Step::Next(wrap(state)),
            Self::Done(established) => Step::Done(established),
        }
    }
}

/// A complete handshake.
#[derive(Debug)]
pub(crate) struct Established {
    /// None only where the peer did not have to show one.
    pub(crate) peer: Option<AcceptedCertificate>,
    pub(crate) params: Params,
    pub(crate) group: NamedGroup,
    pub(crate) keys: Keys,
}

/// What a version leaves to go on with.
#[derive(Debug)]
pub(crate) enum Keys {
    V12(Secrets),
    V13(Box<Traffic>),
}

/// The secrets of DTLS 1.3 that data and exporters are under.
#[derive(Debug)]
pub(crate) struct Traffic {
    pub(crate) exporter: Exporter,
    pub(crate) read: TrafficSecret,
    pub(crate) write: TrafficSecret,
}

/// What the hellos settled, and the extensions that came with them.
#[derive(Clone, Debug)]
pub(crate) struct Params {
    pub(crate) suite: Suite,
    pub(crate) randoms: Randoms,
    pub(crate) srtp_profile: Option<SrtpProfile>,
    pub(crate) alpn: Option<Vec<u8>>,
    /// What the peer limits records to (RFC 8449), as it tells it.
    pub(crate) record_size_limit: Option<u16>,
}

/// The outgoing flight, the transcript and the keys.
#[derive(Debug)]
pub(crate) struct Context {
    pub(crate) config: Arc<Config>,
    pub(crate) rng: Rng,
    pub(crate) expected: AcceptableCertificates,
    pub(crate) flight: Flight,
    pub(crate) outbound: Outbound,
    pub(crate) inbound: Inbound,
    pub(crate) transcript: Transcript,
    /// Once the hellos have settled it.
    pub(crate) version: Option<ProtocolVersion>,
    /// Whether the peer is where it says that it is, as far as this side has to know.
    pub(crate) is_address_proven: bool,
    /// That of the hello that a server has taken up.
    pub(crate) client_random: Option<[u8; 32]>,
    write_epoch: Epoch,
    /// The number of the next message; one more than there are, after the last.
    next_sequence: u32,
}

impl Context {
    pub(crate) fn new(config: Arc<Config>, expected: AcceptableCertificates, rng: Rng) -> Self {
        Self {
            is_address_proven: config.address_validation == AddressValidation::Proven,
            config,
            rng,
            expected,
            flight: Flight::default(),
            outbound: Outbound::default(),
            inbound: Inbound::default(),
            transcript: Transcript::default(),
            version: None,
            client_random: None,
            write_epoch: Epoch::CLEAR,
            next_sequence: 0,
        }
    }

    pub(crate) fn is_1_3(&self) -> bool {
        self.version == Some(ProtocolVersion::DTLS_1_3)
    }

    /// The epoch that alerts and acknowledgements go out under. In DTLS 1.2 keys are there before their
    /// use is announced.
    pub(crate) fn control_epoch(&self) -> Epoch {
        if self.is_1_3() {
            self.outbound.newest()
        } else {
            self.write_epoch
        }
    }

    /// The epoch that messages of the handshake go out under.
    pub(crate) fn set_write_epoch(&mut self, epoch: Epoch) {
        self.write_epoch = epoch;
    }

    /// Adds a message of the peer's to the transcript.
    pub(crate) fn absorb(&mut self, message: &Message) {
        self.transcript
            .add(message.kind, message.sequence, &message.body);
    }

    /// Adds a message to the flight and to the transcript.
    pub(crate) fn send(&mut self, kind: HandshakeType, encode: impl FnOnce(&mut Writer<'_>)) {
        let mut body = Vec::new();
        encode(&mut Writer::new(&mut body));
        self.transcript.add(kind, self.next_sequence as u16, &body);
        self.push(kind, body);
    }

    /// The same for what no transcript holds.
    pub(crate) fn send_apart(&mut self, kind: HandshakeType, encode: impl FnOnce(&mut Writer<'_>)) {
        let mut body = Vec::new();
        encode(&mut Writer::new(&mut body));
        self.push(kind, body);
    }

    fn push(&mut self, kind: HandshakeType, body: Vec<u8>) {
        let sequence = self.next_sequence as u16;
        self.next_sequence += 1;
        self.flight
            .push_message(self.write_epoch, kind, sequence, body);
    }

    /// Whether there are numbers left for messages.
    pub(crate) fn has_more_messages(&self) -> bool {
        self.next_sequence <= u32::from(u16::MAX)
    }

    pub(crate) fn send_certificate(&mut self) {
        let certificate = Arc::clone(&self.config.certificate);
        self.send(HandshakeType::CERTIFICATE, |out| {
            encode_certificate(out, certificate.der());
        });
    }

    /// CertificateVerify over `content`: the transcript so far (RFC 5246 section 7.4.8), or what DTLS
    /// 1.3 makes of it.
    pub(crate) fn send_certificate_verify(&mut self, content: &[u8]) -> Result<(), CloseReason> {
        let config = Arc::clone(&self.config);
        let key = config.certificate.key();
        let signature = key.sign(content, &mut self.rng)?;
        let verify = CertificateVerify {
            scheme: own_scheme(key),
            signature: &signature,
        };
        self.send(HandshakeType::CERTIFICATE_VERIFY, |out| verify.encode(out));
        Ok(())
    }

    /// ChangeCipherSpec and Finished of DTLS 1.2.
    pub(crate) fn send_finished(&mut self, sender: Sender, secrets: &Secrets) {
        self.flight.push_change_cipher_spec();
        self.write_epoch = Epoch::PROTECTED;
        let verify_data = secrets.verify_data(sender, self.transcript.bytes());
        self.send(HandshakeType::FINISHED, |out| out.bytes(&verify_data));
    }

    /// The keys of DTLS 1.2.
    pub(crate) fn install(&mut self, suite: Suite, write: Protection, read: Protection) {
        self.outbound.install(Epoch::PROTECTED, suite.aead, write);
        self.inbound.install(Epoch::PROTECTED, read);
    }

    /// The peer's certificate, checked against the signalled fingerprints.
    pub(crate) fn verify_certificate(
        &self,
        der: Option<&[u8]>,
    ) -> Result<AcceptedCertificate, CloseReason> {
        let der = der.ok_or(HandshakeError::NoCertificate)?;
        self.expected.verify(&*self.config.crypto, der)
    }

    /// The same for a client's, which may lack where it does not have to be there; `missing` tells of it
    /// where it has to.
    pub(crate) fn verify_client_certificate(
        &self,
        der: Option<&[u8]>,
        missing: HandshakeError,
    ) -> Result<Option<AcceptedCertificate>, CloseReason> {
        if der.is_none() && self.config.verification.requires_client_certificate() {
            return Err(missing.into());
        }
        der.map(|der| self.expected.verify(&*self.config.crypto, der))
            .transpose()
    }

    /// Compares the peer's Finished with what it has to be.
    pub(crate) fn verify_finished(
        message: &Message,
        verify_data: &[u8],
    ) -> Result<(), CloseReason> {
        if bool::from(verify_data.ct_eq(&message.body)) {
            Ok(())
        } else {
            Err(HandshakeError::BadFinished.into())
        }
    }

    /// Takes up what both sides have told of the records that they want (RFC 8449 section 4). In DTLS
    /// 1.3 the type counts too.
    pub(crate) fn limit_records(&mut self, theirs: Option<u16>) {
        let Some(theirs) = theirs else {
            return;
        };
        let type_len = usize::from(self.is_1_3());
        self.outbound.set_limit(usize::from(theirs) - type_len);
        if let Some(ours) = self.config.record_size_limit {
            self.inbound.set_limit(usize::from(ours) - type_len);
        }
    }

    /// Tells a secret to the key log, if there is one.
    pub(crate) fn log_key(&self, label: &str, client_random: &[u8; 32], secret: &[u8]) {
        if let Some(log) = &self.config.key_log {
            log.log(label, client_random, secret);
        }
    }
}

impl ApplicationSecrets {
    /// Tells them to the key log, if there is one.
    pub(super) fn log(&self, cx: &Context, client_random: &[u8; 32]) {
        let secrets = [
            ("CLIENT_TRAFFIC_SECRET_0", self.client.secret()),
            ("SERVER_TRAFFIC_SECRET_0", self.server.secret()),
            ("EXPORTER_SECRET", self.exporter.secret()),
        ];
        for (label, secret) in secrets {
            cx.log_key(label, client_random, secret);
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

/// RFC 8449 section 4: less than 64 is illegal.
pub(super) fn check_record_size_limit(limit: Option<u16>) -> Result<(), HandshakeError> {
    match limit {
        Some(..64) => Err(HandshakeError::IllegalParameter("record_size_limit")),
        _ => Ok(()),
    }
}

/// What a server says of the extensions that both versions have in common.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) srtp_profile: Option<SrtpProfile>,
    pub(super) has_srtp_mki: bool,
    pub(super) alpn: Option<Vec<u8>>,
    pub(super) record_size_limit: Option<u16>,
    pub(super) unknown: Option<u16>,
}

impl Answer {
    /// The server may only choose among what was offered.
    pub(super) fn check(&self, hello: &ClientHello) -> Result<(), HandshakeError> {
        if let Some(extension) = self.unknown {
            return Err(HandshakeError::UnsolicitedExtension(extension));
        }
        let offered_srtp = |profile| hello.srtp_profiles.contains(profile);
        if !self.srtp_profile.as_ref().is_none_or(offered_srtp) || self.has_srtp_mki {
            return Err(HandshakeError::IllegalParameter("use_srtp"));
        }
        let offered_alpn = |protocol| hello.alpn.contains(protocol);
        if !self.alpn.as_ref().is_none_or(offered_alpn) {
            return Err(HandshakeError::IllegalParameter("ALPN"));
        }
        if self.record_size_limit.is_some() && hello.record_size_limit.is_none() {
            return Err(HandshakeError::UnsolicitedExtension(28));
        }
        check_record_size_limit(self.record_size_limit)
    }
}
