// What the program needs of libsrtp, without its structures, whose layout differs between versions.

#include <stdint.h>
#include <string.h>

#include <srtp2/srtp.h>

static int set_profile(srtp_policy_t *policy, srtp_profile_t profile) {
  if (profile == srtp_profile_null_sha1_32) {
    // It has the transforms, but does not put them together itself.
    srtp_crypto_policy_set_null_cipher_hmac_sha1_80(&policy->rtp);
    srtp_crypto_policy_set_null_cipher_hmac_sha1_80(&policy->rtcp);
    policy->rtp.auth_tag_len = 4;
    return 1;
  }
  return srtp_crypto_policy_set_from_profile_for_rtp(&policy->rtp, profile) == srtp_err_status_ok &&
         srtp_crypto_policy_set_from_profile_for_rtcp(&policy->rtcp, profile) == srtp_err_status_ok;
}

// An SRTP session for any SSRC, or null. `key` is the master key, then the salt.
srtp_t shim_session(int profile, const uint8_t *key, int is_sender, unsigned long window) {
  static int is_ready = 0;
  if (!is_ready && srtp_init() != srtp_err_status_ok) return NULL;
  is_ready = 1;
  srtp_policy_t policy;
  memset(&policy, 0, sizeof policy);
  if (!set_profile(&policy, (srtp_profile_t)profile)) return NULL;
  policy.ssrc.type = is_sender ? ssrc_any_outbound : ssrc_any_inbound;
  policy.key = (unsigned char *)key;
  policy.window_size = window;
  srtp_t session = NULL;
  return srtp_create(&session, &policy) == srtp_err_status_ok ? session : NULL;
}

int shim_protect(srtp_t session, int is_rtcp, uint8_t *packet, int *len) {
  return is_rtcp ? srtp_protect_rtcp(session, packet, len) : srtp_protect(session, packet, len);
}

int shim_unprotect(srtp_t session, int is_rtcp, uint8_t *packet, int *len) {
  return is_rtcp ? srtp_unprotect_rtcp(session, packet, len) : srtp_unprotect(session, packet, len);
}

int shim_set_rollover(srtp_t session, uint32_t ssrc, uint32_t rollover) {
  return srtp_set_stream_roc(session, ssrc, rollover);
}

void shim_free(srtp_t session) {
  srtp_dealloc(session);
}
