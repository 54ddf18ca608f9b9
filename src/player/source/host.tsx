// A host that was clicked: its settings, sessions, queue by age and destination, and own events.

import { drawing, isIn, nameOf } from "./drawing";
import { LiveHost } from "./live_controls";
import { type Attempt, type Group, type Happening, type Host, type Run, type Setting, concerns } from "./run";
import { type World, copyOf } from "./state";
import { type Track, goToTime, now, select, useTrack } from "./store";
import { clock, failures, span, told } from "./words";

/** Ages at which a column of the queue's table ends [min], as in Postfix's qshape. */
const AGES = [5, 10, 20, 40, 80, 160, 320, 640, 1280];
/** So many destinations, waiting copies and events are listed. */
const LISTED = 10;

/** When each copy came to a host that answers for it [s]. */
const births = new Map<Run, Map<string, number>>();

function birthsOf(track: Track): Map<string, number> {
  const known = births.get(track.run);
  if (known) return known;
  const made = new Map<string, number>();
  for (const event of track.events) {
    if (event.kind === "created" && !made.has(copyOf(event))) made.set(copyOf(event), event.t);
  }
  births.set(track.run, made);
  return made;
}

/** What waits, by destination and age: the oldest destinations are the ones that do not answer. */
function Shape({ copies, born }: { copies: string[]; born: Map<string, number> }) {
  if (copies.length === 0) return null;
  const byDestination = new Map<string, number[]>();
  let last = 0;
  for (const copy of copies) {
    const destination = copy.slice(copy.lastIndexOf("@") + 1);
    const age = (now.value - (born.get(copy) ?? now.value)) / 60;
    const at = AGES.findIndex((end) => age < end);
    const column = at === -1 ? AGES.length : at;
    last = Math.max(last, column);
    const row = byDestination.get(destination) ?? Array<number>(AGES.length + 1).fill(0);
    row[column]! += 1;
    byDestination.set(destination, row);
  }
  const total = (row: number[]) => row.reduce((sum, count) => sum + count, 0);
  const rows = [...byDestination].sort((a, b) => total(b[1]) - total(a[1]));
  const heads = AGES.slice(0, last + 1).map((end) => `< ${end} min`);
  if (last === AGES.length) heads.push(`older`);
  return (
    <div class="scroll" tabIndex={0} role="group" aria-label="Queue by age and destination">
      <table class="shape">
        <caption>By destination and age of the message</caption>
        <thead>
          <tr>
            <th scope="col">Destination</th><th scope="col">All</th>
            {heads.map((head) => <th scope="col">{head}</th>)}
          </tr>
        </thead>
        <tbody>
          {rows.slice(0, LISTED).map(([destination, row]) => (
            <tr>
              <th scope="row">{destination}</th><td>{total(row)}</td>
              {row.slice(0, last + 1).map((count) => <td>{count === 0 ? "·" : count}</td>)}
            </tr>
          ))}
        </tbody>
      </table>
      {rows.length > LISTED && <p class="hint">and {rows.length - LISTED} more destinations</p>}
    </div>
  );
}

/** Sessions that are open at this moment, as far as the page tells of their mail. */
function Sessions({ track, concerned }: { track: Track; concerned: (name: string) => boolean }) {
  const open = new Map<string, Attempt>();
  for (const event of track.events) {
    if (event.kind !== "attempt" || event.started > now.value || event.t <= now.value) continue;
    if (event.stage === "local" || event.stage === "suspended" || event.host === "") continue;
    if (concerned(event.from) || concerned(event.host)) open.set(`${event.from} ${event.host} ${event.started}`, event);
  }
  const all = [...open.values()];
  return (
    <>
      <h3>Sessions open now: {all.length}</h3>
      <ul class="sessions">
        {all.slice(0, LISTED).map((event) => (
          <li>
            {concerned(event.from) ? `to ${event.host}` : `from ${event.from}`}, open for {span(now.value - event.started)},
            message{" "}
            <button type="button" class="plain" onClick={() => select({ message: event.id })}>{event.id}</button>
          </li>
        ))}
      </ul>
    </>
  );
}

function Waiting({ copies, born }: { copies: string[]; born: Map<string, number> }) {
  return (
    <>
      <h3>Waiting here: {copies.length}</h3>
      <Shape copies={copies} born={born} />
      <ol class="queue">
        {copies.slice(0, LISTED).map((copy) => {
          const [id, to] = copy.split(" ") as [string, string];
          return (
            <li>
              <button type="button" class="plain" onClick={() => select({ message: id })}>{id}</button>{" "}
              to {to}, {span(Math.max(0, now.value - (born.get(copy) ?? now.value)))} old
            </li>
          );
        })}
      </ol>
      {copies.length > LISTED && <p class="hint">and {copies.length - LISTED} more</p>}
    </>
  );
}

/** Which of its peers do not take what it sends, or whose mail it does not take. */
function Troubles({ world, concerned }: { world: World; concerned: (name: string) => boolean }) {
  const all = [...world.trouble].map(([link, trouble]) => ({ ends: link.split(" ") as [string, string], trouble }));
  const own = all.filter(({ ends }) => ends.some(concerned));
  if (own.length === 0) return null;
  return (
    <>
      <h3>Tries that failed</h3>
      <ul>
        {own.slice(0, LISTED).map(({ ends: [from, to], trouble }) => (
          <li>
            {concerned(from) ? `to ${to}` : `from ${from}`}: {trouble.tries} since the last that was taken, the
            latest {failures(trouble.outcome)}
          </li>
        ))}
      </ul>
    </>
  );
}

function OwnEvents({ track, concerned }: { track: Track; concerned: (event: Happening) => boolean }) {
  const own: Happening[] = [];
  for (let at = track.count.value - 1; at >= 0 && own.length < LISTED; at--) {
    const event = track.events[at]!;
    if (concerned(event)) own.push(event);
  }
  if (own.length === 0) return null;
  return (
    <>
      <h3>Latest here</h3>
      <ol class="own">
        {own.map((event) => (
          <li>
            <button type="button" class="plain" onClick={() => goToTime(event.t)}>{clock(event.t)}</button>{" "}
            {"id" in event ? `${event.id} ` : ""}{told(event)}
          </li>
        ))}
      </ol>
    </>
  );
}

function SettingList({ settings }: { settings: Setting[] }) {
  return (
    <dl>
      {settings.map(([name, value]) => (
        <><dt>{name.includes(" ") ? name : <code>{name}</code>}</dt><dd>{value}</dd></>
      ))}
    </dl>
  );
}

/** What the scenario has changed stands open; the rest is at hand. */
function Settings({ host }: { host: Host }) {
  const all = useTrack().run.settings[host.settings] ?? [];
  const changed = all.filter(([, , differs]) => differs);
  const others = all.filter(([, , differs]) => !differs);
  return (
    <>
      {changed.length > 0 && <><h3>Limits and changed settings</h3><SettingList settings={changed} /></>}
      {others.length > 0 && (
        <details class="settings">
          <summary>{others.length} settings as {host.server} has them</summary>
          <SettingList settings={others} />
        </details>
      )}
    </>
  );
}

function Facts({ host, group }: { host: Host; group: Group | null }) {
  const { run, world } = useTrack();
  const modes = world.value.down.get(host.name);
  const isOf = (name: string) => (group ? isIn(group, name) : name === host.name);
  const domains = run.domains.filter(
    (domain) =>
      isOf(domain.store) || domain.records.some((records) => records.mx.some(([exchanger]) => isOf(exchanger))),
  );
  return (
    <dl>
      <dt>Roles</dt><dd>{host.roles.join(", ") || "none"}</dd>
      <dt>Mail server</dt><dd>{host.server}</dd>
      <dt>Addresses</dt><dd>{host.addresses.join(", ") || "none"}{group && " (of the first)"}</dd>
      <dt>State</dt><dd>{modes ? `✕ failed: ${modes.join(", ")}` : "✓ works"}</dd>
      {domains.length > 0 && (
        <>
          <dt>Domains</dt>
          <dd>
            {domains.slice(0, LISTED).map((domain) => (
              <button type="button" class="plain" onClick={() => select({ domain: domain.name })}>
                {domain.name}
              </button>
            ))}
          </dd>
        </>
      )}
    </dl>
  );
}

export function HostCard({ name }: { name: string }) {
  const track = useTrack();
  const place = drawing(track.run).placeOf(name);
  const group = place?.group ?? null;
  const host = track.run.hosts.find((other) => other.name === name) ?? place?.host;
  if (!host) return <p>There is no host {name} here.</p>;
  const concerned = (other: string) => (group ? isIn(group, other) : other === name);
  const copies = [...track.world.value.held].flatMap(([holder, held]) => (concerned(holder) ? [...held] : []));
  const born = birthsOf(track);
  const about = (event: Happening) =>
    group && "host" in event
      ? concerned(event.host) || (event.kind === "attempt" && concerned(event.from))
      : concerns(event, name);
  return (
    <>
      <h2>{place && group ? `${nameOf(place)}, ${group.count} hosts` : name}</h2>
      <Facts host={host} group={group} />
      <LiveHost name={host.name} />
      <Settings host={host} />
      <Sessions track={track} concerned={concerned} />
      <Waiting copies={copies} born={born} />
      <Troubles world={track.world.value} concerned={concerned} />
      <OwnEvents track={track} concerned={about} />
    </>
  );
}
