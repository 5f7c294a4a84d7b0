//! The generic sub-rules of RFC 8866 section 9.

/// `token`: one or more characters that are neither blank nor a separator.
pub(crate) fn is_token(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| TOKEN_CHARS[usize::from(byte)])
}

/// `token-char`, by byte: the names and values of all attributes go through it.
const TOKEN_CHARS: [bool; 256] = {
    let punctuation = b"!#$%&'*+-.^_`{|}~";
    let mut table = [false; 256];
    let mut byte = 0;
    while byte < 128 {
        table[byte] = (byte as u8).is_ascii_alphanumeric();
        byte += 1;
    }
    let mut index = 0;
    while index < punctuation.len() {
        table[punctuation[index] as usize] = true;
        index += 1;
    }
    table
};

/// `non-ws-string`: visible characters only.
pub(crate) fn is_visible(text: &str) -> bool {
    !text.is_empty()
        && text
            .bytes()
            .all(|byte| byte.is_ascii_graphic() || byte >= 0x80)
}

/// `1*DIGIT`, of any length.
pub(crate) fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// A number in its shortest decimal form, so that it is written again as it was read.
pub(crate) fn canonical<T: std::str::FromStr>(text: &str) -> Option<T> {
    let shortest = text == "0" || !text.starts_with('0');
    (is_digits(text) && shortest)
        .then(|| text.parse().ok())
        .flatten()
}

/// A number above zero in its shortest decimal form (`integer`).
pub(crate) fn positive<T: std::str::FromStr + PartialEq + Default>(text: &str) -> Option<T> {
    canonical(text).filter(|number| *number != T::default())
}

/// An RTP payload type: seven bits, RFC 8866 section 6.6.
pub(crate) fn payload_type(text: &str) -> Option<u8> {
    canonical(text).filter(|number| *number < 128)
}

/// Splits at the first such byte, which is ASCII. Parts are short, and for those a plain loop is
/// quicker than the standard library's search.
#[inline]
pub(crate) fn split_at(text: &str, separator: u8) -> Option<(&str, &str)> {
    let position = text.bytes().position(|byte| byte == separator)?;
    Some((&text[..position], &text[position + 1..]))
}

/// Splits at every single space; `None` when a part does not pass `accept`.
pub(crate) fn split_spaces(text: &str, accept: fn(&str) -> bool) -> Option<Vec<&str>> {
    text.split(' ')
        .map(|part| accept(part).then_some(part))
        .collect()
}
