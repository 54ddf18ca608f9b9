//! For which failures a line of the retry section holds: a pattern of addresses, an error, senders
//! (`src/readconf.c`, `readconf_retry_error`; `src/retry.c`, `retry_find_config`; `src/match.c`,
//! `check_address`).

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use crate::mail::{DomainId, HostId, Mailbox};

use super::super::Names;

/// An item of an address list: `*`, `example.org`, `*.example.org`, `user@example.org`,
/// `*@example.org`, `*-request@example.org`. Regular expressions and look-ups are not modelled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern {
    /// The local part, which may begin with `*`; none: any.
    local: Option<String>,
    /// The domain, which may begin with `*`.
    domain: String,
}

impl FromStr for Pattern {
    type Err = String;

    /// # Errors
    /// What kind of item it is, if that is not modelled.
    fn from_str(text: &str) -> Result<Self, String> {
        let unknown = if text.starts_with('^') {
            Some("regular expressions")
        } else if text.contains(';') {
            Some("look-ups")
        } else if text.starts_with('!') || text.starts_with('+') {
            Some("negated items and named lists")
        } else {
            None
        };
        if let Some(what) = unknown {
            return Err(format!("`{text}`: {what} are not known in a retry line"));
        }
        let (local, domain) = match text.rsplit_once('@') {
            Some(("*", domain)) => (None, domain),
            Some((local, domain)) => (Some(local.to_ascii_lowercase()), domain),
            None => (None, text),
        };
        if domain.is_empty() || local.as_deref() == Some("") {
            return Err(format!("`{text}` is no item such as *, example.org or user@example.org"));
        }
        Ok(Self { local, domain: domain.to_ascii_lowercase() })
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.local {
            Some(local) => write!(f, "{local}@{}", self.domain),
            None => f.write_str(&self.domain),
        }
    }
}

impl Pattern {
    /// Returns whether it holds for everything.
    pub(super) fn is_any(&self) -> bool {
        self.local.is_none() && self.domain == "*"
    }
}

/// Returns whether `text` is `pattern`, or ends in what follows the `*` that this begins with.
fn fits(pattern: &str, text: &str) -> bool {
    match pattern.strip_prefix('*') {
        Some(ending) => text.len() >= ending.len() && text.ends_with(ending),
        None => text == pattern,
    }
}

/// The error of a retry line, by Exim's names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RetryError {
    /// `*`.
    Any,
    /// `refused`, `refused_MX`, `refused_A`: the connection was refused; `by_mx`: only by a host
    /// that an MX record named, or that none did.
    Refused {
        /// See above.
        by_mx: Option<bool>,
    },
    /// `timeout`, `timeout_MX`, `timeout_A`, `timeout_connect`, `timeout_connect_MX`,
    /// `timeout_connect_A`.
    Timeout {
        /// Only while connecting.
        connecting: bool,
        /// As with a refused connection.
        by_mx: Option<bool>,
    },
    /// `lost_connection`.
    LostConnection,
    /// `mail_4xx`, `rcpt_45x`, `data_452` …: a reply, whose last digits may be open.
    Reply {
        /// To which command; that to the dot counts with DATA.
        command: Command,
        /// The second digit and the third; none: any.
        digits: (Option<u8>, Option<u8>),
    },
    /// `lookup`: an exchanger named in the DNS does not exist. (A look-up that finds no answer has
    /// no name; only `*` is for it.)
    Lookup,
    /// `quota`, `auth_failed`, `tls_required`, which no delivery here ever meets.
    Unmet(&'static str),
}

/// The command of a 4xx reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Command {
    /// MAIL.
    Mail,
    /// RCPT.
    Rcpt,
    /// DATA, or the dot.
    Data,
}

impl Command {
    const ALL: [(Self, &str); 3] =
        [(Self::Mail, "mail_4"), (Self::Rcpt, "rcpt_4"), (Self::Data, "data_4")];

    fn word(self) -> &'static str {
        Self::ALL[self as usize].1
    }
}

/// Names that need no digits.
const ERRORS: [(&str, RetryError); 15] = [
    ("*", RetryError::Any),
    ("refused", RetryError::Refused { by_mx: None }),
    ("refused_MX", RetryError::Refused { by_mx: Some(true) }),
    ("refused_A", RetryError::Refused { by_mx: Some(false) }),
    ("timeout", RetryError::Timeout { connecting: false, by_mx: None }),
    ("timeout_MX", RetryError::Timeout { connecting: false, by_mx: Some(true) }),
    ("timeout_A", RetryError::Timeout { connecting: false, by_mx: Some(false) }),
    ("timeout_connect", RetryError::Timeout { connecting: true, by_mx: None }),
    ("timeout_connect_MX", RetryError::Timeout { connecting: true, by_mx: Some(true) }),
    ("timeout_connect_A", RetryError::Timeout { connecting: true, by_mx: Some(false) }),
    ("lost_connection", RetryError::LostConnection),
    ("lookup", RetryError::Lookup),
    ("quota", RetryError::Unmet("quota")),
    ("auth_failed", RetryError::Unmet("auth_failed")),
    ("tls_required", RetryError::Unmet("tls_required")),
];

impl FromStr for RetryError {
    type Err = String;

    /// # Errors
    /// That Exim has no such error, and which it has.
    fn from_str(text: &str) -> Result<Self, String> {
        let named = ERRORS.iter().find(|(name, _)| name.eq_ignore_ascii_case(text));
        if let Some((_, error)) = named {
            return Ok(*error);
        }
        let lower = text.to_ascii_lowercase();
        let digit = |octet: u8| match octet {
            b'x' => Some(None),
            b'0'..=b'9' => Some(Some(octet - b'0')),
            _ => None,
        };
        let reply = Command::ALL.iter().find_map(|(command, word)| {
            let [tens, ones] = *lower.strip_prefix(word)?.as_bytes() else {
                return None;
            };
            let digits = (digit(tens)?, digit(ones)?);
            // `x5` is no such pair.
            let is_pair = digits.0.is_some() || digits.1.is_none();
            is_pair.then_some(Self::Reply { command: *command, digits })
        });
        reply.ok_or_else(|| {
            format!(
                "`{text}` is no error of a retry line; there are *, refused, timeout and \
                 timeout_connect (all also with _MX or _A), lost_connection, lookup, mail_4xx, \
                 rcpt_4xx and data_4xx (also as mail_45x, mail_452), quota, auth_failed and \
                 tls_required"
            )
        })
    }
}

impl fmt::Display for RetryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Self::Reply { command, digits: (tens, ones) } = self {
            let digit =
                |digit: &Option<u8>| digit.map_or_else(|| "x".to_owned(), |d| d.to_string());
            return write!(f, "{}{}{}", command.word(), digit(tens), digit(ones));
        }
        let (name, _) = ERRORS.iter().find(|(_, error)| error == self).unwrap_or(&ERRORS[0]);
        f.write_str(name)
    }
}

/// What went wrong, as far as retry lines tell it apart; kept with each record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cause {
    /// Refused; by a host that an MX record named or not.
    Refused { by_mx: bool },
    /// Timed out.
    Timeout { connecting: bool, by_mx: bool },
    /// The server closed the connection.
    Lost,
    /// A 4yz reply.
    Reply(Command, u16),
    /// Something without a name: a refused greeting or EHLO, a look-up without answer.
    Other,
}

impl RetryError {
    /// Returns whether a line with this error is for `cause`.
    pub(super) fn is_for(self, cause: Cause) -> bool {
        let same = |wanted: Option<bool>, is: bool| wanted.is_none_or(|wanted| wanted == is);
        match (self, cause) {
            (Self::Any, _) | (Self::LostConnection, Cause::Lost) => true,
            (Self::Refused { by_mx: wanted }, Cause::Refused { by_mx }) => same(wanted, by_mx),
            (
                Self::Timeout { connecting: only, by_mx: wanted },
                Cause::Timeout { connecting, by_mx },
            ) => (connecting || !only) && same(wanted, by_mx),
            (Self::Reply { command, digits: (tens, ones) }, Cause::Reply(other, code)) => {
                let is = |wanted: Option<u8>, is: u16| wanted.is_none_or(|d| u16::from(d) == is);
                command == other && is(tens, code / 10 % 10) && is(ones, code % 10)
            }
            _ => false,
        }
    }
}

/// What a record is about, for patterns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Subject {
    /// A host, and the domain for which it was tried; either may match.
    Host(HostId, Option<DomainId>),
    /// A recipient.
    Address(Mailbox),
    /// A domain.
    Domain(DomainId),
}

/// A pattern by the numbers of the scenario.
#[derive(Debug, Clone, Default)]
pub(super) struct Matches {
    any: bool,
    hosts: BTreeSet<HostId>,
    domains: BTreeSet<DomainId>,
    mailboxes: BTreeSet<Mailbox>,
}

impl Matches {
    pub(super) fn of(pattern: &Pattern, names: &dyn Names) -> Self {
        let mut found = Self { any: pattern.is_any(), ..Self::default() };
        if found.any {
            return found;
        }
        let fits_domain = |name: &str| fits(&pattern.domain, &name.to_ascii_lowercase());
        let domains: Vec<DomainId> = names
            .domains()
            .into_iter()
            .filter(|(_, name)| fits_domain(name))
            .map(|(domain, _)| domain)
            .collect();
        match &pattern.local {
            None => {
                let hosts = names.hosts().into_iter().filter(|(_, name)| fits_domain(name));
                found.hosts = hosts.map(|(host, _)| host).collect();
                found.domains = domains.into_iter().collect();
            }
            Some(local) => {
                for domain in domains {
                    let mailboxes = names.mailboxes(domain).into_iter();
                    let fitting = mailboxes
                        .filter(|(_, name)| fits(local, &name.to_ascii_lowercase()))
                        .map(|(local, _)| Mailbox { domain, local });
                    found.mailboxes.extend(fitting);
                }
            }
        }
        found
    }

    pub(super) fn has(&self, subject: Subject) -> bool {
        self.any
            || match subject {
                Subject::Host(host, domain) => {
                    self.hosts.contains(&host)
                        || domain.is_some_and(|domain| self.domains.contains(&domain))
                }
                Subject::Address(mailbox) => {
                    self.domains.contains(&mailbox.domain) || self.mailboxes.contains(&mailbox)
                }
                Subject::Domain(domain) => self.domains.contains(&domain),
            }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_are_read_and_written_with_exims_names() {
        for name in ERRORS.iter().map(|(name, _)| *name).chain(["mail_4xx", "rcpt_45x", "data_452"])
        {
            assert_eq!(
                name.parse::<RetryError>().map(|error| error.to_string()),
                Ok(name.to_owned())
            );
        }
        for name in ["", "timeout_DNS", "rcpt_5xx", "rcpt_4x2", "rcpt_4", "bounced"] {
            assert!(name.parse::<RetryError>().is_err(), "{name}");
        }
    }

    /// The specification of Exim, "Retry rules for specific errors".
    #[test]
    fn an_error_is_for_what_its_name_says() {
        let is = |name: &str, cause| name.parse::<RetryError>().unwrap().is_for(cause);
        let full = Cause::Reply(Command::Rcpt, 452);
        assert!(is("rcpt_4xx", full) && is("rcpt_45x", full) && is("rcpt_452", full));
        assert!(!is("rcpt_451", full) && !is("rcpt_42x", full) && !is("data_4xx", full));
        let refused = Cause::Refused { by_mx: true };
        assert!(is("refused", refused) && is("refused_MX", refused) && !is("refused_A", refused));
        let silent = Cause::Timeout { connecting: true, by_mx: false };
        assert!(is("timeout", silent) && is("timeout_connect", silent) && is("timeout_A", silent));
        assert!(!is("timeout_connect_MX", silent));
        let hanging = Cause::Timeout { connecting: false, by_mx: true };
        assert!(is("timeout_MX", hanging) && !is("timeout_connect", hanging));
        assert!(is("lost_connection", Cause::Lost) && is("*", Cause::Other));
        assert!(!is("lookup", Cause::Other));
    }

    #[test]
    fn an_item_may_begin_with_a_star() {
        for (pattern, text, expected) in [
            ("*", "anything", true),
            ("*.example.org", "mx.example.org", true),
            ("*.example.org", "example.org", false),
            ("*example.org", "example.org", true),
            ("example.org", "mx.example.org", false),
        ] {
            assert_eq!(fits(pattern, text), expected, "{pattern} {text}");
        }
        for wrong in ["^x", "lsearch;/etc/x", "+list", "@example.org", "user@"] {
            assert!(wrong.parse::<Pattern>().is_err(), "{wrong}");
        }
        for text in ["*", "example.org", "*-request@example.org"] {
            assert_eq!(text.parse::<Pattern>().unwrap().to_string(), text);
        }
    }
}
