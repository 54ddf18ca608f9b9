"""A small mailer, and what it does in ten failures of the world, each with and without retries.

The world's time stands still until it is told to go on, so that an hour of retries takes no time.
"""
import json, smtplib, urllib.request


def ask(path, **what):
    request = urllib.request.Request(http + path, json.dumps(what).encode(), method='POST')
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.load(answer)


def brought():
    with urllib.request.urlopen(http + '/messages?brought=yes', timeout=60) as answer:
        return json.load(answer)


class Mailer:
    """Keeps what it could not hand over, and tries again if it is one that does."""

    def __init__(self, retries):
        self.retries, self.outbox, self.failed = retries, [], []

    def send(self, to, text='Subject: a word\r\n\r\ntext\r\n'):
        self.outbox.append((to, text))
        self.flush()

    def flush(self):
        waiting, self.outbox = self.outbox, []
        for to, text in waiting:
            try:
                with smtplib.SMTP('127.0.0.1', live.smtp, 'mailer.example', timeout=1) as server:
                    server.sendmail('me@my.example', [to], text)
            except smtplib.SMTPRecipientsRefused as refused:
                self.put_off(to, text, refused.recipients[to][0])
            except smtplib.SMTPResponseException as refused:
                self.put_off(to, text, refused.smtp_code)
            except (smtplib.SMTPException, OSError):
                self.put_off(to, text, 421)

    def put_off(self, to, text, code):
        again = self.retries and 400 <= code < 500
        (self.outbox if again else self.failed).append((to, text))


def tried(mailer, rounds=4, pause='20min'):
    """Lets the mailer try each 20 minutes; returns how often its message has arrived."""
    before = len(brought())
    mailer.send('bob@recipient.example')
    for _ in range(rounds):
        ask('/advance', by=pause)
        mailer.flush()
    return len(brought()) - before


# Each failure lasts for half an hour; a mailer that tries again loses nothing.
FAILURES = [
    dict(mode='refuse'),
    dict(mode='blackhole'),
    dict(mode='crash'),
    dict(mode='tempfail', stage='greeting'),
    dict(mode='tempfail', stage='mail'),
    dict(mode='tempfail', stage='rcpt'),
    dict(mode='tempfail', stage='dot'),
    dict(mode='drop', stage='data'),
    dict(mode='disk_full'),
    dict(mode='session_limit', limit=0),
]
for failure in FAILURES:
    ask('/outage', host='mx.recipient.example', **{'for': '30min'}, **failure)
    once = Mailer(retries=False)
    arrived = tried(once, rounds=0)
    assert (arrived, len(once.failed)) == (0, 1), (failure, 'without retries', arrived)
    patient = Mailer(retries=True)
    arrived = tried(patient)
    assert (arrived, patient.outbox, patient.failed) == (1, [], []), (failure, arrived)

# What is refused for good is not tried again.
ask('/outage', host='mx.recipient.example', mode='permfail', stage='rcpt', **{'for': '30min'})
patient = Mailer(retries=True)
assert tried(patient) == 0 and len(patient.failed) == 1
print('ten failures met')
