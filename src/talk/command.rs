//! SMTP command lines (RFC 5321 §4.1), read.

use crate::mail::{Reply, Status, address_literal, is_domain, split_address, split_stray_dots};
use crate::smtp::Verb;
use crate::units::Octets;

/// Longest command line with its CR LF that a server has to take (RFC 5321 §4.5.3.1.4).
const LONGEST: usize = 512;

/// A command line that was understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Command {
    /// EHLO or HELO.
    Hello(Verb),
    /// MAIL.
    Mail {
        /// The reverse path; none: the null path.
        from: Option<String>,
        /// SIZE (RFC 1870).
        size: Option<Octets>,
    },
    /// RCPT.
    Rcpt(String),
    /// BDAT.
    Bdat {
        /// Octets of the chunk.
        octets: u64,
        /// Whether it is the last.
        last: bool,
    },
    /// AUTH, with what follows.
    Auth {
        /// PLAIN rather than LOGIN.
        plain: bool,
        /// Credentials that came with the command.
        initial: Option<String>,
    },
    /// VRFY, with a name or an address.
    Vrfy(String),
    /// A command whose arguments do not matter.
    Plain(Verb),
}

/// What a server offers as far as arguments of commands depend on it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Offered {
    /// Whether EHLO was said, so that there may be parameters.
    pub(super) extended: bool,
    /// SIZE.
    pub(super) size: bool,
    /// 8BITMIME and SMTPUTF8.
    pub(super) utf8: bool,
    /// Whether addresses may have stray dots.
    pub(super) stray_dots: bool,
}

/// 500: no command.
pub(super) const UNKNOWN: Reply = Reply::new(500, Status::new(5, 5, 2));
/// 500: the line is too long.
pub(super) const TOO_LONG: Reply = Reply::new(500, Status::new(5, 5, 4));
/// 501: wrong arguments.
pub(super) const ARGUMENTS: Reply = Reply::new(501, Status::new(5, 5, 4));
/// 501: the reverse path is no path.
pub(super) const BAD_SENDER: Reply = Reply::new(501, Status::new(5, 1, 7));
/// 501: the forward path is no path.
pub(super) const BAD_RECIPIENT: Reply = Reply::new(501, Status::new(5, 1, 3));
/// 502: known, and not implemented.
pub(super) const NOT_IMPLEMENTED: Reply = Reply::new(502, Status::new(5, 5, 1));
/// 504: a mechanism that is not offered (RFC 4954 §4).
pub(super) const MECHANISM: Reply = Reply::new(504, Status::new(5, 5, 4));
/// 535: the password is wrong (RFC 4954 §6).
pub(super) const BAD_PASSWORD: Reply = Reply::new(535, Status::new(5, 7, 8));
/// 501: credentials that cannot be read (RFC 4954 §4).
pub(super) const NO_CREDENTIALS: Reply = Reply::new(501, Status::new(5, 5, 2));
/// 555: a parameter that is not offered (RFC 5321 §4.1.1.11).
pub(super) const PARAMETER: Reply = Reply::new(555, Status::new(5, 5, 4));

/// Returns the verb that stands at the beginning of a line, in capitals.
pub(super) fn verb_of(line: &str) -> String {
    line.split_whitespace().next().unwrap_or_default().to_ascii_uppercase()
}

/// Reads a command line.
///
/// # Errors
/// The reply that a server gives to a line that is no command, or has wrong arguments.
pub(super) fn read(line: &str, offered: Offered) -> Result<Command, Reply> {
    if line.len() + 2 > LONGEST {
        return Err(TOO_LONG);
    }
    let (_, arguments) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
    let arguments = arguments.trim();
    let alone = |verb| if arguments.is_empty() { Ok(Command::Plain(verb)) } else { Err(ARGUMENTS) };
    match verb_of(line).as_str() {
        "EHLO" => hello(Verb::Ehlo, arguments),
        "HELO" => hello(Verb::Helo, arguments),
        "MAIL" => mail(arguments, offered),
        "RCPT" => recipient(arguments, offered),
        "DATA" => alone(Verb::Data),
        "BDAT" => chunk(arguments),
        "RSET" => alone(Verb::Rset),
        "QUIT" => alone(Verb::Quit),
        "STARTTLS" => alone(Verb::StartTls),
        "VRFY" if arguments.is_empty() => Err(ARGUMENTS),
        "EXPN" if arguments.is_empty() => Err(ARGUMENTS),
        "VRFY" => Ok(Command::Vrfy(arguments.trim_matches(['<', '>']).to_owned())),
        "EXPN" => Ok(Command::Plain(Verb::Expn)),
        "HELP" => Ok(Command::Plain(Verb::Help)),
        "NOOP" => Ok(Command::Plain(Verb::Noop)),
        "AUTH" => auth(arguments),
        // RFC 5321 appendix F: commands of old.
        "SEND" | "SOML" | "SAML" | "TURN" | "ETRN" => Err(NOT_IMPLEMENTED),
        _ => Err(UNKNOWN),
    }
}

fn hello(verb: Verb, name: &str) -> Result<Command, Reply> {
    if is_domain(name) || address_literal(name).is_some() {
        Ok(Command::Hello(verb))
    } else {
        Err(ARGUMENTS)
    }
}

/// Returns what stands in angle brackets behind `keyword`, and what follows it.
fn path<'a>(arguments: &'a str, keyword: &str) -> Option<(&'a str, &'a str)> {
    let begin = arguments.get(..keyword.len())?;
    if !begin.eq_ignore_ascii_case(keyword) {
        return None;
    }
    // RFC 5321 §3.3 allows no blank after the colon; servers do.
    let rest = arguments[keyword.len()..].trim_start().strip_prefix('<')?;
    let end = rest.find('>')?;
    Some((&rest[..end], rest[end + 1..].trim()))
}

fn is_address(text: &str, offered: Offered) -> bool {
    split_address(text).is_some() || offered.stray_dots && split_stray_dots(text).is_some()
}

fn mail(arguments: &str, offered: Offered) -> Result<Command, Reply> {
    let (from, parameters) = path(arguments, "FROM:").ok_or(ARGUMENTS)?;
    if !from.is_empty() && !is_address(from, offered) {
        return Err(BAD_SENDER);
    }
    let mut size = None;
    for parameter in parameters.split_whitespace() {
        let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
        match name.to_ascii_uppercase().as_str() {
            "SIZE" if offered.extended && offered.size => {
                size = Some(Octets(value.parse().map_err(|_| ARGUMENTS)?));
            }
            "BODY" if offered.extended && offered.utf8 => {
                let known = ["7BIT", "8BITMIME"].iter().any(|k| value.eq_ignore_ascii_case(k));
                if !known {
                    return Err(ARGUMENTS);
                }
            }
            "SMTPUTF8" if offered.extended && offered.utf8 => {}
            _ => return Err(PARAMETER),
        }
    }
    Ok(Command::Mail { from: (!from.is_empty()).then(|| from.to_owned()), size })
}

fn recipient(arguments: &str, offered: Offered) -> Result<Command, Reply> {
    let (to, parameters) = path(arguments, "TO:").ok_or(ARGUMENTS)?;
    let postmaster = to.eq_ignore_ascii_case(crate::scenario::POSTMASTER);
    if !postmaster && !is_address(to, offered) {
        return Err(BAD_RECIPIENT);
    }
    if parameters.is_empty() { Ok(Command::Rcpt(to.to_owned())) } else { Err(PARAMETER) }
}

fn chunk(arguments: &str) -> Result<Command, Reply> {
    let mut words = arguments.split_whitespace();
    let octets = words.next().and_then(|word| word.parse().ok()).ok_or(ARGUMENTS)?;
    let last = match words.next() {
        None => false,
        Some(word) if word.eq_ignore_ascii_case("LAST") => true,
        Some(_) => return Err(ARGUMENTS),
    };
    if words.next().is_some() { Err(ARGUMENTS) } else { Ok(Command::Bdat { octets, last }) }
}

fn auth(arguments: &str) -> Result<Command, Reply> {
    let mut words = arguments.split_whitespace();
    let mechanism = words.next().ok_or(ARGUMENTS)?.to_ascii_uppercase();
    let initial = words.next().map(str::to_owned);
    match mechanism.as_str() {
        "PLAIN" => Ok(Command::Auth { plain: true, initial }),
        "LOGIN" => Ok(Command::Auth { plain: false, initial }),
        _ => Err(MECHANISM),
    }
}
