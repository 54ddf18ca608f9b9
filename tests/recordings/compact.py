#!/usr/bin/env python3
"""Make the compacted copies of recordings that the tests carry.

    python3 tests/recordings/compact.py FULL_RECORDINGS/postfix tests/recordings/postfix

Of each recording only what the harness reads is kept: the neutral description of the experiment
and the observations that are compared. Packet traces, server logs, DNS queries and the raw
configuration are left out. The harness reads full recordings and compacted ones alike.
"""

import json
import pathlib
import sys

TOP = (
    "case mta version date description notes settings_neutral network resolver dns sinks "
    "submissions outcomes observed_until_s setup sessions runs"
).split()
ATTEMPT = "id rcpt t_s from_host to_host stage outcome dsn".split()
# What tells Sendmail's deferrals without network activity apart, and lines about several recipients.
SENDMAIL_ATTEMPT = ATTEMPT + ["pid", "rcpts"]
OUTCOME_DROPPED = {"diagnostic", "subject", "sent_to"}
SESSION = (
    "rtt_ms rate_mbit server starttls size_bytes recipients messages dropped_packets tcp sink_conns"
).split()

RUN = "rtt_ms rate_mbit n_messages size_bytes results idle_push_s dropped".split()


def pick(row, keys):
    return {key: row[key] for key in keys if key in row}


def notices(rows):
    return [{k: v for k, v in row.items() if k not in OUTCOME_DROPPED} for row in rows]


def compact(full):
    out = pick(full, TOP)
    if "topology" in full:
        hosts = [pick(host, ["name", "address", "address6", "listens6", "unrouted6", "role", "kind"]) for host in full["topology"]["hosts"]]
        out["topology"] = {"hosts": hosts}
        out["timeline"] = pick(full["timeline"], ["outages", "actions"])
        out["attempts"] = [pick(row, SENDMAIL_ATTEMPT if full["mta"] == "sendmail" else ATTEMPT) for row in full["attempts"]]
        for row in out["outcomes"]:
            for key in ("bounces", "delay_notices"):
                if key in row:
                    row[key] = notices(row[key])
        out["mta_events"] = {
            host: [event for event in events if event["event"] == "active"]
            for host, events in full["mta_events"].items()
        }
    if "sessions" in full:
        out["sessions"] = [pick(row, SESSION) for row in full["sessions"]]
        for row in out["sessions"]:
            row["tcp"] = [pick(tcp, ["t0", "payload_bursts"]) for tcp in row["tcp"]]
    if "runs" in full:
        out["runs"] = [pick(row, RUN) for row in full["runs"]]
    return out


def lines(value, depth):
    """One line for each element of the big lists, so that differences stay readable."""
    dump = lambda v: json.dumps(v, separators=(",", ":"), ensure_ascii=False)
    if depth == 0 or not value or not isinstance(value, (dict, list)):
        return dump(value)
    if isinstance(value, dict):
        body = (f"{dump(key)}:{lines(member, depth - 1)}" for key, member in value.items())
        return "{\n" + ",\n".join(body) + "\n}"
    return "[\n" + ",\n".join(lines(element, 0) for element in value) + "\n]"


def main():
    source, target = map(pathlib.Path, sys.argv[1:])
    target.mkdir(parents=True, exist_ok=True)
    for path in sorted(source.glob("*.json")):
        small = compact(json.loads(path.read_text()))
        (target / path.name).write_text(lines(small, 2) + "\n")


if __name__ == "__main__":
    main()
