//! libsrtp's sessions, for the program that compares and for measurements.

use std::ffi::{c_int, c_ulong, c_void};
use std::ptr::NonNull;

use anyhow::{Context as _, Result, ensure};
use tidewire_srtp::Profile;

unsafe extern "C" {
    fn shim_session(
        profile: c_int,
        key: *const u8,
        is_sender: c_int,
        window: c_ulong,
    ) -> *mut c_void;
    fn shim_protect(
        session: *mut c_void,
        is_rtcp: c_int,
        packet: *mut u8,
        len: *mut c_int,
    ) -> c_int;
    fn shim_unprotect(
        session: *mut c_void,
        is_rtcp: c_int,
        packet: *mut u8,
        len: *mut c_int,
    ) -> c_int;
    fn shim_set_rollover(session: *mut c_void, ssrc: u32, rollover: u32) -> c_int;
    fn shim_free(session: *mut c_void);
}

/// Which of the two protocols a packet is of.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Protocol {
    Rtp,
    Rtcp,
}

/// How much longer libsrtp may make a packet.
const ROOM: usize = 160;

pub struct Session(NonNull<c_void>);

impl Session {
    /// `key` is the master key, then the salt.
    pub fn new(profile: Profile, key: &[u8], is_sender: bool, window: usize) -> Result<Self> {
        ensure!(key.len() == profile.key_len() + profile.salt_len());
        // SAFETY: libsrtp reads as much of the key as the profile has, and copies it.
        let session = unsafe {
            shim_session(
                profile.id().into(),
                key.as_ptr(),
                is_sender.into(),
                window as c_ulong,
            )
        };
        let session = NonNull::new(session).context("libsrtp lacks the profile")?;
        Ok(Self(session))
    }

    pub fn protect(&mut self, protocol: Protocol, packet: &mut Vec<u8>) -> Result<()> {
        let len = packet.len();
        packet.resize(len + ROOM, 0);
        let protected = self.call(shim_protect, protocol, packet, len)?;
        packet.truncate(protected);
        Ok(())
    }

    /// Answers how long the packet is then.
    pub fn unprotect(&mut self, protocol: Protocol, packet: &mut [u8]) -> Result<usize> {
        self.call(shim_unprotect, protocol, packet, packet.len())
    }

    pub fn set_rollover(&mut self, ssrc: u32, rollover: u32) -> Result<()> {
        // SAFETY: the session lives.
        let status = unsafe { shim_set_rollover(self.0.as_ptr(), ssrc, rollover) };
        ensure!(status == 0, "libsrtp: status {status}");
        Ok(())
    }

    fn call(
        &mut self,
        work: unsafe extern "C" fn(*mut c_void, c_int, *mut u8, *mut c_int) -> c_int,
        protocol: Protocol,
        buffer: &mut [u8],
        len: usize,
    ) -> Result<usize> {
        let mut len = c_int::try_from(len)?;
        let is_rtcp = (protocol == Protocol::Rtcp).into();
        // SAFETY: the session lives. To protect, the buffer has more room than libsrtp ever adds; to
        // unprotect, libsrtp needs none. It wants an alignment of 4 bytes, which allocations have.
        let status = unsafe { work(self.0.as_ptr(), is_rtcp, buffer.as_mut_ptr(), &raw mut len) };
        ensure!(status == 0, "libsrtp: status {status}");
        Ok(usize::try_from(len)?)
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        // SAFETY: the session lives, and is not used again.
        unsafe { shim_free(self.0.as_ptr()) };
    }
}
