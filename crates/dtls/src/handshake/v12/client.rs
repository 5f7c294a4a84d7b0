//! The client's side, RFC 5246 section 7.3 and RFC 6347 section 4.2.

use crate::certificate::{AcceptedCertificate, own_scheme};
use crate::error::{CloseReason, HandshakeError};
use crate::flight::Message;
use crate::handshake::context::{Context, Established, Keys, Params, Step, expect};
use crate::secrets::{Secrets, Sender};
use crate::wire::{
    CertificateRequest, ClientKeyExchange, DecodeError, HandshakeType, NamedGroup, ProtocolVersion,
    ServerKeyExchange, Writer, decode_certificate,
};

/// What the client awaits.
#[derive(Debug)]
pub(crate) enum Client {
    Certificate(ExpectCertificate),
    ServerKeyExchange(ExpectServerKeyExchange),
    CertificateRequest(ExpectCertificateRequest),
    ServerHelloDone(ExpectServerHelloDone),
    Finished(ExpectFinished),
}

impl Client {
    /// The hellos are exchanged.
    pub(crate) fn start(params: Params) -> Self {
        Self::Certificate(ExpectCertificate { params })
    }

    pub(crate) fn on_message(
        self,
        cx: &mut Context,
        message: &Message,
    ) -> Result<Step<Self>, CloseReason> {
        Ok(Step::Next(match self {
            Self::Certificate(state) => Self::ServerKeyExchange(state.on_message(cx, message)?),
            Self::ServerKeyExchange(state) => {
                Self::CertificateRequest(state.on_message(cx, message)?)
            }
            Self::CertificateRequest(state) => state.on_message(cx, message)?,
            Self::ServerHelloDone(state) => Self::Finished(state.on_message(cx, message)?),
            Self::Finished(state) => return state.on_message(cx, message),
        }))
    }
}

/// The parameters are known, the server is not.
#[derive(Debug)]
pub(crate) struct ExpectCertificate {
    params: Params,
}

impl ExpectCertificate {
    fn on_message(
        self,
        cx: &mut Context,
        message: &Message,
    ) -> Result<ExpectServerKeyExchange, CloseReason> {
        expect(message, HandshakeType::CERTIFICATE)?;
        let peer = cx.verify_certificate(decode_certificate(&message.body)?)?;
        if !self.params.suite.suits(peer.key_type()) {
            return Err(HandshakeError::UnsupportedCertificate.into());
        }
        cx.absorb(message);
        Ok(ExpectServerKeyExchange {
            params: self.params,
            peer,
        })
    }
}

/// The server's certificate is the signalled one; that the server holds its key is to be shown.
#[derive(Debug)]
pub(crate) struct ExpectServerKeyExchange {
    params: Params,
    peer: AcceptedCertificate,
}

impl ExpectServerKeyExchange {
    fn on_message(
        self,
        cx: &mut Context,
        message: &Message,
    ) -> Result<ExpectCertificateRequest, CloseReason> {
        expect(message, HandshakeType::SERVER_KEY_EXCHANGE)?;
        let exchange = ServerKeyExchange::decode(&message.body)?;
        if cx.config.group_of_1_2(exchange.group).is_none() {
            return Err(HandshakeError::Group.into());
        }
        let randoms = &self.params.randoms;
        let mut signed = [randoms.client, randoms.server].concat();
        let mut out = Writer::new(&mut signed);
        ServerKeyExchange::encode_params(&mut out, exchange.group, exchange.share);
        self.peer.verify_signature(
            &*cx.config.crypto,
            ProtocolVersion::DTLS_1_2,
            exchange.scheme,
            &signed,
            exchange.signature,
        )?;
        cx.absorb(message);
        Ok(ExpectCertificateRequest {
            server: AuthenticServer {
                params: self.params,
                peer: self.peer,
                group: exchange.group,
                share: exchange.share.to_vec(),
            },
        })
    }
}

/// A server that has proved who it is.
#[derive(Debug)]
struct AuthenticServer {
    params: Params,
    peer: AcceptedCertificate,
    group: NamedGroup,
    share: Vec<u8>,
}

/// A WebRTC server always wants to know the client too (RFC 8827 section 6.5).
#[derive(Debug)]
pub(crate) struct ExpectCertificateRequest {
    server: AuthenticServer,
}

impl ExpectCertificateRequest {
    fn on_message(self, cx: &mut Context, message: &Message) -> Result<Client, CloseReason> {
        let is_asked = message.kind != HandshakeType::SERVER_HELLO_DONE;
        if !is_asked && !cx.config.verification.has_to_be_asked() {
            let next = ExpectServerHelloDone {
                server: self.server,
                is_asked,
            };
            return Ok(Client::Finished(next.on_message(cx, message)?));
        }
        expect(message, HandshakeType::CERTIFICATE_REQUEST)?;
        let request = CertificateRequest::decode(&message.body)?;
        let ours = own_scheme(cx.config.certificate.key());
        if !request.ecdsa || !request.schemes.contains(&ours) {
            return Err(HandshakeError::SignatureScheme.into());
        }
        cx.absorb(message);
        Ok(Client::ServerHelloDone(ExpectServerHelloDone {
            server: self.server,
            is_asked,
        }))
    }
}

/// The server's flight is nearly whole.
#[derive(Debug)]
pub(crate) struct ExpectServerHelloDone {
    server: AuthenticServer,
    /// Whether the server has asked for a certificate.
    is_asked: bool,
}

impl ExpectServerHelloDone {
    /// Answers with the client's second flight.
    fn on_message(
        self,
        cx: &mut Context,
        message: &Message,
    ) -> Result<ExpectFinished, CloseReason> {
        expect(message, HandshakeType::SERVER_HELLO_DONE)?;
        if !message.body.is_empty() {
            let field = "ServerHelloDone";
            return Err(DecodeError { field }.into());
        }
        cx.absorb(message);
        cx.flight.begin(Some(message.sequence));
        if self.is_asked {
            cx.send_certificate();
        }
        let secrets = send_key_exchange(cx, &self.server)?;
        let (client, server) = secrets.protections()?;
        cx.install(self.server.params.suite, client, server);
        if self.is_asked {
            let signed = cx.transcript.bytes().to_vec();
            cx.send_certificate_verify(&signed)?;
        }
        cx.send_finished(Sender::Client, &secrets);
        Ok(ExpectFinished {
            server: self.server,
            secrets,
        })
    }
}

fn send_key_exchange(cx: &mut Context, server: &AuthenticServer) -> Result<Secrets, CloseReason> {
    let group = cx
        .config
        .group_of_1_2(server.group)
        .ok_or(HandshakeError::Group)?;
    let crypto = cx.config.crypto.clone();
    let (share, premaster) = crypto.respond_key_exchange(group, &server.share, &mut cx.rng)?;
    let exchange = ClientKeyExchange { share: &share };
    cx.send(HandshakeType::CLIENT_KEY_EXCHANGE, |out| {
        exchange.encode(out);
    });
    let (suite, randoms) = (server.params.suite, server.params.randoms);
    let secrets = Secrets::new(crypto, suite, randoms, &premaster, cx.transcript.bytes());
    cx.log_key("CLIENT_RANDOM", &randoms.client, secrets.master());
    Ok(secrets)
}

/// All that is missing is the server's confirmation.
#[derive(Debug)]
pub(crate) struct ExpectFinished {
    server: AuthenticServer,
    secrets: Secrets,
}

impl ExpectFinished {
    fn on_message(self, cx: &mut Context, message: &Message) -> Result<Step<Client>, CloseReason> {
        expect(message, HandshakeType::FINISHED)?;
        let transcript = cx.transcript.bytes();
        let verify_data = self.secrets.verify_data(Sender::Server, transcript);
        Context::verify_finished(message, &verify_data)?;
        cx.flight.clear();
        Ok(Step::Done(Box::new(Established {
            peer: Some(self.server.peer),
            params: self.server.params,
            group: self.server.group,
            keys: Keys::V12(self.secrets),
        })))
    }
}
