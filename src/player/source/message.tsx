// A message that was clicked: its envelope, attempts, what was said, and its header.

import type { Attempt, Created, Fact, Said } from "./run";
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

/** The header as it stands: the newest field first, as in a real message. */
function Header({ fields }: { fields: string[] }) {
  if (fields.length === 0) return null;
  return (
    <>
      <h3>Header now</h3>
      <pre class="header">
        {[...fields].reverse().map((field, index) =>
          index === 0 ? <mark key={index}>{field}{"\n"}</mark> : <span key={index}>{field}{"\n"}</span>,
        )}
      </pre>
      <p class="hint">Read from the bottom up: each server writes its line above the others.</p>
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
  const fields = facts.flatMap((fact) => (fact.kind === "accepted" && fact.field ? [fact.field] : []));
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
      <Header fields={[...new Set(fields)]} />
    </>
  );
}
