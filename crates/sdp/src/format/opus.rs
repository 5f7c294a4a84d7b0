//! Parameters of Opus.

use std::fmt;

use crate::fmtp::{ParameterWriter, Parameters};
use crate::lexical::canonical;

/// Parameters of Opus, RFC 7587 section 6.1. `Display` writes those that are not the default.
///
/// Each says what its author wants or sends; none has to match (RFC 7587 section 7.1).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct OpusParameters {
    /// `minptime`: the shortest packets that can be received, in milliseconds.
    pub minptime: u32,
    /// `maxptime`: the longest packets that can be received, in milliseconds. Also an attribute.
    pub maxptime: u32,
    /// `useinbandfec`: packets that repeat the one before are of use.
    pub use_inband_fec: bool,
    /// `usedtx`: nothing needs to be sent in silence.
    pub use_dtx: bool,
    /// `stereo`: stereo is preferred over mono.
    pub stereo: bool,
    /// `sprop-stereo`: stereo is likely to be sent.
    pub sprop_stereo: bool,
    /// `cbr`: a constant bit rate is wanted.
    pub cbr: bool,
    /// `maxaveragebitrate` in bits a second, when there is a bound.
    pub max_average_bitrate: Option<u32>,
    /// `maxplaybackrate`: the highest sampling rate that is of use, in hertz.
    pub max_playback_rate: u32,
}

impl Default for OpusParameters {
    fn default() -> Self {
        Self {
            minptime: 3,
            maxptime: 120,
            use_inband_fec: false,
            use_dtx: false,
            stereo: false,
            sprop_stereo: false,
            cbr: false,
            max_average_bitrate: None,
            max_playback_rate: 48_000,
        }
    }
}

impl OpusParameters {
    /// Reads what follows the payload type; `""` gives the defaults. A malformed parameter counts as
    /// not stated.
    pub fn read(parameters: &str) -> Self {
        let mut read = Self::default();
        for parameter in Parameters::new(parameters) {
            let name = parameter.name.to_ascii_lowercase();
            read.set(&name, parameter.value.unwrap_or_default());
        }
        read
    }

    fn set(&mut self, name: &str, value: &str) {
        let number = |stated: &mut u32| *stated = canonical(value).unwrap_or(*stated);
        let flag = |stated: &mut bool| match value {
            "0" => *stated = false,
            "1" => *stated = true,
            _ => {}
        };
        match name {
            "minptime" => number(&mut self.minptime),
            "maxptime" => number(&mut self.maxptime),
            "maxplaybackrate" => number(&mut self.max_playback_rate),
            "maxaveragebitrate" => {
                self.max_average_bitrate = canonical(value).or(self.max_average_bitrate);
            }
            "useinbandfec" => flag(&mut self.use_inband_fec),
            "usedtx" => flag(&mut self.use_dtx),
            "stereo" => flag(&mut self.stereo),
            "sprop-stereo" => flag(&mut self.sprop_stereo),
            "cbr" => flag(&mut self.cbr),
            _ => {}
        }
    }
}

impl fmt::Display for OpusParameters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let default = Self::default();
        let mut out = ParameterWriter::new(f);
        out.write_unless(default.minptime, "minptime", self.minptime)?;
        out.write_unless(0, "useinbandfec", u8::from(self.use_inband_fec))?;
        out.write_unless(0, "usedtx", u8::from(self.use_dtx))?;
        out.write_unless(0, "stereo", u8::from(self.stereo))?;
        out.write_unless(0, "sprop-stereo", u8::from(self.sprop_stereo))?;
        out.write_unless(0, "cbr", u8::from(self.cbr))?;
        if let Some(rate) = self.max_average_bitrate {
            out.write("maxaveragebitrate", rate)?;
        }
        let rate = default.max_playback_rate;
        out.write_unless(rate, "maxplaybackrate", self.max_playback_rate)?;
        out.write_unless(default.maxptime, "maxptime", self.maxptime)
    }
}

#[cfg(test)]
mod tests {
    use super::OpusParameters;

    #[test]
    fn the_parameters_of_a_browser_are_read_and_written() {
        let read = OpusParameters::read("minptime=10;useinbandfec=1");
        let expected = OpusParameters {
            minptime: 10,
            use_inband_fec: true,
            ..OpusParameters::default()
        };
        assert_eq!(read, expected);
        assert_eq!(read.to_string(), "minptime=10;useinbandfec=1");
        assert_eq!(OpusParameters::default().to_string(), "");
    }

    #[test]
    fn every_parameter_is_written_as_it_was_read() {
        let text = "minptime=5;useinbandfec=1;usedtx=1;stereo=1;sprop-stereo=1;cbr=1;\
            maxaveragebitrate=64000;maxplaybackrate=16000;maxptime=60";
        assert_eq!(OpusParameters::read(text).to_string(), text);
    }

    #[test]
    fn malformed_parameters_count_as_not_stated() {
        let text = "minptime=x;Stereo=2;cbr;maxaveragebitrate=-1;maxplaybackrate=4294967296";
        assert_eq!(OpusParameters::read(text), OpusParameters::default());
        assert!(OpusParameters::read("STEREO = 1").stereo);
    }
}
