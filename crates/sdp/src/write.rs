//! Writes a description, line by line.

use std::fmt::{self, Display, Formatter, Write};

use crate::description::SessionDescription;
use crate::fields::UnknownLine;
use crate::media::{MediaDescription, MediaLine};
use crate::time::TimeDescription;

impl Display for SessionDescription {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let mut out = Section::new(f, &self.unknown_lines);
        out.line('v', 0)?;
        out.line('o', &self.origin)?;
        out.line('s', &self.session_name)?;
        out.every('i', &self.information)?;
        out.every('u', &self.uri)?;
        out.every('e', &self.emails)?;
        out.every('p', &self.phones)?;
        out.every('c', &self.connection)?;
        out.every('b', &self.bandwidths)?;
        self.times
            .iter()
            .try_for_each(|time| write_time(&mut out, time))?;
        out.every('k', &self.key)?;
        out.every('a', &self.attributes)?;
        out.finish()?;
        self.media.iter().try_for_each(|media| media.fmt(f))?;
        f.write_str(&self.trailer)
    }
}

impl Display for MediaDescription {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let mut out = Section::new(f, &self.unknown_lines);
        out.line('m', MediaLine(self))?;
        out.every('i', &self.information)?;
        out.every('c', &self.connections)?;
        out.every('b', &self.bandwidths)?;
        out.every('k', &self.key)?;
        out.every('a', &self.attributes)?;
        out.finish()
    }
}

fn write_time(out: &mut Section<'_, '_>, time: &TimeDescription) -> fmt::Result {
    out.line('t', format_args!("{} {}", time.start, time.stop))?;
    out.every('r', &time.repeats)?;
    match time.zones.split_first() {
        None => Ok(()),
        Some((first, rest)) => out.line('z', Spaced(first, rest)),
    }
}

/// A list with single spaces between.
struct Spaced<'a, T>(&'a T, &'a [T]);

impl<T: Display> Display for Spaced<'_, T> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)?;
        self.1.iter().try_for_each(|item| write!(f, " {item}"))
    }
}

/// The lines of one section; unknown ones are written where they stood.
struct Section<'a, 'f> {
    out: &'a mut Formatter<'f>,
    unknown: &'a [UnknownLine],
    written: usize,
}

impl<'a, 'f> Section<'a, 'f> {
    fn new(out: &'a mut Formatter<'f>, unknown: &'a [UnknownLine]) -> Self {
        Self {
            out,
            unknown,
            written: 0,
        }
    }

    fn every(
        &mut self,
        letter: char,
        values: impl IntoIterator<Item = impl Display>,
    ) -> fmt::Result {
        values
            .into_iter()
            .try_for_each(|value| self.line(letter, value))
    }

    fn line(&mut self, letter: char, value: impl Display) -> fmt::Result {
        while let Some((next, rest)) = self.unknown.split_first() {
            if next.position > self.written {
                break;
            }
            self.unknown = rest;
            self.write(next.letter, &next.value)?;
        }
        self.write(letter, value)
    }

    fn finish(mut self) -> fmt::Result {
        let unknown = std::mem::take(&mut self.unknown);
        unknown
            .iter()
            .try_for_each(|line| self.write(line.letter, &line.value))
    }

    fn write(&mut self, letter: char, value: impl Display) -> fmt::Result {
        self.written += 1;
        self.out.write_char(letter)?;
        self.out.write_char('=')?;
        write!(OneLine(self.out), "{value}")?;
        self.out.write_str("\r\n")
    }
}

/// Lets no value end its line: each NUL, CR and LF becomes a space.
struct OneLine<'a, 'f>(&'a mut Formatter<'f>);

impl Write for OneLine<'_, '_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let mut parts = text.split(['\0', '\r', '\n']);
        self.0.write_str(parts.next().unwrap_or_default())?;
        parts.try_for_each(|part| {
            self.0.write_char(' ')?;
            self.0.write_str(part)
        })
    }
}
