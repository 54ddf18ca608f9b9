// A message that was clicked: its envelope, attempts, what was said, and its header.

import type { Accepted, Attempt, Created, Fact, Lookup, Said } from "./run";
import { now, useTrack } from "./store";
import { clock, span, told } from "./words";

function Dialogue({ lines }: { lines: Said[] }) {
  if (lines.length === 0) return null;
  return (
    <table class="dialogue">
      <caption>What was said in the latest attempt</caption>
      <thead>
        <tr><th scope="col">Time</th><th scope="col">Who</th><th scope="col">Line</th></tr>
      </thead>
      <tbody>
        {lines.map(([t, who, text]) => (
          <tr class={who === "C" ? "client" : who === "S" ? "server" : "line"}>
            <td>{t === null ? "" : clock(t)}</td>
            <td>{who === "C" ? "client" : who === "S" ? "server" : "network"}</td>
            <td>{text}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** The Received fields of one copy, in the order in which servers wrote them. */
interface Fields {
  to: string;
  host: string;
  fields: string[];
}

/** Follows each copy back along the hosts that took it, from where it is now. */
function headers(facts: Exclude<Fact, Lookup>[]): Fields[] {
  const made: Fields[] = [];
  const recipients = [...new Set(facts.map(({ to }) => to))];
  for (const to of recipients) {
    const own = facts.filter((fact) => fact.to === to);
    const taken = own.filter((fact): fact is Accepted => fact.kind === "accepted");
    const handed = own.filter((fact): fact is Attempt => fact.kind === "attempt" && fact.outcome === "accepted" && fact.host !== fact.from);
    // A copy that was handed on is where it was taken, and no longer here.
    const gone = new Set(handed.map(({ from }) => from));
    const ends = taken.filter(({ host }) => !gone.has(host));
    for (const end of ends.length > 0 ? ends : taken.slice(-1)) {
      const fields: string[] = [];
      const seen = new Set<string>();
      for (let at: Accepted | undefined = end; at && !seen.has(at.host); ) {
        seen.add(at.host);
        if (at.field !== "") fields.unshift(at.field);
        const here: Accepted = at;
        const by = handed.findLast(({ host, started }) => host === here.host && started <= here.t);
        at = by && taken.findLast(({ host, t }) => host === by.from && t <= here.t);
      }
      made.push({ to, host: end.host, fields });
    }
  }
  return made;
}

/** A copy's header as it stands: the newest field first, as in a real message. */
function Header({ copies }: { copies: Fields[] }) {
  const told = copies.filter(({ fields }) => fields.length > 0);
  if (told.length === 0) return null;
  return (
    <>
      <h3>{told.length === 1 ? "Received fields now" : "Received fields now, copy by copy"}</h3>
      {told.map(({ to, host, fields }) => (
        <>
          {told.length > 1 && <h4>The copy for {to} at {host}</h4>}
          <pre class="header" data-to={to}>
            {[...fields].reverse().map((field, index) =>
              index === 0 ? <mark key={index}>{field}{"\n"}</mark> : <span key={index}>{field}{"\n"}</span>,
            )}
          </pre>
        </>
      ))}
      <p class="hint">
        Read from the bottom up: each server writes its line above the others.
      </p>
    </>
  );
}

/** Names a recipient, and where the header does not name it under To. */
function recipient({ to, named }: Created): string {
  if (named === "none") return `${to} (blind copy: in no field of the header)`;
  return named ? `${to} (${named})` : to;
}

/** So many attempts are listed: the latest. */
const LISTED = 12;

export function Message({ id }: { id: string }) {
  const track = useTrack();
  const own = track.events.flatMap((event, index) =>
    "id" in event && event.id === id ? [{ event: event as Fact, index }] : [],
  );
  const all = own.flatMap(({ event }) => (event.kind === "created" ? [event as Created] : []));
  const first = all[0];
  if (!first) return <p>Message {id} is not among those told of here.</p>;
  const facts = own.flatMap(({ event, index }) => (index < track.count.value ? [event] : []));
  const attempts = facts.filter((fact): fact is Attempt => fact.kind === "attempt");
  const last = attempts.at(-1);
  const next = last && last.outcome !== "accepted" ? last.next : null;
  const ends = facts.filter((fact) => fact.kind === "ended" || fact.kind === "open");
  return (
    <>
      <h2>Message {id}</h2>
      <dl>
        <dt>Envelope sender</dt><dd>{first.sender === "" ? "<> (a notice)" : first.sender}</dd>
        <dt>Envelope recipients</dt><dd>{all.map(recipient).join(", ")}</dd>
        <dt>Kind</dt><dd>{first.what.replaceAll("_", " ")}{first.about ? `, about ${first.about}` : ""}</dd>
        <dt>Size</dt><dd>{first.octets.toLocaleString("en")} octets</dd>
        <dt>Age now</dt><dd>{now.value >= first.t ? span(now.value - first.t) : "not yet written"}</dd>
        {next !== null && <><dt>Next attempt</dt><dd>{clock(next)}</dd></>}
        {ends.length > 0 && (
          <><dt>End</dt><dd>{ends.map((end) => `${end.to} ${told(end)}`).join("; ")}</dd></>
        )}
      </dl>
      <h3>Attempts so far: {attempts.length}</h3>
      <ol class="attempts" start={Math.max(1, attempts.length - LISTED + 1)}>
        {attempts.slice(-LISTED).map((attempt) => (
          <li>
            <time>{clock(attempt.started)}</time> {told(attempt)}
            {attempt.preference !== null && `, preference ${attempt.preference}`}
            {attempt.next !== null && `; next at ${clock(attempt.next)}`}
          </li>
        ))}
      </ol>
      {last && <Dialogue lines={last.dialogue} />}
      {(track.run.capped || track.run.talkCapped) && last?.dialogue.length === 0 && last.stage !== "local" && (
        <p class="hint">There was no room to tell what was said; mailsim trace tells it.</p>
      )}
      <Header copies={headers(facts.filter((fact) => fact.kind !== "lookup"))} />
    </>
  );
}
