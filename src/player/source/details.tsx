// What was clicked: a message with its attempts, dialogue and header, a host with its queue, a domain.

import { LiveHost, LiveLink } from "./live_controls";
import type { Attempt, Created, Fact, Said } from "./run";
import { clock, span, told } from "./words";
import { count, events, now, run, select, selectedDomain, selectedHost, selectedMessage, world } from "./store";

function Dialogue({ lines }: { lines: Said[] }) {
  if (lines.length === 0) return null;
  return (
    <table class="dialogue">
      <caption>What was said</caption>
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

function Message({ id }: { id: string }) {
  const past = events.slice(0, count.value);
  const facts = past.filter((event): event is Fact => "id" in event && event.id === id);
  const all = events.filter((event): event is Created => event.kind === "created" && event.id === id);
  const first = all[0];
  if (!first) return null;
  const attempts = facts.filter((fact): fact is Attempt => fact.kind === "attempt");
  const last = attempts.at(-1);
  const fields = facts.flatMap((fact) => (fact.kind === "accepted" && fact.field ? [fact.field] : []));
  const next = last && last.outcome !== "accepted" ? last.next : null;
  return (
    <>
      <h2>Message {id}</h2>
      <dl>
        <dt>Envelope sender</dt><dd>{first.sender === "" ? "<> (a notice)" : first.sender}</dd>
        <dt>Envelope recipients</dt><dd>{all.map((created) => created.to).join(", ")}</dd>
        <dt>Kind</dt><dd>{first.what.replaceAll("_", " ")}{first.about ? `, about ${first.about}` : ""}</dd>
        <dt>Size</dt><dd>{first.octets.toLocaleString("en")} octets</dd>
        <dt>Age now</dt><dd>{now.value >= first.t ? span(now.value - first.t) : "not yet written"}</dd>
        {next !== null && <><dt>Next attempt</dt><dd>{clock(next)}</dd></>}
      </dl>
      <h3>Attempts so far: {attempts.length}</h3>
      <ol class="attempts">
        {attempts.slice(-12).map((attempt) => (
          <li>
            <time>{clock(attempt.started)}</time> {told(attempt)}
            {attempt.preference !== null && `, preference ${attempt.preference}`}
            {attempt.next !== null && `; next at ${clock(attempt.next)}`}
          </li>
        ))}
      </ol>
      {last && <Dialogue lines={last.dialogue} />}
      <Header fields={[...new Set(fields)]} />
    </>
  );
}

function HostCard({ name }: { name: string }) {
  const host = run.hosts.find((other) => other.name === name);
  if (!host) return null;
  const held = [...(world.value.held.get(name) ?? [])];
  const born = new Map<string, number>();
  for (const event of events.slice(0, count.value)) {
    if (event.kind === "created" && !born.has(event.id)) born.set(event.id, event.t);
  }
  const domains = run.domains.filter(
    (domain) => domain.store === name || domain.exchangers.some(([exchanger]) => exchanger === name),
  );
  const modes = world.value.failed.get(name);
  return (
    <>
      <h2>{name}</h2>
      <dl>
        <dt>Roles</dt><dd>{host.roles.join(", ") || "none"}</dd>
        <dt>Mail server</dt><dd>{host.server}</dd>
        <dt>Addresses</dt><dd>{host.addresses.join(", ") || "none"}</dd>
        <dt>State</dt><dd>{modes ? `failed: ${modes.join(", ")}` : "works"}</dd>
        {domains.length > 0 && (
          <>
            <dt>Domains</dt>
            <dd>
              {domains.map((domain) => (
                <button type="button" class="plain" onClick={() => select({ domain: domain.name })}>
                  {domain.name}
                </button>
              ))}
            </dd>
          </>
        )}
      </dl>
      <LiveHost name={name} />
      <h3>Waiting here: {held.length}</h3>
      <ol class="queue">
        {held.slice(0, 20).map((copy) => {
          const [id, to] = copy.split(" ") as [string, string];
          return (
            <li>
              <button type="button" class="plain" onClick={() => select({ message: id })}>{id}</button>{" "}
              to {to}, {span(Math.max(0, now.value - (born.get(id) ?? now.value)))} old
            </li>
          );
        })}
      </ol>
      {held.length > 20 && <p class="hint">and {held.length - 20} more</p>}
    </>
  );
}

function DomainCard({ name }: { name: string }) {
  const domain = run.domains.find((other) => other.name === name);
  if (!domain) return null;
  return (
    <>
      <h2>{name}</h2>
      <table>
        <caption>MX records: the lowest preference is tried first</caption>
        <thead><tr><th scope="col">Preference</th><th scope="col">Exchanger</th></tr></thead>
        <tbody>
          {domain.exchangers.map(([host, preference]) => (
            <tr>
              <td>{preference}</td>
              <td>
                <button type="button" class="plain" onClick={() => select({ host })}>{host}</button>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {domain.exchangers.length === 0 && <p>It has no MX records.</p>}
      <p>{domain.store === "" ? "No host keeps its mailboxes." : `Its mailboxes are at ${domain.store}.`}</p>
    </>
  );
}

export function Details() {
  const [message, host, domain] = [selectedMessage.value, selectedHost.value, selectedDomain.value];
  const chosen = message ?? host ?? domain;
  return (
    <section class="details" aria-label="Details">
      {message !== null && <Message id={message} />}
      {host !== null && <HostCard name={host} />}
      {domain !== null && <DomainCard name={domain} />}
      {chosen === null ? (
        <>
          <LiveLink />
          <h2>Details</h2>
          <p>Click an event, a host or a domain to look into it.</p>
          <p>
            Domains:{" "}
            {run.domains.slice(0, 12).map((each) => (
              <button type="button" class="plain" onClick={() => select({ domain: each.name })}>
                {each.name}
              </button>
            ))}
          </p>
        </>
      ) : (
        <p><button type="button" onClick={() => select({})}>Close details</button></p>
      )}
    </section>
  );
}
