//! The server's side.

use std::sync::Arc;

use super::signature::signed_content;
use crate::certificate::{AcceptedCertificate, accepted_schemes, own_scheme};
use crate::error::{CloseReason, HandshakeError};
use crate::flight::Message;
use crate::handshake::context::{Context, Established, Keys, Params, Step, Traffic, expect};
use crate::record::Epoch;
use crate::secrets::{ApplicationSecrets, HandshakeSecrets, Sender};
use crate::wire::{
    CertificateRequest13, CertificateVerify, ClientHello, EncryptedExtensions, HandshakeType,
    KeyShare, NamedGroup, ProtocolVersion, ServerHello, decode_certificate_1_3,
    encode_certificate_1_3,
};

/// What the server awaits.
#[derive(Debug)]
pub(crate) enum Server {
    Certificate(Box<ExpectCertificate>),
    CertificateVerify(Box<ExpectCertificateVerify>),
    Finished(Box<ExpectFinished>),
}

/// What a hello of DTLS 1.3 has to be like, whatever is chosen of it.
pub(crate) fn check_hello(cx: &Context, hello: &ClientHello) -> Result<(), HandshakeError> {
    if hello.version != ProtocolVersion::DTLS_1_2.0 {
        return Err(HandshakeError::IllegalParameter("legacy_version"));
    }
    // RFC 9147 section 5.3: the cookie of DTLS 1.2 is empty.
    if !hello.cookie.is_empty() {
        return Err(HandshakeError::IllegalParameter("legacy_cookie"));
    }
    if !hello.only_null_compression {
        return Err(HandshakeError::IllegalParameter(
            "legacy_compression_methods",
        ));
    }
    // RFC 8446 section 9.2.
    let Some(signatures) = &hello.signatures else {
        return Err(HandshakeError::MissingExtension("signature_algorithms"));
    };
    if hello.groups.is_none() {
        return Err(HandshakeError::MissingExtension("supported_groups"));
    }
    if hello.key_shares.is_none() {
        return Err(HandshakeError::MissingExtension("key_share"));
    }
    if !signatures.contains(&own_scheme(cx.config.certificate.key())) {
        return Err(HandshakeError::SignatureScheme);
    }
    Ok(())
}

/// The group, and whether the client has sent a share of it. One with a share comes before others: it
/// saves a round trip.
pub(crate) fn choose_group(
    cx: &Context,
    hello: &ClientHello,
) -> Result<(NamedGroup, bool), HandshakeError> {
    let offered = hello.groups.as_deref().unwrap_or_default();
    let has_share = |group: &NamedGroup| {
        let mut shares = hello.key_shares.iter().flatten();
        shares.any(|share| share.group == *group)
    };
    // RFC 8446 section 4.2.8: shares only of groups that are offered too.
    let mut shares = hello.key_shares.iter().flatten();
    if shares.any(|share| !offered.contains(&share.group)) {
        return Err(HandshakeError::IllegalParameter("key_share"));
    }
    let common = || {
        let groups = cx.config.groups().map(|(name, _)| name);
        groups.filter(|group| offered.contains(group))
    };
    match (common().find(has_share), common().next()) {
        (Some(group), _) => Ok((group, true)),
        (None, Some(group)) => Ok((group, false)),
        (None, None) => Err(HandshakeError::Group),
    }
}

impl Server {
    /// Answers `message`, the client's hello, which has a share of `group`, with all that a server has
    /// to say.
    pub(crate) fn start(
        cx: &mut Context,
        message: &Message,
        hello: &ClientHello,
        params: Params,
        group: NamedGroup,
    ) -> Result<Self, CloseReason> {
        cx.flight.begin(Some(message.sequence));
        let secrets = send_server_hello(cx, hello, &params, group)?;
        send_encrypted_extensions(cx, hello, &params);
        cx.limit_records(params.record_size_limit);
        let requests = cx.config.verification.requests_client_certificate();
        if requests {
            let request = CertificateRequest13 {
                schemes: accepted_schemes(&*cx.config.crypto, false),
            };
            cx.send(HandshakeType::CERTIFICATE_REQUEST, |out| {
                request.encode(out);
            });
        }
        let certificate = Arc::clone(&cx.config.certificate);
        cx.send(HandshakeType::CERTIFICATE, |out| {
            encode_certificate_1_3(out, certificate.der());
        });
        let content = signed_content(Sender::Server, &cx.transcript.hash());
        cx.send_certificate_verify(&content)?;
        let verify_data = secrets.server.verify_data(&cx.transcript.hash());
        cx.send(HandshakeType::FINISHED, |out| {
            out.bytes(verify_data.as_ref());
        });
        let application = secrets.application(&cx.transcript.hash());
        application.log(cx, &params.randoms.client);
        let ours = application.server.protection()?;
        cx.outbound
            .install(Epoch::APPLICATION, params.suite.aead, ours);
        let offer = Offer {
            params,
            group,
            secrets,
            application,
        };
        Ok(if requests {
            Self::Certificate(Box::new(ExpectCertificate { offer }))
        } else {
            Self::Finished(Box::new(ExpectFinished { offer, peer: None }))
        })
    }

    pub(crate) fn on_message(
        self,
        cx: &mut Context,
        message: &Message,
    ) -> Result<Step<Self>, CloseReason> {
        Ok(Step::Next(match self {
            Self::Certificate(state) => state.on_message(cx, message)?,
            Self::CertificateVerify(state) => {
                Self::Finished(Box::new(state.on_message(cx, message)?))
            }
            Self::Finished(state) => return state.on_message(cx, message),
        }))
    }
}

fn send_server_hello(
    cx: &mut Context,
    hello: &ClientHello,
    params: &Params,
    group: NamedGroup,
) -> Result<HandshakeSecrets, CloseReason> {
    let crypto = Arc::clone(&cx.config.crypto);
    let named = cx.config.group(group).ok_or(HandshakeError::Group)?;
    let mut shares = hello.key_shares.iter().flatten();
    let theirs = shares
        .find(|share| share.group == group)
        .ok_or(HandshakeError::MissingExtension("key_share"))?;
    let (share, shared) = crypto.respond_key_exchange(named, &theirs.share, &mut cx.rng)?;
    let answer = ServerHello {
        version: ProtocolVersion::DTLS_1_2.0,
        random: params.randoms.server,
        suite: params.suite.name.0,
        selected_version: Some(ProtocolVersion::DTLS_1_3),
        key_share: Some(KeyShare { group, share }),
        ..ServerHello::default()
    };
    cx.send(HandshakeType::SERVER_HELLO, |out| answer.encode(out));
    let suite = params.suite;
    let secrets = HandshakeSecrets::new(crypto, suite, &shared, &cx.transcript.hash());
    let (theirs, ours) = (&secrets.client, &secrets.server);
    let random = &params.randoms.client;
    cx.log_key("CLIENT_HANDSHAKE_TRAFFIC_SECRET", random, theirs.secret());
    cx.log_key("SERVER_HANDSHAKE_TRAFFIC_SECRET", random, ours.secret());
    cx.outbound
        .install(Epoch::HANDSHAKE, suite.aead, ours.protection()?);
    cx.inbound.install(Epoch::HANDSHAKE, theirs.protection()?);
    cx.set_write_epoch(Epoch::HANDSHAKE);
    Ok(secrets)
}

fn send_encrypted_extensions(cx: &mut Context, hello: &ClientHello, params: &Params) {
    let limit = hello.record_size_limit.map(|_| {
        cx.config
            .announced_record_size_limit(ProtocolVersion::DTLS_1_3)
    });
    let extensions = EncryptedExtensions {
        srtp_profile: params.srtp_profile,
        alpn: params.alpn.clone(),
        record_size_limit: limit,
        ..EncryptedExtensions::default()
    };
    cx.send(HandshakeType::ENCRYPTED_EXTENSIONS, |out| {
        extensions.encode(out);
    });
}

/// What the server has offered.
#[derive(Debug)]
struct Offer {
    params: Params,
    group: NamedGroup,
    secrets: HandshakeSecrets,
    application: ApplicationSecrets,
}

/// The server's flight is out, the client is unknown.
#[derive(Debug)]
pub(crate) struct ExpectCertificate {
    offer: Offer,
}

impl ExpectCertificate {
    fn on_message(self, cx: &mut Context, message: &Message) -> Result<Server, CloseReason> {
        expect(message, HandshakeType::CERTIFICATE)?;
        let der = decode_certificate_1_3(&message.body)?;
        let peer = cx.verify_client_certificate(der, HandshakeError::CertificateRequired)?;
        cx.absorb(message);
        let offer = self.offer;
        Ok(match peer {
            Some(peer) => {
                Server::CertificateVerify(Box::new(ExpectCertificateVerify { offer, peer }))
            }
            None => Server::Finished(Box::new(ExpectFinished { offer, peer })),
        })
    }
}

/// The client's certificate is the signalled one; that the client holds its key is to be shown.
#[derive(Debug)]
pub(crate) struct ExpectCertificateVerify {
    offer: Offer,
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
            &signed_content(Sender::Client, &cx.transcript.hash()),
            verify.signature,
        )?;
        cx.absorb(message);
        Ok(ExpectFinished {
            offer: self.offer,
            peer: Some(self.peer),
        })
    }
}

/// The client has proved who it is; what is missing is its confirmation.
#[derive(Debug)]
pub(crate) struct ExpectFinished {
    offer: Offer,
    peer: Option<AcceptedCertificate>,
}

impl ExpectFinished {
    /// The client's data may be read now. That its flight has arrived is acknowledged.
    fn on_message(self, cx: &mut Context, message: &Message) -> Result<Step<Server>, CloseReason> {
        expect(message, HandshakeType::FINISHED)?;
        let Offer {
            params,
            group,
            secrets,
            application,
        } = self.offer;
        let verify_data = secrets.client.verify_data(&cx.transcript.hash());
        Context::verify_finished(message, verify_data.as_ref())?;
        cx.inbound
            .install(Epoch::APPLICATION, application.client.protection()?);
        cx.flight.clear();
        Ok(Step::Done(Box::new(Established {
            peer: self.peer,
            params,
            group,
            keys: Keys::V13(Box::new(Traffic {
                exporter: application.exporter,
                read: application.client,
                write: application.server,
            })),
        })))
    }
}
