//! Fuzz bodies: what must hold for any bytes.

use crate::mdns;

/// The name that the seeds of the corpus answer for.
pub const NAME: &str = "0b6b8a4e.local";

/// Reads any bytes as an mDNS response. An address is told only of the name that was asked for, and
/// whatever the letters' case.
pub fn mdns_response(data: &[u8]) {
    let found = mdns::answer(data, NAME);
    assert_eq!(found, mdns::answer(data, &NAME.to_ascii_uppercase()));
    assert_eq!(found, mdns::answer(data, &format!("{NAME}.")));
    if found.is_some() {
        let is_named = |label: &[u8]| {
            data.windows(label.len())
                .any(|at| at.eq_ignore_ascii_case(label))
        };
        assert!(
            is_named(b"0b6b8a4e") && is_named(b"local"),
            "nobody said that name"
        );
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use tidewire_netsim::for_each_corpus_entry;

    use super::*;

    #[test]
    fn every_seed_of_the_corpus_is_handled_whole_and_cut_off() {
        let mut answers = 0;
        for_each_corpus_entry("mdns_response", |data| {
            answers += usize::from(mdns::answer(data, NAME).is_some());
            for end in 0..=data.len() {
                mdns_response(&data[..end]);
            }
        });
        assert!(answers > 1, "some of the seeds are good");
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_do_no_harm(data in proptest::collection::vec(any::<u8>(), 0..300)) {
            mdns_response(&data);
        }

        #[test]
        fn arbitrary_records_do_no_harm(
            counts in any::<[u8; 4]>(),
            records in proptest::collection::vec(any::<u8>(), 0..200),
        ) {
            let [a, b, c, d] = counts.map(|count| count % 4);
            let head = [0, 0, 0x84, 0, 0, a, 0, b, 0, c, 0, d];
            mdns_response(&[&head, &records[..]].concat());
        }
    }
}
