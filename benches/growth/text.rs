//! Scenarios put together from hosts, domains, mail and what befalls them.

use std::fmt::{Display, Write as _};

/// A scenario being written.
pub(crate) struct Text(String);

impl Text {
    /// Returns the beginning of a scenario that lasts so long.
    pub(crate) fn lasting(duration: &str) -> Self {
        Self(format!(
            "title = \"Growth\"\nquestion = \"How does it grow?\"\nseed = 1\nduration = \"{duration}\"\n"
        ))
    }

    /// Returns a day of two sites, a.example and b.example, each with a server that does everything.
    pub(crate) fn two_sites() -> Self {
        Self::lasting("1d").site("a.example", "").site("b.example", "")
    }

    /// Adds lines as they are.
    pub(crate) fn add(mut self, lines: impl Display) -> Self {
        writeln!(self.0, "{lines}").expect("writing to memory succeeds");
        self
    }

    /// Adds what `each` says of the numbers from 0 up to `count`.
    pub(crate) fn each(self, count: u64, each: impl Fn(u64) -> String) -> Self {
        (0..count).fold(self, |text, number| text.add(each(number)))
    }

    /// Adds a server with roles `submission`, `mx` and `store`, and further keys.
    pub(crate) fn host(self, name: impl Display, more: &str) -> Self {
        self.add(format!(
            "[[host]]\nname = \"{name}\"\nroles = [\"submission\", \"mx\", \"store\"]\n{more}"
        ))
    }

    /// Adds a domain whose mail goes to a host.
    pub(crate) fn domain(self, name: impl Display, host: impl Display, mailboxes: &str) -> Self {
        self.add(domain(name, host, mailboxes))
    }

    /// Adds a domain `name` with a hundred mailboxes and a server mx.`name`, which has further keys.
    pub(crate) fn site(self, name: &str, more: &str) -> Self {
        self.host(format!("mx.{name}"), more).domain(name, format!("mx.{name}"), MAILBOXES)
    }

    /// Adds mail from a.example to b.example: so many messages a day.
    pub(crate) fn flow(self, a_day: u64) -> Self {
        self.add(format!(
            "[[mail]]\nfrom = {{ domain = \"a.example\" }}\nto = [{{ domain = \"b.example\" }}]\n\
             arrivals = {{ poisson = \"{a_day}/d\" }}\nsize = \"20kB\""
        ))
    }

    /// Adds messages to addresses at times.
    pub(crate) fn mail(self, from: impl Display, to: impl Display, times: &str) -> Self {
        self.add(Self::mail_table(from, to, times))
    }

    /// Returns the table of such messages.
    pub(crate) fn mail_table(from: impl Display, to: impl Display, times: &str) -> String {
        format!("[[mail]]\nfrom = {from}\nto = {to}\n{times}\nsize = \"20kB\"")
    }

    pub(crate) fn done(self) -> String {
        self.0
    }
}

/// The usual mailboxes of a domain.
pub(crate) const MAILBOXES: &str = "{ count = 100 }";

/// Returns the table of a domain.
pub(crate) fn domain(name: impl Display, host: impl Display, mailboxes: &str) -> String {
    format!(
        "[[domain]]\nname = \"{name}\"\nmailboxes = {mailboxes}\n\
         mx = [{{ host = \"{host}\", preference = 10 }}]"
    )
}

/// Returns the table of a site as [`Text::site`] writes it.
pub(crate) fn site(number: u64) -> String {
    let name = format!("d{number}.example");
    Text(String::new()).site(&name, "").done()
}

/// Returns mail from one of `sites` to another, so many messages a day.
pub(crate) fn between_sites(number: u64, sites: u64, a_day: u64) -> String {
    let other = (number + sites / 3 + 1) % sites;
    format!(
        "[[mail]]\nfrom = {{ domain = \"d{number}.example\" }}\n\
         to = [{{ domain = \"d{other}.example\" }}]\narrivals = {{ poisson = \"{a_day}/d\" }}"
    )
}

/// Returns a list of what `each` says of the numbers from 0 up to `count`.
pub(crate) fn list(count: u64, each: impl Fn(u64) -> String) -> String {
    let items: Vec<String> = (0..count).map(each).collect();
    format!("[{}]", items.join(", "))
}

/// Returns a text as TOML has it.
pub(crate) fn quoted(text: impl Display) -> String {
    format!("\"{text}\"")
}
