//! Fuzz bodies: what must hold for any bytes.

use crate::description::SessionDescription;

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
    }
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
