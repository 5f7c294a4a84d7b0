//! The server's side. It sends no HelloVerifyRequest: ICE has verified the client's address.

use tidewire_crypto::KeyExchange;

use super::context::{Context, Established, Params, Step, expect};
use crate::certificate::FingerprintVerified;
use crate::config::Config;
use crate::error::{CloseReason, HandshakeError};
use crate::flight::Message;
use crate::secrets::{Randoms, Secrets, Sender, Suite};
use crate::wire::{
    CertificateRequest, CertificateVerify, ClientHello, ClientKeyExchange, HandshakeType,
    NamedGroup, ProtocolVersion, ServerHello, ServerKeyExchange, SignatureScheme, Writer,
};

/// What the server awaits.
#[derive(Debug)]
pub(crate) enum Server {
    ClientHello(ExpectClientHello),
    Certificate(ExpectCertificate),
    ClientKeyExchange(ExpectClientKeyExchange),
    CertificateVerify(ExpectCertificateVerify),
    Finished(ExpectFinished),
}

impl Server {
    pub(crate) fn start() -> Self {
        Self::ClientHello(ExpectClientHello)
    }

    pub(crate) fn on_message(
        self,
        cx: &mut Context,
        message: &Message,
    ) -> Result<Step<Self>, CloseReason> {
        Ok(Step::Next(match self {
            Self::ClientHello(state) => Self::Certificate(state.on_message(cx, message)?),
            Self::Certificate(state) => Self::ClientKeyExchange(state.on_message(cx, message)?),
            Self::ClientKeyExchange(state) => {
                Self::CertificateVerify(state.on_message(cx, message)?)
            }
            Self::CertificateVerify(state) => Self::Finished(state.on_message(cx, message)?),
            Self::Finished(state) => return state.on_message(cx, message),
        }))
    }
}

/// Nothing has come.
#[derive(Debug)]
pub(crate) struct ExpectClientHello;

impl ExpectClientHello {
    /// Answers with the server's first flight.
    fn on_message(
        self,
        cx: &mut Context,
        message: &Message,
    ) -> Result<ExpectCertificate, CloseReason> {
        expect(message, HandshakeType::CLIENT_HELLO)?;
        let hello = ClientHello::decode(&message.body)?;
        check_hello(&hello)?;
        let params = choose_params(cx, &hello)?;
        let group = choose_group(&cx.config, &hello)?;
        cx.absorb(message);
        cx.flight.begin(Some(message.sequence));
        send_server_hello(cx, &hello, &params);
        cx.send_certificate();
        let exchange = send_key_exchange(cx, &params, group)?;
        let request = CertificateRequest {
            ecdsa: true,
            schemes: vec![SignatureScheme::ECDSA_SECP256R1_SHA256],
        };
        cx.send(HandshakeType::CERTIFICATE_REQUEST, |out| {
            request.encode(out);
        });
        cx.send(HandshakeType::SERVER_HELLO_DONE, |_| ());
        Ok(ExpectCertificate {
            offer: Offer {
                params,
                group,
                exchange,
            },
        })
    }
}

fn check_hello(hello: &ClientHello) -> Result<(), HandshakeError> {
    let dtls_1_2 = ProtocolVersion::DTLS_1_2;
    // Later versions have smaller numbers. Clients of DTLS 1.3 list theirs (RFC 9147 section 5.3).
    let speaks = match &hello.versions {
        Some(versions) => versions.contains(&dtls_1_2),
        None => hello.version >> 8 == dtls_1_2.0 >> 8 && hello.version <= dtls_1_2.0,
    };
    if !speaks {
        return Err(HandshakeError::Version);
    }
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
    let ours = SignatureScheme::ECDSA_SECP256R1_SHA256;
    match &hello.signatures {
        Some(signatures) if !signatures.contains(&ours) => Err(HandshakeError::SignatureScheme),
        _ => Ok(()),
    }
}

fn choose_params(cx: &mut Context, hello: &ClientHello) -> Result<Params, HandshakeError> {
    let config = &cx.config;
    let mut suites = config.cipher_suites.iter();
    let suite = suites
        .find(|suite| hello.suites.contains(suite) && Suite::from_name(**suite).is_some())
        .and_then(|suite| Suite::from_name(*suite))
        .ok_or(HandshakeError::CipherSuite)?;
    let mut profiles = config.srtp_profiles.iter();
    let srtp_profile = profiles.find(|profile| hello.srtp_profiles.contains(profile));
    let mut protocols = config.alpn_protocols.iter();
    let alpn = protocols.find(|protocol| hello.alpn.contains(protocol));
    Ok(Params {
        suite,
        srtp_profile: srtp_profile.copied(),
        alpn: alpn.cloned(),
        randoms: Randoms {
            client: hello.random,
            server: cx.rng.array(),
        },
    })
}

/// A client that lists no groups takes any (RFC 8422 section 4): P-256, which all have.
fn choose_group(config: &Config, hello: &ClientHello) -> Result<NamedGroup, HandshakeError> {
    let any = [NamedGroup::SECP256R1];
    let offered = hello.groups.as_deref().unwrap_or(&any);
    let mut groups = config.groups().map(|(name, _)| name);
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
        ..ServerHello::default()
    };
    cx.send(HandshakeType::SERVER_HELLO, |out| answer.encode(out));
}

fn send_key_exchange(
    cx: &mut Context,
    params: &Params,
    named: NamedGroup,
) -> Result<Box<dyn KeyExchange>, CloseReason> {
    let group = cx.config.group(named).ok_or(HandshakeError::Group)?;
    let exchange = cx.config.crypto.start_key_exchange(group, &mut cx.rng)?;
    let mut signed = [params.randoms.client, params.randoms.server].concat();
    ServerKeyExchange::encode_params(&mut Writer::new(&mut signed), named, exchange.share());
    let key = cx.config.certificate.key();
    let signature = key.sign(&signed, &mut cx.rng)?;
    let message = ServerKeyExchange {
        group: named,
        share: exchange.share(),
        scheme: SignatureScheme::ECDSA_SECP256R1_SHA256,
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
        let peer = cx.verify_certificate(message)?;
        cx.absorb(message);
        Ok(ExpectClientKeyExchange {
            offer: self.offer,
            peer,
        })
    }
}

/// The client's certificate is the signalled one.
#[derive(Debug)]
pub(crate) struct ExpectClientKeyExchange {
    offer: Offer,
    peer: FingerprintVerified,
}

impl ExpectClientKeyExchange {
    /// Agrees on the keys.
    fn on_message(
        self,
        cx: &mut Context,
        message: &Message,
    ) -> Result<ExpectCertificateVerify, CloseReason> {
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
            &cx.transcript,
        );
        Ok(ExpectCertificateVerify {
            established: Box::new(Established {
                peer: self.peer,
                secrets,
                params,
                group: self.offer.group,
            }),
        })
    }
}

/// The keys are agreed; that the client holds its certificate's key is to be shown.
#[derive(Debug)]
pub(crate) struct ExpectCertificateVerify {
    established: Box<Established>,
}

impl ExpectCertificateVerify {
    /// Only now are the client's records opened: all that is protected comes after this message.
    fn on_message(
        self,
        cx: &mut Context,
        message: &Message,
    ) -> Result<ExpectFinished, CloseReason> {
        expect(message, HandshakeType::CERTIFICATE_VERIFY)?;
        let verify = CertificateVerify::decode(&message.body)?;
        if verify.scheme != SignatureScheme::ECDSA_SECP256R1_SHA256 {
            return Err(HandshakeError::SignatureScheme.into());
        }
        let peer = &self.established.peer;
        peer.verify_signature(&*cx.config.crypto, &cx.transcript, verify.signature)?;
        let (client, server) = self.established.secrets.protections()?;
        cx.install(server, client);
        cx.absorb(message);
        Ok(ExpectFinished {
            established: self.established,
        })
    }
}

/// The client has proved who it is; what is missing is its confirmation.
#[derive(Debug)]
pub(crate) struct ExpectFinished {
    established: Box<Established>,
}

impl ExpectFinished {
    /// Answers with the last flight, which is kept in case it gets lost.
    fn on_message(self, cx: &mut Context, message: &Message) -> Result<Step<Server>, CloseReason> {
        expect(message, HandshakeType::FINISHED)?;
        let secrets = &self.established.secrets;
        cx.verify_finished(message, Sender::Client, secrets)?;
        cx.absorb(message);
        cx.flight.begin(Some(message.sequence));
        cx.send_finished(Sender::Server, secrets);
        Ok(Step::Done(self.established))
    }
}
