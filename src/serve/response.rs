//! Answers: a status, a body, and the fields that keep the page to itself.

use std::fmt::Write as _;

/// An answer.
#[derive(Debug, Clone)]
pub(crate) struct Response {
    pub(crate) status: u16,
    media_type: &'static str,
    /// Further fields of the head, each with its line end.
    fields: String,
    pub(crate) body: String,
}

impl Response {
    pub(crate) fn new(status: u16, media_type: &'static str, body: String) -> Self {
        Self { status, media_type, fields: String::new(), body }
    }

    /// Says in words why nothing else can be said.
    pub(crate) fn error(status: u16, text: &str) -> Self {
        Self::new(status, "text/plain; charset=utf-8", format!("{text}\n"))
    }

    /// Answers the page's script.
    pub(crate) fn json(status: u16, value: &serde_json::Value) -> Self {
        Self::new(status, "application/json", value.to_string())
    }

    /// Adds a field. `value` holds no line end.
    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        let value: String = value.chars().filter(|c| !c.is_control()).collect();
        // Writing to memory succeeds.
        let _ = write!(self.fields, "{name}: {value}\r\n");
        self
    }

    /// Returns the octets of the answer, without its body for HEAD.
    ///
    /// Nothing is kept by the browser, shown inside another page, taken for another type, or handed
    /// to a page of another origin.
    pub(crate) fn octets(&self, is_head: bool) -> Vec<u8> {
        let mut head = format!(
            "HTTP/1.1 {} {}\r\nContent-Type: {}\r\nContent-Length: {}\r\nConnection: close\r\n\
             Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n\
             X-Frame-Options: DENY\r\nReferrer-Policy: no-referrer\r\n\
             Cross-Origin-Resource-Policy: same-origin\r\n\
             Cross-Origin-Opener-Policy: same-origin\r\n{}",
            self.status,
            reason(self.status),
            self.media_type,
            self.body.len(),
            self.fields
        );
        if !self.fields.contains("Content-Security-Policy") {
            head.push_str(
                "Content-Security-Policy: default-src 'none'; frame-ancestors 'none'\r\n",
            );
        }
        head.push_str("\r\n");
        let mut octets = head.into_bytes();
        if !is_head {
            octets.extend_from_slice(self.body.as_bytes());
        }
        octets
    }
}

/// The words of RFC 9110 §15.
fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        400 => "Bad Request",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        408 => "Request Timeout",
        409 => "Conflict",
        411 => "Length Required",
        413 => "Content Too Large",
        415 => "Unsupported Media Type",
        422 => "Unprocessable Content",
        431 => "Request Header Fields Too Large",
        503 => "Service Unavailable",
        _ => "Internal Server Error",
    }
}

#[cfg(test)]
mod tests {
    use super::Response;

    #[test]
    fn a_field_ends_no_line() {
        let response = Response::error(404, "no").with("X-Name", "a\r\nX-Other: b");
        let text = String::from_utf8(response.octets(true)).unwrap();
        assert!(text.contains("\r\nX-Name: aX-Other: b\r\n"), "{text}");
        assert!(text.ends_with("\r\n\r\n"));
        assert!(text.contains("Content-Length: 3\r\n"), "{text}");
    }
}
