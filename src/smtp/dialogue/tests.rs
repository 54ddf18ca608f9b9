//! Dialogues whose every line can be said by heart.

use super::*;
use crate::mail::ReceivedStyle;
use crate::network::SynSchedule;
use crate::smtp::{
    Acceptance, ClientSettings, ClientTimeouts, ClientTls, NextHost, ServerSettings, ServiceTimes,
    TemporaryLookups,
};
use crate::trace::SessionMarks;
use crate::units::{Octets, SimDuration};

fn client(pipelining: bool) -> ClientSettings {
    ClientSettings {
        timeouts: ClientTimeouts::RFC5321,
        first_connect_timeout: None,
        syn: SynSchedule::default(),
        tcp_fast_open: false,
        pipelining,
        pipelines_mail: true,
        tls: ClientTls::Never,
        declares_size: true,
        size_margin: Octets::ZERO,
        checks_advertised_size: true,
        next_host: NextHost::RFC5321,
        address_limit: None,
        host_limit: None,
        addresses_per_host: None,
        session_limit: None,
        randomizes_equal_preference: true,
        finds_itself: true,
        skips_itself: false,
        merges_equal_routes: false,
        temporary_lookups: TemporaryLookups::default(),
        rset_before_reuse: true,
        options: Default::default(),
    }
}

fn server() -> ServerSettings {
    ServerSettings {
        ehlo: true,
        pipelining: true,
        starttls: false,
        auth: false,
        size_limit: Some(Octets(1_000)),
        max_sessions: None,
        refuses_excess_sessions: false,
        max_sessions_per_client: None,
        max_recipients: None,
        hop_limit: None,
        adds_received: true,
        received: ReceivedStyle::Postfix,
        acceptance: Acceptance::default(),
        options: Default::default(),
        service: ServiceTimes::default(),
    }
}

fn ms(millis: u64) -> SimTime {
    SimTime::ZERO + SimDuration::from_millis(millis)
}

/// Marks of a session with a round trip of 10 ms, up to and with the first `count` stages.
fn marks(count: usize) -> SessionMarks {
    let at = |place: usize| {
        if place < count { ms(10 * (place as u64 + 1)) } else { SimTime::MAX }
    };
    SessionMarks {
        connected: at(0),
        greeting: at(1),
        ehlo: at(2),
        mail: at(3),
        rcpt: at(4),
        data: at(5),
        dot: at(6),
        ..SessionMarks::NONE
    }
}

struct Case {
    client: ClientSettings,
    server: ServerSettings,
    refusals: Vec<Option<Reply>>,
    marks: SessionMarks,
    ending: Option<Ending>,
    transaction: u32,
    port: u16,
    ended: SimTime,
}

impl Case {
    fn new(pipelining: bool) -> Self {
        Self {
            client: client(pipelining),
            server: server(),
            refusals: vec![None],
            marks: marks(7),
            ending: None,
            transaction: 1,
            port: 25,
            ended: ms(70),
        }
    }

    fn lines(&self) -> Vec<Line> {
        const NAMES: [&str; 3] = ["bob@b.example", "eve@b.example", "joe@b.example"];
        let paths: Vec<ForwardPath<'_>> = NAMES
            .into_iter()
            .zip(&self.refusals)
            .map(|(address, refusal)| ForwardPath { address, refusal: *refusal, reason: "" })
            .collect();
        let lines = dialogue(&Conversation {
            client_name: "a.example",
            server_name: "mx.b.example",
            address: "192.0.2.1",
            port: self.port,
            client: &self.client,
            server: &self.server,
            reverse_path: "ann@a.example",
            forward_paths: &paths,
            size: Octets(700),
            declares_size: true,
            verifies: false,
            transaction: self.transaction,
            started: ms(0),
            ended: self.ended,
            marks: self.marks,
            ending: self.ending,
            goes_on: false,
        });
        let times: Vec<SimTime> = lines.iter().filter_map(|line| line.at).collect();
        assert!(times.is_sorted(), "time runs backwards in {lines:#?}");
        lines
    }

    fn check(&self, expected: &str) {
        let mut text = String::new();
        for line in self.lines() {
            let speaker = match line.speaker {
                Speaker::Client => "C",
                Speaker::Server => "S",
                Speaker::Connection => "-",
            };
            let at = line.at.map_or(String::new(), |at| at.since_start().as_millis().to_string());
            text.push_str(&format!("{at} {speaker} {}\n", line.text));
        }
        let expected: String =
            expected.trim().lines().map(|line| format!("{}\n", line.trim())).collect();
        assert_eq!(text.lines().map(str::trim).collect::<Vec<_>>().join("\n") + "\n", expected);
    }
}

#[test]
fn a_message_is_handed_over_command_by_command() {
    Case::new(false).check(
        "0 - connects to 192.0.2.1 port 25
         10 - connected
         20 S 220 mx.b.example ESMTP
         20 C EHLO a.example
         30 S 250-mx.b.example
         30 S 250-PIPELINING
         30 S 250-SIZE 1000
         30 S 250 ENHANCEDSTATUSCODES
         30 C MAIL FROM:<ann@a.example> SIZE=700
         40 S 250 2.1.0 Ok
         40 C RCPT TO:<bob@b.example>
         50 S 250 2.1.5 Ok
         50 C DATA
         60 S 354 End data with <CR><LF>.<CR><LF>
         60 C (header and body, 700 octets, and the final dot)
         70 S 250 2.0.0 Ok: queued
         70 C QUIT
         S 221 2.0.0 Bye",
    );
}

#[test]
fn a_group_is_sent_before_its_first_reply() {
    let mut case = Case::new(true);
    case.refusals = vec![None, Some(Reply::new(550, Status::BAD_MAILBOX))];
    let lines = case.lines();
    let said: Vec<&str> = lines.iter().map(|line| line.text.as_str()).collect();
    let start = said.iter().position(|text| text.starts_with("MAIL")).unwrap();
    assert_eq!(said[start + 3], "DATA");
    assert_eq!(said[start + 6], "550 5.1.1 No such mailbox");
    assert!(lines[start..start + 4].iter().all(|line| line.at == Some(ms(30))));
}

#[test]
fn sendmail_awaits_the_reply_to_mail_before_the_group() {
    let mut case = Case::new(true);
    case.client.pipelines_mail = false;
    let lines = case.lines();
    let start = lines.iter().position(|line| line.text.starts_with("MAIL")).unwrap();
    let said: Vec<&str> = lines[start + 1..start + 4].iter().map(|l| l.text.as_str()).collect();
    assert_eq!(said, ["250 2.1.0 Ok", "RCPT TO:<bob@b.example>", "DATA"]);
}

#[test]
fn nobody_is_left_after_refused_recipients() {
    let refusal = Some(Reply::new(450, Status::new(4, 2, 0)));
    let mut case = Case::new(false);
    (case.refusals, case.marks, case.ended) = (vec![refusal], marks(5), ms(50));
    let said: Vec<String> = case.lines().into_iter().map(|line| line.text).collect();
    assert!(!said.contains(&"DATA".to_owned()), "{said:?}");
    assert_eq!(said[said.len() - 3..], ["450 4.2.0 Try again later", "QUIT", "221 2.0.0 Bye"]);
    case.client = client(true);
    let said: Vec<String> = case.lines().into_iter().map(|line| line.text).collect();
    assert!(said.contains(&"554 5.5.1 No valid recipients".to_owned()), "{said:?}");
}

#[test]
fn silence_ends_without_quit() {
    let ending = |stage, outcome| Some(Ending { stage, outcome, reply: None });
    let mut case = Case::new(false);
    case.marks = SessionMarks::NONE;
    case.ending = ending(Stage::Connect, AttemptOutcome::Timeout);
    case.ended = ms(30_000);
    case.check(
        "0 - connects to 192.0.2.1 port 25
         30000 - no answer; the client gives up after 30 s",
    );
    case.marks = marks(6);
    case.ending = ending(Stage::Dot, AttemptOutcome::Lost);
    let said: Vec<String> = case.lines().into_iter().map(|line| line.text).collect();
    assert_eq!(said.last().unwrap(), "the connection is lost");
    // Of a message that broke off on its way nobody has seen the end.
    case.ending = ending(Stage::Body, AttemptOutcome::Lost);
    let said: Vec<String> = case.lines().into_iter().map(|line| line.text).collect();
    assert_eq!(
        said[said.len() - 2..],
        ["the message breaks off on its way", "the connection is lost"]
    );
    assert!(said.iter().all(|line| !line.contains("final dot")), "{said:?}");
}

#[test]
fn a_refused_session_ends_at_its_greeting() {
    let mut case = Case::new(false);
    case.marks = marks(1);
    case.ended = ms(20);
    case.ending = Some(Ending {
        stage: Stage::Greeting,
        outcome: AttemptOutcome::Tempfail,
        reply: Some(Reply::new(421, Status::new(4, 7, 0))),
    });
    case.check(
        "0 - connects to 192.0.2.1 port 25
         10 - connected
         20 S 421 Too many connections from this host, closing
         20 - the server closes the connection",
    );
}

#[test]
fn submission_uses_tls_and_auth() {
    let mut case = Case::new(false);
    case.port = 587;
    case.marks = SessionMarks { tls: ms(32), auth: ms(34), ..marks(7) };
    let said: Vec<String> = case.lines().into_iter().map(|line| line.text).collect();
    let place = |text: &str| said.iter().position(|said| said == text).unwrap();
    assert!(place("250-STARTTLS") < place("STARTTLS"));
    assert!(place("TLS handshake") < place("AUTH PLAIN (credentials)"));
    assert_eq!(said.iter().filter(|text| text.starts_with("EHLO")).count(), 2);
    assert_eq!(said.iter().filter(|text| text.ends_with("-STARTTLS")).count(), 1);
}

#[test]
fn an_open_connection_is_cleared_before_it_is_used_again() {
    let mut case = Case::new(false);
    case.transaction = 2;
    case.marks = SessionMarks {
        connected: SimTime::MAX,
        greeting: SimTime::MAX,
        ehlo: SimTime::MAX,
        ..marks(7)
    };
    let said: Vec<String> = case.lines().into_iter().map(|line| line.text).collect();
    assert_eq!(said[1..3], ["RSET", "250 2.0.0 Ok"]);
    assert!(said[3].starts_with("MAIL"));
}
