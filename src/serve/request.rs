//! A request, read with bounds on everything.

use std::io;

use super::connection::Connection;
use super::response::Response;

/// The largest head of a request in octets.
const HEAD: usize = 16 << 10;
/// The most fields of a head.
const FIELDS: usize = 64;
/// The largest body in octets.
pub(crate) const BODY: usize = 1 << 20;

/// A request (RFC 9112).
#[derive(Debug)]
pub(crate) struct Request {
    pub(crate) method: String,
    /// The target without its query.
    pub(crate) path: String,
    /// What follows the question mark.
    pub(crate) query: String,
    fields: Vec<(String, String)>,
    /// The octets behind the head that came with it.
    begun: Vec<u8>,
    /// Whether the body was read.
    is_read: bool,
}

/// A request that gets no answer, or this one.
#[derive(Debug)]
pub(crate) enum Unread {
    /// The client is gone.
    Gone,
    /// What is wrong with it.
    Answer(Response),
}

impl Request {
    /// Reads the head of a request.
    pub(crate) fn read(connection: &mut Connection<'_>) -> Result<Self, Unread> {
        let mut octets = Vec::new();
        let mut buffer = [0; 4096];
        loop {
            if let Some(request) = parsed(&octets)? {
                return Ok(request);
            }
            if octets.len() > HEAD {
                let text = format!("The head of a request has no more than {HEAD} octets.");
                return Err(Unread::Answer(Response::error(431, &text)));
            }
            match connection.read(&mut buffer) {
                Ok(0) => return Err(Unread::Gone),
                Ok(read) => octets.extend_from_slice(&buffer[..read]),
                Err(cause) => return Err(late(&cause, octets.is_empty())),
            }
        }
    }

    /// Returns the field of this name, if it stands in the head once.
    pub(crate) fn field(&self, name: &str) -> Option<&str> {
        let mut found = self.fields.iter().filter(|(field, _)| field.eq_ignore_ascii_case(name));
        let (_, value) = found.next()?;
        found.next().is_none().then_some(value)
    }

    /// Returns whether there is a field of this name, be it more than once.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.fields.iter().any(|(field, _)| field.eq_ignore_ascii_case(name))
    }

    /// Returns whether a body follows the head that was not read.
    pub(crate) fn is_unread(&self) -> bool {
        let has_body = || self.has("transfer-encoding") || self.has("content-length");
        !self.is_read && has_body()
    }

    /// Reads the body.
    pub(crate) fn body(&mut self, connection: &mut Connection<'_>) -> Result<Vec<u8>, Unread> {
        let answer = |status, text: &str| Unread::Answer(Response::error(status, text));
        if self.has("transfer-encoding") {
            return Err(answer(411, "A body comes with its length, in Content-Length."));
        }
        let digits =
            self.field("content-length").filter(|text| text.bytes().all(|b| b.is_ascii_digit()));
        let length = digits.and_then(|text| text.parse::<u64>().ok());
        let length = length
            .ok_or_else(|| answer(411, "The length of the body is missing, or no number."))?;
        let length = usize::try_from(length).ok().filter(|length| *length <= BODY);
        let text = format!("A body has no more than {BODY} octets.");
        let length = length.ok_or_else(|| answer(413, &text))?;
        let mut body = std::mem::take(&mut self.begun);
        let mut buffer = [0; 4096];
        while body.len() < length {
            match connection.read(&mut buffer) {
                Ok(0) => return Err(Unread::Gone),
                Ok(read) => body.extend_from_slice(&buffer[..read]),
                Err(cause) => return Err(late(&cause, false)),
            }
        }
        body.truncate(length);
        self.is_read = true;
        Ok(body)
    }
}

/// Returns the request if its head is complete.
fn parsed(octets: &[u8]) -> Result<Option<Request>, Unread> {
    let mut fields = [httparse::EMPTY_HEADER; FIELDS];
    let mut head = httparse::Request::new(&mut fields);
    let length = match head.parse(octets) {
        Ok(httparse::Status::Complete(length)) => length,
        Ok(httparse::Status::Partial) => return Ok(None),
        Err(httparse::Error::TooManyHeaders) => {
            let text = format!("The head of a request has no more than {FIELDS} fields.");
            return Err(Unread::Answer(Response::error(431, &text)));
        }
        Err(error) => {
            let text = format!("This is no request of HTTP/1.1: {error}.");
            return Err(Unread::Answer(Response::error(400, &text)));
        }
    };
    let text = |octets: &[u8]| String::from_utf8_lossy(octets).trim().to_owned();
    let target = head.path.unwrap_or_default();
    Ok(Some(Request {
        method: head.method.unwrap_or_default().to_owned(),
        path: target.split('?').next().unwrap_or_default().to_owned(),
        query: target.split_once('?').map_or("", |(_, query)| query).to_owned(),
        fields: head
            .headers
            .iter()
            .map(|field| (field.name.to_owned(), text(field.value)))
            .collect(),
        begun: octets[length..].to_vec(),
        is_read: false,
    }))
}

/// A connection on which nothing was said needs no answer.
fn late(cause: &io::Error, said_nothing: bool) -> Unread {
    if cause.kind() == io::ErrorKind::TimedOut && !said_nothing {
        return Unread::Answer(Response::error(408, "The request took too long."));
    }
    Unread::Gone
}
