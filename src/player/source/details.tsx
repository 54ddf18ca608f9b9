// What was clicked: a message, a host or a domain.

import { DomainCard } from "./domain";
import { LiveLink } from "./live_controls";
import { HostCard } from "./host";
import { Message } from "./message";
import { select, selectedDomain, selectedHost, selectedMessage, useTrack } from "./store";

/** So many domains are offered. */
const OFFERED = 12;

export function Details() {
  const { name, run } = useTrack();
  const [message, host, domain] = [selectedMessage.value, selectedHost.value, selectedDomain.value];
  const chosen = message ?? host ?? domain;
  return (
    <section class="details" aria-label={name === "" ? "Details" : `Details: ${name}`} tabIndex={0}>
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
            {run.domains.slice(0, OFFERED).map((each) => (
              <button type="button" class="plain" onClick={() => select({ domain: each.name })}>
                {each.name}
              </button>
            ))}
            {run.domains.length > OFFERED && `and ${run.domains.length - OFFERED} more`}
          </p>
        </>
      ) : (
        <p><button type="button" onClick={() => select({})}>Close details</button></p>
      )}
    </section>
  );
}
