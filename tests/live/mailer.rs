//! Ten failures of the world, met by a small mailer: the page of the manual, run as it stands.

use crate::program::{Live, raw, wanted};

#[test]
fn a_mailer_that_tries_again_loses_nothing() {
    if !wanted("python3", "a_mailer_that_tries_again_loses_nothing") {
        return;
    }
    let live = Live::start("", &["--speed=0"]);
    let said = live.python(include_str!("mailer.py"));
    assert_eq!(said, "ten failures met\n");
    // The record of all of it, with its outages, is a scenario.
    let (_, folder) = live.end();
    let record = std::fs::read_to_string(folder.path().join("record.toml")).unwrap();
    assert_eq!(record.matches("[[outage]]").count(), 11);
}

#[test]
fn an_outage_strikes_nothing_that_was_taken_before() {
    let live = Live::start("", &["--speed=0"]);
    let text = "EHLO a.example\r\nMAIL FROM:<me@my.example>\r\nRCPT TO:<bob@recipient.example>\r\nDATA\r\n\
                Subject: x\r\n\r\n.\r\nQUIT\r\n";
    for _ in 0..2 {
        assert!(raw(live.port("smtp"), text.as_bytes()).contains("\r\n221"));
    }
    let outage =
        r#"{"host": "mx.recipient.example", "mode": "tempfail", "stage": "dot", "for": "1h"}"#;
    let before = live.get("/state")["seconds"].as_f64().unwrap();
    let after = live.post("/outage", outage)["seconds"].as_f64().unwrap();
    assert!(before < after && after < before + 1e-6, "{before} {after}");
    assert_eq!((live.brought().len(), live.get("/state")["taken"].as_u64()), (2, Some(2)));
    assert!(raw(live.port("smtp"), text.as_bytes()).contains("\r\n451"));
    assert_eq!(live.brought().len(), 2);
}

#[test]
fn the_manual_shows_the_mailer_as_it_is() {
    let chapter = include_str!("../../src/manual/live.md");
    assert!(chapter.contains(include_str!("mailer.py").trim_end()), "the chapter shows mailer.py");
}

#[test]
fn a_greylist_is_passed_after_its_delay_and_not_before() {
    if !wanted("python3", "a_greylist_is_passed_after_its_delay_and_not_before") {
        return;
    }
    let greylist = "[[outage]]\nhost = \"mx.recipient.example\"\nmode = \"greylist\"\nfrom = \"0s\"\n\
                    for = \"5d\"\ndelay = \"5m\"\n";
    for (speed, pass) in [("0", "ask(300)"), ("600", "__import__('time').sleep(2)")] {
        let live = Live::start(greylist, &["--speed", speed]);
        live.python(&format!(
            r#"
def ask(seconds):
    body = json.dumps({{'by': '%ds' % seconds}}).encode()
    urllib.request.urlopen(urllib.request.Request(http + '/advance', body), timeout=60).read()
def code():
    s = smtplib.SMTP('127.0.0.1', live.smtp, 'laptop.example', timeout=20)
    s.ehlo(); s.mail('me@my.example'); code = s.rcpt('bob@recipient.example')[0]; s.quit()
    return code
assert code() == 450
if {speed} == 0:
    ask(290); assert code() == 450
{pass}
assert code() == 250
"#
        ));
    }
}
