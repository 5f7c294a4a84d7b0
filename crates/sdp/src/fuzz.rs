//! Fuzz bodies: what must hold for any bytes.

use crate::description::SessionDescription;
use crate::fields::Real;
use crate::format::{
    Av1Parameters, H264Parameters, OpusParameters, RedParameters, RtxParameters, TelephoneEvents,
    Vp9Parameters,
};
use crate::media::MediaDescription;

/// Reads any text; what was read is written again as it stood, but for the line endings.
pub fn parse(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let Ok(description) = SessionDescription::parse(text) else {
        return;
    };
    let written = description.to_string();
    assert!(unix(&written) == unix(text), "the text changed");
    let again = SessionDescription::parse(&written);
    assert!(again.as_ref() == Ok(&description), "the meaning changed");
    for media in &description.media {
        let effective = description.effective(media);
        let _ = (
            effective.ice_ufrag(),
            effective.ice_pwd(),
            effective.direction(),
        );
        let _ = (
            effective.fingerprints().count(),
            media.is_data_channel(),
            media.is_rejected(),
        );
        read_media(media);
    }
}

/// Asks for all that a negotiator of media asks for.
fn read_media(media: &MediaDescription) {
    for format in media.payload_formats() {
        let text = format.parameters();
        if let Some(read) = H264Parameters::read(text) {
            let again = read.to_string();
            assert!(H264Parameters::read(&again) == Some(read), "H.264 changed");
            assert!(read.answer(&read).is_some(), "H.264 does not match itself");
        }
        let opus = OpusParameters::read(text);
        assert!(
            OpusParameters::read(&opus.to_string()) == opus,
            "Opus changed"
        );
        if let Some(read) = RtxParameters::read(text) {
            assert!(
                RtxParameters::read(&read.to_string()) == Some(read),
                "rtx changed"
            );
        }
        if let Some(read) = RedParameters::read(text) {
            assert!(
                RedParameters::read(&read.to_string()) == Some(read),
                "red changed"
            );
        }
        if let Some(read) = TelephoneEvents::read(text) {
            let again = read.to_string();
            assert!(
                TelephoneEvents::read(&again) == Some(read),
                "events changed"
            );
        }
        let _ = (Vp9Parameters::read(text), Av1Parameters::read(text));
        let _ = format.feedback().count();
    }
    let attributes = &media.attributes;
    let _ = (attributes.ptime().map(Real::value), attributes.simulcast());
    let _ = (attributes.rids().count(), attributes.ssrcs().count());
}

fn unix(text: &str) -> String {
    let text = text.replace("\r\n", "\n");
    text.trim_end_matches(['\r', '\n']).to_owned()
}

#[cfg(test)]
mod tests {
    use tidewire_netsim::for_each_corpus_entry;

    use super::parse;

    #[test]
    fn every_seed_of_the_corpus_is_handled() {
        for_each_corpus_entry("sdp_parse", parse);
    }

    #[test]
    fn any_prefix_and_any_flipped_byte_of_a_description_is_handled() {
        let seed: &[u8] = include_bytes!("../testdata/chromium-156-offer-data.sdp");
        for index in 0..seed.len() {
            parse(&seed[..index]);
            let mut damaged = seed.to_vec();
            for byte in [0, b'\r', b'\n', b'=', b' ', b':', b'a', 0xff] {
                damaged[index] = byte;
                parse(&damaged);
            }
        }
    }
}
