//! One connection, with a deadline that a slow client cannot move.

use std::io::{self, Read as _, Write as _};
use std::net::{Shutdown, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// A read or write lasts no longer than this at once, so that the end of serving is noticed.
const SLICE: Duration = Duration::from_millis(200);
/// What a client still sends is read for so long after an early answer, so that the answer arrives.
const LINGER: Duration = Duration::from_secs(1);
/// And no more octets than this.
const LINGER_OCTETS: usize = 4 << 20;

/// A connection that is given up at its deadline, or when serving ends.
pub(crate) struct Connection<'a> {
    stream: TcpStream,
    deadline: Instant,
    stop: &'a AtomicBool,
}

impl<'a> Connection<'a> {
    /// # Errors
    /// If the system does not let time-outs be set.
    pub(crate) fn new(
        stream: TcpStream,
        patience: Duration,
        stop: &'a AtomicBool,
    ) -> io::Result<Self> {
        stream.set_nonblocking(false)?;
        stream.set_read_timeout(Some(SLICE))?;
        stream.set_write_timeout(Some(SLICE))?;
        Ok(Self { stream, deadline: Instant::now() + patience, stop })
    }

    /// Gives the client so much time from now on.
    pub(crate) fn allow(&mut self, patience: Duration) {
        self.deadline = Instant::now() + patience;
    }

    /// Reads what is there; 0 octets: the client sends no more.
    ///
    /// # Errors
    /// `TimedOut` at the deadline, or what the connection met.
    pub(crate) fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            match self.stream.read(buffer) {
                Err(cause) if is_slice(&cause) => self.check()?,
                read => return read,
            }
        }
    }

    /// Writes everything.
    ///
    /// # Errors
    /// `TimedOut` at the deadline, or what the connection met.
    pub(crate) fn write(&mut self, mut octets: &[u8]) -> io::Result<()> {
        while !octets.is_empty() {
            match self.stream.write(octets) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(written) => octets = &octets[written..],
                Err(cause) if is_slice(&cause) => self.check()?,
                Err(cause) => return Err(cause),
            }
        }
        Ok(())
    }

    fn check(&self) -> io::Result<()> {
        if Instant::now() >= self.deadline || self.stop.load(Ordering::Relaxed) {
            return Err(io::ErrorKind::TimedOut.into());
        }
        Ok(())
    }

    /// Ends the connection. A client that is still sending would lose the answer to a reset, so what
    /// it sends is read for a while.
    pub(crate) fn close(mut self, is_read: bool) {
        // The client is gone if this fails.
        let _ = self.stream.shutdown(Shutdown::Write);
        if is_read {
            return;
        }
        self.allow(LINGER);
        let (mut buffer, mut octets) = ([0; 4096], 0);
        while octets < LINGER_OCTETS && self.check().is_ok() {
            match self.read(&mut buffer) {
                Ok(0) | Err(_) => return,
                Ok(read) => octets += read,
            }
        }
    }
}

/// Whether nothing was wrong but the time.
fn is_slice(cause: &io::Error) -> bool {
    use io::ErrorKind as K;
    matches!(cause.kind(), K::WouldBlock | K::TimedOut | K::Interrupted)
}
