//! Cutting frames allocates nothing, and putting them together nothing for each packet.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use bytes::{Bytes, BytesMut};
use tidewire_rtp::dependency_descriptor::{FrameDescriber, ScalabilityMode, StreamReader};
use tidewire_rtp::payload::{Depacketizer, Format, OutgoingFrame, Packet, Packetizer};

struct Counting;

thread_local! {
    static COUNT: Cell<u64> = const { Cell::new(0) };
}

// SAFETY: everything is left to the system's allocator; the count does not touch the memory.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        COUNT.with(|count| count.set(count.get() + 1));
        // SAFETY: the caller keeps the contract of `alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        // SAFETY: the caller keeps the contract of `dealloc`.
        unsafe { System.dealloc(memory, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn allocations(body: impl FnOnce()) -> u64 {
    let before = COUNT.get();
    body();
    COUNT.get() - before
}

/// A frame that refers to others.
fn frame(format: Format) -> OutgoingFrame {
    let mut data = match format {
        Format::Vp9 => vec![0x86],
        // A frame OBU of 60,000 bytes.
        _ => vec![0x32, 0xe0, 0xd4, 0x03, 0x30],
    };
    let header_len = data.len();
    data.resize(60_000 + header_len - 1, 7);
    OutgoingFrame::new(Bytes::from_static(data.leak()))
}

fn packets(packetizer: &mut Packetizer, frame: &OutgoingFrame, number: u64) -> Vec<Packet> {
    packetizer
        .start(frame.clone(), 1200)
        .expect("a frame that can be cut");
    let mut pool = BytesMut::with_capacity(1 << 17);
    let mut payload = Vec::new();
    let mut packets = Vec::new();
    while let Some(written) = packetizer.write_next(&mut payload) {
        pool.extend_from_slice(&payload);
        packets.push(Packet {
            sequence: number * 1000 + packets.len() as u64,
            timestamp: number as u32,
            marker: written.marker,
            payload: pool.split().freeze(),
        });
        payload.clear();
    }
    packets
}

#[test]
fn cutting_frames_allocates_nothing() {
    for format in [Format::Vp9, Format::Av1] {
        let frame = frame(format);
        let mut packetizer = Packetizer::new(format);
        packets(&mut packetizer, &frame, 0);
        let mut payload = Vec::with_capacity(1200);
        let count = allocations(|| {
            for _ in 0..10 {
                packetizer.start(frame.clone(), 1200).unwrap();
                while packetizer.write_next(&mut payload).is_some() {
                    payload.clear();
                }
            }
        });
        assert_eq!(count, 0, "{format:?}");
    }
}

#[test]
fn putting_frames_together_allocates_by_the_frame() {
    for format in [Format::Vp9, Format::Av1] {
        let frame = frame(format);
        let mut packetizer = Packetizer::new(format);
        let mut depacketizer = Depacketizer::new(format);
        for number in 0..10 {
            let packets = packets(&mut packetizer, &frame, number);
            assert!(packets.len() > 50);
            let count = allocations(|| {
                for packet in packets {
                    depacketizer.handle_packet(packet);
                }
            });
            let received = depacketizer.poll_frame().unwrap();
            assert_eq!(received.data, frame.data);
            // The list of pieces as it grows, and the frame.
            assert!(number == 0 || count <= 10, "{format:?}: {count}");
        }
    }
}

#[test]
fn descriptors_of_templates_are_read_and_written_without_allocating() {
    let mut describer = FrameDescriber::new(ScalabilityMode::L1T3, 0);
    let mut reader = StreamReader::default();
    let mut bytes = Vec::with_capacity(100);
    describer
        .describe(0, 0, true)
        .write(describer.structure(), &mut bytes)
        .unwrap();
    reader.read(&bytes).unwrap();
    for temporal in [2, 1, 2, 0] {
        let descriptor = describer.describe(0, temporal, false);
        bytes.clear();
        let count = allocations(|| {
            descriptor.write(describer.structure(), &mut bytes).unwrap();
            reader.read(&bytes).unwrap();
        });
        assert_eq!(count, 0);
    }
}
