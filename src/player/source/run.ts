// The run as the page holds it: names once, events as short arrays.

export interface Host {
  name: string;
  roles: string[];
  server: string;
  addresses: string[];
  /** Position in the run's sets of settings. */
  settings: number;
  /** Place in the drawing, in units of the layout's grid; none: not drawn. */
  at: [number, number] | null;
}

/** A setting of a mail server, or a limit: its value as a scenario writes it, and whether it differs from the default. */
export type Setting = [name: string, value: string, changed: boolean];

/** Hosts that differ in a number alone, drawn as one: the place of the first stands for all. */
export interface Group {
  /** Position of the first of them among the hosts. */
  first: number;
  count: number;
  /** What stands before the number in their names, the number of the first, and what stands after it. */
  prefix: string;
  number: number;
  suffix: string;
}

/** The records of a domain from a time on. */
export interface Records {
  from: number;
  exists: boolean;
  /** Time to live in seconds. */
  ttl: number;
  mx: [host: string, preference: number][];
  addresses: string[];
}

export interface Domain {
  name: string;
  records: Records[];
  store: string;
}

export interface Note {
  t: number;
  text: string;
  ask: string;
  answer: string;
  /** Whether it follows what happens at that instant. */
  after: boolean;
}

export interface Outage {
  /** Which of the scenario's outages it belongs to. */
  entry: number;
  /** What fails, as the scenario calls it. */
  target: string;
  mode: string;
  from: number;
  to: number;
}

/** What an entry of the scenario's outages strikes. */
export interface Struck {
  entry: number;
  hosts: string[];
  links: [string, string][];
}

/** What one side said, or what happened to the connection. */
export type Said = [t: number | null, who: "C" | "S" | "-", text: string];

export interface Run {
  /** What the run is called beside another; empty if it is alone. */
  name: string;
  title: string;
  question: string;
  lookFor: string;
  duration: number;
  seed: number;
  /** Whether the page tells of all that happened. */
  capped: boolean;
  /** Whether some dialogues and Received fields found no room. */
  talkCapped: boolean;
  facts: number;
  hosts: Host[];
  /** All hosts of the scenario, told of or not. */
  hostCount: number;
  groups: Group[];
  settings: Setting[][];
  links: [number, number][];
  domains: Domain[];
  notes: Note[];
  outages: Outage[];
  struck: Struck[];
  /** Positions of the hosts of each part into which a cut splits the network; none: nothing splits it. */
  parts: number[][];
  /** Sizes of queues: host, then [t, waiting] in order of time. */
  queues: [host: string, samples: [number, number][]][];
  /** Of each queue one sample stays in so many seconds; 0: all that say something new. */
  queuesEvery: number;
  /** How all mail stood, where not all stories are told: recipients so far, and mailboxes that changed. */
  totals: [t: number, written: number, delivered: number, given_up: number, stored: [host: string, copies: number][]][];
  events: Happening[];
}

interface At {
  /** Virtual time in seconds. */
  t: number;
}
interface About extends At {
  id: string;
  to: string;
}

export interface Created extends About {
  kind: "created";
  host: string;
  sender: string;
  what: string;
  about: string;
  octets: number;
  /** The field of the header that names the recipient: "" is To, "Cc", or "none" for a blind copy. */
  named: string;
}
export interface Accepted extends About {
  kind: "accepted";
  host: string;
  /** The Received field that the host added; empty: it adds none. */
  field: string;
}
export interface Lookup extends At {
  kind: "lookup";
  host: string;
  domain: string;
  outcome: string;
}
export interface Attempt extends About {
  kind: "attempt";
  from: string;
  host: string;
  started: number;
  stage: string;
  outcome: string;
  reply: number | null;
  status: string;
  next: number | null;
  preference: number | null;
  dialogue: Said[];
  /** Set if its server is known to answer for the message from then on. */
  taken?: boolean;
  /** Set if the mailbox has the message already, and does not take it a second time. */
  known?: boolean;
}
export interface Ended extends About {
  kind: "ended";
  host: string;
  outcome: string;
  status: string;
  received: number;
  duplicate: boolean;
}
/** What a server found out about a message. */
export interface Screened extends About {
  kind: "screened";
  host: string;
  verdict: string;
  text: string;
}
/** The copy just delivered lies in the folder Junk. */
export interface Junk extends About {
  kind: "junk";
}
export interface Retrieved extends About {
  kind: "retrieved";
  by: string;
  /** Which of several devices; empty: the only one. */
  device: string;
  /** Where the reader sits; empty: nowhere in the drawing. */
  host: string;
  /** Whether the store announced it (IDLE). */
  idle: boolean;
  /** When it is deleted from the mailbox; none: it stays. */
  removed: number | null;
}
/** The copy that was fetched is deleted from the mailbox. */
export interface Removed extends About {
  kind: "removed";
}
export interface Open extends About {
  kind: "open";
  host: string;
  state: string;
}
export interface Failure extends At {
  kind: "fails" | "recovers";
  outage: Outage;
  struck: Struck;
}
export interface Remark extends At {
  kind: "note";
  note: Note;
}

export type Fact = Created | Accepted | Lookup | Attempt | Ended | Screened | Junk | Retrieved | Removed | Open;
export type Happening = Fact | Failure | Remark;

/** Returns the events in the order in which they are played: the run's, its outages and notes. */
export function happenings(run: Run): Happening[] {
  const failures: Happening[] = run.outages.flatMap((outage) => {
    const struck = run.struck.find(({ entry }) => entry === outage.entry) ?? { entry: outage.entry, hosts: [], links: [] };
    const begins: Failure = { kind: "fails", t: outage.from, outage, struck };
    const ends: Failure = { kind: "recovers", t: outage.to, outage, struck };
    return outage.to < run.duration ? [begins, ends] : [begins];
  });
  const notes = (after: boolean): Happening[] =>
    run.notes
      .filter((note) => note.after === after)
      .map((note) => ({ kind: "note", t: note.t, note }));
  const removals = run.events.flatMap((event): Happening[] =>
    event.kind === "retrieved" && event.removed !== null && event.removed < run.duration
      ? [{ kind: "removed", t: event.removed, id: event.id, to: event.to }]
      : [],
  );
  const all = [...failures, ...notes(false), ...withKnown(run.events), ...removals, ...notes(true)];
  // The sort keeps the order of equal times: what fails comes before what it strikes.
  return beforeTheirEffects(all.sort((a, b) => a.t - b.t));
}

/** Marks what is handed to a mailbox that has it already: no delivery follows from it. */
function withKnown(events: Happening[]): Happening[] {
  const key = (id: string, to: string, host: string, t: number) => `${id} ${to} ${host} ${t}`;
  const delivered = new Set(events.flatMap((event) => (event.kind === "ended" ? [key(event.id, event.to, event.host, event.t)] : [])));
  return events.map((event) => {
    if (event.kind !== "attempt" || event.stage !== "local" || event.outcome !== "accepted") return event;
    return delivered.has(key(event.id, event.to, event.from, event.t)) ? event : { ...event, known: true };
  });
}

/**
 * Moves each try that was accepted to where its server took the message: its client learns of that a
 * moment later, when the reply has come, but who watches sees the message arrive before what follows.
 */
function beforeTheirEffects(events: Happening[]): Happening[] {
  const taken = new Map<string, number[]>();
  const key = (id: string, to: string, host: string) => `${id} ${to} ${host}`;
  events.forEach((event, index) => {
    if (event.kind !== "accepted") return;
    const of = key(event.id, event.to, event.host);
    taken.set(of, [...(taken.get(of) ?? []), index]);
  });
  const moved = new Map<number, Attempt[]>();
  const left = events.filter((event, index) => {
    if (event.kind !== "attempt" || event.outcome !== "accepted" || event.host === event.from) return true;
    const places = taken.get(key(event.id, event.to, event.host)) ?? [];
    const place = places.findLast((each) => each < index && events[each]!.t >= event.started);
    if (place === undefined) return true;
    moved.set(place, [...(moved.get(place) ?? []), { ...event, t: events[place]!.t, taken: true }]);
    return false;
  });
  if (moved.size === 0) return events;
  const at = new Map([...moved].map(([place, tries]) => [events[place]!, tries]));
  return left.flatMap((event) => [...(at.get(event) ?? []), event]);
}

/** Returns the host that keeps a mailbox; empty: none of the run. */
export function storeOf(run: Run, to: string): string {
  const name = to.slice(to.lastIndexOf("@") + 1);
  return run.domains.find((domain) => domain.name === name)?.store ?? "";
}

/** Returns whether an event concerns a host. */
export function concerns(event: Happening, host: string): boolean {
  switch (event.kind) {
    case "attempt":
      return event.from === host || event.host === host;
    case "fails":
    case "recovers":
      return event.struck.hosts.includes(host);
    case "note":
    case "junk":
    case "removed":
      return false;
    default:
      return event.host === host;
  }
}
