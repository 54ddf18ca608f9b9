"""Computes figures of mail from messages.csv, attempts.csv and queues.csv alone, by other means than
mailsim's own: `python3 recompute.py DIR` prints them as JSON, by their names."""

import csv
import json
import math
import sys
from collections import defaultdict

folder = sys.argv[1]


def table(name):
    with open(f"{folder}/{name}", newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def when(text):
    return float(text) if text else None


messages, attempts, queues = table("messages.csv"), table("attempts.csv"), table("queues.csv")
run = json.load(open(f"{folder}/run.json", encoding="utf-8"))
summary = json.load(open(f"{folder}/summary.json", encoding="utf-8"))
duration = run["duration_s"]
mail = [row for row in messages if row["kind"] == "mail"]
figures = {}


def quantile(values, share):
    """The smallest value that at least `share` of the values do not exceed."""
    values = sorted(values)
    if not values:
        return None
    return values[max(math.ceil(len(values) * share - 1e-9), 1) - 1]


def mean(values):
    return sum(values) / len(values) if values else None


def delays(rows):
    return [
        float(row["final_s"]) - float(row["submitted_s"])
        for row in rows
        if row["final"] == "delivered"
    ]


def describe(part, rows):
    def say(name, value):
        figures[f"{part}/{name}" if part else name] = value

    delivered = delays(rows)
    say("mail.submitted", len(rows))
    say("mail.delivered", len(delivered))
    for state in ("delivered", "failed"):
        say(f"{state}_share", sum(row["final"] == state for row in rows) / len(rows) if rows else None)
    say("submission_to_delivery.mean", mean(delivered))
    for percent in (50, 99.9):
        say(f"submission_to_delivery.p{percent}", quantile(delivered, percent / 100))
    say(
        "submission_to_delivery.within.7min",
        sum(delay <= 420 for delay in delivered) / len(rows) if rows else None,
    )
    say("attempts_per_recipient.mean", mean([int(row["attempts"]) for row in rows]))
    failures = [
        float(row["final_s"]) - float(row["submitted_s"]) for row in rows if row["final"] == "failed"
    ]
    say("submission_to_failure.p50", quantile(failures, 0.5))


def domain(address):
    return address.rpartition("@")[2]


def of(holds):
    return [row for row in mail if holds(row)]


describe("", mail)
senders = sorted({domain(row["sender"]) for row in mail})
recipients = sorted({domain(row["recipient"]) for row in mail})
for sender in senders:
    describe(f"from:{sender}", of(lambda row: domain(row["sender"]) == sender))
for recipient in recipients:
    describe(f"to:{recipient}", of(lambda row: domain(row["recipient"]) == recipient))
    for sender in senders:
        both = of(
            lambda row: domain(row["sender"]) == sender and domain(row["recipient"]) == recipient
        )
        describe(f"from:{sender}&to:{recipient}", both)
describe("entry:bulk", of(lambda row: row["message_id"].split("-")[0] == "1"))
describe("host:smtp.one.example", of(lambda row: "smtp.one.example" in row["path"].split(">")[:2]))
describe("via:mx2.down.example", of(lambda row: "mx2.down.example" in row["path"].split(">")))
first = summary["outages"][0]
describe(
    "during:outage.0", of(lambda row: first["from_s"] <= float(row["submitted_s"]) < first["to_s"])
)
describe("during:late", of(lambda row: 18000 <= float(row["submitted_s"])))
describe("kind:list_copy", [row for row in messages if row["kind"] == "list_copy"])
describe("kind:failure_notice", [row for row in messages if row["kind"] == "failure_notice"])

# Notices by their cause.
failed = defaultdict(list)
for row in messages:
    if row["final"] == "failed":
        failed[row["message_id"], row["final_host"]].append(row["status"])
taken_by_exchanger = {
    (row["message_id"], row["to_host"])
    for row in attempts
    if row["outcome"] == "accepted" and row["mx_preference"]
}
causes = defaultdict(list)
for row in messages:
    if row["kind"] == "failure_notice":
        maker = row["path"].split(">")[0]
        statuses = failed[row["about_message_id"], maker]
        refused = any(status.startswith("5.") and not status.endswith(".4.7") for status in statuses)
        causes["refusal_notice" if refused else "expiry_notice"].append(row)
        if (row["about_message_id"], maker) in taken_by_exchanger:
            causes["backup_notice"].append(row)
for kind in ("refusal_notice", "expiry_notice", "backup_notice"):
    figures[f"kind:{kind}/mail.submitted"] = len(causes[kind])
    figures[f"created.{kind}.submitted"] = len(causes[kind])

# When the sender first heard.
first_notice = {}
for row in messages:
    if row["kind"] in ("failure_notice", "delay_notice"):
        about, at = row["about_message_id"], float(row["submitted_s"])
        first_notice[about] = min(at, first_notice.get(about, at))
heard = [
    first_notice[row["message_id"]] - float(row["submitted_s"])
    for row in mail
    if row["message_id"] in first_notice
]
figures["submission_to_first_notice.n"] = len(heard)
figures["submission_to_first_notice.p50"] = quantile(heard, 0.5)

# First tries by servers.
tries = defaultdict(list)
for row in attempts:
    if row["outcome"] != "suspended":
        tries[row["message_id"], row["recipient"]].append(row)
until_try, put_off = [], []
for row in mail:
    own = row["path"].split(">")[0]
    mine = [one for one in tries[row["message_id"], row["recipient"]] if one["from_host"] != own]
    if not mine:
        continue
    begin = min(mine, key=lambda one: float(one["started_s"]))
    until_try.append(float(begin["started_s"]) - float(row["submitted_s"]))
    delivery = [one for one in mine if one["delivery"] == begin["delivery"]]
    put_off.append(any(one["next_attempt_s"] and one["outcome"] not in ("accepted", "permfail") for one in delivery))
figures["submission_to_first_try.mean"] = mean(until_try)
figures["submission_to_first_try.max"] = max(until_try)
figures["first_try_deferred_share"] = sum(put_off) / len(put_off)

# Copies of a list.
copies = defaultdict(list)
for row in messages:
    if row["kind"] == "list_copy":
        copies[row["about_message_id"]].append(row)
spans = {"first": [], "median": [], "last": []}
for row in mail:
    mine = copies.get(row["message_id"])
    if not mine:
        continue
    ends = sorted(float(one["final_s"]) for one in mine if one["final"] == "delivered")
    submitted = float(row["submitted_s"])
    if ends:
        spans["first"].append(ends[0] - submitted)
    if len(ends) >= (len(mine) + 1) // 2:
        spans["median"].append(ends[(len(mine) + 1) // 2 - 1] - submitted)
    if ends and all(one["final"] not in ("queued", "in_transit") for one in mine):
        spans["last"].append(ends[-1] - submitted)
for which, found in spans.items():
    figures[f"submission_to_{which}_copy.mean"] = mean(found)

# Rates.
ends = sorted(float(row["final_s"]) for row in mail if row["final"] == "delivered")
figures["deliveries_per_s.mean"] = len(ends) / duration
most = 0
for place, begin in enumerate(ends):
    most = max(most, sum(1 for end in ends[place:] if end < begin + 60 - 1e-9))
figures["deliveries_per_s.max.1min"] = most / 60

# What an outage left behind.
for number, outage in enumerate(summary["outages"]):
    end = outage["to_s"]
    open_then = [
        row
        for row in messages
        if float(row["submitted_s"]) < end and (when(row["final_s"]) is None or when(row["final_s"]) > end)
    ]
    over = [when(row["final_s"]) for row in open_then]
    name = f"outages.{number}.cleared_s"
    if not over:
        figures[name] = 0.0
    elif all(at is not None for at in over):
        figures[name] = max(over) - end
    host = outage["target"]
    answers = [
        float(row["ended_s"])
        for row in attempts
        if row["to_host"] == host and row["reply"] and float(row["ended_s"]) >= end
    ]
    if answers:
        figures[f"outages.{number}.first_contact_s"] = min(answers) - end

# Little's law: the mean number in a queue is the rate of arrivals times the mean time there. A
# message comes when the host has taken it and leaves with the end of its last try there.
little = {}
for host in {row["host"] for row in queues}:
    waits = []
    came = {}
    for row in attempts:
        if row["to_host"] == host and row["outcome"] == "accepted" and row["stage"] != "local":
            came.setdefault(row["message_id"], float(row["ended_s"]))
    if not came:
        continue
    left = {}
    for row in attempts:
        if row["from_host"] == host and row["message_id"] in came:
            gone = row["outcome"] in ("accepted", "permfail")
            left[row["message_id"]] = float(row["ended_s"]) if gone else None
    for row in messages:
        if row["final"] == "failed" and row["final_host"] == host and row["message_id"] in came:
            left[row["message_id"]] = float(row["final_s"])
    waits = [(left.get(key) or duration) - begin for key, begin in came.items()]
    samples = [
        int(row["incoming"]) + int(row["active"]) + int(row["deferred"])
        for row in queues
        if row["host"] == host
    ]
    little[host] = {"law": sum(waits) / duration, "samples": mean(samples), "rows": len(samples)}

print(json.dumps({"figures": figures, "little": little}))
