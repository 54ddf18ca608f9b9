// Times and events in words.

import type { Attempt, Happening } from "./run";

/** Writes a time of the run: 2 h 03 min 04.5 s. */
export function clock(t: number): string {
  const whole = Math.floor(t);
  const days = Math.floor(whole / 86400);
  const hours = Math.floor((whole % 86400) / 3600);
  const minutes = Math.floor((whole % 3600) / 60);
  const seconds = t - Math.floor(whole / 60) * 60;
  const two = (n: number) => String(n).padStart(2, "0");
  const tail = `${two(hours)}:${two(minutes)}:${seconds < 10 ? "0" : ""}${seconds.toFixed(3)}`;
  return days > 0 ? `day ${days + 1}, ${tail}` : tail;
}

/** Writes a span of time with two units at most. */
export function span(seconds: number): string {
  if (seconds < 1) return `${Math.round(seconds * 1000)} ms`;
  if (seconds < 60) return `${seconds.toFixed(1)} s`;
  const units: [string, number][] = [["d", 86400], ["h", 3600], ["min", 60], ["s", 1]];
  const first = units.findIndex(([, size]) => seconds >= size);
  const [large, largeSize] = units[first]!;
  const [small, smallSize] = units[Math.min(first + 1, units.length - 1)]!;
  const count = Math.floor(seconds / largeSize);
  const rest = Math.floor((seconds - count * largeSize) / smallSize);
  return rest > 0 && small !== large ? `${count} ${large} ${rest} ${small}` : `${count} ${large}`;
}

const ENDS: Record<string, string> = {
  accepted: "is taken by",
  tempfail: "is deferred by",
  permfail: "is refused by",
  refused: "finds the connection refused by",
  timeout: "gets no answer from",
  lost: "loses the connection to",
};

const FAILURES: Record<string, [short: string, long: string]> = {
  tempfail: ["deferred", "deferred by a 4yz reply"],
  permfail: ["rejected", "rejected by a 5yz reply"],
  refused: ["refused", "refused at connection"],
  timeout: ["timed out", "timed out"],
  lost: ["cut off", "cut off in the session"],
};

/** Says what happened to tries with this outcome. */
export function failures(outcome: string): string {
  return FAILURES[outcome]?.[1] ?? outcome;
}

/** Says the same where there is little room. */
export function shortly(outcome: string): string {
  return FAILURES[outcome]?.[0] ?? outcome;
}

/** Says what an attempt came to. */
export function attempted(event: Attempt): string {
  if (event.outcome === "suspended") return `is put off at ${event.from} without a try`;
  if (event.stage === "suspended") return `is given up at ${event.from} without a try`;
  if (event.stage === "local") {
    if (event.known) return `comes to the mailbox at ${event.from} a second time, which has it already and drops it`;
    return event.outcome === "accepted"
      ? `is handed to the mailbox by ${event.from}`
      : `is not taken by the mailbox at ${event.from} (${event.status})`;
  }
  if (event.host === "") return `finds no host to try (${event.status})`;
  const reply = event.reply === null ? "" : ` (${event.reply} ${event.status})`;
  return `${ENDS[event.outcome] ?? event.outcome} ${event.host}${reply}`;
}

const LOOKUPS: Record<string, string> = {
  found: "finds exchangers for",
  no_such_domain: "is told there is no domain",
  null_mx: "is told that no mail is taken for",
  no_address: "finds no address for",
  temporary_failure: "gets no answer about",
  loops_back: "finds itself as exchanger of",
};

const FINALS: Record<string, string> = {
  delivered: "is in the mailbox at",
  failed: "is given up at",
  discarded: "is dropped at",
};

/** Says what happened, in one line. */
export function told(event: Happening): string {
  switch (event.kind) {
    case "created":
      return event.sender === ""
        ? `is written by ${event.host} to ${event.to}: a ${event.what.replaceAll("_", " ")}`
        : `is written by ${event.sender} to ${event.to}`;
    case "accepted":
      return `is with ${event.host}, which answers for it from now on`;
    case "lookup":
      return `${event.host} ${LOOKUPS[event.outcome] ?? event.outcome} ${event.domain}`;
    case "attempt":
      return attempted(event);
    case "ended":
      return `${FINALS[event.outcome] ?? event.outcome} ${event.host}${event.duplicate ? " once more" : ""}`;
    case "screened":
      return `is examined: ${event.host} ${event.text}`;
    case "junk":
      return "lies in the folder Junk";
    case "retrieved":
      return `is fetched by ${event.to} with ${event.by.toUpperCase()}${event.device ? ` on ${event.device}` : ""}`;
    case "removed":
      return `is deleted from the mailbox of ${event.to}: the reader's program has said QUIT`;
    case "open":
      return `is still ${event.state.replaceAll("_", " ")} at ${event.host} at the end`;
    case "fails":
      return `Outage begins: ${event.outage.target} (${event.outage.mode.replaceAll("_", " ")})`;
    case "recovers":
      return `Outage ends: ${event.outage.target}`;
    case "note":
      return event.note.text || `Question: ${event.note.ask}`;
  }
}

/** The class of an event: its colour and its sign, so that no meaning is in colour alone. */
export function tone(event: Happening): { name: string; sign: string } {
  switch (event.kind) {
    case "attempt":
      if (event.outcome === "accepted") return { name: "good", sign: "✓" };
      if (event.outcome === "suspended" || event.outcome === "tempfail")
        return { name: "wait", sign: "…" };
      return event.outcome === "timeout"
        ? { name: "wait", sign: "?" }
        : { name: "bad", sign: "✕" };
    case "ended":
      return event.outcome === "delivered"
        ? { name: "good", sign: "✓" }
        : { name: "bad", sign: "✕" };
    case "screened":
      return event.verdict === "welcome" ? { name: "plain", sign: "⌕" } : { name: "wait", sign: "⌕" };
    case "junk":
      return { name: "wait", sign: "⚑" };
    case "retrieved":
      return { name: "good", sign: "✉" };
    case "fails":
      return { name: "bad", sign: "⚡" };
    case "recovers":
      return { name: "good", sign: "↺" };
    case "note":
      return { name: "note", sign: "✎" };
    case "lookup":
      return event.outcome === "found" ? { name: "plain", sign: "?" } : { name: "wait", sign: "?" };
    default:
      return { name: "plain", sign: "•" };
  }
}
