//! The client's hello, and what it is answered with.

use tidewire_crypto::KeyExchange;

use super::context::{Answer, Context, Params, Step};
use super::{v12, v13};
use crate::certificate::accepted_schemes;
use crate::error::{CloseReason, HandshakeError};
use crate::flight::Message;
use crate::secrets::{Randoms, Suite};
use crate::wire::{
    ClientHello, HandshakeType, HelloVerifyRequest, KeyShare, NamedGroup, ProtocolVersion,
    ServerHello,
};

/// A server that has not believed three cookies of its own will not believe a fourth.
const MAX_COOKIES: u8 = 3;
/// How a server that could speak a later version ends its random, RFC 8446 section 4.1.3.
const DOWNGRADE: [&[u8; 8]; 2] = [b"DOWNGRD\x00", b"DOWNGRD\x01"];

/// What the client awaits.
#[derive(Debug)]
pub(crate) enum Client {
    ServerHello(Box<ExpectServerHello>),
    V12(Box<v12::Client>),
    V13(v13::Client),
}

impl Client {
    /// Sends the ClientHello.
    pub(crate) fn start(cx: &mut Context) -> Result<Self, CloseReason> {
        let mut exchanges = Vec::new();
        for group in groups_of_first_shares(cx) {
            exchanges.push(Exchange::start(cx, group)?);
        }
        let hello = client_hello(cx, &exchanges);
        cx.flight.begin(None);
        cx.outbound.set_first_hello(true);
        cx.send(HandshakeType::CLIENT_HELLO, |out| hello.encode(out));
        Ok(Self::ServerHello(Box::new(ExpectServerHello {
            hello,
            exchanges,
            cookies: 0,
            retry: None,
        })))
    }

    pub(crate) fn on_message(
        self,
        cx: &mut Context,
        message: &Message,
    ) -> Result<Step<Self>, CloseReason> {
        match self {
            // A server that asks for what is under way; no part of the transcript (RFC 5246 section
            // 7.4.1.1).
            state if message.kind == HandshakeType::HELLO_REQUEST && !cx.is_1_3() => {
                Ok(Step::Next(state))
            }
            Self::ServerHello(state) => Ok(Step::Next(state.on_message(cx, message)?)),
            Self::V12(state) => Ok(state
                .on_message(cx, message)?
                .map(|state| Self::V12(Box::new(state)))),
            Self::V13(state) => Ok(state.on_message(cx, message)?.map(Self::V13)),
        }
    }
}

/// A share that is out, and its private half.
#[derive(Debug)]
struct Exchange {
    group: NamedGroup,
    private: Box<dyn KeyExchange>,
}

impl Exchange {
    fn start(cx: &mut Context, group: NamedGroup) -> Result<Self, CloseReason> {
        let named = cx.config.group(group).ok_or(HandshakeError::Group)?;
        let private = cx.config.crypto.start_key_exchange(named, &mut cx.rng)?;
        Ok(Self { group, private })
    }

    fn share(&self) -> KeyShare {
        KeyShare {
            group: self.group,
            share: self.private.share().to_vec(),
        }
    }
}

/// The group that is preferred; and beside a hybrid one, which not all know, the first that is none.
/// So hardly any server has to ask for another.
fn groups_of_first_shares(cx: &Context) -> Vec<NamedGroup> {
    if !cx.config.speaks(ProtocolVersion::DTLS_1_3) {
        return Vec::new();
    }
    let groups = || cx.config.groups().map(|(name, _)| name);
    let is_hybrid = |group: &NamedGroup| *group == NamedGroup::X25519MLKEM768;
    let first = groups().next();
    let beside = first
        .filter(is_hybrid)
        .and_then(|_| groups().find(|group| !is_hybrid(group)));
    first.into_iter().chain(beside).collect()
}

fn client_hello(cx: &mut Context, exchanges: &[Exchange]) -> ClientHello {
    let config = &cx.config;
    let speaks_1_2 = config.speaks(ProtocolVersion::DTLS_1_2);
    let speaks_1_3 = config.speaks(ProtocolVersion::DTLS_1_3);
    ClientHello {
        version: ProtocolVersion::DTLS_1_2.0,
        random: cx.rng.array(),
        suites: config.suites().map(|suite| suite.name).collect(),
        null_compression: true,
        only_null_compression: true,
        groups: Some(config.groups().map(|(name, _)| name).collect()),
        point_formats: speaks_1_2.then_some(true),
        signatures: Some(accepted_schemes(&*config.crypto, speaks_1_2)),
        srtp_profiles: config.srtp_profiles.clone(),
        alpn: config.alpn_protocols.clone(),
        versions: speaks_1_3.then(|| config.versions().collect()),
        extended_master_secret: speaks_1_2,
        renegotiation_info: speaks_1_2.then_some(true),
        key_shares: speaks_1_3.then(|| exchanges.iter().map(Exchange::share).collect()),
        record_size_limit: config.record_size_limit,
        ..ClientHello::default()
    }
}

/// The ClientHello is out.
#[derive(Debug)]
pub(crate) struct ExpectServerHello {
    hello: ClientHello,
    exchanges: Vec<Exchange>,
    cookies: u8,
    /// The suite that a HelloRetryRequest has settled.
    retry: Option<Suite>,
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
    /// 4.2.1). In DTLS 1.3 there is no such message (RFC 9147 section 5.3).
    fn on_hello_verify_request(
        mut self,
        cx: &mut Context,
        message: &Message,
    ) -> Result<Client, CloseReason> {
        let speaks_1_2 = cx.config.speaks(ProtocolVersion::DTLS_1_2);
        if !speaks_1_2 {
            return Err(HandshakeError::Version.into());
        }
        if self.cookies == MAX_COOKIES || self.retry.is_some() {
            return Err(HandshakeError::UnexpectedMessage(message.kind.0).into());
        }
        self.cookies += 1;
        self.hello.cookie = HelloVerifyRequest::decode(&message.body)?.cookie;
        cx.transcript.clear();
        cx.flight.begin(Some(message.sequence));
        cx.send(HandshakeType::CLIENT_HELLO, |out| self.hello.encode(out));
        Ok(Client::ServerHello(Box::new(self)))
    }

    fn on_server_hello(self, cx: &mut Context, message: &Message) -> Result<Client, CloseReason> {
        let answer = ServerHello::decode(&message.body)?;
        cx.outbound.set_first_hello(false);
        match answer.selected_version {
            Some(ProtocolVersion::DTLS_1_3) if cx.config.speaks(ProtocolVersion::DTLS_1_3) => {
                self.on_version_1_3(cx, message, answer)
            }
            // RFC 8446 section 4.2.1: earlier versions are not told in this way.
            Some(_) => Err(HandshakeError::IllegalParameter("supported_versions").into()),
            None if self.retry.is_some() || answer.is_retry() => {
                Err(HandshakeError::MissingExtension("supported_versions").into())
            }
            None => {
                let params = self.accept_1_2(cx, answer)?;
                cx.version = Some(ProtocolVersion::DTLS_1_2);
                cx.absorb(message);
                cx.limit_records(params.record_size_limit);
                Ok(Client::V12(Box::new(v12::Client::start(params))))
            }
        }
    }

    /// The server may only choose among what was offered.
    fn accept_1_2(&self, cx: &Context, answer: ServerHello) -> Result<Params, HandshakeError> {
        let dtls_1_2 = ProtocolVersion::DTLS_1_2;
        if answer.version != dtls_1_2.0 || !cx.config.speaks(dtls_1_2) {
            return Err(HandshakeError::Version);
        }
        let suite = self.accept_suite(&answer, dtls_1_2)?;
        if cx.config.speaks(ProtocolVersion::DTLS_1_3)
            && DOWNGRADE.iter().any(|mark| answer.random.ends_with(*mark))
        {
            return Err(HandshakeError::Downgrade);
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
        if answer.key_share.is_some() {
            return Err(HandshakeError::UnsolicitedExtension(51));
        }
        let random = answer.random;
        let answer = Answer {
            srtp_profile: answer.srtp_profile,
            has_srtp_mki: answer.has_srtp_mki,
            alpn: answer.alpn,
            record_size_limit: answer.record_size_limit,
            unknown: answer.unknown,
        };
        answer.check(&self.hello)?;
        Ok(Params {
            suite,
            randoms: Randoms {
                client: self.hello.random,
                server: random,
            },
            srtp_profile: answer.srtp_profile,
            alpn: answer.alpn,
            record_size_limit: answer.record_size_limit,
        })
    }

    fn accept_suite(
        &self,
        answer: &ServerHello,
        version: ProtocolVersion,
    ) -> Result<Suite, HandshakeError> {
        if answer.compression != 0 {
            return Err(HandshakeError::IllegalParameter("compression_method"));
        }
        let mut suites = self.hello.suites.iter();
        suites
            .find(|suite| suite.0 == answer.suite)
            .and_then(|suite| Suite::from_name(*suite))
            .filter(|suite| suite.version == version)
            .ok_or(HandshakeError::CipherSuite)
    }

    fn on_version_1_3(
        self,
        cx: &mut Context,
        message: &Message,
        answer: ServerHello,
    ) -> Result<Client, CloseReason> {
        // Such a server does not ask for cookies in the way of DTLS 1.2 (RFC 9147 section 5.1).
        if self.cookies > 0 {
            return Err(HandshakeError::UnexpectedMessage(message.kind.0).into());
        }
        if answer.version != ProtocolVersion::DTLS_1_2.0 {
            return Err(HandshakeError::IllegalParameter("legacy_version").into());
        }
        // No session id was sent that could be echoed (RFC 9147 section 5.3).
        if !answer.session_id.is_empty() {
            return Err(HandshakeError::IllegalParameter("legacy_session_id_echo").into());
        }
        if let Some(extension) = answer.unknown {
            return Err(HandshakeError::UnsolicitedExtension(extension).into());
        }
        if answer.unexpected_in_1_3() {
            return Err(HandshakeError::IllegalParameter("extension of ServerHello").into());
        }
        let suite = self.accept_suite(&answer, ProtocolVersion::DTLS_1_3)?;
        if self.retry.is_some_and(|retry| retry != suite) {
            return Err(HandshakeError::IllegalParameter("cipher_suite").into());
        }
        if answer.is_retry() {
            return self.on_hello_retry_request(cx, message, answer, suite);
        }
        let share = answer
            .key_share
            .ok_or(HandshakeError::MissingExtension("key_share"))?;
        let mut exchanges = self.exchanges.into_iter();
        let exchange = exchanges
            .find(|exchange| exchange.group == share.group)
            .ok_or(HandshakeError::IllegalParameter("key_share"))?;
        let shared = exchange.private.complete(&share.share)?;
        cx.version = Some(ProtocolVersion::DTLS_1_3);
        cx.transcript.start_hash(&*cx.config.crypto, suite.hash);
        cx.absorb(message);
        let randoms = Randoms {
            client: self.hello.random,
            server: answer.random,
        };
        let state = v13::Client::start(cx, self.hello, suite, randoms, share.group, &shared)?;
        Ok(Client::V13(state))
    }

    /// Says hello again as the server wants it, RFC 8446 section 4.1.4.
    fn on_hello_retry_request(
        mut self,
        cx: &mut Context,
        message: &Message,
        answer: ServerHello,
        suite: Suite,
    ) -> Result<Client, CloseReason> {
        if self.retry.is_some() {
            return Err(HandshakeError::UnexpectedMessage(message.kind.0).into());
        }
        if answer.retry_group.is_none() && answer.retry_cookie.is_none() {
            return Err(HandshakeError::IllegalParameter("HelloRetryRequest").into());
        }
        let exchanges = match answer.retry_group {
            Some(group) => {
                let is_known = self.exchanges.iter().any(|known| known.group == group);
                if is_known || cx.config.group(group).is_none() {
                    return Err(HandshakeError::IllegalParameter("key_share").into());
                }
                vec![Exchange::start(cx, group)?]
            }
            None => self.exchanges,
        };
        self.exchanges = exchanges;
        self.retry = Some(suite);
        self.hello.cookie.clear();
        self.hello.key_shares = Some(self.exchanges.iter().map(Exchange::share).collect());
        self.hello.retry_cookie = answer.retry_cookie;
        cx.version = Some(ProtocolVersion::DTLS_1_3);
        let crypto = cx.config.crypto.clone();
        cx.transcript.replace_by_hash(&*crypto, suite.hash);
        cx.absorb(message);
        cx.flight.begin(Some(message.sequence));
        cx.send(HandshakeType::CLIENT_HELLO, |out| self.hello.encode(out));
        Ok(Client::ServerHello(Box::new(self)))
    }
}
