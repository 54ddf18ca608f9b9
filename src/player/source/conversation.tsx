// The conversation in view, as a diagram of arrows with times: it grows line by line while the try that
// holds it is on its way, and each line is explained on demand.

import { useEffect, useRef, useState } from "preact/hooks";
import { explained } from "./explanations";
import { belongs, named } from "./people";
import { fetchingOf } from "./fetching";
import { type Attempt, type Lookup, type Said, storeOf } from "./run";
import { type Track, count, flight, moments, still, tracks, useTrack } from "./store";
import { clock } from "./words";

/** Two that talk, and what they say. */
interface Talk {
  /** Which event it belongs to. */
  index: number;
  left: string;
  right: string;
  about: string;
  lines: Turn[];
}

/** What the DNS is asked and answers, as the domain's records stand then. */
function asked(event: Lookup, track: Track): Said[] {
  const domain = track.run.domains.find(({ name }) => name === event.domain);
  const records = domain?.records.findLast(({ from }) => from <= event.t) ?? domain?.records[0];
  const exchangers = (records?.mx ?? []).map(([host, preference]) => `${preference} ${host}`);
  const answers: Record<string, string> = {
    found: exchangers.length > 0 ? `MX ${exchangers.join(", ")}` : `no MX; addresses of ${event.domain}`,
    no_such_domain: "no such domain (NXDOMAIN)",
    null_mx: "MX 0 . (this domain takes no mail, RFC 7505)",
    no_address: "no address",
    temporary_failure: "",
    loops_back: `MX ${exchangers.join(", ")}`,
  };
  const answer = answers[event.outcome] ?? event.outcome;
  const question: Said = [event.t, "C", `MX ${event.domain}?`];
  return [question, answer === "" ? [null, "-", "no answer comes"] : [event.t, "S", answer]];
}

/** A line, and those of the same reply that follow it. */
interface Turn {
  t: number | null;
  who: Said[1];
  text: string;
  further: string[];
}

/** Joins the lines of a reply that takes several (RFC 5321 §4.2.1): all but the last have a hyphen behind the code. */
function turns(lines: Said[]): Turn[] {
  const made: Turn[] = [];
  let open = false;
  for (const [t, who, text] of lines) {
    const last = made.at(-1);
    if (open && who === "S" && last) last.further.push(text.slice(4));
    else made.push({ t, who, text, further: [] });
    open = who === "S" && /^\d{3}-/.test(text);
  }
  return made;
}

function talkOf(index: number, track: Track): Talk | null {
  const event = moments[index]?.event;
  if (!event) return null;
  if (event.kind === "attempt") return tried(index, event);
  if (event.kind === "retrieved") {
    const lines = fetchingOf(event, track);
    if (lines.length === 0) return null;
    const left = event.host === "" ? event.to : event.host;
    return { index, left, right: storeOf(track.run, event.to), about: `message ${event.id}`, lines: turns(lines) };
  }
  if (event.kind !== "lookup") return null;
  const about = `where is mail for ${event.domain} taken?`;
  return { index, left: event.host, right: "DNS", about, lines: turns(asked(event, track)) };
}

function tried(index: number, event: Attempt): Talk | null {
  if (event.host === "" || event.host === event.from) return null;
  const lines: Said[] =
    event.dialogue.length > 0 ? event.dialogue : [[event.t, "-", shortly(event)]];
  return { index, left: event.from, right: event.host, about: `message ${event.id}`, lines: turns(lines) };
}

/** What a try without a dialogue came to. */
function shortly({ outcome, reply, status }: Attempt): string {
  if (outcome === "refused") return "the connection is refused";
  if (outcome === "timeout") return "nobody answers";
  if (outcome === "lost") return "the connection is lost";
  return `${outcome}${reply === null ? "" : ` ${reply} ${status}`}`;
}

/** The talk that goes on, or the latest that was. */
function inView(track: Track): Talk | null {
  const place = tracks.indexOf(track);
  const coming = flight.value;
  if (coming && moments[coming.index]!.track === place) {
    const talk = talkOf(coming.index, track);
    if (talk) return talk;
  }
  const least = Math.max(0, count.value - 400);
  for (let index = count.value - 1; index >= least; index--) {
    if (moments[index]!.track !== place) continue;
    const talk = talkOf(index, track);
    if (talk) return talk;
  }
  return null;
}

/** How many of so many lines have been said, while a try is on its way. */
function useGrowth(index: number, lines: number): number {
  const coming = flight.value;
  const grows = coming !== null && coming.index === index && !still;
  const [said, setSaid] = useState(0);
  useEffect(() => {
    if (!grows) return;
    setSaid(0);
    // All is said a little before the end of the way.
    const each = (coming.lasts * 0.9) / Math.max(1, lines);
    const timer = window.setInterval(() => setSaid((before) => before + 1), each);
    return () => window.clearInterval(timer);
  }, [grows, index, lines]);
  return grows ? Math.min(said, lines) : lines;
}

function Line({ line: { t, who, text, further }, shown }: { line: Turn; shown: boolean }) {
  const [open, setOpen] = useState(false);
  const why = who === "-" ? "" : explained(text, who);
  const sort = who === "C" ? "from-left" : who === "S" ? "from-right" : "aside";
  return (
    <li class={`${sort}${shown ? "" : " unsaid"}`}>
      <time>{t === null ? "" : clock(t).replace(/^00:/, "")}</time>
      {why === "" ? (
        <span class="said">{text}</span>
      ) : (
        <button type="button" class="said" aria-expanded={open} onClick={() => setOpen(!open)}>
          {text}
          {further.length > 0 && <span class="further">{further.join(", ")}</span>}
        </button>
      )}
      {open && <p class="why">{why}</p>}
    </li>
  );
}

/** One side: its short name, and where it belongs. */
function Who({ name }: { name: string }) {
  const { run } = useTrack();
  const where = belongs(name, run);
  return <b>{named(name, run)}{where !== "" && <small>{where}</small>}</b>;
}

export function Conversation() {
  const track = useTrack();
  const talk = inView(track);
  const list = useRef<HTMLOListElement>(null);
  const said = useGrowth(talk?.index ?? -1, talk?.lines.length ?? 0);
  useEffect(() => {
    const box = list.current;
    const last = box?.querySelectorAll<HTMLElement>("li:not(.unsaid)");
    const line = last?.[last.length - 1];
    if (box && line) box.scrollTop = line.offsetTop + line.offsetHeight - box.clientHeight;
  }, [said, talk?.index]);
  if (!talk) {
    return (
      <section class="conversation" aria-label="Conversation">
        <p class="hint">What servers say to each other is drawn here.</p>
      </section>
    );
  }
  return (
    <section class="conversation" aria-label="Conversation">
      <header>
        <Who name={talk.left} />
        <span>{talk.about}</span>
        <Who name={talk.right} />
      </header>
      <ol ref={list} tabIndex={0} aria-label={`${named(talk.left, track.run)} and ${named(talk.right, track.run)}, line by line`}>
        {talk.lines.map((line, place) => (
          <Line key={`${talk.index}-${place}`} line={line} shown={place < said} />
        ))}
      </ol>
    </section>
  );
}
