//! A text cut into lines of the form `<type>=<value>`.

use crate::error::{ParseError, Reason};

/// One line without its ending.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Line<'a> {
    /// Counted from 1.
    pub(crate) number: usize,
    pub(crate) letter: char,
    pub(crate) value: &'a str,
}

impl<'a> Line<'a> {
    /// Reads one line; `text` has no line feed.
    pub(crate) fn parse(number: usize, text: &'a str, max: usize) -> Result<Self, ParseError> {
        let fail = |reason| ParseError {
            line: number,
            reason,
        };
        let text = text.strip_suffix('\r').unwrap_or(text);
        if text.len() > max {
            return Err(fail(Reason::LineTooLong));
        }
        // Without an early end and in bytes, so that many are looked at in one step.
        let forbidden = |any: u8, byte: u8| any | u8::from(byte == 0) | u8::from(byte == b'\r');
        if text.bytes().fold(0, forbidden) != 0 {
            return Err(fail(Reason::ForbiddenCharacter));
        }
        let mut characters = text.chars();
        let letter = characters.next().filter(char::is_ascii_alphabetic);
        let value = characters.as_str().strip_prefix('=');
        match (letter, value) {
            (Some(letter), Some(value)) => Ok(Self {
                number,
                letter,
                value,
            }),
            _ => Err(fail(Reason::NotALine)),
        }
    }

    pub(crate) fn error(&self, reason: Reason) -> ParseError {
        ParseError {
            line: self.number,
            reason,
        }
    }
}

/// Cuts off the blank lines at the end: `(lines, blank lines)`.
///
/// The ending of the last line goes with the line.
pub(crate) fn split_trailer(text: &str) -> (&str, &str) {
    let body = text.trim_end_matches(['\r', '\n']).len();
    let rest = &text[body..];
    let ending = ["\r\n", "\n"]
        .into_iter()
        .find(|ending| rest.starts_with(ending));
    text.split_at(body + ending.map_or(0, str::len))
}
