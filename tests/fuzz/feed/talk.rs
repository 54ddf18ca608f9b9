//! Lines that somebody types at a server: the first names the protocol, SMTP unless it is `pop3` or `imap`.

use mailsim::mail::MailboxNames as _;
use mailsim::scenario::{Source, load};
use mailsim::simulation::Simulation;
use mailsim::talk::{
    Protocol, Request, SmtpTalk, StoreTalk, Talk, as_toml, host_of, own_name, prepare,
};
use mailsim::units::SimDuration;

use super::{SMALL, nothing};

const SERVER: &str = "mail.recipient.example";

/// Types the lines, and lets what is taken be mail of the scenario.
pub(crate) fn talk(data: &[u8]) {
    let typed = String::from_utf8_lossy(data);
    let mut lines = typed.lines();
    let (protocol, port) = match lines.next() {
        Some("pop3") => (Protocol::Pop3, None),
        Some("imap") => (Protocol::Imap, None),
        _ => (Protocol::Smtp, Some(25)),
    };
    let me = own_name(SERVER);
    let mut text =
        format!("{SMALL}\n[[host]]\nname = \"{me}\"\nroles = [\"mua\"]\nmta = \"none\"\n[live]\n");
    let source = Source { file: "fuzz.toml", text: &text, read_file: &nothing };
    let scenario = load(&source, &[]).expect("the scenario is right").scenario;
    let at = SimDuration::from_secs(20);
    let request = Request { host: SERVER, at, protocol, port, from: None };
    let visitor = prepare(&scenario, &request).expect("the server can be called");
    let simulation = Simulation::new(&scenario);
    let mut nobody = ();
    let moment = simulation.hold(visitor.at, &mut nobody);
    let mut talk: Box<dyn Talk + '_> = match protocol {
        Protocol::Smtp => Box::new(SmtpTalk::new(&scenario, moment, visitor)),
        Protocol::Pop3 | Protocol::Imap => Box::new(StoreTalk::new(&scenario, moment, visitor)),
    };
    talk.begin();
    for line in lines {
        if talk.is_over() {
            break;
        }
        if let (Some(about), false) = (line.strip_prefix('?'), talk.takes_text()) {
            assert!(!talk.explain(about).is_empty(), "nothing is said of {about:?}");
        } else if let (Some(Ok(wait)), false) =
            (line.strip_prefix('+').map(str::parse::<SimDuration>), talk.takes_text())
        {
            talk.wait(wait);
        } else {
            talk.hear(line);
        }
    }
    let client = scenario.host(visitor.client);
    let server = scenario.host(host_of(&scenario, SERVER).expect("it is there"));
    for posted in talk.posted() {
        if let Some(table) = as_toml(posted, client, server, visitor.port) {
            text += &format!("\n{table}");
        }
    }
    let source = Source { file: "posted.toml", text: &text, read_file: &nothing };
    if let Err(problems) = load(&source, &[]) {
        panic!("what was taken cannot be read:\n{}\n{text}", problems.render(false));
    }
}
