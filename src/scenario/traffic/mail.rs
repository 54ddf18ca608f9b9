//! `[[mail]]`: who writes to whom, when, how large, and through which server.

use super::correspondents::{MOST_RECIPIENTS, address, correspondents, mistyped_address};
use super::keys::NOTIFY;
use super::replay::read_replay;
use crate::fault::Interval;
use crate::mail::{DomainId, HostId};
use crate::random::Distribution;
use crate::scenario::domain::domains::{DomainDraft, Domains};
use crate::scenario::host::hosts::{HostEntry, Hosts};
use crate::scenario::text::csv_file::ReadFile;
use crate::scenario::text::limits;
use crate::scenario::text::names::listed;
use crate::scenario::text::problem::ProblemKind;
use crate::scenario::text::reader::{Field, Remark, Section};
use crate::scenario::text::shape::Shape;
use crate::scenario::text::tree::Value;
use crate::scenario::top::text;
use crate::units::{SimDuration, SimTime};
use crate::workload::{
    Arrivals, Correspondents, Encoding, MailEntry, NoticeWishes, RecipientChoice, Replayed, Rule,
    Sizes, SubmissionSettings,
};

/// Share of octets that quoted-printable escapes when the entry says nothing: of the text of a
/// textbook.
const DEFAULT_ESCAPED: f64 = 0.1;
/// Size of a message when the entry says nothing \[octets\].
const DEFAULT_SIZE: f64 = 10_000.0;
/// How long a message waits in the outbox when the entry says nothing.
const DEFAULT_RETRY: SimDuration = SimDuration::from_minutes(5);

/// Reads one `[[mail]]` entry of a run of this length.
pub(crate) fn read_mail(
    section: &Section<'_>,
    hosts: &Hosts<'_>,
    domains: &mut Domains<'_>,
    duration: SimDuration,
    read_file: &ReadFile<'_>,
) -> Option<MailEntry> {
    section.one_of(&["at", "arrivals"]);
    let window = window(section, duration);
    let replay = replayed(section, domains, read_file);
    let is_replay = replay.is_some();
    let arrivals = match &replay {
        Some(_) => Some(Arrivals::Replay),
        None => arrivals(section, window),
    };
    let from = match section.field("from") {
        Some(field) => correspondents(&field, domains),
        None => replay_sender(replay.as_deref()),
    };
    if from.is_none() && !section.has("from") && !is_replay {
        missing(section, "from", "the sender", "from = \"alice@sender.example\"");
    }
    let mut to = recipients(section, "to", domains);
    to.extend(mistyped(section, domains));
    let cc = recipients(section, "cc", domains);
    let bcc = recipients(section, "bcc", domains);
    let (in_cc, blind) = (cc.len(), bcc.len());
    to.extend(cc.into_iter().chain(bcc));
    let names_some = ["to", "cc", "bcc", "to_as_typed"].iter().any(|key| section.has(key));
    if to.is_empty() && !names_some && !is_replay {
        missing(section, "to", "the recipients", "to = [\"bob@recipient.example\"]");
    }
    let size = sizes(section);
    let limit = section.field("count").and_then(|field| field.count());
    if let (Some(limit), Some(Arrivals::At(times))) = (limit, &arrivals)
        && limit > times.len() as u64
    {
        idle_count(section, limit, times.len());
    }
    let received_fields =
        section.field("received_fields").and_then(|field| field.count32()).unwrap_or(0);
    let submit = section.field("submit").and_then(|field| field.section());
    let from = from?;
    let senders = from.domains();
    let submission = submission(section, submit.as_ref(), hosts, domains, &senders)?;
    Some(MailEntry {
        name: text(section, "name").unwrap_or_default(),
        from,
        to,
        cc: in_cc,
        bcc: blind,
        arrivals: arrivals?,
        size,
        window,
        limit,
        submission,
        received_fields,
        notices: notices(section),
        replay: replay.unwrap_or_default(),
        waiting: Vec::new(),
        author: section.field("author").and_then(|field| address(&field, domains)),
        score: section.field("score").and_then(|field| field.distribution()),
        unwanted_share: section.field("unwanted").and_then(|field| share(&field)).unwrap_or(0.0),
    })
}

/// Warns of a `count` that was meant to make messages, and only limits them.
fn idle_count(section: &Section<'_>, limit: u64, sent: usize) {
    let number = if sent == 1 { "one message".to_owned() } else { format!("{sent} messages") };
    let remark = Remark::new(format!(
        "`count` is no more than a limit: this entry sends {number}, one at each time of `at`"
    ))
    .help(format!(
        "for {limit} at once write arrivals = {{ burst = {limit}, every = \"1d\" }} with `start` for \
         `at`; for some a minute arrivals = {{ poisson = \"10/min\" }}"
    ))
    .named("idle-count");
    section.warn_at("count", remark);
}

/// Reads a share from 0 to 1.
pub(crate) fn share(field: &Field<'_>) -> Option<f64> {
    let number = field.number()?;
    if (0.0..=1.0).contains(&number) {
        return Some(number);
    }
    let remark = Remark::new(format!("found {}", field.found()))
        .accepted("a share from 0 to 1")
        .help("write 0.02 for two in a hundred");
    field.error(ProblemKind::BadValue, remark);
    None
}

/// Reads what the author asks to be told.
fn notices(section: &Section<'_>) -> NoticeWishes {
    let mut wishes = NoticeWishes::default();
    if let Some(field) = section.field("notify") {
        let items = if field.is_text() {
            field.shaped(Shape::Word(&["never"])).word();
            Vec::new()
        } else {
            field.one_or_many(Shape::Word(NOTIFY))
        };
        let words: Vec<&str> = items.iter().filter_map(Field::word).collect();
        (wishes.failure, wishes.delay) = (words.contains(&"failure"), words.contains(&"delay"));
    }
    let returns = section.field("returns");
    wishes.headers_only = returns.as_ref().and_then(Field::word) == Some("headers");
    wishes
}

fn missing(section: &Section<'_>, key: &str, what: &str, example: &str) {
    let remark = Remark::new(format!("a mail entry lacks the key `{key}`"))
        .accepted(format!("{what}: an address, a list, or {{ domain = … }}"))
        .help(format!("add {example}"));
    section.error(ProblemKind::Missing, remark);
}

/// The sender of an empty replay is nobody's: there is no entry then.
fn replay_sender(replay: Option<&[Replayed]>) -> Option<Correspondents> {
    replay?.first().map(|message| Correspondents::One(message.from))
}

fn replayed(
    section: &Section<'_>,
    domains: &mut Domains<'_>,
    read_file: &ReadFile<'_>,
) -> Option<Vec<Replayed>> {
    let field = section.field("arrivals").filter(Field::is_table)?;
    let Value::Table(table) = &field.node.value else {
        return None;
    };
    table.get("replay")?;
    let arrivals = field.section()?;
    arrivals.one_of(&["replay", "poisson", "every", "burst"]);
    let file = arrivals.field("replay")?;
    Some(read_replay(&file, domains, read_file))
}

/// Reads the recipients of one field.
fn recipients(section: &Section<'_>, key: &str, domains: &mut Domains<'_>) -> RecipientChoice {
    let Some(field) = section.field(key) else {
        return Vec::new();
    };
    let items = field.one_or_many(Shape::Text);
    if items.is_empty() {
        let remark = Remark::new("found an empty list: the message would go to nobody")
            .accepted("one or more recipients")
            .help("write [\"bob@recipient.example\"]");
        field.error(ProblemKind::BadValue, remark);
    }
    if items.len() > MOST_RECIPIENTS {
        let remark = Remark::new(format!("found {} recipients", items.len()))
            .accepted(format!("at most {MOST_RECIPIENTS}"))
            .help("make several entries of it");
        field.error(ProblemKind::BadValue, remark);
        return Vec::new();
    }
    items.iter().filter_map(|item| correspondents(item, domains)).collect()
}

/// Reads recipients that are wrong in syntax.
fn mistyped(section: &Section<'_>, domains: &mut Domains<'_>) -> RecipientChoice {
    let items = section.field("to_as_typed").map(|field| field.one_or_many(Shape::Text));
    let items = items.unwrap_or_default();
    items.iter().filter_map(|item| mistyped_address(item, domains)).collect()
}

/// Reads `start`, `end` and `for`: no message outside of this.
fn window(section: &Section<'_>, duration: SimDuration) -> Interval {
    section.one_of(&["end", "for"]);
    let time = |key: &str| section.field(key).and_then(|field| field.time());
    let from = time("start").unwrap_or(SimTime::ZERO);
    let length = section.field("for").and_then(|field| field.duration());
    let to = time("end").or(length.map(|length| from + length));
    let to = to.unwrap_or(SimTime::ZERO + duration);
    if to <= from && (section.has("end") || section.has("for")) {
        let remark = Remark::new("the entry ends before it starts")
            .accepted("an end after `start`")
            .help("make `start` earlier or `end` later");
        let key = if section.has("end") { "end" } else { "for" };
        section.error_at(key, ProblemKind::Contradiction, remark);
    }
    Interval { from, to }
}

fn arrivals(section: &Section<'_>, window: Interval) -> Option<Arrivals> {
    if let Some(field) = section.field("at") {
        let mut times: Vec<SimTime> =
            field.one_or_many(Shape::Duration).iter().filter_map(Field::time).collect();
        times.sort_unstable();
        return Some(Arrivals::At(times));
    }
    let Some(field) = section.field("arrivals") else {
        return Some(Arrivals::At(vec![window.from]));
    };
    let table = field.section()?;
    let rule = table.one_of(&["poisson", "burst"]);
    if rule == Some("poisson") {
        table.one_of(&["poisson", "every"]);
    }
    let length = window.to.since(window.from).as_secs_f64();
    if table.has("profile") && rule != Some("poisson") {
        let remark = Remark::new("`profile` shapes the hours of a Poisson process only")
            .accepted("`profile` together with `poisson`")
            .help("write poisson = \"30/h\", or remove `profile`");
        table.error_at("profile", ProblemKind::Contradiction, remark);
    }
    match rule {
        Some("poisson") => {
            let field = table.field("poisson")?;
            let rate = field.event_rate();
            let profile = table.field("profile").map(|field| profile(&field));
            let rate = rate?;
            check_number(section, &field, rate.per_second_f64() * length);
            let profile = match profile {
                None => None,
                Some(profile) => Some(profile?),
            };
            Some(Arrivals::Poisson { rate, profile })
        }
        Some(_) => {
            let field = table.field("burst")?;
            let count = field.count();
            let interval = table.field("every").map(|field| field.positive_duration());
            let interval = match interval {
                None => None,
                Some(interval) => Some(interval?),
            };
            let bursts = interval.map_or(1.0, |interval| (length / interval.as_secs_f64()).ceil());
            check_number(section, &field, count? as f64 * bursts);
            Some(Arrivals::Bursts { count: count?, interval })
        }
        None => {
            let Some(field) = table.field("every") else {
                let remark = Remark::new("`arrivals` does not say when")
                    .accepted("`poisson`, `every`, `burst` or `replay`")
                    .help("write arrivals = { poisson = \"30/h\" }");
                table.error(ProblemKind::Missing, remark);
                return None;
            };
            let interval = field.positive_duration()?;
            check_number(section, &field, length / interval.as_secs_f64());
            Some(Arrivals::Every { interval })
        }
    }
}

/// Refuses an entry that would yield an absurd number of messages.
fn check_number(section: &Section<'_>, field: &Field<'_>, expected: f64) {
    let limited = section.field("count").is_some_and(|count| {
        matches!(count.node.value, Value::Integer(n) if n >= 0 && n as u64 <= limits::MESSAGES)
    });
    if expected > limits::MESSAGES as f64 && !limited {
        let remark = Remark::new(format!("this makes about {expected:.0} messages"))
            .accepted(format!("at most {} messages an entry", limits::MESSAGES))
            .help("lower the rate, shorten the window or limit the entry by `count`");
        field.error(ProblemKind::BadValue, remark);
    }
}

/// Reads how busy each hour of the day is.
fn profile(field: &Field<'_>) -> Option<[f64; 24]> {
    let items = field.list();
    let numbers: Vec<f64> = items.iter().filter_map(Field::number).collect();
    let hours: Option<[f64; 24]> = numbers.clone().try_into().ok();
    let fits = hours.filter(|hours| {
        hours.iter().all(|hour| *hour >= 0.0) && hours.iter().any(|hour| *hour > 0.0)
    });
    if fits.is_none() && numbers.len() == items.len() && field.is_list() {
        let remark = Remark::new(format!("found {} numbers", numbers.len()))
            .accepted("24 numbers, zero or above, not all zero: one for each hour from midnight")
            .help("write one number for each hour of the day");
        field.error(ProblemKind::BadValue, remark);
    }
    fits
}

fn sizes(section: &Section<'_>) -> Sizes {
    let read = |key: &str| {
        let field = section.field(key)?;
        let distribution = field.distribution()?;
        // The median stands for heavy tails, which have no mean.
        let typical = distribution.quantile(0.5);
        if typical > limits::MESSAGE_OCTETS as f64 {
            let remark = Remark::new("this makes messages of an absurd size")
                .accepted(format!("at most {} octets (1 TiB)", limits::MESSAGE_OCTETS))
                .help("check the unit: kB is 1000 octets, MB a million");
            field.error(ProblemKind::BadValue, remark);
        }
        Some(distribution)
    };
    Sizes {
        text: read("size").unwrap_or(Distribution::Constant(DEFAULT_SIZE)),
        attachment: read("attachments"),
        encoding: encoding(section),
    }
}

/// Reads `encoding`, `escaped` and `line_length`.
fn encoding(section: &Section<'_>) -> Encoding {
    let word = section.field("encoding").and_then(|field| field.word()).unwrap_or("base64");
    let line = section.field("line_length").and_then(|field| field.count());
    let escaped = section.field("escaped").and_then(|field| share(&field));
    if section.has("escaped") && word != "quoted_printable" {
        let remark = Remark::new(format!("{word} makes no difference between octets"))
            .accepted("`escaped` with encoding = \"quoted_printable\"")
            .help("remove `escaped`, or write encoding = \"quoted_printable\"");
        section.error_at("escaped", ProblemKind::Contradiction, remark);
    }
    let rule = match word {
        "base64" => Rule::Base64,
        "quoted_printable" => {
            let escaped = escaped.unwrap_or(DEFAULT_ESCAPED);
            Rule::QuotedPrintable { escaped }
        }
        _ => Rule::Identity,
    };
    let line = match line {
        Some(0) => None,
        Some(1) => {
            let remark = Remark::new("a line of one character has no room for a break")
                .accepted("0 (no line ends), or 2 and more")
                .help("write line_length = 76, the most that RFC 2045 allows");
            section.error_at("line_length", ProblemKind::BadValue, remark);
            None
        }
        line => Some(line.unwrap_or(Encoding::LINE)),
    };
    Encoding { rule, line }
}

fn submission(
    section: &Section<'_>,
    submit: Option<&Section<'_>>,
    hosts: &Hosts<'_>,
    domains: &Domains<'_>,
    senders: &[DomainId],
) -> Option<SubmissionSettings> {
    let field = |key: &str| submit.and_then(|submit| submit.field(key));
    let client = field("client").map(|field| hosts.one_of(&field));
    let mut further_servers = Vec::new();
    let server = match field("server") {
        Some(field) => {
            let named = named_servers(&field, hosts);
            further_servers = named.get(1..).map(<[HostId]>::to_vec).unwrap_or_default();
            named.first().copied()
        }
        None => {
            let server = default_server(section, hosts, domains, *senders.first()?);
            warn_of_other_servers(section, hosts, domains, senders, server);
            server
        }
    };
    let port = field("port").and_then(|field| port(&field));
    let retry = match field("retry") {
        Some(field) if matches!(&field.node.value, Value::Text(text) if text == "never") => None,
        Some(field) => Some(field.shaped(Shape::Duration).positive_duration()?),
        None => Some(DEFAULT_RETRY),
    };
    let server = server?;
    let submission_host = hosts.entry(server).roles.submission;
    Some(SubmissionSettings {
        client: match client {
            Some(client) => Some(client?),
            None => None,
        },
        server,
        further_servers,
        port: port.unwrap_or(if submission_host { 587 } else { 25 }),
        messages_per_session: field("messages_per_session")
            .and_then(|field| field.count32())
            .unwrap_or(1),
        parallel_sessions: field("parallel_sessions").and_then(|f| f.count32()).unwrap_or(1),
        outbox_retry: retry,
        declares_size: field("declares_size").and_then(|field| field.flag()).unwrap_or(true),
        authenticates: field("authenticates").and_then(|field| field.flag()).unwrap_or(true),
        verifies: field("verifies").and_then(|field| field.flag()).unwrap_or(false),
    })
}

/// Reads the servers that a mail program tries, in order.
fn named_servers(field: &Field<'_>, hosts: &Hosts<'_>) -> Vec<HostId> {
    let items = field.one_or_many(Shape::Text);
    if items.is_empty() {
        let remark = Remark::new("found an empty list: nobody takes the mail")
            .accepted("one or more hosts")
            .help("name the servers in the order in which they are tried");
        field.error(ProblemKind::BadValue, remark);
    }
    let found: Vec<Option<HostId>> = items.iter().map(|item| hosts.one_of(item)).collect();
    // A name that is not known has been reported; the others must not take its place.
    found.into_iter().collect::<Option<Vec<HostId>>>().unwrap_or_default()
}

/// Returns the settings of an entry whose mail is in a server's queue already.
pub(crate) fn submission_of_queue(host: HostId) -> SubmissionSettings {
    SubmissionSettings {
        client: Some(host),
        server: host,
        further_servers: Vec::new(),
        port: 25,
        messages_per_session: 1,
        parallel_sessions: 1,
        outbox_retry: None,
        declares_size: true,
        authenticates: false,
        verifies: false,
    }
}

fn port(field: &Field<'_>) -> Option<u16> {
    match field.node.value {
        Value::Integer(port @ (25 | 443 | 465 | 587)) => u16::try_from(port).ok(),
        Value::Integer(_) => {
            let remark = Remark::new(format!("found {}", field.found()))
                .accepted(
                    "587 (STARTTLS and AUTH), 465 (implicit TLS and AUTH), 25 (neither), or 443 \
                     (the server's web page)",
                )
                .help("write 587");
            field.error(ProblemKind::BadValue, remark);
            None
        }
        _ => {
            field.wrong_type();
            None
        }
    }
}

/// The most senders' domains that are looked at, besides the last one.
const MOST_LOOKED_AT: usize = 1000;

/// Warns of senders whose own server is not the one that takes the entry's mail.
fn warn_of_other_servers(
    section: &Section<'_>,
    hosts: &Hosts<'_>,
    domains: &Domains<'_>,
    senders: &[DomainId],
    server: Option<HostId>,
) {
    let Some(server) = server else { return };
    let elsewhere = |sender: &&DomainId| {
        own_server(hosts, domains.get(**sender)).is_some_and(|own| own != server)
    };
    // Members of a population are alike: the first and the last tell it.
    let looked_at = [senders.first(), senders.last()].into_iter().flatten();
    let few = senders.iter().take(MOST_LOOKED_AT).chain(looked_at);
    let Some(other) = few.into_iter().find(elsewhere) else { return };
    let remark = Remark::new(format!(
        "all mail of this entry is submitted at {}, that of {} too, which has a server of its own",
        hosts.names[server.index()],
        domains.get(*other).name
    ))
    .help("write a [[mail]] entry for the senders of each server, or name one server in `submit`");
    section.warn_at("from", remark.named("other-server"));
}

/// Returns the server that takes the mail of senders of this domain: a submission host that is
/// its exchanger or store, else one that bears the domain's name, else its best exchanger. Mail never
/// leaves through the server of somebody else unless the entry says so.
fn own_server(hosts: &Hosts<'_>, draft: &DomainDraft<'_>) -> Option<HostId> {
    let mut exchangers: Vec<(u16, HostId)> = draft.exchanger_hosts().collect();
    exchangers.sort_unstable();
    let own = exchangers.iter().map(|(_, host)| *host).chain(draft.store);
    let takes = |host: &HostId| hosts.entry(*host).roles.submission;
    if let Some(host) = own.clone().find(takes) {
        return Some(host);
    }
    let mut submission = hosts.entries.iter().filter(|entry| entry.roles.submission);
    let of_domain = |entry: &&HostEntry<'_>| {
        shares_name(&hosts.names[entry.members.start as usize], &draft.name)
    };
    if let Some(entry) = submission.find(of_domain) {
        return Some(HostId(entry.members.start));
    }
    own.into_iter().next()
}

/// Returns the server of the first sender's domain; reports if there is none.
fn default_server(
    section: &Section<'_>,
    hosts: &Hosts<'_>,
    domains: &Domains<'_>,
    sender: DomainId,
) -> Option<HostId> {
    let draft = domains.get(sender);
    let best = own_server(hosts, draft);
    if best.is_none() && hosts.len() > 0 {
        let names = hosts.entries.iter().filter(|entry| entry.roles.submission);
        let names: Vec<&str> =
            names.map(|entry| hosts.names[entry.members.start as usize].as_str()).collect();
        let remark = Remark::new(format!("no server takes mail from {}", draft.name))
            .accepted(if names.is_empty() {
                "a host with the role \"submission\"".to_owned()
            } else {
                format!("one of {}", listed(names))
            })
            .help("write submit = { server = \"smtp.sender.example\" }");
        let key = if section.has("from") { "from" } else { "submit" };
        section.error_at(key, ProblemKind::Missing, remark);
    }
    best
}

/// Returns whether a host bears the name of a domain: it stands below the domain
/// (`smtp.sender.example`), or both stand below one name of two labels or more (for
/// `news.sender.example` too).
fn shares_name(host: &str, domain: &str) -> bool {
    let stands_below = |name: &str, parent: &str| {
        name.strip_suffix(parent).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    };
    let of_parent =
        |(_, parent): (&str, &str)| parent.contains('.') && stands_below(domain, parent);
    stands_below(host, domain) || host.split_once('.').is_some_and(of_parent)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_bears_the_name_of_its_own_organization_only() {
        assert!(shares_name("smtp.sender.example", "sender.example"));
        assert!(shares_name("smtp.sender.example", "news.sender.example"));
        assert!(shares_name("spam.example", "spam.example"));
        assert!(!shares_name("spam.example", "sender.example"), "all end in \"example\"");
        assert!(!shares_name("smtp.nsender.example", "sender.example"));
        assert!(!shares_name("smtp.sender.example", "nsender.example"));
    }
}
