// A domain that was clicked: its records in the DNS at this moment.

import type { Domain, Records, Run } from "./run";
import { now, select, useTrack } from "./store";
import { clock, span } from "./words";

/** Returns the records in force, and those that come after them. */
function inForce(domain: Domain): [Records | undefined, Records | undefined] {
  const place = domain.records.findLastIndex((records) => records.from <= now.value);
  return [domain.records[place], domain.records[place + 1]];
}

function addressesOf(run: Run, name: string): string {
  return run.hosts.find((host) => host.name === name)?.addresses.join(", ") ?? "none that is told of here";
}

function Exchangers({ records, run }: { records: Records; run: Run }) {
  const isNull = records.mx.length === 1 && records.mx[0]![0] === ".";
  if (isNull) return <p>Its MX record names no host: it takes no mail (RFC 7505).</p>;
  if (records.mx.length === 0) {
    return records.addresses.length > 0 ? (
      <p>It has no MX record: mail goes to its own address, {records.addresses.join(", ")} (RFC 5321, 5.1).</p>
    ) : (
      <p>It has neither MX nor address records.</p>
    );
  }
  return (
    <table>
      <caption>MX records: the lowest preference is tried first</caption>
      <thead>
        <tr><th scope="col">Preference</th><th scope="col">Exchanger</th><th scope="col">Addresses</th></tr>
      </thead>
      <tbody>
        {records.mx.map(([host, preference]) => (
          <tr>
            <td>{preference}</td>
            <td><button type="button" class="plain" onClick={() => select({ host })}>{host}</button></td>
            <td>{addressesOf(run, host)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

export function DomainCard({ name }: { name: string }) {
  const { run } = useTrack();
  const domain = run.domains.find((other) => other.name === name);
  if (!domain) return <p>There is no domain {name} here.</p>;
  const [records, next] = inForce(domain);
  return (
    <>
      <h2>{name}</h2>
      {records?.exists ? (
        <>
          <Exchangers records={records} run={run} />
          <p>Answers may be kept for {span(records.ttl)} (TTL).</p>
        </>
      ) : (
        <p>The DNS knows no such name.</p>
      )}
      {next && <p>Its records change at {clock(next.from)}.</p>}
      <p>{domain.store === "" ? "No host keeps its mailboxes." : `Its mailboxes are at ${domain.store}.`}</p>
    </>
  );
}
