//! The generic sub-rules of RFC 8866 section 9.

/// `token`: one or more characters that are neither blank nor a separator.
pub(crate) fn is_token(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(is_token_char)
}

fn is_token_char(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`{|}~".contains(&byte)
}

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

/// Splits at every single space; `None` when a part does not pass `accept`.
pub(crate) fn split_spaces(text: &str, accept: fn(&str) -> bool) -> Option<Vec<&str>> {
    text.split(' ')
        .map(|part| accept(part).then_some(part))
        .collect()
}
