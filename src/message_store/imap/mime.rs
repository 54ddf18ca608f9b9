//! The parts of a message (RFC 2045, RFC 5322), as far as FETCH and SEARCH look at them.

use super::tokens::spelt;

/// A message, or a part of one.
#[derive(Debug, Clone)]
pub(super) struct Part<'t> {
    /// Its header with the empty line that ends it.
    pub(super) header: &'t [u8],
    /// What follows.
    pub(super) body: &'t [u8],
    parts: Vec<Part<'t>>,
    kind: (String, String),
    parameters: Vec<(String, String)>,
}

/// Parts in parts, no deeper.
const DEPTH: usize = 10;
/// Parts of one.
const MOST: usize = 200;

impl<'t> Part<'t> {
    pub(super) fn of(text: &'t [u8]) -> Self {
        Self::at(text, 0)
    }

    fn at(text: &'t [u8], depth: usize) -> Self {
        let (header, body) = halves(text);
        let value = field(header, "content-type").unwrap_or_else(|| "text/plain".to_owned());
        let mut words = value.split(';');
        let kind = words.next().unwrap_or_default().trim().to_ascii_uppercase();
        let (major, minor) = kind.split_once('/').unwrap_or(("TEXT", "PLAIN"));
        let parameters: Vec<(String, String)> = words
            .filter_map(|word| word.trim().split_once('='))
            .map(|(name, value)| {
                (name.trim().to_ascii_uppercase(), value.trim().trim_matches('"').to_owned())
            })
            .collect();
        let boundary = parameters.iter().find(|(name, _)| name == "BOUNDARY");
        let parts = match boundary {
            Some((_, boundary)) if major == "MULTIPART" && depth < DEPTH => {
                let parts = split(body, boundary);
                parts.into_iter().map(|part| Self::at(part, depth + 1)).collect()
            }
            _ => Vec::new(),
        };
        let kind = (major.to_owned(), minor.to_owned());
        Self { header, body, parts, kind, parameters }
    }

    /// Returns the part of this number, as `1.2`.
    pub(super) fn numbered(&self, numbers: &[usize]) -> Option<&Part<'t>> {
        let Some((first, rest)) = numbers.split_first() else { return Some(self) };
        if self.parts.is_empty() {
            // RFC 9051 §6.4.5.1: the only part of a message without parts is number 1.
            return (*first == 1 && rest.is_empty()).then_some(self);
        }
        self.parts.get(first.checked_sub(1)?)?.numbered(rest)
    }

    /// Returns the structure of the body (RFC 9051 §7.5.2).
    pub(super) fn structure(&self, extended: bool) -> String {
        let (major, minor) = &self.kind;
        let parameters = match self.parameters.is_empty() {
            true => "NIL".to_owned(),
            false => {
                let pairs = self.parameters.iter();
                let pairs: Vec<String> =
                    pairs.map(|(name, value)| format!("\"{name}\" {}", spelt(value))).collect();
                format!("({})", pairs.join(" "))
            }
        };
        if !self.parts.is_empty() {
            let parts: String = self.parts.iter().map(|part| part.structure(extended)).collect();
            let more = if extended { format!(" {parameters} NIL NIL NIL") } else { String::new() };
            return format!("({parts} \"{minor}\"{more})");
        }
        let of = |name: &str| field(self.header, name).map_or("NIL".to_owned(), |v| spelt(&v));
        let encoding = field(self.header, "content-transfer-encoding");
        let encoding = spelt(&encoding.unwrap_or_else(|| "7BIT".to_owned()).to_ascii_uppercase());
        let lines = match major.as_str() {
            "TEXT" => format!(" {}", self.body.iter().filter(|octet| **octet == b'\n').count()),
            _ => String::new(),
        };
        let more = if extended { " NIL NIL NIL NIL" } else { "" };
        let (id, description) = (of("content-id"), of("content-description"));
        // A message in a message would need its own structure: it is told as octets.
        let (major, minor) = match major.as_str() {
            "MESSAGE" if minor == "RFC822" => ("APPLICATION", "OCTET-STREAM"),
            "MULTIPART" => ("TEXT", "PLAIN"),
            _ => (major.as_str(), minor.as_str()),
        };
        let lines = if major == "TEXT" && lines.is_empty() { " 0".to_owned() } else { lines };
        format!(
            "(\"{major}\" \"{minor}\" {parameters} {id} {description} {encoding} {}{lines}{more})",
            self.body.len()
        )
    }
}

/// Returns header and body.
pub(super) fn halves(text: &[u8]) -> (&[u8], &[u8]) {
    let mut at = 0;
    for line in text.split_inclusive(|octet| *octet == b'\n') {
        at += line.len();
        if matches!(line, b"\r\n" | b"\n") {
            return text.split_at(at);
        }
    }
    (text, &[])
}

fn split<'t>(body: &'t [u8], boundary: &str) -> Vec<&'t [u8]> {
    let mark = format!("--{boundary}");
    let mut parts = Vec::new();
    let (mut begin, mut at) = (None, 0);
    for line in body.split_inclusive(|octet| *octet == b'\n') {
        if line.starts_with(mark.as_bytes()) {
            if let Some(begin) = begin {
                // The line end before the mark belongs to the mark (RFC 2046 §5.1.1).
                let part = &body[begin..at];
                let part = part.strip_suffix(b"\n").unwrap_or(part);
                parts.push(part.strip_suffix(b"\r").unwrap_or(part));
            }
            begin = Some(at + line.len());
            if line[mark.len()..].starts_with(b"--") || parts.len() >= MOST {
                return parts;
            }
        }
        at += line.len();
    }
    parts.extend(begin.map(|begin| &body[begin.min(body.len())..]));
    parts
}

/// Returns the fields of a header, each with its continuations and line ends.
pub(super) fn fields(header: &[u8]) -> Vec<(&str, &[u8])> {
    let mut found: Vec<(&str, &[u8])> = Vec::new();
    let (mut begin, mut at) = (0, 0);
    let mut name = "";
    for line in header.split_inclusive(|octet| *octet == b'\n') {
        if !line.starts_with(b" ") && !line.starts_with(b"\t") {
            if !name.is_empty() {
                found.push((name, &header[begin..at]));
            }
            let colon = line.iter().position(|octet| *octet == b':');
            let text = colon.and_then(|colon| std::str::from_utf8(&line[..colon]).ok());
            (name, begin) = (text.unwrap_or("").trim(), at);
        }
        at += line.len();
    }
    if !name.is_empty() {
        found.push((name, &header[begin..at]));
    }
    found
}

/// Returns the value of a field in one line.
pub(super) fn field(header: &[u8], wanted: &str) -> Option<String> {
    let all = fields(header);
    let (_, octets) = all.iter().find(|(name, _)| name.eq_ignore_ascii_case(wanted))?;
    let text = String::from_utf8_lossy(octets);
    let (_, value) = text.split_once(':')?;
    Some(value.replace(['\r', '\n'], "").trim().to_owned())
}

/// Returns the envelope: date, subject, from, sender, reply-to, to, cc, bcc, in-reply-to, message-id.
pub(super) fn envelope(header: &[u8]) -> String {
    let text = |name: &str| field(header, name).map_or("NIL".to_owned(), |value| spelt(&value));
    let from = addresses(field(header, "from"));
    let or_from = |name: &str| match addresses(field(header, name)) {
        list if list == "NIL" => from.clone(),
        list => list,
    };
    format!(
        "({} {} {from} {} {} {} {} {} {} {})",
        text("date"),
        text("subject"),
        or_from("sender"),
        or_from("reply-to"),
        addresses(field(header, "to")),
        addresses(field(header, "cc")),
        addresses(field(header, "bcc")),
        text("in-reply-to"),
        text("message-id"),
    )
}

/// Returns a list of addresses as the envelope has it.
fn addresses(value: Option<String>) -> String {
    let mut all = String::new();
    for address in value.as_deref().map(parted).unwrap_or_default() {
        let (name, path) = match address.rsplit_once('<') {
            Some((name, path)) => (name.trim().trim_matches('"'), path.trim_end_matches('>')),
            None => ("", address.as_str()),
        };
        let Some((local, domain)) = path.trim().rsplit_once('@') else { continue };
        let name = if name.is_empty() { "NIL".to_owned() } else { spelt(name) };
        all.push_str(&format!("({name} NIL {} {})", spelt(local), spelt(domain)));
    }
    if all.is_empty() { "NIL".to_owned() } else { format!("({all})") }
}

/// Parts addresses at commas outside of quotes.
fn parted(value: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut quoted = false;
    for letter in value.chars() {
        quoted ^= letter == '"';
        match letter {
            ',' if !quoted => parts.push(String::new()),
            letter => parts.last_mut().expect("there is one").push(letter),
        }
    }
    parts.into_iter().map(|part| part.trim().to_owned()).filter(|part| !part.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIXED: &[u8] = b"From: \"A, B\" <a@b.example>\r\nSubject: x\r\n\
        Content-Type: multipart/mixed; boundary=\"q\"\r\n\r\npreamble\r\n--q\r\n\r\none\r\n\
        --q\r\nContent-Type: text/html\r\n\r\n<p>\r\n--q--\r\n";

    #[test]
    fn parts_are_found_by_number() {
        let message = Part::of(MIXED);
        assert_eq!(message.numbered(&[1]).unwrap().body, b"one");
        assert_eq!(message.numbered(&[2]).unwrap().body, b"<p>");
        assert!(message.numbered(&[3]).is_none());
        assert!(message.structure(false).ends_with("\"MIXED\")"));
        let plain = Part::of(b"A: b\r\n\r\ntext\r\n");
        assert_eq!(plain.numbered(&[1]).unwrap().body, b"text\r\n");
        assert!(plain.structure(false).starts_with("(\"TEXT\" \"PLAIN\" NIL NIL NIL \"7BIT\" 6 1"));
    }

    #[test]
    fn the_envelope_names_who_writes() {
        let told = envelope(Part::of(MIXED).header);
        assert!(told.contains("((\"A, B\" NIL \"a\" \"b.example\"))"), "{told}");
    }
}
