// The network: hosts, links, what they hold, and the message of the latest event on its way.

import { useEffect, useRef } from "preact/hooks";
import { type Drawing, HEIGHT, type Place, WIDTH, between, drawing, isIn, nameOf } from "./drawing";
import { LinkHandle } from "./live_controls";
import type { Attempt, Lookup, Retrieved } from "./run";
import { type World, isOf, way } from "./state";
import { belongs, isPerson, named, person } from "./people";
import { travels } from "./pacing";
import { type Track, flight, interlude, moments, select, selectedHost, selectedMessage, still, tracks, useTrack } from "./store";
import { shortly } from "./words";

/** Letters of a host's short name, and of what stands below it, that find room. */
const LARGE = 17;
const SMALL = 29;

/** Cuts a text for the drawing: all of it is in the title. */
function cut(text: string, room: number): string {
  return text.length > room ? `${text.slice(0, room - 1)}…` : text;
}

/** Adds up what the hosts of a place have. */
function sum<T>(place: Place, map: Map<string, T>, of: (value: T) => number): number {
  const { group, host } = place;
  if (!group) return map.has(host.name) ? of(map.get(host.name)!) : 0;
  return [...map].reduce((all, [name, value]) => all + (isIn(group, name) ? of(value) : 0), 0);
}

function Node({ place, world }: { place: Place; world: World }) {
  const { host, group, x, y } = place;
  const { run } = useTrack();
  const size = (copies: Set<string>) => copies.size;
  const held = sum(place, world.held, size);
  const stored = sum(place, world.stored, size);
  const failed = sum(place, world.down, () => 1);
  const modes = group ? undefined : world.down.get(host.name);
  const id = selectedMessage.value;
  const has = (copies: Set<string>) => (id !== null && [...copies].some((copy) => isOf(copy, id)) ? 1 : 0);
  const waits = sum(place, world.held, has) > 0;
  const arrived = sum(place, world.stored, has) > 0;
  const state = [
    held > 0 ? `${held} waiting` : "",
    stored > 0 ? `${stored} in mailboxes` : "",
    modes ? `failed: ${modes.join(", ")}` : failed > 0 ? `${failed} failed` : "",
    waits ? `message ${id} waits here` : arrived ? `message ${id} has arrived` : "",
  ].filter((part) => part !== "");
  const name = nameOf(place);
  const words = group ? [`${group.count} hosts`, ...host.roles] : host.roles;
  const roles = words.join(" · ") || "host";
  const label = `${name}, ${roles.replaceAll(" · ", ", ")}${state.length ? `: ${state.join(", ")}` : ""}`;
  const open = () => select({ host: host.name });
  return (
    <g
      class={`node${failed > 0 ? " failed" : ""}${selectedHost.value === host.name ? " selected" : ""}${waits || arrived ? " holds" : ""}`}
      data-host={host.name}
      transform={`translate(${x - WIDTH / 2} ${y - HEIGHT / 2})`}
      role="button"
      tabindex={0}
      onClick={open}
      onKeyDown={(event) => {
        if (event.key === "Enter" || event.key === " ") {
          event.preventDefault();
          event.stopPropagation();
          open();
        }
      }}
    >
      {group && <rect class="behind" x="5" y="5" width={WIDTH} height={HEIGHT} rx="8" />}
      <rect class="box" width={WIDTH} height={HEIGHT} rx={isPerson(run, host.name) ? HEIGHT / 2 : 8}><title>{label}</title></rect>
      <text x={WIDTH / 2} y="25" class="name">{cut(group ? name : named(host.name, run), LARGE)}</text>
      <text x={WIDTH / 2} y="43" class="role">{cut(group ? words[0]! : belongs(host.name, run), SMALL)}</text>
      {!isPerson(run, host.name) && <text x={WIDTH / 2} y="59" class="role">{cut(host.roles.join(", "), SMALL)}</text>}
      {failed > 0 && <text x={WIDTH - 16} y="78" class="mark">✕</text>}
      {held > 0 && <Pile held={held} />}
      {stored > 0 && <text x="10" y="78" class="stored">✉ {stored}</text>}
      {(waits || arrived) && (
        <g class="flag" transform={`translate(${WIDTH / 2} 0)`}>
          <rect x="-42" y="-9" width="84" height="16" rx="8" />
          <text y="3">{waits ? "◆" : "✓"} {id!.length > 9 ? `${id!.slice(0, 8)}…` : id}</text>
        </g>
      )}
    </g>
  );
}

/** The queue: a bar that grows with the logarithm, and the number. */
function Pile({ held }: { held: number }) {
  const length = Math.min(1, Math.log10(held + 1) / 3) * (WIDTH / 2 - 64);
  return (
    <g class="pile">
      <rect x={WIDTH / 2 - 24} y="67" width={length} height="12" rx="2" />
      <text x={WIDTH / 2 - 20 + length} y="78">{held} waiting</text>
    </g>
  );
}

/** The sign of a try that was not taken. */
function sign(outcome: string): string {
  if (outcome === "timeout") return "?";
  return outcome === "tempfail" ? "…" : "✕";
}

/** Something on its way from place to place; it stays where it came to. */
function Courier({ stops, end, lasts, good, mark }: { stops: [number, number][]; end: number; lasts: number; good: boolean; mark: string }) {
  const dot = useRef<SVGGElement>(null);
  const place = (part: number) => {
    const legs = stops.length - 1;
    const leg = Math.min(Math.floor(part * legs), legs - 1);
    const [[x1, y1], [x2, y2]] = [stops[leg]!, stops[leg + 1]!];
    const rest = part * legs - leg;
    return `translate(${x1 + (x2 - x1) * rest}px, ${y1 + (y2 - y1) * rest}px)`;
  };
  useEffect(() => {
    if (!dot.current || still || lasts === 0) return;
    const legs = stops.length - 1;
    const parts = [0, ...stops.slice(1).map((_, leg) => (leg + 1) / legs).filter((part) => part < end), end];
    const motion = dot.current.animate(parts.map((part) => ({ transform: place(part), offset: part / end })), {
      duration: lasts,
      easing: "ease-in-out",
    });
    return () => motion.cancel();
  }, [stops.join(" "), end, lasts]);
  return (
    <g ref={dot} class={`courier ${good ? "good" : "bad"}`} style={{ transform: place(end) }} aria-hidden="true">
      <circle r="13" />
      <text y="5">{mark}</text>
    </g>
  );
}

/** A try on its way along its link; it ends where the try did: refused at the door, lost on the way, or through. */
function Try({ event, plan, lasts }: { event: Attempt; plan: Drawing; lasts: number }) {
  const [from, to] = [plan.placeOf(event.from), plan.placeOf(event.host)];
  if (!from || !to || from === to) return null;
  const way = plan.way(from, to);
  const stops = way.slice(1).flatMap((place, leg) => {
    const [leaves, meets] = between(way[leg]!, place);
    return leg === 0 ? [leaves, meets] : [meets];
  });
  const reached = event.outcome === "timeout" || event.outcome === "lost" ? 0.5 : 1;
  const end = event.outcome === "refused" ? 0.75 : reached;
  const good = event.outcome === "accepted";
  return <Courier stops={stops} end={end} lasts={lasts} good={good} mark={good ? "✉" : sign(event.outcome)} />;
}

/** Where the DNS stands: above the hosts. */
function dnsAt(plan: Drawing): [x: number, y: number] {
  return [plan.width / 2, -34];
}

/** The DNS as a place, and a question on its way there and back. */
function Dns({ plan, event, lasts }: { plan: Drawing; event: Lookup | null; lasts: number }) {
  const [x, y] = dnsAt(plan);
  const host = event && plan.placeOf(event.host);
  const door: [number, number] | null = host ? [host.x, host.y - HEIGHT / 2] : null;
  const found = event?.outcome === "found";
  return (
    <g class="dns">
      {door && <line class="asks" x1={door[0]} y1={door[1]} x2={x} y2={y} />}
      <g transform={`translate(${x - 46} ${y - 15})`}>
        <rect width="92" height="30" rx="15"><title>The domain name system: it knows where mail for a domain is taken</title></rect>
        <text x="46" y="20">DNS</text>
      </g>
      {door && <Courier stops={[door, [x, y + 15], door]} end={1} lasts={lasts} good={found} mark={found ? "?" : "✕"} />}
    </g>
  );
}

/** Who has just fetched a message, beside the store. */
function Reader({ event, plan, track }: { event: Retrieved; plan: Drawing; track: Track }) {
  const store = [...track.world.value.stored].find(([, copies]) => copies.has(`${event.id} ${event.to}`))?.[0];
  const place = store === undefined ? undefined : plan.placeOf(store);
  if (!place) return null;
  const text = `${person(event.to)} reads (${event.by.toUpperCase()})`;
  return (
    <g class="reader" transform={`translate(${place.x} ${place.y + HEIGHT / 2 + 17})`} aria-hidden="true">
      <rect x="-86" y="-14" width="172" height="26" rx="13" />
      <text y="4">✉ {cut(text, 26)}</text>
    </g>
  );
}

/** What goes wrong on a link: tries that failed since the last that was taken. */
function Troubles({ plan, world }: { plan: Drawing; world: World }) {
  const told = new Map<string, { from: Place; to: Place; outcome: string; tries: number }>();
  for (const [link, { outcome, tries }] of world.trouble) {
    const [from, to] = link.split(" ").map((name) => plan.placeOf(name));
    if (!from || !to || from === to) continue;
    const key = `${nameOf(from)} ${nameOf(to)}`;
    told.set(key, { from, to, outcome, tries: tries + (told.get(key)?.tries ?? 0) });
  }
  // Several ways may begin with the same link: what is said of them stands one below the other.
  const said = new Map<Place, number>();
  return (
    <>
      {[...told].map(([key, { from, to, outcome, tries }]) => {
        const text = `${sign(outcome)} ${tries} ${shortly(outcome)}`;
        const way = plan.way(from, to);
        const next = way[1]!;
        const above = way.length === 2 ? 0 : (said.get(from) ?? 0);
        said.set(from, above + 1);
        return (
          <g key={key} class="trouble">
            {way.slice(1).map((place, leg) => (
              <line key={leg} x1={way[leg]!.x} y1={way[leg]!.y} x2={place.x} y2={place.y} />
            ))}
            <text x={(from.x + next.x) / 2} y={(from.y + next.y) / 2 - (from.x === next.x ? -4 : 14) + 14 * above}>{text}</text>
          </g>
        );
      })}
    </>
  );
}

/** What has failed now, in words: not all of it is a host or a link. */
function Failing({ world }: { world: World }) {
  if (useTrack().run.outages.length === 0) return null;
  const all = [...world.failed].map(([target, modes]) => `${target} (${modes.join(", ")})`);
  return (
    <p class="failing">
      {all.length === 0 && <span class="hint">Nothing has failed now.</span>}
      {all.length > 0 && <><strong>✕ Failed now:</strong> {all.slice(0, 6).join("; ")}</>}
      {all.length > 6 && ` and ${all.length - 6} more`}
    </p>
  );
}

/** Least size of the drawing, as a part of its own units: names can be read then. */
const LEAST_SCALE = 0.62;
/** Room below the hosts, for who reads. */
const FOOT = 26;

/** Runs whose events tell of look-ups from hosts that are drawn. */
const asksDns = new Map<Track, boolean>();

/** Returns whether the DNS is a place of the drawing: it is asked, and no host of the drawing stands for it. */
function hasDns(track: Track): boolean {
  const known = asksDns.get(track);
  if (known !== undefined) return known;
  const drawn = track.run.hosts.some((host) => host.at !== null && host.roles.includes("dns"));
  const asked = moments.some((moment) => tracks[moment.track] === track && moment.event.kind === "lookup" && travels(moment));
  asksDns.set(track, asked && !drawn);
  return asked && !drawn;
}

export function Network() {
  const track = useTrack();
  const plan = drawing(track.run);
  const world = track.world.value;
  // What is on its way comes before its effect; afterwards it stays where it came to.
  const coming = flight.value;
  const moment = coming === null ? undefined : moments[coming.index];
  const flies = moment !== undefined && tracks[moment.track] === track;
  const event = flies ? moment.event : track.latest.value;
  const lasts = flies ? coming!.lasts : 0;
  const link = event?.kind === "attempt" ? event : null;
  const ends = link ? [plan.placeOf(link.from), plan.placeOf(link.host)] : [];
  const used = ends[0] && ends[1] ? plan.way(ends[0], ends[1]) : [];
  const looksUp = hasDns(track);
  const head = looksUp ? 56 : 0;
  const frame = useRef<HTMLDivElement>(null);
  useEffect(() => {
    // Where the drawing is wider than the page, the latest event is brought into view.
    const place = ends[1] ?? ends[0];
    const box = frame.current;
    if (!place || !box || box.scrollWidth <= box.clientWidth) return;
    const left = (place.x / plan.width) * box.scrollWidth - box.clientWidth / 2;
    box.scrollTo({ left, behavior: still ? "auto" : "smooth" });
  }, [event]);
  return (
    <>
      <div class="network-frame" ref={frame}>
        <Failing world={world} />
        {interlude.value !== "" && <p class="interlude" role="status">{interlude.value} …</p>}
        <svg
          class="network"
          viewBox={`0 ${-head} ${plan.width} ${plan.height + head + FOOT}`}
          data-flight={flies ? coming!.index : undefined}
          style={{ minWidth: `${Math.round(plan.width * LEAST_SCALE)}px` }}
          role="group"
          aria-label={track.name === "" ? "The network" : `The network: ${track.name}`}
        >
          {plan.links.map(([one, other]) => {
            const [a, b] = [used.indexOf(one), used.indexOf(other)];
            const busy = a >= 0 && b >= 0 && Math.abs(a - b) === 1;
            const cut = world.cut.has(way(one.host.name, other.host.name));
            return (
              <g class={`link${busy ? " busy" : ""}${cut ? " cut" : ""}`}>
                <line x1={one.x} y1={one.y} x2={other.x} y2={other.y} />
                <LinkHandle between={[one.host.name, other.host.name]} x1={one.x} y1={one.y} x2={other.x} y2={other.y} />
                {cut && <text x={(one.x + other.x) / 2} y={(one.y + other.y) / 2 + 5}>✕</text>}
              </g>
            );
          })}
          <Troubles plan={plan} world={world} />
          {looksUp && <Dns plan={plan} event={event?.kind === "lookup" ? event : null} lasts={lasts} />}
          {plan.places.map((place) => <Node key={place.host.name} place={place} world={world} />)}
          {event?.kind === "retrieved" && <Reader event={event} plan={plan} track={track} />}
          {link && <Try key={`${flies ? coming!.index : "there"}`} event={link} plan={plan} lasts={lasts} />}
        </svg>
      </div>
      {plan.leftOut > 0 && (
        <p class="hint">{plan.leftOut.toLocaleString("en")} more hosts are not drawn; the tables have them all.</p>
      )}
    </>
  );
}
