// What was clicked: a message, a host or a domain.

import { DomainCard } from "./domain";
import { LiveLink } from "./live_controls";
import { HostCard } from "./host";
import { Message } from "./message";
import { select, selectedDomain, selectedHost, selectedMessage, useTrack } from "./store";

/** So many domains are offered. */
const OFFERED = 12;

export function Details() {
  const { name } = useTrack();
  const [message, host, domain] = [selectedMessage.value, selectedHost.value, selectedDomain.value];
  return (
    <section class="details" aria-label={name === "" ? "Details" : `Details: ${name}`} tabIndex={0}>
      <p class="close"><button type="button" onClick={() => select({})}>Close details</button></p>
      {message !== null && <Message id={message} />}
      {host !== null && <HostCard name={host} />}
      {domain !== null && <DomainCard name={domain} />}
    </section>
  );
}

/** What can be looked into besides the hosts of the drawing. */
export function Domains() {
  const { run } = useTrack();
  return (
    <p class="domains">
      <LiveLink />
      Click a host to look into it, or a domain:{" "}
      {run.domains.slice(0, OFFERED).map((each) => (
        <button type="button" class="plain" onClick={() => select({ domain: each.name })}>
          {each.name}
        </button>
      ))}
      {run.domains.length > OFFERED && `and ${run.domains.length - OFFERED} more`}
    </p>
  );
}
