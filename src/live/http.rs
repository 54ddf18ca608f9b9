//! The HTTP interface for tests: JSON on loopback.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::atomic::Ordering;
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

use serde::de::DeserializeOwned;
use serde_json::json;

use crate::serve::{HttpConnection, HttpRequest, Response, Unread};

use super::door::Hall;
use super::order::Order;
use super::question::{Filter, Question};

/// Connections answered at once; further ones are closed.
const CONNECTIONS: usize = 64;
const LOOK: Duration = Duration::from_millis(100);
/// A request is there, and an answer taken, within this.
const PATIENCE: Duration = Duration::from_secs(10);

const HELP: &str = "\
GET  /state             time, connections, counts
GET  /messages          ?brought=yes &to=… &from=… &state=delivered|failed|queued &id=…
GET  /messages/ID       the text of a message that a program has brought
GET  /log               what was said, the last 10000 lines
GET  /record            everything that came in, as a scenario
GET  /certificate       the certificate of this run's servers, in PEM
POST /advance           {\"by\": \"5min\"} or {\"to\": \"2h\"}
POST /wait              {\"until\": \"delivered\" | \"over\" | \"accepted\", \"message\": ID, \"at_most\": \"2h\"}
POST /speed             {\"speed\": 60}; 0: time stands still
POST /outage            {\"host\": \"mx.recipient.example\", \"mode\": \"refuse\", \"for\": \"1h\"}
POST /end               ends the run
";

/// A socket that listens for the interface.
#[derive(Debug)]
pub struct Interface {
    listener: TcpListener,
    /// Where it is listened.
    pub address: SocketAddr,
}

impl Interface {
    /// Listens.
    ///
    /// # Errors
    /// If the port is taken, or may not be listened on.
    pub fn open(address: SocketAddr) -> io::Result<Self> {
        let listener = TcpListener::bind(address)?;
        let address = listener.local_addr()?;
        Ok(Self { listener, address })
    }

    /// Wakes whoever waits for connections here.
    pub(super) fn wake(&self) {
        super::door::wake(self.address);
    }
}

/// Answers until the end.
pub(super) fn keep<'scope>(
    scope: &'scope thread::Scope<'scope, '_>,
    interface: &'scope Interface,
    hall: &'scope Hall,
) {
    let under_way = &hall.asking;
    while !hall.stop.load(Ordering::Relaxed) {
        let Ok((stream, _)) = interface.listener.accept() else {
            // Whoever was there is gone again, or there is no room for him: not at once again.
            thread::sleep(LOOK);
            continue;
        };
        if hall.stop.load(Ordering::Relaxed) {
            return;
        }
        if under_way.fetch_add(1, Ordering::Relaxed) >= CONNECTIONS {
            under_way.fetch_sub(1, Ordering::Relaxed);
            continue;
        }
        scope.spawn(move || {
            if let Ok(connection) = HttpConnection::new(stream, PATIENCE, &hall.stop) {
                converse(connection, hall);
            }
            under_way.fetch_sub(1, Ordering::Relaxed);
        });
    }
}

fn converse(mut connection: HttpConnection<'_>, hall: &Hall) {
    let (answered, is_read) = match HttpRequest::read(&mut connection) {
        Ok(mut request) => {
            let answered = answer(&mut request, &mut connection, hall);
            (answered, !request.is_unread())
        }
        Err(unread) => (Err(unread), false),
    };
    let response = match answered {
        Ok(response) | Err(Unread::Answer(response)) => response,
        Err(Unread::Gone) => return,
    };
    connection.allow(PATIENCE);
    if connection.write(&response.octets(false)).is_ok() {
        connection.close(is_read);
    }
}

fn refuse(status: u16, text: &str) -> Unread {
    Unread::Answer(Response::json(status, &json!({ "error": text })))
}

fn answer(
    request: &mut HttpRequest,
    connection: &mut HttpConnection<'_>,
    hall: &Hall,
) -> Result<Response, Unread> {
    // A page in a browser of this machine is kept out: it names its origin, or a host of its own.
    if request.has("origin") {
        return Err(refuse(403, "programs may ask, pages of a browser may not"));
    }
    let host = request.field("host").unwrap_or_default();
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
    if !matches!(name, "127.0.0.1" | "localhost" | "[::1]") {
        return Err(refuse(403, "this interface answers as 127.0.0.1 or localhost"));
    }
    let path = request.path.clone();
    let question = match (request.method.as_str(), path.as_str()) {
        ("GET", "/") => {
            return Ok(Response::new(200, "text/plain; charset=utf-8", HELP.to_owned()));
        }
        ("GET", "/state") => Question::State,
        ("GET", "/messages") => Question::Messages(filter(&request.query)?),
        ("GET", "/log") => Question::Log,
        ("GET", "/record") => Question::Record,
        ("GET", "/certificate") => Question::Certificate,
        ("GET", path) if path.starts_with("/messages/") => {
            Question::Content(path["/messages/".len()..].to_owned())
        }
        ("POST", "/advance") => Question::Advance(body(request, connection)?),
        ("POST", "/wait") => Question::Wait(body(request, connection)?),
        ("POST", "/speed") => Question::Speed(body(request, connection)?),
        ("POST", "/outage") => Question::Outage(body(request, connection)?),
        ("POST", "/end") => Question::End,
        (_, "/advance" | "/wait" | "/speed" | "/outage" | "/end") => {
            return Err(refuse(405, "this is asked for with POST"));
        }
        _ => return Err(refuse(404, "there is nothing here; GET / says what there is")),
    };
    ask(question, hall)
}

/// Asks the room and waits for its answer, for as long as time takes to go on.
fn ask(question: Question, hall: &Hall) -> Result<Response, Unread> {
    let (answer, answers) = channel();
    hall.orders.send(Order::Ask { question, answer }).map_err(|_| Unread::Gone)?;
    loop {
        match answers.recv_timeout(Duration::from_millis(200)) {
            Ok(response) => return Ok(response),
            Err(std::sync::mpsc::RecvTimeoutError::Disconnected) => return Err(Unread::Gone),
            Err(_) if hall.stop.load(Ordering::Relaxed) => return Err(Unread::Gone),
            Err(_) => {}
        }
    }
}

fn body<T: DeserializeOwned>(
    request: &mut HttpRequest,
    connection: &mut HttpConnection<'_>,
) -> Result<T, Unread> {
    if !request.has("content-length") && !request.has("transfer-encoding") {
        return Err(refuse(
            422,
            "what is asked stands in the body, as JSON (curl --data '...'); GET / shows how",
        ));
    }
    let octets = request.body(connection)?;
    serde_json::from_slice(&octets)
        .map_err(|error| refuse(400, &format!("the request cannot be read: {error}")))
}

fn filter(query: &str) -> Result<Filter, Unread> {
    let mut filter = Filter::default();
    for part in query.split('&').filter(|part| !part.is_empty()) {
        let (key, value) = part.split_once('=').unwrap_or((part, ""));
        let value = Some(decoded(value));
        match key {
            "id" => filter.id = value,
            "to" => filter.to = value,
            "from" => filter.from = value,
            "state" => filter.state = value,
            "brought" => filter.brought = value.as_deref() != Some("no"),
            _ => {
                let text = format!("{key} is none of id, to, from, state, brought");
                return Err(refuse(422, &text));
            }
        }
    }
    Ok(filter)
}

/// Undoes the encoding of a query (RFC 3986 §2.1). A plus stays one: addresses have them.
fn decoded(text: &str) -> String {
    let mut octets = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((&octet, after)) = rest.split_first() {
        rest = after;
        let hex = after.get(..2).filter(|_| octet == b'%');
        let hex = hex.and_then(|hex| std::str::from_utf8(hex).ok());
        match hex.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(decoded) => {
                octets.push(decoded);
                rest = &after[2..];
            }
            None => octets.push(octet),
        }
    }
    String::from_utf8_lossy(&octets).into_owned()
}

#[cfg(test)]
mod tests {
    use super::decoded;

    #[test]
    fn queries_are_decoded() {
        let cases = [("a%40b", "a@b"), ("a+b", "a+b"), ("%", "%"), ("%4", "%4"), ("%zz", "%zz")];
        for (text, expected) in cases {
            assert_eq!(decoded(text), expected);
        }
    }
}
