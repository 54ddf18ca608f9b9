// What a reader's program and the store say to each other when a message is fetched: the commands that
// the model counts (src/access/visit.rs), with the numbers that the mailbox gives the messages then.

import type { Happening, Retrieved, Said } from "./run";
import type { Track } from "./store";

/** Two fetches of one program that lie no further apart belong to one visit [s]. */
const VISIT = 120;

/** What lies in a mailbox. */
interface Box {
  inbox: string[];
  junk: string[];
}

/** Returns what lies in a mailbox after the first so many events of its run. */
function boxOf(to: string, events: Happening[], count: number): Box {
  const box: Box = { inbox: [], junk: [] };
  for (const event of events.slice(0, count)) {
    if (!("to" in event) || event.to !== to) continue;
    if (event.kind === "ended" && event.outcome === "delivered") box.inbox.push(event.id);
    if (event.kind === "junk") {
      box.inbox = box.inbox.filter((id) => id !== event.id);
      box.junk.push(event.id);
    }
    if (event.kind === "removed") box.inbox = box.inbox.filter((id) => id !== event.id);
  }
  return box;
}

function sameReader(one: Retrieved, other: Happening): other is Retrieved {
  return other.kind === "retrieved" && other.to === one.to && other.device === one.device && other.by === one.by;
}

/** The fetches of the visit that an event belongs to, in order. */
function visitOf(event: Retrieved, events: Happening[]): Retrieved[] {
  const own = events.filter((other): other is Retrieved => sameReader(event, other));
  const at = own.indexOf(event);
  let [first, last] = [at, at];
  while (first > 0 && own[first]!.t - own[first - 1]!.t < VISIT) first--;
  while (last + 1 < own.length && own[last + 1]!.t - own[last]!.t < VISIT) last++;
  return own.slice(first, last + 1);
}

const client = (text: string): Said => [null, "C", text];
const server = (text: string): Said => [null, "S", text];

function pop3(event: Retrieved, visit: Retrieved[], box: Box): Said[] {
  const all = box.inbox.length;
  const number = (id: string) => box.inbox.indexOf(id) + 1;
  const lines: Said[] = [];
  if (visit[0] === event) {
    lines.push([null, "-", "connects to port 110"], server("+OK POP3 ready"));
    lines.push(client(`USER ${event.to}`), server("+OK"), client("PASS (password)"), server("+OK"));
    lines.push(client("STAT"), server(`+OK ${all} (octets)`), client("LIST"), server(`+OK (a line for each of ${all})`));
    lines.push(client("UIDL"), server(`+OK (a line for each of ${all})`));
  }
  lines.push(client(`RETR ${number(event.id)}`), [event.t, "S", `+OK (message ${event.id})`]);
  if (visit.at(-1) === event) {
    if (event.removed !== null) {
      for (const { id } of visit) lines.push(client(`DELE ${number(id)}`), server("+OK"));
    }
    lines.push(client("QUIT"), server("+OK"));
  }
  return lines;
}

function imap(event: Retrieved, visit: Retrieved[], box: Box): Said[] {
  const isJunk = box.junk.includes(event.id);
  const folder = isJunk ? box.junk : box.inbox;
  const number = (id: string) => folder.indexOf(id) + 1;
  const all = folder.length;
  const fetch: Said[] = [client(`FETCH ${number(event.id)} (BODY[])`), [event.t, "S", `* ${number(event.id)} FETCH (message ${event.id})`], server("OK")];
  if (event.idle) {
    const announced: Said[] = [server(`* ${all} EXISTS`), client("DONE"), server("OK")];
    const first = visit[0] === event || !visit.slice(0, visit.indexOf(event)).some((other) => event.t - other.t < 1);
    return [...(first ? announced : []), ...fetch, client("IDLE"), server("+ idling")];
  }
  const lines: Said[] = [];
  if (visit[0] === event) {
    lines.push([null, "-", "connects to port 143"], server("* OK IMAP ready"), client("CAPABILITY"), server("OK"));
    lines.push(client("LOGIN (name and password)"), server("OK"));
    lines.push(client(`SELECT ${isJunk ? "Junk" : "INBOX"}`), server(`* ${all} EXISTS`));
    const news = visit.map(({ id }) => number(id)).join(" ");
    lines.push(client("SEARCH (what is new)"), server(`* SEARCH ${news}`));
    lines.push(client(`FETCH ${news.replaceAll(" ", ",")} (FLAGS)`), server("OK"));
    lines.push(client(`FETCH ${news.replaceAll(" ", ",")} (header fields)`), server("OK"));
  }
  lines.push(...fetch);
  if (visit.at(-1) === event) {
    lines.push(client("STORE (flag \\Seen)"), server("OK"), client("CLOSE"), server("OK"), client("LOGOUT"), server("* BYE"));
  }
  return lines;
}

/** Returns what is said when a message is fetched; none: the protocol is neither POP3 nor IMAP. */
export function fetchingOf(event: Retrieved, track: Track): Said[] {
  const visit = visitOf(event, track.events);
  const box = boxOf(event.to, track.events, track.events.indexOf(event));
  if (event.by === "pop3") return pop3(event, visit, box);
  return event.by.startsWith("imap") ? imap(event, visit, box) : [];
}
