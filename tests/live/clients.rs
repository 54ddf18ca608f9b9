//! Clients as they are used: swaks, curl, Python's libraries.

use std::process::Command;

use crate::program::{Live, raw, run, wanted};

const MESSAGE: &str = "From: me@my.example\r\nSubject: a word\r\n\r\nfirst\r\n..\r\nlast\r\n";

#[test]
fn swaks_and_curl_hand_over_and_curl_reads() {
    let live = Live::start("", &["--speed=0"]);
    if wanted("swaks", "swaks_and_curl_hand_over_and_curl_reads") {
        let server = format!("127.0.0.1:{}", live.port("smtp"));
        let to = "bob@recipient.example,eve@recipient.example";
        let heard = run(Command::new("swaks")
            .args(["--server", &server, "--from", "me@my.example", "--to", to])
            .args(["--ehlo", "laptop.example", "--pipeline"]));
        assert!(heard.contains("250 2.0.0"), "{heard}");
        assert_eq!(live.brought().len(), 1);
    }
    if wanted("curl", "swaks_and_curl_hand_over_and_curl_reads") {
        let before = live.brought().len();
        let file = live.folder.path().join("mail.txt");
        std::fs::write(&file, MESSAGE).unwrap();
        let url = format!("smtps://127.0.0.1:{}", live.port("submissions"));
        run(Command::new("curl")
            .args(["-sS", "-k", "--max-time", "20", "--url", &url, "--user", "alice:any"])
            .args(["--mail-from", "alice@sender.example"])
            .args(["--mail-rcpt", "bob@recipient.example", "-T"])
            .arg(&file));
        assert_eq!(live.brought().len(), before + 1);
        live.post("/wait", r#"{"until": "delivered", "at_most": "1h"}"#);
        let last = before + 1;
        let url =
            format!("imaps://bob:any@127.0.0.1:{}/INBOX;MAILINDEX={last}", live.port("imaps"));
        let read = run(Command::new("curl").args(["-sS", "-k", "--max-time", "20", &url]));
        assert!(read.ends_with(MESSAGE), "{read}");
        assert!(read.contains("Received: from smtp.sender.example"), "{read}");
    }
}

#[test]
fn smtplib_imaplib_and_poplib_find_what_they_look_for() {
    if !wanted("python3", "smtplib_imaplib_and_poplib_find_what_they_look_for") {
        return;
    }
    let live = Live::start("", &["--speed=0"]);
    live.python(
        r#"
s = smtplib.SMTP('127.0.0.1', live.submission, timeout=20)
s.ehlo('laptop.example')
assert s.has_extn('starttls') and s.has_extn('size')
s.starttls(); s.ehlo('laptop.example')
s.login('alice', 'any')
assert s.noop()[0] == 250 and s.rset()[0] == 250
text = 'From: alice@sender.example\r\nTo: bob@recipient.example\r\nSubject: one\r\n\r\n.dot\r\n'
assert s.sendmail('alice@sender.example', ['bob@recipient.example'], text) == {}
s.quit()
m = smtplib.SMTP('127.0.0.1', live.smtp, timeout=20)
try:
    m.sendmail('me@my.example', ['nobody@recipient.example'], text); assert False
except smtplib.SMTPRecipientsRefused as e:
    assert e.recipients['nobody@recipient.example'][0] == 550, e
try:
    m.sendmail('me@my.example', ['x@elsewhere.example'], text); assert False
except smtplib.SMTPRecipientsRefused as e:
    assert e.recipients['x@elsewhere.example'][0] == 554, e
"#,
    );
    live.post("/wait", r#"{"until": "delivered", "at_most": "1h"}"#);
    live.python(
        r#"
i = imaplib.IMAP4('127.0.0.1', live.imap, timeout=20)
i.starttls(ssl._create_unverified_context())
try:
    i.login('nobody', 'any'); assert False
except imaplib.IMAP4.error: pass
i.login('bob@recipient.example', 'any')
assert i.select() == ('OK', [b'1'])
assert i.search(None, 'SUBJECT', '"one"')[1] == [b'1']
assert i.search(None, 'UNSEEN', 'FROM', 'alice')[1] == [b'1']
whole = i.fetch('1', '(BODY.PEEK[])')[1][0][1]
assert whole.endswith(b'\r\n\r\n.dot\r\n'), whole
assert whole.startswith(b'Return-Path: <alice@sender.example>\r\n'), whole
size = i.fetch('1', '(RFC822.SIZE)')[1][0]
assert size == b'1 (RFC822.SIZE %d)' % len(whole), (size, len(whole))
field = i.fetch('1', '(BODY.PEEK[HEADER.FIELDS (SUBJECT)])')[1][0][1]
assert field == b'Subject: one\r\n\r\n', field
assert i.fetch('1', '(BODY.PEEK[TEXT]<1.2>)')[1][0][1] == b'do'
assert i.append('INBOX', '\\Flagged', None, b'Subject: two\r\n\r\n') [0] == 'OK'
assert i.noop()[0] == 'OK'
assert i.search(None, 'FLAGGED')[1] == [b'2']
assert i.create('Archive')[0] == 'OK'
assert i.copy('2', 'Archive')[0] == 'OK'
assert i.store('2', '+FLAGS', '\\Deleted')[1] == [b'2 (FLAGS (\\Flagged \\Deleted))']
assert i.expunge()[1] == [b'2']
assert i.status('Archive', '(MESSAGES)')[1] == [b'"Archive" (MESSAGES 1)']
assert sorted(l.split()[-1] for l in i.list()[1]) == [b'"Archive"', b'"INBOX"', b'"Junk"']
i.logout()
p = poplib.POP3('127.0.0.1', live.pop3, timeout=20)
p.stls(ssl._create_unverified_context())
p.user('bob'); p.pass_('any')
assert p.stat() == (1, len(whole)), p.stat()
assert b'\r\n'.join(p.retr(1)[1]) + b'\r\n' == whole
assert p.top(1, 0)[1][-1] == b''
p.dele(1); p.quit()
p = poplib.POP3('127.0.0.1', live.pop3, timeout=20)
p.user('bob'); p.pass_('any')
assert p.stat() == (0, 0)
"#,
    );
}

#[test]
fn who_idles_is_told_of_mail() {
    if !wanted("python3", "who_idles_is_told_of_mail") {
        return;
    }
    let live = Live::start("", &["--speed=60"]);
    live.python(
        r#"
i = socket.create_connection(('127.0.0.1', live.imap), timeout=20); f = i.makefile('rwb')
def say(line): f.write(line + b'\r\n'); f.flush()
f.readline(); say(b'a LOGIN bob any'); f.readline(); say(b'b SELECT INBOX')
while not f.readline().startswith(b'b OK'): pass
say(b'c IDLE'); assert f.readline().startswith(b'+')
s = smtplib.SMTP('127.0.0.1', live.smtp, timeout=20)
s.sendmail('me@my.example', ['bob@recipient.example'], 'Subject: x\r\n\r\n'); s.quit()
assert f.readline() == b'* 1 EXISTS\r\n'
say(b'DONE'); assert f.readline().startswith(b'c OK')
"#,
    );
}

#[test]
fn commands_in_one_packet_chunks_and_odd_lines_are_answered() {
    let live = Live::start("", &["--speed=0"]);
    let port = live.port("smtp");
    let pipelined = "EHLO a.example\r\nMAIL FROM:<me@my.example>\r\nRCPT TO:<bob@recipient.example>\r\n\
        DATA\r\nSubject: x\n.\nbare\r\n.\r\nNOOP\r\nVRFY bob\r\nRSET\r\nQUIT\r\n";
    let heard = raw(port, pipelined.as_bytes());
    let codes: Vec<&str> = heard
        .lines()
        .filter(|line| line.as_bytes().get(3) != Some(&b'-'))
        .map(|line| &line[..3])
        .collect();
    assert_eq!(codes, ["220", "250", "250", "250", "354", "250", "250", "252", "250", "221"]);
    let chunks = "EHLO a.example\r\nMAIL FROM:<me@my.example> BODY=8BITMIME\r\n\
        RCPT TO:<bob@recipient.example>\r\nBDAT 6\r\nA: b\r\nBDAT 7 LAST\r\n\r\n\u{e9}\r\n.QUIT\r\n";
    let heard = raw(port, chunks.as_bytes());
    assert!(heard.contains("\r\n221"), "{heard}");
    let messages = live.brought();
    assert_eq!(messages.len(), 2, "{messages:?}");
    let id = messages[0]["id"].as_str().unwrap();
    assert_eq!(live.ask("GET", &format!("/messages/{id}"), "").1, "Subject: x\n.\nbare\r\n");
    let id = messages[1]["id"].as_str().unwrap();
    assert_eq!(live.ask("GET", &format!("/messages/{id}"), "").1, "A: b\r\n\r\n\u{e9}\r\n.");
    let long = format!("EHLO {}\r\nHELO a.example\r\nQUIT\r\n", "a".repeat(100_000));
    let heard = raw(port, long.as_bytes());
    assert!(heard.contains("\r\n500 5.5.4") && heard.contains("\r\n221"), "{heard}");
}

#[test]
fn a_door_that_cannot_be_opened_is_told_of() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("sites.toml");
    std::fs::write(&file, crate::program::SITES).unwrap();
    let cases = [
        (format!("smtp=mx.recipient.example:{address}"), "port 0 is any free one"),
        ("smtp=mx.recipient.example:0.0.0.0:0".to_owned(), "--allow-remote"),
        ("smtp=mx.recipent.example:0".to_owned(), "did you mean mx.recipient.example?"),
        ("submission=mx.recipient.example:0".to_owned(), "try smtp.sender.example"),
    ];
    for (door, expected) in cases {
        let output = Command::new(env!("CARGO_BIN_EXE_mailsim"))
            .arg("live")
            .arg(&file)
            .args(["--listen", &door])
            .output()
            .unwrap();
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.code() == Some(2) && errors.contains(expected), "{door}: {errors}");
    }
}

#[test]
fn passwords_of_the_scenario_are_asked_for() {
    if !wanted("python3", "passwords_of_the_scenario_are_asked_for") {
        return;
    }
    let passwords =
        "[live]\npasswords = { \"alice@sender.example\" = \"se cret\", bob = \"word\" }\n";
    let live = Live::start(passwords, &["--speed=0"]);
    live.python(
        r#"
def session():
    s = smtplib.SMTP('127.0.0.1', live.submission, 'laptop.example', timeout=20)
    s.starttls(); s.ehlo('laptop.example'); return s
for name in ('alice', 'alice@sender.example', 'ALICE'):
    for auth in ('auth_plain', 'auth_login'):
        s = session(); s.user, s.password = name, 'wrong'
        try: s.auth(auth[5:].upper(), getattr(s, auth)); assert False
        except smtplib.SMTPAuthenticationError as e: assert e.smtp_code == 535, e
        s.password = 'se cret'
        assert s.auth(auth[5:].upper(), getattr(s, auth))[0] == 235
s = session()
assert s.docmd('AUTH', 'PLAIN !!')[0] == 501
assert s.docmd('AUTH', 'PLAIN ')[0] == 334 and s.docmd('*')[0] == 501
s.login('whoever', 'any')
for name, password, right in (('bob', 'word', True), ('bob', 'any', False), ('bob@recipient.example', 'any', False), ('eve', 'any', True)):
    i = imaplib.IMAP4('127.0.0.1', live.imap, timeout=20)
    try: i.login(name, password); assert right, name
    except imaplib.IMAP4.error: assert not right, name
    p = poplib.POP3('127.0.0.1', live.pop3, timeout=20)
    try: p.user(name); p.pass_(password); assert right, name
    except poplib.error_proto: assert not right, name
import base64
p = poplib.POP3('127.0.0.1', live.pop3, timeout=20)
assert p._shortcmd('AUTH PLAIN') == b'+ '
assert p._shortcmd(base64.b64encode(b'\0bob\0word').decode()).startswith(b'+OK')
log = json.load(urllib.request.urlopen(http + '/log', timeout=20))
said = ' '.join(line['line'] for line in log)
for secret in ('word', 'wrong', 'se cret', base64.b64encode(b'\0bob\0word').decode(), base64.b64encode(b'wrong').decode()):
    assert secret not in said, said
"#,
    );
    let (said, folder) = live.end();
    crate::records::assert_replays(&said, &folder);
}

#[test]
fn msmtp_and_mutt_send_and_mutt_reads() {
    const THIS: &str = "msmtp_and_mutt_send_and_mutt_reads";
    let live = Live::start("", &["--speed=0"]);
    let folder = live.folder.path().to_owned();
    let file = folder.join("mail.txt");
    std::fs::write(&file, MESSAGE).unwrap();
    if wanted("msmtp", THIS) {
        let mut msmtp = Command::new("msmtp");
        msmtp.args([
            "--host=127.0.0.1",
            "--from=alice@sender.example",
            "--auth=plain",
            "--user=alice",
        ]);
        msmtp.args(["--passwordeval=echo any", "--tls=on", "--tls-certcheck=off", "--timeout=20"]);
        msmtp.arg(format!("--port={}", live.port("submission"))).arg("bob@recipient.example");
        let text = std::fs::File::open(&file).unwrap();
        let output = msmtp.stdin(text).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        assert_eq!(live.brought().len(), 1);
        live.post("/wait", r#"{"until": "delivered", "at_most": "1h"}"#);
    }
    if wanted("mutt", THIS) && wanted("script", THIS) {
        let before = live.brought().len();
        let settings = folder.join("muttrc");
        let (smtp, imap) = (live.port("smtp"), live.port("imap"));
        let text = format!(
            "set smtp_url=\"smtp://127.0.0.1:{smtp}/\"\nset from=\"me@my.example\" envelope_from\n\
             set ssl_starttls=no ssl_force_tls=no copy=no record=\"\" folder=\"{}\"\n\
             set imap_user=bob imap_pass=any\nset delete=yes quit=yes confirmappend=no\n",
            folder.display()
        );
        std::fs::write(&settings, text).unwrap();
        let mutt = format!("mutt -n -F {}", settings.display());
        let shell = |line: &str| {
            run(Command::new("timeout").args(["30", "sh", "-c", line]).env("TERM", "xterm"))
        };
        shell(&format!("{mutt} -s word bob@recipient.example < {}", file.display()));
        assert_eq!(live.brought().len(), before + 1);
        live.post("/wait", r#"{"until": "delivered", "at_most": "1h"}"#);
        // It deletes what it finds first, and leaves.
        let keys = "push '<delete-message><quit>'";
        let saved = folder.join("screen.txt");
        shell(&format!(
            "script -qec \"{mutt} -f imap://127.0.0.1:{imap}/INBOX -e \\\"{keys}\\\"\" {} < /dev/null",
            saved.display()
        ));
        let record = live.ask("GET", "/record", "").1;
        assert!(record.contains(" remove <bob@recipient.example> "), "{record}");
    }
}

/// The commands of Thunderbird's first visit, in its order.
#[test]
fn thunderbirds_way_of_talking_is_understood() {
    if !wanted("python3", "thunderbirds_way_of_talking_is_understood") {
        return;
    }
    let live = Live::start("", &["--speed=0"]);
    live.python(
        r#"
s = smtplib.SMTP('127.0.0.1', live.smtp, timeout=20)
s.sendmail('me@my.example', ['bob@recipient.example'], 'From: me@my.example\r\nSubject: x\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\none\r\n--b\r\nContent-Type: text/html\r\n\r\n<p>two\r\n--b--\r\n')
"#,
    );
    live.post("/wait", r#"{"until": "delivered", "at_most": "1h"}"#);
    live.python(
        r#"
c = ssl._create_unverified_context().wrap_socket(socket.create_connection(('127.0.0.1', live.imaps), timeout=20))
f = c.makefile('rwb'); count = [0]
assert f.readline().startswith(b'* OK')
def say(line, expected=b'', code=b'OK'):
    count[0] += 1; tag = b'%d' % count[0]
    f.write(tag + b' ' + line + b'\r\n'); f.flush()
    heard = b''
    while True:
        heard += f.readline()
        last = heard.splitlines()[-1] if heard.splitlines() else b''
        if last.startswith(tag + b' '): break
        if last.startswith(b'+'): return heard
    assert last.startswith(tag + b' ' + code), (line, heard)
    assert expected in heard, (line, heard)
    return heard
say(b'capability', b'IDLE')
say(b'authenticate plain AGJvYgBhbnk=')
say(b'ID ("name" "Thunderbird" "version" "128.5.0" "os" NIL)', b'* ID')
say(b'namespace', b'* NAMESPACE ((""')
say(b'list "" "INBOX"', b'"INBOX"')
say(b'lsub "" "*"', b'Junk')
say(b'list "" "*"', b'\\Junk')
say(b'list "" "Trash"')
say(b'create "Trash"'); say(b'subscribe "Trash"')
say(b'select "INBOX"', b'* 1 EXISTS')
say(b'enable CONDSTORE')
say(b'UID fetch 1:* (FLAGS)', b'UID 1')
say(b'UID fetch 1 (UID RFC822.SIZE FLAGS BODY.PEEK[HEADER.FIELDS (From To Cc Bcc Subject Date Message-ID Priority X-Priority References Newsgroups In-Reply-To Content-Type Reply-To)])', b'Subject: x')
say(b'UID fetch 1 (BODYSTRUCTURE)', b'"MIXED"')
say(b'UID fetch 1 (UID RFC822.SIZE BODY.PEEK[])', b'<p>two')
say(b'UID fetch 1 (UID BODY.PEEK[HEADER] BODY.PEEK[1.MIME] BODY.PEEK[2])', b'<p>two')
say(b'uid store 1 +FLAGS (\\Seen)', b'\\Seen')
say(b'STATUS "Trash" (UIDNEXT MESSAGES UNSEEN RECENT)', b'MESSAGES 0')
assert say(b'IDLE').startswith(b'+')
f.write(b'DONE\r\n'); f.flush(); assert f.readline().split()[1] == b'OK'
say(b'noop')
say(b'uid move 1 "Trash"', b'COPYUID')
say(b'UID fetch 2:* (FLAGS)')
say(b'select "Trash"', b'* 1 EXISTS')
say(b'uid store 1 +FLAGS (\\Deleted)'); say(b'expunge', b'* 1 EXPUNGE')
say(b'close'); say(b'logout', b'* BYE')
"#,
    );
}
