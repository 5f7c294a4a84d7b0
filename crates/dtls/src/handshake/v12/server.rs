//! The server's side.

use std::sync::Arc;

use tidewire_crypto::KeyExchange;

use crate::certificate::{AcceptedCertificate, accepted_schemes, own_scheme};
use crate::config::Config;
use crate::error::{CloseReason, HandshakeError};
use crate::flight::Message;
use crate::handshake::context::{Context, Established, Keys, Params, Step, expect};
use crate::secrets::{Secrets, Sender};
use crate::wire::{
    CertificateRequest, CertificateVerify, ClientHello, ClientKeyExchange, HandshakeType,
    NamedGroup, ProtocolVersion, ServerHello, ServerKeyExchange, Writer, decode_certificate,
};

/// What the server awaits.
#[derive(Debug)]
pub(crate) enum Server {
    Certificate(ExpectCertificate),
    ClientKeyExchange(ExpectClientKeyExchange),
    CertificateVerify(ExpectCertificateVerify),
    Finished(ExpectFinished),
}

impl Server {
    /// Answers `message`, the client's hello, with the server's first flight.
    pub(crate) fn start(
        cx: &mut Context,
        message: &Message,
        hello: &ClientHello,
        params: Params,
    ) -> Result<Self, CloseReason> {
        check_hello(cx, hello)?;
        let group = choose_group(&cx.config, hello)?;
        cx.flight.begin(Some(message.sequence));
        send_server_hello(cx, hello, &params);
        cx.limit_records(params.record_size_limit);
        cx.send_certificate();
        let exchange = send_key_exchange(cx, &params, group)?;
        let offer = Offer {
            params,
            group,
            exchange,
        };
        let requests = cx.config.verification.requests_client_certificate();
        if requests {
            let request = CertificateRequest {
                ecdsa: true,
                schemes: accepted_schemes(&*cx.config.crypto, true),
            };
            cx.send(HandshakeType::CERTIFICATE_REQUEST, |out| {
                request.encode(out);
            });
        }
        cx.send(HandshakeType::SERVER_HELLO_DONE, |_| ());
        Ok(if requests {
            Self::Certificate(ExpectCertificate { offer })
        } else {
            Self::ClientKeyExchange(ExpectClientKeyExchange { offer, peer: None })
        })
    }

    pub(crate) fn on_message(
        self,
        cx: &mut Context,
        message: &Message,
    ) -> Result<Step<Self>, CloseReason> {
        Ok(Step::Next(match self {
            Self::Certificate(state) => Self::ClientKeyExchange(state.on_message(cx, message)?),
            Self::ClientKeyExchange(state) => state.on_message(cx, message)?,
            Self::CertificateVerify(state) => Self::Finished(state.on_message(cx, message)?),
            Self::Finished(state) => return state.on_message(cx, message),
        }))
    }
}

fn check_hello(cx: &Context, hello: &ClientHello) -> Result<(), HandshakeError> {
    if !hello.null_compression {
        return Err(HandshakeError::IllegalParameter("compression_methods"));
    }
    if !hello.extended_master_secret {
        return Err(HandshakeError::ExtendedMasterSecret);
    }
    if hello.renegotiation_info == Some(false) {
        return Err(HandshakeError::IllegalParameter("renegotiation_info"));
    }
    if hello.point_formats == Some(false) {
        return Err(HandshakeError::IllegalParameter("ec_point_formats"));
    }
    let ours = own_scheme(cx.config.certificate.key());
    match &hello.signatures {
        Some(signatures) if !signatures.contains(&ours) => Err(HandshakeError::SignatureScheme),
        _ => Ok(()),
    }
}

/// A client that lists no groups takes any (RFC 8422 section 4): P-256, which all have.
fn choose_group(config: &Config, hello: &ClientHello) -> Result<NamedGroup, HandshakeError> {
    let any = [NamedGroup::SECP256R1];
    let offered = hello.groups.as_deref().unwrap_or(&any);
    let mut groups = config.groups_of_1_2().map(|(name, _)| name);
    groups
        .find(|group| offered.contains(group))
        .ok_or(HandshakeError::Group)
}

fn send_server_hello(cx: &mut Context, hello: &ClientHello, params: &Params) {
    let answer = ServerHello {
        version: ProtocolVersion::DTLS_1_2.0,
        random: params.randoms.server,
        suite: params.suite.name.0,
        point_formats: hello.point_formats,
        srtp_profile: params.srtp_profile,
        alpn: params.alpn.clone(),
        extended_master_secret: true,
        renegotiation_info: hello.renegotiation_info,
        record_size_limit: hello.record_size_limit.map(|_| {
            cx.config
                .announced_record_size_limit(ProtocolVersion::DTLS_1_2)
        }),
        ..ServerHello::default()
    };
    cx.send(HandshakeType::SERVER_HELLO, |out| answer.encode(out));
}

fn send_key_exchange(
    cx: &mut Context,
    params: &Params,
    named: NamedGroup,
) -> Result<Box<dyn KeyExchange>, CloseReason> {
    let group = cx.config.group_of_1_2(named).ok_or(HandshakeError::Group)?;
    let exchange = cx.config.crypto.start_key_exchange(group, &mut cx.rng)?;
    let mut signed = [params.randoms.client, params.randoms.server].concat();
    ServerKeyExchange::encode_params(&mut Writer::new(&mut signed), named, exchange.share());
    let config = Arc::clone(&cx.config);
    let key = config.certificate.key();
    let signature = key.sign(&signed, &mut cx.rng)?;
    let message = ServerKeyExchange {
        group: named,
        share: exchange.share(),
        scheme: own_scheme(key),
        signature: &signature,
    };
    cx.send(HandshakeType::SERVER_KEY_EXCHANGE, |out| {
        message.encode(out);
    });
    Ok(exchange)
}

/// What the server has offered.
#[derive(Debug)]
struct Offer {
    params: Params,
    group: NamedGroup,
    exchange: Box<dyn KeyExchange>,
}

/// The server's flight is out, the client is unknown.
#[derive(Debug)]
pub(crate) struct ExpectCertificate {
    offer: Offer,
}

impl ExpectCertificate {
    fn on_message(
        self,
        cx: &mut Context,
        message: &Message,
    ) -> Result<ExpectClientKeyExchange, CloseReason> {
        expect(message, HandshakeType::CERTIFICATE)?;
        let der = decode_certificate(&message.body)?;
        let peer = cx.verify_client_certificate(der, HandshakeError::NoCertificate)?;
        cx.absorb(message);
        Ok(ExpectClientKeyExchange {
            offer: self.offer,
            peer,
        })
    }
}

/// The client's certificate is the signalled one, or does not have to be there.
#[derive(Debug)]
pub(crate) struct ExpectClientKeyExchange {
    offer: Offer,
    peer: Option<AcceptedCertificate>,
}

impl ExpectClientKeyExchange {
    /// Agrees on the keys.
    fn on_message(self, cx: &mut Context, message: &Message) -> Result<Server, CloseReason> {
        expect(message, HandshakeType::CLIENT_KEY_EXCHANGE)?;
        let share = ClientKeyExchange::decode(&message.body)?.share;
        let premaster = self.offer.exchange.complete(share)?;
        cx.absorb(message);
        let params = self.offer.params;
        let secrets = Secrets::new(
            cx.config.crypto.clone(),
            params.suite,
            params.randoms,
            &premaster,
            cx.transcript.bytes(),
        );
        cx.log_key("CLIENT_RANDOM", &params.randoms.client, secrets.master());
        let agreed = Agreed {
            params,
            group: self.offer.group,
            secrets,
        };
        Ok(match self.peer {
            Some(peer) => Server::CertificateVerify(ExpectCertificateVerify { agreed, peer }),
            None => Server::Finished(agreed.expect_finished(cx, None)?),
        })
    }
}

/// The keys are agreed; that the client holds its certificate's key is to be shown.
#[derive(Debug)]
pub(crate) struct ExpectCertificateVerify {
    agreed: Agreed,
    peer: AcceptedCertificate,
}

/// A client that keys are agreed with.
#[derive(Debug)]
struct Agreed {
    params: Params,
    group: NamedGroup,
    secrets: Secrets,
}

impl Agreed {
    /// Only now are the client's records opened: all that is protected comes after this.
    fn expect_finished(
        self,
        cx: &mut Context,
        peer: Option<AcceptedCertificate>,
    ) -> Result<ExpectFinished, CloseReason> {
        let (client, server) = self.secrets.protections()?;
        cx.install(self.params.suite, server, client);
        Ok(ExpectFinished { agreed: self, peer })
    }
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
            ProtocolVersion::DTLS_1_2,
            verify.scheme,
            cx.transcript.bytes(),
            verify.signature,
        )?;
        cx.absorb(message);
        self.agreed.expect_finished(cx, Some(self.peer))
    }
}

/// The client has proved who it is; what is missing is its confirmation.
#[derive(Debug)]
pub(crate) struct ExpectFinished {
    agreed: Agreed,
    peer: Option<AcceptedCertificate>,
}

impl ExpectFinished {
    /// Answers with the last flight, which is kept in case it gets lost.
    fn on_message(self, cx: &mut Context, message: &Message) -> Result<Step<Server>, CloseReason> {
        expect(message, HandshakeType::FINISHED)?;
        let secrets = &self.agreed.secrets;
        let verify_data = secrets.verify_data(Sender::Client, cx.transcript.bytes());
        Context::verify_finished(message, &verify_data)?;
        cx.absorb(message);
        cx.flight.begin(Some(message.sequence));
        cx.send_finished(Sender::Server, secrets);
        cx.flight.set_last();
        Ok(Step::Done(Box::new(Established {
            peer: self.peer,
            params: self.agreed.params,
            group: self.agreed.group,
            keys: Keys::V12(self.agreed.secrets),
        })))
    }
}
