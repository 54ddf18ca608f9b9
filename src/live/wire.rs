//! A connection to a real program: octets in and out, by TLS or plain, with bounds on time and room.

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use rustls::{ServerConfig, ServerConnection, StreamOwned};

/// A read or write lasts no longer than this at once, so that the end is noticed.
const SLICE: Duration = Duration::from_millis(100);

/// A connection.
pub(super) struct Wire {
    stream: Stream,
    buffer: Vec<u8>,
    /// Octets of the buffer that are used up.
    used: usize,
    /// The beginning of a line whose end has not come.
    begun: Vec<u8>,
    stop: Arc<AtomicBool>,
}

enum Stream {
    Plain(TcpStream),
    Secure(Box<StreamOwned<ServerConnection, TcpStream>>),
    /// Between the two.
    None,
}

impl Wire {
    /// # Errors
    /// If the system does not let time-outs be set.
    pub(super) fn new(stream: TcpStream, stop: Arc<AtomicBool>) -> io::Result<Self> {
        stream.set_nonblocking(false)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(SLICE))?;
        stream.set_write_timeout(Some(SLICE))?;
        Ok(Self {
            stream: Stream::Plain(stream),
            buffer: Vec::new(),
            used: 0,
            begun: Vec::new(),
            stop,
        })
    }

    /// Goes on by TLS. What came before it in plain text is forgotten: a command that somebody slipped
    /// in is not taken for one of the secure session (RFC 3207 §4.2).
    ///
    /// # Errors
    /// If the handshake fails, or takes longer than `patience`.
    pub(super) fn secure(
        &mut self,
        config: &Arc<ServerConfig>,
        patience: Duration,
    ) -> io::Result<()> {
        self.buffer.clear();
        self.begun.clear();
        self.used = 0;
        let Stream::Plain(mut stream) = std::mem::replace(&mut self.stream, Stream::None) else {
            return Err(io::ErrorKind::NotConnected.into());
        };
        let mut tls = ServerConnection::new(config.clone()).map_err(io::Error::other)?;
        let deadline = Instant::now() + patience;
        while tls.is_handshaking() {
            match tls.complete_io(&mut stream) {
                Ok(_) => {}
                Err(cause) if is_slice(&cause) => self.check(deadline)?,
                Err(cause) => return Err(cause),
            }
        }
        self.stream = Stream::Secure(Box::new(StreamOwned::new(tls, stream)));
        Ok(())
    }

    pub(super) fn socket(&self) -> Option<&TcpStream> {
        match &self.stream {
            Stream::Plain(stream) => Some(stream),
            Stream::Secure(stream) => Some(&stream.sock),
            Stream::None => None,
        }
    }

    /// Returns whether the other side has closed the connection, as far as is known without reading.
    pub(super) fn is_gone(&self) -> bool {
        match self.peek() {
            Ok(octets) => octets == 0,
            Err(cause) => !is_slice(&cause),
        }
    }

    fn peek(&self) -> io::Result<usize> {
        let socket = self.socket().ok_or(io::ErrorKind::NotConnected)?;
        socket.set_nonblocking(true)?;
        let peeked = socket.peek(&mut [0]);
        socket.set_nonblocking(false)?;
        peeked
    }

    fn check(&self, deadline: Instant) -> io::Result<()> {
        match Instant::now() >= deadline || self.stop.load(Ordering::Relaxed) {
            true => Err(io::ErrorKind::TimedOut.into()),
            false => Ok(()),
        }
    }

    /// Returns octets that have come and are not used up; none: the other side sends no more.
    ///
    /// # Errors
    /// `TimedOut` at the deadline, or what the connection met.
    pub(super) fn some(&mut self, deadline: Instant) -> io::Result<&[u8]> {
        if self.used == self.buffer.len() {
            self.buffer.resize(16 << 10, 0);
            self.used = 0;
            let read = loop {
                let read = match &mut self.stream {
                    Stream::Plain(stream) => stream.read(&mut self.buffer),
                    Stream::Secure(stream) => stream.read(&mut self.buffer),
                    Stream::None => Ok(0),
                };
                match read {
                    Err(cause) if is_slice(&cause) => {
                        if let Err(late) = self.check(deadline) {
                            self.buffer.clear();
                            return Err(late);
                        }
                    }
                    // A peer that closes without a word of TLS has closed all the same.
                    Err(cause) if cause.kind() == io::ErrorKind::UnexpectedEof => break 0,
                    Err(cause) => {
                        self.buffer.clear();
                        return Err(cause);
                    }
                    Ok(read) => break read,
                }
            };
            self.buffer.truncate(read);
        }
        Ok(&self.buffer[self.used..])
    }

    /// Returns octets that have come and are not used up, without waiting for any.
    pub(super) fn at_hand(&self) -> &[u8] {
        &self.buffer[self.used..]
    }

    /// Returns whether the other side has said more than was read, as far as is known without reading.
    pub(super) fn has_octets(&self) -> bool {
        self.used < self.buffer.len() || self.peek().is_ok_and(|octets| octets > 0)
    }

    /// Uses up octets that [`Self::some`] returned.
    pub(super) fn consume(&mut self, octets: usize) {
        self.used = (self.used + octets).min(self.buffer.len());
    }

    /// Reads a line without its end, which is CR LF or LF alone. Of a longer one only `most` octets are
    /// kept. None: the other side sends no more.
    ///
    /// # Errors
    /// `TimedOut` at the deadline, or what the connection met.
    pub(super) fn line(&mut self, most: usize, deadline: Instant) -> io::Result<Option<Vec<u8>>> {
        loop {
            let some = self.some(deadline)?;
            if some.is_empty() {
                return Ok(None);
            }
            let end = some.iter().position(|octet| *octet == b'\n');
            let part = some[..end.unwrap_or(some.len())].to_vec();
            let room = most.saturating_sub(self.begun.len()).min(part.len());
            self.begun.extend_from_slice(&part[..room]);
            self.consume(part.len() + usize::from(end.is_some()));
            if end.is_some() {
                let mut line = std::mem::take(&mut self.begun);
                if line.last() == Some(&b'\r') {
                    line.pop();
                }
                return Ok(Some(line));
            }
        }
    }

    /// Writes everything.
    ///
    /// # Errors
    /// `TimedOut` at the deadline, or what the connection met.
    pub(super) fn write(&mut self, mut octets: &[u8], deadline: Instant) -> io::Result<()> {
        while !octets.is_empty() {
            let written = match &mut self.stream {
                Stream::Plain(stream) => stream.write(octets),
                Stream::Secure(stream) => stream.write(octets),
                Stream::None => Ok(0),
            };
            match written {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(written) => octets = &octets[written..],
                Err(cause) if is_slice(&cause) => self.check(deadline)?,
                Err(cause) => return Err(cause),
            }
        }
        loop {
            let flushed = match &mut self.stream {
                Stream::Plain(stream) => stream.flush(),
                Stream::Secure(stream) => stream.flush(),
                Stream::None => Ok(()),
            };
            match flushed {
                Err(cause) if is_slice(&cause) => self.check(deadline)?,
                other => return other,
            }
        }
    }

    /// Closes the connection; what the other side still sends is read for a moment, so that the last
    /// reply is not lost to a reset.
    pub(super) fn close(mut self) {
        if let Stream::Secure(stream) = &mut self.stream {
            stream.conn.send_close_notify();
            // The other side is gone if this fails.
            let _ = stream.conn.complete_io(&mut stream.sock);
        }
        let Some(socket) = self.socket() else { return };
        if socket.shutdown(Shutdown::Write).is_err() {
            return;
        }
        let deadline = Instant::now() + Duration::from_millis(300);
        let mut rest: &TcpStream = socket;
        let mut buffer = [0; 4096];
        while Instant::now() < deadline && matches!(rest.read(&mut buffer), Ok(1..)) {}
    }

    /// Resets the connection: the other side sees it broken off.
    pub(super) fn reset(self) {
        if let Some(socket) = self.socket() {
            // Where this cannot be had, the connection is closed.
            let _ = rustix::net::sockopt::set_socket_linger(socket, Some(Duration::ZERO));
        }
    }
}

fn is_slice(cause: &io::Error) -> bool {
    use io::ErrorKind as K;
    matches!(cause.kind(), K::WouldBlock | K::TimedOut | K::Interrupted)
}
