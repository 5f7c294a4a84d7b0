//! BoringSSL as one end, over datagrams in memory.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::io::{self, Read, Write};
use std::rc::Rc;

use boring::error::ErrorStack;
use boring::pkey::PKey;
use boring::ssl::{
    ErrorCode, HandshakeError, MidHandshakeSslStream, Ssl, SslContextBuilder, SslMethod, SslRef,
    SslStream, SslVerifyMode, SslVersion,
};
use boring::x509::X509;
use boring_sys as ffi;
use foreign_types_shared::ForeignTypeRef as _;
use tidewire_crypto::KeyKind;
use tidewire_dtls::{Certificate, CipherSuite, NamedGroup, ProtocolVersion, Role};

use crate::matrix::Case;

/// How long BoringSSL waits before it repeats itself for the first time.
const TIMEOUT_MS: u32 = 40;
const MTU: u32 = 1200;

type Queue = Rc<RefCell<VecDeque<Vec<u8>>>>;

/// Datagrams from and to BoringSSL.
#[derive(Clone, Debug, Default)]
pub(crate) struct Wire {
    pub(crate) to: Queue,
    pub(crate) from: Queue,
}

impl Read for Wire {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let Some(datagram) = self.to.borrow_mut().pop_front() else {
            return Err(io::ErrorKind::WouldBlock.into());
        };
        let len = datagram.len().min(buf.len());
        buf[..len].copy_from_slice(&datagram[..len]);
        Ok(len)
    }
}

impl Write for Wire {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        self.from.borrow_mut().push_back(buf.to_vec());
        Ok(buf.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

enum State {
    Handshaking(MidHandshakeSslStream<Wire>),
    Connected(SslStream<Wire>),
    Failed(String),
}

pub(crate) struct BoringSsl {
    pub(crate) wire: Wire,
    state: Option<State>,
    pub(crate) received: Vec<Vec<u8>>,
}

impl BoringSsl {
    pub(crate) fn new(case: &Case, certificate: &Certificate) -> Result<Self, ErrorStack> {
        let mut context = SslContextBuilder::new(SslMethod::dtls())?;
        let version = match case.version() {
            ProtocolVersion::DTLS_1_3 => SslVersion::DTLS1_3,
            _ => SslVersion::DTLS1_2,
        };
        let lowest = if case.negotiates {
            SslVersion::DTLS1_2
        } else {
            version
        };
        context.set_min_proto_version(Some(lowest))?;
        context.set_max_proto_version(Some(version))?;
        let certificate_der = X509::from_der(certificate.der())?;
        context.set_certificate(&certificate_der)?;
        let key = PKey::private_key_from_pkcs8(&certificate.to_pkcs8())?;
        context.set_private_key(&key)?;
        let both = SslVerifyMode::PEER | SslVerifyMode::FAIL_IF_NO_PEER_CERT;
        // The fingerprint is Tidewire's part.
        context.set_custom_verify_callback(both, |_| Ok(()));
        context.set_curves_list(&groups(case))?;
        if case.key == KeyKind::Ed25519 {
            context.set_verify_algorithm_prefs(&[
                boring::ssl::SslSignatureAlgorithm::ED25519,
                boring::ssl::SslSignatureAlgorithm::ECDSA_SECP256R1_SHA256,
            ])?;
        }
        if let Some(suites) = suites_of_1_2(case.suite) {
            context.set_cipher_list(suites)?;
        }
        context.set_tlsext_use_srtp("SRTP_AEAD_AES_256_GCM:SRTP_AEAD_AES_128_GCM")?;
        let mut ssl = Ssl::new(&context.build())?;
        ssl.set_mtu(MTU)?;
        // SAFETY: the pointer is that of a live SSL.
        unsafe { ffi::DTLSv1_set_initial_timeout_duration(ssl.as_ptr(), TIMEOUT_MS) };
        let wire = Wire::default();
        let stream = match case.role {
            Role::Client => ssl.setup_accept(wire.clone()),
            Role::Server => ssl.setup_connect(wire.clone()),
        };
        Ok(Self {
            wire,
            state: Some(State::Handshaking(stream)),
            received: Vec::new(),
        })
    }

    /// Does all that there is to do.
    pub(crate) fn drive(&mut self) {
        self.state = self.state.take().map(|state| match state {
            State::Handshaking(mut stream) => {
                handle_timeout(stream.ssl_mut());
                match stream.handshake() {
                    Ok(stream) => State::Connected(stream),
                    Err(HandshakeError::WouldBlock(stream)) => State::Handshaking(stream),
                    Err(error) => State::Failed(error.to_string()),
                }
            }
            State::Connected(mut stream) => {
                handle_timeout(stream.ssl_mut());
                let mut data = vec![0; 20_000];
                loop {
                    match stream.ssl_read(&mut data) {
                        Ok(len) => self.received.push(data[..len].to_vec()),
                        Err(error) if error.code() == ErrorCode::WANT_READ => {
                            break State::Connected(stream);
                        }
                        Err(error) => break State::Failed(error.to_string()),
                    }
                }
            }
            failed @ State::Failed(_) => failed,
        });
    }

    pub(crate) fn failure(&self) -> Option<&str> {
        match &self.state {
            Some(State::Failed(reason)) => Some(reason),
            _ => None,
        }
    }

    fn stream(&mut self) -> Option<&mut SslStream<Wire>> {
        match &mut self.state {
            Some(State::Connected(stream)) => Some(stream),
            _ => None,
        }
    }

    pub(crate) fn is_connected(&self) -> bool {
        matches!(self.state, Some(State::Connected(_)))
    }

    pub(crate) fn send(&mut self, data: &[u8]) -> Result<(), String> {
        let stream = self.stream().ok_or("not connected")?;
        let written = stream.ssl_write(data).map_err(|error| error.to_string())?;
        (written == data.len()).then_some(()).ok_or("cut".into())
    }

    pub(crate) fn export(&mut self, label: &str, out: &mut [u8]) -> Result<(), String> {
        let stream = self.stream().ok_or("not connected")?;
        let exported = stream.ssl().export_keying_material(out, label, None);
        exported.map_err(|error| error.to_string())
    }

    /// Changes keys, and asks for the same of the other side.
    pub(crate) fn update_keys(&mut self) -> Result<(), String> {
        let stream = self.stream().ok_or("not connected")?;
        // SAFETY: the pointer is that of a live SSL.
        let done =
            unsafe { ffi::SSL_key_update(stream.ssl().as_ptr(), ffi::SSL_KEY_UPDATE_REQUESTED) };
        (done == 1).then_some(()).ok_or("no key update".into())
    }

    pub(crate) fn version(&mut self) -> Option<ProtocolVersion> {
        match self.stream()?.ssl().version2()? {
            SslVersion::DTLS1_3 => Some(ProtocolVersion::DTLS_1_3),
            _ => Some(ProtocolVersion::DTLS_1_2),
        }
    }

    pub(crate) fn group(&mut self) -> Option<NamedGroup> {
        self.stream()?.ssl().curve().map(NamedGroup)
    }

    pub(crate) fn srtp_profile(&mut self) -> Option<String> {
        let profile = self.stream()?.ssl().selected_srtp_profile()?;
        Some(profile.name().to_owned())
    }
}

fn handle_timeout(ssl: &SslRef) {
    // SAFETY: the pointer is that of a live SSL.
    unsafe { ffi::DTLSv1_handle_timeout(ssl.as_ptr()) };
}

fn name(group: NamedGroup) -> &'static str {
    match group {
        NamedGroup::X25519MLKEM768 => "X25519MLKEM768",
        NamedGroup::X25519 => "X25519",
        NamedGroup::SECP256R1 => "P-256",
        _ => "P-384",
    }
}

/// BoringSSL has one group, or prefers another than the one that it is going to use.
fn groups(case: &Case) -> String {
    match (case.retries, case.role) {
        (true, Role::Server) => format!("X25519:{}", name(case.group)),
        _ => match case.curve_of_certificates() {
            Some(curve) => format!("{}:{}", name(case.group), name(curve)),
            None => name(case.group).to_owned(),
        },
    }
}

fn suites_of_1_2(suite: CipherSuite) -> Option<&'static str> {
    match suite {
        CipherSuite::ECDHE_ECDSA_AES_128_GCM_SHA256 => Some("ECDHE-ECDSA-AES128-GCM-SHA256"),
        CipherSuite::ECDHE_ECDSA_AES_256_GCM_SHA384 => Some("ECDHE-ECDSA-AES256-GCM-SHA384"),
        CipherSuite::ECDHE_ECDSA_CHACHA20_POLY1305_SHA256 => Some("ECDHE-ECDSA-CHACHA20-POLY1305"),
        _ => None,
    }
}
