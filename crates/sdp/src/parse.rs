//! The grammar of RFC 8866 section 9, line by line.

use std::iter::Peekable;
use std::str::FromStr;

use crate::attribute::Attribute;
use crate::attributes::Attributes;
use crate::description::SessionDescription;
use crate::error::{Field, ParseError, Reason};
use crate::fields::{Bandwidth, Connection, Key, Origin, UnknownLine};
use crate::lexical::is_visible;
use crate::lines::{Line, split_trailer};
use crate::media::MediaDescription;
use crate::time::{Repeat, TimeDescription, ZoneAdjustment};

/// The longest description that is read, in bytes with CRLF after each line.
pub const MAX_TEXT_LENGTH: usize = 1 << 20;
/// The longest line that is read, in bytes without its ending.
pub const MAX_LINE_LENGTH: usize = 1 << 15;
/// The most lines that are read, which bounds the memory of a description.
pub const MAX_LINES: usize = 1 << 14;
/// The most media descriptions that are read.
pub const MAX_MEDIA: usize = 1 << 10;

/// What a browser's lines have on average or more, for room.
const TYPICAL_LINE_LENGTH: usize = 32;

/// Whether RFC 8866 section 5 has lines of this type.
const fn is_known(letter: char) -> bool {
    matches!(
        letter,
        'v' | 'o' | 's' | 'i' | 'u' | 'e' | 'p' | 'c' | 'b' | 't' | 'r' | 'z' | 'k' | 'a' | 'm'
    )
}

impl SessionDescription {
    /// Reads a description whose lines end in CRLF or LF.
    ///
    /// Blank lines are accepted after the last line only, and the last line may lack its ending.
    ///
    /// # Errors
    ///
    /// A [`ParseError`] names the first line that does not follow the grammar.
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        if is_too_long(text) {
            return Err(ParseError {
                line: 1,
                reason: Reason::TextTooLong,
            });
        }
        let (text, trailer) = split_trailer(text);
        let lines = cut(text)?;
        let description = Parser::new(&lines).session()?;
        Ok(Self {
            trailer: trailer.to_owned(),
            ..description
        })
    }
}

impl FromStr for SessionDescription {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        Self::parse(text)
    }
}

/// Counts CRLF for each line: what was read must stay readable when written.
fn is_too_long(text: &str) -> bool {
    // Each byte can be a line feed that gains a carriage return; few texts need the count.
    let longest = 2 * text.len() + 2;
    longest > MAX_TEXT_LENGTH && written_length(text) > MAX_TEXT_LENGTH
}

/// How long the text is once each line ends in CRLF.
fn written_length(text: &str) -> usize {
    let ends = text.matches('\n').count();
    let complete = text.matches("\r\n").count();
    let last = if text.ends_with('\n') { 0 } else { 2 };
    text.len() + (ends - complete) + last
}

fn cut(text: &str) -> Result<Vec<Line<'_>>, ParseError> {
    let line = |(index, line)| {
        let number = index + 1;
        if number > MAX_LINES {
            return Err(ParseError {
                line: number,
                reason: Reason::TooManyLines,
            });
        }
        Line::parse(number, line, MAX_LINE_LENGTH)
    };
    let text = text.strip_suffix('\n').unwrap_or(text);
    let mut lines = Vec::with_capacity(MAX_LINES.min(text.len() / TYPICAL_LINE_LENGTH));
    for numbered in text.split('\n').enumerate() {
        lines.push(line(numbered)?);
    }
    Ok(lines)
}

struct Parser<'a> {
    lines: Peekable<std::slice::Iter<'a, Line<'a>>>,
    /// The number of the line after the last.
    end: usize,
    /// Lines of the section so far.
    taken: usize,
    /// Unknown lines of the section so far.
    unknown: Vec<UnknownLine>,
}

impl<'a> Parser<'a> {
    fn new(lines: &'a [Line<'a>]) -> Self {
        let end = lines.len() + 1;
        Self {
            lines: lines.iter().peekable(),
            end,
            taken: 0,
            unknown: Vec::new(),
        }
    }

    fn session(&mut self) -> Result<SessionDescription, ParseError> {
        self.required('v', Field::Version, |value| (value == "0").then_some(()))?;
        let origin = self.required('o', Field::Origin, Origin::parse)?;
        let session_name = self.required('s', Field::SessionName, text)?;
        let information = self.optional('i', Field::Information, text)?;
        let uri = self.optional('u', Field::Uri, visible)?;
        let emails = self.every('e', Field::Email, text)?;
        let phones = self.every('p', Field::Phone, text)?;
        let connection = self.optional('c', Field::Connection, Connection::parse)?;
        let bandwidths = self.every('b', Field::Bandwidth, Bandwidth::parse)?;
        let times = self.times()?;
        let key = self.optional('k', Field::Key, Key::parse)?;
        let attributes = self.attributes()?;
        let (unknown_lines, media) = self.media()?;
        Ok(SessionDescription {
            origin,
            session_name,
            information,
            uri,
            emails,
            phones,
            connection,
            bandwidths,
            times,
            key,
            attributes,
            unknown_lines,
            media,
            trailer: String::new(),
        })
    }

    /// RFC 4566 had `z=` once after all times; RFC 8866 has it after the repeats of each. Both read.
    fn times(&mut self) -> Result<Vec<TimeDescription>, ParseError> {
        let mut times = vec![self.required('t', Field::Time, TimeDescription::parse)?];
        loop {
            let repeats = self.every('r', Field::Repeat, Repeat::parse)?;
            let zones = self.optional('z', Field::Zone, ZoneAdjustment::parse_all)?;
            if let Some(last) = times.last_mut() {
                last.repeats = repeats;
                last.zones = zones.unwrap_or_default();
            }
            match self.optional('t', Field::Time, TimeDescription::parse)? {
                Some(time) => times.push(time),
                None => return Ok(times),
            }
        }
    }

    fn attributes(&mut self) -> Result<Attributes, ParseError> {
        let attributes = self.every('a', Field::Attribute, Attribute::parse)?;
        Ok(attributes.into_iter().collect())
    }

    /// Reads the media descriptions; also returns what was unknown before the first.
    fn media(&mut self) -> Result<(Vec<UnknownLine>, Vec<MediaDescription>), ParseError> {
        let mut media = Vec::new();
        let mut before = None;
        while let Some(line) = self.take('m') {
            let unknown = self.begin_section();
            before.get_or_insert(unknown);
            if media.len() == MAX_MEDIA {
                return Err(line.error(Reason::TooManyMedia));
            }
            media.push(self.media_section(line)?);
        }
        match self.lines.peek() {
            Some(line) => Err(line.error(Reason::OutOfPlace(line.letter))),
            None => Ok((before.unwrap_or_else(|| self.begin_section()), media)),
        }
    }

    fn media_section(&mut self, line: &Line<'a>) -> Result<MediaDescription, ParseError> {
        let media = MediaDescription::parse(line.value).map_err(|reason| line.error(reason))?;
        let information = self.optional('i', Field::Information, text)?;
        let connections = self.every('c', Field::Connection, Connection::parse)?;
        let bandwidths = self.every('b', Field::Bandwidth, Bandwidth::parse)?;
        let key = self.optional('k', Field::Key, Key::parse)?;
        let attributes = self.attributes()?;
        self.skip_unknown();
        let unknown_lines = std::mem::take(&mut self.unknown);
        Ok(MediaDescription {
            information,
            connections,
            bandwidths,
            key,
            attributes,
            unknown_lines,
            ..media
        })
    }

    fn required<T>(
        &mut self,
        letter: char,
        field: Field,
        parse: impl Fn(&str) -> Option<T>,
    ) -> Result<T, ParseError> {
        let value = self.optional(letter, field, parse)?;
        let line = self.lines.peek().map_or(self.end, |line| line.number);
        value.ok_or(ParseError {
            line,
            reason: Reason::Missing(letter),
        })
    }

    fn optional<T>(
        &mut self,
        letter: char,
        field: Field,
        parse: impl Fn(&str) -> Option<T>,
    ) -> Result<Option<T>, ParseError> {
        let Some(line) = self.take(letter) else {
            return Ok(None);
        };
        let value = parse(line.value).ok_or_else(|| line.error(Reason::Malformed(field)))?;
        Ok(Some(value))
    }

    fn every<T>(
        &mut self,
        letter: char,
        field: Field,
        parse: impl Fn(&str) -> Option<T>,
    ) -> Result<Vec<T>, ParseError> {
        let mut all = Vec::new();
        while let Some(value) = self.optional(letter, field, &parse)? {
            all.push(value);
        }
        Ok(all)
    }

    fn take(&mut self, letter: char) -> Option<&'a Line<'a>> {
        self.skip_unknown();
        let line = self.lines.next_if(|line| line.letter == letter);
        self.taken += usize::from(line.is_some());
        line
    }

    fn skip_unknown(&mut self) {
        while let Some(line) = self.lines.next_if(|line| !is_known(line.letter)) {
            let (position, value) = (self.taken, line.value.to_owned());
            self.unknown.push(UnknownLine {
                position,
                letter: line.letter,
                value,
            });
            self.taken += 1;
        }
    }

    /// Starts counting anew with the line just taken; returns what was unknown before it.
    fn begin_section(&mut self) -> Vec<UnknownLine> {
        self.taken = 1;
        std::mem::take(&mut self.unknown)
    }
}

fn text(value: &str) -> Option<String> {
    (!value.is_empty()).then(|| value.to_owned())
}

fn visible(value: &str) -> Option<String> {
    is_visible(value).then(|| value.to_owned())
}
