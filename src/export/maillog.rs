//! Logs as Postfix writes them, one file a host; hosts that run Exim write Exim's main log. Servers of
//! other families are given Postfix's form, with their own name as that of the instance.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::queues::{Leg, Stay, stays};
use super::stamp::moment;
use super::tables::{Attempt, Run};
use super::{ExportOptions, ExportedFile, exim_log};

/// A line with its moment; `rank` orders lines of one moment.
pub(super) struct Line {
    pub(super) at: i64,
    pub(super) rank: u8,
    pub(super) text: String,
}

/// Queue ids by host, message and recipient.
pub(super) type Ids<'r> = BTreeMap<(&'r str, &'r str, &'r str), String>;

/// Returns the logs.
pub(super) fn files(
    run: &Run,
    options: &ExportOptions,
    wanted: &dyn Fn(&str) -> bool,
) -> Vec<ExportedFile> {
    let stays = stays(run);
    let mut ids: Ids<'_> = BTreeMap::new();
    let is_exim = |host: &str| run.hosts.get(host).is_some_and(|told| told.profile == "exim");
    for stay in &stays {
        let id = if is_exim(stay.host) { exim_log::id(stay) } else { stay.queue_id.clone() };
        for leg in &stay.recipients {
            ids.insert((stay.host, &stay.message.id, &leg.told.recipient), id.clone());
        }
    }
    let mut by_host: BTreeMap<&str, Vec<Line>> = BTreeMap::new();
    for stay in stays.iter().filter(|stay| wanted(stay.host)) {
        let lines = by_host.entry(stay.host).or_default();
        match is_exim(stay.host) {
            true => exim_log::lines(run, stay, &ids, lines),
            false => Postfix { run, ids: &ids }.lines(stay, lines),
        }
    }
    let file = |(host, mut lines): (&str, Vec<Line>)| {
        lines.sort_by_key(|line| (line.at, line.rank));
        let exim = is_exim(host);
        let mut contents = String::new();
        for line in lines {
            let when = moment(options.start, line.at);
            if exim {
                when.exim(&mut contents);
                let _ = writeln!(contents, " {}", line.text);
            } else {
                when.traditional(&mut contents);
                let _ = writeln!(contents, " {host} {}/{}", instance(run, host), line.text);
            }
        }
        ExportedFile { name: format!("{host}.log"), contents: contents.into_bytes() }
    };
    by_host.into_iter().map(file).collect()
}

/// `postfix`, or what other server stands behind lines of its form.
fn instance(run: &Run, host: &str) -> String {
    let profile = run.hosts.get(host).map_or("postfix", |told| told.profile.as_str());
    let profile = if profile.is_empty() { "postfix" } else { profile };
    profile.replace(' ', "-")
}

struct Postfix<'r> {
    run: &'r Run,
    ids: &'r Ids<'r>,
}

impl Postfix<'_> {
    fn lines(&self, stay: &Stay<'_>, lines: &mut Vec<Line>) {
        let (id, message, at) = (&stay.queue_id, stay.message, stay.arrived);
        let mut say = |at: i64, rank: u8, text: String| lines.push(Line { at, rank, text });
        match stay.client {
            Some(client) => {
                let address = self.run.address(client);
                say(at, 1, format!("smtpd[100]: {id}: client={client}[{address}]"));
            }
            None if message.kind.ends_with("notice") => {
                let key = (stay.host, message.about.as_str());
                let about = self.ids.range((key.0, key.1, "")..).next();
                let about = about.filter(|(k, _)| (k.0, k.1) == key).map(|(_, id)| id.as_str());
                let kind = match message.kind.as_str() {
                    "delay_notice" => "sender delay notification",
                    _ => "sender non-delivery notification",
                };
                if let Some(about) = about {
                    say(at, 1, format!("bounce[104]: {about}: {kind}: {id}"));
                }
            }
            None => say(at, 1, format!("pickup[105]: {id}: uid=0 from=<{}>", message.sender)),
        }
        let name = message.id.replace([' ', '>'], "-");
        say(at, 2, format!("cleanup[101]: {id}: message-id=<{name}@{}>", stay.host));
        let (size, count) = (message.size, stay.recipients.len());
        let from = format!(
            "qmgr[102]: {id}: from=<{}>, size={size}, nrcpt={count} (queue active)",
            message.sender
        );
        say(at, 3, from.clone());
        let mut taken: Vec<i64> = Vec::new();
        for leg in &stay.recipients {
            self.leg(stay, leg, &mut taken, &mut say);
        }
        taken.sort_unstable();
        taken.dedup();
        // The first time is the arrival's own line.
        for again in taken.into_iter().skip(1) {
            say(again, 4, from.clone());
        }
        let expired = stay.recipients.iter().filter(|leg| leg.expired).filter_map(|leg| leg.left);
        if let Some(at) = expired.max() {
            let text = format!(
                "qmgr[102]: {id}: from=<{}>, status=expired, returned to sender",
                message.sender
            );
            say(at, 7, text);
        }
        if let Some(left) = stay.left() {
            say(left, 9, format!("qmgr[102]: {id}: removed"));
        }
    }

    fn leg(
        &self,
        stay: &Stay<'_>,
        leg: &Leg<'_>,
        taken: &mut Vec<i64>,
        say: &mut dyn FnMut(i64, u8, String),
    ) {
        let id = &stay.queue_id;
        if leg.tries.is_empty()
            && let (Some(left), false) = (leg.left, leg.expired)
        {
            return say(left, 6, self.local(stay, leg, left));
        }
        for (index, attempt) in leg.tries.iter().enumerate() {
            let next = leg.tries.get(index + 1);
            let goes_on = next.is_some_and(|next| {
                !attempt.delivery.is_empty() && next.delivery == attempt.delivery
            });
            let begins = index == 0 || leg.tries[index - 1].delivery != attempt.delivery;
            if begins || attempt.delivery.is_empty() {
                taken.push(attempt.started);
            }
            let why = self.why(attempt);
            match goes_on {
                true if why.starts_with("connect to") => {
                    say(attempt.ended, 5, format!("smtp[103]: {why}"));
                }
                true => say(attempt.ended, 5, format!("smtp[103]: {id}: {why}")),
                false => say(attempt.ended, 6, self.status(stay, leg, attempt, &why)),
            }
        }
    }

    fn local(&self, stay: &Stay<'_>, leg: &Leg<'_>, at: i64) -> String {
        let delay = delays(stay.arrived, at, at);
        let (id, to) = (&stay.queue_id, &leg.told.recipient);
        format!(
            "local[106]: {id}: to=<{to}>, relay=local, {delay}, dsn=2.0.0, status=sent (delivered to \
             mailbox)"
        )
    }

    fn status(&self, stay: &Stay<'_>, leg: &Leg<'_>, attempt: &Attempt, why: &str) -> String {
        let (id, to) = (&stay.queue_id, &leg.told.recipient);
        let delay = delays(stay.arrived, attempt.started, attempt.ended);
        let status = match attempt.outcome.as_str() {
            "accepted" => "sent",
            "permfail" => "bounced",
            _ => "deferred",
        };
        let is_local = attempt.stage == "local";
        let reached = !matches!(attempt.outcome.as_str(), "refused" | "suspended")
            && !matches!(attempt.stage.as_str(), "dns" | "connect" | "suspended");
        let relay = match (attempt.to.as_str(), reached) {
            _ if is_local => "local".to_owned(),
            ("", _) | (_, false) => "none".to_owned(),
            (host, true) => format!("{host}[{}]:25", self.run.address(host)),
        };
        let daemon = match attempt.outcome.as_str() {
            "suspended" => "error[107]",
            _ if is_local => "local[106]",
            _ => "smtp[103]",
        };
        let dsn = &attempt.status;
        format!(
            "{daemon}: {id}: to=<{to}>, relay={relay}, {delay}, dsn={dsn}, status={status} ({why})"
        )
    }

    /// What Postfix says in parentheses.
    fn why(&self, attempt: &Attempt) -> String {
        let host = &attempt.to;
        let who = format!("{host}[{}]", self.run.address(host));
        let stage = command(&attempt.stage);
        match (attempt.outcome.as_str(), attempt.stage.as_str()) {
            ("accepted", "local") => "delivered to mailbox".to_owned(),
            ("accepted", _) => {
                let key = (host.as_str(), attempt.message.as_str(), attempt.recipient.as_str());
                match self.ids.get(&key) {
                    Some(id) => format!("250 2.0.0 Ok: queued as {id}"),
                    None => "250 2.0.0 Ok".to_owned(),
                }
            }
            ("suspended", _) => {
                "delivery temporarily suspended: destination is not tried for now".to_owned()
            }
            ("permfail", "dns") => {
                let domain = attempt.recipient.rsplit('@').next().unwrap_or_default();
                format!(
                    "Host or domain name not found. Name service error for name={domain} type=MX: \
                     Host not found"
                )
            }
            (_, "dns") => {
                let domain = attempt.recipient.rsplit('@').next().unwrap_or_default();
                format!(
                    "Host or domain name not found. Name service error for name={domain} type=MX: \
                     Host not found, try again"
                )
            }
            ("refused", _) => format!("connect to {who}:25: Connection refused"),
            (_, "connect") => format!("connect to {who}:25: Connection timed out"),
            ("timeout", _) => format!("conversation with {who} timed out while {}", stage.1),
            ("lost", _) => format!("lost connection with {who} while {}", stage.1),
            (_, "greeting") => {
                format!("host {who} refused to talk to me: {} {}", attempt.reply, attempt.status)
            }
            _ if attempt.reply.is_empty() => format!("{} at {}", attempt.status, attempt.stage),
            _ => format!(
                "host {who} said: {} {} (in reply to {} command)",
                attempt.reply, attempt.status, stage.0
            ),
        }
    }
}

/// A stage in Postfix's words: the command, and what the client was doing.
fn command(stage: &str) -> (&'static str, &'static str) {
    match stage {
        "greeting" => ("greeting", "receiving the initial server greeting"),
        "ehlo" => ("EHLO", "performing the EHLO handshake"),
        "tls" => ("STARTTLS", "performing the STARTTLS handshake"),
        "auth" => ("AUTH", "sending AUTH"),
        "mail" => ("MAIL FROM", "sending MAIL FROM"),
        "rcpt" => ("RCPT TO", "sending RCPT TO"),
        "data" => ("DATA", "sending DATA command"),
        _ => ("end of DATA", "sending end of data -- message may be sent more than once"),
    }
}

/// `delay=…, delays=a/b/c/d`, to the microsecond; Postfix itself rounds to two digits.
fn delays(arrived: i64, started: i64, ended: i64) -> String {
    let (waited, session) = ((started - arrived).max(0), (ended - started).max(0));
    let total = seconds((ended - arrived).max(0));
    format!("delay={total}, delays={}/0/0/{}", seconds(waited), seconds(session))
}

pub(super) fn seconds(micros: i64) -> String {
    let text = format!("{}.{:06}", micros / 1_000_000, micros % 1_000_000);
    let text = text.trim_end_matches('0');
    text.trim_end_matches('.').to_owned()
}
