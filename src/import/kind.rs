//! What a file is, told by what it holds.

use super::queue::{self, QueueFormat};

/// Kinds of files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Postfix's `main.cf`, or what `postconf` prints.
    PostfixMain,
    /// Postfix's `master.cf`.
    PostfixMaster,
    /// A flat lookup table of Postfix.
    PostfixTable,
    /// A zone file.
    Zone,
    /// A log of Postfix or Sendmail, as syslog or journald write it.
    Syslog,
    /// Exim's main log.
    EximLog,
    /// Exim's configuration, or `exim -bP`.
    EximConfiguration,
    /// Sendmail's `.mc` or `.cf`.
    SendmailConfiguration,
    /// OpenSMTPD's `smtpd.conf`.
    OpenSmtpdConfiguration,
    /// Haraka's `outbound.ini`.
    HarakaConfiguration,
    /// One of qmail's control files.
    QmailControl,
    /// A message with its header, or a mailbox (mbox).
    Message,
    /// A queue as it stands.
    Queue(QueueFormat),
}

impl Kind {
    /// Returns what people call it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::PostfixMain => "main.cf or postconf",
            Self::PostfixMaster => "master.cf",
            Self::PostfixTable => "lookup table",
            Self::Zone => "zone file",
            Self::Syslog => "mail log (syslog)",
            Self::EximLog => "Exim main log",
            Self::EximConfiguration => "Exim configuration",
            Self::SendmailConfiguration => "Sendmail configuration",
            Self::OpenSmtpdConfiguration => "OpenSMTPD configuration",
            Self::HarakaConfiguration => "Haraka configuration",
            Self::QmailControl => "qmail control file",
            Self::Message => "message or mailbox",
            Self::Queue(QueueFormat::PostqueueJson) => "queue (postqueue -j)",
            Self::Queue(QueueFormat::PostfixMailq) => "queue (postqueue -p)",
            Self::Queue(QueueFormat::SendmailMailq) => "queue (Sendmail's mailq)",
            Self::Queue(QueueFormat::EximSpool) => "queue (exim -bp)",
            Self::Queue(QueueFormat::Qshape) => "queue (qshape)",
            Self::Queue(QueueFormat::DueTimes) => "times of queue files",
        }
    }
}

/// The most lines that are looked at.
const LOOKED_AT: usize = 200;

/// Returns what a text is; none: nothing that is known.
pub(super) fn recognise(name: &str, beginning: &str) -> Option<Kind> {
    if let Some(format) = queue_format(beginning) {
        return Some(Kind::Queue(format));
    }
    if super::headers::is_message(beginning) {
        return Some(Kind::Message);
    }
    let mut votes = [0_usize; 8];
    let mut first_comment = false;
    for line in beginning.lines().take(LOOKED_AT) {
        let trimmed = line.trim();
        if trimmed.is_empty() {
            continue;
        }
        if trimmed.starts_with('#') {
            first_comment = true;
            continue;
        }
        if let Some(kind) = kind_of_line(line) {
            votes[place(kind)] += 1;
        }
    }
    if name.rsplit('/').next() == Some("outbound.ini") {
        return Some(Kind::HarakaConfiguration);
    }
    let of_opensmtpd = |line: &str| {
        let words = ["match from ", "match for ", "match auth ", "listen on ", "queue ttl "];
        words.iter().any(|begin| line.starts_with(begin)) && !line.contains(" = ")
    };
    if beginning.lines().any(of_opensmtpd) {
        return Some(Kind::OpenSmtpdConfiguration);
    }
    // A section begins in no other file, and in this one there are options like those of others.
    let sections = ["begin acl", "begin routers", "begin transports", "begin retry", "domainlist "];
    if beginning.lines().any(|line| sections.iter().any(|begin| line.trim().starts_with(begin))) {
        return Some(Kind::EximConfiguration);
    }
    let best =
        KINDS.into_iter().max_by_key(|kind| (votes[place(*kind)], std::cmp::Reverse(*kind)))?;
    let base = name.rsplit('/').next().unwrap_or_default();
    if votes[place(best)] > 0 {
        return Some(best);
    }
    match base {
        "main.cf" => Some(Kind::PostfixMain),
        "master.cf" => Some(Kind::PostfixMaster),
        _ if first_comment && beginning.trim().lines().all(|l| l.trim_start().starts_with('#')) => {
            Some(Kind::PostfixTable)
        }
        _ => None,
    }
}

/// Kinds that are told by their lines, one by one.
const KINDS: [Kind; 8] = [
    Kind::PostfixMain,
    Kind::PostfixMaster,
    Kind::PostfixTable,
    Kind::Zone,
    Kind::Syslog,
    Kind::EximLog,
    Kind::EximConfiguration,
    Kind::SendmailConfiguration,
];

fn place(kind: Kind) -> usize {
    KINDS.iter().position(|known| *known == kind).unwrap_or(0)
}

/// Returns the format of a queue's listing, told by the first line that says something.
pub(super) fn queue_format(beginning: &str) -> Option<QueueFormat> {
    let text = beginning.trim_start_matches('\u{feff}');
    let mut lines = text.lines().filter(|line| !line.trim().is_empty()).take(8);
    let first = lines.next()?;
    match first {
        line if queue::is_postqueue_json(line) => return Some(QueueFormat::PostqueueJson),
        line if queue::is_exim_spool(line) => return Some(QueueFormat::EximSpool),
        line if queue::is_qshape(line) => return Some(QueueFormat::Qshape),
        line if queue::is_due_times(line) => return Some(QueueFormat::DueTimes),
        _ => {}
    }
    // Before the head there may be a line or two of the directory and of the time.
    std::iter::once(first).chain(lines).find_map(|line| match line {
        line if queue::is_postfix_mailq(line) => Some(QueueFormat::PostfixMailq),
        line if queue::is_sendmail_mailq(line) => Some(QueueFormat::SendmailMailq),
        _ => None,
    })
}

fn kind_of_line(line: &str) -> Option<Kind> {
    let fields: Vec<&str> = line.split_whitespace().take(8).collect();
    if super::log::is_syslog(line.as_bytes()) {
        return Some(Kind::Syslog);
    }
    if super::log::is_exim(line.as_bytes()) {
        return Some(Kind::EximLog);
    }
    if line.starts_with("define(`") || line.starts_with("MAILER(") || line.starts_with("O Queue") {
        return Some(Kind::SendmailConfiguration);
    }
    let kinds = ["inet", "unix", "fifo", "pass", "unix-dgram"];
    if fields.len() == 8 && kinds.contains(&fields[1]) {
        return Some(Kind::PostfixMaster);
    }
    let upper = |word: &&str| word.to_ascii_uppercase();
    let zone_word =
        |word: &&str| ["SOA", "MX", "NS", "A", "AAAA", "TXT"].contains(&upper(word).as_str());
    if line.starts_with("$ORIGIN") || line.starts_with("$TTL") {
        return Some(Kind::Zone);
    }
    if fields.iter().take(4).any(|word| upper(word) == "IN") && fields.iter().any(zone_word) {
        return Some(Kind::Zone);
    }
    if let Some((name, _)) = line.split_once('=') {
        let name = name.trim_end();
        let letter = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
        if !name.is_empty() && name.bytes().all(letter) {
            return Some(Kind::PostfixMain);
        }
    }
    let plain = fields.len() >= 2 && !line.starts_with([' ', '\t']);
    (plain && (fields[0].contains('.') || fields[0].contains('@') || fields[0] == "*"))
        .then_some(Kind::PostfixTable)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_told_by_what_they_hold() {
        for (text, expected) in [
            ("# see postconf(5)\nmyhostname = a.example\n", Some(Kind::PostfixMain)),
            ("smtp inet n - y - - smtpd\n  -o x=y\n", Some(Kind::PostfixMaster)),
            ("$TTL 1H\n@ IN SOA a b 1 2 3 4 5\n", Some(Kind::Zone)),
            ("example.org. 600 IN MX 10 mx\n", Some(Kind::Zone)),
            ("example.org smtp:[mx.example.org]\n", Some(Kind::PostfixTable)),
            ("Nov  3 10:00:00 mx postfix/qmgr[1]: 4F: removed\n", Some(Kind::Syslog)),
            ("2026-11-23 10:00:00 1vNAbc-0001Xy-Kl <= a@b U=c\n", Some(Kind::EximLog)),
            ("primary_hostname = a\nbegin retry\n* * F,2h,15m\n", Some(Kind::EximConfiguration)),
            ("dnl\ndefine(`confMAX_HOP', `25')dnl\n", Some(Kind::SendmailConfiguration)),
            ("listen on lo0\nmatch for any action \"out\"\n", Some(Kind::OpenSmtpdConfiguration)),
            ("Received: from a by b; Tue, 24 Nov 2026 10:07:10 +0000\n\nx\n", Some(Kind::Message)),
            ("Lorem ipsum dolor\n", None),
            ("", None),
        ] {
            assert_eq!(recognise("file", text), expected, "{text}");
        }
    }
}
