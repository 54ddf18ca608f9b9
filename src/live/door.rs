//! Sockets that listen for a service of a simulated host, and a thread for each connection.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, TcpStream};
use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, SyncSender, channel};
use std::thread;
use std::time::{Duration, Instant};

use crate::scenario::CallerId;
use crate::talk::Protocol;

use super::order::{Next, Order, Output, Signal, Teller};
use super::tls::Identity;
use super::watch::Watch;
use super::wire::Wire;

/// Connections at once to all doors; further ones are closed at once.
pub(super) const CONNECTIONS: usize = 2000;
/// So long a thread reads by itself, for clients that go on at once; then it has the socket watched.
const AT_ONCE: Duration = Duration::from_millis(100);
/// A client that waits for a reply, and says more meanwhile, is looked after as often.
const SELDOM: Duration = Duration::from_secs(2);
/// A client that says nothing for so long by the clock of the machine is let go, whatever virtual time
/// does; one that stands still must not keep connections for ever.
const PATIENCE: Duration = Duration::from_secs(3600);
/// A reply is taken, and a handshake made, within this.
const HASTE: Duration = Duration::from_secs(30);
/// Octets of a line that are kept: the longest that any protocol here knows (RFC 4954 §4).
const LINE: usize = 12_288;
/// So much of a message goes to the room at once.
const PART: usize = 64 << 10;
/// A thread needs little room.
const STACK: usize = 512 << 10;

/// What is served at a door.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Service {
    /// The protocol.
    pub protocol: Protocol,
    /// The port of the simulated host that it stands for.
    pub port: u16,
    /// Whether TLS runs from the first octet.
    pub secure: bool,
}

/// The services by their names on the command line.
pub const SERVICES: [(&str, Service); 7] = {
    const fn service(protocol: Protocol, port: u16, secure: bool) -> Service {
        Service { protocol, port, secure }
    }
    [
        ("smtp", service(Protocol::Smtp, 25, false)),
        ("submission", service(Protocol::Smtp, 587, false)),
        ("submissions", service(Protocol::Smtp, 465, true)),
        ("pop3", service(Protocol::Pop3, 110, false)),
        ("pop3s", service(Protocol::Pop3, 110, true)),
        ("imap", service(Protocol::Imap, 143, false)),
        ("imaps", service(Protocol::Imap, 143, true)),
    ]
};

/// A service of a host at an address of this machine: `smtp=mx.recipient.example:127.0.0.1:2525`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listen {
    /// The word for the service.
    pub name: &'static str,
    /// The service.
    pub service: Service,
    /// The simulated host.
    pub host: String,
    /// Where it is listened.
    pub address: SocketAddr,
}

impl FromStr for Listen {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let form = "write it as smtp=mx.recipient.example:127.0.0.1:2525";
        let (word, rest) = text.split_once('=').ok_or(form)?;
        let known: Vec<&str> = SERVICES.iter().map(|(name, _)| *name).collect();
        let found = SERVICES.iter().find(|(name, _)| *name == word);
        let (name, service) =
            found.ok_or(format!("there is no service {word}; there are {}", known.join(", ")))?;
        let (host, address) = rest.split_once(':').ok_or(form)?;
        let address = match address.parse::<u16>() {
            Ok(port) => SocketAddr::from(([127, 0, 0, 1], port)),
            Err(_) => address.parse().map_err(|_| {
                format!("{address} is no address with a port, as 127.0.0.1:2525; {form}")
            })?,
        };
        Ok(Self { name, service: *service, host: host.to_owned(), address })
    }
}

/// A socket that listens.
#[derive(Debug)]
pub struct Door {
    /// What it is for; its address is the one that is listened on.
    pub listen: Listen,
    listener: TcpListener,
}

impl Door {
    /// Listens.
    ///
    /// # Errors
    /// If the port is taken, or may not be listened on.
    pub fn open(listen: &Listen) -> io::Result<Self> {
        let listener = TcpListener::bind(listen.address)?;
        let address = listener.local_addr()?;
        Ok(Self { listen: Listen { address, ..listen.clone() }, listener })
    }

    /// Wakes whoever waits for connections here.
    pub(super) fn wake(&self) {
        wake(self.listen.address);
    }
}

/// Connects to a socket of this program, so that it looks around.
pub(super) fn wake(mut address: SocketAddr) {
    match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => address.set_ip(Ipv4Addr::LOCALHOST.into()),
        IpAddr::V6(ip) if ip.is_unspecified() => address.set_ip(Ipv6Addr::LOCALHOST.into()),
        _ => {}
    }
    // Where nobody can connect, nobody waits.
    let _ = TcpStream::connect_timeout(&address, Duration::from_secs(1));
}

/// What all connections share.
#[derive(Debug)]
pub(super) struct Hall {
    pub(super) orders: SyncSender<Order>,
    pub(super) stop: Arc<AtomicBool>,
    pub(super) identity: Identity,
    pub(super) callers: AtomicU32,
    pub(super) under_way: AtomicUsize,
    /// Connections of the HTTP interface.
    pub(super) asking: AtomicUsize,
    pub(super) watch: Watch,
}

/// Accepts connections until the end.
pub(super) fn keep<'scope>(
    scope: &'scope thread::Scope<'scope, '_>,
    (number, door): (usize, &'scope Door),
    hall: &'scope Hall,
) {
    while !hall.stop.load(Ordering::Relaxed) {
        let Ok((stream, _)) = door.listener.accept() else {
            // Whoever was there is gone again, or there is no room for him: not at once again.
            thread::sleep(AT_ONCE);
            continue;
        };
        if hall.stop.load(Ordering::Relaxed) {
            return;
        }
        if hall.under_way.fetch_add(1, Ordering::Relaxed) >= CONNECTIONS {
            hall.under_way.fetch_sub(1, Ordering::Relaxed);
            continue;
        }
        let caller = CallerId(hall.callers.fetch_add(1, Ordering::Relaxed));
        let serve = move || {
            serve(stream, caller, (number, door), hall);
            hall.under_way.fetch_sub(1, Ordering::Relaxed);
        };
        if thread::Builder::new().stack_size(STACK).spawn_scoped(scope, serve).is_err() {
            hall.under_way.fetch_sub(1, Ordering::Relaxed);
        }
    }
}

fn serve(stream: TcpStream, caller: CallerId, (number, door): (usize, &Door), hall: &Hall) {
    let Ok(wire) = Wire::new(stream, hall.stop.clone()) else { return };
    let (signals, tells) = channel();
    let told = Teller(signals.clone());
    let mut connection = Connection { wire, caller, hall, signals, tells };
    let secure = door.listen.service.secure;
    if secure && connection.wire.secure(&hall.identity.config, HASTE).is_err() {
        return;
    }
    if hall.orders.send(Order::Open { caller, door: number, told }).is_err() {
        return;
    }
    let ending = connection.converse();
    // Before the socket is closed: whoever connects next finds the place free.
    let _ = hall.orders.send(Order::Gone { caller });
    match ending {
        Next::Reset => connection.wire.reset(),
        _ => connection.wire.close(),
    }
}

struct Connection<'h> {
    wire: Wire,
    caller: CallerId,
    hall: &'h Hall,
    signals: Sender<Signal>,
    tells: Receiver<Signal>,
}

impl Connection<'_> {
    /// Reads and answers; returns how the connection ends.
    fn converse(&mut self) -> Next {
        loop {
            let Some(Output { octets, mut next }) = self.wait() else { return Next::Close };
            let deadline = Instant::now() + HASTE;
            if !octets.is_empty() && self.wire.write(&octets, deadline).is_err() {
                return Next::Reset;
            }
            if next == Next::StartTls {
                if self.wire.secure(&self.hall.identity.config, HASTE).is_err() {
                    return Next::Reset;
                }
                next = Next::Line;
            }
            let read = match next {
                Next::Line => self.line(),
                Next::Message => self.message(),
                Next::Chunk(octets) => self.chunk(octets),
                Next::Silence => {
                    // Nothing is told any more, until the client leaves or the run ends.
                    while self.wait().is_some_and(|told| told.next != Next::Close) {}
                    return Next::Close;
                }
                Next::Close | Next::Reset | Next::StartTls => return next,
            };
            match read {
                Ok(Some(order)) => {
                    if self.hall.orders.send(order).is_err() {
                        return Next::Close;
                    }
                }
                Ok(None) => return Next::Close,
                Err(_) => return Next::Reset,
            }
        }
    }

    /// Waits until it is told something; none: the client is gone, or the run over.
    fn wait(&mut self) -> Option<Output> {
        match self.signal(AT_ONCE, false) {
            Ok(Some(Signal::Output(told))) => return Some(told),
            Err(()) => return None,
            Ok(_) => {}
        }
        loop {
            // One that has said more is always readable: it is looked after now and then.
            let parks = !self.wire.has_octets();
            match self.signal(if parks { PATIENCE } else { SELDOM }, parks) {
                Ok(Some(Signal::Output(told))) => return Some(told),
                Err(()) => return None,
                Ok(_) if self.wire.is_gone() => return None,
                Ok(_) => {}
            }
        }
    }

    /// Waits for a signal no longer than `patience`, with the socket watched if it `parks`. An error: the
    /// run is over.
    fn signal(&mut self, patience: Duration, parks: bool) -> Result<Option<Signal>, ()> {
        let (caller, watch) = (self.caller, &self.hall.watch);
        let socket = self.wire.socket().filter(|_| parks);
        if let Some(socket) = socket
            && watch.park(caller, socket, self.signals.clone()).is_err()
        {
            return Err(());
        }
        // The watch sends those home that are parked, and has done so if this is late.
        let stopped = self.hall.stop.load(Ordering::Relaxed);
        let patience = if stopped { Duration::ZERO } else { patience };
        let heard = match self.tells.recv_timeout(patience) {
            Ok(signal) => Ok(Some(signal)),
            Err(RecvTimeoutError::Timeout) if !stopped => Ok(None),
            Err(_) => Err(()),
        };
        if let Some(socket) = socket {
            watch.unpark(caller, socket);
        }
        heard
    }

    /// Waits until there is something to be read; false: the connection is to end.
    fn is_readable(&mut self, deadline: Instant) -> io::Result<bool> {
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            match self.signal(left, true) {
                Ok(Some(Signal::Readable)) => return Ok(true),
                // Output meanwhile: news, or that the server hangs up on who says nothing.
                Ok(Some(Signal::Output(told))) => {
                    self.wire.write(&told.octets, Instant::now() + HASTE)?;
                    if told.next == Next::Close {
                        return Ok(false);
                    }
                }
                Ok(None) => return Err(io::ErrorKind::TimedOut.into()),
                Err(()) => return Ok(false),
            }
        }
    }

    fn line(&mut self) -> io::Result<Option<Order>> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            match self.wire.line(LINE, Instant::now() + AT_ONCE) {
                Err(cause) if is_late(&cause) => {
                    if !self.is_readable(deadline)? {
                        return Ok(None);
                    }
                }
                read => {
                    let caller = self.caller;
                    return Ok(read?.map(|line| Order::Line { caller, line }));
                }
            }
        }
    }

    /// Waits for more octets of a message; false: the connection is to end.
    fn more(&mut self, deadline: Instant) -> io::Result<bool> {
        loop {
            match self.wire.some(Instant::now() + AT_ONCE) {
                Ok(some) => return Ok(!some.is_empty()),
                Err(cause) if is_late(&cause) => {
                    if !self.is_readable(deadline)? {
                        return Ok(false);
                    }
                }
                Err(cause) => return Err(cause),
            }
        }
    }

    /// Reads a message up to its dot; dots that the client has doubled are undone (RFC 5321 §4.5.2). Only
    /// CR LF ends a line here, so nobody smuggles the end of a message in between two bare LFs.
    fn message(&mut self) -> io::Result<Option<Order>> {
        let caller = self.caller;
        let mut octets = Vec::with_capacity(4096);
        let mut state = Dots::LineBegins;
        let deadline = Instant::now() + PATIENCE;
        loop {
            if !self.more(deadline)? {
                return Ok(None);
            }
            let some = self.wire.at_hand();
            let mut used = 0;
            let mut ended = false;
            for &octet in some {
                used += 1;
                state = state.after(octet, &mut octets);
                if state == Dots::Ended {
                    ended = true;
                    break;
                }
            }
            self.wire.consume(used);
            if ended {
                return Ok(Some(Order::Text { caller, octets, end: true }));
            }
            if octets.len() >= PART {
                let octets = std::mem::take(&mut octets);
                if self.hall.orders.send(Order::Text { caller, octets, end: false }).is_err() {
                    return Ok(None);
                }
            }
        }
    }

    fn chunk(&mut self, octets: u64) -> io::Result<Option<Order>> {
        let caller = self.caller;
        let mut left = octets;
        let deadline = Instant::now() + PATIENCE;
        loop {
            if !self.more(deadline)? {
                return Ok(None);
            }
            let some = self.wire.at_hand();
            let part = some.len().min(usize::try_from(left).unwrap_or(usize::MAX));
            let octets = some[..part].to_vec();
            self.wire.consume(part);
            left -= part as u64;
            let order = Order::Text { caller, octets, end: left == 0 };
            if left == 0 {
                return Ok(Some(order));
            }
            if self.hall.orders.send(order).is_err() {
                return Ok(None);
            }
        }
    }
}

fn is_late(cause: &io::Error) -> bool {
    matches!(cause.kind(), io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock)
}

/// Where the reading of a message stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Dots {
    /// At the beginning of a line.
    LineBegins,
    /// Behind a dot at the beginning of a line.
    Dot,
    /// Behind such a dot and a CR.
    DotReturn,
    /// Within a line.
    Within,
    /// Behind a CR.
    Return,
    /// The end was read.
    Ended,
}

impl Dots {
    /// Reads an octet and appends what of it belongs to the message.
    fn after(self, octet: u8, octets: &mut Vec<u8>) -> Self {
        let (next, taken) = match (self, octet) {
            (Self::LineBegins, b'.') => (Self::Dot, false),
            (Self::Dot, b'\r') => (Self::DotReturn, false),
            (Self::DotReturn, b'\n') => (Self::Ended, false),
            (Self::DotReturn, _) => {
                octets.push(b'\r');
                (if octet == b'\r' { Self::Return } else { Self::Within }, true)
            }
            (Self::Return, b'\n') => (Self::LineBegins, true),
            (_, b'\r') => (Self::Return, true),
            _ => (Self::Within, true),
        };
        if taken {
            octets.push(octet);
        }
        next
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> (String, bool) {
        let mut octets = Vec::new();
        let mut state = Dots::LineBegins;
        for octet in text.bytes() {
            state = state.after(octet, &mut octets);
        }
        (String::from_utf8(octets).unwrap(), state == Dots::Ended)
    }

    #[test]
    fn dots_are_undone_and_only_a_lone_one_ends() {
        let cases = [
            ("a\r\n.\r\n", "a\r\n", true),
            (".\r\n", "", true),
            ("..\r\n.\r\n", ".\r\n", true),
            ("...\r\n.\r\n", "..\r\n", true),
            (".a\r\n.\r\n", "a\r\n", true),
            ("a\n.\n", "a\n.\n", false),
            ("a\n.\r\n", "a\n.\r\n", false),
            ("a\r\n.\n", "a\r\n\n", false),
            ("a\r.\r\n.\r\n", "a\r.\r\n", true),
            (".\r\r\n.\r\n", "\r\r\n", true),
        ];
        for (text, expected, ended) in cases {
            assert_eq!(read(text), (expected.to_owned(), ended), "{text:?}");
        }
    }

    #[test]
    fn a_door_is_named_by_service_host_and_address() {
        let listen: Listen = "smtp=mx.example:127.0.0.1:2525".parse().unwrap();
        assert_eq!((listen.host.as_str(), listen.address.port()), ("mx.example", 2525));
        let listen: Listen = "imaps=mx.example:[::1]:993".parse().unwrap();
        assert!(listen.address.is_ipv6() && listen.service.secure);
        assert_eq!("pop3=mx.example:0".parse::<Listen>().unwrap().address.port(), 0);
        for wrong in ["", "smtp", "smtp=mx", "ftp=mx:21", "smtp=mx:x", "smtp=mx:127.0.0.1"] {
            assert!(wrong.parse::<Listen>().is_err(), "{wrong}");
        }
    }
}
