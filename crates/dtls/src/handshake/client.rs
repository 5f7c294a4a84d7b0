//! The client's side, RFC 5246 section 7.3 and RFC 6347 section 4.2.

use super::context::{Context, Established, Params, Step, expect};
use crate::certificate::FingerprintVerified;
use crate::error::{CloseReason, HandshakeError};
use crate::flight::Message;
use crate::secrets::{Randoms, Secrets, Sender, Suite};
use crate::wire::{
    CertificateRequest, ClientHello, ClientKeyExchange, HandshakeType, HelloVerifyRequest,
    NamedGroup, ProtocolVersion, ServerHello, ServerKeyExchange, SignatureScheme, Writer,
};

/// A server that has not believed three cookies of its own will not believe a fourth.
const MAX_COOKIES: u8 = 3;

/// What the client awaits.
#[derive(Debug)]
pub(crate) enum Client {
    ServerHello(ExpectServerHello),
    Certificate(ExpectCertificate),
    ServerKeyExchange(ExpectServerKeyExchange),
    CertificateRequest(ExpectCertificateRequest),
    ServerHelloDone(ExpectServerHelloDone),
    Finished(ExpectFinished),
}

impl Client {
    /// Sends the ClientHello.
    pub(crate) fn start(cx: &mut Context) -> Self {
        let hello = client_hello(cx);
        cx.flight.begin(None);
        cx.send(HandshakeType::CLIENT_HELLO, |out| hello.encode(out));
        Self::ServerHello(ExpectServerHello { hello, cookies: 0 })
    }

    pub(crate) fn on_message(
        self,
        cx: &mut Context,
        message: &Message,
    ) -> Result<Step<Self>, CloseReason> {
        // A server that asks for what is under way; no part of the transcript (RFC 5246 section
        // 7.4.1.1).
        if message.kind == HandshakeType::HELLO_REQUEST {
            return Ok(Step::Next(self));
        }
        Ok(Step::Next(match self {
            Self::ServerHello(state) => state.on_message(cx, message)?,
            Self::Certificate(state) => Self::ServerKeyExchange(state.on_message(cx, message)?),
            Self::ServerKeyExchange(state) => {
                Self::CertificateRequest(state.on_message(cx, message)?)
            }
            Self::CertificateRequest(state) => {
                Self::ServerHelloDone(state.on_message(cx, message)?)
            }
            Self::ServerHelloDone(state) => Self::Finished(state.on_message(cx, message)?),
            Self::Finished(state) => return state.on_message(cx, message),
        }))
    }
}

fn client_hello(cx: &mut Context) -> ClientHello {
    let config = &cx.config;
    let implemented = |suite: &&_| Suite::from_name(**suite).is_some();
    ClientHello {
        version: ProtocolVersion::DTLS_1_2.0,
        random: cx.rng.array(),
        suites: config
            .cipher_suites
            .iter()
            .filter(implemented)
            .copied()
            .collect(),
        groups: Some(config.groups().map(|(name, _)| name).collect()),
        point_formats: Some(true),
        signatures: Some(vec![SignatureScheme::ECDSA_SECP256R1_SHA256]),
        srtp_profiles: config.srtp_profiles.clone(),
        alpn: config.alpn_protocols.clone(),
        extended_master_secret: true,
        renegotiation_info: Some(true),
        ..ClientHello::default()
    }
}

/// The ClientHello is out.
#[derive(Debug)]
pub(crate) struct ExpectServerHello {
    hello: ClientHello,
    cookies: u8,
}

impl ExpectServerHello {
    fn on_message(self, cx: &mut Context, message: &Message) -> Result<Client, CloseReason> {
        match message.kind {
            HandshakeType::HELLO_VERIFY_REQUEST => self.on_hello_verify_request(cx, message),
            HandshakeType::SERVER_HELLO => self.on_server_hello(cx, message),
            other => Err(HandshakeError::UnexpectedMessage(other.0).into()),
        }
    }

    /// Says hello again with the server's cookie; the transcript starts over (RFC 6347 section
    /// 4.2.1).
    fn on_hello_verify_request(
        mut self,
        cx: &mut Context,
        message: &Message,
    ) -> Result<Client, CloseReason> {
        if self.cookies == MAX_COOKIES {
            return Err(HandshakeError::UnexpectedMessage(message.kind.0).into());
        }
        self.cookies += 1;
        self.hello.cookie = HelloVerifyRequest::decode(&message.body)?.cookie;
        cx.transcript.clear();
        cx.flight.begin(Some(message.sequence));
        cx.send(HandshakeType::CLIENT_HELLO, |out| self.hello.encode(out));
        Ok(Client::ServerHello(self))
    }

    fn on_server_hello(self, cx: &mut Context, message: &Message) -> Result<Client, CloseReason> {
        let answer = ServerHello::decode(&message.body)?;
        let params = self.accept(answer)?;
        cx.absorb(message);
        Ok(Client::Certificate(ExpectCertificate { params }))
    }

    /// The server may only choose among what was offered.
    fn accept(&self, answer: ServerHello) -> Result<Params, HandshakeError> {
        if answer.version != ProtocolVersion::DTLS_1_2.0 {
            return Err(HandshakeError::Version);
        }
        let mut suites = self.hello.suites.iter();
        let suite = suites
            .find(|suite| suite.0 == answer.suite)
            .and_then(|suite| Suite::from_name(*suite))
            .ok_or(HandshakeError::CipherSuite)?;
        if answer.compression != 0 {
            return Err(HandshakeError::IllegalParameter("compression_method"));
        }
        if let Some(extension) = answer.unknown {
            return Err(HandshakeError::UnsolicitedExtension(extension));
        }
        if !answer.extended_master_secret {
            return Err(HandshakeError::ExtendedMasterSecret);
        }
        // Its absence is tolerated: an attacker who splices this handshake into one of its own
        // fails the server's fingerprint check.
        if answer.renegotiation_info == Some(false) {
            return Err(HandshakeError::IllegalParameter("renegotiation_info"));
        }
        if answer.point_formats == Some(false) {
            return Err(HandshakeError::IllegalParameter("ec_point_formats"));
        }
        let offered_srtp = |profile| self.hello.srtp_profiles.contains(profile);
        if !answer.srtp_profile.as_ref().is_none_or(offered_srtp) || answer.has_srtp_mki {
            return Err(HandshakeError::IllegalParameter("use_srtp"));
        }
        let offered_alpn = |protocol| self.hello.alpn.contains(protocol);
        if !answer.alpn.as_ref().is_none_or(offered_alpn) {
            return Err(HandshakeError::IllegalParameter("ALPN"));
        }
        Ok(Params {
            suite,
            randoms: Randoms {
                client: self.hello.random,
                server: answer.random,
            },
            srtp_profile: answer.srtp_profile,
            alpn: answer.alpn,
        })
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
        let peer = cx.verify_certificate(message)?;
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
    peer: FingerprintVerified,
}

impl ExpectServerKeyExchange {
    fn on_message(
        self,
        cx: &mut Context,
        message: &Message,
    ) -> Result<ExpectCertificateRequest, CloseReason> {
        expect(message, HandshakeType::SERVER_KEY_EXCHANGE)?;
        let exchange = ServerKeyExchange::decode(&message.body)?;
        if exchange.scheme != SignatureScheme::ECDSA_SECP256R1_SHA256 {
            return Err(HandshakeError::SignatureScheme.into());
        }
        if cx.config.group(exchange.group).is_none() {
            return Err(HandshakeError::Group.into());
        }
        let randoms = &self.params.randoms;
        let mut signed = [randoms.client, randoms.server].concat();
        let mut out = Writer::new(&mut signed);
        ServerKeyExchange::encode_params(&mut out, exchange.group, exchange.share);
        self.peer
            .verify_signature(&*cx.config.crypto, &signed, exchange.signature)?;
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
    peer: FingerprintVerified,
    group: NamedGroup,
    share: Vec<u8>,
}

/// A WebRTC server always wants to know the client too (RFC 8827 section 6.5).
#[derive(Debug)]
pub(crate) struct ExpectCertificateRequest {
    server: AuthenticServer,
}

impl ExpectCertificateRequest {
    fn on_message(
        self,
        cx: &mut Context,
        message: &Message,
    ) -> Result<ExpectServerHelloDone, CloseReason> {
        expect(message, HandshakeType::CERTIFICATE_REQUEST)?;
        let request = CertificateRequest::decode(&message.body)?;
        let ours = SignatureScheme::ECDSA_SECP256R1_SHA256;
        if !request.ecdsa || !request.schemes.contains(&ours) {
            return Err(HandshakeError::SignatureScheme.into());
        }
        cx.absorb(message);
        Ok(ExpectServerHelloDone {
            server: self.server,
        })
    }
}

/// The server's flight is nearly whole.
#[derive(Debug)]
pub(crate) struct ExpectServerHelloDone {
    server: AuthenticServer,
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
            return Err(HandshakeError::IllegalParameter("ServerHelloDone").into());
        }
        cx.absorb(message);
        cx.flight.begin(Some(message.sequence));
        cx.send_certificate();
        let secrets = send_key_exchange(cx, &self.server)?;
        let (client, server) = secrets.protections()?;
        cx.install(client, server);
        cx.send_certificate_verify()?;
        cx.send_finished(Sender::Client, &secrets);
        Ok(ExpectFinished {
            server: self.server,
            secrets,
        })
    }
}

fn send_key_exchange(cx: &mut Context, server: &AuthenticServer) -> Result<Secrets, CloseReason> {
    let group = cx.config.group(server.group).ok_or(HandshakeError::Group)?;
    let crypto = cx.config.crypto.clone();
    let (share, premaster) = crypto.respond_key_exchange(group, &server.share, &mut cx.rng)?;
    let exchange = ClientKeyExchange { share: &share };
    cx.send(HandshakeType::CLIENT_KEY_EXCHANGE, |out| {
        exchange.encode(out);
    });
    let (suite, randoms) = (server.params.suite, server.params.randoms);
    Ok(Secrets::new(
        crypto,
        suite,
        randoms,
        &premaster,
        &cx.transcript,
    ))
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
        cx.verify_finished(message, Sender::Server, &self.secrets)?;
        cx.flight.clear();
        Ok(Step::Done(Box::new(Established {
            peer: self.server.peer,
            secrets: self.secrets,
            params: self.server.params,
            group: self.server.group,
        })))
    }
}
