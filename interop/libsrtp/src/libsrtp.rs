//! libsrtp's sessions.

use std::ffi::{c_int, c_ulong, c_void};
use std::ptr::NonNull;

use anyhow::{Context as _, Result, ensure};
use tidewire_srtp::Profile;

use crate::Protocol;

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

/// How much longer libsrtp may make a packet.
const ROOM: usize = 256;

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

    pub fn protect(&mut self, protocol: Protocol, packet: &[u8]) -> Result<Vec<u8>> {
        self.call(shim_protect, protocol, packet)
    }

    pub fn unprotect(&mut self, protocol: Protocol, packet: &[u8]) -> Result<Vec<u8>> {
        self.call(shim_unprotect, protocol, packet)
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
        packet: &[u8],
    ) -> Result<Vec<u8>> {
        let mut len = c_int::try_from(packet.len())?;
        // libsrtp wants packets aligned to 4 bytes, which an allocation of this size is.
        let mut buffer = packet.to_vec();
        buffer.resize(packet.len() + ROOM, 0);
        let is_rtcp = (protocol == Protocol::Rtcp).into();
        // SAFETY: the session lives, and the buffer has more room than libsrtp ever adds.
        let status = unsafe { work(self.0.as_ptr(), is_rtcp, buffer.as_mut_ptr(), &raw mut len) };
        ensure!(status == 0, "libsrtp: status {status}");
        buffer.truncate(usize::try_from(len)?);
        Ok(buffer)
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        // SAFETY: the session lives, and is not used again.
        unsafe { shim_free(self.0.as_ptr()) };
    }
}
