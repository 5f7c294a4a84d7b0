//! The client's hello as a server takes it: which version, and whether it has to be said again.

use subtle::ConstantTimeEq as _;

use super::context::{Context, Params, Step, check_record_size_limit, expect};
use super::{v12, v13};
use crate::config::AddressValidation;
use crate::error::{CloseReason, HandshakeError};
use crate::flight::Message;
use crate::secrets::{Randoms, Suite};
use crate::wire::{
    ClientHello, HandshakeType, HelloVerifyRequest, NamedGroup, ProtocolVersion, RETRY_RANDOM,
    ServerHello,
};

/// How a server that could speak DTLS 1.3 ends its random when it does not, RFC 8446 section 4.1.3.
const DOWNGRADE: &[u8; 8] = b"DOWNGRD\x01";

/// What the server awaits.
#[derive(Debug)]
pub(crate) enum Server {
    ClientHello(ExpectClientHello),
    V12(Box<v12::Server>),
    V13(v13::Server),
}

impl Server {
    pub(crate) fn start() -> Self {
        Self::ClientHello(ExpectClientHello { asked: None })
    }

    pub(crate) fn on_message(
        self,
        cx: &mut Context,
        message: &Message,
    ) -> Result<Step<Self>, CloseReason> {
        match self {
            Self::ClientHello(state) => Ok(Step::Next(state.on_message(cx, message)?)),
            Self::V12(state) => {
                // What comes before the client's signature anybody can write without having seen an answer.
                cx.is_address_proven |= !cx.inbound.is_empty();
                Ok(state
                    .on_message(cx, message)?
                    .map(|state| Self::V12(Box::new(state))))
            }
            Self::V13(state) => {
                // It came under keys that nobody has who has not seen the answer.
                cx.is_address_proven = true;
                Ok(state.on_message(cx, message)?.map(Self::V13))
            }
        }
    }
}

/// A ClientHello is to come: the first, or one that does what it was asked for. Nothing of the first is
/// kept but what the second has to be compared with.
#[derive(Debug)]
pub(crate) struct ExpectClientHello {
    asked: Option<Asked>,
}

/// What a client that has said hello once was asked for.
#[derive(Debug)]
struct Asked {
    version: ProtocolVersion,
    random: [u8; 32],
    cookie: Option<[u8; 32]>,
    /// In DTLS 1.3, what was settled.
    suite: Option<Suite>,
    group: Option<NamedGroup>,
}

impl ExpectClientHello {
    fn on_message(self, cx: &mut Context, message: &Message) -> Result<Server, CloseReason> {
        expect(message, HandshakeType::CLIENT_HELLO)?;
        let hello = ClientHello::decode(&message.body)?;
        cx.client_random = Some(hello.random);
        let version = choose_version(cx, &hello)?;
        check_record_size_limit(hello.record_size_limit)?;
        if let Some(asked) = &self.asked {
            asked.check(&hello, version)?;
            cx.is_address_proven |= asked.cookie.is_some();
        }
        if version == ProtocolVersion::DTLS_1_3 {
            self.on_version_1_3(cx, message, hello)
        } else {
            self.on_version_1_2(cx, message, &hello)
        }
    }

    fn on_version_1_2(
        self,
        cx: &mut Context,
        message: &Message,
        hello: &ClientHello,
    ) -> Result<Server, CloseReason> {
        if cx.config.address_validation == AddressValidation::Cookie && self.asked.is_none() {
            return Ok(ask_for_cookie(cx, message, hello));
        }
        let params = choose_params(cx, hello, ProtocolVersion::DTLS_1_2)?;
        cx.version = Some(ProtocolVersion::DTLS_1_2);
        cx.absorb(message);
        let state = v12::Server::start(cx, message, hello, params)?;
        Ok(Server::V12(Box::new(state)))
    }

    fn on_version_1_3(
        self,
        cx: &mut Context,
        message: &Message,
        hello: ClientHello,
    ) -> Result<Server, CloseReason> {
        v13::check_hello(cx, &hello)?;
        let params = choose_params(cx, &hello, ProtocolVersion::DTLS_1_3)?;
        let (group, has_share) = v13::choose_group(cx, &hello)?;
        let wants_cookie =
            cx.config.address_validation == AddressValidation::Cookie && self.asked.is_none();
        if let Some(asked) = &self.asked {
            let is_same = asked.suite == Some(params.suite);
            if !is_same || !has_share || asked.group.is_some_and(|asked| asked != group) {
                return Err(HandshakeError::IllegalParameter("second ClientHello").into());
            }
        } else if wants_cookie || !has_share {
            let group = (!has_share).then_some(group);
            return Ok(retry(cx, message, &hello, &params, group, wants_cookie));
        }
        cx.version = Some(ProtocolVersion::DTLS_1_3);
        cx.transcript
            .start_hash(&*cx.config.crypto, params.suite.hash);
        cx.absorb(message);
        let state = v13::Server::start(cx, message, &hello, params, group)?;
        Ok(Server::V13(state))
    }
}

impl Asked {
    /// The second hello is the first with what was asked for (RFC 6347 section 4.2.1, RFC 8446 section
    /// 4.1.2).
    fn check(&self, hello: &ClientHello, version: ProtocolVersion) -> Result<(), HandshakeError> {
        if hello.random != self.random || version != self.version {
            return Err(HandshakeError::IllegalParameter("second ClientHello"));
        }
        let told = if version == ProtocolVersion::DTLS_1_3 {
            hello.retry_cookie.as_deref()
        } else {
            Some(&hello.cookie[..])
        };
        let is_right = match (&self.cookie, told) {
            (Some(cookie), Some(told)) => bool::from(cookie[..].ct_eq(told)),
            (Some(_), None) => false,
            (None, told) => told.is_none(),
        };
        if is_right {
            Ok(())
        } else {
            Err(HandshakeError::IllegalParameter("cookie"))
        }
    }
}

/// The latest version that both sides speak. Clients of DTLS 1.3 list theirs (RFC 9147 section 5.3);
/// otherwise later versions have smaller numbers.
fn choose_version(cx: &Context, hello: &ClientHello) -> Result<ProtocolVersion, HandshakeError> {
    let dtls_1_2 = ProtocolVersion::DTLS_1_2;
    let is_offered = |version: &ProtocolVersion| match &hello.versions {
        Some(versions) => versions.contains(version),
        None => *version == dtls_1_2 && hello.version <= dtls_1_2.0,
    };
    let mut versions = cx.config.versions();
    versions.find(is_offered).ok_or(HandshakeError::Version)
}

fn choose_params(
    cx: &mut Context,
    hello: &ClientHello,
    version: ProtocolVersion,
) -> Result<Params, HandshakeError> {
    let config = &cx.config;
    let suite = config
        .suites()
        .find(|suite| {
            let is_usable = suite.version == version && suite.is_for_servers();
            is_usable && hello.suites.contains(&suite.name)
        })
        .ok_or(HandshakeError::CipherSuite)?;
    let mut profiles = config.srtp_profiles.iter();
    let srtp_profile = profiles.find(|profile| hello.srtp_profiles.contains(profile));
    let mut protocols = config.alpn_protocols.iter();
    let alpn = protocols.find(|protocol| hello.alpn.contains(protocol));
    let mut server: [u8; 32] = cx.rng.array();
    if version == ProtocolVersion::DTLS_1_2 && config.speaks(ProtocolVersion::DTLS_1_3) {
        server[24..].copy_from_slice(DOWNGRADE);
    }
    Ok(Params {
        suite,
        srtp_profile: srtp_profile.copied(),
        alpn: alpn.cloned(),
        randoms: Randoms {
            client: hello.random,
            server,
        },
        record_size_limit: hello.record_size_limit,
    })
}

/// HelloVerifyRequest. Neither it nor the hello before it is part of the transcript (RFC 6347 section
/// 4.2.1).
fn ask_for_cookie(cx: &mut Context, message: &Message, hello: &ClientHello) -> Server {
    let cookie: [u8; 32] = cx.rng.array();
    let request = HelloVerifyRequest {
        cookie: cookie.to_vec(),
    };
    cx.flight.begin(Some(message.sequence));
    cx.send_apart(HandshakeType::HELLO_VERIFY_REQUEST, |out| {
        request.encode(out);
    });
    // The client repeats its hello until this arrives.
    cx.flight.set_last();
    Server::ClientHello(ExpectClientHello {
        asked: Some(Asked {
            version: ProtocolVersion::DTLS_1_2,
            random: hello.random,
            cookie: Some(cookie),
            suite: None,
            group: None,
        }),
    })
}

/// HelloRetryRequest, RFC 8446 section 4.1.4.
fn retry(
    cx: &mut Context,
    message: &Message,
    hello: &ClientHello,
    params: &Params,
    group: Option<NamedGroup>,
    wants_cookie: bool,
) -> Server {
    let cookie: Option<[u8; 32]> = wants_cookie.then(|| cx.rng.array());
    cx.version = Some(ProtocolVersion::DTLS_1_3);
    cx.absorb(message);
    let crypto = cx.config.crypto.clone();
    cx.transcript.replace_by_hash(&*crypto, params.suite.hash);
    let request = ServerHello {
        version: ProtocolVersion::DTLS_1_2.0,
        random: RETRY_RANDOM,
        suite: params.suite.name.0,
        selected_version: Some(ProtocolVersion::DTLS_1_3),
        retry_group: group,
        retry_cookie: cookie.map(|cookie| cookie.to_vec()),
        ..ServerHello::default()
    };
    cx.flight.begin(Some(message.sequence));
    cx.send(HandshakeType::SERVER_HELLO, |out| request.encode(out));
    // As for a cookie of DTLS 1.2, the client has to ask again, whose address nothing has proven.
    if wants_cookie || !cx.is_address_proven {
        cx.flight.set_last();
    }
    Server::ClientHello(ExpectClientHello {
        asked: Some(Asked {
            version: ProtocolVersion::DTLS_1_3,
            random: hello.random,
            cookie,
            suite: Some(params.suite),
            group,
        }),
    })
}
