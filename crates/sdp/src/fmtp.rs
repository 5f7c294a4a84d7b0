//! Parameters of a format.

use std::fmt;
use std::str::Split;

use crate::lexical::payload_type;

/// The parameters of a payload type (`fmtp`), RFC 8866 section 6.15. The text is kept as it is.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Fmtp {
    /// The payload type, 127 at most.
    pub payload_type: u8,
    /// The parameters: most encodings have `name=value` with `;` between.
    pub parameters: String,
}

impl Fmtp {
    /// Parameters as they are to be written; those of an encoding can be, such as
    /// [`OpusParameters`](crate::OpusParameters).
    pub fn new(payload_type: u8, parameters: impl fmt::Display) -> Self {
        Self {
            payload_type,
            parameters: parameters.to_string(),
        }
    }

    /// The parameters one by one.
    pub fn parameters(&self) -> Parameters<'_> {
        Parameters::new(&self.parameters)
    }

    /// The value of a parameter, by its name in any letter case.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters()
            .find(|parameter| parameter.is(name))
            .and_then(|parameter| parameter.value)
    }

    pub(crate) fn parse(value: &str) -> Option<Self> {
        let (number, parameters) = value.split_once(' ')?;
        let payload_type = payload_type(number)?;
        (!parameters.is_empty()).then(|| Self {
            payload_type,
            parameters: parameters.to_owned(),
        })
    }
}

impl fmt::Display for Fmtp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.payload_type, self.parameters)
    }
}

/// One parameter out of a `fmtp`, without the spaces around its parts.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Parameter<'a> {
    /// What stands before the first `=`, or all of it.
    pub name: &'a str,
    /// What stands behind it, when there is one.
    pub value: Option<&'a str>,
}

impl<'a> Parameter<'a> {
    /// Whether it has this name. Letter case does not matter: RFC 6838 section 4.3.
    pub fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name)
    }

    fn new(text: &'a str) -> Self {
        match text.split_once('=') {
            Some((name, value)) => Self {
                name: name.trim_ascii(),
                value: Some(value.trim_ascii()),
            },
            None => Self {
                name: text,
                value: None,
            },
        }
    }
}

/// Reads parameters with `;` between, RFC 4855 section 3. Empty ones are passed over.
#[derive(Clone, Debug)]
pub struct Parameters<'a>(Split<'a, char>);

impl<'a> Parameters<'a> {
    /// Reads what follows the payload type.
    pub fn new(text: &'a str) -> Self {
        Self(text.split(';'))
    }
}

impl<'a> Iterator for Parameters<'a> {
    type Item = Parameter<'a>;

    fn next(&mut self) -> Option<Self::Item> {
        let text = self.0.find_map(|text| {
            let text = text.trim_ascii();
            (!text.is_empty()).then_some(text)
        })?;
        Some(Parameter::new(text))
    }
}

/// Writes parameters with `;` between.
pub(crate) struct ParameterWriter<'a, 'f> {
    out: &'a mut fmt::Formatter<'f>,
    separator: &'static str,
}

impl<'a, 'f> ParameterWriter<'a, 'f> {
    pub(crate) fn new(out: &'a mut fmt::Formatter<'f>) -> Self {
        Self { out, separator: "" }
    }

    pub(crate) fn write(&mut self, name: &str, value: impl fmt::Display) -> fmt::Result {
        let separator = std::mem::replace(&mut self.separator, ";");
        write!(self.out, "{separator}{name}={value}")
    }

    /// Writes it unless it says what holds anyway.
    pub(crate) fn write_unless<T: fmt::Display + PartialEq>(
        &mut self,
        default: T,
        name: &str,
        value: T,
    ) -> fmt::Result {
        if value == default {
            return Ok(());
        }
        self.write(name, value)
    }
}

#[cfg(test)]
mod tests {
    use super::{Fmtp, Parameter, Parameters};

    #[test]
    fn parameters_are_read_around_spaces_and_empty_items() {
        let read: Vec<_> = Parameters::new(" a=1 ;; b = x=y; bare ;=;").collect();
        let parameter = |name, value| Parameter { name, value };
        let expected = [
            parameter("a", Some("1")),
            parameter("b", Some("x=y")),
            parameter("bare", None),
            parameter("", Some("")),
        ];
        assert_eq!(read, expected);
    }

    #[test]
    fn names_of_parameters_are_found_in_any_case() {
        let fmtp = Fmtp::parse("96 Profile-Level-ID=42e01f; bare").unwrap();
        assert_eq!(fmtp.parameter("profile-level-id"), Some("42e01f"));
        assert_eq!(fmtp.parameter("bare"), None);
        assert_eq!(fmtp.parameter("profile"), None);
    }
}
