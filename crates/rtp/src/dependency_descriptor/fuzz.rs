//! Fuzz bodies: what must hold for any bytes.

use super::{DependencyDescriptor, FrameDescriber, Mandatory, ScalabilityMode, StreamReader};

/// Reads any bytes as descriptors, each `length, descriptor`, and writes what was read again.
pub fn descriptor(data: &[u8]) {
    let describer = FrameDescriber::new(ScalabilityMode::L3T3_KEY, 0);
    if let Ok(alone) = DependencyDescriptor::parse(data, Some(describer.structure())) {
        assert_eq!(Some(alone.mandatory), Mandatory::parse(data));
    }
    let mut reader = StreamReader::default();
    let mut rest = data;
    while let Some((len, after)) = rest.split_first() {
        let (bytes, after) = after.split_at(after.len().min(usize::from(*len)));
        if let Ok(descriptor) = reader.read(bytes) {
            write_again(&reader, &descriptor, bytes);
        }
        rest = after;
    }
}

fn write_again(reader: &StreamReader, descriptor: &DependencyDescriptor, bytes: &[u8]) {
    let structure = reader.structure().expect("what was read had a structure");
    assert!(structure.templates().len() <= 64 && structure.decode_targets() <= 32);
    assert_eq!(
        reader.active_decode_targets() & !structure.all_decode_targets(),
        0
    );
    let frame = descriptor
        .frame(structure)
        .expect("what was read has a template");
    assert_eq!(frame.dtis.len(), structure.decode_targets());
    assert_eq!(frame.chain_diffs.len(), structure.chains());
    let mut again = vec![0xa5];
    descriptor
        .write(structure, &mut again)
        .expect("what was read can be written");
    // Padding, and differences in more bits than they need, are not written again.
    assert!(again.len() <= bytes.len() + 1);
    let parsed = DependencyDescriptor::parse(&again[1..], Some(structure));
    assert_eq!(parsed.as_ref(), Ok(descriptor));
}

#[cfg(test)]
mod tests {
    use super::descriptor;

    #[test]
    fn holds_for_the_corpus() {
        tidewire_netsim::for_each_corpus_entry("rtp_dependency_descriptor", descriptor);
    }
}
