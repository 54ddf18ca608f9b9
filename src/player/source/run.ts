// The run as the page holds it: names once, events as short arrays.

export interface Host {
  name: string;
  roles: string[];
  server: string;
  addresses: string[];
  /** Place in the drawing, in units of the layout's grid; none: not drawn. */
  at: [number, number] | null;
}

export interface Domain {
  name: string;
  exchangers: [host: string, preference: number][];
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
  target: string;
  mode: string;
  from: number;
  to: number;
}

/** What one side said, or what happened to the connection. */
export type Said = [t: number | null, who: "C" | "S" | "-", text: string];

export interface Run {
  title: string;
  question: string;
  lookFor: string;
  duration: number;
  seed: number;
  /** Whether the page tells of all that happened. */
  capped: boolean;
  facts: number;
  hosts: Host[];
  links: [number, number][];
  domains: Domain[];
  notes: Note[];
  outages: Outage[];
  /** Sizes of queues: host, then [t, waiting] in order of time. */
  queues: [host: string, samples: [number, number][]][];
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
}
export interface Ended extends About {
  kind: "ended";
  host: string;
  outcome: string;
  status: string;
  received: number;
  duplicate: boolean;
}
export interface Retrieved extends About {
  kind: "retrieved";
  by: string;
  /** Which of several devices; empty: the only one. */
  device: string;
}
export interface Open extends About {
  kind: "open";
  host: string;
  state: string;
}
export interface Failure extends At {
  kind: "fails" | "recovers";
  target: string;
  mode: string;
}
export interface Remark extends At {
  kind: "note";
  note: Note;
}

export type Fact = Created | Accepted | Lookup | Attempt | Ended | Retrieved | Open;
export type Happening = Fact | Failure | Remark;

/** Returns the events in the order in which they are played: the run's, its outages and notes. */
export function happenings(run: Run): Happening[] {
  const failures: Happening[] = run.outages.flatMap((outage) => {
    const { target, mode } = outage;
    const begins: Failure = { kind: "fails", t: outage.from, target, mode };
    const ends: Failure = { kind: "recovers", t: outage.to, target, mode };
    return outage.to < run.duration ? [begins, ends] : [begins];
  });
  const notes = (after: boolean): Happening[] =>
    run.notes
      .filter((note) => note.after === after)
      .map((note) => ({ kind: "note", t: note.t, note }));
  const all = [...failures, ...notes(false), ...run.events, ...notes(true)];
  // The sort keeps the order of equal times: what fails comes before what it befalls.
  return all.sort((a, b) => a.t - b.t);
}

/** Returns the host an event happens at. */
export function placeOf(event: Happening): string {
  switch (event.kind) {
    case "attempt":
      return event.from;
    case "fails":
    case "recovers":
      return event.target;
    case "note":
    case "retrieved":
      return "";
    default:
      return event.host;
  }
}

/** Returns whether an event concerns a host. */
export function concerns(event: Happening, host: string): boolean {
  if (event.kind === "attempt") return event.from === host || event.host === host;
  return placeOf(event) === host;
}
