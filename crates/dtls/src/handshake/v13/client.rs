//! The client's side.

use std::sync::Arc;

use super::signature::signed_content;
use crate::certificate::{AcceptedCertificate, own_scheme};
use crate::error::{CloseReason, HandshakeError};
use crate::flight::Message;
use crate::handshake::context::{
    Answer, Context, Established, Keys, Params, Step, Traffic, expect,
};
use crate::record::Epoch;
use crate::secrets::{HandshakeSecrets, Randoms, Sender, Suite};
use crate::wire::{
    CertificateRequest13, CertificateVerify, ClientHello, EncryptedExtensions, HandshakeType,
    NamedGroup, ProtocolVersion, decode_certificate_1_3, encode_certificate_1_3,
};

/// What the client awaits.
#[derive(Debug)]
pub(crate) enum Client {
    EncryptedExtensions(Box<ExpectEncryptedExtensions>),
    CertificateRequest(Box<ExpectCertificateRequest>),
    Certificate(Box<ExpectCertificate>),
    CertificateVerify(Box<ExpectCertificateVerify>),
    Finished(Box<ExpectFinished>),
}

impl Client {
    /// The hellos are exchanged: from here on all is protected.
    pub(crate) fn start(
        cx: &mut Context,
        hello: ClientHello,
        suite: Suite,
        randoms: Randoms,
        group: NamedGroup,
        shared: &[u8],
    ) -> Result<Self, CloseReason> {
        let crypto = Arc::clone(&cx.config.crypto);
        let secrets = HandshakeSecrets::new(crypto, suite, shared, &cx.transcript.hash());
        let (ours, theirs) = (&secrets.client, &secrets.server);
        cx.log_key(
            "CLIENT_HANDSHAKE_TRAFFIC_SECRET",
            &randoms.client,
            ours.secret(),
        );
        cx.log_key(
            "SERVER_HANDSHAKE_TRAFFIC_SECRET",
            &randoms.client,
            theirs.secret(),
        );
        cx.outbound
            .install(Epoch::HANDSHAKE, suite.aead, ours.protection()?);
        cx.inbound.install(Epoch::HANDSHAKE, theirs.protection()?);
        cx.set_write_epoch(Epoch::HANDSHAKE);
        // The server has our hello (RFC 9147 section 7.1).
        cx.flight.clear();
        Ok(Self::EncryptedExtensions(Box::new(
            ExpectEncryptedExtensions {
                hello,
                suite,
                randoms,
                group,
                secrets,
            },
        )))
    }

    pub(crate) fn on_message(
        self,
        cx: &mut Context,
        message: &Message,
    ) -> Result<Step<Self>, CloseReason> {
        Ok(Step::Next(match self {
            Self::EncryptedExtensions(state) => {
                Self::CertificateRequest(Box::new(state.on_message(cx, message)?))
            }
            Self::CertificateRequest(state) => state.on_message(cx, message)?,
            Self::Certificate(state) => {
                Self::CertificateVerify(Box::new(state.on_message(cx, message)?))
            }
            Self::CertificateVerify(state) => {
                Self::Finished(Box::new(state.on_message(cx, message)?))
            }
            Self::Finished(state) => return state.on_message(cx, message),
        }))
    }
}

/// The keys of the handshake are there.
#[derive(Debug)]
pub(crate) struct ExpectEncryptedExtensions {
    hello: ClientHello,
    suite: Suite,
    randoms: Randoms,
    group: NamedGroup,
    secrets: HandshakeSecrets,
}

/// What the hellos and the extensions have settled.
#[derive(Debug)]
struct Settled {
    params: Params,
    group: NamedGroup,
    secrets: HandshakeSecrets,
    /// Whether the server has asked for a certificate.
    is_asked: bool,
}

impl ExpectEncryptedExtensions {
    fn on_message(
        self,
        cx: &mut Context,
        message: &Message,
    ) -> Result<ExpectCertificateRequest, CloseReason> {
        expect(message, HandshakeType::ENCRYPTED_EXTENSIONS)?;
        let extensions = EncryptedExtensions::decode(&message.body)?;
        if extensions.misplaced {
            return Err(HandshakeError::IllegalParameter("EncryptedExtensions").into());
        }
        let answer = Answer {
            srtp_profile: extensions.srtp_profile,
            has_srtp_mki: extensions.has_srtp_mki,
            alpn: extensions.alpn,
            record_size_limit: extensions.record_size_limit,
            unknown: extensions.unknown,
        };
        answer.check(&self.hello)?;
        cx.limit_records(answer.record_size_limit);
        cx.absorb(message);
        Ok(ExpectCertificateRequest {
            settled: Settled {
                params: Params {
                    suite: self.suite,
                    randoms: self.randoms,
                    srtp_profile: answer.srtp_profile,
                    alpn: answer.alpn,
                    record_size_limit: answer.record_size_limit,
                },
                group: self.group,
                secrets: self.secrets,
                is_asked: false,
            },
        })
    }
}

/// A WebRTC server always wants to know the client too (RFC 8827 section 6.5).
#[derive(Debug)]
pub(crate) struct ExpectCertificateRequest {
    settled: Settled,
}

impl ExpectCertificateRequest {
    fn on_message(mut self, cx: &mut Context, message: &Message) -> Result<Client, CloseReason> {
        let is_asked = message.kind != HandshakeType::CERTIFICATE;
        if !is_asked && !cx.config.verification.has_to_be_asked() {
            let next = ExpectCertificate {
                settled: self.settled,
            };
            return Ok(Client::CertificateVerify(Box::new(
                next.on_message(cx, message)?,
            )));
        }
        expect(message, HandshakeType::CERTIFICATE_REQUEST)?;
        let request = CertificateRequest13::decode(&message.body)?
            .ok_or(HandshakeError::MissingExtension("signature_algorithms"))?;
        if !request
            .schemes
            .contains(&own_scheme(cx.config.certificate.key()))
        {
            return Err(HandshakeError::SignatureScheme.into());
        }
        cx.absorb(message);
        self.settled.is_asked = true;
        Ok(Client::Certificate(Box::new(ExpectCertificate {
            settled: self.settled,
        })))
    }
}

/// The parameters are known, the server is not.
#[derive(Debug)]
pub(crate) struct ExpectCertificate {
    settled: Settled,
}

impl ExpectCertificate {
    fn on_message(
        self,
        cx: &mut Context,
        message: &Message,
    ) -> Result<ExpectCertificateVerify, CloseReason> {
        expect(message, HandshakeType::CERTIFICATE)?;
        let peer = cx.verify_certificate(decode_certificate_1_3(&message.body)?)?;
        cx.absorb(message);
        Ok(ExpectCertificateVerify {
            settled: self.settled,
            peer,
        })
    }
}

/// The server's certificate is the signalled one; that the server holds its key is to be shown.
#[derive(Debug)]
pub(crate) struct ExpectCertificateVerify {
    settled: Settled,
    peer: AcceptedCertificate,
}

impl ExpectCertificateVerify {
    fn on_message(
        self,
        cx: &mut Context,
        message: &Message,
    ) -> Result<ExpectFinished, CloseReason> {
        expect(message, HandshakeType::CERTIFICATE_VERIFY)?;
        let verify = CertificateVerify::decode(&message.body)?;
        self.peer.verify_signature(
            &*cx.config.crypto,
            ProtocolVersion::DTLS_1_3,
            verify.scheme,
            &signed_content(Sender::Server, &cx.transcript.hash()),
            verify.signature,
        )?;
        cx.absorb(message);
        Ok(ExpectFinished {
            settled: self.settled,
            peer: self.peer,
        })
    }
}

/// The server has proved who it is; what is missing is its confirmation.
#[derive(Debug)]
pub(crate) struct ExpectFinished {
    settled: Settled,
    peer: AcceptedCertificate,
}

impl ExpectFinished {
    /// Answers with the client's last flight, after which data may follow at once.
    fn on_message(self, cx: &mut Context, message: &Message) -> Result<Step<Client>, CloseReason> {
        expect(message, HandshakeType::FINISHED)?;
        let Settled {
            params,
            group,
            secrets,
            is_asked,
        } = self.settled;
        let verify_data = secrets.server.verify_data(&cx.transcript.hash());
        Context::verify_finished(message, verify_data.as_ref())?;
        cx.absorb(message);
        let application = secrets.application(&cx.transcript.hash());
        application.log(cx, &params.randoms.client);
        cx.flight.begin(Some(message.sequence));
        if is_asked {
            let certificate = Arc::clone(&cx.config.certificate);
            cx.send(HandshakeType::CERTIFICATE, |out| {
                encode_certificate_1_3(out, certificate.der());
            });
            let content = signed_content(Sender::Client, &cx.transcript.hash());
            cx.send_certificate_verify(&content)?;
        }
        let verify_data = secrets.client.verify_data(&cx.transcript.hash());
        cx.send(HandshakeType::FINISHED, |out| {
            out.bytes(verify_data.as_ref());
        });
        let (ours, theirs) = (application.client, application.server);
        cx.outbound
            .install(Epoch::APPLICATION, params.suite.aead, ours.protection()?);
        cx.inbound.install(Epoch::APPLICATION, theirs.protection()?);
        Ok(Step::Done(Box::new(Established {
            peer: Some(self.peer),
            params,
            group,
            keys: Keys::V13(Box::new(Traffic {
                exporter: application.exporter,
                read: theirs,
                write: ours,
            })),
        })))
    }
}
