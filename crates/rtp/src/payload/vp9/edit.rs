//! Editing the descriptor in place, for who forwards some of the layers of some of the pictures: a
//! receiver takes a gap in these numbers for a loss.

/// Puts another picture id into a payload, as wide as the one it has. False when it has none.
pub fn set_picture_id(payload: &mut [u8], id: u16) -> bool {
    match payload {
        [flags, high, low, ..] if *flags & 0x80 != 0 && *high & 0x80 != 0 => {
            [*high, *low] = (id | 0x8000).to_be_bytes();
            true
        }
        [flags, short, ..] if *flags & 0x80 != 0 && *short & 0x80 == 0 => {
            *short = id as u8 & 0x7f;
            true
        }
        _ => false,
    }
}

/// Puts another TL0PICIDX into a payload. False when it has none.
pub fn set_tl0_picture_index(payload: &mut [u8], index: u8) -> bool {
    let Some(&flags) = payload.first() else {
        return false;
    };
    // Layers, but not flexible mode.
    if flags & 0x30 != 0x20 {
        return false;
    }
    let id_len = match payload.get(1) {
        Some(id) if flags & 0x80 != 0 => 1 + usize::from(id >> 7),
        _ => 0,
    };
    let Some(byte) = payload.get_mut(1 + id_len + 1) else {
        return false;
    };
    *byte = index;
    true
}
