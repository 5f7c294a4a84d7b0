//! The stream between runner and shim.

use std::io::{self, ErrorKind, Read as _, Write as _};
use std::net::{Ipv4Addr, Ipv6Addr, Shutdown, SocketAddr, TcpStream};
use std::time::Duration;

use crate::options::Options;

/// What the runner says.
#[derive(Debug)]
pub(crate) enum Said {
    Datagram(Vec<u8>),
    /// So much time passes. It is to be confirmed before anything is done about it.
    TimePasses(Duration),
    Mtu(usize),
    /// When the next timer is expected to expire; `None` for none.
    ExpectTimeout(Option<Duration>),
    /// The first wait of a flight is from now on as long as this.
    InitialTimeout(Duration),
    End,
}

pub(crate) struct Wire(TcpStream);

impl Wire {
    pub(crate) fn connect(options: &Options) -> io::Result<Self> {
        let address: SocketAddr = if options.ipv6 {
            (Ipv6Addr::LOCALHOST, options.port).into()
        } else {
            (Ipv4Addr::LOCALHOST, options.port).into()
        };
        let mut stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.write_all(&options.shim_id.to_le_bytes())?;
        Ok(Self(stream))
    }

    pub(crate) fn read(&mut self) -> io::Result<Said> {
        let mut opcode = [0];
        match self.0.read(&mut opcode) {
            Ok(0) => return Ok(Said::End),
            Err(error) if error.kind() == ErrorKind::ConnectionReset => return Ok(Said::End),
            read => read?,
        };
        Ok(match opcode[0] {
            b'P' => {
                let mut datagram = vec![0; self.number()? as usize];
                self.0.read_exact(&mut datagram)?;
                Said::Datagram(datagram)
            }
            b'T' => Said::TimePasses(Duration::from_nanos(self.long()?)),
            b'M' => Said::Mtu(self.number()? as usize),
            b'E' => Said::ExpectTimeout(match self.long()? {
                u64::MAX => None,
                nanoseconds => Some(Duration::from_nanos(nanoseconds)),
            }),
            b'U' => Said::InitialTimeout(Duration::from_millis(self.number()?.into())),
            other => {
                let words = format!("the runner says {other}");
                return Err(io::Error::new(ErrorKind::InvalidData, words));
            }
        })
    }

    fn number(&mut self) -> io::Result<u32> {
        let mut bytes = [0; 4];
        self.0.read_exact(&mut bytes)?;
        Ok(u32::from_be_bytes(bytes))
    }

    fn long(&mut self) -> io::Result<u64> {
        let mut bytes = [0; 8];
        self.0.read_exact(&mut bytes)?;
        Ok(u64::from_be_bytes(bytes))
    }

    pub(crate) fn send(&mut self, datagram: &[u8]) -> io::Result<()> {
        let len = u32::try_from(datagram.len()).unwrap_or(u32::MAX);
        self.0
            .write_all(&[&b"P"[..], &len.to_be_bytes(), datagram].concat())
    }

    pub(crate) fn confirm_time(&mut self) -> io::Result<()> {
        self.0.write_all(b"t")
    }

    /// Ends what is said, and hears the runner out: it would take a stream that breaks off for a fault.
    pub(crate) fn close(mut self) {
        if self.0.shutdown(Shutdown::Write).is_ok() {
            let mut rest = [0; 4096];
            while self.0.read(&mut rest).is_ok_and(|len| len > 0) {}
        }
    }
}
